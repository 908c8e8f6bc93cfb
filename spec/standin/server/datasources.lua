-- SPDX-License-Identifier: MIT
-- Data sources, by id, uid and name. Their secrets are only ever shown as the names in secureJsonFields.

local json = require "server.json"
local state = require "server.state"
local answer = require "server.answer"
local permissions = require "server.datasource_permissions"

local datasources = {}

-- Types whose url an update may not leave empty.
local NEEDS_URL = {
  prometheus = true, graphite = true, influxdb = true, elasticsearch = true, loki = true, tempo = true, jaeger = true, zipkin = true,
  opentsdb = true, alertmanager = true,
}
local TYPE_NAMES = { prometheus = "Prometheus", postgres = "PostgreSQL", ["grafana-postgresql-datasource"] = "PostgreSQL", mysql = "MySQL",
  loki = "Loki", influxdb = "InfluxDB", elasticsearch = "Elasticsearch", graphite = "Graphite", tempo = "Tempo" }
-- What 12.4.3 calls a type, and the file of its logo where that has another name.
local NEW_TYPES = { postgres = "grafana-postgresql-datasource", testdata = "grafana-testdata-datasource", phlare = "grafana-pyroscope-datasource" }
local LOGOS = { ["grafana-postgresql-datasource"] = "postgresql", postgres = "postgresql" }

local function not_found() return answer.message(404, "Data source not found") end

local function logo(kind)
  if not state.v9 and not TYPE_NAMES[kind] and not NEEDS_URL[kind] then return "public/img/icn-datasource.svg" end
  local folder = state.v9 and "public/app/plugins/datasource/" or "public/plugins/"
  return folder .. kind .. "/img/" .. (LOGOS[kind] or kind) .. "_logo.svg"
end

local function secret_names(source)
  local fields = {}
  for name in pairs(source.secrets) do fields[name] = true end
  return fields
end

local function describe(source)
  return {
    id = source.id, uid = source.uid, orgId = source.org_id, name = source.name, type = source.type,
    typeLogoUrl = state.v9 and "" or logo(source.type), access = source.access, url = source.url, user = source.user,
    database = source.database, basicAuth = source.basicAuth, basicAuthUser = source.basicAuthUser, withCredentials = source.withCredentials,
    isDefault = source.isDefault, jsonData = source.jsonData, secureJsonFields = secret_names(source), version = source.version,
    readOnly = source.read_only or false, apiVersion = not state.v9 and "" or nil,
  }
end

-- Lists leave out versions, secrets and what belongs to basic authentication.
local function describe_listed(source)
  return {
    id = source.id, uid = source.uid, orgId = source.org_id, name = source.name, type = source.type,
    typeName = TYPE_NAMES[source.type] or source.type, typeLogoUrl = logo(source.type), access = source.access, url = source.url,
    user = source.user, database = source.database, basicAuth = source.basicAuth, isDefault = source.isDefault, jsonData = source.jsonData,
    readOnly = source.read_only or false,
  }
end

local function find(org, key, value)
  for _, source in pairs(org.datasources) do
    if source[key] == value then return source end
  end
  return nil
end

