-- SPDX-License-Identifier: MIT
--- Writes types/grafana.lua (annotations for lua-language-server), doc/reference.md and doc/api.md from the tables of
-- operations.
--
--     lua5.4 scripts/generate.lua [folder]     the folder that has types/ and doc/, "." when left out
--
-- The same table gives the same bytes: nothing here depends on the order of `pairs`, the time or the machine.

local api = require "grafana.api"
local help = require "grafana.help"
local core = require "grafana.core"
local options = require "grafana.options"
local topics = require "grafana.topics"

local NOTE = "Made by scripts/generate.lua from the operation table: change that, then run `make generate`."

local function add(lines, format, ...)
  lines[#lines + 1] = select("#", ...) > 0 and format:format(...) or format
end

-- ------------------------------------------------------------------------------------------------ reference --

local REFERENCE_HEAD = [[
# Reference

<!-- %s -->

Every operation of the client `g` that `grafana.connect` returns. `print(g:help("create_org"))` shows the same in the
interpreter.

## Results

An operation returns one table `r`. `r.status` is always there, `r.ok` is `r.status == "ok"`. It raises, naming the
argument, only for an error of the program: a wrong type, a nil where an argument is due, an unknown option. What a
server or a network does never raises.

| `status` | means |
|---|---|
%s

A result that is not ok also has `message` (a sentence to show a person), `operation` (its name; of `call` that of the
documented operation), `code` (the HTTP status, where there was one), `attempts`, `uncertain = true` where a write may
have arrived but no answer came, and often `reason`:

| `reason` | means |
|---|---|
%s

`tostring(r)` shows a result in one line. `grafana.check(r, [status…])` returns `r` if it is ok or has one of those
statuses, else it raises `r`, whose `tostring` is the message:

```lua
local check = grafana.check
local id = check(g:create_org("Acme"), "already-exists").id
```

Objects inside a result keep Grafana's own key names (`folderUid`); keys that the client adds are snake_case. Lists are
whole: every page is fetched, unless `{page = 2, perpage = 50}` asks for one.

## Organisations of a call

Where an operation acts inside an organisation, its first argument `org` is that organisation's id; `grafana.own` says
the credentials' own; `nil` stands for the `org` given to `connect`, and raises where none was.

## Options of every operation

One table of options may follow the arguments: the operation's own, and these.

| option | takes | |
|---|---|---|
%s

## Connecting

```lua
local grafana = require "grafana"
local g = grafana.connect("https://example.org/grafana", {"admin", "secret"}, {timeout = 2000})
local g = grafana.connect(url, {token = "glsa_…"})
local g = grafana.connect(url, {token = function() return read_secret() end})   -- asked again after a 401
local g = grafana.connect(url, {"admin", "secret"}, {auth_method = "regular-login"})   -- POST /login, then a session
local g = grafana.connect(url, nil, {cert = "me.pem", key = "me.key"})   -- a client certificate; without it anonymous
local g = grafana.connect()     -- GRAFANA_URL, GRAFANA_TOKEN or GRAFANA_USER and GRAFANA_PASSWORD
```

It sends nothing yet. `g:close()` ends connections and calls; in Lua 5.4 `local g <close> = grafana.connect(…)` does so
at the end of the block. A closed client's operations return a result with the reason `closed`. An option that the
transport cannot honour raises, and says what to do instead; `help("transports")` tells of transports.

| option | | default |
|---|---|---|
%s

## Many at once

```lua
local results = grafana.gather(g, {                       -- in the order given
  {"get_dashboard", 1, "a"}, {"get_dashboard", 1, "b"},
}, {concurrency = 16, on_progress = function(done, total, failed) end})

grafana.run(function()                                    -- inside tasks calls yield instead of blocking
  local t = grafana.spawn(function() return g:get_orgs() end)
  local r = t:wait()
end)
```

| function | |
|---|---|
| `grafana.gather(g, rows, [options])` | a result for each row; a bad row raises before anything is sent |
| `grafana.run(f, …)` | what `f` returns, once its tasks have ended; raises the first error nobody has waited for |
| `grafana.spawn(f, …)` | a task: inside `run`, inside nginx anywhere where calls can be made |
| `t:wait()` | what the task's function returned; raises its error. By any task, again and again |
| `t:cancel()` | ends its call, and all later ones, with the reason `cancelled` |
| `grafana.sleep(seconds)` | waits, and lets other tasks go on |

What is on the wire is bounded by the client's `concurrency`, whatever uses it. `print(grafana.help("many"))` says more.

## Progress

`on_progress(done, total, failed)` is called whenever one of the numbers changes; `total` is 0 as long as nobody knows
it, and may grow. `done == total` comes once, at the end, where the operation ends well. An error in it breaks the
operation off and goes up to the caller. `grafana.progress()` makes one that shows a person how far it is: a line on a
terminal, elsewhere a line every few seconds. `print(grafana.help("progress"))` says what it does, and its options.

```lua
local r = g:get_org_panels(1, {on_progress = grafana.progress {label = "panels"}})
```

| `p = grafana.progress([{label, interval, out, width, ascii, terminal}])` | |
|---|---|
| `p(done, total, failed)` | tells it; all done is the end, and the next may begin |
| `p:finish([words])` | ends it before: `412 of 1000, words` |
| `p:print(line)` | writes a line above it |

## JSON and documents

JSON is lossless both ways. Null is `grafana.null` (the same as `cjson.null`). Arrays carry a metatable;
`grafana.array{}` and `grafana.object{}` mark a table, so that an empty one is written as `[]` or `{}`. An unmarked
empty table is `[]` where Grafana expects a list, else `{}`. A number that this Lua cannot hold exactly comes as a
`grafana.number`: its `tostring` has all digits, it is accepted wherever an id is, and it is written back digit
for digit.

| function | |
|---|---|
| `grafana.decode(text, [{raw = true}])` | the value, or nil and a message; with `raw` a document |
| `grafana.encode(value, [{pretty, sorted}])` | text; raises, naming the path, for what cannot be JSON |
| `grafana.get(value, key…)` | the value at the end of the path, or nil |
| `grafana.array(table)`, `grafana.object(table)` | the table, marked |
| `grafana.number(digits)` | a number by its digits |

With the option `raw = true` the objects of a result come as documents, which stay in C; every argument that takes a
table takes a document too.

| method | |
|---|---|
| `doc:get(path…)` | a scalar, or a table for what lies below |
| `doc:each(path…)` | iterates |
| `doc:len(path…)`, `doc:type(path…)` | how many parts; which JSON type |
| `doc:set(value, path…)`, `doc:remove(path…)` | change it |
| `doc:walk(function(path, value) … end)` | visits every part |
| `doc:copy()`, `doc:table()`, `doc:text([{pretty, sorted}])`, `doc:digest([{doubles}])` | take it out |
| `doc:equal(other)`, `==` | compare contents |
| `doc:close()` | gives its memory back at once |
]]

local function cell(text)
  return (text or ""):gsub("|", "\\|")
end

local function status_rows(rows)
  local lines = {}
  for _, row in ipairs(rows) do add(lines, "| `%s` | %s |", row[1], row[2]) end
  return table.concat(lines, "\n")
end

local function general_rows()
  local lines = {}
  for _, option in ipairs(core.general_options()) do
    add(lines, "| `%s` | %s | %s |", option.name, cell(option.expected), cell(option.text))
  end
  return table.concat(lines, "\n")
end

local function connect_rows()
  local lines = {}
  for _, option in ipairs(options.list()) do
    add(lines, "| `%s` | %s | %s |", option.name, cell(option.text), cell(option.default))
  end
  return table.concat(lines, "\n")
end

local function anchor(text)
  return (text:lower():gsub("[^%w%s_-]", ""):gsub("%s", "-"))
end

local function item_lines(lines, heading, list)
  if #list == 0 then return end
  add(lines, "")
  add(lines, "%s:", heading)
  add(lines, "")
  for _, item in ipairs(list) do
    add(lines, "- `%s` (%s)%s", item.name, item.shape or help.expected(item), help.about(item))
  end
end

local function operation_lines(lines, op)
  add(lines, "")
  add(lines, "### %s", op.name)
  add(lines, "")
  add(lines, "`g:%s`", help.signature(op))
  add(lines, "")
  lines[#lines + 1] = op.summary
  item_lines(lines, "Takes", op.params)
  item_lines(lines, "Options", op.options)
  item_lines(lines, "Returns", op.keys)
  if #op.statuses > 0 then
    add(lines, "")
    add(lines, "Special statuses: `%s`.", table.concat(op.statuses, "`, `"))
  end
  if topics.more[op.name] then
    add(lines, "")
    lines[#lines + 1] = topics.more[op.name]
  end
  add(lines, "")
  add(lines, "```lua")
  lines[#lines + 1] = help.example(op)
  add(lines, "```")
  add(lines, "")
  add(lines, "`%s %s`%s", op.method, op.path, help.origin(op))
end

local function reference()
  local lines = {}
  add(lines, REFERENCE_HEAD, NOTE, status_rows(topics.statuses), status_rows(topics.reasons), general_rows(),
    connect_rows())
  add(lines, "## Operations")
  add(lines, "")
  for _, group in ipairs(help.groups()) do
    local links = {}
    for i, op in ipairs(group) do links[i] = ("[`%s`](#%s)"):format(op.name, op.name) end
    add(lines, "- [%s](#%s): %s", group.name, anchor(group.name), table.concat(links, ", "))
  end
  for _, group in ipairs(help.groups()) do
    add(lines, "")
    add(lines, "## %s", group.name)
    for _, op in ipairs(group) do operation_lines(lines, op) end
  end
  return table.concat(lines, "\n") .. "\n"
end

-- --------------------------------------------------------------------------------- documented operations --

local API_HEAD = [[
# Grafana's documented operations

<!-- %s -->

What `g:call(name, params, [options])` calls: every operation of the documented HTTP API of Grafana %s, and those of
%s that are gone since. `print(g:help("getFolderByUID"))` says more about one, `print(g:help("folder"))` searches.

Parameters stand with where they go; **bold** ones must be given. `body` is the whole body, in place of its fields.
]]

local function listed_params(op)
  local places, order = {}, {"path", "query", "body"}
  for _, param in ipairs(op.params) do
    local list = places[param.where] or {}
    places[param.where] = list
    list[#list + 1] = param.required and ("**`%s`**"):format(param.name) or ("`%s`"):format(param.name)
  end
  local parts = {}
  for _, where in ipairs(order) do
    if places[where] then parts[#parts + 1] = where .. " " .. table.concat(places[where], ", ") end
  end
  return table.concat(parts, "; ")
end

-- The tags in order, each with its operations; an operation is listed under its first.
local function by_tag()
  local tags, names = {}, {}
  for _, op in ipairs(core.api_operations()) do
    local tag = api.tags(op)[1] or "enterprise"
    if not tags[tag] then names[#names + 1], tags[tag] = tag, {} end
    table.insert(tags[tag], op)
  end
  table.sort(names)
  return names, tags
end

local function documented()
  local lines, versions = {}, core.api_versions()
  local names, tags = by_tag()
  add(lines, API_HEAD, NOTE, versions[1], table.concat(versions, ", ", 2))
  for _, name in ipairs(names) do add(lines, "- [%s](#%s) (%d)", name, anchor(name), #tags[name]) end
  for _, name in ipairs(names) do
    add(lines, "")
    add(lines, "## %s", name)
    add(lines, "")
    add(lines, "| operation | request | parameters | notes |")
    add(lines, "|---|---|---|---|")
    for _, op in ipairs(tags[name]) do
      add(lines, "| `%s` | `%s %s` | %s | %s |", op.name, op.method, op.path, listed_params(op),
        table.concat(api.notes(op), ", "))
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

-- ---------------------------------------------------------------------------------------------- annotations --

local TYPES_HEAD = [[
-- SPDX-License-Identifier: MIT
-- %s
---@meta grafana

---@alias grafana.Status %s
---@alias grafana.Reason %s

---What every operation returns.
---@class grafana.Result
---@field status grafana.Status
---@field ok boolean whether `status` is "ok"
---@field message? string a sentence for a person, where it is not ok
---@field operation? string its name; of `call` that of the documented operation
---@field code? integer the HTTP status
---@field attempts? integer
---@field uncertain? boolean a write may have arrived, but no answer came
---@field reason? grafana.Reason

---A number by its digits.
---@class grafana.Number: userdata

---JSON's null.
---@class grafana.Null: lightuserdata

---The organisation of the credentials.
---@class grafana.Own: userdata

---@alias grafana.Integer integer|grafana.Number
---@alias grafana.Org grafana.Integer|grafana.Own|nil
---@alias grafana.Id grafana.Integer|string

---JSON that stays in C.
---@class grafana.Document: userdata
local Document = {}
---@param ... string|integer
---@return any
function Document:get(...) end
---@param ... string|integer
---@return fun(): any, any
function Document:each(...) end
---@param ... string|integer
---@return integer
function Document:len(...) end
---@param ... string|integer
---@return string
function Document:type(...) end
---@param value any
---@param ... string|integer
function Document:set(value, ...) end
---@param ... string|integer
function Document:remove(...) end
---@param visit fun(path: (string|integer)[], value: any)
function Document:walk(visit) end
---@return grafana.Document
function Document:copy() end
---@return any
function Document:table() end
---@param options? {pretty?: boolean, sorted?: boolean}
---@return string
function Document:text(options) end
---@param options? {doubles?: boolean}
---@return string
function Document:digest(options) end
---@param other grafana.Document
---@return boolean
function Document:equal(other) end
function Document:close() end

---@alias grafana.Object table|grafana.Document

---The name of an operation of Grafana's documented HTTP API.
---@alias grafana.ApiOperation %s

---The options that every operation takes.
---@class grafana.Options
%s

---What `connect` takes.
---@class grafana.ConnectOptions
%s

---What a function as transport gets.
---@class grafana.Request
---@field method string
---@field url string
---@field headers table<string, string>
---@field body? string
---@field timeout? integer milliseconds
---@field connect_timeout? integer milliseconds

---What it returns; or nil, a reason, and whether the request may have been sent.
---@class grafana.Response
---@field code integer
---@field headers? table<string, string|string[]>|string[][]
---@field body? string

---@alias grafana.Transport fun(request: grafana.Request): grafana.Response?, string?, boolean?

---@class grafana.Retry
---@field operation string as in results
---@field attempt integer the one that failed
---@field delay_ms integer until the next
---@field status grafana.Status
---@field reason? grafana.Reason

---What shows a person how far something has come.
---@class grafana.Progress
---@overload fun(done: integer, total?: integer, failed?: integer)
local Progress = {}
---@param words? string
function Progress:finish(words) end
---@param line string
function Progress:print(line) end

---@class grafana.ProgressOptions
---@field label? string what stands before it
---@field interval? number seconds between two lines where it is no terminal; default: 5
---@field out? file*|fun(text: string) default: io.stderr
---@field width? integer columns of the line; default: those of the terminal
---@field ascii? boolean default: as LC_ALL, LC_CTYPE or LANG say
---@field terminal? boolean whether it draws one line in its place; default: where out is a terminal

---@alias grafana.OnProgress fun(done: integer, total: integer, failed: integer)|grafana.Progress

---What runs beside other tasks.
---@class grafana.Task
local Task = {}
---What its function returned; raises its error.
---@return any ...
function Task:wait() end
---Its call, and all later ones, end with the reason `cancelled`.
function Task:cancel() end

---@class grafana.GatherOptions
---@field concurrency? integer rows under way at once; default: the client's
---@field on_progress? grafana.OnProgress

---What Ctrl-C raises from `gather`.
---@class grafana.Interruption
---@field results table<integer, grafana.Result> of rows that had begun
---@field done integer
---@field failed integer
---@field total integer

---@class grafana
---@field _VERSION string
---@field own grafana.Own
---@field null grafana.Null
local grafana = {}
---@param url? string
---@param credentials? {[1]: string, [2]: string}|{token: string|fun(): string}
---@param options? grafana.ConnectOptions
---@return grafana.Client
function grafana.connect(url, credentials, options) end
---@generic T: grafana.Result
---@param r T
---@param ... grafana.Status
---@return T
function grafana.check(r, ...) end
---Calls `f(…)` in a task; returns when all tasks spawned in it have ended. Raises an error nobody has waited for.
---@param f fun(...: any): ...: any
---@param ... any
---@return any ... what `f` returned
function grafana.run(f, ...) end
---@param f fun(...: any): ...: any
---@param ... any
---@return grafana.Task
function grafana.spawn(f, ...) end
---Other tasks go on meanwhile.
---@param seconds number
function grafana.sleep(seconds) end
---@param g grafana.Client
---@param rows any[][] the name of an operation and its arguments
---@param options? grafana.GatherOptions
---@return grafana.Result[] in the order of the rows
function grafana.gather(g, rows, options) end
---@param options? grafana.ProgressOptions
---@return grafana.Progress
function grafana.progress(options) end
---@param word? string
---@return string
function grafana.help(word) end
---@generic T: table
---@param t T
---@return T
function grafana.array(t) end
---@generic T: table
---@param t T
---@return T
function grafana.object(t) end
---@param digits string|number
---@return grafana.Number
function grafana.number(digits) end
---@param value any
---@param ... string|integer
---@return any
function grafana.get(value, ...) end
---@param text string
---@param options? {raw?: boolean}
---@return any value
---@return string? message
function grafana.decode(text, options) end
---@param value any
---@param options? {pretty?: boolean, sorted?: boolean}
---@return string
function grafana.encode(value, options) end

---@class grafana.Client
local Client = {}
function Client:close() end
---@param word? string
---@return string
function Client:help(word) end
]]

local LUALS = {
  string = "string", integer = "grafana.Integer", boolean = "boolean", org = "grafana.Org", id = "grafana.Id",
  object = "grafana.Object", list = "grafana.Object", strings = "string|string[]|grafana.Document",
  role = "string|{role: string}", body = "string|grafana.Object", string_or_null = "string|grafana.Null",
  ["function"] = "grafana.OnProgress",
}
local CONNECT = {
  backoff_ms = "number[]", auth_method = '"basic-auth"|"regular-login"', org = "grafana.Integer|grafana.Own",
  headers = "table<string, string>", verify = "boolean", transport = '"auto"|"curl"|"nginx"|grafana.Transport',
  blocking = "boolean", sleep = "fun(seconds: number)",
  on_retry = "fun(retry: grafana.Retry)", log = "fun(line: string)",
}
for name in ("ca_file ca_path cert key proxy user_agent"):gmatch("%S+") do CONNECT[name] = "string" end
for name in ("timeout connect_timeout deadline max_retries concurrency max_body"):gmatch("%S+") do
  CONNECT[name] = "integer"
end
local SHAPES = {
  integer = "grafana.Integer", string = "string", object = "grafana.Object", list = "grafana.Object[]",
  boolean = "boolean", value = "any",
}

local function alternatives(list)
  local quoted = {}
  for i, name in ipairs(list) do quoted[i] = '"' .. name .. '"' end
  return table.concat(quoted, "|")
end

local function option_fields(list)
  local lines = {}
  for _, option in ipairs(list) do
    add(lines, "---@field %s? %s %s", option.name, LUALS[option.type] or "any", option.text or "")
  end
  return table.concat(lines, "\n")
end

local function connect_fields()
  local lines = {}
  for _, option in ipairs(options.list()) do
    add(lines, "---@field %s? %s %s; default: %s", option.name, CONNECT[option.name], option.text, option.default)
  end
  return table.concat(lines, "\n")
end

-- The class `name` that extends `base`; nothing and `base` itself when it would add nothing.
local function class(lines, name, base, fields)
  if fields == "" then return base end
  add(lines, "")
  add(lines, "---@class %s: %s", name, base)
  lines[#lines + 1] = fields
  return name
end

local function key_fields(keys)
  local lines = {}
  for _, key in ipairs(keys) do
    add(lines, "---@field %s? %s %s", key.name, SHAPES[key.shape] or "any", key.text or "")
  end
  return table.concat(lines, "\n")
end

local KEYWORDS = {["end"] = true, ["repeat"] = true, ["function"] = true}

local function method(lines, op)
  local own = class(lines, "grafana.options." .. op.name, "grafana.Options", option_fields(op.options))
  local result = class(lines, "grafana.result." .. op.name, "grafana.Result", key_fields(op.keys))
  local names = {}
  add(lines, "")
  lines[#lines + 1] = "---" .. op.summary
  for i, param in ipairs(op.params) do
    names[i] = KEYWORDS[param.name] and param.name .. "_" or param.name
    local name = names[i] .. (param.optional and "?" or "")
    local kind = op.name == "call" and i == 1 and "grafana.ApiOperation" or LUALS[param.type] or "any"
    add(lines, "---@param %s %s %s", name, kind, param.text or "")
  end
  names[#names + 1] = "options"
  add(lines, "---@param options? %s", own)
  add(lines, "---@return %s", result)
  add(lines, "function Client:%s(%s) end", op.name, table.concat(names, ", "))
end

local function annotations()
  local statuses, reasons = core.statuses()
  local lines = {}
  add(lines, TYPES_HEAD, NOTE, alternatives(statuses), alternatives(reasons), alternatives(api.names()),
    option_fields(core.general_options()), connect_fields())
  lines[1] = lines[1]:gsub("\n$", "")
  for _, op in ipairs(core.operations()) do method(lines, op) end
  add(lines, "")
  add(lines, "return grafana")
  for i, line in ipairs(lines) do lines[i] = line:gsub("[ \t]+\n", "\n"):gsub("[ \t]+$", "") end
  return table.concat(lines, "\n") .. "\n"
end

-- ---------------------------------------------------------------------------------------------------- main --

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
  print(path)
end

local folder = arg[1] or "."
os.execute("mkdir -p '" .. folder:gsub("'", "'\\''") .. "/types' '" .. folder:gsub("'", "'\\''") .. "/doc'")
write(folder .. "/types/grafana.lua", annotations())
write(folder .. "/doc/api.md", documented())
write(folder .. "/doc/reference.md", reference())
