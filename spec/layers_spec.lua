-- SPDX-License-Identifier: MIT
-- What each layer may know (DESIGN.md, "Layers"), held by reading the sources.

local function lines_of(command)
  local list, pipe = {}, assert(io.popen(command))
  for line in pipe:lines() do list[#list + 1] = line end
  pipe:close()
  return list
end

local function files(pattern) return lines_of("ls " .. pattern .. " 2>/dev/null") end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

-- The code of a C file: comments and the contents of strings blanked, unless they are wanted.
local function code_of(path, with_strings)
  local text = read(path):gsub("/%*.-%*/", " ")
  if not with_strings then text = text:gsub('\\"', ""):gsub('"[^"\n]*"', '""') end
  return text
end

local function includes_of(path)
  local list = {}
  for name in code_of(path, true):gmatch('#%s*include%s*[<"]([^>"]+)[>"]') do list[#list + 1] = name end
  return list
end

-- Every include of the files is one of the patterns, given as a set of Lua patterns.
local function check_includes(paths, allowed)
  assert.is_true(#paths > 0)
  for _, path in ipairs(paths) do
    for _, name in ipairs(includes_of(path)) do
      local fine = false
      for _, pattern in ipairs(allowed) do fine = fine or name:find("^" .. pattern .. "$") ~= nil end
      assert.is_true(fine, path .. " includes " .. name)
    end
  end
end

local function check_calls_none(paths, names)
  for _, path in ipairs(paths) do
    local code = code_of(path):gsub("[.>]%s*[%w_]+%s*%(", "(") -- a member of a struct is another's function
    for _, name in ipairs(names) do
      assert.is_nil(code:find("%f[%w_]" .. name .. "%s*%("), path .. " calls " .. name)
    end
  end
end

local function operations()
  local names = {}
  for name in read("src/gf_ops.c"):match("table%[%] = (.*)"):gmatch('{%.name = "([%w_]+)",%s*%.group') do
    names[#names + 1] = name
  end
  assert.is_true(#names > 40)
  return names
end

describe("layers", function()
  local plain = {"stdbool%.h", "stddef%.h", "stdint%.h", "string%.h", "stdio%.h", "stdlib%.h", "math%.h", "float%.h",
    "inttypes%.h", "limits%.h", "assert%.h"}
  local function with(...)
    local all = {...}
    for _, name in ipairs(plain) do all[#all + 1] = name end
    return all
  end

  it("the core includes its own headers, yyjson and the plain part of the C library", function()
    check_includes(files("src/gf_*.[ch] src/grafana.h"),
      with("gf_[%w_]+%.h", "grafana%.h", "yyjson%.h", "immintrin%.h")) -- the compiler's own, for gf_skim.c
  end)

  it("the core asks no clock, prints nothing, never aborts and reads no environment", function()
    check_calls_none(files("src/gf_*.[ch]"), {
      "time", "clock", "clock_gettime", "gettimeofday", "nanosleep", "sleep", "localtime", "gmtime", "rand", "random",
      "printf", "puts", "putchar", "fprintf", "vprintf", "perror", "fwrite", "fputs", "fopen",
      "abort", "exit", "assert", "raise", "signal", "setjmp", "longjmp",
      "getenv", "system", "setlocale", "strtok",
    })
  end)

  it("the core allocates through its one allocator", function()
    for _, path in ipairs(files("src/gf_*.c")) do
      if path ~= "src/gf_alloc.c" then check_calls_none({path}, {"malloc", "calloc", "realloc", "free", "strdup"}) end
    end
  end)

  it("the driver includes no Lua and nothing of the core but its face", function()
    for _, path in ipairs(files("src/curl_*.[ch]")) do
      for _, name in ipairs(includes_of(path)) do
        assert.is_nil(name:find("^lua") or name:find("^lauxlib") or name:find("^gf_"), path .. " includes " .. name)
      end
    end
  end)

  it("the HTTP/1.1 reader includes its own headers, llhttp, zlib and the plain part of the C library", function()
    check_includes(files("src/http1*.[ch]"), with("http1[%w_]*%.h", "llhttp%.h", "zlib%.h"))
  end)

  it("the HTTP/1.1 reader asks no clock, prints nothing, never aborts and allocates through its allocator", function()
    check_calls_none(files("src/http1*.[ch]"), {
      "time", "clock_gettime", "printf", "fprintf", "puts", "abort", "exit", "assert", "getenv", "setjmp", "longjmp",
      "read", "write", "recv", "send", "malloc", "calloc", "realloc", "free", "strdup",
    })
  end)

  it("llhttp and zlib are known to the HTTP/1.1 reader only", function()
    for _, path in ipairs(files("src/*.[ch]")) do
      for _, name in ipairs(path:find("^src/http1") and {} or includes_of(path)) do
        assert.is_nil(name:find("llhttp") or name:find("zlib"), path .. " includes " .. name)
      end
    end
  end)

  it("the HTTP/1.1 reader is known to its glue only", function()
    for _, path in ipairs(files("src/*.[ch]")) do
      for _, name in ipairs(path:find("^src/http1") and {} or includes_of(path)) do
        assert.is_true(not name:find("http1") or path == "src/lua_http1.c", path .. " includes " .. name)
      end
    end
  end)

  it("libcurl is known to the driver and its glue only", function()
    for _, path in ipairs(files("src/lua_*.[ch] src/gf_*.[ch] src/grafana.h")) do
      if not path:find("^src/lua_curl") then
        for _, name in ipairs(includes_of(path)) do
          assert.is_nil(name:find("curl", 1, true), path .. " includes " .. name)
        end
      end
    end
  end)

  it("neither the driver, the HTTP/1.1 reader nor the binding names an operation", function()
    local names = operations()
    for _, path in ipairs(files("src/lua_*.[ch] src/curl_*.[ch] src/http1*.[ch]")) do
      local code = code_of(path, true)
      for _, name in ipairs(names) do
        local word = not name:find("_") -- "health", "search", "version" are words of every day
        assert.is_true(word or not code:find("%f[%w_]" .. name .. "%f[^%w_]"), path .. " names " .. name)
      end
    end
  end)

  it("nginx is named in no file of the C sources, and in at most one of the library", function()
    assert.are.same({}, lines_of("grep -lwi ngx src/*.[ch]"))
    assert.is_true(#lines_of("grep -rlw ngx lua") <= 1)
  end)

  local function check_globals(name)
    local archive = (os.getenv("BUILD") or "build") .. "/core/release/" .. name
    if #files(archive) == 0 then return pending("not built: " .. archive) end
    local seen = 0
    for _, line in ipairs(lines_of("objdump -h " .. archive)) do -- relocated constants are in .data.rel.ro
      local section, size = line:match("^%s*%d+%s+(%S+)%s+(%x+)")
      if section then
        seen = seen + 1
        local writable = section:find("^%.bss") or section:find("^%.tbss") or section:find("^%.tdata") or
          (section:find("^%.data") and not section:find("^%.data%.rel%.ro"))
        assert.is_true(not writable or tonumber(size, 16) == 0, line)
      end
    end
    assert.is_true(seen > 0)
  end

  it("the core has no writable globals", function() check_globals("libgrafana.a") end)
  it("the HTTP/1.1 reader has no writable globals", function() check_globals("libgrafana_http1.a") end)

  it("the core's face compiles alone, as C11 and as C++", function()
    local compilers = {["gcc -std=c11 -x c"] = "gcc", ["g++ -std=c++11 -x c++"] = "g++"}
    for command, program in pairs(compilers) do
      if #lines_of("command -v " .. program) > 0 then
        assert.are.same({}, lines_of(command .. " -Wall -Wextra -Wpedantic -Werror -fsyntax-only src/grafana.h 2>&1"))
      end
    end
  end)

  it("the core's face shows no yyjson, curl or Lua type", function()
    local code = code_of("src/grafana.h")
    for _, word in ipairs {"yyjson", "CURL", "lua_State", "FILE"} do assert.is_nil(code:find(word, 1, true)) end
  end)

  it("every source file begins with its licence", function()
    for _, path in ipairs(files("src/*.[ch] spec/c/*.[ch] spec/fuzz/*.[ch] examples/*.[ch]")) do
      assert.is_truthy(read(path):sub(1, 60):find("SPDX-License-Identifier: MIT", 1, true), path)
    end
  end)
end)
