-- SPDX-License-Identifier: MIT
-- A client made before nginx forks: each worker uses it as if it were its own, and no answer reaches the wrong caller.

local days = require "spec.support.bad_days"
local nginx = require "spec.support.nginx"
local nginx_server = require "spec.support.nginx_server"

if not nginx.inside then return end

local VISITORS = days.is_asan and 300 or 1000

-- What libcurl has opened before the fork belongs to neither worker and is abandoned: a leak to the sanitizers.
local CURL = not days.is_asan and [[
  curl = connect {transport = "curl", blocking = true}
  before = curl:get_org(1).status
]] or ""

describe("a client made in init_by_lua, used by two workers,", function()
  local grafana, server

  setup(function()
    grafana = days.start()
    days.fresh(grafana)
    grafana:seed {dashboards = VISITORS, bytes = 1500}
    server = nginx_server.start {
      workers = 2,
      listen = "reuseport",
      init = [[
        local function connect(options)
          return require("grafana").connect("@URL@", {"admin", "@PASSWORD@"}, options)
        end
        session = connect {auth_method = "regular-login"}
        g = connect()
        @CURL@
      ]],
      locations = [[
        location = /before { content_by_lua_block { ngx.print(before) } }
        location = /mine {
          content_by_lua_block {
            local client = _G[ngx.var.arg_client]
            local r = client:get_dashboard(1, ngx.var.arg_uid)
            ngx.print(ngx.worker.pid(), " ", r.ok and r.dashboard.uid or tostring(r))
          }
        }
        location = /panels {
          content_by_lua_block {
            local r = g:get_org_panels(1)
            ngx.print(ngx.worker.pid(), " ", r.ok and #r.panels or tostring(r))
          }
        }
      ]],
      values = {URL = grafana.url, PASSWORD = days.PASSWORD, CURL = CURL},
    }
  end)
  teardown(function()
    server:stop()
    grafana:stop()
  end)

  -- Each visitor asks for a dashboard of his own, and gets it.
  local function assert_own(client, count)
    local workers = {}
    server:crowd(count, 16, function(i)
      return ("/mine?client=%s&uid=seed-%05d"):format(client, i)
    end, function(i, code, body)
      assert.equal(200, code)
      local pid, uid = body:match("^(%d+) (.*)$")
      assert.equal(("seed-%05d"):format(i), uid)
      workers[pid] = true
    end)
    local pids = {}
    for pid in pairs(workers) do pids[#pids + 1] = pid end
    assert.equal(2, #pids, "both workers had visitors")
  end

  it("answers each visitor with what he asked for", function() assert_own("g", VISITORS) end)

  it("answers each visitor of a session, too; each worker has signed in once", function()
    grafana:clear_log()
    assert_own("session", VISITORS / 5)
    assert.equal(2, days.arrived(grafana, "POST", "^/login$"))
  end)

  if not days.is_asan then
    it("answers each visitor over libcurl, though it was used before", function()
      assert.equal("ok", select(2, server:get "/before"))
      assert_own("curl", VISITORS / 5)
    end)
  end

  it("lets calls that are under way end when nginx reloads its configuration, and works in the new workers", function()
    grafana:fault {kind = "delay", path = "^/api/dashboards", seconds = 0.5, times = 4}
    local visitors = {}
    for i = 1, 4 do visitors[i] = server:visit(("/mine?client=g&uid=seed-%05d"):format(i)) end
    local pids = {}
    while days.arrived(grafana, "GET", "^/api/dashboards") < 4 do ngx.sleep(0.01) end
    os.execute("kill -HUP " .. server.pid)
    for i = 1, 4 do
      local pid, uid = visitors[i]:receive("*a"):match("(%d+) (%S+)$")
      assert.equal(("seed-%05d"):format(i), uid)
      pids[pid] = true
    end
    for _ = 1, 20 do
      local pid = (select(2, server:get "/mine?client=g&uid=seed-00009")):match("^(%d+) seed%-00009$")
      assert.is_nil(pids[pid], "this worker was to end")
    end
  end)

  it("gives each visitor the whole of a list that takes many requests", function()
    local lengths = {}
    server:crowd(4, 4, function() return "/panels" end, function(_, _, body)
      lengths[#lengths + 1] = tonumber(body:match(" (%d+)$")) or body
    end)
    for i = 1, 4 do assert.equal(lengths[1], lengths[i]) end
    assert.is_true(lengths[1] > VISITORS)
  end)
end)
