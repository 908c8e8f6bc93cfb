-- SPDX-License-Identifier: MIT
--- Reads all dashboards and panels of all organisations that the credentials may see.
--
-- What it makes is what /directory.json answers:
--
--     {single = true where the credentials see one organisation only, orgs = {{
--       id, name, read = when its dashboards were read, problem = {since, status, message} or nil,
--       dashboards = {{uid, title, url, folder, tags = {…}, panels = {{id, title, type}}}},
--       failed = {{uid, title, url, status, message}}}}}

local grafana = require "grafana"
local html = require "directory.html"
local filter = require "directory.filter"

local gather = {}

-- A reading may take its time: it keeps nobody waiting.
local OPTIONS = {deadline = 120000, max_retries = 2}
local LONGEST = 1000   -- bytes of a message that are kept
local SLICE = 100   -- so many dashboards are handled before others have their turn
local SEARCH = {type = "dash-db", deadline = OPTIONS.deadline, max_retries = OPTIONS.max_retries}

-- Anything may stand in a dashboard where a title is due. Controls are no text.
local function text(value)
  if type(value) == "number" then return ("%.14g"):format(value) end
  return type(value) == "string" and html.clean(value) or ""
end

local function texts(list)
  local out = grafana.array {}
  for _, value in ipairs(type(list) == "table" and list or {}) do
    local one = text(value)
    if one:find "%S" then out[#out + 1] = one end
  end
  return out
end

-- ----------------------------------------------------------------------------------------------------- links --

--- Where browsers find a dashboard. Only what follows `/d/` is the server's word, and only where it is this dashboard's
-- uid and a plain slug: scheme, host and path before it are the operator's.
-- @string base Grafana's address for browsers, without a slash at the end
-- @string path what the server says: /d/<uid>/<slug>, below Grafana's own sub-path if it has one
-- @string uid
-- @param org its id, or nil
function gather.link(base, path, uid, org)
  local _, last = path:find("/d/" .. uid, 1, true)
  local slug = last and path:sub(last + 1):match "^/[%w_%%-]*$" or ""
  return base .. "/d/" .. html.percent(uid) .. slug .. (org and "?orgId=" .. tostring(org) or "")
end

-- ------------------------------------------------------------------------------------------- one organisation --

local function panel_of(panel)
  local id = type(panel.id) == "number" and panel.id % 1 == 0 and panel.id or nil
  return {id = id, title = text(panel.title), type = text(panel.type)}
end

local function dashboard_of(dashboard, hit, base, org)
  local panels, uid = grafana.array {}, text(dashboard.uid)
  for i, panel in ipairs(dashboard.panels) do panels[i] = panel_of(panel) end
  return {
    uid = uid, title = text(dashboard.title), url = gather.link(base, text(dashboard.url), uid, org),
    folder = hit and text(hit.folderTitle):find "%S" and text(hit.folderTitle) or nil,
    tags = texts(hit and hit.tags), panels = panels,
  }
end

-- By folder, those in none first, then by title; the uid makes it the same each time.
local function sort_dashboards(list)
  local keys = {}
  for _, d in ipairs(list) do
    keys[d] = table.concat({filter.lower(d.folder or ""), d.folder or "", filter.lower(d.title), d.uid}, "\1")
  end
  table.sort(list, function(a, b) return keys[a] < keys[b] end)
  return list
end

local function cut(message)
  if #message <= LONGEST then return message end
  return (message:sub(1, LONGEST):gsub("[\192-\255]?[\128-\191]*$", "")) .. "…"
end

local function failed_of(list, hits, base, org)
  local out = grafana.array {}
  for i, failed in ipairs(list or {}) do
    local uid = text(failed.uid)
    local hit = hits[uid] or {}
    out[i] = {uid = uid, title = text(hit.title), url = gather.link(base, text(hit.url), uid, org),
      status = failed.status, message = cut(text(failed.message))}
  end
  return out
end

-- The search tells tags and folders, the listing the panels.
local function read_org(job, org)
  local g, id = job.client, org.id or grafana.own
  local found = g:search(id, SEARCH)
  if not found.ok then return nil, found end
  local listed = g:get_org_dashboards(id, OPTIONS)
  if not listed.ok then return nil, listed end
  local hits, dashboards = {}, grafana.array {}
  for _, hit in ipairs(found.hits) do hits[text(hit.uid)] = hit end
  for i, dashboard in ipairs(listed.dashboards) do
    dashboards[i] = dashboard_of(dashboard, hits[dashboard.uid], job.base, org.id)
    if i % SLICE == 0 then job.rest() end
  end
  return {dashboards = sort_dashboards(dashboards), failed = failed_of(listed.failed, hits, job.base, org.id)}
end

--- What went wrong, and since when: for as long as it is the same, since the first time.
function gather.problem(result, before, now)
  local message = cut(text(result.message))
  local same = before and before.status == result.status and before.message == message
  return {since = same and before.since or now, status = result.status, message = message}
end

-- What was read before of an organisation.
local function known_of(job, id)
  local data = job.before()
  for _, org in ipairs(data and data.orgs or {}) do
    if org.id == id then return org end
  end
  return {dashboards = grafana.array {}, failed = grafana.array {}}
end

-- What was read before stays where nothing can be read now.
local function org_of(job, org)
  local read, failure = read_org(job, org)
  if read then
    return {id = org.id, name = org.name, read = job.now, dashboards = read.dashboards, failed = read.failed}
  end
  local known = known_of(job, org.id)
  return {id = org.id, name = org.name, read = known.read, dashboards = known.dashboards, failed = known.failed,
    problem = gather.problem(failure, known.problem, job.now)}
end

-- --------------------------------------------------------------------------------------- all organisations --

-- A token belongs to one organisation, and may not even be allowed to know its name.
local function own_org(g)
  local current = g:get_current_org(OPTIONS)
  if current.ok then return {{id = current.org.id, name = text(current.org.name)}}, true end
  if current.status == "access-denied" and current.reason ~= "bad-credentials" then return {{name = ""}}, true end
  return nil, current
end

-- The organisations, and whether the credentials see their own only; or nil and the result that says why not.
local function orgs_of(g)
  local listed = g:get_orgs(OPTIONS)
  if listed.ok then
    local orgs = {}
    for i, org in ipairs(listed.orgs) do orgs[i] = {id = org.id, name = text(org.name)} end
    table.sort(orgs, function(a, b)
      local x, y = filter.lower(a.name), filter.lower(b.name)
      if x ~= y then return x < y end
      return a.id < b.id
    end)
    return orgs, false
  end
  if listed.status == "access-denied" and listed.reason ~= "bad-credentials" then return own_org(g) end
  return nil, listed
end

-- Where not one organisation can be read, Grafana cannot.
local function is_read(data)
  for _, org in ipairs(data.orgs) do
    if not org.problem then return true end
  end
  return #data.orgs == 0
end

--- Reads everything.
-- @tab job `client`; `base`, Grafana's address for browsers, without a slash at the end; `before()`, what was read the
-- last time or nil: stays for organisations that cannot be read now; `now` in seconds; `rest()`, called now and then to
-- let others work
-- @return the data; or nil and what says why there are none: {status, message}
function gather.read(job)
  local orgs, single = orgs_of(job.client)
  if not orgs then return nil, single end
  local data = {single = single, orgs = grafana.array {}}
  for i, org in ipairs(orgs) do data.orgs[i] = org_of(job, org) end
  if is_read(data) then return data end
  return nil, data.orgs[1].problem
end

--- How much there is: {orgs, dashboards, panels, failed, unreadable}.
function gather.count(data)
  local n = {orgs = #data.orgs, dashboards = 0, panels = 0, failed = 0, unreadable = 0}
  for _, org in ipairs(data.orgs) do
    n.dashboards, n.failed = n.dashboards + #org.dashboards, n.failed + #org.failed
    if org.problem then n.unreadable = n.unreadable + 1 end
    for _, dashboard in ipairs(org.dashboards) do n.panels = n.panels + #dashboard.panels end
  end
  return n
end

return gather
