-- SPDX-License-Identifier: MIT
-- luacheck: std ngx_lua
-- What an organisation's Alertmanager is told: policies, mute timings, templates; contact_points.lua has the rest of it. A new organisation's
-- is not ready at once (the setting `alertmanager_after`); that of organisation 1 is.

local answer = require "server.answer"
local durations = require "server.durations"
local json = require "server.json"
local state = require "server.state"

local alertmanager = {}

local function default_tree()
  return { receiver = state.v9 and "grafana-default-email" or "empty", group_by = json.array { "grafana_folder", "alertname" } }
end

-- What an organisation has of alerting, made at first need.
local function of_org(org)
  if not org.alerting then
    org.alerting = { rules = {}, intervals = {}, mutes = {}, templates = {}, points = {}, policies = default_tree() }
    if state.v9 then
      org.alerting.points[1] = { uid = "", name = "email receiver", receiver = "grafana-default-email", type = "email",
        settings = { addresses = "<example@email.com>" }, secure = {} }
    end
  end
  return org.alerting
end
alertmanager.of_org = of_org

local function ready(org) return org.id == 1 or ngx.now() - org.born >= state.settings.alertmanager_after end

--- "" where the request says that nothing is to become read-only in Grafana's pages, else "api".
local function provenance(req) return req:header("x-disable-provenance") and "" or "api" end
alertmanager.provenance = provenance

local function shown_provenance(item) return item.provenance ~= "" and item.provenance or nil end
alertmanager.shown_provenance = shown_provenance

-- Rows of routes for both versions: 9.3.2 lets admins in, 12.4.3 lets viewers read and editors write.
local TEXTS = {
  read = "any of alert.provisioning:read, %s.provisioning:read, alert.provisioning.secrets:read, %s:read",
  write = "any of alert.provisioning:write, %s.provisioning:write, all of %s:write, alert.provisioning.provenance:write",
}

local function is_on() return state.settings.alerting end

