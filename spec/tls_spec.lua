-- SPDX-License-Identifier: MIT
-- Reaching a server: nobody there, no such host, TLS, HTTP/2, gzip, proxies, sub-paths.

local socket = require "socket"
local grafana = require "grafana"
local days = require "spec.support.bad_days"
local nginx = require "spec.support.nginx"
local standin = require "spec.standin"

local server

setup(function() server = days.start() end)
teardown(function() server:stop() end)
before_each(function() days.fresh(server) end)

-- A port of this machine where nobody listens: bound, so that nobody else takes it, but not listening.
local function closed_port()
  local holder = assert(socket.tcp())
  assert(holder:bind("127.0.0.1", 0))
  local _, port = holder:getsockname()
  return port, holder
end

-- A server of bytes, written in a coroutine-free way: accepts nothing, so that connecting works and no answer comes.
local function silent_port()
  local listener = assert(socket.bind("127.0.0.1", 0))
  local _, port = listener:getsockname()
  return port, listener
end

describe("nobody listening", function()
  it("is connection-refused, certain, after each attempt, for reads and writes", function()
    local port, holder = closed_port()
    local g = days.connect("http://127.0.0.1:" .. port, {max_retries = 0})
    for _, call in ipairs {{"get_org", 1}, {"create_org", "A"}, {"update_org", 1, "A"}, {"delete_org", 1},
      {"get_org_panels", 1}, {"update_org_user", 1, 1, "Viewer"}} do
      local r = g[call[1]](g, days.unpack(call, 2))
      assert.equal("connection-refused", r.status, tostring(r))
      assert.is_nil(r.uncertain)
      assert.is_nil(r.code)
      assert.equal(1, r.attempts)
      assert.matches("nobody listens", r.message, 1, true)
      assert.matches("127.0.0.1:" .. port, r.message, 1, true)
      assert.is_nil(days.leak(r))
    end
    g:close()
    holder:close()
  end)

  it("is tried again, and works once somebody listens", function()
    local port = server.url:match(":(%d+)$")
    local closed, holder = closed_port()
    local g = days.connect("http://127.0.0.1:" .. closed, {max_retries = 2})
    assert.equal(3, g:get_org(1).attempts)
    g:close()
    holder:close()
    g = days.connect("http://127.0.0.1:" .. port)
    days.assert_usable(g)
    g:close()
  end)

  it("of a listening port that never answers is a timeout", function()
    local port, listener = silent_port()
    local g = days.connect("http://127.0.0.1:" .. port, {max_retries = 0, timeout = 80})
    assert.equal("timeout", g:get_org(1).reason)
    local tls = days.connect("https://127.0.0.1:" .. port, {max_retries = 0, timeout = 5000, connect_timeout = 80})
    local r = tls:create_org("A")
    assert.equal("timeout", r.reason, "the TLS handshake counts as connecting")
    assert.matches("no connection within 80 ms", r.message, 1, true)
    assert.is_nil(r.uncertain, "nothing of the request was sent")
    g:close()
    tls:close()
    listener:close()
  end)
end)

describe("a server that takes nothing", function()
  it("of a large request is a timeout, and uncertain", function()
    local port, listener = silent_port()
    local g = days.connect("http://127.0.0.1:" .. port, {max_retries = 0, timeout = 200})
    local dashboard = {title = "Large", panels = {{text = ("x"):rep(20000000)}}}
    local r = g:update_or_create_dashboard(1, dashboard, {folderUid = ""})
    assert.equal("timeout", r.reason, tostring(r))
    assert.is_true(r.uncertain)
    g:close()
    listener:close()
  end)
end)

describe("a host that does not exist", function()
  it("is unknown-host, with its name", function()
    for _, host in ipairs {"no-such-host.invalid", ("x"):rep(64) .. ".invalid"} do
      local g = days.connect("http://" .. host .. "/grafana", {max_retries = 0, timeout = 0, connect_timeout = 0})
      local r = g:create_org("A")
      assert.equal("unknown-host", r.status, tostring(r))
      assert.matches("no such host", r.message, 1, true)
      assert.matches(host, r.message, 1, true)
      assert.is_nil(r.uncertain)
      assert.is_nil(r.reason)
      assert.is_nil(days.leak(r))
      g:close()
    end
  end)
end)

