-- SPDX-License-Identifier: MIT
--- Which dashboards a job is about:
--
--     nil, "all"                all of the organisation
--     {"uid", …}                these
--     {tag = "x"}, {tags = {}}  those with the tag, with all these tags
--     {folder = "uid"}          those directly in the folder; "" is the root
--     {query = "words"}         those whose titles have the words, as the search finds them
--     {title = "^pattern$"}     those whose titles match a pattern of Lua
--     {uids = {…}, …}           of these
--
-- Several conditions together: all must hold.
-- @module grafana.bulk.selection

local check = require "grafana.bulk.check"
local core = require "grafana.core"
local kinds = require "grafana.bulk.kinds"
local nearest = require "grafana.nearest"
local outcome = require "grafana.bulk.outcome"
local pool = require "grafana.bulk.pool"

local ipairs, next, pairs, pcall, tostring, type = ipairs, next, pairs, pcall, tostring, type

local selection = {}

-- ----------------------------------------------------------------------------------------------------- checking --

local function fail(job, text, ...)
  check.fail(job, "argument 'selection': " .. text, ...)
end

local function is_list(value, of)
  if type(value) ~= "table" then return false end
  for _, item in ipairs(value) do
    if type(item) ~= of then return false end
  end
  for key in pairs(value) do
    if type(key) ~= "number" then return false end
  end
  return true
end

local function is_string(value) return type(value) == "string" end
local function is_strings(value) return is_list(value, "string") end

local CONDITIONS = {
  tag = {is_string, "string"}, tags = {is_strings, "array of strings"}, folder = {is_string, "uid of a folder"},
  query = {is_string, "string"}, title = {is_string, "pattern"}, uids = {is_strings, "array of uids"},
}
local NAMES = {"tag", "tags", "folder", "query", "title", "uids"}

local function check_condition(job, name, value)
  local condition = CONDITIONS[name]
  if not condition then
    fail(job, "unknown condition '%s'%s", tostring(name), nearest.hint(tostring(name), NAMES))
  end
  if not condition[1](value) then fail(job, "'%s': %s expected, got %s", name, condition[2], type(value)) end
  if name == "title" and not pcall(("").find, "", value) then fail(job, "'title' is no pattern: %s", value) end
end

--- Look at a selection before anything is sent.
-- @string job
-- @param given
-- @bool must_be_said nil does not stand for all
function selection.check(job, given, must_be_said)
  if given == nil and must_be_said then fail(job, 'nothing given: "all" stands for all dashboards') end
  if given == nil or given == "all" then return {} end
  if type(given) ~= "table" then fail(job, '"all", an array of uids or a table of conditions expected') end
  if given[1] ~= nil and is_strings(given) then return {uids = given} end
  local found = {}
  for name, value in pairs(given) do
    check_condition(job, name, value)
    found[name] = value
  end
  if next(found) == nil then fail(job, 'it is empty: "all" stands for all dashboards') end
  return found
end

-- --------------------------------------------------------------------------------------------------- searching --

local function tags_of(wanted)
  local tags = {}
  for i, tag in ipairs(wanted.tags or {}) do tags[i] = tag end
  tags[#tags + 1] = wanted.tag
  return tags
end

local function has_all(hit, tags)
  local there = {}
  for _, tag in ipairs(type(hit.tags) == "table" and hit.tags or {}) do there[tag] = true end
  for _, tag in ipairs(tags) do
    if not there[tag] then return false end
  end
  return true
end

local function set_of(list)
  if not list then return nil end
  local set = {}
  for _, item in ipairs(list) do set[item] = true end
  return set
end

-- What every server can tell from a hit.
local function filter(wanted)
  local tags, uids = tags_of(wanted), set_of(wanted.uids)
  return function(hit)
    return has_all(hit, tags) and (not uids or uids[hit.uid])
      and (not wanted.folder or (core.get(hit, "folderUid") or "") == wanted.folder)
      and (not wanted.title or hit.title:find(wanted.title) ~= nil)
  end
end

local function search(at, wanted)
  local tags = tags_of(wanted)
  return at.g:search(at.org, {type = "dash-db", query = wanted.query, tag = tags[1] and tags or nil})
end

local function matching(at, wanted)
  local r = search(at, wanted)
  if not r.ok then return nil, r end
  local rows, matches = {}, filter(wanted)
  for _, hit in ipairs(r.hits) do
    if matches(hit) then rows[#rows + 1] = {uid = hit.uid, title = hit.title} end
  end
  return rows
end

local function only_uids(wanted)
  for name in pairs(wanted) do
    if name ~= "uids" then return false end
  end
  return wanted.uids ~= nil
end

-- Each once, in the order given.
local function rows_of(uids)
  local rows, seen = {}, {}
  for _, uid in ipairs(uids) do
    if not seen[uid] then rows[#rows + 1] = {uid = uid, title = uid, is_named = true} end
    seen[uid] = true
  end
  return rows
end

--- The dashboards of a checked selection: an array of `{uid, title}`; nil and a result where it is not known.
function selection.rows(at, wanted)
  if only_uids(wanted) then return rows_of(wanted.uids) end
  if next(wanted) == nil then return at:dashboards() end
  return matching(at, wanted)
end

-- ------------------------------------------------------------------------------------------------------ reading --

local MANY = 100   -- so many are looked for in the pages of all

local function read_singly(at, kind, rows, out)
  pool.each(at.g, rows, function(row)
    local object, r = kind.read(at, row.uid)
    if object then return out.take(object) end
    if not r and row.is_named then r = outcome.new("not-found", "there is no such " .. kind.one) end
    if r then out.fail(row.uid, row.title, r) end
  end)
  return outcome.ok()
end

local function read_from_all(at, kind, rows, out)
  local wanted = {}
  for _, row in ipairs(rows) do wanted[row.uid] = row end
  local r = kind.list(at, {
    fail = function(uid, title, problem)
      if wanted[uid] then out.fail(uid, title, problem) end
      wanted[uid] = nil
    end,
    take = function(object)
      if not wanted[object.key] then return object.doc:close() end
      wanted[object.key] = nil
      out.take(object)
    end,
  })
  if not r.ok then return r end
  local left = {}
  for _, row in ipairs(rows) do
    if wanted[row.uid] then left[#left + 1] = row end
  end
  return read_singly(at, kind, left, out)
end

--- Read the dashboards of a checked selection: `out.take(object)` for each, `out.fail(uid, title, r)` for one that
-- could not be read, or that was named and is not there.
-- @return a result: not ok where it is not known which they are
function selection.each(at, wanted, out)
  local kind = kinds.get "dashboards"
  if next(wanted) == nil then return kind.list(at, out) end
  local rows, r = selection.rows(at, wanted)
  if not rows then return r end
  if #rows > MANY and at.server.has_apis then return read_from_all(at, kind, rows, out) end
  return read_singly(at, kind, rows, out)
end

return selection
