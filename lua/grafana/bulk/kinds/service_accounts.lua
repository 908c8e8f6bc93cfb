-- SPDX-License-Identifier: MIT
--- Service accounts: `{name, role, isDisabled}`, the last only where it is true. Nobody can bring their tokens back:
-- they are named in a note. Those that a plugin has made for itself are left out.
-- @module grafana.bulk.kinds.service_accounts

local objects = require "grafana.bulk.objects"
local outcome = require "grafana.bulk.outcome"
local parts = require "grafana.bulk.people_parts"
local pool = require "grafana.bulk.pool"

local ipairs, table, type = ipairs, table, type

local kind = {
  name = "service_accounts",
  one = "service account",
  scope = "org",
  cannot_undo = {
    create = {"tokens that are made for a new service account: undo deletes it"},
    delete = {"tokens of deleted service accounts, which are made anew by hand, and their ids"},
  },
}

local function object_of(account)
  local form = {name = account.name, role = account.role, isDisabled = account.isDisabled == true or nil}
  return objects.new(kind, form, {id = account.id})
end

function kind.key(value) return value:get("name") end
kind.title = kind.key

-- What tokens an account has, where it has any.
local function note_tokens(at, out, account)
  if account.tokens == 0 or not out.note then return end
  local r = at.g:get_tokens(at.org, account.id)
  local names = {}
  for i, token in ipairs(r.tokens or {}) do names[i] = token.name end
  if #names == 0 then return end
  table.sort(names)
  out.note(("the service account %s has tokens, which are not in it: %s"):format(account.name,
    table.concat(names, ", ")))
end

local function is_plugins_own(account)
  return account.isExternal == true
end

-- Names need not be unique: the oldest counts.
local function unique(list)
  local first, doubles = {}, {}
  table.sort(list, function(a, b) return a.id < b.id end)
  local accounts = {}
  for _, account in ipairs(list) do
    if first[account.name] then doubles[#doubles + 1] = account
    elseif not is_plugins_own(account) then
      first[account.name] = account
      accounts[#accounts + 1] = account
    end
  end
  return accounts, doubles
end

function kind.list(at, out)
  local r = at.g:get_service_accounts(at.org)
  if not r.ok then return r end
  local accounts, doubles = unique(r.service_accounts)
  pool.each(at.g, accounts, function(account)
    note_tokens(at, out, account)
    out.take(object_of(account))
  end)
  for _, account in ipairs(doubles) do
    out.fail(("%s (%s)"):format(account.name, account.login), account.name, outcome.new("already-exists",
      ("another service account has this name: %s is left out"):format(account.login), "name-exists"))
  end
  return outcome.ok()
end

function kind.read(at, key)
  local r = at.g:get_service_accounts(at.org, {query = key})
  if not r.ok then return nil, r end
  for _, account in ipairs((unique(r.service_accounts))) do
    if account.name == key then return object_of(account) end
  end
end

-- Who makes an account is permitted everything with it by name, as a role permits already. Not all servers know that.
local function leave(at, id)
  local r = at.g:request("GET", ("/api/access-control/serviceaccounts/%.0f"):format(id), {org = at.org})
  if not r.ok or type(r.body) ~= "table" then return outcome.ok() end
  for _, row in ipairs(r.body) do
    if row.isManaged == true and type(row.userLogin) == "string" and parts.is_own(at, row.userLogin) then
      return at.g:request("POST", ("/api/access-control/serviceaccounts/%.0f/users/%.0f"):format(id, row.userId),
        {org = at.org, body = {permission = ""}})
    end
  end
  return outcome.ok()
end

local function create(at, object)
  local wanted = object.doc
  local made = at.g:create_service_account(at.org, {
    name = object.key, role = wanted:get("role"), isDisabled = wanted:get("isDisabled") == true,
  })
  if not made.ok then return made end
  at:forget("service_accounts")
  local r = leave(at, made.id)
  if not r.ok then return parts.half_done("the service account was created", r) end
  return outcome.ok()
end

function kind.write(at, object, now)
  if not now then return create(at, object) end
  return at.g:call("updateServiceAccount", {
    serviceAccountId = now.lock.id,
    body = {name = object.key, role = object.doc:get("role"), isDisabled = object.doc:get("isDisabled") == true},
  }, {org = at.org})
end

function kind.delete(at, now)
  local r = at.g:delete_service_account(at.org, now.lock.id)
  at:forget("service_accounts")
  return r
end

return kind
