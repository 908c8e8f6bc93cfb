-- SPDX-License-Identifier: MIT
--- A client for Grafana's HTTP API.
--
--     local grafana = require "grafana"
--     local g = grafana.connect("https://example.org/grafana", {"admin", "secret"})
--     local r = g:create_org("Acme")
--     print(r.ok, r.id, r)
--
-- `print(grafana.help())` lists every operation, `print(g:help("create_org"))` describes one.
-- @module grafana

local core = require "grafana.core"
local client = require "grafana.client"
local result = require "grafana.result"
local tasks = require "grafana.tasks"

local grafana = {
  --- The library's version.
  _VERSION = core.version,

  --- Connect to a server; sends nothing yet.
  -- @function connect
  -- @string[opt] url `https://host[:port][/sub-path]`; left out: from `GRAFANA_URL`
  -- @tab[opt] credentials `{user, password}`, `{token = "…"}` or `{token = function() … end}` (asked
  --   with the first request and again after a 401; what it raises goes up to the caller); left out together with the
  --   url: from the environment (`GRAFANA_TOKEN`, or `GRAFANA_USER` and `GRAFANA_PASSWORD`); left out alone: anonymous
  -- @tab[opt] options see `grafana.help("connect")`
  -- @return the client; raises for a wrong argument, naming it
  connect = client.connect,

  --- The result itself, if it is ok or has one of the statuses; else raises it (its `tostring` is the message).
  -- @function check
  -- @tab r what an operation returned
  -- @string[opt] … statuses that are fine too
  -- @return r
  check = result.check,

  --- Call `f(…)` in a task: inside it, and inside the tasks that it spawns, calls let the others go on while they wait.
  -- @function run
  -- @func f
  -- @param … its arguments
  -- @return what `f` returned, once all tasks spawned meanwhile have ended; raises the first error of `f` or of a task
  --   that nobody has waited for
  run = tasks.run,

  --- Begin a task inside `run`, inside nginx anywhere: `f(…)` runs beside what runs now.
  -- @function spawn
  -- @func f
  -- @param … its arguments
  -- @return the task: `t:wait()` returns what `f` returned or raises its error, by any task, as often as wanted;
  --   `t:cancel()` ends its call with the reason `cancelled`, and all later ones
  spawn = tasks.spawn,

  --- Wait for so many seconds; in a task the others go on meanwhile.
  -- @function sleep
  -- @number seconds
  sleep = tasks.sleep,

  --- Stands for the organisation of the credentials where an operation takes an organisation.
  own = core.own,

  --- JSON's null, equal to `cjson.null`.
  null = core.null,

  --- Mark a table as a JSON array, so that an empty one is `[]`.
  -- @function array
  array = core.array,

  --- Mark a table as a JSON object, so that an empty one is `{}`.
  -- @function object
  object = core.object,

  --- A number by its digits, exact whatever its size.
  -- @function number
  number = core.number,

  --- Follow a path of keys and indices; nil where it ends early or at null.
  -- @function get
  -- @param value a table, or a document
  -- @param … keys and indices
  get = core.get,

  --- JSON text to a value, or nil and a message.
  -- @function decode
  -- @string text
  -- @tab[opt] options `{raw = true}` gives a document
  decode = core.decode,

  --- A value to JSON text; raises, naming the path, where it cannot be JSON.
  -- @function encode
  -- @param value
  -- @tab[opt] options `{pretty = true, sorted = true}`
  encode = core.encode,
}

--- Make what tells a person how far something has come: give it as the option `on_progress` of an operation. See
-- `grafana.help("progress")`.
-- @tab[opt] options `label`, `out`, `interval`, `width`, `ascii`, `terminal`
-- @return callable: `(done, total, failed)`; has the methods `finish([words])` and `print(line)`; raises for a wrong
--   option, naming it
function grafana.progress(options)
  local made, progress = pcall(require("grafana.progress").new, options)
  if not made then error(progress, 2) end
  return progress
end

--- Many calls of one client at once. All rows are checked before the first is sent.
-- @param g the client
-- @tab rows `{{"get_dashboard", org, "a"}, …}`: the name of an operation, or of `call` and `request`, and its arguments
-- @tab[opt] options `concurrency`: how many rows are under way at once, that of the client unless given (what is on the
--   wire stays within the client's own); `on_progress`: called with rows done, rows in all, rows that failed
-- @treturn table the results, in the order of the rows; raises for a row that cannot be called, naming it
function grafana.gather(g, rows, options)
  local results = require("grafana.gather").gather(g, rows, options)   -- no tail call: errors tell the caller's line
  return results
end

--- Text about everything, one operation, one topic, or what a word occurs in.
-- @string[opt] word
-- @treturn string
function grafana.help(word)
  return require("grafana.help").text(word)
end

return grafana
