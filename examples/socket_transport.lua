-- SPDX-License-Identifier: MIT
-- A transport of one's own: HTTP/1.1 over LuaSocket, a connection for each request, no TLS.
--
--     local g = grafana.connect(url, credentials, {transport = require "socket_transport"})
--
-- What `grafana.help("transports")` says of such functions, done: limits are kept, what happened is named, and whether
-- a request may have arrived is said truly. Take it as a template.

local socket = require "socket"

-- Seconds until `at`, which is a time or nil: none.
local function left(at)
  if not at then return nil end
  local seconds = at - socket.gettime()
  return seconds > 0 and seconds or 0
end

local function earlier(a, b)
  if a and b then return a < b and a or b end
  return a or b
end

local function after(ms)
  return ms and socket.gettime() + ms / 1000
end

local function connect(request, ends_at)
  local host, port = request.url:match("^http://%[?([^/%]]-)%]?:?(%d*)/")
  if not host then return nil, "only http:// is spoken here" end
  local connection = socket.tcp()
  connection:settimeout(left(earlier(after(request.connect_timeout), ends_at)))
  local connected, problem = connection:connect(host, tonumber(port) or 80)
  if connected then return connection end
  connection:close()
  return nil, problem
end

local function head_of(request)
  local host, target = request.url:match("^http://([^/]*)(.*)$")
  local lines = {("%s %s HTTP/1.1"):format(request.method, target), "Host: " .. host, "Connection: close"}
  for name, value in pairs(request.headers) do lines[#lines + 1] = name .. ": " .. value end
  if request.body then lines[#lines + 1] = "Content-Length: " .. #request.body end
  return table.concat(lines, "\r\n") .. "\r\n\r\n"
end

-- A line, without its end; what goes wrong is raised.
local function line_of(connection, ends_at)
  connection:settimeout(left(ends_at))
  local line, problem = connection:receive("*l")
  return line or error(problem, 0)
end

local function bytes_of(connection, ends_at, count)
  connection:settimeout(left(ends_at))
  local bytes, problem = connection:receive(count)
  return bytes or error(problem, 0)
end

local function read_head(connection, ends_at)
  local code = tonumber(line_of(connection, ends_at):match("^HTTP/1%.%d (%d%d%d)"))
  if not code then error("cut: the answer is not HTTP", 0) end
  local headers, by_name = {}, {}
  for line in function() return line_of(connection, ends_at) end do
    if line == "" then break end
    local name, value = line:match("^([^:]+):%s*(.-)%s*$")
    if not name then error("cut: the answer is not HTTP", 0) end
    headers[#headers + 1] = {name, value}
    by_name[name:lower()] = value
  end
  return code, headers, by_name
end

local function read_chunks(connection, ends_at)
  local parts = {}
  while true do
    local size = tonumber(line_of(connection, ends_at):match("^%x+"), 16)
    if not size then error("cut: the answer has no right chunks", 0) end
    if size > 0 then parts[#parts + 1] = bytes_of(connection, ends_at, size) end
    if line_of(connection, ends_at) == "" and size == 0 then return table.concat(parts) end
  end
end

local function read_body(connection, ends_at, method, code, by_name)
  if method == "HEAD" or code == 204 or code == 304 then return "" end
  if by_name["transfer-encoding"] then return read_chunks(connection, ends_at) end
  local length = tonumber(by_name["content-length"])
  if length then return length > 0 and bytes_of(connection, ends_at, length) or "" end
  return bytes_of(connection, ends_at, "*a")
end

local function receive(connection, request, ends_at)
  local code, headers, by_name = read_head(connection, ends_at)
  while code < 200 do code, headers, by_name = read_head(connection, ends_at) end
  return {code = code, headers = headers, body = read_body(connection, ends_at, request.method, code, by_name)}
end

return function(request)
  local ends_at = after(request.timeout)
  local connection, problem = connect(request, ends_at)
  if not connection then return nil, problem, false end
  connection:settimeout(left(ends_at))
  local sent, why, last = connection:send(head_of(request) .. (request.body or ""))
  if not sent then
    connection:close()
    return nil, why, last > 0
  end
  local fine, answer = pcall(receive, connection, request, ends_at)
  connection:close()
  if fine then return answer end
  return nil, answer, true
end
