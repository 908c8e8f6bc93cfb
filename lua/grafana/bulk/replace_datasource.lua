-- SPDX-License-Identifier: MIT
--- Make everything that names one data source name another.
--
-- Grafana looks for what is named among the uids first, then among the names; so does this. A uid becomes a uid, a name
-- a name, and the type that stands beside it that of the new one.
-- @module grafana.bulk.replace_datasource

local check = require "grafana.bulk.check"
local kinds = require "grafana.bulk.kinds"
local objects = require "grafana.bulk.objects"
local outcome = require "grafana.bulk.outcome"
local place = require "grafana.bulk.place"
local references = require "grafana.bulk.references"
local show = require "grafana.bulk.show"
local source = require "grafana.bulk.source"
local transfer = require "grafana.bulk.transfer"
local types = require "grafana.bulk.datasource_types"

local error, ipairs, pairs, pcall, require, table, type = error, ipairs, pairs, pcall, require, table, type

local replace_datasource = {}

local JOB = "replace_datasource"

-- ------------------------------------------------------------------------------------------------ the data sources --

local function index(list)
  local found = {list = list, by_uid = {}, by_name = {}}
  for _, each in ipairs(list) do found.by_uid[each.uid], found.by_name[each.name] = each, each end
  return found
end

local function missing(at, known, uid)
  local text = ("%s has no data source with the uid '%s'"):format(show.text(at.org_name), show.text(uid))
  local named = known.by_name[uid]
  if named then text = text .. (": the one of that name has the uid '%s'"):format(show.text(named.uid)) end
  return outcome.new("not-found", text)
end

local function other_type(from, to)
  local function told(each) return ("'%s' is of the type %s"):format(show.text(each.name), show.text(each.type)) end
  return outcome.new("invalid-data", ("the data source %s, %s: queries for one mean nothing to the other"
    .. " (force = true replaces all the same)"):format(told(from), told(to)))
end

local is_of_type = types.same

-- What is to be replaced by what: `{known, from, from_uid, to, force}`; or nil and the result that says why not. That
-- the old one is gone already is no hindrance: what still names it is just what is to be mended.
local function find(at, options)
  local r = at.g:get_datasources(at.org)
  if not r.ok then return nil, r end
  local known = index(r.datasources)
  local from, to = known.by_uid[options.from], known.by_uid[options.to]
  if not to then return nil, missing(at, known, options.to) end
  if not from and known.by_name[options.from] then return nil, missing(at, known, options.from) end
  if options.from == options.to then
    return nil, outcome.new("invalid-data", "the data source is to be replaced by itself")
  end
  if from and not is_of_type(from.type, to.type) and not options.force then return nil, other_type(from, to) end
  return {known = known, from = from, from_uid = options.from, to = to, force = options.force}
end

-- --------------------------------------------------------------------------------------------------- replacing --

-- "uid" or "name": how the key names the old data source; nil: it names another.
local function how_named(pair, key)
  if key == pair.from_uid then return "uid" end
  if pair.from and key == pair.from.name and not pair.known.by_uid[key] then return "name" end
end

-- A name is kept a name, unless it would be taken for something else.
local function new_key(pair, how, context)
  local to = pair.to
  if how == "name" and context.by_name and not pair.known.by_uid[to.name] and references.is_datasource(to.name) then
    return to.name
  end
  return to.uid
end

-- A variable offers data sources of its own type only; a data source that is gone is known by what is said of it.
local function is_of_another_type(pair, context)
  if not context.type or is_of_type(context.type, pair.to.type) then return false end
  if context.place == "variable" and context.form == "string" then return true end
  return not pair.from and not pair.force
end

local function swapper(pair, count)
  local more = {type = pair.to.type, name = pair.to.name}
  return function(kind, key, context)
    local how = kind == "datasources" and how_named(pair, key)
    if not how then return nil end
    if is_of_another_type(pair, context) then
      count.passed = count.passed + 1
      return nil
    end
    count.places[context.place] = (count.places[context.place] or 0) + 1
    count.total = count.total + 1
    return new_key(pair, how, context), more
  end
end

local IN = {
  dashboards = references.in_dashboard, library_panels = references.in_library_panel, rule_groups = references.in_rule,
}
local ORDER = {"library_panels", "dashboards", "rule_groups"}

local WORDS = {
  panel = {"panel", "panels"}, query = {"query", "queries"}, option = {"option", "options"}, row = {"row", "rows"},
  variable = {"variable", "variables"}, annotation = {"annotation", "annotations"},
  recording = {"recorded metric", "recorded metrics"},
}
local PLACES = {"panel", "row", "query", "variable", "annotation", "option", "recording"}

