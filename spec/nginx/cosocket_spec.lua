-- SPDX-License-Identifier: MIT
-- The driver over nginx's sockets on bad days: whatever it waits for ends in time, places in the window go to who has
-- waited longest, and what a call had on the wire ends with it.

local core = require "grafana.core"
local days = require "spec.support.bad_days"
local nginx = require "spec.support.nginx"
local nginx_server = require "spec.support.nginx_server"
local peer = require "spec.support.peer"
local socket = require "socket"

if not nginx.inside then return end

local ORG = '{"id":1,"name":"Main Org."}'

local function serve_orgs(c)
  while c:head() do c:answer(ORG) end
end

-- What is to be done after the test at hand.
local last_things = {}

local function at_last(f) last_things[#last_things + 1] = f end

after_each(function()
  for i = #last_things, 1, -1 do last_things[i]() end
  last_things = {}
end)

-- A server for the test at hand.
local function serve(f)
  local p = peer.start(f)
  at_last(function() p:stop() end)
  return p
end

local function connect(url, options)
  options.max_retries = options.max_retries or 0
  return days.connect(url, options, {token = "glsa_geheim"})
end

local function assert_timeout(r, is_uncertain)
  assert.equal("timeout", r.reason, tostring(r))
  assert.equal(is_uncertain, r.uncertain)
end

-- The worker does something else meanwhile, so that nginx looks at its clock.
local function with_others_at_work(f)
  local is_over = false
  local other = ngx.thread.spawn(function() while not is_over do ngx.sleep(0.005) end end)
  at_last(function()
    is_over = true
    ngx.thread.wait(other)
  end)
  return f()
end

local function wait_until(what)
  for _ = 1, 1000 do
    if what() then return end
    ngx.sleep(0.005)
  end
  error("waited in vain", 2)
end

-- A name server that answers the first question, with 127.0.0.1 for so many seconds, and no other; its port.
local function name_server(seconds)
  local udp = assert(socket.udp())
  assert(udp:setsockname("127.0.0.1", 0))
  udp:settimeout(0)
  local is_over, is_answered = false, false
  local thread = ngx.thread.spawn(function()
    while not is_over do
      local question, host, port = udp:receivefrom()
      if question and not is_answered then
        local last = question:find("\0", 13, true) + 4
        udp:sendto(question:sub(1, 2) .. "\129\128\0\1\0\1\0\0\0\0" .. question:sub(13, last)
          .. "\192\12\0\1\0\1\0\0\0" .. string.char(seconds) .. "\0\4\127\0\0\1", host, port)
        is_answered = true
      end
      ngx.sleep(0.002)
    end
    udp:close()
  end)
  at_last(function()
    is_over = true
    ngx.thread.wait(thread)
  end)
  return select(2, udp:getsockname())
end

-- An nginx whose visitors ask `p` by a name, which they may look up once: server:get("/org") is how the call ended.
local function serve_named(p, seconds)
  local server = nginx_server.start {
    http = "resolver 127.0.0.1:@NAMES@ ipv6=off; resolver_timeout 3s;",
    init = [[
      g = require("grafana").connect("http://once.test:@PEER@", {token = "x"},
        {connect_timeout = 100, deadline = 2000, max_retries = 0})
    ]],
    locations = [[location /org {
      content_by_lua_block { local r = g:get_org(1) ngx.print(r.status, r.reason and " " .. r.reason or "") }
    }]],
    values = {NAMES = name_server(seconds), PEER = p.port},
  }
  at_last(function() server:stop() end)
  return {get = function(_, path) return (select(2, server:get(path))) end}
end

describe("a limit", function()
  it("of connect_timeout holds for a tunnel that a proxy opens bit by bit", function()
    local proxy = serve(function(c)
      c:head()
      c:trickle("HTTP/1.1 502 Bad Gateway\r\nX: " .. ("y"):rep(60), 0.01)
      c:send("\r\n\r\n")
    end)
    local g = connect("https://127.0.0.1:1", {proxy = proxy.url, connect_timeout = 100, timeout = 60000})
    assert_timeout(g:create_org("A"))
    g:close()
  end)

  it("of timeout holds for a body that the server takes bit by bit", function()
    local size, taken = 40000000, 0
    local slow = serve(function(c)
      while taken < size do
        local bytes = c:take(300000, 0.02)
        if not bytes then return end
        taken = taken + #bytes
      end
      c:answer(ORG)
    end)
    local g = connect(slow.url, {timeout = 800})
    assert_timeout(g:request("POST", "/api/x", {body = {text = ("x"):rep(size)}}), true)
    assert.is_true(taken < size / 2, "much was taken after the time was over")
    g:close()
  end)

  it("is not over before its time after a long computation", function()
    local slow = serve(function(c)
      c:head()
      ngx.sleep(0.05)
      c:answer(ORG)
      c:head()
      ngx.sleep(0.05)
      c:answer(ORG)
    end)
    local g = connect(slow.url, {timeout = 300, connect_timeout = 300})
    with_others_at_work(function()
      for _ = 1, 2 do   -- on a new connection, and on that one
        local until_ms = core.now() + 400
        while core.now() < until_ms do end
        assert.equal("ok", g:get_org(1).status)
      end
    end)
    g:close()
  end)

  it("of connect_timeout holds for a name whose server answers no longer", function()
    local idle = serve(function(c)
      c:head()
      c:answer(ORG)
      ngx.sleep(0.05)
    end)
    local server = serve_named(idle, 1)
    assert.equal("ok", server:get("/org"))
    ngx.sleep(2)   -- the name is forgotten, the kept connection closed
    assert.equal("error timeout", server:get("/org"))
  end)
end)

describe("a connection", function()
  local BODY = "Content-Type: application/json\r\nContent-Length: " .. #ORG .. "\r\n\r\n" .. ORG
  local CHUNKED = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
  local CHUNK = ("%x;a=b\r\n%s\r\n0\r\n"):format(#ORG, ORG)
  local KEPT = {
    "HTTP/1.1 200 OK\r\n" .. BODY,
    "HTTP/1.1 404 Not Found\r\n" .. BODY,
    "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n" .. BODY,
    CHUNKED .. "\r\n" .. CHUNK .. "X: trailer\r\n\r\n",
    "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" .. BODY,
  }
  local NOT_KEPT = {
    "HTTP/1.1 200 OK\r\nConnection: close\r\n" .. BODY,
    "HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\nHTTP/1.1 200 OK\r\n" .. BODY,
    "HTTP/1.0 200 OK\r\n" .. BODY,
    "HTTP/1.1 200 OK\r\n" .. BODY .. "\r\n",
    "HTTP/1.1 200 OK\r\n" .. BODY .. "HTTP/1.1 200 OK\r\n" .. BODY,
    "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nabcde",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" .. BODY,
    CHUNKED .. "Content-Length: 5\r\n\r\n" .. CHUNK .. "\r\n",
    CHUNKED .. "\r\n" .. CHUNK .. "\r\nmore",
  }

  -- How many connections two requests take, the first of which is answered so.
  local function connections_after(answer, method)
    local p = serve(function(c, nth)
      c:head()
      if nth == 1 then
        c:send(answer)
        if not c:head() then return end
      end
      c:answer(ORG)
      c:wait_for_end()
    end)
    local g = connect(p.url, {timeout = 500})
    g:request(method, "/api/x")
    assert.equal("ok", g:get_org(1).status, answer)
    g:close()
    return p.count
  end

  it("is used again after an answer whose end is beyond doubt", function()
    for _, answer in ipairs(KEPT) do assert.equal(1, connections_after(answer, "GET"), answer) end
    assert.equal(1, connections_after("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", "HEAD"))
  end)

  it("is not used again after any other", function()
    for _, answer in ipairs(NOT_KEPT) do assert.equal(2, connections_after(answer, "GET"), answer) end
    assert.equal(2, connections_after("HTTP/1.1 200 OK\r\n" .. BODY, "HEAD"))
  end)

  it("to a name that was closed when a GET came is replaced by a new one", function()
    local p = serve(function(c, nth)
      while c:head() and nth <= 2 do
        c:answer(ORG)
        if nth == 1 then return c:head() end
      end
    end)
    local server = serve_named(p, 60)
    for _ = 1, 3 do assert.equal("ok", server:get("/org")) end
    assert.equal(2, p.count)
  end)

  it("names no server in its TLS handshake where that is an address", function()
    local hello
    local server = serve(function(c)
      repeat hello = c:take(65536, 0.01) until hello ~= ""
    end)
    local g = connect("https://127.0.0.1:" .. server.port, {verify = false})
    assert.equal("tls", g:get_org(1).reason)
    assert.is_nil(hello:find("127.0.0.1", 1, true))
    g = connect("https://localhost:" .. server.port, {verify = false})
    assert.equal("tls", g:get_org(1).reason)
    assert.matches("localhost", hello, 1, true)
  end)

  it("is no tunnel where the proxy sends more than its answer", function()
    local proxy = serve(function(c)
      c:head()
      c:send("HTTP/1.1 200 OK\r\n\r\nmore")
      c:wait_for_end()
    end)
    local g = connect("https://127.0.0.1:1", {proxy = proxy.url})
    local r = g:create_org("A")
    assert.equal("error", r.status)
    assert.matches("no tunnel", r.message)
    assert.is_nil(r.uncertain)
    g:close()
  end)
end)

describe("a proxy's address", function()
  it("is checked when connecting", function()
    for _, proxy in ipairs {"http://", "http://:3128", "http://p:0", "http://p:65536", "http://p:x", "http://p q:1",
      "http://a:geheim@p\r\nX: y:1", "http://p:1/path"} do
      local fine, message = pcall(connect, "http://127.0.0.1:1", {proxy = proxy})
      assert.is_false(fine, proxy)
      assert.matches("option 'proxy': http://host:port expected", message, 1, true)
      assert.is_nil(days.leak(message, {"geheim"}))
    end
    for _, proxy in ipairs {"http://p", "http://[::1]:3128/", "http://a%40b:c@p.test:1"} do
      connect("http://127.0.0.1:1", {proxy = proxy}):close()
    end
  end)
end)

describe("a call that has ended", function()
  -- The first of six dashboards is refused; the others are never answered.
  it("leaves nothing on the wire", function()
    local gone, stalled = 0, 0
    local server = serve(function(c)
      local head = c:head()
      while head do
        if head:find("/api/search", 1, true) then
          local hits = {}
          for i = 1, 6 do
            hits[i] = ('{"id":%d,"uid":"u%d","title":"T","url":"/d/u%d/t","type":"dash-db"}'):format(i, i, i)
          end
          c:answer("[" .. table.concat(hits, ",") .. "]")
        elseif head:find("/uid/u1 ", 1, true) then
          wait_until(function() return stalled == 3 end)
          c:answer('{"message":"Unauthorized"}', 401)
        elseif head:find("/uid/", 1, true) then
          stalled = stalled + 1
          c:wait_for_end()
          gone = gone + 1
          return
        else
          c:answer(ORG)
        end
        head = c:head()
      end
    end)
    local g = connect(server.url, {concurrency = 4, timeout = 60000})
    assert.equal("bad-credentials", g:get_org_panels(1).reason)
    wait_until(function() return gone == 3 end)
    g:close()
  end)
end)

describe("a thread of the program's that is killed", function()
  -- While its on_retry waits, another request of its call ends.
  it("lets the visitor's request end", function()
    local server = serve(function(c)
      local head = c:head()
      while head do
        if head:find("/api/search", 1, true) then
          c:answer('[{"uid":"a","title":"T","url":"/d/a/t"},{"uid":"b","title":"T","url":"/d/b/t"}]')
        elseif head:find("/uid/a ", 1, true) then
          c:answer("{}", 503)
        else
          ngx.sleep(0.05)
          c:answer('{"dashboard":{"uid":"b","title":"T","panels":[]},"meta":{}}')
        end
        head = c:head()
      end
    end)
    local visited = nginx_server.start {
      init = [[
        g = require("grafana").connect("@URL@", {token = "x"}, {on_retry = function()
          retries = (retries or 0) + 1
          ngx.sleep(60)
        end})
      ]],
      locations = [[
        location / {
          content_by_lua_block {
            local thread = ngx.thread.spawn(g.get_org_panels, g, 1)
            repeat ngx.sleep(0.01) until retries
            ngx.sleep(0.2)
            ngx.print(tostring(ngx.thread.kill(thread)))
          }
        }
      ]],
      values = {URL = server.url},
    }
    at_last(function() visited:stop() end)
    local _, killed = visited:get("/")
    assert.equal("1", killed)
  end)
end)

describe("a token function that waits", function()
  it("is asked once for all calls of a request", function()
    local server = serve(serve_orgs)
    local asked = 0
    local g = days.connect(server.url, {}, {token = function()
      asked = asked + 1
      ngx.sleep(0.02)
      return "glsa_geheim"
    end})
    local rows = {}
    for i = 1, 20 do rows[i] = {"get_org", 1} end
    for _, r in ipairs(nginx.at_once(g, rows)) do assert.equal("ok", r.status) end
    assert.equal(1, asked)
    g:close()
  end)

  it("may fail for one call: the next one asks again", function()
    local server = serve(serve_orgs)
    local asked, fine, failed = 0, 0, 0
    local g = days.connect(server.url, {}, {token = function()
      asked = asked + 1
      ngx.sleep(0.005)
      if asked <= 3 then error("none", 0) end
      return "glsa_geheim"
    end})
    local threads = {}
    for i = 1, 20 do
      threads[i] = ngx.thread.spawn(function()
        if pcall(g.get_org, g, 1) then fine = fine + 1 else failed = failed + 1 end
      end)
    end
    for i = 1, 20 do ngx.thread.wait(threads[i]) end
    assert.same({17, 3, 4}, {fine, failed, asked})
    g:close()
  end)
end)

describe("places in the window", function()
  -- One that is asked for after the other: of each call the number of those that ended before it.
  it("go to who waits, not to who asks for one thing after the other", function()
    local server = serve(serve_orgs)
    local g = connect(server.url, {concurrency = 1})
    local done, before = 0, nil
    local eager = ngx.thread.spawn(function()
      for _ = 1, 50 do
        assert(g:get_org(1).ok)
        done = done + 1
      end
    end)
    local patient = ngx.thread.spawn(function()
      local began = done
      assert(g:get_org(1).ok)
      before = done - began
    end)
    ngx.thread.wait(patient)
    ngx.thread.wait(eager)
    assert.is_true(before <= 2, before .. " calls of the other came first")
    g:close()
  end)

  it("go to who has waited longest", function()
    local server = serve(function(c)
      while c:head() do
        ngx.sleep(0.005)
        c:answer(ORG)
      end
    end)
    for places = 1, 3 do
      local g = connect(server.url, {concurrency = places})
      assert.equal("ok", g:get_org(1).status)   -- from now on it is trusted with all its places
      local threads, order = {}, {}
      for i = 1, 30 do
        threads[i] = ngx.thread.spawn(function()
          assert(g:get_org(1).ok)
          order[#order + 1] = i
        end)
      end
      for i = 1, 30 do ngx.thread.wait(threads[i]) end
      for at, i in ipairs(order) do
        local said = ("with %d places call %d was number %d to end"):format(places, i, at)
        assert.is_true(math.abs(at - i) < 2 * places, said)
      end
      g:close()
    end
  end)

  it("come back from a visitor whose on_retry ends his request", function()
    local asked, is_stalled = 0, false
    local server = serve(function(c)
      local head = c:head()
      while head do
        if head:find("/api/search", 1, true) then
          c:answer('[{"uid":"a","title":"T","url":"/d/a/t"},{"uid":"b","title":"T","url":"/d/b/t"}]')
        elseif head:find("/apis", 1, true) then
          c:answer('{"message":"Not found"}', 404)
        elseif head:find("/uid/a ", 1, true) then
          wait_until(function() return is_stalled end)
          c:answer("{}", 502)   -- 503 would make the window narrow
        elseif head:find("/uid/b ", 1, true) then
          is_stalled = true
          return c:wait_for_end()
        else
          asked = asked + 1
          wait_until(function() return asked == 3 end)   -- all places are taken
          c:answer(ORG)
        end
        head = c:head()
      end
    end)
    local visited = nginx_server.start {
      init = [[
        g = require("grafana").connect("@URL@", {token = "x"}, {concurrency = 3, timeout = 60000, deadline = 5000,
          on_retry = function()
            held = coroutine.running()   -- or the collector would give the places back, some day
            ngx.exit(204)
          end})
      ]],
      locations = [[
        location /panels { content_by_lua_block { ngx.thread.wait(ngx.thread.spawn(g.get_org_panels, g, 1)) } }
        location /all {
          content_by_lua_block {
            local threads = {}
            for i = 1, 3 do threads[i] = ngx.thread.spawn(g.get_org, g, 1) end
            for i = 1, 3 do ngx.print(select(2, ngx.thread.wait(threads[i])).status) end
          }
        }
      ]],
      values = {URL = server.url},
    }
    at_last(function() visited:stop() end)
    assert.equal(204, (visited:get("/panels")))
    local _, statuses = visited:get("/all")
    assert.equal("okokok", statuses)
  end)
end)
