-- SPDX-License-Identifier: MIT
-- Clients and calls that end early, late or not at all: closed, collected, left by an error, used in coroutines, used a
-- thousand times. Run under the sanitizers, this is where a wrong lifetime shows.

local grafana = require "grafana"
local core = require "grafana.core"
local days = require "spec.support.bad_days"
local nginx = require "spec.support.nginx"

local server

setup(function() server = days.start() end)
teardown(function() server:stop() end)
before_each(function() days.fresh(server) end)

local function collect()
  for _ = 1, 3 do collectgarbage() end
end

-- A client whose on_retry does something, once; the first request, and only that, meets a 503.
local function client_that(act)
  server:fault {kind = "status", code = 503}
  local g
  g = days.connect(server, {backoff_ms = {50, 50}, on_retry = function(retry) act(g, retry) end})
  return g
end

local CALLS = {
  {"get_org", 1}, {"create_org", "A"}, {"update_org", 1, "A"}, {"delete_org", 5}, {"get_org_panels", 1},
  {"get_org_dashboards", 1}, {"get_orgs"}, {"get_datasources", 1}, {"update_org_user", 1, "admin", "Editor"},
  {"create_user", {login = "a", password = "long"}}, {"update_or_create_dashboard", 1, {title = "T", panels = {}}},
  {"search", 1}, {"update_datasource", 1, "x", {name = "y"}},
}

