-- SPDX-License-Identifier: MIT
-- Folders. 9.3.2 has one level and ignores parentUid; 12.4.3 nests them.

local json = require "server.json"
local state = require "server.state"
local answer = require "server.answer"
local access = require "server.access"
local dashboards = require "server.dashboards"
local names = require "server.names"
local paging = require "server.paging"

local folders = {}

-- Below this many parents Grafana 12 refuses.
local MAX_PARENTS = 4

local function not_found() return answer.message(404, "folder not found", { status = "not-found" }) end

local function changed_meanwhile()
  local message = "the folder has been changed by someone else"
  return answer.message(412, message, state.v9 and { status = "version-mismatch" } or nil)
end

local function set_title(folder, title)
  folder.title, folder.slug = title, names.slug(title)
  folder.url = "/dashboards/f/" .. folder.uid .. "/" .. folder.slug
end

-- The folders above, the topmost first.
local function parents(org, folder)
  local list, seen = {}, {}
  local above = org.folders[folder.parent_uid]
  while above and not seen[above] do
    seen[above] = true
    table.insert(list, 1, above)
    above = org.folders[above.parent_uid]
  end
  return list
end

local function describe(req, folder, fine_time)
  local level = access.level(req, folder)
  local fraction = fine_time and state.v9 and ".476067787Z" or "Z"
  local shown = {
    id = folder.id, uid = folder.uid, title = folder.title, url = req.prefix .. folder.url, hasAcl = false,
    canSave = level >= access.EDIT, canEdit = level >= access.EDIT, canAdmin = level >= access.ADMIN, canDelete = level >= access.EDIT,
    createdBy = folder.created_by, created = folder.created:gsub("Z$", fraction), updatedBy = folder.updated_by,
    updated = folder.updated:gsub("Z$", fraction), version = folder.version, parentUid = folder.parent_uid,
  }
  if state.v9 then return shown end
  shown.orgId = req.org.id
  if folder.parent_uid == "" then shown.parentUid = nil end
  return shown
end

local function show(req, folder, fine_time)
  local shown = describe(req, folder, fine_time)
  local above = not state.v9 and parents(req.org, folder) or {}
  if #above > 0 then
    shown.parents = json.array {}
    for index, parent in ipairs(above) do shown.parents[index] = describe(req, parent) end
  end
  return answer.ok(shown)
end

local function title_taken(org, title, self)
  for _, folder in pairs(org.folders) do
    if folder.title == title and folder ~= self then return true end
  end
  return dashboards.find_by_title(org, "", title) ~= nil
end

local function author(req) return req.user and req.user.login or req.account and req.account.login or "" end

local function too_deep(org, parent_uid)
  local parent = org.folders[parent_uid]
  return parent ~= nil and #parents(org, parent) >= MAX_PARENTS
end

local function refuse_uid(uid)
  if not uid:find("^[%w_-]*$") then return answer.message(400, "uid contains illegal characters") end
  if #uid > 40 then return answer.message(400, "uid too long, max 40 characters") end
  return nil
end

local function insert(req, title, uid, parent_uid)
  local now = state.time()
  local folder = {
    id = state.next_object_id(), uid = uid ~= "" and uid or state.short_uid(), parent_uid = parent_uid, version = 1, created = now, updated = now,
    created_by = author(req), updated_by = state.v9 and author(req) or "Anonymous", acl = access.initial(req, parent_uid), is_folder = true,
    resource_version = state.next_resource_version(), kube_uid = state.uuid(), created_identity = state.identity(req),
  }
  set_title(folder, title)
  req.org.folders[folder.uid], req.org.folder_by_id[folder.id] = folder, folder
  state.next_id("version")
  state.touch(req.org)
  return folder
end

local function create(req)
  local body = req:bind { title = "string", uid = "string", parentUid = "string" }
  if not body then return answer.bad_request() end
  local title, uid = body.title or "", body.uid or ""
  local parent_uid = not state.v9 and body.parentUid or ""
  if title == "" then return answer.message(400, "folder title cannot be empty") end
  local refused = refuse_uid(uid)
  if refused then return refused end
  if req.org.folders[uid] or (state.v9 and req.org.dashboards[uid]) then return changed_meanwhile() end
  if state.v9 and title_taken(req.org, title) then
    return answer.message(409, "a folder or dashboard in the general folder with the same name already exists")
  end
  if too_deep(req.org, parent_uid) then return answer.failure(500, "folder max depth exceeded, max depth is 4") end
  return show(req, insert(req, title, uid, parent_uid), true)
end

-- A creator in a nested folder needs rights there; at the root any editor may.
local function may_create(req)
  local body = req:bind { parentUid = "string" }
  local parent_uid = body and not state.v9 and body.parentUid or ""
  if req.org and access.may_create(req, req.org.folders[parent_uid] and parent_uid or "") then return create(req) end
  return answer.denied("folders:create")
end

