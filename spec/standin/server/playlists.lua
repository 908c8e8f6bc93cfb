-- SPDX-License-Identifier: MIT
-- Playlists. On 12.4.3 they are objects below /apis (kube_playlists.lua), of which these routes show a part, and no more than 500.

local json = require "server.json"
local state = require "server.state"
local answer = require "server.answer"
local paging = require "server.paging"

local playlists = {}

local MOST_LISTED = 500

local function reply(value) return answer.value(200, value, not state.v9 and answer.JSON_UTF8 or nil) end

local function refuse(code, message) return answer.value(code, { message = message, traceID = "" }, answer.JSON_UTF8) end

local function head(playlist)
  return { id = state.v9 and playlist.id or nil, uid = playlist.uid, name = playlist.name, interval = playlist.interval }
end

-- 9.3.2 adds each dashboard's title, 12.4.3 leaves it out.
local function items_of(req, playlist)
  local result = json.array {}
  for index, item in ipairs(playlist.items) do
    local dashboard = req.org.dashboards[item.value]
    result[index] = { type = item.type, value = item.value, title = state.v9 and (dashboard and dashboard.title or item.title) or nil }
  end
  return result
end

local function show(req, playlist)
  local shown = head(playlist)
  shown.id, shown.items = nil, items_of(req, playlist)
  return reply(shown)
end

local WRITES = { Editor = true, Admin = true }
local VERBS = { POST = "create", PUT = "update", DELETE = "delete" }

--- Why the asker may not write on 12.4.3; nil: it may.
function playlists.refusal(req, namespace, uid)
  if WRITES[req.role] or req.server_admin then return nil end
  local who, verb = req.user and req.user.login or req.account and req.account.name or "", VERBS[req.method]
  local path = "/apis/playlist.grafana.app/v1/namespaces/" .. namespace .. "/playlists" .. (uid and "/" .. uid or "")
  local words = 'playlists.playlist.grafana.app %sis forbidden: User "%s" cannot %s resource "playlists" in API group "playlist.grafana.app" in the '
    .. 'namespace "%s": Grafana org role (%s) didn\'t allow %s access on requested resource=playlists, path=%s'
  return words:format(uid and ('"%s" '):format(uid) or "", who, verb, namespace, req.role, verb, path)
end

local FIELDS = { uid = "string", name = "string", interval = "string", items = "array" }

local function read(req)
  local body = req:bind(FIELDS)
  if not body or (body.name or "") == "" then return nil end
  for _, item in ipairs(body.items or {}) do
    if not json.is_object(item) then return nil end
  end
  return body
end

local function bad_request() return state.v9 and answer.bad_request() or refuse(400, "bad request data") end

--- Adds one; `fields`: uid, name, interval, items.
function playlists.insert(req, fields)
  local playlist = {
    id = state.next_id("playlist"), uid = fields.uid, name = fields.name, interval = fields.interval or "", items = fields.items or json.array {},
    generation = 1, created = state.time(), created_identity = state.identity(req), kube_uid = state.uuid(),
    resource_version = state.next_resource_version(),
  }
  req.org.playlists[playlist.uid] = playlist
  return playlist
end

--- Changes one. What changes nothing leaves its version.
function playlists.change(req, playlist, fields)
  local items = fields.items or json.array {}
  local same = fields.name == playlist.name and (fields.interval or "") == playlist.interval and json.encode(items) == json.encode(playlist.items)
  if same then return false end
  playlist.name, playlist.interval, playlist.items = fields.name, fields.interval or "", items
  playlist.generation, playlist.resource_version = playlist.generation + 1, state.next_resource_version()
  playlist.updated, playlist.updated_identity = state.time(), state.identity(req)
  return true
end

local function refuse_uid(req, uid)
  if uid:find("/", 1, true) then
    return refuse(422, ('Playlist.playlist.grafana.app "%s" is invalid: metadata.name: Invalid value: "%s": may not contain \'/\''):format(uid, uid))
  end
  return req.org.playlists[uid] and refuse(409, ('playlists.playlist.grafana.app "%s" already exists'):format(uid)) or nil
end

-- 9.3.2 chooses the uid itself.
local function create(req)
  local body = read(req)
  if not body then return bad_request() end
  local uid = not state.v9 and (body.uid or "") ~= "" and body.uid
  local refused = uid and refuse_uid(req, uid)
  if refused then return refused end
  body.uid = uid or state.short_uid()
  local playlist = playlists.insert(req, body)
  if state.v9 then return reply(head(playlist)) end
  return show(req, playlist)
end

--- All of an organisation: by ids, on 12.4.3 by uids.
function playlists.sorted(org)
  local list, key = {}, state.v9 and "id" or "uid"
  for _, playlist in pairs(org.playlists) do list[#list + 1] = playlist end
  table.sort(list, function(a, b) return a[key] < b[key] end)
  return list
end

local function list(req)
  local result, query = json.array {}, req:arg("query") or ""
  for index, playlist in ipairs(playlists.sorted(req.org)) do
    if not state.v9 and index > MOST_LISTED then break end
    if query == "" or paging.contains(playlist.name, query) then result[#result + 1] = head(playlist) end
  end
  return reply(result)
end

local function of_playlist(handler)
  return function(req)
    local playlist = req.org.playlists[req.params.uid]
    if playlist then return handler(req, playlist) end
    if state.v9 then return answer.failure(404, "Playlist not found") end
    return refuse(404, ('playlists.playlist.grafana.app "%s" not found'):format(req.params.uid))
  end
end

local function update(req, playlist)
  local body = read(req)
  if not body then return bad_request() end
  playlists.change(req, playlist, body)
  return show(req, playlist)
end

local function delete(req, playlist)
  req.org.playlists[playlist.uid] = nil
  if state.v9 then return answer.text(200, "") end
  return answer.text(200, '""', answer.JSON_UTF8)
end

-- 12.4.3 lets the part below /apis decide.
local function writing(handler)
  return function(req)
    local namespace = req.org.id == 1 and "default" or "org-" .. req.org.id
    local words = playlists.refusal(req, namespace, req.params.uid)
    if not words then return handler(req) end
    return state.v9 and answer.denied("playlists:write") or refuse(403, words)
  end
end

playlists.routes = {
  { "GET /api/playlists", "playlists:read", list },
  { "POST /api/playlists", "playlists:read", writing(create) },
  { "GET /api/playlists/:uid", "playlists:read", of_playlist(show) },
  { "GET /api/playlists/:uid/items", "playlists:read", of_playlist(function(req, playlist) return reply(items_of(req, playlist)) end) },
  { "PUT /api/playlists/:uid", "playlists:read", writing(of_playlist(update)) },
  { "DELETE /api/playlists/:uid", "playlists:read", writing(of_playlist(delete)) },
}

return playlists
