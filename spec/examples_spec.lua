-- SPDX-License-Identifier: MIT
-- The examples do what they say, on the stand-in as both versions.

package.path = "./?.lua;./?/init.lua;" .. package.path   -- 5.1 and LuaJIT do not look for ./?/init.lua

local days = require "spec.support.bad_days"
local example = require "spec.support.example"
local grafana = require "grafana"
local team_example = require "spec.support.team_example"

for _, version in ipairs {"12.4.3", "9.3.2"} do
  describe("examples/team.lua on " .. version, function()
    local server, g, account

    setup(function() server = days.start(version) end)
    teardown(function() server:stop() end)
    before_each(function()
      days.fresh(server)
      g = days.connect(server)
      account = {url = server.url, user = "admin", password = days.PASSWORD, org = 1}
      grafana.check(g:create_user {login = "ann", password = "long-enough", OrgId = 1})
    end)
    after_each(function() g:close() end)

    it("sets up one team after the other, whatever they are called, and doubles nothing", function()
      for _, name in ipairs {"Web Ops", "Web-Ops", "Überwachung & Co /?#%", "日本"} do
        team_example.sets_up(account, g, name, "ann")
      end
    end)

    it("leaves what others have been granted meanwhile", function()
      team_example.run(account, "Web Ops")
      local uid = ("team-%d"):format(g:get_team(1, "Web Ops").team.id)
      grafana.check(g:grant_folder_permissions(1, uid, {users = {ann = "Admin"}}, {keep = true}))
      team_example.run(account, "Web Ops")
      assert.equal(3, #grafana.check(g:get_folder_permissions(1, uid)).permissions)
    end)

    it("says in one line why it could not", function()
      for _, case in ipairs {
        {{"ann", "long-enough"}, "X", "^team%.lua: access%-denied %(forbidden%): "},
        {{"ann", "wrong"}, "X", "^team%.lua: access%-denied %(bad%-credentials%): "},
        {{"admin", days.PASSWORD}, "", "^team%.lua: missing%-mandatory%-data: "},
      } do
        local lines, fine = team_example.run({url = server.url, user = case[1][1], password = case[1][2]}, case[2])
        assert.is_false(fine)
        assert.equal(1, #lines, table.concat(lines, "\n"))
        assert.matches(case[3], lines[1])
      end
      assert.same({}, grafana.check(g:get_teams(1)).teams)
    end)
  end)

  describe("examples/many.lua on " .. version, function()
    local server, g

    setup(function() server = days.start(version) end)
    teardown(function() server:stop() end)
    before_each(function()
      days.fresh(server)
      g = days.connect(server)
    end)
    after_each(function() g:close() end)

    it("counts what is in every organisation, all asked at once", function()
      server:seed {dashboards = 7}
      for i = 1, 12 do grafana.check(g:create_org("Acme " .. i)) end
      grafana.check(g:create_datasource(1, {name = "P", type = "prometheus", access = "proxy", url = "http://x"}))
      local lines, fine = example.run("many.lua", {url = server.url, user = "admin", password = days.PASSWORD})
      assert.is_true(fine, table.concat(lines, "\n"))
      assert.equal(14, #lines)
      assert.matches("^organisation +users dashboards data sources$", lines[1])
      assert.matches("^Main Org%. +1 +7 +1 *$", lines[#lines])
      assert.matches("^Acme 1 +1 +0 +0 *$", lines[2])
    end)

    it("says in one line why it could not", function()
      local lines, fine = example.run("many.lua", {url = server.url, user = "admin", password = "wrong"})
      assert.is_false(fine)
      assert.equal(1, #lines, table.concat(lines, "\n"))
      assert.matches("^many%.lua: access%-denied %(bad%-credentials%): ", lines[1])
    end)
  end)
end
