-- SPDX-License-Identifier: MIT
-- A backup of some organisations, into the folder of a backup of all.

package.path = "./?.lua;./?/init.lua;" .. package.path

local bulk = require "grafana.bulk"
local two_worlds = require "spec.support.two_worlds"

local two

setup(function() two = two_worlds.start("12.4.3") end)
teardown(function() two:stop() end)

it("leaves what is the other organisations', and their users, as it is", function()
  local dir = two:folder()
  local all = bulk.backup(two.g, dir)
  assert.is_true(all.ok, tostring(all))
  local some = bulk.backup(two.g, dir, {orgs = {"Main Org."}})
  assert.is_true(some.ok, tostring(some))
  assert.equal(0, some.removed, tostring(some))
  local r = bulk.diff(dir, two.g)
  assert.is_true(r.ok, tostring(r))
  assert.same({0, 0, 0}, {#r.added, #r.removed, #r.changed}, tostring(r))
end)

it("says of whom a note is", function()
  local report = bulk.backup(two.g, two:folder())
  assert.matches("Notes:\n  Acme: the service account deployer has tokens", tostring(report), 1, true)
end)
