-- SPDX-License-Identifier: MIT
-- Bring folders, library panels and dashboards of staging to production: shows what would change, asks, does it.
--
--     export STAGING_URL=https://staging.example.org STAGING_TOKEN=…
--     export GRAFANA_URL=https://grafana.example.org GRAFANA_TOKEN=…
--     lua5.4 promote.lua          # --yes: without asking; --delete: also what staging no longer has
--
-- Data sources stay as they are in production. Where one has another uid there, say so in DATASOURCES.

local bulk = require "grafana.bulk"
local grafana = require "grafana"

local DATASOURCES = {
  -- ["uid in staging"] = "uid in production",
}

local given = {}
for _, word in ipairs(arg) do given[word] = true end

local function environment(name)
  local value = os.getenv(name)
  if not value then
    io.stderr:write("promote.lua: ", name, " is not set\n")
    os.exit(2, true)
  end
  return value
end

local staging = grafana.connect(environment "STAGING_URL", {token = environment "STAGING_TOKEN"})
local production = grafana.connect()

local plan = bulk.sync(staging, grafana.own, production, grafana.own, {
  kinds = {"folders", "library_panels", "dashboards"}, mapping = {datasources = DATASOURCES},
  delete = given["--delete"] or false,
})
print(plan:diff())
print(plan)
if #plan.changes == 0 then os.exit(#plan.failures == 0 and 0 or 1, true) end

if not given["--yes"] then
  io.write("Carry it out? [y/N] ")
  if (io.read() or ""):lower() ~= "y" then os.exit(2, true) end
end
local report = plan:apply {on_progress = grafana.progress {label = "promote"}}
print(report)   -- it says how to take it back
os.exit(report.ok and 0 or 1, true)
