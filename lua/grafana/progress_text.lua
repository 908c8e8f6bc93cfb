-- SPDX-License-Identifier: MIT
--- The words and the bar of a line of progress: times, rates, and text that fits into so many columns of a terminal.
-- It draws nothing and asks nothing; see `grafana.progress`.
-- @module grafana.progress_text

local floor, max, min = math.floor, math.max, math.min

local text = {}

-- ----------------------------------------------------------------------------------------------- foreign text --

-- The first byte of a character of several bytes says how many follow; below the least code it is written too long.
local function head(byte)
  if byte >= 0xC2 and byte <= 0xDF then return byte - 0xC0, 1, 0x80 end
  if byte >= 0xE0 and byte <= 0xEF then return byte - 0xE0, 2, 0x800 end
  if byte >= 0xF0 and byte <= 0xF4 then return byte - 0xF0, 3, 0x10000 end
end

-- The character of `s` at `i`, its code and where the next begins; no code where the byte begins none.
local function character(s, i)
  local byte = s:byte(i)
  if byte < 0x80 then return s:sub(i, i), byte, i + 1 end
  local code, count, least = head(byte)
  for j = 1, count or 0 do
    local following = s:byte(i + j)
    if not following or following < 0x80 or following > 0xBF then return nil, nil, i + 1 end
    code = code * 64 + following - 0x80
  end
  local is_one = code and code >= least and code <= 0x10FFFF and not (code >= 0xD800 and code <= 0xDFFF)
  if not is_one then return nil, nil, i + 1 end
  return s:sub(i, i + count), code, i + count + 1
end

local function is_in(ranges, code)
  for i = 1, #ranges, 2 do
    if code >= ranges[i] and code <= ranges[i + 1] then return true end
  end
  return false
end

-- Characters that turn the direction of the text around them, break the line, or mark bytes: not shown, and not kept.
local UNSEEN = {0x061C, 0x061C, 0x200E, 0x200F, 0x2028, 0x202E, 0x2060, 0x206F, 0xFEFF, 0xFEFF, 0xE0000, 0xE007F}

-- In doubt a character counts as wide: too short a line is fine, one that wraps is not.
local NARROWEST = {0x0300, 0x036F, 0x200B, 0x200D, 0xFE00, 0xFE0F}
local WIDE = {
  0x1100, 0x115F, 0x231A, 0x23FF, 0x25FD, 0x27BF, 0x2B1B, 0x2B55, 0x2E80, 0xA4CF, 0xA960, 0xA97F, 0xAC00, 0xD7A3,
  0xF900, 0xFAFF, 0xFE10, 0xFE19, 0xFE30, 0xFE6F, 0xFF01, 0xFF60, 0xFFE0, 0xFFE6, 0x1F000, 0x1FAFF, 0x20000, 0x3FFFD,
}

local function columns_of(code)
  if code < 0x300 then return 1 end
  if is_in(NARROWEST, code) then return 0 end
  return is_in(WIDE, code) and 2 or 1
end

local function shown(char, code, ascii)
  if not code then return "?" end
  if code == 9 or code == 10 or code == 13 then return " " end
  if code < 32 or code >= 127 and code < 160 then return "?" end
  if code < 127 then return char end
  if is_in(UNSEEN, code) then return "" end
  return ascii and "?" or char
end

