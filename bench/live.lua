-- SPDX-License-Identifier: MIT
-- live.lua fill COUNT FOLDER | delete ORG | panels ORG COUNT | singles ORG UIDS | gather ORG UIDS: what bench/live does on the server
-- at GRAFANA_URL. `fill` prints the number of an organisation of its own and leaves in FOLDER what curl has to fetch.

local grafana = require "grafana"

local g = grafana.connect(os.getenv "GRAFANA_URL", {os.getenv "GRAFANA_USER" or "admin", os.getenv "GRAFANA_PASSWORD" or "admin"},
  {concurrency = 16, timeout = 120000})
local check = grafana.check
local does = {}

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local function write(path, lines)
  local file = assert(io.open(path, "wb"))
  file:write(table.concat(lines))
  file:close()
end

local function lines_of(path)
  local list = {}
  for line in io.lines(path) do list[#list + 1] = line end
  return list
end

-- Real dashboards, where they lie beside the project, else the examples; as documents.
local function sources()
  local found = {}
  for _, folder in ipairs {os.getenv "GRAFANA_DASHBOARDS" or "../shared/dashboards", "examples/dashboards"} do
    local pipe = io.popen("ls '" .. folder .. "'/*.json 2>/dev/null")
    for path in pipe:lines() do found[#found + 1] = assert(grafana.decode(read(path), {raw = true}), path) end
    pipe:close()
    if #found > 0 then return found end
  end
end

function does.fill(count, folder)
  local org = check(g:create_org(("bench %d %s"):format(os.time(), tostring({}):match "0x(%x+)"))).id
  print(org)
  io.stdout:flush()
  local found, uids, urls, bytes = sources(), {}, {}, 0
  for i = 1, tonumber(count) do
    local dashboard = found[i % #found + 1]:copy()
    uids[i] = ("bench-%05d"):format(i)
    dashboard:remove "id"
    dashboard:set(uids[i], "uid")
    bytes = bytes + #dashboard:text()
    check(g:update_or_create_dashboard(org, dashboard))
    urls[i] = ('url = "%s/api/dashboards/uid/%s"\noutput = "/dev/null"\n'):format(os.getenv "GRAFANA_URL", uids[i])
  end
  write(folder .. "/uids", {table.concat(uids, "\n"), "\n"})
  write(folder .. "/singles.cfg", urls)
  write(folder .. "/size", {("%d dashboards of %.1f KB"):format(#uids, bytes / #uids / 1000)})
end

function does.delete(org) check(g:delete_org(tonumber(org))) end

function does.panels(org, count)
  local r = check(g:get_org_panels(tonumber(org)))
  assert(not r.failed and #r.panels > tonumber(count), "not all have come")
end

function does.singles(org, uids)
  for _, uid in ipairs(lines_of(uids)) do check(g:get_ds_panels(tonumber(org), uid)) end
end

function does.gather(org, uids)
  local rows = {}
  for i, uid in ipairs(lines_of(uids)) do rows[i] = {"get_ds_panels", tonumber(org), uid} end
  for _, r in ipairs(grafana.gather(g, rows)) do check(r) end
end

does[arg[1]](arg[2], arg[3])
