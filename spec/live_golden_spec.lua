-- SPDX-License-Identifier: MIT
-- The golden cases against the real server at GRAFANA_URL, as its admin GRAFANA_USER, GRAFANA_PASSWORD (admin, admin).
-- It may be anybody's server: only what a case has created itself, under a name that nobody else has, is ever changed
-- or removed.

package.path = "./?.lua;./?/init.lua;" .. package.path   -- 5.1 and LuaJIT do not look for ./?/init.lua

local cases = require "spec.golden.cases"
local live = require "spec.golden.live"

local server = live.server {
  url = assert(os.getenv("GRAFANA_URL"), "GRAFANA_URL is not set"),
  user = os.getenv("GRAFANA_USER") or "admin",
  password = os.getenv("GRAFANA_PASSWORD") or "admin",
}

describe(("golden cases on %s, which is %s:"):format(server.url, server.version), function()
  for _, path in ipairs(cases.files()) do
    local file = cases.read(path)
    for _, case in ipairs(file.cases) do
      local live_too = not case.flags.offline and not cases.flavour(case) and file.name ~= "every-operation.md"
      if live_too and cases.holds(case, server.recorded) then
        for _, name in ipairs(file.operations) do
          it(name .. ": " .. case.title, function()
            local found, result = live.run(server, case, { name = name ~= file.operations[1] and name or nil })
            if #found == 0 then return end
            found[#found + 1] = tostring(result)
            error(("%s:%d: %s\n%s"):format(file.name, case.line, case.title, table.concat(found, "\n")), 0)
          end)
        end
      end
    end
  end

  it("nothing is left of all that", function()
    local orgs, users = live.leftovers(server)
    assert.equal("", table.concat(orgs, " "))
    assert.equal("", table.concat(users, " "))
  end)
end)
