-- SPDX-License-Identifier: MIT
--- Bulk jobs: whole organisations and servers, by plans that can be looked at, carried out, gone on with, taken back.
--
--     local bulk = require "grafana.bulk"
--     print(bulk.backup(g, "backup"))
--     local plan = bulk.restore(other, "backup")
--     print(plan); print(plan:diff())
--     local report = plan:apply {on_progress = grafana.progress()}
--     if not report.ok then print(report); plan:undo() end
--
-- Nothing is written to a server before `plan:apply()`. What a job reads and cannot read, and what a plan could not do,
-- is in results, never raised; wrong arguments are.
-- @module grafana.bulk

local bulk = {}

local function job(name, module)
  bulk[name] = function(...) return require("grafana.bulk." .. module)[name](...) end
end

--- Write every object of a server to a file of its own.
-- @function backup
-- @param g the client
-- @string dir a folder that is not there, empty, or holds an earlier backup, which is brought up to date
-- @tab[opt] options `orgs`: names of organisations; `kinds`: names of kinds; `permissions = false`: without those of
--   folders and dashboards; `on_progress(done, total, failed)`
-- @return a report: `ok` only when everything could be read; `counts` by kind, `written` (files that changed),
--   `failures`, `dir`
job("backup", "backup")

--- Bring what a backup holds to a server: what is not there is created, what differs is updated, nothing is deleted.
-- @function restore
-- @param g the client
-- @string dir
-- @tab[opt] options `orgs`, `kinds`, `permissions`; `mapping`: `{organisations = {["Old"] = "New"}, users = {…},
--   teams = {…}, service_accounts = {…}, datasources = {["old uid"] = "new uid"}}`; `secret`: called with `{kind, org,
--   key, title, name}`, returns a password or another secret, or nil; `journal`: a folder for the plan; `on_progress`
-- @return a plan
job("restore", "transfer")

--- Bring an organisation to another, on the same server or another one. Nothing is deleted.
-- @function copy
-- @param from client
-- @param from_org id or name
-- @param to client
-- @param to_org id or name; a name that is not there is created
-- @tab[opt] options as for `restore`
-- @return a plan
job("copy", "transfer")

--- The same; with `delete = true` what the source lacks is deleted, where both accounts can prove that they see
-- everything.
-- @function sync
-- @param from client
-- @param from_org id or name
-- @param to client
-- @param to_org id or name
-- @tab[opt] options as for `restore`; `delete`; `max_deletes`: more are held back (10, or 5 % of what is there,
--   whichever is more)
-- @return a plan
job("sync", "transfer")

--- Compare two servers, organisations or backups.
-- @function diff
-- @param a a client, `{client, organisation}`, or the folder of a backup
-- @param b the same
-- @tab[opt] options `kinds`, `permissions`, `mapping` (as for a copy from `a` to `b`), `on_progress`
-- @return a result: `added` (in `b` only), `removed` (in `a` only), `changed`: arrays of `{kind, org, key, title}`;
--   `ok` where both could be read; `tostring(r)`, `r:diff()`
job("diff", "difference")

--- Make everything that names one data source name another: dashboards of every age and version (panels, queries,
-- variables, annotations), library panels, alert rules; by uid, or by name where old dashboards do. Texts, queries and
-- addresses are not touched. What chooses data sources of another type by a variable stays as it is, and is counted.
-- @function replace_datasource
-- @param g the client
-- @param org id or name
-- @tab wanted `{from = uid, to = uid}`; `from` may be gone already
-- @tab[opt] options `kinds` (of `dashboards`, `library_panels`, `rule_groups`); `force = true`: even to another type;
--   `journal`; `on_progress`
-- @return a plan
job("replace_datasource", "replace_datasource")

--- Change many dashboards by code.
-- @function edit_dashboards
-- @param g the client
-- @param org id or name
-- @param selection nil or "all", an array of uids, or a table of conditions that all must hold: `tag`, `tags`,
--   `folder` (uid; "": the root), `query`, `uids`
-- @func f called with the dashboard as a document (of the second schema: its spec), which it may change in place, and
--   with `{uid, title, folder, apiVersion}`; may return another document or table, or false to leave it as it is.
--   What it raises is that dashboard's failure
-- @tab[opt] options `journal`, `on_progress`
-- @return a plan
job("edit_dashboards", "edit")

--- Give dashboards tags that they lack.
-- @function add_tags
-- @param g the client
-- @param org id or name
-- @param selection as for `edit_dashboards`
-- @param tags a tag, or an array of tags
-- @tab[opt] options `journal`, `on_progress`
-- @return a plan
job("add_tags", "edit")

