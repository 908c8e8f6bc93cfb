-- SPDX-License-Identifier: MIT
--- Playlists. By /apis where the server has them there: its old list ends silently behind 500.
--
-- Servers before 10 give a playlist a uid that nobody can choose: there it is known by its name, and its file form
-- has no uid.
-- @module grafana.bulk.kinds.playlists

local core = require "grafana.core"
local apis = require "grafana.bulk.apis"
local objects = require "grafana.bulk.objects"
local outcome = require "grafana.bulk.outcome"
local pool = require "grafana.bulk.pool"

local getmetatable, ipairs = getmetatable, ipairs

local playlists = {
  name = "playlists",
  one = "playlist",
  scope = "org",
  cannot_undo = {
    update = {"who changed a playlist last, and when"}, delete = {"authors and dates of playlists"},
  },
}

local PLAYLISTS = {group = "playlist.grafana.app", plural = "playlists", kind = "Playlist", one = "playlist"}

local BY_NAME = "name:"

function playlists.key(value) return value:get("uid") or BY_NAME .. value:get("name") end

--- Give it the key that it has on another server.
function playlists.rekey(value, key)
  if key:sub(1, #BY_NAME) == BY_NAME then value:remove("uid") else value:set(key, "uid") end
end

--- May two of one name be the same one? Where both have uids these tell.
function playlists.may_match(key, other)
  return key:sub(1, #BY_NAME) == BY_NAME or other:sub(1, #BY_NAME) == BY_NAME
end

function playlists.title(value) return value:get("name") end

-- ------------------------------------------------------------------------------------------------- the file form --

-- Old playlists name dashboards by ids, which mean nothing elsewhere. nil: nobody knows that id any more.
local function uid_of(at, id)
  local r = at.g:request("GET", "/api/search", {org = at.org, query = {dashboardIds = id}})
  return r.ok and core.get(r.body, 1, "uid") or nil
end

-- Titles are the dashboards' own.
local function items_of(at, shown)
  local items = {}
  for i, item in ipairs(shown or {}) do
    local uid = item.type == "dashboard_by_id" and uid_of(at, item.value)
    items[i] = uid and {type = "dashboard_by_uid", value = uid} or {type = item.type, value = item.value}
  end
  return core.array(items)
end

local function new(at, uid, shown, name, lock)
  return objects.new(playlists,
    {uid = uid, name = name, interval = shown.interval or "", items = items_of(at, shown.items)}, lock)
end

-- --------------------------------------------------------------------------------------------------------- /apis --

local function version_of(at)
  return apis.versions(at, PLAYLISTS)[1]
end

local function object_of(at, doc, version)
  local spec = doc:get("spec")
  return new(at, doc:get("metadata", "name"), spec, spec.title, apis.lock(doc, version))
end

local function body_of(form, version, now)
  return {
    apiVersion = PLAYLISTS.group .. "/" .. version, kind = PLAYLISTS.kind,
    metadata = {name = form.uid, resourceVersion = now and now.lock.version},
    spec = {title = form.name, interval = form.interval, items = core.array(form.items)},
  }
end

-- A PUT would create what is not there, but for the version that it names.
local function judge(r)
  if r.code == 500 and (r.message or ""):find("resourceVersion should not be set", 1, true) then
    return outcome.new("not-found", "the playlist is gone", nil, {code = 500})
  end
  return r
end

local function write_by_apis(at, form, now, version)
  local r, doc
  if now then
    r, doc = apis.replace(at, PLAYLISTS, version, now.key, body_of(form, version, now))
  else
    form.uid = form.uid or "p" .. core.files.sha256(form.name):sub(1, 13)   -- from a server where it has none to keep
    r, doc = apis.create(at, PLAYLISTS, version, body_of(form, version))
  end
  if not r.ok then return judge(r) end
  local after = object_of(at, doc, version)
  doc:close()
  return outcome.ok(), after
end

-- ----------------------------------------------------------------------------------------------------- old routes --

local function keeps_uids(at) return at.server.major >= 10 end

local function read_old(at, uid)
  local r = at.g:call("getPlaylist", {uid = uid}, {org = at.org})
  if r.ok then return new(at, keeps_uids(at) and r.body.uid or nil, r.body, r.body.name, {uid = r.body.uid}) end
  return nil, r.status ~= "not-found" and r or nil
end

-- The uid of the first of that name.
local function find_uid(at, name)
  local r = at.g:call("searchPlaylists", {query = name}, {org = at.org})
  if not r.ok then return nil, r end
  for _, head in ipairs(r.body) do
    if head.name == name then return head.uid end
  end
end

local function name_in(key)
  return key:sub(1, #BY_NAME) == BY_NAME and key:sub(#BY_NAME + 1) or nil
end

-- Where they are known by their names the second of one name is left out.
local function unique(at, heads, out)
  local first, seen = {}, {}
  for _, head in ipairs(heads) do
    if seen[head.name] and not keeps_uids(at) then
      local words = 'another playlist is called "%s" too: the one with the uid %s is left out'
      out.fail(head.uid, head.name, outcome.new("already-exists", words:format(head.name, head.uid), "name-exists"))
    else
      seen[head.name], first[#first + 1] = true, head
    end
  end
  return first
end

local function list_old(at, out)
  local r = at.g:call("searchPlaylists", {}, {org = at.org})
  if not r.ok then return r end
  if getmetatable(r.body) ~= core.array_mt then
    return outcome.new("error", "what the server has answered is no list of playlists", "not-grafana")
  end
  pool.each(at.g, unique(at, r.body, out), function(head)
    local object, why = read_old(at, head.uid)
    if object then out.take(object) end
    if why then out.fail(head.uid, head.name, why) end
  end)
  return outcome.ok()
end

-- Its pages show titles only if they are sent.
local function with_titles(at, items)
  local titles = {}
  for _, dashboard in ipairs(at:dashboards() or {}) do titles[dashboard.uid] = dashboard.title end
  for i, item in ipairs(items) do
    item.title, item.order = titles[item.value] or item.value, i
  end
  return items
end

local function write_old(at, object, now)
  local form = object.doc:table()
  local body = {name = form.name, interval = form.interval, items = with_titles(at, form.items)}
  if now then
    body.uid = now.lock.uid
    return at.g:call("updatePlaylist", {uid = body.uid, body = body}, {org = at.org})
  end
  body.uid = form.uid
  return at.g:call("createPlaylist", {body = body}, {org = at.org})
end

-- ----------------------------------------------------------------------------------------------------------- kind --

function playlists.list(at, out)
  local version = version_of(at)
  if not version then return list_old(at, out) end
  local r = apis.pages(at, PLAYLISTS, version, {}, function(doc)
    out.take(object_of(at, doc, version))
    doc:close()
  end)
  if not (r.ok and r.is_doubtful) then return r end
  return outcome.new("error", "the list of playlists ended before it was whole", "cut")
end

-- Before 10 one that has a uid elsewhere is looked for by the name of what is wanted.
local function uid_for(at, key, wanted)
  local name = name_in(key) or not keeps_uids(at) and wanted and wanted.title
  if not name then return key end
  return find_uid(at, name)
end

function playlists.read(at, key, wanted)
  local uid, problem = uid_for(at, key, wanted)
  if not uid then return nil, problem end
  local version = version_of(at)
  if not version then return read_old(at, uid) end
  local doc, r = apis.read(at, PLAYLISTS, version, uid)
  if not doc then return nil, r end
  local object = object_of(at, doc, version)
  doc:close()
  return object
end

function playlists.write(at, object, now)
  local version = version_of(at)
  if version then return write_by_apis(at, object.doc:table(), now, version) end
  return write_old(at, object, now)
end

function playlists.delete(at, now)
  local version = version_of(at)
  if version then return apis.delete(at, PLAYLISTS, version, now.key, now.lock) end
  return at.g:call("deletePlaylist", {uid = now.lock.uid}, {org = at.org})
end

function playlists.references(value, swap)
  local items = value:get("items")
  for i, item in ipairs(items) do
    local other = item.type == "dashboard_by_uid" and swap("dashboards", item.value)
    if other then value:set(other, "items", i, "value") end
  end
  return value
end

return playlists
