-- SPDX-License-Identifier: MIT
-- What is compared: nothing is taken for another thing, nothing that could not be read is overwritten, nothing is
-- deleted because a list lacked it, and what is wrong with one object stays its own failure.

package.path = "./?.lua;./?/init.lua;" .. package.path

local bulk = require "grafana.bulk"
local files = require("grafana.core").files
local grafana = require "grafana"
local two_worlds = require "spec.support.two_worlds"
local world = require "spec.support.bulk_world"

local check = grafana.check
local two, dir

setup(function()
  two = two_worlds.start("12.4.3")
  dir = two:folder()
  assert.is_true(bulk.backup(two.g, dir).ok)
end)
teardown(function() two:stop() end)
before_each(function()
  two[1]:clear_faults()
  two[2]:clear_faults()
  two:empty()
end)

local function other_org() return check(two.other:get_org("Acme")).org.id end

-- A plan from the first to the second about these kinds.
local function restored() assert.is_true(two:restore(dir).ok) end

local function plan_of(job, options)
  options.journal, options.secret = two:folder(), world.secret
  return bulk[job](two.g, "Acme", two.other, "Acme", options)
end

local function restore(folder, options)
  options = options or {}
  options.journal, options.secret = two:folder(), world.secret
  local plan = bulk.restore(two.other, folder, options)
  return plan
end

local function backup_with(path, text)
  local copy = two:folder()
  os.execute(("cp -r '%s' '%s'"):format(dir, copy))
  local pipe = io.popen(("ls -d '%s'/organisations/acme-*"):format(copy))
  local org = pipe:read("*l")
  pipe:close()
  assert(files.write(org .. "/" .. path, text))
  return copy
end

