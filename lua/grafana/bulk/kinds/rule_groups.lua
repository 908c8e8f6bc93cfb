-- SPDX-License-Identifier: MIT
--- Groups of alert rules. Named by the uid of their folder, a slash, and their title: uids hold no slash, so the
-- first one ends it.
--
-- One PUT writes a whole group, and what it does not name is deleted. So a plan that deletes nothing wants what
-- `merged` makes: the rules of both.
-- @module grafana.bulk.kinds.rule_groups

local alerting = require "grafana.bulk.alerting"
local core = require "grafana.core"
local objects = require "grafana.bulk.objects"
local outcome = require "grafana.bulk.outcome"
local pool = require "grafana.bulk.pool"
local references = require "grafana.bulk.references"
local show = require "grafana.bulk.show"

local ipairs, next, pairs, type = ipairs, next, pairs, type

local kind = {name = "rule_groups", one = "rule group", scope = "org", one_at_a_time = true}

function kind.key(value)
  return alerting.field(value, "folderUid") .. "/" .. alerting.field(value, "title")
end

function kind.title(value) return alerting.field(value, "title") end

local function folder_and_title(key)
  return key:match("^([^/]*)/(.*)$")
end

-- ---------------------------------------------------------------------------------------------------- file form --

-- What says where a rule is, or differs from server to server.
local LEFT_OUT = {"id", "updated", "guid", "orgID", "provenance", "folderUID", "ruleGroup"}

-- What 12 states and 9 does not know.
local DEFAULTS = {isPaused = false, keep_firing_for = "0s"}

local function is_empty(value)
  return value == core.null or type(value) == "table" and next(value) == nil
end

local function plain_rule(rule)
  for _, name in ipairs(LEFT_OUT) do rule[name] = nil end
  for name, default in pairs(DEFAULTS) do
    if rule[name] == default then rule[name] = nil end
  end
  for name, value in pairs(rule) do
    if name ~= "data" and is_empty(value) then rule[name] = nil end
  end
  for _, query in ipairs(rule.data) do
    if query.queryType == "" then query.queryType = nil end
  end
  return rule
end

local function object(group)
  local rules = core.array {}
  for i, rule in ipairs(group.rules) do rules[i] = plain_rule(rule) end
  return objects.new(kind, {
    folderUid = group.folderUid, title = group.title, interval = group.interval, rules = rules,
  })
end

-- ------------------------------------------------------------------------------------------------------- reading --

