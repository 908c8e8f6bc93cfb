-- SPDX-License-Identifier: MIT
-- The kinds of alerting on the server at GRAFANA_URL, in two organisations of their own: what one has is carried to the
-- other, whose Alertmanager is not ready at first.

package.path = "./?.lua;./?/init.lua;" .. package.path   -- 5.1 and LuaJIT do not look for ./?/init.lua

local grafana = require "grafana"
local kinds = require "grafana.bulk.kinds"
local live = require "spec.golden.live"
local place = require "grafana.bulk.place"
local steps = require "spec.support.alerting_steps"
local support = require "spec.support.alerting"

local ORDER = {"mute_timings", "templates", "contact_points", "policies", "rule_groups"}

local SECRETS = {
  url = "https://hooks.example.org/geheim", password = "geheim-1", ["tlsConfig.clientKey"] = "geheim-key",
}

local function rule(uid, title, fields)
  local all = {
    uid = uid, title = title, condition = "A", ["for"] = "5m", noDataState = "NoData", execErrState = "Error",
    data = grafana.array {{
      refId = "A", relativeTimeRange = {from = 600, to = 0}, datasourceUid = "__expr__",
      model = {refId = "A", type = "math", expression = "1 > 0", intervalMs = 1000, maxDataPoints = 43200},
    }},
  }
  for name, value in pairs(fields or {}) do all[name] = value end
  return all
end

local VALUES = {
  {"mute_timings", {name = "nights/&c. %", time_intervals = {
    {times = {{start_time = "00:00", end_time = "06:00"}}, weekdays = {"monday:friday"}, months = {"1:3", "5"}},
  }}},
  {"mute_timings", {name = "never", time_intervals = grafana.array {}}},
  {"templates", {name = "mail/1", template = '{{ define "mail" }}two\nlines{{ end }}'}},
  {"contact_points", {uid = "mail-1", name = "Mail", type = "email", settings = {addresses = "a@example.org"},
    disableResolveMessage = true}},
  {"contact_points", {uid = "mail-2", name = "Mail", type = "email", settings = {addresses = "b@example.org"},
    disableResolveMessage = false}},
  {"contact_points", {uid = "hook-1", name = "Hook", type = "webhook", disableResolveMessage = false,
    settings = {username = "u", httpMethod = "POST"}, secrets = grafana.array {"password", "url"}}},
  {"policies", {receiver = "Mail", group_by = {"alertname"}, group_wait = "30s", routes = {
    {receiver = "Hook", object_matchers = {{"team", "=", "ops"}}, mute_time_intervals = {"never"}, continue = true,
      routes = {{receiver = "Mail", matchers = {'severity="low"'}}}},
  }}},
  {"rule_groups", {folderUid = "ops", title = "load/average %", interval = 60, rules = {
    rule("r2", "Two", {labels = {team = "ops"}}), rule("r1", "One", {annotations = {summary = "s"}}),
  }}},
}

