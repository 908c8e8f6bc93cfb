-- SPDX-License-Identifier: MIT
-- Real dashboards, posted into an organisation of their own on the server at GRAFANA_URL and read back: nothing may be
-- lost. They lie beside the project, in ../shared/dashboards, and are no part of it: without them nothing is done here.

package.path = "./?.lua;./?/init.lua;" .. package.path   -- 5.1 and LuaJIT do not look for ./?/init.lua

local grafana = require "grafana"
local live = require "spec.golden.live"

local FOLDER = "../shared/dashboards"

local function read_file(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local function read_dashboards()
  local list = {}
  local pipe = io.popen("ls " .. FOLDER .. "/*.json 2>/dev/null")
  for path in pipe:lines() do
    local text = read_file(path)
    list[#list + 1] = { name = path:match("[^/]+$"), text = text, table = assert(grafana.decode(text)) }
  end
  pipe:close()
  return list
end

-- Every panel that is no row, however deep: in rows, in rows of rows, in the rows of dashboards older than schema 16.
local function count_panels(holder)
  local count = 0
  for _, panel in ipairs(type(holder.panels) == "table" and holder.panels or {}) do
    if panel.type ~= "row" then count = count + 1 end
    count = count + count_panels(panel)
  end
  for _, row in ipairs(type(holder.rows) == "table" and holder.rows or {}) do count = count + count_panels(row) end
  return count
end

local function number_of(value)
  if type(value) == "number" then return value end
  return type(value) == "userdata" and value ~= grafana.null and tonumber(tostring(value)) or nil
end

local function kind_of(value)
  if number_of(value) then return "number" end
  if value == grafana.null then return "null" end
  return type(value)
end

-- The first difference, or nil. Numbers are compared as doubles: Grafana 12 passes them through such.
local function difference(path, a, b)
  if kind_of(a) ~= kind_of(b) then return ("%s: %s became %s"):format(path, kind_of(a), kind_of(b)) end
  if kind_of(a) == "number" then
    a, b = number_of(a) + 0.0, number_of(b) + 0.0
  end
  if type(a) ~= "table" then return a ~= b and ("%s: %s became %s"):format(path, tostring(a), tostring(b)) or nil end
  if getmetatable(a) ~= getmetatable(b) then return path .. ": a list and an object" end
  for key, value in pairs(a) do
    local found = b[key] == nil and path .. "." .. key .. ": lost" or difference(path .. "." .. key, value, b[key])
    if found then return found end
  end
  for key in pairs(b) do
    if a[key] == nil then return path .. "." .. key .. ": added" end
  end
end

-- What may differ: `id` and `version`, which are the server's, and `uid` where the file has none.
local function comparable(dashboard, has_uid)
  local copy = {}
  for key, value in pairs(dashboard) do
    if key ~= "id" and key ~= "version" and (key ~= "uid" or has_uid) then copy[key] = value end
  end
  return copy
end

local function each(dashboards, check)
  local found = {}
  for _, dashboard in ipairs(dashboards) do
    local problem = check(dashboard)
    if problem then found[#found + 1] = dashboard.name .. ": " .. problem end
  end
  assert.equal("", table.concat(found, "\n"))
end

describe("real dashboards on the server at GRAFANA_URL", function()
  local dashboards = read_dashboards()
  if #dashboards == 0 then
    pending("none in " .. FOLDER)
    return
  end

  local server, world, org, g

  setup(function()
    server = live.server {
      url = assert(os.getenv("GRAFANA_URL"), "GRAFANA_URL is not set"),
      user = os.getenv("GRAFANA_USER") or "admin",
      password = os.getenv("GRAFANA_PASSWORD") or "admin",
    }
    world = live.world(server)
    org, g = world:new_org(), server.admin
  end)

  teardown(function()
    local left = world and world:clean() or {}
    assert.equal("", table.concat(left, "\n"))
  end)

  it("are posted", function()
    each(dashboards, function(dashboard)
      local r = g:update_or_create_dashboard(org, grafana.decode(dashboard.text, { raw = true }))
      dashboard.uid = r.uid
      return not r.ok and tostring(r) or nil
    end)
  end)

  it("come back as they were", function()
    each(dashboards, function(dashboard)
      local r = g:get_dashboard(org, dashboard.uid)
      if not r.ok then return tostring(r) end
      local has_uid = type(dashboard.table.uid) == "string" and dashboard.table.uid ~= ""
      return difference("dashboard", comparable(dashboard.table, has_uid), comparable(r.dashboard, has_uid))
    end)
  end)

  it("are found, all of them", function()
    assert.equal(#dashboards, #grafana.check(g:search(org, { type = "dash-db" })).hits)
  end)

  it("have the panels that are in the files, one by one", function()
    each(dashboards, function(dashboard)
      local r = g:get_ds_panels(org, dashboard.uid)
      local count = count_panels(dashboard.table)
      return #r.panels ~= count and ("%d panels in the file, %d told"):format(count, #r.panels) or nil
    end)
  end)

  it("have the panels that are in the files, all at once", function()
    local by_uid, total = {}, 0
    for _, dashboard in ipairs(dashboards) do total = total + count_panels(dashboard.table) end
    local r = grafana.check(g:get_org_panels(org))
    assert.is_nil(r.failed)
    assert.equal(total, #r.panels)
    for _, panel in ipairs(r.panels) do by_uid[panel.ds_id] = (by_uid[panel.ds_id] or 0) + 1 end
    each(dashboards, function(dashboard)
      local count = count_panels(dashboard.table)
      local told = by_uid[dashboard.uid] or 0
      return told ~= count and ("%d of %d panels"):format(told, count) or nil
    end)
  end)

  it("are listed with their panels", function()
    local by_uid = {}
    local r = grafana.check(g:get_org_dashboards(org))
    assert.equal(#dashboards, #r.dashboards)
    for _, dashboard in ipairs(r.dashboards) do by_uid[dashboard.uid] = dashboard end
    each(dashboards, function(dashboard)
      local told = by_uid[dashboard.uid]
      if not told then return "not listed" end
      if told.title ~= dashboard.table.title then return "called " .. told.title end
      return #told.panels ~= count_panels(dashboard.table) and #told.panels .. " panels" or nil
    end)
  end)

  it("posted again as they came back, they keep what they hold", function()
    each(dashboards, function(dashboard)
      local before = g:get_dashboard(org, dashboard.uid, { raw = true })
      if not before.ok then return tostring(before) end
      local r = g:update_or_create_dashboard(org, before.dashboard, { overwrite = true })
      if not r.ok then return tostring(r) end
      local after = g:get_dashboard(org, dashboard.uid, { raw = true })
      local was, is = before.dashboard:table(), after.dashboard:table()
      return difference("dashboard", comparable(was, true), comparable(is, true))
    end)
  end)
end)
