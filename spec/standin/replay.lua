-- SPDX-License-Identifier: MIT
-- Replays a recording of a real Grafana against a stand-in and tells every difference.
--
-- Compared are the status, the content type, a few headers, and the answer as JSON: keys, types, lengths of lists, and values, but for what
-- differs from run to run. Ids, uids and keys are learned as pairs of recorded and seen, and hold from then on, inside strings too. Times and
-- the like are compared by type alone.

local json = require "spec.standin.server.json"

local replay = {}

local CREDENTIALS = {
  admin = { "admin", "admin" }, ann = { "ann", "ann-pass-1" }, bob = { "bob@example.org", "bob-pass-1" }, cy = { "cy", "cy-pass-2" },
  wrong = { "admin", "nope" },
}

-- Values of these keys differ from run to run and mean nothing to us.
local VOLATILE = {}
for key in ([[created updated createdAt updatedAt lastSeenAt accessErrorId resourceVersion continue creationTimestamp
  secondsUntilExpiration serverAddress grafana.app/updatedTimestamp expires expiration lastUsedAt]]):gmatch("%S+") do VOLATILE[key] = true end

-- Values of these keys are names given by the server: learned at first sight.
local LEARNED = {}
for key in ([[id uid orgId userId teamId dashboardId folderId key deleteKey folderUid userUid teamUID userUID dashboardUID name
  grafana.app/deprecatedInternalID]]):gmatch("%S+") do LEARNED[key] = true end

-- Ages are words for times; and 9.3.2 adds an empty traceID by no rule.
local function is_volatile(key, value)
  if key == "time" then return type(value) == "string" end   -- an annotation's time, a number, is the client's own
  if key == "version" then return type(value) == "string" and value:find("^%x+$") and #value == 16 end   -- a hash
  return VOLATILE[key] or key == "lastSeenAtAge" or (key == "traceID" and value == "")
end

