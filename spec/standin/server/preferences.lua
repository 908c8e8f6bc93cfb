-- SPDX-License-Identifier: MIT
-- Preferences of an organisation and of its teams. What 9.3.2 does beyond the recordings is taken from its source.

local json = require "server.json"
local state = require "server.state"
local answer = require "server.answer"

local preferences = {}

local function object(value) return type(value) == "table" and value or {} end

-- The bookmarks of 12.4.3; none at all is not an empty list.
local function bookmarks(own)
  local urls = object(own.navbar).bookmarkUrls
  return json.is_array(urls) and { bookmarkUrls = urls } or nil
end

local function home_tab(own)
  local tab = object(own.queryHistory).homeTab
  return tab ~= "" and tab or nil
end

-- 12.4.3 leaves out what is not set.
local function show(req, own)
  if not state.v9 then
    return answer.ok { theme = own.theme, timezone = own.timezone, weekStart = own.weekStart, homeDashboardUID = own.home_uid,
      language = own.language, navbar = bookmarks(own), queryHistory = home_tab(own) and { homeTab = home_tab(own) } }
  end
  local dashboard = req.org.dashboard_by_id[own.home_id or 0]
  return answer.ok {
    theme = own.theme or "", homeDashboardId = own.home_id or 0, homeDashboardUID = dashboard and dashboard.uid, timezone = own.timezone or "",
    weekStart = own.weekStart or "", locale = own.locale or "", navbar = { savedItems = object(own.navbar).savedItems or json.null },
    queryHistory = { homeTab = home_tab(own) or "" },
  }
end

local THEMES = { [""] = true, light = true, dark = true, system = true }
local ZONES = { Africa = true, America = true, Antarctica = true, Arctic = true, Asia = true, Atlantic = true, Australia = true, Europe = true,
  Indian = true, Pacific = true, Etc = true }

-- 9.3.2 takes any.
local function is_timezone(zone)
  if state.v9 or zone == "" or zone == "utc" or zone == "browser" or zone == "UTC" or zone == "GMT" then return true end
  return ZONES[zone:match("^(%a+)/[%w_/+-]+$") or ""] == true
end

local function refuse(body)
  if not THEMES[body.theme or ""] then return answer.failure(400, "Invalid theme") end
  if not is_timezone(body.timezone or "") then
    return answer.failure(400,
      "Invalid timezone. Must be a valid IANA timezone (e.g., America/New_York), 'utc', 'browser', or empty string")
  end
  return nil
end

-- The home that a body names: its dashboard, false for none, nil where it says nothing; and whether there is such a dashboard.
local function home_of(req, body)
  local uid, id = body.homeDashboardUID, body.homeDashboardId or 0
  if uid == "" then return false, true end
  if not uid and id == 0 then return nil, true end
  local dashboard = uid and req.org.dashboards[uid] or not uid and req.org.dashboard_by_id[id]
  return dashboard or nil, dashboard ~= nil and dashboard ~= false
end

local FIELDS = { theme = "string", timezone = "string", weekStart = "string", homeDashboardUID = "string", homeDashboardId = "integer",
  queryHistory = "object", navbar = "object", language = "string", locale = "string" }
local KEPT = { "theme", "timezone", "weekStart", "queryHistory", "navbar", "language", "locale" }

-- A PUT replaces all; but on 12.4.3 the home stays where none is named.
local function set(req, own, whole)
  local body = req:bind(FIELDS)
  if not body then return answer.bad_request() end
  local refused = refuse(body)
  if refused then return refused end
  local home, there = home_of(req, body)
  if not there then return answer.failure(404, "Dashboard not found") end
  for _, name in ipairs(KEPT) do
    if whole or body[name] ~= nil then own[name] = body[name] ~= "" and body[name] or nil end
  end
  if home ~= nil then own.home_uid, own.home_id = home and home.uid or nil, home and home.id or nil
  elseif whole then own.home_id = nil end
  return answer.message(200, "Preferences updated")
end

-- Those of a team that does not exist are kept, too.
local function of_team(req)
  local all, id = req.org.team_preferences, req:id("team_id")
  all[id] = all[id] or {}
  return all[id]
end

preferences.routes = {
  { "GET /api/org/preferences", "orgs.preferences:read", function(req) return show(req, req.org.preferences) end },
  { "PUT /api/org/preferences", "orgs.preferences:write", function(req) return set(req, req.org.preferences, true) end },
  { "PATCH /api/org/preferences", "orgs.preferences:write", function(req) return set(req, req.org.preferences, false) end },
  { "GET /api/teams/:team_id/preferences", "teams:read", function(req) return show(req, of_team(req)) end },
  { "PUT /api/teams/:team_id/preferences", "teams:write", function(req) return set(req, of_team(req), true) end },
}

return preferences
