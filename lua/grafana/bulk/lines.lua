-- SPDX-License-Identifier: MIT
--- How two texts differ, line by line, as `diff -u` shows it.
-- @module grafana.bulk.lines

local line_edits = require "grafana.bulk.line_edits"
local show = require "grafana.bulk.show"

local max, min = math.max, math.min
local ipairs = ipairs

local lines = {}

local CONTEXT = 3
local COLUMNS = 400   -- of a line that is shown

-- With their ends, so that a last line without one is another line.
local function split(text)
  local list = {}
  for line in text:gmatch "[^\n]*\n?" do
    if line ~= "" then list[#list + 1] = line end
  end
  return list
end

-- Changes with less than twice the context between them are shown together.
local function together(edits, context)
  local groups = {}
  for _, edit in ipairs(edits) do
    local group = groups[#groups]
    local last = group and group[#group]
    if last and edit.a - last.a - last.removed <= 2 * context then
      group[#group + 1] = edit
    else
      groups[#groups + 1] = {edit}
    end
  end
  return groups
end

local function copy(into, mark, list, first, last)
  for i = first, last do into[#into + 1] = mark .. list[i] end
end

local function hunk_of(group, a, b, context)
  local first, last = group[1], group[#group]
  local lead = min(context, first.a - 1)
  local a_end = min(#a, last.a + last.removed - 1 + context)
  local hunk = {a = first.a - lead, b = first.b - lead}
  local at = hunk.a
  for _, edit in ipairs(group) do
    copy(hunk, " ", a, at, edit.a - 1)
    copy(hunk, "-", a, edit.a, edit.a + edit.removed - 1)
    copy(hunk, "+", b, edit.b, edit.b + edit.added - 1)
    at = edit.a + edit.removed
  end
  copy(hunk, " ", a, at, a_end)
  hunk.a_count = a_end - hunk.a + 1
  hunk.b_count = hunk.a_count
  for _, edit in ipairs(group) do hunk.b_count = hunk.b_count + edit.added - edit.removed end
  return hunk
end

--- The places where two texts differ, with what is around them: arrays of lines, each with its end and, before it, ` `,
-- `-` or `+`; and `a`, `a_count`, `b`, `b_count`: at which line they begin in each, and how many there are.
-- @string a
-- @string b
-- @int[opt=3] context how many lines that are the same to show before and after
function lines.hunks(a, b, context)
  if a == b then return {} end
  context = max(0, context or CONTEXT)
  local a_lines, b_lines = split(a), split(b)
  local hunks = {}
  for i, group in ipairs(together(line_edits.between(a_lines, b_lines), context)) do
    hunks[i] = hunk_of(group, a_lines, b_lines, context)
  end
  return hunks
end

-- As diff writes it: no lines begin after the line before, one line needs no number.
local function range(first, count)
  if count == 0 then return ("%d,0"):format(first - 1) end
  return count == 1 and ("%d"):format(first) or ("%d,%d"):format(first, count)
end

local COLOUR = {["-"] = "red", ["+"] = "green"}

local function add_line(out, line, options)
  local mark = line:sub(1, 1)
  local text = show.text((line:sub(2):gsub("\n$", "")), options.columns or COLUMNS)
  local colour = COLOUR[mark]
  out[#out + 1] = colour and show.paint(colour, mark .. text, options.colours) or mark .. text
  if line:sub(-1) ~= "\n" then out[#out + 1] = "\\ No newline at end of file" end
end

--- How two texts differ, for people; empty where they do not. What a terminal would obey is escaped.
-- @string a
-- @string b
-- @tab[opt] options
-- @bool[opt] options.colours
-- @int[opt=3] options.context lines around each change
-- @string[opt] options.from what `a` is, and
-- @string[opt] options.to what `b` is: in the first two lines, which are left out otherwise
-- @int[opt=400] options.columns of a line at most
-- @treturn string with the end of its last line
function lines.diff(a, b, options)
  options = options or {}
  local out = {}
  for _, hunk in ipairs(lines.hunks(a, b, options.context)) do
    local head = ("@@ -%s +%s @@"):format(range(hunk.a, hunk.a_count), range(hunk.b, hunk.b_count))
    out[#out + 1] = show.paint("cyan", head, options.colours)
    for _, line in ipairs(hunk) do add_line(out, line, options) end
  end
  if #out == 0 then return "" end
  if options.from or options.to then
    table.insert(out, 1, show.paint("bold", "--- " .. show.text(options.from or ""), options.colours))
    table.insert(out, 2, show.paint("bold", "+++ " .. show.text(options.to or ""), options.colours))
  end
  return table.concat(out, "\n") .. "\n"
end

--- How many lines go and how many come from one text to another.
function lines.count(a, b)
  local removed, added = 0, 0
  for _, edit in ipairs(a == b and {} or line_edits.between(split(a), split(b))) do
    removed, added = removed + edit.removed, added + edit.added
  end
  return removed, added
end

return lines
