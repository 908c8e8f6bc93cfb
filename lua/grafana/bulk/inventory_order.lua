-- SPDX-License-Identifier: MIT
-- The order of the rows of an inventory: the same whatever came first.

local ipairs, pairs, table, tostring = ipairs, pairs, table, tostring

local order = {}

-- 2 comes before 10.
local function padded(digits) return ("0"):rep(12 - #digits) .. digits end

-- What a row is ordered by, as one string: first as people see it, large letters like small ones.
local function key_of(row, places, columns)
  local parts = {("%09d"):format(places[row.org] or 0)}
  for i, column in ipairs(columns) do parts[i + 1] = tostring(row[column] or "") end
  local whole = table.concat(parts, "\0")
  return whole:lower():gsub("%d+", padded) .. "\0" .. whole
end

local function sort(list, places, columns)
  local keys = {}
  for _, row in ipairs(list) do keys[row] = key_of(row, places, columns) end
  table.sort(list, function(a, b) return keys[a] < keys[b] end)
end

-- Panels stay as they are in their dashboard.
local function order_panels(lists)
  local by_dashboard, sorted = {}, {}
  for _, panel in ipairs(lists.panels) do
    local key = panel.org .. "\0" .. panel.dashboard
    local list = by_dashboard[key] or {}
    by_dashboard[key] = list
    list[#list + 1] = panel
  end
  for _, dashboard in ipairs(lists.dashboards) do
    local list = by_dashboard[dashboard.org .. "\0" .. dashboard.uid] or {}
    for _, panel in ipairs(list) do sorted[#sorted + 1] = panel end
  end
  lists.panels = sorted
end

local USER = {"kind", "title", "key", "by", "by_title", "by_key"}
local COLUMNS = {
  folders = {"title", "uid"}, datasources = {"name", "uid"}, library_panels = {"name", "uid"},
  dashboards = {"title", "uid"}, alert_rules = {"title", "uid"}, uses = USER, broken = USER,
  unused = {"kind", "title", "key"},
}

--- Put all lists in order, in place.
function order.all(lists)
  local places = {}
  for i, org in ipairs(lists.organisations) do places[org.name] = i end
  for name, columns in pairs(COLUMNS) do sort(lists[name], places, columns) end
  order_panels(lists)
end

return order
