-- SPDX-License-Identifier: MIT
-- core.files: what backups and journals need of the disk.

local core = require "grafana.core"
local grafana = require "grafana"
local scratch = require "spec.support.scratch"

local files = core.files
local dir

before_each(function() dir = scratch.folder() end)
after_each(function() scratch.clear() end)

local function names() return table.concat(files.list(dir), " ") end

local function refused(name, value, message, code)
  assert.is_nil(value)
  assert.is_truthy(message:find(dir, 1, true), message)
  assert.equal(name, code)
  return message
end

-- How to start an interpreter like this one; nil inside nginx. `plain`: none under the sanitizers.
local function interpreter(plain)
  local lua, variant = (os.getenv "GRAFANA_LUA" or ""):match("' (%S+) (%S+)")
  if not lua or lua == "nginx" or plain and variant ~= "release" then return nil end
  return plain and lua or os.getenv "GRAFANA_LUA"
end

describe("folders", function()
  it("are made for their owner only, and made once", function()
    assert.is_true(files.make_dir(dir .. "/a"))
    assert.is_true(files.make_dir(dir .. "/a"))
    assert.equal("700", scratch.mode(dir .. "/a"))
    assert.is_true(files.make_dir(dir .. "/b", 448 + 40))   -- 0750
    assert.equal("750", scratch.mode(dir .. "/b"))
  end)

  it("are made with those they are in", function()
    refused("ENOENT", files.make_dir(dir .. "/a/b/c"))
    assert.is_true(files.make_dirs(dir .. "/a//b/c/"))
    assert.equal("directory", files.kind(dir .. "/a/b/c"))
    assert.equal("700", scratch.mode(dir .. "/a"))
  end)

  it("are not made where a file is", function()
    scratch.put(dir .. "/f", "")
    refused("ENOTDIR", files.make_dir(dir .. "/f"))
    refused("ENOTDIR", files.make_dirs(dir .. "/f/g"))
  end)

  it("are listed in the order of bytes, with what is hidden, without themselves", function()
    for _, name in ipairs {"b", "B", ".h", "ä", "a-1", "a"} do scratch.put(dir .. "/" .. name, "") end
    assert.are.same({".h", "B", "a", "a-1", "b", "ä"}, files.list(dir))
    assert.are.same({}, files.list((files.make_dir(dir .. "/e") and dir .. "/e")))
    refused("ENOENT", files.list(dir .. "/none"))
    refused("ENOTDIR", files.list(dir .. "/a"))
  end)

  it("are removed when they are empty", function()
    files.make_dirs(dir .. "/a/b")
    refused("ENOTEMPTY", files.remove_dir(dir .. "/a"))
    assert.is_true(files.remove_dir(dir .. "/a/b"))
    assert.is_true(files.remove_dir(dir .. "/a"))
    refused("ENOENT", files.remove_dir(dir .. "/a"))
  end)

  it("of a thousand names leave none out", function()
    for i = 1, 1000 do scratch.put(("%s/%04d"):format(dir, i), "") end
    local list = files.list(dir)
    assert.equal(1000, #list)
    for i, name in ipairs(list) do assert.equal(("%04d"):format(i), name) end
  end)
end)

describe("what is there", function()
  it("is told by its kind, links not followed", function()
    scratch.put(dir .. "/f", "12345")
    scratch.run(("ln -s f '%s/l'; mkfifo '%s/p'"):format(dir, dir))
    assert.equal("file", files.kind(dir .. "/f"))
    assert.equal("directory", files.kind(dir))
    assert.equal("link", files.kind(dir .. "/l"))
    assert.equal("other", files.kind(dir .. "/p"))
    refused("ENOENT", files.kind(dir .. "/none"))
    assert.equal(5, files.size(dir .. "/f"))
    refused("ENOENT", files.size(dir .. "/none"))
  end)

  it("has a mode that can be set", function()
    scratch.put(dir .. "/f", "")
    assert.is_true(files.set_mode(dir .. "/f", 384))
    assert.equal(384, files.mode(dir .. "/f"))
    refused("ENOENT", files.set_mode(dir .. "/none", 384))
    assert.has_error(function() files.set_mode(dir .. "/f", 1.5) end)
  end)

  it("can be renamed and removed", function()
    scratch.put(dir .. "/a", "a")
    scratch.put(dir .. "/b", "b")
    assert.is_true(files.rename(dir .. "/a", dir .. "/b"))
    assert.equal("a", scratch.get(dir .. "/b"))
    local message = refused("ENOENT", files.rename(dir .. "/a", dir .. "/c"))
    assert.is_truthy(message:find("/a to ", 1, true))
    assert.is_true(files.remove(dir .. "/b"))
    refused("ENOENT", files.remove(dir .. "/b"))
  end)
end)

describe("writing", function()
  it("gives just what was written, for its owner only, and leaves nothing else", function()
    local text = "a\0b\255\n"
    assert.is_true(files.write(dir .. "/f", text))
    assert.equal(text, files.read(dir .. "/f"))
    assert.equal("600", scratch.mode(dir .. "/f"))
    assert.is_true(files.write(dir .. "/f", "", {sync = true}))
    assert.equal("", files.read(dir .. "/f"))
    assert.equal("f", names())
  end)

  it("needs no folder in the path", function()
    local lua = interpreter()
    if not lua then return pending("needs an interpreter of its own") end
    local script = 'print(require "grafana.core".files.write("f", "x"))'
    assert.equal("true\ttrue", scratch.run(("cd '%s' && %s -e '%s'"):format(dir, lua, script)))
    assert.equal("x", scratch.get(dir .. "/f"))
  end)

  it("takes documents and tables: JSON and the end of a line", function()
    local doc = grafana.decode('{"b":[1,{}],"a":"é"}', {raw = true})
    assert.is_true(files.write(dir .. "/f", doc))
    assert.equal('{"b":[1,{}],"a":"é"}\n', files.read(dir .. "/f"))
    assert.is_true(files.write(dir .. "/f", doc, {pretty = true, sorted = true}))
    assert.equal(doc:text {pretty = true, sorted = true} .. "\n", files.read(dir .. "/f"))
    assert.is_true(files.write(dir .. "/f", {z = 1, a = grafana.array {}}, {sorted = true}))
    assert.equal('{"a":[],"z":1}\n', files.read(dir .. "/f"))
    assert.has_error(function() files.write(dir .. "/f", {f = print}) end)
    assert.has_error(function() files.write(dir .. "/f", nil) end)
    assert.has_error(function() files.write(dir .. "/f", "x", {sink = true}) end)
    assert.equal('{"a":[],"z":1}\n', files.read(dir .. "/f"))
  end)

  it("tells the digest of what is in the file", function()
    local doc = grafana.decode('{"b":1,"a":2}', {raw = true})
    local digest, written = files.write(dir .. "/f", doc, {digest = true, pretty = true, sorted = true})
    assert.equal(scratch.run("sha256sum < " .. dir .. "/f"):match("%x+"), digest)
    assert.equal(digest, files.digest(dir .. "/f"))
    assert.equal(digest, files.sha256(files.read(dir .. "/f")))
    assert.is_true(written)
  end)

  it("can spare what is there already, whatever its length", function()
    for _, n in ipairs {0, 1, 65535, 65536, 65537, 200000} do
      local text = ("x"):rep(n)
      assert.is_true(select(2, files.write(dir .. "/f", text, {if_changed = true})))
      local inode = scratch.run("stat -c %i " .. dir .. "/f")
      assert.is_false(select(2, files.write(dir .. "/f", text, {if_changed = true})))
      assert.equal(inode, scratch.run("stat -c %i " .. dir .. "/f"))
      local other = text:sub(2) .. "y"
      assert.is_true(select(2, files.write(dir .. "/f", other, {if_changed = true})))
      assert.equal(other, files.read(dir .. "/f"))
    end
  end)

  it("replaces a link, and leaves alone what it points to", function()
    scratch.put(dir .. "/target", "old")
    scratch.run(("ln -s target '%s/l'"):format(dir))
    assert.is_true(files.write(dir .. "/l", "old", {if_changed = true}))
    assert.equal("file", files.kind(dir .. "/l"))
    assert.is_true(files.write(dir .. "/l", "new"))
    assert.equal("old", scratch.get(dir .. "/target"))
  end)

  it("that fails leaves what was there, and nothing else", function()
    files.make_dirs(dir .. "/d/e")
    refused("ENOENT", files.write(dir .. "/none/f", "x"))
    local _, message = files.write(dir .. "/d", "x")
    assert.is_truthy(message:find(dir .. "/d: ", 1, true))
    assert.equal("d", names())
  end)

  it("on a disk that is full leaves what was there, and nothing else", function()
    local lua = interpreter()
    if not lua then return pending("needs an interpreter of its own") end
    scratch.put(dir .. "/f", "old")
    local script = ('print(require "grafana.core".files.write("%s/f", ("x"):rep(10000)))'):format(dir)
    local told = scratch.run(("trap '' XFSZ; ulimit -f 4; %s -e '%s'"):format(lua, script))
    assert.equal(("nil\t%s/f: File too large\tEFBIG"):format(dir), told)
    assert.equal("old", scratch.get(dir .. "/f"))
    assert.equal("f", names())
  end)
end)

describe("reading", function()
  it("gives bytes, or why not", function()
    scratch.put(dir .. "/f", "a\0b")
    assert.equal("a\0b", files.read(dir .. "/f"))
    refused("ENOENT", files.read(dir .. "/none"))
    refused("EISDIR", files.read(dir))
    refused("ENOENT", files.digest(dir .. "/none"))
    refused("EISDIR", files.digest(dir))
  end)

  it("follows no link, and waits for no pipe", function()
    scratch.put(dir .. "/f", "{}")
    scratch.run(("ln -s f '%s/l'; mkfifo '%s/p'"):format(dir, dir))
    for _, read in ipairs {files.read, files.read_document, files.digest} do
      refused("ELOOP", read(dir .. "/l"))
      refused("EINVAL", read(dir .. "/p"))
    end
  end)

  it("gives documents, or what is wrong with the text", function()
    scratch.put(dir .. "/f", '{"a":[1,2]}\n')
    local doc, digest = files.read_document(dir .. "/f")
    assert.equal(2, doc:get("a", 2))
    assert.is_nil(digest)
    doc, digest = files.read_document(dir .. "/f", {digest = true})
    assert.equal(2, doc:len "a")
    assert.equal(files.sha256('{"a":[1,2]}\n'), digest)
    for text, word in pairs {['{"a":'] = "offset 5", [""] = "empty", ["\255"] = "offset 0", ['{}x'] = "offset 2"} do
      scratch.put(dir .. "/f", text)
      local none, message, code = files.read_document(dir .. "/f")
      assert.is_nil(none)
      assert.is_nil(code)
      assert.is_truthy(message:find(dir .. "/f: ", 1, true), message)
      assert.is_truthy(message:find(word), message)
    end
    refused("ENOENT", files.read_document(dir .. "/none"))
  end)
end)

describe("digests", function()
  it("are those of FIPS 180-4", function()
    assert.equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", files.sha256 "")
    assert.equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", files.sha256 "abc")
    assert.equal("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0", files.sha256(("a"):rep(1000000)))
  end)

  it("of files are those of their texts, whatever their length", function()
    for _, n in ipairs {0, 55, 56, 63, 64, 65, 119, 120, 65535, 65536, 65537, 200001} do
      local text = ("ab\0c"):rep(math.ceil(n / 4)):sub(1, n)
      files.write(dir .. "/f", text)
      assert.equal(files.sha256(text), files.digest(dir .. "/f"), n)
    end
  end)
end)

describe("files that grow", function()
  it("tell where each text begins, and give it back", function()
    local f = files.open_append(dir .. "/j")
    assert.equal("600", scratch.mode(dir .. "/j"))
    assert.equal(0, f:size())
    local at, length = f:append("one\n")
    assert.are.same({0, 4}, {at, length})
    at, length = f:append({b = 1, a = 2}, {sorted = true})
    assert.are.same({4, 14}, {at, length})
    assert.equal(18, f:size())
    assert.is_true(f:sync())
    assert.equal('{"a":2,"b":1}\n', f:read(4, 14))
    assert.equal("one\n", f:read(0, 4))
    assert.equal("}\n", f:read(16, 1000000000000))   -- as much as there is
    assert.equal("", f:read(18, 5))
    assert.equal("", f:read(1000, 5))
    assert.is_true(f:close())
    assert.equal('one\n{"a":2,"b":1}\n', scratch.get(dir .. "/j"))
  end)

  it("go on where they ended, and can be cut", function()
    scratch.put(dir .. "/j", "one\ntw")
    local f = files.open_append(dir .. "/j")
    assert.is_true(f:truncate(4))
    assert.equal(4, (f:append "two\n"))
    f:close()
    assert.equal("one\ntwo\n", scratch.get(dir .. "/j"))
  end)

  it("belong to one at a time", function()
    local a, b = files.open_append(dir .. "/j"), files.open_append(dir .. "/j")
    assert.is_true(a:lock())
    assert.is_true(a:lock())
    assert.are.same({nil, "locked"}, {b:lock()})
    a:close()
    assert.is_true(b:lock())
    b:close()
  end)

  it("know whether their path still leads to them", function()
    local f = files.open_append(dir .. "/j")
    assert.is_true(f:is_there())
    files.remove(dir .. "/j")
    assert.is_false(f:is_there())
    scratch.put(dir .. "/j", "")
    assert.is_false(f:is_there())
    f:close()
    refused("EBADF", f:is_there())
  end)

  it("say so when they are closed, twice over or by the collector", function()
    local f = files.open_append(dir .. "/j")
    assert.is_true(f:close())
    assert.is_true(f:close())
    refused("EBADF", f:append "x")
    refused("EBADF", f:read(0, 1))
    refused("EBADF", f:size())
    refused("EBADF", f:sync())
    refused("EBADF", f:truncate(0))
    refused("EBADF", f:lock())
    assert.equal("grafana.append (closed)", tostring(f))
    for _ = 1, 2000 do files.open_append(dir .. "/j") collectgarbage "step" end
    collectgarbage()
  end)

  it("are no links, no folders, and say which could not be opened", function()
    scratch.run(("ln -s j '%s/l'"):format(dir))
    refused("ELOOP", files.open_append(dir .. "/l"))
    refused("EISDIR", files.open_append(dir))
    refused("ENOENT", files.open_append(dir .. "/none/j"))
  end)

  it("on a disk that is full say so", function()
    local f = assert(files.open_append "/dev/full")
    local none, message, code = f:append "x"
    assert.are.same({nil, "/dev/full: No space left on device", "ENOSPC"}, {none, message, code})
    f:close()
  end)

  it("take back what was written of a text when the rest cannot be", function()
    local lua = interpreter()
    if not lua then return pending("needs an interpreter of its own") end
    local script = ([[local f = require "grafana.core".files.open_append("%s/j")
      print(f:append(("a"):rep(1000)), f:append(("x"):rep(10000)))
      print(f:size(), f:append("b"))]]):format(dir)
    scratch.put(dir .. "/s", script)
    local told = scratch.run(("trap '' XFSZ; ulimit -f 4; %s %s/s"):format(lua, dir))
    assert.equal(("0\tnil\t%s/j: File too large\tEFBIG\n1000\t1000\t1"):format(dir), told)
    assert.equal(("a"):rep(1000) .. "b", scratch.get(dir .. "/j"))
  end)

  it("take whole numbers of bytes only", function()
    local f = files.open_append(dir .. "/j")
    for _, n in ipairs {-1, 0.5, 2 ^ 60, 0 / 0, "x"} do
      assert.has_error(function() f:truncate(n) end)
      assert.has_error(function() f:read(n, 1) end)
      assert.has_error(function() f:read(0, n) end)
    end
    f:close()
  end)
end)

describe("a disk that interrupts, and takes a few bytes at once", function()
  it("loses and doubles nothing", function()
    local lua = interpreter(true)
    if not lua then return pending("needs an interpreter without sanitizers") end
    local shim = dir .. "/faulty.so"
    local built = scratch.run("${CC:-cc} -shared -fPIC -o " .. shim .. " spec/bulk/faulty_disk.c -ldl")
    if built ~= "" then return pending("needs a C compiler: " .. built) end
    scratch.put(dir .. "/s", ([[
      local files, dir = require "grafana.core".files, "%s"
      local text = ("0123456789\n"):rep(20)
      assert(files.write(dir .. "/f", text, {sync = true}))
      assert(files.read(dir .. "/f") == text)
      assert(files.digest(dir .. "/f") == files.sha256(text))
      assert(select(2, files.write(dir .. "/f", text, {if_changed = true})) == false)
      assert(#files.read_document((files.write(dir .. "/d", {1, 2, 3}) and dir .. "/d")) == 3)
      local f = assert(files.open_append(dir .. "/j"))
      assert(f:lock())
      for i = 1, 10 do assert(f:append(text) == (i - 1) * #text) end
      assert(f:sync() and f:truncate(9 * #text) and f:read(0, 10000) == text:rep(9))
      assert(f:close() and files.sync_dir(dir) and files.sync_all(dir))
      print("fine")]]):format(dir))
    assert.equal("fine", scratch.run(("LD_PRELOAD=%s %s %s/s"):format(shim, lua, dir)))
    assert.equal("d f faulty.so j s", names())
  end)
end)

describe("syncing", function()
  it("takes folders", function()
    assert.is_true(files.sync_dir(dir))
    assert.is_true(files.sync_all(dir))
    refused("ENOENT", files.sync_dir(dir .. "/none"))
    refused("ENOENT", files.sync_all(dir .. "/none"))
  end)
end)

describe("paths", function()
  it("come without control characters in messages", function()
    local _, message = files.read("/none\27[2J\194\155x\n")
    assert.equal("/none\\x1b[2J\\x9bx\\x0a: No such file or directory", message)
    _, message = files.read("/none\155\255")
    assert.equal("/none\\x9b\\xff: No such file or directory", message)
    _, message = files.read("/noneé")
    assert.equal("/noneé: No such file or directory", message)
  end)

  it("are texts without zero bytes", function()
    for name in pairs {read = 1, list = 1, make_dir = 1, remove = 1, kind = 1, open_append = 1, sync_all = 1} do
      assert.has_error(function() files[name]("") end)
      assert.has_error(function() files[name]("a\0b") end)
      assert.has_error(function() files[name]({}) end)
      assert.has_error(function() files[name]() end)
    end
  end)
end)
