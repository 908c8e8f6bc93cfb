-- SPDX-License-Identifier: MIT
-- Teams and their members. Who makes a team belongs to it.

local json = require "server.json"
local state = require "server.state"
local answer = require "server.answer"
local paging = require "server.paging"
local views = require "server.views"

local teams = {}

local ADMIN = 4

local function not_found() return answer.failure(404, "Team not found") end

local function describe(org, team)
  local count = 0
  for _ in pairs(team.members) do count = count + 1 end
  local shown = {
    id = team.id, orgId = org.id, name = team.name, email = team.email, avatarUrl = views.AVATAR, memberCount = count, permission = 0,
    accessControl = json.null,
  }
  if not state.v9 then shown.uid, shown.externalUID, shown.isProvisioned = team.uid, "", false end
  return shown
end

local function find_by_name(org, name)
  for _, team in pairs(org.teams) do
    if team.name == name then return team end
  end
  return nil
end

local function add_member(team, user, permission)
  team.members[user.id] = { uid = state.short_uid(), permission = permission, order = state.next_id("member") }
end

local function create(req)
  local body = req:bind { name = "string", email = "string" }
  if not body or (body.name or "") == "" then return answer.bad_request() end
  if find_by_name(req.org, body.name) then return answer.failure(409, "Team name taken") end
  local team = { id = state.next_id("team"), uid = state.short_uid(), name = body.name, email = body.email or "", members = {} }
  req.org.teams[team.id] = team
  if req.user then add_member(team, req.user, ADMIN) end
  return answer.ok { message = "Team created", teamId = team.id, uid = not state.v9 and team.uid or nil }
end

local function search(req)
  local query, name, found = req:arg("query") or "", req:arg("name") or "", {}
  for _, team in pairs(req.org.teams) do
    if (name == "" or team.name == name) and (query == "" or paging.contains(team.name, query)) then found[#found + 1] = team end
  end
  table.sort(found, function(a, b) return a.name < b.name end)
  local page, size = paging.asked(req)
  local result = paging.cut(found, page, size)
  for index, team in ipairs(result) do result[index] = describe(req.org, team) end
  return answer.ok { totalCount = #found, teams = result, page = page, perPage = size }
end

-- Wraps a handler of one team. 12.4.3 also takes a uid.
local function of_team(handler)
  return function(req)
    local id = req:id("team_id")
    local team = id and req.org.teams[id]
    for _, other in pairs(not id and not state.v9 and req.org.teams or {}) do
      if other.uid == req.params.team_id then team = other end
    end
    if not team then return not_found() end
    return handler(req, team)
  end
end

local function show(req, team) return answer.ok(describe(req.org, team)) end

local function update(req, team)
  local body = req:bind { name = "string", email = "string" }
  if not body or (body.name or "") == "" then return answer.bad_request() end
  local other = find_by_name(req.org, body.name)
  if other and other ~= team then return answer.failure(400, "Team name taken") end
  team.name, team.email = body.name, body.email or ""
  return answer.message(200, "Team updated")
end

local function delete(req, team)
  req.org.teams[team.id] = nil
  return answer.message(200, "Team deleted")
end

local function show_member(org, team, user, member)
  local shown = {
    orgId = org.id, teamId = team.id, userId = user.id, auth_module = "", email = user.email, name = user.name, login = user.login,
    avatarUrl = views.AVATAR, labels = json.array {}, permission = member.permission,
  }
  if not state.v9 then shown.uid, shown.teamUID, shown.userUID = member.uid, team.uid, user.uid end
  return shown
end

local function members(req, team)
  local ids, result = {}, json.array {}
  for id in pairs(team.members) do ids[#ids + 1] = id end
  table.sort(ids, function(a, b) return team.members[a].order < team.members[b].order end)
  for index, id in ipairs(ids) do result[index] = show_member(req.org, team, state.users[id], team.members[id]) end
  return answer.ok(result)
end

local function add(req, team)
  local body = req:bind { userId = "integer" }
  if not body then return answer.bad_request() end
  local user = state.users[body.userId or 0]
  if not user then return answer.failure(500, "Failed to add Member to Team") end
  if team.members[user.id] then return answer.message(400, "User is already added to this team") end
  add_member(team, user, 0)
  return answer.message(200, "Member added to Team")
end

local function update_member(req, team)
  local body = req:bind { permission = "integer" }
  local member = team.members[req:id("user_id")]
  if not body then return answer.bad_request() end
  if not member then return answer.message(404, "Team member not found.") end
  member.permission = body.permission or 0
  return answer.message(200, "Team member updated")
end

local function remove_member(req, team)
  local id = req:id("user_id")
  if not team.members[id] then return answer.message(404, "Team member not found") end
  team.members[id] = nil
  return answer.message(200, "Team Member removed")
end

teams.routes = {
  { "POST /api/teams", "teams:create", create },
  { "GET /api/teams/search", "teams:read", search },
  { "GET /api/teams/:team_id", "teams:read", of_team(show) },
  { "PUT /api/teams/:team_id", "teams:write", of_team(update) },
  { "DELETE /api/teams/:team_id", "teams:delete", of_team(delete) },
  { "GET /api/teams/:team_id/members", "teams.permissions:read", of_team(members) },
  { "POST /api/teams/:team_id/members", "teams.permissions:write", of_team(add) },
  { "PUT /api/teams/:team_id/members/:user_id", "teams.permissions:write", of_team(update_member) },
  { "DELETE /api/teams/:team_id/members/:user_id", "teams.permissions:write", of_team(remove_member) },
}

return teams
