-- SPDX-License-Identifier: MIT
-- /api/search and the tags. An organisation keeps its sorted list, and each hit its JSON text, until something changes.

local json = require "server.json"
local state = require "server.state"
local answer = require "server.answer"
local access = require "server.access"
local names = require "server.names"
local paging = require "server.paging"

local search = {}

local function describe(req, object, starred)
  local folder = req.org.folders[object.folder_uid or object.parent_uid]
  local hit = {
    id = object.id, uid = object.uid, orgId = not state.v9 and req.org.id or nil, title = object.title, uri = "db/" .. object.slug,
    url = req.prefix .. object.url, slug = "", type = object.is_folder and "dash-folder" or "dash-db", tags = object.tags or json.array {},
    isStarred = starred, folderId = folder and folder.id, folderUid = folder and folder.uid, folderTitle = folder and folder.title,
    folderUrl = folder and req.prefix .. folder.url, sortMeta = 0,
  }
  if not folder and (object.parent_uid or "") ~= "" then   -- 12.4.3 lets a folder be in one that is not there
    hit.folderUid, hit.folderUrl = object.parent_uid, req.prefix .. "/dashboards/f/" .. object.parent_uid .. "/da39a3e"
  end
  if not state.v9 then hit.isDeleted = false end
  return hit
end

