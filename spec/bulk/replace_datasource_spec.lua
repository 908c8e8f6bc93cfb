-- SPDX-License-Identifier: MIT
-- replace_datasource: whatever names one data source, in whatever form, names another afterwards, and nothing else is
-- touched; undone, all is as it was.

package.path = "./?.lua;./?/init.lua;" .. package.path

local bulk = require "grafana.bulk"
local grafana = require "grafana"
local standin = require "spec.standin"
local world = require "spec.support.datasource_world"

local check = grafana.check

for _, personality in ipairs {"12.4.3", "9.3.2"} do
  describe("replace_datasource on " .. personality .. ",", function()
    local server, g, folders
    local has_v2 = personality == "12.4.3"

    setup(function() server = standin.start {personality = personality} end)
    teardown(function() server:stop() end)
    before_each(function()
      server:reset()
      server:set {alertmanager_after = 0}
      g = grafana.connect(server.url, {"admin", "admin"}, {backoff_ms = {1, 20, 2.0}})
      folders = {}
      world.fill(g, 1, {has_v2 = has_v2})
    end)
    after_each(function()
      g:close()
      for _, name in ipairs(folders) do os.execute("rm -rf '" .. name .. "'") end
    end)

    local function folder()
      local name = os.tmpname()
      os.remove(name)
      folders[#folders + 1] = name
      return name
    end

    local function replace(wanted, options)
      wanted.journal = folder()
      return bulk.replace_datasource(g, 1, wanted, options)
    end

    local function dashboard(uid) return check(g:get_dashboard(1, uid)).dashboard end

    local function keys(plan)
      local list = {}
      for i, change in ipairs(plan.changes) do list[i] = change.kind .. "/" .. change.key end
      table.sort(list)
      return list
    end

    local function all_text()
      local dir = folder()
      assert(bulk.backup(g, dir, {kinds = {"dashboards", "library_panels", "rule_groups"}}).ok)
      local pipe = io.popen(("cd '%s' && find . -type f ! -name manifest.json | sort | xargs cat"):format(dir))
      local text = pipe:read "*a"
      pipe:close()
      return text
    end

    it("finds all that names it, and nothing that merely looks alike", function()
      local plan = replace {from = "old", to = "new"}
      local expected = {"dashboards/objects", "dashboards/strings", "dashboards/variables", "library_panels/shared",
        "rule_groups/top/group"}
      if has_v2 then table.insert(expected, 3, "dashboards/tabbed") end
      table.sort(expected)
      assert.same(expected, keys(plan))
      assert.same({}, plan.failures)
      assert.matches("'Old one' is the default", tostring(plan))
      assert.matches("2 queries: New one, not Old one", tostring(plan), 1, true)
    end)

    it("carries each over in its own form", function()
      assert.is_true(replace({from = "old", to = "new"}):apply().ok)
      local new = {type = "prometheus", uid = "new"}
      local objects, strings, variables = dashboard "objects", dashboard "strings", dashboard "variables"
      assert.same(new, objects.panels[1].datasource)
      assert.same(new, objects.panels[1].targets[1].datasource)
      assert.equal("old", objects.panels[1].targets[1].expr)
      assert.equal("loki", objects.panels[1].targets[2].datasource.uid)
      assert.equal("-- Mixed --", objects.panels[2].panels[1].datasource.uid)
      assert.same(new, objects.panels[2].panels[1].targets[1].datasource)
      assert.equal("New one", strings.panels[1].datasource)
      assert.equal("new", strings.panels[2].datasource)
      assert.equal("New one", strings.panels[2].targets[1].datasource)
      assert.same({text = "New one", value = "new"}, variables.templating.list[1].current)
      assert.same(new, variables.templating.list[2].datasource)
      assert.equal("label_values(old)", variables.templating.list[2].query)
      assert.same({text = "old", value = "old"}, variables.templating.list[3].current)
      assert.equal("${ds}", variables.panels[1].datasource.uid)
      local deploys = variables.annotations.list[1].name == "deploys" and 1 or 2   -- Grafana adds its own
      assert.same(new, variables.annotations.list[deploys].datasource)
    end)

    it("in library panels and rules, too", function()
      assert.is_true(replace({from = "old", to = "new"}):apply().ok)
      local element = check(g:call("getLibraryElementByUID", {library_element_uid = "shared"}, {org = 1})).body.result
      assert.same({type = "prometheus", uid = "new"}, element.model.datasource)
      assert.equal("old", element.model.title)
      local rule = check(g:call("RouteGetAlertRule", {UID = "rule"}, {org = 1})).body
      assert.equal("new", rule.data[1].datasourceUid)
      assert.equal("new", rule.data[1].model.datasource.uid)
      assert.equal("old", rule.data[1].model.expr)
      assert.equal("__expr__", rule.data[2].datasourceUid)
    end)

    if has_v2 then
      it("a dashboard of the second schema stays one", function()
        assert.is_true(replace({from = "old", to = "new"}):apply().ok)
        local r = check(g:request("GET", "/apis/dashboard.grafana.app/v2beta1/namespaces/default/dashboards/tabbed"))
        local query = r.body.spec.elements["panel-1"].spec.data.spec.queries[1].spec.query
        assert.same({"new", "prometheus", "old"}, {query.datasource.name, query.group, query.spec.expr})
        assert.equal("TabsLayout", r.body.spec.layout.kind)
      end)
    end

    it("done once, nothing is left to do; undone, all is as it was", function()
      local before = all_text()
      local plan = replace {from = "old", to = "new"}
      assert.is_true(plan:apply().ok)
      assert.same({}, keys(replace {from = "old", to = "new"}))
      assert.are_not.equal(before, all_text())
      local report = plan:undo {journal = folder()}
      assert.is_true(report.ok, tostring(report))
      assert.equal(before, all_text())
    end)

    it("of another type it is replaced by force only, and the types change with it", function()
      local plan = replace {from = "old", to = "loki"}
      assert.same({}, keys(plan))
      assert.equal("invalid-data", plan.failures[1].status)
      assert.matches("force", plan.failures[1].message)
      plan = replace({from = "old", to = "loki"}, {force = true})
      assert.is_true(plan:apply().ok)
      assert.same({type = "loki", uid = "loki"}, dashboard("objects").panels[1].datasource)
      assert.equal("Logs", dashboard("strings").panels[1].datasource)
      local variables = dashboard("variables").templating.list
      assert.equal("old", variables[1].current.value)   -- it chooses among those of its own type
      assert.same({type = "loki", uid = "loki"}, variables[2].datasource)
      assert.matches("queries are left as they were written, for prometheus", tostring(plan))
      assert.matches("1 place is left as it is", tostring(plan))
    end)

    it("one that is gone already can be replaced; what states another type is left alone", function()
      check(g:update_or_create_dashboard(1, {uid = "orphan", title = "Orphan", schemaVersion = 39, panels = {
        {id = 1, type = "stat", title = "a", datasource = {type = "prometheus", uid = "gone"}},
        {id = 2, type = "stat", title = "b", datasource = {type = "loki", uid = "gone"}},
        {id = 3, type = "stat", title = "c", datasource = "gone"},
      }}))
      local plan = replace {from = "gone", to = "new"}
      assert.same({"dashboards/orphan"}, keys(plan))
      assert.is_true(plan:apply().ok)
      local panels = dashboard("orphan").panels
      assert.same({"new", "gone", "new"}, {panels[1].datasource.uid, panels[2].datasource.uid, panels[3].datasource})
    end)

    it("a name that is another's uid becomes a uid", function()
      for uid, name in pairs {x1 = "Twin", Twin = "Other"} do
        check(g:create_datasource(1, {uid = uid, name = name, type = "prometheus", access = "proxy", url = "http://x"}))
      end
      assert.is_true(replace({from = "old", to = "x1"}):apply().ok)
      assert.equal("x1", dashboard("strings").panels[1].datasource)
      -- and what names "Twin" means the uid
      local plan = replace {from = "x1", to = "new"}
      assert.is_true(plan:apply().ok)
      assert.equal("new", dashboard("strings").panels[1].datasource)
    end)

    it("data sources that name it in their settings are told, and left alone", function()
      check(g:create_datasource(1, {uid = "tempo", name = "Traces", type = "tempo", access = "proxy", url = "http://x",
        jsonData = {serviceMap = {datasourceUid = "old"}}}))
      local plan = replace {from = "old", to = "new"}
      assert.matches("go on naming it in their settings: 'Traces'", tostring(plan))
      assert.is_true(plan:apply().ok)
      assert.equal("old", check(g:get_datasource(1, "tempo")).datasource.jsonData.serviceMap.datasourceUid)
    end)

    it("a type's old name is no other type", function()
      for uid, of_type in pairs {pg1 = "postgres", pg2 = "grafana-postgresql-datasource"} do
        check(g:create_datasource(1, {uid = uid, name = uid, type = of_type, access = "proxy", url = "http://x"}))
      end
      assert.same({}, replace({from = "pg1", to = "pg2"}).failures)
    end)

    it("the new one must be there, and be another; a name is no uid", function()
      for wanted, status in pairs {
        [{from = "old", to = "none"}] = "not-found", [{from = "old", to = "New one"}] = "not-found",
        [{from = "Old one", to = "new"}] = "not-found", [{from = "old", to = "old"}] = "invalid-data",
      } do
        local plan = replace(wanted)
        assert.same({}, plan.changes)
        assert.equal(status, plan.failures[1].status)
      end
      assert.matches("has the uid 'new'", replace({from = "old", to = "New one"}).failures[1].message)
    end)

    it("only the kinds that are asked for are looked at", function()
      assert.same({"rule_groups/top/group"}, keys(replace({from = "old", to = "new"}, {kinds = {"rule_groups"}})))
      assert.has_error(function() replace({from = "old", to = "new"}, {kinds = {"teams"}}) end)
    end)

    it("what cannot be read is a failure of the plan, and the rest is in it", function()
      server:fault {kind = "status", code = 403, body = '{"message":"no"}', path = "^/api/library%-elements", times = 0}
      local plan = replace {from = "old", to = "new"}
      assert.equal("library_panels", plan.failures[1].kind)
      assert.is_true(#plan.changes >= 4)
    end)

    it("what others have changed meanwhile is refused, the rest is done", function()
      local plan = replace {from = "old", to = "new"}
      local changed = dashboard "strings"
      changed.title = "Changed by another"
      check(g:update_or_create_dashboard(1, changed))
      local report = plan:apply()
      assert.equal(1, report.failed)
      assert.equal("version-mismatch", report.failures[1].reason)
      assert.equal("Old one", dashboard("strings").panels[1].datasource)
      assert.equal("new", dashboard("objects").panels[1].datasource.uid)
    end)

    it("progress is told, and what its function raises takes the plan away", function()
      local done, last = 0, nil
      bulk.replace_datasource(g, 1, {from = "old", to = "new", journal = folder(), on_progress = function(n, total)
        done, last = n, total
      end})
      assert.is_true(done >= 7)
      assert.equal(done, last)
      local fine, problem = pcall(bulk.replace_datasource, g, 1, {from = "old", to = "new", journal = folder(),
        on_progress = function() error("enough", 0) end})
      assert.same({false, "enough"}, {fine, problem})
    end)

    it("an unknown option, or none of what it needs, raises and names it", function()
      assert.error_matches(function() bulk.replace_datasource(g, 1, {from = "a", to = "b", forc = true}) end, "force")
      assert.error_matches(function() bulk.replace_datasource(g, 1, {from = "a"}) end, "wanted.to")
      assert.error_matches(function() bulk.replace_datasource(g, 1) end, "wanted")
      assert.error_matches(function() bulk.replace_datasource({}, 1, {from = "a", to = "b"}) end, "client")
    end)
  end)
end
