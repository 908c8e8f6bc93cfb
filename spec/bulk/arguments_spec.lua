-- SPDX-License-Identifier: MIT
-- Wrong arguments are raised at the caller's line, before anything is sent, and name the argument.

package.path = "./?.lua;./?/init.lua;" .. package.path

local bulk = require "grafana.bulk"
local grafana = require "grafana"

local g = grafana.connect("http://127.0.0.1:9", nil, {max_retries = 0})
local function f() end

-- The job, its arguments, what the message says.
local WRONG = {
  {"backup", {nil, "x"}, "#1 'g'"}, {"backup", {g}, "#2 'dir'"}, {"backup", {g, "x", {orgss = 1}}, "'orgss'"},
  {"backup", {g, "x", {orgs = {}}}, "'orgs'"}, {"backup", {g, "x", {kinds = {"folder"}}}, "'folder' is none"},
  {"restore", {g}, "#2 'dir'"}, {"restore", {g, "x", {mapping = {user = {}}}}, "'user' is none"},
  {"restore", {g, "/nonexistent"}, "is no backup"}, {"restore", {g, "x", {delete = true}}, "'delete'"},
  {"copy", {g, {}, g, 1}, "#2 'from_org'"}, {"copy", {g, 1, g, true}, "#4 'to_org'"}, {"copy", {g, 1, nil}, "#3 'to'"},
  {"sync", {g, 1, g, "", {}}, "#4 'to_org'"}, {"sync", {g, 1, g, 2, {delete = 1}}, "'delete'"},
  {"sync", {g, 1, g, 2, {max_deletes = -1}}, "'max_deletes'"}, {"sync", {nil, 1, g, 2}, "#1 'from'"},
  {"diff", {g}, "#2 'b'"}, {"diff", {{g, {}}, g}, "#1 'a[2]'"}, {"diff", {{1}, g}, "#1 'a[1]'"},
  {"diff", {g, ""}, "#2 'b'"}, {"diff", {g, g, {secret = f}}, "'secret'"},
  {"replace_datasource", {g, 1}, "#3 'wanted'"}, {"replace_datasource", {g, 1, {from = "a"}}, "'wanted.to'"},
  {"replace_datasource", {g, {}, {from = "a", to = "b"}}, "#2 'org'"},
  {"edit_dashboards", {g, {}, nil, f}, "#2 'org'"}, {"edit_dashboards", {g, 1, nil, 3}, "#4 'f'"},
  {"add_tags", {g, true, nil, "a"}, "#2 'org'"}, {"remove_tags", {g, 1, nil, {}}, "#4 'tags'"},
  {"move_to_folder", {g, {}, "all", "x"}, "#2 'org'"}, {"move_to_folder", {g, 1, nil, "x"}, "'selection'"},
  {"set_permissions", {g, "", "all", {}}, "#2 'org'"}, {"delete_dashboards", {g, 1}, "'selection'"},
  {"delete_dashboards", {g, f, "all"}, "#2 'org'"}, {"create_users", {g}, "#2 'list'"},
  {"create_users", {g, {{login = 1}}}, "list[1]"}, {"add_org_users", {g, nil, {}}, "#2 'org'"},
  {"inventory", {}, "#1 'g'"}, {"open", {}, "#1 'dir'"}, {"open", {"x", 3}, "#2 'g'"},
  {"open", {"x", g, {secrets = f}}, "'secrets'"}, {"resume", {}, "#1 'dir'"}, {"resume", {"x", 3}, "#2 'g'"},
  {"resume", {"x", g, {secrets = f}}, "'secrets'"},
}

-- Of plans: the method, its options, what the message says.
local OF_PLANS = {
  {"apply", {on_progres = f}, "'on_progres'"}, {"apply", {secret = "x"}, "'secret': function"}, {"apply", f, "table"},
  {"undo", {jounral = "x"}, "'jounral'"}, {"undo", {journal = f}, "'journal'"}, {"inverse", {on_progress = f}, "'on_p"},
  {"diff", {kind = "dashboard"}, "'dashboard' is none"}, {"diff", {key = 1}, "'key'"},
  {"diff", {color = true}, "'color'"},
}

for _, each in ipairs(OF_PLANS) do
  it(("plan:%s refuses %s"):format(each[1], each[3]), function()
    local plan = bulk.copy(g, 1, g, 2)
    local fine, problem = pcall(function()
      local r = plan[each[1]](plan, each[2])
      return r
    end)
    plan:close()
    assert.is_false(fine)
    assert.matches("arguments_spec.lua:%d+: plan:" .. each[1] .. ": ", problem)
    assert.matches(each[3], problem, 1, true)
  end)
end

for _, each in ipairs(WRONG) do
  it(("bulk.%s refuses %s"):format(each[1], each[3]), function()
    local fine, problem = pcall(function()
      local r = bulk[each[1]]((table.unpack or unpack)(each[2], 1, 5))   -- luacheck: ignore
      return r
    end)
    assert.is_false(fine)
    assert.matches("arguments_spec.lua:%d+: bulk." .. each[1] .. ": ", problem)
    assert.matches(each[3], problem, 1, true)
  end)
end
