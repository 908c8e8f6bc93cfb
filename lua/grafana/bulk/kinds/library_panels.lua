-- SPDX-License-Identifier: MIT
--- Library panels. What the server says beside the model (type, description) it takes from the model.
-- @module grafana.bulk.kinds.library_panels

local core = require "grafana.core"
local objects = require "grafana.bulk.objects"
local outcome = require "grafana.bulk.outcome"

local ipairs, require, tostring, type = ipairs, require, tostring, type

local library_panels = {
  name = "library_panels",
  one = "library panel",
  scope = "org",
  cannot_undo = {
    update = {"who changed a library panel last, and when"}, delete = {"ids, authors and dates of library panels"},
  },
}

function library_panels.key(value) return value:get("uid") end

function library_panels.title(value) return value:get("name") end

-- ------------------------------------------------------------------------------------------------- the file form --

-- The root has two names. Lists of 12 tell in which folder a panel was made, beside the id of the one that it is in:
-- `uid_of`, by id, knows better.
local function folder_of(element, uid_of)
  local uid = type(element.folderUid) == "string" and element.folderUid or ""
  uid = uid_of and uid_of[tostring(element.folderId)] or uid
  return uid ~= "general" and uid or ""
end

-- The server adds an empty type and description; a panel's id is the dashboard's business.
local function model_of(element)
  local model = type(element.model) == "table" and element.model or {}
  model.id = nil
  for _, name in ipairs {"type", "description"} do
    if model[name] == "" then model[name] = nil end
  end
  return core.object(model)
end

local function from_server(element, uid_of)
  return objects.new(library_panels, {
    uid = element.uid, name = element.name, kind = element.kind, folderUid = folder_of(element, uid_of),
    model = model_of(element),
  }, {uid = element.uid, version = element.version})
end

-- -------------------------------------------------------------------------------------------------------- reading --

local function get(at, uid)
  return at.g:call("getLibraryElementByUID", {library_element_uid = uid}, {org = at.org})
end

-- The uid of one that has stepped aside: see `move`.
local function aside_of(key)
  return "moving-" .. core.files.sha256(key):sub(1, 24)
end

-- One that was left there when a job was broken off is still what it was.
local function read_aside(at, key)
  local aside = aside_of(key)
  local r = at.server.major >= 10 and get(at, aside)
  if not r or not r.ok then return nil end
  r.body.result.uid = key
  local object = from_server(r.body.result)
  object.lock.uid = aside
  return object
end

function library_panels.read(at, key)
  local r = get(at, key)
  if r.ok then return from_server(r.body.result) end
  if r.status ~= "not-found" then return nil, r end
  return read_aside(at, key)
end

local PER_PAGE = 100

local function read_page(at, page, per_page)
  local r = at.g:call("getLibraryElements", {perPage = per_page, page = page}, {org = at.org})
  if not r.ok then return r end
  return r, r.body.result.elements, r.body.result.totalCount
end

-- Tell of those that were not told of yet.
local function take_new(out, elements, seen)
  for _, element in ipairs(elements) do
    if not seen.uids[element.uid] then
      seen.uids[element.uid], seen.count = true, seen.count + 1
      out.take(from_server(element, seen.uid_of))
    end
  end
end

-- Page by page. Returns the result, and how many the server says there are.
local function take_pages(at, out, seen)
  local page = 0
  while true do
    page = page + 1
    local r, elements, total = read_page(at, page, PER_PAGE)
    if not r.ok then return r end
    take_new(out, elements, seen)
    if #elements == 0 or page * PER_PAGE >= total then return r, total end
  end
end

-- The uids of folders by their ids; nil where lists of panels need no such help.
local function folders_by_id(at)
  if at.server.major < 10 then return nil end
  local found = {}
  for _, hit in ipairs(at.g:search(at.org, {type = "dash-folder"}).hits or {}) do found[tostring(hit.id)] = hit.uid end
  return found
end

-- Names need not be unique, and which of two of one name ends a page and which begins the next is the server's whim:
-- what the pages left out one large page has.
function library_panels.list(at, out)
  local seen = {uids = {}, count = 0, uid_of = folders_by_id(at)}
  local r, total = take_pages(at, out, seen)
  if not r.ok or seen.count >= total then return r end
  local again, elements = read_page(at, 1, total + PER_PAGE)
  if again.ok then take_new(out, elements, seen) end
  return again
