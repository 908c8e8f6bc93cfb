-- SPDX-License-Identifier: MIT
-- What is nginx's own of tasks: visitors' requests that spawn them, end, or go away; where none can run.

local days = require "spec.support.bad_days"
local nginx = require "spec.support.nginx"
local nginx_server = require "spec.support.nginx_server"

if not nginx.inside then return end

local LOCATIONS = [[
  location = /gather {
    content_by_lua_block {
      local rows = {}
      for i = 1, 20 do rows[i] = {"get_org", 1} end
      local fine = 0
      for _, r in ipairs(grafana.gather(g, rows)) do fine = fine + (r.ok and 1 or 0) end
      ngx.print(fine)
    }
  }
  location = /spawned {
    content_by_lua_block {
      local t = grafana.spawn(g.get_org, g, 1)
      local u = grafana.spawn(function() return t:wait().status, "spawned outside of run" end)
      ngx.print(table.concat({u:wait()}, ", "))
    }
  }
  location = /not_waited {
    content_by_lua_block {
      grafana.spawn(function() ended = g:get_org(1).status end)
      ngx.print("said")
    }
  }
  location = /exits {
    content_by_lua_block {
      grafana.spawn(function()
        grafana.sleep(0.05)
        ended = "after all"
      end)
      ngx.exit(204)
    }
  }
  location = /ended { content_by_lua_block { ngx.print(tostring(ended)) ended = nil } }
  location = /fails {
    content_by_lua_block {
      grafana.spawn(error, "nobody waits for this", 0)
      local t = grafana.spawn(error, "somebody waits for this", 0)
      ngx.print(tostring(select(2, pcall(t.wait, t))))
    }
  }
  location = /slow_gather {
    content_by_lua_block {
      local rows = {}
      for i = 1, 6 do rows[i] = {"get_dashboard", 1, "seed-00001"} end
      ngx.print(#grafana.gather(narrow, rows))
    }
  }
  location = /cancel {
    content_by_lua_block {
      local t = grafana.spawn(narrow.get_dashboard, narrow, 1, "seed-00001")
      grafana.sleep(0.1)
      t:cancel()
      ngx.print(t:wait().reason)
    }
  }
  location = /keep {
    content_by_lua_block {
      kept = grafana.spawn(grafana.sleep, 0.5)
      pcall(kept.wait, kept)
      ngx.print("kept")
    }
  }
  location = /wait_for_kept {
    content_by_lua_block {
      local fine, problem = pcall(kept.wait, kept)
      ngx.print(tostring(fine), " ", tostring(problem))
    }
  }
  location = /killed {
    content_by_lua_block {
      local thread = ngx.thread.spawn(function()
        grafana.run(function()
          for i = 1, 3 do grafana.spawn(g.get_org, g, 1) end
          grafana.spawn(grafana.sleep, 0.3)
        end)
      end)
      ngx.sleep(0.1)
      ngx.print(tostring((ngx.thread.kill(thread))))
    }
  }
  location = /many {
    content_by_lua_block {
      local n = 0
      grafana.run(function()
        for i = 1, 2000 do
          grafana.spawn(function()
            grafana.sleep(0)
            n = n + 1
          end)
        end
      end)
      ngx.print(n)
    }
  }
  location = /filter {
    header_filter_by_lua_block {
      ngx.header["X-Run"] = tostring(select(2, pcall(grafana.run, function() end)))
      ngx.header["X-Spawn"] = tostring(select(2, pcall(grafana.spawn, function() end)))
    }
    return 200 "filtered";
  }
  location = /in_c {
    content_by_lua_block {
      local problem
      string.gsub("x", "x", function() problem = select(2, pcall(grafana.run, function() end)) end)
      ngx.print(tostring(problem))
    }
  }
  location = /timer {
    content_by_lua_block {
      local done
      ngx.timer.at(0, function()
        local rows = {{"get_org", 1}, {"get_orgs"}, {"get_user", 1}}
        local n = 0
        for _, r in ipairs(grafana.gather(g, rows)) do n = n + (r.ok and 1 or 0) end
        done = n
      end)
      while not done do ngx.sleep(0.01) end
      ngx.print(done)
    }
  }
]]

describe("tasks of a visitor's request", function()
  local standin, server

  setup(function()
    standin = days.start()
    days.fresh(standin)
    standin:seed {dashboards = 1}
    server = nginx_server.start {
      http = "lua_check_client_abort on;",
      init = [[
        grafana = require "grafana"
        local function connect(options)
          return grafana.connect("@URL@", {"admin", "@PASSWORD@"}, options)
        end
        g = connect {concurrency = 8}
        narrow = connect {concurrency = 1, timeout = 60000, deadline = 60000}
      ]],
      locations = LOCATIONS,
      values = {URL = standin.url, PASSWORD = days.PASSWORD},
    }
  end)
  teardown(function()
    server:stop()
    standin:stop()
  end)
  before_each(function()
    standin:clear_faults()
    standin:clear_log()
  end)

  local function body_of(path) return select(2, server:get(path)) end

  local function wait_until(what)
    for _ = 1, 500 do
      if what() then return end
      ngx.sleep(0.02)
    end
    error("it did not come about", 2)
  end

  it("gather, without stopping the worker", function()
    standin:fault {kind = "delay", path = "^/api/orgs/1", seconds = 0.2, times = 0}
    local thread = ngx.thread.spawn(body_of, "/gather")
    wait_until(function() return days.arrived(standin, "GET", "^/api/orgs/1") > 0 end)
    assert.equal("nil", body_of "/ended")   -- another visitor is served meanwhile
    assert.equal("20", select(2, ngx.thread.wait(thread)))
  end)

  it("can be spawned outside of run, and waited for by each other", function()
    assert.equal("ok, spawned outside of run", body_of "/spawned")
  end)

  it("that nobody waits for are carried out before the request ends", function()
    assert.equal("said", body_of "/not_waited")
    assert.equal("ok", body_of "/ended")
  end)

  it("end with a request that is left by ngx.exit", function()
    assert.equal(204, (server:get "/exits"))
    ngx.sleep(0.2)
    assert.equal("nil", body_of "/ended")
  end)

  it("tell nginx's log of an error that nobody waits for", function()
    assert.equal("somebody waits for this", body_of "/fails")
    local log = server:log()
    assert.matches("%[error%][^\n]*grafana%.task %d+ %(failed%): nobody waits for this", log)
    assert.is_nil(log:find("somebody waits for this", 1, true))
  end)

  it("go with a visitor who goes away, and their places in the window to others", function()
    for _ = 1, 3 do
      standin:clear_log()
      standin:fault {kind = "stall", path = "^/api/dashboards", seconds = 50}
      local visitor = server:visit "/slow_gather"
      wait_until(function() return days.arrived(standin, "GET", "^/api/dashboards") == 1 end)
      visitor:close()
      assert.equal("6", body_of "/slow_gather")
    end
  end)

  it("are cancelled in the midst of an answer, at once", function()
    standin:fault {kind = "stall", path = "^/api/dashboards", seconds = 50}
    assert.equal("cancelled", body_of "/cancel")
    assert.equal("6", body_of "/slow_gather")
  end)

  it("can be waited for by other requests only when they have ended", function()
    local visitor = server:visit "/keep"
    ngx.sleep(0.1)
    assert.matches("^false .*in the visitor's request in which it was spawned", body_of "/wait_for_kept")
    assert.matches("kept$", (visitor:receive "*a"))
    assert.equal("true nil", body_of "/wait_for_kept")
  end)

  it("whose thread is killed let the request end", function()
    assert.equal("1", body_of "/killed")
  end)

  it("may be many", function()
    assert.equal("2000", body_of "/many")
  end)

  it("run in timers", function()
    assert.equal("3", body_of "/timer")
  end)

  it("say where they cannot run, and what to do instead", function()
    local visitor = server:visit "/filter"
    local answer = visitor:receive "*a"
    assert.matches("X%-Run: grafana: no tasks can run here: .*header_filter_by_lua.*: call in", answer)
    assert.matches("X%-Spawn: [^\n]*no task can run here: .*header_filter_by_lua.*: call in", answer)
    assert.matches("grafana: no tasks can run here: .*inside a function that C calls", body_of "/in_c")
  end)
end)
