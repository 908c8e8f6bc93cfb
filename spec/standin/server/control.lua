-- SPDX-License-Identifier: MIT
-- luacheck: std ngx_lua
-- The tests' side door, below /__standin/: POST with a JSON object, answered with JSON. It is not logged and meets no faults.

local json = require "server.json"
local state = require "server.state"
local annotations = require "server.annotations"
local app = require "server.app"
local auth = require "server.auth"
local datasources = require "server.datasources"
local faults = require "server.faults"
local log = require "server.log"
local seed = require "server.seed"

local control = { path = "/__standin/" }

local commands = {}

function commands.reset(options)
  state.reset(options.personality)
  auth.rotate_after = 600
  faults.clear()
  log.clear()
  return true
end

-- Numbers arrive as numbers; anything else stays.
function commands.fault(options)
  for key, value in pairs(options) do options[key] = json.tonumber(value) or value end
  return faults.add(options)
end

function commands.clear_faults() faults.clear() return true end

function commands.clear_log() log.clear() return true end

function commands.unlock() state.failed_logins = {} return true end

-- Ages every session, so that 12.4.3 asks for its rotation.
function commands.expire_sessions()
  for _, session in pairs(state.sessions) do session.rotated = 0 end
  return true
end

function commands.drop_sessions() state.sessions = {} return true end

function commands.requests(options)
  local found = log.find(options.method, options.path)
  return json.array(found)
end

function commands.most_at_once() return log.most end

function commands.seed(options) return seed.fill(options) end

-- What differs between servers: the settings of flavours.lua, and `rotate_after` (seconds).
function commands.set(options)
  for name, value in pairs(options) do
    value = json.tonumber(value) or value
    if name == "rotate_after" then auth.rotate_after = value
    elseif state.settings[name] == nil then return nil, "no such setting: " .. name
    else state.settings[name] = value end
  end
  return true
end

-- What no route makes: a data source from a file, an annotation by alerting.
function commands.provision(options) return datasources.provision(state.orgs[json.tonumber(options.org) or 1], options.uid) end

function commands.alert(options) return annotations.add_alert(state.orgs[json.tonumber(options.org) or 1], json.tonumber(options.time)) end

function commands.routes() return json.array(app.routes) end

function commands.memory() return collectgarbage("count") * 1024 end

-- Returns status and body.
function control.answer(name, body)
  local options = body == "" and {} or json.decode(body)
  if not commands[name] or not json.is_object(options) then return 404, "unknown command" end
  local result, message = commands[name](options)
  if result == nil then return 400, message end
  return 200, json.encode(result)
end

return control
