-- SPDX-License-Identifier: MIT
--- Many calls at once: `grafana.gather`.
-- @module grafana.gather

local core = require "grafana.core"
local tasks = require "grafana.tasks"
local MOST = require("grafana.options").MOST_AT_ONCE

local error, ipairs, pairs, pcall, setmetatable, tostring = error, ipairs, pairs, pcall, setmetatable, tostring
local type = type
local unpack = table.unpack or unpack   -- luacheck: ignore

local gather = {}

-- ----------------------------------------------------------------------------------------------------- checking --

local function fail(text, ...)
  error("grafana.gather: " .. text:format(...), 0)
end

local function hint(word, list)
  return require("grafana.nearest").hint(tostring(word), list)
end

local function whole(value, least)
  return type(value) == "number" and value % 1 == 0 and value >= least and value < 2 ^ 53
end

-- Some functions count by a table's length, which is any border of one with holes.
local function check_array(rows)
  if type(rows) ~= "table" then fail("bad argument #2 'rows' (table of rows expected, got %s)", type(rows)) end
  local count = #rows
  for key in pairs(rows) do
    if not whole(key, 1) or key > count then
      fail("bad argument #2 'rows': an array of rows expected, but it has the key %s", tostring(key))
    end
  end
  return count
end

-- Its largest index.
local function length_of(row, where)
  if type(row) ~= "table" then
    fail("%s: {\"operation\", arguments…} expected, got %s", where, row == nil and "nothing" or type(row))
  end
  local length = 0
  for key in pairs(row) do
    if not whole(key, 1) then
      fail("%s: it has the key '%s': arguments have no names; options stand in a table behind them", where,
        tostring(key))
    end
    if key > length then length = key end
  end
  return length
end

local function check_name(name, where, known)
  if type(name) ~= "string" then
    fail("%s: the name of an operation expected as its first item, got %s", where, type(name))
  end
  if not known[name] then fail("%s: there is no operation '%s'%s", where, name, hint(name, core.names())) end
end

-- The arguments are looked at as the operation does it.
local function check_row(state, rows, i, known)
  local row, where = rows[i], ("rows[%d]"):format(i)
  local length = length_of(row, where)
  check_name(row[1], where, known)
  local made, call = pcall(core.call, state.core, unpack(row, 1, length))
  if not made then fail("%s: %s", where, call) end
  call:close()
  state.rows[i], state.lengths[i] = row, length
end

local function check_rows(state, rows)
  local known = {}
  for _, name in ipairs(core.names()) do known[name] = true end
  for i = 1, state.total do check_row(state, rows, i, known) end
end

local function is_callable(value)
  local meta = getmetatable(value)
  return type(value) == "function" or type(meta) == "table" and meta.__call ~= nil
end

local OPTIONS = {"concurrency", "on_progress"}

local function check_options(options)
  if options == nil then return {} end
  if type(options) ~= "table" then fail("bad argument #3 'options' (table expected, got %s)", type(options)) end
  for name in pairs(options) do
    if name ~= "concurrency" and name ~= "on_progress" then
      fail("unknown option '%s'%s", tostring(name), hint(name, OPTIONS))
    end
  end
  local concurrency, on_progress = options.concurrency, options.on_progress
  if concurrency ~= nil and not (whole(concurrency, 1) and concurrency <= MOST) then
    local got = type(concurrency) == "number" and tostring(concurrency) or type(concurrency)
    fail("option 'concurrency': integer from 1 to %d expected, got %s", MOST, got)
  end
  if on_progress ~= nil and not is_callable(on_progress) then
    fail("option 'on_progress': function expected, got %s", type(on_progress))
  end
  return options
end

-- ------------------------------------------------------------------------------------------------ breaking off --

function tasks.interruption:__tostring()
  return ("grafana.gather: %d of %d rows done, %d of them failed: interrupted!"):format(self.done, self.total,
    self.failed)
end

-- A line of progress that is drawn ends where it is.
local function end_line(state, problem)
  if state.on_progress then require("grafana.progress").broken_off(state.on_progress, problem) end
end

-- What Ctrl-C raises. The results of rows that were under way say so; of those that had not begun there is none.
local function interrupted(state, problem)
  end_line(state, problem)
  for i, worker in pairs(state.under_way) do state.results[i] = state.results[i] or worker._broken_off end
  return setmetatable({results = state.results, done = state.done, failed = state.failed, total = state.total},
    tasks.interruption)
end

-- ----------------------------------------------------------------------------------------------------- the work --

local function take_row(state)
  local i = state.next
  state.next = i + 1
  return i
end

local function do_row(state, i)
  local g, row = state.client, state.rows[i]
  local result = g[row[1]](g, unpack(row, 2, state.lengths[i]))
  if state.broken then return end
  state.results[i] = result
  state.done = state.done + 1
  if not result.ok then state.failed = state.failed + 1 end
  if state.on_progress then state.on_progress(state.done, state.total, state.failed) end
end

local function work(state, n)
  while state.next <= state.total and not state.broken do
    local i = take_row(state)
    state.under_way[i] = state.workers[n]
    state.workers[n]._refusals = state.refusals   -- all rows have begun together: a wrong password is tried once
    do_row(state, i)
    state.under_way[i] = nil
  end
end

-- What one worker raises breaks everything off.
local function worker(state, n)
  local fine, problem = pcall(work, state, n)
  if fine then return end
  state.broken = true
  for _, other in ipairs(state.workers) do other:cancel() end
  error(problem, 0)
end

local function spawn_workers(state)
  for n = 1, math.min(state.concurrency, state.total) do state.workers[n] = tasks.spawn(worker, state, n) end
end

local function together(me, state)
  local function explain(problem) return interrupted(state, problem) end
  if state.on_progress then require("grafana.progress").begins(state.on_progress, state.total) end
  local failure = tasks.together(me, explain, spawn_workers, state)
  if not failure then return end
  end_line(state, failure._problem)
  error(failure._problem, 0)
end

local function checked(g, rows, options)
  if type(g) ~= "table" or rawget(g, "_core") == nil then
    fail("bad argument #1 'g' (client expected, got %s)", type(g))
  end
  options = check_options(options)
  local state = {
    client = g, core = g._core, rows = {}, total = check_array(rows), lengths = {}, results = {},
    concurrency = options.concurrency or g._core:concurrency(), on_progress = options.on_progress,
    next = 1, done = 0, failed = 0, refusals = g._core:refusals(), workers = {}, under_way = {}, broken = false,
  }
  check_rows(state, rows)   -- the array may be changed meanwhile
  return state
end

-- In a REPL: how many, and the first that are not ok.
local SHOWN = 5
local results_mt = {__name = "grafana.results"}

function results_mt:__tostring()
  local lines, failed = {}, 0
  for i, r in ipairs(self) do
    if not r.ok then
      failed = failed + 1
      if failed <= SHOWN then lines[failed] = ("\n  [%d] %s"):format(i, tostring(r)) end
    end
  end
  if failed > SHOWN then lines[SHOWN + 1] = "\n  …" end
  return ("%d results, %d of them not ok"):format(#self, failed) .. table.concat(lines)
end

--- See `grafana.gather`.
function gather.gather(g, rows, options)
  local fine, state = pcall(checked, g, rows, options)
  if not fine then error(state, 3) end
  if state.total > 0 then tasks.inside(together, state) end
  return setmetatable(state.results, results_mt)
end

return gather