function replay.read(path)
  local steps = {}
  for line in io.lines(path) do steps[#steps + 1] = assert(json.decode(line)) end
  return steps
end

local function text_of(value)
  if type(value) == "number" then return json.encode(value) end
  return tostring(value)
end

local function kind_of(value)
  if value == json.null then return "null" end
  if json.is_array(value) then return "array" end
  if json.tonumber(value) then return "number" end
  return json.is_object(value) and "object" or type(value)
end

-- Learns that `recorded` is called `seen` here. Short ones are too common to be replaced inside strings.
local function learn(self, recorded, seen)
  recorded, seen = text_of(recorded), text_of(seen)
  if recorded == seen or self.pairs[recorded] then return end
  self.pairs[recorded] = seen
  if #recorded >= 8 then table.insert(self.long, recorded) end
end

-- Text of the recording as it should look here.
local function translate(self, text)
  for _, recorded in ipairs(self.long) do
    local start, stop = text:find(recorded, 1, true)
    while start do
      text = text:sub(1, start - 1) .. self.pairs[recorded] .. text:sub(stop + 1)
      start, stop = text:find(recorded, start + #self.pairs[recorded], true)
    end
  end
  return (text:gsub("https?://[%w.]+:%d+", function(url) return url:find("localhost", 1, true) and self.url or url end))
end

local function differ(found, path, text, ...) found[#found + 1] = path .. ": " .. text:format(...) end

local compare

local function compare_objects(self, found, path, recorded, seen)
  local keys = {}
  for key in pairs(recorded) do keys[#keys + 1] = key end
  for key in pairs(seen) do
    if recorded[key] == nil then keys[#keys + 1] = key end
  end
  table.sort(keys)
  for _, key in ipairs(keys) do
    local here, was, is = path .. "." .. key, recorded[key], seen[key]
    if was == nil then
      if not (key == "traceID" and is == "") then differ(found, here, "not in the recording") end
    elseif is == nil then
      if not (key == "traceID" and was == "") then differ(found, here, "missing") end
    else
      compare(self, found, here, key, was, is)
    end
  end
end

local function compare_arrays(self, found, path, recorded, seen)
  if #recorded ~= #seen then return differ(found, path, "%d items recorded, %d seen", #recorded, #seen) end
  for index = 1, #recorded do compare(self, found, ("%s[%d]"):format(path, index), nil, recorded[index], seen[index]) end
end

local function compare_scalars(self, found, path, key, recorded, seen)
  if is_volatile(key, recorded) then return end
  local was, is = text_of(recorded), text_of(seen)
  if self.pairs[was] == is or translate(self, was) == is then return end
  if LEARNED[key] and not self.pairs[was] and self.learnable(was) then return learn(self, was, is) end
  differ(found, path, "%s recorded, %s seen", json.encode(was), json.encode(is))
end

function compare(self, found, path, key, recorded, seen)
  local was, is = kind_of(recorded), kind_of(seen)
  if was ~= is then return differ(found, path, "%s recorded, %s seen", was, is) end
  if was == "object" then return compare_objects(self, found, path, recorded, seen) end
  if was == "array" then return compare_arrays(self, found, path, recorded, seen) end
  return compare_scalars(self, found, path, key, recorded, seen)
end

local function at(document, path)
  for part in path:gmatch("[^.]+") do
    if type(document) ~= "table" then return nil end
    document = document[part]
  end
  return document
end

-- Fills ${name} with what was captured; a string that is nothing else takes the value itself.
local function fill(self, value)
  if type(value) == "string" then
    local whole = value:match("^%${(%w+)}$") or value:match("^%${([%w_]+)}$")
    if whole and self.captured[whole] ~= nil then return self.captured[whole] end
    return (value:gsub("%${([%w_]+)}", function(name) return self.captured[name] ~= nil and text_of(self.captured[name]) or nil end))
  end
  if json.is_array(value) then
    local list = json.array {}
    for index, item in ipairs(value) do list[index] = fill(self, item) end
    return list
  end
  if not json.is_object(value) then return value end
  local object = {}
  for key, item in pairs(value) do object[key] = fill(self, item) end
  return object
end

local function send(self, step)
  local options = { headers = { accept = "application/json" } }
  for name, value in pairs(step.headers or {}) do options.headers[name] = value end
  if step.token then options.headers.authorization = "Bearer " .. fill(self, step.token)
  elseif CREDENTIALS[step.as] then options.user, options.password = CREDENTIALS[step.as][1], CREDENTIALS[step.as][2] end
  if step.org then options.org = text_of(fill(self, step.org)) end
  options.body = step.raw_body or (step.body ~= nil and json.encode(fill(self, step.body)) or nil)
  return self.server:http(step.method, fill(self, step.path), options)
end

local function capture(self, step, document)
  for name, path in pairs(step.capture or {}) do self.captured[name] = at(document, path) end
end

local function compare_headers(found, step, headers)
  local recorded = step.answer_headers or {}
  if recorded.Location and headers.location ~= recorded.Location[1] then differ(found, "Location", "%s seen", tostring(headers.location)) end
  for _, cookie in ipairs(recorded["Set-Cookie"] or {}) do
    local name, rest = cookie:match("^([%w_]+)=…(.*)$")
    local pattern = name .. "=[^;]+" .. rest:gsub("%p", "%%%0")
    if not (headers["set-cookie"] or ""):find(pattern) then differ(found, "Set-Cookie", "%s recorded", cookie) end
  end
end

local function play(self, step)
  local found = {}
  local code, body, headers = send(self, step)
  if not code then return { "no answer: " .. tostring(body) } end
  if code ~= step.status then differ(found, "status", "%d recorded, %d seen (%s)", step.status, code, body:sub(1, 100)) end
  if code ~= 204 and (headers["content-type"] or "") ~= step.type then   -- nginx sends no type without a body
    differ(found, "content type", "%q recorded, %q seen", step.type, tostring(headers["content-type"]))
  end
  compare_headers(found, step, headers)
  local document = json.decode(body)
  if step.answer ~= nil then
    if document == nil then differ(found, "answer", "no JSON seen") else compare(self, found, "answer", nil, step.answer, document) end
  elseif step.type:find("json") and body ~= step.answer_text then
    differ(found, "answer", "%q recorded, %q seen", step.answer_text, body)
  elseif (body == "") ~= (step.answer_text == "") then
    differ(found, "answer", "%d bytes recorded, %d seen", #step.answer_text, #body)
  end
  capture(self, step, document)
  return found
end

-- Which recorded values may be learned: those that a server made up, not those that a request of the recording names.
local function learnable_of(steps)
  local sent = {}
  for _, step in ipairs(steps) do
    local text = json.encode { step.path or "", step.body or "" }
    for word in text:gmatch("[%w_-]+") do sent[word] = true end
  end
  -- Small numbers count up from 1 on every fresh server, so they must be the same.
  return function(recorded)
    if recorded:find("^%d+$") then return #recorded > 9 end
    return #recorded > 0 and not sent[recorded]
  end
end

-- Replays steps against a server of spec.standin. Returns a list of { step = name, line = number, differences = {text, …} }.
function replay.run(server, steps)
  local self = { server = server, url = server.url, captured = {}, pairs = {}, long = {}, learnable = learnable_of(steps) }
  local differing = {}
  for line, step in ipairs(steps) do
    local found = not step.skipped and play(self, step) or {}
    if #found > 0 then differing[#differing + 1] = { step = step.step, line = line, differences = found } end
  end
  return differing
end

-- The outcome of run() for a person to read.
function replay.describe(differing)
  local lines = {}
  for _, item in ipairs(differing) do
    lines[#lines + 1] = ("%s (line %d)"):format(item.step, item.line)
    for _, difference in ipairs(item.differences) do lines[#lines + 1] = "    " .. difference end
  end
  return table.concat(lines, "\n")
end

return replay
