-- SPDX-License-Identifier: MIT
--- Mute timings: when notifications are silent. Named by their name.
-- @module grafana.bulk.kinds.mute_timings

local alerting = require "grafana.bulk.alerting"
local objects = require "grafana.bulk.objects"

local kind = {name = "mute_timings", one = "mute timing", scope = "org", one_at_a_time = true}

function kind.key(value) return alerting.field(value, "name") end

kind.title = kind.key

local function object(item)
  return objects.new(kind, {name = item.name, time_intervals = item.time_intervals}, alerting.lock(item))
end

function kind.list(at, out)
  return alerting.list(at, out, "RouteGetMuteTimings", object)
end

function kind.read(at, key)
  return alerting.read(at, "RouteGetMuteTiming", key, object)
end

local function create(at, body)
  return alerting.result(alerting.send(at, "RoutePostMuteTiming", {body = body}))
end

function kind.write(at, wanted, now)
  local never = alerting.ready(at)
  if never then return never end
  local body = wanted.doc:table()
  if not now then return create(at, body) end
  body.version = now.lock.version
  return alerting.updated(alerting.send(at, "RoutePutMuteTiming", {name = now.key, body = body}, now.lock))
end

function kind.delete(at, now)
  local params = {name = now.key, version = now.lock.version}
  return alerting.deleted(alerting.send(at, "RouteDeleteMuteTiming", params, now.lock))
end

-- They name nothing.
function kind.references(value) return value end

return kind
