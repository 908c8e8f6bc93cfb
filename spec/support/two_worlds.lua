-- SPDX-License-Identifier: MIT
--- Two stand-ins, one filled and one empty, and folders for what bulk jobs write.

local bulk = require "grafana.bulk"
local grafana = require "grafana"
local standin = require "spec.standin"
local world = require "spec.support.bulk_world"

local two = {}

local methods = {}
local metatable = {__index = methods}

--- Start both; the first is filled.
-- @string personality
-- @tab[opt] options for `world.fill`
function two.start(personality, options)
  local self = setmetatable({folders = {}}, metatable)
  for i = 1, 2 do
    self[i] = standin.start {personality = personality}
    self[i]:set {alertmanager_after = 0}
  end
  self.g, self.other = self:connect(1), self:connect(2)
  self.acme = world.fill(self.g, options)
  return self
end

--- Another client of the first or the second.
function methods:connect(i, user, password)
  return grafana.connect(self[i].url, {user or "admin", password or "admin"}, {backoff_ms = {1, 20, 2.0}})
end

--- The name of a folder that is not there yet, and is removed at the end.
function methods:folder()
  local name = os.tmpname()
  os.remove(name)
  self.folders[#self.folders + 1] = name
  return name
end

--- The second is empty again.
function methods:empty()
  self[2]:reset()
  self[2]:set {alertmanager_after = 0}
end

--- Restore a backup into the second.
-- @return the report
function methods:restore(dir, options)
  options = options or {}
  options.secret, options.journal = options.secret or world.secret, options.journal or self:folder()
  return bulk.restore(self.other, dir, options):apply()
end

function methods:stop()
  for i = 1, 2 do self[i]:stop() end
  for _, name in ipairs(self.folders) do os.execute("rm -rf '" .. name .. "'") end
end

local function output_of(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

--- What `diff -r` says of two backups, but for their manifests.
function two.differences(a, b)
  return output_of(("diff -r -x manifest.json '%s' '%s' 2>&1"):format(a, b))
end

--- All that the files below a folder hold.
function two.contents(dir)
  return output_of(("find '%s' -type f -exec cat {} +"):format(dir))
end

return two
