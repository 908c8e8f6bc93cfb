-- SPDX-License-Identifier: MIT
-- What one alert rule names.

local walk = require "grafana.bulk.references_walk"
local names = require "grafana.bulk.references_names"

local text, kind_of = walk.text, walk.kind_of

local rule = {}

local function by_uid(w, node, place, ...)
  local uid = text(node, ...)
  if not names.is_datasource_of_rule(uid) then return end
  names.say(w, place, "string")
  return w:offer("datasources", uid, ...)
end

local DATA, MODEL, RULES = {"data"}, {"model"}, {"rules"}

-- The model may name the data source once more; the type stands only there.
local function query(w, node)
  by_uid(w, node, "query", "datasourceUid")
  w:inside(node, MODEL, names.datasource, "datasource", "model")
end

local function folder(w, node, key)
  local uid = text(node, key)
  if not names.is_folder(uid) then return end
  names.say(w, "folder")
  w:offer("folders", uid, key)
end

local function one(w, node)
  if w.watch.rule then w.watch.rule(text(node, "uid"), text(node, "title")) end
  w:each(node, DATA, query)
  by_uid(w, node, "recording", "record", "target_datasource_uid")
  local dashboard = text(node, "annotations", "__dashboardUid__")
  if dashboard and dashboard ~= "" then
    names.say(w, "annotation")
    w:offer("dashboards", dashboard, "annotations", "__dashboardUid__")
  end
  folder(w, node, "folderUID")
end

--- One rule, or a group of them.
function rule.rule(w, node)
  if kind_of(node, "rules") ~= "container" then return one(w, node) end
  folder(w, node, "folderUid")
  w:each(node, RULES, one)
end

return rule
