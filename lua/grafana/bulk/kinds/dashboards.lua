-- SPDX-License-Identifier: MIT
--- Dashboards, in the shape of /apis on every server.
--
-- A dashboard is read, and written, in the version in which it is stored: read in another, it has been converted, and
-- what the other cannot say is lost. `status.conversion.storedVersion` names that version, with one exception. The
-- server keeps `status` as it was when a dashboard is stored in another version than before, and shows it to who reads
-- it in its new one. So of two versions that name each other one is the truth, and a third tells which.
-- @module grafana.bulk.kinds.dashboards

local core = require "grafana.core"
local apis = require "grafana.bulk.apis"
local objects = require "grafana.bulk.objects"
local outcome = require "grafana.bulk.outcome"
local parents = require "grafana.bulk.parents"
local pool = require "grafana.bulk.pool"

local ipairs, pairs, require, type = ipairs, pairs, require, type

local dashboards = {
  name = "dashboards", one = "dashboard", scope = "org",
  is_atomic = true,     -- written by one request, and kept as they are
  keeps_track = true,   -- what a backup knew of them tells what need not be read again
  cannot_undo = {
    update = {"who changed a dashboard last, and when"},
    delete = {"versions before the last, numeric ids, stars, authors and dates of dashboards"},
  },
}

local DASHBOARDS = apis.DASHBOARDS
local GROUP = DASHBOARDS.group .. "/"
local FOLDER = "grafana.app/folder"
local FIRST = "v0alpha1"   -- shows a dashboard as the old routes do

function dashboards.key(value) return value:get("metadata", "name") end

function dashboards.title(value)
  local title = value:get("spec", "title")
  return type(title) == "string" and title or value:get("metadata", "name")
end

--- The uid of the folder that a dashboard is in; nil: the root.
function dashboards.folder(value) return value:get("metadata", "annotations", FOLDER) end

