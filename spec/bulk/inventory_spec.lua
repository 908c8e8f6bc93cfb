-- SPDX-License-Identifier: MIT
-- luacheck: no max line length
-- inventory: what there is, what uses what, what nothing uses, what is named and not there; as table, text, CSV, page.

package.path = "./?.lua;./?/init.lua;" .. package.path

local bulk = require "grafana.bulk"
local grafana = require "grafana"
local html = require "grafana.bulk.inventory_html"
local inventory = require "grafana.bulk.inventory"
local odd = require "spec.support.odd_dashboards"
local page = require "grafana.bulk.inventory_page"
local rows = require "grafana.bulk.inventory_rows"
local standin = require "spec.standin"
local world = require "spec.support.datasource_world"

local check, array = grafana.check, grafana.array

local function raw(value) return grafana.decode(grafana.encode(value), {raw = true}) end

-- A result without a server: `fill(org)` adds what there is in its only organisation.
local function made(fill, fields)
  local lists = rows.lists()
  local org = rows.org(lists, "Main Org.", 1)
  fill(org)
  org:finish()
  local server = {g = {_core = {url = function() return "https://grafana.example.org" end}}, version = "12.4.3"}
  local r = inventory.result_of {lists = lists, source = {server = server}}
  for name, value in pairs(fields or {}) do r[name] = value end
  return r
end

local function whole(org)
  for _, kind in ipairs {"folders", "library_panels", "dashboards", "alert_rules"} do org:is_whole(kind) end
end

local function dashboard(uid, title, panels, more)
  local value = {metadata = {name = uid, annotations = {}}, spec = {title = title, panels = array(panels)}}
  for name, each in pairs(more or {}) do value.spec[name] = each end
  return raw(value)
end

