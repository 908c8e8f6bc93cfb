-- SPDX-License-Identifier: MIT
-- The tree of notification policies as an object of bulk jobs, on both versions of Grafana.

package.path = "./?.lua;./?/init.lua;" .. package.path   -- 5.1 and LuaJIT do not look for ./?/init.lua

local grafana = require "grafana"
local kind = require "grafana.bulk.kinds.policies"
local support = require "spec.support.alerting"

local busted = {
  describe = describe, it = it, setup = setup, teardown = teardown, before_each = before_each, after_each = after_each,
}

local PATH = support.BASE .. "policies"

local function tree(receiver, routes)
  return {receiver = receiver, group_by = grafana.array {"alertname"}, group_wait = "30s", routes = routes}
end

local function new_point(world, name, org)
  local _, code = support.ask(world, "POST", support.BASE .. "contact-points",
    {uid = name, name = name, type = "email", settings = {addresses = name .. "@example.org"}}, org)
  assert.equal(202, code)
end

local sample = {
  prepare = function(world, org)
    new_point(world, "ops", org)
    new_point(world, "dev", org)
    local nights = {name = "nights", time_intervals = grafana.array {}}
    support.ask(world, "POST", support.BASE .. "mute-timings", nights, org)
  end,
  first = function() return tree "ops" end,
  second = function()
    return tree("dev", grafana.array {
      {receiver = "ops", object_matchers = {{"team", "=", "ops"}}, mute_time_intervals = {"nights"}, continue = true,
        routes = {{receiver = "dev", matchers = {'severity="low"'}}}},
    })
  end,
  provision = function(world) support.ask(world, "PUT", PATH, tree "ops") end,
  path = function() return PATH end,
  writes = "policies", method = function() return "PUT" end, is_always_there = true,
}

support.on_both(busted, function(world)
  support.holds(world, "policies", sample)

  it("there is one, called default", function()
    local found, r = support.list("policies", world.at)
    assert.equal("ok", r.status)
    assert.equal("of the organisation", found.default.title)
    assert.equal(world.is_old and "grafana-default-email" or "empty", found.default.doc:get("receiver"))
    assert.is_nil(next(found, "default"))
  end)

  it("what it names must be there: all that is not is told, and nothing is sent", function()
    new_point(world, "ops")
    local value = tree("ops", grafana.array {
      {receiver = "gone", mute_time_intervals = {"nights"}, routes = {{receiver = "away"}, {receiver = "ops"}}},
    })
    world.server:clear_log()
    local r = kind.write(world.at, support.object("policies", value), kind.read(world.at))
    assert.equal("missing-mandatory-data", r.status, tostring(r))
    assert.matches("contact points away, gone and the mute timing nights", r.message, 1, true)
    assert.equal(0, support.changed(world.server))
  end)

  it("a receiver without integrations, which contact points do not show, is there", function()
    sample.prepare(world)
    local before = kind.read(world.at)
    support.write("policies", world.at, sample.second())
    local r = kind.write(world.at, support.object("policies", before.doc:table()), kind.read(world.at))
    assert.equal("ok", r.status, tostring(r))
    assert.equal(before:text(), kind.read(world.at):text())
  end)

  it("where that cannot be asked, what is not shown is missing", function()
    new_point(world, "ops")
    support.write("policies", world.at, tree "ops")
    world.server:fault {
      kind = "status", code = 404, path = "^/api/alertmanager/", body = '{"message":"Not found"}', times = 0,
    }
    local r = kind.write(world.at, support.object("policies", tree "none"), kind.read(world.at))
    assert.equal("missing-mandatory-data", r.status, tostring(r))
  end)

  it("deleted, it is Grafana's own again", function()
    local before = kind.read(world.at)
    sample.prepare(world)
    local _, now = support.write("policies", world.at, sample.second())
    local r = kind.delete(world.at, now)
    assert.equal("ok", r.status, tostring(r))
    assert.equal(before:text(), kind.read(world.at):text())
  end)

  it("contact points and mute timings are named by name, at every level", function()
    local seen, value = {}, sample.second()
    value.routes[1].routes[1].active_time_intervals = {"days"}
    value = kind.references(value, function(kind_name, name, context)
      seen[#seen + 1] = kind_name .. " " .. name
      assert.equal("notification", context.place)
      return name == "dev" and "developers" or name == "nights" and "never" or nil
    end)
    table.sort(seen)
    assert.same({"contact_points dev", "contact_points dev", "contact_points ops", "mute_timings days",
      "mute_timings nights"}, seen)
    assert.equal("developers", value.receiver)
    assert.equal("developers", value.routes[1].routes[1].receiver)
    assert.same({"never"}, value.routes[1].mute_time_intervals)
  end)
end)
