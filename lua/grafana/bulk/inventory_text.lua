-- SPDX-License-Identifier: MIT
-- An inventory as text: a summary, and tables whose columns are aligned.

local show = require "grafana.bulk.show"
local tables = require "grafana.bulk.inventory_tables"

local ipairs, table, type = ipairs, table, type

local inventory_text = {}

local WIDEST = 48   -- characters of a column

local function count_of(n, one, many)
  return ("%d %s"):format(n, n == 1 and one or many or one .. "s")
end
inventory_text.count_of = count_of

--- How many of each there are.
function inventory_text.counts(r)
  return table.concat({
    count_of(#r.organisations, "organisation"), count_of(#r.folders, "folder"), count_of(#r.dashboards, "dashboard"),
    count_of(#r.panels, "panel"), count_of(#r.datasources, "data source"), count_of(#r.library_panels, "library panel"),
    count_of(#r.alert_rules, "alert rule"),
  }, ", ")
end

local function heading(r)
  return ("inventory of %s, Grafana %s: %s"):format(show.text(r.server), show.text(r.grafana), r.status)
end

local function findings(r)
  return ("%s, %d used by nothing, %d could not be read"):format(count_of(#r.broken, "broken reference"), #r.unused,
    #r.failed)
end

local MOST_SHOWN = 10

local function broken_line(row)
  local more = row.more > 0 and (" and %d more name"):format(row.more) or " names"
  return ("  %s: %s %s%s the %s %s, which is not there"):format(show.text(row.org), tables.one(row.by),
    show.text(row.by_title), more, tables.one(row.kind), show.text(row.key))
end

-- Each that is missing, once.
local function by_missing(broken)
  local list, known = {}, {}
  for _, row in ipairs(broken) do
    local name = row.org .. "\0" .. row.kind .. "\0" .. row.key
    if known[name] then
      known[name].more = known[name].more + 1
    else
      known[name] = {org = row.org, kind = row.kind, key = row.key, by = row.by, by_title = row.by_title, more = 0}
      list[#list + 1] = known[name]
    end
  end
  return list
end

local function unused_line(row)
  return ("  %s: %s %s"):format(show.text(row.org), tables.one(row.kind), show.text(row.title))
end

local function failed_line(row)
  local name = row.title or row.key
  local what = name and tables.one(row.kind) .. " " .. show.text(name) or row.kind:gsub("_", " ") .. " (the list)"
  return ("  %s%s: %s: %s"):format(row.org and show.text(row.org) .. ": " or "", what, row.status,
    show.text(row.message or "no message", 300))
end

local function add_lines(lines, title, list, line_of)
  if #list == 0 then return end
  lines[#lines + 1] = title
  for i, row in ipairs(list) do
    if i > MOST_SHOWN then
      lines[#lines + 1] = ("  … and %d more"):format(#list - MOST_SHOWN)
      return
    end
    lines[#lines + 1] = line_of(row)
  end
end

--- A few lines that say what matters.
function inventory_text.summary(r)
  local lines = {heading(r), "  " .. inventory_text.counts(r), "  " .. findings(r)}
  add_lines(lines, "Broken references:", by_missing(r.broken), broken_line)
  add_lines(lines, "Used by nothing:", r.unused, unused_line)
  add_lines(lines, "Could not be read:", r.failed, failed_line)
  if r.partial then lines[#lines + 1] = "This account may not see everything: " .. show.text(r.partial, 300) end
  return table.concat(lines, "\n")
end

-- --------------------------------------------------------------------------------------------------------- tables --

local width_of = show.columns

local function shown(value)
  if type(value) == "number" then return ("%.14g"):format(value), true end
  return show.text(value, WIDEST), false
end

-- The cells of all rows as text, and how wide each column is; columns in which nothing stands are left out.
local function laid_out(list, columns)
  local cells, widths, numbers = {}, {}, {}
  for n, row in ipairs(list) do
    cells[n] = {}
    for i, column in ipairs(columns) do
      local text, is_number = shown(tables.cell(row, column))
      cells[n][i], numbers[i] = text, numbers[i] or is_number
      local width = width_of(text)
      if width > 0 then widths[i] = math.max(widths[i] or width_of(column[1]), width) end
    end
  end
  return cells, widths, numbers
end

local function padded(text, width, to_right)
  local space = (" "):rep(width - width_of(text))
  return to_right and space .. text or text .. space
end

local function put_line(out, count, widths, numbers, text_of)
  local parts = {}
  for i = 1, count do
    if widths[i] then parts[#parts + 1] = padded(text_of(i), widths[i], numbers[i]) end
  end
  out("  " .. (table.concat(parts, "  "):gsub(" +$", "")) .. "\n")
end

--- Write one table.
function inventory_text.write_table(r, name, out)
  local about, list = tables.get(name), r[name]
  out(("%s: %d\n"):format(about.title, #list))
  if #list == 0 then return end
  local columns = about.columns
  local cells, widths, numbers = laid_out(list, columns)
  put_line(out, #columns, widths, numbers, function(i) return columns[i][1] end)
  for _, row in ipairs(cells) do put_line(out, #columns, widths, numbers, function(i) return row[i] end) end
end

-- Panels and uses are many; who wants them asks for them.
local LONG = {panels = true, uses = true}

--- Write all of it, but for the longest tables.
function inventory_text.write(r, out)
  out(heading(r) .. "\n  " .. inventory_text.counts(r) .. "\n  " .. findings(r) .. "\n")
  if r.partial then out("  this account may not see everything: " .. show.text(r.partial, 300) .. "\n") end
  for _, name in ipairs(tables.names) do
    if not LONG[name] and #r[name] > 0 then
      out "\n"
      inventory_text.write_table(r, name, out)
    end
  end
end

return inventory_text
