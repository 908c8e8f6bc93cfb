-- SPDX-License-Identifier: MIT
--- What the specs about bad days share: a server with a password worth hiding, clients that retry fast, the search for
-- secrets, arrivals at the server.

local mime = require "mime"
local grafana = require "grafana"
local core = require "grafana.core"
local nginx = require "spec.support.nginx"
local standin = require "spec.standin"

local days = {}

days.PASSWORD = "hunter2-geheim"

--- The password of the admin, and the Authorization header that carries it.
days.SECRETS = {days.PASSWORD, (mime.b64("admin:" .. days.PASSWORD))}

--- The memory of a process under the sanitizers tells nothing, and all is slower there.
days.is_asan = (os.getenv("GRAFANA_LUA") or ""):find("asan", 1, true) ~= nil

days.unpack = table.unpack or unpack

--- A stand-in; days.fresh makes it ready for a test.
function days.start(personality)
  return standin.start {personality = personality}
end

--- Organisation 1, the admin with days.PASSWORD, no faults, an empty log.
function days.fresh(server)
  server:reset()
  local code = server:http("PUT", "/api/admin/users/1/password",
    {user = "admin", password = "admin", body = {password = days.PASSWORD}})
  assert(code == 200, "the stand-in did not take the password")
  server:clear_log()
end

--- Asks the stand-in behind the client's back, as the admin; the answer decoded, and its code.
function days.ask(server, method, path, body)
  local code, text = server:http(method, path, {user = "admin", password = days.PASSWORD, body = body})
  return server.decode(text), code
end

--- A client of the stand-in (or of an url) that retries once, after a millisecond, and has no deadline, inside nginx
-- neither.
function days.connect(to, options, credentials)
  local all = {max_retries = 1, backoff_ms = {1, 1}, deadline = 0}
  for name, value in pairs(options or {}) do all[name] = value end
  return grafana.connect(type(to) == "table" and to.url or to, credentials or {"admin", days.PASSWORD}, all)
end

--- How many requests of a method, to a path, have arrived.
function days.arrived(server, method, path)
  return #server:requests {method = method, path = path}
end

local function find_in(text, secrets, where)
  for _, secret in ipairs(secrets) do
    if text:find(secret, 1, true) then return where end
  end
end

local function find_leak(value, secrets, where, seen)
  if type(value) == "string" then return find_in(value, secrets, where) end
  if type(value) == "userdata" then return find_in(tostring(value), secrets, "tostring of " .. where) end
  if type(value) ~= "table" or seen[value] then return nil end
  seen[value] = true
  local meta = getmetatable(value)
  if type(meta) == "table" and meta.__tostring then
    local leak = find_in(tostring(value), secrets, "tostring of " .. where)
    if leak then return leak end
  end
  for key, item in pairs(value) do
    local leak = find_leak(key, secrets, where .. ", a key", seen)
      or find_leak(item, secrets, where .. "." .. tostring(key), seen)
    if leak then return leak end
  end
end

--- Where in a value, however deep, a secret stands; nil where none does.
function days.leak(value, secrets)
  return find_leak(value, secrets or days.SECRETS, "value", {})
end

--- The client still works.
function days.assert_usable(g)
  local r = g:get_org(1)
  assert(r.ok and r.org.name == "Main Org.", "the client was expected to be usable, but: " .. tostring(r))
end

--- Several calls at once on one client, as a gather would: the results in the order of the rows
-- {operation, arguments…}.
function days.at_once(g, rows, concurrency)
  if nginx.inside then return nginx.at_once(g, rows) end
  local driver = require("grafana.curl").driver {concurrency = concurrency or 16}
  local calls, results = {}, {}
  for i, row in ipairs(rows) do
    calls[i] = core.call(rawget(g, "_core"), days.unpack(row))
    driver:add(calls[i])
  end
  while driver:step(100) > 0 do end
  for i, call in ipairs(calls) do
    results[i] = call:result()
    call:close()
  end
  driver:close()
  return results
end

--- An error that a test raises to leave a call; what it carries.
function days.leave_with(value)
  error(setmetatable({carried = value}, {__tostring = function() return "left on purpose" end}), 0)
end

return days
