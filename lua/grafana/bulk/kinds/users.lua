-- SPDX-License-Identifier: MIT
--- Users of the server: `{login, email, name, isGrafanaAdmin, isDisabled}`, the last two only where they are true. In
-- which organisations they are, are objects of their own (`org_users`): a user who is made here is in none.
--
-- Who signs in through something outside (LDAP, OAuth) has no password here; whether a directory outside makes somebody
-- a server admin is left out.
-- @module grafana.bulk.kinds.users

local core = require "grafana.core"
local objects = require "grafana.bulk.objects"
local outcome = require "grafana.bulk.outcome"
local parts = require "grafana.bulk.people_parts"
local pool = require "grafana.bulk.pool"

local ipairs, type = ipairs, type

local kind = {
  name = "users",
  one = "user",
  scope = "server",
  keeps_secrets = true,   -- what is there keeps those that it has
  cannot_undo = {delete = {"passwords, tokens, stars and preferences of deleted users, and their ids"}},
}

-- The name of a user who is not whole yet: whoever finds it goes on where the last one was broken off.
local UNFINISHED = "(being created by grafana.bulk)"

-- What it signs in with, elsewhere; nil: with a password here.
local function outside(user)
  local labels = user.authLabels
  return type(labels) == "table" and labels[1] ~= nil and labels or nil
end

local function is_admin(user)
  return (user.isGrafanaAdmin == true or user.isAdmin == true) and user.isGrafanaAdminExternallySynced ~= true
end

local function form(user)
  return {
    login = parts.small(user.login), email = parts.small(parts.filled(user.email)), name = parts.filled(user.name),
    isGrafanaAdmin = is_admin(user) or nil, isDisabled = user.isDisabled == true or nil,
    secrets = not outside(user) and core.array {"password"} or nil,
  }
end

local function object_of(user)
  return objects.new(kind, form(user), {id = user.id, login = user.login})
end

function kind.key(value) return value:get("login") end
kind.title = kind.key

-- Only of one user at a time Grafana tells whether an outside directory has made it an admin.
local function take_outside_admin(at, out, user)
  local r = at.g:get_user(user.id)
  if r.ok then out.take(object_of(r.user))
  elseif r.status ~= "not-found" then out.fail(parts.small(user.login), user.login, r) end
end

function kind.list(at, out)
  local r = at.g:get_users()
  if not r.ok then return r end
  local admins, count = {}, 0
  for _, user in ipairs(r.users) do
    if outside(user) then count = count + 1 end
    if outside(user) and user.isAdmin then admins[#admins + 1] = user else out.take(object_of(user)) end
  end
  pool.each(at.g, admins, function(user) take_outside_admin(at, out, user) end)
  if count > 0 and out.note then
    out.note(("%d of the users sign in through something outside of Grafana: they have no password here"):format(count))
  end
  return outcome.ok()
end

function kind.read(at, key)
  local r = at.g:get_user(key)
  if r.status == "not-found" then return nil end
  if not r.ok then return nil, r end
  if parts.small(r.user.login) ~= key then return nil end   -- somebody's email
  return object_of(r.user)
end

-- ------------------------------------------------------------------------------------------------- what is refused --

-- Somebody else who is a server admin and may sign in; nil: there is none; or the result that says why not to be told.
local function another_admin(at, id)
  local r = at.g:get_users()
  if not r.ok then return nil, r end
  for _, user in ipairs(r.users) do
    if user.isAdmin and not user.isDisabled and user.id ~= id then return user end
  end
end

local function refuse_to_lose(at, now, what)
  if parts.is_own(at, now.key) then
    return outcome.new("invalid-data", ("this is the account that is used here: it is not %s"):format(what))
  end
  if not now.doc:get("isGrafanaAdmin") then return nil end
  local other, failure = another_admin(at, now.lock.id)
  if other then return nil end
  return failure or outcome.new("invalid-data", ("this is the last server admin: it is not %s"):format(what))
end

local function refuse(at, wanted, now)
  if now.doc:get("isGrafanaAdmin") and not wanted:get("isGrafanaAdmin") then
    return refuse_to_lose(at, now, "deprived of a server admin's rights")
  end
  if wanted:get("isDisabled") and not now.doc:get("isDisabled") then return refuse_to_lose(at, now, "disabled") end
end

-- --------------------------------------------------------------------------------------------------------- writing --

local function set_profile(at, id, login, wanted, was)
  local email, name = wanted:get("email") or was.email, wanted:get("name")
  if email == was.email and name == was.name then return outcome.ok() end
  return at.g:update_user(id, {login = login, email = email, name = name or was.name and parts.EMPTY or nil})
end

local function set_admin(at, id, wanted, was)
  local admin = wanted:get("isGrafanaAdmin") == true
  if admin == (was.isGrafanaAdmin == true) then return outcome.ok() end
  return at.g:set_user_admin(id, admin)
end

local function set_disabled(at, id, wanted, was)
  local disabled = wanted:get("isDisabled") == true
  if disabled == (was.isDisabled == true) then return outcome.ok() end
  return at.g:call(disabled and "adminDisableUser" or "adminEnableUser", {user_id = id})
end

-- A new user belongs to no organisation but those that are said.
local function leave_orgs(at, id)
  local r = at.g:get_user_orgs(id)
  if not r.ok then return r end
  for _, org in ipairs(r.orgs) do
    local left = at.g:delete_org_user(org.orgId, id)
    if not left.ok and left.status ~= "user-not-found" then return left end
  end
  return outcome.ok()
end

-- The name comes last: see UNFINISHED.
local function settle(at, id, login, wanted, was)
  local r = was.name == UNFINISHED and leave_orgs(at, id) or outcome.ok()
  if r.ok then r = set_admin(at, id, wanted, was) end
  if r.ok then r = set_disabled(at, id, wanted, was) end
  if r.ok then r = set_profile(at, id, login, wanted, was) end
  return r
end

local function no_password(object)
  local text = "a new user needs a password: option 'secret'"
  if not object.secrets then
    text = "it signs in through something outside of Grafana, and appears when it first does so; to have it now, "
      .. "it needs a password: option 'secret'"
  end
  return outcome.new("missing-mandatory-data", text, nil, {missing_secrets = {"password"}})
end

local function create(at, object)
  local password = at:secret("users", object, "password")
  if not password then return no_password(object) end
  local wanted = object.doc
  local name, email = wanted:get("name"), wanted:get("email")
  local made = at.g:create_user {
    login = object.key, email = email, name = name and UNFINISHED or nil, password = password,
  }
  if not made.ok then return made end
  at:forget("users")
  local r = name and outcome.ok() or leave_orgs(at, made.id)
  if r.ok then r = settle(at, made.id, object.key, wanted, {email = email, name = name and UNFINISHED}) end
  return r.ok and r or parts.half_done("the user was created", r)
end

function kind.write(at, object, now)
  if not now then return create(at, object) end
  local refused = refuse(at, object.doc, now)
  if refused then return refused end
  return settle(at, now.lock.id, now.lock.login, object.doc, now.doc:table())
end

function kind.delete(at, now)
  local refused = refuse_to_lose(at, now, "deleted")
  if refused then return refused end
  local r = at.g:delete_user(now.lock.id)
  at:forget("users")
  return r
end

return kind
