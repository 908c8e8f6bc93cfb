-- SPDX-License-Identifier: MIT
-- Permissions of data sources, which the open-source server has not: its answer is 404, and so is ours until a test says
-- `s:set { datasource_permissions = 1 }` (by number, to be enabled: Enterprise up to 9, Amazon Managed Grafana) or 2 (below
-- /api/access-control, always enabled: Enterprise and Cloud since). Requests and answers are those of the manuals; nothing was recorded.

local json = require "server.json"
local state = require "server.state"
local answer = require "server.answer"
local auth = require "server.auth"
local views = require "server.views"

local permissions = {}

-- What a level is called in either generation, and what it allows.
local LEVELS = { [1] = "Query", [2] = "Edit", [4] = "Admin" }
local BY_NAME = { Query = 1, Edit = 2, Admin = 4 }
local ACTIONS = {
  Query = { "datasources:query", "datasources:read" },
  Edit = { "datasources:query", "datasources:read", "datasources:write", "datasources:delete" },
  Admin = { "datasources:query", "datasources:read", "datasources:write", "datasources:delete", "datasources.permissions:read",
    "datasources.permissions:write" },
}

-- Rows of a source: { id, user_id | team_id | role, permission }.
local function rows_of(source)
  if not source.permissions and state.datasource_permissions == 2 then
    source.permissions = { { id = state.next_id("permission"), role = "Viewer", permission = 1 },
      { id = state.next_id("permission"), role = "Editor", permission = 1 } }
  end
  source.permissions = source.permissions or {}
  return source.permissions
end

local function applies(req, row)
  if row.role then return auth.RANK[req.role] >= auth.RANK[row.role] end
  if row.user_id then return req.user ~= nil and req.user.id == row.user_id end
  local team = req.org.teams[row.team_id]
  return req.user ~= nil and team ~= nil and team.members[req.user.id] ~= nil
end

-- Whether the asker may see and query a source.
function permissions.may_query(req, source)
  local generation = state.datasource_permissions
  if generation == 0 or req.role == "Admin" or (generation == 1 and not source.restricted) then return true end
  for _, row in ipairs(rows_of(source)) do
    if applies(req, row) then return true end
  end
  return false
end

-- Wraps a handler: there in its generation only, and with a data source.
local function of_source(generation, handler)
  return function(req)
    if state.datasource_permissions ~= generation then return answer.no_route() end
    local source = generation == 1 and req.org.datasources[tonumber(req.params.source)]
    for _, other in pairs(generation == 2 and req.org.datasources or {}) do
      if other.uid == req.params.source then source = other end
    end
    if not source then return answer.message(404, "Data source not found") end
    return handler(req, source)
  end
end

-- Shows whom a row is about, the way both generations do.
local function show_subject(req, row, shown)
  local user, team = state.users[row.user_id], req.org.teams[row.team_id]
  if user then shown.userId, shown.userLogin, shown.userEmail, shown.userAvatarUrl = user.id, user.login, user.email, views.AVATAR end
  if team then shown.teamId, shown.team, shown.teamAvatarUrl = team.id, team.name, views.AVATAR end
  shown.builtInRole = row.role
  return shown
end

local function list_first(req, source)
  local shown = json.array {}
  for index, row in ipairs(rows_of(source)) do
    shown[index] = show_subject(req, row, { id = row.id, datasourceId = source.id, permission = row.permission, permissionName = LEVELS[row.permission],
      created = row.created, updated = row.created })
  end
  return answer.ok { datasourceId = source.id, enabled = source.restricted or false, permissions = shown }
end

local function set_restricted(restricted, message)
  return function(_, source)
    source.restricted = restricted
    if not restricted then source.permissions = {} end
    return answer.message(200, message)
  end
end

local function same_subject(row, user_id, team_id, role) return row.user_id == user_id and row.team_id == team_id and row.role == role end

local function add_first(req, source)
  local body = req:bind { userId = "integer", teamId = "integer", builtInRole = "string", permission = "integer" }
  local user, team = body and state.users[body.userId], body and req.org.teams[body.teamId]
  local role = body and body.builtInRole
  if not body or not LEVELS[body.permission] or not (user or team or role and auth.RANK[role]) then
    return answer.failure(400, "Permission could not be added")
  end
  for _, row in ipairs(rows_of(source)) do
    if same_subject(row, user and user.id, team and team.id, role) then return answer.failure(400, "Permission could not be added") end
  end
  table.insert(rows_of(source), { id = state.next_id("permission"), user_id = user and user.id, team_id = team and team.id, role = role,
    permission = body.permission, created = state.time() })
  return answer.message(200, "Datasource permission added")
end

local function remove_first(req, source)
  for index, row in ipairs(rows_of(source)) do
    if row.id == tonumber(req.params.permission) then
      table.remove(source.permissions, index)
      return answer.message(200, "Datasource permission removed")
    end
  end
  return answer.message(404, "Permission not found")
end

local function list_second(req, source)
  local result = json.array {}
  for index, row in ipairs(rows_of(source)) do
    local name, actions = LEVELS[row.permission], json.array {}
    for number, action in ipairs(ACTIONS[name]) do actions[number] = action end
    result[index] = show_subject(req, row, { id = row.id, roleName = "managed:permissions", isManaged = true, isInherited = false,
      isServiceAccount = false, actions = actions, permission = name })
  end
  return answer.ok(result)
end

-- Puts, replaces or, with "", removes the row of one user, team or role.
local function set_second(kind)
  return function(req, source)
    local body = req:bind { permission = "string" }
    local text = req.params.subject
    local user, team = kind == "user" and state.users[tonumber(text)], kind == "team" and req.org.teams[tonumber(text)]
    local role = kind == "role" and auth.RANK[text] and text
    if not body or (body.permission or "") ~= "" and not BY_NAME[body.permission] then return answer.bad_request() end
    if not (user or team or role) then return answer.failure(kind == "role" and 400 or 404, kind .. " not found") end
    local rows, user_id, team_id = rows_of(source), user and user.id or nil, team and team.id or nil
    for index = #rows, 1, -1 do
      if same_subject(rows[index], user_id, team_id, role or nil) then table.remove(rows, index) end
    end
    if (body.permission or "") == "" then return answer.message(200, "Permission removed") end
    rows[#rows + 1] = { id = state.next_id("permission"), user_id = user_id, team_id = team_id, role = role or nil, permission = BY_NAME[body.permission] }
    return answer.message(200, "Permission updated")
  end
end

local ADMIN = "datasources:write"
local FIRST, SECOND = "/api/datasources/:source/", "/api/access-control/datasources/:source"

permissions.routes = {
  { "GET " .. FIRST .. "permissions", ADMIN, of_source(1, list_first) },
  { "POST " .. FIRST .. "permissions", ADMIN, of_source(1, add_first) },
  { "DELETE " .. FIRST .. "permissions/:permission", ADMIN, of_source(1, remove_first) },
  { "POST " .. FIRST .. "enable-permissions", ADMIN, of_source(1, set_restricted(true, "Datasource permissions enabled")) },
  { "POST " .. FIRST .. "disable-permissions", ADMIN, of_source(1, set_restricted(false, "Datasource permissions disabled")) },
  { "GET " .. SECOND, ADMIN, of_source(2, list_second) },
  { "POST " .. SECOND .. "/users/:subject", ADMIN, of_source(2, set_second("user")) },
  { "POST " .. SECOND .. "/teams/:subject", ADMIN, of_source(2, set_second("team")) },
  { "POST " .. SECOND .. "/builtInRoles/:subject", ADMIN, of_source(2, set_second("role")) },
}

return permissions
