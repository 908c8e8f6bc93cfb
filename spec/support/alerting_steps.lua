-- SPDX-License-Identifier: MIT
--- What Grafana 12.4.3 answers to requests for alerting, in an organisation with the folders `ops` and `dev` and
-- nothing else: the stand-in must answer the same. Each step: method, path below /api/v1/provisioning/, body, code, and
-- words of the answer (plain, or `-` and words that are not in it). `api = true`: without X-Disable-Provenance.

local grafana = require "grafana"

local steps = {}

local NONE = grafana.array {}

local function point(uid, name, type, settings)
  return {uid = uid, name = name, type = type, settings = settings}
end

local function email(uid, name) return point(uid, name, "email", {addresses = "a@example.org"}) end

local function rule(uid, title, fields)
  local all = {
    uid = uid, title = title, condition = "A", ["for"] = "90s", noDataState = "NoData", execErrState = "Error",
    data = {{refId = "A", relativeTimeRange = {from = 600, to = 0}, datasourceUid = "__expr__",
      model = {refId = "A", type = "math", expression = "1 > 0"}}},
  }
  for name, value in pairs(fields or {}) do all[name] = value end
  return all
end

local function group(...) return {interval = 60, rules = {...}} end

local OPS, DEV = "folder/ops/rule-groups/", "folder/dev/rule-groups/"

local NESTED = {url = "http://127.0.0.1:9/x", password = "pw", tlsConfig = {clientKey = "KEY"}}
local REDACTED = {url = "http://127.0.0.1:9/x", password = "[REDACTED]", tlsConfig = {clientKey = "[REDACTED]"}}

