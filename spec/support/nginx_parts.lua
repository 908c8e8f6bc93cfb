-- SPDX-License-Identifier: MIT
--- What every nginx that a spec starts is made of.

local parts = {}

--- What a command prints, without the final newline.
function parts.output_of(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("*a")
  pipe:close()
  return (text:gsub("\n$", ""))
end

function parts.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

function parts.write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

--- One that the system has just given out, and nobody listens at.
function parts.free_port()
  local socket = assert(require("socket").bind("127.0.0.1", 0))
  local _, port = socket:getsockname()
  socket:close()
  return port
end

--- The folder of nginx's modules.
function parts.modules()
  for _, folder in ipairs {"/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/usr/share/nginx/modules"} do
    local file = io.open(folder .. "/ngx_http_lua_module.so")
    if file then
      file:close()
      return folder
    end
  end
  error("nginx's Lua module is not installed")
end

--- Begins a configuration: @USER@ and @MODULES@.
parts.HEAD = [[
@USER@
load_module @MODULES@/ndk_http_module.so;
load_module @MODULES@/ngx_http_lua_module.so;
]]

--- Lua code of init_worker_by_lua: nginx ends itself, and removes @DIR@, when the process @PARENT@ has gone.
parts.WATCH = [[
    ngx.timer.every(1, function(premature)
      local file = io.open("/proc/@PARENT@/stat")
      local stat = file and file:read("*l") or ""
      if file then file:close() end
      if premature or stat ~= "" and stat:match("%) (%a)") ~= "Z" then return end
      os.execute("(kill -TERM $(cat @DIR@/pid); sleep 1; rm -rf '@DIR@') > /dev/null 2>&1 &")
    end)
]]

--- Values of a new folder for all of them.
function parts.values()
  return {
    DIR = parts.output_of("mktemp -d"), PARENT = parts.read("/proc/self/stat"):match("^%d+"), MODULES = parts.modules(),
    USER = parts.output_of("id -u") == "0" and "user root;" or "",
  }
end

return parts
