-- SPDX-License-Identifier: MIT
--- From a source to a server: `restore`, `copy`, `sync`. All three are a comparison that becomes a plan.
-- @module grafana.bulk.transfer

local check = require "grafana.bulk.check"
local compare = require "grafana.bulk.compare"
local kinds = require "grafana.bulk.kinds"
local place = require "grafana.bulk.place"
local plan = require "grafana.bulk.plan"
local proof = require "grafana.bulk.proof"
local source = require "grafana.bulk.source"

local error, ipairs, math, pairs, pcall, table, type = error, ipairs, math, pairs, pcall, table, type

local transfer = {}

-- ------------------------------------------------------------------------------------------------------- plans --

-- `fill(b)` adds what there is to do; what it raises takes the journal away.
local function build(job, server, options, fill)
  local b = plan.builder(job, server, options)
  local fine, problem = pcall(fill, b)
  if not fine then
    b:drop()
    error(problem, 0)
  end
  return b:finish()
end
transfer.build = build

-- The server of a client; where it does not answer, what stands for it in an empty plan.
local function server_of(g)
  local server, r = place.server(g)
  if server then return server end
  return {g = g, version = "?", major = 0}, r
end
transfer.server_of = server_of

-- ------------------------------------------------------------------------------------------------------ restore --

local COMMON = {"kinds", "permissions", "mapping", "secret", "journal", "on_progress", "alertmanager_wait"}

