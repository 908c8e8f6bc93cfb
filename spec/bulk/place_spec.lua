-- SPDX-License-Identifier: MIT
-- What a job knows of a server before it begins: that nobody answered is not taken for what the account may do.

package.path = "./?.lua;./?/init.lua;" .. package.path

local bulk = require "grafana.bulk"
local two_worlds = require "spec.support.two_worlds"

local two

setup(function() two = two_worlds.start("12.4.3") end)
teardown(function() two:stop() end)
after_each(function()
  two[1]:clear_faults()
end)

describe("a backup", function()
  for _, path in ipairs {"^/api/user$", "^/api/orgs%?", "^/apis/dashboard.grafana.app$"} do
    it("is not whole where nobody answered " .. path, function()
      two[1]:fault {kind = "status", code = 500, path = path, times = 0}
      local r = bulk.backup(two.g, two:folder())
      assert.is_false(r.ok, tostring(r))
      assert.is_true(#two[1]:requests {path = path} > 0)
    end)
  end
end)
