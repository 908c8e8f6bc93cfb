-- SPDX-License-Identifier: MIT
--- Where objects are: a server, and one organisation of it; with the names that stand for ids there.
-- @module grafana.bulk.place

local core = require "grafana.core"
local outcome = require "grafana.bulk.outcome"

local error, ipairs, rawget, setmetatable, table = error, ipairs, rawget, setmetatable, table
local tonumber, tostring, type = tonumber, tostring, type

local place = {}

local methods = {}
local metatable = {__index = methods, __name = "grafana.place"}

-- --------------------------------------------------------------------------------------------------- the server --

-- Only a server that lists dashboards below /apis is asked there; who may not look is not told. That nobody answered
-- says nothing: by the old routes dashboards of the second schema would become the first. Then nil and a result.
local function find_apis(g, major)
  if major < 12 then return false end
  local r = g:request("GET", "/apis/dashboard.grafana.app")
  if not outcome.is_answer(r) then return nil, r end
  return r.ok and type(r.body) == "table" and core.get(r.body, "kind") == "APIGroup"
end

-- The account's login and whether it is a server admin; or the result that says that it is not known.
local function find_account(g)
  local r = g:get_current_user()
  if not outcome.is_answer(r) then return nil, false, r end
  if not r.ok then return nil, false end
  return r.user.login:lower(), r.user.isGrafanaAdmin == true
end

--- What a job knows of a server: `g`, `version`, `major`, `has_apis`, `login`, `is_admin`.
-- @return the server, or nil and the result that says why not
function place.server(g)
  local r = g:version()
  if not r.ok then return nil, r end
  local major = tonumber(r.version:match("^%d+")) or 0
  local login, is_admin, unknown = find_account(g)
  if unknown then return nil, unknown end
  local has_apis
  has_apis, unknown = find_apis(g, major)
  if unknown then return nil, unknown end
  return {g = g, version = r.version, major = major, has_apis = has_apis, login = login, is_admin = is_admin}
end

--- The server itself, or one of its organisations.
-- @tab server
-- @tab[opt] org `{id, name}`
-- @tab[opt] options those of the job
function place.new(server, org, options)
  return setmetatable({
    server = server, g = server.g, org = org and org.id, org_name = org and org.name, options = options or {},
    _names = {}, given = {},
  }, metatable)
end

-- ------------------------------------------------------------------------------------------- organisations --

local function is_org(org)
  return type(org) == "table" and type(org.id or org.orgId) == "number" and type(org.name) == "string"
end

-- The organisations that the account can name: all of them for a server admin, else its own.
local function list_orgs(server)
  local r = server.is_admin and server.g:get_orgs() or server.g:get_current_user_orgs()
  if not outcome.is_answer(r) then return nil, r end
  if not r.ok or #r.orgs == 0 then   -- a token belongs to one organisation, and is asked in vain for a list
    r = server.g:get_current_org()
    if not r.ok then return nil, r end
    return {{id = r.org.id, name = r.org.name}}
  end
  local list = {}
  for i, org in ipairs(r.orgs) do
    if not is_org(org) then
      return nil, outcome.new("error", "what the server has answered is no list of organisations", "not-grafana")
    end
    list[i] = {id = org.id or org.orgId, name = org.name}
  end
  return list
end

--- The organisations that the account can name, `{id, name}`, in order of ids.
-- @return the array, or nil and the result that says why not
function place.orgs(server)
  local list, r = list_orgs(server)
  if not list then return nil, r end
  table.sort(list, function(a, b) return a.id < b.id end)
  return list
end

local function find_own(server)
  local r = server.g:get_current_org()
  if not r.ok then return nil, r end
  return r.org
end

