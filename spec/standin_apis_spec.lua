-- SPDX-License-Identifier: MIT
-- What the stand-in's /apis does as a real 12.4.3 was seen to do, beyond the recordings.

package.path = "./?.lua;./?/init.lua;" .. package.path   -- 5.1 and LuaJIT do not look for ./?/init.lua

local standin = require "spec.standin"
local json = require "spec.standin.server.json"

local GROUP = "/apis/dashboard.grafana.app"
local PARTIAL = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

describe("the stand-in's /apis", function()
  local s

  setup(function() s = standin.start {personality = "12.4.3"} end)
  teardown(function() s:stop() end)
  before_each(function() s:reset() end)

  -- Asks as the admin, unless others are given; the code, the answer decoded, its text.
  local function ask(method, path, options)
    local all = {}
    for key, value in pairs(options or {}) do all[key] = value end
    if not all.token then all.user, all.password = all.user or "admin", all.password or "admin" end
    local code, text, headers = s:http(method, path, all)
    return code, s.decode(text), text, headers
  end

  local function path_of(version, namespace, rest)
    return ("%s/%s/namespaces/%s/dashboards%s"):format(GROUP, version or "v0alpha1", namespace or "default", rest or "")
  end

  local function save(uid, dashboard, options)
    dashboard.uid, dashboard.title = uid, dashboard.title or uid
    local body = {dashboard = dashboard, overwrite = true}
    for key, value in pairs(options or {}) do body[key] = value end
    assert.equal(200, (ask("POST", "/api/dashboards/db", {body = body})))
  end

  local function post(version, uid, spec)
    return ask("POST", path_of(version), {body = {metadata = {name = uid}, spec = spec}})
  end

  local function names(list)
    local found = {}
    for i, item in ipairs(list.items) do found[i] = item.metadata.name end
    return found
  end

  local function user(login, role, org)
    ask("POST", "/api/admin/users", {body = {login = login, password = login .. "-pass", OrgId = org or 1}})
    local _, found = ask("GET", "/api/users/lookup?loginOrEmail=" .. login)
    ask("PATCH", ("/api/orgs/%d/users/%d"):format(org or 1, found.id), {body = {role = role}})
    return {user = login, password = login .. "-pass"}
  end

  it("has the keys in Grafana's order, so that `continue` stands before the items", function()
    save("a", {panels = json.array {}})
    save("b", {})
    local _, _, text = ask("GET", path_of(nil, nil, "?limit=1"))
    assert.matches('^{"kind":"DashboardList","apiVersion":"dashboard.grafana.app/v0alpha1","metadata":'
      .. '{"resourceVersion":"%d+","continue":"[%w=]+"},"items":%[{"kind":"Dashboard","apiVersion":'
      .. '"dashboard.grafana.app/v0alpha1","metadata":{.*},"spec":{"panels":%[%],"title":"a"},"status":{}}%]}\n$', text)
  end)

  it("ends a page with the dashboard that brings it to 2 MiB, and with `limit`", function()
    s:seed {dashboards = 400, bytes = 12000}
    local function sizes(rest)
      local found, continue = {}, nil
      repeat
        local from = continue and "&continue=" .. continue or ""
        local _, list, text = ask("GET", path_of(nil, nil, "?" .. rest .. from))
        found[#found + 1], continue = #list.items, list.metadata.continue
        assert.is_true(#text < 2.1 * 1024 * 1024 + 20000)
      until not continue
      return found
    end
    local whole = sizes "limit=1000"
    assert.is_true(#whole == 3 and whole[1] == whole[2] and whole[1] > 150, table.concat(whole, " "))
    for _, rest in ipairs {"", "limit=0", "limit=-5", "limit=400"} do assert.same(whole, sizes(rest)) end
    assert.same({100, 100, 100, 100}, sizes "limit=100")
    for _, limit in ipairs {"abc", "1.5", "99999999999999999999"} do
      assert.equal(400, (ask("GET", path_of(nil, nil, "?limit=" .. limit))))
    end
  end)

  it("lists further pages as things were: what was deleted, what was edited, not what was made since", function()
    for _, uid in ipairs {"a", "c", "d", "e"} do save(uid, {title = "Old " .. uid}) end
    local _, first = ask("GET", path_of(nil, nil, "?limit=1"))
    ask("DELETE", "/api/dashboards/uid/c")
    save("d", {title = "New d"})
    save("b", {})
    local _, rest = ask("GET", path_of(nil, nil, "?continue=" .. first.metadata.continue))
    assert.same({"c", "d", "e"}, names(rest))
    assert.equal("Old d", rest.items[2].spec.title)
    assert.same({"a", "b", "d", "e"}, names(select(2, ask("GET", path_of()))))
  end)

  it("marks what is stored in another version, and shows it as the old route does", function()
    local element = {kind = "Panel", spec = {id = 1, title = "P", vizConfig = {kind = "VizConfig", group = "stat",
      version = "", spec = {options = {}, fieldConfig = {}}}}}
    local function second(name)
      local item = {kind = "GridLayoutItem", spec = {x = 0, y = 0, width = 12, height = 8, element = {name = name}}}
      return {title = "Second", elements = {["panel-1"] = element}, layout = {kind = "GridLayout",
        spec = {items = json.array {item}}}}
    end
    assert.equal(201, (post("v1beta1", "one", {title = "First", panels = json.array {{id = 1, type = "text"}}})))
    assert.equal(201, (post("v2beta1", "two", second "panel-1")))
    for uid, stored in pairs {one = "v1beta1", two = "v2beta1"} do
      local _, shown = ask("GET", path_of(nil, nil, "/" .. uid))
      assert.same({failed = false, storedVersion = stored}, shown.status.conversion)
      local _, old = ask("GET", "/api/dashboards/uid/" .. uid)
      assert.same(old.dashboard.panels, shown.spec.panels)
      assert.same({}, select(2, ask("GET", path_of(stored, nil, "/" .. uid))).status)
    end
    assert.equal(201, (post("v2beta1", "broken", second "panel-9")))
    local _, broken = ask("GET", path_of(nil, nil, "/broken"))
    assert.equal(json.null, broken.spec)
    assert.is_true(broken.status.conversion.failed)
    assert.matches("panel%-9 not found", broken.status.conversion.error)
    local _, old = ask("GET", "/api/dashboards/uid/broken")
    assert.same({"v2beta1", "Second", "broken"}, {old.meta.apiVersion, old.dashboard.title, old.dashboard.uid})
    assert.is_nil(old.dashboard.panels)
  end)

  it("stores under `metadata.name`, and refuses what the old route refuses", function()
    assert.equal(201, (post("v0alpha1", "a", {title = "A", uid = "b", id = 5})))
    assert.is_nil(select(2, ask("GET", path_of(nil, nil, "/a"))).spec.uid)
    assert.equal("A", select(2, ask("GET", "/api/dashboards/uid/a")).dashboard.title)
    assert.equal(404, (ask("GET", "/api/dashboards/uid/b")))
    assert.equal(201, (post("v1beta1", "untitled", {})))
    assert.equal("No Title", select(2, ask("GET", "/api/dashboards/uid/untitled")).dashboard.title)
    local refused = {
      c = {}, d = {title = ""}, e = {title = 7}, ["f.g"] = {title = "F"}, [("h"):rep(41)] = {title = "H"},
    }
    for uid, spec in pairs(refused) do
      local code, answer = post("v0alpha1", uid, spec)
      assert.same({400, "BadRequest"}, {code, answer.reason})
    end
  end)

  it("lists what the search cannot take in", function()
    save("fine", {panels = json.array {{id = 1}, {id = "7"}, {id = json.null}}})
    save("strange", {panels = json.array {{id = 1.5}}})
    assert.same({"fine", "strange"}, names(select(2, ask("GET", path_of()))))
    local _, hits = ask("GET", "/api/search?type=dash-db")
    assert.same({1, "fine"}, {#hits, hits[1].uid})
  end)

  it("goes by the namespace, whatever the header says, and has one for each organisation of the asker's", function()
    ask("POST", "/api/orgs", {body = {name = "Two"}})
    ask("POST", "/api/dashboards/db", {body = {dashboard = {uid = "two", title = "Two"}}, org = 2})
    assert.same({"two"}, names(select(2, ask("GET", path_of(nil, "org-2"), {org = 1}))))
    assert.same({}, names(select(2, ask("GET", path_of(), {org = 2}))))
    for _, namespace in ipairs {"org-1", "org-99", "nope"} do
      local code, answer = ask("GET", path_of(nil, namespace))
      assert.same({500, "namespace mismatch"}, {code, answer.message})
    end
    local code, answer = ask("GET", path_of(nil, "org-2"), user("vi", "Viewer"))
    assert.same({403, "Forbidden"}, {code, answer.reason})
    assert.matches('User "vi" cannot list resource "dashboards" .* "org%-2": invalid org', answer.message)
  end)

  it("lets a token into its own organisation only", function()
    ask("POST", "/api/orgs", {body = {name = "Two"}})
    local _, account = ask("POST", "/api/serviceaccounts", {body = {name = "r", role = "Viewer"}, org = 2})
    local _, made = ask("POST", ("/api/serviceaccounts/%d/tokens"):format(account.id), {body = {name = "k"}, org = 2})
    assert.equal(200, (ask("GET", path_of(nil, "org-2"), {token = made.key})))
    assert.equal(200, (ask("GET", path_of(nil, "org-2"), {token = made.key, org = 1})))
    local code, answer = ask("GET", path_of(), {token = made.key})
    assert.same({401, "api-key.organization-mismatch"}, {code, answer.messageId})
    assert.equal(403, (ask("GET", path_of(nil, "nope"), {token = made.key})))
  end)

  it("gives who may see little short pages, an empty one too, and tells roles without rights no versions", function()
    local viewer, none = user("vi", "Viewer"), user("no", "None")
    for _, uid in ipairs {"a", "b", "c", "d"} do save(uid, {}) end
    for _, uid in ipairs {"a", "c", "d"} do
      ask("POST", "/api/dashboards/uid/" .. uid .. "/permissions", {body = {items = json.array {}}})
    end
    local _, first = ask("GET", path_of(nil, nil, "?limit=1"), viewer)
    assert.same({"b"}, names(first))
    local _, second = ask("GET", path_of(nil, nil, "?limit=1&continue=" .. first.metadata.continue), viewer)
    assert.same({0}, {#second.items, second.metadata.continue})
    assert.same({200, 200}, {(ask("GET", GROUP, viewer)), (ask("GET", path_of(), none))})
    local code, answer = ask("GET", GROUP, none)
    assert.same({403, "Forbidden"}, {code, answer.reason})
  end)

  it("speaks JSON, and says so to those who want something else", function()
    for accept, expected in pairs {["*/*"] = 200, ["application/json"] = 200, ["text/html, application/json"] = 200,
      [PARTIAL] = 200, ["text/html"] = 406, ["application/json;as=Nonsense"] = 406} do
      assert.equal(expected, (ask("GET", path_of(), {headers = {accept = accept}})), accept)
    end
    local code, _, text, headers = ask("GET", "/apis/nothing.grafana.app")
    assert.same({404, "404 page not found\n", "text/plain; charset=utf-8"}, {code, text, headers["content-type"]})
    assert.equal("NotFound", select(2, ask("GET", path_of "v9")).reason)
  end)

  it("lays its answers out for browsers and curl, and for `pretty`", function()
    save("a", {title = 'q"{[,:\\', panels = json.array {}, list = json.array {1, 2}})
    local _, plain = ask("GET", path_of())
    for agent, laid in pairs {["curl/8.5"] = true, ["Wget/1.2"] = true, ["Mozilla/5.0 (X)"] = true, other = false} do
      local _, list, text = ask("GET", path_of(), {headers = {["user-agent"] = agent}})
      assert.equal(laid, text:find('^{\n  "kind": "DashboardList",\n  "apiVersion"') ~= nil, agent)
      assert.same(plain, list)
      _, _, text = ask("GET", path_of(nil, nil, "?pretty=0"), {headers = {["user-agent"] = agent}})
      assert.is_nil(text:find "\n .")
    end
    assert.truthy(select(3, ask("GET", path_of(nil, nil, "?pretty=true"))):find '\n  "items": %[')
  end)
end)
