-- SPDX-License-Identifier: MIT
-- Cuts lists into pages as Grafana does: 1,000 items unless asked for more, page 1 the first.

local json = require "server.json"
local state = require "server.state"

local paging = {}
paging.DEFAULT, paging.MAX = 1000, 5000

-- One page of `list`; `first` is the number of the first page. Returns an array.
function paging.cut(list, page, per_page, first)
  local start, result = (page - (first or 1)) * per_page, json.array {}
  for index = start + 1, math.min(start + per_page, #list) do result[#result + 1] = list[index] end
  return result
end

-- What a request asks for: page and items a page.
function paging.asked(req, size_name, first)
  local page = math.max(req:number("page", first or 1), first or 1)
  local size = req:number(size_name or "perpage", paging.DEFAULT)
  if not state.v9 then return page, size > 0 and size or paging.DEFAULT end
  return page, math.min(math.max(size, 1), paging.MAX)
end

local WILD = { ["%"] = ".*", ["_"] = "." }

-- Part of a text, as SQL's LIKE has it, as a pattern of Lua.
local function like(part)
  return (part:lower():gsub("%W", function(character) return WILD[character] or "%" .. character end))
end

-- Whether `text` contains `part`, or begins with it, whatever the case of ASCII letters; % and _ are wildcards.
function paging.contains(text, part) return text:lower():find(like(part)) ~= nil end
function paging.begins(text, part) return text:lower():find("^" .. like(part)) ~= nil end

-- Sorts users by `?sort=login-desc,name-asc` of 12.4.3; false for an order that there is not.
local ORDERS = { login = "login", email = "email", name = "name", lastSeenAtAge = "seen" }

local function before(a, b, orders)
  for _, order in ipairs(orders) do
    local x, y = a[order.key] or "", b[order.key] or ""
    if type(x) == "string" and type(y) == "string" then x, y = x:lower(), y:lower() else x, y = tonumber(x) or 0, tonumber(y) or 0 end
    if x ~= y then return (x < y) ~= order.down end
  end
  return a.id < b.id
end

function paging.sort_users(req, users)
  local orders = {}
  for name in (not state.v9 and req:arg("sort") or ""):gmatch("[^,]+") do
    local key, way = name:match("^(%a+)-(%a+)$")
    if not ORDERS[key] or (way ~= "asc" and way ~= "desc") then return false end
    -- The latest seen has the lowest age.
    orders[#orders + 1] = { key = ORDERS[key], down = (way == "desc") ~= (key == "lastSeenAtAge") }
  end
  if #orders > 0 then table.sort(users, function(a, b) return before(a, b, orders) end) end
  return true
end

return paging
