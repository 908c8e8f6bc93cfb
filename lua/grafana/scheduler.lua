-- SPDX-License-Identifier: MIT
--- Runs tasks outside nginx: coroutines, and one wait for the sockets of all clients that they use.
-- @module grafana.scheduler

local core = require "grafana.core"
local tasks = require "grafana.tasks"

local coroutine, error, ipairs, math, pcall, table = coroutine, error, ipairs, math, pcall, table
local now = core.now
local create, resume, yield = coroutine.create, coroutine.resume, coroutine.yield
local close = coroutine.close   -- Lua 5.4
local unpack = table.unpack or unpack   -- luacheck: ignore

local scheduler = {}
scheduler.__index = scheduler

-- How long one wait may last: Ctrl-C is seen after this many milliseconds at the latest. How many tasks run before the
-- sockets are looked at.
local PATIENCE, SLICE = 100, 100

-- What a task gives us when it waits, and when it has ended; everything else was meant for somebody else.
local PARK, END = {}, {}

-- The innermost task that has been resumed, though a coroutine that is none of ours may run inside it; false: none.
local active = false

--- The task inside which something runs; nil: none.
function scheduler.active()
  return active or nil
end

-- ------------------------------------------------------------------------------------------------------ queues --

local function push(self, task)
  task._queued = true
  self.last = self.last + 1
  self.ready[self.last] = task
end

local function pop(self)
  local task = self.ready[self.first]
  self.ready[self.first] = nil
  self.first = self.first + 1
  task._queued = false
  return task
end

-- Sleepers are a heap of {at, order, task}, the first to wake at its top. One that is woken otherwise stays there
-- without its task, until its time or until half of them are `forgotten` ones.

local function is_before(a, b)
  return a.at < b.at or a.at == b.at and a.order < b.order
end

local function put_sleeper(heap, sleeper)
  local at = #heap + 1
  while at > 1 do
    local above = (at - at % 2) / 2
    if not is_before(sleeper, heap[above]) then break end
    heap[at] = heap[above]
    at = above
  end
  heap[at] = sleeper
end

