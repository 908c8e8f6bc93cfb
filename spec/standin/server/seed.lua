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

local function row(id, datasource)
  return { id = id, type = "row", title = "Details", collapsed = true, gridPos = { x = 0, y = 1000, w = 24, h = 1 },
    panels = json.array { panel(id + 1, datasource) } }
end

local function document(tags)
  return {
    tags = json.array(tags), timezone = "browser", schemaVersion = 39, editable = true, graphTooltip = 1,
    refresh = "30s", time = { from = "now-6h", to = "now" }, links = json.array {}, annotations = { list = json.array {} },
    templating = { list = json.array { { name = "job", type = "query", label = json.null, multi = true, includeAll = true, query = "label_values(job)",
      datasource = { type = "prometheus", uid = "prometheus" }, current = { text = "All", value = "$__all" } } } },
  }
end

-- The template of a document of about `bytes` bytes.
local function build(bytes, tags)
  local datasource, panels = { type = "prometheus", uid = "prometheus" }, json.array {}
  panels[1] = row(1000, datasource)
  local result = document(tags)
  result.panels = panels
  local size, each = #json.encode(result), #json.encode(panel(10, datasource)) + 1
  for index = 1, math.max(1, math.floor((bytes - size) / each + 0.5)) do panels[index + 1] = panel(index, datasource) end
  return dashboards.to_template(result)
end

-- options: dashboards, org, bytes, tags. Returns how many were made, or nil and a message.
function seed.fill(options)
  local org = state.orgs[options.org or 1]
  if not org then return nil, "no such organisation" end
  local tags = options.tags or { "seed" }
  local template = build(options.bytes or 5000, tags)
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
