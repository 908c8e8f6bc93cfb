-- SPDX-License-Identifier: MIT
-- Objects of the kind dashboards.

package.path = "./?.lua;./?/init.lua;" .. package.path

local grafana = require "grafana"
local days = require "spec.support.bad_days"
local kinds = require "spec.support.kinds"
local odd = require "spec.support.odd_dashboards"
local two_ways = require "spec.support.two_ways"
local dashboards = require "grafana.bulk.kinds.dashboards"
local folders = require "grafana.bulk.kinds.folders"

local check = grafana.check

local V0, V1, V2 = "dashboard.grafana.app/v0alpha1", "dashboard.grafana.app/v1beta1", "dashboard.grafana.app/v2beta1"
local PAGES = "^/apis/dashboard%.grafana%.app/([^/]+)/namespaces/default/dashboards%?"
local SINGLES = "^/apis/dashboard%.grafana%.app/[^/]+/namespaces/default/dashboards/[^?]+$"

local function form(uid, title, more)
  local value = {
    apiVersion = V0, kind = "Dashboard", metadata = {name = uid}, spec = {title = title, panels = grafana.array {}},
  }
  for key, part in pairs(more or {}) do value[key] = part end
  return value
end

local function in_folder(uid, title, folder)
  return form(uid, title, {metadata = {name = uid, annotations = {["grafana.app/folder"] = folder}}})
end

local function tabs(title)
  return {
    title = title, annotations = grafana.array {}, cursorSync = "Off", editable = true, elements = grafana.object {},
    layout = {kind = "TabsLayout", spec = {tabs = grafana.array {{kind = "TabsLayoutTab", spec = {title = "One",
      layout = {kind = "GridLayout", spec = {items = grafana.array {}}}}}}}},
    links = grafana.array {}, liveNow = false, preload = false, tags = grafana.array {}, variables = grafana.array {},
    timeSettings = {timezone = "browser", from = "now-6h", to = "now", autoRefresh = "", hideTimepicker = false,
      autoRefreshIntervals = grafana.array {}, fiscalYearStartMonth = 0},
  }
end

