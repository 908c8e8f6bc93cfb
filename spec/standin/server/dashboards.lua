-- SPDX-License-Identifier: MIT
-- luacheck: std ngx_lua
-- Dashboards: saving, reading, versions. A document is kept as text with marks where its id, its version, its uid and its title belong:
-- reading one is splicing, and dashboards that differ in nothing else share their text. (json.pieces() says why no long text is made for each.)

local json = require "server.json"
local state = require "server.state"
local answer = require "server.answer"
local access = require "server.access"
local names = require "server.names"
local request = require "server.request"

local dashboards = {}

-- Control characters never stand in JSON text, so these marks cannot be mistaken.
local MARKS = { id = "\1", version = "\2", uid = "\3", title = "\4" }
local KEPT_VERSIONS = 20
local MAX_TITLE = 5000   -- bytes, whatever the message says; 9.3.2 was not asked

local function problem(code, message, status) return answer.message(code, message, { status = status }) end

local function not_found() return answer.failure(404, "Dashboard not found") end

local function author(req) return req.user and req.user.login or req.account and req.account.login or "" end

-- The stored text of a document.
local function to_template(document)
  local own = {}
  for key, mark in pairs(MARKS) do own[key], document[key] = document[key], json.raw(mark) end
  local text = json.encode(document)
  for key in pairs(MARKS) do document[key] = own[key] end
  return text
end

local function number_text(number) return ("%.0f"):format(number) end

-- What the marks stand for in one version of a dashboard.
local function values_of(dashboard, version)
  return { ["\1"] = number_text(dashboard.id), ["\2"] = number_text(version.version), ["\3"] = json.encode(dashboard.uid),
    ["\4"] = json.encode(version.title) }
end

local function fill(template, values) return (template:gsub("[\1-\4]", values)) end

local pieces_of = setmetatable({}, { __mode = "k" })

