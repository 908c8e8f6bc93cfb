-- SPDX-License-Identifier: MIT
--- What there is to say besides the operations: statuses, reasons, and a few pages of text.
-- @module grafana.topics

local topics = {}

--- Each status and what it means, in the order of the core.
topics.statuses = {
  {"ok", "done"},
  {"access-denied", "bad credentials, or not allowed"},
  {"not-found", "the thing named does not exist"},
  {"already-exists", "its name, uid, login or version is taken"},
  {"user-not-found", "the user named does not exist, or is no member"},
  {"role-not-found", "there is no such role"},
  {"invalid-data", "the server refuses a value"},
  {"missing-mandatory-data", "something required was not given"},
  {"unknown-host", "no such host"},
  {"connection-refused", "nobody listens there"},
  {"error", "anything else; the reason says more"},
}

--- Each reason and what it means, in the order of the core.
topics.reasons = {
  {"timeout", "no whole answer within `timeout`"},
  {"deadline", "the call with its retries took longer than `deadline`"},
  {"tls", "no secure connection: a certificate, most often"},
  {"cut", "the connection broke before the whole answer had come"},
  {"invalid-json", "the answer is no JSON"},
  {"not-grafana", "something else answered: a proxy's page, for instance"},
  {"too-large", "the answer is larger than `max_body`"},
  {"redirect", "the server wants to send the request elsewhere"},
  {"rate-limited", "the server asks for fewer requests"},
  {"unavailable", "the server, or a proxy before it, says that it cannot answer now"},
  {"bad-credentials", "user and password, or the token, are wrong"},
  {"forbidden", "the credentials are right, but not enough"},
  {"org-not-found", "there is no such organisation"},
  {"folder-not-found", "there is no such folder"},
  {"version-mismatch", "somebody else has changed it since it was read"},
  {"name-exists", "the name is taken"},
  {"uid-exists", "the uid is taken"},
  {"unsupported", "this server has no such route"},
  {"cancelled", "the call was cancelled"},
  {"closed", "the client is closed"},
  {"server-error", "Grafana failed and does not say why"},
}

local function listed(rows)
  local lines = {}
  for i, row in ipairs(rows) do lines[i] = ("  %-22s %s"):format(row[1], (row[2]:gsub("`", ""))) end
  return table.concat(lines, "\n")
end

local function connect_text()
  local lines = {}
  for i, option in ipairs(require("grafana.options").list()) do
    lines[i] = ("  %-16s %s (%s)"):format(option.name, option.text, option.default)
  end
  return [[
local g = grafana.connect("https://example.org/grafana", {"admin", "secret"})
local g = grafana.connect(url, {token = "glsa_..."})
local g = grafana.connect(url, {token = function() return read_secret() end})      -- asked again after a 401
local g = grafana.connect(url, {"admin", "secret"}, {auth_method = "regular-login"})    -- POST /login, then a session
local g = grafana.connect(url, nil, {cert = "me.pem", key = "me.key"})    -- a client certificate; without it anonymous
local g = grafana.connect()     -- GRAFANA_URL, GRAFANA_TOKEN or GRAFANA_USER and GRAFANA_PASSWORD
local g = grafana.connect(url, credentials, options)

It sends nothing. g:close() ends its connections; in Lua 5.4: local g <close> = grafana.connect(...)

Options, with their defaults:
]] .. table.concat(lines, "\n")
end

local function results_text()
  return [[
Every operation returns one table r. r.status is always there; r.ok is r.status == "ok".
An operation raises only for an error of the program, such as a wrong type; never for what a server or a
network does. A result that is not ok has r.message (a sentence), r.operation, r.code (HTTP status), r.attempts,
perhaps r.reason, and r.uncertain = true where a write may have arrived but no answer came. print(r) shows it in
one line.
grafana.check(r, "already-exists") returns r if it is ok or has one of these statuses, else raises it.

Statuses:
]] .. listed(topics.statuses) .. "\n\nReasons:\n" .. listed(topics.reasons)
end

local function options_text()
  local lines = {}
  for i, option in ipairs(require("grafana.core").general_options()) do
    lines[i] = ("  %-12s %s: %s"):format(option.name, option.expected, option.text)
  end
  return [[
One table of options may follow the arguments of an operation: its own options, and these:
]] .. table.concat(lines, "\n") .. [[


    g:get_orgs({query = "Acme", timeout = 1000})]]
