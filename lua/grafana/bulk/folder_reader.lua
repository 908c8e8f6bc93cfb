-- SPDX-License-Identifier: MIT
--- A backup that is read. What counts is what is in its folder: an operator may have edited files, git may have merged
-- some. Names are those that listing a folder gives; what the manifest says is compared with them.
-- @module grafana.bulk.folder_reader

local core = require "grafana.core"
local folder = require "grafana.bulk.folder"
local kinds = require "grafana.bulk.kinds"
local manifest = require "grafana.bulk.manifest"
local names = require "grafana.bulk.file_names"
local objects = require "grafana.bulk.objects"
local tasks = require "grafana.tasks"

local files = core.files
local error, ipairs, pairs, pcall, setmetatable, type = error, ipairs, pairs, pcall, setmetatable, type

local reader = {}

local methods = {}
local metatable = {__index = methods, __name = "grafana.bulk.folder"}

-- ------------------------------------------------------------------------------------------------------- notes --

-- What the caller should know of, once.
local function note(self, path, what, sentence)
  local id = what .. "\0" .. path
  if self.noted[id] then return end
  self.noted[id] = true
  self.notes[#self.notes + 1] = {path = path, what = what, message = path .. ": " .. sentence}
end

-- What a message says of a file, without its name.
local function sentence_of(self, path, message)
  local head = self.dir .. "/" .. path .. ": "
  return message:sub(1, #head) == head and message:sub(#head + 1) or message
end

-- ----------------------------------------------------------------------------------------------------- objects --

-- An object made of a document; nil where that describes none. It may be anything.
local function make(kind, doc)
  local fine, object = pcall(objects.new, kind, doc)
  if not fine and tasks.is_interrupt(object) then error(object, 0) end
  return fine and type(object.key) == "string" and object or nil
end

-- The object in a file, and its digest; or nil and a message.
local function load(self, kind, path)
  local whole = self.dir .. "/" .. path
  local doc, digest = files.read_document(whole, {digest = true})
  if not doc then return nil, digest end
  local object = doc:type() == "object" and make(kind, doc)
  if not object then return nil, whole .. ": describes no " .. kind.one end
  object.file = path
  return object, digest
end

-- ----------------------------------------------------------------------------------------------- organisations --

local function organisation_in(self, place)
  local path = folder.ORGANISATIONS .. "/" .. place .. "/" .. folder.ORGANISATION
  local object, message = load(self, kinds.get "organisations", path)
  if object then return object.key end
  if files.kind(self.dir .. "/" .. path) then
    self.damaged[path] = message
    note(self, path, "damaged", sentence_of(self, path, message))
  end
  return self.stated[place]
end

-- Which folder is whose: as its own file says, else as the manifest does.
local function find_organisations(self)
  local root = self.dir .. "/" .. folder.ORGANISATIONS
  if files.kind(root) ~= "directory" then return end
  for _, place in ipairs(files.list(root) or {}) do
    local path = folder.ORGANISATIONS .. "/" .. place
    local is_ours = names.is_folder(place) and files.kind(root .. "/" .. place) == "directory"
    local org = is_ours and organisation_in(self, place)
    if org and not self.places[org] then
      self.places[org] = place
    elseif org then
      note(self, path, "left out", "is of the same organisation as " .. folder.ORGANISATIONS .. "/" .. self.places[org])
    elseif place:sub(1, 1) ~= "." then
      note(self, path, "left out", is_ours and "does not say of which organisation it is" or "is no folder of a backup")
    end
  end
end

--- The names of the organisations, sorted.
function methods:orgs()
  local list = {}
  for org in pairs(self.places) do list[#list + 1] = org end
  table.sort(list)
  return list
end

-- ----------------------------------------------------------------------------------------------------- opening --

local function take_entry(self, entry)
  local key = folder.group_key(entry.kind, entry.org)
  self.entries[key] = self.entries[key] or {}
  self.entries[key][entry.key] = entry.packed
  local place = entry.org and entry.folder:match("^" .. folder.ORGANISATIONS .. "/([^/]+)/[^/]+$")
  if place then self.stated[place] = entry.org end
end

function reader.new(dir)
  if type(dir) ~= "string" or dir == "" then error("grafana.bulk: folder's path expected", 3) end
  local self = setmetatable({
    dir = dir:gsub("(.)/+$", "%1"), notes = {}, noted = {}, entries = {}, found = {},
    stated = {}, places = {}, damaged = {},   -- whose a folder is, by the manifest; the folder of an organisation
  }, metatable)
  local fields, odd, code = manifest.read(self.dir, function(entry) take_entry(self, entry) end)
  if not fields then
    return nil, code == "ENOENT" and self.dir .. ": is no backup (manifest.json is missing)" or odd
  end
  self.manifest = fields
  if odd > 0 then note(self, manifest.NAME, "damaged", ("%d of its entries say nothing"):format(odd)) end
  if files.kind(self.dir .. "/" .. folder.UNFINISHED) then
    note(self, folder.UNFINISHED, "unfinished", "a backup did not finish: some files may be newer than the manifest")
  end
  find_organisations(self)
  return self
end

-- ----------------------------------------------------------------------------------------------------- listing --

local function entries_of(self, kind, org)
  return self.entries[folder.group_key(kind, org)] or {}
end

-- The folder of a group; nil where there is none.
local function place_of(self, kind, org)
  if org and not self.places[org] then return nil end
  local place = folder.of_group(kind, org and self.places[org])
  return folder.is_within(self.dir, place) and place or nil
end

-- The files of a group, those of the manifest first: where two describe one object, that one counts.
local function paths_of(self, kind, org)
  local place, list, others, known = place_of(self, kind, org), {}, {}, {}
  if not place then return list end
  for _, entry in pairs(entries_of(self, kind, org)) do known[manifest.name(entry)] = true end
  for _, name in ipairs(files.list(self.dir .. "/" .. place) or {}) do
    if name:find("^[^.].*%.json$") then
      local into = known[name] and list or others
      into[#into + 1] = place .. "/" .. name
    end
  end
  for _, path in ipairs(others) do list[#list + 1] = path end
  return list
end

local function paths_of_organisations(self)
  local list = {}
  for _, org in ipairs(self:orgs()) do
    local path = folder.ORGANISATIONS .. "/" .. self.places[org] .. "/" .. folder.ORGANISATION
    if not self.damaged[path] and files.kind(self.dir .. "/" .. path) then list[#list + 1] = path end
  end
  return list
end

-- Tell where a file and the manifest differ.
local function compare(self, object, digest, entry)
  if not entry or manifest.name(entry) ~= object.file:match("[^/]+$") then
    note(self, object.file, "added", "is not in the manifest")
  elseif manifest.digest(entry) ~= digest then
    note(self, object.file, "changed", "was changed since the backup")
  end
end

local function tell_missing(self, kind, org, seen)
  local whole = true
  for key, entry in pairs(entries_of(self, kind, org)) do
    if not seen[key] then
      local name = manifest.name(entry)
      local place = org and (self.places[org] or names.organisation(org))
      local path = folder.of_group(kind, kind == "organisations" and names.organisation(key) or place)
      note(self, path .. "/" .. name, "missing", "is missing, or describes something else")
      whole = false
    end
  end
  return whole
end

-- One file more; false where it cannot be taken.
local function take_file(self, kind, path, seen, entries, take)
  local object, digest = load(self, kind, path)
  if not object then return false, digest end
  if seen[object.key] then
    object.doc:close()
    return false, ("%s/%s: describes the same %s as %s"):format(self.dir, path, kind.one, seen[object.key])
  end
  seen[object.key] = path
  compare(self, object, digest, entries[object.key])
  take(object)
  return true
end

--- All objects of a kind in an organisation, one at a time. What is odd is told in `notes`: files that were changed,
-- added or removed since the backup, which count as they are; those that are damaged or describe what another one does,
-- which are left out.
-- @param kind name, or the kind
-- @string[opt] org name of the organisation; none for what is the server's
-- @func take called with each object; `object.file` is its path from the backup's folder
-- @func[opt] fail called with the path and a message for each that is left out
-- @return whether all that the backup had is there and could be read
function methods:each(kind, org, take, fail)
  local name
  name, org = folder.check_group(kind, org)
  kind = type(kind) == "table" and kind or kinds.get(name)
  local is_of_organisations = name == "organisations"
  local seen, entries, whole = {}, entries_of(self, name, org), true
  for _, path in ipairs(is_of_organisations and paths_of_organisations(self) or paths_of(self, name, org)) do
    local fine, message = take_file(self, kind, path, seen, entries, take)
    if not fine then
      whole = false
      note(self, path, "damaged", sentence_of(self, path, message))
      if fail then fail(path, message) end
    end
  end
  for path, message in pairs(is_of_organisations and self.damaged or {}) do
    whole = false
    if fail then fail(path, message) end
  end
  return tell_missing(self, name, org, seen) and whole
end

-- ----------------------------------------------------------------------------------------------------- reading --

-- Where the object of a key is, by looking into all files of its group; once.
local function find(self, kind, name, org, key)
  local id = folder.group_key(name, org)
  if not self.found[id] then
    local found = {}
    self:each(kind, org, function(object)
      found[object.key] = object.file
      object.doc:close()
    end)
    self.found[id] = found
  end
  return self.found[id][key]
end

-- Where the manifest says that it is.
local function stated_path(self, name, org, key)
  local entry = entries_of(self, name, org)[key]
  local place = name == "organisations" and self.places[key] and folder.ORGANISATIONS .. "/" .. self.places[key]
  place = place or name ~= "organisations" and place_of(self, name, org)
  return entry and place and place .. "/" .. manifest.name(entry)
end

--- One object.
-- @param kind name, or the kind
-- @string[opt] org
-- @string key
-- @return the object; nil where there is none; nil and a message where its file is damaged
function methods:read(kind, org, key)
  local name
  name, org = folder.check_group(kind, org)
  kind = type(kind) == "table" and kind or kinds.get(name)
  local path = stated_path(self, name, org, key)
  local object = path and load(self, kind, path)
  if object and object.key == key then return object end
  path = find(self, kind, name, org, key)
  if not path then return nil end
  return load(self, kind, path)
end

--- What was known of an object when it was stored; nil where nothing was.
function methods:known(kind, org, key)
  local name
  name, org = folder.check_group(kind, org)
  local entry = entries_of(self, name, org)[key]
  local known = entry and select(3, manifest.unpack(entry))
  return known and core.decode(known) or nil
end

--- See `grafana.bulk.folder.verify`.
function methods:verify() return folder.verify(self.dir) end

return reader
