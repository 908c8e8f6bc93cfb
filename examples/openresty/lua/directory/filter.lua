-- SPDX-License-Identifier: MIT
--- Which dashboards a visitor asked for. static/directory.js says the same in the browser: change both.
--
-- All words must occur, each somewhere in the title, the folder, the tags, or the title or type of a panel. A tag is
-- compared as a whole. A filter is {words = {…}, q, tag, org}; no filter is false.

local filter = {}

local LONGEST = 200   -- bytes of a question; more is cut

--- What is shown, and found, where there is no title and no folder.
filter.UNTITLED, filter.ROOT = "untitled", "General"

-- Letters of two bytes whose small form lies 32 code points above, or one: Latin-1, Latin Extended-A, Greek, Cyrillic.
local function lower_two(lead, trail)
  local code = (lead:byte() - 192) * 64 + trail:byte() - 128
  local small = code
  if code >= 0xC0 and code <= 0xDE and code ~= 0xD7 then small = code + 32
  elseif code == 0x178 then small = 0xFF
  elseif code >= 0x100 and code <= 0x12F or code >= 0x132 and code <= 0x137 or code >= 0x14A and code <= 0x177 then
    small = code + 1 - code % 2
  elseif code >= 0x139 and code <= 0x148 or code >= 0x179 and code <= 0x17E then small = code + code % 2
  elseif code >= 0x391 and code <= 0x3AB and code ~= 0x3A2 then small = code + 32
  elseif code >= 0x410 and code <= 0x42F then small = code + 32
  elseif code >= 0x400 and code <= 0x40F then small = code + 80
  end
  return string.char(192 + math.floor(small / 64), 128 + small % 64)
end

--- Text in small letters.
function filter.lower(text)
  text = text:lower()
  if not text:find "[\195-\209]" then return text end
  return (text:gsub("([\195-\209])([\128-\191])", lower_two))
end

local lower = filter.lower

local function first(value)
  if type(value) == "table" then value = value[1] end
  return type(value) == "string" and value:sub(1, LONGEST) or ""
end

--- What a request's query asks for; false where it asks for nothing.
-- @tab args the query, a string or a list of strings by name
function filter.read(args)
  local wanted = {q = first(args.q), tag = first(args.tag), org = first(args.org), words = {}}
  for word in lower(wanted.q):gmatch "%S+" do wanted.words[#wanted.words + 1] = word end
  return (#wanted.words > 0 or wanted.tag ~= "" or wanted.org ~= "") and wanted
end

-- What is searched, in small letters, made when it is first needed: of a dashboard its head, of a panel all.
local small = setmetatable({}, {__mode = "k"})

local function head_of(dashboard)
  local text = small[dashboard]
  if not text then
    local tags = table.concat(dashboard.tags, "\n")
    text = lower(table.concat({dashboard.title, dashboard.folder or filter.ROOT, tags}, "\n"))
    small[dashboard] = text
  end
  return text
end

local function panel_text(panel)
  local text = small[panel]
  if not text then
    local title = panel.title:find "%S" and panel.title or filter.UNTITLED
    text = lower(title .. "\n" .. panel.type)
    small[panel] = text
  end
  return text
end

-- Adds the numbers of the panels that have the word; whether there are any.
local function panels_with(dashboard, word, found)
  local any = false
  for i, panel in ipairs(dashboard.panels) do
    if panel_text(panel):find(word, 1, true) then any, found[i] = true, true end
  end
  return any
end

local function has_tag(dashboard, tag)
  for _, name in ipairs(dashboard.tags) do
    if name == tag then return true end
  end
  return false
end

--- Whether a dashboard is asked for.
-- @return nil, or the panels without which it were not: a set of numbers, perhaps empty
function filter.matches(wanted, dashboard)
  if wanted.tag ~= "" and not has_tag(dashboard, wanted.tag) then return nil end
  local head, panels = head_of(dashboard), {}
  for _, word in ipairs(wanted.words) do
    if not head:find(word, 1, true) and not panels_with(dashboard, word, panels) then return nil end
  end
  return panels
end

--- Whether anything of an organisation is asked for.
function filter.matches_org(wanted, org) return wanted.org == "" or wanted.org == tostring(org.id or "own") end

return filter
