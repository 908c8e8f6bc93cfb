-- SPDX-License-Identifier: MIT
--- Whole organisations by two ways, over /apis and over the old routes: fills organisations, and says where two results
-- differ.

local grafana = require "grafana"
local odd = require "spec.support.odd_dashboards"

local two_ways = {}

--- Where real dashboards lie: beside the project, which they are no part of; the folder may be empty or missing.
two_ways.SHARED = os.getenv("GRAFANA_DASHBOARDS") or "../shared/dashboards"

local function read_file(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

--- The texts of the dashboards in a folder, by name; none where it is missing.
function two_ways.files(folder)
  local found = {}
  local pipe = io.popen("ls " .. folder .. "/*.json 2>/dev/null")
  for path in pipe:lines() do found[#found + 1] = {name = path:match("([^/]+)%.json$"), text = read_file(path)} end
  pipe:close()
  return found
end

local function send(g, org, path, body)
  local r = g:request("POST", path, {org = org, body = body})
  return r.ok or error(("POST %s: %s"):format(path, tostring(r)), 0)
end

--- Posts the dashboards of a folder by the old route, each with a uid of its own. How many there were.
function two_ways.post_files(g, org, folder, prefix)
  local files = two_ways.files(folder)
  for i, file in ipairs(files) do
    local dashboard = assert(grafana.decode(file.text, {raw = true}), file.name)
    dashboard:remove("id")
    dashboard:set(("%s-%03d"):format(prefix, i), "uid")
    grafana.check(g:update_or_create_dashboard(org, dashboard, {overwrite = true}))
  end
  return #files
end

local function post_by_apis(g, org, row)
  local namespace = org == 1 and "default" or "org-" .. org
  local notes = row.folder and ('"annotations":{"grafana.app/folder":"%s"},'):format(row.folder) or ""
  local text = ('{"apiVersion":"dashboard.grafana.app/%s","kind":"Dashboard","metadata":{%s"name":"%s"},"spec":%s}')
    :format(row.via, notes, row.uid, row.spec)
  local path = ("/apis/dashboard.grafana.app/%s/namespaces/%s/dashboards"):format(row.via, namespace)
  send(g, org, path, assert(grafana.decode(text, {raw = true}), row.uid))
end

local function post_by_old_route(g, org, row)
  local folder = row.folder and (',"folderUid":"%s"'):format(row.folder) or ""
  local text = ('{"dashboard":%s,"overwrite":true%s}'):format(row.spec, folder)
  local body = assert(grafana.decode(text, {raw = true}), row.uid)
  body:set(row.uid, "dashboard", "uid")
  send(g, org, "/api/dashboards/db", body)
end

--- Posts the odd ones; those that only /apis takes are left out on servers without. How many there were.
function two_ways.post_odd(g, org, without_apis)
  local count = 0
  for _, uid in ipairs(odd.FOLDERS) do send(g, org, "/api/folders", {uid = uid, title = "Folder " .. uid}) end
  for _, row in ipairs(odd.list) do
    if not row.via then post_by_old_route(g, org, row)
    elseif not without_apis then post_by_apis(g, org, row) end
    count = count + ((row.via and without_apis) and 0 or 1)
  end
  return count
end

--- How many of the odd ones a search finds.
function two_ways.findable()
  local count = 0
  for _, row in ipairs(odd.list) do count = count + (row.unfound and 0 or 1) end
  return count
end

-- One row as text, with its keys in order: what two rows have to have in common.
local function text_of(item)
  return grafana.encode(item, {sorted = true})
end

local function compare_lists(key, a, b)
  for i = 1, math.max(#a, #b) do
    local x, y = a[i] and text_of(a[i]) or "nothing", b[i] and text_of(b[i]) or "nothing"
    if x ~= y then return ("%s[%d]: %s and %s"):format(key, i, x, y) end
  end
end

--- Where two results of one operation differ, in words; nil where they do not.
function two_ways.difference(a, b)
  if not a.ok or not b.ok then return ("%s and %s"):format(tostring(a), tostring(b)) end
  local key = a.panels and "panels" or "dashboards"
  local failed = compare_lists("failed", a.failed or {}, b.failed or {})
  return failed or compare_lists(key, a[key], b[key])
end

--- The calls whose results have to be the same: {operation, options}.
two_ways.CALLS = {
  {"get_org_panels"}, {"get_org_panels", {rows = true}}, {"get_org_dashboards"}, {"get_org_dashboards", {rows = true}},
}

--- Makes each call with both clients and checks that the results are the same; the number of panels that came.
function two_ways.assert_same(by_pages, by_singles, org)
  local count
  for _, call in ipairs(two_ways.CALLS) do
    local name, options = call[1], call[2] or {}
    local a = by_pages[name](by_pages, org, options)
    local found = two_ways.difference(a, by_singles[name](by_singles, org, options))
    assert(not found, ("%s%s: %s"):format(name, options.rows and " with rows" or "", tostring(found)))
    count = count or #a.panels
  end
  return count
end

--- A transport for `connect` that sends by `send_on` what does not go to /apis, and knows no /apis.
function two_ways.without_apis(send_on)
  return function(request)
    if not request.url:find("/apis/", 1, true) then return send_on(request) end
    return {code = 404, headers = {["Content-Type"] = "application/json"}, body = '{"message":"Not found"}'}
  end
end

return two_ways
