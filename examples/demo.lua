-- SPDX-License-Identifier: MIT
-- The main job, told as it goes: an organisation is built, looked at, changed and removed again. `make demo` runs it on
-- a stand-in server; with GRAFANA_URL, GRAFANA_USER and GRAFANA_PASSWORD set it runs on yours. A server admin is
-- needed, and everything that it makes, it removes.

local bulk = require "grafana.bulk"
local grafana = require "grafana"

-- ------------------------------------------------------------------------------------------------------ telling --

local colours = os.getenv "TERM" ~= "dumb" and not os.getenv "NO_COLOR" and os.execute "test -t 1"
colours = colours == true or colours == 0

local function paint(code, text) return colours and ("\27[%sm%s\27[0m"):format(code, text) or text end

local function chapter(title) print("\n" .. paint("1;36", "== " .. title)) end

-- Say what is called, call it, and show what came.
local function try(code, result)
  print(paint("33", "   " .. code))
  print("   " .. paint(result.ok and "32" or "31", "→ " .. tostring(result)))
  return result
end

local function say(...) print("   " .. paint("2", (...):format(select(2, ...)))) end

local function read_file(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

-- ------------------------------------------------------------------------------------------------------ the parts --

local here = arg and arg[0] and arg[0]:match "^(.*)/[^/]*$" or "examples"
local names = {"node", "nginx", "postgresql", "kubernetes", "api-latency", "business", "queue", "home"}

local function people_of(suffix)
  return {
    {name = "Ann Editor", login = "ann-" .. suffix, email = "ann-" .. suffix .. "@example.org", role = "Editor"},
    {name = "Bo Viewer", login = "bo-" .. suffix, email = "bo-" .. suffix .. "@example.org", role = "Viewer"},
  }
end

local function add_people(g, org, people)
  for _, person in ipairs(people) do
    local made = try(("g:create_user{login = %q, password = …}"):format(person.login), g:create_user{
      name = person.name, login = person.login, email = person.email, password = "change-me-" .. person.login})
    person.id = made.id
    try(("g:add_org_user(org, %q, %q)"):format(person.login, person.role),
      g:add_org_user(org, person.login, person.role))
  end
end

local function add_dashboards(g, org)
  for _, name in ipairs(names) do
    local dashboard = grafana.decode(read_file(here .. "/dashboards/" .. name .. ".json"), {raw = true})
    try(("g:update_or_create_dashboard(org, <%s.json>)"):format(name),
      g:update_or_create_dashboard(org, dashboard, {message = "from the demo"}))
  end
end

-- Columns count characters, not bytes.
local function pad(text, width)
  local characters = select(2, text:gsub("[^\128-\191]", ""))
  if characters <= width then return text .. (" "):rep(width - characters) end
  local cut, count = #text, 0
  for at in text:gmatch "()[^\128-\191]" do
    count = count + 1
    if count == width then cut = at - 1 break end
  end
  return text:sub(1, cut) .. "…"
end

local function show_panels(panels)
  say("%s %s %s", pad("dashboard", 30), pad("panel", 34), "type")
  for i, panel in ipairs(panels) do
    if i > 12 then return say("… and %d more", #panels - 12) end
    say("%s %s %s", pad(panel.dashboard_title, 30), pad(panel.title or "", 34), panel.type)
  end
end

-- One key deep inside a dashboard, changed in the document without ever building a table of it.
local function change_one(g, org)
  local read = try('g:get_dashboard(org, "demo-node", {raw = true})', g:get_dashboard(org, "demo-node", {raw = true}))
  local document = grafana.check(read).dashboard
  say('document:set("10s", "refresh"); the first panel is %q', tostring(document:get("panels", 1, "title")))
  document:set("10s", "refresh")
  try('g:update_or_create_dashboard(org, document, {message = "refresh"})',
    g:update_or_create_dashboard(org, document, {message = "refresh"}))
end

local function who(row) return row.role or row.team or row.user end

local function build_team(g, org, people)
  try('g:create_team(org, {name = "Web Ops"})', g:create_team(org, {name = "Web Ops"}))
  try(('g:add_team_member(org, "Web Ops", %q)'):format(people[2].email),
    g:add_team_member(org, "Web Ops", people[2].email))
  try('g:create_folder(org, {title = "Web Ops", uid = "web-ops"})',
    g:create_folder(org, {title = "Web Ops", uid = "web-ops"}))
  try('g:create_folder(org, {title = "Lost", parentUid = "nowhere"})',
    g:create_folder(org, {title = "Lost", parentUid = "nowhere"}))
  local r = try('g:grant_folder_permissions(org, "web-ops", {roles = …, teams = …, users = …})',
    g:grant_folder_permissions(org, "web-ops", {
      roles = {Viewer = "View"}, teams = {["Web Ops"] = "Edit"}, users = {[people[1].email] = "Admin", nobody = "View"},
    }))
  for _, row in ipairs(r.granted or {}) do say("%-40s may: %d", tostring(who(row)), row.permission) end
  for _, row in ipairs(r.skipped or {}) do say("%-40s unknown %s, skipped", row.name, row.kind) end
end

-- A token signs in as the service account that it belongs to, and no longer once it is deleted.
local function use_token(g, org)
  local account = grafana.check(try('g:create_service_account(org, {name = "ci", role = "Viewer"})',
    g:create_service_account(org, {name = "ci", role = "Viewer"}))).id
  local token = grafana.check(try('g:create_token(org, account, {name = "ci", secondsToLive = 3600})',
    g:create_token(org, account, {name = "ci", secondsToLive = 3600})))
  local robot = grafana.connect(os.getenv "GRAFANA_URL", {token = token.key})
  try("grafana.connect(url, {token = key}):search(grafana.own)", robot:search(grafana.own))
  try("g:delete_token(org, account, token)", g:delete_token(org, account, token.id))
  try("the same once more", robot:search(grafana.own))
  robot:close()
  try("g:delete_service_account(org, account)", g:delete_service_account(org, account))
end

local function call_anything(g, org)
  try('g:call("patchOrgPreferences", {theme = "dark", timezone = "utc"}, {org = org})',
    g:call("patchOrgPreferences", {theme = "dark", timezone = "utc"}, {org = org}))
  local r = try('g:call("getOrgPreferences", {}, {org = org})', g:call("getOrgPreferences", {}, {org = org}))
  if r.ok then say("theme %s, time zone %s", r.body.theme, r.body.timezone) end
  local _, problem = pcall(g.call, g, "getOrgPreferenses")
  print(paint("33", '   g:call("getOrgPreferenses")') .. "\n   " .. paint("31", "raises: " .. tostring(problem)))
end

-- Indented as all that is told here.
local function show_text(text, most)
  local count = 0
  for line in text:gmatch "[^\n]+" do
    count = count + 1
    if count <= most then print("   " .. line) end
  end
  if count > most then say("… %d more lines", count - most) end
end

-- A backup, a change to all dashboards that is looked at first, and the way back.
local function work_in_bulk(g, org)
  local dir = os.tmpname()
  os.remove(dir)
  local name = grafana.check(g:get_org(org)).org.name
  local kinds = {"folders", "datasources", "dashboards"}
  print(paint("33", '   bulk.backup(g, dir, {orgs = {name}})'))
  show_text(tostring(bulk.backup(g, dir, {orgs = {name}, kinds = kinds})), 3)
  print(paint("33", '   plan = bulk.add_tags(g, org, nil, "demo-2")'))
  local plan = bulk.add_tags(g, org, nil, "demo-2", {journal = dir .. ".journal"})
  show_text(tostring(plan), 6)
  print(paint("33", '   plan:diff {key = "demo-node"}'))
  show_text(plan:diff {key = "demo-node"}, 12)
  print(paint("33", "   plan:apply()"))
  show_text(tostring(plan:apply()), 1)
  print(paint("33", "   plan:undo()"))
  show_text(tostring(plan:undo {journal = dir .. ".undo"}), 1)
  print(paint("33", "   bulk.diff(dir, {g, org})"))
  show_text(tostring(bulk.diff(dir, {g, org}, {kinds = kinds})), 1)
  os.execute(("rm -rf '%s' '%s.journal' '%s.undo'"):format(dir, dir, dir))
end

local function show_failures(g, org)
  try("g:create_org(<the same name>)", g:create_org(grafana.check(g:get_org(org)).org.name))
  try('g:get_dashboard(org, "no-such-uid")', g:get_dashboard(org, "no-such-uid"))
  try("g:get_org_panels(999999)", g:get_org_panels(999999))
  try('g:add_org_user(org, "nobody", "Viewer")', g:add_org_user(org, "nobody", "Viewer"))
  try('g:create_user{login = "x"}', g:create_user{login = "x"})
  local nowhere = grafana.connect("http://127.0.0.1:1", {"admin", "admin"}, {max_retries = 0})
  try('grafana.connect("http://127.0.0.1:1", …):get_orgs()', nowhere:get_orgs())
  local _, problem = pcall(g.create_org, g, 42)
  print(paint("33", "   g:create_org(42)") .. "\n   " .. paint("31", "raises: " .. tostring(problem)))
  say("a wrong type is the program's error and raises; what a server or a network does never raises")
end

local function clean_up(g, org, people)
  if org then try("g:delete_org(org)", g:delete_org(org)) end
  for _, person in ipairs(people) do
    if person.id then try(("g:delete_user(%q)"):format(person.login), g:delete_user(person.login)) end
  end
end

-- ------------------------------------------------------------------------------------------------------- the job --

local function work(g, made, people, suffix)
  chapter "An organisation"
  made.org = grafana.check(try('g:create_org("Demo …")', g:create_org("Demo " .. suffix))).id
  local org = made.org

  chapter "People with roles"
  add_people(g, org, people)
  try(("g:update_org_user(org, %q, {role = \"Editor\"})"):format(people[2].login),
    g:update_org_user(org, people[2].login, {role = "Editor"}))
  for _, user in ipairs(grafana.check(try("g:get_org_users(org)", g:get_org_users(org))).users) do
    say("%-28s %s", user.login, user.role)
  end

  chapter "A data source"
  try('g:create_datasource(org, {name = "Prometheus", …})', g:create_datasource(org, {
    name = "Prometheus", uid = "demo-prometheus", type = "prometheus", access = "proxy",
    url = "http://prometheus.example.org:9090", jsonData = {httpMethod = "POST", timeInterval = "15s"},
    secureJsonData = {httpHeaderValue1 = "a secret"}}))
  local changed = try('g:update_datasource(org, "demo-prometheus", {jsonData = {timeInterval = "30s"}})',
    g:update_datasource(org, "demo-prometheus", {jsonData = {timeInterval = "30s"}}))
  say("the rest stays: httpMethod is %q, and the secret is there: %s", changed.datasource.jsonData.httpMethod,
    tostring(changed.datasource.secureJsonFields.httpHeaderValue1))

  chapter "Dashboards"
  add_dashboards(g, org)

  chapter "All panels of the organisation"
  local progress = grafana.progress {label = "dashboards", out = io.stdout}   -- one line, as it takes but a moment
  show_panels(grafana.check(try('g:get_org_panels(org, {on_progress = grafana.progress {label = "dashboards"}})',
    g:get_org_panels(org, {on_progress = progress}))).panels)

  chapter "Searching"
  local tagged = try('g:get_dashboards_with_tag(org, "demo")', g:get_dashboards_with_tag(org, "demo"))
  for _, dashboard in ipairs(tagged.dashboards or {}) do say("%-28s %s", dashboard.title, dashboard.url) end
  try('g:search(org, {query = "postgres"})', g:search(org, {query = "postgres"}))

  chapter "A change"
  change_one(g, org)
  for _, version in ipairs(grafana.check(g:get_dashboard_versions(org, "demo-node")).versions) do
    say("version %s: %s", tostring(version.version), version.message)
  end

  chapter "A team, its folder, and who may do what there"
  build_team(g, org, people)

  chapter "A service account and its token"
  use_token(g, org)

  chapter "Anything that Grafana documents"
  call_anything(g, org)

  chapter "Many dashboards at once: a backup, a plan, and the way back"
  work_in_bulk(g, org)

  chapter "What a failure looks like"
  show_failures(g, org)
end

local function main()
  local g = grafana.connect()
  chapter(tostring(g))
  local health = try("g:health()", g:health())
  if not health.ok then os.exit(1) end
  local suffix = ("%d-%04d"):format(os.time(), math.random(0, 9999))
  local made, people = {}, people_of(suffix)
  local fine, problem = pcall(work, g, made, people, suffix)
  chapter "Cleaning up"
  clean_up(g, made.org, people)
  g:close()
  if not fine then
    print(paint("1;31", "\nThe demo failed: " .. tostring(problem)))
    os.exit(1)
  end
  print("\n" .. paint("1;32", "Done.") ..
    [[ Try it yourself: eval "$(make -s env)"; lua5.4 -i -e 'grafana = require "grafana"']])
end

math.randomseed(os.time())
main()
