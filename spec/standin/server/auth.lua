-- SPDX-License-Identifier: MIT
-- luacheck: std ngx_lua
-- Who asks, in which organisation, and what that lets them do.

local answer = require "server.answer"
local request = require "server.request"
local state = require "server.state"

local auth = {}

local RANK = { None = 0, Viewer = 1, Editor = 2, Admin = 3 }
auth.RANK = RANK
local MAX_FAILURES, LOCK_SECONDS = 5, 300
local TEAM_ADMIN = 4
-- 12.4.3 wants a session rotated after this many seconds.
auth.rotate_after = 600
-- A session that was rotated is accepted for as long as its successor may be on its way.
local GRACE_SECONDS = 60

-- What permits an action: the least role in the current organisation, or "server" for server admins only.
local permissions = {
  ["orgs:create"] = "server", ["orgs:read"] = "server", ["orgs:write"] = "server", ["orgs:delete"] = "server",
  ["users:read"] = "server", ["users:create"] = "server", ["users:write"] = "server", ["users:delete"] = "server",
  ["users:enable"] = "server", ["users:disable"] = "server", ["users:logout"] = "server",
  ["users.password:write"] = "server", ["users.permissions:write"] = "server", ["users.quotas:read"] = "server",
  ["users.authtoken:read"] = "server", ["users.authtoken:write"] = "server", ["settings:read"] = "server",
  ["org.users:read"] = "Admin", ["org.users:add"] = "Admin", ["org.users:write"] = "Admin", ["org.users:remove"] = "Admin",
  ["datasources:read"] = "Viewer", ["datasources:query"] = "Viewer", ["datasources.id:read"] = "Viewer",
  ["datasources.permissions:read"] = "Admin", ["datasources.permissions:write"] = "Admin",
  ["datasources:create"] = "Admin", ["datasources:write"] = "Admin", ["datasources:delete"] = "Admin",
  ["folders:read"] = "Viewer", ["folders:create"] = "Editor", ["folders:write"] = "Viewer", ["folders:delete"] = "Viewer",
  ["folders.permissions:read"] = "Viewer", ["folders.permissions:write"] = "Viewer",
  ["dashboards:read"] = "Viewer", ["dashboards:write"] = "Viewer", ["dashboards:delete"] = "Viewer",
  ["dashboards.permissions:read"] = "Viewer", ["dashboards.permissions:write"] = "Viewer",
  ["teams:read"] = "Admin", ["teams:create"] = "Admin", ["teams:write"] = "Admin", ["teams:delete"] = "Admin",
  ["teams.permissions:read"] = "Admin", ["teams.permissions:write"] = "Admin",
  ["serviceaccounts:read"] = "Admin", ["serviceaccounts:create"] = "Admin", ["serviceaccounts:write"] = "Admin",
  ["serviceaccounts:delete"] = "Admin", ["apikeys:read"] = "Admin", ["apikeys:create"] = "Admin", ["apikeys:delete"] = "Admin",
  ["annotations:read"] = "Viewer", ["annotations:create"] = "Editor", ["annotations:write"] = "Editor", ["annotations:delete"] = "Editor",
  ["orgs.preferences:read"] = "Admin", ["orgs.preferences:write"] = "Admin", ["orgs.quotas:read"] = "server",
  ["alert.provisioning:read"] = "Admin", ["alert.provisioning:write"] = "Admin",
  ["any of alert.provisioning:read, alert.notifications.provisioning:read, alert.provisioning.secrets:read, alert.notifications:read"] = "Viewer",
  ["any of alert.provisioning:read, alert.rules.provisioning:read, alert.provisioning.secrets:read, alert.rules:read"] = "Viewer",
  ["any of alert.provisioning:write, alert.notifications.provisioning:write, all of alert.notifications:write, alert.provisioning.provenance:write"] = "Editor",
  ["any of alert.provisioning:write, alert.rules.provisioning:write, all of alert.rules:write, alert.provisioning.provenance:write"] = "Editor",
  ["library.panels:read"] = "Viewer", ["library.panels:create"] = "Editor", ["library.panels:write"] = "Editor",
  ["library.panels:delete"] = "Editor",
  ["playlists:read"] = "Viewer", ["playlists:write"] = "Editor", ["snapshots:create"] = "Viewer", ["snapshots:read"] = "Viewer",
  ["snapshots:delete"] = "Editor",
}

