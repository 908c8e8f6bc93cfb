-- SPDX-License-Identifier: MIT
--- What the specs of bulk kinds share: a place on a server, and the contract's functions called on it as a job calls
-- them.

local days = require "spec.support.bad_days"
local objects = require "grafana.bulk.objects"
local place = require "grafana.bulk.place"

local world = {}
world.__index = world

local kinds = {}

--- A world over organisation 1 of a stand-in, fresh.
-- @param server what days.start has returned
-- @tab[opt] options those of a job: `secret`, `permissions`
function kinds.fresh(server, options)
  days.fresh(server)
  local g = days.connect(server, {timeout = 30000})
  return kinds.on(g, {id = 1, name = "Main Org."}, options)
end

--- A world over an organisation of any server.
function kinds.on(g, org, options)
  local self = setmetatable({g = g, server = assert(place.server(g)), org = org, options = options}, world)
  return self:forget()
end

--- The place anew: nothing is remembered.
function world:forget()
  self.at = place.new(self.server, self.org, self.options or {})
  return self
end

function world:close() self.g:close() end

--- All objects of a kind: by key; then those that could not be read, {key, title, r}; then the result of listing.
function world:list(kind)
  local all, failed = {}, {}
  local r = kind.list(self.at, {
    take = function(object)
      assert(all[object.key] == nil, "twice: " .. object.key)
      all[object.key] = object
    end,
    fail = function(key, title, why) failed[#failed + 1] = {key, title, why} end, note = function() end,
  })
  return all, failed, r
end

--- How many there are; all of them could be read.
function world:count(kind)
  local all, failed, r = self:list(kind)
  assert(r.ok, tostring(r))
  assert(#failed == 0, failed[1] and tostring(failed[1][3]))
  local count = 0
  for _ in pairs(all) do count = count + 1 end
  return count
end

--- An object of a file form.
function kinds.object(kind, form, about) return objects.new(kind, form, nil, about) end

--- Write a file form as a job does, after another look at what is there; the result, and what was there.
function world:write(kind, form)
  local object = kinds.object(kind, form)
  local now, why = kind.read(self.at, object.key, object)
  assert(not why, tostring(why))
  return kind.write(self.at, object, now), now
end

--- Write a file form, and read it back: singly, in the list, and as the writing told; all three are what was written.
-- Returns what was read.
function world:trip(kind, form)
  local object = kinds.object(kind, form)
  local now, why = kind.read(self.at, object.key, object)
  assert(not why, tostring(why))
  local r, told = kind.write(self.at, object, now)
  assert(r.ok, tostring(r))
  local back
  back, why = kind.read(self.at, object.key, object)
  assert(back, "it is not there: " .. tostring(why))
  local listed = self:list(kind)[object.key]
  for name, other in pairs {told = told or back, read = back, listed = assert(listed, "it is in no list")} do
    assert(other:digest() == object:digest(), ("%s: %s\nnot %s"):format(name, other:text(true), object:text(true)))
  end
  return back
end

return kinds
