-- SPDX-License-Identifier: MIT
--- Changes to many dashboards of one organisation: `edit_dashboards`, `add_tags`, `remove_tags`, `move_to_folder`,
-- `set_permissions`, `delete_dashboards`. Each makes a plan.
-- @module grafana.bulk.edit

local core = require "grafana.core"
local check = require "grafana.bulk.check"
local kinds = require "grafana.bulk.kinds"
local objects = require "grafana.bulk.objects"
local place = require "grafana.bulk.place"
local selection = require "grafana.bulk.selection"
local source = require "grafana.bulk.source"
local tasks = require "grafana.tasks"
local transfer = require "grafana.bulk.transfer"

local error, getmetatable, ipairs, pcall = error, getmetatable, ipairs, pcall
local require, table, tostring, type = require, table, tostring, type

local edit = {}

-- -------------------------------------------------------------------------------------------------------- plans --

-- A plan about one organisation: `fill(b, at)`.
local function build(job, g, org, options, fill)
  local server, r = transfer.server_of(g)
  return transfer.build(job, server, options, function(b)
    if r then return b:refuse(r) end
    local at
    at, r = place.find(server, org, options)
    if not at then return b:refuse(r) end
    fill(b, at)
  end)
end

local function note_failure(b, at, kind, key, title, r)
  b:failed(source.failure_of(kind, at.org_name, key, title, r))
end

-- A folder is told by its uid; what is given may be its title.
local function say_none(b, at, wanted)
  local folder, why = wanted.folder, ""
  if folder and folder ~= "" and not at:folder_title(folder) then
    why = (": there is no folder with the uid '%s'"):format(folder)
  end
  b:note("no dashboard is selected" .. why)
end

-- `f(object)` for each selected dashboard; what it raises is that dashboard's failure.
local function each(b, at, wanted, f)
  local kind = kinds.get "dashboards"
  local out, any = {}, false
  function out.fail(uid, title, r)
    any = true
    note_failure(b, at, kind, uid, title, r)
  end
  function out.note(text) b:note(text) end
  function out.take(object)
    any = true
    local fine, problem = pcall(f, object)
    object.doc:close()
    if fine then return end
    if tasks.is_interrupt(problem) or tasks.is_cancelled(problem) then error(problem, 0) end
    out.fail(object.key, object.title, {status = "error", message = tostring(problem)})
  end
  local r = selection.each(at, wanted, out)
  if not r.ok then
    note_failure(b, at, kind, nil, nil, r)
  elseif not any then
    say_none(b, at, wanted)
  end
end

local OPTIONS = {"journal", "on_progress"}

-- ------------------------------------------------------------------------------------------------------- editing --

local function about(kind, object)
  return {
    uid = object.key, title = object.title, folder = kind.folder(object.doc), apiVersion = object.doc:get("apiVersion"),
  }
end

-- A document, or a table that can be one.
local function as_document(value)
  if type(value) == "table" and getmetatable(value) ~= core.array_mt then return objects.document(value) end
  if type(value) == "userdata" and type(value.type) == "function" and value:type() == "object" then return value end
  error(("the function returned %s (a document, a table, nil or false expected)"):format(type(value)), 0)
end

-- The object as `f` wants it; nil: as it is.
local function edited(kind, object, f)
  local spec = kind.spec(object.doc)
  local returned = f(spec, about(kind, object))
  if returned == false then return nil end
  if returned ~= nil then spec = as_document(returned) end
  return kind.with_spec(object, spec)
end

local function edit_each(b, at, wanted, f, why)
  local kind = kinds.get "dashboards"
  each(b, at, wanted, function(object)
    local changed = edited(kind, object, f)
    if not changed then return b:unchanged() end
    b:change {kind = kind, at = at, now = object, wanted = changed, why = why}
    changed.doc:close()
  end)
end

--- See `bulk.edit_dashboards`.
function edit.edit_dashboards(g, org, given, f, options)
  check.client("edit_dashboards", g, 1, "g")
  check.org("edit_dashboards", org, 2, "org")
  local wanted = selection.check("edit_dashboards", given)
  check.value("edit_dashboards", f, "function", 4, "f")
  options = check.options("edit_dashboards", options, OPTIONS)
  return build("edit_dashboards", g, org, options, function(b, at)
    edit_each(b, at, wanted, f, "edited by a function")
  end)
end

-- ---------------------------------------------------------------------------------------------------------- tags --

local function tags_from(job, tags)
  local list = {}
  for i, tag in ipairs(type(tags) == "table" and tags or {tags}) do
    if type(tag) ~= "string" or tag == "" then break end
    list[i] = tag
  end
  if #list > 0 and (type(tags) == "string" or #list == #tags) then return list end
  error(("bulk.%s: bad argument #4 'tags' (a tag, or an array of tags, expected)"):format(job), 3)
end

-- The tags of a dashboard, in order; what are none are kept as they are.
local function tags_of(spec)
  return spec:type("tags") == "array" and spec:get("tags") or {}
end

