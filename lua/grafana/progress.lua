-- SPDX-License-Identifier: MIT
--- `grafana.progress()`: tells a person how far something has come; to be given as option `on_progress` to what sends
-- many requests.
--
--     local r = g:get_org_panels(1, {on_progress = grafana.progress {label = "panels"}})
--
-- On a terminal it is one line, drawn again in its place; elsewhere a line every few seconds. Both show what is done,
-- how fast, how long it will take, and what failed. What ends within a moment is told by its last line only. The last
-- line comes once: when all is done, or when an operation ends otherwise, by Ctrl-C too. Then the next may begin.
-- @module grafana.progress

local core = require "grafana.core"
local nginx = require "grafana.nginx"
local text = require "grafana.progress_text"

local floor, max, min = math.floor, math.max, math.min
local now = core.now

local progress = {}

-- Milliseconds: what ends sooner is not drawn but for its last line; between two drawings of a line.
local MOMENT, AGAIN = 300, 100

-- The rate is that of the last WINDOW milliseconds, or of the last ENOUGH that were done, whichever took longer; its
-- samples are APART, and within LEAST there is none.
local WINDOW, ENOUGH, APART, LEAST = 10000, 10, 250, 1000

local LONGEST_LABEL = 200   -- bytes
local LONGEST_LEFT = 100 * 86400   -- seconds: what takes longer is not foreseen

local methods = {}
local metatable = {__index = methods, __name = "grafana.progress"}

-- ---------------------------------------------------------------------------------------------------- options --

local function fail(message, ...)
  error("grafana.progress: " .. message:format(...), 0)
end

local function is_file(value)
  return io.type(value) == "file"
end

local CHECKS = {
  label = {"string", function(value) return type(value) == "string" end},
  out = {"open file or function", function(value) return is_file(value) or type(value) == "function" end},
  interval = {"seconds, from 0", function(value) return type(value) == "number" and value >= 0 end},
  width = {"columns, from 1", function(value) return type(value) == "number" and value >= 1 end},
  ascii = {"boolean", function(value) return type(value) == "boolean" end},
  terminal = {"boolean", function(value) return type(value) == "boolean" end},
}

