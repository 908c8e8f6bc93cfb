-- SPDX-License-Identifier: MIT
--- Journals: what a plan wants, with all texts, and how far it has been carried out, in a folder on disk.
--
-- `plan.json` is written last: a folder without it is no plan. `changes` has a line of JSON for each change, `texts`
-- the file forms, one behind the other, `progress` a line for each change begun or ended. Nothing in it is secret but
-- what the objects say: the folder is its owner's only.
-- @module grafana.bulk.journal

local core = require "grafana.core"
local files = core.files

local error, ipairs, os, pcall, setmetatable = error, ipairs, os, pcall, setmetatable
local table, tostring, type = table, tostring, type

local journal = {}

local FORMAT = 1

local methods = {}
local metatable = {__index = methods, __name = "grafana.journal"}

-- ----------------------------------------------------------------------------------------------------- folders --

local function environment(name)
  local value = os.getenv(name)
  return value ~= "" and value or nil
end

-- Where state that outlives a program belongs; a home that cannot be written to is passed over.
local function base_folders()
  local list, home = {}, environment "HOME"
  local state = environment "XDG_STATE_HOME" or home and home .. "/.local/state"
  if state then list[1] = state .. "/grafana-lua" end
  list[#list + 1] = (environment "TMPDIR" or "/tmp")
  return list
end

local counter = 0

-- Told apart by time, by what else this program made, and by where a table happens to be.
local function fresh_name(job)
  counter = counter + 1
  local salt = files.sha256(tostring({}) .. tostring(core.now()) .. counter):sub(1, 8)
  return ("grafana-%s-%s-%s"):format(os.date("!%Y%m%dT%H%M%SZ"), job, salt)
end

local function make_folder(dir)
  local made, problem = files.make_dirs(dir)
  if not made then return nil, problem end
  local names
  names, problem = files.list(dir)
  if not names then return nil, problem end
  if #names > 0 then return nil, ("the folder '%s' is not empty"):format(dir) end
  return dir
end

local function make_default_folder(job)
  local problem
  for _, base in ipairs(base_folders()) do
    local dir
    dir, problem = make_folder(base .. "/" .. fresh_name(job))
    if dir then return dir end
  end
  return nil, problem
end

local FILES = {"changes", "texts", "progress"}

local function open_files(self)
  for _, name in ipairs(FILES) do
    local handle, problem = files.open_append(self.dir .. "/" .. name)
    if not handle then return nil, problem end
    self[name] = handle
  end
  return self
end

--- Begin a journal.
-- @string[opt] dir a folder that is empty or not there; left out: one of its own below `$XDG_STATE_HOME`
-- @string job
-- @return the journal; raises where it cannot be written
function journal.create(dir, job)
  local problem
  if dir then dir, problem = make_folder(dir) else dir, problem = make_default_folder(job) end
  local self = dir and setmetatable({dir = dir, sealed = false, used = false, seen = 0}, metatable)
  if self then self, problem = open_files(self) end
  if not self then error("grafana.bulk: the plan cannot be written: " .. problem, 0) end
  return self
end

-- Call `f(value)` for each whole line of JSON. A crash may have cut the last one: it is passed over.
local function each_value(text, f)
  for each in text:gmatch("([^\n]*)\n") do
    local value = core.decode(each)
    if value then f(value) end
  end
end

-- ----------------------------------------------------------------------------------------------------- writing --

local function append(handle, text)
  local offset, problem = handle:append(text)
  if not offset then error("grafana.bulk: the journal cannot be written: " .. problem, 0) end
  return offset
end

--- Keep a text.
-- @return where it is, to be given to `text`
function methods:put(text)
  return append(self.texts, text)
end

--- A text that was kept.
function methods:text(offset, length)
  local text, problem = self.texts:read(offset, length)
  if not text or #text < length then
    error("grafana.bulk: the journal is damaged: " .. (problem or "its texts end early"), 0)
  end
  return text
end

local function line(value)
  return core.encode(value) .. "\n"
end

--- Add a change, as a table that can be JSON.
function methods:add(change)
  append(self.changes, line(change))
end

--- Say that the plan is whole: only from then on it can be resumed.
-- @tab header what is to be known of it
function methods:seal(header)
  header.format = FORMAT
  local text = core.encode(header, {pretty = true, sorted = true}) .. "\n"
  local written, problem = self.changes:sync()
  if written then written, problem = self.texts:sync() end
  if written then written, problem = files.write(self.dir .. "/plan.json", text, {sync = true}) end
  if not written then error("grafana.bulk: the plan cannot be written: " .. problem, 0) end
  self.sealed = true
end

--- Note that a change is begun or has ended.
function methods:note(record)
  self.used = true
  append(self.progress, line(record))
end

--- Add notes to a journal that somebody else may have open; nothing where it is gone.
-- @string dir
-- @tab list numbers of changes
-- @string state
function journal.add_notes(dir, list, state)
  local path = dir .. "/progress"
  if #list == 0 or files.kind(path) ~= "file" then return end
  local lines = {}
  for i, n in ipairs(list) do lines[i] = line {n = n, state = state} end
  local handle = files.open_append(path)
  if not handle then return end
  handle:append(table.concat(lines))
  handle:close()
end

--- Only one program carries a plan out at a time.
-- @return true, or nil and why not
function methods:lock()
  return self.progress:lock()
end

--- Others may, from now on.
function methods:unlock()
  local again = files.open_append(self.dir .. "/progress")
  if not again then return end
  self.progress:close()
  self.progress = again
end

--- Do its files still belong to it? Somebody may have taken the folder away.
function methods:is_there()
  for _, name in ipairs(FILES) do
    if self[name]:is_there() ~= true then return false end
  end
  return true
end

--- Call `f(note)` for each that was written since the last time, by whomever.
function methods:each_new_note(f)
  local size = self.progress:size()
  if not size or size <= self.seen then return end
  local text = self.progress:read(self.seen, size - self.seen) or ""
  local whole = text:match("^.*\n") or ""
  self.seen = self.seen + #whole
  each_value(whole, f)
end

--- All that was noted is on disk, so far as the disk is to be trusted.
function methods:sync()
  self.texts:sync()
  self.progress:sync()
end

--- Close its files. A plan that was never carried out leaves nothing behind.
function methods:close()
  if self.closed then return end
  self.closed = true
  local is_ours = self:is_there()   -- another plan may be in that folder by now
  for _, name in ipairs(FILES) do self[name]:close() end
  if not self.used and is_ours then self:remove() end
end

--- Take the whole journal away.
function methods:remove()
  for _, name in ipairs {"plan.json", "changes", "texts", "progress"} do files.remove(self.dir .. "/" .. name) end
  files.remove_dir(self.dir)
end

-- ----------------------------------------------------------------------------------------------------- reading --

local function refuse(dir, message)
  error(("grafana.bulk: '%s' is no journal that can be resumed: %s"):format(dir, message), 0)
end

local function read_header(dir)
  local text, problem = files.read(dir .. "/plan.json")
  if not text then
    refuse(dir, problem .. ". A plan that was broken off before it was whole has changed nothing")
  end
  local header, message = core.decode(text)
  if type(header) ~= "table" then refuse(dir, message or "its plan.json is no object") end
  if header.format ~= FORMAT then refuse(dir, "its format is " .. tostring(header.format) .. ", not " .. FORMAT) end
  return header
end

local function each_line(dir, name, f)
  local text, problem = files.read(dir .. "/" .. name)
  if not text then refuse(dir, problem) end
  each_value(text, f)
end

-- What is appended after a line that was cut begins on a line of its own.
local function mend_end(self)
  local size = self.progress:size()
  if size > 0 and self.progress:read(size - 1, 1) ~= "\n" then append(self.progress, "\n") end
end

--- Open a journal again.
-- @string dir
-- @func on_change called with each change
-- @return the journal and its header; raises where it is none
function journal.open(dir, on_change)
  local header = read_header(dir)
  each_line(dir, "changes", on_change)
  local self, problem = open_files(setmetatable({dir = dir, sealed = true, used = true, seen = 0}, metatable))
  if not self then refuse(dir, problem) end
  pcall(mend_end, self)
  return self, header
end

return journal
