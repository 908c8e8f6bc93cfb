-- SPDX-License-Identifier: MIT
--- An nginx of the specs' own that asks a stand-in Grafana by subrequests: the configuration of examples/capture, and
-- locations in which tests run code.
--
--     local n = capture_nginx.start(standin)
--     n:run [[ return g:get_org(1).status ]]          -- in content_by_lua, as a visitor with GET; `g` is a client
--     n:run(code, {place = "/access", method = "POST", body = "…"})
--     n:visit(path, options)
--     n:stop()

local http = require "socket.http"
local ltn12 = require "ltn12"
local parts = require "spec.support.nginx_parts"

local output_of, read, write = parts.output_of, parts.read, parts.write

local capture_nginx = {}
local Nginx = {}
Nginx.__index = Nginx

-- Replaces plain text that must be there.
local function replace(text, old, new)
  local at, last = text:find(old, 1, true)
  assert(at, "the example has no longer: " .. old)
  return text:sub(1, at - 1) .. new .. text:sub(last + 1)
end

local CONF = parts.HEAD .. [[
daemon on;
worker_processes 1;
pid "@DIR@/pid";
error_log "@DIR@/error.log" info;
events { worker_connections 512; }
http {
  lua_package_path "@ROOT@/lua/?.lua;@ROOT@/examples/capture/?.lua;/usr/share/lua/5.1/?.lua;;";
  lua_package_cpath "@BUILD@/luajit/release/?.so;;";
  init_by_lua_block { require "resty.core" }
  init_worker_by_lua_block {
]] .. parts.WATCH .. [[
  }
  access_log off;
  underscores_in_headers on;
  client_body_temp_path "@DIR@/tmp/body";
  proxy_temp_path "@DIR@/tmp/proxy";
  fastcgi_temp_path "@DIR@/tmp/fastcgi";
  uwsgi_temp_path "@DIR@/tmp/uwsgi";
  scgi_temp_path "@DIR@/tmp/scgi";
  include "@DIR@/grafana.conf";
}
]]

