-- SPDX-License-Identifier: MIT
-- Objects of the kind users.

package.path = "./?.lua;./?/init.lua;" .. package.path

local cases = require "spec.bulk.people_cases"
local days = require "spec.support.bad_days"
local people = require "spec.bulk.people"

local busted = {describe = describe, setup = setup, teardown = teardown, before_each = before_each}
local SECRET = "a-secret-password"

describe("users", function()
  people.on_standins(busted, function(get, standin)
    cases.users(it, get)

    it("are not asked of the server where there is no password", function()
      get():put("users", {login = "ann", email = "ann@example.org"})
      assert.equal(0, people.writes(standin()))
    end)

    it("are not changed where they are as they should be", function()
      local c = get()
      c.given.ann = SECRET
      c:put_well("users", {login = "ann", email = "ann@example.org", name = "Ann"})
      standin():clear_log()
      assert.equal("ok", c:put("users", {login = "ann", email = "ann@example.org", name = "Ann"}).status)
      assert.equal(0, people.writes(standin()))
    end)

    it("keep a server admin, whoever asks", function()
      local c = get()
      local me = c.server.login
      c.server.login = nil   -- a token's
      assert.matches("the last server admin", c:put("users", {login = me, email = "admin@localhost"}).message)
      assert.matches("the last server admin", c:delete("users", me).message)
    end)

    it("that were created in part say so, without the password, and are finished the next time", function()
      local c = get()
      c.given.ann = SECRET
      local value = {login = "ann", email = "ann@example.org", name = "Ann", isDisabled = true}
      for _, path in ipairs {"^/api/users/%d+/orgs", "^/api/orgs/1/users/", "^/api/admin/users/%d+/disable"} do
        standin():fault {kind = "status", code = 500, path = path, body = '{"message":"no"}', times = 1}
        local r = c:put("users", value)
        assert.is_false(r.ok, path)
        assert.matches(c.created and "" or "the user was created, but ", r.message, 1, true)
        assert.is_nil(days.leak(r, {SECRET}))
        c.created = true
      end
      c:put_well("users", value)
      assert.same({}, c.g:get_user_orgs("ann").orgs)
    end)

    it("do not tell their passwords where they are refused", function()
      local c = get()
      c.given.ann = SECRET
      local r = c:put("users", {login = "ann", email = "admin@localhost"})
      assert.equal("already-exists", r.status)
      assert.is_nil(days.leak(r, {SECRET}))
      standin():fault {kind = "broken_json", path = "^/api/admin/users"}
      assert.is_nil(days.leak(c:put("users", {login = "ann", email = "ann@example.org"}), {SECRET}))
    end)

    it("who sign in elsewhere have no password, and are no admins by what a directory says", function()
      local c = get()
      local user = '{"id":7,"login":"Ann","email":"ann@example.org","name":"","isAdmin":true,"isDisabled":false,'
        .. '"isGrafanaAdmin":true,"isGrafanaAdminExternallySynced":true,"authLabels":["LDAP"]}'
      standin():fault {kind = "body", path = "^/api/users/search", body = '{"totalCount":1,"users":[' .. user .. ']}'}
      standin():fault {kind = "body", path = "^/api/users/7$", body = user}
      assert.same({ann = '{"email":"ann@example.org","login":"ann"}'}, (c:list("users")))
      assert.matches("outside of Grafana", c:put("users", {login = "ann"}).message, 1, true)
    end)
  end)
end)
