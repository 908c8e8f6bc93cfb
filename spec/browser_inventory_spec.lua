-- SPDX-License-Identifier: MIT
-- luacheck: no max line length
-- The page of an inventory in a real browser, chromium. Its suite is `browser` of scripts/test: once is enough.

package.path = "./?.lua;./?/init.lua;" .. package.path

local grafana = require "grafana"
local inventory = require "grafana.bulk.inventory"
local rows = require "grafana.bulk.inventory_rows"
local socket = require "socket"
local webdriver = require "spec.support.webdriver"

local HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"
local MANY = 450

local function dashboard(i, title, uid)
  return grafana.decode(grafana.encode {
    metadata = {name = "uid-" .. i, annotations = {["grafana.app/folder"] = "f" .. i % 3}},
    spec = {title = title, tags = grafana.array {"team-" .. i % 5}, panels = grafana.array {
      {id = 1, title = "Latency of " .. i, type = "timeseries", datasource = {type = "prometheus", uid = uid}},
      {id = 2, title = "Errors", type = "stat", datasource = {type = "prometheus", uid = uid}},
    }},
  }, {raw = true})
end

local function made()
  local lists = rows.lists()
  local org = rows.org(lists, "Main Org.", 1)
  for i = 0, 2 do org:folder {uid = "f" .. i, title = "Folder " .. i} end
  org:datasources({
    {uid = "prom", name = "Prometheus", type = "prometheus", isDefault = true}, {uid = "few", name = "Few", type = "loki"},
    {uid = "spare", name = "Spare", type = "loki"},
  }, true)
  for _, kind in ipairs {"folders", "library_panels", "dashboards", "alert_rules"} do org:is_whole(kind) end
  for i = 1, MANY do
    local title = i == 7 and HOSTILE or "Board " .. i
    org:dashboard(dashboard(i, title, i % 50 == 0 and "few" or i == 9 and "gone" or "prom"))
  end
  org:finish()
  local server = {g = {_core = {url = function() return "https://grafana.example.org" end}}, version = "12.4.3"}
  return inventory.result_of {lists = lists, source = {server = server}}
end

-- The first words of the rows of a section that are to be seen.
local SHOWN = [[
return Array.from(document.querySelectorAll("#" + arguments[0] + " tbody > tr"))
  .filter((row) => row.getClientRects().length > 0).map((row) => row.querySelector("bdi").textContent)]]

