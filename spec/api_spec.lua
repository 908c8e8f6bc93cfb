-- SPDX-License-Identifier: MIT
-- g:call against Grafana's own descriptions of its API (spec/facts), operation by operation: what goes out, and what is
-- refused before anything does. g:request. Nothing is sent: calls are asked for their requests only.

local core = require "grafana.core"
local grafana = require "grafana"
local json = require "spec.standin.server.json"

local BASE = "http://grafana.test/below"
local VERSIONS = {"12.4.3", "9.3.2"}

local client = core.client {url = BASE, user = "admin", password = "admin"}

-- -------------------------------------------------------------------------------------------------- the facts --

local function read(version)
  local file = assert(io.open("spec/facts/operations-" .. version .. ".json", "rb"))
  local operations = assert(json.decode(file:read("*a")))
  file:close()
  return operations
end

local facts = {}
for i, version in ipairs(VERSIONS) do facts[i] = read(version) end

-- Calls f(operation, version) for each operation of each description.
local function each(f)
  for i, version in ipairs(VERSIONS) do
    for _, operation in ipairs(facts[i]) do f(operation, version) end
  end
end

-- The newest description of each name, and the names in order.
local function newest()
  local by_name, names = {}, {}
  each(function(operation)
    if by_name[operation.operation] then return end
    by_name[operation.operation] = operation
    names[#names + 1] = operation.operation
  end)
  table.sort(names)
  return by_name, names
end

-- 9.3.2 writes some paths with /api in front; ":image" is a parameter that nobody declared.
local function path_of(operation)
  return "/api" .. operation.path:gsub("^/api/", "/")
end

local function is_route(param) return param.name == "datasource_proxy_route" end

-- ----------------------------------------------------------------------------------------------------- calls --

-- The request that a call wants to send, or its result when it is done without one.
local function ask(operation, ...)
  local call = core.call(client, operation, ...)
  local what, request = call:next(0)
  local result = call:result()
  call:close()
  assert(what == "send" or what == "done", what)
  return request, result
end

-- The message of the error that is raised.
local function refused(operation, ...)
  local call = core.call
  local fine, message = pcall(call, client, operation, ...)
  assert.is_false(fine, "an error was expected")
  return message
end

local function header(request, name)
  for _, pair in ipairs(request.headers) do
    if pair[1]:lower() == name then return pair[2] end
  end
  return nil
end

local function unescape(text)
  return (text:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

-- All but RFC 3986's unreserved characters.
local function escape(text)
  return (text:gsub("[^%w%-._~]", function(c) return ("%%%02X"):format(c:byte()) end))
end

-- A segment of a path; dots alone would be followed.
local function segment(text)
  return (text == "." or text == "..") and text:gsub("%.", "%%2E") or escape(text)
end

-- The query as a list of "name=value", in order of names, values in the order sent.
local function query_of(request)
  local list = {}
  for pair in (request.url:match("%?(.*)$") or ""):gmatch("[^&]+") do
    local name, value = pair:match("^([^=]*)=(.*)$")
    list[#list + 1] = {unescape(name) .. "=" .. unescape(value), unescape(name), #list}
  end
  table.sort(list, function(a, b)
    if a[2] ~= b[2] then return a[2] < b[2] end
    return a[3] < b[3]
  end)
  for i, item in ipairs(list) do list[i] = item[1] end
  return list
end

local function path_sent(request)
  assert.equal(BASE, request.url:sub(1, #BASE))
  return (request.url:sub(#BASE + 1):gsub("%?.*$", ""))
end

-- What may stand in a request line.
local function assert_proper(request)
  assert.is_nil(request.url:find("[^%w%%&=?/:._~!$'()*+,;@-]"), request.url)
  for part in request.url:gmatch("%%..?") do assert.matches("^%%%x%x$", part) end
  for _, pair in ipairs(request.headers) do
    assert.is_nil(pair[1]:find("[^%w-]"))
    assert.is_nil(pair[2]:find("%c"))
  end
end

-- ---------------------------------------------------------------------------------------------------- values --

local NASTY = {"a/b?c#d%", "ü", " ", "..", ".", "%41", "a+b&c=d", "{uid}", "😀", "x'\"\\", "a;b:c@d", "~-_.", "null"}

-- Values for a parameter by its described type, and as the query has them. `n` varies them.
local GIVEN = {
  string = function(n)
    local text = NASTY[n % #NASTY + 1]
    return text, {text}
  end,
  integer = function(n) return n + 1, {tostring(n + 1)} end,
  boolean = function(n) return n % 2 == 0, {tostring(n % 2 == 0)} end,
  array = function(n)
    local a, b = NASTY[n % #NASTY + 1], NASTY[(n + 1) % #NASTY + 1]
    return {a, 7, true, b}, {a, "7", "true", b}
  end,
}

-- A value for a field of a body: any JSON.
local FIELDS = {
  "text", "", 12, 1.5, true, false, grafana.null, {a = {b = grafana.array {}}}, grafana.array {1, {c = "ü"}},
  grafana.object {}, grafana.number "12345678901234567890123",
}

-- "operation field": the fields of bodies in whatever description.
local is_field = {}
each(function(operation)
  for _, name in ipairs(operation.body and operation.body.fields or {}) do
    is_field[operation.operation .. " " .. name] = true
  end
end)

-- Everything that the operation takes: the table to give, the path and the query expected, the fields of the body.
local function everything(operation, n)
  local params, path, query, fields = {}, path_of(operation), {}, {}
  for i, param in ipairs(operation.path_params) do
    local value = GIVEN[param.type](n + i)
    local expected = segment(tostring(value))
    if is_route(param) then value, expected = "/a b/ü?/" .. n, ("a b/ü?/" .. n):gsub("[^/]+", escape) end
    params[param.name] = value
    path = path:gsub("{" .. param.name .. "}", (expected:gsub("%%", "%%%%")))
  end
  for i, param in ipairs(operation.query_params) do
    local value, expected = GIVEN[param.type](n + i)
    params[param.name] = value
    for _, text in ipairs(expected) do query[#query + 1] = {param.name, text, #query, param} end
  end
  local body = operation.body or {fields = {}}
  for i, name in ipairs(body.fields) do
    if params[name] == nil then params[name] = FIELDS[(n + i) % #FIELDS + 1] end
    fields[name] = params[name]
  end
  for _, param in ipairs(operation.body and operation.path_params or {}) do
    if is_field[operation.operation .. " " .. param.name] then fields[param.name] = params[param.name] end
  end
  return params, path, query, fields
end

-- "name=value" for each, lists as `joined` says: once for each item, or with commas between.
local function expected_query(query, joined)
  table.sort(query, function(a, b)
    if a[1] ~= b[1] then return a[1] < b[1] end
    return a[3] < b[3]
  end)
  local list, last = {}, nil
  for _, item in ipairs(query) do
    if item[1] == last and joined[item[1]] then list[#list] = list[#list] .. "," .. item[2]
    else list[#list + 1] = item[1] .. "=" .. item[2] end
    last = item[1]
  end
  return list
end

-- Only what must be there.
local function required(operation)
  local params, names = {}, {}
  local function put(name, value)
    if params[name] == nil then names[#names + 1] = name end
    params[name] = value
  end
  for _, param in ipairs(operation.path_params) do put(param.name, param.type == "integer" and 7 or "x") end
  for _, param in ipairs(operation.query_params) do
    if param.required then put(param.name, (GIVEN[param.type](1))) end
  end
  for _, name in ipairs(operation.body and operation.body.required_fields or {}) do
    if params[name] == nil then put(name, "v") end
  end
  return params, names
end

-- ------------------------------------------------------------------------------------------------- the table --

describe("the table of documented operations", function()
  local by_name, names = newest()

  it("has the 331 of 12.4.3, and the 31 of 9.3.2 that are gone since", function()
    assert.equal(331, #facts[1])
    assert.equal(331 + 31, #names)
    local listed = {}
    for i, op in ipairs(core.api_operations()) do listed[i] = op.name end
    assert.same(names, listed)
  end)

  it("says method, path, tags, whether it is deprecated, and which version has it", function()
    local has = {}
    each(function(operation, version)
      local versions = has[operation.operation] or {}
      has[operation.operation], versions[#versions + 1] = versions, version
    end)
    for _, op in ipairs(core.api_operations()) do
      local fact = by_name[op.name]
      assert.equal(fact.method, op.method)
      assert.equal(path_of(fact):gsub(":image", "{image}"), op.path)
      assert.equal(table.concat(fact.tags, " "), op.tags)
      assert.equal(fact.deprecated, op.deprecated)
      assert.same(has[op.name], op.versions)
      assert.equal(fact.body ~= nil or nil, op.has_body)
    end
  end)

  it("has every parameter of every description, where it goes, its type, and whether it must be there", function()
    local TYPES = {string = "string", integer = "integer", boolean = "boolean", array = "list"}
    local function find(op, where, name)
      for _, param in ipairs(op.params) do
        if param.where == where and param.name == name then return param end
      end
    end
    each(function(operation)
      local op = core.api_operation(operation.operation)
      local current = by_name[op.name] == operation
      local function check(where, name, kind, must)
        local param = assert(find(op, where, name), ("%s lacks the %s parameter %s"):format(op.name, where, name))
        assert.equal(kind, param.type)
        if current then assert.equal(must or nil, param.required, op.name .. " " .. name) end
      end
      for _, param in ipairs(operation.path_params) do check("path", param.name, TYPES[param.type], true) end
      for _, param in ipairs(operation.query_params) do
        check("query", param.name, TYPES[param.type], param.required)
      end
      local must = {}
      for _, name in ipairs(operation.body and operation.body.required_fields or {}) do must[name] = true end
      for _, name in ipairs(operation.body and operation.body.fields or {}) do
        check("body", name, "any", must[name])
      end
    end)
  end)

  it("has no parameter that no description has, but for :image", function()
    local known = {["getSettingsImage path image"] = true}
    local function note(operation, where, name) known[("%s %s %s"):format(operation.operation, where, name)] = true end
    each(function(operation)
      for _, param in ipairs(operation.path_params) do note(operation, "path", param.name) end
      for _, param in ipairs(operation.query_params) do note(operation, "query", param.name) end
      for _, name in ipairs(operation.body and operation.body.fields or {}) do note(operation, "body", name) end
    end)
    for _, op in ipairs(core.api_operations()) do
      for _, param in ipairs(op.params) do
        assert.is_true(known[("%s %s %s"):format(op.name, param.where, param.name)], op.name .. " " .. param.name)
      end
    end
  end)

  it("says how lists go out: as described, but for those seen to be read once for each value", function()
    local repeated = {["search.dashboardIds"] = true, ["search.dashboardUIDs"] = true, ["search.folderIds"] = true,
      ["search.folderUIDs"] = true, ["RouteGetAlertRulesExport.folderUid"] = true}
    each(function(operation)
      for _, described in ipairs(operation.query_params) do
        for _, param in ipairs(core.api_operation(operation.operation).params) do
          if param.name == described.name and param.type == "list" then
            local joined = described.collection == "csv" and not repeated[operation.operation .. "." .. param.name]
            assert.equal(joined or nil, param.joined, operation.operation .. " " .. param.name)
          end
        end
      end
    end)
  end)
end)

-- --------------------------------------------------------------------------------------------- what goes out --

-- Names of the lists that go out with commas between.
local function joined_lists(name)
  local joined = {}
  for _, param in ipairs(core.api_operation(name).params) do joined[param.name] = param.joined end
  return joined
end

local function assert_body(operation, request, fields)
  if not operation.body then return assert.is_nil(request.body) end
  assert.equal("application/json", header(request, "content-type"))
  assert.equal(grafana.encode(grafana.object(fields), {sorted = true}),
    grafana.encode(assert(grafana.decode(request.body)), {sorted = true}))
  assert.is_not_nil(json.decode(request.body))
end

describe("every operation of every description,", function()
  it("with all that it takes, sends method, path, query and body as described", function()
    local count = 0
    each(function(operation)
      for n = 0, 3 do
        count = count + 1
        local params, path, query, fields = everything(operation, count * 5 + n)
        local request, result = ask("call", operation.operation, params)
        assert(request, operation.operation .. ": " .. tostring(result))
        assert.equal(operation.method, request.method)
        assert.equal(path, path_sent(request), operation.operation)
        assert.same(expected_query(query, joined_lists(operation.operation)), query_of(request))
        assert_body(operation, request, fields)
        assert_proper(request)
        assert.equal("application/json", header(request, "accept"))
        assert.is_nil(header(request, "x-grafana-org-id"))
        assert.is_nil(header(request, "x-disable-provenance"))
      end
    end)
  end)

  it("with what must be there and nothing else, sends no query, and {} where there is a body without fields", function()
    for _, operation in pairs((newest())) do
      local params = required(operation)
      local request, result = ask("call", operation.operation, params)
      assert(request, operation.operation .. ": " .. tostring(result))
      local wanted = {}
      for _, param in ipairs(operation.query_params) do
        if param.required then wanted[#wanted + 1] = param.name end
      end
      assert.equal(#wanted, #query_of(request), request.url)
      if operation.body then assert.equal("{", request.body:sub(1, 1)) else assert.is_nil(request.body) end
      if not next(params) and operation.body then assert.equal("{}", request.body) end
      assert_proper(request)
    end
  end)

  it("names what is missing, each and all, and sends nothing", function()
    for _, operation in pairs((newest())) do
      local params, names = required(operation)
      for _, name in ipairs(names) do
        local kept = params[name]
        params[name] = nil
        local request, result = ask("call", operation.operation, params)
        assert.is_nil(request)
        assert.equal("missing-mandatory-data", result.status, operation.operation .. " without " .. name)
        assert.matches("'" .. name .. "'", result.message, 1, true)
        assert.matches(operation.operation, result.message, 1, true)
        params[name] = kept
      end
      if #names > 0 then
        local _, result = ask("call", operation.operation, {})
        assert.equal("missing-mandatory-data", result.status)
        for i, name in ipairs(names) do
          if i <= 5 then assert.matches("'" .. name .. "'", result.message, 1, true) end
        end
      end
    end
  end)

  it("takes no empty string in its path", function()
    for _, operation in pairs((newest())) do
      for _, param in ipairs(operation.path_params) do
        local params = required(operation)
        params[param.name] = ""
        if param.type == "string" then
          local _, result = ask("call", operation.operation, params)
          assert.equal("missing-mandatory-data", result.status)
          assert.matches("'" .. param.name .. "'", result.message, 1, true)
        end
      end
    end
  end)

  local WRONG = {
    string = {true, 1.5, {}, {"a"}, grafana.null, grafana.number "1.5"},
    integer = {"1", 1.5, true, {}, grafana.null, grafana.number "1e400"},
    boolean = {"true", 1, {}, grafana.null},
    array = {{a = 1}, {{}}, grafana.null, {grafana.null}},
  }

  it("refuses a value of a wrong type in path and query, by name", function()
    for _, operation in pairs((newest())) do
      for _, list in ipairs {operation.path_params, operation.query_params} do
        for _, param in ipairs(list) do
          for _, wrong in ipairs(WRONG[param.type]) do
            local params = required(operation)
            params[param.name] = wrong
            local message = refused("call", operation.operation, params)
            assert.matches("parameter '" .. param.name .. "' of '" .. operation.operation .. "'", message, 1, true)
            assert.matches(" is expected, got ", message, 1, true)
          end
        end
      end
    end
  end)

  it("refuses a parameter that it does not take, and names the nearest", function()
    for _, operation in pairs((newest())) do
      local message = refused("call", operation.operation, {zzzzzzzzzz = 1})
      assert.matches("'" .. operation.operation .. "' takes no parameter 'zzzzzzzzzz'", message, 1, true)
      for _, param in ipairs(core.api_operation(operation.operation).params) do
        message = refused("call", operation.operation, {[param.name .. "x"] = 1})
        assert.matches("did you mean '", message, 1, true)
        assert.matches("'" .. param.name .. "'", message, 1, true)
      end
    end
  end)

  it("is named when one letter of its name is wrong, too many or missing", function()
    for i, op in ipairs(core.api_operations()) do
      local name = op.name
      local at = i % #name + 1
      for _, wrong in ipairs {name:sub(1, at - 1) .. "_" .. name:sub(at + 1), name .. "s_", name:upper() .. "_"} do
        local message = refused("call", wrong, {})
        assert.matches("no operation '" .. wrong .. "'", message, 1, true)
        assert.matches("'" .. name .. "'", message, 1, true)
      end
    end
  end)
end)

-- ------------------------------------------------------------------------------------------ parameters at all --

describe("call", function()
  local function url(...) return assert(ask("call", ...)).url:sub(#BASE + 1) end
  local function body(...) return assert(ask("call", ...)).body end

  it("takes an integer where ids are called strings, in any size, and only whole ones", function()
    assert.equal("/api/teams/7", url("getTeamByID", {team_id = 7}))
    assert.equal("/api/teams/7", url("getTeamByID", {team_id = 7.0}))
    assert.equal("/api/teams/9007199254740993", url("getTeamByID", {team_id = grafana.number "9007199254740993"}))
    assert.equal("/api/orgs/123456789012345678901234567890",
      url("getOrgByID", {org_id = grafana.number "123456789012345678901234567890"}))
    assert.equal("/api/orgs/-1", url("getOrgByID", {org_id = -1}))
  end)

  it("takes a list, one value for a list, and an empty list as none", function()
    assert.equal("/api/search?tag=a&tag=b%2Cc", url("search", {tag = {"a", "b,c"}}))
    assert.equal("/api/search?tag=a%26b", url("search", {tag = "a&b"}))
    assert.equal("/api/search", url("search", {tag = {}}))
    assert.equal("/api/search?dashboardIds=1&dashboardIds=12345678901234567890",
      url("search", {dashboardIds = {1, grafana.number "12345678901234567890"}}))
    assert.equal("/api/alerts?dashboardId=1,2&dashboardTag=a&dashboardTag=b",
      url("getAlerts", {dashboardId = {1, 2}, dashboardTag = {"a", "b"}}))
  end)

  it("keeps the slashes of a route, and refuses dots that lead out of it", function()
    local function route(text) return {uid = "a/b", datasource_proxy_route = text} end
    assert.equal("/api/datasources/proxy/uid/a%2Fb/api/v1/label/x%20y/values",
      url("datasourceProxyGETByUIDcalls", route("api/v1/label/x y/values")))
    assert.equal("/api/datasources/proxy/uid/a%2Fb/x%3Fy/", url("datasourceProxyGETByUIDcalls", route("/x?y/")))
    for _, text in ipairs {"..", "../..", "a/../b", "a/.", "./a", "/.."} do
      local request, result = ask("call", "datasourceProxyGETByUIDcalls", route(text))
      assert.is_nil(request)
      assert.equal("invalid-data", result.status, text)
      assert.matches("'datasource_proxy_route'", result.message, 1, true)
    end
    assert.matches("/a%.%./%.b$", url("datasourceProxyGETByUIDcalls", route("a../.b")))
  end)

  it("leaves a segment as described when nobody said that it is a parameter", function()
    assert.equal("/api/reports/images/:image", url("getSettingsImage", {}))
    assert.equal("/api/reports/images/a%2Fb.png", url("getSettingsImage", {image = "a/b.png"}))
  end)

  it("sends a name that is in the path and in the body to both", function()
    local params = {uid = "a/b", name = "n"}
    assert.equal("/api/datasources/uid/a%2Fb", url("updateDataSourceByUID", params))
    assert.same({uid = "a/b", name = "n"}, grafana.decode(body("updateDataSourceByUID", params)))
    assert.same({serviceAccountId = 5}, grafana.decode(body("updateServiceAccount", {serviceAccountId = 5})))
  end)

  it("sends fields of bodies as given: null, 64 bits, [] and {} apart", function()
    local given = '{"name":null,"jsonData":{"a":[],"b":{},"c":9223372036854775807,"d":18446744073709551615,"e":false}}'
    local text = body("addDataSource", grafana.decode(given, {raw = true}))
    assert.equal(grafana.encode(grafana.decode(given), {sorted = true}),
      grafana.encode(grafana.decode(text), {sorted = true}))
    assert.equal('{"jsonData":{},"name":null}', grafana.encode(grafana.decode(
      body("addDataSource", {name = grafana.null, jsonData = {}})), {sorted = true}))
  end)

  it("makes an unmarked empty table a list where Grafana expects one", function()
    assert.matches('"tags":[]', body("postAnnotation", {tags = {}, text = "t"}), 1, true)
    assert.matches('"time_intervals":[]', body("RoutePostMuteTiming", {name = "n", time_intervals = {}}), 1, true)
    assert.matches('"panels":%[%]', body("postDashboard", {dashboard = {title = "t", panels = {}}}))
    assert.matches('"matchers":%[%]', body("RoutePutPolicyTree", {routes = {{matchers = {}}}}))
    assert.matches('"settings":{}', body("RoutePostContactpoints", {settings = {}, type = "email"}))
  end)

  it("takes the whole body: object, list, document, text", function()
    assert.equal('{"a":1}', body("createTeam", {body = {a = 1}}))
    assert.equal("[1,2]", body("createTeam", {body = {1, 2}}))
    assert.equal("[]", body("createTeam", {body = grafana.array {}}))
    assert.equal('{"b":[]}', body("createTeam", {body = grafana.decode('{"b":[]}', {raw = true})}))
    assert.equal("a: 1\nb: 2\n", body("createTeam", {body = "a: 1\nb: 2\n"}))
    assert.equal("null", body("createTeam", {body = grafana.null}))
    assert.equal("[1]", body("searchResult", {body = {1}})) -- whose description forgot the body
    assert.equal('{"a":1}', body("deleteTeamByID", {team_id = 1, body = {a = 1}}))
    assert.equal("/api/folders/x", url("updateFolder", {folder_uid = "x", body = {title = "t"}}))
  end)

  it("takes no field beside the whole body, and no body for a GET", function()
    assert.matches("'createTeam': 'body' is the whole body, 'name' goes into it",
      refused("call", "createTeam", {body = {}, name = "n"}), 1, true)
    assert.matches("'getHealth' is a GET and takes no 'body'", refused("call", "getHealth", {body = {}}), 1, true)
    assert.equal('{"name":"other"}', body("updateDataSourceByUID", {uid = "u", body = {name = "other"}}))
  end)

  it("calls without parameters what needs none", function()
    assert.equal("/api/health", url("getHealth"))
    assert.equal("/api/health", url("getHealth", nil))
    assert.equal("/api/health", url("getHealth", nil, {org = 2}))
    assert.equal("/api/org/preferences", url("updateOrgPreferences", {}))
    assert.equal("{}", body("updateOrgPreferences"))
  end)

  it("says what is no operation and no table", function()
    assert.matches("bad argument #1 'name' to 'call' (string expected, got no value)", refused("call"), 1, true)
    assert.matches("bad argument #2 'params' to 'call' (table expected, got string)",
      refused("call", "getHealth", "x"), 1, true)
    assert.matches("'params'", refused("call", "getHealth", {1, 2}), 1, true)
    assert.matches("no operation 'get_dashboard'", refused("call", "get_dashboard", {}), 1, true)
    assert.matches("no operation 'a?b'", refused("call", "a\nb", {}), 1, true)
    assert.matches("no operation 'getHealth?'", refused("call", "getHealth\0", {}), 1, true)
    local _, result = ask("call", "", {})
    assert.equal("missing-mandatory-data", result.status)
  end)

  it("says when an option stands among the parameters", function()
    for _, name in ipairs {"org", "provenance", "timeout", "headers"} do
      local message = refused("call", "getHealth", {[name] = 1})
      assert.matches("takes no parameter '" .. name .. "': that is an option", message, 1, true)
    end
  end)

  it("acts in the organisation named, else in connect's, else in the credentials' own", function()
    local settled = core.client {url = BASE, user = "a", password = "b", org = 5}
    local function org(state, ...)
      local call = core.call(state, "call", "getFolders", {}, ...)
      local _, request = call:next(0)
      call:close()
      return header(request, "x-grafana-org-id")
    end
    assert.equal("2", org(client, {org = 2}))
    assert.is_nil(org(client))
    assert.is_nil(org(client, {org = grafana.own}))
    assert.equal("5", org(settled))
    assert.equal("5", org(settled, {}))
    assert.equal("2", org(settled, {org = 2}))
    assert.is_nil(org(settled, {org = grafana.own}))
    assert.equal("9007199254740993", org(client, {org = grafana.number "9007199254740993"}))
    for _, none in ipairs {0, -1, grafana.number "99999999999999999999"} do
      local request, result = ask("call", "getFolders", {}, {org = none})
      assert.is_nil(request)
      assert.equal("org-not-found", result.reason)
    end
    assert.matches("'org'", refused("call", "getFolders", {}, {org = "2"}), 1, true)
  end)

  it("keeps what it writes editable with provenance = false, and only then", function()
    local function sent(options)
      return header(ask("call", "RoutePutPolicyTree", {receiver = "r"}, options), "x-disable-provenance")
    end
    assert.equal("true", sent {provenance = false})
    assert.is_nil(sent {provenance = true})
    assert.is_nil(sent {})
    assert.equal("true", sent {provenance = false, org = 2})
    assert.equal("other", sent {provenance = false, headers = {["X-Disable-Provenance"] = "other"}})
    assert.matches("'provenance'", refused("call", "getHealth", {}, {provenance = "no"}), 1, true)
  end)

  it("lets the caller name other types than JSON, and nothing else of the client's own headers", function()
    local options = {headers = {Accept = "application/yaml", ["content-type"] = "application/yaml"}}
    local request = ask("call", "createTeam", {body = "a: 1"}, options)
    assert.equal("application/yaml", header(request, "accept"))
    assert.equal("application/yaml", header(request, "content-type"))
    local n = 0
    for _, pair in ipairs(request.headers) do
      if pair[1]:lower() == "content-type" or pair[1]:lower() == "accept" then n = n + 1 end
    end
    assert.equal(2, n)
    for _, name in ipairs {"Authorization", "X-Grafana-Org-Id", "Host", "Content-Length"} do
      assert.matches("'headers'", refused("call", "getHealth", {}, {headers = {[name] = "x"}}), 1, true)
    end
    assert.matches("'headers'", refused("call", "getHealth", {}, {headers = {["Content-Type"] = "a\nb"}}), 1, true)
    assert.matches("'headers'", refused("create_org", "a", {headers = {["Content-Type"] = "a"}}), 1, true)
  end)

  it("says when an address or a body would be too long, and sends nothing", function()
    local request, result = ask("call", "getOrgByName", {org_name = ("ü"):rep(400000)})
    assert.is_nil(request)
    assert.equal("invalid-data", result.status)
    assert.matches("the address would be longer", result.message, 1, true)
  end)
end)

-- --------------------------------------------------------------------------------------------------- request --

describe("request", function()
  local function url(method, path, options) return assert(ask("request", method, path, options)).url:sub(#BASE + 1) end

  it("sends each method, as it is", function()
    for _, method in ipairs {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"} do
      local request = ask("request", method, "/api/org")
      assert.equal(method, request.method)
      assert.is_nil(request.body)
      assert.is_nil(header(request, "content-type"))
    end
    assert.matches("did you mean 'GET'?", refused("request", "get", "/api/org"), 1, true)
    assert.matches("argument 'method'", refused("request", "TRACE", "/api/org"), 1, true)
  end)

  it("takes paths below /api and /apis only", function()
    assert.equal("/api", url("GET", "/api"))
    assert.equal("/apis", url("GET", "/apis"))
    assert.equal("/apis/x.y/v1", url("GET", "/apis/x.y/v1"))
    for _, path in ipairs {"/login", "api/org", "/apix", "/apiss/x", "/", "//api/org", "http://evil.test/api",
      "/metrics", "/%61pi/org", "@evil.test/api"} do
      assert.matches("argument 'path': it must begin with /api/ or /apis/", refused("request", "GET", path), 1, true)
    end
    local _, result = ask("request", "GET", "")
    assert.equal("missing-mandatory-data", result.status)
  end)

  it("encodes what cannot stand in a path, and keeps what is encoded", function()
    assert.equal("/api/orgs/name/a%20b", url("GET", "/api/orgs/name/a b"))
    assert.equal("/api/orgs/name/a%2Fb%3f", url("GET", "/api/orgs/name/a%2Fb%3f"))
    assert.equal("/api/x/%25%25zz%251", url("GET", "/api/x/%%zz%1"))
    assert.equal("/api/x/%C3%BC%23%7B%7D%5B%5D%22%3C%3E%5C%5E%60%7C", url("GET", "/api/x/ü#{}[]\"<>\\^`|"))
    assert.equal("/api/x/a!$&'()*+,;=:@-._~", url("GET", "/api/x/a!$&'()*+,;=:@-._~"))
    assert.equal("/api/x//y/", url("GET", "/api/x//y/"))
    assert.equal("/api/x/.../a..b/.c", url("GET", "/api/x/.../a..b/.c"))
  end)

  it("refuses dots that would change the path, however they are written, queries, and control characters", function()
    for _, dots in ipairs {".", "..", "%2e", "%2E%2e", ".%2E", "%2e."} do
      for _, path in ipairs {"/api/x/" .. dots, "/api/" .. dots .. "/x", "/api/x/" .. dots .. "/"} do
        assert.matches("'path': it holds a segment '.' or '..'", refused("request", "GET", path), 1, true)
      end
    end
    assert.matches("'path': it holds a '?'", refused("request", "GET", "/api/search?query=x"), 1, true)
    assert.matches("'path': it holds a '?'", refused("request", "GET", "/api?x"), 1, true)
    for _, c in ipairs {"\0", "\n", "\r", "\t", "\127"} do
      assert.matches("'path': it holds a control character", refused("request", "GET", "/api/a" .. c .. "b"), 1, true)
    end
    local _, result = ask("request", "GET", "/api/\255")
    assert.equal("invalid-data", result.status)
  end)

  it("sends the query sorted by name, lists once for each item", function()
    local query = {z = 1, a = {"x y", true, 2.5, grafana.number "12345678901234567890"}, ["ü&"] = "=&", e = "", l = {}}
    local expected = "/api/x?a=x%20y&a=true&a=2.5&a=12345678901234567890&e=&z=1&%C3%BC%26=%3D%26"
    for _ = 1, 5 do assert.equal(expected, url("GET", "/api/x", {query = query})) end
    assert.equal("/api/x?a=1&b=2", url("GET", "/api/x", {query = grafana.decode('{"b":2,"a":1}', {raw = true})}))
    for _, wrong in ipairs {{a = {}, b = {c = 1}}, {b = grafana.null}, {b = {{}}}, {b = {grafana.null}}} do
      assert.matches("option 'query': 'b'", refused("request", "GET", "/api/x", {query = wrong}), 1, true)
    end
  end)

  it("sends tables and documents as JSON, and strings as they are", function()
    local function sent(body, options)
      options = options or {}
      options.body = body
      local request = ask("request", "POST", "/api/x", options)
      return request.body, header(request, "content-type")
    end
    assert.same({'{"a":[]}', "application/json"}, {sent(grafana.decode('{"a":[]}', {raw = true}))})
    assert.same({"[1,2]", "application/json"}, {sent {1, 2}})
    assert.same({"{}", "application/json"}, {sent {}})
    assert.same({"a: \255\r\n", "application/yaml"},
      {sent("a: \255\r\n", {headers = {["Content-Type"] = "application/yaml"}})})
    assert.matches('"items":[]', sent {items = {}, x = {}}, 1, true)
    assert.matches('"x":{}', sent {items = {}, x = {}}, 1, true)
    assert.matches("option 'body': a GET or a HEAD has none", refused("request", "GET", "/api/x", {body = {}}), 1, true)
    assert.matches("bad option 'body' to 'request'", refused("request", "POST", "/api/x", {body = 5}), 1, true)
  end)

  it("knows org and provenance as call does", function()
    local request = ask("request", "PUT", "/api/v1/provisioning/policies", {body = {}, org = 3, provenance = false})
    assert.equal("3", header(request, "x-grafana-org-id"))
    assert.equal("true", header(request, "x-disable-provenance"))
  end)
end)

-- --------------------------------------------------------------------------------------------------- answers --

describe("the answer to a call", function()
  -- Feeds one answer to `call` or `request` and returns the result.
  local function answered(answer, operation, ...)
    local call = core.call(client, operation, ...)
    local what, request = call:next(0)
    assert.equal("send", what)
    call:head(request.id, answer.code or 200)
    for _, pair in ipairs(answer.headers or {}) do call:header(request.id, pair[1], pair[2]) end
    if answer.type then call:header(request.id, "Content-Type", answer.type) end
    if answer.body then call:body(request.id, answer.body) end
    call:finish(request.id, answer.how or "complete", true, nil, 0)
    local result = call:result()
    call:close()
    return result
  end

  local function get(answer, options) return answered(answer, "request", "GET", "/api/x", options) end

  it("has the headers by name in lower case, repeated ones joined, without cookies", function()
    local r = get {type = "application/json", body = "{}", headers = {
      {"X-One", "1"}, {"LINK", "a"}, {"Set-Cookie", "grafana_session=secret"}, {"link", "b"}, {"X-Empty", ""},
      {"set-COOKIE", "x=y"}, {"Link", "c"}, {"X-Latin", "Z\252rich"}, {"X-Utf", "Zürich"}, {"Set-Cookie2", "z"},
    }}
    assert.same({["x-one"] = "1", link = "a, b, c", ["x-empty"] = "", ["content-type"] = "application/json",
      ["x-latin"] = "Zürich", ["x-utf"] = "Zürich"}, r.headers)
  end)

  it("has any JSON value as body", function()
    for text, value in pairs {["true"] = true, ["false"] = false, ["7"] = 7, ['"x"'] = "x", ["null"] = grafana.null} do
      local r = get {type = "application/json", body = text}
      assert.equal("ok", r.status)
      assert.equal(value, r.body)
    end
    local r = get {type = "application/json; charset=UTF-8", body = '{"a":[],"b":{}}'}
    assert.equal('{"a":[],"b":{}}', grafana.encode(r.body, {sorted = true}))
    r = get({type = "application/json", body = '{"a":18446744073709551615}'}, {raw = true})
    assert.equal('{"a":18446744073709551615}', r.body:text())
    assert.equal("application/json", r.headers:get("content-type"))
  end)

  it("is a string where it is text, to the last byte", function()
    for _, kind in ipairs {"application/yaml", "text/yaml", "text/hcl", "text/csv", "application/pdf", "image/png"} do
      local text = "{}\n\0\255\r\n"
      local r = get {type = kind, body = text}
      assert.equal("ok", r.status)
      assert.equal(text, r.body)
    end
    assert.equal("<a/>", get({type = "application/xml", body = "<a/>"}).body)
    assert.equal("plain", get({type = "text/plain", body = "plain"}).body)
    assert.equal("[x", get({type = "text/plain", body = "[x"}).body)
    assert.equal("plain", get({body = "plain"}).body)
  end)

  it("is JSON where plain text reads as an object or a list", function()
    assert.same({a = 1}, get({type = "text/plain; charset=utf-8", body = ' {"a":1}'}).body)
    assert.same({1}, get({body = "[1]"}).body)
    assert.equal("7", get({type = "text/plain", body = "7"}).body)
  end)

  it("is no web page, unless one was asked for", function()
    for _, page in ipairs {{type = "text/html", body = "<html>"}, {type = "text/plain", body = " <html>"},
      {body = "<html>"}, {type = "application/json", body = "<html>"}} do
      local r = get(page)
      assert.equal("not-grafana", r.reason)
      assert.equal(page.body, r.body)
      if page.type == "text/html" then
        r = get(page, {headers = {accept = "text/html"}})
        assert.equal("ok", r.status)
        assert.equal(page.body, r.body)
      end
    end
    assert.equal("ok", get({type = "text/html", body = "plain"}, {headers = {Accept = "*/*, text/html"}}).status)
  end)

  it("may be empty", function()
    for _, answer in ipairs {{}, {code = 204}, {code = 202, type = "application/json"}, {type = "text/yaml"}} do
      local r = answered(answer, "call", "deleteFolder", {folder_uid = "x"})
      assert.equal("ok", r.status, tostring(r))
      assert.is_nil(r.body)
      assert.equal(answer.code or 200, r.code)
    end
    assert.equal("ok", get({code = 204}).status)
    assert.equal("invalid-json", get({type = "application/json", body = ""}).reason)
    assert.equal("invalid-json", get({type = "application/json", body = "{"}).reason)
  end)

  it("tells code, headers and body of a refusal too, and a status by the code", function()
    local codes = {[400] = "invalid-data", [403] = "access-denied", [404] = "not-found", [409] = "already-exists",
      [412] = "already-exists", [418] = "error", [422] = "invalid-data", [500] = "error"}
    local answers = {{type = "application/json", body = '{"message":"no"}'}, {type = "text/plain", body = "no"}, {}}
    for code, status in pairs(codes) do
      for _, answer in ipairs(answers) do
        answer.code = code
        local r = get(answer)
        assert.equal(status, r.status)
        assert.equal(code, r.code)
        assert.is_table(r.headers)
        assert.equal(answer.body and "no", type(r.body) == "table" and r.body.message or r.body)
      end
    end
  end)

  it("is nothing where the connection broke", function()
    local r = answered({type = "application/json", body = "{}", how = "cut"}, "call", "createTeam", {name = "a"})
    assert.equal("cut", r.reason)
    assert.is_true(r.uncertain)
    assert.is_nil(r.body)
    assert.is_nil(r.headers)
  end)

  it("is a HEAD's without a body, whatever length is named", function()
    local head = {type = "application/json", headers = {{"Content-Length", "1000"}}}
    local r = answered(head, "request", "HEAD", "/api/org")
    assert.equal("ok", r.status, tostring(r))
    assert.equal("1000", r.headers["content-length"])
    head.code = 404
    r = answered(head, "request", "HEAD", "/api/org")
    assert.equal("not-found", r.status)
    assert.is_nil(r.uncertain)
    head.how = "timeout"
    local lazy = core.client {url = BASE, user = "admin", password = "admin", max_retries = 0}
    local call = core.call(lazy, "request", "HEAD", "/api/org")
    local _, request = call:next(0)
    call:finish(request.id, "timeout", true, nil, 0)
    assert.is_nil(call:result().uncertain)
    call:close()
  end)

  it("is no list of a missing organisation's: that is asked for", function()
    local call = core.call(client, "call", "search", {}, {org = 7})
    local _, request = call:next(0)
    call:head(request.id, 200)
    call:header(request.id, "Content-Type", "application/json")
    call:body(request.id, "[]")
    call:finish(request.id, "complete", true, nil, 0)
    _, request = call:next(0)
    assert.equal(BASE .. "/api/org", request.url)
    assert.equal("7", header(request, "x-grafana-org-id"))
    call:head(request.id, 200)
    call:header(request.id, "Content-Type", "application/json")
    call:body(request.id, '{"id":7}')
    call:finish(request.id, "complete", true, nil, 0)
    local r = call:result()
    assert.equal("ok", r.status)
    assert.same(grafana.array {}, r.body)
    assert.equal(200, r.code)
    call:close()
  end)

  it("shows no secret that a server echoes", function()
    local state = core.client {url = BASE, user = "ann", password = 'pa"ss\\word', max_retries = 0}
    local function echo(text, kind)
      local call = core.call(state, "call", "adminCreateUser", {login = "x", password = "new-secret"})
      local _, request = call:next(0)
      call:head(request.id, 400)
      call:header(request.id, "Content-Type", kind)
      call:header(request.id, "X-Echo", 'pa"ss\\word')
      call:body(request.id, text)
      call:finish(request.id, "complete", true, nil, 0)
      local r = call:result()
      call:close()
      local shown = grafana.encode(r.headers) .. (type(r.body) == "string" and r.body or grafana.encode(r.body))
      return shown .. r.message .. tostring(r)
    end
    for _, shown in ipairs {
      echo('{"message":"pa\\"ss\\\\word","a":["new-secret",{"pa\\"ss\\\\word":1}]}', "application/json"),
      echo('pa"ss\\word \0 pa"ss\\word new-secret', "text/plain"),
    } do
      assert.is_nil(shown:find("ss\\word", 1, true), shown)
      assert.is_nil(shown:find("new-secret", 1, true), shown)
    end
  end)
end)

-- ------------------------------------------------------------------------------------------------------- help --

describe("help", function()
  it("tells of every documented operation its parameters, where they go, and code that calls it", function()
    for _, op in ipairs(core.api_operations()) do
      local text = grafana.help(('g:call("%s", {})'):format(op.name))
      assert.matches(op.method .. " " .. op.path, text, 1, true)
      for _, param in ipairs(op.params) do
        assert.matches("\n  " .. param.name .. " +" .. param.where .. " ", text)
      end
      local code = text:match("\nExample\n(.*)\n  if r%.ok")
      assert.is_truthy((loadstring or load)(code), code)
      if op.name ~= "search" then assert.equal(text, grafana.help(op.name)) end -- there is one of the client's own
    end
  end)

  it("has examples that can be called", function()
    local env = {g = {call = function(_, name, params) assert(ask("call", name, params)) end}}
    for _, op in ipairs(core.api_operations()) do
      local example = require("grafana.api").example(op)
      local run = assert((loadstring or load)(example))
      if setfenv then setfenv(run, env) else run = assert(load(example, "example", "t", env)) end
      run()
    end
  end)

  it("says what is deprecated, gone, new, or Enterprise's", function()
    assert.matches("deprecated", grafana.help("getFolderByID"))
    assert.matches("gone since 9%.3%.2", grafana.help("getAlerts"))
    assert.matches("not in 9%.3%.2", grafana.help("RouteGetAlertRules"))
    assert.matches("Enterprise", grafana.help("listRoles"))
    assert.matches("locale +body +any value, 9%.3%.2 only", grafana.help("updateOrgPreferences"))
  end)

  it("searches names, paths and tags, after the client's own operations", function()
    local text = grafana.help("alert")
    assert.matches("RouteGetAlertRules +GET +/api/v1/provisioning/alert%-rules", text)
    assert.matches("getAlerts", text)
    text = grafana.help("folder")
    assert.is_true(text:find("folderUid", 1, true) < text:find("getFolderByUID", 1, true))
    assert.matches("getFolderByUID", grafana.help("FOLDER_uid"))
    assert.matches("  getAnnotations  ", grafana.help("matchAny")) -- a parameter
    for _, line in ipairs {grafana.help("a"), grafana.help("e")} do assert.is_true(#line > 1000) end
  end)

  it("names the nearest among them", function()
    assert.matches("Of those that Grafana documents: getFolders", grafana.help("getFoldrs"), 1, true)
  end)

  it("of call says how to use it", function()
    local text = grafana.help("call")
    for _, word in ipairs {"params", "provenance", "org", "body", "r.code", "missing-mandatory-data", "unsupported"} do
      assert.matches(word, text, 1, true)
    end
    assert.matches("help(\"alert\") searches", grafana.help(), 1, true)
  end)
end)

-- -------------------------------------------------------------------------------------------------- mutations --

describe("a hundred mutated sets of parameters for each operation", function()
  -- Numbers that are the same each time.
  local seed = 20260
  local function random(n)
    seed = (seed * 1103515245 + 12345) % 2147483648
    return math.floor(seed / 65536) % n + 1
  end

  local cycle = {}
  cycle.a = {cycle}
  local deep = {}
  do
    local at = deep
    for _ = 1, 1100 do
      at.x = {}
      at = at.x
    end
  end
  local closed = grafana.decode("{}", {raw = true})
  closed:close()

  local ODD = {
    true, false, 0, -1, 1.5, -0.0, 1e308, 2 ^ 53, 0 / 0, 1 / 0, 12345678901, grafana.number(("9"):rep(60)),
    grafana.number("1e999"), grafana.number("-0"), grafana.number("9223372036854775808"),
    "", " ", ".", "..", "../../admin", "a/../b", "\0", "a\0b", "\r\nX-Evil: 1", "\255\254", "ü/ß?#%", "%2e%2e",
    "%", "{uid}", "'; DROP TABLE org; --", ("x"):rep(5000), ("ü"):rep(700),
    {}, {{}}, {1, 2}, {a = 1}, {a = {b = {c = {}}}}, {1, nil, 3}, {1, x = 2}, {[1.5] = 1}, {[true] = 1}, {"\255"},
    {("y"):rep(3000)}, {grafana.null}, {"a", true, 1.5, grafana.number("12")}, cycle, deep,
    grafana.array {}, grafana.object {}, setmetatable({}, {__index = error, __pairs = error, __len = error}),
    print, coroutine.create(print), io.stdout, grafana.null, grafana.own, closed,
    grafana.decode('{"a":[1,2.5,"x",null]}', {raw = true}), grafana.decode("[]", {raw = true}),
    grafana.decode("7", {raw = true}),
  }
  local NAMES = {
    "body", "org", "uidd", "", "\255", "a\nb", "BODY", "params", ("n"):rep(300), "uid ", "__index", 1, 2.5, true,
  }

  -- Parameters of which something is odd: one to three of them, or the table itself.
  local function mutated(operation)
    local params = random(3) == 1 and required(operation) or everything(operation, random(1000))
    local names = {}
    for name in pairs(params) do names[#names + 1] = name end
    table.sort(names)
    for _ = 1, random(3) do
      local what = random(10)
      if what == 1 then params[NAMES[random(#NAMES)]] = ODD[random(#ODD)]
      elseif what == 2 and #names > 0 then params[names[random(#names)]] = nil
      elseif what == 3 then params.body = ODD[random(#ODD)]
      elseif #names > 0 then params[names[random(#names)]] = ODD[random(#ODD)] end
    end
    if random(50) == 1 then return ODD[random(#ODD)] end
    if random(20) == 1 then return setmetatable(params, {__index = error, __newindex = error, __metatable = false}) end
    return params
  end

  local OPTIONS = {{}, {org = 2}, {provenance = false}, {raw = true, org = grafana.own}, {timeout = 5}}

  local function names_it(operation, params, message)
    if message:find("'params'", 1, true) or message:find("params[.%[:]") then return true end
    if message:find(operation.operation, 1, true) then return true end
    for name in pairs(type(params) == "table" and params or {}) do
      if message:find(tostring(name), 1, true) then return true end
    end
    return message:find("^closed document") ~= nil or message:find(": closed document", 1, true) ~= nil
  end

  local function check_request(operation, params, request)
    assert(request.method == operation.method)
    assert(request.url:sub(1, #BASE + 5) == BASE .. "/api/", request.url)
    assert(not request.url:find("[^%w%%&=?/:._~,-]"), request.url)
    for part in path_sent(request):gmatch("[^/]+") do assert(part ~= "." and part ~= "..", request.url) end
    assert(select(2, path_sent(request):gsub("/", "")) >= select(2, path_of(operation):gsub("/", "")), request.url)
    for _, pair in ipairs(request.headers) do assert(not pair[2]:find("%c")) end
    local as_given = type(params) == "table" and type(rawget(params, "body")) == "string"
    if request.body and not as_given then assert(json.decode(request.body) ~= nil, request.body) end
    if request.method == "GET" then assert(not request.body) end
  end

  local function check(operation, params)
    local fine, call = pcall(core.call, client, "call", operation.operation, params, OPTIONS[random(#OPTIONS)])
    if not fine then
      assert(type(call) == "string" and #call < 700, "the message is too long")
      assert(names_it(operation, params, call), operation.operation .. ": " .. call)
      assert(not call:find("%c"), call)
      return "raised"
    end
    local what, request = call:next(0)
    if what == "done" then
      local r = call:result()
      call:close()
      assert(r.status == "missing-mandatory-data" or r.status == "invalid-data", tostring(r))
      assert(names_it(operation, params, r.message) or r.message:find("longer"), r.message)
      return "refused"
    end
    assert(what == "send")
    check_request(operation, params, request)
    call:close()
    return "sent"
  end

  it("give a proper request, or an error that names the thing, and never a crash", function()
    local by_name, names = newest()
    local seen = {raised = 0, refused = 0, sent = 0}
    for _, name in ipairs(names) do
      for _ = 1, 100 do
        local how = check(by_name[name], mutated(by_name[name]))
        seen[how] = seen[how] + 1
      end
    end
    assert.equal(36200, seen.raised + seen.refused + seen.sent)
    for how, count in pairs(seen) do assert.is_true(count > 1000, how .. " " .. count) end
  end)

  local PIECES = {
    "/api", "/apis", "/", "//", ".", "..", "%2e", "%2E%2e", "%", "%2", "%2F", "?", "#", "a", "ü", "\255", "\0", "\n",
    " ", "{x}", "\\", ":", "@evil.test", "http://", ";", "=", "&", "%00", "%0a",
  }

  -- A path of a few pieces, most of which begin as they should.
  local function odd_path()
    local parts = {random(10) > 1 and "/api/" or ""}
    for i = 2, random(7) do parts[i] = PIECES[random(#PIECES)] end
    return table.concat(parts)
  end

  local function check_request_call(path, options)
    local fine, call = pcall(core.call, client, "request", random(20) > 1 and "PUT" or "GET", path, options)
    if not fine then
      assert(call:find("'path'", 1, true) or call:find("body") or call:find("query") or call:find("closed doc"), call)
      return "raised"
    end
    local what, request = call:next(0)
    local result = call:result()
    call:close()
    if what == "done" then
      assert(result.status == "invalid-data" or result.status == "missing-mandatory-data")
      return "refused"
    end
    local sent = path_sent(request)
    assert(sent:find("^/apis?$") or sent:find("^/apis?/"), sent)
    assert(not request.url:find("[^%w%%&=?/:._~!$'()*+,;@-]"), request.url)
    for part in sent:gmatch("[^/]+") do assert(not unescape(part):find("^%.%.?$"), sent) end
    return "sent"
  end

  it("and ten thousand odd requests as well", function()
    local seen = {raised = 0, refused = 0, sent = 0}
    for _ = 1, 10000 do
      local options = {}
      if random(3) == 1 then options.query = ODD[random(#ODD)] end
      if random(3) == 1 then options.body = ODD[random(#ODD)] end
      local how = check_request_call(odd_path(), options)
      seen[how] = seen[how] + 1
    end
    for how, count in pairs(seen) do assert.is_true(count > 100, how .. " " .. count) end
  end)
end)
