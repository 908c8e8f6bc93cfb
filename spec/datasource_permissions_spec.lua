-- SPDX-License-Identifier: MIT
-- Permissions of data sources: which generation of routes a server has is found by itself, remembered with the client,
-- and looked for again when a server has been upgraded. What each operation says is in spec/golden.

local grafana = require "grafana"
local days = require "spec.support.bad_days"

local server, g, ids

local OPEN_SOURCE, FIRST, SECOND = 0, 1, 2
local FIRST_LIST, SECOND_LIST = "GET /api/datasources/1/permissions", "GET /api/access-control/datasources/d"
local BY_UID, BY_NUMBER = "GET /api/datasources/uid/d", "GET /api/datasources/1"

setup(function() server = days.start() end)
teardown(function() server:stop() end)

-- A new server with data source 1, uid "d"; users ann, a member, and team 1.
local function fresh(generation)
  days.fresh(server)
  server:set {datasource_permissions = generation}
  days.ask(server, "POST", "/api/datasources", {name = "D", uid = "d", type = "loki", access = "proxy"})
  ids = {ann = days.ask(server, "POST", "/api/admin/users", {login = "ann", password = "long-enough"}).id}
  days.ask(server, "POST", "/api/teams", {name = "Ops"})
  server:clear_log()
  if g then g:close() end
  g = days.connect(server, {max_retries = 0})
end

-- What has arrived since the last time: {"GET /api/…", …}
local function arrived()
  local list = {}
  for i, request in ipairs(server:requests()) do list[i] = request.method .. " " .. request.path end
  server:clear_log()
  return list
end

local function permissions(id) return grafana.check(g:get_datasource_permissions(1, id or "d")).permissions end

-- The item for a user, a team or a role.
local function item_of(key, value, id)
  for _, item in ipairs(permissions(id)) do
    if item[key] == value and item.isManaged ~= false then return item end
  end
  return nil
end

-- Every operation, by the name or the number of the data source; each is ok on its generation.
local function operations(id)
  return {
    {"get", function() return g:get_datasource_permissions(1, id) end},
    {"enable", function() return g:enable_datasource_permissions(1, id) end},
    {"add", function() return g:add_datasource_permission(1, id, {teamId = 1, permission = "Query"}) end},
    {"remove", function() return g:remove_datasource_permission(1, id, item_of("teamId", 1, id).id) end},
    {"disable", function() return g:disable_datasource_permissions(1, id) end},
  }
end