local function take_sleeper(heap)
  local first, last, count = heap[1], heap[#heap], #heap - 1
  heap[count + 1] = nil
  local at = 1
  while 2 * at <= count do
    local below = 2 * at
    if below < count and is_before(heap[below + 1], heap[below]) then below = below + 1 end
    if is_before(last, heap[below]) then break end
    heap[at] = heap[below]
    at = below
  end
  if count > 0 then heap[at] = last end
  return first
end

local FEW = 32

local function forget_sleeper(self, sleeper)
  sleeper.task = false
  self.forgotten = self.forgotten + 1
  if self.forgotten < FEW or 2 * self.forgotten < #self.sleepers then return end
  local kept = {}
  for _, each in ipairs(self.sleepers) do
    if each.task then put_sleeper(kept, each) end
  end
  self.sleepers, self.forgotten = kept, 0
end

-- ---------------------------------------------------------------------------------------------- the runner's face --

function scheduler.start(task, me)
  task._scheduler = me._scheduler
  if me._scheduler.is_over then return tasks.finish(task, false, "grafana: its run is over") end
  task._queued = false
  push(task._scheduler, task)
end

function scheduler.park()
  yield(PARK)
end

function scheduler.unpark(task)
  if not task._queued and not task._ended then push(task._scheduler, task) end
end

--- As `park`, for `ms` at most; 0 lets the others go on.
function scheduler.pause(task, ms)
  local self = task._scheduler
  if ms <= 0 then
    scheduler.unpark(task)
    return yield(PARK)
  end
  local sleeper = {at = now() + ms, order = self.order, task = task}
  self.order = self.order + 1
  put_sleeper(self.sleepers, sleeper)
  yield(PARK)
  if sleeper.task then forget_sleeper(self, sleeper) end
end

--- Ctrl-C has come up in the midst of `task`: everything ends. Does not return.
function scheduler.abort(task, problem)
  task._scheduler.aborted = {problem}
  while true do yield(PARK) end
end

--- `task` makes a call over the libcurl driver `driver`, until `leave`.
function scheduler.enter(task, driver)
  local self = task._scheduler
  local calls = self.carried[driver]
  if not calls then self.drivers[#self.drivers + 1] = driver end
  self.step = self.step or require("grafana.curl").step
  self.carried[driver] = (calls or 0) + 1
end

function scheduler.leave(task, driver)
  local self = task._scheduler
  local calls = self.carried[driver] - 1
  self.carried[driver] = calls > 0 and calls or nil
  if calls > 0 then return end
  for i, each in ipairs(self.drivers) do
    if each == driver then return table.remove(self.drivers, i) end
  end
end

-- ------------------------------------------------------------------------------------------------------ running --

local FOREIGN = "grafana: a task must not yield by itself: coroutine.yield in it reaches nobody (grafana.sleep(0) lets "
  .. "the other tasks go on)"

-- Nothing can be raised where everything is being left.
local function end_call(task, each, problem)
  each.call:cancel()
  task._broken_off = each.call:result()
  each.driver:drop(each.flight)
  each.call:close()
  local on_progress = each.call:on_progress()
  if on_progress then pcall(require("grafana.progress").broken_off, on_progress, problem) end
end

local function end_calls(task, problem)
  while task._under_way do
    end_call(task, task._under_way, problem)
    tasks.leave(task)
  end
end

local function end_foreign(task)
  task._cancelled = true   -- for what its end may still call
  end_calls(task, FOREIGN)
  if close then close(task._coroutine) end
  tasks.finish(task, false, FOREIGN)
end

local function body(f, ...)
  return END, f(...)
end

local function took_turn(self, task, fine, what, ...)
  active = self.outer
  if not fine then
    tasks.finish(task, false, what)
    if tasks.is_interrupt(what) then error(what, 0) end
  elseif what == END then
    tasks.finish(task, true, ...)
  elseif what ~= PARK then
    end_foreign(task)
  elseif self.aborted then
    error(self.aborted[1], 0)
  end
end

local function begin(self, task)
  local f, args = task._f, task._args
  task._started, task._f, task._args = true, false, false
  tasks.bind(task, create(body))
  active = task
  return took_turn(self, task, resume(task._coroutine, f, unpack(args, 1, args.n)))
end

local function go_on(self, task)
  if task._ended then return end   -- it was woken for nothing
  if not task._started then return begin(self, task) end
  active = task
  return took_turn(self, task, resume(task._coroutine))
end

-- Those that were ready when it began, but not too many.
local function run_ready(self)
  local last = math.min(self.last, self.first + SLICE - 1)
  while self.first <= last do go_on(self, pop(self)) end
end

local function wake_sleepers(self)
  local heap, at = self.sleepers, now()
  while heap[1] and heap[1].at <= at do
    local sleeper = take_sleeper(heap)
    local task = sleeper.task
    sleeper.task = false
    if task then scheduler.unpark(task) else self.forgotten = self.forgotten - 1 end
  end
end

-- Milliseconds that nobody has anything to do.
local function idle_time(self)
  if self.first <= self.last then return 0 end
  local first = self.sleepers[1]
  return first and math.max(0, math.min(first.at - now(), PATIENCE)) or PATIENCE
end

-- Is there nothing left that could wake a task? No call is under way.
local function is_stuck(self)
  return self.first > self.last and #self.sleepers == self.forgotten
end

-- The oldest of those that wait for another task.
local function stuck_task(group)
  local found
  for _, task in ipairs(tasks.members(group)) do
    local inside = task._inner ~= task._group and stuck_task(task._inner)
    task = task._awaits and task or inside
    if task and (not found or task._id < found._id) then found = task end
  end
  return found or group.owner._awaits and group.owner
end

local function wait(self, main)
  local ms, news, told, calls = idle_time(self), self.news, 0, 0
  if self.drivers[1] then told, calls = self.step(self.drivers, ms, news) end
  for i = 1, told do
    local task = news[i]
    news[i] = false
    task._runner.unpark(task)
  end
  if told > 0 or calls > 0 then return end   -- else nobody has waited: what its calls have come to keeps a task busy
  if is_stuck(self) then
    tasks.give_up(stuck_task(main._inner))
  elseif ms > 0 then
    core.sleep(ms)
  end
end

-- Lines of progress show how time goes by.
local function refresh()
  local progress = package.loaded["grafana.progress"]
  if progress then progress.refresh() end
end

local function loop(self, main)
  while true do
    run_ready(self)
    if main._ended then return end
    refresh()
    wake_sleepers(self)
    wait(self, main)
  end
end

-- Compiled loops of LuaJIT look at no hook, which is how the interpreter tells of Ctrl-C.
if jit then
  jit.off(loop)
  jit.off(run_ready)
  jit.off(wait)
end

-- ------------------------------------------------------------------------------------------------- being left --

-- Its to-be-closed variables are closed; what that calls ends at once.
local function kill(task, problem)
  task._cancelled = true
  end_calls(task, problem)
  if task._started and close then close(task._coroutine) end
  tasks.finish(task, false, "grafana: its run was left by an error")
end

-- The newest first. What there is to raise then: groups may say more of an interruption.
local function kill_group(group, problem)
  local members, better = tasks.members(group), nil
  for i = #members, 1, -1 do
    local task = members[i]
    if task._inner ~= task._group then better = kill_group(task._inner, problem) end
    kill(task, problem)
  end
  if group.explain then better = group.explain(problem) end
  return better or problem
end

local function leave(self, main, problem)
  active, self.is_over = self.outer, true
  local better = main._inner and kill_group(main._inner, problem)
  kill(main, problem)
  error(tasks.is_interrupt(problem) and better or problem, 0)
end

--- Run `f(main, …)` in a task, and all that are spawned in it, until they have ended.
-- @param new_task as `grafana.tasks` has it
-- @return what `f` returned; raises what it raised
function scheduler.run(new_task, f, ...)
  local self = {
    ready = {}, first = 1, last = 0, sleepers = {}, order = 1, forgotten = 0, drivers = {}, carried = {}, news = {},
    step = false, outer = active, aborted = false, is_over = false,
  }
  local main
  main = new_task(scheduler, false, function(...) return f(main, ...) end, ...)
  main._scheduler, main._queued = self, false
  push(self, main)
  local fine, problem = pcall(loop, self, main)
  if not fine then leave(self, main, problem) end
  if not main._fine then error(main._problem, 0) end
  return unpack(main._results, 1, main._results.n)
end

return scheduler
