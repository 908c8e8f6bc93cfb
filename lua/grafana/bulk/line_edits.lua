-- SPDX-License-Identifier: MIT
--- What turns a list of lines into another: the fewest changes where there are few, else good ones; in time that grows
-- with the lines, however different they are.
--
-- First Myers' greedy search ("An O(ND) Difference Algorithm and Its Variations"). Where that finds too many changes,
-- the lines that both have just once, in their longest common order, are taken for unchanged, and between two of those
-- all begins anew. What even so cannot be told apart is replaced as a whole.
-- @module grafana.bulk.line_edits

local floor = math.floor

local MOST_CHANGES = 300   -- that Myers' search looks for
local STEPS_A_LINE, STEPS = 20, 1000000   -- of all searches together
local LEVELS = 12   -- of beginning anew

local line_edits = {}

-- ------------------------------------------------------------------------------------------------------- Myers --

-- Go on from (x, y) as long as lines are the same.
local function slide(s, x, y, a_end, b_end)
  local a, b = s.a, s.b
  while x < a_end and y < b_end and a[x + 1] == b[y + 1] do x, y = x + 1, y + 1 end
  return x
end

-- The furthest x on diagonal k with d changes, in terms of those with d - 1 (`v`).
local function step_on(v, k, d)
  if k == -d or k ~= d and v[k - 1] < v[k + 1] then return v[k + 1] end
  return v[k - 1] + 1
end

-- One round: all diagonals with d changes, from `v` to the new one that is returned; whether one has come to the end.
local function round(s, v, d, from, to)
  local next_v, n, m = {}, to.a - from.a, to.b - from.b
  for k = -d, d, 2 do
    local x = d == 0 and 0 or step_on(v, k, d)
    local y = x - k
    if x <= n and y <= m and y >= 0 then
      local reached = slide(s, from.a + x, from.b + y, to.a, to.b) - from.a
      s.steps = s.steps - (reached - x) - 1
      x, y = reached, y + reached - x
    end
    next_v[k] = x
    if x >= n and y >= m then return next_v, true end
  end
  return next_v, false
end

-- Mark what changes on the way back from the end.
local function trace_back(s, rounds, from, to)
  local x, y = to.a - from.a, to.b - from.b
  for d = #rounds, 1, -1 do
    local v, k = rounds[d], x - y
    local inserts = k == -d or k ~= d and v[k - 1] < v[k + 1]
    local before = inserts and k + 1 or k - 1
    x = v[before]
    y = x - before
    if inserts then
      s.b_changed[from.b + y + 1] = true
    else
      s.a_changed[from.a + x + 1] = true
    end
  end
end

-- Mark the fewest changes between the places `from` and `to`; false where that takes too long.
local function search(s, from, to)
  local v, rounds, ended = {}, {}, false
  local d = 0
  while not ended do
    if d > MOST_CHANGES or s.steps < 0 then return false end
    rounds[d] = v   -- of d - 1; there is none for 0
    v, ended = round(s, v, d, from, to)
    d = d + 1
  end
  trace_back(s, rounds, from, to)
  return true
end

-- ---------------------------------------------------------------------------------------------- lines of one kind --

-- The lines from..to that are there just once, and where; false for those that are there more often.
local function once(ids, first, last)
  local at = {}
  for i = first, last do
    local id = ids[i]
    at[id] = at[id] == nil and i or false
  end
  return at
end

