-- SPDX-License-Identifier: MIT
-- The module grafana.http1: the reader of HTTP/1.1 answers, as drivers written in Lua use it. What it makes of which
-- bytes is held by spec/http1 and its C tests; here is its face, and that it feeds the core's calls.

local grafana = require "grafana"
local core = require "grafana.core"

if not package.searchpath("grafana.http1", package.cpath) then
  describe("the HTTP/1.1 reader", function() pending("is built where pkg-config finds libllhttp") end)
  return
end

local http1 = require "grafana.http1"

local HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

local function answer(body, headers)
  return HEAD .. (headers or "") .. "Content-Length: " .. #body .. "\r\n\r\n" .. body
end

local function connect(options)
  local all = {url = "http://grafana.test", token = "secret", max_retries = 0}
  for name, value in pairs(options or {}) do all[name] = value end
  return core.client(all)
end

-- A call that has sent its request, and that request.
local function ask(client, ...)
  local call = core.call(client or connect(), ...)
  local what, request = call:next(0)
  assert.equal("send", what)
  return call, request
end

local function ask_anything(client, method) return ask(client, "request", method or "GET", "/api/x") end

local function finish(call, request)
  call:finish(request.id, "complete", true, nil, 1)
  assert.equal("done", (call:next(1)))
  return call:result()
end

local function collect()
  for _ = 1, 3 do collectgarbage() end
end

