-- SPDX-License-Identifier: MIT
-- What kinds about people do on every server: run on the stand-ins and on a real one. Each function declares tests by
-- `it`; `get()` is a context of people.lua.

local assert = require "luassert"
local grafana = require "grafana"

local cases = {}

local function array(list) return grafana.array(list) end

-- ------------------------------------------------------------------------------------------------ organisations --

function cases.organisations(it, get)
  it("are created, with an address, and read back as they were wanted", function()
    local c = get()
    local name = c:name()
    c:put_well("organisations", {name = name, address = {address1 = "Street 1", city = "Oslo", zipCode = "0150"}})
    assert.equal(('{"address":{"address1":"Street 1","city":"Oslo","zipCode":"0150"},"name":"%s"}'):format(name),
      c:text("organisations", name))
  end)

  it("change their address, and lose it", function()
    local c = get()
    local name = c:name()
    c:put_well("organisations", {name = name})
    c:put_well("organisations", {name = name, address = {city = "Oslo", country = "Norway"}})
    c:put_well("organisations", {name = name, address = {city = "Bergen"}})
    c:put_well("organisations", {name = name})
  end)

  it("are deleted", function()
    local c = get()
    local name = c:name()
    c:put_well("organisations", {name = name})
    assert.equal("ok", c:delete("organisations", name).status)
    assert.is_nil(c:text("organisations", name))
  end)

  it("are not listed for who is no server admin, but for the one that the account is in", function()
    local c = get()
    local own = c:as(c:user {role = "Admin"})
    local found, failed, r = c:list("organisations", own.whole)
    assert.same({[c.at.org_name] = ('{"name":"%s"}'):format(c.at.org_name)}, found)
    assert.same({}, failed)
    assert.equal("access-denied", r.status)
    assert.matches("server admin", r.message)
    own.g:close()
  end)
end

-- -------------------------------------------------------------------------------------------------------- users --

