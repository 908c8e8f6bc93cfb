-- SPDX-License-Identifier: MIT
-- Objects of the kind users.

package.path = "./?.lua;./?/init.lua;" .. package.path

local cases = require "spec.bulk.people_cases"
local people = require "spec.bulk.people"

local busted = {describe = describe, setup = setup, teardown = teardown, before_each = before_each}

describe("users", function()
  people.on_standins(busted, function(get)
    cases.users(it, get)
  end)
end)