describe("the page of an inventory in a browser", function()
  local browser, path

  setup(function()
    assert(webdriver.found(), "chromium and chromium-driver are not installed: make deps")
    path = os.tmpname()
    os.remove(path)
    path = path .. ".html"
    made():save(path)
    browser = webdriver.start()
  end)
  teardown(function()
    if browser then browser:stop() end
    os.remove(path)
  end)
  before_each(function()
    browser:devtools("Emulation.setScriptExecutionDisabled", {value = false})
    browser:devtools("Emulation.setEmulatedMedia", {media = "",
      features = {{name = "prefers-color-scheme", value = "light"}}})
    browser:devtools "Emulation.clearDeviceMetricsOverride"
    browser:log()
    browser:open("file://" .. path)
  end)

  local function run(...) return browser:run(...) end
  local function shown(section) return run(SHOWN, section) end

  local function expect(expected, get)
    local stop = socket.gettime() + 20
    local found
    repeat
      found = get()
      if pcall(assert.same, expected, found) then return end
      socket.sleep(0.02)
    until socket.gettime() > stop
    assert.same(expected, found)
  end

  local function picture(name)
    local folder = os.getenv "PICTURES"
    if folder then browser:picture(("%s/%s.png"):format(folder, name)) end
  end

  local function expect_quiet()
    assert.is_nil(browser:alert())
    local list = {}
    for i, line in ipairs(browser:log()) do list[i] = line.level .. ": " .. line.message end
    assert.same({}, list)
  end

  it("loads without a word in the console, and runs nobody's script", function()
    assert.matches("inventory", run "return document.title")
    assert.equal("sticky", run "return getComputedStyle(document.getElementById('search')).position")
    expect_quiet()
    assert.equal(HOSTILE, run [[return Array.from(document.querySelectorAll("#dashboards bdi"))
      .map((each) => each.textContent).find((text) => text.startsWith("<script"))]])
    assert.equal(0, run "return document.querySelectorAll('main script, main img').length")
    picture "inventory"
  end)

  it("asks the network for nothing", function()
    assert.equal(0, run "return performance.getEntriesByType('resource').length")
  end)

  it("shows the first rows of a long table, and all when one asks", function()
    assert.equal(200, #shown "dashboards")
    assert.equal("Show all 450", run "return document.querySelector('#dashboards button.more').textContent")
    browser:click "#dashboards button.more"
    assert.equal(MANY, #shown "dashboards")
    assert.is_false(run "return document.querySelector('#dashboards button.more').getClientRects().length > 0")
  end)

  it("finds while one types, and opens what it finds inside", function()
    browser:type("#q", "latency 123")
    expect({"Board 123"}, function() return shown "dashboards" end)
    assert.same({"Latency of 123"}, run [[return Array.from(document.querySelectorAll("#dashboards li"))
      .filter((item) => item.getClientRects().length > 0).map((item) => item.querySelector("bdi").textContent)]])
    assert.equal("1 of 450", run "return document.querySelector('#dashboards .count').textContent")
    assert.is_false(run "return document.getElementById('unused').getClientRects().length > 0")
    browser:type("#q", "\238\128\140")   -- Escape
    expect(200, function() return #shown "dashboards" end)
    assert.equal("", run "return document.getElementById('q').value")
    expect_quiet()
  end)

  it("finds what uses a data source", function()
    browser:type("#q", "board 50")
    expect({"Few"}, function() return shown "datasources" end)
    picture "inventory-search"
  end)

  it("sorts by a column, and says so", function()
    browser:click "#datasources th:first-child button"
    assert.same({"Few", "Prometheus", "Spare"}, shown "datasources")
    browser:click "#datasources th:first-child button"
    assert.same({"Spare", "Prometheus", "Few"}, shown "datasources")
    assert.equal("descending", run "return document.querySelector('#datasources th').getAttribute('aria-sort')")
    browser:click "#datasources th.n button"   -- panels, most first
    assert.same({"Prometheus", "Few", "Spare"}, shown "datasources")
    assert.equal(1, run "return document.querySelectorAll('#datasources [aria-sort]').length")
  end)

  it("a sorted long table begins with its new first rows", function()
    browser:click "#dashboards th:first-child button"
    browser:click "#dashboards th:first-child button"
    local list = shown "dashboards"
    assert.equal(200, #list)
    assert.equal("Board 450", list[1])
  end)

  it("is whole without JavaScript", function()
    browser:devtools("Emulation.setScriptExecutionDisabled", {value = true})
    browser:reload()
    browser:devtools("Emulation.setScriptExecutionDisabled", {value = false})
    assert.equal(MANY, #shown "dashboards")
    assert.is_false(run "return document.getElementById('search').getClientRects().length > 0")
    browser:click "#datasources details summary"
    assert.is_true(run "return document.querySelector('#datasources details').open")
  end)

  it("has headings, captions and labels for who does not see it", function()
    assert.same({}, run [[return Array.from(document.querySelectorAll("main table"))
      .filter((table) => !table.caption || !table.caption.textContent || table.querySelector("th:not([scope])"))
      .map((table) => table.parentNode.parentNode.id)]])
    assert.equal("Search", run "return document.getElementById('q').getAttribute('aria-label')")
    assert.equal(1, run "return document.querySelectorAll('h1').length")
    assert.equal("en", run "return document.documentElement.lang")
  end)

  it("is dark where one wants it dark, and legible in both", function()
    local CONTRAST = [[
      function light(colour) {
        const parts = colour.match(/[\d.]+/g).slice(0, 3).map((part) => part / 255)
          .map((part) => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
      }
      function ground(element) {
        for (; element; element = element.parentElement) {
          const colour = getComputedStyle(element).backgroundColor;
          if (!/, 0\)$/.test(colour)) { return colour; }
        }
        return "rgb(255, 255, 255)";
      }
      const list = Array.from(document.querySelectorAll("h1,h2,p,td,th,small,a,.badge,.tile b,.tile span,.count,summary"))
        .filter((each) => each.getClientRects().length > 0).slice(0, 800).map((each) => {
        const a = light(getComputedStyle(each).color), b = light(ground(each));
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      });
      return Math.min(...list)]]
    assert.is_true(run(CONTRAST) >= 4.5, "light")
    browser:devtools("Emulation.setEmulatedMedia", {features = {{name = "prefers-color-scheme", value = "dark"}}})
    assert.is_true(run(CONTRAST) >= 4.5, "dark")
    assert.equal("rgb(17, 20, 24)", run "return getComputedStyle(document.body).backgroundColor")
    picture "inventory-dark"
  end)

  it("fits a telephone", function()
    browser:devtools("Emulation.setDeviceMetricsOverride", {width = 390, height = 800, deviceScaleFactor = 1, mobile = true})
    assert.is_true(run "return document.documentElement.scrollWidth <= 390")
    picture "inventory-narrow"
  end)

  it("is printed without the search", function()
    browser:devtools("Emulation.setEmulatedMedia", {media = "print"})
    assert.equal("none", run "return getComputedStyle(document.getElementById('search')).display")
  end)
end)
