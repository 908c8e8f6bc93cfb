-- SPDX-License-Identifier: MIT
-- Plans: nothing is written before apply, each change is made after another look, what was broken off can be gone on
-- with, what was done can be taken back. The kinds are in memory: no server is asked.

package.path = "./?.lua;./?/init.lua;" .. package.path

local files = require("grafana.core").files
local memory = require "spec.bulk.memory"
local outcome = require "grafana.bulk.outcome"
local plan = require "grafana.bulk.plan"

local world, dir

before_each(function()
  world = memory.new()
  dir = os.tmpname()
  os.remove(dir)
end)
after_each(function()
  memory.restore()
  os.execute("rm -rf '" .. dir .. "'")
end)

local function thing(uid, value, about) return memory.thing(world, uid, value, about) end

local function builder(options)
  options = options or {}
  options.journal = dir
  return plan.builder("test", world.server, options)
end

-- A plan that creates `a`, updates `b`, deletes `c`.
local function three()
  memory.put(world, "b", 1)
  memory.put(world, "c", 1)
  local b = builder()
  b:change {kind = world.things, org = "Acme", wanted = thing("a", 2), why = "not there"}
  b:change {kind = world.things, org = "Acme", now = thing("b", 1), wanted = thing("b", 2), why = "differs"}
  b:change {kind = world.things, org = "Acme", now = thing("c", 1), why = "not in the source"}
  return b:finish()
end