describe("the HTTP/1.1 reader", function()
  local reader
  before_each(function() reader = http1.reader() end)

  local function begin(method)
    reader:begin(nil, 0, method or "GET")
    return reader
  end

  it("feeds an answer to its call: code, headers and body", function()
    local call, request = ask_anything()
    reader:begin(call, request.id, request.method)
    assert.are.same({"done", true, 200}, {reader:feed(answer('{"a":1}', "X-Time: now\r\n"))})
    local r = finish(call, request)
    assert.is_true(r.ok, tostring(r))
    assert.are.same({200, {a = 1}, "now"}, {r.code, r.body, r.headers["x-time"]})
  end)

  it("feeds it in whatever pieces it comes", function()
    local bytes = HEAD .. 'Transfer-Encoding: chunked\r\n\r\n3;x=y\r\n{"a\r\n4\r\n":1}\r\n0\r\nX: y\r\n\r\n'
    for size = 1, #bytes do
      local call, request = ask_anything()
      reader:begin(call, request.id, request.method)
      local state
      for at = 1, #bytes, size do
        if state then assert.are.same({"more"}, state) end
        state = {reader:feed(bytes:sub(at, at + size - 1))}
      end
      assert.are.same({"done", true, 200}, state)
      assert.are.same({a = 1}, finish(call, request).body)
    end
  end)

  it("hands on no interim answer and no trailer", function()
    local call, request = ask_anything()
    reader:begin(call, request.id, request.method)
    assert.are.same({"more"}, {reader:feed("HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n")})
    reader:feed(HEAD .. "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-Late: 1\r\n\r\n")
    local headers = finish(call, request).headers
    assert.is_nil(headers["x-early"])
    assert.is_nil(headers["x-late"])
    assert.equal("chunked", headers["transfer-encoding"])
  end)

  it("leaves redirects, codes and Retry-After to the core", function()
    local client = connect {max_retries = 1, backoff_ms = {1, 1}}
    local call, request = ask(client, "get_orgs")
    reader:begin(call, request.id, request.method)
    assert.are.same({"done", false, 429}, {reader:feed("HTTP/1.1 429 Slow down\r\nRetry-After: 7\r\n" ..
      "Connection: close\r\nContent-Length: 0\r\n\r\n")})
    call:finish(request.id, "complete", true, nil, 1000)
    local what, wake = call:next(1000)
    assert.are.same({"wait", 8000}, {what, wake})
    call:close()
  end)

  it("undoes the encodings that it names", function()
    if not http1.encodings then return assert.is_nil(http1.encodings) end
    assert.equal("gzip", http1.encodings)
    local call, request = ask_anything()
    local body = "\31\139\8\0\0\0\0\0\2\255\171V\202M-.NLOU\178\130\177\20\208h\165Z\0tIL=%\0\0\0"
    reader:begin(call, request.id, request.method)
    assert.equal("done", (reader:feed(answer(body, "Content-Encoding: gzip\r\n"))))
    assert.are.same({message = "message message message"}, finish(call, request).body)
  end)

  it("says whether the connection may be used again", function()
    assert.are.same({"done", true, 200}, {begin():feed(answer "{}")})
    assert.are.same({"done", false, 200}, {begin():feed(answer("{}", "Connection: close\r\n"))})
    assert.are.same({"done", false, 200}, {begin():feed(answer "{}" .. "H")})
    assert.are.same({"done", true, 200}, {begin():feed(answer "{}")})
    assert.are.same({"done", false, 200}, {reader:feed("H")})
    assert.are.same({"done", true, 200}, {begin("HEAD"):feed(HEAD .. "Content-Length: 5\r\n\r\n")})
    assert.are.same({"done", true, 204}, {begin():feed("HTTP/1.1 204 No Content\r\n\r\n")})
  end)

  it("knows the answers of a proxy to CONNECT", function()
    assert.are.same({"done", true, 200}, {begin("CONNECT"):feed("HTTP/1.0 200 Connection established\r\n\r\n")})
    assert.are.same({"done", false, 407}, {begin("CONNECT"):feed("HTTP/1.1 407 No\r\nContent-Length: 9\r\n\r\n")})
    assert.are.same({"done", false, 200}, {begin("CONNECT"):feed("HTTP/1.1 200 OK\r\n\r\nx")})
  end)

  it("says how an answer ends that the peer has closed", function()
    assert.are.same({"cut", "the connection was closed without an answer"}, {begin():eof()})
    begin():feed(HEAD)
    assert.are.same({"cut", "the connection was closed within the head of the answer", 200}, {reader:eof()})
    begin():feed(HEAD .. "Content-Length: 2\r\n\r\n{")
    assert.are.same({"cut", "the connection was closed within the body of the answer", 200}, {reader:eof()})
    begin():feed(HEAD .. "\r\n{}")
    assert.are.same({"done", false, 200}, {reader:eof()})
  end)

  it("says in a sentence what is wrong, and shows no byte of the answer", function()
    local cases = {
      ["the answer is not HTTP"] = "geheim",
      ["the answer gives its length in two ways"] = HEAD .. "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      ["a header of the answer is damaged"] = HEAD .. "Set-Cookie : session=geheim\r\n",
      ["a line of the answer has a control character in it"] = HEAD .. "Set-Cookie: session=geheim\1\r\n",
      ["the answer switches to another protocol"] = "HTTP/1.1 101 geheim\r\n\r\n",
    }
    for sentence, bytes in pairs(cases) do
      local state, detail = begin():feed(bytes)
      assert.are.same({"bad", sentence}, {state, detail})
      state, detail = reader:feed("more")
      assert.are.same({"bad", sentence}, {state, detail})
    end
  end)

  it("tells when the first byte has come", function()
    assert.is_false(reader:started())
    assert.is_false(begin():started())
    reader:feed("")
    assert.is_false(reader:started())
    reader:feed("H")
    assert.is_true(reader:started())
    assert.is_false(begin():started())
  end)

  it("reads one answer after the other", function()
    for i = 1, 50 do
      local call, request = ask_anything()
      reader:begin(call, request.id, request.method)
      assert.are.same({"done", true, 200}, {reader:feed(answer('{"i":' .. i .. "}"))})
      assert.equal(i, finish(call, request).body.i)
    end
  end)

  it("keeps the answers of two connections apart", function()
    local other = http1.reader()
    local client = connect()
    local a, for_a = ask_anything(client)
    local b, for_b = ask(client, "request", "GET", "/api/y")
    reader:begin(a, for_a.id, "GET")
    other:begin(b, for_b.id, "GET")
    local to_a, to_b = answer '{"is":"a"}', answer '{"is":"b"}'
    for at = 1, #to_a do
      reader:feed(to_a:sub(at, at))
      other:feed(to_b:sub(at, at))
    end
    assert.equal("a", finish(a, for_a).body.is)
    assert.equal("b", finish(b, for_b).body.is)
  end)

  it("drops what the core wants no more of", function()
    local call, request = ask_anything(connect {max_body = 10})
    reader:begin(call, request.id, request.method)
    assert.are.same({"dropped", nil, 200}, {reader:feed(HEAD .. "\r\n01234567890")})
    assert.are.same({"dropped", nil, 200}, {reader:eof()})
    call:finish(request.id, "dropped", true, nil, 1)
    assert.equal("too-large", call:result().reason)
  end)

  it("drops the answer of a call that has gone, however it went", function()
    local ways = {
      close = function(call) call:close() end,
      cancel = function(call) call:cancel() end,
      client = function(_, client) client:close() end,
    }
    for name, go in pairs(ways) do
      for cut = 1, #HEAD + 8, 7 do
        local client = connect()
        local call, request = ask_anything(client)
        local bytes = HEAD .. "\r\n" .. "{}    "
        reader:begin(call, request.id, request.method)
        assert.are.same({"more"}, {reader:feed(bytes:sub(1, cut))})
        go(call, client)
        assert.equal("dropped", (reader:feed(bytes:sub(cut + 1))), name)
        assert.equal("dropped", (reader:eof()))
      end
    end
  end)

  it("drops the answer of a call that was closed before", function()
    local call, request = ask_anything()
    call:close()
    reader:begin(call, request.id, request.method)
    assert.equal("dropped", (reader:feed(answer "{}")))
  end)

  it("may outlive its call and its client, and they it", function()
    for _ = 1, 20 do
      local call, request = ask_anything()
      local r = http1.reader()
      r:begin(call, request.id, request.method)
      r:feed(HEAD)
      call = nil -- luacheck: ignore
      collect()
      assert.equal("dropped", (r:feed("\r\n{}")))
      local left, its_request = ask_anything()
      http1.reader():begin(left, its_request.id, "GET")
      collect()
      assert.is_false(left:done())
    end
  end)

  it("lets go of a call when its answer is whole", function()
    local call, request = ask_anything()
    reader:begin(call, request.id, request.method)
    reader:feed(answer "{}")
    finish(call, request)
    call:close()
    assert.are.same({"done", false, 200}, {reader:feed("x")})
  end)

  it("is closed once, and says so", function()
    begin():feed("HTTP/")
    reader:close()
    reader:close()
    for _, name in ipairs {"begin", "feed", "eof", "started"} do
      assert.has_error(function() reader[name](reader, nil, 0, "GET") end, "the reader is closed")
    end
  end)

  it("reads nothing before it was told to begin", function()
    assert.are.same({"bad", "no answer is due"}, {reader:feed("HTTP/1.1 200 OK\r\n")})
    assert.are.same({"bad", "no answer is due"}, {reader:eof()})
  end)

  it("raises for wrong arguments", function()
    assert.has_error(function() reader:begin("call", 1, "GET") end)
    assert.has_error(function() reader:begin(nil, 0) end)
    assert.has_error(function() reader:begin((ask_anything()), nil, "GET") end)
    assert.has_error(function() reader:feed() end)
    assert.has_error(function() reader.feed(core, "x") end)
  end)

  it("needs the core that it was built with", function()
    local command = os.getenv("GRAFANA_LUA") or (arg and arg[-1]) or "lua"
    local pipe = io.popen(command .. [[ -e 'print(select(2, pcall(require, "grafana.http1")))' 2>&1]])
    local said = pipe:read("*a")
    pipe:close()
    assert.matches('grafana.http1 needs grafana.core: require "grafana" loads both', said, 1, true)
    assert.is_table(grafana)
  end)
end)
