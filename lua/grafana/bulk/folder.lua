-- SPDX-License-Identifier: MIT
--- A backup in a folder:
--
--     manifest.json
--     users/<file>.json
--     organisations/<organisation>/organisation.json
--     organisations/<organisation>/<kind>/<file>.json
--
-- A file holds the file form of one object: pretty, sorted, with the end of the last line. All is for its owner only.
-- @module grafana.bulk.folder

local core = require "grafana.core"
local kinds = require "grafana.bulk.kinds"
local manifest = require "grafana.bulk.manifest"
local names = require "grafana.bulk.file_names"

local error, type = error, type

local folder = {}

folder.ORGANISATIONS = "organisations"
folder.ORGANISATION = "organisation.json"

-- What an unfinished backup leaves behind: the lock, and the names of files that no manifest has yet.
folder.UNFINISHED = ".unfinished"

-- ----------------------------------------------------------------------------------------------------- groups --

--- The objects of one kind in one organisation are a group: `kind`, `org`, `folder` (from the backup's), `entries`.
-- Groups of a store are found by this.
function folder.group_key(kind, org)
  return kind .. "\0" .. (org or "")
end

--- Check the arguments that name a group: kinds are named, or tables with a `name`; the server's have no organisation.
function folder.check_group(kind, org)
  if type(kind) == "table" then kind = kind.name end
  if type(kind) ~= "string" or not kinds.rank(kind) then error("grafana.bulk: no such kind of objects", 3) end
  local is_of_server = kind == "organisations" or kind == "users"
  if is_of_server then org = nil end
  if not is_of_server and type(org) ~= "string" then error("grafana.bulk: organisation's name expected", 3) end
  return kind, org
end

--- Where the files of a group are; `place` is the folder of its organisation.
function folder.of_group(kind, place)
  if kind == "organisations" then return folder.ORGANISATIONS end
  if not place then return kind end
  return folder.ORGANISATIONS .. "/" .. place .. "/" .. kind
end

-- ------------------------------------------------------------------------------------------------------ making --

--- Open a folder for writing: it is made, or is a backup that is brought up to date. Until `finish` or `close` nobody
-- else writes there.
-- @string dir
-- @return the store (`grafana.bulk.folder_writer`), or nil and a message
function folder.create(dir)
  return require("grafana.bulk.folder_writer").new(dir)
end

--- Open a backup for reading.
-- @string dir
-- @return the store (`grafana.bulk.folder_reader`), or nil and a message
function folder.open(dir)
  return require("grafana.bulk.folder_reader").new(dir)
end

-- --------------------------------------------------------------------------------------------------- verifying --

local function note(list, path, what, message)
  list[#list + 1] = {path = path, what = what, message = path .. ": " .. message}
end

local function verify_entry(dir, entry, list)
  local path = entry.folder .. "/" .. entry.name
  local digest, message, code = core.files.digest(dir .. "/" .. path)
  if code == "ENOENT" then return note(list, path, "missing", "is missing") end
  if not digest then
    list[#list + 1] = {path = path, what = "unreadable", message = message}
  elseif digest ~= manifest.digest(entry.packed) then
    note(list, path, "changed", "was changed since the backup")
  end
end

--- Is it a folder within a backup, and no part of the way a symbolic link?
-- @string dir the backup's
-- @string path from there
function folder.is_within(dir, path)
  for part in path:gmatch "[^/]+" do
    dir = dir .. "/" .. part
    if not names.is_folder(part) or core.files.kind(dir) ~= "directory" then return false end
  end
  return true
end

--- Compare the files of a backup with what its manifest says of them.
-- @string dir
-- @return an array of `{path, what, message}`, `what` being `missing`, `changed`, or `unreadable`; empty: all is as it
--   was. nil and a message where it is no backup
function folder.verify(dir)
  local list = {}
  local fine = {}
  local fields, odd = manifest.read(dir, function(entry)
    local place = entry.folder
    if fine[place] == nil then fine[place] = folder.is_within(dir, place) end
    if fine[place] then return verify_entry(dir, entry, list) end
    note(list, place .. "/" .. entry.name, "missing", "is missing")
  end)
  if not fields then return nil, odd end
  if odd > 0 then note(list, manifest.NAME, "unreadable", ("%d of its entries are damaged"):format(odd)) end
  return list
end

return folder
