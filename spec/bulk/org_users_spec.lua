-- SPDX-License-Identifier: MIT
-- Objects of the kind org_users.

package.path = "./?.lua;./?/init.lua;" .. package.path

local cases = require "spec.bulk.people_cases"
local people = require "spec.bulk.people"

local busted = {describe = describe, setup = setup, teardown = teardown, before_each = before_each}

describe("org users", function()
  people.on_standins(busted, function(get, standin)
    cases.org_users(it, get)

    it("whose role comes from a directory outside keep it, and are listed without", function()
      local c = get()
      local login = c:user {role = "Editor"}.login
      assert.equal("ok", c:put("org_users", {login = login}).status)
      assert.equal(('{"login":"%s","role":"Editor"}'):format(login), c:text("org_users", login))
      standin():fault {kind = "body", path = "/users", body = '[{"orgId":1,"userId":7,"login":"ann","role":"Viewer",'
        .. '"isExternallySynced":true}]'}
      assert.same({ann = '{"login":"ann"}'}, (c:list("org_users")))
    end)

    it("are not changed where they are as they should be", function()
      local c = get()
      local login = c:user().login
      standin():clear_log()
      assert.equal("ok", c:put("org_users", {login = login, role = "Viewer"}).status)
      assert.equal(0, people.writes(standin()))
    end)
  end)
end)
