-- SPDX-License-Identifier: MIT
--- What is inside a folder, counted afresh before it is deleted: it would go with the folder.
-- @module grafana.bulk.folder_contents

local outcome = require "grafana.bulk.outcome"

local ipairs, table, type = ipairs, table, type

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

-- Servers without counts have no folders inside folders.
local function looked_through(at, uid)
  local counts = {folder = 0, dashboard = 0, librarypanel = 0, alertrule = 0}
  local found = at.g:search(at.org, {type = "dash-db"})
  if not found.ok then return nil, found end
  for _, hit in ipairs(found.hits) do
    if hit.folderUid == uid then counts.dashboard = counts.dashboard + 1 end
  end
  local rules = at.g:request("GET", "/api/ruler/grafana/api/v1/rules/" .. uid, {org = at.org})
  if rules.ok and type(rules.body) == "table" and next(rules.body) ~= nil then counts.alertrule = 1 end
  if not rules.ok and rules.code ~= 404 then return nil, rules end
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
