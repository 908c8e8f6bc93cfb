-- SPDX-License-Identifier: MIT
-- grafana.number: numbers by their digits.

local grafana = require "grafana"
local number, encode, decode = grafana.number, grafana.encode, grafana.decode

local function message(f, ...)
  local ok, why = pcall(f, ...)
  assert.is_false(ok, "nothing was raised")
  return tostring(why)
end

describe("grafana.number", function()
  it("keeps every digit", function()
    for _, digits in ipairs {"0", "-0", "9007199254740993", "18446744073709551616", "1e400", "-1.50E+7", "0.10",
      ("9"):rep(5000)} do
      assert.equal(digits, tostring(number(digits)))
      assert.equal("[" .. digits .. "]", encode {number(digits)})
      assert.equal('{"id":' .. digits .. "}", encode {id = number(digits)})
    end
  end)

  it("takes numbers of Lua", function()
    assert.equal("12", tostring(number(12)))
    assert.equal("1.5", tostring(number(1.5)))
    assert.equal("0.1", tostring(number(0.1)))
    assert.equal("1000000000000000", tostring(number(1e15)))
    assert.equal("1e20", tostring(number(1e20)))
    assert.equal("-9223372036854775808", tostring(number(-2 ^ 63)))
    local n = number("7")
    assert.equal(n, number(n))
  end)

  it("raises for what is no JSON number", function()
    for _, text in ipairs {"", "abc", "01", "+1", "1.", ".5", "1e", "1e+", "0x10", " 1", "1 ", "1\0", "-", "--1",
      "NaN"} do
      assert.matches("a JSON number expected, got", message(number, text))
    end
    assert.matches("NaN and infinities are no JSON numbers", message(number, 0 / 0))
    assert.matches("NaN and infinities are no JSON numbers", message(number, 1 / 0))
    assert.matches("string expected, got table", message(number, {}))
    assert.matches("string expected, got nil", message(number, nil))
  end)

  it("is equal to another of the same value, however that is written", function()
    for _, pair in ipairs {{"1", "1.0"}, {"1", "10e-1"}, {"1", "0.1e1"}, {"100", "1E+2"}, {"0", "-0.000e5"},
      {"-1.20", "-12e-1"}, {"123456789012345678901234567890", "1.2345678901234567890123456789e29"},
      {"1e400", "10e399"}, {"0.001", "1e-3"}, {"1e99999999999999999999", "1e99999999999999999999"}} do
      assert.is_true(number(pair[1]) == number(pair[2]), pair[1] .. " " .. pair[2])
    end
    for _, pair in ipairs {{"1", "-1"}, {"1", "2"}, {"1", "10"}, {"9007199254740992", "9007199254740993"},
      {"0.1", "0.01"}, {"1e400", "1e401"}, {"12", "123"}} do
      assert.is_false(number(pair[1]) == number(pair[2]), pair[1] .. " " .. pair[2])
    end
    assert.is_false(number("1") == 1) -- Lua asks nobody when the types differ
    assert.is_false(number("1") == io.stdout)
    assert.is_false(number("1") == decode("1", {raw = true}))
  end)

  it("can be put into a text", function()
    local n = number("18446744073709551615")
    assert.equal("id 18446744073709551615", "id " .. n)
    assert.equal("18446744073709551615!", n .. "!")
    assert.equal("118446744073709551615", 1 .. n)
    assert.equal("1844674407370955161518446744073709551615", n .. n)
    assert.matches("attempt to concatenate a table value", message(function() return n .. {} end))
    assert.matches("attempt to concatenate a nil value", message(function() return nil .. n end))
  end)

  it("comes out of decode where Lua's numbers do not suffice, and goes back as it was", function()
    local text = "[18446744073709551615,-9223372036854775809,1e400,123456789012345678901234567890]"
    local v = decode(text)
    for _, n in ipairs(v) do
      assert.equal("userdata", type(n))
    end
    assert.equal(text, encode(v))
    assert.equal(text, decode(text, {raw = true}):text())
    assert.is_true(v[4] == number("123456789012345678901234567890"))
    assert.is_true(decode(text, {raw = true}):get(4) == v[4])
  end)

  it("is written into documents as the integer that it is", function()
    local d = decode("{}", {raw = true})
    d:set(number("9007199254740993"), "id")
    assert.equal('{"id":9007199254740993}', d:text())
    assert.is_true(d == decode('{"id":9007199254740993}', {raw = true}))
    assert.is_false(d == decode('{"id":9007199254740992}', {raw = true}))
  end)
end)