describe("a client that is closed", function()
  it("gives results with reason closed afterwards, for every operation, and sends nothing", function()
    local g = days.connect(server)
    days.assert_usable(g)
    g:close()
    server:clear_log()
    for _, call in ipairs(CALLS) do
      local r = g[call[1]](g, days.unpack(call, 2))
      assert.equal("error", r.status, tostring(r))
      assert.equal("closed", r.reason)
      assert.equal(call[1], r.operation)
      assert.matches("closed", r.message)
      assert.is_nil(r.uncertain)
    end
    assert.equal(0, #server:requests())
    assert.matches("closed", tostring(g))
    g:close()
  end)

  it("before it was used is closed as well", function()
    local g = days.connect(server)
    g:close()
    assert.equal("closed", g:get_org(1).reason)
    assert.is_false(rawget(g, "_driver"))
  end)

  it("still raises for a wrong argument", function()
    local g = days.connect(server)
    g:close()
    assert.is_false(pcall(g.create_org, g, 5))
  end)

  it("inside on_retry ends the call that is under way, and others too", function()
    for _, call in ipairs {{"get_org", 1}, {"update_org", 1, "A"}, {"get_orgs"}, {"get_org_panels", 1},
      {"delete_org", 4}} do
      local closed
      local g = client_that(function(g)
        g:close()
        closed = g:get_org(1)
      end)
      local r = g[call[1]](g, days.unpack(call, 2))
      assert.equal("closed", r.reason, tostring(r))
      assert.equal("closed", closed.reason)
      assert.is_nil(days.leak(r))
      g:close()
      server:clear_faults()
    end
  end)

  it("in the middle of a listing gives no half of it", function()
    server:seed {dashboards = 50}
    server:set {apis = false}
    server:fault {kind = "status", code = 503, path = "^/api/dashboards", skip = 20}
    local g
    g = days.connect(server, {on_retry = function() g:close() end, backoff_ms = {50, 50}})
    local r = g:get_org_panels(1)
    assert.equal("closed", r.reason)
    assert.is_nil(r.panels)
  end)

  it("while calls are under way that nobody steps any more gives them the reason closed", function()
    local g = days.connect(server)
    local driver = require("grafana.curl").driver {concurrency = 4}
    local calls = {}
    server:fault {kind = "stall", seconds = 0.2, times = 0}   -- libcurl 8 would find an answer within the same step
    for i, call in ipairs(CALLS) do
      calls[i] = core.call(rawget(g, "_core"), days.unpack(call))
      driver:add(calls[i])
    end
    driver:step(0)
    g:close()
    for i, call in ipairs(calls) do
      assert.is_true(call:done())
      assert.equal("closed", call:result().reason, CALLS[i][1])
    end
    driver:close()
    for _, call in ipairs(calls) do call:close() end
  end)
end)

describe("a client that is collected", function()
  it("in the middle of a call, all references gone, lets the call end", function()
    for _, call in ipairs(CALLS) do
      days.fresh(server)
      server:fault {kind = "status", code = 503, method = "GET"}
      server:fault {kind = "status", code = 429}
      local holder = {}
      local weak = setmetatable({}, {__mode = "v"})
      holder.g = days.connect(server, {on_retry = function()
        holder.g = nil
        collect()
      end})
      weak.g = holder.g
      local r = holder.g[call[1]](holder.g, days.unpack(call, 2))
      assert.is_string(r.status, call[1])
      assert.is_nil(holder.g)
      collect()
    end
  end)

  it("without being closed leaves nothing behind", function()
    local weak = setmetatable({}, {__mode = "k"})
    for _ = 1, 20 do
      local g = days.connect(server)
      days.assert_usable(g)
      weak[g] = true
    end
    collect()
    local left = 0
    for _ in pairs(weak) do left = left + 1 end
    assert.is_true(left <= 1, left .. " clients left")
  end)

  it("leaves its results whole", function()
    server:seed {dashboards = 5}
    local g = days.connect(server)
    local r = g:get_org_panels(1)
    local raw = g:get_dashboard(1, "seed-00003", {raw = true})
    g:close()
    g = nil -- luacheck: ignore
    collect()
    assert.is_true(#r.panels > 5)
    assert.equal("Seeded dashboard 00003", raw.dashboard:get("title"))
    assert.matches('"Seeded dashboard 00003"', raw.dashboard:text(), 1, true)
    raw = nil -- luacheck: ignore
    collect()
  end)
end)

describe("a call", function()
  it("keeps what it was given, though nobody else does", function()
    local g = days.connect(server)
    local driver = require("grafana.curl").driver {concurrency = 1}
    local calls = {}
    for i = 1, 20 do
      calls[i] = core.call(rawget(g, "_core"), "create_user",
        {login = ("login-"):rep(20) .. i, password = ("password-"):rep(20) .. i, name = ("name-"):rep(20) .. i})
      driver:add(calls[i])
    end
    for i = 1, 2000 do calls.waste = ("waste %d"):format(i):rep(50) end
    collect()
    while driver:step(100) > 0 do collectgarbage("step") end
    for i = 1, 20 do assert.equal("ok", calls[i]:result().status) end
    assert.equal(("name-"):rep(20) .. "7", g:get_user(("login-"):rep(20) .. "7").user.name)
    driver:close()
    g:close()
  end)

  it("that is collected while it is sent is broken off, the rest go on", function()
    local g = days.connect(server)
    local driver = require("grafana.curl").driver {concurrency = 4}
    days.assert_usable(g)
    server:fault {kind = "stall", seconds = 0.2, path = "^/api/orgs/7", times = 0}
    driver:add(core.call(rawget(g, "_core"), "get_org", 7))
    local kept = core.call(rawget(g, "_core"), "get_org", 1)
    driver:add(kept)
    driver:step(10)
    collect()
    while not kept:done() do driver:step(100) end
    assert.equal("ok", kept:result().status)
    driver:close()
    kept:close()
    g:close()
  end)

  it("that was dropped, closed or cancelled is not fed any more", function()
    local g = days.connect(server)
    local driver = require("grafana.curl").driver {concurrency = 4}
    server:fault {kind = "delay", seconds = 0.1, times = 0}
    for _, how in ipairs {"drop", "close", "cancel"} do
      local call = core.call(rawget(g, "_core"), "get_orgs")
      driver:add(call)
      driver:step(0)
      if how == "drop" then driver:drop(call) else call[how](call) end
      driver:step(200)
      driver:step(200)
      if how == "cancel" then assert.equal("cancelled", call:result().reason) end
      call:close()
    end
    server:clear_faults()
    days.assert_usable(g)
    driver:close()
    g:close()
  end)

  it("outlives the driver, and ends with it", function()
    local g = days.connect(server)
    local driver = require("grafana.curl").driver {concurrency = 4}
    local call = core.call(rawget(g, "_core"), "create_org", "A")
    driver:add(call)
    driver:step(0)
    driver:close()
    driver:close()
    assert.equal(0, driver:step(10))
    collect()
    call:close()
    days.assert_usable(g)
    g:close()
  end)
end)

describe("an error raised from on_retry", function()
  it("goes up as it is, and the client is usable", function()
    for _, raised in ipairs {"text", {a = 1}, 5, false} do
      local g = client_that(function() error(raised, 0) end)
      local fine, problem = pcall(g.get_org, g, 1)
      assert.is_false(fine)
      assert.equal(raised, problem)
      server:clear_faults()
      days.assert_usable(g)
      g:close()
    end
  end)

  it("in the middle of a listing breaks the rest off", function()
    server:seed {dashboards = 40}
    server:set {apis = false}
    server:fault {kind = "status", code = 503, path = "^/api/dashboards", skip = 5, times = 0}
    local g = days.connect(server, {on_retry = function() error("stop", 0) end})
    for _ = 1, 3 do assert.equal("stop", select(2, pcall(g.get_org_panels, g, 1))) end
    server:clear_faults()
    assert.equal("ok", g:get_org_panels(1).status)
    days.assert_usable(g)
    g:close()
  end)

  it("or from log goes up too", function()
    local g = days.connect(server, {log = function() error("log", 0) end})
    assert.equal("log", select(2, pcall(g.get_org, g, 1)))
    g:close()
  end)
end)

describe("in a coroutine", function()
  it("a call blocks and works", function()
    local g = days.connect(server)
    local steps = {}
    local routine = coroutine.create(function()
      for _ = 1, 3 do
        local r = g:get_org(1)
        steps[#steps + 1] = r.org.name
        coroutine.yield(r.status)
      end
      return "end"
    end)
    for i = 1, 3 do
      assert.equal("ok", select(2, coroutine.resume(routine)))
      assert.equal(i, #steps)
    end
    assert.equal("end", select(2, coroutine.resume(routine)))
    g:close()
  end)

  it("a call works inside wrap, pcall, iterators, sort and gsub", function()
    local g = days.connect(server)
    for name in coroutine.wrap(function()
      for _, org in ipairs(g:get_orgs().orgs) do coroutine.yield(org.name) end
    end) do assert.equal("Main Org.", name) end
    assert.is_true(select(2, pcall(function() return g:get_org(1).ok end)))
    local list = {2, 1}
    local function sort() table.sort(list, function(a, b) return g:get_org(1).ok and a < b end) end
    local function replace() return (("x"):gsub("x", function() return g:get_org(1).org.name end)) end
    if nginx.inside then   -- where a call waits by yielding, which functions in C do not allow
      for _, f in ipairs {sort, replace} do
        assert.matches("inside a function that C calls.*call before or after it", select(2, pcall(f)))
      end
    else
      sort()
      assert.same({1, 2}, list)
      assert.equal("Main Org.", replace())
    end
    days.assert_usable(g)
    g:close()
  end)

  it("an abandoned one does not hurt", function()
    local g = days.connect(server)
    for _ = 1, 10 do
      local routine = coroutine.wrap(function()
        g:get_org(1)
        coroutine.yield()
        g:get_org(1)
      end)
      routine()
    end
    collect()
    days.assert_usable(g)
    g:close()
  end)

  it("a client may be made in one and used outside of it", function()
    local g = coroutine.wrap(function() return days.connect(server, nginx.trusting(server)) end)()
    collect()
    days.assert_usable(g)
    g:close()
  end)
end)

describe("<close>", function()
  local chunk = (loadstring or load)([[
    local connect, use = ...
    local outside
    do
      local g <close> = connect()
      outside = g
      use(g)
    end
    return outside
  ]])

  if chunk then
    it("closes the client at the end of its block, also when an error leaves it", function()
      local g = chunk(function() return days.connect(server) end, days.assert_usable)
      assert.equal("closed", g:get_org(1).reason)
      local kept
      local fine = pcall(chunk, function()
        kept = days.connect(server)
        return kept
      end, function() error("left") end)
      assert.is_false(fine)
      assert.equal("closed", kept:get_org(1).reason)
    end)
  end

  it("is g:close() by its metamethod", function()
    local g = days.connect(server)
    getmetatable(g).__close(g)
    assert.equal("closed", g:get_org(1).reason)
  end)
end)

-- ----------------------------------------------------------------------------------------------------------- growth --

-- Resident memory of this process in KB.
local function resident()
  local file = assert(io.open("/proc/self/status"))
  local text = file:read("*a")
  file:close()
  return tonumber(text:match("VmRSS:%s*(%d+)"))
end

local function open_files()
  local pipe = assert(io.popen("ls /proc/$PPID/fd | wc -l"))
  local count = tonumber(pipe:read("*a"))
  pipe:close()
  return count
end

-- Memory of Lua's and of the process, in KB, after `times` more rounds.
local function grown(times, round)
  for i = 1, times do round(i) end
  collect()
  local lua, process = collectgarbage("count"), resident()
  for i = 1, times do round(i) end
  collect()
  return collectgarbage("count") - lua, resident() - process
end

describe("memory does not grow:", function()
  local function assert_flat(times, round)
    local lua, process = grown(times, round)
    assert.is_true(lua < 64, ("Lua's memory grew by %.0f KB"):format(lua))
    if not days.is_asan then assert.is_true(process < 1500, ("the process grew by %d KB"):format(process)) end
  end

  it("1,000 calls, reads and writes", function()
    server:seed {dashboards = 1}
    local g = days.connect(server)
    assert_flat(500, function(i)
      local r = i % 3 == 0 and g:update_org(1, "Main Org.") or i % 3 == 1 and g:get_org(1)
        or g:get_dashboard(1, "seed-00001")
      assert(r.ok)
    end)
    g:close()
  end)

  it("1,000 calls that fail", function()
    local g = days.connect(server, {max_retries = 0})
    assert_flat(500, function(i)
      local r = i % 2 == 0 and g:get_org(99) or g:create_org("Main Org.")
      assert(not r.ok)
    end)
    g:close()
  end)

  it("raw documents that nobody closes", function()
    server:seed {dashboards = 1, bytes = 20000}
    local g = days.connect(server)
    assert_flat(200, function() assert(g:get_dashboard(1, "seed-00001", {raw = true}).ok) end)
    g:close()
  end)

  it("100 clients opened, used and closed: no file stays open", function()
    days.assert_usable(days.connect(server))
    collect()
    local before = open_files()
    assert_flat(50, function()
      local g = days.connect(server)
      assert(g:get_org(1).ok)
      g:close()
    end)
    collect()
    assert.is_true(open_files() <= before + 1, ("%d files, before %d"):format(open_files(), before))
  end)

  it("100 clients over TLS", function()
    assert_flat(20, function()
      local g = grafana.connect(nginx.tls_url(server), {"admin", days.PASSWORD}, nginx.trusting(server))
      assert(g:get_org(1).ok)
      g:close()
    end)
  end)

  it("calls left by errors", function()
    server:fault {kind = "status", code = 503, times = 0}
    local g = days.connect(server, {on_retry = function() error("left", 0) end})
    assert_flat(100, function() assert(not pcall(g.get_org, g, 1)) end)
    g:close()
  end)
end)
