-- SPDX-License-Identifier: MIT
-- From a request to an answer: the route, who asks, whether they may.

local answer = require "server.answer"
local auth = require "server.auth"
local kube = require "server.kube"
local other = require "server.other"
local router = require "server.router"
local state = require "server.state"

local app = {}

local routes = router.new()
-- All routes as texts, for tests: "GET /api/orgs/:org_id".
app.routes = {}
for _, area in ipairs { "orgs", "users", "datasources", "datasource_permissions", "folders", "dashboards", "search", "teams", "service_accounts",
  "library", "playlists", "kube_playlists", "alerting", "alertmanager", "contact_points", "annotations", "preferences", "told_permissions",
  "other", "kube" } do
  for _, row in ipairs(require("server." .. area).routes) do
    routes:add(row)
    app.routes[#app.routes + 1] = row[1]
  end
end

-- An API path whose organisation is gone leaves nothing to work in; only these know what to say then.
local KNOWS_NO_ORG = { ["signed-in"] = true, anyone = true, ["grafana-admin"] = true }

local function without_org(req, permission)
  return not req.org and not KNOWS_NO_ORG[permission] and not permission:find(":.+:") and answer.denied(permission) or nil
end

-- Parameters that must be numbers, and what Grafana calls them in its refusal.
local NUMERIC = { id = "id", user_id = "id", using_id = "id", account_id = "Service Account ID", team_id = "teamId" }

local function not_numeric(req)
  for name, title in pairs(NUMERIC) do
    if req.params[name] and not req:id(name) then
      -- 12.4.3: those of /api/org/users and of teams, for by_uid() has seen all others
      if name == "user_id" and (req.params.team_id or not state.v9) then title = "userId" end
      return answer.failure(400, title .. " is invalid")
    end
  end
  return nil
end

-- The same for what belongs to an organisation; nobody's uid is no route.
local KINDS = { team_id = "teams", account_id = "service_accounts" }

local function thing_by_uid(req, name)
  local uid, found = req.params[name], nil
  for id, thing in pairs(req.org and req.org[KINDS[name]] or {}) do
    if thing.uid == uid then found = id end
  end
  req.params[name] = found and tostring(found) or uid
  return not found and answer.no_route() or nil
end

-- On 12.4.3 a uid may stand where an id is expected, but for members of teams and of the current organisation. It is looked up before anything
-- else.
local function by_uid(req, segments)
  if state.v9 then return nil end
  for name in pairs(KINDS) do
    if req.params[name] and not req:id(name) then return thing_by_uid(req, name) end
  end
  if not req.params.user_id or segments[2] == "org" or segments[2] == "teams" or req:id("user_id") then return nil end
  for id, user in pairs(state.users) do
    if user.uid == req.params.user_id then
      req.params.user_id = tostring(id)
      return nil
    end
  end
  return answer.no_such_user()
end

-- /apis names the organisation in the path: "default" is 1, "org-2" is 2; anything else is none, -1.
local function namespace_org(segments)
  if segments[1] ~= "apis" or segments[4] ~= "namespaces" then return nil end
  if segments[5] == "default" then return 1 end
  local id = tonumber((segments[5] or ""):match("^org%-(%d+)$"))
  return id and id > 1 and id or -1
end

function app.answer(req)
  local segments = req:segments()
  local is_api = segments[1] == "api" or segments[1] == "apis" or req.method == "POST" and req.path == "/login"
  req.namespace_org = not state.v9 and namespace_org(segments) or nil
  if not is_api then return other.page(req, auth.sign_in(req) == nil) end
  local method = req.method == "HEAD" and "GET" or req.method
  local route, params = routes:find(method, segments, state.personality)
  if req.path:find("//", 1, true) then route = nil end
  req.params = params
  if route and route.permission == "anyone" then return route.handler(req) end
  local refused = auth.sign_in(req)
  if refused then return refused end
  if not route and segments[1] == "apis" and not state.v9 and state.settings.apis then return kube.no_route(req, segments) end
  if not route then return answer.no_route() end
  refused = by_uid(req, segments)
  if refused then return refused end
  return auth.check(req, route.permission) or without_org(req, route.permission) or not_numeric(req) or route.handler(req)
end

return app
