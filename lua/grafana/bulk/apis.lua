-- SPDX-License-Identifier: MIT
--- What Grafana 12 and later have below /apis: lists in pages, single objects, and writes that hold only for the
-- version that was read.
-- @module grafana.bulk.apis

local tasks = require "grafana.tasks"
local outcome = require "grafana.bulk.outcome"

local next, pairs, setmetatable, tostring, type = next, pairs, setmetatable, tostring, type

local apis = {}

--- The resources that bulk jobs use.
apis.DASHBOARDS = {group = "dashboard.grafana.app", plural = "dashboards", kind = "Dashboard", one = "dashboard"}
apis.FOLDERS = {group = "folder.grafana.app", plural = "folders", kind = "Folder", one = "folder"}

local PAGE_SIZE = 500   -- the server ends a page behind 2 MiB anyway
local METADATA_ONLY = {Accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}

-- -------------------------------------------------------------------------------------------------------- names --

-- Grafana calls the first organisation otherwise than the others.
local function namespace(at)
  local id = type(at.org) == "number" and ("%.0f"):format(at.org) or tostring(at.org)
  return id == "1" and "default" or "org-" .. id
end

-- A uid as one segment of a path.
local function segment(text)
  return (text:gsub("[^%w_.~-]", function(c) return ("%%%02X"):format(c:byte()) end))
end

local function path(at, resource, version, key)
  local list = ("/apis/%s/%s/namespaces/%s/%s"):format(resource.group, version, namespace(at), resource.plural)
  return key and list .. "/" .. segment(key) or list
end

local versions_of = setmetatable({}, {__mode = "k"})   -- of servers, by group

local function read_versions(at, resource)
  local found = {}
  local r = at.g:request("GET", "/apis/" .. resource.group, {raw = true})
  if not r.ok or type(r.body) ~= "userdata" then return r.reason == "unsupported" and found or nil end
  for i, version in r.body:each("versions") do found[i] = version:get("version") end
  return found
end

--- The versions of a resource that the server knows, the preferred one first; none where it has no such thing, or does
-- not tell this account.
function apis.versions(at, resource)
  local known = versions_of[at.server] or {}
  versions_of[at.server] = known
  if not known[resource] then
    local found = at.server.major >= 12 and read_versions(at, resource) or {}
    if not found[1] then return found end
    known[resource] = found
  end
  return known[resource]
end

--- Does the server know this version of the resource?
function apis.has(at, resource, version)
  for _, known in pairs(apis.versions(at, resource)) do
    if known == version then return true end
  end
  return false
end

-- ------------------------------------------------------------------------------------------------------- results --

-- What the server says of the object that an answer is about.
local function detail(r, name)
  return type(r.body) == "userdata" and r.body:get("details", name) or nil
end

local function says(r, words)
  return r.message ~= nil and r.message:find(words, 1, true) ~= nil
end

-- What a refused write means. `create`: nothing was there to be changed.
local function judge(r, create)
  if r.ok then return r end
  if r.status == "already-exists" then
    r.reason = create and "uid-exists" or "version-mismatch"
  elseif r.status == "not-found" and detail(r, "kind") == "folders" and not says(r, "could not find") then
    r.reason = "folder-not-found"
  elseif r.code == 500 and says(r, "should not be set on objects to be created") then
    r.status, r.reason = "not-found", nil
  elseif r.code == 412 then
    r.status, r.reason = "already-exists", create and "uid-exists" or "version-mismatch"
  elseif r.code == 500 and says(r, "access denied to folder") then
    r.status, r.reason = "access-denied", "forbidden"
  end
  return r
end

local function is_object(r)
  return type(r.body) == "userdata" and r.body:type("metadata", "name") == "string"
end

local function no_object(r, resource)
  return outcome.new("error", ("the answer is no %s"):format(resource.one), "not-grafana", {code = r.code})
end

-- -------------------------------------------------------------------------------------------------------- lists --

local function ask_page(at, resource, version, options, token)
  return at.g:request("GET", path(at, resource, version), {
    org = at.org, raw = true, query = {limit = PAGE_SIZE, continue = token},
    headers = options.metadata and METADATA_ONLY or nil,
  })
end

local function check_page(r)
  if not r.ok or type(r.body) == "userdata" and r.body:type("items") == "array" then return r end
  return outcome.new("error", "the answer is no list", "not-grafana", {code = r.code})
end

--- What a visitor returns who has seen enough.
apis.STOP = {}

-- The next page is on its way while this one is looked at.
local YIELD_EVERY = 32

local function take_page(page, visit)
  local count = 0
  for i, item in page:each("items") do
    count = i
    if visit(item) == apis.STOP then return count, true end
    if i % YIELD_EVERY == 0 then tasks.sleep(0) end
  end
  return count, false
