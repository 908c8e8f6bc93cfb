-- SPDX-License-Identifier: MIT
-- luacheck: std ngx_lua
-- 12.4.3's /apis: dashboards (v0alpha1 as stored, v1beta1 migrated, v2 converted) and folders, listed in pages that belong to one snapshot.
-- kube_object.lua has what objects look like.

local json = require "server.json"
local state = require "server.state"
local answer = require "server.answer"
local access = require "server.access"
local request = require "server.request"
local object = require "server.kube_object"
local pretty = require "server.pretty"
local kube_status = require "server.kube_status"
local write = require "server.kube_write"

local kube = {}

local status = kube_status.failure

-- A page ends with the object that brings what is stored of its objects to so many bytes, whatever `limit` says.
local PAGE_BYTES = 2 * 1024 * 1024
-- What an object shows beyond what is stored of it: its status and its resource version.
local SHOWN_BYTES = 49
local KEPT_SNAPSHOTS = 20

-- The groups that 12.4.3 tells of, the preferred version first; only dashboards, folders and playlists are served.
local GROUPS = {
  { "dashboard.grafana.app", "v1beta1", "v0alpha1", "v2beta1", "v2alpha1" }, { "folder.grafana.app", "v1beta1" }, { "iam.grafana.app", "v0alpha1" },
  { "userstorage.grafana.app", "v0alpha1" }, { "preferences.grafana.app", "v1alpha1" }, { "collections.grafana.app", "v1alpha1" },
  { "features.grafana.app", "v0alpha1" }, { "playlist.grafana.app", "v1", "v0alpha1" }, { "plugins.grafana.app", "v0alpha1" },
  { "example.grafana.app", "v1alpha1", "v0alpha1" }, { "notifications.alerting.grafana.app", "v0alpha1" },
}
local SERVED = { v0alpha1 = true, v1beta1 = true, v2beta1 = true, v2alpha1 = true }

-- name, kind, singular name, verbs
local RESOURCES = {
  { "dashboards", "Dashboard", "dashboard", "create delete deletecollection get list patch update" },
  { "dashboards/dto", "DashboardWithAccessInfo", "", "get" },
  { "snapshots", "Snapshot", "snapshot", "delete get list" },
  { "snapshots/dashboard", "Dashboard", "", "get" },
}

-- Grafana's own words before they reach the part that speaks in kinds.
local function plain_text(code, text) return answer.text(code, text, "text/plain; charset=utf-8") end

local function no_resource() return status(404, "the server could not find the requested resource", "NotFound", {}) end

local function described_group(row, with_address, req)
  local versions = json.array {}
  for index = 2, #row do versions[index - 1] = { groupVersion = row[1] .. "/" .. row[index], version = row[index] } end
  local group = { name = row[1], versions = versions, preferredVersion = versions[1] }
  if with_address then
    group.serverAddressByClientCIDRs = json.array { { clientCIDR = "0.0.0.0/0", serverAddress = req:header("host") or "" } }
  else
    group.kind, group.apiVersion = "APIGroup", "v1"
  end
  return group
end

local function list_groups(req)
  local groups = json.array {}
  for index, row in ipairs(GROUPS) do groups[index] = described_group(row, true, req) end
  return answer.ok { kind = "APIGroupList", groups = groups }
end

local function find_group(name)
  for _, row in ipairs(GROUPS) do
    if row[1] == name then return row end
  end
  return nil
end

local function get_group(req)
  local row = find_group(req.params.group)
  return row and answer.ok(described_group(row, false, req)) or plain_text(404, "404 page not found\n")
end

