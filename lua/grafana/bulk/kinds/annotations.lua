-- SPDX-License-Identifier: MIT
--- Annotations that people or programs made, not alerting. They have no uid: they are known by what they say, and of
-- several that say the same the second is known as the second.
-- @module grafana.bulk.kinds.annotations

local core = require "grafana.core"
local objects = require "grafana.bulk.objects"
local outcome = require "grafana.bulk.outcome"
local pool = require "grafana.bulk.pool"
local windows = require "grafana.bulk.annotation_windows"

local ipairs, next, setmetatable, table, type = ipairs, next, setmetatable, table, type

local annotations = {
  name = "annotations",
  one = "annotation",
  scope = "org",
  cannot_undo = {
    update = {"when an annotation was changed last"}, delete = {"ids, authors and dates of deleted annotations"},
  },
}

-- ------------------------------------------------------------------------------------------------- the file form --

local SAYING = {"time", "timeEnd", "text", "tags", "dashboardUID", "panelId"}
local KEY_LENGTH = 32

-- What it says, as a digest; from the second of those that say the same on with its number.
function annotations.key(value)
  local said = {}
  for _, name in ipairs(SAYING) do said[name] = value:get(name) end
  local doc = objects.document(said)
  local key, ordinal = doc:digest():sub(1, KEY_LENGTH), value:get("ordinal")
  doc:close()
  return ordinal and ("%s-%d"):format(key, ordinal) or key
end

function annotations.title(value) return value:get("text") end

function annotations.about(value)
  local ordinal = value:get("ordinal")
  return ordinal and {ordinal = ordinal} or nil
end

--- The second after the first: only then can they be told apart.
function annotations.rank(about)
  return about and about.ordinal and about.ordinal - 1 or 0
end

local function given(value)
  return value ~= nil and value ~= core.null and value ~= "" and value ~= 0 and value or nil
end

-- One that alerting made, or whose dashboard is gone, is none of ours.
local function is_ours(shown)
  if given(shown.alertId) or given(shown.alertName) or given(shown.newState) or given(shown.prevState) then
    return false
  end
  return not given(shown.dashboardId) or given(shown.dashboardUID) ~= nil
end

local function sorted_tags(tags)
  local copy = {}
  for i, tag in ipairs(type(tags) == "table" and tags or {}) do copy[i] = tag end
  table.sort(copy)
  return core.array(copy)
end

local function form_of(shown)
  local data = shown.data
  return {
    time = shown.time, timeEnd = shown.timeEnd, text = shown.text, tags = sorted_tags(shown.tags),
    dashboardUID = given(shown.dashboardUID), panelId = given(shown.panelId),
    data = type(data) == "table" and next(data) ~= nil and data or nil,
  }
end

