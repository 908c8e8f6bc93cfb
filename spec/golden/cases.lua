-- SPDX-License-Identifier: MIT
--- Reads golden cases (README.md says how they are written) and the recordings that their answers come from.
--
-- A file: `operations`, a list of names; `cases`. A case: `title`, `flags` (a set); `given`, `call`, `result`, `after`,
-- Lua text with the line that it begins at; `http`, a list of {method, path, org, as, provenance, accept, type, body,
-- answers}, where `answers` has {code, type, body, source} for each version.

local json = require "spec.standin.server.json"

local cases = { VERSIONS = { "9.3.2", "12.4.3" } }

-- Servers that nobody has recorded, as personalities of the stand-in: the version that they behave like, but for some
-- routes.
cases.FLAVOURS = { enterprise = "12.4.3", ["enterprise-9"] = "9.3.2" }

local function is_version(word)
  for _, version in ipairs(cases.VERSIONS) do
    if version == word then return true end
  end
  return false
end

local function fail(where, text, ...) error(("%s:%d: %s"):format(where.name, where.line, text:format(...)), 0) end

-- ------------------------------------------------------------------------------------------------- exchanges --

local NOTES = { org = true, as = true, provenance = true, accept = true, type = true }

-- "GET /api/org  (org 2, as ann)"
local function read_request(where, text)
  local method, path, rest = text:match("^(%u+) (%S+)%s*(.*)$")
  if not method then fail(where, "not a request: %s", text) end
  local request = { method = method, path = path, answers = {}, body = "" }
  for note in rest:gsub("^%(", ""):gsub("%)$", ""):gmatch("[^,]+") do
    local key, value = note:match("^%s*(%l+) (%S+)$")
    if not NOTES[key] then fail(where, "no such note on a request: %s", note) end
    request[key] = value
  end
  return request
end

-- "9.3.2: 404 application/json [org-by-id-none]"; without a version it is every version's answer
local function read_answer(where, request, text)
  local version, rest = text:match("^([%d.]+): (.*)$")
  if version and not is_version(version) then fail(where, "no such version: %s", version) end
  local code, kind, source = (rest or text):match("^(%d%d%d) (.-) %[(.+)%]$")
  if not code or not request then fail(where, "not an answer: %s", text) end
  local answer = { code = tonumber(code), type = kind, source = source, body = "" }
  for _, name in ipairs(cases.VERSIONS) do
    if version == nil or version == name then request.answers[name] = answer end
  end
  return answer
end