describe("on " .. assert(os.getenv("GRAFANA_URL"), "GRAFANA_URL is not set") .. ",", function()
  local server, world, here, there
  local is_new

  local function at(org, options)
    local whole = {secret = function(q) return SECRETS[q.name] end}
    for name, value in pairs(options or {}) do whole[name] = value end
    local found = assert(place.server(server.admin))
    is_new = found.major >= 12
    return place.new(found, {id = org, name = "one of its own"}, whole)
  end

  setup(function()
    server = live.server {
      url = os.getenv("GRAFANA_URL"), user = os.getenv("GRAFANA_USER") or "admin",
      password = os.getenv("GRAFANA_PASSWORD") or "admin",
    }
    world = live.world(server)
    here, there = at(world:new_org()), at(world:new_org())
    for _, place_of in ipairs {here, there} do
      for _, uid in ipairs {"ops", "dev"} do
        grafana.check(server.admin:create_folder(place_of.org, {uid = uid, title = "Folder " .. uid}))
      end
    end
  end)

  teardown(function()
    for _, place_of in ipairs {here, there} do
      local found = support.list("rule_groups", place_of)
      for _, group in pairs(found) do kinds.get("rule_groups").delete(place_of, group) end
    end
    assert.same({}, world:clean())
  end)

  it("an Alertmanager that is not ready in time is unavailable", function()
    local org = world:new_org()
    local _, r = support.list("contact_points", at(org, {alertmanager_wait = 0}))
    assert.equal("unavailable", r.reason, tostring(r))
  end)

  it("one that is waited for takes all that is written, which is read back as it was", function()
    for _, row in ipairs(VALUES) do
      local name, value = row[1], row[2]
      local r, after = support.write(name, here, value)
      assert.equal("ok", r.status, name .. ": " .. tostring(r))
      assert.equal(support.object(name, value):text(), after:text())
    end
  end)

  it("what is there, written elsewhere, is the same there; written once more, nothing changes", function()
    for _, name in ipairs(ORDER) do
      local wanted, listed = support.list(name, here)
      assert.equal("ok", listed.status, tostring(listed))
      assert.is_truthy(next(wanted), name)
      for _ = 1, 2 do
        for key, object in pairs(wanted) do
          local r, after = support.write(name, there, object.doc:table())
          assert.equal("ok", r.status, name .. " " .. key .. ": " .. tostring(r))
          assert.equal(object:text(), after:text())
        end
      end
      local found = support.list(name, there)
      for key in pairs(found) do assert.is_truthy(wanted[key], name .. " " .. key) end
    end
  end)

  it("nothing becomes read-only in Grafana's pages", function()
    local paths = {"mute-timings", "templates", "contact-points", "policies", is_new and "alert-rules" or nil}
    for _, path in ipairs(paths) do
      local _, body = live.http(server, "GET", support.BASE .. path, {org = there.org})
      assert.is_nil(body:find('"provenance":"api"', 1, true), path)
    end
  end)

  it("secrets stay when something else changes", function()
    local kind = kinds.get("contact_points")
    local silent = at(there.org, {secret = function() return nil end})
    local value = kind.read(silent, "hook-1").doc:table()
    value.disableResolveMessage = true
    assert.equal("ok", support.write("contact_points", silent, value).status)
    local _, body = live.http(server, "GET", support.BASE .. "contact-points?name=Hook", {org = there.org})
    assert.matches(SECRETS.url, body, 1, true)
    if not is_new then return end
    value.settings.tlsConfig, value.secrets = {insecureSkipVerify = true}, {"password", "tlsConfig.clientKey", "url"}
    assert.equal("ok", support.write("contact_points", there, value).status)
    value.disableResolveMessage = false
    local r, after = support.write("contact_points", silent, value)
    assert.equal("ok", r.status, tostring(r))
    assert.equal(support.object("contact_points", value):text(), after:text())
    _, body = live.http(server, "GET", support.BASE .. "contact-points/export?format=json&decrypt=true&name=Hook",
      {org = there.org})
    for _, secret in pairs(SECRETS) do assert.matches(secret, body, 1, true) end
  end)

  it("what is in use is not deleted", function()
    for name, key in pairs {contact_points = "hook-1", mute_timings = "never"} do
      local now = kinds.get(name).read(there, key)
      local r = kinds.get(name).delete(there, now)
      assert.equal("error", r.status, tostring(r))
      assert.matches("still", r.message, 1, true)
      assert.is_truthy(kinds.get(name).read(there, key))
    end
  end)

  it("policies that name what is not there are not sent", function()
    local r = kinds.get("policies").write(there, support.object("policies", {receiver = "gone"}), nil)
    assert.equal("missing-mandatory-data", r.status, tostring(r))
    assert.matches("gone", r.message, 1, true)
  end)

  it("a rule of another group is not taken from it, and a folder must be there", function()
    local kind = kinds.get("rule_groups")
    local value = {folderUid = "dev", title = "other", interval = 60, rules = {rule("r1", "One")}}
    local r = kind.write(there, support.object("rule_groups", value), nil)
    assert.equal("uid-exists", r.reason, tostring(r))
    assert.is_nil(kind.read(there, "dev/other"))
    value.folderUid = "none"
    r = kind.write(there, support.object("rule_groups", value), nil)
    assert.equal("folder-not-found", r.reason, tostring(r))
  end)

  it("what was changed since it was read is not written over", function()
    if not is_new then return end
    for name, value in pairs {
      mute_timings = {name = "never", time_intervals = {{years = {"2030"}}}},
      templates = {name = "mail/1", template = '{{ define "mail" }}new{{ end }}'},
    } do
      local kind = kinds.get(name)
      local now = kind.read(there, value.name)
      assert.equal("ok", kind.write(there, support.object(name, value), now).status)
      local r = kind.write(there, support.object(name, value), now)
      assert.equal("version-mismatch", r.reason, tostring(r))
    end
  end)

  it("all is deleted, in reverse", function()
    for i = #ORDER, 1, -1 do
      local kind, found = kinds.get(ORDER[i]), support.list(ORDER[i], there)
      for key, object in pairs(found) do
        local r = kind.delete(there, object)
        assert.equal("ok", r.status, ORDER[i] .. " " .. key .. ": " .. tostring(r))
        if ORDER[i] ~= "policies" then assert.is_nil(kind.read(there, key)) end
      end
    end
  end)

  it("every request is answered as the stand-in answers it", function()
    if not server.exact then return end
    assert.same({}, steps.differences(function(method, path, body, headers)
      return live.http(server, method, path, {org = there.org, body = body, headers = headers})
    end))
  end)
end)
