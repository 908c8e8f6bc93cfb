-- SPDX-License-Identifier: MIT
-- Playlists.

local json = require "server.json"
local state = require "server.state"
local answer = require "server.answer"

local playlists = {}

local function reply(value) return answer.value(200, value, not state.v9 and answer.JSON_UTF8 or nil) end

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

local FIELDS = { name = "string", interval = "string", items = "array" }

local function read(req)
  local body = req:bind(FIELDS)
  if not body or (body.name or "") == "" then return nil end
  for _, item in ipairs(body.items or {}) do
    if not json.is_object(item) then return nil end
  end
  return body
end

local function create(req)
  local body = read(req)
  if not body then return answer.bad_request() end
  local playlist = { id = state.next_id("playlist"), uid = state.short_uid(), name = body.name, interval = body.interval or "", items = body.items or {} }
  req.org.playlists[playlist.uid] = playlist
  if state.v9 then return reply(head(playlist)) end
  return show(req, playlist)
end

local function list(req)
  local result = json.array {}
  for _, playlist in pairs(req.org.playlists) do result[#result + 1] = playlist end
  table.sort(result, function(a, b) return a.id < b.id end)
  for index, playlist in ipairs(result) do result[index] = head(playlist) end
  return reply(result)
end

local function of_playlist(handler)
  return function(req)
    local playlist = req.org.playlists[req.params.uid]
    if not playlist then return answer.failure(404, "Playlist not found") end
    return handler(req, playlist)
  end
end

local function update(req, playlist)
  local body = read(req)
  if not body then return answer.bad_request() end
  playlist.name, playlist.interval, playlist.items = body.name, body.interval or "", body.items or {}
  return show(req, playlist)
end

local function delete(req, playlist)
  req.org.playlists[playlist.uid] = nil
  if state.v9 then return answer.text(200, "") end
  return answer.text(200, '""', answer.JSON_UTF8)
end

playlists.routes = {
  { "GET /api/playlists", "playlists:read", list },
  { "POST /api/playlists", "playlists:write", create },
  { "GET /api/playlists/:uid", "playlists:read", of_playlist(show) },
  { "GET /api/playlists/:uid/items", "playlists:read", of_playlist(function(req, playlist) return reply(items_of(req, playlist)) end) },
  { "PUT /api/playlists/:uid", "playlists:write", of_playlist(update) },
  { "DELETE /api/playlists/:uid", "playlists:write", of_playlist(delete) },
}

return playlists
