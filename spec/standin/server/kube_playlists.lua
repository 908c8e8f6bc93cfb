-- SPDX-License-Identifier: MIT
-- luacheck: std ngx_lua
-- 12.4.3's playlists below /apis. Lists are of what is there now, not of a snapshot.

local json = require "server.json"
local state = require "server.state"
local answer = require "server.answer"
local kube = require "server.kube"
local playlists = require "server.playlists"

local kube_playlists = {}

local PLAYLISTS = { plural = "playlists", group = "playlist.grafana.app", kind = "Playlist" }
local VERSIONS = { v1 = true, v0alpha1 = true }
local PAGE_SIZE = 500

local function items_of(playlist)
  local items = json.array {}
  for index, item in ipairs(playlist.items) do items[index] = { type = item.type, value = item.value } end
  return items
end

local STORED = "v1"

-- What a PUT answers that changed nothing tells no version. In a list objects have the version in which they are stored.
local function describe(req, playlist, unchanged, listed)
  local updated = playlist.updated_identity
  return {
    kind = PLAYLISTS.kind, apiVersion = PLAYLISTS.group .. "/" .. (listed and STORED or req.params.version),
    metadata = {
      name = playlist.uid, namespace = req.params.namespace, uid = playlist.kube_uid,
      resourceVersion = not unchanged and ("%.0f"):format(playlist.resource_version) or nil, generation = playlist.generation,
      creationTimestamp = playlist.created, annotations = {
        ["grafana.app/createdBy"] = playlist.created_identity, ["grafana.app/updatedBy"] = updated,
        ["grafana.app/updatedTimestamp"] = updated and playlist.updated or nil,
      },
    },
    spec = { title = playlist.name, interval = playlist.interval, items = items_of(playlist) }, status = {},
  }
end

local function conflict(uid, words, kind)
  return kube.status(409, ('Operation cannot be fulfilled on %s.playlist.grafana.app "%s": %s'):format(kind, uid, words), "Conflict",
    { name = uid, group = PLAYLISTS.group, kind = kind })
end

-- Viewers read only.
local function refuse_role(req)
  local uid = req.params.name
  local words = playlists.refusal(req, req.params.namespace, uid)
  return words and kube.status(403, words, "Forbidden", { name = uid, group = PLAYLISTS.group, kind = "playlists" }) or nil
end

local function unreadable(version)
  return kube.status(400, ('Playlist in version "%s" cannot be handled as a Playlist: json: cannot unmarshal it'):format(version), "BadRequest")
end

local function text_of(value) return type(value) == "string" and value or nil end

-- What is sent: the fields of a playlist, and the version that it is to replace; or nil and an answer.
local function read(req)
  local body = req:document()
  local meta, spec = body and body.metadata, body and (body.spec or {})
  if not json.is_object(meta) or not json.is_object(spec) then return nil, unreadable(req.params.version) end
  local expected = PLAYLISTS.group .. "/" .. req.params.version
  if body.apiVersion and body.apiVersion ~= expected then
    return nil, kube.status(400, ("the API version in the data (%s) does not match the expected API version (%s)"):format(body.apiVersion, expected),
      "BadRequest")
  end
  if spec.items ~= nil and spec.items ~= json.null and not json.is_array(spec.items) then return nil, unreadable(req.params.version) end
  local fields = { uid = text_of(meta.name), name = text_of(spec.title) or "", interval = text_of(spec.interval),
    items = items_of { items = json.is_array(spec.items) and spec.items or {} } }
  return fields, text_of(meta.resourceVersion)
end

local function invalid_name(uid)
  local problem = ("Invalid value: \"%s\": may not contain '/'"):format(uid)
  return kube.status(422, ('Playlist.playlist.grafana.app "%s" is invalid: metadata.name: %s'):format(uid, problem), "Invalid",
    { name = uid, group = PLAYLISTS.group, kind = PLAYLISTS.kind, causes = json.array {
      { reason = "FieldValueInvalid", message = problem, field = "metadata.name" } } })
end

local function insert(req, fields)
  if fields.uid:find("/", 1, true) then return invalid_name(fields.uid) end
  return answer.value(201, describe(req, playlists.insert(req, fields)))
end

