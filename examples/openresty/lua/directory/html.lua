-- SPDX-License-Identifier: MIT
--- HTML that is escaped unless it was written here: titles, tags and names are strangers' text.
--
--     local row = html.template [[<li title="{title}">{title} {tags}</li>]]
--     local made = row {title = "<script>", tags = {tag {name = "a"}, tag {name = "b"}}}
--
-- What stands between braces is a value: a string or a number is escaped, what another template made is taken as it is,
-- a list is taken piece by piece, false is nothing. A value that is not given raises: no name is misspelt in silence.

local html = {}

-- What templates make: {text}. Nothing else is trusted, and only this file makes it.
local Made = {}
Made.__index = Made
function Made:__tostring() return self[1] end

local ESCAPES = {["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;", ["`"] = "&#96;"}

local REPLACEMENT = "\239\191\189"   -- U+FFFD

-- Controls are no text: they become U+FFFD, tabs and ends of lines a space.
local function control(c) return c:find "[\t\n\r]" and " " or REPLACEMENT end

--- Text without controls.
function html.clean(text)
  if text:find "%c" then text = text:gsub("%c", control) end
  if text:find "\194[\128-\159]" then text = text:gsub("\194[\128-\159]", REPLACEMENT) end
  return text
end

--- Text as it may stand in an element or in a quoted attribute.
function html.escape(text) return (html.clean(text):gsub("[&<>\"'`]", ESCAPES)) end

local escape = html.escape

local function put(value, name, out, n)
  local kind = type(value)
  if kind == "string" then
    out[n + 1] = escape(value)
  elseif kind == "number" then
    out[n + 1] = escape(("%.14g"):format(value))
  elseif getmetatable(value) == Made then
    out[n + 1] = value[1]
  elseif kind == "table" then
    for _, piece in ipairs(value) do n = put(piece, name, out, n) end
    return n
  elseif value == false then
    return n
  else
    error(("html: the value '%s' is a %s"):format(name, kind), 4)
  end
  return n + 1
end

-- The text between values and the names of the values, in turn.
local function split(source)
  local parts, at = {}, 1
  for text, name, after in source:gmatch "([^{}]*){([%w_]+)}()" do
    parts[#parts + 1], parts[#parts + 2], at = text, name, after
  end
  local rest = source:sub(at)
  if rest:find "[{}]" then error("html: a brace that is no value: " .. rest, 3) end
  parts[#parts + 1] = rest
  return parts
end

--- A function that takes a table of values and makes HTML of them.
-- @string source a constant: whoever writes it vouches for it; values of attributes stand in double quotes
function html.template(source)
  local parts = split(source)
  return function(values)
    local out, n = {parts[1]}, 1
    for i = 2, #parts, 2 do
      n = put(values[parts[i]], parts[i], out, n) + 1
      out[n] = parts[i + 1]
    end
    return setmetatable({table.concat(out)}, Made)
  end
end

--- Whether a value is HTML that a template made.
function html.is_made(value) return getmetatable(value) == Made end

--- Text as a part of a query or of a path.
function html.percent(text)
  return (text:gsub("[^%w_.~-]", function(c) return ("%%%02X"):format(c:byte()) end))
end

return html
