-- SPDX-License-Identifier: MIT
--- What the kinds of alerting share: waiting for an organisation's Alertmanager, sending without marking as
-- provisioned, and what Grafana's refusals mean.
-- @module grafana.bulk.alerting

local core = require "grafana.core"
local objects = require "grafana.bulk.objects"
local outcome = require "grafana.bulk.outcome"
local show = require "grafana.bulk.show"
local tasks = require "grafana.tasks"

local getmetatable, setmetatable, type = getmetatable, setmetatable, type
local ipairs, next, pairs, table = ipairs, next, pairs, table

local alerting = {}

-- Seconds: how long a new organisation's Alertmanager is waited for, and how often it is asked.
local WAIT, PAUSE = 90, 1

-- ------------------------------------------------------------------------------------------------------- values --

--- A file form as a Lua table, whether it is one already or a document.
function alerting.table(value)
  return type(value) == "table" and value or value:table()
end

--- Change a file form by a function of its table; a document gives another document.
-- @func change gets the table and changes it
function alerting.change(value, change)
  if type(value) == "table" then
    change(value)
    return value
  end
  local plain = value:table()
  change(plain)
  return objects.document(plain)
end

--- A field of a table or a document.
function alerting.field(value, name)
  if type(value) == "table" then return value[name] end
  return value:get(name)
end

--- The items of an answer that is a list; Grafana 12 says null where there are none.
function alerting.items(body)
  return type(body) == "table" and body or {}
end

--- Is a result that is fine a list? Anything else is not taken for an empty one. Else another result.
function alerting.as_list(r)
  if r.body == core.null or getmetatable(r.body) == core.array_mt then return r end
  return outcome.new("error", "what the server has answered is no list", "not-grafana", {code = r.code})
end

-- -------------------------------------------------------------------------------------------------- Alertmanager --

-- By place: how many seconds its Alertmanager has been waited for; true once it has answered.
local WAITED = setmetatable({}, {__mode = "k"})

local NOT_READY = {"could not find an Alertmanager configuration", "No alertmanager configuration", "not ready"}

local function is_not_ready(r)
  if r.code ~= 404 and r.code ~= 409 and r.code ~= 500 and r.code ~= 503 then return false end
  for _, words in ipairs(NOT_READY) do
    if (r.message or ""):find(words, 1, true) then return true end
  end
  return false
end

local function never_ready(seconds)
  return outcome.new("error", ("the Alertmanager of this organisation was not ready within %g seconds; Grafana starts"
    .. " it up to a minute after the organisation, and never where alerting is disabled for it"):format(seconds),
    "unavailable")
end

--- Wait until the Alertmanager of a place answers: that of a new organisation does so after up to a minute. The options
-- `alertmanager_wait` and `alertmanager_pause` say how long in all, and how often it is asked (seconds).
-- @return nil, or the result that says that it never did. What else is wrong, the request itself will be told
function alerting.ready(at)
  local wait, pause = at.options.alertmanager_wait or WAIT, at.options.alertmanager_pause or PAUSE
  while WAITED[at] ~= true do
    if not is_not_ready(at.g:call("RouteGetPolicyTree", {}, {org = at.org})) then
      WAITED[at] = true
    elseif (WAITED[at] or 0) >= wait then
      return never_ready(wait)
    else
      tasks.sleep(pause)
      WAITED[at] = (WAITED[at] or 0) + pause
    end
  end
  return nil
end

-- -------------------------------------------------------------------------------------------------------- sending --

--- Read by an operation.
function alerting.get(at, operation, params)
  return at.g:call(operation, params or {}, {org = at.org})
end

--- Write by an operation so that the object stays editable in Grafana's own pages; what is provisioned there already
-- stays provisioned, as Grafana takes it no other way.
-- @tab at
-- @string operation
-- @tab params
-- @tab[opt] lock of the object there: `{provenance}`
function alerting.send(at, operation, params, lock)
  local provisioned = lock ~= nil and lock.provenance ~= nil
  return at.g:call(operation, params, {org = at.org, provenance = provisioned})
