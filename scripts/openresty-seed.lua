-- SPDX-License-Identifier: MIT
-- Fills the stand-in Grafana at GRAFANA_URL for the demo of examples/openresty: organisations with folders, tags and
-- panels; with the argument `hostile` titles of strangers who mean no good as well.

local grafana = require "grafana"
local check = grafana.check

local ORGS = {
  {name = "Main Org.", folders = {
    {"Infrastructure", {"Hosts", "Certificates", "Backups"}, {"infra"}},
  }},
  {name = "Web Shop", folders = {
    {"Checkout", {"Checkout funnel", "Payment providers", "Cart abandonment", "Fraud checks"},
      {"business", "checkout"}},
    {"Services", {"Order service", "Catalogue service", "Search service", "Recommendations", "Gateway"},
      {"service", "red"}},
    {"Frontend", {"Core web vitals", "JavaScript errors", "CDN cache"}, {"frontend"}},
  }},
  {name = "Platform", folders = {
    {"Kubernetes", {"Cluster overview", "Node pools", "Namespaces", "Workloads", "Persistent volumes", "API server"},
      {"kubernetes", "prod"}},
    {"Databases", {"PostgreSQL overview", "PostgreSQL replication", "Redis", "Elasticsearch"}, {"database", "prod"}},
    {"Network", {"Load balancers", "DNS", "Egress"}, {"network"}},
    {nil, {"Home", "On call"}, {"start"}},
  }},
  {name = "Data Science", folders = {
    {"Pipelines", {"Airflow", "Kafka lag", "Spark jobs"}, {"pipeline", "batch"}},
    {"Models", {"Model latency", "Feature drift"}, {"ml"}},
  }},
}

local PANELS = {
  {"Requests", "timeseries"}, {"Errors", "timeseries"}, {"Duration, 99th percentile", "heatmap"},
  {"Availability", "stat"}, {"CPU", "timeseries"}, {"Memory", "timeseries"}, {"Disk", "gauge"},
  {"Network in and out", "timeseries"}, {"Top endpoints", "table"}, {"Recent alerts", "alertlist"}, {"Logs", "logs"},
  {"Restarts", "bargauge"}, {"Saturation", "gauge"}, {"Queue length", "timeseries"}, {"Cost by team", "piechart"},
  {"Notes", "text"},
}

local HOSTILE = {
  "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</script></style></title><svg onload=alert(1)>",
  "javascript:alert(1)", "{{template}} ${7*7} {title}",
  "\226\128\174desrever era uoy", "&lt;b&gt; is no tag",
  ("a long title "):rep(380), "日本語 🎛 Überwachung",
}

local function panels_of(number)
  local list = {}
  for i = 1, 3 + number * 7 % 11 do
    local panel = PANELS[(number * 5 + i * 3) % #PANELS + 1]
    list[i] = {id = i, title = panel[1], type = panel[2]}
  end
  return list
end

local function add(g, org, number, title, tags, folder, panels)
  check(g:update_or_create_dashboard(org, {
    uid = ("demo-%d-%d"):format(org, number), title = title, tags = tags, panels = panels or panels_of(number),
  }, {folderUid = folder}))
end

local function some(tags, number)
  local list = {}
  for i, tag in ipairs(tags) do
    if i == 1 or number % 3 ~= 0 then list[#list + 1] = tag end
  end
  return list
end

local function fill(g, row)
  local org, number = check(g:create_org(row.name), "already-exists").id, 0
  for at, folder in ipairs(row.folders) do
    local uid = folder[1] and ("folder-%d-%d"):format(org, at)
    if uid then check(g:create_folder(org, {title = folder[1], uid = uid}), "already-exists") end
    for _, title in ipairs(folder[2]) do
      number = number + 1
      add(g, org, number, title, some(folder[3], number), uid)
    end
  end
end

local function fill_hostile(g)
  local org = check(g:create_org "<b>Strangers</b> & \"Co\"", "already-exists").id
  for i, title in ipairs(HOSTILE) do
    add(g, org, i, title, {title:sub(1, 40), "'" .. i .. '"&<'}, nil, {
      {id = 1, title = title, type = "<i>stat"}, {id = 2, type = title}, {id = 3, title = "ordinary", type = "stat"},
    })
  end
end

local g = grafana.connect()
for _, row in ipairs(ORGS) do fill(g, row) end
if arg[1] == "hostile" then fill_hostile(g) end
g:close()
