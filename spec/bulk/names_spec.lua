-- SPDX-License-Identifier: MIT
-- What `grafana.bulk` offers is what the API names, and each of it is in the help, on the page and in the editors'
-- types; so are all kinds.

package.path = "./?.lua;./?/init.lua;" .. package.path

local bulk = require "grafana.bulk"
local kinds = require "grafana.bulk.kinds"

local API = {
  "backup", "restore", "copy", "sync", "diff", "replace_datasource", "edit_dashboards", "add_tags", "remove_tags",
  "move_to_folder", "set_permissions", "delete_dashboards", "create_users", "add_org_users", "inventory", "resume",
}

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  return text
end

local PLACES = {
  ["the help"] = require("grafana").help("bulk"), ["doc/bulk.md"] = read "doc/bulk.md",
  ["types/grafana/bulk.lua"] = read "types/grafana/bulk.lua", ["lua/grafana/bulk.lua"] = read "lua/grafana/bulk.lua",
}

local function names(place, word)
  return PLACES[place]:find("%f[%w_]" .. word .. "%f[^%w_]") ~= nil
end

it("every function of the API is there", function()
  for _, name in ipairs(API) do assert.is_function(bulk[name], name) end
end)

it("every function is in the help, on its page, in the types, and documented", function()
  for name in pairs(bulk) do
    for place in pairs(PLACES) do assert.is_true(names(place, name), place .. ": " .. name) end
  end
end)

it("every job can be loaded, and refuses to run without arguments, naming the first", function()
  for _, name in ipairs(API) do
    local fine, problem = pcall(bulk[name])
    assert.is_false(fine, name)
    assert.matches("bulk." .. name .. ": .*#1", problem)
  end
end)

it("every kind has what all have, and is on the page and in the help", function()
  for i, name in ipairs(kinds.names) do
    local kind = kinds.get(name)
    assert.equal(name, kind.name)
    assert.equal(i, kinds.rank(name))
    for _, method in ipairs {"key", "title", "list", "read", "write"} do
      assert.is_function(kind[method], name .. "." .. method)
    end
    assert.is_true(kind.scope == "org" or kind.scope == "server", name)
    assert.is_string(kind.one)
    for _, place in ipairs {"the help", "doc/bulk.md", "types/grafana/bulk.lua"} do
      assert.is_true(names(place, name), place .. ": " .. name)
    end
  end
end)
