-- SPDX-License-Identifier: MIT
-- The golden cases of spec/golden: offline, and against the stand-in in both its personalities.

package.path = "./?.lua;./?/init.lua;" .. package.path   -- 5.1 and LuaJIT do not look for ./?/init.lua

local cases = require "spec.golden.cases"
local core = require "grafana.core"
local live = require "spec.golden.live"
local offline = require "spec.golden.offline"
local standin = require "spec.standin"

local files, every, by_operation = {}, nil, {}

for _, path in ipairs(cases.files()) do
  local file = cases.read(path)
  if file.name == "every-operation.md" then every = file else files[#files + 1] = file end
end
for _, file in ipairs(files) do
  for _, name in ipairs(file.operations) do by_operation[name] = file end
end

local function succeed(found, file, case)
  if #found > 0 then error(("%s:%d: %s\n%s"):format(file.name, case.line, case.title, table.concat(found, "\n")), 0) end
end

-- Calls f(file, case, version, name of the operation or nil for the one written) for each case that holds.
local function each_case(version, f)
  for _, file in ipairs(files) do
    for _, case in ipairs(file.cases) do
      if cases.holds(case, version) then
        f(file, case)
        for i = 2, #file.operations do f(file, case, file.operations[i]) end
      end
    end
  end
end

describe("the golden cases", function()
  it("are there for every operation, with a success and a failure", function()
    for _, name in ipairs(core.names()) do
      local file = assert(by_operation[name], "no file in spec/golden for " .. name)
      local success, failure = false, false
      for _, case in ipairs(file.cases) do
        if case.result.text:match('status = "ok"') then success = true else failure = true end
      end
      assert(success, file.name .. " shows no success")
      assert(failure, file.name .. " shows no failure")
    end
  end)

  it("name operations that there are, each in one file", function()
    local known, seen = {}, {}
    for _, name in ipairs(core.names()) do known[name] = true end
    for _, file in ipairs(files) do
      for _, name in ipairs(file.operations) do
        assert(known[name], file.name .. ": there is no operation " .. name)
        assert(not seen[name], name .. " is in two files")
        seen[name] = true
      end
      assert.equal(file.operations[1] .. ".md", file.name)
    end
  end)

  for _, version in ipairs(cases.VERSIONS) do
    it("hold the answers that were recorded, word for word: " .. version, function()
      local steps, invented = cases.recording(version), {}
      local function look(file)
        for _, case in ipairs(file.cases) do
          for _, exchange in ipairs(case.http) do
            local answer, problem = exchange.answers[version], nil
            if cases.holds(case, version) then problem = not answer and "no answer" or cases.invented(answer, steps) end
            if problem then
              invented[#invented + 1] = ("%s:%d: %s: %s"):format(file.name, case.line, case.title, problem)
            end
          end
        end
      end
      for _, file in ipairs(files) do look(file) end
      look(every)
      assert.equal("", table.concat(invented, "\n"))
    end)
  end
end)

for _, version in ipairs(cases.VERSIONS) do
  for _, manner in ipairs(offline.MANNERS) do
    describe(("offline, as %s answers, %s:"):format(version, manner), function()
      each_case(version, function(file, case, name)
        it((name or file.operations[1]) .. ": " .. case.title, function()
          succeed(offline.run(case, version, manner, name), file, case)
        end)
      end)
    end)
  end

  describe(("every operation, offline, as %s answers:"):format(version), function()
    for _, file in ipairs(files) do
      for _, case in ipairs(every.cases) do
        if cases.holds(case, version) then
          it(file.operations[1] .. ": " .. case.title, function()
            succeed(offline.run_with(file.cases[1], case, version), file, case)
          end)
        end
      end
    end
  end)
end

-- ------------------------------------------------------------------------------------------ against the stand-in --

-- What a request asks, without what differs from run to run: the method, the parts of the path (… where it may be a
-- name or an id), the names in the query.
local function outline(method, path)
  local bare, query = path:match("^([^?]*)%??(.*)$")
  local parts = { method }
  for part in bare:gmatch("[^/]+") do parts[#parts + 1] = part:match("^%l+$") and part or "…" end
  for name in query:gmatch("([^&=]+)=") do parts[#parts + 1] = name end
  return parts
end

local function same_outline(a, b)
  if #a ~= #b then return false end
  for i = 1, #a do
    if a[i] ~= b[i] and a[i] ~= "…" and b[i] ~= "…" then return false end
  end
  return true
end

local function compare_requests(case, arrived)
  local found, seen = {}, {}
  for i, request in ipairs(arrived) do
    seen[i] = request.method .. " " .. request.path
    local exchange = case.http[i]
    local expected = exchange and outline(exchange.method, exchange.path)
    if expected and not same_outline(expected, outline(request.method, request.path)) then
      found[#found + 1] = ("request %d: %s %s expected, got %s"):format(i, exchange.method, exchange.path, seen[i])
    end
  end
  if #arrived ~= #case.http then
    found[#found + 1] = ("%d requests expected, got %d:\n%s"):format(#case.http, #arrived, table.concat(seen, "\n"))
  end
  return found
end

-- The cases of one personality: a version, or a kind of server that behaves like it. With `transport`, a function, it
-- carries all requests, and operations of two names are called by the first.
local function describe_standin(personality, version, transport)
  local flavour = personality ~= version and personality or nil
  local how = transport and "by a function as transport, " or ""

  describe(("%sagainst the stand-in as %s:"):format(how, personality), function()
    local s, server

    setup(function()
      s = standin.start { personality = personality }
      server = live.server { url = s.url, user = "admin", password = "admin", transport = transport }
    end)
    teardown(function() s:stop() end)

    it("the stand-in is of that version", function() assert.equal(version, server.recorded) end)

    each_case(version, function(file, case, name)
      if case.flags.offline or cases.flavour(case) ~= flavour or transport and name then return end
      it((name or file.operations[1]) .. ": " .. case.title, function()
        local found, _, arrived = live.run(server, case, {
          name = name,
          before_call = function() s:clear_log() end,
          after_call = function() return s:requests() end,
        })
        for _, text in ipairs(compare_requests(case, arrived)) do found[#found + 1] = text end
        succeed(found, file, case)
      end)
    end)

    it("nothing is left of all that", function()
      local admin = { user = "admin", password = "admin" }
      local _, orgs = s:http("GET", "/api/orgs", admin)
      local _, users = s:http("GET", "/api/users", admin)
      assert.equal(1, #s.decode(orgs))
      assert.equal(1, #s.decode(users))
    end)
  end)
end

for _, version in ipairs(cases.VERSIONS) do describe_standin(version, version) end
for flavour, version in pairs(cases.FLAVOURS) do describe_standin(flavour, version) end
describe_standin("12.4.3", "12.4.3", dofile("examples/socket_transport.lua"))
