-- SPDX-License-Identifier: MIT
-- luacheck: std ngx_lua
-- Alert rules and their groups, as they are provisioned, exported and, below /api/ruler, read by Grafana's own pages.

local alertmanager = require "server.alertmanager"
local answer = require "server.answer"
local durations = require "server.durations"
local json = require "server.json"
local request = require "server.request"
local state = require "server.state"
local yaml = require "server.yaml"

local alerting = {}

local of_org, provenance = alertmanager.of_org, alertmanager.provenance

-- Rules ------------------------------------------------------------------------------------------------------------------------------------

local RULE = { uid = "string", title = "string", ruleGroup = "string", folderUID = "string", orgID = "integer", condition = "string", data = "array",
  noDataState = "string", execErrState = "string", ["for"] = "string", labels = "object", annotations = "object", isPaused = "boolean",
  keep_firing_for = "string", notification_settings = "object", record = "object", missingSeriesEvalsToResolve = "integer" }

-- The fields of a rule that 12.4.3 has and 9.3.2 does not know.
local NEW = { "keep_firing_for", "isPaused", "notification_settings", "record", "missingSeriesEvalsToResolve" }

local function copy_of(value) return json.decode(json.encode(value)) end

-- As they are stored: with the defaults of a model.
local function queries(data)
  local result = copy_of(json.array(data))
  for _, query in ipairs(result) do
    query.queryType = query.queryType or ""
    if json.is_object(query.model) then
      query.model.intervalMs, query.model.maxDataPoints = query.model.intervalMs or 1000, query.model.maxDataPoints or 43200
    end
  end
  return result
end

local function filled(object) return object and next(object) ~= nil and object or nil end

local function describe(org, rule, in_group)
  local shown = {
    id = rule.id, uid = rule.uid, orgID = org.id, folderUID = rule.folderUID, ruleGroup = rule.ruleGroup, title = rule.title,
    condition = rule.condition, data = rule.data, updated = rule.updated, noDataState = rule.noDataState, execErrState = rule.execErrState,
    ["for"] = rule["for"], labels = filled(rule.labels), annotations = filled(rule.annotations),
    provenance = not in_group and alertmanager.shown_provenance(rule) or nil,
  }
  if not state.v9 then
    shown.keep_firing_for, shown.isPaused = rule.keep_firing_for or "0s", rule.isPaused or false
    shown.notification_settings, shown.record = rule.notification_settings or json.null, rule.record or json.null
    shown.missingSeriesEvalsToResolve = rule.missingSeriesEvalsToResolve
  end
  return shown
end

local function refuse_rule(fields)
  if not state.v9 and (fields.folderUID or "") == "" then return answer.failure(400, "invalid alert rule: folderUID must be set") end
  if #(fields.data or {}) == 0 then return answer.failure(400, "invalid alert rule: no queries or expressions are found") end
  return nil
end

local function conflict(org, uid)
  if state.v9 then
    return answer.failure(500, "a conflicting alert rule is found: rule title under the same organisation and folder should be unique")
  end
  local constraint = "UNIQUE constraint failed: alert_rule.org_id, alert_rule.uid"
  return answer.value(409, { statusCode = 409, messageId = "alerting.alert-rule.conflict",
    message = ("Failed to save alert rule '%s' in organization %d due to conflict: %s"):format(uid, org.id, constraint),
    extra = { Error = constraint, OrgID = org.id, RuleUID = uid } })
end

-- 12.4.3 takes several rules of one title.
local function same_title(rules, fields, self)
  for _, rule in pairs(state.v9 and rules or {}) do
    if rule ~= self and rule.title == fields.title and rule.folderUID == fields.folderUID then return rule end
  end
  return nil
end

local function shown_duration(text) return durations.shown(text or "0s") or text end

local function fill_rule(rule, fields)
  for _, name in ipairs { "title", "ruleGroup", "folderUID", "condition", "labels", "annotations" } do rule[name] = fields[name] end
  for _, name in ipairs(state.v9 and {} or NEW) do rule[name] = fields[name] end
  rule.keep_firing_for = rule.keep_firing_for and shown_duration(rule.keep_firing_for)
  if fields.record and not state.v9 then rule.condition, rule.noDataState, rule.execErrState = "", "", ""
  else rule.noDataState, rule.execErrState = fields.noDataState or "NoData", fields.execErrState or "Alerting" end
  rule["for"], rule.data, rule.updated = shown_duration(fields["for"]), queries(fields.data), state.time()
