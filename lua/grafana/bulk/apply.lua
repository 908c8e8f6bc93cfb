-- SPDX-License-Identifier: MIT
--- Carrying a plan out: each change after another look at what is there, all of it noted in the journal.
-- @module grafana.bulk.apply

local tasks = require "grafana.tasks"
local kinds = require "grafana.bulk.kinds"
local outcome = require "grafana.bulk.outcome"
local place = require "grafana.bulk.place"
local plan = require "grafana.bulk.plan"
local pool = require "grafana.bulk.pool"
local report = require "grafana.bulk.report"

local error, ipairs, pcall, tostring = error, ipairs, pcall, tostring

local apply = {}

-- --------------------------------------------------------------------------------------------------- one change --

local function digest_of(now)
  return now and now:digest() or false
end

local function digest_in(kept)
  return kept and kept[1] or false
end

-- What is there now, as it was when the plan was made, or as it will be.
local function is_settled(change, now)
  return not change.secrets and digest_of(now) == digest_in(change.after)
end

-- What was under way when the plan was broken off may be half done: it is ours to go on with, but where one request
-- does all or nothing; then it is somebody else's. What a failure has left is ours.
local function may_write(change, now)
  local is_unsure = (change.state == "begun" or change.open) and not kinds.get(change.kind).is_atomic
  if change.any or is_unsure then return true end
  local digest = digest_of(now)
  return digest == digest_in(change.before) or change.left ~= nil and digest == digest_in(change.left)
end

local function changed_meanwhile(change, now)
  local kind = kinds.get(change.kind)
  local what = change.action == "create" and "somebody has made it since the plan was made"
    or now and "it was changed since the plan was made" or "it is gone since the plan was made"
  local status = now and "already-exists" or "not-found"
  return outcome.new(status, ("%s: %s"):format(kind.one, what), now and "version-mismatch" or nil)
end

local function find_place(run, change)
  if not change.org then return run.places:whole() end
  return run.places:of(change.org)
end

-- What the server keeps is read again where the answer did not show it. A failure to do so leaves what was wanted.
local function note_kept(run, change, at, known, after)
  if change.action == "delete" then return end
  after = after or kinds.get(change.kind).read(at, change.key, known)
  if after and after:digest() ~= digest_in(change.after) then change.kept = run.plan:keep(after) end
end

-- An answer that was lost: what is there tells whether it was done.
local function settle_uncertain(change, at, wanted, r)
  if not r.uncertain then return r end
  local now, failure = kinds.get(change.kind).read(at, change.key, wanted)
  if failure or digest_of(now) ~= digest_in(change.after) then return r end
  return outcome.ok(), now
end

local function write(change, at, now, wanted)
  local kind = kinds.get(change.kind)
  if change.action ~= "delete" then return kind.write(at, wanted, now, change.any and change.action == "create") end
  if not kind.delete then return outcome.new("error", ("a %s cannot be deleted"):format(kind.one), "unsupported") end
  return kind.delete(at, now)
end

local function begin(run, change)
  run.plan.journal:note {n = change.n, state = "begun"}
  change.state, change.tried = "begun", true
end

-- Look, and write where it is due.
-- @tab known the object as it is wanted, or, where it is to go, as it was
-- @return the result, and what is there before and after
local function look_and_write(run, change, at, known)
  local wanted = change.after and known
  local now, failure = kinds.get(change.kind).read(at, change.key, known)
  if failure then return failure end
  if is_settled(change, now) then
    change.was_so = not change.tried or nil
    return outcome.ok(), now
  end
  if not may_write(change, now) then return changed_meanwhile(change, now), now end
  begin(run, change)
  local r, after = write(change, at, now, wanted)
  if not r.ok then r, after = settle_uncertain(change, at, known, r) end
  if r.ok then note_kept(run, change, at, known, after) end
  return r, now, after
end

local function close(object)
  if object then object.doc:close() end
end

-- Documents are large, and their collector is late.
local function carry_out_at(run, change, at)
  local known = run.plan:object(change, change.after or change.before)
  local r, now, after = look_and_write(run, change, at, known)
  close(known)
  close(now)
  close(after)
  return r
end

local function carry_out(run, change)
  if change.along then return outcome.ok() end
  local at, failure = find_place(run, change)
  if not at then return failure end
  return carry_out_at(run, change, at)
end

-- ---------------------------------------------------------------------------------------------------- all of them --

-- An error of the program's, such as one in the function for secrets, is that object's failure.
local function attempt(run, change)
  local fine, r = pcall(carry_out, run, change)
  if fine then return r end
  if tasks.is_interrupt(r) or tasks.is_cancelled(r) then error(r, 0) end
  return outcome.new("error", tostring(r))
end

-- An operation sends nothing again that may have arrived; here it is safe, as each attempt begins by looking at what is
-- there.
local ATTEMPTS, FIRST_PAUSE = 5, 0.1   -- seconds, doubled each time

local function attempt_once(run, change)
  local r = attempt(run, change)
  if tasks.is_cancelled(r) then error(r, 0) end   -- it stays under way
  return r
end

