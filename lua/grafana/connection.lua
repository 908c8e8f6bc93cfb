-- SPDX-License-Identifier: MIT
--- One request over one of nginx's sockets: connecting (through a proxy, with TLS), sending, reading the answer into
-- the core's call, and giving the connection back for the next.
-- @module grafana.connection

local core = require "grafana.core"
local http1 = require "grafana.http1"
local nginx = require "grafana.nginx"

local assert, pcall, setmetatable, tostring = assert, pcall, setmetatable, tostring
local now = core.now

local connection = {}

-- Bytes that one read takes at most; how long "no limit" is for nginx, in ms.
local READ, NO_LIMIT = 65536, 2 ^ 31 - 1

-- ------------------------------------------------------------------------------------------------ where requests go --

local function read_file(option, path)
  local file, problem = io.open(path, "rb")
  local text = file and file:read("*a")
  if file then file:close() end
  if not text then error(("option '%s': cannot read %s"):format(option, problem or path .. ": it is a folder"), 0) end
  return text
end

local function read_certificate(options)
  if not options.cert then
    if options.key then error("option 'key': a key needs its certificate in cert", 0) end
    return nil
  end
  local text = read_file("cert", options.cert)
  local key_text = options.key and read_file("key", options.key) or text
  local cert, key = nginx.client_certificate(text, key_text)
  if not cert then error(("option 'cert': %s holds no certificate in PEM"):format(options.cert), 0) end
  if not key then error(("option 'key': %s holds no key in PEM"):format(options.key or options.cert), 0) end
  return {cert = cert, key = key, digest = nginx.md5(text .. key_text)}
end

-- host, port and the two as they stand in a Host header, of "host", "host:port", "[::1]:port"
local function split_authority(authority, default_port)
  local host, port = authority:match("^(%[.-%]):?(%d*)$")
  if not host then host, port = authority:match("^([^:%c ]*):?(%d*)$") end
  if not host or host == "" then return nil end
  port = port ~= "" and tonumber(port) or default_port
  if port < 1 or port > 65535 then return nil end
  return host, port, port == default_port and host or host .. ":" .. port
end

