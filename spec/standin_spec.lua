-- SPDX-License-Identifier: MIT
-- The stand-in Grafana must answer as the real ones did, and fail in the ways it is told to.

package.path = "./?.lua;./?/init.lua;" .. package.path   -- 5.1 and LuaJIT do not look for ./?/init.lua

local json = require "spec.standin.server.json"
local replay = require "spec.standin.replay"
local socket = require "socket"
local standin = require "spec.standin"

local PERSONALITIES = { "9.3.2", "12.4.3" }
local ADMIN = { user = "admin", password = "admin" }

local function recording(version) return replay.read("spec/recordings/recorded-" .. version .. ".jsonl") end

local function with(options)
  local result = {}
  for key, value in pairs(ADMIN) do result[key] = value end
  for key, value in pairs(options or {}) do result[key] = value end
  return result
end

-- A request as admin; returns the code and the decoded answer.
local function ask(s, method, path, options)
  local code, body, headers = s:http(method, path, with(options))
  return code, code and json.decode(body), headers
end

local function sleep_until(condition, seconds)
  local deadline = socket.gettime() + seconds
  while socket.gettime() < deadline do
    if condition() then return true end
    socket.sleep(0.05)
  end
  return condition()
end

local function exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end

-- Sends bytes as they are and reads until the server closes; returns what came, and how it ended.
local function exchange(s, text, seconds)
  local connection = assert(socket.connect("127.0.0.1", tonumber(s.url:match(":(%d+)$"))))
  connection:settimeout(seconds or 5)
  connection:send(text)
  local whole, ended, part = connection:receive("*a")
  connection:close()
  return whole or part, ended
end

local function raw_get(s, path, seconds)
  return exchange(s, "GET " .. path .. " HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YWRtaW46YWRtaW4=\r\nConnection: close\r\n\r\n", seconds)
end

local function curl(arguments)
  local pipe = io.popen("curl -sS --max-time 10 " .. arguments .. " 2>&1")
  local output = pipe:read("*a")
  pipe:close()
  return output
end

describe("the stand-in's JSON", function()
  it("keeps numbers to the digit, arrays apart from objects, and null", function()
    local text = '{"a":[1,2.50,1e400,9007199254740993,18446744073709551615,-0,1.0],"b":[],"c":{},"d":null,"e":[false,true]}'
    assert.equal(text, json.encode(json.decode(text)))
  end)

  it("passes numbers through doubles when asked, written as Go writes them", function()
    local value = json.decode("[9007199254740993,1.0,0.1,1e21,1e-7,123456789.25,1.5e3,5e-324,100000000000000000000]", true)
    assert.equal("[9007199254740992,1,0.1,1e+21,1e-7,123456789.25,1500,5e-324,100000000000000000000]", json.encode(value))
    assert.is_nil((json.decode("1e400", true)))
  end)

  it("reads and writes every kind of character", function()
    assert.equal("é😀\n<\239\191\189\0", json.decode([["\u00e9\ud83d\ude00\n<\ud800\u0000"]]))
    assert.equal([["é\u0000\u001f\"\\\n\u003c\u0026"]], json.encode("é\0\31\"\\\n<&"))
  end)

  it("refuses what is no JSON, and what is too deep", function()
    for _, text in ipairs { "", "{", "[1,]", '{"a":1,}', "01", "1 2", "nul", "'a'", '"a', '"\\x"', "[1 2]", '{"a" 1}', "{1:2}", '"\1"', "-", "1.",
      ".5" } do
      assert.is_nil((json.decode(text)), text)
    end
    local function nested(levels) return ("["):rep(levels) .. ("]"):rep(levels) end
    assert.is_table(json.decode(nested(1999)))
    assert.equal(nested(1999), json.encode(json.decode(nested(1999))))
    local value, message = json.decode(nested(2000))
    assert.is_nil(value)
    assert.truthy(message:find("nested too deeply", 1, true))
  end)
end)

