-- SPDX-License-Identifier: MIT
-- What arrives at the server: how often each method does on dying connections, how often a wrong password, which pages
-- of a list.

local days = require "spec.support.bad_days"
local nginx = require "spec.support.nginx"

local server

setup(function() server = days.start() end)
teardown(function() server:stop() end)

-- One operation for each method. PATCH and one POST are idempotent or not as their rows say.
local METHODS = {
  {method = "GET", call = function(g) return g:get_org(1) end, path = "^[%l/]*/api/orgs/1$"},
  {method = "POST", call = function(g) return g:create_org("New") end, once = true},
  {method = "POST", title = "POST with a large body", once = true, call = function(g)
    return g:update_or_create_dashboard(1, {uid = "large", title = "Large", panels = {{text = ("x"):rep(300000)}}},
      {folderUid = ""})
  end},
  {method = "PUT", call = function(g) return g:update_org(2, "Renamed") end},
  {method = "PATCH", call = function(g) return g:update_org_user(1, 2, "Editor") end},
  {method = "DELETE", call = function(g) return g:delete_org(2) end},
}

local TRANSPORTS = {
  {name = "HTTP/1.1", connect = function(options) return days.connect(server, options) end},
  {name = nginx.inside and "TLS" or "HTTP/2", connect = function(options)
    return days.connect(nginx.tls_url(server), nginx.trusting(server, options))
  end},
}

-- Organisation 2 and user 2 exist.
local function prepare()
  days.fresh(server)
  days.ask(server, "POST", "/api/orgs", {name = "Acme"})
  days.ask(server, "POST", "/api/admin/users", {login = "ann", password = "long-enough"})
  server:clear_log()
end

for _, transport in ipairs(TRANSPORTS) do
  describe("on a kept connection that dies, over " .. transport.name .. ",", function()
    for _, row in ipairs(METHODS) do
      for _, kind in ipairs {"close", "close_after"} do
        local title = row.title or row.method

        it(("%s arrives %s (%s)"):format(title, row.method == "GET" and "twice at most" or "once", kind), function()
          prepare()
          local g = transport.connect {max_retries = 0}
          days.assert_usable(g)
          server:clear_log()
          server:fault {kind = kind, method = row.method, times = 0}
          local r = row.call(g)
          local arrived = days.arrived(server, row.method)
          assert.equal("cut", r.reason, tostring(r))
          assert.equal(1, r.attempts)
          if row.method == "GET" then
            assert.is_true(arrived >= 1 and arrived <= 2, arrived .. " arrivals")
            assert.is_nil(r.uncertain)
          else
            assert.equal(1, arrived, "arrivals")
            assert.is_true(r.uncertain)
          end
          server:clear_faults()
          days.assert_usable(g)
          g:close()
        end)
      end

      it(("%s arrives once for each attempt"):format(row.title or row.method), function()
        prepare()
        local retries = 0
        local g = transport.connect {max_retries = 3, on_retry = function() retries = retries + 1 end}
        days.assert_usable(g)
        server:clear_log()
        server:fault {kind = "close", method = row.method, times = 0}
        local r = row.call(g)
        assert.equal(row.once and 1 or 4, r.attempts, tostring(r))
        assert.equal(r.attempts - 1, retries)
        local arrived = days.arrived(server, row.method)
        if row.method == "GET" then assert.is_true(arrived >= 4 and arrived <= 5, arrived .. " arrivals")
        else assert.equal(r.attempts, arrived) end
        g:close()
      end)
    end

    it("many good requests between bad ones arrive once each", function()
      prepare()
      local g = transport.connect {max_retries = 0}
      for i = 1, 20 do
        server:clear_log()
        local bad = i % 3 == 0
        if bad then server:fault {kind = "close_after", method = "POST"} end
        local r = g:create_org("Name " .. i)
        assert.equal(bad and "cut" or nil, r.reason)
        assert.equal(1, days.arrived(server, "POST"))
        assert.equal("already-exists", g:create_org("Name " .. i).status)
      end
      g:close()
    end)
  end)
end

