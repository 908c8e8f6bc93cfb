-- SPDX-License-Identifier: MIT
-- Folders. 9.3.2 has one level and ignores parentUid; 12.4.3 nests them, takes a parent that is not there for one, and answers to two names
-- that are no folders.

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

-- What 12.4.3 shows of the two names.
local RESERVED = {
  general = { id = 0, title = "Dashboards", url = "" },
  sharedwithme = { id = -1, title = "Shared with me", url = "/dashboards/f/sharedwithme/shared-with-me" },
}

local function not_found() return answer.message(404, "folder not found", { status = "not-found" }) end

local function changed_since()
  if state.v9 then return answer.message(412, "the folder has been changed by someone else", { status = "version-mismatch" }) end
  return answer.message(412, "The dashboard has been changed by someone else")
end

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
  if uid == "general" then
    if state.v9 then return answer.message(400, "invalid uid for folder provided") end
    return answer.message(500, "Folder API error: invalid uid for folder provided")
  end
  if RESERVED[uid] and not state.v9 then return answer.coded(400, "folder.bad-request", "BadRequest") end
  if not uid:find("^[%w_-]*$") then return answer.message(400, "uid contains illegal characters") end
  if #uid > 40 then return answer.message(400, "uid too long, max 40 characters") end
  return nil
end

local function insert(req, title, uid, parent_uid, description)
  local now = state.time()
  local folder = {
    id = state.next_object_id(), uid = uid ~= "" and uid or state.short_uid(), parent_uid = parent_uid, version = 1, created = now, updated = now,
    created_by = author(req), updated_by = state.v9 and author(req) or "Anonymous", acl = access.initial(req, parent_uid), is_folder = true,
    resource_version = state.next_resource_version(), kube_uid = state.uuid(), created_identity = state.identity(req),
    description = description,
  }
  set_title(folder, title)
  req.org.folders[folder.uid], req.org.folder_by_id[folder.id] = folder, folder
  state.next_id("version")
  state.touch(req.org)
  return folder
end

local function refuse_new(req, title, uid, parent_uid)
  local refused = refuse_uid(uid)
  if refused then return refused end
  if title == "" then return answer.message(400, "folder title cannot be empty") end
  if parent_uid ~= "" and parent_uid == uid then return answer.message(400, "folder cannot be parent of itself") end
  if req.org.folders[uid] or (state.v9 and req.org.dashboards[uid]) then return changed_meanwhile() end
  if state.v9 and title_taken(req.org, title) then
    return answer.message(409, "a folder or dashboard in the general folder with the same name already exists")
  end
  if too_deep(req.org, parent_uid) then return answer.failure(500, "Folder API error: folder max depth exceeded, max depth is 4") end
  return nil
end

local function create(req, body)
  local title, uid = (body.title or ""):match("^%s*(.-)%s*$"), body.uid or ""
  local parent_uid = not state.v9 and body.parentUid or ""
  local refused = refuse_new(req, title, uid, parent_uid)
  if refused then return nil, refused end
  return insert(req, title, uid, parent_uid, type(body.description) == "string" and body.description or nil)
end

-- A creator in a nested folder needs rights there; at the root any editor may. Only an admin may put one nowhere. Returns the folder, or nil and
-- an answer that refuses.
function folders.create_as(req, body)
  local parent_uid = body and not state.v9 and body.parentUid or ""
  if parent_uid ~= "" and not req.org.folders[parent_uid] and req.role == "Editor" then return nil, not_found() end
  if not req.org or not access.may_create(req, req.org.folders[parent_uid] and parent_uid or "") then
    return nil, answer.denied("folders:create")
  end
  if not body then return nil, answer.bad_request() end
  return create(req, body)
end

local function create_folder(req)
  local body = req:bind { title = "string", uid = "string", parentUid = "string", description = "string" }
  if body then body.description = body.description or "" end
  local folder, refused = folders.create_as(req, body)
  return refused or show(req, folder, true)
end

local function list(req)
  local parent_uid, found = not state.v9 and req:arg("parentUid") or "", {}
  if parent_uid == "general" then parent_uid = "" end
  if parent_uid ~= "" and not RESERVED[parent_uid] and not req.org.folders[parent_uid] then return not_found() end
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

local function show_reserved(req)
  local fixed = RESERVED[req.params.uid]
  local level = req.role == "Admin" and access.ADMIN or 0
  return answer.ok {
    id = fixed.id, uid = req.params.uid, orgId = 0, title = fixed.title, url = fixed.url ~= "" and req.prefix .. fixed.url or "", hasAcl = false,
    canSave = level > 0, canEdit = level > 0, canAdmin = level > 0, canDelete = level > 0, createdBy = "Anonymous",
    created = "0001-01-01T00:00:00Z", updatedBy = "Anonymous", updated = "0001-01-01T00:00:00Z",
  }
end

