-- SPDX-License-Identifier: MIT
-- A folder that a spec may fill, gone afterwards.

local scratch = {}

local made = {}

-- The path of a new, empty folder.
function scratch.folder()
  local name = os.tmpname()
  os.remove(name)
  assert(os.execute("mkdir -m 700 " .. name))
  made[#made + 1] = name
  return name
end

-- For teardown: remove all that were made.
function scratch.clear()
  for _, name in ipairs(made) do os.execute("chmod -R u+rwX " .. name .. " 2>/dev/null; rm -rf " .. name) end
  made = {}
end

function scratch.put(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
end

-- The text of a file; nil where there is none.
function scratch.get(path)
  local file = io.open(path, "rb")
  local text = file and file:read("*a")
  if file then file:close() end
  return text
end

-- What a command prints, without the end of its last line.
function scratch.run(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local text = pipe:read("*a")
  pipe:close()
  return (text:gsub("\n$", ""))
end

-- Permissions of a path, as in "700".
function scratch.mode(path) return scratch.run("stat -c %a '" .. path .. "'") end

return scratch
