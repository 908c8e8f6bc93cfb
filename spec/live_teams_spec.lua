-- SPDX-License-Identifier: MIT
-- Teams and tokens on the server at GRAFANA_URL, in an organisation of their own: what needs more than one call.

package.path = "./?.lua;./?/init.lua;" .. package.path   -- 5.1 and LuaJIT do not look for ./?/init.lua

local grafana = require "grafana"
local live = require "spec.golden.live"

describe("on " .. assert(os.getenv("GRAFANA_URL"), "GRAFANA_URL is not set") .. ",", function()
  local server, world, org, g

  setup(function()
    server = live.server {
      url = os.getenv("GRAFANA_URL"), user = os.getenv("GRAFANA_USER") or "admin",
      password = os.getenv("GRAFANA_PASSWORD") or "admin",
    }
    g = server.admin
  end)
  before_each(function()
    world = live.world(server)
    org = world:new_org()
  end)
  after_each(function() assert.same({}, world:clean()) end)

  it("teams and service accounts are listed page after page, each once", function()
    for i = 1, 25 do
      grafana.check(g:create_team(org, {name = ("Team %02d"):format(i)}))
      grafana.check(g:create_service_account(org, {name = ("robot %02d"):format(i)}))
    end
    for name, key in pairs {get_teams = "teams", get_service_accounts = "service_accounts"} do
      local seen, names = {}, {}
      for _, item in ipairs(grafana.check(g[name](g, org, {perpage = 10}))[key]) do
        assert.is_nil(seen[item.id])
        seen[item.id], names[#names + 1] = true, item.name
      end
      assert.equal(25, #names)
      assert.matches("01$", names[1])
      assert.matches("25$", names[25])
    end
  end)

  it("a token opens the door until it is deleted", function()
    local account = world:new_service_account(org, {role = "Admin"}).id
    local token = world:new_token(org, account)
    local robot = grafana.connect(server.url, {token = token.key})
    assert.equal("ok", robot:get_teams(org).status)
    assert.equal("ok", g:delete_token(org, account, token.id).status)
    local r = robot:get_teams(org)
    assert.equal("bad-credentials", r.reason, tostring(r))
    assert.matches("token", r.message, 1, true)
    assert.is_nil(r.message:find(token.key, 1, true))
    robot:close()
  end)

  it("a team called like another's uid does not stand in for it", function()
    local real = world:new_team(org)
    if not real.uid then return end   -- 9.x
    world:new_team(org, {name = real.uid})
    assert.equal(real.id, g:get_team(org, real.uid).team.id)
  end)

  it("strings are never ids", function()
    local id = world:new_team(org).id
    local digits = grafana.encode(id)
    for _, text in ipairs {digits, "0" .. digits, "+" .. digits, "0", "-1"} do
      assert.equal("not-found", g:get_team(org, text).status, text)
      assert.equal("not-found", g:delete_team(org, text).status, text)
    end
    local named = world:new_team(org, {name = digits}).id
    assert.equal(named, g:get_team(org, digits).team.id)
  end)
end)
