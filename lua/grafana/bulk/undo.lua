-- SPDX-License-Identifier: MIT
--- Taking back what a plan has done: its inverse is a plan like any other.
-- @module grafana.bulk.undo

local kinds = require "grafana.bulk.kinds"
local objects = require "grafana.bulk.objects"
local plan = require "grafana.bulk.plan"

local undo = {}

-- What is there since, as it was kept.
local function after_of(self, change)
  return self:object(change, change.kept or change.after)
end

local function is_done(change)
  return (change.state == "done" or change.state == "begun") and not change.was_so
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
  if made then made.first = true end
end

local function add_inverse(b, self, change)
  if change.last and not change.before and not change.after then return come_back(b, change) end
  if goes_along(change) then return end
  local made = b:change {
    kind = kinds.get(change.kind), org = change.org, now = after_of(self, change),
    wanted = self:object(change, change.before), why = "undo: " .. change.why,
    any = change.state == "begun" or change.along or nil,
  }
  if made then made.rank, made.first = change.rank, change.last end
end

--- See `plan:inverse`.
function undo.inverse(self, options)
  options = options or {}
  local b = plan.builder("undo", self.server, {
    journal = options.journal, secret = options.secret or self.options.secret, permissions = self.options.permissions,
    keep_rules = false,
  })
  b.undoes = self.journal.dir
  for i = #self.changes, 1, -1 do
    if is_done(self.changes[i]) then add_inverse(b, self, self.changes[i]) end
  end
  return b:finish()
end

--- See `plan:undo`.
function undo.undo(self, options)
  options = options or {}
  local inverse = undo.inverse(self, options)
  return inverse:apply {on_progress = options.on_progress, secret = options.secret}
end

return undo
