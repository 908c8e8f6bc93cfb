-- SPDX-License-Identifier: MIT
-- luacheck: std ngx_lua
-- The provisioning of alerting: rules and their groups, contact points, the policy tree, mute timings, templates. A new organisation is not
-- ready for the latter four at once; organisation 1 is.

local json = require "server.json"
local state = require "server.state"
local answer = require "server.answer"
local request = require "server.request"
local yaml = require "server.yaml"

local alerting = {}

local READY_AFTER = 45

-- What an organisation has of alerting, made at first need.
local function of_org(org)
  org.alerting = org.alerting or {
    rules = {}, intervals = {}, mutes = {}, templates = {}, points = {},
    policies = { receiver = state.v9 and "grafana-default-email" or "empty", group_by = json.array { "grafana_folder", "alertname" } },
  }
  if state.v9 and #org.alerting.points == 0 then
    org.alerting.points[1] = { uid = "", name = "email receiver", type = "email", settings = { addresses = "<example@email.com>" }, plain = true }
  end
  return org.alerting
end

local function ready(org) return org.id == 1 or ngx.now() - org.born >= READY_AFTER end

local function provenance(req) return req:header("x-disable-provenance") and "" or "api" end

local function shown_provenance(item) return item.provenance ~= "" and item.provenance or nil end

-- A version as Grafana tells it: a hash of what is stored.
local function version_of(item) return ngx.md5(json.encode(item)):sub(1, 16) end

-- Rules ------------------------------------------------------------------------------------------------------------------------------------

local RULE = { uid = "string", title = "string", ruleGroup = "string", folderUID = "string", condition = "string", data = "array", noDataState = "string",
  execErrState = "string", ["for"] = "string", labels = "object", annotations = "object", isPaused = "boolean" }

local function queries(data)
  local result = json.array {}
  for index, query in ipairs(data) do
    local copy = {}
    for key, value in pairs(json.is_object(query) and query or {}) do copy[key] = value end
    copy.queryType = copy.queryType or ""
    if json.is_object(copy.model) then
      copy.model.intervalMs, copy.model.maxDataPoints = copy.model.intervalMs or 1000, copy.model.maxDataPoints or 43200
    end
    result[index] = copy
  end
  return result
end

local function describe(org, rule, in_group)
  local shown = {
    id = rule.id, uid = rule.uid, orgID = org.id, folderUID = rule.folderUID, ruleGroup = rule.ruleGroup, title = rule.title,
    condition = rule.condition, data = rule.data, updated = rule.updated, noDataState = rule.noDataState, execErrState = rule.execErrState,
    ["for"] = rule["for"], labels = rule.labels, annotations = rule.annotations,
    provenance = not in_group and shown_provenance(rule) or nil,
  }
  if not state.v9 then
    shown.keep_firing_for, shown.isPaused, shown.notification_settings, shown.record = "0s", rule.isPaused or false, json.null, json.null
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

local function same_title(rules, fields, self)
  for _, rule in pairs(rules) do
    if rule ~= self and rule.title == fields.title and rule.folderUID == fields.folderUID then return rule end
  end
  return nil
end

local function fill_rule(rule, fields)
  for _, name in ipairs { "title", "ruleGroup", "folderUID", "condition", "labels", "annotations", "isPaused" } do rule[name] = fields[name] end
  rule.noDataState, rule.execErrState, rule["for"] = fields.noDataState or "NoData", fields.execErrState or "Alerting", fields["for"] or "0s"
  rule.data, rule.updated = queries(fields.data), state.time()
end

local function create_rule(req)
  local fields = req:bind(RULE)
  if not fields then return answer.bad_request() end
  local refused, own = refuse_rule(fields), of_org(req.org)
  if refused then return refused end
  if own.rules[fields.uid or ""] or same_title(own.rules, fields) then return conflict(req.org, fields.uid or "") end
  local rule = { id = state.next_id("rule"), uid = (fields.uid or "") ~= "" and fields.uid or state.short_uid(), provenance = provenance(req) }
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

