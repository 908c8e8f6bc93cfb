-- SPDX-License-Identifier: MIT
--- Data sources. Their secrets are known by name only: `secrets` names them, "url" among them where the url holds a
-- password, which the file form leaves out.
-- @module grafana.bulk.kinds.datasources

local core = require "grafana.core"
local objects = require "grafana.bulk.objects"
local outcome = require "grafana.bulk.outcome"
local pool = require "grafana.bulk.pool"
local types = require "grafana.bulk.datasource_types"

local ipairs, pairs, table, type = ipairs, pairs, table, type
local unpack = table.unpack or unpack   -- luacheck: ignore

local datasources = {
  name = "datasources",
  one = "data source",
  scope = "org",
  cannot_undo = {
    create = {"which data source was the default one, where a new one takes its place"},
    update = {
      "secrets of data sources that are replaced: Grafana never tells them",
      "which data source was the default one, where another takes its place and it is otherwise left alone",
    },
    delete = {"secrets of deleted data sources, which Grafana never tells, and their numeric ids"},
  },
}

function datasources.key(value) return value:get("uid") end

function datasources.title(value) return value:get("name") end

-- ------------------------------------------------------------------------------------------------- the file form --

local TEXTS = {"uid", "name", "type", "access", "url", "user", "database", "basicAuthUser"}
local FLAGS = {"basicAuth", "withCredentials", "isDefault"}

-- "https://ann:pass@host/x" in three: up to the user, the password, and from the "@" on. nil: no password.
local function split_url(url)
  local scheme, rest = url:match("^(%a[%w+.-]*://)(.*)$")
  if not scheme then scheme, rest = "", url end
  local authority, tail = rest:match("^([^/?#]*)(.*)$")
  local user, password, host = authority:match("^([^:@]*):(.*)(@[^@]*)$")
  if not password or password == "" then return nil end
  return scheme .. user, password, host .. tail
end

local function without_password(url)
  local head, _, tail = split_url(url)
  return head and head .. tail or url
end

