-- SPDX-License-Identifier: MIT
-- When a request is sent again, after how long, and how often; deadlines and time limits; redirects. Delays are read
-- from what on_retry is told: no test looks at a clock.

local days = require "spec.support.bad_days"
local nginx = require "spec.support.nginx"

local server

setup(function() server = days.start() end)
teardown(function() server:stop() end)
before_each(function() days.fresh(server) end)

-- A client, and the list that its retries are put into.
local function connect(options)
  local retries = {}
  local all = {on_retry = function(retry) retries[#retries + 1] = retry end}
  for name, value in pairs(options or {}) do all[name] = value end
  return days.connect(server, all), retries
end

-- The delay that a client decides on, without waiting for it: leaves the call from on_retry.
local function delay_decided(options, call)
  local g = days.connect(server, options)
  local told
  rawset(g, "_on_retry", function(retry)
    told = retry
    days.leave_with(retry)
  end)
  local fine, left = pcall(call or function(of) return of:get_org(1) end, g)
  g:close()
  if fine then return nil, left end
  assert.equal("left on purpose", tostring(left))
  return told.delay_ms
end

local function between(least, most, value)
  assert.is_true(value >= least and value <= most, ("%s is not from %s to %s"):format(value, least, most))
end

describe("max_retries", function()
  it("is how often one request is sent again", function()
    for _, most in ipairs {0, 1, 2, 5} do
      server:clear_log()
      local g, retries = connect {max_retries = most}
      server:clear_faults()
      server:fault {kind = "status", code = 503, times = 0}
      local r = g:get_org(1)
      assert.equal("unavailable", r.reason)
      assert.equal(most + 1, r.attempts)
      assert.equal(most + 1, days.arrived(server, "GET"))
      assert.equal(most, #retries)
      g:close()
    end
  end)

  it("is 10 unless given", function()
    local grafana = require "grafana"
    local g = grafana.connect(server.url, {"admin", days.PASSWORD}, {backoff_ms = {1, 1}})
    server:fault {kind = "status", code = 502, times = 0}
    assert.equal(11, g:get_org(1).attempts)
    g:close()
  end)

  it("counts for each request of a call by itself", function()
    server:seed {dashboards = 12}
    server:set {apis = false}
    local g, retries = connect {max_retries = 1}
    for i = 1, 12 do
      server:fault {kind = "status", code = 503, path = ("^/api/dashboards/uid/seed%%-000%02d"):format(i)}
    end
    local r = g:get_org_panels(1)
    assert.equal("ok", r.status)
    assert.is_nil(r.failed)
    assert.equal(12, #retries, "each retry is told, those of one moment too")
    g:close()
  end)

  it("of a call outranks the client's", function()
    local g = connect {max_retries = 5}
    server:fault {kind = "status", code = 503, times = 0}
    assert.equal(1, g:get_org(1, {max_retries = 0}).attempts)
    assert.equal(3, g:get_org(1, {max_retries = 2}).attempts)
    assert.equal(6, g:get_org(1).attempts)
    g:close()
  end)

  it("does not make a POST that may have arrived go out again, however large", function()
    local g, retries = connect {max_retries = 100}
    for _, kind in ipairs {"close", "close_after", "cut", "cut_chunk", "head_cut", "garbage"} do
      server:clear_log()
      server:fault {kind = kind, method = "POST"}
      local r = g:create_org("Name " .. kind)
      assert.equal("cut", r.reason)
      assert.is_true(r.uncertain)
      assert.equal(1, days.arrived(server, "POST"), kind)
    end
    assert.equal(0, #retries)
    g:close()
  end)

  it("sends a POST again that the server refused before looking at it (429)", function()
    local g, retries = connect {max_retries = 5}
    server:fault {kind = "status", code = 429, method = "POST", times = 3}
    local r = g:create_org("Acme")
    assert.equal("ok", r.status)
    assert.equal(4, days.arrived(server, "POST"))
    assert.equal(3, #retries)
    assert.same({"rate-limited", "rate-limited", "rate-limited"},
      {retries[1].reason, retries[2].reason, retries[3].reason})
    g:close()
  end)

  it("sends a POST again that certainly reached nobody", function()
    local g, retries = (function()
      local list = {}
      local options = {max_retries = 3, on_retry = function(retry) list[#list + 1] = retry end}
      return days.connect("http://127.0.0.1:1", options), list
    end)()
    local r = g:create_org("Acme")
    assert.equal("connection-refused", r.status)
    assert.equal(4, r.attempts)
    assert.is_nil(r.uncertain)
    assert.equal(3, #retries)
    assert.equal("connection-refused", retries[1].status)
    g:close()
  end)

  it("does not repeat what a second attempt would meet again", function()
    local g, retries = connect {max_retries = 5, max_body = 10000}
    for _, fault in ipairs {
      {kind = "html"}, {kind = "broken_json"}, {kind = "empty"}, {kind = "big", bytes = 100000},
      {kind = "status", code = 400}, {kind = "status", code = 401}, {kind = "status", code = 403},
      {kind = "status", code = 404}, {kind = "status", code = 409}, {kind = "status", code = 500},
      {kind = "status", code = 501}, {kind = "redirect", location = "https://example.org/"},
    } do
      server:clear_log()
      fault.path = "^/api/orgs/1$"
      server:fault(fault)
      local r = g:get_org(1)
      assert.is_false(r.ok)
      assert.equal(1, days.arrived(server, "GET", "^/api/orgs/1$"), fault.kind)
    end
    assert.equal(0, #retries)
    g:close()
  end)
end)

describe("backoff_ms", function()
  it("grows from the first delay by the multiplier to the largest, with jitter between half and whole", function()
    local g, retries = connect {max_retries = 5, backoff_ms = {16, 100, 2.0}}
    server:fault {kind = "status", code = 503, times = 0}
    g:get_org(1)
    for i, most in ipairs {16, 32, 64, 100, 100} do between(math.floor(most / 2), most, retries[i].delay_ms) end
    g:close()
  end)

  it("has the multiplier 2.0 unless given", function()
    local g, retries = connect {max_retries = 3, backoff_ms = {20, 1000}}
    server:fault {kind = "status", code = 503, times = 0}
    g:get_org(1)
    for i, most in ipairs {20, 40, 80} do between(most / 2, most, retries[i].delay_ms) end
    g:close()
  end)

  it("stays the same with the multiplier 1, and grows fast with a large one", function()
    local g, retries = connect {max_retries = 3, backoff_ms = {10, 1000, 1}}
    server:fault {kind = "status", code = 503, times = 0}
    g:get_org(1)
    for i = 1, 3 do between(5, 10, retries[i].delay_ms) end
    g:close()
    g, retries = connect {max_retries = 3, backoff_ms = {1, 60, 1000}}
    g:get_org(1)
    between(30, 60, retries[2].delay_ms)
    between(30, 60, retries[3].delay_ms)
    g:close()
  end)

  it("is {500, 1000} unless given", function()
    local grafana = require "grafana"
    server:fault {kind = "status", code = 503, times = 0}
    local delay
    local g = grafana.connect(server.url, {"admin", days.PASSWORD}, {on_retry = function(retry)
      delay = retry.delay_ms
      days.leave_with(retry)
    end})
    assert.is_false(pcall(g.get_org, g, 1))
    between(250, 500, delay)
    g:close()
  end)

  it("jitters: many clients do not come back at once", function()
    local delays, distinct = {}, 0
    server:fault {kind = "status", code = 503, times = 0}
    for _ = 1, 12 do
      local delay = delay_decided {backoff_ms = {1000000, 1000000}}
      if not delays[delay] then distinct = distinct + 1 end
      delays[delay] = true
    end
    assert.is_true(distinct >= 11, distinct .. " of 12 delays differ")
  end)

  it("may be 0: at once", function()
    local g, retries = connect {max_retries = 3, backoff_ms = {0, 0}}
    server:fault {kind = "status", code = 503, times = 3}
    assert.equal("ok", g:get_org(1).status)
    assert.equal(0, retries[3].delay_ms)
    g:close()
  end)
end)

describe("Retry-After", function()
  local function asked(headers, code)
    server:clear_faults()
    server:fault {kind = "status", code = code or 429, headers = headers, times = 0}
    return delay_decided {backoff_ms = {8, 8}}
  end

  it("in seconds outranks the back-off", function()
    assert.equal(7000, asked {["Retry-After"] = "7"})
    assert.equal(0, asked {["Retry-After"] = "0"})
    assert.equal(3000, asked({["Retry-After"] = "3"}, 503))
  end)

  it("as a date counts from the answer's own Date, whatever the clock here says", function()
    local date = "Sun, 06 Nov 1994 08:49:37 GMT"
    assert.equal(5000, asked {["Retry-After"] = "Sun, 06 Nov 1994 08:49:42 GMT", Date = date})
    assert.equal(30000, asked {
      ["Retry-After"] = "Tue, 01 Jan 2030 00:00:10 GMT", Date = "Mon, 31 Dec 2029 23:59:40 GMT",
    })
    assert.equal(1000, asked {
      ["Retry-After"] = "Fri, 01 Mar 2024 00:00:00 GMT", Date = "Thu, 29 Feb 2024 23:59:59 GMT",
    })
    assert.equal(0, asked {["Retry-After"] = "Sun, 06 Nov 1994 08:49:30 GMT", Date = date}, "it is over")
  end)

  it("is capped at a minute", function()
    assert.equal(60000, asked {["Retry-After"] = "61"})
    assert.equal(60000, asked {["Retry-After"] = "99999999999999999999999999"})
    assert.equal(60000, asked {
      ["Retry-After"] = "Tue, 01 Jan 2030 00:00:00 GMT", Date = "Mon, 31 Dec 2029 00:00:00 GMT",
    })
  end)

  it("that makes no sense leaves the back-off", function()
    for _, value in ipairs {"", "soon", "-5", "1.5", "5 seconds", "Sun, 99 Foo 1994 08:49:37 GMT", "0x10", "+3"} do
      between(4, 8, asked {["Retry-After"] = value, Date = "Sun, 06 Nov 1994 08:49:37 GMT"})
    end
  end)

  it("is not looked at where nothing is sent again", function()
    server:fault {kind = "status", code = 500, headers = {["Retry-After"] = "1"}}
    local delay, r = delay_decided()
    assert.is_nil(delay)
    assert.equal("server-error", r.reason)
  end)

  it("beyond the deadline ends the call at once, and says why", function()
    server:fault {kind = "status", code = 429, headers = {["Retry-After"] = "30"}, times = 0}
    local g, retries = connect {deadline = 10000}
    local r = g:get_org(1)
    assert.equal("rate-limited", r.reason)
    assert.equal(1, r.attempts)
    assert.equal(0, #retries)
    g:close()
  end)
end)

describe("timeout", function()
  it("limits one request, of the client or of a call", function()
    server:fault {kind = "stall", seconds = 3, times = 0}
    local g = connect {timeout = 60}
    local r = g:get_org(1)
    assert.equal("timeout", r.reason)
    assert.matches("no answer within 60 ms", r.message, 1, true)
    assert.equal(2, r.attempts)
    r = g:get_org(1, {timeout = 70, max_retries = 0})
    assert.matches("no answer within 70 ms", r.message, 1, true)
    assert.equal(1, r.attempts)
    g:close()
  end)

  it("of a write says uncertain", function()
    server:fault {kind = "delay", seconds = 0.5, method = "POST"}
    local g, retries = connect {timeout = 60}
    local r = g:create_org("Late")
    assert.equal("timeout", r.reason)
    assert.is_true(r.uncertain)
    assert.equal(0, #retries)
    assert.equal(1, days.arrived(server, "POST"))
    require("socket").sleep(0.55)
    assert.equal("ok", g:get_org("Late", {timeout = 5000}).status, "it was carried out all the same")
    g:close()
  end)

  it("0 is none", function()
    server:fault {kind = "delay", seconds = 0.1, times = 0}
    local g = connect {timeout = 0, connect_timeout = 0}
    assert.equal("ok", g:get_org(1).status)
    g:close()
  end)

  it("holds while an answer trickles in", function()
    server:fault {kind = "slow", bytes = 1, interval = 0.02, times = 0}
    local g = connect {timeout = 100, max_retries = 0}
    local r = g:get_org(1)
    assert.equal("timeout", r.reason)
    assert.is_nil(r.org)
    g:close()
  end)
end)

describe("deadline", function()
  it("limits a whole call with its retries", function()
    server:fault {kind = "status", code = 503, times = 0}
    local g, retries = connect {max_retries = 1000, backoff_ms = {30, 30}}
    local r = g:get_org(1, {deadline = 200})
    assert.equal("error", r.status)
    assert.is_true(r.reason == "unavailable" or r.reason == "deadline", tostring(r))
    assert.is_true(r.attempts >= 1 and r.attempts <= 16, r.attempts .. " attempts")
    -- The last retry that was told may be due only when the deadline has passed.
    assert.is_true(#retries == r.attempts - 1 or #retries == r.attempts, #retries .. " retries told")
    assert.equal(r.attempts, days.arrived(server, "GET"))
    g:close()
  end)

  it("ends a request under way, with its reason; a write is uncertain", function()
    server:fault {kind = "stall", seconds = 3, times = 0}
    local g = connect {deadline = 80}
    local r = g:get_org(1)
    assert.equal("deadline", r.reason)
    assert.matches("deadline of 80 ms", r.message, 1, true)
    assert.is_nil(r.uncertain)
    for _, call in ipairs {{"create_org", "A"}, {"update_org", 1, "A"}, {"delete_org", 9}} do
      r = g[call[1]](g, days.unpack(call, 2))
      assert.equal("deadline", r.reason)
      assert.is_true(r.uncertain, call[1])
    end
    server:clear_faults()
    assert.equal("ok", g:get_org(1, {deadline = 5000}).status)
    g:close()
  end)

  it("outranks a longer timeout, and may be shorter or longer than the client's", function()
    server:fault {kind = "delay", seconds = 0.4, times = 0}
    local g = connect {deadline = 60, timeout = 5000, max_retries = 0}
    assert.equal("deadline", g:get_org(1).reason)
    assert.equal("ok", g:get_org(1, {deadline = 5000}).status)
    assert.equal("ok", g:get_org(1, {deadline = 0}).status)
    assert.equal("timeout", g:get_org(1, {deadline = 5000, timeout = 60}).reason)
    g:close()
  end)

  it("of a listing gives no half of it", function()
    server:seed {dashboards = 30}
    server:set {apis = false}
    server:fault {kind = "delay", seconds = 0.1, path = "^/api/dashboards", times = 0}
    local g = connect {deadline = 150, concurrency = 4}
    local r = g:get_org_panels(1)
    assert.equal("deadline", r.reason)
    assert.is_nil(r.panels)
    assert.is_nil(r.failed)
    g:close()
  end)
end)

describe("on_retry", function()
  it("is told the operation, the attempt, the delay, the status and the reason; nothing else", function()
    local g, retries = connect {max_retries = 2, backoff_ms = {10, 10}}
    server:fault {kind = "status", code = 503}
    server:fault {kind = "cut"}
    assert.equal("ok", g:get_org(1).status)
    assert.equal(2, #retries)
    for i, reason in ipairs {"unavailable", "cut"} do
      between(5, 10, retries[i].delay_ms)
      retries[i].delay_ms = 10
      assert.same({operation = "get_org", attempt = i, delay_ms = 10, status = "error", reason = reason}, retries[i])
    end
    g:close()
  end)

  it("is not called for what is not sent again", function()
    local g, retries = connect {max_retries = 5}
    server:fault {kind = "status", code = 500, path = "^/api/orgs/1"}
    assert.is_false(g:get_org(1).ok)
    assert.is_true(g:get_org(1).ok)
    assert.equal(0, #retries)
    g:close()
  end)

  it("may use the client itself", function()
    local g
    local inside
    g = days.connect(server, {on_retry = function() inside = g:get_current_org() end})
    server:fault {kind = "status", code = 503, path = "^/api/orgs/1$"}
    assert.equal("ok", g:get_org(1).status)
    assert.equal("Main Org.", inside.org.name)
    g:close()
  end)

  it("is told beside log, which gets a line for each retry and one for the end", function()
    local lines = {}
    local g, retries = connect {max_retries = 2, log = function(line) lines[#lines + 1] = line end}
    server:fault {kind = "status", code = 503, times = 2}
    g:get_org(1)
    assert.equal(2, #retries)
    assert.equal(3, #lines)
    assert.matches("^get_org: attempt 1 failed %(error, unavailable%), again in %d+ ms$", lines[1])
    assert.matches("^get_org: attempt 2 failed", lines[2])
    assert.matches("^get_org: ok", lines[3])
    g:close()
  end)
end)

describe("options of a call", function()
  it("outrank the client's for this call only", function()
    local g = connect {headers = {["X-Team"] = "a", ["X-Other"] = "b"}, max_retries = 0, timeout = 5000}
    g:get_org(1, {headers = {["x-team"] = "c", ["X-New"] = "d"}})
    g:get_org(1)
    local first, second = server:requests()[1].headers, server:requests()[2].headers
    assert.same({"c", "b", "d"}, {first["x-team"], first["x-other"], first["x-new"]})
    assert.equal("a", second["x-team"])
    assert.is_nil(second["x-new"])
    server:fault {kind = "status", code = 503, times = 0}
    assert.equal(3, g:get_org(1, {max_retries = 2}).attempts)
    assert.equal(1, g:get_org(1).attempts)
    g:close()
  end)
end)

describe("a redirect", function()
  local other

  setup(function() other = days.start() end)
  teardown(function() other:stop() end)
  before_each(function() days.fresh(other) end)

  it("of a GET is followed inside the origin, with the credentials", function()
    for _, code in ipairs {301, 302, 303, 307, 308} do
      days.fresh(server)
      local g, retries = connect()
      server:fault {kind = "redirect", code = code, location = "/grafana/api/orgs/1", path = "^/api/orgs/77$"}
      local r = g:get_org(77)
      assert.equal("ok", r.status, tostring(r))
      assert.equal("Main Org.", r.org.name)
      local arrived = server:requests()
      assert.equal(2, #arrived)
      assert.equal("/grafana/api/orgs/1", arrived[2].path)
      assert.equal(arrived[1].headers.authorization, arrived[2].headers.authorization)
      assert.equal(0, #retries)
      g:close()
    end
  end)

  it("may be relative or whole", function()
    local g = connect()
    for _, location in ipairs {"1", "./1", "../orgs/1", server.url .. "/api/orgs/1", "/api/orgs/1?x=1",
      (server.url:gsub("^http", "HTTP")) .. "/api/orgs/1"} do
      server:clear_faults()
      server:fault {kind = "redirect", location = location, path = "^/api/orgs/77$"}
      local r = g:get_org(77)
      assert.is_true(r.ok or r.status == "error", location)
      if location == "1" or location:find("^/") or location:find("^http:") then
        assert.equal("ok", r.status, location .. ": " .. tostring(r))
      end
    end
    g:close()
  end)

  it("that goes round and round ends", function()
    local g = connect()
    server:fault {kind = "redirect", location = "/api/orgs/1", times = 0}
    local r = g:get_org(1)
    assert.equal("redirect", r.reason)
    assert.equal(302, r.code)
    assert.is_true(days.arrived(server, "GET") <= 6, days.arrived(server, "GET") .. " requests")
    server:clear_faults()
    days.assert_usable(g)
    g:close()
  end)

  it("to another origin is refused, and nothing arrives there", function()
    local port = other.url:match(":(%d+)$")
    local elsewhere = {
      other.url .. "/api/orgs/1", "//127.0.0.1:" .. port .. "/api/orgs/1", "http://localhost:" .. port .. "/api/orgs/1",
      "http://admin:admin@127.0.0.1:" .. port .. "/", server.url .. "@127.0.0.1:" .. port .. "/api/orgs/1",
      server.url:gsub("^http", "https") .. "/api/orgs/1", other.tls_url .. "/", "http://[::1]:" .. port .. "/",
      "http:127.0.0.1:" .. port .. "/api", "http:/\\127.0.0.1:" .. port .. "/", "\\\\127.0.0.1:" .. port .. "\\",
      "ftp://127.0.0.1/", "file:///etc/passwd", "javascript:alert(1)", "", server.url .. ".example.org/api/orgs/1",
      server.url .. "0/api/orgs/1", "http:///", "http://",
    }
    for _, location in ipairs(elsewhere) do
      local g = connect {max_retries = 0}
      server:clear_faults()
      server:fault {kind = "redirect", location = location, path = "^/api/orgs/1$", times = 0}
      local r = g:get_org(1)
      assert.is_false(r.ok, location)
      assert.is_true(r.reason == "redirect" or r.reason == "not-grafana" or r.reason == "unsupported" or
        r.status == "not-found", location .. ": " .. tostring(r))
      assert.is_nil(days.leak(r))
      server:clear_faults()
      days.assert_usable(g)
      g:close()
    end
    assert.equal(0, #other:requests(), "nothing goes elsewhere")
    for _, arrival in ipairs(server:requests()) do
      assert.equal("127.0.0.1" .. server.url:match(":%d+$"), arrival.headers.host)
    end
  end)

  it("of a write is refused inside the origin too: one arrival, not uncertain", function()
    local g = connect {max_retries = 5}
    for _, code in ipairs {301, 302, 303, 307, 308} do
      for _, call in ipairs {{"POST", "create_org", "A"}, {"PUT", "update_org", 1, "A"}, {"DELETE", "delete_org", 9},
        {"PATCH", "update_org_user", 1, 1, "Viewer"}} do
        server:clear_log()
        server:clear_faults()
        server:fault {kind = "redirect", code = code, location = "/api/orgs/1", method = call[1], times = 0}
        local r = g[call[2]](g, days.unpack(call, 3))
        assert.equal("redirect", r.reason, tostring(r))
        assert.equal("error", r.status)
        assert.is_nil(r.uncertain)
        assert.equal(1, days.arrived(server, call[1]))
      end
    end
    g:close()
  end)

  it("to a login page is not taken for data", function()
    local g = connect()
    server:fault {kind = "redirect", location = "/login", times = 1}
    local r = g:get_org(1)
    assert.equal("not-grafana", r.reason, tostring(r))
    g:close()
  end)

  it("to a place with a control character or a space in it is refused", function()
    local g = connect {max_retries = 0}
    for _, location in ipairs {"/api/orgs/1\1", "/api/orgs/1\127", "/api/ orgs/1", "/api\torgs/1", "/\\127.0.0.1:1/"} do
      local body = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " .. location .. "\r\n\r\n"
      server:fault {kind = "garbage", body = body}
      local reason = g:get_org(1).reason
      -- The reader used inside nginx takes no control character from anybody.
      local is_refused_at_once = nginx.inside and location:find("[\1\127]")
      assert.equal(is_refused_at_once and "cut" or "redirect", reason, location)
    end
    assert.equal(5, #server:requests())
    g:close()
  end)

  it("without a place to go to is refused", function()
    local g = connect()
    server:fault {kind = "status", code = 302, body = "", times = 1}
    assert.equal("redirect", g:get_org(1).reason)
    server:fault {kind = "status", code = 304, body = "", times = 1}
    assert.equal("redirect", g:get_org(1).reason)
    g:close()
  end)
end)
