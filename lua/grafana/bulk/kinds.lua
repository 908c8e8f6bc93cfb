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

return kinds
