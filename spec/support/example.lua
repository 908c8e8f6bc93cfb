-- SPDX-License-Identifier: MIT
--- Runs a script of examples/ as an operator does, in a process of its own.

local example = {}

local function quoted(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

--- What it prints, as lines, and whether it succeeded.
-- @string name of the file in examples/
-- @tab account url, user, password; `env`: other variables of the environment
-- @param ... its arguments
function example.run(name, account, ...)
  local words = {
    "env -u GRAFANA_TOKEN", "GRAFANA_URL=" .. quoted(account.url), "GRAFANA_USER=" .. quoted(account.user),
    "GRAFANA_PASSWORD=" .. quoted(account.password),
  }
  for variable, value in pairs(account.env or {}) do words[#words + 1] = variable .. "=" .. quoted(value) end
  words[#words + 1] = (os.getenv("GRAFANA_LUA") or "lua5.4") .. " examples/" .. name
  for _, argument in ipairs {...} do words[#words + 1] = quoted(argument) end
  local pipe = assert(io.popen("{ " .. table.concat(words, " ") .. "; } 2>&1 && echo succeeded"))
  local lines = {}
  for line in pipe:lines() do lines[#lines + 1] = line end
  pipe:close()
  local succeeded = lines[#lines] == "succeeded"
  if succeeded then lines[#lines] = nil end
  return lines, succeeded
end

return example