end

--- Does a result say that the thing itself, not the route, is missing?
function alerting.is_missing(r)
  return r.status == "not-found" and not r.reason
end

-- ------------------------------------------------------------------------------------------------------- refusals --

-- What Grafana's refusals mean: by their message id, else by words of the message.
local MEANINGS = {
  {id = "alerting.notifications.conflict", status = "already-exists", reason = "version-mismatch",
    say = "it has been changed since it was read"},
  {id = "alerting.notifications.time-intervals.nameExists", status = "already-exists", reason = "name-exists"},
  {id = "alerting.notifications.contact-points.uidInUse", status = "already-exists", reason = "uid-exists"},
  {id = "alerting.notifications.contact-points.referenced", status = "error",
    say = "a notification policy still uses it"},
  {id = "alerting.notifications.contact-points.used-by-rule", status = "error", say = "alert rules still use it"},
  {id = "alerting.notifications.time-intervals.used", status = "error",
    say = "notification policies or alert rules still use it"},
  {id = "alerting.notifications.invalidProvenance", status = "access-denied", reason = "forbidden",
    say = "it is provisioned on that server, and to be changed where it comes from"},
  {words = "cannot change provenance", status = "access-denied", reason = "forbidden",
    say = "it is provisioned on that server, and to be changed where it comes from"},
  {words = "currently used", status = "error", say = "it is still in use"},
  {words = "folder does not exist", status = "not-found", reason = "folder-not-found"},
}

local function meaning_of(r)
  local id = type(r.body) == "table" and r.body.messageId
  for _, meaning in ipairs(MEANINGS) do
    if meaning.id and meaning.id == id then return meaning end
    if meaning.words and (r.message or ""):find(meaning.words, 1, true) then return meaning end
  end
  return nil
end

local function copied(r)
  local copy = {}
  for key, value in pairs(r) do copy[key] = value end
  copy.body, copy.headers = nil, nil
  return copy
end

-- A second attempt may have met what the first had done.
local function may_be_our_own(r, reason)
  return r.uncertain or reason == "version-mismatch" and (r.attempts or 1) > 1 or nil
end

--- A result of sending as the kinds return it: Grafana's refusals with the statuses that they mean.
function alerting.result(r)
  if r.ok then return outcome.ok() end
  local meaning, fields = meaning_of(r) or {}, copied(r)
  local reason = meaning.reason or r.reason
  fields.uncertain = may_be_our_own(r, reason)
  return outcome.new(meaning.status or r.status, meaning.say or r.message, reason, fields)
end

--- The same where an object was to be updated: one that is missing was there a moment ago.
function alerting.updated(r)
  if not alerting.is_missing(r) then return alerting.result(r) end
  return outcome.new("already-exists", "it has been deleted since it was read", "version-mismatch", copied(r))
end

--- The same where an object was to be deleted: one that is missing is.
function alerting.deleted(r)
  if alerting.is_missing(r) then return outcome.ok() end
  return alerting.result(r)
end

-- ---------------------------------------------------------------------------------------------------- references --

-- What `swap` is told besides, for all of them.
local CONTEXT = {place = "notification", form = "string"}

local function swap_name(holder, field, kind_name, swap)
  local name = holder[field]
  if type(name) == "string" and name ~= "" then holder[field] = swap(kind_name, name, CONTEXT) or name end
end

local function swap_names(list, swap)
  for i = 1, type(list) == "table" and #list or 0 do swap_name(list, i, "mute_timings", swap) end
end

--- Replace what a route, or the notification settings of a rule, names: contact points and mute timings, by name.
-- @tab settings is changed
-- @func swap (kind name, name, context) → another name or nil
function alerting.swap_settings(settings, swap)
  swap_name(settings, "receiver", "contact_points", swap)
  swap_names(settings.mute_time_intervals, swap)
  swap_names(settings.active_time_intervals, swap)
