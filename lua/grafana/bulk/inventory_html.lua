-- SPDX-License-Identifier: MIT
--- An inventory as one page that needs no network. Everything that a server says is escaped, and the page's own script
-- is the only one that its policy lets run.
-- @module grafana.bulk.inventory_html

local cut = require("grafana.progress_text").cut
local page = require "grafana.bulk.inventory_page"
local tables = require "grafana.bulk.inventory_tables"

local ipairs, math, table, tostring, type = ipairs, math, table, tostring, type

local html = {}

-- ----------------------------------------------------------------------------------------------------- escaping --

local ENTITIES = {["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;"}

-- Control characters, which no page may hold, become their pictures.
local function picture(c)
  local code = c:byte()
  if code == 127 then return "\226\144\161" end
  return "\226\144" .. string.char(128 + code)
end

--- Text for any place of a page, attributes among them.
function html.escaped(value)
  if type(value) == "number" then return ("%.14g"):format(value) end
  return (tostring(value):gsub("[&<>\"']", ENTITIES):gsub("[%z\1-\31\127]", picture))
end
local escaped = html.escaped

local function encoded(value)
  return (tostring(value):gsub("[^%w%-_.~]", function(c) return ("%%%02X"):format(c:byte()) end))
end

-- ------------------------------------------------------------------------------------------------------- linking --

-- Only what certainly is an address becomes one.
local function base_of(r)
  local server = r.server or ""
  return server:find("^https?://[^%s\"'<>]+$") and server:gsub("/+$", "") or nil
end

local function org_ids(r)
  local ids = {}
  for _, org in ipairs(r.organisations) do ids[org.name] = org.id end
  return ids
end

local PATHS = {
  dashboards = "/d/", alert_rules = "/alerting/grafana/", folders = "/dashboards/f/",
  datasources = "/connections/datasources/edit/",
}
local TAILS = {alert_rules = "/view"}

local function address(state, kind, org, uid)
  local path = state.base and PATHS[kind]
  if not path or not uid or uid == "" then return nil end
  if kind == "datasources" and state.major < 10 then path = "/datasources/edit/" end
  local id = state.org_ids[org]
  return state.base .. path .. encoded(uid) .. (TAILS[kind] or "") .. (id and ("?orgId=" .. encoded(id)) or "")
end

local LONGEST = 160   -- columns of a title: Grafana takes 5,000 bytes

-- A title, which may run from right to left.
local function named(title)
  title = tostring(title)
  return "<bdi>" .. escaped(#title > LONGEST and cut(title, LONGEST) or title) .. "</bdi>"
end

-- A title that leads to the object.
local function linked(state, kind, org, uid, title)
  local shown = named(title ~= nil and title ~= "" and title or uid or "?")
  local to = address(state, kind, org, uid)
  return to and ('<a href="%s">%s</a>'):format(escaped(to), shown) or shown
end

-- With a narrow space between thousands.
local function number(n)
  local digits = ("%d"):format(n)
  local first = (#digits - 1) % 3 + 1
  return digits:sub(1, first) .. digits:sub(first + 1):gsub("%d%d%d", "\226\128\175%0")
end

-- ------------------------------------------------------------------------------------------------------ building --

local function count_of(n, one, many)
  return number(n) .. " " .. (n == 1 and one or many or one .. "s")
end

-- Rows by a key made of their organisation and something else.
local function by_key(list, key_of)
  local found = {}
  for _, row in ipairs(list) do
    local key = key_of(row)
    local rows = found[key]
    if not rows then
      rows = {}
      found[key] = rows
    end
    rows[#rows + 1] = row
  end
  return found
end

local function key(...) return table.concat({...}, "\0") end

local function new_state(r)
  return {
    r = r, base = base_of(r), org_ids = org_ids(r), major = tonumber((r.grafana or ""):match "^%d+") or 0,
    several = #r.organisations > 1,
    uses = by_key(r.uses, function(use) return key(use.kind, use.org, use.key) end),
    panels = by_key(r.panels, function(panel) return key(panel.org, panel.dashboard) end),
  }
end

-- ------------------------------------------------------------------------------------------------------- pieces --

local function cell(content) return "<td>" .. content .. "</td>" end

local function number_cell(n)
  return n == 0 and '<td class="n z">0</td>' or '<td class="n">' .. number(n) .. "</td>"
end

-- A number, and a bar that compares it with the largest.
local function bar_cell(n, most)
  local part = most > 0 and math.ceil(n / most * 100) or 0
  return ('<td class="n b%s"><span style="--p:%d%%">%s</span></td>'):format(n == 0 and " z" or "", part, number(n))
end

local function badge(text, class)
  return ('<span class="badge%s">%s</span>'):format(class and " " .. class or "", escaped(text))
end

local function org_cell(state, row)
  return state.several and cell(named(row.org or "")) or ""
end

local function folder_cell(state, row)
  if not row.folder then return cell "" end
  return cell(linked(state, "folders", row.org, row.folder, row.folder_title))
end

local function uid_line(uid) return '<small class="uid">' .. escaped(uid or "") .. "</small>" end

-- {heading, class}; a class "n" is a number. The row's cells must be as many.
local function open_table(out, state, columns, caption)
  out('<div class="scroll"><table><caption>' .. caption .. "</caption><thead><tr>")
  for _, column in ipairs(columns) do
    if column ~= "org" or state.several then
      local name = column == "org" and "Organisation" or column[1] or column
      local class = type(column) == "table" and column[2] or nil
      out(('<th scope="col"%s>%s</th>'):format(class and (' class="%s"'):format(class) or "", name))
    end
  end
  out "</tr></thead><tbody>\n"
end

-- The start of the n-th row; see the page's script.
local FIRST = 200
local function row_start(n) return n > FIRST and '<tr class="off">' or "<tr>" end

local function close_table(out) out "</tbody></table></div>\n" end

local function open_section(out, id, title, n)
  out(('<section id="%s"><h2>%s <span class="count">%s</span></h2>\n'):format(id, title, number(n)))
end

local function close_section(out) out "</section>\n" end

-- ---------------------------------------------------------------------------------------------------- who uses it --

local MOST_PANELS = 12

local function panels_text(panels)
  if not panels then return "" end
  local shown = {}
  for i = 1, math.min(#panels, MOST_PANELS) do shown[i] = escaped(panels[i]) end
  if #panels > MOST_PANELS then shown[#shown + 1] = "…" end
  return (" <small>panel%s %s</small>"):format(#panels == 1 and "" or "s", table.concat(shown, ", "))
end

local function put_users(out, state, uses)
  if not uses then return end
  out(('<details><summary>used by %s</summary><ul>'):format(number(#uses)))
  for _, use in ipairs(uses) do
    local kind = use.by == "dashboards" and "" or badge(tables.one(use.by)) .. " "
    out("<li>" .. kind .. linked(state, use.by, use.org, use.by_key, use.by_title) .. panels_text(use.panels)
      .. "</li>")
  end
  out "</ul></details>"
end

-- ----------------------------------------------------------------------------------------------------- sections --

local function put_broken(out, state)
  local list = state.r.broken
  if #list == 0 then return end
  open_section(out, "broken", "Broken references", #list)
  out "<p>These are named, and are not there.</p>"
  open_table(out, state, {"Missing", "Named as", "In", "org", {"Places", "n"}}, "Broken references")
  for n, row in ipairs(list) do
    out(row_start(n) .. cell(badge(tables.one(row.kind), "bad")) .. cell("<code>" .. named(row.key) .. "</code>")
      .. cell(badge(tables.one(row.by)) .. " " .. linked(state, row.by, row.org, row.by_key, row.by_title)
        .. panels_text(row.panels)) .. org_cell(state, row) .. number_cell(row.count) .. "</tr>\n")
  end
  close_table(out)
  close_section(out)
end

local function unused_note(row)
  if not row.choices then return "" end
  return ("<small>%s let%s readers choose among data sources of its type</small>"):format(
    count_of(row.choices, "dashboard"), row.choices == 1 and "s" or "")
end

local function put_unused(out, state)
  local list = state.r.unused
  if #list == 0 then return end
  open_section(out, "unused", "Used by nothing", #list)
  out "<p>No dashboard, library panel, alert rule or data source names these.</p>"
  open_table(out, state, {"Kind", "Name", "Type", "org", "Note"}, "Used by nothing")
  for n, row in ipairs(list) do
    out(row_start(n) .. cell(badge(tables.one(row.kind), "warn"))
      .. cell(linked(state, row.kind, row.org, row.key, row.title) .. uid_line(row.key))
      .. cell(escaped(row.type or "")) .. org_cell(state, row) .. cell(unused_note(row)) .. "</tr>\n")
  end
  close_table(out)
  close_section(out)
end

local function put_failed(out, state)
  local list = state.r.failed
  if #list == 0 then return end
  open_section(out, "failed", "Could not be read", #list)
  open_table(out, state, {"Kind", "Name", "org", "Why"}, "Could not be read")
  for n, row in ipairs(list) do
    local why = escaped(row.status or "") .. "<br><small>" .. escaped(row.message or "") .. "</small>"
    out(row_start(n) .. cell(badge(tables.one(row.kind), "bad")) .. cell(named(row.title or row.key or "the list"))
      .. org_cell(state, row) .. cell(why) .. "</tr>\n")
  end
  close_table(out)
  close_section(out)
end

local function most_of(list, name)
  local most = 0
  for _, row in ipairs(list) do most = math.max(most, row[name]) end
  return most
end

local function put_datasources(out, state)
  local list = state.r.datasources
  local most = most_of(list, "panels")
  open_section(out, "datasources", "Data sources", #list)
  open_table(out, state, {{"Name", "w"}, "Type", "org", {"Panels", "n"}, {"Dashboards", "n"}, {"Library panels", "n"},
    {"Alert rules", "n"}, {"Data sources", "n"}}, "Data sources and what uses them")
  for n, row in ipairs(list) do
    out(row_start(n) .. "<td>" .. linked(state, "datasources", row.org, row.uid, row.name)
      .. (row.is_default and " " .. badge("default", "good") or "") .. uid_line(row.uid))
    put_users(out, state, state.uses[key("datasources", row.org, row.uid)])
    out("</td>" .. cell(escaped(row.type)) .. org_cell(state, row) .. bar_cell(row.panels, most)
      .. number_cell(row.dashboards) .. number_cell(row.library_panels) .. number_cell(row.alert_rules)
      .. number_cell(row.datasources) .. "</tr>\n")
  end
  close_table(out)
  close_section(out)
end

local function put_library_panels(out, state)
  local list = state.r.library_panels
  if #list == 0 then return end
  open_section(out, "library_panels", "Library panels", #list)
  open_table(out, state, {{"Name", "w"}, "Type", "Folder", "org", {"Dashboards", "n"}, {"Panels", "n"}},
    "Library panels")
  for n, row in ipairs(list) do
    out(row_start(n) .. "<td>" .. linked(state, "library_panels", row.org, row.uid, row.name) .. uid_line(row.uid))
    put_users(out, state, state.uses[key("library_panels", row.org, row.uid)])
    out("</td>" .. cell(escaped(row.type)) .. folder_cell(state, row) .. org_cell(state, row)
      .. number_cell(row.dashboards) .. number_cell(row.panels) .. "</tr>\n")
  end
  close_table(out)
  close_section(out)
end

local function put_rules(out, state)
  local list = state.r.alert_rules
  if #list == 0 then return end
  open_section(out, "alert_rules", "Alert rules", #list)
  open_table(out, state, {"Rule", "Group", "Folder", "org"}, "Alert rules")
  for n, row in ipairs(list) do
    out(row_start(n) .. cell(linked(state, "alert_rules", row.org, row.uid, row.title)) .. cell(named(row.group or ""))
      .. folder_cell(state, row) .. org_cell(state, row) .. "</tr>\n")
  end
  close_table(out)
  close_section(out)
end

local function put_panels(out, panels)
  if not panels then return end
  out("<details><summary>" .. count_of(#panels, "panel") .. "</summary><ul>")
  for _, panel in ipairs(panels) do
    local about = escaped(panel.type)
    if panel.datasource then about = about .. " · " .. escaped(panel.datasource) end
    local title = panel.title ~= "" and named(panel.title) or "<i>untitled</i>"
    out("<li>" .. title .. " <small>" .. about .. "</small></li>")
  end
  out "</ul></details>"
end

local function tags_of(row)
  local parts = {}
  for i, tag in ipairs(row.tags or {}) do parts[i] = badge(tag) end
  return #parts > 0 and '<div class="tags">' .. table.concat(parts, " ") .. "</div>" or ""
end

local function put_dashboards(out, state)
  local list = state.r.dashboards
  open_section(out, "dashboards", "Dashboards", #list)
  open_table(out, state, {{"Title", "w"}, "Folder", "org", {"Panels", "n"}}, "Dashboards and their panels")
  for n, row in ipairs(list) do
    out(row_start(n) .. "<td>" .. linked(state, "dashboards", row.org, row.uid, row.title) .. tags_of(row))
    put_panels(out, state.panels[key(row.org, row.uid)])
    out("</td>" .. folder_cell(state, row) .. org_cell(state, row) .. number_cell(row.panels) .. "</tr>\n")
  end
  close_table(out)
  close_section(out)
end

local COUNTS = {"dashboards", "panels", "folders", "datasources", "library_panels", "alert_rules"}

local function put_organisations(out, state)
  local list = state.r.organisations
  if #list < 2 then return end
  open_section(out, "organisations", "Organisations", #list)
  open_table(out, {several = false}, {"Name", {"Dashboards", "n"}, {"Panels", "n"}, {"Folders", "n"},
    {"Data sources", "n"}, {"Library panels", "n"}, {"Alert rules", "n"}}, "Organisations")
  for n, row in ipairs(list) do
    out(row_start(n) .. cell(named(row.name)))
    for _, name in ipairs(COUNTS) do out(number_cell(row[name])) end
    out "</tr>\n"
  end
  close_table(out)
  close_section(out)
end

-- ---------------------------------------------------------------------------------------------------- the page --

local TILES = {
  {"organisations", "organisation"}, {"dashboards", "dashboard"}, {"panels", "panel", "dashboards"},
  {"datasources", "data source"}, {"library_panels", "library panel"}, {"alert_rules", "alert rule"},
  {"broken", "broken reference", nil, "bad"}, {"unused", "used by nothing", nil, "warn", "used by nothing"},
  {"failed", "not read", nil, "bad", "not read"},
}

-- A tile leads to its section, where there is one.
local function put_tile(out, r, tile)
  local n = #r[tile[1]]
  if n == 0 and tile[1] == "failed" then return end
  local class = tile[4] and (n > 0 and " " .. tile[4] or " good") or ""
  local words = n == 1 and tile[2] or tile[5] or tile[2] .. "s"
  local inside = "<b>" .. number(n) .. "</b><span>" .. words .. "</span>"
  if n == 0 or n == 1 and tile[1] == "organisations" then
    out('<div class="tile' .. class .. '">' .. inside .. "</div>\n")
  else
    out('<a class="tile' .. class .. '" href="#' .. (tile[3] or tile[1]) .. '">' .. inside .. "</a>\n")
  end
end

local function put_head(out, r)
  local facts = {"<bdi>" .. escaped(r.server or "") .. "</bdi>", "Grafana " .. escaped(r.grafana or "?")}
  if r.time then facts[#facts + 1] = escaped((r.time:gsub("T", " "):gsub(":%d%dZ$", " UTC"))) end
  if r.account then facts[#facts + 1] = "as " .. escaped(r.account) end
  out("<header><h1>Grafana inventory</h1><p>" .. table.concat(facts, " · ") .. "</p>")
  if r.partial then
    out('<p class="note">The account may not see everything: ' .. escaped(r.partial) .. ".</p>")
  end
  out '<div class="tiles">\n'
  for _, tile in ipairs(TILES) do put_tile(out, r, tile) end
  out "</div></header>\n"
end

--- Write the page, piece by piece.
function html.write(r, out)
  local state = new_state(r)
  out(page.head(escaped(r.server or "")))
  put_head(out, r)
  out(page.SEARCH)
  out "<main>\n"
  put_broken(out, state)
  put_unused(out, state)
  put_failed(out, state)
  put_datasources(out, state)
  put_dashboards(out, state)
  put_library_panels(out, state)
  put_rules(out, state)
  put_organisations(out, state)
  out "</main>\n"
  out(page.tail())
end

return html
