-- SPDX-License-Identifier: MIT
-- create_users and add_org_users: lists of people become users and members; the same list again changes nothing.

package.path = "./?.lua;./?/init.lua;" .. package.path

local bulk = require "grafana.bulk"
local days = require "spec.support.bad_days"
local grafana = require "grafana"
local people = require "spec.bulk.people"
local scratch = require "spec.support.scratch"

local busted = {describe = describe, setup = setup, teardown = teardown, before_each = before_each}
local SECRET = "a-secret-password"

describe("lists of people", function()
  people.on_standins(busted, function(get, standin)
    local g, org, journals

    before_each(function()
      local c = get()
      g, org = c.g, c.at.org_name
      journals = 0
    end)
    after_each(function() scratch.clear() end)

    local function with_journal(options)
      journals = journals + 1
      options = options or {}
      options.journal = scratch.folder() .. "/" .. journals
      return options
    end

    local function create(list, options) return bulk.create_users(g, list, with_journal(options)) end
    local function add(list) return bulk.add_org_users(g, org, list, with_journal()) end

    -- The roles of a user, by organisation.
    local function roles(login)
      local found = {}
      for _, each in ipairs(grafana.check(g:get_user_orgs(login)).orgs) do found[each.name] = each.role end
      return found
    end

    local function assert_ok(plan)
      local report = plan:apply()
      assert.is_true(report.ok, tostring(report))
      return report
    end

    local LIST = {   -- not to be changed
      {login = "ann", email = "Ann@example.org", name = "Ann B", password = SECRET},
      {login = "Bo", password = SECRET, admin = true, orgs = {}},
      {email = "cy@example.org", password = SECRET},
    }

    describe("create users", function()
      it("who are not there, in the organisations that are said, and nowhere else", function()
        local report = assert_ok(create {
          LIST[1], LIST[2], {email = "cy@example.org", password = SECRET, orgs = {[org] = "editor", [1] = "Viewer"}},
        })
        assert.equal(6, report.total)
        assert.same({["Main Org."] = "Viewer"}, roles("ann"))
        assert.same({}, roles("bo"))
        assert.same({[org] = "Editor", ["Main Org."] = "Viewer"}, roles("cy@example.org"))
        assert.is_true(g:get_user("bo").user.isGrafanaAdmin)
        local ann = g:get_user("ann").user
        assert.same({"ann@example.org", "Ann B"}, {ann.email:lower(), ann.name})
        local own = grafana.connect(standin().url, {"ann", SECRET})
        assert.equal("ok", own:get_current_user().status)
        own:close()
      end)

      it("once: a second run is a plan without changes", function()
        assert_ok(create(LIST))
        local plan = create(LIST)
        assert.same({{}, {}}, {plan.changes, plan.failures})
        standin():clear_log()
        assert_ok(plan)
        assert.equal(0, people.writes(standin()))
      end)

      it("whose name, email, role or rights are other ones than they were; what is not said stays", function()
        assert_ok(create(LIST))
        local report = assert_ok(create {
          {login = "ann", name = "Ann C", orgs = {["Main Org."] = "Editor"}}, {login = "bo", admin = false, orgs = {}},
          {login = "cy@example.org", email = "cy@other.example.org"},
        })
        assert.equal(4, report.total)
        local ann = g:get_user("ann").user
        assert.same({"ann@example.org", "Ann C"}, {ann.email:lower(), ann.name})
        assert.same({["Main Org."] = "Editor"}, roles("ann"))
        assert.is_false(g:get_user("bo").user.isGrafanaAdmin)
        assert.equal("cy@other.example.org", g:get_user("cy@example.org").user.email)
      end)

      it("who are there with another login, but the same email, and say so", function()
        assert_ok(create {LIST[1]})
        local plan = create {{login = "ann2", email = "ann@EXAMPLE.org", orgs = {[org] = "Viewer"}}}
        assert.matches("ann2: there is a user ann with the email ann@example.org", plan.notes[1], 1, true)
        assert_ok(plan)
        assert.equal("Viewer", roles("ann")[org])
        assert.equal("not-found", g:get_user("ann2").status)
      end)

      it("in an organisation of the options, with its role", function()
        assert_ok(create({LIST[1]}, {org = org, role = "editor"}))
        assert.same({[org] = "Editor"}, roles("ann"))
      end)

      it("whose membership failed get it the next time", function()
        standin():fault {kind = "status", code = 403, method = "POST", path = "^/api/orgs/%d+/users"}
        assert.equal("access-denied", create({LIST[1]}):apply().status)
        assert.same({}, roles("ann"))
        assert_ok(create {LIST[1]})
        assert.same({["Main Org."] = "Viewer"}, roles("ann"))
      end)

      it("with passwords from a function where the list has none; without any they are left out", function()
        local asked = {}
        local function secret(ask)
          asked[#asked + 1] = ask.key
          return ask.key == "ann" and SECRET or nil
        end
        local report = create({{login = "ann"}, {login = "bo", orgs = {}}, {login = "cy", password = SECRET}},
          {secret = secret}):apply()
        table.sort(asked)
        assert.same({"ann", "bo"}, asked)
        assert.equal("missing-mandatory-data", report.status)
        assert.same({2 + 2 + 1, 1}, {report.total, report.failed})
        assert.equal("bo", report.failures[1].key)
        assert.equal("ok", g:get_user("cy").status)
      end)

      it("with passwords that are in no plan, no difference, no report, no journal", function()
        local plan = create(LIST)
        local dir = plan.journal.dir
        assert.is_nil(days.leak(plan, {SECRET}))
        assert.is_nil(plan:diff({colours = false}):find(SECRET, 1, true))
        assert.is_nil(days.leak(plan:apply(), {SECRET}))
        local pipe = io.popen(("grep -rc '%s' '%s'"):format(SECRET, dir))
        local text = pipe:read("*a")
        pipe:close()
        assert.matches(":0", text)
        assert.is_nil(text:find(":[1-9]"))
      end)

      it("from the memory of the job, also where apply has a function of its own", function()
        local report = create({LIST[1], {login = "dan"}}):apply {secret = function() return "another-password" end}
        assert.is_true(report.ok, tostring(report))
        local own = grafana.connect(standin().url, {"ann", SECRET})
        assert.equal("ok", own:get_current_user().status)
        own:close()
      end)

      it("of a plan that was broken off with passwords that a function gives", function()
        local plan = create {LIST[1]}
        local dir = plan.journal.dir
        standin():fault {kind = "status", code = 403, method = "POST", path = "^/api/admin/users$"}
        assert.is_false(plan:apply().ok)
        plan:close()
        local report = bulk.resume(dir, g, {secret = function() return SECRET end})
        assert.is_true(report.ok, tostring(report))
        assert.same({["Main Org."] = "Viewer"}, roles("ann"))
      end)

      it("and take them away again", function()
        local plan = create(LIST)
        assert_ok(plan)
        local report = plan:undo()
        assert.is_true(report.ok, tostring(report))
        assert.equal("not-found", g:get_user("ann").status)
        assert.equal(1, #g:get_org_users(1).users)
      end)

      it("of whom several rows say something", function()
        local plan = create {
          {login = "ann", password = SECRET, orgs = {[1] = "Viewer"}},
          {login = "ANN", orgs = {[org] = "Editor"}, name = "Ann"}, {login = "ann", name = "Anna"},
        }
        assert.equal(1, #plan.failures)
        assert.matches("twice", plan.failures[1].message)
        assert.is_false(plan:apply().ok)
        assert.same({["Main Org."] = "Viewer", [org] = "Editor"}, roles("ann"))
        assert.equal("Ann", g:get_user("ann").user.name)
      end)

      it("but for rows that lack something, or name what is not there", function()
        local plan = create {
          {name = "Nobody"}, {login = "ann", password = SECRET, orgs = {Nowhere = "Viewer"}},
          {login = "bo", password = SECRET, orgs = {[1] = "Chef"}}, {login = "", email = ""},
        }
        local failures = {}
        for i, failure in ipairs(plan.failures) do failures[i] = failure.reason or failure.status end
        table.sort(failures)
        assert.same({"missing-mandatory-data", "missing-mandatory-data", "org-not-found", "role-not-found"}, failures)
        assert.equal(1, #plan.changes)
      end)

      it("for a server admin only", function()
        local own = get():as(get():user {role = "Admin"})
        local plan = bulk.create_users(own.g, LIST, with_journal())
        assert.same({0, "access-denied"}, {#plan.changes, plan.failures[1].status})
        own.g:close()
      end)

      it("of lists that are none, and options that there are not: that raises", function()
        for words, list in pairs {
          ["unknown key 'mail' %(did you mean 'email'%?%)"] = {{login = "a", mail = "b"}},
          ["key 'login': string expected, got number"] = {{login = 1}}, ["list%[1%]: table expected"] = {"ann"},
          ["list%[login%]"] = {login = "ann"},
        } do
          assert.error_matches(function() create(list) end, words)
        end
        assert.error_matches(function() create({}, {role = "Chef"}) end, "option 'role'")
        assert.error_matches(function() create({}, {rank = "Admin"}) end, "unknown option")
        assert.equal(0, people.writes(standin()))
      end)
    end)

    describe("make members", function()
      before_each(function() assert_ok(create(LIST)) end)

      it("by login or email, with their roles, once", function()
        local list = {{login = "ANN", role = "Editor"}, {email = "CY@example.org", role = "viewer"}}
        assert.equal(2, assert_ok(add(list)).total)
        assert.equal("Editor", roles("ann")[org])
        assert.equal("Viewer", roles("cy@example.org")[org])
        assert.same({}, add(list).changes)
      end)

      it("of other roles than they had, and leave others alone", function()
        assert_ok(add {{login = "ann", role = "Editor"}, {login = "bo", role = "Viewer"}})
        assert.equal(1, assert_ok(add {{email = "ann@example.org", role = "Admin"}}).total)
        assert.same({"Admin", "Viewer"}, {roles("ann")[org], roles("bo")[org]})
      end)

      it("but not of who does not exist, in a role that does not, or without one", function()
        local plan = add {
          {login = "zoe", role = "Viewer"}, {login = "ann", role = "Chef"}, {login = "bo"}, {role = "Viewer"},
          {email = "cy@example.org", role = "Viewer"},
        }
        local failures = {}
        for i, failure in ipairs(plan.failures) do failures[i] = failure.status end
        assert.same({"user-not-found", "role-not-found", "missing-mandatory-data", "missing-mandatory-data"}, failures)
        assert.equal(1, plan:apply().done)
        assert.equal("Viewer", roles("cy@example.org")[org])
      end)

      it("in the organisation of an Admin who is no server admin, too", function()
        local own = get():as(get():user {role = "Admin"})
        local list = {{login = "ann", role = "Editor"}, {login = "zoe", role = "Viewer"},
          {email = "cy@example.org", role = "Viewer"}}
        local report = bulk.add_org_users(own.g, get().org, list, with_journal()):apply()
        assert.same({2, 1}, {report.done, report.failed})
        assert.equal("user-not-found", report.failures[1].status)
        assert.equal("Viewer", roles("cy@example.org")[org])
        own.g:close()
      end)

      it("of an organisation that there is not: nothing is planned", function()
        local plan = bulk.add_org_users(g, "Nowhere", {{login = "ann", role = "Viewer"}}, with_journal())
        assert.same({0, "org-not-found"}, {#plan.changes, plan.failures[1].reason})
      end)

      it("and never the last Admin anything else", function()
        local report = add({{login = "admin", role = "Viewer"}}):apply()
        assert.equal("invalid-data", report.status)
        assert.matches("last Admin", report.message)
      end)

      it("and take that back", function()
        local plan = add {{login = "ann", role = "Editor"}}
        assert_ok(plan)
        assert.is_true(plan:undo().ok)
        assert.is_nil(roles("ann")[org])
      end)
    end)
  end)
end)
