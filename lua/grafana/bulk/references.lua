-- SPDX-License-Identifier: MIT
--- What a dashboard, a library panel or an alert rule names of other objects, and how to name others in their place.
--
--     references.in_dashboard(value, function(kind, key, context)
--       if kind == "datasources" and key == "old" then return "new", {type = "loki"} end
--     end)
--
-- Only the places are read in which Grafana itself looks for such a name: never texts, titles, queries, addresses.
-- @module grafana.bulk.references

local walk = require "grafana.bulk.references_walk"
local v1 = require "grafana.bulk.references_v1"
local v2 = require "grafana.bulk.references_v2"
local names = require "grafana.bulk.references_names"

local references = {}
local METADATA, SPEC, MODEL = {"metadata"}, {"spec"}, {"model"}

-- The folder of a dashboard is an annotation of what /apis shows.
local function folder(w, metadata)
  local uid = walk.text(metadata, "annotations", "grafana.app/folder")
  if not names.is_folder(uid) then return end
  names.say(w, "folder")
  w:offer("folders", uid, "annotations", "grafana.app/folder")
end

-- The two schemas share no key of one shape, so that one may look for both.
local function spec(w, node)
  v1.dashboard(w, node)
  v2.dashboard(w, node)
end

local function dashboard(w, value)
  if walk.kind_of(value, "spec") ~= "container" or walk.kind_of(value, "panels") then return spec(w, value) end
  w:inside(value, METADATA, folder)
  w:inside(value, SPEC, spec)
end

local function library_panel(w, value)
  if names.is_folder(walk.text(value, "folderUid")) then
    names.say(w, "folder")
    w:offer("folders", walk.text(value, "folderUid"), "folderUid")
  end
  w:inside(value, MODEL, spec)
end

local function run(f, value, swap, watch)
  if not walk.is_container(value) then return value end
  local w = walk.new(value, swap, watch)
  f(w, value)
  return w:finish()
end

--- Every place in a dashboard that names a data source, a library panel or a folder.
--
-- `swap(kind, key, context)` is called for each: `kind` is "datasources", "library_panels" or "folders", `key` the uid
-- (where `context.by_name` is true it may be a name instead: old dashboards name data sources so). What it returns
-- takes the key's place, unless it is nil; a second result `{type =, name =}` says what that is: its type then replaces
-- the one that stands beside the key, its name the one that is shown. A `swap` that raises has changed nothing.
--
-- `context`, the same table each time, says where: `place` ("panel", "query", "library panel", "option", "row",
-- "variable", "annotation", "folder"; the first four belong to the panel that `watch` was last told of), `form`
-- ("string" or "object"), `type` (of the data source as the reference states it; for a variable that one chooses data
-- sources with, their type; or nil), `by_name`.
--
-- No references are the default data source, Grafana's own (`grafana`, `-- Mixed --`, …), expressions and variables
-- (`$ds`).
-- @param value a dashboard as /apis shows it, its bare JSON, or the model of one panel: a document or a Lua table,
--   which is changed in place
-- @func swap
-- @tab[opt] watch functions that are told what else there is: `panel(id, title, type)`, for every panel before its
--   references (rows are none); `choice(type)`, for every variable that one chooses data sources with
-- @return value
function references.in_dashboard(value, swap, watch)
  return run(dashboard, value, swap, watch)
end

--- The same for a library panel, `{folderUid, model}`.
-- @param value a document or a Lua table, which is changed in place
-- @func swap
-- @tab[opt] watch
-- @return value
function references.in_library_panel(value, swap, watch)
  return run(library_panel, value, swap, watch)
end

--- Every place in an alert rule, or a group of them (as of `/api/v1/provisioning`), that names a data source, a
-- dashboard or a folder. `context.place` is "query", "model" (what a query says of itself once more, which Grafana does
-- not ask), "recording", "annotation" or "folder".
-- @param value a document or a Lua table, which is changed in place
-- @func swap
-- @tab[opt] watch `{rule = function(uid, title) … end}`, called for every rule before its references
-- @return value
function references.in_rule(value, swap, watch)
  return run(require("grafana.bulk.references_rule").rule, value, swap, watch)
end

--- Whether a string can name a data source that somebody has made.
references.is_datasource = names.is_datasource

--- Every place in the settings (`jsonData`) of a data source that names another one: where traces lead to logs, metrics
-- to traces, alerts to an Alertmanager. `context.place` is "setting".
-- @param value a document or a Lua table, which is changed in place
-- @func swap
-- @return value
function references.in_datasource(value, swap)
  return run(require("grafana.bulk.references_datasource"), value, swap)
end

return references
