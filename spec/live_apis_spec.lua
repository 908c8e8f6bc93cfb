-- SPDX-License-Identifier: MIT
-- Whole organisations of the server at GRAFANA_URL over /apis and over the old routes: the same, panel by panel. The
-- old routes are forced by a transport that knows no /apis.

package.path = "./?.lua;./?/init.lua;" .. package.path   -- 5.1 and LuaJIT do not look for ./?/init.lua

local grafana = require "grafana"
local live = require "spec.golden.live"
local nginx = require "spec.support.nginx"
local two_ways = require "spec.support.two_ways"

local by_sockets = dofile("examples/socket_transport.lua")

describe("on " .. assert(os.getenv("GRAFANA_URL"), "GRAFANA_URL is not set") .. ",", function()
  local server, world, org, has_apis

  setup(function()
    server = live.server {
      url = os.getenv("GRAFANA_URL"), user = os.getenv("GRAFANA_USER") or "admin",
      password = os.getenv("GRAFANA_PASSWORD") or "admin",
    }
    has_apis = server.recorded == "12.4.3"
  end)
  before_each(function()
    world = live.world(server)
    org = world:new_org()
  end)
  after_each(function() assert.same({}, world:clean()) end)

  local function connect(credentials, transport)
    return grafana.connect(server.url, credentials, {timeout = 60000, transport = transport, concurrency = 16})
  end

  -- Both ways, with the credentials given or the admin's; the number of panels.
  local function assert_same(credentials, in_org)
    credentials = credentials or {server.user, server.password}
    local by_singles = connect(credentials, two_ways.without_apis(by_sockets))
    return two_ways.assert_same(connect(credentials), by_singles, in_org or org)
  end

  -- https needs more than the example can.
  if os.getenv("GRAFANA_URL"):find("^https") or nginx.inside then return end

  it("an organisation of the project's own dashboards and of real ones is the same both ways", function()
    local count = two_ways.post_files(server.admin, org, "examples/dashboards", "own")
    count = count + two_ways.post_files(server.admin, org, two_ways.SHARED, "real")
    assert.is_true(assert_same() > count)
    assert.equal(count, #grafana.check(server.admin:get_org_dashboards(org)).dashboards)
  end)

  it("an organisation of odd dashboards is the same both ways, to an admin, a viewer and a token", function()
    two_ways.post_odd(server.admin, org, not has_apis)
    assert.is_true(assert_same() > 0)
    if has_apis then
      assert.equal(two_ways.findable(), #grafana.check(server.admin:get_org_dashboards(org)).dashboards)
    end
    local viewer = world:new_user {org = org, role = "Viewer"}
    assert_same({viewer.login, viewer.password})
    local token = {token = world:new_token(org, world:new_service_account(org).id).key}
    assert_same(token)
    assert_same(token, grafana.own)
  end)

  it("an organisation of many pages is the same both ways", function()
    for i = 1, 8 do two_ways.post_files(server.admin, org, "examples/dashboards", "own-" .. i) end
    local large = {title = "Large", panels = {}}
    for i = 1, 60 do large.panels[i] = {id = i, type = "text", title = "P" .. i, description = ("d"):rep(5000)} end
    for i = 1, 20 do
      large.uid = ("large-%02d"):format(i)
      world:new_dashboard(org, large)
    end
    assert.is_true(assert_same() > 1200)
  end)

  it("an organisation doubles and loses nothing when dashboards are made, edited and deleted meanwhile", function()
    for _, way in ipairs {"pages", "singles"} do
      local here = grafana.check(server.admin:create_org(world:unique())).id
      two_ways.post_changing(server.admin, here, 60)
      local send = way == "pages" and by_sockets or two_ways.without_apis(by_sockets)
      local transport = two_ways.changing(server.admin, here, 60, send)
      local g = connect({server.user, server.password}, transport)
      local r = grafana.check(g:get_org_dashboards(here))
      assert.is_nil(r.failed)
      assert.is_nil(two_ways.wrong_with(server.admin, here, r.dashboards, 60), way)
    end
  end)
end)