-- Whether the path tells no organisation where it should: then the refusal of Grafana names nothing. (9.3.2 was not asked about 0.)
local function names_no_org(req)
  local id = req:id("org_id")
  return not id or (id == 0 and not state.v9)
end

-- Who is Admin of a team may do with it what an Admin of the organisation may. Without a team in the path: of any.
local function administers_team(req)
  if not req.org or not req.user then return false end
  local id = req.params.team_id and req:id("team_id")
  for _, team in pairs(req.org.teams) do
    local member = team.members[req.user.id]
    if member and member.permission == TEAM_ADMIN and (not id or team.id == id) then return true end
  end
  return false
end
auth.administers_team = administers_team

local FOR_TEAMS = {
  ["teams:read"] = true, ["teams:write"] = true, ["teams:delete"] = true, ["teams.permissions:read"] = true,
  ["teams.permissions:write"] = true,
}

-- The role that counts, and whether a server admin is asked at all: "current:" looks at the organisation of the request, "path:" at
-- that in its path. Returns whether the asker may, and what the refusal names.
local function permitted(req, permission)
  local place, least, name = permission:match("^(%l+):(%u%a+):(.+)$")
  if place == "path" then
    local org = state.orgs[req:id("org_id") or 0]
    if names_no_org(req) then return false, "" end
    local role = org and req.user and org.members[req.user.id] or "None"
    return req.server_admin or RANK[role] >= RANK[least], name
  end
  if place == "current" then
    -- On 9.3.2 a server admin keeps these rights even in an organisation that does not exist.
    if req.server_admin and (state.v9 or req.org) then return true, name end
    return RANK[req.role] >= RANK[least], name
  end
  if permission == "grafana-admin" then return req.server_admin, permission end
  least = assert(permissions[permission], permission)
  if not state.v9 and req.params.org_id and names_no_org(req) then return false, "" end
  if least == "server" then return req.server_admin, permission end
  if FOR_TEAMS[permission] and administers_team(req) then return true, permission end
  return RANK[req.role] >= RANK[least], permission
end

-- nil, or the answer that refuses.
function auth.check(req, permission)
  if permission == "signed-in" or permission == "anyone" then return nil end
  local yes, name = permitted(req, permission)
  if not yes and name == "grafana-admin" then return answer.value(403, { message = "Permission denied" }, answer.JSON_UTF8) end
  return not yes and answer.denied(name) or nil
end

