-- SPDX-License-Identifier: MIT
--- The kinds of objects, in the order in which they are written; they are deleted in reverse.
-- @module grafana.bulk.kinds

local ipairs, require = ipairs, require

local kinds = {}

local ORDER = {
  "organisations", "users", "org_users", "teams", "service_accounts", "datasources", "folders", "library_panels",
  "dashboards", "folder_permissions", "dashboard_permissions", "mute_timings", "templates", "contact_points",
  "policies", "rule_groups", "annotations", "playlists", "preferences",
}

local rank = {}
for i, name in ipairs(ORDER) do rank[name] = i end

--- The names of all kinds, in their order.
kinds.names = ORDER

--- Where a kind stands in that order; nil: there is no such kind.
function kinds.rank(name)
  return rank[name]
end

--- The kind of that name.
function kinds.get(name)
  return require("grafana.bulk.kinds." .. name)
end

-- What does not end in an s where there are several.
local MANY = {
  folder_permissions = {"permissions of %d folder", "permissions of %d folders"},
  dashboard_permissions = {"permissions of %d dashboard", "permissions of %d dashboards"},
  preferences = {"%d preferences", "%d preferences"},
}

--- So many objects of a kind, in words: "1 data source", "2 members", "permissions of 3 folders".
function kinds.count(name, count)
  local one = kinds.get(name).one
  local words = (MANY[name] or {one, one .. "s"})[count == 1 and 1 or 2]
  if words:find("%d", 1, true) then return words:format(count) end
  return ("%d %s"):format(count, words)
end

--- The kind, as a person calls several objects of it: "data sources", "permissions of folders".
function kinds.many(name)
  return (kinds.count(name, 2):gsub("2 ", "", 1))
end

return kinds
