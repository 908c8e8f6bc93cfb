-- SPDX-License-Identifier: MIT
-- How far an operation is: what on_progress is told, what grafana.progress() makes of it on terminals and elsewhere,
-- and that Ctrl-C leaves a screen that reads well.

package.path = "./?.lua;./?/init.lua;" .. package.path   -- 5.1 and LuaJIT do not look for ./?/init.lua

local core = require "grafana.core"
local grafana = require "grafana"
local nginx = require "spec.support.nginx"
local screen = require "spec.support.screen"
local standin = require "spec.standin"
local text = require "grafana.progress_text"

describe("the words of progress", function()
  it("tell times in the two largest units, what is begun counts", function()
    for seconds, words in pairs {
      [0] = "1 s", [0.2] = "1 s", [1] = "1 s", [41.5] = "42 s", [59.5] = "1 min", [60] = "1 min", [61] = "1 min 1 s",
      [3541] = "59 min 1 s", [3600] = "1 h", [3900] = "1 h 5 min", [7199] = "2 h", [86400] = "1 d",
      [190000] = "2 d 5 h", [8640000] = "100 d",
    } do
      assert.equal(words, text.duration(seconds))
    end
    assert.equal("3.2 s", text.took(3.21))
    assert.equal("12 s", text.took(12.4))
  end)

  it("tell rates in a unit in which there is something to count", function()
    for rate, words in pairs {
      [1234.4] = "1234/s", [38] = "38/s", [9.94] = "9.9/s", [9.96] = "10/s", [1] = "1.0/s", [0.5] = "30/min",
      [0.01] = "36/h", [0.00001] = "1/h",
    } do
      assert.equal(words, text.rate(rate))
    end
    assert.is_nil(text.rate(0))
    assert.is_nil(text.rate(-1))
  end)

  it("hold no control character, escape or broken UTF-8, whoever wrote them", function()
    for given, clean in pairs {
      ["\27[2J\27]0;x\7\r\nred"] = "?[2J?]0;x?  red",
      ["a\0b\127c"] = "a?b?c",
      ["\194\155" .. "31m"] = "?31m",                  -- CSI as one character
      ["\155" .. "31m"] = "?31m",                      -- and as a byte
      ["a\226\128\174b\226\129\166c"] = "abc",         -- the other direction of writing
      ["\239\187\191x"] = "x",
      ["\192\175 \237\160\128 \244\144\128\128 \226\130"] = "?? ??? ???? ??",
      ["Grün 日本 𝄞"] = "Grün 日本 𝄞",
      ["  a\tb "] = "a b",
    } do
      assert.equal(clean, text.clean(given))
    end
    assert.equal("Gr?n ??", text.clean("Grün 日本", true))
    for byte = 0, 255 do
      assert.is_nil(text.clean("a" .. string.char(byte) .. "b"):find("[%z\1-\31\127-\255]"))
    end
  end)

  it("are as wide as a terminal shows them, in doubt narrower", function()
    for s, columns in pairs {[""] = 0, abc = 3, ["Grün"] = 4, ["日本"] = 4, ["e\204\129"] = 1, ["✓"] = 2} do
      assert.equal(columns, text.columns(s))
    end
    assert.equal("日…", text.cut("日本語", 4))
    assert.equal("日…", text.cut("日本語", 3))
    assert.equal("ab~", text.cut("abcdef", 3, true))
    assert.equal("…", text.cut("abc", 1))
    assert.equal("", text.cut("abc", 0))
    assert.equal("abc", text.cut("abc", 3))
  end)

  it("fit into every width, and say how many are done in all that have room for it", function()
    local line = {count = "412 of 1000", rate = "38/s", time = "1 h 5 min left", failed = "2 failed", share = 0.412}
    for _, label in ipairs {"", "panels", "panels of 日本語 " .. ("and more "):rep(10)} do
      for _, ascii in ipairs {true, false} do
        line.label, line.ascii = label, ascii
        for room = 0, 220 do
          local shown, columns, cells = text.line(line, room)
          assert.equal(columns, text.columns(shown))
          assert.is_true(columns <= room)
          assert.is_true(room < 11 or shown:find("412 of 1000", 1, true) ~= nil)
          assert.is_true(cells == nil or cells >= 8 and cells <= 40)
        end
      end
    end
  end)

  it("leave out the rate first, then the time, then failures, where room is short", function()
    local line = {label = "", count = "1 of 2", rate = "3/s", time = "4 s left", failed = "5 failed"}
    assert.equal("1 of 2  3/s  4 s left  5 failed", (text.line(line, 31)))
    assert.equal("1 of 2  4 s left  5 failed", (text.line(line, 30)))
    assert.equal("1 of 2  5 failed", (text.line(line, 25)))
    assert.equal("1 of 2", (text.line(line, 15)))
  end)

  it("draw bars that are full at the end only, of the same width all the time", function()
    for _, ascii in ipairs {true, false} do
      local full, empty = text.bar(1, 10, ascii), text.bar(0, 10, ascii)
      for i = 0, 1000 do
        local bar = text.bar(i / 1000, 10, ascii)
        assert.equal(12, select(2, bar:gsub("[^\128-\191]", "")))
        assert.is_true(i == 1000 or bar ~= full)
        assert.is_true(i > 100 or i < 13 or ascii or bar ~= empty)
      end
    end
  end)
end)

