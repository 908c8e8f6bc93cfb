-- SPDX-License-Identifier: MIT
--- Runs examples/openresty in an nginx of its own and talks to it as a visitor does.

local http = require "socket.http"
local ltn12 = require "ltn12"
local socket = require "socket"

local openresty = {}
local Example = {}
Example.__index = Example

local function quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

local function shell(command)
  local pipe = assert(io.popen(command .. " 2>&1 && echo succeeded", "r"))
  local output = pipe:read "*a"
  pipe:close()
  local text = output:match "^(.*)succeeded\n$"
  return (text or output):gsub("\n$", ""), text ~= nil
end

local function own_pid()
  local file = assert(io.open "/proc/self/stat")
  local pid = file:read("*l"):match "^%d+"
  file:close()
  return pid
end

local function sed(changes)
  local lines = {}
  for from, to in pairs(changes or {}) do lines[#lines + 1] = ("s|%s|%s|"):format(from, to) end
  return table.concat(lines, ";")
end

--- Starts it; it ends with stop(), or when this process does.
-- @tab options `environment`: GRAFANA_URL and so on, by name; `conf`: changes to nginx.conf, by what stands there (a
-- pattern of sed's)
function openresty.start(options)
  local dir, made = shell "mktemp -d"
  assert(made, dir)
  local words = {"env -u GRAFANA_TOKEN -u GRAFANA_TOKEN_FILE -u GRAFANA_LINK -u GRAFANA_USER -u GRAFANA_PASSWORD",
    "PARENT=" .. own_pid()}
  for name, value in pairs(options.environment) do words[#words + 1] = name .. "=" .. quote(tostring(value)) end
  words[#words + 1] = ("scripts/openresty-example start %s/example %s"):format(dir, quote(sed(options.conf)))
  local output, started = shell(table.concat(words, " "))
  local self = setmetatable({dir = dir, url = output}, Example)
  if started then return self end
  os.execute("rm -rf " .. quote(dir))
  return nil, output
end

function Example:stop()
  if not self.dir then return end
  local output, stopped = shell("scripts/openresty-example stop " .. quote(self.dir .. "/example"))
  assert(stopped, output)
  os.execute("rm -rf " .. quote(self.dir))
  self.dir = nil
end

--- Code, body and headers (names in small letters) of one request.
-- @string path without the slash in front
-- @tab[opt] options `method`, `headers`
function Example:get(path, options)
  options = options or {}
  local chunks = {}
  local fine, code, headers = http.request {
    url = self.url .. path, method = options.method or "GET", headers = options.headers, redirect = false,
    sink = ltn12.sink.table(chunks),
  }
  assert(fine, code)
  return code, table.concat(chunks), headers
end

--- Calls f until it returns something that is true, and returns that; raises when it takes longer than any test should.
function openresty.wait_for(what, f)
  local stop = socket.gettime() + 30
  while true do
    local found = f()
    if found then return found end
    if socket.gettime() > stop then error("waited in vain for " .. what, 2) end
    socket.sleep(0.05)
  end
end

function Example:log()
  local file = assert(io.open(self.dir .. "/example/error.log"))
  local text = file:read "*a"
  file:close()
  return text
end

local function master_of(self)
  local file = assert(io.open(self.dir .. "/example/nginx.pid"))
  local pid = file:read "*l"
  file:close()
  return pid
end

--- The ids of the workers.
function Example:workers()
  local pids, master = {}, master_of(self)
  for pid in shell(("cat /proc/%s/task/%s/children"):format(master, master)):gmatch "%d+" do pids[#pids + 1] = pid end
  return pids
end

--- Sends a signal to nginx, or to a process of it.
function Example:signal(signal, pid) os.execute(("kill -%s %s"):format(signal, pid or master_of(self))) end

return openresty
