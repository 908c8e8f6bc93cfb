-- SPDX-License-Identifier: MIT
-- Library panels, and the dashboards that use them.

local json = require "server.json"
local state = require "server.state"
local answer = require "server.answer"
local paging = require "server.paging"
local views = require "server.views"

local library = {}

local function by(login) return { id = state.find_user(login) and state.find_user(login).id or 0, name = login, avatarUrl = views.AVATAR } end

local function author(req) return req.user and req.user.login or "" end

-- 12.4.3 moves none: a list tells in which folder it was made, beside the id of the one it was sent to; none is sent to the root. A single one
-- there has another name for that.
local function describe(req, element, alone, listed)
  local sent_to = req.org.folders[element.sent_to or ""]
  local folder = alone and sent_to or req.org.folders[element.folder_uid]
  local uid, title = "", ""
  if folder then uid, title = folder.uid, folder.title elseif alone and not state.v9 then uid = "general" end
  if not folder and (alone or listed) and not state.v9 then title = "General" end
  return {
    id = element.id, orgId = req.org.id, folderId = (sent_to or folder or { id = 0 }).id, folderUid = uid, uid = element.uid,
    name = element.name, kind = element.kind, type = element.model.type, description = element.model.description, model = element.model,
    version = element.version, meta = { folderName = title, folderUid = uid, connectedDashboards = 0,
      created = element.created, updated = element.updated, createdBy = by(element.created_by), updatedBy = by(element.updated_by) },
  }
end

local function show(req, element) return answer.ok { result = describe(req, element) } end

-- The answer to a PATCH tells what was sent.
local function show_sent(req, element, folder_uid)
  local shown, folder = describe(req, element), req.org.folders[folder_uid]
  shown.folderUid, shown.folderId = folder_uid, folder and folder.id or 0
  shown.meta.folderUid, shown.meta.folderName = folder_uid, folder and folder.title or ""
  return answer.ok { result = shown }
end

local function missing() return answer.failure(404, "library element could not be found") end

local FIELDS = { folderUid = "string", folderId = "integer", name = "string", kind = "integer", uid = "string", model = "any", version = "integer" }

local function find_by_name(org, name, folder_uid)
  for _, element in pairs(org.library) do
    if element.name == name and element.folder_uid == folder_uid then return element end
  end
  return nil
end

-- The folder that a body names, "" for the root; nil: there is none of that uid.
local function folder_of(org, body)
  local folder = org.folder_by_id[body.folderId or 0]
  local uid = body.folderUid or folder and folder.uid or ""
  if uid == "general" then uid = "" end
  return (uid == "" or org.folders[uid]) and uid or nil
end

local function no_folder() return answer.failure(400, "failed to get folder") end

-- 12.4.3 takes panels only (1), and models that are objects or nothing.
local function is_possible(body)
  return (body.kind == nil or body.kind == 1 or state.v9) and (body.model == nil or json.is_object(body.model))
end

local function refuse_uid(uid)
  if uid:find("[^%w_-]") then return answer.failure(400, "uid contains illegal characters") end
  return #uid > 40 and answer.failure(400, "uid too long, max 40 characters") or nil
end

-- Names need not be unique on 12.4.3.
local function is_taken(org, body, folder_uid)
  return org.library[body.uid or ""] ~= nil or state.v9 and find_by_name(org, body.name, folder_uid) ~= nil
end

local function completed(model)
  model = model or {}
  model.type, model.description = model.type or "", model.description or ""
  return model
end

local function create(req)
  local body = req:bind(FIELDS)
  if not body or (state.v9 and ((body.name or "") == "" or not body.model)) then return answer.bad_request() end
  local folder_uid = folder_of(req.org, body)
  if not folder_uid then return no_folder() end
  local refused = refuse_uid(body.uid or "")
  if refused then return refused end
  if not is_possible(body) then return answer.failure(500, "Failed to create library element") end
  if is_taken(req.org, body, folder_uid) then return answer.failure(400, "library element with that name or UID already exists") end
  local now = state.time()
  local element = { id = state.next_id("library"), uid = (body.uid or "") ~= "" and body.uid or state.short_uid(), name = body.name or "",
    model = completed(body.model), kind = body.kind or 1, version = 1, folder_uid = folder_uid, created = now, updated = now,
    created_by = author(req), updated_by = author(req) }
  req.org.library[element.uid], req.org.library_known[element.uid] = element, true
  return show(req, element)
end

