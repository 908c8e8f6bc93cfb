-- SPDX-License-Identifier: MIT
-- answer.lua BYTES: prints what Grafana answers to GET /api/dashboards/uid/x for a dashboard of about BYTES bytes.

local grafana = require "grafana"

local bytes, panels = tonumber(arg[1]), grafana.array {}
local answer = {
  meta = {type = "db", canSave = true, canEdit = true, slug = "a-dashboard", url = "/d/x/a-dashboard", version = 1,
    created = "2026-01-01T00:00:00Z", updated = "2026-01-01T00:00:00Z", folderUid = "", folderTitle = "General"},
  dashboard = {uid = "x", id = 1, title = "A dashboard", tags = grafana.array {"bench"}, schemaVersion = 39,
    version = 1, time = {from = "now-6h", to = "now"}, timezone = "browser"},
}
answer.dashboard.panels = panels
repeat
  local i = #panels + 1
  panels[i] = {
    id = i, type = "timeseries", title = "Requests of service " .. i, gridPos = {h = 8, w = 12, x = 0, y = 8 * i},
    datasource = {type = "prometheus", uid = "metrics"},
    targets = {{refId = "A", expr = ("sum(rate(http_requests_total{service=\"%d\"}[5m])) by (code)"):format(i)}},
    fieldConfig = {defaults = {unit = "reqps", min = 0, custom = {lineWidth = 1, fillOpacity = 10}},
      overrides = grafana.array {}},
    options = {legend = {displayMode = "list", placement = "bottom", showLegend = true}, tooltip = {mode = "single"}},
  }
until #grafana.encode(answer) >= bytes
io.write(grafana.encode(answer, {sorted = true}))
