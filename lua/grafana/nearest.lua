-- SPDX-License-Identifier: MIT
--- Which of the right words a wrong one may have meant.
-- @module grafana.nearest

local distance = require("grafana.core").distance

local nearest = {}

--- The words of `list` nearest to `word`, the nearest first, at most three; none that differ by half or more.
-- @string word
-- @tab list an array of words
-- @treturn {string,...}
function nearest.words(word, list)
  local found = {}
  for _, other in ipairs(list) do
    local d = distance(word:lower(), other:lower())
    if d <= (#word + 2) / 3 then found[#found + 1] = {d, other} end
  end
  table.sort(found, function(a, b)
    if a[1] ~= b[1] then return a[1] < b[1] end
    return a[2] < b[2]
  end)
  local words = {}
  for i = 1, math.min(3, #found) do words[i] = found[i][2] end
  return words
end

--- ` (did you mean 'a' or 'b'?)`, or nothing.
-- @string word
-- @tab list an array of words
-- @treturn string
function nearest.hint(word, list)
  local words = nearest.words(word, list)
  if #words == 0 then return "" end
  return " (did you mean '" .. table.concat(words, "' or '") .. "'?)"
end

return nearest
