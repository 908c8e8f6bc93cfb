-- SPDX-License-Identifier: MIT
-- Data sources of bulk jobs: what is written is read back; secrets are known by name only; the default one comes last.

package.path = "./?.lua;./?/init.lua;" .. package.path

local grafana = require "grafana"
local days = require "spec.support.bad_days"
local kinds = require "spec.support.kinds"
local sources = require "grafana.bulk.kinds.datasources"

local array, object = grafana.array, grafana.object

-- A file form; `changes` take the place of some of it.
local function form(changes)
  local made = {
    uid = "p1", name = "Prometheus", type = "prometheus", access = "proxy", url = "http://127.0.0.1:9090", user = "",
    database = "", basicAuth = false, basicAuthUser = "", withCredentials = false, isDefault = false,
    jsonData = object {},
  }
  for name, value in pairs(changes or {}) do made[name] = value end
  return made
end

for _, version in ipairs {"9.3.2", "12.4.3"} do
  describe("data sources on " .. version .. ",", function()
    local server, world

    setup(function() server = days.start(version) end)
    teardown(function() server:stop() end)
    before_each(function() world = kinds.fresh(server) end)
    after_each(function() world:close() end)

    local function shown(uid) return grafana.check(world.g:get_datasource(1, uid)).datasource end

    local function last_sent(method)
      local sent = server:requests {method = method, path = "^/api/datasources"}
      return server.decode(sent[#sent].body)
    end

    it("what is written is read back, and an update in place too", function()
      world:trip(sources, form {
        url = "http://127.0.0.1:9090/x", user = "ann", database = "db", basicAuth = true, basicAuthUser = "bob",
        withCredentials = true, jsonData = object {httpMethod = "POST", list = array {}, more = {1, 2.5, grafana.null}},
      })
      local id = shown("p1").id
      world:trip(sources, form {name = "Other", jsonData = object {httpMethod = "GET"}})
      assert.equal(id, shown("p1").id)
    end)

    it("the second write finds nothing to change", function()
      local back = world:trip(sources, form {isDefault = true})
      assert.equal(kinds.object(sources, form {isDefault = true}):digest(), back:digest())
      assert.equal(1, #server:requests {method = "POST", path = "^/api/datasources$"})
    end)

    it("a plugin's old name is its new one, and is written as the server knows it", function()
      world:trip(sources, form {type = "grafana-postgresql-datasource"})
      assert.equal(version == "9.3.2" and "postgres" or "grafana-postgresql-datasource", shown("p1").type)
    end)

    it("40 of them are listed once each, singly read by several requests at once", function()
      for i = 1, 40 do assert(world:write(sources, form {uid = "u" .. i, name = "N" .. i}).ok) end
      server:clear_log()
      server:fault {kind = "delay", seconds = 0.02, path = "^/api/datasources/uid/", times = 0}
      assert.equal(40, world:count(sources))
      assert.is_true(server:most_at_once() > 1)
    end)

    it("one that goes while they are listed is left out, one that cannot be read is named", function()
      for _, uid in ipairs {"a", "b", "c"} do assert(world:write(sources, form {uid = uid, name = uid}).ok) end
      local gone = '{"message":"Data source not found"}'
      server:fault {kind = "status", code = 404, body = gone, path = "/uid/a$", times = 0}
      server:fault {kind = "status", code = 403, body = '{"message":"no"}', path = "/uid/b$", times = 0}
      local all, failed, r = world:list(sources)
      assert.is_true(r.ok)
      assert.is_nil(all.a)
      assert.is_truthy(all.c)
      assert.equal(1, #failed)
      assert.same({"b", "b", "access-denied"}, {failed[1][1], failed[1][2], failed[1][3].status})
    end)

    describe("secrets:", function()
      local SECRET, PASSWORD = "s3cret-of-somebody", "pass@of:somebody"

      local function with(names)
        world.options = {secret = function(q) return names[q.name] end}
        return world:forget()
      end

      it("are asked for by name, sent, and never seen again", function()
        local asked
        world.options = {secret = function(q)
          asked = q
          return SECRET
        end}
        world:forget()
        local wanted = form {basicAuth = true, basicAuthUser = "u", secrets = array {"basicAuthPassword"}}
        local back = world:trip(sources, wanted)
        assert.same({"datasources", "Main Org.", "p1", "Prometheus", "basicAuthPassword"},
          {asked.kind, asked.org, asked.key, asked.title, asked.name})
        assert.same({"basicAuthPassword"}, back.secrets)
        assert.equal(SECRET, last_sent("POST").secureJsonData.basicAuthPassword)
        assert.is_nil(days.leak({back, back:text(), tostring(back), (world:list(sources))}, {SECRET}))
      end)

      it("that nobody gives are told, and the data source is made without them", function()
        local r = world:write(sources, form {secrets = array {"basicAuthPassword", "other"}})
        assert.is_true(r.ok)
        assert.same({"basicAuthPassword", "other"}, r.missing_secrets)
        assert.is_nil(last_sent("POST").secureJsonData)
      end)

      it("are kept by an update that does not name them", function()
        with {a = SECRET}
        assert(world:write(sources, form {secrets = array {"a"}}).ok)
        with {}
        local r = world:write(sources, form {name = "Other", secrets = array {"a"}})
        assert.is_true(r.ok)
        assert.is_nil(r.missing_secrets)
        assert.same({"a"}, sources.read(world.at, "p1").secrets)
        assert.is_nil(last_sent("PUT").secureJsonData)
      end)

      it("in a url are taken out of it", function()
        grafana.check(world.g:create_datasource(1, {
          name = "x", uid = "x", type = "loki", access = "proxy", url = "http://u:" .. SECRET .. "@h:9/p?q=a@b",
        }))
        local back = sources.read(world.at, "x")
        assert.equal("http://u@h:9/p?q=a@b", back.doc:get("url"))
        assert.same({"url"}, back.secrets)
        assert.is_nil(days.leak({back, back:text()}, {SECRET}))
      end)

      it("in a url are given as a password or as the whole url", function()
        local wanted = form {url = "http://u@h:9/p", secrets = array {"url"}}
        with {url = PASSWORD}
        world:trip(sources, wanted)
        assert.equal("http://u:pass%40of%3Asomebody@h:9/p", shown("p1").url)
        with {url = "http://u:" .. SECRET .. "@h:9/p"}
        assert(world:write(sources, wanted).ok)
        assert.equal("http://u:" .. SECRET .. "@h:9/p", shown("p1").url)
      end)

      it("in a url are kept by an update, and missing in a new one", function()
        with {url = PASSWORD}
        local wanted = form {url = "http://u@h:9/p", secrets = array {"url"}}
        assert(world:write(sources, wanted).ok)
        with {}
        wanted.name = "Other"
        assert.is_nil(world:write(sources, wanted).missing_secrets)
        assert.equal("http://u:pass%40of%3Asomebody@h:9/p", shown("p1").url)
        wanted.uid, wanted.name = "p2", "P2"
        assert.same({"url"}, world:write(sources, wanted).missing_secrets)
        assert.equal("http://u@h:9/p", shown("p2").url)
      end)
    end)

    it("secrets that only the target has stay with an update", function()
      grafana.check(world.g:create_datasource(1, {
        name = "x", uid = "p1", type = "prometheus", access = "proxy", url = "http://u:its-own@127.0.0.1:9090",
        secureJsonData = {own = "s"},
      }))
      local r = world:write(sources, form {url = "http://u@127.0.0.1:9090", jsonData = object {a = 1}})
      assert.is_true(r.ok)
      assert.equal("http://u:its-own@127.0.0.1:9090", shown("p1").url)
      assert.same({"own", "url"}, sources.read(world.at, "p1").secrets)
      assert(world:write(sources, form {url = "http://u@elsewhere:9090"}).ok)
      assert.equal("http://u@elsewhere:9090", shown("p1").url, "a password is for one address")
    end)

    it("secrets that neither side knows are missing after an update too", function()
      assert(world:write(sources, form()).ok)
      assert.same({"a"}, world:write(sources, form {name = "Other", secrets = array {"a"}}).missing_secrets)
    end)

    describe("the default one", function()
      -- As a plan does: rank after rank, whatever their order otherwise.
      local function restore(forms)
        for rank = 0, 1 do
          for _, each in ipairs(forms) do
            local about = each.isDefault and {default = true} or nil
            if sources.rank(about) == rank then assert(world:write(sources, each).ok) end
          end
        end
      end

      it("is the source's, and no other", function()
        local b, a, c = {uid = "b", name = "B", isDefault = true}, {uid = "a", name = "A"}, {uid = "c", name = "C"}
        restore {form(b), form(a), form(c)}
        for uid, each in pairs((world:list(sources))) do
          assert.equal(uid == "b", each.doc:get("isDefault"))
          assert.equal(uid == "b" and 1 or 0, sources.rank(each.about))
        end
      end)

      it("is none where the source has none", function()
        restore {form {uid = "a", name = "A"}}
        assert.is_false(shown("a").isDefault)
      end)

      it("changes hands", function()
        local one, other = form {uid = "a", name = "A", isDefault = true}, form {uid = "b", name = "B"}
        restore {one, other}
        one.isDefault, other.isDefault = false, true
        restore {one, other}
        local all = world:list(sources)
        assert.equal(kinds.object(sources, one):digest(), all.a:digest())
        assert.equal(kinds.object(sources, other):digest(), all.b:digest())
      end)
    end)

    it("one that was changed since is not written over", function()
      assert(world:write(sources, form()).ok)
      local now = sources.read(world.at, "p1")
      assert(world:write(sources, form {name = "By somebody"}).ok)
      assert(world:write(sources, form {name = "By somebody else"}).ok)
      local r = sources.write(world.at, kinds.object(sources, form {name = "Mine"}), now)
      assert.equal("already-exists", r.status)
      assert.equal("version-mismatch", r.reason)
      assert.equal("By somebody else", shown("p1").name)
    end)

    it("a name that another one has is said so", function()
      assert(world:write(sources, form()).ok)
      assert(world:write(sources, form {uid = "p2", name = "Second"}).ok)
      for _, uid in ipairs {"p2", "p3"} do
        local r = world:write(sources, form {uid = uid})
        assert.equal("already-exists", r.status, tostring(r))
        assert.equal("name-exists", r.reason)
      end
    end)

    it("one that is provisioned is listed, but neither written nor deleted", function()
      assert(world:write(sources, form()).ok)
      server:provision {uid = "p1"}
      server:clear_log()
      local now = world:list(sources).p1
      local r = sources.write(world.at, kinds.object(sources, form {name = "Mine"}), now)
      assert.equal("access-denied", r.status)
      assert.matches("provisioned", r.message)
      assert.equal("access-denied", sources.delete(world.at, now).status)
      assert.equal(0, #server:requests {method = "PUT"} + #server:requests {method = "DELETE"})
      assert.equal(kinds.object(sources, form {isDefault = shown("p1").isDefault}):digest(), now:digest())
    end)

    it("one is deleted", function()
      assert(world:write(sources, form()).ok)
      assert.is_true(sources.delete(world.at, sources.read(world.at, "p1")).ok)
      assert.is_nil(sources.read(world.at, "p1"))
    end)

    it("others that its settings name are found and swapped", function()
      local wanted = kinds.object(sources, form {jsonData = object {
        alertmanagerUid = "am", tracesToLogsV2 = {datasourceUid = "logs"}, derivedFields = {{datasourceUid = "tempo"}},
        name = "logs", datasourceUid = grafana.null,
      }})
      local seen = {}
      local value = sources.references(wanted.doc, function(kind, key)
        seen[#seen + 1] = kind .. " " .. key
        return key == "logs" and "new" or nil
      end)
      table.sort(seen)
      assert.same({"datasources am", "datasources logs", "datasources tempo"}, seen)
      assert.equal("new", value:get("jsonData", "tracesToLogsV2", "datasourceUid"))
      assert.equal("logs", value:get("jsonData", "name"))
    end)
  end)
end
