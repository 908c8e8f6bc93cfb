-- SPDX-License-Identifier: MIT
-- What /apis shows of dashboards and folders: their texts, in the order of keys that Grafana writes (kind, apiVersion, metadata, spec, status).
-- A dashboard's is a list of texts, kept until the next save; those of one template share its text.

local json = require "server.json"
local state = require "server.state"
local dashboards = require "server.dashboards"
local v2 = require "server.kube_v2"

local object = {}

-- What the migration of v1beta1 adds where it is missing.
local DEFAULTS = {
  annotations = function()
    return { list = json.array { { builtIn = 1, datasource = { type = "grafana", uid = "-- Grafana --" }, enable = true, hide = true,
      iconColor = "rgba(0, 211, 255, 1)", name = "Annotations & Alerts", type = "dashboard" } } }
  end,
  editable = true, fiscalYearStartMonth = 0, graphTooltip = 0, links = json.array {}, panels = json.array {}, refresh = "",
  tags = json.array {}, templating = { list = json.array {} }, time = { from = "now-6h", to = "now" }, timepicker = {}, timezone = "",
  title = "No Title", weekStart = "",
}
local CURRENT_SCHEMA = 42
local STORED_FIRST = "v0alpha1"

local function drop_empty_targets(panels)
  for _, panel in ipairs(json.is_array(panels) and panels or {}) do
    if json.is_object(panel) then
      if json.is_array(panel.targets) and #panel.targets == 0 then panel.targets = nil end
      drop_empty_targets(panel.panels)
    end
  end
end

-- Brings a document into the newest schema, as v1beta1 shows and stores every dashboard.
function object.migrate(spec)
  for key, default in pairs(DEFAULTS) do
    if spec[key] == nil then spec[key] = type(default) == "function" and default() or default end
  end
  if json.is_object(spec.annotations) and json.is_array(spec.annotations.list) and #spec.annotations.list == 0 then
    spec.annotations = DEFAULTS.annotations()
  end
  if (json.tonumber(spec.schemaVersion) or 0) < CURRENT_SCHEMA then spec.schemaVersion = CURRENT_SCHEMA end
  drop_empty_targets(spec.panels)
  return spec
end

-- The text of a template's spec in an old version, with the title's mark left: a control character, a string while it is decoded.
local function written(template, version)
  local text = dashboards.spec(template)
  if version == STORED_FIRST then return text end
  return (json.encode(object.migrate(json.decode((text:gsub("\4", '"\\u0004"'))))):gsub('"\\u0004"', "\4"))
end

-- The same cut at the title.
local function pieces(template, version)
  local kept = state.kube_texts[version] or {}
  state.kube_texts[version] = kept
  if not kept[template] then kept[template] = { written(template, version):match("^([^\4]*)\4?(.*)$") } end
  return kept[template]
end

local function old_spec(dashboard, version)
  local found = pieces(dashboard.template, version)
  return { found[1], json.encode(dashboard.title), found[2] }
end

-- A dashboard's spec in a version, as texts: v2 as it was sent, or converted.
local function spec_of(dashboard, version)
  if not version:find("^v2") then return dashboard.broken and { "null" } or old_spec(dashboard, version) end
  if version == dashboard.stored then return { dashboard.stored_spec } end
  if dashboard.stored_spec then return { json.encode(v2.turn(json.decode(dashboard.stored_spec), version)) } end
  return { json.encode(v2.turn(v2.from_old(json.decode(table.concat(old_spec(dashboard, "v1beta1")))), version)) }
end

local function annotations_of(thing)
  local parent = thing.folder_uid or thing.parent_uid
  local notes = { ["grafana.app/createdBy"] = thing.created_identity, ["grafana.app/folder"] = (parent ~= "" or thing.shows_root) and parent or nil,
    ["grafana.app/message"] = (thing.message or "") ~= "" and thing.message or nil }
  for key, value in pairs(thing.notes or {}) do notes[key] = value end
  if thing.version > 1 then
    notes["grafana.app/updatedBy"], notes["grafana.app/updatedTimestamp"] = thing.updated_identity, thing.updated
  end
  return notes
end

