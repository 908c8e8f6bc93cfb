-- SPDX-License-Identifier: MIT
-- Permissions of folders and dashboards in bulk jobs: by names, replaced exactly, and not at all where a name is
-- unknown.

package.path = "./?.lua;./?/init.lua;" .. package.path

local grafana = require "grafana"
local days = require "spec.support.bad_days"
local kinds = require "spec.support.kinds"

local array = grafana.array
local FOLDERS = require "grafana.bulk.kinds.folder_permissions"
local DASHBOARDS = require "grafana.bulk.kinds.dashboard_permissions"

local function form(uid, ...) return {uid = uid, permissions = array {...}} end

local VIEWERS, EDITORS = {role = "Viewer", permission = "View"}, {role = "Editor", permission = "Edit"}

for _, version in ipairs {"9.3.2", "12.4.3"} do
  describe("on " .. version .. ",", function()
    local server, world

    setup(function() server = days.start(version) end)
    teardown(function() server:stop() end)
    before_each(function()
      world = kinds.fresh(server)
      local check, g = grafana.check, world.g
      check(g:create_folder(1, {uid = "f", title = "Folder"}))
      check(g:update_or_create_dashboard(1, {uid = "d", title = "Dashboard", panels = {}}))
      check(g:create_team(1, {name = "Ops"}))
      check(g:create_team(1, {name = "Dev"}))
      check(g:create_service_account(1, {name = "The Robot", role = "Viewer"}))
      for _, login in ipairs {"ann", "sa-ann"} do
        check(g:create_user {login = login, email = login .. "@example.org", password = "long-enough"})
      end
      server:clear_log()
    end)
    after_each(function() world:close() end)

    local function writes() return #server:requests {method = "POST", path = "/permissions$"} end

    for uid, kind in pairs {f = FOLDERS, d = DASHBOARDS} do
      describe(kind.name, function()
        it("for roles, teams, users and service accounts are read back as they were written, sorted", function()
          local back = world:trip(kind, form(uid,
            EDITORS, VIEWERS, {team = "Dev", permission = "Edit"}, {team = "Ops", permission = "View"},
            {user = "admin", permission = "Admin"}, {user = "ann", permission = "View"},
            {user = "sa-ann", permission = "View"}, {service_account = "The Robot", permission = "Edit"}))
          assert.equal(uid, back.key)
          assert.equal(8, back.doc:len("permissions"))
        end)

        it("in any order are the same to the server", function()
          assert(world:write(kind, form(uid, {user = "ann", permission = "View"}, VIEWERS, EDITORS)).ok)
          local wanted = kinds.object(kind, form(uid, EDITORS, VIEWERS, {user = "ann", permission = "View"}))
          assert.equal(wanted:digest(), kind.read(world.at, uid):digest())
        end)

        it("that a server gives by itself are shown, and replaced", function()
          local given = kind.read(world.at, uid)
          assert.equal(kinds.object(kind, form(uid, EDITORS, VIEWERS, {user = "admin", permission = "Admin"})):digest(),
            given:digest())
          world:trip(kind, form(uid, EDITORS, VIEWERS))
        end)

        it("may be none at all", function()
          world:trip(kind, form(uid))
        end)

        it("for whom there is not are not written, none of them", function()
          local before = kind.read(world.at, uid):digest()
          local r = world:write(kind, form(uid, VIEWERS, {user = "nobody", permission = "View"}))
          assert.equal("user-not-found", r.status)
          assert.matches('no user "nobody"', r.message, 1, true)
          r = world:write(kind, form(uid, {team = "None", permission = "View"}, {user = "nobody", permission = "View"},
            {service_account = "No Robot", permission = "View"}))
          assert.equal("not-found", r.status)
          for _, name in ipairs {'team "None"', 'user "nobody"', 'service account "No Robot"'} do
            assert.matches(name, r.message, 1, true)
          end
          assert.equal(0, writes())
          assert.equal(before, kind.read(world.at, uid):digest())
        end)

        it("that no server could keep are refused before", function()
          for _, permissions in ipairs {
            {VIEWERS, {role = "Viewer", permission = "Edit"}}, {{role = "Viewer", permission = "Query"}},
            {{permission = "View"}},
          } do
            local r = world:write(kind, {uid = uid, permissions = array(permissions)})
            assert.equal("invalid-data", r.status)
          end
          assert.equal(0, writes())
        end)

        it("of what is not there are none, and cannot be written", function()
          local object, why = kind.read(world.at, "none")
          assert.is_nil(object)
          assert.is_nil(why)
          assert.equal("not-found", world:write(kind, form("none", VIEWERS)).status)
        end)

        it("cannot be deleted", function() assert.is_nil(kind.delete) end)

        it("are not asked for where the job does without them", function()
          world.options = {permissions = false}
          world:forget()
          assert.equal(0, world:count(kind))
          assert.equal(0, #server:requests())
        end)

        it("of one that goes meanwhile are left out; those that may not be read are named", function()
          server:fault {kind = "status", code = 404, body = '{"message":"gone"}', path = "/permissions$"}
          local all, failed, r = world:list(kind)
          assert.is_nil(all[uid])
          assert.same({}, failed)
          assert.is_true(r.ok)
          server:fault {kind = "status", code = 403, body = '{"message":"no"}', path = "/permissions$"}
          all, failed, r = world:list(kind)
          assert.is_nil(all[uid])
          assert.equal(1, #failed)
          assert.same({uid, "access-denied"}, {failed[1][1], failed[1][3].status})
          assert.is_true(r.ok)
        end)

        it("name whom they are for and what they are of", function()
          local object = kinds.object(kind, form(uid, VIEWERS, {team = "Dev", permission = "Edit"},
            {team = "Ops", permission = "View"}, {user = "ann", permission = "View"},
            {service_account = "The Robot", permission = "Edit"}))
          local seen = {}
          local value = kind.references(object.doc, function(name, key)
            seen[#seen + 1] = name .. " " .. key
            return ({Dev = "Zed", f = "f2", d = "d2"})[key]
          end)
          table.sort(seen)
          assert.same({(uid == "f" and "folders " or "dashboards ") .. uid, "service_accounts The Robot", "teams Dev",
            "teams Ops", "users ann"}, seen)
          assert.equal(uid .. "2", value:get("uid"))
          assert.equal("Ops", value:get("permissions", 2, "team"), "they are sorted again")
          assert.equal("Zed", value:get("permissions", 3, "team"))
        end)
      end)
    end

    it("those of 60 dashboards are listed, several requests at once", function()
      server:seed {dashboards = 60, bytes = 500}
      server:fault {kind = "delay", seconds = 0.02, path = "/permissions$", times = 0}
      server:clear_log()
      assert.equal(61, world:count(DASHBOARDS))
      assert.is_true(server:most_at_once() > 1)
    end)

    it("a viewer is refused each", function()
      grafana.check(world.g:update_org_user(1, "ann", "Viewer"))
      local g = days.connect(server, nil, {"ann", "long-enough"})
      local viewer = kinds.on(g, {id = 1, name = "Main Org."})
      local all, failed, r = viewer:list(DASHBOARDS)
      assert.same({}, all)
      assert.is_true(r.ok)
      assert.equal("access-denied", failed[1][3].status)
      viewer:close()
    end)

    if version ~= "9.3.2" then
      it("those of folders inside others, and of orphans, are listed", function()
        grafana.check(world.g:create_folder(1, {uid = "below", title = "B", parentUid = "f"}))
        days.ask(server, "POST", "/api/folders", {uid = "orphan", title = "O", parentUid = "gone"})
        local all = world:list(FOLDERS)
        assert.equal(kinds.object(FOLDERS, form("below")):digest(), all.below:digest())
        assert.is_truthy(all.orphan)
      end)
    end
  end)
end