-- By title; 9.3.2 has folders first, then dashboards.
local function sorted(org)
  if org.sorted then return org.sorted end
  local list = {}
  for _, kind in ipairs { "folders", "dashboards" } do
    for _, object in pairs(org[kind]) do
      object.sort_key = (not state.v9 and "" or object.is_folder and "0" or "1") .. (state.v9 and object.title:lower() or names.small(object.title))
      object.hit = nil
      list[#list + 1] = object
    end
  end
  table.sort(list, function(a, b)
    if a.sort_key ~= b.sort_key then return a.sort_key < b.sort_key end
    return a.id < b.id
  end)
  org.sorted = list
  return list
end

local function set_of(values)
  local set
  for _, value in ipairs(values) do
    set = set or {}
    set[value] = true
  end
  return set
end

-- The ids of hits that are asked for. For 12.4.3 those of `folderIds` are such, not those of folders above; what is no number is not there.
local function wanted_ids(req)
  if state.v9 then return req:args("dashboardIds") end
  local ids = {}
  for _, name in ipairs { "dashboardIds", "folderIds" } do
    for _, id in ipairs(req:args(name)) do
      if id:find("^%d+$") then ids[#ids + 1] = id end
    end
  end
  return ids
end

-- What the query asks for, read once.
local function criteria(req)
  local folders = not state.v9 and set_of(req:args("folderUIDs")) or nil
  for _, id in ipairs(state.v9 and req:args("folderIds") or {}) do
    local folder = req.org.folder_by_id[tonumber(id)]
    folders = folders or {}
    folders[tonumber(id) == 0 and "" or folder and folder.uid or "\0"] = true
  end
  if folders and folders.general then folders[""] = true end
  local uids, ids = set_of(req:args("dashboardUIDs")), set_of(wanted_ids(req))
  if not uids then uids = set_of(req:args("dashboardUID")) end
  local query = (req:arg("query") or ""):lower()
  if not state.v9 and query:find("*", 1, true) then query = "" end
  return {
    type = req:arg("type"), query = query, tags = req:args("tag"), folders = folders, uids = uids, ids = ids,
    starred = req:arg("starred") == "true", level = req:arg("permission") == "Edit" and access.EDIT or access.VIEW,
  }
end

local function has_tags(object, wanted)
  for _, tag in ipairs(wanted) do
    local found = false
    for _, own in ipairs(object.tags or {}) do found = found or own == tag end
    if not found then return false end
  end
  return true
end

local KIND = { ["dash-db"] = false, ["dash-folder"] = true }

local function matches(req, object, wanted)
  local is_folder = object.is_folder or false
  if object.unfound then return false end
  if KIND[wanted.type] ~= nil and KIND[wanted.type] ~= is_folder then return false end
  if wanted.query ~= "" and not object.title:lower():find(wanted.query, 1, true) then return false end
  if #wanted.tags > 0 and not has_tags(object, wanted.tags) then return false end
  if wanted.folders and not wanted.folders[object.folder_uid or object.parent_uid] then return false end
  if wanted.uids and not wanted.uids[object.uid] then return false end
  if wanted.ids and not wanted.ids[("%.0f"):format(object.id)] then return false end
  if wanted.starred and not (req.user and req.user.stars[object]) then return false end
  return access.level(req, object) >= wanted.level
end

-- The text of one hit; starred ones and those below a sub-path are not worth keeping.
local function hit_text(req, object)
  if req.user and req.user.stars[object] then return json.encode(describe(req, object, true)) end
  if req.prefix ~= "" then return json.encode(describe(req, object, false)) end
  object.hit = object.hit or json.encode(describe(req, object, false))
  return object.hit
end

local function find(req)
  local wanted, found = criteria(req), {}
  for _, object in ipairs(sorted(req.org)) do
    if matches(req, object, wanted) then found[#found + 1] = object end
  end
  if req:arg("sort") ~= "alpha-desc" then return found end
  local reversed = {}
  for index = #found, 1, -1 do reversed[#reversed + 1] = found[index] end
  return reversed
end

-- 12.4.3 puts the folders of a page before its dashboards, unless it was asked for an order.
local function folders_first(hits)
  local result = json.array {}
  for _, kind in ipairs { true, false } do
    for _, object in ipairs(hits) do
      if (object.is_folder or false) == kind then result[#result + 1] = object end
    end
  end
  return result
end

local function get(req)
  local limit = tonumber(req:arg("limit") or "") or paging.DEFAULT
  if limit > paging.MAX then
    return answer.message(422, "Limit is above maximum allowed (5000), use page parameter to access hits beyond limit")
  end
  if not req.org or req.role == "None" then
    if state.v9 then return answer.ok(json.array {}) end
    return answer.failure(500, "Search failed")
  end
  if not state.v9 then
    local kind = req:arg("type") or ""
    if kind ~= "" and KIND[kind] == nil then return answer.failure(500, "Search failed") end
    if req:arg("deleted") == "true" and req.role ~= "Admin" then return answer.failure(401, "Unauthorized") end
  end
  local hits = paging.cut(find(req), math.max(req:number("page", 1), 1), limit > 0 and limit or paging.DEFAULT)
  if not state.v9 and not req:arg("sort") then hits = folders_first(hits) end
  for index, object in ipairs(hits) do hits[index] = hit_text(req, object) end
  return answer.text(200, "[" .. table.concat(hits, ",") .. "]")
end

local function tags(req)
  local counts, result = {}, json.array {}
  for _, dashboard in pairs(req.org and req.org.dashboards or {}) do
    if access.level(req, dashboard) > 0 then
      for _, tag in ipairs(dashboard.tags) do counts[tag] = (counts[tag] or 0) + 1 end
    end
  end
  for term, count in pairs(counts) do result[#result + 1] = { term = term, count = count } end
  table.sort(result, function(a, b)
    if not state.v9 and a.count ~= b.count then return a.count > b.count end
    return a.term < b.term
  end)
  return answer.value(200, result, answer.JSON_UTF8)
end

local function sorting()
  return answer.ok { sortOptions = json.array {
    { name = "alpha-asc", displayName = "Alphabetically (A–Z)", description = "Sort results in an alphabetically ascending order", meta = "" },
    { name = "alpha-desc", displayName = "Alphabetically (Z–A)", description = "Sort results in an alphabetically descending order", meta = "" },
  } }
end

search.routes = {
  { "GET /api/search", "signed-in", get },
  { "GET /api/search/", "signed-in", get },
  { "GET /api/search/sorting", "signed-in", sorting },
  { "GET /api/dashboards/tags", "signed-in", tags },
}

return search
