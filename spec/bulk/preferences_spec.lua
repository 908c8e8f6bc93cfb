-- SPDX-License-Identifier: MIT
-- Objects of the kind preferences.

package.path = "./?.lua;./?/init.lua;" .. package.path

local cases = require "spec.bulk.people_cases"
local people = require "spec.bulk.people"

local busted = {describe = describe, setup = setup, teardown = teardown, before_each = before_each}

describe("preferences", function()
  people.on_standins(busted, function(get, standin)
    cases.preferences(it, get)

    it("have what this server knows besides", function()
      local c = get()
      local nine = standin().personality == "9.3.2"
      local navbar = nine and {savedItems = {{id = "a", text = "A"}}} or {bookmarkUrls = {"/a", "/b"}}
      c:put_well("preferences", {navbar = navbar, theme = "dark"})
      c:put_well("preferences", {theme = "dark"})
    end)
  end)
end)
