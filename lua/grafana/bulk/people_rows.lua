-- SPDX-License-Identifier: MIT
--- The lists that `create_users` and `add_org_users` take, looked at before anything is sent. What is wrong by its type
-- is an error of the program and raised; what is missing, or no role, fails that one row (`failure`).
-- @module grafana.bulk.people_rows

local check = require "grafana.bulk.check"
local nearest = require "grafana.nearest"
local outcome = require "grafana.bulk.outcome"
local parts = require "grafana.bulk.people_parts"

local ipairs, pairs, tostring, type = ipairs, pairs, tostring, type

local rows = {}

local ROLES = {viewer = "Viewer", editor = "Editor", admin = "Admin", none = "None"}

--- A role as Grafana writes it; nil: there is no such role.
function rows.role(text)
  return type(text) == "string" and ROLES[text:lower()] or nil
end

-- ------------------------------------------------------------------------------------------------------- raised --

local function complain(job, i, text, ...)
  check.fail(job, "list[%s]: %s", tostring(i), text:format(...))
end

local function check_row(job, i, row, types, count)
  if type(i) ~= "number" then complain(job, i, "an array of rows expected: {{login = …}, …}") end
  if i > count then complain(job, i, "the rows before it have a gap at %d", count + 1) end
  if type(row) ~= "table" then complain(job, i, "table expected, got %s", type(row)) end
  for name, value in pairs(row) do
    if not types[name] then
      local names = {}
      for known in pairs(types) do names[#names + 1] = known end
      complain(job, i, "unknown key '%s'%s", tostring(name), nearest.hint(tostring(name), names))
    end
    if type(value) ~= types[name] then
      complain(job, i, "key '%s': %s expected, got %s", name, types[name], type(value))
    end
  end
end

-- -------------------------------------------------------------------------------------------------------- refused --

local function missing(text) return outcome.new("missing-mandatory-data", text) end

local function no_role(text) return outcome.new("role-not-found", ("there is no role '%s'"):format(tostring(text))) end

-- The roles by organisation; nil and the result that says which is none.
local function orgs_of(given)
  if not given then return nil end
  local orgs = {}
  for name, role in pairs(given) do
    orgs[name] = rows.role(role)
    if not orgs[name] then return nil, no_role(role) end
  end
  return orgs
end

local function same_person(row)
  return {
    login = parts.small(parts.filled(row.login)), email = parts.small(parts.filled(row.email)),
    title = parts.filled(row.login) or parts.filled(row.email) or "?",
  }
end

local USER = {
  login = "string", email = "string", name = "string", password = "string", orgs = "table", admin = "boolean",
}

-- Without a login the email is it, as Grafana has it.
local function user_of(row)
  local user = same_person(row)
  user.name, user.password, user.admin = parts.filled(row.name), row.password ~= "" and row.password or nil, row.admin
  user.orgs, user.failure = orgs_of(row.orgs)
  user.login = user.login or user.email
  if not user.login then user.failure = missing("a login or an email is needed") end
  return user
end

local MEMBER = {login = "string", email = "string", role = "string"}

local function member_of(row)
  local member = same_person(row)
  member.role = rows.role(row.role)
  if not member.login and not member.email then member.failure = missing("a login or an email is needed")
  elseif not parts.filled(row.role) then member.failure = missing("a role is needed")
  elseif not member.role then member.failure = no_role(row.role) end
  return member
end

-- ---------------------------------------------------------------------------------------------------------- twice --

local function twice(what)
  return outcome.new("invalid-data", ("it is in the list twice, with two different values of '%s'"):format(what))
end

-- What a later row of the same person adds; the name of what contradicts.
local function merge(into, row)
  for _, name in ipairs {"email", "name", "password", "admin", "role"} do
    if into[name] ~= nil and row[name] ~= nil and into[name] ~= row[name] then return name end
    if into[name] == nil then into[name] = row[name] end
  end
  for org, role in pairs(row.orgs or {}) do
    into.orgs = into.orgs or {}
    if into.orgs[org] and into.orgs[org] ~= role then return "orgs" end
    into.orgs[org] = role
  end
end

local function read(job, list, types, read_row)
  local result, seen = {}, {}
  for i, given in pairs(list) do check_row(job, i, given, types, #list) end
  for _, given in ipairs(list) do
    local row = read_row(given)
    local known = not row.failure and seen[row.login or row.email]
    local contradiction = known and merge(known, row)
    if contradiction then row.failure = twice(contradiction) end
    if not known or contradiction then result[#result + 1] = row end
    if not row.failure then seen[row.login or row.email] = seen[row.login or row.email] or row end
  end
  return result
end

--- Rows of users: `{login, email, name, password, orgs, admin, title, failure}`. Rows of one login are one.
function rows.users(list)
  return read("create_users", list, USER, user_of)
end

--- Rows of members: `{login, email, role, title, failure}`.
function rows.members(list)
  return read("add_org_users", list, MEMBER, member_of)
end

return rows
