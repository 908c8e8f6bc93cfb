-- SPDX-License-Identifier: MIT
--- Help as text, made from the operation table.
-- @module grafana.help

local api = require "grafana.api"
local core = require "grafana.core"
local nearest = require "grafana.nearest"
local topics = require "grafana.topics"

local help = {}

-- The order of groups; others follow.
local GROUPS = {
  "Organisations", "Users", "Dashboards and panels", "Data sources", "Permissions",
  "Teams, folders, service accounts", "Server", "Everything else",
}

-- ------------------------------------------------------------------------------------------- the operations --

--- All operations by name, and their names in order.
-- @treturn {[string]=table,...}
-- @treturn {string,...}
function help.operations()
  local by_name, names = {}, {}
  for i, op in ipairs(core.operations()) do
    by_name[op.name], names[i] = op, op.name
  end
  return by_name, names
end

--- The groups, each with its operations by name.
-- @treturn {{name=string,...},...}
function help.groups()
  local by_name, groups, rank = {}, {}, {}
  for i, name in ipairs(GROUPS) do rank[name] = i end
  for _, op in ipairs(core.operations()) do
    local name = op.group or "Everything else"
    local group = by_name[name]
    if not group then
      group = {name = name}
      by_name[name], groups[#groups + 1] = group, group
    end
    group[#group + 1] = op
  end
  table.sort(groups, function(a, b)
    local i, j = rank[a.name] or math.huge, rank[b.name] or math.huge
    if i ~= j then return i < j end
    return a.name < b.name
  end)
  return groups
end

local function names_of(list)
  local names = {}
  for i, item in ipairs(list) do names[i] = item.name end
  return names
end

--- `create_user(user, [options])`.
-- @tab op a row
-- @treturn string
function help.signature(op)
  local parts = {}
  for i, param in ipairs(op.params) do parts[i] = param.optional and "[" .. param.name .. "]" or param.name end
  local options = names_of(op.options)
  if #options > 0 then parts[#parts + 1] = "[{" .. table.concat(options, ", ") .. "}]" end
  return op.name .. "(" .. table.concat(parts, ", ") .. ")"
end

-- What stands for an argument in an example, by its name, else by its type.
local BY_NAME = {
  name = '"Acme"', login = '"ann"', user = '"ann"', uid = '"abc"', tag = '"production"', password = '"s3cret"',
  title = '"Overview"', type = '"prometheus"', access = '"proxy"', url = '"http://prometheus:9090"', id = "12",
}
local BY_TYPE = {
  string = '"..."', integer = "1", boolean = "true", org = "1", id = "12", list = "{...}", strings = '"..."',
  role = '"Editor"', string_or_null = '"..."',
}

-- `{login = "ann", password = "s3cret"}`: the keys that must be there.
local function example_object(param)
  local parts = {}
  for word in (param.required or ""):gmatch("%S+") do
    local key = word:match("^[^|]+")
    parts[#parts + 1] = key .. " = " .. (BY_NAME[key] or '"..."')
  end
  parts[#parts + 1] = #parts == 0 and "..." or nil
  return "{" .. table.concat(parts, ", ") .. "}"
end

local function example_argument(param)
  if param.type == "object" then return example_object(param) end
  local text = BY_NAME[param.name]
  if param.type == "id" and param.name ~= "user" then text = "12" end
  if param.type == "integer" or param.type == "org" then text = nil end
  return text or BY_TYPE[param.type] or "..."
end

--- Code that calls the operation: `local r = g:create_org("Acme")`.
-- @tab op a row
-- @treturn string
function help.example(op)
  if topics.examples[op.name] then return topics.examples[op.name] end
  local parts = {}
  for i, param in ipairs(op.params) do
    if param.optional then break end
    parts[i] = example_argument(param)
  end
  local list = table.concat(parts, ", ")
  if #parts == 1 and list:find("^{") then return ("local r = g:%s%s"):format(op.name, list) end
  return ("local r = g:%s(%s)"):format(op.name, list)
end

--- What an argument may be: `string`; for objects with the keys that must be there.
-- @tab param an argument or an option of a row
-- @treturn string
function help.expected(param)
  local text = param.expected
  if param.type == "org" then text = text .. ", or nil for the one given to connect" end
  if param.required then text = text .. " with " .. param.required:gsub(" ", ", "):gsub("|", " or ") end
  if param.optional then text = text .. ", may be left out" end
  return text
end

--- What an argument is, besides what it may be. Of organisations `expected` says it all.
-- @tab item an argument, an option or a key of a row
-- @treturn string `: its name`, or nothing
function help.about(item)
  return item.text and item.type ~= "org" and ": " .. item.text or ""
end

--- Where an operation comes from: a page of Grafana's documentation, or the recording that it follows.
-- @tab op a row
-- @treturn string `, recorded as org-create`, or nothing
function help.origin(op)
  if not op.see or op.see == "" then return "" end
  return (op.see:find("^https?://") and ", see " or ", recorded as ") .. op.see
end

-- ----------------------------------------------------------------------------------------------------- texts --

local function width(list)
  local widest = 0
  for _, item in ipairs(list) do widest = math.max(widest, #item.name) end
  return widest
end

-- A heading and a line for each item: its name, what it may be, what it is.
local function section(lines, heading, list, kind)
  if #list == 0 then return end
  lines[#lines + 1] = ""
  lines[#lines + 1] = heading
  local format = "  %-" .. width(list) .. "s  %s"
  for _, item in ipairs(list) do lines[#lines + 1] = format:format(item.name, kind(item) .. help.about(item)) end
end

local function result_section(lines, op)
  lines[#lines + 1] = ""
  lines[#lines + 1] = "Result: r.ok, r.status" .. (#op.keys > 0 and "" or " and nothing else")
  local format = "  r.%-" .. width(op.keys) .. "s  %s%s"
  for _, key in ipairs(op.keys) do
    lines[#lines + 1] = format:format(key.name, key.shape, help.about(key))
  end
  if #op.statuses > 0 then lines[#lines + 1] = "Special statuses: " .. table.concat(op.statuses, ", ") end
end

local function operation_text(op)
  local lines = {"g:" .. help.signature(op), op.summary}
  section(lines, "Arguments", op.params, help.expected)
  section(lines, "Options, besides the general ones (help \"options\")", op.options, function(o) return o.expected end)
  result_section(lines, op)
  lines[#lines + 1] = ""
  lines[#lines + 1] = "Example"
  lines[#lines + 1] = "  " .. help.example(op)
  local key = op.keys[1] and "r." .. op.keys[1].name or "r.status"
  lines[#lines + 1] = ("  if r.ok then print(%s) else print(r.message) end"):format(key)
  if core.api_operation(op.name) then
    lines[#lines + 1] = ('\nGrafana documents an operation of this name too: help(\'call("%s")\').'):format(op.name)
  end
  if topics.more[op.name] then lines[#lines + 1] = "\n" .. topics.more[op.name] end
  lines[#lines + 1] = ""
  lines[#lines + 1] = ("%s %s%s"):format(op.method, op.path, help.origin(op))
  return table.concat(lines, "\n")
end

local COLUMN = 44

-- Signature and summary; beneath each other where the signature is long.
local function operation_line(op)
  local signature = help.signature(op)
  if #signature > COLUMN then signature = signature .. "\n  " .. (" "):rep(COLUMN) end
  return ("  %-" .. COLUMN .. "s  %s"):format(signature, op.summary)
end

local function topic_lines(lines)
  lines[#lines + 1] = "Topics: help(\"connect\"), …"
  local format = "  %-" .. COLUMN .. "s  %s"
  for _, name in ipairs(topics.names) do lines[#lines + 1] = format:format(name, topics.pages[name][1]) end
end

local function overview()
  local lines = {"Operations: g:name(…) returns a result; help(\"create_org\") says more about one."}
  for _, group in ipairs(help.groups()) do
    lines[#lines + 1] = ""
    lines[#lines + 1] = group.name
    for _, op in ipairs(group) do lines[#lines + 1] = operation_line(op) end
  end
  lines[#lines + 1] = ""
  lines[#lines + 1] = ("help(\"alert\") searches these and Grafana's own %d documented operations, which g:call calls.")
    :format(#core.api_operations())
  lines[#lines + 1] = ""
  topic_lines(lines)
  return table.concat(lines, "\n")
end

-- Everything about an operation that a word may be found in, in lower case.
local function haystack(op)
  local parts = {op.name, op.summary, op.group, op.path, table.concat(op.statuses, " ")}
  for _, list in ipairs {op.params, op.options, op.keys} do
    for _, item in ipairs(list) do parts[#parts + 1] = item.name end
  end
  return table.concat(parts, "\n"):lower()
end

local function found(word)
  local lines = {}
  for _, op in ipairs(core.operations()) do
    if haystack(op):find(word:lower(), 1, true) then lines[#lines + 1] = operation_line(op) end
  end
  local ours = #lines > 0 and ("'%s' occurs in:\n"):format(word) .. table.concat(lines, "\n")
  local theirs = api.found(word)
  if ours and theirs then return ours .. "\n\n" .. theirs end
  return ours or theirs
end

local function unknown(word, names)
  local text = ("Nothing is known about '%s'."):format(word)
  local words, documented = nearest.words(word, names), nearest.words(word, api.names())
  if #words > 0 then text = text .. " The nearest: " .. table.concat(words, ", ") .. "." end
  if #documented > 0 then
    text = text .. " Of those that Grafana documents: " .. table.concat(documented, ", ") .. "."
  end
  return text .. " help() lists everything."
end

--- The help on `word`: an operation, one that Grafana documents, a topic, or what the word occurs in; without it,
-- everything in a line each.
-- @string[opt] word
-- @treturn string
function help.text(word)
  if word == nil or word == "" then return overview() end
  if type(word) ~= "string" then
    error(("bad argument #1 'word' to 'help' (string expected, got %s)"):format(type(word)), 2)
  end
  local by_name, names = help.operations()
  local documented = core.api_operation(word:match([=[call%(%s*["']([%w_]+)]=]) or word)
  if documented and not by_name[word] then return api.text(documented) end
  local plain = word:gsub("^.*[.:]", ""):gsub("%(.*$", "")
  if by_name[plain] then return operation_text(by_name[plain]) end
  local topic = topics.aliases[plain] or plain
  if topics.pages[topic] then return topics.text(topic) end
  local words = nearest.words(plain, names)
  if words[1] and core.distance(words[1], plain) <= 2 then return unknown(word, names) end
  return found(word) or unknown(word, names)
end

return help