end

local JSON = [[
grafana.decode(text)            a value, or nil and a message; {raw = true} gives a document
grafana.encode(value)           JSON text; {pretty = true, sorted = true}
grafana.null                    JSON's null, equal to cjson.null
grafana.array{}, grafana.object{}    mark a table, so that an empty one is [] or {}
grafana.number("123456789012345678901")    a number by its digits
grafana.get(value, "panels", 1, "title")   follows a path; nil where it ends early

A document is JSON that stays in C. The option raw = true makes objects of results come as documents; every
argument that takes a table takes a document too.
  doc:get(path...)  doc:each(path...)  doc:len(path...)  doc:type(path...)       read
  doc:set(value, path...)  doc:remove(path...)                                   change
  doc:walk(function(path, value) end)  doc:table()  doc:text{pretty = true}      take out
  doc:copy()  doc:digest()  doc:equal(other)  ==  doc:close()]]

local TRANSPORTS = [[
connect's option transport says what carries the requests:
  "auto"      libcurl, or inside nginx its own sockets (the default)
  "curl"      libcurl, which blocks. Inside nginx it stops the worker; {blocking = true} allows that
  "nginx"     the sockets of nginx's Lua module; host names need a resolver in nginx's configuration
  function    anything else

    local g = grafana.connect(url, credentials, {transport = function(request)
      return {code = 200, headers = {["Content-Type"] = "application/json"}, body = "[]"}
    end})

The function gets a table: method, url, headers (by name), body (a string; nil where a request has none), timeout and
connect_timeout (ms; nil where there is no limit). It sends them as they are, with Host and Content-Length of its own,
follows no redirect, and returns
  a table     code; headers, by name, several values of one name as an array, or all as an array of {name, value}; body,
              a string without chunks and compression
  or nil, a reason, and whether the request may have been sent.
The reason is "timeout", "unknown-host", "refused", "tls" or "cut", perhaps followed by ": " and why (connection
refused, host not found, closed and connection reset are understood too); any other sentence is shown as it is. A
write that may have been sent is not sent again, and its result says uncertain. Left out, the third value is false for
unknown-host, refused and tls, and true for all else: false must be certain.
What the function raises goes up to the caller of the operation, as does what is wrong with what it returns.

The function must not use the client that it serves. Redirects, sessions, retries and limits are the client's; ca_file,
ca_path, cert, key, verify and proxy are the function's, and connect refuses them. The requests of a call go out one
after the other. A function that yields to a scheduler needs the option sleep, a function that waits so many seconds by
yielding: without it waiting blocks, and a call that would wait for one that has yielded raises. In tasks of grafana.run
it is not needed: there grafana.sleep and other clients yield.
examples/socket_transport.lua is such a function over LuaSocket.

Inside nginx there is one for subrequests (location.capture), examples/capture/ shows the location that it needs:
    transport = require("grafana.capture")("/grafana-upstream")
It serves visitors over HTTP/1, in rewrite, access and content handlers, not in timers.]]

local MANY = [[
Rows of calls, at once, the results in their order, one for each:
    local results = grafana.gather(g, {
      {"get_dashboard", 1, "a"}, {"get_dashboard", 1, "b"}, {"get_orgs", {query = "Acme"}},
    }, {concurrency = 16, on_progress = function(done, total, failed) end})
A row is the name of an operation ("call" and "request" are some) and its arguments; it runs to its largest integer key.
All rows are checked before anything is sent: one that cannot be called raises, naming it. What a server or a network
does is a result; a wrong password is tried once for all rows. concurrency says how many rows are under way at once, by
default as many as the client has on the wire at most: 8, or what connect was given. Ctrl-C raises an error, for
    local fine, problem = pcall(grafana.gather, g, rows)
with the fields results, done, failed and total: rows that were under way have results with the reason cancelled, and
uncertain where a write may have arrived; those that had not begun have none. print(results) tells what failed.

Tasks are functions that run side by side; inside them a call lets the others go on while it waits:
    grafana.run(function()
      local t = grafana.spawn(function(name) return g:get_orgs({name = name}) end, "Acme")
      local r = t:wait()
    end)
grafana.run(f, ...)     calls f in a task; returns what it returned once all tasks spawned in it have ended. The first
                        error that nobody has waited for is raised then. In a task: the same for what is spawned inside
grafana.spawn(f, ...)   a task. It runs when the one that spawned it waits for something
t:wait()                what its function returned, or its error raised; by any task, again and again. Waiting in a
                        circle raises
t:cancel()              its call returns with the reason cancelled, as do all later ones; where it sleeps, waits or runs
                        a nested run it gets an error with that reason, which run does not raise; who waits for it gets
                        that error as any other. One that has not started never does
grafana.sleep(seconds)  0 lets the others go on. Outside of tasks it blocks

What is on the wire stays within a client's own concurrency, whoever sends it: in a full window calls stand in line, the
first of it sends one request and goes to its end. An error in one task leaves the others alone; g:close() ends the
calls of all, reason closed. Calls of several clients share one wait. In a coroutine of the program's own, or in a
function that C calls (table.sort), a call blocks as it does without tasks: it never yields to a stranger. Such a
coroutine may spawn, but not wait for what has not ended; while it blocks, Lua 5.4 does not see Ctrl-C. A task must not
call coroutine.yield itself.

Inside nginx tasks are its light threads, and spawn works without run, too: in the handlers and timers in which calls
can be made. A task belongs to its visitor's request: that ends when its tasks have ended, or takes them along when it
is exited.]]

