-- SPDX-License-Identifier: MIT
--- Runs tasks inside nginx, as its light threads.
-- @module grafana.threads

local nginx = require "grafana.nginx"
local tasks = require "grafana.tasks"

local coroutine, math, pcall, setmetatable = coroutine, math, pcall, setmetatable
local unpack = table.unpack or unpack   -- luacheck: ignore

local threads = {}

-- Seconds that one wait of a semaphore lasts at most.
local LONG = 3600

local function wait(task, seconds)
  if not task._semaphore then task._semaphore = nginx.semaphore() end
  task._parked = true
  if seconds > 0 then task._semaphore:wait(seconds) end
  task._parked = false
end

--- Have the coroutine that runs wait as `task` does.
function threads.adopt(task)
  task._semaphore, task._parked, task._posted, task._started = false, false, false, true
  task._context = nginx.context()
  return task
end

-- Where there is no `run` to raise it, and nobody waits for it, an error is told to nginx's log.
local function note(task, is_heard, problem)
  if task._fine or is_heard or tasks.ended_cancelled(task) then return end
  local fine, sentence = pcall(tostring, problem)
  nginx.log_error(("%s: %s"):format(tostring(task), fine and sentence or type(problem)))
end

local function run(task)
  local f, args = task._f, task._args
  task._started, task._f, task._args = true, false, false
  local function ended(...)
    local is_heard = task._group or task._waiters
    tasks.finish(task, ...)
    note(task, is_heard, task._problem)
  end
  ended(pcall(f, unpack(args, 1, args.n)))
end

-- The thread of a task.
local function body(task)
  tasks.bind(task, coroutine.running())
  threads.park(task)   -- who has spawned it goes on first
  if not task._ended then run(task) end
  local parent, over = task._parent, task._over
  over[#over + 1] = task._thread
  if parent and parent._joins then threads.unpark(parent) end
  nginx.wait_for_reaping(task._parent_routine)
end

-- Threads that are over, by the coroutine that has spawned them, which alone can give them back. Each list is held by
-- those that will come into it.
local spawned_by = setmetatable({}, {__mode = "kv"})

local function list_of(routine)
  local list = spawned_by[routine]
  -- nginx uses the coroutine of a visitor who has gone for another.
  if not list or list.context ~= nginx.context() then
    list = {context = nginx.context()}
    spawned_by[routine] = list
  end
  return list
end

--- Give back the threads of tasks that the coroutine that runs has spawned and that have ended.
function threads.reap()
  local list = list_of(coroutine.running())
  for i = #list, 1, -1 do
    nginx.kill(list[i])
    list[i] = nil
  end
end

function threads.start(task, me)
  threads.reap()
  threads.adopt(task)._started = false
  task._parent, task._parent_routine = me or false, coroutine.running()
  task._over = list_of(task._parent_routine)
  task._thread = nginx.spawn(body, task)
  threads.unpark(task)
end

-- Who was woken meanwhile does not wait.
function threads.park(task)
  if not task._posted then wait(task, LONG) end
  task._posted = false
end

function threads.unpark(task)
  if task._posted or task._ended then return end
  task._posted = true
  if task._parked then task._semaphore:post() end
end

function threads.pause(task, ms)
  if ms <= 0 then return nginx.sleep(0) end
  if not task._posted then wait(task, math.min(ms / 1000, LONG)) end
  task._posted = false
end

return threads
