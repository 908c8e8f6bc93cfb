-- SPDX-License-Identifier: MIT
-- Arguments and options of operations: a wrong one raises at the caller's line, names itself and says what was
-- expected; nothing is sent. Nobody listens where this client points to, so that a call that passes says
-- connection-refused.

local grafana = require "grafana"
local core = require "grafana.core"

local g = grafana.connect("http://127.0.0.1:1", {"admin", "secret"}, {max_retries = 0})

-- The message of the error that the operation raises.
local function refused(name, ...)
  local fine, message = pcall(g[name], g, ...)
  assert.is_false(fine, name .. " was expected to raise")
  assert.is_string(message)
  return message
end

-- The status of a call whose arguments pass.
local function passes(name, ...)
  local r = g[name](g, ...)
  assert.equal("connection-refused", r.status, tostring(r))
end

describe("positional arguments", function()
  it("raise when one is missing, nil or of a wrong type", function()
    assert.equal("bad argument #1 'name' to 'create_org' (string expected, got no value)", refused("create_org"))
    assert.equal("bad argument #1 'name' to 'create_org' (string expected, got nil)", refused("create_org", nil))
    assert.equal("bad argument #1 'name' to 'create_org' (string expected, got 5)", refused("create_org", 5))
    assert.equal("bad argument #2 'name' to 'update_org' (string expected, got table)", refused("update_org", 1, {}))
    assert.equal("bad argument #2 'admin' to 'set_user_admin' (boolean expected, got string)",
      refused("set_user_admin", "ann", "yes"))
    assert.equal("bad argument #1 'user' to 'create_user' (table expected, got string)", refused("create_user", "ann"))
  end)

  it("raise at the line of the caller", function()
    local line = debug.getinfo(1, "l").currentline + 1
    local _, message = pcall(function() local r = g:create_org(5); return r end)
    assert.matches("arguments_spec%.lua:" .. line .. ": bad argument #1 'name'", message)
  end)

  it("take whole numbers however they are written", function()
    for _, id in ipairs {7, 7.0, grafana.number("7"), grafana.number("123456789012345678901234567890")} do
      passes("delete_org", id)
    end
    assert.matches("integer expected, got 1.5", refused("delete_org", 1.5))
    assert.matches("integer expected, got string", refused("delete_org", "7"))
    assert.matches("integer expected", refused("delete_org", 1e300))
    assert.matches("integer expected", refused("delete_org", 0 / 0))
    assert.matches("integer expected", refused("delete_org", math.huge))
    assert.matches("integer expected, got 1.5", refused("delete_org", grafana.number("1.5")))
  end)

  it("take an id as a number or a string", function()
    passes("get_user", 1)
    passes("get_user", "ann")
    assert.matches("'user' to 'get_user' %(integer or string expected, got boolean%)", refused("get_user", true))
  end)

  it("take an organisation's id, grafana.own, or nil where connect was given one", function()
    passes("get_datasources", 1)
    passes("get_datasources", grafana.own)
    assert.matches("'org'", refused("get_datasources", nil))
    assert.matches("'org'", refused("get_datasources"))
    assert.matches("'org' to 'get_datasources' %(id of an organisation or grafana.own expected, got string%)",
      refused("get_datasources", "1"))
    assert.matches("got grafana.null", refused("get_datasources", grafana.null))
    local settled = grafana.connect("http://127.0.0.1:1", {"admin", "x"}, {max_retries = 0, org = 3})
    assert.equal("connection-refused", settled:get_datasources(nil).status)
    assert.equal("connection-refused", settled:get_datasources().status)
  end)

  it("take a document wherever they take a table", function()
    passes("update_or_create_dashboard", 1, grafana.decode('{"title":"A","panels":[]}', {raw = true}))
    passes("update_org_user", 1, "ann", grafana.decode('{"role":"Viewer"}', {raw = true}))
    assert.matches("object", refused("update_or_create_dashboard", 1, grafana.decode("[1]", {raw = true})))
  end)

  it("refuse an array where an object is due", function()
    assert.matches("'dashboard'", refused("update_or_create_dashboard", 1, {1, 2}))
    assert.matches("'dashboard'", refused("update_or_create_dashboard", 1, grafana.null))
  end)

  it("name the path to what cannot be JSON", function()
    assert.matches("dashboard%.panels%[2%]%.targets: a function cannot be JSON",
      refused("update_or_create_dashboard", 1, {title = "A", panels = {{}, {targets = print}}}))
    local cycle = {title = "A"}
    cycle.panels = {{inner = cycle}}
    assert.matches("dashboard", refused("update_or_create_dashboard", 1, cycle))
    assert.matches("user%.login", refused("create_user", {login = 0 / 0, password = "x"}))
  end)

  it("take a role by its name or in a table", function()
    passes("update_org_user", 1, "ann", "Viewer")
    passes("update_org_user", 1, "ann", {role = "Viewer"})
    for _, role in ipairs {{}, {role = 5}, 5, {"Viewer"}} do
      assert.matches("'role' to 'update_org_user' %(string or {role = string} expected",
        refused("update_org_user", 1, "ann", role))
    end
  end)

  it("take grafana.null where it means something, and nil nowhere", function()
    passes("move_folder", 1, "a", "b")
    passes("move_folder", 1, "a", grafana.null)
    assert.equal("bad argument #3 'parent' to 'move_folder' (string or grafana.null expected, got nil)",
      refused("move_folder", 1, "a", nil))
    assert.equal("bad argument #3 'parent' to 'move_folder' (string or grafana.null expected, got 5)",
      refused("move_folder", 1, "a", 5))
    assert.matches("got grafana.null", refused("get_folder", 1, grafana.null))
    assert.equal("missing-mandatory-data", g:move_folder(1, "a", "").status)
  end)

  it("take one string or several where both make sense", function()
    passes("get_dashboards_with_tag", 1, "a")
    passes("get_dashboards_with_tag", 1, {"a", "b"})
    passes("get_dashboards_with_tag", 1, grafana.array {"a"})
    assert.matches("string or array of strings expected", refused("get_dashboards_with_tag", 1, {"a", 5}))
    assert.equal("missing-mandatory-data", g:get_dashboards_with_tag(1, {}).status)
  end)

  it("that are empty give missing-mandatory-data, and nothing is sent", function()
    assert.equal("missing-mandatory-data", g:create_org("").status)
    assert.equal("missing-mandatory-data", g:create_user({}).status)
  end)

  it("may not be too many", function()
    assert.equal("too many arguments to 'create_org' (1 and a table of options expected, got 3)",
      refused("create_org", "a", {}, 1))
  end)

  it("need a colon", function()
    assert.matches("bad self in 'create_org' %(client expected, got string%): write g:create_org%(…%), with a colon",
      select(2, pcall(g.create_org, "Acme")))
    assert.has_error(function() g.close() end)
  end)
end)

