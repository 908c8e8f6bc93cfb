-- SPDX-License-Identifier: MIT
-- What a person reads of plans and reports: what is most important is there, whole and near the end, also of a plan
-- with thousands of changes. No server is asked.

package.path = "./?.lua;./?/init.lua;" .. package.path

local memory = require "spec.bulk.memory"
local plan = require "grafana.bulk.plan"
local show = require "grafana.bulk.show"

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

local function builder(options)
  options = options or {}
  options.journal = dir
  return plan.builder("test", world.server, options)
end

local function create(b, uid, org)
  return b:change {kind = world.things, org = org or "Acme", wanted = memory.thing(world, uid, 1), why = "not there"}
end

local function lines_of(text)
  local list = {}
  for line in text:gmatch "[^\n]+" do list[#list + 1] = line end
  return list
end

describe("the summary of a plan", function()
  it("says that nothing is written yet, and what to do", function()
    local b = builder()
    create(b, "a")
    local list = lines_of(tostring(b:finish()))
    assert.equal("Nothing is written yet: plan:diff() shows it line by line, plan:apply() carries it out.", list[#list])
  end)

  it("shows some of each sort where there are thousands, and how many there are", function()
    local b = builder()
    for i = 1, 5000 do create(b, ("t%04d"):format(i)) end
    memory.put(world, "gone", 1)
    b:change {kind = world.things, org = "Acme", now = memory.thing(world, "gone", 1), why = "not in the source"}
    local made = b:finish()
    local list = lines_of(tostring(made))
    assert.is_true(#list < 30, #list)
    assert.matches("5000 to create, 0 to update, 1 to delete", list[1], 1, true)
    assert.matches("and 4997", tostring(made))
    assert.matches("delete%s+%S+ gone: not in the source", tostring(made))
  end)

  it("is short for many organisations, too", function()
    local b = builder()
    for i = 1, 300 do create(b, "a", ("Org %03d"):format(i)) end
    local text = tostring(b:finish())
    assert.is_true(#lines_of(text) < 60)
    assert.matches("280 changes in 280 more organisations", text, 1, true)
  end)

  it("names the secrets that are needed, unless somebody gives them", function()
    local b = builder()
    create(b, "a").needs = {"password"}
    local made = b:finish()
    assert.matches("Secrets that are needed, from a function as option secret:\n  Acme: %S+ a: password",
      tostring(made))
    made.options.secret = function() end
    assert.is_nil(tostring(made):find("Secrets", 1, true))
  end)

  it("says in the first line that there is no plan, and why", function()
    local b = builder()
    b:refuse {status = "connection-refused", message = "nobody listens"}
    assert.matches("^test on [^\n]+: there is no plan: connection%-refused: nobody listens$", tostring(b:finish()))
  end)

  it("has one line for all lists that fail for the same reason", function()
    local b = builder()
    for _, kind in ipairs {"teams", "folders", "dashboards", "playlists"} do
      b:failed {kind = kind, org = "Acme", status = "access-denied", message = "no"}
    end
    b:failed {kind = "teams", org = "Other", status = "access-denied", message = "no"}
    local text = tostring(b:finish())
    assert.matches("  Acme: teams, folders, dashboards and 1 other kinds: access-denied: no\n  Other: teams: ", text, 1,
      true)
  end)

  it("has one line for all objects that fail for the same reason", function()
    local b = builder()
    for i = 1, 300 do
      b:failed {kind = "dashboards", org = "Acme", key = "d" .. i, title = "Node " .. i, status = "access-denied",
        message = "no"}
    end
    b:failed {kind = "dashboards", org = "Acme", key = "x", title = "Other", status = "error", message = "broken"}
    assert.matches("  Acme: dashboard Node 1 and 299 more: access-denied: no\n  Acme: dashboard Other: error: broken",
      tostring(b:finish()), 1, true)
  end)

  it("says once what is to be said of many objects, and leaves other notes as they are", function()
    local b = builder()
    for i = 1, 70 do b:note(("dashboard d%d: bob can see it now"):format(i)) end
    b:note("Acme: this")
    b:note("Other: this")
    assert.matches("Notes:\n  dashboard d1 (and 69 more): bob can see it now\n  Acme: this\n  Other: this",
      tostring(b:finish()), 1, true)
  end)

  it("tells, once it was carried out, what was done, how to take it back and where the journal is", function()
    local b = builder()
    create(b, "a")
    local made = b:finish()
    local report = made:apply()
    assert.matches("To take it back: plan:undo(), or bulk.open(journal, g):undo()\nJournal: " .. dir,
      tostring(report), 1, true)
    assert.matches("Of 1 changes 1 are carried out", tostring(made), 1, true)
    made:undo()
    assert.matches("1 taken back", tostring(made), 1, true)
  end)

  it("does not offer to carry out what is held back", function()
    memory.put(world, "a", 1)
    local b = builder()
    b:change {kind = world.things, org = "Acme", now = memory.thing(world, "a", 1), why = "not in the source"}
    b.held_back = "too many"
    local text = tostring(b:finish())
    assert.matches("1 to delete (held back)", text, 1, true)
    assert.matches("Held back: too many", text, 1, true)
    assert.matches("Nothing will be done.$", text)
  end)
end)

it("words are wrapped to the width of a terminal, and never lost", function()
  local words = {}
  for i = 1, 60 do words[i] = "word" .. i end
  local text = show.wrapped("  first: ", words, "    ")
  for _, line in ipairs(lines_of(text)) do assert.is_true(show.columns(line) <= 80, line) end
  assert.equal("  first: " .. table.concat(words, " "), (text:gsub("\n    ", " ")))
end)
