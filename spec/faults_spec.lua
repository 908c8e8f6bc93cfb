-- SPDX-License-Identifier: MIT
-- Each fault of the stand-in against reads and writes: the status, a sentence that a person understands, what
-- arrives at the server, and a client that is usable afterwards.

local socket = require "socket"
local days = require "spec.support.bad_days"
local nginx = require "spec.support.nginx"

local server

setup(function() server = days.start() end)
teardown(function() server:stop() end)

-- The operations, and which requests of theirs meet the fault. Organisation 2 exists, and a service account, 2, in 1.
local OPERATIONS = {
  {name = "get_org", args = {1}, method = "GET", path = "^/api/orgs/1$"},
  {name = "get_org_panels", args = {1}, method = "GET", path = "^/api/search"},
  {name = "create_org", args = {"New"}, method = "POST", path = "^/api/orgs$"},
  {name = "create_token", args = {1, 2, {name = "key"}}, method = "POST", path = "^/api/serviceaccounts/2/tokens$"},
  {name = "update_org", args = {2, "Renamed"}, method = "PUT", path = "^/api/orgs/2$"},
  {name = "delete_org", args = {2}, method = "DELETE", path = "^/api/orgs/2$"},
}

-- What each kind means while it lasts. `gist` is a part of the message; `again`: idempotent requests are sent again;
-- `post_again`: a POST too; `uncertain`: a write may have been carried out.
local CUT = "connection broke before the answer was whole"
local PAGE = "the answer is a web page"
local KINDS = {
  {kind = "delay", seconds = 0.6, reason = "timeout", gist = "no answer within 150 ms", again = true, uncertain = true},
  {kind = "stall", seconds = 3, reason = "timeout", gist = "no answer within 150 ms", again = true, uncertain = true},
  {kind = "slow", bytes = 1, interval = 0.5, reason = "timeout", gist = "no answer within 150 ms", again = true,
    uncertain = true},
  {kind = "close", reason = "cut", gist = CUT, again = true, uncertain = true},
  {kind = "close_after", reason = "cut", gist = CUT, again = true, uncertain = true},
  {kind = "cut", reason = "cut", gist = CUT, again = true, uncertain = true},
  {kind = "cut", bytes = 0, reason = "cut", gist = CUT, again = true, uncertain = true},
  {kind = "cut_chunk", reason = "cut", gist = CUT, again = true, uncertain = true},
  {kind = "head_cut", reason = "cut", gist = "within the head", again = true, uncertain = true},
  {kind = "garbage", reason = "cut", gist = "the answer is not HTTP", again = true, uncertain = true},
  {kind = "status", code = 400, status = "invalid-data", gist = "stand-in fault 400"},
  {kind = "status", code = 401, status = "access-denied", reason = "bad-credentials", gist = "does not accept"},
  {kind = "status", code = 403, status = "access-denied", reason = "forbidden", gist = "stand-in fault 403"},
  {kind = "status", code = 418, gist = "stand-in fault 418"},
  {kind = "status", code = 422, status = "invalid-data", gist = "stand-in fault 422"},
  {kind = "status", code = 429, reason = "rate-limited", gist = "fewer requests", again = true, post_again = true},
  {kind = "status", code = 500, reason = "server-error", gist = "stand-in fault 500"},
  {kind = "status", code = 502, reason = "unavailable", gist = "stand-in fault 502", again = true, uncertain = true},
  {kind = "status", code = 503, reason = "unavailable", gist = "stand-in fault 503", again = true, uncertain = true},
  {kind = "status", code = 504, reason = "unavailable", gist = "stand-in fault 504", again = true, uncertain = true},
  {kind = "status_after", code = 502, reason = "unavailable", gist = "stand-in fault 502", again = true,
    uncertain = true},
  {kind = "status", code = 503, body = "<html>Sorry</html>", content_type = "text/html", reason = "unavailable",
    gist = "code 503", again = true, uncertain = true},
  {kind = "status", code = 404, body = "<html>nginx</html>", content_type = "text/html", reason = "not-grafana",
    gist = PAGE},
  {kind = "status", code = 500, body = "Internal Server Error", content_type = "text/plain", reason = "not-grafana",
    gist = "not Grafana's"},
  {kind = "status", code = 404, body = '{"message":"Not found"}', reason = "unsupported", gist = "no such operation"},
  {kind = "redirect", location = "http://127.0.0.1:1/api", reason = "redirect", gist = "redirects to where"},
  {kind = "html", reason = "not-grafana", gist = PAGE, uncertain = true},
  {kind = "broken_json", reason = "invalid-json", gist = "not valid JSON", uncertain = true},
  {kind = "body", body = "\0\1\2\127", reason = "invalid-json", gist = "not valid JSON", uncertain = true},
  {kind = "body", body = "true", reason = "invalid-json", gist = "hold", uncertain = true, not_for = "PUT DELETE"},
  {kind = "body", body = "[]", reason = "invalid-json", gist = "hold", uncertain = true,
    not_for = "PUT DELETE get_org_panels"},
  {kind = "empty", reason = "invalid-json", gist = "the answer", uncertain = true, not_for = "PUT DELETE"},
  {kind = "big", bytes = 2000000, reason = "too-large", gist = "larger than max_body", uncertain = true},
  {kind = "headers_many", count = 1500, reason = "too-large", gist = "larger than", uncertain = true},
  {kind = "header_long", bytes = 200000, again = true, uncertain = true, -- the transport's own limit
    reason = nginx.inside and "cut" or nil, gist = nginx.inside and "line of the answer" or "the request failed"},
}

