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

-- Who is no Admin of the organisation sees the teams that it administers.
local function may_see(req, team)
  local member = req.user and team.members[req.user.id]
  return req.role == "Admin" or (member ~= nil and member.permission == ADMIN)
end

local function search(req)
  local query, name, found = req:arg("query") or "", req:arg("name") or "", {}
  for _, team in pairs(req.org.teams) do
    local fits = (name == "" or team.name == name) and (query == "" or paging.contains(team.name, query))
    if fits and may_see(req, team) then found[#found + 1] = team end
  end
  table.sort(found, function(a, b) return a.name < b.name end)
  local page, size = paging.asked(req)
  local result = paging.cut(found, page, size)
  for index, team in ipairs(result) do result[index] = describe(req.org, team) end
  return answer.ok { totalCount = #found, teams = result, page = page, perPage = size }
end

-- Wraps a handler of one team. `missing`: what 9.3.2 says then, which 12.4.3 does in one way.
local function of_team(handler, missing)
  return function(req)
    local id = req:id("team_id")
    local team = req.org.teams[id]
    if team then return handler(req, team) end
    if not state.v9 and id == 0 then return answer.failure(500, "Failed to get Team") end
    return state.v9 and missing and missing(req) or not_found()
  end
end

local function show(req, team) return answer.ok(describe(req.org, team)) end

-- An empty name is passed over.
local function update(req, team)
  local body = req:bind { name = "string", email = "string" }
  if not body then return answer.bad_request() end
  local name = (body.name or "") ~= "" and body.name or team.name
  local other = find_by_name(req.org, name)
  if other and other ~= team then return answer.failure(400, "Team name taken") end
  team.name, team.email = name, body.email or ""
  return answer.message(200, "Team updated")
end

local function missing_at_update() return answer.failure(500, "Failed to update Team") end

-- What was permitted to a team goes with it.
local function forget_rows(objects, team)
  for _, object in pairs(objects) do
    for i = #object.acl, 1, -1 do
      if object.acl[i].team_id == team.id then table.remove(object.acl, i) end
    end
  end
end

local function delete(req, team)
  req.org.teams[team.id] = nil
  forget_rows(req.org.folders, team)
  forget_rows(req.org.dashboards, team)
  return answer.message(200, "Team deleted")
end

local function missing_at_deletion() return answer.message(404, "Failed to delete Team. ID not found") end

local function show_member(org, team, user, member)
  local shown = {
    orgId = org.id, teamId = team.id, userId = user.id, auth_module = "", email = user.email, name = user.name, login = user.login,
    avatarUrl = views.AVATAR, labels = json.array {}, permission = member.permission,
  }
  if not state.v9 then shown.uid, shown.teamUID, shown.userUID = member.uid, team.uid, user.uid end
  return shown
end

local function list_members(req, team, result)
  local ids = {}
  for id in pairs(team.members) do ids[#ids + 1] = id end
  table.sort(ids, function(a, b) return team.members[a].order < team.members[b].order end)
  for _, id in ipairs(ids) do result[#result + 1] = show_member(req.org, team, state.users[id], team.members[id]) end
end

-- A team that does not exist has none, team 0 those of all teams; who may not see users sees none.
local function members(req)
  local id, result, all = req:id("team_id"), json.array {}, {}
  for _, team in pairs(req.org.teams) do
    if id == 0 or team.id == id then all[#all + 1] = team end
  end
  table.sort(all, function(a, b) return a.id < b.id end)
  for _, team in ipairs(req.role == "Admin" and all or {}) do list_members(req, team, result) end
  return answer.ok(result)
end

-- Any user can be added, also one who is no member of the organisation; as a plain member, whatever is asked for.
local function add(req, team)
  local body = req:bind { userId = "integer", permission = "integer" }
  if not body or (body.userId or 0) == 0 then return answer.bad_request() end
  local user = state.users[body.userId]
  if not user then return answer.failure(500, "Failed to add Member to Team") end
  if team.members[user.id] then return answer.message(400, "User is already added to this team") end
  add_member(team, user, 0)
  return answer.message(200, "Member added to Team")
end

local function missing_at_addition() return answer.failure(500, "Failed to add Member to Team") end

local function update_member(req, team)
  local body = req:bind { permission = "integer" }
  local member = team.members[req:id("user_id")]
  if not body then return answer.bad_request() end
  if not member then return answer.message(404, "Team member not found.") end
  member.permission = body.permission == ADMIN and ADMIN or 0
  return answer.message(200, "Team member updated")
end

local function remove_member(req, team)
  local id = req:id("user_id")
  if not state.users[id] then return answer.failure(500, "Failed to remove Member from Team") end
  if not team.members[id] then return answer.message(404, "Team member not found") end
  team.members[id] = nil
  return answer.message(200, "Team Member removed")
end

-- Puts the users with these e-mails into `wanted`; whether there are such.
local function wanted_members(emails, permission, wanted)
  for _, email in ipairs(emails or {}) do
    local user = type(email) == "string" and state.user_by_email[email:lower()]
    if not user then return false end
    wanted[user.id] = wanted[user.id] or permission
  end
  return true
end

-- All members at once; who is not named is none any more.
local function set_members(req, team)
  local body, wanted = req:bind { members = "array", admins = "array" }, {}
  if not body then return answer.bad_request() end
  if not wanted_members(body.admins, ADMIN, wanted) or not wanted_members(body.members, 0, wanted) then
    return answer.message(404, "user not found")
  end
  for id in pairs(team.members) do
    if not wanted[id] then team.members[id] = nil end
  end
  for id, permission in pairs(wanted) do
    if team.members[id] then team.members[id].permission = permission else add_member(team, state.users[id], permission) end
  end
  return answer.message(200, "Team memberships have been updated")
end

local function missing_at_removal() return answer.message(404, "Team not found") end

local READ, WRITE = "teams.permissions:read", "teams.permissions:write"

teams.routes = {
  { "POST /api/teams", "teams:create", create },
  { "GET /api/teams/search", "teams:read", search },
  { "GET /api/teams/:team_id", "teams:read", of_team(show) },
  { "PUT /api/teams/:team_id", "teams:write", of_team(update, missing_at_update) },
  { "DELETE /api/teams/:team_id", "teams:delete", of_team(delete, missing_at_deletion) },
  { "GET /api/teams/:team_id/members", READ, members },
  { "POST /api/teams/:team_id/members", WRITE, of_team(add, missing_at_addition) },
  { "PUT /api/teams/:team_id/members", WRITE, of_team(set_members), only = "12.4.3" },
  { "PUT /api/teams/:team_id/members/:user_id", WRITE, of_team(update_member) },
  { "DELETE /api/teams/:team_id/members/:user_id", WRITE, of_team(remove_member, missing_at_removal) },
}

return teams
