-- SPDX-License-Identifier: MIT
-- luacheck: std ngx_lua
-- Annotations, the newest first. 12.4.3 looks for the dashboards that the asker may see a thousand at a time, and so shows, where there are
-- more, some annotations twice and others not at all.

local json = require "server.json"
local state = require "server.state"
local answer = require "server.answer"
local access = require "server.access"
local views = require "server.views"

local annotations = {}

local function milliseconds() return math.floor(ngx.now() * 1000) end

local FIELDS = { text = "string", tags = "array", time = "integer", timeEnd = "integer", dashboardUID = "string", dashboardId = "integer",
  panelId = "integer", data = "object" }

-- -------------------------------------------------------------------------------------------------------------------------- writing --

local function find_dashboard(req, body)
  if (body.dashboardUID or "") ~= "" then return req.org.dashboards[body.dashboardUID] end
  return req.org.dashboard_by_id[body.dashboardId or 0]
end

local function trimmed(text) return (text:match("^%s*(.-)%s*$")) end

-- Each tag once, without spaces around it or its colon; empty ones fall away.
local function clean_tags(tags)
  local seen, result = {}, json.array {}
  for _, tag in ipairs(tags or {}) do
    if type(tag) ~= "string" then return nil end
    local key, value = tag:match("^(.-):(.*)$")
    tag = key and trimmed(key) .. (trimmed(value) ~= "" and ":" .. trimmed(value) or "") or trimmed(tag)
    if tag ~= "" and not seen[tag] then
      seen[tag], result[#result + 1] = true, tag
    end
  end
  return result
end

local MAX_TAGS = 500   -- bytes, as JSON

local function given(number) return (number or 0) ~= 0 and number or nil end

-- Begin and end in their order; a missing end is the beginning.
local function times(body, now)
  local from = given(body.time) or now
  local to = given(body.timeEnd) or from
  return math.min(from, to), math.max(from, to)
end

local function refuse_text()
  return answer.message(400, "Failed to save annotation", state.v9 and { error = "text field should not be empty" } or nil)
end

-- 9.3.2 (as its source has it) passes over a dashboard that is not there.
local function annotate(req)
  local body = req:bind(FIELDS)
  local tags = body and clean_tags(body.tags)
  if not tags then return answer.bad_request() end
  local dashboard, now = find_dashboard(req, body), milliseconds()
  if not dashboard and (body.dashboardUID or "") ~= "" and not state.v9 then
    return answer.failure(500, "Error while checking annotation permissions")
  end
  if (body.text or "") == "" then return refuse_text() end
  if not state.v9 and #json.encode(tags) > MAX_TAGS then
    return answer.coded(400, "annotations.tag-limit-exceeded", "Tags length exceeds the maximum allowed.")
  end
  local from, to = times(body, now)
  local annotation = {
    id = state.next_id("annotation"), dashboard = dashboard, panel_id = body.panelId or 0, text = body.text, tags = tags, time = from,
    time_end = to, created = now, updated = now, user = req.user, data = body.data or {},
  }
  req.org.annotations[annotation.id] = annotation
  return answer.ok { id = annotation.id, message = "Annotation added" }
end

-- One as alerting makes it: of a rule and its states.
function annotations.add_alert(org, time)
  local id = state.next_id("annotation")
  org.annotations[id] = {
    id = id, panel_id = 0, text = "High {} - A=1", tags = json.array {}, time = time, time_end = time, created = time, updated = time,
    data = {}, alert = 1,
  }
  return id
end

local function of_annotation(handler)
  return function(req)
    local annotation = req.org.annotations[req:id("id") or 0]
    if not annotation then return answer.failure(404, "Annotation not found") end
    return handler(req, annotation)
  end
end

local function change(message, whole)
  return function(req, annotation)
    local body = req:bind(FIELDS)
    local tags = body and clean_tags(body.tags)
    if not tags then return answer.bad_request() end
    annotation.text = body.text or annotation.text
    annotation.tags = (whole or body.tags) and tags or annotation.tags
    annotation.time, annotation.time_end = given(body.time) or annotation.time, given(body.timeEnd) or annotation.time_end
    annotation.data, annotation.updated = body.data or annotation.data, milliseconds()
    return answer.message(200, message)
  end
end

-- 12.4.3 does not mind that there is none.
local function delete(req)
  local id = req:id("id") or 0
  if state.v9 and not req.org.annotations[id] then return answer.failure(404, "Annotation not found") end
  req.org.annotations[id] = nil
  return answer.message(200, "Annotation deleted")
end

-- -------------------------------------------------------------------------------------------------------------------------- reading --

local function show(annotation, alone)
  local dashboard, user = annotation.dashboard, annotation.user
  local shown = {
    id = annotation.id, created = annotation.created, updated = annotation.updated, time = annotation.time, timeEnd = annotation.time_end,
    text = annotation.text, tags = annotation.tags, login = user and user.login or "", email = user and user.email or "",
    avatarUrl = user and views.AVATAR or "", data = annotation.data, dashboardUID = dashboard and dashboard.uid or "",
  }
  if state.v9 then
    shown.alertId, shown.alertName, shown.userId, shown.newState, shown.prevState = annotation.alert or 0, "", 0, "", ""
    shown.dashboardId, shown.panelId = dashboard and dashboard.id or 0, annotation.panel_id
    if not dashboard or alone then shown.dashboardUID = json.null end
    return shown
  end
  if #shown.tags == 0 then shown.tags = nil end
  if dashboard then shown.dashboardId = dashboard.id end
  shown.alertId, shown.panelId = annotation.alert, given(annotation.panel_id)
  return shown
end

local function has_tags(annotation, wanted)
  for _, tag in ipairs(wanted) do
    local found = false
    for _, own in ipairs(annotation.tags) do found = found or own == tag end
    if not found then return false end
  end
  return true
end

-- A window needs both its ends.
local function is_wanted(req, annotation)
  local from, to = req:number("from", 0), req:number("to", 0)
  if from > 0 and to > 0 and (annotation.time_end < from or annotation.time > to) then return false end
  local uid, id, kind = req:arg("dashboardUID"), req:number("dashboardId"), req:arg("type")
  local dashboard = annotation.dashboard
  if uid and not (state.v9 and not req.org.dashboards[uid]) and not (dashboard and dashboard.uid == uid) then return false end
  if id and not (dashboard and dashboard.id == id) then return false end
  if kind == "annotation" and annotation.alert or kind == "alert" and not annotation.alert then return false end
  if req:number("panelId") and annotation.panel_id ~= req:number("panelId") then return false end
  return has_tags(annotation, req:args("tags"))
end

local function latest_first(a, b)
  if a.time_end ~= b.time_end then return a.time_end > b.time_end end
  if a.time ~= b.time then return a.time > b.time end
  return a.id > b.id
end

-- An annotation goes with its dashboard.
local function forget_orphans(org)
  for id, annotation in pairs(org.annotations) do
    local dashboard = annotation.dashboard
    if dashboard and org.dashboards[dashboard.uid] ~= dashboard then org.annotations[id] = nil end
  end
end

local function matches(req)
  local found = {}
  forget_orphans(req.org)
  for _, annotation in pairs(req.org.annotations) do
    if is_wanted(req, annotation) then found[#found + 1] = annotation end
  end
  table.sort(found, latest_first)
  return found
end

-- The first `limit` that `is_shown` lets pass, added to `result`.
local function add_shown(result, found, limit, is_shown)
  local count = 0
  for _, annotation in ipairs(found) do
    if count >= limit then return end
    if is_shown(annotation.dashboard) then
      count, result[#result + 1] = count + 1, show(annotation)
    end
  end
end

local DASHBOARDS = 1000   -- of so many 12.4.3 thinks at once

-- What the asker may see, in order of titles.
local function visible(req)
  local list = {}
  for _, dashboard in pairs(req.org.dashboards) do
    if access.level(req, dashboard) > 0 then list[#list + 1] = dashboard end
  end
  table.sort(list, function(a, b)
    if a.title ~= b.title then return a.title < b.title end
    return a.id < b.id
  end)
  return list
end

-- For each thousand of dashboards their annotations, and those of no dashboard, until there are as many as were found, or until a page of
-- dashboards has fewer than that.
local function list_by_pages(req, found, limit)
  local result, dashboards, first = json.array {}, visible(req), 1
  local wanted = math.min(#found, limit)
  if wanted == 0 then return result end
  repeat
    local here, last = {}, math.min(first + DASHBOARDS - 1, #dashboards)
    for index = first, last do here[dashboards[index]] = true end
    add_shown(result, found, wanted, function(dashboard) return not dashboard or here[dashboard] ~= nil end)
    local size = last - first + 1
    first = last + 1
  until #result >= wanted or size < wanted
  return result
end

local function list(req)
  local found, limit = matches(req), req:number("limit", 100)
  if limit < 0 then limit = math.huge end
  if not state.v9 and not req:arg("dashboardUID") and not req:number("dashboardId") then
    return answer.ok(list_by_pages(req, found, limit))
  end
  local result = json.array {}
  add_shown(result, found, limit, function(dashboard) return not dashboard or access.level(req, dashboard) > 0 end)
  return answer.ok(result)
end

local function list_tags(req)
  local counts, result = {}, json.array {}
  for _, annotation in pairs(req.org.annotations) do
    for _, tag in ipairs(annotation.tags) do counts[tag] = (counts[tag] or 0) + 1 end
  end
  for tag, count in pairs(counts) do result[#result + 1] = { tag = tag, count = count } end
  table.sort(result, function(a, b) return a.tag < b.tag end)
  return answer.ok { result = { tags = result } }
end

annotations.routes = {
  { "GET /api/annotations", "annotations:read", list },
  { "POST /api/annotations", "annotations:create", annotate },
  { "GET /api/annotations/tags", "annotations:read", list_tags },
  { "GET /api/annotations/:id", "annotations:read", of_annotation(function(_, annotation) return answer.ok(show(annotation, true)) end) },
  { "PUT /api/annotations/:id", "annotations:write", of_annotation(change("Annotation updated", true)) },
  { "PATCH /api/annotations/:id", "annotations:write", of_annotation(change("Annotation patched", false)) },
  { "DELETE /api/annotations/:id", "annotations:delete", delete },
}

return annotations
