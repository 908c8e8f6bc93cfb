-- SPDX-License-Identifier: MIT
-- Sets up a team: its members, a folder that they may edit and everybody else may only look at, and a service account
-- with a token for its scripts. Run it again and nothing is doubled: what is there stays, what is missing is added.
--
--     export GRAFANA_URL=https://example.org/grafana GRAFANA_USER=admin GRAFANA_PASSWORD=…
--     lua5.4 examples/team.lua "Web Ops" ann bo@example.org
--
-- It needs the rights of an admin of the organisation, which is the credentials' own; the members must be in it
-- already. The token is printed once: Grafana does not tell it again.

local grafana = require "grafana"
local check = grafana.check

local DAY = 24 * 3600

-- `check` returns a result that is ok or has one of the statuses named, and raises any other with its message. Where
-- something exists already the result has its id too.

local function set_up_team(g, name, people)
  local team = check(g:create_team(nil, {name = name}), "already-exists")
  print(("team %s: %s, id %d"):format(name, team.status, team.id))
  for _, person in ipairs(people) do
    local added = check(g:add_team_member(nil, team.id, person), "already-exists", "user-not-found")
    print(("member %s: %s"):format(person, added.status))
  end
  return team.id
end

local function set_up_folder(g, name, team)
  -- By a uid of our own the next run finds the folder again: titles need not be unique, and people rename them.
  local uid = ("team-%d"):format(team)
  local folder = check(g:create_folder(nil, {title = name, uid = uid}), "already-exists")
  print(("folder %s: %s"):format(uid, folder.status))

  -- Every editor may edit a new folder, which this replaces. Later runs keep what others have been granted since.
  local grants = {roles = {Viewer = "View"}, teams = {[name] = "Edit"}}
  local r = check(g:grant_folder_permissions(nil, uid, grants, {keep = not folder.ok}))
  for _, item in ipairs(r.granted) do
    print(("permission: %s, %d"):format(item.role or item.team or item.user, item.permission))   -- 1 View, 2 Edit
  end
  for _, unknown in ipairs(r.skipped) do print(("no such %s: %s"):format(unknown.kind, unknown.name)) end
end

local function set_up_scripts(g, team)
  -- Not by the team's name: Grafana makes logins of these names, and "Web Ops" and "Web-Ops" would have one.
  local robot = ("team-%d scripts"):format(team)
  local account = check(g:create_service_account(nil, {name = robot, role = "Viewer"}), "already-exists")
  print(("service account %s: %s, id %d"):format(robot, account.status, account.id))

  -- The names of tokens are unique in an organisation, not only in their service account.
  local token = check(g:create_token(nil, account.id, {name = robot, secondsToLive = 90 * DAY}), "already-exists")
  print(token.ok and "token: " .. token.key or "token: there is one already, which Grafana does not show again")
end

local function main(name, ...)
  local g = grafana.connect(nil, nil, {org = grafana.own})   -- as the environment says; org stands for every nil above
  local team = set_up_team(g, name, {...})
  set_up_folder(g, name, team)
  set_up_scripts(g, team)
  g:close()
end

if not arg[1] then
  io.stderr:write("usage: lua5.4 examples/team.lua TEAM [LOGIN OR EMAIL …]\n")
  os.exit(2)
end
local fine, problem = pcall(main, (table.unpack or unpack)(arg))
if not fine then
  io.stderr:write("team.lua: ", tostring(problem), "\n")
  os.exit(1, true)   -- true: with everything closed
end
