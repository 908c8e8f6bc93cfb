-- SPDX-License-Identifier: MIT
-- Where in nginx calls can be made, and what they say where they cannot.

local days = require "spec.support.bad_days"
local nginx = require "spec.support.nginx"
local nginx_server = require "spec.support.nginx_server"

if not nginx.inside then return end

local INIT = [[
  grafana = require "grafana"
  function connect(options, url) return grafana.connect(url or "@URL@", {"admin", "@PASSWORD@"}, options) end
  g = connect { max_retries = 0 }
  told = {}
  -- What a call in this phase gives, kept under a name: a status, or what was raised.
  function try(name, client)
    local fine, r = pcall((client or g).get_org, client or g, 1)
    told[name] = fine and r.status or r
    return told[name]
  end
]]

local LOCATIONS = [[
  location = /told { content_by_lua_block { ngx.print(tostring(told[ngx.var.arg_what])) } }
  location = /content { content_by_lua_block { ngx.print(try "content") } }
  location = /access { access_by_lua_block { try "access" } content_by_lua_block { ngx.print(told.access) } }
  location = /rewrite { rewrite_by_lua_block { try "rewrite" } content_by_lua_block { ngx.print(told.rewrite) } }
  location = /log { log_by_lua_block { try "log" } content_by_lua_block { ngx.print "logged" } }
  location = /set {
    set_by_lua_block $said { return try "set" }
    content_by_lua_block { ngx.print(ngx.var.said) }
  }
  location = /header_filter {
    header_filter_by_lua_block { try "header_filter" }
    content_by_lua_block { ngx.print "filtered" }
  }
  location = /body_filter {
    body_filter_by_lua_block { try "body_filter" }
    content_by_lua_block { ngx.print "filtered" }
  }
  location = /balancer { proxy_pass http://balanced; }
  location = /timer {
    content_by_lua_block {
      ngx.timer.at(0, function() try "timer" end)
      while not told.timer do ngx.sleep(0.01) end
      ngx.print(told.timer)
    }
  }
  location = /thread {
    content_by_lua_block {
      local _, said = ngx.thread.wait(ngx.thread.spawn(try, "thread"))
      ngx.print(said)
    }
  }
  location = /coroutine { content_by_lua_block { ngx.print(coroutine.wrap(try)("coroutine")) } }
  location = /sort {
    content_by_lua_block {
      table.sort({1, 2}, function(a, b) try "sort" return a < b end)
      ngx.print(told.sort)
    }
  }
  location = /curl {
    content_by_lua_block {
      ngx.print(try("curl", connect {transport = "curl", blocking = ngx.var.arg_blocking == "true" or nil}))
    }
  }
  location = /curl-log { log_by_lua_block { try("curl-log", connect {transport = "curl"}) } return 204; }
  @NAME@
]]

local NAME = [[
  location = /name {
    content_by_lua_block {
      local client = connect({max_retries = 0, connect_timeout = tonumber(ngx.var.arg_connect_timeout),
        deadline = tonumber(ngx.var.arg_deadline)}, ngx.var.arg_url)
      local r = client:get_org(1)
      ngx.print(r.status, " ", r.reason or "", " ", r.message)
    }
  }
]]

describe("in nginx", function()
  local grafana, server

  setup(function()
    grafana = days.start()
    days.fresh(grafana)
    server = nginx_server.start {
      init = INIT .. [[ try "init" try("curl-init", connect {transport = "curl"}) ]],
      worker = [[ try "init_worker" try("curl-init_worker", connect {transport = "curl"})
        connected_here = connect() ]],
      http = [[
        ssl_session_store_by_lua_block { try "ssl_session_store" }
        upstream balanced {
          server 0.0.0.1;
          balancer_by_lua_block { try "balancer" require("ngx.balancer").set_current_peer("127.0.0.1", 1) }
        }]],
      locations = LOCATIONS,
      servers = [[
        server {
          listen 127.0.0.1:@OTHERPORT@ ssl;
          ssl_certificate "@CERT@";
          ssl_certificate_key "@KEY@";
          ssl_certificate_by_lua_block { try "ssl_certificate" }
          ssl_protocols TLSv1.2;
          ssl_session_tickets off;
          ssl_session_cache shared:SSL:1m;
          location / { return 200 "shaken\n"; }
        }]],
      values = {
        URL = grafana.url, PASSWORD = days.PASSWORD, NAME = NAME, CERT = grafana.cert, KEY = grafana.dir .. "/key.pem",
      },
    }
  end)
  teardown(function()
    server:stop()
    grafana:stop()
  end)

  local function get(path)
    local code, body = server:get(path)
    assert.is_true(code < 300 or path == "/balancer", path .. ": " .. code)
    return body
  end

  local function told(what) return get("/told?what=" .. what) end

  for _, phase in ipairs {"rewrite", "access", "content"} do
    it("calls can be made in " .. phase .. "_by_lua", function() assert.equal("ok", get("/" .. phase)) end)
  end

  it("calls can be made in timers, threads and coroutines", function()
    for _, place in ipairs {"/timer", "/thread", "/coroutine"} do assert.equal("ok", get(place), place) end
  end)

  local function shake_hands()
    local visitor = ngx.socket.tcp()
    assert(visitor:connect("127.0.0.1", server.other_port))
    assert(visitor:sslhandshake(nil, "localhost", false))
    visitor:close()
  end

  it("calls can be made while a visitor shakes hands", function()
    shake_hands()
    assert.equal("ok", told "ssl_certificate")
  end)

  -- Visited first, where it takes a visit.
  for phase, remedy in pairs {
    init = "ngx%.timer%.at.*transport = \"curl\"", init_worker = "ngx%.timer%.at.*transport = \"curl\"",
    log = "ngx%.timer%.at", set = "content_by_lua", header_filter = "content_by_lua", body_filter = "content_by_lua",
    balancer = "content_by_lua", ssl_session_store = "ngx%.timer%.at",
  } do
    it(("a call in %s_by_lua raises, and says what to do instead"):format(phase), function()
      if phase:find("^ssl") then shake_hands() elseif not phase:find("^init") then get("/" .. phase) end
      local said = told(phase)
      assert.matches(("^grafana: nginx's sockets cannot be used in %s_by_lua%%*: "):format(phase), said)
      assert.matches(remedy, said)
    end)
  end

  it("a call inside a function that C calls raises, and says what to do instead", function()
    assert.matches("inside a function that C calls.*call before or after it", get "/sort")
    assert.equal("ok", get "/content")
  end)

  it("the blocking transport is refused where it would stop the worker, unless it is allowed by an option", function()
    local said = get "/curl"
    assert.matches("stop this worker", said)
    assert.matches("blocking = true", said)
    assert.equal("ok", get "/curl?blocking=true")
  end)

  it("the blocking transport works where nothing can wait", function()
    assert.equal("ok", told "curl-init")
    assert.equal("ok", told "curl-init_worker")
    get "/curl-log"
    assert.equal("ok", told "curl-log")
  end)

  it("a host's name without a resolver is unknown-host, and the message names the directive", function()
    assert.matches("^unknown%-host .*\"resolver\"", get "/name?url=http://grafana.example.org")
  end)

  it("a name server that does not answer takes no longer than connecting may take", function()
    local silent = assert(require("socket").udp())
    assert(silent:setsockname("127.0.0.1", 0))
    local _, port = silent:getsockname()
    local asking = nginx_server.start {
      http = ("resolver 127.0.0.1:%d ipv6=off;"):format(port),
      init = INIT, locations = NAME, values = {URL = grafana.url, PASSWORD = days.PASSWORD},
    }
    local _, body = asking:get "/name?url=http://grafana.example.org&connect_timeout=200&deadline=20000"
    asking:stop()
    silent:close()
    assert.matches("^error timeout ", body)
  end)

  it("works with lua_code_cache off, where each visitor has a Lua of his own", function()
    local fresh = nginx_server.start {
      http = "lua_code_cache off;",
      locations = [[
        location = / {
          content_by_lua_block {
            local g = require("grafana").connect("@URL@", {"admin", "@PASSWORD@"})
            ngx.print(g:get_org(1).status, " ", #g:get_org_panels(1).panels)
          }
        }
      ]],
      values = {URL = grafana.url, PASSWORD = days.PASSWORD},
    }
    for _ = 1, 10 do assert.equal("ok 0", select(2, fresh:get "/")) end
    fresh:stop("lua_code_cache is off")
  end)

  it("localhost and addresses need no resolver", function()
    local port = grafana.url:match(":(%d+)$")
    for _, host in ipairs {"localhost", "127.0.0.1", "LOCALHOST"} do
      assert.matches("^ok ", get(("/name?url=http://%s:%s"):format(host, port)), host)
    end
    assert.matches("^connection%-refused ", get "/name?url=http://[::1]:1")
  end)
end)
