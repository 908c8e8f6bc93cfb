-- SPDX-License-Identifier: MIT
-- JSON values: decode, encode, marks, null and get; lua-cjson and dkjson as referees of what both can express.

local grafana = require "grafana"
local core = require "grafana.core"
local cjson = require "cjson"
local dkjson = require "dkjson"

local encode, decode, null, array, object = grafana.encode, grafana.decode, grafana.null, grafana.array, grafana.object
local unpack = table.unpack or unpack -- luacheck: ignore
local is54 = math.type ~= nil

-- The message that `f(…)` raises, without the position.
local function message(f, ...)
  local ok, why = pcall(f, ...)
  assert.is_false(ok, "nothing was raised")
  return (tostring(why):gsub("^[^ ]-:%d+: ", ""))
end

local function nested(levels)
  local t = {}
  for _ = 2, levels do t = {t} end
  return t
end

describe("null", function()
  it("is cjson's", function()
    assert.equal(cjson.null, null)
    assert.equal(null, decode("null"))
    assert.equal("null", encode(cjson.null))
    assert.equal("null", cjson.encode(null))
  end)

  it("stays apart from what is absent, and from false", function()
    local v = decode('{"a":null,"b":false}')
    assert.equal(null, v.a)
    assert.is_false(v.b)
    assert.is_nil(v.c)
    assert.equal('{"a":null,"b":false}', encode(v, {sorted = true}))
  end)
end)

describe("decode", function()
  it("gives scalars", function()
    assert.equal("x", decode('"x"'))
    assert.equal(1.5, decode("1.5"))
    assert.is_true(decode("true"))
    assert.equal("\0a\0é€😀", decode([["\u0000a\u0000\u00e9\u20ac\ud83d\ude00"]]))
  end)

  it("gives integers to the last digit", function()
    assert.equal("3202576570126336", ("%.0f"):format(decode("3202576570126336")))
    assert.equal("18446744073709551615", tostring(decode("18446744073709551615")))
    for _, digits in ipairs {"9007199254740991", "9007199254740993", "-9007199254740993", "9223372036854775807",
      "-9223372036854775808", "9223372036854775808", "18446744073709551615", "123456789012345678901234567890"} do
      assert.equal(digits, encode(decode(digits)))
    end
    assert.equal(is54 and "number" or "userdata", type(decode("9007199254740993")))
    assert.equal("userdata", type(decode("9223372036854775808")))
  end)

  it("gives 1.0 as a float and 1 as an integer, in Lua 5.4", function()
    if is54 then
      assert.equal("integer", math.type(decode("1")))
      assert.equal("float", math.type(decode("1.0")))
    end
  end)

  it("keeps what a double cannot hold as its digits", function()
    assert.equal("1e400", tostring(decode("1e400")))
    assert.equal('[1e400,-1e999]', encode(decode("[1e400, -1e999]")))
  end)

  it("keeps [] apart from {}", function()
    local text = '{"a":[],"b":{},"c":[[],{}]}'
    assert.equal(text, encode(decode(text), {sorted = true}))
  end)

  it("marks every array", function()
    local v = decode('{"a":[1,[2]]}')
    assert.equal(grafana.array_mt or core.array_mt, getmetatable(v.a))
    assert.equal(core.array_mt, getmetatable(v.a[2]))
    assert.is_nil(getmetatable(v))
  end)

  it("takes the last of equal keys", function()
    assert.same({a = 2}, decode('{"a":1,"a":2}'))
  end)

  it("gives nil and where it failed", function()
    local value, why = decode('{\n  "a": [1, 2,\n  tru]}')
    assert.is_nil(value)
    assert.matches("in line 3, column %d+$", why)
    assert.same({nil, "the text is empty"}, {decode("")})
    for _, text in ipairs {" ", "{", "[1,]", '{"a" 1}', "01", "+1", "NaN", "'a'", "[1] 2", '"\255"', '"\237\160\128"',
      '"a\nb"', "\239\187\191[]x", "nul", '"\\ud800"'} do
      assert.is_nil((decode(text)), text)
    end
  end)

  it("takes 1000 levels and refuses 1001", function()
    local fine = ("["):rep(1000) .. ("]"):rep(1000)
    assert.equal(fine, encode(decode(fine)))
    local value, why = decode("[" .. fine .. "]")
    assert.is_nil(value)
    assert.matches("1000 levels", why)
    assert.is_nil((decode(("["):rep(1000000))))
    assert.is_nil((decode(('{"a":'):rep(1001) .. "1" .. ("}"):rep(1001))))
  end)

  it("raises for what is no text and for unknown options", function()
    assert.matches("string expected, got number", message(decode, 1))
    assert.matches("string expected", message(decode))
    assert.matches("unknown option 'rwa'", message(decode, "1", {rwa = true}))
    assert.matches("option 'raw': boolean expected, got number", message(decode, "1", {raw = 1}))
  end)

  it("gives many keys right, whatever they look like", function()
    local parts, want = {}, {}
    for i = 1, 300 do
      local key = ("k"):rep(i % 45) .. i % 7
      parts[i] = ('{"%s":%d,"":2,"x%d":3}'):format(key, i, i)
      want[i] = {[key] = i, [""] = 2, ["x" .. i] = 3}
    end
    assert.same(want, decode("[" .. table.concat(parts, ",") .. "]"))
  end)
end)