describe("the recordings", function()
  for _, version in ipairs(PERSONALITIES) do
    for name, count in pairs { [version] = 242, ["more-" .. version] = 116 } do
      it(name .. " comes out the same when replayed, and again after a reset", function()
        local s = standin.start { personality = version }
        finally(function() s:stop() end)
        local steps = recording(name)
        assert.equal(count, #steps)
        assert.equal("", replay.describe(replay.run(s, steps)))
        s:reset()
        assert.equal("", replay.describe(replay.run(s, steps)))
      end)
    end
  end

  it("do not come out the same on the other version, so the comparison compares", function()
    for index, version in ipairs(PERSONALITIES) do
      local s = standin.start { personality = PERSONALITIES[3 - index] }
      local differing = replay.run(s, recording(version))
      s:stop()
      assert.is_true(#differing > 60, #differing .. " steps differ")
    end
  end)

  it("are noticed when one answer changes a little", function()
    local s = standin.start { personality = "12.4.3" }
    finally(function() s:stop() end)
    local steps = recording("12.4.3")
    local changes = {
      ["org-create"] = function(step) step.answer.message = "Organisation created" end,
      ["ds-list"] = function(step) step.answer[1].isDefault = json.null end,
      ["search-all"] = function(step) step.answer[4].folderUid = "x" end,
      ["dash-get"] = function(step) step.answer.dashboard.panels[1].gridPos.h = 9 end,
      ["dash-versions"] = function(step) step.answer.versions[2].data.id = nil end,
      ["login-regular"] = function(step) step.answer_headers["Set-Cookie"][1] = "other=…; Path=/" end,
      ["home-page-anonymous"] = function(step) step.answer_headers.Location[1] = "/x" end,
    }
    local expected = 0
    for _, step in ipairs(steps) do
      if changes[step.step] then
        changes[step.step](step)
        expected = expected + 1
      end
    end
    local differing = replay.run(s, steps)
    assert.equal(7, expected)
    assert.equal(expected, #differing, replay.describe(differing))
    for _, item in ipairs(differing) do assert.is_function(changes[item.step]) end
  end)
end)

describe("a running stand-in", function()
  local s
  setup(function() s = standin.start() end)
  teardown(function() s:stop() end)
  before_each(function() s:reset() end)

  it("logs arrivals in order, as they were sent", function()
    s:http("GET", "/api/health?x=%C3%BC")
    ask(s, "POST", "/api/orgs", { body = { name = "Ü" }, headers = { ["X-Test"] = "1" } })
    local found = s:requests()
    assert.equal(2, #found)
    assert.same({ "GET", "/api/health?x=%C3%BC", "", "HTTP/1.1" }, { found[1].method, found[1].path, found[1].body, found[1].protocol })
    assert.same({ "POST", '{"name":"Ü"}', "1" }, { found[2].method, found[2].body, found[2].headers["x-test"] })
    assert.equal(1, #s:requests { method = "POST", path = "^/api/orgs$" })
    s:clear_log()
    assert.equal(0, #s:requests())
  end)

  it("forgets everything on reset", function()
    ask(s, "POST", "/api/orgs", { body = { name = "Gone" } })
    s:fault { kind = "status", times = 0 }
    s:reset()
    local code, orgs = ask(s, "GET", "/api/orgs")
    assert.equal(200, code)
    assert.same({ { id = 1, name = "Main Org." } }, setmetatable(orgs, nil))
  end)

  it("keeps a deep document out and a large one whole", function()
    local deep = '{"dashboard":{"title":"Deep","x":' .. ("["):rep(2000) .. ("]"):rep(2000) .. "}}"
    assert.equal(400, (ask(s, "POST", "/api/dashboards/db", { body = deep })))
    local text = ("wide ☃ "):rep(40000)
    assert.equal(200, (ask(s, "POST", "/api/dashboards/db", { body = { dashboard = { uid = "big", title = "Big", text = text } } })))
    local _, answer = ask(s, "GET", "/api/dashboards/uid/big")
    assert.equal(text, answer.dashboard.text)
  end)

  it("accepts any name and finds it by its escaped form", function()
    local name = "a/b?c#d% & <ü>\n\"'"
    assert.equal(200, (ask(s, "POST", "/api/orgs", { body = { name = name } })))
    local escaped = name:gsub("[^%w]", function(char) return ("%%%02X"):format(char:byte()) end)
    local code, org = ask(s, "GET", "/api/orgs/name/" .. escaped)
    assert.equal(200, code)
    assert.equal(name, org.name)
  end)

  it("takes a session for a password, and on 12.4.3 wants it rotated", function()
    local _, _, headers = s:http("POST", "/login", { body = { user = "admin", password = "admin" } })
    local cookie = headers["set-cookie"]:match("grafana_session=[^;]+")
    assert.equal(200, (s:http("GET", "/api/user", { headers = { cookie = cookie } })))
    s:expire_sessions()
    local code, body = s:http("GET", "/api/user", { headers = { cookie = cookie } })
    assert.equal(401, code)
    assert.equal("session.token.rotate", json.decode(body).messageId)
    code, body, headers = s:http("POST", "/api/user/auth-tokens/rotate", { headers = { cookie = cookie } })
    assert.same({ 200, "{}" }, { code, body })
    -- The old one is accepted for a while, and is given no second successor.
    assert.equal(200, (s:http("GET", "/api/user", { headers = { cookie = cookie } })))
    local again = { s:http("POST", "/api/user/auth-tokens/rotate", { headers = { cookie = cookie } }) }
    assert.same({ 200, "{}" }, { again[1], again[2] })
    assert.is_nil(again[3]["set-cookie"])
    local fresh = headers["set-cookie"]:match("grafana_session=[^;]+")
    assert.equal(200, (s:http("GET", "/api/user", { headers = { cookie = fresh } })))
    s:drop_sessions()
    assert.equal(401, (s:http("GET", "/api/user", { headers = { cookie = fresh } })))
  end)

  it("locks a login after five wrong passwords: then the right one gets the same 401", function()
    local wrong
    for _ = 1, 5 do wrong = { s:http("GET", "/api/user", { user = "admin", password = "nope" }) } end
    local right = { s:http("GET", "/api/user", ADMIN) }
    assert.same({ 401, wrong[2] }, { right[1], right[2] })
    assert.equal(401, (s:http("POST", "/login", { body = { user = "admin", password = "admin" } })))
    s:unlock()
    assert.equal(200, (s:http("GET", "/api/user", ADMIN)))
  end)

  it("forgives four wrong passwords after a right one", function()
    for _ = 1, 2 do
      for _ = 1, 4 do s:http("GET", "/api/user", { user = "admin", password = "nope" }) end
      assert.equal(200, (s:http("GET", "/api/user", ADMIN)))
    end
  end)

  it("cuts lists at 1,000 unless asked for more; /api/orgs counts pages from 0, others from 1", function()
    for index = 1, 1100 do ask(s, "POST", "/api/orgs", { body = { name = ("Org %04d"):format(index) } }) end
    local function count(query)
      local _, list = ask(s, "GET", "/api/orgs" .. query)
      return #list, list[1] and list[1].name
    end
    assert.equal(1000, (count("")))
    assert.equal(1101, (count("?perpage=5000")))
    assert.same({ 101, "Org 1000" }, { count("?page=1") })
    assert.equal("Main Org.", (select(2, count("?perpage=1"))))
    assert.same({ 1, "Org 0001" }, { count("?perpage=1&page=1") })
    assert.same({ 1, "admin" }, (function()
      local _, list = ask(s, "GET", "/api/users?perpage=1&page=0")
      return { #list, list[1].login }
    end)())
  end)

  it("searches a seeded organisation page by page, in order, without gaps", function()
    s:seed { dashboards = 2500, bytes = 3000, tags = { "z", "a" } }
    local function page(query)
      local code, hits = ask(s, "GET", "/api/search?type=dash-db" .. query)
      return code == 200 and #hits, hits
    end
    assert.equal(1000, (page("")))
    assert.equal(2500, (page("&limit=5000")))
    assert.equal(422, (ask(s, "GET", "/api/search?limit=5001")))
    local seen = {}
    for number = 1, 4 do
      local _, hits = page("&limit=700&page=" .. number)
      for _, hit in ipairs(hits) do seen[#seen + 1] = hit.uid end
    end
    assert.equal(2500, #seen)
    for index, uid in ipairs(seen) do assert.equal(("seed-%05d"):format(index), uid) end
    assert.equal(0, (page("&limit=700&page=5")))
    assert.equal(2500, (page("&tag=a&tag=z&limit=5000")))
    assert.equal(0, (page("&tag=a&tag=y")))
  end)

  it("seeds documents of about the size asked for, with a collapsed row", function()
    s:seed { dashboards = 2, bytes = 12000 }
    local code, body = s:http("GET", "/api/dashboards/uid/seed-00002", ADMIN)
    assert.equal(200, code)
    assert.is_true(#body > 10000 and #body < 15000, #body .. " bytes")
    local document = json.decode(body).dashboard
    assert.same({ "seed-00002", "row", true, "Panel 1001" },
      { document.uid, document.panels[1].type, document.panels[1].collapsed, document.panels[1].panels[1].title })
  end)

  it("hands out the dashboards of /apis in pages of one snapshot", function()
    s:seed { dashboards = 30 }
    local path = "/apis/dashboard.grafana.app/v0alpha1/namespaces/default/dashboards?limit=8"
    local seen, continue = {}, nil
    repeat
      local code, list = ask(s, "GET", path .. (continue and "&continue=" .. continue or ""))
      assert.equal(200, code)
      for _, item in ipairs(list.items) do seen[#seen + 1] = item.metadata.name end
      continue = list.metadata.continue
      ask(s, "DELETE", ("/api/dashboards/uid/seed-%05d"):format(31 - math.floor(#seen / 8)))
    until not continue
    assert.equal(30, #seen)
    local code, list = ask(s, "GET", path .. "&continue=" .. (require "mime").b64('{"o":2,"v":12,"s":false}'))
    assert.same({ 200, 0 }, { code, #list.items })
  end)

  it("deletes what lies in a folder that is not there, and all folders for the name of the root, and says 404", function()
    local function folder(uid, parent) ask(s, "POST", "/api/folders", { body = { title = uid, uid = uid, parentUid = parent } }) end
    folder("orphan", "none")
    folder("a")
    folder("b", "a")
    assert.equal(404, (ask(s, "DELETE", "/api/folders/none")))
    assert.equal(404, (ask(s, "GET", "/api/folders/orphan")))
    assert.equal(200, (ask(s, "GET", "/api/folders/general")))
    assert.equal(404, (ask(s, "DELETE", "/api/folders/general")))
    assert.equal(404, (ask(s, "GET", "/api/folders/b")))
  end)

  it("moves a dashboard saved without a folder to the root, and deletes what a folder holds", function()
    ask(s, "POST", "/api/folders", { body = { title = "F", uid = "f" } })
    ask(s, "POST", "/api/folders", { body = { title = "G", uid = "g", parentUid = "f" } })
    local function save(body) return (ask(s, "POST", "/api/dashboards/db", { body = body })) end
    assert.equal(200, save { dashboard = { uid = "a", title = "A" }, folderUid = "g" })
    assert.equal(200, save { dashboard = { uid = "b", title = "B" }, folderUid = "g" })
    assert.equal(200, save { dashboard = { uid = "a", title = "A", version = 1 } })
    assert.equal(200, (ask(s, "DELETE", "/api/folders/f")))
    assert.equal(404, (ask(s, "GET", "/api/folders/g")))
    assert.equal(404, (ask(s, "GET", "/api/dashboards/uid/b")))
    assert.equal(200, (ask(s, "GET", "/api/dashboards/uid/a")))
  end)

  it("makes who creates a dashboard in a folder its Admin, and nobody by /apis", function()
    ask(s, "POST", "/api/folders", { body = { title = "F", uid = "f" } })
    ask(s, "POST", "/api/dashboards/db", { body = { dashboard = { uid = "a", title = "A" }, folderUid = "f" } })
    ask(s, "POST", "/apis/dashboard.grafana.app/v1beta1/namespaces/default/dashboards", { body = { metadata = { name = "b",
      annotations = { ["grafana.app/folder"] = "f", ["grafana.app/grant-permissions"] = "default" } }, spec = { title = "B" } } })
    local _, items = ask(s, "GET", "/api/dashboards/uid/a/permissions")
    assert.same({ 1, 1, 4 }, { #items, items[1].userId, items[1].permission })
    _, items = ask(s, "GET", "/api/dashboards/uid/b/permissions")
    assert.equal(0, #items)
  end)

  it("lets permissions decide what a viewer sees and saves", function()
    ask(s, "POST", "/api/admin/users", { body = { login = "vi", password = "vi-pass" } })
    ask(s, "POST", "/api/dashboards/db", { body = { dashboard = { uid = "a", title = "A" } } })
    local function as_viewer(method, path, body) return (s:http(method, path, { user = "vi", password = "vi-pass", body = body })) end
    local edit = { dashboard = { uid = "a", title = "A2" }, overwrite = true }
    assert.equal(200, as_viewer("GET", "/api/dashboards/uid/a"))
    assert.equal(403, as_viewer("POST", "/api/dashboards/db", edit))
    ask(s, "POST", "/api/dashboards/uid/a/permissions", { body = { items = json.array { { userId = 2, permission = 2 } } } })
    assert.equal(200, as_viewer("POST", "/api/dashboards/db", edit))
    ask(s, "POST", "/api/dashboards/uid/a/permissions", { body = { items = json.array {} } })
    assert.equal(403, as_viewer("GET", "/api/dashboards/uid/a"))
  end)

  it("has permissions of data sources when told so: the first generation", function()
    ask(s, "POST", "/api/admin/users", { body = { login = "vi", password = "vi-pass" } })
    ask(s, "POST", "/api/datasources", { body = { name = "d", uid = "d", type = "loki", access = "proxy" } })
    local function as_viewer() return (s:http("GET", "/api/datasources/uid/d", { user = "vi", password = "vi-pass" })) end
    assert.equal(404, (ask(s, "GET", "/api/datasources/1/permissions")))
    s:set { datasource_permissions = 1 }
    assert.equal(200, as_viewer())
    assert.equal(200, (ask(s, "POST", "/api/datasources/1/enable-permissions", { body = "{}" })))
    assert.equal(403, as_viewer())
    assert.equal(400, (ask(s, "POST", "/api/datasources/1/permissions", { body = { userId = 99, permission = 1 } })))
    assert.equal(200, (ask(s, "POST", "/api/datasources/1/permissions", { body = { userId = 2, permission = 1 } })))
    assert.equal(200, as_viewer())
    local _, list = ask(s, "GET", "/api/datasources/1/permissions")
    assert.same({ true, 1, "vi", "Query" }, { list.enabled, #list.permissions, list.permissions[1].userLogin, list.permissions[1].permissionName })
    local path = ("/api/datasources/1/permissions/%d"):format(list.permissions[1].id)
    assert.equal(200, (ask(s, "DELETE", path)))
    assert.equal(404, (ask(s, "DELETE", path)))
    assert.equal(200, (ask(s, "POST", "/api/datasources/1/disable-permissions", { body = "{}" })))
    assert.equal(200, as_viewer())
    assert.equal(404, (ask(s, "GET", "/api/access-control/datasources/d")))
  end)

  it("has permissions of data sources when told so: the second generation", function()
    ask(s, "POST", "/api/datasources", { body = { name = "d", uid = "d", type = "loki", access = "proxy" } })
    s:set { datasource_permissions = 2 }
    local path = "/api/access-control/datasources/d"
    assert.equal(404, (ask(s, "GET", "/api/datasources/1/permissions")))
    assert.equal(3, #select(2, ask(s, "GET", path)))
    assert.equal(1, #select(2, ask(s, "GET", path .. "-none")))
    assert.equal(200, (ask(s, "GET", "/api/access-control/datasources/description")))
    local function set(whom, permission)
      local code, said = ask(s, "POST", path .. "/" .. whom, { body = { permission = permission } })
      return code .. " " .. (said.messageId or said.message)
    end
    assert.equal("200 Permission updated", set("users/1", "Edit"))
    assert.equal("200 Permission removed", set("builtInRoles/Viewer", ""))
    assert.equal("400 accesscontrol.assignmentEntityNotFound", set("teams/9", "Edit"))
    assert.equal("400 accesscontrol.assignmentEntityNotFound", set("users/9", "Edit"))
    assert.equal("404 User not found", set("users/nobody", "Edit"))
    assert.equal("400 accesscontrol.invalidBuiltInRole", set("builtInRoles/King", "Edit"))
    assert.equal("400 resourcePermissions.invalidPermission", set("users/1", "King"))
    local _, list = ask(s, "GET", path)
    assert.same({ "Editor", "Query", 1, "Edit" }, { list[1].builtInRole, list[1].permission, list[2].userId, list[2].permission })
    assert.same({ "Admin", false }, { list[3].builtInRole, list[3].isManaged })
    s:reset()
    assert.equal(404, (ask(s, "GET", path)))
  end)

  it("has no routes by number for data sources when told so", function()
    ask(s, "POST", "/api/datasources", { body = { name = "d", uid = "d", type = "loki", access = "proxy" } })
    s:set { numeric_datasources = false }
    for _, method in ipairs { "GET", "PUT", "DELETE" } do
      local code, said = ask(s, method, "/api/datasources/1")
      assert.same({ 404, "Not found" }, { code, said.message })
    end
    assert.equal(404, (ask(s, "GET", "/api/datasources/1/health")))
    assert.equal(1, (select(2, ask(s, "GET", "/api/datasources/uid/d"))).id)
    assert.equal(1, (select(2, ask(s, "GET", "/api/datasources/id/d"))).id)
  end)

  it("hides its version when told so, at last from everybody", function()
    local function versions()
      local _, health = ask(s, "GET", "/api/health")
      local _, settings = ask(s, "GET", "/api/frontend/settings")
      return { health.version, settings.buildInfo.version }
    end
    assert.same({ "12.4.3", "12.4.3" }, versions())
    s:set { hide_version = true, version = "13.0.0-pre" }
    assert.same({ nil, "13.0.0-pre" }, versions())
    assert.equal(401, (s:http("GET", "/api/frontend/settings")))
    s:set { hide_version = "everywhere" }
    assert.same({ nil, "" }, versions())
    s:set { health = false }
    assert.equal("Not found", (select(2, ask(s, "GET", "/api/health"))).message)
  end)

  it("knows the settings that there are, and no others", function()
    assert.has_error(function() s:set { numeric_data_sources = false } end)
  end)

  it("answers below /grafana too, with urls that begin so", function()
    ask(s, "POST", "/grafana/api/dashboards/db", { body = { dashboard = { uid = "a", title = "A" } } })
    local _, hits = ask(s, "GET", "/grafana/api/search")
    assert.equal("/grafana/d/a/a", hits[1].url)
    assert.equal("/d/a/a", (function() local _, list = ask(s, "GET", "/api/search") return list[1].url end)())
    assert.equal("/grafana/login", (select(3, s:http("GET", "/grafana/"))).location)
  end)

  it("speaks TLS, HTTP/2 and gzip", function()
    s:seed { dashboards = 20 }
    local to = ("--cacert %s -u admin:admin -o /dev/null -w '%%{http_version} %%{http_code} %%{ssl_verify_result}'"):format(s.cert)
    assert.equal("2 200 0", curl("--http2 " .. to .. " " .. s.tls_url .. "/api/orgs"))
    assert.equal("1.1 200 0", curl("--http1.1 " .. to .. " " .. s.tls_url .. "/api/orgs"))
    assert.equal("HTTP/2.0", s:requests()[1].protocol)
    assert.equal("2 200 0", curl("--http2-prior-knowledge " .. to .. " " .. s.h2c_url .. "/api/orgs"))
    local head = curl("-u admin:admin -D - -o /dev/null -H 'Accept-Encoding: gzip' " .. s.url .. "/api/search")
    assert.truthy(head:find("Content%-Encoding: gzip"))
    local posted = curl("--http2 --cacert " .. s.cert .. " -u admin:admin -d '{\"name\":\"h2\"}' " .. s.tls_url .. "/api/orgs")
    assert.truthy(posted:find("Organization created", 1, true))
  end)
end)

-- What the recordings do not have: seen on a real 12.4.3, request by request.
describe("beyond the recordings, 12.4.3", function()
  local s
  local VIEWER, EDITOR = { user = "vi", password = "vi-pass" }, { user = "ed", password = "ed-pass" }

  setup(function() s = standin.start() end)
  teardown(function() s:stop() end)
  before_each(function()
    s:reset()
    ask(s, "POST", "/api/admin/users", { body = { login = "vi", email = "vi@x.org", password = "vi-pass" } })
    ask(s, "POST", "/api/admin/users", { body = { login = "ed", email = "ed@x.org", password = "ed-pass" } })
    ask(s, "PATCH", "/api/org/users/3", { body = { role = "Editor" } })
    ask(s, "POST", "/api/datasources", { body = { name = "t", uid = "t", type = "grafana-testdata-datasource", access = "proxy" } })
    ask(s, "POST", "/api/datasources", { body = { name = "l", uid = "l", type = "loki", access = "proxy", url = "http://127.0.0.1:1" } })
  end)

  -- Rows: method and path, body, code, message, who asks (an admin).
  local function check(rows)
    for _, row in ipairs(rows) do
      local method, path = row[1]:match("^(%u+) (.+)$")
      local who = row[5] or ADMIN
      local code, answer, headers = ask(s, method, path, { user = who.user, password = who.password, body = row[2] or nil })
      assert.same({ row[3], row[4] }, { code, answer.message }, row[1])
      if row.utf8 ~= nil then assert.equal(row.utf8, headers["content-type"]:find("charset=UTF-8", 1, true) ~= nil, row[1]) end
      if row.title then assert.equal(row.title, answer.title, row[1]) end
    end
  end

  it("answers changes of users as the real one", function()
    local password, permissions = "Failed to update user password", "Failed to update user permissions"
    check {
      { "PUT /api/admin/users/2/password", { password = "abc" }, 500, password },
      { "PUT /api/admin/users/99/password", { password = "abcdef" }, 500, password },
      { "PUT /api/admin/users/2/password", { password = "" }, 400, "bad request data" },
      { "PUT /api/admin/users/99/permissions", { isGrafanaAdmin = true }, 500, permissions },
      { "PUT /api/admin/users/2/permissions", { isGrafanaAdmin = true }, 403, "Permission denied", VIEWER },
      { "PUT /api/admin/users/1/permissions", { isGrafanaAdmin = false }, 400, "cannot remove last grafana admin" },
      { "POST /api/admin/users/99/logout", nil, 404, "User not found", utf8 = false },
      { "POST /api/admin/users/99/disable", nil, 404, "user not found", utf8 = false },
      { "DELETE /api/admin/users/abc", nil, 404, "User not found", utf8 = true },
      { "DELETE /api/admin/users/abc", nil, 404, "User not found", VIEWER, utf8 = true },
      { "GET /api/users/9999999999999999999", nil, 404, "User not found", utf8 = true },
      { "PATCH /api/org/users/abc", { role = "Viewer" }, 400, "userId is invalid" },
      { "PUT /api/users/2", { login = "ed@x.org" }, 200, "User updated" },
      { "PUT /api/users/2", { login = "vi", email = "ed@x.org" }, 500, "Failed to update user" },
      { "POST /api/admin/users/2/disable", nil, 200, "User disabled" },
    }
  end)

  it("makes the e-mail the login where an update names no login", function()
    check { { "PUT /api/users/2", { email = "new@x.org" }, 200, "User updated" } }
    local _, user = ask(s, "GET", "/api/users/2")
    assert.same({ "new@x.org", "new@x.org" }, { user.login, user.email })
  end)

  it("takes a user's uid for an id", function()
    local _, user = ask(s, "GET", "/api/users/2")
    local code, same = ask(s, "GET", "/api/users/" .. user.uid)
    assert.same({ 200, 2 }, { code, same.id })
  end)

  it("refuses the disabled by another 401", function()
    ask(s, "POST", "/api/admin/users/2/disable")
    local code, answer = ask(s, "GET", "/api/user", VIEWER)
    assert.same({ 401, "identity.disabled", "Unauthorized" }, { code, answer.messageId, answer.message })
  end)

  it("answers for organisations and their members as the real one", function()
    local needed = "You'll need additional permissions to perform this action. Permissions needed: "
    local lookup = needed .. "any of org.users:read, teams.permissions:write, folders.permissions:write, dashboards.permissions:write"
    check {
      { "GET /api/org/users/lookup", nil, 403, lookup, VIEWER, utf8 = true },
      { "GET /api/org/users/lookup", nil, 403, lookup, EDITOR, utf8 = true },
      { "GET /api/orgs/0", nil, 403, needed },
      { "DELETE /api/orgs/abc", nil, 403, needed },
      { "PUT /api/orgs/99/address", { city = "B" }, 200, "Address updated" },
      { "DELETE /api/orgs/99/users/2", nil, 200, "User removed from organization" },
      { "PATCH /api/org/users/2", { role = "editor" }, 200, "Organization user updated" },
      { "GET /api/users/search?sort=nope", nil, 400, "BadRequest" },
    }
    assert.equal(0, #select(2, ask(s, "GET", "/api/orgs?query=rg")))
    assert.equal(1, #select(2, ask(s, "GET", "/api/orgs?query=MAIN")))
    assert.equal(1, #select(2, ask(s, "GET", "/api/org/users?limit=1")))
  end)

  it("answers for data sources as the real one", function()
    local changed = { name = "l", uid = "l", type = "loki", access = "proxy", url = "http://127.0.0.1:1" }
    local function but(key, value)
      local copy = {}
      for name, item in pairs(changed) do copy[name] = item end
      copy[key] = value
      return copy
    end
    check {
      { "GET /api/datasources/uid/none/health", nil, 500, "Unable to load datasource metadata" },
      { "GET /api/datasources/uid/a.b/health", nil, 400, "UID is invalid" },
      { "GET /api/datasources/uid/t/health", nil, 200, "Data source is working" },
      { "GET /api/datasources/uid/l/health", nil, 400, "Unable to connect with Loki. Please check the server logs for more details." },
      { "GET /api/datasources/0", nil, 400, "Datasource id is missing" },
      { "DELETE /api/datasources/-1", nil, 400, "Missing valid datasource id" },
      { "PUT /api/datasources/uid/l", but("url", "not a url"), 400, "Validation error, invalid URL" },
      { "PUT /api/datasources/uid/l", but("uid", "other"), 500, "Failed to update datasource" },
      { "PUT /api/datasources/uid/l", but("version", 7), 200, "Datasource updated" },
      { "PUT /api/datasources/uid/l", but("version", 7), 409, "Datasource has already been updated by someone else. Please reload and try again" },
      { "POST /api/datasources", { name = ("n"):rep(191), type = "loki", access = "proxy" }, 400, "Invalid datasource name." },
    }
  end)

  it("answers for dashboards that are not there, or not to be saved, as the real one", function()
    local missing = "Dashboard not found"
    check {
      { "DELETE /api/dashboards/uid/none", nil, 404, missing, VIEWER, utf8 = true, title = "Not found" },
      { "GET /api/dashboards/uid/none/versions", nil, 404, missing, EDITOR, utf8 = true, title = "Not found" },
      { "DELETE /api/dashboards/uid/none", nil, 404, missing, utf8 = false },
      { "POST /api/user/stars/dashboard/uid/none", nil, 404, missing, VIEWER, utf8 = false },
      { "POST /api/dashboards/db", { dashboard = { title = 5 } }, 400, "Dashboard title cannot be empty" },
      { "POST /api/dashboards/db", { dashboard = { title = "x" }, isFolder = true }, 400, "Use folders endpoint for saving folders." },
      { "POST /api/dashboards/db", { dashboard = { title = "x" }, message = ("m"):rep(501) }, 400, "message too long, max 500 characters" },
    }
    assert.equal(422, (ask(s, "POST", "/api/dashboards/db", { body = { dashboard = { title = "x", uid = "x", id = -1 } } })))
  end)

  it("lists versions by a token and restores only what differs", function()
    for index = 1, 5 do
      ask(s, "POST", "/api/dashboards/db", { body = { dashboard = { title = "P", uid = "p", version = index - 1, k = index } } })
    end
    local seen, token = {}, ""
    repeat
      local _, page = ask(s, "GET", "/api/dashboards/uid/p/versions?start=1&limit=2&continueToken=" .. token)
      for _, version in ipairs(page.versions) do seen[#seen + 1] = version.version end
      token = page.continueToken:gsub("=", "%%3D")
    until token == ""
    assert.same({ 5, 4, 3, 2, 1 }, seen)
    check {
      { "GET /api/dashboards/uid/p/versions/abc", nil, 500, "Internal Server Error" },
      { "POST /api/dashboards/uid/p/restore", { version = 5 }, 400, "Current dashboard is identical to the specified version" },
      { "POST /api/dashboards/uid/p/restore", json.decode("{}"), 400, "bad request data" },
      { "POST /api/dashboards/uid/p/restore", { version = 2 }, 200, nil },
    }
    local _, version = ask(s, "GET", "/api/dashboards/uid/p/versions/6")
    assert.same({ 2, "admin" }, { version.restoredFrom, version.createdBy })
    assert.equal(404, (ask(s, "GET", "/api/dashboards/uid/p/versions?continueToken=abc")))
  end)

  it("makes slugs as the real one", function()
    for title, slug in pairs { ["Ünï 日本"] = "ueni-e697a5-e69cac", ["a+b"] = "a2b-b", ["a_b.c"] = "a-b-c", ["50% & @"] = "50-and-at", ["é:;"] = "e3a-3b",
      ["!!!"] = "da39a3e", [("x"):rep(300)] = "02fd682" } do
      local _, saved = ask(s, "POST", "/api/dashboards/db", { body = { dashboard = { title = title } } })
      assert.equal(slug, saved.slug)
    end
  end)

  it("sorts by title through all pages, and puts folders first within each", function()
    for _, title in ipairs { "a", "m", "z" } do ask(s, "POST", "/api/dashboards/db", { body = { dashboard = { title = title } } }) end
    ask(s, "POST", "/api/folders", { body = { title = "n" } })
    local function titles(query)
      local code, hits = ask(s, "GET", "/api/search?" .. query)
      assert.equal(200, code)
      local list = {}
      for index, hit in ipairs(hits) do list[index] = hit.title end
      return table.concat(list, " ")
    end
    assert.equal("n a m z", titles(""))
    assert.equal("a m", titles("limit=2"))
    assert.equal("n z", titles("limit=2&page=2"))
    assert.equal("a m n z", titles("sort=alpha-asc"))
    assert.equal("n a m z", titles("query=*"))
    check { { "GET /api/search?type=nope", nil, 500, "Search failed" }, { "GET /api/search?deleted=true", nil, 401, "Unauthorized", VIEWER } }
  end)
end)

describe("any request", function()
  local IDS = { "1", "2", "99999", "abc", "-1", "x%20y", "seed-00001", "f", "a%2Fb", "%C3%BC", "org-1", "default", "v0alpha1", "v2beta1", "prom",
    "dashboard.grafana.app" }
  local KEYS = { "name", "title", "uid", "role", "loginOrEmail", "login", "email", "password", "dashboard", "folderUid", "folderId", "overwrite",
    "items", "type", "access", "url", "version", "id", "userId", "text", "tags", "data", "spec", "metadata", "model", "rules", "settings", "parentUid" }
  local VALUES = { json.null, 0, -1, 1, "", "x", true, json.array {}, json.array { 1, "a", json.null, {} }, {}, { title = "t", panels = json.array { 1 } },
    9007199254740993, "Viewer", "seed-00001", "prometheus" }
  local BODIES = { "", "null", "[]", "1", "{", "{}" }
  -- The same numbers each time and in every Lua.
  local state = 1
  local function choose(list)
    state = state * 48271 % 2147483647
    return list[state % #list + 1]
  end

  local function body()
    if choose { 1, 2, 3, 4 } == 1 then return choose(BODIES) end
    local object = {}
    for _ = 1, choose { 1, 3, 6, 9 } do object[choose(KEYS)] = choose(VALUES) end
    return json.encode(choose { object, { dashboard = object, overwrite = true }, { spec = object, metadata = { name = "seed-00001" } } })
  end

  local function prepare(s)
    s:reset()
    s:seed { dashboards = 3 }
    ask(s, "POST", "/api/folders", { body = { uid = "f", title = "F" } })
    ask(s, "POST", "/api/admin/users", { body = { login = "vi", password = "vi-pass" } })
  end

  for _, version in ipairs(PERSONALITIES) do
    it("is answered without the stand-in itself failing, on " .. version, function()
      local s = standin.start { personality = version }
      finally(function() s:stop() end)
      local routes = s:routes()
      assert.is_true(#routes > 150)
      for _ = 1, 5 do
        prepare(s)
        for _, route in ipairs(routes) do
          local method, path = route:match("^(%u+) (.+)$")
          path = path:gsub(":[%w_]+", function() return choose(IDS) end)
          local user = choose { ADMIN, ADMIN, { user = "vi", password = "vi-pass" } }
          local code, text = s:http(method, path, { user = user.user, password = user.password, org = choose { "", "1", "99999" },
            body = method ~= "GET" and body() or nil })
          assert.is_number(code, method .. " " .. path)
          assert.is_nil(text:find("stand-in error", 1, true), method .. " " .. path .. ": " .. text)
        end
      end
    end)
  end
end)

describe("numbers in a dashboard", function()
  local DOCUMENT = '{"dashboard":{"uid":"n","title":"N","a":9007199254740993,"b":1.0,"c":[],"d":{}}}'

  local function stored(version)
    local s = standin.start { personality = version }
    finally(function() s:stop() end)
    local code, saved = ask(s, "POST", "/api/dashboards/db", { body = DOCUMENT })
    assert.equal(200, code)
    local _, text = s:http("GET", "/api/dashboards/uid/n", ADMIN)
    local id = json.encode(saved.id)
    local again = ('{"dashboard":{"id":%s,"title":"By id","version":1}}'):format(id)
    assert.equal(2, (select(2, ask(s, "POST", "/api/dashboards/db", { body = again }))).version)
    return text
  end

  it("are kept to the digit on 9.3.2", function()
    assert.truthy(stored("9.3.2"):find('"a":9007199254740993,"b":1.0,"c":[],"d":{}', 1, true))
  end)

  it("pass through doubles on 12.4.3", function()
    assert.truthy(stored("12.4.3"):find('"a":9007199254740992,"b":1,"c":[],"d":{}', 1, true))
  end)
end)

describe("a fault", function()
  local s
  setup(function() s = standin.start() end)
  teardown(function() s:stop() end)
  before_each(function() s:reset() end)

  local function orgs() return #select(2, ask(s, "GET", "/api/orgs")) end
  local function create() return s:http("POST", "/api/orgs", with { body = { name = "New" } }) end

  it("meets only its method and path, so often, after as many as it lets pass, and is logged", function()
    s:fault { kind = "status", code = 503, method = "GET", path = "^/api/orgs", times = 2, skip = 1 }
    assert.equal(200, (create()))
    assert.equal(200, (ask(s, "GET", "/api/user")))
    assert.equal(200, (ask(s, "GET", "/api/orgs")))
    assert.equal(503, (ask(s, "GET", "/api/orgs")))
    assert.equal(503, (ask(s, "GET", "/grafana/api/orgs")))
    assert.equal(200, (ask(s, "GET", "/api/orgs")))
    local kinds = {}
    for index, entry in ipairs(s:requests()) do kinds[index] = entry.fault or "-" end
    assert.equal("- - - status status -", table.concat(kinds, " "))
  end)

  it("lasts for ever with times 0 or math.huge, until cleared", function()
    for _, times in ipairs { 0, math.huge } do
      s:fault { kind = "status", code = 500, times = times }
      for _ = 1, 5 do assert.equal(500, (ask(s, "GET", "/api/orgs"))) end
      s:clear_faults()
      assert.equal(200, (ask(s, "GET", "/api/orgs")))
    end
  end)

  it("meets each n-th with every = n, until it is cleared or has met so many", function()
    local function met(count)
      local seen = {}
      for index = 1, count do seen[index] = ask(s, "GET", "/api/orgs") == 429 and "x" or "." end
      return table.concat(seen)
    end
    s:fault { kind = "status", code = 429, every = 4, path = "^/api/orgs" }
    assert.equal("...x...x...x", met(12))
    s:clear_faults()
    s:fault { kind = "status", code = 429, every = 2, skip = 3, times = 2, path = "^/api/orgs" }
    assert.equal("....x.x...", met(10))
    assert.equal(22, #s:requests { path = "^/api/orgs" }, "all of them are logged")
  end)

  it("that lets a request pass leaves it to the next", function()
    s:fault { kind = "status", code = 429, every = 2 }
    s:fault { kind = "status", code = 503, every = 2 }
    local codes = {}
    for index = 1, 6 do codes[index] = (ask(s, "GET", "/api/orgs")) end
    assert.same({ 200, 429, 503, 429, 200, 429 }, codes)
  end)

  it("of an unknown kind is refused", function()
    assert.has_error(function() s:fault { kind = "nonsense" } end)
  end)

  it("status answers with its code, body and headers and does not execute", function()
    s:fault { kind = "status", code = 429, body = "slow down", content_type = "text/plain", headers = { ["Retry-After"] = "7" } }
    local code, body, headers = create()
    assert.same({ 429, "slow down", "7", "text/plain" }, { code, body, headers["retry-after"], headers["content-type"] })
    assert.equal(1, orgs())
  end)

  it("status says what a real server says when it refuses /apis", function()
    local path = "/apis/dashboard.grafana.app/v0alpha1/namespaces/%s/dashboards"
    local mismatch = select(2, s:http("GET", path:format("org-99999"), ADMIN))
    s:fault { kind = "status", code = 500, path = "^/apis/", body = mismatch }
    local code, body, headers = s:http("GET", path:format("default"), ADMIN)
    assert.same({ 500, mismatch, "application/json" }, { code, body, headers["content-type"] })
    assert.equal("namespace mismatch", json.decode(body).message)
  end)

  it("rate lets so many pass within a time, of all clients together, and does not execute the others", function()
    s:fault { kind = "rate", limit = 3, seconds = 1000, method = "POST", retry_after = 7 }
    local codes = {}
    for index = 1, 5 do codes[index] = s:http("POST", "/api/orgs", with { body = { name = "New" .. index } }) end
    assert.same({ 200, 200, 200, 429, 429 }, codes)
    assert.equal(4, orgs())
    local code, body, headers = s:http("POST", "/api/orgs", { body = { name = "X" }, token = s.token })
    assert.same({ 429, "Too many requests", "7" }, { code, json.decode(body).message, headers["retry-after"] })
    assert.equal("rate", s:requests { method = "POST" }[4].fault)
    assert.is_nil(s:requests { method = "POST" }[3].fault)
  end)

  it("rate lets others pass when the time has gone by", function()
    s:fault { kind = "rate", limit = 1, seconds = 0.1 }
    assert.equal(200, (ask(s, "GET", "/api/orgs")))
    assert.is_true(sleep_until(function() return ask(s, "GET", "/api/orgs") == 200 end, 5))
    local _, _, headers = s:http("GET", "/api/orgs", ADMIN)
    assert.is_nil(headers["retry-after"])
  end)

  it("that holds requests shows how many there are at once", function()
    ask(s, "GET", "/api/orgs")
    assert.equal(1, s:most_at_once())
    s:fault { kind = "delay", seconds = 0.3, times = 0 }
    local sockets = {}
    for index = 1, 5 do
      sockets[index] = assert(socket.connect("127.0.0.1", tonumber(s.url:match(":(%d+)$"))))
      sockets[index]:send("GET /api/health HTTP/1.0\r\n\r\n")
    end
    for _, one in ipairs(sockets) do assert.truthy(one:receive("*a"):find("200 OK", 1, true)) end
    assert.equal(5, s:most_at_once())
    local there = {}
    for index, entry in ipairs(s:requests { path = "^/api/health" }) do there[index] = entry.at_once end
    assert.same({ 1, 2, 3, 4, 5 }, there)
    s:clear_faults()
    s:clear_log()
    s:fault { kind = "close" }
    ask(s, "GET", "/api/orgs")
    ask(s, "GET", "/api/orgs")
    assert.equal(1, s:most_at_once(), "of what is closed nothing stays")
  end)

  it("status_after and close_after execute, close does not", function()
    s:fault { kind = "close" }
    assert.is_nil((create()))
    assert.equal(1, orgs())
    s:fault { kind = "close_after" }
    assert.is_nil((create()))
    assert.equal(2, orgs())
    s:fault { kind = "status_after", code = 502 }
    assert.equal(502, (s:http("POST", "/api/orgs", with { body = { name = "Newer" } })))
    assert.equal(3, orgs())
  end)

  it("delay answers later", function()
    s:fault { kind = "delay", seconds = 0.4 }
    local start = socket.gettime()
    assert.equal(200, (create()))
    assert.is_true(socket.gettime() - start >= 0.39)
  end)

  it("stall never answers, and holds up nobody else", function()
    s:fault { kind = "stall", path = "^/api/user$" }
    local start = socket.gettime()
    local text, ended = raw_get(s, "/api/user", 0.5)
    assert.same({ "", "timeout" }, { text, ended })
    assert.equal(200, (ask(s, "GET", "/api/orgs")))
    assert.is_true(socket.gettime() - start < 3)
  end)

  it("cut promises more than it sends", function()
    s:fault { kind = "cut", bytes = 10 }
    local text = raw_get(s, "/api/orgs")
    local length, body = text:match("^HTTP/1.1 200 .-Content%-Length: (%d+)\r\n\r\n(.*)$")
    assert.same({ 29, '[{"id":1,"' }, { tonumber(length), body })
  end)

  it("cut_chunk ends within a chunk", function()
    s:fault { kind = "cut_chunk", bytes = 10 }
    assert.truthy(raw_get(s, "/api/orgs"):find('Transfer%-Encoding: chunked\r\n\r\n1d\r\n%[{"id":1,"$'))
  end)

  it("head_cut ends within the header block", function()
    s:fault { kind = "head_cut" }
    local text = raw_get(s, "/api/orgs")
    assert.truthy(text:find("^HTTP/1.1 200 "))
    assert.is_nil(text:find("\r\n\r\n", 1, true))
  end)

  it("garbage is not HTTP", function()
    s:fault { kind = "garbage" }
    assert.is_nil(raw_get(s, "/api/orgs"):find("HTTP/1", 1, true))
  end)

  it("slow sends everything, bit by bit", function()
    s:fault { kind = "slow", bytes = 5, interval = 0.05 }
    local start = socket.gettime()
    local code, body = s:http("GET", "/api/orgs", ADMIN)
    assert.same({ 200, '[{"id":1,"name":"Main Org."}]' }, { code, body })
    assert.is_true(socket.gettime() - start >= 0.25)
  end)

  it("redirect, html, broken_json, empty, body and content_type answer as a proxy might", function()
    s:fault { kind = "redirect", location = "https://elsewhere/", code = 307 }
    local code, _, headers = create()
    assert.same({ 307, "https://elsewhere/" }, { code, headers.location })
    s:fault { kind = "html" }
    code, _, headers = create()
    assert.same({ 200, "text/html; charset=utf-8" }, { code, headers["content-type"] })
    s:fault { kind = "broken_json" }
    local body
    code, body, headers = create()
    assert.same({ 200, "application/json" }, { code, headers["content-type"] })
    assert.is_nil((json.decode(body)))
    s:fault { kind = "body", body = "[1]" }
    assert.equal("[1]", (select(2, create())))
    assert.equal(1, orgs())
    s:fault { kind = "content_type", content_type = "text/plain" }
    code, body, headers = create()
    assert.same({ 200, "text/plain" }, { code, headers["content-type"] })
    assert.truthy(body:find("Organization created", 1, true))
  end)

  it("empty has no body and is not executed", function()
    s:fault { kind = "empty" }
    local code, body = create()
    assert.same({ 200, "" }, { code, body })
    assert.equal(1, orgs())
  end)

  it("big sends much valid JSON", function()
    s:fault { kind = "big", bytes = 3000000 }
    local code, body = s:http("GET", "/api/orgs", ADMIN)
    assert.equal(200, code)
    assert.is_true(#body > 2900000 and #body < 3100000)
    assert.is_table(json.decode(body))
  end)

  it("headers_many and header_long have such heads", function()
    s:fault { kind = "headers_many" }
    local _, _, headers = s:http("GET", "/api/orgs", ADMIN)
    local count = 0
    for name in pairs(headers) do count = count + (name:find("^x%-many%-") and 1 or 0) end
    assert.equal(300, count)
    s:fault { kind = "header_long" }
    _, _, headers = s:http("GET", "/api/orgs", ADMIN)
    assert.equal(100000, #headers["x-long"])
  end)

  it("closes HTTP/2 streams too", function()
    for _, kind in ipairs { "close", "cut", "garbage" } do
      s:fault { kind = kind }
      local output = curl("--http2 --cacert " .. s.cert .. " -u admin:admin -w '%{http_code}' " .. s.tls_url .. "/api/orgs")
      assert.truthy(output:find("^curl: %(%d+%)"), kind .. ": " .. output)
    end
  end)
end)

describe("starting and stopping", function()
  it("leaves nothing behind", function()
    local s = standin.start { personality = "9.3.2" }
    local dir, url = s.dir, s.url
    assert.equal("9.3.2", json.decode((select(2, s:http("GET", "/api/health")))).version)
    s:stop()
    s:stop()
    assert.is_false(exists(dir .. "/pid"))
    assert.is_nil((socket.connect("127.0.0.1", tonumber(url:match(":(%d+)$")))))
  end)

  it("gives each server its own port and state", function()
    local one, two = standin.start(), standin.start()
    finally(function() one:stop() two:stop() end)
    assert.not_equal(one.url, two.url)
    ask(one, "POST", "/api/orgs", { body = { name = "Mine" } })
    assert.equal(1, #select(2, ask(two, "GET", "/api/orgs")))
  end)

  it("ends the server when its parent has gone, and removes its folder", function()
    local pipe = io.popen("d=$(mktemp -d); PARENT=$$ OWN_DIR=1 spec/standin/run start $d > /dev/null; echo $d; cat $d/pid")
    local dir, pid = pipe:read("*l"), pipe:read("*l")
    pipe:close()
    assert.truthy(dir and pid)
    assert.is_true(sleep_until(function() return not exists(dir .. "/cert.pem") end, 8))
  end)

  it("is Grafana Enterprise of two generations, and Amazon Managed Grafana", function()
    local started = {}
    finally(function()
      for _, server in ipairs(started) do server:stop() end
    end)
    local function start(name)
      local server = standin.start { personality = name }
      started[#started + 1] = server
      server:reset()
      return server
    end
    local function code_of(server, path) return (server:http("GET", path, server.credentials)) end
    for name, expected in pairs { enterprise = { 404, 200 }, ["enterprise-9"] = { 200, 404 }, amg = { 200, 404 } } do
      local server = start(name)
      server.credentials = name == "amg" and { token = server.token } or ADMIN
      local source = with { token = server.credentials.token, body = { name = "d", uid = "d", type = "loki", access = "proxy" } }
      if source.token then source.user = nil end
      assert.equal(200, (server:http("POST", "/api/datasources", source)))
      assert.same(expected, { code_of(server, "/api/datasources/1/permissions"), code_of(server, "/api/access-control/datasources/d") }, name)
      assert.equal(name == "amg" and 401 or 200, (server:http("GET", "/api/org", ADMIN)))
      assert.equal(name == "amg" and 404 or 200, code_of(server, "/api/health"))
    end
  end)

  it("refuses an unknown personality", function()
    assert.has_error(function() standin.start { personality = "1.0" } end)
  end)
end)