-- Objects of those shown, which are all that end at the same times; those that say the same in order of their ids.
local function objects_of(list)
  local found, counts = {}, {}
  table.sort(list, function(a, b) return a.id < b.id end)
  for _, shown in ipairs(list) do
    local form = form_of(shown)
    local object = objects.new(annotations, form, shown.id)
    local count = (counts[object.key] or 0) + 1
    counts[object.key] = count
    if count > 1 then
      form.ordinal = count
      object = objects.new(annotations, form, shown.id, {ordinal = count})
    end
    found[#found + 1] = object
  end
  return found
end

-- -------------------------------------------------------------------------------------------------------- listing --

local function taker(out, wanted)
  return function(list)
    local ours = {}
    for _, shown in ipairs(list) do
      if is_ours(shown) and wanted(shown) then ours[#ours + 1] = shown end
    end
    for _, object in ipairs(objects_of(ours)) do out.take(object) end
  end
end

local function any() return true end
local function of_no_dashboard(shown) return not given(shown.dashboardUID) end

-- Those of each dashboard by themselves, and those of none.
local function list_singly(at, out, dashboards, first)
  local r = windows.walk(at, {}, taker(out, of_no_dashboard), first)
  if not r.ok then return r end
  pool.each(at.g, dashboards, function(dashboard)
    local read = windows.walk(at, {dashboardUID = dashboard.uid}, taker(out, any))
    if not read.ok and read.status ~= "not-found" then out.fail(dashboard.uid, dashboard.title, read) end
  end)
  return outcome.ok()
end

function annotations.list(at, out)
  local first = windows.ask(at, {})
  if not first.ok then return first end
  if #first.body == 0 then return outcome.ok() end
  local dashboards, r = windows.doubtful(at, first.body)
  if r then return r end
  if dashboards then return list_singly(at, out, dashboards, first) end
  return windows.walk(at, {}, taker(out, any), first)
end

-- -------------------------------------------------------------------------------------------------------- reading --

-- By place: `absent`, keys that were looked for a moment ago and not found; `dashboards`, uids of which one is there.
local remembered = setmetatable({}, {__mode = "k"})

local function memory_of(at)
  remembered[at] = remembered[at] or {absent = {}, dashboards = {}}
  return remembered[at]
end

-- All that say the same as `form`, in order of their ids. Of a dashboard that it does not know 9 shows all.
local function find_equal(at, form)
  form.ordinal = nil
  local found, key = {}, objects.new(annotations, form).key
  local r = windows.covering(at, form, function(list)
    local ours = {}
    for _, shown in ipairs(list) do
      if is_ours(shown) and shown.time == form.time and shown.timeEnd == form.timeEnd then ours[#ours + 1] = shown end
    end
    for _, object in ipairs(objects_of(ours)) do
      if object.key:sub(1, KEY_LENGTH) == key then found[#found + 1] = object end
    end
  end)
  if not r.ok then return nil, r end
  return found
end

-- Without knowing what it says all must be looked at.
local function search_for(at, key)
  local found
  local r = annotations.list(at, {
    take = function(object) if object.key == key then found = object end end, fail = function() end,
  })
  if found then return found end
  return nil, not r.ok and r or nil
end

--- `known`, an object of that key as it was or shall be, spares reading all.
function annotations.read(at, key, known)
  if not known then return search_for(at, key) end
  local form = known.doc:table()
  local ordinal = form.ordinal or 1
  local found, r = find_equal(at, form)
  if not found then return nil, r end
  memory_of(at).absent[key] = not found[ordinal] or nil
  return found[ordinal]
end

-- -------------------------------------------------------------------------------------------------------- writing --

local function lacks_dashboard(at, form)
  if not form.dashboardUID then return nil end
  local r = at.g:get_dashboard(at.org, form.dashboardUID, {raw = true})
  if r.ok then r.dashboard:close() end
  if r.status ~= "not-found" then return nil end
  return outcome.new("not-found", ('there is no dashboard "%s" to annotate'):format(form.dashboardUID))
end

-- 9 makes an annotation of the whole organisation where it does not know the dashboard: each is asked for before, once.
local function lacks_dashboard_on_9(at, form)
  local uid, known = form.dashboardUID, memory_of(at).dashboards
  if at.server.major >= 10 or not uid or known[uid] then return nil end
  local problem = lacks_dashboard(at, form)
  known[uid] = not problem
  return problem
end

-- To post twice would double it: who has not looked a moment ago looks now.
local function find(at, object)
  local absent = memory_of(at).absent
  if absent[object.key] then
    absent[object.key] = nil
    return nil
  end
  return annotations.read(at, object.key, object)
end

local function create(at, object, form)
  local problem = lacks_dashboard_on_9(at, form)
  if problem then return problem end
  local there, r = find(at, object)
  if there then return outcome.ok(), there end
  if r then return r end
  memory_of(at).absent[object.key] = nil
  form.ordinal = nil
  r = at.g:call("postAnnotation", {body = form}, {org = at.org})
  return not r.ok and lacks_dashboard(at, form) or r
end

function annotations.write(at, object, now)
  local form = object.doc:table()
  if not now then return create(at, object, form) end
  return at.g:call("patchAnnotation", {annotation_id = now.lock, data = form.data or core.object {}}, {org = at.org})
end

function annotations.delete(at, now)
  return at.g:call("deleteAnnotationByID", {annotation_id = now.lock}, {org = at.org})
end

-- ----------------------------------------------------------------------------------------------------- references --

function annotations.references(value, swap)
  local uid = value:get("dashboardUID")
  local other = uid and swap("dashboards", uid)
  if other then value:set(other, "dashboardUID") end
  return value
end

return annotations
