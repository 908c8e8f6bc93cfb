-- SPDX-License-Identifier: MIT
--- Writes src/gf_api_table.c, the table of Grafana's documented operations, from descriptions of its HTTP API.
--
--     lua5.4 scripts/make-api-table.lua FILE spec/facts/operations-*.json
--
-- FILE is what is written. The descriptions follow, each named operations-<version>.json. An operation is what the
-- newest that has it says; parameters that only an older one knows are added, so that what its servers take is not
-- refused. Needs plain Lua only, and is run from the project's folder.

package.path = "./?.lua;" .. package.path
local json = require "spec.standin.server.json"

-- ------------------------------------------------------------------------------- what descriptions get wrong --

-- A list whose description says nothing of how it is written counts as joined by commas. These were seen on 12.4.3 to
-- be read once for each value: of `dashboardUIDs=a,b` it finds none.
local REPEATED = {
  ["search.dashboardIds"] = true, ["search.dashboardUIDs"] = true, ["search.folderIds"] = true,
  ["search.folderUIDs"] = true, ["RouteGetAlertRulesExport.folderUid"] = true,
}

-- Path parameters that are a route of another server: their slashes stay.
local ROUTES = {datasource_proxy_route = true}

-- Paths below /api that begin with it all the same, as those of 9.3.2's alerting do.
local function path_of(operation)
  return (operation.path:gsub("^/api/", "/"))
end

-- ------------------------------------------------------------------------------------------------ parameters --

local LETTERS = {string = "s", integer = "i", boolean = "b", array = "a"}

local function type_of(operation, param)
  if ROUTES[param.name] then return "r" end
  local letter = LETTERS[param.type]
  if not letter then
    io.stderr:write(("%s: any value will do for '%s', a %s\n"):format(operation.operation, param.name, param.type))
    return "am"
  end
  if letter ~= "a" then return letter end
  local joined = param.collection ~= "multi" and not REPEATED[operation.operation .. "." .. param.name]
  return joined and "ac" or "am"
end

local function by_name(params)
  local found = {}
  for _, param in ipairs(params) do found[param.name] = param end
  return found
end

