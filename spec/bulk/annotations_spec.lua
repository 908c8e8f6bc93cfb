-- SPDX-License-Identifier: MIT
-- Annotations of bulk jobs: none is lost and none doubled, however many there are and whenever they end.

package.path = "./?.lua;./?/init.lua;" .. package.path

local grafana = require "grafana"
local days = require "spec.support.bad_days"
local kinds = require "spec.support.kinds"
local annotations = require "grafana.bulk.kinds.annotations"

local array, object = grafana.array, grafana.object

local function form(changes)
  local made = {time = 1700000000000, timeEnd = 1700000060000, text = "deploy", tags = array {"a", "b"}}
  for name, value in pairs(changes or {}) do made[name] = value end
  return made
end

for _, version in ipairs {"9.3.2", "12.4.3"} do
  describe("annotations on " .. version .. ",", function()
    local server, world

    setup(function() server = days.start(version) end)
    teardown(function() server:stop() end)
    before_each(function()
      world = kinds.fresh(server)
      grafana.check(world.g:update_or_create_dashboard(1, {uid = "d", title = "D", panels = {}}))
      server:clear_log()
    end)
    after_each(function() world:close() end)

    -- `count` of them; make(i) is the body of each.
    local function post(count, make)
      local rows = {}
      for i = 1, count do rows[i] = {"request", "POST", "/api/annotations", {body = make(i)}} end
      for _, r in ipairs(days.at_once(world.g, rows)) do assert(r.ok, tostring(r)) end
    end

    local function posts() return #server:requests {method = "POST", path = "^/api/annotations"} end

    it("what is written is read back: of the organisation, of dashboards, of panels, points and regions", function()
      world:trip(annotations, form())
      world:trip(annotations, form {timeEnd = 1700000000000, tags = array {}})
      world:trip(annotations, form {dashboardUID = "d"})
      world:trip(annotations, form {dashboardUID = "d", panelId = 3, data = {some = "data"}})
      assert.equal(4, world:count(annotations))
    end)

    it("the order of tags is nobody's business", function()
      post(1, function() return form {tags = {"b", "a"}} end)
      local key, found = next((world:list(annotations)))
      assert.equal(kinds.object(annotations, form()).key, key)
      assert.equal(kinds.object(annotations, form()):digest(), found:digest())
    end)

    it("what is there already is not written again", function()
      for _ = 1, 2 do assert.is_true(annotations.write(world.at, kinds.object(annotations, form())).ok) end
      assert.equal(1, posts())
      assert.equal(1, world:count(annotations))
    end)

    it("who has looked a moment ago looks no more, once", function()
      local wanted = kinds.object(annotations, form())
      assert.is_nil(annotations.read(world.at, wanted.key, wanted))
      server:clear_log()
      assert.is_true(annotations.write(world.at, wanted).ok)
      assert.equal(0, #server:requests {method = "GET", path = "^/api/annotations"})
      assert.is_true(annotations.write(world.at, wanted).ok)
      assert.equal(1, posts())
    end)

    it("several that say the same are several, each known by its number", function()
      for ordinal = 1, 3 do
        local number = ordinal > 1 and ordinal or nil
        assert.equal(ordinal - 1, annotations.rank(number and {ordinal = number}))
        world:trip(annotations, form {ordinal = number})
      end
      assert.equal(3, posts())
      local all = world:list(annotations)
      local key = kinds.object(annotations, form()).key
      assert.is_truthy(all[key] and all[key .. "-2"] and all[key .. "-3"])
      assert.equal(2, annotations.rank(all[key .. "-3"].about))
      assert.is_nil(annotations.read(world.at, key .. "-4", kinds.object(annotations, form {ordinal = 4})))
    end)

    it("those that alerting made are none", function()
      assert(world:write(annotations, form()).ok)
      server:alert {time = 1700000000000}
      assert.equal(1, world:count(annotations))
      local shown = array {
        {id = 1, alertId = 7}, {id = 2, newState = "Alerting"}, {id = 3, dashboardId = 9, dashboardUID = grafana.null},
        {id = 4, alertId = 0, newState = "", dashboardId = 0, dashboardUID = grafana.null},   -- the only one of ours
      }
      for _, each in ipairs(shown) do each.time, each.timeEnd, each.text = 1, 1, "x" end
      server:fault {kind = "body", times = 0, path = "^/api/annotations", body = grafana.encode(shown)}
      assert.equal(1, world:count(annotations))
    end)

    it("one is changed in what its key does not say, and deleted", function()
      assert(world:write(annotations, form {data = {a = 1}}).ok)
      local id = next((world:list(annotations)))
      world:trip(annotations, form {data = {b = {2}}})
      world:trip(annotations, form())
      assert.equal(1, posts())
      local now = annotations.read(world.at, id, kinds.object(annotations, form()))
      assert.is_true(annotations.delete(world.at, now).ok)
      assert.equal(0, world:count(annotations))
    end)

    it("one is found by its key alone, too", function()
      post(30, function(i) return form {text = "number " .. i} end)
      local wanted = kinds.object(annotations, form {text = "number 17"})
      assert.equal(wanted:digest(), annotations.read(world.at, wanted.key):digest())
      assert.is_nil(annotations.read(world.at, "none"))
    end)

    it("one is looked for within its time only", function()
      post(20, function(i) return form {text = "number " .. i} end)
      local wanted = kinds.object(annotations, form {text = "number 17", dashboardUID = "d"})
      server:clear_log()
      assert.is_nil(annotations.read(world.at, wanted.key, wanted))
      local asked = server:requests {path = "^/api/annotations"}
      assert.equal(1, #asked)
      for _, part in ipairs {"from=1700000060000", "to=1700000000000", "dashboardUID=d"} do
        assert.matches(part, asked[1].path, 1, true)
      end
    end)

    it("of a dashboard that is not there none is made", function()
      local r = annotations.write(world.at, kinds.object(annotations, form {dashboardUID = "none"}))
      assert.equal("not-found", r.status, tostring(r))
      assert.matches("none", r.message, 1, true)
      assert.equal(0, world:count(annotations))
    end)

    it("3,700 are listed once each, 1,500 of which end at one time", function()
      post(1500, function(i) return {time = 5000, text = "same " .. i} end)
      post(1200, function(i) return {time = i, timeEnd = 10000 + i, text = "later " .. i, dashboardUID = "d"} end)
      post(1000, function(i) return {time = i, text = "earlier " .. i} end)
      server:clear_log()
      assert.equal(3700, world:count(annotations))
      assert.is_true(#server:requests {path = "^/api/annotations"} <= 8)
    end)

    it("an answer that is no whole one fails the list", function()
      post(1500, function(i) return {time = 5000 + i, text = "same " .. i} end)
      server:fault {kind = "status", code = 500, body = '{"message":"no"}', path = "from=1&", times = 0}
      local _, _, r = world:list(annotations)
      assert.is_false(r.ok)
    end)

    describe("of an organisation with 2,100 dashboards", function()
      before_each(function() server:seed {dashboards = 2100, bytes = 300} end)

      -- Those of dashboards on all the server's pages, between others of none.
      local function fill(count)
        post(count, function(i)
          local uid = i % 3 ~= 0 and ("seed-%05d"):format(i % 2100 + 1) or nil
          return {time = 1000 + i, text = "number " .. i, dashboardUID = uid}
        end)
      end

      it("few are listed once each", function()
        fill(90)
        assert.equal(90, world:count(annotations))
      end)

      it("many are listed once each", function()
        fill(2500)
        assert.equal(2500, world:count(annotations))
      end)

      it("few that are all of dashboards cost one question", function()
        post(90, function(i) return {time = i, text = "n" .. i, dashboardUID = ("seed-%05d"):format(i * 23)} end)
        server:clear_log()
        assert.equal(90, world:count(annotations))
        assert.equal(1, #server:requests {path = "^/api/annotations"})
      end)

      it("none costs one question", function()
        server:clear_log()
        assert.equal(0, world:count(annotations))
        assert.equal(1, #server:requests {path = "^/api/annotations"})
        assert.equal(0, #server:requests {path = "^/api/search"})
      end)
    end)

    it("a dashboard is named", function()
      local value = annotations.references(kinds.object(annotations, form {dashboardUID = "d"}).doc, function(kind, key)
        assert.same({"dashboards", "d"}, {kind, key})
        return "e"
      end)
      assert.equal("e", value:get("dashboardUID"))
      local none = annotations.references(kinds.object(annotations, form {data = object {}}).doc, error)
      assert.is_nil(none:get("dashboardUID"))
    end)
  end)
end
