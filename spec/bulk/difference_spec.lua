-- SPDX-License-Identifier: MIT
-- bulk.diff: of servers, organisations and backups, in every pairing.

package.path = "./?.lua;./?/init.lua;" .. package.path

local bulk = require "grafana.bulk"
local grafana = require "grafana"
local two_worlds = require "spec.support.two_worlds"

local check = grafana.check
local two, dir

setup(function()
  two = two_worlds.start("12.4.3")
  dir = two:folder()
  assert.is_true(bulk.backup(two.g, dir).ok)
  assert.is_true(two:restore(dir).ok)
end)
teardown(function() two:stop() end)

local function counts(r) return {#r.added, #r.removed, #r.changed} end

local function diff(a, b, options)
  local r = bulk.diff(a, b, options)
  r:close()
  return r
end

it("finds none between what is the same, whatever holds it", function()
  for _, pair in ipairs {{two.g, two.other}, {dir, two.other}, {two.g, dir}, {dir, dir},
    {{two.g, "Acme"}, {two.other, "Acme"}}} do
    local r = diff(pair[1], pair[2])
    assert.is_true(r.ok, tostring(r))
    assert.same({0, 0, 0}, counts(r), tostring(r))
    assert.is_true(r.same > 50)
  end
end)

describe("where three things were done on one side", function()
  local acme

  setup(function()
    acme = check(two.other:get_org("Acme")).org.id
    check(two.other:delete_dashboard(acme, "many-0001"))
    check(two.other:create_folder(acme, {uid = "new", title = "New"}))
    check(two.other:update_or_create_dashboard(acme, {uid = "many-0002", title = "Changed", panels = {}},
      {overwrite = true}))
  end)

  it("names what was added, removed and changed, from either side", function()
    local kinds = {kinds = {"folders", "dashboards"}}
    local there = diff(dir, two.other, kinds)
    assert.equal("new", there.added[1].key)
    assert.equal("many-0001", there.removed[1].key)
    assert.equal("many-0002", there.changed[1].key)
    assert.same({1, 1, 1}, counts(there))
    local back = diff({two.other, acme}, {two.g, "Acme"}, kinds)
    assert.equal("new", back.removed[1].key)
    assert.equal("many-0001", back.added[1].key)
    assert.same({1, 1, 1}, counts(back))
  end)

  it("shows them line by line, and says it in few words", function()
    local r = bulk.diff(two.g, two.other, {kinds = {"dashboards"}})
    local text = r:diff {key = "many-0002"}
    assert.matches('-    "title": "Many 2"', text, 1, true)
    assert.matches('+    "title": "Changed"', text, 1, true)
    assert.matches("0 added, 1 removed, 1 changed", tostring(r), 1, true)
    r:close()
  end)
end)

it("says what could not be read, and is not ok then", function()
  two[2]:fault {kind = "status", code = 403, path = "^/api/datasources", body = '{"message":"no"}', times = 0}
  local r = diff(dir, two.other)
  two[2]:clear_faults()
  assert.is_false(r.ok)
  assert.equal("datasources", r.failures[1].kind)
  for _, list in ipairs {r.added, r.removed, r.changed} do
    for _, each in ipairs(list) do assert.is_not.equal("datasources", each.kind) end
  end
end)

it("refuses what is no server, organisation or folder", function()
  for _, case in ipairs {{nil, two.g}, {two.g}, {two.g, 1}, {{}, two.g}, {"", two.g}} do
    local fine, problem = pcall(bulk.diff, case[1], case[2])
    assert.is_false(fine)
    assert.matches("bulk.diff: ", problem)
  end
  local nobody = grafana.connect("http://127.0.0.1:1", nil, {max_retries = 0})
  assert.equal("connection-refused", bulk.diff(nobody, dir).status)
end)
