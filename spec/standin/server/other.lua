-- SPDX-License-Identifier: MIT
-- luacheck: std ngx_lua
-- Health, pages, annotations, snapshots.

local json = require "server.json"
local state = require "server.state"
local answer = require "server.answer"
local views = require "server.views"

local other = {}

local HTML = "text/html; charset=UTF-8"

local function health()
  local hidden = state.settings.hide_version and true or false
  return answer.value(200, { commit = not hidden and (state.v9 and "NA" or "local") or nil, database = "ok",
    version = not hidden and state.settings.version or nil }, answer.JSON_UTF8)
end

-- What Grafana's own pages start with: of all that only what tells the version.
local function frontend_settings()
  local hidden = state.settings.hide_version == "everywhere"
  local version = hidden and "" or state.settings.version
  return answer.value(200, { appSubUrl = "", buildInfo = { hideVersion = hidden, version = version, commit = "", edition = "Open Source",
    env = "production" } }, answer.JSON_UTF8)
end

local function page(title) return ("<!DOCTYPE html>\n<html lang=\"en\">\n<head><title>%s</title></head>\n<body></body>\n</html>\n"):format(title) end

-- Any path that is no API route: the page that a browser would get.
function other.page(req, signed_in)
  if req.path == "/login" then return answer.text(200, page("Grafana"), HTML) end
  if not signed_in then
    local result = answer.text(302, ('<a href="%s/login">Found</a>.\n\n'):format(req.prefix), "text/html; charset=utf-8")
    result.headers = { Location = req.prefix .. "/login" }
    return result
  end
  if req.path == "/" or req.path:find("^/d/") or req.path:find("^/dashboards") then return answer.text(200, page("Grafana"), HTML) end
  if state.v9 then return answer.text(404, "", HTML) end
  return answer.text(500, page("Grafana - Error"), HTML)
end

local function find_dashboard(req, body)
  if (body.dashboardUID or "") ~= "" then return req.org.dashboards[body.dashboardUID] end
  return req.org.dashboard_by_id[body.dashboardId or 0]
end

local ANNOTATION = { text = "string", tags = "array", time = "integer", timeEnd = "integer", dashboardUID = "string", dashboardId = "integer",
  panelId = "integer", data = "object" }

local function milliseconds() return math.floor(ngx.now() * 1000) end

local function annotate(req)
  local body = req:bind(ANNOTATION)
  if not body then return answer.bad_request() end
  if (body.text or "") == "" then return answer.message(400, "Failed to save annotation", { error = "text field should not be empty" }) end
  local dashboard, now = find_dashboard(req, body), milliseconds()
  local time = (body.time or 0) > 0 and body.time or now
  local annotation = {
    id = state.next_id("annotation"), dashboard = dashboard, panel_id = body.panelId or 0, text = body.text, tags = body.tags or json.array {},
    time = time, time_end = (body.timeEnd or 0) > 0 and body.timeEnd or time, created = now, updated = now, user = req.user, data = body.data or {},
  }
  req.org.annotations[annotation.id] = annotation
  return answer.ok { id = annotation.id, message = "Annotation added" }
end

local function show_annotation(annotation, alone)
  local dashboard, user = annotation.dashboard, annotation.user
  local shown = {
    id = annotation.id, created = annotation.created, updated = annotation.updated, time = annotation.time, timeEnd = annotation.time_end,
    text = annotation.text, tags = annotation.tags, login = user and user.login or "", email = user and user.email or "",
    avatarUrl = views.AVATAR, data = annotation.data, dashboardUID = dashboard and dashboard.uid or "",
  }
  if state.v9 then
    shown.alertId, shown.alertName, shown.userId, shown.newState, shown.prevState = 0, "", 0, "", ""
    shown.dashboardId, shown.panelId = dashboard and dashboard.id or 0, annotation.panel_id
    if not dashboard or alone then shown.dashboardUID = json.null end
  elseif dashboard then
    shown.dashboardId, shown.panelId = dashboard.id, annotation.panel_id
  end
  return shown
end

local function wanted_annotation(req, annotation)
  local from, to = req:number("from"), req:number("to")
  if from and annotation.time_end < from or to and annotation.time > to then return false end
  local uid, id = req:arg("dashboardUID"), req:number("dashboardId")
  if uid and not (annotation.dashboard and annotation.dashboard.uid == uid) then return false end
  if id and not (annotation.dashboard and annotation.dashboard.id == id) then return false end
  for _, wanted in ipairs(req:args("tags")) do
    local found = false
    for _, tag in ipairs(annotation.tags) do found = found or tag == wanted end
    if not found then return false end
  end
  return true
end

