-- SPDX-License-Identifier: MIT
--- Which settings of a contact point are secret, taking them out, and putting them back.
--
-- A secret has a name: its path in the settings, joined by dots (`url`, `tlsConfig.clientKey`); a dot or a backslash
-- that belongs to a key has a backslash before it.
-- @module grafana.bulk.contact_secrets

local core = require "grafana.core"

local getmetatable, ipairs, next, pairs, table, type = getmetatable, ipairs, next, pairs, table, type

local contact_secrets = {}

--- What a server shows in place of a secret, and takes for the secret that it has.
contact_secrets.REDACTED = "[REDACTED]"
local REDACTED = contact_secrets.REDACTED

-- Who knows the `url` of such a one may send to it, or write as it.
local ADDRESS_IS_SECRET = {
  dingding = true, discord = true, googlechat = true, oncall = true, slack = true, teams = true, victorops = true,
  webhook = true, wecom = true,
}

-- Known, and their addresses tell nothing.
local ADDRESS_IS_PLAIN = {
  LINE = true, email = true, jira = true, kafka = true, line = true, mqtt = true, opsgenie = true, pagerduty = true,
  ["prometheus-alertmanager"] = true, pushover = true, sensugo = true, sns = true, telegram = true, threema = true,
  webex = true,
}

-- What keys of secrets end with, in small letters and without "_" and "-".
local SECRET_ENDINGS = {
  "password", "secret", "token", "apikey", "secretkey", "accesskey", "integrationkey", "userkey", "clientkey",
  "credentials", "authorization", "cookie",
}

local function ends_like_a_secret(key)
  local plain = key:lower():gsub("[_-]", "")
  for _, ending in ipairs(SECRET_ENDINGS) do
    if plain:sub(-#ending) == ending then return true end
  end
  return false
end

local function is_url(text) return text:find("^%a[%w+.-]*://%S+$") ~= nil end

-- With a user or a password before the host, or with a key in the query.
local function is_url_with_secret(text)
  if not is_url(text) then return false end
  if text:find("^[^:]+://[^/?#]*@") then return true end
  for key in (text:match("%?(.*)") or ""):gmatch("([^=&#]+)=") do
    if ends_like_a_secret(key) or key == "key" or key == "sig" then return true end
  end
  return false
end

local function is_secret(integration, path, value)
  if type(value) ~= "string" or value == "" then return false end
  local key = path[#path]
  if value == REDACTED or ends_like_a_secret(key) or is_url_with_secret(value) then return true end
  if ADDRESS_IS_SECRET[integration] then return #path == 1 and key == "url" end
  return not ADDRESS_IS_PLAIN[integration] and is_url(value)
end

local function name_of(path)
  local parts = {}
  for i, key in ipairs(path) do parts[i] = key:gsub("[.\\]", "\\%0") end
  return table.concat(parts, ".")
end

local function path_of(name)
  local path, key = {}, ""
  local escaped = false
  for char in name:gmatch(".") do
    if escaped then key, escaped = key .. char, false
    elseif char == "\\" then escaped = true
    elseif char == "." then path[#path + 1], key = key, ""
    else key = key .. char end
  end
  path[#path + 1] = key
  return path
end

local function is_object(value)
  return type(value) == "table" and getmetatable(value) ~= core.array_mt
end

local function extended(path, key)
  local longer = {}
  for i, each in ipairs(path) do longer[i] = each end
  longer[#longer + 1] = key
  return longer
end

-- What is left of settings; the secrets go into `held`, by name.
local function split(integration, settings, path, held)
  local plain = core.object {}
  for key, value in pairs(settings) do
    local here = extended(path, key)
    if is_secret(integration, here, value) then held[name_of(here)] = value
    elseif is_object(value) and next(value) ~= nil then
      local left = split(integration, value, here, held)
      if next(left) ~= nil then plain[key] = left end
    else plain[key] = value end
  end
  return plain
end

--- Take the secrets out of settings.
-- @string integration the type: `slack`, `webhook`, …
-- @tab settings
-- @treturn table the settings without them
-- @treturn table the secrets by name: the value, or REDACTED
function contact_secrets.split(integration, settings)
  local held = {}
  return split(integration, settings, {}, held), held
end

--- Their names, sorted; nil where there are none.
function contact_secrets.names(held)
  local names = core.array {}
  for name in pairs(held) do names[#names + 1] = name end
  table.sort(names)
  return #names > 0 and names or nil
end

--- Is a secret not at the top of the settings? Grafana 12.4.3 stores REDACTED itself in place of such ones.
function contact_secrets.is_nested(name)
  return #path_of(name) > 1
end

--- The value of that name in settings, or nil.
function contact_secrets.get(settings, name)
  for _, key in ipairs(path_of(name)) do
    if type(settings) ~= "table" then return nil end
    settings = settings[key]
  end
  return settings
end

--- Put a secret into settings.
function contact_secrets.put(settings, name, value)
  local path = path_of(name)
  for i = 1, #path - 1 do
    if type(settings[path[i]]) ~= "table" then settings[path[i]] = core.object {} end
    settings = settings[path[i]]
  end
  settings[path[#path]] = value
end

return contact_secrets
