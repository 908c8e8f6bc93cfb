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

-- What is done first stands first; other words come between.
local VERBS = {create = 1, add = 2, get = 3, lookup = 4, delete = 8, remove = 8}

-- Operations are shown by what they act on: `org`, `org_user`; then as one needs them, the credentials' own last.
local function order_of(name)
  local verb, thing = name:match("^(%a+)_(.*)$")
  if not verb then return name, 0 end
  local one, own = thing:gsub("s$", ""):gsub("^current_", "")
  if verb == "update" and one == "or_create_dashboard" then return "dashboard", 0 end
  return one, own * 10 + (VERBS[verb] or 6), thing
end

local function comes_first(a, b)
  local thing, rank = order_of(a.name)
  local other_thing, other_rank = order_of(b.name)
  if thing ~= other_thing then return thing < other_thing end
  if rank ~= other_rank then return rank < other_rank end
  return a.name < b.name
end

--- The groups, each with its operations by what they act on.
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
  for _, group in ipairs(groups) do table.sort(group, comes_first) end
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

local WIDTH = 118

-- `text` behind `head`, broken between words; the lines that follow begin where `text` does.
local function wrapped(head, text)
  local lines, line, begins = {}, head, true
  local columns = select(2, head:gsub("[^\128-\191]", ""))
  local indent, at = (" "):rep(columns), columns
  for word in text:gmatch("%S+") do
    local size = select(2, word:gsub("[^\128-\191]", ""))
    if not begins and at + 1 + size > WIDTH then
      lines[#lines + 1], line, at, begins = line, indent, columns, true
    end
    line, at, begins = line .. (begins and "" or " ") .. word, at + size + (begins and 0 or 1), false
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n")
end

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
  local format = "  %-" .. width(list) .. "s  "
  for _, item in ipairs(list) do
    lines[#lines + 1] = wrapped(format:format(item.name), kind(item) .. help.about(item))
  end
end

local function result_section(lines, op)
  lines[#lines + 1] = ""
  lines[#lines + 1] = "Result: r.ok, r.status" .. (#op.keys > 0 and "" or " and nothing else")
  local format = "  r.%-" .. width(op.keys) .. "s  "
  for _, key in ipairs(op.keys) do
    lines[#lines + 1] = wrapped(format:format(key.name), key.shape .. help.about(key))
  end
  if #op.statuses > 0 then lines[#lines + 1] = "Special statuses: " .. table.concat(op.statuses, ", ") end
end

-- What shows the first key of a result to a person.
local SHOWN = {list = "#r.%s", object = "grafana.encode(r.%s)"}

local function shown_key(op)
  local key = op.keys[1]
  if not key then return "r.status" end
  return (SHOWN[key.shape] or "r.%s"):format(key.name)
end

local function operation_text(op)
  local lines = {"g:" .. help.signature(op), op.summary}
  section(lines, "Arguments", op.params, help.expected)
  section(lines, "Options, besides the general ones (help \"options\")", op.options, function(o) return o.expected end)
  result_section(lines, op)
  lines[#lines + 1] = ""
  lines[#lines + 1] = "Example"
  lines[#lines + 1] = "  " .. help.example(op)
  lines[#lines + 1] = ("  if r.ok then print(%s) else print(r.message) end"):format(shown_key(op))
  if core.api_operation(op.name) then
    lines[#lines + 1] = ('\nGrafana documents an operation of this name too: help(\'call("%s")\').'):format(op.name)
  end
  if topics.more[op.name] then lines[#lines + 1] = "\n" .. topics.more[op.name] end
  lines[#lines + 1] = ""
  lines[#lines + 1] = wrapped("", ("%s %s%s"):format(op.method, op.path, help.origin(op)))
  return table.concat(lines, "\n")
end

local COLUMN = 44

-- Signature and summary; beneath each other where the signature is long.
local function operation_line(op)
  local signature = help.signature(op)
  local line = ""
  if #signature > COLUMN then line, signature = "  " .. signature .. "\n", "" end
  return line .. wrapped(("  %-" .. COLUMN .. "s  "):format(signature), op.summary)
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
  local parts = {op.name, op.summary, op.path, table.concat(op.statuses, " ")}
  for _, list in ipairs {op.params, op.options, op.keys} do
    for _, item in ipairs(list) do parts[#parts + 1] = item.name end
  end
  return table.concat(parts, "\n"):lower()
end

-- The operations that all of `words` occur in; those of a group too that is called so.
local function ours(words, word)
  local lines = {}
  for _, group in ipairs(help.groups()) do
    local whole = group.name:lower() == word:lower()
    for _, op in ipairs(group) do
      if whole or api.occur(words, haystack(op)) then lines[#lines + 1] = operation_line(op) end
    end
  end
  return #lines > 0 and ("'%s' occurs in:\n"):format(word) .. table.concat(lines, "\n") or nil
end

local function topics_with(words)
  local found = {}
  for _, name in ipairs(topics.names) do
    if api.occur(words, topics.text(name):lower()) then found[#found + 1] = ('help("%s")'):format(name) end
  end
  return #found > 0 and "Topics that speak of it: " .. table.concat(found, ", ") or nil
end

local function found(word)
  local words = api.words(word)
  local parts = {}
  parts[#parts + 1] = ours(words, word)
  parts[#parts + 1] = api.found(word)
  parts[#parts + 1] = topics_with(words)
  return #parts > 0 and table.concat(parts, "\n\n") or nil
end

local function unknown(word, names)
  local text = ("Nothing is known about '%s'."):format(word)
  local words, documented = nearest.words(word, names), nearest.words(word, api.names())
  if #words > 0 then text = text .. " The nearest: " .. table.concat(words, ", ") .. "." end
  if #documented > 0 then
    text = text .. " Of those that Grafana documents: " .. table.concat(documented, ", ") .. "."
  end
  return wrapped("", text .. " help() lists everything.")
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
  if documented and not by_name[word] then return api.text(documented, help.groups()) end
  local plain = word:gsub("^.*[.:]", ""):gsub("%(.*$", ""):gsub("^%s+", ""):gsub("%s+$", "")
  if plain == "" then plain = word end
  if by_name[plain] then return operation_text(by_name[plain]) end
  local topic = topics.aliases[plain:lower()] or plain:lower()
  if topics.pages[topic] then return topics.text(topic) end
  local words = nearest.words(plain, names)
  if words[1] and core.distance(words[1], plain) <= 2 then return unknown(word, names) end
  return found(word) or unknown(word, names)
end

return help
