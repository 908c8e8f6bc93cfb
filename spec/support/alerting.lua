-- SPDX-License-Identifier: MIT
--- What the specs of the kinds of alerting share: a server of each version, places on it, and what holds for all kinds.

local assert = require "luassert"
local days = require "spec.support.bad_days"
local grafana = require "grafana"
local kinds = require "grafana.bulk.kinds"
local objects = require "grafana.bulk.objects"
local place = require "grafana.bulk.place"

local support = {}

support.BASE = "/api/v1/provisioning/"

--- Asks the server past the library, in an organisation; the answer decoded, and its code.
function support.ask(world, method, path, body, org, headers)
  local code, text = world.server:http(method, path, {
    user = "admin", password = days.PASSWORD, body = body and grafana.encode(body), org = org or 1, headers = headers,
  })
  return grafana.decode(text), code
end

--- Describes the same on both versions: `f(world)` with `world.server`, `world.version`, `world.is_old`; `world.g` and
-- `world.at` (a place in organisation 1) are new for each test.
-- @tab busted `describe`, `it`, `setup`, …, which only files of specs have
function support.on_both(busted, f)
  for _, version in ipairs {"9.3.2", "12.4.3"} do
    busted.describe("on " .. version .. ",", function()
      local world = {version = version, is_old = version == "9.3.2", it = busted.it}
      busted.setup(function() world.server = days.start(version) end)
      busted.teardown(function() world.server:stop() end)
      busted.before_each(function()
        days.fresh(world.server)
        world.g = days.connect(world.server)
        world.at = support.place(world)
      end)
      busted.after_each(function() world.g:close() end)
      f(world)
    end)
  end
end

--- A place: organisation 1 unless another is given.
function support.place(world, org, options)
  local server, problem = place.server(world.g)
  assert.is_nil(problem)
  return place.new(server, {id = org or 1, name = org and "Acme" or "Main Org."}, options or {})
end

--- A new organisation whose Alertmanager is ready after so many seconds.
function support.new_org(world, seconds)
  world.server:set {alertmanager_after = seconds}
  return grafana.check(world.g:create_org("Acme")).id
end

--- An object of a file form.
function support.object(name, value) return objects.new(kinds.get(name), value) end

