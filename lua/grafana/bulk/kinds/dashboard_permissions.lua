-- SPDX-License-Identifier: MIT
--- Permissions of dashboards.
-- @module grafana.bulk.kinds.dashboard_permissions

return require("grafana.bulk.permissions").kind {
  name = "dashboard_permissions", one = "permissions of dashboard", owner = "dashboards",
  get = "get_dashboard_permissions", update = "update_dashboard_permissions",
  list = function(at) return at:dashboards() end,
}