local function failed_login(login)
  local now, times = ngx.now(), state.failed_logins[login] or {}
  times[#times + 1] = now
  state.failed_logins[login] = times
end

local function locked(login)
  local times, recent = state.failed_logins[login], 0
  for _, time in ipairs(times or {}) do
    if time > ngx.now() - LOCK_SECONDS then recent = recent + 1 end
  end
  return recent >= MAX_FAILURES
end

-- The user whose password this is; nil for a wrong one, and for a right one after five wrong ones. On 12.4.3 it may be one who is disabled.
function auth.check_password(login, password)
  local key = login:lower()
  if locked(key) then return nil end
  local user = state.find_user(login)
  if user and user.password == password and not (user.disabled and state.v9) then
    state.failed_logins[key] = nil
    return user
  end
  failed_login(key)
  return nil
end

-- The user of a session, or nil and whether its token is to be rotated first.
local function session_user(cookie)
  local key = cookie and cookie:match("grafana_session=([^;%s]+)")
  local session = key and state.sessions[key]
  if not session or session.user.disabled then return nil end
  if session.replaced then return ngx.now() - session.replaced < GRACE_SECONDS and session.user or nil end
  if not state.v9 and ngx.now() - session.rotated >= auth.rotate_after then return nil, true end
  return session.user
end

function auth.new_session(user)
  local key = state.secret_text(32)
  state.sessions[key] = { user = user, rotated = ngx.now() }
  return key
end

-- Set-Cookie lines of a session.
function auth.cookies(key, prefix)
  local path = prefix == "" and "/" or prefix
  local lines = { "grafana_session=" .. key .. "; Path=" .. path .. "; Max-Age=2592000; HttpOnly; SameSite=Lax" }
  if not state.v9 then
    lines[2] = "grafana_session_expiry=" .. (ngx.time() + auth.rotate_after) .. "; Path=" .. path .. "; Max-Age=2592000; SameSite=Lax"
  end
  return lines
end

local function wrong_password()
  return answer.unauthorized("password-auth.failed", "Invalid username or password", { message = "invalid username or password", traceID = "" })
end

local function no_credentials() return answer.unauthorized("auth.unauthorized", "Unauthorized") end

-- The organisation that a request names: by the namespace, or by a header, which must be a number that can be one; nil for none.
local function wanted_org(req)
  if req.namespace_org and req.namespace_org > 0 then return req.namespace_org end
  local id = request.integer(req:header("x-grafana-org-id") or "")
  if id and id < 0 and not state.v9 then id = nil end
  return id
end

local function use_token(req, key)
  local token = state.tokens[key]
  if not token or (token.expires and token.expires <= ngx.time()) or token.account and token.account.disabled then
    return answer.unauthorized("api-key.invalid", "Invalid API key", { message = "invalid API key", traceID = "" })
  end
  local wanted = wanted_org(req)
  if not state.v9 and wanted and wanted ~= token.org_id then
    return answer.unauthorized("api-key.organization-mismatch", "API key does not belong to the requested organization")
  end
  token.last_used = state.time()
  req.account, req.token = token.account, token
  req.org = state.orgs[token.org_id]
  req.role = token.account and token.account.role or token.role
  return nil
end

-- The organisation: the header's, the namespace's, else the user's own, else any of the user's.
local function choose_org(req, user)
  local wanted = wanted_org(req)
  if not wanted or wanted == 0 then
    local own = state.orgs[user.org_id or 0]
    if not (own and own.members[user.id]) then own = state.orgs_of(user)[1] or own end
    wanted = own and own.id or user.org_id or 0
  end
  req.org = state.orgs[wanted]
  req.role = req.org and (req.org.members[user.id] or (req.server_admin and "Admin")) or "None"
end

local function use_user(req, user)
  user.seen = ngx.time()
  req.user, req.server_admin = user, user.server_admin
  choose_org(req, user)
end

local function use_basic(req, encoded)
  local login, password = (ngx.decode_base64(encoded) or ""):match("^([^:]*):(.*)$")
  if not login then return wrong_password() end
  if login == "api_key" then return use_token(req, password) end
  local user = auth.check_password(login, password)
  if not user then return wrong_password() end
  if user.disabled then return answer.unauthorized("identity.disabled", "Unauthorized") end
  use_user(req, user)
  return nil
end

-- Finds out who asks and fills req.user, req.org, req.role; the answer that refuses, or nil.
function auth.sign_in(req)
  req.role, req.server_admin = "None", false
  local header = req:header("authorization")
  if header then
    local scheme, rest = header:match("^(%a+)%s+(.*)$")
    if scheme and scheme:lower() == "basic" then return state.settings.bearer_only and no_credentials() or use_basic(req, rest) end
    if scheme and scheme:lower() == "bearer" then return use_token(req, rest) end
  end
  local user, stale = session_user(req:header("cookie"))
  if stale then return answer.unauthorized("session.token.rotate", "Session token needs to be rotated") end
  if not user then return no_credentials() end
  use_user(req, user)
  return nil
end

-- POST /login
function auth.login(req)
  local body = req:bind { user = "string", password = "string" }
  if not body then return answer.bad_request() end
  local user = auth.check_password(body.user or "", body.password or "")
  if not user then
    if state.v9 then return answer.failure(401, "Invalid username or password") end
    return answer.coded(401, "password-auth.failed", "Invalid username or password")
  end
  if user.disabled then return answer.coded(401, "identity.disabled", "Unauthorized") end
  user.seen = ngx.time()
  local result = answer.ok { message = "Logged in", redirectUrl = not state.v9 and req.prefix .. "/" or nil }
  result.headers = { ["Set-Cookie"] = auth.cookies(auth.new_session(user), req.prefix) }
  return result
end

-- POST /api/user/auth-tokens/rotate: a new cookie for the old one; no further one for one that has been rotated.
function auth.rotate(req)
  local old = (req:header("cookie") or ""):match("grafana_session=([^;%s]+)")
  local session = old and state.sessions[old]
  if not session then return no_credentials() end
  local result = answer.ok {}
  if session.replaced then return result end
  session.replaced = ngx.now()
  result.headers = { ["Set-Cookie"] = auth.cookies(auth.new_session(session.user), req.prefix) }
  return result
end

return auth
