-- SPDX-License-Identifier: MIT
--- Proof that an account sees everything: lists of Grafana leave out, without a word, what one may not see. Deleting
-- needs it.
-- @module grafana.bulk.proof

local ipairs, math, type = ipairs, math, type

local proof = {}

-- What must be allowed, on which scope, for lists of each kind to be whole. "" is given where there are no scopes.
local FOLDERS, DASHBOARDS = "folders:*", "dashboards:*"
local NEEDED = {
  org_users = {{"org.users:read", "users:*"}},
  teams = {{"teams:read", "teams:*"}},
  service_accounts = {{"serviceaccounts:read", "serviceaccounts:*"}},
  datasources = {{"datasources:read", "datasources:*"}},
  folders = {{"folders:read", FOLDERS}},
  library_panels = {{"library.panels:read", FOLDERS}, {"folders:read", FOLDERS}},
  dashboards = {{"dashboards:read", DASHBOARDS, FOLDERS}, {"folders:read", FOLDERS}},
  folder_permissions = {{"folders.permissions:read", FOLDERS}, {"folders:read", FOLDERS}},
  dashboard_permissions = {
    {"dashboards.permissions:read", DASHBOARDS, FOLDERS}, {"dashboards:read", DASHBOARDS, FOLDERS},
  },
  mute_timings = {{"alert.notifications:read", ""}},
  templates = {{"alert.notifications:read", ""}},
  contact_points = {{"alert.notifications:read", ""}},
  policies = {{"alert.notifications:read", ""}},
  rule_groups = {{"alert.rules:read", FOLDERS}, {"folders:read", FOLDERS}},
  annotations = {{"annotations:read", "annotations:*"}, {"dashboards:read", DASHBOARDS, FOLDERS}},
  preferences = {{"orgs.preferences:read", ""}, {"teams:read", "teams:*"}},
}

local function has(permissions, needed)
  local scopes = permissions[needed[1]]
  if type(scopes) ~= "table" then return false end
  for _, scope in ipairs(scopes) do
    for i = 2, #needed do
      if scope == needed[i] or scope == "*" then return true end
    end
  end
  return false
end

--- The permissions of the account in an organisation, by action: arrays of scopes.
-- @tab at a place
-- @return the table, or nil and the result that says why not
function proof.permissions(at)
  local r = at.g:request("GET", "/api/access-control/user/permissions", {org = at.org})
  if not r.ok then return nil, r end
  return r.body
end

-- Who may read a folder reads its library panels, where nobody is permitted anything about them.
local SINCE = {["library.panels:read"] = 12}

local function is_unknown(permissions, needed, major)
  return permissions[needed[1]] == nil and (major or math.huge) < (SINCE[needed[1]] or 0)
end

--- Do the permissions prove that lists of this kind are whole?
-- @tab permissions
-- @string kind
-- @int[opt] major the first number of the server's version
-- @return true, or nil and what is missing
function proof.covers(permissions, kind, major)
  for _, needed in ipairs(NEEDED[kind] or {}) do
    if not is_unknown(permissions, needed, major) and not has(permissions, needed) then
      return nil, needed[1] .. " on " .. (needed[2] == "" and "everything" or needed[2])
    end
  end
  return true
end

return proof
