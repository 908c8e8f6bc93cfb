-- SPDX-License-Identifier: MIT
-- Folders and dashboards of bulk jobs on the server at GRAFANA_URL, in organisations of their own: odd dashboards, and
-- the real ones that lie beside the project (../shared/dashboards, no part of it) where they are there.

package.path = "./?.lua;./?/init.lua;" .. package.path   -- 5.1 and LuaJIT do not look for ./?/init.lua

local bulk = require "grafana.bulk"
local grafana = require "grafana"
local kinds = require "spec.support.kinds"
local kube_steps = require "spec.support.kube_steps"
local live = require "spec.golden.live"
local scratch = require "spec.support.scratch"
local two_ways = require "spec.support.two_ways"
local dashboards = require "grafana.bulk.kinds.dashboards"
local folders = require "grafana.bulk.kinds.folders"

local check = grafana.check

describe("folders and dashboards on " .. assert(os.getenv("GRAFANA_URL"), "GRAFANA_URL is not set"), function()
  local server, world, g, here, there, has_apis

  local function place(org) return kinds.on(g, {id = org, name = check(g:get_org(org)).org.name}) end

  setup(function()
    server = live.server {
      url = os.getenv("GRAFANA_URL"), user = os.getenv("GRAFANA_USER") or "admin",
      password = os.getenv("GRAFANA_PASSWORD") or "admin",
    }
    world = live.world(server)
    g = server.admin
    here, there = place(world:new_org()), place(world:new_org())
    has_apis = here.server.has_apis
    two_ways.post_odd(g, here.org.id, not has_apis)
    two_ways.post_files(g, here.org.id, two_ways.SHARED, "real")
    if here.server.major >= 12 then world:new_folder(here.org.id, "nested", "Nested", "odd-a") end
  end)

  teardown(function()
    scratch.clear()
    local left = world and world:clean() or {}
    assert.equal("", table.concat(left, "\n"))
  end)

  local function texts(w)
    local found = {}
    for _, name in ipairs {"folders", "dashboards", "folder_permissions", "dashboard_permissions"} do
      local all, failed, r = w:forget():list(require("grafana.bulk.kinds").get(name))
      assert.is_true(r.ok and #failed == 0, tostring(failed[1] and failed[1][3] or r))
      for key, object in pairs(all) do found[name .. " " .. key] = object:text() end
    end
    return found
  end

  it("are answered below /apis as the stand-in answers", function()
    if not has_apis or not server.exact then return pending "another version, or nothing below /apis" end
    local org = world:new_org()
    local function ask(method, path, body)
      local r = g:request(method, path, {org = org, body = body})
      return r.code, r.body
    end
    assert.same({}, kube_steps.differences(ask, "org-" .. org, grafana))
  end)

  it("go to another organisation as they are, and nothing is left to be done there", function()
    for _, kind in ipairs {folders, dashboards} do
      local all, failed, r = here:list(kind)
      assert.is_true(r.ok and #failed == 0, tostring(failed[1] and failed[1][3] or r))
      local order = {}
      for uid in pairs(all) do order[#order + 1] = uid end
      table.sort(order, function(a, b)   -- parents first
        local x, y = all[a].doc:get "parentUid" or "", all[b].doc:get "parentUid" or ""
        return x < y or x == y and a < b
      end)
      for _, uid in ipairs(order) do
        local written, after = kind.write(there.at, all[uid])
        assert.is_true(written.ok, uid .. ": " .. tostring(written))
        local back = assert(kind.read(there.at, uid))
        assert.equal(all[uid]:text(), back:text())
        assert.equal(back:digest(), (after or back):digest())
      end
      local listed = there:forget():list(kind)
      for uid, object in pairs(all) do assert.equal(object:digest(), listed[uid]:digest()) end
    end
  end)

  it("are listed alike by pages and singly, but for what the search cannot find", function()
    if not has_apis then return pending "nothing below /apis" end
    local by_pages = here:forget():list(dashboards)
    here:forget()
    for _, row in ipairs(assert(here.at:dashboards())) do
      assert.equal(by_pages[row.uid]:digest(), assert(dashboards.read(here.at, row.uid)):digest())
      by_pages[row.uid] = nil
    end
    for uid in pairs(by_pages) do assert.is_true(uid == "odd-fraction" or uid == "odd-huge", uid) end
  end)

  it("that a former backup has are not read again unless they have changed", function()
    if not has_apis then return pending "nothing below /apis" end
    local known, count = {}, 0
    for uid, object in pairs(here:forget():list(dashboards)) do
      known[uid], count = object.lock, count + 1
    end
    local changed = assert(dashboards.read(here.at, "odd-empty"))
    local doc = changed.doc:copy()
    doc:set("Changed", "spec", "title")
    assert.is_true(dashboards.write(here.at, {doc = doc, key = "odd-empty", digest = changed.digest}, changed).ok)
    local read, same = {}, 0
    local r = dashboards.list(here:forget().at, {
      take = function(object) read[#read + 1] = object.key end, same = function() same = same + 1 end,
    }, function(uid) return known[uid] end)
    assert.is_true(r.ok, tostring(r))
    assert.same({"odd-empty", count - 1}, {read[1], same})
  end)

  it("are edited, tagged, moved, given permissions, deleted, and all of it is taken back", function()
    local w = place(world:new_org())
    local org = w.org.id
    two_ways.post_odd(g, org, not has_apis)
    local jobs = {
      {"edit_dashboards", {query = "By"}, function(dashboard) dashboard:set(dashboard:get "title" .. "!", "title") end},
      {"add_tags", nil, {"a new tag", "ops"}},
      {"move_to_folder", {folder = "odd-a"}, "odd-b"},
      {"move_to_folder", {folder = "odd-b"}, "", {permissions = "inherit"}},
      {"set_permissions", {folder = "odd-a"}, {roles = {Viewer = "Edit"}}, {keep = true}},
      {"set_permissions", {folders = {"odd-a", "odd-b"}}, {roles = {Editor = "View"}}},
      {"delete_dashboards", {folder = "odd-a"}},
    }
    local before = texts(w)
    for _, job in ipairs(jobs) do
      local options = {journal = scratch.folder() .. "/journal"}
      for name, value in pairs(job[4] or {}) do options[name] = value end
      local plan
      if job[1] == "delete_dashboards" then plan = bulk[job[1]](g, org, job[2], options)
      else plan = bulk[job[1]](g, org, job[2], job[3], options) end
      assert.is_true(#plan.changes > 0, job[1])
      local report = plan:apply()
      assert.is_true(report.ok, job[1] .. ": " .. tostring(report))
      assert.are_not.same(before, texts(w))
      local undone = plan:undo {journal = scratch.folder() .. "/journal"}
      assert.is_true(undone.ok, job[1] .. ": " .. tostring(undone))
      assert.same(before, texts(w))
      plan:close()
    end
  end)

  it("are deleted, folders when they are empty", function()
    local full = assert(folders.read(there.at, "odd-a"))
    assert.equal("invalid-data", folders.delete(there.at, full).status)
    for uid, object in pairs(there:forget():list(dashboards)) do
      assert.equal("ok", dashboards.delete(there.at, assert(dashboards.read(there.at, uid, object))).status, uid)
    end
    for _, uid in ipairs {"nested", "odd-a", "odd-b"} do
      local object = folders.read(there.at, uid)
      if object then assert.equal("ok", folders.delete(there.at, object).status, uid) end
    end
    assert.same({0, 0}, {there:forget():count(dashboards), there:count(folders)})
  end)
end)
