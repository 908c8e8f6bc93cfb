-- SPDX-License-Identifier: MIT
--- What the library uses of nginx's Lua module. No other file names `ngx`.
-- @module grafana.nginx

local core = require "grafana.core"

local ngx = rawget(_G, "ngx")

local nginx = {
  --- Whether this Lua runs inside nginx.
  inside = type(ngx) == "table" and type(ngx.get_phase) == "function",
}
if not nginx.inside then return nginx end

--- `tcp()` → a new socket that yields to the event loop instead of blocking.
nginx.tcp = ngx.socket.tcp

--- `sleep(seconds)`, at least a millisecond: where nginx lacks a patch of OpenResty's it logs a warning for less
function nginx.sleep(seconds)
  ngx.sleep(math.max(seconds, 0.001))
end

--- `update_time()`: nginx's clock tells the time again
nginx.update_time = ngx.update_time

--- `md5(text)` → hexadecimal digits
nginx.md5 = ngx.md5

--- `base64(text)`
nginx.base64 = ngx.encode_base64

--- Threads of nginx's own: `spawn(f, …)` → thread, `kill(thread)`.
nginx.spawn, nginx.kill = ngx.thread.spawn, ngx.thread.kill

--- To be called by a thread that has nothing left to do, with the coroutine that has spawned it. nginx frees a thread
-- that has ended when its parent asks for it; where that has been killed meanwhile, never, and the visitor's request
-- does not end either. So it waits to be killed, or for its parent's end.
function nginx.wait_for_reaping(parent)
  local seconds = 0.001
  while coroutine.status(parent) ~= "dead" do
    nginx.sleep(seconds)
    seconds = math.min(2 * seconds, 1)
  end
end

--- A line in nginx's log.
function nginx.log_error(text)
  ngx.log(ngx.ERR, text)
end

--- `semaphore()` → one of nginx's semaphores: `wait(seconds)`, `post()`, `count()`
function nginx.semaphore()
  return assert(require("ngx.semaphore").new(0))
end

-- ---------------------------------------------------------------------------------------------------- phases --

local IN_TIMER = "start a timer there, ngx.timer.at(0, function), and call from its function"
local EARLIER = "call in access_by_lua*, rewrite_by_lua* or content_by_lua*, or from a timer"
local BLOCKING = IN_TIMER .. '; or connect with transport = "curl", which blocks, but nothing waits there yet'

-- What to do instead where nothing can wait. Phases that are not named can.
local CANNOT_WAIT = {
  init = {"init_by_lua*", BLOCKING},
  init_worker = {"init_worker_by_lua*", BLOCKING},
  exit_worker = {"exit_worker_by_lua*", "do it earlier, from a timer"},
  log = {"log_by_lua*", IN_TIMER},
  ssl_session_store = {"ssl_session_store_by_lua*", IN_TIMER},
  set = {"set_by_lua*", EARLIER},
  header_filter = {"header_filter_by_lua*", EARLIER},
  body_filter = {"body_filter_by_lua*", EARLIER},
  balancer = {"balancer_by_lua*", EARLIER},
}

local INSIDE_C = "nginx's sockets cannot be used inside a function that C calls, such as one given to table.sort or "
  .. "string.gsub, a finalizer, or a file at the moment it is required: call before or after it"

--- Why nginx's sockets cannot be used at this moment, and what to do instead; nil where they can.
function nginx.refuses_sockets()
  local where = CANNOT_WAIT[ngx.get_phase()]
  if where then return ("nginx's sockets cannot be used in %s: %s"):format(where[1], where[2]) end
  if not core.can_yield() then return INSIDE_C end
  return nil
end

--- Why a call that blocks may not be made at this moment; nil where it stops no visitor.
function nginx.refuses_blocking()
  if CANNOT_WAIT[ngx.get_phase()] then return nil end
  return 'the blocking transport "curl" would stop this worker of nginx and all that it serves: leave the option '
    .. "transport out, or allow it by the option blocking = true"
end

--- What nginx's module had to say where it raised something else; nil where that is not to be had.
function nginx.last_problem()
  local fine, text = pcall(function()
    return require("ffi").string(require("resty.core.base").get_errmsg_ptr()[0])
  end)
  return fine and text or nil
end

--- A certificate and its key in PEM, parsed for a socket's `setclientcert`; each nil where the text is none.
function nginx.client_certificate(cert_text, key_text)
  local ssl = require "ngx.ssl"
  return (ssl.parse_pem_cert(cert_text)), (ssl.parse_pem_priv_key(key_text))
end

-- ----------------------------------------------------------------------------------------------- subrequests --

local SUBREQUESTS = {rewrite = true, access = true, content = true}

--- Why no subrequest can be made at this moment, and what to do instead; nil where one can.
function nginx.refuses_subrequests()
  local phase = ngx.get_phase()
  if not SUBREQUESTS[phase] then
    return ("nginx makes no subrequests in the phase '%s', only in rewrite_by_lua*, access_by_lua* and "
      .. "content_by_lua*: use nginx's sockets here, without the option transport"):format(phase)
  end
  if ngx.req.http_version() >= 2 then
    return "nginx makes no subrequests for a visitor who came by HTTP/2: use nginx's sockets, without the option "
      .. "transport, or listen without http2"
  end
end

--- A subrequest to a location of this server, whose `ngx.ctx` is `context`. Of the visitor's request its headers come
-- along, not its body. Yields.
-- @treturn table {status, header, body, truncated}
function nginx.subrequest(location, context)
  return ngx.location.capture(location, {ctx = context, body = ""})
end

--- What the subrequest was given as `context`.
function nginx.context()
  return ngx.ctx
end

--- In rewrite_by_lua*: make of the request at hand another: `method`, `headers` (by name; all others go), `body` (a
-- string, or nil: none), `variables` (by name). Raises where it cannot be done.
function nginx.become(request)
  local method = assert(ngx["HTTP_" .. request.method], "nginx knows no such method in a subrequest")
  for name, value in pairs(request.variables) do ngx.var[name] = value end
  for name in pairs(ngx.req.get_headers(0, true)) do ngx.req.clear_header(name) end
  for name, value in pairs(request.headers) do ngx.req.set_header(name, value) end
  ngx.req.set_method(method)
  if request.body then ngx.req.set_body_data(request.body) end
end

return nginx