describe("data sources", function()
  local function source(g, org, uid, name)
    return check(g:create_datasource(org, {uid = uid, name = name, type = "loki", access = "proxy",
      url = "http://127.0.0.1:3"}))
  end

  it("are not taken for one that has their name there and is another one's uid here", function()
    restored()
    local acme = other_org()
    check(two.other:update_datasource(acme, "loki", {name = "Old name"}))
    source(two.g, two.acme, "newer", "Old name")
    local plan = plan_of("copy", {kinds = {"datasources"}})
    check(two.g:delete_datasource(two.acme, "newer"))
    local keys = {}
    for i, change in ipairs(plan.changes) do keys[i] = change.action .. " " .. change.key .. " " .. change.title end
    table.sort(keys)
    assert.same({"create newer Old name", "update loki Loki"}, keys)
    local report = plan:apply()
    assert.is_true(report.ok, tostring(report))
    assert.equal("Old name", two.other:get_datasource(acme, "newer").datasource.name)
  end)

  it("of one name are the same where only dashboards are copied, too", function()
    local acme = check(two.other:create_org("Acme")).id
    check(two.other:create_datasource(acme, {uid = "prom-there", name = "Prom", type = "prometheus", access = "proxy",
      url = "http://127.0.0.1:1"}))
    assert.is_true(plan_of("copy", {kinds = {"folders", "dashboards"}}):apply().ok)
    local panels = check(two.other:get_dashboard(acme, "many-0001")).dashboard.panels
    assert.equal("prom-there", panels[1].datasource.uid)
    assert.equal("loki", panels[2].datasource.uid)
  end)

  it("of which another becomes the default one, are taken back whatever else was changed", function()
    restored()
    local acme = other_org()
    check(two.other:update_datasource(acme, "loki", {isDefault = true}))
    check(two.other:update_datasource(acme, "prom", {url = "http://127.0.0.1:99"}))
    local plan = plan_of("copy", {kinds = {"datasources"}})
    assert.equal(2, #plan.changes, tostring(plan))
    assert.is_true(plan:apply().ok)
    assert.is_true(check(two.other:get_datasource(acme, "prom")).datasource.isDefault)
    local report = plan:undo {journal = two:folder()}
    assert.is_true(report.ok, tostring(report))
    assert.is_true(check(two.other:get_datasource(acme, "loki")).datasource.isDefault)
    assert.equal("http://127.0.0.1:99", check(two.other:get_datasource(acme, "prom")).datasource.url)
  end)

  it("of which two are one there are written once, and that is said", function()
    restored()
    local plan = plan_of("copy", {kinds = {"datasources"}, mapping = {datasources = {loki = "prom"}}})
    assert.equal(0, #plan.changes, tostring(plan))
    assert.matches("loki is prom there, and so is another one", tostring(plan))
  end)
end)

describe("playlists of one name", function()
  it("stay two", function()
    restored()
    local acme = other_org()
    local function playlist(g, org, uid, interval)
      check(g:request("POST", "/api/playlists", {org = org, body = {uid = uid, name = "Twins", interval = interval,
        items = grafana.array {{type = "dashboard_by_tag", value = "many", order = 1, title = "many"}}}}))
    end
    playlist(two.other, acme, "twin-a", "1m")
    playlist(two.g, two.acme, "twin-a", "1m")
    playlist(two.g, two.acme, "twin-b", "9m")
    local plan = plan_of("copy", {kinds = {"playlists"}})
    check(two.g:request("DELETE", "/api/playlists/twin-a", {org = two.acme}))
    check(two.g:request("DELETE", "/api/playlists/twin-b", {org = two.acme}))
    assert.equal(1, #plan.changes, tostring(plan))
    assert.equal("create", plan.changes[1].action)
    assert.equal("twin-b", plan.changes[1].key)
  end)
end)

describe("what could not be read there", function()
  it("is not written, as undo could not bring it back", function()
    restored()
    check(two.other:grant_dashboard_permissions(other_org(), "many-0002", {roles = {Viewer = "Edit"}}))
    two[2]:fault {kind = "status", code = 500, path = "many%-0002/permissions", times = 0}
    local plan = restore(dir)
    two[2]:clear_faults()
    assert.equal(0, #plan.changes, tostring(plan))
    assert.equal("many-0002", plan.failures[1].key)
  end)
end)

describe("sync with delete", function()
  it("looks in the source once more for what is to go", function()
    restored()
    two[1]:fault {kind = "body", path = "^/api/teams/search", body = '{"totalCount":0,"teams":[],"page":1,"perPage":1}'}
    local plan = plan_of("sync", {delete = true, kinds = {"teams"}})
    assert.equal(0, plan:counts().delete, tostring(plan))
    assert.matches("the list of the source lacked it", tostring(plan))
  end)

  it("and undo brings back who could do what with what was deleted", function()
    restored()
    local acme = other_org()
    check(two.other:create_folder(acme, {uid = "shut", title = "Shut"}))
    check(two.other:grant_folder_permissions(acme, "shut", {roles = {Admin = "Admin"}}))
    check(two.other:update_or_create_dashboard(acme, {uid = "secret", title = "Secret", panels = {}}))
    check(two.other:grant_dashboard_permissions(acme, "secret", {users = {bob = "View"}}))
    local before, after = two:folder(), two:folder()
    assert.is_true(bulk.backup(two.other, before).ok)
    local plan = plan_of("sync", {delete = true})
    assert.equal(2, plan:counts().delete, tostring(plan))
    assert.is_true(plan:apply().ok)
    assert.is_true(plan:undo({journal = two:folder()}).ok)
    assert.is_true(bulk.backup(two.other, after).ok)
    assert.equal("", two_worlds.differences(before, after))
  end)

  it("takes no rules away where the accounts cannot prove that they see all", function()
    restored()
    check(two.g:add_org_user(two.acme, "ann", "Viewer"))
    check(two.other:request("DELETE", "/api/v1/provisioning/alert-rules/rule2", {org = other_org()}))
    local viewer = two:connect(1, "ann", "ann-pass-1")
    local plan = bulk.sync(two.other, "Acme", viewer, "Acme", {delete = true, journal = two:folder(),
      kinds = {"rule_groups"}})
    check(two.g:delete_org_user(two.acme, "ann"))
    assert.equal(0, #plan.changes, tostring(plan))
  end)
end)

describe("diff", function()
  it("finds what a mapping calls otherwise there, by the mapping with which it was copied", function()
    local options = {kinds = {"organisations", "teams"}, mapping = {teams = {Ops = "Operations"}}}
    plan_of("copy", options):apply()
    local r = bulk.diff({two.g, "Acme"}, {two.other, "Acme"}, {kinds = {"teams"}, mapping = options.mapping})
    assert.same({0, 0}, {#r.added, #r.removed}, tostring(r))
  end)

  it("shows rules that only one of two groups has, whichever it is", function()
    restored()
    check(two.other:request("DELETE", "/api/v1/provisioning/alert-rules/rule2", {org = other_org()}))
    local a, b = {two.g, "Acme"}, {two.other, "Acme"}
    assert.equal(1, #bulk.diff(a, b, {kinds = {"rule_groups"}}).changed)
    assert.equal(1, #bulk.diff(b, a, {kinds = {"rule_groups"}}).changed)
  end)
end)

describe("a file that a person has changed", function()
  it("into what it cannot be fails by itself", function()
    local text = '{"name": "Odd", "members": "all of them"}'
    local plan = restore(backup_with("teams/odd.json", text), {mapping = {users = {bob = "ann"}}})
    assert.equal(1, #plan.failures, tostring(plan))
    assert.equal("Odd", plan.failures[1].key)
    assert.equal("invalid-data", plan.failures[1].status)
    assert.is_true(#plan.changes > 50)
  end)

  it("and a manifest with odd notes are no error of the program", function()
    local copy = backup_with("folders/odd.json", '{"uid": "odd", "title": {}, "parentUid": {"a": [1]}}')
    local path = copy .. "/manifest.json"
    local text = assert(files.read(path))
    assert(files.write(path, (text:gsub('"notes": %b[]', '"notes": "many"', 1))))
    local plan = restore(copy)
    assert.is_true(#plan.changes > 50)
    plan:diff()
    assert.is_string(tostring(plan))
    assert.is_false(plan:apply().ok)
  end)
end)

describe("a server that answers what nobody understands", function()
  local PATHS = {"^/api/orgs%?", "^/api/users", "^/api/orgs?/?%d*/users", "contact%-points", "mute%-timings",
    "templates", "policies", "^/api/annotations", "folder.grafana.app/[%w]+/namespaces", "playlist"}
  local BODIES = {"{}", "[{}]"}

  it("makes no job raise, and has nothing deleted", function()
    restored()
    for _, path in ipairs(PATHS) do
      for _, body in ipairs(BODIES) do
        two[1]:fault {kind = "body", method = "GET", path = path, body = body, times = 0}
        local r = bulk.backup(two.g, two:folder())
        assert.is_false(r.ok, path .. " " .. body)
        local plan = plan_of("sync", {delete = true})
        assert.equal(0, plan:counts().delete, path .. " " .. body)
        plan:close()
        two[1]:clear_faults()
        two[2]:fault {kind = "body", method = "GET", path = path, body = body, times = 0}
        plan = plan_of("sync", {delete = true})
        assert.is_string(tostring(plan) .. plan:diff())
        plan:close()
        two[2]:clear_faults()
      end
    end
  end)

  it("is a failure of that list, not of the program", function()
    two[1]:fault {kind = "body", path = "^/api/orgs?/?%d*/users",
      body = '[{"userId":1,"login":null,"role":7}]', times = 0}
    local r = bulk.backup(two.g, two:folder())
    assert.is_false(r.ok)
    assert.is_true(r.counts.dashboards > 20)
  end)
end)

describe("an organisation that somebody has made since", function()
  it("keeps what they have put into it", function()
    local plan = restore(dir)
    local acme = check(two.other:create_org("Acme")).id
    check(two.other:update_or_create_dashboard(acme, {uid = "many-0001", title = "Theirs", panels = {}}))
    local report = plan:apply()
    assert.equal(1, report.failed, tostring(report))
    assert.equal("version-mismatch", report.failures[1].reason)
    assert.equal("Theirs", two.other:get_dashboard(acme, "many-0001").dashboard.title)
  end)
end)

describe("restore", function()
  it("says who becomes a server admin", function()
    check(two.other:create_user {login = "ann", email = "ann@example.org", password = "x-pass-12"})
    local copy = two:folder()
    os.execute(("cp -r '%s' '%s'"):format(dir, copy))
    assert(files.write(copy .. "/users/ann.json", '{"login": "ann", "isGrafanaAdmin": true}'))
    os.execute(("rm '%s'/users/ann-*"):format(copy))
    local text = tostring(restore(copy))
    assert.matches("user ann: becomes a server admin", text, 1, true)
    assert.matches("user cy: becomes a server admin", text, 1, true)
    assert.is_nil(text:find("user bob: not there, becomes", 1, true))
  end)
end)

describe("copy", function()
  it("makes nobody a server admin", function()
    local plan = plan_of("copy", {})
    assert.is_true(plan:apply().ok)
    assert.is_false(check(two.other:get_user("cy")).user.isGrafanaAdmin)
    assert.is_true(check(two.g:get_user("cy")).user.isGrafanaAdmin)
    assert.matches("cy is a server admin in the source, and does not become one", tostring(plan))
  end)
end)

describe("a mapping", function()
  it("of folders moves what is in them", function()
    local acme = check(two.other:create_org("Acme")).id
    check(two.other:create_folder(acme, {uid = "elsewhere", title = "Top"}))
    local plan = plan_of("copy", {kinds = {"folders", "dashboards"}, mapping = {folders = {top = "elsewhere"}}})
    assert.is_true(plan:apply().ok, tostring(plan))
    assert.equal("elsewhere", two.other:get_dashboard(acme, "Case").meta.folderUid)
    assert.equal("elsewhere", two.other:get_folder(acme, "mid").folder.parentUid)
    assert.equal("not-found", two.other:get_folder(acme, "top").status)
  end)

  it("knows logins in any letters", function()
    local plan = restore(dir, {mapping = {users = {BOB = "Robert"}}})
    local found = {}
    for _, change in ipairs(plan.changes) do
      if change.kind == "users" then found[change.key] = true end
    end
    assert.same({ann = true, cy = true, robert = true}, found)
  end)

  it("of a kind that has none, or of anything but names, is refused at the caller's line", function()
    local function refusal(mapping)
      local fine, problem = pcall(function() return restore(dir, {mapping = mapping}) end)
      assert.is_false(fine)
      return problem
    end
    assert.matches("compare_spec.lua:%d+: .*'mapping'.*'datasource' is none.*datasources",
      refusal {datasource = {a = "b"}})
    assert.matches("compare_spec.lua:%d+: .*'mapping'", refusal {users = {"bob"}})
  end)
end)

describe("organisations that are asked for", function()
  it("and are not in the backup are a failure", function()
    local plan = restore(dir, {orgs = {"Acmee"}})
    assert.equal("not-found", plan.failures[1].status)
    assert.is_false(plan:apply().ok)
  end)

  it("must be names, and some", function()
    for _, orgs in ipairs {{}, {1}, {Acme = true}} do
      assert.error_matches(function() restore(dir, {orgs = orgs}) end, "'orgs': array of names")
      assert.error_matches(function() bulk.backup(two.g, two:folder(), {orgs = orgs}) end, "'orgs': array of names")
    end
  end)
end)
