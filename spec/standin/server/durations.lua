-- SPDX-License-Identifier: MIT
-- Durations as alerting writes them: "90s" is shown as "1m30s", "60s" as "1m", "24h" as "1d".

local durations = {}

local UNITS = { { "y", 31536000000, true }, { "w", 604800000, true }, { "d", 86400000, true }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 } }

local function milliseconds(text)
  local sum, rest = 0, text
  for _, unit in ipairs(UNITS) do
    local digits, left = rest:match("^(%d+)" .. unit[1] .. "(.*)$")
    if digits and not (unit[1] == "m" and left:sub(1, 1) == "s") then sum, rest = sum + tonumber(digits) * unit[2], left end
  end
  return rest == "" and sum or nil
end

-- As Grafana shows it; nil for what is none. Years, weeks and days are used only for whole ones.
function durations.shown(text)
  local left = text == "0" and 0 or text ~= "" and milliseconds(text) or nil
  if not left then return nil end
  if left == 0 then return "0s" end
  local parts = {}
  for _, unit in ipairs(UNITS) do
    local count = math.floor(left / unit[2])
    if count > 0 and (not unit[3] or left % unit[2] == 0) then
      parts[#parts + 1] = ("%d%s"):format(count, unit[1])
      left = left - count * unit[2]
    end
  end
  return table.concat(parts)
end

return durations