local function list_resources(req)
  if req.params.group ~= "dashboard.grafana.app" or not SERVED[req.params.version] then return no_resource() end
  local resources = json.array {}
  for index, row in ipairs(RESOURCES) do
    local verbs = json.array {}
    for verb in row[4]:gmatch("%S+") do verbs[#verbs + 1] = verb end
    resources[index] = { name = row[1], kind = row[2], singularName = row[3], namespaced = true, verbs = verbs }
  end
  return answer.ok { kind = "APIResourceList", apiVersion = "v1", groupVersion = req.params.group .. "/" .. req.params.version, resources = resources }
end

local DASHBOARDS = { plural = "dashboards", group = "dashboard.grafana.app", kind = "Dashboard", stored = "v0alpha1", place = "dashboards" }
local FOLDERS = { plural = "folders", group = "folder.grafana.app", kind = "Folder", stored = "v1beta1", place = "folders" }

-- All there is, by uid, and the number that this state of things goes by: { list, version }, the same until something changes. Who may not see
-- all of it has pages with fewer items, or none.
local function snapshot(req, resource)
  local kept = req.org.by_uid[resource.place]
  if kept then return kept.list, kept.version end
  local list = {}
  for _, thing in pairs(req.org[resource.place]) do list[#list + 1] = thing end
  table.sort(list, function(a, b) return a.uid < b.uid end)
  local version = state.next_resource_version()
  req.org.by_uid[resource.place] = { list = list, version = version }
  return list, version
end

-- Keeps a list that has further pages; the oldest gives way.
local function keep(list, version)
  local kept = state.continuations
  for _, item in ipairs(kept) do
    if item.version == version then return end
  end
  kept[#kept + 1] = { version = version, list = list }
  if #kept > KEPT_SNAPSHOTS then table.remove(kept, 1) end
end

local function token(offset, version) return ngx.encode_base64(('{"o":%d,"v":%.0f,"s":false}'):format(offset, version)) end

-- The list, offset and version that a continue token stands for; an old one has no items. nil when it is no token.
local function resume(text)
  local value = json.decode(ngx.decode_base64(text) or "")
  local offset, version = json.is_object(value) and json.tonumber(value.o), json.is_object(value) and json.tonumber(value.v)
  if not offset or not version then return nil end
  for _, item in ipairs(state.continuations) do
    if item.version == version then return item.list, offset, version end
  end
  return {}, 0, version
end

local function texts_of(resource, partial)
  if partial then return object.metadata end
  return resource == FOLDERS and object.folder or object.dashboard
end

-- One page of objects from `place.offset` on, as texts to be joined; returns them and the offset of the next page, if anything follows.
local function page(req, resource, place, limit, texts)
  local offset, items, count, size = place.offset, {}, 0, 0
  while offset < #place.list and count < limit and size < PAGE_BYTES do
    offset = offset + 1
    local thing = object.as_of(place.list[offset], place.version)
    if access.level(req, thing) > 0 then
      local shown = texts(resource, req.params.namespace, req.params.version, thing)
      items[2 * count + 1], items[2 * count + 2] = shown.texts, ","
      count, size = count + 1, size + shown.size - SHOWN_BYTES
    end
  end
  items[2 * count] = nil
  return items, offset < #place.list and offset or nil
end

-- Where a list begins: its objects, the offset, the version of the snapshot; or an answer that refuses.
local function place_of(req, resource)
  local continue = req:arg("continue")
  if not continue then
    local list, version = snapshot(req, resource)
    return { list = list, offset = 0, version = version }
  end
  local list, offset, version = resume(continue)
  if not list then return nil, status(500, ('get continue token ("%s"): error decoding continue token'):format(continue)) end
  return { list = list, offset = offset, version = version, continued = true }
end

-- How many objects a page may have; nil for what is no number.
local function limit_of(req)
  local text = req:arg("limit") or "0"
  local limit = request.integer(text)
  if text:find("^%+") then limit = nil end
  return limit and (limit > 0 and limit or math.huge)
end

local function list_objects(req, resource)
  local partial = (req:header("accept") or ""):find("as=PartialObjectMetadataList", 1, true) ~= nil
  local limit = limit_of(req)
  if not limit then return status(400, ('strconv.ParseInt: parsing "%s": invalid syntax'):format(req:arg("limit")), "BadRequest") end
  local place, refused = place_of(req, resource)
  if not place then return refused end
  local items, more = page(req, resource, place, limit, texts_of(resource, partial))
  if more and not place.continued then keep(place.list, place.version) end
  local kind = partial and "PartialObjectMetadataList" or resource.kind .. "List"
  local version = partial and "meta.k8s.io/v1" or resource.group .. "/" .. req.params.version
  local continue = more and (',"continue":"%s"'):format(token(more, place.version)) or ""
  return answer.text(200, { ('{"kind":"%s","apiVersion":"%s","metadata":{"resourceVersion":"%.0f"%s},"items":['):format(kind, version, place.version,
    continue), items, "]}\n" })
end

local function show(req, resource, code, thing)
  return answer.text(code, { texts_of(resource)(resource, req.params.namespace, req.params.version, thing).texts, "\n" })
end

local function get_object(req, resource)
  local thing = req.org[resource.place][req.params.name]
  if not thing or access.level(req, thing) == 0 then return kube_status.missing(resource, req.params.name) end
  return show(req, resource, 200, thing)
end

local function not_acceptable(words) return status(406, words, "NotAcceptable") end

-- JSON is what there is, and lists may be of metadata only.
local function refuse_type(req)
  local accept = req:header("accept") or "*/*"
  local as = accept:match("as=(%a+)")
  if as and as ~= "PartialObjectMetadataList" then
    return not_acceptable("only the following media types are accepted: application/json, application/yaml")
  end
  if accept:find("application/json", 1, true) or accept:find("%*/%*") or accept:find("application/*", 1, true) then return nil end
  return not_acceptable("406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/json;stream=watch")
end

local function name_of(req) return req.user and req.user.login or req.account and req.account.name or "" end

local function is_member(req)
  return not req.user or req.server_admin or req.org.members[req.user.id] ~= nil
end

local VERBS = { GET = "list", POST = "create", PUT = "update", DELETE = "delete" }

local function invalid_org(req, resource)
  local words = '%s.%s is forbidden: User "%s" cannot %s resource "%s" in API group "%s" in the namespace "%s": invalid org'
  return status(403, words:format(resource.plural, resource.group, name_of(req), VERBS[req.method] or "get", resource.plural, resource.group,
    req.params.namespace), "Forbidden", { group = resource.group, kind = resource.plural })
end

-- The namespace must be an organisation of the asker's.
local function refuse_namespace(req, resource)
  if req.token and req.namespace_org == -1 then return invalid_org(req, resource) end
  if not req.org or req.org.id ~= req.namespace_org then return status(500, "namespace mismatch") end
  return not is_member(req) and invalid_org(req, resource) or nil
end

-- These programs get their JSON with spaces, unless they say otherwise.
local function wants_spaces(req)
  local asked = req:arg("pretty")
  if asked then return asked == "1" or asked == "true" end
  local agent = req:header("user-agent") or ""
  return agent:find("^curl") ~= nil or agent:find("^Wget") ~= nil or agent:find("^Mozilla/5%.0") ~= nil
end

local function laid_out(req, result)
  if wants_spaces(req) and result.type == answer.JSON then result.body = pretty(result.body) end
  return result
end

-- Wraps a handler: the version must be served, the namespace one of the asker's organisations, JSON welcome.
local function within(resource, handler)
  return function(req)
    local served = resource == FOLDERS and req.params.version == "v1beta1" or resource == DASHBOARDS and SERVED[req.params.version]
    local refused = not served and no_resource() or refuse_namespace(req, resource) or refuse_type(req)
    return laid_out(req, refused or handler(req, resource))
  end
end

-- Wraps what tells of groups and versions: roles without any right are not told.
local function telling(handler)
  return function(req)
    if req.role ~= "None" or req.server_admin then return laid_out(req, handler(req)) end
    local words = 'forbidden: User "%s" cannot get path "%s": Grafana org role (None) didn\'t allow get access on requested resource=, path=%s'
    return laid_out(req, status(403, words:format(name_of(req), req.path, req.path), "Forbidden", {}))
  end
end

local D = "/apis/dashboard.grafana.app/:version/namespaces/:namespace/dashboards"
local F = "/apis/folder.grafana.app/:version/namespaces/:namespace/folders"

kube.routes = {
  { "GET /apis", "signed-in", telling(list_groups) },
  { "GET /apis/:group", "signed-in", telling(get_group) },
  { "GET /apis/:group/:version", "signed-in", telling(list_resources) },
  { "GET " .. D, "signed-in", within(DASHBOARDS, list_objects) },
  { "GET " .. D .. "/:name", "signed-in", within(DASHBOARDS, get_object) },
  { "POST " .. D, "signed-in", within(DASHBOARDS, write.create.dashboards) },
  { "PUT " .. D .. "/:name", "signed-in", within(DASHBOARDS, write.replace.dashboards) },
  { "DELETE " .. D .. "/:name", "signed-in", within(DASHBOARDS, write.delete.dashboards) },
  { "GET " .. F, "signed-in", within(FOLDERS, list_objects) },
  { "GET " .. F .. "/:name", "signed-in", within(FOLDERS, get_object) },
  { "POST " .. F, "signed-in", within(FOLDERS, write.create.folders) },
  { "PUT " .. F .. "/:name", "signed-in", within(FOLDERS, write.replace.folders) },
  { "DELETE " .. F .. "/:name", "signed-in", within(FOLDERS, write.delete.folders) },
}
for _, row in ipairs(kube.routes) do row.only, row.there = "12.4.3", function() return state.settings.apis end end

-- For other resources, which have files of their own.
kube.status, kube.missing, kube.token, kube.name_of = kube_status.failure, kube_status.missing, token, name_of

--- Wraps a handler of a resource that is served in these versions.
function kube.serving(resource, versions, handler)
  return function(req)
    local refused = not versions[req.params.version] and no_resource() or refuse_namespace(req, resource) or refuse_type(req)
    return laid_out(req, refused or handler(req, resource))
  end
end

-- What is no route below /apis: of a group that is there, the part that speaks in kinds says so.
function kube.no_route(req, segments)
  return find_group(segments[2]) and laid_out(req, no_resource()) or plain_text(404, "404 page not found\n")
end

return kube
