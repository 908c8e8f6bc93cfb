-- SPDX-License-Identifier: MIT
-- Dashboards of the first schema, of every age, and panels.

local walk = require "grafana.bulk.references_walk"
local names = require "grafana.bulk.references_names"
local options = require "grafana.bulk.references_options"
local library_panel = require "grafana.bulk.references_library"

local text, kind_of, get = walk.text, walk.kind_of, walk.get

local v1 = {}

-- Grafana nests panels once, in collapsed rows.
local DEEPEST = 8

local PANELS, ROWS, TARGETS = {"panels"}, {"rows"}, {"targets"}
local VARIABLES, ANNOTATIONS, TARGET = {"templating", "list"}, {"annotations", "list"}, {"target"}

local function query(w, target)
  names.datasource(w, target, "datasource", "query")
end

local function panel(w, node, depth)
  local of_type = text(node, "type")
  if of_type == "row" then
    names.datasource(w, node, "datasource", "row")
  else
    if w.watch.panel then w.watch.panel(get(node, "id"), get(node, "title"), of_type) end
    names.datasource(w, node, "datasource", "panel")
    library_panel(w, node)
    w:each(node, TARGETS, query)
    options.panel(w, node, of_type)
  end
  if depth < DEEPEST then w:each(node, PANELS, panel, depth + 1) end
end

local function row(w, node)
  w:each(node, PANELS, panel, 1)
end

local function variable(w, node)
  if text(node, "type") == "datasource" then return names.current(w, node, text(node, "query")) end
  names.datasource(w, node, "datasource", "variable")
end

local function one_annotation(w, node)
  names.datasource(w, node, "datasource", "annotation")
end

local function annotation(w, node)
  one_annotation(w, node)
  w:inside(node, TARGET, one_annotation)
end

-- The model of a single panel says its type; dashboards have none, or panels, too.
local function is_panel(node)
  local of_type = text(node, "type")
  return of_type == "row" or of_type ~= nil and not (kind_of(node, "panels") or kind_of(node, "rows"))
end

--- The bare JSON of a dashboard, or of a panel.
function v1.dashboard(w, node)
  if is_panel(node) then return panel(w, node, 1) end
  w:each(node, PANELS, panel, 1)
  w:each(node, ROWS, row)
  w:each(node, VARIABLES, variable)
  w:each(node, ANNOTATIONS, annotation)
end

return v1
