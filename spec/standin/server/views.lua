-- SPDX-License-Identifier: MIT
-- luacheck: std ngx_lua
-- How users appear in answers, which differs from route to route and from version to version.

local json = require "server.json"
local state = require "server.state"

local views = {}

views.AVATAR = "/public/img/user_profile.png"

-- Never seen means ten years ago.
local function seen(user)
  if user.seen then return state.time(user.seen), "< 1 minute" end
  return (state.time():gsub("^%d+", function(year) return tostring(tonumber(year) - 10) end)), "10 years"
end

-- Adds to `shown` what only 12.4.3 tells.
local function newer(shown, fields)
  if state.v9 then return shown end
  for key, value in pairs(fields) do shown[key] = value end
  return shown
end

-- /api/users/:id, /api/user, /api/users/lookup (which has no avatar and, on 9.3.2, null labels).
function views.profile(user, lookup)
  return newer({
    id = user.id, email = user.email, name = user.name, login = user.login, theme = user.theme or "", orgId = user.org_id,
    isGrafanaAdmin = user.server_admin or false, isDisabled = user.disabled or false, isExternal = false,
    authLabels = lookup and state.v9 and json.null or json.array {}, updatedAt = user.updated, createdAt = user.created,
    avatarUrl = lookup and "" or views.AVATAR,
  }, { uid = user.uid, isExternallySynced = false, isGrafanaAdminExternallySynced = false, isProvisioned = false })
end

-- Lists of users.
function views.listed(user)
  local at, age = seen(user)
  return newer({
    id = user.id, name = user.name, login = user.login, email = user.email, avatarUrl = views.AVATAR, isAdmin = user.server_admin or false,
    isDisabled = user.disabled or false, lastSeenAt = at, lastSeenAtAge = age, authLabels = json.array {},
  }, { uid = user.uid, isProvisioned = false, created = user.created })
end

-- Members of an organisation.
function views.member(org, user)
  local at, age = seen(user)
  return newer({
    orgId = org.id, userId = user.id, email = user.email, name = user.name, avatarUrl = views.AVATAR, login = user.login,
    role = org.members[user.id], lastSeenAt = at, lastSeenAtAge = age, isDisabled = user.disabled or false,
  }, { uid = user.uid, created = user.created, authLabels = json.null, isExternallySynced = false, isProvisioned = false })
end

return views
