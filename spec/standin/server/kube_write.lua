-- SPDX-License-Identifier: MIT
-- luacheck: std ngx_lua
-- What /apis does with objects that are sent to it: creates, replaces where the resource version still fits, deletes where the preconditions hold.

local json = require "server.json"
local state = require "server.state"
local answer = require "server.answer"
local access = require "server.access"
local dashboards = require "server.dashboards"
local folders = require "server.folders"
local object = require "server.kube_object"
local status = require "server.kube_status"
local v2 = require "server.kube_v2"

local kube_write = {}

-- Reading what is sent ----------------------------------------------------------------------------------------------------------------------

-- What the server says itself of an object, whoever sends it.
local OWN = { ["grafana.app/createdBy"] = true, ["grafana.app/updatedBy"] = true, ["grafana.app/updatedTimestamp"] = true,
  ["grafana.app/folder"] = true, ["grafana.app/message"] = true, ["grafana.app/grant-permissions"] = true,
  ["grafana.app/deprecatedInternalID"] = true }

-- The others, or nil.
local function extra(values)
  local found
  for key, value in pairs(json.is_object(values) and values or {}) do
    if not OWN[key] then
      found = found or {}
      found[key] = value
    end
  end
  return found
end

local LABEL = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
  .. "alphanumeric character"

local function is_name(text) return text:find("^[%w][%w._-]*$") ~= nil and text:find("[%w]$") ~= nil end

local function bad_label(labels)
  for key, value in pairs(labels or {}) do
    if not is_name((key:gsub("^[%l%d.-]+/", ""))) then return key, "name part must consist of alphanumeric characters, '-', '_' or '.'" end
    if value ~= "" and not is_name(value) then return value, LABEL end
  end
end

local function bad_annotation(notes)
  for key in pairs(notes or {}) do
    local prefix = key:match("^(.*)/")
    if prefix and not prefix:find("^[%l%d.-]+$") then
      return key, "prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'"
    end
  end
end

local function refuse_metadata(resource, target)
  for field, check in pairs { ["metadata.labels"] = bad_label, ["metadata.annotations"] = bad_annotation } do
    local value, words = check(field == "metadata.labels" and target.labels or target.notes)
    if value then return status.invalid(resource, target.uid, field, ('Invalid value: "%s": %s'):format(value, words)) end
  end
  return nil
end

local function unrecognized(resource)
  return status.failure(400, ("the object provided is unrecognized (must be of type %s): couldn't get version/kind; json parse error"):format(
    resource.kind), "BadRequest")
end

local function other_version(req, resource, body)
  local expected = resource.group .. "/" .. req.params.version
  if body.apiVersion == nil or body.apiVersion == expected then return nil end
  return status.failure(400, ("the API version in the data (%s) does not match the expected API version (%s)"):format(tostring(body.apiVersion),
    expected), "BadRequest")
end

local function text(value) return type(value) == "string" and value or nil end

-- The spec that is sent, and what it is sent for: uid, title, folder, …; or nil and an answer that refuses.
local function read(req, resource)
  local body = req:document()
  if not body or req.body == "" then return nil, unrecognized(resource) end
  local refused = other_version(req, resource, body)
  if refused then return nil, refused end
  local metadata = json.is_object(body.metadata) and body.metadata or {}
  local notes = json.is_object(metadata.annotations) and metadata.annotations or {}
  local name = text(metadata.name) or ""
  if name == "" then return nil, status.invalid(resource, "", "metadata.name", "Required value: name or generateName is required") end
  local spec = json.is_object(body.spec) and body.spec or {}
  local target = {
    uid = name, title = text(spec.title) or "", folder_uid = text(notes["grafana.app/folder"]) or "", message = notes["grafana.app/message"],
    as_sent = true, grants = notes["grafana.app/grant-permissions"] == "default", version = metadata.resourceVersion, identity = metadata.uid,
    notes = extra(notes), labels = extra(metadata.labels), shows_root = notes["grafana.app/folder"] == "",
  }
  return spec, refuse_metadata(resource, target), target
end

-- What a PUT must fit.
local function refuse_lock(req, resource, existing, target)
  if target.uid ~= req.params.name then
    return status.failure(400, ("the name of the object (%s) does not match the name on the URL (%s)"):format(target.uid, req.params.name), "BadRequest")
  end
  local version = (target.version or "") ~= "" and target.version or nil
  if not existing then return version and status.failure(500, "resourceVersion should not be set on objects to be created") or nil end
  if version and not version:find("^%d+$") then
    return status.failure(500, ('strconv.ParseUint: parsing "%s": invalid syntax'):format(version))
  end
  if target.identity and target.identity ~= existing.kube_uid then
    return status.failure(500, ("precondition failed: StorageError: invalid object, Code: 4, AdditionalErrorMsg: Precondition failed: UID in "
      .. "precondition: %s, UID in object meta: %s"):format(target.identity, existing.kube_uid))
  end
  if version and version ~= ("%.0f"):format(existing.resource_version) then return status.modified(resource, target.uid) end
  return nil
end

local function same(a, b) return json.encode(a or {}) == json.encode(b or {}) end

