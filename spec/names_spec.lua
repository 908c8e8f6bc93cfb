-- SPDX-License-Identifier: MIT
-- Names as people give them, and values that cannot be sent. What is created can be read back identically; what cannot
-- be sent is refused before anything is.

local grafana = require "grafana"
local days = require "spec.support.bad_days"

local server, g

setup(function() server = days.start() end)
teardown(function() server:stop() end)
before_each(function()
  days.fresh(server)
  g = days.connect(server, {max_retries = 0})
end)
after_each(function() g:close() end)

local ORDINARY = {
  "a/b?c#d%", "Zürich & Söhne", "..", ".", "...", "100%", "%41", "%2F", "a+b c", " leading and trailing ",
  "😀👩‍👩‍👧", "日本語", '"quoted" \\ back', "a;b=c&d", "http://x/y", "../../etc/passwd", "{id}", "tab\there", "é",
  "e\204\129", "0", "-1", "null", "true", "<script>", "'; DROP TABLE org; --", "\127", "a\1b", ("long "):rep(2048),
  ("ü"):rep(5000), "a\\u0000b", "@", ":", "~!$'()*,",
}

local function shown(name) return #name > 30 and #name .. " bytes" or ("%q"):format(name) end

-- Bytes that are no UTF-8.
local NO_UTF8 = {
  "\255", "a\128b", "\192\175", "\224\128\175", "\237\160\128", "\244\144\128\128", "Z\252rich", "cut \226\130",
  "\240\159\152",
}

local BROKEN_LINES = {"a\r\nb", "a\nb", "a\rb", "\n", "name\r\nX-Evil: 1"}

