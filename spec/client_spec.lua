-- SPDX-License-Identifier: MIT
-- Clients: connecting, sending, retrying, and that whatever interrupts a call leaves the client usable and nothing
-- behind.

local grafana = require "grafana"
local nginx = require "spec.support.nginx"
local standin = require "spec.standin"

local SECRETS = {"hunter2-secret", "glsa_topsecret", "aHVudGVyMi1zZWNyZXQ"}

local function assert_no_secret(text)
  for _, secret in ipairs(SECRETS) do assert.is_nil(text:find(secret, 1, true), text) end
end

-- The message of the error that connect raises.
local function refused(...)
  local fine, message = pcall(grafana.connect, ...)
  assert.is_false(fine, "connect was expected to raise")
  assert_no_secret(message)
  return message
end

-- Run Lua code in a process of its own: what it prints, stderr too.
local function run(code, environment)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(code)
  file:close()
  local lua = os.getenv("GRAFANA_LUA") or "lua5.4"
  local pipe = assert(io.popen(("env %s %s %s 2>&1"):format(environment or "", lua, path)))
  local output = pipe:read("*a")
  pipe:close()
  os.remove(path)
  return output
end

local URL = "http://127.0.0.1:1"
local ADMIN = {"admin", "hunter2-secret"}

describe("connect", function()
  it("raises at the line of the caller", function()
    local line = debug.getinfo(1, "l").currentline + 1
    local _, message = pcall(function() local g = grafana.connect(5); return g end)
    assert.matches("client_spec%.lua:" .. line .. ": grafana%.connect: bad argument #1 'url'", message)
  end)

  it("takes http and https urls without credentials", function()
    assert.matches("bad argument #1 'url' %(string expected, got number%)", refused(5, ADMIN))
    assert.matches("url", refused("", ADMIN))
    assert.matches("http", refused("example.org", ADMIN))
    assert.matches("http", refused("ftp://example.org", ADMIN))
    assert.matches("url", refused("http://", ADMIN))
    assert.matches("url", refused("http://a b/", ADMIN))
    for _, url in ipairs {"http://a:0", "http://a:65536", "http://a:99999999999/", "http://a:b", "http://a:-1",
      "http://a:1:2", "http://[::1]3000", "http://[::1]:x", "http://fe80::1"} do
      assert.matches("argument 'url': its port is no number from 1 to 65535", refused(url, ADMIN), 1, true)
    end
    assert.matches("argument 'url': it names no host", refused("http://[::1", ADMIN), 1, true)
    for _, url in ipairs {"http://a:", "http://a:65535", "http://[::1]:1/x", "http://[::1]"} do
      grafana.connect(url, ADMIN):close()
    end
    assert.matches("url", refused("http://a/\r\nX: b", ADMIN))
    assert.matches("holds credentials", refused("http://admin:hunter2-secret@example.org", ADMIN))
    assert.matches("holds credentials", refused("https://glsa_topsecret@example.org/"))
  end)

  it("takes a user and a password, or a token", function()
    assert.matches("'credentials' %({user, password} or {token = string or function} expected, got string%)",
      refused(URL, "x"))
    assert.matches("password, second in argument 'credentials': string expected, got nil", refused(URL, {"admin"}))
    assert.matches("user, first", refused(URL, {}))
    assert.matches("user, first.* is empty", refused(URL, {"", "hunter2-secret"}))
    assert.matches("token.*string expected, got boolean", refused(URL, {token = true}))
    assert.matches("token.* is empty", refused(URL, {token = ""}))
    assert.matches("both", refused(URL, {"admin", "hunter2-secret", token = "glsa_topsecret"}))
    assert.matches("key 'user'", refused(URL, {user = "admin"}))
    assert.matches("key '3'", refused(URL, {"admin", "hunter2-secret", "x"}))
    assert.matches("control character", refused(URL, {token = "glsa_topsecret\n"}))
    assert.matches("control character", refused(URL, {"admin", "hunter2-secret\r\n"}))
    assert.matches("colon", refused(URL, {"ad:min", "hunter2-secret"}))
  end)

  it("refuses unknown options with the nearest right name", function()
    assert.matches("unknown option 'time_out' %(did you mean 'timeout'%?%)", refused(URL, ADMIN, {time_out = 1}))
    assert.matches("unknown option '1'", refused(URL, ADMIN, {"x"}))
    assert.matches("bad argument #3 'options' %(table expected, got number%)", refused(URL, ADMIN, 5))
  end)

  it("refuses options of a wrong type or out of range, by name", function()
    local wrong = {
      timeout = {"5", -1, 1.5, 0 / 0, math.huge}, connect_timeout = {true, -1}, deadline = {-1, {}},
      max_retries = {-1, "3", 0.5}, concurrency = {0, 2000, "8"}, max_body = {0, -1, "1"},
      backoff_ms = {500, {}, {500}, {-1, 5}, {10, 5}, {1, 2, 0.5}, {1, 2, 3, 4}, {"1", 2}, {1, 0 / 0}, {first = 1}},
      auth_method = {5, "basic"}, org = {"1", 1.5, grafana.null, true},
      headers = {"X: y", {"a"}, {a = 5}, {["a b"] = "c"}, {a = "b\r\nc: d"}, {Authorization = "x"}},
      ca_file = {5, "", "/does/not/exist.pem"}, ca_path = {5, ""}, cert = {5, "/does/not/exist.pem"}, key = {5},
      verify = {1, "yes"}, proxy = {5}, user_agent = {5, "", "a\nb"}, transport = {5, "sockets", "ngx", {}, true},
      on_retry = {5, "print"}, log = {io.stderr, true}, blocking = {1, "yes"}, sleep = {5, "sleep"},
    }
    for name, values in pairs(wrong) do
      for _, value in ipairs(values) do
        local message = refused(URL, ADMIN, {[name] = value})
        assert.is_truthy(message:find(name, 1, true), name .. ": " .. message)
      end
    end
    assert.matches("'auth_method': 'regular%-login' needs a user and a password",
      refused(URL, {token = "glsa_topsecret"}, {auth_method = "regular-login"}))
    assert.matches("'auth_method'.*did you mean 'regular%-login'", refused(URL, ADMIN, {auth_method = "regular_login"}))
  end)

  it("takes every option that is right", function()
    local g = grafana.connect(URL, ADMIN, {
      timeout = 0, connect_timeout = 1000.0, deadline = 0, max_retries = 0, backoff_ms = {0, 0}, concurrency = 1,
      auth_method = "basic-auth", org = grafana.own, headers = {["X-Scope"] = "a"}, verify = false, proxy = "",
      user_agent = "me", max_body = 1000, transport = "curl", blocking = true, on_retry = print,
      log = function() end,
    })
    assert.equal("connection-refused", g:get_datasources().status)
    grafana.connect(URL, ADMIN, {org = grafana.number("12"), backoff_ms = {1, 2, 1}, transport = "auto"})
  end)

  it("refuses what the transport cannot honour, and says what to do instead", function()
    local function answer() return {code = 200} end
    for name, value in pairs {
      ca_file = "a.pem", ca_path = "/etc/ssl", cert = "a.pem", key = "a.key", verify = true, proxy = "",
    } do
      assert.matches(("^grafana%%.connect: option '%s' cannot be honoured by a function as transport: how a function "
        .. "reaches the server is its own matter: say it there$"):format(name),
        refused(URL, ADMIN, {transport = answer, [name] = value}))
    end
    assert.matches("option 'sleep' cannot be honoured by the transport \"curl\": it is for a function as transport",
      refused(URL, ADMIN, {transport = "curl", sleep = print}))
    grafana.connect(URL, ADMIN, {transport = answer, sleep = print, blocking = true, concurrency = 2, timeout = 5})
    if require("grafana.nginx").inside then return end
    assert.matches("option 'transport': \"nginx\" stands for .*not inside nginx: leave it out, or say \"curl\"",
      refused(URL, ADMIN, {transport = "nginx"}))
    assert.matches("'sleep' cannot be honoured by the transport \"curl\"", refused(URL, ADMIN, {sleep = print}))
  end)

  it("without arguments reads the environment", function()
    local code = 'print(pcall(function() return tostring(require("grafana").connect()) end))'
    local clean = "-u GRAFANA_URL -u GRAFANA_TOKEN -u GRAFANA_USER -u GRAFANA_PASSWORD "
    assert.matches("no url given, and GRAFANA_URL is not set", run(code, clean))
    clean = clean .. "GRAFANA_URL=https://example.org/x/ "
    assert.matches("https://example.org/x %(anonymous%)", run(code, clean))
    assert.matches("https://example.org/x %(token%)", run(code, clean .. "GRAFANA_TOKEN=glsa_topsecret"))
    assert.matches("as ann %(basic%-auth%)", run(code, clean .. "GRAFANA_USER=ann GRAFANA_PASSWORD=hunter2-secret"))
    assert.matches("GRAFANA_PASSWORD is not", run(code, clean .. "GRAFANA_USER=ann"))
    local output = run(code, clean .. "GRAFANA_URL=http://admin:hunter2-secret@example.org")
    assert.matches("GRAFANA_URL holds credentials", output)
    assert_no_secret(output)
  end)

  it("loads libcurl with the first request, not before, and inside nginx not then", function()
    local output = run([[
      local grafana = require "grafana"
      local g = grafana.connect("http://127.0.0.1:1", {"a", "b"}, {max_retries = 0})
      print(g, package.loaded["grafana.curl"] == nil, package.loaded["grafana.help"] == nil)
      g:create_org("")
      print(package.loaded["grafana.curl"] == nil)
      g:get_orgs()
      print(package.loaded["grafana.curl"] ~= nil)]])
    assert.equal(("grafana.client: http://127.0.0.1:1 as a (basic-auth)\ttrue\ttrue\ntrue\n%s\n")
      :format(not nginx.inside), output)
  end)
end)