describe("options", function()
  it("follow the arguments in one table, or nil", function()
    passes("get_orgs", {query = "a", timeout = 100})
    passes("get_orgs", {})
    passes("get_orgs", nil)
    passes("delete_org", 1, {max_retries = 0, deadline = 1000, headers = {["X-A"] = "b"}, raw = true})
    assert.equal("bad argument #1 to 'get_orgs' (table of options expected, got string)", refused("get_orgs", "Acme"))
  end)

  it("that are unknown raise, with the nearest right names", function()
    local message = refused("get_orgs", {qery = "a"})
    assert.matches("unknown option 'qery' to 'get_orgs' %(did you mean 'query'%?", message)
    assert.matches("timeout, deadline, max_retries, headers, raw", message)
    assert.matches("unknown option 'zzzzzzzz' to 'get_orgs' %(options: ", refused("get_orgs", {zzzzzzzz = 1}))
    assert.matches("given by name", refused("get_orgs", {"a"}))
    assert.matches("'page'", refused("create_org", "a", {page = 1}))
  end)

  it("of a wrong type or out of range raise", function()
    assert.equal("bad option 'timeout' to 'get_orgs' (integer expected, got string)",
      refused("get_orgs", {timeout = "1"}))
    assert.matches("bad option 'raw' to 'get_orgs' %(boolean expected, got 1%)", refused("get_orgs", {raw = 1}))
    assert.matches("'timeout'", refused("get_orgs", {timeout = -1}))
    assert.matches("'page': an integer from 1 ", refused("get_orgs", {page = 0}))
    assert.matches("'headers'", refused("get_orgs", {headers = {["X-A"] = 5}}))
    assert.matches("'headers'", refused("get_orgs", {headers = {["X-A"] = "a\r\nX-B: c"}}))
    assert.matches("'headers'", refused("get_orgs", {headers = {["X A"] = "b"}}))
    assert.matches("'headers'", refused("get_orgs", {headers = {Authorization = "b"}}))
  end)
end)

describe("every row of the operation table", function()
  -- A value that a parameter takes, and one that it does not.
  local RIGHT = {
    string = "x", integer = 1, boolean = true, org = 1, id = 1, list = {}, strings = "x", role = "Viewer", object = {},
    string_or_null = "x",
  }

  it("is a method that refuses each argument of a wrong type by its name", function()
    for _, op in ipairs(core.operations()) do
      assert.is_function(g[op.name])
      local given = {}
      for i, param in ipairs(op.params) do
        given[i] = print
        local message = refused(op.name, (table.unpack or unpack)(given, 1, i))
        assert.matches(("bad argument #%d '%s' to '%s'"):format(i, param.name, op.name), message, 1, true)
        given[i] = RIGHT[param.type]
      end
    end
  end)

  it("refuses each option of a wrong type by its name", function()
    for _, op in ipairs(core.operations()) do
      local given = {}
      for i, param in ipairs(op.params) do given[i] = RIGHT[param.type] end
      for _, option in ipairs(op.options) do
        given[#op.params + 1] = {[option.name] = print}
        local message = refused(op.name, (table.unpack or unpack)(given, 1, #op.params + 1))
        assert.matches(("bad option '%s' to '%s'"):format(option.name, op.name), message, 1, true)
      end
    end
  end)
end)
