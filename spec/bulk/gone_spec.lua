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
