-- SPDX-License-Identifier: MIT
-- What one alert rule names.

local walk = require "grafana.bulk.references_walk"
local names = require "grafana.bulk.references_names"

local text = walk.text

local rule = {}

local function by_uid(w, node, place, ...)
  local uid = text(node, ...)
  if not names.is_datasource_of_rule(uid) then return end
  names.say(w, place, "string")
  return w:offer("datasources", uid, ...)
end

-- The model may name the data source once more; the type stands only there.
local function query(w, node)
  by_uid(w, node, "query", "datasourceUid")
  local uid, of_type = text(node, "model", "datasource", "uid"), text(node, "model", "datasource", "type")
  if not names.is_datasource_of_rule(uid) then return end
  names.say(w, "query", "object", false, of_type)
  local more = w:offer("datasources", uid, "model", "datasource", "uid")
  if more and more.type and of_type then w:put(more.type, "model", "datasource", "type") end
end

local DATA = {"data"}

function rule.rule(w, node)
  w:each(node, DATA, query)
  by_uid(w, node, "recording", "record", "target_datasource_uid")
  local dashboard, folder = text(node, "annotations", "__dashboardUid__"), text(node, "folderUID")
  if dashboard and dashboard ~= "" then
    names.say(w, "annotation")
    w:offer("dashboards", dashboard, "annotations", "__dashboardUid__")
  end
  if names.is_folder(folder) then
    names.say(w, "folder")
    w:offer("folders", folder, "folderUID")
  end
end

return rule
