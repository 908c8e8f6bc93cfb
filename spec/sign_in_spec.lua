-- SPDX-License-Identifier: MIT
-- Every way to sign in: sessions by login, tokens that a function supplies, and what a refused client says.

local grafana = require "grafana"
local core = require "grafana.core"
local days = require "spec.support.bad_days"

local LOGIN = {auth_method = "regular-login"}

-- A client that logs in.
local function log_in(to, options, credentials)
  local all = {auth_method = "regular-login"}
  for name, value in pairs(options or {}) do all[name] = value end
  return days.connect(to, all, credentials)
end

-- "POST /login", … of all arrivals.
local function arrivals(server)
  local list = {}
  for i, request in ipairs(server:requests()) do list[i] = request.method .. " " .. request.path:gsub("%?.*", "") end
  return list
end

for _, personality in ipairs {"12.4.3", "9.3.2"} do
  describe("a regular login on " .. personality, function()
    local server, g

    setup(function() server = days.start(personality) end)
    teardown(function() server:stop() end)
    before_each(function()
      days.fresh(server)
      g = log_in(server)
    end)
    after_each(function() g:close() end)

    it("sends the password once, then a cookie, and never Authorization", function()
      assert.equal("ok", g:get_org(1).status)
      assert.equal("ok", g:get_org(1).status)
      assert.same({"POST /login", "GET /api/orgs/1", "GET /api/orgs/1"}, arrivals(server))
      local requests = server:requests()
      assert.is_nil(requests[1].headers.cookie)
      for i = 1, 3 do assert.is_nil(requests[i].headers.authorization) end
      assert.matches("^grafana_session=%w+", requests[2].headers.cookie)
      assert.equal(requests[2].headers.cookie, requests[3].headers.cookie)
    end)

    it("works below a sub-path, inside another organisation, and for writes", function()
      local below = log_in(server.url .. "/grafana")
      local org = grafana.check(below:create_org("Acme")).id
      assert.equal("ok", below:create_datasource(org, {name = "P", type = "prometheus", access = "proxy"}).status)
      assert.equal(1, #below:get_datasources(org).datasources)
      assert.equal(1, days.arrived(server, "POST", "/login$"))
      below:close()
    end)

    it("sends nothing before the first request, and nothing for what is public", function()
      assert.equal("ok", g:health().status)
      assert.equal("missing-mandatory-data", g:create_org("").status)
      assert.same({"GET /api/health"}, arrivals(server))
    end)

    it("logs in again, once, when the session has ended", function()
      assert.equal("ok", g:get_org(1).status)
      server:drop_sessions()
      server:clear_log()
      assert.equal("ok", g:create_org("Acme").status)
      assert.same({"POST /api/orgs", "POST /login", "POST /api/orgs"}, arrivals(server))
      assert.equal(2, #g:get_orgs().orgs) -- what was refused had not been done
    end)

    it("does not log in again and again", function()
      assert.equal("ok", g:get_org(1).status)
      server:clear_log()
      server:fault {kind = "status", code = 401, path = "^/api/", times = 0, body = '{"message":"Unauthorized"}'}
      local r = g:get_org(1)
      assert.equal("access-denied", r.status)
      assert.equal("bad-credentials", r.reason)
      assert.same({"GET /api/orgs/1", "POST /login", "GET /api/orgs/1"}, arrivals(server))
    end)

    it("goes on in the middle of a fan-out when the session ends", function()
      server:seed {dashboards = 60}
      assert.equal(60, #g:get_org_dashboards(1).dashboards)
      server:clear_log()
      for i = 30, 34 do -- each is refused once
        server:fault {kind = "status", code = 401, path = "^/api/dashboards/uid/seed%-000" .. i,
          body = '{"message":"Unauthorized"}'}
      end
      local r = g:get_org_dashboards(1)
      assert.equal("ok", r.status, tostring(r))
      assert.equal(60, #r.dashboards)
      assert.is_nil(r.failed and r.failed[1])
      assert.is_true(days.arrived(server, "POST", "/login") <= 2)
    end)

    it("logs in once for many calls side by side, also when the session ends under them", function()
      local rows = {}
      for i = 1, 30 do rows[i] = {"get_org", 1} end
      for _, r in ipairs(days.at_once(g, rows)) do assert.equal("ok", r.status, tostring(r)) end
      assert.equal(1, days.arrived(server, "POST", "/login"))
      server:drop_sessions()
      server:clear_log()
      for _, r in ipairs(days.at_once(g, rows)) do assert.equal("ok", r.status, tostring(r)) end
      assert.equal(1, days.arrived(server, "POST", "/login"))
    end)

    it("with a wrong password is one request, however many calls wait; says which way of signing in it was", function()
      local wrong = log_in(server, {concurrency = 16}, {"admin", "wrong-password"})
      local rows = {}
      for i = 1, 16 do rows[i] = {"get_org", 1} end
      for _, r in ipairs(days.at_once(wrong, rows)) do
        assert.equal("bad-credentials", r.reason)
        assert.matches("regular-login as admin", r.message, 1, true)
        assert.is_nil(r.uncertain)
      end
      assert.equal(1, #server:requests())
      wrong:close()
    end)

    it("that cannot be made is told, and a write that waits for it is not uncertain", function()
      for _, fault in ipairs {
        {{kind = "close", path = "^/login"}, "cut"}, {{kind = "html", path = "^/login"}, "not-grafana"},
        {{kind = "status", path = "^/login", code = 503, body = "{}"}, "unavailable"},
        {{kind = "redirect", path = "^/login", location = "http://127.0.0.1:1/x"}, "redirect"},
        {{kind = "status", path = "^/login", code = 404, body = '{"message":"Not found"}'}, "unsupported"},
        {{kind = "body", path = "^/login", body = "{}"}, nil},
      } do
        server:clear_faults()
        server:fault(fault[1])
        local client = log_in(server, {max_retries = 0})
        local r = client:create_org("Acme")
        assert.equal("error", r.status)
        assert.equal(fault[2], r.reason)
        assert.is_nil(r.uncertain)
        assert.matches("^could not log in: ", r.message)
        client:close()
      end
      assert.equal(0, days.arrived(server, "POST", "^/api/orgs"))
    end)

    it("is tried again where the request certainly did not arrive, and after 429", function()
      server:fault {kind = "status", path = "^/login", code = 429, headers = {["Retry-After"] = "0"}, body = "{}"}
      assert.equal("ok", g:get_org(1).status)
      assert.equal(2, days.arrived(server, "POST", "/login"))
    end)

    it("shows the cookie to no other host", function()
      local other = days.start(personality)
      assert.equal("ok", g:get_org(1).status)
      for _, code in ipairs {301, 302, 307, 308} do
        server:fault {kind = "redirect", path = "^/api/orgs/1", code = code, location = other.url .. "/api/orgs/1"}
        assert.equal("redirect", g:get_org(1).reason)
      end
      assert.equal(0, #other:requests())
      other:stop()
    end)

    it("keeps password and cookie out of everything that is shown", function()
      local told = {}
      local client = log_in(server, {log = function(line) told[#told + 1] = line end})
      local results = {client:get_org(1), client:get_orgs(), tostring(client), client}
      local cookie = server:requests {path = "^/api/orgs"}[1].headers.cookie:match("grafana_session=(%w+)")
      server:fault {kind = "status", code = 400, path = "^/api/orgs", times = 0,
        body = ('{"message":"you sent %s and %s"}'):format(cookie, days.PASSWORD)}
      results[#results + 1] = client:create_org("Acme")
      assert.equal("invalid-data", results[#results].status)
      assert.is_nil(days.leak({results, told}, {cookie, days.PASSWORD}))
      assert.matches("as admin (regular-login)", tostring(client), 1, true)
      client:close()
    end)

    it("keeps a deadline while it logs in", function()
      server:fault {kind = "stall", path = "^/login", seconds = 10}
      local r = g:create_org("Acme", {deadline = 50})
      assert.equal("deadline", r.reason)
      assert.is_nil(r.uncertain)
    end)
  end)
end

describe("a session that is to be rotated", function()
  local server, g

  setup(function() server = days.start("12.4.3") end)
  teardown(function() server:stop() end)
  before_each(function()
    days.fresh(server)
    g = log_in(server)
    assert.equal("ok", g:get_org(1).status)
    server:clear_log()
  end)
  after_each(function() g:close() end)

  it("is rotated with the old cookie, and the request sent again with the new one", function()
    server:expire_sessions()
    assert.equal("ok", g:create_org("Acme").status)
    assert.same({"POST /api/orgs", "POST /api/user/auth-tokens/rotate", "POST /api/orgs"}, arrivals(server))
    local requests = server:requests()
    assert.equal(requests[1].headers.cookie, requests[2].headers.cookie)
    assert.are_not.equal(requests[2].headers.cookie, requests[3].headers.cookie)
  end)

  it("is rotated once for many calls side by side", function()
    server:expire_sessions()
    local rows = {}
    for i = 1, 40 do rows[i] = {"get_org", 1} end
    for _, r in ipairs(days.at_once(g, rows)) do assert.equal("ok", r.status, tostring(r)) end
    assert.equal(1, days.arrived(server, "POST", "/rotate$"))
    assert.equal(0, days.arrived(server, "POST", "/login"))
  end)

  it("is left for a new login when the rotation is refused", function()
    server:expire_sessions()
    server:fault {kind = "status", code = 401, path = "/rotate$", body = '{"message":"Unauthorized"}'}
    assert.equal("ok", g:get_org(1).status)
    assert.same({"GET /api/orgs/1", "POST /api/user/auth-tokens/rotate", "POST /login", "GET /api/orgs/1"},
      arrivals(server))
  end)
end)

describe("a token function", function()
  local server, tokens, asked

  setup(function() server = days.start("12.4.3") end)
  teardown(function() server:stop() end)
  before_each(function()
    days.fresh(server)
    local account = days.ask(server, "POST", "/api/serviceaccounts", {name = "robot", role = "Admin"})
    tokens = {}
    for i = 1, 2 do
      tokens[i] = days.ask(server, "POST", ("/api/serviceaccounts/%s/tokens"):format(account.id), {name = "t" .. i}).key
    end
    tokens.account = account.id
    asked = 0
    server:clear_log()
  end)

  -- A client that is given the tokens in turn, the last again and again.
  local function connect(list, options)
    return days.connect(server, options, {token = function()
      asked = asked + 1
      return list[math.min(asked, #list)]
    end})
  end

  local function revoke(number)
    days.ask(server, "DELETE", ("/api/serviceaccounts/%s/tokens/%d"):format(tokens.account, number))
    server:clear_log()
  end

  it("is asked with the first request that needs it, and then no more", function()
    local g = connect(tokens)
    assert.equal("ok", g:health().status)
    assert.equal("missing-mandatory-data", g:create_datasource(1, {}).status)
    assert.equal(0, asked)
    assert.equal("ok", g:get_current_org().status)
    assert.equal("ok", g:get_current_org().status)
    assert.equal(1, asked)
    assert.equal("Bearer " .. tokens[1], server:requests {path = "^/api/org$"}[2].headers.authorization)
    assert.equal("(token)", tostring(g):match("%(.*%)"))
    g:close()
  end)

  it("is asked again after a 401, and what was refused is sent again", function()
    local g = connect(tokens)
    assert.equal("ok", g:get_current_org().status)
    revoke(1)
    assert.equal("ok", g:create_datasource(1, {name = "P", type = "prometheus", access = "proxy"}).status)
    assert.equal(2, asked)
    assert.equal(2, days.arrived(server, "POST", "^/api/datasources"))
    g:close()
  end)

  it("is asked once more for each request that is refused, not for ever", function()
    local g = connect {"glsa_wrong"}
    local r = g:get_current_org()
    assert.equal("bad-credentials", r.reason)
    assert.matches("(token)", r.message, 1, true)
    assert.equal(2, asked)
    assert.equal(2, #server:requests())
    g:close()
  end)

  it("raises through the operation, and the client stays usable", function()
    local fails = true
    local g = days.connect(server, nil, {token = function()
      if fails then error("the vault is sealed") end
      return tokens[1]
    end})
    local fine, problem = pcall(g.get_current_org, g)
    assert.is_false(fine)
    assert.matches("the vault is sealed", problem, 1, true)
    assert.equal(0, #server:requests())
    fails = false
    assert.equal("ok", g:get_current_org().status)
    g:close()
  end)

  it("may raise anything: it goes up as it is", function()
    for _, value in ipairs {"words", 5, {code = 1}, true} do
      local g = days.connect(server, nil, {token = function() error(value, 0) end})
      local fine, problem = pcall(g.get_current_org, g)
      assert.is_false(fine)
      assert.equal(value, problem)
      g:close()
    end
    assert.equal(0, #server:requests())
  end)

  -- Like coroutine.wrap(f)(), whose errors nginx does not let anyone catch.
  local function in_a_coroutine(f)
    local fine, value = coroutine.resume(coroutine.create(f))
    if not fine then error(value, 0) end
    return value
  end

  it("that uses the client it is asked for is told so, in whatever coroutine", function()
    for _, inside in ipairs {false, true} do
      local g
      local recursive = true
      local function ask()
        asked = asked + 1
        if recursive then g:get_current_org() end
        return tokens[1]
      end
      g = days.connect(server, nil, {token = not inside and ask or function() return in_a_coroutine(ask) end})
      asked = 0
      local fine, problem = pcall(g.get_current_org, g)
      assert.is_false(fine)
      assert.matches("the token function must not use the client", problem, 1, true)
      assert.equal(1, asked)
      assert.equal(0, #server:requests())
      recursive = false
      assert.equal("ok", g:get_current_org().status)
      server:clear_log()
      g:close()
    end
  end)

  it("may use what needs no token, another client, and the garbage collector", function()
    local g
    g = days.connect(server, nil, {token = function()
      local other = days.connect(server)
      assert(g:health().ok and other:get_org(1).ok)
      collectgarbage()
      collectgarbage()
      return tokens[1]
    end})
    assert.equal("ok", g:get_current_org().status)
    g:close()
  end)

  it("may close the client", function()
    local g
    g = days.connect(server, nil, {token = function()
      g:close()
      return tokens[1]
    end})
    assert.equal("closed", g:get_current_org().reason)
    assert.equal("closed", g:get_current_org().reason)
    assert.equal(0, #server:requests())
  end)

  it("may yield in a coroutine: others go on, and one that is left there hinders nobody", function()
    local g
    local yields = true
    g = days.connect(server, nil, {token = function()
      if yields then coroutine.yield("asked") end
      return tokens[1]
    end})
    local function get() return g:get_current_org() end
    local tasks = {coroutine.create(get), coroutine.create(get)}
    for i = 1, 2 do assert.equal("asked", select(2, coroutine.resume(tasks[i]))) end
    assert.equal("asked", coroutine.wrap(get)()) -- never resumed
    assert.equal("ok", g:health().status)
    for i = 1, 2 do assert.equal("ok", select(2, coroutine.resume(tasks[i])).status) end
    collectgarbage()
    yields = false
    assert.equal("ok", g:get_current_org().status)
    g:close()
  end)

  it("must return a token", function()
    for _, case in ipairs {
      {nil, "returned nil %(string expected%)"}, {5, "returned number"}, {"", "token function returned: .*is empty"},
      {"a\r\nb", "token function returned: .*control character"},
    } do
      local g = days.connect(server, nil, {token = function() return case[1] end})
      local fine, problem = pcall(function()
        local r = g:get_current_org()
        return r
      end)
      assert.is_false(fine)
      assert.matches(case[2], problem)
      assert.matches("^[^:]*sign_in_spec%.lua:%d+: ", problem)   -- where the operation was called
      g:close()
    end
    assert.equal(0, #server:requests())
  end)

  it("gives tokens that are shown nowhere, the older ones neither", function()
    local told = {}
    local g = connect(tokens, {log = function(line) told[#told + 1] = line end})
    local results = {g:get_current_org()}
    revoke(1)
    results[2] = g:get_current_org()
    server:fault {kind = "status", code = 400, times = 0, body = ('{"message":"%s"}'):format(tokens[2])}
    results[3] = g:get_current_org()
    assert.is_nil(days.leak({results, told, g, tostring(g)}, {tokens[1], tokens[2]}))
    g:close()
  end)
end)

describe("a client that is refused", function()
  it("says which way of signing in it used", function()
    local server = days.start("12.4.3")
    for _, case in ipairs {
      {{"admin", "wrong"}, nil, "basic-auth as admin"}, {{"admin", "wrong"}, LOGIN, "regular-login as admin"},
      {{token = "glsa_x"}, nil, "token"}, {nil, nil, "anonymous"},
    } do
      local g = grafana.connect(server.url, case[1], case[2])
      local r = g:get_current_user()
      assert.equal("bad-credentials", r.reason)
      assert.matches("(" .. case[3] .. ")", r.message, 1, true)
      assert.equal(case[1] == nil, r.message:find("without credentials", 1, true) ~= nil)
      g:close()
    end
    server:stop()
  end)

  it("a client certificate is named where nothing else signs in", function()
    assert.equal("client certificate", core.client({url = "http://x", has_certificate = true}):auth())
    assert.equal("token", core.client({url = "http://x", has_certificate = true, token = "t"}):auth())
  end)
end)
