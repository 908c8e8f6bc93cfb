-- SPDX-License-Identifier: MIT
-- Slugs: what Grafana puts behind a uid in urls.

local names = {}

local plain = {
  ["ä"] = "a", ["ö"] = "o", ["ü"] = "u", ["Ä"] = "a", ["Ö"] = "o", ["Ü"] = "u", ["ß"] = "ss", ["é"] = "e", ["è"] = "e", ["ê"] = "e", ["á"] = "a",
  ["à"] = "a", ["å"] = "a", ["ñ"] = "n", ["ç"] = "c", ["í"] = "i", ["ó"] = "o", ["ø"] = "o", ["ú"] = "u",
}

function names.slug(title)
  local text = title:gsub("[\195-\244][\128-\191]*", plain):gsub("[\128-\255]+", ""):lower()
  text = text:gsub("&", "and"):gsub("@", "at"):gsub("[^%w_]+", "-"):gsub("^%-+", ""):gsub("%-+$", "")
  return text ~= "" and text or "-"
end

return names
