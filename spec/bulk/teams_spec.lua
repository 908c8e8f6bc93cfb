-- SPDX-License-Identifier: MIT
-- Objects of the kind teams.

package.path = "./?.lua;./?/init.lua;" .. package.path

local grafana = require "grafana"
local cases = require "spec.bulk.people_cases"
local people = require "spec.bulk.people"

local busted = {describe = describe, setup = setup, teardown = teardown, before_each = before_each}

describe("teams", function()
  people.on_standins(busted, function(get, standin)
    cases.teams(it, get)

    it("are not changed where they are as they should be", function()
      local c = get()
      local login = c:user().login
      c:put_well("teams", {name = "Ops", members = {login}})
      standin():clear_log()
      assert.equal("ok", c:put("teams", {name = "Ops", members = {login}}).status)
      assert.equal(0, people.writes(standin()))
    end)

    it("of which a member could not be added have the others, and say so", function()
      local c = get()
      local one, two = c:user().login, c:user().login
      standin():fault {kind = "status", code = 403, method = "POST", path = "/members$", body = '{"message":"no"}'}
      local r = c:put("teams", {name = "Ops", members = {one, two}})
      assert.equal("access-denied", r.status)
      assert.matches("not with all its members (" .. one .. ")", r.message, 1, true)
      assert.equal(('{"members":["%s"],"name":"Ops"}'):format(two), c:text("teams", "Ops"))
      c:put_well("teams", {name = "Ops", members = {one, two}})
    end)

    it("whose members are not shown are not taken for empty ones", function()
      local c = get()
      local user = c:user()
      c:put_well("teams", {name = "Ops", members = {c.server.login, user.login}, admins = {user.login}})
      local own = c:as(user)
      local found, failed = c:list("teams", own.at)
      assert.same({}, found)
      assert.equal("access-denied", failed.Ops.status)
      own.g:close()
    end)

    it("leave members alone whom a group outside puts there", function()
      local c = get()
      local login = c:user().login
      grafana.check(c.g:create_team(c.org, {name = "Ops"}))
      local list = '[{"userId":1,"login":"admin","labels":["LDAP"],"permission":0}]'
      standin():fault {kind = "body", path = "/members$", method = "GET", body = list, times = 0}
      assert.equal('{"members":[],"name":"Ops"}', c:text("teams", "Ops"))
      standin():clear_log()
      assert.equal("ok", c:put("teams", {name = "Ops", members = {login}}).status)
      assert.equal(0, #standin():requests {method = "DELETE"})
    end)
  end)
end)