end

local function walk(at, resource, version, options, visit)
  local r, token
  local under_way = tasks.spawn(ask_page, at, resource, version, options)
  repeat
    r = check_page(under_way:wait())
    if not r.ok then return r end
    local last = token
    token = r.body:get("metadata", "continue")
    if token == "" then token = nil end
    local goes_round = token ~= nil and token == last
    under_way = token and not goes_round and tasks.spawn(ask_page, at, resource, version, options, token)
    if under_way then tasks.sleep(0) end   -- it is sent before this page is looked at
    local count, is_stopped = take_page(r.body, visit)
    r.body:close()
    r.body = nil
    r.is_doubtful = goes_round or last ~= nil and count == 0 or nil
    if is_stopped and under_way then under_way:cancel() end
  until is_stopped or not under_way
  return r
end

--- Visit all objects of the organisation, page by page, two pages in memory at most.
-- @param at
-- @tab resource
-- @string version in which they are shown
-- @tab options `metadata`: nothing but that is asked for
-- @func visit called with the document of each, which shares memory with its page: a document that is kept must be
--   changed, which makes it one of its own, else closed; where `apis.STOP` is returned, it was the last
-- @return the last page's result; `is_doubtful` where the pages ended in a way in which they also end when the server
--   has forgotten what it began to show
function apis.pages(at, resource, version, options, visit)
  return tasks.run(walk, at, resource, version, options, visit)
end

-- ------------------------------------------------------------------------------------------------------ objects --

--- One object as the server shows it in this version.
-- @return the document; nil: there is none; nil and a result: it could not be read
function apis.read(at, resource, version, key)
  local r = at.g:request("GET", path(at, resource, version, key), {org = at.org, raw = true})
  if r.ok then
    if is_object(r) then return r.body end
    return nil, no_object(r, resource)
  end
  if r.status == "not-found" and r.reason == nil then return nil end
  return nil, r
end

local function write(at, method, where, body, resource, create)
  local r = judge(at.g:request(method, where, {org = at.org, raw = true, body = body}), create)
  if not r.ok then return r end
  if not is_object(r) then return no_object(r, resource) end
  return r, r.body
end

--- Create an object.
-- @return the result, and where it is ok the object as it is now
function apis.create(at, resource, version, body)
  return write(at, "POST", path(at, resource, version), body, resource, true)
end

--- Put an object in the place of the one there is: `metadata.resourceVersion` of the body says which.
function apis.replace(at, resource, version, key, body)
  return write(at, "PUT", path(at, resource, version, key), body, resource, false)
end

--- Delete an object if it still is the one that was read.
-- @tab lock `{version, identity}` of that
function apis.delete(at, resource, version, key, lock)
  local r = at.g:request("DELETE", path(at, resource, version, key), {org = at.org, raw = true, body = {
    kind = "DeleteOptions", apiVersion = "v1",
    preconditions = {resourceVersion = lock.version, uid = lock.identity},
  }})
  if r.status == "not-found" and (r.attempts or 1) > 1 then return outcome.ok() end
  return judge(r, false)
end

-- ----------------------------------------------------------------------------------------------------- metadata --

-- What the server says of an object's life, and what it takes from who sends it.
local VOLATILE = {
  ["grafana.app/createdBy"] = true, ["grafana.app/updatedBy"] = true, ["grafana.app/updatedTimestamp"] = true,
  ["grafana.app/message"] = true, ["grafana.app/grant-permissions"] = true, ["grafana.app/fullpath"] = true,
  ["grafana.app/fullpathUIDs"] = true, ["grafana.app/deprecatedInternalID"] = true,
  ["grafana.app/get-trash"] = true, ["grafana.app/get-history"] = true, ["grafana.app/deletedTimestamp"] = true,
}

-- What stays of annotations or labels; nil when nothing does. An empty folder is the root.
local function lasting(doc, name)
  local found = doc:get("metadata", name)
  if type(found) ~= "table" then return nil end
  for key, value in pairs(found) do
    if VOLATILE[key] or key == "grafana.app/folder" and value == "" then found[key] = nil end
  end
  return next(found) ~= nil and found or nil
end

--- The part of an object's metadata that makes sense on any server, as a table.
function apis.metadata(doc)
  return {
    name = doc:get("metadata", "name"), annotations = lasting(doc, "annotations"), labels = lasting(doc, "labels"),
  }
end

--- What a later write of just this state needs.
function apis.lock(doc, version)
  return {version = doc:get("metadata", "resourceVersion"), identity = doc:get("metadata", "uid"), api = version}
end

return apis
