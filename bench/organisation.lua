-- SPDX-License-Identifier: MIT
-- organisation.lua URL OPERATION ORG COUNT: what is measured: get_org_panels or get_org_dashboards of an organisation
-- of COUNT dashboards.

local url, operation, org, count = arg[1], arg[2], tonumber(arg[3]), tonumber(arg[4])
local g = require "grafana".connect(url, {"admin", "admin"}, {concurrency = 16, timeout = 60000})
local r = g[operation](g, org)
assert(r.ok and not r.failed, tostring(r))
assert(r.panels and #r.panels > count or r.dashboards and #r.dashboards == count, "not all have come")
