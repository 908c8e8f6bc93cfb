-- SPDX-License-Identifier: MIT
--- What the benchmark compares with: a small HTTP client in Lua over nginx's sockets, in the manner of lua-resty-http.
-- It parses the url, keeps connections, reads head and body in Lua (whole, by length or in chunks), and nothing more.

local minimal_http = {}

-- Header names are looked up whatever their case.
local headers_mt = {__index = function(headers, name) return rawget(headers, name:lower()) end}

local function parse_url(url)
  local scheme, host, port, path = url:match("^(https?)://([^:/]+):?(%d*)(.*)$")
  if not scheme then return nil, "bad url" end
  return host, tonumber(port) or (scheme == "https" and 443 or 80), path ~= "" and path or "/"
end

local function format_request(method, host, port, path, params)
  local lines = {method .. " " .. path .. " HTTP/1.1", "Host: " .. host .. ":" .. port, "User-Agent: minimal"}
  for name, value in pairs(params.headers or {}) do lines[#lines + 1] = name .. ": " .. value end
  if params.body then lines[#lines + 1] = "Content-Length: " .. #params.body end
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. (params.body or "")
end

local function read_status(sock)
  local line, problem = sock:receive("*l")
  if not line then return nil, problem end
  return tonumber(line:sub(10, 12)), tonumber(line:sub(6, 8))
end

local function read_headers(sock)
  local headers = setmetatable({}, headers_mt)
  while true do
    local line, problem = sock:receive("*l")
    if not line then return nil, problem end
    if line == "" then return headers end
    local name, value = line:match("^([^:%s]+):%s*(.-)%s*$")
    if not name then return nil, "bad header" end
    name = name:lower()
    local there = rawget(headers, name)
    headers[name] = there and there .. ", " .. value or value
  end
end

local function read_chunks(sock)
  local parts = {}
  while true do
    local line, problem = sock:receive("*l")
    local length = line and tonumber(line:match("^%x+"), 16)
    if not length then return nil, problem or "bad chunk" end
    if length > 0 then parts[#parts + 1] = sock:receive(length) end
    sock:receive(2)
    if length == 0 then return table.concat(parts) end
  end
end

local function read_body(sock, headers)
  if headers["Transfer-Encoding"] == "chunked" then return read_chunks(sock) end
  local length = tonumber(headers["Content-Length"])
  return sock:receive(length or "*a")
end

--- `request(url, {method, headers, body})` → `{status, headers, body}`, or nil and a message.
function minimal_http.request(url, params)
  local host, port, path = parse_url(url)
  if not host then return nil, port end
  local sock = ngx.socket.tcp()
  sock:settimeouts(2000, 5000, 5000)
  local fine, problem = sock:connect(host, port)
  if not fine then return nil, problem end
  fine, problem = sock:send(format_request(params.method or "GET", host, port, path, params))
  if not fine then return nil, problem end
  local status, version = read_status(sock)
  if not status then return nil, version end
  local headers
  headers, problem = read_headers(sock)
  if not headers then return nil, problem end
  local body
  body, problem = read_body(sock, headers)
  if not body then return nil, problem end
  if version >= 1.1 and headers["Connection"] ~= "close" then sock:setkeepalive(60000, 64) else sock:close() end
  return {status = status, headers = headers, body = body}
end

return minimal_http