local function list(req)
  local parent_uid, found = not state.v9 and req:arg("parentUid") or "", {}
  for _, folder in pairs(req.org.folders) do
    if (state.v9 or folder.parent_uid == parent_uid) and access.level(req, folder) > 0 then found[#found + 1] = folder end
  end
  table.sort(found, function(a, b)
    if a.title ~= b.title then return a.title < b.title end
    return a.id < b.id
  end)
  local page, size = paging.asked(req, "limit")
  local result = paging.cut(found, page, size)
  for index, folder in ipairs(result) do
    result[index] = { id = folder.id, uid = folder.uid, title = folder.title,
      parentUid = folder.parent_uid ~= "" and folder.parent_uid or nil }
  end
  return answer.ok(result)
end

-- Wraps a handler of one folder: finds it and asks for the right to it.
local function of_folder(level, permission, handler)
  return function(req)
    local folder = req.params.folder_id and req.org.folder_by_id[req:id("folder_id")] or req.org.folders[req.params.uid]
    if not folder then
      -- Who does not have the right to all folders is told nothing of one that is not there.
      if not state.v9 and req.role ~= "Admin" then return answer.denied(permission) end
      if handler == folders.delete and not state.v9 then
        return answer.message(404, ('folders.folder.grafana.app "%s" not found'):format(req.params.uid))
      end
      return not_found()
    end
    return access.refusal(req, folder, level, permission) or handler(req, folder)
  end
end

local function stamp(req, folder)
  folder.version, folder.updated, folder.updated_by = folder.version + 1, state.time(), author(req)
  folder.resource_version, folder.updated_identity = state.next_resource_version(), state.identity(req)
  state.next_id("version")
  state.touch(req.org)
end

local function update(req, folder)
  local body = req:bind { title = "string", description = "string", version = "integer", overwrite = "boolean" }
  if not body then return answer.bad_request() end
  local title = body.title or ""
  if title == "" then return answer.message(400, "folder title cannot be empty") end
  if not body.overwrite and body.version ~= folder.version then
    return answer.message(412, "the folder has been changed by someone else", { status = "version-mismatch" })
  end
  if state.v9 and title_taken(req.org, title, folder) then
    return answer.message(409, "a folder or dashboard in the general folder with the same name already exists")
  end
  set_title(folder, title)
  stamp(req, folder)
  return show(req, folder)
end

local function move(req, folder)
  local body = req:bind { parentUid = "string" }
  if not body then return answer.bad_request() end
  local parent_uid = body.parentUid or ""
  local parent = req.org.folders[parent_uid]
  if parent_uid ~= "" and not parent then return not_found() end
  for _, above in ipairs(parent and parents(req.org, parent) or {}) do
    if above == folder then return answer.message(400, "folder cannot be moved to one of its own descendants") end
  end
  if parent == folder then return answer.message(400, "folder cannot be moved to itself") end
  if too_deep(req.org, parent_uid) then return answer.failure(500, "folder max depth exceeded, max depth is 4") end
  folder.parent_uid = parent_uid
  stamp(req, folder)
  return show(req, folder)
end

local function children(org, folder)
  local found = {}
  for _, other in pairs(org.folders) do
    if other.parent_uid == folder.uid and not state.v9 then found[#found + 1] = other end
  end
  return found
end

local function dashboards_in(org, folder)
  local found = {}
  for _, dashboard in pairs(org.dashboards) do
    if dashboard.folder_uid == folder.uid then found[#found + 1] = dashboard end
  end
  return found
end

local function remove(org, folder)
  org.folders[folder.uid], org.folder_by_id[folder.id] = nil, nil
  for _, dashboard in ipairs(dashboards_in(org, folder)) do dashboards.remove(org, dashboard) end
  for uid, element in pairs(org.library) do
    if element.folder_uid == folder.uid then org.library[uid] = nil end
  end
  for _, child in ipairs(children(org, folder)) do remove(org, child) end
end

function folders.delete(req, folder)
  remove(req.org, folder)
  state.touch(req.org)
  if state.v9 then return answer.text(200, "") end
  return answer.message(200, "Folder deleted")
end

local function counts(req, folder)
  local result = { alertrule = 0, dashboard = 0, folder = 0, librarypanel = 0 }
  local function add(here)
    result.dashboard = result.dashboard + #dashboards_in(req.org, here)
    for _, child in ipairs(children(req.org, here)) do
      result.folder = result.folder + 1
      add(child)
    end
  end
  add(folder)
  for _, element in pairs(req.org.library) do
    if element.folder_uid == folder.uid then result.librarypanel = result.librarypanel + 1 end
  end
  return answer.ok(result)
end

local function set_permissions(req, folder)
  return access.set(req, folder, state.v9 and "Dashboard permissions updated" or "Folder permissions updated")
end

local function no_nesting() return answer.message(404, "To use this service, you need to activate nested folder feature.") end

local VIEW, EDIT, ADMIN = access.VIEW, access.EDIT, access.ADMIN

folders.routes = {
  { "GET /api/folders", "folders:read", list },
  { "POST /api/folders", "folders:read", may_create },
  { "GET /api/folders/:uid", "folders:read", of_folder(VIEW, "folders:read", show) },
  { "GET /api/folders/id/:folder_id", "folders:read", of_folder(VIEW, "folders:read", show) },
  { "PUT /api/folders/:uid", "folders:write", of_folder(EDIT, "folders:write", update) },
  { "DELETE /api/folders/:uid", "folders:delete", of_folder(EDIT, "folders:delete", folders.delete) },
  { "POST /api/folders/:uid/move", "folders:write", no_nesting, only = "9.3.2" },
  { "POST /api/folders/:uid/move", "folders:write", of_folder(EDIT, "folders:write", move), only = "12.4.3" },
  { "GET /api/folders/:uid/counts", "folders:read", of_folder(VIEW, "folders:read", counts), only = "12.4.3" },
  { "GET /api/folders/:uid/permissions", "folders.permissions:read", of_folder(ADMIN, "folders.permissions:read", access.show) },
  { "POST /api/folders/:uid/permissions", "folders.permissions:write", of_folder(ADMIN, "folders.permissions:write", set_permissions) },
}

return folders
