-- SPDX-License-Identifier: MIT
--- Permissions of many dashboards or folders: set alike, or as they must be where dashboards move.
-- @module grafana.bulk.edit_permissions

local check = require "grafana.bulk.check"
local nearest = require "grafana.nearest"
local kinds = require "grafana.bulk.kinds"
local outcome = require "grafana.bulk.outcome"
local permissions = require "grafana.bulk.permissions"
local pool = require "grafana.bulk.pool"
local selection = require "grafana.bulk.selection"
local show = require "grafana.bulk.show"
local source = require "grafana.bulk.source"

local ipairs, next, pairs, tostring, type = ipairs, next, pairs, tostring, type

local edit_permissions = {}

local RANK = {View = 1, Edit = 2, Admin = 3}
local WORDS = {View = "View", Edit = "Edit", Admin = "Admin", [1] = "View", [2] = "Edit", [4] = "Admin"}
local ROLES = {Viewer = true, Editor = true, Admin = true}

-- ----------------------------------------------------------------------------------------------------- entries --

local SUBJECTS = {"role", "team", "user", "service_account"}

local function subject_of(entry)
  for _, subject in ipairs(SUBJECTS) do
    if entry[subject] then return subject, entry[subject] end
  end
end

-- Permissions by subject; adding one keeps the higher.
local function add(set, subject, name, permission)
  local id = subject .. "\0" .. name
  local there = set[id]
  if not there or RANK[permission] > RANK[there.permission] then
    set[id] = {[subject] = name, permission = permission}
  end
end

local function add_all(set, entries)
  for _, entry in ipairs(entries) do
    local subject, name = subject_of(entry)
    add(set, subject, name, entry.permission)
  end
end

