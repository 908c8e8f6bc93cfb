-- SPDX-License-Identifier: MIT
-- JSON for the stand-in, in plain Lua (5.1, LuaJIT, 5.4), shared with nothing.
--
-- decode(text [, doubles]) returns the value, or nil and a message. Objects become plain tables, arrays tables with `json.array_mt`,
-- null `json.null`. A number that is not a plain integer of up to 15 digits keeps its digits in a `json.number`, as Go's json.Number
-- does in Grafana 9; with `doubles` it passes through a float64 first, as in Grafana 12.
-- encode(value) sorts keys and escapes `<`, `>` and `&`, as Go does with maps; pieces(value) is the same in pieces.

local json = {}

local find, sub, byte, format, match = string.find, string.sub, string.byte, string.format, string.match
local concat, sort = table.concat, table.sort

-- A document of this many levels is refused.
json.max_depth = 2000

json.null = setmetatable({}, { __tostring = function() return "null" end })
json.array_mt = {}
local number_mt = { __tostring = function(self) return self.digits end }
local raw_mt = {}

-- Marks a table as an array.
function json.array(list) return setmetatable(list or {}, json.array_mt) end

-- Text that is JSON already, to be written as it is.
function json.raw(text) return setmetatable({ text = text }, raw_mt) end

function json.is_array(value) return getmetatable(value) == json.array_mt end

function json.is_object(value) return type(value) == "table" and getmetatable(value) == nil end

-- The Lua number of a decoded number; nil for anything else.
function json.tonumber(value)
  if type(value) == "number" then return value end
  if getmetatable(value) == number_mt then return tonumber(value.digits) end
  return nil
end

-- Writes a double as Go does: shortest digits that read back the same, an exponent below 1e-6 and from 1e21 on.
local function go_float(value)
  local digits
  for precision = math.abs(value) < 1e-300 and 1 or 15, 17 do   -- numbers next to zero have fewer digits
    digits = format("%." .. (precision - 1) .. "e", value)
    if tonumber(digits) == value then break end
  end
  local sign, lead, fraction, exponent = match(digits, "^(-?)(%d)%.?(%d*)e([+-]%d+)$")
  exponent = tonumber(exponent)
  local mantissa = lead .. fraction:gsub("0+$", "")
  if mantissa == "0" then return sign .. "0" end
  if exponent < -6 or exponent >= 21 then
    local tail = #mantissa > 1 and "." .. sub(mantissa, 2) or ""
    return format("%s%s%se%s%d", sign, sub(mantissa, 1, 1), tail, exponent < 0 and "-" or "+", math.abs(exponent))
  end
  if exponent < 0 then return sign .. "0." .. ("0"):rep(-exponent - 1) .. mantissa end
  if #mantissa <= exponent + 1 then return sign .. mantissa .. ("0"):rep(exponent + 1 - #mantissa) end
  return sign .. sub(mantissa, 1, exponent + 1) .. "." .. sub(mantissa, exponent + 2)
end

local function fail(message, position) error({ json = format("%s at byte %d", message, position) }, 0) end

local function utf8_char(code)
  if code < 0x80 then return string.char(code) end
  local function tail(shift) return 0x80 + math.floor(code / 2 ^ shift) % 0x40 end
  if code < 0x800 then return string.char(0xC0 + math.floor(code / 0x40), tail(0)) end
  if code < 0x10000 then return string.char(0xE0 + math.floor(code / 0x1000), tail(6), tail(0)) end
  return string.char(0xF0 + math.floor(code / 0x40000), tail(12), tail(6), tail(0))
end