local PROGRESS = [[
Lists, operations that read many things, and grafana.gather take the option on_progress, a function:
    g:get_org_panels(1, {on_progress = function(done, total, failed) ... end})
It is called whenever the numbers change: how many are done (failed ones among them), how many there are, how many
failed. total is 0 as long as nobody knows it, and may grow while more becomes known. done == total comes once, at the
end, and only where the operation ends well. An error in it breaks the operation off and goes up to the caller; the
client stays usable.

grafana.progress() makes such a function, which shows a person how far it is:
    g:get_org_panels(1, {on_progress = grafana.progress {label = "panels"}})
    panels [#############                   ]  412 of 1000  38/s  16 s left  2 failed
On a terminal it is one line, drawn again in its place; elsewhere (a file, a pipe, inside nginx, TERM=dumb) a line every
few seconds. What is done within a moment is told by its last line only. That comes once, when all is done, and where an
operation ends otherwise, by Ctrl-C too: "412 of 1000, interrupted". Then it may be given to the next.

Options, with their defaults:
  label       what stands before it (nothing)
  interval    seconds between two lines where it is no terminal (5)
  out         a file, or a function that takes text (io.stderr)
  width       columns of the line (those of the terminal)
  ascii       whether it draws with ASCII only (as LC_ALL, LC_CTYPE or LANG say)
  terminal    whether it draws one line in its place (where out is a terminal, and TERM not "dumb")
What has failed is red, unless NO_COLOR is set.

Called by a program of yours, with (done, total, failed), it serves that too:
    local p = grafana.progress {label = "files"}      -- in Lua 5.4: local p <close> = ...
    for i, name in ipairs(names) do p(i - 1, #names); send(name) end
    p(#names, #names)
  p:finish([words])    ends the line before all is done: "412 of 1000, words"
  p:print(line)        writes a line above it, as for connect's option log: log = function(line) p:print(line) end]]

--- Examples of operations whose arguments say what is done.
topics.examples = {
  add_datasource_permission = 'local r = g:add_datasource_permission(1, 12, {userId = 3, permission = "Query"})',
  create_service_account = 'local r = g:create_service_account(1, {name = "backup", role = "Viewer"})',
  create_team = 'local r = g:create_team(1, {name = "Ops", email = "ops@example.org"})',
  create_token = 'local r = g:create_token(1, 12, {name = "backup", secondsToLive = 24 * 3600})',
  create_user = 'local r = g:create_user{login = "ann", email = "ann@example.org", password = "s3cret"}',
  get_dashboard_permissions = 'local r = g:get_dashboard_permissions(1, "abc")',
  get_team = 'local r = g:get_team(1, "Ops")',
  grant_dashboard_permissions =
    'local r = g:grant_dashboard_permissions(1, "abc", {roles = {Viewer = "View"}, users = {ann = "Admin"}})',
  grant_folder_permissions =
    'local r = g:grant_folder_permissions(1, "abc", {roles = {Viewer = "View"}, teams = {Ops = "Edit"}})',
  move_folder = 'local r = g:move_folder(1, "abc", "parent-uid")   -- grafana.null: to the root',
  search = 'local r = g:search(1, {query = "web", type = "dash-db"})',
  update_dashboard_permissions =
    'local r = g:update_dashboard_permissions(1, "abc", {{role = "Viewer", permission = 1}})',
  update_datasource = 'local r = g:update_datasource(1, "abc", {url = "http://prometheus:9090"})',
  update_folder = 'local r = g:update_folder(1, "abc", {title = "Ops"})',
  update_folder_permissions =
    'local r = g:update_folder_permissions(1, "abc", {{role = "Viewer", permission = 1}})',
  update_team = 'local r = g:update_team(1, "Ops", {email = "ops@example.org"})',
  call = 'local r = g:call("getFolderByUID", {folder_uid = "abc"}, {org = 2})',
  request = 'local r = g:request("GET", "/api/search", {query = {tag = {"a", "b"}, limit = 10}})',
}

--- What else there is to say of an operation.
topics.more = {
  call = [[
Parameters are given by their names in one table, wherever they go: a name that is in the path and in the body
fills both. Unknown names and wrong types raise and name the nearest right ones; what is required and missing
gives missing-mandatory-data; nothing is sent then. Strings in the path may be given as integers. A list goes
out once for each item. Fields of bodies are sent as given, grafana.null as null. body = value is the whole
body: a table, a document, or a string that is sent as it is, to be named by
headers = {["Content-Type"] = "application/yaml"}.
It is one request: of a list that the server gives in pages it is one page.
Without org the request goes to the org given to connect, else to the credentials' own.
r.status is that of any operation: 404 not-found, 409 and 412 already-exists, 400 and 422 invalid-data, and
error with the reason unsupported where this server has no such operation. Failures, retries and the log tell the
operation by its own name, not as "call".]],
  request = [[
The path is below the client's url and begins with /api or /apis. What cannot stand in it is percent-encoded,
%XX stays; it holds no '?' (query does), no segment '.' or '..' and no control character, else it raises.
query is sent sorted by name. body is sent as JSON; a string is sent as it is, to be named by
headers = {["Content-Type"] = "application/yaml"}. A text as answer is a string in r.body; a web page is an
error unless headers = {Accept = "text/html"} asks for one.]],
}

--- Each topic: its title, its text (a string, or a function that returns it).
topics.pages = {
  connect = {"How to connect, and with which options", connect_text},
  results = {"What operations return, statuses and reasons", results_text},
  options = {"Options that every operation takes", options_text},
  json = {"JSON values and documents", JSON},
  transports = {"What carries the requests: libcurl, nginx, a function of yours", TRANSPORTS},
  many = {"Many calls at once: grafana.gather, run, spawn, sleep", MANY},
  progress = {"How far an operation is: on_progress, grafana.progress()", PROGRESS},
  bulk = {"Whole servers: backup, restore, copy, sync, diff, undo", function() return require "grafana.bulk.help" end},
}

--- The topics' names in the order to show them in.
topics.names = {"connect", "results", "options", "json", "transports", "many", "progress", "bulk"}

-- Words that mean a topic.
topics.aliases = {
  statuses = "results", status = "results", result = "results", reasons = "results", reason = "results",
  check = "results", option = "options", documents = "json", document = "json", raw = "json", null = "json",
  array = "json", object = "json", number = "json", get = "json", encode = "json", decode = "json",
  ["sign in"] = "connect", ["signing in"] = "connect", auth = "connect", authentication = "connect",
  credentials = "connect", auth_method = "connect", connecting = "connect", close = "connect",
  errors = "results", message = "results", error = "results",
  transport = "transports", nginx = "transports", openresty = "transports", curl = "transports", libcurl = "transports",
  capture = "transports", sleep = "many", blocking = "transports", ["function"] = "transports",
  on_progress = "progress",
  backup = "bulk", restore = "bulk", copy = "bulk", sync = "bulk", diff = "bulk", plan = "bulk", undo = "bulk",
  resume = "bulk", journal = "bulk", inventory = "bulk", apply = "bulk",
  gather = "many", run = "many", spawn = "many", task = "many", tasks = "many", cancel = "many", wait = "many",
  parallel = "many", concurrency = "many", coroutine = "many", coroutines = "many",
}

--- The text of the topic `name`.
function topics.text(name)
  local text = topics.pages[name][2]
  return type(text) == "function" and text() or text
end

return topics
