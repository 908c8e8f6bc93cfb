-- SPDX-License-Identifier: MIT
-- Teams by id, uid and name, their members, and the tokens of service accounts, on both versions of Grafana.

local grafana = require "grafana"
local days = require "spec.support.bad_days"

for _, version in ipairs {"9.3.2", "12.4.3"} do
  describe("on " .. version .. ",", function()
    local server, g
    local has_uids = version ~= "9.3.2"

    setup(function() server = days.start(version) end)
    teardown(function() server:stop() end)
    before_each(function()
      days.fresh(server)
      g = days.connect(server)
    end)
    after_each(function() g:close() end)

    local function new_user(login, email)
      return days.ask(server, "POST", "/api/admin/users", {login = login, email = email, password = "long-enough"}).id
    end

    local function ids_of(members)
      local ids = {}
      for i, member in ipairs(members) do ids[i] = member.userId end
      return ids
    end

    describe("of 1200 teams", function()
      local made = {}

      before_each(function()
        local rows = {}
        for i = 1, 1200 do rows[i] = {"create_team", 1, {name = ("Team %04d"):format(i)}} end
        for i, r in ipairs(days.at_once(g, rows)) do made[i] = r.id end
        server:clear_log()
      end)

      it("all are listed, each once", function()
        local r, seen = g:get_teams(1), {}
        assert.equal("ok", r.status, tostring(r))
        assert.equal(1200, #r.teams)
        for _, team in ipairs(r.teams) do
          assert.is_nil(seen[team.id])
          seen[team.id] = true
        end
        assert.equal(2, #server:requests())
      end)

      it("the last is found by its name with one question", function()
        assert.equal(made[1200], g:get_team(1, "Team 1200").team.id)
        assert.equal(1, #server:requests())
      end)

      it("the last is found on the second page where the server takes no notice of the name", function()
        for page = 1, 2 do
          local path = ("/api/teams/search?perpage=1000&page=%d"):format(page)
          local _, body = server:http("GET", path, {user = "admin", password = days.PASSWORD})
          server:fault {kind = "body", body = body, path = ("name=.*&page=%d$"):format(page), times = 0}
        end
        server:clear_log()
        assert.equal(made[1200], g:get_team(1, "Team 1200").team.id)
        assert.equal(2, #server:requests())
        assert.equal("ok", g:delete_team(1, "Team 1199").status)
        assert.equal("not-found", g:get_team(1, made[1199]).status)
        assert.equal("not-found", g:get_team(1, "team 1200").status)
      end)
    end)

    it("a string is never an id, whatever is in it", function()
      local id = g:create_team(1, {name = "A"}).id
      assert.equal(id, g:get_team(1, id).team.id)
      for _, text in ipairs {"1", "01", "+1", "1.0", "1e0", "0x1", " 1", "0", "00", "-0", "-1", "-"} do
        assert.equal("not-found", g:get_team(1, text).status, text)
        assert.equal("not-found", g:delete_team(1, text).status, text)
      end
      local one = g:create_team(1, {name = "1"}).id
      assert.equal(one, g:get_team(1, "1").team.id)
      assert.equal("ok", g:delete_team(1, "1").status)
      assert.equal(id, g:get_team(1, 1).team.id)
      assert.equal(id, g:get_team(1, grafana.number "1").team.id)
    end)

    it("a name is one in its own case, and in its own organisation", function()
      local id = g:create_team(1, {name = "Ops"}).id
      local org = g:create_org("Acme").id
      assert.equal("not-found", g:get_team(1, "ops").status)
      assert.equal("not-found", g:get_team(org, "Ops").status)
      assert.equal("not-found", g:get_team(org, id).status)
      local lower, other = g:create_team(1, {name = "ops"}).id, g:create_team(org, {name = "Ops"}).id
      assert.equal(lower, g:get_team(1, "ops").team.id)
      assert.equal(other, g:get_team(org, "Ops").team.id)
      assert.equal(id, g:get_team(1, "Ops").team.id)
    end)

    it("a team called like another's uid does not stand in for it", function()
      local real = g:create_team(1, {name = "Real"})
      assert.equal(has_uids, real.uid ~= nil)
      local false_one = g:create_team(1, {name = real.uid or "none"})
      if has_uids then
        assert.equal(real.id, g:get_team(1, real.uid).team.id)
        assert.equal("ok", g:delete_team(1, real.uid).status)
        assert.equal("not-found", g:get_team(1, real.id).status)
        assert.equal(false_one.id, g:get_team(1, real.uid).team.id)
      end
      assert.equal("ok", g:get_team(1, false_one.id).status)
    end)

    describe("the members of a team", function()
      local team, ann, bob

      before_each(function()
        team = g:create_team(1, {name = "Ops"}).id
        ann, bob = new_user("ann", "Ann@Example.org"), new_user("BOB", "bob@example.org")
        server:clear_log()
      end)

      it("come and go by id, and by login and email in any case", function()
        for _, who in ipairs {
          ann, "ann", "ANN", "Ann", "ann@example.org", "ANN@EXAMPLE.ORG", grafana.number(ann .. ""),
        } do
          assert.equal("ok", g:add_team_member(1, "Ops", who).status, tostring(who))
          assert.same({1, ann}, ids_of(g:get_team_members(1, team).members))
          assert.equal("already-exists", g:add_team_member(1, team, who).status, tostring(who))
          assert.equal("ok", g:delete_team_member(1, "Ops", who).status, tostring(who))
          assert.same({1}, ids_of(g:get_team_members(1, "Ops").members))
          local r = g:delete_team_member(1, team, who)
          assert.equal("user-not-found", r.status, tostring(who) .. tostring(r))
        end
        assert.equal("ok", g:add_team_member(1, team, "bob").status)
        assert.same({1, bob}, ids_of(g:get_team_members(1, team).members))
      end)

      it("are of the organisation: who is not is user-not-found, however named, and is not let in", function()
        local org = g:create_org("Acme").id
        local dan = g:create_user({login = "dan", password = "long-enough", OrgId = org}).id
        for _, who in ipairs {dan, "dan", 4711, "ghost", "ghost@example.org", "an", "", "ann "} do
          local expected = who == "" and "missing-mandatory-data" or "user-not-found"
          assert.equal(expected, g:add_team_member(1, team, who).status, tostring(who))
          assert.equal(expected, g:delete_team_member(1, team, who).status, tostring(who))
        end
        assert.same({1}, ids_of(g:get_team_members(1, team).members))
        assert.equal("ok", g:add_org_user(1, "dan", "Viewer").status)
        assert.equal("ok", g:add_team_member(1, team, "dan").status)
        assert.equal("ok", g:delete_org_user(1, "dan").status)
        assert.same({1}, ids_of(g:get_team_members(1, team).members))
      end)

      it("can be taken out when they have left the organisation", function()
        local org = g:create_org("Acme").id
        local dan = g:create_user({login = "dan", password = "long-enough", OrgId = org}).id
        days.ask(server, "POST", "/api/teams/" .. team .. "/members", {userId = dan})
        assert.equal(2, #g:get_team_members(1, team).members)
        assert.equal("ok", g:delete_team_member(1, team, "dan").status)
        assert.equal(1, #g:get_team_members(1, team).members)
      end)

      it("are not those of all teams, whatever id is asked for", function()
        for _, id in ipairs {0, -1, grafana.number "99999999999999999999"} do
          assert.equal("not-found", g:get_team_members(1, id).status)
        end
        assert.equal(0, #server:requests())
        assert.equal("not-found", g:get_team_members(1, 4711).status)
      end)
    end)

    it("what a change does not name stays as it is", function()
      local id = g:create_team(1, {name = "Ops", email = "ops@example.org"}).id
      local function has(name, email)
        local team = g:get_team(1, id).team
        assert.same({name, email}, {team.name, team.email})
      end
      assert.equal("ok", g:update_team(1, id, {name = "Operations"}).status)
      has("Operations", "ops@example.org")
      assert.equal("ok", g:update_team(1, "Operations", {email = "new@example.org"}).status)
      has("Operations", "new@example.org")
      assert.equal("ok", g:update_team(1, id, {}).status)
      has("Operations", "new@example.org")
      local changes = grafana.decode('{"email":""}', {raw = true})
      assert.equal("ok", g:update_team(1, id, changes).status)
      assert.equal('{"email":""}', changes:text())
      has("Operations", "")
      assert.equal("missing-mandatory-data", g:update_team(1, id, {name = ""}).status)
      has("Operations", "")
    end)

    describe("a token", function()
      local account

      before_each(function() account = g:create_service_account(1, {name = "robot", role = "Admin"}).id end)

      it("opens the door until it is deleted", function()
        local made = g:create_token(1, account, {name = "k"})
        local robot = days.connect(server, nil, {token = made.key})
        assert.equal("ok", robot:get_teams(1).status)
        assert.equal("already-exists", robot:create_token(1, account, {name = "k"}).status)
        assert.equal("ok", g:delete_token(1, account, made.id).status)
        local r = robot:get_teams(1)
        assert.equal("access-denied", r.status)
        assert.equal("bad-credentials", r.reason)
        assert.matches("token", r.message, 1, true)
        robot:close()
        assert.equal("not-found", g:delete_token(1, account, made.id).status)
      end)

      it("goes with its account", function()
        local made = g:create_token(1, account, {name = "k", secondsToLive = 3600})
        local robot = days.connect(server, nil, {token = made.key})
        assert.equal("ok", robot:get_current_org().status)
        assert.equal("ok", g:delete_service_account(1, account).status)
        assert.equal("bad-credentials", robot:get_current_org().reason)
        robot:close()
        assert.equal("not-found", g:get_tokens(1, account).status)
        assert.equal("not-found", g:create_token(1, account, {name = "k"}).status)
        assert.equal("not-found", g:delete_token(1, account, made.id).status)
        assert.equal("not-found", g:delete_service_account(1, account).status)
      end)

      it("is of its account: another account's is not-found, and has no id", function()
        local other = g:create_service_account(1, {name = "other"}).id
        local made = g:create_token(1, account, {name = "k"})
        assert.equal("not-found", g:delete_token(1, other, made.id).status)
        local r = g:create_token(1, other, {name = "k"})
        assert.equal("already-exists", r.status)
        assert.is_nil(r.id)
        assert.equal(made.id, g:create_token(1, account, {name = "k"}).id)
        assert.equal(1, #g:get_tokens(1, account).tokens)
        assert.equal(0, #g:get_tokens(1, other).tokens)
      end)

      it("whose DELETE was carried out before its answer broke is deleted", function()
        local made = g:create_token(1, account, {name = "k"})
        for _, call in ipairs {{"delete_token", 1, account, made.id}, {"delete_service_account", 1, account}} do
          server:fault {kind = "close_after", method = "DELETE"}
          local r = g[call[1]](g, days.unpack(call, 2))
          assert.equal("ok", r.status, tostring(r))
          assert.equal("not-found", g[call[1]](g, days.unpack(call, 2)).status)
        end
      end)
    end)

    it("a service account's id is told when its very name is taken, not when another's is like it", function()
      local id = g:create_service_account(1, {name = "Night Watch"}).id
      for name, told in pairs {["Night Watch"] = id, ["night watch"] = false, ["Night-Watch"] = false} do
        local r = g:create_service_account(1, {name = name})
        assert.equal("already-exists", r.status, name)
        assert.equal(told or nil, r.id, name)
      end
      local renamed = g:create_service_account(1, {name = "Day Watch"}).id
      local _, code = days.ask(server, "PATCH", "/api/serviceaccounts/" .. renamed, {name = "Night Watch"})
      assert.equal(200, code)
      assert.is_nil(g:create_service_account(1, {name = "Night Watch"}).id)
    end)

    it("what another organisation has is not there", function()
      local org = g:create_org("Acme").id
      local team, account = g:create_team(1, {name = "Ops"}).id, g:create_service_account(1, {name = "robot"}).id
      local token = g:create_token(1, account, {name = "k"}).id
      for _, call in ipairs {
        {"get_team", team}, {"update_team", team, {name = "X"}}, {"delete_team", team}, {"get_team_members", team},
        {"delete_team_member", team, 1}, {"add_team_member", team, "admin"}, {"delete_service_account", account},
        {"get_tokens", account}, {"create_token", account, {name = "x"}}, {"delete_token", account, token},
      } do
        local r = g[call[1]](g, org, days.unpack(call, 2))
        assert.equal("not-found", r.status, call[1] .. ": " .. tostring(r))
        assert.is_nil(r.reason)
        r = g[call[1]](g, 4711, days.unpack(call, 2))
        assert.equal("org-not-found", r.reason, call[1] .. ": " .. tostring(r))
      end
      assert.equal("Ops", g:get_team(1, team).team.name)
      assert.equal(1, #g:get_tokens(1, account).tokens)
    end)
  end)
end