local function assert_nothing_sent() assert.equal(0, #server:requests(), "arrivals") end

describe("an ordinary name,", function()
  for _, name in ipairs(ORDINARY) do
    it(shown(name) .. ", is an organisation's: created, read by name, found again, taken, deleted", function()
      local made = g:create_org(name)
      assert.equal("ok", made.status, tostring(made))
      local r = g:get_org(made.id)
      assert.equal(name, r.org.name)
      r = g:get_org(name)
      assert.equal("ok", r.status, tostring(r))
      assert.equal(made.id, r.org.id)
      assert.equal(name, g:get_orgs({name = name}).orgs[1].name)
      assert.is_nil(server:requests({path = "/name/"})[1].path:find("/%.%.?$"))
      r = g:create_org(name)
      assert.equal("already-exists", r.status)
      assert.equal(made.id, r.id)
      local other = g:create_org("Other").id
      r = g:update_org(other, name)
      assert.equal("already-exists", r.status)
      assert.equal(made.id, r.id)
      assert.equal("ok", g:update_org(made.id, name .. "2").status)
      assert.equal(name .. "2", g:get_org(made.id).org.name)
      assert.equal("not-found", g:get_org(name).status)
    end)
  end

  it("is a user's login", function()
    for _, name in ipairs(ORDINARY) do
      local made = g:create_user {login = name, name = name, password = "long-enough"}
      assert.equal("ok", made.status, shown(name))
      local r = g:get_user(name)
      assert.equal("ok", r.status, shown(name) .. tostring(r))
      assert.equal(made.id, r.user.id)
      assert.equal(name:lower(), r.user.login)   -- 12.4.3 keeps logins in small letters
      assert.equal(name, r.user.name)
      r = g:create_user {login = name, password = "long-enough"}
      assert.equal("already-exists", r.status)
      assert.equal(made.id, r.id)
      assert.equal("already-exists", g:add_org_user(1, name, "Viewer").status)
      assert.equal("ok", g:update_org_user(1, name, "Editor").status)
      assert.equal("ok", g:delete_user(name).status)
      assert.equal("not-found", g:get_user(name).status)
    end
  end)

  -- 12.4.3 takes titles of up to 5000 bytes, and cuts the spaces around them.
  it("is a dashboard's title and tag", function()
    local refused = 0
    local function save(uid, name)
      return g:update_or_create_dashboard(1, {uid = uid, title = name, tags = {name, "both"}, panels = {}})
    end
    local function check(uid, name)
      local title = name:match "^ *(.-) *$"
      local read = g:get_dashboard(1, uid)
      assert.equal(title, read.dashboard.title)
      assert.same({name, "both"}, read.dashboard.tags)
      for _, tag in ipairs {name, {name}, {name, "both"}} do
        local found = g:get_dashboards_with_tag(1, tag)
        assert.equal(1, #found.dashboards, shown(name))
        assert.equal(title, found.dashboards[1].title)
      end
      assert.equal(0, #g:get_dashboards_with_tag(1, {name, "neither"}).dashboards)
    end
    for i, name in ipairs(ORDINARY) do
      local uid = ("u-%d"):format(i)
      local r = save(uid, name)
      if #name > 5000 then
        assert.equal("invalid-data", r.status, shown(name) .. tostring(r))
        refused = refused + 1
      else
        assert.equal("ok", r.status, shown(name) .. tostring(r))
        check(uid, name)
      end
    end
    assert.equal(#ORDINARY - refused, #g:get_dashboards_with_tag(1, "both").dashboards)
  end)

  -- 12.4.3 takes names of up to 190 bytes.
  it("is a data source's name, and survives a change of another key", function()
    local function create(name)
      return g:create_datasource(1, {name = name, type = "prometheus", access = "proxy", url = "http://x"})
    end
    local function check(name)
      local made = create(name)
      assert.equal("ok", made.status, shown(name) .. tostring(made))
      assert.equal(name, g:get_datasource(1, made.uid).datasource.name)
      local r = g:create_datasource(1, {name = name, type = "prometheus", access = "proxy"})
      assert.equal("already-exists", r.status, shown(name) .. tostring(r))
      assert.equal(made.uid, r.uid)
      assert.equal("ok", g:update_datasource(1, made.uid, {jsonData = {httpMethod = "POST"}}).status)
      assert.equal(name, g:get_datasource(1, made.uid).datasource.name)
      assert.equal("ok", g:delete_datasource(1, made.uid).status)
    end
    for _, name in ipairs(ORDINARY) do
      if #name > 190 then assert.equal("invalid-data", create(name).status, shown(name)) else check(name) end
    end
  end)

  it("is a team's name: created, found by it, changed, taken, deleted", function()
    for _, name in ipairs(ORDINARY) do
      local made = g:create_team(1, {name = name, email = "team@example.org"})
      assert.equal("ok", made.status, shown(name) .. tostring(made))
      server:clear_log()
      local r = g:get_team(1, name)
      assert.equal("ok", r.status, shown(name) .. tostring(r))
      assert.equal(made.id, r.team.id)
      assert.equal(name, r.team.name)
      for _, arrival in ipairs(server:requests()) do
        assert.matches("^/api/teams/[%w_-]+$", (arrival.path:gsub("%?.*", "")))
      end
      r = g:create_team(1, {name = name})
      assert.equal("already-exists", r.status)
      assert.equal(made.id, r.id)
      assert.equal("ok", g:update_team(1, name, {name = name .. "2"}).status)
      assert.equal("team@example.org", g:get_team(1, name .. "2").team.email)
      assert.equal("not-found", g:get_team(1, name).status, shown(name))
      assert.equal("already-exists", g:add_team_member(1, name .. "2", "admin").status)
      assert.equal(1, #g:get_team_members(1, name .. "2").members)
      assert.equal("ok", g:delete_team(1, name .. "2").status)
    end
    assert.equal(0, #g:get_teams(1).teams)
  end)

  it("is a service account's and a token's name", function()
    for _, name in ipairs(ORDINARY) do
      local made = g:create_service_account(1, {name = name, role = "Viewer"})
      assert.equal("ok", made.status, shown(name) .. tostring(made))
      assert.equal(name, g:get_service_accounts(1, {query = name}).service_accounts[1].name)
      local r = g:create_service_account(1, {name = name})
      assert.equal("already-exists", r.status)
      assert.equal(made.id, r.id, shown(name))
      local token = g:create_token(1, made.id, {name = name})
      assert.equal("ok", token.status, shown(name) .. tostring(token))
      assert.equal(name, g:get_tokens(1, made.id).tokens[1].name)
      r = g:create_token(1, made.id, {name = name})
      assert.equal("already-exists", r.status)
      assert.equal(token.id, r.id)
      assert.equal("ok", g:delete_service_account(1, made.id).status)
    end
    assert.equal(0, #g:get_service_accounts(1).service_accounts)
  end)

  it("is a folder's title, and stays it", function()
    for i, name in ipairs(ORDINARY) do
      local title = name:match "^%s*(.-)%s*$"
      local made = g:create_folder(1, {uid = "f-" .. i, title = name})
      assert.equal("ok", made.status, shown(name) .. tostring(made))
      assert.equal(title, g:get_folder(1, made.uid).folder.title)
      assert.equal("ok", g:update_folder(1, made.uid, {description = name}).status)
      assert.equal(title, g:get_folder(1, made.uid).folder.title)
    end
    assert.equal(#ORDINARY, #g:get_folders(1).folders)
  end)

  it("as a folder's uid goes out as one segment of the path; as a parent's too", function()
    assert.equal("ok", g:create_folder(1, {uid = "f", title = "F"}).status)
    for _, name in ipairs(ORDINARY) do
      server:clear_log()
      for _, r in ipairs {
        g:get_folder(1, name), g:update_folder(1, name, {title = "x"}), g:delete_folder(1, name),
        g:move_folder(1, name, grafana.null), g:move_folder(1, "f", name), g:get_folders(1, {parentUid = name}),
        g:create_folder(1, {title = "x", parentUid = name}), g:create_folder(1, {title = "x", uid = name .. "?"}),
      } do
        local refused = r.operation == "create_folder" and r.code == 400
        assert.equal(refused and "invalid-data" or "not-found", r.status, shown(name))
      end
      for _, arrival in ipairs(server:requests {method = "GET"}) do
        local segment = arrival.path:match("^/api/folders/([^/?#]*)$")
        assert.is_string(segment, arrival.path)
        assert.equal(name, (segment:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)))
      end
    end
    assert.equal(1, #g:get_folders(1).folders)
  end)

  it("as a uid goes out as one segment of the path, whatever is in it", function()
    for _, name in ipairs(ORDINARY) do
      server:clear_log()
      local r = g:get_dashboard(1, name)
      assert.equal("not-found", r.status, shown(name) .. tostring(r))
      r = g:delete_dashboard(1, name)
      assert.equal("not-found", r.status, shown(name) .. tostring(r))
      for _, arrival in ipairs(server:requests {path = "^/api/dashboards"}) do
        local segment = arrival.path:match("^/api/dashboards/uid/([^/?#]*)$")
        assert.is_string(segment, arrival.path)
        assert.is_false(segment == "." or segment == "..", "a proxy would follow the dots")
        assert.equal(name, (segment:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)))
      end
      assert.equal(2, days.arrived(server, nil, "^/api/dashboards/uid/"))
    end
  end)

  it("as a new dashboard's uid is the server's to judge: invalid-data, and nothing else is hit", function()
    for _, name in ipairs {"a/b?c#d%", "..", "Zürich", ("x"):rep(41)} do
      assert.equal("invalid-data", g:update_or_create_dashboard(1, {uid = name, title = "T", panels = {}}).status)
    end
    for _, name in ipairs {"A-b_9", ("x"):rep(40), "-", "_"} do
      local r = g:update_or_create_dashboard(1, {uid = name, title = "T " .. name, panels = {}})
      assert.equal("ok", r.status)
      assert.equal(name, g:get_dashboard(1, name).dashboard.uid)
    end
  end)

  it("in a query stays one value", function()
    server:clear_log()
    for _, name in ipairs(ORDINARY) do
      assert.equal("ok", g:search(1, {query = name, tag = {name, "x"}}).status)
      assert.equal("ok", g:get_users({query = name}).status)
    end
    for _, arrival in ipairs(server:requests {path = "^/api/search"}) do
      assert.is_nil(arrival.path:find("[^%w%%&=?/._~-]"), arrival.path)
      assert.equal(2, select(2, arrival.path:gsub("[?&]tag=", "")))
    end
  end)
end)

describe("a number", function()
  it("is an id, a string of digits is a name", function()
    assert.equal("Main Org.", g:get_org(1).org.name)
    assert.equal("not-found", g:get_org("1").status)
    g:create_org("1")
    assert.equal("1", g:get_org("1").org.name)
  end)

  it("beyond 2^53 goes out digit for digit", function()
    assert.equal("not-found", g:get_org(grafana.number("9007199254740993")).status)
    assert.equal("/api/orgs/9007199254740993", server:requests()[1].path)
  end)
end)

describe("a name with NUL", function()
  it("is not cut short: created and read back whole", function()
    local name = "Main Org.\0 and more"
    local made = g:create_org(name)
    assert.equal("ok", made.status, tostring(made))
    assert.equal(name, g:get_org(made.id).org.name)
    local r = g:update_or_create_dashboard(1, {uid = "nul", title = name, tags = {"a\0b"}, panels = {}})
    assert.equal("ok", r.status)
    r = g:get_dashboard(1, "nul")
    assert.equal(name, r.dashboard.title)
    assert.equal("a\0b", r.dashboard.tags[1])
  end)

  it("in a path or a query never stands for the part before it", function()
    days.ask(server, "POST", "/api/teams", {name = "Ops"})
    server:clear_log()
    assert.is_false(g:get_org("Main Org.\0x").ok)
    assert.is_false(g:get_user("admin\0x").ok)
    assert.is_false(g:delete_user("admin\0").ok)
    assert.is_false(g:get_team(1, "Ops\0x").ok)
    assert.is_false(g:delete_team(1, "Ops\0").ok)
    server:seed {dashboards = 1}
    assert.is_false(g:delete_dashboard(1, "seed-00001\0x").ok)
    for _, arrival in ipairs(server:requests()) do assert.matches("%00", arrival.path, 1, true) end
    assert.equal("ok", g:get_user("admin").status)
    assert.equal("ok", g:get_team(1, "Ops").status)
    assert.equal("ok", g:get_dashboard(1, "seed-00001").status)
  end)

  it("does not come into a header", function()
    local raised = pcall(g.get_org, g, 1, {headers = {["X-A"] = "a\0b"}})
    assert.is_false(raised)
    assert.is_false(pcall(grafana.connect, server.url, {"admin", "a\0b"}))
    assert.is_false(pcall(grafana.connect, server.url, {token = "a\0b"}))
    assert.is_false(pcall(grafana.connect, server.url .. "\0x", {"admin", "x"}))
    assert_nothing_sent()
  end)
end)

-- Operations by what they do with a name: each is given one that cannot be sent.
local USES = {
  {"a name in a body", function(name) return g:create_org(name) end},
  {"a name in a path", function(name) return g:get_org(name) end},
  {"a name beside an id", function(name) return g:update_org(1, name) end},
  {"a login in a query", function(name) return g:get_user(name) end},
  {"a uid", function(name) return g:get_dashboard(1, name) end},
  {"a uid to delete", function(name) return g:delete_dashboard(1, name) end},
  {"a tag", function(name) return g:get_dashboards_with_tag(1, name) end},
  {"a tag among others", function(name) return g:get_dashboards_with_tag(1, {"a", name}) end},
  {"a role", function(name) return g:update_org_user(1, 1, name) end},
  {"a login", function(name) return g:add_org_user(1, name, "Viewer") end},
  {"a team", function(name) return g:get_team(1, name) end},
  {"a team to delete", function(name) return g:delete_team(1, name) end},
  {"a member of a team", function(name) return g:add_team_member(1, 1, name) end},
  {"a query", function(name) return g:search(1, {query = name}) end},
}

describe("a name that is empty", function()
  it("is missing-mandatory-data, naming the argument, and nothing is sent", function()
    for i, use in ipairs(USES) do
      if i < #USES then
        local r = use[2]("")
        assert.equal("missing-mandatory-data", r.status, use[1])
        assert.matches("empty", r.message, 1, true)
      end
    end
    for _, r in ipairs {
      g:create_user {login = "", email = "", password = "long-enough"}, g:create_user {login = "ann", password = ""},
      g:create_user {login = "ann"}, g:create_user {password = "long-enough"}, g:create_user {},
      g:update_user(1, {}), g:update_user(1, {name = "x"}), g:create_datasource(1, {}),
      g:create_datasource(1, {name = "", type = "prometheus", access = "proxy"}),
      g:update_or_create_dashboard(1, {}), g:update_or_create_dashboard(1, {title = ""}),
      g:update_or_create_dashboard(1, {title = grafana.null}), g:get_dashboards_with_tag(1, {}),
      g:get_dashboards_with_tag(1, {""}), g:create_team(1, {}), g:create_team(1, {name = "", email = "x"}),
      g:create_team(1, {name = grafana.null}), g:update_team(1, 1, {name = ""}),
      g:update_team(1, "x", {name = grafana.null}),
      g:create_service_account(1, {role = "Viewer"}), g:create_token(1, 1, {secondsToLive = 5}),
    } do
      assert.equal("missing-mandatory-data", r.status, tostring(r))
      assert.is_nil(r.uncertain)
    end
    assert_nothing_sent()
  end)
end)

describe("a name with a line break", function()
  for _, use in ipairs(USES) do
    it("as " .. use[1] .. " is invalid-data, and nothing is sent", function()
      for _, name in ipairs(BROKEN_LINES) do
        local r = use[2](name)
        assert.equal("invalid-data", r.status, shown(name) .. tostring(r))
        assert.matches("line break", r.message, 1, true)
      end
      assert_nothing_sent()
    end)
  end

  it("is fine inside a document, where it is JSON's", function()
    local text = "first\r\nsecond\nthird\rfourth"
    local r = g:update_or_create_dashboard(1, {uid = "lines", title = text, panels = {{type = "text", title = text}}})
    assert.equal("ok", r.status)
    r = g:get_dashboard(1, "lines")
    assert.equal(text, r.dashboard.title)
    assert.equal(text, r.dashboard.panels[1].title)
    assert.equal(text, g:get_ds_panels(1, "lines").panels[1].title)
  end)

  it("in a header, a user agent or a credential raises, and is not shown", function()
    for _, line in ipairs {"a\r\nX-Evil: 1", "a\n", "\r"} do
      assert.is_false(pcall(g.get_org, g, 1, {headers = {["X-A"] = line}}))
      assert.is_false(pcall(g.get_org, g, 1, {headers = {["X-A" .. line] = "a"}}))
      assert.is_false(pcall(grafana.connect, server.url, {"admin", days.PASSWORD .. line}))
      assert.is_false(pcall(grafana.connect, server.url, {"admin" .. line, days.PASSWORD}))
      assert.is_false(pcall(grafana.connect, server.url, {token = line}))
      assert.is_false(pcall(grafana.connect, server.url .. line, {"admin", "x"}))
      assert.is_false(pcall(grafana.connect, server.url, {"admin", "x"}, {user_agent = line}))
      assert.is_false(pcall(grafana.connect, server.url, {"admin", "x"}, {headers = {["X-A"] = line}}))
      assert.is_nil(days.leak(select(2, pcall(grafana.connect, server.url, {"admin", days.PASSWORD .. line}))))
    end
    assert_nothing_sent()
  end)
end)

describe("a name that is no UTF-8", function()
  for _, use in ipairs(USES) do
    it("as " .. use[1] .. " is refused, and nothing is sent", function()
      for _, name in ipairs(NO_UTF8) do
        local fine, r = pcall(use[2], name)
        if fine then
          assert.equal("invalid-data", r.status, shown(name) .. tostring(r))
          assert.matches("UTF-8", r.message, 1, true)
        else
          assert.matches("UTF%-8", r)
        end
      end
      assert_nothing_sent()
    end)
  end

  it("in a table raises, naming the path", function()
    for _, name in ipairs(NO_UTF8) do
      for _, case in ipairs {
        {"user%.login", function() g:create_user {login = name, password = "x"} end},
        {"dashboard%.panels%[2%]%.title", function()
          g:update_or_create_dashboard(1, {title = "A", panels = {{title = "a"}, {title = name}}})
        end},
        {"dashboard", function() g:update_or_create_dashboard(1, {title = "A", [name] = 1}) end},
        {"changes%.name", function() g:update_datasource(1, "x", {name = name}) end},
      } do
        local fine, message = pcall(case[2])
        assert.is_false(fine, shown(name))
        assert.matches(case[1], message)
        assert.matches("UTF%-8", message)
      end
    end
    assert_nothing_sent()
  end)
end)

-- ----------------------------------------------------------------------------------------------------------- values --

-- Nested `levels` deep, as a panel's options.
local function nested(levels)
  local value = 1
  for _ = 1, levels do value = {a = value} end
  return value
end

local function refused(call)
  local fine, message = pcall(call)
  assert.is_false(fine, "was expected to raise")
  assert.is_string(message)
  assert_nothing_sent()
  return message
end

local function saving(panel)
  return function() return g:update_or_create_dashboard(1, {title = "A", panels = {{}, panel}}) end
end

describe("a value that cannot be JSON raises, names its path, and nothing is sent:", function()
  it("a table that contains itself", function()
    local panel = {title = "a"}
    panel.targets = {panel}
    assert.matches("dashboard%.panels%[2%].*contains itself", refused(saving(panel)))
    local dashboard = {title = "A"}
    dashboard.self = dashboard
    assert.matches("dashboard%.self.*contains itself",
      refused(function() g:update_or_create_dashboard(1, dashboard) end))
    local user = {login = "a", password = days.PASSWORD}
    user.deep = {deeper = {user}}
    local message = refused(function() g:create_user(user) end)
    assert.matches("user%.deep%.deeper%[1%]", message)
    assert.is_nil(days.leak(message))
  end)

  it("a list with holes", function()
    assert.matches("dashboard%.panels%[2%]%.targets", refused(saving {targets = {1, nil, 3, nil, 5}}))
    assert.matches("dashboard%.panels%[2%]%.targets", refused(saving {targets = {[2] = "b"}}))
    assert.matches("dashboard%.panels%[2%]%.targets", refused(saving {targets = {[0] = "a", "b"}}))
    assert.matches("dashboard%.panels%[2%]%.targets", refused(saving {targets = {[1.5] = "a"}}))
    assert.matches("dashboard%.panels%[2%]%.targets", refused(saving {targets = {"a", [2 ^ 53] = "b"}}))
  end)

  it("mixed keys", function()
    assert.matches("dashboard%.panels%[2%]%.options", refused(saving {options = {"a", b = 1}}))
    assert.matches("dashboard%.panels%[2%]", refused(saving {[true] = 1}))
    assert.matches("dashboard%.panels%[2%]", refused(saving {[{}] = 1}))
  end)

  it("NaN and infinities", function()
    assert.matches("dashboard%.panels%[2%]%.min: NaN", refused(saving {min = 0 / 0}))
    assert.matches("dashboard%.panels%[2%]%.max: an infinity", refused(saving {max = math.huge}))
    assert.matches("dashboard%.panels%[2%]%.steps%[1%]: an infinity", refused(saving {steps = {-math.huge}}))
  end)

  it("functions, threads, files", function()
    assert.matches("dashboard%.panels%[2%]%.targets: a function", refused(saving {targets = print}))
    assert.matches("dashboard%.panels%[2%]%.targets: a thread",
      refused(saving {targets = coroutine.create(function() end)}))
    assert.matches("dashboard%.panels%[2%]%.targets", refused(saving {targets = io.stdout}))
    assert.matches("dashboard%.panels%[2%]%.targets", refused(saving {targets = grafana.own}))
    assert.matches("changes%.jsonData%.a",
      refused(function() g:update_datasource(1, "x", {jsonData = {a = print}}) end))
    assert.matches("datasource%.url", refused(function()
      g:create_datasource(1, {name = "a", type = "b", access = "proxy", url = print})
    end))
  end)

  it("more than 1000 levels", function()
    local message = refused(saving(nested(1001)))
    assert.matches("dashboard%.panels%[2%]%.a", message)
    assert.matches("1000 levels", message, 1, true)
    assert.is_true(#message < 300)
    refused(saving(nested(100000)))
  end)
end)

describe("a value that is JSON", function()
  it("may have just under 1000 levels, and comes back so", function()
    local r = g:update_or_create_dashboard(1, {uid = "deep", title = "Deep", panels = {nested(990)}})
    assert.equal("ok", r.status, tostring(r))
    local value, levels = g:get_dashboard(1, "deep").dashboard.panels[1], 0
    while type(value) == "table" do value, levels = value.a, levels + 1 end
    assert.equal(990, levels)
  end)

  it("may hold one table twice", function()
    local datasource = {type = "prometheus", uid = "x"}
    local r = g:update_or_create_dashboard(1,
      {uid = "twice", title = "T", panels = {{datasource = datasource}, {datasource = datasource}}})
    assert.equal("ok", r.status)
    local panels = g:get_dashboard(1, "twice").dashboard.panels
    assert.same(panels[1].datasource, panels[2].datasource)
  end)

  it("comes back as it went: texts, numbers, empty lists and tables, null, false", function()
    local options = {
      empty = grafana.array {}, object = grafana.object {}, null = grafana.null, no = false, yes = true, zero = 0,
      half = 0.5, negative = -1, large = 9007199254740991, text = "a\0b\r\n\t\"\\/é😀\127\1",
      [""] = "empty key", ["a.b"] = "dotted",
      nested = {grafana.array {}, {grafana.object {}}},
    }
    local dashboard = {uid = "back", title = "B", panels = {{options = options}}}
    assert.equal("ok", g:update_or_create_dashboard(1, dashboard).status)
    local read = g:get_dashboard(1, "back").dashboard.panels[1].options
    assert.equal(grafana.encode(options, {sorted = true}), grafana.encode(read, {sorted = true}))
  end)

  it("of 5 MB comes back whole", function()
    local text = ("0123456789abcdef"):rep(5 * 65536)
    local dashboard = {uid = "big", title = "B", panels = {{options = {text = text}}}}
    assert.equal("ok", g:update_or_create_dashboard(1, dashboard).status)
    local read = g:get_dashboard(1, "big").dashboard.panels[1].options.text
    assert.is_true(text == read)
  end)
end)

describe("a wrong Lua type raises, naming the argument, and nothing is sent:", function()
  it("in each place", function()
    for _, case in ipairs {
      {"'name' to 'create_org'", function() g:create_org(5) end},
      {"'name' to 'create_org'", function() g:create_org() end},
      {"'name' to 'create_org'", function() g:create_org({}) end},
      {"'id' to 'get_org'", function() g:get_org(true) end},
      {"'id' to 'delete_org'", function() g:delete_org("1") end},
      {"'id' to 'delete_org'", function() g:delete_org(1.5) end},
      {"get_org_panels: argument 'org'", function() g:get_org_panels() end},
      {"'org' to 'get_org_panels'", function() g:get_org_panels("1") end},
      {"'uid' to 'get_dashboard'", function() g:get_dashboard(1, 5) end},
      {"'tag' to 'get_dashboards_with_tag'", function() g:get_dashboards_with_tag(1, {1}) end},
      {"'dashboard' to 'update_or_create_dashboard'", function() g:update_or_create_dashboard(1, "{}") end},
      {"'user' to 'create_user'", function() g:create_user("ann") end},
      {"'role' to 'update_org_user'", function() g:update_org_user(1, 1, 5) end},
    } do
      assert.matches(case[1], refused(case[2]), 1, true)
    end
  end)

  it("and an unknown option too, by its name", function()
    assert.matches("'retries'", refused(function() g:get_org(1, {retries = 1}) end))
    assert.matches("'Timeout'", refused(function() g:get_org(1, {Timeout = 1}) end))
    local message = refused(function() grafana.connect(server.url, {"admin", "x"}, {password = days.PASSWORD}) end)
    assert.matches("'password'", message, 1, true)
    assert.is_nil(days.leak(message))
  end)
end)
