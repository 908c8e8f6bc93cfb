-- SPDX-License-Identifier: MIT
--- Results: how they look as text, and `check`.
-- @module grafana.result

local core = require "grafana.core"

local result = {}

-- What tells a thing from others of its kind; the only keys shown of an object, so that no secret is.
local TELLING = {"id", "uid", "name", "login", "title", "version"}
-- Keys that are shown otherwise, or not at all.
local COMMON = {
  status = true, ok = true, message = true, operation = true, attempts = true, reason = true, uncertain = true,
}
local LONGEST = 60

local function quoted(text)
  if #text > LONGEST then text = text:sub(1, LONGEST):gsub("[\194-\244][\128-\191]*$", "") .. "…" end
  return '"' .. text:gsub('[%c"\\]', function(c)
    if c == '"' or c == "\\" then return "\\" .. c end
    return ("\\%d"):format(c:byte())
  end) .. '"'
end

-- LuaJIT shows large ids as 3.2e+15.
local function shown_number(number)
  if number % 1 ~= 0 or math.abs(number) > 2 ^ 53 then return tostring(number) end
  return ("%.0f"):format(number)
end

local function shown_scalar(value)
  local kind = type(value)
  if kind == "string" then return quoted(value) end
  if kind == "number" then return shown_number(value) end
  return tostring(value)
end

local MOST_NAMES = 4

-- The first names of an object's keys; of data that people name themselves only plain ones.
local function key_names(object)
  local names, shown_names = {}, {}
  for key in pairs(object) do names[#names + 1] = tostring(key) end
  table.sort(names)
  for _, name in ipairs(names) do
    if #shown_names < MOST_NAMES and #name <= 30 and name:find("^[%a_][%w_.-]*$") then
      shown_names[#shown_names + 1] = name
    end
  end
  if #shown_names < #names then shown_names[#shown_names + 1] = "…" end
  return table.concat(shown_names, ", ")
end

local function shown_object(object)
  local parts, telling = {}, 0
  for _, key in ipairs(TELLING) do
    local value = object[key]
    if value ~= nil and value ~= core.null and type(value) ~= "table" then
      telling = telling + 1
      parts[telling] = key .. " = " .. shown_scalar(value)
    end
  end
  if telling == 0 then return "{" .. key_names(object) .. "}" end
  local count = 0
  for _ in pairs(object) do count = count + 1 end
  if count > telling then parts[#parts + 1] = "…" end
  return "{" .. table.concat(parts, ", ") .. "}"
end

local function shown(key, value)
  local kind = type(value)
  if key == "key" and kind == "string" then return '"' .. value:sub(1, 5):gsub("[^%w_]", "") .. '…"' end
  if kind ~= "table" then return shown_scalar(value) end
  if key == "headers" then return "{…}" end
  if #value > 0 or getmetatable(value) == core.array_mt then return #value .. (#value == 1 and " item" or " items") end
  return shown_object(value)
end

local function shown_fields(r)
  local keys, parts = {}, {}
  for key in pairs(r) do
    if type(key) == "string" and not COMMON[key] then keys[#keys + 1] = key end
  end
  table.sort(keys, function(a, b)   -- the code first
    if a == "code" or b == "code" then return a == "code" and b ~= "code" end
    return a < b
  end)
  for i, key in ipairs(keys) do parts[i] = key .. " = " .. shown(key, r[key]) end
  return table.concat(parts, ", ")
end

local function shown_failure(r)
  local text = r.status
  if r.reason then text = text .. " (" .. r.reason .. ")" end
  text = text .. ": " .. (r.message or "no message")
  local where = r.operation or "?"
  if r.code then where = where .. ", HTTP " .. r.code end
  for _, key in ipairs {"id", "uid"} do   -- of what exists already
    if r[key] then where = where .. (", %s = %s"):format(key, shown(key, r[key])) end
  end
  if r.uncertain then where = where .. ", it may have been done all the same" end
  return text .. " (" .. where .. ")"
end

function core.result_mt.__tostring(r)
  if not r.ok then return shown_failure(r) end
  local fields = shown_fields(r)
  return fields == "" and "ok" or "ok: " .. fields
end

--- See `grafana.check`.
function result.check(r, ...)
  if type(r) ~= "table" or type(r.status) ~= "string" then
    error(("bad argument #1 'r' to 'check' (result expected, got %s)"):format(type(r)), 2)
  end
  local known = select("#", ...) > 0 and core.statuses() or nil
  local fine = r.ok
  for i = 1, select("#", ...) do
    local status = select(i, ...)
    local right = false
    for _, name in ipairs(known) do right = right or name == status end
    if not right then
      local hint = type(status) == "string" and require("grafana.nearest").hint(status, known) or ""
      error(("bad argument #%d to 'check': '%s' is no status%s"):format(i + 1, tostring(status), hint), 2)
    end
    fine = fine or r.status == status
  end
  if fine then return r end
  error(r, 0)
end

return result