local function attempt_again(run, change)
  local r = attempt_once(run, change)
  for i = 1, ATTEMPTS - 1 do
    if r.ok or not outcome.is_passing(r) then return r end
    tasks.sleep(FIRST_PAUSE * 2 ^ (i - 1))
    r = attempt_once(run, change)
  end
  return r
end

-- What a failure has left, where it is not what was there before: it is this plan's own. Of what did not answer nobody
-- knows; what somebody else has changed in the meantime is theirs.
local function look_at_rest(run, change)
  local at = find_place(run, change)
  if not at then return nil end
  local known = run.plan:object(change, change.after or change.before)
  local now, failure = kinds.get(change.kind).read(at, change.key, known)
  if failure then
    change.open = true
  elseif digest_of(now) ~= digest_in(change.before) then
    change.left = run.plan:keep(now)
  end
  close(known)
  close(now)
end

local function note_rest(run, change, r)
  change.left, change.open = nil, nil
  if r.ok or change.any or change.state ~= "begun" or r.status == "already-exists" then return end
  if outcome.is_passing(r) then
    change.open = true
    return
  end
  local fine, problem = pcall(look_at_rest, run, change)
  if not fine and (tasks.is_interrupt(problem) or tasks.is_cancelled(problem)) then error(problem, 0) end
end

local function short(r)
  return {status = r.status, reason = r.reason, code = r.code, message = r.message, uncertain = r.uncertain}
end

-- What was taken back is no longer done: the plan that did it can be carried out once more.
local function tell_origin(self)
  if not self.header.undoes then return end
  local list, whole = {}, true
  for _, change in ipairs(self.changes) do
    if change.state == "done" then list[#list + 1] = change.of else whole = false end
  end
  for _, n in ipairs(whole and self.header.along or {}) do list[#list + 1] = n end
  self:tell_origin(list)
end

-- Without what the caller gave to be written.
local function hide_secrets(run, change, r)
  local at = find_place(run, change)
  if at then r.message = at:hide(change.kind, change.key, r.message) end
end

local function settle(run, change, r)
  note_rest(run, change, r)
  hide_secrets(run, change, r)
  change.state = r.ok and "done" or "failed"
  change.result = not r.ok and short(r) or nil
  change.missing_secrets = r.missing_secrets
  run.plan.journal:note {
    n = change.n, state = change.state, result = change.result, kept = change.kept, was_so = change.was_so,
    left = change.left, open = change.open, missing_secrets = r.missing_secrets,
  }
  run.done = run.done + 1
  if not r.ok then run.failed = run.failed + 1 end
  if run.on_progress then run.on_progress(run.done, run.total, run.failed) end
end

local function width_of(step)
  return kinds.get(step[1].kind).one_at_a_time and 1 or nil
end

-- Once the server is gone the rest is left for later.
local function carry_unless_gone(run, change)
  if run.unanswered >= outcome.GONE then
    return outcome.new(run.gone.status, "not tried: " .. run.gone.message, run.gone.reason)
  end
  local r = attempt_again(run, change)
  if outcome.is_unanswered(r) then run.unanswered, run.gone = run.unanswered + 1, r else run.unanswered = 0 end
  return r
end

local function each_step(run)
  local function carry(change) settle(run, change, carry_unless_gone(run, change)) end
  for _, step in ipairs(plan.steps(run.changes)) do pool.each(run.plan.server.g, step, carry, width_of(step)) end
end

-- ------------------------------------------------------------------------------------------------------- public --

local function progress() return require "grafana.progress" end

-- What Ctrl-C raises says how to go on.
local function broken_off(run, problem)
  if run.on_progress then progress().broken_off(run.on_progress, problem) end
  run.plan.journal:sync()
  run.plan.journal:unlock()
  if not tasks.is_interrupt(problem) then error(problem, 0) end
  error(report.interrupted(run), 0)
end

-- What is still to be done; deletions that are held back are not.
local function open_changes(self)
  local open, held_back = {}, self.header.held_back
  for _, change in ipairs(self.changes) do
    if change.state ~= "done" and not (held_back and change.action == "delete" and not change.last) then
      open[#open + 1] = change
    end
  end
  return open
end

--- See `plan:apply`.
function apply.apply(self, options)
  options = options or {}
  if options.secret then self.options.secret = options.secret end
  if not self.journal:is_there() then
    error(("grafana.bulk: the journal '%s' is no longer there: make the plan anew"):format(self.journal.dir), 2)
  end
  local locked, problem = self.journal:lock()
  if not locked then
    error("grafana.bulk: the plan is being carried out by another program: " .. tostring(problem), 2)
  end
  self:catch_up()
  local open = open_changes(self)
  local run = {
    plan = self, changes = open, total = #open, done = 0, failed = 0, unanswered = 0,
    on_progress = options.on_progress or self.options.on_progress, places = place.places(self.server, self.options),
  }
  if run.on_progress and run.total > 0 then progress().begins(run.on_progress, run.total) end
  local fine, raised = pcall(each_step, run)
  tell_origin(self)
  if not fine then broken_off(run, raised) end
  self.journal:sync()
  self.journal:unlock()
  return report.new(run)
end

return apply
