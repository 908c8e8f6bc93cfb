-- SPDX-License-Identifier: MIT
-- Line diffs: what they say, that applying one gives the other text, that they are as short as can be where little has
-- changed, and that they end soon where much has.

local core = require "grafana.core"
local line_edits = require "grafana.bulk.line_edits"
local lines = require "grafana.bulk.lines"
local scratch = require "spec.support.scratch"

after_each(function() scratch.clear() end)

-- What comes of `a` when the hunks are applied; raises where one does not fit.
local function apply(a, hunks)
  local list, out, at = {}, {}, 1
  for line in a:gmatch "[^\n]*\n?" do list[#list + 1] = line ~= "" and line or nil end
  for _, hunk in ipairs(hunks) do
    for i = at, hunk.a - 1 do out[#out + 1] = list[i] end
    at = hunk.a
    local b_count = 0
    for _, line in ipairs(hunk) do
      local mark, text = line:sub(1, 1), line:sub(2)
      if mark ~= "+" then
        assert(list[at] == text)
        at = at + 1
      end
      if mark ~= "-" then
        out[#out + 1], b_count = text, b_count + 1
      end
    end
    assert(at - hunk.a == hunk.a_count and b_count == hunk.b_count)
  end
  for i = at, #list do out[#out + 1] = list[i] end
  return table.concat(out)
end

local function changed(hunks)
  local n = 0
  for _, hunk in ipairs(hunks) do
    for _, line in ipairs(hunk) do n = n + (line:sub(1, 1) ~= " " and 1 or 0) end
  end
  return n
end

-- The length of the longest common subsequence, the slow way.
local function common(a, b)
  local above = {}
  for j = 0, #b do above[j] = 0 end
  for i = 1, #a do
    local row = {[0] = 0}
    for j = 1, #b do row[j] = a[i] == b[j] and above[j - 1] + 1 or math.max(above[j], row[j - 1]) end
    above = row
  end
  return above[#b]
end

local function random_lines(random, n, words)
  local list = {}
  for i = 1, n do list[i] = ("%sw%d\n"):format((" "):rep(random(0, 3)), random(1, words)) end
  return list
end

local function mutate(random, list, changes)
  local copy = {}
  for i, line in ipairs(list) do copy[i] = line end
  for _ = 1, changes do
    local what, at = random(1, 3), random(1, math.max(1, #copy))
    if what == 1 then table.insert(copy, at, ("new%d\n"):format(random(1, 50)))
    elseif #copy > 0 and what == 2 then table.remove(copy, at)
    else copy[at] = ("other%d\n"):format(random(1, 50)) end
  end
  return copy
end

-- Small numbers that look like chance, the same in every Lua.
local function new_random(seed)
  return function(low, high)
    seed = (seed * 16807) % 2147483647
    return low + seed % (high - low + 1)
  end
end

describe("a line diff", function()
  it("of the same texts is empty", function()
    assert.equal("", lines.diff("a\nb\n", "a\nb\n"))
    assert.equal("", lines.diff("", ""))
    assert.are.same({}, lines.hunks("a", "a"))
    assert.are.same({0, 0}, {lines.count("a", "a")})
  end)

  it("shows three lines around each change, and where it is", function()
    local a, b = {}, {}
    for i = 1, 20 do a[i], b[i] = "line " .. i .. "\n", "line " .. i .. "\n" end
    b[5], b[17] = "five\n", ""
    assert.equal([[
--- staging
+++ production
@@ -2,7 +2,7 @@
 line 2
 line 3
 line 4
-line 5
+five
 line 6
 line 7
 line 8
@@ -14,7 +14,6 @@
 line 14
 line 15
 line 16
-line 17
 line 18
 line 19
 line 20
]], lines.diff(table.concat(a), table.concat(b), {from = "staging", to = "production"}))
    assert.are.same({2, 1}, {lines.count(table.concat(a), table.concat(b))})
    assert.equal("@@ -5 +5 @@\n-line 5\n+five\n@@ -17 +16,0 @@\n-line 17\n",
      lines.diff(table.concat(a), table.concat(b), {context = 0}))
  end)

  it("of something and nothing has all of it", function()
    assert.equal("@@ -0,0 +1,2 @@\n+a\n+b\n", lines.diff("", "a\nb\n"))
    assert.equal("@@ -1 +0,0 @@\n-a\n", lines.diff("a\n", ""))
  end)

  it("tells a last line without an end", function()
    assert.equal("@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n", lines.diff("a\nb", "a\nb\n"))
  end)

  it("begins at an outer level where several places would do", function()
    local a = core.encode({{id = 1, x = 1}, {id = 3, x = 1}}, {pretty = true, sorted = true})
    local b = core.encode({{id = 1, x = 1}, {id = 2, x = 1}, {id = 3, x = 1}}, {pretty = true, sorted = true})
    local added = [[
+  {
+    "id": 2,
+    "x": 1
+  },
]]
    assert.is_truthy(lines.diff(a, b):find(added, 1, true))
    assert.is_truthy(lines.diff(b, a):find((added:gsub("%+", "-")), 1, true))
  end)

  it("has colours where they are asked for, each line by itself", function()
    local head = "\27[1m--- x\27[0m\n\27[1m+++ y\27[0m\n\27[36m@@ -1,2 +1,2 @@\27[0m\n"
    assert.equal(head .. " a\n\27[31m-b\27[0m\n\27[32m+c\27[0m\n",
      lines.diff("a\nb\n", "a\nc\n", {colours = true, from = "x", to = "y"}))
    assert.is_nil(lines.diff("a\nb\n", "a\nc\n"):find "\27")
  end)

  it("holds nothing that a terminal obeys, and no endless line", function()
    local text = lines.diff("a\27[2J\n", "\226\128\174b\155\n" .. ("x"):rep(10000) .. "\n", {from = "\27]0;title\7"})
    assert.is_nil(text:find "[%z\1-\9\11-\31\127]")
    assert.is_truthy(text:find("-a\\x1b[2J\n+\\u{202e}b\\x9b\n", 1, true))
    assert.is_true(#text < 1000)
    assert.is_truthy(lines.diff("", ("x"):rep(1000), {columns = 10}):find("+xxxxxxxxx…\n", 1, true))
  end)

  it("applied to one text gives the other, with the fewest changes", function()
    local random = new_random(7)
    for round = 1, 400 do
      local a = random_lines(random, random(0, 40), random(1, 30))
      local b = round % 4 == 0 and random_lines(random, random(0, 40), 10) or mutate(random, a, random(0, 12))
      local x, y = table.concat(a), table.concat(b)
      local hunks = lines.hunks(x, y, round % 5)
      assert.equal(y, apply(x, hunks))
      assert.equal(#a + #b - 2 * common(a, b), changed(hunks))
    end
  end)

  it("is what patch takes, and as short as diff makes it", function()
    if scratch.run "command -v diff patch" == "" then return pending("needs diff and patch") end
    local random, dir = new_random(11), scratch.folder()
    for round = 1, 20 do
      local a = random_lines(random, 200, 60)
      local b = mutate(random, a, random(1, 30))
      local x, y = table.concat(a), table.concat(b)
      if round % 3 == 0 then y = y:sub(1, -2) end
      scratch.put(dir .. "/a", x)
      scratch.put(dir .. "/b", y)
      local ours = lines.diff(x, y, {from = "a", to = "b"})
      scratch.put(dir .. "/patch", ours)
      local theirs = scratch.run(("cd %s && diff --minimal -u a b"):format(dir))
      local function count(text) return select(2, ("\n" .. text):gsub("\n[-+]", "")) end
      assert.equal(count(theirs), count(ours))
      scratch.run(("cd %s && patch -s a patch"):format(dir))
      assert.equal(y, scratch.get(dir .. "/a"))
    end
  end)

  it("of much changed texts is right too", function()
    local random = new_random(13)
    for _, words in ipairs {3, 300, 100000} do
      local a = random_lines(random, 3000, words)
      for _, b in ipairs {mutate(random, a, 2000), random_lines(random, 2500, words)} do
        local x, y = table.concat(a), table.concat(b)
        assert.equal(y, apply(x, lines.hunks(x, y)))
      end
    end
  end)

  it("of 100,000 lines takes some steps a line, whatever they are", function()
    local random, n = new_random(17), 100000
    local function count(a, b)
      local edits, steps = line_edits.between(a, b)
      assert.is_true(steps < 30 * (#a + #b), steps)
      return #edits
    end
    local same, other, few, moved, reversed = {}, {}, {}, {}, {}
    for i = 1, n do
      same[i], other[i], few[i] = "x" .. i, "y" .. i, "z" .. random(1, 5)
      moved[(i + n / 2 - 1) % n + 1], reversed[n + 1 - i] = same[i], same[i]
    end
    assert.equal(1, count(same, other))
    assert.equal(2, count(same, moved))
    assert.equal(2, count(same, reversed))
    assert.is_true(count(few, mutate(random, few, 100)) <= 200)
    local more = {}
    for i = 1, n do more[i] = "z" .. random(1, 5) end
    assert.is_true(count(few, more) >= 1)
  end)
end)
