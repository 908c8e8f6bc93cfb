-- SPDX-License-Identifier: MIT
--- Reading all annotations of an organisation, of which the server gives the newest only: `limit` of them, in order of
-- their ends.
--
-- From one answer to the next the window ends where the last one's oldest ended: what ends after that has been seen.
-- Where so many end at one time that an answer shows nothing else, the limit grows.
--
-- Servers from 10 on look for the dashboards that the account may see, a thousand at a time, and for annotations of
-- each thousand by themselves, those of no dashboard again and again, until they have as many as there are in the
-- window, or `limit`. So, where there are more dashboards, some may be shown twice and others not at all. An answer
-- without doubles and with fewer than a thousand is whole even so: `doubtful` says of which that cannot be said.
-- @module grafana.bulk.annotation_windows

local core = require "grafana.core"
local outcome = require "grafana.bulk.outcome"

local getmetatable, ipairs, pairs = getmetatable, ipairs, pairs

local windows = {}

local LIMIT = 1000           -- annotations in an answer, unless more end at one time; no more than DASHBOARDS
local DASHBOARDS = 1000      -- of so many the server thinks at once
local GROWTH = 4

--- One question; alerting's are left out where the server can do so.
-- @tab filter `from`, `to`, `dashboardUID`
-- @int[opt] limit
function windows.ask(at, filter, limit)
  local params = {type = "annotation", limit = limit or LIMIT}
  for name, value in pairs(filter) do params[name] = value end
  local r = at.g:call("getAnnotations", params, {org = at.org})
  if r.ok and getmetatable(r.body) ~= core.array_mt then
    return outcome.new("error", "the list of annotations is no list", "invalid-json")
  end
  return r
end

local function has_doubles(list)
  local seen = {}
  for _, shown in ipairs(list) do
    if seen[shown.id] then return true end
    seen[shown.id] = true
  end
  return false
end

--- Are there so many dashboards that an answer about all of them may lack some?
-- @tab first the annotations of the first answer about all, of which LIMIT were asked for
-- @return nil: it is whole; or the array of dashboards; or nil and the result that says why that is not known
function windows.doubtful(at, first)
  local doubles = has_doubles(first)
  if at.server.major < 10 or #first < LIMIT and not doubles then return nil end
  local dashboards, r = at:dashboards()
  if not dashboards then return nil, r end
  return (doubles or #dashboards >= DASHBOARDS) and dashboards or nil
end

local function oldest(list)
  local least
  for _, shown in ipairs(list) do
    if not least or shown.timeEnd < least then least = shown.timeEnd end
  end
  return least
end

-- Those that end after `from` and not after `to` (nil: no bound), each once.
local function between(list, from, to)
  local found, seen = {}, {}
  for _, shown in ipairs(list) do
    local ends = shown.timeEnd
    if not seen[shown.id] and (not from or ends > from) and (not to or ends <= to) then found[#found + 1] = shown end
    seen[shown.id] = true
  end
  return found
end

--- Call `take(list)` with all annotations that the filter lets pass, in several lists; those that end at one time come
-- in one.
-- @tab at
-- @tab filter `dashboardUID`, or nothing
-- @func take
-- @tab[opt] r the answer to the first question, where it is known already
-- @return the result of reading
function windows.walk(at, filter, take, r)
  local limit, to = LIMIT, nil
  while true do
    r = r or windows.ask(at, {dashboardUID = filter.dashboardUID, from = to and 1, to = to}, limit)
    if not r.ok then return r end
    local whole, least = #r.body < limit, oldest(r.body)
    local fresh = between(r.body, not whole and least or nil, to)
    if whole or #fresh > 0 then take(fresh) end
    if whole then return outcome.ok() end
    if to and least >= to then limit = limit * GROWTH else to = least end
    r = nil
  end
end

--- Call `take(list)` with all annotations that begin not after `form` and end not before it, and maybe more.
-- @tab at
-- @tab form a file form
-- @func take
function windows.covering(at, form, take)
  local limit, bounded = LIMIT, form.time > 0
  local filter = {
    dashboardUID = form.dashboardUID, from = bounded and form.timeEnd or nil, to = bounded and form.time or nil,
  }
  while true do
    local r = windows.ask(at, filter, limit)
    if not r.ok then return r end
    if #r.body < limit then
      take(between(r.body))
      return outcome.ok()
    end
    limit = limit * GROWTH
  end
end

return windows
