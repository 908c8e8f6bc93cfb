-- SPDX-License-Identifier: MIT
-- backup.lua URL DIR ORG COUNT KINDS PERMISSIONS: what is measured: a backup of one organisation of COUNT dashboards
-- into DIR; KINDS: "all" or a kind; PERMISSIONS: "yes" or "no".

local url, dir, org, count, kind, permissions = arg[1], arg[2], arg[3], tonumber(arg[4]), arg[5], arg[6]
local g = require "grafana".connect(url, {"admin", "admin"}, {concurrency = 16, timeout = 60000})
local r = require "grafana.bulk".backup(g, dir, {
  orgs = {org}, kinds = kind ~= "all" and {kind} or nil, permissions = permissions == "yes",
})
assert(r.ok and r.counts.dashboards == count, tostring(r))
