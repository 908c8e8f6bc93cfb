-- SPDX-License-Identifier: MIT
-- Backups: what is not known to be gone stays in the folder, and what an account may not see is not claimed.

package.path = "./?.lua;./?/init.lua;" .. package.path

local bulk = require "grafana.bulk"
local grafana = require "grafana"
local two_worlds = require "spec.support.two_worlds"

local check = grafana.check
local two

setup(function() two = two_worlds.start("12.4.3") end)
teardown(function() two:stop() end)

describe("a backup of some organisations", function()
  it("leaves what a folder has of the others, and of their users", function()
    local whole, dir = two:folder(), two:folder()
    assert.is_true(bulk.backup(two.g, whole).ok)
    assert.is_true(bulk.backup(two.g, dir).ok)
    assert.is_true(bulk.backup(two.g, dir, {orgs = {"Main Org."}}).ok)
    assert.equal("", two_worlds.differences(whole, dir))
    assert.is_true(bulk.backup(two.g, dir, {kinds = {"folders"}}).ok)
    assert.equal("", two_worlds.differences(whole, dir))
  end)
end)

describe("what an account may not see", function()
  local editor

  setup(function()
    check(two.g:add_org_user(two.acme, "ann", "Editor"))
    check(two.g:grant_folder_permissions(two.acme, "Top", {roles = {Admin = "Admin"}}))
    check(two.g:update_or_create_dashboard(two.acme, {uid = "hidden", title = "Hidden", panels = {}},
      {folderUid = "Top"}))
    editor = two:connect(1, "ann", "ann-pass-1")
  end)

  local KINDS = {"folders", "dashboards"}

  it("is not claimed to be there", function()
    local r = bulk.backup(editor, two:folder(), {orgs = {"Acme"}, kinds = KINDS})
    assert.is_false(r.ok, tostring(r))
    local failed = {}
    for _, failure in ipairs(r.failures) do failed[failure.kind] = failure.status end
    assert.same({dashboards = "access-denied", folders = "access-denied"}, failed)
  end)

  it("stays in a folder that has it", function()
    local dir = two:folder()
    assert.is_true(bulk.backup(two.g, dir, {orgs = {"Acme"}, kinds = KINDS}).ok)
    local before = two:folder()
    os.execute(("cp -r '%s' '%s'"):format(dir, before))
    bulk.backup(editor, dir, {orgs = {"Acme"}, kinds = KINDS})
    assert.equal("", two_worlds.differences(before, dir))
  end)
end)