-- What must not hurt.
local HARMLESS = {
  {kind = "delay", seconds = 0.02}, {kind = "slow", bytes = 20, interval = 0.01}, {kind = "content_type"},
  {kind = "headers_many"}, {kind = "header_long", bytes = 90000},
}

local function title(fault)
  local parts = {fault.kind, fault.code, fault.body and #fault.body .. " bytes", fault.content_type, fault.bytes}
  local words = {}
  for i = 1, 5 do words[#words + 1] = parts[i] and tostring(parts[i]) or nil end
  return table.concat(words, " ")
end

local function concerns(kind, op)
  for word in (kind.not_for or ""):gmatch("%S+") do
    if word == op.method or word == op.name then return false end
  end
  return true
end

-- The fault for an operation's requests; `times` 0 is for ever.
local function set_fault(kind, op, times)
  local fault = {method = op.method, path = op.path, times = times}
  for _, key in ipairs {"kind", "seconds", "bytes", "interval", "code", "body", "content_type", "location", "count"} do
    fault[key] = kind[key]
  end
  server:fault(fault)
end

-- What the operation gives, and what it leaks.
local function run(op, g, timeout)
  local args = {days.unpack(op.args)}
  args[#args + 1] = {timeout = timeout}
  return g[op.name](g, days.unpack(args))
end

-- A new client of a new server that holds organisation 2.
local function client(kind, seen)
  days.fresh(server)
  days.ask(server, "POST", "/api/orgs", {name = "Acme"})
  days.ask(server, "POST", "/api/serviceaccounts", {name = "robot", role = "Viewer"})
  server:clear_log()
  return days.connect(server, {
    max_body = kind.kind == "big" and 100000 or nil,
    on_retry = function(retry) seen[#seen + 1] = retry end, log = function(line) seen[#seen + 1] = line end,
  })
end

-- A write that is only delayed is carried out in the end, whatever the server is by then.
local function wait_for_late(kind, op)
  if kind.kind == "delay" and op.method ~= "GET" then socket.sleep(kind.seconds + 0.05) end
end

-- Connections are kept for all clients of an nginx worker: the first may be one that others used, and a GET that dies
-- on such a one is sent again at once.
local function was_sent_twice(kind, op, arrived)
  return nginx.inside and kind.kind:find("^close") and op.method == "GET" and arrived == 3
end

local function timeout_of(kind) return kind.reason == "timeout" and 150 or 5000 end

describe("a fault that lasts:", function()
  for _, kind in ipairs(KINDS) do
    for _, op in ipairs(OPERATIONS) do
      local write = op.method ~= "GET"
      local again = kind.post_again or kind.again and op.method ~= "POST"
      if concerns(kind, op) then
        it(("%s makes %s %s"):format(title(kind), op.name, kind.reason or kind.status or "error"), function()
          local seen = {}
          local g = client(kind, seen)
          set_fault(kind, op, 0)
          local r = run(op, g, timeout_of(kind))
          assert.equal(kind.status or "error", r.status, tostring(r))
          assert.equal(kind.reason, r.reason, tostring(r))
          assert.is_false(r.ok)
          assert.equal(op.name, r.operation)
          assert.matches(kind.gist, r.message, 1, true)
          assert.equal(write and kind.uncertain or nil, r.uncertain, "uncertain: " .. tostring(r))
          local arrived = days.arrived(server, op.method, op.path)
          if was_sent_twice(kind, op, arrived) then arrived = arrived - 1 end
          assert.equal(again and 2 or 1, arrived, "arrivals")
          assert.equal(again and 2 or 1, r.attempts, "attempts")
          assert.is_nil(days.leak({r, seen, g, server.url}), "a secret")
          for key in pairs(r) do
            assert.matches(" " .. key .. " ", " status ok message operation code attempts reason uncertain ", 1, true)
          end
          server:clear_faults()
          days.assert_usable(g)
          g:close()
          wait_for_late(kind, op)
        end)
      end
    end
  end
end)

describe("a fault that passes:", function()
  -- A POST that may have arrived is not sent again; all else is, and a DELETE that then finds nothing is ok.
  for _, kind in ipairs(KINDS) do
    for _, op in ipairs(OPERATIONS) do
      if kind.again then
        local fine = op.method ~= "POST" or kind.post_again
        it(("%s once, then %s %s"):format(title(kind), op.name, fine and "is ok" or "is uncertain"), function()
          local seen = {}
          local g = client(kind, seen)
          set_fault(kind, op, 1)
          local r = run(op, g, timeout_of(kind))
          assert.equal(fine and "ok" or "error", r.status, tostring(r))
          assert.equal(fine and 2 or 1, days.arrived(server, op.method, op.path))
          assert.equal(not fine or nil, r.uncertain)
          if op.method == "DELETE" then assert.equal("not-found", g:get_org(2).status) end
          if op.method == "PUT" then assert.equal("Renamed", g:get_org(2).org.name) end
          assert.is_nil(days.leak({r, seen}), "a secret")
          g:close()
          wait_for_late(kind, op)
        end)
      end
    end
  end

  it("a DELETE whose first attempt was refused, not done, is not-found when there is nothing", function()
    local g = client({}, {})
    server:fault {kind = "status", code = 429, method = "DELETE"}
    assert.equal("not-found", g:delete_org(99).status)
    assert.equal(2, days.arrived(server, "DELETE"))
    assert.equal("not-found", g:delete_org(99).status)
    g:close()
  end)

  it("the probe that settles a vague answer is sent again too", function()
    local g = client({}, {})
    server:fault {kind = "close", method = "GET", path = "^/api/orgs/99$"}
    local r = g:update_org(99, "Renamed")
    assert.equal("not-found", r.status)
    assert.equal("org-not-found", r.reason)
    g:close()
  end)

  it("a probe that fails for good leaves the answer as vague as it was, and does not hide it", function()
    local g = client({}, {})
    server:fault {kind = "close", method = "GET", path = "^/api/orgs/99$", times = 0}
    local r = g:update_org(99, "Renamed")
    assert.equal("error", r.status)
    assert.equal("server-error", r.reason)
    assert.is_nil(r.uncertain)
    g:close()
  end)
end)

describe("what does not hurt:", function()
  for _, kind in ipairs(HARMLESS) do
    for _, op in ipairs(OPERATIONS) do
      it(("%s, %s is ok"):format(title(kind), op.name), function()
        local g = client(kind, {})
        set_fault(kind, op, 0)
        local r = run(op, g, 5000)
        assert.is_true(r.ok, tostring(r))
        assert.equal(1, days.arrived(server, op.method, op.path))
        g:close()
      end)
    end
  end

  it("an empty or a bare 200 to a PUT or a DELETE: some servers say no more", function()
    for _, kind in ipairs {"empty", "body"} do
      local g = client({}, {})
      server:fault {kind = kind, times = 2}
      assert.equal("ok", g:update_org(2, "Renamed").status)
      assert.equal("ok", g:delete_org(2).status)
      g:close()
    end
  end)
end)

-- ----------------------------------------------------------------------------------------------------- cut answers --

-- Sends each text as the whole answer to one request, and closes. None may be taken for more than it is.
local function assert_never_ok(g, texts, call)
  for _, text in ipairs(texts) do server:fault {kind = "garbage", body = text} end
  for _, text in ipairs(texts) do
    local r = call(g)
    assert.equal("error", r.status, ("%d bytes: %s"):format(#text, tostring(r)))
    assert.is_true(r.reason == "cut" or r.reason == "invalid-json", ("%d bytes: %s"):format(#text, tostring(r)))
    assert.is_nil(r.org, "partial data")
    assert.is_nil(r.id, "partial data")
  end
end

-- All beginnings of a text that are not the whole.
local function beginnings(text)
  local list = {}
  for n = 0, #text - 1 do list[#list + 1] = text:sub(1, n) end
  return list
end

describe("an answer cut at each byte is never ok:", function()
  local ORG = '{"id":1,"name":"Main Org.","address":{"address1":"","city":""},"n":12345}'
  local CREATED = '{"message":"Organization created","orgId":12345}'
  local LENGTH = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
  local CHUNKED = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" ..
    "20\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n"
  local CLOSED = "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n%s"
  local INTERIM = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
  local g

  before_each(function()
    days.fresh(server)
    g = days.connect(server, {max_retries = 0})
  end)

  after_each(function()
    server:clear_faults()
    days.assert_usable(g)
    g:close()
  end)

  local function read(client_of) return client_of:get_org(1) end
  local function write(client_of) return client_of:create_org("New") end
  -- Without its last line break, which tells nothing: all has been said with "0".
  local function without_end(text) return text:sub(1, -3) end
  local function chunked(text) return CHUNKED:format(text:sub(1, 32), #text - 32, text:sub(33)) end

  -- The whole answer is ok: so it is the cut that matters.
  local function assert_whole_ok(text, call)
    server:fault {kind = "garbage", body = text}
    assert.equal("ok", call(g).status)
  end

  it("with its length, read", function()
    local text = LENGTH:format(#ORG, ORG)
    assert_whole_ok(text, read)
    assert_never_ok(g, beginnings(text), read)
  end)

  it("with its length, written: uncertain from the first byte to the last", function()
    local text = LENGTH:format(#CREATED, CREATED)
    assert_whole_ok(text, write)
    assert_never_ok(g, beginnings(text), function(of)
      local r = write(of)
      assert.is_true(r.uncertain)
      return r
    end)
  end)

  it("in chunks, read", function()
    assert_whole_ok(chunked(ORG), read)
    assert_never_ok(g, beginnings(without_end(chunked(ORG))), read)
  end)

  it("in chunks, written", function()
    assert_whole_ok(chunked(CREATED), write)
    assert_never_ok(g, beginnings(without_end(chunked(CREATED))), write)
  end)

  it("that ends with the connection: what came is no JSON", function()
    local text = CLOSED:format(ORG)
    assert_whole_ok(text, read)
    assert_never_ok(g, beginnings(text), read)
  end)

  it("after an interim answer", function()
    local text = INTERIM .. LENGTH:format(#ORG, ORG)
    assert_whole_ok(text, read)
    assert_never_ok(g, beginnings(text), read)
  end)

  it("within a list of pages: none is returned without the others", function()
    server:seed {dashboards = 3}
    server:fault {kind = "cut", path = "^/api/search.*page=2", times = 0}
    local r = g:search(1)
    assert.equal("cut", r.reason)
    assert.is_nil(r.hits)
  end)
end)

describe("an answer that is HTTP in form only", function()
  local HEADS = {
    "HTTP/1.1 200 OK\r\n: no name\r\nContent-Length: 2\r\n\r\n[]", "HTTP/1.1 20x OK\r\n\r\n{}",
    "HTTP/9.9 200 OK\r\n\r\n{}", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}",
    "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n{}",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
    "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\31\139\8\0\0",
    "HTTP/1.1 200 OK\r\n folded\r\n\r\n<", "HTTP/1.1 000 \r\n\r\n", "HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n",
    "\r\n\r\n", "HTTP/1.1 304 Not Modified\r\n\r\n", "HTTP/1.1 206 Partial\r\nContent-Length: 1\r\n\r\n{",
    "220 smtp.example.org\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nxxxxx", "HTTP/1.1 204 No Content\r\n\r\n",
  }

  it("is an error with a message, never a crash; the client is usable afterwards", function()
    days.fresh(server)
    local g = days.connect(server, {max_retries = 0, timeout = 2000})
    for _, text in ipairs(HEADS) do
      server:fault {kind = "garbage", body = text:gsub("[\128-\255]", "?"), method = "GET"}
      local r = g:get_org(1, {timeout = 300})
      assert.is_false(r.ok, text)
      assert.equal("error", r.status, text)
      assert.is_true(#r.message > 10)
      days.assert_usable(g)
    end
    g:close()
  end)
end)

-- ----------------------------------------------------------------------------------------------- too large, strange --

describe("max_body", function()
  it("stops a 20 MB answer, whether its length is told or not", function()
    days.fresh(server)
    local g = days.connect(server, {max_body = 1000000})
    server:fault {kind = "big", times = 2}
    local r = g:get_org(1)
    assert.equal("too-large", r.reason)
    assert.equal(200, r.code)
    local body = "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n[" .. ("1,"):rep(600000) .. "1]"
    server:clear_faults()
    server:fault {kind = "garbage", body = body}
    assert.equal("too-large", g:get_org(1).reason)
    days.assert_usable(g)
    g:close()
  end)

  it("holds for what gzip makes of an answer, not for what is on the wire", function()
    days.fresh(server)
    server:seed {dashboards = 1, bytes = 100000}
    local g = days.connect(server, {max_body = 50000})
    local r = g:get_dashboard(1, "seed-00001")
    assert.equal("too-large", r.reason)
    assert.matches("gzip", server:requests({path = "seed%-00001"})[1].headers["accept-encoding"])
    days.assert_usable(g)
    g:close()
  end)

  it("does not stop a 20 MB answer below it", function()
    days.fresh(server)
    local g = days.connect(server)
    server:fault {kind = "big", path = "^/api/datasources"}
    local r = g:get_datasources(1)
    assert.is_true(r.ok, tostring(r))
    g:close()
  end)
end)

-- ------------------------------------------------------------------------------------------- listings of many parts --

describe("a listing of panels", function()
  local g

  before_each(function()
    days.fresh(server)
    server:seed {dashboards = 20, bytes = 3000}
    server:set {apis = false}   -- with pages: pages_spec.lua
    g = days.connect(server)
  end)

  after_each(function()
    server:clear_faults()
    days.assert_usable(g)
    g:close()
  end)

  local function dashboards_in(panels)
    local seen, count = {}, 0
    for _, panel in ipairs(panels) do
      if not seen[panel.ds_id] then count = count + 1 end
      seen[panel.ds_id] = true
    end
    return seen, count
  end

  it("leaves out a dashboard that is deleted while it runs", function()
    local eager = days.connect(server, {backoff_ms = {100, 100}, on_retry = function()
      days.ask(server, "DELETE", "/api/dashboards/uid/seed-00007")
    end})
    server:fault {kind = "status", code = 503, path = "^/api/dashboards/uid/seed%-00007"}
    local r = eager:get_org_panels(1)
    assert.equal("ok", r.status)
    assert.is_nil(r.failed)
    local seen, count = dashboards_in(r.panels)
    assert.equal(19, count)
    assert.is_nil(seen["seed-00007"])
    eager:close()
  end)

  for _, kind in ipairs {
    {kind = "status", code = 500, gist = "stand-in fault 500"},
    {kind = "status", code = 503, gist = "stand-in fault 503"},
    {kind = "close", gist = CUT}, {kind = "broken_json", gist = "not valid JSON"}, {kind = "html", gist = PAGE},
    {kind = "empty", gist = "empty"}, {kind = "garbage", gist = "not HTTP"},
  } do
    it(("names a dashboard that cannot be read (%s) in failed, and the rest is there"):format(title(kind)), function()
      local op = {method = "GET", path = "^/api/dashboards/uid/seed%-00007"}
      set_fault(kind, op, 0)
      local r = g:get_org_panels(1)
      assert.equal("ok", r.status, tostring(r))
      assert.equal(1, #r.failed)
      assert.equal("seed-00007", r.failed[1].uid)
      assert.equal("error", r.failed[1].status)
      assert.matches(kind.gist, r.failed[1].message, 1, true)
      assert.is_nil(days.leak(r), "a secret")
      local seen, count = dashboards_in(r.panels)
      assert.equal(19, count)
      assert.is_nil(seen["seed-00007"])
      r = g:get_org_dashboards(1)
      assert.equal(19, #r.dashboards)
      assert.equal("seed-00007", r.failed[1].uid)
    end)
  end

  it("survives a fault that meets every third request for a while", function()
    for i = 1, 12 do server:fault {kind = i % 2 == 0 and "close" or "cut", path = "^/api/dashboards", skip = 1} end
    local patient = days.connect(server, {max_retries = 12})
    local r = patient:get_org_panels(1)
    assert.equal("ok", r.status)
    assert.is_nil(r.failed)
    assert.equal(20, (select(2, dashboards_in(r.panels))))
    patient:close()
  end)

  it("ends at once when the password is refused in the middle, and says so", function()
    server:fault {kind = "status", code = 401, path = "^/api/dashboards", times = 0, skip = 5}
    local r = g:get_org_panels(1)
    assert.equal("access-denied", r.status)
    assert.equal("bad-credentials", r.reason)
    assert.is_nil(r.panels)
    assert.is_true(days.arrived(server, "GET", "^/api/dashboards") < 5 + 8 + 1)
  end)
end)
