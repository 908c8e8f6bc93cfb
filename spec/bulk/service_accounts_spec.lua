-- SPDX-License-Identifier: MIT
-- Objects of the kind service_accounts.

package.path = "./?.lua;./?/init.lua;" .. package.path

local cases = require "spec.bulk.people_cases"
local people = require "spec.bulk.people"

local busted = {describe = describe, setup = setup, teardown = teardown, before_each = before_each}

describe("service accounts", function()
  people.on_standins(busted, function(get, standin)
    cases.service_accounts(it, get)

    it("of plugins are left out", function()
      local account = '{"id":7,"name":"extsvc-a","login":"sa-1-extsvc-a","role":"None","tokens":0,"isExternal":true}'
      standin():fault {kind = "body", path = "^/api/serviceaccounts/search",
        body = '{"totalCount":1,"serviceAccounts":[' .. account .. ']}'}
      local found, failed = get():list("service_accounts")
      assert.same({{}, {}}, {found, failed})
    end)

    it("of which who made them was not forgotten say so", function()
      standin():fault {kind = "status", code = 403, method = "POST", path = "access%-control",
        body = '{"message":"no"}'}
      local r = get():put("service_accounts", {name = "robot", role = "Viewer"})
      assert.equal("access-denied", r.status)
      assert.matches("the service account was created, but ", r.message, 1, true)
    end)
  end)
end)
