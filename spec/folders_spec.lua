-- SPDX-License-Identifier: MIT
-- Folders on the stand-in: lists are whole, what is refused is not sent, and nobody else's change is lost. What each
-- operation sends and makes of the answers is in spec/golden.

local core = require "grafana.core"
local grafana = require "grafana"
local days = require "spec.support.bad_days"

local server, g

setup(function() server = days.start() end)
teardown(function() server:stop() end)
before_each(function()
  days.fresh(server)
  g = days.connect(server)
end)
after_each(function() g:close() end)

local function create(uid, parent, title)
  return grafana.check(g:create_folder(1, {title = title or uid, uid = uid, parentUid = parent}))
end

local function set_of(folders)
  local set = {}
  for _, folder in ipairs(folders) do
    assert.is_nil(set[folder.uid], folder.uid .. " is there twice")
    set[folder.uid] = folder
  end
  return set
end

-- Carries the next request of a call to the server and its answer back.
local function carry(call, now)
  local what, request = call:next(now or 0)
  assert.equal("send", what)
  local code, text, headers = server:http(request.method, request.url:sub(#server.url + 1), {
    body = request.body, user = "admin", password = days.PASSWORD, org = 1,
  })
  assert(call:head(request.id, code) and call:header(request.id, "Content-Type", headers["content-type"]))
  assert(call:body(request.id, text))
  call:finish(request.id, "complete", true, nil, 0)
end

local function assert_nothing_written()
  for _, method in ipairs {"POST", "PUT", "DELETE"} do assert.equal(0, days.arrived(server, method), method) end
end

