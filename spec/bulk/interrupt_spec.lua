-- SPDX-License-Identifier: MIT
-- Ctrl-C while a plan is carried out: what was under way is neither failed nor done, and is gone on with or taken back.

package.path = "./?.lua;./?/init.lua;" .. package.path

local bulk = require "grafana.bulk"
local grafana = require "grafana"
local nginx = require "spec.support.nginx"
local interrupted = require "spec.support.interrupted"
local two_worlds = require "spec.support.two_worlds"
local world = require "spec.support.bulk_world"

local two, dir

setup(function()
  two = two_worlds.start("12.4.3", {dashboards = 60})
  dir = two:folder()
  assert.is_true(bulk.backup(two.g, dir).ok)
end)
teardown(function() two:stop() end)
before_each(function() two:empty() end)

-- A restore that gets a Ctrl-C while dashboards are written, whose answers are late. Returns what it has printed.
local function interrupt(journal)
  two[2]:fault {kind = "delay", seconds = 0.2, method = "POST", path = "/dashboards", times = 0}
  local said = interrupted.run(two[2], ([[
    package.path = "./?.lua;./?/init.lua;" .. package.path
    local plan = require("grafana.bulk").restore(require("grafana").connect(%q, {"admin", "admin"}), %q,
      {journal = %q, secret = require("spec.support.bulk_world").secret})
    plan:apply()
  ]]):format(two[2].url, dir, journal), 20, {method = "POST", path = "/dashboards"})
  two[2]:clear_faults()
  return said
end

local function states(journal)
  local found = {}
  for text in io.lines(journal .. "/progress") do
    local note = grafana.decode(text)
    found[note.n] = note
  end
  return found
end

nginx.outside(describe)("Ctrl-C", function()
  it("leaves what was under way as it is in the journal, and says how to go on", function()
    local journal = two:folder()
    local said = interrupt(journal)
    assert.matches("To go on: require(\"grafana.bulk\").resume(", said, 1, true)
    assert.matches("0 of them failed", said, 1, true)
    for _, note in pairs(states(journal)) do assert.is_not.equal("failed", note.state) end
    local report = bulk.resume(journal, two:connect(2), {secret = world.secret})
    assert.is_true(report.ok, tostring(report))
    local again = two:folder()
    assert.is_true(bulk.backup(two.other, again).ok)
    assert.equal("", two_worlds.differences(dir, again))
  end)

  it("and undo brings back what was there, what was under way with it", function()
    local before, after, journal = two:folder(), two:folder(), two:folder()
    assert.is_true(bulk.backup(two.other, before).ok)
    interrupt(journal)
    local report = bulk.open(journal, two:connect(2)):undo {journal = two:folder()}
    assert.is_true(report.ok, tostring(report))
    assert.is_true(bulk.backup(two.other, after).ok)
    assert.equal("", two_worlds.differences(before, after))
  end)
end)
