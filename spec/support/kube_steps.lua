-- SPDX-License-Identifier: MIT
--- Writes below /apis and what a real 12.4.3 answered: steps to be made in order, in an organisation that is empty.
--
-- A step is {what, method, place, body or nil, code, …}: `place` is "dashboards", "dashboards/uid", with ":v1beta1 "
-- before it where it is not the first version. "$rv uid" in bodies stands for the resource version last seen of that
-- uid. Checks: `says` (in the message), `reason`, `version` = "same", "other" or "none" (against the one last seen),
-- `stored` (what `status.conversion.storedVersion` says; false: nothing), `generation`, `has` (of annotations, labels
-- or spec these keys with these values) and `lacks` (this key).

local kube_steps = {}

local GROUPS = {
  dashboards = {group = "dashboard.grafana.app", version = "v0alpha1", kind = "Dashboard"},
  folders = {group = "folder.grafana.app", version = "v1beta1", kind = "Folder"},
}

local function object(name, spec, more)
  more = more or {}
  return {metadata = {name = name, annotations = more.notes, labels = more.labels, resourceVersion = more.rv,
    uid = more.identity}, spec = spec, apiVersion = more.api}
end

local function lock(rv, uid) return {preconditions = {resourceVersion = rv, uid = uid}} end

local IN_FA = {["grafana.app/folder"] = "fa"}
local RULES = "the object has been modified"

local function v2(title)
  local vast = {kind = "GridLayout", spec = {items = kube_steps.array {}}}
  return {title = title, annotations = kube_steps.array {}, cursorSync = "Off", editable = true,
      elements = kube_steps.object {},
    layout = vast, links = kube_steps.array {}, liveNow = false, preload = false, tags = kube_steps.array {},
    timeSettings = {timezone = "browser", from = "now-6h", to = "now", autoRefresh = "",
      autoRefreshIntervals = kube_steps.array {}, hideTimepicker = false, fiscalYearStartMonth = 0},
    variables = kube_steps.array {}}
end