end

-- Where a rule stands in its group: behind all others.
local function last_place(own, fields)
  local last = 0
  for _, rule in pairs(own.rules) do
    if rule.folderUID == fields.folderUID and rule.ruleGroup == fields.ruleGroup then last = math.max(last, rule.place) end
  end
  return last + 1
end

local function new_rule(req, uid)
  return { id = state.next_id("rule"), uid = (uid or "") ~= "" and uid or state.short_uid(), provenance = provenance(req), place = 1 }
end

local function create_rule(req)
  local fields = req:bind(RULE)
  if not fields then return answer.bad_request() end
  local refused, own = refuse_rule(fields), of_org(req.org)
  if refused then return refused end
  if own.rules[fields.uid or ""] or same_title(own.rules, fields) then return conflict(req.org, fields.uid or "") end
  local rule = new_rule(req, fields.uid)
  rule.place = last_place(own, fields)
  fill_rule(rule, fields)
  own.rules[rule.uid] = rule
  return answer.value(201, describe(req.org, rule))
end

local function no_rule()
  if state.v9 then return answer.failure(500, "could not find alert rule") end
  return { status = 404, body = "" }
end

local function update_rule(req)
  local fields, own = req:bind(RULE), of_org(req.org)
  if not fields then return answer.bad_request() end
  local rule = own.rules[req.params.uid]
  if not rule then return no_rule() end
  local refused = refuse_rule(fields)
  if refused then return refused end
  if same_title(own.rules, fields, rule) then return conflict(req.org, rule.uid) end
  fill_rule(rule, fields)
  return answer.ok(describe(req.org, rule))
end

local function get_rule(req)
  local rule = of_org(req.org).rules[req.params.uid]
  return rule and answer.ok(describe(req.org, rule)) or no_rule()
end

local function delete_rule(req)
  of_org(req.org).rules[req.params.uid] = nil
  return answer.text(204, "")
end

local function is_before(a, b)
  if a.folderUID ~= b.folderUID then return (a.folderUID or "") < (b.folderUID or "") end
  if a.ruleGroup ~= b.ruleGroup then return (a.ruleGroup or "") < (b.ruleGroup or "") end
  if a.place ~= b.place then return a.place < b.place end
  return a.id < b.id
end

