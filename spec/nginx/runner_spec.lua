-- SPDX-License-Identifier: MIT
-- Scripts that run inside an nginx worker (scripts/lua nginx, which runs these specs, too) end as they would in an
-- interpreter, and leave nothing behind.

local days = require "spec.support.bad_days"
local nginx = require "spec.support.nginx"

if not nginx.inside then return end

describe("a script inside nginx", function()
  local folder

  setup(function()
    local pipe = assert(io.popen("mktemp -d"))
    folder = pipe:read("*l")
    pipe:close()
  end)
  teardown(function() os.execute("rm -rf '" .. folder .. "'") end)

  local function left()
    local pipe = assert(io.popen("ls -A '" .. folder .. "'"))
    local text = pipe:read("*a")
    pipe:close()
    return text
  end

  -- What it prints, on stderr too, and its exit code. Its own temporary files are made in `folder`.
  local function run(code, arguments)
    local pipe = assert(io.popen(("TMPDIR='%s' %s -e '%s' %s 2>&1; echo $?"):format(folder, os.getenv "GRAFANA_LUA",
      code, arguments or "")))
    local text = pipe:read("*a")
    pipe:close()
    assert.equal("", left())
    local output, exit = text:match("^(.*)%f[%d](%d+)\n$")
    return output, tonumber(exit)
  end

  it("has its arguments, prints, and ends with 0", function()
    local output, exit = run([[print(ngx.get_phase(), arg[1], ...) io.write("end\n")]], [["a b" 'c"d']])
    assert.equal('timer\ta b\ta b\tc"d\nend\n', output)
    assert.equal(0, exit)
  end)

  it("ends with the code it wants, from wherever", function()
    assert.equal(7, select(2, run [[os.exit(7)]]))
    assert.equal(1, select(2, run [[coroutine.wrap(function() ngx.sleep(0.01) os.exit(false) end)()]]))
    assert.equal(3, select(2, run [[ngx.timer.at(0, function() os.exit(3) end) ngx.sleep(10)]]))
  end)

  it("ends with 1 and a traceback after an error", function()
    for _, code in ipairs {[[error("no good")]], [[coroutine.wrap(function() error("no good") end)()]]} do
      local output, exit = run(code)
      assert.matches("no good", output)
      assert.matches("traceback", output)
      assert.equal(1, exit)
    end
    assert.equal(1, select(2, run [[this is no Lua]]))
  end)

  it("is told how its children ended", function()
    local output = run [[print(os.execute("exit 3"), io.popen("exit 4"):close())]]
    assert.equal("768\ttrue\n", output)
  end)

  it("runs finalizers at its end", function()
    local output = run [[kept = newproxy(true) getmetatable(kept).__gc = function() print("finalized") end]]
    assert.equal("finalized\n", output)
  end)

  it("finds the hosts that the machine finds", function()
    assert.equal("connection refused\n", (run [[print(select(2, ngx.socket.tcp():connect("localhost", 1)))]]))
    assert.matches("Host not found", (run [[print(select(2, ngx.socket.tcp():connect("no-such-host.invalid", 1)))]]))
  end)

  it("is ended by a signal at once, whatever it does", function()
    for _, code in ipairs {[[while true do end]], [[ngx.sleep(100)]]} do
      local pipe = assert(io.popen(([[
        TMPDIR='%s' %s -e 'io.stderr:write("here") %s' 2>'%s.said' &
        pid=$!
        for i in $(seq 500); do [ -s '%s.said' ] && break; sleep 0.02; done
        kill -TERM $pid; wait $pid 2>/dev/null; echo $?; rm -f '%s.said']])
        :format(folder, os.getenv "GRAFANA_LUA", code, folder, folder, folder)))
      assert.equal("143", pipe:read("*l"))
      pipe:close()
      assert.equal("", left())
    end
  end)

  if days.is_asan then
    it("ends with a report of what it lost, and not with 0", function()
      local output, exit = run [[require("ffi").cdef("void *malloc(size_t);") require("ffi").C.malloc(4711)]]
      assert.matches("LeakSanitizer.*4711 byte", output)
      assert.is_true(exit ~= 0)
    end)
  end
end)