-- ------------------------------------------------------------------------------------------------ what is shown --

describe("grafana.progress", function()
  local progress, begins, refresh, time, written
  local real = core.now

  -- The clock is ours, so nothing here depends on the machine.
  before_each(function()
    time, written = 1000000, {}
    core.now = function() return time end
    package.loaded["grafana.progress"] = nil
    local module = require "grafana.progress"
    progress, begins, refresh = module.new, module.begins, module.refresh
    core.now = real
    package.loaded["grafana.progress"] = nil
  end)

  local function make(options)
    local all = {out = function(s) written[#written + 1] = s end, ascii = true}
    for name, value in pairs(options or {}) do all[name] = value end
    return progress(all)
  end

  local function shown() return screen.lines(table.concat(written)) end

  -- Tell `p` each of the counts, so many milliseconds apart.
  local function feed(p, first, last, step_ms, total, failed)
    for done = first, last do
      p(done, total, failed)
      time = time + step_ms
    end
  end

  it("draws one line in its place on a terminal, and a last one", function()
    local p = make {label = "panels", terminal = true, width = 80}
    feed(p, 0, 100, 50, 100)
    assert.same({"panels [########################################] 100 of 100  20/s  in 5.0 s", ""}, shown())
    assert.is_true(#written > 20 and #written <= 52, #written)   -- ten a second at most
    for _, piece in ipairs(written) do assert.matches("^\r[^\r\n]*\27%[K\n?$", piece) end
    assert.matches("panels %[#+ +%]  %d%d of 100  20/s  %d s left\27", written[25])
  end)

  it("writes plain lines elsewhere: the first, one each interval, the last", function()
    local p = make {label = "panels"}
    feed(p, 0, 200, 100, 200, 3)
    assert.same({
      "panels: 3 of 200, 3 failed\n", "panels: 53 of 200, 10/s, 15 s left, 3 failed\n",
      "panels: 103 of 200, 10/s, 10 s left, 3 failed\n", "panels: 153 of 200, 10/s, 5 s left, 3 failed\n",
      "panels: 200 of 200, 10/s, in 20 s, 3 failed\n",
    }, written)
    written = {}
    feed(make {interval = 1}, 0, 20, 100, 20)
    assert.equal(3, #written)
  end)

  it("tells what ends within a moment by its last line only", function()
    for _, terminal in ipairs {true, false} do
      written = {}
      feed(make {terminal = terminal}, 0, 50, 1, 50)
      assert.equal(1, #written)
      assert.equal("50 of 50", shown()[1]:match("%d+ of %d+$"))
    end
  end)

  it("ends once, and begins anew with the next", function()
    for _, terminal in ipairs {true, false} do
      written = {}
      local p = make {terminal = terminal}
      p(0, 2) p(1, 2) p(2, 2) p(2, 2)
      p:finish("too late")
      assert.equal(1, #written)
      p(0, 2) p(2, 2)
      p(0, 7) p(3, 7)
      p:finish("interrupted")
      p:finish()
      assert.equal(3, #written)
      assert.matches("3 of 7, interrupted", written[3])
      assert.matches("\n$", written[3])
    end
  end)

  it("leaves a fresh line where it is broken off, if nothing was drawn yet, too", function()
    local p = make {label = "panels", terminal = true, width = 60}
    feed(p, 0, 12, 100, 1000, 1)
    p:finish("interrupted")
    assert.same({"panels 12 of 1000, interrupted  9.2/s  in 1.3 s  1 failed", ""}, shown())
    written = {}
    p(0, 1)
    p:finish("interrupted")
    assert.same({"panels [                              ] 0 of 1, interrupted", ""}, shown())
  end)

  it("says no more than it knows: no total, none done, a total that grows, counts that jump or fall", function()
    local p = make {terminal = true, width = 70}
    feed(p, 0, 30, 100, 0)
    assert.matches("^30 done  10/s$", shown()[1])
    for _, row in ipairs {
      {0, 0}, {0, 10}, {900, 1000}, {10, 20000000}, {5, 7, 2}, {0 / 0, 1 / 0, -1}, {-5, -5}, {3, 2 ^ 60},
    } do
      p(row[1], row[2], row[3])
      time = time + 1000
    end
    p:finish()
    local all = table.concat(written):lower()
    for _, word in ipairs {"inf", "nan", "%-%d", "e%+", " 0 s"} do assert.is_nil(all:find(word), word) end
    assert.matches("5 of 7.-2 failed", all)
  end)

  it("foresees by the rate of late, and less and less where nothing goes on", function()
    local p = make {terminal = true, width = 70}
    feed(p, 0, 1000, 10, 10000)     -- 100 a second
    assert.matches("100/s  1 min 30 s left", shown()[1])
    feed(p, 1001, 1040, 1000, 10000)   -- 1 a second
    assert.matches("1.0/s  2 h 30 min left", shown()[1])
    for _ = 1, 100 do
      p(1040, 10000)
      time = time + 1000
    end
    assert.matches("[4-6]/min  1 d", shown()[1])
  end)

  it("foresees what goes slowly, too", function()
    local p = make {terminal = true, width = 70}
    for done = 0, 30 do
      for _ = 1, 300 do   -- one in 30 seconds, and it is told all the time
        p(done, 100)
        time = time + 100
      end
      assert.is_true(done < 3 or shown()[1]:find("2/min  .* left") ~= nil, shown()[1])
    end
  end)

  it("is drawn again while those wait who tell it, until it ends", function()
    local p, other = make {terminal = true, width = 70}, make {terminal = true, width = 70}
    other(1, 5)     -- a program's own is its own matter
    begins(p, 1000)
    feed(p, 100, 200, 10, 1000)
    written = {}
    time = time + 1000
    refresh()
    refresh()
    assert.equal(1, #written)
    assert.matches(" 200 of 1000  %d+/s", written[1])
    p:finish("broken off")
    time = time + 1000
    refresh()
    assert.equal(2, #written)
  end)

  it("keeps what others have written from doing anything to the terminal", function()
    for _, terminal in ipairs {true, false} do
      written = {}
      local p = make {label = "\27]0;x\7a\nb\r", terminal = terminal, width = 70}
      feed(p, 0, 5, 200, 10)
      p:print("one\27[2J\ntwo")
      p:finish("bad\27[H\n")
      local all = table.concat(written):gsub("\27%[K", "")
      assert.is_nil(all:find("[%z\1-\9\11\12\14-\31\127]"))
      assert.matches("%?%]0;x%?a b:? ", all)
      assert.matches("one%?%[2J two\n", all)
      assert.matches("5 of 10, bad%?%[H", all)
    end
  end)

  it("has lines written above it", function()
    local p = make {label = "panels", terminal = true, width = 70}
    p:print("before")
    feed(p, 0, 5, 200, 10)
    p:print("meanwhile")
    assert.equal("before", shown()[1])
    assert.equal("meanwhile", shown()[2])
    assert.matches("^panels %[#+ +%]  5 of 10  5.0/s  1 s left$", shown()[3])
  end)

  it("paints failures red on a terminal, if colours are wanted", function()
    local wanted = (os.getenv("NO_COLOR") or "") == ""
    feed(make {terminal = true}, 0, 5, 200, 10, 2)
    assert.equal(wanted, table.concat(written):find("\27[31m2 failed\27[0m", 1, true) ~= nil)
    written = {}
    feed(make {terminal = false}, 0, 5, 200, 10, 2)
    assert.is_nil(table.concat(written):find("\27", 1, true))
  end)

  it("writes to a file, and no more once that is closed", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    local p = progress {out = file}
    p(1, 1)
    p(0, 2)
    file:close()
    p(1, 2)
    p(2, 2)
    assert.equal("1 of 1\n", assert(io.open(path)):read("*a"))
    os.remove(path)
  end)

  it("ends its line at the end of a block in Lua 5.4", function()
    local p = make()
    p(1, 3)
    getmetatable(p).__close(p, nil)
    p(2, 3)
    getmetatable(p).__close(p, "file.lua:1: interrupted!")
    p(2, 4)
    getmetatable(p).__close(p, {})
    p(3, 4)
    getmetatable(p).__close(p, setmetatable({}, {__tostring = function() return "7 rows done: interrupted!" end}))
    p(3, 5)
    getmetatable(p).__close(p, setmetatable({}, {__tostring = function() error("no") end}))
    assert.same({"1 of 3\n", "2 of 3, interrupted\n", "2 of 4, broken off\n", "3 of 4, interrupted\n",
      "3 of 5, broken off\n"}, written)
  end)

  it("raises for what is wrong, naming it", function()
    for message, options in pairs {
      ["grafana.progress: bad argument #1 'options' (table expected, got string)"] = "panels",
      ["grafana.progress: unknown option 'lable' (did you mean 'label'?)"] = {lable = "x"},
      ["grafana.progress: option 'label': string expected, got number"] = {label = 1},
      ["grafana.progress: option 'out': open file or function expected, got string"] = {out = "x"},
      ["grafana.progress: option 'interval': seconds, from 0 expected, got number"] = {interval = -1},
      ["grafana.progress: option 'width': columns, from 1 expected, got number"] = {width = 0},
      ["grafana.progress: option 'ascii': boolean expected, got string"] = {ascii = "yes"},
      ["grafana.progress: option 'terminal': boolean expected, got number"] = {terminal = 1},
    } do
      local fine, problem = pcall(grafana.progress, options)
      assert.is_false(fine)
      assert.equal(message, problem:match("grafana%.progress: .*"))
    end
    for word, wrong in pairs {
      ["'done' to progress"] = function(p) p("1", 2) end, ["#1 'words' to 'finish'"] = function(p) p:finish(1) end,
    } do
      local fine, problem = pcall(wrong, make())
      assert.is_false(fine)
      assert.matches("^[^ ]*progress_spec.lua:%d+: bad argument " .. word, problem)
    end
    assert.equal("grafana.progress: nothing yet", tostring(make()))
  end)
end)

describe("what calls tell", function()
  local tell = require("grafana.progress").tell

  -- What is told of a call whose progress is each of the rows in turn; `ended` stands in the last.
  local function told_of(rows, on_progress)
    local told, list, at = {}, {}, 0
    local call = {
      progress = function() return rows[at][1], rows[at][2], rows[at][3] or 0 end,
      done = function() return rows[at].ended or false end,
    }
    for i = 1, #rows do
      at = i
      tell(on_progress or function(...) list[#list + 1] = table.concat({...}, " ") end, call, told)
    end
    return list
  end

  it("is each change, and that all is done at the end only", function()
    assert.same({"0 0 0", "0 3 0", "1 3 0", "2 3 1", "3 3 1"},
      told_of {{0, 1}, {0, 3}, {0, 3}, {1, 3}, {2, 3, 1}, {3, 0, 1}, {3, 0, 1}, {3, 3, 1, ended = true}})
    assert.same({"0 0 0", "9 0 0", "18 0 0", "20 20 0"},   -- a list of unknown length
      told_of {{0, 1}, {9, 0}, {9, 0}, {18, 0}, {20, 20, ended = true}})
    assert.same({"9 10 0", "12 20 0", "30 0 0", "30 30 0"},   -- more becomes known
      told_of {{9, 10}, {10, 0}, {12, 20}, {30, 0}, {30, 30, ended = true}})
  end)

  it("is as far as a call came that ends badly", function()
    assert.same({"0 0 0"}, told_of {{0, 1}, {1, 0, 1, ended = true}})
    assert.same({"4 9 0", "5 9 1"}, told_of {{4, 9}, {5, 9, 1, ended = true}})
  end)

  it("comes to grafana.progress() again and again, so that it shows times, but ends it once", function()
    local written = {}
    local p = grafana.progress {out = function(s) written[#written + 1] = s end}
    told_of({{0, 1}, {0, 1}, {1, 0}, {1, 0}, {1, 1, ended = true}, {1, 1, ended = true}}, p)
    assert.same({"1 of 1\n"}, written)
  end)
end)

describe("core.terminal", function()
  it("tells terminals from what is none", function()
    local path = os.tmpname()
    local file = assert(io.open(path))
    assert.is_nil(core.terminal(file))
    file:close()
    assert.is_nil(core.terminal(file))
    os.remove(path)
    assert.has_error(function() core.terminal(1) end)
    assert.has_error(function() core.terminal("x") end)
  end)
end)

-- ------------------------------------------------------------------------------------------------- operations --

local PASSWORD = "admin"

local function connect(server, options)
  return grafana.connect(server.url, {"admin", PASSWORD}, options)
end

for _, version in ipairs {"12.4.3", "9.3.2"} do
  describe("on_progress on " .. version, function()
    local server, g

    setup(function() server = standin.start {personality = version} end)
    teardown(function() server:stop() end)
    before_each(function()
      server:reset()
      g = connect(server, {backoff_ms = {1, 1}})
    end)
    after_each(function() g:close() end)

    -- What is told while g:name(…) runs, and its result.
    local function told_by(name, ...)
      local told, arguments = {}, {...}
      local options = type(arguments[#arguments]) == "table" and table.remove(arguments) or {}
      options.on_progress = function(done, total, failed) told[#told + 1] = {done, total, failed} end
      arguments[#arguments + 1] = options
      return told, g[name](g, (unpack or table.unpack)(arguments))
    end

    local function check_rules(told, result)
      for i, row in ipairs(told) do
        assert.equal(i == #told and result.ok, row[1] == row[2] and row[2] > 0, i)
        local before = told[i - 1]
        assert.is_true(not before or before[1] ~= row[1] or before[2] ~= row[2] or before[3] ~= row[3])
        assert.is_true(not before or before[1] <= row[1])
        assert.is_true(row[3] <= row[1])
      end
    end

    it("tells a fan-out as it goes, and done equals total at its end only", function()
      server:seed {dashboards = 30, org = 1, bytes = 2000}
      for _, name in ipairs {"get_org_panels", "get_org_dashboards"} do
        local told, r = told_by(name, 1)
        assert.is_true(r.ok)
        assert.same({30, 30, 0}, told[#told])
        check_rules(told, r)
      end
    end)

    it("tells a list page by page", function()
      server:seed {dashboards = 2500, org = 1, bytes = 200}
      server:fault {kind = "delay", seconds = 0.5, path = "page=2"}   -- longer than the driver is patient
      local told, r = told_by("search", 1)
      assert.equal(2500, #r.hits)
      assert.same({2500, 2500, 0}, told[#told])
      assert.same({{0, 0, 0}, {1000, 0, 0}}, {told[1], told[2]})   -- the server names no total
      check_rules(told, r)
      told, r = told_by("search", 1, {page = 2, perpage = 10})
      assert.same({10, 10, 0}, told[#told])
      check_rules(told, r)
    end)

    it("tells of nothing done where nothing is there, and ends all the same", function()
      for _, case in ipairs {{"get_org_panels", 1}, {"get_teams", 1}} do
        local told, r = told_by(case[1], case[2])
        assert.is_true(r.ok)
        assert.equal(told[#told][1], told[#told][2])
        check_rules(told, r)
      end
    end)

    it("never tells that all is done where an operation fails", function()
      for _, kind in ipairs {"garbage", "not-there"} do
        server:clear_faults()
        if kind == "garbage" then server:fault {kind = kind, path = "^/api/", times = 0} end
        for _, name in ipairs {"get_org_panels", "get_teams"} do
          local told, r = told_by(name, 4711, {max_retries = 1})
          assert.is_false(r.ok)
          check_rules(told, r)
        end
      end
    end)

    it("breaks the operation off where it raises, and leaves the client usable", function()
      server:seed {dashboards = 30, org = 1, bytes = 200}
      local problem = setmetatable({}, {__tostring = function() return "enough" end})
      for at = 1, 3 do
        local calls = 0
        local fine, raised = pcall(g.get_org_panels, g, 1, {on_progress = function()
          calls = calls + 1
          if calls == at then error(problem) end
        end})
        assert.is_false(fine)
        assert.equal(problem, raised)
        assert.equal(at, calls)
        assert.is_true(g:get_orgs().ok)
      end
    end)

    it("may call and close the client", function()
      server:seed {dashboards = 3, org = 1, bytes = 200}
      local inside
      local r = g:get_org_panels(1, {on_progress = function() inside = g:get_current_user() end})
      assert.is_true(r.ok)
      assert.is_true(inside.ok)
      r = g:get_org_panels(1, {on_progress = function() g:close() end})
      assert.equal("closed", r.reason)
    end)

    it("is a function or what can be called like one, of operations that may send many requests", function()
      local count = 0
      local callable = setmetatable({}, {__call = function() count = count + 1 end})
      assert.is_true(g:get_orgs({on_progress = callable}).ok)
      assert.is_true(count > 0)
      for _, wrong in ipairs {1, "print", {}, true, grafana.null} do
        assert.error_matches(function() return g:get_orgs({on_progress = wrong}) end,
          "bad option 'on_progress' to 'get_orgs' %(function expected, got ")
      end
      assert.error_matches(function() return g:get_org(1, {on_progress = print}) end,
        "unknown option 'on_progress' to 'get_org'")
      assert.is_true(g:get_orgs({on_progress = nil}).ok)
    end)

    it("is told in tasks as outside", function()
      server:seed {dashboards = 30, org = 1, bytes = 200}
      server:fault {kind = "status", code = 503, path = "^/api/search", times = 1}
      local lines, told, r = {}
      local talking = connect(server, {backoff_ms = {1, 1}, log = function(line) lines[#lines + 1] = line end})
      g:close()
      g = talking
      grafana.run(function() told, r = told_by("get_org_panels", 1) end)
      assert.same({30, 30, 0}, told[#told])
      check_rules(told, r)
      assert.matches("attempt 1 failed", lines[1])
    end)

    it("of gather tells of rows, by grafana.progress() too", function()
      local written = {}
      local p = grafana.progress {label = "rows", out = function(s) written[#written + 1] = s end}
      local rows = {{"get_org", 1}, {"get_org", 4711}, {"get_current_user"}}
      grafana.gather(g, rows, {on_progress = p})
      grafana.gather(g, {{"get_org", 1}}, {on_progress = p})
      grafana.gather(g, {{"get_org", 1}}, {on_progress = p})
      grafana.gather(g, {}, {on_progress = p})
      assert.same({"rows: 3 of 3, 1 failed\n", "rows: 1 of 1\n", "rows: 1 of 1\n"}, written)
      server:fault {kind = "close", path = "^/api/", times = 0}
      local hooked = connect(server, {on_retry = function() error("stop", 0) end})
      assert.same({false, "stop"}, {pcall(grafana.gather, hooked, rows, {on_progress = p})})
      assert.matches("^rows: %d of 3, broken off", written[4])
      hooked:close()
    end)

    it("given grafana.progress() has its line ended, however the operation ends", function()
      server:seed {dashboards = 30, org = 1, bytes = 200}
      local written = {}
      local p = grafana.progress {label = "panels", out = function(s) written[#written + 1] = s end}
      assert.is_true(g:get_org_panels(1, {on_progress = p}).ok)
      assert.equal("not-found", g:get_org_panels(4711, {on_progress = p}).status)
      server:fault {kind = "stall", seconds = 5, path = "^/api/", times = 0}
      assert.equal("deadline", g:get_org_panels(1, {on_progress = p, deadline = 200}).reason)
      for i, ending in ipairs {"30 of 30", "0 done, org%-not%-found", "0 done, deadline"} do
        assert.matches("^panels: " .. ending, written[i])
      end
      assert.equal(3, #written)
      local hooks = connect(server, {on_retry = function() error("stop") end})
      server:clear_faults()
      server:fault {kind = "close", path = "^/api/", times = 0}
      assert.is_false(pcall(hooks.get_orgs, hooks, {on_progress = p}))
      assert.matches("^panels: 0 done, broken off", written[4])
      hooks:close()
    end)
  end)
end

-- ------------------------------------------------------------------------------------------------- a terminal --

local on_terminal = screen.is_there() and nginx.outside(describe) or function() end

on_terminal("a program on a terminal", function()
  local server

  setup(function()
    server = standin.start {personality = "9.3.2"}
    server:seed {dashboards = 80, org = 1, bytes = 500}
  end)
  teardown(function() server:stop() end)
  before_each(function()
    server:clear_faults()
    server:clear_log()
  end)

  local function slowly() server:fault {kind = "delay", seconds = 0.2, path = "^/api/dashboards/uid", times = 0} end

  -- A program that reads all panels and says what came of it.
  local function reading(options)
    return ([[
      local grafana = require "grafana"
      local g = grafana.connect(%q, {"admin", "admin"})
      local fine, r = pcall(g.get_org_panels, g, 1, {on_progress = grafana.progress {label = "panels", interval = 1}})
      print(fine, (tostring(r):gsub("^.*: ", "")))
      print(g:get_current_user().status)
    ]]):format(server.url), options
  end

  it("shows one line that ends whole", function()
    slowly()
    local lines = screen.start(reading {columns = 80}):finish()
    assert.matches("^panels ▕[^ ]+▏ 80 of 80  [%d.]+/s  in [%d. min]+s$", lines[1])
    assert.matches("^true\t", lines[2])
    assert.same({"ok", ""}, {lines[3], lines[4]})
  end)

  it("ends soon after Ctrl-C, the line with what is done so far, and the client stays usable", function()
    server:fault {kind = "stall", seconds = 50, path = "^/api/dashboards/uid", skip = 20, times = 0}
    local program = screen.start(reading {columns = 80}):shows(" 20 of 80")
    program:interrupt()
    local lines = program:finish()   -- within 20 s: else it has waited for the stalled ones
    assert.matches("^panels ▕[^ ]+ +▏ 20 of 80, interrupted", lines[1])
    assert.same({"false\tinterrupted!", "ok", ""}, {lines[2], lines[3], lines[4]})
  end)

  it("ends as soon in tasks and in gather", function()
    for _, how in ipairs {
      {"grafana.run(function() return grafana.spawn(read):wait() end)", "20 of 80, interrupted"},
      {"gather()", "2[01] of 81, interrupted.*1 failed"},
      {"grafana.run(gather)", "2[01] of 81, interrupted.*1 failed"},
    } do
      server:clear_log()
      server:clear_faults()
      server:fault {kind = "stall", seconds = 50, path = "^/api/dashboards/uid", skip = 20, times = 0}
      local program = screen.start(([[
        local grafana = require "grafana"
        local g = grafana.connect(%q, {"admin", "admin"})
        local p = grafana.progress {label = "dashboards"}
        local rows = {{"get_org", 4711}}
        for i = 1, 80 do rows[i + 1] = {"get_dashboard", 1, ("seed-%%05d"):format(i)} end
        local function read() return g:get_org_panels(1, {on_progress = p}) end
        local function gather() return grafana.gather(g, rows, {on_progress = p}) end
        local fine, problem = pcall(function() %s end)
        print(fine, (tostring(problem):gsub("^.*: ", "")))
        print(g:get_current_user().status)
      ]]):format(server.url, how[1])):shows(" 2[01] of 8")
      program:interrupt()
      local lines = program:finish()   -- within 20 s: else it has waited for the stalled ones
      assert.matches("^dashboards ▕.*" .. how[2], lines[1])
      assert.same({"false\tinterrupted!", "ok", ""}, {lines[2], lines[3], lines[4]})
    end
  end)

  it("takes notice of another width", function()
    local path = os.tmpname()   -- the program goes on when it is gone
    local program = screen.start(([[
      local core = require "grafana.core"
      local p = require("grafana").progress {label = "panels"}
      p(0, 80)
      core.sleep(500)
      p(38, 80)
      while io.open(%q) do core.sleep(20) end
      core.sleep(200)
      p(39, 80)
      p(80, 80)
    ]]):format(path), {columns = 150}):shows("38 of 80")
    program:resize(30)
    os.remove(path)
    local output
    program:wait(function() output = program:output() return output:find("\n") end)
    local wide, narrow, last = output:match("([^\r]*38 of 80)[^\r]*\r([^\r]*39 of 80)[^\r]*\r([^\r]*)\27%[K\r?\n")
    assert.is_true(text.columns(wide) > 50)
    assert.is_true(text.columns(narrow) <= 29)
    assert.is_true(text.columns(last) <= 29)
    program:finish()
  end)

  it("fits into narrow ones", function()
    for _, columns in ipairs {8, 20} do
      local output = screen.start(reading {columns = columns}):finish()[1]
      assert.is_true(text.columns(output) < columns, output)
    end
  end)

  it("is drawn in ASCII where the locale is no UTF-8", function()
    for _, case in ipairs {{"C", ""}, {"''", "LC_CTYPE=C LANG=C.UTF-8"}} do
      local lines = screen.start(reading {locale = case[1], environment = case[2]}):finish()
      assert.matches("^panels %[#+%] 80 of 80", lines[1])
    end
    for _, case in ipairs {{"C.UTF-8", "LANG=C"}, {"''", "LC_CTYPE= LANG=en_US.utf8"}} do
      local lines = screen.start(reading {locale = case[1], environment = case[2]}):finish()
      assert.matches("^panels ▕[^ ]+▏ 80 of 80", lines[1])
    end
  end)

  it("gets plain lines where TERM is dumb or unknown", function()
    slowly()
    for _, term in ipairs {"dumb", "''"} do
      local lines = screen.start(reading {term = term}):finish()
      assert.matches("^panels: %d+ of 80", lines[1])
      assert.matches("^panels: %d+ of 80, [%d.]+/s, .* s", lines[2])
      assert.matches("^true\t", lines[#lines - 2])
    end
  end)
end)
