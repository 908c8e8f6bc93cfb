-- SPDX-License-Identifier: MIT
-- examples/inventory.lua and replace_datasource.lua do what they say, on the stand-in as both versions.

package.path = "./?.lua;./?/init.lua;" .. package.path

local example = require "spec.support.example"
local grafana = require "grafana"
local standin = require "spec.standin"
local world = require "spec.support.datasource_world"

for _, version in ipairs {"12.4.3", "9.3.2"} do
  describe("on " .. version .. ",", function()
    local server, g, account

    setup(function() server = standin.start {personality = version} end)
    teardown(function() server:stop() end)
    before_each(function()
      server:reset()
      server:set {alertmanager_after = 0}
      g = grafana.connect(server.url, {"admin", "admin"})
      account = {url = server.url, user = "admin", password = "admin"}
      world.fill(g, 1)
    end)
    after_each(function() g:close() end)

    local function has(lines, words)
      for _, line in ipairs(lines) do
        if line:find(words, 1, true) then return true end
      end
      error("no line has: " .. words .. "\n" .. table.concat(lines, "\n"))
    end

    -- Plans leave a journal in the folder where one stands.
    local function in_folder(f)
      local dir = os.tmpname()
      os.remove(dir)
      f(dir)
      os.execute("rm -rf '" .. dir .. "'")
    end

    it("examples/inventory.lua prints it, or writes a page or a table", function()
      local lines, fine = example.run("inventory.lua", account)
      assert.is_true(fine)
      has(lines, "Used by nothing: 3")
      in_folder(function(dir)
        os.execute("mkdir '" .. dir .. "'")
        lines, fine = example.run("inventory.lua", account, dir .. "/i.html")
        assert.is_true(fine)
        has(lines, "4 data sources")
        assert.is_true(select(2, example.run("inventory.lua", account, dir .. "/p.csv", "panels")))
        for name, begins in pairs {["i.html"] = "<!DOCTYPE html>", ["p.csv"] = "Organisation,Dashboard"} do
          local file = assert(io.open(dir .. "/" .. name))
          assert.equal(begins, file:read(#begins))
          file:close()
        end
      end)
    end)

    it("examples/replace_datasource.lua finds what uses one, and switches it", function()
      local lines, fine = example.run("replace_datasource.lua", account, "old")
      assert.is_true(fine)
      has(lines, "Main Org.: dashboard Objects, panels 1, 3")
      has(lines, "Main Org.: alert rule Old one")
      lines, fine = example.run("replace_datasource.lua", account, "old", "new", "--yes")
      assert.is_true(fine)
      has(lines, "5 of 5 changes carried out")
      assert.equal("new", grafana.check(g:get_dashboard(1, "objects")).dashboard.panels[1].datasource.uid)
      has(lines, "plan:undo()")
      lines, fine = example.run("replace_datasource.lua", account, "old", "loki", "--yes")
      assert.is_false(fine)
      has(lines, "force = true")
    end)
  end)
end
