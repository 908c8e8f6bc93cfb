-- SPDX-License-Identifier: MIT
-- What crash_spec kills: restores the backup in arg[2] into the server at arg[1], with the journal arg[3]; says so when
-- the plan is made.

package.path = "./?.lua;./?/init.lua;" .. package.path

local bulk = require "grafana.bulk"
local grafana = require "grafana"
local world = require "spec.support.bulk_world"

local g = grafana.connect(arg[1], {"admin", "admin"})
local plan = bulk.restore(g, arg[2], {journal = arg[3], secret = world.secret})
io.stdout:write("planned\n")
io.stdout:flush()
os.exit(plan:apply().ok and 0 or 1)