local function steps()
  local NOTES = {["grafana.app/folder"] = "fa", ["x.org/y"] = "z", ["grafana.app/message"] = "hello"}
  local KEPT = {["grafana.app/folder"] = "fa", ["x.org/y"] = "z"}
  local K = {title = "  K  ", panels = kube_steps.array {}}
  return {
    {"a folder", "POST", "folders", object("fa", {title = " FA ", description = "Words"}), 201, generation = 1,
      has = {spec = {title = "FA", description = "Words"}}},
    {"a folder without a description", "POST", "folders", object("fb", {title = "FB"}), 201,
      lacks = {spec = "description"}},
    {"a folder of a uid that is taken", "POST", "folders", object("fa", {title = "FA"}), 412, says = "by someone else"},
    {"a folder without a title", "POST", "folders", object("fc", {title = ""}), 400, says = "title cannot be empty"},
    {"a folder inside itself", "POST", "folders", object("fs", {title = "S"},
      {notes = {["grafana.app/folder"] = "fs"}}), 400,
      says = "parent of itself"},
    {"a folder of a reserved name", "POST", "folders", object("general", {title = "G"}), 500, says = "invalid uid"},
    {"a folder of a strange name", "POST", "folders", object("a b", {title = "G"}), 400, says = "illegal characters"},
    {"a folder in one that is not there", "POST", "folders",
      object("fo", {title = "Orphan"}, {notes = {["grafana.app/folder"] = "gone"}}), 201},
    {"a folder in a folder", "POST", "folders", object("fd", {title = "FD"}, {notes = IN_FA}), 201},

    {"a dashboard", "POST", "dashboards", object("k", {title = "  K  ", panels = kube_steps.array {}, uid = "other",
      version = 5}, {notes = NOTES, labels = {team = "ops"}}), 201, generation = 1, stored = false,
      has = {annotations = NOTES, labels = {team = "ops"}, spec = {title = "  K  "}}, lacks = {spec = "uid"}},
    {"the same without its message", "PUT", "dashboards/k", object("k", K, {notes = KEPT, labels = {team = "ops"},
      rv = "$rv k"}), 200, version = "other", generation = 1, lacks = {annotations = "grafana.app/message"}},
    {"the same again", "PUT", "dashboards/k", object("k", K, {notes = KEPT, labels = {team = "ops"}, rv = "$rv k"}),
      200,
      version = "none", generation = 1},
    {"it is what it was", "GET", "dashboards/k", nil, 200, version = "same", generation = 1},
    {"an old resource version", "PUT", "dashboards/k", object("k", K, {notes = KEPT, rv = "1"}), 409, says = RULES,
      reason = "Conflict"},
    {"no resource version", "PUT", "dashboards/k", object("k", {title = "K2"}, {notes = KEPT}), 200, version = "other",
      generation = 2, lacks = {labels = "team"}},
    {"a resource version that is none", "PUT", "dashboards/k", object("k", K, {rv = "abc"}), 500,
      says = "invalid syntax"},
    {"another identity", "PUT", "dashboards/k", object("k", K, {identity = "00000000-0000-0000-0000-000000000000"}),
      500,
      says = "precondition failed"},
    {"another name", "PUT", "dashboards/k", object("m", K), 400, says = "does not match the name on the URL"},
    {"into a folder that is not there", "PUT", "dashboards/k",
      object("k", K, {notes = {["grafana.app/folder"] = "none"}, rv = "$rv k"}), 500, says = "access denied to folder"},
    {"to the root", "PUT", "dashboards/k", object("k", {title = "K2"}, {notes = {["grafana.app/folder"] = ""},
      rv = "$rv k"}),
      200, version = "other", generation = 3},
    {"odd labels", "PUT", "dashboards/k", object("k", K, {labels = {["a b"] = "c"}}), 422, reason = "Invalid"},
    {"odd annotations", "PUT", "dashboards/k", object("k", K, {notes = {["a b/c"] = "d"}}), 422, reason = "Invalid"},

    {"a dashboard of a uid that is taken", "POST", "dashboards", object("k", K), 409, says = "already exists",
      reason = "AlreadyExists"},
    {"a dashboard in a folder that is not there", "POST", "dashboards",
      object("n", K, {notes = {["grafana.app/folder"] = "none"}}), 404,
      says = 'folders.folder.grafana.app "none" not found'},
    {"a dashboard with a resource version", "POST", "dashboards", object("n", K, {rv = "12"}), 500,
      says = "should not be set on objects to be created"},
    {"a dashboard without a name", "POST", "dashboards", {spec = K}, 422, says = "name or generateName is required"},
    {"a dashboard of another version", "POST", "dashboards", object("n", K, {api = "dashboard.grafana.app/v1beta1"}),
      400,
      says = "does not match the expected API version"},
    {"a version that is not there", "POST", ":v9 dashboards", object("n", K), 404,
      says = "could not find the requested"},
    {"a PUT that creates", "PUT", "dashboards/n", object("n", K), 201, generation = 1},
    {"a PUT of what is gone", "PUT", "dashboards/o", object("o", K, {rv = "1"}), 500,
      says = "should not be set on objects to be created"},

    -- the status of a dashboard that was stored in another version before
    {"in the first version", "POST", "dashboards", object("s", {title = "S", panels = kube_steps.array {}}), 201,
      stored = false},
    {"then in another", "PUT", ":v1beta1 dashboards/s", object("s", {title = "S1", panels = kube_steps.array {}}), 200},
    {"each names the other", "GET", "dashboards/s", nil, 200, stored = "v1beta1"},
    {"each names the other", "GET", ":v1beta1 dashboards/s", nil, 200, stored = "v0alpha1"},
    {"a third tells", "GET", ":v2beta1 dashboards/s", nil, 200, stored = "v1beta1"},
    {"in the first again", "PUT", "dashboards/s", object("s", {title = "S2", panels = kube_steps.array {}}), 200},
    {"each names the other", "GET", "dashboards/s", nil, 200, stored = "v1beta1"},
    {"each names the other", "GET", ":v1beta1 dashboards/s", nil, 200, stored = "v0alpha1"},
    {"a third tells", "GET", ":v2beta1 dashboards/s", nil, 200, stored = "v0alpha1"},
    {"in the second schema", "POST", ":v2beta1 dashboards", object("t", v2 "T"), 201, stored = false},
    {"the same again", "PUT", ":v2beta1 dashboards/t", object("t", v2 "T", {rv = "$rv t"}), 200, version = "none"},
    {"then in the first", "PUT", "dashboards/t", object("t", {title = "T0"}, {rv = "$rv t"}), 200, version = "other"},
    {"it names what it was", "GET", "dashboards/t", nil, 200, stored = "v2beta1"},
    {"the other names what it is", "GET", ":v2beta1 dashboards/t", nil, 200, stored = "v0alpha1"},

    {"deleted by an old resource version", "DELETE", "dashboards/k", lock("1"), 409,
      says = "ResourceVersion in the precondition (1)"},
    {"deleted by another identity", "DELETE", "dashboards/k", lock("1", "x"), 409,
      says = "UID in the precondition (x)"},
    {"deleted", "DELETE", "dashboards/k", lock("$rv k"), 200},
    {"deleted once more", "DELETE", "dashboards/k", lock("$rv k"), 404,
      says = 'dashboards.dashboard.grafana.app "k" not found'},

    {"a folder's new title", "PUT", "folders/fa", object("fa", {title = "FA2", description = "Words"},
      {rv = "$rv fa"}), 200,
      version = "other", generation = 2},
    {"the same again", "PUT", "folders/fa", object("fa", {title = "FA2", description = "Words"}, {rv = "$rv fa"}), 200,
      version = "none"},
    {"an old resource version", "PUT", "folders/fa", object("fa", {title = "FA3"}, {rv = "1"}), 409, says = RULES},
    {"labels alone", "PUT", "folders/fa", object("fa", {title = "FA2", description = "Words"}, {rv = "$rv fa",
      labels = {team = "x"}}), 200, version = "other", generation = 2, has = {labels = {team = "x"}}},
    {"into one that is not there", "PUT", "folders/fb", object("fb", {title = "FB"},
      {notes = {["grafana.app/folder"] = "no"}}), 500,
      says = "move target not found"},
    {"into itself", "PUT", "folders/fb", object("fb", {title = "FB"}, {notes = {["grafana.app/folder"] = "fb"}}), 500,
      says = "circular"},
    {"below itself", "PUT", "folders/fa", object("fa", {title = "FA2"}, {notes = {["grafana.app/folder"] = "fd"}}), 500,
      says = "circular"},
    {"moved", "PUT", "folders/fd", object("fd", {title = "FD"}, {notes = {["grafana.app/folder"] = "fb"},
      rv = "$rv fd"}), 200,
      version = "other", generation = 2},
    {"not empty, and changed", "DELETE", "folders/fb", lock("1"), 409,
      says = "ResourceVersion in the precondition (1)"},
    {"not empty", "DELETE", "folders/fb", lock(), 400, says = "folder is not empty"},
    {"one that is not there", "DELETE", "folders/gone", lock(), 404,
      says = 'folders.folder.grafana.app "gone" not found'},
    {"and what has it for a parent stays", "GET", "folders/fo", nil, 200},
    {"empty", "DELETE", "folders/fd", lock("$rv fd"), 200},
    {"and so is the other", "DELETE", "folders/fb", lock("$rv fb"), 200},
  }
