-- SPDX-License-Identifier: MIT
-- Fills an organisation with generated dashboards, realistic in shape: panels with targets and field options, a collapsed row, variables.

local json = require "server.json"
local state = require "server.state"
local dashboards = require "server.dashboards"

local seed = {}

local KINDS = { "timeseries", "stat", "gauge", "bargauge", "table", "heatmap" }

local function panel(id, datasource)
  local y = math.floor(id / 2) * 8
  return {
    id = id, type = KINDS[id % #KINDS + 1], title = "Panel " .. id, description = "Requests per second & errors <5m>", datasource = datasource,
    gridPos = { x = id % 2 * 12, y = y, w = 12, h = 8 },
    targets = json.array { { refId = "A", expr = ("sum by (job) (rate(http_requests_total{job=\"service-%d\"}[5m]))"):format(id),
      legendFormat = "{{job}}", datasource = datasource } },
    fieldConfig = { defaults = { unit = "reqps", min = 0, thresholds = { mode = "absolute",
      steps = json.array { { color = "green", value = json.null }, { color = "red", value = 80 } } } }, overrides = json.array {} },
    options = { legend = { displayMode = "list", placement = "bottom", showLegend = true }, tooltip = { mode = "single", sort = "none" } },
  }
end

-- Gives a panel further queries and overrides until it has about so many bytes: a large panel is one with much to show.
local function grow(shown, bytes)
  for index = 1, bytes and 1000 or 0 do
    if #json.encode(shown) >= bytes - 150 then break end
    local first = shown.targets[1]
    shown.targets[index + 1] = { refId = "Q" .. index, expr = first.expr, legendFormat = first.legendFormat, datasource = first.datasource }
    shown.fieldConfig.overrides[index] = { matcher = { id = "byName", options = "series " .. index },
      properties = json.array { { id = "color", value = { mode = "fixed", fixedColor = "dark-blue" } }, { id = "custom.lineWidth", value = 2 } } }
  end
  return shown
end

local function row(id, inner)
  return { id = id, type = "row", title = "Details", collapsed = true, gridPos = { x = 0, y = 1000, w = 24, h = 1 }, panels = json.array { inner } }
end

local function document(tags)
  return {
    tags = json.array(tags), timezone = "browser", schemaVersion = 39, editable = true, graphTooltip = 1,
    refresh = "30s", time = { from = "now-6h", to = "now" }, links = json.array {}, annotations = { list = json.array {} },
    templating = { list = json.array { { name = "job", type = "query", label = json.null, multi = true, includeAll = true, query = "label_values(job)",
      datasource = { type = "prometheus", uid = "prometheus" }, current = { text = "All", value = "$__all" } } } },
  }
end

-- The template of a document of about `bytes` bytes, with panels of about `panel_bytes`, or of the least that they have.
local function build(bytes, tags, panel_bytes)
  local datasource, panels = { type = "prometheus", uid = "prometheus" }, json.array {}
  panels[1] = row(1000, grow(panel(1001, datasource), panel_bytes))
  local result = document(tags)
  result.panels = panels
  local size, each = #json.encode(result), #json.encode(grow(panel(10, datasource), panel_bytes)) + 1
  for index = 1, math.max(1, math.floor((bytes - size) / each + 0.5)) do
    panels[index + 1] = grow(panel(index, datasource), panel_bytes)
  end
  return dashboards.to_template(result)
end

-- options: dashboards, org, bytes, panel_bytes, tags. Returns how many were made, or nil and a message.
function seed.fill(options)
  local org = state.orgs[options.org or 1]
  if not org then return nil, "no such organisation" end
  local tags = options.tags or { "seed" }
  local template = build(options.bytes or 5000, tags, options.panel_bytes)
  local sorted = json.array {}
  for index, tag in ipairs(tags) do sorted[index] = tag end
  table.sort(sorted)
  for index = 1, options.dashboards or 1000 do
    local uid, title = ("seed-%05d"):format(index), ("Seeded dashboard %05d"):format(index)
    dashboards.insert(org, uid, title, sorted, template)
  end
  state.touch(org)
  return options.dashboards or 1000
end

return seed
