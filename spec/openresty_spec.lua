-- SPDX-License-Identifier: MIT
-- examples/openresty in an nginx of its own with two workers, on the stand-in: what visitors get, and what happens on
-- bad days. Its suite is `openresty` of scripts/test: once is enough.

package.path = "./?.lua;./?/init.lua;" .. package.path

local days = require "spec.support.bad_days"
local grafana = require "grafana"
local openresty = require "spec.support.openresty"
local socket = require "socket"

local wait_for = openresty.wait_for

local HOSTILE = {
  "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</script><svg onload=alert(1)>",
  "javascript:alert(1)", "{{template}} {title}", "\226\128\174txt.exe", ("long"):rep(1200),
}

local function environment(server, more)
  local all = {
    GRAFANA_URL = server.url, GRAFANA_USER = "admin", GRAFANA_PASSWORD = days.PASSWORD, DIRECTORY_REFRESH = 1,
  }
  for name, value in pairs(more or {}) do all[name] = value or nil end
  return all
end

local function health(example)
  local code, body = example:get "health"
  return grafana.decode(body), code
end

-- Until something has been read that began after this moment.
local function wait_for_reading(example)
  local now = health(example).read or 0
  return wait_for("a reading", function()
    local read = health(example).read
    return read and read > now + 1
  end)
end

local function wait_until(example, status)
  return wait_for("health " .. status, function()
    local facts = health(example)
    return facts.status == status and facts
  end)
end

local function add(g, org, uid, title, more)
  local dashboard = {uid = uid, title = title, panels = {{id = 1, type = "stat", title = title}}}
  for name, value in pairs(more or {}) do dashboard[name] = value end
  grafana.check(g:update_or_create_dashboard(org, dashboard))
end

