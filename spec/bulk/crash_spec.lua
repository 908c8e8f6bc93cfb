-- SPDX-License-Identifier: MIT
-- A restore is killed at a random moment, and gone on with in another process: the result is that of an undisturbed
-- one.

package.path = "./?.lua;./?/init.lua;" .. package.path

local bulk = require "grafana.bulk"
local grafana = require "grafana"
local two_worlds = require "spec.support.two_worlds"
local world = require "spec.support.bulk_world"

local LUA = os.getenv("GRAFANA_LUA") or "lua5.4"
local TIMES = LUA:find " asan" and 5 or 50   -- the sanitizers start slowly

local two, dir, undisturbed

setup(function()
  two = two_worlds.start("12.4.3")
  dir, undisturbed = two:folder(), two:folder()
  assert.is_true(bulk.backup(two.g, dir).ok)
  assert.is_true(two:restore(dir).ok)
  assert.is_true(bulk.backup(two.other, undisturbed).ok)
end)
teardown(function() two:stop() end)

-- Runs a restore in another process and kills it `seconds` after its plan is made.
-- @return whether it was killed before it had ended
local function killed_after(journal, seconds)
  local out = two:folder()
  local script = ([[
    %s spec/bulk/restore_child.lua %s %s %s >%s 2>&1 & pid=$!
    for i in $(seq 1000); do grep -qs planned %s && break; sleep 0.01; done
    sleep %.3f
    pkill -KILL -P $pid; kill -KILL $pid 2>/dev/null && echo killed
    wait $pid 2>/dev/null]]):format(LUA, two[2].url, dir, journal, out, out, seconds)
  local pipe = io.popen(script)
  local text = pipe:read("*a")
  pipe:close()
  return text:find "killed" ~= nil
end

local function lines_in(path)
  local count = 0
  for _ in io.lines(path) do count = count + 1 end
  return count
end

-- How long carrying out takes here.
local function measure()
  two:empty()
  local plan = bulk.restore(two.other, dir, {journal = two:folder(), secret = world.secret})
  local began = require("grafana.core").now()
  assert.is_true(plan:apply().ok)
  return (require("grafana.core").now() - began) / 1000
end

it("a restore that was killed at " .. TIMES .. " random moments and gone on with equals one that was not", function()
  local took, broken = measure(), 0
  for _ = 1, TIMES do
    two:empty()
    local journal, again = two:folder(), two:folder()
    killed_after(journal, math.random() * took)
    local before = lines_in(journal .. "/progress")
    local report = bulk.resume(journal, grafana.connect(two[2].url, {"admin", "admin"}), {secret = world.secret})
    assert.is_true(report.ok, tostring(report))
    if lines_in(journal .. "/progress") > before then broken = broken + 1 end
    assert.is_true(bulk.backup(two.other, again).ok)
    assert.equal("", two_worlds.differences(undisturbed, again))
  end
  assert.is_true(broken > TIMES / 10, "most had ended before they were killed: " .. broken)
end)
