-- SPDX-License-Identifier: MIT
--- Organisations: `{name, address}`. Who is in them are objects of their own (`org_users`).
-- @module grafana.bulk.kinds.organisations

local core = require "grafana.core"
local objects = require "grafana.bulk.objects"
local outcome = require "grafana.bulk.outcome"
local parts = require "grafana.bulk.people_parts"
local pool = require "grafana.bulk.pool"

local ipairs, next = ipairs, next

local kind = {
  name = "organisations",
  one = "organisation",
  scope = "server",
  cannot_undo = {delete = {"ids of deleted organisations"}},
}

local ADDRESS = {"address1", "address2", "city", "zipCode", "state", "country"}

local function form(org)
  local address = {}
  for _, part in ipairs(ADDRESS) do address[part] = parts.filled(core.get(org, "address", part)) end
  return {name = org.name, address = next(address) and address or nil}
end

local function object_of(org)
  return objects.new(kind, form(org), {id = org.id})
end

function kind.key(value) return value:get("name") end
kind.title = kind.key

-- Who is no server admin sees the organisation of the credentials only.
local function list_own(at, out, refusal)
  local r = at.g:get_current_org()
  if not r.ok then return r end
  out.take(object_of(r.org))
  local text = "only a server admin may list organisations: the account's own is all that is here"
  return outcome.new("access-denied", text, refusal.reason, {code = refusal.code})
end

function kind.list(at, out)
  local r = at.g:get_orgs()
  if r.status == "access-denied" then return list_own(at, out, r) end
  if not r.ok then return r end
  pool.each(at.g, r.orgs, function(org)
    local one = at.g:get_org(org.id)
    if one.ok then out.take(object_of(one.org))
    elseif one.status ~= "not-found" then out.fail(org.name, org.name, one) end
  end)
  return outcome.ok()
end

local function read_own(at, key, refusal)
  local r = at.g:get_current_org()
  if not r.ok then return nil, r end
  if r.org.name ~= key then return nil, refusal end
  return object_of(r.org)
end

function kind.read(at, key)
  local r = at.g:get_org(key)
  if r.ok then return object_of(r.org) end
  if r.status == "not-found" then return nil end
  if r.status == "access-denied" then return read_own(at, key, r) end
  return nil, r
end

-- All parts; nil where they are what they should be.
local function new_address(wanted, now)
  local address, differs = {}, false
  for _, part in ipairs(ADDRESS) do
    local text, old = wanted:get("address", part), now and now:get("address", part)
    differs = differs or text ~= old
    address[part == "zipCode" and "zipcode" or part] = text or (old and parts.EMPTY) or ""
  end
  return differs and address or nil
end

local function set_address(at, id, wanted, now)
  local address = new_address(wanted, now)
  if not address then return outcome.ok() end
  return at.g:call("updateOrgAddress", {org_id = id, body = address})
end

function kind.write(at, object, now)
  if now then return set_address(at, now.lock.id, object.doc, now.doc) end
  local made = at.g:create_org(object.key)
  if not made.ok then return made end
  local r = set_address(at, made.id, object.doc)
  return r.ok and r or parts.half_done("the organisation was created", r)
end

-- What must be gone from an organisation before it goes.
local CONTENTS = {
  {"search", "hits", "dashboards or folders"}, {"get_datasources", "datasources", "data sources"},
  {"get_teams", "teams", "teams"}, {"get_service_accounts", "service_accounts", "service accounts"},
}

--- Only an organisation in which nothing is left goes.
function kind.delete(at, now)
  for _, row in ipairs(CONTENTS) do
    local r = at.g[row[1]](at.g, now.lock.id)
    if not r.ok then return parts.half_done("the organisation stays, as nobody knows whether it is empty", r) end
    if #r[row[2]] > 0 then
      return outcome.new("invalid-data", ("the organisation stays: there are %s in it"):format(row[3]))
    end
  end
  return at.g:delete_org(now.lock.id)
end

return kind
