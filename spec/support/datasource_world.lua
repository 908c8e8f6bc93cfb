-- SPDX-License-Identifier: MIT
--- An organisation in which dashboards of every form, a library panel and alert rules name data sources: for the
-- stand-in and for a real server.

local grafana = require "grafana"

local world = {}

local check, array = grafana.check, grafana.array

--- Data sources: `old` and `new` are of one type, `loki` of another.
world.DATASOURCES = {
  {uid = "old", name = "Old one", type = "prometheus", isDefault = true},
  {uid = "new", name = "New one", type = "prometheus"},
  {uid = "loki", name = "Logs", type = "loki"},
  {uid = "spare", name = "Spare", type = "loki"},
}

local TEXT = {type = "text", id = 9, title = "Old one", options = {content = '{"datasource": {"uid": "old"}}, Old one'}}

local function ref(uid, of_type) return {type = of_type or "prometheus", uid = uid} end

--- Dashboards of the first schema, by uid; `%s` stands for nothing: what is named is `old`, by uid or by name.
world.DASHBOARDS = {
  objects = {title = "Objects", panels = array {
    {id = 1, type = "timeseries", title = "One", datasource = ref "old", targets = array {
      {refId = "A", datasource = ref "old", expr = "old"},
      {refId = "B", datasource = ref("loki", "loki"), expr = "old"},
    }},
    {id = 2, type = "row", title = "Row", collapsed = true, panels = array {
      {id = 3, type = "stat", title = "Two", datasource = ref "-- Mixed --", targets = array {
        {refId = "A", datasource = ref "old"},
      }},
    }},
    TEXT,
  }},
  strings = {title = "Strings", panels = array {
    {id = 1, type = "graph", title = "By name", datasource = "Old one"},
    {id = 2, type = "graph", title = "By uid", datasource = "old", targets = array {
      {refId = "A", datasource = "Old one"},
    }},
    TEXT,
  }},
  variables = {
    title = "Variables", panels = array {{id = 1, type = "stat", title = "Chosen", datasource = ref "${ds}"}},
    templating = {list = array {
      {type = "datasource", name = "ds", query = "prometheus", current = {text = "Old one", value = "old"},
        options = array {}},
      {type = "query", name = "q", datasource = ref "old", query = "label_values(old)"},
      {type = "constant", name = "c", query = "old", current = {text = "old", value = "old"}},
    }},
    annotations = {list = array {{name = "deploys", enable = true, datasource = ref "old", expr = "old"}}},
  },
  innocent = {
    title = "Old one", tags = array {"old"}, links = array {{title = "old", type = "link", url = "/d/old?var=old"}},
    panels = array {TEXT, {id = 1, type = "timeseries", title = "old", datasource = ref("loki", "loki")}},
  },
}

world.V2 = {
  apiVersion = "dashboard.grafana.app/v2beta1", kind = "Dashboard", metadata = {name = "tabbed"},
  spec = {
    title = "Tabbed", annotations = array {}, cursorSync = "Off", editable = true, links = array {}, liveNow = false,
    preload = false, tags = array {}, variables = array {},
    timeSettings = {
      autoRefresh = "", autoRefreshIntervals = array {"5s"}, fiscalYearStartMonth = 0, from = "now-6h",
      hideTimepicker = false, to = "now", timezone = "browser",
    },
    elements = {["panel-1"] = {kind = "Panel", spec = {
      id = 1, title = "In a tab", description = "", links = array {},
      data = {kind = "QueryGroup", spec = {queries = array {{kind = "PanelQuery", spec = {refId = "A", hidden = false,
        query = {kind = "DataQuery", group = "prometheus", version = "v0", datasource = {name = "old"},
          spec = {expr = "old"}}}}}, transformations = array {}, queryOptions = grafana.object {}}},
      vizConfig = {kind = "VizConfig", group = "timeseries", version = "", spec = {options = grafana.object {},
        fieldConfig = {defaults = grafana.object {}, overrides = array {}}}},
    }}},
    layout = {kind = "TabsLayout", spec = {tabs = array {{kind = "TabsLayoutTab", spec = {title = "One",
      layout = {kind = "GridLayout", spec = {items = array {{kind = "GridLayoutItem", spec = {x = 0, y = 0, width = 12,
        height = 8, element = {kind = "ElementReference", name = "panel-1"}}}}}}}}}}},
  },
}

local function send(g, org, method, path, body)
  local r
  for _ = 1, 100 do   -- the Alertmanager of a new organisation takes its time
    r = g:request(method, path,
      {org = org, body = body, headers = {["X-Disable-Provenance"] = "true"}, max_retries = 0})
    if r.ok or not path:find "provisioning" or r.code ~= 500 and r.code ~= 404 then break end
    grafana.sleep(1)
  end
  assert(r.ok, ("%s %s: %s"):format(method, path, tostring(r)))
end

local function rule()
  return {
    uid = "rule", title = "Old one", ruleGroup = "group", folderUID = "top", orgID = 1, condition = "A", ["for"] = "5m",
    noDataState = "NoData", execErrState = "Error", labels = grafana.object {}, annotations = {summary = "old"},
    data = array {
      {refId = "B", relativeTimeRange = {from = 600, to = 0}, datasourceUid = "old",
        model = {refId = "B", expr = "old", datasource = ref "old"}},
      {refId = "A", relativeTimeRange = {from = 600, to = 0}, datasourceUid = "__expr__",
        model = {refId = "A", type = "math", expression = "$B > 0", datasource = ref("__expr__", "__expr__")}},
    },
  }
end

--- Fill an organisation.
-- @param g a client of its admin
-- @param org its id
-- @tab[opt] options `has_v2`: the second schema, too; `datasources`: other ones
function world.fill(g, org, options)
  options = options or {}
  for _, each in ipairs(options.datasources or world.DATASOURCES) do
    check(g:create_datasource(org, {
      uid = each.uid, name = each.name, type = each.type, access = "proxy", url = "http://127.0.0.1:1",
      isDefault = each.isDefault or false, jsonData = each.jsonData,
    }))
  end
  check(g:create_folder(org, {uid = "top", title = "Top"}))
  send(g, org, "POST", "/api/library-elements", {uid = "shared", name = "Shared", kind = 1, folderUid = "top", model = {
    type = "stat", title = "old", description = "", datasource = ref "old",
    targets = array {{refId = "A", expr = "old"}},
  }})
  send(g, org, "POST", "/api/library-elements", {uid = "lonely", name = "Lonely", kind = 1, folderUid = "top", model = {
    type = "stat", title = "lonely", description = "", datasource = ref("loki", "loki"),
  }})
  for uid, dashboard in pairs(world.DASHBOARDS) do
    local copy = grafana.decode(grafana.encode(dashboard))
    copy.uid, copy.schemaVersion = uid, 39
    check(g:update_or_create_dashboard(org, copy, {folderUid = "top"}))
  end
  check(g:update_or_create_dashboard(org, {uid = "library", title = "Library", schemaVersion = 39, panels = array {
    {id = 1, title = "Shared", libraryPanel = {uid = "shared", name = "Shared"}},
  }}))
  if options.has_v2 then
    local namespace = org == 1 and "default" or "org-" .. ("%d"):format(org)
    send(g, org, "POST", "/apis/dashboard.grafana.app/v2beta1/namespaces/" .. namespace .. "/dashboards", world.V2)
  end
  send(g, org, "POST", "/api/v1/provisioning/alert-rules", rule())
end

return world
