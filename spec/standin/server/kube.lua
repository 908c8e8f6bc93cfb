-- SPDX-License-Identifier: MIT
-- luacheck: std ngx_lua
-- 12.4.3's /apis: dashboards (v0alpha1 as stored, v1beta1 migrated, v2 converted) and folders, listed in pages that belong to one snapshot.

local json = require "server.json"
local state = require "server.state"
local answer = require "server.answer"
local access = require "server.access"
local dashboards = require "server.dashboards"
local v2 = require "server.kube_v2"

local kube = {}

-- A page ends after about so many bytes, whatever `limit` says.
local PAGE_BYTES = 2 * 1024 * 1024
local KEPT_SNAPSHOTS = 20

-- The groups that 12.4.3 tells of, the preferred version first; only dashboards and folders are served.
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

-- What the migration of v1beta1 adds where it is missing.
local DEFAULTS = {
  annotations = function()
    return { list = json.array { { builtIn = 1, datasource = { type = "grafana", uid = "-- Grafana --" }, enable = true, hide = true,
      iconColor = "rgba(0, 211, 255, 1)", name = "Annotations & Alerts", type = "dashboard" } } }
  end,
  editable = true, fiscalYearStartMonth = 0, graphTooltip = 0, links = json.array {}, panels = json.array {}, refresh = "",
  tags = json.array {}, templating = { list = json.array {} }, time = { from = "now-6h", to = "now" }, timepicker = {}, timezone = "",
  weekStart = "",
}
local CURRENT_SCHEMA = 42

local function status(code, message, reason, details)
  return answer.value(code, { kind = "Status", apiVersion = "v1", metadata = {}, status = "Failure", message = message, reason = reason,
    details = details, code = code })
end

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
  return row and answer.ok(described_group(row, false, req)) or no_resource()
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

local function missing(resource, name)
  return status(404, ('%s.%s "%s" not found'):format(resource.plural, resource.group, name), "NotFound",
    { name = name, group = resource.group, kind = resource.plural })
end

local function annotations_of(object)
  local parent = object.folder_uid or object.parent_uid
  local notes = { ["grafana.app/createdBy"] = object.created_identity, ["grafana.app/folder"] = parent ~= "" and parent or nil,
    ["grafana.app/message"] = (object.message or "") ~= "" and object.message or nil }
  if object.version > 1 then
    notes["grafana.app/updatedBy"], notes["grafana.app/updatedTimestamp"] = object.updated_identity, object.updated
  end
  return notes
end

local keys_of = setmetatable({}, { __mode = "k" })

