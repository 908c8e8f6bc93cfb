-- SPDX-License-Identifier: MIT
--- Backups: every object of a server in a file of its own.
-- @module grafana.bulk.backup

local check = require "grafana.bulk.check"
local folder = require "grafana.bulk.folder"
local kinds = require "grafana.bulk.kinds"
local outcome = require "grafana.bulk.outcome"
local place = require "grafana.bulk.place"
local proof = require "grafana.bulk.proof"
local report = require "grafana.bulk.report"
local show = require "grafana.bulk.show"
local source = require "grafana.bulk.source"

local error, ipairs, math, os, pcall, setmetatable, table = error, ipairs, math, os, pcall, setmetatable, table

local backup = {}

-- ----------------------------------------------------------------------------------------------------- reading --

local function told(run)
  run.done = run.done + 1
  if not run.on_progress then return end
  run.on_progress(run.done, run.total > 0 and math.max(run.done + 1, run.total) or 0, #run.failures)
end

local function put(run, kind, org, object)
  local written, problem = run.store:put(kind, org, object, kind.keeps_track and object.lock or nil)
  if not written then error("bulk.backup: " .. problem, 0) end
  object.doc:close()
  told(run)
end

-- What a former backup knows of an object, where its file is as it was written: it stays, unless another takes its
-- place.
local function known_to(run, kind, org)
  if not kind.keeps_track or not run.store:has(kind, org) then return nil end
  return function(key)
    local known = run.store:known(kind, org, key)
    return known and run.store:keep(kind, org, key) and known or nil
  end
end

-- What the account may do in an organisation; false where the server has no such thing to tell.
local function permissions_in(run, org)
  if run.permissions[org] ~= nil then return run.permissions[org] end
  local at, r = run.source:place(org)
  local known
  if at then known, r = proof.permissions(at) end
  if not known then known = not outcome.is_answer(r) and {} end
  run.permissions[org] = known
  return known
end

-- Lists of Grafana leave out without a word what the account may not see: it must be proven that there is no such
-- thing, where the server tells what the account may do.
local function sees_all(run, kind, org)
  local permissions = org and permissions_in(run, org)
  if not permissions then return true end
  local covered, missing = proof.covers(permissions, kind.name, run.source.server.major)
  if covered then return true end
  local r = outcome.new("access-denied", ("this account may not see all of them, but those that it may see are here: "
    .. "it lacks %s"):format(missing), "forbidden")
  run.failures[#run.failures + 1] = source.failure_of(kind, org, nil, nil, r)
  return false
end

-- Of the server's own objects a backup of some organisations takes some: the others stay as they are in the folder.
local function is_some(run, kind)
  return kind.scope == "server" and run.options.orgs ~= nil
end

local function list_kind(run, kind, org)
  local counts = run.counts
  local function take(object)
    if kind.scope == "server" and not run.takes(kind, object) then return object.doc:close() end
    counts[kind.name] = (counts[kind.name] or 0) + 1
    put(run, kind, org, object)
  end
  local function same()
    counts[kind.name] = (counts[kind.name] or 0) + 1
    told(run)
  end
  local r, whole = run.source:each(kind, org, take, known_to(run, kind, org), same)
  if r.ok and not sees_all(run, kind, org) then whole = false end
  if whole and not is_some(run, kind) then run.store:whole(kind, org) end
  if outcome.is_unsupported(r) then run.absent[#run.absent + 1] = source.failure_of(kind, org, nil, nil, r) end
end

-- For who is told of progress: what takes most of the time. The rest is not known before it is read.
local function foresee(run, orgs)
  local each = run.options.permissions == false and 1 or 2
  for _, org in ipairs(orgs) do
    local at = run.source:place(org)
    run.total = run.total + each * #(at and at:dashboards() or {})
  end
  require("grafana.progress").begins(run.on_progress, run.total)
end

local function read_all(run)
  local orgs, r = run.source:orgs()
  if not orgs then
    run.failures[#run.failures + 1] = source.failure_of({name = "organisations"}, nil, nil, nil, r)
    return
  end
  if run.on_progress then foresee(run, orgs) end
  for _, kind in ipairs(source.kinds(run.options, "server")) do list_kind(run, kind, false) end
  for _, org in ipairs(orgs) do
    for _, kind in ipairs(source.kinds(run.options, "org")) do list_kind(run, kind, org) end
  end
end

-- ---------------------------------------------------------------------------------------------------- reporting --

local metatable = {__name = "grafana.backup"}

-- What the server does not have at all (`unsupported`) is no failure of the backup.
local function manifest_of(run)
  local server = run.source.server
  return {
    server = server.g._core:url(), grafana = server.version, account = server.login or "",
    time = os.date("!%Y-%m-%dT%H:%M:%SZ"),
    counts = run.counts, unreadable = run.failures, unsupported = run.absent, notes = run.notes,
    permissions = run.options.permissions ~= false, kinds = run.options.kinds,
  }
end

local function report_of(run)
  local failures = run.failures
  local r = {
    status = "ok", ok = #failures == 0, job = "backup", dir = run.dir, counts = run.counts, total = run.done,
    written = run.store.counts.written, removed = run.store.counts.removed,
    failed = #failures, failures = failures, notes = run.notes,
  }
  if not r.ok then
    r.status = failures[1].status
    r.message = ("%d lists or objects could not be read; the first: %s"):format(#failures, failures[1].message or "?")
  end
  return setmetatable(r, metatable)
end

local function words_of(counts)
  local words = {}
  for _, kind in ipairs(kinds.names) do
    if counts[kind] then words[#words + 1] = kinds.count(kind, counts[kind]) .. "," end
  end
  if #words > 0 then words[#words] = words[#words]:sub(1, -2) end
  return words
end

local MOST_NOTES = 10

local function add_notes(lines, notes)
  if #notes == 0 then return end
  lines[#lines + 1] = "Notes:"
  for i = 1, math.min(#notes, MOST_NOTES) do lines[#lines + 1] = "  " .. show.text(notes[i], 300) end
  if #notes > MOST_NOTES then lines[#lines + 1] = ("  … and %d more"):format(#notes - MOST_NOTES) end
end

function metatable:__tostring()
  local lines = {("backup: %s: %d objects in %s; %d files written, %d removed"):format(self.status, self.total,
    show.text(self.dir), self.written, self.removed)}
  local words = words_of(self.counts)
  if #words > 0 then lines[2] = show.wrapped("  ", words, "  ") end
  report.add_failures(lines, "Could not be read:", self.failures)
  add_notes(lines, self.notes)
  return table.concat(lines, "\n")
end

-- ------------------------------------------------------------------------------------------------------- public --

local OPTIONS = {"orgs", "kinds", "permissions", "on_progress", "alertmanager_wait"}

local function new_run(g, store, server, dir, options)
  local run = {
    g = g, store = store, dir = dir, options = options, counts = {}, failures = {}, absent = {}, notes = {},
    permissions = {}, done = 0, total = 0, on_progress = options.on_progress,
    source = source.live(server, options, options.orgs),
  }
  run.takes = source.of_server(source.live(server, options, options.orgs), options.orgs)
  function run.source.on_failure(failure) run.failures[#run.failures + 1] = failure end
  function run.source.on_note(text, org)
    run.notes[#run.notes + 1] = (org and org .. ": " or "") .. text
  end
  return run
end

local function carry_out(run)
  read_all(run)
  local finished, problem = run.store:finish(manifest_of(run))
  if not finished then error("bulk.backup: " .. problem, 0) end
  if run.on_progress then run.on_progress(run.done, run.done, #run.failures) end
  return report_of(run)
end

--- See `bulk.backup`.
function backup.backup(g, dir, options)
  check.client("backup", g, 1, "g")
  check.value("backup", dir, "string", 2, "dir")
  options = check.options("backup", options, OPTIONS)
  local server, r = place.server(g)
  if not server then return r end
  local store, problem = folder.create(dir)
  if not store then error("bulk.backup: " .. problem, 2) end
  local run = new_run(g, store, server, dir, options)
  local fine, result = pcall(carry_out, run)
  store:close()
  if fine then return result end
  if run.on_progress then require("grafana.progress").broken_off(run.on_progress, result) end
  error(result, 0)
end

return backup