-- "2 panels, 3 queries"
local function described(places)
  local parts = {}
  places.query = places.query or places.model   -- else it is the same query
  for _, name in ipairs(PLACES) do
    local n = places[name]
    if n then parts[#parts + 1] = ("%d %s"):format(n, WORDS[name][n == 1 and 1 or 2]) end
  end
  return table.concat(parts, ", ")
end

local function replace(b, at, pair, kind, object)
  local count = {places = {}, total = 0, passed = 0}
  local value = object.doc:copy()
  value = IN[kind.name](value, swapper(pair, count))
  if count.total > 0 then
    local named = pair.from and pair.from.name or pair.from_uid
    b:change {
      kind = kind, at = at, now = object, wanted = objects.new(kind, value, object.lock, object.about),
      why = ("%s: %s, not %s"):format(described(count.places), pair.to.name, named),
    }
  end
  value:close()
  return count
end

-- How many there are nobody knows before the end.
local function tell(b, watch)
  watch.done = watch.done + 1
  if watch.on_progress then watch.on_progress(watch.done, 0, #b.failures) end
end

local function replace_all(b, at, pair, kind, watch)
  local passed = 0
  local out = {}
  function out.take(object)
    passed = passed + replace(b, at, pair, kind, object).passed
    object.doc:close()
    tell(b, watch)
  end
  function out.fail(key, title, r) b:failed(source.failure_of(kind, at.org_name, key, title, r)) end
  function out.note(text) b:note(text) end
  local r = kind.list(at, out)
  if not r.ok and not outcome.is_unsupported(r) then out.fail(nil, nil, r) end
  return passed
end

-- Data sources are not touched: their settings are about what the other one is to them.
local function names_of_followers(pair)
  local followers = {}
  for _, each in ipairs(pair.known.list) do
    local names_it = false
    references.in_datasource(each, function(_, key) names_it = names_it or key == pair.from_uid end)
    if names_it and each.uid ~= pair.from_uid then followers[#followers + 1] = "'" .. each.name .. "'" end
  end
  return table.concat(followers, ", ")
end

local function add_notes(b, pair, passed)
  if not pair.from and #b.changes == 0 and #b.failures == 0 then
    b:note(("there is no data source with the uid '%s', and nothing names one"):format(pair.from_uid))
  end
  local from, followers = pair.from, names_of_followers(pair)
  if followers ~= "" then
    b:note(("other data sources go on naming it in their settings: %s"):format(followers))
  end
  if passed > 0 then
    b:note(("%s left as %s: a data source of another type than %s is chosen, or stated, there"):format(
      passed == 1 and "1 place is" or passed .. " places are", passed == 1 and "it is" or "they are", pair.to.type))
  end
  if from and from.isDefault then
    b:note(("'%s' is the default data source: what names none goes on using it"):format(from.name))
  end
  if from and not is_of_type(from.type, pair.to.type) then
    b:note(("queries are left as they were written, for %s"):format(from.type))
  end
end

-- -------------------------------------------------------------------------------------------------------- public --

local OPTIONS = {"from", "to", "kinds", "force", "journal", "on_progress"}

-- What is asked for may stand with the options, or before them.
local function merged(wanted, options)
  local all = {}
  for name, value in pairs(wanted) do all[name] = value end
  if type(options) == "table" then
    for name, value in pairs(options) do all[name] = value end
  elseif options ~= nil then
    all = options
  end
  return all
end

local function selected(options)
  if not options.kinds then return ORDER end
  local chosen = {}
  for _, name in ipairs(options.kinds) do
    if not IN[name] then
      error(("bulk.%s: option 'kinds': %s hold no such references (%s do)"):format(JOB, name,
        table.concat(ORDER, ", ")), 3)
    end
    chosen[name] = true
  end
  local list = {}
  for _, name in ipairs(ORDER) do
    if chosen[name] then list[#list + 1] = name end
  end
  return list
end

local function look_at_all(b, at, pair, names, watch)
  local passed = 0
  for _, name in ipairs(names) do passed = passed + replace_all(b, at, pair, kinds.get(name), watch) end
  if watch.on_progress then watch.on_progress(watch.done, watch.done, #b.failures) end
  return passed
end

local function fill(b, at, options, names)
  local pair, r = find(at, options)
  if not pair then return b:refuse(r) end
  local watch = {done = 0, on_progress = options.on_progress}
  local fine, passed = pcall(look_at_all, b, at, pair, names, watch)
  if not fine then
    if watch.on_progress then require("grafana.progress").broken_off(watch.on_progress, passed) end
    error(passed, 0)
  end
  add_notes(b, pair, passed)
end

--- See `bulk.replace_datasource`.
function replace_datasource.replace_datasource(g, org, wanted, options)
  check.client(JOB, g, 1, "g")
  check.org(JOB, org, 2, "org")
  check.value(JOB, wanted, "table", 3, "wanted")
  options = check.options(JOB, merged(wanted, options), OPTIONS)
  check.value(JOB, options.from, "string", 3, "wanted.from")
  check.value(JOB, options.to, "string", 3, "wanted.to")
  local names = selected(options)
  local server, r = transfer.server_of(g)
  return transfer.build(JOB, server, options, function(b)
    if r then return b:refuse(r) end
    local at
    at, r = place.find(server, org, options)
    if not at then return b:refuse(r) end
    fill(b, at, options, names)
  end)
end

return replace_datasource
