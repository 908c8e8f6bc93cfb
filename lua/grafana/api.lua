-- SPDX-License-Identifier: MIT
--- Grafana's documented operations, those of `g:call`, as text.
-- @module grafana.api

local core = require "grafana.core"

local api = {}

-- ----------------------------------------------------------------------------------------------- about one --

--- The words of an operation's tags without "enterprise", and whether that was among them.
-- @tab op of `core.api_operations()`
-- @treturn {string,...}
-- @treturn boolean
function api.tags(op)
  local tags, enterprise = {}, false
  for tag in op.tags:gmatch("%S+") do
    if tag == "enterprise" then enterprise = true else tags[#tags + 1] = tag end
  end
  return tags, enterprise
end

--- What there is to know besides its parameters: `Enterprise`, `deprecated`, `gone since 9.3.2`.
-- @tab op
-- @treturn {string,...}
function api.notes(op)
  local notes, known = {}, core.api_versions()
  local _, enterprise = api.tags(op)
  if enterprise then notes[#notes + 1] = "Enterprise" end
  if op.deprecated then notes[#notes + 1] = "deprecated" end
  if op.versions[1] ~= known[1] then notes[#notes + 1] = "gone since " .. op.versions[1] end
  if op.versions[#op.versions] ~= known[#known] then
    notes[#notes + 1] = ("not in %s"):format(known[#known])
  end
  return notes
end

local EXPECTED = {
  string = "string", integer = "integer", boolean = "boolean", list = "one value or a list", any = "any value",
}

--- What a parameter may be: `string, required`.
-- @tab param of an operation
-- @treturn string
function api.expected(param)
  local text = param.route and "a route, with slashes" or EXPECTED[param.type]
  if param.required then text = text .. ", required" end
  if param.versions then text = text .. ", " .. table.concat(param.versions, " and ") .. " only" end
  return text
end

-- What stands for a value in an example, by its name, else by its type.
local BY_NAME = {name = '"Acme"', title = '"Overview"', login = '"ann"', loginOrEmail = '"ann"', role = '"Viewer"'}
local BY_TYPE = {string = '"abc"', integer = "1", boolean = "true", list = '{"abc"}', any = '"..."'}

-- Names that Lua keeps for itself.
local KEYWORDS = {["for"] = true, ["end"] = true, ["repeat"] = true, ["function"] = true, ["in"] = true}

local LONGEST = 110

-- Fields of a table, as many on a line as have room.
local function in_lines(parts)
  local lines, line = {}, " "
  for _, part in ipairs(parts) do
    if #line + #part + 2 > LONGEST then lines[#lines + 1], line = line, " " end
    line = line .. " " .. part .. ","
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n")
end

local function example_value(param)
  return BY_NAME[param.name] or param.route and '"api/v1/labels"' or BY_TYPE[param.type]
end

--- Code that calls the operation with what must be given, or with its first parameter.
-- @tab op
-- @treturn string
function api.example(op)
  local parts, seen = {}, {}
  local function add(param)
    if seen[param.name] then return end
    local key = KEYWORDS[param.name] and '["' .. param.name .. '"]' or param.name
    parts[#parts + 1], seen[param.name] = key .. " = " .. example_value(param), true
  end
  for _, param in ipairs(op.params) do
    if param.required then add(param) end
  end
  if #parts == 0 and op.params[1] then add(op.params[1]) end
  if #parts == 0 then return ('local r = g:call("%s")'):format(op.name) end
  local head, list = ('local r = g:call("%s", {'):format(op.name), table.concat(parts, ", ")
  if #head + #list <= LONGEST then return head .. list .. "})" end
  return head .. "\n" .. in_lines(parts) .. "\n})"
end

local function param_lines(lines, op)
  if #op.params == 0 then return end
  local widest = 0
  for _, param in ipairs(op.params) do widest = math.max(widest, #param.name) end
  local format = "  %-" .. widest .. "s  %-5s  %s"
  lines[#lines + 1] = "\nParameters"
  for _, param in ipairs(op.params) do
    lines[#lines + 1] = format:format(param.name, param.where, api.expected(param))
  end
end

local function shape_of(op) return op.method .. " " .. op.path:gsub("{.-}", "{}") end

-- The operation of our own that sends the same, and more where that is needed.
local function ours_for(op, groups)
  for _, group in ipairs(groups) do
    for _, own in ipairs(group) do
      if shape_of(own) == shape_of(op) then return own end
    end
  end
end

--- Help on one operation.
-- @tab op
-- @tab groups the client's own operations, as `help.groups` gives them
-- @treturn string
function api.text(op, groups)
  local notes, takes = api.notes(op), #op.params > 0 or op.method ~= "GET"
  local lines = {
    ('g:call("%s", {%s}, [{org, provenance}])'):format(op.name, takes and "parameters by name" or ""),
    "An operation of Grafana's documented HTTP API" .. (#notes > 0 and "; " or "") .. table.concat(notes, ", ") .. ".",
    "Tags: " .. op.tags,
  }
  param_lines(lines, op)
  if op.method ~= "GET" then lines[#lines + 1] = "  (body: the whole body, in place of its fields)" end
  lines[#lines + 1] = "\nResult: r.ok, r.status, r.code, r.headers, r.body; help(\"call\") says more"
  lines[#lines + 1] = "\nExample\n  " .. api.example(op):gsub("\n", "\n  ")
  lines[#lines + 1] = "  if r.ok then print(r.code, r.body) else print(r.message) end"
  local own = ours_for(op, groups)
  if own then
    lines[#lines + 1] = ('\ng:%s does this with statuses that say more: help("%s").'):format(own.name, own.name)
  end
  lines[#lines + 1] = ("\n%s %s"):format(op.method, op.path)
  return table.concat(lines, "\n")
end

-- ------------------------------------------------------------------------------------------------- searching --

local MANY, WIDTH = 60, 118

--- The words of what a person looks for, in lower case and without the s of many.
-- @string text
-- @treturn {string,...}
function api.words(text)
  local words = {}
  for word in text:lower():gmatch("%S+") do
    words[#words + 1] = #word > 3 and word:gsub("s$", "") or word
  end
  return words
end

--- Do all of these words occur in a text?
-- @tab words as `api.words` gives them
-- @string haystack in lower case
-- @treturn boolean
function api.occur(words, haystack)
  for _, word in ipairs(words) do
    if not haystack:find(word, 1, true) then return false end
  end
  return #words > 0
end

local METHODS = {GET = 1, HEAD = 2, POST = 3, PUT = 4, PATCH = 5, DELETE = 6}

local function is_gone(op) return op.versions[1] ~= core.api_versions()[1] end

-- By path, so that what belongs together stands together; at the end what servers of today lack.
local function comes_first(a, b)
  if is_gone(a) ~= is_gone(b) then return is_gone(b) end
  if a.path ~= b.path then return a.path < b.path end
  local i, j = METHODS[a.method] or 9, METHODS[b.method] or 9
  if i ~= j then return i < j end
  return a.name < b.name
end

local function matching(word, haystack)
  local found, words = {}, api.words(word)
  for _, op in ipairs(core.api_operations()) do
    if api.occur(words, haystack(op):lower()) then found[#found + 1] = op end
  end
  table.sort(found, comes_first)
  return found
end

local function about_itself(op) return op.name .. "\n" .. op.path .. "\n" .. op.tags end

local function its_params(op)
  local names = {}
  for i, param in ipairs(op.params) do names[i] = param.name end
  return table.concat(names, "\n")
end

local function one_a_line(lines, found)
  local widest = 0
  for _, op in ipairs(found) do widest = math.max(widest, #op.name) end
  for _, op in ipairs(found) do
    local line, notes = ("  %-" .. widest .. "s  %-6s %s"):format(op.name, op.method, op.path), api.notes(op)
    local note = #notes > 0 and " (" .. table.concat(notes, ", ") .. ")" or ""
    if #line + #note > WIDTH then line = line .. "\n" .. (" "):rep(widest + 10) end
    lines[#lines + 1] = line .. note
  end
end

local function names_only(lines, found)
  local line = " "
  for _, op in ipairs(found) do
    if #line + #op.name + 1 > WIDTH then lines[#lines + 1], line = line, " " end
    line = line .. " " .. op.name
  end
  lines[#lines + 1] = line
end

--- The operations in whose name, path or tags a word occurs (else: in whose parameters), a line each; of many their
-- names only.
-- @string word
-- @treturn string|nil nil where there is none
function api.found(word)
  local found = matching(word, about_itself)
  if #found == 0 then found = matching(word, its_params) end
  if #found == 0 then return nil end
  local lines = {("'%s' in Grafana's documented operations, g:call(name, params):"):format(word)}
  local list = #found > MANY and names_only or one_a_line
  list(lines, found)
  return table.concat(lines, "\n")
end

--- The names of all.
-- @treturn {string,...}
function api.names()
  local names = {}
  for i, op in ipairs(core.api_operations()) do names[i] = op.name end
  return names
end

return api