-- Sets what /apis alone knows; whether that has changed anything.
local function set_metadata(thing, target)
  local is_same = same(thing.notes, target.notes) and same(thing.labels, target.labels) and (thing.message or "") == (target.message or "")
  thing.notes, thing.labels, thing.message = target.notes, target.labels, target.message or ""
  return not is_same
end

local function show(req, resource, code, thing)
  local write = resource.plural == "folders" and object.folder or object.dashboard
  return answer.text(code, { write(resource, req.params.namespace, req.params.version, thing).texts, "\n" })
end

local function flat(body)
  if type(body) == "string" then return body end
  local texts = {}
  for index, part in ipairs(body) do texts[index] = flat(part) end
  return table.concat(texts)
end

-- The answer to a PUT that has changed nothing has no resource version.
local function show_unchanged(req, resource, thing)
  local result = show(req, resource, 200, thing)
  result.body = flat(result.body):gsub('"resourceVersion":"%d+",', "", 1)
  return result
end

-- Dashboards --------------------------------------------------------------------------------------------------------------------------------

-- What cannot be stored.
local function refuse_dashboard(target)
  local words
  if target.title == "" then words = "Dashboard title cannot be empty"
  elseif #target.uid > 40 then words = "uid too long, max 40 characters"
  elseif target.uid:find("[^%w_-]") then words = "uid contains illegal characters" end
  return words and status.failure(400, words, "BadRequest") or nil
end

local function refuse_folder(req, existing, target)
  if target.folder_uid == "" or req.org.folders[target.folder_uid] then return nil end
  if existing and existing.folder_uid ~= target.folder_uid then return status.failure(500, "access denied to folder") end
  return not existing and status.missing({ plural = "folders", group = "folder.grafana.app" }, target.folder_uid) or nil
end

-- The document that the old routes show of what is sent in a version. A v2 that cannot be converted is shown as it is; second, why.
local function old_document(version, spec, target)
  if version == "v0alpha1" then return spec end
  if version == "v1beta1" then
    object.migrate(spec)
    target.title = target.title ~= "" and target.title or spec.title
    return spec
  end
  local document, problem = v2.to_old(spec)
  return document or spec, problem
end

