-- SPDX-License-Identifier: MIT
-- Find what uses a data source, and switch it to another: shows what would change, asks, does it.
--
--     export GRAFANA_URL=https://grafana.example.org GRAFANA_TOKEN=…
--     lua5.4 replace_datasource.lua old-uid            # what uses it
--     lua5.4 replace_datasource.lua old-uid new-uid    # --yes: without asking; --force: even to another type
--
-- It looks at all organisations that the account can enter, and switches in the account's own one; with
-- --org=NAME in another one.

local bulk = require "grafana.bulk"
local grafana = require "grafana"
local show = require "grafana.bulk.show"

local uids, given, org = {}, {}, nil
for _, word in ipairs(arg) do
  org = word:match "^%-%-org=(.+)" or org
  if word:find "^%-%-" then given[word] = true else uids[#uids + 1] = word end
end
local from, to = uids[1], uids[2]
if not from then
  io.stderr:write "usage: replace_datasource.lua UID [NEW-UID] [--org=NAME] [--yes] [--force]\n"
  os.exit(2, true)
end
local g = grafana.connect()

if not to then
  local r = bulk.inventory(g)
  for _, list in ipairs {r.uses, r.broken} do
    for _, use in ipairs(list) do
      if use.kind == "datasources" and use.key == from then
        local panels = use.panels and ", panels " .. table.concat(use.panels, ", ") or ""
        local by = use.by:gsub("s$", ""):gsub("_", " ")
        print(("%s: %s %s%s"):format(show.text(use.org), by, show.text(use.by_title), panels))
      end
    end
  end
  if not r.ok then io.stderr:write(tostring(r), "\n") end
  os.exit(r.ok and 0 or 1, true)
end

local plan = bulk.replace_datasource(g, org, {from = from, to = to, force = given["--force"] or nil})
print(plan:diff())
print(plan)
if #plan.changes == 0 then os.exit(#plan.failures == 0 and 0 or 1, true) end

if not given["--yes"] then
  io.write "Carry it out? [y/N] "
  if (io.read() or ""):lower() ~= "y" then os.exit(2, true) end
end
local report = plan:apply {on_progress = grafana.progress {label = "replace"}}
print(report)   -- it says how to take it back
os.exit(report.ok and 0 or 1, true)
