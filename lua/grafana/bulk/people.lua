-- SPDX-License-Identifier: MIT
--- Lists of people to users and members: `create_users`, `add_org_users`. Both look first at who is there already, so
-- that the same list a second time is a plan without changes.
-- @module grafana.bulk.people

local core = require "grafana.core"
local check = require "grafana.bulk.check"
local kinds = require "grafana.bulk.kinds"
local objects = require "grafana.bulk.objects"
local outcome = require "grafana.bulk.outcome"
local parts = require "grafana.bulk.people_parts"
local place = require "grafana.bulk.place"
local pool = require "grafana.bulk.pool"
local rows = require "grafana.bulk.people_rows"
local transfer = require "grafana.bulk.transfer"

local ipairs, pairs, table, tostring = ipairs, pairs, table, tostring

local people = {}

local function ignore() end

-- ------------------------------------------------------------------------------------------------- who is there --

-- Of the users of the server those that rows are about, by login and by email: objects.
local function find_users(at, list)
  local wanted, found = {}, {by_login = {}, by_email = {}}
  for _, row in ipairs(list) do
    if row.login then wanted[row.login] = true end
    if row.email then wanted[row.email] = true end
  end
  local function take(object)
    local email = object.doc:get("email")
    if not wanted[object.key] and not wanted[email] then return object.doc:close() end
    found.by_login[object.key] = object
    if email then found.by_email[email] = object end
  end
  local r = kinds.get("users").list(at, {take = take, fail = ignore})
  return r.ok and found or nil, r
end

-- The members of an organisation, by login: objects.
local function find_members(at)
  local found = {}
  local function take(object) found[object.key] = object end
  local r = kinds.get("org_users").list(at, {take = take, fail = ignore})
  return r.ok and found or nil, r
end

local function fail(job, kind, name, r, org)
  job.builder:failed {
    kind = kind, org = org, key = name, title = name, status = r.status, reason = r.reason, code = r.code,
    message = r.message,
  }
end

-- ----------------------------------------------------------------------------------------------------- membership --

-- An organisation that was found: its place, its members, and the roles that are planned there.
local function look_into(job, at)
  if job.by_id[at.org] then return job.by_id[at.org] end
  local members, r = find_members(at)
  job.by_id[at.org] = members and {at = at, members = members, roles = {}}
  return job.by_id[at.org], r
end

-- The same by an id or a name, looked at once; false: it was said why not.
local function enter(job, name)
  if job.entered[name] ~= nil then return job.entered[name] end
  local at, r = place.find(job.server, name, job.options)
  local org
  if at then org, r = look_into(job, at) end
  job.entered[name] = org or false
  if not org then fail(job, "organisations", tostring(name), r) end
  return job.entered[name]
end

local function plan_member(job, org, login, role)
  if org.roles[login] == role then return end
  if org.roles[login] then
    local r = outcome.new("invalid-data", "it is in the list twice, with two different roles")
    return fail(job, "org_users", login, r, org.at.org_name)
  end
  org.roles[login] = role
  local kind, now = kinds.get("org_users"), org.members[login]
  local wanted = objects.new(kind, {login = login, role = role})
  job.builder:change {
    kind = kind, at = org.at, now = now, wanted = wanted, why = now and "another role" or "not a member",
  }
end

-- ------------------------------------------------------------------------------------------------- create_users --

-- Who is meant by a row: by the login, else by the email.
local function match(job, row)
  local by_login, by_email = job.found.by_login[row.login], row.email and job.found.by_email[row.email]
  if not by_login and by_email then
    job.builder:note(("%s: there is a user %s with the email %s, who is taken for the same person"):format(row.login,
      by_email.key, row.email))
  end
  return by_login or by_email
end

local function file_form(row, now)
  local value = now and now.doc:table() or {secrets = core.array {"password"}}
  value.login = now and now.key or row.login
  value.email, value.name = row.email or value.email or value.login, row.name or value.name
  if row.admin ~= nil then value.isGrafanaAdmin = row.admin or nil end
  return value
end

-- The organisations that a row names; a new user, and one who is in none, gets into that of the job.
local function orgs_of(job, row, now)
  if row.orgs then return row.orgs end
  if now and not job.homeless[now.key] then return {} end
  return {[job.home] = job.role}
end

