-- SPDX-License-Identifier: MIT
-- What scripts/nginx/lua does inside the worker: runs a script as an interpreter would, and ends the process.

local ffi = require "ffi"

local main = {}

-- ------------------------------------------------------------------------------------------------- the process --

ffi.cdef [[
  typedef void (*gf_signal_handler)(int);
  gf_signal_handler signal(int number, gf_signal_handler handler);
]]

local SIGINT, SIGTERM, SIGCHLD = 2, 15, 17
local DEFAULT = ffi.cast("gf_signal_handler", 0)

-- nginx's own handlers would wait for the script to yield before they end the process, and would take the exit codes of
-- its children away from io.popen.
local function behave_as_a_program()
  for _, number in ipairs {SIGINT, SIGTERM, SIGCHLD} do ffi.C.signal(number, DEFAULT) end
end

-- nginx's print writes to its log.
local function write_line(...)
  local texts = {...}
  for i = 1, select("#", ...) do texts[i] = tostring(texts[i]) end
  io.stdout:write(table.concat(texts, "\t"), "\n")
end

local exit = os.exit

-- Always closes the state, so that finalizers run and the sanitizers see what they left.
local function leave(code)
  io.stdout:flush()
  exit(code == nil and true or code, true)
end

-- --------------------------------------------------------------------------------------------------- names --

-- nginx asks a name server for every name, "localhost" too. This one, in the same worker, knows what the machine's own
-- resolver knows, as libcurl does.
local function answer_of(question)
  local dns = require("socket").dns
  local labels, at = {}, 13
  while question:byte(at) ~= 0 do
    local length = question:byte(at)
    labels[#labels + 1] = question:sub(at + 1, at + length)
    at = at + length + 1
  end
  local address = dns.toip(table.concat(labels, "."))
  local id, asked = question:sub(1, 2), question:sub(13, at + 4)
  if not address then return id .. "\129\131\0\1\0\0\0\0\0\0" .. asked end   -- there is no such name
  local bytes = {}
  for byte in address:gmatch("%d+") do bytes[#bytes + 1] = string.char(byte) end
  local record = "\192\12\0\1\0\1\0\0\0\5\0\4" .. table.concat(bytes)
  return id .. "\129\128\0\1\0\1\0\0\0\0" .. asked .. record
end

local function name_server(address)
  local host, port = address:match("^(.*):(%d+)$")
  local socket = require("socket").udp()
  assert(socket:setsockname(host, tonumber(port)))
  socket:settimeout(0)
  return function()
    local question, from, its_port = socket:receivefrom()
    if question then socket:sendto(answer_of(question), from, its_port) end
    return question ~= nil
  end
end

-- ---------------------------------------------------------------------------------------------------- the script --

local function arguments_in(path)
  local file = assert(io.open(path, "rb"))
  local list = {}
  for text in file:read("*a"):gmatch("([^%z]*)%z") do list[#list + 1] = text end
  file:close()
  return list
end

local function load_script(list)
  if list[1] == "-e" then return loadstring(list[2], "=(command line)") end
  return loadfile(list[1])
end

local function described(problem)
  if problem == nil then return nil end   -- so busted ends itself after failures
  if type(problem) == "table" and not (getmetatable(problem) or {}).__tostring then
    return "(error object is a table value)"
  end
  return debug.traceback(tostring(problem), 2)
end

local runner   -- the coroutine of the script

local function run(_, list)
  runner = coroutine.running()
  setmetatable(_G, nil)   -- nginx's module warns of every new global
  local script = list[1] == "-e" and 2 or 1
  arg = {}
  for i, text in ipairs(list) do arg[i - script] = text end
  local chunk, problem = load_script(list)
  local fine = chunk and true
  if chunk then fine, problem = xpcall(chunk, described, unpack(arg)) end
  if not fine and problem then io.stderr:write("nginx: ", problem, "\n") end
  leave(fine and 0 or 1)
end

-- While the script waits. nginx ends the whole of it, and nothing else, for an error inside a coroutine.wrap.
local function attend(_, answer_name)
  while not runner or coroutine.status(runner) ~= "dead" do
    if not answer_name() then ngx.sleep(0.005) end
  end
  leave(1)
end

--- Runs the script named in the folder, which goes away at once.
function main.start(dir, names)
  local list = arguments_in(dir .. "/arguments")
  os.execute("rm -rf '" .. dir:gsub("'", "'\\''") .. "'")
  behave_as_a_program()
  os.exit, print = leave, write_line
  assert(ngx.timer.at(0, attend, name_server(names)))
  assert(ngx.timer.at(0, run, list))
end

return main
