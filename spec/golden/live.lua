-- SPDX-License-Identifier: MIT
--- Runs golden cases against a server, the stand-in or a real one. Whatever a case creates has a name that nobody else
-- uses, and is removed when the case has ended, however it ended; nothing else on that server is touched.

local cases = require "spec.golden.cases"
local compare = require "spec.golden.compare"
local grafana = require "grafana"

local live = {}

local PASSWORD = "golden-pass-1"
local count = 0

-- Differs from run to run and from process to process.
local function new_prefix()
  local place = tostring({}):match("0x(%x+)") or ""
  return ("golden-%x-%s"):format(os.time() % 0x1000000, place:sub(-6))
end

local function connect(server, login, password)
  return grafana.connect(server.url, { login, password }, { timeout = 30000, transport = server.transport })
end

--- A server to run cases against. `recorded`: the version whose answers it should give; `exact`: it is of that version.
-- @tab options url, user, password; transport: that of every client, as connect takes it
function live.server(options)
  local server = { url = options.url, user = options.user, password = options.password, prefix = new_prefix() }
  server.transport = options.transport
  server.admin = connect(server, server.user, server.password)
  server.version = grafana.check(server.admin:version()).version
  local major = tonumber(server.version:match("^%d+"))
  server.recorded = major >= 10 and "12.4.3" or "9.3.2"
  server.exact = server.version:match("^[%d.]+") == server.recorded
  return server
end

-- ------------------------------------------------------------------------------------------- plain requests --

local function quoted(text) return '"' .. text:gsub('[\\"]', "\\%0"):gsub("\n", "\\n") .. '"' end

local function write_file(text)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
  return path
end