--- The version in which a dashboard was stored; nil: none of Grafana's.
function dashboards.version(value)
  local version = value:get("apiVersion")
  return type(version) == "string" and version:sub(1, #GROUP) == GROUP and version:sub(#GROUP + 1) or nil
end

--- The dashboard proper: a document of its own.
function dashboards.spec(value)
  for key, spec in value:each() do
    if key == "spec" then return spec end
  end
end

function dashboards.references(value, swap)
  return require("grafana.bulk.references").in_dashboard(value, swap)
end

-- ---------------------------------------------------------------------------------------------------- file form --

local OWN = {"id", "uid", "version"}   -- the server's, in the first schema

local function clean_spec(doc)
  for _, key in ipairs(OWN) do
    if doc:type("spec", key) then doc:remove("spec", key) end
  end
end

-- The object that an answer of /apis, or an item of one, describes; the document becomes its file form.
local function object_of(doc, version)
  local lock = apis.lock(doc, version)
  doc:set(apis.metadata(doc), "metadata")
  doc:remove("status")
  if not version:find("^v2") then clean_spec(doc) end
  local object = objects.new(dashboards, doc, lock)
  lock.title = object.title
  return object
end

--- The object as it is with another document for the dashboard proper.
function dashboards.with_spec(object, spec)
  local doc = object.doc:copy()
  doc:set(spec, "spec")
  if not doc:get("apiVersion"):find("/v2", 1, true) then clean_spec(doc) end
  return objects.new(dashboards, doc, object.lock)
end

local EMPTY = '{"apiVersion":"' .. GROUP .. FIRST .. '","kind":"Dashboard","metadata":{},"spec":{}}'

-- The object that an answer of the old route describes.
local function object_of_old(r, uid)
  local doc, folder = core.decode(EMPTY, {raw = true}), r.meta:get("folderUid")
  local annotations = folder and folder ~= "" and {[FOLDER] = folder} or nil
  local lock = {version = r.dashboard:get("version"), id = r.dashboard:get("id")}
  doc:set({name = uid, annotations = annotations}, "metadata")
  doc:set(r.dashboard, "spec")
  clean_spec(doc)
  return objects.new(dashboards, doc, lock)
end

-- ----------------------------------------------------------------------------------------------------- versions --

-- The version in which the dashboard says to be stored, where that is another than the one it is shown in.
local function claim_of(doc, version)
  local claim = doc:get("status", "conversion", "storedVersion")
  if type(claim) == "string" and claim ~= version then return claim end
end

-- Two versions name each other: which of them it is, as a third knows, in which the dashboard is not stored.
local function tell_by_third(at, uid, seen)
  for _, version in ipairs(apis.versions(at, DASHBOARDS)) do
    if not seen[version] then
      local doc, r = apis.read(at, DASHBOARDS, version, uid)
      if not doc then return nil, r end
      return claim_of(doc, version) or version
    end
  end
  return nil, outcome.new("error", "the server does not tell in which version this dashboard is stored", "server-error")
end

-- The dashboard in the version in which it is stored, and that version. `seen`: what is known of it, by version.
local function read_stored(at, uid, version, seen)
  while true do
    local doc, r = apis.read(at, DASHBOARDS, version, uid)
    if not doc then return nil, r end
    local claim = claim_of(doc, version)
    if not claim then return doc, version end
    seen[version] = doc
    if seen[claim] then
      claim, r = tell_by_third(at, uid, seen)
      if not claim then return nil, r end
      if seen[claim] then return seen[claim], claim end
    end
    version = claim
  end
end

local function whole(doc, version)
  if doc:type("spec") == "object" then return object_of(doc, version) end
  return nil, outcome.new("error", "the server cannot show this dashboard in the version in which it is stored",
    "server-error")
end

-- From `version` on, in which it may be stored.
local function read_from(at, uid, version)
  local doc, stored = read_stored(at, uid, version, {})
  if not doc then return nil, stored end
  return whole(doc, stored)
end

-- ------------------------------------------------------------------------------------------------------ reading --

local function read_old(at, uid)
  local r = at.g:get_dashboard(at.org, uid, {raw = true})
  if r.ok then return object_of_old(r, uid) end
  if r.status == "not-found" and r.reason == nil then return nil end
  return nil, r
end

-- In which version to look first: the one in which a dashboard was stored when it was last seen.
local function likely_version(at, object)
  local version = object and dashboards.version(object.doc)
  return version and apis.has(at, DASHBOARDS, version) and version or FIRST
end

--- See `grafana.bulk.kinds`; `object`, which may be left out, is what is known of it.
function dashboards.read(at, uid, object)
  if at.server.has_apis then return read_from(at, uid, likely_version(at, object)) end
  return read_old(at, uid)
end

-- ------------------------------------------------------------------------------------------------------ listing --

-- Takes what could be read; what has been deleted meanwhile is passed over.
local function hand_over(out, uid, title, object, r)
  if object then
    out.take(object)
  elseif r then
    out.fail(uid, title, r)
  end
end

-- All that the search finds, singly.
local function list_singly(at, out, seen)
  local list, problem = at:dashboards()
  if not list then return problem end
  pool.each(at.g, list, function(row)
    if not seen[row.uid] then hand_over(out, row.uid, row.title, dashboards.read(at, row.uid)) end
  end)
  return outcome.ok()
end

-- A listing that goes by pages: `seen` are the uids that a list has shown, `rows` what it tells of them (false: not
-- enough), `later` those, by version, that are still to be read in that version, `n` how many there are.
local function new_listing(at, out)
  return {at = at, out = out, seen = {}, rows = {}, later = {}, n = 0}
end

local function note(listing, uid, title, folder)
  listing.n = listing.n + 1
  listing.seen[uid] = true
  if not title then listing.rows = false end
  if listing.rows then listing.rows[listing.n] = {uid = uid, title = title, folderUid = folder} end
end

local function add_later(listing, version, uid, title)
  local list = listing.later[version] or {}
  listing.later[version] = list
  list[#list + 1] = {uid = uid, title = title}
end

local function title_of(item, uid)
  local title = item:get("spec", "title")
  return type(title) == "string" and title or uid
end

-- Take an item of a page of whole dashboards, or leave it for later where it is stored in another version.
local function take_item(listing, item, uid)
  local claim = claim_of(item, FIRST)
  if not claim and item:type("spec") == "object" then return listing.out.take(object_of(item, FIRST)) end
  add_later(listing, claim or FIRST, uid, title_of(item, uid))
  item:close()
end

-- So many, and so large a part of all, are read by pages.
local FEW, PART = 20, 4

local function is_worth_pages(listing, list)
  return #list > FEW and #list * PART > listing.n
end

local function by_uid(list)
  local found = {}
  for _, row in ipairs(list) do found[row.uid] = row end
  return found
end

local function left_of(list, wanted)
  local left = {}
  for _, row in ipairs(list) do
    if wanted[row.uid] then left[#left + 1] = row end
  end
  return left
end

-- In pages of the version in which they say to be stored; returns those that are not there, or say otherwise there.
local function read_by_pages(listing, version, list)
  local wanted = by_uid(list)
  apis.pages(listing.at, DASHBOARDS, version, {}, function(item)
    local uid = item:get("metadata", "name")
    if wanted[uid] and not claim_of(item, version) and item:type("spec") == "object" then
      wanted[uid] = nil
      return listing.out.take(object_of(item, version))
    end
    item:close()
  end)
  return left_of(list, wanted)
end

local function read_singly(listing, version, list)
  local at, out = listing.at, listing.out
  pool.each(at.g, list, function(row) hand_over(out, row.uid, row.title, read_from(at, row.uid, version)) end)
end

local function read_later(listing)
  for version, list in pairs(listing.later) do
    if version ~= FIRST and is_worth_pages(listing, list) then list = read_by_pages(listing, version, list) end
    read_singly(listing, version, list)
  end
end

-- Where the pages may have ended early, the search tells of what they have not shown.
local function finish(listing, r)
  read_later(listing)
  if r.is_doubtful then
    listing.at:forget("dashboards")
    return list_singly(listing.at, listing.out, listing.seen)
  end
  listing.at.known_dashboards = listing.rows or nil
  return outcome.ok()
end

-- Pages of whole dashboards: all, or those that are wanted.
local function list_whole(listing)
  local r = apis.pages(listing.at, DASHBOARDS, FIRST, {}, function(item)
    local uid = item:get("metadata", "name")
    if listing.seen[uid] then return item:close() end   -- a page that came twice
    note(listing, uid, title_of(item, uid), dashboards.folder(item))
    take_item(listing, item, uid)
  end)
  if not r.ok then return r end
  return finish(listing, r)
end

local function read_changed(listing, changed)
  if not is_worth_pages(listing, changed) then return read_singly(listing, FIRST, changed) end
  local wanted = by_uid(changed)
  apis.pages(listing.at, DASHBOARDS, FIRST, {}, function(item)
    local uid = item:get("metadata", "name")
    if not wanted[uid] then return item:close() end
    wanted[uid] = nil
    take_item(listing, item, uid)
  end)
  read_singly(listing, FIRST, left_of(changed, wanted))
end

-- Is the dashboard of which this is the metadata just as it was?
local function is_known(listing, item, uid, was)
  if not was or was.version ~= item:get("metadata", "resourceVersion")
    or was.identity ~= item:get("metadata", "uid") then return false end
  return listing.out.same(uid) ~= false
end

-- Pages of metadata tell what is new or changed; the rest is as `known` has it. Nothing is returned where nothing at
-- all is known of the first.
local function list_changes(listing, known)
  local changed, same = {}, 0
  local r = apis.pages(listing.at, DASHBOARDS, FIRST, {metadata = true}, function(item)
    local uid = item:get("metadata", "name")
    if not listing.seen[uid] then
      local was = known(uid)
      note(listing, uid, was and was.title, dashboards.folder(item))
      if is_known(listing, item, uid, was) then
        same = same + 1
      else
        changed[#changed + 1] = {uid = uid, title = was and was.title or uid}
      end
    end
    item:close()
    if same == 0 and #changed > FEW then return apis.STOP end
  end)
  if not r.ok then return r end
  if same == 0 and #changed > FEW then return nil end
  read_changed(listing, changed)
  return finish(listing, r)
end

local OLD_ROUTE = "dashboards were read by the old route, as /apis is closed to this account: those of the second "
  .. "schema are shown there in the first, without their tabs"

-- No page came: what is refused as a list may be read singly.
local REFUSED = {[403] = true, [404] = true, [406] = true, [500] = true}

--- See `grafana.bulk.kinds`. `known`, which may be left out, tells what a former backup has of a uid: `{version,
-- identity, title}` as the lock and the title were then, or nil; what has not changed since is given to
-- `out.same(uid)`, which returns false where it is to be read all the same.
function dashboards.list(at, out, known)
  if not at.server.has_apis then
    if at.server.major >= 12 and out.note then out.note(OLD_ROUTE) end
    return list_singly(at, out, {})
  end
  local listing = new_listing(at, out)
  local r = known and list_changes(listing, known)
  if not r then
    listing = new_listing(at, out)
    r = list_whole(listing)
  end
  if not r.ok and listing.n == 0 and REFUSED[r.code] then return list_singly(at, out, {}) end
  return r
end

-- ------------------------------------------------------------------------------------------------------ writing --

local function unsupported(doc)
  return outcome.new("error", ("this server does not know the version %s, in which the dashboard was stored"):format(
    require("grafana.bulk.show").text(doc:get("apiVersion") or "(none)")), "unsupported")
end

local function send_by_apis(at, object, now)
  local version, body = dashboards.version(object.doc), object.doc:copy()
  local r, doc
  if now then
    body:set(now.lock.version, "metadata", "resourceVersion")
    r, doc = apis.replace(at, DASHBOARDS, version, object.key, body)
  else
    if at.options.permissions == false then
      body:set("default", "metadata", "annotations", "grafana.app/grant-permissions")
    end
    r, doc = apis.create(at, DASHBOARDS, version, body)
  end
  body:close()
  if not r.ok then return r end
  local after = object_of(doc, version)
  if not after.lock.version then after.lock.version = now and now.lock.version end   -- nothing was changed
  return r, after
end

local function send_by_old_route(at, object, now)
  local dashboard = dashboards.spec(object.doc)
  dashboard:set(object.key, "uid")
  if now then dashboard:set(now.lock.version, "version") end
  return at.g:update_or_create_dashboard(at.org, dashboard,
    {folderUid = dashboards.folder(object.doc) or "", overwrite = false})
end

-- A write whose answer was lost may have been done, and the next attempt then meets what it has made itself. Third: it
-- was not done, and may be sent again.
local function settled(at, object, now, r)
  if r.status ~= "already-exists" and not r.uncertain then return r end
  local there, problem = dashboards.read(at, object.key, object)
  if problem then return r end
  if there and there:digest() == object:digest() then return outcome.ok(), there end
  return r, nil, r.uncertain and (there and there.lock.version) == (now and now.lock.version)
end

local TIMES = 3

local function send_until_settled(at, object, now, send)
  local r, after, again
  for _ = 1, TIMES do
    r, after = send(at, object, now)
    if r.ok then return r, after end
    r, after, again = settled(at, object, now, r)
    if not again then break end
  end
  return r, after
end

function dashboards.write(at, object, now)
  local version = dashboards.version(object.doc)
  if not version or version ~= FIRST and not at.server.has_apis then return unsupported(object.doc) end
  local problem = parents.check(at, dashboards.folder(object.doc))
  if problem then return problem end
  at:forget("dashboards")
  local send = at.server.has_apis and send_by_apis or send_by_old_route
  local r, after = send_until_settled(at, object, now, send)
  if outcome.is_unsupported(r) then return unsupported(object.doc) end
  return r, after
end

function dashboards.delete(at, now)
  at:forget("dashboards")
  if not at.server.has_apis then return at.g:delete_dashboard(at.org, now.key) end
  return apis.delete(at, DASHBOARDS, FIRST, now.key, now.lock)
end

return dashboards
