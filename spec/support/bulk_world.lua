-- SPDX-License-Identifier: MIT
--- A server with something of everything that bulk jobs know, in two organisations: made by requests, so that nothing
-- of the jobs themselves is needed. For the stand-in and for a real server.

local grafana = require "grafana"

local world = {}

world.PASSWORDS = {ann = "ann-pass-1", bob = "bob-pass-1", cy = "cy-pass-2"}
world.SECRETS = {
  basicAuthPassword = "hunter-1", httpHeaderValue1 = "Bearer hunter-2", url = "hunter-3", token = "xoxb-hunter-4",
}
world.WEBHOOK = "https://hooks.example.org/hunter-5"

local check = grafana.check

-- The Alertmanager of a new organisation takes its time.
local PATIENCE = 100

local function send(g, org, method, path, body)
  local r
  for _ = 1, PATIENCE do
    r = g:request(method, path,
      {org = org, body = body, headers = {["X-Disable-Provenance"] = "true"}, max_retries = 0})
    if r.ok or not path:find "provisioning" or r.code ~= 500 and r.code ~= 404 then break end
    grafana.sleep(1)
  end
  assert(r.ok, ("%s %s: %s"):format(method, path, tostring(r)))
  return r.body
end

-- What asking for a secret returns: the one that was stored.
function world.secret(what)
  if what.kind == "users" then return world.PASSWORDS[what.key] end
  if what.kind == "contact_points" and what.name == "url" then return world.WEBHOOK end
  return world.SECRETS[what.name]
end

local function people(g, acme)
  for login, password in pairs(world.PASSWORDS) do
    check(g:create_user {login = login, email = login .. "@example.org", name = login:upper(), password = password})
  end
  check(g:update_org_user(1, "ann", "Editor"))
  check(g:add_org_user(acme, "bob", "Editor"))
  check(g:add_org_user(acme, "cy", "Admin"))
  check(g:set_user_admin("cy", true))
  for _, name in ipairs {"Ops", "Dev/../x"} do
    check(g:create_team(acme, {name = name, email = "team@example.org"}))
    check(g:add_team_member(acme, name, "bob"))
    check(g:delete_team_member(acme, name, "admin"))
  end
  local account = check(g:create_service_account(acme, {name = "deployer", role = "Editor"}))
  check(g:create_token(acme, account.id, {name = "ci"}))
end

local function datasources(g, acme)
  check(g:create_datasource(acme, {
    name = "Prom", uid = "prom", type = "prometheus", access = "proxy", url = "http://127.0.0.1:1", isDefault = true,
    basicAuth = true, basicAuthUser = "u", jsonData = {httpHeaderName1 = "Authorization", timeInterval = "15s"},
    secureJsonData = {
      basicAuthPassword = world.SECRETS.basicAuthPassword, httpHeaderValue1 = world.SECRETS.httpHeaderValue1,
    },
  }))
  check(g:create_datasource(acme, {
    name = "Loki", uid = "loki", type = "loki", access = "proxy", url = "http://127.0.0.1:2",
    jsonData = {maxLines = 1000},
  }))
end

local function folders(g, acme, nested)
  check(g:create_folder(acme, {uid = "top", title = "Top"}))
  check(g:create_folder(acme, {uid = "Top", title = "../../etc/passwd"}))
  if not nested then return end
  check(g:create_folder(acme, {uid = "mid", title = "Mid", parentUid = "top"}))
  check(g:create_folder(acme, {uid = "low", title = "Low", parentUid = "mid"}))
end

local function panel(id, kind, uid, more)
  local p = {id = id, type = "timeseries", title = "Panel " .. id, datasource = {type = kind, uid = uid},
    targets = grafana.array {{refId = "A", datasource = {type = kind, uid = uid}, expr = "up"}}}
  for key, value in pairs(more or {}) do p[key] = value end
  return p
end

local function library_panels(g, acme)
  send(g, acme, "POST", "/api/library-elements", {
    uid = "lib1", name = "Shared", kind = 1, folderUid = "top", model = {
      type = "stat", title = "Shared", description = "", datasource = {type = "prometheus", uid = "prom"},
      targets = grafana.array {{refId = "A"}},
    },
  })
end

local function dashboards(g, acme, nested, many)
  for i = 1, many do
    local dashboard = {
      uid = ("many-%04d"):format(i), title = "Many " .. i, tags = grafana.array {"many", "n" .. i % 3},
      panels = grafana.array {panel(1, "prometheus", "prom"), panel(2, "loki", "loki")},
      templating = {list = grafana.array {}}, schemaVersion = 39,
    }
    local folder = i % 3 == 0 and "top" or i % 3 == 1 and nested and "low" or ""
    check(g:update_or_create_dashboard(acme, dashboard, {folderUid = folder}))
  end
  for _, uid in ipairs {"Case", "case"} do
    check(g:update_or_create_dashboard(acme, {uid = uid, title = "Title of " .. uid, panels = grafana.array {
      panel(1, "prometheus", "prom", {libraryPanel = {uid = "lib1", name = "Shared"}}),
    }}, {folderUid = "top"}))
  end
end

