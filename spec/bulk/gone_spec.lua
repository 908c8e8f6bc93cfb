-- SPDX-License-Identifier: MIT
-- A server that goes away while a plan is carried out: the rest is left for later, and done then. No server is asked.

package.path = "./?.lua;./?/init.lua;" .. package.path

local memory = require "spec.bulk.memory"
local outcome = require "grafana.bulk.outcome"
local plan = require "grafana.bulk.plan"

local world, dir

before_each(function()
  world = memory.new()
  dir = os.tmpname()
  os.remove(dir)
end)
after_each(function()
  memory.restore()
  os.execute("rm -rf '" .. dir .. "'")
end)

it("what is left is not tried once nobody answers any more, and is done by the next apply", function()
  local b = plan.builder("test", world.server, {journal = dir})
  for i = 1, 300 do
    local thing = memory.thing(world, ("t%03d"):format(i), 1)
    b:change {kind = world.things, org = "Acme", wanted = thing, why = "not there"}
  end
  local made, asked = b:finish(), {}
  function world.fails(wanted)
    asked[wanted.key] = true
    return outcome.new("connection-refused", "nobody listens")
  end
  local report = made:apply()
  local count = 0
  for _ in pairs(asked) do count = count + 1 end
  assert.is_true(count < 40, count)
  assert.equal("connection-refused", report.status)
  assert.equal(300, report.failed)
  assert.matches("not tried: nobody listens", tostring(report), 1, true)
  world.fails = nil
  local again = made:apply()
  assert.is_true(again.ok, tostring(again))
  assert.equal(300, again.done)
end)

it("a backup asks no further once nobody answers any more, and says so in a moment", function()
  local source = require "grafana.bulk.source"
  local asked, failures = 0, {}
  world.things.list = function(_, out)
    for i = 1, 300 do
      asked = asked + 1
      out.fail("t" .. i, "t" .. i, outcome.new("connection-refused", "nobody listens"))
    end
    return outcome.ok()
  end
  local from = source.live(world.server, {}, {"Acme"})
  function from.on_failure(failure) failures[#failures + 1] = failure end
  local r, whole = from:each(world.things, "Acme", print)
  assert.same({10, false, false}, {asked, r.ok, whole})
  assert.equal("not read: nobody listens", failures[#failures].message)
  r = from:each(world.settings, "Acme", print)
  assert.equal("connection-refused", r.status)
end)
