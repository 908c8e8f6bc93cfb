-- SPDX-License-Identifier: MIT
-- gather.lua URL COUNT: what is measured: COUNT users, one by one, many at once.

local grafana = require "grafana"

local g = grafana.connect(arg[1], {"admin", "admin"}, {concurrency = 16})
local rows = {}
for id = 1, tonumber(arg[2]) do rows[id] = {"get_user", id} end
for _, r in ipairs(grafana.gather(g, rows)) do assert(r.ok, tostring(r)) end
