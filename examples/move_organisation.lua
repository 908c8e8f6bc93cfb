-- SPDX-License-Identifier: MIT
-- Bring an organisation, with all that is in it, to another server.
--
--     export GRAFANA_URL=https://old.example.org GRAFANA_USER=admin GRAFANA_PASSWORD=…
--     export NEW_URL=https://new.example.org NEW_USER=admin NEW_PASSWORD=…
--     lua5.4 move_organisation.lua "Acme" secrets.json
--
-- Grafana never tells secrets. secrets.json, which is yours, has those that are to be set, by kind, key and name:
--
--     {"users": {"ann": {"password": "…"}}, "datasources": {"prom": {"basicAuthPassword": "…"}}}
--
-- Run it as often as you like: only what differs is written. The old organisation is left as it is.

local bulk = require "grafana.bulk"
local grafana = require "grafana"

local name, path = arg[1], arg[2]
if not name then error("usage: move_organisation.lua ORGANISATION [SECRETS]", 0) end

local secrets = path and assert(grafana.decode(assert(io.open(path)):read("*a"))) or {}
local function secret(what)
  return grafana.get(secrets, what.kind, what.key, what.name)
end

local old = grafana.connect()
local new = grafana.connect(assert(os.getenv "NEW_URL", "NEW_URL is not set"),
  {os.getenv "NEW_USER", os.getenv "NEW_PASSWORD"})

local plan = bulk.copy(old, name, new, name, {secret = secret})
print(plan)
local report = plan:apply {on_progress = grafana.progress {label = name}}
print(report)

local rest = bulk.diff({old, name}, {new, name})
print(rest)
os.exit(report.ok and 0 or 1, true)
