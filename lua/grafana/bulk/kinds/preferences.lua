-- SPDX-License-Identifier: MIT
--- Preferences of an organisation, which it always has, and of its teams, where they have any: what the server knows of
-- `{theme, homeDashboardUID, timezone, weekStart, language, …}`, and `team`, its name.
-- @module grafana.bulk.kinds.preferences

local core = require "grafana.core"
local objects = require "grafana.bulk.objects"
local outcome = require "grafana.bulk.outcome"
local parts = require "grafana.bulk.people_parts"
local pool = require "grafana.bulk.pool"

local next, pairs, table, type = next, pairs, table, type

local kind = {
  name = "preferences",
  one = "preferences",
  scope = "org",
}

local OWN = "default"

-- ------------------------------------------------------------------------------------------------------ file form --

local function list_of(value)
  return type(value) == "table" and value[1] ~= nil and core.array(value) or nil
end

-- 12 knows bookmarks, 9 saved items.
local function navbar_of(value)
  if type(value) ~= "table" then return nil end
  local navbar = {bookmarkUrls = list_of(value.bookmarkUrls), savedItems = list_of(value.savedItems)}
  return next(navbar) and navbar or nil
end

-- Of servers between 9 and 12: an object whose keys are the names.
local function cookies_of(value)
  if type(value) ~= "table" then return nil end
  local names = core.array {}
  for name in pairs(value) do names[#names + 1] = name end
  table.sort(names)
  return names[1] and names or nil
end

local function form(shown, team)
  local tab = parts.filled(core.get(shown, "queryHistory", "homeTab"))
  return {
    team = team, theme = parts.filled(shown.theme), homeDashboardUID = parts.filled(shown.homeDashboardUID),
    timezone = parts.filled(shown.timezone), weekStart = parts.filled(shown.weekStart),
    language = parts.filled(shown.language) or parts.filled(shown.locale),
    regionalFormat = parts.filled(shown.regionalFormat), queryHistory = tab and {homeTab = tab} or nil,
    navbar = navbar_of(shown.navbar), cookiePreferences = cookies_of(shown.cookiePreferences),
  }
end

function kind.key(value)
  local team = value:get("team")
  return team and "team:" .. team or OWN
end

function kind.title(value)
  local team = value:get("team")
  return team and "of team " .. team or "of the organisation"
end

-- -------------------------------------------------------------------------------------------------------- reading --

local function object_of(shown, team)
  local value = form(shown, team and team.name)
  return objects.new(kind, core.object(value), team and {team = team.id} or {})
end

local function read_own(at)
  local r = at.g:call("getOrgPreferences", {}, {org = at.org})
  if not r.ok then return nil, r end
  return object_of(r.body)
end

-- Of a team without any there is none.
local function read_team(at, team)
  local r = at.g:call("getTeamPreferences", {team_id = team.id}, {org = at.org})
  if not r.ok then return nil, r end
  local value = form(r.body)
  return next(value) and object_of(r.body, team) or nil
end

local function list_own(at, out)
  local object, failure = read_own(at)
  if object then out.take(object) end
  return failure or outcome.ok()
end

local function list_teams(at, out)
  local r = at.g:get_teams(at.org)
  if not r.ok then return r end
  pool.each(at.g, r.teams, function(team)
    local object, failure = read_team(at, team)
    if object then out.take(object)
    elseif failure then out.fail("team:" .. team.name, "of team " .. team.name, failure) end
  end)
  return outcome.ok()
end

function kind.list(at, out)
  local own, teams = list_own(at, out), list_teams(at, out)
  return own.ok and teams or own
end

local function team_of(at, key)
  local name = key:match("^team:(.*)$")
  local id = name and at:team_id(name)
  return id and {id = id, name = name}
end

function kind.read(at, key)
  if key == OWN then return read_own(at) end
  local team = team_of(at, key)
  if team then return read_team(at, team) end
end

-- -------------------------------------------------------------------------------------------------------- writing --

-- All of it: what is not named is reset. Language and cookies go by other names in requests, or on older servers.
local function body_of(wanted)
  local value = wanted:table()
  return core.object {
    theme = value.theme or "", homeDashboardUID = value.homeDashboardUID or "", timezone = value.timezone or "",
    weekStart = value.weekStart or "", language = value.language or "", locale = value.language or "",
    regionalFormat = value.regionalFormat, queryHistory = value.queryHistory, navbar = value.navbar,
    cookies = value.cookiePreferences,
  }
end

local function put(at, team, wanted)
  local name, params = "updateOrgPreferences", {body = body_of(wanted)}
  if team then name, params.team_id = "updateTeamPreferences", team.id end
  local r = at.g:call(name, params, {org = at.org})
  local home = wanted:get("homeDashboardUID")
  if r.status ~= "not-found" or not home or r.reason == "org-not-found" then return r end
  return outcome.new("not-found", ("there is no dashboard %s, which is to be the home"):format(home))
end

function kind.write(at, object)
  if object.key == OWN then return put(at, nil, object.doc) end
  local team = team_of(at, object.key)   -- Grafana would keep those of a team that does not exist
  if not team then return outcome.new("not-found", "there is no team " .. object.doc:get("team")) end
  return put(at, team, object.doc)
end

function kind.delete(at, now)
  return put(at, now.lock.team and {id = now.lock.team}, objects.document(core.object {}))
end

function kind.references(value, swap)
  parts.swap_at(value, swap, "teams", "team")
  parts.swap_at(value, swap, "dashboards", "homeDashboardUID")
  return value
end

return kind
