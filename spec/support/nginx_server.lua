-- SPDX-License-Identifier: MIT
--- An nginx of the specs' own, with the library in it, for specs that run inside nginx themselves:
--
--     local server = nginx_server.start {
--       http = "resolver 127.0.0.1;",                     -- and more for http {}
--       init = 'g = require("grafana").connect("@URL@")', -- Lua code of init_by_lua; of init_worker_by_lua: `worker`
--       locations = "location /x { content_by_lua_block { ngx.say(g:get_org(1).status) } }",
--       values = {URL = url},                             -- for @URL@ in all of them
--       workers = 2,
--     }
--     local code, body = server:get("/x")
--     server:stop()                                       -- raises what the sanitizers, or nginx itself, complain of
--
-- It also ends when the process that started it does.

local parts = require "spec.support.nginx_parts"

local output_of, read, write = parts.output_of, parts.read, parts.write

local nginx_server = {}
local Server = {}
Server.__index = Server

-- A process that has ended and waits for nobody to notice is not alive.
local function is_alive(pid)
  local file = io.open("/proc/" .. pid .. "/stat")
  local stat = file and file:read("*l") or "Z) Z"
  if file then file:close() end
  return stat:match("%) (%a)") ~= "Z"
end

local CONF = parts.HEAD .. [[
daemon off;
worker_processes @WORKERS@;
pid "@DIR@/pid";
error_log "@DIR@/error.log" notice;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path "@DIR@/body";
  proxy_temp_path "@DIR@/proxy";
  fastcgi_temp_path "@DIR@/fastcgi";
  uwsgi_temp_path "@DIR@/uwsgi";
  scgi_temp_path "@DIR@/scgi";
  lua_package_path "@PATH@";
  lua_package_cpath "@CPATH@";
  lua_socket_log_errors off;
  @HTTP@
  init_by_lua_block { @INIT@ }
  init_worker_by_lua_block {
]] .. parts.WATCH .. [[
    @WORKER@
  }
  server {
    listen 127.0.0.1:@PORT@ backlog=1024 @LISTEN@;
    @LOCATIONS@
  }
  @SERVERS@
}
]]

local function filled(text, values)
  local function fill(name) return values[name] end
  return (text:gsub("@(%u+)@", fill):gsub("@(%u+)@", fill))   -- what is filled in may name values, too
end

-- In the foreground, beside us: one that goes into the background leaves a process behind whose end the sanitizers take
-- for a leak.
local COMMAND = "%s PATH=$PATH:/usr/sbin:/sbin nginx -p '%s' -c '%s/nginx.conf' -e '%s/error.log' >'%s/said' 2>&1 "
  .. "</dev/null & echo $!"

-- The process of the master; nil and what nginx said when it did not start.
local function launch(values)
  local dir = values.DIR
  values.PORT, values.OTHERPORT = parts.free_port(), parts.free_port()
  write(dir .. "/nginx.conf", filled(CONF, values))
  os.remove(dir .. "/pid")
  local sanitizers = os.getenv("SANITIZERS") and "LD_PRELOAD=$SANITIZERS" or ""
  local pid = output_of(COMMAND:format(sanitizers, dir, dir, dir, dir))
  while is_alive(pid) do
    local file = io.open(dir .. "/pid")   -- appears after the bind
    if file then
      file:close()
      return pid
    end
    os.execute("sleep 0.01")
  end
  return nil, read(dir .. "/said") .. read(dir .. "/error.log")
end

local function values_of(options)
  local values = parts.values()
  values.PATH, values.CPATH, values.WORKERS = package.path, package.cpath, options.workers or 1
  for _, name in ipairs {"http", "init", "worker", "locations", "listen", "servers"} do
    values[name:upper()] = options[name] or ""
  end
  for name, value in pairs(options.values or {}) do values[name] = value end
  return values
end

--- Starts one; see above. `listen` are more words for its `listen`, `servers` more server blocks, of which one may
-- listen at @OTHERPORT@.
function nginx_server.start(options)
  local values = values_of(options)
  local pid, said
  for _ = 1, 10 do
    pid, said = launch(values)
    local taken = not pid and (said:find("Address already in use", 1, true) or said:find("duplicate listen", 1, true))
    if not taken then break end
  end
  if not pid then
    os.execute("rm -rf '" .. values.DIR .. "'")
    error(said, 2)
  end
  return setmetatable({
    dir = values.DIR, pid = pid, port = values.PORT, other_port = values.OTHERPORT,
    url = "http://127.0.0.1:" .. values.PORT,
  }, Server)
end

--- What it has logged.
function Server:log() return read(self.dir .. "/error.log") end

--- A visitor's connection that has sent a request and waits for the answer.
function Server:visit(path)
  local visitor = ngx.socket.tcp()
  visitor:settimeouts(2000, 2000, 30000)
  assert(visitor:connect("127.0.0.1", self.port))
  assert(visitor:send(("GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"):format(path)))
  return visitor
end

--- A visitor's request; yields.
-- @treturn number code
-- @treturn string body
function Server:get(path)
  local visitor = self:visit(path)
  local answer, problem = visitor:receive("*a")
  assert(answer, problem)
  visitor:close()
  local code, body = answer:match("^HTTP/1%.%d (%d+).-\r\n\r\n(.*)$")
  return tonumber(code), body
end

--- Requests of `count` visitors, `at_once` at a time: `see(i, code, body)` is called for each answer, which was asked
-- for at `path_of(i)`.
function Server:crowd(count, at_once, path_of, see)
  local asked, threads, failure = 0, {}, nil
  local function visit()
    while asked < count and not failure do
      asked = asked + 1
      local i = asked
      see(i, self:get(path_of(i)))
    end
  end
  local function visitor()
    local fine, problem = pcall(visit)
    if not fine then failure = failure or {problem} end
  end
  for i = 1, at_once do threads[i] = ngx.thread.spawn(visitor) end
  for _, thread in ipairs(threads) do ngx.thread.wait(thread) end
  if failure then error(failure[1], 0) end
end

local COMPLAINTS = {"ERROR: %w+Sanitizer[^\n]*\n.*", "runtime error: [^\n]*", "[^\n]*%[alert%][^\n]*",
  "[^\n]*%[emerg%][^\n]*", "[^\n]*exited on signal [^\n]*", "[^\n]*lua entry thread aborted[^\n]*"}

--- Ends it and removes its folder. Raises what it complained of.
-- @string[opt] expected words of a line of the log that is no complaint
function Server:stop(expected)
  os.execute("kill -TERM " .. self.pid)
  for _ = 1, 1000 do
    if not is_alive(self.pid) then break end
    os.execute("sleep 0.02")
  end
  local log = self:log()
  os.execute("rm -rf '" .. self.dir .. "'")
  if expected then log = log:gsub("[^\n]*" .. expected .. "[^\n]*\n", "") end
  for _, pattern in ipairs(COMPLAINTS) do
    local complaint = log:match(pattern)
    if complaint then error(complaint:sub(1, 4000), 2) end
  end
end

return nginx_server
