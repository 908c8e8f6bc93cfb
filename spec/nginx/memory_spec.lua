-- SPDX-License-Identifier: MIT
-- A worker that serves thousands of visitors, on good days and on bad ones, is no larger afterwards.

local days = require "spec.support.bad_days"
local nginx = require "spec.support.nginx"
local nginx_server = require "spec.support.nginx_server"

if not nginx.inside then return end

local LOCATIONS = [[
  location = /memory {
    content_by_lua_block {
      for _ = 1, 3 do collectgarbage() end
      local file = io.open "/proc/self/status"
      ngx.print(collectgarbage "count", " ", file:read("*a"):match("VmRSS:%s*(%d+)"))
      file:close()
    }
  }
  location = /good {
    content_by_lua_block {
      local i = tonumber(ngx.var.arg_i)
      local r
      if i % 5 == 0 then r = g:get_org(1)
      elseif i % 5 == 1 then r = g:get_dashboard(1, "seed-00001")
      elseif i % 5 == 2 then r = g:get_dashboard(1, "seed-00001", {raw = true})
      elseif i % 5 == 3 then r = g:update_org(1, "Main Org.")
      else r = g:search(1) end
      if i % 100 == 0 then r = g:get_org_panels(1) end
      ngx.print(r.status)
    }
  }
  location = /bad {
    lua_check_client_abort on;
    content_by_lua_block {
      local r = soaked:get_dashboard(1, ngx.var.arg_uid)
      ngx.print(r.status, " ", r.ok and r.dashboard.uid or r.reason)
    }
  }
  location = /leak {
    content_by_lua_block {
      local ffi = require "ffi"
      ffi.cdef "void *malloc(size_t);"
      ngx.print(tostring(ffi.C.malloc(4711)))
    }
  }
]]

-- What each dashboard's server does, and how the call ends.
local FAULTS = {
  {"ok"}, {"ok"}, {"ok"}, {"ok"}, {"ok", {kind = "delay", seconds = 0.01}},
  {"error timeout", {kind = "stall", seconds = 0.4}}, {"error timeout", {kind = "slow", bytes = 200, interval = 0.05}},
  {"error cut", {kind = "close"}}, {"error cut", {kind = "close_after"}}, {"error cut", {kind = "cut"}},
  {"error cut", {kind = "cut_chunk"}}, {"error cut", {kind = "head_cut"}}, {"error cut", {kind = "garbage"}},
  {"error server-error", {kind = "status", code = 500}}, {"error unavailable", {kind = "status", code = 503}},
  {"error rate-limited", {kind = "status", code = 429}}, {"error not-grafana", {kind = "html"}},
  {"error invalid-json", {kind = "broken_json"}}, {"error too-large", {kind = "big", bytes = 300000}},
  {"error too-large", {kind = "headers_many", count = 1500}}, {"error invalid-json", {kind = "empty"}},
}

local function uid_of(i) return ("seed-%05d"):format(i) end

describe("a worker that serves thousands of visitors", function()
  local grafana, server

  setup(function()
    grafana = days.start()
    days.fresh(grafana)
    grafana:seed {dashboards = #FAULTS, bytes = 5000}
  end)
  teardown(function() grafana:stop() end)
  before_each(function()
    server = nginx_server.start {
      init = [[
        local function connect(options)
          return require("grafana").connect("@URL@", {"admin", "@PASSWORD@"}, options)
        end
        g = connect()
        soaked = connect {timeout = 150, max_retries = 1, backoff_ms = {1, 1}, max_body = 100000, concurrency = 32}
      ]],
      locations = LOCATIONS,
      values = {URL = grafana.url, PASSWORD = days.PASSWORD},
    }
  end)
  after_each(function()
    grafana:clear_faults()
    server:stop()
  end)

  -- The memory of Lua and of the process, in KB.
  local function memory()
    local _, body = server:get "/memory"
    local lua, process = body:match("^(%S+) (%S+)$")
    return tonumber(lua), tonumber(process)
  end

  -- Serves round after round; the memory after the last is what it was after the second.
  local function assert_flat(rounds, serve)
    local lua, process
    for round = 1, rounds do
      serve(round)
      if round == 2 then lua, process = memory() end
    end
    local lua_then, process_then = memory()
    assert.is_true(lua_then - lua < 64, ("Lua's memory grew by %.0f KB"):format(lua_then - lua))
    if days.is_asan then return end   -- freed memory is kept for a while
    assert.is_true(process_then - process < 1500, ("the process grew by %d KB"):format(process_then - process))
  end

  it("is as large after the last thousand as after the second", function()
    local thousand = days.is_asan and 100 or 1000
    assert_flat(10, function(round)
      server:crowd(thousand, 16, function(i) return "/good?i=" .. round * thousand + i end, function(_, code, body)
        assert.equal(200, code)
        assert.equal("ok", body)
      end)
      grafana:clear_log()
    end)
  end)

  it("is as large after the bad days, and each visitor got what was his", function()
    for i, fault in ipairs(FAULTS) do
      if fault[2] then
        fault[2].path, fault[2].times = "/uid/" .. uid_of(i):gsub("%-", "%%-"), 0
        grafana:fault(fault[2])
      end
    end
    local function number(i) return (i - 1) % #FAULTS + 1 end
    assert_flat(6, function()
      server:crowd(#FAULTS * (days.is_asan and 5 or 25), 24, function(i)
        if i % 10 == 0 then server:visit("/bad?uid=" .. uid_of(number(i))):close() end   -- another goes away at once
        return "/bad?uid=" .. uid_of(number(i))
      end, function(i, code, body)
        local expected = FAULTS[number(i)][1]
        if expected == "ok" then expected = "ok " .. uid_of(number(i)) end
        assert.equal(200, code)
        assert.equal(expected, body, uid_of(number(i)))
      end)
      grafana:clear_log()
    end)
  end)
end)

if days.is_asan then
  describe("what is lost in a worker", function()
    it("is told when it ends", function()
      local server = nginx_server.start {locations = LOCATIONS}
      server:get "/leak"
      local fine, problem = pcall(server.stop, server)
      assert.is_false(fine)
      assert.matches("LeakSanitizer.*4711 byte", problem)
    end)
  end)
end
