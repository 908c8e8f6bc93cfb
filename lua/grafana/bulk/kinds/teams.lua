-- SPDX-License-Identifier: MIT
--- Teams: `{name, email, members, admins}`, members and admins (of the team, who are members, too) by login. Members
-- whom a group outside of Grafana puts there are left out, and left alone.
-- @module grafana.bulk.kinds.teams

local core = require "grafana.core"
local objects = require "grafana.bulk.objects"
local outcome = require "grafana.bulk.outcome"
local parts = require "grafana.bulk.people_parts"
local pool = require "grafana.bulk.pool"

local ipairs, pairs, table, type = ipairs, pairs, table, type

local kind = {
  name = "teams",
  one = "team",
  scope = "org",
  one_at_a_time = true,   -- of 1,005 made sixteen at a time a real server refused 287
  cannot_undo = {delete = {
    "ids of deleted teams, and the groups outside of Grafana that were bound to them",
    "what was permitted to deleted teams, where the job leaves that alone",
  }},
}

local ADMIN = 4

-- By login, who is in it: `{id, is_admin}`, or false for somebody from outside.
local function by_login(list)
  local members = {}
  for _, user in ipairs(list) do
    local is_outside = type(user.labels) == "table" and user.labels[1] ~= nil
    members[parts.small(user.login)] = not is_outside and {id = user.userId, is_admin = user.permission == ADMIN}
  end
  return members
end

local function form(team, members)
  local all, admins = core.array {}, core.array {}
  for login, member in pairs(members) do
    if member then all[#all + 1] = login end
    if member and member.is_admin then admins[#admins + 1] = login end
  end
  table.sort(all)
  table.sort(admins)
  return {name = team.name, email = parts.filled(team.email), members = all, admins = admins[1] and admins or nil}
end

local function object_of(team, members)
  return objects.new(kind, form(team, members), {id = team.id, members = members})
end

function kind.key(value) return value:get("name") end
kind.title = kind.key

-- Who may not see the organisation's users is shown a team without them.
local function incomplete(team, list)
  if #list >= (team.memberCount or 0) then return nil end
  return outcome.new("access-denied", ("%d of its %d members are not shown to this account"):format(
    team.memberCount - #list, team.memberCount), "forbidden")
end

-- The object; nil: the team is gone; nil and a result: it could not be read.
local function read_team(at, team)
  local r = at.g:get_team_members(at.org, team.id)
  if r.status == "not-found" and r.reason ~= "org-not-found" then return nil end
  if not r.ok then return nil, r end
  local refused = incomplete(team, r.members)
  if refused then return nil, refused end
  return object_of(team, by_login(r.members))
end

function kind.list(at, out)
  local r = at.g:get_teams(at.org)
  if not r.ok then return r end
  pool.each(at.g, r.teams, function(team)
    local object, failure = read_team(at, team)
    if object then out.take(object) elseif failure then out.fail(team.name, team.name, failure) end
  end)
  return outcome.ok()
end

function kind.read(at, key)
  local r = at.g:get_teams(at.org, {name = key})
  if not r.ok then return nil, r end
  for _, team in ipairs(r.teams) do
    if team.name == key then return read_team(at, team) end
  end
end

-- --------------------------------------------------------------------------------------------------------- writing --

local function create(at, wanted)
  local made = at.g:create_team(at.org, {name = wanted:get("name"), email = wanted:get("email")})
  if not made.ok then return made end
  at:forget("teams")
  local r = at.g:get_team_members(at.org, made.id)   -- who made it is in it
  if not r.ok then return parts.half_done("the team was created, without members", r) end
  return r, {id = made.id, members = by_login(r.members)}
end

local function update(at, wanted, now)
  local email = wanted:get("email")
  if email == now.doc:get("email") then return outcome.ok(), now.lock end
  return at.g:update_team(at.org, now.lock.id, {email = email or ""}), now.lock
end

-- What is to be, by login: true for an admin of the team.
local function wanted_members(wanted)
  local members = {}
  for _, login in ipairs(wanted:get("members") or {}) do members[login] = false end
  for _, login in ipairs(wanted:get("admins") or {}) do members[login] = true end
  return members
end

local function in_order(members)
  local logins = {}
  for login in pairs(members) do logins[#logins + 1] = login end
  table.sort(logins)
  return logins
end

local function add(at, team, login)
  local id = at:user_id(login)
  if not id then return outcome.new("user-not-found", "there is no user " .. login), nil end
  local r = at.g:call("addTeamMember", {team_id = team.id, userId = id}, {org = at.org})
  return r, {id = id, is_admin = false}
end

local function set_admin(at, team, member, is_admin)
  return at.g:call("updateTeamMember", {team_id = team.id, user_id = member.id, permission = is_admin and ADMIN or 0},
    {org = at.org})
end

local function put_in(at, team, login, is_admin)
  local r, member = outcome.ok(), team.members[login]
  if member == false then return r end   -- somebody from outside
  if not member then r, member = add(at, team, login) end
  if not r.ok or member.is_admin == is_admin then return r end
  return set_admin(at, team, member, is_admin)
end

-- All is tried; the results of what failed, the first of each status.
local function set_members(at, team, wanted)
  local failures = {}
  local function note(login, r)
    if not r.ok then failures[#failures + 1] = {login = login, r = r} end
  end
  local members = wanted_members(wanted)
  for _, login in ipairs(in_order(members)) do note(login, put_in(at, team, login, members[login])) end
  for _, login in ipairs(in_order(team.members)) do
    local member = team.members[login]
    if member and members[login] == nil then note(login, at.g:delete_team_member(at.org, team.id, member.id)) end
  end
  return failures
end

local function told(failures, status)
  local logins = {}
  for _, failure in ipairs(failures) do
    if failure.r.status == status then logins[#logins + 1] = failure.login end
  end
  return table.concat(logins, ", ")
end

local function members_result(failures)
  if not failures[1] then return outcome.ok() end
  for _, failure in ipairs(failures) do
    if failure.r.status ~= "user-not-found" then
      return parts.half_done("the team is there", failure.r, "not with all its members ("
        .. told(failures, failure.r.status) .. "): ")
    end
  end
  return outcome.new("user-not-found", "the team is there, but without its members " .. told(failures, "user-not-found")
    .. ": there are no such users")
end

function kind.write(at, object, now)
  local r, team
  if now then r, team = update(at, object.doc, now) else r, team = create(at, object.doc) end
  if not r.ok then return r end
  return members_result(set_members(at, team, object.doc))
end

function kind.delete(at, now)
  local r = at.g:delete_team(at.org, now.lock.id)
  at:forget("teams")
  return r
end

local function swap_all(value, swap, list)
  local logins = value:get(list)
  if not logins then return end
  for i, login in ipairs(logins) do logins[i] = swap("users", login) or login end
  table.sort(logins)
  value:set(core.array(logins), list)
end

function kind.references(value, swap)
  swap_all(value, swap, "members")
  swap_all(value, swap, "admins")
  return value
end

return kind
