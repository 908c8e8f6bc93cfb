-- SPDX-License-Identifier: MIT
--- An inventory as tables: which columns each has, and what stands in them.
-- @module grafana.bulk.inventory_tables

local ipairs, table, tostring = ipairs, table, tostring

local tables = {}

local function joined(list) return list and table.concat(list, ", ") or "" end

local KINDS = {
  datasources = "data source", library_panels = "library panel", folders = "folder", dashboards = "dashboard",
  alert_rules = "alert rule",
}

--- What a person calls one of a kind.
function tables.one(kind) return KINDS[kind] or (kind:gsub("_", " "):gsub("s$", "")) end

local function kind_of(row) return tables.one(row.kind) end
local function user_kind_of(row) return tables.one(row.by) end
local function panels_of(row) return joined(row.panels) end
local function folder_of(row) return row.folder_title or "" end
local function default_of(row) return row.is_default and "default" or "" end
local function tags_of(row) return joined(row.tags) end

-- {heading, key or function}; a number is aligned to the right.
local ORG = {"Organisation", "org"}
local USED_BY = {{"Used by", user_kind_of}, {"Uid of the user", "by_key"}, {"Title of the user", "by_title"},
  {"Panels", panels_of}, {"Places", "count"}}
local LYING = {{"Folder", folder_of}, {"Uid of the folder", "folder"}}

local function columns(...)
  local list = {}
  for _, part in ipairs {...} do
    if type(part[1]) == "string" then
      list[#list + 1] = part
    else
      for _, column in ipairs(part) do list[#list + 1] = column end
    end
  end
  return list
end

local TABLES = {
  organisations = {title = "Organisations", columns = columns({{"Organisation", "name"}, {"Id", "id"},
    {"Dashboards", "dashboards"}, {"Panels", "panels"}, {"Folders", "folders"}, {"Data sources", "datasources"},
    {"Library panels", "library_panels"}, {"Alert rules", "alert_rules"}})},
  folders = {title = "Folders", columns = columns(ORG, {{"Title", "title"}, {"Uid", "uid"},
    {"Uid of the parent", "parent"}, {"Dashboards", "dashboards"}})},
  datasources = {title = "Data sources", columns = columns(ORG, {{"Name", "name"}, {"Uid", "uid"}, {"Type", "type"},
    {"Default", default_of}, {"Dashboards", "dashboards"}, {"Panels", "panels"}, {"Library panels", "library_panels"},
    {"Alert rules", "alert_rules"}, {"Data sources", "datasources"}})},
  library_panels = {title = "Library panels", columns = columns(ORG, {{"Name", "name"}, {"Uid", "uid"},
    {"Type", "type"}}, LYING, {{"Dashboards", "dashboards"}, {"Panels", "panels"}})},
  dashboards = {title = "Dashboards", columns = columns(ORG, {{"Title", "title"}, {"Uid", "uid"}}, LYING,
    {{"Tags", tags_of}, {"Panels", "panels"}})},
  panels = {title = "Panels", columns = columns(ORG, {{"Dashboard", "dashboard_title"},
    {"Uid of the dashboard", "dashboard"}, {"Panel", "id"}, {"Title", "title"}, {"Type", "type"},
    {"Data sources", "datasource"}, {"Library panel", "library_panel"}})},
  alert_rules = {title = "Alert rules", columns = columns(ORG, {{"Title", "title"}, {"Uid", "uid"}, {"Group", "group"}},
    LYING)},
  uses = {title = "What uses what", columns = columns(ORG, {{"Kind", kind_of}, {"Title", "title"}, {"Uid", "key"}},
    USED_BY)},
  unused = {title = "Used by nothing", columns = columns(ORG, {{"Kind", kind_of}, {"Title", "title"}, {"Uid", "key"},
    {"Type", "type"}, {"Dashboards that let choose among its type", "choices"}})},
  broken = {title = "Broken references", columns = columns(ORG, {{"Missing", kind_of}, {"Named", "key"}}, USED_BY)},
  failed = {title = "Could not be read", columns = columns(ORG, {{"Kind", "kind"}, {"Uid", "key"}, {"Title", "title"},
    {"Status", "status"}, {"Message", "message"}})},
}

--- The names of the tables, in the order in which a person reads them.
tables.names = {
  "organisations", "broken", "unused", "failed", "datasources", "library_panels", "alert_rules", "folders",
  "dashboards", "panels", "uses",
}

--- `{title, columns}` of a table; nil: there is no such table.
function tables.get(name) return TABLES[name] end

--- What stands in a column of a row: a string or a number.
function tables.cell(row, column)
  local key = column[2]
  local value
  if type(key) == "function" then value = key(row) else value = row[key] end
  if value == nil then return "" end
  return type(value) == "number" and value or tostring(value)
end

--- The name of a table that a caller gave; raises for another.
function tables.check(job, name)
  if TABLES[name] then return name end
  error(("%s: there is no table '%s'%s"):format(job, tostring(name),
    type(name) == "string" and require("grafana.nearest").hint(name, tables.names) or ""), 3)
end

return tables
