-- SPDX-License-Identifier: MIT
-- panels.lua URL COUNT: what is measured: all panels of an organisation of COUNT dashboards.

local g = require "grafana".connect(arg[1], {"admin", "admin"}, {concurrency = 16})
local r = g:get_org_panels(1)
assert(r.ok and not r.failed and #r.panels >= tonumber(arg[2]), tostring(r))
