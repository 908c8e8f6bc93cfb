-- SPDX-License-Identifier: MIT
--- What is inside a folder, counted afresh before it is deleted: it would go with the folder.
-- @module grafana.bulk.folder_contents

local core = require "grafana.core"
local outcome = require "grafana.bulk.outcome"

local ipairs, pairs, table, type = ipairs, pairs, table, type

local contents = {}

local NAMES = {
  {"folder", "folder", "folders"}, {"dashboard", "dashboard", "dashboards"},
  {"librarypanel", "library panel", "library panels"}, {"alertrule", "alert rule", "alert rules"},
}

local function number(count) return type(count) == "number" and count or 0 end

-- What the server itself counts, at every level; nil where it does not.
local function counted(at, uid)
  local r = at.g:call("getFolderDescendantCounts", {folder_uid = uid}, {org = at.org})
  if r.ok and type(r.body) == "table" then return r.body end
  if r.ok or r.reason == "unsupported" then return nil end
  return nil, r
end

local PER_PAGE = 100

local function count_dashboards(at, uid)
  local r = at.g:search(at.org, {type = "dash-db"})
  if not r.ok then return nil, r end
  local count = 0
  for _, hit in ipairs(r.hits) do
    if hit.folderUid == uid then count = count + 1 end
  end
  return count
end

-- Not every server can tell those of one folder alone.
local function count_library_panels(at, uid)
  local page, seen, count = 0, 0, 0
  while true do
    page = page + 1
    local r = at.g:call("getLibraryElements", {perPage = PER_PAGE, page = page}, {org = at.org})
    if not r.ok then return nil, r end
    local result = core.get(r.body, "result") or {}
    for _, element in ipairs(result.elements or {}) do
      seen = seen + 1
      if core.get(element, "folderUid") == uid then count = count + 1 end
    end
    if #(result.elements or {}) == 0 or seen >= (result.totalCount or 0) then return count end
  end
end

-- What Grafana's own pages read: {title of the folder: [group]}.
local function count_rules(at, uid)
  local r = at.g:request("GET", "/api/ruler/grafana/api/v1/rules", {org = at.org})
  if not r.ok and not outcome.is_unsupported(r) then return nil, r end
  local count = 0
  for _, groups in pairs(r.ok and r.body or {}) do
    for _, group in ipairs(groups) do
      for _, rule in ipairs(group.rules) do
        if core.get(rule, "grafana_alert", "namespace_uid") == uid then count = count + 1 end
      end
    end
  end
  return count
end

local COUNTERS = {dashboard = count_dashboards, librarypanel = count_library_panels, alertrule = count_rules}

-- Servers without counts have no folders inside folders.
local function looked_through(at, uid)
  local counts = {}
  for name, count in pairs(COUNTERS) do
    local found, r = count(at, uid)
    if not found then return nil, r end
    counts[name] = found
  end
  return counts
end

local function sentence(counts)
  local parts = {}
  for _, row in ipairs(NAMES) do
    local count = number(counts[row[1]])
    if count > 0 then parts[#parts + 1] = ("%d %s"):format(count, count == 1 and row[2] or row[3]) end
  end
  return table.concat(parts, ", ")
end

--- nil where the folder is empty; else a result that says what is inside, or why that is not known.
function contents.check(at, uid)
  local counts, r = counted(at, uid)
  if r then return r end
  if not counts then counts, r = looked_through(at, uid) end
  if r then return r end
  local inside = sentence(counts)
  if inside == "" then return nil end
  return outcome.new("invalid-data", "the folder is not empty: " .. inside .. " inside")
end

return contents
