-- SPDX-License-Identifier: MIT
-- Every way to sign in, against the server at GRAFANA_URL.

package.path = "./?.lua;./?/init.lua;" .. package.path   -- 5.1 and LuaJIT do not look for ./?/init.lua

local grafana = require "grafana"

local URL = os.getenv "GRAFANA_URL"
local USER, PASSWORD = os.getenv "GRAFANA_USER" or "admin", os.getenv "GRAFANA_PASSWORD" or "admin"
local check = grafana.check

if not URL then return end

describe("signing in to a real server", function()
  local admin, account, org

  -- A service account in an organisation of its own, and keys for it.
  setup(function()
    admin = grafana.connect(URL, {USER, PASSWORD})
    org = check(admin:create_org(("sign-in-%d-%s"):format(os.time(), tostring({}):match("0x(%x+)")))).id
    account = check(admin:create_service_account(org, {name = "robot", role = "Admin"})).id
  end)

  teardown(function()
    check(admin:delete_service_account(org, account), "not-found")
    check(admin:delete_org(org), "not-found")
    admin:close()
  end)

  it("a regular login reads and writes, in any organisation", function()
    local g = grafana.connect(URL, {USER, PASSWORD}, {auth_method = "regular-login"})
    assert.equal(USER, check(g:get_current_user()).user.login)
    assert.equal("ok", g:create_datasource(org, {name = "P", type = "prometheus", access = "proxy"}).status)
    assert.equal(1, #check(g:get_datasources(org)).datasources)
    g:close()
  end)

  it("a regular login with an unknown user is refused, and says how it was tried", function()
    local g = grafana.connect(URL, {"nobody-" .. os.time(), "wrong"}, {auth_method = "regular-login"})
    local r = g:get_current_user()
    assert.equal("bad-credentials", r.reason)
    assert.matches("regular-login as nobody", r.message, 1, true)
    g:close()
  end)

  it("a token, and a function that gives another when the first has been revoked", function()
    local keys = {}
    for i, name in ipairs {"one", "two"} do keys[i] = check(admin:create_token(org, account, {name = name})) end
    local asked = 0
    local g = grafana.connect(URL, {token = function()
      asked = asked + 1
      return keys[asked].key
    end})
    assert.equal(org, check(g:get_current_org()).org.id)
    check(admin:delete_token(org, account, keys[1].id))
    assert.equal(org, check(g:get_current_org()).org.id)
    assert.equal(2, asked)
    g:close()
    g = grafana.connect(URL, {token = keys[1].key})
    local r = g:get_current_org()
    assert.equal("bad-credentials", r.reason)
    assert.matches("(token)", r.message, 1, true)
    g:close()
  end)

  it("nobody is refused, or let in as the server likes", function()
    local g = grafana.connect(URL)
    local r = g:get_orgs()
    assert.equal("access-denied", r.status)
    assert.matches("anonymous", r.message .. tostring(g), 1, true)
    g:close()
  end)
end)