describe("TLS", function()
  it("refuses a certificate that nobody vouches for: error, reason tls, nothing sent, no second attempt", function()
    local stranger = standin.start {own_certificate = true}
    local g = days.connect(stranger.tls_url, {max_retries = 5})
    for _, call in ipairs {{"get_org", 1}, {"create_org", "A"}, {"delete_org", 1}, {"get_org_panels", 1}} do
      local r = g[call[1]](g, days.unpack(call, 2))
      assert.equal("error", r.status)
      assert.equal("tls", r.reason)
      assert.equal(1, r.attempts)
      assert.is_nil(r.uncertain)
      assert.matches("no secure connection", r.message, 1, true)
      assert.matches("certificate", r.message, 1, true)
      assert.is_nil(days.leak(r))
    end
    assert.equal(0, #stranger:requests())
    stranger:stop()
    g:close()
  end)

  it("accepts it with ca_file, or as nginx's configuration says", function()
    local g = days.connect(nginx.tls_url(server), nginx.trusting(server))
    days.assert_usable(g)
    assert.equal("ok", g:create_org("Acme").status)
    g:close()
  end)

  it("accepts anything with verify = false", function()
    local g = days.connect(server.tls_url, {verify = false})
    days.assert_usable(g)
    g:close()
  end)

  nginx.outside(it)("trusts with an own ca_file nothing else", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write("no certificate is in here\n")
    file:close()
    local g = days.connect(server.tls_url, {ca_file = path, max_retries = 0})
    local r = g:get_org(1)
    assert.equal("tls", r.reason, tostring(r))
    g:close()
    os.remove(path)
  end)

  it("wants the name in the certificate to be the server's", function()
    local url = server.tls_url:gsub("127%.0%.0%.1", "127.0.0.2")
    local g = days.connect(url, nginx.trusting(server, {max_retries = 0}))
    local r = g:get_org(1)
    assert.is_true(r.reason == "tls" or r.status == "connection-refused", tostring(r))
    g:close()
  end)

  it("to a plain port, and plain to a TLS port, are errors that say so", function()
    local g = days.connect((server.url:gsub("^http", "https")), {verify = false, max_retries = 0})
    local r = g:get_org(1)
    assert.equal("tls", r.reason, tostring(r))
    g:close()
    g = days.connect((server.tls_url:gsub("^https", "http")), {max_retries = 0})
    r = g:get_org(1)
    assert.equal("error", r.status)
    assert.equal("not-grafana", r.reason, tostring(r))
    g:close()
  end)

  nginx.outside(it)("options that point nowhere raise when connecting, naming the option and the path", function()
    for _, option in ipairs {"ca_file", "ca_path", "cert"} do
      local options = {[option] = "/no/such/place"}
      local fine, message = pcall(grafana.connect, server.tls_url, {"admin", days.PASSWORD}, options)
      assert.is_false(fine)
      assert.matches(option, message, 1, true)
      assert.matches("/no/such/place", message, 1, true)
      assert.matches("No such file", message, 1, true)
      assert.is_nil(days.leak(message))
    end
    local function refused(options)
      local fine, message = pcall(grafana.connect, server.tls_url, {"admin", days.PASSWORD}, options)
      assert.is_false(fine)
      return message
    end
    assert.matches("ca_file.*folder", refused {ca_file = "/tmp"})
    assert.matches("ca_path.*no folder", refused {ca_path = server.cert})
    assert.matches("key needs its certificate", refused {key = server.cert})
    assert.matches("'ca_file'.*not empty", refused {ca_file = ""})
  end)

  -- Inside nginx certificates are read when connecting: spec/nginx_tls_spec.lua
  nginx.outside(it)("with a client certificate that is none is an error, reason tls", function()
    local g = days.connect(server.tls_url, {ca_file = server.cert, cert = server.cert, max_retries = 0})
    local r = g:get_org(1)
    assert.equal("tls", r.reason, tostring(r))
    g:close()
  end)
end)

describe("a server that wants a client certificate", function()
  local mutual

  setup(function() mutual = standin.start {mutual_tls = true} end)
  teardown(function() mutual:stop() end)
  before_each(function() days.fresh(mutual) end)

  local function path(name) return mutual.dir .. "/" .. name end

  local function connect(options)
    options.max_retries = 3
    return days.connect(nginx.tls_url(mutual, mutual.mutual_tls_url), nginx.trusting(mutual, options))
  end

  -- Client certificate and key in one file.
  local function in_one_file()
    local both = assert(io.open(path "both.pem", "w"))
    for _, name in ipairs {"client.pem", "client.key"} do
      local file = assert(io.open(path(name)))
      both:write(file:read("*a"))
      file:close()
    end
    both:close()
    return path "both.pem"
  end

  it("accepts cert with key, or both in one file, for reads and writes", function()
    for _, options in ipairs {{cert = path "client.pem", key = path "client.key"}, {cert = in_one_file()}} do
      days.fresh(mutual)
      local g = connect(options)
      days.assert_usable(g)
      assert.equal("ok", g:create_org("Acme").status)
      assert.equal("ok", g:delete_org(2).status)
      assert.equal(3, #mutual:requests())
      g:close()
    end
  end)

  it("refuses who has none, or a stranger's: error, reason tls, nothing done, no second attempt", function()
    for _, options in ipairs {{}, {cert = path "stranger.pem", key = path "stranger.key"}} do
      local g = connect(options)
      for _, call in ipairs {{"get_org", 1}, {"create_org", "A"}, {"delete_org", 1}} do
        local r = g[call[1]](g, days.unpack(call, 2))
        assert.equal("error", r.status, tostring(r))
        assert.equal("tls", r.reason, tostring(r))
        assert.equal(1, r.attempts)
        assert.is_nil(r.uncertain)
        assert.matches("certificate", r.message, 1, true)
        assert.matches("cert and key", r.message, 1, true)
        assert.is_nil(days.leak(r))
      end
      assert.equal(0, #mutual:requests())
      g:close()
    end
  end)

  -- openssl's own server breaks off the handshake, as most proxies do; with TLS 1.3 the client learns of it when its
  -- request is out.
  it("that says so in the handshake is the same: tls, certain, no second attempt", function()
    local pids = {}
    finally(function() os.execute("kill " .. table.concat(pids, " ")) end)
    for _, version in ipairs {"tls1_2", "tls1_3"} do
      local port, holder = closed_port()
      holder:close()
      local pipe = io.popen(("cd %s && openssl s_server -accept 127.0.0.1:%d -cert cert.pem -key key.pem "
        .. "-CAfile ca.pem -Verify 1 -verify_return_error -www -quiet -%s > s_server.log 2>&1 & echo $!")
        :format(mutual.dir, port, version))
      pids[#pids + 1] = pipe:read("*l")
      pipe:close()
      for _ = 1, 100 do
        local connection = socket.connect("127.0.0.1", port)
        if connection then connection:close() break end
        socket.sleep(0.05)
      end
      for _, options in ipairs {{}, {cert = path "stranger.pem", key = path "stranger.key"}} do
        options.max_retries = 3
        local g = days.connect(nginx.tls_url(mutual, "https://127.0.0.1:" .. port), nginx.trusting(mutual, options))
        for _, r in ipairs {g:get_org(1), g:create_org("A"), g:delete_org(1)} do
          assert.equal("tls", r.reason, version .. tostring(r))
          assert.equal(1, r.attempts)
          assert.is_nil(r.uncertain, version .. tostring(r))
        end
        g:close()
      end
    end
  end)

  nginx.outside(it)("is not reached with a key of another certificate, or with files that hold none", function()
    for _, options in ipairs {{cert = path "client.pem", key = path "stranger.key"},
      {cert = path "client.key", key = path "client.pem"}, {cert = path "url", key = path "url"}} do
      local g = connect(options)
      local r = g:create_org("A")
      assert.equal("tls", r.reason, tostring(r))
      assert.is_nil(r.uncertain)
      assert.equal(1, r.attempts)
      g:close()
    end
    assert.equal(0, #mutual:requests())
  end)

  it("raises when connecting where the key cannot be read, naming the option and the path", function()
    for _, options in ipairs {{cert = path "client.pem", key = "/no/such/key.pem"},
      {cert = "/no/such/cert.pem", key = path "client.key"}} do
      local fine, message = pcall(connect, options)
      assert.is_false(fine)
      local option = options.key:find("^/no") and "key" or "cert"
      assert.matches(option .. "'?: cannot read ", message)
      assert.matches(options[option] .. ": No such file", message, 1, true)
    end
    local fine, message = pcall(connect, {cert = path "client.pem", key = mutual.dir})
    assert.is_false(fine)
    assert.matches("key'?: cannot read .*: it is a folder", message)
  end)
end)

nginx.outside(describe)("HTTP/2", function()   -- which its sockets do not speak
  it("is used where the server offers it", function()
    local g = days.connect(server.tls_url, {ca_file = server.cert})
    days.assert_usable(g)
    assert.equal("ok", g:create_org("Acme").status)
    assert.equal("ok", g:update_org(2, "Beta").status)
    assert.equal("ok", g:delete_org(2).status)
    for _, arrival in ipairs(server:requests()) do assert.equal("HTTP/2.0", arrival.protocol) end
    g:close()
  end)

  it("is not tried without TLS", function()
    local g = days.connect(server)
    days.assert_usable(g)
    assert.equal("HTTP/1.1", server:requests()[1].protocol)
    g:close()
  end)

  it("carries a whole listing", function()
    server:seed {dashboards = 200}
    local g = days.connect(server.tls_url, {ca_file = server.cert, concurrency = 16})
    local r = g:get_org_dashboards(1)
    assert.equal(200, #r.dashboards)
    assert.is_nil(r.failed)
    g:close()
  end)

  it("keeps its promises on bad days", function()
    local KINDS = {close = "cut", close_after = "cut", html = "not-grafana", broken_json = "invalid-json"}
    for kind, reason in pairs(KINDS) do
      local g = days.connect(server.tls_url, {ca_file = server.cert, max_retries = 2})
      days.assert_usable(g)
      server:clear_log()
      server:fault {kind = kind, method = "POST", times = 0}
      local r = g:create_org("Name " .. kind)
      assert.equal(reason, r.reason, tostring(r))
      assert.is_true(r.uncertain)
      assert.equal(1, days.arrived(server, "POST"), kind)
      server:clear_faults()
      days.assert_usable(g)
      g:close()
    end
  end)
end)

describe("gzip", function()
  it("is offered, and undone", function()
    server:seed {dashboards = 2, bytes = 50000}
    local g = days.connect(server)
    local r = g:get_dashboard(1, "seed-00002")
    assert.equal("Seeded dashboard 00002", r.dashboard.title)
    assert.is_true(#r.dashboard.panels > 10)
    assert.matches("gzip", server:requests()[1].headers["accept-encoding"])
    g:close()
  end)
end)

describe("a proxy", function()
  it("that nobody listens at is connection-refused; its password is told to nobody", function()
    local port, holder = closed_port()
    local lines = {}
    local g = days.connect(server, {
      proxy = ("http://smith:proxy-geheim@127.0.0.1:%d"):format(port), max_retries = 1,
      log = function(line) lines[#lines + 1] = line end, on_retry = function(retry) lines[#lines + 1] = retry end,
    })
    for _, r in ipairs {g:get_org(1), g:create_org("A")} do
      assert.equal("connection-refused", r.status)
      assert.is_nil(r.uncertain)
      assert.is_nil(days.leak({r, lines, g}, {"proxy-geheim", days.PASSWORD}))
    end
    assert.equal(0, #server:requests())
    g:close()
    holder:close()
  end)

  it("is used", function()
    local g = days.connect("http://grafana.invalid/grafana", {proxy = server.url})
    days.assert_usable(g)
    assert.equal("grafana.invalid", server:requests()[1].headers.host)
    g:close()
  end)

  it("that does not exist is unknown-host", function()
    local g = days.connect(server, {proxy = "http://" .. ("x"):rep(64) .. ".invalid:8080", max_retries = 0})
    local r = g:get_org(1)
    assert.equal("unknown-host", r.status)
    assert.matches("proxy: xxx", r.message, 1, true)   -- the server's host is not the one to blame
    g:close()
  end)

  it("that refuses to connect further is an error; nothing was sent through it", function()
    local g = days.connect(nginx.tls_url(server), nginx.trusting(server, {proxy = server.url, max_retries = 0}))
    local r = g:create_org("A")
    assert.equal("error", r.status, tostring(r))
    assert.is_nil(r.uncertain)
    assert.is_nil(days.leak(server:requests(), {days.SECRETS[2]}), "Authorization is for the server, not for the proxy")
    g:close()
  end)

  it("that is no address raises when connecting, without showing it", function()
    local fine, message = pcall(grafana.connect, server.url, {"admin", "x"}, {proxy = "http://smith:proxy-geheim@:::"})
    assert.is_false(fine)
    assert.matches("proxy", message, 1, true)
    assert.is_nil(days.leak(message, {"proxy-geheim"}))
  end)
end)

describe("the url", function()
  it("may end in slashes and have a sub-path: everything works below it", function()
    for _, tail in ipairs {"", "/", "//", "/grafana", "/grafana/", "/grafana//"} do
      days.fresh(server)
      server:seed {dashboards = 3}
      local g = days.connect(server.url .. tail)
      days.assert_usable(g)
      assert.equal("ok", g:create_org("Acme").status)
      assert.equal("ok", g:get_org("Acme").status)
      assert.equal("ok", g:update_org(2, "Beta").status)
      assert.equal("ok", g:create_user({login = "ann", password = "long-enough"}).status)
      assert.equal("ok", g:add_org_user(2, "ann", "Viewer").status)
      assert.equal("ok", g:update_org_user(2, "ann", "Editor").status)
      assert.equal("ok", g:delete_org_user(2, "ann").status)
      assert.equal("not-found", g:get_org(99).status)
      local saved = g:update_or_create_dashboard(1, {title = "Mine", panels = {}})
      assert.equal("ok", saved.status, tostring(saved))
      local prefix = tail:find("grafana", 1, true) and "/grafana" or ""
      assert.equal("ok", g:get_dashboard(1, saved.uid).status)
      assert.equal(4, #g:get_org_dashboards(1).dashboards)
      local source = {name = "P", type = "prometheus", access = "proxy", url = "http://x"}
      assert.equal("ok", g:create_datasource(1, source).status)
      assert.equal(1, #g:get_datasources(1).datasources)
      assert.equal("ok", g:delete_dashboard(1, saved.uid).status)
      assert.equal("ok", g:delete_org(2).status)
      for _, arrival in ipairs(server:requests()) do
        assert.equal(prefix .. "/api", arrival.path:sub(1, #prefix + 4))
        assert.is_nil(arrival.path:find("//", 1, true))
      end
      g:close()
    end
  end)

  it("may be written in capitals", function()
    local g = days.connect((server.url:gsub("^http", "HTTP")))
    days.assert_usable(g)
    g:close()
  end)

  it("of another server says not-grafana, or that there is nothing", function()
    local g = days.connect(server.url .. "/elsewhere")
    local r = g:get_org(1)
    assert.is_false(r.ok)
    assert.is_true(r.reason == "not-grafana" or r.reason == "redirect" or r.reason == "unsupported", tostring(r))
    g:close()
  end)
end)
