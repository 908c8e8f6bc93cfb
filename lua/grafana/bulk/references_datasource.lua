-- SPDX-License-Identifier: MIT
-- What the settings of a data source name of others, where Grafana's own ones have it.

local names = require "grafana.bulk.references_names"
local text = require("grafana.bulk.references_walk").text

local ipairs = ipairs

local UID = "datasourceUid"
local ONE = {"tracesToLogs", "tracesToLogsV2", "tracesToMetrics", "tracesToProfiles", "serviceMap", "lokiSearch"}
local SEVERAL = {{"derivedFields"}, {"exemplarTraceIdDestinations"}, {"dataLinks"}}
local PLAIN = {"alertmanagerUid", "tracingDatasourceUid"}

local function named(w, node, ...)
  local uid = text(node, ...)
  if not names.is_datasource(uid) then return end
  names.say(w, "setting")
  w:offer("datasources", uid, ...)
end

local function settings(w, node)
  for _, key in ipairs(ONE) do named(w, node, key, UID) end
  for _, key in ipairs(PLAIN) do named(w, node, key) end
  for _, path in ipairs(SEVERAL) do w:each(node, path, named, UID) end
end

local SETTINGS = {"jsonData"}

return function(w, value) w:inside(value, SETTINGS, settings) end
