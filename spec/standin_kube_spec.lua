-- SPDX-License-Identifier: MIT
-- Writes below the stand-in's /apis are answered as those of a real 12.4.3 were.

package.path = "./?.lua;./?/init.lua;" .. package.path   -- 5.1 and LuaJIT do not look for ./?/init.lua

local json = require "spec.standin.server.json"
local kube_steps = require "spec.support.kube_steps"
local standin = require "spec.standin"

describe("writes below the stand-in's /apis", function()
  local s

  setup(function() s = standin.start {personality = "12.4.3"} end)
  teardown(function() s:stop() end)

  it("are answered as a real server does", function()
    s:reset()
    local function ask(method, path, body)
      local code, text = s:http(method, path, {body = body, user = "admin", password = "admin"})
      return code, s.decode(text)
    end
    local marks = {array = json.array, object = function(t) return t end}
    assert.same({}, kube_steps.differences(ask, "default", marks))
  end)
end)
