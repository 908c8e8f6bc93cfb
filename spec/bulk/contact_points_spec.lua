-- SPDX-License-Identifier: MIT
-- Contact points as objects of bulk jobs, on both versions of Grafana: above all, their secrets.

package.path = "./?.lua;./?/init.lua;" .. package.path   -- 5.1 and LuaJIT do not look for ./?/init.lua

local contact_secrets = require "grafana.bulk.contact_secrets"
local days = require "spec.support.bad_days"
local grafana = require "grafana"
local kind = require "grafana.bulk.kinds.contact_points"
local support = require "spec.support.alerting"

local busted = {
  describe = describe, it = it, setup = setup, teardown = teardown, before_each = before_each, after_each = after_each,
}

local PATH = support.BASE .. "contact-points"

local function email(addresses, quiet)
  return {uid = "mail-1", name = "Mail", type = "email", settings = {addresses = addresses},
    disableResolveMessage = quiet or false}
end

local sample = {
  prepare = function() end,
  first = function() return email("a@example.org") end,
  second = function() return email("a@example.org;b@example.org", true) end,
  provision = function(world) support.ask(world, "POST", PATH, email("z@example.org")) end,
  path = function() return PATH .. "?name=Mail" end,
  writes = "contact%-points", method = function() return "POST" end,
}

-- What no file form, message or journal may hold.
local ADDRESS, TOKEN, PASSWORD = "https://hooks.example.org/services/T0/geheim", "xoxb-geheim", "geheim-1"

local function slack(settings)
  return {uid = "slack-1", name = "Slack", type = "slack", settings = settings, disableResolveMessage = false}
end

local function webhook(settings)
  return {uid = "hook-1", name = "Hook", type = "webhook", settings = settings, disableResolveMessage = false}
end

-- Made past the library, secrets and all; as the library reads it.
local function made(world, point)
  local answer, code = support.ask(world, "POST", PATH, point, 1, {["x-disable-provenance"] = "true"})
  assert.equal(202, code, grafana.encode(answer))
  local object, problem = kind.read(world.at, point.uid)
  assert.is_nil(problem)
  return object
end

-- The settings in clear, as only 12.4.3 exports them.
local function in_clear(world, name)
  local body = support.ask(world, "GET", PATH .. "/export?format=json&decrypt=true&name=" .. name)
  return body.contactPoints[1].receivers[1].settings
end

-- A file form with something else changed, so that it is written.
local function edited(object)
  local value = object.doc:table()
  value.disableResolveMessage = true
  return value
end

describe("what of the settings of a contact point is secret:", function()
  local function names(type, settings)
    local plain, held = contact_secrets.split(type, settings)
    for _, value in pairs(held) do assert.is_nil(grafana.encode(plain):find(value, 1, true), value) end
    return table.concat(contact_secrets.names(held) or {}, " ")
  end

  it("what the server shows as such, at every level", function()
    assert.equal("a.b c", names("email", {a = {b = "[REDACTED]", d = "x"}, c = "[REDACTED]", e = "y"}))
  end)

  it("the address of what takes messages from who knows it", function()
    for _, type in ipairs {
      "webhook", "slack", "discord", "teams", "googlechat", "dingding", "victorops", "wecom", "oncall",
    } do
      assert.equal("url", names(type, {url = ADDRESS, icon_url = "https://example.org/a.png", title = "see http://x"}))
    end
  end)

  it("no address of what asks for more than that", function()
    for _, type in ipairs {"prometheus-alertmanager", "sensugo", "kafka", "pagerduty", "opsgenie", "jira"} do
      assert.equal("", names(type, {url = "https://example.org/api", apiUrl = "https://example.org"}))
    end
  end)

  it("any address of a type that nobody knows", function()
    assert.equal("endpoint", names("brand-new", {endpoint = ADDRESS, title = "a text with http://x in it"}))
  end)

  it("addresses with a password or a key inside, of any type", function()
    assert.equal("a b c d", names("email", {
      a = "https://user:geheim@example.org/", b = "https://example.org/?x=1&access_token=geheim",
      c = "https://example.org/hook?key=geheim", d = "mqtt://geheim@broker:1883",
      e = "https://example.org/?q=1", f = "https://example.org/@name",
    }))
  end)

  it("what is called like a secret, though the server shows it", function()
    assert.equal("apiToken api_key authorization_credentials headers.X-Api-Key password", names("email", {
      password = PASSWORD, api_key = PASSWORD, apiToken = PASSWORD, authorization_credentials = PASSWORD,
      headers = {["X-Api-Key"] = PASSWORD, Accept = "text/plain"}, token_url = "/token", username = "u",
    }))
  end)

  it("nothing that is empty", function()
    assert.equal("", names("slack", {url = "", token = "", text = grafana.null}))
  end)

  it("a name leads back to its place, whatever is in the key", function()
    local _, held = contact_secrets.split("webhook", {headers = {["X.Auth\\Token"] = "geheim"}})
    local settings, name = {}, contact_secrets.names(held)[1]
    contact_secrets.put(settings, name, held[name])
    assert.same({headers = {["X.Auth\\Token"] = "geheim"}}, settings)
    assert.equal("geheim", contact_secrets.get(settings, name))
    assert.is_true(contact_secrets.is_nested(name))
    assert.is_false(contact_secrets.is_nested("url"))
    assert.is_nil(contact_secrets.get({headers = "x"}, name))
  end)
end)