local function sorted_rules(org, wanted)
  local list = {}
  for _, rule in pairs(of_org(org).rules) do
    if not wanted or wanted(rule) then list[#list + 1] = rule end
  end
  table.sort(list, is_before)
  return list
end

local function list_rules(req)
  local result = json.array {}
  for index, rule in ipairs(sorted_rules(req.org)) do result[index] = describe(req.org, rule) end
  return answer.ok(result)
end

-- Groups -----------------------------------------------------------------------------------------------------------------------------------

local function in_group(req)
  return function(rule) return rule.folderUID == req.params.folder and rule.ruleGroup == req.params.group end
end

local function interval_key(req) return req.params.folder .. "\0" .. req.params.group end

local function show_group(req, interval, rules)
  return answer.ok { title = req.params.group, folderUid = req.params.folder, interval = interval, rules = rules }
end

local function no_group()
  if state.v9 then return answer.failure(404, "rulegroup not found") end
  return answer.coded(404, "alerting.alert-rule.notFound", "NotFound")
end

local function get_group(req)
  local rules = json.array(sorted_rules(req.org, in_group(req)))
  if #rules == 0 then return no_group() end
  for index, rule in ipairs(rules) do rules[index] = describe(req.org, rule, true) end
  return show_group(req, of_org(req.org).intervals[interval_key(req)] or 60, rules)
end

local function invalid(what) return answer.failure(400, "invalid alert rule" .. what) end

-- 9.3.2 does not look whether the folder is there.
local function refuse_group(req, body)
  local interval, folder = body.interval or 0, req.params.folder
  if not state.v9 and folder ~= "general" and not req.org.folders[folder] then return invalid(": folder does not exist") end
  if interval <= 0 or interval % 10 ~= 0 then
    return invalid((": interval (%s) should be non-zero and divided exactly by scheduler interval: 10"):format(
      durations.shown(interval .. "s") or "0s"))
  end
  return nil
end

local STATES = { [""] = true, NoData = true, Alerting = true, OK = true, KeepLast = true, Normal = true }

local function refuse_in_group(req, fields)
  local uid = fields.uid or ""
  if uid:find("[^%w_-]") then
    return invalid((": cannot create rule with UID %s: invalid format of UID. Only letters, numbers, '-' and '_' are allowed"):format(json.encode(uid)))
  end
  if #(fields.data or {}) == 0 then return invalid(": no queries or expressions are found") end
  if (fields.title or "") == "" then return answer.failure(400, "failed to insert alert rules: invalid alert rule: title is empty") end
  if not STATES[fields.noDataState or ""] then
    return answer.failure(400, "failed to update alert rules: invalid alert rule: unknown NoData state option " .. fields.noDataState)
  end
  if fields.notification_settings and not state.v9 then
    local unknown = alertmanager.unknown_names(req.org, fields.notification_settings)
    if not unknown then return answer.failure(500, "Internal Server Error") end
    if #unknown > 0 then return invalid("\n" .. table.concat(unknown, "\n")) end
  end
  return nil
end

-- As the answer shows what was sent: 12.4.3 without what it filled in.
local function echo(req, fields, rule)
  if state.v9 then
    local shown = describe(req.org, rule, true)
    shown.id, shown.updated = 0, "0001-01-01T00:00:00Z"
    return shown
  end
  local shown = describe(req.org, rule, true)
  shown.id, shown.updated, shown.orgID = 0, "0001-01-01T00:00:00Z", fields.orgID or 0
  shown.folderUID, shown.ruleGroup, shown.condition = fields.folderUID or "", fields.ruleGroup or "", fields.condition or ""
  shown.data = copy_of(json.array(fields.data))
  for _, query in ipairs(shown.data) do query.queryType = query.queryType or "" end
  return shown
end

-- A rule of that uid is taken from whatever group it is in.
local function put_into_group(req, own, fields, place)
  local rule = own.rules[fields.uid or ""] or new_rule(req, fields.uid)
  rule.provenance = provenance(req)
  local sent = {}
  for key, value in pairs(fields) do sent[key] = value end
  sent.folderUID, sent.ruleGroup = req.params.folder, req.params.group
  fill_rule(rule, sent)
  rule.place = place
  own.rules[rule.uid] = rule
  return echo(req, fields, rule), rule.uid
end

local function rules_sent(body)
  local rules, seen = {}, {}
  for index, item in ipairs(body.rules or {}) do
    local fields = json.is_object(item) and request.fields(item, RULE, true) or {}
    if (fields.uid or "") ~= "" and seen[fields.uid] then return nil, fields.uid end
    seen[fields.uid or ""], rules[index] = true, fields
  end
  return rules
end

-- A group is what its last PUT says: rules that it does not name are deleted. One without rules changes nothing on 12.4.3.
local function put_group(req)
  local body, own = req:bind { interval = "integer", rules = "array" }, of_org(req.org)
  if not body then return answer.bad_request() end
  local rules, twice = rules_sent(body)
  if not rules and not own.rules[twice] then return conflict(req.org, twice) end
  if not rules then
    return answer.failure(409, "failed to update alert rules: version conflict while updating a record in the database with optimistic locking:"
      .. " alert rule UID " .. twice .. " version 2")
  end
  local refused = refuse_group(req, body)
  for _, fields in ipairs(rules) do refused = refused or refuse_in_group(req, fields) end
  if refused then return refused end
  local shown, kept = json.array {}, {}
  for index, fields in ipairs(rules) do
    local uid
    shown[index], uid = put_into_group(req, own, fields, index)
    kept[uid] = true
  end
  for _, rule in ipairs(#rules > 0 and sorted_rules(req.org, in_group(req)) or {}) do
    if not kept[rule.uid] then own.rules[rule.uid] = nil end
  end
  if #rules > 0 then own.intervals[interval_key(req)] = body.interval end
  return show_group(req, body.interval, shown)
end

local function delete_group(req)
  local rules = sorted_rules(req.org, in_group(req))
  if #rules == 0 then return no_group() end
  for _, rule in ipairs(rules) do of_org(req.org).rules[rule.uid] = nil end
  return answer.text(204, "")
end

-- What Grafana's own pages read: groups by the titles of their folders.
local function ruler_rule(req, rule, seconds)
  local alert = {
    uid = rule.uid, title = rule.title, condition = rule.condition, data = rule.data, updated = rule.updated, intervalSeconds = seconds, version = 1,
    namespace_uid = rule.folderUID, rule_group = rule.ruleGroup, no_data_state = rule.noDataState, exec_err_state = rule.execErrState,
  }
  local shown = { expr = "", ["for"] = rule["for"], labels = filled(rule.labels), annotations = filled(rule.annotations), grafana_alert = alert }
  if state.v9 then
    alert.id, alert.orgId, alert.provenance = rule.id, req.org.id, alertmanager.shown_provenance(rule)
    local folder = req.org.folders[rule.folderUID]
    alert.namespace_id = folder and folder.id or 0
  else
    shown.keep_firing_for, alert.is_paused = rule.keep_firing_for or "0s", rule.isPaused or false
    alert.notification_settings, alert.record = rule.notification_settings, rule.record
  end
  return shown
end

local function ruler(req)
  local namespaces, by_key = {}, {}
  for _, rule in ipairs(sorted_rules(req.org)) do
    local folder, key = req.org.folders[rule.folderUID], rule.folderUID .. "\0" .. rule.ruleGroup
    local seconds = of_org(req.org).intervals[key] or 60
    if folder and not by_key[key] then
      by_key[key] = { name = rule.ruleGroup, interval = durations.shown(seconds .. "s"), rules = json.array {} }
      namespaces[folder.title] = namespaces[folder.title] or json.array {}
      table.insert(namespaces[folder.title], by_key[key])
    end
    if folder then table.insert(by_key[key].rules, ruler_rule(req, rule, seconds)) end
  end
  return answer.ok(namespaces)
end

-- Exports ----------------------------------------------------------------------------------------------------------------------------------

-- YAML, unless JSON is asked for by the query or the header.
local function exported(req, value)
  local format = req:arg("format") or (req:header("accept") or ""):find("json", 1, true) and "json"
  if format == "json" then return answer.ok(value) end
  return answer.text(200, yaml.encode(value), "text/yaml")
end

-- The rules of all folders, or of those named.
local function wanted_rules(req)
  local named, wanted = {}, {}
  for _, uid in ipairs(req:args("folderUid")) do named[uid] = true end
  for _, rule in ipairs(sorted_rules(req.org)) do
    if next(named) == nil or named[rule.folderUID] then wanted[#wanted + 1] = rule end
  end
  return wanted
end

local function export(req)
  if state.v9 then return answer.failure(500, "could not find alert rule") end
  local groups, by_key = json.array {}, {}
  for _, rule in ipairs(wanted_rules(req)) do
    local key, folder = rule.folderUID .. "\0" .. rule.ruleGroup, req.org.folders[rule.folderUID]
    if not by_key[key] then
      local seconds = of_org(req.org).intervals[key] or 60
      by_key[key] = { orgId = req.org.id, name = rule.ruleGroup, folder = folder and folder.title or rule.folderUID, rules = json.array {},
        interval = durations.shown(seconds .. "s") }
      groups[#groups + 1] = by_key[key]
    end
    local data = copy_of(rule.data)
    for _, query in ipairs(data) do query.queryType = query.queryType ~= "" and query.queryType or nil end
    table.insert(by_key[key].rules, { uid = rule.uid, title = rule.title, condition = rule.condition, data = data, noDataState = rule.noDataState,
      execErrState = rule.execErrState, ["for"] = rule["for"], labels = rule.labels, annotations = rule.annotations, isPaused = rule.isPaused or false })
  end
  if #groups == 0 then return { status = 404, body = "" } end
  return exported(req, { apiVersion = 1, groups = groups })
end

local BASE = "/api/v1/provisioning/"
local rows = alertmanager.rows("alert.rules")

rows.read("GET " .. BASE .. "alert-rules", list_rules, "12.4.3")
rows.write("POST " .. BASE .. "alert-rules", create_rule)
rows.read("GET " .. BASE .. "alert-rules/export", export)
rows.read("GET " .. BASE .. "alert-rules/:uid", get_rule)
rows.write("PUT " .. BASE .. "alert-rules/:uid", update_rule)
rows.write("DELETE " .. BASE .. "alert-rules/:uid", delete_rule)
rows.read("GET " .. BASE .. "folder/:folder/rule-groups/:group", get_group)
rows.write("PUT " .. BASE .. "folder/:folder/rule-groups/:group", put_group)
rows.write("DELETE " .. BASE .. "folder/:folder/rule-groups/:group", delete_group, "12.4.3")
rows.read("GET /api/ruler/grafana/api/v1/rules", ruler)

alerting.routes = rows

return alerting