local function list(req)
  local text, found = req:arg("searchString") or "", {}
  for _, element in pairs(req.org.library) do
    if text == "" or paging.contains(element.name, text) then found[#found + 1] = element end
  end
  table.sort(found, function(a, b)
    if a.name ~= b.name then return a.name < b.name end
    return a.id < b.id
  end)
  local page, size = req:number("page", 1), req:number("perPage", 100)
  local result = paging.cut(found, page, size)
  for index, element in ipairs(result) do result[index] = describe(req, element, false, true) end
  return answer.ok { result = { totalCount = #found, elements = result, page = page, perPage = size } }
end

-- Wraps a handler of one element. 12.4.3 refuses what has never been there to whom it asks for a right to it, administrators too.
local function of_element(handler, permission)
  return function(req)
    local element = req.org.library[req.params.uid]
    if element then return handler(req, element) end
    if permission and not state.v9 and not req.org.library_known[req.params.uid] then return answer.denied(permission) end
    return missing()
  end
end

-- Gives it another uid; or an answer that refuses.
local function rename(org, element, uid)
  if (uid or "") == "" or uid == element.uid then return nil end
  local refused = refuse_uid(uid)
  if refused then return refused end
  if org.library[uid] then return answer.failure(400, "library element with that name or UID already exists") end
  org.library[element.uid], org.library[uid], org.library_known[uid] = nil, element, true
  element.uid = uid
  return nil
end

local function send_to(element, folder_uid)
  if state.v9 then
    element.folder_uid = folder_uid
  elseif folder_uid ~= "" then
    element.sent_to = folder_uid
  end
end

-- Without a folder in the body an element moves to the root.
local function update(req, element)
  local body = req:bind(FIELDS)
  if not body then return answer.bad_request() end
  local folder_uid = folder_of(req.org, body)
  if not folder_uid then return no_folder() end
  if body.version ~= element.version then return answer.failure(412, "the library element has been changed by someone else") end
  if not is_possible(body) then return answer.failure(500, "Failed to update library element") end
  local refused = rename(req.org, element, body.uid)
  if refused then return refused end
  element.name = (body.name or "") ~= "" and body.name or element.name
  element.model = body.model and completed(body.model) or element.model
  element.version = element.version + 1
  send_to(element, folder_uid)
  element.updated, element.updated_by = state.time(), author(req)
  return show_sent(req, element, folder_uid)
end

-- Does the text of a dashboard name the element as the library panel of a panel?
local function uses(dashboard, uid)
  for _, text in ipairs { dashboard.template, dashboard.stored_spec } do
    for named in text:gmatch('"libraryPanel":(%b{})') do
      if named:match('"uid":"([^"]*)"') == uid then return true end
    end
  end
  return false
end

local function users_of(org, element)
  local found = {}
  for _, dashboard in pairs(org.dashboards) do
    if uses(dashboard, element.uid) then found[#found + 1] = dashboard end
  end
  table.sort(found, function(a, b) return a.uid < b.uid end)
  return found
end

-- 9.3.2 keeps what is in use, as its source has it.
local function delete(req, element)
  if state.v9 and #users_of(req.org, element) > 0 then return answer.failure(403, "the library element has connections") end
  req.org.library[element.uid] = nil
  return answer.ok { id = element.id, message = "Library element deleted" }
end

local function connections(req, element)
  local result = json.array {}
  for index, dashboard in ipairs(users_of(req.org, element)) do
    result[index] = { id = index, kind = 1, elementId = element.id, connectionId = dashboard.id,
      connectionUid = not state.v9 and dashboard.uid or nil, created = dashboard.created, createdBy = by(author(req)) }
  end
  return answer.ok { result = result }
end

local function by_name(req)
  local result = json.array {}
  for _, element in pairs(req.org.library) do
    if element.name == req.params.name then result[#result + 1] = describe(req, element) end
  end
  if #result == 0 then return missing() end
  return answer.ok { result = result }
end

local READ, WRITE, DELETE = "library.panels:read", "library.panels:write", "library.panels:delete"

library.routes = {
  { "GET /api/library-elements", READ, list },
  { "POST /api/library-elements", "library.panels:create", create },
  { "GET /api/library-elements/:uid", READ, of_element(function(req, element) return answer.ok { result = describe(req, element, true) } end) },
  { "PATCH /api/library-elements/:uid", WRITE, of_element(update, WRITE) },
  { "DELETE /api/library-elements/:uid", DELETE, of_element(delete, DELETE) },
  { "GET /api/library-elements/:uid/connections", READ, of_element(connections, READ) },
  { "GET /api/library-elements/name/:name", READ, by_name },
}

return library
