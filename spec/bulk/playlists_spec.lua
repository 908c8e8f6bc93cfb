-- SPDX-License-Identifier: MIT
-- Playlists of bulk jobs: all of them, under the uids that they have, dashboards by uids.

package.path = "./?.lua;./?/init.lua;" .. package.path

local bulk = require "grafana.bulk"
local grafana = require "grafana"
local days = require "spec.support.bad_days"
local kinds = require "spec.support.kinds"
local playlists = require "grafana.bulk.kinds.playlists"
local scratch = require "spec.support.scratch"

local array = grafana.array

for _, version in ipairs {"9.3.2", "12.4.3"} do
  describe("playlists on " .. version .. ",", function()
    local server, world
    local is_old = version == "9.3.2"   -- it chooses uids itself: there a playlist is known by its name

    local function form(changes)
      local made = {
        uid = not is_old and "wall" or nil, name = "Wall", interval = "1m",
        items = array {{type = "dashboard_by_uid", value = "d"}, {type = "dashboard_by_tag", value = "t"}},
      }
      for name, value in pairs(changes or {}) do made[name] = value end
      return made
    end

    local KEY = kinds.object(playlists, form()).key

    -- As somebody makes one; returns the uid that it has.
    local function create(changes)
      return grafana.check(world.g:request("POST", "/api/playlists", {org = 1, body = form(changes)})).body.uid
    end

    setup(function() server = days.start(version) end)
    teardown(function()
      server:stop()
      scratch.clear()
    end)
    before_each(function()
      world = kinds.fresh(server)
      grafana.check(world.g:update_or_create_dashboard(1, {uid = "d", title = "Dashboard", panels = {}}))
      server:clear_log()
    end)
    after_each(function() world:close() end)

    it("one that is there is changed in place, and read back as it was written", function()
      local uid = create()
      world:trip(playlists, form {interval = "5m", items = array {}})
      world:trip(playlists, form())
      assert.equal(1, world:count(playlists))
      assert.equal(uid, grafana.check(world.g:request("GET", "/api/playlists")).body[1].uid)
    end)

    it("a new one is read back as it was written", function() world:trip(playlists, form()) end)

    it("their items are in their order, without titles", function()
      create {items = array {
        {type = "dashboard_by_uid", value = "d", title = "T", order = 1},
        {type = "dashboard_by_tag", value = "a", order = 2},
      }}
      assert.same({{type = "dashboard_by_uid", value = "d"}, {type = "dashboard_by_tag", value = "a"}},
        playlists.read(world.at, KEY).doc:get("items"))
    end)

    it("dashboards by id become dashboards by uid, where there is one of that id", function()
      local id = grafana.encode(grafana.check(world.g:get_dashboard(1, "d")).dashboard.id)
      create {items = array {{type = "dashboard_by_id", value = id}, {type = "dashboard_by_id", value = "99999"}}}
      assert.same({{type = "dashboard_by_uid", value = "d"}, {type = "dashboard_by_id", value = "99999"}},
        playlists.read(world.at, KEY).doc:get("items"))
    end)

    it("one that is not there is none, and one is deleted", function()
      for _, key in ipairs {"none", "name:none"} do
        local object, why = playlists.read(world.at, key)
        assert.is_nil(object)
        assert.is_nil(why)
      end
      create()
      assert.is_true(playlists.delete(world.at, playlists.read(world.at, KEY)).ok)
      assert.is_nil(playlists.read(world.at, KEY))
    end)

    it("dashboards are named", function()
      local seen = {}
      local value = playlists.references(kinds.object(playlists, form()).doc, function(kind, key)
        seen[#seen + 1] = kind .. " " .. key
        return "e"
      end)
      assert.same({"dashboards d"}, seen)
      assert.equal("e", value:get("items", 1, "value"))
      assert.equal("t", value:get("items", 2, "value"))
    end)

    it("those of an organisation that may not be read are a failure", function()
      server:fault {kind = "status", code = 403, body = '{"message":"no"}', path = "/playlists", times = 0}
      local _, _, r = world:list(playlists)
      assert.equal("access-denied", r.status)
    end)

    if not is_old then
      it("several of one name are copied as several, beside those that are there", function()
        for _, uid in ipairs {"a", "b"} do create {uid = uid, items = array {}} end
        local org = grafana.check(world.g:create_org("Other")).id
        local there = form {uid = "c", items = array {}}
        grafana.check(world.g:request("POST", "/api/playlists", {org = org, body = there}))
        for changes = 2, 0, -2 do
          local journal = scratch.folder() .. "/journal"
          local plan = bulk.copy(world.g, 1, world.g, "Other", {kinds = {"playlists"}, journal = journal})
          assert.equal(changes, #plan.changes)
          assert.is_true(plan:apply().ok)
        end
        assert.equal(3, kinds.on(world.g, {id = org, name = "Other"}):count(playlists))
      end)
    end

    if is_old then
      it("has no uid, and one from elsewhere is found by its name", function()
        world:trip(playlists, form())
        local known = kinds.object(playlists, form {uid = "elsewhere"})
        assert.equal(KEY, playlists.read(world.at, known.key, known).key)
      end)

      it("of two of one name the second is left out, and named", function()
        create()
        create()
        local all, failed, r = world:list(playlists)
        assert.is_true(r.ok)
        assert.is_truthy(all[KEY])
        assert.equal(1, #failed)
        assert.same({"Wall", "already-exists"}, {failed[1][2], failed[1][3].status})
      end)

      it("its items have the dashboards' titles, which its pages show", function()
        assert.is_true(world:write(playlists, form()).ok)
        local sent = server:requests {method = "POST", path = "^/api/playlists"}
        assert.equal("Dashboard", server.decode(sent[1].body).items[1].title)
      end)
      return
    end

    it("one from a server where it has no uid gets one, always the same", function()
      local nameless = form()
      nameless.uid = nil
      assert.is_true(world:write(playlists, nameless).ok)
      local uid = next((world:list(playlists)))
      assert.equal(uid, playlists.read(world.at, "name:Wall").key)
      assert.is_true(playlists.delete(world.at, playlists.read(world.at, uid)).ok)
      assert.is_true(world:write(playlists, nameless).ok)
      assert.equal(uid, next((world:list(playlists))))
    end)

    it("a new one keeps its uid where there is nothing below /apis", function()
      server:set {apis = false}
      local old = kinds.on(world.g, world.org)
      old:trip(playlists, form())
      assert.equal(0, #server:requests {path = "/playlist.grafana.app/"})
    end)

    it("1,100 are listed once each, though the old list ends behind 500", function()
      local rows = {}
      for i = 1, 1100 do
        rows[i] = {"request", "POST", "/api/playlists", {body = form {uid = "u" .. i, items = array {}}}}
      end
      for _, r in ipairs(days.at_once(world.g, rows)) do assert(r.ok, tostring(r)) end
      assert.equal(500, #grafana.check(world.g:request("GET", "/api/playlists")).body)
      server:clear_log()
      assert.equal(1100, world:count(playlists))
      assert.equal(3, #server:requests {path = "/playlists%?"})
    end)

    it("one that was changed since is neither written over nor deleted", function()
      world:trip(playlists, form())
      local now = playlists.read(world.at, KEY)
      assert(world:write(playlists, form {name = "By somebody"}).ok)
      for _, r in ipairs {
        playlists.write(world.at, kinds.object(playlists, form {name = "Mine"}), now), playlists.delete(world.at, now),
      } do
        assert.equal("already-exists", r.status)
        assert.equal("version-mismatch", r.reason)
      end
      assert.equal("By somebody", playlists.read(world.at, KEY).title)
    end)

    it("one that somebody has made meanwhile is not written over", function()
      world:trip(playlists, form())
      local r = playlists.write(world.at, kinds.object(playlists, form {name = "Mine"}))
      assert.equal("already-exists", r.status)
      assert.equal("Wall", playlists.read(world.at, KEY).title)
    end)

    it("one that has gone meanwhile is not made again", function()
      local now = world:trip(playlists, form())
      assert.is_true(playlists.delete(world.at, now).ok)
      assert.equal("not-found", playlists.write(world.at, kinds.object(playlists, form {name = "Mine"}), now).status)
      assert.equal(0, world:count(playlists))
    end)
  end)
end
