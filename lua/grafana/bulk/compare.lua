-- SPDX-License-Identifier: MIT
--- What is in a source beside what is on a server: the changes that make the server so.
-- @module grafana.bulk.compare

local check = require "grafana.bulk.check"
local kinds = require "grafana.bulk.kinds"
local objects = require "grafana.bulk.objects"
local outcome = require "grafana.bulk.outcome"
local place = require "grafana.bulk.place"
local pool = require "grafana.bulk.pool"
local source_of = require "grafana.bulk.source"
local progress = require "grafana.progress"
local tasks = require "grafana.tasks"

local error, ipairs, next, pairs, pcall, table, tostring = error, ipairs, next, pairs, pcall, table, tostring

local compare = {}

-- Where the name by which an object is known stands in its file form.
local KEY_FIELD = {
  organisations = "name", users = "login", teams = "name", service_accounts = "name", datasources = "uid",
  folders = "uid",
}

-- ------------------------------------------------------------------------------------------------------ mappings --

local MAPPED = check.MAPPED

-- By kind, names there by names here. What the caller gave is not changed. Logins are in small letters.
local function copy_mapping(given)
  local mapping = {}
  for _, kind in ipairs(MAPPED) do
    mapping[kind] = {}
    for from, to in pairs(given and given[kind] or {}) do
      if kind == "users" then from, to = from:lower(), to:lower() end
      mapping[kind][from] = to
    end
  end
  return mapping
end

local function is_empty(mapping)
  for _, kind in ipairs(MAPPED) do
    if next(mapping[kind]) ~= nil then return false end
  end
  return true
end

-- The object as the target knows it.
local function translate(state, kind, object)
  if is_empty(state.mapping) then return object end
  local mapping, doc = state.mapping, object.doc
  local function swap(name, key) return mapping[name] and mapping[name][key] end
  if kind.references then doc = kind.references(doc, swap) or doc end
  local own = mapping[kind.name] and mapping[kind.name][object.key]
  doc = objects.document(doc)
  if own and kind.rekey then kind.rekey(doc, own) elseif own then doc:set(own, KEY_FIELD[kind.name]) end
  return objects.new(kind, doc, nil, object.about)
end

-- ---------------------------------------------------------------------------------------------------- the target --

-- What could not be read there: it is not known whether it is, so nothing is written to it.
local function watch_failures(state, index)
  local tell = state.target.on_failure
  function state.target.on_failure(failure)
    if failure.key then index.unread[failure.key] = true end
    tell(failure)
  end
  return function() state.target.on_failure = tell end
end

