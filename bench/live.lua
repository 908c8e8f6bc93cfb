-- SPDX-License-Identifier: MIT
-- live.lua fill COUNT | delete ORG | list ORG FOLDER | panels ORG COUNT | singles ORG UIDS | gather ORG UIDS: what
-- bench/live does on the server at GRAFANA_URL. `fill` prints the number of an organisation of its own, `list` leaves
-- in FOLDER which dashboards there are and what curl has to fetch.

local grafana = require "grafana"

local URL, USER, PASSWORD = os.getenv "GRAFANA_URL", os.getenv "GRAFANA_USER", os.getenv "GRAFANA_PASSWORD"
local g = grafana.connect(URL, {USER or "admin", PASSWORD or "admin"}, {concurrency = 16, timeout = 120000})
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

function does.fill(count)
  local org = check(g:create_org(("bench %d %s"):format(os.time(), tostring({}):match "0x(%x+)"))).id
  print(org)
  io.stdout:flush()
  local found = sources()
  for i = 1, tonumber(count) do
    local dashboard = found[i % #found + 1]:copy()
    dashboard:remove "id"
    dashboard:set(("bench-%05d"):format(i), "uid")
    check(g:update_or_create_dashboard(org, dashboard))
  end
end

function does.list(org, folder)
  local uids, urls = {}, {}
  for i, hit in ipairs(check(g:search(tonumber(org), {type = "dash-db"})).hits) do
    uids[i] = hit.uid .. "\n"
    urls[i] = ('url = "%s/api/dashboards/uid/%s"\noutput = "/dev/null"\n'):format(URL, hit.uid)
  end
  write(folder .. "/uids", uids)
  write(folder .. "/singles.cfg", urls)
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
