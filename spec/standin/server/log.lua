-- SPDX-License-Identifier: MIT
-- The requests that arrived, in their order. Bounded, so that a benchmark does not fill the memory.

local ffi = require "ffi"

-- `at_once`: how many requests are being answered or held at this moment; `most`: the most that there were.
local log = { entries = {}, first = 1, last = 0, bytes = 0, at_once = 0, most = 0 }

local MAX_ENTRIES, MAX_BYTES = 100000, 300000000

function log.clear()
  log.entries, log.first, log.last, log.bytes = {}, 1, 0, 0
  log.most = log.at_once
end

function log.enter(entry)
  log.at_once = log.at_once + 1
  entry.at_once = log.at_once
  if log.at_once > log.most then log.most = log.at_once end
end

function log.leave() log.at_once = log.at_once - 1 end

-- A long body is kept outside Lua's strings: thousands of nearly equal ones are slow to make (see dashboards.lua).
local LONG = 1000

local function set_aside(body)
  local copy = ffi.new("char[?]", #body)
  ffi.copy(copy, body, #body)
  return copy
end

function log.add(entry)
  log.last = log.last + 1
  log.entries[log.last] = entry
  entry.size = #entry.body
  if entry.size > LONG then entry.body = set_aside(entry.body) end
  log.bytes = log.bytes + entry.size
  while log.last - log.first >= MAX_ENTRIES or (log.bytes > MAX_BYTES and log.first < log.last) do
    log.bytes = log.bytes - log.entries[log.first].size
    log.entries[log.first] = nil
    log.first = log.first + 1
  end
end

local function show(entry)
  return { method = entry.method, path = entry.path, headers = entry.headers, protocol = entry.protocol, fault = entry.fault, at_once = entry.at_once,
    body = type(entry.body) == "string" and entry.body or ffi.string(entry.body, entry.size) }
end

-- The arrivals of a method and of a path (a Lua pattern); either may be nil.
function log.find(method, path)
  local found = {}
  for index = log.first, log.last do
    local entry = log.entries[index]
    if (not method or entry.method == method) and (not path or entry.path:find(path)) then found[#found + 1] = show(entry) end
  end
  return found
end

return log
