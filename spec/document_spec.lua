-- SPDX-License-Identifier: MIT
-- Documents: JSON that stays in C.

local grafana = require "grafana"
local encode, decode, null = grafana.encode, grafana.decode, grafana.null

-- The sanitizers keep freed memory for a while: what the process holds says nothing then.
local sanitized = (os.getenv("ASAN_OPTIONS") or "") ~= ""

local TEXT = '{"title":"T","panels":[{"id":1,"title":"a"},{"id":2,"title":"b","x":null}],' ..
  '"n":1.5,"ok":false,"e":[],"o":{}}'

local function document(text) return assert(decode(text or TEXT, {raw = true})) end

local function message(f, ...)
  local ok, why = pcall(f, ...)
  assert.is_false(ok, "nothing was raised")
  return tostring(why)
end

-- Lua's own memory in KB, nothing else running.
local function lua_memory()
  collectgarbage()
  collectgarbage()
  return collectgarbage("count")
end

-- The memory of this process in KB; 0 where that cannot be told.
local function resident()
  local file = not sanitized and io.open("/proc/self/status")
  if not file then return 0 end
  local text = file:read("*a")
  file:close()
  return tonumber(text:match("VmRSS:%s*(%d+)"))
end

describe("reading a document", function()
  local d = document()

  it("get gives scalars, and tables for the rest", function()
    assert.equal("T", d:get "title")
    assert.equal(2, d:get("panels", 2, "id"))
    assert.equal(1.5, d:get "n")
    assert.is_false(d:get "ok")
    assert.equal(null, d:get("panels", 2, "x"))
    assert.same({id = 1, title = "a"}, d:get("panels", 1))
    assert.same(decode(TEXT), d:get())
    assert.same(decode(TEXT), d:table())
    assert.equal("[]", encode(d:get "e"))
    assert.equal("{}", encode(d:get "o"))
  end)

  it("get gives nil where the path leads nowhere", function()
    assert.is_nil(d:get "zz")
    assert.is_nil(d:get("zz", "y", 3))
    assert.is_nil(d:get("title", "y"))
    assert.is_nil(d:get("panels", "id"))
    assert.is_nil(d:get(1))
    for _, index in ipairs {0, -1, 3, 1.5, 2 ^ 53, 1e300, -1e300, 0 / 0} do
      assert.is_nil(d:get("panels", index))
    end
    assert.equal(2, select("#", d:get("zz"), nil))
  end)

  it("takes a path as a table too", function()
    assert.equal(2, d:get {"panels", 2, "id"})
    assert.equal(2, d:len {"panels"})
    assert.same(decode(TEXT), d:get {})
  end)

  it("raises for what cannot be a step", function()
    assert.matches("a key or an index expected, got nil", message(d.get, d, nil))
    assert.matches("a key or an index expected, got boolean", message(d.get, d, "panels", true))
    assert.matches("a key or an index expected, got table", message(d.get, d, {}, 1))
    assert.matches("grafana.document", message(d.get, {}, "x"))
  end)

  it("type and len", function()
    assert.equal("object", d:type())
    assert.equal("array", d:type "panels")
    assert.equal("string", d:type "title")
    assert.equal("number", d:type "n")
    assert.equal("boolean", d:type "ok")
    assert.equal("null", d:type("panels", 2, "x"))
    assert.is_nil(d:type "zz")
    assert.equal("number", document("1e400"):type())
    assert.equal(6, d:len())
    assert.equal(6, #d)
    assert.equal(2, d:len "panels")
    assert.equal(0, d:len "e")
    assert.equal(0, d:len "title")
    assert.equal(0, d:len "zz")
  end)

  it("text, pretty and sorted", function()
    assert.equal(TEXT, d:text())
    assert.equal('{"a":[1],"b":{}}', document('{"b":{},"a":[1]}'):text {sorted = true})
    assert.equal('[\n  1\n]', document("[1]"):text {pretty = true})
    assert.equal(TEXT, encode(d))
    assert.matches("unknown option 'prety'", message(d.text, d, {prety = true}))
  end)

  it("digest is the same for equal contents only", function()
    local a, b = document('{"a":1,"b":[1.0]}'), document('{"b":[1],"a":1}')
    assert.matches("^%x+$", a:digest())
    assert.equal(64, #a:digest())
    assert.equal(a:digest(), b:digest())
    assert.not_equal(a:digest(), document('{"b":[2],"a":1}'):digest())
  end)

  it("digest can take numbers for the doubles next to them, as servers do that keep no others", function()
    local doubles = {doubles = true}
    local a, b = document('{"a":9007199254740993,"b":1.0}'), document('{"b":1e0,"a":9007199254740992}')
    assert.not_equal(a:digest(), b:digest())
    assert.equal(a:digest(doubles), b:digest(doubles))
    assert.equal(b:digest(), b:digest(doubles))
    assert.not_equal(a:digest(doubles), document('{"b":1,"a":9007199254740994}'):digest(doubles))
    assert.matches("unknown option 'double'", message(a.digest, a, {double = true}))
  end)

  it("equal and == compare contents", function()
    assert.is_true(d == document())
    assert.is_true(document('{"a":1,"b":2}') == document('{"b":2.0,"a":1}'))
    assert.is_false(document("[1,2]") == document("[2,1]"))
    assert.is_false(document("[]") == document("{}"))
    assert.is_true(d:equal(decode(TEXT)))
    assert.is_true(document("5"):equal(5))
    assert.is_false(d:equal {})
    assert.is_false(d == io.stdout)
    assert.is_false(d == TEXT)
    assert.matches("other: a function cannot be JSON", message(d.equal, d, print))
  end)

  it("tostring is short and says what it is", function()
    assert.equal("grafana.document: object, 6 keys", tostring(d))
    assert.equal("grafana.document: array, 1 element", tostring(document("[1]")))
    assert.equal("grafana.document: string", tostring(document('"x"')))
    assert.equal("grafana.document: array, 2000 elements, 4 KB", tostring(document("[" .. ("1,"):rep(1999) .. "1]")))
  end)
end)

describe("each", function()
  it("steps through arrays and objects; containers come as documents", function()
    local ids, keys = {}, {}
    for i, panel in document():each "panels" do
      ids[i] = panel:get "id"
    end
    for key, value in document():each() do
      keys[#keys + 1] = key .. "=" .. tostring(value)
    end
    assert.same({1, 2}, ids)
    assert.equal("title=T panels=grafana.document: array, 2 elements n=1.5 ok=false " ..
      "e=grafana.document: array, 0 elements o=grafana.document: object, 0 keys", table.concat(keys, " "))
  end)

  it("has nothing to give where there is nothing", function()
    for _, path in ipairs {"e", "o", "title", "zz"} do
      for _ in document():each(path) do error("there is nothing in " .. path) end
    end
  end)

  it("gives documents that outlive the one they come from", function()
    local d, kept = document(), {}
    for i, panel in d:each "panels" do
      kept[i] = panel
    end
    d:close()
    collectgarbage()
    assert.equal("b", kept[2]:get "title")
    kept[2]:set("B", "title")
    assert.equal('{"id":2,"title":"B","x":null}', kept[2]:text())
  end)

  it("goes on over what was there when the document changes", function()
    local d, seen = document("[[1],[2],[3]]"), {}
    for i, value in d:each() do
      d:remove(1)
      value:set(true, 2)
      seen[i] = value:text()
    end
    assert.same({"[1,true]", "[2,true]", "[3,true]"}, seen)
    assert.equal("[]", d:text())
  end)

  it("goes on when the document is closed", function()
    local d, n = document("[1,2,3]"), 0
    for _ in d:each() do
      d:close()
      n = n + 1
    end
    assert.equal(3, n)
  end)
end)

describe("changing a document", function()
  it("set puts any value anywhere", function()
    local d = document("{}")
    assert.equal(d, d:set(5, "a", "b", 1, "c"))
    d:set(null, "n"):set("x\0", "s"):set({1, {k = true}}, "t"):set(document("[7]"), "d")
    assert.equal([[{"a":{"b":[{"c":5}]},"n":null,"s":"x\u0000","t":[1,{"k":true}],"d":[7]}]], d:text())
    d:set(6, "d", 2)
    d:set("new", {"d", 1})
    assert.equal('["new",6]', encode(d:get "d"))
    d:set {whole = 1}
    assert.equal('{"whole":1}', d:text())
    d:set(d, "self")
    assert.equal('{"whole":1,"self":{"whole":1}}', d:text())
  end)

  it("set raises where the path cannot be made, and changes nothing", function()
    local d = document()
    assert.matches("beyond the end", message(d.set, d, 1, "panels", 4))
    assert.matches("through a scalar", message(d.set, d, 1, "title", "x"))
    assert.matches("an index counts from 1", message(d.set, d, 1, "panels", 0))
    assert.matches("an index counts from 1", message(d.set, d, 1, "panels", 1.5))
    assert.matches("nil is no value", message(d.set, d, nil, "x"))
    assert.matches("nil is no value", message(d.set, d))
    assert.matches("value.x: a function cannot be JSON", message(d.set, d, {x = print}, "x"))
    assert.matches("UTF%-8", message(d.set, d, 1, "\255"))
    assert.equal(TEXT, d:text())
  end)

  it("set keeps to 1000 levels", function()
    local d, path = document("[]"), {}
    for i = 1, 999 do path[i] = 1 end
    d:set(grafana.array(), path)
    assert.equal(2000, #d:text())
    path[1000] = 1
    assert.equal(d, d:set(1, path))
    assert.matches("1000 levels", message(d.set, d, {}, path))
  end)

  it("remove tells whether there was something", function()
    local d = document()
    assert.is_true(d:remove("panels", 1))
    assert.is_true(d:remove("title"))
    assert.is_false(d:remove("title"))
    assert.is_false(d:remove("panels", 0))
    assert.is_false(d:remove("panels", 9))
    assert.equal('[{"id":2,"title":"b","x":null}]', encode(d:get "panels", {sorted = true}))
    assert.matches("whole document", message(d.remove, d))
  end)

  it("leaves copies alone", function()
    local d = document()
    local copy = d:copy()
    assert.is_true(copy == d)
    copy:set("changed", "title")
    assert.equal("T", d:get "title")
    d:set("too", "title")
    assert.equal("changed", copy:get "title")
    d:close()
    assert.equal("changed", copy:get "title")
  end)

  it("holds no more memory after many changes", function()
    local d = document('{"a":""}')
    local text = ("x"):rep(1000)
    for _ = 1, 20 do d:set(text, "a") end
    local before = resident()
    for _ = 1, 20000 do d:set(text, "a") end -- 20 MB in all
    assert.is_true(resident() - before < 8000)
  end)
end)

describe("walk", function()
  it("visits every value, the whole first, a container before what it holds", function()
    local seen = {}
    local d = document('{"a":[1,{"b":null}],"c":"x"}')
    assert.equal(d, d:walk(function(path, value)
      seen[#seen + 1] = table.concat(path, "/") .. "=" .. (value == null and "null" or tostring(value))
    end))
    assert.same({"=grafana.document: object, 2 keys", "a=grafana.document: array, 2 elements", "a/1=1",
      "a/2=grafana.document: object, 1 key", "a/2/b=null", "c=x"}, seen)
  end)

  it("puts what the function returns in the value's place, and does not walk it", function()
    local d, visited = document('{"a":{"type":"old","x":[1,2]},"b":["old",false]}'), 0
    d:walk(function(_, value)
      visited = visited + 1
      if value == "old" then return "new" end
      if value == false then return true end
      if type(value) == "userdata" and value ~= null and value:get "type" then return {a = {"old"}} end
    end)
    assert.equal('{"a":{"a":["old"]},"b":["new",true]}', d:text())
    assert.equal(5, visited)
    assert.equal("1", document("[]"):walk(function() return 1 end):text())
    assert.equal("[null]", document("[1]"):walk(function(path) if path[1] then return null end end):text())
  end)

  it("walks what was there, whatever the function does", function()
    local d, paths = document('[[1],[2],[3]]'), {}
    d:walk(function(path, value)
      paths[#paths + 1] = path
      if #path == 1 then
        d:remove(1)
        value:set(9, 1)
      end
    end)
    assert.equal(7, #paths) -- each path is a table of its own
    assert.same({3, 1}, paths[7])
    assert.equal("[]", d:text())
  end)

  it("may be left by an error, and may yield", function()
    local d = document("[1,2,3]")
    assert.matches("enough", message(d.walk, d, function(path) if path[1] == 2 then error("enough") end end))
    assert.equal("[1,2,3]", d:text())
    local step = coroutine.wrap(function()
      d:walk(function(_, value) coroutine.yield(value) end)
      return "end"
    end)
    step()
    assert.same({1, 2, 3, "end"}, {step(), step(), step(), step()})
    assert.matches("function expected", message(d.walk, d))
  end)
end)

describe("a closed document", function()
  it("says so, whatever it is used for", function()
    local d = document()
    d:close()
    d:close()
    assert.equal("grafana.document (closed)", tostring(d))
    for _, name in ipairs {"get", "each", "len", "type", "remove", "copy", "table", "text", "digest"} do
      assert.matches("closed document", message(d[name], d), nil, name)
    end
    assert.matches("closed document", message(d.set, d, 1, "x"))
    assert.matches("closed document", message(d.walk, d, print))
    assert.matches("closed document", message(d.equal, d, 1))
    assert.matches("closed document", message(encode, d))
    assert.matches("closed document", message(encode, {d}))
    assert.matches("closed document", message(function() return #d end))
    assert.matches("closed document", message(function() return d == document() end))
    assert.matches("closed document", message(document().set, document(), d, "x"))
  end)

  it("is what <close> leaves in Lua 5.4", function()
    local compile = loadstring or load -- luacheck: ignore
    local run = compile [[
      local document = ...
      local kept
      do
        local d <close> = document
        kept = d
      end
      return tostring(kept)]]
    if run and _VERSION ~= "Lua 5.1" then
      assert.equal("grafana.document (closed)", run(document()))
    end
  end)

  it("may be closed by a finalizer while it is read", function()
    -- Whatever a function of a document allocates may run this.
    local text = "[" .. ("[1,2,3,\"some text\"],"):rep(2000) .. "1e400]"
    for _, use in ipairs {function(d) d:table() end, function(d) for _ in d:each() do d:len() end end,
      function(d) d:walk(function() end) end, function(d) d:text() end, function(d) encode {d} end,
      function(d) for i = 1, 500 do d:get(2001, i); d:get(2001) end end,
      function(d) for i = 1, 500 do d:set({i}, i) end end} do
      for _ = 1, 3 do
        local d = document(text)
        local bait = newproxy and newproxy(true) or setmetatable({}, {__gc = function() d:close() end}) -- luacheck: ignore
        if newproxy then getmetatable(bait).__gc = function() d:close() end end -- luacheck: ignore
        bait = nil -- luacheck: ignore
        pcall(use, d)
        d:close()
      end
    end
  end)
end)

describe("memory of documents", function()
  it("is told to Lua's collector", function()
    local text = "[" .. ("\"0123456789\","):rep(1000) .. "1]" -- 13 KB of text, 28 KB held
    local ballast = {} -- makes the collector wait for as much again
    for i = 1, 300000 do ballast[i] = {i} end
    collectgarbage()
    local before, highest = resident(), 0
    for i = 1, 10000 do
      decode(text, {raw = true})
      if i % 250 == 0 then highest = math.max(highest, resident()) end
    end
    assert.is_true(highest - before < 120000, highest - before .. " KB of the 280 MB in all")
    assert.equal(300000, #ballast)
  end)

  it("is told once for many documents of one store", function()
    local d = document("[" .. ("{},"):rep(20000) .. "{}]")
    local start = os.clock()
    local n = 0
    for _ = 1, 5 do
      for _ in d:each() do n = n + 1 end
    end
    assert.equal(100005, n)
    assert.is_true(os.clock() - start < (sanitized and 20 or 2))
  end)

  it("is given back by close, errors and all", function()
    local text = "[" .. ("\"0123456789\","):rep(2000) .. "1]"
    local n = 1
    local function round()
      local d = document(text)
      pcall(d.set, d, {x = print}, 1)
      pcall(d.set, d, 1, 1, 2, 3)
      pcall(encode, {d, print})
      pcall(d.equal, d, {d, {0 / 0}})
      decode(text .. "x", {raw = true})
      d:walk(function(path) if #path > 0 then return 1 end end)
      for _ in d:each() do
        if n then break end
      end
      d:close()
    end
    for _ = 1, 3 do round() end
    local lua, before = lua_memory(), resident()
    for _ = 1, 20 do round() end
    assert.is_true(lua_memory() - lua < 100)
    assert.is_true(resident() - before < 20000)
  end)
end)

describe("duplicate keys", function()
  it("all stay in a document, the last counts", function()
    local d = document('{"a":1,"a":2}')
    assert.equal('{"a":1,"a":2}', d:text())
    assert.equal(2, d:get "a")
    assert.same({a = 2}, d:table())
    assert.equal(2, d:len())
  end)
end)