describe("encode", function()
  it("writes integral numbers without a fraction", function()
    assert.equal("1000000000000000", encode(1e15))
    assert.equal("1", encode(1.0))
    assert.equal("9007199254740992", encode(2 ^ 53))
    assert.equal("-9223372036854775808", encode(-2 ^ 63))
    assert.equal("1e20", encode(1e20))
    assert.equal("1e300", encode(1e300))
    for _, d in ipairs {2 ^ 63, 2 ^ 64, 12345678901234567e4, -2 ^ 69} do
      assert.equal(d, decode(encode(d)))
      assert.is_nil(encode(d):find("%."))
    end
  end)

  it("writes other numbers with the fewest digits that read back as the same", function()
    assert.equal("0.1", encode(0.1))
    assert.equal("-0.0", encode(-0.0))
    assert.equal("5e-324", encode(5e-324))
    assert.equal("1.7976931348623157e308", encode(1.7976931348623157e308))
    assert.equal(1 / 3, decode(encode(1 / 3)))
  end)

  it("does not mind the locale", function()
    for _, name in ipairs {"de_DE.UTF-8", "fr_FR.UTF-8", "C"} do
      if os.setlocale(name) then
        assert.equal("[0.5,1e20]", encode {0.5, 1e20})
        assert.equal(0.5, decode("0.5"))
        assert.equal("0.5", tostring(grafana.number(0.5)))
      end
    end
    os.setlocale("C")
  end)

  it("writes integers of Lua 5.4 exactly", function()
    if is54 then
      assert.equal("[9223372036854775807,-9223372036854775808,0]", encode {math.maxinteger, math.mininteger, 0})
    end
  end)

  it("writes LuaJIT's 64-bit integers exactly and refuses other cdata", function()
    local found, ffi = pcall(require, "ffi")
    if found then
      local i64, u64 = ffi.typeof("int64_t"), ffi.typeof("uint64_t")
      assert.equal("[5,-9223372036854775808,18446744073709551615]",
        encode {i64(5), i64(-2 ^ 63), u64(0) - u64(1)})
      assert.equal("value.x: this cdata cannot be JSON", message(encode, {x = ffi.new("int[2]")}))
    end
  end)

  it("escapes what must be, and nothing else", function()
    assert.equal([["\"\\/\b\f\n\r\t\u0000\u0001\u001F]] .. "\127é€😀\"", encode('"\\/\b\f\n\r\t\0\1\31\127é€😀'))
    for n = 0, 40 do -- at every place of the words that are read at once
      for at = 1, n do
        for _, c in ipairs {'"', "\\", "\n", "\1", "é"} do
          local s = ("a"):rep(at - 1) .. c .. ("b"):rep(n - at)
          assert.equal(s, decode(encode(s)))
          assert.equal(s, cjson.decode(encode {s})[1])
        end
      end
      assert.equal('"' .. ("a"):rep(n) .. '"', encode(("a"):rep(n)))
    end
  end)

  it("refuses what is not UTF-8, naming the place", function()
    for _, bad in ipairs {"\128", "\255", "a\195", "\192\128", "\224\128\128", "\237\160\128", "\240\128\128\128",
      "\244\144\128\128", "\245\128\128\128", "abcdefgh\226\130", ("x"):rep(100) .. "\254"} do
      assert.equal("value.a[1]: a string is not valid UTF-8", message(encode, {a = {bad}}))
      assert.matches("^value%[.*%]: a key is not valid UTF%-8$", message(encode, {[bad] = 1}))
    end
  end)

  it("names the place of what cannot be JSON", function()
    local panels = {{}, {}, {targets = print}}
    assert.equal("value.panels[3].targets: a function cannot be JSON", message(encode, {panels = panels}))
    assert.equal("value[1]: a thread cannot be JSON", message(encode, {coroutine.create(function() end)}))
    assert.equal('value["a b"].x: NaN cannot be JSON', message(encode, {["a b"] = {x = 0 / 0}}))
    assert.equal("value: an infinity cannot be JSON", message(encode, 1 / 0))
    assert.equal("value: an infinity cannot be JSON", message(encode, -1 / 0))
    assert.equal("value[1]: a userdata cannot be JSON", message(encode, {io.stdout}))
    assert.equal("value: nil cannot be JSON; grafana.null can", message(encode, nil))
    assert.matches("value expected", message(encode))
  end)

  it("refuses keys that fit neither an array nor an object", function()
    assert.equal("value: an array with a hole: [3] is missing", message(encode, {1, 2, nil, 4}))
    assert.equal("value.a: an array with a hole: [1] is missing", message(encode, {a = {[2] = 1}}))
    assert.matches("^value: string keys and integer keys are mixed", message(encode, {1, 2, x = 3}))
    assert.equal("value: an array cannot have the key 0", message(encode, {[0] = 1}))
    assert.equal("value: an array cannot have the key 1.5", message(encode, {[1.5] = 1}))
    assert.equal("value: an array cannot have the key -1", message(encode, {1, [-1] = 1}))
    assert.equal("value: a boolean as a key cannot be JSON", message(encode, {[true] = 1}))
    assert.matches("^value: a table as a key", message(encode, {[{}] = 1}))
    assert.equal("value.a: an object cannot have the integer key 1", message(encode, {a = object {1}}))
    assert.equal('value.a: an array cannot have the key "x"', message(encode, {a = array {x = 1}}))
  end)

  it("writes an array whose keys Lua does not keep in order", function()
    local t = {}
    for i = 20, 1, -1 do t[i] = i end
    assert.equal("[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]", encode(t))
    assert.equal('{"a":[[],{"b":[1,2]}]}', encode {a = {[2] = {b = {[2] = 2, [1] = 1}}, [1] = array()}})
  end)

  it("refuses cycles and more than 1000 levels", function()
    local t = {a = {}}
    t.a.self = t
    assert.equal("value.a.self: the table contains itself", message(encode, t))
    local list = {{}}
    list[1][1] = list[1]
    assert.equal("value[1][1]: the table contains itself", message(encode, list))
    assert.equal(2000, #encode(nested(1000)))
    assert.matches("^value%[1%].*: more than 1000 levels$", message(encode, nested(1001)))
    local document = decode(encode(nested(1000)), {raw = true})
    assert.matches(": more than 1000 levels$", message(encode, {document}))
  end)

  it("writes a table twice that is there twice", function()
    local shared = {1}
    assert.equal("[[1],[1],[[1]]]", encode {shared, shared, {shared}})
  end)

  it("runs no metamethods", function()
    local function fail() error("a metamethod ran") end
    local t = setmetatable({a = 1},
      {__index = fail, __pairs = fail, __len = fail, __newindex = fail, __tostring = fail, __eq = fail})
    assert.equal('{"a":1}', encode(t))
  end)

  it("can be pretty and sorted", function()
    local v = {b = {}, a = {1, {c = null}}}
    assert.equal('{"a":[1,{"c":null}],"b":{}}', encode(v, {sorted = true}))
    assert.equal('{\n  "a": [\n    1,\n    {\n      "c": null\n    }\n  ],\n  "b": {}\n}',
      encode(v, {sorted = true, pretty = true}))
    assert.matches("unknown option 'prety'", message(encode, v, {prety = true}))
  end)

  it("takes documents and numbers inside tables", function()
    local text = '{"a":[1,"x\\n",null,true,{"b":[],"c":{}}],"big":123456789012345678901234567890,' ..
      '"u":18446744073709551615}'
    local document = decode(text, {raw = true})
    assert.equal("[" .. text .. "]", encode {document})
    document:set(0.5, "a", 1)
    assert.equal("[" .. text:gsub("1", "0.5", 1) .. "]", encode {document})
    assert.equal("[1e400,2.50]", encode {grafana.number("1e400"), grafana.number("2.50")})
  end)
end)

describe("marks", function()
  it("say what an empty table is", function()
    assert.equal('[{},[],{}]', encode {{}, array {}, object {}})
    assert.equal('[[],{}]', encode {array(), object()})
  end)

  it("return the table, and can change", function()
    local t = {}
    assert.equal(t, array(t))
    assert.equal(t, object(t))
    assert.equal("{}", encode(t))
  end)

  it("go on no table that has a metatable of its own, and on nothing else", function()
    local mine = setmetatable({}, {})
    assert.matches("metatable of its own", message(array, mine))
    assert.matches("metatable of its own", message(object, mine))
    assert.matches("table expected", message(array, 1))
    assert.equal("{}", encode(mine))
  end)

  it("are understood by dkjson", function()
    assert.equal("[]", dkjson.encode(array {}))
    assert.equal("{}", dkjson.encode(object {}))
  end)

  it("are those of OpenResty's cjson when it is loaded", function()
    local real, safe = package.loaded.cjson, package.loaded["cjson.safe"]
    for _, name in ipairs {"cjson", "cjson.safe"} do
      package.loaded.cjson, package.loaded["cjson.safe"] = nil, nil
      local before = decode("[]")
      local theirs = {array_mt = {}, empty_array_mt = {}, empty_array = null}
      package.loaded[name] = theirs
      assert.equal(theirs.array_mt, getmetatable(decode("[]")))
      assert.equal(theirs.array_mt, getmetatable(array {}))
      assert.equal("[[],[],[],[1],{\"a\":1}]", encode {before, setmetatable({}, theirs.array_mt),
        setmetatable({}, theirs.empty_array_mt), setmetatable({1}, theirs.empty_array_mt),
        setmetatable({a = 1}, theirs.empty_array_mt)})
      assert.equal("{}", encode(object(array(before))))
    end
    package.loaded.cjson, package.loaded["cjson.safe"] = real, safe
    assert.equal(core.array_mt, getmetatable(decode("[]")))
  end)
end)

describe("get", function()
  it("follows keys and indices", function()
    local v = {panels = {{datasource = {uid = "x"}}}}
    assert.equal("x", grafana.get(v, "panels", 1, "datasource", "uid"))
    assert.equal(v, grafana.get(v))
    assert.is_false(grafana.get({a = false}, "a"))
  end)

  it("gives nil through absent, null and scalars", function()
    local v = decode('{"a":null,"b":1,"s":"x"}')
    assert.is_nil(grafana.get(v, "a"))
    assert.is_nil(grafana.get(v, "a", "b", 1))
    assert.is_nil(grafana.get(v, "x", "y"))
    assert.is_nil(grafana.get(v, "b", "y"))
    assert.is_nil(grafana.get(v, "s", "len"))
    assert.is_nil(grafana.get(nil, "a"))
    assert.is_nil(grafana.get(v, nil))
  end)

  it("goes on inside documents", function()
    local d = decode('{"panels":[{"id":7,"n":null}]}', {raw = true})
    assert.equal(7, grafana.get({x = d}, "x", "panels", 1, "id"))
    assert.is_nil(grafana.get(d, "panels", 1, "n"))
    assert.is_nil(grafana.get(d, "panels", 1, "n", "more"))
    assert.equal(d, grafana.get({x = d}, "x"))
    assert.same({7}, {grafana.get(d, unpack {"panels", 1, "id"})})
  end)
end)

-- Random values: `plain` are those that lua-cjson can express too.
local function generator(seed, plain)
  math.randomseed(seed)
  local random = math.random
  local function text()
    local bytes = {}
    for i = 1, random(0, 20) do
      bytes[i] = ({"a", "Z", " ", '"', "\\", "/", "\n", "\0", "é", "€", "😀", "0", "\127", "\27"})[random(14)]
    end
    return table.concat(bytes)
  end
  local scalars = {
    function() return random(-100, 100) end,
    function() return random(0, 2 ^ 31 - 1) * 1048576 end,
    function() return random() end,
    function() return (random() - 0.5) * 10 ^ random(0, plain and 10 or 300) end,
    text, function() return random() < 0.5 end, function() return null end,
  }
  local function value(depth)
    local kind = random(depth > 0 and 10 or 7)
    if kind < 8 then return scalars[kind]() end
    local n, t = random(plain and 1 or 0, 6), {}
    if kind == 8 then
      for i = 1, n do t[i] = value(depth - 1) end
      return plain and t or array(t)
    end
    for _ = 1, n do t[text() .. (plain and "k" or "")] = value(depth - 1) end
    return t
  end
  return value
end

-- Equal contents; numbers by value, also grafana.number's against Lua's own.
local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then
    return a == b or (type(a) ~= type(b) and encode(a) == encode(b))
  end
  for k, v in pairs(a) do
    if not same(v, b[k]) then return false end
  end
  for k in pairs(b) do
    if a[k] == nil then return false end
  end
  return true
end

describe("random values", function()
  it("come back as they were", function()
    local value = generator(1)
    for _ = 1, 3000 do
      local v = value(4)
      local text = encode(v)
      assert(same(v, decode(text)), text)
      assert(same(v, decode(encode(v, {pretty = true, sorted = true}))), text)
      assert(same(v, decode(text, {raw = true}):table()), text)
    end
  end)

  it("are for lua-cjson and dkjson what they are for us", function()
    local value = generator(2, true)
    for _ = 1, 2000 do
      local v = {value(4)}
      local text = encode(v)
      assert(same(cjson.decode(text), cjson.decode(encode(cjson.decode(text)))), text)
      assert(same(cjson.decode(text), decode(text)), text)
      assert(same(dkjson.decode(text, 1, null), decode(text)), text)
      local theirs = dkjson.encode(v, {exception = function() return "null" end})
      assert(same(cjson.decode(theirs), decode(theirs)), theirs)
    end
  end)
end)

describe("texts cut or changed anywhere", function()
  local text = encode {a = {1, -2.5, 1e300, true, false, null, "x\n\"é", {}, array {}, {b = {c = {}}}}}

  it("never crash, and fail where cut", function()
    for n = 0, #text - 1 do
      assert.is_nil((decode(text:sub(1, n))), n)
    end
    math.randomseed(3)
    for _ = 1, 20000 do
      local at = math.random(#text)
      local changed = text:sub(1, at - 1) .. string.char(math.random(0, 255)) .. text:sub(at + 1)
      local v, why = decode(changed)
      assert(v ~= nil or type(why) == "string")
      if v ~= nil then
        assert(same(v, decode(encode(v))), changed)
      end
    end
  end)
end)

describe("real dashboards", function()
  local list = io.popen("ls ../shared/dashboards/*.json 2>/dev/null")
  local names = {}
  for name in list:lines() do names[#names + 1] = name end
  list:close()

  it("come back unchanged", function()
    for _, name in ipairs(names) do
      local file = assert(io.open(name, "rb"))
      local text = file:read("*a")
      file:close()
      local document = assert(decode(text, {raw = true}))
      local tables = assert(decode(text))
      assert(document:equal(tables), name)
      assert(document == decode(encode(tables), {raw = true}), name)
      assert(document == decode(document:text {pretty = true}, {raw = true}), name)
      assert.equal(document:text {sorted = true}, decode(encode(tables), {raw = true}):text {sorted = true}, name)
      assert(same(tables, document:table()), name)
    end
  end)
end)
