-- SPDX-License-Identifier: MIT
--- Folders. From the flat list, not by walking down from the root: a folder whose parent is gone is in no walk.
-- @module grafana.bulk.kinds.folders

local core = require "grafana.core"
local apis = require "grafana.bulk.apis"
local objects = require "grafana.bulk.objects"
local outcome = require "grafana.bulk.outcome"
local parents = require "grafana.bulk.parents"

local ipairs, pairs, require, table = ipairs, pairs, require, table

local folders = {
  name = "folders", one = "folder", scope = "org",
  cannot_undo = {
    update = {"who changed a folder last, and when"}, delete = {"numeric ids, authors and dates of folders"},
  },
}

local FOLDERS = apis.FOLDERS
local PARENT = "grafana.app/folder"
local VERSIONS = {"v1", "v1beta1"}

-- Names that Grafana keeps for itself: no folders, though it answers as if they were.
local RESERVED = {general = true, sharedwithme = true}

function folders.key(value) return value:get("uid") end
function folders.title(value) return value:get("title") or value:get("uid") end

function folders.references(value, swap)
  local parent = value:get("parentUid")
  local other = parent and swap("folders", parent)
  if other then value:set(other, "parentUid") end
  return value
end

function folders.about(value)
  local parent = value:get("parentUid")
  return parent and {parent = parent} or {}
end

local DEEPEST = 20   -- a circle ends here

function folders.rank(about, find)
  local depth = 0
  while about and about.parent and depth < DEEPEST do
    about = find(about.parent)
    depth = depth + 1
  end
  return depth
end

local function text(name) return require("grafana.bulk.show").text(name) end

-- ------------------------------------------------------------------------------------------------------ reading --

local function given(value)
  if value ~= nil and value ~= "" then return value end
end

local function new(uid, title, description, parent, lock)
  parent = given(parent)
  return objects.new(folders, {uid = uid, title = title, description = given(description), parentUid = parent}, lock,
    {parent = parent})
end

-- The version in which the server has folders below /apis; nil: it has none there.
local function version_of(at)
  if not at.server.has_apis then return nil end
  for _, version in ipairs(VERSIONS) do
    if apis.has(at, FOLDERS, version) then return version end
  end
end

-- What else is known of a folder stays with it: a PUT takes away what it does not name.
local function object_of(doc, version)
  local lock, metadata = apis.lock(doc, version), apis.metadata(doc)
  lock.annotations, lock.labels = metadata.annotations, metadata.labels
  return new(metadata.name, doc:get("spec", "title"), doc:get("spec", "description"),
    metadata.annotations and metadata.annotations[PARENT], lock)
end

local function read_by_apis(at, uid, version)
  local doc, r = apis.read(at, FOLDERS, version, uid)
  if not doc then return nil, r end
  local object = object_of(doc, version)
  doc:close()
  return object
end

local function read_old(at, uid)
  local r = at.g:get_folder(at.org, uid)
  if r.ok then
    local folder = r.folder
    return new(folder.uid, folder.title, nil, folder.parentUid, {version = folder.version})
  end
  if r.status == "not-found" and r.reason == nil then return nil end
  return nil, r
end

function folders.read(at, uid)
  if RESERVED[uid] then return nil end
  local version = version_of(at)
  if version then return read_by_apis(at, uid, version) end
  return read_old(at, uid)
end

-- ------------------------------------------------------------------------------------------------------ listing --

local function list_by_apis(at, version, take)
  return apis.pages(at, FOLDERS, version, {}, function(item)
    take(object_of(item, version))
    item:close()
  end)
end

local function list_by_search(at, take)
  local r = at.g:search(at.org, {type = "dash-folder"})
  if not r.ok then return r end
  for _, hit in ipairs(r.hits) do take(new(hit.uid, hit.title, nil, hit.folderUid)) end
  return outcome.ok()
end

local function list_all(at, take)
  local version = version_of(at)
  local r = version and list_by_apis(at, version, take)
  if not r or not r.ok and (r.code == 403 or r.code == 404) then r = list_by_search(at, take) end
  return r
end

