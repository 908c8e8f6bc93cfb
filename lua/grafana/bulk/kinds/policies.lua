-- SPDX-License-Identifier: MIT
--- The tree of notification policies, of which each organisation has one. Deleting it puts Grafana's own in its place.
-- @module grafana.bulk.kinds.policies

local alerting = require "grafana.bulk.alerting"
local objects = require "grafana.bulk.objects"
local outcome = require "grafana.bulk.outcome"

local ipairs, type = ipairs, type

local kind = {
  name = "policies", one = "notification policies", scope = "org", one_at_a_time = true,
}

function kind.key() return "default" end

function kind.title() return "of the organisation" end

local function object(item)
  local lock = alerting.lock(item)
  item.provenance = nil
  return objects.new(kind, item, lock)
end

function kind.list(at, out)
  local now, r = kind.read(at)
  if not now then return r end
  out.take(now)
  return outcome.ok()
end

function kind.read(at)
  local never = alerting.ready(at)
  if never then return nil, never end
  local r = alerting.get(at, "RouteGetPolicyTree")
  if not r.ok then return nil, alerting.result(r) end
  if type(r.body) ~= "table" or type(r.body.receiver) ~= "string" then
    return nil, outcome.new("error", "what the server has answered is no tree of policies", "not-grafana")
  end
  return object(r.body)
end

local function swap_route(route, swap)
  alerting.swap_settings(route, swap)
  for _, child in ipairs(route.routes or {}) do swap_route(child, swap) end
end

-- Contact points and mute timings are named by name.
function kind.references(value, swap)
  return alerting.change(value, function(tree) swap_route(tree, swap) end)
end

function kind.write(at, wanted, now)
  local never = alerting.ready(at)
  if never then return never end
  local tree, named = wanted.doc:table(), alerting.names()
  swap_route(tree, named.add)
  local lacking = alerting.lacking(at, named)
  if lacking then return lacking end
  return alerting.result(alerting.send(at, "RoutePutPolicyTree", {body = tree}, now and now.lock))
end

function kind.delete(at, now)
  return alerting.result(alerting.send(at, "RouteResetPolicyTree", {}, now.lock))
end

return kind
