-- SPDX-License-Identifier: MIT
--- What people are shown of what a server says: nothing that a terminal would obey.
-- @module grafana.bulk.show

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
