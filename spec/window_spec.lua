-- SPDX-License-Identifier: MIT
-- Servers that have too much to do: what they refuse arrives all the same, once; fewer requests are on the wire until
-- they have recovered; a Retry-After is waited for by all. No test looks at a clock: what was on the wire is read from
-- what the stand-in had to do at once.

local grafana = require "grafana"
local days = require "spec.support.bad_days"

local server

-- A server that reads dashboards one by one.
setup(function() server = days.start("9.3.2") end)
teardown(function() server:stop() end)
before_each(function() days.fresh(server) end)

local READS = "^/api/dashboards/uid/"

-- A client whose password has been accepted, so that it may use its whole window.
local function connect(options)
  local all = {max_retries = 20, backoff_ms = {1, 2}, concurrency = 8}
  for name, value in pairs(options or {}) do all[name] = value end
  local g = days.connect(server, all)
  assert.equal("ok", g:get_org(1).status)
  server:clear_log()
  return g
end

-- Several calls of one client at once: rows of an operation and its arguments; their results.
local function at_once(g, rows)
  return grafana.gather(g, rows, {concurrency = #rows})
end

local function refuse(options)
  options.kind, options.code = "status", options.code or 429
  options.headers = options.after and {["Retry-After"] = tostring(options.after)}
  options.after = nil
  server:fault(options)
end

-- Each answer takes a moment: so many are being answered at once as are on the wire.
local function hold(seconds)
  server:fault {kind = "delay", seconds = seconds, times = 0}
end

-- How many requests there were at once whenever a dashboard was read, in order; and the places of those refused.
local function reads_at_once()
  local there, refused = {}, {}
  for i, entry in ipairs(server:requests {path = READS}) do
    there[i] = entry.at_once
    if entry.fault and entry.fault ~= "delay" then refused[#refused + 1] = i end
  end
  return there, refused
end

local function greatest(list, first, last)
  return math.max(days.unpack(list, first, last))
end

local function least(list, first, last)
  return math.min(days.unpack(list, first, last))
end

-- All panels are there, in order, and each dashboard was given out once; the number of refusals.
local function assert_all_once(r, count)
  assert.equal("ok", r.status, tostring(r))
  assert.is_nil(r.failed)
  assert.equal(2 * count, #r.panels)
  local given, seen, refusals = 0, {}, 0
  for _, entry in ipairs(server:requests {path = READS}) do
    if entry.fault and entry.fault ~= "delay" then
      refusals = refusals + 1
    else
      assert.is_nil(seen[entry.path], "given out twice: " .. entry.path)
      seen[entry.path], given = true, given + 1
    end
  end
  assert.equal(count, given)
  for i, panel in ipairs(r.panels) do assert.equal(("seed-%05d"):format(math.ceil(i / 2)), panel.ds_id) end
  return refusals
end

-- Dashboards of two panels each.
local function seed(count)
  server:seed {dashboards = count, bytes = 600}
end

describe("a server that refuses each tenth request", function()
  it("gives all dashboards, each once", function()
    seed(300)
    for _, code in ipairs {429, 503} do
      local g = connect()
      refuse {every = 10, code = code}
      local r = g:get_org_panels(1)
      server:clear_faults()
      assert.equal(33, assert_all_once(r, 300))
      g:close()
    end
  end)

  it("is asked less, and as much as before when it has recovered", function()
    seed(150)
    local g = connect()
    refuse {every = 10, times = 3, path = READS}
    hold(0.03)
    local r = g:get_org_panels(1)
    assert.equal(3, assert_all_once(r, 150))
    local there, refused = reads_at_once()
    assert.same({10, 20, 30}, refused)
    assert.equal(8, greatest(there))
    assert.equal(8, greatest(there, 1, 9), "the whole window at first")
    assert.is_true(least(there, 10, 60) <= 4, "half of it, or less")
    assert.equal(8, greatest(there, 100, 150), "the whole window in the end")
    g:close()
  end)

  it("is asked by nobody until the time that it names", function()
    seed(40)
    local g = connect {on_retry = function(retry) assert.equal(1000, retry.delay_ms) end}
    refuse {skip = 20, after = 1, path = READS}
    hold(0.03)
    local r = g:get_org_panels(1)
    assert.equal(1, assert_all_once(r, 40))
    local there, refused = reads_at_once()
    assert.same({21}, refused)
    local first = 22   -- after the pause: alone again, then not more than half of the window
    while there[first] and there[first] > 1 do first = first + 1 end
    assert.equal(1, there[first])
    assert.equal(4, greatest(there, first, first + 4))
    g:close()
  end)

  it("is given each write, and carries each out once", function()
    local g = connect()
    refuse {every = 10, method = "POST"}
    local rows = {}
    for i = 1, 50 do rows[i] = {"create_org", "Org " .. i} end
    for _, r in ipairs(at_once(g, rows)) do assert.equal("ok", r.status, tostring(r)) end
    server:clear_faults()
    assert.equal(55, days.arrived(server, "POST"), "each refusal is sent again, once")
    assert.equal(51, #g:get_orgs().orgs)
    g:close()
  end)

  it("is given each write after the time that it names", function()
    local g = connect()
    refuse {every = 10, times = 2, after = 1, method = "POST"}
    local rows = {}
    for i = 1, 30 do rows[i] = {"create_org", "Org " .. i} end
    for _, r in ipairs(at_once(g, rows)) do assert.equal("ok", r.status, tostring(r)) end
    assert.equal(32, days.arrived(server, "POST"))
    assert.equal(31, #g:get_orgs().orgs)
    g:close()
  end)
end)

it("two clients and a hundred tasks share a server that refuses each tenth request", function()
  local clients, made = {connect {concurrency = 4}, connect {concurrency = 6}}, 0
  refuse {every = 10, path = "^/api/orgs"}
  hold(0.005)
  local function work(i)
    local g = clients[i % 2 + 1]
    local r = g:create_org("Org " .. i)
    assert.equal("ok", r.status, tostring(r))
    assert.equal("Org " .. i, g:get_org(r.id).org.name)
    made = made + 1
  end
  grafana.run(function()
    for i = 1, 100 do grafana.spawn(work, i) end
  end)
  server:clear_faults()
  assert.equal(100, made)
  assert.equal(222, days.arrived(server, nil, "^/api/orgs"))   -- 22 of them refused, and sent again once
  assert.is_true(server:most_at_once() <= 10)
  assert.equal(101, #clients[1]:get_orgs().orgs)
  for _, g in ipairs(clients) do g:close() end
end)

describe("a server that takes so many requests in a time", function()
  it("gives all dashboards, each once", function()
    seed(100)
    local g = connect {max_retries = 1000, backoff_ms = {20, 50}}
    server:fault {kind = "rate", limit = 20, seconds = 0.1, path = READS}
    assert.is_true(assert_all_once(g:get_org_panels(1), 100) > 0)
    g:close()
  end)

  it("is asked again when it says", function()
    seed(60)
    local g = connect {max_retries = 2}
    server:fault {kind = "rate", limit = 40, seconds = 1, retry_after = 1, path = READS}
    local refusals = assert_all_once(g:get_org_panels(1), 60)
    assert.is_true(refusals >= 1 and refusals <= 16, refusals .. " refusals")
    g:close()
  end)
end)

describe("a pause that a server has asked for", function()
  -- A write that is not repeated, so that the call returns at once.
  local function pause(g, seconds)
    refuse {code = 503, after = seconds, method = "POST"}
    local r = g:create_org("New")
    assert.same({"unavailable", 1}, {r.reason, r.attempts})
    server:clear_log()
  end

  it("holds new calls, too", function()
    local g = connect()
    pause(g, 30)
    local r = g:get_org(1, {deadline = 100})
    assert.same({"error", "deadline"}, {r.status, r.reason})
    assert.truthy(r.message:find("pause", 1, true))
    assert.equal(0, days.arrived(server))
    g:close()
  end)

  it("wakes all who wait for it, and lets no more go than there is room for", function()
    local g = connect {concurrency = 4, max_retries = 0}
    server:clear_log()
    local rows = {}
    for i = 1, 30 do rows[i] = {"get_org", 1} end
    pause(g, 1)
    hold(0.02)
    local results = at_once(g, rows)
    for _, r in ipairs(results) do assert.equal("ok", r.status, tostring(r)) end
    assert.equal(30, days.arrived(server))
    assert.is_true(server:most_at_once() <= 4)
    g:close()
  end)

  it("is waited for by those whose requests a function carries, too", function()
    local function send(request)
      local path = request.url:sub(#server.url + 1)
      local code, body, headers = server:http(request.method, path, {headers = request.headers, body = request.body})
      return {code = code, headers = headers, body = body}
    end
    local g = connect {transport = send, max_retries = 0}
    pause(g, 1)
    local rows = {}
    for i = 1, 10 do rows[i] = {"get_org", 1, {deadline = i <= 5 and 200 or 0}} end
    local reasons = {}
    for i, r in ipairs(at_once(g, rows)) do reasons[i] = r.reason or r.status end
    assert.same({"deadline", "deadline", "deadline", "deadline", "deadline", "ok", "ok", "ok", "ok", "ok"}, reasons)
    assert.equal(5, days.arrived(server))
    g:close()
  end)

  it("is no time in which a task cannot be cancelled", function()
    local g = connect()
    pause(g, 30)
    local r = grafana.run(function()
      local task = grafana.spawn(function() return g:get_org(1) end)
      grafana.sleep(0.02)
      task:cancel()
      return task:wait()
    end)
    assert.equal("cancelled", r.reason)
    assert.equal(0, days.arrived(server))
    g:close()
  end)

  it("does not concern another client", function()
    local g, other = connect(), connect()
    pause(g, 30)
    assert.equal("ok", other:get_org(1).status)
    other:close()
    g:close()
  end)

  it("ends with the client", function()
    local g
    g = connect {on_retry = function() g:close() end}
    refuse {after = 30, path = "^/api/orgs/1$"}
    local r = g:get_org(1)
    assert.equal("closed", r.reason)
    assert.equal(1, days.arrived(server))
  end)
end)

it("windows are not shared by clients", function()
  seed(60)
  local other, told = connect(), nil
  local g = connect {on_retry = function()
    if told then return end
    server:clear_log()
    hold(0.03)
    told = other:get_org_panels(1)
    server:clear_faults()
  end}
  refuse {after = 1, path = READS}
  local r = g:get_org_panels(1)
  assert.same({120, 120}, {#r.panels, #told.panels})
  assert.equal(8, greatest((reads_at_once())))
  g:close()
  other:close()
end)