-- Locations beside the example's; @TLS@ is the stand-in's other address.
local LOCATIONS = [[
    location = /run { content_by_lua_block { dofile("@DIR@/" .. ngx.var.arg_code)() } }
    location = /watched { lua_check_client_abort on; content_by_lua_block { dofile("@DIR@/" .. ngx.var.arg_code)() } }
    location = /access { access_by_lua_block { dofile("@DIR@/" .. ngx.var.arg_code)() } }
    location = /rewrite { rewrite_by_lua_block { dofile("@DIR@/" .. ngx.var.arg_code)() } }
    location = /filter {
      header_filter_by_lua_block { dofile("@DIR@/" .. ngx.var.arg_code)() }
      return 200 "filtered\n";
    }

    location = /no-line { internal; set $grafana_target ''; proxy_pass http://grafana$grafana_target; }
    location = /not-internal {
      set $grafana_target '';
      rewrite_by_lua_block { require("grafana.capture").pass() }
      proxy_pass http://grafana$grafana_target;
    }
    location = /tls {
      internal;
      set $grafana_target '';
      rewrite_by_lua_block { require("grafana.capture").pass() }
      proxy_pass https://@TLS@$grafana_target;
      proxy_ssl_verify on;
      proxy_ssl_name localhost;
      proxy_ssl_trusted_certificate "@CERT@";
    }
    location = /tls-stranger {
      internal;
      set $grafana_target '';
      rewrite_by_lua_block { require("grafana.capture").pass() }
      proxy_pass https://@TLS@$grafana_target;
      proxy_ssl_verify on;
      proxy_ssl_name stranger.example;
      proxy_ssl_trusted_certificate "@CERT@";
    }
    location = /nobody {
      internal;
      set $grafana_target '';
      rewrite_by_lua_block { require("grafana.capture").pass() }
      proxy_pass http://127.0.0.1:1$grafana_target;
    }
]]

-- What stands before the code of a test: `g`, one client for the worker; `connect(options, url, credentials)` makes
-- others; `kept` outlives the visitors.
local PRELUDE = [[
local grafana = require "grafana"
local capture = require "grafana.capture"
local function connect(options, url, credentials)
  local all = {transport = capture("/grafana-upstream"), max_retries = 1, backoff_ms = {1, 1}}
  for name, value in pairs(options or {}) do all[name] = value end
  if type(all.transport) == "string" and all.transport:find("^/") then all.transport = capture(all.transport) end
  return grafana.connect(url or "http://grafana.example", credentials or {"admin", "admin"}, all)
end
local kept = package.loaded.kept_by_tests or {}
package.loaded.kept_by_tests = kept
kept.g = kept.g or connect()
local g = kept.g
return function()
  local function code()
]]
local POSTLUDE = [[

  end
  local fine, value = pcall(code)
  pcall(ngx.say, fine and "" or "raised: ", tostring(value))   -- not everywhere can a page be written
end
]]

local function filled(text, values)
  return (text:gsub("@(%u+)@", function(name) return values[name] end))
end

local function address(url) return url:match("^%a+://(.*)$") end

-- The example's configuration, made for this place.
local function example(values, edit)
  local text = read("examples/capture/grafana.conf")
  text = replace(text, "server 127.0.0.1:3000;", "server " .. values.UP .. ";")
  text = replace(text, "listen 127.0.0.1:8080;",
    ("listen 127.0.0.1:%d; listen 127.0.0.1:%d http2;"):format(values.PORT, values.HTTP_PORT))
  text = replace(text, "proxy_read_timeout 5s;", "proxy_read_timeout 1s;")
  text = replace(text, "  location = /dashboards {", filled(LOCATIONS, values) .. "  location = /dashboards {")
  return edit and edit(text) or text
end

local function start_once(values, edit)
  values.PORT, values.HTTP_PORT = parts.free_port(), parts.free_port()
  write(values.DIR .. "/nginx.conf", filled(CONF, values))
  write(values.DIR .. "/grafana.conf", example(values, edit))
  local command = "PATH=$PATH:/usr/sbin:/sbin nginx -p '%s' -c '%s/nginx.conf' -e '%s/error.log' 2>&1 && echo started"
  return output_of(command:format(values.DIR, values.DIR, values.DIR))
end

--- The modules for nginx's LuaJIT, which not every run builds; nil when they are there.
function capture_nginx.missing()
  local path = (os.getenv("BUILD") or "build") .. "/luajit/release/grafana/core.so"
  local file = io.open(path)
  if file then file:close() end
  return not file and path or nil
end

--- Starts an nginx before the stand-in `server`. `edit` may change the configuration, a text.
function capture_nginx.start(server, edit)
  local root = output_of("pwd")
  local build = os.getenv("BUILD") or "build"
  local values = parts.values()
  values.ROOT, values.BUILD = root, build:find("^/") and build or root .. "/" .. build
  values.UP, values.TLS, values.CERT = address(server.url), address(server.tls_url), server.cert
  assert(os.execute("mkdir -p '" .. values.DIR .. "/tmp'"))
  local said
  for _ = 1, 10 do
    said = start_once(values, edit)
    if said:find("started$") then break end
  end
  assert(said:find("started$"), said)
  for _ = 1, 200 do   -- the pid file appears after the bind
    local pid = io.open(values.DIR .. "/pid")
    if pid and pid:read("*l") then break end
    os.execute("sleep 0.01")
  end
  return setmetatable({
    dir = values.DIR, url = "http://127.0.0.1:" .. values.PORT, h2_url = "http://127.0.0.1:" .. values.HTTP_PORT,
    port = values.PORT, codes = 0,
  }, Nginx)
end

--- Ends it and removes its folder.
function Nginx:stop()
  local pid = read(self.dir .. "/pid"):match("%d+")
  os.execute(("kill -TERM %s; for i in $(seq 200); do kill -0 %s 2>/dev/null || break; sleep 0.02; done")
    :format(pid, pid))
  os.execute("rm -rf '" .. self.dir .. "'")
end

--- What nginx has logged.
function Nginx:log() return read(self.dir .. "/error.log") end

--- A visitor's request.
-- @treturn number code
-- @treturn string body
function Nginx:visit(path, options)
  options = options or {}
  local headers, body = {connection = "close"}, {}
  for name, value in pairs(options.headers or {}) do headers[name] = value end
  if options.body and not options.chunked then headers["content-length"] = #options.body end
  local done, code = http.request {
    url = self.url .. path, method = options.method or "GET", headers = headers,
    source = options.body and ltn12.source.string(options.body), sink = ltn12.sink.table(body), redirect = false,
  }
  assert(done, code)
  return code, table.concat(body)
end

--- Makes code known.
-- @treturn string what stands behind /run, /watched, /access, /rewrite and /filter, so that they run it
function Nginx:code(code)
  self.codes = self.codes + 1
  write(("%s/%d.lua"):format(self.dir, self.codes), PRELUDE .. code .. POSTLUDE)
  return ("?code=%d.lua"):format(self.codes)
end

--- Runs code as a visitor's request, and returns what it returned, as a string; "raised: " and a message.
-- @string code
-- @tab[opt] options as for visit, and `place`, "/run" unless given
function Nginx:run(code, options)
  local status, body = self:visit((options and options.place or "/run") .. self:code(code), options)
  assert(status == 200, ("%s: %s\n%s"):format(status, body, self:log()))
  return (body:gsub("\n$", ""))
end

return capture_nginx
