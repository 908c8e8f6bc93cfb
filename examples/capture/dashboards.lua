-- SPDX-License-Identifier: MIT
-- The titles of all dashboards of organisation 1, a line each: what grafana.conf beside this file shows.
-- The client is one for the worker. Its url names the host that Grafana expects, and its path, where there is one.

local grafana = require "grafana"
local capture = require "grafana.capture"

local g = grafana.connect("http://grafana.example", {"admin", "admin"}, {
  transport = capture("/grafana-upstream"), deadline = 5000,
})

local dashboards = {}

function dashboards.page()
  local r = g:search(1, {type = "dash-db"})
  if not r.ok then
    ngx.status = 503
    return ngx.say("Grafana does not answer as it should: ", r.status)
  end
  for _, hit in ipairs(r.hits) do ngx.say(hit.title) end
end

return dashboards
