-- SPDX-License-Identifier: MIT
-- Whole organisations over /apis and over the old routes: the same result, panel by panel, whatever the dashboards hold
-- and however they are stored. The old routes are forced by a server that says of /apis that there is no such route.

package.path = "./?.lua;./?/init.lua;" .. package.path   -- 5.1 and LuaJIT do not look for ./?/init.lua

local grafana = require "grafana"
local odd = require "spec.support.odd_dashboards"
local standin = require "spec.standin"
local two_ways = require "spec.support.two_ways"

local by_sockets = dofile("examples/socket_transport.lua")

local ADMIN = {"admin", "admin"}
local PAGES = "^/apis/dashboard%.grafana%.app/v0alpha1/namespaces/"
local SINGLES = "^/api/dashboards/uid/"
local NO_ROUTE = {kind = "status", code = 404, body = '{"message":"Not found"}', path = "^/apis", times = 0}

describe("a whole organisation", function()
  local server, org

  setup(function() server = standin.start {personality = "12.4.3"} end)
  teardown(function() server:stop() end)

  local function connect(credentials, options)
    return grafana.connect(server.url, credentials or ADMIN, options)
  end

  before_each(function()
    server:reset()
    org = grafana.check(connect():create_org("Listed")).id
  end)

  -- The results of both ways, each call by a client of its own; a fault is in the way of the second. Returns what the
  -- first way asked for, how many pages and which dashboards singly, and how many panels there are.
  local function assert_same(credentials, in_org)
    server:clear_log()
    local results = {}
    for i, call in ipairs(two_ways.CALLS) do
      local g = connect(credentials)
      results[i] = g[call[1]](g, in_org or org, call[2] or {})
    end
    local pages, singles = #server:requests {path = PAGES}, server:requests {path = SINGLES}
    server:fault(NO_ROUTE)
    for i, call in ipairs(two_ways.CALLS) do
      local g = connect(credentials)
      local found = two_ways.difference(results[i], g[call[1]](g, in_org or org, call[2] or {}))
      assert.is_nil(found and call[1] .. ": " .. found)
    end
    server:clear_faults()
    return pages, singles, #results[1].panels
  end

  -- Every single read was of one of these.
  local function assert_only(singles, allowed)
    for _, request in ipairs(singles) do
      assert.is_true(allowed[request.path:match("/uid/([^/?]+)")] or false, "read singly: " .. request.path)
    end
  end

  it("of the project's own dashboards is the same", function()
    two_ways.post_files(connect(), org, "examples/dashboards", "own")
    local pages, singles, panels = assert_same()
    assert_only(singles, {})
    assert.equal(#two_ways.CALLS, pages)
    assert.is_true(panels > 50)
  end)

  it("of odd dashboards is the same: titles, panels, rows, numbers, versions, what the search does not find", function()
    two_ways.post_odd(connect(), org)
    local _, singles = assert_same()
    local stored_otherwise = {}
    for _, row in ipairs(odd.list) do stored_otherwise[row.uid] = row.broken or row.via and row.via ~= "v0alpha1" end
    assert_only(singles, stored_otherwise)
    local listed = grafana.check(connect():get_org_dashboards(org)).dashboards
    assert.equal(two_ways.findable(), #listed)
  end)

  it("of real dashboards is the same", function()
    local count = two_ways.post_files(connect(), org, two_ways.SHARED, "real")
    if count == 0 then return end
    local _, singles = assert_same()
    assert_only(singles, {})
  end)

  it("of many pages is the same", function()
    server:seed {dashboards = 400, org = org, bytes = 12000}
    two_ways.post_odd(connect(), org)
    local pages = assert_same()
    assert.is_true(pages >= 3 * #two_ways.CALLS, pages .. " pages")
  end)

  it("is the same to a viewer who may see few, by the number of the organisation and as one's own", function()
    local g = connect()
    two_ways.post_odd(g, org)
    server:seed {dashboards = 300, org = org, bytes = 12000}
    grafana.check(g:create_user {login = "vi", email = "vi@example.org", password = "vi-pass", OrgId = org})
    grafana.check(g:update_org_user(org, "vi", "Viewer"))
    for i = 1, 250 do grafana.check(g:update_dashboard_permissions(org, ("seed-%05d"):format(i), grafana.array {})) end
    local _, _, panels = assert_same({"vi", "vi-pass"})
    local _, _, own = assert_same({"vi", "vi-pass"}, grafana.own)
    assert.equal(panels, own)
    local _, _, all = assert_same()
    assert.is_true(panels > 0 and panels < all)
  end)

  it("is the same to a token, in its own organisation and refused in another", function()
    local g = connect()
    two_ways.post_odd(g, org)
    local account = grafana.check(g:create_service_account(org, {name = "robot", role = "Viewer"})).id
    local token = {token = grafana.check(g:create_token(org, account, {name = "key"})).key}
    assert_same(token)
    assert_same(token, grafana.own)
    local strange = connect(token):get_org_panels(1)
    server:fault(NO_ROUTE)
    assert.same({strange.status, strange.reason}, {"access-denied", connect(token):get_org_panels(1).reason})
  end)

  it("is empty alike", function()
    local pages, singles, panels = assert_same()
    assert.same({0, 0}, {#singles, panels})
    assert.is_true(pages <= #two_ways.CALLS)
  end)

  it("stays the same where a server knows other versions only", function()
    two_ways.post_odd(connect(), org)
    server:fault {kind = "body", path = "^/apis/dashboard%.grafana%.app$", times = 0, body = '{"kind":"APIGroup",'
      .. '"versions":[{"groupVersion":"dashboard.grafana.app/v9","version":"v9"}]}'}
    assert_same()
  end)

  for _, refusal in ipairs {
    {code = 403, words = "forbidden", body = '{"kind":"Status","message":"forbidden","reason":"Forbidden","code":403}'},
    {code = 404, words = "no resource", body = '{"kind":"Status","message":"the server could not find the requested '
      .. 'resource","reason":"NotFound","details":{},"code":404}'},
    {code = 404, words = "no page", body = "404 page not found\n", content_type = "text/plain; charset=utf-8"},
    {code = 406, words = "not acceptable", body = '{\n  "kind": "Status",\n  "message": "406: Not Acceptable"\n}\n'},
    {code = 500, words = "namespace mismatch", body = '{"kind":"Status","message":"namespace mismatch","code":500}'},
  } do
    it(("stays the same where /apis answers %d, %s"):format(refusal.code, refusal.words), function()
      two_ways.post_odd(connect(), org)
      server:fault {kind = "status", path = PAGES, times = 0, code = refusal.code, body = refusal.body,
        content_type = refusal.content_type}
      assert_same()
    end)
  end

  it("is read from pages with spaces as well", function()
    two_ways.post_odd(connect(), org)
    local plain, browser = connect(), connect(nil, {user_agent = "Mozilla/5.0 (X11)"})
    assert.is_nil(two_ways.difference(plain:get_org_panels(org), browser:get_org_panels(org)))
    assert.is_nil(two_ways.difference(plain:get_org_dashboards(org), browser:get_org_dashboards(org)))
  end)

  it("listed doubles and loses nothing when dashboards are made, edited, moved and deleted meanwhile", function()
    for _, way in ipairs {"pages", "singles"} do
      local here = grafana.check(connect():create_org("Changing by " .. way)).id
      two_ways.post_changing(connect(), here, 60)
      local send = way == "pages" and by_sockets or two_ways.without_apis(by_sockets)
      local g = connect(nil, {transport = two_ways.changing(connect(), here, 60, send)})
      local r = grafana.check(g:get_org_dashboards(here))
      assert.is_nil(r.failed)
      assert.is_nil(two_ways.wrong_with(connect(), here, r.dashboards, 60), way)
    end
  end)
end)
