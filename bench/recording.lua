-- SPDX-License-Identifier: MIT
-- recording(folder, standin, org, agent): what scripts that record a static server's files from the stand-in have in
-- common. `agent` is who asks: the layout of pages goes by that.

local function run(command, ...)
  local line = command:format(...)
  assert(os.execute(line) == true, line)
end

return function(folder, standin, org, agent)
  local curl = ("curl -sf -A %s -u admin:admin -H 'X-Grafana-Org-Id: %d'"):format(agent, org)
  local files = {run = run, curl = curl, namespace = org == 1 and "default" or "org-" .. org}

  function files.read(name)
    local file = assert(io.open(folder .. "/" .. name, "rb"))
    local text = file:read "*a"
    file:close()
    return text
  end

  function files.write(name, text)
    local file = assert(io.open(folder .. "/" .. name, "wb"))
    file:write(text)
    file:close()
  end

  function files.fetch(path, name) run(curl .. " -o '%s/%s' '%s%s'", folder, name, standin, path) end

  return files
end