-- Plain ones are those of servers that are older still.
local function secret_names(shown)
  local found, names = {}, {}
  for name, is_set in pairs(type(shown.secureJsonFields) == "table" and shown.secureJsonFields or {}) do
    if is_set == true then found[name] = true end
  end
  for _, name in ipairs {"password", "basicAuthPassword"} do
    if type(shown[name]) == "string" and shown[name] ~= "" then found[name] = true end
  end
  if split_url(shown.url or "") then found.url = true end
  for name in pairs(found) do names[#names + 1] = name end
  table.sort(names)
  return names[1] and core.array(names) or nil
end

-- As an answer shows it, with its version for a lock.
local function from_server(shown)
  local value = {secrets = secret_names(shown)}
  for _, name in ipairs(TEXTS) do value[name] = type(shown[name]) == "string" and shown[name] or "" end
  for _, name in ipairs(FLAGS) do value[name] = shown[name] == true end
  value.type = types.now(value.type)   -- a server from 12 on takes either name and keeps the new one
  value.url = without_password(value.url)
  value.jsonData = core.object(type(shown.jsonData) == "table" and shown.jsonData or {})
  if type(shown.apiVersion) == "string" and shown.apiVersion ~= "" then value.apiVersion = shown.apiVersion end
  local about = (value.isDefault or shown.readOnly == true) and {
    default = value.isDefault or nil, read_only = shown.readOnly == true or nil,
  } or nil
  return objects.new(datasources, value, shown.version, about)
end

-- --------------------------------------------------------------------------------------------------------- reading --

function datasources.read(at, key)
  local r = at.g:get_datasource(at.org, key)
  if r.ok then return from_server(r.datasource) end
  return nil, r.status ~= "not-found" and r or nil
end

-- The list lacks versions, users and names of secrets.
function datasources.list(at, out)
  local r = at.g:get_datasources(at.org)
  if not r.ok then return r end
  pool.each(at.g, r.datasources, function(listed)
    local object, why = datasources.read(at, listed.uid)
    if object then out.take(object) end
    if why then out.fail(listed.uid, listed.name, why) end
  end)
  return outcome.ok()
end

-- --------------------------------------------------------------------------------------------------------- writing --

local function encoded(password)
  return (password:gsub("[^%w%-._~!$&'()*+,;=]", function(c) return ("%%%02X"):format(c:byte()) end))
end

-- A url with the password that the caller gave: the whole url, or the password alone.
local function with_password(url, given)
  if given:find("://", 1, true) or split_url(given) and without_password(given) == url then return given end
  local head, tail = url:match("^(.-)(@.*)$")
  return head and head .. ":" .. encoded(given) .. tail or url
end

local function has_secret(object, name)
  for _, each in ipairs(object and object.secrets or {}) do
    if each == name then return true end
  end
  return false
end

-- The url that an existing one has, if its password fits into this one.
local function url_there(at, now, url)
  local r = at.g:get_datasource(at.org, now.key)
  local there = r.ok and r.datasource.url or ""
  return split_url(there) and without_password(there) == url and there or nil
end

-- The url with its password, given or there already; nil: nobody knows it.
local function whole_url(at, object, now, url)
  local given = has_secret(object, "url") and at:secret("datasources", object, "url")
  if given then return with_password(url, given) end
  return has_secret(now, "url") and url_there(at, now, url) or nil
end

-- Puts into `body` what the caller's function tells; what it does not tell, the server keeps.
-- Returns the names of those that the data source lacks then.
local function add_secrets(at, object, now, body)
  local missing, secure = {}, nil
  local url = whole_url(at, object, now, body.url)
  for _, name in ipairs(object.secrets or {}) do
    local given = name ~= "url" and at:secret("datasources", object, name) or nil
    if given then
      secure = secure or {}
      secure[name] = given
    elseif name == "url" and not url or name ~= "url" and not has_secret(now, name) then
      missing[#missing + 1] = name
    end
  end
  body.url, body.secureJsonData = url or body.url, secure and core.object(secure)
  return missing[1] and missing or nil
end

local function body_of(at, object)
  local body = object.doc:table()
  body.secrets = nil
  if at.server.major < 12 then body.type = types.before(body.type) end
  return body
end

local function read_only(object)
  local words = 'the data source "%s" is provisioned from a file on the server: it can be changed there only'
  return outcome.new("access-denied", words:format(object.title), "forbidden")
end

-- 12 tells a taken name by 409 too, 9 by a bare 500.
local function explain(at, r, body)
  local message = r.message or ""
  if r.code == 409 then
    r.reason = message:find("updated by someone else", 1, true) and "version-mismatch" or "name-exists"
  elseif r.code == 500 then
    local other = at.g:call("getDataSourceByName", {name = body.name}, {org = at.org})
    if other.ok and other.body.uid ~= body.uid then
      return outcome.new("already-exists", ('another data source is called "%s"'):format(body.name), "name-exists",
        {code = r.code, operation = r.operation})
    end
  end
  return r
end

local function put(at, body, version)
  body.version = version
  local r = at.g:call("updateDataSourceByUID", {uid = body.uid, body = body}, {org = at.org})
  if not r.ok then return explain(at, r, body) end
  return outcome.ok(), from_server(r.body.datasource)
end

-- 12 makes the first data source of an organisation the default one, whatever is asked.
local function create(at, body)
  local r = at.g:create_datasource(at.org, body)
  if not r.ok then return r end
  if r.datasource.isDefault == body.isDefault then return outcome.ok(), from_server(r.datasource) end
  body.secureJsonData = nil
  local changed, object = put(at, body, r.datasource.version)
  if not changed.ok then
    changed.message = ('"%s" was created, but it is the default data source: %s'):format(body.name,
      changed.message or changed.status)
  end
  return changed, object
end

--- As the contract says; `r.missing_secrets` names those that a data source lacks now.
function datasources.write(at, object, now)
  if now and now.about and now.about.read_only then return read_only(now) end
  local body = body_of(at, object)
  local missing = add_secrets(at, object, now, body)
  local r, after
  if now then r, after = put(at, body, now.lock) else r, after = create(at, body) end
  if r.ok then r.missing_secrets = missing end
  return r, after
end

function datasources.delete(at, now)
  if now.about and now.about.read_only then return read_only(now) end
  return at.g:delete_datasource(at.org, now.key)
end

function datasources.about(value)
  return value:get("isDefault") and {default = true} or nil
end

--- The same where a plan is taken back: what becomes the default one again comes after what ceases to be.
function datasources.undo_rank(value)
  return value:get("isDefault") and 1 or 0
end

--- The default one last: it takes that away from whichever was it.
function datasources.rank(about)
  return about and about.default and 1 or 0
end

-- ----------------------------------------------------------------------------------------------------- references --

-- Where settings of one data source name another: traces to logs, exemplars, derived fields, alertmanagers.
local NAMES_ANOTHER = {datasourceUid = true, alertmanagerUid = true}

function datasources.references(value, swap)
  local found = {}
  value:walk(function(path, item)
    if path[1] == "jsonData" and NAMES_ANOTHER[path[#path]] and type(item) == "string" then
      found[#found + 1] = {item, path}
    end
  end)
  for _, each in ipairs(found) do
    local other = swap("datasources", each[1])
    if other then value:set(other, unpack(each[2])) end
  end
  return value
end

return datasources