local function sorted(orgs)
  local names = {}
  for name in pairs(orgs) do names[#names + 1] = name end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  return names
end

local function plan_user(job, row)
  local kind, now = kinds.get("users"), match(job, row)
  local wanted = objects.new(kind, file_form(row, now))
  job.passwords[wanted.key] = row.password
  local change = job.builder:change {
    kind = kind, org = false, now = now, wanted = wanted, why = now and "differs" or "not there",
  }
  if change and not now and not row.password then change.needs = {"password"} end
  local orgs = orgs_of(job, row, now)
  for _, name in ipairs(sorted(orgs)) do
    local org = enter(job, name)
    if org then plan_member(job, org, wanted.key, orgs[name]) end
  end
end

-- Of those who are there, and of whom no organisation is said: who is in none.
local function find_homeless(job, list)
  local there = {}
  for _, row in ipairs(list) do
    local now = not row.orgs and (job.found.by_login[row.login] or row.email and job.found.by_email[row.email])
    if now then there[#there + 1] = now end
  end
  local homeless = {}
  pool.each(job.server.g, there, function(now)
    local r = job.server.g:get_user_orgs(now.lock.id)
    if r.ok and #r.orgs == 0 then homeless[now.key] = true end
  end)
  return homeless
end

-- Passwords stay in memory: neither the plan nor its journal has them.
local function password_giver(passwords)
  return function(ask)
    if ask.kind == "users" and ask.name == "password" then return passwords[ask.key] end
  end
end

local USER_OPTIONS = {"org", "role", "secret", "journal", "on_progress"}
local OWN_TYPES = {
  org = {function(value) return type(value) == "number" or type(value) == "string" or value == core.own end,
    "id or name of an organisation"},
  role = {function(value) return rows.role(value) ~= nil end, "Viewer, Editor, Admin or None"},
}

--- See `bulk.create_users`.
function people.create_users(g, list, options)
  check.client("create_users", g, 1, "g")
  check.value("create_users", list, "table", 2, "list")
  list = rows.users(list)
  options = check.options("create_users", options, USER_OPTIONS, OWN_TYPES)
  local job = {
    options = options, entered = {}, by_id = {}, passwords = {}, home = options.org or core.own,
    role = rows.role(options.role or "Viewer"),
  }
  options.known_secret = password_giver(job.passwords)
  local r
  job.server, r = transfer.server_of(g)
  return transfer.build("create_users", job.server, options, function(b)
    job.builder = b
    if r then return b:refuse(r) end
    job.found, r = find_users(place.new(job.server, nil, options), list)
    if not job.found then return b:refuse(r) end
    job.homeless = find_homeless(job, list)
    for _, row in ipairs(list) do
      if row.failure then fail(job, "users", row.title, row.failure) else plan_user(job, row) end
    end
  end)
end

-- ------------------------------------------------------------------------------------------------ add_org_users --

-- Logins of members by their emails, of which the objects tell nothing; asked for only where a row has one.
local function logins_by_email(at, list)
  local logins, any = {}, false
  for _, row in ipairs(list) do any = any or row.email ~= nil end
  if not any then return logins end
  for _, user in ipairs(at.g:get_org_users(at.org).users or {}) do
    local email = parts.small(parts.filled(user.email))
    if email then logins[email] = parts.small(user.login) end
  end
  return logins
end

-- The login of a row's user; nil and a result: there is none. Who may not look leaves it to the server.
local function login_of(job, org, row)
  if row.login and org.members[row.login] then return row.login end
  if row.email and job.logins[row.email] then return job.logins[row.email] end
  if not job.found then return row.login or row.email end
  local user = job.found.by_login[row.login] or row.email and job.found.by_email[row.email]
  if user then return user.key end
  return nil, outcome.new("user-not-found", "there is no user " .. (row.login or row.email))
end

local function plan_row(job, org, row)
  local login, r = login_of(job, org, row)
  if not login then return fail(job, "org_users", row.title, r, org.at.org_name) end
  plan_member(job, org, login, row.role)
end

local MEMBER_OPTIONS = {"journal", "on_progress"}

--- See `bulk.add_org_users`.
function people.add_org_users(g, org, list, options)
  check.client("add_org_users", g, 1, "g")
  if not OWN_TYPES.org[1](org) then check.value("add_org_users", org, "string", 2, "org") end
  check.value("add_org_users", list, "table", 3, "list")
  list = rows.members(list)
  options = check.options("add_org_users", options, MEMBER_OPTIONS)
  local job = {options = options, entered = {}, by_id = {}}
  local r
  job.server, r = transfer.server_of(g)
  return transfer.build("add_org_users", job.server, options, function(b)
    job.builder = b
    if r then return b:refuse(r) end
    local entered = enter(job, org)
    if not entered then return end
    if job.server.is_admin then job.found = find_users(place.new(job.server, nil, options), list) end
    job.logins = logins_by_email(entered.at, list)
    for _, row in ipairs(list) do
      if row.failure then fail(job, "org_users", row.title, row.failure, entered.at.org_name)
      else plan_row(job, entered, row) end
    end
  end)
end

return people
