-- SPDX-License-Identifier: MIT
-- Objects of the kind org_users.

package.path = "./?.lua;./?/init.lua;" .. package.path

local cases = require "spec.bulk.people_cases"
local people = require "spec.bulk.people"

local busted = {describe = describe, setup = setup, teardown = teardown, before_each = before_each}

describe("org users", function()
  people.on_standins(busted, function(get)
    cases.org_users(it, get)
  end)
end)
