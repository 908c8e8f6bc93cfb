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

-- Which of `count` dashboards are deleted, edited and moved when a listing has got so far; the others stay as they are.
local CHANGES = {{"after the search", 3, 4, 5}, {"after the first page", 1, 2, -1}, {"later", -2, -3, -4}}

local function uid_of(count, i)
  return ("changing-%03d"):format(i < 0 and count + 1 + i or i)
end

local function large(uid, title)
  return {uid = uid, title = title, panels = {{id = 1, type = "text", title = uid, description = ("d"):rep(100000)}}}
end

--- Fills an organisation with dashboards of 100 KB, for pages of about twenty.
function two_ways.post_changing(g, org, count)
  grafana.check(g:create_folder(org, {uid = "aside", title = "Aside"}))
  for i = 1, count do grafana.check(g:update_or_create_dashboard(org, large(uid_of(count, i), "Before " .. i))) end
end

local function change(g, org, count, step)
  local changes = CHANGES[step]
  if not changes then return end
  g:delete_dashboard(org, uid_of(count, changes[2]))
  g:update_or_create_dashboard(org, large(uid_of(count, changes[3]), "After " .. step), {overwrite = true})
  local moved = large(uid_of(count, changes[4]), "Moved " .. step)
  g:update_or_create_dashboard(org, moved, {overwrite = true, folderUid = "aside"})
  g:update_or_create_dashboard(org, large("changing-new-" .. step, "New " .. step), {})
end

--- A transport for `connect` that sends by `send_on`, and has `g` change the organisation after the search, after the
-- first page or dashboard, and after the second.
function two_ways.changing(g, org, count, send_on)
  local step = 0
  return function(request)
    local answer, problem, arrived = send_on(request)
    local searched = request.url:find("/api/search", 1, true) and answer and answer.body == "[]"
    if searched or step > 0 and request.url:find "/dashboards[/?]" then
      step = step + 1
      change(g, org, count, step)
    end
    return answer, problem, arrived
  end
end

--- What is wrong with a listing of dashboards that changed meanwhile; nil if nothing is: none is doubled, and those
-- that were there all the time are there.
function two_ways.wrong_with(g, org, dashboards, count)
  local times = {}
  if not g:get_dashboard(org, "changing-new-" .. #CHANGES).ok then return "nothing was changed" end
  for _, dashboard in ipairs(dashboards) do
    times[dashboard.uid] = (times[dashboard.uid] or 0) + 1
    if times[dashboard.uid] > 1 then return dashboard.uid .. " is doubled" end
    local panel = dashboard.panels[1]
    if #dashboard.panels ~= 1 or panel.title ~= dashboard.uid then return dashboard.uid .. " has not its own panel" end
  end
  for _, changes in ipairs(CHANGES) do times[uid_of(count, changes[2])] = 1 end   -- deleted: whether or not
  for i = 1, count do
    if not times[uid_of(count, i)] then return uid_of(count, i) .. " is lost" end
  end
end

return two_ways
