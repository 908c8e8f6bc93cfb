-- SPDX-License-Identifier: MIT
-- Library panels.

local json = require "server.json"
local state = require "server.state"
local answer = require "server.answer"
local paging = require "server.paging"
local views = require "server.views"

local library = {}

local function by(login) return { id = state.find_user(login) and state.find_user(login).id or 0, name = login, avatarUrl = views.AVATAR } end

local function author(req) return req.user and req.user.login or "" end

local function describe(req, element)
  local folder = req.org.folders[element.folder_uid]
  local uid = folder and folder.uid or ""
  return {
    id = element.id, orgId = req.org.id, folderId = folder and folder.id or 0, folderUid = uid, uid = element.uid, name = element.name,
    kind = element.kind, type = element.model.type or "", description = element.model.description or "", model = element.model,
    version = element.version, meta = { folderName = folder and folder.title or "", folderUid = uid, connectedDashboards = 0,
      created = element.created, updated = element.updated, createdBy = by(element.created_by), updatedBy = by(element.updated_by) },
  }
end

local function show(req, element) return answer.ok { result = describe(req, element) } end

local function missing() return answer.failure(404, "library element could not be found") end

local FIELDS = { folderUid = "string", folderId = "integer", name = "string", kind = "integer", uid = "string", model = "object", version = "integer" }

local function find_by_name(org, name, folder_uid)
  for _, element in pairs(org.library) do
    if element.name == name and element.folder_uid == folder_uid then return element end
  end
  return nil
end

local function folder_of(org, body)
  local folder = org.folder_by_id[body.folderId or 0]
  return body.folderUid or folder and folder.uid or ""
end

local function create(req)
  local body = req:bind(FIELDS)
  if not body or (body.name or "") == "" or not body.model then return answer.bad_request() end
  local folder_uid = folder_of(req.org, body)
  if req.org.library[body.uid or ""] or find_by_name(req.org, body.name, folder_uid) then
    return answer.failure(400, "library element with that name or UID already exists")
  end
  local now, model = state.time(), body.model
  model.description = model.description or ""
  local element = { id = state.next_id("library"), uid = (body.uid or "") ~= "" and body.uid or state.short_uid(), name = body.name, model = model,
    kind = body.kind or 1, version = 1, folder_uid = folder_uid, created = now, updated = now, created_by = author(req), updated_by = author(req) }
  req.org.library[element.uid] = element
  return show(req, element)
end

local function list(req)
  local text, found = req:arg("searchString") or "", {}
  for _, element in pairs(req.org.library) do
    if text == "" or paging.contains(element.name, text) then found[#found + 1] = element end
  end
  table.sort(found, function(a, b) return a.name < b.name end)
  local page, size = req:number("page", 1), req:number("perPage", 100)
  local result = paging.cut(found, page, size)
  for index, element in ipairs(result) do result[index] = describe(req, element) end
  return answer.ok { result = { totalCount = #found, elements = result, page = page, perPage = size } }
end

local function of_element(handler)
  return function(req)
    local element = req.org.library[req.params.uid]
    if not element then return missing() end
    return handler(req, element)
  end
end

-- Without a folder in the body an element moves to the root.
local function update(req, element)
  local body = req:bind(FIELDS)
  if not body then return answer.bad_request() end
  if body.version ~= element.version then return answer.failure(412, "the library element has been changed by someone else") end
  element.name = (body.name or "") ~= "" and body.name or element.name
  element.model = body.model or element.model
  element.model.description = element.model.description or ""
  element.folder_uid, element.version = folder_of(req.org, body), element.version + 1
  element.updated, element.updated_by = state.time(), author(req)
  return show(req, element)
end

local function delete(req, element)
  req.org.library[element.uid] = nil
  return answer.ok { id = element.id, message = "Library element deleted" }
end

local function connections() return answer.ok { result = json.array {} } end

local function by_name(req)
  local result = json.array {}
  for _, element in pairs(req.org.library) do
    if element.name == req.params.name then result[#result + 1] = describe(req, element) end
  end
  if #result == 0 then return missing() end
  return answer.ok { result = result }
end

local READ = "library.panels:read"

library.routes = {
  { "GET /api/library-elements", READ, list },
  { "POST /api/library-elements", "library.panels:create", create },
  { "GET /api/library-elements/:uid", READ, of_element(show) },
  { "PATCH /api/library-elements/:uid", "library.panels:write", of_element(update) },
  { "DELETE /api/library-elements/:uid", "library.panels:delete", of_element(delete) },
  { "GET /api/library-elements/:uid/connections", READ, of_element(connections) },
  { "GET /api/library-elements/name/:name", READ, by_name },
}

return library
