-- SPDX-License-Identifier: MIT
-- Permissions of dashboards and folders on the stand-in: names are found wherever they are, the highest permission
-- counts, what is there is kept where that is wanted, and nothing is sent that the server would take and not mean.
-- What each operation sends and makes of the answers is in spec/golden.

local grafana = require "grafana"
local days = require "spec.support.bad_days"

local server, g

setup(function() server = days.start() end)
teardown(function() server:stop() end)
before_each(function()
  days.fresh(server)
  g = days.connect(server, {max_retries = 0})
  grafana.check(g:update_or_create_dashboard(1, {uid = "d", title = "D", panels = {}}))
  grafana.check(g:create_folder(1, {uid = "f", title = "F"}))
  server:clear_log()
end)
after_each(function() g:close() end)

local function new_team(name) return (days.ask(server, "POST", "/api/teams", {name = name})).teamId end

local function new_user(login, email)
  return grafana.check(g:create_user {login = login, email = email, password = "long-enough"}).id
end

-- Who has what: "Viewer=1 team 3=2 user 5=4", sorted.
local function shown(r)
  local parts = {}
  for i, row in ipairs(grafana.check(r).permissions) do
    local who = row.role or row.teamId ~= 0 and "team " .. row.teamId or "user " .. row.userId
    parts[i] = who .. "=" .. row.permission
  end
  table.sort(parts)
  return table.concat(parts, " ")
end

-- Both kinds of things that have permissions, with what an operation on them is called.
local THINGS = {
  {"dashboard", "d", "/api/dashboards/uid/d/permissions"},
  {"folder", "f", "/api/folders/f/permissions"},
}