local function links_of(page)
  local list = {}
  for title in page:gmatch '<a class="title"[^>]*>([^<]*)</a>' do list[#list + 1] = title end
  table.sort(list)
  return list
end

describe("examples/openresty", function()
  local server, g, example

  setup(function() server = days.start "12.4.3" end)
  teardown(function() server:stop() end)
  before_each(function()
    days.fresh(server)
    g = days.connect(server)
  end)
  after_each(function()
    if example then example:stop() end
    example = nil
    g:close()
  end)

  local function start(more, conf)
    example = assert(openresty.start {environment = environment(server, more), conf = conf})
    return example
  end

  describe("shows", function()
    it("all dashboards of all organisations, with links, folders, tags and panels", function()
      local org = grafana.check(g:create_org "Second").id
      grafana.check(g:create_folder(org, {title = "Ops & co", uid = "ops"}))
      add(g, 1, "one", "First one", {tags = {"prod"}})
      local row = {id = 5, type = "row", panels = {{id = 6, type = "text"}}}
      local panels = {{id = 4, type = "table", title = "Rows"}, row}
      grafana.check(g:update_or_create_dashboard(org,
        {uid = "two", title = "Second one", tags = {"a b", "prod"}, panels = panels}, {folderUid = "ops"}))
      wait_until(start(), "ok")
      local code, page, headers = example:get ""
      assert.equal(200, code)
      assert.equal("text/html; charset=utf-8", headers["content-type"])
      for _, text in ipairs {
        '<a class="title" dir="auto" href="' .. server.url .. '/d/one/first-one?orgId=1">First one</a>',
        "<bdi>Second</bdi> <small>1 dashboard</small>", '<h3 dir="auto">Ops &amp; co</h3>', 'href="?tag=a%20b">a b</a>',
        "<summary>2 panels</summary>", ">untitled</a> <i>text</i>", "2 dashboards, 3 panels in 2 organisations",
        "/d/two/second-one?orgId=" .. org .. '&amp;viewPanel=4">Rows</a> <i>table</i>', "refreshed <time",
      } do
        assert.is_truthy(page:find(text, 1, true), text)
      end
    end)

    it("what strangers wrote as text and as nothing else", function()
      for i, title in ipairs(HOSTILE) do
        local panels = {{id = 1, type = title, title = title .. "x\0y"}, {id = 2, title = title:rep(300)}}
        add(g, 1, "h" .. i, title, {tags = {title:sub(1, 50)}, panels = panels})
      end
      grafana.check(g:create_org "<b>Org</b>")
      wait_until(start(), "ok")
      for _, path in ipairs {"", "?q=%3Cscript", "?tag=%22%3E%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E",
        "?org=%22%3E%3Cscript%3E"} do
        local _, page = example:get(path)
        for _, tag in ipairs {"<script>", "<img", "<svg", "<b>", "\0"} do
          assert.is_nil(page:find(tag, 1, true), path .. tag)
        end
        assert.is_nil(page:find 'href="javascript')
      end
      local _, page = example:get ""
      assert.is_truthy(page:find("&lt;script&gt;alert(1)&lt;/script&gt;</a>", 1, true))
      assert.is_truthy(page:find("{{template}} {title}</a>", 1, true))
      assert.equal(#HOSTILE, #links_of(page))
      local _, body = example:get "directory.json"
      local titles = {}
      for _, dashboard in ipairs(grafana.decode(body).orgs[2].dashboards) do titles[dashboard.uid] = dashboard.title end
      for i, title in ipairs(HOSTILE) do assert.equal(title, titles["h" .. i]) end
    end)

    it("nothing but its own scripts and styles, whatever the answer", function()
      wait_until(start(), "ok")
      for _, path in ipairs {"", "?q=x", "directory.json", "health", "static/directory.js", "no-such-thing"} do
        local _, _, headers = example:get(path)
        local policy = headers["content-security-policy"]
        assert.is_truthy(policy:find("default-src 'none'; script-src 'self'; style-src 'self'", 1, true), path)
        assert.is_nil(policy:find "unsafe")
        assert.equal("nosniff", headers["x-content-type-options"])
        assert.equal("no-referrer", headers["referrer-policy"])
      end
    end)

    it("no file but the static ones", function()
      wait_until(start(), "ok")
      for _, path in ipairs {"nginx.conf", "lua/directory.lua", "static/../nginx.conf", "static/%2e%2e/nginx.conf",
        "static/", "error.log", "static../nginx.conf"} do
        local code, body = example:get(path)
        assert.is_true(code == 404 or code == 403, path .. code)
        assert.is_nil(body:find "GRAFANA", path)
      end
      local code, _, headers = example:get "static/style.css"
      assert.equal(200, code)
      assert.equal("text/css", headers["content-type"])
      assert.is_truthy(headers["cache-control"]:find "max%-age=%d%d%d")
    end)

    it("what is asked for, without any script", function()
      add(g, 1, "a", "Alpha", {tags = {"x", "y"}})
      add(g, 1, "b", "Beta", {tags = {"x"}})
      add(g, 1, "c", "Gamma", {panels = {{id = 1, type = "stat", title = "Alpha inside"}}})
      grafana.check(g:create_org "Second")
      add(g, 2, "d", "ÄLPHA")
      wait_until(start(), "ok")
      for path, titles in pairs {
        ["?q=alpha"] = {"Alpha", "Gamma"}, ["?q=ALPHA+inside"] = {"Gamma"}, ["?tag=x"] = {"Alpha", "Beta"},
        ["?q=%C3%A4lpha"] = {"ÄLPHA"}, ["?org=2"] = {"ÄLPHA"}, ["?org=1&tag=y&q=al"] = {"Alpha"}, ["?q=%25a"] = {},
        ["?tag=X"] = {}, ["?q=&tag=&org="] = {"Alpha", "Beta", "Gamma", "ÄLPHA"},
        ["?q=" .. ("a+"):rep(3000)] = {"Alpha", "Beta", "Gamma", "ÄLPHA"},
      } do
        local code, page = example:get(path)
        assert.equal(200, code)
        assert.same(titles, links_of(page), path)
      end
    end)

    it("the same as JSON, and how it is", function()
      add(g, 1, "a", "Alpha", {tags = {"x"}})
      local facts = wait_until(start(), "ok")
      assert.same({orgs = 1, dashboards = 1, panels = 1, failed = 0, unreadable = 0}, facts.counts)
      assert.is_true(facts.memory.free > 0)
      local code, body, headers = example:get "directory.json"
      assert.equal(200, code)
      assert.equal("application/json", headers["content-type"])
      local dashboard = grafana.decode(body).orgs[1].dashboards[1]
      assert.same({uid = "a", title = "Alpha", url = server.url .. "/d/a/alpha?orgId=1", tags = {"x"},
        panels = {{id = 1, title = "Alpha", type = "stat"}}}, dashboard)
    end)
  end)

  describe("answers", function()
    before_each(function()
      add(g, 1, "a", "Alpha")
      wait_until(start {DIRECTORY_REFRESH = 600}, "ok")
    end)

    it("304 to who has it", function()
      for _, path in ipairs {"", "?q=alpha", "directory.json"} do
        local _, _, headers = example:get(path)
        local tag = headers.etag
        for _, known in ipairs {tag, tag:gsub("^W/", ""), '"x", ' .. tag, "*"} do
          local code, body = example:get(path, {headers = {["If-None-Match"] = known}})
          assert.same({304, ""}, {code, body}, path .. known)
        end
        local code = example:get(path, {headers = {["If-None-Match"] = '"other"'}})
        assert.equal(200, code)
      end
    end)

    it("HEAD as GET, without the body", function()
      for _, path in ipairs {"", "directory.json", "health"} do
        local code, body, headers = example:get(path, {method = "HEAD"})
        local _, _, of_get = example:get(path)
        assert.same({200, "", of_get.etag, of_get["content-type"]}, {code, body, headers.etag, headers["content-type"]})
      end
    end)

    it("nothing but GET and HEAD", function()
      for _, path in ipairs {"", "directory.json", "health"} do
        local code, _, headers = example:get(path, {method = "POST"})
        assert.same({405, "GET, HEAD"}, {code, headers.allow})
      end
    end)

    it("compressed to who takes it", function()
      local _, plain = example:get ""
      local _, small, headers = example:get("", {headers = {["Accept-Encoding"] = "gzip"}})
      assert.equal("gzip", headers["content-encoding"])
      assert.equal("Accept-Encoding", headers.vary)
      assert.equal("\31\139", small:sub(1, 2))
      local file = os.tmpname()
      local out = assert(io.open(file, "wb"))
      out:write(small)
      out:close()
      local pipe = io.popen("gzip -dc < " .. file)
      assert.equal(plain, pipe:read "*a")
      pipe:close()
      os.remove(file)
    end)
  end)

  describe("on a bad day", function()
    local function down(more)
      local fault = {kind = "close", path = "^/api/", times = 0}
      for name, value in pairs(more or {}) do fault[name] = value end
      server:fault(fault)
    end

    it("says that Grafana is down from the beginning, and recovers by itself", function()
      add(g, 1, "a", "Alpha")
      down()
      local facts = wait_until(start(), "failing")
      assert.equal("error", facts.problem.status)
      local code, page, headers = example:get ""
      assert.equal(503, code)
      assert.is_truthy(headers["retry-after"])
      assert.is_truthy(page:find("Grafana could not be read:", 1, true))
      assert.equal(503, (example:get "health"))
      assert.equal(503, (example:get "directory.json"))
      assert.equal(503, (example:get "?q=alpha"))
      server:clear_faults()
      wait_until(example, "ok")
      assert.same({"Alpha"}, links_of(select(2, example:get "")))
      assert.is_truthy(example:log():find("Grafana can be read again", 1, true))
    end)

    it("says that nobody listens", function()
      start {GRAFANA_URL = "http://127.0.0.1:1"}
      assert.equal("connection-refused", wait_until(example, "failing").problem.status)
      assert.is_truthy(select(2, example:get ""):find("nobody listens", 1, true))
    end)

    it("keeps what was read when Grafana dies, says so, and at last that it is stale", function()
      add(g, 1, "a", "Alpha")
      grafana.check(g:create_org "Empty")
      wait_until(start(nil, {["title = "] = "max_age = 4, title = "}), "ok")
      down()
      wait_until(example, "partial")
      wait_for("the page to tell it", function()
        return select(2, example:get ""):find("Grafana could not be read:", 1, true)
      end)
      local facts, code = wait_until(example, "stale"), example:get "health"
      assert.is_truthy(facts.problem.message)
      assert.equal(503, code)
      for _, path in ipairs {"", "?q=alpha"} do
        local answer, page = example:get(path)
        assert.equal(200, answer)
        assert.same({"Alpha"}, links_of(page))
        assert.is_truthy(page:find("last read <time", 1, true))
        assert.is_truthy(page:find("What is shown was read at", 1, true))
        assert.is_truthy(select(2, example:get "directory.json"):find('"dashboards":[]', 1, true))
      end
      server:clear_faults()
      wait_until(example, "ok")
      assert.is_nil(select(2, example:get ""):find("could not be read", 1, true))
    end)

    it("pauses longer with each failure", function()
      down()
      wait_until(start(), "failing")
      local failures = wait_for("a third failure", function()
        local n = health(example).failures
        return n >= 3 and n
      end)
      assert.is_true(failures < 10)
      assert.equal(1, select(2, example:log():gsub("%[warn%]", "")))   -- told once, not each time
    end)

    for _, version in ipairs {"12.4.3", "9.3.2"} do
      it("shows an organisation that cannot be read beside those that can, on " .. version, function()
        local old = server
        server = days.start(version)
        days.fresh(server)
        finally(function()
          if example then example:stop() end
          server:stop()
          server = old
        end)
        local other = days.connect(server)
        add(other, 1, "a", "Alpha")
        server:fault {kind = "status", code = 403, org = grafana.check(other:create_org "Closed").id, times = 0}
        other:close()
        local facts = wait_until(start(), "partial")
        assert.equal(1, facts.counts.unreadable)
        local _, page = example:get ""
        assert.is_truthy(page:find("This organisation could not be read:", 1, true))
        assert.is_truthy(page:find('class="refreshed partial"', 1, true))
        assert.same({"Alpha"}, links_of(page))
      end)
    end

    it("names the dashboards that could not be read", function()
      add(g, 1, "a", "Alpha")
      add(g, 1, "b", "Be<b>ta")
      down {kind = "status", code = 500, path = "^/api/dashboards/uid/b"}
      down {kind = "status", code = 500, path = "^/apis/"}
      local facts = wait_until(start(), "partial")
      assert.equal(1, facts.counts.failed)
      local _, page = example:get ""
      assert.is_truthy(page:find("1 dashboard could not be read", 1, true))
      assert.is_truthy(page:find(">Be&lt;b&gt;ta</a>:", 1, true))
    end)

    it("keeps the page when there is no room for a new one, and says so", function()
      add(g, 1, "a", "Alpha")
      wait_until(start(nil, {["dashboards 32m"] = "dashboards 128k"}), "ok")
      server:seed {dashboards = 1500, org = 1, bytes = 2000}
      local facts = wait_for("no room", function()
        local facts = health(example)
        return facts.problem and facts
      end)
      assert.equal("no-memory", facts.problem.status)
      assert.matches("lua_shared_dict", facts.problem.message)
      local code, page = example:get ""
      assert.equal(200, code)
      assert.same({"Alpha"}, links_of(page))
      assert.equal(200, (example:get "directory.json"))
      assert.same({"Alpha"}, links_of(select(2, example:get "?q=alpha")))
    end)

    it("says that there is no room where there never was", function()
      server:seed {dashboards = 1500, org = 1, bytes = 2000}
      start(nil, {["dashboards 32m"] = "dashboards 128k"})
      assert.equal("no-memory", wait_until(example, "failing").problem.status)
      local code, page = example:get ""
      assert.equal(503, code)
      assert.is_truthy(page:find("There is no room for the directory:", 1, true))
    end)
  end)

  describe("reads", function()
    local function readings() return days.arrived(server, "GET", "^/api/orgs") end

    it("in one of two workers only", function()
      server:fault {kind = "stall", path = "^/api/orgs", times = 0, seconds = 30}
      start(nil, {["title = "] = "lease = 2, title = "})
      assert.equal(2, #example:workers())
      wait_for("a reading", function() return readings() > 0 end)
      socket.sleep(4)   -- both have looked several times whether they may read; the lease would have ended
      assert.equal(1, readings())
      server:clear_faults()
    end)

    it("again in another worker when the one that reads is killed", function()
      server:fault {kind = "stall", path = "^/api/orgs", times = 1, seconds = 30}
      start(nil, {["title = "] = "lease = 2, title = "})
      wait_for("a reading", function() return readings() == 1 end)
      for _, pid in ipairs(example:workers()) do example:signal("KILL", pid) end
      wait_until(example, "ok")
    end)

    it("with the same visitors' page in both workers", function()
      add(g, 1, "a", "Alpha")
      wait_until(start {DIRECTORY_REFRESH = 600}, "ok")
      local tags = {}
      for _ = 1, 40 do
        local _, _, headers = example:get ""
        tags[headers.etag] = true
      end
      assert.is_truthy(next(tags))
      assert.is_nil(next(tags, (next(tags))))
    end)

    it("at once after nginx was reloaded, and keeps the page meanwhile", function()
      add(g, 1, "a", "Alpha")
      wait_until(start {DIRECTORY_REFRESH = 600}, "ok")
      local before = readings()
      add(g, 1, "b", "Beta")
      example:signal "HUP"
      wait_for("a reading", function()
        assert.equal(200, (example:get ""))
        return readings() > before
      end)
      wait_for("the new dashboard", function() return #links_of(select(2, example:get "")) == 2 end)
    end)

    it("over TLS, from whom it can trust and from nobody else", function()
      add(g, 1, "a", "Alpha")
      local url = server.tls_url:gsub("127%.0%.0%.1", "localhost")
      start {GRAFANA_URL = url}
      assert.matches("certificate", wait_until(example, "failing").problem.message)
      example:stop()
      start({GRAFANA_URL = url}, {["/etc/ssl/certs/ca-certificates.crt"] = server.cert})
      wait_until(example, "ok")
      assert.same({"Alpha"}, links_of(select(2, example:get "")))
    end)

    it("what changes", function()
      add(g, 1, "a", "Alpha")
      wait_until(start(), "ok")
      add(g, 1, "b", "Beta")
      wait_for("the new dashboard", function() return #links_of(select(2, example:get "")) == 2 end)
      grafana.check(g:delete_dashboard(1, "a"))
      wait_for("the old one to go", function() return #links_of(select(2, example:get "")) == 1 end)
    end)
  end)

  describe("signs in", function()
    local function token_of(role, name)
      local account = grafana.check(g:create_service_account(1, {name = name, role = role})).id
      local token = grafana.check(g:create_token(1, account, {name = name}))
      return token.key, function() grafana.check(g:delete_token(1, account, token.id)) end
    end

    local function with_token(more)
      more.GRAFANA_USER, more.GRAFANA_PASSWORD = false, false
      return start(more)
    end

    it("with the token of one organisation, and says that it sees no other", function()
      add(g, 1, "a", "Alpha")
      grafana.check(g:create_org "Second")
      wait_until(with_token {GRAFANA_TOKEN = (token_of("Viewer", "v"))}, "ok")
      local _, page = example:get ""
      assert.is_truthy(page:find("see one organisation only", 1, true))
      assert.is_nil(page:find("Second", 1, true))
      assert.same({"Alpha"}, links_of(page))
    end)

    it("with a token from a file, which may be replaced", function()
      add(g, 1, "a", "Alpha")
      local path = os.tmpname()
      finally(function() os.remove(path) end)
      local function write(token)
        local file = assert(io.open(path, "w"))
        file:write(token, "\n")
        file:close()
      end
      local first, revoke = token_of("Viewer", "one")
      write(first)
      wait_until(with_token {GRAFANA_TOKEN_FILE = path}, "ok")
      revoke()
      assert.equal("access-denied", wait_until(example, "partial").problem.status)
      write((token_of("Viewer", "two")))
      wait_until(example, "ok")
    end)

    local function everything()
      local texts = {example:log()}
      for _, path in ipairs {"", "?q=a", "health", "directory.json"} do
        local _, body = example:get(path)
        texts[#texts + 1] = body
      end
      return table.concat(texts)
    end

    it("and shows no secret anywhere when it cannot", function()
      for _, more in ipairs {
        {GRAFANA_PASSWORD = "not-" .. days.PASSWORD},
        {GRAFANA_USER = false, GRAFANA_PASSWORD = false, GRAFANA_TOKEN = "glsa_geheim"},
      } do
        wait_until(start(more), "failing")
        local text = everything()
        for _, secret in ipairs {days.PASSWORD, (require("mime").b64("admin:not-" .. days.PASSWORD)), "glsa_geheim"} do
          assert.is_nil(text:find(secret, 1, true))
        end
        example:stop()
      end
    end)

    it("and shows no secret when it can", function()
      add(g, 1, "a", "Alpha")
      wait_until(start(), "ok")
      wait_for_reading(example)
      local text = everything()
      for _, secret in ipairs(days.SECRETS) do assert.is_nil(text:find(secret, 1, true)) end
    end)
  end)

  describe("does not start", function()
    local function refuses(more, conf, expected)
      local made, output = openresty.start {environment = environment(server, more), conf = conf}
      if made then made:stop() end
      assert.is_nil(made)
      assert.matches(expected, output)
      assert.is_nil(output:find(days.PASSWORD, 1, true))
    end

    it("without an address, or with one that is none", function()
      refuses({GRAFANA_URL = false}, nil, "GRAFANA_URL is not set")
      refuses({GRAFANA_URL = "ftp://x"}, nil, "must begin with http")
      refuses({GRAFANA_URL = "http://admin:" .. days.PASSWORD .. "@x"}, nil, "GRAFANA_URL holds credentials")
    end)

    it("with links to anything but a server", function()
      for _, link in ipairs {"javascript:alert(1)", "/grafana", "http://x y", "http://x/?a=b", "http://a:b@x/"} do
        refuses({GRAFANA_LINK = link}, nil, "link must be the address of Grafana")
      end
    end)

    it("without memory to share", function()
      refuses(nil, {["lua_shared_dict"] = "# lua_shared_dict"}, "lacks the line: lua_shared_dict dashboards")
    end)

    it("with a setting that it does not know", function()
      refuses(nil, {["title = "] = "titel = "}, "unknown setting titel")
    end)
  end)

  it("links to where browsers find Grafana", function()
    add(g, 1, "a", "Alpha")
    wait_until(start {GRAFANA_LINK = "https://grafana.example.org/sub/"}, "ok")
    local _, page = example:get ""
    assert.is_truthy(page:find('href="https://grafana.example.org/sub/d/a/alpha?orgId=1"', 1, true))
  end)
end)
