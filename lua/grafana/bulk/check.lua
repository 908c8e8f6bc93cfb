-- SPDX-License-Identifier: MIT
--- What callers of bulk jobs give: looked at before anything is sent.
-- @module grafana.bulk.check

local core = require "grafana.core"
local kinds = require "grafana.bulk.kinds"
local nearest = require "grafana.nearest"

local debug, error, getmetatable, ipairs, pairs, rawget = debug, error, getmetatable, ipairs, pairs, rawget
local tostring, type = tostring, type

local check = {}

-- Where the job is called: the first that is none of ours.
local function level_of_caller()
  local level = 3
  while true do
    local info = debug.getinfo(level, "S")
    if not info then return 0 end
    if not info.source:find("grafana/bulk[/%.]") and info.what ~= "C" then return level - 1 end
    level = level + 1
  end
end

local function fail(job, text, ...)
  local prefix = job:find(":", 1, true) and job or "bulk." .. job   -- of a plan it is a method
  error(prefix .. ": " .. text:format(...), level_of_caller())
end

--- Raise, where the job is called, what is wrong with its arguments.
check.fail = fail

--- A client.
function check.client(job, g, position, name)
  if type(g) == "table" and rawget(g, "_core") then return end
  fail(job, "bad argument #%d '%s' (client expected, got %s)", position, name, g == nil and "nothing" or type(g))
end

--- A value of a Lua type, which must not be empty where it is a string.
function check.value(job, value, lua_type, position, name)
  if type(value) ~= lua_type then
    local got = value == nil and "nothing" or type(value)
    fail(job, "bad argument #%d '%s' (%s expected, got %s)", position, name, lua_type, got)
  end
  if value == "" then fail(job, "argument #%d '%s' is empty", position, name) end
end

--- An organisation: an id, a name, `grafana.own`, or nil.
function check.org(job, org, position, name)
  local kind = type(org)
  if org == nil or org == core.own or kind == "number" or kind == "string" and org ~= "" then return end
  fail(job, "bad argument #%d '%s' (id or name of an organisation expected, got %s)", position, name,
    org == "" and "an empty string" or kind)
end

-- --------------------------------------------------------------------------------------------------- options --

local function is_callable(value)
  local meta = getmetatable(value)
  return type(value) == "function" or type(meta) == "table" and meta.__call ~= nil
end

local function is_list_of_kinds(value)
  if type(value) ~= "table" then return false end
  for _, name in ipairs(value) do
    if not kinds.rank(name) then return false, tostring(name) end
  end
  return #value > 0
end

-- Without one there would be nothing to do, and all would seem well.
local function is_list_of_names(value)
  if type(value) ~= "table" then return false end
  for i, name in pairs(value) do
    if type(i) ~= "number" or i > #value or type(name) ~= "string" or name == "" then return false end
  end
  return #value > 0
end

-- What may be called otherwise in another place.
local MAPPED = {"organisations", "users", "teams", "service_accounts", "datasources", "folders", "playlists"}
check.MAPPED = MAPPED

local is_mapped = {}
for _, name in ipairs(MAPPED) do is_mapped[name] = true end

local function is_map(value)
  if type(value) ~= "table" then return false end
  for from, to in pairs(value) do
    if type(from) ~= "string" or type(to) ~= "string" or to == "" then return false end
  end
  return true
end

local function is_mapping(value)
  if type(value) ~= "table" then return false end
  for name, map in pairs(value) do
    if not is_mapped[name] then return false, tostring(name), MAPPED end
    if not is_map(map) then return false end
  end
  return true
end

local function is_kind(value)
  if type(value) ~= "string" then return false end
  return kinds.rank(value) ~= nil, value
end

local function is_limit(value)
  return type(value) == "number" and value >= 0
end

local function is_string(value) return type(value) == "string" and value ~= "" end
local function is_boolean(value) return type(value) == "boolean" end

-- What options may be, and in words.
local TYPES = {
  alertmanager_wait = {is_limit, "seconds"},
  concurrency = {is_limit, "number"},
  delete = {is_boolean, "boolean"},
  force = {is_boolean, "boolean"},
  from = {is_string, "string"},
  journal = {is_string, "path of a folder"},
  keep = {is_boolean, "boolean"},
  kinds = {is_list_of_kinds, "array of names of kinds"},
  mapping = {is_mapping, "table of tables, by kinds of objects, of names here and names there"},
  max_deletes = {is_limit, "number from 0"},
  on_progress = {is_callable, "function"},
  orgs = {is_list_of_names, "array of names of organisations"},
  permissions = {is_boolean, "boolean"},
  secret = {is_callable, "function"},
  to = {is_string, "string"},
  colours = {is_boolean, "boolean"},
  key = {is_string, "string"},
  kind = {is_kind, "name of a kind"},
  org = {is_string, "name of an organisation"},
  out = {is_callable, "function"},
}

local function check_value(job, name, value, type_of)
  local fine, detail, list = type_of[1](value)
  if fine then return end
  local hint = ""
  if detail then hint = (" ('%s' is none%s)"):format(detail, nearest.hint(detail, list or kinds.names)) end
  fail(job, "option '%s': %s expected%s", name, type_of[2], hint)
end

--- The options of a job.
-- @string job
-- @param options a table, or nil
-- @tab allowed names of the options that the job has
-- @tab[opt] own its own types: `{name = {function, words}}`
-- @treturn table a copy
function check.options(job, options, allowed, own)
  if options ~= nil and type(options) ~= "table" then
    fail(job, "bad argument 'options' (table expected, got %s)", type(options))
  end
  local known, copy = {}, {}
  for _, name in ipairs(allowed) do known[name] = true end
  for name, value in pairs(options or {}) do
    if not known[name] then
      fail(job, "unknown option '%s'%s", tostring(name), nearest.hint(tostring(name), allowed))
    end
    check_value(job, name, value, own and own[name] or TYPES[name])
    copy[name] = value
  end
  return copy
end

return check
