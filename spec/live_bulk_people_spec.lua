-- SPDX-License-Identifier: MIT
-- Kinds of objects about people on the server at GRAFANA_URL, in organisations of their own.

package.path = "./?.lua;./?/init.lua;" .. package.path   -- 5.1 and LuaJIT do not look for ./?/init.lua

local cases = require "spec.bulk.people_cases"
local live = require "spec.golden.live"
local people = require "spec.bulk.people"

describe("on " .. assert(os.getenv("GRAFANA_URL"), "GRAFANA_URL is not set") .. ",", function()
  local server, context

  setup(function()
    server = live.server {
      url = os.getenv("GRAFANA_URL"), user = os.getenv("GRAFANA_USER") or "admin",
      password = os.getenv("GRAFANA_PASSWORD") or "admin",
    }
  end)
  before_each(function() context = people.context(server) end)
  after_each(function() assert.same({}, context:clean()) end)

  for _, kind in ipairs {"organisations", "users", "org_users", "teams", "service_accounts", "preferences"} do
    describe(kind:gsub("_", " "), function() cases[kind](it, function() return context end) end)
  end
end)