local function with_tags(tags)
  return function(spec)
    local there, known, added = tags_of(spec), {}, false
    for _, tag in ipairs(there) do known[tag] = true end
    for _, tag in ipairs(tags) do
      if not known[tag] then
        there[#there + 1], known[tag], added = tag, true, true
      end
    end
    if not added then return false end
    spec:set(core.array(there), "tags")
  end
end

local function without_tags(tags)
  local gone = {}
  for _, tag in ipairs(tags) do gone[tag] = true end
  return function(spec)
    local left, there = {}, tags_of(spec)
    for _, tag in ipairs(there) do
      if not gone[tag] then left[#left + 1] = tag end
    end
    if #left == #there then return false end
    spec:set(core.array(left), "tags")
  end
end

local function change_tags(job, g, org, given, tags, options, change, words)
  check.client(job, g, 1, "g")
  check.org(job, org, 2, "org")
  local wanted = selection.check(job, given)
  tags = tags_from(job, tags)
  options = check.options(job, options, OPTIONS)
  return build(job, g, org, options, function(b, at)
    edit_each(b, at, wanted, change(tags), words .. table.concat(tags, ", "))
  end)
end

--- See `bulk.add_tags`.
function edit.add_tags(g, org, given, tags, options)
  return change_tags("add_tags", g, org, given, tags, options, with_tags, "tagged ")
end

--- See `bulk.remove_tags`.
function edit.remove_tags(g, org, given, tags, options)
  return change_tags("remove_tags", g, org, given, tags, options, without_tags, "no longer tagged ")
end

-- -------------------------------------------------------------------------------------------------------- folders --

local PERMISSIONS = {keep = true, inherit = true}
local FOLDER = "grafana.app/folder"

local function moved(kind, object, folder)
  local doc = object.doc:copy()
  if folder then
    doc:set(folder, "metadata", "annotations", FOLDER)
  else
    doc:remove("metadata", "annotations", FOLDER)
    if doc:len("metadata", "annotations") == 0 then doc:remove("metadata", "annotations") end
  end
  return objects.new(kind, doc, object.lock)
end

-- The folder that is meant; nil: the root.
local function folder_from(job, folder)
  if folder == nil or folder == "" or folder == core.null then return nil end
  check.value(job, folder, "string", 4, "folder")
  return folder
end

local function is_permissions(value) return PERMISSIONS[value] == true end

-- Returns who was where: `{uid, was}` of each.
local function move_each(b, at, wanted, folder)
  local kind, moves = kinds.get "dashboards", {}
  local title = folder and require("grafana.bulk.show").text(at:folder_title(folder) or folder) or "the root"
  each(b, at, wanted, function(object)
    local was = kind.folder(object.doc)
    moves[#moves + 1] = {uid = object.key, was = was}
    if was == folder then return b:unchanged() end
    local there = moved(kind, object, folder)
    b:change {kind = kind, at = at, now = object, wanted = there, why = "moved to " .. title}
    there.doc:close()
  end)
  return moves
end

--- See `bulk.move_to_folder`.
function edit.move_to_folder(g, org, given, folder, options)
  local job = "move_to_folder"
  check.client(job, g, 1, "g")
  check.org(job, org, 2, "org")
  local wanted = selection.check(job, given, true)
  folder = folder_from(job, folder)
  options = check.options(job, options, {"journal", "on_progress", "permissions"},
    {permissions = {is_permissions, '"keep" or "inherit"'}})
  local mode = options.permissions or "keep"
  options.permissions = nil   -- for other jobs it says whether there are any
  return build(job, g, org, options, function(b, at)
    local problem = require("grafana.bulk.parents").check(at, folder)
    if problem then return b:refuse(problem) end
    local moves = move_each(b, at, wanted, folder)
    require("grafana.bulk.edit_permissions").of_moved(b, at, moves, folder, mode)
  end)
end

-- --------------------------------------------------------------------------------------------------- permissions --

--- See `bulk.set_permissions`.
function edit.set_permissions(g, org, given, grants, options)
  local job = "set_permissions"
  check.client(job, g, 1, "g")
  check.org(job, org, 2, "org")
  local edit_permissions = require "grafana.bulk.edit_permissions"
  local wanted = edit_permissions.check_selection(job, given)
  grants = edit_permissions.check_grants(job, grants)
  options = check.options(job, options, {"journal", "on_progress", "keep"})
  return build(job, g, org, options, function(b, at)
    edit_permissions.set(b, at, wanted, grants, options.keep)
  end)
end

-- ------------------------------------------------------------------------------------------------------ deleting --

--- See `bulk.delete_dashboards`.
function edit.delete_dashboards(g, org, given, options)
  local job = "delete_dashboards"
  check.client(job, g, 1, "g")
  check.org(job, org, 2, "org")
  local wanted = selection.check(job, given, true)
  options = check.options(job, options, {"journal", "on_progress", "max_deletes"})
  return build(job, g, org, options, function(b, at)
    local kind, all, uids = kinds.get "dashboards", at:dashboards(), {}
    b.there = all and #all or 0
    each(b, at, wanted, function(object)
      uids[#uids + 1] = object.key
      b:change {kind = kind, at = at, now = object, why = "selected"}
    end)
    require("grafana.bulk.edit_permissions").of_deleted(b, at, uids)
    transfer.hold_back(b, options.max_deletes)
  end)
end

return edit
