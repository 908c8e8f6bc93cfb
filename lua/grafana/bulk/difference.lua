-- SPDX-License-Identifier: MIT
--- What two servers, organisations or backups differ in.
-- @module grafana.bulk.difference

local check = require "grafana.bulk.check"
local compare = require "grafana.bulk.compare"
local kinds = require "grafana.bulk.kinds"
local place = require "grafana.bulk.place"
local plan = require "grafana.bulk.plan"
local show = require "grafana.bulk.show"
local source = require "grafana.bulk.source"

local error, ipairs, pcall, rawget, setmetatable, table, type = error, ipairs, pcall, rawget, setmetatable, table, type

local difference = {}

local methods = {}
local metatable = {__index = methods, __name = "grafana.difference"}

-- ------------------------------------------------------------------------------------------------------- sides --

local function is_client(value)
  return type(value) == "table" and rawget(value, "_core") ~= nil
end

local function folder_side(dir)
  local store, problem = require("grafana.bulk.folder").open(dir)
  if not store then error("bulk.diff: " .. problem, 0) end
  return source.folder(store), show.text(dir)
end

local function live_side(g, options)
  local server, r = place.server(g)
  if not server then return nil, r end
  return source.live(server, options), g._core:url()
end

local function org_side(g, org, options)
  local server, r = place.server(g)
  if not server then return nil, r end
  local found
  found, r = place.find_org(server, org)
  if not found then return nil, r end
  return source.live(server, options, {found.name}), show.text(found.name) .. " on " .. g._core:url(), found.name
end

-- @return the source, what a person calls it, and, where it is one organisation only, that one's name
local function side(value, options)
  if type(value) == "string" then return folder_side(value) end
  if is_client(value) then return live_side(value, options) end
  return org_side(value[1], value[2], options)
end

local function org_in(value)
  if type(value) == "table" and not is_client(value) then return value[2] end
end

local function check_side(value, position, name)
  if is_client(value) then return end
  if type(value) == "string" then return check.value("diff", value, "string", position, name) end
  if type(value) == "table" then return check.client("diff", value[1], position, name .. "[1]") end
  check.fail("diff", "bad argument #%d '%s' (client expected, {client, organisation}, or a backup's folder)", position,
    name)
end

-- ------------------------------------------------------------------------------------------------------ result --

local LIST = {create = "added", update = "changed", delete = "removed"}

local function fill(r, b)
  for _, change in ipairs(b.changes) do
    table.insert(r[LIST[change.action]],
      {kind = change.kind, org = change.org or nil, key = change.key, title = change.title})
  end
  r.failures = b.failures
  r.ok = #b.failures == 0
  r.status = r.ok and "ok" or b.failures[1].status
  r.message = b.failures[1] and b.failures[1].message
  r.same = b.same
end

local function as_plan(b)
  return plan.new({job = "diff", server = "", notes = b.notes, failures = b.failures, same = b.same}, b.journal,
    b.changes, nil, nil)
end

--- The differences line by line, as `plan:diff`.
-- @tab[opt] options `colours`, `kind`, `org`, `key`, `out`
function methods:diff(options)
  return self.plan:diff(options)
end

--- Take what was kept on disk away.
function methods:close()
  self.plan:close()
end
metatable.__close = methods.close

local MOST_SHOWN = 20

local function add_list(lines, heading, list)
  if #list == 0 then return end
  lines[#lines + 1] = heading
  for i, each in ipairs(list) do
    if i > MOST_SHOWN then
      lines[#lines + 1] = ("  … and %d more"):format(#list - MOST_SHOWN)
      return
    end
    local where = each.org and show.text(each.org) .. ": " or ""
    lines[#lines + 1] = ("  %s%s %s"):format(where, kinds.get(each.kind).one, show.text(each.title))
  end
end

function metatable:__tostring()
  local lines = {("%s beside %s: %d added, %d removed, %d changed, %d the same"):format(self.b, self.a, #self.added,
    #self.removed, #self.changed, self.same)}
  add_list(lines, "Added:", self.added)
  add_list(lines, "Removed:", self.removed)
  add_list(lines, "Changed:", self.changed)
  require("grafana.bulk.report").add_failures(lines, "Could not be read:", self.failures)
  return table.concat(lines, "\n")
end

local function all() return true end

-- What a copy from `a` to `b` would be given says the names of `a` first; `b` is looked at as `a` would name it.
local function turned(map)
  local names = {}
  for from, to in pairs(map) do names[to] = from end
  return names
end

local function run(b, a, other, options, a_org, b_org)
  local mapping = {}
  for kind, map in pairs(options.mapping or {}) do mapping[kind] = turned(map) end
  if a_org and b_org then mapping.organisations = {[b_org] = a_org} end
  options.mapping = mapping
  return compare.run {
    builder = b, source = other, target = a, options = options, deletes = all,
    server_kinds = not (a_org or b_org),
  }
end

local function new(a, b, builder)
  local r = {a = a, b = b, added = {}, removed = {}, changed = {}, plan = as_plan(builder)}
  fill(r, builder)
  return setmetatable(r, metatable)
end

-- What a person calls a side that cannot be looked at.
local function called(value)
  if type(value) == "string" then return show.text(value) end
  return (is_client(value) and value or value[1])._core:url()
end

local function refused(a, b, r, options)
  local builder = plan.builder("diff", nil, options)
  builder:refuse(r)
  return new(called(a), called(b), builder)
end

--- See `bulk.diff`.
function difference.diff(a, b, options)
  check_side(a, 1, "a")
  check_side(b, 2, "b")
  check.org("diff", org_in(a), 1, "a[2]")
  check.org("diff", org_in(b), 2, "b[2]")
  options = check.options("diff", options, {"kinds", "permissions", "mapping", "on_progress", "alertmanager_wait"})
  local from, from_name, a_org = side(a, options)
  if not from then return refused(a, b, from_name, options) end
  local to, to_name, b_org = side(b, options)
  if not to then return refused(a, b, to_name, options) end
  local builder = plan.builder("diff", nil, options)
  local fine, done, failure = pcall(run, builder, from, to, options, a_org, b_org)
  if not fine then
    builder:drop()
    error(done, 0)
  end
  if not done then builder:refuse(failure) end
  return new(from_name, to_name, builder)
end

return difference