--- Text that anybody may have written, for a terminal: one line of whole characters, without control characters, and so
-- without escapes.
-- @string s
-- @bool ascii whether what is not ASCII is to become `?`
-- @treturn string
function text.clean(s, ascii)
  local parts, i = {}, 1
  while i <= #s do
    local char, code
    char, code, i = character(s, i)
    parts[#parts + 1] = shown(char, code, ascii)
  end
  return (table.concat(parts):gsub("^%s+", ""):gsub("%s+$", ""))
end

local SHORT = {[9] = "\\t", [10] = "\\n", [13] = "\\r"}

local function told(char, code, ascii)
  if not code then return ("\\x%02x"):format(char:byte()) end
  if code < 32 or code == 127 then return SHORT[code] or ("\\x%02x"):format(code) end
  if code < 127 then return char end
  local unseen = code < 160 or is_in(UNSEEN, code)
  return (unseen or ascii) and ("\\u{%x}"):format(code) or char
end

--- As `clean`, but nothing is left out: what a terminal would obey, or not show, is told by its number: `\x1b`,
-- `\u{202e}`. Bytes that are no UTF-8 too. A backslash stays as it is.
-- @string s
-- @bool ascii whether that goes for all that is not ASCII
-- @treturn string
function text.escaped(s, ascii)
  if not s:find("[^\32-\126]") then return s end
  local parts, i = {}, 1
  while i <= #s do
    local char, code, after = character(s, i)
    parts[#parts + 1], i = told(char or s:sub(i, i), code, ascii), after
  end
  return table.concat(parts)
end

--- How many columns of a terminal a clean text takes.
function text.columns(s)
  local count, i = 0, 1
  while i <= #s do
    local code
    code, i = select(2, character(s, i))
    count = count + columns_of(code)
  end
  return count
end

--- As much of a clean text as fits into `room` columns; what is left out is told by `…`, in ASCII by `~`.
function text.cut(s, room, ascii)
  if text.columns(s) <= room then return s end
  local kept, used, i = {}, 0, 1
  while room > 0 do
    local char, code, after = character(s, i)
    used = used + columns_of(code)
    if used > room - 1 then break end
    kept[#kept + 1], i = char, after
  end
  return table.concat(kept) .. (room < 1 and "" or ascii and "~" or "…")
end

-- --------------------------------------------------------------------------------------------- times and rates --

local UNITS = {{86400, "d", 3600, "h"}, {3600, "h", 60, "min"}, {60, "min", 1, "s"}}

--- A time for people: `42 s`, `3 min 5 s`, `1 h 5 min`, `2 d 3 h`; what is begun of the smaller unit counts whole.
-- @number seconds
function text.duration(seconds)
  seconds = max(1, math.ceil(seconds))
  for _, unit in ipairs(UNITS) do
    local size, name, smaller, smaller_name = unit[1], unit[2], unit[3], unit[4]
    if seconds >= size then
      local parts, per_whole = math.ceil(seconds / smaller), size / smaller
      local whole, rest = floor(parts / per_whole), parts % per_whole
      local last = rest > 0 and (" %d %s"):format(rest, smaller_name) or ""
      return ("%d %s%s"):format(whole, name, last)
    end
  end
  return ("%d s"):format(seconds)
end

--- How long something took: `3.2 s` where that says more.
-- @number seconds
function text.took(seconds)
  return seconds < 10 and ("%.1f s"):format(seconds) or text.duration(floor(seconds + 0.5))
end

--- A rate for people: `38/s`, `3.8/s`, `12/min`, `5/h`; nil for none.
-- @number per_second
function text.rate(per_second)
  if per_second <= 0 then return nil end
  if per_second >= 9.95 then return ("%.0f/s"):format(per_second) end
  if per_second >= 1 then return ("%.1f/s"):format(per_second) end
  if per_second * 60 >= 1 then return ("%.0f/min"):format(per_second * 60) end
  return ("%.0f/h"):format(max(1, per_second * 3600))
end

-- ------------------------------------------------------------------------------------------------------ the line --

local EIGHTHS = {"▏", "▎", "▍", "▌", "▋", "▊", "▉"}

--- A bar of `cells` columns and its two ends.
-- @number share done of it, from 0 to 1
function text.bar(share, cells, ascii)
  if ascii then
    local full = floor(share * cells)
    return "[" .. ("#"):rep(full) .. (" "):rep(cells - full) .. "]"
  end
  local eighths = floor(share * cells * 8)
  local full, part = floor(eighths / 8), EIGHTHS[eighths % 8] or ""
  return "▕" .. ("█"):rep(full) .. part .. (" "):rep(cells - full - (part ~= "" and 1 or 0)) .. "▏"
end

local GAP = "  "
local LEAST_BAR, LARGEST_BAR = 8, 40
local LEAST_LABEL, FAIR_LABEL = 12, 24   -- columns of a label that outrank rate and time left; that outrank a bar

-- The tail, behind the bar: its parts from left to right, and which go first where room is short. The count stays.
local FIRST_TO_GO = {"rate", "time", "failed"}
local PARTS = {"count", "rate", "time", "failed"}

local function tail_columns(parts)
  local sum = -#GAP
  for _, name in ipairs(PARTS) do
    if parts[name] then sum = sum + #GAP + text.columns(parts[name]) end
  end
  return sum
end

-- Leave out what does not fit beside the label.
local function shorten(parts, room)
  local kept = {}
  for _, name in ipairs(PARTS) do kept[name] = parts[name] end
  for _, name in ipairs(FIRST_TO_GO) do
    if tail_columns(kept) <= room then break end
    kept[name] = nil
  end
  return kept
end

local function joined(parts, paint)
  local list = {}
  for _, name in ipairs(PARTS) do
    local part = parts[name]
    if part and name == "failed" and paint then part = "\27[31m" .. part .. "\27[0m" end
    list[#list + 1] = part
  end
  return table.concat(list, GAP)
end

-- As much of the label as fits, beside a bar where there is one, and a space.
local function label_for(label, has_bar, space, ascii)
  local beside_bar = space - LEAST_BAR - 3
  if has_bar and beside_bar > FAIR_LABEL then space = beside_bar end
  label = text.cut(label, max(0, space - 1), ascii)
  return label ~= "" and label .. " " or ""
end

-- How many cells a bar has in so many columns, with its ends and a space behind it; nil: none.
local function cells_in(room, most)
  local cells = min(room - 3, most or LARGEST_BAR)
  return cells >= LEAST_BAR and cells or nil
end

--- One line of at most `room` columns: label, bar, count, rate, time, failures. What finds no room is left out, rate
-- and time before the rest; the label is cut.
-- @tab line `label`, `share` (nil: no bar), `count`, `rate`, `time`, `failed` (each but count may be nil), `most` (the
--   cells of the bar at most), `ascii`, `paint` (whether failures are red)
-- @int room
-- @return the line, the columns it takes, the cells of its bar (nil: it has none)
function text.line(line, room)
  local label, ascii = line.label or "", line.ascii
  local wanted = label ~= "" and min(text.columns(label), LEAST_LABEL) + 1 or 0
  local parts = shorten(line, room - wanted)
  local tail = tail_columns(parts)
  if tail > room then return text.cut(line.count, room, ascii), min(tail, room) end
  label = label_for(label, line.share, room - tail, ascii)
  local used = text.columns(label) + tail
  local cells = line.share and cells_in(room - used, line.most)
  local bar = cells and text.bar(line.share, cells, ascii) .. " " or ""
  return label .. bar .. joined(parts, line.paint), used + (cells and cells + 3 or 0), cells
end

--- The same as a line of a log: `panels: 412 of 1000, 38/s, 15 s left, 2 failed`.
function text.plain(line)
  local list = {}
  for _, name in ipairs(PARTS) do list[#list + 1] = line[name] end
  local words = table.concat(list, ", ")
  return line.label ~= "" and line.label .. ": " .. words or words
end

return text
