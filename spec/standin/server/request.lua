-- SPDX-License-Identifier: MIT
-- luacheck: std ngx_lua
-- One arrived request: its path, its query, its body, and the means to read them as Grafana does.

local json = require "server.json"
local state = require "server.state"

local request = {}
request.__index = request

local function unescape(text) return (text:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)) end

local function parse_query(text)
  local query = {}
  for pair in (text or ""):gmatch("[^&]+") do
    local key, value = pair:match("^([^=]*)=?(.*)$")
    key, value = unescape((key:gsub("+", " "))), unescape((value:gsub("+", " ")))
    query[key] = query[key] or {}
    table.insert(query[key], value)
  end
  return query
end

-- `target` is the path with its query as sent, without the sub-path `prefix`.
function request.new(method, target, prefix, headers, body)
  local path, query = target:match("^([^?]*)%??(.*)$")
  return setmetatable({
    method = method, target = target, path = path, prefix = prefix, query = parse_query(query), headers = headers, body = body,
  }, request)
end

function request:segments()
  local segments = {}
  for segment in self.path:gmatch("[^/]+") do segments[#segments + 1] = unescape(segment) end
  return segments
end

function request:header(name) return self.headers[name] end

-- The first value of a query parameter, or nil.
function request:arg(name) return self.query[name] and self.query[name][1] end

function request:args(name) return self.query[name] or {} end

-- A query parameter as a number; `default` where it is missing, no number or, as Grafana has it, 0.
function request:number(name, default)
  local value = tonumber(self:arg(name) or "")
  if not value or value == 0 then return default end
  return value
end

local MAX_INTEGER = "9223372036854775807"

-- Text as a whole number of 64 bits; nil if it is none.
function request.integer(text)
  local digits = text:match("^[+-]?0*(%d+)$")
  if not digits or #digits > #MAX_INTEGER or (#digits == #MAX_INTEGER and digits > MAX_INTEGER) then return nil end
  return tonumber((text:gsub("^+", "")))
end

-- A path parameter as an id; nil if it is not a number.
function request:id(name) return request.integer(self.params[name]) end

local checks = {
  string = function(value) return type(value) == "string" and value or nil end,
  boolean = function(value)
    if type(value) == "boolean" then return value end
    return nil
  end,
  object = function(value) return json.is_object(value) and value or nil end,
  array = function(value) return json.is_array(value) and value or nil end,
  any = function(value) return value end,
  strings = function(value)   -- an object of strings
    if not json.is_object(value) then return nil end
    for _, item in pairs(value) do
      if type(item) ~= "string" and item ~= json.null then return nil end
    end
    return value
  end,
  integer = function(value)
    local number = json.tonumber(value)
    return number and number == math.floor(number) and number or nil
  end,
}

-- Go finds a field whatever the case of its letters.
local function field(document, name)
  local value = document[name]
  if value ~= nil then return value end
  name = name:lower()
  for key, item in pairs(document) do
    if key:lower() == name then return item end
  end
  return nil
end

-- Reads the named fields of a JSON object: `types` maps names to "string", "integer", …; null counts as missing. nil when a type is wrong,
-- unless `lenient`: such a field counts as missing.
function request.fields(document, types, lenient)
  local result = {}
  for name, kind in pairs(types) do
    local value = field(document, name)
    if value ~= nil and value ~= json.null then
      value = checks[kind](value)
      if value == nil and not lenient then return nil end
      result[name] = value
    end
  end
  return result
end

-- The body as a JSON object, with its numbers as this Grafana keeps them; nil if it is none. No body is an empty object.
function request:document()
  if self.body == nil or self.body == "" then return {} end
  local value = json.decode(self.body, not state.v9)
  return json.is_object(value) and value or nil
end

function request:bind(types)
  local document = self:document()
  return document and request.fields(document, types)
end

return request
