-- SPDX-License-Identifier: MIT
--- Runs examples/team.lua as an operator does, in a process of its own, and says what holds afterwards.

local assert = require "luassert"
local example = require "spec.support.example"
local grafana = require "grafana"

local team_example = {}

--- What it prints, as lines, and whether it succeeded.
-- @tab account url, user, password
-- @param ... its arguments
function team_example.run(account, ...)
  return example.run("team.lua", account, ...)
end

-- Of each line its status, or its first word where it tells none.
local function statuses(lines)
  local found = {}
  for i, line in ipairs(lines) do
    found[i] = line:match("^%w+")
    for _, status in ipairs {"ok", "already-exists", "user-not-found"} do
      local _, last = line:find(": " .. status, 1, true)
      if last and (last == #line or line:sub(last + 1, last + 4) == ", id") then found[i] = status end
    end
  end
  return found
end

local function named(list, key, name)
  for _, item in ipairs(list) do
    if item[key] == name then return item end
  end
end

-- What is in the organisation: the permission of the team and of viewers for its folder, who is in it, and the names of
-- its tokens.
local function seen(g, org, name)
  local team = grafana.check(g:get_team(org, name)).team
  local folder = named(grafana.check(g:get_folders(org)).folders, "title", name)
  local items = grafana.check(g:get_folder_permissions(org, folder.uid)).permissions
  local robot = ("team-%d scripts"):format(team.id)
  local account = named(grafana.check(g:get_service_accounts(org)).service_accounts, "name", robot)
  local tokens, logins = {}, {}
  for i, token in ipairs(grafana.check(g:get_tokens(org, account.id)).tokens) do tokens[i] = token.name end
  for _, member in ipairs(grafana.check(g:get_team_members(org, team.id)).members) do logins[member.login] = true end
  return {
    items = #items, team = named(items, "team", name).permission, viewers = named(items, "role", "Viewer").permission,
    account = account.role, tokens = #tokens, token = tokens[1] == robot, logins = logins,
  }
end

--- It sets up a team, once and again.
-- @tab account an admin of one organisation, `org`
-- @param g a client that may look
-- @string name of the team
-- @string login of a user in that organisation
function team_example.sets_up(account, g, name, login)
  local first, fine = team_example.run(account, name, login, "no-body")
  assert(fine, table.concat(first, "\n"))
  assert.same({"ok", "ok", "user-not-found", "ok", "permission", "permission", "ok", "token"}, statuses(first))
  local key = first[#first]:match("^token: (glsa_%S+)$")
  local robot = grafana.connect(account.url, {token = key})
  assert.equal("ok", robot:get_org_dashboards(grafana.own).status)
  robot:close()
  local expected = {
    items = 2, team = 2, viewers = 1, account = "Viewer", tokens = 1, token = true,
    logins = {[login] = true, [account.user] = true},   -- who creates a team is in it
  }
  assert.same(expected, seen(g, account.org, name))

  local again
  again, fine = team_example.run(account, name, login, "no-body")
  assert(fine, table.concat(again, "\n"))
  assert.same({"already-exists", "already-exists", "user-not-found", "already-exists", "permission", "permission",
    "already-exists", "token"}, statuses(again))
  assert.matches("^token: there is one already", again[#again])
  assert.same(expected, seen(g, account.org, name))
end

return team_example
