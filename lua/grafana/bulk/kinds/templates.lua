-- SPDX-License-Identifier: MIT
--- Notification templates. Named by their name.
-- @module grafana.bulk.kinds.templates

local alerting = require "grafana.bulk.alerting"
local objects = require "grafana.bulk.objects"

local kind = {name = "templates", one = "notification template", scope = "org", one_at_a_time = true}

function kind.key(value) return alerting.field(value, "name") end

kind.title = kind.key

local function object(item)
  return objects.new(kind, {name = item.name, template = item.template}, alerting.lock(item))
end

function kind.list(at, out)
  return alerting.list(at, out, "RouteGetTemplates", object)
end

function kind.read(at, key)
  return alerting.read(at, "RouteGetTemplate", key, object)
end

function kind.write(at, wanted, now)
  local never = alerting.ready(at)
  if never then return never end
  local lock = now and now.lock
  local body = {template = wanted.doc:get("template"), version = lock and lock.version}
  local r = alerting.send(at, "RoutePutTemplate", {name = wanted.key, body = body}, lock)
  return now and alerting.updated(r) or alerting.result(r)
end

function kind.delete(at, now)
  local params = {name = now.key, version = now.lock.version}
  return alerting.deleted(alerting.send(at, "RouteDeleteTemplate", params, now.lock))
end

-- They name nothing.
function kind.references(value) return value end

return kind