describe("a client", function()
  local server, g

  local function connect(options)
    options = options or {}
    options.backoff_ms = options.backoff_ms or {1, 1}
    return grafana.connect(server.url, {"admin", "admin"}, options)
  end

  setup(function() server = standin.start() end)
  teardown(function() server:stop() end)
  before_each(function()
    server:reset()
    g = connect()
  end)
  after_each(function() g:close() end)

  it("shows address and user, and no secret", function()
    assert.equal(("grafana.client: %s as admin (basic-auth)"):format(server.url), tostring(g))
    assert.equal("grafana.client: https://x.org/sub as u (basic-auth)",
      tostring(grafana.connect("https://x.org/sub/", {"u", "hunter2-secret"})))
    assert.equal("grafana.client: https://x.org (token)",
      tostring(grafana.connect("https://x.org", {token = "glsa_topsecret"})))
    g:close()
    assert.equal(("grafana.client: %s (closed)"):format(server.url), tostring(g))
  end)

  it("names the nearest method when there is none of a name", function()
    local line = debug.getinfo(1, "l").currentline + 1
    local fine, message = pcall(function() local r = g:create_orgs("Acme"); return r end)
    assert.is_false(fine)
    assert.matches("client_spec%.lua:" .. line .. ": a Grafana client has no method 'create_orgs'", message)
    assert.matches("'create_org'", message)
    assert.is_nil(g[1])
  end)

  it("reaches a server below a path", function()
    local below = grafana.connect(server.url .. "/grafana/", {"admin", "admin"})
    assert.is_true(below:get_orgs().ok)
  end)

  it("tells of wrong credentials, and shows none", function()
    local wrong = grafana.connect(server.url, {"admin", "hunter2-secret"})
    local r = wrong:get_orgs()
    assert.equal("access-denied", r.status)
    assert.equal("bad-credentials", r.reason)
    assert_no_secret(tostring(r) .. tostring(wrong))
    r = grafana.connect(server.url, {token = "glsa_topsecret"}):get_orgs()
    assert.equal("access-denied", r.status)
    assert_no_secret(tostring(r))
  end)

  it("uses one connection for many calls, also from several coroutines", function()
    local function many()
      for _ = 1, 3 do
        assert.is_true(g:get_current_user().ok)
        coroutine.yield()
      end
    end
    local a, b = coroutine.wrap(many), coroutine.wrap(many)
    for _ = 1, 3 do
      a()
      b()
    end
    assert.equal(6, #server:requests {path = "^/api/user$"})
  end)

  it("works where the error is caught, in iterators and in metamethods", function()
    assert.is_true(select(2, pcall(g.get_orgs, g)).ok)
    for orgs in function(_, last) return not last and g:get_orgs().orgs or nil end do assert.equal(1, #orgs) end
    local object = setmetatable({}, {__index = function(_, name) return g:get_org(name) end})
    assert.is_true(object["Main Org."].ok)
  end)

  describe("that retries", function()
    local function unavailable(times)
      server:fault {kind = "status", code = 503, path = "^/api/orgs", times = times}
    end

    it("calls on_retry with what happened", function()
      local seen = {}
      local told = connect {backoff_ms = {20, 20}, on_retry = function(retry) seen[#seen + 1] = retry end}
      unavailable(2)
      assert.is_true(told:get_orgs().ok)
      assert.equal(2, #seen)
      assert.equal("get_orgs", seen[1].operation)
      assert.equal(1, seen[1].attempt)
      assert.equal(2, seen[2].attempt)
      assert.equal("error", seen[1].status)
      assert.equal("unavailable", seen[1].reason)
      assert.is_true(seen[1].delay_ms >= 0)
    end)

    it("calls on_retry for each request of a call", function()
      server:set {apis = false}
      for i = 1, 6 do
        assert.is_true(g:update_or_create_dashboard(1, {title = "D" .. i, uid = "d" .. i, panels = {}}).ok)
      end
      local count = 0
      local told = connect {on_retry = function() count = count + 1 end}
      server:fault {kind = "status", code = 503, path = "^/api/dashboards/uid", times = 6}
      assert.is_true(told:get_org_panels(1).ok)
      assert.equal(6, count)
    end)

    it("breaks the call off when on_retry raises, and stays usable", function()
      local told = connect {on_retry = function() error({"mine"}) end}
      unavailable(1)
      local fine, raised = pcall(told.get_orgs, told)
      assert.is_false(fine)
      assert.same({"mine"}, raised)
      assert.is_true(told:get_orgs().ok)
    end)

    it("may call the same client from on_retry", function()
      local inner
      local told
      told = connect {on_retry = function() inner = told:get_current_user() end}
      unavailable(1)
      assert.is_true(told:get_orgs().ok)
      assert.is_true(inner.ok)
    end)

    it("may be closed in on_retry", function()
      local told
      told = connect {on_retry = function() told:close() end}
      unavailable(5)
      local r = told:get_orgs()
      assert.equal("error", r.status)
      assert.equal("closed", r.reason)
      assert.equal("closed", told:get_orgs().reason)
    end)

    it("may be collected while on_retry has yielded for ever", function()
      local told = connect {on_retry = function() coroutine.yield("waiting") end}
      unavailable(5)
      local thread = coroutine.wrap(function() return told:get_orgs() end)
      assert.equal("waiting", thread())
      told, thread = nil, nil
      for _ = 1, 4 do collectgarbage() end
      assert.is_nil(told or thread)
      server:clear_faults()
      assert.is_true(g:get_orgs().ok)
    end)

    it("goes on where on_retry yielded", function()
      local told = connect {on_retry = function() coroutine.yield("waiting") end}
      unavailable(1)
      local thread = coroutine.wrap(function() return told:get_orgs() end)
      assert.equal("waiting", thread())
      collectgarbage()
      assert.is_true(told:get_current_user().ok)
      assert.is_true(thread().ok)
    end)

    it("keeps to the delays of backoff_ms, max_retries and deadline", function()
      local count = 0
      local told = connect {backoff_ms = {20, 40, 2}, max_retries = 3, on_retry = function(retry)
        count = count + 1
        assert.is_true(retry.delay_ms <= 40)
      end}
      unavailable(0)
      local r = told:get_orgs()
      assert.equal("unavailable", r.reason)
      assert.equal(4, r.attempts)
      assert.equal(3, count)
      assert.equal(1, told:get_orgs({max_retries = 0}).attempts)
      r = told:get_orgs({max_retries = 1000, deadline = 150})
      assert.is_true(r.reason == "deadline" or r.reason == "unavailable", tostring(r))
      assert.is_true(r.attempts < 20)
    end)
  end)

  it("logs a line for each call and each retry, without secrets", function()
    local lines = {}
    local told = connect {log = function(line) lines[#lines + 1] = line end}
    server:fault {kind = "status", code = 503, path = "^/api/orgs", times = 1}
    told:get_orgs()
    told:create_user {login = "ann", password = "hunter2-secret"}
    told:get_org(99)
    assert.matches("^get_orgs: attempt 1 failed %(error, unavailable%), again in %d+ ms$", lines[1])
    assert.matches("^get_orgs: ok, %d+ ms$", lines[2])
    assert.matches("^create_user: ok, %d+ ms$", lines[3])
    assert.matches("^get_org: not%-found.*, HTTP 404, %d+ ms$", lines[4])
    assert.equal(4, #lines)
    assert_no_secret(table.concat(lines))
  end)

  it("names what was called by name in the log, in retries and in results, and no part of a request", function()
    local lines, retries = {}, {}
    local told = connect {log = function(line) lines[#lines + 1] = line end,
      on_retry = function(retry) retries[#retries + 1] = retry end}
    server:fault {kind = "status", code = 503, path = "^/api/teams/search", times = 1}
    told:call("searchTeams", {name = "a-secret"})
    assert.equal("searchTeams", retries[1].operation)
    assert.matches("^searchTeams: attempt 1 failed", lines[1])
    assert.matches("^searchTeams: ok, HTTP 200, %d+ ms$", lines[2])
    local r = told:call("getTeamByID", {team_id = 4711})
    assert.equal("getTeamByID", r.operation)
    assert.matches("%(getTeamByID, HTTP 404%)$", tostring(r))
    assert.equal("getTeamByID", told:call("getTeamByID", {}).operation)   -- nothing is sent
    assert.equal("call", told:call("").operation)
    r = told:request("GET", "/api/a-secret", {query = {a = "secret"}})
    assert.equal("request", r.operation)
    assert.matches("^request: error %(unsupported%), HTTP 404, %d+ ms$", lines[#lines])
    assert.is_nil(table.concat(lines):find("secret", 1, true))
    told:close()
  end)

  it("is interrupted by an error from a hook, as Ctrl-C is, and stays usable", function()
    server:fault {kind = "stall", path = "^/api/orgs", seconds = 5}
    local began = os.time()
    local fine, message = pcall(function()
      debug.sethook(function()
        if debug.getinfo(2, "S").short_src:find("client.lua", 1, true) then
          debug.sethook()
          error("interrupted!", 0)
        end
      end, "", 3)
      local r = g:get_orgs()
      return r
    end)
    debug.sethook()
    assert.is_false(fine)
    assert.equal("interrupted!", message)
    assert.is_true(os.time() - began <= 2)
    assert.is_true(g:get_current_user().ok)
  end)

  nginx.outside(it)("stops within a moment at a real Ctrl-C", function()   -- inside nginx it is nginx's
    server:fault {kind = "stall", path = "^/api/orgs", seconds = 20}
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write(([[
      local g = require("grafana").connect(%q, {"admin", "admin"}, {timeout = 15000})
      local began = os.time()
      print(pcall(g.get_orgs, g))
      print(os.time() - began <= 3, g:get_current_user())]]):format(server.url))
    file:close()
    local lua = os.getenv("GRAFANA_LUA") or "lua5.4"
    -- Ctrl-C that comes before the interpreter listens would end it: the request's arrival says when.
    local output = path .. ".out"
    os.execute(("%s %s >%s 2>&1 & echo $! >%s.pid"):format(lua, path, output, path))
    for _ = 1, 100 do
      if #server:requests {path = "^/api/orgs"} > 0 then break end
      os.execute("sleep 0.05")
    end
    os.execute(([[
      pid=$(cat %s.pid); kill -INT $pid
      for i in $(seq 100); do kill -0 $pid 2>/dev/null || break; sleep 0.05; done]]):format(path))
    local text = io.open(output):read("*a")
    os.execute(("rm -f %s %s %s.pid"):format(path, output, path))
    assert.matches("false\t.*interrupted!", text)
    assert.matches("true\tok: user = ", text)
  end)

  it("gives results with the reason closed after close, which may come twice", function()
    assert.is_true(g:get_orgs().ok)
    g:close()
    g:close()
    for _ = 1, 2 do
      local r = g:get_orgs()
      assert.equal("error", r.status)
      assert.equal("closed", r.reason)
      assert.matches("closed", r.message)
    end
    assert.has_error(function() g:create_org(5) end)
    local unused = connect()
    unused:close()
    assert.equal("closed", unused:get_orgs().reason)
  end)

  it("may be used, and closed, while the state is closing", function()
    local output = run(([[
      local grafana = require "grafana"
      local g = grafana.connect(%q, {"admin", "admin"})
      print(g:get_orgs().ok)
      local mt = {__gc = function() pcall(g.get_orgs, g); pcall(g.close, g); pcall(tostring, g) end}
      keep = setmetatable({}, mt)
      if newproxy then keep = newproxy(true); getmetatable(keep).__gc = mt.__gc end
      print("end")]]):format(server.url))
    assert.equal("true\nend\n", output)
  end)

  it("is closed at the end of its block in Lua 5.4", function()
    if _VERSION ~= "Lua 5.4" then return end
    local code = [[
      local connect = ...
      local seen
      do
        local g <close> = connect()
        seen = g
        assert(g:get_orgs().ok)
      end
      return seen]]
    local seen = assert(load(code))(connect)
    assert.equal("closed", seen:get_orgs().reason)
  end)

  it("lives at module level, one for each server", function()
    local clients = {}
    for i = 1, 20 do
      clients[i] = connect()
      assert.is_true(clients[i]:get_orgs().ok)
    end
    clients = nil
    for _ = 1, 3 do collectgarbage() end
    assert.is_nil(clients)
    assert.is_true(g:get_orgs().ok)
  end)

  it("tells one trouble of the network from another", function()
    local none = grafana.connect("http://no-such-host.invalid", {"a", "b"}, {max_retries = 0})
    assert.equal("unknown-host", none:get_orgs().status)
    server:fault {kind = "stall", path = "^/api/orgs", seconds = 3}
    assert.equal("timeout", g:get_orgs({timeout = 200, max_retries = 0}).reason)
    local stranger = standin.start {own_certificate = true}
    local tls = grafana.connect(stranger.tls_url, {"admin", "admin"}, {max_retries = 0})
    assert.equal("tls", tls:get_orgs().reason)
    stranger:stop()
    assert.is_true(grafana.connect(nginx.tls_url(server), {"admin", "admin"}, nginx.trusting(server)):get_orgs().ok)
    assert.is_true(grafana.connect(server.tls_url, {"admin", "admin"}, {verify = false}):get_orgs().ok)
    local small = connect {max_body = 10}
    assert.equal("too-large", small:get_orgs().reason)
  end)
end)