local function entries_of(set)
  local entries = {}
  for _, entry in pairs(set) do entries[#entries + 1] = entry end
  return entries
end

local function entries_in(object) return object.doc:get("permissions") or {} end

local function fail(b, at, kind, key, r)
  b:failed(source.failure_of(kind, at.org_name, key, key, r))
end

local function change(b, at, kind, now, set, why)
  local wanted = permissions.object(kind, now.key, entries_of(set))
  b:change {kind = kind, at = at, now = now, wanted = wanted, why = why}
  now.doc:close()
  wanted.doc:close()
end

-- ------------------------------------------------------------------------------------------- what is inherited --

local DEEPEST = 20   -- a circle ends here

-- What a folder gives to all that is in it: its own permissions, and those of the folders above. Remembered by folder.
local function inherited(at, memory, folder, depth)
  if not folder or depth > DEEPEST then return {} end
  if memory[folder] then return memory[folder] end
  local own, r = kinds.get("folder_permissions").read(at, folder)
  if r then return nil, r end
  local parent
  parent, r = kinds.get("folders").read(at, folder)
  if r then return nil, r end
  local above
  above, r = inherited(at, memory, parent and parent.doc:get("parentUid"), depth + 1)
  if not above then return nil, r end
  local set = {}
  for id, entry in pairs(above) do set[id] = entry end
  if own then add_all(set, entries_in(own)) end
  memory[folder] = set
  return set
end

-- What the new folder gives beyond what was there; nothing that is set on the dashboard takes that away.
local function note_more(b, uid, before, after)
  for id, entry in pairs(after) do
    local was = before[id]
    if not was or RANK[was.permission] < RANK[entry.permission] then
      local subject, name = subject_of(entry)
      b:note(("dashboard %s: the folder gives %s to the %s %s, who had %s before"):format(show.text(uid),
        entry.permission, subject:gsub("_", " "), show.text(name), was and was.permission or "nothing"))
    end
  end
end

-- Whether it is known what becomes of its permissions.
local function of_one(b, at, move, mode, memory, after)
  local kind = kinds.get "dashboard_permissions"
  local own, r = kind.read(at, move.uid)
  if not own then
    fail(b, at, kind, move.uid, r or outcome.new("not-found", "there is no such dashboard"))
    return false
  end
  if mode == "inherit" then
    change(b, at, kind, own, {}, "what the folder gives counts alone")
    return true
  end
  local set = {}
  for id, entry in pairs(move.was and memory[move.was] or {}) do set[id] = entry end
  add_all(set, entries_in(own))
  note_more(b, move.uid, set, after)
  change(b, at, kind, own, set, "what was inherited before stays so")
  return true
end

-- What the folders give that matter: nil and a result where it cannot be known.
local function of_folders(at, moves, folder)
  local memory = {}
  local after, r = inherited(at, memory, folder, 0)
  if not after then return nil, r end
  for _, move in ipairs(moves) do
    local before
    before, r = inherited(at, memory, move.was, 0)
    if not before then return nil, r end
  end
  return memory, nil, after
end

--- The permissions of dashboards that move; those of which they are not known do not.
-- @tab b the plan's builder
-- @tab at
-- @tab moves array of `{uid, was}`: the folder that each is in, nil: the root
-- @param folder the one that they move to
-- @string mode "keep": what was effective stays so; "inherit": nothing but what the folder gives
function edit_permissions.of_moved(b, at, moves, folder, mode)
  local list, memory, r, after = {}, {}, nil, {}
  for _, move in ipairs(moves) do
    if mode == "inherit" or move.was ~= folder then list[#list + 1] = move end
  end
  if mode == "keep" then memory, r, after = of_folders(at, list, folder) end
  local unknown = {}
  if memory then
    pool.each(at.g, list, function(move) unknown[move.uid] = not of_one(b, at, move, mode, memory, after) end)
  else
    fail(b, at, kinds.get "folder_permissions", nil, r)
    for _, move in ipairs(list) do unknown[move.uid] = true end
  end
  b:withdraw(kinds.get "dashboards", unknown)
end

--- The permissions of dashboards, or folders, that are deleted: they go with them, and come back with them.
-- @tab[opt] owner the kind of what is deleted
function edit_permissions.of_deleted(b, at, uids, owner)
  local one = owner and owner.one or "dashboard"
  local kind = kinds.get(one .. "_permissions")
  pool.each(at.g, uids, function(uid)
    local now, r = kind.read(at, uid)
    if now then
      b:change {kind = kind, at = at, now = now, why = "goes with the " .. one, along = true}
      return now.doc:close()
    end
    b:note(("undo cannot return the permissions of %s %s: they could not be read (%s)"):format(one, show.text(uid),
      r and r.status or "not-found"))
  end)
end

-- -------------------------------------------------------------------------------------------------- set alike --

--- A selection of dashboards, or of folders: `{folders = {uids}}`.
function edit_permissions.check_selection(job, given)
  if type(given) ~= "table" or given.folders == nil then return selection.check(job, given, true) end
  if next(given, next(given)) ~= nil then check.fail(job, "argument 'selection': 'folders' stands alone") end
  local uids = selection.check(job, given.folders).uids
  return {folders = uids or check.fail(job, "'folders': array of uids expected")}
end

local KINDS = {"roles", "teams", "users"}
local OF = {roles = "role", teams = "team", users = "user"}

local function check_grant(job, group, name, permission)
  if type(name) ~= "string" or name == "" then check.fail(job, "argument 'grants': %s: names expected", group) end
  if group == "roles" and not ROLES[name] then
    check.fail(job, "argument 'grants': '%s' is none of the roles Viewer, Editor and Admin", name)
  end
  if not WORDS[permission] then
    check.fail(job, 'argument \'grants\': %s: "View", "Edit" or "Admin" expected', name)
  end
end

--- What is to be granted: `{roles = {Viewer = "View"}, teams = {}, users = {}}`.
-- @return array of `{subject, name, permission}`
function edit_permissions.check_grants(job, grants)
  if type(grants) ~= "table" then
    check.fail(job, "bad argument #4 'grants' (table expected, got %s)", type(grants))
  end
  local list = {}
  for group, names in pairs(grants) do
    if not OF[group] then
      check.fail(job, "argument 'grants': unknown key '%s'%s", tostring(group), nearest.hint(tostring(group), KINDS))
    end
    if type(names) ~= "table" then check.fail(job, "argument 'grants': %s: table expected", group) end
    for name, permission in pairs(names) do
      check_grant(job, group, name, permission)
      list[#list + 1] = {OF[group], name, WORDS[permission]}
    end
  end
  if next(grants) == nil then check.fail(job, "argument 'grants': roles, teams or users expected") end
  return list
end

-- The login that a login or an email belongs to.
local function login_of(at, name, members)
  if at:user_id(name) then return name end
  if not members.list then members.list = at.g:get_org_users(at.org).users or {} end
  for _, user in ipairs(members.list) do
    if user.email:lower() == name:lower() or user.login:lower() == name:lower() then return user.login end
  end
end

-- The grants whose names this organisation knows; of the others the plan tells.
local function known(b, at, grants)
  local set, members, missing = {}, {}, 0
  for _, grant in ipairs(grants) do
    local subject, name, permission = grant[1], grant[2], grant[3]
    local found = name
    if subject == "team" and not at:team_id(name) then found = nil end
    if subject == "user" then found = login_of(at, name, members) end
    if found then
      add(set, subject, found, permission)
    else
      missing = missing + 1
      b:note(("there is no %s %s: left out"):format(subject, show.text(name)))
    end
  end
  return set, missing
end

local function set_one(b, at, kind, uid, granted, keep)
  local now, r = kind.read(at, uid)
  if not now then
    return fail(b, at, kind, uid, r or outcome.new("not-found", ("there is no such %s"):format(
      kind.name == "folder_permissions" and "folder" or "dashboard")))
  end
  local set = {}
  if keep then add_all(set, entries_in(now)) end
  add_all(set, entries_of(granted))
  change(b, at, kind, now, set, keep and "permissions added" or "permissions set")
end

--- Plan the permissions of a selection.
-- @tab b the plan's builder
-- @tab at
-- @tab wanted what `check_selection` returned
-- @tab grants what `check_grants` returned
-- @bool[opt] keep what is there stays, too
function edit_permissions.set(b, at, wanted, grants, keep)
  local granted, missing = known(b, at, grants)
  if missing > 0 and next(granted) == nil then
    return b:refuse(outcome.new("not-found", "nobody is left to be granted anything"))
  end
  local kind = kinds.get(wanted.folders and "folder_permissions" or "dashboard_permissions")
  local rows, r = {}, nil
  for i, uid in ipairs(wanted.folders or {}) do rows[i] = {uid = uid} end
  if not wanted.folders then rows, r = selection.rows(at, wanted) end
  if not rows then return b:refuse(r) end
  pool.each(at.g, rows, function(row) set_one(b, at, kind, row.uid, granted, keep) end)
end

return edit_permissions