-- A template cut at its marks: texts and marks by turns.
local function pieces(template)
  local list = pieces_of[template]
  if list then return list end
  list = {}
  for text, mark in template:gmatch("([^\1-\4]*)([\1-\4]?)") do
    list[#list + 1] = text
    if mark ~= "" then list[#list + 1] = mark end
  end
  pieces_of[template] = list
  return list
end

-- The document as a list of texts.
local function splice(template, values)
  local parts = {}
  for index, piece in ipairs(pieces(template)) do parts[index] = values[piece] or piece end
  return parts
end

-- Keys are sorted: `uid` and `version` follow `id`, so a comma follows the first two.
local function without_id(template) return (template:gsub('"id":\1,', "", 1)) end

-- The template of the document as /apis has it: without id, uid and version. Only the title's mark is left.
function dashboards.spec(template)
  local text = without_id(template):gsub('"uid":\3,', "", 1)
  return (text:gsub('"version":\2,', "", 1):gsub(',?"version":\2', "", 1))
end

-- What a version tells of the document: 12.4.3 leaves the id out, but for a null sent at creation.
local function version_data(dashboard, version)
  local template, values = version.template, values_of(dashboard, version)
  if not state.v9 and version.null_id then values["\1"] = "null"
  elseif not state.v9 then template = without_id(template) end
  return fill(template, values)
end

local function set_title(dashboard, title)
  dashboard.title, dashboard.slug = title, names.slug(title)
  dashboard.url = "/d/" .. dashboard.uid .. "/" .. dashboard.slug
end

local function tags_of(document)
  local tags = {}
  if json.is_array(document.tags) then
    for _, tag in ipairs(document.tags) do
      if type(tag) == "string" then tags[#tags + 1] = tag end
    end
  end
  table.sort(tags)
  return json.array(tags)
end

-- Where an organisation's index of titles has a dashboard.
local function place(folder_uid, title) return folder_uid .. "\0" .. title end

function dashboards.find_by_title(org, folder_uid, title) return org.dashboard_by_place[place(folder_uid, title)] end

local function put(org, dashboard)
  org.dashboards[dashboard.uid], org.dashboard_by_id[dashboard.id] = dashboard, dashboard
  org.dashboard_by_place[place(dashboard.folder_uid, dashboard.title)] = dashboard
  state.touch(org)
end

-- Takes a dashboard out of its organisation: for good, or while its uid, title or folder change.
function dashboards.remove(org, dashboard)
  local key = place(dashboard.folder_uid, dashboard.title)
  org.dashboards[dashboard.uid], org.dashboard_by_id[dashboard.id] = nil, nil
  if org.dashboard_by_place[key] == dashboard then org.dashboard_by_place[key] = nil end
  state.touch(org)
end

-- Adds a version to a dashboard and makes it the current one.
local function add_version(req, dashboard, template, options)
  local parent = dashboard.version or 0
  dashboard.version = parent + 1
  local version = {
    id = state.v9 and state.next_id("version") or dashboard.version, version = dashboard.version, parent = parent, template = template,
    message = options.message or "", restored_from = options.restored_from or 0, created = state.time(), by = author(req),
    null_id = options.null_id, title = dashboard.title,
  }
  table.insert(dashboard.versions, version)
  if #dashboard.versions > KEPT_VERSIONS then table.remove(dashboard.versions, 1) end
  dashboard.template, dashboard.null_id = template, options.null_id
  if dashboard.stored ~= "v0alpha1" then dashboard.claims = dashboard.stored or dashboard.claims end
  dashboard.notes, dashboard.labels, dashboard.shows_root = nil, nil, nil   -- the old route drops them
  dashboard.stored, dashboard.stored_spec, dashboard.broken, dashboard.by_kube = nil, nil, nil, nil   -- set by /apis for what it writes itself
  dashboard.parts = splice(template, values_of(dashboard, version))
  dashboard.updated_identity = state.identity(req)
  dashboard.updated, dashboard.updated_by, dashboard.message = version.created, version.by, version.message
  version.written = state.next_resource_version()
  dashboard.resource_version, dashboard.restored = version.written, version.restored_from > 0
end

-- Makes a dashboard that is in no organisation yet.
local function new_dashboard(req, uid, folder_uid)
  return {
    id = state.next_object_id(), uid = uid, folder_uid = folder_uid, versions = {}, created = state.time(), created_by = author(req),
    acl = access.defaults(req, folder_uid == ""), kube_uid = state.uuid(), created_identity = state.identity(req),
  }
end

function dashboards.saved(req, dashboard)
  return answer.ok {
    folderUid = not state.v9 and dashboard.folder_uid or nil, id = dashboard.id, slug = dashboard.slug, status = "success", uid = dashboard.uid,
    url = req.prefix .. dashboard.url, version = dashboard.version,
  }
end

-- The folder a save names: its uid, "" for the root; nil when there is none such.
local function target_folder(org, body)
  if (body.folderUid or "") ~= "" then return org.folders[body.folderUid] and body.folderUid or nil end
  if (body.folderId or 0) > 0 then
    local folder = org.folder_by_id[body.folderId]
    return folder and folder.uid
  end
  return ""
end

local function refuse_document(fields)
  if (fields.title or ""):match("^%s*$") then return problem(400, "Dashboard title cannot be empty", "empty-name") end
  if #(fields.title or "") > MAX_TITLE and not state.v9 then
    return problem(400, "Dashboard title cannot contain more than 5 000 characters", "title-too-long")
  end
  if #(fields.uid or "") > 40 then return answer.message(400, "uid too long, max 40 characters") end
  if (fields.uid or ""):find("[^%w_-]") then return answer.message(400, "uid contains illegal characters") end
  return nil
end

local BAD_LABEL = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with "
  .. "an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

-- The dashboard that a save is about, by id or uid; or an answer that refuses.
local function find_existing(org, fields)
  local uid = (fields.uid or "") ~= "" and fields.uid or nil
  local by_uid = uid and org.dashboards[uid]
  if (fields.id or 0) < 0 and not state.v9 then
    local text = '%s.dashboard.grafana.app "%s" is invalid: metadata.labels: Invalid value: "%s": ' .. BAD_LABEL
    return nil, answer.message(422, text:format("Dashboard", uid or state.uuid(), number_text(fields.id)))
  end
  if (fields.id or 0) > 0 then
    local by_id = org.dashboard_by_id[fields.id]
    if not by_id and not by_uid then return nil, problem(404, "Dashboard not found", "not-found") end
    if by_id and uid and by_id.uid ~= uid then
      if by_uid then return nil, answer.message(400, "A dashboard with the same uid already exists") end
      return by_id
    end
    return by_id or by_uid
  end
  return by_uid
end

-- 9.3.2 holds titles in a folder apart: another dashboard of that title is a refusal, or with `overwrite` what is overwritten.
local function same_title(org, existing, folder_uid, fields, overwrite)
  if not state.v9 then return existing end
  local other = dashboards.find_by_title(org, folder_uid, fields.title)
  if not other or other == existing then return existing end
  if overwrite and not existing then return other end
  return nil, problem(412, "A dashboard with the same name in the folder already exists", "name-exists")
end

local MAX_ID = 2 ^ 63

-- 12.4.3's search cannot take in a dashboard with a panel whose id is a number but no integer of 64 bits: it never finds it.
local function has_strange_id(panels)
  for _, panel in ipairs(json.is_array(panels) and panels or {}) do
    local id = json.is_object(panel) and json.tonumber(panel.id)
    if id and (id ~= math.floor(id) or math.abs(id) >= MAX_ID) then return true end
    if json.is_object(panel) and has_strange_id(panel.panels) then return true end
  end
  return false
end

-- 12.4.3 makes no new version of what did not change.
local function unchanged(dashboard, template, target)
  return not state.v9 and not dashboard.null_id and dashboard.template == template and dashboard.title == target.title
    and dashboard.folder_uid == target.folder_uid
end

-- Saves a document: `target` tells uid, title, folder_uid, message and null_id, and whether the title stays `as_sent`. Returns the dashboard.
function dashboards.write(req, existing, document, target)
  if not state.v9 and not target.as_sent then
    target.title = target.title:match("^%s*(.-)%s*$")
    document.title = target.title
  end
  local template = to_template(document)
  if existing and unchanged(existing, template, target) and not existing.stored then return existing end
  local dashboard = existing or new_dashboard(req, target.uid, target.folder_uid)
  if existing then dashboards.remove(req.org, existing) end
  dashboard.uid, dashboard.folder_uid, dashboard.tags = target.uid, target.folder_uid, tags_of(document)
  dashboard.unfound = not state.v9 and has_strange_id(document.panels)
  set_title(dashboard, target.title)
  add_version(req, dashboard, template, target)
  put(req.org, dashboard)
  return dashboard
end

local function store(req, existing, document, fields, folder_uid, body)
  local uid = (fields.uid or "") ~= "" and fields.uid or existing and existing.uid or (state.v9 and state.short_uid() or state.uuid())
  return dashboards.saved(req, dashboards.write(req, existing, document, {
    uid = uid, title = fields.title, folder_uid = folder_uid, message = body.message, null_id = not existing and document.id == json.null,
  }))
end

local CREATE_OR_WRITE = "any of dashboards:create, dashboards:write"

local function may_save(req, existing, folder_uid)
  if existing and access.level(req, existing) < access.EDIT then return false end
  if existing and existing.folder_uid == folder_uid then return true end
  return access.may_create(req, folder_uid)
end
dashboards.may_save = may_save

local MAX_MESSAGE = 500
local BODY = { dashboard = "any", isFolder = "boolean", folderUid = "string", folderId = "integer", overwrite = "boolean", message = "string" }
local DOCUMENT = { id = "integer", uid = "string", title = "string", version = "integer" }

function dashboards.save(req)
  local body = req:bind(BODY)
  if not body or not body.dashboard then return answer.bad_request() end
  if body.isFolder and not state.v9 then return answer.failure(400, "Use folders endpoint for saving folders.") end
  local document = json.is_object(body.dashboard) and body.dashboard or {}
  local fields = request.fields(document, DOCUMENT, true)
  local folder_uid = target_folder(req.org, body)
  if not folder_uid then return answer.failure(400, state.v9 and "Folder not found" or "folder not found") end
  local refused = refuse_document(fields)
  if refused then return refused end
  if #(body.message or "") > MAX_MESSAGE and not state.v9 then return answer.failure(400, "message too long, max 500 characters") end
  local existing, conflict = find_existing(req.org, fields)
  if conflict then return conflict end
  if existing and not body.overwrite and (fields.version or 0) ~= existing.version then
    return problem(412, "The dashboard has been changed by someone else", "version-mismatch")
  end
  existing, conflict = same_title(req.org, existing, folder_uid, fields, body.overwrite)
  if conflict then return conflict end
  if not may_save(req, existing, folder_uid) then return answer.denied(CREATE_OR_WRITE) end
  return store(req, existing, document, fields, folder_uid, body)
end

-- Whether the asker may save anywhere at all, which Grafana asks before it looks at the body.
local function save_if_permitted(req)
  if req.org and (access.may_create(req, "")) then return dashboards.save(req) end
  for _, kind in ipairs { "folders", "dashboards" } do
    for _, object in pairs(req.org and req.org[kind] or {}) do
      if access.level(req, object) >= access.EDIT then return dashboards.save(req) end
    end
  end
  return answer.denied(CREATE_OR_WRITE)
end

local ALL = { canAdd = true, canEdit = true, canDelete = true }

local function meta(req, dashboard)
  local level, folder = access.level(req, dashboard), req.org.folders[dashboard.folder_uid]
  local edit = level >= access.EDIT
  local shown = {
    type = "db", canSave = edit, canEdit = edit, canAdmin = level >= access.ADMIN, canStar = true, canDelete = edit, slug = dashboard.slug,
    url = req.prefix .. dashboard.url, expires = "0001-01-01T00:00:00Z", created = dashboard.created, updated = dashboard.updated,
    updatedBy = dashboard.updated_by, createdBy = dashboard.created_by, version = dashboard.version, hasAcl = false, isFolder = false,
    folderId = folder and folder.id or 0, folderUid = folder and folder.uid or "", folderTitle = folder and folder.title or "General",
    folderUrl = folder and req.prefix .. folder.url or "", provisioned = false, provisionedExternalId = "",
    annotationsPermissions = { dashboard = ALL, organization = ALL },
  }
  if req.user and req.user.stars[dashboard] then shown.isStarred = true end
  if not state.v9 then
    shown.apiVersion = dashboard.broken and dashboard.stored or "v0alpha1"
    -- The names are looked up only when a dashboard has been changed.
    if dashboard.version == 1 then shown.createdBy, shown.updatedBy = "Anonymous", "Anonymous" end
    return shown
  end
  shown.hasPublicDashboard, shown.publicDashboardEnabled = false, false
  shown.publicDashboardAccessToken, shown.publicDashboardUid = "", ""
  return shown
end

-- The text of `meta` in pieces, kept for each level of permission until a save or anything else that touches the organisation.
local function meta_text(req, dashboard)
  if req.prefix ~= "" or not req.user or req.user.stars[dashboard] then return json.pieces(meta(req, dashboard)) end
  if dashboard.meta_of ~= req.org.generation then dashboard.meta, dashboard.meta_of = {}, req.org.generation end
  local level = access.level(req, dashboard)
  dashboard.meta[level] = dashboard.meta[level] or json.pieces(meta(req, dashboard))
  return dashboard.meta[level]
end

local function show(req, dashboard)
  return answer.text(200, { '{"meta":', meta_text(req, dashboard), ',"dashboard":', dashboard.parts, "}" })
end

-- Wraps a handler of one dashboard: finds it by uid or id and asks for the right to it. `missing` may say something special of none.
local function of_dashboard(level, permission, handler, missing)
  return function(req)
    local org = req.org
    local dashboard = org and (req.params.uid and org.dashboards[req.params.uid] or req.params.id and org.dashboard_by_id[req:id("id")])
    -- Who does not have the right to all dashboards is told so in the words of the layer before.
    if not dashboard and not state.v9 and req.role ~= "Admin" and missing ~= not_found then
      return answer.value(404, { message = "Dashboard not found", title = "Not found" }, answer.JSON_UTF8)
    end
    if not dashboard then return (missing or not_found)(req) end
    return access.refusal(req, dashboard, level, permission) or handler(req, dashboard)
  end
end

local function delete(req, dashboard)
  dashboards.remove(req.org, dashboard)
  local message = "Dashboard " .. dashboard.title .. " deleted"
  if state.v9 then return answer.ok { id = dashboard.id, message = message, title = dashboard.title } end
  return answer.ok { message = message, title = dashboard.title, uid = dashboard.uid }
end

-- Lists word the message of a first and of a restored version.
local function list_message(version)
  if version.restored_from > 0 then return "Restored from version " .. version.restored_from end
  if version.parent == 0 then return "Initial save" end
  return version.message
end

local function describe_version(dashboard, version, listed)
  local shown = {
    id = version.id, dashboardId = dashboard.id, parentVersion = version.parent, restoredFrom = version.restored_from,
    version = version.version, created = version.created, createdBy = version.by, message = listed and list_message(version) or version.message,
  }
  if state.v9 and listed then shown.dashboardUid = "" return shown end
  shown.uid, shown.data = dashboard.uid, json.raw(version_data(dashboard, version))
  if not listed and not state.v9 and version.parent == 0 then shown.createdBy = "Anonymous" end
  return shown
end

-- 12.4.3's token tells how many versions the page had and which was the last, by its number of the write; it does not know `start`.
local function continue_token(listed, version)
  return ngx.encode_base64(('{"o":%d,"v":%s,"s":false}'):format(listed, number_text(version.written)))
end

-- How many of the latest versions a list leaves out; nil for a token that is none.
local function first_version(req, versions)
  if state.v9 then return tonumber(req:arg("start") or "") or 0 end
  local token = req:arg("continueToken") or ""
  if token == "" then return 0 end
  local last = tonumber((ngx.decode_base64(token) or ""):match('^{"o":%d+,"v":(%d+),'))
  if not last then return nil end
  local count = 0
  for _, version in ipairs(versions) do count = count + (version.written >= last and 1 or 0) end
  return count
end

local function list_versions(req, dashboard)
  local versions, result = dashboard.versions, json.array {}
  local start, limit = first_version(req, versions), req:number("limit", 1000)
  if not start then return answer.message(404, "No versions found for dashboardId " .. number_text(dashboard.id)) end
  if limit < 0 then limit = #versions end
  local stop = math.min(start + limit, #versions)
  for skipped = start, stop - 1 do result[#result + 1] = describe_version(dashboard, versions[#versions - skipped], true) end
  if state.v9 then return answer.ok(result) end
  local more = #result > 0 and stop < #versions
  return answer.ok { continueToken = more and continue_token(#result, versions[#versions - stop + 1]) or "", versions = result }
end

local function find_version(dashboard, number)
  for _, version in ipairs(dashboard.versions) do
    if version.version == number then return version end
  end
  return nil
end

local function get_version(req, dashboard)
  local number = req:id("version")
  local version = find_version(dashboard, number)
  if version then return answer.ok(describe_version(dashboard, version)) end
  if not number and not state.v9 then return answer.failure(500, "Internal Server Error") end
  return answer.failure(500, ("Dashboard version %s not found for dashboardId %s"):format(req.params.version, number_text(dashboard.id)))
end

local function restore(req, dashboard)
  local body = req:bind { version = "integer" }
  if not body or (body.version or 0) == 0 then return answer.bad_request() end
  local version = find_version(dashboard, body.version)
  if not version then return answer.message(404, state.v9 and "Dashboard version not found" or "Dashboard not found") end
  if not state.v9 and version.template == dashboard.template and version.title == dashboard.title
    and version.null_id == dashboard.null_id then
    return answer.message(400, "Current dashboard is identical to the specified version")
  end
  local document = json.decode(version_data(dashboard, version))
  dashboards.remove(req.org, dashboard)
  dashboard.tags = tags_of(document)
  set_title(dashboard, document.title)
  add_version(req, dashboard, version.template, {
    message = "Restored from version " .. version.version, restored_from = version.version, null_id = version.null_id,
  })
  put(req.org, dashboard)
  return dashboards.saved(req, dashboard)
end

-- The body comes first. (12.4.3 answers with this or with `dashboards.dashboard.grafana.app "…" not found`, by chance.)
local function restore_missing(req)
  local body = req:bind { version = "integer" }
  if not body or (body.version or 0) == 0 then return answer.bad_request() end
  return not_found()
end

local function set_permissions(req, dashboard) return access.set(req, dashboard, "Dashboard permissions updated") end

local function star(value, message)
  return function(req, dashboard)
    if not req.user then return answer.bad_request() end
    req.user.stars[dashboard] = value
    return answer.message(200, message)
  end
end

local function home() return answer.ok { meta = { isHome = true, canSave = false }, dashboard = { title = "Home", panels = json.array {} } } end

-- Puts a finished document into an organisation; for seeding.
function dashboards.insert(org, uid, title, tags, template)
  local req = { user = state.users[1], org = org }
  local dashboard = new_dashboard(req, uid, "")
  dashboard.tags = tags
  set_title(dashboard, title)
  add_version(req, dashboard, template, {})
  put(org, dashboard)
end

dashboards.to_template = to_template

local VIEW, EDIT, ADMIN = access.VIEW, access.EDIT, access.ADMIN
local READ, WRITE = "dashboards:read", "dashboards:write"
local READ_ROWS, WRITE_ROWS = "dashboards.permissions:read", "dashboards.permissions:write"

dashboards.routes = {
  { "POST /api/dashboards/db", "signed-in", save_if_permitted },
  { "GET /api/dashboards/home", "signed-in", home },
  { "GET /api/dashboards/uid/:uid", READ, of_dashboard(VIEW, READ, show) },
  { "DELETE /api/dashboards/uid/:uid", "dashboards:delete", of_dashboard(EDIT, "dashboards:delete", delete) },
  { "GET /api/dashboards/uid/:uid/versions", WRITE, of_dashboard(EDIT, WRITE, list_versions) },
  { "GET /api/dashboards/uid/:uid/versions/:version", WRITE, of_dashboard(EDIT, WRITE, get_version) },
  { "POST /api/dashboards/uid/:uid/restore", WRITE, of_dashboard(EDIT, WRITE, restore, restore_missing) },
  { "GET /api/dashboards/uid/:uid/permissions", READ_ROWS, of_dashboard(ADMIN, READ_ROWS, access.show) },
  { "POST /api/dashboards/uid/:uid/permissions", WRITE_ROWS, of_dashboard(ADMIN, WRITE_ROWS, set_permissions) },
  { "GET /api/dashboards/id/:id/versions", WRITE, of_dashboard(EDIT, WRITE, list_versions), only = "9.3.2" },
  { "GET /api/dashboards/id/:id/versions/:version", WRITE, of_dashboard(EDIT, WRITE, get_version), only = "9.3.2" },
  { "POST /api/dashboards/id/:id/restore", WRITE, of_dashboard(EDIT, WRITE, restore), only = "9.3.2" },
  { "GET /api/dashboards/id/:id/permissions", READ_ROWS, of_dashboard(ADMIN, READ_ROWS, access.show), only = "9.3.2" },
  { "POST /api/dashboards/id/:id/permissions", WRITE_ROWS, of_dashboard(ADMIN, WRITE_ROWS, set_permissions), only = "9.3.2" },
  { "POST /api/user/stars/dashboard/:id", "signed-in", of_dashboard(VIEW, READ, star(true, "Dashboard starred!")), only = "9.3.2" },
  { "DELETE /api/user/stars/dashboard/:id", "signed-in", of_dashboard(VIEW, READ, star(nil, "Dashboard unstarred")), only = "9.3.2" },
  { "POST /api/user/stars/dashboard/uid/:uid", "signed-in", of_dashboard(VIEW, READ, star(true, "Dashboard starred!"), not_found) },
  { "DELETE /api/user/stars/dashboard/uid/:uid", "signed-in", of_dashboard(VIEW, READ, star(nil, "Dashboard unstarred"), not_found) },
}

return dashboards
