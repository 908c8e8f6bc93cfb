-- SPDX-License-Identifier: MIT
-- Mute timings as objects of bulk jobs, on both versions of Grafana.

package.path = "./?.lua;./?/init.lua;" .. package.path   -- 5.1 and LuaJIT do not look for ./?/init.lua

local grafana = require "grafana"
local kind = require "grafana.bulk.kinds.mute_timings"
local support = require "spec.support.alerting"

local busted = {
  describe = describe, it = it, setup = setup, teardown = teardown, before_each = before_each, after_each = after_each,
}

local PATH = support.BASE .. "mute-timings"

local function timing(name, ...) return {name = name, time_intervals = grafana.array {...}} end

local NIGHT = {
  times = {{start_time = "00:00", end_time = "06:00"}}, weekdays = {"monday:friday"}, months = {"1:3", "5"},
}

local sample = {
  prepare = function() end,
  first = function() return timing("nights/&c. %", NIGHT) end,
  second = function() return timing("nights/&c. %", NIGHT, {years = {"2026:2027"}}) end,
  provision = function(world) support.ask(world, "POST", PATH, timing("nights/&c. %")) end,
  path = function() return PATH .. "/nights%2F%26c.%20%25" end,
  writes = "mute%-timings", method = function() return "POST" end,
}

support.on_both(busted, function(world)
  support.holds(world, "mute_timings", sample)

  it("one without intervals has an empty list", function()
    local r, after = support.write("mute_timings", world.at, timing("never"))
    assert.equal("ok", r.status, tostring(r))
    assert.equal('{"name":"never","time_intervals":[]}', after:text())
  end)

  it("one that a policy uses stays, and the refusal says so", function()
    local _, now = support.write("mute_timings", world.at, timing("nights", NIGHT))
    local tree = support.ask(world, "GET", support.BASE .. "policies")
    tree.routes = {{receiver = tree.receiver, object_matchers = {{"a", "=", "b"}}, mute_time_intervals = {"nights"}}}
    support.ask(world, "PUT", support.BASE .. "policies", tree)
    local r = kind.delete(world.at, now)
    assert.equal("error", r.status)
    assert.matches("still", r.message, 1, true)
    assert.is_truthy(kind.read(world.at, "nights"))
  end)

  it("one that was made meanwhile is not written over", function()
    support.write("mute_timings", world.at, timing("nights", NIGHT))
    local r = kind.write(world.at, support.object("mute_timings", timing("nights")), nil)
    assert.is_false(r.ok)
    if not world.is_old then
      assert.equal("already-exists", r.status)
      assert.equal("name-exists", r.reason)
    end
    assert.equal(1, #kind.read(world.at, "nights").doc:get("time_intervals"))
  end)

  it("one that was deleted meanwhile is not made again", function()
    local _, now = support.write("mute_timings", world.at, timing("nights", NIGHT))
    support.ask(world, "DELETE", PATH .. "/nights", nil, 1, {["x-disable-provenance"] = "true"})
    local r = kind.write(world.at, support.object("mute_timings", timing("nights")), now)
    assert.equal("already-exists", r.status, tostring(r))
    assert.equal("version-mismatch", r.reason)
  end)

  if not world.is_old then
    it("one that was changed meanwhile is neither written nor deleted", function()
      local _, now = support.write("mute_timings", world.at, timing("nights", NIGHT))
      support.write("mute_timings", world.at, timing("nights", NIGHT, {years = {"2030"}}))
      local written = kind.write(world.at, support.object("mute_timings", timing("nights")), now)
      local deleted = kind.delete(world.at, now)
      for _, r in ipairs {written, deleted} do
        assert.equal("already-exists", r.status, tostring(r))
        assert.equal("version-mismatch", r.reason)
      end
      assert.equal(2, #kind.read(world.at, "nights").doc:get("time_intervals"))
    end)
  end
end)
