-- SPDX-License-Identifier: MIT
--- Listings over whole pages of dashboards (/apis): a page is a short cut, and whatever goes wrong with one, the result
-- is that of reading each dashboard singly.

local grafana = require "grafana"
local days = require "spec.support.bad_days"

local server = days.start()
local LIST = "^/apis/dashboard%.grafana%.app/v0alpha1/namespaces/"

local function all_of(g, org, options)
  return g:get_org_panels(org, options), g:get_org_dashboards(org, options)
end

-- What a client that reads singly makes of the same.
local function singly(org, options)
  server:set {apis = false}
  local g = days.connect(server)
  local panels, dashboards = all_of(g, org, options)
  g:close()
  server:set {apis = true}
  server:clear_log()
  return panels, dashboards
end

local function assert_same(expected, r)
  assert.equal("ok", r.status, tostring(r))
  assert.is_nil(r.failed)
  assert.same(expected, r)
end

local function arrived(path) return days.arrived(server, "GET", path) end

describe("a listing in pages", function()
  local g, panels, dashboards

  before_each(function()
    days.fresh(server)
    server:seed {dashboards = 40, bytes = 100000}   -- two pages
    panels, dashboards = singly(1)
    g = days.connect(server)
  end)

  after_each(function()
    server:clear_faults()
    days.assert_usable(g)
    g:close()
  end)

  it("asks once what the server has, then for pages, and reads nothing singly", function()
    assert_same(panels, g:get_org_panels(1))
    assert.equal(1, arrived("^/apis/dashboard%.grafana%.app$"))
    assert.equal(2, arrived(LIST .. "default/dashboards%?limit=1000"))
    assert.equal(0, arrived("^/api/dashboards/uid/"))
    assert_same(dashboards, g:get_org_dashboards(1))
    assert.equal(1, arrived("^/apis/dashboard%.grafana%.app$"))
    assert.equal(4, arrived(LIST))
  end)

  it("asks for the own organisation's id, and shows the same", function()
    assert_same(panels, g:get_org_panels(grafana.own))
    assert.equal(1, arrived("^/api/org$"))
    assert.equal(2, arrived(LIST .. "default/"))
  end)

  it("names other organisations by their number", function()
    assert.equal("ok", g:create_org("Acme").status)
    server:seed {dashboards = 3, org = 2}
    assert.equal(3, #g:get_org_dashboards(2).dashboards)
    assert.equal(1, arrived(LIST .. "org%-2/"))
    assert.equal(0, arrived("^/api/dashboards/uid/"))
  end)

  it("reads one dashboard alone without them", function()
    assert.equal("ok", g:create_org("Acme").status)
    server:seed {dashboards = 1, org = 2}
    assert.equal(1, #g:get_org_dashboards(2).dashboards)
    assert.equal(0, arrived("^/apis"))
  end)

  it("reads a long search once, and again where the pages hold what it has not found", function()
    assert.equal("ok", g:create_org("Acme").status)
    server:seed {dashboards = 1100, org = 2, bytes = 1000}
    server:clear_log()
    assert.equal(1100, #g:get_org_dashboards(2).dashboards)
    assert.equal(3, arrived("^/api/search"))
    server:fault {kind = "body", path = LIST, body = '{"metadata":{},"items":[{"metadata":{"name":"new"},"spec":{}}]}'}
    assert.equal(1100, #g:get_org_dashboards(2).dashboards)
    assert.equal(9, arrived("^/api/search"))
    server:fault {kind = "status", code = 500, path = LIST}
    assert.equal(1100, #g:get_org_dashboards(2).dashboards)
    assert.equal(15, arrived("^/api/search"))
  end)

  it("shows rows where they are wanted", function()
    local rows = {title = "With rows", panels = {
      {id = 1, type = "row", title = "R", collapsed = true, panels = {{id = 2, type = "stat", title = "In it"}}},
      {id = 3, type = "text", title = "Beside"}}}
    assert.equal("ok", g:update_or_create_dashboard(1, rows).status)
    local all, each = singly(1, {rows = true})
    assert_same(all, g:get_org_panels(1, {rows = true}))
    assert_same(each, g:get_org_dashboards(1, {rows = true}))
  end)

  it("reads singly where the first question is refused, and asks again the next time", function()
    server:fault {kind = "status", code = 403, path = "^/apis/dashboard%.grafana%.app$", body = '{"code":403}'}
    assert_same(panels, g:get_org_panels(1))
    assert.equal(40, arrived("^/api/dashboards/uid/"))
    assert_same(panels, g:get_org_panels(1))
    assert.equal(40, arrived("^/api/dashboards/uid/"))
  end)

  it("remembers that a server has none", function()
    server:set {apis = false}
    assert_same(panels, g:get_org_panels(1))
    assert_same(panels, g:get_org_panels(1))
    assert.equal(1, arrived("^/apis"))
  end)

  it("reads singly from a server that has been taken back to one without", function()
    assert_same(panels, g:get_org_panels(1))
    server:set {apis = false}
    assert_same(panels, g:get_org_panels(1))
    server:set {apis = true}
    server:clear_log()
    assert_same(panels, g:get_org_panels(1))
    assert.equal(0, arrived("^/api/dashboards/uid/"))
  end)

  it("reads singly where the version that shows dashboards as stored is not served", function()
    server:fault {kind = "body", path = "^/apis/dashboard%.grafana%.app$",
      body = '{"versions":[{"version":"v3"},{"version":"v4"}]}'}
    assert_same(panels, g:get_org_panels(1))
    assert.equal(0, arrived(LIST))
  end)

  for _, kind in ipairs {
    {kind = "status", code = 403}, {kind = "status", code = 404}, {kind = "status", code = 406},
    {kind = "status", code = 500, body = '{"kind":"Status","message":"namespace mismatch","code":500}'},
    {kind = "status", code = 503}, {kind = "status", code = 410}, {kind = "close"}, {kind = "close_after"},
    {kind = "cut", bytes = 700000}, {kind = "cut", bytes = 10}, {kind = "head_cut"}, {kind = "garbage"},
    {kind = "broken_json"}, {kind = "html"}, {kind = "empty"}, {kind = "body", body = "{}"},
    {kind = "body", body = '{"items":5}'}, {kind = "body", body = '{"items":[5,null,"x",[],{}]}'},
    {kind = "body", body = '{"metadata":7,"items":[{"metadata":{"name":7},"spec":1}]}'},
    {kind = "body", body = '{"metadata":{"continue":7},"items":[{"metadata":{"name":"seed-00001"},"spec":null}]}'},
    {kind = "body", body = '[]'}, {kind = "redirect", location = "/elsewhere"}, {kind = "big", bytes = 3000000},
  } do
    local text = ("%s %s"):format(kind.kind, kind.code or kind.body or kind.bytes or "")
    for skip = 0, 1 do
      it(("gives the same where page %d is spoilt (%s), always or once"):format(skip + 1, text), function()
        for _, times in ipairs {0, 1} do
          local fault = {path = LIST, skip = skip, times = times}
          for name, value in pairs(kind) do fault[name] = value end
          server:fault(fault)
          assert_same(panels, g:get_org_panels(1))
          server:clear_faults()
        end
      end)
    end
  end

  it("gives the same where a page is cut at any place", function()
    for _, bytes in ipairs {1, 17, 100, 1000, 16384, 65536, 500000, 1999999} do
      server:fault {kind = "cut", bytes = bytes, path = LIST}
      assert_same(dashboards, g:get_org_dashboards(1))
    end
  end)

  it("gives the same where the answer comes in small pieces", function()
    server:seed {dashboards = 2, org = 1}
    assert.equal("ok", g:create_org("Acme").status)
    server:seed {dashboards = 3, org = 2, bytes = 2000}
    local expected = singly(2)
    server:fault {kind = "slow", bytes = 1500, interval = 0.001, path = LIST}
    assert_same(expected, g:get_org_panels(2))
    assert.equal(0, arrived("^/api/dashboards/uid/"))
  end)

  it("leaves out who cannot be read either way, and says so", function()
    server:fault {kind = "status", code = 500, path = LIST, times = 0}
    server:fault {kind = "status", code = 500, path = "^/api/dashboards/uid/seed%-00007", times = 0}
    local r = g:get_org_dashboards(1)
    assert.equal("ok", r.status)
    assert.equal(39, #r.dashboards)
    assert.equal("seed-00007", r.failed[1].uid)
  end)

  it("ends where the credentials are refused", function()
    server:fault {kind = "status", code = 401, path = LIST, times = 0}
    server:fault {kind = "status", code = 401, path = "^/api/dashboards", times = 0}
    local r = g:get_org_panels(1)
    assert.equal("bad-credentials", r.reason)
    assert.is_nil(r.panels)
  end)

  it("ends, whatever a server says comes next", function()
    local item = '{"metadata":{"name":"unheard-of-%d"},"spec":{"title":"t"}}'
    server:fault {kind = "body", times = 0, path = LIST,
      body = '{"metadata":{"continue":"again"},"items":[' .. item:format(1) .. "]}"}
    assert_same(panels, g:get_org_panels(1))
    assert.is_true(arrived(LIST) <= 10)
    assert.equal(40, arrived("^/api/dashboards/uid/"))
  end)

  it("has three attempts at a page that is cut, whatever max_retries says, and goes the other way", function()
    local patient = days.connect(server, {max_retries = 10})
    server:fault {kind = "cut", bytes = 1000, path = LIST, times = 0}
    assert_same(panels, patient:get_org_panels(1))
    assert.equal(6, arrived(LIST))   -- the second is asked for when the first begins
    patient:close()
  end)

  it("takes what has escapes, other orders of keys, and numbers of any size", function()
    local body = [[
 { "items" : [ { "spec": {"rows":[], "panels":[
   {"title":"a \u0026 \ud83d\ude00","type":"st\u0061t","id":12345678901234567890},
   {"id":1.5e3,"type":"row","panels":[{"id":7}]}], "title":"T \"q\""},
   "status": {"conversion":{"storedVersion":"v0alpha1","failed":false}},
   "metadata":{"labels":{},"name":"seed-00001"} } ],
   "kind":"DashboardList", "metadata":{"resourceVersion":"1","continue":""} } ]]
    server:fault {kind = "body", path = LIST, body = body}
    local r = g:get_org_dashboards(1)
    local first
    for _, dashboard in ipairs(r.dashboards) do
      if dashboard.uid == "seed-00001" then first = dashboard end
    end
    assert.equal('T "q"', first.title)
    assert.equal("/d/seed-00001/", first.url:sub(1, 14))
    assert.equal(2, #first.panels)
    assert.equal("a & \240\159\152\128", first.panels[1].title)
    assert.equal("stat", first.panels[1].type)
    assert.equal("12345678901234567890", tostring(first.panels[1].id))
    assert.equal(7, first.panels[2].id)
    assert.equal(40, #r.dashboards)
  end)

  it("does not take what is stored in another version, or was not converted", function()
    for _, status in ipairs {'{"storedVersion":"v2beta1"}', '{"storedVersion":"v1beta1","failed":false}',
      '{"failed":true}', '{"storedVersion":null}', '{"storedVersion":7}'} do
      server:fault {kind = "body", path = LIST, body = '{"metadata":{},"items":[{"metadata":{"name":"seed-00001"},'
        .. '"spec":{"title":"other"},"status":{"conversion":' .. status .. "}}]}"}
      assert_same(panels, g:get_org_panels(1))
    end
  end)

  it("is bound by max_body, and reads singly beyond", function()
    local small = days.connect(server, {max_body = 1000000})
    assert_same(panels, small:get_org_panels(1))
    assert.is_true(arrived("^/api/dashboards/uid/") > 20)
    small:close()
  end)

  it("can be cancelled and closed in the middle of a page", function()
    server:fault {kind = "slow", bytes = 100000, interval = 0.01, path = LIST, times = 0}
    local short = days.connect(server, {deadline = 80})
    assert.equal("deadline", short:get_org_panels(1).reason)
    short:close()
  end)
end)
