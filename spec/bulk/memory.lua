-- SPDX-License-Identifier: MIT
-- Kinds in memory, for the specs of the engine: `things` (they can be deleted) and `settings` (they cannot), instead of
-- playlists and preferences. No server is asked.

local core = require "grafana.core"
local grafana = require "grafana"
local objects = require "grafana.bulk.objects"
local outcome = require "grafana.bulk.outcome"

local memory = {}

local function new_kind(world, name, deletes)
  local kind = {
    name = name, one = name:gsub("s$", ""), scope = "org", cannot_undo = {delete = {"the shine of " .. name}},
    key = function(doc) return doc:get("uid") end,
    title = function(doc) return doc:get("title") or doc:get("uid") end,
  }

  local function stored(at)
    local org = world.orgs[at.org_name]
    org[name] = org[name] or {}
    return org[name]
  end

  local function object(value)
    return objects.new(kind, core.decode(value, {raw = true}), nil)
  end

  function kind.list(at, out)
    if world.list_fails then return outcome.new("access-denied", "you may not") end
    for _, text in pairs(stored(at)) do out.take(object(text)) end
    return outcome.ok()
  end

  function kind.read(at, key)
    world.reads = world.reads + 1
    local text = stored(at)[key]
    return text and object(text) or nil
  end

  function kind.write(at, wanted, now)
    if world.before_write then world.before_write(wanted, now, at) end
    local failure = world.fails and world.fails(wanted)
    if failure then return failure end
    local text = wanted:text()
    if world.keeps then text = world.keeps(text) end
    stored(at)[wanted.key] = text
    world.writes[#world.writes + 1] = (now and "update " or "create ") .. wanted.key
    if world.after_write then world.after_write(wanted) end
    return outcome.ok()
  end

  if deletes then
    function kind.delete(at, now)
      if world.before_write then world.before_write(nil, now, at) end
      stored(at)[now.key] = nil
      world.writes[#world.writes + 1] = "delete " .. now.key
      return outcome.ok()
    end
  end
  return kind
end

-- A world with one organisation, and a server that knows it. `world.things` is the kind.
function memory.new()
  local world = {orgs = {Acme = {}}, writes = {}, reads = 0}
  world.things = new_kind(world, "playlists", true)
  world.settings = new_kind(world, "preferences", false)
  world.things.rank = function(about) return about.rank end
  package.loaded["grafana.bulk.kinds.playlists"] = world.things
  package.loaded["grafana.bulk.kinds.preferences"] = world.settings
  world.g = grafana.connect("http://127.0.0.1:9", nil, {})
  function world.g.get_current_user_orgs()
    local list = {}
    for name in pairs(world.orgs) do list[#list + 1] = {orgId = #list + 1, name = name} end
    return outcome.ok {orgs = list}
  end
  world.server = {g = world.g, version = "12.4.3", major = 12, login = "admin", is_admin = false}
  return world
end

-- The kinds that were replaced come back.
function memory.restore()
  package.loaded["grafana.bulk.kinds.playlists"], package.loaded["grafana.bulk.kinds.preferences"] = nil, nil
end

-- What a world holds, as texts by key.
function memory.things(world, org)
  local copy = {}
  for key, text in pairs(world.orgs[org or "Acme"].playlists or {}) do copy[key] = text end
  return copy
end

function memory.thing(world, uid, value, about)
  return objects.new(world.things, {uid = uid, value = value}, nil, about)
end

function memory.put(world, uid, value)
  local org = world.orgs.Acme
  org.playlists = org.playlists or {}
  org.playlists[uid] = memory.thing(world, uid, value):text()
end

return memory
