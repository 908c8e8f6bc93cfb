-- SPDX-License-Identifier: MIT
--- Sources: where objects come from. A live server and a backup folder look the same:
-- `source:orgs()` → names; `source:each(kind, org, take, options)` → calls `take(object)` for each object, returns a
-- result that is ok when the list was whole; what could not be read goes to `source.on_failure`.
-- @module grafana.bulk.source

local error, ipairs, pcall, setmetatable, tostring, type = error, ipairs, pcall, setmetatable, tostring, type

local kinds = require "grafana.bulk.kinds"
local outcome = require "grafana.bulk.outcome"
local place = require "grafana.bulk.place"
local tasks = require "grafana.tasks"

local source = {}

local function failure_of(kind, org, key, title, r)
  return {
    kind = kind.name, org = org or nil, key = key, title = title, status = r.status, reason = r.reason, code = r.code,
    message = r.message,
  }
end
source.failure_of = failure_of

-- ------------------------------------------------------------------------------------------------- a live server --

local live = {}
live.__index = live

--- A live server as a source.
-- @tab server
-- @tab options those of the job
-- @tab[opt] orgs names; left out: all that the account can name
function source.live(server, options, orgs)
  return setmetatable({
    server = server, places = place.places(server, options), _orgs = orgs or false, on_failure = function() end,
    on_note = function() end, unanswered = 0, gone = false,
  }, live)
end

--- The names of its organisations.
-- @return array, or nil and the result that says why not
function live:orgs()
  if self._orgs then return self._orgs end
  local list, r = place.orgs(self.server)
  if not list then return nil, r end
  local names = {}
  for i, org in ipairs(list) do names[i] = org.name end
  return names
end

--- The place of an organisation, or of the server itself (`org` false).
function live:place(org)
  if not org then return self.places:whole() end
  return self.places:of(org)
end

local function not_understood(problem)
  return outcome.new("error", "what the server has answered cannot be understood: " .. tostring(problem), "not-grafana")
end

-- A server may say anything of an object, but by its key it must be told from others.
local function is_named(object)
  if type(object.title) ~= "string" then object.title = tostring(object.key) end
  return type(object.key) == "string"
end

-- What the taker raises is raised, what the list raises is not: see `list_all`.
local function catcher(self, kind, org, take)
  local out = {whole = true, raised = false, source = self}
  function out.take(object)
    if not is_named(object) then
      object.doc:close()
      return out.fail(nil, nil, not_understood(("one %s has no name"):format(kind.one)))
    end
    self.unanswered = 0
    local fine, problem = pcall(take, object)
    if fine then return end
    out.raised = true
    error(problem, 0)
  end
  function out.fail(key, title, r)
    out.whole = false
    self.on_failure(failure_of(kind, org, key, title, r))
    self.unanswered = outcome.is_unanswered(r) and self.unanswered + 1 or 0
    if self.unanswered < outcome.GONE then return end
    self.gone = outcome.new(r.status, "not read: " .. (r.message or r.status), r.reason)
    error(self.gone, 0)   -- the rest of the list would take as long
  end
  function out.note(text) self.on_note(text, org) end
  return out
end

-- A server may answer anything: what nobody understands makes the list less than whole.
local function list_all(kind, at, out, known)
  local fine, r = pcall(kind.list, at, out, known)
  if fine then return r end
  if r == out.source.gone then return r end
  if out.raised or tasks.is_interrupt(r) or tasks.is_cancelled(r) then error(r, 0) end
  return not_understood(r)
end

--- One object as it is now.
-- @return the object; nil: there is none; nil, r: it could not be read
function live:read(kind, org, key, known)
  local at, r = self:place(org)
  if not at then return nil, r end
  local fine, object, problem = pcall(kind.read, at, key, known)
  if fine then return object, problem end
  if tasks.is_interrupt(object) or tasks.is_cancelled(object) then error(object, 0) end
  return nil, not_understood(object)
end

--- Call `take(object)` for each object of a kind.
-- @return the result of listing; where it says that the server has no such things at all, that is no failure yet
-- @return whether every single object could be read
function live:each(kind, org, take, known, same)
  local at, r = self:place(org)
  if not at or self.gone then
    r = self.gone or r
    self.on_failure(failure_of(kind, org, nil, nil, r))
    return r, false
  end
  local out = catcher(self, kind, org, take)
  out.same = same
  r = list_all(kind, at, out, known)
  if not r.ok and not outcome.is_unsupported(r) then self.on_failure(failure_of(kind, org, nil, nil, r)) end
  return r, r.ok and out.whole
end

-- ----------------------------------------------------------------------------------------------- a backup folder --

local folder = {}
folder.__index = folder

--- A backup folder as a source.
-- @tab store see `folder.open`
function source.folder(store, orgs)
  local self = {store = store, _orgs = orgs or false, on_failure = function() end, on_note = function() end}
  return setmetatable(self, folder)
end

-- Files that are not as the manifest has them; and, first, what the backup itself had to say.
function folder:tell_notes()
  if not self.told then
    self.told = 0
    local notes = self.store.manifest.notes
    for _, text in ipairs(type(notes) == "table" and notes or {}) do self.on_note(tostring(text)) end
  end
  for i = self.told + 1, #self.store.notes do self.on_note(self.store.notes[i].message) end
  self.told = #self.store.notes
end

function folder:orgs()
  return self._orgs or self.store:orgs()
end

function folder:each(kind, org, take)
  local whole = true
  local function fail(path, problem)
    whole = false
    self.on_failure(failure_of(kind, org, nil, path, outcome.new("invalid-data", problem, "invalid-json")))
  end
  local all = self.store:each(kind, org, take, fail)
  self:tell_notes()
  return outcome.ok(), whole and all
end

-- --------------------------------------------------------------------------------------------------- selections --

-- The logins of the members of a source's organisations.
local function members_of(from, orgs)
  local members, kind = {}, kinds.get("org_users")
  for _, org in ipairs(orgs) do
    from:each(kind, org, function(object) members[object.key] = true end)
  end
  return members
end

--- Of what belongs to the server itself a job that is about some organisations takes only these, and their members.
-- @param from a source, made for this question only
-- @tab[opt] orgs their names
-- @treturn function called with a kind and an object: whether it is taken
function source.of_server(from, orgs)
  if not orgs then return function() return true end end
  local names, members = {}, nil
  for _, name in ipairs(orgs) do names[name] = true end
  return function(kind, object)
    if kind.name == "organisations" then return names[object.key] or false end
    if kind.name ~= "users" then return true end
    members = members or members_of(from, orgs)
    return members[object.key] or false
  end
end

--- The kinds that a job is about, in their order.
-- @tab options `kinds` (names; all unless given), `permissions` (false leaves out those of folders and dashboards)
-- @tab[opt] scope only those
function source.kinds(options, scope)
  local wanted, list = nil, {}
  if options.kinds then
    wanted = {}
    for _, name in ipairs(options.kinds) do wanted[name] = true end
  end
  for _, name in ipairs(kinds.names) do
    local kind = (not wanted or wanted[name]) and kinds.get(name)
    local spared = options.permissions == false and name:find("_permissions$")
    if kind and not spared and (not scope or kind.scope == scope) then list[#list + 1] = kind end
  end
  return list
end

return source
