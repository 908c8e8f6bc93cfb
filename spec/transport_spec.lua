-- SPDX-License-Identifier: MIT
-- A function as transport: what it is given, what may come back, what is made of it, and that neither an error nor a
-- coroutine that is left alone harms the client.

package.path = "./?.lua;./?/init.lua;" .. package.path   -- 5.1 and LuaJIT do not look for ./?/init.lua

local days = require "spec.support.bad_days"
local nginx = require "spec.support.nginx"
local grafana = require "grafana"
local transport = require "grafana.transport"

local by_sockets = dofile("examples/socket_transport.lua")

local URL = "http://grafana.test/below"
local ADMIN = {"admin", days.PASSWORD}

local function json(body, code)
  return {code = code or 200, headers = {["Content-Type"] = "application/json"}, body = body}
end

local ORG = json('{"id":1,"name":"Main Org."}')
local MADE = json('{"orgId":2,"message":"Organization created"}')

-- A client whose transport answers by `answer(request, number)`; the requests are put into the list that comes second.
local function connect(answer, options, credentials)
  local requests, all = {}, {backoff_ms = {1, 1}}
  for name, value in pairs(options or {}) do all[name] = value end
  all.transport = function(request)
    requests[#requests + 1] = request
    return answer(request, #requests)
  end
  return grafana.connect(URL, credentials or ADMIN, all), requests
end

-- The one that returns the same, whatever is asked.
local function always(...)
  local values, n = {...}, select("#", ...)
  return function() return days.unpack(values, 1, n) end
end

describe("the function", function()
  it("gets the request as a table: method, url, headers by name, limits", function()
    local g, requests = connect(always(ORG), {timeout = 700, connect_timeout = 300, headers = {["X-Scope"] = "a"}})
    assert.is_true(g:get_org(1).ok)
    local request = requests[1]
    assert.equal("GET", request.method)
    assert.equal(URL .. "/api/orgs/1", request.url)
    assert.equal("Basic " .. days.SECRETS[2], request.headers.Authorization)
    assert.equal("application/json", request.headers.Accept)
    assert.equal("a", request.headers["X-Scope"])
    assert.equal(700, request.timeout)
    assert.equal(300, request.connect_timeout)
    assert.is_nil(request.body)
    for name in pairs(request) do
      assert.is_truthy(("method url headers timeout connect_timeout"):find(name, 1, true), name)
    end
  end)

  it("gets the body as a string, for methods that have one if only an empty one", function()
    local g, requests = connect(always(MADE))
    assert.equal(2, g:create_org("Acme").id)
    assert.equal('{"name":"Acme"}', requests[1].body)
    assert.equal("application/json", requests[1].headers["Content-Type"])
    g:request("POST", "/api/anything")
    assert.equal("", requests[2].body)
    g:request("DELETE", "/api/anything")
    assert.is_nil(requests[3].body)
  end)

  it("gets no limit where there is none, so that no library takes 0 for at once", function()
    local g, requests = connect(always(ORG), {timeout = 0, connect_timeout = 0})
    g:get_org(1)
    assert.is_nil(requests[1].timeout)
    assert.is_nil(requests[1].connect_timeout)
    assert.matches("^error %(timeout%): no answer in time ", tostring(
      connect(always(nil, "timeout"), {timeout = 0, max_retries = 0}):get_org(1)))
  end)

  it("gets no more time than is left until the deadline", function()
    local g, requests = connect(always(ORG), {timeout = 5000, connect_timeout = 4000, deadline = 100})
    g:get_org(1)
    assert.is_true(requests[1].timeout <= 100 and requests[1].connect_timeout <= 100)
  end)

  it("gets a table of its own each time, to do with as it likes", function()
    local g, requests = connect(function(request, n)
      for name in pairs(request.headers) do request.headers[name] = nil end
      request.method, request.url = "TRACE", "nowhere"
      return n == 1 and json("{}", 503) or ORG
    end)
    assert.is_true(g:get_org(1).ok)
    assert.equal(2, #requests)
  end)

  it("carries names percent-encoded as the core made them", function()
    local g, requests = connect(always(ORG))
    g:get_org("a/b?c#d%ü")
    assert.equal(URL .. "/api/orgs/name/a%2Fb%3Fc%23d%25%C3%BC", requests[1].url)
  end)
end)

describe("an answer", function()
  local function made_of(answer)
    return connect(always(answer), {max_retries = 0}):get_org(1)
  end

  it("is code, headers and body; headers and fields that are not known do not matter", function()
    assert.equal("Main Org.", made_of(ORG).org.name)
    assert.is_true(made_of({code = 200, headers = {["CONTENT-type"] = "application/json", ["X-Number"] = 5},
      body = ORG.body, status = "200 OK", reader = print}).ok)
    assert.is_true(made_of({code = 200, body = ORG.body}).ok)
    assert.is_true(made_of({code = 200.0, headers = {}, body = ORG.body}).ok)
  end)

  it("may have headers as an array of pairs, and arrays of values", function()
    local g = connect(always {code = 200, body = "{}",
      headers = {{"Content-Type", "application/json"}, {"X-A", "1"}, {"X-A", "2"}, ["X-B"] = {"3", "4"}, ["X-C"] = {}}})
    local headers = g:request("GET", "/api/x").headers
    local seen = {}
    for name, value in pairs(headers) do
      seen[name:lower()] = type(value) == "table" and table.concat(value, ", ") or value
    end
    assert.same({["content-type"] = "application/json", ["x-a"] = "1, 2", ["x-b"] = "3, 4"}, seen)
  end)

  it("sets each of several cookies", function()
    local login = json("{}")
    login.headers["Set-Cookie"] = {"grafana_session=abc; Path=/; HttpOnly", "grafana_session_expiry=1; Path=/"}
    local g, requests = connect(function(request) return request.url:find("/login$") and login or ORG end,
      {auth_method = "regular-login"})
    assert.is_true(g:get_org(1).ok)
    assert.equal("grafana_session=abc; grafana_session_expiry=1", requests[2].headers.Cookie)
  end)

  it("without a body is an empty one", function()
    assert.equal("invalid-json", made_of({code = 200}).reason)
    assert.is_true(connect(always {code = 204}):delete_org(5).ok)
  end)

  it("is cut when it is shorter than it says, unless that length is of something compressed", function()
    local headers = {["Content-Type"] = "application/json", ["Content-Length"] = 1000}
    assert.equal("cut", made_of({code = 200, headers = headers, body = ORG.body}).reason)
    headers["Content-Encoding"] = "gzip"
    assert.is_true(made_of({code = 200, headers = headers, body = ORG.body}).ok)
  end)

  it("is no larger than the client takes", function()
    assert.equal("too-large", connect(always(ORG), {max_body = 10}):get_org(1).reason)
    local many = {}
    for i = 1, 2000 do many["X-" .. i] = "v" end
    assert.equal("too-large", made_of({code = 200, headers = many, body = "[]"}).reason)
    assert.equal("too-large", made_of({code = 200, headers = {["Content-Length"] = "99999999999"}, body = "[]"}).reason)
  end)

  it("of any code is judged as from any transport", function()
    assert.equal("redirect", made_of({code = 302, headers = {Location = "http://elsewhere.test/"}}).reason)
    local page = {code = 200, headers = {["Content-Type"] = "text/html"}, body = "<html>"}
    assert.equal("not-grafana", made_of(page).reason)
    assert.equal("unavailable", made_of({code = 502}).reason)
    assert.equal("not-grafana", made_of({code = 101}).reason)
    assert.equal("access-denied", made_of(json('{"message":"no"}', 401)).status)
  end)

  it("that redirects a GET is followed within the origin", function()
    local g, requests = connect(function(_, n)
      return n == 1 and {code = 307, headers = {location = "/below/api/other"}} or ORG
    end)
    assert.is_true(g:get_org(1).ok)
    assert.equal(URL .. "/api/other", requests[2].url)
  end)
end)

describe("a reason", function()
  local function failed(...)
    return connect(always(nil, ...), {max_retries = 0}):get_org(1)
  end

  it("is one of a few words, or said as it is", function()
    local rows = {
      {"timeout", "error", "timeout", "^no answer within 5000 ms$"},
      {"unknown-host", "unknown-host", nil, "^there is no such host: http://grafana.test/below$"},
      {"host not found", "unknown-host"}, {"host or service not provided, or not known", "unknown-host"},
      {"refused", "connection-refused", nil, "^nobody listens at http://grafana.test/below$"},
      {"connection refused", "connection-refused"}, {"Connection refused", "connection-refused"},
      {"tls", "error", "tls", "^no secure connection to http://grafana.test/below$"},
      {"tls: the certificate has expired", "error", "tls", "below %(the certificate has expired%)$"},
      {"cut", "error", "cut"}, {"closed", "error", "cut"}, {"connection reset by peer", "error", "cut"},
      {"cut: after 5 bytes", "error", "cut", "%(after 5 bytes%)$"},
      {"timeout:", "error", "timeout"},
      {"the moon is full", "error", nil, "^the request failed: http://grafana.test/below %(the moon is full%)$"},
      {"odd: timeout", "error", nil, "%(odd: timeout%)$"},
    }
    for _, row in ipairs(rows) do
      local r = failed(row[1])
      assert.equal(row[2], r.status, row[1])
      assert.equal(row[3], r.reason, row[1])
      if row[4] then assert.matches(row[4], r.message) end
      assert.equal(1, r.attempts)
    end
    assert.equal("connection-refused", connect(always(false, "refused"), {max_retries = 0}):get_org(1).status)
  end)

  it("is told without what would upset a terminal, and in part where it is long", function()
    local r = failed("a\nb\27[31mc\127d")
    assert.matches("(a b [31mc d)", r.message, 1, true)
    r = failed(("ü"):rep(100))
    assert.matches("(" .. ("ü"):rep(60) .. ")", r.message, 1, true)
  end)

  it("shows no secret, whole or cut", function()
    for _, secret in ipairs {days.PASSWORD, "Basic " .. days.SECRETS[2]} do
      for before = 80, 125 do
        local r = failed(("x"):rep(before) .. secret .. " and more")
        local shown = secret:gsub("^Basic ", "")
        assert.is_nil(days.leak(r, {shown, shown:sub(1, 4)}), before .. " before it: " .. r.message)
      end
    end
    local g = connect(function(request) return nil, "could not send " .. request.body end)
    for before = 1, 110 do
      local r = g:create_user {login = ("y"):rep(before), password = "quite-another"}
      assert.is_nil(days.leak(r, {"quit", "another"}), before .. " before it: " .. r.message)
    end
  end)

  it("of a write says whether it may have arrived: if so it is not sent again", function()
    local rows = {   -- reason, sent, how often it is sent, uncertain
      {"timeout", nil, 1, true}, {"cut", nil, 1, true}, {"odd", nil, 1, true}, {"timeout", true, 1, true},
      {"refused", true, 1, true},
      {"timeout", false, 4, nil}, {"cut", false, 4, nil}, {"odd", false, 4, nil},
      {"refused", nil, 4, nil}, {"unknown-host", nil, 4, nil},
      {"tls", nil, 1, nil}, {"tls", true, 1, true},   -- a second attempt would meet the same
    }
    for i, row in ipairs(rows) do
      local g, requests = connect(always(nil, row[1], row[2]), {max_retries = 3})
      local r = g:create_org("Acme")
      assert.is_false(r.ok)
      assert.equal(row[3], #requests, "row " .. i)
      assert.equal(row[4], r.uncertain, "row " .. i)
    end
  end)

  it("of a read leads to another attempt, but for tls", function()
    for reason, count in pairs {timeout = 3, cut = 3, odd = 3, refused = 3, tls = 1} do
      local g, requests = connect(always(nil, reason), {max_retries = 2})
      g:get_org(1)
      assert.equal(count, #requests, reason)
    end
  end)

  it("is there for every way in which the core knows a request to end", function()
    local known = {timeout = true, ["unknown-host"] = true, refused = true, tls = true, cut = true}
    for word, how in pairs(transport.REASONS) do
      assert.is_true(known[how], word)
      assert.equal(word:lower(), word)
    end
    for how in pairs(known) do assert.equal(how, transport.REASONS[how]) end
  end)
end)

describe("what the function raises", function()
  it("goes up to the caller as it is, and the client stays usable", function()
    local object = setmetatable({}, {__tostring = function() return "an error of one's own" end})
    for _, raised in ipairs {"plain", object, 5, true} do
      local g, requests = connect(function(_, n)
        if n == 1 then error(raised, 0) end
        return ORG
      end)
      local fine, problem = pcall(g.get_org, g, 1)
      assert.is_false(fine)
      assert.is_true(rawequal(raised, problem))
      assert.is_true(g:get_org(1).ok)
      assert.equal(2, #requests)
    end
  end)

  it("breaks off a call of many requests at any of them", function()
    local hits = json('[{"uid":"a","title":"A","url":"/d/a"},{"uid":"b","title":"B","url":"/d/b"}]')
    for bad = 1, 3 do
      local armed = true
      local g, requests = connect(function(request, n)
        if armed and n == bad then error("stop", 0) end
        if request.url:find("/api/search") then return request.url:find("page=1") and hits or json("[]") end
        return json('{"dashboard":{"title":"A","panels":[]},"meta":{}}')
      end)
      assert.same({false, "stop"}, {pcall(g.get_org_dashboards, g, 1)})
      armed = false
      assert.equal(bad, #requests)
      assert.is_true(g:get_org_dashboards(1).ok)
    end
  end)
end)

describe("what makes no sense", function()
  local NONSENSE = {
    {{5}, "returned number %(table, or nil and a reason, expected%)"},
    {{"closed"}, "returned string"},
    {{true}, "returned boolean"},
    {{}, "nil without a reason %(string expected, got nil%)"},
    {{nil, 5}, "nil without a reason %(string expected, got number%)"},
    {{nil, ""}, "nil without a reason %(string expected, got an empty one%)"},
    {{nil, "timeout", "yes"}, "whether it was sent, a string %(boolean expected%)"},
    {{{}}, "'code' is no HTTP status %(integer from 100 to 999 expected, got nil%)"},
    {{{code = "200"}}, "got string"},
    {{{code = 200.5}}, "got 200.5"},
    {{{code = 0}}, "got 0"}, {{{code = 1000}}, "got 1000"}, {{{code = 0 / 0}}, "'code'"},
    {{{code = 200, body = 5}}, "'body' is wrong %(string expected, got number%)"},
    {{{code = 200, body = {"[]"}}}, "'body' is wrong %(string expected, got table%)"},
    {{{code = 200, headers = "a: b"}}, "'headers' is wrong %(table expected, got string%)"},
    {{{code = 200, headers = {a = true}}}, "the header 'a' with a wrong value .*got boolean"},
    {{{code = 200, headers = {a = {"b", {}}}}}, "the header 'a' with a wrong value .*got table"},
    {{{code = 200, headers = {"a: b"}}}, "array of headers whose item 1 is wrong"},
    {{{code = 200, headers = {{"a", "b"}, {"c"}}}}, "the header 'c' with a wrong value .*got nil"},
    {{{code = 200, headers = {{5, "b"}}}}, "a header whose name is no string: got number"},
    {{{code = 200, headers = {[true] = "b"}}}, "a header whose name is no string: got boolean"},
    {{{code = 200, headers = {[3] = "b"}}}, "a header whose name is no string: got number"},
  }

  it("is raised, naming the function and what is wrong; nothing of it is taken", function()
    local answer
    local g, requests = connect(function() return answer() end)
    for i, case in ipairs(NONSENSE) do
      answer = always(days.unpack(case[1], 1, 3))
      local fine, problem = pcall(g.get_org, g, 1)
      assert.is_false(fine, "case " .. i)
      assert.matches("^grafana: the transport function %(.*transport_spec%.lua:%d+%) returned ", problem)
      assert.matches(case[2], problem, 1)
      answer = always(ORG)
      assert.is_true(g:get_org(1).ok)
    end
    assert.equal(2 * #NONSENSE, #requests)
  end)

  it("is raised of a function in C too", function()
    local g = grafana.connect(URL, ADMIN, {transport = type})
    assert.has_error(function() g:get_org(1) end,
      "grafana: the transport function returned string (table, or nil and a reason, expected)")
  end)

  it("shows no value: it may be secret", function()
    for _, answer in ipairs {days.PASSWORD, {code = days.PASSWORD}, {code = 200, headers = days.PASSWORD},
      {code = 200, headers = {a = {{days.PASSWORD}}}}, {code = 200, body = {days.PASSWORD}}} do
      local _, problem = pcall(function() return connect(always(answer)):get_org(1) end)
      assert.is_nil(days.leak(problem), problem)
    end
  end)
end)

describe("waiting", function()
  it("is done by the option sleep, where there is one, in small parts", function()
    local slept = 0
    local g = connect(function(_, n) return n < 4 and json("{}", 503) or ORG end,
      {backoff_ms = {250, 250, 1}, sleep = function(seconds)
        assert.is_true(seconds > 0 and seconds <= 0.1)
        slept = slept + 1
        require("grafana.core").sleep(seconds * 1000)
      end})
    assert.is_true(g:get_org(1).ok)
    assert.is_true(slept >= 3, "three delays between a half and a whole of 250 ms")
  end)

  it("needs no libcurl, and neither does anything else", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write [[
      local n, lines = 0, {}
      local g = require("grafana").connect("http://x.test", {"a", "b"}, {backoff_ms = {20, 20},
        log = function(line) lines[#lines + 1] = line end, transport = function()
          n = n + 1
          if n == 1 then return nil, "timeout" end
          return {code = 200, body = '{"id":1}'}
        end})
      print(g:get_org(1).ok, n, package.loaded["grafana.curl"], #lines)]]
    file:close()
    local pipe = assert(io.popen(("%s %s 2>&1"):format(os.getenv("GRAFANA_LUA") or "lua5.4", path)))
    local output = pipe:read("*a")
    pipe:close()
    os.remove(path)
    assert.equal("true\t2\tnil\t2\n", output)
  end)

  it("calls on_retry, and ends at the deadline", function()
    local told = {}
    local g = connect(always(nil, "timeout"), {backoff_ms = {20, 20, 1}, deadline = 150, max_retries = 1000,
      on_retry = function(retry) told[#told + 1] = retry end})
    local r = g:get_org(1)
    assert.is_true(r.reason == "deadline" or r.reason == "timeout", tostring(r))
    assert.is_true(#told >= 1 and #told < 20)
    assert.equal("get_org", told[1].operation)
    assert.equal("timeout", told[1].reason)
  end)

  it("is broken off by what sleep raises", function()
    local g = connect(function(_, n) return n == 1 and json("{}", 503) or ORG end,
      {backoff_ms = {100, 100}, sleep = function() error({"mine"}) end})
    local fine, problem = pcall(g.get_org, g, 1)
    assert.is_false(fine)
    assert.same({"mine"}, problem)
    assert.is_true(g:get_org(1).ok)
  end)

  nginx.outside(it)("stops within a moment at a real Ctrl-C", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write(([[
      local n = 0
      local g = require("grafana").connect("http://x.test", {"a", "b"}, {backoff_ms = {20000, 20000},
        transport = function()
          n = n + 1
          if n == 1 then io.open(%q, "w"):close() end
          if n == 1 then return nil, "timeout" end
          return {code = 200, body = '{"id":1}'}
        end})
      local began = os.time()
      print(pcall(g.get_org, g, 1))
      print(os.time() - began <= 5, g:get_org(1).ok)]]):format(path .. ".sent"))
    file:close()
    os.execute(("%s %s >%s.out 2>&1 & echo $! >%s.pid"):format(os.getenv("GRAFANA_LUA") or "lua5.4", path, path, path))
    os.execute(([[
      for i in $(seq 200); do [ -e %s.sent ] && break; sleep 0.05; done; sleep 0.1
      pid=$(cat %s.pid); kill -INT $pid
      for i in $(seq 200); do kill -0 $pid 2>/dev/null || break; sleep 0.05; done]]):format(path, path))
    local text = io.open(path .. ".out"):read("*a")
    os.execute(("rm -f %s %s.out %s.pid %s.sent"):format(path, path, path, path))
    assert.matches("^false\t.*interrupted!", text)
    assert.matches("true\ttrue\n$", text)
  end)
end)

describe("a function that yields", function()
  local YIELDS = function(answer)
    return function(...)
      coroutine.yield("sent")
      return answer(...)
    end
  end

  -- A scheduler: runs the functions in turn until all have ended; how often each was resumed is no matter.
  local function side_by_side(...)
    local threads, left = {...}, select("#", ...)
    for i = 1, left do threads[i] = coroutine.create(threads[i]) end
    while left > 0 do
      for i, thread in pairs(threads) do
        assert(coroutine.resume(thread))
        if coroutine.status(thread) == "dead" then threads[i], left = nil, left - 1 end
      end
    end
  end

  local function naps() coroutine.yield("nap") end

  it("goes on where it was", function()
    local g = connect(YIELDS(always(ORG)))
    local thread = coroutine.wrap(function() return g:get_org(1) end)
    assert.equal("sent", thread())
    collectgarbage()
    assert.is_true(thread().ok)
  end)

  it("may be used by several coroutines at once, as far as the client's concurrency goes", function()
    local most, running = 0, 0
    local g = connect(function()
      running = running + 1
      most = math.max(most, running)
      coroutine.yield()
      running = running - 1
      return ORG
    end, {concurrency = 3, sleep = naps})
    local ok, works = 0, {}
    for i = 1, 10 do works[i] = function() if g:get_org(1).ok then ok = ok + 1 end end end
    side_by_side(days.unpack(works))
    assert.equal(10, ok)
    assert.equal(3, most)
  end)

  it("is not used by two before the password has been accepted once", function()
    local most, running = 0, 0
    local g = connect(function()
      running = running + 1
      most = math.max(most, running)
      coroutine.yield()
      running = running - 1
      return json('{"message":"no"}', 401)
    end, {sleep = naps})
    local denied = 0
    local function work() if g:get_org(1).status == "access-denied" then denied = denied + 1 end end
    side_by_side(work, work, work, work, work, work)
    assert.equal(6, denied)
    assert.equal(1, most)
  end)

  it("cannot be waited for without yielding: that raises, and says what to do", function()
    if require("grafana.nginx").inside then return end   -- there waiting yields
    local g = connect(YIELDS(always(ORG)))
    local thread = coroutine.wrap(function() return g:get_org(1) end)
    thread()
    local fine, problem = pcall(g.get_org, g, 1)
    assert.is_false(fine)
    assert.matches("^grafana: the call waits for another one .*option sleep", problem)
    assert.is_true(thread().ok)
    assert.equal("sent", coroutine.wrap(function() return g:get_org(1) end)())
  end)

  it("gives its place back when its coroutine is forgotten", function()
    for _, options in ipairs {{}, {sleep = function() end}} do
      local armed = true
      local g = connect(function()
        if armed then coroutine.yield("sent") end
        return ORG
      end, options)
      local thread = coroutine.wrap(function() return g:get_org(1) end)
      assert.equal("sent", thread())
      thread, armed = nil, false
      assert.is_nil(thread)
      assert.is_true(g:get_org(1).ok)
    end
  end)

  it("may find the client closed", function()
    local g = connect(YIELDS(always(ORG)))
    local thread = coroutine.wrap(function() return g:get_org(1) end)
    thread()
    g:close()
    assert.equal("closed", thread().reason)
    g = connect(function() g:close() return ORG end)
    assert.equal("closed", g:get_org(1).reason)
  end)

  it("may raise after that", function()
    local g = connect(YIELDS(function() error({"late"}) end))
    local thread = coroutine.create(function() return g:get_org(1) end)
    coroutine.resume(thread)
    local fine, problem = coroutine.resume(thread)
    assert.is_false(fine)
    assert.same({"late"}, problem)
  end)

  it("must not use the client that it serves", function()
    local g, inner
    g = connect(function()
      inner = {pcall(g.get_org, g, 1)}
      return ORG
    end)
    assert.is_true(g:get_org(1).ok)
    assert.is_false(inner[1])
    assert.matches("must not use the client that it serves", inner[2])
  end)
end)

describe("the driver", function()
  it("has what the loop of the client calls", function()
    local core = require "grafana.core"
    local state = core.client {url = URL}
    local driver = transport.driver {send = always(ORG)}
    local call = core.call(state, "get_org", 1)
    local held = driver:add(call)
    driver:wake()
    while not call:done() do driver:step(100, held) end
    assert.is_true(call:result().ok)
    driver:drop(held)
    driver:close()
    driver:close()
  end)
end)

describe("LuaSocket as transport (examples/socket_transport.lua)", function()
  local server

  setup(function() server = days.start() end)
  teardown(function() server:stop() end)
  before_each(function() days.fresh(server) end)

  local function to_server(options, credentials)
    local all = {transport = by_sockets}
    for name, value in pairs(options or {}) do all[name] = value end
    return days.connect(server, all, credentials)
  end

  it("does whatever libcurl does: bodies, organisations, lists of many pages, many requests", function()
    local g = to_server()
    local made = g:create_org("a/b?c#d%")
    assert.is_true(made.ok, tostring(made))
    assert.equal(made.id, g:get_org("a/b?c#d%").org.id)
    server:seed {dashboards = 30}
    assert.equal(30, #g:get_org_dashboards(1).dashboards)
    assert.is_true(#g:get_org_panels(1).panels > 0)
    assert.same({}, g:get_org_dashboards(made.id).dashboards)
    assert.is_true(g:delete_org(made.id).ok)
  end)

  it("signs in by a session, and again when that has ended", function()
    local g = to_server {auth_method = "regular-login"}
    assert.is_true(g:get_orgs().ok)
    server:expire_sessions()
    assert.is_true(g:get_orgs().ok)
    server:drop_sessions()
    assert.is_true(g:get_orgs().ok)
    assert.equal(2, days.arrived(server, "POST", "^/login"))
  end)

  it("asks for a token again after a 401", function()
    local account = days.ask(server, "POST", "/api/serviceaccounts", {name = "robot", role = "Admin"})
    local token = days.ask(server, "POST", ("/api/serviceaccounts/%s/tokens"):format(account.id), {name = "key"})
    local tokens, asked = {"glsa_old", token.key}, 0
    local g = to_server(nil, {token = function()
      asked = asked + 1
      return tokens[asked]
    end})
    assert.is_true(g:get_current_org().ok)
    assert.equal(2, asked)
  end)

  it("tells trouble truly, and sends no write twice that may have arrived", function()
    local rows = {   -- fault, reason, how often a write is sent, how often a read, uncertain
      {{kind = "close"}, "cut", 1, 2, true}, {{kind = "close_after"}, "cut", 1, 2, true},
      {{kind = "cut"}, "cut", 1, 2, true}, {{kind = "cut_chunk"}, "cut", 1, 2, true},
      {{kind = "head_cut"}, "cut", 1, 2, true}, {{kind = "garbage"}, "cut", 1, 2, true},
      {{kind = "stall", seconds = 2}, "timeout", 1, 2, true},
      {{kind = "status", code = 503}, "unavailable", 1, 2, true},
      {{kind = "status", code = 429, headers = {["Retry-After"] = "0"}}, "rate-limited", 2, 2, nil},
      {{kind = "html"}, "not-grafana", 1, 1, true}, {{kind = "broken_json"}, "invalid-json", 1, 1, true},
      {{kind = "redirect"}, "redirect", 1, 3, nil},
    }
    local g = to_server {timeout = 300}
    assert.is_true(g:get_orgs().ok)
    for _, row in ipairs(rows) do
      local fault = row[1]
      fault.times, fault.path = 0, "^/api/orgs"
      server:fault(fault)
      server:clear_log()
      local r = g:create_org("X-" .. fault.kind)
      assert.equal(row[2], r.reason, fault.kind .. ": " .. tostring(r))
      assert.equal(row[3], days.arrived(server, "POST", "^/api/orgs"), fault.kind)
      assert.equal(row[5], r.uncertain, fault.kind)
      r = g:get_orgs()
      if fault.kind ~= "redirect" then
        assert.equal(row[2], r.reason, fault.kind .. ": " .. tostring(r))
        assert.equal(row[4], days.arrived(server, "GET", "^/api/orgs"), fault.kind)
      end
      assert.is_nil(days.leak(r))
      server:clear_faults()
    end
    assert.equal("connection-refused", grafana.connect("http://127.0.0.1:1", ADMIN,
      {transport = by_sockets, max_retries = 0}):get_orgs().status)
    assert.equal("unknown-host", grafana.connect("http://no-such-host.invalid", ADMIN,
      {transport = by_sockets, max_retries = 0}):get_orgs().status)
  end)

  it("keeps to max_body and to the headers that the client takes", function()
    server:fault {kind = "big", path = "^/api/orgs", bytes = 3000000}
    assert.equal("too-large", to_server({max_body = 1000000}):get_orgs().reason)
    server:fault {kind = "headers_many", path = "^/api/orgs", count = 2000}
    assert.equal("too-large", to_server():get_orgs().reason)
  end)
end)