-- How many there are nobody knows before the end.
local function told(state)
  state.done = state.done + 1
  local on_progress = state.options.on_progress
  if on_progress then on_progress(state.done, 0, #state.builder.failures) end
end

-- What a list of the target is remembered by: digest and place of the text, by key; keys by title.
local function remember(state, index, object)
  index.by_key[object.key] = {
    kept = state.builder:keep(object), title = object.title, about = object.about, secrets = object.secrets,
  }
  index.by_title[object.title] = object.key
  state.builder.there = state.builder.there + 1
end

local function list_target(state, kind, org)
  local index = {by_key = {}, by_title = {}, unread = {}, whole = true}
  if org and not state.target_orgs[org] then return index end
  local function take(object)
    remember(state, index, object)
    object.doc:close()
    told(state)
  end
  local watched = watch_failures(state, index)
  local r, whole = state.target:each(kind, org, take)
  watched()
  index.whole = whole
  if not r.ok then return nil, r end
  return index
end

-- Of these one of the same name is the same one where none has its uid: no two data sources have one name, and old
-- servers give playlists uids of their own.
local BY_NAME = {datasources = true, playlists = true}

local function match_by_name(state, kind, object, index, taken)
  local mapping = state.mapping[kind.name]
  if index.by_key[object.key] or mapping[object.key] then return end
  local uid = index.by_title[object.title]
  if not uid or taken[uid] or kind.may_match and not kind.may_match(object.key, uid) then return end
  mapping[object.key], taken[uid] = uid, true
end

-- All of them: what another one is there, by its uid or as the caller says, none of the same name is taken for.
local function match_all(state, kind, list, index)
  local taken = {}
  for _, object in ipairs(list) do taken[state.mapping[kind.name][object.key] or object.key] = true end
  for _, object in ipairs(list) do match_by_name(state, kind, object, index, taken) end
end

-- Those that are called the same there come first: where two are to be one, it is theirs.
local function in_order(list, mapping)
  table.sort(list, function(a, b)
    local a_is_mapped, b_is_mapped = mapping[a.key] ~= nil, mapping[b.key] ~= nil
    if a_is_mapped ~= b_is_mapped then return b_is_mapped end
    return a.key < b.key
  end)
end

-- ------------------------------------------------------------------------------------------------------- secrets --

local function secrets_lacking(object, there)
  local known, lacking = {}, {}
  for _, name in ipairs(there and there.secrets or {}) do known[name] = true end
  for _, name in ipairs(object.secrets or {}) do
    if not known[name] then lacking[#lacking + 1] = name end
  end
  return lacking
end

-- Of the secrets that the target lacks, those that the caller can give: they are a change of their own.
local function secrets_to_set(state, kind, org, object, there)
  local lacking, given = secrets_lacking(object, there), {}
  if #lacking == 0 or not there or not state.options.secret or kind.keeps_secrets then return nil end
  local at = place.new(state.target.server, {name = org or nil}, state.options)
  for _, name in ipairs(lacking) do
    if at:secret(kind.name, object, name) then given[#given + 1] = name end
  end
  return #given > 0 and given or nil
end

-- ------------------------------------------------------------------------------------------------------- changes --

local WHY = {create = "not there", update = "differs", secrets = "secrets are missing there"}

local function merged(state, kind, org, object, there)
  if not kind.merged or not there or state.deletes(kind, org) then return object end
  local now = state.builder:parse(kind, there.kept)
  return objects.new(kind, kind.merged(object.doc, now.doc), nil, object.about)
end

-- What concerns the account itself comes last: it is needed until then.
local function comes_last(state, kind, key)
  return kind.name == "org_users" and key == state.login or nil
end

-- What an organisation begins with.
local BEGINS_WITH = {org_users = true, contact_points = true, policies = true, preferences = true}

-- What a server gives to new things by itself: permissions to who makes them, and what an organisation begins with.
local function is_given(state, kind, org)
  return kind.name:find("_permissions$") ~= nil or org and not state.target_orgs[org] and BEGINS_WITH[kind.name]
end

-- A new one whose name another has there, which will be called otherwise, comes after that.
local LATE = 9

local function rank_of_new(kind, object, index)
  return BY_NAME[kind.name] and index.by_title[object.title] and LATE or nil
end

-- Who gets the whole server is said at once, not only in the differences.
local function rights(state, kind, object, there)
  if kind.name ~= "users" or not object.doc:get("isGrafanaAdmin") then return "" end
  local now = there and state.builder:parse(kind, there.kept)
  return now and now.doc:get("isGrafanaAdmin") and "" or ", becomes a server admin"
end

local function add_change(state, kind, org, object, there, index)
  local secrets = secrets_to_set(state, kind, org, object, there)
  local differs = not there or there.kept[1] ~= object:digest()
  if not differs and not secrets then return state.builder:unchanged() end
  local why = (not there and WHY.create or differs and WHY.update or WHY.secrets) .. rights(state, kind, object, there)
  local change = state.builder:change {
    kind = kind, org = org, wanted = object, now_kept = there and there.kept, why = why, secrets = secrets,
    any = not there and is_given(state, kind, org) or nil,
  }
  if not change then return end
  change.last = comes_last(state, kind, change.key)
  if there then return end
  change.rank = rank_of_new(kind, object, index)
  change.needs = object.secrets and #object.secrets > 0 and object.secrets or nil
end

-- Who administers the server on which an organisation is does not so the one to which it is copied.
local function deprive(state, kind, object, there)
  if there or not state.is_copy or kind.name ~= "users" or not object.doc:get("isGrafanaAdmin") then return end
  object.doc:remove("isGrafanaAdmin")
  state.builder:note(("user %s is a server admin in the source, and does not become one there"):format(object.key))
end

-- The object as the target is to have it, and what is there.
local function wanted(state, kind, org, index, object)
  local translated = translate(state, kind, object)
  local there = index.by_key[translated.key]
  deprive(state, kind, translated, there)
  return merged(state, kind, org, translated, there), there
end

local function note_double(state, kind, object, key)
  state.builder:note(("%s %s is %s there, and so is another one, which is what is written"):format(kind.one, object.key,
    key))
end

local function compare_object(state, kind, org, index, object, other, there)
  if index.seen[other.key] and other.key ~= object.key then return note_double(state, kind, object, other.key) end
  index.seen[other.key] = true
  if index.unread[other.key] then return end
  if there and state.leaves(kind) then return state.builder:unchanged() end
  add_change(state, kind, org, other, there, index)
end

-- A file that a person has changed may say anything: it is that object's failure.
local function fail_object(state, kind, source_org, index, object, problem)
  if tasks.is_interrupt(problem) or tasks.is_cancelled(problem) then error(problem, 0) end
  index.odd = true
  local r = outcome.new("invalid-data", "it cannot be understood: " .. tostring(problem))
  state.source.on_failure(source_of.failure_of(kind, source_org, object.key, object.title, r))
end

local function take_object(state, kind, source_org, org, index, object)
  if kind.scope ~= "server" or state.takes(kind, object) then
    local fine, other, there = pcall(wanted, state, kind, org, index, object)
    if fine then
      compare_object(state, kind, org, index, object, other, there)
      other.doc:close()
    else
      fail_object(state, kind, source_org, index, object, other)
    end
  end
  object.doc:close()
  told(state)
end

-- Lists of the source may lack what was there all the time, where somebody else deletes from it meanwhile. So what is
-- to go is looked for by itself. Returns those keys that the source lacks; nil where it has one, or does not tell.
local function surely_gone(state, kind, source_org, index, keys)
  if not state.verifies then return keys end
  local at, here, failure = state.source:place(source_org), {}, nil
  for from, to in pairs(state.mapping[kind.name] or {}) do here[to] = from end
  pool.each(at.g, keys, function(key)
    local known = state.builder:parse(kind, index.by_key[key].kept)
    local object, r = state.source:read(kind, source_org, here[key] or key, known)
    known.doc:close()
    if object then
      object.doc:close()
      r = outcome.new("error", "the list of the source lacked it, and it is there: none of its kind is deleted", "cut")
    end
    if r then failure = source_of.failure_of(kind, source_org, key, index.by_key[key].title, r) end
  end)
  if not failure then return keys end
  state.source.on_failure(failure)
end

local function unseen(index)
  local keys = {}
  for key in pairs(index.by_key) do
    if not index.seen[key] then keys[#keys + 1] = key end
  end
  table.sort(keys)
  return keys
end

local function delete_rest(state, kind, source_org, org, index)
  for _, key in ipairs(surely_gone(state, kind, source_org, index, unseen(index)) or {}) do
    local there = index.by_key[key]
    state.builder:change {
      kind = kind, org = org, now_kept = there.kept, key = key, title = there.title, about = there.about,
      why = "not in the source",
    }
  end
end

-- --------------------------------------------------------------------------------------------------------- lists --

-- A server that has no such things at all fails only what is to be put there.
local function compare_unsupported(state, kind, source_org, org, r)
  local count = 0
  state.source:each(kind, source_org, function() count = count + 1 end)
  if count == 0 then return end
  local message = ("%d of them are in the source, and the server has no such thing"):format(count)
  r = outcome.new("error", message, "unsupported", {code = r.code})
  state.target.on_failure(source_of.failure_of(kind, org, nil, nil, r))
end

-- Those that may have another name there are looked at all together before any is taken.
local function each_of_source(state, kind, source_org, index, take)
  local mapping, list = state.mapping[kind.name], {}
  if not BY_NAME[kind.name] and (not mapping or next(mapping) == nil) then
    return state.source:each(kind, source_org, take)
  end
  local listed, whole = state.source:each(kind, source_org, function(object) list[#list + 1] = object end)
  if BY_NAME[kind.name] then match_all(state, kind, list, index) end
  in_order(list, mapping)
  for _, object in ipairs(list) do take(object) end
  return listed, whole
end

local function compare_kind(state, kind, source_org, org)
  local index, r = list_target(state, kind, org)
  if not index then
    if outcome.is_unsupported(r) then compare_unsupported(state, kind, source_org, org, r) end
    return
  end
  index.seen = {}
  local listed, whole = each_of_source(state, kind, source_org, index, function(object)
    take_object(state, kind, source_org, org, index, object)
  end)
  if state.deletes(kind, org) and listed.ok and whole and index.whole and not index.odd then
    delete_rest(state, kind, source_org, org, index)
  end
end

-- What names data sources.
local NAMING = {library_panels = true, dashboards = true, rule_groups = true}

local function names_only(from, kind, org)
  local tell, note, list = from.on_failure, from.on_note, {}
  from.on_failure, from.on_note = function() end, function() end
  local fine, r = pcall(from.each, from, kind, org, function(object)
    list[#list + 1] = {key = object.key, title = object.title}
    object.doc:close()
  end)
  from.on_failure, from.on_note = tell, note
  if not fine then error(r, 0) end
  return list, r
end

-- Where data sources are left as they are, those of one name are the same all the same.
local function match_datasources(state, source_org, org)
  local kind, needed = kinds.get "datasources", false
  for _, each in ipairs(source_of.kinds(state.options, "org")) do
    if each == kind then return end
    needed = needed or NAMING[each.name]
  end
  if not needed or not state.target_orgs[org] then return end
  local here, r = names_only(state.source, kind, source_org)
  local there, other = names_only(state.target, kind, org)
  if not r.ok or not other.ok then
    local failed = r.ok and other or r
    return state.builder:note(("data sources of the same name are not known, as they could not be listed: %s"):format(
      failed.message or failed.status))
  end
  local index = {by_key = {}, by_title = {}}
  for _, each in ipairs(there) do index.by_key[each.key], index.by_title[each.title] = true, each.key end
  match_all(state, kind, here, index)
end

local function compare_org(state, source_org)
  local org = state.mapping.organisations[source_org] or source_org
  local given = state.mapping
  state.mapping = copy_mapping(given)   -- what is matched by name holds in this organisation
  match_datasources(state, source_org, org)
  for _, kind in ipairs(source_of.kinds(state.options, "org")) do compare_kind(state, kind, source_org, org) end
  state.mapping = given
end

local function names_of(list)
  local set = {}
  for _, name in ipairs(list) do set[name] = true end
  return set
end

local function nothing() return false end
local function everything() return true end

-- What cannot be read makes the plan less than whole; it says on which side that was.
local function tell_builder(c)
  for side, each in pairs {source = c.source, target = c.target} do
    function each.on_failure(failure)
      failure.side = side
      c.builder:failed(failure)
    end
  end
  function c.source.on_note(text, org) c.builder:note((org and org .. ": " or "") .. text) end
end

local function compare_all(state, c, orgs)
  if c.server_kinds ~= false then
    for _, kind in ipairs(source_of.kinds(c.options, "server")) do compare_kind(state, kind, false, false) end
  end
  for _, org in ipairs(orgs) do compare_org(state, org) end
end

--- Add to the builder the changes that make a server be as a source is.
-- @tab c `builder`, `source`, `target` (a live source), `options` (`kinds`, `permissions`, `mapping`, `secret`,
--   `delete`), `deletes(kind, org)`: whether what the source lacks is to go; `takes(kind, object)`: which of the
--   server's objects are looked at; `leaves(kind)`: whether what is there already is left as it is; `server_kinds`:
--   false leaves out organisations and users; `verifies`: what is to go is looked for in the source, a live one, again;
--   `is_copy`: it is about one organisation, not about who administers servers
-- @return true, or nil and the result that says why nothing could be compared
function compare.run(c)
  local orgs, r = c.source:orgs()
  if not orgs then return nil, r end
  local there
  there, r = c.target:orgs()
  if not there then return nil, r end
  local state = {
    builder = c.builder, source = c.source, target = c.target, options = c.options, target_orgs = names_of(there),
    login = c.target.server and c.target.server.login, mapping = copy_mapping(c.options.mapping),
    verifies = c.verifies, is_copy = c.is_copy, done = 0,
    deletes = c.deletes or nothing, takes = c.takes or everything, leaves = c.leaves or nothing,
  }
  tell_builder(c)
  local fine, problem = pcall(compare_all, state, c, orgs)
  local on_progress = c.options.on_progress
  if not fine then
    if on_progress then progress.broken_off(on_progress, problem) end
    error(problem, 0)
  end
  if on_progress then on_progress(state.done, state.done, #c.builder.failures) end
  return true
end

return compare
