-- SPDX-License-Identifier: MIT
--- The arguments of `grafana.connect`, checked. Messages name the argument and never show its value: it may be secret.
-- @module grafana.options

local core = require "grafana.core"
local nginx = require "grafana.nginx"

local options = {}

local HUGE_MS = 2 ^ 31 - 1

--- The largest `concurrency`, of a client and of `grafana.gather`.
options.MOST_AT_ONCE = 1024

local function fail(text, ...)
  error("grafana.connect: " .. text:format(...), 0)
end

local function hint(word, list)
  return require("grafana.nearest").hint(tostring(word), list)
end

-- ------------------------------------------------------------------------------------------------- checkers --
-- Each returns the value to use, or nil and what was expected.

local function whole(least, most)
  local expected = ("integer from %.0f"):format(least)
  if most then expected = expected .. (" to %.0f"):format(most) end
  return function(value)
    if type(value) ~= "number" or value % 1 ~= 0 or value < least or value > (most or 2 ^ 53) then
      return nil, expected
    end
    return value
  end
end

local function of_type(name)
  return function(value)
    if type(value) ~= name then return nil, name end
    return value
  end
end

local function text(value)
  if type(value) ~= "string" or value == "" then return nil, "string that is not empty" end
  if value:find("\0", 1, true) then return nil, "string without NUL" end
  return value
end

local function one_of(...)
  local names = {...}
  local expected = "'" .. table.concat(names, "' or '") .. "'"
  return function(value)
    for _, name in ipairs(names) do
      if value == name then return value end
    end
    return nil, expected
  end
end

local function org(value)
  if value == core.own or type(value) == "number" and value % 1 == 0 then return value end
  if type(value) == "userdata" and value ~= core.null and tostring(value):find("^%-?%d+$") then return value end
  return nil, "id of an organisation or grafana.own"
end

local function backoff(value)
  local expected = "{first delay, largest delay, multiplier}, as in {500, 1000, 2.0}"
  if type(value) ~= "table" then return nil, expected end
  for key, number in pairs(value) do
    if key ~= 1 and key ~= 2 and key ~= 3 or type(number) ~= "number" then return nil, expected end
  end
  local first, most, multiplier = value[1], value[2], value[3] or 2.0
  if not first or not most then return nil, expected end
  if first >= 0 and first <= most and most <= HUGE_MS and multiplier >= 1 and multiplier <= 1000 then
    return {math.floor(first), math.floor(most), multiplier}
  end
  return nil, expected .. " with 0 <= first <= largest and multiplier >= 1"
end

local function transport(value)
  if type(value) == "function" or value == "auto" or value == "curl" or value == "nginx" then return value end
  return nil, "\"auto\", \"curl\", \"nginx\" or a function"
end

