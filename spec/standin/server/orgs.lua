-- SPDX-License-Identifier: MIT
-- Organisations and who is in them.

local json = require "server.json"
local state = require "server.state"
local answer = require "server.answer"
local access = require "server.access"
local auth = require "server.auth"
local paging = require "server.paging"
local views = require "server.views"

local orgs = {}

-- A role as it is meant, or nil if there is none such: 12.4.3 takes "viewer", too, and "" for Viewer.
local function valid_role(role)
  if role and not state.v9 then role = role == "" and "Viewer" or role:sub(1, 1):upper() .. role:sub(2) end
  return role and auth.RANK[role] and (role ~= "None" or not state.v9) and role or nil
end

local function org_of(req) return state.orgs[req:id("org_id")] end

local function show(org)
  local address = {}
  for _, key in ipairs { "address1", "address2", "city", "zipCode", "state", "country" } do address[key] = org.address[key] or "" end
  return answer.ok { id = org.id, name = org.name, address = address }
end

local function not_found() return answer.failure(404, "Organization not found") end

local function list(req)
  local query, name, found = req:arg("query") or "", req:arg("name") or "", {}
  for _, org in pairs(state.orgs) do
    if (query == "" or paging.begins(org.name, query)) and (name == "" or org.name == name) then found[#found + 1] = org end
  end
  table.sort(found, function(a, b) return a.name < b.name end)
  local page = math.max(tonumber(req:arg("page") or "") or 0, 0)
  local _, size = paging.asked(req)
  local result = paging.cut(found, page, size, 0)
  for index, org in ipairs(result) do result[index] = { id = org.id, name = org.name } end
  return answer.ok(result)
end

local function create(req)
  local body = req:bind { name = "string" }
  if not body or not body.name or body.name == "" then return answer.bad_request() end
  if state.org_by_name[body.name] then return answer.failure(409, "Organization name taken") end
  local org = state.add_org(body.name)
  if req.user then org.members[req.user.id] = "Admin" end
  return answer.ok { message = "Organization created", orgId = org.id }
end

local function by_id(req)
  local org = org_of(req)
  return org and show(org) or not_found()
end

local function by_name(req)
  local org = state.org_by_name[req.params.name]
  return org and show(org) or not_found()
end

local function current(req) return req.org and show(req.org) or not_found() end

local function rename(req, org)
  local body = req:bind { name = "string" }
  if not body or not body.name or body.name == "" then return answer.bad_request() end
  local other = state.org_by_name[body.name]
  if other and other ~= org then return answer.failure(400, "Organization name taken") end
  if not org then return answer.failure(500, "Failed to update organization") end
  state.org_by_name[org.name] = nil
  org.name = body.name
  state.org_by_name[org.name] = org
  return answer.message(200, "Organization updated")
end

-- What is empty, or not named, stays as it was.
local function set_address(req, org)
  local body = req:document()
  if not body then return answer.bad_request() end
  if not org then
    if state.v9 then return answer.failure(500, "Failed to update org address") end
    return answer.message(200, "Address updated")
  end
  if not req:bind { address1 = "string", address2 = "string", city = "string", state = "string", country = "string" } then
    return answer.bad_request()
  end
  for _, key in ipairs { "address1", "address2", "city", "state", "country" } do
    if type(body[key]) == "string" and body[key] ~= "" then org.address[key] = body[key] end
  end
  local zip_code = type(body.zipcode) == "string" and body.zipcode or body.zipCode
  if type(zip_code) == "string" and zip_code ~= "" then org.address.zipCode = zip_code end
  return answer.message(200, "Address updated")
end

local function delete(req)
  local org = org_of(req)
  if not org then return answer.message(404, "Failed to delete organization. ID not found") end
  if org == req.org then
    return answer.message(400, state.v9 and "Can not delete org for current user"
      or "Cannot delete your active organization. Please switch to a different organization first.")
  end
  state.remove_org(org)
  return answer.message(200, "Organization deleted")
end

-- Members, ordered as each Grafana does: by e-mail, later by login.
local function members(org, query)
  local found = {}
  for id in pairs(org and org.members or {}) do
    local user = state.users[id]
    if query == "" or paging.contains(user.email, query) or paging.contains(user.name, query) or paging.contains(user.login, query) then
      found[#found + 1] = user
    end
  end
  local key = state.v9 and "email" or "login"
  table.sort(found, function(a, b) return a[key] < b[key] end)
  return found
end

local function shown_members(org, query)
  local result = json.array(members(org, query))
  for index, user in ipairs(result) do result[index] = views.member(org, user) end
  return result
end

-- Only the members of the current organisation are looked for, and limited.
local function list_members(req, org, is_current)
  local result = shown_members(org, is_current and req:arg("query") or "")
  local limit = is_current and tonumber(req:arg("limit") or "") or 0
  return answer.ok(limit > 0 and paging.cut(result, 1, limit) or result)
end

local function search_members(req, org)
  local all = members(org, req:arg("query") or "")
  if not paging.sort_users(req, all) then return answer.no_such_order() end
  local page, size = paging.asked(req)
  local result = paging.cut(all, page, size)
  for index, user in ipairs(result) do result[index] = views.member(org, user) end
  return answer.ok { totalCount = #all, orgUsers = result, page = page, perPage = size }
end

local function lookup_members(req)
  local result = json.array(members(req.org, req:arg("query") or ""))
  local limit = req:number("limit", #result)
  if limit < 0 then limit = #result end
  for index, user in ipairs(result) do
    local shown = { userId = user.id, uid = not state.v9 and user.uid or nil, login = user.login, avatarUrl = views.AVATAR }
    result[index] = index <= limit and shown or nil
  end
  return answer.ok(result)
end

-- Who may give permissions for anything may look up whom to.
local function lookup_if_permitted(req)
  local permitted = (req.role == "Admin" and req.org ~= nil) or auth.administers_team(req)
  for _, kind in ipairs { "folders", "dashboards" } do
    for _, object in pairs(req.org and req.org[kind] or {}) do
      permitted = permitted or access.level(req, object) == access.ADMIN
    end
  end
  if permitted then return lookup_members(req) end
  return answer.denied("any of org.users:read, teams.permissions:write, folders.permissions:write, dashboards.permissions:write")
end

-- The organisation in which a user is, when nothing else is said, is one that the user belongs to; none when there is none.
local function settle_current(user)
  local own = state.orgs[user.org_id or 0]
  if own and own.members[user.id] then return end
  local other = state.orgs_of(user)[1]
  user.org_id = other and other.id
end

local function add_member(req, org)
  local body = req:bind { loginOrEmail = "string", role = "string" }
  if not body or not body.loginOrEmail or body.loginOrEmail == "" or not valid_role(body.role) then return answer.bad_request() end
  local user = state.find_user(body.loginOrEmail)
  if not user then return answer.message(404, "User not found") end
  if not org then return answer.failure(500, "Could not add user to organization") end
  if org.members[user.id] then return answer.message(409, "User is already member of this organization", { userId = user.id }) end
  org.members[user.id] = valid_role(body.role)
  settle_current(user)
  return answer.ok { message = "User added to organization", userId = user.id }
end

local function admins(org)
  local count = 0
  for _, role in pairs(org.members) do count = count + (role == "Admin" and 1 or 0) end
  return count
end

local function update_member(req, org)
  local body = req:bind { role = "string" }
  local new_role = body and valid_role(body.role)
  if not new_role then return answer.bad_request() end
  local id = req:id("user_id")
  local role = org and org.members[id]
  if not role then return answer.failure(500, "Failed update org user") end
  if role == "Admin" and new_role ~= "Admin" and admins(org) == 1 then
    return answer.message(400, "Cannot change role so that there is no organization admin left")
  end
  org.members[id] = new_role
  return answer.message(200, "Organization user updated")
end

-- From the current organisation, a user who has no other is deleted altogether.
local function remove_member(req, org, with_orphan)
  local user = state.users[req:id("user_id")]
  if user and not org and not state.v9 then return answer.message(200, "User removed from organization") end
  if not user or not org then return answer.failure(500, "Failed to remove user from organization") end
  if not org.members[user.id] then return answer.message(200, "User removed from organization") end
  if org.members[user.id] == "Admin" and admins(org) == 1 then return answer.message(400, "Cannot remove last organization admin") end
  org.members[user.id] = nil
  for _, team in pairs(org.teams) do team.members[user.id] = nil end
  if with_orphan and not user.server_admin and #state.orgs_of(user) == 0 then
    state.remove_user(user)
    return answer.message(200, "User deleted")
  end
  settle_current(user)
  return answer.message(200, "User removed from organization")
end

local function of_path(handler) return function(req) return handler(req, org_of(req)) end end
local function of_current(handler) return function(req) return handler(req, req.org, true) end end

local function use(req)
  local org = state.orgs[req:id("using_id")]
  if not req.user then return answer.message(401, "Not a valid organization") end
  if not org or not org.members[req.user.id] then return answer.message(401, "Not a valid organization") end
  req.user.org_id = org.id
  return answer.message(200, "Active organization changed")
end

-- Quotas need a quota service, which the recorded servers ran without.
local function quotas() return answer.failure(500, "failed to get quota") end

local READ, WRITE = "current:Viewer:orgs:read", "current:Admin:orgs:write"

orgs.routes = {
  { "GET /api/orgs", "orgs:read", list },
  { "POST /api/orgs", "orgs:create", create },
  { "GET /api/orgs/:org_id", "path:Viewer:orgs:read", by_id },
  { "PUT /api/orgs/:org_id", "path:Admin:orgs:write", of_path(rename) },
  { "PUT /api/orgs/:org_id/address", "path:Admin:orgs:write", of_path(set_address) },
  { "DELETE /api/orgs/:org_id", "orgs:delete", delete },
  { "GET /api/orgs/name/:name", "orgs:read", by_name },
  { "GET /api/orgs/:org_id/quotas", "orgs.quotas:read", quotas },
  { "GET /api/orgs/:org_id/users", "path:Admin:org.users:read", of_path(list_members) },
  { "GET /api/orgs/:org_id/users/search", "path:Admin:org.users:read", of_path(search_members), only = "12.4.3" },
  { "POST /api/orgs/:org_id/users", "path:Admin:org.users:add", of_path(add_member) },
  { "PATCH /api/orgs/:org_id/users/:user_id", "path:Admin:org.users:write", of_path(update_member) },
  { "DELETE /api/orgs/:org_id/users/:user_id", "path:Admin:org.users:remove", of_path(remove_member) },
  { "GET /api/org", READ, current },
  { "PUT /api/org", WRITE, of_current(rename) },
  { "PUT /api/org/address", WRITE, of_current(set_address) },
  { "GET /api/org/quotas", READ, quotas },
  { "GET /api/org/users", "current:Admin:org.users:read", of_current(list_members) },
  { "GET /api/org/users/search", "current:Admin:org.users:read", of_current(search_members), only = "12.4.3" },
  { "GET /api/org/users/lookup", "current:Admin:org.users:read", lookup_members, only = "9.3.2" },
  { "GET /api/org/users/lookup", "signed-in", lookup_if_permitted, only = "12.4.3" },
  { "POST /api/org/users", "current:Admin:org.users:add", of_current(add_member) },
  { "PATCH /api/org/users/:user_id", "current:Admin:org.users:write", of_current(update_member) },
  { "DELETE /api/org/users/:user_id", "current:Admin:org.users:remove", of_current(remove_member) },
  { "POST /api/user/using/:using_id", "signed-in", use },
}

return orgs
