-- SPDX-License-Identifier: MIT
-- What the options of a panel name, where Grafana's own panels look for it.

local walk = require "grafana.bulk.references_walk"
local names = require "grafana.bulk.references_names"

local text = walk.text

local options = {}

local DEEPEST = 8   -- groups within groups of a canvas

local function folder(w, node, ...)
  local uid = text(node, ...)
  if not names.is_folder(uid) then return end
  names.say(w, "option")
  w:offer("folders", uid, ...)
end

local function dashlist(w, node) folder(w, node, "folderUID") end

local function alertlist(w, node)
  names.datasource(w, node, "datasource", "option")
  folder(w, node, "folder", "uid")
end

-- A button that sends a request through a data source.
local function action(w, node)
  local uid = text(node, "infinity", "datasourceUid")
  if not names.is_datasource(uid) then return end
  names.say(w, "option", "string")
  w:offer("datasources", uid, "infinity", "datasourceUid")
end

local ACTIONS, ELEMENTS, NESTED = {"actions"}, {"root", "elements"}, {"elements"}
local DEFAULTS, OVERRIDES = {"fieldConfig", "defaults", "actions"}, {"fieldConfig", "overrides"}
local OPTIONS, PROPERTIES, VALUE = {"options"}, {"properties"}, {"value"}

local function element(w, node, depth)
  w:each(node, ACTIONS, action)
  if depth < DEEPEST then w:each(node, NESTED, element, depth + 1) end
end

local function canvas(w, node) w:each(node, ELEMENTS, element, 1) end

local function property(w, node)
  if text(node, "id") == "actions" then w:each(node, VALUE, action) end
end

local function override(w, node) w:each(node, PROPERTIES, property) end

local OF_TYPE = {dashlist = dashlist, alertlist = alertlist, canvas = canvas}

--- The options and the field configuration of a panel of this type; `node` holds both.
function options.panel(w, node, of_type)
  local known = OF_TYPE[of_type]
  if known then w:inside(node, OPTIONS, known) end
  w:each(node, DEFAULTS, action)
  w:each(node, OVERRIDES, override)
end

return options
