-- SPDX-License-Identifier: MIT
--- A stand-in Grafana for tests; see README.md. Lua 5.1, LuaJIT and 5.4, with luasocket.
--
--     local standin = require "spec.standin"
--     local s = standin.start { personality = "9.3.2" }
--     s.url, s.tls_url, s.h2c_url, s.cert, s.personality
--     s:fault { kind = "status", code = 502, path = "^/api/search", times = 2 }
--     s:requests { method = "GET" }
--     s:stop()

local http = require "socket.http"
local ltn12 = require "ltn12"
local mime = require "mime"
local json = require "spec.standin.server.json"

-- `TOKEN`: where passwords are not accepted ("amg"), that of an administrator of organisation 1.
local standin = { TOKEN = "glsa_first-token-of-an-admin" }
local Standin = {}
Standin.__index = Standin

-- The folder of this file, and so of `run`.
local HERE = debug.getinfo(1, "S").source:match("^@(.*)/[^/]*$") or "spec/standin"

local function quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

-- What a shell command prints, without the last newline, and whether it succeeded.
local function shell(command)
  local pipe = assert(io.popen(command .. " && echo ok", "r"))
  local output = pipe:read("*a")
  pipe:close()
  local text = output:match("^(.*)ok\n$")
  return (text or output):gsub("\n$", ""), text ~= nil
end

local function read_line(path)
  local file = assert(io.open(path))
  local line = file:read("*l")
  file:close()
  return line
end

-- This process's id: whoever opens /proc/self finds itself there.
local function own_pid()
  local file = io.open("/proc/self/stat")
  if not file then return "" end
  local pid = file:read("*l"):match("^%d+")
  file:close()
  return pid
end

--- Starts a server in a folder of its own, which stop() removes; it also ends when this process does.
-- @tparam[opt] table options `personality`: "12.4.3" (default), "9.3.2", "enterprise", "enterprise-9" or "amg"
-- `mutual_tls`: whether one more port, `mutual_tls_url`, is there that wants a client certificate; `own_certificate`: whether it
-- has a certificate of its own, though the environment names one for all
-- @treturn table the server
function standin.start(options)
  options = options or {}
  local personality = options.personality or "12.4.3"
  local dir, made = shell("mktemp -d")
  assert(made, "mktemp failed")
  local command = ("%s PARENT=%s OWN_DIR=1 MUTUAL_TLS=%s %s start %s %s 2>&1"):format(
    options.own_certificate and "STANDIN_CERTIFICATE=" or "", own_pid(), options.mutual_tls and "1" or "",
    quote(HERE .. "/run"), quote(dir), quote(personality))
  local output, started = shell(command)
  if not started then
    os.execute("rm -rf " .. quote(dir))
    error("the stand-in did not start: " .. output, 2)
  end
  return setmetatable({
    dir = dir, personality = personality, url = read_line(dir .. "/url"), tls_url = read_line(dir .. "/tls_url"),
    h2c_url = read_line(dir .. "/h2c_url"), cert = dir .. "/cert.pem", token = standin.TOKEN,
    mutual_tls_url = options.mutual_tls and read_line(dir .. "/mutual_tls_url") or nil,
  }, Standin)
end

--- Ends the server and removes its folder. Once more does nothing.
function Standin:stop()
  if not self.dir then return end
  local output, stopped = shell(quote(HERE .. "/run") .. " stop " .. quote(self.dir) .. " 2>&1")
  assert(stopped, output)
  os.execute("rm -rf " .. quote(self.dir))
  self.dir = nil
end

