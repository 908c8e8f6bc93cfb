-- SPDX-License-Identifier: MIT
-- Permissions of folders and dashboards: rows { user_id | team_id | role, permission }, inherited from the folders above.

local json = require "server.json"
local state = require "server.state"
local answer = require "server.answer"
local auth = require "server.auth"
local request = require "server.request"
local views = require "server.views"

local access = {}

access.VIEW, access.EDIT, access.ADMIN = 1, 2, 4
local NAMES = { [1] = "View", [2] = "Edit", [4] = "Admin" }

-- What a new object gets: its creator is Admin; at the root, editors may edit and viewers view.
function access.defaults(req, at_root)
  local rows = {}
  if req.user then rows[1] = { user_id = req.user.id, permission = access.ADMIN } end
  if at_root then
    rows[#rows + 1] = { role = "Editor", permission = access.EDIT }
    rows[#rows + 1] = { role = "Viewer", permission = access.VIEW }
  end
  return rows
end

-- 12.4.3 gives nested folders no rows at all.
function access.initial(req, parent_uid)
  local at_root = parent_uid == ""
  if not at_root and not state.v9 then return {} end
  return access.defaults(req, at_root)
end

local function applies(req, row)
  if row.role then return auth.RANK[req.role] >= auth.RANK[row.role] end
  if not req.user then return false end
  if row.user_id then return row.user_id == req.user.id end
  local team = req.org.teams[row.team_id]
  return team ~= nil and team.members[req.user.id] ~= nil
end

-- The highest permission that the asker has on an object: 0, 1, 2 or 4.
function access.level(req, object)
  if req.role == "Admin" then return access.ADMIN end
  if req.role == "None" or not req.org then return 0 end
  local level, seen = 0, {}
  while object and not seen[object] do
    seen[object] = true
    for _, row in ipairs(object.acl) do
      if row.permission > level and applies(req, row) then level = row.permission end
    end
    object = req.org.folders[object.folder_uid or object.parent_uid]
  end
  return level
end

-- nil, or the answer that refuses: what the object's rows do not give.
function access.refusal(req, object, level, permission)
  return access.level(req, object) < level and answer.denied(permission) or nil
end

-- Whether the asker may save into this folder ("" is the root).
function access.may_create(req, folder_uid)
  if auth.RANK[req.role] >= auth.RANK.Editor and folder_uid == "" then return true end
  local folder = req.org.folders[folder_uid]
  return folder ~= nil and access.level(req, folder) >= access.EDIT
end

-- Service accounts count as users here.
local function user_of(req, id) return state.users[id] or req.org.service_accounts[id] end

local function show_row(req, object, row)
  local user, team = user_of(req, row.user_id), req.org.teams[row.team_id]
  local shown = {
    [object.is_folder and "folderId" or "dashboardId"] = object.id, created = object.acl_time or object.created,
    updated = object.acl_time or object.created,
    userId = user and user.id or 0, userLogin = user and user.login or "", userEmail = user and (user.email or user.login) or "",
    userAvatarUrl = views.AVATAR, teamId = team and team.id or 0, teamEmail = team and team.email or "",
    teamAvatarUrl = team and views.AVATAR or "", team = team and team.name or "", role = row.role, permission = row.permission,
    permissionName = NAMES[row.permission], uid = object.uid, title = object.title,
    slug = (state.v9 or not object.is_folder) and object.slug or "", isFolder = object.is_folder or false,
    url = req.prefix .. object.url, inherited = false,
  }
  if not state.v9 then
    shown.userUid = object.is_folder and user and user.uid or ""
    shown.teamUid = object.is_folder and team and team.uid or ""
  end
  return shown
end

local function rank(row) return row.user_id and 1 or row.team_id and 2 or row.role == "Editor" and 3 or 4 end

function access.show(req, object)
  local result, rows = json.array {}, {}
  for index, row in ipairs(object.acl) do rows[index] = row end
  table.sort(rows, function(a, b)
    if rank(a) ~= rank(b) then return rank(a) < rank(b) end
    return (a.user_id or a.team_id or 0) < (b.user_id or b.team_id or 0)
  end)
  for _, row in ipairs(rows) do result[#result + 1] = show_row(req, object, row) end
  return answer.ok(result)
end

local FIELDS = { userId = "integer", teamId = "integer", role = "string", permission = "integer" }

local ROLES = { viewer = "Viewer", editor = "Editor", admin = "Admin", none = "None" }

-- The role of an item, false for one that does not exist. 9.3.2 minds the case of its letters.
local function role_of(name)
  if (name or "") == "" then return nil end
  local role = ROLES[name:lower()] or false
  return (not state.v9 or role == name) and role
end

-- Reads one item; nil and an answer when it is refused. A permission that does not exist removes, as in Grafana.
local function read_item(item)
  if item == json.null then item = {} end
  local fields = type(item) == "table" and not json.is_array(item) and request.fields(item, FIELDS)
  local role = fields and role_of(fields.role)
  if not fields or role == false then return nil, answer.bad_request() end
  local user, team = (fields.userId or 0) ~= 0 and fields.userId or nil, (fields.teamId or 0) ~= 0 and fields.teamId or nil
  if (user or team) and role then return nil, answer.failure(400, "permissions cannot have both a user and team") end
  if user and team then return nil, answer.failure(400, "team and user permissions cannot have an associated role") end
  return { user_id = user, team_id = team, role = role, permission = fields.permission or 0 }
end

-- Whether whom the row is for can have one.
local function has_subject(req, row)
  if row.user_id then return user_of(req, row.user_id) ~= nil end
  if row.team_id then return req.org.teams[row.team_id] ~= nil end
  return row.role ~= nil and row.role ~= "None"
end

local function subject(row) return row.role or (row.user_id and "u" .. row.user_id) or "t" .. tostring(row.team_id) end

function access.set(req, object, message)
  local body = req:bind { items = "array" }
  if not body then return answer.bad_request() end
  local by_subject, rows, missing = {}, {}, false
  for _, item in ipairs(body.items or {}) do
    local row, refused = read_item(item)
    if refused then return refused end
    if not has_subject(req, row) then missing = true else by_subject[subject(row)] = row end
  end
  if missing then return answer.failure(500, object.is_folder and "Failed to create permission" or "Failed to update permissions") end
  for _, row in pairs(by_subject) do
    if NAMES[row.permission] then rows[#rows + 1] = row end
  end
  object.acl, object.acl_time = rows, state.time()
  return answer.message(200, message)
end

return access