-- One that only the second schema can say.
local function v2(g, acme)
  send(g, acme, "POST", ("/apis/dashboard.grafana.app/v2beta1/namespaces/org-%d/dashboards"):format(acme), {
    apiVersion = "dashboard.grafana.app/v2beta1", kind = "Dashboard",
    metadata = {name = "tabbed", annotations = {["grafana.app/folder"] = "top"}},
    spec = {
      title = "Tabbed", annotations = grafana.array {}, cursorSync = "Off", editable = true, links = grafana.array {},
      liveNow = false, preload = false, tags = grafana.array {"v2"}, variables = grafana.array {},
      elements = grafana.object {},
      timeSettings = {
        autoRefresh = "", autoRefreshIntervals = grafana.array {"5s"}, fiscalYearStartMonth = 0, from = "now-6h",
        hideTimepicker = false, to = "now", timezone = "browser",
      },
      layout = {kind = "TabsLayout", spec = {tabs = grafana.array {{
        kind = "TabsLayoutTab",
        spec = {title = "One", layout = {kind = "GridLayout", spec = {items = grafana.array {}}}},
      }}}},
    },
  })
end

local function permissions(g, acme)
  check(g:grant_folder_permissions(acme, "top",
    {roles = {Viewer = "View"}, teams = {Ops = "Edit"}, users = {bob = "Admin"}}))
  check(g:grant_dashboard_permissions(acme, "many-0002",
    {roles = {Editor = "Edit"}, teams = {["Dev/../x"] = "View"}}))
end

local function rule(uid)
  return {
    uid = uid, title = "Rule " .. uid, ruleGroup = "g1", folderUID = "top", orgID = 1, condition = "A", ["for"] = "5m",
    noDataState = "NoData", execErrState = "Error", labels = {severity = "page"}, annotations = {summary = "too high"},
    data = grafana.array {
      {refId = "B", relativeTimeRange = {from = 600, to = 0}, datasourceUid = "prom",
        model = {refId = "B", expr = "up"}},
      {refId = "A", relativeTimeRange = {from = 600, to = 0}, datasourceUid = "__expr__",
        model = {refId = "A", type = "math", expression = "$B > 0"}},
    },
  }
end

local function alerting(g, acme)
  local base = "/api/v1/provisioning/"
  send(g, acme, "POST", base .. "mute-timings", {name = "night", time_intervals = grafana.array {
    {times = grafana.array {{start_time = "00:00", end_time = "06:00"}}},
  }})
  send(g, acme, "PUT", base .. "templates/t1", {name = "t1", template = '{{ define "t1" }}x{{ end }}'})
  send(g, acme, "POST", base .. "contact-points", {uid = "cp-mail", name = "mail", type = "email",
    settings = {addresses = "a@example.org"}})
  send(g, acme, "POST", base .. "contact-points", {uid = "cp-slack", name = "chat", type = "slack",
    settings = {recipient = "#ops", token = world.SECRETS.token}})
  send(g, acme, "POST", base .. "contact-points", {uid = "cp-hook", name = "hook", type = "webhook",
    settings = {url = world.WEBHOOK, httpMethod = "POST"}})
  local matchers = grafana.array {grafana.array {"severity", "=", "page"}}
  send(g, acme, "PUT", base .. "policies", {receiver = "mail", group_by = grafana.array {"alertname"},
    routes = grafana.array {
      {receiver = "chat", object_matchers = matchers, mute_time_intervals = grafana.array {"night"}},
    }})
  send(g, acme, "POST", base .. "alert-rules", rule "rule1")
  send(g, acme, "POST", base .. "alert-rules", rule "rule2")
end

local function others(g, acme)
  for i = 1, 5 do
    send(g, acme, "POST", "/api/annotations", {dashboardUID = "many-0001", panelId = 1, time = 1700000000000 + i,
      timeEnd = 1700000060000, tags = grafana.array {"deploy", "v" .. i}, text = "Deployed " .. i})
  end
  send(g, acme, "POST", "/api/annotations", {time = 1700000000000, tags = grafana.array {"org"}, text = "Everywhere"})
  send(g, acme, "POST", "/api/playlists", {name = "Wall", interval = "1m", items = grafana.array {
    {type = "dashboard_by_uid", value = "many-0001", order = 1, title = "Many 1"},
    {type = "dashboard_by_tag", value = "many", order = 2, title = "many"},
  }})
  send(g, acme, "PUT", "/api/org/preferences", {theme = "dark", timezone = "utc", homeDashboardUID = "many-0001"})
end

--- Fill the server.
-- @param g a client of a server admin
-- @tab[opt] options `dashboards` (20): how many there are in `Acme`
-- @return the id of the organisation `Acme`
function world.fill(g, options)
  options = options or {}
  local major = tonumber(check(g:version()).version:match("^%d+"))
  local acme = check(g:create_org("Acme")).id
  people(g, acme)
  datasources(g, acme)
  folders(g, acme, major >= 12)
  library_panels(g, acme)
  dashboards(g, acme, major >= 12, options.dashboards or 20)
  if major >= 12 then v2(g, acme) end
  permissions(g, acme)
  alerting(g, acme)
  others(g, acme)
  return acme
end

return world
