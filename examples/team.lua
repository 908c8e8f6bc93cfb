-- SPDX-License-Identifier: MIT
-- Sets up a team: its members, a folder that they may edit and others may only look at, and a service account with a
-- token for its scripts. Run it again and nothing is doubled: what is there stays, what is missing is added.
--
--     export GRAFANA_URL=https://example.org/grafana GRAFANA_USER=admin GRAFANA_PASSWORD=…
--     lua5.4 examples/team.lua "Web Ops" ann bo@example.org
--
-- The members are users of the credentials' own organisation. The token is printed once: Grafana does not tell it
-- again.

local grafana = require "grafana"
local check = grafana.check

local name = arg[1]
if not name then
  io.stderr:write("usage: lua5.4 examples/team.lua TEAM [LOGIN OR EMAIL …]\n")
  os.exit(2)
end

-- As the environment says; `org` is where calls act that name no organisation.
local g = grafana.connect(nil, nil, {org = grafana.own})

-- `check` returns a result that is ok or has one of the statuses named, and raises any other with its message.
-- Either way `id` is there: of what was made, or of what exists already.
local team = check(g:create_team(nil, {name = name}), "already-exists")
print(("team %s: %s, id %d"):format(name, team.status, team.id))

for i = 2, #arg do
  local added = check(g:add_team_member(nil, team.id, arg[i]), "already-exists", "user-not-found")
  print(("member %s: %s"):format(arg[i], added.status))
end

-- A uid of our own makes the folder known again at the next run; titles need not be unique.
local uid = "team-" .. name:lower():gsub("[^%w]+", "-")
local folder = check(g:create_folder(nil, {title = name, uid = uid}), "already-exists")
print(("folder %s: %s"):format(uid, folder.status))

-- Names become ids. `keep` leaves what others have been granted here.
local granted = check(g:grant_folder_permissions(nil, uid, {
  roles = {Viewer = "View"},
  teams = {[name] = "Edit"},
}, {keep = true}))
print(("permissions: %d granted, %d skipped"):format(#granted.granted, #granted.skipped))

local account = check(g:create_service_account(nil, {name = name .. " scripts", role = "Viewer"}), "already-exists")
print(("service account: %s, id %d"):format(account.status, account.id))

local days = 24 * 3600
local token = check(g:create_token(nil, account.id, {name = "scripts", secondsToLive = 90 * days}), "already-exists")
print(token.ok and "token: " .. token.key or "token: there is one already, which Grafana does not show again")

g:close()