local function names()
  local list = {}
  for name in pairs(CHECKS) do list[#list + 1] = name end
  table.sort(list)
  return list
end

local function check(options)
  if type(options) ~= "table" then
    fail("bad argument #1 'options' (table expected, got %s)", type(options))
  end
  for name, value in pairs(options) do
    local row = CHECKS[name]
    if not row then
      fail("unknown option '%s'%s", tostring(name), require("grafana.nearest").hint(tostring(name), names()))
    end
    if not row[2](value) then fail("option '%s': %s expected, got %s", name, row[1], type(value)) end
  end
  return options
end

local function environment(name)
  local value = os.getenv(name)
  return value ~= "" and value or nil
end

local function speaks_utf8()
  local locale = environment "LC_ALL" or environment "LC_CTYPE" or environment "LANG" or ""
  return locale:lower():find("utf%-?8") ~= nil and environment "TERM" ~= "linux"   -- whose font lacks the bar
end

--- Is it a terminal on which a line can be drawn again in its place, and words can have colours?
-- @param out what may be an open file
function progress.is_terminal(out)
  local term = environment "TERM"
  if nginx.inside or not term or term == "dumb" or not is_file(out) then return false end
  return core.terminal(out) ~= nil
end

--- Whether nobody has asked for no colours, see no-color.org.
function progress.may_paint()
  return not environment "NO_COLOR"
end

-- ---------------------------------------------------------------------------------------------------- writing --

local function put(self, line)
  local out = self.out
  if type(out) == "function" then return out(line) end
  if not is_file(out) then return end   -- closed meanwhile
  out:write(line)
  out:flush()
end

local function room(self)
  local columns = self.width or is_file(self.out) and core.terminal(self.out) or 0
  return (columns > 0 and columns or 80) - 1   -- in the last column the cursor would leave the line
end

-- Draw `line` in the place of the one before.
local function draw(self, line)
  local string, _, cells = text.line(line, room(self))
  self.cells = cells and min(cells, self.cells or cells)
  if string == self.drawn then return end
  self.drawn = string
  put(self, "\r" .. string .. "\27[K")
end

-- ------------------------------------------------------------------------------------------------- what is said --

-- The oldest goes when the next is old enough to measure from.
local function sample(self, at)
  local samples = self.samples
  local last = samples[#samples]
  if last and (at - last.at < APART or self.done == last.done) then return end
  samples[#samples + 1] = {at = at, done = self.done}
  while samples[3] and at - samples[2].at >= WINDOW and self.done - samples[2].done >= ENOUGH do
    table.remove(samples, 1)
  end
end

-- How many a second of late; nil while nobody can say.
local function recent_rate(self, at)
  local first = self.samples[1]
  if at - first.at < LEAST then return nil end
  return max(0, self.done - first.done) * 1000 / (at - first.at)
end

local function time_left(self, rate)
  if not rate or rate <= 0 or self.total <= self.done then return nil end
  local seconds = (self.total - self.done) / rate
  return seconds <= LONGEST_LEFT and text.duration(seconds) .. " left" or nil
end

local function count(self)
  return (self.total == 0 and "%d done" or "%d of %d"):format(self.done, self.total)
end

local function base_line(self)
  return {
    label = self.label, ascii = self.ascii, paint = self.paint, most = self.cells, count = count(self),
    share = self.total > 0 and min(1, self.done / self.total) or nil,
    failed = self.failed > 0 and ("%d failed"):format(self.failed) or nil,
  }
end

local function running_line(self, at)
  local line, rate = base_line(self), recent_rate(self, at)
  line.rate, line.time = rate and text.rate(rate), time_left(self, rate)
  if self.terminal and self.total > 0 then   -- while it grows its width does not, so that the line stands still
    line.count = (" "):rep(#("%d"):format(self.total) - #("%d"):format(self.done)) .. line.count
  end
  return line
end

local function last_line(self, at, words)
  local line, took = base_line(self), at - self.began
  if words ~= "" then line.count = line.count .. ", " .. words end
  if took >= LEAST then
    line.rate, line.time = text.rate((self.done - self.first) * 1000 / took), "in " .. text.took(took / 1000)
  end
  return line
end

-- -------------------------------------------------------------------------------------------- from first to last --

local function begin(self, at, done)
  self.began, self.shown_at, self.drawn, self.cells, self.samples = at, nil, nil, nil, {}
  self.done, self.total, self.failed, self.first = 0, 0, 0, done
  self.terminal = self.wants_terminal
  if self.terminal == nil then self.terminal = progress.is_terminal(self.out) end
end

-- What was shown last comes again only after a while.
local function is_due(self, at)
  if not self.shown_at then return at - self.began >= MOMENT end
  return at - self.shown_at >= (self.terminal and AGAIN or self.interval)
end

local function show(self, at)
  self.shown_at = at
  if self.terminal then return draw(self, running_line(self, at)) end
  put(self, text.plain(running_line(self, at)) .. "\n")
end

local function finish(self, words)
  local at = now()
  local line = last_line(self, at, words)
  self.began = false   -- first: an error while writing must not make it come again
  if self.terminal then
    put(self, "\r" .. text.line(line, room(self)) .. "\27[K\n")
  else
    put(self, text.plain(line) .. "\n")
  end
end

local function whole(value, name)
  if value == nil then return 0 end
  if type(value) ~= "number" then
    error(("bad argument '%s' to progress (number expected, got %s)"):format(name, type(value)), 3)
  end
  return value > 0 and floor(min(value, 2 ^ 53)) or 0   -- 0 for what is not a number, too
end

local function is_repeated(self, done, total, failed)
  return done == self.done and total == self.total and failed == self.failed
end

-- Told of progress. All done is the end; told once more, it is not the next one's.
local function update(self, done, total, failed)
  done, total, failed = whole(done, "done"), whole(total, "total"), whole(failed, "failed")
  local ends = total > 0 and done >= total
  if not self.began and ends and is_repeated(self, done, total, failed) then return end
  local at = now()
  if not self.began then begin(self, at, done) end
  if done < self.done then self.samples, self.first = {}, done end   -- counted anew
  self.done, self.total, self.failed = done, total, failed
  sample(self, at)
  if ends then return finish(self, "") end
  if is_due(self, at) then show(self, at) end
end

metatable.__call = update

-- ---------------------------------------------------------------------------------------------------- methods --

--- End the line, with what is done so far; does nothing where nothing has begun or all is done.
-- @string[opt] words why it ends: "412 of 1000, interrupted"
function methods:finish(words)
  if words ~= nil and type(words) ~= "string" then
    error(("bad argument #1 'words' to 'finish' (string expected, got %s)"):format(type(words)), 2)
  end
  if self.began then finish(self, text.clean((words or ""):sub(1, LONGEST_LABEL), self.ascii)) end
end

--- Write a line above the one that is drawn: for `log`, and for what a program has to say meanwhile.
-- @string line
function methods:print(line)
  if self.began and self.terminal and self.drawn then
    put(self, "\r\27[K" .. text.clean(line) .. "\n" .. self.drawn)
  else
    put(self, text.clean(line) .. "\n")
  end
end

-- What Ctrl-C raises in the interpreters is a sentence that ends so, and so do errors that tell of it.
local function words_for(problem)
  if problem == nil then return nil end
  local is_result = type(problem) == "table" and getmetatable(problem) == core.result_mt
  if is_result then return problem.reason or problem.status end
  local fine, sentence = pcall(tostring, problem)
  return fine and sentence:find("interrupted!$") and "interrupted" or "broken off"
end

metatable.__close = function(self, problem)
  self:finish(words_for(problem))
end

function metatable:__tostring()
  if not self.done then return "grafana.progress: nothing yet" end
  return "grafana.progress: " .. text.plain(base_line(self))
end

--- Make what tells of progress. It is called as a function, with how many are done, how many there are (0: not known)
-- and how many failed.
-- @tab[opt] options
-- @string[opt] options.label what stands before it
-- @param[opt] options.out a file, or a function that takes text; standard error where left out
-- @number[opt=5] options.interval seconds between two lines where it is no terminal
-- @int[opt] options.width columns of the line; else as many as the terminal has
-- @bool[opt] options.ascii whether to draw with ASCII only; else as LC_ALL, LC_CTYPE or LANG say
-- @bool[opt] options.terminal whether to draw one line in its place; else where it is a terminal, and TERM not "dumb"
-- @return callable; has the methods `finish([words])` and `print(line)`; raises for a wrong option, naming it
function progress.new(options)
  options = check(options == nil and {} or options)
  local ascii = options.ascii
  if ascii == nil then ascii = not speaks_utf8() end
  return setmetatable({
    label = text.clean((options.label or ""):sub(1, LONGEST_LABEL), ascii), ascii = ascii,
    out = options.out or io.stderr, interval = (options.interval or 5) * 1000, width = options.width,
    wants_terminal = options.terminal, paint = progress.may_paint(), began = false,
  }, metatable)
end

-- ------------------------------------------------------------------------------------------ for those who call it --

-- Those of ours that operations tell, which end them: between two of their changes they are drawn again.
local lines = setmetatable({}, {__mode = "k"})

local function is_ours(on_progress)
  return getmetatable(on_progress) == metatable
end

--- What will tell `on_progress` begins: where it is one of ours, its time runs from now.
-- @int total how many there are
function progress.begins(on_progress, total)
  if not is_ours(on_progress) then return end
  on_progress(0, total, 0)
  lines[on_progress] = true
end

-- What a function that takes the text raises is the matter of the operation that it is told of next, not of all others.
-- Ctrl-C is everybody's.
local function show_again(line, at)
  local fine, problem = pcall(show, line, at)
  if fine then return end
  lines[line] = nil
  if require("grafana.tasks").is_interrupt(problem) then error(problem, 0) end
end

--- For who waits while several operations are under way: show how time goes by.
function progress.refresh()
  for line in next, lines do
    local at = now()
    if not line.began then lines[line] = nil
    elseif is_due(line, at) then show_again(line, at) end
  end
end

--- What tells `on_progress` is broken off: where it is one of ours, its line ends with what is done so far.
-- @param on_progress what the caller of an operation has given
-- @param problem what was raised, or a result that is not ok; nil: it ended as it should
function progress.broken_off(on_progress, problem)
  if is_ours(on_progress) then on_progress:finish(words_for(problem)) end
end

-- What to tell of a call that goes on. Its total is 0 where all that is known is done: where a total was told before,
-- the last part is kept back until the call ends, or there is more.
local function so_far(told, done, total, failed)
  if done == 0 and total == 1 then return 0, 0, failed end   -- what the core says where it knows nothing yet
  if total == 0 and done > 0 and done == told.total then return told.done, told.total, told.failed end
  return done, total, failed
end

--- Tell `on_progress` how far `call` is, where that has changed; one of ours is told in any case, as it shows times.
-- Of a call that has ended badly nothing is told: whoever called the operation says how.
-- @tab told what it has been told, an empty table at first
function progress.tell(on_progress, call, told)
  local ended, done, total, failed = call:done(), call:progress()
  if ended and total == 0 then return end
  if not ended then done, total, failed = so_far(told, done, total, failed) end
  local changed = done ~= told.done or total ~= told.total or failed ~= told.failed
  if not changed and (ended or not is_ours(on_progress)) then return end
  told.done, told.total, told.failed = done, total, failed
  if is_ours(on_progress) then lines[on_progress] = true end
  on_progress(done, total, failed)
end

return progress
