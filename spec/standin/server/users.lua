-- SPDX-License-Identifier: MIT
-- Users, their passwords, and the routes of the signed-in user.

local json = require "server.json"
local state = require "server.state"
local answer = require "server.answer"
local auth = require "server.auth"
local paging = require "server.paging"
local views = require "server.views"

local users = {}

local MIN_PASSWORD = 4

local function user_of(req) return state.users[req:id("user_id")] end

local function not_found() return answer.message(404, "user not found") end

local function nameless(old_message)
  return answer.coded(400, "user.empty-username-and-email", "Need to specify either username or email", old_message)
end

local function short_password(old_message)
  return answer.coded(400, "password.password-policy-too-short", "New password is too short", old_message)
end

-- Whether a user other than `self` has this login or e-mail. On 12.4.3 a login may be another's e-mail.
local function taken(login, email, self)
  if not state.v9 then
    local by_login, by_email = state.user_by_login[login:lower()], state.user_by_email[email:lower()]
    return (by_login or self) ~= self or (by_email or self) ~= self
  end
  for _, name in ipairs { login, email } do
    local other = name ~= "" and state.find_user(name)
    if other and other ~= self then return true end
  end
  return false
end

-- 12.4.3 keeps logins and e-mails in small letters.
local function kept(text) return state.v9 and text or text:lower() end

local function create(req)
  local body = req:bind { name = "string", email = "string", login = "string", password = "string", OrgId = "integer" }
  if not body or (body.password or "") == "" then return answer.bad_request() end
  local login, email = body.login or "", body.email or ""
  local sent_email = email
  if login == "" then login = email end
  if email == "" then email = login end
  if login == "" then return nameless("Validation error, need specify either username or email") end
  if #body.password < MIN_PASSWORD then return short_password("Password is missing or too short") end
  local org = state.orgs[(body.OrgId or 0) ~= 0 and body.OrgId or 1]
  if not org then
    return answer.message(400, state.v9 and "organization not found"
      or ("[org.notFound] failed to get organization with ID: %d"):format(body.OrgId or 1))
  end
  if taken(login, email) then
    return answer.failure(412, ("User with email '%s' or username '%s' already exists"):format(sent_email, login))
  end
  local user = state.add_user { login = kept(login), email = kept(email), name = body.name, password = body.password, org_id = org.id }
  org.members[user.id] = "Viewer"
  return answer.ok { id = user.id, uid = not state.v9 and user.uid or nil, message = "User created" }
end

