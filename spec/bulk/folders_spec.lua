-- SPDX-License-Identifier: MIT
-- Objects of the kind folders.

package.path = "./?.lua;./?/init.lua;" .. package.path

local grafana = require "grafana"
local days = require "spec.support.bad_days"
local kinds = require "spec.support.kinds"
local folders = require "grafana.bulk.kinds.folders"

local check = grafana.check

describe("folders", function()
  for _, personality in ipairs {"12.4.3", "9.3.2", "12.4.3 without /apis"} do
    describe("of " .. personality, function()
      local server, w
      local nested, has_apis = personality ~= "9.3.2", personality == "12.4.3"

      setup(function() server = days.start(personality:match "^%S+") end)
      teardown(function() server:stop() end)
      before_each(function()
        days.fresh(server)
        if personality:find "without" then server:set {apis = false} end
        w = kinds.on(days.connect(server), {id = 1, name = "Main Org."})
      end)
      after_each(function() w:close() end)

      local function read(uid) return assert(folders.read(w.at, uid)) end
      local function form(uid) return read(uid):text() end

      it("are created as they are, renamed, and read back as they were written", function()
        w:trip(folders, {uid = "a", title = "A"})
        w:trip(folders, {uid = "a", title = 'Other "A" é'})
        w:trip(folders, {uid = "A", title = "Other case"})
        assert.equal('{"title":"Other case","uid":"A"}', form "A")
        assert.equal(2, w:count(folders))
      end)

      if has_apis then
        it("have descriptions, which can be changed and taken away", function()
          w:trip(folders, {uid = "a", title = "A", description = "Words"})
          w:trip(folders, {uid = "a", title = "A", description = "Others"})
          w:trip(folders, {uid = "a", title = "A"})
        end)

        it("keep the labels and annotations that somebody else has set", function()
          w:trip(folders, {uid = "a", title = "A"})
          local path = "/apis/folder.grafana.app/v1beta1/namespaces/default/folders/a"
          days.ask(server, "PUT", path, {
            metadata = {name = "a", labels = {team = "ops"}, annotations = {["x.org/y"] = "z"}}, spec = {title = "A"},
          })
          w:trip(folders, {uid = "a", title = "A2"})
          local metadata = days.ask(server, "GET", path).metadata
          assert.same({"ops", "z"}, {metadata.labels.team, metadata.annotations["x.org/y"]})
        end)
      end

      if nested then
        it("are in one another, and move", function()
          for _, row in ipairs {{"a"}, {"b"}, {"c", "a"}, {"d", "c"}} do
            w:trip(folders, {uid = row[1], title = row[1], parentUid = row[2]})
          end
          w:trip(folders, {uid = "c", title = "c", parentUid = "b"})
          w:trip(folders, {uid = "c", title = "Both at once"})
          assert.equal("c", read("d").doc:get "parentUid")
        end)

        it("are refused below themselves and too deep", function()
          local above
          for i = 1, 5 do
            w:trip(folders, {uid = "f" .. i, title = "F", parentUid = above})
            above = "f" .. i
          end
          assert.equal("invalid-data", w:write(folders, {uid = "f6", title = "F", parentUid = "f5"}).status)
          assert.equal("invalid-data", w:write(folders, {uid = "f1", title = "F", parentUid = "f3"}).status)
          assert.equal('{"title":"F","uid":"f1"}', form "f1")
        end)

        it("whose parent is gone are listed, and told of", function()
          local body = {uid = "o", title = "O", parentUid = "gone\27[2J"}
          check(w.g:request("POST", "/api/folders", {org = 1, body = body}))
          local notes = {}
          local r = folders.list(w.at, {take = function() end, note = function(text) notes[#notes + 1] = text end})
          assert.is_true(r.ok)
          assert.equal(1, #notes)
          assert.matches("^folder o: its parent gone", notes[1])
          assert.is_nil(notes[1]:find "\27")
          assert.equal('{"parentUid":"gone\\u001B[2J","title":"O","uid":"o"}', form "o")
        end)
      else
        it("in folders are unsupported", function()
          w:trip(folders, {uid = "a", title = "A"})
          local r = w:write(folders, {uid = "b", title = "B", parentUid = "a"})
          assert.same({"error", "unsupported"}, {r.status, r.reason})
          assert.equal(1, w:count(folders))
        end)
      end

      it("in one that is not there are refused before anything is sent", function()
        server:clear_log()
        local r = w:write(folders, {uid = "b", title = "B", parentUid = "gone"})
        assert.same({"not-found", "folder-not-found"}, {r.status, r.reason})
        assert.same({0, 0}, {days.arrived(server, "POST"), days.arrived(server, "PUT")})
      end)

      it("of the names that Grafana keeps for itself are never touched", function()
        server:clear_log()
        for _, uid in ipairs {"general", "sharedwithme"} do
          assert.is_nil((folders.read(w.at, uid)))
          assert.equal("invalid-data", folders.write(w.at, kinds.object(folders, {uid = uid, title = "G"})).status)
          assert.equal("not-found", folders.delete(w.at, {key = uid, lock = {}}).status)
        end
        assert.equal(0, #server:requests {})
      end)

      it("that others change meanwhile are not overwritten", function()
        w:trip(folders, {uid = "a", title = "A"})
        local now = read "a"
        check(w.g:update_folder(1, "a", {title = "Theirs"}))
        local r = folders.write(w.at, kinds.object(folders, {uid = "a", title = "Ours"}), now)
        assert.same({"already-exists", "version-mismatch"}, {r.status, r.reason})
        r = folders.write(w.at, kinds.object(folders, {uid = "a", title = "Ours"}), nil)
        assert.equal("already-exists", r.status)
        assert.equal('{"title":"Theirs","uid":"a"}', form "a")
      end)

      it("whose creation was answered by silence are there once, and that is told", function()
        for _, fault in ipairs {"close_after", "close"} do
          server:fault {kind = fault, method = "POST", path = "folders$", times = 1}
          local r = w:write(folders, {uid = fault, title = fault})
          assert.is_true(r.ok, tostring(r))
          assert.equal(fault, read(fault).title)
        end
        assert.equal(2, w:count(folders))
      end)

      it("are deleted when they are empty, and only then", function()
        w:trip(folders, {uid = "a", title = "A"})
        check(w.g:update_or_create_dashboard(1, {uid = "d", title = "D"}, {folderUid = "a"}))
        local r = folders.delete(w.at, read "a")
        assert.equal("invalid-data", r.status)
        assert.matches("1 dashboard inside", r.message, 1, true)
        check(w.g:delete_dashboard(1, "d"))
        assert.equal("ok", folders.delete(w.at, read "a").status)
        assert.is_nil((folders.read(w.at, "a")))
      end)

      it("with a folder, a library panel or an alert rule inside stay", function()
        for _, uid in ipairs {"a", "b", "c"} do w:trip(folders, {uid = uid, title = uid}) end
        if nested then w:trip(folders, {uid = "a1", title = "A1", parentUid = "a"}) end
        check(w.g:request("POST", "/api/library-elements", {org = 1, body = {
          uid = "l", name = "L", kind = 1, folderUid = "b", folderId = check(w.g:get_folder(1, "b")).folder.id,
          model = {type = "text", title = "L"},
        }}))
        check(w.g:request("POST", "/api/v1/provisioning/alert-rules", {org = 1, body = {
          uid = "r", title = "R", ruleGroup = "g", folderUID = "c", orgID = 1, condition = "A", ["for"] = "5m",
          noDataState = "NoData", execErrState = "Error", data = grafana.array {{
            refId = "A", datasourceUid = "__expr__", relativeTimeRange = {from = 600, to = 0},
            model = {refId = "A", type = "math", expression = "1"},
          }},
        }}))
        for _, uid in ipairs(nested and {"a", "b", "c"} or {"b", "c"}) do
          local r = folders.delete(w.at, read(uid))
          assert.equal("invalid-data", r.status, uid)
          assert.matches("1 [%l ]+ inside", r.message)
        end
        assert.equal(nested and 4 or 3, w:count(folders))
      end)

      if has_apis then
        it("that were changed since they were read are not deleted", function()
          w:trip(folders, {uid = "a", title = "A"})
          local now = read "a"
          check(w.g:update_folder(1, "a", {title = "Theirs"}))
          local r = folders.delete(w.at, now)
          assert.same({"already-exists", "version-mismatch"}, {r.status, r.reason})
          assert.equal(1, w:count(folders))
        end)

        it("come from the search where /apis refuses the list", function()
          w:trip(folders, {uid = "a", title = "A"})
          local body = '{"message":"no"}'
          server:fault {kind = "status", code = 403, path = "^/apis/folder.*/folders%?", times = 0, body = body}
          assert.equal(1, w:count(folders))
        end)
      end

      it("are not taken for all when the list breaks off", function()
        for i = 1, 3 do w:trip(folders, {uid = "f" .. i, title = "F" .. i}) end
        server:fault {kind = "status", code = 500, path = "/folders%?", times = 0, body = '{"message":"no"}'}
        server:fault {kind = "status", code = 500, path = "^/api/search", times = 0, body = '{"message":"no"}'}
        local _, _, r = w:list(folders)
        assert.is_false(r.ok)
      end)

      it("come after those that they are in", function()
        local abouts = {c = {parent = "b"}, b = {parent = "a"}, a = {}, x = {parent = "y"}, y = {parent = "x"}}
        local function find(key) return abouts[key] end
        local ranks = {}
        for i, uid in ipairs {"a", "b", "c"} do ranks[i] = folders.rank(abouts[uid], find) end
        assert.same({0, 1, 2}, ranks)
        assert.equal(1, folders.rank({parent = "elsewhere"}, find))
        assert.equal("number", type(folders.rank(abouts.x, find)))   -- a circle
      end)

      it("name the folder that they are in", function()
        local value = kinds.object(folders, {uid = "b", title = "B", parentUid = "a"}).doc
        local found = {}
        value = folders.references(value, function(kind, key)
          found[#found + 1] = kind .. " " .. key
          return "z"
        end)
        assert.same({"folders a"}, found)
        assert.equal("z", value:get "parentUid")
      end)
    end)
  end
end)
