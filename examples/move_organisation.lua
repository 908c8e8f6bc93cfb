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
local function fail(text)
  io.stderr:write("move_organisation.lua: ", text, "\n")
  os.exit(2, true)
end
if not name then fail "usage: move_organisation.lua ORGANISATION [SECRETS]" end

local function read_secrets()
  local file, problem = io.open(path)
  local value = file and grafana.decode(file:read "*a")
  if not value then fail(problem or path .. ": no JSON") end
  return value
end

local secrets = path and read_secrets()
local function secret(what)
  return grafana.get(secrets, what.kind, what.key, what.name)
end

local old = grafana.connect()
local new = grafana.connect(os.getenv "NEW_URL" or fail "NEW_URL is not set",
  {os.getenv "NEW_USER", os.getenv "NEW_PASSWORD"})

local plan = bulk.copy(old, name, new, name, {secret = secrets and secret})
print(plan)
local report = plan:apply {on_progress = grafana.progress {label = name}}
print(report)

local rest = bulk.diff({old, name}, {new, name})
print(rest)
os.exit(report.ok and 0 or 1, true)