-- Which groups there are: {folder, title} for each, in the order of the list.
local function groups_seen()
  local list, seen = {}, {}
  return list, function(folder, title)
    local key = folder .. "/" .. title
    if not seen[key] then list[#list + 1] = {folder = folder, title = title} end
    seen[key] = true
  end
end

local function groups_of_rules(body)
  local groups, add = groups_seen()
  for i = 1, body:len() do add(body:get(i, "folderUID"), body:get(i, "ruleGroup")) end
  body:close()
  return groups
end

-- What Grafana's own pages read: {title of the folder: [group]}.
local function groups_of_ruler(body)
  local groups, add = groups_seen()
  for _, named in pairs(body) do
    for _, group in ipairs(named) do
      for _, rule in ipairs(group.rules) do add(rule.grafana_alert.namespace_uid, group.name) end
    end
  end
  return groups
end

-- Servers before 9.4 have no list of all rules.
local function find_groups(at)
  local r = at.g:call("RouteGetAlertRules", {}, {org = at.org, raw = true})
  if r.ok then return groups_of_rules(r.body) end
  if r.reason ~= "unsupported" then return nil, r end
  r = at.g:request("GET", "/api/ruler/grafana/api/v1/rules", {org = at.org})
  if r.ok then return groups_of_ruler(r.body) end
  return nil, r
end

local function read_group(at, folder, title)
  local r = alerting.get(at, "RouteGetAlertRuleGroup", {FolderUID = folder, Group = title})
  if r.ok then return object(r.body) end
  if alerting.is_missing(r) then return nil end
  return nil, alerting.result(r)
end

function kind.list(at, out)
  local groups, problem = find_groups(at)
  if not groups then return alerting.result(problem) end
  pool.each(at.g, groups, function(group)
    local found, r = read_group(at, group.folder, group.title)
    if found then out.take(found)
    elseif r then out.fail(group.folder .. "/" .. group.title, group.title, r) end
  end)
  return outcome.ok()
end

function kind.read(at, key)
  return read_group(at, folder_and_title(key))
end

-- ------------------------------------------------------------------------------------------------------- merging --

local function uids_of(rules)
  local uids = {}
  for _, rule in ipairs(rules) do uids[rule.uid or ""] = true end
  return uids
end

--- What a group is to be where rules of the target stay: the wanted ones in their order, then those that only the
-- target has. Merging once more changes nothing.
-- @param wanted a file form
-- @param now the file form of the group there, or nil
-- @return a file form
function kind.merged(wanted, now)
  if not now then return wanted end
  return alerting.change(wanted, function(group)
    local uids = uids_of(group.rules)
    for _, rule in ipairs(alerting.table(now).rules) do
      if not uids[rule.uid] then group.rules[#group.rules + 1] = rule end
    end
  end)
end

-- ------------------------------------------------------------------------------------------------------- writing --

local function folder_is_missing(at, uid)
  local r = at.g:get_folder(at.org, uid)
  if r.ok then return nil end
  if r.status ~= "not-found" then return alerting.result(r) end
  return outcome.new("not-found", ("there is no folder with the uid %s"):format(show.text(uid)), "folder-not-found")
end

-- 9.3.2 says 500 of a rule that does not exist.
local function is_no_rule(r)
  return alerting.is_missing(r) or r.code == 500 and (r.message or ""):find("could not find alert rule", 1, true)
end

-- The rules of a group as they are now, wherever they are.
local function read_rules(at, group)
  local rules, problem = {}, nil
  pool.each(at.g, group.rules, function(rule)
    if (rule.uid or "") == "" then return end   -- written by a person: Grafana will name it
    local r = alerting.get(at, "RouteGetAlertRule", {UID = rule.uid})
    if r.ok then rules[#rules + 1] = r.body
    elseif not is_no_rule(r) then problem = alerting.result(r) end
  end)
  if problem then return nil, problem end
  return rules
end

-- Where what the source lacks is deleted, and where a plan is taken back, the other group loses the rule by plan.
local function may_move_rules(at) return at.options.keep_rules == false end

local function is_elsewhere(rule, group)
  return rule.folderUID ~= group.folderUid or rule.ruleGroup ~= group.title
end

local function would_steal(rule)
  local words = "the rule %s (%s) is in the group %s of the folder %s there, and writing it here would take it away"
  return outcome.new("already-exists", words:format(show.text(rule.title), show.text(rule.uid),
    show.text(rule.ruleGroup), show.text(rule.folderUID)), "uid-exists", {uid = rule.uid})
end

-- A PUT takes a rule from whatever group it is in: nobody planned that for the other group. And provisioned rules would
-- be no more, unless it says that they are.
-- @return the lock for the PUT, or nil and the result that says why there is to be none
local function look_at_rules(at, group)
  local rules, problem = read_rules(at, group)
  if not rules then return nil, problem end
  local lock = {}
  for _, rule in ipairs(rules) do
    if not is_elsewhere(rule, group) then lock.provenance = lock.provenance or alerting.lock(rule).provenance
    elseif not may_move_rules(at) then return nil, would_steal(rule) end
  end
  return lock
end

local function lacks(at, group)
  local named = alerting.names()
  for _, rule in ipairs(group.rules) do
    if rule.notification_settings then alerting.swap_settings(rule.notification_settings, named.add) end
  end
  if named.count == 0 then return nil end
  return alerting.ready(at) or alerting.lacking(at, named)
end

local function put(at, group)
  local lock, problem = look_at_rules(at, group)
  if not lock then return problem end
  return alerting.result(alerting.send(at, "RoutePutAlertRuleGroup", {
    FolderUID = group.folderUid, Group = group.title, body = group,
  }, lock))
end

local function delete_rules(at, rules)
  for i, rule in ipairs(rules) do
    local r = alerting.send(at, "RouteDeleteAlertRule", {UID = rule.uid})
    if not r.ok then
      r = alerting.result(r)
      if i > 1 then r.message = ("%s; %d of its %d rules are deleted"):format(r.message, i - 1, #rules) end
      return r
    end
  end
  return outcome.ok()
end

function kind.delete(at, now)
  local r = alerting.send(at, "RouteDeleteAlertRuleGroup", {
    FolderUID = now.doc:get("folderUid"), Group = now.doc:get("title"),
  })
  if r.reason ~= "unsupported" then return alerting.deleted(r) end
  return delete_rules(at, now.doc:table().rules)
end

function kind.write(at, wanted, now)
  local group = wanted.doc:table()
  -- A PUT without rules changes nothing.
  if #group.rules == 0 then return now and kind.delete(at, now) or outcome.ok() end
  return folder_is_missing(at, group.folderUid) or lacks(at, group) or put(at, group)
end

-- ---------------------------------------------------------------------------------------------------- references --

local function swap_notifications(value, swap)
  if type(value) == "table" then
    for _, rule in ipairs(value.rules) do
      if rule.notification_settings then alerting.swap_settings(rule.notification_settings, swap) end
    end
    return value
  end
  for i = 1, value:len("rules") do
    local settings = value:get("rules", i, "notification_settings")
    if type(settings) == "table" then
      alerting.swap_settings(settings, swap)
      value:set(settings, "rules", i, "notification_settings")
    end
  end
  return value
end

-- Folders, data sources and dashboards are named by uid, contact points and mute timings by name.
function kind.references(value, swap)
  return swap_notifications(references.in_rule(value, swap), swap)
end

return kind