support.on_both(busted, function(world)
  support.holds(world, "contact_points", sample)

  describe("its secrets", function()
    it("never are in the file form, only their names", function()
      local object = made(world, slack {recipient = "#ops", token = TOKEN, icon_url = "https://example.org/i.png"})
      assert.equal('{"disableResolveMessage":false,"name":"Slack","secrets":["token"],"settings":'
        .. '{"icon_url":"https://example.org/i.png","recipient":"#ops"},"type":"slack","uid":"slack-1"}', object:text())
      object = made(world, webhook {url = ADDRESS, username = "u", password = PASSWORD})
      assert.same({"password", "url"}, object.secrets)
      assert.is_nil(days.leak(object, {ADDRESS, PASSWORD}))
      assert.is_nil(object:text(true):find("geheim", 1, true))
    end)

    it("stay when something else changes", function()
      local points = {slack {recipient = "#ops", token = TOKEN}, webhook {url = ADDRESS, password = PASSWORD}}
      for _, point in ipairs(points) do
        local before = made(world, point)
        local r, after = support.write("contact_points", world.at, edited(before))
        assert.equal("ok", r.status, tostring(r))
        assert.same(before.secrets, after.secrets)
        assert.is_true(after.doc:get("disableResolveMessage"))
        if not world.is_old then
          local settings = in_clear(world, point.name)
          for name in pairs(point.settings) do assert.equal(point.settings[name], settings[name], name) end
        end
      end
    end)

    it("that the caller gives outrank those of the server", function()
      local before, asked = made(world, webhook {url = ADDRESS, password = PASSWORD}), {}
      world.at.options.secret = function(q)
        asked[#asked + 1] = ("%s %s %s %s"):format(q.kind, q.org, q.key, q.name)
        return q.name == "url" and "https://new.example.org/geheim" or nil
      end
      local r, after = support.write("contact_points", world.at, edited(before))
      assert.equal("ok", r.status, tostring(r))
      assert.same({"contact_points Main Org. hook-1 password", "contact_points Main Org. hook-1 url"}, asked)
      assert.same({"password", "url"}, after.secrets)
      local shown = support.ask(world, "GET", PATH .. "?name=Hook")
      assert.equal("https://new.example.org/geheim", shown[1].settings.url)
    end)

    it("of a new one must be given: else it is skipped, and nothing sent", function()
      local value = webhook {username = "u"}
      value.secrets = grafana.array {"password", "url"}
      world.server:clear_log()
      local r = kind.write(world.at, support.object("contact_points", value), nil)
      assert.equal("missing-mandatory-data", r.status)
      assert.same({"password", "url"}, r.missing_secrets)
      assert.matches("password, url", r.message, 1, true)
      assert.equal(0, support.changed(world.server))
      world.at.options.secret = function(q) return q.name == "url" and ADDRESS or nil end
      r = kind.write(world.at, support.object("contact_points", value), nil)
      assert.equal("missing-mandatory-data", r.status)
      assert.same({"password"}, r.missing_secrets)
      assert.is_nil(days.leak(r, {ADDRESS}))
      world.at.options.secret = function(q) return q.name == "url" and ADDRESS or PASSWORD end
      local after
      r, after = support.write("contact_points", world.at, value)
      assert.equal("ok", r.status, tostring(r))
      assert.equal("hook-1", after.key)
      assert.equal(support.object("contact_points", value):text(), after:text())
    end)

    it("of another type are not kept for it", function()
      local before = made(world, webhook {url = ADDRESS, password = PASSWORD})
      local value = before.doc:table()
      value.type, value.secrets = "kafka", grafana.array {"password"}
      value.settings = {kafkaRestProxy = "http://127.0.0.1:9", kafkaTopic = "t"}
      local r = kind.write(world.at, support.object("contact_points", value), before)
      assert.equal("missing-mandatory-data", r.status, tostring(r))
      assert.same({"password"}, r.missing_secrets)
      assert.equal(before:text(), kind.read(world.at, "hook-1"):text())
    end)

    it("are in no message when the server refuses", function()
      local before = made(world, webhook {url = ADDRESS, password = PASSWORD})
      world.server:fault {
        kind = "status", code = 500, method = "PUT", path = "contact%-points", body = '{"message":"no"}',
      }
      local r = kind.write(world.at, support.object("contact_points", edited(before)), before)
      assert.equal("error", r.status)
      assert.is_nil(days.leak(r, {ADDRESS, PASSWORD}))
    end)

    if not world.is_old then
      local NESTED = {url = ADDRESS, tlsConfig = {clientKey = "geheim-key", insecureSkipVerify = true},
        hmacConfig = {secret = "geheim-hmac", header = "X-Sum"}}

      it("below the top stay, though the server keeps what it shows as secret only at the top", function()
        local before = made(world, webhook(NESTED))
        assert.same({"hmacConfig.secret", "tlsConfig.clientKey", "url"}, before.secrets)
        local r, after = support.write("contact_points", world.at, edited(before))
        assert.equal("ok", r.status, tostring(r))
        assert.same(before.secrets, after.secrets)
        assert.same(NESTED, in_clear(world, "Hook"))
        assert.is_nil(days.leak(r, {"geheim"}))
      end)

      it("below the top that this account may not read must be given", function()
        local before = made(world, webhook(NESTED))
        world.server:fault {
          kind = "status", code = 403, path = "contact%-points/export", body = '{"message":"no"}', times = 0,
        }
        world.server:clear_log()
        local r = kind.write(world.at, support.object("contact_points", edited(before)), before)
        assert.equal("missing-mandatory-data", r.status, tostring(r))
        assert.same({"hmacConfig.secret", "tlsConfig.clientKey"}, r.missing_secrets)
        assert.equal(0, support.changed(world.server))
        world.at.options.secret = function(q) return q.name ~= "url" and "geheim-new" or nil end
        r = kind.write(world.at, support.object("contact_points", edited(before)), before)
        assert.equal("ok", r.status, tostring(r))
        world.server:clear_faults()
        assert.equal("geheim-new", in_clear(world, "Hook").tlsConfig.clientKey)
      end)
    end
  end)

  it("one that a policy uses stays, and the refusal says so", function()
    local now = made(world, email "a@example.org")
    support.ask(world, "PUT", support.BASE .. "policies", {receiver = "Mail"})
    local r = kind.delete(world.at, now)
    assert.equal("error", r.status)
    assert.matches("still", r.message, 1, true)
    assert.is_truthy(kind.read(world.at, "mail-1"))
  end)

  it("one whose uid is taken since is not written over", function()
    made(world, email "a@example.org")
    local r = kind.write(world.at, support.object("contact_points", email "b@example.org"), nil)
    assert.is_false(r.ok)
    if not world.is_old then
      assert.equal("already-exists", r.status)
      assert.equal("uid-exists", r.reason)
    end
    assert.equal("a@example.org", kind.read(world.at, "mail-1").doc:get("settings", "addresses"))
  end)

  it("two of one name are two objects", function()
    made(world, email "a@example.org")
    made(world, {uid = "mail-2", name = "Mail", type = "email", settings = {addresses = "b@example.org"}})
    local found = support.list("contact_points", world.at)
    assert.equal("Mail", found["mail-1"].title)
    assert.equal("Mail", found["mail-2"].title)
  end)

  if world.is_old then
    it("the one that is there from the start is called as policies call it, and is left alone", function()
      local found = support.list("contact_points", world.at)
      local now = found["grafana-default-email"]
      assert.equal(support.list("policies", world.at).default.doc:get("receiver"), now.title)
      world.server:clear_log()
      assert.matches("no uid", kind.write(world.at, now, now).message, 1, true)
      assert.matches("no uid", kind.delete(world.at, now).message, 1, true)
      assert.equal(0, support.changed(world.server))
    end)
  end
end)