local function create(req)
  local fields, refused = read(req)
  if not fields then return refused end
  fields.uid = fields.uid or state.short_uid()
  if req.org.playlists[fields.uid] then
    return kube.status(409, ('playlists.playlist.grafana.app "%s" already exists'):format(fields.uid), "AlreadyExists",
      { name = fields.uid, group = PLAYLISTS.group, kind = "playlists" })
  end
  return insert(req, fields)
end

-- What is not there is made, unless it should replace something.
local function update(req)
  local fields, version = read(req)
  if not fields then return version end
  fields.uid = req.params.name
  local playlist = req.org.playlists[fields.uid]
  if not playlist then
    if version then return kube.status(500, "resourceVersion should not be set on objects to be created") end
    return insert(req, fields)
  end
  if version and version ~= ("%.0f"):format(playlist.resource_version) then
    return conflict(fields.uid, "the object has been modified; please apply your changes to the latest version and try again", "playlists")
  end
  local changed = playlists.change(req, playlist, fields)
  return answer.ok(describe(req, playlist, not changed))
end

-- What DeleteOptions ask for before.
local function refuse_delete(req, playlist)
  local options = req:document()
  local wanted = options and json.is_object(options.preconditions) and options.preconditions or {}
  local uid, version = text_of(wanted.uid), text_of(wanted.resourceVersion)
  local there = ("%.0f"):format(playlist.resource_version)
  local words
  if uid and uid ~= playlist.kube_uid then
    words = ("the UID in the precondition (%s) does not match the UID in record (%s). The object might have been deleted and then recreated"):format(
      uid, playlist.kube_uid)
  elseif version and version ~= there then
    words = ("the ResourceVersion in the precondition (%s) does not match the ResourceVersion in record (%s). The object might have been modified")
      :format(version, there)
  end
  return words and conflict(playlist.uid, words, PLAYLISTS.kind) or nil
end

local function delete(req, playlist)
  local refused = refuse_delete(req, playlist)
  if refused then return refused end
  req.org.playlists[playlist.uid] = nil
  return answer.ok { kind = "Status", apiVersion = "v1", metadata = {}, status = "Success",
    details = { name = playlist.uid, group = PLAYLISTS.group, kind = "playlists", uid = playlist.kube_uid } }
end

local function of_playlist(handler)
  return function(req)
    local playlist = req.org.playlists[req.params.name]
    return playlist and handler(req, playlist) or kube.missing(PLAYLISTS, req.params.name)
  end
end

-- Where a continue token goes on; nil for what is none.
local function offset_of(req)
  local text = req:arg("continue")
  if not text then return 0 end
  local value = json.decode(ngx.decode_base64(text) or "")
  return json.is_object(value) and json.tonumber(value.o) or nil
end

local function list(req)
  local offset, limit = offset_of(req), math.min(req:number("limit", PAGE_SIZE), PAGE_SIZE)
  if not offset then return kube.status(500, ('get continue token ("%s"): error decoding continue token'):format(req:arg("continue"))) end
  local all, items, version = playlists.sorted(req.org), json.array {}, state.next_resource_version()
  for index = offset + 1, math.min(offset + limit, #all) do items[#items + 1] = describe(req, all[index], false, true) end
  local last = offset + #items
  return answer.ok { kind = "PlaylistList", apiVersion = PLAYLISTS.group .. "/" .. req.params.version, items = items,
    metadata = { resourceVersion = ("%.0f"):format(version), continue = last < #all and kube.token(last, version) or nil } }
end

local function writing(handler) return function(req) return refuse_role(req) or handler(req) end end

local PATH = "/apis/playlist.grafana.app/:version/namespaces/:namespace/playlists"

local function route(method, path, handler)
  return { method .. " " .. path, "signed-in", kube.serving(PLAYLISTS, VERSIONS, handler), only = "12.4.3",
    there = function() return state.settings.apis end }
end

kube_playlists.routes = {
  route("GET", PATH, list),
  route("GET", PATH .. "/:name", of_playlist(function(req, playlist) return answer.ok(describe(req, playlist)) end)),
  route("POST", PATH, writing(create)),
  route("PUT", PATH .. "/:name", writing(update)),
  route("DELETE", PATH .. "/:name", writing(of_playlist(delete))),
}

return kube_playlists