for _, thing in ipairs(THINGS) do
  local kind, uid, path = thing[1], thing[2], thing[3]
  local function get() return g["get_" .. kind .. "_permissions"](g, 1, uid) end
  local function update(items) return g["update_" .. kind .. "_permissions"](g, 1, uid, items) end
  local function grant(grants, options) return g["grant_" .. kind .. "_permissions"](g, 1, uid, grants, options) end
  local function writes() return days.arrived(server, "POST", "/permissions$") end

  describe("grant_" .. kind .. "_permissions", function()
    it("finds teams on every page, and asks for no more pages than there are", function()
      local last
      for i = 1, 1200 do last = new_team(("T%04d"):format(i)) end
      server:clear_log()
      local r = grant {teams = {T1200 = "Edit", T0001 = "View", T9999 = "View"}}
      assert.equal("ok", r.status, tostring(r))
      assert.equal(2, days.arrived(server, "GET", "/api/teams/search"))
      assert.equal(2, #r.granted)
      assert.same({teamId = last, team = "T1200", permission = 2}, r.granted[2])
      assert.same({{kind = "team", name = "T9999"}}, {{kind = r.skipped[1].kind, name = r.skipped[1].name}})
    end)

    it("asks for what it needs only", function()
      new_team("Ops")
      new_user("ann")
      server:clear_log()
      grant {roles = {Viewer = "View"}}
      assert.equal(1, #server:requests())
      server:clear_log()
      grant {teams = {Ops = "View"}, users = {}}
      assert.equal(0, days.arrived(server, "GET", "/api/org/users"))
      server:clear_log()
      grant {users = {ann = "View"}}
      assert.equal(0, days.arrived(server, "GET", "/api/teams"))
    end)

    it("knows users by login and email in any case of their letters, and the highest counts", function()
      local ann = new_user("ann", "Ann@Example.org")
      for _, users in ipairs {
        {ANN = "View", ["aNN@eXAMPLE.org"] = "Admin"}, {ann = 4, ["ann@example.org"] = 1, Ann = "Edit"},
      } do
        local r = grant {users = users}
        assert.equal("ok", r.status)
        assert.same({userId = ann, user = "ann", permission = 4}, r.granted[1])
        assert.equal(1, #r.granted)
        assert.equal(0, #r.skipped)
        assert.equal("user " .. ann .. "=4", shown(get()))
      end
    end)

    it("takes a login before another's email", function()
      local other = new_user("first", "who@example.org")
      local login = new_user("who@example.org", "second@example.org")
      grant {users = {["who@example.org"] = "View"}}
      assert.equal("user " .. login .. "=1", shown(get()))
      grant {users = {first = "View"}}
      assert.equal("user " .. other .. "=1", shown(get()))
    end)

    it("knows teams by their very name, and takes no part of a name for it", function()
      local team = new_team("Ops")
      new_user("ann", "ann@example.org")
      local r = grant {
        teams = {Ops = 1, OPS = 2, Op = 2, ["Ops "] = 2}, users = {an = 4, ["ann@example"] = 4, ["%"] = 4},
      }
      assert.equal(6, #r.skipped)
      assert.equal("team " .. team .. "=1", shown(get()))
    end)

    it("gives words and numbers the same meaning", function()
      for word, number in pairs {View = 1, Edit = 2, Admin = 4} do
        grant {roles = {Viewer = word}}
        assert.equal("Viewer=" .. number, shown(get()))
        grant {roles = {Editor = number}}
        assert.equal("Editor=" .. number, shown(get()))
      end
    end)

    it("replaces what is there; with keep it adds, and takes nothing away", function()
      local team, ann = new_team("Ops"), new_user("ann")
      assert.equal("Editor=2 Viewer=1 user 1=4", shown(get()))
      local more = {teams = {Ops = "Edit"}, roles = {Viewer = "Edit", Editor = "View"}}
      assert.equal("ok", grant(more, {keep = true}).status)
      assert.equal(("Editor=2 Viewer=2 team %d=2 user 1=4"):format(team), shown(get()))
      assert.equal("ok", grant({users = {ann = "View"}}, {keep = false}).status)
      assert.equal(("user %d=1"):format(ann), shown(get()))
    end)

    it("with keep keeps service accounts, and what is inherited where it is", function()
      local account = (days.ask(server, "POST", "/api/serviceaccounts", {name = "robot", role = "Viewer"})).id
      update {{userId = account, permission = 2}}
      grant({roles = {Viewer = "View"}}, {keep = true})
      assert.equal(("Viewer=1 user %d=2"):format(account), shown(get()))
      server:clear_log()
      server:fault {kind = "body", method = "GET", path = "/permissions", body = grafana.encode {
        {role = "Editor", permission = 2, inherited = true},
        {userId = 1, teamId = 0, permission = 4, inherited = false},
      }}
      grant({roles = {Viewer = "View"}}, {keep = true})
      assert.equal("Viewer=1 user 1=4", shown(get()))
    end)

    it("changes nothing when what is there cannot be sent back", function()
      for _, row in ipairs {
        {permission = 1}, {role = "Viewer", permission = 8}, {userId = 1, teamId = 1, permission = 1},
      } do
        server:clear_log()
        server:fault {kind = "body", method = "GET", path = "/permissions", body = grafana.encode {row}}
        local r = grant({roles = {Viewer = "View"}}, {keep = true})
        assert.equal("error", r.status)
        assert.matches("nothing has been changed", r.message)
        assert.equal(0, writes())
      end
    end)

    it("sends nothing when nobody is known: an empty list would take all away", function()
      for _, options in ipairs {{}, {keep = true}} do
        local r = grant({teams = {Nobody = "View"}, users = {ghost = "View"}}, options)
        assert.equal("not-found", r.status)
        assert.equal(2, #r.skipped)
        assert.is_nil(r.granted)
        assert.equal(0, writes())
      end
      assert.equal("Editor=2 Viewer=1 user 1=4", shown(get()))
    end)

    it("goes on where the session ends in the middle, and sends nothing twice that was accepted", function()
      new_team("Ops")
      local asked = {"/api/teams/search", "/api/org/users", path, path}
      for i, at in ipairs(asked) do
        local lasting = grafana.connect(server.url, {"admin", days.PASSWORD}, {auth_method = "regular-login"})
        assert.equal("ok", lasting:get_current_user().status)
        server:clear_log()
        server:fault {kind = "status", code = 401, method = i == 4 and "POST" or "GET", path = at,
          body = '{"message":"Unauthorized"}'}
        local r = lasting["grant_" .. kind .. "_permissions"](lasting, 1, uid,
          {teams = {Ops = "Edit"}, users = {admin = "Admin"}}, {keep = true})
        assert.equal("ok", r.status, at .. ": " .. tostring(r))
        assert.equal(2, #r.granted)
        assert.equal(i == 4 and 2 or 1, writes())
        assert.equal(1, days.arrived(server, "POST", "/login$"))
        lasting:close()
      end
      assert.equal("Editor=2 Viewer=1 team 1=2 user 1=4", shown(get()))
    end)

    it("refuses what it cannot mean before anything is sent", function()
      local refused = {
        {"missing-mandatory-data", {}}, {"missing-mandatory-data", {roles = {}, teams = {}, users = {}}},
        {"missing-mandatory-data", {roles = grafana.null}}, {"missing-mandatory-data", {users = {[""] = "View"}}},
        {"invalid-data", {roles = {viewer = "View"}}}, {"invalid-data", {roles = {None = "View"}}},
        {"invalid-data", {roles = {Viewer = "view"}}}, {"invalid-data", {roles = {Viewer = "Write"}}},
        {"invalid-data", {teams = {Ops = 3}}}, {"invalid-data", {teams = {Ops = 0}}},
        {"invalid-data", {teams = {Ops = 1.5}}}, {"invalid-data", {teams = {Ops = true}}},
        {"invalid-data", {users = {ann = {"View"}}}}, {"invalid-data", {users = {"ann"}}},
        {"invalid-data", {users = "ann"}}, {"invalid-data", {user = {ann = "View"}}},
        {"invalid-data", {roles = {Viewer = "View"}, more = {}}},
      }
      for i, case in ipairs(refused) do
        local r = grant(case[2])
        assert.equal(case[1], r.status, i .. ": " .. tostring(r))
        assert.is_true(#r.message > 0)
      end
      assert.is_false(pcall(grant, {teams = {[3] = "View"}}))
      assert.equal(0, #server:requests())
    end)

    it("gives ordinary names their permissions, whatever is in them", function()
      local names = {"a/b?c#d%", "Zürich & Söhne", '"quoted" \\ back', "😀", " spaces ", "0", "null", "{id}"}
      local teams, n = {}, 0
      for _, name in ipairs(names) do
        new_team(name)
        teams[name], n = "View", n + 1
      end
      local r = grant {teams = teams}
      assert.equal("ok", r.status)
      assert.equal(n, #r.granted)
      for _, row in ipairs(r.granted) do assert.equal("View", teams[row.team]) end
    end)

    it("says what a server refuses", function()
      for code, status in pairs {[400] = "invalid-data", [403] = "access-denied", [500] = "error"} do
        server:fault {kind = "status", code = code, method = "POST", path = "/permissions", body = '{"message":"no"}'}
        local r = grant {roles = {Viewer = "View"}}
        assert.equal(status, r.status)
        assert.is_nil(r.granted)
      end
      assert.equal("not-found", g["grant_" .. kind .. "_permissions"](g, 1, "none", {roles = {Viewer = "View"}}).status)
    end)

    it("says so when a lookup fails, and sends nothing", function()
      for _, lookup in ipairs {"/api/teams/search", "/api/org/users"} do
        server:clear_faults()
        server:fault {kind = "status", code = 500, path = lookup, times = 0, body = '{"message":"boom"}'}
        new_team("Ops" .. #lookup)
        local r = grant {teams = {["Ops" .. #lookup] = "View"}, users = {admin = "View"}}
        assert.equal("error", r.status, tostring(r))
        assert.equal("server-error", r.reason)
        assert.equal(0, writes())
      end
    end)
  end)

  describe("get_" .. kind .. "_permissions", function()
    it("gives every row, also where a server numbers them all alike", function()
      local rows = '[{"id":0,"role":"Viewer","permission":1},{"id":0,"role":"Editor","permission":2}]'
      server:fault {kind = "body", method = "GET", path = "/permissions", body = rows}
      assert.equal(2, #get().permissions)
    end)
  end)

  describe("update_" .. kind .. "_permissions", function()
    it("takes back what get gives", function()
      local before = get()
      assert.equal("ok", update(before.permissions).status)
      assert.equal(shown(before), shown(get()))
    end)

    it("sends an empty list as one, however it is written", function()
      for _, items in ipairs {{}, grafana.array {}, grafana.decode("[]", {raw = true})} do
        server:clear_log()
        assert.equal("ok", update(items).status)
        assert.equal('{"items":[]}', server:requests({path = path})[1].body)
      end
    end)

    it("names the item that cannot be meant, and sends nothing", function()
      local good = {role = "Editor", permission = 2}
      local refused = {
        5, "x", {}, {role = "Viewer"}, {permission = 1}, {role = "Viewer", permission = 3},
        {role = "Viewer", permission = 0},
        {role = "Viewer", permission = "View"}, {role = "Viewer", permission = 1.5}, {role = "viewer", permission = 1},
        {role = "None", permission = 1}, {role = 5, permission = 1}, {userId = "5", permission = 1},
        {userId = -1, permission = 1}, {teamId = 1.5, permission = 1}, {userId = 1, teamId = 1, permission = 1},
        {userId = 1, role = "Viewer", permission = 1}, {userLogin = "ann", permission = 1}, good, grafana.null,
        {role = "Editor", permission = 4},
      }
      for i, item in ipairs(refused) do
        local r = update {good, item}
        assert.equal("invalid-data", r.status, i)
        assert.matches("^items%[2%] ", r.message)
      end
      assert.equal(0, #server:requests())
    end)

    it("takes an id of 0 and an empty role for nobody, as the server shows them", function()
      assert.equal("ok", update {{userId = 0, teamId = 0, role = "Viewer", permission = 1}, {userId = 1, role = "",
        permission = 4}}.status)
      assert.equal("Viewer=1 user 1=4", shown(get()))
    end)

    it("says which user or team is missing where the server does not, and changes nothing then", function()
      local account = (days.ask(server, "POST", "/api/serviceaccounts", {name = "robot", role = "Viewer"})).id
      local team = new_team("Ops")
      local r = update {{userId = account, permission = 1}, {userId = 999, permission = 1}}
      assert.equal("user-not-found", r.status, tostring(r))
      assert.matches("999", r.message)
      r = update {{teamId = team, permission = 1}, {userId = 1, permission = 1}, {teamId = 998, permission = 1}}
      assert.equal("not-found", r.status)
      assert.matches("998", r.message)
      assert.equal("Editor=2 Viewer=1 user 1=4", shown(get()))
    end)

    it("that may have been carried out before it was refused says so", function()
      for _, items in ipairs {{{userId = 999, permission = 1}}, {{userId = 1, permission = 1}}} do
        local stubborn = days.connect(server, {max_retries = 1})
        server:fault {kind = "close_after", method = "POST", path = "/permissions"}
        server:fault {kind = "status", code = 500, method = "POST", path = "/permissions", skip = 0}
        local r = stubborn["update_" .. kind .. "_permissions"](stubborn, 1, uid, items)
        assert.is_false(r.ok)
        assert.equal(500, r.code)
        assert.is_true(r.uncertain, tostring(r))
        server:clear_faults()
        stubborn:close()
      end
    end)

    it("leaves a failure that is nobody's fault what it is", function()
      server:fault {kind = "status", code = 500, method = "POST", path = "/permissions", body = '{"message":"boom"}'}
      local r = update {{userId = 1, permission = 1}}
      assert.equal("error", r.status)
      assert.equal("server-error", r.reason)
      assert.equal("boom", r.message)
    end)
  end)
end

describe("a uid", function()
  it("is one segment of the path, whatever is in it", function()
    for _, name in ipairs {"a/b?c#d%", "..", ".", "Zürich", "{dashboard}", "a b"} do
      server:clear_log()
      assert.equal("not-found", g:get_dashboard_permissions(1, name).status)
      assert.equal("not-found", g:update_dashboard_permissions(1, name, {}).status)
      assert.equal("not-found", g:grant_folder_permissions(1, name, {roles = {Viewer = "View"}}).status)
      for _, arrival in ipairs(server:requests()) do
        local segment = arrival.path:match("^/api/%l+/uid/([^/?#]*)/permissions$")
          or arrival.path:match("^/api/folders/([^/?#]*)/permissions$")
        assert.is_string(segment, arrival.path)
        assert.equal(name, (segment:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)))
      end
    end
  end)
end)

describe("the id of a dashboard", function()
  it("is looked for on all pages of a search that takes no notice of it", function()
    server:seed {dashboards = 1500}
    local last = g:get_dashboard(1, "seed-01500").dashboard.id
    local hits = grafana.check(g:search(1, {type = "dash-db", raw = true})).hits
    local pages = {{}, {}}
    for i, hit in ipairs(hits) do table.insert(pages[i <= 1000 and 1 or 2], hit:table()) end
    server:clear_log()
    for _, page in ipairs(pages) do
      server:fault {kind = "body", method = "GET", path = "/api/search", body = grafana.encode(page)}
    end
    local r = g:get_dashboard_permissions(1, last)
    assert.equal("ok", r.status, tostring(r))
    assert.equal("seed-01500", r.permissions[1].uid)
    assert.equal(2, days.arrived(server, "GET", "/api/search"))
  end)

  it("that several have names none", function()
    local hits = {{id = 7, uid = "d"}, {id = 7, uid = "e"}, {id = 8, uid = "x"}}
    for _, call in ipairs {
      function() return g:get_dashboard_permissions(1, 7) end,
      function() return g:update_dashboard_permissions(1, 7, {}) end,
      function() return g:grant_dashboard_permissions(1, 7, {roles = {Viewer = "View"}}) end,
    } do
      server:fault {kind = "body", method = "GET", path = "/api/search", body = grafana.encode(hits)}
      assert.equal("invalid-data", call().status)
    end
    assert.equal(0, days.arrived(server, "POST", "/uid/"))
  end)

  it("is a number; a string of digits is a uid", function()
    grafana.check(g:update_or_create_dashboard(1, {uid = "77", title = "S", panels = {}}))
    assert.equal("ok", g:get_dashboard_permissions(1, "77").status)
    assert.equal("not-found", g:get_dashboard_permissions(1, 77).status)
  end)

  it("that is -1 is never looked for", function()
    for _, call in ipairs {
      function() return g:get_dashboard_permissions(1, -1) end,
      function() return g:update_dashboard_permissions(1, -1, {}) end,
      function() return g:grant_dashboard_permissions(1, -1, {roles = {Viewer = "View"}}) end,
      function() return g:grant_dashboard_permissions(1, -1, {roles = {Viewer = "View"}}, {keep = true}) end,
    } do
      local r = call()
      assert.equal("error", r.status)
      assert.equal("unsupported", r.reason)
    end
    assert.equal(0, days.arrived(server, "GET", "/api/search"))
  end)

  it("means the same on a server with numeric routes", function()
    local old = days.start("9.3.2")
    days.fresh(old)
    local o = days.connect(old)
    local id = grafana.check(o:update_or_create_dashboard(1, {uid = "d", title = "D", panels = {}})).id
    assert.equal("ok", o:update_dashboard_permissions(1, id, {{role = "Viewer", permission = 2}}).status)
    assert.equal("Viewer=2", shown(o:get_dashboard_permissions(1, id)))
    assert.equal("ok", o:grant_dashboard_permissions(1, id, {roles = {Viewer = "View"}}).status)
    assert.equal("Viewer=1", shown(o:get_dashboard_permissions(1, "d")))
    assert.equal("not-found", o:get_dashboard_permissions(1, 99).status)
    assert.equal("unsupported", o:get_dashboard_permissions(1, -1).reason)
    o:close()
    old:stop()
  end)
end)
