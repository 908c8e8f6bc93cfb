-- SPDX-License-Identifier: MIT
--- Compares a result with what a case expects.

local core = require "grafana.core"

local compare = {}

local Like = {}

-- The values inside are shapes, too: like({id = 2}).id is like(2).
function Like.__index(shape, key)
  local value = rawget(shape, "value")
  return compare.like(type(value) == "table" and value[key] or nil)
end

--- Stands for a value of the same kind, which differs from server to server.
function compare.like(value)
  if getmetatable(value) == Like then return value end
  return setmetatable({ value = value }, Like)
end

local function kind_of(value)
  if value == core.null then return "null" end
  if type(value) == "userdata" then return "number" end
  if type(value) ~= "table" then return type(value) end
  if getmetatable(value) == core.array_mt then return "list" end
  if getmetatable(value) == nil then return #value > 0 and "list" or next(value) == nil and "empty" or "object" end
  return "object"
end

local function shown(value)
  if kind_of(value) == "null" then return "null" end
  if type(value) == "table" then
    if getmetatable(value) == Like then return "like " .. shown(rawget(value, "value")) end
    local done, text = pcall(core.encode, value, { sorted = true })
    return done and text or tostring(value)
  end
  return type(value) == "string" and ("%q"):format(value) or tostring(value)
end

local function differ(found, path, text, ...) found[#found + 1] = path .. ": " .. text:format(...) end

local function keys_of(...)
  local seen, keys = {}, {}
  for _, object in ipairs { ... } do
    for key in pairs(object) do
      if not seen[key] then keys[#keys + 1], seen[key] = key, true end
    end
  end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  return keys
end

local compare_shape

-- An item of a list must be like one of those recorded; the differences from the first are told.
local function compare_item(found, path, shapes, seen, how)
  local first
  for _, shape in ipairs(shapes) do
    local differences = {}
    compare_shape(differences, path, shape, seen, how)
    if #differences == 0 then return end
    first = first or differences
  end
  for _, text in ipairs(first or {}) do found[#found + 1] = text end
end

-- `how.exact_keys`: the server is of the version that was recorded, so that its objects have the very same keys.
function compare_shape(found, path, shape, seen, how)
  if getmetatable(shape) == Like then shape = rawget(shape, "value") end
  local is, was = kind_of(seen), kind_of(shape)
  if is == "null" or was == "null" or shape == nil then return end
  if was == "empty" and (is == "list" or is == "object") then return end
  if was ~= is then return differ(found, path, "%s expected, got %s", was, shown(seen)) end
  if was == "list" then
    for i, item in ipairs(seen) do compare_item(found, path .. "[" .. i .. "]", shape, item, how) end
  elseif was == "object" then
    for _, key in ipairs(keys_of(shape, seen)) do
      if shape[key] ~= nil and seen[key] ~= nil then
        compare_shape(found, path .. "." .. key, shape[key], seen[key], how)
      elseif how.exact_keys then
        differ(found, path .. "." .. key, shape[key] == nil and "not expected" or "missing")
      end
    end
  end
end

local function same_kind(was, is)
  return was == is or was == "empty" and (is == "list" or is == "object") or is == "empty" and was == "object"
end

local function compare_exactly(found, path, expected, seen, how)
  if getmetatable(expected) == Like then return compare_shape(found, path, rawget(expected, "value"), seen, how) end
  if not same_kind(kind_of(expected), kind_of(seen)) then
    return differ(found, path, "%s expected, got %s", shown(expected), shown(seen))
  end
  if type(expected) ~= "table" then
    if expected ~= seen then differ(found, path, "%s expected, got %s", shown(expected), shown(seen)) end
    return
  end
  for _, key in ipairs(keys_of(expected, seen)) do
    if expected[key] == nil then differ(found, path .. "." .. tostring(key), "not expected, got %s", shown(seen[key]))
    else compare_exactly(found, path .. "." .. tostring(key), expected[key], seen[key], how) end
  end
end

-- What every result has besides the keys that a case names.
local function complete(expected, operation)
  local full = { ok = expected.status == "ok" }
  if not full.ok then full.operation, full.attempts = operation, 1 end
  for key, value in pairs(expected) do full[key] = value end
  return full
end

--- What a result says that `name` was, given these arguments: of `call` the documented operation.
function compare.operation(name, first)
  return name == "call" and core.api_operation(first or "") and first or name
end

--- The differences between a result and what is expected of it, a list of sentences.
-- @tab expected what the case says; `ok`, `operation` and `attempts = 1` need not be said
-- @tab how `operation`; `any_message`: the message's wording is not compared; `exact_keys`: see above
function compare.results(expected, seen, how)
  local found = {}
  expected = complete(expected, how.operation)
  if how.any_message and not expected.ok then
    expected.message = compare.like("")
    if seen.message == "" then differ(found, "r.message", "empty") end
  end
  compare_exactly(found, "r", expected, seen, how)
  return found
end

return compare