--- All objects of a kind, by key; the result of listing; what could not be read.
function support.list(name, at)
  local found, failures = {}, {}
  local r = kinds.get(name).list(at, {
    take = function(object) found[object.key] = object end,
    fail = function(key, title, r) failures[#failures + 1] = {key = key, title = title, r = r} end,
    note = function() end,
  })
  return found, r, failures
end

--- Writes a file form over what is there; the result, and the object as it is then.
function support.write(name, at, value)
  local kind, wanted = kinds.get(name), support.object(name, value)
  local now, problem = kind.read(at, wanted.key)
  assert(not problem, tostring(problem))
  local r = kind.write(at, wanted, now)
  return r, (kind.read(at, wanted.key))
end

local function changed(server)
  local count = 0
  for _, request in ipairs(server:requests()) do
    if request.method ~= "GET" then count = count + 1 end
  end
  return count
end
support.changed = changed

-- ----------------------------------------------------------------------------------------------- what all hold --

local function holds_what_is_written(world, name, sample)
  world.it("what is written is read back, and listed", function()
    sample.prepare(world)
    local r, after = support.write(name, world.at, sample.first(world))
    assert.equal("ok", r.status, tostring(r))
    assert.equal(support.object(name, sample.first(world)):text(), after:text())
    local found, listed, failures = support.list(name, world.at)
    assert.equal("ok", listed.status, tostring(listed))
    assert.same({}, failures)
    assert.equal(after:text(), found[after.key]:text())
    assert.equal(after.title, found[after.key].title)
  end)

  world.it("is changed in place, and written twice is the same", function()
    sample.prepare(world)
    support.write(name, world.at, sample.first(world))
    local r, after = support.write(name, world.at, sample.second(world))
    assert.equal("ok", r.status, tostring(r))
    assert.equal(support.object(name, sample.second(world)):text(), after:text())
    local again, then_there = support.write(name, world.at, after.doc:table())
    assert.equal("ok", again.status, tostring(again))
    assert.equal(after:text(), then_there:text())
  end)

  world.it("stays editable in Grafana's pages", function()
    sample.prepare(world)
    support.write(name, world.at, sample.first(world))
    support.write(name, world.at, sample.second(world))
    local shown = support.ask(world, "GET", sample.path(world))
    assert.is_nil(grafana.encode(shown):find('"provenance":"api"', 1, true))
  end)

  world.it("what is provisioned there is changed all the same, and stays provisioned", function()
    sample.prepare(world)
    sample.provision(world)
    local r, after = support.write(name, world.at, sample.second(world))
    assert.equal("ok", r.status, tostring(r))
    assert.equal(support.object(name, sample.second(world)):text(), after:text())
    local shown = support.ask(world, "GET", sample.path(world))
    assert.is_truthy(grafana.encode(shown):find('"provenance":"api"', 1, true))
  end)

  world.it("documents and tables have the same references", function()
    local kind = kinds.get(name)
    local doc = kind.references(support.object(name, sample.second(world)).doc, function() end)
    local table = kind.references(sample.second(world), function() end)
    assert.equal(doc:text {sorted = true}, grafana.encode(table, {sorted = true}))
    assert.equal(support.object(name, sample.second(world)).key, kind.key(sample.second(world)))
  end)
end

local function is_deleted(world, name, sample)
  world.it("is deleted", function()
    sample.prepare(world)
    local _, now = support.write(name, world.at, sample.first(world))
    local r = kinds.get(name).delete(world.at, now)
    assert.equal("ok", r.status, tostring(r))
    local there, problem = kinds.get(name).read(world.at, now.key)
    assert.is_nil(problem)
    assert.is_nil(there)
    assert.is_nil(support.list(name, world.at)[now.key])
  end)

  world.it("what is not there is nil", function()
    local there, problem = kinds.get(name).read(world.at, support.object(name, sample.first(world)).key)
    assert.is_nil(problem)
    assert.is_nil(there)
  end)
end

local function waits(world, name, sample)
  world.it("a new organisation's Alertmanager is waited for", function()
    local org = support.new_org(world, 0.2)
    world.at = support.place(world, org, {alertmanager_pause = 0.02})
    world.server:clear_log()
    local _, r = support.list(name, world.at)
    assert.equal("ok", r.status, tostring(r))
    assert.is_true(#world.server:requests {path = "/policies$"} > 2)
    sample.prepare(world, org)
    assert.equal("ok", support.write(name, world.at, sample.first(world)).status)
  end)

  world.it("an Alertmanager that never is ready is unavailable, and nothing is sent to it", function()
    local org = support.new_org(world, 1e6)
    local options = {alertmanager_wait = 0.05, alertmanager_pause = 0.02}
    world.at = support.place(world, org, options)
    world.server:clear_log()
    local _, listed = support.list(name, world.at)
    local there, read = kinds.get(name).read(world.at, "default")
    local written = kinds.get(name).write(world.at, support.object(name, sample.first(world)))
    assert.is_nil(there)
    for _, r in ipairs {listed, read, written} do
      assert.equal("error", r.status)
      assert.equal("unavailable", r.reason, tostring(r))
      assert.matches("Alertmanager", r.message, 1, true)
    end
    assert.equal(0, changed(world.server))
    assert.is_true(#world.server:requests {path = "/policies$"} <= 6)   -- it is waited for once
  end)
end

local function fails(world, name, sample)
  world.it("a server without alerting is unsupported", function()
    world.server:set {alerting = false}
    local _, listed = support.list(name, world.at)
    local there, read = kinds.get(name).read(world.at, support.object(name, sample.first(world)).key)
    assert.is_nil(there)
    assert.equal("unsupported", listed.reason, tostring(listed))
    assert.equal("unsupported", read.reason, tostring(read))
  end)

  world.it("a list or an object that cannot be read says why", function()
    world.server:fault {kind = "status", code = 503, path = "^/api/v1/", times = 0}
    local found, listed = support.list(name, world.at)
    assert.is_nil(next(found))
    assert.equal("unavailable", listed.reason, tostring(listed))
    local there, read = kinds.get(name).read(world.at, support.object(name, sample.first(world)).key)
    assert.is_nil(there)
    assert.equal("unavailable", read.reason, tostring(read))
  end)

  world.it("a write whose answer is lost is uncertain, or told apart by its second attempt", function()
    sample.prepare(world)
    world.server:fault {kind = "close_after", path = sample.writes, method = sample.method(world)}
    local r = kinds.get(name).write(world.at, support.object(name, sample.first(world)))
    assert.is_true(r.ok or r.uncertain == true, tostring(r))
    local there = kinds.get(name).read(world.at, support.object(name, sample.first(world)).key)
    assert.equal(support.object(name, sample.first(world)):text(), there:text())
  end)

  world.it("an update whose answer is lost is done, or uncertain", function()
    sample.prepare(world)
    local _, now = support.write(name, world.at, sample.first(world))
    world.server:fault {kind = "close_after", path = sample.writes, method = "PUT"}
    local r = kinds.get(name).write(world.at, support.object(name, sample.second(world)), now)
    assert.is_true(r.ok or r.uncertain == true, tostring(r))
    assert.equal(support.object(name, sample.second(world)):text(), kinds.get(name).read(world.at, now.key):text())
  end)

  world.it("a deletion whose answer is lost is done", function()
    sample.prepare(world)
    local _, now = support.write(name, world.at, sample.first(world))
    world.server:fault {kind = "close_after", method = "DELETE"}
    local r = kinds.get(name).delete(world.at, now)
    assert.equal("ok", r.status, tostring(r))
  end)

  world.it("who may not write is denied", function()
    sample.prepare(world)
    local id = days.ask(world.server, "POST", "/api/admin/users", {login = "vi", email = "vi@example.org",
      password = "long-enough"}).id
    assert.is_number(id)
    local g = days.connect(world.server, nil, {"vi", "long-enough"})
    local at = place.new({g = g, version = world.version}, {id = 1, name = "Main Org."}, {})
    local r = kinds.get(name).write(at, support.object(name, sample.first(world)))
    g:close()
    assert.equal("access-denied", r.status, tostring(r))
  end)
end

--- What holds for every kind of alerting. `sample` has `prepare(world, org)`; `first(world)` and `second(world)`, two
-- file forms of one object; `provision(world)`, which makes it as provisioned; `path(world)`, where it is shown;
-- `writes`, a pattern of the path, and `method(world)`, by which it is made; `is_always_there`;
-- `needs_no_alertmanager`.
function support.holds(world, name, sample)
  holds_what_is_written(world, name, sample)
  if not sample.is_always_there then is_deleted(world, name, sample) end
  if not sample.needs_no_alertmanager then waits(world, name, sample) end
  fails(world, name, sample)
end

return support
