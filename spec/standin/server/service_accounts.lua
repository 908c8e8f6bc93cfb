-- SPDX-License-Identifier: MIT
-- luacheck: std ngx_lua
-- Service accounts, their tokens, and 9.3.2's API keys.

local json = require "server.json"
local state = require "server.state"
local answer = require "server.answer"
local auth = require "server.auth"
local names = require "server.names"
local paging = require "server.paging"
local views = require "server.views"

local service_accounts = {}

-- 9.3.2's does not tell the organisation.
local function login_of(org, name)
  local text = names.small(name):gsub(" ", "-")
  return state.v9 and "sa-" .. text or "sa-" .. org.id .. "-" .. text
end

-- Whether any account, or any user, of the server has this login.
local function is_taken(login)
  if state.find_user(login) then return true end
  for _, org in pairs(state.orgs) do
    for _, account in pairs(org.service_accounts) do
      if account.login == login then return true end
    end
  end
  return false
end

local function bad_request() return answer.failure(400, "Bad request data") end

local function not_found()
  if state.v9 then return answer.failure(404, "Failed to retrieve service account") end
  return answer.coded(404, "serviceaccounts.ErrNotFound", "service account not found")
end

local function tokens_of(account)
  local list = {}
  for _, token in pairs(state.tokens) do
    if account and token.account == account then list[#list + 1] = token end
  end
  table.sort(list, function(a, b) return a.id < b.id end)
  return list
end

-- As lists show it.
local function describe(org, account)
  return {
    id = account.id, uid = not state.v9 and account.uid or nil, name = account.name, login = account.login, orgId = org.id,
    isDisabled = account.disabled or false, role = account.role, tokens = #tokens_of(account), avatarUrl = views.AVATAR,
  }
end

-- As the account alone is shown.
local function profile(org, account)
  local shown = describe(org, account)
  if state.v9 or shown.tokens == 0 then shown.tokens = nil end
  shown.teams, shown.createdAt, shown.updatedAt = json.null, account.created, account.updated
  return shown
end

-- The role as Grafana writes it, "Viewer" for none; nil where there is no such role. 12.4.3 knows None, and does not mind the case.
local function role_of(text)
  if (text or "") == "" then return "Viewer" end
  for role in pairs(auth.RANK) do
    local same = state.v9 and text == role or not state.v9 and text:lower() == role:lower()
    if same and not (state.v9 and role == "None") then return role end
  end
  return nil
end

local function create(req)
  local body = req:bind { name = "string", role = "string", isDisabled = "boolean" }
  local role = body and role_of(body.role)
  if not role or (body.name or "") == "" then return bad_request() end
  local login = login_of(req.org, body.name)
  if is_taken(login) then
    if state.v9 then return answer.failure(400, "Failed to create service account") end
    return answer.coded(400, "serviceaccounts.ErrAlreadyExists", "service account already exists")
  end
  local account = { id = state.next_id("user"), uid = state.short_uid(), name = body.name, login = login, role = role,
    disabled = body.isDisabled, owners = {}, created = state.time(), updated = state.time() }
  if req.user then account.owners[1] = { id = state.next_id("permission"), user = req.user } end
  req.org.service_accounts[account.id] = account
  local shown = describe(req.org, account)
  shown.avatarUrl = ""
  if state.v9 then shown.orgId = -1 end
  return answer.value(201, shown)
end

local function search(req)
  local query, found = req:arg("query") or "", {}
  for _, account in pairs(req.org.service_accounts) do
    if query == "" or paging.contains(account.name, query) or paging.contains(account.login, query) then found[#found + 1] = account end
  end
  table.sort(found, function(a, b) return a.login < b.login end)
  local page, size = paging.asked(req)
  local result = paging.cut(found, page, size)
  for index, account in ipairs(result) do result[index] = describe(req.org, account) end
  return answer.ok { totalCount = #found, serviceAccounts = result, page = page, perPage = size }
end

local function of_account(handler, missing)
  return function(req)
    local id = req:id("account_id")
    local account = req.org.service_accounts[id]
    if account then return handler(req, account) end
    if missing then return missing(id) end
    return id == 0 and not state.v9 and answer.failure(500, "Failed to retrieve service account") or not_found()
  end
end

local function show(req, account) return answer.ok(profile(req.org, account)) end

local function update(req, account)
  local body = req:bind { name = "string", role = "string", isDisabled = "boolean" }
  local role = body and role_of(body.role)
  if not role then return bad_request() end
  if (body.name or "") ~= "" then account.name = body.name end
  account.role = body.role and role or account.role
  if body.isDisabled ~= nil then account.disabled = body.isDisabled end
  account.updated = state.time()
  return answer.ok { id = account.id, message = "Service account updated", name = body.name or account.name, serviceaccount = profile(req.org, account) }
end

local function delete(req, account)
  for key, token in pairs(state.tokens) do
    if token.account == account then state.tokens[key] = nil end
  end
  req.org.service_accounts[account.id] = nil
  return answer.message(200, "Service account deleted")
end

local function missing_at_deletion(id)
  if state.v9 then return answer.failure(500, "Service account deletion error") end
  if id == 0 then return answer.coded(400, "serviceaccounts.ErrInvalidId", "invalid service account id specified") end
  return not_found()
end

local function add_token(req, account)
  local body = req:bind { name = "string", secondsToLive = "integer" }
  if not body or (body.name or "") == "" then return bad_request() end
  if (body.secondsToLive or 0) < 0 then return answer.coded(400, "serviceaccounts.ErrInvalidInput", "invalid SecondsToLive value") end
  for _, token in pairs(state.tokens) do
    if token.org_id == req.org.id and token.name == body.name then
      local message = "service account token with given name already exists in the organization"
      if state.v9 then return answer.message(409, message) end
      return answer.coded(400, "serviceaccounts.ErrTokenAlreadyExists", message)
    end
  end
  local lives = body.secondsToLive or 0
  local key = "glsa_" .. state.secret_text(32) .. ("_%08x"):format(state.random(0x7fffffff))
  local token = { id = state.next_id("token"), name = body.name, account = account, org_id = req.org.id, created = state.time(),
    expires = lives > 0 and ngx.time() + lives or nil }
  state.tokens[key] = token
  return answer.ok { id = token.id, name = token.name, key = key }
end

local function describe_token(token)
  return {
    id = token.id, name = token.name, created = token.created, lastUsedAt = token.last_used or json.null,
    expiration = token.expires and state.time(token.expires) or json.null,
    secondsUntilExpiration = token.expires and math.max(token.expires - ngx.now(), 0) or 0,
    hasExpired = token.expires ~= nil and token.expires <= ngx.time(), isRevoked = false,
  }
end

-- By name; of an account that does not exist: none.
local function list_tokens(req)
  local result = json.array(tokens_of(req.org.service_accounts[req:id("account_id")]))
  table.sort(result, function(a, b) return a.name < b.name end)
  for index, token in ipairs(result) do result[index] = describe_token(token) end
  return answer.ok(result)
end

local function delete_token(req, account)
  local id = req:id("token_id")
  if not id then return answer.failure(400, "Token ID is invalid") end
  if id == 0 and not state.v9 then return answer.coded(400, "serviceaccounts.ErrInvalidTokenId", "invalid service account token id specified") end
  for key, token in pairs(state.tokens) do
    if token.account == account and token.id == id then
      state.tokens[key] = nil
      return answer.message(200, "Service account token deleted")
    end
  end
  if state.v9 then return answer.failure(404, "Failed to delete service account token") end
  return answer.coded(404, "serviceaccounts.ErrTokenNotFound", "service account token not found")
end

local function create_api_key(req)
  local body = req:bind { name = "string", role = "string", secondsToLive = "integer" }
  if not body or (body.name or "") == "" or not auth.RANK[body.role or ""] then return answer.bad_request() end
  for _, token in pairs(state.tokens) do
    if token.org_id == req.org.id and token.name == body.name then return answer.message(409, "API key with name already exists") end
  end
  local token = { id = state.next_id("token"), name = body.name, role = body.role, org_id = req.org.id, created = state.time() }
  local key = ngx.encode_base64(json.encode { k = state.secret_text(32), n = body.name, id = req.org.id })
  state.tokens[key] = token
  return answer.ok { id = token.id, name = token.name, key = key }
end

local function api_keys(org)
  local list = {}
  for key, token in pairs(state.tokens) do
    if token.org_id == org.id and not token.account then list[#list + 1] = { key = key, token = token } end
  end
  table.sort(list, function(a, b) return a.token.id < b.token.id end)
  return list
end

local function list_api_keys(req)
  local result = json.array {}
  for index, item in ipairs(api_keys(req.org)) do
    result[index] = { id = item.token.id, name = item.token.name, role = item.token.role, accessControl = json.null }
  end
  return answer.ok(result)
end

local function delete_api_key(req)
  for _, item in ipairs(api_keys(req.org)) do
    if item.token.id == req:id("id") then
      state.tokens[item.key] = nil
      return answer.message(200, "API key deleted")
    end
  end
  return answer.message(404, "API key not found")
end

-- Who may do what with an account: who made it, and the Admins. Of an account that does not exist: the Admins alone.
local ACTIONS = { "serviceaccounts:read", "serviceaccounts:write", "serviceaccounts:delete", "serviceaccounts.permissions:read",
  "serviceaccounts.permissions:write" }

local function list_permissions(req)
  local account, result = req.org.service_accounts[req:id("account_id")], json.array {}
  for _, owner in ipairs(account and account.owners or {}) do
    if state.users[owner.user.id] then
      result[#result + 1] = { id = owner.id, roleName = "managed:users:" .. owner.user.id .. ":permissions", isManaged = true, isInherited = false,
        isServiceAccount = false, userId = owner.user.id, userUid = not state.v9 and owner.user.uid or nil, userLogin = owner.user.login,
        userAvatarUrl = views.AVATAR, actions = json.array(ACTIONS), permission = "Admin" }
    end
  end
  result[#result + 1] = { id = 391, roleName = "basic:admin", isManaged = false, isInherited = false, isServiceAccount = false, builtInRole = "Admin",
    actions = json.array(ACTIONS), permission = "Admin" }
  return answer.ok(result)
end

-- Only taking away is known.
local function remove_permission(req, account)
  local body = req:bind { permission = "string" }
  if not body or (body.permission or "") ~= "" then return answer.bad_request() end
  for index, owner in ipairs(account.owners) do
    if owner.user.id == req:id("user_id") then
      table.remove(account.owners, index)
      break
    end
  end
  return answer.message(200, "Permission removed")
end

local READ, WRITE = "serviceaccounts:read", "serviceaccounts:write"

service_accounts.routes = {
  { "POST /api/serviceaccounts", "serviceaccounts:create", create },
  { "GET /api/serviceaccounts/search", READ, search },
  { "GET /api/serviceaccounts/:account_id", READ, of_account(show) },
  { "PATCH /api/serviceaccounts/:account_id", WRITE, of_account(update) },
  { "DELETE /api/serviceaccounts/:account_id", "serviceaccounts:delete", of_account(delete, missing_at_deletion) },
  { "GET /api/serviceaccounts/:account_id/tokens", READ, list_tokens },
  { "POST /api/serviceaccounts/:account_id/tokens", WRITE, of_account(add_token) },
  { "DELETE /api/serviceaccounts/:account_id/tokens/:token_id", WRITE, of_account(delete_token) },
  { "GET /api/access-control/serviceaccounts/:account_id", READ, list_permissions },
  { "POST /api/access-control/serviceaccounts/:account_id/users/:user_id", WRITE, of_account(remove_permission) },
  { "GET /api/auth/keys", "apikeys:read", list_api_keys, only = "9.3.2" },
  { "POST /api/auth/keys", "apikeys:create", create_api_key, only = "9.3.2" },
  { "DELETE /api/auth/keys/:id", "apikeys:delete", delete_api_key, only = "9.3.2" },
}

return service_accounts
