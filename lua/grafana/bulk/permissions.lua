-- SPDX-License-Identifier: MIT
--- Permissions of folders and of dashboards: what the two kinds share. Each is one list, which exists as long as the
-- folder or dashboard does; what is inherited is not in it.
-- @module grafana.bulk.permissions

local core = require "grafana.core"
local objects = require "grafana.bulk.objects"
local outcome = require "grafana.bulk.outcome"
local pool = require "grafana.bulk.pool"

local ipairs, pairs, table = ipairs, pairs, table

local permissions = {}

local NAMES = {[1] = "View", [2] = "Edit", [4] = "Admin"}
local NUMBERS = {View = 1, Edit = 2, Admin = 4}

-- Whom an entry may be for, in the order of the file form; the kind of object that it names.
local SUBJECTS = {"role", "team", "user", "service_account"}
local KINDS = {team = "teams", user = "users", service_account = "service_accounts"}

local function subject_of(entry)
  for i, subject in ipairs(SUBJECTS) do
    if entry[subject] then return subject, entry[subject], i end
  end
end

-- ------------------------------------------------------------------------------------------------- the file form --

local function sorted(entries)
  table.sort(entries, function(a, b)
    local _, a_name, a_rank = subject_of(a)
    local _, b_name, b_rank = subject_of(b)
    if a_rank ~= b_rank then return a_rank < b_rank end
    return a_name < b_name
  end)
  return core.array(entries)
end

-- Service accounts are shown as users, whose logins begin with "sa-".
local function service_account(at, item)
  if not item.userLogin:find("^sa%-") then return nil end
  return at:service_account_name(item.userId)
end

--- The object of a kind whose permissions are these entries, which are sorted in place.
function permissions.object(kind, uid, entries)
  return objects.new(kind, {uid = uid, permissions = sorted(entries)})
end

local function from_item(at, item)
  local name = NAMES[item.permission]
  if not name or item.inherited == true then return nil end
  if item.role and item.role ~= core.null and item.role ~= "" then return {role = item.role, permission = name} end
  if (item.teamId or 0) ~= 0 then return {team = item.team, permission = name} end
  local account = service_account(at, item)
  if account then return {service_account = account, permission = name} end
  return {user = item.userLogin:lower(), permission = name}   -- as 12 keeps logins
end

local function from_server(kind, at, uid, items)
  local entries = {}
  for _, item in ipairs(items) do entries[#entries + 1] = from_item(at, item) end
  return permissions.object(kind, uid, entries)
end

-- ------------------------------------------------------------------------------------------------------- writing --

local FINDERS = {
  user = function(at, login) return at:user_id(login) end,
  team = function(at, name) return at:team_id(name) end,
  service_account = function(at, name) return at:service_account_id(name) end,
}
local FIELDS = {user = "userId", team = "teamId", service_account = "userId"}
local WORDS = {user = "user", team = "team", service_account = "service account"}

-- One entry as Grafana takes it; nil and what there is not on this server.
local function to_item(at, entry)
  local subject, name = subject_of(entry)
  local permission = NUMBERS[entry.permission]
  if subject == "role" then return {role = name, permission = permission} end
  local id = FINDERS[subject](at, name)
  if not id then return nil, subject end
  return {[FIELDS[subject]] = id, permission = permission}
end

-- What no server would keep as it is written.
local function find_fault(entries)
  local seen = {}
  for _, entry in ipairs(entries) do
    local subject, name = subject_of(entry)
    if not subject or not NUMBERS[entry.permission] then
      return 'a permission must be for a role, user, team or service account, and "View", "Edit" or "Admin"'
    end
    if seen[subject .. ":" .. name] then return ('%s "%s" is there twice'):format(WORDS[subject] or subject, name) end
    seen[subject .. ":" .. name] = true
  end
end

local function missing_names(missing, done)
  local parts, only_users = {}, true
  for _, each in ipairs(missing) do
    parts[#parts + 1] = ('%s "%s"'):format(WORDS[each[1]], each[2])
    only_users = only_users and each[1] == "user"
  end
  return outcome.new(only_users and "user-not-found" or "not-found",
    done .. ": there is no " .. table.concat(parts, ", no "))
end

-- The items; or nil, the result that says why not, and, where only some name nobody, the items of the others and those
-- that name nobody.
local function items_of(at, entries)
  local fault = find_fault(entries)
  if fault then return nil, outcome.new("invalid-data", "no permission was changed: " .. fault) end
  local items, missing = {}, {}
  for _, entry in ipairs(entries) do
    local item, subject = to_item(at, entry)
    items[#items + 1] = item
    if not item then missing[#missing + 1] = {subject, entry[subject]} end
  end
  if missing[1] then return nil, missing_names(missing, "no permission was changed"), core.array(items), missing end
  return core.array(items)
end

-- ---------------------------------------------------------------------------------------------------------- a kind --

local function read(kind, get, at, uid)
  local r = at.g[get](at.g, at.org, uid)
  if r.ok then return from_server(kind, at, uid, r.permissions) end
  return nil, r.status ~= "not-found" and r or nil
end

local function list(kind, uids_of, at, out)
  if at.options.permissions == false then return outcome.ok() end
  local things, r = uids_of(at)
  if not things then return r end
  pool.each(at.g, things, function(thing)
    local object, why = kind.read(at, thing.uid)
    if object then out.take(object) end
    if why then out.fail(thing.uid, thing.title, why) end
  end)
  return outcome.ok()
end

local function references(owner, value, swap)
  local form = value:table()
  form.uid = swap(owner, form.uid) or form.uid
  for _, entry in ipairs(form.permissions) do
    for subject, kind in pairs(KINDS) do
      if entry[subject] then entry[subject] = swap(kind, entry[subject]) or entry[subject] end
    end
  end
  sorted(form.permissions)
  return objects.document(form)
end

--- A kind.
-- @tab row `name`, `one`, `owner` (the kind whose objects have such permissions), `get` and `update` (the operations),
--   `list` (a function of a place: the array of those objects, `{uid, title}`, or nil and the result that says why not)
function permissions.kind(row)
  local kind = {name = row.name, one = row.one, scope = "org"}
  function kind.key(value) return value:get("uid") end
  function kind.title(value) return value:get("uid") end
  function kind.read(at, uid) return read(kind, row.get, at, uid) end
  function kind.list(at, out) return list(kind, row.list, at, out) end
  -- What is new was opened by Grafana to whoever has a role: it is shut as far as can be, though some are not there.
  function kind.write(at, object, _, is_new)
    local items, why, others, missing = items_of(at, object.doc:get("permissions"))
    if not items and not (is_new and others) then return why end
    local r = at.g[row.update](at.g, at.org, object.key, items or others)
    if items or not r.ok then return r end
    return missing_names(missing, "the other permissions are set")
  end
  function kind.references(value, swap) return references(row.owner, value, swap) end
  return kind
end

return permissions
