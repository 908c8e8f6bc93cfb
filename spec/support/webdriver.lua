-- SPDX-License-Identifier: MIT
--- A real browser, Debian's chromium, by WebDriver: HTTP and JSON to chromedriver.
--
--     local browser = webdriver.start()
--     browser:open(url)
--     browser:type("#q", "cpu")
--     browser:run("return document.title")
--     browser:stop()

local cjson = require "cjson"
local http = require "socket.http"
local ltn12 = require "ltn12"
local mime = require "mime"
local socket = require "socket"

local webdriver = {}
local Browser = {}
Browser.__index = Browser

local ELEMENT = "element-6066-11e4-a52e-4f735466cecf"

local function shell(command)
  local pipe = assert(io.popen(command, "r"))
  local text = pipe:read "*a"
  pipe:close()
  return (text:gsub("\n$", ""))
end

--- Whether there is a browser to test with.
function webdriver.found() return shell "command -v chromedriver" ~= "" and shell "command -v chromium" ~= "" end

local function read_file(path)
  local file = io.open(path, "rb")
  if not file then return "" end
  local text = file:read "*a"
  file:close()
  return text
end

-- One command; its value. Raises what the driver says.
local function send(self, method, path, value)
  local body, chunks = value and cjson.encode(value), {}
  local fine, code = http.request {
    method = method, url = self.driver .. path, sink = ltn12.sink.table(chunks),
    source = body and ltn12.source.string(body),
    headers = body and {["content-type"] = "application/json", ["content-length"] = #body} or nil,
  }
  local text = table.concat(chunks)
  if not fine then error("chromedriver: " .. tostring(code), 3) end
  local answer = cjson.decode(text).value
  if code ~= 200 then error(("chromedriver: %s %s: %s"):format(method, path, answer.message), 3) end
  return answer
end

local function command(self, method, path, value) return send(self, method, self.session .. path, value) end

-- cjson writes {} for a table without keys.
local function empty() return {} end

local function capabilities(dir)
  return {capabilities = {alwaysMatch = {
    browserName = "chrome", unhandledPromptBehavior = "ignore",
    ["goog:loggingPrefs"] = {browser = "ALL"},
    ["goog:chromeOptions"] = {binary = shell "command -v chromium", args = {
      "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
      "--disable-background-networking", "--user-data-dir=" .. dir .. "/profile", "--window-size=1280,900",
    }},
  }}}
end

-- Ends the driver and what is left of the browser: what was started with a profile in the folder. The brackets keep
-- this command itself out of it.
local END = [[kill %d; for file in $(grep -la -- '[-]-user-data-dir=%s/' /proc/[0-9]*/cmdline); do
  file=${file%%%%/cmdline}; kill ${file##*/}; done]]

-- When this process ends without stop(), the browser does.
local WATCH = [[(while kill -0 %d && [ -e %s ]; do sleep 1; done; %s; rm -rf %s) </dev/null >/dev/null 2>&1 &]]

local function own_pid()
  return tonumber((read_file "/proc/self/stat"):match "^%d+")
end

-- chromedriver chooses a port and says which.
local function start_driver(dir)
  local pid = shell(("{ chromedriver --port=0 >%s/driver.log 2>&1 </dev/null & echo $!; }"):format(dir))
  os.execute(WATCH:format(own_pid(), dir, END:format(pid, dir), dir))
  local stop = socket.gettime() + 30
  repeat
    local port = read_file(dir .. "/driver.log"):match "started successfully on port (%d+)"
    if port then return pid, "http://127.0.0.1:" .. port end
    socket.sleep(0.05)
  until socket.gettime() > stop
  error("chromedriver did not start: " .. read_file(dir .. "/driver.log"))
end

--- Starts a browser of its own; ends with stop().
function webdriver.start()
  local self = setmetatable({dir = shell "mktemp -d"}, Browser)
  self.pid, self.driver = start_driver(self.dir)
  self.session = ""
  local session = send(self, "POST", "/session", capabilities(self.dir))
  self.session = "/session/" .. session.sessionId
  return self
end

function Browser:stop()
  if not self.pid then return end
  pcall(command, self, "DELETE", "")
  os.execute("{ " .. END:format(self.pid, self.dir) .. "; } 2>/dev/null; rm -rf " .. self.dir)
  self.pid = nil
end

function Browser:open(url) command(self, "POST", "/url", {url = url}) end
function Browser:back() command(self, "POST", "/back", empty()) end
function Browser:reload() command(self, "POST", "/refresh", empty()) end
function Browser:url() return command(self, "GET", "/url") end

--- What JavaScript returns; `...` are its arguments.
function Browser:run(script, ...)
  local arguments = {...}
  arguments[#arguments + 1] = true   -- an empty table would be an object
  return command(self, "POST", "/execute/sync", {script = script, args = arguments})
end

local function element(self, selector)
  local found = command(self, "POST", "/element", {using = "css selector", value = selector})
  return "/element/" .. found[ELEMENT]
end

function Browser:click(selector) command(self, "POST", element(self, selector) .. "/click", empty()) end
function Browser:clear(selector) command(self, "POST", element(self, selector) .. "/clear", empty()) end

--- Types text into what the selector names, as keys.
function Browser:type(selector, text) command(self, "POST", element(self, selector) .. "/value", {text = text}) end

--- Presses a key with nothing in particular chosen.
function Browser:key(key)
  command(self, "POST", "/actions", {actions = {{type = "key", id = "keyboard", actions = {
    {type = "keyDown", value = key}, {type = "keyUp", value = key},
  }}}})
end

--- What the browser's console has said since the last time: a list of {level, message, source}.
function Browser:log() return command(self, "POST", "/se/log", {type = "browser"}) end

--- A command of the DevTools protocol.
function Browser:devtools(name, parameters)
  return command(self, "POST", "/goog/cdp/execute", {cmd = name, params = parameters or empty()})
end

--- The text of an alert that is open, or nil.
function Browser:alert()
  local open, text = pcall(command, self, "GET", "/alert/text")
  return open and text or nil
end

--- Closes it.
function Browser:accept() command(self, "POST", "/alert/accept", empty()) end

--- Saves a picture of the window as PNG.
function Browser:picture(path)
  local file = assert(io.open(path, "wb"))
  file:write((mime.unb64(command(self, "GET", "/screenshot"))))
  file:close()
end

return webdriver