function alertmanager.rows(area)
  local rows = {}
  for what, text in pairs(TEXTS) do
    rows[what] = function(route, handler, only)
      if only ~= "12.4.3" then rows[#rows + 1] = { route, "alert.provisioning:" .. what, handler, only = "9.3.2", there = is_on } end
      if only ~= "9.3.2" then rows[#rows + 1] = { route, text:format(area, area), handler, only = "12.4.3", there = is_on } end
    end
  end
  return rows
end

--- `handler`, for when the Alertmanager is ready; what 12.4.3 says before that. 9.3.2 was asked twice only: what it says to the rest is assumed.
function alertmanager.when_ready(handler, code, message, message_id)
  return function(req)
    if ready(req.org) then return handler(req) end
    if state.v9 then return answer.failure(code, "could not find an Alertmanager configuration") end
    if message_id then return answer.coded(code, message_id, message) end
    return answer.failure(code, message)
  end
end

local NO_CONFIG = "could not find an Alertmanager configuration"

--- The refusal of who would take provenance away; nil where all is well.
function alertmanager.refuse_provenance(item, wanted)
  if not item or (item.provenance or "") == "" or item.provenance == wanted then return nil end
  if state.v9 then
    return answer.failure(500, ("cannot changed provenance from '%s' to '%s'"):format(item.provenance, wanted))
  end
  local text = "Resource with provenance status '%s' cannot be managed via API that handles resources with provenance status '%s'."
    .. " You must use appropriate API to manage this resource"
  return answer.value(403, { statusCode = 403, messageId = "alerting.notifications.invalidProvenance",
    message = text:format(item.provenance, wanted == "" and "none" or wanted),
    extra = { SourceProvenance = item.provenance, TargetProvenance = wanted == "" and "none" or wanted } })
end
local refuse_provenance = alertmanager.refuse_provenance

--- The names of the receivers there; those that a tree names are.
function alertmanager.receivers(org)
  local own, names = of_org(org), { [default_tree().receiver] = true }
  for _, point in ipairs(own.points) do names[point.receiver] = true end
  return names
end

--- What of these settings of a route or a rule is not there: what Grafana says of each, in an array; nil where nothing is ready.
function alertmanager.unknown_names(org, settings)
  if not ready(org) then return nil end
  local texts, receiver = {}, settings.receiver
  if type(receiver) == "string" and receiver ~= "" and not alertmanager.receivers(org)[receiver] then
    texts[1] = ("receiver %s does not exist"):format(receiver)
  end
  for _, field in ipairs { "mute_time_intervals", "active_time_intervals" } do
    for _, name in ipairs(settings[field] or {}) do
      if not of_org(org).mutes[name] then texts[#texts + 1] = ("time interval %s does not exist"):format(name) end
    end
  end
  return texts
end

-- Policies ---------------------------------------------------------------------------------------------------------------------------------

local function walk_routes(route, visit)
  visit(route)
  for _, child in ipairs(route.routes or {}) do walk_routes(child, visit) end
end

--- Does the tree of an organisation use this receiver, or, in `field`, this mute timing?
function alertmanager.used_by_routes(org, name)
  local used = false
  walk_routes(of_org(org).policies, function(route)
    used = used or route.receiver == name
    for _, field in ipairs { "mute_time_intervals", "active_time_intervals" } do
      for _, each in ipairs(route[field] or {}) do used = used or each == name end
    end
  end)
  return used
end

--- The uids of rules whose notification settings name this.
function alertmanager.used_by_rules(org, name)
  local uids = json.array {}
  for uid, rule in pairs(of_org(org).rules) do
    local settings, used = rule.notification_settings or {}, false
    for _, field in ipairs { "mute_time_intervals", "active_time_intervals" } do
      for _, each in ipairs(settings[field] or {}) do used = used or each == name end
    end
    if used or settings.receiver == name then uids[#uids + 1] = uid end
  end
  table.sort(uids)
  return uids
end

--- A receiver has another name: whatever names it follows.
function alertmanager.rename_receiver(org, old, new)
  walk_routes(of_org(org).policies, function(route) route.receiver = route.receiver == old and new or route.receiver end)
  for _, rule in pairs(of_org(org).rules) do
    local settings = rule.notification_settings
    if settings and settings.receiver == old then settings.receiver = new end
  end
end

-- `c=d` is stored as `c="d"`.
local function quoted_matcher(text)
  local name, operator, value = text:match('^%s*([%w_]+)%s*([=!~]+)%s*(.-)%s*$')
  if not name or value:find('^"') then return text end
  return name .. operator .. json.encode(value)
end

local function clean_route(route)
  for key, value in pairs(route) do
    if value == json.null or value == false or value == "" or type(value) == "table" and next(value) == nil then route[key] = nil end
  end
  for _, field in ipairs { "group_wait", "group_interval", "repeat_interval" } do
    if route[field] then route[field] = durations.shown(route[field]) or route[field] end
  end
  for index, text in ipairs(route.matchers or {}) do route.matchers[index] = quoted_matcher(text) end
end

local function refuse_tree(org, tree)
  local unknown
  walk_routes(tree, function(route)
    local text = alertmanager.unknown_names(org, route)[1]
    if not text or unknown then return end
    unknown = text:gsub("^receiver (.*) does", "receiver '%1' does"):gsub("^time interval (.*) does", "mute time interval '%1' does")
  end)
  if not unknown then return nil end
  if state.v9 then return answer.failure(400, "invalid object specification: " .. unknown) end
  return answer.value(400, { statusCode = 400, messageId = "alerting.notifications.routes.invalidFormat", extra = { Error = unknown },
    message = "Invalid format of the submitted route: " .. unknown .. ". Correct the payload and try again." })
end

local function get_policies(req) return answer.ok(of_org(req.org).policies) end

local function put_policies(req)
  local body, own = req:document(), of_org(req.org)
  if not body then return answer.bad_request() end
  local refused = refuse_tree(req.org, body) or refuse_provenance(own.policies, provenance(req))
  if refused then return refused end
  walk_routes(body, clean_route)
  body.provenance = provenance(req) ~= "" and "api" or nil
  own.policies = body
  return answer.message(202, "policies updated")
end

local function reset_policies(req)
  local own = of_org(req.org)
  local refused = refuse_provenance(own.policies, provenance(req))
  if refused then return refused end
  own.policies = default_tree()
  return answer.value(202, own.policies)
end

-- Mute timings and templates -------------------------------------------------------------------------------------------------------------------
-- They are alike: named documents, which 12.4.3 gives a version.

-- A hash of what is stored, as Grafana's versions are.
local function version_of(item) return ngx.md5(json.encode(item)):sub(1, 16) end

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
    if kind == "templates" and #names == 0 and not state.v9 then return answer.ok(json.null) end
    return answer.ok(result)
  end
end

local IDS = { mutes = "time-intervals", templates = "templates" }

local function no_named(kind)
  if state.v9 then return { status = 404, body = "" } end
  return answer.coded(404, "alerting.notifications." .. IDS[kind] .. ".notFound", "NotFound")
end

local function get_named(kind)
  return function(req)
    local item = of_org(req.org)[kind][req.params.name]
    return item and answer.ok(show_named(item)) or no_named(kind)
  end
end

-- Whether somebody else was faster than who sends this version.
local function refuse_version(item, version)
  if state.v9 or not version or version == "" or version == version_of(item.document) then return nil end
  return answer.coded(409, "alerting.notifications.conflict", "Conflict")
end

local function store_named(req, kind, document, code)
  local item = { document = document, provenance = provenance(req) }
  of_org(req.org)[kind][document.name] = item
  return answer.value(code, show_named(item))
end

-- Months become numbers, what is empty goes.
local MONTHS = { january = 1, february = 2, march = 3, april = 4, may = 5, june = 6, july = 7, august = 8, september = 9, october = 10, november = 11,
  december = 12 }

local function clean_interval(interval)
  for key, value in pairs(interval) do
    if value == json.null or value == "" or type(value) == "table" and next(value) == nil then interval[key] = nil end
  end
  for index, text in ipairs(interval.months or {}) do
    interval.months[index] = text:lower():gsub("%a+", function(name) return MONTHS[name] and tostring(MONTHS[name]) or name end)
  end
  return interval
end

local function timing_of(req)
  local body = req:bind { name = "string", time_intervals = "array", version = "string" }
  if not body or (body.name or "") == "" then return nil end
  local intervals = json.array {}
  for index, interval in ipairs(body.time_intervals or {}) do
    for _, range in ipairs(interval.times or {}) do
      local hour = tonumber((range.start_time or ""):match("^(%d%d):%d%d$"))
      if not hour or hour > 24 then return nil end
    end
    intervals[index] = clean_interval(interval)
  end
  return { name = body.name, time_intervals = intervals }, body.version
end

local function create_timing(req)
  local document = timing_of(req)
  if not document then return answer.bad_request() end
  if of_org(req.org).mutes[document.name] then
    return answer.coded(400, "alerting.notifications.time-intervals.nameExists",
      "Time interval with this name already exists. Use a different name or update existing one.",
      "invalid object specification: a mute timing with this name already exists")
  end
  return store_named(req, "mutes", document, 201)
end

local function update_timing(req)
  local document, version = timing_of(req)
  if not document then return answer.bad_request() end
  if state.v9 then document.name = req.params.name end
  local item = of_org(req.org).mutes[req.params.name]
  if not item or document.name ~= req.params.name then return no_named("mutes") end
  return refuse_provenance(item, provenance(req)) or refuse_version(item, version) or store_named(req, "mutes", document, state.v9 and 200 or 202)
end

local function timing_in_use(org, name)
  local by_routes, by_rules = alertmanager.used_by_routes(org, name), alertmanager.used_by_rules(org, name)
  if not by_routes and #by_rules == 0 then return nil end
  if state.v9 then return answer.failure(500, ("mute time '%s' is currently used by a notification policy"):format(name)) end
  return answer.value(409, { statusCode = 409, messageId = "alerting.notifications.time-intervals.used", message = "Conflict",
    extra = { UsedByRoutes = by_routes or nil, UsedByRules = #by_rules > 0 and by_rules or nil } })
end

local function delete_named(kind)
  return function(req)
    local item = of_org(req.org)[kind][req.params.name]
    if item then
      local refused = kind == "mutes" and timing_in_use(req.org, req.params.name) or refuse_provenance(item, provenance(req))
        or refuse_version(item, req:arg("version"))
      if refused then return refused end
    end
    of_org(req.org)[kind][req.params.name] = nil
    return answer.text(204, "")
  end
end

local function invalid_template(problem)
  if state.v9 then return answer.failure(400, "invalid object specification: " .. problem) end
  return answer.value(400, { statusCode = 400, messageId = "alerting.notifications.templates.invalidFormat", extra = { Error = problem },
    message = "Template is in invalid format. Correct the payload and try again." })
end

-- Text without a definition is put into one.
local function template_text(name, text)
  text = text:match("^%s*(.-)%s*$")
  if text == "" then return nil, "template must have content" end
  local _, opened = text:gsub("{{", "")
  local _, closed = text:gsub("}}", "")
  if opened ~= closed then return nil, 'invalid template: template: :1: unexpected "}" in define clause' end
  if text:find("{{%-?%s*define") then return text end
  return ('{{ define "%s" }}\n%s\n{{ end }}'):format(name, "  " .. text:gsub("\n", "\n  "))
end

local function put_template(req)
  local body, name = req:bind { template = "string", version = "string" }, req.params.name
  if not body then return answer.bad_request() end
  local text, problem = template_text(name, body.template or "")
  if not text then return invalid_template(problem) end
  local item = of_org(req.org).templates[name]
  if not item and (body.version or "") ~= "" and not state.v9 then return no_named("templates") end
  return item and (refuse_provenance(item, provenance(req)) or refuse_version(item, body.version))
    or store_named(req, "templates", { name = name, template = text }, 202)
end

-- The whole configuration, as Grafana's own pages read it: of it, the names of receivers and mute timings.
local function get_config(req)
  local receivers, timings = json.array {}, json.array {}
  for name in pairs(alertmanager.receivers(req.org)) do receivers[#receivers + 1] = { name = name } end
  for name, item in pairs(of_org(req.org).mutes) do timings[#timings + 1] = { name = name, time_intervals = item.document.time_intervals } end
  for _, list in ipairs { receivers, timings } do table.sort(list, function(a, b) return a.name < b.name end) end
  return answer.ok { template_files = {}, alertmanager_config = {
    route = of_org(req.org).policies, receivers = receivers, [state.v9 and "mute_time_intervals" or "time_intervals"] = timings } }
end

local BASE = "/api/v1/provisioning/"
local rows, when_ready = alertmanager.rows("alert.notifications"), alertmanager.when_ready

rows.read("GET " .. BASE .. "policies", when_ready(get_policies, 404, NO_CONFIG))
rows.write("PUT " .. BASE .. "policies", when_ready(put_policies, 404, NO_CONFIG))
rows.write("DELETE " .. BASE .. "policies", when_ready(reset_policies, 500, "failed to reset notification policy tree"))
rows.read("GET " .. BASE .. "mute-timings", when_ready(list_named "mutes", 500, "failed to get mute timings"))
rows.write("POST " .. BASE .. "mute-timings", when_ready(create_timing, 500, "failed to create mute timing"))
rows.read("GET " .. BASE .. "mute-timings/:name", when_ready(get_named "mutes", 500, "failed to get mute timing by name"))
rows.write("PUT " .. BASE .. "mute-timings/:name", when_ready(update_timing, 500, "failed to update mute timing"))
rows.write("DELETE " .. BASE .. "mute-timings/:name", when_ready(delete_named "mutes", 500, "failed to delete mute timing"))
rows.read("GET " .. BASE .. "templates", when_ready(list_named "templates", 500, "Internal Server Error"))
rows.read("GET " .. BASE .. "templates/:name", when_ready(get_named "templates", 500, "Internal Server Error"))
rows.write("PUT " .. BASE .. "templates/:name", when_ready(put_template, 500, "Internal Server Error"))
rows.write("DELETE " .. BASE .. "templates/:name", when_ready(delete_named "templates", 500, "Internal Server Error"))
rows.read("GET /api/alertmanager/grafana/config/api/v1/alerts",
  when_ready(get_config, 404, "failed to get latest configuration: " .. NO_CONFIG))

alertmanager.routes = rows

return alertmanager
