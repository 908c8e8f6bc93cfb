-- SPDX-License-Identifier: MIT
-- luacheck: std ngx_lua
-- All that the stand-in remembers: one table, made anew by reset().

local flavours = require "server.flavours"

local state = {}

-- A small generator of its own, so that each fresh server gives out the same uids. The seed is chosen so that the three dashboards which
-- the recordings make without a uid sort by uid as they did there: `/apis` lists by uid.
local SEED = 3
local random_state

function state.random(limit)
  random_state = random_state * 48271 % 2147483647
  return random_state % limit
end

local function random_text(alphabet, length)
  local chars = {}
  for index = 1, length do
    local at = state.random(#alphabet) + 1
    chars[index] = alphabet:sub(at, at)
  end
  return table.concat(chars)
end

local LOWER = "0123456789abcdefghijklmnopqrstuvwxyz"
local MIXED = LOWER .. "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
state.secret_text = function(length) return random_text(MIXED, length) end

-- A uid as this Grafana makes them for all but 12.4.3's dashboards.
function state.short_uid()
  if state.v9 then return random_text(MIXED, 9) end
  return random_text("abcdef", 1) .. random_text(LOWER, 13)
end

function state.uuid()
  local hex = "0123456789abcdef"
  return table.concat({ random_text(hex, 8), random_text(hex, 4), "4" .. random_text(hex, 3), random_text("89ab", 1) .. random_text(hex, 3),
    random_text(hex, 12) }, "-")
end

-- The next number of a series: "org", "user", "dashboard", …
function state.next_id(series)
  local id = (state.series[series] or 0) + 1
  state.series[series] = id
  return id
end

-- Ids of dashboards and folders: small on 9.3.2, snowflakes on 12.4.3.
function state.next_object_id()
  if state.v9 then return state.next_id("object") end
  return 3222618305503232 + state.next_id("object") * 4194304 + state.random(4) * 1024
end

-- A number that grows with every write, shaped as /apis shows it: microseconds since 1970.
function state.next_resource_version()
  local version = math.floor(ngx.now() * 1e6)
  if version <= state.resource_version then version = state.resource_version + 1 end
  state.resource_version = version
  return version
end

-- Who wrote something, as /apis names them.
function state.identity(req)
  if req.user then return "user:" .. req.user.uid end
  return req.account and "service-account:" .. req.account.uid or ""
end

function state.time(seconds) return os.date("!%Y-%m-%dT%H:%M:%SZ", seconds or ngx.time()) end

-- The key of an administrator of organisation 1, where there are no passwords.
state.FIRST_TOKEN = "glsa_first-token-of-an-admin"

-- A fresh server: organisation 1 with admin/admin.
function state.reset(flavour)
  random_state = SEED
  state.flavour = flavour or state.flavour
  state.personality, state.settings = flavours.settings(state.flavour)
  state.v9 = state.personality == "9.3.2"
  state.series, state.resource_version, state.kube_texts = {}, 0, {}
  state.orgs, state.org_by_name = {}, {}
  state.users, state.user_by_login, state.user_by_email = {}, {}, {}
  state.sessions, state.tokens, state.failed_logins = {}, {}, {}
  state.snapshots, state.continuations = {}, {}
  local org = state.add_org("Main Org.")
  local user = state.add_user { login = "admin", email = "admin@localhost", name = "", password = "admin", org_id = org.id }
  user.server_admin = true
  org.members[user.id] = "Admin"
  if state.settings.bearer_only then
    state.tokens[state.FIRST_TOKEN] = { id = state.next_id("token"), name = "first", role = "Admin", org_id = org.id, created = state.time() }
  end
end

function state.add_org(name)
  local org = {
    id = state.next_id("org"), name = name, address = {}, members = {}, datasources = {}, folders = {}, dashboards = {},
    dashboard_by_id = {}, dashboard_by_place = {}, folder_by_id = {}, teams = {}, service_accounts = {}, api_keys = {}, annotations = {}, preferences = {},
    team_preferences = {}, library = {}, library_known = {}, playlists = {}, born = ngx.now(), generation = 0, by_uid = {},
  }
  state.orgs[org.id], state.org_by_name[name] = org, org
  return org
end

function state.remove_org(org)
  state.orgs[org.id], state.org_by_name[org.name] = nil, nil
  for key, token in pairs(state.tokens) do
    if token.org_id == org.id then state.tokens[key] = nil end
  end
end

function state.add_user(fields)
  local now = state.time()
  local user = {
    id = state.next_id("user"), uid = state.short_uid(), login = fields.login, email = fields.email, name = fields.name or "",
    password = fields.password, org_id = fields.org_id, created = now, updated = now, stars = {},
  }
  state.users[user.id] = user
  state.index_user(user)
  return user
end

function state.index_user(user)
  state.user_by_login[user.login:lower()], state.user_by_email[user.email:lower()] = user, user
end

function state.unindex_user(user)
  state.user_by_login[user.login:lower()], state.user_by_email[user.email:lower()] = nil, nil
end

function state.find_user(login_or_email)
  local key = login_or_email:lower()
  return state.user_by_login[key] or state.user_by_email[key]
end

function state.remove_user(user)
  state.users[user.id] = nil
  state.unindex_user(user)
  for _, org in pairs(state.orgs) do
    org.members[user.id] = nil
    for _, team in pairs(org.teams) do team.members[user.id] = nil end
  end
  for key, session in pairs(state.sessions) do
    if session.user == user then state.sessions[key] = nil end
  end
end

-- The organisations a user belongs to, by name.
function state.orgs_of(user)
  local list = {}
  for _, org in pairs(state.orgs) do
    if org.members[user.id] then list[#list + 1] = org end
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

-- Forgets what is derived from an organisation's dashboards and folders.
function state.touch(org)
  org.sorted, org.by_uid, org.generation = nil, {}, org.generation + 1
end

return state
