-- SPDX-License-Identifier: MIT
--- Plans: lists of changes, each with what is there now, what will be, and why; to be looked at, carried out, taken
-- back. Digests are in memory, texts in the journal.
--
-- A change is a table: `n`, `kind`, `org` (the organisation's name; false: the server itself), `key`, `title`, `action`
-- ("create", "update", "delete"), `why`, `rank`, `before` and `after` (`{digest, offset, length}`, false: nothing is
-- there), `any` (whatever is there before), `secrets` (names of those that are to be set), `needs` (names of those
-- that a new one has), and, once it was begun, `state` ("begun", "done", "failed", "undone"), `result` of a failure,
-- `was_so` where nothing was to be done, `kept` where what the server keeps is not what `after` says, `tried` where
-- something was sent, `left` where what failed has left something (as `before`), `open` where that is not known.
-- @module grafana.bulk.plan

local core = require "grafana.core"
local journal = require "grafana.bulk.journal"
local kinds = require "grafana.bulk.kinds"
local objects = require "grafana.bulk.objects"

local error, ipairs, os, pcall, setmetatable, table = error, ipairs, os, pcall, setmetatable, table

local plan = {}

local methods = {}
local metatable = {__index = methods, __name = "grafana.plan"}

-- ------------------------------------------------------------------------------------------------ keeping texts --

local function keep(book, object)
  if not object then return false end
  local text = object:text()
  return {object:digest(), book:put(text), #text}
end

--- The object that a change names, as it was kept; nil where nothing is there.
-- @tab change
-- @tab place `change.before`, `change.after` or `change.kept`
function methods:object(change, place)
  if not place then return nil end
  local text = self.journal:text(place[2], place[3])
  local object, problem = objects.parse(kinds.get(change.kind), text)
  if object and object:digest() ~= place[1] then problem = "it is not what was planned" end
  if problem then error("grafana.bulk: the journal is damaged: " .. problem, 0) end
  return object
end

--- Note for later what the server keeps, where it is not what was wanted.
function methods:keep(object)
  return keep(self.journal, object)
end

-- ---------------------------------------------------------------------------------------------------- building --

local builder = {}
local builder_mt = {__index = builder}

--- Begin a plan.
-- @string job its name, for people
-- @tab server where it will be carried out (see `place.server`)
-- @tab options those of the job: `journal`, `secret`, …
function plan.builder(job, server, options)
  options = options or {}
  local self = setmetatable({
    job = job, server = server, options = options, journal = journal.create(options.journal, job), changes = {},
    notes = {}, failures = {}, same = 0, there = 0, abouts = {},
  }, builder_mt)
  return self
end

local function about_key(kind, org, key)
  return kind .. "\0" .. (org or "") .. "\0" .. key
end

local function action_of(now, wanted)
  if not wanted then return "delete" end
  return now and "update" or "create"
end

--- Add a change.
-- @tab c `kind`; `org` (a name, false for the server itself) or `at` (a place); `now` (object, or nil: there is none),
--   `wanted` (object, or nil: it is to go), `why`; `any`: it is done whatever is there when it is carried out;
--   `along`: it goes with something else that goes, and only taking that back is to know of it;
--   `now_kept`: what `keep` returned of what is there, instead of `now`; `secrets`: names of secrets that are to be set
-- @return the change; nil where nothing is to be done
function builder:change(c)
  local org = c.org
  if c.at then org = c.at.org_name or false end
  local before, after = c.now_kept or keep(self.journal, c.now), keep(self.journal, c.wanted)
  if not c.secrets and (before and before[1]) == (after and after[1]) then
    self.same = self.same + 1
    return nil
  end
  local object = c.wanted or c.now or c   -- of what is only kept, `c` says what must be known
  local change = {
    n = #self.changes + 1, kind = c.kind.name, org = org, key = object.key, title = object.title,
    action = action_of(before, after), why = c.why or "", before = before, after = after, any = c.any or nil,
    along = c.along or nil,
    secrets = c.secrets,
  }
  self.changes[change.n] = change
  if object.about then self.abouts[about_key(change.kind, org, change.key)] = object.about end
  return change
end

--- Take back what was added about some objects of a kind.
-- @tab keys a set
function builder:withdraw(kind, keys)
  local left = {}
  for _, change in ipairs(self.changes) do
    if change.kind ~= kind.name or not keys[change.key] then
      left[#left + 1] = change
      change.n = #left
    end
  end
  self.changes = left
end

--- Keep an object's text: for `now_kept`.
function builder:keep(object)
  return keep(self.journal, object)
end

--- The object of a text that was kept.
function builder:parse(kind, kept)
  return objects.parse(kind, self.journal:text(kept[2], kept[3]))
end

--- Something is as it should be.
function builder:unchanged(count)
  self.same = self.same + (count or 1)
end

--- The account leaves an organisation, as the last thing of all.
function builder:leave(org, login)
  local change = {
    n = #self.changes + 1, kind = "org_users", org = org, key = login, title = login, action = "delete",
    why = "whoever makes an organisation becomes its member", before = false, after = false, any = true, last = true,
  }
  self.changes[change.n] = change
end

--- The job cannot even begin.
-- @tab r the result that says why
function builder:refuse(r)
  self:failed {kind = "plan", status = r.status, reason = r.reason, code = r.code, message = r.message}
end

--- Say something to who reads the plan.
function builder:note(text)
  self.notes[#self.notes + 1] = text
end

--- Something could not be looked at, so that the plan is not whole.
-- @tab failure `{kind, org, key, title, status, message, reason}`; without a key the whole list
function builder:failed(failure)
  self.failures[#self.failures + 1] = failure
end

-- What a person has written into a file need not make sense: then it is its kind's business to refuse it.
local function rank_of(self, change)
  local kind, abouts = kinds.get(change.kind), self.abouts
  local about = kind.rank and abouts[about_key(change.kind, change.org, change.key)]
  if not about then return 0 end
  local function find(key) return abouts[about_key(change.kind, change.org, key)] end
  local fine, rank = pcall(kind.rank, about, find)
  return fine and rank or 0
end

local function set_ranks(self)
  for _, change in ipairs(self.changes) do change.rank = change.rank or rank_of(self, change) end
end

local function as_record(change)
  return {
    kind = change.kind, org = change.org, key = change.key, title = change.title, action = change.action,
    why = change.why, rank = change.rank, before = change.before, after = change.after, any = change.any,
    along = change.along, secrets = change.secrets, needs = change.needs, last = change.last, first = change.first,
    of = change.of,
  }
end

--- The plan is whole.
-- @return the plan
function builder:finish()
  set_ranks(self)
  for _, change in ipairs(self.changes) do self.journal:add(as_record(change)) end
  local header = {
    job = self.job, server = self.server.g._core:url(), grafana = self.server.version,
    created = os.date("!%Y-%m-%dT%H:%M:%SZ"), notes = core.array(self.notes), failures = core.array(self.failures),
    same = self.same, total = #self.changes, undoes = self.undoes, along = self.along, held_back = self.held_back,
    permissions = self.options.permissions, keep_rules = self.options.keep_rules,
  }
  self.journal:seal(header)
  return plan.new(header, self.journal, self.changes, self.server, self.options)
end

--- Nothing came of it.
function builder:drop()
  self.journal:close()
end

-- -------------------------------------------------------------------------------------------------- the plan --

-- What is to be done when nobody refers to the plan any more; in LuaJIT only userdata have finalizers.
local function on_collect(f)
  if not newproxy then
    return setmetatable({}, {__gc = f})   -- luacheck: ignore
  end
  local proxy = newproxy(true)   -- luacheck: ignore
  getmetatable(proxy).__gc = f
  return proxy
end

--- Make a plan of its parts.
function plan.new(header, book, changes, server, options)
  local self = setmetatable({
    job = header.job, header = header, journal = book, changes = changes, server = server, options = options or {},
    notes = header.notes or {}, failures = header.failures or {}, same = header.same or 0,
  }, metatable)
  self._guard = on_collect(function() book:close() end)
  return self
end

-- What was noted of a change that was begun, has ended, or was taken back. What was tried once, and is as it should be
-- when it is looked at again, is this plan's own doing.
local function take_note(changes, record)
  local change = changes[record.n]
  if not change then return end
  change.state, change.result, change.kept = record.state, record.result, record.kept
  change.left, change.open, change.missing_secrets = record.left, record.open, record.missing_secrets
  if record.state == "begun" then change.tried = true end
  change.was_so = not change.tried and record.was_so or nil
end

--- Tell the plan that this one takes back, which need not be open, what is taken back.
-- @tab list numbers of its changes
function methods:tell_origin(list)
  local dir = self.header.undoes
  if dir then journal.add_notes(dir, list, "undone") end
end

--- Learn what was noted since, by another program too.
function methods:catch_up()
  self.journal:each_new_note(function(record) take_note(self.changes, record) end)
end

--- Open the plan of a journal.
-- @string dir
-- @tab server where it is carried out
-- @tab[opt] options
-- @return the plan; raises where it is none, or one for another server
function plan.open(dir, server, options)
  local changes = {}
  local function on_change(change)
    change.n = #changes + 1
    changes[change.n] = change
  end
  local book, header = journal.open(dir, on_change)
  if header.server ~= server.g._core:url() then
    book:close()
    error(("grafana.bulk: the journal '%s' is about %s, not %s"):format(dir, header.server, server.g._core:url()), 0)
  end
  if #changes ~= header.total then
    book:close()
    error(("grafana.bulk: '%s' is no journal that can be resumed: %d of its %d changes are there"):format(dir, #changes,
      header.total), 0)
  end
  options = options or {}
  if options.permissions == nil then options.permissions = header.permissions end
  if options.keep_rules == nil then options.keep_rules = header.keep_rules end
  local self = plan.new(header, book, changes, server, options)
  self:catch_up()
  return self
end

--- How many changes there are, by action: `{create, update, delete}`.
function methods:counts()
  local counts = {create = 0, update = 0, delete = 0}
  for _, change in ipairs(self.changes) do
    if not change.along then counts[change.action] = counts[change.action] + 1 end
  end
  return counts
end

--- Carry the plan out: each change after another look at what is there. What was carried out before is left alone.
-- @tab[opt] options `on_progress(done, total, failed)`; `secret`: as for the job
-- @return the report: `ok` only when all went well
function methods:apply(options)
  return require("grafana.bulk.apply").apply(self, options)
end

--- The plan that takes back what was carried out; to be looked at, and applied.
-- @tab[opt] options `journal`
function methods:inverse(options)
  return require("grafana.bulk.undo").inverse(self, options)
end

--- Take back what was carried out.
-- @tab[opt] options as for `apply`; `journal`
-- @return the report
function methods:undo(options)
  return require("grafana.bulk.undo").undo(self, options)
end

--- The differences as text, object by object, as `diff -u` shows them.
-- @tab[opt] options `colours` (as the terminal wants it unless given), `kind`, `org`, `key`: only those; `out`: a
--   function that takes the text piece by piece
-- @return the text, unless there is `out`
function methods:diff(options)
  return require("grafana.bulk.plan_text").diff(self, options)
end

function metatable:__tostring()
  return require("grafana.bulk.plan_text").summary(self)
end

--- Close the journal. A plan that was never carried out leaves nothing behind; another can be resumed, or undone.
function methods:close()
  self.journal:close()
end
metatable.__close = methods.close

--- Sort changes into the steps in which they are carried out: what is written, kind by kind, then what goes, in
-- reverse order; what is to come first or last before and after all that.
-- @return array of arrays of changes
function plan.steps(changes)
  local groups, order = {}, {}
  for _, change in ipairs(changes) do
    local place = kinds.rank(change.kind) * 1000 + change.rank
    if change.action == "delete" then place = 1e6 - place end
    if change.last then place = 2e6 elseif change.first then place = -1 end
    if not groups[place] then
      groups[place] = {}
      order[#order + 1] = place
    end
    table.insert(groups[place], change)
  end
  table.sort(order)
  local steps = {}
  for i, place in ipairs(order) do steps[i] = groups[place] end
  return steps
end

return plan
