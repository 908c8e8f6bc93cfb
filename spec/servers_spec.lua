-- SPDX-License-Identifier: MIT
-- What differs between servers and is evened out: doc/servers.md lists it. Here: hidden versions, data sources without
-- numeric routes, Amazon Managed Grafana.

local grafana = require "grafana"
local days = require "spec.support.bad_days"
local standin = require "spec.standin"

local server, g

setup(function() server = days.start() end)
teardown(function() server:stop() end)

local function fresh(settings)
  days.fresh(server)
  server:set(settings or {})
  server:clear_log()
  if g then g:close() end
  g = days.connect(server, {max_retries = 0})
end

local function arrived(from)
  local list = {}
  for i, request in ipairs((from or server):requests()) do list[i] = request.method .. " " .. request.path end;
  (from or server):clear_log()
  return list
end

it("doc/servers.md names files, and facts of a server, that there are", function()
  local facts, seen = {}, 0
  for name in io.open("src/gf_rules.h"):read("*a"):gmatch("GF_[%u_]+") do facts[name] = true end
  for name in io.open("doc/servers.md"):read("*a"):gmatch("`([%w_./-]+)`") do
    local path = name:match("^src/.+%.[ch]$") or name:match("^spec/.+%.%a+$")
    if path then
      seen = seen + 1
      local file = io.open(path)
      assert(file, "doc/servers.md names " .. path .. ", which is not there")
      file:close()
    end
    if name:match("^GF_") then assert(facts[name], name) end
  end
  assert.is_true(seen > 40)
end)

describe("the version", function()
  local HEALTH, SETTINGS = "GET /api/health", "GET /api/frontend/settings"

  it("is read once", function()
    fresh()
    for _ = 1, 3 do assert.equal("12.4.3", g:version().version) end
    assert.same({HEALTH}, arrived())
  end)

  it("that /api/health hides is read elsewhere, once", function()
    for _, settings in ipairs {{hide_version = true}, {health = false}} do
      fresh(settings)
      for _ = 1, 3 do assert.equal("12.4.3", g:version().version) end
      assert.same({HEALTH, SETTINGS}, arrived())
    end
    fresh()
    server:fault {kind = "status", code = 403, path = "^/api/health$"}
    assert.equal("12.4.3", g:version().version)
  end)

  it("is given as it is", function()
    for _, version in ipairs {"10.4.1-amg", "9.3.2+security-01", "13.1.0-20240101pre", "x"} do
      for _, hidden in ipairs {true, false} do
        fresh {version = version, hide_version = hidden}
        assert.equal(version, g:version().version)
      end
    end
  end)

  it("that nobody is told is unsupported, and asked for again", function()
    fresh {hide_version = "everywhere"}
    for _ = 1, 2 do
      local r = g:version()
      assert.equal("error", r.status)
      assert.equal("unsupported", r.reason)
      assert.equal("the server does not tell its version", r.message)
      assert.same({HEALTH, SETTINGS}, arrived())
    end
    server:set {hide_version = false}
    assert.equal("12.4.3", g:version().version)
  end)

  it("hidden from who has not signed in is unsupported", function()
    fresh {hide_version = true}
    local nobody = grafana.connect(server.url)
    assert.equal("unsupported", nobody:version().reason)
    nobody:close()
  end)

  it("is not taken from what is no Grafana", function()
    for kind, reason in pairs {html = "not-grafana", broken_json = "invalid-json", empty = "invalid-json"} do
      fresh()
      server:fault {kind = kind, path = "^/api/health$"}
      assert.equal(reason, g:version().reason, kind)
      fresh {hide_version = true}
      server:fault {kind = kind, path = "^/api/frontend"}
      assert.equal(reason, g:version().reason, kind)
    end
    for _, body in ipairs {"[]", "true", '"12.4.3"'} do
      fresh()
      server:fault {kind = "body", body = body, path = "^/api/health$"}
      assert.equal("invalid-json", g:version().reason, body)
    end
    for _, body in ipairs {'{"version":""}', '{"version":12}', '{"version":null}', "{}"} do
      fresh()
      server:fault {kind = "body", body = body, path = "^/api/health$"}
      assert.equal("12.4.3", g:version().version, body)
      fresh {hide_version = true}
      server:fault {kind = "body", body = '{"buildInfo":' .. body .. "}", path = "^/api/frontend"}
      assert.equal("unsupported", g:version().reason, body)
    end
  end)

  it("hidden from who has wrong credentials: access-denied, and a fan-out asks once", function()
    fresh {hide_version = true}
    local wrong = days.connect(server, {concurrency = 16}, {"admin", "wrong-password"})
    local rows = {}
    for i = 1, 16 do rows[i] = {"version"} end
    for _, r in ipairs(days.at_once(wrong, rows)) do
      assert.equal("access-denied", r.status, tostring(r))
      assert.equal("bad-credentials", r.reason)
    end
    assert.equal(1, days.arrived(server, "GET", "^/api/frontend"))
    wrong:close()
    days.assert_usable(g)
  end)
end)