-- Remembers of the last write what only /apis knows: the version it is stored in, and what was sent of v2.
local function mark_stored(dashboard, version, spec, problem)
  local record = dashboard.versions[#dashboard.versions]
  for _, thing in ipairs { dashboard, record } do
    thing.stored, thing.by_kube, thing.broken = version, true, problem
    thing.stored_spec = version:find("^v2") and json.encode(spec) or nil
  end
  dashboard.kube_of = nil
end

local function may_write(req, existing, target)
  if existing and existing.folder_uid == target.folder_uid then return access.level(req, existing) >= access.EDIT end
  return dashboards.may_save(req, existing, target.folder_uid)
end

-- A dashboard that was stored in another version keeps the status that told of it.
local function stale_claim(existing, version)
  local was = existing and (existing.stored or "v0alpha1")
  return was and was ~= version and was or existing and existing.claims
end

-- Whether a dashboard is just what is sent: stored in that version, in that folder, the same document.
local function holds(existing, document, spec, version, target)
  if (existing.stored or "v0alpha1") ~= version or existing.folder_uid ~= target.folder_uid or version == "v1beta1" then return false end
  if version:find("^v2") then return existing.stored_spec == json.encode(spec) end
  return existing.title == target.title and existing.template == dashboards.to_template(document)
end

local function touch(req, thing)
  thing.resource_version = state.next_resource_version()
  state.touch(req.org)
end

local function save(req, existing, document, target, version, spec, problem)
  local claims = stale_claim(existing, version)
  local dashboard = dashboards.write(req, existing, document, target)
  mark_stored(dashboard, version, spec, problem)
  dashboard.claims, dashboard.updated_by = claims, "Anonymous"
  dashboard.shows_root = target.shows_root
  dashboard.created_by = existing and dashboard.created_by or "Anonymous"
  set_metadata(dashboard, target)
  local asked = target.grants and target.folder_uid == ""
  if not existing and not asked then dashboard.acl = {} end   -- unasked, or in a folder, /apis gives no permissions
  return dashboard
end

local function write_dashboard(req, resource, existing, spec, target)
  local version = req.params.version
  local document, problem = old_document(version, spec, target)
  local refused = refuse_dashboard(target) or refuse_folder(req, existing, target)
  if refused then return refused end
  if not may_write(req, existing, target) then return status.forbidden() end
  document.uid, document.id, document.version = nil, nil, nil
  if existing and holds(existing, document, spec, version, target) then
    if not set_metadata(existing, target) then return show_unchanged(req, resource, existing) end
    touch(req, existing)
    return show(req, resource, 200, existing)
  end
  return show(req, resource, existing and 200 or 201, save(req, existing, document, target, version, spec, problem))
end

local function create_dashboard(req, resource)
  local spec, refused, target = read(req, resource)
  if refused then return refused end
  if target.version and target.version ~= "" then
    return status.failure(500, "resourceVersion should not be set on objects to be created")
  end
  if req.org.dashboards[target.uid] then
    return status.failure(409, ('dashboards.dashboard.grafana.app "%s" already exists'):format(target.uid), "AlreadyExists",
      { name = target.uid, group = resource.group, kind = resource.plural })
  end
  return write_dashboard(req, resource, nil, spec, target)
end

local function replace_dashboard(req, resource)
  local spec, refused, target = read(req, resource)
  if refused then return refused end
  local existing = req.org.dashboards[target.uid]
  return refuse_lock(req, resource, existing, target) or write_dashboard(req, resource, existing, spec, target)
end

-- Folders -----------------------------------------------------------------------------------------------------------------------------------

-- The routes of before refuse in other words, and in another shape.
local function in_status(result)
  if result.status < 400 then return nil end
  local said = json.decode(result.body)
  return status.failure(result.status == 403 and 403 or result.status, result.status == 403 and "Access denied" or said.message)
end

local function create_folder(req, resource)
  local spec, refused, target = read(req, resource)
  if refused then return refused end
  local folder, no = folders.create_as(req, { title = target.title, uid = target.uid, parentUid = target.folder_uid, description = spec.description })
  if not folder then return in_status(no) end
  folder.by_kube = true
  set_metadata(folder, target)
  return show(req, resource, 201, folder)
end

local function move_and_rename(req, folder, spec, target)
  if folder.parent_uid ~= target.folder_uid then
    if target.folder_uid ~= "" and not req.org.folders[target.folder_uid] then
      return nil, status.failure(500, ('move target not found folders.folder.grafana.app "%s" not found'):format(target.folder_uid))
    end
    local circular = folders.is_circular(req.org, folder, target.folder_uid)
    if circular then return nil, status.failure(500, circular) end
  end
  local description = text(spec.description)
  local changed = folder.title ~= target.title or folder.parent_uid ~= target.folder_uid or (folder.description or "") ~= (description or "")
  if changed then folders.change(req, folder, target.title, description, target.folder_uid) end
  return changed
end

local function replace_folder(req, resource)
  local spec, refused, target = read(req, resource)
  if refused then return refused end
  local folder = req.org.folders[target.uid]
  refused = refuse_lock(req, resource, folder, target)
  if refused then return refused end
  if not folder then return create_folder(req, resource) end
  if access.level(req, folder) < access.EDIT then return status.forbidden() end
  target.title = target.title:match("^%s*(.-)%s*$")
  if target.title == "" then return status.failure(400, "folder title cannot be empty") end
  local changed, no = move_and_rename(req, folder, spec, target)
  if no then return no end
  local dressed = set_metadata(folder, target)
  if not changed and not dressed then return show_unchanged(req, resource, folder) end
  if not changed then touch(req, folder) end
  return show(req, resource, 200, folder)
end

-- Deleting ----------------------------------------------------------------------------------------------------------------------------------

local function refuse_precondition(req, resource, thing)
  local body = req.body ~= "" and req:document() or {}
  local wanted = json.is_object(body.preconditions) and body.preconditions or {}
  local version = ("%.0f"):format(thing.resource_version)
  if text(wanted.uid) and wanted.uid ~= thing.kube_uid then
    return status.not_that_one(resource, thing.uid, ("the UID in the precondition (%s) does not match the UID in record (%s). The object might "
      .. "have been deleted and then recreated"):format(wanted.uid, thing.kube_uid))
  end
  if text(wanted.resourceVersion) and wanted.resourceVersion ~= version then
    return status.not_that_one(resource, thing.uid, ("the ResourceVersion in the precondition (%s) does not match the ResourceVersion in record "
      .. "(%s). The object might have been modified"):format(wanted.resourceVersion, version))
  end
  return nil
end

local function deleted(resource, thing)
  return answer.ok { kind = "Status", apiVersion = "v1", metadata = {}, status = "Success",
    details = { name = thing.uid, group = resource.group, kind = resource.plural, uid = thing.kube_uid } }
end

local function delete_dashboard(req, resource)
  local existing = req.org.dashboards[req.params.name]
  if not existing then return status.missing(resource, req.params.name) end
  if access.level(req, existing) < access.EDIT then return status.forbidden() end
  local refused = refuse_precondition(req, resource, existing)
  if refused then return refused end
  dashboards.remove(req.org, existing)
  return deleted(resource, existing)
end

local function delete_folder(req, resource)
  local folder = req.org.folders[req.params.name]
  if not folder then return status.missing(resource, req.params.name) end
  local refused = refuse_precondition(req, resource, folder)
  if refused then return refused end
  if not folders.is_empty(req.org, folder) then
    return status.failure(400, "Folder cannot be deleted: folder is not empty", "BadRequest", { uid = "folder.not-empty" })
  end
  if access.level(req, folder) < access.EDIT then return status.forbidden() end
  folders.remove(req.org, folder)
  return deleted(resource, folder)
end

kube_write.create = { dashboards = create_dashboard, folders = create_folder }
kube_write.replace = { dashboards = replace_dashboard, folders = replace_folder }
kube_write.delete = { dashboards = delete_dashboard, folders = delete_folder }

return kube_write
