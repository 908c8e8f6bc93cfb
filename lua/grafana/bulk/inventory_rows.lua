-- SPDX-License-Identifier: MIT
--- What an inventory is made of: rows, added object by object; what is named is looked up among what was added before.
--
-- Rows are flat and small: there may be a hundred thousand panels.
-- @module grafana.bulk.inventory_rows

local references = require "grafana.bulk.references"
local types = require "grafana.bulk.datasource_types"

local ipairs, pairs, setmetatable, table, tostring, type = ipairs, pairs, setmetatable, table, tostring, type

local rows = {}

local LISTS = {
  "organisations", "folders", "datasources", "library_panels", "dashboards", "panels", "alert_rules", "uses", "unused",
  "broken", "failed",
}

local Org = {}
Org.__index = Org

--- The lists of an inventory, empty.
function rows.lists()
  local lists = {}
  for _, name in ipairs(LISTS) do lists[name] = {} end
  return lists
end

--- Begin an organisation.
-- @tab lists
-- @string name
-- @param id may be nil
function rows.org(lists, name, id)
  local row = {
    id = id, name = name, folders = 0, datasources = 0, library_panels = 0, dashboards = 0, panels = 0, alert_rules = 0,
  }
  table.insert(lists.organisations, row)
  return setmetatable({
    lists = lists, row = row, name = name, whole = {}, choices = {},
    known = {datasources = {}, folders = {}, library_panels = {}, dashboards = {}}, by_name = {},
  }, Org)
end

