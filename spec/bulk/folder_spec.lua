-- SPDX-License-Identifier: MIT
-- A backup's folder: what its files are called, that an unchanged server changes nothing, that nothing which a server
-- says leads out of it, and that what people and git did to it is told.

local core = require "grafana.core"
local folder = require "grafana.bulk.folder"
local names = require "grafana.bulk.file_names"
local objects = require "grafana.bulk.objects"
local scratch = require "spec.support.scratch"

local files = core.files
local dir

-- Kinds of a simple make, named as real ones are.
local function fake(name, one, key)
  local function field(which) return function(value) return core.get(value, which) end end
  return {name = name, one = one, key = field(key), title = field "title"}
end

local kinds = {
  dashboards = fake("dashboards", "dashboard", "uid"), teams = fake("teams", "team", "uid"),
  users = fake("users", "user", "uid"), organisations = fake("organisations", "organisation", "name"),
}
local loaded = {}

setup(function()
  for name, kind in pairs(kinds) do
    local module = "grafana.bulk.kinds." .. name
    loaded[module], package.loaded[module] = package.loaded[module] or false, kind
  end
end)
teardown(function()
  for module, value in pairs(loaded) do package.loaded[module] = value or nil end
end)
before_each(function() dir = scratch.folder() .. "/backup" end)
after_each(function() scratch.clear() end)

local function dashboard(uid, title, more)
  return objects.new(kinds.dashboards, {uid = uid, title = title, more = more})
end

local function organisation(name) return objects.new(kinds.organisations, {name = name}) end

