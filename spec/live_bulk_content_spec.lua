-- SPDX-License-Identifier: MIT
-- Data sources, permissions, library panels, annotations and playlists of bulk jobs on the server at GRAFANA_URL, in an
-- organisation of their own.

package.path = "./?.lua;./?/init.lua;" .. package.path   -- 5.1 and LuaJIT do not look for ./?/init.lua

local grafana = require "grafana"
local kinds = require "spec.support.kinds"
local live = require "spec.golden.live"

local array, check, object = grafana.array, grafana.check, grafana.object

local function kind(name) return require("grafana.bulk.kinds." .. name) end

local function source(changes)
  local made = {
    uid = "p1", name = "One", type = "prometheus", access = "proxy", url = "http://127.0.0.1:9090", user = "",
    database = "", basicAuth = false, basicAuthUser = "", withCredentials = false, isDefault = false,
    jsonData = object {},
  }
  for name, value in pairs(changes or {}) do made[name] = value end
  return made
end

describe("on " .. assert(os.getenv("GRAFANA_URL"), "GRAFANA_URL is not set") .. ",", function()
  local server, g, made, world, org, is_new

  setup(function()
    server = live.server {
      url = os.getenv("GRAFANA_URL"), user = os.getenv("GRAFANA_USER") or "admin",
      password = os.getenv("GRAFANA_PASSWORD") or "admin",
    }
    g, is_new = server.admin, server.recorded ~= "9.3.2"
  end)
  before_each(function()
    made = live.world(server)
    org = made:new_org()
    local function secret(asked) return asked.name == "url" and "pa ss" or "secret-1" end
    world = kinds.on(g, {id = org, name = "live"}, {secret = secret})
  end)
  after_each(function() assert.same({}, made:clean()) end)

  local function write(name, form)
    local r, now = world:write(kind(name), form)
    assert.is_true(r.ok, tostring(r))
    return r, now
  end

  it("data sources are read back as they were written, the default one too", function()
    local sources = kind "datasources"
    local first = source {
      url = "http://u@127.0.0.1:9/x?y#z", basicAuth = true, basicAuthUser = "b",
      secrets = array {"basicAuthPassword", "url"}, jsonData = object {a = {1, 2.5, grafana.null}, list = array {}},
    }
    local second = source {uid = "p2", name = "Two", type = "grafana-postgresql-datasource", isDefault = true}
    world:trip(sources, first)
    world:trip(sources, second)
    assert.same({"basicAuthPassword", "url"}, sources.read(world.at, "p1").secrets)
    first.isDefault, second.isDefault = true, false
    write("datasources", second)
    write("datasources", first)
    local all = world:list(sources)
    assert.is_true(all.p1.doc:get "isDefault")
    assert.is_false(all.p2.doc:get "isDefault")
    local now = all.p2
    second.database = "by somebody"
    write("datasources", second)
    local stale = sources.write(world.at, kinds.object(sources, source {uid = "p2", name = "Mine"}), now)
    assert.equal("version-mismatch", stale.reason, tostring(stale))
    assert.equal("name-exists", (world:write(sources, source {uid = "p3", name = "Two"})).reason)
    assert.is_true(sources.delete(world.at, sources.read(world.at, "p1")).ok)
    assert.equal(1, world:count(sources))
  end)

  it("permissions are replaced exactly, by names", function()
    local ann = made:new_user {org = org}
    check(g:create_team(org, {name = "Ops"}))
    check(g:create_service_account(org, {name = "The Robot", role = "Viewer"}))
    made:new_folder(org, "f", "F")
    check(g:update_or_create_dashboard(org, {uid = "d", title = "D", panels = {}}, {folderUid = "f"}))
    for name, uid in pairs {folder_permissions = "f", dashboard_permissions = "d"} do
      local permissions = kind(name)
      world:trip(permissions, {uid = uid, permissions = array {
        {role = "Editor", permission = "Edit"}, {role = "Viewer", permission = "View"},
        {team = "Ops", permission = "Edit"}, {user = ann.login, permission = "Admin"},
        {service_account = "The Robot", permission = "View"},
      }})
      local nobody = {user = "nobody at all", permission = "View"}
      local r = world:write(permissions, {uid = uid, permissions = array {nobody}})
      assert.equal("user-not-found", r.status)
      assert.equal(5, permissions.read(world.at, uid).doc:len "permissions")
      world:trip(permissions, {uid = uid, permissions = array {}})
    end
  end)

  it("library panels are written under a lock, and kept while in use", function()
    local panels = kind "library_panels"
    made:new_folder(org, "f", "F")
    local form = {uid = "lp", name = "L", kind = 1, folderUid = "f", model = object {type = "stat", title = "L"}}
    local now = world:trip(panels, form)
    form.model.description = "described"
    world:trip(panels, form)
    assert.equal("version-mismatch", panels.write(world.at, kinds.object(panels, form), now).reason)
    made:new_folder(org, "f2", "F2")
    for _, folder in ipairs {"f2", "", "f"} do   -- which 12.4.3 does not do by itself
      form.folderUid = folder
      world:trip(panels, form)
      assert.equal(1, world:count(panels))
    end
    form.folderUid = "none"
    assert.equal("folder-not-found", (world:write(panels, form)).reason)
    local panel = {id = 1, gridPos = {x = 0, y = 0, w = 1, h = 1}, libraryPanel = {uid = "lp", name = "L"}}
    check(g:update_or_create_dashboard(org, {uid = "d", title = "D", panels = {panel}}))
    assert.equal("invalid-data", panels.delete(world.at, panels.read(world.at, "lp")).status)
    check(g:delete_dashboard(org, "d"))
    now = panels.read(world.at, "lp")
    assert.is_true(panels.delete(world.at, now).ok)
    form.folderUid = ""
    assert.equal("not-found", panels.write(world.at, kinds.object(panels, form), now).status)
  end)

  it("library panels of one name are listed page by page", function()
    if not is_new then return end
    for i = 1, 120 do
      write("library_panels", {uid = "u" .. i, name = "N", kind = 1, folderUid = "", model = object {type = "stat"}})
    end
    assert.equal(120, world:count(kind "library_panels"))
  end)

  it("annotations are listed once each, and not made twice", function()
    local annotations = kind "annotations"
    check(g:update_or_create_dashboard(org, {uid = "d", title = "D", panels = {}}))
    local form = {
      time = 2000000, timeEnd = 3000000, text = "t", tags = array {"a", "b:c"}, dashboardUID = "d", panelId = 2,
    }
    for _, ordinal in ipairs {false, 2, 3} do
      form.ordinal = ordinal or nil
      world:trip(annotations, form)
      world:trip(annotations, form)
    end
    local rows = {}
    for i = 1, 1100 do
      local body = {time = i <= 1050 and 4000000 or i, text = "number " .. i, dashboardUID = i % 2 == 0 and "d" or nil}
      rows[i] = {"request", "POST", "/api/annotations", {org = org, body = body}}
    end
    for _, r in ipairs(grafana.gather(g, rows)) do check(r) end
    assert.equal(1103, world:count(annotations))
    local now = annotations.read(world.at, kinds.object(annotations, form).key, kinds.object(annotations, form))
    assert.is_true(annotations.delete(world.at, now).ok)
    form.ordinal, form.data = nil, {some = "data"}
    world:trip(annotations, form)
    assert.equal(1102, world:count(annotations))
    form.dashboardUID = "none"
    assert.equal("not-found", (world:write(annotations, form)).status)
  end)

  it("playlists keep their uids, and are all listed", function()
    if not is_new then return end
    local playlists = kind "playlists"
    local form = {uid = "wall", name = "Wall", interval = "1m", items = array {
      {type = "dashboard_by_uid", value = "d"}, {type = "dashboard_by_tag", value = "t"},
    }}
    local now = world:trip(playlists, form)
    form.name = "Other"
    world:trip(playlists, form)
    assert.equal("version-mismatch", playlists.write(world.at, kinds.object(playlists, form), now).reason)
    assert.equal("version-mismatch", playlists.delete(world.at, now).reason)
    now = playlists.read(world.at, "wall")
    assert.is_true(playlists.delete(world.at, now).ok)
    assert.equal("not-found", playlists.write(world.at, kinds.object(playlists, form), now).status)
    local rows = {}
    for i = 1, 510 do
      local body = {uid = "u" .. i, name = "N", items = array {}}
      rows[i] = {"request", "POST", "/api/playlists", {org = org, body = body}}
    end
    for _, r in ipairs(grafana.gather(g, rows)) do check(r) end
    assert.equal(510, world:count(playlists))
  end)
end)
