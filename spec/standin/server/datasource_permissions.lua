-- SPDX-License-Identifier: MIT
-- Permissions of data sources, which the open-source server has not: its answer is 404, and so is ours until a test says
-- `s:set { datasource_permissions = 1 }` (by number, to be enabled: Enterprise up to 9, Amazon Managed Grafana) or 2 (below
-- /api/access-control, always enabled: Enterprise and Cloud since). Nothing was recorded. The first generation's requests and answers are those of the
-- manuals; the second's are those of 12.4.3's own routes for permissions of folders and teams, which are made of the same parts.

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
  if not source.permissions and state.settings.datasource_permissions == 2 then
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
  local generation = state.settings.datasource_permissions
  if generation == 0 or req.role == "Admin" or (generation == 1 and not source.restricted) then return true end
  for _, row in ipairs(rows_of(source)) do
    if applies(req, row) then return true end
  end
  return false
end

local function find_source(req, generation)
  if generation == 1 then return req.org.datasources[tonumber(req.params.source)] end
  for _, source in pairs(req.org.datasources) do
    if source.uid == req.params.source then return source end
  end
  return nil
end

-- Wraps a handler: there in its generation only; `missing` answers for a data source that is not there.
local function of_source(generation, handler, missing)
  return function(req)
    local source = find_source(req, generation)
    if source then return handler(req, source) end
    return missing and missing(req) or answer.message(404, "Data source not found")
  end
end

-- A user, or a service account, which is one too.
local function find_user(req, id) return state.users[id] or req.org.service_accounts[id] end

-- Shows whom a row is about, the way both generations do.
local function show_subject(req, row, shown)
  local user, team = find_user(req, row.user_id), req.org.teams[row.team_id]
  if user then shown.userId, shown.userLogin, shown.userAvatarUrl = user.id, user.login, views.AVATAR end
  if team then shown.teamId, shown.team, shown.teamAvatarUrl = team.id, team.name, views.AVATAR end
  shown.builtInRole = row.role
  return shown, user, team
end

local function list_first(req, source)
  local shown = json.array {}
  for index, row in ipairs(rows_of(source)) do
    local item, user = show_subject(req, row, { id = row.id, datasourceId = source.id, permission = row.permission,
      permissionName = LEVELS[row.permission], created = row.created, updated = row.created })
    item.userEmail = user and user.email or nil
    shown[index] = item
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

local function actions_of(level)
  local actions = json.array {}
  for index, action in ipairs(ACTIONS[level]) do actions[index] = action end
  return actions
end

local function role_name(row)
  if row.role then return "managed:builtins:" .. row.role:lower() .. ":permissions" end
  return ("managed:%s:%d:permissions"):format(row.user_id and "users" or "teams", row.user_id or row.team_id)
end

local function show_second(req, row)
  local level = LEVELS[row.permission]
  local item, user, team = show_subject(req, row, { id = row.id, roleName = role_name(row), isManaged = true, isInherited = false,
    isServiceAccount = req.org.service_accounts[row.user_id] ~= nil, actions = actions_of(level), permission = level })
  if not state.v9 then item.userUid, item.teamUid = user and user.uid, team and team.uid end
  return item
end

-- What admins may, they may by their role: nobody gave it to them here. It is all that a data source has which is not there.
local function of_admins()
  return { id = 385, roleName = "basic:admin", isManaged = false, isInherited = false, isServiceAccount = false, builtInRole = "Admin",
    actions = actions_of("Admin"), permission = "Admin" }
end

local function list_second(req, source)
  local result = json.array {}
  for index, row in ipairs(rows_of(source)) do result[index] = show_second(req, row) end
  result[#result + 1] = of_admins()
  return answer.ok(result)
end

local function list_of_none() return answer.ok(json.array { of_admins() }) end

local function describe()
  local all = { users = true, serviceAccounts = true, teams = true, builtInRoles = true }
  return answer.ok { assignments = all, permissions = json.array { "Query", "Edit", "Admin" } }
end

local function no_subject(kind) return answer.coded(400, "accesscontrol.assignmentEntityNotFound", kind .. " not found") end

-- Who a path names, as the key of a row and its value; or nil and the answer that refuses. Whether a user is a member is not asked.
local FINDERS = {
  users = function(req, text)
    if not tonumber(text) then return nil, answer.no_such_user() end
    local id = tonumber(text)
    if find_user(req, id) then return "user_id", id end
    return nil, no_subject("user")
  end,
  teams = function(req, text)
    local id = tonumber(text)
    if req.org.teams[id] then return "team_id", id end
    return nil, no_subject("team")
  end,
  builtInRoles = function(_, text)
    if text == "None" then return nil, answer.message(500, "Internal Server Error") end
    if auth.RANK[text] then return "role", text end
    return nil, answer.coded(400, "accesscontrol.invalidBuiltInRole", "built-in role [" .. text .. "] is not valid")
  end,
}

local function put(source, key, value, level)
  local rows = rows_of(source)
  for index = #rows, 1, -1 do
    if rows[index][key] == value then table.remove(rows, index) end
  end
  if level then rows[#rows + 1] = { id = state.next_id("permission"), [key] = value, permission = level } end
end

-- Puts, replaces or, with "", removes the row of one user, team or role.
local function set_second(kind)
  return function(req)
    local body = req:bind { permission = "string" }
    if not body then return answer.bad_request() end
    local wanted = body.permission or ""
    if wanted ~= "" and not BY_NAME[wanted] then
      return answer.coded(400, "resourcePermissions.invalidPermission", "Permission [" .. wanted .. "] is invalid for this resource type")
    end
    local key, value = FINDERS[kind](req, req.params.subject)
    if not key then return value end
    local source = find_source(req, 2)
    if not source then return answer.message(500, "Internal Server Error") end
    put(source, key, value, BY_NAME[wanted])
    return answer.message(200, wanted == "" and "Permission removed" or "Permission updated")
  end
end

local READ, WRITE = "datasources.permissions:read", "datasources.permissions:write"
local FIRST, SECOND = "/api/datasources/:source/", "/api/access-control/datasources/"

-- A route of one generation: where the server has the other, or none, there is no such route to anyone.
local function route(generation, path, permission, handler)
  return { path, permission, handler, there = function() return state.settings.datasource_permissions == generation end }
end

permissions.routes = {
  route(1, "GET " .. FIRST .. "permissions", READ, of_source(1, list_first)),
  route(1, "POST " .. FIRST .. "permissions", WRITE, of_source(1, add_first)),
  route(1, "DELETE " .. FIRST .. "permissions/:permission", WRITE, of_source(1, remove_first)),
  route(1, "POST " .. FIRST .. "enable-permissions", WRITE, of_source(1, set_restricted(true, "Datasource permissions enabled"))),
  route(1, "POST " .. FIRST .. "disable-permissions", WRITE, of_source(1, set_restricted(false, "Datasource permissions disabled"))),
  route(2, "GET " .. SECOND .. "description", READ, describe),
  route(2, "GET " .. SECOND .. ":source", READ, of_source(2, list_second, list_of_none)),
  route(2, "POST " .. SECOND .. ":source/users/:subject", WRITE, set_second("users")),
  route(2, "POST " .. SECOND .. ":source/teams/:subject", WRITE, set_second("teams")),
  route(2, "POST " .. SECOND .. ":source/builtInRoles/:subject", WRITE, set_second("builtInRoles")),
}

return permissions
