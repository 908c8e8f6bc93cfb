-- SPDX-License-Identifier: MIT
-- YAML for what Grafana exports: objects and lists in blocks, keys sorted, strings in quotes where they might be read as something else.

local json = require "server.json"

local yaml = {}

local function scalar(value)
  if value == json.null then return "null" end
  if type(value) ~= "string" then return (tostring(value):gsub("^(%-?%d+)%.0$", "%1")) end
  if value:find("^[%a_][%w_ ./-]*$") and not value:find("[ ]$") and value ~= "true" and value ~= "false" and value ~= "null" then return value end
  return json.encode(value)
end

local function is_block(value) return (json.is_array(value) or json.is_object(value)) and next(value) ~= nil end

local function flat(value)
  if json.is_array(value) then return "[]" end
  return json.is_object(value) and "{}" or scalar(value)
end

local add

-- One entry: `head` is "key:" or "-".
local function add_entry(lines, indent, head, value)
  if not is_block(value) then
    lines[#lines + 1] = indent .. head .. " " .. flat(value)
  elseif head == "-" then
    local first = #lines + 1
    add(lines, indent .. "  ", value)
    lines[first] = indent .. "- " .. lines[first]:sub(#indent + 3)
  else
    lines[#lines + 1] = indent .. head
    add(lines, indent .. "    ", value)
  end
end

function add(lines, indent, value)
  if json.is_array(value) then
    for _, item in ipairs(value) do add_entry(lines, indent, "-", item) end
    return
  end
  local keys = {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys)
  for _, key in ipairs(keys) do add_entry(lines, indent, key .. ":", value[key]) end
end

function yaml.encode(value)
  local lines = {}
  add(lines, "", value)
  return table.concat(lines, "\n") .. "\n"
end

return yaml