describe("get_folders", function()
  it("lists all of 1,200, of all levels, reading two pages and an empty one twice, and looks twice", function()
    create("top")
    for i = 1, 1199 do
      local parent = i % 2 == 0 and "top" or ""
      days.ask(server, "POST", "/api/folders", {uid = "f" .. i, title = "F " .. i, parentUid = parent})
    end
    server:clear_log()
    local r = g:get_folders(1)
    assert.equal("ok", r.status)
    assert.equal(6, #server:requests())
    local set = set_of(r.folders)
    assert.equal(1200, #r.folders)
    assert.equal("top", set.f2.parentUid)
    assert.is_nil(set.f1.parentUid)
    assert.equal("/dashboards/f/f2/f-2", set.f2.url)
    assert.equal(599, #g:get_folders(1, {parentUid = "top"}).folders)
    assert.equal(601, #g:get_folders(1, {parentUid = ""}).folders)
    assert.equal(100, #g:get_folders(1, {page = 3, perpage = 100}).folders)
    local below = g:get_folders(1, {parentUid = "top", page = 6, perpage = 100}).folders
    assert.equal(99, #below)
    for _, folder in ipairs(below) do assert.equal("top", folder.parentUid) end
  end)

  it("lists those too whose parent is missing, which the server's own list omits", function()
    days.ask(server, "POST", "/api/folders", {uid = "orphan", title = "O", parentUid = "none"})
    assert.same({}, (days.ask(server, "GET", "/api/folders")))
    local folders = g:get_folders(1).folders
    assert.equal("none", set_of(folders).orphan.parentUid)
    assert.equal(0, #g:get_folders(1, {parentUid = ""}).folders)
    assert.equal("ok", g:move_folder(1, "orphan", grafana.null).status)
    assert.equal(1, #g:get_folders(1, {parentUid = ""}).folders)
  end)

  it("keeps every digit of an id, and comes as documents where that is wanted", function()
    local made = create("infra")
    local row = g:get_folders(1).folders[1]
    assert.equal(tostring(made.id), tostring(row.id))
    assert.equal("infra", g:get_folders(1, {raw = true}).folders[1]:get("uid"))
  end)

  it("shows to a viewer what that one may see", function()
    create("open")
    create("closed")
    days.ask(server, "POST", "/api/folders/closed/permissions", '{"items":[{"role":"Editor","permission":2}]}')
    grafana.check(g:create_user {login = "vic", password = "vic-pass-1"})
    local vic = grafana.connect(server.url, {"vic", "vic-pass-1"})
    local folders = vic:get_folders(1).folders
    assert.equal(1, #folders)
    assert.equal("open", folders[1].uid)
    vic:close()
  end)
end)

describe("update_folder", function()
  it("loses no change that somebody else makes between its reading and its writing", function()
    create("infra", nil, "Infra")
    local call = core.call(rawget(g, "_core"), "update_folder", 1, "infra", {title = "Ours"})
    carry(call)
    assert.equal("ok", g:update_folder(1, "infra", {title = "Theirs"}).status)
    carry(call)
    assert.is_true(call:done())
    local r = call:result()
    assert.equal("already-exists", r.status, tostring(r))
    assert.equal("version-mismatch", r.reason)
    assert.equal("Theirs", g:get_folder(1, "infra").folder.title)
  end)

  it("whose answer got lost is told from a change by somebody else", function()
    create("infra", nil, "Infra")
    server:fault {kind = "close_after", method = "PUT"}
    local r = g:update_folder(1, "infra", {title = "Ours"})
    assert.equal("ok", r.status, tostring(r))
    assert.equal("Ours", r.folder.title)
    assert.is_nil(r.uncertain)
    assert.equal(2, days.arrived(server, "PUT"))
  end)

  it("whose answer got lost, and what it did too, is a version-mismatch and uncertain", function()
    create("infra", nil, "Infra")
    local call = core.call(rawget(g, "_core"), "update_folder", 1, "infra", {title = "Ours"})
    carry(call)
    local what, request = call:next(0)
    assert.equal("send", what)
    for _, title in ipairs {"Ours", "Theirs"} do
      assert.equal("ok", g:update_folder(1, "infra", {title = title}).status)
    end
    call:finish(request.id, "cut", true, nil, 0)
    for _ = 1, 2 do carry(call, 1e6) end
    local r = call:result()
    assert.equal("version-mismatch", r.reason, tostring(r))
    assert.is_true(r.uncertain)
    assert.equal("Theirs", g:get_folder(1, "infra").folder.title)
  end)

  it("takes back the folder that get_folder gave, changed", function()
    create("infra", nil, "Infra")
    create("disks", "infra", "Disks")
    for _, uid in ipairs {"infra", "disks"} do
      local folder = g:get_folder(1, uid).folder
      folder.title = "New " .. uid
      local r = g:update_folder(1, uid, folder)
      assert.equal("ok", r.status, tostring(r))
      assert.equal("New " .. uid, r.folder.title)
      assert.equal(folder.parentUid, r.folder.parentUid)
    end
  end)

  it("does not change the table that it was given", function()
    create("infra", nil, "Infra")
    local changes = {description = "d"}
    assert.equal("ok", g:update_folder(1, "infra", changes).status)
    assert.same({description = "d"}, changes)
  end)

  it("refuses to move or to rename the uid, and sends no change then", function()
    create("infra", nil, "Infra")
    create("disks", "infra", "Disks")
    server:clear_log()
    for _, changes in ipairs {
      {title = "x", parentUid = "disks"}, {title = "x", parentUid = 5},
      {title = "x", uid = "y"}, {title = "x", uid = 5},
    } do
      assert.equal("invalid-data", g:update_folder(1, "infra", changes).status)
    end
    for _, root in ipairs {"", grafana.null} do
      assert.equal("invalid-data", g:update_folder(1, "disks", {title = "x", parentUid = root}).status)
    end
    assert.equal("ok", g:update_folder(1, "infra", {title = "x", parentUid = grafana.null}).status)
    assert.equal(1, days.arrived(server, "PUT"))
  end)
end)

describe("names that Grafana keeps for itself", function()
  it("are no folders: not-found, and nothing is sent", function()
    create("infra")
    server:clear_log()
    for _, name in ipairs {"general", "sharedwithme"} do
      assert.equal("not-found", g:get_folder(1, name).status)
      assert.equal("not-found", g:update_folder(1, name, {title = "x"}).status)
      assert.equal("not-found", g:move_folder(1, name, "infra").status)
      assert.equal("not-found", g:delete_folder(1, name).status)
      for _, r in ipairs {
        g:create_folder(1, {title = "x", parentUid = name}), g:move_folder(1, "infra", name),
        g:get_folders(1, {parentUid = name}),
      } do
        assert.equal("not-found", r.status)
        assert.equal("folder-not-found", r.reason)
      end
    end
    assert.equal(0, #server:requests())
  end)

  it("are all that is refused: in other letters they are uids", function()
    create("General")
    assert.equal("ok", g:get_folder(1, "General").status)
    assert.equal("ok", g:delete_folder(1, "General").status)
  end)
end)

describe("a parent", function()
  it("that is missing creates and moves nothing", function()
    create("infra")
    server:clear_log()
    assert.equal("folder-not-found", g:create_folder(1, {title = "x", parentUid = "none"}).reason)
    assert.equal("folder-not-found", g:move_folder(1, "infra", "none").reason)
    assert_nothing_written()
  end)

  it("that is empty or null is the root", function()
    for i, parent in ipairs {"", grafana.null} do
      local r = g:create_folder(1, {title = "x", uid = "f" .. i, parentUid = parent})
      assert.equal("ok", r.status)
      assert.is_nil(r.folder.parentUid)
    end
  end)

  it("that is no string is refused, and nothing is sent", function()
    for _, parent in ipairs {5, true, {uid = "infra"}} do
      assert.equal("invalid-data", g:create_folder(1, {title = "x", parentUid = parent}).status)
    end
    assert.equal(0, #server:requests())
  end)

  it("is used by no server without folders inside folders", function()
    server:reset()
    local old = days.start("9.3.2")
    days.fresh(old)
    local o = days.connect(old)
    grafana.check(o:create_folder(1, {title = "Infra", uid = "infra"}))
    old:clear_log()
    local r = o:create_folder(1, {title = "Disks", parentUid = "infra"})
    assert.equal("error", r.status)
    assert.equal("unsupported", r.reason)
    assert.equal("unsupported", o:move_folder(1, "infra", grafana.null).reason)
    assert.equal(1, days.arrived(old, "POST"))   -- the move, which such a server refuses by itself
    assert.equal(1, #o:get_folders(1).folders)
    o:close()
    old:stop()
  end)
end)

describe("delete_folder", function()
  it("of one that is missing deletes nothing, not even what lies in it", function()
    days.ask(server, "POST", "/api/folders", {uid = "orphan", title = "O", parentUid = "none"})
    server:clear_log()
    assert.equal("not-found", g:delete_folder(1, "none").status)
    assert_nothing_written()
    assert.equal("ok", g:get_folder(1, "orphan").status)
  end)

  it("takes along what is inside, on all levels", function()
    create("a")
    create("b", "a")
    grafana.check(g:update_or_create_dashboard(1, {uid = "d", title = "D"}, {folderUid = "b"}))
    assert.equal("ok", g:delete_folder(1, "a").status)
    assert.equal("not-found", g:get_folder(1, "b").status)
    assert.equal("not-found", g:get_dashboard(1, "d").status)
  end)

  it("whose answer got lost is ok when the folder has gone", function()
    create("a")
    server:fault {kind = "close_after", method = "DELETE"}
    assert.equal("ok", g:delete_folder(1, "a").status)
    assert.equal(2, days.arrived(server, "DELETE"))
  end)
end)