--- A request that does not pass through the library: by the curl program, with the password in a file of its own.
-- @treturn number,string the code and the body
function live.http(server, method, path, options)
  options = options or {}
  local lines = {
    "silent", "show-error", "max-time = 30", 'write-out = "\\n%{http_code}"', "request = " .. method,
    "url = " .. quoted(server.url .. path), "user = " .. quoted(server.user .. ":" .. server.password),
    'header = "Content-Type: application/json"',
  }
  if options.org then lines[#lines + 1] = ('header = "X-Grafana-Org-Id: %s"'):format(grafana.encode(options.org)) end
  for name, value in pairs(options.headers or {}) do
    lines[#lines + 1] = "header = " .. quoted(name .. ": " .. value)
  end
  local body = options.body and write_file(grafana.encode(options.body))
  if body then lines[#lines + 1] = "data-binary = " .. quoted("@" .. body) end
  local config = write_file(table.concat(lines, "\n"))
  local pipe = io.popen("curl -q --config " .. config .. " 2>&1")
  local text, code = pipe:read("*a"):match("^(.*)\n(%d+)%s*$")
  pipe:close()
  os.remove(config)
  if body then os.remove(body) end
  return tonumber(code), text
end

local function http(server, method, path, options)
  local code, text = live.http(server, method, path, options)
  if not code or code >= 300 then error(("%s %s: %s %s"):format(method, path, tostring(code), tostring(text)), 2) end
  return grafana.decode(text)
end

-- ------------------------------------------------------------------------------------------ what cases create --

local World = {}
World.__index = World

--- What is created on a server through it, `world:clean()` removes.
function live.world(server)
  return setmetatable({ server = server, names = {}, orgs = {}, users = {} }, World)
end

--- A name that nobody else has: of an organisation, a user, or anything.
function World:unique(suffix)
  count = count + 1
  local name = self.server.prefix .. "-" .. count .. (suffix or "")
  self.names[#self.names + 1] = name
  return name
end

function World:new_org(name)
  local id = grafana.check(self.server.admin:create_org(name or self:unique())).id
  table.insert(self.orgs, 1, id)
  return id
end

-- Users live in an organisation of the case, never in one that was there before.
function World:home()
  if not self.home_org then self.home_org = self:new_org() end
  return self.home_org
end

--- {id, login, email, name, password} of a new user; `org` and `role` there, `admin`: of the server.
function World:new_user(options)
  options = options or {}
  local admin, login = self.server.admin, options.login or self:unique()
  local org = options.org or self:home()
  local user = { login = login, email = login .. "@example.org", name = "Golden", password = PASSWORD, OrgId = org }
  user.id = grafana.check(admin:create_user(user)).id
  table.insert(self.users, user.id)
  grafana.check(admin:update_org_user(org, user.id, options.role or "Viewer"))
  if options.admin then grafana.check(admin:set_user_admin(user.id, true)) end
  return user
end

--- As the server shows it; `parent` is the uid of the folder that it is to be in.
function World:new_folder(org, uid, title, parent)
  local folder = { uid = uid, title = title or uid, parentUid = parent }
  return http(self.server, "POST", "/api/folders", { org = org, body = folder })
end

--- An alert rule in a folder; as the server shows it.
function World:new_alert_rule(org, folder)
  local query = {
    refId = "A", relativeTimeRange = { from = 600, to = 0 }, datasourceUid = "__expr__",
    model = { refId = "A", type = "math", expression = "1 > 0" },
  }
  return http(self.server, "POST", "/api/v1/provisioning/alert-rules", { org = org, body = {
    title = "High", ruleGroup = "g1", folderUID = folder, orgID = org, condition = "A", ["for"] = "5m",
    noDataState = "NoData", execErrState = "Error", data = { query },
  } })
end

--- Posts a dashboard; its uid.
function World:new_dashboard(org, dashboard, options)
  return grafana.check(self.server.admin:update_or_create_dashboard(org, dashboard, options or {})).uid
end

--- The data source as create_datasource gives it.
function World:new_datasource(org, given)
  local whole = { type = "prometheus", access = "proxy", url = "http://127.0.0.1:9" }
  for key, value in pairs(given) do whole[key] = value end
  return grafana.check(self.server.admin:create_datasource(org, whole)).datasource
end

--- {id, uid, name} of a new team; `fields` as create_team takes them.
function World:new_team(org, fields)
  local team = { name = self:unique() }
  for key, value in pairs(fields or {}) do team[key] = value end
  local made = grafana.check(self.server.admin:create_team(org, team))
  return { id = made.id, uid = made.uid, name = team.name }
end

--- {id, name} of a new service account.
function World:new_service_account(org, fields)
  local account = { name = self:unique(), role = "Viewer" }
  for key, value in pairs(fields or {}) do account[key] = value end
  return { id = grafana.check(self.server.admin:create_service_account(org, account)).id, name = account.name }
end

--- {id, name, key} of a new token of a service account.
function World:new_token(org, account, name, seconds)
  name = name or self:unique()
  local made = grafana.check(self.server.admin:create_token(org, account, { name = name, secondsToLive = seconds }))
  return { id = made.id, name = name, key = made.key }
end

-- ------------------------------------------------------------------------------------------------- cleaning --

local function empty_org(server, org)
  for _, hit in ipairs(server.admin:search(org, { type = "dash-db" }).hits or {}) do
    server.admin:delete_dashboard(org, hit.uid)
  end
  for _, hit in ipairs(server.admin:search(org, { type = "dash-folder" }).hits or {}) do
    live.http(server, "DELETE", "/api/folders/" .. hit.uid, { org = org })
  end
  for _, team in ipairs(server.admin:get_teams(org).teams or {}) do server.admin:delete_team(org, team.id) end
  for _, account in ipairs(server.admin:get_service_accounts(org).service_accounts or {}) do   -- else they outlive it
    server.admin:delete_service_account(org, account.id)
  end
end

--- Removes all that was created, also what has one of the unique names. Returns what could not be removed.
function World:clean()
  local admin, left = self.server.admin, {}
  for _, name in ipairs(self.names) do
    local org, user = admin:get_org(name), admin:get_user(name)
    if org.ok then self.orgs[#self.orgs + 1] = org.org.id end
    if user.ok then self.users[#self.users + 1] = user.user.id end
  end
  for _, id in ipairs(self.users) do
    local r = admin:delete_user(id)
    if not r.ok and r.status ~= "not-found" then left[#left + 1] = tostring(r) end
  end
  for _, id in ipairs(self.orgs) do
    if admin:get_org(id).ok then empty_org(self.server, id) end
    local r = admin:delete_org(id)
    if not r.ok and r.status ~= "not-found" then left[#left + 1] = tostring(r) end
  end
  return left
end

--- Organisations and users that have this run's prefix, as two lists of names; asked without the library.
function live.leftovers(server)
  local orgs, users = {}, {}
  for _, org in ipairs(http(server, "GET", "/api/orgs?perpage=5000&query=" .. server.prefix)) do
    orgs[#orgs + 1] = org.name
  end
  local found = http(server, "GET", "/api/users/search?perpage=5000&query=" .. server.prefix)
  for _, user in ipairs(found.users) do
    users[#users + 1] = user.login
  end
  return orgs, users
end

-- -------------------------------------------------------------------------------------------------- running --

local METHODS = { "unique", "new_org", "new_user", "new_folder", "new_alert_rule", "new_dashboard", "new_datasource",
  "new_team", "new_service_account", "new_token" }

-- A client on which operations are called; `run` learns which.
local function client_of(run, login, password)
  local client = connect(run.server, login, password)
  return setmetatable({}, { __index = function(_, name)
    return function(_, ...)
      if run.calling then run.operation = compare.operation(name, (...)) end
      return client[name](client, ...)
    end
  end })
end

local function environment(run, world)
  local env = setmetatable({}, { __index = _G })
  env.live, env.version, env.grafana = true, run.server.recorded, grafana
  env.missing, env.ghost = 2000000000, run.server.prefix .. "-nobody"   -- an id and a login that nobody has
  function env.recorded() return nil end
  env.like = compare.like
  function env.as(user, password) return client_of(run, user.login, password or user.password) end
  function env.answer(index)
    return compare.like(assert(grafana.decode(run.case.http[index].answers[run.server.recorded].body)))
  end
  function env.http(...) return http(run.server, ...) end
  for _, name in ipairs(METHODS) do
    env[name] = function(...) return world[name](world, ...) end
  end
  env.g = client_of(run, run.server.user, run.server.password)
  return env
end

local function run_in(run, world, other_name)
  local case, env = run.case, environment(run, world)
  cases.compile(case, "common", env)()
  cases.compile(case, "given", env)()
  local g = env.g
  if other_name then env.g = setmetatable({}, { __index = function() return g[other_name] end }) end
  if run.before_call then run.before_call() end
  run.calling = true
  local result = cases.compile(case, "call", env, "return ")()
  run.calling = false
  local arrived = run.after_call and run.after_call()
  env.g, env.r = g, result
  local expected = cases.compile(case, "result", env, "return ")()
  local found = compare.results(expected, result,
    { operation = run.operation, any_message = true, exact_keys = run.server.exact })
  if #found == 0 then cases.compile(case, "after", env)() end
  return found, result, arrived
end

--- Runs a case and cleans up. Returns the differences from what it says, the result, and what `after_call` returned.
-- @tab server from live.server
-- @tab case
-- @tab[opt] options `before_call`, `after_call`: functions around the call itself; `name`: call this operation instead
function live.run(server, case, options)
  options = options or {}
  local world = live.world(server)
  local run = { server = server, case = case, before_call = options.before_call, after_call = options.after_call }
  local done, found, result, arrived = pcall(run_in, run, world, options.name)
  local left = world:clean()
  if not done then error(found, 0) end
  for _, text in ipairs(left) do found[#found + 1] = "left behind: " .. text end
  return found, result, arrived
end

return live
