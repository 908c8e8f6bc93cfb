-- SPDX-License-Identifier: MIT
--- What people are shown of what a server says: nothing that a terminal would obey.
-- @module grafana.bulk.show

local io, ipairs, math, table, tostring = io, ipairs, math, table, tostring

local progress = require "grafana.progress"
local text = require "grafana.progress_text"

local show = {}

local LONGEST = 120   -- columns
local BYTES_A_COLUMN = 32   -- of characters that take no column, so many are enough

--- A text for a terminal, on one line: control characters, what turns the direction of the text, and bytes that are no
-- UTF-8 are told by their numbers: `\x1b`, `\u{202e}`. What is too long is cut, and ends with `…`.
-- @param s what is no string is made one
-- @int[opt=120] max columns
-- @treturn string
function show.text(s, max)
  s, max = tostring(s), max or LONGEST
  if max < math.huge and #s > max * BYTES_A_COLUMN then s = s:sub(1, max * BYTES_A_COLUMN) end
  s = text.escaped(s)
  if #s <= max then return s end
  return text.cut(s, max)
end

--- How many columns a text takes that `text` gave.
show.columns = text.columns

local WIDTH = 80   -- of a terminal

--- Words that follow each other, each with what stands behind it, as lines that any terminal has room for.
-- @string first what the first line begins with
-- @tab words array
-- @string indent what the other lines begin with
-- @treturn string
function show.wrapped(first, words, indent)
  local list, line = {}, first
  local is_empty = true
  for _, word in ipairs(words) do
    if not is_empty and show.columns(line) + 1 + show.columns(word) > WIDTH then
      list[#list + 1], line, is_empty = line, indent, true
    end
    line, is_empty = line .. (is_empty and "" or " ") .. word, false
  end
  list[#list + 1] = line
  return table.concat(list, "\n")
end

local CODES = {red = "31", green = "32", yellow = "33", cyan = "36", bold = "1", dim = "2"}

--- Whether to write colours to a file: it is a terminal, and NO_COLOR is not set.
-- @param[opt] out standard output where left out
function show.colours(out)
  return progress.may_paint() and progress.is_terminal(out or io.stdout)
end

--- Text in a colour: `red`, `green`, `yellow`, `cyan`, `bold`, `dim`.
-- @string colour
-- @string s
-- @bool colours false: as it is
function show.paint(colour, s, colours)
  if not colours or s == "" then return s end
  return "\27[" .. CODES[colour] .. "m" .. s .. "\27[0m"
end

return show
