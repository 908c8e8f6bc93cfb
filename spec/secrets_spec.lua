-- SPDX-License-Identifier: MIT
-- Nothing that is returned, raised, printed or logged holds a password, a token or an Authorization header.

local mime = require "mime"
local grafana = require "grafana"
local days = require "spec.support.bad_days"

local server

setup(function() server = days.start() end)
teardown(function() server:stop() end)
before_each(function() days.fresh(server) end)

-- A token of a service account that may do everything in organisation 1.
local function make_token()
  local account = days.ask(server, "POST", "/api/serviceaccounts", {name = "robot", role = "Admin"})
  local token = days.ask(server, "POST", ("/api/serviceaccounts/%s/tokens"):format(account.id), {name = "key"})
  server:clear_log()
  return token.key
end

-- A client whose hooks put all that they are told into a list.
local function connect(options, credentials)
  local told = {}
  local all = {
    on_retry = function(retry) told[#told + 1] = retry end,
    log = function(line) told[#told + 1] = line end,
  }
  for name, value in pairs(options or {}) do all[name] = value end
  return days.connect(server, all, credentials), told
end

-- A server's message that echoes whatever it was sent.
local function echo(secret, code)
  return {kind = "status", code = code, times = 0,
    body = ('{"message":"refused: %s, Basic %s; Bearer %s, again %s"}'):format(secret, days.SECRETS[2], secret, secret)}
end

local CALLS = {
  {"get_org", 1}, {"get_org_panels", 1}, {"create_org", "A"}, {"update_org", 1, "B"}, {"delete_org", 5}, {"get_orgs"},
  {"create_user", {login = "ann", password = "long-enough"}}, {"get_dashboard", 1, "x"}, {"search", 1},
  {"update_or_create_dashboard", 1, {title = "T", panels = {}}}, {"get_current_user"},
  {"call", "getOrgByID", {org_id = 1}}, {"request", "POST", "/api/orgs", {body = {name = "C"}}},
  {"create_team", 1, {name = "Ops"}}, {"add_team_member", 1, "Ops", "ann"}, {"get_tokens", 1, 2},
  {"create_service_account", 1, {name = "bot"}}, {"delete_token", 1, 2, 5},
  {"create_token", 1, 2, {name = "k"}}, {"create_folder", 1, {title = "F"}}, {"move_folder", 1, "a", "b"},
  {"get_folders", 1}, {"delete_folder", 1, "a"}, {"get_dashboard_permissions", 1, "x"},
  {"grant_dashboard_permissions", 1, "x", {users = {ann = "View"}}}, {"update_team", 1, "Ops", {name = "Others"}},
  {"add_datasource_permission", 1, "x", {userId = 1, permission = "Query"}},
  {"request", "GET", "/apis/x/v1/namespaces/default/y", {query = {limit = 1}}},
}

local function run_all(g, results)
  for _, call in ipairs(CALLS) do
    results[#results + 1] = g[call[1]](g, days.unpack(call, 2))
    results[#results + 1] = tostring(results[#results])
  end
end

describe("the password", function()
  it("is in nothing that a client shows, before, while and after it is used", function()
    local g, told = connect()
    assert.is_nil(days.leak(g))
    assert.matches("admin", tostring(g))
    local results = {}
    run_all(g, results)
    assert.is_nil(days.leak {results, told, g, g:help(), grafana.help("connect")})
    g:close()
    assert.is_nil(days.leak(g))
    run_all(g, results)
    assert.is_nil(days.leak {results, told})
  end)

  it("is in no result of any code whose message echoes it", function()
    for _, code in ipairs {400, 401, 403, 404, 409, 412, 418, 422, 429, 500, 502, 503} do
      server:clear_faults()
      server:fault(echo(days.PASSWORD, code))
      local g, told = connect()
      local results = {}
      run_all(g, results)
      assert.is_nil(days.leak {results, told}, "code " .. code)
      for i = 1, #results, 2 do
        if not results[i].ok then assert.is_true(#results[i].message > 0) end
      end
      g:close()
    end
  end)

  it("is blanked out, the rest of the message stays", function()
    server:fault(echo(days.PASSWORD, 403))
    local g = connect()
    local r = g:get_org(1)
    assert.matches("refused: %*+, Basic %*+; Bearer %*+, again %*+", r.message)
    g:close()
  end)

  it("is not shown in part where a long message is cut", function()
    for before = 100, 310 do
      server:clear_faults()
      server:fault {kind = "status", code = before % 2 == 0 and 401 or 403, times = 1, path = "^/api/orgs/1",
        body = '{"message":"' .. ("x"):rep(before) .. days.PASSWORD .. '"}'}
      local g = connect()
      local r = g:get_org(1)
      assert.equal("access-denied", r.status)
      assert.is_nil(days.leak(r, {days.PASSWORD:sub(1, 4)}), before .. " bytes before it: " .. r.message)
      g:close()
    end
  end)

  it("is not in what a listing could not read", function()
    server:seed {dashboards = 3}
    server:set {apis = false}
    local fault = echo(days.PASSWORD, 500)
    fault.path = "^/api/dashboards/uid/seed%-00002"
    server:fault(fault)
    local g = connect()
    local r = g:get_org_panels(1)
    assert.equal(1, #r.failed)
    assert.is_nil(days.leak(r))
    g:close()
  end)

  it("is in no error that connect raises", function()
    local secret = days.PASSWORD
    for i, case in ipairs {
      {"http://admin:" .. secret .. "@127.0.0.1/"}, {"https://" .. secret .. "@example.org"},
      {"ftp://admin:" .. secret .. "@127.0.0.1/"}, {"admin:" .. secret .. "@127.0.0.1"}, {secret},
      {server.url, secret}, {server.url, {secret}}, {server.url, {"admin", secret, "more"}}, {server.url, {5, secret}},
      {server.url, {password = secret}}, {server.url, {"admin", token = secret}}, {server.url, {token = {secret}}},
      {server.url, {"admin", secret .. "\n"}}, {server.url, {"admin:x", secret}},
      {server.url, {token = secret .. "\r\n"}},
      {server.url, {"admin", secret}, {pasword = secret}}, {server.url, {"admin", secret}, {timeout = secret}},
      {server.url, {"admin", secret}, {org = secret}},
      {server.url, {"admin", secret}, {headers = {Authorization = secret}}},
      {server.url, {"admin", secret}, {headers = {["X-Key"] = secret .. "\n"}}},
      {server.url, {"admin", secret}, {headers = secret}}, {server.url, {"admin", secret}, {auth_method = "?"}},
      {server.url, {"admin", secret}, {on_retry = secret}},
      {server.url, {"admin", secret}, {proxy = "http://a:" .. secret .. "@:x"}},
      {server.url, {"admin", secret}, {concurrency = 0}}, {server.url, {"admin", secret}, {ca_file = "/no/such"}},
      {server.url, {"admin", secret}, secret}, {server.url .. "/?key=" .. secret, {"admin", "x"}},
      {server.url .. "/#" .. secret, {"admin", "x"}},
    } do
      local fine, message = pcall(grafana.connect, days.unpack(case, 1, 3))
      assert.is_false(fine, "case " .. i)
      assert.is_nil(days.leak({message, tostring(message)}), "case " .. i)
    end
  end)

  it("is in no error that an operation raises", function()
    local g = connect()
    for i, case in ipairs {
      {"create_user", days.PASSWORD}, {"create_user", {login = print, password = days.PASSWORD}},
      {"create_user", {login = "a", password = days.PASSWORD}, {[days.PASSWORD:upper()] = 1}},
      {"create_user", {login = "a", password = days.PASSWORD, extra = {print}}},
      {"create_user", {login = "a", password = days.PASSWORD .. "\255"}},
      {"set_user_password", {}, days.PASSWORD}, {"set_user_password", true, days.PASSWORD},
      {"set_user_password", 1, {days.PASSWORD}}, {"get_org", 1, {headers = {Authorization = days.PASSWORD}}},
      {"get_org", 1, {headers = {["X-Key"] = days.PASSWORD .. "\n"}}}, {"get_org", 1, days.PASSWORD},
      {"create_datasource", 1,
        {name = "a", type = "b", access = "proxy", secureJsonData = {key = days.PASSWORD, f = print}}},
    } do
      local fine, message = pcall(g[case[1]], g, days.unpack(case, 2))
      assert.is_false(fine, "case " .. i)
      assert.is_nil(days.leak(message), "case " .. i .. ": " .. tostring(message))
    end
    g:close()
  end)

  it("is in no traceback of an error raised from on_retry", function()
    server:fault {kind = "status", code = 503}
    local g = connect {on_retry = function() error("stop") end}
    local _, trace = xpcall(function() return g:get_org(1) end, debug.traceback)
    assert.matches("stop", trace, 1, true)
    assert.is_nil(days.leak(trace))
    g:close()
  end)
end)

describe("a token", function()
  it("works, and is in nothing that is shown", function()
    local token = make_token()
    local g, told = connect(nil, {token = token})
    local r = g:get_current_org()
    assert.equal("ok", r.status, tostring(r))
    assert.equal("Bearer " .. token, server:requests()[1].headers.authorization)
    local results = {}
    run_all(g, results)
    assert.is_nil(days.leak({results, told, g, tostring(g)}, {token}))
    assert.matches("token", tostring(g))
    g:close()
  end)

  it("is in no message that echoes it", function()
    local token = "glsa_geheim_0123456789"
    for _, code in ipairs {400, 401, 403, 404, 409, 500, 503} do
      server:clear_faults()
      server:fault(echo(token, code))
      local g, told = connect(nil, {token = token})
      local results = {}
      run_all(g, results)
      assert.is_nil(days.leak({results, told}, {token}), "code " .. code)
      g:close()
    end
  end)

  it("that is wrong is access-denied, again and again: it locks nobody", function()
    local g = connect(nil, {token = "glsa_wrong"})
    for i = 1, 6 do
      local r = g:get_current_org()
      assert.equal("bad-credentials", r.reason)
      assert.equal(i, #server:requests())
    end
    g:close()
  end)
end)

describe("the key of a new token", function()
  local account, told, g

  before_each(function()
    account = days.ask(server, "POST", "/api/serviceaccounts", {name = "robot", role = "Viewer"}).id
    server:clear_log()
    g, told = connect()
  end)
  after_each(function() g:close() end)

  it("is in the result, under `key`, and in nothing else that is shown", function()
    server:fault {kind = "status", code = 429, method = "POST", headers = {["Retry-After"] = "0"}}
    local r = g:create_token(1, account, {name = "k"})
    assert.equal("ok", r.status, tostring(r))
    assert.matches("^glsa_%w+_%x+$", r.key)
    local key = r.key
    assert.is_true(#told > 0)
    assert.is_nil(days.leak({told, g, tostring(g), tostring(r), g:help("create_token")}, {key, key:sub(6, 15)}))
    local again, listed = g:create_token(1, account, {name = "k"}), g:get_tokens(1, account)
    assert.equal(r.id, again.id)
    assert.is_nil(again.key)
    assert.is_nil(days.leak({again, listed, told}, {key}))
    assert.is_nil(days.leak(select(2, pcall(grafana.check, again)), {key}))
    assert.is_nil(days.leak(g:delete_token(1, account, r.id), {key}))
  end)

  it("comes with raw results too, masked where they are shown", function()
    local r = g:create_token(1, account, {name = "k"}, {raw = true})
    assert.matches("^glsa_", r.key)
    assert.is_nil(tostring(r):find(r.key, 1, true))
  end)

  -- The server has made the token, and nobody has its key: the result says that it may be there.
  it("is lost with the answer that carries it: uncertain, and no part of it is told", function()
    local path = ("^/api/serviceaccounts/%s/tokens$"):format(account)
    for i, kind in ipairs {"close_after", "cut", "cut_chunk", "head_cut", "status_after"} do
      server:fault {kind = kind, code = 502, method = "POST", path = path, bytes = kind == "cut" and 60 or nil}
      local r = g:create_token(1, account, {name = "k" .. i})
      assert.equal("error", r.status, kind .. ": " .. tostring(r))
      assert.is_true(r.uncertain, kind)
      assert.is_nil(r.key)
      assert.is_nil(days.leak({r, told}, {"glsa_"}), kind)
      assert.equal(i, #g:get_tokens(1, account).tokens)
    end
  end)

  it("in an answer that is not whole is not told", function()
    local secret = "glsa_geheim0123456789"
    for _, body in ipairs {
      '{"id":5,"name":"k","key":"' .. secret, '{"name":"k","key":"' .. secret .. '"}',
      '{"id":5,"key":"' .. secret .. '"} ' .. secret, '["' .. secret .. '"]', secret, '{"id":5,"name":"k"}',
    } do
      server:fault {kind = "body", body = body, method = "POST"}
      local r = g:create_token(1, account, {name = "k"})
      assert.equal("invalid-json", r.reason, tostring(r))
      assert.is_true(r.uncertain)
      assert.is_nil(days.leak({r, told}, {"glsa_"}), body)
      assert.is_nil(r.id, "a part of the result")
    end
  end)
end)

describe("a password among the arguments", function()
  local SECRET = "argument-geheim"

  it("is in no result, whatever the server answers", function()
    for _, code in ipairs {400, 412, 422, 500, 503} do
      for _, call in ipairs {
        {"create_user", {login = "ann", password = SECRET}}, {"set_user_password", 1, SECRET},
      } do
        server:clear_faults()
        local fault = echo(SECRET, code)
        fault.path = "^/api/admin/users"
        server:fault(fault)
        local g, told = connect()
        local r = g[call[1]](g, days.unpack(call, 2))
        assert.is_false(r.ok)
        assert.is_nil(days.leak({r, told}, {SECRET}), call[1] .. " " .. code)
        g:close()
      end
    end
  end)

  it("of a data source is in no message that echoes it", function()
    local fault = echo(SECRET, 400)
    fault.method = "POST"
    server:fault(fault)
    local g, told = connect()
    local r = g:create_datasource(1, {name = "P", type = "prometheus", access = "proxy", basicAuthPassword = SECRET,
      secureJsonData = {password = SECRET}})
    assert.equal("invalid-data", r.status)
    assert.is_nil(days.leak({r, told}, {SECRET}))
    g:close()
  end)
end)

describe("a secret among the arguments of call and request", function()
  local SECRET = "argument-geheim"

  local MANY = {}
  for i = 1, 60 do MANY["field" .. i] = "harmless-" .. i end
  MANY.password = SECRET

  local DEEP = {receivers = {{grafana_managed_receiver_configs = {{name = "x", type = "email",
    settings = {addresses = "a@b.c"}, secureSettings = {url = SECRET}}}}}}

  it("is in nothing that is shown, whatever the server answers, as JSON, text or in a header", function()
    for _, code in ipairs {400, 401, 403, 404, 409, 422, 500, 503} do
      for _, plain in ipairs {true, false} do
        local fault = echo(SECRET, code)
        fault.path = "^/apis?/"
        fault.headers = {["X-Echo"] = "it was " .. SECRET, ["Content-Type"] = plain and "text/plain" or nil}
        if plain then fault.body = "text with " .. SECRET .. " inside" end
        for i, call in ipairs {
          {"call", "adminUpdateUserPassword", {user_id = 1, password = SECRET}},
          {"call", "addDataSource", {body = {name = "a", secureJsonData = MANY}}},
          {"call", "RoutePostContactpoints", {name = "c", type = "slack", settings = {token = SECRET}}},
          {"call", "RoutePostContactpoints", {name = "c", type = "webhook",
            settings = {authorization_credentials = SECRET}}},
          {"call", "adminUpdateUserPassword", {user_id = 1, body = '{"password":"' .. SECRET .. '"}'}},
          {"request", "POST", "/api/alertmanager/grafana/config/api/v1/alerts",
            {body = {alertmanager_config = DEEP}}},
          {"request", "POST", "/api/x", {body = '{"a":[{"token":"' .. SECRET .. '"}]}'}},
          {"request", "GET", "/api/x", {query = {api_key = SECRET}}},
        } do
          server:clear_faults()
          server:fault(fault)
          local g, told = connect {max_retries = 0}
          local r = g[call[1]](g, days.unpack(call, 2))
          assert.is_false(r.ok)
          assert.is_nil(days.leak({r, tostring(r), told}, {SECRET}), ("case %d: %s"):format(i, tostring(r)))
          assert.is_nil(days.leak({pcall(grafana.check, r)}, {SECRET}))
          g:close()
        end
      end
    end
  end)
end)

describe("a session's cookie", function()
  it("is in nothing that is shown, though the server echoes it, nor are others that it sets", function()
    for _, code in ipairs {400, 401, 403, 404, 409, 412, 422, 500, 503} do
      days.fresh(server)
      local g, told = connect {auth_method = "regular-login", max_retries = 0}
      assert.is_true(g:get_org(1).ok)
      local cookie = server:requests {path = "^/api/orgs/1"}[1].headers.cookie:match("grafana_session=(%w+)")
      local fault = echo(cookie, code)
      fault.path = code ~= 401 and "^/apis?/" or nil -- else there would be another session
      fault.headers = {["X-Echo"] = cookie, ["Set-Cookie"] = "lb=geheimes-los; Path=/"}
      server:fault(fault)
      local results = {}
      run_all(g, results)
      assert.is_nil(days.leak({results, told, g}, {cookie, days.PASSWORD, "geheimes-los"}), "code " .. code)
      g:close()
      assert.is_nil(days.leak(g, {cookie, days.PASSWORD}))
    end
  end)
end)

describe("the environment", function()
  local lua = os.getenv("GRAFANA_LUA") or (jit and "luajit" or "lua5.4")

  -- What another interpreter prints, given the environment.
  local function run(environment, code)
    local pipe = assert(io.popen(("env %s %s -e '%s' 2>&1"):format(environment, lua, code)))
    local output = pipe:read("*a")
    pipe:close()
    return output
  end

  it("gives url and password, which are shown nowhere", function()
    local output = run(("GRAFANA_URL=%s GRAFANA_USER=admin GRAFANA_PASSWORD=%s"):format(server.url, days.PASSWORD),
      'local g = require "grafana".connect() print(g, g:get_org(1), g:get_org(99)) g:close()')
    assert.matches("Main Org.", output, 1, true)
    assert.matches("not-found", output, 1, true)
    assert.is_nil(days.leak(output))
  end)

  it("with credentials in the url is refused, and not quoted", function()
    local output = run(("GRAFANA_URL=http://admin:%s@127.0.0.1"):format(days.PASSWORD),
      'print(require "grafana".connect())')
    assert.matches("GRAFANA_URL holds credentials", output, 1, true)
    assert.is_nil(days.leak(output))
  end)
end)

describe("short passwords", function()
  it("do not blank out half of a message", function()
    days.ask(server, "POST", "/api/admin/users", {login = "bob", password = "long-enough"})
    local g = days.connect(server, nil, {"bob", "e"})
    local r = g:get_org(1)
    assert.equal("bad-credentials", r.reason)
    assert.matches("credentials", r.message, 1, true)
    g:close()
  end)
end)

describe("Authorization", function()
  it("is sent as the standard says, whatever is in user and password", function()
    local long = ("x"):rep(3000)
    for _, pair in ipairs {{"admin", ""}, {"admin", "a:b:c"}, {"zoë", "pässwörd"}, {"a", long}, {" ", " "}} do
      server:clear_log()
      server:unlock()
      local g = days.connect(server, nil, pair)
      g:get_org(1)
      assert.equal("Basic " .. mime.b64(pair[1] .. ":" .. pair[2]), server:requests()[1].headers.authorization)
      g:close()
    end
  end)
end)
