-- SPDX-License-Identifier: MIT
-- replace_datasource and inventory on the server at GRAFANA_URL, in an organisation of their own.

package.path = "./?.lua;./?/init.lua;" .. package.path

local bulk = require "grafana.bulk"
local grafana = require "grafana"
local live = require "spec.golden.live"
local world = require "spec.support.datasource_world"

local check = grafana.check

describe("on " .. assert(os.getenv("GRAFANA_URL"), "GRAFANA_URL is not set") .. ",", function()
  local server, made, org, name, g, has_v2, folders

  setup(function()
    server = live.server {
      url = os.getenv("GRAFANA_URL"), user = os.getenv("GRAFANA_USER") or "admin",
      password = os.getenv("GRAFANA_PASSWORD") or "admin",
    }
    g = server.admin
    has_v2 = tonumber(check(g:version()).version:match "^%d+") >= 12
    folders = {}
    made = live.world(server)
    org = made:new_org()
    name = check(g:get_org(org)).org.name
    world.fill(g, org, {has_v2 = has_v2})
  end)
  teardown(function()
    assert.same({}, made:clean())
    for _, dir in ipairs(folders) do os.execute("rm -rf '" .. dir .. "'") end
  end)

  local function folder()
    local dir = os.tmpname()
    os.remove(dir)
    folders[#folders + 1] = dir
    return dir
  end

  local function uses(uid)
    local r = check(bulk.inventory(g, {orgs = {name}}))
    local list = {}
    for _, use in ipairs(r.uses) do
      if use.kind == "datasources" and use.key == uid then list[#list + 1] = use.by .. "/" .. use.by_key end
    end
    table.sort(list)
    return list, r
  end

  local function expected()
    local list = {"alert_rules/rule", "dashboards/objects", "dashboards/strings", "dashboards/variables",
      "library_panels/shared"}
    if has_v2 then table.insert(list, 4, "dashboards/tabbed") end
    return list
  end

  it("an inventory finds what uses a data source, what nothing uses, and nothing broken", function()
    local list, r = uses "old"
    assert.same(expected(), list)
    local unused = {}
    for i, row in ipairs(r.unused) do unused[i] = row.title end
    assert.same({"New one", "Spare", "Lonely"}, unused)
    assert.same({}, r.broken)
    assert.is_nil(r.partial)
    assert.matches("<!DOCTYPE html>", r:html())
    assert.equal(1, #r.organisations)
  end)

  it("a data source is replaced wherever it is named, and undone all is as it was", function()
    local plan = bulk.replace_datasource(g, org, {from = "old", to = "new", journal = folder()})
    assert.equal(#expected(), #plan.changes, tostring(plan))
    local report = plan:apply()
    assert.is_true(report.ok, tostring(report))
    assert.same({}, (uses "old"))
    assert.same(expected(), (uses "new"))
    assert.equal(0, #bulk.replace_datasource(g, org, {from = "old", to = "new", journal = folder()}).changes)
    local strings = check(g:get_dashboard(org, "strings")).dashboard
    assert.equal("New one", strings.panels[1].datasource)
    report = plan:undo {journal = folder()}
    assert.is_true(report.ok, tostring(report))
    assert.same(expected(), (uses "old"))
    assert.same({}, (uses "new"))
  end)

  it("by force it is replaced by one of another type, which takes its types along", function()
    local plan = bulk.replace_datasource(g, org, {from = "old", to = "loki", force = true, journal = folder()})
    local report = plan:apply()
    assert.is_true(report.ok, tostring(report))
    assert.same({type = "loki", uid = "loki"}, check(g:get_dashboard(org, "objects")).dashboard.panels[1].datasource)
    report = plan:undo {journal = folder()}
    assert.is_true(report.ok, tostring(report))
    assert.same(expected(), (uses "old"))
  end)
end)
