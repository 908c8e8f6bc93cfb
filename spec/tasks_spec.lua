-- SPDX-License-Identifier: MIT
-- grafana.run, spawn, sleep, t:wait(), t:cancel(): what runs beside what, what becomes of errors, and of everything
-- when a run is left. The same inside nginx, where tasks are its light threads; what is nginx's own is in spec/nginx/.

package.path = "./?.lua;./?/init.lua;" .. package.path   -- 5.1 and LuaJIT do not look for ./?/init.lua

local days = require "spec.support.bad_days"
local grafana = require "grafana"
local interrupted = require "spec.support.interrupted"
local nginx = require "spec.support.nginx"

local run, spawn, sleep = grafana.run, grafana.spawn, grafana.sleep
local server, g

-- A client whose password has been accepted: until then one request goes at a time.
local function connect(to, options)
  local client = days.connect(to, options)
  days.assert_usable(client)
  to:clear_log()
  return client
end

setup(function() server = days.start() end)
teardown(function() server:stop() end)
before_each(function()
  days.fresh(server)
  g = connect(server)
end)
after_each(function() g:close() end)

-- What pcall gives of a run.
local function failed(f, ...)
  local fine, problem = pcall(run, f, ...)
  assert.is_false(fine, "nothing was raised")
  return problem
end

-- Paths of the requests that have arrived, in order.
local function arrived(filter)
  local paths = {}
  for i, request in ipairs(server:requests(filter)) do paths[i] = request.path:gsub("^/grafana", "") end
  return paths
end

