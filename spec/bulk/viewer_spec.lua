-- SPDX-License-Identifier: MIT
-- An account that may not see everything: the manifest says what could not be read, and nothing is deleted on its word.

package.path = "./?.lua;./?/init.lua;" .. package.path

local bulk = require "grafana.bulk"
local grafana = require "grafana"
local two_worlds = require "spec.support.two_worlds"

local two, viewer

setup(function()
  two = two_worlds.start("12.4.3")
  grafana.check(two.g:add_org_user(two.acme, "ann", "Viewer"))
  viewer = two:connect(1, "ann", "ann-pass-1")
end)
teardown(function() two:stop() end)
before_each(function() two:empty() end)

local function manifest(dir)
  return grafana.decode(assert(io.open(dir .. "/manifest.json")):read("*a"))
end

describe("a viewer", function()
  it("is told what its backup lacks, by the report and by the manifest", function()
    local dir = two:folder()
    local r = bulk.backup(viewer, dir, {orgs = {"Acme"}})
    assert.is_false(r.ok)
    assert.equal("access-denied", r.status)
    local unreadable = {}
    for _, failure in ipairs(manifest(dir).unreadable) do
      unreadable[failure.kind] = failure
      assert.equal("access-denied", failure.status)
    end
    for _, kind in ipairs {"users", "org_users", "service_accounts"} do
      assert.is_table(unreadable[kind], kind)
    end
    assert.equal("ann", manifest(dir).account)
    assert.matches("Could not be read", tostring(r))
  end)

  it("deletes nothing by sync, and the plan says why", function()
    local kinds = {"organisations", "folders", "dashboards"}
    local full = bulk.copy(two.g, "Acme", two.other, "Acme", {journal = two:folder(), kinds = kinds})
    assert.is_true(full:apply().ok)
    local plan = bulk.sync(viewer, "Acme", two.other, "Acme", {delete = true, journal = two:folder(),
      kinds = {"folders", "dashboards"}})
    assert.equal(0, plan:counts().delete)
    assert.matches("no dashboards are deleted: the account cannot prove that it sees all of them on the source",
      tostring(plan), 1, true)
  end)

  it("cannot delete on a target that it does not see whole", function()
    local plan = bulk.sync(two.other, 1, viewer, "Acme", {delete = true, journal = two:folder(),
      kinds = {"folders", "dashboards"}})
    assert.equal(0, plan:counts().delete)
    assert.matches("on the target", tostring(plan), 1, true)
  end)
end)

describe("sync with delete", function()
  local KINDS = {"organisations", "folders", "dashboards"}

  local function same_worlds()
    local plan = bulk.copy(two.g, "Acme", two.other, "Acme", {journal = two:folder(), kinds = KINDS})
    assert.is_true(plan:apply().ok)
    return grafana.check(two.other:get_org("Acme")).org.id
  end

  local function save(acme, uid, folder)
    local dashboard = {uid = uid, title = uid, panels = {}}
    grafana.check(two.other:update_or_create_dashboard(acme, dashboard, {folderUid = folder}))
  end

  local function sync(options)
    options = options or {}
    options.delete, options.journal, options.kinds = true, two:folder(), KINDS
    return bulk.sync(two.g, "Acme", two.other, "Acme", options)
  end

  it("deletes what the source lacks, and nothing else; undo brings it back", function()
    local acme = same_worlds()
    grafana.check(two.other:create_folder(acme, {uid = "extra", title = "Extra"}))
    save(acme, "x1", "extra")
    local plan = sync()
    assert.same({create = 0, update = 0, delete = 2}, plan:counts())
    assert.is_true(plan:apply().ok)
    assert.equal("not-found", two.other:get_dashboard(acme, "x1").status)
    assert.equal("not-found", two.other:get_folder(acme, "extra").status)
    local report = plan:undo {journal = two:folder()}
    assert.is_true(report.ok, tostring(report))
    assert.equal("extra", two.other:get_dashboard(acme, "x1").meta.folderUid)
  end)

  it("takes the permissions of what it deletes along, so that undo brings these back, too", function()
    local options = {delete = true, journal = two:folder(), secret = require("spec.support.bulk_world").secret}
    assert.is_true(bulk.copy(two.g, "Acme", two.other, "Acme", {journal = two:folder(), secret = options.secret})
      :apply().ok)
    local acme = grafana.check(two.other:get_org("Acme")).org.id
    save(acme, "x1")
    grafana.check(two.other:grant_dashboard_permissions(acme, "x1", {teams = {Ops = "Edit"}}))
    local plan = bulk.sync(two.g, "Acme", two.other, "Acme", options)
    assert.same({create = 0, update = 0, delete = 1}, plan:counts(), tostring(plan))
    assert.is_true(plan:apply().ok)
    assert.equal("not-found", two.other:get_dashboard(acme, "x1").status)
    local report = plan:undo {journal = two:folder()}
    assert.is_true(report.ok, tostring(report))
    local permissions = grafana.check(two.other:get_dashboard_permissions(acme, "x1")).permissions
    assert.same({1, "Ops", "Edit"}, {#permissions, permissions[1].team, permissions[1].permissionName})
  end)

  it("holds deletions back where they are more than max_deletes, and does the rest", function()
    local acme = same_worlds()
    for i = 1, 11 do
      save(acme, "x" .. i)
    end
    grafana.check(two.other:delete_dashboard(acme, "many-0001"))
    local plan = sync()
    assert.equal(11, plan:counts().delete)
    assert.matches("Held back: 11 objects would be deleted, more than max_deletes %(10%)", tostring(plan))
    local report = plan:apply()
    assert.is_false(report.ok)
    assert.equal("ok", two.other:get_dashboard(acme, "x1").status)
    assert.equal("ok", two.other:get_dashboard(acme, "many-0001").status)
    assert.is_true(sync({max_deletes = 11}):apply().ok)
    assert.equal("not-found", two.other:get_dashboard(acme, "x1").status)
  end)

  it("leaves a folder in which somebody has put something since", function()
    local acme = same_worlds()
    grafana.check(two.other:create_folder(acme, {uid = "extra", title = "Extra"}))
    local plan = sync()
    save(acme, "new", "extra")
    local report = plan:apply()
    assert.is_false(report.ok)
    assert.equal("ok", two.other:get_dashboard(acme, "new").status)
  end)

  it("deletes nothing of a kind whose list, or an object of it, could not be read", function()
    local acme = same_worlds()
    save(acme, "x1")
    two[1]:fault {kind = "status", code = 500, path = "^/apis/dashboard.grafana.app/v2beta1/.*/tabbed", times = 0}
    local plan = sync()
    two[1]:clear_faults()
    assert.equal(0, plan:counts().delete)
    assert.is_true(#plan.failures > 0)
  end)
end)