describe("a plan", function()
  it("writes nothing before it is applied", function()
    three()
    assert.equal(0, #world.writes)
  end)

  it("creates, updates and deletes", function()
    local report = three():apply()
    assert.is_true(report.ok, tostring(report))
    assert.equal(3, report.done)
    assert.same({a = thing("a", 2):text(), b = thing("b", 2):text()}, memory.things(world))
  end)

  it("has no change where nothing differs", function()
    local b = builder()
    assert.is_nil(b:change {kind = world.things, org = "Acme", now = thing("b", 1), wanted = thing("b", 1)})
    local made = b:finish()
    assert.equal(0, #made.changes)
    assert.equal(1, made.same)
  end)

  it("holds two numbers for the same that are one as doubles", function()
    local b = builder()
    assert.is_nil(b:change {kind = world.things, org = "Acme", now = thing("b", 1), wanted = thing("b", 1.0)})
    b:drop()
  end)

  it("refuses what was changed meanwhile, and goes on with the rest", function()
    local made = three()
    memory.put(world, "b", 7)
    local report = made:apply()
    assert.is_false(report.ok)
    assert.equal("already-exists", report.status)
    assert.equal(1, report.failed)
    assert.equal("version-mismatch", report.failures[1].reason)
    assert.equal("b", report.failures[1].key)
    assert.same({a = thing("a", 2):text(), b = thing("b", 7):text()}, memory.things(world))
  end)

  it("refuses to create what somebody has made meanwhile", function()
    local made = three()
    memory.put(world, "a", 9)
    local report = made:apply()
    assert.equal("version-mismatch", report.failures[1].reason)
    assert.equal(thing("a", 9):text(), memory.things(world).a)
  end)

  it("refuses to update, and need not delete, what has gone meanwhile", function()
    local made = three()
    world.orgs.Acme.playlists = {}
    local report = made:apply()
    assert.equal(1, report.failed)
    assert.equal("not-found", report.failures[1].status)
    assert.equal(2, report.done)
  end)

  it("leaves alone what is as it shall be already", function()
    local made = three()
    memory.put(world, "b", 2)
    local report = made:apply()
    assert.is_true(report.ok)
    assert.same({"create a", "delete c"}, world.writes)
  end)

  it("goes on after one object's failure, and says which it was", function()
    world.fails = function(wanted)
      return wanted.key == "a" and outcome.new("invalid-data", "no a, please") or nil
    end
    local report = three():apply()
    assert.equal("invalid-data", report.status)
    assert.equal(2, report.done)
    assert.matches("no a, please", tostring(report), 1, true)
  end)

  it("counts an error of the program as that object's failure", function()
    world.fails = function(wanted) if wanted.key == "a" then error("oh no", 0) end end
    local report = three():apply()
    assert.equal("oh no", report.failures[1].message)
    assert.equal(2, report.done)
  end)

  it("carries out what failed, once more, when it is applied again", function()
    world.fails = function(wanted) return wanted.key == "a" and outcome.new("error", "not now") or nil end
    local made = three()
    made:apply()
    world.fails = nil
    local report = made:apply()
    assert.is_true(report.ok, tostring(report))
    assert.same({"update b", "delete c", "create a"}, world.writes)
  end)

  it("writes in ranks, deletes in reverse", function()
    local b = builder()
    for _, uid in ipairs {"d", "c", "b", "a"} do
      b:change {kind = world.things, org = "Acme", wanted = thing(uid, 1, {rank = uid:byte()})}
    end
    memory.put(world, "x", 1)
    memory.put(world, "y", 1)
    b:change {kind = world.things, org = "Acme", now = thing("x", 1, {rank = 1})}
    b:change {kind = world.things, org = "Acme", now = thing("y", 1, {rank = 2})}
    b:finish():apply()
    assert.same({"create a", "create b", "create c", "create d", "delete y", "delete x"}, world.writes)
  end)

  it("takes an answer that was lost for what it did", function()
    world.after_write = nil
    world.fails = function(wanted)
      if wanted.key ~= "a" then return end
      memory.put(world, "a", 2)
      return outcome.new("error", "cut", "cut", {uncertain = true})
    end
    assert.is_true(three():apply().ok)
  end)

  it("tells progress: done, total, failed", function()
    local told = {}
    world.fails = function(wanted) return wanted.key == "a" and outcome.new("error", "no") or nil end
    three():apply {on_progress = function(...) told[#told + 1] = table.concat({...}, " ") end}
    assert.equal("3 3 1", told[#told])
  end)

  it("refuses options that it does not know, at the caller's line", function()
    local made = three()
    local fine, problem = pcall(function() made:apply {on_progres = print} end)
    assert.is_false(fine)
    assert.matches("plan_spec.lua:%d+: .*on_progres.*on_progress", problem)
  end)

  it("needs its organisation to be there", function()
    local b = builder()
    b:change {kind = world.things, org = "Nowhere", wanted = thing("a", 1)}
    local report = b:finish():apply()
    assert.equal("not-found", report.status)
    assert.equal("org-not-found", report.failures[1].reason)
  end)
end)

describe("undo", function()
  it("brings back what was there", function()
    local made = three()
    local before = memory.things(world)
    made:apply()
    local report = made:undo()
    assert.is_true(report.ok, tostring(report))
    assert.same(before, memory.things(world))
  end)

  it("leaves what others have changed since", function()
    local made = three()
    made:apply()
    memory.put(world, "a", 77)
    local report = made:undo()
    assert.equal("version-mismatch", report.failures[1].reason)
    assert.equal(thing("a", 77):text(), memory.things(world).a)
    assert.equal(thing("b", 1):text(), memory.things(world).b)
  end)

  it("knows what the server has made of what was written", function()
    world.keeps = function(text) return (text:gsub('"value":2', '"value":2,"more":true')) end
    local made = three()
    made:apply()
    world.keeps = nil
    local report = made:undo()
    assert.is_true(report.ok, tostring(report))
    assert.same({b = thing("b", 1):text(), c = thing("c", 1):text()}, memory.things(world))
  end)

  it("does not touch what was so already", function()
    local made = three()
    memory.put(world, "a", 2)
    made:apply()
    made:undo()
    assert.equal(thing("a", 2):text(), memory.things(world).a)
  end)

  it("can be looked at first, and taken back itself", function()
    local made = three()
    made:apply()
    local after = memory.things(world)
    local inverse = made:inverse()
    assert.same({create = 1, update = 1, delete = 1}, inverse:counts())
    inverse:apply()
    inverse:undo()
    assert.same(after, memory.things(world))
    os.execute("rm -rf '" .. inverse.journal.dir .. "'")
  end)
end)

describe("what a plan has tried", function()
  -- Creating `a` is half done, then fails.
  local function half_done(reason)
    return function(wanted)
      if wanted.key ~= "a" then return end
      memory.put(world, "a", "half")
      return outcome.new("error", "half of it is done", reason)
    end
  end

  it("and only half done is gone on with when it is applied again", function()
    world.fails = half_done()
    local made = three()
    assert.equal(1, made:apply().failed)
    world.fails = nil
    local report = made:apply()
    assert.is_true(report.ok, tostring(report))
    assert.same({a = thing("a", 2):text(), b = thing("b", 2):text()}, memory.things(world))
  end)

  it("and only half done is taken back with the rest, from the journal as well", function()
    for _, again in ipairs {false, true} do
      os.execute("rm -rf '" .. dir .. "'")
      world = memory.new()
      local made = three()
      local before = memory.things(world)
      world.fails = half_done()
      made:apply()
      world.fails = nil
      if again then
        made:close()
        made = plan.open(dir, world.server)
      end
      local report = made:undo()
      assert.is_true(report.ok, tostring(report))
      assert.same(before, memory.things(world))
    end
  end)

  it("but somebody else has changed meanwhile is left as it is, by undo too", function()
    world.fails = function(wanted)
      if wanted.key ~= "b" then return end
      memory.put(world, "b", "theirs")
      return outcome.new("already-exists", "it was changed", "version-mismatch")
    end
    local made = three()
    assert.equal(1, made:apply().failed)
    world.fails = nil
    assert.equal(1, made:apply().failed)
    made:undo()
    assert.equal(thing("b", "theirs"):text(), memory.things(world).b)
  end)

  it("by one request that does all or nothing, and that somebody has changed since, is left to them", function()
    world.things.is_atomic = true
    for _, moment in ipairs {"before_write", "after_write"} do
      os.execute("rm -rf '" .. dir .. "'")
      world.orgs.Acme.playlists = nil
      local made = three()
      world[moment] = function(wanted)
        if wanted and wanted.key == "b" then error("x:1: interrupted!", 0) end
      end
      pcall(made.apply, made)
      made:close()
      world[moment] = nil
      memory.put(world, "b", "theirs")
      local again = plan.open(dir, world.server)
      assert.equal("version-mismatch", again:apply().failures[1].reason)
      again:undo()
      assert.equal(thing("b", "theirs"):text(), memory.things(world).b)
      again:close()
    end
  end)

  it("whose answer never came, and which was done later all the same, is taken back", function()
    local made = three()
    local before = memory.things(world)
    world.fails = function(wanted)
      return wanted.key == "a" and outcome.new("error", "slow", "timeout", {uncertain = true}) or nil
    end
    made:apply()
    world.fails = nil
    memory.put(world, "a", 2)
    assert.is_true(made:apply().ok)
    assert.is_true(made:undo().ok)
    assert.same(before, memory.things(world))
  end)

  it("can be done once more after it was taken back, and taken back again", function()
    local made = three()
    local before = memory.things(world)
    for _ = 1, 2 do
      local report = made:apply()
      assert.is_true(report.ok, tostring(report))
      assert.same({a = thing("a", 2):text(), b = thing("b", 2):text()}, memory.things(world))
      assert.is_true(made:undo().ok)
      assert.same(before, memory.things(world))
    end
    made:close()
    local report = plan.open(dir, world.server):apply()
    assert.is_true(report.ok, tostring(report))
    assert.same({a = thing("a", 2):text(), b = thing("b", 2):text()}, memory.things(world))
  end)

  it("is known to another program that opened its journal before", function()
    local made = three()
    local before = memory.things(world)
    local other = plan.open(dir, world.server)
    assert.is_true(made:apply().ok)
    assert.is_true(other:apply().ok)
    assert.equal(3, #world.writes)
    assert.is_true(other:undo().ok)
    assert.same(before, memory.things(world))
  end)

  it("stays under way where the program's own function breaks it off", function()
    local made = three()
    assert.error_matches(function()
      made:apply {on_progress = function() error("my own mistake", 0) end}
    end, "my own mistake")
    for text in io.lines(dir .. "/progress") do assert.is_nil(text:find("cancelled", 1, true)) end
    assert.is_true(made:apply().ok)
  end)
end)

describe("a journal that was damaged", function()
  it("is not believed: what is no longer what was planned is not written", function()
    local made = three()
    made:close()
    made = three()
    local path = dir .. "/texts"
    local text = assert(files.read(path))
    local file = assert(io.open(path, "wb"))
    file:write((text:gsub('"value":2', '"value":3')))
    file:close()
    local report = made:apply()
    assert.equal(2, report.failed)
    assert.matches("damaged", report.failures[1].message)
    assert.same({b = thing("b", 1):text()}, memory.things(world))
  end)

  it("or removed is noticed before anything is written", function()
    local made = three()
    os.execute("rm -rf '" .. dir .. "'")
    assert.error_matches(function() made:apply() end, "is no longer there")
    assert.same({}, world.writes)
  end)
end)

describe("a journal", function()
  it("is there as long as the plan is, and no longer where it was not carried out", function()
    local made = three()
    assert.equal("directory", files.kind(dir))
    made:close()
    assert.is_nil((files.kind(dir)))
  end)

  it("stays where the plan was carried out", function()
    local made = three()
    made:apply()
    made:close()
    assert.equal("directory", files.kind(dir))
  end)

  it("goes on where the plan was broken off, at every change", function()
    for n = 1, 3 do
      for _, moment in ipairs {"before_write", "after_write"} do
        os.execute("rm -rf '" .. dir .. "'")
        world = memory.new()
        local made, count = three(), 0
        world[moment] = function()
          count = count + 1
          if count == n then error("x:1: interrupted!", 0) end
        end
        local fine, problem = pcall(made.apply, made)
        if not fine then assert.matches(("resume(%q, g)"):format(dir), problem, 1, true) end
        made:close()
        world.before_write, world.after_write = nil, nil
        local report = plan.open(dir, world.server):apply()
        assert.is_true(report.ok, tostring(report))
        assert.same({a = thing("a", 2):text(), b = thing("b", 2):text()}, memory.things(world))
      end
    end
  end)

  it("lets a plan that was broken off be undone", function()
    local made = three()
    local before = memory.things(world)
    world.after_write = function() error("x:1: interrupted!", 0) end
    pcall(made.apply, made)
    made:close()
    world.after_write = nil
    local report = plan.open(dir, world.server):undo()
    assert.is_true(report.ok, tostring(report))
    assert.same(before, memory.things(world))
  end)

  it("passes a last line over that was cut", function()
    local made = three()
    made:apply()
    made:close()
    local file = assert(io.open(dir .. "/progress", "ab"))
    file:write('{"n":1,"sta')
    file:close()
    local report = plan.open(dir, world.server):apply()
    assert.is_true(report.ok)
    assert.equal(3, report.done)
    assert.equal(3, #world.writes)
  end)

  it("is refused where it never was whole, has another format, lacks changes, or is for another server", function()
    local b = builder()
    b:change {kind = world.things, org = "Acme", wanted = thing("a", 2)}
    assert.error_matches(function() plan.open(dir, world.server) end, "has changed nothing")
    b:finish()
    os.execute("cp -r '" .. dir .. "' '" .. dir .. ".2'; : > '" .. dir .. ".2/changes'")
    assert.error_matches(function() plan.open(dir .. ".2", world.server) end, "0 of its 1 changes are there")
    os.execute("rm -rf '" .. dir .. ".2'")
    local other = {g = require("grafana").connect("http://127.0.0.1:10"), version = "12.4.3"}
    assert.error_matches(function() plan.open(dir, other) end, "is about http://127.0.0.1:9")
    files.write(dir .. "/plan.json", '{"format":99}')
    assert.error_matches(function() plan.open(dir, world.server) end, "its format is 99")
  end)

  it("is for one program at a time", function()
    local made = three()
    local other = plan.open(dir, world.server)
    world.before_write = function()
      world.before_write = nil
      assert.error_matches(function() other:apply() end, "being carried out by another")
    end
    assert.is_true(made:apply().ok)
  end)

  it("is its owner's only", function()
    three():apply()
    local pipe = io.popen("stat -c %a '" .. dir .. "' '" .. dir .. "'/*")
    local modes = pipe:read("*a")
    pipe:close()
    assert.equal("700\n600\n600\n600\n600\n", modes)
  end)

  it("must be in a folder that is empty or not there", function()
    files.make_dirs(dir)
    files.write(dir .. "/a", "b")
    assert.error_matches(builder, "is not empty")
  end)
end)
