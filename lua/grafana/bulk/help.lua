-- SPDX-License-Identifier: MIT
--- The topic `bulk` of `grafana.help`.
-- @module grafana.bulk.help

return [[
require "grafana.bulk" has jobs for whole servers and organisations:
    local bulk = require "grafana.bulk"
    bulk.backup(g, "folder")                        every object in a file of its own; returns a report
    bulk.restore(g, "folder")                       what a backup holds, to this server
    bulk.copy(from, org, to, org)                   an organisation to another one, or another server
    bulk.sync(from, org, to, org, {delete = true})  the same, only differences; delete: also what the source lacks
    bulk.diff(a, b)                                 servers, {server, organisation}, folders of backups
    bulk.replace_datasource(g, org, {from = uid, to = uid})
    bulk.edit_dashboards(g, org, selection, function(document, about) ... end)
    bulk.add_tags, remove_tags(g, org, selection, tags)
    bulk.move_to_folder(g, org, selection, uid, {permissions = "keep" or "inherit"})
    bulk.set_permissions(g, org, selection, {roles = ..., teams = ..., users = ...}, {keep = true})
    bulk.delete_dashboards(g, org, selection)
    bulk.create_users(g, list)   bulk.add_org_users(g, org, list)
    bulk.inventory(g)                               what there is and what uses what: r:text(), r:csv(), r:html()
An organisation is an id, a name, grafana.own, or nil for the client's. A selection is "all", an array of uids, or a
table with tag, tags, folder (its uid), query, title, uids.

All but backup, diff and inventory return a plan. Nothing is written before it is applied:
    print(plan)                                     what would be done, and what undo cannot return
    print(plan:diff())                              line by line
    local report = plan:apply {on_progress = grafana.progress()}
    if not report.ok then print(report) end         one object's failure does not stop the others
    plan:undo()                                     back to what was there
Each object is read once more before it is written: what others have changed meanwhile is left as it is
(version-mismatch).
Plans are in a journal, a folder (option journal; else below ~/.local/state/grafana-lua). After a crash or Ctrl-C:
    bulk.resume("journal", g)                       goes on; {secret = ...} may follow
    bulk.open("journal", g):undo()                  takes back what was done
A journal stays until you remove it: without it nothing can be taken back.

Options, where they make sense:
  kinds         names of kinds of objects: {"folders", "dashboards"}
  permissions   false: without those of folders and dashboards, which take a request an object
  secret        function {kind, org, key, title, name} -> a password or another secret, or nil: Grafana tells none
  mapping       what is called otherwise there: {datasources = {["uid here"] = "uid there"}, users = {...}, ...}
  max_deletes   so many objects may go (10, or 5 % of what is there, whichever is more); more: none goes
  orgs          of backup, restore, inventory: names of organisations
  force         of replace_datasource: true: even one of another type
  journal, on_progress
Kinds: organisations, users, org_users, teams, service_accounts, datasources, folders, library_panels, dashboards,
folder_permissions, dashboard_permissions, mute_timings, templates, contact_points, policies, rule_groups, annotations,
playlists, preferences. doc/bulk.md has it all.]]