-- Those whose parent is not there.
local function tell_orphans(out, parent_of)
  local orphans = {}
  for uid, parent in pairs(parent_of) do
    if parent and parent_of[parent] == nil then orphans[#orphans + 1] = uid end
  end
  table.sort(orphans)
  for _, uid in ipairs(orphans) do
    out.note(("folder %s: its parent %s is gone, or hidden from this account"):format(text(uid), text(parent_of[uid])))
  end
end

function folders.list(at, out)
  local parent_of = {}
  local r = list_all(at, function(object)
    if RESERVED[object.key] or parent_of[object.key] ~= nil then return end
    parent_of[object.key] = object.about.parent or false
    out.take(object)
  end)
  if r.ok and not r.is_doubtful and out.note then tell_orphans(out, parent_of) end
  if r.is_doubtful then return outcome.new("error", "the list of folders ended before it was whole", "cut") end
  return r
end

-- ------------------------------------------------------------------------------------------------------ writing --

local function annotations_of(value, now)
  local annotations = core.object {}
  for key, note in pairs(now and now.lock.annotations or {}) do annotations[key] = note end
  annotations[PARENT] = value.parentUid
  return annotations
end

local function body_of(value, version, now)
  local lock = now and now.lock or {}
  return {
    apiVersion = FOLDERS.group .. "/" .. version, kind = FOLDERS.kind,
    metadata = {
      name = value.uid, annotations = annotations_of(value, now), labels = lock.labels, resourceVersion = lock.version,
    },
    spec = {title = value.title, description = value.description or ""},
  }
end

-- What the server says of too many levels, and of circles, in words only.
local function judge(r)
  local message = r.message or ""
  if message:find("circular", 1, true) or message:find("depth", 1, true) then
    r.status, r.reason = "invalid-data", nil
  end
  return r
end

local function write_by_apis(at, value, now, version)
  local r, doc
  if now then
    r, doc = apis.replace(at, FOLDERS, version, value.uid, body_of(value, version, now))
  else
    r, doc = apis.create(at, FOLDERS, version, body_of(value, version))
  end
  if not r.ok then return judge(r) end
  local after = object_of(doc, version)
  doc:close()
  if not after.lock.version then after.lock.version = now and now.lock.version end   -- nothing was changed
  return r, after
end

local function create_old(at, value)
  return at.g:create_folder(at.org, {uid = value.uid, title = value.title, parentUid = value.parentUid})
end

-- The place, then the title: two requests. Where folders cannot be in others, the first says so.
local function update_old(at, value, now)
  local was, version = now.doc:table(), now.lock.version
  if was.parentUid ~= value.parentUid then
    local r = at.g:move_folder(at.org, value.uid, value.parentUid or core.null)
    if not r.ok or was.title == value.title then return r end
    version = r.folder.version
  end
  local r = at.g:update_folder(at.org, value.uid, {title = value.title, version = version})
  if not r.ok and was.parentUid ~= value.parentUid then
    r.message = "it was moved, but has its old title: " .. r.message
  end
  return r
end

local function write(at, value, now)
  local version = version_of(at)
  if version then return write_by_apis(at, value, now, version) end
  if now then return update_old(at, value, now) end
  return create_old(at, value)
end

-- A write whose answer was lost may have been done.
local function settled(at, object, r)
  if r.status ~= "already-exists" and not r.uncertain then return r end
  local there = folders.read(at, object.key)
  if there and there:digest() == object:digest() then return outcome.ok(), there end
  return r, nil, r.uncertain and not there
end

local TIMES = 3

function folders.write(at, object, now)
  local value = object.doc:table()
  if RESERVED[value.uid] then
    return outcome.new("invalid-data", ("%s is a name that Grafana keeps for itself"):format(value.uid))
  end
  local problem = parents.check(at, value.parentUid)
  if problem then return problem end
  local r, after, again
  for _ = 1, TIMES do
    r, after = write(at, value, now)
    if not r.ok then r, after, again = settled(at, object, r) end
    if not (again and not now) then break end
  end
  at:forget("folders")
  if r.ok then parents.add(at, value.uid) end
  return r, after
end

-- ----------------------------------------------------------------------------------------------------- deleting --

function folders.delete(at, now)
  if RESERVED[now.key] then return outcome.new("not-found", "there is no such folder") end
  local problem = require("grafana.bulk.folder_contents").check(at, now.key)
  if problem then return problem end
  parents.remove(at, now.key)
  at:forget("folders")
  if now.lock.api then return judge(apis.delete(at, FOLDERS, now.lock.api, now.key, now.lock)) end
  return at.g:delete_folder(at.org, now.key)
end

return folders
