-- SPDX-License-Identifier: MIT
-- What a job knows of a server before it begins: that nobody answered is not taken for what the account may do.

package.path = "./?.lua;./?/init.lua;" .. package.path

local bulk = require "grafana.bulk"
local grafana = require "grafana"
local two_worlds = require "spec.support.two_worlds"

local two

setup(function() two = two_worlds.start("12.4.3") end)
teardown(function() two:stop() end)
after_each(function()
  two[1]:clear_faults()
end)

describe("a server that is not there", function()
  local g = grafana.connect("http://127.0.0.1:1", nil, {max_retries = 0})

  it("gives a report and a difference like any other", function()
    local dir = two:folder()
    local r = bulk.backup(g, dir)
    assert.equal("connection-refused", r.status)
    assert.equal("connection-refused", r.failures[1].status)
    assert.matches("nobody listens", tostring(r))
    assert.is_nil((require("grafana.core").files.kind(dir)))
    for _, sides in ipairs {{g, two.g}, {two.g, {g, 1}}} do
      r = bulk.diff(sides[1], sides[2])
      assert.equal("connection-refused", r.status)
      assert.same({0, 0, 0}, {#r.added, #r.removed, #r.changed})
      assert.matches("nobody listens", tostring(r))
      assert.equal("", r:diff())
    end
  end)
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
