-- SPDX-License-Identifier: MIT
--- The driver for `transport = function(request)`: what can send a request and return its answer carries the client.
--
-- The function gets a table: `method`, `url`, `headers` (by name), `body` (a string, or nil where a request has none),
-- `timeout` and `connect_timeout` (milliseconds, nil where there is no limit). It returns a table with
--
-- - `code`, the HTTP status,
-- - `headers`, by name; several values of one name are an array. An array of `{name, value}` is fine too,
-- - `body`, a string without chunks and compression; nil is an empty one,
--
-- or nil, a reason, and whether the request may have been sent. The reason is one of the words of `transport.REASONS`,
-- perhaps followed by `: ` and why; any other sentence is told as it is. A write that may have been sent is not sent
-- again, and its result says `uncertain`: the third value is false only where certainly no byte has reached a server.
-- Left out, it is false for `unknown-host`, `refused` and `tls`, and true for all else.
--
-- What the function raises, and what is wrong with what it returns, is raised to the caller of the operation; the
-- client stays usable. The requests of a call go out one after the other. Redirects, retries, sessions and limits are
-- the client's. A function that yields to a scheduler may be under way for several coroutines at once; the option
-- `sleep` says then how to wait, as nobody else runs meanwhile without.
-- @module grafana.transport

local core = require "grafana.core"
local nginx = require "grafana.nginx"
local tasks = require "grafana.tasks"

local collectgarbage, coroutine, error, ipairs, math = collectgarbage, coroutine, error, ipairs, math
local next, pairs, pcall, setmetatable, type = next, pairs, pcall, setmetatable, type
local now = core.now

local transport = {}

--- What a reason may be, and what it means to the client. Those after the first are what libraries say.
transport.REASONS = {
  timeout = "timeout",
  ["unknown-host"] = "unknown-host", ["host not found"] = "unknown-host",
  ["host or service not provided, or not known"] = "unknown-host",
  refused = "refused", ["connection refused"] = "refused", ["connection-refused"] = "refused",
  tls = "tls",
  cut = "cut", closed = "cut", ["connection reset"] = "cut", ["connection reset by peer"] = "cut",
}

-- Nothing has been sent when these happen.
local BEFORE_SENDING = {["unknown-host"] = true, refused = true, tls = true}

-- Methods whose requests have a body, if only an empty one.
local WITH_BODY = {POST = true, PUT = true, PATCH = true}

-- ------------------------------------------------------------------------------------------------ what comes back --

-- "the transport function (app.lua:12)"
local function name_of(send)
  local info = debug.getinfo(send, "S")
  if info.what == "C" then return "the transport function" end
  return ("the transport function (%s:%d)"):format(info.short_src, info.linedefined)
end

local function refuse(send, text, ...)
  error(("grafana: %s returned %s"):format(name_of(send), text:format(...)), 0)
end

local function check_code(send, code)
  if type(code) == "number" and code % 1 == 0 and code >= 100 and code <= 999 then return end
  local got = type(code) == "number" and ("%.14g"):format(code) or type(code)
  refuse(send, "a table whose field 'code' is no HTTP status (integer from 100 to 999 expected, got %s)", got)
end

