-- SPDX-License-Identifier: MIT
-- grafana.gather: rows are checked before anything is sent, results come in their order, and what breaks it off ends
-- all.

package.path = "./?.lua;./?/init.lua;" .. package.path   -- 5.1 and LuaJIT do not look for ./?/init.lua

local days = require "spec.support.bad_days"
local grafana = require "grafana"
local interrupted = require "spec.support.interrupted"
local nginx = require "spec.support.nginx"

local gather = grafana.gather
local server, g

setup(function() server = days.start() end)
teardown(function() server:stop() end)
before_each(function()
  days.fresh(server)
  g = days.connect(server)
  days.assert_usable(g)
  server:clear_log()
end)
after_each(function() g:close() end)

local function rows_of(n, row)
  local rows = {}
  for i = 1, n do rows[i] = type(row) == "function" and row(i) or row end
  return rows
end

local function refused(...)
  local fine, problem = pcall(gather, ...)
  assert.is_false(fine, "nothing was raised")
  assert.equal(0, #server:requests())
  return problem
end

-- Inside nginx what busted calls is called by pcall, which is no C boundary there.
local PLACES = {
  {"outside of tasks", function(f) return f() end},
  {"inside a run", function(f) return grafana.run(f) end},
  {"inside a task", function(f) return grafana.run(function() return grafana.spawn(f):wait() end) end},
}

for _, place in ipairs(PLACES) do
  describe("gather " .. place[1], function()
    local within = place[2]

    it("gives the results in the order of the rows, one for each, failures too", function()
      server:fault {kind = "delay", seconds = 0.1, path = "^/api/orgs/1$"}
      local results = within(function()
        return gather(g, {
          {"get_org", 1}, {"get_org", 99}, {"get_user", "nobody"}, {"get_orgs"}, {"get_user", 1}, {"create_org", ""},
        })
      end)
      local seen = {}
      for i, r in ipairs(results) do seen[i] = r.operation and r.operation .. " " .. r.status or r.status end
      assert.same({"ok", "get_org not-found", "get_user not-found", "ok", "ok",
        "create_org missing-mandatory-data"}, seen)
      assert.equal("Main Org.", results[1].org.name)
      assert.equal("admin", results[5].user.login)
    end)

    it("tells of each row that is done", function()
      local told = {}
      within(function()
        gather(g, rows_of(20, function(i) return {"get_org", i % 4 == 0 and 99 or 1} end), {
          on_progress = function(done, total, failed)
            told[#told + 1] = done
            assert.equal(20, total)
            if done == 20 then assert.equal(5, failed) end
          end,
        })
      end)
      assert.same(rows_of(20, function(i) return i end), told)
    end)

    it("has as many rows under way as it is told, and no more on the wire than the client's window", function()
      for _, case in ipairs {{3, 8, 3}, {20, 4, 4}, {nil, 5, 5}} do
        local asked, window, expected = case[1], case[2], case[3]
        local client = days.connect(server, {concurrency = window})
        days.assert_usable(client)
        server:clear_log()
        server:fault {kind = "stall", path = "^/api/users/1", seconds = 30, times = 0}
        local results = grafana.run(function()
          local t = grafana.spawn(gather, client, rows_of(30, {"get_user", 1}), {concurrency = asked})
          while #server:requests {path = "^/api/users/1"} < expected do grafana.sleep(0.01) end
          grafana.sleep(0.05)   -- another would have arrived
          t:cancel()
          return t:wait()
        end)
        assert.equal(expected, #server:requests {path = "^/api/users/1"})
        assert.equal(30, #results)
        for _, r in ipairs(results) do assert.equal("cancelled", r.reason) end
        client:close()
        days.fresh(server)
      end
    end)

    it("of nothing is nothing", function()
      assert.same({}, within(function() return gather(g, {}) end))
      assert.equal(0, #server:requests())
    end)
  end)
end

describe("rows", function()
  it("are checked before anything is sent, as the operation does it, and named", function()
    for _, case in ipairs {
      {{"get_dashboard", 1}, "rows%[2%]: bad argument #2 'uid' to 'get_dashboard' %(string expected, got no value%)"},
      {{"get_dashboard", 1, nil, {timeout = 5}}, "rows%[2%]: bad argument #2 'uid' to 'get_dashboard'"},
      {{"get_orgs", {qery = "x"}}, "rows%[2%]: unknown option 'qery' to 'get_orgs' %(did you mean 'query'"},
      {{"get_orgs", {}, {}, {}}, "rows%[2%]: too many arguments to 'get_orgs'"},
      {{"get_dashbord", 1, "a"}, "rows%[2%]: there is no operation 'get_dashbord' %(did you mean 'get_dashboard'"},
      {{"close"}, "rows%[2%]: there is no operation 'close'"},
      {{g.get_orgs}, "rows%[2%]: the name of an operation expected as its first item, got function"},
      {{}, "rows%[2%]: the name of an operation expected as its first item, got nil"},
      {"get_orgs", "rows%[2%]: {\"operation\", arguments…} expected, got string"},
      {{"get_orgs", timeout = 5}, "rows%[2%]: it has the key 'timeout': .*options stand in a table behind them"},
      {{"call", "getFolderByUD", {}}, "rows%[2%]: .*getFolderByUD"},
      {{"request", "GET", "/metrics"}, "rows%[2%]: request: argument 'path': it must begin with /api/"},
    } do
      assert.matches("grafana%.gather: " .. case[2], refused(g, {{"get_orgs"}, case[1], {"get_orgs"}}))
    end
  end)

  it("raise at the line that called", function()
    local line
    local fine, problem = pcall(function()
      line = debug.getinfo(1, "l").currentline + 1
      local results = gather(g, {{"get_org"}})
      return results
    end)
    assert.is_false(fine)
    assert.matches("gather_spec%.lua:" .. line .. ": grafana%.gather: ", problem)
  end)

  it("may be changed as an array meanwhile: it is the rows at the beginning that count", function()
    local rows = rows_of(5, {"get_org", 1})
    local results = gather(g, rows, {concurrency = 1, on_progress = function(done)
      rows[done], rows[done + 1], rows[done + 6] = nil, nil, {"close"}
    end})
    assert.equal(5, #results)
    for _, r in ipairs(results) do assert.is_true(r.ok) end
  end)

  it("run to their largest integer key", function()
    local results = gather(days.connect(server, {org = 1}), {
      {"get_teams", nil, {query = "x"}}, {"get_teams"}, {[1] = "get_folders", [3] = {timeout = 4000}},
    })
    for i = 1, 3 do assert.equal("ok", results[i].status, tostring(results[i])) end
  end)

  it("may be calls of documented operations and requests", function()
    local results = gather(g, {{"call", "getCurrentOrg"}, {"request", "GET", "/api/org"}})
    assert.equal("Main Org.", results[1].body.name)
    assert.equal("Main Org.", results[2].body.name)
  end)

  it("are an array", function()
    assert.matches("bad argument #2 'rows' %(table of rows expected, got nil%)", refused(g))
    assert.matches("an array of rows expected, but it has the key x", refused(g, {x = {"get_orgs"}}))
    assert.matches("an array of rows expected, but it has the key 1.5", refused(g, {[1.5] = {"get_orgs"}}))
    assert.matches("bad argument #1 'g' %(client expected, got table%)", refused({}, {}))
  end)
end)

describe("options", function()
  it("are checked", function()
    for _, case in ipairs {
      {{concurency = 5}, "unknown option 'concurency' %(did you mean 'concurrency'"},
      {{concurrency = 0}, "option 'concurrency': integer from 1 to 1024 expected, got 0"},
      {{concurrency = "8"}, "option 'concurrency': integer from 1 to 1024 expected, got string"},
      {{concurrency = 1.5}, "option 'concurrency': integer from 1 to 1024 expected, got 1.5"},
      {{on_progress = true}, "option 'on_progress': function expected, got boolean"},
      {5, "bad argument #3 'options' %(table expected, got number%)"},
    } do
      assert.matches("grafana%.gather: " .. case[2], refused(g, {{"get_orgs"}}, case[1]))
    end
  end)
end)

describe("results", function()
  it("are shown by how many they are, and by the first that failed", function()
    assert.equal("2 results, 0 of them not ok", tostring(gather(g, rows_of(2, {"get_org", 1}))))
    local mixed = tostring(gather(g, {{"get_org", 1}, {"get_org", 7}}))
    assert.matches("^2 results, 1 of them not ok\n  %[2%] not%-found.*%(get_org, HTTP 404%)$", mixed)
    assert.matches("\n  %[5%] [^\n]*\n  …$", tostring(gather(g, rows_of(9, {"get_org", 7}))))
  end)
end)

describe("a wrong password", function()
  it("is tried once for all rows, and locks nobody out", function()
    for _, options in ipairs {{}, {auth_method = "regular-login"}} do
      server:unlock()
      local wrong = grafana.connect(server.url, {"admin", "wrong"}, options)
      server:clear_log()
      local results = gather(wrong, rows_of(50, {"get_org", 1}), {concurrency = 3})
      for _, r in ipairs(results) do assert.equal("bad-credentials", r.reason) end
      assert.matches("not sent", results[50].message)
      assert.equal(1, #server:requests())
      wrong:close()
    end
    server:unlock()
  end)

  it("is tried again by the next gather", function()
    local wrong = grafana.connect(server.url, {"admin", "wrong"})
    for n = 1, 2 do
      gather(wrong, rows_of(10, {"get_org", 1}))
      assert.equal(n, #server:requests())
    end
    server:unlock()
    wrong:close()
  end)
end)

describe("an error", function()
  it("in on_progress breaks everything off at once, and goes up as it is", function()
    server:fault {kind = "stall", path = "^/api/users/1$", seconds = 30, times = 0}
    for _, value in ipairs {"stop", {1}} do
      server:clear_log()
      local rows = rows_of(50, {"get_user", 1})
      rows[1] = {"get_org", 1}
      local fine, problem = pcall(gather, g, rows, {concurrency = 4, on_progress = function() error(value, 0) end})
      assert.is_false(fine)
      assert.equal(value, problem)
      assert.is_true(#server:requests {path = "^/api/users/1$"} <= 4)
    end
    server:clear_faults()
    days.assert_usable(g)
  end)

  it("in on_progress is the last time that it is called", function()
    local times = 0
    pcall(gather, g, rows_of(50, {"get_org", 1}), {concurrency = 4, on_progress = function(done)
      times = times + 1
      if done == 3 then error("stop", 0) end
    end})
    assert.equal(3, times)
  end)

  it("in on_retry does so, too", function()
    local hooked = days.connect(server, {on_retry = function() error("retry", 0) end})
    server:fault {kind = "status", code = 503, path = "^/api/orgs/1$"}
    assert.same({false, "retry"}, {pcall(gather, hooked, rows_of(5, {"get_org", 1}))})
    days.assert_usable(hooked)
    hooked:close()
  end)
end)

describe("grafana.progress() as on_progress", function()
  nginx.outside(it)("whose function raises while all wait breaks off that gather alone", function()
    server:fault {kind = "delay", seconds = 0.5, path = "^/api/users/1$", times = 0}
    local line = grafana.progress {terminal = true, width = 80, out = function() error("out", 0) end}
    grafana.run(function()
      local t = grafana.spawn(gather, g, rows_of(2, {"get_user", 1}), {on_progress = line})
      local other = grafana.spawn(g.get_user, g, 1)
      assert.is_true(other:wait().ok)
      assert.equal("out", select(2, pcall(t.wait, t)))
    end)
  end)

  local function shown_while(client, rows)
    local said = ""
    local function hear(text) said = said .. text end
    local line = grafana.progress {out = hear, terminal = false, interval = 0}
    pcall(gather, client, rows, {on_progress = line, concurrency = 1})
    return said
  end

  it("tells of the rows", function()
    assert.matches("5 of 5, 2 failed\n$", (shown_while(g, {
      {"get_org", 1}, {"get_org", 99}, {"get_org", 1}, {"get_org", 98}, {"get_org", 1},
    }):gsub("[^%w\n]*(2 failed)", ", %1")))
  end)

  it("ends where it is, when an error breaks it off", function()
    local hooked = days.connect(server, {on_retry = function() error("retry", 0) end})
    server:fault {kind = "status", code = 503, path = "^/api/orgs/7$"}
    assert.matches("2 of 4, broken off\n$", shown_while(hooked, {
      {"get_org", 1}, {"get_org", 1}, {"get_org", 7}, {"get_org", 1},
    }))
    hooked:close()
  end)
end)

describe("a closed client", function()
  it("gives a result for each row, reason closed", function()
    local closed = days.connect(server)
    closed:close()
    local results = gather(closed, rows_of(3, {"get_orgs"}))
    assert.equal(3, #results)
    for _, r in ipairs(results) do assert.equal("closed", r.reason) end
  end)

  it("in the midst of it, too", function()
    local closing = days.connect(server, {concurrency = 2})
    local results = gather(closing, rows_of(30, {"get_user", 1}), {on_progress = function(done)
      if done == 10 then closing:close() end
    end})
    assert.equal(30, #results)
    assert.equal("ok", results[1].status)
    assert.equal("closed", results[30].reason)
  end)
end)

describe("several at once", function()
  it("share the client's window, and all come to their end", function()
    local counts = {}
    grafana.run(function()
      for i = 1, 5 do
        grafana.spawn(function()
          local fine = 0
          for _, r in ipairs(gather(g, rows_of(40, {"get_user", 1}))) do fine = fine + (r.ok and 1 or 0) end
          counts[i] = fine
        end)
      end
    end)
    assert.same({40, 40, 40, 40, 40}, counts)
  end)

  it("a short one beside a long one is not kept waiting", function()
    local order = {}
    grafana.run(function()
      grafana.spawn(function()
        gather(g, rows_of(400, {"get_org", 1}))
        order[#order + 1] = "long"
      end)
      grafana.sleep(0)
      gather(g, rows_of(3, {"get_user", 1}))
      order[#order + 1] = "short"
    end)
    assert.same({"short", "long"}, order)
  end)
end)

nginx.outside(describe)("Ctrl-C", function()
  local SCRIPT = [[
    local grafana = require "grafana"
    local g = grafana.connect(%q, {"admin", %q}, {timeout = 50000, concurrency = 4})
    g:get_current_user()
    local rows = {}
    for i = 1, 20 do rows[i] = {"get_org", 1} end
    for i = 21, 24 do rows[i] = {"create_org", "Name " .. i} end
    for i = 25, 40 do rows[i] = {"get_users"} end
    local fine, problem = pcall(%s)
    print(fine, problem)
    local counts = {}
    for i = 1, 40 do
      local r = problem.results[i]
      local key = r == nil and "none" or r.ok and "ok" or r.reason .. (r.uncertain and ", uncertain" or "")
      counts[key] = (counts[key] or 0) + 1
    end
    print(problem.done, problem.total, counts.ok, counts["cancelled, uncertain"], counts.none)
    print(g:get_current_user())]]

  for _, place in ipairs {
    {"outside of tasks", "grafana.gather, g, rows, {concurrency = 4}"},
    {"inside a run", "grafana.run, grafana.gather, g, rows, {concurrency = 4}"},
    {"inside a task", "grafana.run, function() grafana.spawn(grafana.gather, g, rows, {concurrency = 4}):wait() end"},
  } do
    it("raises what has been done so far, " .. place[1], function()
      server:fault {kind = "stall", method = "POST", seconds = 60, times = 0}
      local text = interrupted.run(server, SCRIPT:format(server.url, days.PASSWORD, place[2]), 4, {method = "POST"})
      assert.equal("false\tgrafana.gather: 20 of 40 rows done, 0 of them failed: interrupted!\n20\t40\t20\t4\t16\n",
        text:match("^.*\n20\t.-\n"))
      assert.matches("\nok: user = ", text)
    end)
  end
end)
