-- SPDX-License-Identifier: MIT
-- The stand-in's alerting: what a real 12.4.3 answers (spec/live_bulk_alerting_spec.lua takes the same steps there),
-- and an Alertmanager that is not ready.

package.path = "./?.lua;./?/init.lua;" .. package.path   -- 5.1 and LuaJIT do not look for ./?/init.lua

local grafana = require "grafana"
local standin = require "spec.standin"
local steps = require "spec.support.alerting_steps"

describe("the stand-in's alerting", function()
  local server

  local function send(method, path, body, headers, org)
    return server:http(method, path, {
      user = "admin", password = "admin", body = body and grafana.encode(body), headers = headers, org = org,
    })
  end

  setup(function() server = standin.start() end)
  teardown(function() server:stop() end)
  before_each(function() server:reset() end)

  it("answers as 12.4.3", function()
    for _, uid in ipairs {"ops", "dev"} do
      assert.equal(200, (send("POST", "/api/folders", {uid = uid, title = uid})))
    end
    assert.same({}, steps.differences(send))
  end)

  -- As recorded by hand: what each route says in the first minute of an organisation.
  local NOT_READY = {
    {"GET", "policies", 404, "could not find an Alertmanager configuration"},
    {"PUT", "policies", 404, "could not find an Alertmanager configuration"},
    {"DELETE", "policies", 500, "failed to reset notification policy tree"},
    {"GET", "contact-points", 500, "alerting.notification.configMissing"},
    {"GET", "contact-points/export", 500, "alerting.notification.configMissing"},
    {"POST", "contact-points", 500, "Internal Server Error"},
    {"PUT", "contact-points/x", 500, "could not find an Alertmanager configuration"},
    {"DELETE", "contact-points/x", 500, "failed to delete contact point"},
    {"GET", "mute-timings", 500, "failed to get mute timings"},
    {"GET", "mute-timings/x", 500, "failed to get mute timing by name"},
    {"POST", "mute-timings", 500, "failed to create mute timing"},
    {"PUT", "mute-timings/x", 500, "failed to update mute timing"},
    {"DELETE", "mute-timings/x", 500, "failed to delete mute timing"},
    {"GET", "templates", 500, "Internal Server Error"},
    {"PUT", "templates/x", 500, "Internal Server Error"},
    {"GET", "alert-rules", 200, "[]"},
  }

  it("is not ready in a new organisation, for as long as is set", function()
    server:set {alertmanager_after = 1e6}
    local _, text = send("POST", "/api/orgs", {name = "Acme"})
    local org = grafana.decode(text).orgId
    for _, row in ipairs(NOT_READY) do
      local path = "/api/v1/provisioning/" .. row[2]
      local code, answer = send(row[1], path, row[1] ~= "GET" and {name = "x"} or nil, nil, org)
      assert.equal(row[3], code, row[1] .. " " .. path)
      assert.is_truthy(answer:find(row[4], 1, true), answer)
    end
    server:set {alertmanager_after = 0}
    assert.equal(200, (send("GET", "/api/v1/provisioning/policies", nil, nil, org)))
  end)

  it("can be switched off", function()
    server:set {alerting = false}
    for _, path in ipairs {"/api/v1/provisioning/policies", "/api/v1/provisioning/alert-rules",
      "/api/ruler/grafana/api/v1/rules", "/api/alertmanager/grafana/config/api/v1/alerts"} do
      local code, answer = send("GET", path)
      assert.equal(404, code)
      assert.equal('{"message":"Not found"}', answer)
    end
  end)
end)
