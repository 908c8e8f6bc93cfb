-- SPDX-License-Identifier: MIT
--- The client that `grafana.connect` returns: one method for each row of the operation table, and the loop that
-- drives a call.
-- @module grafana.client

local core = require "grafana.core"
local nginx = require "grafana.nginx"
local tasks = require "grafana.tasks"

local coroutine = coroutine
local error, pcall, rawget, setmetatable = error, pcall, rawget, setmetatable
local new_call = core.call

local client = {}

-- How long the driver may wait at once: Ctrl-C is seen after this many milliseconds at the latest.
local PATIENCE = 100

local methods = {}
local metatable = {__index = methods, __name = "grafana.client"}

-- A client is a table with `_core` (the core's client), `_org` (the organisation given to connect), `_driver` (false
-- until something is sent), `_transport` (the driver's options, whose `kind` says which driver), `_on_retry`, `_log`
-- and `_token` (functions or false), `_asking` (the coroutine in which `_token` runs, for the request of nginx
-- `_asking_in`, since `_asked_at`, in task `_asker`), `_awaiting` (tasks that wait for what it returns), `_yields`
-- (in a task a call yields, and is woken by the driver's news), `_spares_worker` (blocking is refused where it would
-- stop a worker of nginx). No secret is in it.
local function is_client(self)
  return type(self) == "table" and rawget(self, "_core") ~= nil
end

local function check_self(self, name)
  if is_client(self) then return end
  error(("bad self in '%s' (client expected, got %s): write g:%s(…), with a colon"):format(name, type(self), name), 3)
end

-- ---------------------------------------------------------------------------------------------- driving a call --

-- The module that makes the driver of each kind of transport; loaded when it is needed.
local DRIVERS = {curl = "grafana.curl", nginx = "grafana.cosocket", ["function"] = "grafana.transport"}

local function driver_of(self)
  local driver = self._driver
  if not driver then
    driver = require(DRIVERS[self._transport.kind]).driver(self._transport)
    self._driver, self._transport = driver, false
  end
  return driver
end

local function progress() return require("grafana.progress") end

local function log_retry(log, retry)
  local why = retry.reason and retry.status .. ", " .. retry.reason or retry.status
  log(("%s: attempt %d failed (%s), again in %d ms"):format(retry.operation, retry.attempt, why, retry.delay_ms))
end

-- What wants to know how the call goes on; false: nothing does.
local function watch_of(self, call)
  local on_progress = call:on_progress()
  if not (on_progress or self._on_retry or self._log) then return false end
  return {on_progress = on_progress, told = {}}
end

-- Tell of the retries decided since the last time, and of how far the call is.
local function report(self, call, watch)
  local retry = call:retried()
  while retry do
    if self._log then log_retry(self._log, retry) end
    if self._on_retry then self._on_retry(retry) end
    retry = call:retried()
  end
  if watch.on_progress then progress().tell(watch.on_progress, call, watch.told) end
end

-- A call that does not end well: its line of progress ends where it is.
local function break_off(call, problem)
  local on_progress = call:on_progress()
  if on_progress then progress().broken_off(on_progress, problem) end
end

-- What tells requests of nginx apart, in which the coroutine of one that has gone serves another.
local function context()
  return nginx.inside and nginx.context()
end

-- Does the client's token function run below us on the stack? One that has yielded does not; inside nginx its coroutine
-- counts as running then, for others of the same request.
local function is_asking(self)
  local asker = self._asking
  if not asker or self._asking_in ~= context() then return false end
  return asker == "main" or asker == coroutine.running() or coroutine.status(asker) == "normal"
end

-- Whatever the function has returned or raised: who has waited for it looks, and asks himself if need be.
local function wake_awaiting(self)
  local awaiting = self._awaiting
  self._awaiting = {}
  for _, task in ipairs(awaiting) do tasks.wake(task) end
end

-- What the function raises goes up to the caller. A request of the client's from inside it would ask again, and so on.
local function ask_for_token(self)
  if is_asking(self) then
    error("grafana: the token function must not use the client that it is asked for: that one has no token yet", 0)
  end
  self._asking, self._asking_in, self._asked_at = coroutine.running() or "main", context(), core.now()
  self._asker = tasks.current() or false
  local fine, token = pcall(self._token)
  self._asking, self._asking_in, self._asker = false, false, false
  wake_awaiting(self)
  if not fine then error(token, 0) end
  return token
end

-- Others go on while a function waits for its token: tasks wait for that one; inside nginx, where a visitor may have
-- gone together with it, unless it takes too long.
local LONGEST_QUESTION = 1000   -- ms

local function is_asked_for(self)
  if not self._asking then return false end
  if nginx.inside then return core.now() - self._asked_at < LONGEST_QUESTION end
  local me = self._asker and tasks.current()
  if not me or not tasks.goes_on_beside(self._asker, me) then return false end
  self._awaiting[#self._awaiting + 1] = me
  return true
end

-- Ask for a token where the call cannot go on without. What is wrong with what the function returns is a sentence.
local function supply(self, driver, call)
  if not call:wants_token() or is_asked_for(self) and not is_asking(self) then return end
  local token = ask_for_token(self)
  if type(token) ~= "string" then return ("the token function returned %s (string expected)"):format(type(token)) end
  local taken, problem = pcall(self._core.set_token, self._core, token)
  if not taken then return "what the token function returned: " .. problem end
  driver:wake()
end

-- `flight` is what stands for the call at the driver. In `task`, one of our own that can yield, the others go on until
-- there is something new about the call.
local function loop(self, driver, flight, call, task)
  local watch, supplies = watch_of(self, call), self._token
  if watch then report(self, call, watch) end
  while not call:done() do
    local problem = supplies and supply(self, driver, call)
    if problem then return problem end
    if not task then
      driver:step(PATIENCE, flight)
    elseif not call:done() then
      tasks.park(task)
    end
    if watch then report(self, call, watch) end
  end
end

-- Compiled loops of LuaJIT look at no hook, which is how the interpreter tells of Ctrl-C.
if jit then jit.off(loop) end

-- Send and receive until the call is done. Whatever leaves the loop early (Ctrl-C, an error in on_retry, a token
-- function that gives no token) breaks the call off and goes on up; the client stays usable.
local function drive(self, call, task)
  local driver = driver_of(self)
  local yields = task and self._yields and tasks.yields(task)
  local flight, refusal = nil, self._spares_worker and nginx.refuses_blocking()
  if not refusal then flight, refusal = driver:add(call, (yields or not self._yields) and task or nil) end
  if refusal then
    call:close()
    error("grafana: " .. refusal, 3)   -- the caller of the operation
  end
  flight = flight or call
  if task then tasks.enter(task, driver, flight, call, yields) end
  local fine, problem = pcall(loop, self, driver, flight, call, yields and task)
  if task then tasks.leave(task) end
  if fine and not problem then return end
  driver:drop(flight)
  if task and task._cancelled and tasks.is_cancelled(problem) then return call:cancel() end   -- where a function waited
  call:close()
  break_off(call, problem)
  error(problem, fine and 3 or 0)
end

local function log_end(self, operation, result, began)
  local took = core.now() - began
  local why = result.reason and " (" .. result.reason .. ")" or ""
  local code = result.code and ", HTTP " .. result.code or ""
  self._log(("%s: %s%s%s, %d ms"):format(operation, result.status, why, code, took))
end

-- The operation `name`, from arguments to result. Raises at the caller's line for an error of the program only.
local function perform(self, name, ...)
  check_self(self, name)
  local made, call = pcall(new_call, self._core, name, ...)
  if not made then error(call, 2) end
  local began, task = self._log and core.now(), tasks.current()
  if task and task._refusals then call:begun_at(task._refusals) end
  if task and task._cancelled then call:cancel() end
  if not call:done() then drive(self, call, task) end
  local result, operation = call:result(true), call:operation()
  call:close()
  if not result.ok then break_off(call, result) end
  if began then log_end(self, operation, result, began) end
  return result
end

for _, name in ipairs(core.names()) do
  methods[name] = function(self, ...) return perform(self, name, ...) end
end

-- --------------------------------------------------------------------------------------------- other methods --

--- Close the client: its connections, and the calls that are under way (reason `closed`). Later calls return a result
-- with that reason. Twice is fine.
function methods:close()
  check_self(self, "close")
  self._core:close()
  if self._driver then self._driver:close() end
  self._driver = false
end

--- Text about everything, one operation, one topic, or what a word occurs in.
-- @string[opt] word
-- @treturn string
function methods:help(word)
  check_self(self, "help")
  return require("grafana.help").text(word)
end

metatable.__close = methods.close

function metatable:__tostring()
  local state = self._core
  if state:closed() then return "grafana.client: " .. (state:url() or "?") .. " (closed)" end
  local auth = state:auth()
  local how, user = auth:match("^(%S+) as (.*)$")
  auth = how and ("as %s (%s)"):format(user, how) or "(" .. auth .. ")"
  return ("grafana.client: %s %s"):format(state:url(), auth)
end

-- A misspelt name is an error where it stands, not a nil that is called later.
setmetatable(methods, {__index = function(_, name)
  if type(name) ~= "string" then return nil end
  local names = core.names()
  names[#names + 1], names[#names + 2] = "close", "help"
  error(("a Grafana client has no method '%s'%s"):format(name, require("grafana.nearest").hint(name, names)), 2)
end})

-- ------------------------------------------------------------------------------------------------ connecting --

-- What only the driver can check is checked when connecting; otherwise it is made with the first request.
local function needs_check(transport)
  return transport.ca_file or transport.ca_path or transport.cert or transport.key or transport.proxy
end

--- See `grafana.connect`.
function client.connect(url, credentials, options)
  local read, config, transport, hooks = pcall(require("grafana.options").read, url, credentials, options)
  if not read then error(config, 2) end
  local made, state = pcall(core.client, config)
  if not made then error("grafana.connect: " .. state, 2) end
  local self = setmetatable({
    _core = state, _org = config.org, _driver = false, _transport = transport,
    _on_retry = hooks.on_retry or false, _log = hooks.log or false, _token = hooks.token or false,
    _asking = false, _asking_in = false, _asked_at = 0, _asker = false, _awaiting = {},
    _yields = transport.kind == "curl",
    _spares_worker = nginx.inside and transport.kind == "curl" and not hooks.blocking,
  }, metatable)
  if needs_check(transport) then
    local checked, problem = pcall(driver_of, self)
    if not checked then error("grafana.connect: " .. problem, 2) end
  end
  return self
end

return client