local function with(list, ...)
  local all = {...}
  for _, name in ipairs(list) do all[#all + 1] = name end
  return all
end

local function becomes_admin(b, change)
  local object = change.after and b:parse(kinds.get "org_users", change.after)
  return object and object.doc:get("role") == "Admin"
end

-- What the creator is given with a new organisation, unless the source has it as well, goes last.
local function leave_new_orgs(b)
  local login = b.server.login
  if not login then return end
  local made, members, admins = {}, {}, {}
  for _, change in ipairs(b.changes) do
    if change.kind == "organisations" and change.action == "create" then made[change.key] = true end
    if change.kind == "org_users" then
      if change.key == login then members[change.org] = true end
      if becomes_admin(b, change) then admins[change.org] = true end
    end
  end
  for org in pairs(made) do
    if not members[org] and admins[org] then b:leave(org, login) end
  end
end

-- Those organisations of the options that the backup has; the others fail the plan.
local function orgs_of(b, store, wanted)
  if not wanted then return nil end
  local names, list = store:orgs(), {}
  local has = {}
  for _, name in ipairs(names) do has[name] = true end
  for _, name in ipairs(wanted) do
    if has[name] then list[#list + 1] = name else
      b:failed {kind = "organisations", key = name, title = name, status = "not-found", reason = "org-not-found",
        side = "source", message = "the backup has no organisation of this name; it has: " .. table.concat(names, ", ")}
    end
  end
  return list
end

--- See `bulk.restore`.
function transfer.restore(g, dir, options)
  check.client("restore", g, 1, "g")
  check.value("restore", dir, "string", 2, "dir")
  options = check.options("restore", options, with(COMMON, "orgs"))
  local store, problem = require("grafana.bulk.folder").open(dir)
  if not store then error("bulk.restore: " .. problem, 2) end
  local server, r = server_of(g)
  return build("restore", server, options, function(b)
    if r then return b:refuse(r) end
    local done
    local orgs = orgs_of(b, store, options.orgs)
    done, r = compare.run {
      builder = b, source = source.folder(store, orgs), target = source.live(server, options),
      options = options, takes = source.of_server(source.folder(store), orgs),
    }
    if not done then return b:refuse(r) end
    leave_new_orgs(b)
  end)
end

-- --------------------------------------------------------------------------------------------------- copy, sync --

-- Users who are there are not this organisation's business.
local function is_users(kind) return kind.name == "users" end

local function org_there(server, org)
  local found, r = place.find_org(server, org)
  if found then return found.name end
  if type(org) == "string" and r.status == "not-found" then return org end
  return nil, r
end

-- So many deletions are a mistake rather than a wish.
local FEW, SHARE = 10, 0.05

local function hold_back(b, limit)
  local deletes = 0
  for _, change in ipairs(b.changes) do
    if change.action == "delete" and not change.along then deletes = deletes + 1 end
  end
  limit = limit or math.max(FEW, math.floor(b.there * SHARE))
  if deletes > limit then
    local words = "%d objects would be deleted, more than max_deletes (%d): none is. max_deletes = %d allows it"
    b.held_back = words:format(deletes, limit, deletes)
  end
end

transfer.hold_back = hold_back

-- Who could do what with that which is deleted must come back with it, where the plan is undone.
local function keep_permissions(b, server, org, options)
  for _, name in ipairs {"folders", "dashboards"} do
    local uids = {}
    for _, change in ipairs(b.changes) do
      if change.kind == name and change.action == "delete" then uids[#uids + 1] = change.key end
    end
    local at = uids[1] and place.find(server, org, options)
    if at then require("grafana.bulk.edit_permissions").of_deleted(b, at, uids, kinds.get(name)) end
  end
end

local function pair(job, from, from_org, to, to_org, options, deletes)
  local there, r = server_of(to)
  return build(job, there, options, function(b)
    if r then return b:refuse(r) end
    local here, at, name
    here, r = server_of(from)
    if r then return b:refuse(r) end
    at, r = place.find(here, from_org, options)
    if not at then return b:refuse(r) end
    name, r = org_there(there, to_org)
    if not name then return b:refuse(r) end
    options.mapping = options.mapping or {}
    local mapping = {}
    for kind, map in pairs(options.mapping) do mapping[kind] = map end
    mapping.organisations = {[at.org_name] = name}
    options.mapping = mapping
    local target = source.live(there, options, nil)
    local done
    done, r = compare.run {
      builder = b, source = source.live(here, options, {at.org_name}), target = target, options = options,
      takes = source.of_server(source.live(here, options), {at.org_name}), leaves = is_users,
      deletes = deletes and deletes(b, at, there, name), verifies = true, is_copy = true,
    }
    if not done then return b:refuse(r) end
    leave_new_orgs(b)
    keep_permissions(b, there, name, options)
    hold_back(b, options.max_deletes)
  end)
end

--- See `bulk.copy`.
function transfer.copy(from, from_org, to, to_org, options)
  check.client("copy", from, 1, "from")
  check.org("copy", from_org, 2, "from_org")
  check.client("copy", to, 3, "to")
  check.org("copy", to_org, 4, "to_org")
  options = check.options("copy", options, COMMON)
  return pair("copy", from, from_org, to, to_org, options)
end

-- ------------------------------------------------------------------------------------------------------ deleting --

-- Of these nothing is deleted unless they are named: what is lost with them cannot be brought back. Organisations and
-- users never go: one organisation says nothing about the others.
local SPARED = {org_users = true, service_accounts = true, preferences = true, policies = true}

local function is_named(options, kind)
  for _, name in ipairs(options.kinds or {}) do
    if name == kind.name then return true end
  end
  return false
end

local function nothing() return false end

local function proven(b, at, side)
  local permissions, r = proof.permissions(at)
  if not permissions then
    b:note(("nothing is deleted: what the account may read on the %s is not known: %s"):format(side,
      r.message or r.status))
    return nothing
  end
  local told = {}
  return function(kind)
    local covered, missing = proof.covers(permissions, kind.name, at.server.major)
    if not covered and not told[kind.name] then
      told[kind.name] = true
      b:note(("no %s are deleted: the account cannot prove that it sees all of them on the %s (%s)"):format(
        kind.name:gsub("_", " "), side, missing))
    end
    return covered
  end
end

-- Whether what the source lacks is deleted: both sides must be known whole.
local function deletions(options)
  return function(b, at, there, name)
    if not options.delete then return end
    local target = place.find(there, name, options)
    if not target then return end
    local source_proof, target_proof = proven(b, at, "source"), proven(b, target, "target")
    local function deletes(kind)
      if kind.scope == "server" or not kind.delete then return false end
      if SPARED[kind.name] and not is_named(options, kind) then return false end
      return source_proof(kind) and target_proof(kind)
    end
    local about_rules = not options.kinds or is_named(options, {name = "rule_groups"})
    if about_rules and deletes(kinds.get "rule_groups") then options.keep_rules = false end   -- as the source has them
    return deletes
  end
end

--- See `bulk.sync`.
function transfer.sync(from, from_org, to, to_org, options)
  check.client("sync", from, 1, "from")
  check.org("sync", from_org, 2, "from_org")
  check.client("sync", to, 3, "to")
  check.org("sync", to_org, 4, "to_org")
  options = check.options("sync", options, with(COMMON, "delete", "max_deletes"))
  return pair("sync", from, from_org, to, to_org, options, deletions(options))
end

return transfer
