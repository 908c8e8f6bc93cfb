-- SPDX-License-Identifier: MIT
--- Runs golden cases against the core alone: no network, no clock.

local core = require "grafana.core"
local cases = require "spec.golden.cases"
local compare = require "spec.golden.compare"
local json = require "spec.standin.server.json"
local mime = require "mime"

local offline = {}

local BASE = "http://grafana.test/below"
local WRITES = { POST = true, PUT = true, PATCH = true }

-- ----------------------------------------------------------------------------------------------- requests --

local function header_table(request)
  local headers = {}
  for _, pair in ipairs(request.headers) do
    local name = pair[1]:lower()
    assert(headers[name] == nil, "the header " .. name .. " is there twice")
    headers[name] = pair[2]
  end
  return headers
end

local function expect(found, what, expected, seen)
  if expected == seen then return end
  found[#found + 1] = ("%s: %s expected, got %s"):format(what, tostring(expected), tostring(seen))
end

local function canonical(text)
  if text == nil or text == "" then return nil end
  local value, problem = json.decode(text)
  return value == nil and "no JSON: " .. tostring(problem) or json.encode(value)
end

-- The headers that a request has, all of them.
local function expected_headers(exchange, client, has_body)
  return {
    accept = exchange.accept or "application/json",
    authorization = "Basic " .. mime.b64(client.login .. ":" .. client.password),
    ["content-type"] = has_body and (exchange.type or "application/json") or nil,
    ["x-grafana-org-id"] = exchange.org,
    ["x-disable-provenance"] = exchange.provenance == "off" and "true" or nil,
  }
end

-- JSON is compared by what it says, text as it is.
local function compare_body(found, exchange, request)
  if exchange.type then return expect(found, "body", exchange.body, request.body) end
  expect(found, "body", canonical(exchange.body), canonical(request.body))
end

local function compare_headers(found, expected, seen)
  expect(found, "header user-agent", "lua-grafana", (seen["user-agent"] or ""):match("^(.*)/"))
  expected["user-agent"] = seen["user-agent"]
  for name, value in pairs(expected) do expect(found, "header " .. name, value, seen[name]) end
  for name, value in pairs(seen) do
    if expected[name] == nil then expect(found, "header " .. name, nil, value) end
  end
end

--- How a request differs from the one that a case expects.
function offline.compare_request(exchange, request, client)
  local found = {}
  expect(found, "method", exchange.method, request.method)
  expect(found, "path", exchange.path, request.url:sub(#BASE + 1))
  expect(found, "url's beginning", BASE, request.url:sub(1, #BASE))
  compare_body(found, exchange, request)
  expect(found, "who asks", exchange.as or "admin", client.login)
  local has_body = WRITES[request.method] and request.body ~= nil
  compare_headers(found, expected_headers(exchange, client, has_body), header_table(request))
  return found
end

-- ------------------------------------------------------------------------------------------------- feeding --

-- How an answer is cut into pieces, and how its headers are spelt.
local MANNERS = {
  whole = { header = "Content-Type", pieces = function(text) return { text } end },
  ["byte by byte, with headers in odd case"] = {
    header = "cOnTeNt-tYPE",
    pieces = function(text)
      local bytes = {}
      for i = 1, #text do bytes[i] = text:sub(i, i) end
      return bytes
    end,
  },
}
offline.MANNERS = { "whole", "byte by byte, with headers in odd case" }

local function answer(call, id, given, manner)
  assert(call:head(id, given.code))
  assert(call:header(id, manner.header, given.type))
  for _, piece in ipairs(manner.pieces(given.body)) do assert(call:body(id, piece)) end
  call:finish(id, "complete", true, nil, 0)
end

-- Feeds a call until it is done. `on_request(request)` returns the answer.
local function feed(call, on_request, manner)
  local waiting = {}
  for _ = 1, 1000 do
    local what, request = call:next(0)
    if what == "done" then return call:result() end
    if what == "send" then
      waiting[#waiting + 1] = { id = request.id, answer = on_request(request) }
    else
      local first = table.remove(waiting, 1)
      if not first then error("the call waits for time to pass", 0) end
      answer(call, first.id, first.answer, MANNERS[manner])
    end
  end
  error("the call does not end", 0)
end

-- -------------------------------------------------------------------------------------------- the case's world --

local function client_of(run, login, password)
  local state = core.client { url = BASE, user = login, password = password, max_retries = 10 }
  local client = { login = login, password = password }
  return setmetatable(client, { __index = function(_, operation)
    return function(_, ...)
      assert(not run.operation, "a case is one call")
      run.operation = compare.operation(operation, (...))
      local function on_request(request) return run.on_request(request, client) end
      return feed(core.call(state, operation, ...), on_request, run.manner)
    end
  end })
end

local function world(run)
  local env = setmetatable({}, { __index = _G })
  env.live, env.version, env.grafana = false, run.version, require "grafana"
  env.missing, env.ghost = 99999, "ghost"
  function env.recorded(value) return value end
  function env.like(value) return value end
  function env.as(user, password) return client_of(run, user.login, password or user.password) end
  function env.answer(index) return assert(core.decode(run.case.http[index].answers[run.version].body)) end
  env.g = client_of(run, "admin", "admin")
  return env
end

local function start(case, version, manner)
  local run = { case = case, version = version, manner = manner, seen = {} }
  run.env = world(run)
  cases.compile(case, "common", run.env)()
  cases.compile(case, "given", run.env)()
  return run
end

-- ---------------------------------------------------------------------------------------------------- running --

-- A client that calls the operation of that name, whatever name is written.
local function with_one_method(client, name)
  return setmetatable({}, { __index = function()
    return function(_, ...) return client[name](client, ...) end
  end })
end

--- Runs a case; the differences from what it says, as a list of sentences, and the result. With `other_name` the
-- operation of that name is called instead.
function offline.run(case, version, manner, other_name)
  local run, found = start(case, version, manner), {}
  function run.on_request(request, client)
    local index = #run.seen + 1
    local exchange = case.http[index]
    run.seen[index] = request
    if not exchange then error(("one request too many: %s %s"):format(request.method, request.url), 0) end
    for _, text in ipairs(offline.compare_request(exchange, request, client)) do
      found[#found + 1] = ("request %d: %s"):format(index, text)
    end
    return assert(exchange.answers[version], "no answer for this version")
  end
  local call = cases.compile(case, "call", run.env, "return ")
  if other_name then run.env.g = with_one_method(run.env.g, other_name) end
  local result = call()
  expect(found, "requests", #case.http, #run.seen)
  local expected = cases.compile(case, "result", run.env, "return ")()
  for _, text in ipairs(compare.results(expected, result, { operation = run.operation })) do
    found[#found + 1] = text
  end
  return found, result
end

-- Some operations tell the whole answer, also of a refusal.
local function without_answer(result)
  local rest = {}
  for key, value in pairs(result) do
    if key ~= "headers" and key ~= "body" then rest[key] = value end
  end
  return rest
end

--- Runs the call of a case while every request meets the one answer of another case, which says what then comes out.
function offline.run_with(case, every, version)
  local run = start(case, version, "whole")
  function run.on_request() return every.http[1].answers[version] end
  local result = cases.compile(case, "call", run.env, "return ")()
  run.case = every
  local expected = cases.compile(every, "result", run.env, "return ")()
  local how = { operation = run.operation, any_message = true }
  return compare.results(expected, without_answer(result), how), result
end

return offline
