-- SPDX-License-Identifier: MIT
-- examples/onboard_team.lua does what it says, on the stand-in as both versions.

package.path = "./?.lua;./?/init.lua;" .. package.path

local days = require "spec.support.bad_days"
local example = require "spec.support.example"
local grafana = require "grafana"
local scratch = require "spec.support.scratch"

local FILE = "examples/people.csv"

for _, version in ipairs {"12.4.3", "9.3.2"} do
  describe("examples/onboard_team.lua on " .. version, function()
    local server, g, account

    setup(function() server = days.start(version) end)
    teardown(function() server:stop() end)
    before_each(function()
      days.fresh(server)
      g = days.connect(server)
      account = {url = server.url, user = "admin", password = days.PASSWORD}
    end)
    after_each(function()
      g:close()
      scratch.clear()
    end)

    local function run(...)
      local lines, fine = example.run("onboard_team.lua", account, ...)
      return table.concat(lines, "\n"), fine
    end

    it("shows what it would do", function()
      local text, fine = run(FILE, "Web Ops")
      assert.is_true(fine, text)
      assert.matches("create  user ann", text, 1, true)
      assert.matches("Nothing is written yet", text)
      assert.same({"not-found", 0}, {g:get_user("ann").status, #g:get_teams(1).teams})
    end)

    it("makes the users, with passwords, members of the organisation and of the team; once", function()
      local text, fine = run(FILE, "Web Ops", "--apply")
      assert.is_true(fine, text)
      local names, logins = {}, {}
      for i, login in ipairs {"ann", "bo", "cy"} do
        names[i] = g:get_user(login).user.name
        local own = grafana.connect(server.url, {login, text:match("password of " .. login .. ": (%x+)")})
        assert.equal(login == "cy" and "Viewer" or "Editor", own:get_current_user_orgs().orgs[1].role)
        own:close()
      end
      assert.same({"Ann Berg", 'Bo "the Pager" Dahl', "Eng, Cy"}, names)
      for _, member in ipairs(g:get_team_members(1, "Web Ops").members) do logins[member.login] = true end
      assert.same({admin = true, ann = true, bo = true, cy = true}, logins)
      text, fine = run(FILE, "Web Ops", "--apply")
      assert.is_true(fine, text)
      assert.matches("0 to create, 0 to update, 0 to delete, 6 as they should be", text, 1, true)
      assert.is_nil(text:find("password", 1, true))
    end)

    it("reads what Excel writes, and says which line is no CSV", function()
      local path = scratch.folder() .. "/people.csv"
      scratch.put(path, '\239\187\191login,email,name,role\r\n"eva","eva@example.org","",Editor\r\n')
      local text, fine = run(path, "Web Ops", "--apply")
      assert.is_true(fine, text)
      assert.equal("ok", g:get_user("eva").status)
      scratch.put(path, 'login,email,name,role\neva,"eva@example.org,Eva,Editor\n')
      text, fine = run(path, "Web Ops", "--apply")
      assert.same({'onboard_team.lua: this is no line of CSV: eva,"eva@example.org,Eva,Editor', false}, {text, fine})
    end)
  end)
end
