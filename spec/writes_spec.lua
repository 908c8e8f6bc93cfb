-- SPDX-License-Identifier: MIT
-- Writes on bad days, whichever way a client signs in: how often one arrives, and that its result says so when nobody
-- knows whether it did.

local days = require "spec.support.bad_days"

local server, token, account, token_id

-- Organisation 1 with a dashboard and a folder "x", a team "Ops", the user "ann", a service account with a token.
local function prepare()
  days.fresh(server)
  days.ask(server, "POST", "/api/dashboards/db", {dashboard = {uid = "x", title = "X", panels = {{}}}})
  days.ask(server, "POST", "/api/folders", {uid = "x", title = "Folder"})
  days.ask(server, "POST", "/api/folders", {uid = "parent", title = "Parent"})
  days.ask(server, "POST", "/api/teams", {name = "Ops"})
  days.ask(server, "POST", "/api/admin/users", {login = "ann", password = "long-enough"})
  account = days.ask(server, "POST", "/api/serviceaccounts", {name = "robot", role = "Admin"}).id
  local made = days.ask(server, "POST", ("/api/serviceaccounts/%d/tokens"):format(account), {name = "key"})
  token, token_id = made.key, made.id
  server:clear_log()
end

-- Each with the method and the path of its write. `again`: the second one changes nothing, though it is a POST.
local WRITES = {
  {"update_dashboard_permissions", "x", {{role = "Viewer", permission = 1}}, m = "POST", p = "/permissions$",
    again = true},
  {"grant_dashboard_permissions", "x", {users = {ann = "View"}}, m = "POST", p = "/permissions$", again = true},
  {"update_folder_permissions", "x", {{role = "Viewer", permission = 1}}, m = "POST", p = "/permissions$",
    again = true},
  {"grant_folder_permissions", "x", {teams = {Ops = "Edit"}}, m = "POST", p = "/permissions$", again = true},
  {"create_team", {name = "New"}, m = "POST", p = "/api/teams$"},
  {"update_team", "Ops", {name = "Others"}, m = "PUT", p = "/api/teams/"},
  {"delete_team", "Ops", m = "DELETE", p = "/api/teams/"},
  {"add_team_member", "Ops", "ann", m = "POST", p = "/members$"},
  {"delete_team_member", "Ops", "ann", m = "DELETE", p = "/members/"},
  {"create_folder", {title = "New"}, m = "POST", p = "/api/folders$"},
  {"update_folder", "x", {title = "Other"}, m = "PUT", p = "/api/folders/x"},
  {"move_folder", "x", "parent", m = "POST", p = "/move$", again = true},
  {"delete_folder", "x", m = "DELETE", p = "/api/folders/x"},
  {"create_service_account", {name = "other"}, m = "POST", p = "/api/serviceaccounts$"},
  {"delete_service_account", function() return account end, m = "DELETE", p = "/api/serviceaccounts/"},
  {"create_token", function() return account end, {name = "new"}, m = "POST", p = "/tokens$"},
  {"delete_token", function() return account end, function() return token_id end, m = "DELETE", p = "/tokens/"},
  {"call", "createTeam", {name = "New"}, m = "POST", p = "/api/teams$", plain = true},
  {"call", "patchOrgPreferences", {theme = "dark"}, m = "PATCH", p = "/preferences$", plain = true},
  {"call", "updateTeam", {team_id = "1", name = "New"}, m = "PUT", p = "/api/teams/1$", plain = true},
  {"call", "deleteTeamByID", {team_id = "1"}, m = "DELETE", p = "/api/teams/1$", plain = true},
  {"request", "POST", "/api/teams", {body = {name = "New"}}, m = "POST", p = "/api/teams$", plain = true},
  {"request", "PATCH", "/api/org/preferences", {body = {theme = "dark"}}, m = "PATCH", p = "/preferences",
    plain = true},
}

local SIGN_INS = {
  {name = "basic authentication", connect = function(options) return days.connect(server, options) end},
  {name = "a session", connect = function(options)
    options.auth_method = "regular-login"
    return days.connect(server, options)
  end},
  {name = "a token function", connect = function(options)
    return days.connect(server, options, {token = function() return token end})
  end},
}

local function call(g, row)
  local args = {}
  for i = 2, #row do args[i - 1] = type(row[i]) == "function" and row[i]() or row[i] end
  if row.plain then return g[row[1]](g, days.unpack(args)) end
  return g[row[1]](g, 1, days.unpack(args))
end

local function label(row) return row.plain and row[1] .. " " .. row[2] or row[1] end

for _, way in ipairs(SIGN_INS) do
  describe("a write, signed in by " .. way.name .. ",", function()
    setup(function() server = days.start("12.4.3") end)
    teardown(function() server:stop() end)

    for _, row in ipairs(WRITES) do
      local repeatable = row.again or row.m == "PUT" or row.m == "DELETE"

      for _, kind in ipairs {"close", "close_after", "cut"} do
        local how = repeatable and "with each attempt" or "once"

        it(("%s arrives %s (%s), and is uncertain"):format(label(row), how, kind),
          function()
            prepare()
            local g = way.connect {max_retries = 2}
            server:fault {kind = kind, method = row.m, path = row.p, times = 0}
            local r = call(g, row)
            assert.equal("cut", r.reason, tostring(r))
            assert.is_true(r.uncertain)
            assert.equal(repeatable and 3 or 1, r.attempts)
            assert.equal(r.attempts, days.arrived(server, row.m, row.p))
            g:close()
          end)
      end

      it(label(row) .. " refused with a 401 on the way is sent again, or not at all; never uncertain", function()
        prepare()
        local g = way.connect {max_retries = 2}
        server:fault {kind = "status", code = 401, method = row.m, path = row.p, times = 0,
          body = '{"message":"Unauthorized"}'}
        local r = call(g, row)
        assert.equal("bad-credentials", r.reason, tostring(r))
        assert.is_nil(r.uncertain)
        assert.equal(way.name == "basic authentication" and 1 or 2, days.arrived(server, row.m, row.p))
        assert.is_true(days.arrived(server, "POST", "^/login") <= 2)
        g:close()
      end)
    end
  end)
end

describe("a write that is not answered in time", function()
  setup(function() server = days.start("12.4.3") end)
  teardown(function() server:stop() end)

  for _, row in ipairs(WRITES) do
    it("is uncertain: " .. label(row), function()
      prepare()
      local g = days.connect(server, {max_retries = 0, timeout = 300})
      server:fault {kind = "stall", method = row.m, path = row.p, times = 0, seconds = 10}
      local r = call(g, row)
      assert.equal("timeout", r.reason, tostring(r))
      assert.is_true(r.uncertain)
      assert.equal(1, days.arrived(server, row.m, row.p))
      g:close()
    end)
  end
end)
