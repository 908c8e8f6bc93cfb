-- SPDX-License-Identifier: MIT
--- Reports: what came of carrying a plan out.
-- @module grafana.bulk.report

local kinds = require "grafana.bulk.kinds"
local show = require "grafana.bulk.show"

local ipairs, setmetatable, table, tostring = ipairs, setmetatable, table, tostring

local report = {}

local metatable = {__name = "grafana.report"}

-- Failures that are all of one sort give the report's own status.
local function status_of(failures)
  local status = failures[1].status
  for _, failure in ipairs(failures) do
    if failure.status ~= status then return "error" end
  end
  return status
end

local function failure_of(change)
  local r = change.result
  return {
    kind = change.kind, org = change.org or nil, key = change.key, title = change.title, action = change.action,
    status = r.status, reason = r.reason, code = r.code, message = r.message, uncertain = r.uncertain,
  }
end

local function add_planning(failures, list)
  for _, failure in ipairs(list) do failures[#failures + 1] = failure end
end

local function add_secrets(list, change)
  if change.missing_secrets then
    list[#list + 1] = {kind = change.kind, org = change.org or nil, key = change.key, title = change.title,
      secrets = change.missing_secrets}
  end
end

--- The report of a run: a result with `total`, `done` (changes carried out; without what only goes along with something
-- else), `failed`, `unchanged`, `failures` (`{kind, org, key, title, action, status, reason, message}`),
-- `missing_secrets` (`{kind, org, key, title, secrets}`), `journal` (its folder), `plan`.
function report.new(run)
  local self = run.plan
  local failures, missing, done, total = {}, {}, 0, 0
  add_planning(failures, self.failures)
  for _, change in ipairs(self.changes) do
    if not change.along then total = total + 1 end
    if change.state == "done" and not change.along then done = done + 1 end
    if change.result then failures[#failures + 1] = failure_of(change) end
    add_secrets(missing, change)
  end
  if self.header.held_back then
    failures[#failures + 1] = {kind = "deletions", status = "invalid-data", message = self.header.held_back}
  end
  local r = {
    status = "ok", ok = #failures == 0, job = self.job, total = total, done = done, failed = #failures,
    unchanged = self.same, failures = failures, missing_secrets = missing, journal = self.journal.dir, plan = self,
  }
  if not r.ok then
    r.status = status_of(failures)
    r.message = ("%d of %d changes failed; the first: %s"):format(#failures, total, failures[1].message or "?")
  end
  return setmetatable(r, metatable)
end

local MOST_SHOWN = 20

local MOST_LISTS = 3

-- A list that could not be read, and those after it that could not be for the same reason.
local function what_of_lists(lists)
  local names = {}
  for i, failure in ipairs(lists) do
    if i > MOST_LISTS then break end
    names[i] = kinds.rank(failure.kind) and kinds.many(failure.kind) or show.text(failure.kind)
  end
  local left = #lists - #names
  return table.concat(names, ", ") .. (left > 0 and (" and %d other kinds"):format(left) or "")
end

local function what_of(failure)
  if failure.lists then return what_of_lists(failure.lists) end
  local what = kinds.rank(failure.kind) and kinds.get(failure.kind).one or failure.kind
  local name = failure.title or failure.key
  if name then what = what .. " " .. show.text(name) end
  return what .. (failure.more > 0 and (" and %d more"):format(failure.more) or "")
end

local function failure_line(failure)
  local what = what_of(failure)
  if failure.org then what = show.text(failure.org) .. ": " .. what end
  if failure.side then what = what .. " on the " .. failure.side end
  local why = failure.status .. (failure.reason and " (" .. failure.reason .. ")" or "")
  return ("  %s: %s: %s"):format(what, why, show.text(failure.message or "no message", 300))
end

local function is_list(failure)
  return failure.key == nil and failure.title == nil and failure.action == nil and kinds.rank(failure.kind) ~= nil
end

local SAME = {"org", "side", "status", "reason", "message"}

-- What is alike has this in common: of lists the reason, of objects their kind, too.
local function sort_of(failure)
  local parts = {is_list(failure) and "" or tostring(failure.kind)}
  for i, name in ipairs(SAME) do parts[i + 1] = tostring(failure[name]) end
  return table.concat(parts, "\0")
end

-- What failed for one reason is one line, where it comes first.
local function gathered(failures)
  local list, known = {}, {}
  for _, failure in ipairs(failures) do
    local sort = sort_of(failure)
    local first = known[sort]
    if first then
      first.more = first.more + 1
      if first.lists then table.insert(first.lists, failure) end
    else
      first = {kind = failure.kind, key = failure.key, title = failure.title, more = 0}
      if is_list(failure) then first.lists = {failure} end
      for _, name in ipairs(SAME) do first[name] = failure[name] end
      list[#list + 1], known[sort] = first, first
    end
  end
  return list
end

local function secrets_line(each)
  return ("  %s %s: %s"):format(kinds.get(each.kind).one, show.text(each.title),
    show.text(table.concat(each.secrets, ", ")))
end

local function add_lines(lines, title, list, line_of, most)
  most = most or MOST_SHOWN
  if #list == 0 then return end
  lines[#lines + 1] = title
  for i, each in ipairs(list) do
    if i > most then
      lines[#lines + 1] = ("  … and %d more"):format(#list - most)
      return
    end
    lines[#lines + 1] = line_of(each)
  end
end

--- Add to lines of text what failed; `most` lines, 20 unless given.
function report.add_failures(lines, title, failures, most)
  add_lines(lines, title, gathered(failures), failure_line, most)
end

-- Why nothing could be planned.
local function refusal(failures)
  for _, failure in ipairs(failures) do
    if failure.kind == "plan" then return failure end
  end
end

local function heading(self)
  if self.total == 0 and refusal(self.failures) then
    return ("%s: %s: there was no plan"):format(self.job, self.status)
  end
  return ("%s: %s: %d of %d changes carried out, %d failed; %d objects were as they should be"):format(
    self.job, self.status, self.done, self.total, self.failed, self.unchanged)
end

local function add_what_next(lines, self)
  if self.total == 0 then return end
  if self.done < self.total and not self.plan.header.held_back then
    lines[#lines + 1] = "To try the rest again: plan:apply(), or bulk.resume(journal, g)"
  end
  if self.done > 0 then
    local of_plan = self.job == "undo" and "" or "plan:undo(), or "
    lines[#lines + 1] = ("To take it back: %sbulk.open(journal, g):undo()"):format(of_plan)
  end
  lines[#lines + 1] = "Journal: " .. self.journal
end

function metatable:__tostring()
  local lines = {heading(self)}
  report.add_failures(lines, "Failed:", self.failures)
  add_lines(lines, "Secrets that nobody gave:", self.missing_secrets, secrets_line)
  add_what_next(lines, self)
  return table.concat(lines, "\n")
end

--- The sentence that Ctrl-C raises.
function report.interrupted(run)
  local counts = ("%d of %d changes carried out, %d of them failed"):format(run.done, run.total, run.failed)
  return ('grafana.bulk: %s: %s. To go on: require("grafana.bulk").resume(%q, g): interrupted!'):format(run.plan.job,
    counts, run.plan.journal.dir)
end

return report
