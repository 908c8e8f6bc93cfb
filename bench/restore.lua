-- SPDX-License-Identifier: MIT
-- restore.lua URL DIR ORG COUNT JOURNAL: what is measured: the dashboards of an organisation's backup, planned and
-- carried out in the first organisation of a server that has none.

local url, dir, org, count, journal = arg[1], arg[2], arg[3], tonumber(arg[4]), arg[5]
local g = require "grafana".connect(url, {"admin", "admin"}, {concurrency = 16, timeout = 60000})
local plan = require "grafana.bulk".restore(g, dir, {
  orgs = {org}, kinds = {"dashboards"}, mapping = {organisations = {[org] = "Main Org."}}, journal = journal,
})
assert(#plan.changes == count, tostring(plan))
local r = plan:apply()
assert(r.ok, tostring(r))