local function add(self, kind, row)
  local list = self.lists[kind]
  row.org = self.name
  list[#list + 1] = row
  self.row[kind] = self.row[kind] + 1
  if self.known[kind] then self.known[kind][row.uid] = row end
  return row
end

--- All objects of a kind have been added: a name of none of them names nothing.
function Org:is_whole(kind) self.whole[kind] = true end

local function text(value) return type(value) == "string" and value or "" end

-- -------------------------------------------------------------------------------------------------- who uses what --

local KEY_OF = {datasources = "name", library_panels = "name", folders = "title", dashboards = "title"}

-- Grafana looks for a uid first, then for a name.
local function find(self, kind, key)
  local row = self.known[kind][key]
  if not row and kind == "datasources" then row = self.by_name[key] end
  return row
end

local COUNTED = {datasources = true, library_panels = true}

local function new_use(self, user, kind, key, target)
  local use = {
    org = self.name, kind = kind, key = target and target.uid or key, title = target and target[KEY_OF[kind]],
    by = user.kind, by_key = user.key, by_title = user.title, count = 0,
  }
  local list = (target or not self.whole[kind]) and self.lists.uses or self.lists.broken
  list[#list + 1] = use
  if target and COUNTED[kind] then target[user.kind] = target[user.kind] + 1 end
  return use
end

local IN_PANEL = {panel = true, query = true, ["library panel"] = true, option = true}

-- A panel counts once, and is named by its number.
local function add_panel(use, target, user)
  if user.last_panel[use] == user.panel_count then return end
  user.last_panel[use] = user.panel_count
  if target and target.panels then target.panels = target.panels + 1 end
  local id = user.panel and user.panel.id
  if id == nil then return end
  use.panels = use.panels or {}
  use.panels[#use.panels + 1] = id
end

local function name_in_panel(user, kind, name)
  local panel = user.panel
  if not panel or user.named[name] == user.panel_count then return end
  user.named[name] = user.panel_count
  local key = kind == "datasources" and "datasource" or kind == "library_panels" and "library_panel"
  if key then panel[key] = panel[key] and panel[key] .. ", " .. name or name end
end

local function note(self, user, kind, key, context)
  local target = find(self, kind, key)
  if context.place == "model" or target and kind == user.kind and target.uid == user.key then return end
  if kind == "folders" and context.place == "folder" and target then return end   -- where it lies is in its row
  local name = target or kind .. "\0" .. key
  local use = user.uses[name]
  if not use then
    use = new_use(self, user, kind, key, target)
    user.uses[name] = use
  end
  use.count = use.count + 1
  if IN_PANEL[context.place] then
    add_panel(use, target, user)
    name_in_panel(user, kind, target and target[KEY_OF[kind]] or key)
  end
end

-- Read what an object names.
local function read(self, user, in_object, value, watch)
  user.uses, user.named, user.last_panel, user.panel_count = {}, {}, {}, 0
  in_object(value, function(kind, key, context) note(self, user, kind, key, context) end, watch)
end

-- ------------------------------------------------------------------------------------------------------- objects --

--- @tab value `{uid, title, parentUid}`
function Org:folder(value)
  add(self, "folders", {uid = value.uid, title = text(value.title), parent = value.parentUid, dashboards = 0})
end

--- @tab list data sources as Grafana lists them, all at once, since they may name each other
-- @bool whole there are no others
function Org:datasources(list, whole)
  for _, value in ipairs(list) do
    local row = add(self, "datasources", {
      uid = value.uid, name = text(value.name), type = text(value.type), is_default = value.isDefault == true or nil,
      dashboards = 0, panels = 0, library_panels = 0, alert_rules = 0, datasources = 0,
    })
    self.by_name[row.name] = row
  end
  if whole then self:is_whole "datasources" end
  for _, value in ipairs(list) do
    read(self, {kind = "datasources", key = value.uid, title = value.name}, references.in_datasource, value)
  end
end

local function folder_title(self, uid)
  local folder = uid and self.known.folders[uid]
  return folder and folder.title or uid
end

--- @param value the file form
function Org:library_panel(value)
  local uid, folder = value:get "uid", value:get "folderUid"
  if folder == "" or folder == "general" then folder = nil end
  local row = add(self, "library_panels", {
    uid = uid, name = text(value:get "name"), type = text(value:get("model", "type")), folder = folder,
    folder_title = folder_title(self, folder), dashboards = 0, panels = 0,
  })
  read(self, {kind = "library_panels", key = uid, title = row.name}, references.in_library_panel, value)
end

local function strings(list)
  if type(list) ~= "table" then return nil end
  local found
  for _, item in ipairs(list) do
    if type(item) == "string" then
      found = found or {}
      found[#found + 1] = item
    end
  end
  return found
end

local function plain(value) return type(value) == "number" and value or value ~= nil and tostring(value) or nil end

local function watch_dashboard(self, user, row)
  local function panel(id, title, of_type)
    user.panel_count = user.panel_count + 1
    row.panels = row.panels + 1
    user.panel = add(self, "panels", {
      dashboard = row.uid, dashboard_title = row.title, id = plain(id), title = text(title), type = text(of_type),
    })
  end
  local function choice(of_type)
    if of_type then user.choices[types.now(of_type)] = true end
  end
  return {panel = panel, choice = choice}
end

--- @param value the file form, a document
function Org:dashboard(value)
  local uid, folder = value:get("metadata", "name"), value:get("metadata", "annotations", "grafana.app/folder")
  local known = folder and self.known.folders[folder]
  local row = add(self, "dashboards", {
    uid = uid, title = text(value:get("spec", "title")), folder = folder, folder_title = folder_title(self, folder),
    panels = 0, tags = strings(value:get("spec", "tags")),
  })
  if known then known.dashboards = known.dashboards + 1 end
  local user = {kind = "dashboards", key = uid, title = row.title, choices = {}}
  read(self, user, references.in_dashboard, value, watch_dashboard(self, user, row))
  for of_type in pairs(user.choices) do self.choices[of_type] = (self.choices[of_type] or 0) + 1 end
end

--- @param value the file form of a group of rules
function Org:rule_group(value)
  local folder, group = value:get "folderUid", value:get "title"
  for _, rule in value:each "rules" do
    local row = add(self, "alert_rules", {
      uid = text(rule:get "uid"), title = text(rule:get "title"), group = group, folder = folder,
      folder_title = folder_title(self, folder),
    })
    read(self, {kind = "alert_rules", key = row.uid, title = row.title}, references.in_rule, rule)
  end
end

-- --------------------------------------------------------------------------------------------------- what is left --

local function is_used(row)
  return row.dashboards > 0 or row.library_panels and row.library_panels > 0
    or row.alert_rules and row.alert_rules > 0 or row.datasources and row.datasources > 0
end

local function add_unused(self, kind, row)
  self.lists.unused[#self.lists.unused + 1] = {
    org = self.name, kind = kind, key = row.uid, title = row.name, type = row.type,
    choices = kind == "datasources" and self.choices[types.now(row.type)] or nil,
  }
end

--- All has been added. What nothing names is unused, if all could be read that might name it; the default data source
-- never is.
function Org:finish()
  local whole = self.whole
  if not whole.dashboards then return end
  for _, row in ipairs(self.lists.library_panels) do
    if row.org == self.name and not is_used(row) then add_unused(self, "library_panels", row) end
  end
  if not (whole.library_panels and whole.alert_rules) then return end
  for _, row in ipairs(self.lists.datasources) do
    if row.org == self.name and not is_used(row) and not row.is_default then add_unused(self, "datasources", row) end
  end
end

return rows
