-- SPDX-License-Identifier: MIT
-- g:call and g:request against the real server at GRAFANA_URL, as its admin GRAFANA_USER, GRAFANA_PASSWORD (admin,
-- admin). It may be anybody's server: what is written is written into an organisation of its own, and removed.

package.path = "./?.lua;./?/init.lua;" .. package.path   -- 5.1 and LuaJIT do not look for ./?/init.lua

local core = require "grafana.core"
local live = require "spec.golden.live"

local server = live.server {
  url = assert(os.getenv("GRAFANA_URL"), "GRAFANA_URL is not set"),
  user = os.getenv("GRAFANA_USER") or "admin",
  password = os.getenv("GRAFANA_PASSWORD") or "admin",
}
local g = server.admin

describe(("every documented GET on %s, which is %s,"):format(server.url, server.version), function()
  -- A GET that changes something all the same.
  local WRITES = { clearHelpFlags = true }
  -- Resources that this server knows not: "no such route" is what it says of them.
  local UNKNOWN = { getResourceDescription = true, getResourcePermissions = true, updateUserEmail = true }
  local SENSIBLE = { ok = true, ["not-found"] = true, ["invalid-data"] = true, ["access-denied"] = true }

  -- What must be given: ids that nobody has.
  local function made_up(op)
    local params = {}
    for _, param in ipairs(op.params) do
      if param.required then params[param.name] = param.type == "integer" and 999999 or "999999" end
    end
    return params
  end

  local function check(op)
    local r = g:call(op.name, made_up(op))
    local unsupported = r.reason == "unsupported"
    local fine = SENSIBLE[r.status] or unsupported or r.reason == "server-error"
    assert(fine, op.name .. ": " .. tostring(r))
    assert(type(r.code) == "number" and type(r.headers) == "table", op.name)
    if unsupported and server.exact then
      assert(op.tags:find("enterprise") or UNKNOWN[op.name] or op.versions[1] ~= server.recorded,
        op.name .. " is documented, and not there")
    end
  end

  it("has an answer with a sensible status; only what is Enterprise's or gone is not there", function()
    for _, op in ipairs(core.api_operations()) do
      if op.method == "GET" and not WRITES[op.name] then check(op) end
    end
  end)
end)

describe("on a real server", function()
  local world, org

  local function call(name, params, options)
    options = options or {}
    options.org = org
    return g:call(name, params, options)
  end

  before_each(function()
    world = live.world(server)
    org = world:new_org()
  end)
  after_each(function() assert.same({}, world:clean()) end)

  it("call makes, finds, changes and deletes", function()
    local made = call("createFolder", { title = "Ünï/&?#%", uid = "infra" })
    assert.equal("ok", made.status, tostring(made))
    assert.equal("Ünï/&?#%", call("getFolderByUID", { folder_uid = "infra" }).body.title)
    for _, uid in ipairs { "a", "b", "c" } do
      local r = call("postDashboard", {
        dashboard = { uid = uid, title = "D " .. uid, tags = { "x y", uid }, panels = {} }, folderUid = "infra",
      })
      assert.equal("ok", r.status, tostring(r))
    end
    assert.equal(2, #call("search", { dashboardUIDs = { "a", "c" } }).body)
    assert.equal(1, #call("search", { tag = { "x y", "b" }, limit = 5 }).body)
    assert.equal("Ops", call("updateFolder", { folder_uid = "infra", title = "Ops", overwrite = true }).body.title)
    assert.equal("ok", call("deleteFolder", { folder_uid = "infra" }).status)
    assert.equal("not-found", call("getDashboardByUID", { uid = "a" }).status)
  end)

  it("call says what there is already, and what a server refuses", function()
    assert.equal("ok", call("createTeam", { name = "Ops" }).status)
    local r = call("createTeam", { name = "Ops" })
    assert.equal("already-exists", r.status)
    assert.equal(409, r.code)
    assert.equal(r.message, r.body.message)
    r = call("createFolder", { title = "" })
    assert.equal("invalid-data", r.status)
    assert.equal(400, r.code)
  end)

  it("names go into paths as they are", function()
    local name = world:unique(" a/b?c#d% ü +&=;..")
    world:new_org(name)
    assert.equal(name, g:call("getOrgByName", { org_name = name }).body.name)
    assert.equal(name, g:request("GET", "/api/orgs", { query = { name = name } }).body[1].name)
  end)

  local function rule()
    local model = { type = "math", expression = "1 == 1", refId = "A" }
    return {
      title = "r", ruleGroup = "g", folderUID = "infra", noDataState = "OK", execErrState = "OK", ["for"] = "1m",
      orgID = org, condition = "A",
      data = { { refId = "A", datasourceUid = "__expr__", relativeTimeRange = { from = 600, to = 0 }, model = model } },
    }
  end

  it("alert rules stay editable with provenance = false, and are exported as text", function()
    if server.recorded == "9.3.2" then return end
    call("createFolder", { title = "Infra", uid = "infra" })
    local r = call("RoutePostAlertRule", rule())
    assert.equal(201, r.code, tostring(r))
    assert.equal("api", r.body.provenance)
    assert.equal(204, call("RouteDeleteAlertRule", { UID = r.body.uid }).code)
    r = call("RoutePostAlertRule", rule(), { provenance = false })
    assert.equal(201, r.code, tostring(r))
    assert.is_nil(r.body.provenance)
    local uid = r.body.uid
    r = call("RouteGetAlertRulesExport", { folderUid = { "infra", "none" }, format = "yaml" })
    assert.matches("^apiVersion: 1\n", r.body)
    assert.matches("yaml", r.headers["content-type"])
    assert.equal(1, call("RouteGetAlertRulesExport", { format = "json" }).body.apiVersion)
    assert.equal(204, call("RouteDeleteAlertRule", { UID = uid }, { provenance = false }).code)
    r = call("RouteGetAlertRule", { UID = uid })
    assert.equal("not-found", r.status)
    assert.is_nil(r.body)
  end)

  it("request sends what is not documented, and every method", function()
    local function request(method, path, options)
      options = options or {}
      options.org = org
      return g:request(method, path, options)
    end
    assert.equal("ok", request("HEAD", "/api/org").status)
    assert.equal(org, request("GET", "/api/org").body.id)
    local made = request("POST", "/api/annotations", { body = { text = "t", time = 1, tags = {} } })
    assert.equal("ok", made.status, tostring(made))
    assert.equal("ok", request("PATCH", "/api/annotations/" .. made.body.id, { body = '{"text": "u"}' }).status)
    assert.equal("ok", request("DELETE", "/api/annotations/" .. made.body.id).status)
    assert.equal("ok", request("PUT", "/api/org/preferences", { body = { theme = "dark" } }).status)
    assert.equal("unsupported", request("GET", "/api/no-such-route").reason)
    if server.recorded == "9.3.2" then return end
    local r = g:request("GET", ("/apis/dashboard.grafana.app/v0alpha1/namespaces/org-%d/dashboards"):format(org))
    assert.equal("DashboardList", r.body.kind, tostring(r))
    assert.equal("unsupported", g:request("GET", "/apis/none.grafana.app/v1").reason)
  end)

  it("an organisation that is not there is told from one that is empty", function()
    assert.same({}, call("getAnnotations").body)
    local r = g:call("getAnnotations", {}, { org = 2000000000 })
    assert.equal("org-not-found", r.reason, tostring(r))
  end)
end)
