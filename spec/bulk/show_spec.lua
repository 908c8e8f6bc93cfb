-- SPDX-License-Identifier: MIT
-- What people are shown of what a server says.

local show = require "grafana.bulk.show"

describe("a server's text", function()
  it("is shown as it is where it is harmless", function()
    for _, s in ipairs {"", "Ops", "a \\ b \"c\" 'd' %s {}", "Übersicht – Größe 日本 🙂"} do
      assert.equal(s, show.text(s))
    end
    assert.equal("nil", show.text(nil))
    assert.equal("12", show.text(12))
  end)

  it("comes without control characters, of C1 too", function()
    assert.equal("a\\x1b[2J\\x07b\\x00", show.text("a\27[2J\7b\0"))
    assert.equal("\\x7f\\u{9b}2J\\u{85}", show.text("\127\194\1552J\194\133"))
    assert.equal("one\\ntwo\\r\\tthree", show.text("one\ntwo\r\tthree"))
    for code = 0, 31 do assert.is_nil(show.text(string.char(code)):find("%c")) end
  end)

  it("comes without what turns the direction of text, breaks lines or is not seen", function()
    assert.equal("\\u{202e}cba\\u{202c}", show.text("\226\128\174cba\226\128\172"))
    assert.equal("\\u{2066}\\u{2069}\\u{200f}\\u{61c}\\u{2028}\\u{feff}",
      show.text("\226\129\166\226\129\169\226\128\143\216\156\226\128\168\239\187\191"))
  end)

  it("has the bytes that are no UTF-8 by their numbers", function()
    assert.equal("a\\xff\\x80b\\xc3", show.text("a\255\128b\195"))
    assert.equal("\\xc0\\x9b\\xed\\xa0\\x80", show.text("\192\155\237\160\128"))
  end)

  it("is cut to the columns that it may take", function()
    assert.equal(("x"):rep(119) .. "…", show.text(("x"):rep(500)))
    assert.equal("abcd…", show.text("abcdefgh", 5))
    assert.equal("abcde", show.text("abcde", 5))
    assert.equal("日…", show.text("日本語", 4))
    assert.equal(5000, #show.text(("x"):rep(5000), math.huge))
    assert.is_true(#show.text(("\204\129"):rep(100000), 20) < 1000)   -- which take no columns
    assert.is_true(show.columns(show.text(("\27"):rep(1000), 30)) <= 30)
  end)
end)

describe("colours", function()
  it("are given to terminals only", function()
    local file = assert(io.tmpfile())
    assert.is_false(show.colours(file))
    file:close()
    assert.is_false(show.colours(file))
    assert.is_false(show.colours(function() end))
  end)

  it("end where the text ends", function()
    assert.equal("\27[31mx\27[0m", show.paint("red", "x", true))
    assert.equal("x", show.paint("red", "x", false))
    assert.equal("", show.paint("red", "", true))
  end)
end)
