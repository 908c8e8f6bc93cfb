-- SPDX-License-Identifier: MIT
--- What all workers share, in lua_shared_dict "dashboards".
--
-- page:<n> and json:<n> are the bodies of generation n, `meta` says which n is the current one and what is known of it.
-- A generation is written whole before `meta` names it, and the one before goes only then: who reads finds one or the
-- other, and where there is no room for a new one the old one stays.

local grafana = require "grafana"

local store = {}

local dict = ngx.shared.dashboards
if not dict then error("directory: nginx.conf lacks the line: lua_shared_dict dashboards 32m;", 0) end

-- `meta` has always this length: a value of the same length takes the place of the old one and needs no new memory.
local META_BYTES = 4096

local NAMES = {"page", "json"}

local SLICE = 50   -- so many dashboards become tables before others have their turn

local function key(name, generation) return name .. ":" .. generation end

--- The shared dictionary itself, for the lease.
store.dict = dict

local meta_text, meta

--- What is known: {generation, read, counts, problem, failures, checked, …}; generation 0 before anything was read.
-- The table is nobody's to change.
function store.meta()
  local text = dict:get "meta"
  if not text then return {generation = 0, failures = 0} end
  if text ~= meta_text then meta_text, meta = text, assert(grafana.decode(text)) end
  return meta
end

--- Puts other facts in the place of what is known.
function store.save(facts)
  local text = grafana.encode(facts)
  local fine, problem = dict:safe_set("meta", text .. (" "):rep(META_BYTES - #text))
  if not fine then ngx.log(ngx.ERR, "directory: lua_shared_dict dashboards: ", problem) end
end

--- The current body of a name, or nil before there is one; and the facts about it.
-- They change together: where they did between our looks, we look again.
function store.find(name)
  local facts, body
  for _ = 1, 5 do
    facts = store.meta()
    if facts.generation == 0 then break end
    body = dict:get(key(name, facts.generation))
    if body then break end
  end
  return body, facts
end

local function forget(generation)
  for _, name in ipairs(NAMES) do dict:delete(key(name, generation)) end
end

-- What was read, as tables, and its generation.
local data, data_generation

--- Makes bodies the current ones, with the facts about them.
-- @tab bodies `page` and `json`
-- @tab facts get their generation
-- @tab read what the bodies were made of
-- @treturn boolean whether there was room
function store.publish(bodies, facts, read)
  local old = store.meta().generation
  for _, name in ipairs(NAMES) do
    local fine = dict:safe_set(key(name, old + 1), bodies[name])
    if not fine then
      forget(old + 1)
      return false
    end
  end
  facts.generation = old + 1
  store.save(facts)
  forget(old)
  data, data_generation = read, facts.generation
  return true
end

-- An organisation as tables, made bit by bit: thousands of dashboards at once would keep others waiting.
local function org_of(document, at, rest)
  local org = {dashboards = grafana.array {}}
  for _, name in ipairs {"id", "name", "read", "problem", "failed"} do org[name] = document:get("orgs", at, name) end
  for i = 1, document:len("orgs", at, "dashboards") do
    org.dashboards[i] = document:get("orgs", at, "dashboards", i)
    if i % SLICE == 0 then rest() end
  end
  return org
end

local function decode(text, rest)
  local document = assert(grafana.decode(text, {raw = true}))
  local read = {single = document:get "single", orgs = grafana.array {}}
  for at = 1, document:len "orgs" do read.orgs[at] = org_of(document, at, rest) end
  document:close()
  return read
end

--- What was read, as tables, and the facts about it; nil before anything was. Kept until another generation is there.
-- @func rest called now and then, to let others work
function store.data(rest)
  local facts = store.meta()
  if facts.generation == data_generation then return data, facts end
  local text
  text, facts = store.find "json"
  if not text then return nil end
  data, data_generation = decode(text, rest), facts.generation
  return data, facts
end

return store
