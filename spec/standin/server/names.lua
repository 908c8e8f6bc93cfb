-- SPDX-License-Identifier: MIT
-- luacheck: std ngx_lua
-- Slugs: what Grafana puts behind a uid in urls. The two versions make them differently.

local state = require "server.state"

local names = {}

local plain = {
  ["ä"] = "a", ["ö"] = "o", ["ü"] = "u", ["Ä"] = "a", ["Ö"] = "o", ["Ü"] = "u", ["ß"] = "ss", ["é"] = "e", ["è"] = "e", ["ê"] = "e", ["á"] = "a",
  ["à"] = "a", ["å"] = "a", ["ñ"] = "n", ["ç"] = "c", ["í"] = "i", ["ó"] = "o", ["ø"] = "o", ["ú"] = "u",
}

local function old_slug(title)
  local text = title:gsub("[\195-\244][\128-\191]*", plain):gsub("[\128-\255]+", ""):lower()
  text = text:gsub("&", "and"):gsub("@", "at"):gsub("[^%w_]+", "-"):gsub("^%-+", ""):gsub("%-+$", "")
  return text ~= "" and text or "-"
end

-- Small letters as 12.4.3 writes them. It knows more alphabets than are here; a letter it does not know becomes its bytes in hexadecimal.
local LETTERS = {
  ["à"] = "a", ["á"] = "a", ["â"] = "a", ["ã"] = "a", ["ä"] = "a", ["å"] = "a", ["æ"] = "ae", ["ç"] = "c", ["è"] = "e", ["é"] = "e", ["ê"] = "e",
  ["ë"] = "e", ["ì"] = "i", ["í"] = "i", ["î"] = "i", ["ï"] = "i", ["ò"] = "o", ["ó"] = "o", ["ô"] = "o", ["õ"] = "o", ["ö"] = "o", ["ø"] = "o",
  ["ù"] = "u", ["ú"] = "u", ["û"] = "u", ["ü"] = "ue", ["ý"] = "y", ["þ"] = "p", ["ÿ"] = "y", ["ß"] = "ss",
}
local MAX_SLUG = 50

local function hex(character)
  return character:gsub(".", function(byte) return ("%x"):format(byte:byte()) end) .. "-"
end

-- Text in small letters, the capitals from À to Þ, too; others are left.
function names.small(title)
  return (title:lower():gsub("\195([\128-\158])", function(byte) return byte == "\151" and "\195\151" or "\195" .. string.char(byte:byte() + 32) end))
end

-- What is long or has nothing to show becomes seven digits of a hash.
local function new_slug(title)
  local text = names.small(title):gsub("[\194-\244][\128-\191]*", function(letter) return LETTERS[letter] or hex(letter) end)
  text = text:gsub("[#$*+:;<=>^`|~%c]", hex):gsub("&", "and"):gsub("@", "at"):gsub("[^%w]+", "-"):gsub("^%-+", ""):gsub("%-+$", "")
  if #text <= MAX_SLUG and text ~= "" then return text end
  local hash = ngx.sha1_bin(text)
  return (hash:sub(1, 4):gsub(".", function(byte) return ("%02x"):format(byte:byte()) end):sub(1, 7))
end

function names.slug(title) return state.v9 and old_slug(title) or new_slug(title) end

return names