local plain_escapes = { ['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

-- Reads the escape whose backslash is at `position`; returns its text and the position behind it.
local function read_escape(text, position)
  local plain = plain_escapes[sub(text, position + 1, position + 1)]
  if plain then return plain, position + 2 end
  local high = match(text, "^u(%x%x%x%x)", position + 1)
  if not high then fail("invalid escape", position) end
  high = tonumber(high, 16)
  if high < 0xD800 or high > 0xDFFF then return utf8_char(high), position + 6 end
  local low = match(text, "^\\u([dD][c-fC-F]%x%x)", position + 6)
  if high > 0xDBFF or not low then return "\239\191\189", position + 6 end
  return utf8_char(0x10000 + (high - 0xD800) * 0x400 + tonumber(low, 16) - 0xDC00), position + 12
end

-- Reads a string whose first character is at `start`.
local function read_string(text, start)
  local pieces, count = nil, 0
  while true do
    local stop = find(text, '[%z\1-\31"\\]', start)
    local char = stop and byte(text, stop)
    if char == 34 then
      local last = sub(text, start, stop - 1)
      if not pieces then return last, stop + 1 end
      pieces[count + 1] = last
      return concat(pieces), stop + 1
    end
    if char ~= 92 then fail("unfinished string", stop or #text + 1) end
    pieces = pieces or {}
    pieces[count + 1] = sub(text, start, stop - 1)
    pieces[count + 2], start = read_escape(text, stop)
    count = count + 2
  end
end

local function read_number(text, start, doubles)
  local _, stop = find(text, "^-?[1-9]%d*", start)
  if not stop then _, stop = find(text, "^-?0", start) end
  if not stop then fail("unexpected character", start) end
  local _, fraction = find(text, "^%.%d+", stop + 1)
  local _, exponent = find(text, "^[eE][+-]?%d+", (fraction or stop) + 1)
  local digits = sub(text, start, exponent or fraction or stop)
  local after = start + #digits
  if not fraction and not exponent and #digits <= 15 and digits ~= "-0" then return tonumber(digits), after end
  if doubles then
    local value = tonumber(digits)
    if value == math.huge or value == -math.huge then fail("number out of range", start) end
    digits = go_float(value * 1.0)
    if #digits <= 15 and find(digits, "^-?[1-9]%d*$") then return tonumber(digits), after end
  end
  return setmetatable({ digits = digits }, number_mt), after
end

local read_value

local function skip(text, position) return find(text, "[^ \n\r\t]", position) or #text + 1 end

local function read_array(text, position, doubles, depth)
  local list, count = setmetatable({}, json.array_mt), 0
  position = skip(text, position)
  if byte(text, position) == 93 then return list, position + 1 end
  while true do
    count = count + 1
    list[count], position = read_value(text, position, doubles, depth)
    position = skip(text, position)
    local char = byte(text, position)
    if char == 93 then return list, position + 1 end
    if char ~= 44 then fail("expected , or ]", position) end
    position = skip(text, position + 1)
  end
end

local function read_object(text, position, doubles, depth)
  local object = {}
  position = skip(text, position)
  if byte(text, position) == 125 then return object, position + 1 end
  while true do
    if byte(text, position) ~= 34 then fail("expected a key", position) end
    local key
    key, position = read_string(text, position + 1)
    position = skip(text, position)
    if byte(text, position) ~= 58 then fail("expected :", position) end
    object[key], position = read_value(text, skip(text, position + 1), doubles, depth)
    position = skip(text, position)
    local char = byte(text, position)
    if char == 125 then return object, position + 1 end
    if char ~= 44 then fail("expected , or }", position) end
    position = skip(text, position + 1)
  end
end

function read_value(text, position, doubles, depth)
  local char = byte(text, position)
  if char == 34 then return read_string(text, position + 1) end
  if char == 123 or char == 91 then
    if depth + 1 >= json.max_depth then fail("nested too deeply", position) end
    local reader = char == 123 and read_object or read_array
    return reader(text, position + 1, doubles, depth + 1)
  end
  if sub(text, position, position + 3) == "true" then return true, position + 4 end
  if sub(text, position, position + 4) == "false" then return false, position + 5 end
  if sub(text, position, position + 3) == "null" then return json.null, position + 4 end
  return read_number(text, position, doubles)
end

local function read_document(text, doubles)
  local value, position = read_value(text, skip(text, 1), doubles, 0)
  position = skip(text, position)
  if position <= #text then fail("text after the document", position) end
  return value
end

function json.decode(text, doubles)
  local ok, value = pcall(read_document, text, doubles)
  if ok then return value end
  if type(value) == "table" and value.json then return nil, value.json end
  return nil, tostring(value)
end

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }
local function escape(char) return escapes[char] or format("\\u%04x", byte(char)) end

local function encode_string(text)
  if find(text, '[%z\1-\31"\\<>&]') then text = text:gsub('[%z\1-\31"\\<>&]', escape) end
  return '"' .. text .. '"'
end

local function encode_number(value)
  if value == math.floor(value) and value > -1e15 and value < 1e15 then return format("%d", value) end
  if math.type and math.type(value) == "integer" then return format("%d", value) end
  return go_float(value)
end

local write

local function write_array(out, count, list)
  if #list == 0 then out[count + 1] = "[]" return count + 1 end
  for index = 1, #list do
    out[count + 1] = index == 1 and "[" or ","
    count = write(out, count + 1, list[index])
  end
  out[count + 1] = "]"
  return count + 1
end

-- The texts of keys, which are few: two strings for each, with the comma that comes before and without.
local first_key, next_key, known_keys = {}, {}, 0

local function remember_key(key)
  if known_keys >= 10000 then first_key, next_key, known_keys = {}, {}, 0 end
  known_keys = known_keys + 1
  local text = encode_string(key) .. ":"
  first_key[key], next_key[key] = "{" .. text, "," .. text
end

local function write_object(out, count, object)
  local keys, size = {}, 0
  for key in pairs(object) do size = size + 1 keys[size] = key end
  if size == 0 then out[count + 1] = "{}" return count + 1 end
  if size > 1 then sort(keys) end
  for index = 1, size do
    local key = keys[index]
    if not first_key[key] then remember_key(key) end
    out[count + 1] = (index == 1 and first_key or next_key)[key]
    count = write(out, count + 1, object[key])
  end
  out[count + 1] = "}"
  return count + 1
end

local function scalar(value)
  local kind = type(value)
  if kind == "string" then return encode_string(value) end
  if kind == "number" then return encode_number(value) end
  if kind == "boolean" then return value and "true" or "false" end
  if value == json.null then return "null" end
  local mt = getmetatable(value)
  if mt == number_mt then return value.digits end
  if mt == raw_mt then return value.text end
  return nil
end

function write(out, count, value)
  local text = scalar(value)
  if text then out[count + 1] = text return count + 1 end
  if getmetatable(value) == json.array_mt then return write_array(out, count, value) end
  return write_object(out, count, value)
end

-- The text as a list of short ones, to be sent one after the other. (LuaJIT looks at a few bytes of a long string to hash it: thousands of long
-- ones that are nearly the same are slow to make, each slower than the one before.)
function json.pieces(value)
  local out = {}
  write(out, 0, value)
  return out
end

function json.encode(value) return concat(json.pieces(value)) end

return json
