-- SPDX-License-Identifier: MIT
-- Dashboards of the second schema: panels as named elements, placed by a layout. Both ways as far as a real server was asked: panels, those of the
-- library, rows, tabs, queries, annotations, tags, links, times; variables are left out. v2alpha1 differs from v2beta1 in how it names what draws a
-- panel; of the rest, as of queries, nothing is turned.

local json = require "server.json"

local v2 = {}

local INTERVALS = { "5s", "10s", "30s", "1m", "5m", "15m", "30m", "1h", "2h", "1d" }
local DEFAULT_WIDTH, DEFAULT_HEIGHT = 6, 3

local function list_of(value) return json.is_array(value) and value or {} end
local function object_of(value) return json.is_object(value) and value or {} end

-- The old schema from the new one ------------------------------------------------------------------------------------------------------------

local function old_annotation(item)
  local spec = object_of(item.spec)
  local query = object_of(spec.query)
  return { builtIn = spec.builtIn and 1 or nil, datasource = { type = query.group, uid = object_of(query.datasource).name }, enable = spec.enable,
    hide = spec.hide, iconColor = spec.iconColor, name = spec.name, type = object_of(spec.legacyOptions).type }
end

local function old_targets(panel)
  local targets = json.array {}
  for index, item in ipairs(list_of(object_of(object_of(panel.data).spec).queries)) do
    local spec = object_of(item.spec)
    local query = object_of(spec.query)
    local target = {}
    for key, value in pairs(object_of(query.spec)) do target[key] = value end
    target.refId, target.datasource = spec.refId, { type = query.group, uid = object_of(query.datasource).name }
    targets[index] = target
  end
  return targets
end

local function grid_of(place) return { x = place.x or 0, y = place.y or 0, w = place.width, h = place.height } end

local function old_library_panel(spec, place)
  return { id = spec.id, title = spec.title, type = "library-panel-ref", libraryPanel = spec.libraryPanel, gridPos = grid_of(place) }
end

local function old_panel(element, place)
  local spec = object_of(element.spec)
  if element.kind == "LibraryPanel" then return old_library_panel(spec, place) end
  local viz = object_of(spec.vizConfig)
  local shape = object_of(viz.spec)
  local config = object_of(shape.fieldConfig)
  local plain = next(object_of(config.defaults)) == nil and #list_of(config.overrides) == 0
  return {
    id = spec.id, title = spec.title, type = viz.group or viz.kind, options = shape.options or {},
    pluginVersion = viz.version or shape.pluginVersion or "", targets = old_targets(spec),
    fieldConfig = not plain and config or nil, description = spec.description ~= "" and spec.description or nil, gridPos = grid_of(place),
  }
end

local function fail(name) error({ missing = name }, 0) end