-- In pairs ordered by `a` the longest series in which `b` grows too: the last of it; `before` leads to its first.
local function longest_series(pairs_of)
  local ends, before = {}, {}   -- ends[n]: the pair with the least b that ends a series of n
  for i, pair in ipairs(pairs_of) do
    local low, high = 1, #ends + 1
    while low < high do
      local middle = floor((low + high) / 2)
      if pairs_of[ends[middle]].b < pair.b then low = middle + 1 else high = middle end
    end
    before[i], ends[low] = ends[low - 1], i
  end
  return ends[#ends], before
end

-- The lines that both have once, in an order that both have.
local function anchors(s, from, to)
  local in_a, in_b = once(s.a, from.a + 1, to.a), once(s.b, from.b + 1, to.b)
  local found = {}
  for i = from.a + 1, to.a do
    local b = in_a[s.a[i]] and in_b[s.a[i]]
    if b then found[#found + 1] = {a = i, b = b} end
  end
  local last, before = longest_series(found)
  local list = {}
  while last do
    table.insert(list, found[last])
    last = before[last]
  end
  return list   -- from the last to the first
end

-- ----------------------------------------------------------------------------------------------------- dividing --

-- Without what is the same at both ends.
local function trim(s, from, to)
  local a, b = from.a, from.b
  local a_end, b_end = to.a, to.b
  while a < a_end and b < b_end and s.a[a + 1] == s.b[b + 1] do a, b = a + 1, b + 1 end
  while a < a_end and b < b_end and s.a[a_end] == s.b[b_end] do a_end, b_end = a_end - 1, b_end - 1 end
  return {a = a, b = b}, {a = a_end, b = b_end}
end

local function replace(s, from, to)
  for i = from.a + 1, to.a do s.a_changed[i] = true end
  for i = from.b + 1, to.b do s.b_changed[i] = true end
end

local compare

local function divide(s, from, to, level)
  local list = level < LEVELS and anchors(s, from, to) or {}
  if #list == 0 then return replace(s, from, to) end
  for i = #list, 1, -1 do
    local anchor = list[i]
    compare(s, from, {a = anchor.a - 1, b = anchor.b - 1}, level + 1)
    from = {a = anchor.a, b = anchor.b}
  end
  compare(s, from, to, level + 1)
end

function compare(s, from, to, level)
  from, to = trim(s, from, to)
  if from.a == to.a or from.b == to.b then return replace(s, from, to) end
  if not search(s, from, to) then divide(s, from, to, level) end
end

-- ------------------------------------------------------------------------------------------------------ sliding --

-- Where several places would do (between equal lines), changes begin at an outer level, not at what closes one.
local function badness(line)
  local indent = #line:match("^ *")
  return indent * 2 + (line:find("^ *[%]}]") and 1 or 0)
end

-- The best of the places to which the lines first..last of a list can move: so many lines `up`, towards its begin, or
-- `down` at most.
local function best_shift(ids, lines, first, last, up, down)
  local lowest, highest = 0, 0
  while -lowest < up and ids[first + lowest - 1] == ids[last + lowest] do lowest = lowest - 1 end
  while highest < down and ids[last + highest + 1] == ids[first + highest] do highest = highest + 1 end
  local best, least = highest, math.huge
  for shift = highest, lowest, -1 do
    local bad = badness(lines[first + shift])
    if bad < least then best, least = shift, bad end
  end
  return best
end

-- How far a change can move without touching the ones beside it.
local function room(edits, i, a_count)
  local edit, before, after = edits[i], edits[i - 1], edits[i + 1]
  local up = before and edit.a - before.a - before.removed - 1 or edit.a - 1
  local down = (after and after.a - 1 or a_count + 1) - edit.a - edit.removed
  return up, down
end

local function slide_edits(s, edits, a_lines, b_lines)
  for i, edit in ipairs(edits) do
    local up, down = room(edits, i, #a_lines)
    local shift = 0
    if edit.removed == 0 then
      shift = best_shift(s.b, b_lines, edit.b, edit.b + edit.added - 1, up, down)
    elseif edit.added == 0 then
      shift = best_shift(s.a, a_lines, edit.a, edit.a + edit.removed - 1, up, down)
    end
    edit.a, edit.b = edit.a + shift, edit.b + shift
  end
end

-- ---------------------------------------------------------------------------------------------------- the edits --

-- Lines by numbers, the same for the same.
local function number(lines, ids)
  local list = {}
  for i, line in ipairs(lines) do
    local id = ids[line]
    if not id then
      ids.n = ids.n + 1
      id = ids.n
      ids[line] = id
    end
    list[i] = id
  end
  return list
end

local function collect(s, a_count, b_count)
  local edits, a, b = {}, 1, 1
  while a <= a_count or b <= b_count do
    local edit = {a = a, b = b}
    while s.a_changed[a] do a = a + 1 end
    while s.b_changed[b] do b = b + 1 end
    edit.removed, edit.added = a - edit.a, b - edit.b
    if edit.removed + edit.added > 0 then edits[#edits + 1] = edit end
    a, b = a + 1, b + 1
  end
  return edits
end

--- The changes from one list of lines to another, in order: `{a, removed, b, added}`, each of `removed` lines from the
-- a-th on, in whose place are the `added` lines from the b-th on of the other.
-- @tab a_lines strings
-- @tab b_lines strings
-- @return the changes, and how many steps the search for them took
function line_edits.between(a_lines, b_lines)
  local ids = {n = 0}
  local steps = STEPS + STEPS_A_LINE * (#a_lines + #b_lines)
  local s = {a = number(a_lines, ids), b = number(b_lines, ids), a_changed = {}, b_changed = {}, steps = steps}
  compare(s, {a = 0, b = 0}, {a = #a_lines, b = #b_lines}, 1)
  local edits = collect(s, #a_lines, #b_lines)
  slide_edits(s, edits, a_lines, b_lines)
  return edits, steps - s.steps
end

return line_edits
