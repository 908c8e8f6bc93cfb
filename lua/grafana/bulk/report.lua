-- SPDX-License-Identifier: MIT
--- Reports: what came of carrying a plan out.
-- @module grafana.bulk.report

local kinds = require "grafana.bulk.kinds"
local show = require "grafana.bulk.show"

local ipairs, setmetatable, table = ipairs, setmetatable, table

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

--- The report of a run: a result with `total`, `done` (changes carried out), `failed`, `unchanged`, `failures` (`{kind,
-- org, key, title, action, status, reason, message}`), `missing_secrets` (`{kind, org, key, title, secrets}`),
-- `journal` (its folder), `plan`.
function report.new(run)
  local self = run.plan
  local failures, missing, done = {}, {}, 0
  add_planning(failures, self.failures)
  for _, change in ipairs(self.changes) do
    if change.state == "done" then done = done + 1 end
    if change.result then failures[#failures + 1] = failure_of(change) end
    add_secrets(missing, change)
  end
  if self.header.held_back then
    failures[#failures + 1] = {kind = "deletions", status = "invalid-data", message = self.header.held_back}
  end
  local r = {
    status = "ok", ok = #failures == 0, job = self.job, total = #self.changes, done = done, failed = #failures,
    unchanged = self.same, failures = failures, missing_secrets = missing, journal = self.journal.dir, plan = self,
  }
  if not r.ok then
    r.status = status_of(failures)
    r.message = ("%d of %d changes failed; the first: %s"):format(#failures, #self.changes, failures[1].message or "?")
  end
  return setmetatable(r, metatable)
end

local MOST_SHOWN = 20

local function failure_line(failure)
  local known = kinds.rank(failure.kind)
  local what = known and kinds.get(failure.kind).one or failure.kind
  local name = failure.title or failure.key
  if name then what = what .. " " .. show.text(name) end
  if failure.org then what = show.text(failure.org) .. ": " .. what end
  local why = failure.status .. (failure.reason and " (" .. failure.reason .. ")" or "")
  return ("  %s: %s: %s"):format(what, why, show.text(failure.message or "no message", 300))
end

local function secrets_line(each)
  return ("  %s %s: %s"):format(kinds.get(each.kind).one, show.text(each.title),
    show.text(table.concat(each.secrets, ", ")))
end

local function add_lines(lines, heading, list, line_of)
  if #list == 0 then return end
  lines[#lines + 1] = heading
  for i, each in ipairs(list) do
    if i > MOST_SHOWN then
      lines[#lines + 1] = ("  … and %d more"):format(#list - MOST_SHOWN)
      return
    end
    lines[#lines + 1] = line_of(each)
  end
end

--- Add to lines of text what failed.
function report.add_failures(lines, heading, failures)
  add_lines(lines, heading, failures, failure_line)
end

function metatable:__tostring()
  local lines = {("%s: %s: %d of %d changes carried out, %d failed; %d objects were as they should be"):format(
    self.job, self.status, self.done, self.total, self.failed, self.unchanged)}
  report.add_failures(lines, "Failed:", self.failures)
  add_lines(lines, "Secrets that nobody gave:", self.missing_secrets, secrets_line)
  if self.total > 0 then lines[#lines + 1] = "Journal: " .. self.journal end
  return table.concat(lines, "\n")
end

--- The sentence that Ctrl-C raises.
function report.interrupted(run)
  local counts = ("%d of %d changes carried out, %d of them failed"):format(run.done, run.total, run.failed)
  return ('grafana.bulk: %s: %s. To go on: require("grafana.bulk").resume(%q): interrupted!'):format(run.plan.job,
    counts, run.plan.journal.dir)
end

return report