-- The panels of a grid, whichever places them.
local function add_grid(panels, layout, elements)
  for _, item in ipairs(list_of(object_of(layout.spec).items)) do
    local place = object_of(item.spec)
    local name = object_of(place.element).name
    if not elements[name] then fail(name) end
    panels[#panels + 1] = old_panel(elements[name], place)
  end
end

-- Rows have numbers that no panel has.
local function highest_id(elements)
  local highest = 0
  for _, element in pairs(elements) do highest = math.max(highest, json.tonumber(object_of(element.spec).id) or 0) end
  return highest
end

local function add_row(panels, id, about, inner)
  panels[#panels + 1] = { type = "row", title = about.title or "", collapsed = about.collapse or false, id = id, panels = inner,
    gridPos = { x = 0, y = 0, w = 24, h = 1 } }
end

-- A row or a tab becomes a row, unless it hides its header; one that is collapsed holds its panels.
local function add_rows(panels, rows, elements, is_tab)
  local id = highest_id(elements)
  for _, row in ipairs(rows) do
    local about, inside = object_of(row.spec), panels
    if not about.hideHeader then
      id = id + 1
      inside = about.collapse and json.array {} or panels
      add_row(panels, id, about, (about.collapse or is_tab) and (about.collapse and inside or json.array {}) or nil)
    end
    add_grid(inside, object_of(about.layout), elements)
  end
end

local function old_panels(spec)
  local panels, layout, elements = json.array {}, object_of(spec.layout), object_of(spec.elements)
  local inside = object_of(layout.spec)
  if layout.kind == "RowsLayout" then add_rows(panels, list_of(inside.rows), elements)
  elseif layout.kind == "TabsLayout" then add_rows(panels, list_of(inside.tabs), elements, true)
  else add_grid(panels, layout, elements) end
  return #panels > 0 and panels or nil
end

-- The document of the old schema; empty panels, tags and links are left out.
local function to_old(spec)
  local annotations, times = json.array {}, object_of(spec.timeSettings)
  for index, item in ipairs(list_of(spec.annotations)) do annotations[index] = old_annotation(item) end
  return {
    annotations = { list = annotations }, editable = spec.editable, fiscalYearStartMonth = times.fiscalYearStartMonth or 0, graphTooltip = 0,
    liveNow = spec.liveNow, panels = old_panels(spec), preload = spec.preload, refresh = times.autoRefresh or "", schemaVersion = 42, title = spec.title,
    time = { from = times.from, to = times.to }, timezone = times.timezone, description = spec.description,
    tags = #list_of(spec.tags) > 0 and spec.tags or nil, links = #list_of(spec.links) > 0 and spec.links or nil,
  }
end

local FAILED = "failed to convert dashboard spec: failed to convert panels: panel with uid %s not found in the dashboard elements"

-- The document of the old schema; nil and what Grafana says where a layout places a panel that is not there.
function v2.to_old(spec)
  local ok, result = pcall(to_old, spec)
  if ok then return result end
  if type(result) == "table" and result.missing then return nil, FAILED:format(result.missing) end
  error(result, 0)
end

-- The new schema from the old one ------------------------------------------------------------------------------------------------------------

local function new_annotation(item)
  local source = object_of(item.datasource)
  return { kind = "AnnotationQuery", spec = { enable = item.enable, hide = item.hide, iconColor = item.iconColor, name = item.name,
    builtIn = item.builtIn == 1 or nil, legacyOptions = { type = item.type },
    query = { kind = "DataQuery", group = source.type, version = "v0", datasource = { name = source.uid }, spec = {} } } }
end

local function new_queries(panel)
  local queries = json.array {}
  for index, target in ipairs(list_of(panel.targets)) do
    local source, spec = object_of(target.datasource), {}
    for key, value in pairs(target) do
      if key ~= "refId" and key ~= "datasource" and key ~= "hide" then spec[key] = value end
    end
    queries[index] = { kind = "PanelQuery", spec = { refId = target.refId, hidden = target.hide or false,
      query = { kind = "DataQuery", group = source.type or "", version = "v0", datasource = { name = source.uid }, spec = spec } } }
  end
  return queries
end

local function new_element(panel)
  local config = object_of(panel.fieldConfig)
  return { kind = "Panel", spec = { id = panel.id, title = panel.title or "", description = panel.description or "", links = json.array {},
    data = { kind = "QueryGroup", spec = { queries = new_queries(panel), transformations = json.array {}, queryOptions = {} } },
    vizConfig = { kind = "VizConfig", group = panel.type, version = panel.pluginVersion or "", spec = { options = panel.options or {},
      fieldConfig = { defaults = config.defaults or {}, overrides = config.overrides or json.array {} } } } } }
end

-- Adds a panel to the elements; returns the item of a grid.
local function place(elements, panel)
  local name, at = "panel-" .. tostring(panel.id), object_of(panel.gridPos)
  elements[name] = new_element(panel)
  return { kind = "GridLayoutItem", spec = { x = at.x or 0, y = at.y or 0, width = at.w or DEFAULT_WIDTH, height = at.h or DEFAULT_HEIGHT,
    element = { kind = "ElementReference", name = name } } }
end

local function grid(items) return { kind = "GridLayout", spec = { items = items } } end

local function new_row(title, collapsed, items, hidden)
  return { kind = "RowsLayoutRow", spec = { title = title, collapse = collapsed, hideHeader = hidden or nil, layout = grid(items) } }
end

-- Panels before the first row become a row without a header.
local function new_layout(panels, elements)
  local rows, items = json.array {}, json.array {}
  for _, panel in ipairs(panels) do
    if panel.type == "row" then
      if #rows == 0 and #items > 0 then rows[1] = new_row("", false, items, true) end
      items = json.array {}
      rows[#rows + 1] = new_row(panel.title or "", panel.collapsed or false, items)
      for _, inner in ipairs(list_of(panel.panels)) do items[#items + 1] = place(elements, inner) end
    else
      items[#items + 1] = place(elements, panel)
    end
  end
  return #rows > 0 and { kind = "RowsLayout", spec = { rows = rows } } or grid(items)
end

-- The new schema of a document that has all the defaults of v1beta1.
function v2.from_old(old)
  local annotations, elements, time = json.array {}, {}, object_of(old.time)
  for index, item in ipairs(list_of(object_of(old.annotations).list)) do annotations[index] = new_annotation(item) end
  local intervals = json.array {}
  for index, interval in ipairs(INTERVALS) do intervals[index] = interval end
  return {
    annotations = annotations, cursorSync = "Off", editable = old.editable, layout = new_layout(list_of(old.panels), elements), elements = elements,
    links = old.links, liveNow = false, preload = false, tags = old.tags, title = old.title, variables = json.array {},
    timeSettings = { timezone = old.timezone, from = time.from, to = time.to, autoRefresh = old.refresh, autoRefreshIntervals = intervals,
      hideTimepicker = false, fiscalYearStartMonth = old.fiscalYearStartMonth },
  }
end

-- From one of the two to the other --------------------------------------------------------------------------------------------------------

local function to_alpha(viz)
  local spec = { pluginVersion = viz.version or "" }
  for key, value in pairs(object_of(viz.spec)) do spec[key] = value end
  return { kind = viz.group, spec = spec }
end

local function to_beta(viz)
  local spec, version = {}, object_of(viz.spec).pluginVersion
  for key, value in pairs(object_of(viz.spec)) do
    if key ~= "pluginVersion" then spec[key] = value end
  end
  return { kind = "VizConfig", group = viz.kind, version = version or "", spec = spec }
end

-- Puts a spec of either into the words of `version`, in place.
function v2.turn(spec, version)
  for _, element in pairs(object_of(spec.elements)) do
    local viz = object_of(element.spec).vizConfig
    if json.is_object(viz) and (viz.kind == "VizConfig") ~= (version == "v2beta1") then
      element.spec.vizConfig = version == "v2beta1" and to_beta(viz) or to_alpha(viz)
    end
  end
  return spec
end

return v2
