-- SPDX-License-Identifier: MIT
-- Everything that a server holds is backed up, restored into an empty server, and backed up again: the two backups are
-- the same, byte by byte but for the manifest.

package.path = "./?.lua;./?/init.lua;" .. package.path

local bulk = require "grafana.bulk"
local grafana = require "grafana"
local two_worlds = require "spec.support.two_worlds"
local world = require "spec.support.bulk_world"

for _, personality in ipairs {"12.4.3", "9.3.2"} do
  describe("a backup of " .. personality, function()
    local two, dir

    setup(function()
      two = two_worlds.start(personality)
      dir = two:folder()
      local r = bulk.backup(two.g, dir)
      assert.is_true(r.ok, tostring(r))
    end)
    teardown(function() two:stop() end)
    before_each(function() two:empty() end)

    it("holds something of every kind", function()
      local counts = grafana.decode(assert(io.open(dir .. "/manifest.json")):read("*a")).counts
      for _, kind in ipairs(require("grafana.bulk.kinds").names) do
        assert.is_true((counts[kind] or 0) > 0, kind)
      end
    end)

    it("restored into an empty server, and backed up there, is the same", function()
      local report = two:restore(dir)
      assert.is_true(report.ok, tostring(report))
      local again = two:folder()
      assert.is_true(bulk.backup(two.other, again).ok)
      assert.equal("", two_worlds.differences(dir, again))
    end)

    it("restored twice changes nothing the second time", function()
      two:restore(dir)
      local plan = bulk.restore(two.other, dir, {journal = two:folder(), secret = world.secret})
      assert.equal(0, #plan.changes, tostring(plan))
      assert.equal(0, #plan.failures, tostring(plan))
    end)

    it("of an unchanged server writes no file anew", function()
      local again = two:folder()
      bulk.backup(two.g, again)
      local r = bulk.backup(two.g, again)
      assert.is_true(r.ok)
      assert.equal(0, r.written)
      assert.equal("", two_worlds.differences(dir, again))
    end)

    it("holds no secret, nor does the journal of a restore, the plan, the diff, or the report", function()
      local journal = two:folder()
      local plan = bulk.restore(two.other, dir, {journal = journal, secret = world.secret})
      local report = plan:apply()
      local told = table.concat({two_worlds.contents(dir), two_worlds.contents(journal), tostring(plan), plan:diff(),
        tostring(report)}, "\n")
      assert.is_nil(told:find("hunter", 1, true))
      for _, password in pairs(world.PASSWORDS) do assert.is_nil(told:find(password, 1, true)) end
    end)

    it("can be undone: the server is empty again", function()
      local before = two:folder()
      bulk.backup(two.other, before)
      local plan = bulk.restore(two.other, dir, {journal = two:folder(), secret = world.secret})
      assert.is_true(plan:apply().ok)
      local report = plan:undo {journal = two:folder()}
      assert.is_true(report.ok, tostring(report))
      local after = two:folder()
      bulk.backup(two.other, after)
      assert.equal("", two_worlds.differences(before, after))
    end)

    it("meets faults in 5 % of the requests: nothing is lost, nothing doubled", function()
      local faulty = two:folder()
      two[1]:fault {kind = "status", code = 503, every = 20}
      two[2]:fault {kind = "status", code = 503, every = 20}
      local r = bulk.backup(two.g, faulty)
      assert.is_true(r.ok, tostring(r))
      local report = two:restore(faulty)
      two[1]:clear_faults()
      two[2]:clear_faults()
      assert.is_true(report.ok, tostring(report))
      assert.equal("", two_worlds.differences(dir, faulty))
      local again = two:folder()
      bulk.backup(two.other, again)
      assert.equal("", two_worlds.differences(dir, again))
    end)
  end)
end
