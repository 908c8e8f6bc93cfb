-- SPDX-License-Identifier: MIT
--- A backup that is being written: files as they come, each whole or not at all, and the manifest at the end. What was
-- there before stays as long as nothing better is known.
-- @module grafana.bulk.folder_writer

local core = require "grafana.core"
local folder = require "grafana.bulk.folder"
local manifest = require "grafana.bulk.manifest"
local names = require "grafana.bulk.file_names"

local files = core.files
local error, ipairs, next, pairs, setmetatable, type = error, ipairs, next, pairs, setmetatable, type

local writer = {}

local methods = {}
local metatable = {__index = methods, __name = "grafana.bulk.folder"}

local PRIVATE = tonumber("700", 8)
local MAGIC = "A backup is being written here, or did not finish.\n"
local HOW = {pretty = true, sorted = true, digest = true, if_changed = true}

-- ------------------------------------------------------------------------------------------------------ groups --

-- The folder of an organisation. Two names with the same digits are told apart by more of them.
local function place_of(self, org)
  local place = self.places[org]
  if place then return place end
  place = names.organisation(org)
  if self.organisation_of[place] then place = names.organisation(org, 64) end
  self.places[org], self.organisation_of[place] = place, org
  return place
end

-- `former`: entries of the manifest that is there; `entries`: those of the next; `holder`: whose a name is, and
-- `shared` the names that nobody gets, as several would have it: both in small letters, as some disks do not tell those
-- from capitals.
local function group_of(self, kind, org)
  local key = folder.group_key(kind, org)
  local group = self.groups[key]
  if not group then
    group = {
      kind = kind, org = org, folder = folder.of_group(kind, org and place_of(self, org)),
      former = {}, entries = {}, holder = {}, shared = {}, whole = false,
    }
    self.groups[key] = group
  end
  return group
end

-- Where the file of an object of the group is: organisations have a folder each.
local function folder_for(self, group, key)
  if group.kind ~= "organisations" then return group.folder end
  return folder.ORGANISATIONS .. "/" .. place_of(self, key)
end

local function take_former(self, entry)
  local group = group_of(self, entry.kind, entry.org)
  if entry.folder ~= folder_for(self, group, entry.key) then return end   -- somebody has changed the manifest
  group.former[entry.key] = entry.packed
  if entry.kind ~= "organisations" then group.holder[entry.name:lower()] = entry.key end
end

-- ----------------------------------------------------------------------------------------------------- opening --

