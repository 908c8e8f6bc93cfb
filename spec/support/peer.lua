-- SPDX-License-Identifier: MIT
--- Servers that behave as no server should, written as functions, for specs that run inside nginx: each connection is
-- served by a thread of nginx's in the same worker.
--
--     local p = peer.start(function(c, nth)        -- for the nth connection, which ends when this does
--       local head = c:head()                      -- what came up to the blank line; nil when the other side has gone
--       c:answer('{"id":1}')                       -- 200, with its length; or c:answer(body, 503)
--       c:send(bytes) c:trickle(bytes, seconds)    -- at once; one byte after the other
--       c:take(n, seconds)                         -- what of n bytes is there after a while; nil when it has gone
--       c:wait_for_end()                           -- until the other side closes
--     end)
--     p.port, p.url, p.count                       -- connections so far
--     p:stop()

local socket = require "socket"

local peer = {}

local TICK = 0.002

local connections = {}
connections.__index = connections

-- What has come; nil when the other side has gone.
function connections:receive(most)
  local bytes, problem, part = self.socket:receive(most or 65536)
  bytes = bytes or part
  if bytes == "" and problem == "closed" then return nil end
  return bytes
end

function connections:head()
  local text = ""
  while not text:find("\r\n\r\n", 1, true) do
    local bytes = self:receive()
    if not bytes then return nil end
    text = text .. bytes
    if bytes == "" then ngx.sleep(TICK) end
  end
  return text
end

function connections:take(n, seconds)
  ngx.sleep(seconds)
  return self:receive(n)
end

function connections:send(bytes)
  local at = 1
  while at <= #bytes do
    local last, problem, part = self.socket:send(bytes, at)
    if problem == "closed" then return nil end
    at = (last or part) + 1
    if not last then ngx.sleep(TICK) end
  end
  return true
end

function connections:answer(body, code)
  local head = "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
  return self:send(head:format(code or 200, #body) .. body)
end

function connections:trickle(bytes, seconds)
  for byte in bytes:gmatch(".") do
    if not self:send(byte) then return nil end
    ngx.sleep(seconds)
  end
  return true
end

function connections:wait_for_end()
  repeat ngx.sleep(TICK) until not self:receive()
end

local methods = {}
methods.__index = methods

local function accept(self, serve)
  while not self.stopped do
    local client = self.listener:accept()
    if client then
      client:settimeout(0)
      self.count = self.count + 1
      ngx.thread.spawn(function(nth)
        serve(setmetatable({socket = client}, connections), nth)
        client:close()
      end, self.count)
    else
      ngx.sleep(TICK)
    end
  end
  self.listener:close()
end

function methods:stop()
  self.stopped = true
end

function peer.start(serve)
  local listener = assert(socket.bind("127.0.0.1", 0))
  listener:settimeout(0)
  local _, port = listener:getsockname()
  local self = setmetatable({
    listener = listener, port = port, url = "http://127.0.0.1:" .. port, count = 0, stopped = false,
  }, methods)
  ngx.thread.spawn(accept, self, serve)
  return self
end

return peer