describe("connections", function()
  it("are kept: a hundred calls need one", function()
    days.fresh(server)
    local g = days.connect(server)
    for _ = 1, 100 do assert(g:get_org(1).ok) end
    local arrived = server:requests()
    assert.equal(100, #arrived)
    for _, arrival in ipairs(arrived) do assert.is_nil((arrival.headers.connection or ""):find("close")) end
    g:close()
  end)

  it("carry no Expect, no cookies, one Authorization, and JSON only where there is a body", function()
    days.fresh(server)
    local g = days.connect(server)
    g:get_org(1)
    g:create_org("A")
    g:update_or_create_dashboard(1, {title = "T", panels = {{text = ("x"):rep(100000)}}}, {folderUid = ""})
    g:delete_org(2)
    local arrived = server:requests()
    for _, arrival in ipairs(arrived) do
      local headers = arrival.headers
      assert.is_nil(headers.expect)
      assert.is_nil(headers.cookie)
      assert.equal("Basic " .. days.SECRETS[2], headers.authorization)
      assert.equal(arrival.body ~= "", headers["content-type"] == "application/json", arrival.method)
      if arrival.body ~= "" then assert.equal(#arrival.body, tonumber(headers["content-length"])) end
      assert.matches("^lua%-grafana/", headers["user-agent"])
    end
    g:close()
  end)

  it("carry a DELETE's body, text as it is, and nothing behind a HEAD", function()
    days.fresh(server)
    local g = days.connect(server)
    g:call("deleteLicenseToken", {instance = "x"})
    g:request("POST", "/api/x", {body = "a: 1\n", headers = {["Content-Type"] = "application/yaml"}})
    local r = g:request("HEAD", "/api/org")
    assert.equal("ok", r.status, tostring(r))
    assert.is_nil(r.body)
    assert(g:get_org(1).ok) -- the same connection serves on
    local arrived = server:requests()
    assert.same({"DELETE", '{"instance":"x"}', "application/json"},
      {arrived[1].method, arrived[1].body, arrived[1].headers["content-type"]})
    assert.same({"POST", "a: 1\n", "application/yaml"},
      {arrived[2].method, arrived[2].body, arrived[2].headers["content-type"]})
    assert.same({"HEAD", "", "GET"}, {arrived[3].method, arrived[3].body, arrived[4].method})
    g:close()
  end)

  it("are as many as concurrency allows, no more", function()
    days.fresh(server)
    server:seed {dashboards = 40}
    server:fault {kind = "delay", seconds = 0.03, path = "^/api/dashboards", times = 0}
    for _, concurrency in ipairs {1, 4} do
      local g = days.connect(server, {concurrency = concurrency})
      assert.equal(40, #g:get_org_dashboards(1).dashboards)
      g:close()
    end
  end)
end)

-- -------------------------------------------------------------------------------------------------- wrong passwords --

describe("a wrong password", function()
  local function rows(n)
    local list = {}
    for i = 1, n do list[i] = {"get_org", i} end
    return list
  end

  before_each(function() days.fresh(server) end)

  it("with 16 requests waiting arrives once; all 16 are told", function()
    local g = days.connect(server, {concurrency = 16}, {"admin", "wrong-password"})
    local results = days.at_once(g, rows(16))
    assert.equal(1, #server:requests())
    for i = 1, 16 do
      assert.equal("access-denied", results[i].status)
      assert.equal("bad-credentials", results[i].reason)
      assert.equal(401, results[i].code)
      assert.is_nil(days.leak(results[i], {"wrong-password"}))
      assert.matches("credentials", results[i].message, 1, true)
    end
    g:close()
  end)

  it("arrives once more with each call made after that, and is never sent again by itself", function()
    local g = days.connect(server, {max_retries = 10}, {"admin", "wrong-password"})
    for i = 1, 3 do
      assert.equal("bad-credentials", g:get_org(1).reason)
      assert.equal(i, #server:requests())
    end
    g:close()
    g = days.connect(server)
    days.assert_usable(g)
    g:close()
  end)

  it("of a fan-out arrives once", function()
    server:seed {dashboards = 100}
    for _, name in ipairs {"get_org_dashboards", "get_org_panels"} do
      days.fresh(server)
      local g = days.connect(server, {concurrency = 16}, {"admin", "wrong-password"})
      local r = g[name](g, 1)
      assert.equal("bad-credentials", r.reason)
      assert.equal(1, #server:requests())
      g:close()
    end
  end)

  it("for writes too", function()
    local g = days.connect(server, {concurrency = 16}, {"admin", "wrong-password"})
    local list = {}
    for i = 1, 16 do list[i] = {"create_org", "Name " .. i} end
    for _, r in ipairs(days.at_once(g, list)) do
      assert.equal("bad-credentials", r.reason)
      assert.is_nil(r.uncertain)
    end
    assert.equal(1, #server:requests())
    g:close()
  end)

  it("on a bad day: until it was accepted or refused, one request at a time", function()
    server:fault {kind = "status", code = 503, times = 6}
    local g = days.connect(server, {concurrency = 16, max_retries = 10}, {"admin", "wrong-password"})
    for _, r in ipairs(days.at_once(g, rows(16))) do assert.equal("bad-credentials", r.reason, tostring(r)) end
    assert.equal(7, #server:requests())
    g:close()
  end)

  it("locks nobody out by a fan-out: the right one works at once", function()
    local g = days.connect(server, {concurrency = 16}, {"admin", "wrong-password"})
    days.at_once(g, rows(16))
    g:close()
    g = days.connect(server)
    days.assert_usable(g)
    g:close()
  end)

  it("locks after five, and the right one is refused as well, until the server forgets", function()
    local g = days.connect(server, nil, {"admin", "wrong-password"})
    for _ = 1, 5 do g:get_org(1) end
    local right = days.connect(server)
    assert.equal("bad-credentials", right:get_org(1).reason)
    server:unlock()
    days.assert_usable(right)
    g:close()
    right:close()
  end)

  it("that was right until it was changed arrives as often as the window is wide, no more", function()
    local g = days.connect(server, {concurrency = 3})
    days.assert_usable(g)
    days.ask(server, "PUT", "/api/admin/users/1/password", {password = "changed-meanwhile"})
    server:clear_log()
    for _, r in ipairs(days.at_once(g, rows(16))) do assert.equal("bad-credentials", r.reason) end
    assert.is_true(#server:requests() <= 3, #server:requests() .. " arrivals")
    g:close()
  end)

  it("does not slow the right one: once accepted, the window is open", function()
    local g = days.connect(server, {concurrency = 16})
    server:seed {dashboards = 32}
    local results = days.at_once(g, rows(16))
    assert.equal("ok", results[1].status)
    assert.equal(16, days.arrived(server, "GET", "^/api/orgs/%d+$"))
    g:close()
  end)
end)

-- ------------------------------------------------------------------------------------------------------ whole lists --

describe("a list", function()
  local MANY = 2500
  local g

  setup(function()
    days.fresh(server)
    g = days.connect(server, {concurrency = 16})
    local orgs, users, teams, accounts = {}, {}, {}, {}
    for i = 1, MANY do
      teams[i] = {"create_team", 1, {name = ("Team %05d"):format(i)}}
      accounts[i] = {"create_service_account", 1, {name = ("robot %05d"):format(i)}}
      orgs[i] = {"create_org", ("Org %05d"):format(i)}
      users[i] = {"create_user", {login = ("user-%05d"):format(i), password = "long-enough"}}
    end
    for _, list in ipairs {orgs, users, teams, accounts} do
      for _, r in ipairs(days.at_once(g, list)) do assert(r.ok, tostring(r)) end
    end
    server:seed {dashboards = MANY, bytes = 1000, tags = {"many"}}
  end)

  teardown(function() g:close() end)

  -- Whole: as many as there are, each once.
  local function assert_whole(list, key, count)
    local seen = {}
    for _, item in ipairs(list) do
      assert.is_nil(seen[item[key]], "twice: " .. tostring(item[key]))
      seen[item[key]] = true
    end
    assert.equal(count, #list)
  end

  local function get(operation, ...)
    server:clear_log()
    local r = g[operation](g, ...)
    assert.equal("ok", r.status, tostring(r))
    return r
  end

  it("of organisations is whole", function()
    assert_whole(get("get_orgs").orgs, "id", MANY + 1)
    assert_whole(get("get_orgs", {query = "Org 00"}).orgs, "id", 999)
  end)

  it("of users is whole", function()
    assert_whole(get("get_users").users, "id", MANY + 1)
    assert_whole(get("get_users", {query = "user-00"}).users, "id", 999)
    assert_whole(get("get_users", {query = "nobody-is-so-called"}).users, "id", 0)
  end)

  it("of members is whole", function()
    assert_whole(get("get_org_users", 1).users, "userId", MANY + 1)
    assert_whole(get("get_current_org_users").users, "userId", MANY + 1)
    assert_whole(get("get_current_user_orgs").orgs, "orgId", MANY + 1)
  end)

  it("of teams is whole", function()
    assert_whole(get("get_teams", 1).teams, "id", MANY)
    assert.equal(3, #server:requests())
    assert_whole(get("get_teams", 1, {query = "team 00"}).teams, "id", 999)
    assert_whole(get("get_teams", 1, {name = "Team 01234"}).teams, "id", 1)
    assert_whole(get("get_teams", 1, {page = 2, perpage = 2000}).teams, "id", 500)
  end)

  it("of service accounts is whole", function()
    assert_whole(get("get_service_accounts", 1).service_accounts, "id", MANY)
    assert.equal(3, #server:requests())
    assert_whole(get("get_service_accounts", 1, {query = "robot 00"}).service_accounts, "id", 999)
    assert_whole(get("get_service_accounts", 1, {page = 3, perpage = 1000}).service_accounts, "id", 500)
  end)

  it("of hits and of dashboards with a tag is whole", function()
    assert_whole(get("search", 1).hits, "uid", MANY)
    assert_whole(get("get_dashboards_with_tag", 1, "many").dashboards, "uid", MANY)
  end)

  it("of all dashboards and panels is whole, each read once", function()
    server:set {apis = false}
    local r = get("get_org_dashboards", 1)
    assert_whole(r.dashboards, "uid", MANY)
    assert.equal(MANY, days.arrived(server, "GET", "^/api/dashboards/uid/seed%-%d+$"))
    assert.is_nil(r.failed)
    local panels = 0
    for _, dashboard in ipairs(r.dashboards) do panels = panels + #dashboard.panels end
    assert.equal(panels, #get("get_org_panels", 1).panels)
    server:set {apis = true}
  end)

  it("of all dashboards and panels is whole in pages, none read singly", function()
    server:clear_log()
    local fresh = days.connect(server)
    local r = fresh:get_org_dashboards(1)
    assert_whole(r.dashboards, "uid", MANY)
    assert.equal(0, days.arrived(server, "GET", "^/api/dashboards/uid/"))
    assert.is_nil(r.failed)
    fresh:close()
  end)

  it("in one page is one request", function()
    for _, case in ipairs {{"get_orgs", "orgs", "id"}, {"get_users", "users", "id"}} do
      local first = get(case[1], {page = 1, perpage = 40})[case[2]]
      assert.equal(1, #server:requests())
      local second = get(case[1], {page = 2, perpage = 40})[case[2]]
      local both = get(case[1], {page = 1, perpage = 80})[case[2]]
      assert_whole(first, case[3], 40)
      assert_whole(both, case[3], 80)
      for i = 1, 40 do
        assert.equal(both[i][case[3]], first[i][case[3]])
        assert.equal(both[40 + i][case[3]], second[i][case[3]])
      end
      assert_whole(get(case[1], {page = 63, perpage = 40})[case[2]], case[3], 21)
      assert_whole(get(case[1], {page = 64, perpage = 40})[case[2]], case[3], 0)
      assert_whole(get(case[1], {page = 1})[case[2]], case[3], 1000)
    end
    local page = get("search", 1, {page = 2, perpage = 2000}).hits
    assert.equal(1, #server:requests {path = "^/api/search"})
    assert_whole(page, "uid", 500)
  end)

  it("of members, which the server does not page, is cut here", function()
    local all = get("get_org_users", 1).users
    local page = get("get_org_users", 1, {page = 2, perpage = 10}).users
    assert_whole(page, "userId", 10)
    for i = 1, 10 do assert.equal(all[10 + i].userId, page[i].userId) end
  end)

  it("whose server ignores the page ends when what comes has been seen", function()
    server:clear_log()
    server:fault {kind = "body", body = '[{"id":1,"name":"A"},{"id":2,"name":"B"}]', path = "^/api/orgs%?", times = 0}
    local r = g:get_orgs()
    server:clear_faults()
    assert_whole(r.orgs, "id", 2)
    assert.is_true(#server:requests() <= 2)
  end)

  it("one of whose pages fails for good is not returned in part", function()
    for _, kind in ipairs {"close", "cut", "broken_json", "html", "empty"} do
      server:fault {kind = kind, path = "page=2", times = 0}
      for _, call in ipairs {
        {"get_orgs"}, {"get_users"}, {"search", 1}, {"get_org_panels", 1}, {"get_teams", 1},
        {"get_service_accounts", 1},
      } do
        local r = g[call[1]](g, days.unpack(call, 2))
        assert.equal("error", r.status, kind .. " " .. call[1] .. ": " .. tostring(r))
        for _, key in ipairs {"orgs", "users", "hits", "panels", "failed", "teams", "service_accounts"} do
          assert.is_nil(r[key])
        end
      end
      server:clear_faults()
    end
  end)
end)

describe("hits without a uid", function()
  it("are no dashboards: nothing is asked for them", function()
    days.fresh(server)
    local g = days.connect(server)
    server:fault {kind = "body", body = '[{"title":"a"},{"title":"b"},5,null,"x"]', path = "^/api/search", times = 0}
    local r = g:get_org_panels(1)
    assert.equal("invalid-json", r.reason, tostring(r))
    assert.is_nil(r.panels)
    assert.equal(1, #server:requests())
    g:close()
  end)
end)
