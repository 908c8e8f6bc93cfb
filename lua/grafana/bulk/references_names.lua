-- SPDX-License-Identifier: MIT
-- Which strings name an object that somebody has made, and the forms in which data sources are named.

local walk = require "grafana.bulk.references_walk"

local text, kind_of, get = walk.text, walk.kind_of, walk.get

local names = {}
local CURRENT = {"current"}

-- Grafana's own, by uid and by name; "default" is whichever is the default.
local OWN = {
  [""] = true, default = true, grafana = true, ["-- Grafana --"] = true, ["-- Mixed --"] = true,
  ["-- Dashboard --"] = true, __expr__ = true, ["-100"] = true,
}

local function has_variable(key) return key:sub(1, 1) == "$" or key:find("${", 1, true) or key:find("[[", 1, true) end

function names.is_datasource(key)
  return type(key) == "string" and not OWN[key] and not has_variable(key)
end

-- Rules name data sources by uid only, and "default" is an uid like others there.
function names.is_datasource_of_rule(key)
  return type(key) == "string" and (key == "default" or names.is_datasource(key))
end

function names.is_folder(key)
  return type(key) == "string" and key ~= "" and key ~= "general" and not has_variable(key)
end

--- Say in the context what comes next.
function names.say(w, place, form, by_name, of_type)
  local context = w.context
  context.place, context.form, context.by_name, context.type = place, form or "string", by_name or false, of_type
end

local function in_object(w, node, key, place)
  local uid = text(node, key, "uid")
  if not names.is_datasource(uid) then return end
  local of_type = text(node, key, "type")
  names.say(w, place, "object", false, of_type)
  local more = w:offer("datasources", uid, key, "uid")
  if more and more.type and of_type then w:put(more.type, key, "type") end
  return more
end

--- The data source at `key` of `node`: a string, which is a name or a uid, or {type, uid}. Returns what `swap` says
-- besides, where it named another.
function names.datasource(w, node, key, place)
  local kind = kind_of(node, key)
  if kind == "container" then return in_object(w, node, key, place) end
  if kind ~= "string" then return end
  local name = get(node, key)
  if not names.is_datasource(name) then return end
  names.say(w, place, "string", true)
  return w:offer("datasources", name, key)
end

local function one_value(w, value, of_type, ...)
  if not names.is_datasource(value) then return end
  names.say(w, "variable", "string", true, of_type)
  return w:offer("datasources", value, ...)
end

-- What is shown of a value stands at the same place of `text`; of one value it may be the only one of several.
local function rename(w, current, more, index)
  if not more or not more.name then return end
  if text(current, "text") then return w:put(more.name, "text") end
  if text(current, "text", index) then w:put(more.name, "text", index) end
end

local function values(w, current, of_type)
  local value = get(current, "value")
  if type(value) == "string" then return rename(w, current, one_value(w, value, of_type, "value"), 1) end
  if type(value) ~= "table" then return end
  for index, one in ipairs(value) do
    local more = one_value(w, one, of_type, "value", index)
    if more and #value == 1 or kind_of(current, "text") ~= "string" then rename(w, current, more, index) end
  end
end

--- The data source that a variable stands for just now. Those that it offers (`options`) are no references: Grafana
-- makes that list anew whenever it shows the dashboard.
function names.current(w, variable, of_type)
  if w.watch.choice then w.watch.choice(of_type) end
  w:inside(variable, CURRENT, values, of_type)
end

return names
