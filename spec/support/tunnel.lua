-- SPDX-License-Identifier: MIT
--- A proxy that opens tunnels, a process of its own with luasocket, which ends by itself after a minute of silence:
-- `local proxy = require("spec.support.tunnel").start(); … proxy:stop()`.
--
--     proxy.url        "http://127.0.0.1:port"
--     proxy:seen()     what it was told before each tunnel, and all it saw in the open

local tunnel = {}

local IDLE = 60

-- ------------------------------------------------------------------------------------------------- the process --

local function shuttle(from, to)
  local data, problem, part = from:receive(65536)
  data = data or part
  if #data > 0 then to:send(data) end
  return problem ~= "closed"
end

local function read_head(client)
  local lines = {}
  repeat
    local line = client:receive("*l")
    lines[#lines + 1] = line
  until not line or line == ""
  return lines
end

local function serve(log_path)
  local socket = require "socket"
  local listener = assert(socket.bind("127.0.0.1", 0))
  local log = assert(io.open(log_path, "ab"))
  local peers, sockets = {}, {listener}
  local _, port = listener:getsockname()
  io.stdout:write(port, "\n")
  io.stdout:flush()

  local function forget(one)
    for i = #sockets, 1, -1 do
      if sockets[i] == one then table.remove(sockets, i) end
    end
    one:close()
  end

  local function open(client)
    client:settimeout(2)
    local lines = read_head(client)
    log:write(table.concat(lines, "\n"), "\n")
    log:flush()
    local host, to = (lines[1] or ""):match("^CONNECT ([^:]+):(%d+) HTTP/1.1$")
    local server = host and socket.connect(host == "localhost" and "127.0.0.1" or host, tonumber(to))
    client:send(server and "HTTP/1.1 200 Connection established\r\n\r\n" or "HTTP/1.1 502 Bad Gateway\r\n\r\n")
    if not server then return client:close() end
    client:settimeout(0)
    server:settimeout(0)
    peers[client], peers[server] = server, client
    sockets[#sockets + 1], sockets[#sockets + 2] = client, server
  end

  while true do
    local ready = socket.select(sockets, nil, IDLE)
    if #ready == 0 then return end
    for _, one in ipairs(ready) do
      local peer = peers[one]
      if one == listener then
        open(listener:accept())
      elseif peer and not shuttle(one, peer) then
        peers[one], peers[peer] = nil, nil
        forget(one)
        forget(peer)
      end
    end
  end
end

if ... ~= "spec.support.tunnel" then   -- run, not required
  serve(...)
  os.exit(0)
end

-- ------------------------------------------------------------------------------------------------- starting it --

local methods = {}
methods.__index = methods

function methods:seen()
  local file = assert(io.open(self.log, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

function methods:stop()
  os.execute("kill " .. self.pid)
  os.remove(self.log)
end

function tunnel.start()
  local log = os.tmpname()
  -- LD_PRELOAD is for the interpreter of the specs
  local command = "sh -c 'echo $$; exec env -u LD_PRELOAD -u LUA_CPATH -u LUA_PATH lua5.4 "
    .. "spec/support/tunnel.lua %s' &"
  local pipe = assert(io.popen(command:format(log)))
  local pid, port = pipe:read("*n"), pipe:read("*n")
  assert(port, "the proxy does not start")
  pipe:close()
  return setmetatable({url = ("http://127.0.0.1:%d"):format(port), pid = math.floor(pid), log = log}, methods)
end

return tunnel