--- Find an organisation.
-- @tab server
-- @param org an id, a name, `grafana.own`, or nil for that of the client (else the credentials' own)
-- @return `{id, name}`, or nil and the result that says why not
function place.find_org(server, org)
  if org == nil then org = rawget(server.g, "_org") or core.own end
  if org == core.own then return find_own(server) end
  local list, r = place.orgs(server)
  if not list then return nil, r end
  for _, each in ipairs(list) do
    if each.name == org or each.id == org or tostring(each.id) == tostring(org) and type(org) ~= "string" then
      return each
    end
  end
  return nil, outcome.new("not-found", ("there is no organisation '%s' that this account can enter"):format(
    tostring(org)), "org-not-found")
end

--- One organisation of a server.
-- @param org as for `find_org`
-- @return the place, or nil and the result that says why not
function place.find(server, org, options)
  local found, r = place.find_org(server, org)
  if not found then return nil, r end
  return place.new(server, found, options)
end

local places_mt = {}
places_mt.__index = places_mt

--- The places of a server, each made when it is first asked for.
function place.places(server, options)
  return setmetatable({server = server, options = options, known = {}, all = false}, places_mt)
end

--- The server itself.
function places_mt:whole()
  self.all = self.all or place.new(self.server, nil, self.options)
  return self.all
end

--- The organisation of that name.
-- @return the place, or nil and the result that says why not
function places_mt:of(name)
  local at, r = self.known[name], nil
  if not at then
    at, r = place.find(self.server, name, self.options)
    self.known[name] = at
  end
  return at, r
end

-- ---------------------------------------------------------------------------------------------------- names, ids --

-- Of one kind of things: `by_id` and `by_name`.
local function index(list, id, name)
  local found = {by_id = {}, by_name = {}}
  for _, each in ipairs(list or {}) do
    found.by_id[each[id]], found.by_name[each[name]] = each[name], each[id]
  end
  return found
end

local READERS = {}

-- Members; then, for a server admin, everybody. Logins are in small letters, as 12 keeps them.
function READERS.users(at)
  local members = at.org and at.g:get_org_users(at.org) or {}
  local all = at.server.is_admin and at.g:get_users() or {}
  local found = {by_id = {}, by_name = {}}
  for _, list in ipairs {members.users or {}, all.users or {}} do
    for _, user in ipairs(list) do
      local id, login = user.userId or user.id, user.login:lower()
      found.by_id[id], found.by_name[login] = login, id
    end
  end
  return found
end

function READERS.teams(at)
  return index(at.g:get_teams(at.org).teams, "id", "name")
end

function READERS.service_accounts(at)
  return index(at.g:get_service_accounts(at.org).service_accounts, "id", "name")
end

function READERS.folders(at)
  return index(at.g:search(at.org, {type = "dash-folder"}).hits, "uid", "title")
end

local function names_of(at, kind)
  local found = at._names[kind]
  if not found then
    found = READERS[kind](at)
    at._names[kind] = found
  end
  return found
end

-- A name that is not known is looked for once more: it may be new.
local function id_of(at, kind, name)
  local found = names_of(at, kind)
  if found.by_name[name] ~= nil or found.missed and found.missed[name] then return found.by_name[name] end
  local fresh = READERS[kind](at)
  fresh.missed = found.missed or {}
  fresh.missed[name] = fresh.by_name[name] == nil or nil
  at._names[kind] = fresh
  return fresh.by_name[name]
end

--- The id of the user with a login; nil where this account sees none.
function methods:user_id(login) return id_of(self, "users", login:lower()) end

--- The id of a team of the organisation.
function methods:team_id(name) return id_of(self, "teams", name) end

--- Service accounts of the organisation, by name.
function methods:service_account_name(id) return names_of(self, "service_accounts").by_id[id] end
function methods:service_account_id(name) return id_of(self, "service_accounts", name) end

--- The title of a folder.
function methods:folder_title(uid) return names_of(self, "folders").by_id[uid] end

--- What is remembered of such names is read again when it is needed.
-- @string kind `users`, `teams`, `service_accounts`, `folders` or `dashboards`
function methods:forget(kind)
  self._names[kind] = nil
  if kind == "dashboards" then self.known_dashboards = nil end
end

--- All dashboards of the organisation: `{uid, title, folderUid}`, in the order of the search.
-- @return the array, or nil and the result that says why not
function methods:dashboards()
  if not self.known_dashboards then
    local r = self.g:search(self.org, {type = "dash-db"})
    if not r.ok then return nil, r end
    local list = {}
    for i, hit in ipairs(r.hits) do list[i] = {uid = hit.uid, title = hit.title, folderUid = hit.folderUid} end
    self.known_dashboards = list
  end
  return self.known_dashboards
end

-- What was given for an object, until its change has ended: a server may repeat it when it refuses.
local function note_given(at, kind, key, value)
  local id = kind .. "\0" .. key
  at.given[id] = at.given[id] or {}
  table.insert(at.given[id], value)
end

local HIDDEN = "********"

local function without(text, secret)
  local head, tail = text:find(secret, 1, true)
  if not head then return text end
  return text:sub(1, head - 1) .. HIDDEN .. without(text:sub(tail + 1), secret)
end

--- A message about an object without the secrets that were given for it, which are forgotten.
function methods:hide(kind, key, message)
  local id = kind .. "\0" .. key
  for _, secret in ipairs(message and self.given[id] or {}) do
    if secret ~= "" then message = without(message, secret) end
  end
  self.given[id] = nil
  return message
end

--- A secret of an object, from the function that the caller gave.
-- @return string or nil; raises where that function returns anything else
function methods:secret(kind, object, name)
  local wanted = {kind = kind, org = self.org_name, key = object.key, title = object.title, name = name}
  local known, ask = self.options.known_secret, self.options.secret   -- known: given with the job itself
  local value = known and known(wanted)
  if value == nil and ask then value = ask(wanted) end
  if value ~= nil and type(value) ~= "string" then
    error("grafana.bulk: option 'secret': the function must return a string or nil, got " .. type(value), 0)
  end
  if value then note_given(self, kind, object.key, value) end
  return value
end

return place
