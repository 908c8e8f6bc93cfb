-- SPDX-License-Identifier: MIT
-- The page of examples/openresty in a real browser, chromium. Its suite is `browser` of scripts/test: once is enough.

package.path = "./?.lua;./?/init.lua;" .. package.path

local openresty = require "spec.support.openresty"
local socket = require "socket"
local standin = require "spec.standin"
local webdriver = require "spec.support.webdriver"

local wait_for = openresty.wait_for

-- The titles of what is to be seen, sorted.
local SHOWN = [[
return Array.from(document.querySelectorAll(".row"))
  .filter((row) => row.getClientRects().length > 0)
  .map((row) => row.querySelector(".title").textContent).sort()]]

local CHARACTERS = {lt = "<", gt = ">", amp = "&", quot = '"', ["#39"] = "'", ["#96"] = "`"}

local function seed(url, words)
  local command = ("GRAFANA_URL=%s GRAFANA_USER=admin GRAFANA_PASSWORD=admin %s scripts/openresty-seed.lua %s"):format(
    url, "scripts/lua lua5.4 release", words)
  local status = os.execute(command)
  assert(status == true or status == 0)
end

describe("the page in a browser", function()
  local server, example, browser

  local function start(conf)
    local made = assert(openresty.start {conf = conf, environment = {
      GRAFANA_URL = server.url, GRAFANA_USER = "admin", GRAFANA_PASSWORD = "admin", DIRECTORY_REFRESH = 600,
    }})
    wait_for("the first reading", function() return made:get "health" == 200 end)
    return made
  end

  setup(function()
    assert(webdriver.found(), "chromium and chromium-driver are not installed: make deps")
    server = standin.start()
    seed(server.url, "hostile")
    example = start()
    browser = webdriver.start()
  end)
  teardown(function()
    if browser then browser:stop() end
    if example then example:stop() end
    if server then server:stop() end
  end)

  local function run(...) return browser:run(...) end
  local function shown() return run(SHOWN) end
  local function count() return run "return document.getElementById('count').textContent" end
  local function number() return #shown() end
  local function query() return browser:url():match "%?(.*)" or "" end

  -- What `get` returns is, or soon will be, what is expected: pages take a moment, and filters the next frame.
  local function expect(expected, get)
    local stop = socket.gettime() + 20
    local fine, found
    repeat
      fine, found = pcall(get)
      if fine and pcall(assert.same, expected, found) then return end
      socket.sleep(0.02)
    until socket.gettime() > stop
    assert.same(expected, found)
  end

  local function clear()
    browser:clear "#q"
    run "document.getElementById('q').dispatchEvent(new Event('input'))"
  end

  -- With PICTURES=folder in the environment, for people to look at.
  local function picture(name)
    local folder = os.getenv "PICTURES"
    if folder then browser:picture(("%s/%s.png"):format(folder, name)) end
  end

  -- What the server shows to who has no JavaScript.
  local function shown_by_server(path)
    local list = {}
    for title in select(2, example:get(path)):gmatch '<a class="title"[^>]*>([^<]*)</a>' do
      list[#list + 1] = title:gsub("&(#?%w+);", CHARACTERS)
    end
    table.sort(list)
    return list
  end

  local function expect_quiet()
    assert.is_nil(browser:alert())
    local list = {}
    for i, line in ipairs(browser:log()) do list[i] = line.level .. ": " .. line.message end
    assert.same({}, list)
  end

  before_each(function()
    browser:devtools "Emulation.clearDeviceMetricsOverride"
    browser:devtools("Emulation.setScriptExecutionDisabled", {value = false})
    browser:devtools("Emulation.setEmulatedMedia", {media = ""})
    browser:log()
    browser:open(example.url)
  end)

  it("loads without a word in the console", function()
    assert.equal("Dashboards", run "return document.title")
    expect("44 dashboards, 323 panels in 5 organisations", count)
    expect(44, number)
    local age = run "return document.querySelector('.refreshed').textContent"
    assert.is_truthy(age:find "^refreshed %d+ s ago$" or age == "refreshed just now", age)
    assert.equal("none", run "return getComputedStyle(document.querySelector('button')).display")
    expect_quiet()
  end)

  it("is styled by its own file", function()
    assert.equal("grid", run "return getComputedStyle(document.querySelector('.row')).display")
    assert.is_true(run "return document.querySelector('h1').getClientRects()[0].width > 0")
  end)

  describe("filters while one types", function()
    it("by words of titles, folders and tags, and keeps the address", function()
      browser:type("#q", "postg")
      expect({"PostgreSQL overview", "PostgreSQL replication"}, shown)
      expect("2 of 44 dashboards", count)
      expect("q=postg", query)
      assert.same({"Platform"}, run [[return Array.from(document.querySelectorAll("h2 bdi"))
        .filter((name) => name.getClientRects().length > 0).map((name) => name.textContent)]])
      browser:type("#q", " repl DATABASE")
      expect({"PostgreSQL replication"}, shown)
      browser:type("#q", " nowhere")
      expect({}, shown)
      assert.is_true(run "return document.getElementById('none').getClientRects().length > 0")
      clear()
      expect(44, number)
      expect("", query)
      expect("44 dashboards, 323 panels in 5 organisations", count)
      expect_quiet()
    end)

    it("by panels, which it unfolds, and folds again", function()
      local folds = [[
        const seen = (element) => element.getClientRects().length > 0;
        return Array.from(document.querySelectorAll("details[open]")).filter(seen).map((fold) => [
          fold.querySelector("summary").textContent,
          Array.from(fold.querySelectorAll("li")).filter(seen).map((li) => li.innerText)])]]
      browser:type("#q", "ml alerts")
      local function unfolded() return run(folds) end
      expect({{"1 of 9 panels", {"Recent alerts alertlist"}}}, unfolded)
      browser:click "details[open] summary"
      local all = run(folds)
      assert.equal("9 panels", all[1][1])
      assert.equal(9, #all[1][2])
      clear()
      expect(44, number)
      browser:type("#q", "ml ale")
      expect({{"9 panels", all[1][2]}}, unfolded)
      clear()
      expect(44, number)
      expect_quiet()
    end)

    it("leaves open what somebody has opened", function()
      browser:click "#org-4 ~ .folder summary"
      browser:type("#q", "drift memory")
      expect({"Feature drift"}, shown)
      clear()
      expect(44, number)
      assert.is_true(run "return document.querySelector('#org-4 ~ .folder details').open")
    end)
  end)

  it("shows exactly what the server shows without JavaScript", function()
    for _, path in ipairs {
      "?q=cpu", "?q=CPU+prod", "?q=gauge", "?q=general", "?q=untitled", "?q=%3Cscript", "?q=%C3%9CBER",
      "?q=%E6%97%A5", "?q=.*", "?q=no+such", "?tag=prod", "?tag=Prod", "?tag=%271%22%26%3C", "?org=3",
      "?org=3&tag=prod&q=over", "?org=99", "?tag=no-such-tag", "?q=a+a+a",
    } do
      local expected = shown_by_server(path)
      browser:open(example.url .. path)
      wait_for(path .. ": all rows", function() return run "return whole" end)
      assert.same(expected, shown(), path)
      assert.equal(#expected, tonumber(count():match "^%d+"), path)
    end
    expect_quiet()
  end)

  it("has all dashboards again when a filtered page is cleared", function()
    browser:open(example.url .. "?q=postg")
    assert.equal("postg", run "return document.getElementById('q').value")
    browser:type("#q", "res")
    expect({"PostgreSQL overview", "PostgreSQL replication"}, shown)
    clear()
    expect(44, number)
    expect("44 dashboards, 323 panels in 5 organisations", count)
    expect_quiet()
  end)

  it("filters by a tag that is clicked, and goes back", function()
    run "Array.from(document.querySelectorAll('.tag')).find((tag) => tag.textContent === 'ml').id = 'the-tag'"
    browser:click "#the-tag"
    expect({"Feature drift", "Model latency"}, shown)
    expect("tag=ml", query)
    assert.equal("ml", run "return document.getElementById('tag').value")
    browser:back()
    expect(44, number)
    assert.equal("", run "return document.getElementById('tag').value")
  end)

  it("filters by organisation", function()
    run [[const org = document.getElementById("org"); org.value = "4"; org.dispatchEvent(new Event("change"))]]
    expect("5 of 44 dashboards", count)
    expect("org=4", query)
    browser:reload()
    wait_for("all rows", function() return run "return whole" end)
    expect("5 of 44 dashboards", count)
  end)

  it("is used with the keyboard", function()
    browser:key "\238\128\132"   -- Tab
    assert.equal("skip", run "return document.activeElement.className")
    browser:key "/"
    assert.equal("q", run "return document.activeElement.id")
    assert.equal("", run "return document.activeElement.value")
    browser:type("#q", "a/b")
    assert.equal("a/b", run "return document.activeElement.value")
    browser:type("#q", "\238\128\135")   -- Enter
    expect("q=a%2Fb", query)
    expect_quiet()
  end)

  it("tells assistive technology what everything is", function()
    browser:devtools "Accessibility.enable"
    local named, roles = {}, {link = true, button = true, searchbox = true, combobox = true, DisclosureTriangle = true}
    for _, node in ipairs(browser:devtools("Accessibility.getFullAXTree").nodes) do
      local role = not node.ignored and node.role and node.role.value
      if roles[role] then
        named[role] = (named[role] or 0) + 1
        assert.is_true(node.name ~= nil and #node.name.value > 0, role)
      end
    end
    for _, role in ipairs {"link", "searchbox", "combobox"} do assert.is_true((named[role] or 0) > 0, role) end
    assert.equal("en", run "return document.documentElement.lang")
    assert.equal("status", run "return document.getElementById('count').getAttribute('role')")
    assert.is_true(run [[
      const ids = Array.from(document.querySelectorAll("[id]"), (element) => element.id);
      return new Set(ids).size === ids.length]])
  end)

  describe("runs nothing that a stranger wrote", function()
    it("and shows it as text", function()
      local titles = {}
      for _, title in ipairs(shown()) do titles[title] = true end
      assert.is_true(titles["<script>alert(1)</script>"])
      assert.is_true(titles['"><img src=x onerror=alert(1)>'])
      assert.is_true(titles["{{template}} ${7*7} {title}"])
      assert.equal(0, run "return document.querySelectorAll('main script, main img, main svg, main b').length")
      assert.equal(0, run [[return Array.from(document.querySelectorAll("a"))
        .filter((link) => !/^https?:$/.test(link.protocol)).length]])
      run "for (const fold of document.querySelectorAll('details')) fold.open = true"
      browser:type("#q", "alert(1)")
      expect_quiet()
    end)

    it("even without the policy", function()
      local open = start {["add_header Content-Security-Policy.*"] = ""}
      finally(function() open:stop() end)
      for _, path in ipairs {
        "", "?q=alert", "?q=%3Cscript%3Ealert(1)%3C/script%3E", "?tag=%22onfocus=alert(1)%20autofocus=%22",
      } do
        browser:open(open.url .. path)
        browser:run "for (const fold of document.querySelectorAll('details')) fold.open = true"
        expect_quiet()
      end
    end)

    it("and could not, by the policy", function()
      local tries = [[
        const [html, elsewhere] = arguments, refused = [];
        const made = (name) => document.body.appendChild(document.createElement(name));
        for (const attempt of [
          () => document.body.insertAdjacentHTML("beforeend", html), () => { made("script").text = "alert(1)" },
          () => made("a").setAttribute("onclick", "alert(1)"),
        ]) {
          try { attempt(); refused.push(false) } catch (problem) { refused.push(problem.name) }
        }
        made("img").src = elsewhere;
        return refused]]
      assert.same({"TypeError", "TypeError", "TypeError"}, run(tries, "<svg onload=alert(1)>", server.url))
      wait_for("the picture to be refused", function()
        for _, line in ipairs(browser:log()) do
          if line.message:find("img%-src") then return true end
        end
      end)
    end)

    it("or the browser would tell", function()
      run "setTimeout(() => alert('seen'), 0)"
      wait_for("the alert", function() return browser:alert() == "seen" end)
      browser:accept()
    end)
  end)

  describe("without JavaScript", function()
    before_each(function()
      browser:devtools("Emulation.setScriptExecutionDisabled", {value = true})
      browser:open(example.url)
    end)
    -- Scripts of the page do not run then; ours do.
    it("searches by the button", function()
      browser:type("#q", "postg")
      expect(44, number)
      browser:click "button"
      expect({"PostgreSQL overview", "PostgreSQL replication"}, shown)
      expect("q=postg&org=&tag=", query)
      browser:click "h1 a"
      expect(44, number)
      browser:click ".tag"
      expect("1 of 44 dashboards", count)
      expect_quiet()
    end)

    it("unfolds panels", function()
      browser:click ".row summary"
      assert.is_true(run "return document.querySelector('.row li').getClientRects().length > 0")
    end)
  end)

  -- The least contrast of texts with what is behind them.
  local CONTRAST = [[
    const numbers = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
    const light = (colour) => {
      const [r, g, b] = numbers(colour).slice(0, 3).map((v) => v / 255)
        .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element) => {
      for (; element; element = element.parentElement) {
        const colour = getComputedStyle(element).backgroundColor, alpha = numbers(colour)[3];
        if (alpha === undefined || alpha > 0.99) return colour;
      }
      return "rgb(255, 255, 255)";
    };
    const found = {};
    for (const selector of arguments[0]) {
      for (const element of document.querySelectorAll(selector)) {
        const a = light(getComputedStyle(element).color), b = light(behind(element));
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        found[selector] = Math.min(found[selector] ?? 99, ratio);
      }
    }
    return found;]]
  local TEXTS = {"h1 a", ".refreshed", "#q", "select", "#count", "h2", "h2 small", "h3", ".title", ".tag", "summary",
    "ol a", "ol i", "footer p", "footer a"}

  for _, scheme in ipairs {"light", "dark"} do
    it("can be read in " .. scheme .. " colours", function()
      browser:devtools("Emulation.setEmulatedMedia", {features = {{name = "prefers-color-scheme", value = scheme}}})
      local ratios = run(CONTRAST, TEXTS)
      for _, selector in ipairs(TEXTS) do
        assert.is_true(ratios[selector] >= 4.5, selector .. " " .. ratios[selector])
      end
      picture(scheme)
      local back = run "return getComputedStyle(document.body).backgroundColor"
      assert.equal(scheme == "dark", tonumber(back:match "%d+") < 128)
    end)
  end

  for _, width in ipairs {320, 390, 768, 1280} do
    it(("fits a width of %d, hostile titles and all"):format(width), function()
      browser:devtools("Emulation.setDeviceMetricsOverride",
        {width = width, height = 800, deviceScaleFactor = 1, mobile = width < 500})
      run "for (const fold of document.querySelectorAll('details')) fold.open = true"
      run "for (const row of document.querySelectorAll('.row')) row.style.contentVisibility = 'visible'"
      assert.is_true(run "return document.documentElement.scrollWidth <= document.documentElement.clientWidth")
      assert.equal(0, run [[
        const outside = (box) => box.right > document.documentElement.clientWidth + 1 || box.left < -1;
        return Array.from(document.querySelectorAll(".row, .title, .tag, summary, select, input, h2"))
          .filter((element) => element.getClientRects().length > 0)
          .filter((element) => outside(element.getBoundingClientRect())).length]])
      picture(tostring(width))
    end)
  end

  it("tells what failed", function()
    local down = assert(openresty.start {environment = {GRAFANA_URL = "http://127.0.0.1:1"}})
    finally(function() down:stop() end)
    wait_for("the failure", function() return select(2, down:get "health"):find("failing", 1, true) end)
    browser:open(down.url)
    assert.is_truthy(run("return document.querySelector('[role=alert]').textContent"):find("nobody listens", 1, true))
    browser:log()   -- the answer's code, 503, is an entry
  end)
end)

describe("the page of 2,000 dashboards in a browser", function()
  it("filters and shows them all", function()
    local server = standin.start()
    server:seed {dashboards = 2000, org = 1, bytes = 5000, tags = {"seed"}}
    local example = assert(openresty.start {environment = {
      GRAFANA_URL = server.url, GRAFANA_USER = "admin", GRAFANA_PASSWORD = "admin", DIRECTORY_REFRESH = 600,
    }})
    local browser = webdriver.start()
    finally(function()
      browser:stop()
      example:stop()
      server:stop()
    end)
    wait_for("the first reading", function() return example:get "health" == 200 end)
    browser:open(example.url)
    local function count() return browser:run "return document.getElementById('count').textContent" end
    assert.matches("^2,000 dashboards", count())
    browser:type("#q", "00199")
    wait_for("the filter", function() return count() == "1 of 2,000 dashboards" end)
    assert.equal(1, #browser:run(SHOWN))
    assert.same({}, browser:log())
  end)
end)
