-- SPDX-License-Identifier: MIT
--- Contact points, one object for each integration; named by uid. Those of one name are one receiver.
--
-- Secrets never get into a file form. A write takes them from the caller's function, else from the server: what it
-- shows as REDACTED it keeps where that text is sent back. Not so secrets below the top of the settings: 12.4.3 stores
-- the text itself in their place, so they are read in clear just before, as addresses are.
-- @module grafana.bulk.kinds.contact_points

local alerting = require "grafana.bulk.alerting"
local contact_secrets = require "grafana.bulk.contact_secrets"
local objects = require "grafana.bulk.objects"
local outcome = require "grafana.bulk.outcome"
local show = require "grafana.bulk.show"

local ipairs, next, table, type = ipairs, next, table, type

local kind = {
  name = "contact_points", one = "contact point", scope = "org", one_at_a_time = true,
  cannot_undo = {
    update = {"secrets of contact points that are replaced"},
    delete = {"secrets of deleted contact points, unless the option secret gives them"},
  },
}

function kind.key(value) return alerting.field(value, "uid") end

function kind.title(value) return alerting.field(value, "name") end

-- 9.3.2 shows Grafana's own contact point, which has no uid until somebody saves it, under another name than that by
-- which policies know it.
local function name_of(item)
  return item.uid == "" and item.name == "email receiver" and "grafana-default-email" or item.name
end

-- One without uid gets one made of its name.
local function uid_of(item)
  if item.uid ~= "" then return item.uid end
  return (name_of(item):lower():gsub("[^%w]+", "-"):sub(1, 40))
end

local function object(item)
  local settings, held = contact_secrets.split(item.type, item.settings)
  local lock = alerting.lock(item)
  lock.has_uid = item.uid ~= ""
  -- A function: nothing that shows or stores a lock comes upon them.
  function lock.secret(name) return held[name] end
  return objects.new(kind, {
    uid = uid_of(item), name = name_of(item), type = item.type, settings = settings,
    disableResolveMessage = item.disableResolveMessage == true, secrets = contact_secrets.names(held),
  }, lock)
end

function kind.list(at, out)
  return alerting.list(at, out, "RouteGetContactpoints", object)
end

function kind.read(at, key)
  local never = alerting.ready(at)
  if never then return nil, never end
  local r = alerting.get(at, "RouteGetContactpoints")
  if not r.ok then return nil, alerting.result(r) end
  r = alerting.as_list(r)
  if not r.ok then return nil, r end
  for _, item in ipairs(alerting.items(r.body)) do
    if uid_of(item) == key then return object(item) end
  end
  return nil
end

-- ------------------------------------------------------------------------------------------------------ secrets --

-- The settings of a contact point with all secrets in clear; nil where this account or this server does not show them.
local function in_clear(at, now)
  local r = alerting.get(at, "RouteGetContactpointsExport", {
    name = now.doc:get("name"), decrypt = true, format = "json",
  })
  local body = r.ok and type(r.body) == "table" and r.body or {}
  for _, point in ipairs(body.contactPoints or {}) do
    for _, receiver in ipairs(point.receivers or {}) do
      if receiver.uid == now.key then return receiver.settings end
    end
  end
  return nil
end

-- Where the server's own secrets come from; they fit only while the type stays.
local function secrets_there(at, wanted, now)
  if not now or now.doc:get("type") ~= wanted.doc:get("type") then return function() return nil end end
  local clear
  return function(name)
    local value = now.lock.secret(name)
    if value ~= contact_secrets.REDACTED or not contact_secrets.is_nested(name) then return value end
    clear = clear or in_clear(at, now) or {}
    return contact_secrets.get(clear, name)
  end
end

-- The settings with all secrets that the file form names, and the names of those that are not to be had.
local function whole_settings(at, wanted, now, value)
  local settings, lacking = value.settings, {}
  local there = secrets_there(at, wanted, now)
  for _, name in ipairs(value.secrets or {}) do
    local secret = at:secret(kind.name, wanted, name) or there(name)
    if secret then contact_secrets.put(settings, name, secret)
    else lacking[#lacking + 1] = name end
  end
  return settings, lacking
end

local function not_given(lacking)
  local words = #lacking == 1 and "the secret %s of its settings was not given; nothing was sent"
    or "the secrets %s of its settings were not given; nothing was sent"
  return outcome.new("missing-mandatory-data", words:format(show.text(table.concat(lacking, ", "))), nil,
    {missing_secrets = lacking})
end

local function has_no_uid()
  return outcome.new("error", "this contact point has no uid on that server, so it cannot be written: save it there"
    .. " once in Grafana's own pages")
end

-- ------------------------------------------------------------------------------------------------------ writing --

function kind.write(at, wanted, now)
  local never = alerting.ready(at)
  if never then return never end
  if now and not now.lock.has_uid then return has_no_uid() end
  local value = wanted.doc:table()
  local settings, lacking = whole_settings(at, wanted, now, value)
  if next(lacking) then return not_given(lacking) end
  local body = {
    uid = value.uid, name = value.name, type = value.type, settings = settings,
    disableResolveMessage = value.disableResolveMessage,
  }
  if not now then return alerting.result(alerting.send(at, "RoutePostContactpoints", {body = body})) end
  return alerting.updated(alerting.send(at, "RoutePutContactpoint", {UID = now.key, body = body}, now.lock))
end

function kind.delete(at, now)
  if not now.lock.has_uid then return has_no_uid() end
  return alerting.deleted(alerting.send(at, "RouteDeleteContactpoints", {UID = now.key}, now.lock))
end

-- They name nothing.
function kind.references(value) return value end

return kind
