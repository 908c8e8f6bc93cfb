-- SPDX-License-Identifier: MIT
--- Who is in an organisation: `{login, role}`, one object a member. A role that an outside directory gives is left out.
-- @module grafana.bulk.kinds.org_users

local objects = require "grafana.bulk.objects"
local outcome = require "grafana.bulk.outcome"
local parts = require "grafana.bulk.people_parts"

local ipairs = ipairs

local kind = {
  name = "org_users",
  one = "member",
  scope = "org",
  cannot_undo = {delete = {"teams of who leaves an organisation, and what was permitted there by name"}},
}

local function form(user)
  return {login = parts.small(user.login), role = user.isExternallySynced ~= true and user.role or nil}
end

local function object_of(user)
  return objects.new(kind, form(user), {id = user.userId})
end

function kind.key(value) return value:get("login") end
kind.title = kind.key

function kind.list(at, out)
  local r = at.g:get_org_users(at.org)
  if not r.ok then return r end
  for _, user in ipairs(r.users) do out.take(object_of(user)) end
  return outcome.ok()
end

function kind.read(at, key)
  local r = at.g:get_org_users(at.org, {query = key})
  if not r.ok then return nil, r end
  for _, user in ipairs(r.users) do
    if parts.small(user.login) == key then return object_of(user) end
  end
end

-- An organisation keeps an Admin who may sign in. The result that refuses; nil: there is another.
local function refuse_last_admin(at, now, what)
  if now.doc:get("role") ~= "Admin" then return nil end
  local r = at.g:get_org_users(at.org)
  if not r.ok then return r end
  for _, user in ipairs(r.users) do
    if user.role == "Admin" and user.isDisabled ~= true and user.userId ~= now.lock.id then return nil end
  end
  return outcome.new("invalid-data", ("this is the last Admin of the organisation: it is not %s"):format(what))
end

-- Somebody whom a directory outside is to give a role begins with the least.
local function add(at, object)
  local r = at.g:add_org_user(at.org, object.key, object.doc:get("role") or "Viewer")
  if r.ok then at:forget("users") end
  return r
end

function kind.write(at, object, now)
  if not now then return add(at, object) end
  local role = object.doc:get("role")
  if not role or role == now.doc:get("role") then return outcome.ok() end
  local refused = refuse_last_admin(at, now, "given another role")
  return refused or at.g:update_org_user(at.org, now.lock.id, {role = role})
end

function kind.delete(at, now)
  local refused = refuse_last_admin(at, now, "removed")
  if refused then return refused end
  local r = at.g:delete_org_user(at.org, now.lock.id)
  at:forget("users")
  return r
end

function kind.references(value, swap)
  parts.swap_at(value, swap, "users", "login")
  return value
end

function kind.about(value)
  return {is_admin = value:get("role") == "Admin"}
end

-- Admins first: then the last one that there was can be given another role.
function kind.rank(about)
  return about.is_admin and 0 or 1
end

return kind
