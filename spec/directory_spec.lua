-- SPDX-License-Identifier: MIT
-- The parts of examples/openresty that need no nginx: escaping, filtering, links, reading, the page as text.

package.path = "./?.lua;./?/init.lua;./examples/openresty/lua/?.lua;" .. package.path

local grafana = require "grafana"
local filter = require "directory.filter"
local gather = require "directory.gather"
local html = require "directory.html"
local page = require "directory.page"

local HOSTILE = {
  "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onmouseover='alert(1)", "</script>", "<!--", "]]>",
  "` onclick=alert(1)", "&lt;script&gt;", "{{template}}", "{title}", "\226\128\174txt.exe", "a\0b\27[2Jc\127\194\133d",
  ("x"):rep(6000),
}

describe("directory.html", function()
  it("escapes what could end a text or an attribute", function()
    assert.equal("&lt;a href=&quot;x&quot;&gt;&amp;amp;&#39;&#96;", html.escape [[<a href="x">&amp;'`]])
  end)

  it("takes no control for text", function()
    assert.equal("a\239\191\189b c\239\191\189d\239\191\189", html.escape "a\0b\nc\27d\194\159")
    assert.equal("é", html.escape "é")
  end)

  it("escapes every value and nothing that a template made", function()
    local outer = html.template [[<p title="{a}">{b}</p>]]
    local inner = html.template [[<i>{x}</i>]]
    assert.equal([[<p title="&lt;&quot;"><i>&amp;</i>1<i>&gt;</i></p>]],
      tostring(outer {a = '<"', b = {inner {x = "&"}, 1, false, inner {x = ">"}}}))
  end)

  it("does not look for values in values", function()
    local made = html.template "{a}" {a = "{b} {{c}} %1 %a"}
    assert.equal("{b} {{c}} %1 %a", tostring(made))
  end)

  it("does not trust a table that looks like its own", function()
    assert.equal("&lt;b&gt;", tostring(html.template "{a}" {a = {"<b>"}}))
    assert.is_false(html.is_made {"<b>"})
  end)

  it("raises for a value that was not given, and for one that is no text", function()
    assert.error_matches(function() html.template "{title}" {titel = "x"} end, "'title' is a nil")
    assert.error_matches(function() html.template "{a}" {a = print} end, "'a' is a function")
    assert.error_matches(function() html.template "{a" end, "a brace that is no value")
  end)
end)

describe("directory.filter", function()
  local dashboard = {
    title = "Ünïcode ÅNGSTRÖM", folder = "Ops", tags = {"Prod", "db"},
    panels = {
      {title = "CPU usage", type = "timeseries"}, {title = "", type = "stat"}, {title = "Disk", type = "gauge"},
    },
  }
  local function matches(query) return filter.matches(filter.read(query), dashboard) end

  it("asks for nothing where nothing is given", function()
    for _, query in ipairs {{}, {q = ""}, {q = "  "}, {q = true}, {x = "y"}, {tag = "", org = ""}} do
      assert.is_false(filter.read(query))
    end
  end)

  it("finds each word somewhere: title, folder, tags, panels", function()
    assert.same({}, matches {q = "ops  PROD"})
    assert.same({[1] = true}, matches {q = "ops cpu"})
    assert.same({[1] = true, [3] = true}, matches {q = "cpu gauge"})
    assert.same({[2] = true}, matches {q = "untitled"})
    assert.is_nil(matches {q = "cpu nowhere"})
  end)

  it("takes words as they are, no patterns", function()
    for _, q in ipairs {"%w", ".", "c.u", "[", "^cpu", "*"} do assert.is_nil(matches {q = q}, q) end
  end)

  it("knows small letters beyond ASCII", function()
    assert.equal("äöüéñøþ ÿ", filter.lower "ÄÖÜÉÑØÞ Ÿ")
    assert.equal("łżžňćđŀ", filter.lower "ŁŻŽŇĆĐĿ")
    assert.equal("αβγω ажя ёђџ", filter.lower "ΑΒΓΩ АЖЯ ЁЂЏ")
    assert.equal("×÷ß日本🎛", filter.lower "×÷ß日本🎛")
    assert.same({}, matches {q = "ångström üNÏ"})
  end)

  it("compares a tag as a whole", function()
    assert.same({}, matches {tag = "Prod"})
    assert.is_nil(matches {tag = "prod"})
    assert.is_nil(matches {tag = "Pro"})
    assert.is_nil(matches {tag = "db", q = "nowhere"})
  end)

  it("takes the first of several and cuts what is too long", function()
    assert.same({"a"}, filter.read({q = {"A", "b"}}).words)
    assert.equal(200, #filter.read({q = ("x"):rep(5000)}).q)
  end)

  it("compares organisations by id", function()
    assert.is_true(filter.matches_org(filter.read {org = "2"}, {id = 2}))
    assert.is_false(filter.matches_org(filter.read {org = "2"}, {id = 22}))
    assert.is_true(filter.matches_org(filter.read {org = "own"}, {}))
    assert.is_true(filter.matches_org(filter.read {q = "x"}, {id = 1}))
  end)
end)

describe("links into Grafana", function()
  local function link(path, uid, org) return gather.link("https://g.example/sub", path, uid or "u1", org) end

  it("are below the operator's address, whatever sub-path the server says", function()
    assert.equal("https://g.example/sub/d/u1/a-slug?orgId=2", link("/d/u1/a-slug", "u1", 2))
    assert.equal("https://g.example/sub/d/u1/a-slug", link("/sub/d/u1/a-slug"))
    assert.equal("https://g.example/sub/d/u1", link("/d/u1"))
    assert.equal("https://g.example/sub/d/d/d", link("/d/d/d", "d"))
  end)

  it("are made of the uid where the server's path is no path of that dashboard", function()
    for _, path in ipairs {
      "javascript:alert(1)", "javascript:/d/u1x/", "//evil.example/d/u2/x", "https://evil.example/", "", "/d/other/u",
      "/d/u1/../../logout", "/d/u1/x?y=<script>", '/d/u1/"><script>', "/d/u1/x#y", "/logout", "/d/u1/a b", "/d/u1\0/x",
    } do
      assert.equal("https://g.example/sub/d/u1", link(path), path)
    end
  end)

  it("hold a strange uid percent-encoded", function()
    assert.equal("https://g.example/sub/d/..%2F..%2Flogout%3F%22%3E", link("/d/x", '../../logout?">'))
  end)
end)

-- A client that answers from a table: {orgs, search, listed}, results by organisation.
local function fake_client(answers)
  local function result(value) return value or {ok = false, status = "error", message = "not in this test"} end
  return {
    get_orgs = function() return result(answers.orgs) end,
    get_current_org = function() return result(answers.current) end,
    search = function(_, org) return result(answers.search[org]) end,
    get_org_dashboards = function(_, org) return result(answers.listed[org]) end,
  }
end

local function read(answers, before)
  return gather.read {client = fake_client(answers), base = "http://g", now = 100, rest = function() end,
    before = function() return before end}
end

local function one_org(dashboards, hits)
  return {
    orgs = {ok = true, orgs = {{id = 1, name = "A"}}}, search = {{ok = true, hits = hits or {}}},
    listed = {{ok = true, dashboards = dashboards}},
  }
end

describe("directory.gather", function()
  it("joins panels with tags and folders, sorted by folder and title", function()
    local data = read(one_org({
      {uid = "b", title = "b", url = "/d/b/b", panels = {{id = 1, title = "P", type = "stat", ds_id = "b"}}},
      {uid = "c", title = "a", url = "/d/c/a", panels = {}}, {uid = "r", title = "z", url = "/d/r/z", panels = {}},
    }, {{uid = "b", tags = {"t"}, folderTitle = "F"}, {uid = "c", tags = {}, folderTitle = "F"}}))
    local list = data.orgs[1].dashboards
    assert.same({"r", "c", "b"}, {list[1].uid, list[2].uid, list[3].uid})
    assert.same({uid = "b", title = "b", url = "http://g/d/b/b?orgId=1", folder = "F", tags = {"t"},
      panels = {{id = 1, title = "P", type = "stat"}}}, list[3])
    assert.same({orgs = 1, dashboards = 3, panels = 1, failed = 0, unreadable = 0}, gather.count(data))
  end)

  it("takes what is no text for no title, and no number for no id", function()
    local data = read(one_org({{uid = "a", title = grafana.null, url = 5, panels = {
      {id = "x", title = {1}, type = grafana.null}, {id = 1.5, title = 12, type = "a\0b"}, {},
    }}}, {{uid = "a", tags = {"", 7, "  ", {}, "t\n2"}, folderTitle = grafana.null}}))
    local dashboard = data.orgs[1].dashboards[1]
    assert.same({"7", "t 2"}, dashboard.tags)
    assert.same({{title = "", type = ""}, {title = "12", type = "a\239\191\189b"}, {title = "", type = ""}},
      dashboard.panels)
    assert.is_nil(dashboard.folder)
    assert.equal("", dashboard.title)
  end)

  it("names the dashboards that could not be read", function()
    local answers = one_org({}, {{uid = "a", title = "A <b>", url = "/d/a/a-b", tags = {}}})
    answers.listed[1].failed = {{uid = "a", status = "error", message = "HTTP 500"}, {uid = "x", status = "error"}}
    assert.same({
      {uid = "a", title = "A <b>", url = "http://g/d/a/a-b?orgId=1", status = "error", message = "HTTP 500"},
      {uid = "x", title = "", url = "http://g/d/x?orgId=1", status = "error", message = ""},
    }, read(answers).orgs[1].failed)
  end)

  local two = {
    orgs = {ok = true, orgs = {{id = 2, name = "b"}, {id = 1, name = "A"}}},
    search = {{ok = true, hits = {}}, {ok = true, hits = {}}},
    listed = {{ok = true, dashboards = {}}, {ok = false, status = "access-denied", message = "no"}},
  }

  it("says which organisation could not be read and keeps what was read of it before", function()
    local before = {orgs = {{id = 2, name = "b", read = 50, dashboards = {{uid = "old"}}, failed = {}}}}
    local org = read(two, before).orgs[2]
    assert.same({since = 100, status = "access-denied", message = "no"}, org.problem)
    assert.equal(50, org.read)
    assert.same({{uid = "old"}}, org.dashboards)
  end)

  it("says since when, for as long as the reason is the same", function()
    local problem = {since = 7, status = "access-denied", message = "no"}
    local before = {orgs = {{id = 2, dashboards = {}, failed = {}, problem = problem}}}
    assert.equal(7, read(two, before).orgs[2].problem.since)
    problem.message = "other"
    assert.equal(100, read(two, before).orgs[2].problem.since)
  end)

  it("has read nothing where no organisation can be read", function()
    local data, failure = read {orgs = two.orgs, search = {}, listed = {}}
    assert.is_nil(data)
    assert.equal("not in this test", failure.message)
  end)

  it("falls back to the one organisation of a token, and says so", function()
    local denied = {ok = false, status = "access-denied", reason = "forbidden", message = "no"}
    local answers = one_org {{uid = "a", title = "a", url = "/d/a/a", panels = {}}}
    answers.orgs, answers.current = denied, {ok = true, org = {id = 1, name = "Own"}}
    local data = read(answers)
    assert.is_true(data.single)
    assert.equal("Own", data.orgs[1].name)
    assert.equal("http://g/d/a/a?orgId=1", data.orgs[1].dashboards[1].url)

    answers.current = denied
    answers.search[grafana.own], answers.listed[grafana.own] = answers.search[1], answers.listed[1]
    data = read(answers)
    assert.equal("", data.orgs[1].name)
    assert.equal("http://g/d/a/a", data.orgs[1].dashboards[1].url)
  end)

  it("does not fall back where the credentials are wrong", function()
    local answers = one_org {}
    answers.orgs = {ok = false, status = "access-denied", reason = "bad-credentials", message = "wrong"}
    local data, failure = read(answers)
    assert.is_nil(data)
    assert.equal("wrong", failure.message)
  end)

  it("cuts a message that is endless, between two letters", function()
    local problem = gather.problem({status = "error", message = ("é"):rep(2000)}, nil, 1)
    assert.is_true(#problem.message < 1010)
    assert.is_truthy(grafana.encode(problem))
  end)
end)

local function render(data, more)
  local view = {title = "Dashboards", version = "1", data = data, counts = data and gather.count(data), read = 1,
    rest = function() end}
  for name, value in pairs(more or {}) do view[name] = value end
  local out = {}
  page.render(view, function(text) out[#out + 1] = text end)
  return table.concat(out)
end

-- What a template of ours may open; every other tag is a stranger's.
local OURS = {}
for name in ([[html head meta title link script body a header div h1 p time form label input select option button main
  section h2 bdi small span h3 ul li details summary ol i strong footer]]):gmatch "%S+" do OURS[name] = true end

local function strange_tags(text)
  for tag, rest in text:gmatch "<(%a[%w]*)([^>]*)>" do
    if not OURS[tag] then return tag end
    local names = rest:gsub('"[^"]*"', "")
    if names:find "%son%a+%s*=" or names:find "style%s*=" then return tag .. rest end
    if tag == "script" and not rest:find '^ src="static/directory.js%?v=[%w]+" defer$' then return tag .. rest end
    local href = rest:match 'href="([^"]*)"'
    if href and not (href:find "^http://g/d/" or href:find "^static/" or href:find "^%?tag=" or href == "./" or
        href == "#main" or href == "directory.json") then
      return tag .. rest
    end
  end
end

describe("directory.page", function()
  it("holds no tag, attribute or address of a stranger, wherever a title may stand", function()
    for _, title in ipairs(HOSTILE) do
      local data = read(one_org(
        {{uid = "a", title = title, url = title, panels = {{id = 1, title = title, type = title}, {title = title}}}},
        {{uid = "a", tags = {title}, folderTitle = title}}))
      local org = data.orgs[1]
      org.name, org.problem = title, {since = 1, status = "error", message = title}
      org.failed = {{uid = title, title = title, url = "http://g/d/x", status = "error", message = title}}
      for _, wanted in ipairs {false, filter.read {q = title, tag = title, org = title}} do
        local text = render(data, {wanted = wanted, problem = {since = 1, status = "error", message = title}})
        assert.is_nil(strange_tags(text), title)
        assert.is_nil(text:find "[%z\1-\8\11-\31\127]", title)
      end
    end
  end)

  it("finds what the test looks for", function()
    assert.equal("img", strange_tags '<p><img src="x">')
    assert.is_truthy(strange_tags '<a href="javascript:alert(1)">')
    assert.is_truthy(strange_tags '<p onclick="x">')
    assert.is_truthy(strange_tags "<script>")
  end)

  it("shows only what is asked for, and the panels that are the reason", function()
    local data = read(one_org {
      {uid = "a", title = "Alpha", url = "/d/a/a", panels = {
        {id = 1, title = "CPU", type = "stat"}, {id = 2, title = "Disk", type = "x"},
      }},
      {uid = "b", title = "Beta", url = "/d/b/b", panels = {}},
    })
    local text = render(data, {wanted = filter.read {q = "disk"}})
    assert.is_nil(text:find("Beta", 1, true))
    for _, part in ipairs {
      ">Alpha</a>", "1 of 2 dashboards", "<details open data-opened><summary>1 of 2 panels</summary>",
      '<li class="hit"><a dir="auto" href="http://g/d/a/a?orgId=1&amp;viewPanel=2">Disk</a>',
    } do
      assert.is_truthy(text:find(part, 1, true), part)
    end
  end)

  it("shows what was asked for even where there is no such thing", function()
    local text = render(read(one_org {}), {wanted = filter.read {tag = "gone", org = "9"}})
    assert.is_truthy(text:find('<option value="gone" selected>gone (0)</option>', 1, true))
    assert.is_truthy(text:find('<option value="9" selected>9 (unknown)</option>', 1, true))
    assert.is_truthy(text:find('<p id="none">No dashboard matches', 1, true))
  end)

  it("says what failed, since when, and of when the rest is", function()
    local text = render(read(one_org {}), {problem = {since = 60, status = "timeout", message = "no answer"}})
    assert.is_truthy(text:find("Grafana could not be read:</strong> <bdi>no answer</bdi>", 1, true))
    assert.is_truthy(text:find('Since <time datetime="1970-01-01T00:01:00Z">1970-01-01 00:01:00 UTC</time>', 1, true))
    assert.is_truthy(text:find("What is shown was read at", 1, true))
  end)

  it("says that nothing has been read yet, or why", function()
    assert.is_truthy(render(nil):find("are being read", 1, true))
    assert.is_truthy(render(nil, {problem = {since = 1, status = "error", message = "down"}}):find("down", 1, true))
  end)

  it("groups digits", function()
    assert.equal("1 panel", page.count(1, "panel"))
    assert.equal("999 panels", page.count(999, "panel"))
    assert.equal("1,234,567 panels", page.count(1234567, "panel"))
  end)
end)