-- The keys of a dashboard's template, in the notation of managed fields.
local function template_keys(template)
  if keys_of[template] then return keys_of[template] end
  local keys = {}
  for key in pairs(json.decode((template:gsub("[\1-\4]", "0")))) do keys[#keys + 1] = "f:" .. key end
  keys_of[template] = keys
  return keys
end

-- What the last write set.
local function written_fields(resource, object)
  local spec = {}
  if resource == FOLDERS then
    spec["f:description"], spec["f:title"] = {}, {}
  else
    for _, key in ipairs(template_keys(object.template)) do spec[key] = {} end
    if not object.null_id and not object.restored then spec["f:id"] = nil end
  end
  local fields = { ["f:spec"] = spec }
  local notes = annotations_of(object)
  if notes["grafana.app/folder"] then fields["f:metadata"] = { ["f:annotations"] = { ["."] = {}, ["f:grafana.app/folder"] = {} } }
  elseif notes["grafana.app/message"] then fields["f:metadata"] = { ["f:annotations"] = { ["f:grafana.app/message"] = {} } } end
  return fields
end

local function metadata_of(resource, namespace, object)
  return {
    name = object.uid, namespace = namespace, uid = object.kube_uid, resourceVersion = ("%.0f"):format(object.resource_version),
    generation = object.version, creationTimestamp = object.created, annotations = annotations_of(object),
    labels = { ["grafana.app/deprecatedInternalID"] = ("%.0f"):format(object.id) },
    managedFields = not object.by_kube and json.array { { manager = "grafana", operation = "Update", apiVersion = resource.group .. "/" .. resource.stored,
      time = object.updated, fieldsType = "FieldsV1", fieldsV1 = written_fields(resource, object) } } or nil,
  }
end

local function drop_empty_targets(panels)
  for _, panel in ipairs(json.is_array(panels) and panels or {}) do
    if json.is_object(panel) then
      if json.is_array(panel.targets) and #panel.targets == 0 then panel.targets = nil end
      drop_empty_targets(panel.panels)
    end
  end
end

local migrated_of = setmetatable({}, { __mode = "k" })

-- v1beta1 shows every dashboard in the newest schema. The title's mark, a control character, is a string meanwhile.
local function migrated(template)
  if migrated_of[template] then return migrated_of[template] end
  local spec = json.decode((dashboards.spec(template):gsub("\4", '"\\u0004"')))
  for key, default in pairs(DEFAULTS) do
    if spec[key] == nil then spec[key] = type(default) == "function" and default() or default end
  end
  if json.is_object(spec.annotations) and json.is_array(spec.annotations.list) and #spec.annotations.list == 0 then
    spec.annotations = DEFAULTS.annotations()
  end
  if (json.tonumber(spec.schemaVersion) or 0) < CURRENT_SCHEMA then spec.schemaVersion = CURRENT_SCHEMA end
  drop_empty_targets(spec.panels)
  migrated_of[template] = json.encode(spec):gsub('"\\u0004"', "\4")
  return migrated_of[template]
end

-- The text of a dashboard's spec; `template` has one mark left, for the title.
local function spec_text(dashboard, template)
  local title = json.encode(dashboard.title)
  return (template:gsub("\4", function() return title end))
end

-- A dashboard's spec in a version; v2 either as it was sent or converted.
local function spec_of(dashboard, version)
  if version == "v0alpha1" then return spec_text(dashboard, dashboards.spec(dashboard.template)) end
  if version == "v1beta1" then return spec_text(dashboard, migrated(dashboard.template)) end
  return dashboard.v2 or json.encode(v2.from_old(json.decode(spec_text(dashboard, migrated(dashboard.template)))))
end

-- The status tells of a conversion where there was one.
local function status_of(dashboard, version)
  local stored = dashboard.v2 and "v2beta1" or "v0alpha1"
  if version == stored then return {} end
  return { conversion = { failed = false, storedVersion = stored } }
end

-- The JSON text of one object, in the version asked for.
local function object_text(req, resource, object)
  local version = req.params.version
  local shown = { kind = resource.kind, apiVersion = resource.group .. "/" .. version, metadata = metadata_of(resource, req.params.namespace, object) }
  if resource == FOLDERS then
    shown.spec = { title = object.title, description = "" }
  else
    shown.spec, shown.status = json.raw(spec_of(object, version)), status_of(object, version)
  end
  return json.encode(shown)
end

local function metadata_text(req, resource, object)
  return json.encode { kind = "PartialObjectMetadata", apiVersion = "meta.k8s.io/v1", metadata = metadata_of(resource, req.params.namespace, object) }
end

-- All that the asker may see, by uid.
local function snapshot(req, resource)
  local list = {}
  for _, object in pairs(req.org[resource.place]) do
    if access.level(req, object) > 0 then list[#list + 1] = object end
  end
  table.sort(list, function(a, b) return a.uid < b.uid end)
  return list
end

-- Keeps a list that has further pages; the oldest gives way.
local function keep(list, version)
  local kept = state.continuations
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

local function latest_version(list)
  local version = state.resource_version
  for _, object in ipairs(list) do version = math.max(version, object.resource_version) end
  return version + 1
end

-- One page of texts from `offset` on; returns them and the offset of the next page, if there is one.
local function page(req, resource, list, offset, write)
  local limit, items, size = req:number("limit", math.huge), {}, 0
  while offset < #list and #items < limit and size < PAGE_BYTES do
    offset = offset + 1
    items[#items + 1] = write(req, resource, list[offset])
    size = size + #items[#items]
  end
  return items, offset < #list and offset or nil
end

local function list_objects(req, resource)
  local partial = (req:header("accept") or ""):find("as=PartialObjectMetadataList", 1, true) ~= nil
  local continue = req:arg("continue")
  local list, offset, version
  if continue then
    list, offset, version = resume(continue)
    if not list then return status(500, ('get continue token ("%s"): error decoding continue token'):format(continue)) end
  else
    list, offset = snapshot(req, resource), 0
    version = latest_version(list)
  end
  local items, more = page(req, resource, list, offset, partial and metadata_text or object_text)
  if more and not continue then keep(list, version) end
  local head = {
    kind = partial and "PartialObjectMetadataList" or resource.kind .. "List",
    apiVersion = partial and "meta.k8s.io/v1" or resource.group .. "/" .. req.params.version,
    metadata = { resourceVersion = ("%.0f"):format(version), continue = more and token(more, version) or nil },
    items = json.raw("[" .. table.concat(items, ",") .. "]"),
  }
  return answer.ok(head)
end

local function show(req, resource, code, object) return answer.text(code, object_text(req, resource, object)) end

local function get_object(req, resource)
  local object = req.org[resource.place][req.params.name]
  if not object or access.level(req, object) == 0 then return missing(resource, req.params.name) end
  return show(req, resource, 200, object)
end

local function forbidden(name)
  return status(403, ('dashboards.dashboard.grafana.app "%s" is forbidden: User cannot write'):format(name), "Forbidden",
    { name = name, group = "dashboard.grafana.app", kind = "dashboards" })
end

-- Reads a sent object; nil when it is none.
local function read_object(req)
  local body = req:document()
  if not body or not json.is_object(body.spec) or not json.is_object(body.metadata) then return nil end
  local notes = json.is_object(body.metadata.annotations) and body.metadata.annotations or {}
  local spec, name = body.spec, body.metadata.name
  return spec, {
    uid = type(name) == "string" and name ~= "" and name or state.uuid(), title = type(spec.title) == "string" and spec.title or "",
    folder_uid = notes["grafana.app/folder"] or "", message = notes["grafana.app/message"],
    grants = notes["grafana.app/grant-permissions"] == "default", version = body.metadata.resourceVersion,
  }
end

local function write_object(req, resource, existing, spec, target)
  if not dashboards.may_save(req, existing, target.folder_uid) then return forbidden(target.uid) end
  local is_v2 = req.params.version:find("^v2") ~= nil
  local dashboard = dashboards.write(req, existing, is_v2 and v2.to_old(spec) or spec, target)
  dashboard.v2, dashboard.by_kube = is_v2 and json.encode(spec) or nil, true
  dashboard.updated_by = "Anonymous"
  dashboard.created_by = existing and dashboard.created_by or "Anonymous"
  local asked = target.grants and target.folder_uid == ""
  if not existing and not asked then dashboard.acl = {} end   -- unasked, or in a folder, /apis gives no permissions
  return show(req, resource, existing and 200 or 201, dashboard)
end

local function create_object(req, resource)
  local spec, target = read_object(req)
  if not spec then return status(400, "the object provided is unrecognized", "BadRequest") end
  if req.org.dashboards[target.uid] then
    return status(409, ('dashboards.dashboard.grafana.app "%s" already exists'):format(target.uid), "AlreadyExists",
      { name = target.uid, group = resource.group, kind = resource.plural })
  end
  return write_object(req, resource, nil, spec, target)
end

local function update_object(req, resource)
  local spec, target = read_object(req)
  if not spec then return status(400, "the object provided is unrecognized", "BadRequest") end
  target.uid = req.params.name
  local existing = req.org.dashboards[target.uid]
  if not existing then return missing(resource, target.uid) end
  if target.version and target.version ~= ("%.0f"):format(existing.resource_version) then
    return status(409, ('Operation cannot be fulfilled on dashboards.dashboard.grafana.app "%s": the object has been modified; please apply '
      .. "your changes to the latest version and try again"):format(target.uid), "Conflict",
      { name = target.uid, group = resource.group, kind = resource.plural })
  end
  return write_object(req, resource, existing, spec, target)
end

local function delete_object(req, resource)
  local existing = req.org.dashboards[req.params.name]
  if not existing then return missing(resource, req.params.name) end
  if access.level(req, existing) < access.EDIT then return forbidden(existing.uid) end
  dashboards.remove(req.org, existing)
  return answer.ok { kind = "Status", apiVersion = "v1", metadata = {}, status = "Success",
    details = { name = existing.uid, group = resource.group, kind = resource.plural, uid = existing.kube_uid } }
end

-- Wraps a handler: the version must be served, the namespace must be the asker's organisation.
local function within(resource, handler)
  return function(req)
    local served = resource == FOLDERS and req.params.version == "v1beta1" or resource == DASHBOARDS and SERVED[req.params.version]
    if not served then return no_resource() end
    if not req.org or req.org.id ~= req.namespace_org then return status(500, "namespace mismatch") end
    return handler(req, resource)
  end
end

local D = "/apis/dashboard.grafana.app/:version/namespaces/:namespace/dashboards"
local F = "/apis/folder.grafana.app/:version/namespaces/:namespace/folders"

kube.routes = {
  { "GET /apis", "signed-in", list_groups },
  { "GET /apis/:group", "signed-in", get_group },
  { "GET /apis/:group/:version", "signed-in", list_resources },
  { "GET " .. D, "signed-in", within(DASHBOARDS, list_objects) },
  { "GET " .. D .. "/:name", "signed-in", within(DASHBOARDS, get_object) },
  { "POST " .. D, "signed-in", within(DASHBOARDS, create_object) },
  { "PUT " .. D .. "/:name", "signed-in", within(DASHBOARDS, update_object) },
  { "DELETE " .. D .. "/:name", "signed-in", within(DASHBOARDS, delete_object) },
  { "GET " .. F, "signed-in", within(FOLDERS, list_objects) },
  { "GET " .. F .. "/:name", "signed-in", within(FOLDERS, get_object) },
}
for _, row in ipairs(kube.routes) do row.only, row.there = "12.4.3", function() return state.settings.apis end end

return kube
