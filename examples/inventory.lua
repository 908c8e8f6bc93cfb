-- SPDX-License-Identifier: MIT
-- What there is on a server, what uses what, what nothing uses, what is broken: as a page, CSV or text.
--
--     export GRAFANA_URL=https://grafana.example.org GRAFANA_USER=… GRAFANA_PASSWORD=…
--     lua5.4 inventory.lua inventory.html       # for people
--     lua5.4 inventory.lua panels.csv panels    # one table, for a spreadsheet
--     lua5.4 inventory.lua                      # the same on the terminal

local bulk = require "grafana.bulk"
local grafana = require "grafana"

local r = bulk.inventory(grafana.connect(), {on_progress = arg[1] and grafana.progress {label = "inventory"}})
if arg[1] then
  r:save(arg[1], arg[2])
  print(r)
else
  io.write(r:text())
end
os.exit(r.ok and 0 or 1, true)