-- Add a header to the array of names and values in turn.
local function add_header(send, flat, name, value)
  if type(name) ~= "string" then
    refuse(send, "a header whose name is no string: got %s", type(name))
  end
  if type(value) == "number" then value = ("%.14g"):format(value) end
  if type(value) ~= "string" then
    refuse(send, "the header '%s' with a wrong value (string or array of strings expected, got %s)", name, type(value))
  end
  flat[#flat + 1], flat[#flat + 2] = name, value
end

local function add_named(send, flat, name, value)
  if type(value) ~= "table" then return add_header(send, flat, name, value) end
  for _, each in ipairs(value) do add_header(send, flat, name, each) end
end

-- As an array of names and values in turn.
local function flat_headers(send, headers)
  if headers == nil then return {} end
  if type(headers) ~= "table" then
    refuse(send, "a table whose field 'headers' is wrong (table expected, got %s)", type(headers))
  end
  local flat, count = {}, 0
  for i, pair in ipairs(headers) do
    if type(pair) ~= "table" then
      refuse(send, "an array of headers whose item %d is wrong ({name, value} expected, got %s)", i, type(pair))
    end
    add_header(send, flat, pair[1], pair[2])
    count = i
  end
  for name, value in pairs(headers) do
    local listed = type(name) == "number" and name % 1 == 0 and name >= 1 and name <= count
    if not listed then add_named(send, flat, name, value) end
  end
  return flat
end

-- All is looked at before the first byte of it is fed.
local function check_answer(send, answer)
  if type(answer) ~= "table" then refuse(send, "%s (table, or nil and a reason, expected)", type(answer)) end
  check_code(send, answer.code)
  local body = answer.body
  if body ~= nil and type(body) ~= "string" then
    refuse(send, "a table whose field 'body' is wrong (string expected, got %s)", type(body))
  end
  return flat_headers(send, answer.headers)
end

-- How feeding ended.
local function feed(call, id, code, headers, body)
  if not call:head(id, code) then return "dropped" end
  for i = 1, #headers, 2 do
    if not call:header(id, headers[i], headers[i + 1]) then return "dropped" end
  end
  if body and not call:body(id, body) then return "dropped" end
  return "complete"
end

-- What a failure means to the core: how it ended, whether it may have arrived, words for people.
local function read_failure(send, reason, sent)
  if type(reason) ~= "string" or reason == "" then
    refuse(send, "nil without a reason (string expected, got %s)", reason == "" and "an empty one" or type(reason))
  end
  if sent ~= nil and type(sent) ~= "boolean" then
    refuse(send, "as third value, whether it was sent, a %s (boolean expected)", type(sent))
  end
  local word, why = reason:match("^([^:]+):%s*(.*)$")
  local how = transport.REASONS[(word or reason):lower()]
  if not how then how, why = "failed", reason end
  if sent == nil then sent = not BEFORE_SENDING[how] end
  return how, sent, why
end

-- ------------------------------------------------------------------------------------------------------- sending --

-- 0 means no limit to the core, and "at once" to many libraries.
local function limit(ms)
  return ms > 0 and ms or nil
end

-- A request as the function gets it.
local function shown(request)
  local headers = {}
  for _, pair in ipairs(request.headers) do headers[pair[1]] = pair[2] end
  return {
    method = request.method, url = request.url, headers = headers,
    body = request.body or WITH_BODY[request.method] and "" or nil,
    timeout = limit(request.timeout), connect_timeout = limit(request.connect_timeout),
  }
end

--- Have `send` carry a request of `call`, and feed the answer.
-- @return how it ended, whether it may have arrived, words for people; raises what `send` raises
function transport.exchange(send, call, request)
  local answer, reason, sent = send(shown(request))
  if answer == nil or answer == false then return read_failure(send, reason, sent) end
  local headers = check_answer(send, answer)
  return feed(call, request.id, answer.code, headers, answer.body), true
end

-- ------------------------------------------------------------------------------------------------------- waiting --

-- How often a call that is blocked by others looks whether it still is, and after how long without news the collector
-- looks for coroutines that were left with a request under way. Milliseconds.
local LOOK, GIVEN_UP = 10, 1000

local function block(seconds)
  core.sleep(seconds * 1000)
end

-- The function that waits, and whether others run meanwhile.
local function waiter(self)
  if self.sleep then return self.sleep, true end
  if tasks.current_yielding() then return tasks.sleep, true end
  if nginx.inside and not nginx.refuses_sockets() then return nginx.sleep, true end
  return block, false
end

local function here()
  return coroutine.running() or "main"
end

local function is_under_way(self, place)
  for call, other in next, self.under_way do
    if other == place and not call:done() then return true end
  end
  return false
end

-- A call that is made by the function would wait for the one that the function is there for. nginx uses the coroutine
-- of a visitor who has gone for another: then the collector ends what was under way.
local function check_nesting(self)
  local place = here()
  if not is_under_way(self, place) then return end
  collectgarbage()
  if is_under_way(self, place) then
    error("grafana: the transport function must not use the client that it serves", 0)
  end
end

-- Calls of tasks that find no room stand in line: who ends a request wakes the first. Each also looks by itself, in a
-- crowd less often, so that all together are as busy as this many. Not inside nginx, whose visitors go without a word.
local CROWD = 20

local function stand_in_line(self, task, call)
  local line = self.line
  if not line.places[call] then
    line.last = line.last + 1
    line[line.last], line.places[call] = {task = task, call = call}, line.last
  end
  tasks.pause(task, LOOK * math.max(1, (line.last - line.first) / CROWD))
end

local function leave_line(self, call)
  local line, place = self.line, self.line.places[call]
  if place then line[place], line.places[call] = false, nil end
end

local function wake_first(self)
  local line = self.line
  while line.first <= line.last do
    local waiting = line[line.first]
    if waiting and not waiting.call:done() then return tasks.wake(waiting.task) end
    line[line.first] = nil
    line.first = line.first + 1
  end
end

-- Only the end of another call's request can help. Where nobody else runs while we wait, that is one whose coroutine
-- has been forgotten, or none.
local function wait_for_others(self, call, patience)
  check_nesting(self)
  local sleep, others_run = waiter(self)
  local task = others_run and not self.sleep and not nginx.inside and tasks.current_yielding()
  if others_run then
    if task then stand_in_line(self, task, call) else sleep((patience < LOOK and patience or LOOK) / 1000) end
    if now() - self.last_news < GIVEN_UP then return end
  end
  self.last_news = now()
  collectgarbage()
  if others_run then return end
  local what, detail = call:next(now())
  if what ~= "wait" or detail then return what, detail end
  error("grafana: the call waits for another one of the same client, whose transport function has yielded and "
    .. "cannot go on meanwhile: give connect the option sleep, a function that waits by yielding", 0)
end

-- ------------------------------------------------------------------------------------------------------ the driver --

local driver = {}
driver.__index = driver

--- A driver that sends by the function `options.send` and waits by the function `options.sleep`, where there is one.
function transport.driver(options)
  return setmetatable({
    send = options.send, sleep = options.sleep or false,
    under_way = setmetatable({}, {__mode = "kv"}),   -- where the function runs, by call
    line = {first = 1, last = 0, places = setmetatable({}, {__mode = "k"})},
    last_news = 0,
  }, driver)
end

--- Nothing is done before the call's first step.
-- @return what stands for it in `step` and `drop`
function driver.add(_, call)
  return call
end

local function send_one(self, call, request)
  leave_line(self, call)
  if call:has_room() then wake_first(self) end
  self.under_way[call] = here()
  local fine, how, sent, detail = pcall(transport.exchange, self.send, call, request)
  self.under_way[call], self.last_news = nil, now()
  if fine then call:finish(request.id, how, sent, detail, now()) end
  wake_first(self)
  if not fine then error(how, 0) end
end

-- Another call's end may come before the time is up.
local function wait_until(self, at, patience)
  local ms, most = at - now(), next(self.under_way) and LOOK or patience
  if ms > most then ms = most end
  if ms > 0 then (waiter(self))(ms / 1000) end
end

--- Send the next request of the call, or wait at most `patience` milliseconds.
function driver:step(patience, call)
  local what, detail = call:next(now())
  if what == "wait" and not detail then what, detail = wait_for_others(self, call, patience) end
  if what == "send" then
    send_one(self, call, detail)
  elseif what == "wait" then
    wait_until(self, detail, patience)
  end
end

--- Whatever was under way has come to its end, or never will.
function driver:drop(call)
  self.under_way[call] = nil
  leave_line(self, call)
end

-- Calls are asked anew at each step, and nothing stays open.
local function nothing() end
driver.wake, driver.close = nothing, nothing

return transport