for _, personality in ipairs {"12.4.3", "9.3.2", "12.4.3 without /apis"} do
  describe("dashboards of " .. personality, function()
    local server, w
    local has_apis = personality == "12.4.3"

    setup(function() server = days.start(personality:match "^%S+") end)
    teardown(function() server:stop() end)
    before_each(function()
      days.fresh(server)
      if personality:find "without" then server:set {apis = false} end
      w = kinds.on(days.connect(server, {timeout = 30000}), {id = 1, name = "Main Org."})
    end)
    after_each(function() w:close() end)

    local function read(uid) return assert(dashboards.read(w.at, uid)) end

    -- How often something was asked for: pages and single dashboards, over the old route too.
    local function asked()
      local singles = days.arrived(server, "GET", SINGLES) + days.arrived(server, "GET", "^/api/dashboards/uid/[^/]+$")
      return {pages = days.arrived(server, "GET", PAGES), singles = singles}
    end

    local function ask(method, path, body)
      local answer, code = days.ask(server, method, path, body)
      return code, answer
    end

    local function path_of(version, uid)
      return ("/apis/dashboard.grafana.app/%s/namespaces/default/dashboards/%s"):format(version, uid)
    end

    it("are what any server can be told of them, and nothing else", function()
      check(w.g:create_folder(1, {uid = "f", title = "F"}))
      check(w.g:update_or_create_dashboard(1,
        {uid = "a", title = "A", panels = grafana.array {}, tags = {"x"}, id = grafana.null},
        {folderUid = "f", message = "first"}))
      check(w.g:update_or_create_dashboard(1, {uid = "b", title = "B"}))
      assert.equal('{"apiVersion":"dashboard.grafana.app/v0alpha1","kind":"Dashboard","metadata":{"annotations":'
        .. '{"grafana.app/folder":"f"},"name":"a"},"spec":{"panels":[],"tags":["x"],"title":"A"}}', read("a"):text())
      assert.equal('{"apiVersion":"dashboard.grafana.app/v0alpha1","kind":"Dashboard","metadata":{"name":"b"},'
        .. '"spec":{"title":"B"}}', read("b"):text())
      assert.same({"b", "B"}, {read("b").key, read("b").title})
    end)

    it("are created, changed, moved, and read back as they were written", function()
      for _, uid in ipairs {"f", "g"} do check(w.g:create_folder(1, {uid = uid, title = uid})) end
      w:trip(dashboards, form("a", "A"))
      w:trip(dashboards, form("a", 'Other "A" é'))
      w:trip(dashboards, in_folder("a", "A", "f"))
      w:trip(dashboards, in_folder("a", "A", "g"))
      w:trip(dashboards, form("a", "A"))
      w:trip(dashboards, form("A", "Another"))
      assert.equal(2, w:count(dashboards))
    end)

    it("odd as they may be, go to another organisation as they are, and nothing is left to be done there", function()
      two_ways.post_odd(w.g, 1, not has_apis)
      two_ways.post_files(w.g, 1, "examples/dashboards", "own")
      two_ways.post_files(w.g, 1, two_ways.SHARED, "real")
      local there = kinds.on(w.g, {id = check(w.g:create_org("There")).id, name = "There"})
      for _, kind in ipairs {folders, dashboards} do
        local all, failed, r = w:list(kind)
        assert.is_true(r.ok and #failed == 0, tostring(failed[1] and failed[1][3]))
        for uid, object in pairs(all) do
          local written, after = kind.write(there.at, object)
          assert.is_true(written.ok, tostring(written))
          local back = assert(kind.read(there.at, uid))
          assert.equal(object:text(), back:text())
          assert.equal(back:digest(), (after or back):digest())
        end
        local listed = there:list(kind)
        for uid, object in pairs(all) do assert.equal(object:digest(), listed[uid]:digest()) end
      end
      assert.is_true(w:count(dashboards) >= (has_apis and #odd.list or 50))
    end)

    it("changed by others since they were read are not overwritten, nor made a second time", function()
      w:trip(dashboards, form("a", "A"))
      local now = read "a"
      check(w.g:update_or_create_dashboard(1, {uid = "a", title = "Theirs"}, {overwrite = true}))
      for _, was in ipairs {now, false} do
        local r = dashboards.write(w.at, kinds.object(dashboards, form("a", "Ours")), was or nil)
        assert.same({"already-exists", was and "version-mismatch" or r.reason}, {r.status, r.reason})
      end
      assert.equal("Theirs", read("a").title)
      local r = dashboards.write(w.at, kinds.object(dashboards, form("a", "Theirs", {spec = {title = "Theirs"}})), now)
      assert.is_true(r.ok)   -- it is as it shall be
    end)

    it("in a folder that is not there are refused before anything is sent", function()
      server:clear_log()
      local r = w:write(dashboards, in_folder("a", "A", "gone"))
      assert.same({"not-found", "folder-not-found"}, {r.status, r.reason})
      assert.same({0, 0}, {days.arrived(server, "POST"), days.arrived(server, "PUT")})
    end)

    it("ask once for each folder that they go to", function()
      check(w.g:create_folder(1, {uid = "f", title = "F"}))
      server:clear_log()
      for i = 1, 5 do assert.is_true(w:write(dashboards, in_folder("a" .. i, "A" .. i, "f")).ok) end
      assert.equal(1, days.arrived(server, "GET", "^/api/folders/f$"))
    end)

    it("that a server cannot take are refused by name", function()
      for uid, spec in pairs {[("x"):rep(41)] = {title = "A"}, ["a b"] = {title = "A"}, a = {title = ""}} do
        local r = w:write(dashboards, form(uid, nil, {spec = spec}))
        assert.is_true(r.status == "invalid-data" or r.status == "missing-mandatory-data", tostring(r))
      end
      assert.equal(0, w:count(dashboards))
    end)

    it("of a version that the server does not know are unsupported", function()
      for _, version in ipairs(has_apis and {"dashboard.grafana.app/v9"} or {V1, V2}) do
        local r = w:write(dashboards, form("a", nil, {apiVersion = version, spec = tabs "A"}))
        assert.same({"error", "unsupported"}, {r.status, r.reason})
        assert.matches(version, r.message, 1, true)
      end
      assert.equal("unsupported", w:write(dashboards, form("a", "A", {apiVersion = "v1"})).reason)
      assert.equal(0, w:count(dashboards))
    end)

    it("are deleted", function()
      w:trip(dashboards, form("a", "A"))
      assert.equal("ok", dashboards.delete(w.at, read "a").status)
      assert.is_nil((dashboards.read(w.at, "a")))
      assert.equal(0, w:count(dashboards))
    end)

    it("whose writing was answered by silence are there once, and that is told", function()
      for _, fault in ipairs {"close_after", "close"} do
        server:fault {kind = fault, method = "POST", path = has_apis and "dashboards$" or "dashboards/db$", times = 1}
        local r = w:write(dashboards, form(fault, fault))
        assert.is_true(r.ok, tostring(r))
      end
      assert.equal(2, w:count(dashboards))
      if not has_apis then return end
      server:fault {kind = "close_after", method = "PUT", times = 1}
      assert.is_true(w:write(dashboards, form("close", "Changed")).ok)
      assert.equal("Changed", read("close").title)
      assert.equal(2, w:count(dashboards))
    end)

    it("are lost and doubled by no fault in one of twenty requests", function()
      for _, kind in ipairs {"close_after", "close", "cut"} do
        server:fault {kind = kind, path = "dashboards", every = 20}
        for i = 1, 60 do
          local r = w:write(dashboards, form(kind .. i, kind .. i))
          assert.is_true(r.ok, tostring(r))
        end
        local count = w:forget():count(dashboards)
        server:clear_faults()
        assert.equal(count, w:forget():count(dashboards))
      end
      assert.equal(180, w:count(dashboards))
    end)

    it("that cannot be read are named, and the others are there", function()
      for i = 1, 5 do w:trip(dashboards, form("a" .. i, "A" .. i)) end
      server:fault {kind = "status", code = 404, path = "/dashboards%?", times = 0}   -- the pages
      server:fault {kind = "status", code = 500, path = "/a3$", times = 0, body = '{"message":"no"}'}
      local all, failed, r = w:forget():list(dashboards)
      assert.is_true(r.ok)
      assert.same({1, "a3", "A3"}, {#failed, failed[1][1], failed[1][2]})
      assert.is_truthy(all.a1 and all.a2 and all.a4 and all.a5)
    end)

    it("that go while they are listed are passed over", function()
      for i = 1, 5 do w:trip(dashboards, form("a" .. i, "A" .. i)) end
      server:fault {kind = "status", code = 404, path = "/dashboards%?", times = 0}
      local body = has_apis
        and '{"kind":"Status","message":"not found","reason":"NotFound","details":{"name":"a3"},"code":404}'
        or '{"message":"Dashboard not found"}'
      server:fault {kind = "status", code = 404, path = "/a3$", times = 0, body = body}
      assert.equal(4, w:forget():count(dashboards))
    end)

    it("are not taken for all when not even their names are known", function()
      w:trip(dashboards, form("a", "A"))
      for _, path in ipairs {"/dashboards%?", "^/api/search"} do
        server:fault {kind = "status", code = 500, path = path, times = 0, body = '{"message":"no"}'}
      end
      local _, _, r = w:forget():list(dashboards)
      assert.is_false(r.ok)
    end)

    it("name their folder, their data sources and their library panels", function()
      local value = kinds.object(dashboards, {apiVersion = V0, kind = "Dashboard",
        metadata = {name = "a", annotations = {["grafana.app/folder"] = "f"}},
        spec = {title = "A", panels = grafana.array {
          {id = 1, datasource = {type = "loki", uid = "l"}, libraryPanel = {uid = "p", name = "P"}},
        }}}).doc
      local found = {}
      value = dashboards.references(value, function(kind, key)
        found[#found + 1] = kind .. " " .. key
        return "new-" .. key
      end)
      table.sort(found)
      assert.same({"datasources l", "folders f", "library_panels p"}, found)
      assert.equal("new-f", value:get("metadata", "annotations", "grafana.app/folder"))
      assert.equal("new-l", value:get("spec", "panels", 1, "datasource", "uid"))
    end)

    if not has_apis then return end

    it("keep the labels and annotations of others, and lose what tells of their life", function()
      check(w.g:create_folder(1, {uid = "f", title = "F"}))
      local value = form("a", "A", {metadata = {name = "a", labels = {team = "ops"},
        annotations = {["grafana.app/folder"] = "f", ["x.org/y"] = "z"}}})
      w:trip(dashboards, value)
      value.spec.title = "B"
      w:trip(dashboards, value)
      assert.equal(200, (ask("PUT", path_of("v0alpha1", "a"), {metadata = {name = "a", annotations = {
        ["grafana.app/message"] = "m", ["grafana.app/folder"] = "",
      }}, spec = {title = "C", id = 5, uid = "other", version = 7}})))
      assert.equal('{"apiVersion":"dashboard.grafana.app/v0alpha1","kind":"Dashboard","metadata":{"name":"a"},'
        .. '"spec":{"title":"C"}}', read("a"):text())
    end)

    it("written once more are not changed by that", function()
      w:trip(dashboards, form("a", "A"))
      local now = read "a"
      local r, after = dashboards.write(w.at, kinds.object(dashboards, form("a", "A")), now)
      assert.is_true(r.ok)
      assert.same({now.lock.version, now.lock.version}, {after.lock.version, read("a").lock.version})
    end)

    it("that are gone since they were read are not made again", function()
      w:trip(dashboards, form("a", "A"))
      local now = read "a"
      check(w.g:delete_dashboard(1, "a"))
      assert.equal("not-found", dashboards.write(w.at, kinds.object(dashboards, form("a", "B")), now).status)
      assert.equal("not-found", dashboards.delete(w.at, now).status)
      assert.equal(0, w:count(dashboards))
    end)

    it("changed, or made anew, since they were read are not deleted", function()
      w:trip(dashboards, form("a", "A"))
      local now = read "a"
      w:trip(dashboards, form("a", "B"))
      local r = dashboards.delete(w.at, now)
      assert.same({"already-exists", "version-mismatch"}, {r.status, r.reason})
      check(w.g:delete_dashboard(1, "a"))
      w:trip(dashboards, form("a", "B"))
      assert.equal("version-mismatch", dashboards.delete(w.at, now).reason)
      assert.equal(1, w:count(dashboards))
    end)

    it("are read and written in the version in which they are stored", function()
      w:trip(dashboards, form("v2", nil, {apiVersion = V2, spec = tabs "T"}))
      local _, old = ask("GET", "/api/dashboards/uid/v2")
      assert.is_nil(old.dashboard.layout)
      assert.equal("TabsLayout", read("v2").doc:get("spec", "layout", "kind"))
      local changed = tabs "T2"
      w:trip(dashboards, form("v2", nil, {apiVersion = V2, spec = changed}))
      w:trip(dashboards, form("v2", "Now in the first"))
      w:trip(dashboards, form("v2", nil, {apiVersion = V2, spec = changed}))
    end)

    it("say themselves in which version they are stored, and where they are wrong another version knows", function()
      local versions = {"v0alpha1", "v1beta1", "v2beta1", "v0alpha1", "v2beta1", "v1beta1", "v0alpha1"}
      assert.equal(201, (ask("PUT", path_of("v1beta1", "a"), {metadata = {name = "a"}, spec = {title = "0"}})))
      for i, version in ipairs(versions) do
        local spec = version:find "^v2" and tabs("T" .. i) or {title = "T" .. i, panels = grafana.array {}}
        assert.equal(200, (ask("PUT", path_of(version, "a"), {metadata = {name = "a"}, spec = spec})))
        for _, object in ipairs {read "a", w:list(dashboards).a, assert(dashboards.read(w.at, "a", read "a"))} do
          assert.same({"dashboard.grafana.app/" .. version, "T" .. i}, {object.doc:get "apiVersion", object.title})
        end
      end
    end)

    it("changed by the old route are read in the first version again", function()
      w:trip(dashboards, form("a", nil, {apiVersion = V2, spec = tabs "T"}))
      check(w.g:update_or_create_dashboard(1, {uid = "a", title = "Old"}, {overwrite = true}))
      assert.same({V0, "Old"}, {read("a").doc:get "apiVersion", read("a").title})
    end)

    it("stored otherwise are read singly when they are few, and by pages of that version when they are many", function()
      local function fill(count, version, spec)
        for i = 1, count do
          local body = {metadata = {name = version .. i}, spec = spec}
          assert.equal(201, (ask("PUT", path_of(version, version .. i), body)))
        end
      end
      fill(30, "v0alpha1", {title = "A", panels = grafana.array {}})
      fill(3, "v2beta1", tabs "T")
      server:clear_log()
      assert.equal(33, w:count(dashboards))
      assert.same({pages = 1, singles = 3}, asked())
      fill(40, "v1beta1", {title = "B", panels = grafana.array {}})
      server:clear_log()
      assert.equal(73, w:count(dashboards))
      assert.same({pages = 2, singles = 3}, asked())
    end)

    it("are listed whole from pages that are cut, refused for a while, and late", function()
      server:seed {dashboards = 400, org = 1, bytes = 12000}
      for _, fault in ipairs {{kind = "cut"}, {kind = "status", code = 503}, {kind = "close"}} do
        fault.path, fault.skip, fault.times = "/dashboards%?.*continue=", 0, 1
        server:fault(fault)
        assert.equal(400, w:count(dashboards))
      end
    end)

    it("are not taken for all when a page is missing", function()
      server:seed {dashboards = 400, org = 1, bytes = 12000}
      server:fault {kind = "status", code = 503, path = "/dashboards%?.*continue=", times = 0}
      local _, _, r = w:list(dashboards)
      assert.is_false(r.ok)
      assert.is_nil(w.at.known_dashboards)
    end)

    it("that a server has forgotten to show are found by the search", function()
      server:seed {dashboards = 400, org = 1, bytes = 12000}
      server:fault {kind = "body", path = "/dashboards%?.*continue=", times = 0,
        body = '{"kind":"DashboardList","metadata":{"resourceVersion":"1"},"items":[]}'}
      assert.equal(400, w:count(dashboards))
    end)

    it("come from the search, read singly, where the pages are refused", function()
      two_ways.post_odd(w.g, 1)
      for _, refusal in ipairs {
        {code = 403, body = '{"kind":"Status","message":"forbidden","reason":"Forbidden","code":403}'},
        {code = 404, body = "404 page not found\n", content_type = "text/plain; charset=utf-8"},
        {code = 406, body = '{"kind":"Status","message":"406: Not Acceptable","code":406}'},
        {code = 500, body = '{"kind":"Status","message":"namespace mismatch","code":500}'},
      } do
        refusal.kind, refusal.path, refusal.times = "status", PAGES, 0
        server:fault(refusal)
        assert.equal(two_ways.findable(), w:forget():count(dashboards))
        server:clear_faults()
      end
    end)

    it("that the search does not find are there, also for those who ask for their permissions", function()
      w:trip(dashboards, form("strange", nil, {spec = {title = "S", panels = grafana.array {{id = 1.5}}}}))
      assert.equal(0, #w:forget().at:dashboards())
      assert.equal(1, w:forget():count(dashboards))
      assert.same({{uid = "strange", title = "S"}}, w.at:dashboards())
    end)

    it("are given the permissions that the old route gives only where no others will be", function()
      for permissions, expected in pairs {[false] = 3, [true] = 0} do
        local uid = "p" .. expected
        w = kinds.on(w.g, w.org, {permissions = permissions})
        w:trip(dashboards, form(uid, uid))
        assert.equal(expected, #check(w.g:get_dashboard_permissions(1, uid)).permissions)
      end
    end)

    describe("of which a former backup is there", function()
      -- What a backup remembers: as `known` tells it.
      local function remember()
        local known = {}
        for uid, object in pairs(w:list(dashboards)) do
          known[uid] = {version = object.lock.version, identity = object.lock.identity, title = object.title}
        end
        return known
      end

      -- What is read, what is the same; both sorted.
      local function list(known, same)
        local found = {read = {}, same = {}}
        local r = dashboards.list(w:forget().at, {
          take = function(object) table.insert(found.read, object.key) end,
          same = function(uid)
            if same and same(uid) == false then return false end
            table.insert(found.same, uid)
          end,
          fail = function(uid, _, why) error(uid .. ": " .. tostring(why)) end,
        }, function(uid) return known[uid] end)
        assert.is_true(r.ok, tostring(r))
        table.sort(found.read)
        table.sort(found.same)
        return found
      end

      before_each(function()
        for i = 1, 60 do assert.is_true(w:write(dashboards, form(("d%02d"):format(i), "D" .. i)).ok) end
      end)

      it("are not read where nothing has changed", function()
        local known = remember()
        server:clear_log()
        local found = list(known)
        assert.same({0, 60}, {#found.read, #found.same})
        assert.same({pages = 1, singles = 0}, asked())
        assert.equal(60, #w.at:dashboards())
        assert.equal(0, days.arrived(server, "GET", "^/api/search"))
      end)

      it("are read where they are new, changed, moved, or made anew under their uid", function()
        local known = remember()
        check(w.g:create_folder(1, {uid = "f", title = "F"}))
        w:trip(dashboards, form("new", "New"))
        w:trip(dashboards, form("d01", "Changed"))
        w:trip(dashboards, in_folder("d02", "D2", "f"))
        check(w.g:delete_dashboard(1, "d03"))
        w:trip(dashboards, form("d03", "D3"))
        known.d03.version = read("d03").lock.version   -- its identity is another all the same
        check(w.g:delete_dashboard(1, "d04"))
        server:clear_log()
        local found = list(known)
        assert.same({"d01", "d02", "d03", "new"}, found.read)
        assert.equal(56, #found.same)
        assert.same({pages = 1, singles = 4}, asked())
      end)

      it("are read by pages where many have changed", function()
        local known = remember()
        for i = 1, 60, 2 do known[("d%02d"):format(i)] = nil end
        server:clear_log()
        local found = list(known)
        assert.same({30, 30, "d01", "d59"}, {#found.read, #found.same, found.read[1], found.read[30]})
        assert.same({pages = 2, singles = 0}, asked())
      end)

      it("are read by whole pages from the beginning where the former backup knows none", function()
        server:clear_log()
        local found = list {}
        assert.same({60, 0}, {#found.read, #found.same})
        assert.same({pages = 2, singles = 0}, asked())
        assert.equal(60, #w.at:dashboards())
      end)

      it("are read where the backup itself wants that", function()
        local found = list(remember(), function(uid) return uid ~= "d07" end)
        assert.same({"d07"}, found.read)
        assert.equal(59, #found.same)
      end)
    end)
  end)
end
