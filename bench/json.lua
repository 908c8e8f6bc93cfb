-- SPDX-License-Identifier: MIT
-- JSON against lua-cjson, on a dashboard of about 300 KB: medians of alternating runs, and what to expect of them.
--
--   lua5.4 bench/json.lua [rounds]
--
-- Exits with 1 when a ratio is below its goal and GRAFANA_BENCH_STRICT is set.

local found, grafana = pcall(require, "grafana")
if not found then
  grafana = require "grafana.core"
end
local cjson = require "cjson"

local rounds = tonumber(arg and arg[1]) or 25
local clock = os.clock

-- A dashboard as Grafana stores it: rows of time series, stats and tables with queries, thresholds and overrides.

local function target(i, ref)
  return {
    datasource = { type = "prometheus", uid = "P1809F7CD0C75ACF3" },
    editorMode = "code", exemplar = false, interval = "", range = true, refId = ref,
    expr = ('sum by (instance) (rate(node_cpu_seconds_total{job="$job",instance=~"$node",mode="mode%d"}' ..
      "[$__rate_interval]))"):format(i),
    legendFormat = "{{instance}} – mode " .. i,
  }
end

local function override(i)
  return {
    matcher = { id = "byName", options = "series " .. i },
    properties = grafana.array {
      { id = "color", value = { fixedColor = "semi-dark-orange", mode = "fixed" } },
      { id = "custom.lineWidth", value = i % 4 + 0.5 },
    },
  }
end

local kinds = { "timeseries", "stat", "table", "gauge" }

local function panel(i)
  return {
    id = i, title = "Panel " .. i .. ": CPU and memory", type = kinds[i % #kinds + 1], description = "",
    datasource = { type = "prometheus", uid = "P1809F7CD0C75ACF3" },
    gridPos = { h = 8, w = 12, x = i % 2 * 12, y = i // 2 * 8 },
    fieldConfig = {
      defaults = {
        color = { mode = "palette-classic" },
        custom = {
          axisBorderShow = false, axisCenteredZero = false, axisColorMode = "text", axisLabel = "",
          axisPlacement = "auto", barAlignment = 0, drawStyle = "line", fillOpacity = 10, gradientMode = "none",
          hideFrom = { legend = false, tooltip = false, viz = false },
          insertNulls = false, lineInterpolation = "linear", lineWidth = 1, pointSize = 5,
          scaleDistribution = { type = "linear" }, showPoints = "never", spanNulls = false,
          stacking = { group = "A", mode = "none" }, thresholdsStyle = { mode = "off" },
        },
        links = grafana.array {}, mappings = grafana.array {}, min = 0, decimals = 2, unit = "percentunit",
        thresholds = {
          mode = "absolute",
          steps = {
            { color = "green", value = grafana.null }, { color = "orange", value = 0.75 },
            { color = "red", value = 0.9 },
          },
        },
      },
      overrides = { override(i), override(i + 1) },
    },
    options = {
      legend = {
        calcs = { "mean", "lastNotNull", "max" }, displayMode = "table", placement = "bottom", showLegend = true,
      },
      tooltip = { mode = "multi", sort = "desc" },
    },
    targets = { target(i, "A"), target(i + 1, "B") },
    transformations = grafana.array {},
    transparent = false,
  }
end

local function dashboard(panels)
  local d = {
    id = 3202576570126336, uid = "bench-json", title = "Node overview", schemaVersion = 39, version = 12,
    editable = true, tags = { "node", "linux" }, timezone = "browser", refresh = "30s", panels = {},
    time = { from = "now-6h", to = "now" }, templating = { list = grafana.array {} },
    annotations = { list = { { builtIn = 1, enable = true, name = "Annotations & Alerts", type = "dashboard" } } },
  }
  for i = 1, panels do
    d.panels[i] = panel(i)
  end
  return d
end

local text = grafana.encode(dashboard(145), { sorted = true })
local tables, their_tables = grafana.decode(text), cjson.decode(text)

local function pick_from_tables(decode)
  local ids, titles = {}, {}
  for i, p in ipairs(decode(text).panels) do
    ids[i], titles[i] = p.id, p.title
  end
  return ids, titles
end

local raw = { raw = true }
local function pick_from_document()
  local ids, titles = {}, {}
  local document = grafana.decode(text, raw)
  for i, p in document:each "panels" do
    ids[i], titles[i] = p:get "id", p:get "title"
  end
  document:close()
  return ids, titles
end

local function median(list)
  table.sort(list)
  return list[#list // 2 + 1]
end

local cases = {
  { "decode to tables", 1.7, function() return cjson.decode(text) end, function() return grafana.decode(text) end },
  { "encode from tables", 1.4, function() return cjson.encode(their_tables) end,
    function() return grafana.encode(tables) end },
  { "pick ids and titles", 12, function() return pick_from_tables(cjson.decode) end, pick_from_document },
}

-- CPU time of one call in microseconds, over enough calls for the clock to be exact.
local function time(f, calls)
  collectgarbage()
  local start = clock()
  for _ = 1, calls do
    f()
  end
  return (clock() - start) / calls * 1e6
end

local function calls_for(f)
  return math.max(1, math.ceil(20000 / time(f, 5)))
end

local function measure(theirs, ours)
  local a, b, ratios = {}, {}, {}
  local their_calls, our_calls = calls_for(theirs), calls_for(ours)
  for i = 1, rounds do
    a[i], b[i] = time(theirs, their_calls), time(ours, our_calls)
    ratios[i] = a[i] / b[i]
  end
  return median(a), median(b), median(ratios)
end

print(("JSON of a dashboard of %d KB, %d panels; medians of %d alternating runs (%s, lua-cjson %s)"):format(
  #text // 1024, #tables.panels, rounds, _VERSION, cjson._VERSION))
print(("%-22s %12s %12s %8s %8s"):format("", "lua-cjson", "grafana", "ratio", "goal"))
local missed = false
for _, case in ipairs(cases) do
  local name, goal, theirs, ours = table.unpack(case)
  local a, b, ratio = measure(theirs, ours)
  missed = missed or ratio < goal
  print(("%-22s %9.0f µs %9.0f µs %8.2f %8.1f%s"):format(name, a, b, ratio, goal, ratio < goal and "  missed" or ""))
end
os.exit(not (missed and os.getenv "GRAFANA_BENCH_STRICT"))