local function read_exchanges(where, lines)
  local exchanges, request, last = {}, nil, nil
  for _, line in ipairs(lines) do
    local mark, text = line:sub(1, 2), line:sub(3)
    if mark == "> " then
      request = read_request(where, text)
      exchanges[#exchanges + 1], last = request, request
    elseif mark == "< " then
      last = read_answer(where, request, text)
    elseif mark == "  " and last then
      last.body = last.body == "" and text or last.body .. "\n" .. text
    elseif line ~= "" then
      fail(where, "begins with neither '> ', '< ' nor two spaces: %s", line)
    end
  end
  return exchanges
end

-- ---------------------------------------------------------------------------------------------------- files --

local BLOCKS = {
  ["lua given"] = "given", ["lua call"] = "call", ["lua result"] = "result", ["lua after"] = "after", http = "http",
}

local function new_case(where, heading)
  local title, flags = heading:match("^(.-)%s*%(([^()]*)%)$")
  local case = { title = title or heading, flags = {}, name = where.name, line = where.line }
  for flag in (flags or ""):gmatch("[^, ]+") do
    if flag ~= "offline" and not is_version(flag) and not cases.FLAVOURS[flag] then
      fail(where, "a case is (offline), of a version or of a kind of server, not (%s)", flag)
    end
    case.flags[flag] = true
  end
  return case
end

-- Takes one fenced block into the case, or into what all cases of the file begin with.
local function take_block(where, into, kind, lines)
  local slot = BLOCKS[kind]
  if not slot then fail(where, "no such block: %s", kind) end
  if into[slot] then fail(where, "a second block '%s'", kind) end
  if slot == "http" then
    into.http = read_exchanges(where, lines)
  else
    into[slot] = { text = table.concat(lines, "\n"), line = where.line + 1 }
  end
end

local function check_case(where, case)
  where.line = case.line
  for _, slot in ipairs { "call", "http", "result" } do
    if not case[slot] then fail(where, "the case '%s' has no block '%s'", case.title, slot) end
  end
end

--- Reads one file.
function cases.read(path)
  local file = { name = path:match("[^/]+$"), cases = {}, operations = {}, common = {} }
  local where, kind, block = { name = file.name, line = 0 }, nil, nil
  local case = file.common
  for line in io.lines(path) do
    where.line = where.line + 1
    if kind and line == "```" then
      take_block({ name = where.name, line = where.line - #block - 1 }, case, kind, block)
      kind = nil
    elseif kind then
      block[#block + 1] = line
    elseif line:match("^```") then
      kind, block = line:sub(4), {}
    elseif line:match("^# ") then
      for name in line:sub(3):gmatch("[%w_]+") do file.operations[#file.operations + 1] = name end
    elseif line:match("^## ") then
      case = new_case(where, line:sub(4))
      file.cases[#file.cases + 1] = case
    end
  end
  if kind then fail(where, "a block is not closed") end
  for _, each in ipairs(file.cases) do
    check_case(where, each)
    each.common = file.common.given
  end
  return file
end

--- The names of the files in spec/golden, sorted.
function cases.files()
  local names = {}
  local pipe = assert(io.popen("ls spec/golden/*.md"))
  for path in pipe:lines() do
    if not path:match("README%.md$") then names[#names + 1] = path end
  end
  pipe:close()
  return names
end

--- The kind of server that a case is about; nil: the recorded ones.
function cases.flavour(case)
  for name in pairs(cases.FLAVOURS) do
    if case.flags[name] then return name end
  end
  return nil
end

--- Does the case hold for this version?
function cases.holds(case, version)
  local other, flavour = false, cases.flavour(case)
  if flavour then return cases.FLAVOURS[flavour] == version end
  for _, name in ipairs(cases.VERSIONS) do other = other or case.flags[name] end
  return not other or case.flags[version] == true
end

-- --------------------------------------------------------------------------------------------- recordings --

local function add_steps(steps, path, prefix)
  for line in io.lines(path) do
    local step = assert(json.decode(line))
    local name = prefix .. step.step
    assert(not steps[name], "two steps called " .. name)
    steps[name] = step
  end
end

--- What a real server answered, by step; those of the second recording are called more/….
function cases.recording(version)
  local steps = {}
  add_steps(steps, "spec/recordings/recorded-" .. version .. ".jsonl", "")
  add_steps(steps, "spec/recordings/recorded-more-" .. version .. ".jsonl", "more/")
  return steps
end

local function same_json(a, b) return a ~= nil and b ~= nil and json.encode(a) == json.encode(b) end

--- How an answer of a case differs from the recording that it names; nil where it does not, or names none.
function cases.invented(answer, steps)
  if answer.source:match("^not recorded: ..") or answer.source:match("^seen on 12%.4%.3") then return nil end
  local step = steps[answer.source]
  if not step then return "there is no step " .. answer.source end
  if step.skipped then return "the step was skipped" end
  if step.status ~= answer.code then return "the code was " .. step.status end
  if step.type ~= answer.type then return "the content type was " .. step.type end
  if step.answer == nil then
    if step.answer_text:gsub("%s+", "") ~= answer.body:gsub("%s+", "") then return "the text was another" end
  elseif not same_json(step.answer, (json.decode(answer.body))) then
    return "the answer was " .. json.encode(step.answer)
  end
end

-- ----------------------------------------------------------------------------------------------- Lua blocks --

--- A block of a case as a function that sees `env`; `prefix` stands before its text.
function cases.compile(case, slot, env, prefix)
  local block = slot == "common" and case.common or case[slot]
  if not block then return function() end end
  local text = ("\n"):rep(block.line - 1) .. (prefix or "") .. block.text
  local name = "@spec/golden/" .. case.name
  if not setfenv then return assert(load(text, name, "t", env)) end
  return setfenv(assert(loadstring(text, name)), env)
end

return cases
