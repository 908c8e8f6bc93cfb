-- SPDX-License-Identifier: MIT
--- A script in a process of its own that gets a Ctrl-C.

local interrupted = {}

--- Runs the text `script`, sends SIGINT once `count` requests that match `filter` have arrived at the stand-in, and
-- gives what it has printed when it has ended.
function interrupted.run(server, script, count, filter)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(script)
  file:close()
  local lua = os.getenv("GRAFANA_LUA") or "lua5.4"
  os.execute(("%s %s >%s.out 2>&1 & echo $! >%s.pid"):format(lua, path, path, path))
  for _ = 1, 200 do   -- one that comes before the interpreter listens would end it: arrivals say when
    if #server:requests(filter) >= count then break end
    os.execute("sleep 0.05")
  end
  os.execute(([[
    pid=$(cat %s.pid); kill -INT $pid
    for i in $(seq 200); do kill -0 $pid 2>/dev/null || break; sleep 0.05; done]]):format(path))
  local output = assert(io.open(path .. ".out"))
  local text = output:read("*a")
  output:close()
  os.execute(("rm -f %s %s.out %s.pid"):format(path, path, path))
  return text
end

return interrupted