describe("run", function()
  it("calls its function with the arguments and returns its results, nils too", function()
    local function count(...) return select("#", ...), ... end
    local n, a, b, c, d = count(run(function(...) return nil, select("#", ...), ..., nil end, 1, nil))
    assert.same({4, nil, 2, 1, nil}, {n, a, b, c, d})
    assert.equal(0, (count(run(function() end))))
  end)

  it("returns when all tasks have ended, those too that tasks have spawned", function()
    local ended = {}
    run(function()
      spawn(function()
        spawn(function()
          sleep(0.01)
          spawn(function() ended[#ended + 1] = "c" end)
          ended[#ended + 1] = "b"
        end)
        ended[#ended + 1] = "a"
      end)
      ended[#ended + 1] = "f"
    end)
    assert.same({"f", "a", "b", "c"}, ended)
  end)

  it("inside a task waits for what is spawned inside it, and for nothing else", function()
    local order = {}
    run(function()
      local slow = spawn(function()
        sleep(0.1)
        order[#order + 1] = "slow"
      end)
      local inner = run(function()
        spawn(function()
          sleep(0.01)
          order[#order + 1] = "inner"
        end)
        return "result"
      end)
      order[#order + 1] = inner
      slow:wait()
    end)
    assert.same({"inner", "result", "slow"}, order)
  end)

  it("wants a function", function()
    assert.matches("bad argument #1 'f' to 'run' %(function expected, got nil%)", select(2, pcall(run)))
    assert.matches("bad argument #1 'f' to 'spawn' %(function expected, got table%)", failed(function() spawn({}) end))
    for _, wrong in ipairs {"1", -1, 0 / 0, 1 / 0} do
      assert.matches("bad argument #1 'seconds' to 'sleep' %(number from 0 to 1e9 expected, got ",
        select(2, pcall(sleep, wrong)))
    end
  end)

  nginx.outside(it)("is where tasks are spawned, nowhere else", function()
    assert.matches("grafana.spawn: nobody would run the task: call it inside grafana.run",
      select(2, pcall(spawn, function() end)))
    local task = run(function() return spawn(function() return 5 end) end)
    assert.equal(5, task:wait())   -- it has ended
    assert.is_false(pcall(spawn, function() end))
  end)
end)

describe("tasks", function()
  it("run when whoever spawned them lets others go on, in the order spawned", function()
    local order = {}
    run(function()
      for i = 1, 5 do spawn(function(n) order[#order + 1] = n end, i) end
      assert.same({}, order)
      sleep(0)
      assert.same({1, 2, 3, 4, 5}, order)
    end)
  end)

  it("have their calls on the wire at once", function()
    server:fault {kind = "delay", seconds = 0.2, path = "^/api/orgs/1", times = 0}
    local under_way, most = 0, 0
    run(function()
      for _ = 1, 6 do
        spawn(function()
          under_way = under_way + 1
          most = math.max(most, under_way)
          assert.is_true(g:get_org(1).ok)
          under_way = under_way - 1
        end)
      end
    end)
    assert.equal(6, most)
  end)

  it("sleep side by side, and are woken in the order of their time", function()
    local order = {}
    run(function()
      for _, ms in ipairs {60, 20, 40, 20} do
        spawn(function()
          sleep(ms / 1000)
          order[#order + 1] = ms
        end)
      end
    end)
    assert.same({20, 20, 40, 60}, order)
  end)

  it("sleep(0) takes turns", function()
    local text = ""
    run(function()
      for _, letter in ipairs {"a", "b"} do
        spawn(function()
          for _ = 1, 3 do
            text = text .. letter
            sleep(0)
          end
        end)
      end
    end)
    assert.equal("ababab", text)
  end)

  it("of two clients, a hundred of them, share one loop: who waits for one server keeps nobody from the other",
    function()
      local other = days.start("9.3.2")
      days.fresh(other)
      local slow, fast = connect(server, {concurrency = 50}), connect(other, {concurrency = 50})
      server:fault {kind = "delay", seconds = 0.5, path = "^/api/org", times = 0}
      local order = {}
      run(function()
        for i = 1, 100 do
          spawn(function()
            local r = (i % 2 == 0 and fast or slow):get_org(1)
            assert.is_true(r.ok, tostring(r))
            order[#order + 1] = i % 2 == 0 and "fast" or "slow"
          end)
        end
      end)
      assert.equal(100, #order)
      for i = 1, 100 do assert.equal(i <= 50 and "fast" or "slow", order[i], "task " .. i) end
      assert.equal(50, #server:requests {path = "^/api/orgs/1$"})
      assert.equal(50, #other:requests {path = "^/api/orgs/1$"})
      slow:close()
      fast:close()
      other:stop()
    end)

  it("are shown with what they do", function()
    run(function()
      local t, u
      t = spawn(function() sleep(0.01) end)
      u = spawn(function() t:wait() end)
      local v = spawn(function() return g:get_org(1) end)
      local w = spawn(error, "left", 0)
      assert.matches("^grafana%.task %d+ %(not started%)$", tostring(t))
      sleep(0)
      assert.matches("%(ready%)$", tostring(t))
      assert.matches("%(waits for task %d+%)$", tostring(u))
      assert.matches("%(in get_org%)$", tostring(v))
      assert.matches("%(failed%)$", tostring(w))
      v:wait()
      assert.matches("%(ended%)$", tostring(v))
      assert.is_false(pcall(w.wait, w))
    end)
  end)

  it("keep results apart from errors of theirs: on_retry, log and the token function raise in the task that called",
    function()
      server:fault {kind = "status", code = 503, path = "^/api/orgs/7"}
      local hooked = days.connect(server, {on_retry = function() error("on_retry", 0) end})
      local logged = days.connect(server, {log = function(line)
        if line:find("get_orgs", 1, true) then error("log", 0) end
      end})
      local results = {}
      run(function()
        spawn(function() results[1] = select(2, pcall(hooked.get_org, hooked, 7)) end)
        spawn(function() results[2] = hooked:get_org(1).status end)
        spawn(function() results[3] = select(2, pcall(logged.get_orgs, logged)) end)
        spawn(function() results[4] = logged:get_org(1).status end)
      end)
      assert.same({"on_retry", "ok", "log", "ok"}, results)
      days.assert_usable(hooked)
      hooked:close()
      logged:close()
    end)
end)

describe("wait", function()
  it("gives the results, again and again, to any task", function()
    run(function()
      local t = spawn(function()
        sleep(0.01)
        return 1, nil, 3, nil
      end)
      local function results() return select("#", t:wait()), t:wait() end
      local u = spawn(results)
      assert.same({4, 1, nil, 3}, {results()})
      assert.same({4, 1, nil, 3}, {u:wait()})
      assert.same({4, 1, nil, 3}, {results()})
    end)
  end)

  it("raises the task's error, the value itself, to each who waits", function()
    run(function()
      for _, value in ipairs {"text", 5, {}, false} do
        local t = spawn(function() error(value, 0) end)
        for _ = 1, 2 do
          local fine, problem = pcall(t.wait, t)
          assert.is_false(fine)
          assert.equal(value, problem)
        end
      end
    end)
  end)

  it("for oneself, or round in a circle, is an error and no standstill", function()
    run(function()
      local t
      t = spawn(function() t:wait() end)
      assert.matches("a task cannot wait for itself", select(2, pcall(t.wait, t)))

      local a, b, c
      a = spawn(function() b:wait() end)
      b = spawn(function() c:wait() end)
      c = spawn(function() a:wait() end)
      local fine, problem = pcall(a.wait, a)
      assert.is_false(fine)
      assert.matches("wait for each other for ever: task %d+ waits for task %d+ waits for", problem)
      for _, task in ipairs {b, c} do assert.is_false(pcall(task.wait, task)) end
    end)
  end)

  it("for a task whose run waits for us is such a circle", function()
    run(function()
      local outer
      outer = spawn(function()
        run(function()
          spawn(function() outer:wait() end)
        end)
      end)
      assert.matches("wait for each other for ever", select(2, pcall(outer.wait, outer)))
    end)
  end)

  nginx.outside(it)("is given up where nothing is left that could end it", function()
    -- A circle through two runs, which no single wait can see.
    run(function()
      local a, b
      a = spawn(function()
        run(function() spawn(function() b:wait() end) end)
      end)
      b = spawn(function()
        sleep(0.01)
        run(function() spawn(function() a:wait() end) end)
      end)
      local fine_a, problem_a = pcall(a.wait, a)
      local fine_b, problem_b = pcall(b.wait, b)
      assert.is_true(not fine_a or not fine_b)
      assert.matches("nothing is left that could end it", tostring(problem_a) .. tostring(problem_b))
    end)
  end)
end)

describe("an error", function()
  it("that nobody waited for is raised by run, when all have ended: the first, its value itself", function()
    local ended = 0
    for _, value in ipairs {"text", {1}, 7} do
      local problem = failed(function()
        spawn(function()
          sleep(0.02)
          error("later", 0)
        end)
        spawn(function() error(value, 0) end)
        spawn(function()
          sleep(0.03)
          ended = ended + 1
        end)
        return "result"
      end)
      assert.equal(value, problem)
    end
    assert.equal(3, ended)
  end)

  it("of f itself leaves the tasks alone, and is raised when they have ended", function()
    local ended
    assert.equal("f", failed(function()
      spawn(function() ended = g:get_org(1).status end)
      error("f", 0)
    end))
    assert.equal("ok", ended)
  end)

  it("that ends like the interpreter's word for Ctrl-C is an error as any other", function()
    local went_on
    assert.equal("the backup was interrupted!", failed(function()
      spawn(error, "the backup was interrupted!", 0)
      spawn(function()
        sleep(0.001)
        went_on = true
      end)
    end))
    assert.is_true(went_on)
  end)

  it("names the line in the task where it was raised", function()
    assert.matches("tasks_spec.lua:%d+: here$", failed(function() spawn(function() error("here") end) end))
  end)

  it("that somebody waited for is not raised again", function()
    assert.equal("fine", run(function()
      local t = spawn(error, "heard", 0)
      assert.is_false(pcall(t.wait, t))
      return "fine"
    end))
  end)

  it("of a run inside a task is that task's", function()
    run(function()
      local t = spawn(function() run(function() spawn(error, "inner", 0) end) end)
      assert.same({false, "inner"}, {pcall(t.wait, t)})
    end)
  end)
end)

describe("cancel", function()
  it("ends the task's call with the reason cancelled; the task goes on, and its later calls end at once", function()
    server:fault {kind = "stall", path = "^/api/orgs/1$", seconds = 20}
    run(function()
      local t = spawn(function() return g:get_org(1), g:get_org(2), "cleaned up" end)
      local u = spawn(function() return g:get_user(1) end)
      while #server:requests {path = "^/api/orgs/1$"} == 0 do sleep(0.01) end
      t:cancel()
      local first, second, word = t:wait()
      assert.equal("cancelled", first.reason)
      assert.equal("get_org", first.operation)
      assert.equal("cancelled", second.reason)
      assert.equal("cleaned up", word)
      assert.is_true(u:wait().ok)
    end)
    assert.same({"/api/orgs/1"}, arrived {path = "^/api/orgs"})
    days.assert_usable(g)
  end)

  it("tells that a write may have arrived", function()
    server:fault {kind = "stall", method = "POST", seconds = 20}
    run(function()
      local t = spawn(g.create_org, g, "Acme")
      while #server:requests {method = "POST"} == 0 do sleep(0.01) end
      t:cancel()
      assert.is_true(t:wait().uncertain)
    end)
  end)

  it("ends a call that waits for room, or for its next attempt", function()
    local narrow = connect(server, {concurrency = 1, backoff_ms = {60000, 60000}})
    server:fault {kind = "status", code = 503, path = "^/api/orgs/1$"}
    server:fault {kind = "stall", path = "^/api/users/1$", seconds = 20}
    run(function()
      local waits = spawn(narrow.get_org, narrow, 1)
      while #server:requests {path = "^/api/orgs/1$"} == 0 do sleep(0.01) end
      local under_way = spawn(narrow.get_user, narrow, 1)
      while #server:requests {path = "^/api/users/1$"} == 0 do sleep(0.01) end
      local in_line = spawn(narrow.get_orgs, narrow)
      sleep(0.01)
      for _, task in ipairs {waits, in_line, under_way} do
        task:cancel()
        assert.equal("cancelled", task:wait().reason)
      end
    end)
    assert.equal(0, #server:requests {path = "^/api/orgs$"})
    server:clear_faults()
    days.assert_usable(narrow)
    narrow:close()
  end)

  it("wakes one that sleeps or waits by an error with the reason cancelled, which run does not raise", function()
    run(function()
      local t = spawn(sleep, 3600)
      local u = spawn(function() t:wait() end)
      local v = spawn(function() run(function() spawn(sleep, 3600) end) end)
      sleep(0)
      u:cancel()
      v:cancel()
      for _, task in ipairs {u, v} do
        local _, problem = pcall(task.wait, task)
        assert.equal("cancelled", problem.reason)
        assert.matches("the task was cancelled", tostring(problem))
      end
      t:cancel()
    end)
  end)

  it("is an error of another that waited for what is cancelled, and did not expect it", function()
    local went_on
    local problem = failed(function()
      local t = spawn(sleep, 3600)
      spawn(function()
        t:wait()
        went_on = true
      end)
      sleep(0)
      t:cancel()
    end)
    assert.is_nil(went_on)
    assert.equal("cancelled", problem.reason)
  end)

  it("keeps one from starting", function()
    local started
    run(function()
      local t = spawn(function() started = true end)
      t:cancel()
      local fine, problem = pcall(t.wait, t)
      assert.is_false(fine)
      assert.equal("cancelled", problem.reason)
      assert.matches("cancelled", tostring(t))
    end)
    assert.is_nil(started)
  end)

  it("leaves alone what has ended, and other errors of a cancelled task are errors", function()
    assert.equal("clean-up failed", failed(function()
      local t = spawn(function() return 1 end)
      t:wait()
      t:cancel()
      assert.equal(1, t:wait())
      local u = spawn(function()
        pcall(sleep, 3600)
        error("clean-up failed", 0)
      end)
      sleep(0)
      u:cancel()
    end))
  end)

  it("of the task that runs ends its own calls", function()
    run(function()
      local t
      t = spawn(function()
        t:cancel()
        return g:get_org(1).reason, pcall(sleep, 0)
      end)
      local reason, fine, problem = t:wait()
      assert.equal("cancelled", reason)
      assert.is_false(fine)
      assert.equal("cancelled", problem.reason)
    end)
    assert.equal(0, #server:requests())
  end)
end)

describe("close", function()
  it("by one task ends the calls of the others, reason closed", function()
    local closing = connect(server, {concurrency = 2})
    server:fault {kind = "stall", path = "^/api/org", seconds = 20, times = 0}
    local reasons = {}
    run(function()
      for i = 1, 4 do spawn(function() reasons[i] = closing:get_org(1).reason end) end
      while #server:requests {path = "^/api/org"} < 2 do sleep(0.01) end
      closing:close()
      assert.equal("closed", closing:get_org(1).reason)
      local r = g:get_user(1)   -- another client's
      assert.is_true(r.ok, tostring(r))
    end)
    assert.same({"closed", "closed", "closed", "closed"}, reasons)
  end)
end)

describe("signing in", function()
  it("happens once for a hundred tasks", function()
    local session = days.connect(server, {auth_method = "regular-login"})
    run(function()
      for _ = 1, 100 do spawn(function() assert.is_true(session:get_org(1).ok) end) end
    end)
    assert.equal(1, #server:requests {path = "^/login$"})
    session:close()
  end)

  local function with_token(token)
    local asked = 0
    local client = grafana.connect(server.url, {token = function()
      asked = asked + 1
      return token(asked)
    end}, {max_retries = 0})
    return client, function() return asked end
  end

  local function new_token()
    local account = grafana.check(g:create_service_account(1, {name = "robot", role = "Admin"}))
    return grafana.check(g:create_token(1, account.id, {name = "robot"})).key
  end

  it("asks the token function once, though it lets others go on and takes its time", function()
    local key = new_token()
    local client, asked = with_token(function()
      sleep(0.05)
      return key
    end)
    run(function()
      for _ = 1, 20 do spawn(function() assert.is_true(client:get_folders(1).ok) end) end
    end)
    assert.equal(1, asked())
    client:close()
  end)

  it("the token function may use another client", function()
    local key = new_token()
    local client, asked = with_token(function()
      g:get_org(1)
      return key
    end)
    run(function()
      for _ = 1, 5 do spawn(function() assert.is_true(client:get_folders(1).ok) end) end
    end)
    assert.equal(1, asked())
    client:close()
  end)

  nginx.outside(it)("a run in a coroutine of the program's own, for which all stands still, asks itself", function()
    local key = new_token()
    local client, asked = with_token(function(n)
      if n == 1 then sleep(0.05) end
      return key
    end)
    run(function()
      spawn(function() assert.is_true(client:get_folders(1).ok) end)
      sleep(0)
      coroutine.wrap(function()
        run(function() assert.is_true(client:get_folders(1).ok) end)
      end)()
    end)
    assert.equal(2, asked())
    client:close()
  end)

  it("strands nobody when the token function fails: each asks in turn", function()
    local key = new_token()
    local client, asked = with_token(function(n)
      sleep(0.01)
      if n <= 2 then error("no token " .. n, 0) end
      return key
    end)
    local fine, failures = 0, {}
    run(function()
      for _ = 1, 5 do
        spawn(function()
          local called, r = pcall(client.get_folders, client, 1)
          if not called then failures[#failures + 1] = r elseif r.ok then fine = fine + 1 end
        end)
      end
    end)
    assert.same({"no token 1", "no token 2"}, failures)
    assert.equal(3, fine)
    assert.equal(3, asked())
    client:close()
  end)
end)

describe("functions that a call calls", function()
  it("may call in turn: a cancel ends both calls", function()
    server:fault {kind = "stall", path = "^/api/users/7$", seconds = 30, times = 0}
    for _, inner in ipairs {"/api/users/1", "/api/users/7"} do
      local reasons = {}
      local hooked
      hooked = days.connect(server, {backoff_ms = {3600000, 3600000}, timeout = 0, on_retry = function()
        local r = g:request("GET", inner)
        reasons.inner = r.reason or r.status
      end})
      server:fault {kind = "status", code = 503, path = "^/api/orgs/1$"}
      server:clear_log()
      run(function()
        local t = spawn(function() reasons.outer = hooked:get_org(1).reason end)
        while not server:requests {path = inner}[1] do sleep(0.01) end
        sleep(0.02)
        t:cancel()
      end)
      assert.same({inner = inner == "/api/users/1" and "ok" or "cancelled", outer = "cancelled"}, reasons)
      hooked:close()
    end
  end)

  nginx.outside(it)("and yield to nobody break the call off, and leave nothing behind", function()
    local yielding = days.connect(server, {log = function() end, on_retry = function() coroutine.yield(1) end})
    server:fault {kind = "status", code = 503, path = "^/api/orgs/1$"}
    run(function()
      local t = spawn(function() return yielding:get_org(1) end)
      assert.matches("must not yield by itself", select(2, pcall(t.wait, t)))
      assert.is_nil(next(t._scheduler.carried))
    end)
    days.assert_usable(yielding)
    yielding:close()
  end)

  nginx.outside(it)("and take their time keep nobody busy meanwhile, though their call is over", function()
    local curl = require "grafana.curl"
    local step, turns = curl.step, 0
    curl.step = function(...)
      turns = turns + 1
      return step(...)
    end
    local closed
    closed = grafana.connect(server.url, {token = function()
      closed:close()
      sleep(0.2)
      return "x"
    end})
    run(function()
      spawn(function() assert.equal("closed", closed:get_orgs().reason) end)
      spawn(function() g:get_orgs {on_progress = function() sleep(0.2) end} end)
    end)
    curl.step = step
    assert.is_true(turns < 100, turns .. " turns")
  end)
end)

describe("fairness:", function()
  -- The one of 9.3.2 sends a request for each dashboard.
  local old

  setup(function() old = days.start("9.3.2") end)
  teardown(function() old:stop() end)
  before_each(function() days.fresh(old) end)

  -- Places in the log of single calls that a task makes one after the other while another lists everything; who ended
  -- first.
  local function places_of_singles(client, singles)
    local first
    run(function()
      spawn(function()
        assert.is_true(client:get_org_panels(1).ok)
        first = first or "the listing"
      end)
      while #old:requests {path = "^/api/dashboards/uid"} < 4 do sleep(0.001) end
      for _ = 1, singles do assert.is_true(client:get_user(1).ok) end
      first = first or "the single calls"
    end)
    local places = {}
    for i, request in ipairs(old:requests()) do
      if request.path:find("/api/users/1$") then places[#places + 1] = i end
    end
    return places, first
  end

  it("a long listing does not keep single calls waiting", function()
    old:seed {dashboards = 150}
    local client = connect(old, {concurrency = 2})
    local places, first = places_of_singles(client, 10)
    assert.equal("the single calls", first)
    assert.equal(10, #places)
    for i = 2, #places do
      local between = places[i] - places[i - 1]
      assert.is_true(between <= 15, ("%d requests between two single calls"):format(between - 1))
    end
    client:close()
  end)

  it("two listings of one client share its window: neither has all of it", function()
    old:seed {dashboards = 100}
    old:seed {dashboards = 100, org = 1, tags = {"second"}}
    local client, reads = connect(old, {concurrency = 4}), {}
    run(function()
      for _, query in ipairs {"first", "second"} do
        spawn(function()
          local r = client:get_org_panels(1, {headers = {["X-Listing"] = query}})
          assert.is_true(r.ok, tostring(r))
        end)
      end
    end)
    for i, request in ipairs(old:requests {path = "^/api/dashboards/uid"}) do
      reads[i] = request.headers["x-listing"]
    end
    local counts = {first = 0, second = 0}
    for i = 20, 100 do counts[reads[i]] = counts[reads[i]] + 1 end
    assert.is_true(math.min(counts.first, counts.second) >= 20,
      ("%d reads of the one, %d of the other"):format(counts.first, counts.second))
    client:close()
  end)

  it("calls that find no room are served in the order in which they came", function()
    local client = connect(server, {concurrency = 1})
    run(function()
      for i = 1, 20 do spawn(client.get_org, client, 100 + i) end
    end)
    local expected = {}
    for i = 1, 20 do expected[i] = "/api/orgs/" .. 100 + i end
    assert.same(expected, arrived {path = "^/api/orgs/1%d%d$"})
    client:close()
  end)
end)

nginx.outside(describe)("cost:", function()
  -- How often a task was woken, and how many turns there were, for `n` tasks with a call each.
  local function counts(n)
    local tasks, curl = require "grafana.tasks", require "grafana.curl"
    local park, step, parked, turns = tasks.park, curl.step, 0, 0
    tasks.park = function(...)
      parked = parked + 1
      return park(...)
    end
    curl.step = function(...)
      turns = turns + 1
      return step(...)
    end
    local fine, problem = pcall(run, function()
      for _ = 1, n do spawn(function() assert(g:get_user(1).ok) end) end
    end)
    tasks.park, curl.step = park, step
    assert.is_true(fine, problem)
    return parked, turns
  end

  it("a task is woken once for each request, however many tasks there are", function()
    for _, n in ipairs {10, 2000} do
      local parked, turns = counts(n)
      assert.is_true(parked <= n + 5, ("%d waits of %d tasks"):format(parked, n))
      assert.is_true(turns <= 2 * n + 50, ("%d turns for %d tasks"):format(turns, n))
    end
  end)

  it("ten thousand tasks are no matter", function()
    local done = 0
    run(function()
      for _ = 1, 10000 do
        spawn(function()
          sleep(0)
          done = done + 1
        end)
      end
    end)
    assert.equal(10000, done)
  end)
end)

nginx.outside(describe)("strangers:", function()
  it("in a coroutine that is no task a call blocks, and yields to nobody", function()
    local order = {}
    run(function()
      local other = spawn(function() order[#order + 1] = "other" end)
      local routine = coroutine.wrap(function()
        for i = 1, 2 do
          assert(g:get_org(1).ok)
          sleep(0.001)
          order[#order + 1] = i
          coroutine.yield("mine")
        end
      end)
      assert.equal("mine", routine())
      assert.equal("mine", routine())
      other:wait()
    end)
    assert.same({1, 2, "other"}, order)
  end)

  it("while such a call blocks, the others' answers are not lost", function()
    local results = {}
    run(function()
      for i = 1, 5 do spawn(function() results[i] = g:get_user(1).ok end) end
      sleep(0)   -- they are on the wire
      coroutine.wrap(function()
        for _ = 1, 5 do assert(g:get_org(1).ok) end
      end)()
    end)
    assert.same({true, true, true, true, true}, results)
  end)

  it("such a coroutine may spawn, and wait for what has ended, but for nothing else", function()
    run(function()
      local task
      coroutine.wrap(function()
        task = spawn(function() return "spawned" end)
        assert.matches("only a task can wait for one that has not ended", select(2, pcall(task.wait, task)))
      end)()
      assert.equal("spawned", task:wait())
      coroutine.wrap(function() assert.equal("spawned", task:wait()) end)()
    end)
  end)

  it("such a coroutine may run tasks of its own, which nobody else's task disturbs", function()
    local results = {}
    run(function()
      spawn(function() results.outer = g:get_user(1).status end)
      sleep(0)
      results.inner = coroutine.wrap(function()
        return run(function() return spawn(function() return g:get_org(1).status end):wait() end)
      end)()
    end)
    assert.same({outer = "ok", inner = "ok"}, results)
  end)

  it("inside a function that C calls a call of a task blocks", function()
    run(function()
      local list = {3, 1, 2}
      table.sort(list, function(a, b) return g:get_org(1).ok and a < b end)
      assert.same({1, 2, 3}, list)
      local task = spawn(function() return 1 end)
      local fine, problem
      string.gsub("x", "x", function() fine, problem = pcall(task.wait, task) end)
      assert.is_false(fine)
      assert.matches("inside a function that C calls", problem)
      string.gsub("x", "x", function() sleep(0.001) end)
    end)
  end)

  it("a task that yields by itself fails, and says what to do instead", function()
    run(function()
      local t = spawn(function() coroutine.yield(1) end)
      assert.matches("must not yield by itself.*grafana.sleep%(0%)", select(2, pcall(t.wait, t)))
      assert.is_true(g:get_org(1).ok)
    end)
  end)

  it("generators and wrap work inside tasks", function()
    run(function()
      local names = {}
      for name in coroutine.wrap(function()
        for _, org in ipairs(g:get_orgs().orgs) do coroutine.yield(org.name) end
      end) do names[#names + 1] = name end
      assert.same({"Main Org."}, names)
    end)
  end)
end)

describe("a function as transport", function()
  local function client_of(send, options)
    local all = {transport = send, max_retries = 1, backoff_ms = {20, 20}}
    for name, value in pairs(options or {}) do all[name] = value end
    return grafana.connect("http://grafana.example", {"admin", "admin"}, all)
  end
  local ANSWER = {code = 200, headers = {["Content-Type"] = "application/json"}, body = '{"id": 1, "name": "Acme"}'}

  it("lets the other tasks go on while its call waits for the next attempt", function()
    local order, sent = {}, 0
    local client = client_of(function()
      sent = sent + 1
      if sent == 1 then return {code = 503} end
      return ANSWER
    end, {on_retry = function() order[#order + 1] = "retry" end})
    run(function()
      spawn(function()
        assert.is_true(client:get_org(1).ok)
        order[#order + 1] = "answer"
      end)
      spawn(function()
        sleep(0.001)
        order[#order + 1] = "other"
      end)
    end)
    assert.same({"retry", "other", "answer"}, order)
    client:close()
  end)

  it("may sleep, and use other clients", function()
    local under_way, most = 0, 0
    local client = client_of(function()
      under_way = under_way + 1
      most = math.max(most, under_way)
      sleep(0.01)
      assert.is_true(g:get_org(1).ok)
      under_way = under_way - 1
      return ANSWER
    end)
    assert.is_true(client:get_org(1).ok)   -- its password has been accepted
    run(function()
      for _ = 1, 4 do spawn(function() assert.is_true(client:get_org(1).ok) end) end
    end)
    assert.equal(4, most)
    client:close()
  end)

  it("keeps within its client's window, whoever calls", function()
    local under_way, most = 0, 0
    local client = client_of(function()
      under_way = under_way + 1
      most = math.max(most, under_way)
      sleep(0.002)
      under_way = under_way - 1
      return ANSWER
    end, {concurrency = 2})
    run(function()
      for _ = 1, 10 do spawn(function() assert.is_true(client:get_org(1).ok) end) end
    end)
    assert.equal(2, most)
    client:close()
  end)

  it("serves all that find no room, each once", function()
    local order = {}
    local client = client_of(function(request)
      order[#order + 1] = tonumber(request.url:match("%d+$"))
      sleep(0.002)
      return ANSWER
    end, {concurrency = 1})
    run(function()
      for i = 1, 30 do spawn(client.get_org, client, i) end
    end)
    assert.equal(30, #order)
    table.sort(order)
    for i = 1, 30 do assert.equal(i, order[i]) end
    client:close()
  end)

  it("that waits is ended by a cancel: the operation returns with that reason", function()
    local client = client_of(function()
      sleep(3600)
      return ANSWER
    end)
    run(function()
      local t = spawn(client.get_org, client, 1)
      sleep(0.001)
      t:cancel()
      assert.equal("cancelled", t:wait().reason)
    end)
    client:close()
  end)
end)

-- ------------------------------------------------------------------------------------------------------ being left --

local function collect()
  for _ = 1, 4 do collectgarbage() end
end

nginx.outside(describe)("a run that is left", function()
  it("leaves no task and no call behind, and the clients usable", function()
    server:fault {kind = "stall", path = "^/api/orgs", seconds = 20, times = 0}
    local kept = setmetatable({}, {__mode = "k"})
    local fine, problem = pcall(run, function()
      for _ = 1, 10 do
        kept[spawn(function()
          local mine = {}
          kept[mine] = true
          return g:get_orgs(), mine
        end)] = true
      end
      kept[spawn(sleep, 3600)] = true
      while #server:requests {path = "^/api/orgs"} < 8 do sleep(0.01) end
      error("x:1: interrupted!", 0)   -- as lua.c raises it
    end)
    assert.is_false(fine)
    assert.equal("x:1: interrupted!", problem)
    collect()
    assert.is_nil(next(kept))
    server:clear_faults()
    days.assert_usable(g)
  end)

  it("leaves nothing behind when it has ended well, either", function()
    local kept = setmetatable({}, {__mode = "k"})
    run(function()
      for _ = 1, 10 do
        kept[spawn(function()
          local r = g:get_orgs()
          kept[r] = true
        end)] = true
      end
    end)
    collect()
    assert.is_nil(next(kept))
  end)

  it("closes the to-be-closed variables of its tasks; what they call ends at once", function()
    if not coroutine.close then return end   -- Lua 5.4 has them
    server:fault {kind = "stall", path = "^/api/orgs", seconds = 20, times = 0}
    local closed = {}
    local task = load([[
      local g, closed = ...
      local x <close> = setmetatable({}, {__close = function() closed[#closed + 1] = g:get_user(1).reason end})
      g:get_orgs()
    ]])
    pcall(run, function()
      for _ = 1, 3 do spawn(task, g, closed) end
      sleep(0.01)
      error("interrupted!", 0)
    end)
    assert.same({"cancelled", "cancelled", "cancelled"}, closed)
    assert.equal(0, #server:requests {path = "^/api/users/1"})
  end)

  it("by Ctrl-C ends within a moment: everything is dropped, clients stay usable", function()
    server:fault {kind = "stall", path = "^/api/orgs", seconds = 60, times = 0}
    local text = interrupted.run(server, ([[
      local grafana = require "grafana"
      local g = grafana.connect(%q, {"admin", %q}, {timeout = 50000})
      g:get_current_user()
      local began = os.time()
      print(pcall(grafana.run, function()
        for i = 1, 20 do grafana.spawn(function() print("went on", g:get_orgs()) end) end
        grafana.spawn(grafana.sleep, 3600)
      end))
      print(os.time() - began <= 20, g:get_current_user())]]):format(server.url, days.PASSWORD), 8,
      {path = "^/api/orgs"})
    assert.matches("^false\t.*interrupted!\ntrue\tok: user = ", text)
  end)

  it("by Ctrl-C while all sleep ends as well", function()
    local text = interrupted.run(server, ([[
      local grafana = require "grafana"
      local g = grafana.connect(%q, {"admin", %q})
      print(pcall(grafana.run, function()
        g:get_orgs()
        grafana.spawn(grafana.sleep, 3600)
      end))]]):format(server.url, days.PASSWORD), 1, {path = "^/api/orgs"})
    assert.matches("^false\t.*interrupted!\n$", text)
  end)
end)

describe("memory", function()
  it("is given back under a collector that never rests", function()
    local stress = collectgarbage("setpause", 0)
    local multiplier = collectgarbage("setstepmul", 1000)
    run(function()
      for i = 1, 60 do
        spawn(function()
          local r = i % 3 == 0 and g:get_org(1, {raw = true}) or g:get_user(1)
          collectgarbage("step")
          assert.is_true(r.ok)
          if i % 7 == 0 then spawn(function() return {("x"):rep(i)} end):cancel() end
        end)
        if i % 10 == 0 then sleep(0) end
      end
    end)
    collectgarbage("setpause", stress)
    collectgarbage("setstepmul", multiplier)
  end)

  it("does not grow with errors that somebody was given, nor with sleeps that were cut short, in one run", function()
    local function rounds(n)
      for _ = 1, n do
        local t = spawn(error, "x")
        pcall(t.wait, t)
        local asleep = spawn(sleep, 3600)
        sleep(0)
        asleep:cancel()
        pcall(asleep.wait, asleep)
      end
      collect()
      return collectgarbage("count")
    end
    run(function()
      rounds(100)
      local before = rounds(100)
      local grown = rounds(1000) - before
      assert.is_true(grown < 64, ("Lua's memory grew by %.0f KB"):format(grown))
    end)
  end)

  it("does not grow with runs", function()
    local function rounds(n)
      for _ = 1, n do
        run(function()
          for _ = 1, 5 do spawn(g.get_user, g, 1) end
          spawn(sleep, 0.001):cancel()
          pcall(run, error, "x")
        end)
      end
      collect()
      return collectgarbage("count")
    end
    rounds(20)
    local before = rounds(20)
    local grown = rounds(40) - before
    assert.is_true(grown < 64, ("Lua's memory grew by %.0f KB"):format(grown))
  end)
end)
