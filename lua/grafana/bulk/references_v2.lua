-- SPDX-License-Identifier: MIT
-- Dashboards of the second schema. v2beta1 and v2 name a data source inside the query, `{group = type, datasource =
-- {name = uid}}`; v2alpha1 beside it, `datasource = {type, uid}` and `query = {kind = type}`.

local walk = require "grafana.bulk.references_walk"
local names = require "grafana.bulk.references_names"
local options = require "grafana.bulk.references_options"
local library_panel = require "grafana.bulk.references_library"

local text, get = walk.text, walk.get

local v2 = {}

local DEEPEST = 16   -- rows within tabs within rows

-- {group, datasource = {name}}: a query, or a variable that has none.
local function named(w, node, place)
  local uid = text(node, "datasource", "name")
  if not names.is_datasource(uid) then return end
  local of_type = text(node, "group")
  names.say(w, place, "object", false, of_type)
  local more = w:offer("datasources", uid, "datasource", "name")
  if more and more.type and of_type then w:put(more.type, "group") end
end

local QUERY = {"query"}

-- A query and its data source, in either way.
local function queried(w, node, place)
  local more = names.datasource(w, node, "datasource", place)
  local kind = text(node, "query", "kind")
  if more and more.type and kind and kind ~= "DataQuery" then w:put(more.type, "query", "kind") end
  w:inside(node, QUERY, named, place)
end

local SPEC = {"spec"}

local function of_spec(w, node, place) w:inside(node, SPEC, queried, place) end

local QUERIES, VIZ = {"spec", "data", "spec", "queries"}, {"spec", "vizConfig", "spec"}

local function panel(w, node)
  local of_type = text(node, "spec", "vizConfig", "group") or text(node, "spec", "vizConfig", "kind")
  if w.watch.panel then w.watch.panel(get(node, "spec", "id"), get(node, "spec", "title"), of_type) end
  w:each(node, QUERIES, of_spec, "query")
  w:inside(node, VIZ, options.panel, of_type)
end

local function element(w, node)
  if text(node, "kind") ~= "LibraryPanel" then return panel(w, node) end
  if w.watch.panel then w.watch.panel(get(node, "spec", "id"), get(node, "spec", "title"), "library-panel-ref") end
  w:inside(node, SPEC, library_panel)
end

-- Variables with a query have it in `spec`; in v2beta1 those without one name their data source beside it.
local function variable(w, node)
  if text(node, "kind") == "DatasourceVariable" then
    return w:inside(node, SPEC, names.current, text(node, "spec", "pluginId"))
  end
  named(w, node, "variable")
  of_spec(w, node, "variable")
end

local VARIABLES, LAYOUT = {"variables"}, {"layout"}
local ROWS, TABS, INNER = {"spec", "rows"}, {"spec", "tabs"}, {"spec", "layout"}
local OWN_VARIABLES = {"spec", "variables"}
local layout

local function section(w, node, depth)
  w:each(node, OWN_VARIABLES, variable)
  w:inside(node, INNER, layout, depth + 1)
end

-- Rows and tabs may have variables of their own.
function layout(w, node, depth)
  if depth > DEEPEST then return end
  w:each(node, ROWS, section, depth)
  w:each(node, TABS, section, depth)
end

local ELEMENTS, ANNOTATIONS = {"elements"}, {"annotations"}

--- The `spec` of a dashboard.
function v2.dashboard(w, node)
  w:each(node, ELEMENTS, element)
  w:each(node, VARIABLES, variable)
  w:each(node, ANNOTATIONS, of_spec, "annotation")
  w:inside(node, LAYOUT, layout, 1)
end

return v2