-- As an array of names and values in turn, in the order of names.
local function headers(value)
  local expected = "table of strings by name"
  if type(value) ~= "table" then return nil, expected end
  local names, flat = {}, {}
  for name, content in pairs(value) do
    if type(name) ~= "string" or type(content) ~= "string" then return nil, expected end
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    flat[#flat + 1], flat[#flat + 2] = name, value[name]
  end
  return flat
end

-- Where an option goes: the core's configuration, the driver's, or hooks that the client keeps.
local ms = whole(0, HUGE_MS)
local OPTIONS = {
  {"timeout", "core", ms, "ms for one request, 0: none", "5000"},
  {"connect_timeout", "core", ms, "ms for connecting, 0: none", "2000"},
  {"deadline", "core", ms, "ms for a whole call with its retries, 0: none", "0; with nginx's sockets 5000"},
  {"max_retries", "core", whole(0, 1000000), "how often one request is sent again at most", "10"},
  {"backoff_ms", "core", backoff, "first delay, largest delay, multiplier", "{500, 1000, 2.0}"},
  {"auth_method", "none", of_type("string"), '"basic-auth", or "regular-login": log in once, then a session',
    '"basic-auth"'},
  {"org", "core", org, "organisation where a call names none", "none"},
  {"headers", "core", headers, "sent with every request", "{}"},
  {"ca_file", "driver", text, "PEM file of the authorities to trust", "the system's"},
  {"ca_path", "driver", text, "folder with authorities to trust", "the system's"},
  {"cert", "driver", text, "client certificate, a PEM file", "none"},
  {"key", "driver", text, "key of the client certificate, a PEM file", "in cert"},
  {"verify", "driver", of_type("boolean"), "whether the server must prove who it is", "true"},
  {"proxy", "driver", of_type("string"), "address of a proxy, \"\": none", "the environment's"},
  {"user_agent", "core", text, "what the client calls itself", "lua-grafana/…"},
  {"concurrency", "both", whole(1, options.MOST_AT_ONCE), "requests on the wire at once", "8"},
  {"max_body", "core", whole(1), "bytes of one answer", "64 MiB"},
  {"transport", "none", transport, '"curl", "nginx", "auto" (which is right here) or a function: help("transports")',
    '"auto"'},
  {"blocking", "hook", of_type("boolean"), "inside nginx: let libcurl stop the worker while it waits", "false"},
  {"sleep", "driver", of_type("function"), "with a function as transport: waits so many seconds, by yielding",
    "blocks, but not inside nginx"},
  {"on_retry", "hook", of_type("function"), "called with {operation, attempt, delay_ms, status, reason}", "none"},
  {"log", "hook", of_type("function"), "called with one line for each call ended and each retry", "none"},
}

local by_name, names = {}, {}
for i, row in ipairs(OPTIONS) do
  names[i] = row[1]
  by_name[row[1]] = row
end

--- The options as help shows them.
-- @treturn {{name=string,text=string,default=string},...}
function options.list()
  local list = {}
  for i, row in ipairs(OPTIONS) do list[i] = {name = row[1], text = row[4], default = row[5]} end
  return list
end

-- ------------------------------------------------------------------------------------------------- the url --

local function environment(name)
  local value = os.getenv(name)
  return value ~= "" and value or nil
end

-- The core refuses what is no url; this only says better what people do most often.
local function check_url(url, what)
  if url:match("^%a[%w+.-]*://[^/?#]*@") then
    fail("%s holds credentials: give them as the second argument, {user, password}, instead", what)
  end
  if not url:match("^[hH][tT][tT][pP][sS]?://") then fail("%s must begin with http:// or https://", what) end
  return url
end

local function read_url(url)
  if url ~= nil then
    if type(url) ~= "string" then fail("bad argument #1 'url' (string expected, got %s)", type(url)) end
    return check_url(url, "argument 'url'")
  end
  url = environment("GRAFANA_URL")
  if not url then fail("no url given, and GRAFANA_URL is not set") end
  return check_url(url, "GRAFANA_URL")
end

-- -------------------------------------------------------------------------------------------- credentials --

local function check_text(value, what)
  if type(value) ~= "string" then fail("%s: string expected, got %s", what, type(value)) end
  if value == "" then fail("%s is empty", what) end
end

local function read_token(credentials, into)
  local token = credentials.token
  if type(token) == "function" then
    into.core.asks_for_token, into.hook.token = true, token
    return
  end
  check_text(token, "the token in argument 'credentials'")
  into.core.token = token
end

local function read_password(credentials, config)
  check_text(credentials[1], "the user, first in argument 'credentials'")
  if type(credentials[2]) ~= "string" then
    fail("the password, second in argument 'credentials': string expected, got %s", type(credentials[2]))
  end
  config.user, config.password = credentials[1], credentials[2]
end

local function read_credentials(credentials, into)
  if type(credentials) ~= "table" then
    fail("bad argument #2 'credentials' ({user, password} or {token = string or function} expected, got %s)",
      type(credentials))
  end
  local strange
  for key in pairs(credentials) do
    local known = key == 1 or key == 2 or key == "token"
    if not known and (not strange or tostring(key) < strange) then strange = tostring(key) end
  end
  if strange then
    fail("bad argument #2 'credentials': {\"user\", \"password\"}, without names, or {token = string or function} "
      .. "expected, but it has the key '%s'", strange)
  end
  if credentials.token == nil then return read_password(credentials, into.core) end
  if credentials[1] ~= nil then fail("argument 'credentials' holds both a user and a token") end
  return read_token(credentials, into)
end

local function read_environment(config)
  config.token = environment("GRAFANA_TOKEN")
  if config.token then return end
  config.user, config.password = environment("GRAFANA_USER"), environment("GRAFANA_PASSWORD")
  if config.user and not config.password then fail("GRAFANA_USER is set, but GRAFANA_PASSWORD is not") end
end

-- ------------------------------------------------------------------------------------------------- options --

-- Which transport is meant, as the driver's `kind`; a function is its `send`.
local function read_transport(value, driver)
  if type(value) == "function" then
    driver.kind, driver.send = "function", value
  elseif value == nil or value == "auto" then
    driver.kind = nginx.inside and "nginx" or "curl"
  elseif value == "nginx" and not nginx.inside then
    fail("option 'transport': \"nginx\" stands for the sockets of nginx's Lua module, and this is not inside nginx: "
      .. "leave it out, or say \"curl\"")
  else
    driver.kind = value
  end
end

-- What is asked of nginx, it takes from its own configuration.
local AUTHORITIES = "it has its authorities from nginx's configuration: write lua_ssl_trusted_certificate there, or "
  .. "connect with transport = \"curl\""

local function proxy_for_nginx(value)
  if value == "" or value:lower():find("^http://") then return nil end
  return "it reaches proxies by http:// only, those of https:// and SOCKS not: connect with transport = \"curl\""
end

local OWN_MATTER = "how a function reaches the server is its own matter: say it there"
local ONLY_FUNCTION = "it is for a function as transport"

-- Options that a kind of transport cannot honour, in the order of the options: what to do instead, or a function that
-- returns it where the value cannot be honoured.
local CANNOT = {
  curl = {sleep = ONLY_FUNCTION},
  nginx = {ca_file = AUTHORITIES, ca_path = AUTHORITIES, proxy = proxy_for_nginx, sleep = ONLY_FUNCTION},
  ["function"] = {
    ca_file = OWN_MATTER, ca_path = OWN_MATTER, cert = OWN_MATTER, key = OWN_MATTER, verify = OWN_MATTER,
    proxy = OWN_MATTER,
  },
}
local CALLED = {
  curl = 'the transport "curl"', nginx = 'the transport "nginx"', ["function"] = "a function as transport",
}

local function check_honoured(given, kind)
  for _, name in ipairs(names) do
    local instead = given[name] ~= nil and CANNOT[kind][name]
    if type(instead) == "function" then instead = instead(given[name]) end
    if instead then fail("option '%s' cannot be honoured by %s: %s", name, CALLED[kind], instead) end
  end
end

-- A visitor waits: inside nginx a call ends after this, unless another deadline is given. Milliseconds.
local DEADLINE_IN_NGINX = 5000

local METHODS = {"basic-auth", "regular-login"}

-- A method needs a user and a password, whichever it is.
local function read_method(method, config)
  if method == nil then return end
  local fine, expected = one_of(METHODS[1], METHODS[2])(method)
  if not fine then fail("option 'auth_method': %s expected%s", expected, hint(method, METHODS)) end
  if not config.user then fail("option 'auth_method': '%s' needs a user and a password", method) end
  config.logs_in = method == "regular-login"
end

local function put(row, value, into)
  local name, where = row[1], row[2]
  if name == "backoff_ms" then
    into.core.backoff_first, into.core.backoff_max, into.core.backoff_multiplier = value[1], value[2], value[3]
  elseif where == "both" then
    into.core[name], into.driver[name] = value, value
  elseif where ~= "none" then
    into[where][name] = value
  end
end

local function read_options(given, into)
  if type(given) ~= "table" then fail("bad argument #3 'options' (table expected, got %s)", type(given)) end
  for name, value in pairs(given) do
    local row = by_name[name]
    if not row then fail("unknown option '%s'%s", tostring(name), hint(name, names)) end
    local checked, expected = row[3](value)
    if checked == nil then
      local got = type(value) == "number" and tostring(value) or type(value)
      fail("option '%s': %s expected, got %s", name, expected, got)
    end
    put(row, checked, into)
  end
  read_transport(given.transport, into.driver)
  check_honoured(given, into.driver.kind)
  if into.driver.kind == "nginx" and not given.deadline then into.core.deadline = DEADLINE_IN_NGINX end
  read_method(given.auth_method, into.core)
end

--- Check the arguments of `connect`; raises a sentence without a position.
-- @return the core's configuration, the driver's options (`kind` says which driver: "curl", "nginx", or "function",
--   which is `send` then), the hooks
function options.read(url, credentials, given)
  local into = {core = {}, driver = {}, hook = {}}
  local from_environment = url == nil
  into.core.url = read_url(url)
  if credentials ~= nil then
    read_credentials(credentials, into)
  elseif from_environment then
    read_environment(into.core)
  end
  read_options(given == nil and {} or given, into)
  into.core.has_certificate = into.driver.cert ~= nil
  return into.core, into.driver, into.hook
end

return options