local function refuse_uid(uid)
  if state.v9 or (uid:find("^[%w_-]*$") and #uid <= 40) then return nil end
  return answer.coded(400, "datasource.uidInvalid", "Invalid datasource UID.")
end

local function assign(org, source, body)
  for _, name in ipairs { "name", "type", "access", "url", "user", "database", "basicAuthUser" } do source[name] = body[name] or "" end
  if not state.v9 then source.type = NEW_TYPES[source.type] or source.type end
  for _, name in ipairs { "basicAuth", "withCredentials", "isDefault" } do source[name] = body[name] or false end
  source.jsonData = body.jsonData or {}
  for name, value in pairs(body.secureJsonData or {}) do source.secrets[name] = value ~= "" and value or nil end   -- an empty one goes
  if source.isDefault then
    for _, other in pairs(org.datasources) do other.isDefault = other == source end
  end
end

-- 12.4.3 names a nameless source after its type.
local function free_name(org, kind)
  local name, number = kind, 1
  while find(org, "name", name) do
    name = kind .. "-" .. number
    number = number + 1
  end
  return name
end

local FIELDS = {
  name = "string", uid = "string", type = "string", access = "string", url = "string", user = "string", database = "string",
  basicAuth = "boolean", basicAuthUser = "string", withCredentials = "boolean", isDefault = "boolean", jsonData = "any",
  secureJsonData = "strings", version = "integer",
}

-- Reads the body. Settings keep their numbers digit by digit, on 12.4.3 too.
local function read(req)
  local body, sent = req:bind(FIELDS), json.decode(req.body or "")
  if body and json.is_object(sent) and json.is_object(sent.jsonData) then body.jsonData = sent.jsonData end
  return body
end

local function filled(text) return text ~= nil and text ~= "" end

local MAX_NAME = 190   -- 12.4.3 says so; 9.3.2 was not asked

-- Whether Go could parse this as a url, once it has a scheme.
local function valid_url(text)
  local rest = text:match("^[^:]*://(.*)$") or text
  local host = rest:match("^[^/?#]*"):gsub("^.*@", "")
  local scheme = text:match("^([^:]*)://")
  if scheme and not scheme:find("^%a[%w+.-]*$") or rest:gsub("%?.*$", ""):gsub("%%%x%x", ""):find("%", 1, true) then return false end
  if text:find("%c") or host:find("%", 1, true) or host:find("[%s<>\"\\^`{|}]") then return false end
  local port = host:match("^%[.*%](.*)$") or host:match(":[^:]*$") or ""
  return port == "" or port:find("^:%d*$") ~= nil
end

local function invalid_url() return answer.failure(400, "Validation error, invalid URL") end

local function create(req)
  local body = read(req)
  if not body or not filled(body.type) or not filled(body.access) then return answer.bad_request() end
  if not filled(body.name) then
    if state.v9 then return answer.bad_request() end
    body.name = free_name(req.org, body.type)
  end
  if filled(body.url) and not valid_url(body.url) then return invalid_url() end
  local refused = refuse_uid(body.uid or "")
  if refused then return refused end
  if #body.name > MAX_NAME and not state.v9 then return answer.coded(400, "datasource.nameInvalid", "Invalid datasource name.") end
  if find(req.org, "name", body.name) then return answer.failure(409, "data source with the same name already exists") end
  if filled(body.uid) and find(req.org, "uid", body.uid) then return answer.failure(409, "data source with the same uid already exists") end
  local source = { id = state.next_id("datasource"), uid = filled(body.uid) and body.uid or state.short_uid(), org_id = req.org.id, version = 1,
    secrets = {} }
  if not state.v9 and next(req.org.datasources) == nil then body.isDefault = true end
  req.org.datasources[source.id] = source
  assign(req.org, source, body)
  return answer.ok { datasource = describe(source), id = source.id, message = "Datasource added", name = source.name }
end

local function list(req)
  local found = {}
  for _, source in pairs(req.org.datasources) do
    if permissions.may_query(req, source) then found[#found + 1] = source end
  end
  table.sort(found, function(a, b) return a.name < b.name end)
  local result = json.array {}
  for index, source in ipairs(found) do result[index] = describe_listed(source) end
  return answer.ok(result)
end

local function source_of(req)
  if req.params.id then return req.org.datasources[req:id("id")] end
  if req.params.uid then return find(req.org, "uid", req.params.uid) end
  return find(req.org, "name", req.params.name)
end

-- Wraps a handler of one data source; `refuse` may say something of an id before it is looked for.
local function of_source(handler, refuse)
  return function(req)
    local refused = refuse and req.params.id and refuse(req:id("id"))
    if refused then return refused end
    local source = source_of(req)
    if not source then return not_found() end
    return handler(req, source)
  end
end

local function refuse_to_show(id) return id == 0 and answer.failure(400, "Datasource id is missing") or nil end
local function refuse_to_update(id) return id == 0 and answer.failure(500, "Failed to update datasource") or nil end
local function refuse_to_delete(id) return id <= 0 and answer.failure(400, "Missing valid datasource id") or nil end

local function refuse_update(req, source, body)
  if #body.name > MAX_NAME and not state.v9 then return answer.coded(400, "datasource.nameInvalid", "Invalid datasource name.") end
  local other = find(req.org, "name", body.name)
  if other and other ~= source then
    if state.v9 then return answer.failure(500, "Failed to update datasource") end
    return answer.failure(409, "Failed to update datasource: data source with the same name already exists")
  end
  if (body.version or 0) ~= 0 and body.version < source.version then   -- a higher one forces the update
    return answer.message(409, "Datasource has already been updated by someone else. Please reload and try again")
  end
  if not filled(body.uid) or body.uid == source.uid then return nil end
  -- 12.4.3 cannot change a uid: it looks for the new one.
  if not state.v9 or find(req.org, "uid", body.uid) then return answer.failure(500, "Failed to update datasource") end
  return nil
end

local function update_source(req, source, body)
  if source.read_only then return answer.message(403, "Cannot update read-only data source") end
  local refused = refuse_update(req, source, body)
  if refused then return refused end
  if filled(body.uid) then source.uid = body.uid end
  assign(req.org, source, body)
  source.version = (body.version or 0) + 1   -- so does Grafana: an update without a version makes it 1
  return answer.ok { datasource = describe(source), id = source.id, message = "Datasource updated", name = source.name }
end

-- The body is looked at before the data source is looked for.
local function update(req)
  local body = read(req)
  if not body or not filled(body.type) or not filled(body.access) or not filled(body.name) then return answer.bad_request() end
  if filled(body.url) and not valid_url(body.url) or not filled(body.url) and NEEDS_URL[body.type] then return invalid_url() end
  return of_source(function(_, source) return update_source(req, source, body) end, refuse_to_update)(req)
end

local function show(req, source)
  return permissions.may_query(req, source) and answer.ok(describe(source)) or answer.denied("datasources:read")
end

local function show_id(_, source) return answer.ok { id = source.id } end

local function remove(shows_id)
  return function(req, source)
    if source.read_only then return answer.message(403, "Cannot delete read-only data source") end
    req.org.datasources[source.id] = nil
    return answer.message(200, "Data source deleted", shows_id and { id = source.id } or nil)
  end
end

local function prometheus_health(source)
  local host, query = source.url:match("^%a+://([^/]+)") or source.url, '%s "%s/api/v1/query"'
  local by_get = json.is_object(source.jsonData) and source.jsonData.httpMethod == "GET"
  if by_get then query = '%s "%s/api/v1/query?query=1%%2B1&time=4"' end
  return answer.value(400, { status = "ERROR", message = (query .. ": dial tcp %s: connect: connection refused - "
    .. "There was an error returned querying the Prometheus API."):format(by_get and "Get" or "Post", source.url, host) })
end

-- Nothing listens where data sources point; 9.3.2 had no plugin that could say so. A source of test data is always well.
local function health(req)
  if req.params.uid and not state.v9 and not req.params.uid:find("^[%w_-]+$") then return answer.failure(400, "UID is invalid") end
  local source = source_of(req)
  if state.v9 then return source and answer.failure(404, "Not found") or not_found() end
  if not source then return answer.failure(500, "Unable to load datasource metadata") end
  if source.type == "grafana-testdata-datasource" then return answer.ok { status = "OK", message = "Data source is working" } end
  if source.type == "loki" then
    return answer.value(400, { status = "ERROR", message = "Unable to connect with Loki. Please check the server logs for more details." })
  end
  if not TYPE_NAMES[source.type] and not NEEDS_URL[source.type] then
    return answer.value(404, { statusCode = 404, messageId = "plugin.notRegistered", message = "Plugin not registered" })
  end
  return prometheus_health(source)
end

-- Makes one that is provisioned from a file.
function datasources.provision(org, uid)
  find(org, "uid", uid).read_only = true
  return true
end

local READ, WRITE, DELETE = "datasources:read", "datasources:write", "datasources:delete"

-- Routes by number are not there on every server.
local function by_number(path, permission, handler, only)
  return { path, permission, handler, only = only, there = function() return state.settings.numeric_datasources end }
end

datasources.routes = {
  { "GET /api/datasources", READ, list },
  { "POST /api/datasources", "datasources:create", create },
  by_number("GET /api/datasources/:id", READ, of_source(show, refuse_to_show)),
  { "GET /api/datasources/uid/:uid", READ, of_source(show) },
  { "GET /api/datasources/name/:name", READ, of_source(show) },
  { "GET /api/datasources/id/:name", "datasources.id:read", of_source(show_id) },
  { "GET /api/datasources/uid/:uid/health", "datasources:query", health },
  by_number("GET /api/datasources/:id/health", "datasources:query", health, "12.4.3"),
  by_number("PUT /api/datasources/:id", WRITE, update),
  { "PUT /api/datasources/uid/:uid", WRITE, update },
  by_number("DELETE /api/datasources/:id", DELETE, of_source(remove(false), refuse_to_delete)),
  { "DELETE /api/datasources/uid/:uid", DELETE, of_source(remove(true)) },
  { "DELETE /api/datasources/name/:name", DELETE, of_source(remove(true)) },
}

return datasources
