-- SPDX-License-Identifier: MIT
-- grafana.capture inside a real nginx: subrequests carry the client's requests whole, and nothing of the visitor's.

package.path = "./?.lua;./?/init.lua;" .. package.path   -- 5.1 and LuaJIT do not look for ./?/init.lua

local capture_nginx = require "spec.support.capture_nginx"
local days = require "spec.support.bad_days"
local grafana = require "grafana"
local socket = require "socket"
local standin = require "spec.standin"

describe("outside nginx, grafana.capture", function()
  it("says that it works inside only", function()
    if require("grafana.nginx").inside then return end
    assert.has_error(function() require("grafana.capture")("/up") end, "grafana.capture works inside nginx only")
    assert.has_error(require("grafana.capture").pass)
  end)

  it("wants the name of a location", function()
    for _, wrong in ipairs {5, "", "up", "/a?b", "/a%20b", "/a b", "/a#b", {}} do
      local fine, problem = pcall(require("grafana.capture"), wrong)
      assert.is_false(fine)
      assert.matches("bad argument #1 'location' to 'grafana.capture'", problem)
    end
  end)
end)

local missing = capture_nginx.missing()

describe("inside nginx, grafana.capture", function()
  if missing then
    return it("needs the modules for LuaJIT", function() pending("not built: " .. missing) end)
  end

  local server, n

  setup(function()
    server = standin.start()
    n = capture_nginx.start(server)
  end)
  teardown(function()
    n:stop()
    server:stop()
  end)
  before_each(function() server:reset() end)

  local function arrivals(filter)
    local list = server:requests(filter)
    server:clear_log()
    return list
  end

  -- Headers as they arrived, but for those that a connection needs.
  local function names_of(request)
    local names = {}
    for name in pairs(request.headers) do names[#names + 1] = name end
    table.sort(names)
    return table.concat(names, " ")
  end

  describe("carries a request", function()
    local VISITOR = {
      Cookie = "grafana_session=visitors", Authorization = "Basic dmlzaXRvcg==", ["X-Grafana-Org-Id"] = "99",
      ["X-Forwarded-For"] = "203.0.113.9", ["Accept-Encoding"] = "gzip", Range = "bytes=0-3", My_Own = "a",
      ["If-None-Match"] = "x", Accept = "text/html", Referer = "http://visitor.example/",
      Origin = "http://visitor.example", ["Content-Type"] = "text/plain", ["X-WEBAUTH-USER"] = "admin",
      ["If-Modified-Since"] = "Sun, 06 Nov 1994 08:49:37 GMT",
    }

    it("with all that is its own, and nothing of the visitor's", function()
      local CODE = [[
        g:request("%s", "/api/anything", {body = %s, org = 1})
        return "done"]]
      local visits = {
        {method = "GET"}, {method = "POST", body = "visitor=body"}, {method = "DELETE", body = "visitor=body"},
        {method = "PUT", body = "visitor=body", chunked = true},
      }
      for _, method in ipairs {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"} do
        for _, body in ipairs {"nil", '{name = "Acme"}'} do
          for _, visit in ipairs(visits) do
            visit.headers = VISITOR
            if body == "nil" or method ~= "HEAD" and method ~= "GET" then
              assert.equal("done", n:run(CODE:format(method, body), visit))
              local list = arrivals()
              assert.equal(1, #list)
              local request, sent = list[1], method .. " " .. body .. " for " .. visit.method
              assert.equal(method, request.method)
              assert.equal("/api/anything", request.path)
              assert.equal(body == "nil" and "" or '{"name":"Acme"}', request.body, sent)
              assert.equal("Basic YWRtaW46YWRtaW4=", request.headers.authorization)
              assert.equal("application/json", request.headers.accept)
              assert.equal("1", request.headers["x-grafana-org-id"])
              assert.equal("grafana.example", request.headers.host)
              assert.matches("^lua%-grafana/", request.headers["user-agent"])
              local names = names_of(request):gsub("content%-length ", ""):gsub("content%-type ", "")
              assert.equal("accept authorization host user-agent x-grafana-org-id", names, sent)
              local has_body = body ~= "nil"
              assert.equal(has_body and "application/json" or nil, request.headers["content-type"], sent)
              local length = request.headers["content-length"]
              assert.is_true(length == (has_body and "15" or nil) or not has_body and length == "0", sent)
            end
          end
        end
      end
    end)

    it("as libcurl carries it: paths and queries to the last byte", function()
      local CODE = [[
        g:get_org("a/b?c#d%%ü .. %%2F")
        g:get_dashboard(1, "..%%2e/x")
        g:search(1, {query = "a&b=c d+e%%", tag = {"x/y", "ü"}})
        g:request("GET", "/api//double//slashes/%%2F/x", {query = {["a b"] = "c/d?e"}})
        return "done"]]
      local text = CODE:gsub("%%%%", "%%")
      assert.equal("done", n:run(text))
      local by_capture = arrivals()
      local f = assert((loadstring or load)("local g = ... " .. text))
      f(grafana.connect(server.url, {"admin", "admin"}))
      local by_curl = arrivals()
      assert.is_true(#by_curl >= 4)
      assert.equal(#by_curl, #by_capture)
      for i, request in ipairs(by_curl) do
        assert.equal(request.path, by_capture[i].path)
        assert.equal(request.method, by_capture[i].method)
      end
      assert.matches("/api/orgs/name/a%%2Fb%%3Fc%%23d%%25%%C3%%BC", by_capture[1].path)
    end)

    it("below a path, with the host of the client's url", function()
      n:run [[connect(nil, "https://grafana.example:8443/grafana"):get_org(1)]]
      local request = arrivals()[1]
      assert.equal("/grafana/api/orgs/1", request.path)
      assert.equal("grafana.example:8443", request.headers.host)
      n:run [[connect(nil, "http://[::1]:3000"):get_org(1)]]
      assert.equal("[::1]:3000", arrivals()[1].headers.host)
    end)

    it("and the visitor's own is as it was, afterwards too", function()
      local said = n:run([[
        g:create_org("Acme")
        ngx.req.read_body()
        local headers = ngx.req.get_headers()
        return table.concat({ngx.req.get_method(), ngx.var.uri, headers.cookie, headers.authorization,
          headers["x-grafana-org-id"], headers["content-type"], ngx.req.get_body_data()}, "|")]],
        {method = "PUT", headers = VISITOR, body = "visitor=body"})
      assert.equal("PUT|/run|grafana_session=visitors|Basic dmlzaXRvcg==|99|text/plain|visitor=body", said)
    end)

    it("as large as it is, and answers as large as max_body", function()
      assert.equal("true 3000000", n:run [[
        local panels = {{type = "text", title = ("x"):rep(3000000)}}
        local r = g:update_or_create_dashboard(1, {uid = "big", title = "Big", panels = panels})
        return tostring(r.ok) .. " " .. #g:get_dashboard(1, "big").dashboard.panels[1].title]])
      server:fault {kind = "big", path = "^/api/anything", bytes = 20000000, times = 2}
      assert.equal("ok true", n:run [[
        local r = g:request("GET", "/api/anything", {timeout = 30000})
        return r.status .. " " .. tostring(#r.body > 19000)]])
      assert.equal("too-large", n:run [[return connect({max_body = 1000000}):request("GET", "/api/anything").reason]])
    end)

    it("in each phase in which nginx makes subrequests", function()
      for _, place in ipairs {"/run", "/access", "/rewrite"} do
        assert.equal("ok", n:run([[return g:get_org(1).status]], {place = place}))
      end
    end)
  end)

  it("signs in by a session, with all of its cookies", function()
    assert.equal("ok ok", n:run [[
      kept.session = connect({auth_method = "regular-login"})
      return kept.session:get_org(1).status .. " " .. kept.session:get_orgs().status]])
    local list = arrivals()
    assert.equal("/login", list[1].path)
    assert.is_nil(list[1].headers.authorization)
    assert.matches("grafana_session=[^;]+; grafana_session_expiry=", list[2].headers.cookie)
    server:drop_sessions()
    assert.equal("ok", n:run [[return kept.session:get_org(1).status]])
  end)

  it("does operations of hundreds of requests for one visitor", function()
    server:seed {dashboards = 300}
    assert.equal("300 0", n:run [[
      local r = grafana.check(g:get_org_panels(1))
      local seen, count = {}, 0
      for _, panel in ipairs(r.panels) do
        if not seen[panel.ds_id] then seen[panel.ds_id], count = true, count + 1 end
      end
      return count .. " " .. #(r.failed or {})]])
  end)

  it("serves the example's page", function()
    server:seed {dashboards = 3}
    local code, body = n:visit("/dashboards")
    assert.equal(200, code)
    assert.equal(3, select(2, body:gsub("[^\n]+\n", "")))
    server:fault {kind = "status", code = 500, times = 0}
    code, body = n:visit("/dashboards")
    assert.equal(503, code)
    assert.equal("Grafana does not answer as it should: error\n", body)
  end)

  describe("tells trouble", function()
    -- What a read and a write come to: reason, code, how often they were sent, uncertain.
    local function both(options)
      return n:run(([[
        local g = connect(%s)
        local read, write = g:get_org(1), g:create_org("Acme")
        return ("%%s %%s %%s, %%s %%s %%s %%s"):format(read.reason, read.code, read.attempts, write.reason, write.code,
          write.attempts, tostring(write.uncertain))]]):format(options or ""))
    end

    it("within an answer as cut", function()
      for _, kind in ipairs {"cut", "cut_chunk"} do
        server:fault {kind = kind, path = "^/api/orgs", times = 0}
        assert.equal("cut nil 2, cut nil 1 true", both(), kind)
        server:clear_faults()
      end
    end)

    it("before an answer as nginx tells it: 502, 504", function()
      for kind, code in pairs {close = 502, close_after = 502, head_cut = 502, header_long = 502, stall = 504} do
        server:fault {kind = kind, path = "^/api/orgs", times = 0, seconds = 3}
        server:clear_log()
        assert.equal(("unavailable %d 2, unavailable %d 1 true"):format(code, code), both(), kind)
        assert.equal(2, days.arrived(server, "GET", "^/api/orgs/1"), kind)
        assert.equal(1, days.arrived(server, "POST", "^/api/orgs"), kind)
        server:clear_faults()
      end
      assert.equal("unavailable 502 2, unavailable 502 1 true", both [[{transport = "/nobody"}]])
    end)

    it("of a certificate as 502, too", function()
      assert.equal("ok", n:run [[return connect({transport = "/tls"}):get_org(1).status]])
      arrivals()
      assert.equal("unavailable 502 2, unavailable 502 1 true", both [[{transport = "/tls-stranger"}]])
      assert.same({}, arrivals())
    end)

    it("that Grafana itself tells as any transport does", function()
      local rows = {
        {{kind = "status", code = 503}, "unavailable 503 2, unavailable 503 1 true"},
        {{kind = "status", code = 500}, "server-error 500 1, server-error 500 1 nil"},
        {{kind = "status", code = 429, headers = {["Retry-After"] = "0"}},
          "rate-limited 429 2, rate-limited 429 2 nil"},
        {{kind = "status", code = 401}, "bad-credentials 401 1, bad-credentials 401 1 nil"},
        {{kind = "redirect", location = "http://elsewhere.example/"}, "redirect 302 1, redirect 302 1 nil"},
        {{kind = "html"}, "not-grafana 200 1, not-grafana 200 1 true"},
        {{kind = "empty"}, "invalid-json 200 1, invalid-json 200 1 true"},
      }
      for _, row in ipairs(rows) do
        row[1].path, row[1].times = "^/api/orgs", 0
        server:fault(row[1])
        assert.equal(row[2], both(), row[1].kind .. " " .. (row[1].code or ""))
        server:clear_faults()
      end
    end)

    it("with the date, which a Retry-After may be compared with", function()
      local date = n:run [[return g:request("GET", "/api/org").headers.date]]
      assert.matches("^%a%a%a, %d%d %a%a%a %d%d%d%d %d%d:%d%d:%d%d GMT$", date)
    end)

    it("by no internal location of nginx that an answer names", function()
      server:fault {kind = "body", path = "^/api/anything", headers = {["X-Accel-Redirect"] = "/run"}, body = '{"a":1}'}
      assert.equal("1", n:run [[return g:request("GET", "/api/anything").body.a]])
    end)
  end)

  describe("refuses a location", function()
    local function refused(location)
      local said = n:run(([[return connect({transport = "%s"}):create_user {login = "ann", password = "geheim"}]])
        :format(location), {headers = {Cookie = "a=visitors"}})
      assert.matches("^raised: grafana%.capture: the location '" .. location:gsub("%-", "%%-") .. "' ", said)
      for _, request in ipairs(arrivals()) do   -- what did arrive is what the visitor sent anyway
        assert.is_nil(request.headers.authorization)
        assert.equal("", request.body)
        assert.equal("GET", request.method)
      end
      return said
    end

    it("that lacks the line, or is not there, and sends it nothing of ours", function()
      assert.matches('lacks the line rewrite_by_lua_block { require%("grafana.capture"%).pass%(%) } %(code',
        refused("/no-line"))
      assert.matches("is not there, or lacks", refused("/nowhere"))
    end)

    it("that lacks the variable, and sends nothing at all", function()
      local other = capture_nginx.start(server, function(text)
        return (text:gsub("set $grafana_target '';", ""):gsub("(proxy_pass %w+://[^$]+)$grafana_target", "%1"))
      end)
      local said = other:run [[return g:get_org(1)]]
      other:stop()
      assert.matches("^raised: grafana.capture: the location '/grafana%-upstream' cannot pass the request on: ", said)
      assert.matches('variable "grafana_target" not found', said, 1, true)
      assert.same({}, arrivals())
    end)

    it("to visitors", function()
      assert.equal(404, (n:visit("/grafana-upstream")))
      assert.equal(500, (n:visit("/not-internal")))
      assert.same({}, arrivals())
      assert.matches("this location is for grafana.capture alone", n:log(), 1, true)
    end)

    it("in timers, filters and for visitors over HTTP/2, and says what to do instead", function()
      assert.equal("started", n:run [[
        kept.said = nil
        ngx.timer.at(0, function()
          local fine, problem = pcall(g.get_org, g, 1)
          kept.said = tostring(fine) .. " " .. tostring(problem)
        end)
        return "started"]])
      local said = n:run [[
        for _ = 1, 200 do
          if kept.said then return kept.said end
          ngx.sleep(0.01)
        end]]
      assert.matches("^false grafana%.capture: nginx makes no subrequests in the phase 'timer', .*use nginx's sockets",
        said)
      n:visit("/filter" .. n:code [[
        local fine, problem = pcall(g.get_org, g, 1)
        ngx.log(ngx.ERR, tostring(fine), ": ", problem)]])
      assert.matches("false: grafana%.capture: nginx makes no subrequests in the phase 'header_filter'", n:log())
      local path = "/run" .. n:code [[return g:get_org(1)]]
      local pipe = io.popen(("curl -s --http2-prior-knowledge '%s%s' 2>&1"):format(n.h2_url, path))
      said = pipe:read("*a")
      pipe:close()
      assert.matches("^raised: grafana%.capture: nginx makes no subrequests for a visitor who came by HTTP/2: ", said)
      assert.same({}, arrivals())
      assert.equal("ok", n:run [[return g:get_org(1).status]])
    end)
  end)

  -- A visitor whose request is under way; `go()` leaves, `answer()` waits for the answer.
  local function visitor(path)
    local connection = assert(socket.connect("127.0.0.1", n.port))
    connection:send(("GET %s HTTP/1.0\r\n\r\n"):format(path))
    return {
      go = function() connection:close() end,
      answer = function()
        local text = connection:receive("*a")
        connection:close()
        return text:match("\r\n\r\n(.*)$")
      end,
    }
  end

  local function wait_for_arrival(path)
    for _ = 1, 200 do
      if days.arrived(server, "GET", path) > 0 then return end
      socket.sleep(0.01)
    end
    error("nothing arrived at " .. path)
  end

  describe("does not stop the worker", function()
    it("while Grafana thinks", function()
      n:run [[kept.ended = nil]]
      server:fault {kind = "delay", path = "^/api/orgs/1", seconds = 0.5}
      local slow = visitor("/run" .. n:code [[
        local r = g:get_org(1)
        kept.ended = true
        return r.status]])
      wait_for_arrival("^/api/orgs/1")
      assert.equal("nil", n:run [[return kept.ended]])
      assert.equal("ok\n", slow.answer())
      assert.equal("true", n:run [[return kept.ended]])
    end)

    it("while it waits to try again", function()
      n:run [[kept.ended = nil]]
      server:fault {kind = "status", code = 503, path = "^/api/orgs/1"}
      local slow = visitor("/run" .. n:code [[
        local r = connect({backoff_ms = {1000, 1000, 1}}):get_org(1)
        kept.ended = true
        return r.status]])
      wait_for_arrival("^/api/orgs/1")
      assert.equal("nil", n:run [[return kept.ended]])
      assert.equal("ok\n", slow.answer())
    end)

    it("while a call waits for another one of the same client", function()
      n:run [[kept.one = connect({concurrency = 1})]]
      server:fault {kind = "delay", path = "^/api/orgs/1", seconds = 0.3, times = 3}
      local visitors, path = {}, "/run" .. n:code [[return kept.one:get_org(1).status]]
      for i = 1, 3 do visitors[i] = visitor(path) end
      wait_for_arrival("^/api/orgs/1")
      assert.equal("here", n:run [[return "here"]])
      for i = 1, 3 do assert.equal("ok\n", visitors[i].answer()) end
      assert.equal(3, days.arrived(server, "GET", "^/api/orgs/1"))
    end)
  end)

  describe("survives a visitor who goes", function()
    local CODE = [[
      local r = kept.one:get_org(1)
      kept.ended = r.status
      return r.status]]

    it("as nginx does not notice, and the call comes to its end", function()
      n:run [[kept.one, kept.ended = connect({concurrency = 1}), nil]]
      server:fault {kind = "delay", path = "^/api/orgs/1", seconds = 0.3}
      local gone = visitor("/run" .. n:code(CODE))
      wait_for_arrival("^/api/orgs/1")
      gone.go()
      assert.equal("ok", n:run [[
        for _ = 1, 300 do
          if kept.ended then return kept.ended end
          ngx.sleep(0.01)
        end]])
      assert.equal("ok", n:run [[return kept.one:get_org(1).status]])
    end)

    it("also where nginx does, and drops the call: the place in the client's window comes back", function()
      n:run [[kept.one, kept.ended = connect({concurrency = 1}), nil]]
      server:fault {kind = "stall", path = "^/api/orgs/1", seconds = 20}
      local gone = visitor("/watched" .. n:code(CODE))
      wait_for_arrival("^/api/orgs/1")
      gone.go()
      assert.equal("ok nil", n:run [[return kept.one:get_org(1).status .. " " .. tostring(kept.ended)]])
    end)
  end)

  describe("and the options of connect:", function()
    -- What options.read makes of them, inside nginx.
    local function read(options)
      return n:run(([[
        local read = require("grafana.options").read
        local core, driver, hook = read("http://x", {"a", "b"}, %s)
        return ("%%s %%s %%s"):format(driver.kind, tostring(core.deadline), tostring(hook.blocking))]]):format(options))
    end

    it("nginx's sockets are chosen by themselves, with a deadline for the visitor's sake", function()
      assert.equal("nginx 5000 nil", read "nil")
      assert.equal("nginx 5000 nil", read "{transport = 'auto'}")
      assert.equal("nginx 300 nil", read "{transport = 'nginx', deadline = 300}")
      assert.equal("nginx 0 nil", read "{deadline = 0}")
      assert.equal("curl nil true", read "{transport = 'curl', blocking = true}")
      assert.equal("function nil nil", read "{transport = print}")
    end)

    it("what they cannot do is refused, with what to do instead", function()
      for _, name in ipairs {"ca_file", "ca_path"} do
        assert.matches(("^raised: grafana%%.connect: option '%s' cannot be honoured by the transport \"nginx\": .*"
          .. "lua_ssl_trusted_certificate"):format(name), read("{" .. name .. " = '/etc/ssl'}"))
      end
      for _, proxy in ipairs {"https://p:1", "socks5://p:1", "socks5h://u:p@p:1", "p:3128"} do
        assert.matches("option 'proxy' cannot be honoured by the transport \"nginx\": .*\"curl\"",
          read("{proxy = '" .. proxy .. "'}"))
      end
      for _, fine in ipairs {"{proxy = 'http://p:3128'}", "{proxy = 'HTTP://p:3128'}", "{proxy = ''}",
        "{cert = 'a.pem', key = 'a.key'}", "{verify = false}"} do
        assert.equal("nginx 5000 nil", read(fine))
      end
    end)
  end)
end)