-- The lock; whoever had it before may have removed the file meanwhile.
local function lock(path)
  for _ = 1, 10 do
    local file, message = files.open_append(path)
    if not file then return nil, message end
    local locked, why = file:lock()
    if not locked then
      file:close()
      if why == "locked" then why = path:sub(1, -#folder.UNFINISHED - 2) .. ": another backup is writing there" end
      return nil, why
    end
    if file:is_there() then return file end
    file:close()
  end
  return nil, path .. ": other backups come and go there"
end

-- The names that an unfinished backup has left; nil where the file is none of ours.
local function left_behind(file)
  local text = file:read(0, file:size() or 0) or ""
  local list = {}
  if text == "" then return list end
  if text:sub(1, #MAGIC) ~= MAGIC then return nil end
  if text:sub(-1) ~= "\n" then file:append "\n" end
  for path in text:sub(#MAGIC + 1):gmatch "([^\n]+)\n" do
    local place, name = path:match("^([A-Za-z0-9_/-]+)/([^/]+)$")
    if place and names.is_file(name) then list[path] = true end
  end
  return list
end

-- Hidden files, such as those of git, are nobody's business.
local function is_empty(dir)
  for _, name in ipairs(files.list(dir) or {}) do
    if name:sub(1, 1) ~= "." then return false end
  end
  return files.kind(dir .. "/" .. folder.UNFINISHED) == nil
end

-- A folder that may become a backup, or is one.
local function prepare(dir)
  local done, message = files.make_dirs(dir, PRIVATE)
  if not done then return nil, message end
  local is_backup = files.kind(dir .. "/" .. manifest.NAME) == "file" or
    files.kind(dir .. "/" .. folder.UNFINISHED) == "file"
  if not is_backup and not is_empty(dir) then
    return nil, dir .. ": is not empty, and no backup (manifest.json is missing)"
  end
  return files.set_mode(dir, PRIVATE)
end

local function read_former(self)
  local fields, message, code = manifest.read(self.dir, function(entry) take_former(self, entry) end)
  if fields or code == "ENOENT" then return true end
  return nil, message
end

function writer.new(dir)
  if type(dir) ~= "string" or dir == "" then error("grafana.bulk: folder's path expected", 3) end
  dir = dir:gsub("(.)/+$", "%1")
  local done, message = prepare(dir)
  if not done then return nil, message end
  local self = setmetatable({
    dir = dir, groups = {}, places = {}, organisation_of = {}, made = {}, within = {},
    counts = {written = 0, unchanged = 0, kept = 0, removed = 0},
  }, metatable)
  self.file, message = lock(dir .. "/" .. folder.UNFINISHED)
  if not self.file then return nil, message end
  self.left = left_behind(self.file)
  done, message = self.left ~= nil, dir .. "/" .. folder.UNFINISHED .. ": is no file of a backup"
  names.sweep(dir)
  if done then done, message = read_former(self) end
  if not done then
    self:close()
    return nil, message
  end
  return self
end

-- ----------------------------------------------------------------------------------------------------- folders --

-- A folder within the backup; `path` is from its own.
local function make_folder(self, path)
  if self.made[path] then return true end
  local parent = path:match("^(.*)/")
  if parent then
    local done, message = make_folder(self, parent)
    if not done then return nil, message end
  end
  local whole = self.dir .. "/" .. path
  local problem = names.not_a_folder(whole)
  if problem then return nil, problem end
  local done, message = files.make_dir(whole, PRIVATE)
  if done and files.mode(whole) ~= PRIVATE then done, message = files.set_mode(whole, PRIVATE) end
  if not done then return nil, message end
  names.sweep(whole)
  self.made[path] = true
  return true
end

-- Remember the name of a file that the manifest does not have, in case that this backup does not finish.
local function announce(self, path)
  if self.left[path] then return true end
  local head = self.file:size() == 0 and MAGIC or ""
  local at, message = self.file:append(head .. path .. "\n")
  return at and true, message
end

-- ------------------------------------------------------------------------------------------------------- names --

local function entry_of(group, key)
  return group.entries[key] or group.former[key]
end

local claim

-- Another object has the same name: this one gets its next form, and so does its file where there is one.
local function move_on(self, group, key)
  local entry = entry_of(group, key)
  local sha256, old, known = manifest.unpack(entry)
  local form, base = names.form_of(old:sub(1, -6), key)
  local new, message = claim(self, group, base, key, form + 1)
  if not new then return nil, message end
  local done, problem = announce(self, group.folder .. "/" .. new)
  if not done then return nil, problem end
  local path = self.dir .. "/" .. group.folder .. "/"
  files.rename(path .. old, path .. new)   -- where it fails it is not there, and will be read again
  local entries = group.entries[key] and group.entries or group.former
  entries[key] = manifest.pack(sha256, new, known)
  return true
end

-- The name of an object's file: the first form that nobody else has or would have.
function claim(self, group, base, key, form)
  for n = form, names.FORMS do
    local name = names.other_form(base, key, n) .. ".json"
    local small = name:lower()
    local holder = group.holder[small]
    if not group.shared[small] and (holder == nil or holder == key) then
      group.holder[small] = key
      return name
    end
    if holder ~= nil then
      group.shared[small], group.holder[small] = true, nil
      local done, message = move_on(self, group, holder)
      if not done then return nil, message end
    end
  end
  return nil, group.folder .. ": too many objects of one name"
end

-- Names that the object shares with others, as its form tells.
local function mark_shared(self, group, name, key)
  local form, base = names.form_of(name:sub(1, -6), key)
  for n = 1, form - 1 do
    local small = (names.other_form(base, key, n) .. ".json"):lower()
    local holder = group.holder[small]
    group.shared[small], group.holder[small] = true, nil
    if holder ~= nil then move_on(self, group, holder) end
  end
end

-- The name of an object's file. What had to be told apart from another stays so.
local function name_for(self, group, object)
  if group.kind == "organisations" then return folder.ORGANISATION end
  local former = group.former[object.key]
  if former then mark_shared(self, group, manifest.name(former), object.key) end
  return claim(self, group, names.file(object.title, object.key, 1), object.key, 1)
end

-- What name an object has had so far in this backup, or in the former one.
local function name_of(group, key)
  local entry = entry_of(group, key)
  return entry and manifest.name(entry)
end

-- An object has another name from now on: the former one is free, and its file goes.
local function leave(self, group, old)
  group.holder[old:lower()] = nil
  files.remove(self.dir .. "/" .. group.folder .. "/" .. old)
end

-- ---------------------------------------------------------------------------------------------- what is stored --

local function check_open(self)
  if not self.file then error("grafana.bulk: the backup is closed", 3) end
end

--- Write one object; a file that holds just that already is left alone.
-- @param kind name, or the kind
-- @string[opt] org name of the organisation; none for what is the server's
-- @tab object
-- @tab[opt] known scalars to be told again by `known`, when the backup is brought up to date
-- @return the SHA-256 of the file, its path from the backup's folder, whether it was written; or nil and a message
function methods:put(kind, org, object, known)
  check_open(self)
  kind, org = folder.check_group(kind, org)
  local group, key = group_of(self, kind, org), object.key
  local place = folder_for(self, group, key)
  local done, message = make_folder(self, place)
  if not done then return nil, message end
  local name, problem = name_for(self, group, object)
  if not name then return nil, problem end
  local path, old = place .. "/" .. name, name_of(group, key)
  if old ~= name then
    done, message = announce(self, path)
    if not done then return nil, message end
  end
  local sha256, written = files.write(self.dir .. "/" .. path, object.doc, HOW)
  if not sha256 then return nil, written end
  if old and old ~= name then leave(self, group, old) end
  group.entries[key] = manifest.pack(sha256, name, known and core.encode(known, {sorted = true}))
  local count = written and "written" or "unchanged"
  self.counts[count] = self.counts[count] + 1
  return sha256, path, written
end

--- Whether the former backup has any objects of a kind in an organisation.
function methods:has(kind, org)
  return next(group_of(self, folder.check_group(kind, org)).former) ~= nil
end

--- What was known of an object when it was stored; nil where it was not, or nothing was.
function methods:known(kind, org, key)
  local group = group_of(self, folder.check_group(kind, org))
  local entry = group.former[key]
  local known = entry and select(3, manifest.unpack(entry))
  return known and core.decode(known) or nil
end

--- An object is as the former backup has it: its file stays.
-- @return true; false where there is none, or its file has been changed since: then it is to be read and put
function methods:keep(kind, org, key)
  check_open(self)
  kind, org = folder.check_group(kind, org)
  local group = group_of(self, kind, org)
  local entry = group.former[key]
  if not entry then return false end
  local sha256, name = manifest.unpack(entry)
  local place = folder_for(self, group, key)
  if not make_folder(self, place) then return false end
  if files.digest(self.dir .. "/" .. place .. "/" .. name) ~= sha256 then return false end
  group.entries[key] = entry
  mark_shared(self, group, name, key)
  self.counts.kept = self.counts.kept + 1
  return true
end

--- All objects of a kind in an organisation have been put or kept: what else the former backup has of them is gone.
function methods:whole(kind, org)
  check_open(self)
  group_of(self, folder.check_group(kind, org)).whole = true
end

-- ------------------------------------------------------------------------------------------------- finishing --

local function organisations(self)
  return group_of(self, "organisations")
end

-- Is it known that what is not among the entries of a group is gone?
local function is_gone(self, group)
  if group.whole then return true end
  local all = organisations(self)
  return group.org ~= nil and all.whole and not all.entries[group.org]
end

-- Remove a file of ours, where the way to it is.
local function remove(self, place, name)
  if self.within[place] == nil then self.within[place] = folder.is_within(self.dir, place) end
  if self.within[place] and files.remove(self.dir .. "/" .. place .. "/" .. name) then
    self.counts.removed = self.counts.removed + 1
  end
end

-- What the former manifest has and this backup has not come across: it goes, or stays where that is not known.
local function settle(self, group)
  local gone = is_gone(self, group)
  for key, entry in pairs(group.former) do
    if not group.entries[key] then
      if gone then
        remove(self, folder_for(self, group, key), manifest.name(entry))
      else
        group.entries[key] = entry
      end
    end
  end
  group.former = {}
end

local function groups_by_folder(self)
  local list = {}
  for _, group in pairs(self.groups) do list[#list + 1] = group end
  table.sort(list, function(a, b) return a.folder < b.folder end)
  return list
end

-- Is a file in place that a backup which did not finish has left: nobody has written it again, and it is known that its
-- object is gone?
local function is_stray(self, groups, place, name)
  local group = groups[place]
  if group then
    local key = group.holder[name:lower()]
    local entry = key and group.entries[key]
    return is_gone(self, group) and not (entry and manifest.name(entry) == name)
  end
  local org = self.organisation_of[place:match("^" .. folder.ORGANISATIONS .. "/([^/]+)")]
  local all = organisations(self)
  return all.whole and not (org and all.entries[org])
end

local function remove_left(self)
  local groups = {}
  for _, group in pairs(self.groups) do groups[group.folder] = group end
  for path in pairs(self.left) do
    local place, name = path:match("^(.*)/(.-)$")
    if is_stray(self, groups, place, name) then remove(self, place, name) end
  end
end

-- Folders in which nothing is left.
local function remove_empty(self)
  local root = self.dir .. "/" .. folder.ORGANISATIONS
  for _, group in pairs(self.groups) do
    if not next(group.entries) then files.remove_dir(self.dir .. "/" .. group.folder) end
  end
  if files.kind(root) ~= "directory" then return end
  for _, place in ipairs(files.list(root) or {}) do files.remove_dir(root .. "/" .. place) end
  files.remove_dir(root)
end

-- The manifest's groups: those with entries, an organisation's own file beside what is in it.
local function groups_to_write(self)
  local list = {}
  for _, group in ipairs(groups_by_folder(self)) do
    if group.kind ~= "organisations" and next(group.entries) then list[#list + 1] = group end
  end
  for key, entry in pairs(organisations(self).entries) do
    list[#list + 1] = {
      kind = "organisations", folder = folder.ORGANISATIONS .. "/" .. place_of(self, key), entries = {[key] = entry},
    }
  end
  table.sort(list, function(a, b) return a.folder < b.folder end)
  return list
end

local function count(groups)
  local counts = {}
  for _, group in ipairs(groups) do
    for _ in pairs(group.entries) do counts[group.kind] = (counts[group.kind] or 0) + 1 end
  end
  return counts
end

--- End the backup: remove what is gone, bring all to the disk, write the manifest.
-- @tab[opt] fields what the manifest says besides its files; `counts` (of objects by kind) is added
-- @return true, or nil and a message; then the former manifest stays
function methods:finish(fields)
  check_open(self)
  for _, group in pairs(self.groups) do settle(self, group) end
  remove_left(self)
  remove_empty(self)
  local groups, all = groups_to_write(self), {}
  for key, value in pairs(fields or {}) do all[key] = value end
  all.counts = all.counts or core.object(count(groups))
  local done, message = files.sync_all(self.dir)
  if done then done, message = manifest.write(self.dir, all, groups) end
  if not done then
    self:close()
    return nil, message
  end
  files.remove(self.dir .. "/" .. folder.UNFINISHED)
  self:close()
  return true
end

--- Stop without a manifest: files that were written stay, and the next backup goes on from there. Does nothing after
-- `finish`.
function methods:close()
  local file = self.file
  if not file then return end
  self.file = nil
  if file:size() == 0 and file:is_there() then files.remove(self.dir .. "/" .. folder.UNFINISHED) end
  file:close()
end

--- See `grafana.bulk.folder.verify`.
function methods:verify() return folder.verify(self.dir) end

metatable.__close = methods.close

return writer
