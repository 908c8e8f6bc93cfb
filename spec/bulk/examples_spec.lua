-- SPDX-License-Identifier: MIT
-- The examples about whole servers do what they say: a backup into git, from staging to production, an organisation to
-- another server.

package.path = "./?.lua;./?/init.lua;" .. package.path

local bulk = require "grafana.bulk"
local example = require "spec.support.example"
local grafana = require "grafana"
local two_worlds = require "spec.support.two_worlds"
local world = require "spec.support.bulk_world"

local check = grafana.check
local two, state

setup(function() two = two_worlds.start("12.4.3") end)
teardown(function() two:stop() end)
before_each(function()
  two:empty()
  state = two:folder()
end)

local function account(i, env)
  env = env or {}
  env.XDG_STATE_HOME = state   -- where journals go
  return {url = two[i].url, user = "admin", password = "admin", env = env}
end

local function output_of(command)
  local pipe = io.popen(command)
  local text = pipe:read("*a")
  pipe:close()
  return text
end

local function has_git()
  return output_of("command -v git") ~= ""
end

it("examples/backup_to_git.lua commits what has changed, and nothing else", function()
  if not has_git() then return pending "no git" end
  local dir = two:folder()
  local function commits() return tonumber(output_of("git -C '" .. dir .. "' rev-list --count HEAD")) end
  local lines, fine = example.run("backup_to_git.lua", account(1), dir)
  assert.is_true(fine, table.concat(lines, "\n"))
  assert.equal(1, commits())
  assert.is_true(select(2, example.run("backup_to_git.lua", account(1), dir)))
  assert.equal(1, commits())
  check(two.g:update_or_create_dashboard(1, {uid = "new", title = "New", panels = {}}))
  assert.is_true(select(2, example.run("backup_to_git.lua", account(1), dir)))
  assert.equal(2, commits())
  local changed = output_of("git -C '" .. dir .. "' show --stat --name-only --format= HEAD")
  assert.matches("dashboards/new%-new.json", changed)
  check(two.g:delete_dashboard(1, "new"))
  example.run("backup_to_git.lua", account(1), dir)
  assert.equal("", output_of("git -C '" .. dir .. "' ls-files '*new-new.json'"))
end)

it("examples/promote.lua shows what would change, asks, and brings it to production", function()
  local robot = check(two.g:create_service_account(two.acme, {name = "promoter", role = "Admin"}))
  local token = check(two.g:create_token(two.acme, robot.id, {name = "t"})).key
  local env = {STAGING_URL = two[1].url, STAGING_TOKEN = token}
  local lines, fine = example.run("promote.lua", account(2, env))   -- nobody answers: no
  assert.is_false(fine)
  local text = table.concat(lines, "\n")
  assert.matches("+++ Main Org./dashboards/many-0001", text, 1, true)
  assert.matches("Carry it out?", text, 1, true)
  assert.same({}, check(two.other:search(1)).hits)
  lines, fine = example.run("promote.lua", account(2, env), "--yes")
  assert.is_true(fine, table.concat(lines, "\n"))
  assert.is_nil(table.concat(lines, "\n"):find(token, 1, true))
  assert.equal("top", check(two.other:get_dashboard(1, "many-0003")).meta.folderUid)
  assert.is_true(select(2, example.run("promote.lua", account(2, env), "--yes")))
end)

it("examples/move_organisation.lua brings an organisation to another server, with the secrets that it has", function()
  local path = two:folder()
  local file = assert(io.open(path, "w"))
  local users, keys = {}, {"basicAuthPassword", "httpHeaderValue1"}
  for login, password in pairs(world.PASSWORDS) do users[login] = {password = password} end
  local prom = {}
  for _, key in ipairs(keys) do prom[key] = world.SECRETS[key] end
  file:write(grafana.encode {users = users, datasources = {prom = prom}, contact_points = {
    ["cp-slack"] = {token = world.SECRETS.token}, ["cp-hook"] = {url = world.WEBHOOK},
  }})
  file:close()
  local env = {NEW_URL = two[2].url, NEW_USER = "admin", NEW_PASSWORD = "admin"}
  local lines, fine = example.run("move_organisation.lua", account(1, env), "Acme", path)
  local text = table.concat(lines, "\n")
  assert.is_true(fine, text)
  assert.matches("0 added, 0 removed, 0 changed", text, 1, true)
  assert.is_nil(text:find("hunter", 1, true))
  local difference = bulk.diff({two.g, "Acme"}, {two.other, "Acme"})
  assert.same({0, 0, 0}, {#difference.added, #difference.removed, #difference.changed})
  difference:close()
end)
