-- SPDX-License-Identifier: MIT
-- restore and copy: into another organisation, with other names there, without secrets, by an account that the source
-- does not know, onto a server that is older.

package.path = "./?.lua;./?/init.lua;" .. package.path

local bulk = require "grafana.bulk"
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
before_each(function() two:empty() end)

local function restore(options, g)
  options = options or {}
  options.journal, options.secret = two:folder(), options.secret or world.secret
  return bulk.restore(g or two.other, dir, options)
end

local function failures_by_key(report)
  local found = {}
  for _, failure in ipairs(report.failures) do found[failure.kind .. " " .. (failure.key or "")] = failure end
  return found
end

describe("restore", function()
  it("brings back what was changed and deleted, and touches nothing else", function()
    restore():apply()
    local acme = check(two.other:get_org("Acme")).org.id
    check(two.other:delete_dashboard(acme, "many-0002"))
    check(two.other:update_or_create_dashboard(acme, {uid = "many-0003", title = "Changed", panels = {}},
      {overwrite = true}))
    check(two.other:update_or_create_dashboard(acme, {uid = "mine", title = "Mine", panels = {}}))
    two[2]:clear_log()
    local plan = restore()
    local keys = {}
    for i, change in ipairs(plan.changes) do keys[i] = change.action .. " " .. change.kind .. " " .. change.key end
    table.sort(keys)
    assert.equal("create dashboard_permissions many-0002, create dashboards many-0002, update dashboards many-0003",
      table.concat(keys, ", "))
    assert.same({}, two[2]:requests {method = "POST"})
    assert.is_true(plan:apply().ok)
    assert.equal("Many 3", two.other:get_dashboard(acme, "many-0003").dashboard.title)
    assert.equal("ok", two.other:get_dashboard(acme, "mine").status)
  end)

  it("without secrets makes what can do without, and says what it cannot", function()
    local report = restore({secret = function() end}):apply()
    assert.is_false(report.ok)
    local failed = failures_by_key(report)
    assert.equal("missing-mandatory-data", failed["users ann"].status)
    assert.equal("missing-mandatory-data", failed["contact_points cp-hook"].status)
    assert.equal("missing-mandatory-data", failed["contact_points cp-slack"].status)
    assert.equal("missing-mandatory-data", failed["policies default"].status)
    assert.is_nil(failed["contact_points cp-mail"])
    local missing = {}
    for _, each in ipairs(report.missing_secrets) do missing[each.title] = table.concat(each.secrets, " ") end
    assert.same({ann = "password", bob = "password", cy = "password", Prom = "basicAuthPassword httpHeaderValue1",
      chat = "token", hook = "url"}, missing)
    local acme = check(two.other:get_org("Acme")).org.id
    assert.equal("ok", two.other:get_datasource(acme, "prom").status)
  end)

  it("leaves nothing more open than it was, though somebody whom its permissions name is not there", function()
    local report = restore({secret = function() end}):apply()
    local failure = failures_by_key(report)["folder_permissions top"]
    assert.equal("user-not-found", failure.status)
    assert.matches("the other permissions are set: there is no user \"bob\"", failure.message, 1, true)
    local acme = check(two.other:get_org("Acme")).org.id
    local roles = {}
    for _, each in ipairs(check(two.other:get_folder_permissions(acme, "top")).permissions) do
      if each.role then roles[each.role] = each.permission end
    end
    assert.same({Viewer = 1}, roles)
  end)

  it("sets secrets that are given later", function()
    restore({secret = function(what) return what.kind ~= "datasources" and world.secret(what) or nil end}):apply()
    local plan = restore()
    assert.equal(1, #plan.changes, tostring(plan))
    assert.is_true(plan:apply().ok)
    local acme = check(two.other:get_org("Acme")).org.id
    assert.same({basicAuthPassword = true, httpHeaderValue1 = true},
      two.other:get_datasource(acme, "prom").datasource.secureJsonFields)
    assert.equal(0, #restore().changes)
  end)

  it("counts what the function for secrets raises as that object's failure", function()
    local report = restore({secret = function(what)
      if what.kind == "users" then error("the vault is shut", 0) end
      return world.secret(what)
    end}):apply()
    assert.equal("the vault is shut", failures_by_key(report)["users ann"].message)
    assert.is_nil(failures_by_key(report)["contact_points cp-hook"])
  end)

  it("tells and keeps no secret that the server repeats when it refuses it", function()
    two[2]:fault {kind = "status", code = 400, method = "POST", path = "contact%-points", times = 0,
      body = ('{"message":"invalid URL %s of %s"}'):format(world.WEBHOOK, world.SECRETS.token)}
    two[2]:fault {kind = "status", code = 400, method = "POST", path = "^/api/admin/users", times = 0,
      body = '{"message":"ann-pass-1, bob-pass-1, cy-pass-2: too short"}'}
    local plan = restore()
    local report = plan:apply()
    two[2]:clear_faults()
    local failed = failures_by_key(report)
    assert.is_nil(failed["contact_points cp-hook"].message:find(world.WEBHOOK, 1, true))
    assert.is_nil(failed["contact_points cp-slack"].message:find(world.SECRETS.token, 1, true))
    assert.is_nil(failed["users ann"].message:find("ann-pass-1", 1, true))
    assert.is_nil(failed["users bob"].message:find("bob-pass-1", 1, true))
    assert.matches("invalid URL", failed["contact_points cp-hook"].message)
  end)

  it("tells what secrets were missing after it was broken off, too", function()
    local journal = two:folder()
    local plan = bulk.restore(two.other, dir, {journal = journal, secret = function() end})
    local count = #plan:apply().missing_secrets
    plan:close()
    local found = {}
    for _, each in ipairs(bulk.resume(journal, two.other).missing_secrets) do found[each.title] = true end
    assert.is_true(found.Prom and count > 1)
  end)

  it("takes only the organisations, and the kinds, that are asked for", function()
    local plan = restore {orgs = {"Acme"}, kinds = {"organisations", "folders"}}
    for _, change in ipairs(plan.changes) do
      assert.is_true(change.kind == "folders" or change.key == "Acme", change.key)
    end
    assert.is_true(plan:apply().ok)
  end)

  it("by an account that the backup does not know leaves the organisations that it makes, as the last thing; undo "
    .. "comes back", function()
    check(two.other:create_user {login = "mover", password = "mover-pass-1", OrgId = 1})
    check(two.other:update_org_user(1, "mover", "Admin"))
    check(two.other:set_user_admin("mover", true))
    local mover = two:connect(2, "mover", "mover-pass-1")
    local plan = restore(nil, mover)
    local report = plan:apply()
    assert.is_true(report.ok, tostring(report))
    local acme = check(two.other:get_org("Acme")).org.id
    for _, user in ipairs(check(two.other:get_org_users(acme)).users) do assert.is_not.equal("mover", user.login) end
    report = plan:undo {journal = two:folder()}
    assert.is_true(report.ok, tostring(report))
    assert.equal("not-found", two.other:get_org("Acme").status)
  end)

  it("is undone but for an organisation in which somebody has put something", function()
    local plan = restore()
    plan:apply()
    local acme = check(two.other:get_org("Acme")).org.id
    check(two.other:update_or_create_dashboard(acme, {uid = "mine", title = "Mine", panels = {}}))
    local report = plan:undo {journal = two:folder()}
    assert.equal("invalid-data", report.status)
    assert.equal(1, report.failed)
    assert.matches("the organisation stays: there are dashboards or folders in it", tostring(report), 1, true)
    assert.equal("ok", two.other:get_dashboard(acme, "mine").status)
  end)

  it("of a second schema onto a server that lacks it fails that object only", function()
    two[2]:set {apis = false}
    local report = restore():apply()
    two[2]:set {apis = true}
    assert.equal("unsupported", failures_by_key(report)["dashboards tabbed"].reason)
    assert.is_nil(failures_by_key(report)["dashboards many-0001"])
  end)

  it("says so where there is no server, writes nothing, and raises nothing", function()
    local plan = bulk.restore(grafana.connect("http://127.0.0.1:1", nil, {max_retries = 0}), dir,
      {journal = two:folder()})
    assert.equal("connection-refused", plan.failures[1].status)
    assert.equal("connection-refused", plan:apply().status)
  end)

  it("refuses wrong arguments at the caller's line, and a folder that is no backup", function()
    local function refusal(...)
      local fine, problem = pcall(function(...) local plan = bulk.restore(...); return plan end, ...)
      assert.is_false(fine)
      return problem
    end
    assert.matches("restore_spec.lua:%d+: bulk.restore: bad argument #1 'g' %(client expected", refusal())
    assert.matches("restore_spec.lua:%d+: bulk.restore: bad argument #2 'dir'", refusal(two.other))
    assert.matches("argument #2 'dir' is empty", refusal(two.other, ""))
    assert.matches("unknown option 'kind' (did you mean 'kinds'?)", refusal(two.other, dir, {kind = {}}), 1, true)
    assert.matches("restore_spec.lua:%d+: .*'kinds': .*'folder'.*'folders'",
      refusal(two.other, dir, {kinds = {"folder"}}))
    assert.matches("is no backup", refusal(two.other, two:folder()))
  end)
end)

describe("copy", function()
  local function copy(options, into)
    options.journal, options.secret = two:folder(), world.secret
    return bulk.copy(two.g, "Acme", two.other, into or "Acme", options)
  end

  it("makes an organisation of another name, beside others, and finds it again", function()
    check(two.other:create_org("Acme"))
    local plan = copy({}, "Acme 2")
    local report = plan:apply()
    assert.is_true(report.ok, tostring(report))
    assert.equal(0, #copy({}, "Acme 2").changes)
    assert.same({}, check(two.other:search(check(two.other:get_org("Acme")).org.id)).hits)
    local difference = bulk.diff({two.g, "Acme"}, {two.other, "Acme 2"})
    assert.is_true(difference.ok)
    assert.same({0, 0, 0}, {#difference.added, #difference.removed, #difference.changed}, tostring(difference))
  end)

  it("calls users, teams and data sources by the names that they have there, wherever they are named", function()
    check(two.other:create_user {login = "robert", password = "robert-pass-1"})
    local mapping = {users = {bob = "robert"}, teams = {Ops = "Operations"}, datasources = {prom = "prom2"}}
    local plan = copy {mapping = mapping}
    local report = plan:apply()
    assert.is_true(report.ok, tostring(report))
    local acme = check(two.other:get_org("Acme")).org.id
    assert.equal("prom2", two.other:get_datasource(acme, "prom2").datasource.uid)
    local panel = two.other:get_dashboard(acme, "many-0001").dashboard.panels[1]
    assert.equal("prom2", panel.datasource.uid)
    assert.equal("prom2", panel.targets[1].datasource.uid)
    assert.equal("robert", check(two.other:get_team_members(acme, "Operations")).members[1].login)
    local rules = check(two.other:call("RouteGetAlertRules", {}, {org = acme})).body
    assert.equal("prom2", rules[1].data[1].datasourceUid)
    local names = {}
    for _, item in ipairs(check(two.other:get_folder_permissions(acme, "top")).permissions) do
      names[item.userLogin ~= "" and item.userLogin or item.team ~= "" and item.team or item.role] = item.permission
    end
    assert.same({robert = 4, Operations = 2, Viewer = 1}, names)
    assert.equal("not-found", two.other:get_user("bob").status)
  end)

  it("into an organisation that has things of its own is taken back: all is as it was", function()
    assert.is_true(copy({}):apply().ok)
    local acme = check(two.other:get_org("Acme")).org.id
    check(two.other:delete_dashboard(acme, "many-0001"))
    check(two.other:update_or_create_dashboard(acme, {uid = "many-0003", title = "Changed", panels = {}},
      {overwrite = true}))
    check(two.other:update_or_create_dashboard(acme, {uid = "mine", title = "Mine", panels = {}}))
    check(two.other:update_team(acme, "Ops", {email = "other@example.org"}))
    check(two.other:update_folder(acme, "top", {title = "Renamed"}))
    check(two.other:delete_team(acme, "Dev/../x"))
    local before, after = two:folder(), two:folder()
    bulk.backup(two.other, before)
    local plan = copy {}
    assert.is_true(plan:counts().create > 0 and plan:counts().update > 0, tostring(plan))
    assert.is_true(plan:apply().ok)
    local report = plan:undo {journal = two:folder()}
    assert.is_true(report.ok, tostring(report))
    bulk.backup(two.other, after)
    assert.equal("", two_worlds.differences(before, after))
  end)

  it("takes a data source of the same name for the same one", function()
    local acme = check(two.other:create_org("Acme")).id
    check(two.other:create_datasource(acme, {uid = "elsewhere", name = "Prom", type = "prometheus", access = "proxy"}))
    assert.is_true(copy({}):apply().ok)
    assert.equal(2, #check(two.other:get_datasources(acme)).datasources)
    assert.equal("elsewhere", two.other:get_dashboard(acme, "many-0001").dashboard.panels[1].datasource.uid)
    assert.equal(0, #copy({}).changes)
  end)
end)

describe("an interrupted apply", function()
  it("ends within a second, leaves the journal, and says how to go on", function()
    local interrupted = require "spec.support.interrupted"
    local journal = two:folder()
    two[2]:fault {kind = "delay", seconds = 0.2, method = "POST", path = "^/apis", times = 0}
    local text = interrupted.run(two[2], ([[
      package.path = "./?.lua;./?/init.lua;" .. package.path
      local bulk, grafana = require "grafana.bulk", require "grafana"
      local plan = bulk.restore(grafana.connect(%q, {"admin", "admin"}), %q,
        {journal = %q, secret = require("spec.support.bulk_world").secret})
      plan:apply()]]):format(two[2].url, dir, journal), 5, {method = "POST", path = "^/apis"})
    two[2]:clear_faults()
    assert.matches(("resume(%q, g): interrupted!"):format(journal), text, 1, true)
    local report = bulk.resume(journal, two.other, {secret = world.secret})
    assert.is_true(report.ok, tostring(report))
    assert.equal(0, #restore().changes)
  end)
end)