describe("without numeric routes for data sources", function()
  -- Twelve of them, so that ids begin like one another; some have uids and names that look like ids.
  local function sources(settings)
    fresh(settings)
    for i = 1, 12 do
      local source = {name = ("%d"):format(13 - i), type = "prometheus", access = "proxy", url = "http://127.0.0.1:1"}
      if i == 1 or i == 11 then source.uid = i == 1 and "11" or "1" end
      assert.equal(i, g:create_datasource(1, source).id)
    end
    server:clear_log()
  end

  for _, numeric in ipairs {true, false} do
    it(("ids are ids and strings are uids, with %s routes"):format(numeric and "such" or "no such"), function()
      sources {numeric_datasources = numeric}
      for id = 1, 12 do
        for _ = 1, 2 do assert.equal(id, g:get_datasource(1, id).datasource.id) end
        local r = g:update_datasource(1, id, {url = "http://127.0.0.1:" .. id})
        assert.equal("ok", r.status, tostring(r))
        assert.equal(id, r.datasource.id)
        r = g:check_datasource(1, id)
        assert.equal("ok", r.status, tostring(r))
        assert.matches("127.0.0.1:" .. id .. "/", r.detail, 1, true)
      end
      assert.equal(11, g:get_datasource(1, "1").datasource.id)
      assert.equal(1, g:get_datasource(1, "11").datasource.id)
      assert.equal("ok", g:delete_datasource(1, 1).status)
      assert.equal(11, g:get_datasource(1, "1").datasource.id)
      for _, id in ipairs {1, 0, -1, grafana.number("99999999999999999999")} do
        for _, r in ipairs {g:get_datasource(1, id), g:update_datasource(1, id, {url = "http://x"}),
          g:delete_datasource(1, id), g:check_datasource(1, id)} do
          assert.equal("not-found", r.status, tostring(r))
        end
      end
      assert.equal(11, #g:get_datasources(1).datasources)
    end)
  end

  it("permissions find their data source, too", function()
    for generation = 1, 2 do
      sources {numeric_datasources = false, datasource_permissions = generation}
      for _, id in ipairs {1, 11} do
        local added = g:add_datasource_permission(1, id, {builtInRole = "Admin", permission = "Edit"})
        assert.equal("ok", added.status, tostring(added))
        assert.equal("ok", g:remove_datasource_permission(1, id, added.id).status)
        assert.equal("ok", g:enable_datasource_permissions(1, id).status)
        assert.equal("ok", g:get_datasource_permissions(1, id).status)
      end
      assert.equal("not-found", g:get_datasource_permissions(1, 99).status)
      local uid = g:get_datasource(1, 2).datasource.uid
      assert.equal("ok", g:get_datasource_permissions(1, uid).status)
    end
  end)

  it("that is learned once: from then on the list is asked at once", function()
    sources {numeric_datasources = false}
    g:get_datasource(1, 11)
    assert.same({"GET /api/datasources/11", "GET /api/datasources", "GET /api/datasources/uid/1"}, arrived())
    g:get_datasource(1, 11)
    assert.same({"GET /api/datasources", "GET /api/datasources/uid/1"}, arrived())
    g:update_datasource(1, 11, {url = "http://x"})
    assert.same({"GET /api/datasources", "GET /api/datasources/uid/1", "PUT /api/datasources/uid/1"}, arrived())
    assert.equal("not-found", g:get_datasource(1, 99).status)
    assert.same({"GET /api/datasources"}, arrived())
    g:delete_datasource(1, 11)
    assert.same({"GET /api/datasources", "DELETE /api/datasources/uid/1"}, arrived())
  end)

  it("that is learned from a data source that is there only", function()
    sources {numeric_datasources = true}
    server:fault {kind = "status", code = 404, body = '{"message":"Not found"}', path = "^/api/datasources/99$"}
    assert.equal("not-found", g:get_datasource(1, 99).status)
    arrived()
    assert.equal("ok", g:get_datasource(1, 11).status)
    assert.same({"GET /api/datasources/11"}, arrived())
  end)

  it("nothing goes wrong when they come back", function()
    sources {numeric_datasources = false}
    g:get_datasource(1, 1)
    server:set {numeric_datasources = true}
    assert.equal(1, g:get_datasource(1, 1).datasource.id)
    assert.equal("ok", g:delete_datasource(1, 1).status)
    assert.equal("not-found", g:get_datasource(1, 1).status)
  end)
end)

describe("Amazon Managed Grafana", function()
  local amg, client

  setup(function()
    amg = standin.start {personality = "amg"}
    client = days.connect(amg.url, {}, {token = amg.token})
  end)
  teardown(function()
    client:close()
    amg:stop()
  end)

  it("tells its version to who has signed in, and takes tokens only", function()
    assert.equal("9.4.7-amg", client:version().version)
    assert.same({"GET /api/health", "GET /api/frontend/settings"}, arrived(amg))
    local by_password = days.connect(amg.url, {}, {"admin", "admin"})
    assert.equal("bad-credentials", by_password:get_current_org().reason)
    by_password:close()
  end)

  it("has permissions of data sources, the first generation", function()
    local source = grafana.check(client:create_datasource(grafana.own, {name = "D", type = "loki", access = "proxy"}))
    for _, id in ipairs {source.id, source.uid} do
      assert.is_false(client:get_datasource_permissions(grafana.own, id).enabled)
      assert.equal("ok", client:enable_datasource_permissions(grafana.own, id).status)
      local item = {userId = 1, permission = "Query"}
      local added = client:add_datasource_permission(grafana.own, id, item)
      assert.equal("ok", added.status, tostring(added))
      local r = client:get_datasource_permissions(grafana.own, id)
      assert.is_true(r.enabled)
      assert.equal(added.id, r.permissions[1].id)
      assert.equal(added.id, client:add_datasource_permission(grafana.own, id, item).id)
      local nobody = client:add_datasource_permission(grafana.own, id, {userId = 9, permission = 1})
      assert.equal("user-not-found", nobody.status)
      assert.equal("ok", client:remove_datasource_permission(grafana.own, id, added.id).status)
      assert.equal("not-found", client:remove_datasource_permission(grafana.own, id, added.id).status)
      assert.equal("ok", client:disable_datasource_permissions(grafana.own, id).status)
    end
  end)
end)