local function sorted_rules(org, wanted)
  local list = {}
  for _, rule in pairs(of_org(org).rules) do
    if not wanted or wanted(rule) then list[#list + 1] = rule end
  end
  table.sort(list, function(a, b) return a.id < b.id end)
  return list
end

local function list_rules(req)
  local result = json.array {}
  for index, rule in ipairs(sorted_rules(req.org)) do result[index] = describe(req.org, rule) end
  return answer.ok(result)
end

local function in_group(req)
  return function(rule) return rule.folderUID == req.params.folder and rule.ruleGroup == req.params.group end
end

local function interval_key(req) return req.params.folder .. "\0" .. req.params.group end

local function show_group(req, interval, rules)
  return answer.ok { title = req.params.group, folderUid = req.params.folder, interval = interval, rules = rules }
end

local function get_group(req)
  local rules = json.array(sorted_rules(req.org, in_group(req)))
  if #rules == 0 then return answer.failure(404, "rule group not found") end
  for index, rule in ipairs(rules) do rules[index] = describe(req.org, rule, true) end
  return show_group(req, of_org(req.org).intervals[interval_key(req)] or 60, rules)
end

-- Stores one rule of a group; returns it as the answer shows it, without number and time.
local function put_into_group(req, own, item)
  local fields = json.is_object(item) and request.fields(item, RULE) or {}
  fields.folderUID, fields.ruleGroup, fields.data = req.params.folder, req.params.group, fields.data or {}
  local uid = (fields.uid or "") ~= "" and fields.uid or state.short_uid()
  local rule = own.rules[uid] or { id = state.next_id("rule"), uid = uid, provenance = provenance(req) }
  local sent = json.decode(json.encode(fields.data))
  fill_rule(rule, fields)
  own.rules[uid] = rule
  local shown = describe(req.org, rule, true)
  shown.id, shown.updated = 0, "0001-01-01T00:00:00Z"
  if not state.v9 then
    for _, query in ipairs(sent) do query.queryType = query.queryType or "" end
    shown.data = sent
  end
  return shown
end

-- A group is what its last PUT says: rules that it does not name are deleted.
local function put_group(req)
  local body, own = req:bind { interval = "integer", rules = "array" }, of_org(req.org)
  if not body then return answer.bad_request() end
  local shown, kept = json.array {}, {}
  for index, item in ipairs(body.rules or {}) do
    shown[index] = put_into_group(req, own, item)
    kept[shown[index].uid] = true
  end
  for _, rule in ipairs(sorted_rules(req.org, in_group(req))) do
    if not kept[rule.uid] then own.rules[rule.uid] = nil end
  end
  own.intervals[interval_key(req)] = body.interval or 60
  return show_group(req, body.interval or 60, shown)
end

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
        interval = seconds % 60 == 0 and seconds / 60 .. "m" or seconds .. "s" }
      groups[#groups + 1] = by_key[key]
    end
    local data = json.decode(json.encode(rule.data))
    for _, query in ipairs(data) do query.queryType = query.queryType ~= "" and query.queryType or nil end
    table.insert(by_key[key].rules, { uid = rule.uid, title = rule.title, condition = rule.condition, data = data, noDataState = rule.noDataState,
      execErrState = rule.execErrState, ["for"] = rule["for"], labels = rule.labels, annotations = rule.annotations, isPaused = rule.isPaused or false })
  end
  if #groups == 0 then return { status = 404, body = "" } end
  return exported(req, { apiVersion = 1, groups = groups })
end

-- Contact points and the rest -----------------------------------------------------------------------------------------------------------------

local function describe_point(point)
  return { uid = point.uid, name = point.name, type = point.type, settings = point.settings, disableResolveMessage = point.quiet or false,
    provenance = shown_provenance(point) }
end

local function not_ready_points()
  if state.v9 then return answer.failure(500, "could not find an Alertmanager configuration") end
  return answer.coded(500, "alerting.notification.configMissing", "No alertmanager configuration present in this organization")
end

local POINT = { uid = "string", name = "string", type = "string", settings = "object", disableResolveMessage = "boolean" }

local function list_points(req)
  if not ready(req.org) then return not_ready_points() end
  local result, name = json.array {}, req:arg("name")
  for _, point in ipairs(of_org(req.org).points) do
    if not name or point.name == name then result[#result + 1] = describe_point(point) end
  end
  return answer.ok(result)
end

local function create_point(req)
  if not ready(req.org) then return not_ready_points() end
  local fields = req:bind(POINT)
  if not fields or (fields.name or "") == "" or not fields.type or not fields.settings then return answer.bad_request() end
  local point = { uid = (fields.uid or "") ~= "" and fields.uid or state.short_uid(), name = fields.name, type = fields.type, settings = fields.settings,
    quiet = fields.disableResolveMessage, provenance = provenance(req) }
  table.insert(of_org(req.org).points, point)
  local shown = describe_point(point)
  if not state.v9 then shown.provenance = nil end
  return answer.value(202, shown)
end

local function find_point(req)
  for index, point in ipairs(of_org(req.org).points) do
    if point.uid == req.params.uid then return point, index end
  end
  return nil
end

local function update_point(req)
  local fields, point = req:bind(POINT), find_point(req)
  if not fields or not fields.settings then return answer.bad_request() end
  if not point then return answer.failure(404, "contact point not found") end
  for key, value in pairs(fields.settings) do
    if value == "[REDACTED]" then fields.settings[key] = point.settings[key] end
  end
  point.name, point.type, point.settings, point.quiet = fields.name or point.name, fields.type or point.type, fields.settings, fields.disableResolveMessage
  return answer.message(202, "contactpoint updated")
end

local function delete_point(req)
  local _, index = find_point(req)
  if index then table.remove(of_org(req.org).points, index) end
  return answer.message(202, "contactpoint deleted")
end

local function get_policies(req)
  if not ready(req.org) then return answer.failure(404, "could not find an Alertmanager configuration") end
  return answer.ok(of_org(req.org).policies)
end

local function put_policies(req)
  local body = req:document()
  if not body then return answer.bad_request() end
  body.provenance = provenance(req) ~= "" and "api" or nil
  of_org(req.org).policies = body
  return answer.message(202, "policies updated")
end

-- Mute timings and templates are alike: named documents, which 12.4.3 gives a version.
local function show_named(item, listed)
  local shown = {}
  for key, value in pairs(item.document) do shown[key] = value end
  if state.v9 and listed then return shown end
  shown.provenance = shown_provenance(item)
  if not state.v9 then shown.version = version_of(item.document) end
  return shown
end

local function list_named(kind)
  return function(req)
    local names, result = {}, json.array {}
    for name in pairs(of_org(req.org)[kind]) do names[#names + 1] = name end
    table.sort(names)
    for index, name in ipairs(names) do result[index] = show_named(of_org(req.org)[kind][name], true) end
    return answer.ok(result)
  end
end

local function get_named(kind)
  return function(req)
    local item = of_org(req.org)[kind][req.params.name]
    return item and answer.ok(show_named(item)) or { status = 404, body = "" }
  end
end

local function put_named(kind, code)
  return function(req)
    local body = req:document()
    if not body then return answer.bad_request() end
    body.name = req.params.name or body.name
    body.version, body.provenance = nil, nil
    if type(body.name) ~= "string" then return answer.bad_request() end
    local item = { document = body, provenance = provenance(req) }
    of_org(req.org)[kind][body.name] = item
    return answer.value(code, show_named(item))
  end
end

local function delete_named(kind)
  return function(req)
    of_org(req.org)[kind][req.params.name] = nil
    return answer.text(204, "")
  end
end

local READ, WRITE, BASE = "alert.provisioning:read", "alert.provisioning:write", "/api/v1/provisioning/"

alerting.routes = {
  { "GET " .. BASE .. "alert-rules", READ, list_rules, only = "12.4.3" },
  { "POST " .. BASE .. "alert-rules", WRITE, create_rule },
  { "GET " .. BASE .. "alert-rules/export", READ, export },
  { "GET " .. BASE .. "alert-rules/:uid", READ, get_rule },
  { "PUT " .. BASE .. "alert-rules/:uid", WRITE, update_rule },
  { "DELETE " .. BASE .. "alert-rules/:uid", WRITE, delete_rule },
  { "GET " .. BASE .. "folder/:folder/rule-groups/:group", READ, get_group },
  { "PUT " .. BASE .. "folder/:folder/rule-groups/:group", WRITE, put_group },
  { "GET " .. BASE .. "contact-points", READ, list_points },
  { "POST " .. BASE .. "contact-points", WRITE, create_point },
  { "PUT " .. BASE .. "contact-points/:uid", WRITE, update_point },
  { "DELETE " .. BASE .. "contact-points/:uid", WRITE, delete_point },
  { "GET " .. BASE .. "policies", READ, get_policies },
  { "PUT " .. BASE .. "policies", WRITE, put_policies },
  { "GET " .. BASE .. "mute-timings", READ, list_named("mutes") },
  { "POST " .. BASE .. "mute-timings", WRITE, put_named("mutes", 201) },
  { "GET " .. BASE .. "mute-timings/:name", READ, get_named("mutes") },
  { "PUT " .. BASE .. "mute-timings/:name", WRITE, put_named("mutes", 202) },
  { "DELETE " .. BASE .. "mute-timings/:name", WRITE, delete_named("mutes") },
  { "GET " .. BASE .. "templates", READ, list_named("templates") },
  { "GET " .. BASE .. "templates/:name", READ, get_named("templates") },
  { "PUT " .. BASE .. "templates/:name", WRITE, put_named("templates", 202) },
  { "DELETE " .. BASE .. "templates/:name", WRITE, delete_named("templates") },
}

return alerting
