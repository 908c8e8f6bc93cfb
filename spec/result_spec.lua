-- SPDX-License-Identifier: MIT
-- Results: what they hold, how they look as text, and grafana.check.

local grafana = require "grafana"
local core = require "grafana.core"
local standin = require "spec.standin"

describe("a result", function()
  local server, g

  setup(function()
    server = standin.start()
    g = grafana.connect(server.url, {"admin", "admin"}, {backoff_ms = {1, 1}})
  end)

  teardown(function()
    g:close()
    server:stop()
  end)

  before_each(function() server:reset() end)

  it("that is ok has status, ok and the row's keys, and nothing else", function()
    local r = g:create_org("Acme")
    assert.same({status = "ok", ok = true, id = 2}, r)
    assert.same({status = "ok", ok = true}, g:update_org(2, "Beta"))
  end)

  it("that is not ok tells what happened", function()
    g:create_org("Acme")
    local r = g:create_org("Acme")
    assert.is_false(r.ok)
    assert.equal("already-exists", r.status)
    assert.equal("name-exists", r.reason)
    assert.equal("create_org", r.operation)
    assert.equal(409, r.code)
    assert.equal(1, r.attempts)
    assert.is_nil(r.uncertain)
    assert.is_string(r.message)
    assert.equal(2, r.id)
  end)

  it("says uncertain where a write may have been done", function()
    server:fault {kind = "close_after", method = "POST", path = "^/api/orgs"}
    local r = g:create_org("Acme")
    assert.equal("error", r.status)
    assert.equal("cut", r.reason)
    assert.is_true(r.uncertain)
    assert.matches("may have been done all the same", tostring(r))
  end)

  it("holds lists as arrays, also when they are empty", function()
    local r = g:get_orgs()
    assert.equal(1, #r.orgs)
    assert.equal("Main Org.", r.orgs[1].name)
    assert.equal("[]", grafana.encode(g:get_datasources(1).datasources))
    assert.equal(getmetatable(grafana.array {}), getmetatable(g:get_datasources(1).datasources))
  end)

  it("holds documents with the option raw", function()
    g:update_or_create_dashboard(1, {title = "D", uid = "d", panels = {{id = 1, type = "text", title = "T"}}})
    local r = g:get_dashboard(1, "d", {raw = true})
    assert.is_true(r.ok)
    assert.is_userdata(r.dashboard)
    assert.equal("T", r.dashboard:get("panels", 1, "title"))
    local list = g:get_org_dashboards(1, {raw = true}).dashboards
    assert.is_userdata(list[1])
    assert.equal("D", list[1]:get("title"))
    r, list = nil, list[1]
    collectgarbage()
    collectgarbage()
    assert.is_nil(r)
    assert.equal("d", list:get("uid"))
    assert.equal(2, g:create_org("Acme", {raw = true}).id)
  end)

  describe("as text", function()
    it("shows what came, lists by their length, objects by what tells them apart", function()
      assert.equal("ok: id = 2", tostring(g:create_org("Acme")))
      assert.equal("ok: orgs = 2 items", tostring(g:get_orgs()))
      assert.equal('ok: org = {id = 2, name = "Acme", …}', tostring(g:get_org(2)))
      assert.equal("ok", tostring(g:delete_org(2)))
      assert.equal("ok: orgs = 1 item", tostring(g:get_orgs()))
      assert.equal("ok: datasources = 0 items", tostring(g:get_datasources(1)))
      local r = g:call("createTeam", {name = "Ops"})   -- the code first, and which keys there are
      assert.matches("^ok: code = 200, body = {[%w, =\"…]+}, headers = {…}$", tostring(r))
      assert.equal("ok: code = 200, body = {message}, headers = {…}",
        tostring(g:call("updateTeam", {team_id = tostring(g:get_team(1, "Ops").team.id), name = "Dev"})))
    end)

    it("shows a failure with status, reason, message, operation, code, and what exists already", function()
      g:create_org("Acme")
      local r = g:create_org("Acme")
      assert.equal(("already-exists (name-exists): %s (create_org, HTTP 409, id = 2)"):format(r.message), tostring(r))
      assert.matches("^missing%-mandatory%-data: .*'name'.* %(create_org%)$", tostring(g:create_org("")))
    end)

    it("shows large ids with all digits", function()
      local r = setmetatable({ok = true, status = "ok", id = 3202576570126336}, core.result_mt)
      assert.equal("ok: id = 3202576570126336", tostring(r))
    end)

    it("stays on one line, short, and hides a token's key", function()
      local r = setmetatable({ok = true, status = "ok", key = "glsa_verysecret", name = ("ä"):rep(100) .. "\n"},
        core.result_mt)
      local text = tostring(r)
      assert.matches('key = "glsa_…"', text, 1, true)
      assert.is_nil(text:find("verysecret", 1, true))
      assert.is_nil(text:find("\n", 1, true))
      assert.is_true(#text < 120)
      assert.is_truthy(grafana.encode(text), "the text is valid UTF-8")
    end)
  end)

  describe("in check", function()
    it("is returned when it is ok or has a status named", function()
      local r = g:create_org("Acme")
      assert.equal(r, grafana.check(r))
      assert.equal(r, grafana.check(r, "already-exists"))
      r = g:create_org("Acme")
      assert.equal(r, grafana.check(r, "not-found", "already-exists"))
    end)

    it("is raised itself otherwise", function()
      local r = g:get_org(99)
      local fine, raised = pcall(grafana.check, r, "already-exists")
      assert.is_false(fine)
      assert.equal(r, raised)
      assert.matches("^not%-found", tostring(raised))
    end)

    it("needs statuses that exist, and a result", function()
      local r = g:get_orgs()
      assert.matches("'already_exists' is no status %(did you mean 'already%-exists'%?%)",
        select(2, pcall(grafana.check, r, "already_exists")))
      assert.matches("'nil' is no status", select(2, pcall(grafana.check, r, nil)))
      assert.matches("result expected, got nil", select(2, pcall(grafana.check)))
    end)
  end)
end)
