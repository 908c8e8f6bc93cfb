-- SPDX-License-Identifier: MIT
-- Onboards a team from a CSV file (login,email,name,role): users who are not there yet, their roles in the
-- organisation, and the team with all of them in it. It shows what it would do; with --apply it does it. Run it again
-- with more lines in the file, and only what is new is done.
--
--     export GRAFANA_URL=https://example.org/grafana GRAFANA_USER=admin GRAFANA_PASSWORD=…
--     lua5.4 examples/onboard_team.lua examples/people.csv "Web Ops" --apply
--
-- It needs a server admin; the organisation is the credentials' own. New users get a password at random, printed once.

local grafana = require "grafana"
local bulk = require "grafana.bulk"
local check = grafana.check

-- Of one line. A field in quotes may hold commas, and quotes, which are doubled.
local function fields_of(line)
  local fields, at = {}, 1
  repeat
    local text, stop = line:match('^"([^"]*)"()', at)
    while text and line:sub(stop, stop) == '"' do
      local more, after = line:match('^"([^"]*)"()', stop)
      text, stop = more and text .. '"' .. more, after
    end
    if not text then text, stop = line:match('^([^,"]*)()', at) end
    local ends = line:sub(stop, stop)
    if ends ~= "," and ends ~= "" then error("this is no line of CSV: " .. line, 0) end
    fields[#fields + 1], at = text, stop + 1
  until ends == ""
  return fields
end

-- Rows by the names in the first line.
local function read_csv(path)
  local names, rows = nil, {}
  for line in io.lines(path) do
    line = line:gsub("\r$", "")
    local fields, row = fields_of((line:gsub("^\239\187\191", ""))), {}   -- Excel begins files with that
    for i, name in ipairs(names or {}) do row[name] = fields[i] end
    if names and line ~= "" then rows[#rows + 1] = row end
    names = names or fields
  end
  return rows
end

local function new_password()
  local file = assert(io.open("/dev/urandom", "rb"))
  local bytes = file:read(12)
  file:close()
  return (bytes:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end

-- The plan for all users and their roles, and the passwords that it asks for when it is carried out.
local function plan_users(g, org, rows)
  local list, passwords = {}, {}
  for i, row in ipairs(rows) do
    list[i] = {login = row.login, email = row.email, name = row.name, orgs = {[org] = row.role}}
  end
  local function secret(ask)
    passwords[ask.key] = new_password()
    return passwords[ask.key]
  end
  return bulk.create_users(g, list, {secret = secret}), passwords
end

local function set_up_team(g, name, rows)
  local team = check(g:create_team(nil, {name = name}), "already-exists")
  print(("team %s: %s"):format(name, team.status))
  for _, row in ipairs(rows) do
    local added = check(g:add_team_member(nil, team.id, row.email), "already-exists", "user-not-found")
    print(("member %s: %s"):format(row.email, added.status))
  end
end

local function main(path, team, flag)
  local g = grafana.connect(nil, nil, {org = grafana.own})   -- as the environment says; org stands for every nil above
  local rows = read_csv(path)
  local plan, passwords = plan_users(g, check(g:get_current_org()).org.id, rows)
  print(plan)
  if flag == "--apply" then
    print(plan:apply())
    for _, change in ipairs(plan.changes) do
      local is_new = change.kind == "users" and change.action == "create" and change.state == "done"
      if is_new then print(("password of %s: %s"):format(change.key, passwords[change.key])) end
    end
    set_up_team(g, team, rows)
  else
    print(("Then the team %s, with all %d of the file. To do it: --apply"):format(team, #rows))
  end
  plan:close()
  g:close()
end

if not arg[2] then
  io.stderr:write("usage: lua5.4 examples/onboard_team.lua FILE TEAM [--apply]\n")
  os.exit(2)
end
local fine, problem = pcall(main, arg[1], arg[2], arg[3])
if not fine then
  io.stderr:write("onboard_team.lua: ", tostring(problem), "\n")
  os.exit(1, true)   -- true: with everything closed
end
