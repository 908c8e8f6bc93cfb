-- SPDX-License-Identifier: MIT
-- Further headers: of a client, of one call. They go with every request, whichever a call makes.

local grafana = require "grafana"
local days = require "spec.support.bad_days"

local server

setup(function() server = days.start() end)
teardown(function() server:stop() end)

-- Organisation 2, data source 1, five dashboards.
local function fresh()
  days.fresh(server)
  days.ask(server, "POST", "/api/orgs", {name = "Acme"})
  server:seed {dashboards = 5}
  days.ask(server, "POST", "/api/datasources", {name = "D", uid = "d", type = "loki", access = "proxy"})
  server:set {datasource_permissions = 2, hide_version = true}
  server:clear_log()
end

-- Calls of many requests: questions before, after and about the organisation, pages, a fan-out, several writes.
local CALLS = {
  {2, "update_org", 99, "Other"},
  {2, "update_org_user", 1, "admin", "Admin"},
  {2, "create_org", "Acme"},
  {2, "get_dashboard", 99, "x"},
  {4, "get_org_dashboards", 1},
  {2, "update_or_create_dashboard", 1, {uid = "seed-00001", title = "New", panels = {}}, {overwrite = true}},
  {2, "update_datasource", 1, "d", {url = "http://x"}},
  {5, "add_datasource_permission", 1, "d", {builtInRole = "Admin", permission = 1}},
  {2, "version"},
}

-- Calls with further options, and returns the headers of what has arrived.
local function arrivals(g, call, options)
  local args, n = {}, 2
  while call[n + 1] ~= nil do
    n = n + 1
    args[n - 2] = call[n]
  end
  local last = args[#args]
  if type(last) == "table" and last.overwrite then
    local all = {overwrite = true}
    for name, value in pairs(options) do all[name] = value end
    args[#args] = all
  else
    args[#args + 1] = options
  end
  server:clear_log()
  local r = g[call[2]](g, days.unpack(args))
  local list = {}
  for i, request in ipairs(server:requests()) do list[i] = request.headers end
  assert.is_true(#list >= call[1], call[2] .. " made " .. #list .. " requests: " .. tostring(r))
  return list
end

describe("headers of a client", function()
  it("go with every request", function()
    fresh()
    local g = days.connect(server, {headers = {["X-Scope-OrgID"] = "tenant", ["X-Empty"] = ""}})
    for _, call in ipairs(CALLS) do
      for _, headers in ipairs(arrivals(g, call, {})) do
        assert.equal("tenant", headers["x-scope-orgid"], call[2])
        assert.equal("", headers["x-empty"], call[2])
        assert.equal("Basic " .. days.SECRETS[2], headers.authorization)
      end
    end
    g:close()
  end)

  it("go with what is sent again, and after a redirect", function()
    fresh()
    local g = days.connect(server, {headers = {["X-Scope-OrgID"] = "tenant"}})
    server:fault {kind = "status", code = 503, path = "^/api/orgs/1$"}
    server:fault {kind = "redirect", location = "/grafana/api/orgs/1", path = "^/api/orgs/77$"}
    assert.equal("ok", g:get_org(1).status)
    assert.equal("ok", g:get_org(77).status)
    assert.equal(4, #server:requests())
    for _, request in ipairs(server:requests()) do assert.equal("tenant", request.headers["x-scope-orgid"]) end
    g:close()
  end)

  it("may replace Accept and User-Agent", function()
    fresh()
    local g = days.connect(server, {headers = {accept = "application/json;q=0.9", ["USER-AGENT"] = "mine"}})
    g:get_org(1)
    local headers = server:requests()[1].headers
    assert.equal("application/json;q=0.9", headers.accept)
    assert.equal("mine", headers["user-agent"])
    g:close()
  end)
end)

describe("headers of a call", function()
  it("replace the client's of the same name, in any case of letters, on every request of that call", function()
    fresh()
    local g = days.connect(server, {headers = {["X-Scope-OrgID"] = "tenant", ["X-Other"] = "kept"}})
    for _, call in ipairs(CALLS) do
      for _, headers in ipairs(arrivals(g, call, {headers = {["x-scope-orgid"] = "other", ["X-New"] = "new"}})) do
        assert.same({"other", "kept", "new"}, {headers["x-scope-orgid"], headers["x-other"], headers["x-new"]}, call[2])
      end
    end
    server:clear_log()
    g:get_org(1)
    local headers = server:requests()[1].headers
    assert.same({"tenant", "kept"}, {headers["x-scope-orgid"], headers["x-other"]})
    assert.is_nil(headers["x-new"])
    g:close()
  end)
end)

describe("a header that is the client's own", function()
  it("is set neither for the client nor for a call, and its value is not shown", function()
    fresh()
    local g = days.connect(server)
    local secret = "Bearer glsa_secret-of-somebody"
    for _, name in ipairs {"Authorization", "authorization", "AUTHORIZATION", "X-Grafana-Org-Id", "x-grafana-org-id",
      "Content-Type", "Content-Length", "Host", "Connection", "Transfer-Encoding"} do
      local options = {headers = {[name] = secret}}
      for _, attempt in ipairs {
        function() return days.connect(server, options) end,
        function() return g:get_org(1, options) end,
        function() return g:add_datasource_permission(1, "d", {userId = 1, permission = 1}, options) end,
      } do
        local fine, message = pcall(attempt)
        assert.is_false(fine, name)
        assert.matches("headers", message, 1, true)
        assert.is_nil(days.leak(message, {secret}))
      end
    end
    assert.equal(0, #server:requests())
    g:close()
  end)

  it("keeps its place beside others: the organisation and the credentials are the call's", function()
    fresh()
    local g = grafana.connect(server.url, {"admin", days.PASSWORD}, {headers = {["X-A"] = "b"}, org = 2})
    g:get_datasources()
    g:get_datasources(1, {headers = {["X-A"] = "c"}})
    local sent = server:requests {path = "^/api/datasources"}
    local first, second = sent[1].headers, sent[2].headers
    assert.same({"2", "b"}, {first["x-grafana-org-id"], first["x-a"]})
    assert.same({"1", "c"}, {second["x-grafana-org-id"], second["x-a"]})
    assert.equal(first.authorization, second.authorization)
    g:close()
  end)
end)
