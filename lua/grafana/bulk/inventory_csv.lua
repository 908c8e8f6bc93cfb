-- SPDX-License-Identifier: MIT
-- A table of an inventory as CSV (RFC 4180).

local tables = require "grafana.bulk.inventory_tables"

local ipairs, table, type = ipairs, table, type

local csv = {}

-- Spreadsheets take for a formula what begins so, and what follows a tab or a line's end, too.
local FORMULA = "^[=+%-@\t\r]"

local function shown_number(value)
  return value % 1 == 0 and math.abs(value) < 2 ^ 53 and ("%.0f"):format(value) or tostring(value)
end

--- One cell: a number as it is; a string quoted where it must be, and never a formula.
function csv.cell(value)
  if type(value) == "number" then return shown_number(value) end
  if value:find(FORMULA) then value = "'" .. value end
  if value:find('[",\r\n]') then value = '"' .. value:gsub('"', '""') .. '"' end
  return value
end

local function line(out, cells) out(table.concat(cells, ",") .. "\r\n") end

--- Write a table, piece by piece.
function csv.write(inventory, name, out)
  local columns, cells = tables.get(name).columns, {}
  for i, column in ipairs(columns) do cells[i] = csv.cell(column[1]) end
  line(out, cells)
  for _, row in ipairs(inventory[name]) do
    for i, column in ipairs(columns) do cells[i] = csv.cell(tables.cell(row, column)) end
    line(out, cells)
  end
end

return csv