--- Sends one plain HTTP/1.1 request.
-- @tparam string method
-- @tparam string path with its query; below the server's url
-- @tparam[opt] table options `body` (a string, or a table to be JSON), `headers`, `user`, `password`, `token`, `org`
-- @treturn number code, or nil and what failed
-- @treturn string body
-- @treturn table headers, names in lower case
function Standin:http(method, path, options)
  options = options or {}
  local body, headers, chunks = options.body, { connection = "close" }, {}
  if type(body) == "table" then body = json.encode(body) end
  if body then headers["content-type"], headers["content-length"] = "application/json", #body end
  if options.token then headers.authorization = "Bearer " .. options.token end
  if options.user then headers.authorization = "Basic " .. (mime.b64(options.user .. ":" .. (options.password or ""))) end
  if options.org then headers["x-grafana-org-id"] = tostring(options.org) end
  for name, value in pairs(options.headers or {}) do headers[name:lower()] = value end
  local done, code, answered = http.request {
    method = method, url = self.url .. path, headers = headers, source = body and ltn12.source.string(body), sink = ltn12.sink.table(chunks),
    redirect = false,
  }
  if not done then return nil, code end
  return code, table.concat(chunks), answered
end

--- Decodes JSON as the stand-in does: arrays carry json.array_mt, null is json.null.
function Standin.decode(text) return json.decode(text) end

-- Sends a command to the side door.
local function control(self, name, options)
  local code, body = self:http("POST", "/__standin/" .. name, { body = json.encode(options or {}) })
  if code ~= 200 then error(("stand-in: %s: %s"):format(name, tostring(body)), 3) end
  return json.decode(body)
end

--- A fresh state: organisation 1 "Main Org.", admin/admin; no faults, no log, no locked logins.
function Standin:reset() control(self, "reset") end

--- Adds a fault; README.md lists the kinds. `times` is 1 unless given, 0 or math.huge for ever; `skip` lets the first few pass; with
-- `every = 10` each tenth of the others meets it.
function Standin:fault(fault)
  local copy = {}
  for key, value in pairs(fault) do copy[key] = value end
  if copy.times == math.huge then copy.times = 0 end
  control(self, "fault", copy)
end

function Standin:clear_faults() control(self, "clear_faults") end

--- The requests that arrived, in order: tables of method, path (with its query, as sent), headers (lower-case names), body, protocol,
-- `fault`, the kind that was met, and `at_once`, how many requests were being answered then, this one among them (see most_at_once).
-- @tparam[opt] table filter `method`; `path`, a Lua pattern
function Standin:requests(filter)
  local found = control(self, "requests", filter)
  for _, entry in ipairs(found) do entry.at_once = json.tonumber(entry.at_once) end
  return found
end

function Standin:clear_log() control(self, "clear_log") end

--- How many requests were being answered at once, at most, since the log was cleared. One worker answers one after the other: only what
-- a fault holds (`delay`, `stall`, `slow`) can be there together.
-- @treturn number
function Standin:most_at_once() return json.tonumber(control(self, "most_at_once")) end

--- Settings in which servers differ, until the next reset: README.md lists them.
function Standin:set(settings) control(self, "set", settings) end

--- All routes, such as "GET /api/orgs/:org_id".
function Standin:routes() return control(self, "routes") end

--- Makes a data source one that is provisioned from a file: `org` (1), `uid`.
function Standin:provision(options) control(self, "provision", options) end

--- Adds an annotation as alerting does: `org` (1), `time` in milliseconds.
function Standin:alert(options) control(self, "alert", options) end

--- Forgets wrong passwords.
function Standin:unlock() control(self, "unlock") end

--- Makes 12.4.3 ask for the rotation of every session; drop_sessions makes them unknown.
function Standin:expire_sessions() control(self, "expire_sessions") end
function Standin:drop_sessions() control(self, "drop_sessions") end

--- Fills an organisation with dashboards `seed-00001`…: `dashboards` (1000), `org` (1), `bytes` each (about 5000), `tags`,
-- `panel_bytes` of each panel (about 650).
function Standin:seed(options)
  local copy = {}
  for key, value in pairs(options or {}) do copy[key] = value end
  if copy.tags then copy.tags = json.array(copy.tags) end
  return control(self, "seed", copy)
end

return standin