local function begins(text, with) return text:sub(1, #with) == with end

local function is_address(host) return begins(host, "[") or host:find("^[%d.]+$") ~= nil end

local function percent_decoded(text)
  return (text:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

-- Where a proxy listens whose port is not given, as libcurl has it.
local PROXY_PORT = 1080

-- http://[user:password@]host[:port]; messages show nothing of it: there may be a password in it.
local function read_proxy(proxy)
  if not proxy or proxy == "" then return nil end
  local rest = proxy:match("^[hH][tT][tT][pP]://([^/?#]+)/?$") or ""
  local credentials, authority = rest:match("^(.*)@([^@]*)$")
  local host, port = split_authority(authority or rest, PROXY_PORT)
  if not host then error("option 'proxy': http://host:port expected", 0) end
  local authorization = credentials and "Proxy-Authorization: Basic "
    .. nginx.base64(percent_decoded(credentials)) .. "\r\n" or ""
  return {host = host, port = port, authorization = authorization}
end

--- How the requests of one client travel.
-- @tab options `verify`, `cert`, `key`, `proxy`, `concurrency`, as `connect` takes them
-- @return what `exchange` takes; raises a sentence that names the option
function connection.network(options)
  return {
    verify = options.verify ~= false,
    certificate = read_certificate(options),
    proxy = read_proxy(options.proxy),
    pool_size = options.concurrency or 8,
    origins = {},
    readers = {},
  }
end

-- Connections are shared by all that agrees in what stands here: never one that was made without verification, or with
-- another's certificate, with one that asks for more.
local function pool_name(network, origin)
  local proxy, certificate = network.proxy, network.certificate
  local via = proxy and ("%s:%d %s"):format(proxy.host, proxy.port, nginx.md5(proxy.authorization)) or "-"
  return table.concat({"grafana", origin.scheme, origin.host, origin.port, origin.tls and origin.name or "-",
    network.verify and "verified" or "unverified", "nginx's CA", certificate and certificate.digest or "-", via}, "|")
end

-- Names that need no look-up, for which nginx would want a resolver.
local LOCAL = {localhost = {"127.0.0.1", "[::1]"}}

local function new_origin(network, scheme, authority)
  local tls = scheme == "https"
  local host, port, header = split_authority(authority, tls and 443 or 80)
  local origin = {scheme = scheme, tls = tls, host = host, port = port, header = header}
  origin.name = host:gsub("^%[(.*)%]$", "%1")   -- whom the certificate must name
  origin.pool = {pool = pool_name(network, origin), pool_size = network.pool_size}
  local proxy = network.proxy
  local peer = proxy and proxy.host or host
  origin.hosts = LOCAL[peer:lower()] or {peer}
  origin.is_name = not is_address(origin.hosts[1])   -- to be looked up
  origin.peer_port = proxy and proxy.port or port
  origin.tunnel = proxy and tls
  origin.prefix = proxy and not tls and "http://" .. header or ""   -- a proxy wants the whole address
  origin.proxy_header = proxy and not tls and proxy.authorization or ""
  return origin
end

-- The origin of a url, and what stands in the request line.
local function origin_of(network, url)
  local scheme, authority, target = url:match("^(%a+)://([^/?#]+)([^#]*)")
  local key = scheme .. authority
  local origin = network.origins[key]
  if not origin then
    origin = new_origin(network, scheme:lower(), authority)
    network.origins[key] = origin
  end
  if target:byte() ~= 47 then target = "/" .. target end
  return origin, origin.prefix .. target
end

-- --------------------------------------------------------------------------------------------------- connecting --

-- How a failure to connect is told to the core, from nginx's words.
local function how_not_connected(problem)
  if problem == "connection refused" then return "refused", "" end
  if problem == "timeout" or problem:find("timed out", 1, true) then return "timeout" end
  if begins(problem, "no resolver defined") then
    return "unknown-host", 'nginx looks names up by its own means only: set "resolver" in its configuration'
  end
  if problem:find("could not be resolved", 1, true) then return "unknown-host", problem end
  return "failed", problem
end

-- nginx asks its name servers for anything, in a question that they cannot read, and waits for an answer.
local function can_be_asked_for(host)
  if #host > 253 then return false end
  for label in host:gmatch("[^.]+") do
    if #label > 63 then return false end
  end
  return true
end

-- nginx looks into the pool before it looks at the host.
local NO_HOST = "["

-- A kept connection; nil, and at once, when there is none.
local function take_kept(origin)
  local sock = nginx.tcp()
  return sock:connect(NO_HOST, origin.peer_port, origin.pool) and sock
end

-- A connected socket, or nil, how it failed, and a few words.
local function connect_to(origin, transfer)
  local problem
  if transfer.kept then
    transfer.sock, transfer.kept = transfer.kept, false
    return transfer.sock
  end
  if not can_be_asked_for(origin.hosts[1]) then return nil, "unknown-host", origin.hosts[1] end
  for _, host in ipairs(origin.hosts) do
    local sock, limit = nginx.tcp(), transfer:left()
    sock:settimeouts(limit, limit, limit)
    transfer.sock = sock
    local connected, why = sock:connect(host, origin.peer_port, origin.pool)
    if connected then return sock end
    problem = problem or why   -- a machine without IPv6 says something else of [::1]
  end
  return nil, how_not_connected(tostring(problem))
end

-- Read into `reader`: how the answer ended, a few words, whether the connection may be used again, the answer's code.
local function receive(sock, transfer, reader)
  while true do
    sock:settimeout(transfer:left())
    local bytes, problem = sock:receiveany(READ)
    if problem == "timeout" then return "timeout" end
    if not bytes and problem ~= "closed" then return "cut", problem end
    local state, detail, code
    if bytes then state, detail, code = reader:feed(bytes) else state, detail, code = reader:eof() end
    if state == "done" then return "complete", nil, detail, code end
    if state == "dropped" then return "dropped" end
    if state ~= "more" then return "cut", detail end
  end
end

local function no_tunnel(problem)
  if problem == "timeout" then return "timeout" end
  return "failed", "no tunnel through the proxy: " .. problem
end

-- nil when there is one; else how it failed, and a few words.
local function open_tunnel(network, transfer, sock, reader)
  local origin, authorization = transfer.origin, network.proxy.authorization
  local target = origin.host .. ":" .. origin.port
  sock:settimeout(transfer:left())
  local sent, problem = sock:send {"CONNECT ", target, " HTTP/1.1\r\nHost: ", target, "\r\n", authorization, "\r\n"}
  if not sent then return no_tunnel(problem) end
  reader:begin(nil, 0, "CONNECT")   -- nobody gets the proxy's answer
  local how, words, keep, code = receive(sock, transfer, reader)
  if how == "complete" and keep then return nil end
  if how ~= "complete" then return no_tunnel(words or how) end
  if code < 200 or code >= 300 then return "failed", ("CONNECT tunnel failed, response %d"):format(code) end
  return no_tunnel("it sends more than its answer")
end

local NOT_VERIFIED = "the server's certificate could not be verified"

-- What nginx says of a certificate that it does not trust, in OpenSSL's words, and what may help.
local UNTRUSTED = {"issuer", "self.signed", "first certificate", "too long"}
local DIRECTIVES = "; see lua_ssl_trusted_certificate and lua_ssl_verify_depth"

local function not_trusted(origin, problem)
  problem = problem:gsub("^%d+: ", "")   -- a number that may be an earlier handshake's
  for _, words in ipairs(UNTRUSTED) do
    if problem:find(words) then return problem .. DIRECTIVES end
  end
  if problem == "certificate host mismatch" and is_address(origin.host) then
    return problem .. "; nginx looks at the names in it, not at addresses"
  end
  return problem
end

-- Where the handshake is over at once and the certificate is not to be trusted, module 0.10.23 raises (with `nil` as
-- the session; with `false` it would say that all is well).
local function shake_hands(network, transfer, sock)
  local certificate, origin = network.certificate, transfer.origin
  local name = (network.verify or not is_address(origin.host)) and origin.name or nil   -- TLS sends names only
  if certificate then assert(sock:setclientcert(certificate.cert, certificate.key)) end
  sock:settimeout(transfer:left())
  local fine, session, problem = pcall(sock.sslhandshake, sock, nil, name, network.verify)
  if fine and session then return nil end
  if not fine then problem = nginx.last_problem() or NOT_VERIFIED end
  if problem == "timeout" then return "timeout" end
  return "tls", not_trusted(origin, problem)
end

local function blame_proxy(proxy, words)
  return "proxy: " .. (words ~= "" and words or proxy.host .. ":" .. proxy.port)
end

-- A socket that is ready for a request, and whether it was used before; or nil, how it failed, and a few words.
local function open(network, transfer, reader)
  local origin = transfer.origin
  local sock, how, words = connect_to(origin, transfer)
  if not sock then return nil, how, network.proxy and blame_proxy(network.proxy, words) or words end
  local reused = sock:getreusedtimes() > 0
  if not reused then
    if origin.tunnel then how, words = open_tunnel(network, transfer, sock, reader) end
    if not how and origin.tls then how, words = shake_hands(network, transfer, sock) end
  end
  if how then
    sock:close()
    return nil, how, words
  end
  transfer.is_connected = true
  return sock, reused
end

-- ---------------------------------------------------------------------------------------------------- conversing --

local ENCODINGS = http1.encodings and "Accept-Encoding: " .. http1.encodings .. "\r\n" or ""
local OWN_ENCODINGS = "[aA][cC][cC][eE][pP][tT]%-[eE][nN][cC][oO][dD][iI][nN][gG]:"
local HAVE_BODIES = {POST = true, PUT = true, PATCH = true}

local function send(sock, transfer)
  local request, origin = transfer.request, transfer.origin
  local body = request.body or ""
  local encodings = request.head:find(OWN_ENCODINGS) and "" or ENCODINGS
  local length = (body ~= "" or HAVE_BODIES[request.method]) and "Content-Length: " .. #body .. "\r\n" or ""
  return sock:send {
    request.method, " ", transfer.target, " HTTP/1.1\r\nHost: ", origin.header, "\r\n", request.head, encodings,
    origin.proxy_header, length, "\r\n", body,
  }
end

-- Send, and read the answer: how it ended, whether it was sent, a few words, whether the connection can be kept.
-- "closed" for the first bytes after a handshake is how module 0.10.23 tells of a certificate that it did not verify.
local function converse(sock, reused, transfer, call, reader)
  reader:begin(call, transfer.id, transfer.request.method)
  transfer.is_sent = true
  sock:settimeout(transfer:left())
  local sent, problem = send(sock, transfer)
  if not sent and problem == "timeout" then return "timeout", true end
  if not sent and transfer.origin.tls and not reused and problem == "closed" then return "tls", false, NOT_VERIFIED end
  local how, words, keep = receive(sock, transfer, reader)   -- it may have answered without reading everything
  return how, true, words, sent and keep
end

local function put_away(network, sock, keep)
  if not (keep and sock:setkeepalive(nil, network.pool_size)) then sock:close() end
end

-- A kept connection that the server has closed meanwhile: what is harmless is sent again at once, on another one.
local REPEATABLE = {GET = true, HEAD = true}

local function is_stale(transfer, reader, how, reused)
  return how == "cut" and reused and REPEATABLE[transfer.request.method] and not reader:started()
end

local function attempt(network, transfer, call, reader)
  transfer:begin_to_connect()
  local sock, reused, words = open(network, transfer, reader)
  if not sock then return reused, false, words end
  local how, sent, detail, keep = converse(sock, reused, transfer, call, reader)
  put_away(network, sock, keep)
  return how, sent, detail, is_stale(transfer, reader, how, reused)
end

--- Carry a request out: its answer goes to `call`. Yields.
-- @bool is_bounded nothing may be begun that can take longer than its socket can be told (`may_overrun`)
-- @return how it ended, whether it may have arrived, a few words (as `call:finish` takes them); "stale": to be carried
--   out once more, unbounded
function connection.exchange(network, call, transfer, is_bounded)
  local readers = network.readers
  local reader = readers[#readers] or http1.reader()
  readers[#readers] = nil
  local how, sent, detail, stale
  repeat
    how, sent, detail, stale = attempt(network, transfer, call, reader)
  until not stale or is_bounded and transfer:may_overrun()
  readers[#readers + 1] = reader
  return stale and "stale" or how, sent, detail
end

-- ----------------------------------------------------------------------------------------------------- transfers --

local transfers = {}
transfers.__index = transfers

local function limit(ms) return ms > 0 and ms or NO_LIMIT end

--- A request under way, begun at `at_ms`. `is_sent`: it may have arrived.
function connection.transfer(network, request, at_ms)
  local origin, target = origin_of(network, request.url)
  return setmetatable({
    request = request, id = request.id, origin = origin, target = target,
    thread = false, sock = false, kept = false, is_connected = false, is_sent = false,
    ends_at = at_ms + limit(request.timeout), connected_by = at_ms + limit(request.connect_timeout),
  }, transfers)
end

--- From now on counts its time for connecting. nginx reckons time limits from its own clock, which stands still while
-- Lua runs: after a long computation they would be over before they began.
function transfers:begin_to_connect()
  nginx.update_time()
  self.is_connected = false
  self.connected_by = now() + limit(self.request.connect_timeout)
end

--- When it must be over, or connected.
function transfers:due()
  if self.is_connected or self.ends_at < self.connected_by then return self.ends_at end
  return self.connected_by
end

--- Milliseconds until then, at least 1.
function transfers:left()
  local left = self:due() - now()
  return left >= 1 and left or 1
end

-- A body of so many bytes goes at once, more or less.
local SMALL = 16384

--- Can it take longer than its socket can be told? For looking names up nginx has a time limit of its own, and the one
-- for sending begins anew with each piece that goes. A kept connection has its name behind it: it is taken here.
function transfers:may_overrun()
  if #(self.request.body or "") > SMALL then return true end
  if not self.origin.is_name then return false end
  self.kept = take_kept(self.origin)
  return not self.kept
end

local GRACE = 1000

--- Has nginx thrown away the request on behalf of which it was sent? Then its socket knows nothing of a connection; but
-- neither does one that waits for a name.
function transfers:is_lost(at_ms)
  if self.origin.is_name and not self.is_connected then return at_ms > self.connected_by + GRACE end
  return not self.sock:getreusedtimes()
end

--- Its thread has been killed: close what it had open.
function transfers:abandon()
  if self.sock then pcall(self.sock.close, self.sock) end
end

return connection
