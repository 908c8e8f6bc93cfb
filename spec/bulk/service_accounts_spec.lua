-- SPDX-License-Identifier: MIT
-- Objects of the kind service_accounts.

package.path = "./?.lua;./?/init.lua;" .. package.path

local cases = require "spec.bulk.people_cases"
local people = require "spec.bulk.people"

local busted = {describe = describe, setup = setup, teardown = teardown, before_each = before_each}

describe("service accounts", function()
  people.on_standins(busted, function(get)
    cases.service_accounts(it, get)
  end)
end)
