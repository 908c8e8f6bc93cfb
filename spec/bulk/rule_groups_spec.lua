-- SPDX-License-Identifier: MIT
-- Groups of alert rules as objects of bulk jobs, on both versions of Grafana.

package.path = "./?.lua;./?/init.lua;" .. package.path   -- 5.1 and LuaJIT do not look for ./?/init.lua

local grafana = require "grafana"
local kind = require "grafana.bulk.kinds.rule_groups"
local support = require "spec.support.alerting"

local busted = {
  describe = describe, it = it, setup = setup, teardown = teardown, before_each = before_each, after_each = after_each,
}

local TITLE = "load/average & more %"

-- As servers show it; a file form leaves nothing of it out.
local function rule(uid, title, fields)
  local all = {
    uid = uid, title = title, condition = "A", ["for"] = "5m", noDataState = "NoData", execErrState = "Error",
    data = grafana.array {{
      refId = "A", relativeTimeRange = {from = 600, to = 0}, datasourceUid = "prom",
      model = {refId = "A", expr = "up", intervalMs = 1000, maxDataPoints = 43200},
    }},
  }
  for name, value in pairs(fields or {}) do all[name] = value end
  return all
end

local function group(...)
  return {folderUid = "ops", title = TITLE, interval = 60, rules = grafana.array {...}}
end

local function new_folder(world, uid, org)
  grafana.check(world.g:create_folder(org or 1, {uid = uid, title = "Folder " .. uid}))
end

local function put(world, folder, title, body, headers)
  local path = support.BASE .. ("folder/%s/rule-groups/%s"):format(folder, (title:gsub("[^%w]", function(char)
    return ("%%%02X"):format(char:byte())
  end)))
  local answer, code = support.ask(world, "PUT", path, body, 1, headers)
  assert.equal(200, code, grafana.encode(answer))
end

local sample = {
  prepare = function(world, org) new_folder(world, "ops", org) end,
  first = function() return group(rule("r1", "One"), rule("r2", "Two", {labels = {team = "ops"}})) end,
  second = function() return group(rule("r2", "Two"), rule("r3", "Three", {["for"] = "1m30s"}), rule("r1", "One")) end,
  provision = function(world) put(world, "ops", TITLE, {interval = 60, rules = {rule("r1", "Zero")}}) end,
  path = function() return support.BASE .. "alert-rules/r1" end,
  writes = "rule%-groups", method = function() return "PUT" end, needs_no_alertmanager = true,
}

local function uids(object)
  local list = {}
  for i = 1, object.doc:len("rules") do list[i] = object.doc:get("rules", i, "uid") end
  return table.concat(list, " ")
end

