-- SPDX-License-Identifier: MIT
--- How plans look: a summary, and the differences line by line.
-- @module grafana.bulk.plan_text

local kinds = require "grafana.bulk.kinds"
local lines = require "grafana.bulk.lines"
local show = require "grafana.bulk.show"

local ipairs, table = ipairs, table

local plan_text = {}

local MOST_SHOWN = 50   -- changes of a summary
local MOST_FAILURES = 10

-- ------------------------------------------------------------------------------------------------------ summary --

local function place_name(org)
  return org and "organisation " .. show.text(org) or "the server"
end

local function words_of(name, count)
  local words = name:gsub("_", " ")
  return count == 1 and kinds.get(name).one or words
end

local STATE = {done = ", done", failed = ", failed", begun = ", begun"}

local function change_line(change)
  local kind = kinds.get(change.kind)
  local name = show.text(change.title)
  if change.key ~= change.title then name = name .. " (" .. show.text(change.key) .. ")" end
  local why = change.why ~= "" and ": " .. show.text(change.why) or ""
  return ("    %-6s  %s %s%s%s"):format(change.action, kind.one, name, why, STATE[change.state] or "")
end

-- "3 folders, 20 dashboards to create; 1 team to update"
local function counts_line(changes)
  local parts = {}
  for _, action in ipairs {"create", "update", "delete"} do
    local counts, list = {}, {}
    for _, change in ipairs(changes) do
      if change.action == action then counts[change.kind] = (counts[change.kind] or 0) + 1 end
    end
    for _, name in ipairs(kinds.names) do
      if counts[name] then list[#list + 1] = ("%d %s"):format(counts[name], words_of(name, counts[name])) end
    end
    if #list > 0 then parts[#parts + 1] = table.concat(list, ", ") .. " to " .. action end
  end
  return table.concat(parts, "; ")
end

-- By organisation, in the order of the plan; what goes along with something else is not said beside it.
local function grouped(list)
  local groups, order, changes = {}, {}, {}
  for _, change in ipairs(list) do
    if not change.along then changes[#changes + 1] = change end
  end
  for _, change in ipairs(changes) do
    local org = change.org or false
    if not groups[org] then
      groups[org] = {}
      order[#order + 1] = org
    end
    table.insert(groups[org], change)
  end
  return groups, order
end

local function add_changes(list, changes)
  local groups, order = grouped(changes)
  local shown = 0
  for _, org in ipairs(order) do
    list[#list + 1] = ("  %s: %s"):format(place_name(org), counts_line(groups[org]))
    for _, change in ipairs(groups[org]) do
      shown = shown + 1
      if shown <= MOST_SHOWN then list[#list + 1] = change_line(change) end
    end
  end
  if shown > MOST_SHOWN then list[#list + 1] = ("    … and %d more changes"):format(shown - MOST_SHOWN) end
end

local function add_list(list, heading, items, text_of, most)
  if #items == 0 then return end
  list[#list + 1] = heading
  for i, item in ipairs(items) do
    if i > most then
      list[#list + 1] = ("  … and %d more"):format(#items - most)
      return
    end
    list[#list + 1] = "  " .. text_of(item)
  end
end

local function failure_text(failure)
  if failure.kind == "plan" then return failure.status .. ": " .. show.text(failure.message or "no message", 300) end
  local kind = kinds.rank(failure.kind) and kinds.get(failure.kind)
  local name = failure.title or failure.key
  local what = name and (kind and kind.one or failure.kind) .. " " .. show.text(name)
    or failure.kind:gsub("_", " ") .. " (the list)"
  if failure.side then what = what .. " on the " .. failure.side end
  local where = failure.org and show.text(failure.org) .. ": " or ""
  return where .. what .. ": " .. failure.status .. ": " .. show.text(failure.message or "no message", 300)
end

local function lost_by(change)
  local lost = kinds.get(change.kind).cannot_undo
  return lost and lost[change.action] or {}
end

-- What undo cannot return, of the kinds and actions that are in the plan.
local function losses(changes)
  local list, seen = {}, {}
  for _, change in ipairs(changes) do
    for _, text in ipairs(lost_by(change)) do
      if not seen[text] then
        seen[text] = true
        list[#list + 1] = text
      end
    end
  end
  if #changes > 0 then list[#list + 1] = "what others have changed since: such an object is left as it is" end
  return list
end
plan_text.losses = losses

local function itself(text) return text end
local function cleaned(text) return show.text(text, 300) end

local function heading(plan)
  local counts = plan:counts()
  return ("%s on %s: %d to create, %d to update, %d to delete, %d as they should be"):format(plan.job,
    plan.header.server, counts.create, counts.update, counts.delete, plan.same)
end

--- What a plan is about, for a person.
function plan_text.summary(plan)
  local list = {heading(plan)}
  add_changes(list, plan.changes)
  if plan.header.held_back then list[#list + 1] = "Held back: " .. plan.header.held_back end
  add_list(list, "Could not be read:", plan.failures, failure_text, MOST_FAILURES)
  add_list(list, "Notes:", plan.notes, cleaned, MOST_FAILURES)
  add_list(list, "Undo cannot return:", losses(plan.changes), itself, math.huge)
  return table.concat(list, "\n")
end

-- -------------------------------------------------------------------------------------------------- differences --

local function text_of(plan, change, kept)
  local object = plan:object(change, kept)
  return object and object:text(true) .. "\n" or ""
end

local function label(change)
  return (change.org and show.text(change.org) .. "/" or "") .. change.kind .. "/" .. show.text(change.key)
end

local function change_diff(plan, change, colours)
  local name = label(change)
  local text = lines.diff(text_of(plan, change, change.before), text_of(plan, change, change.after), {
    from = change.before and name or "/dev/null", to = change.after and name or "/dev/null", colours = colours,
  })
  return change.secrets and text .. ("# secrets that are set: %s\n"):format(
    show.text(table.concat(change.secrets, ", "))) or text
end

local function is_wanted(change, options)
  return (not options.kind or options.kind == change.kind) and (not options.org or options.org == change.org)
    and (not options.key or options.key == change.key)
end

--- See `plan:diff`.
function plan_text.diff(plan, options)
  options = options or {}
  local colours = options.colours
  if colours == nil then colours = show.colours(io.stdout) end
  local parts = {}
  local out = options.out or function(text) parts[#parts + 1] = text end
  for _, change in ipairs(plan.changes) do
    if is_wanted(change, options) then out(change_diff(plan, change, colours)) end
  end
  if not options.out then return table.concat(parts) end
end

return plan_text
