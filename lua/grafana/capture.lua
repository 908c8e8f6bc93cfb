-- SPDX-License-Identifier: MIT
--- A transport over nginx's subrequests (`location.capture`): a location of nginx's own configuration reaches
-- Grafana by `proxy_pass`, with all that nginx can do there: upstream groups, TLS, keep-alive.
--
--     local capture = require "grafana.capture"
--     local g = grafana.connect(url, credentials, {transport = capture("/grafana-upstream")})
--
--     location = /grafana-upstream {
--       internal;
--       set $grafana_target '';
--       rewrite_by_lua_block { require("grafana.capture").pass() }
--       proxy_pass http://127.0.0.1:3000$grafana_target;
--     }
--
-- A subrequest has the headers of the visitor's request, Cookie and Authorization among them, and nginx decodes and
-- encodes its path anew. So what is sent to the location is empty: `pass` takes all headers of the visitor's away and
-- makes of it the request that is meant. A location that lacks the line never gets to see that.
--
-- It works for visitors over HTTP/1, in rewrite_by_lua*, access_by_lua* and content_by_lua*; in timers it does not.
-- The timeouts are those of the location (`proxy_read_timeout`); what goes wrong between nginx and Grafana, be it a
-- refused connection or a certificate, comes as nginx's own 502 or 504. The path of the client's url is sent, and its
-- host as the header Host, where the location passes that on. The memory of an answer is nginx's until the visitor's
-- request ends.
-- @module grafana.capture

local nginx = require "grafana.nginx"

local error, pcall, setmetatable, type = error, pcall, setmetatable, type

local capture = {}

-- The variable that holds path and query.
local TARGET = "grafana_target"

local LINE = 'rewrite_by_lua_block { require("grafana.capture").pass() }'

-- "host:port" and "/path?query" of a url.
local function split(url)
  local host, target = url:match("^%a+://([^/?#]*)(.*)$")
  if target:sub(1, 1) ~= "/" then target = "/" .. target end
  return host, target
end

local function with_host(headers, host)
  local all = {Host = host}
  for name, value in pairs(headers) do all[name] = value end
  return all
end

-- nginx's own error pages have no body in a subrequest.
local function is_gateway_error(answer)
  return (answer.status == 502 or answer.status == 504) and answer.body == ""
end

local function read_answer(answer, method)
  if is_gateway_error(answer) then return {code = answer.status} end
  if answer.truncated and method ~= "HEAD" then return nil, "cut", true end
  return {code = answer.status, headers = answer.header, body = answer.body}
end

local function fail(location, text, ...)
  error(("grafana.capture: the location '%s' " .. text):format(location, ...), 0)
end

local function exchange(location, request)
  local problem = nginx.refuses_subrequests()
  if problem then error("grafana.capture: " .. problem, 0) end
  local host, target = split(request.url)
  local job = {
    method = request.method, headers = with_host(request.headers, host), body = request.body,
    variables = {[TARGET] = target},
  }
  local context = {grafana = job}
  local answer = nginx.subrequest(location, context)
  context.grafana = nil
  if job.problem then fail(location, "cannot pass the request on: %s", job.problem) end
  if not job.passed then fail(location, "is not there, or lacks the line %s (code %d)", LINE, answer.status) end
  return read_answer(answer, request.method)
end

--- In `rewrite_by_lua_block` of the location: make of the subrequest the request that is meant. What reaches the
-- location in another way fails.
function capture.pass()
  local job = nginx.inside and nginx.context().grafana
  if type(job) ~= "table" or job.passed then error("this location is for grafana.capture alone", 2) end
  local fine, problem = pcall(nginx.become, job)
  if not fine then
    job.problem = problem
    error(problem, 0)
  end
  job.passed = true
end

local function check(location)
  if type(location) == "string" and location:find("^/[^?#%%%s]*$") then return location end
  local got = type(location) == "string" and "'" .. location .. "'" or type(location)
  error(("bad argument #1 'location' to 'grafana.capture' (name of a location, as in \"/grafana-upstream\", expected, "
    .. "got %s)"):format(got), 3)
end

--- A function for the option `transport` of `connect`.
-- @function capture
-- @string location the location, as it is written in nginx's configuration
return setmetatable(capture, {__call = function(_, location)
  check(location)
  if not nginx.inside then error("grafana.capture works inside nginx only", 2) end
  return function(request) return exchange(location, request) end
end})