--- Take tags away from dashboards.
-- @function remove_tags
-- @param g the client
-- @param org id or name
-- @param selection as for `edit_dashboards`
-- @param tags a tag, or an array of tags
-- @tab[opt] options `journal`, `on_progress`
-- @return a plan
job("remove_tags", "edit")

--- Move dashboards to a folder.
-- @function move_to_folder
-- @param g the client
-- @param org id or name
-- @param selection as for `edit_dashboards`, but not nil
-- @string folder its uid; "": the root
-- @tab[opt] options `permissions`: "keep" (as it is unless given): who could do what before can do so afterwards;
--   "inherit": the folder's permissions only; `journal`, `on_progress`
-- @return a plan
job("move_to_folder", "edit")

--- Give dashboards, or folders, permissions.
-- @function set_permissions
-- @param g the client
-- @param org id or name
-- @param selection as for `edit_dashboards`, but not nil; or `{folders = {uid, …}}`
-- @tab permissions `{roles = {Viewer = "View"}, teams = {Ops = "Edit"}, users = {ann = "Admin"}}`
-- @tab[opt] options `keep = true`: add to what is there; else they replace it; `journal`, `on_progress`
-- @return a plan
job("set_permissions", "edit")

--- Delete dashboards.
-- @function delete_dashboards
-- @param g the client
-- @param org id or name
-- @param selection as for `edit_dashboards`, but not nil
-- @tab[opt] options `max_deletes`: more are held back (10, or 5 % of what is there, whichever is more); `journal`,
--   `on_progress`
-- @return a plan
job("delete_dashboards", "edit")

--- Create users that are not there, and see to it that they are in the organisations that are said.
-- @function create_users
-- @param g the client of a server admin
-- @tab list `{login, email, name, password, orgs = {[id or name] = "Editor"}, admin}`, each: a login or an email is
--   needed. Who is there already is known by the login, else by the email; name, email, `admin` and roles are brought
--   up to date where they are said, the password is left alone. Who is in no organisation, and of whom no
--   `orgs` is said, gets into `org`
-- @tab[opt] options `org`: id or name, for those (the credentials' own); `role` there ("Viewer"); `secret`: asked for
--   passwords that are not in the list; `journal`, which holds no passwords; `on_progress`
-- @return a plan
job("create_users", "people")

--- Make users members of an organisation, with these roles. Who is not in the list is left alone.
-- @function add_org_users
-- @param g the client
-- @param org id or name
-- @tab list `{login or email, role}`, each
-- @tab[opt] options `journal`, `on_progress`
-- @return a plan
job("add_org_users", "people")

--- What there is, what uses what, what nothing uses, and what is named and not there.
-- @function inventory
-- @param g the client
-- @tab[opt] options `orgs`: names of organisations; `on_progress`
-- @return a result: arrays of small rows `organisations`, `folders`, `datasources`, `library_panels`, `dashboards`,
--   `panels`, `alert_rules`, `uses`, `unused`, `broken`, `failed`; `partial`: why this account may not see everything.
--   `r:text([table])`, `r:csv([table])`, `r:html()` show it, `r:save(path, [table])` writes a file as its name ends
--   (`.html`, `.csv`, `.txt`)
job("inventory", "inventory")

-- The client with which a journal goes on.
local function client_of(g)
  return g or require("grafana").connect()
end

--- The plan of a journal: to be looked at, gone on with, or undone.
-- @string dir the journal's folder
-- @param[opt] g the client; left out: `grafana.connect()`, from the environment
-- @tab[opt] options `secret`, `on_progress`
-- @return the plan, or nil and the result that says why the server cannot be asked; raises where the folder is no
--   journal, or one for another server
function bulk.open(dir, g, options)
  local check = require "grafana.bulk.check"
  check.value("open", dir, "string", 1, "dir")
  g = client_of(g)
  check.client("open", g, 2, "g")
  options = check.options("open", options, {"secret", "on_progress"})
  local server, r = require("grafana.bulk.place").server(g)
  if not server then return nil, r end
  return require("grafana.bulk.plan").open(dir, server, options)
end

--- Go on with a plan that was broken off.
-- @string dir the journal's folder
-- @param[opt] g the client; left out: `grafana.connect()`, from the environment
-- @tab[opt] options `secret`, `on_progress`
-- @return the report
function bulk.resume(dir, g, options)
  local check = require "grafana.bulk.check"
  check.value("resume", dir, "string", 1, "dir")
  if g ~= nil then check.client("resume", g, 2, "g") end
  options = check.options("resume", options, {"secret", "on_progress"})
  local plan, r = bulk.open(dir, g, options)
  if not plan then return r end
  return plan:apply()
end

return bulk
