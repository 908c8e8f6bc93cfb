-- SPDX-License-Identifier: MIT
-- How references.lua goes through a value: alike for documents that stay in C, of which no table is made, and for Lua
-- tables. What is to change is noted and done at the end: a function that raises half-way has changed nothing.

local core = require "grafana.core"

local getmetatable, ipairs, pairs, select, setmetatable, type = getmetatable, ipairs, pairs, select, setmetatable, type
local unpack = table.unpack or unpack   -- luacheck: ignore

local DOCUMENT = getmetatable(core.decode("{}", {raw = true}))

local Walk = {}
Walk.__index = Walk

--- Begin to go through `root`. `context` is what `swap` is called with as its third argument, one table for all calls.
-- @tab[opt] watch `{panel = function, choice = function}`
local function new(root, swap, watch)
  return setmetatable({
    root = root, swap = swap, watch = watch or {}, context = {}, path = {}, depth = 0, edits = {},
  }, Walk)
end

-- ------------------------------------------------------------------------------------------------------ reading --

local get = core.get

local function is_document(value) return getmetatable(value) == DOCUMENT end

--- The string at the end of a path; nil where there is anything else.
local function text(node, ...)
  local value = get(node, ...)
  return type(value) == "string" and value or nil
end

local KINDS = {string = "string", object = "container", array = "container", table = "container"}

--- "string" or "container", for what lies at the end of a path; nil for anything else.
local function kind_of(node, ...)
  if is_document(node) then return KINDS[node:type(...) or ""] end
  local value = get(node, ...)
  return is_document(value) and "container" or KINDS[type(value)]
end

local function is_container(value) return type(value) == "table" or is_document(value) end

-- A part of a document as a document of its own.
local function part(document, path)
  local last = path[#path]
  for key, value in document:each {unpack(path, 1, #path - 1)} do
    if key == last then return value end
  end
end

-- What lies at the end of a path, given as a table: of a document a document.
local function at(node, path)
  for i = 1, #path do
    if is_document(node) then return part(node, {unpack(path, i)}) end
    node = type(node) == "table" and node[path[i]] or nil
  end
  return node
end

-- Steps through what is in a table of Lua's: in order, where it is a list.
local function each(list)
  if list[1] ~= nil then return ipairs(list) end
  return pairs(list)
end

-- An iterator over what is below a place; nil where there is nothing.
local function iterate(node, path)
  if is_document(node) then
    if node:len(path) == 0 then return nil end
    return node:each(path)
  end
  local inner = at(node, path)
  if is_document(inner) then return inner:each() end
  if type(inner) == "table" then return each(inner) end
end

-- ------------------------------------------------------------------------------------------------- where we are --

local function go(w, path)
  for i = 1, #path do w.path[w.depth + i] = path[i] end
  w.depth = w.depth + #path
end

--- Call `f(self, item, …)` for each container at the path of keys `path` below `node`; the walk knows where that is.
function Walk:each(node, path, f, ...)
  local next_item, state, control = iterate(node, path)
  if not next_item then return end
  local depth = self.depth
  go(self, path)
  self.depth = self.depth + 1
  for key, item in next_item, state, control do
    if is_container(item) then
      self.path[self.depth] = key
      f(self, item, ...)
    end
  end
  self.depth = depth
end

--- Call `f(self, inner, …)` with what lies at the path of keys `path` below `node`, where that is a container.
function Walk:inside(node, path, f, ...)
  local inner = at(node, path)
  if not is_container(inner) then return end
  local depth = self.depth
  go(self, path)
  f(self, inner, ...)
  self.depth = depth
end

-- ----------------------------------------------------------------------------------------------------- changing --

--- Note that `value` is to stand below the current place, at the path of keys that follows.
function Walk:put(value, ...)
  local path = {}
  for i = 1, self.depth do path[i] = self.path[i] end
  for i = 1, select("#", ...) do path[self.depth + i] = (select(i, ...)) end
  self.edits[#self.edits + 1] = {value = value, path = path}
end

local function set(root, value, path)
  local node, last = root, #path
  for i = 1, last - 1 do
    if is_document(node) then return node:set(value, {unpack(path, i)}) end
    node = node[path[i]]
  end
  if is_document(node) then return node:set(value, {path[last]}) end
  node[path[last]] = value
end

--- Do what was noted. Returns the value.
function Walk:finish()
  for _, edit in ipairs(self.edits) do set(self.root, edit.value, edit.path) end
  return self.root
end

--- Ask for another name of what is named below the current place, at the path of keys that follows, and put it there.
-- Returns what `swap` says besides, where it gave another.
function Walk:offer(kind, key, ...)
  local new_key, more = self.swap(kind, key, self.context)
  if type(new_key) ~= "string" or new_key == key then return nil end
  self:put(new_key, ...)
  return type(more) == "table" and more or {}
end

return {new = new, text = text, kind_of = kind_of, get = get, is_container = is_container}
