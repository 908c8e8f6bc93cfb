-- SPDX-License-Identifier: MIT
-- Help, the reference page and the annotations are made from the operation table and agree with it.

local grafana = require "grafana"
local core = require "grafana.core"
local topics = require "grafana.topics"

local function first_words(rows)
  local words = {}
  for i, row in ipairs(rows) do words[i] = row[1] end
  return words
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

describe("help", function()
  it("without a word lists every operation once, with its summary", function()
    local text = grafana.help()
    for _, op in ipairs(core.operations()) do
      local _, count = text:gsub("\n  " .. op.name .. "%(", "")
      assert.equal(1, count, op.name)
      assert.is_truthy(text:gsub("%s+", " "):find(op.summary, 1, true), op.name)
    end
  end)

  it("shows operations in the groups' order, by what they act on", function()
    local at = 0
    for _, name in ipairs {
      "Organisations", "create_org", "get_orgs", "delete_org", "get_current_org", "add_org_user", "delete_org_user",
      "add_current_org_user", "Users", "create_user", "delete_user", "Dashboards and panels",
      "update_or_create_dashboard", "get_dashboard", "delete_dashboard", "Data sources", "Permissions",
      "Teams, folders, service accounts", "create_folder", "delete_folder", "create_team", "delete_team",
      "add_team_member", "Server", "Everything else",
    } do
      local found = grafana.help():find("\n *" .. name .. "%f[^%w_]", at + 1)
      assert.is_truthy(found, name)
      at = found
    end
  end)

  it("fits into 120 columns, whatever the word", function()
    local words = {"", "alert", "permissions", "folder", "folder permission", "crete_team", ("x"):rep(20)}
    for _, name in ipairs(topics.names) do words[#words + 1] = name end
    for _, op in ipairs(core.operations()) do words[#words + 1] = op.name end
    for _, op in ipairs(core.api_operations()) do words[#words + 1] = op.name end
    for _, word in ipairs(words) do
      for line in grafana.help(word):gmatch("[^\n]+") do
        assert.is_true(select(2, line:gsub("[^\128-\191]", "")) <= 120, line)
      end
    end
  end)

  it("on an operation shows signature, arguments, options, result, statuses and an example", function()
    for _, op in ipairs(core.operations()) do
      local text = grafana.help(op.name)
      assert.is_truthy(text:find("g:" .. op.name .. "(", 1, true), op.name)
      for _, list in ipairs {op.params, op.options, op.keys} do
        for _, item in ipairs(list) do assert.is_truthy(text:find(item.name, 1, true), op.name .. " " .. item.name) end
      end
      for _, status in ipairs(op.statuses) do assert.is_truthy(text:find(status, 1, true), op.name .. " " .. status) end
      assert.is_truthy(text:find("local r = g:" .. op.name, 1, true), op.name)
    end
  end)

  it("has examples that are Lua", function()
    local example = require("grafana.help").example
    for _, op in ipairs(core.operations()) do
      local code = example(op):gsub("{%.%.%.}", "{}"):gsub('"%.%.%."', '"x"')
      assert.is_truthy((loadstring or load)(code), code)
    end
  end)

  it("takes the word in any form that a user may write", function()
    local text = grafana.help("create_org")
    for _, word in ipairs {"g:create_org", "create_org()", "g:create_org(name)"} do
      assert.equal(text, grafana.help(word))
    end
    local g = grafana.connect("http://127.0.0.1:1")
    assert.equal(text, g:help("create_org"))
    assert.equal(grafana.help(), g:help())
  end)

  it("has topics", function()
    for _, name in ipairs(topics.names) do
      assert.is_truthy(#grafana.help(name) > 100, name)
      assert.is_truthy(grafana.help():find("\n  " .. name, 1, true), name)
    end
    assert.equal(grafana.help("results"), grafana.help("statuses"))
    assert.matches("on_retry", grafana.help("connect"))
    assert.matches("version%-mismatch", grafana.help("results"))
  end)

  it("searches for other words, and names the nearest operations", function()
    assert.matches("'tag' occurs in:.*get_dashboards_with_tag", grafana.help("tag"))
    assert.matches("The nearest: create_org", grafana.help("creat_org"))
    assert.matches("Nothing is known about 'xyzzy%%s'", grafana.help("xyzzy%s"))
    assert.has_error(function() return grafana.help(5) .. "" end)
    assert.is_nil(grafana.help("folder"):find("\n  create_team(", 1, true))   -- of the same group, about something else
    assert.matches("\n  get_team%(.*\n  searchTeams ", grafana.help("teams"))
    assert.matches("\n  update_team.*\n  add_team_member", grafana.help("Teams, folders, service accounts"))
    assert.matches("RouteGetAlertRules ", grafana.help("alert rule"))
    assert.matches('help%("connect"%)', grafana.help("proxy"))
    assert.equal(grafana.help("connect"), grafana.help("sign in"))
  end)
end)

describe("help on documented operations", function()
  it("lists them by path, those last that newer servers lack", function()
    local text = grafana.help("alert")
    assert.matches("\n  RouteGetAlertRules .*\n  RoutePostAlertRule .*\n  getAlerts [^\n]*gone since 9%.3%.2%)", text)
  end)

  it("names the operation that does the same and says more", function()
    assert.matches("g:get_team does this", grafana.help("getTeamByID"))
    assert.matches("g:create_folder does this", grafana.help("createFolder"))
    assert.is_nil(grafana.help("RouteGetAlertRules"):find("does this", 1, true))
  end)
end)

describe("statuses and reasons", function()
  it("of the topics are those of the core, in its order", function()
    local statuses, reasons = core.statuses()
    assert.same(statuses, first_words(topics.statuses))
    assert.same(reasons, first_words(topics.reasons))
  end)

  it("of the rows are among them", function()
    local known = {}
    for _, status in ipairs((core.statuses())) do known[status] = true end
    for _, op in ipairs(core.operations()) do
      for _, status in ipairs(op.statuses) do assert.is_true(known[status], op.name .. ": " .. status) end
    end
  end)
end)

describe("what is generated", function()
  local folder

  -- Runs the generator in a process of its own.
  local function generate()
    local lua = os.getenv("GRAFANA_LUA") or "lua5.4"
    local pipe = assert(io.popen(("%s scripts/generate.lua '%s' 2>&1"):format(lua, folder)))
    local output = pipe:read("*a")
    pipe:close()
    assert.matches("reference%.md\n$", output)
    return read(folder .. "/types/grafana.lua"), read(folder .. "/doc/reference.md")
  end

  setup(function()
    folder = os.tmpname()
    os.remove(folder)
  end)

  teardown(function() os.execute("rm -rf '" .. folder .. "'") end)

  it("is the same each time, names every operation, and the annotations are Lua", function()
    local types, reference = generate()
    local types_again, reference_again = generate()
    assert.equal(types, types_again)
    assert.equal(reference, reference_again)
    assert.is_truthy((loadstring or load)(types))
    for _, op in ipairs(core.operations()) do
      assert.is_truthy(types:find("function Client:" .. op.name .. "(", 1, true), op.name)
      assert.is_truthy(reference:find("\n### " .. op.name .. "\n", 1, true), op.name)
    end
  end)

  it("tells editors of every option of connect", function()
    local types = generate()
    for _, option in ipairs(require("grafana.options").list()) do
      assert.is_truthy(types:find("---@field " .. option.name .. "?", 1, true), option.name)
    end
  end)
end)