local function list(query)
  local found = {}
  for _, user in pairs(state.users) do
    if query == "" or paging.contains(user.email, query) or paging.contains(user.name, query) or paging.contains(user.login, query) then
      found[#found + 1] = user
    end
  end
  table.sort(found, function(a, b) return a.login < b.login end)
  return found
end

local function page_of_users(req)
  local all = list(req:arg("query") or "")
  if not paging.sort_users(req, all) then return nil end
  local page, size = paging.asked(req)
  local result = paging.cut(all, page, size)
  for index, user in ipairs(result) do result[index] = views.listed(user) end
  return result, #all, page, size
end

local function get_list(req)
  local result = page_of_users(req)
  return result and answer.ok(result) or answer.no_such_order()
end

local function search(req)
  local result, total, page, size = page_of_users(req)
  if not result then return answer.no_such_order() end
  return answer.ok { totalCount = total, users = result, page = page, perPage = size }
end

local function lookup(req)
  local name = req:arg("loginOrEmail") or ""
  local user = name ~= "" and state.find_user(name)
  return user and answer.ok(views.profile(user, true)) or not_found()
end

local function get(req)
  local user = user_of(req)
  return user and answer.ok(views.profile(user)) or not_found()
end

-- Empty fields leave what is there; but without a login the e-mail becomes it.
local function change(user, body)
  local login, email = body.login or "", body.email or ""
  if login == "" then login = email end
  if email == "" then email = user.email end
  if taken(login, email, user) then return answer.failure(500, "Failed to update user") end
  state.unindex_user(user)
  user.login, user.email, user.updated = kept(login), kept(email), state.time()
  if (body.name or "") ~= "" then user.name = body.name end
  if (body.theme or "") ~= "" then user.theme = body.theme end
  state.index_user(user)
  return answer.message(200, "User updated")
end

local function update_one(req, user)
  local body = req:bind { login = "string", email = "string", name = "string", theme = "string" }
  if not body then return answer.bad_request() end
  if (body.login or "") == "" and (body.email or "") == "" then
    return nameless("Validation error, need to specify either username or email")
  end
  if user then return change(user, body) end
  if state.v9 then return answer.message(200, "User updated") end
  return answer.failure(500, "Failed to update user")
end

local function update(req) return update_one(req, user_of(req)) end

-- What 9.3.2 says of a user who does not exist, here and below, is not recorded: a source newer than it had these 500s.
local function set_password(req)
  local body = req:bind { password = "string" }
  if not body or (body.password or "") == "" then return answer.bad_request() end
  local user = user_of(req)
  if #body.password < MIN_PASSWORD then
    if state.v9 then return short_password("New password too short") end
    return answer.failure(500, "Failed to update user password")
  end
  if not user then return answer.failure(500, state.v9 and "Could not read user from database" or "Failed to update user password") end
  user.password = body.password
  return answer.message(200, "User password updated")
end

local function set_permissions(req)
  local body = req:bind { isGrafanaAdmin = "boolean" }
  if not body then return answer.bad_request() end
  local user = user_of(req)
  if not user then return answer.failure(500, "Failed to update user permissions") end   -- 9.3.2: see above
  local admins = 0
  for _, other in pairs(state.users) do admins = admins + (other.server_admin and 1 or 0) end
  if user.server_admin and not body.isGrafanaAdmin and admins == 1 then
    return answer.failure(400, "cannot remove last grafana admin")
  end
  user.server_admin = body.isGrafanaAdmin or false
  return answer.message(200, "User permissions updated")
end

local function delete(req)
  local user = user_of(req)
  if not user then return not_found() end
  state.remove_user(user)
  return answer.message(200, "User deleted")
end

local function set_disabled(disabled, message)
  return function(req)
    local user = user_of(req)
    if not user then return not_found() end
    user.disabled = disabled
    return answer.message(200, message)
  end
end

local function sign_out(req)
  local user = user_of(req)
  if not user then return state.v9 and not_found() or answer.message(404, "User not found") end
  for key, session in pairs(state.sessions) do
    if session.user == user then state.sessions[key] = nil end
  end
  return answer.message(200, "User logged out")
end

local function quotas() return answer.failure(500, "Failed to get org quotas") end

local function orgs_of(user)
  local result = json.array {}
  for _, org in ipairs(user and state.orgs_of(user) or {}) do
    result[#result + 1] = { orgId = org.id, name = org.name, role = org.members[user.id] }
  end
  return answer.ok(result)
end

local function teams_of(user, org)
  local result = json.array {}
  for _, team in pairs(org and org.teams or {}) do
    if user and team.members[user.id] then result[#result + 1] = { id = team.id, orgId = org.id, name = team.name, email = team.email,
      avatarUrl = views.AVATAR, memberCount = 1, permission = 0, uid = not state.v9 and team.uid or nil } end
  end
  return answer.ok(result)
end

-- A service account shows itself on 12.4.3 only, as a user without a number.
local function current(req)
  if req.user then return answer.ok(views.profile(req.user)) end
  local account = req.account
  if state.v9 or not account then return not_found() end
  local shown = views.profile { id = 0, uid = "service-account:" .. account.id, email = account.login, login = account.login, name = account.name,
    org_id = req.org.id, updated = "0001-01-01T00:00:00Z", created = "0001-01-01T00:00:00Z" }
  shown.authLabels, shown.avatarUrl = json.null, ""
  return answer.ok(shown)
end

local function update_current(req) return update_one(req, req.user) end

local function change_own_password(req)
  local body = req:bind { oldPassword = "string", newPassword = "string" }
  if not body or not req.user then return answer.bad_request() end
  if body.oldPassword ~= req.user.password then
    return answer.coded(state.v9 and 401 or 400, "user.password-missmatch", "Invalid old password", "Invalid old password")
  end
  if #(body.newPassword or "") < MIN_PASSWORD then return short_password("New password is too short") end
  req.user.password = body.newPassword
  return answer.message(200, "User password changed")
end

users.routes = {
  { "POST /login", "anyone", auth.login },
  { "POST /api/user/auth-tokens/rotate", "anyone", auth.rotate, only = "12.4.3" },
  { "POST /api/admin/users", "users:create", create },
  { "DELETE /api/admin/users/:user_id", "users:delete", delete },
  { "PUT /api/admin/users/:user_id/password", "users.password:write", set_password },
  { "PUT /api/admin/users/:user_id/permissions", "users.permissions:write", set_permissions, only = "9.3.2" },
  { "PUT /api/admin/users/:user_id/permissions", "grafana-admin", set_permissions, only = "12.4.3" },
  { "POST /api/admin/users/:user_id/disable", "users:disable", set_disabled(true, "User disabled") },
  { "POST /api/admin/users/:user_id/enable", "users:enable", set_disabled(false, "User enabled") },
  { "POST /api/admin/users/:user_id/logout", "users:logout", sign_out },
  { "GET /api/admin/users/:user_id/quotas", "users.quotas:read", quotas, only = "12.4.3" },
  { "GET /api/users", "users:read", get_list },
  { "GET /api/users/search", "users:read", search },
  { "GET /api/users/lookup", "users:read", lookup },
  { "GET /api/users/:user_id", "users:read", get },
  { "PUT /api/users/:user_id", "users:write", update },
  { "GET /api/users/:user_id/orgs", "users:read", function(req) return orgs_of(user_of(req)) end },
  { "GET /api/users/:user_id/teams", "users:read", function(req) return teams_of(user_of(req), req.org) end },
  { "GET /api/user", "signed-in", current },
  { "PUT /api/user", "signed-in", update_current },
  { "GET /api/user/orgs", "signed-in", function(req) return orgs_of(req.user) end },
  { "GET /api/user/teams", "signed-in", function(req) return teams_of(req.user, req.org) end },
  { "PUT /api/user/password", "signed-in", change_own_password },
}

return users
