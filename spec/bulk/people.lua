-- SPDX-License-Identifier: MIT
-- For the specs of kinds about people: an organisation of its own on a server, the stand-in or a real one, and kinds
-- used as the engine uses them.

local grafana = require "grafana"
local kinds = require "grafana.bulk.kinds"
local live = require "spec.golden.live"
local objects = require "grafana.bulk.objects"
local place = require "grafana.bulk.place"

local people = {}

local methods = {}
methods.__index = methods

-- What an account sees: `at` an organisation, `whole` the server.
local function look(self, g, options)
  local server = assert(place.server(g))
  local org = assert(place.find_org(server, self.org))
  return {g = g, server = server, at = place.new(server, org, options), whole = place.new(server, nil, options)}
end

--- @tab server see `live.server`
function people.context(server)
  local self = setmetatable({world = live.world(server), given = {}}, methods)
  self.org = self.world:new_org()
  local function secret(ask)
    self.asked = ask
    return self.given[ask.key]
  end
  self.options = {secret = secret}
  local admin = look(self, server.admin, self.options)
  self.g, self.server, self.at, self.whole = admin.g, admin.server, admin.at, admin.whole
  return self
end

function methods:name(suffix) return self.world:unique(suffix) end

--- A new user who is in the organisation, unless another is said; see World:new_user.
function methods:user(options)
  options = options or {}
  options.org = options.org or self.org
  return self.world:new_user(options)
end

--- What a user sees: `{g, server, at, whole}`. To be closed: `g`.
function methods:as(user)
  local g = grafana.connect(self.world.server.url, {user.login, user.password}, {timeout = 30000})
  return look(self, g, self.options)
end

function methods:place(name)
  return kinds.get(name).scope == "server" and self.whole or self.at
end

--- All of a kind, by key: its text; then what could not be read, by key; the result; the notes.
function methods:list(name, at)
  local found, failed, notes = {}, {}, {}
  local r = kinds.get(name).list(at or self:place(name), {
    take = function(object)
      assert(not found[object.key], "twice: " .. object.key)
      found[object.key] = object:text()
    end,
    fail = function(key, title, failure)
      assert(type(title) == "string" and not failure.ok)
      failed[key] = failure
    end,
    note = function(text) notes[#notes + 1] = text end,
  })
  return found, failed, r, notes
end

local function object_of(name, value)
  return objects.new(kinds.get(name), value)
end

--- What is there now, as text; nil where nothing is.
function methods:text(name, key)
  local object, failure = kinds.get(name).read(self:place(name), key)
  assert(not failure, tostring(failure))
  return object and object:text()
end

--- Write as the engine does: what is there is read before.
function methods:put(name, value, at)
  local kind, object = kinds.get(name), object_of(name, value)
  at = at or self:place(name)
  local now, failure = kind.read(at, object.key)
  if failure then return failure end
  return kind.write(at, object, now)
end

--- The same, which is to go well; what is there afterwards must be what was wanted.
function methods:put_well(name, value)
  local r, wanted = self:put(name, value), object_of(name, value)
  assert(r.ok, tostring(r))
  local now = assert(kinds.get(name).read(self:place(name), wanted.key))
  assert(now:digest() == wanted:digest(), ("wanted %s, got %s"):format(wanted:text(), now:text()))
  assert(self:list(name)[wanted.key], "not listed")
  return now
end

function methods:delete(name, key, at)
  local kind = kinds.get(name)
  at = at or self:place(name)
  return kind.delete(at, assert(kind.read(at, key)))
end

function methods:clean() return self.world:clean() end

--- On both stand-ins: `f(get, standin)` declares tests; `get()` is a context, `standin()` the server, fresh for each.
-- @tab busted `describe`, `setup`, `teardown`, `before_each`
function people.on_standins(busted, f)
  local standin = require "spec.standin"
  for _, personality in ipairs {"12.4.3", "9.3.2"} do
    busted.describe("on " .. personality .. ",", function()
      local server, context
      busted.setup(function() server = standin.start {personality = personality} end)
      busted.teardown(function() server:stop() end)
      busted.before_each(function()
        server:reset()
        context = people.context(live.server {url = server.url, user = "admin", password = "admin"})
        server:clear_log()
      end)
      f(function() return context end, function() return server end)
    end)
  end
end

--- How many writes have arrived at a stand-in.
function people.writes(server)
  local count = 0
  for _, request in ipairs(server:requests()) do
    if request.method ~= "GET" then count = count + 1 end
  end
  return count
end

return people
