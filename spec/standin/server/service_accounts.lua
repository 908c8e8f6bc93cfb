-- SPDX-License-Identifier: MIT
-- luacheck: std ngx_lua
-- Service accounts, their tokens, and 9.3.2's API keys.

local json = require "server.json"
local state = require "server.state"
local answer = require "server.answer"
local auth = require "server.auth"
local paging = require "server.paging"
local views = require "server.views"

local service_accounts = {}

local function login_of(org, name)
  local text = name:lower():gsub("[^%w]+", "-")
  return state.v9 and "sa-" .. text or "sa-" .. org.id .. "-" .. text
end

local function not_found()
  if state.v9 then return answer.failure(404, "Failed to retrieve service account") end
  return answer.coded(404, "serviceaccounts.ErrNotFound", "service account not found")
end

local function tokens_of(account)
  local list = {}
  for _, token in pairs(state.tokens) do
    if token.account == account then list[#list + 1] = token end
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
  shown.tokens, shown.teams, shown.createdAt, shown.updatedAt = nil, json.null, account.created, account.updated
  return shown
end

local function create(req)
  local body = req:bind { name = "string", role = "string", isDisabled = "boolean" }
  if not body or (body.name or "") == "" or (body.role and not auth.RANK[body.role]) then return answer.bad_request() end
  for _, account in pairs(req.org.service_accounts) do
    if account.name == body.name then
      if state.v9 then return answer.failure(400, "Failed to create service account") end
      return answer.coded(400, "serviceaccounts.ErrAlreadyExists", "service account already exists")
    end
  end
  local account = { id = state.next_id("user"), uid = state.short_uid(), name = body.name, login = login_of(req.org, body.name),
    role = body.role or "Viewer", disabled = body.isDisabled, created = state.time(), updated = state.time() }
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
    local account = req.org.service_accounts[req:id("account_id") or 0]
    if not account then return (missing or not_found)() end
    return handler(req, account)
  end
end

local function show(req, account) return answer.ok(profile(req.org, account)) end

local function update(req, account)
  local body = req:bind { name = "string", role = "string", isDisabled = "boolean" }
  if not body or (body.role and not auth.RANK[body.role]) then return answer.bad_request() end
  account.name, account.role = body.name or account.name, body.role or account.role
  if body.isDisabled ~= nil then account.disabled = body.isDisabled end
  account.updated = state.time()
  return answer.ok { id = account.id, message = "Service account updated", name = account.name, serviceaccount = profile(req.org, account) }
end

local function delete(req, account)
  for key, token in pairs(state.tokens) do
    if token.account == account then state.tokens[key] = nil end
  end
  req.org.service_accounts[account.id] = nil
  return answer.message(200, "Service account deleted")
end

local function missing_at_deletion()
  if state.v9 then return answer.failure(500, "Service account deletion error") end
  return not_found()
end

local function add_token(req, account)
  local body = req:bind { name = "string", secondsToLive = "integer" }
  if not body or (body.name or "") == "" then return answer.bad_request() end
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

local function list_tokens(_, account)
  local result = json.array(tokens_of(account))
  for index, token in ipairs(result) do result[index] = describe_token(token) end
  return answer.ok(result)
end

local function delete_token(req, account)
  for key, token in pairs(state.tokens) do
    if token.account == account and token.id == req:id("token_id") then
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

local READ, WRITE = "serviceaccounts:read", "serviceaccounts:write"

service_accounts.routes = {
  { "POST /api/serviceaccounts", "serviceaccounts:create", create },
  { "GET /api/serviceaccounts/search", READ, search },
  { "GET /api/serviceaccounts/:account_id", READ, of_account(show) },
  { "PATCH /api/serviceaccounts/:account_id", WRITE, of_account(update) },
  { "DELETE /api/serviceaccounts/:account_id", "serviceaccounts:delete", of_account(delete, missing_at_deletion) },
  { "GET /api/serviceaccounts/:account_id/tokens", READ, of_account(list_tokens) },
  { "POST /api/serviceaccounts/:account_id/tokens", WRITE, of_account(add_token) },
  { "DELETE /api/serviceaccounts/:account_id/tokens/:token_id", WRITE, of_account(delete_token) },
  { "GET /api/auth/keys", "apikeys:read", list_api_keys, only = "9.3.2" },
  { "POST /api/auth/keys", "apikeys:create", create_api_key, only = "9.3.2" },
  { "DELETE /api/auth/keys/:id", "apikeys:delete", delete_api_key, only = "9.3.2" },
}

return service_accounts
