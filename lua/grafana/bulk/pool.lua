-- SPDX-License-Identifier: MIT
--- The same for many things, some of them side by side.
-- @module grafana.bulk.pool

local tasks = require "grafana.tasks"

local error, pcall = error, pcall

local pool = {}

local function work(state)
  while not state.broken and state.next <= state.total do
    local i = state.next
    state.next = i + 1
    state.f(state.items[i], i)
  end
end

-- What one raises breaks all off.
local function worker(state)
  local fine, problem = pcall(work, state)
  if fine then return end
  state.broken = true
  for n = 1, #state.workers do state.workers[n]:cancel() end
  error(problem, 0)
end

local function spawn_workers(state)
  for n = 1, state.width do state.workers[n] = tasks.spawn(worker, state) end
end

local function identity(problem) return problem end

local function together(me, state)
  local failure = tasks.together(me, identity, spawn_workers, state)
  if failure then error(failure._problem, 0) end
end

--- Call `f(item, i)` for each item, so many side by side as the client has on the wire.
-- @param g the client
-- @tab items an array
-- @func f what it raises breaks all off, and is raised
-- @int[opt] width how many side by side
function pool.each(g, items, f, width)
  local total = #items
  width = math.min(width or g._core:concurrency(), total)
  if width == 0 then return end
  tasks.inside(together, {items = items, total = total, f = f, next = 1, width = width, workers = {}, broken = false})
end

return pool
