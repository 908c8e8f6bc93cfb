-- SPDX-License-Identifier: MIT
-- Changes to many dashboards: what is planned, what is done, what is taken back.

package.path = "./?.lua;./?/init.lua;" .. package.path

local grafana = require "grafana"
local bulk = require "grafana.bulk"
local days = require "spec.support.bad_days"
local kinds = require "spec.support.kinds"
local scratch = require "spec.support.scratch"

local check = grafana.check

local KINDS = {"folders", "dashboards", "folder_permissions", "dashboard_permissions"}

local function spec_v2(title)
  return {
    title = title, annotations = grafana.array {}, cursorSync = "Off", editable = true, elements = grafana.object {},
    layout = {kind = "GridLayout", spec = {items = grafana.array {}}}, links = grafana.array {}, liveNow = false,
    preload = false, tags = grafana.array {"v2"}, variables = grafana.array {},
    timeSettings = {timezone = "browser", from = "now-6h", to = "now", autoRefresh = "", hideTimepicker = false,
      autoRefreshIntervals = grafana.array {}, fiscalYearStartMonth = 0},
  }
end

for _, personality in ipairs {"12.4.3", "9.3.2"} do
  describe("on " .. personality, function()
    local server, g, org
    local is_new = personality == "12.4.3"

    setup(function() server = days.start(personality) end)
    teardown(function()
      scratch.clear()
      server:stop()
    end)

    local function post(uid, folder, more)
      local dashboard = {uid = uid, title = "Title of " .. uid, panels = grafana.array {}}
      for key, value in pairs(more or {}) do dashboard[key] = value end
      check(g:update_or_create_dashboard(org, dashboard, {folderUid = folder or ""}))
    end

    before_each(function()
      days.fresh(server)
      g = days.connect(server)
      org = check(g:create_org("Acme")).id
      check(g:create_user {login = "ann", email = "Ann@example.org", password = "ann-pass", OrgId = org})
      check(g:create_team(org, {name = "Ops"}))
      for _, uid in ipairs {"f", "g"} do check(g:create_folder(org, {uid = uid, title = "Folder " .. uid})) end
      check(g:grant_folder_permissions(org, "f", {roles = {Viewer = "View"}, teams = {Ops = "Admin"}}))
      check(g:grant_folder_permissions(org, "g", {roles = {Editor = "Edit", Viewer = "Edit"}}))
      post("a", nil, {tags = grafana.array {"x", "y"}})
      post("b", "f", {tags = grafana.array {"x"}})
      post("c", "f", {tags = grafana.null})
      post("d", "g")
      if is_new then
        local path = "/apis/dashboard.grafana.app/v2beta1/namespaces/org-" .. org .. "/dashboards"
        check(g:request("POST", path, {org = org, body = {apiVersion = "dashboard.grafana.app/v2beta1",
          kind = "Dashboard", metadata = {name = "v2"}, spec = spec_v2 "Second"}}))
      end
    end)
    after_each(function() g:close() end)

    -- Everything that the jobs may change, as text by kind and key.
    local function everything()
      local w, found = kinds.on(g, {id = org, name = "Acme"}), {}
      for _, name in ipairs(KINDS) do
        for key, object in pairs(w:list(require("grafana.bulk.kinds").get(name))) do
          found[name .. " " .. key] = object:text()
        end
      end
      return found
    end

    local function options(more)
      local all = {journal = scratch.folder() .. "/journal"}
      for key, value in pairs(more or {}) do all[key] = value end
      return all
    end

    -- Make a plan by `make(options)`, carry it out, look by `look(plan, report)`, and take it back: all is as before.
    local function there_and_back(make, look)
      local before = everything()
      local plan = make(options())
      assert.same(before, everything())   -- nothing is written before
      local report = plan:apply()
      local again = make(options())
      look(plan, report, again)
      again:close()
      local undone = plan:undo {journal = scratch.folder() .. "/journal"}
      assert.is_true(undone.ok, tostring(undone))
      assert.same(before, everything())
      plan:close()
    end

    local function shown(uid) return check(g:get_dashboard(org, uid)).dashboard end

    local function changed(plan)
      local list = {}
      for _, change in ipairs(plan.changes) do
        if not change.along then list[#list + 1] = change.kind .. " " .. change.key end
      end
      table.sort(list)
      return list
    end

    local function permissions(uid, of)
      local found = {}
      for _, item in ipairs(check(g["get_" .. (of or "dashboard") .. "_permissions"](g, org, uid)).permissions) do
        if not item.inherited then
          local name = item.role or item.team ~= "" and item.team or item.userLogin
          found[name] = item.permission
        end
      end
      return found
    end

    it("edit_dashboards changes what its function changes, in place or by another document", function()
      there_and_back(function(o)
        return bulk.edit_dashboards(g, org, nil, function(dashboard, about)
          if about.uid == "a" then return dashboard:set("In place", "title") and nil end
          if about.uid == "b" then return {title = "Another", tags = grafana.array {"new"}} end
          if about.uid == "c" then return grafana.decode('{"title":"A document"}', {raw = true}) end
          if about.uid == "d" then
            dashboard:set("Not this", "title")
            return false
          end
          if not dashboard:get("title"):find "!$" then dashboard:set(dashboard:get "title" .. "!", "title") end
        end, o)
      end, function(plan, report, again)
        assert.is_true(report.ok, tostring(report))
        assert.same(is_new and {"dashboards a", "dashboards b", "dashboards c", "dashboards v2"}
          or {"dashboards a", "dashboards b", "dashboards c"}, changed(plan))
        assert.same({"In place", "Another", "A document", "Title of d"},
          {shown("a").title, shown("b").title, shown("c").title, shown("d").title})
        assert.same({"new"}, {shown("b").tags[1]})
        assert.equal(0, #again.changes)
      end)
    end)

    it("edit_dashboards is told of each what is known, and an error of the function is that dashboard's", function()
      local told = {}
      local plan = bulk.edit_dashboards(g, org, {"a", "b", "gone"}, function(dashboard, about)
        told[about.uid] = {about.title, about.folder, about.apiVersion, dashboard:get "title"}
        if about.uid == "a" then error("not this one", 0) end
        dashboard:set(5, "refresh")
      end, options())
      local V0 = "dashboard.grafana.app/v0alpha1"
      assert.same({a = {"Title of a", nil, V0, "Title of a"}, b = {"Title of b", "f", V0, "Title of b"}}, told)
      assert.same({"dashboards b"}, changed(plan))
      local failed = {}
      for _, failure in ipairs(plan.failures) do failed[failure.key] = failure.status .. ": " .. failure.message end
      assert.same({a = "error: not this one", gone = "not-found: there is no such dashboard"}, failed)
      local report = plan:apply()
      assert.is_false(report.ok)
      assert.equal(5, shown("b").refresh)
    end)

    it("edit_dashboards keeps out what is the server's, and refuses what is no dashboard", function()
      local plan = bulk.edit_dashboards(g, org, {"a"}, function(dashboard)
        dashboard:set(99, "id")
        dashboard:set("other", "uid")
        dashboard:set(7, "version")
      end, options())
      assert.same({}, changed(plan))
      for _, nonsense in ipairs {"text", 5, true, grafana.array {1}, grafana.decode("[1]", {raw = true})} do
        plan = bulk.edit_dashboards(g, org, {"a"}, function() return nonsense end, options())
        assert.same({0, "a"}, {#plan.changes, plan.failures[1].key})
        plan:close()
      end
    end)

    it("edit_dashboards does not overwrite what others have changed since the plan", function()
      local plan = bulk.edit_dashboards(g, org, {"a", "b"}, function(dashboard) dashboard:set("Ours", "title") end,
        options())
      check(g:update_or_create_dashboard(org, {uid = "a", title = "Theirs"}, {overwrite = true}))
      local report = plan:apply()
      assert.is_false(report.ok)
      assert.same({"Theirs", "Ours"}, {shown("a").title, shown("b").title})
      assert.equal("version-mismatch", plan.changes[1].result.reason)
    end)

    it("add_tags and remove_tags change tags and nothing else, of both schemas", function()
      there_and_back(function(o) return bulk.add_tags(g, org, "all", {"y", "z"}, o) end, function(plan, report, again)
        assert.is_true(report.ok, tostring(report))
        assert.equal(is_new and 5 or 4, #plan.changes)
        assert.same({"x", "y", "z"}, {shown("a").tags[1], shown("a").tags[2], shown("a").tags[3]})
        assert.same({"y", "z"}, {shown("c").tags[1], shown("c").tags[2]})
        assert.equal(0, #again.changes)
        assert.equal(0, #plan.failures)
      end)
      there_and_back(function(o) return bulk.remove_tags(g, org, nil, "x", o) end, function(plan, report, again)
        assert.is_true(report.ok)
        assert.same({"dashboards a", "dashboards b"}, changed(plan))
        assert.same({"y", nil, 0}, {shown("a").tags[1], shown("a").tags[2], #shown("b").tags})
        assert.equal(0, #again.changes)
      end)
    end)

    it("what is selected are all, uids, tags, a folder, words, a pattern, several at once", function()
      for _, case in ipairs {
        {nil, is_new and "a b c d v2" or "a b c d"}, {"all", is_new and "a b c d v2" or "a b c d"},
        {{"c", "a", "c"}, "a c"}, {{uids = {"c", "a"}}, "a c"},
        {{tag = "x"}, "a b"}, {{tags = {"x", "y"}}, "a"}, {{tag = "y", tags = {"x"}}, "a"}, {{tag = "none"}, ""},
        {{folder = "f"}, "b c"}, {{folder = ""}, is_new and "a v2" or "a"}, {{folder = "none"}, ""},
        {{query = "title of b"}, "b"}, {{title = "of [ab]$"}, "a b"}, {{title = "^of"}, ""},
        {{tag = "x", folder = "f"}, "b"}, {{uids = {"a", "c"}, folder = "f"}, "c"},
      } do
        local seen = {}
        local plan = bulk.edit_dashboards(g, org, case[1], function(_, about)
          seen[#seen + 1] = about.uid
          return false
        end, options())
        table.sort(seen)
        assert.equal(case[2], table.concat(seen, " "))
        assert.equal(0, #plan.failures)
        plan:close()
      end
    end)

    it("many selected ones are read from the pages of all", function()
      for i = 1, 120 do post(("m%03d"):format(i), nil, {tags = grafana.array {"many"}}) end
      server:clear_log()
      local plan = bulk.add_tags(g, org, {tag = "many"}, "more", options())
      assert.equal(120, #plan.changes)
      local singles = days.arrived(server, "GET", "/dashboards/[^?]*m%d+$")
      assert.equal(is_new and 0 or 120, singles)
      plan:close()
    end)

    it("arguments that make no sense raise where the job is called, before anything is sent", function()
      server:clear_log()
      local function nothing() end
      for words, call in pairs {
        ["argument 'selection'.*unknown condition 'tagg' %(did you mean 'tag'"] = function()
          bulk.add_tags(g, org, {tagg = "x"}, "y")
        end,
        ["'folder': uid of a folder expected, got number"] = function() bulk.add_tags(g, org, {folder = 1}, "y") end,
        ["'title' is no pattern"] = function() bulk.add_tags(g, org, {title = "%"}, "y") end,
        ["it is empty"] = function() bulk.edit_dashboards(g, org, {}, nothing) end,
        ['"all", an array'] = function() bulk.edit_dashboards(g, org, 5, nothing) end,
        ["nothing given"] = function() bulk.delete_dashboards(g, org) end,
        ["argument #4 'f'"] = function() bulk.edit_dashboards(g, org, "all", "x") end,
        ["argument #4 'tags'"] = function() bulk.add_tags(g, org, "all", {}) end,
        ["bad argument #4 'tags'"] = function() bulk.add_tags(g, org, "all", {"x", 5}) end,
        ["option 'permissions'"] = function() bulk.move_to_folder(g, org, "all", "f", {permissions = "none"}) end,
        ["unknown option 'max'"] = function() bulk.delete_dashboards(g, org, "all", {max = 1}) end,
        ["argument 'grants': unknown key 'role' %(did you mean 'roles'"] = function()
          bulk.set_permissions(g, org, "all", {role = {Viewer = "View"}})
        end,
        ["none of the roles"] = function() bulk.set_permissions(g, org, "all", {roles = {Boss = "View"}}) end,
        ['"View", "Edit" or "Admin" expected'] = function()
          bulk.set_permissions(g, org, "all", {roles = {Viewer = 3}})
        end,
        ["'folders' stands alone"] = function()
          bulk.set_permissions(g, org, {folders = {"f"}, tag = "x"}, {roles = {Viewer = 1}})
        end,
      } do
        local fine, problem = pcall(call)
        assert.is_false(fine)
        assert.matches(words, problem)
        assert.matches("^spec/bulk/edit_spec.lua:%d+: bulk%.", problem)
      end
      assert.equal(0, #server:requests {})
    end)

    it("an organisation or a folder that is not there makes an empty plan that says so", function()
      local plan = bulk.add_tags(g, 99, "all", "x", options())
      assert.same({0, "org-not-found"}, {#plan.changes, plan.failures[1].reason})
      plan = bulk.move_to_folder(g, org, {"a"}, "none", options())
      assert.same({0, "folder-not-found"}, {#plan.changes, plan.failures[1].reason})
      assert.is_false(plan:apply().ok)
    end)

    it("move_to_folder keeps who may do what: what was inherited before is set on the dashboard", function()
      there_and_back(function(o) return bulk.move_to_folder(g, org, {"b", "d"}, "g", o) end,
        function(plan, report, again)
          assert.is_true(report.ok, tostring(report))
          assert.same({"dashboard_permissions b", "dashboards b"}, changed(plan))
          assert.equal("g", check(g:get_dashboard(org, "b")).meta.folderUid)
          local given = permissions "b"
          assert.same({1, 4}, {given.Viewer, given.Ops})
          assert.matches("the folder gives Edit to the role Viewer, who had View before",
            table.concat(plan.notes, "\n"))
          assert.equal(0, #again.changes)
        end)
    end)

    it("move_to_folder with permissions = \"inherit\" leaves what the folder gives alone", function()
      there_and_back(function(o)
        o.permissions = "inherit"
        return bulk.move_to_folder(g, org, {"a", "d"}, "g", o)
      end, function(plan, report, again)
        assert.is_true(report.ok, tostring(report))
        assert.same({"dashboard_permissions a", "dashboard_permissions d", "dashboards a"}, changed(plan))
        assert.same({}, permissions "a")
        assert.equal(0, #again.changes)
      end)
    end)

    it("move_to_folder moves to the root", function()
      for _, root in ipairs {"", grafana.null} do
        there_and_back(function(o) return bulk.move_to_folder(g, org, {folder = "f"}, root, o) end,
          function(_, report, again)
            assert.is_true(report.ok, tostring(report))
            assert.equal("", check(g:get_dashboard(org, "b")).meta.folderUid)
            assert.equal(4, permissions("c").Ops)
            assert.equal(0, #again.changes)
          end)
      end
    end)

    it("move_to_folder moves no dashboard of which it cannot tell who may do what", function()
      server:fault {kind = "status", code = 403, path = "/b/permissions$", times = 0, body = '{"message":"no"}'}
      local plan = bulk.move_to_folder(g, org, {"b", "c"}, "g", options())
      assert.same({"dashboard_permissions c", "dashboards c"}, changed(plan))
      assert.same({1, "dashboard_permissions", "b"}, {#plan.failures, plan.failures[1].kind, plan.failures[1].key})
      plan:apply()
      assert.same({"f", "g"}, {check(g:get_dashboard(org, "b")).meta.folderUid,
        check(g:get_dashboard(org, "c")).meta.folderUid})
      server:fault {kind = "status", code = 403, path = "/f/permissions$", times = 0, body = '{"message":"no"}'}
      plan = bulk.move_to_folder(g, org, {"a", "b"}, "f", options())
      assert.same({}, changed(plan))
      assert.equal("folder_permissions", plan.failures[1].kind)
    end)

    it("set_permissions sets those of dashboards alike, or adds to them", function()
      local grants = {roles = {Viewer = "View"}, teams = {Ops = 2}, users = {["ann@example.org"] = "Admin"}}
      there_and_back(function(o) return bulk.set_permissions(g, org, {"a", "b"}, grants, o) end,
        function(plan, report, again)
          assert.is_true(report.ok, tostring(report))
          assert.equal(2, #plan.changes)
          for _, uid in ipairs {"a", "b"} do assert.same({Viewer = 1, Ops = 2, ann = 4}, permissions(uid)) end
          assert.equal(0, #again.changes)
        end)
      there_and_back(function(o)
        o.keep = true
        return bulk.set_permissions(g, org, {"a"}, {roles = {Editor = "View", Viewer = "Edit"}}, o)
      end, function(_, report, again)
        assert.is_true(report.ok)
        assert.same({admin = 4, Editor = 2, Viewer = 2}, permissions "a")
        assert.equal(0, #again.changes)
      end)
    end)

    it("set_permissions sets those of folders", function()
      there_and_back(function(o)
        return bulk.set_permissions(g, org, {folders = {"f", "gone"}}, {roles = {Editor = "Edit"}}, o)
      end, function(plan)
        assert.same({Editor = 2}, permissions("f", "folder"))
        assert.same({"folder_permissions", "gone", "not-found"},
          {plan.failures[1].kind, plan.failures[1].key, plan.failures[1].status})
      end)
    end)

    it("set_permissions leaves out names that nobody has, and takes from nobody when none is left", function()
      local plan = bulk.set_permissions(g, org, {"a"}, {users = {ann = "View", nobody = "Edit"}}, options())
      assert.matches("there is no user nobody: left out", plan.notes[1])
      assert.is_true(plan:apply().ok)
      assert.same({ann = 1}, permissions "a")
      plan = bulk.set_permissions(g, org, {"a"}, {teams = {Nobody = "Edit"}}, options())
      assert.same({0, "not-found"}, {#plan.changes, plan.failures[1].status})
      assert.same({ann = 1}, permissions "a")
    end)

    it("delete_dashboards deletes, and undo brings back what was there, permissions too", function()
      check(g:grant_dashboard_permissions(org, "b", {users = {ann = "Edit"}}))
      there_and_back(function(o) return bulk.delete_dashboards(g, org, {"b", "c"}, o) end, function(plan, report)
        assert.is_true(report.ok, tostring(report))
        assert.same({"dashboards b", "dashboards c"}, changed(plan))
        assert.equal(2, plan:counts().delete)
        assert.equal("not-found", g:get_dashboard(org, "b").status)
        assert.equal("ok", g:get_dashboard(org, "a").status)
      end)
      assert.same({ann = 2}, permissions "b")
    end)

    it("delete_dashboards stops before the first when they are too many", function()
      for i = 1, 11 do post("m" .. i) end
      local plan = bulk.delete_dashboards(g, org, {query = "title of m"}, options())
      assert.equal(11, plan:counts().delete)
      assert.is_false(plan:apply().ok)
      assert.equal("ok", g:get_dashboard(org, "m1").status)
      plan = bulk.delete_dashboards(g, org, {query = "title of m"}, options {max_deletes = 11})
      assert.is_true(plan:apply().ok)
      assert.equal("not-found", g:get_dashboard(org, "m1").status)
      plan:close()
    end)

    it("plans in which something could not be read go on with the rest", function()
      server:fault {kind = "status", code = 500, method = "GET", path = "dashboards/[^?]*b$", times = 0,
        body = '{"message":"no"}'}
      local plan = bulk.add_tags(g, org, {"a", "b", "c"}, "new", options())
      assert.same({"dashboards a", "dashboards c"}, changed(plan))
      assert.same({1, "b"}, {#plan.failures, plan.failures[1].key})
      local report = plan:apply()
      assert.is_false(report.ok)
      assert.equal("new", shown("c").tags[1])
    end)
  end)
end
