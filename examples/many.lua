-- SPDX-License-Identifier: MIT
-- What there is in every organisation: users, dashboards, data sources. All organisations are asked at once.
--
--     export GRAFANA_URL=https://example.org/grafana GRAFANA_USER=admin GRAFANA_PASSWORD=…
--     lua5.4 examples/many.lua
--
-- It needs the rights of a server admin. What his account may not see in an organisation is a dash, with the reason
-- behind the line.

local grafana = require "grafana"
local check = grafana.check

-- Three calls at once; inside a task the tasks of other organisations go on meanwhile.
local function look_into(g, org)
  local users, dashboards, datasources = (table.unpack or unpack)(grafana.gather(g, {
    {"get_org_users", org.id},
    {"search", org.id, {type = "dash-db"}},
    {"get_datasources", org.id},
  }))
  return {users = users, dashboards = dashboards, datasources = datasources}
end

local function count(result, key)
  return result.ok and ("%d"):format(#result[key]) or "-"
end

local function print_line(org, found)
  local problem = not found.users.ok and found.users or not found.dashboards.ok and found.dashboards
    or not found.datasources.ok and found.datasources
  print(("%-30s %6s %10s %12s  %s"):format(org.name, count(found.users, "users"), count(found.dashboards, "hits"),
    count(found.datasources, "datasources"), problem and problem.message or ""))
end

local function main()
  local g = grafana.connect(nil, nil, {concurrency = 16})   -- as the environment says; 16 requests on the wire at most
  local orgs = check(g:get_orgs()).orgs

  grafana.run(function()
    local tasks = {}
    for i, org in ipairs(orgs) do tasks[i] = grafana.spawn(look_into, g, org) end

    print(("%-30s %6s %10s %12s"):format("organisation", "users", "dashboards", "data sources"))
    for i, org in ipairs(orgs) do print_line(org, tasks[i]:wait()) end   -- in order, each as soon as it can be
  end)
  g:close()
end

local fine, problem = pcall(main)
if not fine then
  io.stderr:write("many.lua: ", tostring(problem), "\n")
  os.exit(1, true)   -- true: with everything closed
end
