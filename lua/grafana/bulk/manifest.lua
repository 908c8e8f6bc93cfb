-- SPDX-License-Identifier: MIT
--- `manifest.json` of a backup: what it is of, and which file holds what, a line each.
--
-- In memory an entry is one string, so that tens of thousands of them are a few megabytes.
-- @module grafana.bulk.manifest

local core = require "grafana.core"
local kinds = require "grafana.bulk.kinds"
local names = require "grafana.bulk.file_names"

local files = core.files
local concat, sort = table.concat, table.sort
local ipairs, pairs, type = ipairs, pairs, type

local manifest = {}

--- The name of the file, and the version of its format; what is newer is not read.
manifest.NAME = "manifest.json"
manifest.FORMAT = 1

-- ---------------------------------------------------------------------------------------------------- entries --

--- An entry: the SHA-256 of a file, its name, and what else was known of the object, as JSON.
-- @string sha256
-- @string name without folder
-- @string[opt] known JSON
function manifest.pack(sha256, name, known)
  return sha256 .. name .. (known and "\0" .. known or "")
end

--- @return its digest, name, and the rest (nil: none)
function manifest.unpack(entry)
  local zero = entry:find("\0", 65, true)
  return entry:sub(1, 64), entry:sub(65, zero and zero - 1), zero and entry:sub(zero + 1) or nil
end

--- Only its digest.
function manifest.digest(entry) return entry:sub(1, 64) end

--- Only its name.
function manifest.name(entry) return (entry:match("^[^%z]*", 65)) end

-- ---------------------------------------------------------------------------------------------------- reading --

local function is_digest(s)
  return type(s) == "string" and #s == 64 and not s:find("[^0-9a-f]")
end

-- Hand on what one entry of the file says; false where it is none that this library has written.
local function take_entry(entry, take)
  local path, kind, org, key = entry:get("path"), entry:get("kind"), entry:get("org"), entry:get("key")
  local folder, name = (type(path) == "string" and path or ""):match("^(.+)/([^/]+)$")
  local fine = names.is_file(name) and is_digest(entry:get("sha256")) and type(key) == "string" and
    type(kind) == "string" and kinds.rank(kind) and (org == nil or type(org) == "string")
  if not fine then return false end
  local known = entry:get("known")
  take {kind = kind, org = org, key = key, folder = folder, name = name,
    packed = manifest.pack(entry:get("sha256"), name, known and core.encode(known, {sorted = true}))}
  return true
end

local function refuse(path, sentence)
  return nil, path .. ": " .. sentence
end

-- What the manifest says besides its files.
local function fields_of(doc)
  local fields = {}
  for key in doc:each() do
    if key ~= "files" then fields[key] = doc:get(key) end
  end
  return fields
end

--- Read the manifest of a folder.
-- @string dir
-- @func take called with each entry: `kind`, `org`, `key`, `folder`, `name`, `packed`
-- @return its other fields, and how many entries nobody understands; or nil, a message, and `ENOENT` where there is
--   none
function manifest.read(dir, take)
  local path = dir .. "/" .. manifest.NAME
  local doc, message, code = files.read_document(path)
  if not doc then return nil, message, code end
  if doc:type() ~= "object" or type(doc:get("format")) ~= "number" or doc:type("files") ~= "array" then
    return refuse(path, "is no manifest of a backup")
  end
  if doc:get("format") > manifest.FORMAT then
    return refuse(path, ("was written by a newer version of this library (format %d, this one reads %d)")
      :format(doc:get("format"), manifest.FORMAT))
  end
  local odd = 0
  for _, entry in doc:each("files") do
    local is_document = getmetatable(entry) == getmetatable(doc)
    if not is_document or not take_entry(entry, take) then odd = odd + 1 end
  end
  local fields = fields_of(doc)
  doc:close()
  return fields, odd
end

-- ---------------------------------------------------------------------------------------------------- writing --

local AT_ONCE = 500   -- lines

local function line(group, key, entry)
  local sha256, name, known = manifest.unpack(entry)
  local parts = {'{"key": ' .. core.encode(key), '"kind": "' .. group.kind .. '"'}
  if known then parts[#parts + 1] = '"known": ' .. known end
  if group.org then parts[#parts + 1] = '"org": ' .. core.encode(group.org) end
  parts[#parts + 1] = '"path": "' .. group.folder .. "/" .. name .. '"'
  parts[#parts + 1] = '"sha256": "' .. sha256 .. '"}'
  return "    " .. concat(parts, ", ")
end

-- The keys of a group in the order of its files.
local function keys_in_order(entries)
  local by_name, list = {}, {}
  for key, entry in pairs(entries) do
    local name = manifest.name(entry)
    list[#list + 1], by_name[name] = name, key
  end
  sort(list)
  for i, name in ipairs(list) do list[i] = by_name[name] end
  return list
end

-- The text in pieces, through `put`.
local function put_all(fields, groups, put)
  local head = core.encode(fields, {pretty = true, sorted = true})
  put(head:sub(1, -3) .. ',\n  "files": [')
  local lines, begun = {}, false
  local function flush()
    if #lines == 0 then return end
    put((begun and ",\n" or "\n") .. concat(lines, ",\n"))
    lines, begun = {}, true
  end
  for _, group in ipairs(groups) do
    for _, key in ipairs(keys_in_order(group.entries)) do
      lines[#lines + 1] = line(group, key, group.entries[key])
      if #lines == AT_ONCE then flush() end
    end
  end
  flush()
  put((begun and "\n  " or "") .. "]\n}\n")
end

-- Calls go on until one fails; what it says is kept.
local function new_writer(path)
  files.remove(path)
  local file, message = files.open_append(path)
  local writer = {message = message}
  function writer.put(text)
    if writer.message then return end
    local at, problem = file:append(text)
    if not at then writer.message = problem end
  end
  function writer.close()
    if not file then return end
    local fine, problem = file:sync()
    if not fine and not writer.message then writer.message = problem end
    file:close()
  end
  return writer
end

--- Write the manifest of a folder: it is the old one or the new one, whenever the machine stops.
-- @string dir
-- @tab fields what it says besides its files
-- @tab groups in order: `kind`, `org`, `folder`, `entries` by key
-- @return true, or nil and a message
function manifest.write(dir, fields, groups)
  local path, new = dir .. "/" .. manifest.NAME, dir .. "/.new-" .. manifest.NAME
  fields.format = manifest.FORMAT
  local writer = new_writer(new)
  put_all(fields, groups, writer.put)
  writer.close()
  local done, message = not writer.message, writer.message
  if done then done, message = files.rename(new, path) end
  if not done then
    files.remove(new)
    return nil, message
  end
  return files.sync_dir(dir)
end

return manifest