steps.list = {
  -- mute timings
  {"POST", "mute-timings", {name = "a/b", time_intervals = {{months = {"january:march"}, weekdays = NONE}}}, 201,
    '"time_intervals":[{"months":["1:3"]}]'},
  {"POST", "mute-timings", {name = "a/b", time_intervals = NONE}, 400, "time-intervals.nameExists"},
  {"POST", "mute-timings", {name = "", time_intervals = NONE}, 400, "bad request data"},
  {"PUT", "mute-timings/a%2Fb", {name = "a/b", time_intervals = NONE, version = "0"}, 409, "notifications.conflict"},
  {"PUT", "mute-timings/a%2Fb", {name = "c", time_intervals = NONE}, 404, "time-intervals.notFound"},
  {"PUT", "mute-timings/a%2Fb", {name = "a/b", time_intervals = NONE}, 202, '"time_intervals":[]'},
  {"GET", "mute-timings/none", nil, 404, "time-intervals.notFound"},
  {"DELETE", "mute-timings/none", nil, 204},
  {"DELETE", "mute-timings/a%2Fb?version=0", nil, 409, "notifications.conflict"},
  {"POST", "mute-timings", {name = "api", time_intervals = NONE}, 201, '"provenance":"api"', api = true},
  {"PUT", "mute-timings/api", {name = "api", time_intervals = NONE}, 403, "invalidProvenance"},
  {"DELETE", "mute-timings/api", nil, 403, "invalidProvenance"},
  {"DELETE", "mute-timings/api", nil, 204, api = true},
  -- templates
  {"GET", "templates", nil, 200, "null"},
  {"PUT", "templates/t", {template = " text \n"}, 202, [["{{ define \"t\" }}\n  text\n{{ end }}"]]},
  {"PUT", "templates/t", {template = '{{ define "t" }}x{{ end }}', version = "0"}, 409, "notifications.conflict"},
  {"PUT", "templates/u", {template = '{{ define "u" }}x{{ end }}', version = "0"}, 404, "templates.notFound"},
  {"PUT", "templates/u", {template = '{{ define "u" }'}, 400, "templates.invalidFormat"},
  {"PUT", "templates/u", {template = ""}, 400, "template must have content"},
  {"GET", "templates/u", nil, 404, "templates.notFound"},
  {"DELETE", "templates/t", nil, 204},
  -- contact points
  {"POST", "contact-points", point("bad", "bad", "nosuch", {a = "b"}), 400, "unknown integration type: nosuch"},
  {"POST", "contact-points", point("bad", "bad", "webhook", {a = "b"}), 400, "required field 'url' is not specified"},
  {"POST", "contact-points", email("bad", ""), 400, "name is required"},
  {"POST", "contact-points", email("bad uid", "bad"), 400, "invalid format of UID"},
  {"POST", "contact-points", email(("x"):rep(41), "bad"), 400, "UID is longer than 40 symbols"},
  {"POST", "contact-points", email("m1", "Mail"), 202, "-provenance"},
  {"POST", "contact-points", email("m1", "Other"), 409, "contact-points.uidInUse"},
  {"POST", "contact-points", email("m2", "Mail"), 202, '"uid":"m2"'},
  {"POST", "contact-points", point("h", "Hook", "webhook", NESTED), 202, '"tlsConfig.clientKey":"[REDACTED]"'},
  {"GET", "contact-points?name=Hook", nil, 200, '"tlsConfig":{"clientKey":"[REDACTED]"}'},
  {"GET", "contact-points?name=Hook", nil, 200, '"url":"http://127.0.0.1:9/x"'},
  {"GET", "contact-points/export?format=json&decrypt=true&name=Hook", nil, 200, '"clientKey":"KEY"'},
  {"PUT", "contact-points/h", point("h", "Hook", "webhook", REDACTED), 202, "contactpoint updated"},
  {"GET", "contact-points/export?format=json&decrypt=true&name=Hook", nil, 200, '"clientKey":"[REDACTED]"'},
  {"GET", "contact-points/export?format=json&decrypt=true&name=Hook", nil, 200, '"password":"pw"'},
  {"PUT", "contact-points/h", point("h", "Hook", "webhook", {url = "http://127.0.0.1:9"}), 202, "contactpoint updated"},
  {"GET", "contact-points?name=Hook", nil, 200, "-password"},
  {"PUT", "contact-points/none", email("none", "None"), 404, "contact point with uid 'none' not found"},
  {"PUT", "contact-points/h", email("h", "Hook"), 202, "contactpoint updated"},
  {"DELETE", "contact-points/none", nil, 202, "contactpoint deleted"},
  {"POST", "contact-points", email("p", "Provisioned"), 202, "-provenance", api = true},
  {"PUT", "contact-points/p", email("p", "Provisioned"), 500, "cannot change provenance from 'api' to ''"},
  {"DELETE", "contact-points/p", nil, 202, "contactpoint deleted"},
  -- policies
  {"PUT", "policies", {receiver = "none"}, 400, "receiver 'none' does not exist"},
  {"PUT", "policies", {receiver = "Mail", routes = {{receiver = "Mail", mute_time_intervals = {"none"}}}}, 400,
    "mute time interval 'none' does not exist"},
  {"PUT", "policies", {receiver = "Mail", group_by = NONE, routes = {{receiver = "Hook", matchers = {"c=d"},
    group_interval = "60s", repeat_interval = "24h", mute_time_intervals = {"a/b"}, continue = false}}}, 202,
    "policies updated"},
  {"GET", "policies", nil, 200, '"matchers":["c=\\"d\\""]'},
  {"GET", "policies", nil, 200, '"group_interval":"1m"'},
  {"GET", "policies", nil, 200, '"repeat_interval":"1d"'},
  {"GET", "policies", nil, 200, "-group_by"},
  {"GET", "policies", nil, 200, "-continue"},
  {"DELETE", "contact-points/h", nil, 409, "contact-points.referenced"},
  {"DELETE", "contact-points/m2", nil, 202, "contactpoint deleted"},
  {"DELETE", "contact-points/m1", nil, 409, "contact-points.referenced"},
  {"DELETE", "mute-timings/a%2Fb", nil, 409, '"UsedByRoutes":true'},
  {"PUT", "contact-points/h", email("h", "Renamed"), 202, "contactpoint updated"},
  {"GET", "policies", nil, 200, '"receiver":"Renamed"'},
  {"DELETE", "policies", nil, 202, '"receiver":'},
  {"GET", "policies", nil, 200, "-routes"},
  -- groups of rules
  {"GET", OPS .. "none", nil, 404, "alert-rule.notFound"},
  {"PUT", OPS .. "g%2F1", group(rule("r1", "One"), rule("r2", "Two")), 200, '"updated":"0001-01-01T00:00:00Z"'},
  {"GET", OPS .. "g%2F1", nil, 200, '"for":"1m30s"'},
  {"GET", OPS .. "g%2F1", nil, 200, "-provenance"},
  {"PUT", OPS .. "odd", {interval = 7, rules = {rule("o", "Odd")}}, 400, "interval (7s) should be non-zero"},
  {"PUT", "folder/none/rule-groups/g", group(rule("o", "Odd")), 400, "folder does not exist"},
  {"PUT", OPS .. "odd", group(rule("bad uid", "Odd")), 400, "invalid format of UID"},
  {"PUT", OPS .. "odd", group(rule("o", "Odd", {notification_settings = {receiver = "none"}})), 400,
    "receiver none does not exist"},
  {"PUT", OPS .. "odd", group(rule("o", "Odd"), rule("o", "Twice")), 409, "alert-rule.conflict"},
  {"PUT", OPS .. "g%2F1", group(rule("r1", "One"), rule("r1", "Twice")), 409, "version conflict"},
  {"PUT", OPS .. "g%2F1", {interval = 60, rules = NONE}, 200, '"rules":[]'},
  {"GET", OPS .. "g%2F1", nil, 200, '"uid":"r2"'},
  {"PUT", DEV .. "other", group(rule("r2", "Two", {
    notification_settings = {receiver = "Mail"}, keep_firing_for = "10m", missingSeriesEvalsToResolve = 3,
  })), 200, '"missingSeriesEvalsToResolve":3'},
  {"GET", OPS .. "g%2F1", nil, 200, "-r2"},
  {"GET", "alert-rules/r2", nil, 200, '"folderUID":"dev"'},
  {"DELETE", "contact-points/m1", nil, 409, "contact-points.used-by-rule"},
  {"PUT", DEV .. "other", group(rule("r2", "Two")), 200, '"isPaused":false', api = true},
  {"GET", "alert-rules/r2", nil, 200, '"provenance":"api"'},
  {"PUT", DEV .. "other", group(rule("r2", "Two again")), 200, "Two again"},
  {"GET", "alert-rules/r2", nil, 200, "-provenance"},
  {"GET", "alert-rules/none", nil, 404},
  {"DELETE", DEV .. "other", nil, 204},
  {"DELETE", DEV .. "other", nil, 404, "alert-rule.notFound"},
  {"DELETE", OPS .. "g%2F1", nil, 204},
  -- as it was
  {"DELETE", "contact-points/m1", nil, 202, "contactpoint deleted"},
  {"DELETE", "contact-points/h", nil, 202, "contactpoint deleted"},
  {"DELETE", "mute-timings/a%2Fb", nil, 204},
}

local function fits(text, words)
  if not words then return true end
  local unwanted = words:match("^%-(.*)")
  if unwanted then return not text:find(unwanted, 1, true) end
  return text:find(words, 1, true) ~= nil
end

--- Takes all steps; what was answered otherwise, as texts.
-- @func send (method, path, body, headers) → code, text of the answer
function steps.differences(send)
  local found = {}
  for i, step in ipairs(steps.list) do
    local path = "/api/v1/provisioning/" .. step[2]
    local code, text = send(step[1], path, step[3], not step.api and {["x-disable-provenance"] = "true"} or {})
    if code ~= step[4] or not fits(text or "", step[5]) then
      found[#found + 1] = ("%d. %s %s: %s %s"):format(i, step[1], step[2], tostring(code), tostring(text))
    end
  end
  return found
end

return steps
