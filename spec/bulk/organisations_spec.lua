-- SPDX-License-Identifier: MIT
-- Objects of the kind organisations.

package.path = "./?.lua;./?/init.lua;" .. package.path

local cases = require "spec.bulk.people_cases"
local people = require "spec.bulk.people"

local busted = {describe = describe, setup = setup, teardown = teardown, before_each = before_each}

describe("organisations", function()
  people.on_standins(busted, function(get, standin)
    cases.organisations(it, get)

    it("that were created without their address say so", function()
      local c = get()
      standin():fault {kind = "status", code = 403, path = "/address$", body = '{"message":"no"}'}
      local r = c:put("organisations", {name = "Acme", address = {city = "Oslo"}})
      assert.equal("access-denied", r.status)
      assert.matches("the organisation was created, but ", r.message, 1, true)
      c:put_well("organisations", {name = "Acme", address = {city = "Oslo"}})
    end)

    it("are not changed where they are as they should be", function()
      local c = get()
      c:put_well("organisations", {name = "Acme", address = {city = "Oslo"}})
      standin():clear_log()
      assert.equal("ok", c:put("organisations", {name = "Acme", address = {city = "Oslo"}}).status)
      assert.equal(0, people.writes(standin()))
    end)
  end)
end)