local function tree(path)
  local text = scratch.run(("cd '%s' && find . -type f ! -name manifest.json | sort"):format(path or dir))
  local list = {}
  for name in text:gmatch "[^\n]+" do list[#list + 1] = name:sub(3) end
  return list
end

-- The texts of all files but the manifest.
local function contents(path)
  local all = {}
  for _, name in ipairs(tree(path)) do all[name] = scratch.get((path or dir) .. "/" .. name) end
  return all
end

local ORG = "organisations/" .. names.organisation "Main Org."

-- A backup of dashboards of one organisation, all of them listed.
local function back_up(list, where)
  local store = assert(folder.create(where or dir))
  assert(store:put("organisations", nil, organisation "Main Org."))
  for _, object in ipairs(list) do assert(store:put("dashboards", "Main Org.", object)) end
  store:whole "organisations"
  store:whole("dashboards", "Main Org.")
  assert(store:finish {server = "https://grafana.example.com"})
  return store
end

local function read_all(store, kind, org)
  local found, failed = {}, {}
  local whole = store:each(kind or "dashboards", org or "Main Org.",
    function(object) found[object.key] = object.doc:get("more") or object.title end,
    function(path, message) failed[path] = message end)
  return found, whole, failed
end

local function notes(store)
  local found = {}
  for _, note in ipairs(store.notes) do found[note.path] = note.what end
  return found
end

describe("names of files", function()
  it("are made of the title's letters, digits and dashes, and the key", function()
    for title, slug in pairs {
      ["Node Exporter (v2)"] = "node-exporter-v2", ["../../etc/passwd"] = "etc-passwd", [""] = "untitled",
      ["日本"] = "untitled", ["Übersicht: Größe"] = "uebersicht-groesse", ["ÉCOLE Łódź"] = "ecole-lodz",
      ["-rf *"] = "rf", ["a\0b\27[2J\n"] = "a-b-2j", ["…"] = "untitled",
      [("ab "):rep(100)] = ("ab-"):rep(20):sub(1, 59), [("x"):rep(100)] = ("x"):rep(60), ["\255"] = "untitled",
    } do
      assert.equal(slug, names.slug(title))
    end
    assert.equal("untitled", names.slug(nil))
    assert.equal("ops-aB_c-9", names.file("Ops", "aB_c-9", 1))
  end)

  it("hold a digest in place of keys that could be more than a name", function()
    for _, key in ipairs {"../x", "a/b", "", ".", "..", "a b", "a.json", ("x"):rep(41), "é", "a\0b", "\n"} do
      assert.equal("t-" .. files.sha256(key):sub(1, 12), names.file("T", key, 1))
    end
    assert.equal("t-" .. ("x"):rep(40), names.file("T", ("x"):rep(40), 1))
  end)

  it("tell in which form they are", function()
    for form = 1, names.FORMS do
      local got, base = names.form_of(names.file("T", "Key", form), "Key")
      assert.are.same({form, "t-Key"}, {got, base})
    end
    assert.equal(1, (names.form_of("t-12345678", "Key")))
  end)

  it("of organisations are told apart by a digest", function()
    assert.equal("main-org-" .. files.sha256("Main Org."):sub(1, 8), names.organisation "Main Org.")
    assert.are_not.equal(names.organisation "Main Org.", names.organisation "main org")
  end)
end)

describe("a backup", function()
  it("has one file an object: pretty, sorted, with the end of its last line, for its owner only", function()
    local store = assert(folder.create(dir))
    assert(store:put("organisations", nil, organisation "Main Org."))
    local digest, path, written = store:put("dashboards", "Main Org.", dashboard("abc", "Node", {1, 2}))
    assert(store:put("users", nil, objects.new(kinds.users, {uid = "ann@example.com", title = "Ann"})))
    assert(store:finish {server = "s"})
    assert.equal(ORG .. "/dashboards/node-abc.json", path)
    assert.is_true(written)
    assert.are.same({ORG .. "/dashboards/node-abc.json", ORG .. "/organisation.json",
      "users/ann-" .. files.sha256("ann@example.com"):sub(1, 12) .. ".json"}, tree())
    local text = '{\n  "more": [\n    1,\n    2\n  ],\n  "title": "Node",\n  "uid": "abc"\n}\n'
    assert.equal(text, scratch.get(dir .. "/" .. path))
    assert.equal(files.sha256(text), digest)
    assert.equal("", scratch.run("find '" .. dir .. "' -type d ! -perm 700 -o -type f ! -perm 600"))
  end)

  it("has a manifest of one line a file, in order, with what the caller says and the counts", function()
    back_up {dashboard("b", "B"), dashboard("a", "A")}
    local text = scratch.get(dir .. "/manifest.json")
    local manifest = core.decode(text)
    assert.equal(1, manifest.format)
    assert.equal("https://grafana.example.com", manifest.server)
    assert.are.same({dashboards = 2, organisations = 1}, manifest.counts)
    local paths = {}
    for i, entry in ipairs(manifest.files) do
      paths[i] = entry.path
      assert.equal(files.digest(dir .. "/" .. entry.path), entry.sha256)
    end
    assert.are.same({ORG .. "/organisation.json", ORG .. "/dashboards/a-a.json", ORG .. "/dashboards/b-b.json"}, paths)
    assert.are.same({key = "a", kind = "dashboards", org = "Main Org.", path = paths[2],
      sha256 = manifest.files[2].sha256}, manifest.files[2])
    assert.equal(3, select(2, text:gsub('\n    {"key"', "")))
  end)

  it("of nothing is one too", function()
    local store = folder.create(dir)
    assert(store:finish())
    assert.are.same({}, tree())
    assert.are.same({}, assert(folder.open(dir)):orgs())
  end)

  it("of an unchanged server changes no file, whatever the order", function()
    local list = {dashboard("a", "A"), dashboard("b", "B"), dashboard("c", "C")}
    back_up(list)
    local before, manifest = contents(), scratch.get(dir .. "/manifest.json")
    local inodes = scratch.run("cd '" .. dir .. "' && ls -1iR organisations")
    local store = back_up {list[3], list[1], list[2]}
    assert.are.same(before, contents())
    assert.equal(manifest, scratch.get(dir .. "/manifest.json"))
    assert.equal(inodes, scratch.run("cd '" .. dir .. "' && ls -1iR organisations"))
    assert.are.same({written = 0, unchanged = 4, kept = 0, removed = 0}, store.counts)
  end)

  it("loses what is gone, and the former files of what has another title", function()
    back_up {dashboard("a", "A"), dashboard("b", "B")}
    local store = back_up {dashboard("b", "Beta")}
    assert.are.same({ORG .. "/dashboards/beta-b.json", ORG .. "/organisation.json"}, tree())
    assert.equal(1, store.counts.removed)
    assert.are.same({}, folder.verify(dir))
  end)

  it("keeps what was not listed whole", function()
    back_up {dashboard("a", "A"), dashboard("b", "B")}
    local store = folder.create(dir)
    store:put("dashboards", "Main Org.", dashboard("b", "B", "new"))
    assert(store:finish())
    assert.are.same({ORG .. "/dashboards/a-a.json", ORG .. "/dashboards/b-b.json", ORG .. "/organisation.json"}, tree())
    assert.are.same({a = "A", b = "new"}, (read_all(folder.open(dir))))
  end)

  it("loses organisations that are gone with all that is in them, and their folders", function()
    local store = folder.create(dir)
    for _, org in ipairs {"One", "Two"} do
      store:put("organisations", nil, organisation(org))
      store:put("dashboards", org, dashboard("a", "A"))
    end
    assert(store:finish())
    store = folder.create(dir)
    store:put("organisations", nil, organisation "Two")
    store:whole "organisations"
    assert(store:finish())
    assert.are.same({"Two"}, folder.open(dir):orgs())
    assert.are.same({names.organisation "Two"}, files.list(dir .. "/organisations"))
    assert.are.same({a = "A"}, (read_all(folder.open(dir), "dashboards", "Two")))
  end)

  it("removes nothing that is not in its manifest", function()
    back_up {dashboard("a", "A")}
    scratch.put(dir .. "/README.md", "mine")
    scratch.put(dir .. "/" .. ORG .. "/dashboards/mine.json", "{}")
    scratch.run(("mkdir '%s/.git'; touch '%s/.git/HEAD'"):format(dir, dir))
    back_up {}
    assert.are.same({".git/HEAD", "README.md", ORG .. "/dashboards/mine.json", ORG .. "/organisation.json"}, tree())
  end)

  it("goes into a folder that is empty, but for what is hidden, or a backup", function()
    files.make_dirs(dir)
    scratch.put(dir .. "/.gitignore", "x")
    scratch.run("chmod 755 '" .. dir .. "'")
    back_up {dashboard("a", "A")}
    assert.equal("700", scratch.mode(dir))
    local other = scratch.folder()
    scratch.put(other .. "/thesis.tex", "x")
    local none, message = folder.create(other)
    assert.is_nil(none)
    assert.equal(other .. ": is not empty, and no backup (manifest.json is missing)", message)
    assert.are.same({"thesis.tex"}, files.list(other))
    none, message = folder.create(other .. "/thesis.tex")
    assert.is_nil(none)
    assert.is_truthy(message:find("thesis.tex", 1, true))
  end)

  it("is written by one at a time", function()
    local store = folder.create(dir)
    local none, message = folder.create(dir)
    assert.is_nil(none)
    assert.equal(dir .. ": another backup is writing there", message)
    store:close()
    store = assert(folder.create(dir))
    assert(store:finish())
    assert(folder.create(dir)):close()
    assert.are.same({"manifest.json"}, files.list(dir))
    assert.has_error(function() store:put("dashboards", "Main Org.", dashboard("a", "A")) end)
  end)

  it("is refused where a newer version wrote it, or something else", function()
    for text, words in pairs {
      ['{"format": 2, "files": []}'] = "newer version of this library (format 2, this one reads 1)",
      ['{"name": "npm"}'] = "is no manifest of a backup", ["{"] = "unexpected", ['[1]'] = "is no manifest",
    } do
      files.make_dirs(dir)
      scratch.put(dir .. "/manifest.json", text)
      for _, open in ipairs {folder.create, folder.open, folder.verify} do
        local none, message = open(dir)
        assert.is_nil(none)
        assert.is_truthy(message:find(words, 1, true), message)
      end
      assert.equal(text, scratch.get(dir .. "/manifest.json"))
    end
    local none, message = folder.open(dir .. "/none")
    assert.is_nil(none)
    assert.equal(dir .. "/none: is no backup (manifest.json is missing)", message)
  end)

  it("says which file could not be written, and goes on with others", function()
    local store = folder.create(dir)
    files.make_dirs(dir .. "/" .. ORG .. "/dashboards/a-a.json")
    local none, message = store:put("dashboards", "Main Org.", dashboard("a", "A"))
    assert.is_nil(none)
    assert.is_truthy(message:find("/a-a.json: ", 1, true), message)
    assert(store:put("dashboards", "Main Org.", dashboard("b", "B")))
    assert(store:finish())
    assert.are.same({ORG .. "/dashboards/b-b.json"}, tree())
  end)

  it("knows kinds, and organisations by their names", function()
    local store = folder.create(dir)
    for _, args in ipairs {{"widgets", "Main Org."}, {"dashboards"}, {"../x", "Main Org."}, {{}, "Main Org."}} do
      assert.has_error(function() store:put(args[1], args[2], dashboard("a", "A")) end)
    end
    assert(store:put(kinds.dashboards, "Main Org.", dashboard("a", "A")))
    store:close()
  end)
end)

describe("objects whose names are alike", function()
  local function name(uid) return ("%s/dashboards/t-%s-%s.json"):format(ORG, uid, files.sha256(uid):sub(1, 8)) end

  it("but for capitals all have a digest, whichever comes first", function()
    local list = {dashboard("abc", "T"), dashboard("ABC", "T"), dashboard("aBc", "t")}
    local expected = {name "ABC", name "aBc", name "abc", ORG .. "/organisation.json"}
    local before
    for _, order in ipairs {{1, 2, 3}, {3, 2, 1}, {2, 1, 3}} do
      local path = scratch.folder()
      back_up({list[order[1]], list[order[2]], list[order[3]]}, path)
      assert.are.same(expected, tree(path))
      assert.are.same({}, folder.verify(path))
      before = before or contents(path)
      assert.are.same(before, contents(path))
    end
  end)

  it("because the title of one goes on in the key of the other are told apart", function()
    local list = {dashboard("b-c", "a"), dashboard("c", "a b"), dashboard("d", "x")}
    back_up(list)
    back_up {list[2], list[3], list[1]}
    assert.are.same({}, folder.verify(dir))
    assert.are.same({["b-c"] = "a", c = "a b", d = "x"}, (read_all(folder.open(dir))))
    assert.equal(4, #tree())
  end)

  it("are told apart when the second comes with a later backup, and stay so when it has gone", function()
    back_up {dashboard("abc", "T")}
    back_up {dashboard("ABC", "T"), dashboard("abc", "T")}
    assert.are.same({name "ABC", name "abc", ORG .. "/organisation.json"}, tree())
    local store = back_up {dashboard("abc", "T")}
    assert.are.same({name "abc", ORG .. "/organisation.json"}, tree())
    assert.equal(0, store.counts.written)
  end)

  it("are told apart from those that are kept", function()
    back_up {dashboard("abc", "T"), dashboard("ABC", "T")}
    for _, kept_first in ipairs {true, false} do
      local store = folder.create(dir)
      local function keep()
        for _, uid in ipairs {"abc", "ABC"} do assert.is_true(store:keep("dashboards", "Main Org.", uid)) end
      end
      if kept_first then keep() end
      assert(store:put("dashboards", "Main Org.", dashboard("AbC", "T")))
      if not kept_first then keep() end
      assert(store:finish())
      assert.are.same({name "ABC", name "AbC", name "abc", ORG .. "/organisation.json"}, tree())
      assert.are.same({}, folder.verify(dir))
    end
  end)

  it("even by somebody's intent never share a file", function()
    local uid = "u"
    local digest = files.sha256(uid):sub(1, 8)
    local list = {
      dashboard("u", "T"), dashboard("U", "T"), dashboard("u-" .. digest, "T"), dashboard(digest, "T u"),
      dashboard("U-" .. digest:upper(), "T"),
    }
    for i = 1, #list do
      local path, order = scratch.folder(), {}
      for k = 1, #list do order[k] = list[(i + k) % #list + 1] end
      back_up(order, path)
      local found, whole = read_all(folder.open(path))
      local count = 0
      for _ in pairs(found) do count = count + 1 end
      assert.are.same({5, true}, {count, whole})
      assert.equal(6, #tree(path))
      assert.are.same({}, folder.verify(path))
    end
  end)
end)

describe("bringing a backup up to date", function()
  it("keeps what is unchanged, and tells what was known of it", function()
    local store = folder.create(dir)
    store:put("dashboards", "Main Org.", dashboard("a", "A"), {resourceVersion = "17", identity = "x"})
    store:put("dashboards", "Main Org.", dashboard("b", "B"))
    assert(store:finish())
    local manifest = scratch.get(dir .. "/manifest.json")
    assert.is_false(folder.create(scratch.folder()):has("dashboards", "Main Org."))
    store = folder.create(dir)
    assert.is_true(store:has("dashboards", "Main Org."))
    assert.is_false(store:has("dashboards", "Elsewhere"))
    assert.are.same({resourceVersion = "17", identity = "x"}, store:known("dashboards", "Main Org.", "a"))
    assert.is_nil(store:known("dashboards", "Main Org.", "b"))
    assert.is_nil(store:known("dashboards", "Main Org.", "c"))
    assert.is_true(store:keep("dashboards", "Main Org.", "a"))
    assert.is_true(store:keep("dashboards", "Main Org.", "b"))
    assert.is_false(store:keep("dashboards", "Main Org.", "c"))
    store:whole("dashboards", "Main Org.")
    assert(store:finish())
    assert.equal(manifest, scratch.get(dir .. "/manifest.json"))
    assert.are.same({resourceVersion = "17", identity = "x"}, folder.open(dir):known("dashboards", "Main Org.", "a"))
  end)

  it("keeps nothing that was changed or removed by hand", function()
    back_up {dashboard("a", "A"), dashboard("b", "B"), dashboard("c", "C")}
    scratch.put(dir .. "/" .. ORG .. "/dashboards/a-a.json", '{"uid": "a"}\n')
    files.remove(dir .. "/" .. ORG .. "/dashboards/b-b.json")
    local store = folder.create(dir)
    assert.is_false(store:keep("dashboards", "Main Org.", "a"))
    assert.is_false(store:keep("dashboards", "Main Org.", "b"))
    assert.is_true(store:keep("dashboards", "Main Org.", "c"))
    store:close()
  end)

  it("writes again what was changed by hand", function()
    back_up {dashboard("a", "A")}
    local before = contents()
    scratch.put(dir .. "/" .. ORG .. "/dashboards/a-a.json", '{"uid": "a"}\n')
    back_up {dashboard("a", "A")}
    assert.are.same(before, contents())
  end)
end)

describe("a backup that does not finish", function()
  -- As kill -9 would leave it: neither finish() nor close() was called.
  local function crash(store)
    store.file:close()
    store.file = nil
  end

  it("leaves the former manifest, and the next one goes on from there", function()
    back_up {dashboard("a", "A"), dashboard("b", "B")}
    local store = folder.create(dir)
    store:put("dashboards", "Main Org.", dashboard("a", "A", "new"))
    store:put("dashboards", "Main Org.", dashboard("c", "C"))
    scratch.put(dir .. "/" .. ORG .. "/dashboards/.new-123", "half")
    crash(store)
    local reader = folder.open(dir)
    assert.are.same({a = "new", b = "B", c = "C"}, (read_all(reader)))
    assert.are.same({[".unfinished"] = "unfinished", [ORG .. "/dashboards/a-a.json"] = "changed",
      [ORG .. "/dashboards/c-c.json"] = "added"}, notes(reader))
    back_up {dashboard("a", "A")}   -- c was deleted on the server meanwhile
    assert.are.same({ORG .. "/dashboards/a-a.json", ORG .. "/organisation.json"}, tree())
    assert.are.same({}, folder.verify(dir))
    assert.are.same({}, folder.open(dir).notes)
  end)

  it("may be the first one", function()
    local store = folder.create(dir)
    store:put("organisations", nil, organisation "Gone")
    store:put("dashboards", "Gone", dashboard("z", "Z"))
    store:put("dashboards", "Main Org.", dashboard("a", "A"))
    crash(store)
    assert.is_nil((folder.open(dir)))
    back_up {dashboard("b", "B")}
    assert.are.same({ORG .. "/dashboards/b-b.json", ORG .. "/organisation.json"}, tree())
  end)

  it("loses nothing of what the next one cannot list", function()
    local store = folder.create(dir)
    store:put("dashboards", "Main Org.", dashboard("a", "A"))
    crash(store)
    store = folder.create(dir)
    store:put("organisations", nil, organisation "Main Org.")
    store:whole "organisations"
    assert(store:finish())
    assert.are.same({a = "A"}, (read_all(folder.open(dir))))
  end)

  it("at a title that changes doubles nothing", function()
    back_up {dashboard("a", "A")}
    local store = folder.create(dir)
    store:put("dashboards", "Main Org.", dashboard("a", "A2"))
    scratch.put(dir .. "/" .. ORG .. "/dashboards/a-a.json", "{}")   -- as if the former file had not gone yet
    crash(store)
    back_up {dashboard("a", "A3")}
    assert.are.same({ORG .. "/dashboards/a3-a.json", ORG .. "/organisation.json"}, tree())
  end)

  it("leaves a list that leads nowhere else", function()
    local store = folder.create(dir)
    store:put("dashboards", "Main Org.", dashboard("a", "A"))
    crash(store)
    scratch.put(dir .. "/../victim.json", "mine")
    local list = scratch.get(dir .. "/.unfinished")
    scratch.put(dir .. "/.unfinished", list .. "../victim.json\norganisations/../../victim.json\n/etc/passwd\nhal")
    back_up {}
    assert.equal("mine", scratch.get(dir .. "/../victim.json"))
    assert.are.same({ORG .. "/organisation.json"}, tree())
  end)

  it("because it was killed at any moment leaves no trace in the next", function()
    local lua = (os.getenv "GRAFANA_LUA" or ""):match "' (%S+) release$"
    if not lua or lua == "nginx" then return pending("needs an interpreter without sanitizers") end
    local expected = scratch.folder()
    local child = ("%s spec/bulk/backup_child.lua '%%s' %%s"):format(lua)
    scratch.run(child:format(expected, "last"))
    scratch.run(child:format(dir, "first"))
    local killed, delay, ended = 0, 0.005, false
    while not ended do   -- a little later each time, until it gets to its end
      local run = ("{ timeout -s KILL %.3f %s; echo $?; } 2>/dev/null"):format(delay, child:format(dir, "first"))
      ended = scratch.run(run) == "0"
      delay = delay * 1.15
      if scratch.get(dir .. "/.unfinished") then killed = killed + 1 end
      assert.is_not_nil(assert(folder.open(dir)))
      assert.equal("", scratch.run(child:format(dir, "last")))
      assert.are.same({}, folder.verify(dir))
      assert.are.same(contents(expected), contents())
      assert.equal(scratch.get(expected .. "/manifest.json"), scratch.get(dir .. "/manifest.json"))
    end
    assert.is_true(killed > 0)
  end)

  it("is not taken for one where the list is somebody else's", function()
    files.make_dirs(dir)
    scratch.put(dir .. "/.unfinished", "symphony")
    local none, message = folder.create(dir)
    assert.is_nil(none)
    assert.equal(dir .. "/.unfinished: is no file of a backup", message)
    assert.equal("symphony", scratch.get(dir .. "/.unfinished"))
  end)
end)

describe("reading a backup", function()
  it("gives each object once, as a document, with its file", function()
    back_up {dashboard("a", "A", {1}), dashboard("b", "B")}
    local store = assert(folder.open(dir .. "/"))
    assert.equal("https://grafana.example.com", store.manifest.server)
    assert.are.same({"Main Org."}, store:orgs())
    local seen = {}
    assert.is_true(store:each("dashboards", "Main Org.", function(object)
      assert.equal(kinds.dashboards, object.kind)
      seen[#seen + 1] = {object.key, object.title, object.file, object.doc:get("more", 1)}
    end))
    assert.are.same({{"a", "A", ORG .. "/dashboards/a-a.json", 1}, {"b", "B", ORG .. "/dashboards/b-b.json"}}, seen)
    assert.is_true(store:each(kinds.organisations, nil, function(object) seen[3] = object.key end))
    assert.equal("Main Org.", seen[3])
    local teams, whole = read_all(store, "teams")
    assert.are.same({{}, true}, {teams, whole})
    assert.are.same({}, store.notes)
    assert.equal("A", store:read("dashboards", "Main Org.", "a").title)
    assert.is_nil(store:read("dashboards", "Main Org.", "c"))
    assert.is_nil(store:read("dashboards", "Elsewhere", "a"))
    assert.equal("Main Org.", store:read("organisations", nil, "Main Org.").key)
  end)

  it("takes what was changed, added or renamed by hand as it is, and says so", function()
    back_up {dashboard("a", "A"), dashboard("b", "B"), dashboard("c", "C"), dashboard("d", "D")}
    local place = ORG .. "/dashboards/"
    scratch.put(dir .. "/" .. place .. "a-a.json", '{"uid": "a", "title": "A", "more": "edited"}')
    scratch.put(dir .. "/" .. place .. "My own.json", '{"uid": "e", "title": "E"}')
    files.rename(dir .. "/" .. place .. "b-b.json", dir .. "/" .. place .. "renamed.json")
    files.remove(dir .. "/" .. place .. "c-c.json")
    local store = folder.open(dir)
    local found, whole, failed = read_all(store)
    assert.are.same({a = "edited", b = "B", d = "D", e = "E"}, found)
    assert.are.same({}, failed)
    assert.is_false(whole)
    local expected = {[place .. "a-a.json"] = "changed", [place .. "My own.json"] = "added",
      [place .. "renamed.json"] = "added", [place .. "c-c.json"] = "missing"}
    assert.are.same(expected, notes(store))
    read_all(store)
    assert.are.same(expected, notes(store))
    assert.equal(4, #store.notes)
    assert.equal("edited", store:read("dashboards", "Main Org.", "a").doc:get "more")
    assert.equal("B", store:read("dashboards", "Main Org.", "b").title)
    assert.equal("E", store:read("dashboards", "Main Org.", "e").title)
    assert.is_nil(store:read("dashboards", "Main Org.", "c"))
    local verified = {}
    for _, row in ipairs(folder.verify(dir)) do verified[row.path] = row.what end
    assert.are.same({[place .. "a-a.json"] = "changed", [place .. "b-b.json"] = "missing",
      [place .. "c-c.json"] = "missing"}, verified)
  end)

  it("leaves out what is damaged, what describes an object twice, and links, by name", function()
    back_up {dashboard("a", "A"), dashboard("b", "B")}
    local place = ORG .. "/dashboards/"
    scratch.put(dir .. "/" .. place .. "a-a.json", '{"uid": ')
    scratch.put(dir .. "/" .. place .. "a-copy-of-b.json", '{"uid": "b", "title": "B2"}')
    scratch.put(dir .. "/" .. place .. "list.json", "[1]")
    scratch.put(dir .. "/" .. place .. "number.json", '{"uid": 5}')
    scratch.run(("ln -s /etc/passwd '%s/%slink.json'"):format(dir, place))
    scratch.put(dir .. "/" .. place .. ".hidden.json", "{}")
    scratch.put(dir .. "/" .. place .. "README", "text")
    local store = folder.open(dir)
    local found, whole, failed = read_all(store)
    assert.are.same({b = "B"}, found)
    assert.is_false(whole)
    local said = {}
    for path, message in pairs(failed) do said[path:sub(#place + 1)] = message:sub(#dir + 2 + #path + 2) end
    assert.are.same({
      ["a-a.json"] = "unexpected end of data at offset 8", ["list.json"] = "describes no dashboard",
      ["a-copy-of-b.json"] = "describes the same dashboard as " .. place .. "b-b.json",
      ["number.json"] = "describes no dashboard", ["link.json"] = "Is a symbolic link, or behind too many of them",
    }, said)
    for _, note in ipairs(store.notes) do assert.equal(note.path .. ": ", note.message:sub(1, #note.path + 2)) end
  end)

  it("never leads out of the folder, whatever the manifest says", function()
    back_up {dashboard("a", "A")}
    scratch.put(dir .. "/../secret.json", '{"uid": "s", "title": "S"}')
    local digest = files.digest(dir .. "/../secret.json")
    local entries = {}
    for i, path in ipairs {"../secret.json", ORG .. "/dashboards/../../../../secret.json", "/etc/passwd",
      "organisations/../dashboards/secret.json", "secret.json", ".git/config.json", ""} do
      entries[i] = {key = "s" .. i, kind = "dashboards", org = "Main Org.", path = path, sha256 = digest}
    end
    for i, odd in ipairs {core.null, 5, {key = "x"}, {key = 1, kind = {}, path = {}, sha256 = false},
      {key = "k", kind = "../../x", org = "o", path = "a/b-c.json", sha256 = digest}} do
      entries[7 + i] = odd
    end
    scratch.put(dir .. "/manifest.json", core.encode {format = 1, files = entries})
    local store = folder.open(dir)
    assert.are.same({a = "A"}, (read_all(store)))
    for i = 1, 7 do assert.is_nil((store:read("dashboards", "Main Org.", "s" .. i))) end
    assert.is_true(#folder.verify(dir) > 0)
    back_up {}
    assert.is_not_nil(scratch.get(dir .. "/../secret.json"))
    assert.equal("file", files.kind "/etc/passwd")
  end)

  it("and writing follow no link to another folder", function()
    back_up {dashboard("a", "A")}
    local other = scratch.folder()
    local place = dir .. "/" .. ORG .. "/dashboards"
    files.rename(place .. "/a-a.json", other .. "/a-a.json")
    files.remove_dir(place)
    scratch.run(("ln -s '%s' '%s'"):format(other, place))
    local store = folder.open(dir)
    assert.are.same({}, (read_all(store)))
    assert.is_nil((store:read("dashboards", "Main Org.", "a")))
    assert.equal("missing", folder.verify(dir)[1].what)
    local writing = folder.create(dir)
    local none, message = writing:put("dashboards", "Main Org.", dashboard("b", "B"))
    assert.is_nil(none)
    assert.is_truthy(message:find("is no folder but a link", 1, true), message)
    assert.is_false(writing:keep("dashboards", "Main Org.", "a"))
    writing:whole("dashboards", "Main Org.")
    assert(writing:finish())
    assert.are.same({"a-a.json"}, files.list(other))
  end)

  it("finds organisations by what is in their folders, else by the manifest", function()
    local store = folder.create(dir)
    for _, org in ipairs {"One", "Two", "Three"} do
      if org ~= "Two" then store:put("organisations", nil, organisation(org)) end
      store:put("dashboards", org, dashboard("a", org))
    end
    assert(store:finish())
    local root = dir .. "/organisations/"
    files.rename(root .. names.organisation "Three", root .. "renamed")
    scratch.run(("cp -r '%s' '%s'; mkdir '%s'; mkdir '%s'"):format(
      root .. names.organisation "One", root .. "zcopy", root .. "zempty", root .. "a b"))
    local reader = folder.open(dir)
    assert.are.same({"One", "Three", "Two"}, reader:orgs())
    assert.are.same({["organisations/zcopy"] = "left out", ["organisations/zempty"] = "left out",
      ["organisations/a b"] = "left out"}, notes(reader))
    assert.are.same({a = "Three"}, (read_all(reader, "dashboards", "Three")))
    assert.are.same({a = "Two"}, (read_all(reader, "dashboards", "Two")))
    assert.is_nil(reader:read("organisations", nil, "Two"))
    local orgs, whole = read_all(reader, "organisations")
    assert.is_true(whole)
    assert.is_nil(orgs.Two)
  end)

  it("says of organisations whose file is damaged", function()
    back_up {dashboard("a", "A")}
    scratch.put(dir .. "/" .. ORG .. "/organisation.json", "{")
    local store = folder.open(dir)
    assert.are.same({"Main Org."}, store:orgs())
    local found, whole, failed = read_all(store, "organisations")
    assert.are.same({}, found)
    assert.is_false(whole)
    assert.is_not_nil(failed[ORG .. "/organisation.json"])
    assert.are.same({a = "A"}, (read_all(store)))
  end)

  it("raises what the taker raises", function()
    back_up {dashboard("a", "A")}
    local function take() error("mine", 0) end
    assert.has_error(function() folder.open(dir):each("dashboards", "Main Org.", take) end, "mine")
  end)
end)
