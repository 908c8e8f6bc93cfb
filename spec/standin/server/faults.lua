-- SPDX-License-Identifier: MIT
-- luacheck: std ngx_lua
-- Faults: what may go wrong between a client and Grafana. Each kind is a function; it gets the fault, and `run`, which executes the request
-- and returns Grafana's answer. What no HTTP server would write goes over the raw socket, which HTTP/1 alone has; where HTTP/2 is in the
-- way the connection is closed instead.

local json = require "server.json"
local log = require "server.log"

local faults = { list = {} }

local kinds = {}

local function close()
  log.leave()   -- nothing after ngx.exit runs
  return ngx.exit(444)
end

local function raw(text)
  if ngx.req.http_version() >= 2 then return close() end
  local socket = ngx.req.socket(true)
  if socket then
    socket:send(text)
  end
  return close()
end

local function head(result, length)
  local lines = { "HTTP/1.1 " .. result.status .. " Standin", "Content-Type: " .. result.type }
  lines[#lines + 1] = length
  return table.concat(lines, "\r\n") .. "\r\n\r\n"
end

local function plain(fault, status, body, content_type)
  return { status = fault.code or status, body = fault.body or body, type = fault.content_type or content_type, headers = fault.headers }
end

function kinds.delay(fault, run)
  ngx.sleep(fault.seconds or 1)
  return run()
end

function kinds.stall(fault)
  ngx.sleep(fault.seconds or 30)
  return close()
end

kinds.close = close

function kinds.close_after(_, run)
  run()
  return close()
end

function kinds.cut(fault, run)
  local result = run()
  return raw(head(result, "Content-Length: " .. #result.body) .. result.body:sub(1, fault.bytes or math.floor(#result.body / 2)))
end

function kinds.cut_chunk(fault, run)
  local result = run()
  local part = result.body:sub(1, fault.bytes or math.floor(#result.body / 2))
  return raw(head(result, "Transfer-Encoding: chunked") .. ("%x"):format(#result.body) .. "\r\n" .. part)
end

function kinds.head_cut(_, run)
  local result = run()
  return raw("HTTP/1.1 " .. result.status .. " Standin\r\nContent-Type: " .. result.type .. "\r\nContent-Le")
end

function kinds.garbage(fault) return raw(fault.body or "\22\3\1 this is not HTTP \0\1\2\r\n\r\n") end

function kinds.status(fault)
  local code = fault.code or 503
  return plain(fault, code, json.encode { message = "stand-in fault " .. code }, "application/json")
end

function kinds.status_after(fault, run)
  run()
  return kinds.status(fault)
end

-- Too many requests of late: see `is_within`.
function kinds.rate(fault)
  local result = plain(fault, 429, json.encode { message = "Too many requests" }, "application/json")
  if fault.retry_after then result.headers = { ["Retry-After"] = tostring(fault.retry_after) } end
  return result
end

-- Sends `bytes` bytes each `interval` seconds.
function kinds.slow(fault, run)
  local result, step = run(), fault.bytes or 10
  ngx.status = result.status
  ngx.header["Content-Type"] = result.type
  ngx.header["Content-Length"] = #result.body
  ngx.header["Content-Encoding"] = "identity"
  for start = 1, #result.body, step do
    ngx.print(result.body:sub(start, start + step - 1))
    if not ngx.flush(true) then return close() end
    ngx.sleep(fault.interval or 0.1)
  end
  return nil
end

function kinds.redirect(fault)
  local result = plain(fault, 302, "", "text/html; charset=utf-8")
  result.headers = { Location = fault.location or "/login" }
  return result
end

function kinds.html(fault)
  return plain(fault, 200, "<!DOCTYPE html>\n<html><head><title>Proxy</title></head><body>Please sign in.</body></html>\n", "text/html; charset=utf-8")
end

function kinds.broken_json(fault) return plain(fault, 200, '{"message": "ok", ', "application/json") end

function kinds.empty(fault) return plain(fault, 200, "", "application/json") end

function kinds.body(fault) return plain(fault, 200, "{}", "application/json") end

function kinds.big(fault)
  local item = '{"filler":"' .. ("x"):rep(1000) .. '"}'
  local count = math.max(1, math.floor((fault.bytes or 20000000) / (#item + 1)))
  return plain(fault, 200, "[" .. (item .. ","):rep(count - 1) .. item .. "]", "application/json")
end

function kinds.content_type(fault, run)
  local result = run()
  result.type = fault.content_type or "text/plain"
  return result
end

function kinds.headers_many(fault, run)
  local result = run()
  result.headers = result.headers or {}
  for index = 1, fault.count or 300 do result.headers["X-Many-" .. index] = "value " .. index end
  return result
end

function kinds.header_long(fault, run)
  local result = run()
  result.headers = result.headers or {}
  result.headers["X-Long"] = ("x"):rep(fault.bytes or 100000)
  return result
end

faults.kinds = kinds

-- Adds a fault; nil and a message when it makes no sense. What recurs by itself lasts unless it is told how often.
function faults.add(fault)
  if not kinds[fault.kind] then return nil, "no such kind of fault: " .. tostring(fault.kind) end
  local recurs = fault.every or fault.kind == "rate"
  fault.left = fault.times == 0 and math.huge or fault.times or recurs and math.huge or 1
  fault.skip = fault.skip or 0
  fault.arrived = 0
  fault.passed = { first = 1, last = 0 }
  faults.list[#faults.list + 1] = fault
  return true
end

function faults.clear() faults.list = {} end

local function concerns(fault, method, target)
  if fault.org and ngx.var.http_x_grafana_org_id ~= tostring(fault.org) then return false end
  return fault.left > 0 and (not fault.method or fault.method == method) and (not fault.path or target:find(fault.path) ~= nil)
end

-- Of the rate: have fewer than `limit` requests passed in the last `seconds`? Then this one passes, too.
local function is_within(fault)
  ngx.update_time()
  local passed, now = fault.passed, ngx.now()
  while passed.first <= passed.last and passed[passed.first] <= now - (fault.seconds or 1) do
    passed[passed.first] = nil
    passed.first = passed.first + 1
  end
  if passed.last - passed.first + 1 >= (fault.limit or 10) then return false end
  passed.last = passed.last + 1
  passed[passed.last] = now
  return true
end

-- Does it let this request pass?
local function spares(fault)
  if fault.skip > 0 then
    fault.skip = fault.skip - 1
    return true
  end
  fault.arrived = fault.arrived + 1
  if fault.every and fault.arrived % fault.every ~= 0 then return true end
  return fault.kind == "rate" and is_within(fault)
end

-- The fault that this request meets, or nil. The first that matches wins, unless it lets this one pass.
function faults.take(method, target)
  for _, fault in ipairs(faults.list) do
    if concerns(fault, method, target) and not spares(fault) then
      fault.left = fault.left - 1
      return fault
    end
  end
  return nil
end

-- Plays a fault; the answer to send, or nil when all has been sent.
function faults.play(fault, run) return kinds[fault.kind](fault, run) end

return faults
