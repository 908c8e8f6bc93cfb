-- SPDX-License-Identifier: MIT
-- Finds the handler of a method and a path. Routes are rows: { "GET /api/orgs/:org_id", permission, handler, only = "9.3.2" }; `there`, a function,
-- says whether this server has the route now.

local router = {}
router.__index = router

function router.new() return setmetatable({ roots = {} }, router) end

function router:add(row)
  local method, path = row[1]:match("^(%u+) (.+)$")
  local node = self.roots[method] or { static = {} }
  self.roots[method] = node
  for segment in path:gmatch("[^/]+") do
    local name = segment:match("^:(.+)$")
    if name then
      node.param = node.param or { static = {} }
      node = node.param
    else
      node.static[segment] = node.static[segment] or { static = {} }
      node = node.static[segment]
    end
  end
  local names = {}
  for name in path:gmatch(":([%w_]+)") do names[#names + 1] = name end
  node.rows = node.rows or {}
  table.insert(node.rows, { permission = row[2], handler = row[3], only = row.only, there = row.there, names = names })
end

local function pick(rows, personality)
  for _, row in ipairs(rows or {}) do
    if (not row.only or row.only == personality) and (not row.there or row.there()) then return row end
  end
  return nil
end

-- A fixed segment is tried before a parameter.
local function walk(node, segments, index, values, personality)
  local segment = segments[index]
  if not segment then return pick(node.rows, personality) end
  local child = node.static[segment]
  local row = child and walk(child, segments, index + 1, values, personality)
  if row or not node.param then return row end
  values[#values + 1] = segment
  row = walk(node.param, segments, index + 1, values, personality)
  if not row then values[#values] = nil end
  return row
end

-- Returns the route and its parameters by name, or nil.
function router:find(method, segments, personality)
  local root, values = self.roots[method], {}
  local row = root and walk(root, segments, 1, values, personality)
  if not row then return nil end
  local params = {}
  for index, name in ipairs(row.names) do params[name] = values[index] end
  return row, params
end

return router
