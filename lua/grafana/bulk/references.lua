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
local METADATA, SPEC = {"metadata"}, {"spec"}

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

local function whole(w, value)
  if walk.kind_of(value, "spec") ~= "container" or walk.kind_of(value, "panels") then return spec(w, value) end
  w:inside(value, METADATA, folder)
  w:inside(value, SPEC, spec)
end

--- Every place in a dashboard that names a data source, a library panel or a folder.
--
-- `swap(kind, key, context)` is called for each: `kind` is "datasources", "library_panels" or "folders", `key` the uid
-- (where `context.by_name` is true it may be a name instead: old dashboards name data sources so). What it returns
-- takes the key's place, unless it is nil; a second result `{type =, name =}` says what that is: its type then replaces
-- the one that stands beside the key, its name the one that is shown. A `swap` that raises has changed nothing.
--
-- `context`, the same table each time, says where: `place` ("panel", "query", "library panel", "option", "row",
-- "variable", "annotation", "folder"; the first four belong to the panel that `on_panel` was last told of), `form`
-- ("string" or "object"), `type` (of the data source as the reference states it; for a variable that one chooses data
-- sources with, their type; or nil), `by_name`.
--
-- No references are the default data source, Grafana's own (`grafana`, `-- Mixed --`, …), expressions and variables
-- (`$ds`).
-- @param value a dashboard as /apis shows it, its bare JSON, or the model of one panel: a document or a Lua table,
--   which is changed in place
-- @func swap
-- @func[opt] on_panel `(id, title, type)`, for every panel before its references; rows are none
-- @return value
function references.in_dashboard(value, swap, on_panel)
  if not walk.is_container(value) then return value end
  local w = walk.new(value, swap, on_panel)
  whole(w, value)
  return w:finish()
end

--- Every place in one alert rule (of `/api/v1/provisioning`) that names a data source, a dashboard or its folder.
-- `swap` is called as for dashboards; `context.place` is "query", "recording", "annotation" or "folder".
-- @param value a document or a Lua table, which is changed in place
-- @func swap
-- @return value
function references.in_rule(value, swap)
  if not walk.is_container(value) then return value end
  local w = walk.new(value, swap)
  require("grafana.bulk.references_rule").rule(w, value)
  return w:finish()
end

return references
