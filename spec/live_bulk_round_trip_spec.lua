-- SPDX-License-Identifier: MIT
-- Back up and restore on the server at GRAFANA_URL: an organisation with odd dashboards, the real ones that lie beside
-- the project (../shared/dashboards, no part of it) where they are there, and something of what else can be in one,
-- goes to another organisation. The two backups are the same, byte by byte.

package.path = "./?.lua;./?/init.lua;" .. package.path   -- 5.1 and LuaJIT do not look for ./?/init.lua

local bulk = require "grafana.bulk"
local grafana = require "grafana"
local live = require "spec.golden.live"
local scratch = require "spec.support.scratch"
local two_ways = require "spec.support.two_ways"
local two_worlds = require "spec.support.two_worlds"

local check = grafana.check

describe("a backup on " .. assert(os.getenv("GRAFANA_URL"), "GRAFANA_URL is not set"), function()
  local server, world, g, from, to

  local function new_org()
    local id = world:new_org()
    return {id = id, name = check(g:get_org(id)).org.name}
  end

  local function fill(org)
    check(g:create_datasource(org.id, {uid = "prom", name = "Prom", type = "prometheus", access = "proxy",
      url = "http://127.0.0.1:1", isDefault = true, secureJsonData = {httpHeaderValue1 = "hunter-1"}}))
    two_ways.post_odd(g, org.id, tonumber(check(g:version()).version:match("^%d+")) < 12)
    two_ways.post_files(g, org.id, two_ways.SHARED, "real")
    check(g:create_team(org.id, {name = "Ops"}))
    check(g:grant_folder_permissions(org.id, "odd-a", {teams = {Ops = "Edit"}, roles = {Viewer = "View"}}))
    for i = 1, 3 do
      check(g:request("POST", "/api/annotations", {org = org.id, body = {time = 1700000000000 + i, text = "note " .. i,
        tags = grafana.array {"deploy"}, dashboardUID = "odd-empty"}}))
    end
    check(g:request("PUT", "/api/org/preferences", {org = org.id,
      body = {homeDashboardUID = "odd-empty", timezone = "utc"}}))
  end

  setup(function()
    server = live.server {
      url = os.getenv("GRAFANA_URL"), user = os.getenv("GRAFANA_USER") or "admin",
      password = os.getenv("GRAFANA_PASSWORD") or "admin",
    }
    world = live.world(server)
    g = server.admin
    from, to = new_org(), new_org()
    fill(from)
  end)
  teardown(function()
    scratch.clear()
    assert.equal("", table.concat(world and world:clean() or {}, "\n"))
  end)

  local function back_up(org)
    local dir = scratch.folder()
    local report = bulk.backup(g, dir, {orgs = {org.name}})
    assert.is_true(report.ok, tostring(report))
    local pipe = io.popen(("grep -lF '%s' %s/organisations/*/organisation.json | xargs dirname"):format(org.name, dir))
    local path = pipe:read("*l")
    pipe:close()
    return dir, path
  end

  local function secret(what) return what.name == "httpHeaderValue1" and "hunter-1" or nil end

  it("restored into another organisation is the same there, and nothing is left to be done", function()
    local dir, path = back_up(from)
    local options = {orgs = {from.name}, mapping = {organisations = {[from.name] = to.name}}, secret = secret,
      journal = scratch.folder()}
    local report = bulk.restore(g, dir, options):apply()
    assert.is_true(report.ok, tostring(report))
    local _, again = back_up(to)
    os.remove(path .. "/organisation.json")
    os.remove(again .. "/organisation.json")
    assert.equal("", two_worlds.differences(path, again))
    options.journal = scratch.folder()
    local plan = bulk.restore(g, dir, options)
    assert.equal(0, #plan.changes, tostring(plan))
    plan:close()
  end)

  it("finds no difference between the two organisations, and deletes nothing when they are brought in line", function()
    local difference = bulk.diff({g, from.id}, {g, to.id})
    assert.is_true(difference.ok, tostring(difference))
    assert.same({0, 0, 0}, {#difference.added, #difference.removed, #difference.changed}, tostring(difference))
    difference:close()
    local plan = bulk.sync(g, from.id, g, to.id, {delete = true, journal = scratch.folder()})
    assert.equal(0, #plan.changes, tostring(plan))
    plan:close()
  end)

  it("is brought up to date: only what has changed is written", function()
    local dir = back_up(from)
    local before = bulk.backup(g, dir, {orgs = {from.name}})
    assert.same({true, 0}, {before.ok, before.written})
    check(g:update_or_create_dashboard(from.id, {uid = "odd-empty", title = "Changed", panels = grafana.array {}},
      {overwrite = true}))
    local after = bulk.backup(g, dir, {orgs = {from.name}})
    assert.same({true, 1}, {after.ok, after.written})
  end)
end)
