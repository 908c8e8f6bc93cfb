-- SPDX-License-Identifier: MIT
-- GET /api/access-control/user/permissions: what the asker may do, as a real 12.4.3 tells Admins, Editors and Viewers. Only
-- what is about reading is told, and scopes once each.

local json = require "server.json"
local access = require "server.access"
local answer = require "server.answer"
local auth = require "server.auth"

local told = {}

local EVERYWHERE = {
  ["alert.notifications:read"] = { "" }, ["alert.rules:read"] = { "folders:*" }, ["annotations:read"] = { "annotations:*" },
  ["datasources:read"] = { "datasources:*" }, ["orgs:read"] = { "" },
}

local ADMINS = {
  ["alert.provisioning:read"] = { "" }, ["dashboards.permissions:read"] = { "dashboards:*", "folders:*" },
  ["dashboards:read"] = { "dashboards:*", "folders:*" }, ["folders.permissions:read"] = { "folders:*" },
  ["folders:read"] = { "folders:*" }, ["library.panels:read"] = { "folders:*" }, ["org.users:read"] = { "users:*" },
  ["orgs.preferences:read"] = { "" }, ["serviceaccounts:read"] = { "serviceaccounts:*" }, ["teams:read"] = { "teams:*" },
}

local function add(list, rows)
  for action, scopes in pairs(rows) do list[action] = json.array(scopes) end
end

-- The scopes of what one may see, one by one.
local function scopes_of(req, kind, objects)
  local scopes = {}
  for uid, object in pairs(objects) do
    if access.level(req, object) >= access.VIEW then scopes[#scopes + 1] = kind .. ":uid:" .. uid end
  end
  table.sort(scopes)
  return scopes
end

local function add_seen(list, req)
  local folders = scopes_of(req, "folders", req.org.folders)
  local dashboards = scopes_of(req, "dashboards", req.org.dashboards)
  for _, scope in ipairs(folders) do dashboards[#dashboards + 1] = scope end
  folders[#folders + 1] = "folders:uid:general"
  add(list, { ["folders:read"] = folders, ["library.panels:read"] = folders, ["dashboards:read"] = dashboards })
end

local function permissions_of(req)
  local list = {}
  if not req.org or (auth.RANK[req.role] or 0) < auth.RANK.Viewer then return answer.ok(list) end
  add(list, EVERYWHERE)
  if req.role == "Admin" then add(list, ADMINS) else add_seen(list, req) end
  return answer.ok(list)
end

told.routes = { { "GET /api/access-control/user/permissions", "signed-in", permissions_of } }

return told
