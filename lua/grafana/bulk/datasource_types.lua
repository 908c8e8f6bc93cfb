-- SPDX-License-Identifier: MIT
-- Types of data sources that have another name since: servers from 12 on use the new one, old dashboards say the old.

local types = {}

local NEW = {
  postgres = "grafana-postgresql-datasource", testdata = "grafana-testdata-datasource",
  phlare = "grafana-pyroscope-datasource",
}

local OLD = {}
for old, new in pairs(NEW) do OLD[new] = old end

--- The name that it has now.
function types.now(name) return NEW[name] or name end

--- The name that it had before.
function types.before(name) return OLD[name] or name end

--- Are both names of one type?
function types.same(one, other) return types.now(one) == types.now(other) end

return types
