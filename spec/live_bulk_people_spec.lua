-- SPDX-License-Identifier: MIT
-- Kinds of objects about people on the server at GRAFANA_URL, in organisations of their own.

package.path = "./?.lua;./?/init.lua;" .. package.path   -- 5.1 and LuaJIT do not look for ./?/init.lua

local bulk = require "grafana.bulk"
local cases = require "spec.bulk.people_cases"
local live = require "spec.golden.live"
local people = require "spec.bulk.people"
local scratch = require "spec.support.scratch"

describe("on " .. assert(os.getenv("GRAFANA_URL"), "GRAFANA_URL is not set") .. ",", function()
  local server, context

  setup(function()
    server = live.server {
      url = os.getenv("GRAFANA_URL"), user = os.getenv("GRAFANA_USER") or "admin",
      password = os.getenv("GRAFANA_PASSWORD") or "admin",
    }
  end)
  before_each(function() context = people.context(server) end)
  after_each(function()
    assert.same({}, context:clean())
    scratch.clear()
  end)

  for _, kind in ipairs {"organisations", "users", "org_users", "teams", "service_accounts", "preferences"} do
    describe(kind:gsub("_", " "), function() cases[kind](it, function() return context end) end)
  end

  it("lists of people become users and members, once, and that can be taken back", function()
    local g, ann, bo = context.g, context:name(), context:name()
    local list = {
      {login = ann, email = ann .. "@example.org", name = "Ann", password = "a-long-password",
        orgs = {[context.org] = "Editor"}},
      {login = bo, password = "a-long-password", orgs = {}},
    }
    local function create() return bulk.create_users(g, list, {journal = scratch.folder() .. "/j"}) end
    local function add()
      local rows = {{login = bo, role = "Admin"}, {email = ann .. "@example.org", role = "Viewer"}}
      return bulk.add_org_users(g, context.org, rows, {journal = scratch.folder() .. "/j"})
    end
    local function members()
      local found = {}
      for _, user in ipairs(g:get_org_users(context.org).users) do found[user.login] = user.role end
      found[context.server.login] = nil
      return found
    end

    local first = create()
    assert.equal("ok", first:apply().status)
    assert.same({[ann] = "Editor"}, members())
    assert.same({}, g:get_user_orgs(bo).orgs)
    assert.same({}, create().changes)
    local second = add()
    assert.equal("ok", second:apply().status)
    assert.same({[ann] = "Viewer", [bo] = "Admin"}, members())
    assert.same({}, add().changes)
    assert.equal("ok", second:undo().status)
    assert.same({[ann] = "Editor"}, members())
    assert.equal("ok", first:undo().status)
    assert.same({}, members())
    assert.equal("not-found", g:get_user(bo).status)
  end)
end)
