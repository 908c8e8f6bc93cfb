-- SPDX-License-Identifier: MIT
-- luacheck: std ngx_lua
-- Where nginx comes in: starts the state, and answers each request.

local answer = require "server.answer"
local app = require "server.app"
local control = require "server.control"
local faults = require "server.faults"
local log = require "server.log"
local request = require "server.request"
local state = require "server.state"

local main = {}

local PREFIX = "/grafana"

local function process_gone(pid)
  local file = io.open("/proc/" .. pid .. "/stat")
  if not file then return true end
  local stat = file:read("*l") or ""
  file:close()
  return stat:match("%) (%a)") == "Z"
end

-- Ends the server, and removes its folder if that was made for it, when the process that wanted it has gone.
local function watch(options)
  ngx.timer.every(1, function(premature)
    if premature or not process_gone(options.parent) then return end
    local quoted = "'" .. options.dir:gsub("'", "'\\''") .. "'"
    local command = "kill -TERM $(cat " .. quoted .. "/pid)"
    if options.own_dir ~= "" then command = command .. "; sleep 1; rm -rf " .. quoted end
    os.execute("(" .. command .. ") > /dev/null 2>&1 &")
  end)
end

-- options: dir, personality, parent (a pid or ""), own_dir ("" or not).
function main.start(options)
  state.reset(options.personality)
  if options.parent ~= "" then watch(options) end
end

local function read_body()
  ngx.req.read_body()
  local body = ngx.req.get_body_data()
  if body then return body end
  local name = ngx.req.get_body_file()
  local file = name and io.open(name, "rb")
  if not file then return "" end
  body = file:read("*a")
  file:close()
  return body
end

-- A body is a string or a list of bodies.
local function length_of(body)
  if type(body) == "string" then return #body end
  local length = 0
  for _, part in ipairs(body) do length = length + length_of(part) end
  return length
end

local function flatten(body)
  if type(body) == "string" then return body end
  local texts = {}
  for index, part in ipairs(body) do texts[index] = flatten(part) end
  return table.concat(texts)
end

local function send(result)
  if not result then return end
  ngx.status = result.status
  ngx.header["Content-Type"] = result.type
  ngx.header["Content-Length"] = length_of(result.body)
  ngx.header["Cache-Control"] = "no-store"
  for name, value in pairs(result.headers or {}) do ngx.header[name] = value end
  if ngx.req.get_method() ~= "HEAD" then ngx.print(result.body) end
end

local function send_control(target)
  local status, body = control.answer(target:sub(#control.path + 1), read_body())
  send { status = status, body = body, type = "application/json" }
end

-- Splits the sub-path off; "/grafana" alone is its root.
local function split_prefix(target)
  if target:sub(1, #PREFIX) == PREFIX and target:find("^[/?]", #PREFIX + 1) or target == PREFIX then
    local rest = target:sub(#PREFIX + 1)
    return PREFIX, rest:sub(1, 1) == "/" and rest or "/" .. rest
  end
  return "", target
end

local function safely(req)
  local ok, result = xpcall(app.answer, debug.traceback, req)
  if ok then return result end
  ngx.log(ngx.ERR, req.method, " ", req.target, ": ", result)
  return answer.value(500, { message = "stand-in error: " .. result })
end

-- Headers by lower-case name; several of one name are joined.
local function read_headers()
  local headers = {}
  for name, value in pairs(ngx.req.get_headers(0)) do
    headers[name] = type(value) == "table" and table.concat(value, ", ") or tostring(value)
  end
  return headers
end

function main.handle()
  local sent = ngx.var.request_uri
  if sent:sub(1, #control.path) == control.path then return send_control(sent) end
  local prefix, target = split_prefix(sent)
  local method, headers, body = ngx.req.get_method(), read_headers(), read_body()
  local entry = { method = method, path = sent, headers = headers, body = body, protocol = ngx.var.server_protocol }
  log.add(entry)
  log.enter(entry)
  local fault = faults.take(method, target)
  local req = request.new(method, target, prefix, headers, body)
  if not fault then
    send(safely(req))
    return log.leave()
  end
  entry.fault = fault.kind
  send(faults.play(fault, function()
    local result = safely(req)
    result.body = flatten(result.body)
    return result
  end))
  return log.leave()
end

return main