describe("the generation of a server", function()
  local CASES = {
    {FIRST, 1, {FIRST_LIST}, {FIRST_LIST}},
    {FIRST, "d", {BY_UID, FIRST_LIST}, {BY_UID, FIRST_LIST}},
    {SECOND, 1, {FIRST_LIST, BY_NUMBER, SECOND_LIST}, {BY_NUMBER, SECOND_LIST}},
    {SECOND, "d", {BY_UID, FIRST_LIST, SECOND_LIST}, {SECOND_LIST}},
  }
  for _, case in ipairs(CASES) do
    it(("%d is found by the first call and known to the next, by %s"):format(case[1], type(case[2])), function()
      fresh(case[1])
      for i = 3, 4 do
        assert.equal("ok", g:get_datasource_permissions(1, case[2]).status)
        assert.same(case[i], arrived())
      end
      assert.equal("ok", g:get_datasource_permissions(1, case[2]).status)
      assert.same(case[4], arrived())
    end)
  end

  it("is found by whatever operation comes first, and each does its work", function()
    for _, generation in ipairs {FIRST, SECOND} do
      for _, id in ipairs {1, "d"} do
        for i = 1, 5 do
          fresh(generation)
          if i == 4 then
            grafana.check(g:add_datasource_permission(1, id, {teamId = 1, permission = 2}))
            ids.given = item_of("teamId", 1, id).id
            g:close()
            g = days.connect(server, {max_retries = 0})
          end
          local name, run = days.unpack(operations(id)[i])
          local r = i == 4 and g:remove_datasource_permission(1, id, ids.given) or run()
          local fine = name ~= "disable" or generation == FIRST
          assert.equal(fine and "ok" or "unsupported", fine and r.status or r.reason, name .. ": " .. tostring(r))
          server:clear_log()
          permissions(id)
          assert.is_true(#arrived() <= 2, "it is not remembered after " .. name)
        end
      end
    end
  end)

  it("is known to all calls of the client, and to no other client", function()
    fresh(SECOND)
    permissions()
    days.at_once(g, {{"get_datasource_permissions", 1, "d"}, {"enable_datasource_permissions", 1, "d"}})
    arrived()
    days.at_once(g, {{"get_datasource_permissions", 1, "d"}, {"enable_datasource_permissions", 1, "d"}})
    assert.same({SECOND_LIST, SECOND_LIST}, arrived())
    local other = days.connect(server)
    assert.equal("ok", other:get_datasource_permissions(1, "d").status)
    assert.equal(3, #arrived())
    other:close()
  end)

  it("is not remembered where there is none: a licence may come", function()
    fresh(OPEN_SOURCE)
    for _, id in ipairs {1, "d", 99, "none"} do
      for _, operation in ipairs(operations(id)) do
        if operation[1] ~= "remove" then
          local r = operation[2]()
          assert.equal("unsupported", r.reason, operation[1])
          assert.equal("error", r.status)
          assert.equal("this server has no permissions of data sources", r.message)
        end
      end
      assert.equal("unsupported", g:remove_datasource_permission(1, id, 1).reason)
    end
    for _, request in ipairs(arrived()) do assert.matches("^GET ", request) end
    for _, generation in ipairs {SECOND, OPEN_SOURCE, FIRST} do
      server:set {datasource_permissions = generation}
      local r = g:get_datasource_permissions(1, "d")
      assert.equal(generation == OPEN_SOURCE and "unsupported" or nil, r.reason, tostring(r))
    end
  end)

  it("is not concluded from what meets every route", function()
    for _, fault in ipairs {{kind = "status", code = 403}, {kind = "status", code = 503}, {kind = "html"}} do
      fresh(SECOND)
      fault.path, fault.times = "^/api/datasources/1/permissions", 1
      server:fault(fault)
      assert.is_false(g:get_datasource_permissions(1, "d").ok)
      assert.equal(3, #permissions())
    end
  end)
end)

describe("an upgraded server", function()
  -- What was remembered is tried, missed, and forgotten.
  local function upgrade(from, to)
    fresh(from)
    grafana.check(g:add_datasource_permission(1, "d", {teamId = 1, permission = "Edit"}))
    server:set {datasource_permissions = to}
    arrived()
  end

  for _, way in ipairs {{FIRST, SECOND}, {SECOND, FIRST}} do
    it(("from %d to %d is noticed by each operation, which does its work once"):format(way[1], way[2]), function()
      for _, id in ipairs {1, "d"} do
        for i, name in ipairs {"get", "enable", "add"} do
          upgrade(way[1], way[2])
          local run = operations(id)[i][2]
          if name == "add" then run = function()
            return g:add_datasource_permission(1, id, {userId = ids.ann, permission = 1})
          end end
          assert.equal("ok", run().status, name)
          local posts = 0
          for _, request in ipairs(arrived()) do
            local new = request:find("access-control", 1, true) ~= nil
            if request:find("^POST") and new == (way[2] == SECOND) then posts = posts + 1 end
          end
          assert.equal((name == "get" or name == "enable" and way[2] == SECOND) and 0 or 1, posts, name)
          permissions(id)
          assert.is_true(#arrived() <= 2, "it is remembered again")
        end
      end
    end)
  end

  it("is noticed by a removal and by disabling, too", function()
    upgrade(FIRST, SECOND)
    assert.equal("not-found", g:remove_datasource_permission(1, 1, 12345).status)
    assert.equal("DELETE /api/datasources/1/permissions/12345", arrived()[1])
    upgrade(FIRST, SECOND)
    assert.equal("unsupported", g:disable_datasource_permissions(1, "d").reason)
    upgrade(SECOND, FIRST)
    assert.equal("ok", g:disable_datasource_permissions(1, "d").status)
  end)

  it("that has lost them says unsupported, and may get them back", function()
    for _, generation in ipairs {FIRST, SECOND} do
      upgrade(generation, OPEN_SOURCE)
      for _ = 1, 2 do assert.equal("unsupported", g:get_datasource_permissions(1, "d").reason) end
      server:set {datasource_permissions = generation}
      assert.equal("ok", g:get_datasource_permissions(1, "d").status)
    end
  end)

  it("has another version", function()
    upgrade(FIRST, SECOND)
    assert.equal("12.4.3", g:version().version)
    server:set {version = "13.0.1"}
    assert.equal("12.4.3", g:version().version)
    permissions()
    assert.equal("13.0.1", g:version().version)
  end)
end)

describe("a data source that is not there", function()
  it("is not-found, whatever is remembered and however it is named, and changes nothing that is", function()
    for _, generation in ipairs {FIRST, SECOND} do
      for _, id in ipairs {99, "none"} do
        for _, known in ipairs {true, false} do
          fresh(generation)
          if known then permissions() end
          for i, operation in ipairs(operations(id)) do
            local r = i == 4 and g:remove_datasource_permission(1, id, 1) or operation[2]()
            assert.equal("not-found", r.status, operation[1] .. ": " .. tostring(r))
            assert.matches("data source " .. id, r.message, 1, true)
          end
          permissions()
          arrived()
          permissions()
          assert.equal(generation == FIRST and 2 or 1, #arrived())
        end
      end
    end
  end)

  -- A missing route and a missing data source may look the same: then the data source is asked for.
  it("is not taken for a missing route", function()
    fresh(FIRST)
    permissions()
    server:fault {kind = "status", code = 404, body = '{"message":"Not found"}', path = "^/api/datasources/99/",
      times = 0}
    for _, r in ipairs {g:get_datasource_permissions(1, 99), g:enable_datasource_permissions(1, 99),
      g:remove_datasource_permission(1, 99, 1)} do
      assert.equal("not-found", r.status, tostring(r))
    end
    arrived()
    permissions(1)
    assert.same({FIRST_LIST}, arrived())
  end)

  it("is told from one whose permissions are all gone", function()
    fresh(SECOND)
    permissions()
    for _, role in ipairs {"Viewer", "Editor"} do
      grafana.check(g:remove_datasource_permission(1, "d", item_of("builtInRole", role).id))
    end
    arrived()
    assert.equal(1, #permissions())
    assert.same({SECOND_LIST, BY_UID, SECOND_LIST}, arrived())
    assert.equal("ok", g:enable_datasource_permissions(1, "d").status)
    assert.equal("not-found", g:get_datasource_permissions(1, "none").status)
  end)
end)

describe("an addition", function()
  it("lets somebody in, and its removal out again", function()
    for _, generation in ipairs {FIRST, SECOND} do
      fresh(generation)
      local ann = days.connect(server, {}, {"ann", "long-enough"})
      grafana.check(g:enable_datasource_permissions(1, "d"))
      if generation == SECOND then
        grafana.check(g:remove_datasource_permission(1, "d", item_of("builtInRole", "Viewer").id))
      end
      assert.equal("access-denied", ann:get_datasource(1, "d").status)
      local added = grafana.check(g:add_datasource_permission(1, "d", {userId = ids.ann, permission = "Query"}))
      assert.equal(item_of("userId", ids.ann).id, added.id)
      assert.equal("ok", ann:get_datasource(1, "d").status)
      grafana.check(g:remove_datasource_permission(1, "d", added.id))
      assert.equal("access-denied", ann:get_datasource(1, "d").status)
      ann:close()
    end
  end)

  it("for whom there is one is already-exists with its id, and changes nothing", function()
    for _, generation in ipairs {FIRST, SECOND} do
      fresh(generation)
      for _, whom in ipairs {{userId = ids.ann}, {teamId = 1}, {builtInRole = "Admin"}} do
        whom.permission = 1
        local added = grafana.check(g:add_datasource_permission(1, "d", whom))
        local before = permissions()
        whom.permission = "Edit"
        local r = g:add_datasource_permission(1, "d", whom)
        assert.equal("already-exists", r.status)
        assert.equal(added.id, r.id)
        assert.same(before, permissions())
      end
    end
  end)

  it("that somebody else was faster with is already-exists, too", function()
    fresh(FIRST)
    server:fault {kind = "status_after", code = 400, method = "POST", body = '{"message":"It could not be added"}'}
    local r = g:add_datasource_permission(1, 1, {teamId = 1, permission = "Query"})
    assert.equal("already-exists", r.status, tostring(r))
    assert.equal(item_of("teamId", 1).id, r.id)
    assert.is_nil(r.uncertain)
  end)

  it("that is refused for no known reason is invalid-data, in the server's words", function()
    fresh(FIRST)
    server:fault {kind = "status", code = 400, method = "POST", body = '{"message":"Permission could not be added"}'}
    local r = g:add_datasource_permission(1, 1, {teamId = 1, permission = "Query"})
    assert.equal("invalid-data", r.status)
    assert.equal("Permission could not be added", r.message)
    assert.equal(400, r.code)
  end)

  it("whose answer is lost is sent again only where that cannot hurt", function()
    for _, generation in ipairs {FIRST, SECOND} do
      fresh(generation)
      g:close()
      g = days.connect(server, {max_retries = 2})
      server:fault {kind = "close_after", method = "POST"}
      local r = g:add_datasource_permission(1, "d", {teamId = 1, permission = "Query"})
      assert.equal(generation == SECOND and "ok" or "error", r.status, tostring(r))
      assert.equal(generation == FIRST or nil, r.uncertain)
      assert.equal(generation, days.arrived(server, "POST"))
    end
  end)

  it("that was done is not denied when the question for its id fails", function()
    for _, generation in ipairs {FIRST, SECOND} do
      for _, fault in ipairs {{kind = "close"}, {kind = "status", code = 500}, {kind = "broken_json"},
        {kind = "body", body = '{"permissions":[]}'}, {kind = "body", body = "[]"}} do
        fresh(generation)
        permissions()
        fault.method, fault.path = "GET", generation == FIRST and "/1/permissions" or "/access%-control/"
        fault.skip, fault.times = 1, 0
        server:fault(fault)
        local r = g:add_datasource_permission(1, "d", {teamId = 1, permission = "Query"})
        assert.equal("error", r.status, fault.kind)
        assert.is_true(r.uncertain, fault.kind .. ": " .. tostring(r))
        assert.is_nil(r.id)
        server:clear_faults()
        assert.equal("already-exists", g:add_datasource_permission(1, "d", {teamId = 1, permission = 1}).status)
      end
    end
  end)

  it("that was done is not denied when time runs out before its id is known", function()
    for _, generation in ipairs {FIRST, SECOND} do
      fresh(generation)
      permissions()
      local path = generation == FIRST and "/1/permissions" or "/access%-control/"
      server:fault {kind = "stall", seconds = 10, method = "GET", path = path, skip = 1}
      local r = g:add_datasource_permission(1, "d", {teamId = 1, permission = "Query"}, {deadline = 1000})
      assert.equal("deadline", r.reason, tostring(r))
      assert.is_true(r.uncertain)
      assert.is_not_nil((item_of("teamId", 1)))
    end
  end)

  it("of who is no member, no account and no team is refused before it is sent, or by the server", function()
    for _, generation in ipairs {FIRST, SECOND} do
      fresh(generation)
      days.ask(server, "POST", "/api/orgs", {name = "Other"})
      local out = days.ask(server, "POST", "/api/admin/users", {login = "out", password = "long-enough", OrgId = 2}).id
      for _, id in ipairs {out, 99} do
        local r = g:add_datasource_permission(1, "d", {userId = id, permission = 1})
        assert.equal("user-not-found", r.status, tostring(r))
        assert.matches("user " .. ("%d"):format(id), r.message, 1, true)
      end
      local r = g:add_datasource_permission(1, "d", {teamId = 99, permission = 1})
      assert.equal("not-found", r.status, tostring(r))
      assert.matches("there is no team 99", r.message, 1, true)
      assert.is_nil((item_of("userId", out)))
    end
  end)

  it("by who may not see the members is left to the server", function()
    fresh(SECOND)
    server:fault {kind = "status", code = 403, path = "^/api/org/users", times = 2}
    assert.equal("ok", g:add_datasource_permission(1, "d", {userId = ids.ann, permission = 1}).status)
    local r = g:add_datasource_permission(1, "d", {userId = 99, permission = 1})
    assert.equal("user-not-found", r.status, tostring(r))
  end)

  it("sends what is given, with the permission as the server wants it", function()
    fresh(FIRST)
    local item = {builtInRole = "Viewer", permission = "Edit", note = "ours", userId = grafana.null}
    grafana.check(g:add_datasource_permission(1, 1, item))
    local sent = server.decode(server:requests({method = "POST"})[1].body)
    assert.equal("Viewer", sent.builtInRole)
    assert.equal("2", tostring(sent.permission))
    assert.equal("ours", sent.note)
    assert.equal("Edit", item.permission)
  end)
end)

describe("in an organisation", function()
  it("of one's own or another, each request goes there", function()
    fresh(SECOND)
    days.ask(server, "POST", "/api/orgs", {name = "Other"})
    grafana.check(g:create_datasource(2, {name = "D", uid = "d", type = "loki", access = "proxy"}))
    for _, row in ipairs {{1, "1", "Admin"}, {2, "2", "Admin"}, {grafana.own, nil, "Editor"}} do
      server:clear_log()
      local r = g:add_datasource_permission(row[1], "d", {builtInRole = row[3], permission = "Query"})
      assert.equal(row[3] == "Admin" and "ok" or "already-exists", r.status, tostring(r))
      for _, request in ipairs(server:requests()) do assert.equal(row[2], request.headers["x-grafana-org-id"]) end
    end
  end)

  it("that does not exist it is not-found, org-not-found", function()
    for _, generation in ipairs {FIRST, SECOND, OPEN_SOURCE} do
      fresh(generation)
      for _, id in ipairs {1, "d"} do
        local r = g:get_datasource_permissions(99, id)
        assert.equal("not-found", r.status, tostring(r))
        assert.equal("org-not-found", r.reason)
      end
    end
  end)
end)

it("permissions come as documents with the option raw", function()
  for _, generation in ipairs {FIRST, SECOND} do
    fresh(generation)
    grafana.check(g:add_datasource_permission(1, "d", {teamId = 1, permission = "Edit"}))
    local r = grafana.check(g:get_datasource_permissions(1, "d", {raw = true}))
    assert.is_true(r.enabled == (generation == SECOND))
    local found = false
    for _, item in ipairs(r.permissions) do found = found or item:get("teamId") == 1 end
    assert.is_true(found)
  end
end)
