-- SPDX-License-Identifier: MIT
-- luacheck: std ngx_lua
-- Health, pages, snapshots.

local json = require "server.json"
local state = require "server.state"
local answer = require "server.answer"

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
  { "POST /api/snapshots", "signed-in", snapshot },
  { "GET /api/snapshots/:key", "anyone", get_snapshot },
  { "DELETE /api/snapshots/:key", "signed-in", delete_snapshot },
  { "GET /api/snapshots-delete/:key", "anyone", delete_by_key },
  { "GET /api/dashboard/snapshots", "signed-in", list_snapshots },
}

return other
