-- SPDX-License-Identifier: MIT
--- Whether the folder is there into which something shall be written: asked before anything is sent, once for each.
-- @module grafana.bulk.parents

local outcome = require "grafana.bulk.outcome"

local require, setmetatable = require, setmetatable

local parents = {}

local known = setmetatable({}, {__mode = "k"})   -- of places: uids of folders that are there

local function of(at)
  known[at] = known[at] or {}
  return known[at]
end

--- nil where the folder is there, or where none is named (the root); else a result that says why not.
function parents.check(at, uid)
  if uid == nil or uid == "" or of(at)[uid] then return nil end
  local r = at.g:get_folder(at.org, uid)
  if r.ok then
    of(at)[uid] = true
    return nil
  end
  if r.status ~= "not-found" or r.reason == "org-not-found" then return r end
  local name = require("grafana.bulk.show").text(uid)
  return outcome.new("not-found", ("there is no folder with the uid %s"):format(name), "folder-not-found")
end

--- The folder has just been written.
function parents.add(at, uid)
  of(at)[uid] = true
end

--- The folder has been deleted, or may have been.
function parents.remove(at, uid)
  of(at)[uid] = nil
end

return parents
