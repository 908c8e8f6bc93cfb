-- SPDX-License-Identifier: MIT
-- Lays out JSON text with line breaks and two spaces a level, as 12.4.3's /apis does for programs that a person may look over the shoulder of.

-- `body` is a text or a list of such.
local function flatten(body)
  if type(body) == "string" then return body end
  local texts = {}
  for index, part in ipairs(body) do texts[index] = flatten(part) end
  return table.concat(texts)
end

-- The position behind the string whose quote is at `start`.
local function behind_string(text, start)
  local at = start + 1
  while true do
    at = text:find('["\\]', at)
    if text:sub(at, at) == '"' then return at + 1 end
    at = at + 2
  end
end

local function new_line(depth) return "\n" .. ("  "):rep(depth) end

-- What stands before and after a mark, and how the depth changes.
local marks = {
  ["{"] = function(depth) return "{" .. new_line(depth + 1), depth + 1 end,
  ["}"] = function(depth) return new_line(depth - 1) .. "}", depth - 1 end,
  [","] = function(depth) return "," .. new_line(depth), depth end,
  [":"] = function(depth) return ": ", depth end,
}
marks["["] = function(depth) return "[" .. new_line(depth + 1), depth + 1 end
marks["]"] = function(depth) return new_line(depth - 1) .. "]", depth - 1 end

return function(body)
  local text, out, at, depth = flatten(body), {}, 1, 0
  while true do
    local stop = text:find('["{}%[%],:]', at)
    if not stop then break end
    out[#out + 1] = text:sub(at, stop - 1)
    local char, empty = text:sub(stop, stop), text:match("^{}", stop) or text:match("^%[%]", stop)
    if char == '"' then
      at = behind_string(text, stop)
      out[#out + 1] = text:sub(stop, at - 1)
    elseif empty then
      out[#out + 1], at = empty, stop + 2
    else
      out[#out + 1], depth = marks[char](depth)
      at = stop + 1
    end
  end
  out[#out + 1] = text:sub(at)
  return table.concat(out)
end
