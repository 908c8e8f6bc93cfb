-- SPDX-License-Identifier: MIT
--- The driver over nginx's sockets: it waits without stopping the worker. What a single request goes through is in
-- `grafana.connection`; here is which requests run when, and who is woken.
--
-- Each call is driven by the coroutine that makes it (a *flight*): it takes the requests that the core gives out. One
-- alone it carries out itself; several run in threads of nginx's, while it sleeps on a semaphore until one has ended or
-- the core wants to be asked again.
-- @module grafana.cosocket

local connection = require "grafana.connection"
local core = require "grafana.core"
local nginx = require "grafana.nginx"

local coroutine, math, next, pcall, setmetatable = coroutine, math, next, pcall, setmetatable
local now = core.now

local cosocket = {}

local driver = {}
driver.__index = driver

-- A flight that is blocked looks this often for visitors that went away with a place in the window; the longest sleep;
-- how long one waits at most for another whose turn it is. Seconds. Of a crowd each looks less often, so that all
-- together are as busy as this many.
local POLL, LONG, MOMENT, CROWD = 0.1, 3600, 0.001, 20

--- A driver for one client: `options` are those of `connect` that concern it.
-- @return the driver; raises a sentence that names the option
function cosocket.driver(options)
  return setmetatable({
    network = connection.network(options),
    waiting = {},            -- flights whose coroutine sleeps: by flight, itself
    on_wire = {},            -- requests under way: by transfer, its flight
    queue = {}, first = 1, last = 0,   -- flights that are blocked by other calls, the oldest first
    called = false,          -- the one of the queue whose turn it is, until it looks
    event = 0,               -- counts what may have unblocked somebody
    swept_at = 0,            -- when somebody last looked for visitors that went away, ms
  }, driver)
end

-- ----------------------------------------------------------------------------------------------- waking others --

-- Many visitors share one window. A flight that finds no room stands in the queue. Whoever ends a request calls the
-- first of it; who was called looks, takes what it can use, and calls the next while there is room. One is called at a
-- time, and until nginx has run it all others stand back: places go to who has waited longest.

-- One that does not sleep looks before it does whether it has to.
local function wake(self, flight)
  if flight.posted or not self.waiting[flight] then return end
  flight.posted = true
  flight.semaphore:post()
end

-- nginx has thrown away the coroutine that slept here: its visitor has gone.
local function is_abandoned(flight)
  return flight.semaphore:count() > (flight.posted and 0 or -1)
end

local function is_asleep(self, flight)
  return self.waiting[flight] and not is_abandoned(flight)
end

local function enqueue(self, flight)
  if flight.queued then return end
  flight.queued = true
  self.last = self.last + 1
  self.queue[self.last] = flight
end

local function dequeue(self)
  local flight = self.queue[self.first]
  self.queue[self.first] = nil
  self.first = self.first + 1
  flight.queued = false
  return flight
end

-- Has a flight been called that nginx has yet to run?
local function is_awaited(self)
  return self.called and is_asleep(self, self.called)
end

-- Call the flight that has been blocked longest, unless it has looked since the last event. One at a time: where it
-- leaves room in the window it calls the next one.
local function pass_on(self)
  if is_awaited(self) then return end
  while self.first <= self.last do
    local flight = self.queue[self.first]
    local there = is_asleep(self, flight)
    if there and flight.asked == self.event then return end
    dequeue(self)
    if there then
      self.called = flight
      return wake(self, flight)
    end
  end
end

-- Something has changed that calls may have waited for: a request has ended, a token is there.
local function stir(self)
  self.event = self.event + 1
  pass_on(self)
end

-- Who looked before the one whose turn it is would take its place, again and again where a visitor asks for one thing
-- after the other.
local function must_stand_back(self, flight)
  if self.called ~= flight then return is_awaited(self) end
  self.called = false
  return false
end

local function close_those(flights, is_lost, at)
  local found = false
  for key, flight in next, flights do
    if is_lost(key, at) then
      flights[key] = nil   -- allowed while traversing
      flight.call:close()
      found = true
    end
  end
  return found
end

local function is_lost(transfer, at) return transfer:is_lost(at) end

-- Give back what calls hold whose visitor has gone: nginx throws their coroutines away without a word. True when there
-- were some.
local function sweep(self)
  local at = now()
  if at < self.swept_at + POLL * 1000 then return false end
  self.swept_at = at
  local some = close_those(self.waiting, is_abandoned, at)
  local others = close_those(self.on_wire, is_lost, at)
  if some or others then stir(self) end
  return some or others
end

-- ---------------------------------------------------------------------------------------------------- requests --

-- nginx's clock stands still while Lua runs, so that its timeouts come a little before their time, and that of a call
-- which ends with its deadline must not.
local function time_of_end(transfer, how)
  local at = now()
  return how == "timeout" and math.max(at, transfer:due()) or at
end

local function finish(self, flight, transfer, how, sent, detail)
  flight.transfers[transfer], self.on_wire[transfer] = nil, nil
  if not flight.call:done() then
    flight.call:finish(transfer.id, how, sent, detail, time_of_end(transfer, how))
  end
  stir(self)
end

