-- SPDX-License-Identifier: MIT
--- The names of a backup's folders and files. Nothing that a server says becomes a part of one, but for letters, digits
-- and `-` of titles, and keys of which nothing else is made.
-- @module grafana.bulk.file_names

local core = require "grafana.core"

local ipairs, tostring, type = ipairs, tostring, type

local names = {}

local LONGEST_SLUG = 60   -- bytes
local LONGEST_KEY = 40

-- Letters of Latin alphabets without their marks, so that titles stay readable.
local LATIN = {}
for letters in ([[aàáâãåāăą cçćĉċč dďđð eèéêëēĕėęě gĝğġģ hĥħ iìíîïĩīĭįı jĵ kķ lĺļľŀł nñńņňŋ oòóôõøōŏő rŕŗř sśŝşš
  tţťŧþ uùúûũūŭůűų wŵ yýÿŷ zźżž]]):gmatch "%S+" do
  for mark in letters:gmatch "[\194-\197][\128-\191]" do LATIN[mark] = letters:sub(1, 1) end
end
for mark, letters in ("äae öoe üue ßss æae œoe "):gmatch "([\194-\197][\128-\191])(%a+) " do LATIN[mark] = letters end

-- Capitals of Latin-1; and of what follows it, which come in pairs.
local function small(mark)
  local a, b = mark:byte(1, 2)
  if a == 0xC3 and b >= 0x80 and b <= 0x9E then return "\195" .. string.char(b + 32) end
  return LATIN[mark] and mark or string.char(a, b < 0xBF and b + 1 or b)
end

local function latin(mark)
  return LATIN[small(mark)] or "-"
end

--- What of a title is in names: at most 60 bytes of `[a-z0-9-]`.
function names.slug(title)
  if type(title) ~= "string" then title = "" end
  local slug = title:sub(1, 400):gsub("[A-Z]", string.lower):gsub("[\194-\197][\128-\191]", latin)
  slug = slug:gsub("[^a-z0-9]+", "-"):gsub("^%-", ""):sub(1, LONGEST_SLUG):gsub("%-$", "")
  return slug ~= "" and slug or "untitled"
end

-- A key as a part of a name.
local function tail(key)
  if #key <= LONGEST_KEY and key:find("^[A-Za-z0-9_-]+$") then return key end
  return core.files.sha256(key):sub(1, 12)
end

--- How many forms a name has: as it is, with 8 digits of the key's digest, with all 64, where it would be taken.
names.FORMS = 3
local DIGITS = {0, 8, 64}

--- The name of a file without its end, in a form from 1 to FORMS. Those of the last form are never alike.
function names.file(title, key, form)
  local base = names.slug(title) .. "-" .. tail(key)
  return names.other_form(base, key, form)
end

--- A name in its first form, in another.
function names.other_form(base, key, form)
  if form == 1 then return base end
  return base .. "-" .. core.files.sha256(key):sub(1, DIGITS[form])
end

--- In which form a name is, and what its first form is.
function names.form_of(name, key)
  local digest
  for form = names.FORMS, 2, -1 do
    local digits = DIGITS[form]
    local ending = name:match("%-(%x+)$")
    if ending and #ending == digits then
      digest = digest or core.files.sha256(key)
      if digest:sub(1, digits) == ending then return form, name:sub(1, -digits - 2) end
    end
  end
  return 1, name
end

--- The folder of an organisation: 8 digits of its name's digest, or all where another one has those.
function names.organisation(name, digits)
  return names.slug(name) .. "-" .. core.files.sha256(name):sub(1, digits or 8)
end

--- Is it a name of ours? Anything else in a folder is none of our business.
function names.is_file(name)
  return type(name) == "string" and #name <= 255 and name:find("^[A-Za-z0-9_-]+%.json$") ~= nil
end

--- The same for the folder of an organisation.
function names.is_folder(name)
  return type(name) == "string" and #name <= 255 and name:find("^[A-Za-z0-9_-]+$") ~= nil
end

--- A file that somebody was writing when the machine or the program stopped.
function names.is_left_over(name)
  return name:find("^%.new%-") ~= nil
end

--- Remove those from a folder.
function names.sweep(path)
  for _, name in ipairs(core.files.list(path) or {}) do
    if names.is_left_over(name) then core.files.remove(path .. "/" .. name) end
  end
end

--- What to add to a message where something else than a folder is in a place: nil where all is well, or nothing there.
function names.not_a_folder(path)
  local kind = core.files.kind(path)
  if kind == nil or kind == "directory" then return nil end
  return ("%s: is no folder but a %s"):format(tostring(path), kind)
end

return names