end

--- A set of the names of contact points and mute timings; its `add` is a swap that only looks.
function alerting.names()
  local named = {contact_points = {}, mute_timings = {}, count = 0}
  function named.add(kind_name, name)
    named[kind_name][name], named.count = true, named.count + 1
  end
  return named
end

local function without(wanted, there)
  local left = {}
  for name in pairs(wanted) do
    if not there[name] then left[#left + 1] = name end
  end
  table.sort(left)
  return left
end

local function names_of(body)
  local there = {}
  for _, item in ipairs(alerting.items(body)) do there[item.name] = true end
  return there
end

-- All receivers of an Alertmanager, those without integrations too, which the contact points do not show; and by their
-- own names, where 9.3.2 shows the names of integrations.
local function receivers_of(body)
  local config = type(body) == "table" and body.alertmanager_config
  return names_of(type(config) == "table" and config.receivers)
end

local function lacking_points(at, wanted)
  if next(wanted) == nil then return {} end
  local r = alerting.get(at, "RouteGetContactpoints")
  if not r.ok then return nil, r end
  local left = without(wanted, names_of(r.body))
  if #left == 0 then return left end
  r = at.g:request("GET", "/api/alertmanager/grafana/config/api/v1/alerts", {org = at.org})
  if not r.ok then return left end
  local there = receivers_of(r.body)
  local still = {}
  for _, name in ipairs(left) do
    if not there[name] then still[#still + 1] = name end
  end
  return still
end

local function lacking_timings(at, wanted)
  if next(wanted) == nil then return {} end
  local r = alerting.get(at, "RouteGetMuteTimings")
  if not r.ok then return nil, r end
  return without(wanted, names_of(r.body))
end

local function listed(one, names)
  if #names == 0 then return nil end
  local shown = {}
  for i, name in ipairs(names) do shown[i] = show.text(name) end
  return (#names == 1 and one or one .. "s") .. " " .. table.concat(shown, ", ")
end

--- Are all of these contact points and mute timings there now?
-- @tab at
-- @tab named as `alerting.names` makes it
-- @return nil, or the result that names those that are not
function alerting.lacking(at, named)
  local points, problem = lacking_points(at, named.contact_points)
  if not points then return alerting.result(problem) end
  local timings, other = lacking_timings(at, named.mute_timings)
  if not timings then return alerting.result(other) end
  local some, more = listed("contact point", points), listed("mute timing", timings)
  if not some and not more then return nil end
  return outcome.new("missing-mandatory-data", ("it needs the %s, which this organisation does not have; nothing was"
    .. " sent"):format(some and more and some .. " and the " .. more or some or more))
end

-- ----------------------------------------------------------------------------------------- lists of small objects --

--- List a kind whose objects all come with one answer.
-- @tab at
-- @tab out
-- @string operation
-- @func object makes an object of an item
function alerting.list(at, out, operation, object)
  local never = alerting.ready(at)
  if never then return never end
  local r = alerting.get(at, operation)
  if not r.ok then return alerting.result(r) end
  r = alerting.as_list(r)
  if not r.ok then return r end
  for _, item in ipairs(alerting.items(r.body)) do out.take(object(item)) end
  return outcome.ok()
end

--- Read one object by its name.
-- @return the object; nil; nil and the result that says why not
function alerting.read(at, operation, name, object)
  local never = alerting.ready(at)
  if never then return nil, never end
  local r = alerting.get(at, operation, {name = name})
  if r.ok then return object(r.body) end
  if alerting.is_missing(r) then return nil end
  return nil, alerting.result(r)
end

--- What Grafana tells of an object besides its contents, for the next write of it.
function alerting.lock(item)
  local provenance = item.provenance
  if provenance == core.null or provenance == "" then provenance = nil end
  return {version = item.version, provenance = provenance}
end

return alerting