-- In a thread of its own: the request from connecting to its end.
local function run(self, flight, transfer)
  local fine, how, sent, detail = pcall(connection.exchange, self.network, flight.call, transfer)
  if not fine then
    transfer:abandon()
    how, sent, detail = "failed", transfer.is_sent, "grafana: " .. tostring(how)
  end
  flight.ended[#flight.ended + 1] = transfer
  finish(self, flight, transfer, how, sent, detail)
  wake(self, flight)
  nginx.wait_for_reaping(flight.coroutine)
end

local function start(self, flight, transfer)
  flight.transfers[transfer], self.on_wire[transfer] = true, flight
  transfer.thread = nginx.spawn(run, self, flight, transfer)
end

-- In the coroutine of the call, which has nothing else to do. True when it has been carried out; else a thread does it.
local function run_here(self, flight, transfer)
  self.on_wire[transfer] = flight
  local fine, how, sent, detail = pcall(connection.exchange, self.network, flight.call, transfer, true)
  if how == "stale" then return start(self, flight, transfer) end
  if fine then
    finish(self, flight, transfer, how, sent, detail)
    return true
  end
  transfer:abandon()
  finish(self, flight, transfer, "failed", transfer.is_sent)
  error(how, 0)
end

local function reap(flight)
  local ended = flight.ended
  for i = #ended, 1, -1 do
    nginx.kill(ended[i].thread)
    ended[i] = nil
  end
end

local function break_off(self, flight, transfer, how, detail)
  nginx.kill(transfer.thread)
  transfer:abandon()
  finish(self, flight, transfer, how, transfer.is_sent, detail)
end

-- Break off what has taken longer than it may, whatever nginx waits for: names, handshakes, bytes.
local function end_overdue(self, flight, at)
  for transfer in next, flight.transfers do
    if transfer:due() <= at then break_off(self, flight, transfer, "timeout") end
  end
end

local function break_off_all(self, flight)
  for transfer in next, flight.transfers do break_off(self, flight, transfer, "cut", "the request was dropped") end
end

-- --------------------------------------------------------------------------------------------------------- turns --

-- Carry the one request out that the call has given, if it has nothing else to do meanwhile. Else in a thread: where
-- the call waits for room to send more, and where it may take longer than its socket can be told.
local function run_alone(self, flight, transfer, blocked)
  local here = not (next(flight.transfers) or blocked == "room" or flight.is_interruptible or transfer:may_overrun())
  if not here then return start(self, flight, transfer) end
  if flight.call:has_room() then pass_on(self) end
  return run_here(self, flight, transfer)
end

-- Send what the call has to send. True when something has been carried out meanwhile; nil when the call is done; else
-- when it wants to be asked again, and what blocks it.
local function pump(self, flight)
  local call, alone = flight.call, nil
  flight.asked = self.event
  while true do
    local at = now()
    local what, detail, blocked = call:next(at, true)
    if what == "send" then
      if alone then start(self, flight, alone) end
      alone = connection.transfer(self.network, detail, at)
    elseif what == "wait" then
      if alone and run_alone(self, flight, alone, blocked) then return true end
      return detail or math.huge, blocked
    else
      return nil
    end
  end
end

local function earliest(flight, at)
  for transfer in next, flight.transfers do
    local due = transfer:due()
    if due < at then at = due end
  end
  return at
end

local function sleep(self, flight, seconds)
  if not flight.semaphore then flight.semaphore = nginx.semaphore() end
  self.waiting[flight] = flight
  flight.semaphore:wait(seconds)
  self.waiting[flight] = nil
  flight.posted = false
end

-- Something may have happened between the last question and now; then there is nothing to wait for.
local function wait(self, flight, wake_at, blocked)
  if #flight.ended > 0 or blocked and sweep(self) then return end
  local seconds = (earliest(flight, wake_at) - now()) / 1000
  if blocked then
    enqueue(self, flight)
    seconds = math.min(seconds, POLL * math.max(1, (self.last - self.first) / CROWD))
  end
  if seconds > LONG then seconds = LONG end
  if seconds > 0 then sleep(self, flight, seconds) end
end

--- Drive `call` from now on, in this coroutine.
-- @param call
-- @param[opt] task in which it is made: `notice` may come at any time
-- @return what stands for it in `step` and `drop`; nil and a sentence where nginx's sockets cannot be used
function driver:add(call, task)
  local problem = nginx.refuses_sockets()
  if problem then return nil, problem end
  sweep(self)
  return {
    call = call, coroutine = coroutine.running(), transfers = {}, ended = {}, semaphore = false, posted = false,
    queued = false, asked = -1, is_interruptible = task ~= nil,
  }
end

--- Send what is due and wait until something happens to the flight's call. Yields.
function driver:step(_, flight)
  if must_stand_back(self, flight) then
    enqueue(self, flight)
    return sleep(self, flight, MOMENT)
  end
  local wake_at, blocked = pump(self, flight)
  if wake_at ~= true and flight.call:has_room() then pass_on(self) end
  if wake_at and wake_at ~= true then
    wait(self, flight, wake_at, blocked)
    end_overdue(self, flight, now())
  end
  if flight.call:done() then break_off_all(self, flight) end
  reap(flight)
end

--- The flight's call has been cancelled.
function driver:notice(flight)
  wake(self, flight)
end

--- Break off what the flight's call has on the wire.
function driver:drop(flight)
  break_off_all(self, flight)
  reap(flight)
  stir(self)   -- it may have been its turn
end

--- Ask all calls again: there is a new token.
function driver:wake()
  stir(self)
end

--- The client has been closed: whoever waits learns of it.
function driver:close()
  for flight in next, self.waiting do wake(self, flight) end
end

return cosocket