-- The newest first, a hundred at a time; `page` is ignored.
local function list_annotations(req)
  local found = {}
  for _, annotation in pairs(req.org.annotations) do
    if wanted_annotation(req, annotation) then found[#found + 1] = annotation end
  end
  table.sort(found, function(a, b)
    if a.time_end ~= b.time_end then return a.time_end > b.time_end end
    return a.id > b.id
  end)
  local result = json.array {}
  for index = 1, math.min(#found, req:number("limit", 100)) do result[index] = show_annotation(found[index]) end
  return answer.ok(result)
end

local function of_annotation(handler)
  return function(req)
    local annotation = req.org.annotations[req:id("id") or 0]
    if not annotation then return answer.failure(404, "Annotation not found") end
    return handler(req, annotation)
  end
end

local function change_annotation(message, whole)
  return function(req, annotation)
    local body = req:bind(ANNOTATION)
    if not body then return answer.bad_request() end
    annotation.text = body.text or annotation.text
    annotation.tags = body.tags or (whole and json.array {}) or annotation.tags
    annotation.time, annotation.time_end = body.time or annotation.time, body.timeEnd or annotation.time_end
    annotation.updated = milliseconds()
    return answer.message(200, message)
  end
end

local function annotation_tags(req)
  local counts, result = {}, json.array {}
  for _, annotation in pairs(req.org.annotations) do
    for _, tag in ipairs(annotation.tags) do counts[tag] = (counts[tag] or 0) + 1 end
  end
  for tag, count in pairs(counts) do result[#result + 1] = { tag = tag, count = count } end
  table.sort(result, function(a, b) return a.tag < b.tag end)
  return answer.ok { result = { tags = result } }
end

-- 12.4.3 takes a snapshot only of a dashboard that it has.
local function snapshot(req)
  local body = req:bind { dashboard = "object", name = "string", expires = "integer" }
  if not body or not body.dashboard then return answer.bad_request() end
  if not state.v9 and not (req.org and req.org.dashboards[body.dashboard.uid]) then
    return answer.value(400, { message = "Dashboard not found", traceID = "" }, answer.JSON_UTF8)
  end
  local item = { id = state.next_id("snapshot"), key = state.secret_text(32), delete_key = state.secret_text(32), name = body.name or "",
    org = req.org, user = req.user, created = ngx.time(), expires = body.expires or 0, dashboard = body.dashboard }
  state.snapshots[item.key] = item
  local base = "http://" .. (req:header("host") or "localhost") .. req.prefix
  return answer.value(200, {
    id = state.v9 and item.id or nil, key = item.key, deleteKey = item.delete_key, url = base .. "/dashboard/snapshot/" .. item.key,
    deleteUrl = base .. "/api/snapshots-delete/" .. item.delete_key,
  }, answer.JSON_UTF8)
end

local function list_snapshots(req)
  local found, result = {}, json.array {}
  for _, item in pairs(state.snapshots) do
    if item.org == req.org then found[#found + 1] = item end
  end
  table.sort(found, function(a, b) return a.id < b.id end)
  for index, item in ipairs(found) do
    local shown = { name = item.name, key = item.key, external = false, externalUrl = "", created = state.time(item.created),
      updated = state.time(item.created), expires = state.time(item.created + (item.expires > 0 and item.expires or 50 * 365 * 86400)) }
    if state.v9 then shown.id, shown.orgId, shown.userId = item.id, item.org and item.org.id or 0, item.user and item.user.id or 0 end
    result[index] = shown
  end
  return answer.ok(result)
end

local function remove_snapshot(item)
  if not item then return answer.failure(404, state.v9 and "Failed to get dashboard snapshot" or "Dashboard snapshot not found") end
  state.snapshots[item.key] = nil
  return answer.ok { id = item.id, message = "Snapshot deleted. It might take an hour before it's cleared from any CDN caches." }
end

local function delete_snapshot(req) return remove_snapshot(state.snapshots[req.params.key]) end

local function delete_by_key(req)
  for _, item in pairs(state.snapshots) do
    if item.delete_key == req.params.key then return remove_snapshot(item) end
  end
  return remove_snapshot(nil)
end

local function get_snapshot(req)
  local item = state.snapshots[req.params.key]
  if not item then return answer.failure(404, "Dashboard snapshot not found") end
  return answer.ok { meta = { type = "snapshot", isSnapshot = true, created = state.time(item.created) }, dashboard = item.dashboard }
end

other.routes = {
  { "GET /api/health", "anyone", health, there = function() return state.settings.health end },
  { "GET /api/frontend/settings", "signed-in", frontend_settings },
  { "GET /api/annotations", "annotations:read", list_annotations },
  { "POST /api/annotations", "annotations:create", annotate },
  { "GET /api/annotations/tags", "annotations:read", annotation_tags },
  { "GET /api/annotations/:id", "annotations:read", of_annotation(function(_, annotation) return answer.ok(show_annotation(annotation, true)) end) },
  { "PUT /api/annotations/:id", "annotations:write", of_annotation(change_annotation("Annotation updated", true)) },
  { "PATCH /api/annotations/:id", "annotations:write", of_annotation(change_annotation("Annotation patched", false)) },
  { "DELETE /api/annotations/:id", "annotations:delete", of_annotation(function(req, annotation)
    req.org.annotations[annotation.id] = nil
    return answer.message(200, "Annotation deleted")
  end) },
  { "POST /api/snapshots", "signed-in", snapshot },
  { "GET /api/snapshots/:key", "anyone", get_snapshot },
  { "DELETE /api/snapshots/:key", "signed-in", delete_snapshot },
  { "GET /api/snapshots-delete/:key", "anyone", delete_by_key },
  { "GET /api/dashboard/snapshots", "signed-in", list_snapshots },
}

return other
