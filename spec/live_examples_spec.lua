-- SPDX-License-Identifier: MIT
-- The examples on the server at GRAFANA_URL, in an organisation of their own.

package.path = "./?.lua;./?/init.lua;" .. package.path   -- 5.1 and LuaJIT do not look for ./?/init.lua

local live = require "spec.golden.live"
local team_example = require "spec.support.team_example"

describe("on " .. assert(os.getenv("GRAFANA_URL"), "GRAFANA_URL is not set") .. ",", function()
  local world, account, server

  setup(function()
    server = live.server {
      url = os.getenv("GRAFANA_URL"), user = os.getenv("GRAFANA_USER") or "admin",
      password = os.getenv("GRAFANA_PASSWORD") or "admin",
    }
  end)
  before_each(function()
    world = live.world(server)
    local org = world:new_org()
    local user = world:new_user {org = org, role = "Admin"}
    account = {url = server.url, user = user.login, password = user.password, org = org}
  end)
  after_each(function() assert.same({}, world:clean()) end)

  it("examples/team.lua sets up one team after the other, and doubles nothing", function()
    local member = world:new_user {org = account.org}
    for _, name in ipairs {"Web Ops", "Web-Ops", "Überwachung & Co /?#%"} do
      team_example.sets_up(account, server.admin, name, member.login)
    end
  end)
end)