support.on_both(busted, function(world)
  support.holds(world, "rule_groups", sample)

  it("a rule that a person has written needs no uid", function()
    sample.prepare(world)
    local r, after = support.write("rule_groups", world.at, group(rule(nil, "One")))
    assert.equal("ok", r.status, tostring(r))
    assert.is_true(#uids(after) > 0)
  end)

  it("the order of rules is kept", function()
    sample.prepare(world)
    support.write("rule_groups", world.at, sample.first(world))
    local _, after = support.write("rule_groups", world.at, sample.second(world))
    assert.equal("r2 r3 r1", uids(after))
  end)

  it("the key is folder and title, of which only the title may hold a slash", function()
    sample.prepare(world)
    local _, after = support.write("rule_groups", world.at, sample.first(world))
    assert.equal("ops/" .. TITLE, after.key)
    assert.equal(TITLE, after.title)
    assert.equal(after:text(), kind.read(world.at, after.key):text())
  end)

  it("what one server states and another does not is left out", function()
    sample.prepare(world)
    local stated = rule("r1", "One", {isPaused = false, labels = {}, annotations = {}})
    put(world, "ops", TITLE, {interval = 60, rules = {stated}})
    local plain = support.object("rule_groups", group(rule("r1", "One")))
    assert.equal(plain:text(), kind.read(world.at, "ops/" .. TITLE):text())
  end)

  it("groups of all folders are listed, each once", function()
    for _, folder in ipairs {"a", "b"} do
      new_folder(world, folder)
      for _, title in ipairs {"one", "two"} do
        local prefix = folder .. "-" .. title
        local rules = {rule(prefix .. "-1", prefix .. " 1"), rule(prefix .. "-2", prefix .. " 2")}
        put(world, folder, title, {interval = 60, rules = rules})
      end
    end
    local found, r, failures = support.list("rule_groups", world.at)
    assert.equal("ok", r.status)
    assert.same({}, failures)
    for _, key in ipairs {"a/one", "a/two", "b/one", "b/two"} do
      assert.equal(2, found[key].doc:len("rules"), key)
      found[key] = nil
    end
    assert.is_nil(next(found))
  end)

  it("one group that cannot be read is told, and the others are there", function()
    new_folder(world, "a")
    put(world, "a", "one", {interval = 60, rules = {rule("r1", "One")}})
    put(world, "a", "two", {interval = 60, rules = {rule("r2", "Two")}})
    world.server:fault {kind = "status", code = 500, path = "rule%-groups/one", times = 0, body = '{"message":"no"}'}
    local found, r, failures = support.list("rule_groups", world.at)
    assert.equal("ok", r.status)
    assert.is_truthy(found["a/two"])
    assert.equal(1, #failures)
    assert.equal("a/one", failures[1].key)
    assert.equal("error", failures[1].r.status)
  end)

  it("a group that is gone when it is read is left out", function()
    new_folder(world, "a")
    put(world, "a", "one", {interval = 60, rules = {rule("r1", "One")}})
    world.server:fault {kind = "status", code = 404, path = "rule%-groups/one", times = 0, body = '{"message":"gone"}'}
    local found, r, failures = support.list("rule_groups", world.at)
    assert.equal("ok", r.status)
    assert.same({}, failures)
    assert.is_nil(next(found))
  end)

  it("without its folder nothing is sent", function()
    world.server:clear_log()
    local r = kind.write(world.at, support.object("rule_groups", sample.first(world)), nil)
    assert.equal("not-found", r.status, tostring(r))
    assert.equal("folder-not-found", r.reason)
    assert.equal(0, support.changed(world.server))
  end)

  describe("a rule that is in another group there", function()
    before_each(function()
      new_folder(world, "ops")
      new_folder(world, "dev")
      put(world, "dev", "other", {interval = 60, rules = {rule("r2", "Two"), rule("x", "X")}})
    end)

    it("is not taken from it", function()
      local r = kind.write(world.at, support.object("rule_groups", sample.first(world)), nil)
      assert.equal("already-exists", r.status, tostring(r))
      assert.equal("uid-exists", r.reason)
      assert.equal("r2", r.uid)
      assert.matches("other", r.message, 1, true)
      assert.equal("r2 x", uids(kind.read(world.at, "dev/other")))
      assert.is_nil(kind.read(world.at, "ops/" .. TITLE))
    end)

    it("moves where the plan deletes what the source lacks, and where a plan is taken back", function()
      put(world, "dev", "other", {interval = 60, rules = {rule("r2", "Two"), rule("x", "X")}})
      world.at.options = {keep_rules = false}
      local r, after = support.write("rule_groups", world.at, sample.first(world))
      assert.equal("ok", r.status, tostring(r))
      assert.equal("r1 r2", uids(after))
      assert.equal("x", uids(kind.read(world.at, "dev/other")))
    end)
  end)

  describe("merged", function()
    it("has the wanted rules in their order, then those that only the target has; once more it is the same", function()
      local wanted = support.object("rule_groups", sample.second(world))
      local now = support.object("rule_groups", group(rule("t1", "T1"), rule("r1", "old"), rule("t2", "T2")))
      local merged = support.object("rule_groups", kind.merged(wanted.doc:copy(), now.doc))
      assert.equal("r2 r3 r1 t1 t2", uids(merged))
      assert.equal("One", merged.doc:get("rules", 3, "title"))
      local again = support.object("rule_groups", kind.merged(wanted.doc:copy(), merged.doc))
      assert.equal(merged:digest(), again:digest())
    end)

    it("is what is wanted where nothing is there", function()
      local wanted = support.object("rule_groups", sample.first(world))
      assert.equal(wanted:text(), kind.merged(wanted.doc, nil):text {sorted = true})
    end)

    it("written, it is what is there", function()
      sample.prepare(world)
      support.write("rule_groups", world.at, group(rule("t1", "T1")))
      local now = kind.read(world.at, "ops/" .. TITLE)
      local wanted = kind.merged(sample.first(world), now.doc)
      local r, after = support.write("rule_groups", world.at, wanted)
      assert.equal("ok", r.status, tostring(r))
      assert.equal("r1 r2 t1", uids(after))
      assert.equal(support.object("rule_groups", wanted):digest(), after:digest())
    end)
  end)

  it("deleted, only its own rules go", function()
    new_folder(world, "ops")
    put(world, "ops", "other", {interval = 60, rules = {rule("x", "X")}})
    local _, now = support.write("rule_groups", world.at, sample.first(world))
    assert.equal("ok", kind.delete(world.at, now).status)
    assert.is_nil(kind.read(world.at, now.key))
    assert.equal("x", uids(kind.read(world.at, "ops/other")))
  end)

  it("without rules a group is none", function()
    sample.prepare(world)
    local _, now = support.write("rule_groups", world.at, sample.first(world))
    local empty = support.object("rule_groups", group())
    assert.equal("ok", kind.write(world.at, empty, now).status)
    assert.is_nil(kind.read(world.at, now.key))
    assert.equal("ok", kind.write(world.at, empty, nil).status)
  end)

  it("folders, data sources, dashboards, contact points and mute timings are named", function()
    local value = group(rule("r1", "One", {
      annotations = {__dashboardUid__ = "dash", __panelId__ = "1"},
      notification_settings = {receiver = "ops", mute_time_intervals = {"nights"}},
    }), rule("r2", "Two"))
    value.rules[2].data[1].datasourceUid = "__expr__"
    value.rules[1].data[1].model.datasource = {type = "prometheus", uid = "prom"}
    local before = grafana.encode(value, {sorted = true})
    local seen = {}
    local doc = kind.references(support.object("rule_groups", value).doc, function(kind_name, key, context)
      seen[#seen + 1] = kind_name .. " " .. key
      assert.is_string(context.place)
      return "new-" .. key
    end)
    table.sort(seen)
    assert.same({"contact_points ops", "dashboards dash", "datasources prom", "datasources prom", "folders ops",
      "mute_timings nights"}, seen)
    local after = before:gsub('"dash"', '"new-dash"'):gsub('"prom"', '"new-prom"'):gsub('"ops"', '"new-ops"')
      :gsub('"nights"', '"new-nights"')
    assert.equal(after, doc:text {sorted = true})
  end)

  if world.is_old then
    it("rules are deleted one by one; where that breaks off, the message says how far it got", function()
      sample.prepare(world)
      local _, now = support.write("rule_groups", world.at, sample.first(world))
      world.server:fault {
        kind = "status", code = 500, method = "DELETE", path = "alert%-rules/r2", body = '{"message":"no"}',
      }
      local r = kind.delete(world.at, now)
      assert.equal("error", r.status)
      assert.matches("1 of its 2 rules are deleted", r.message, 1, true)
      assert.equal("r2", uids(kind.read(world.at, now.key)))
    end)
  else
    local NEW = {isPaused = true, keep_firing_for = "10m", missingSeriesEvalsToResolve = 4}

    it("what 12 knows of a rule is kept", function()
      sample.prepare(world)
      local value = group(rule("r1", "One", NEW), {
        uid = "rec", title = "Recording", condition = "", ["for"] = "0s", noDataState = "", execErrState = "",
        data = rule("x", "X").data, record = {metric = "m", from = "A", target_datasource_uid = "prom"},
      })
      local r, after = support.write("rule_groups", world.at, value)
      assert.equal("ok", r.status, tostring(r))
      assert.equal(support.object("rule_groups", value):text(), after:text())
      local again = kind.write(world.at, after, after)
      assert.equal("ok", again.status, tostring(again))
      assert.equal(after:text(), kind.read(world.at, after.key):text())
    end)

    describe("a rule that notifies by itself", function()
      local function notifying()
        return group(rule("r1", "One", {notification_settings = {receiver = "ops", mute_time_intervals = {"nights"}}}))
      end

      it("needs what it names, and nothing is sent without", function()
        sample.prepare(world)
        world.server:clear_log()
        local r = kind.write(world.at, support.object("rule_groups", notifying()), nil)
        assert.equal("missing-mandatory-data", r.status, tostring(r))
        assert.matches("contact point ops and the mute timing nights", r.message, 1, true)
        assert.equal(0, support.changed(world.server))
      end)

      it("waits for the Alertmanager of a new organisation", function()
        local org = support.new_org(world, 1e6)
        world.at = support.place(world, org, {alertmanager_wait = 0.05, alertmanager_pause = 0.02})
        sample.prepare(world, org)
        local r = kind.write(world.at, support.object("rule_groups", notifying()), nil)
        assert.equal("unavailable", r.reason, tostring(r))
      end)

      it("is written, and keeps its contact point from being deleted", function()
        sample.prepare(world)
        support.ask(world, "POST", support.BASE .. "mute-timings", {name = "nights", time_intervals = grafana.array {}})
        support.write("contact_points", world.at, {uid = "ops", name = "ops", type = "email",
          settings = {addresses = "a@example.org"}, disableResolveMessage = false})
        local r, after = support.write("rule_groups", world.at, notifying())
        assert.equal("ok", r.status, tostring(r))
        assert.equal(support.object("rule_groups", notifying()):text(), after:text())
        local points = require "grafana.bulk.kinds.contact_points"
        r = points.delete(world.at, points.read(world.at, "ops"))
        assert.equal("error", r.status)
        assert.matches("alert rules still use it", r.message, 1, true)
      end)
    end)
  end
end)
