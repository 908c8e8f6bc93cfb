-- SPDX-License-Identifier: MIT
--- Tasks: functions that run side by side, in which a call lets the others go on instead of blocking.
--
-- What a task is, waits for and ends with is here. Who runs when is the matter of two *runners*: `grafana.scheduler`, a
-- loop of our own around libcurl, and `grafana.threads`, nginx's light threads. A runner has
--
-- - `start(task)`: run it from now on, but not at once
-- - `park(task)`: the task that runs waits until somebody calls `unpark(task)`; it may be woken without a reason
-- - `pause(task, ms)`: the same, for so long at most
-- - `reap()`, if need be: give back what ended tasks have left behind
-- @module grafana.tasks

local core = require "grafana.core"
local nginx = require "grafana.nginx"

local error, ipairs, next, pcall, select, tostring = error, ipairs, next, pcall, select, tostring
local getmetatable, running, setmetatable, table, type = getmetatable, coroutine.running, setmetatable, table, type
local unpack = table.unpack or unpack   -- luacheck: ignore

local tasks = {}

local methods = {}
local metatable = {__index = methods, __name = "grafana.task"}

-- A task is a table with `_id`, `_runner`, `_f` and `_args` until it starts, `_coroutine`, `_group` (in which it was
-- spawned, or false) and `_inner` (into which it spawns), `_started`, `_ended`, `_fine`, `_results` or `_problem`,
-- `_cancelled`, `_waiters`; `_awaits` (a task) and `_joins` (a group) while it waits for them; `_under_way`, the call
-- that it makes: {call, driver, flight, yields, outer}, where `outer` is the one that has called on_progress, on_retry
-- or a token function, which has made this one; `_context` (in nginx the visitor's request); `_refusals`, where its
-- calls are part of work that began earlier (see gf_call_begun_at).
-- What a runner adds begins with its own letter.
--
-- A group is what one `run` waits for: `live` tasks, its `members`, its `owner`, and the failures that nobody has been
-- given: `failed`, by failure its number, and how many there have been.

local task_of = setmetatable({}, {__mode = "kv"})   -- by coroutine
local last_id = 0

-- ------------------------------------------------------------------------------------------------ which task --

--- The task that runs, nil in a coroutine that is none of ours.
function tasks.current()
  local task = task_of[(running())]
  -- nginx uses the coroutine of a visitor who has gone for another.
  if task and nginx.inside and task._context and task._context ~= nginx.context() then return nil end
  return task
end
local current = tasks.current

--- The task that runs, where it can let others go on: no function in C is among those that it runs.
function tasks.current_yielding()
  local task = current()
  return task and core.can_yield() and task or nil
end

--- For runners: the coroutine in which a task runs; nil: no more.
function tasks.bind(task, routine)
  if task._coroutine then task_of[task._coroutine] = nil end
  task._coroutine = routine or false
  if routine then task_of[routine] = task end
end

local function scheduler() return require("grafana.scheduler") end

-- nginx's own loop, where there is one to go back to.
local function inside_loop()
  return nginx.inside and not nginx.refuses_sockets()
end

local function new_task(runner, group, f, ...)
  last_id = last_id + 1
  return setmetatable({
    _id = last_id, _runner = runner, _f = f, _args = {n = select("#", ...), ...}, _coroutine = false,
    _group = group, _inner = group, _started = false, _ended = false, _fine = false, _results = false, _problem = nil,
    _cancelled = false, _waiters = false, _awaits = false, _joins = false, _under_way = false, _context = false,
    _refusals = false,
  }, metatable)
end

-- ------------------------------------------------------------------------------------------------ cancelling --

local function cancelled(operation)
  return setmetatable({
    status = "error", ok = false, reason = "cancelled", operation = operation, message = "the task was cancelled",
  }, core.result_mt)
end

local function is_cancelled(problem)
  return type(problem) == "table" and problem.reason == "cancelled"
end
tasks.is_cancelled = is_cancelled

--- For runners: has the task, which has ended, come to its end by being cancelled? An error that another's cancelling
-- has led to is one.
function tasks.ended_cancelled(task)
  return task._cancelled and is_cancelled(task._problem)
end

--- Cancel the task: a call that it makes returns with the reason `cancelled`, as do all later ones, and `sleep` and
-- `wait` raise a result with that reason. One that has not started never does. Nothing happens when it has ended.
function methods:cancel()
  if self._ended or self._cancelled then return end
  self._cancelled = true
  if not self._started then return tasks.finish(self, false, cancelled("spawn")) end
  local each = self._under_way
  while each do
    each.call:cancel()
    if each.driver.notice then each.driver:notice(each.flight) end
    each = each.outer
  end
  self._runner.unpark(self)
end

-- ---------------------------------------------------------------------------------------------------- the end --

local function add_failure(group, failure)
  group.failures = group.failures + 1
  group.failed[failure] = group.failures
end

local function leave_group(task, group)
  group.members[task] = nil
  group.live = group.live - 1
  if not task._fine and not tasks.ended_cancelled(task) then add_failure(group, task) end
  if group.live == 0 and group.owner._joins == group then group.owner._runner.unpark(group.owner) end
end

--- For runners: `task` has ended, with results or with an error.
function tasks.finish(task, fine, ...)
  if task._ended then return end
  task._ended, task._fine = true, fine
  if fine then task._results = {n = select("#", ...), ...} else task._problem = (...) end
  task._f, task._args, task._under_way = false, false, false
  tasks.bind(task, nil)
  local waiters = task._waiters
  task._waiters = false
  for _, waiter in ipairs(waiters or {}) do waiter._runner.unpark(waiter) end
  if task._group then leave_group(task, task._group) end
end

-- --------------------------------------------------------------------------------------------------- waiting --

local function name_of(task) return "task " .. task._id end

-- Is `task` among those, directly or further down, that the group waits for?
local function is_within(task, group)
  local at = task._group
  while at and at ~= group do at = at.owner._group end
  return at == group
end

-- Does anybody wait for `task`, itself or as one of a run's?
local function is_awaited(task)
  local group = task._group
  while group and group.owner._joins ~= group do group = group.owner._group end
  return task._waiters or group
end

-- Would `me` wait for itself, if it waited for `task`?
local function would_circle(me, task)
  local at = is_awaited(me) and task
  while at do
    if at == me or at._joins and is_within(me, at._joins) then return true end
    at = at._awaits
  end
  return false
end

-- "task 1 waits for task 2 waits for …"
local function circle(me, task)
  local names, at = {name_of(me)}, task
  while at and at ~= me do
    names[#names + 1] = name_of(at)
    at = at._awaits
  end
  names[#names + 1] = name_of(me)
  return table.concat(names, " waits for ")
end

local function check_circle(me, task)
  if me == task then error("grafana: a task cannot wait for itself", 3) end
  if not would_circle(me, task) then return end
  error("grafana: these tasks would wait for each other for ever: " .. circle(me, task), 3)
end

local function await(me, task)
  task._waiters = task._waiters or {}
  task._waiters[#task._waiters + 1] = me
  me._awaits = task
  while not task._ended and not me._cancelled and me._awaits do me._runner.park(me) end
  local given_up = not me._awaits
  me._awaits = false
  if task._ended then return end
  if given_up then
    error("grafana: " .. name_of(me) .. " waits for " .. name_of(task) .. ", and nothing is left that could end it", 3)
  end
  error(cancelled("wait"), 0)
end

local function own_context() return nginx.inside and nginx.context() or false end

-- In nginx any coroutine can wait.
local function waiting_place(task)
  local me = tasks.current_yielding()
  if me then return me end
  if inside_loop() and task._runner.adopt then
    if task._context == own_context() then return task._runner.adopt(new_task(task._runner, false)) end
    error("grafana: a task can be waited for in the visitor's request in which it was spawned, until it has ended", 3)
  end
  error("grafana: only a task can wait for one that has not ended. This is a coroutine of the program's own, or inside "
    .. "a function that C calls, such as one given to table.sort: neither can wait", 3)
end

--- Wait until the task has ended. By any task, as often as wanted.
-- @return what its function returned; raises what that raised
function methods:wait()
  if not self._ended then
    local me = waiting_place(self)
    check_circle(me, self)
    if me._cancelled then error(cancelled("wait"), 0) end
    await(me, self)
    if me._runner.reap then me._runner.reap() end
  end
  if self._fine then return unpack(self._results, 1, self._results.n) end
  if self._group then self._group.failed[self] = nil end   -- somebody has been given it
  error(self._problem, 0)
end

--- For runners: `task` waits for ever. It learns so by an error.
function tasks.give_up(task)
  task._awaits = false
  task._runner.unpark(task)
end

-- ----------------------------------------------------------------------------------------- calls inside tasks --

--- For the client: can `task`, in which it runs, let others go on while it waits for a call over libcurl?
function tasks.yields(task)
  return task._scheduler and core.can_yield() or false
end

--- For the client: `task` makes `call`, for which `flight` stands at the driver. `yields`: it will `park`.
function tasks.enter(task, driver, flight, call, yields)
  task._under_way = {call = call, driver = driver, flight = flight, yields = yields, outer = task._under_way}
  if yields then task._runner.enter(task, driver) end
end

--- For the client, and for runners: it no longer makes the call that it has begun last.
function tasks.leave(task)
  local last = task._under_way
  task._under_way = last.outer
  if last.yields then task._runner.leave(task, last.driver) end
end

--- For the client: wait until the driver has something new, or for nothing.
function tasks.park(task)
  return task._runner.park(task)
end

--- For transports: the same, for `ms` at most.
function tasks.pause(task, ms)
  return task._runner.pause(task, ms)
end

--- For the client: end such a wait.
function tasks.wake(task)
  return task._runner.unpark(task)
end

--- For the client: does `task` go on while `me` waits? Not where it has ended; nor one that stands still meanwhile,
-- because a coroutine of the program's own inside it has begun a run.
function tasks.goes_on_beside(task, me)
  return not task._ended and task._scheduler == me._scheduler
end

-- ---------------------------------------------------------------------------------------------------- groups --

local function sorted_members(group)
  local list = {}
  for task in next, group.members do list[#list + 1] = task end
  table.sort(list, function(a, b) return a._id < b._id end)
  return list
end
tasks.members = sorted_members

local function join(me, group)
  local told, reap = false, me._runner.reap
  me._joins = group
  while group.live > 0 do
    if me._cancelled and not told then
      told = true
      for _, task in ipairs(sorted_members(group)) do task:cancel() end
    end
    if group.live > 0 then me._runner.park(me) end
    if reap then reap() end
  end
  me._joins = false
end

--- The metatable of what `gather` raises where Ctrl-C has ended it.
tasks.interruption = {__name = "grafana.interruption"}

-- The interpreters tell of Ctrl-C by a sentence, behind the line at which it came. In LuaJIT it comes up wherever Lua
-- runs.
local function is_interrupt(problem)
  if type(problem) ~= "string" then return getmetatable(problem) == tasks.interruption end
  return problem == "interrupted!" or problem:find(":%d+: interrupted!$") ~= nil
end
tasks.is_interrupt = is_interrupt

local function packed(...) return {n = select("#", ...), ...} end

-- The first error that nobody has waited for.
local function unheard(group)
  local first
  for failure, number in next, group.failed do
    if not first or number < group.failed[first] then first = failure end
  end
  return first
end

--- Run `f(…)` in the task `me`, then wait for all tasks that have been spawned meanwhile.
-- @param me
-- @param explain called with the error where an interruption leaves all of it: returns what to raise instead; or false
-- @return what failed, as a table whose `_problem` is the error, or nil; what `f` returned behind true, packed
function tasks.together(me, explain, f, ...)
  local group = {live = 0, members = {}, failed = {}, failures = 0, owner = me, explain = explain}
  local outer = me._inner
  me._inner = group
  local outcome = packed(pcall(f, ...))
  if not outcome[1] then
    if is_interrupt(outcome[2]) and me._runner.abort then me._runner.abort(me, outcome[2]) end
    if not (me._cancelled and is_cancelled(outcome[2])) then add_failure(group, {_problem = outcome[2]}) end
  end
  join(me, group)
  me._inner = outer
  return unheard(group), outcome
end

local function run_in(me, f, ...)
  local failure, outcome = tasks.together(me, false, f, ...)
  if failure then error(failure._problem, 0) end
  if not outcome[1] then error(outcome[2], 0) end
  if me._cancelled then error(cancelled("run"), 0) end
  return unpack(outcome, 2, outcome.n)
end

--- Call `f(me, …)` where tasks can be spawned and waited for: `me` is the task that runs, or one made for it.
-- @return what `f` returned; raises what it raised
function tasks.inside(f, ...)
  local me = tasks.current_yielding()
  if me then return f(me, ...) end
  if not nginx.inside then return scheduler().run(new_task, f, ...) end
  local refusal = nginx.refuses_sockets()
  if refusal then error("grafana: no tasks can run here: " .. refusal, 0) end
  me = require("grafana.threads").adopt(new_task(require("grafana.threads"), false))
  tasks.bind(me, running())
  local outcome = packed(pcall(f, me, ...))
  tasks.bind(me, nil)
  if not outcome[1] then error(outcome[2], 0) end
  return unpack(outcome, 2, outcome.n)
end

-- ----------------------------------------------------------------------------------------------------- public --

local function check_function(f, name)
  if type(f) ~= "function" then
    error(("bad argument #1 'f' to '%s' (function expected, got %s)"):format(name, type(f)), 3)
  end
end

--- Call `f(…)` in a task: inside it, and inside the tasks that it spawns, calls let the other tasks go on while they
-- wait. Returns when all of them have ended. Inside a task it does the same for the tasks that are spawned meanwhile.
-- @func f
-- @param …
-- @return what `f` returned; raises the first error of `f` or of a task that nobody has waited for
function tasks.run(f, ...)
  check_function(f, "run")
  return tasks.inside(run_in, f, ...)
end

--- Begin a task: `f(…)` runs beside what runs now, not before that lets others go on. In `run`; inside nginx anywhere
-- where calls can be made.
-- @func f
-- @param …
-- @return the task: `t:wait()`, `t:cancel()`
function tasks.spawn(f, ...)
  check_function(f, "spawn")
  local me = current() or not nginx.inside and scheduler().active()
  local runner = me and me._runner or inside_loop() and require("grafana.threads")
  if not runner then
    error("grafana.spawn: " .. (nginx.inside and "no task can run here: " .. nginx.refuses_sockets()
      or "nobody would run the task: call it inside grafana.run(function() … end)"), 2)
  end
  local group = me and me._inner
  local task = new_task(runner, group, f, ...)
  task._context = own_context()
  if group then
    group.members[task] = true
    group.live = group.live + 1
  end
  runner.start(task, me)
  return task
end

local MOST_SECONDS = 1e9

local function check_seconds(seconds)
  if type(seconds) == "number" and seconds >= 0 and seconds <= MOST_SECONDS then return end
  local got = type(seconds) == "number" and tostring(seconds) or type(seconds)
  error(("bad argument #1 'seconds' to 'sleep' (number from 0 to 1e9 expected, got %s)"):format(got), 3)
end

-- Nothing else runs meanwhile, so that only a signal ends it early.
local function block(ms)
  local until_ms = core.now() + ms
  repeat
    core.sleep(ms)
    ms = until_ms - core.now()
  until ms <= 0
end
if jit then jit.off(block) end   -- compiled loops look at no hook, which is how Lua tells of Ctrl-C

-- The others go on, and whoever wakes the task earlier means something else.
local function rest(me, ms)
  local at = core.now() + ms
  while not me._cancelled do
    me._runner.pause(me, ms)
    ms = at - core.now()
    if ms <= 0 then return end
  end
end

--- Wait for so many seconds. In a task the others go on meanwhile, inside nginx everybody; else nothing does.
-- @number seconds 0 lets the others go on
function tasks.sleep(seconds)
  check_seconds(seconds)
  local me = tasks.current_yielding()
  if me then
    rest(me, seconds * 1000)
    if me._cancelled then error(cancelled("sleep"), 0) end
  elseif inside_loop() then
    nginx.sleep(seconds)
  elseif nginx.inside and nginx.refuses_blocking() then
    error("grafana.sleep: it would stop this worker of nginx: " .. nginx.refuses_sockets(), 2)
  else
    block(seconds * 1000)
  end
end

function metatable:__tostring()
  local state = "ready"
  if self._ended then
    state = self._fine and "ended" or tasks.ended_cancelled(self) and "cancelled" or "failed"
  elseif self._awaits then
    state = "waits for " .. name_of(self._awaits)
  elseif self._under_way then
    state = "in " .. self._under_way.call:operation()
  elseif self._joins then
    state = "waits for its tasks"
  elseif not self._started then
    state = "not started"
  end
  return ("grafana.%s (%s)"):format(name_of(self), state)
end

return tasks
