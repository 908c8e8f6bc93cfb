-- SPDX-License-Identifier: MIT
-- Notification templates as objects of bulk jobs, on both versions of Grafana.

package.path = "./?.lua;./?/init.lua;" .. package.path   -- 5.1 and LuaJIT do not look for ./?/init.lua

local kind = require "grafana.bulk.kinds.templates"
local support = require "spec.support.alerting"

local busted = {
  describe = describe, it = it, setup = setup, teardown = teardown, before_each = before_each, after_each = after_each,
}

local PATH = support.BASE .. "templates"

local function template(text) return {name = "mail/1", template = '{{ define "mail" }}' .. text .. "{{ end }}"} end

local sample = {
  prepare = function() end,
  first = function() return template("one") end,
  second = function() return template("two\nlines \226\130\172") end,
  provision = function(world) support.ask(world, "PUT", PATH .. "/mail%2F1", template("zero")) end,
  path = function() return PATH .. "/mail%2F1" end,
  writes = "templates", method = function() return "PUT" end,
}

support.on_both(busted, function(world)
  support.holds(world, "templates", sample)

  it("one that Grafana cannot read is refused", function()
    local r = support.write("templates", world.at, {name = "bad", template = '{{ define "bad" }'})
    assert.equal("invalid-data", r.status, tostring(r))
  end)

  if not world.is_old then
    it("one that was changed or deleted meanwhile is not written", function()
      local _, now = support.write("templates", world.at, template("one"))
      support.write("templates", world.at, template("two"))
      local r = kind.write(world.at, support.object("templates", template("three")), now)
      assert.equal("already-exists", r.status, tostring(r))
      assert.equal("version-mismatch", r.reason)
      assert.equal("version-mismatch", kind.delete(world.at, now).reason)
      kind.delete(world.at, kind.read(world.at, now.key))
      r = kind.write(world.at, support.object("templates", template("three")), now)
      assert.equal("already-exists", r.status, tostring(r))
      assert.equal("version-mismatch", r.reason)
    end)
  end
end)
