-- SPDX-License-Identifier: MIT
--- Taking back what a plan has done: its inverse is a plan like any other.
-- @module grafana.bulk.undo

local core = require "grafana.core"
local kinds = require "grafana.bulk.kinds"
local objects = require "grafana.bulk.objects"
local plan = require "grafana.bulk.plan"

local error, pcall = error, pcall

local undo = {}

-- What is there since, as it was kept.
local function after_of(self, change)
  if change.left ~= nil then return self:object(change, change.left) end
  return self:object(change, change.kept or change.after)
end

-- What was under way may be half done, and so may what failed.
local function is_unsure(change)
  return change.state == "begun" or change.open
end

local function is_done(change)
  return (change.state == "done" or change.left ~= nil or is_unsure(change)) and not change.was_so
end

-- What was made and cannot be deleted goes together with what it belongs to.
local function goes_along(change)
  return not change.before and not kinds.get(change.kind).delete
end

-- Who has left an organisation must be in it again to take the rest back.
local function come_back(b, change)
  local kind = kinds.get("org_users")
  local made = b:change {
    kind = kind, org = change.org, wanted = objects.new(kind, {login = change.key, role = "Admin"}),
    why = "undo: " .. change.why,
  }
  if made then made.first, made.of = true, change.n end
  return made
end

-- Returns the change that takes one back; nil where none is needed.
local function add_inverse(b, self, change)
  if change.last and not change.before and not change.after then return come_back(b, change) end
  if goes_along(change) then return nil end
  local kind, wanted = kinds.get(change.kind), self:object(change, change.before)
  local made = b:change {
    kind = kind, org = change.org, now = after_of(self, change), wanted = wanted, why = "undo: " .. change.why,
    any = is_unsure(change) and not kinds.get(change.kind).is_atomic or change.along or nil,
  }
  if made then
    made.rank = wanted and kind.undo_rank and kind.undo_rank(wanted.doc) or change.rank
    made.first, made.of = change.last, change.n
  end
  return made
end

local function add_all(b, self)
  local along = {}
  for i = #self.changes, 1, -1 do
    local change = self.changes[i]
    if is_done(change) and not add_inverse(b, self, change) then along[#along + 1] = change.n end
  end
  b.along = core.array(along)
end

--- See `plan:inverse`.
function undo.inverse(self, options)
  options = options or {}
  self:catch_up()
  local b = plan.builder("undo", self.server, {
    journal = options.journal, secret = options.secret or self.options.secret, permissions = self.options.permissions,
    keep_rules = false,
  })
  b.undoes = self.journal.dir
  local fine, problem = pcall(add_all, b, self)
  if not fine then
    b:drop()
    error(problem, 0)
  end
  return b:finish()
end

--- See `plan:undo`.
function undo.undo(self, options)
  options = options or {}
  local inverse = undo.inverse(self, options)
  local report = inverse:apply {on_progress = options.on_progress, secret = options.secret}
  self:catch_up()
  return report
end

return undo