-- The rows of a list in which `key` is `value`.
local function find(list, key, value)
  local found = {}
  for _, row in ipairs(list) do
    if row[key] == value then found[#found + 1] = row end
  end
  return found
end

local function names(list, key)
  local found = {}
  for i, row in ipairs(list) do found[i] = row[key] end
  return found
end

for _, personality in ipairs {"12.4.3", "9.3.2"} do
  describe("inventory of " .. personality .. ",", function()
    local server, g, other, r
    local has_v2 = personality == "12.4.3"

    setup(function()
      server = standin.start {personality = personality}
      server:set {alertmanager_after = 0}
      g = grafana.connect(server.url, {"admin", "admin"}, {backoff_ms = {1, 20, 2.0}})
      world.fill(g, 1, {has_v2 = has_v2})
      other = check(g:create_org("Other")).id
      check(g:update_or_create_dashboard(1, {uid = "broken", title = "Broken", schemaVersion = 39, panels = array {
        {id = 1, type = "stat", title = "a", datasource = {type = "loki", uid = "gone"}},
        {id = 2, type = "stat", title = "b", datasource = "Gone by name", targets = array {{datasource = {uid = "gone"}}}},
        {id = 3, title = "c", libraryPanel = {uid = "no-such", name = "Gone"}},
        {id = 4, type = "dashlist", title = "d", options = {folderUID = "no-folder"}},
      }}))
      check(g:update_or_create_dashboard(other, {uid = "objects", title = "Elsewhere", panels = array {
        {id = 1, type = "stat", title = "a", datasource = {type = "prometheus", uid = "old"}},
      }}))
      check(g:create_user {login = "eve", email = "eve@example.org", name = "Eve", password = "eve-pass-1"})
      r = bulk.inventory(g)
    end)
    teardown(function()
      g:close()
      server:stop()
    end)

    it("all is there, and counted", function()
      assert.is_true(r.ok, tostring(r))
      assert.same({"Main Org.", "Other"}, names(r.organisations, "name"))
      assert.equal(has_v2 and 8 or 7, #r.dashboards)
      assert.equal(4, #r.datasources)
      assert.equal(2, #r.library_panels)
      assert.equal(1, #r.alert_rules)
      assert.same({"top"}, names(r.folders, "uid"))
      local main = r.organisations[1]
      assert.same({has_v2 and 7 or 6, 4, 2, 1}, {main.dashboards, main.datasources, main.library_panels, main.alert_rules})
      assert.equal(#r.panels, main.panels + r.organisations[2].panels)
      assert.equal(personality, r.grafana)
    end)

    it("panels in rows and tabs are panels, and say what they use", function()
      local panels = find(r.panels, "dashboard", "objects")
      assert.same({"One", "Two", "Old one", "a"}, names(panels, "title"))
      assert.equal("Old one, Logs", panels[1].datasource)
      assert.equal("Old one", panels[2].datasource)
      assert.is_nil(panels[3].datasource)   -- a text that looks alike
      if has_v2 then assert.equal("Old one", find(r.panels, "dashboard", "tabbed")[1].datasource) end
    end)

    it("what uses what is known, and in which panels", function()
      local uses = find(find(r.uses, "key", "old"), "org", "Main Org.")
      local by = {}
      for _, use in ipairs(uses) do by[use.by .. "/" .. use.by_key] = use end
      assert.same({1, 3}, by["dashboards/objects"].panels)
      assert.equal(3, by["dashboards/objects"].count)
      assert.same({1, 2}, by["dashboards/strings"].panels)
      assert.is_nil(by["dashboards/variables"].panels)   -- it is variables and annotations that name it
      assert.truthy(by["library_panels/shared"])
      assert.truthy(by["alert_rules/rule"])
      assert.is_nil(by["dashboards/innocent"])
      local old = find(r.datasources, "uid", "old")[1]
      assert.same({has_v2 and 4 or 3, 1, 1}, {old.dashboards, old.library_panels, old.alert_rules})
      assert.equal("library", find(r.uses, "key", "shared")[1].by_key)
    end)

    it("what nothing names is unused, but for the default data source", function()
      assert.same({"New one", "Spare", "Lonely"}, names(r.unused, "title"))
      assert.equal(1, r.unused[1].choices)   -- a variable lets choose among data sources of its type
      assert.is_nil(r.unused[2].choices)
    end)

    it("what is named and not there is broken, in its own organisation", function()
      local found = {}
      for _, row in ipairs(r.broken) do found[row.org .. " " .. row.kind .. " " .. row.key] = row end
      assert.same({1, 2}, found["Main Org. datasources gone"].panels)
      assert.equal("Broken", found["Main Org. datasources Gone by name"].by_title)
      assert.truthy(found["Main Org. library_panels no-such"])
      assert.truthy(found["Main Org. folders no-folder"])
      assert.truthy(found["Other datasources old"])
      assert.equal(5, #r.broken)
    end)

    it("only the organisations that are asked for are read", function()
      local only = bulk.inventory(g, {orgs = {"Other"}})
      assert.same({"Other"}, names(only.organisations, "name"))
      assert.equal(1, #only.dashboards)
    end)

    it("an account that may not see everything is not told that things are broken, or unused", function()
      local eve = grafana.connect(server.url, {"eve", "eve-pass-1"})
      local seen = bulk.inventory(eve)
      eve:close()
      assert.same({}, seen.unused)
      assert.same({}, find(seen.broken, "kind", "folders"))
      assert.truthy(seen.partial)
      assert.matches("may not see everything", tostring(seen))
    end)

    it("what cannot be read is told, and the rest is there", function()
      local path = has_v2 and "^/apis/dashboard.grafana.app" or "^/api/dashboards/uid/strings$"
      server:fault {kind = "status", code = 500, body = '{"message":"no"}', path = path .. (has_v2 and ".*org%-" or ""),
        times = 0}
      local seen = bulk.inventory(g)
      server:clear_faults()
      assert.is_false(seen.ok)
      assert.is_true(#seen.failed > 0)
      assert.equal("dashboards", seen.failed[1].kind)
      assert.equal(4, #seen.datasources)
      assert.matches("could not be read", tostring(seen))
    end)

    it("where nobody answers it is one all the same, and says why", function()
      local nobody = grafana.connect("http://127.0.0.1:1", {"admin", "admin"}, {max_retries = 0})
      local seen = bulk.inventory(nobody)
      nobody:close()
      assert.equal("connection-refused", seen.status)
      assert.same({}, seen.organisations)
      assert.matches("connection%-refused", seen:text())
      assert.matches("<!DOCTYPE", seen:html())
    end)

    it("progress is told, and an unknown option raises", function()
      local told = 0
      bulk.inventory(g, {on_progress = function() told = told + 1 end})
      assert.is_true(told > 8)
      assert.error_matches(function() bulk.inventory(g, {org = "Other"}) end, "orgs")
      assert.error_matches(function() bulk.inventory() end, "client")
    end)

    it("the forms agree: text, CSV and page hold every title", function()
      local text, shown = r:text(), r:html()
      for _, row in ipairs(r.dashboards) do
        assert.truthy(text:find(row.title, 1, true))
        assert.truthy(shown:find(row.title, 1, true))
      end
      local _, lines = r:csv("panels"):gsub("\r\n", "")
      assert.equal(#r.panels + 1, lines)
    end)
  end)
end

describe("an inventory", function()
  it("says nothing of what is unused where rules could not be read", function()
    local r = made(function(org)
      org:datasources({{uid = "a", name = "A", type = "x"}}, true)
      org:is_whole "dashboards"
      org:is_whole "library_panels"
    end)
    assert.same({}, r.unused)
  end)

  it("says nothing of what is broken where data sources could not be read", function()
    local r = made(function(org) org:dashboard(dashboard("d", "D", {{id = 1, datasource = {uid = "a"}}})) end)
    assert.same({}, r.broken)
    assert.equal("a", r.uses[1].key)
    assert.is_nil(r.uses[1].title)
  end)

  it("knows data sources by uid first, then by name, in either form", function()
    local r = made(function(org)
      org:datasources({{uid = "a", name = "b", type = "x"}, {uid = "b", name = "c", type = "x"}}, true)
      whole(org)
      org:dashboard(dashboard("d", "D", {{id = 1, datasource = "b"}, {id = 2, datasource = {uid = "c"}}}))
    end)
    assert.same({}, r.broken)
    assert.equal(1, #r.uses)
    assert.equal("b", r.uses[1].key)
    assert.same({1, 2}, r.uses[1].panels)
    assert.same({"a"}, names(r.unused, "key"))
  end)

  it("a data source that only another one names is used; one that names itself is not", function()
    local r = made(function(org)
      org:datasources({
        {uid = "a", name = "A", type = "tempo", jsonData = {tracesToLogsV2 = {datasourceUid = "b"}, serviceMap =
          {datasourceUid = "a"}}},
        {uid = "b", name = "B", type = "loki", jsonData = {}},
      }, true)
      whole(org)
    end)
    assert.same({"A"}, names(r.unused, "title"))
    assert.equal("datasources", r.uses[1].by)
  end)

  it("what a variable offers by a type's old name counts for its new one", function()
    local r = made(function(org)
      org:datasources({{uid = "a", name = "A", type = "grafana-postgresql-datasource"}}, true)
      whole(org)
      org:dashboard(dashboard("d", "D", {}, {templating = {list = array {{type = "datasource", query = "postgres"}}}}))
    end)
    assert.equal(1, r.unused[1].choices)
  end)

  it("a rule about a dashboard that is gone is broken", function()
    local r = made(function(org)
      whole(org)
      org:rule_group(raw {folderUid = "f", title = "g", rules = {{uid = "r", title = "R", data = array {},
        annotations = {__dashboardUid__ = "none"}}}})
    end)
    assert.same({"dashboards", "none", "R"}, {r.broken[1].kind, r.broken[1].key, r.broken[1].by_title})
  end)

  it("takes any dashboard that a server takes", function()
    local r = made(function(org)
      whole(org)
      for _, each in ipairs(odd) do
        local value = assert(grafana.decode('{"metadata":{"name":"x"},"spec":' .. each.spec .. "}", {raw = true}))
        value:set(each.uid, "metadata", "name")
        org:dashboard(value)
      end
    end)
    assert.equal(#odd, #r.dashboards)
    for _, form in ipairs {r:text(), r:html(), r:csv "panels", r:csv "dashboards", r:text "panels", tostring(r)} do
      assert.equal("string", type(form))
      assert.is_nil(form:find "[%z\1-\9\11\12\14-\31\127]")
    end
  end)

  it("is in the same order whatever came first", function()
    local function filled(order)
      return made(function(org)
        for _, i in ipairs(order) do
          org:dashboard(dashboard("d" .. i, "Board " .. i, {{id = 1, title = "p" .. i, datasource = {uid = "a"}}}))
        end
      end)
    end
    local one, other = filled {1, 2, 10}, filled {10, 1, 2}
    assert.same({"Board 1", "Board 2", "Board 10"}, names(one.dashboards, "title"))
    for _, name in ipairs {"dashboards", "panels", "uses"} do assert.equal(one:csv(name), other:csv(name)) end
  end)
end)

describe("an inventory as CSV", function()
  local HEADS = {
    ["=1+1"] = "'=1+1", ["+1"] = "'+1", ["-1"] = "'-1", ["@x"] = "'@x", ["\tx"] = "'\tx",
    ['say "hi"'] = '"say ""hi"""', ["a,b"] = '"a,b"', ["a\nb"] = '"a\nb"', ["\r=1"] = '"\'\r=1"', plain = "plain",
    ['=a,"b"'] = '"\'=a,""b"""', [" =1"] = " =1",
  }

  it("has cells as RFC 4180 says, and none that a spreadsheet takes for a formula", function()
    local cell = require("grafana.bulk.inventory_csv").cell
    for text, expected in pairs(HEADS) do assert.equal(expected, cell(text)) end
    assert.equal("-5", cell(-5))
    assert.equal("1.5", cell(1.5))
    assert.equal("3202576570126336", cell(3202576570126336))
  end)

  it("has the columns of each table", function()
    local r = made(function(org) org:dashboard(dashboard("d", "=D", {{id = 7, title = "T, t", type = "stat"}})) end)
    assert.equal("Organisation,Dashboard,Uid of the dashboard,Panel,Title,Type,Data sources,Library panel\r\n"
      .. "Main Org.,'=D,d,7,\"T, t\",stat,,\r\n", r:csv "panels")
    assert.matches("^Organisation,Kind,Title,Uid,Used by", r:csv())
    assert.error_matches(function() r:csv "panel" end, "panels")
    assert.error_matches(function() r:text "panel" end, "panels")
  end)
end)

describe("an inventory as text", function()
  it("has aligned columns, and nothing that a terminal obeys", function()
    local r = made(function(org)
      org:dashboard(dashboard("d1", "\27[31mred\7", {}))
      org:dashboard(dashboard("d2", "日本", {}))
    end)
    local text = r:text "dashboards"
    assert.is_nil(text:find "[%z\1-\9\11-\31]")
    local places = {}
    for line in text:gmatch "[^\n]+" do
      local before = line:match "^(.-)d%d "
      if before then places[#places + 1] = require("grafana.bulk.show").columns(before) end
    end
    assert.equal(2, #places)
    assert.equal(places[1], places[2])
  end)
end)

describe("an inventory as a page", function()
  local HOSTILE = '<script>alert(1)</script><img src=x onerror=alert(1)> "\' ]]> --> &amp; \27[0m\0 \226\128\174evil'

  local function hostile()
    return made(function(org)
      org:folder {uid = HOSTILE, title = HOSTILE}
      org:datasources({{uid = HOSTILE, name = HOSTILE, type = HOSTILE}}, true)
      whole(org)
      org:library_panel(raw {uid = HOSTILE .. "l", name = HOSTILE, folderUid = HOSTILE, model = {type = HOSTILE}})
      org:dashboard(dashboard(HOSTILE, HOSTILE, {{id = HOSTILE, title = HOSTILE, type = HOSTILE,
        datasource = {uid = HOSTILE}}, {id = 2, datasource = {uid = HOSTILE .. "gone"}}}, {tags = array {HOSTILE}}))
      org:rule_group(raw {folderUid = HOSTILE, title = HOSTILE, rules = {{uid = HOSTILE, title = HOSTILE, data = array {}}}})
    end, {server = 'javascript:alert(1)//"<b>', partial = HOSTILE, account = HOSTILE,
      failed = {{kind = HOSTILE, key = HOSTILE, title = HOSTILE, status = HOSTILE, message = HOSTILE}}})
  end

  it("escapes everything that a server says", function()
    local shown = hostile():html()
    local without = shown:gsub("<script>.-</script>", "", 1)   -- its own
    assert.is_nil(without:find("<script", 1, true))
    assert.is_nil(without:find("<img", 1, true))
    assert.is_nil(without:find "[%z\1-\9\11-\31\127]")
    for attribute in without:gmatch '<a[^>]-href="([^"]*)"' do
      assert.is_nil(attribute:find "[<>'%s]")
      assert.matches("^#", attribute)   -- the server's address is none
    end
    for tag in without:gmatch "<(%a+)" do
      assert.truthy(({html = 1, head = 1, meta = 1, title = 1, style = 1, body = 1, header = 1, main = 1, footer = 1,
        section = 1, div = 1, p = 1, h = 1, a = 1, b = 1, i = 1, span = 1, small = 1, bdi = 1, code = 1, table = 1,
        caption = 1, thead = 1, tbody = 1, tr = 1, th = 1, td = 1, details = 1, summary = 1, ul = 1, li = 1, input = 1,
        output = 1, br = 1})[tag], tag)
    end
  end)

  it("leads to the objects on the server, whatever their uids hold", function()
    local r = made(function(org) org:dashboard(dashboard('a"/b?c', "D", {})) end)
    assert.truthy(r:html():find('href="https://grafana.example.org/d/a%22%2Fb%3Fc?orgId=1"', 1, true))
  end)

  it("needs no network, and lets no script run but its own", function()
    local shown = hostile():html()
    for _, word in ipairs {" src=", "@import", "url(", "<link", "<iframe", "fetch(", "XMLHttpRequest", "innerHTML", "eval("} do
      assert.is_nil(shown:gsub("onerror=alert", ""):gsub("&lt;img src=x", ""):find(word, 1, true), word)
    end
    assert.truthy(shown:find("default-src 'none'", 1, true))
    assert.truthy(shown:find("script-src 'sha256-" .. page.script_hash() .. "'", 1, true))
  end)

  it("names its script by the digest that it has", function()
    local bytes = require("grafana.core").files.sha256(page.SCRIPT):gsub("%x%x", function(pair)
      return string.char(tonumber(pair, 16))
    end)
    assert.equal((require("mime").b64(bytes)), page.script_hash())
  end)

  it("is whole without a script: all rows are in it", function()
    local r = made(function(org)
      for i = 1, 250 do org:dashboard(dashboard("d" .. i, "Board " .. i, {{id = 1, title = "Panel of " .. i}})) end
    end)
    local shown = r:html()
    for i = 1, 250 do assert.truthy(shown:find("Panel of " .. i .. "<", 1, true)) end
  end)

  it("closes every element that it opens", function()
    local shown = hostile():html():gsub("<script>.-</script>", ""):gsub("<style>.-</style>", "")
    local open = {}
    for slash, tag in shown:gmatch "<(/?)(%a%w*)" do
      if slash == "/" then
        assert.equal(table.remove(open), tag)
      elseif not ({meta = 1, input = 1, br = 1})[tag] then
        open[#open + 1] = tag
      end
    end
    assert.same({}, open)
  end)

  it("leads nowhere on itself where nothing is", function()
    local shown = hostile():html()
    for place in shown:gmatch 'href="#([^"]+)"' do assert.truthy(shown:find('<section id="' .. place .. '"', 1, true), place) end
  end)

  it("groups thousands", function()
    local many = {}
    for i = 1, 1234 do many[i] = {id = i} end
    assert.truthy(made(function(org) org:dashboard(dashboard("d", "D", many)) end):html():find("1\226\128\175234", 1, true))
    assert.equal("1&lt;2", html.escaped "1<2")
  end)
end)

describe("an inventory in a file", function()
  it("is a page, CSV or text, as the path ends", function()
    local r = made(function(org) org:dashboard(dashboard("d", "D", {})) end)
    local name = os.tmpname()
    for extension, begins in pairs {html = "^<!DOCTYPE html>", HTM = "^<!DOCTYPE", csv = "^Organisation,", txt = "^inventory"} do
      local path = name .. "." .. extension
      assert.equal(path, r:save(path))
      local file = assert(io.open(path, "rb"))
      assert.matches(begins, file:read "*a")
      file:close()
      os.remove(path)
    end
    os.remove(name)
    assert.error_matches(function() r:save "x.pdf" end, "html")
    assert.error_matches(function() r:save "/nowhere/x.html" end, "nowhere")
  end)
end)