end

local function place_of(text, namespace)
  local version = text:match("^:(%S+) ") or ""
  local plural, rest = text:gsub("^:%S+ ", ""):match("^(%l+)(.*)$")
  local row = GROUPS[plural]
  return ("/apis/%s/%s/namespaces/%s/%s%s"):format(row.group, version ~= "" and version or row.version, namespace,
      plural, rest)
end

local function fill(value, seen)
  if type(value) == "string" then return (value:gsub("^%$rv (.+)$", function(uid) return seen[uid] end)) end
  if type(value) ~= "table" then return value end
  local copy = setmetatable({}, getmetatable(value))
  for key, item in pairs(value) do copy[key] = fill(item, seen) end
  return copy
end

local function at(value, ...)
  for _, key in ipairs {...} do value = type(value) == "table" and value[key] or nil end
  return value
end

local CHECKS = {}

function CHECKS.says(answer, words) return (at(answer, "message") or ""):find(words, 1, true) ~= nil end
function CHECKS.reason(answer, reason) return at(answer, "reason") == reason end
function CHECKS.generation(answer, number) return tonumber(tostring(at(answer, "metadata", "generation"))) == number end
function CHECKS.stored(answer, version) return (at(answer, "status", "conversion",
      "storedVersion") or false) == version end

function CHECKS.version(answer, what, before)
  local now = at(answer, "metadata", "resourceVersion")
  if what == "none" then return now == nil end
  return now ~= nil and (now == before) == (what == "same")
end

local function part_of(answer, name)
  return name == "spec" and at(answer, "spec") or at(answer, "metadata", name)
end

function CHECKS.has(answer, parts)
  for name, values in pairs(parts) do
    for key, value in pairs(values) do
      if at(part_of(answer, name), key) ~= value then return false end
    end
  end
  return true
end

function CHECKS.lacks(answer, parts)
  for name, key in pairs(parts) do
    if at(part_of(answer, name), key) ~= nil then return false end
  end
  return true
end

--- Makes all steps; what was otherwise, as sentences.
-- @func ask `(method, path, body)` → code, answer as a table
-- @string namespace
-- @tab marks `array` and `object`: what makes empty ones
function kube_steps.differences(ask, namespace, marks)
  kube_steps.array, kube_steps.object = marks.array, marks.object
  local seen, found = {}, {}
  for i, step in ipairs(steps()) do
    local code, answer = ask(step[2], place_of(step[3], namespace), step[4] and fill(step[4], seen))
    local uid = step[3]:match("/(.+)$") or at(step[4], "metadata", "name")
    local fine = code == step[5]
    for name, check in pairs(CHECKS) do
      if step[name] ~= nil and not check(answer, step[name], seen[uid]) then fine = false end
    end
    if uid then seen[uid] = at(answer, "metadata", "resourceVersion") or seen[uid] end
    if not fine then found[#found + 1] = ("%d, %s: %s %s"):format(i, step[1], tostring(code), tostring(at(answer,
      "message"))) end
  end
  return found
end

return kube_steps