-- The keys of a dashboard's template, in the notation of managed fields.
local function template_keys(template)
  local kept = state.kube_texts.keys or {}
  state.kube_texts.keys = kept
  if kept[template] then return kept[template] end
  local keys = {}
  for key in pairs(json.decode((template:gsub("[\1-\4]", "0")))) do keys[#keys + 1] = "f:" .. key end
  kept[template] = keys
  return keys
end

-- What the last write set.
local function written_fields(resource, thing)
  local spec = {}
  if resource.plural == "folders" then
    spec["f:description"], spec["f:title"] = {}, {}
  else
    for _, key in ipairs(template_keys(thing.template)) do spec[key] = {} end
    if not thing.null_id and not thing.restored then spec["f:id"] = nil end
  end
  local fields = { ["f:spec"] = spec }
  local notes = annotations_of(thing)
  if notes["grafana.app/folder"] then fields["f:metadata"] = { ["f:annotations"] = { ["."] = {}, ["f:grafana.app/folder"] = {} } }
  elseif notes["grafana.app/message"] then fields["f:metadata"] = { ["f:annotations"] = { ["f:grafana.app/message"] = {} } } end
  return fields
end

local function labels_of(thing)
  local labels = { ["grafana.app/deprecatedInternalID"] = ("%.0f"):format(thing.id) }
  for key, value in pairs(thing.labels or {}) do labels[key] = value end
  return labels
end

local function metadata_of(resource, namespace, thing)
  return json.pieces {
    name = thing.uid, namespace = namespace, uid = thing.kube_uid, resourceVersion = ("%.0f"):format(thing.resource_version),
    generation = thing.version, creationTimestamp = thing.created, annotations = annotations_of(thing),
    labels = labels_of(thing),
    managedFields = not thing.by_kube and json.array { { manager = "grafana", operation = "Update", apiVersion = resource.group .. "/" .. resource.stored,
      time = thing.updated, fieldsType = "FieldsV1", fieldsV1 = written_fields(resource, thing) } } or nil,
  }
end

-- Everything up to the spec, in pieces.
local function head_of(resource, namespace, version, thing)
  return { ('{"kind":"%s","apiVersion":"%s/%s","metadata":'):format(resource.kind, resource.group, version), metadata_of(resource, namespace, thing) }
end

local function told(stored) return ('{"conversion":{"failed":false,"storedVersion":"%s"}}'):format(stored) end

-- The status tells of a conversion where there was one; of one that failed, with all that is stored. In pieces. What was stored in another version
-- before keeps what was told of that.
local function status_of(resource, namespace, version, thing)
  local stored = thing.stored or STORED_FIRST
  if version == stored then return { thing.claims and told(thing.claims) or "{}" } end
  if not thing.broken or version:find("^v2") then return { told(stored) } end
  return { ('{"conversion":{"failed":true,"error":%s,"storedVersion":"%s","source":'):format(json.encode(thing.broken), stored),
    head_of(resource, namespace, stored, thing), ',"spec":', thing.stored_spec, "}}}" }
end

local function size_of(texts)
  if type(texts) == "string" then return #texts end
  local size = 0
  for _, text in ipairs(texts) do size = size + size_of(text) end
  return size
end

-- Texts, and lists of such, and how many bytes they are.
local function measured(texts) return { texts = texts, size = size_of(texts) } end

local function dashboard_texts(resource, namespace, version, dashboard)
  return measured { head_of(resource, namespace, version, dashboard), ',"spec":', spec_of(dashboard, version), ',"status":',
    status_of(resource, namespace, version, dashboard), "}" }
end

-- A folder: { texts, size }, the texts in order and their bytes.
function object.folder(resource, namespace, version, folder)
  return measured { head_of(resource, namespace, version, folder), ',"spec":', json.encode { title = folder.title, description = folder.description }, "}" }
end

-- The same of a dashboard, kept until it is saved again.
function object.dashboard(resource, namespace, version, dashboard)
  if dashboard.kube_of ~= dashboard.resource_version then dashboard.kube, dashboard.kube_of = {}, dashboard.resource_version end
  dashboard.kube[version] = dashboard.kube[version] or dashboard_texts(resource, namespace, version, dashboard)
  return dashboard.kube[version]
end

-- The same of metadata only.
function object.metadata(resource, namespace, _, thing)
  return measured { '{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":', metadata_of(resource, namespace, thing), "}" }
end

-- A dashboard as it was when `version` was the newest number of a write.
function object.as_of(thing, version)
  if thing.resource_version <= version then return thing end
  for index = #(thing.versions or {}), 1, -1 do
    local was = thing.versions[index]
    if was.written <= version then
      return setmetatable({ title = was.title, template = was.template, version = was.version, resource_version = was.written, message = was.message,
        updated = was.created, restored = was.restored_from > 0, null_id = was.null_id or false, stored = was.stored or false,
        stored_spec = was.stored_spec or false, broken = was.broken or false, kube = {}, kube_of = was.written }, { __index = thing })
    end
  end
  return thing
end

return object