-- Wraps a handler of one folder: finds it and asks for the right to it.
local function of_folder(level, permission, handler)
  return function(req)
    local folder = req.params.folder_id and req.org.folder_by_id[req:id("folder_id")] or req.org.folders[req.params.uid]
    if not folder then
      if handler == show and RESERVED[req.params.uid] and not state.v9 then return show_reserved(req) end
      -- Who does not have the right to all folders is told nothing of one that is not there.
      if not state.v9 and req.role ~= "Admin" then return answer.denied(permission) end
      if handler == folders.delete and not state.v9 then
        folders.remove_below(req.org, req.params.uid)
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
  local title = (body.title or not state.v9 and folder.title or ""):match("^%s*(.-)%s*$")
  if title == "" then return answer.message(400, state.v9 and "folder title cannot be empty" or "Dashboard title cannot be empty") end
  if not body.overwrite and body.version ~= folder.version then return changed_since() end
  if state.v9 and title_taken(req.org, title, folder) then
    return answer.message(409, "a folder or dashboard in the general folder with the same name already exists")
  end
  local description = body.description or folder.description
  if not state.v9 and title == folder.title and description == folder.description then return show(req, folder) end
  folder.description = description
  set_title(folder, title)
  stamp(req, folder)
  return show(req, folder)
end

-- How many levels of folders there are below one.
local function height(org, folder)
  local levels = 0
  for _, other in pairs(org.folders) do
    if other.parent_uid == folder.uid then levels = math.max(levels, 1 + height(org, other)) end
  end
  return levels
end

-- 12.4.3 counts for folders that have others inside only, and not always: a single folder goes below the last level.
local function grows_too_deep(org, folder, parent)
  local levels = height(org, folder)
  return levels > 0 and #parents(org, parent) + 1 + levels > MAX_PARENTS
end

-- Sets what /apis sets at once.
function folders.change(req, folder, title, description, parent_uid)
  folder.description, folder.parent_uid = description, parent_uid
  set_title(folder, title)
  stamp(req, folder)
end

local CIRCULAR = "cannot move folder under its own descendant, this would create a circular reference"

-- What is said of a folder that would come to be inside itself; nil of one that would not.
function folders.is_circular(org, folder, parent_uid)
  local parent = org.folders[parent_uid]
  if parent == folder then return CIRCULAR end
  for _, above in ipairs(parent and parents(org, parent) or {}) do
    if above == folder then return CIRCULAR end
  end
  return nil
end

local function move(req, folder)
  local body = req:bind { parentUid = "string" }
  if not body then return answer.bad_request() end
  local parent_uid = body.parentUid or ""
  local parent = req.org.folders[parent_uid]
  if parent_uid == "general" then return answer.failure(500, 'move target not found folders.folder.grafana.app "general" not found') end
  if parent_uid ~= "" and not parent then return not_found() end
  local circular = folders.is_circular(req.org, folder, parent_uid)
  if circular then return answer.failure(500, circular) end
  if parent and grows_too_deep(req.org, folder, parent) then return answer.message(400, "Maximum nested folder depth reached") end
  if folder.parent_uid == parent_uid then return show(req, folder) end
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

local function library_panels_in(org, folder)
  local found = 0
  for _, element in pairs(org.library) do
    if element.folder_uid == folder.uid then found = found + 1 end
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

-- Asked to delete what is not there, 12.4.3 deletes what has it for a parent; below "general" is the root.
function folders.remove_below(org, uid)
  local found = {}
  for _, folder in pairs(org.folders) do
    if folder.parent_uid == uid or (uid == "general" and folder.parent_uid == "") then found[#found + 1] = folder end
  end
  for _, folder in ipairs(found) do remove(org, folder) end
  state.touch(org)
end

local function remove_rules(org, folder)
  for uid, rule in pairs(org.alerting and org.alerting.rules or {}) do
    if rule.folderUID == folder.uid then org.alerting.rules[uid] = nil end
  end
  for _, child in ipairs(children(org, folder)) do remove_rules(org, child) end
end

-- The alert rules of a folder and of those below it.
local function rules_in(org, folder)
  local found = 0
  for _, rule in pairs(org.alerting and org.alerting.rules or {}) do found = found + (rule.folderUID == folder.uid and 1 or 0) end
  for _, child in ipairs(children(org, folder)) do found = found + rules_in(org, child) end
  return found
end

-- Whether /apis, which takes nothing along, deletes it.
function folders.is_empty(org, folder)
  return #children(org, folder) == 0 and #dashboards_in(org, folder) == 0 and library_panels_in(org, folder) == 0 and rules_in(org, folder) == 0
end

function folders.remove(org, folder)
  remove(org, folder)
  state.touch(org)
end

function folders.delete(req, folder)
  if rules_in(req.org, folder) > 0 and req:arg("forceDeleteRules") ~= "true" then
    if state.v9 then return answer.message(400, "folder contains alert rules") end
    return answer.coded(400, "folder.not-empty", "Folder cannot be deleted: folder is not empty")
  end
  remove_rules(req.org, folder)
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
  result.librarypanel = library_panels_in(req.org, folder)
  result.alertrule = rules_in(req.org, folder)
  return answer.ok(result)
end

local function set_permissions(req, folder)
  return access.set(req, folder, state.v9 and "Dashboard permissions updated" or "Folder permissions updated")
end

local function no_nesting() return answer.message(404, "To use this service, you need to activate nested folder feature.") end

local VIEW, EDIT, ADMIN = access.VIEW, access.EDIT, access.ADMIN

folders.routes = {
  { "GET /api/folders", "folders:read", list },
  { "POST /api/folders", "folders:read", create_folder },
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
