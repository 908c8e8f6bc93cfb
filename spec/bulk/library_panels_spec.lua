-- SPDX-License-Identifier: MIT
-- Library panels of bulk jobs: written in place under a lock, listed whole, kept while a dashboard uses them.

package.path = "./?.lua;./?/init.lua;" .. package.path

local grafana = require "grafana"
local days = require "spec.support.bad_days"
local kinds = require "spec.support.kinds"
local panels = require "grafana.bulk.kinds.library_panels"

local array, object = grafana.array, grafana.object

local function form(changes)
  local made = {
    uid = "lp", name = "Shared", kind = 1, folderUid = "f", model = object {
      type = "stat", title = "Shared", datasource = {type = "prometheus", uid = "p"}, targets = array {},
      options = object {},
    },
  }
  for name, value in pairs(changes or {}) do made[name] = value end
  return made
end

for _, version in ipairs {"9.3.2", "12.4.3"} do
  describe("library panels on " .. version .. ",", function()
    local server, world

    setup(function() server = days.start(version) end)
    teardown(function() server:stop() end)
    before_each(function()
      world = kinds.fresh(server)
      for _, uid in ipairs {"f", "f2"} do grafana.check(world.g:create_folder(1, {uid = uid, title = uid})) end
      server:clear_log()
    end)
    after_each(function() world:close() end)

    it("what is written is read back, in a folder and at the root", function()
      world:trip(panels, form())
      world:trip(panels, form {uid = "root", folderUid = ""})
    end)

    it("an update moves, renames and replaces", function()
      world:trip(panels, form())
      world:trip(panels, form {name = "Other", folderUid = "f2", model = object {type = "text", description = "new"}})
      world:trip(panels, form {folderUid = ""})
    end)

    it("what the server adds to a model, and the panel's id, are no part of it", function()
      world:trip(panels, form {model = object {title = "neither type nor description"}})
      local model = {id = 7, type = "stat"}
      days.ask(server, "POST", "/api/library-elements", {uid = "x", name = "x", kind = 1, model = model})
      assert.same({type = "stat"}, panels.read(world.at, "x").doc:get("model"))
    end)

    it("250 of them are listed once each, in pages", function()
      for i = 1, 250 do
        days.ask(server, "POST", "/api/library-elements", {
          uid = "u" .. i, name = ("N%03d"):format(i), kind = 1, model = {type = "stat"},
        })
      end
      server:clear_log()
      assert.equal(250, world:count(panels))
      assert.equal(3, #server:requests {path = "^/api/library%-elements%?"})
    end)

    it("what slips through between two pages is found", function()
      for i = 1, 150 do
        local element = {uid = "u" .. i, name = "n" .. i, kind = 1, model = {type = "stat"}}
        days.ask(server, "POST", "/api/library-elements", element)
      end
      local who = {user = "admin", password = days.PASSWORD}
      local _, first = server:http("GET", "/api/library-elements?page=1&perPage=100", who)
      server:fault {kind = "body", body = first, path = "page=2&"}
      assert.equal(150, world:count(panels))
    end)

    it("one that was changed since is not written over", function()
      assert(world:write(panels, form()).ok)
      local now = panels.read(world.at, "lp")
      assert(world:write(panels, form {name = "By somebody"}).ok)
      local r = panels.write(world.at, kinds.object(panels, form {name = "Mine"}), now)
      assert.equal("already-exists", r.status)
      assert.equal("version-mismatch", r.reason)
      assert.equal("By somebody", panels.read(world.at, "lp").title)
    end)

    if version ~= "9.3.2" then
      -- 12.4.3 says of a moved one that it was moved, shows it where it was, and deletes it with that folder.
      describe("one that moves", function()
        local function moved_by_server()
          local r = world.g:request("PATCH", "/api/library-elements/lp", {org = 1, body = {
            name = "Shared", kind = 1, version = 1, folderUid = "f2", model = form().model,
          }})
          assert.equal("f2", grafana.check(r).body.result.folderUid)
        end

        local function refuse(method)
          server:fault {kind = "status", code = 400, body = '{"message":"no"}', method = method, path = "^/api/library"}
        end

        it("is listed where it is read", function()
          assert(world:write(panels, form()).ok)
          moved_by_server()
          assert.equal("f2", panels.read(world.at, "lp").doc:get("folderUid"))
          assert.equal("f2", world:list(panels).lp.doc:get("folderUid"))
        end)

        it("is another one in its place, which the old folder does not take along", function()
          world:trip(panels, form())
          world:trip(panels, form {folderUid = "f2"})
          grafana.check(world.g:delete_folder(1, "f"))
          assert.is_truthy(panels.read(world.at, "lp"))
          assert.equal(1, world:count(panels))
        end)

        it("is held by its lock", function()
          local now = world:trip(panels, form())
          assert(world:write(panels, form {name = "By somebody"}).ok)
          local r = panels.write(world.at, kinds.object(panels, form {folderUid = "f2"}), now)
          assert.equal("version-mismatch", r.reason)
          assert.equal("By somebody", world:list(panels).lp.title)
          assert.equal(1, world:count(panels))
        end)

        it("stays as it was where the server does not go along", function()
          local now = world:trip(panels, form())
          refuse("POST")
          local r = world:write(panels, form {folderUid = "f2"})
          assert.equal("invalid-data", r.status)
          assert.equal(now:digest(), panels.read(world.at, "lp"):digest())
          assert.equal(1, world:count(panels))
        end)

        it("is still what it was when it has stepped aside only, and can be moved on", function()
          local before = world:trip(panels, form())
          server:fault {kind = "close", method = "POST", path = "^/api/library", times = 0}
          server:fault {kind = "close", method = "PATCH", path = "^/api/library", skip = 1, times = 0}
          assert.is_false(world:write(panels, form {folderUid = "f2"}).ok)
          server:clear_faults()
          assert.is_nil(world:list(panels).lp)
          assert.equal(before:digest(), panels.read(world.at, "lp"):digest())
          world:trip(panels, form {folderUid = "f2"})
          assert.equal(1, world:count(panels))
        end)

        it("that has stepped aside only can be changed where it was, and deleted", function()
          for _, name in ipairs {"Other", false} do
            world:trip(panels, form())
            server:fault {kind = "close", method = "POST", path = "^/api/library", times = 0}
            server:fault {kind = "close", method = "PATCH", path = "^/api/library", skip = 1, times = 0}
            assert.is_false(world:write(panels, form {folderUid = "f2"}).ok)
            server:clear_faults()
            if name then world:trip(panels, form {name = name}) end
            assert.is_true(panels.delete(world.at, panels.read(world.at, "lp")).ok)
            assert.equal(0, world:count(panels))
          end
        end)

        it("says what remains where it does not go along later", function()
          world:trip(panels, form())
          refuse("DELETE")
          local r = world:write(panels, form {folderUid = "f2"})
          assert.matches('the former one remains, with the uid "moving%-%x+": no', r.message)
          assert.equal("f2", panels.read(world.at, "lp").doc:get("folderUid"))
        end)
      end)
    end

    it("a folder that is not there is said so, in creation and in update", function()
      local r = world:write(panels, form {folderUid = "none"})
      assert.equal("not-found", r.status, tostring(r))
      assert.equal("folder-not-found", r.reason)
      assert(world:write(panels, form()).ok)
      assert.equal("folder-not-found", world:write(panels, form {folderUid = "none"}).reason)
    end)

    it("a uid that the server does not take is said so", function()
      local r = world:write(panels, form {uid = "no uid"})
      assert.equal("invalid-data", r.status, tostring(r))
    end)

    it("two of one name in one folder are refused by 9 only", function()
      assert(world:write(panels, form()).ok)
      local r = world:write(panels, form {uid = "second"})
      assert.equal(version == "9.3.2" and "already-exists" or "ok", r.status)
      assert.equal(version == "9.3.2" and "name-exists" or nil, r.reason)
    end)

    it("one that has gone meanwhile is not found", function()
      assert(world:write(panels, form()).ok)
      local now = panels.read(world.at, "lp")
      assert.is_true(panels.delete(world.at, now).ok)
      assert.is_nil(panels.read(world.at, "lp"))
      assert.equal("not-found", panels.write(world.at, kinds.object(panels, form()), now).status)
    end)

    it("one in use is not deleted, and nothing is sent", function()
      assert(world:write(panels, form()).ok)
      local panel = {id = 2, libraryPanel = {uid = "lp", name = "Shared"}}
      local row = {id = 1, type = "row", collapsed = true, panels = {panel}}
      grafana.check(world.g:update_or_create_dashboard(1, {uid = "d", title = "D", panels = {row}}))
      local now = panels.read(world.at, "lp")
      server:clear_log()
      local r = panels.delete(world.at, now)
      assert.equal("invalid-data", r.status)
      assert.matches('a dashboard uses the library panel "Shared"', r.message, 1, true)
      assert.equal(0, #server:requests {method = "DELETE"})
      grafana.check(world.g:delete_dashboard(1, "d"))
      assert.is_true(panels.delete(world.at, now).ok)
    end)

    it("name their folder and what their model names", function()
      local seen = {}
      local value = panels.references(kinds.object(panels, form()).doc, function(kind, key)
        seen[#seen + 1] = kind .. " " .. key
        return key .. "2"
      end)
      assert.same({"folders f", "datasources p"}, seen)
      local wanted = form {folderUid = "f2"}
      wanted.model.datasource.uid = "p2"
      assert.equal(kinds.object(panels, wanted).doc, value)
    end)
  end)
end
