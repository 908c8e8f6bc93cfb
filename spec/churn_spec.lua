-- SPDX-License-Identifier: MIT
-- Lists that change while they are read: dashboards are created, edited, renamed and deleted between any two requests.
-- What exists from beginning to end is in the result, once; nothing is twice. The requests of a call are carried one by
-- one, so that every test knows what happens when.

local core = require "grafana.core"
local days = require "spec.support.bad_days"
local json = require "spec.standin.server.json"

-- ------------------------------------------------------------------------------------------------ by hand --

local function answer(server, call, request)
  local headers = {}
  for _, pair in ipairs(request.headers) do headers[pair[1]] = pair[2] end
  local path = request.url:sub(#server.url + 1)
  local code, body, answered = server:http(request.method, path, {headers = headers, body = request.body})
  assert(code, body)
  call:head(request.id, code)
  for name, value in pairs(answered) do call:header(request.id, name, value) end
  call:body(request.id, body)
  call:finish(request.id, "complete", true, nil, core.now())
end

-- Carry a call through; `before(n, request)` is called before the n-th request arrives.
local function carry(server, call, before)
  local waiting, n = {}, 0
  while true do
    local what, detail = call:next(core.now())
    if what == "done" then
      local result = call:result()
      call:close()
      assert.equal("ok", result.status, tostring(result))
      return result, n
    elseif what == "send" then
      waiting[#waiting + 1] = detail
    else
      n = n + 1
      local request = table.remove(waiting, 1)
      before(n, request)
      answer(server, call, request)
    end
  end
end

local function connect(server)
  return days.connect(server, {concurrency = 4})
end

-- ------------------------------------------------------------------------------------------------ changes --

local function uid_of(number) return ("seed-%05d"):format(number) end

local function change(server, method, path, body)
  local _, code = days.ask(server, method, path, body)
  assert.equal(200, code)
end

local function delete(server, uid) change(server, "DELETE", "/api/dashboards/uid/" .. uid) end

local function save(server, uid, title)
  change(server, "POST", "/api/dashboards/db", {
    dashboard = {uid = uid, title = title, panels = json.array {{id = 1, type = "stat", title = "Edited"}}},
    overwrite = true,
  })
end

-- How often each dashboard is in a result, by uid.
local function counted(r)
  local times = {}
  for _, dashboard in ipairs(r.dashboards or r.hits or {}) do times[dashboard.uid] = (times[dashboard.uid] or 0) + 1 end
  return times
end

-- Those of the first `count` that are not in `changed` are there once, and nobody is twice.
local function assert_whole(r, count, changed)
  local times = counted(r)
  for number = 1, count do
    local uid = uid_of(number)
    if changed[uid] ~= "gone" then assert.equal(1, times[uid], uid) end
  end
  for uid, n in pairs(times) do assert.equal(1, n, uid) end
end

-- -------------------------------------------------------------------------------------------------- specs --

for _, personality in ipairs {"9.3.2", "12.4.3"} do
  describe("a listing of " .. personality, function()
    local COUNT = 1040   -- two pages of the search; on 12.4.3 some pages of whole dashboards, too
    local server, g, changed

    setup(function() server = days.start(personality) end)
    teardown(function() server:stop() end)
    before_each(function()
      days.fresh(server)
      server:seed {dashboards = COUNT, bytes = personality == "9.3.2" and 600 or 5000}
      g, changed = connect(server), {}
    end)
    after_each(function() g:close() end)

    local function list(before, operation)
      return carry(server, core.call(g._core, operation or "get_org_dashboards", 1), before)
    end

    -- Whether this is the request for a page of the search.
    local function is_search(request, page)
      return request.url:find("/api/search", 1, true) and request.url:find("page=" .. page .. "$")
    end

    it("holds what moves up when a dashboard is deleted", function()
      local r = list(function(_, request)
        if not is_search(request, 2) or changed[uid_of(7)] then return end
        delete(server, uid_of(7))
        changed[uid_of(7)] = "gone"
      end)
      assert_whole(r, COUNT, changed)
    end)

    it("holds a dashboard that gets a title further in front, and what moves when it goes to the end", function()
      local r = list(function(_, request)
        if not is_search(request, 2) or changed.renamed then return end
        changed.renamed = true
        save(server, uid_of(1020), "A title further in front")
        save(server, uid_of(3), "Z at the end")
        save(server, uid_of(4), "Z at the end, too")
      end)
      assert_whole(r, COUNT, changed)
    end)

    it("shows nothing twice when some are created in front, and no failures of those that are deleted", function()
      local r = list(function(n, request)
        if is_search(request, 2) then save(server, "new-" .. n, "A new one, " .. n) end
        if n < 3 or n > 12 then return end
        delete(server, uid_of(COUNT - n))
        changed[uid_of(COUNT - n)] = "gone"
      end)
      assert_whole(r, COUNT, changed)
      assert.is_nil(r.failed)
    end)

    it("has the panels of each dashboard, once", function()
      local r = list(function(n)
        if n > 1 and n < 8 then save(server, uid_of(900 + n), "Seeded dashboard, edited " .. n) end
      end, "get_org_panels")
      local panels = {}
      for _, panel in ipairs(r.panels) do panels[panel.ds_id] = (panels[panel.ds_id] or 0) + 1 end
      for number = 1, COUNT do
        local n = panels[uid_of(number)]
        if number > 900 and number < 908 then
          assert.is_true(n == 1 or n == panels[uid_of(1)], number .. ": " .. tostring(n))   -- as it was, or as it is
        else
          assert.equal(panels[uid_of(1)], n)
        end
      end
    end)

    it("is whole whatever happens, and when", function()
      local seed, made = 20261122, 0
      local function draw(below)
        seed = seed * 16807 % 2147483647
        return math.floor(seed / 1000) % below
      end
      local events = {
        function()
          local uid = uid_of(2 * draw(COUNT / 2) + 1)   -- odd ones
          if changed[uid] then return end
          changed[uid] = "gone"
          delete(server, uid)
        end,
        function() save(server, "new-" .. made, ("Seeded dashboard %05d and %d"):format(draw(COUNT), made)) end,
        function()
          save(server, uid_of(2 * draw(COUNT / 2) + 2), ("Seeded dashboard %05d, moved %d"):format(draw(COUNT), made))
        end,
        function() save(server, uid_of(2 * draw(COUNT / 2) + 2), "A " .. made) end,
      }
      local r = list(function(n, request)
        if request.url:find("/api/dashboards/uid/", 1, true) and n % 50 ~= 0 then return end
        for _ = 1, n < 8 and 20 or draw(4) do
          made = made + 1
          events[draw(#events) + 1]()
        end
      end)
      assert.is_true(made > 0)
      assert_whole(r, COUNT, changed)
    end)
  end)
end

describe("a list in pages", function()
  local server, g

  setup(function() server = days.start() end)
  teardown(function() server:stop() end)
  before_each(function()
    days.fresh(server)
    g = connect(server)
  end)
  after_each(function() g:close() end)

  -- {operation, arguments, key of the result, what its items are known by, how one is made, how it is deleted}
  local LISTS = {
    {"search", {1, {type = "dash-db", perpage = 10}}, "hits", "uid",
      function(i) save(server, uid_of(i), ("Title %03d"):format(i)) return uid_of(i) end,
      function(uid) delete(server, uid) end},
    {"get_teams", {1, {perpage = 10}}, "teams", "id",
      function(i) return days.ask(server, "POST", "/api/teams", {name = ("Team %03d"):format(i)}).teamId end,
      function(id) change(server, "DELETE", "/api/teams/" .. tostring(id)) end},
    {"get_users", {{perpage = 10}}, "users", "id",
      function(i)
        local user = {login = ("user%03d"):format(i), password = "pass-word"}
        return days.ask(server, "POST", "/api/admin/users", user).id
      end,
      function(id) change(server, "DELETE", "/api/admin/users/" .. tostring(id)) end},
    {"get_orgs", {{perpage = 10}}, "orgs", "id",
      function(i) return days.ask(server, "POST", "/api/orgs", {name = ("Org %03d"):format(i)}).orgId end,
      function(id) change(server, "DELETE", "/api/orgs/" .. tostring(id)) end},
    {"get_service_accounts", {1, {perpage = 10}}, "service_accounts", "id",
      function(i)
        local robot = {name = ("Robot %03d"):format(i), role = "Viewer"}
        return days.ask(server, "POST", "/api/serviceaccounts", robot).id
      end,
      function(id) change(server, "DELETE", "/api/serviceaccounts/" .. tostring(id)) end},
  }

  for _, case in ipairs(LISTS) do
    it("is whole, and nothing is twice: " .. case[1], function()
      local operation, arguments, key, identity, make, remove = days.unpack(case)
      local there, gone = {}, 0
      for i = 1, 40 do there[i] = tostring(make(i)) end
      local r = carry(server, core.call(g._core, operation, days.unpack(arguments)), function(n)
        if n < 2 or n > 5 then return end
        for i = 1, 2 do remove(there[2 * n + i]) end
        there[2 * n + 1], there[2 * n + 2], gone = false, false, gone + 2
        make(100 + n)
      end)
      local times = {}
      for _, item in ipairs(r[key]) do
        local id = tostring(item[identity])
        assert.is_nil(times[id], "twice: " .. id)
        times[id] = true
      end
      for _, id in ipairs(there) do
        if id then assert.is_true(times[id], "lost: " .. id) end
      end
      assert.is_true(gone > 0)
    end)
  end
end)
