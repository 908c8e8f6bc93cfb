-- SPDX-License-Identifier: MIT
--- What a person sees: programs on a terminal of their own, and what stands on its screen when they have written.

local screen = {}

-- Whole characters.
local CHARACTER = "[\1-\127\194-\244][\128-\191]*"

local function put(line, at, character)
  for i = #line + 1, at - 1 do line[i] = " " end
  line[at] = character
end

--- The lines of a screen wide enough for all of them, after `output`; colours are dropped, other escapes raise.
-- @string output with carriage returns, line feeds, and "\27[K"
-- @treturn {string,...} without spaces at their ends; the last is the one that the cursor is in
function screen.lines(output)
  local lines, line, at = {}, {}, 1
  output = output:gsub("\27%[[%d;]*m", "")
  for escape in output:gmatch("\27[^K]*K?") do assert(escape:sub(1, 3) == "\27[K", ("%q"):format(escape:sub(1, 8))) end
  for character in output:gsub("\27%[K", "\1"):gmatch(CHARACTER) do
    if character == "\r" then
      at = 1
    elseif character == "\n" then
      lines[#lines + 1], line, at = table.concat(line):gsub(" +$", ""), {}, 1
    elseif character == "\1" then
      for i = #line, at, -1 do line[i] = nil end
    else
      put(line, at, character)
      at = at + 1
    end
  end
  lines[#lines + 1] = table.concat(line):gsub(" +$", "")
  return lines
end

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

local function read(path)
  local file = io.open(path)
  local text = file and file:read("*a") or ""
  if file then file:close() end
  return text
end

local Program = {}
Program.__index = Program

--- Whether there are terminals to be had here.
function screen.is_there()
  local found = os.execute("command -v script >/dev/null 2>&1")
  return found == true or found == 0
end

--- Start a Lua program on a terminal; it ends with this process's patience of 60 s at the latest.
-- @string code Lua
-- @tab[opt] options `columns` (80), `term` ("xterm"), `locale` ("C.UTF-8"), `environment` ("NAME=value …")
function screen.start(code, options)
  options = options or {}
  local path = os.tmpname()
  local self = setmetatable({path = path}, Program)
  write(path, code)
  local environment = ("TERM=%s LC_ALL=%s %s"):format(options.term or "xterm", options.locale or "C.UTF-8",
    options.environment or "")
  write(path .. ".sh", ("stty cols %d rows 24\necho $$ >%s.pid\ntty >%s.tty\nexec env -u NO_COLOR %s %s %s\n"):format(
    options.columns or 80, path, path, environment, os.getenv("GRAFANA_LUA") or "lua5.4", path))
  os.execute(("(timeout -k 1 60 script -qefc 'sh %s.sh' /dev/null </dev/null >%s.out 2>&1; touch %s.end) &")
    :format(path, path, path))
  return self
end

--- What it has written so far.
function Program:output()
  return read(self.path .. ".out")
end

--- Wait until `test` is true; raises after 20 seconds.
function Program:wait(test)
  for _ = 1, 400 do
    if test(self) then return self end
    os.execute("sleep 0.05")
  end
  error("nothing came of it: " .. self:output())
end

--- Wait until it has written what matches `pattern`.
function Program:shows(pattern)
  return self:wait(function() return self:output():find(pattern) end)
end

--- What Ctrl-C sends.
function Program:interrupt()
  os.execute("kill -INT " .. read(self.path .. ".pid"))
end

--- Give its terminal another width.
function Program:resize(columns)
  os.execute(("stty cols %d <%s"):format(columns, read(self.path .. ".tty"):match("%S+")))
end

--- Wait for its end and remove its files.
-- @treturn {string,...} the lines of its screen
function Program:finish()
  self:wait(function() return io.open(self.path .. ".end") end)
  local output = self:output()
  os.execute(("rm -f %s %s.*"):format(self.path, self.path))
  return screen.lines(output)
end

return screen