end

-- -------------------------------------------------------------------------------------------------------- writing --

local function folder_missing(at, uid)
  return uid ~= "" and at.g:get_folder(at.org, uid).status == "not-found"
end

local function no_folder(uid)
  return outcome.new("not-found", ('there is no folder "%s" to put it in'):format(uid), "folder-not-found")
end

-- The words of a refusal tell little; another look tells the rest.
local function explain(at, r, form, now)
  local message = r.message or ""
  if r.code == 400 and message:find("already exists", 1, true) then
    r.status, r.reason = "already-exists", "name-exists"
  elseif r.code == 400 and folder_missing(at, form.folderUid) then
    return no_folder(form.folderUid)
  elseif now and r.code == 403 and not library_panels.read(at, now.key) then
    r.status, r.reason, r.message = "not-found", nil, "the library panel is gone"
  end
  return r
end

local function create(at, form)
  return at.g:call("createLibraryElement", {body = form}, {org = at.org})
end

-- Put `form` in the place of what is there as `uid`, in version `version`.
local function patch(at, uid, version, form)
  form.version = version
  local r = at.g:call("updateLibraryElement", {library_element_uid = uid, body = form}, {org = at.org})
  form.version = nil
  return r
end

local function note(r, text)
  r.message = ("%s: %s"):format(text, r.message or r.status)
  return r
end

-- The former one takes its uid back.
local function undo_moving(at, r, version, former, key)
  local aside = former.uid
  former.uid = key
  local back = patch(at, aside, version, former)
  return back.ok and r or note(r, ('it has the uid "%s" now, and was not moved'):format(aside))
end

-- The former one, under the uid that nothing names; or nil and the result that says why not.
local function step_aside(at, now)
  local former, version = now.doc:table(), now.lock.version
  former.uid = aside_of(now.key)
  if now.lock.uid == former.uid then return former, version end   -- it was there already
  local r = patch(at, now.key, version, former)
  if not r.ok then return nil, explain(at, r, former, now) end
  return former, r.body.result.version
end

-- 12 moves none: it says that it did, but shows it in the old folder and deletes it with that. So it steps aside under
-- another uid, another is made in its place, and then it goes.
local function move(at, form, now)
  if folder_missing(at, form.folderUid) then return no_folder(form.folderUid) end
  local former, version = step_aside(at, now)
  if not former then return version end
  local r = create(at, form)
  if not r.ok then return undo_moving(at, r, version, former, now.key) end
  local gone = at.g:call("deleteLibraryElementByUID", {library_element_uid = former.uid}, {org = at.org})
  return gone.ok and r or note(gone, ('it was moved, but the former one remains, with the uid "%s"'):format(former.uid))
end

local function update(at, form, now)
  if at.server.major >= 10 and form.folderUid ~= now.doc:get("folderUid") then return move(at, form, now) end
  local r = patch(at, now.lock.uid, now.lock.version, form)
  return r.ok and r or explain(at, r, form, now)
end

local function add(at, form)
  local r = create(at, form)
  return r.ok and r or explain(at, r, form)
end

function library_panels.write(at, object, now)
  local r = (now and update or add)(at, object.doc:table(), now)
  if not r.ok then return r end
  return outcome.ok(), from_server(r.body.result)
end

local function in_use(now, count)
  local users = count == 1 and "a dashboard uses" or ("%d dashboards use"):format(count)
  return outcome.new("invalid-data", ('%s the library panel "%s": it is not deleted'):format(users, now.title))
end

--- The server would take it away from the dashboards that use it: such a one is kept.
function library_panels.delete(at, now)
  local r = at.g:call("getLibraryElementConnections", {library_element_uid = now.lock.uid}, {org = at.org})
  if not r.ok then return r end
  if #r.body.result > 0 then return in_use(now, #r.body.result) end
  return at.g:call("deleteLibraryElementByUID", {library_element_uid = now.lock.uid}, {org = at.org})
end

-- ----------------------------------------------------------------------------------------------------- references --

--- The folder, and what the model names.
function library_panels.references(value, swap)
  local form = value:table()
  if form.folderUid ~= "" then form.folderUid = swap("folders", form.folderUid) or form.folderUid end
  form.model = require("grafana.bulk.references").in_dashboard(form.model, swap)
  return objects.document(form)
end

return library_panels
