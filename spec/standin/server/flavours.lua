-- SPDX-License-Identifier: MIT
-- Kinds of servers. Each behaves as one of the recorded versions does, but for some settings.

local flavours = {}

-- What the open-source server has.
local SETTINGS = {
  datasource_permissions = 0,   -- none; 1 and 2 are generations of routes
  numeric_datasources = true,   -- routes by number, such as /api/datasources/1: off by default from 13.0
  health = true,                -- /api/health
  hide_version = false,         -- true: /api/health keeps it; "everywhere": nobody is told
  bearer_only = false,          -- tokens, no passwords
  alerting = true,              -- unified alerting is on
  alertmanager_after = 45,      -- seconds until a new organisation's Alertmanager is ready
  apis = true,                  -- 12.4.3: what is below /apis, as from Grafana 12
}

local FLAVOURS = {
  ["9.3.2"] = { like = "9.3.2" },
  ["12.4.3"] = { like = "12.4.3" },
  enterprise = { like = "12.4.3", datasource_permissions = 2 },
  ["enterprise-9"] = { like = "9.3.2", datasource_permissions = 1 },
  amg = { like = "9.3.2", version = "9.4.7-amg", datasource_permissions = 1, health = false, hide_version = true, bearer_only = true },
}

--- The version that a kind of server behaves like, and its settings, `version` among them: what it calls itself.
function flavours.settings(name)
  local flavour = assert(FLAVOURS[name], name)
  local settings = { version = flavour.version or flavour.like }
  for key, value in pairs(SETTINGS) do settings[key] = value end
  for key, value in pairs(flavour) do settings[key] = value end
  settings.like = nil
  return flavour.like, settings
end

return flavours