function cases.users(it, get)
  local function new(c, fields)
    local login = c:name()
    c.given[login] = "a-long-password"
    local value = {login = login, email = login .. "@example.org", name = "Ann B", secrets = array {"password"}}
    for key, field in pairs(fields or {}) do value[key] = field end
    return value
  end

  it("are created with a password that a function gives", function()
    local c = get()
    local value = new(c)
    c:put_well("users", value)
    assert.same({kind = "users", key = value.login, title = value.login, name = "password"}, c.asked)
    local g = grafana.connect(c.world.server.url, {value.login, "a-long-password"})
    assert.equal("ok", g:get_current_user().status)
    g:close()
    assert.equal(('{"email":"%s","login":"%s","name":"Ann B","secrets":["password"]}'):format(value.email, value.login),
      c:text("users", value.login))
  end)

  it("are not created without a password", function()
    local c = get()
    local value = new(c)
    c.given = {}
    local r = c:put("users", value)
    assert.equal("missing-mandatory-data", r.status)
    assert.same({"password"}, r.missing_secrets)
    assert.is_nil(c:text("users", value.login))
  end)

  it("are in no organisation when they are created, with a name or without", function()
    local c = get()
    for _, name in ipairs {"Ann B", false} do
      local value = new(c, {name = name or nil})
      if not name then value.name = nil end
      c:put_well("users", value)
      assert.same({}, c.g:get_user_orgs(value.login).orgs)
    end
  end)

  it("are created as server admins, disabled", function()
    local c = get()
    c:put_well("users", new(c, {isGrafanaAdmin = true, isDisabled = true}))
  end)

  it("change in place; their passwords stay", function()
    local c = get()
    local value = new(c)
    local login = value.login
    c:put_well("users", value)
    for _, fields in ipairs {
      {login = login, email = login .. "@other.example.org", name = "Ann C"},
      {login = login, email = login, name = "Ann"},
      {login = login, email = login, isGrafanaAdmin = true},
      {login = login, email = login, name = "Ann", isDisabled = true},
      {login = login, email = login, name = "Ann"},
    } do
      c:put_well("users", fields)
    end
    local g = grafana.connect(c.world.server.url, {login, "a-long-password"})
    assert.equal("ok", g:get_current_user().status)
    g:close()
  end)

  it("have logins and emails in small letters", function()
    local c = get()
    local login = c:name()
    c.world:new_user {login = login:upper(), org = c.org}
    assert.matches('"login":"' .. login .. '"', c:text("users", login), 1, true)
    c:put_well("users", {login = login, email = login .. "@example.org", name = "Else"})
    assert.equal(1, #c.g:get_user_orgs(login).orgs)
  end)

  it("are not found by their emails", function()
    local c = get()
    local user = c:user()
    assert.is_nil(c:text("users", user.email))
  end)

  it("keep the server admin who does the job", function()
    local c = get()
    local me = c.server.login
    local before = c:text("users", me)
    for _, fields in ipairs {{}, {isGrafanaAdmin = true, isDisabled = true}} do
      fields.login, fields.email = me, "admin@localhost"
      local r = c:put("users", fields)
      assert.equal("invalid-data", r.status)
      assert.matches("the account that is used here", r.message)
    end
    assert.matches("the account that is used here", c:delete("users", me).message)
    assert.equal(before, c:text("users", me))
  end)

  it("that were being created when that was broken off are finished", function()
    local c = get()
    local value = new(c)
    grafana.check(c.g:create_user {login = value.login, email = value.email, name = "(being created by grafana.bulk)",
      password = "a-long-password"})
    c:put_well("users", value)
    assert.same({}, c.g:get_user_orgs(value.login).orgs)
  end)

  it("are deleted", function()
    local c = get()
    local value = new(c)
    c:put_well("users", value)
    assert.equal("ok", c:delete("users", value.login).status)
    assert.is_nil(c:text("users", value.login))
  end)

  it("are not listed for who is no server admin", function()
    local c = get()
    local own = c:as(c:user {role = "Admin"})
    local found, _, r = c:list("users", own.whole)
    assert.same({}, found)
    assert.equal("access-denied", r.status)
    own.g:close()
  end)
end

-- ------------------------------------------------------------------------------------------------------ members --

function cases.org_users(it, get)
  it("are added, given other roles, removed", function()
    local c = get()
    local login = c.world:new_user().login   -- of another organisation
    assert.is_nil(c:text("org_users", login))
    c:put_well("org_users", {login = login, role = "Editor"})
    c:put_well("org_users", {login = login, role = "Admin"})
    c:put_well("org_users", {login = login, role = "Viewer"})
    assert.equal(('{"login":"%s","role":"Viewer"}'):format(login), c:text("org_users", login))
    assert.equal("ok", c:delete("org_users", login).status)
    assert.is_nil(c:text("org_users", login))
    assert.equal("ok", c.g:get_user(login).status)
  end)

  it("are all listed", function()
    local c = get()
    local users = {c:user {role = "Editor"}, c:user()}
    local found, failed, r = c:list("org_users")
    assert.equal("ok", r.status)
    assert.same({}, failed)
    assert.same({
      [c.server.login] = ('{"login":"%s","role":"Admin"}'):format(c.server.login),
      [users[1].login] = ('{"login":"%s","role":"Editor"}'):format(users[1].login),
      [users[2].login] = ('{"login":"%s","role":"Viewer"}'):format(users[2].login),
    }, found)
  end)

  it("who do not exist are user-not-found, roles that do not are role-not-found", function()
    local c = get()
    assert.equal("user-not-found", c:put("org_users", {login = c:name(), role = "Viewer"}).status)
    assert.equal("role-not-found", c:put("org_users", {login = c.world:new_user().login, role = "Chef"}).status)
    assert.equal("invalid-data", c:put("org_users", {login = c:user().login, role = "Chef"}).status)
  end)

  it("keep the last Admin", function()
    local c = get()
    local me = c.server.login
    local r = c:put("org_users", {login = me, role = "Viewer"})
    assert.equal("invalid-data", r.status)
    assert.matches("last Admin", r.message)
    assert.matches("last Admin", c:delete("org_users", me).message)
    assert.matches('"Admin"', c:text("org_users", me))
    local other = c:user {role = "Admin"}
    c:put_well("org_users", {login = me, role = "Viewer"})
    c:put_well("org_users", {login = me, role = "Admin"})
    assert.equal("ok", c:delete("org_users", other.login).status)
  end)

  it("keep an Admin who may sign in, rather than a disabled one", function()
    local c = get()
    local other = c:user {role = "Admin"}
    grafana.check(c.g:call("adminDisableUser", {user_id = other.id}))
    assert.matches("last Admin", c:put("org_users", {login = c.server.login, role = "Viewer"}).message)
  end)

  it("that an Admin of the organisation adds need no server admin", function()
    local c = get()
    local own = c:as(c:user {role = "Admin"})
    local login = c.world:new_user().login
    assert.equal("ok", c:put("org_users", {login = login, role = "Editor"}, own.at).status)
    assert.equal(('{"login":"%s","role":"Editor"}'):format(login), c:text("org_users", login))
    own.g:close()
  end)

  it("are not listed for Viewers", function()
    local c = get()
    local own = c:as(c:user())
    local found, _, r = c:list("org_users", own.at)
    assert.same({}, found)
    assert.equal("access-denied", r.status)
    own.g:close()
  end)
end

-- -------------------------------------------------------------------------------------------------------- teams --

function cases.teams(it, get)
  it("are created with their members, and without who made them", function()
    local c = get()
    local one, two = c:user().login, c:user().login
    c:put_well("teams", {name = "Ops", email = "ops@example.org", members = array {one, two}, admins = array {two}})
    c:put_well("teams", {name = "Nobody", members = array {}})
    assert.equal('{"members":[],"name":"Nobody"}', c:text("teams", "Nobody"))
    c:put_well("teams", {name = "Mine", members = array {c.server.login}})
  end)

  it("change in place", function()
    local c = get()
    local one, two, three = c:user().login, c:user().login, c:user().login
    for _, value in ipairs {
      {name = "Ops", members = array {one, two}}, {name = "Ops", members = array {two, three}, email = "a@example.org"},
      {name = "Ops", members = array {three}, admins = array {three}}, {name = "Ops", members = array {three}},
      {name = "Ops", members = array {}},
    } do
      c:put_well("teams", value)
    end
    assert.equal(1, #c.g:get_teams(c.org).teams)
  end)

  it("with members who do not exist are there with the others, and say so", function()
    local c = get()
    local one, none = c:user().login, c:name()
    local r = c:put("teams", {name = "Ops", members = array {none, one}})
    assert.equal("user-not-found", r.status)
    assert.matches(none, r.message, 1, true)
    assert.equal(('{"members":["%s"],"name":"Ops"}'):format(one), c:text("teams", "Ops"))
  end)

  it("differ in the case of letters", function()
    local c = get()
    c:put_well("teams", {name = "ops", members = array {}})
    assert.is_nil(c:text("teams", "Ops"))
    c:put_well("teams", {name = "Ops", members = array {}})
    assert.equal(2, #c.g:get_teams(c.org).teams)
  end)

  it("are deleted", function()
    local c = get()
    c:put_well("teams", {name = "a/b?c#d%", members = array {}})
    assert.equal("ok", c:delete("teams", "a/b?c#d%").status)
    assert.is_nil(c:text("teams", "a/b?c#d%"))
  end)

  it("are written by an Admin of the organisation, too", function()
    local c = get()
    local own, one = c:as(c:user {role = "Admin"}), c:user().login
    assert.equal("ok", c:put("teams", {name = "Ops", members = array {one}, admins = array {one}}, own.at).status)
    assert.equal(('{"admins":["%s"],"members":["%s"],"name":"Ops"}'):format(one, one), c:text("teams", "Ops"))
    own.g:close()
  end)
end

-- --------------------------------------------------------------------------------------------- service accounts --

function cases.service_accounts(it, get)
  local function permitted(c)
    local id = c.g:get_service_accounts(c.org).service_accounts[1].id
    local r = c.g:request("GET", ("/api/access-control/serviceaccounts/%.0f"):format(id), {org = c.org})
    local logins = {}
    for _, row in ipairs(r.body) do logins[#logins + 1] = row.userLogin end
    return logins
  end

  it("are created, change in place, are deleted", function()
    local c = get()
    local name = c:name(" robot")
    c:put_well("service_accounts", {name = name, role = "Editor", isDisabled = true})
    c:put_well("service_accounts", {name = name, role = "Viewer"})
    c:put_well("service_accounts", {name = name, role = "Admin", isDisabled = true})
    assert.equal(('{"isDisabled":true,"name":"%s","role":"Admin"}'):format(name), c:text("service_accounts", name))
    assert.equal("ok", c:delete("service_accounts", name).status)
    assert.is_nil(c:text("service_accounts", name))
  end)

  it("permit nothing to who made them by name", function()
    local c = get()
    c:put_well("service_accounts", {name = c:name(), role = "Viewer"})
    assert.same({}, permitted(c))
  end)

  it("have their tokens named in a note, and are created without them", function()
    local c = get()
    local account = c.world:new_service_account(c.org)
    local tokens = {c:name(), c:name()}
    table.sort(tokens)
    for _, name in ipairs(tokens) do c.world:new_token(c.org, account.id, name) end
    local found, _, _, notes = c:list("service_accounts")
    assert.equal(('{"name":"%s","role":"Viewer"}'):format(account.name), found[account.name])
    assert.equal(1, #notes)
    assert.matches(("%s has tokens, which are not in it: %s, %s"):format(account.name, tokens[1], tokens[2]), notes[1],
      1, true)
    assert.equal("ok", c:delete("service_accounts", account.name).status)
    c:put_well("service_accounts", {name = account.name, role = "Viewer"})
    assert.equal(0, c.g:get_service_accounts(c.org).service_accounts[1].tokens)
  end)

  it("with one name: the oldest counts, the others are named", function()
    local c = get()
    local one, two = c.world:new_service_account(c.org), c.world:new_service_account(c.org, {role = "Editor"})
    grafana.check(c.g:call("updateServiceAccount", {serviceAccountId = two.id, name = one.name}, {org = c.org}))
    local found, failed, r = c:list("service_accounts")
    assert.equal("ok", r.status)
    assert.same({[one.name] = ('{"name":"%s","role":"Viewer"}'):format(one.name)}, found)
    local key, failure = next(failed)
    assert.matches("^" .. one.name:gsub("%p", "%%%0") .. " %(sa%-", key)
    assert.equal("name-exists", failure.reason)
  end)
end

-- -------------------------------------------------------------------------------------------------- preferences --

function cases.preferences(it, get)
  local function team(c, name)
    return grafana.check(c.g:create_team(c.org, {name = name})).id
  end

  it("of an organisation are there from the beginning, and are changed and reset", function()
    local c = get()
    assert.same({default = "{}"}, (c:list("preferences")))
    local uid = c.world:new_dashboard(c.org, {uid = "home-1", title = "Home"})
    for _, value in ipairs {
      {theme = "dark", timezone = "utc", weekStart = "monday", homeDashboardUID = uid},
      {theme = "light", queryHistory = {homeTab = "starred"}}, {homeDashboardUID = uid, timezone = "Europe/Oslo"},
      {timezone = "browser"}, grafana.object {},
    } do
      c:put_well("preferences", value)
    end
    assert.equal("ok", c:put("preferences", {theme = "dark", homeDashboardUID = uid}).status)
    assert.equal("ok", c:delete("preferences", "default").status)
    assert.equal("{}", c:text("preferences", "default"))
  end)

  it("have a language, by whatever name the server has for it", function()
    local c = get()
    c:put_well("preferences", {language = "de-DE"})
    c:put_well("preferences", {theme = "dark"})
  end)

  it("of teams are listed where there are any", function()
    local c = get()
    team(c, "Ops")
    team(c, "Dev")
    c:put_well("preferences", {team = "Ops", theme = "dark", weekStart = "sunday"})
    assert.same({default = "{}", ["team:Ops"] = '{"team":"Ops","theme":"dark","weekStart":"sunday"}'},
      (c:list("preferences")))
    assert.equal("ok", c:delete("preferences", "team:Ops").status)
    assert.same({default = "{}"}, (c:list("preferences")))
  end)

  it("of a team that does not exist are not written", function()
    local c = get()
    assert.equal("not-found", c:put("preferences", {team = "Ops", theme = "dark"}).status)
    assert.is_nil(c:text("preferences", "team:Ops"))
  end)

  it("with a home that does not exist are not written", function()
    local c = get()
    c:put_well("preferences", {theme = "dark"})
    local r = c:put("preferences", {theme = "light", homeDashboardUID = "none-such"})
    assert.equal("not-found", r.status)
    assert.matches("none-such", r.message, 1, true)
    assert.equal('{"theme":"dark"}', c:text("preferences", "default"))
  end)

  it("that the server refuses are invalid-data", function()
    assert.equal("invalid-data", get():put("preferences", {theme = "plaid"}).status)
  end)
end

return cases