-- The parameters of one description's operation, each {word, required}: a mark for where it goes, its name, its type.
-- `:image` is a segment that the description forgot to call a parameter: what is not given stays as it is.
local function described(operation)
  local list, path = {}, by_name(operation.path_params)
  local function put(word, required)
    assert(word:find("^[/?=][%w_]+[:%l]*$"), operation.operation .. ": cannot be packed: " .. word)
    list[#list + 1] = {word = word, required = required}
  end
  for mark, name in path_of(operation):gmatch("/([{:])([%w_]+)") do
    put("/" .. name .. ":" .. (mark == ":" and "s" or type_of(operation, path[name])), mark == "{")
  end
  for _, param in ipairs(operation.query_params) do
    put("?" .. param.name .. ":" .. type_of(operation, param), param.required == true)
  end
  local body = operation.body or {fields = {}, required_fields = {}}
  local required = {}
  for _, name in ipairs(body.required_fields) do required[name] = true end
  for _, name in ipairs(body.fields) do put("=" .. name, required[name] == true) end
  return list
end

local RANK = {["/"] = 1, ["?"] = 2, ["="] = 3}

-- An operation that has moved since: what its path was called then is not to be had in the path that it has now.
local function has_moved(entry, operation)
  local newest = entry.described[1]
  return path_of(newest) ~= path_of(operation) or newest.method ~= operation.method
end

-- The parameters of all descriptions that have the operation; where they go stays together.
local function united(entry)
  local list, seen = {}, {}
  for i, operation in ipairs(entry.described) do
    local bit, moved = entry.bits[i], has_moved(entry, operation)
    if moved then io.stderr:write(operation.operation .. ": has moved since, and goes to where it is now\n") end
    for _, param in ipairs(described(operation)) do
      local key = param.word:match("^[/?=][%w_]+")
      if moved and key:sub(1, 1) == "/" and not seen[key] then
        io.stderr:write(("%s: its path has no '%s' any more\n"):format(operation.operation, key:sub(2)))
      elseif seen[key] then
        seen[key].versions = seen[key].versions | bit
      else
        param.versions, param.place = bit, #list
        param.required = param.required and i == 1
        list[#list + 1], seen[key] = param, param
      end
    end
  end
  table.sort(list, function(a, b)
    local i, j = RANK[a.word:sub(1, 1)], RANK[b.word:sub(1, 1)]
    if i ~= j then return i < j end
    return a.place < b.place
  end)
  return list
end

-- "/uid:s!", "?limit:i", "?tags:am", "=name!", "=locale@2": "!" is required; "@" and the descriptions that have it
-- follow where not all do that have the operation.
local function packed(entry)
  local words = {}
  for i, param in ipairs(united(entry)) do
    local word = param.word .. (param.required and "!" or "")
    if param.versions ~= entry.versions then word = word .. "@" .. param.versions end
    words[i] = word
  end
  return words
end

-- ---------------------------------------------------------------------------------------------- descriptions --

local function read(path)
  local version = assert(path:match("operations%-([%w.]+)%.json$"), path .. " is not named operations-<version>.json")
  local file = assert(io.open(path, "rb"))
  local operations = assert(json.decode(file:read("*a")))
  file:close()
  return operations, version
end

-- All operations by name, each {versions, described = {operation, …}, bits = {bit of each description, …}}; the names
-- in order; the versions.
local function collect(paths)
  local entries, names, versions = {}, {}, {}
  for i, path in ipairs(paths) do
    local operations, version = read(path)
    versions[i] = version
    for _, operation in ipairs(operations) do
      local name, bit = operation.operation, 1 << (i - 1)
      if not entries[name] then names[#names + 1] = name end
      local entry = entries[name] or {versions = 0, described = {}, bits = {}}
      local n = #entry.described + 1
      entries[name], entry.described[n], entry.bits[n], entry.versions = entry, operation, bit, entry.versions | bit
    end
  end
  table.sort(names)
  return entries, names, versions
end

-- ------------------------------------------------------------------------------------------------ the C file --

local HEAD = [[
/* SPDX-License-Identifier: MIT
 *
 * Grafana's documented operations, sorted by name. Made by scripts/make-api-table.lua from spec/facts/: run
 * `make generate`. How a row is packed: gf_api.h.
 */
#include "gf_api.h"

/* clang-format off */
]]

-- The pieces after one another, on lines that can be read.
local function filled(pieces)
  local lines, line = {}, "    {"
  for i, piece in ipairs(pieces) do
    if #line + #piece > 116 then lines[#lines + 1], line = line, "    " end
    local gap = line:find("{$") and "" or " "
    line = line .. gap .. piece .. (i < #pieces and "," or "},")
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n") .. "\n"
end

-- A C string, of several literals where it is long.
local function literal(words)
  local lines, line = {}, ""
  for i, word in ipairs(words) do
    local piece = word .. (i < #words and " " or "")
    if #line + #piece > 96 then lines[#lines + 1], line = line, "" end
    line = line .. piece
  end
  lines[#lines + 1] = line
  return '"' .. table.concat(lines, '"\n               "') .. '"'
end

local function row(name, entry)
  local newest, words = entry.described[1], packed(entry)
  local pieces = {
    ('.name = "%s"'):format(name), ('.method = "%s"'):format(newest.method),
    ('.path = "%s"'):format((path_of(newest):gsub("/:([%w_]+)", "/{%1}"))),
    ('.params = %s'):format(literal(words)), ('.tags = "%s"'):format(table.concat(newest.tags, " ")),
    (".versions = %d"):format(entry.versions),
  }
  if newest.body then pieces[#pieces + 1] = ".has_body = true" end
  if newest.deprecated then pieces[#pieces + 1] = ".deprecated = true" end
  return filled(pieces)
end

local function c_text(entries, names, versions)
  local listed = table.concat(versions, '", "')
  local parts = {HEAD, ('\nconst char *const gf_api_versions[] = {"%s", NULL};\n'):format(listed)}
  parts[#parts + 1] = "\nconst gf_api_op gf_api_table[] = {\n"
  for _, name in ipairs(names) do parts[#parts + 1] = row(name, entries[name]) end
  parts[#parts + 1] = ("};\n\nconst size_t gf_api_table_size = %d;\n"):format(#names)
  return table.concat(parts)
end

-- "12.4.3" as a text that sorts like the version.
local function rank(path)
  return (path:match("operations%-(.*)%.json$") or ""):gsub("%d+", function(n) return ("%06d"):format(n) end)
end

local target, paths = arg[1], {table.unpack(arg, 2)}
table.sort(paths, function(a, b) return rank(a) > rank(b) end)
if #paths == 0 then
  io.stderr:write("usage: lua5.4 scripts/make-api-table.lua FILE operations-<version>.json...\n")
  os.exit(2)
end
local text = c_text(collect(paths))
local file = assert(io.open(target, "wb"))
assert(file:write(text))
assert(file:close())
print(target)
