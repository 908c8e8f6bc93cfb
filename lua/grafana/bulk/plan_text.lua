-- SPDX-License-Identifier: MIT
--- How plans look: a summary, and the differences line by line.
-- @module grafana.bulk.plan_text

local kinds = require "grafana.bulk.kinds"
local lines = require "grafana.bulk.lines"
local report = require "grafana.bulk.report"
local show = require "grafana.bulk.show"

local io, ipairs, math, table, tostring = io, ipairs, math, table, tostring

local plan_text = {}

local ALL_SHOWN = 50       -- up to so many changes are all shown; of more, some of each sort
local SOME_SHOWN = 3       -- of an action and a kind in an organisation
local DELETIONS_SHOWN = 20
local ORGS_SHOWN = 20
local MOST_FAILURES = 10

-- ------------------------------------------------------------------------------------------------------ summary --

local ACTIONS = {"create", "update", "delete"}

local function place_name(org)
  return org and "organisation " .. show.text(org) or "the server"
end

local STATE = {done = "done", failed = "failed", begun = "begun", undone = "taken back"}

-- What the action says already.
local PLAIN = {["not there"] = true, ["differs"] = true, [""] = true}

local function change_line(change)
  local kind = kinds.get(change.kind)
  local name = show.text(change.title)
  if change.key ~= change.title then name = name .. " (" .. show.text(change.key) .. ")" end
  local why = change.why:gsub("^undo: ", ""):gsub("^not there, ", ""):gsub("^differs, ", "")
  why = PLAIN[why] and "" or ": " .. show.text(why)
  local state = STATE[change.state] and " [" .. STATE[change.state] .. "]" or ""
  return ("    %-6s  %s %s%s%s"):format(change.action, kind.one, name, why, state)
end

-- The changes of an organisation by action and kind: `{{action, {{kind, changes}, …}}, …}`, in the order of the kinds.
local function sorted_by_action(changes)
  local by_action = {}
  for _, action in ipairs(ACTIONS) do
    local by_kind, list = {}, {}
    for _, change in ipairs(changes) do
      if change.action == action then
        by_kind[change.kind] = by_kind[change.kind] or {}
        table.insert(by_kind[change.kind], change)
      end
    end
    for _, name in ipairs(kinds.names) do
      if by_kind[name] then list[#list + 1] = {name, by_kind[name]} end
    end
    if #list > 0 then by_action[#by_action + 1] = {action, list} end
  end
  return by_action
end

-- "3 folders, 20 dashboards to create; 1 team to update", word by word.
local function words_of(by_action)
  local words = {}
  for i, each in ipairs(by_action) do
    for j, group in ipairs(each[2]) do
      local comma = j < #each[2] and "," or ""
      words[#words + 1] = kinds.count(group[1], #group[2]) .. comma
    end
    words[#words + 1] = "to " .. each[1] .. (i < #by_action and ";" or "")
  end
  return words
end

-- By organisation, in the order of the plan; what goes along with something else is not said beside it.
local function grouped(list)
  local groups, order, count = {}, {}, 0
  for _, change in ipairs(list) do
    if not change.along then
      local org = change.org or false
      if not groups[org] then
        groups[org] = {}
        order[#order + 1] = org
      end
      table.insert(groups[org], change)
      count = count + 1
    end
  end
  return groups, order, count
end

local function is_trouble(change)
  return change.state == "failed" or change.state == "begun"
end

-- By title, whatever the order in which the answers came; what went wrong comes first.
local function comes_before(a, b)
  if is_trouble(a) ~= is_trouble(b) then return is_trouble(a) end
  if a.title ~= b.title then return tostring(a.title) < tostring(b.title) end
  return a.n < b.n
end

-- Of many objects that have the same done to them, some; those that go are looked at more closely.
local function add_some(list, action, name, changes, all)
  table.sort(changes, comes_before)
  local most = action == "delete" and DELETIONS_SHOWN or SOME_SHOWN
  if all or #changes <= most + 1 then most = #changes end
  for i = 1, most do list[#list + 1] = change_line(changes[i]) end
  if #changes > most then
    list[#list + 1] = ("    %-6s  … and %s more"):format(action, kinds.count(name, #changes - most))
  end
end

local function add_org(list, org, changes, all)
  local by_action = sorted_by_action(changes)
  list[#list + 1] = show.wrapped(("  %s: "):format(place_name(org)), words_of(by_action), "      ")
  for _, each in ipairs(by_action) do
    for _, group in ipairs(each[2]) do add_some(list, each[1], group[1], group[2], all) end
  end
end

local function add_changes(list, changes)
  local groups, order, count = grouped(changes)
  local left = 0
  for i, org in ipairs(order) do
    if i <= ORGS_SHOWN then
      add_org(list, org, groups[org], count <= ALL_SHOWN)
    else
      left = left + #groups[org]
    end
  end
  if left > 0 then
    list[#list + 1] = ("  … and %d changes in %d more organisations"):format(left, #order - ORGS_SHOWN)
  end
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

local function is_object(words)
  for _, name in ipairs(kinds.names) do
    local one = kinds.get(name).one .. " "
    if words:sub(1, #one) == one then return true end
  end
  return false
end

-- What is to be said of several objects is said once: "dashboard a (and 70 more): …".
local function gathered(notes)
  local list, by_text = {}, {}
  for _, note in ipairs(notes) do
    local about, text = tostring(note):match "^([^:]+): (.+)$"
    if not about or not is_object(about) then about, text = nil, nil end
    local known = text and by_text[text]
    if known then
      known.more = known.more + 1
    else
      known = {about = about, text = text or tostring(note), more = 0}
      list[#list + 1] = known
      if text then by_text[text] = known end
    end
  end
  return list
end

local function note_text(note)
  local more = note.more > 0 and (" (and %d more)"):format(note.more) or ""
  return show.text((note.about and note.about .. more .. ": " or "") .. note.text, 300)
end

-- Why there is no plan at all.
local function refusal(plan)
  for _, failure in ipairs(plan.failures) do
    if failure.kind == "plan" then return failure end
  end
end

local function heading(plan)
  local begin = ("%s on %s: "):format(plan.job, plan.header.server)
  local refused = refusal(plan)
  if refused then return begin .. "there is no plan: " .. refused.status .. ": " .. cleaned(refused.message or "?") end
  local counts = plan:counts()
  local held_back = plan.header.held_back and " (held back)" or ""
  return begin .. ("%d to create, %d to update, %d to delete%s, %d as they should be"):format(counts.create,
    counts.update, counts.delete, held_back, plan.same)
end

local function not_read(plan)
  local list = {}
  for _, failure in ipairs(plan.failures) do
    if failure.kind ~= "plan" then list[#list + 1] = failure end
  end
  return list
end

-- What new objects have, and no source tells.
local function needing(plan)
  local list = {}
  if plan.options.secret then return list end
  for _, change in ipairs(plan.changes) do
    if change.needs and not change.state then list[#list + 1] = change end
  end
  return list
end

local function needs_text(change)
  local names = {}
  for i, name in ipairs(change.needs) do names[i] = show.text(name) end
  local where = change.org and show.text(change.org) .. ": " or ""
  return ("%s%s %s: %s"):format(where, kinds.get(change.kind).one, show.text(change.title), table.concat(names, ", "))
end

local function states(plan)
  local counts = {done = 0, failed = 0, begun = 0, undone = 0}
  local tried = false
  for _, change in ipairs(plan.changes) do
    if counts[change.state] and not change.along then
      counts[change.state], tried = counts[change.state] + 1, true
    end
  end
  return counts, tried
end

-- What there is to do with a plan now.
local function add_what_next(list, plan)
  local counted = plan:counts()
  local total = counted.create + counted.update + counted.delete
  if plan.header.held_back and counted.create + counted.update == 0 then
    list[#list + 1] = "Nothing will be done."
    return
  end
  if total == 0 then
    if #plan.failures == 0 then list[#list + 1] = "Nothing is to be done." end
    return
  end
  local counts, tried = states(plan)
  if not tried then
    list[#list + 1] = "Nothing is written yet: plan:diff() shows it line by line, plan:apply() carries it out."
    return
  end
  list[#list + 1] = ("Of %d changes %d are carried out, %d failed, %d broken off, %d taken back."):format(total,
    counts.done, counts.failed, counts.begun, counts.undone)
  if counts.done < total then list[#list + 1] = "plan:apply() carries out what is not done." end
  if counts.done + counts.begun > 0 then list[#list + 1] = "plan:undo() takes back what is done." end
  list[#list + 1] = "Journal: " .. plan.journal.dir
end

--- What a plan is about, for a person.
function plan_text.summary(plan)
  local list = {heading(plan)}
  add_changes(list, plan.changes)
  if plan.header.held_back then list[#list + 1] = "Held back: " .. plan.header.held_back end
  report.add_failures(list, "Not in this plan, as it failed:", not_read(plan), MOST_FAILURES)
  add_list(list, "Notes:", gathered(plan.notes), note_text, MOST_FAILURES)
  add_list(list, "Secrets that are needed, from a function as option secret:", needing(plan), needs_text, MOST_FAILURES)
  add_list(list, "Undo cannot return:", losses(plan.changes), itself, math.huge)
  add_what_next(list, plan)
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

-- The same for the same plan, whatever the order in which the answers came: by title within a kind.
local function in_order(changes)
  local list, group_of, last = {}, {}, nil
  for i, change in ipairs(changes) do
    list[i] = change
    local is_new = not last or last.org ~= change.org or last.kind ~= change.kind
    group_of[change] = is_new and i or group_of[last]
    last = change
  end
  table.sort(list, function(a, b)
    if group_of[a] ~= group_of[b] then return group_of[a] < group_of[b] end
    if a.title ~= b.title then return tostring(a.title) < tostring(b.title) end
    return a.n < b.n
  end)
  return list
end

--- See `plan:diff`.
function plan_text.diff(plan, options)
  options = options or {}
  local colours = options.colours
  if colours == nil then colours = show.colours(io.stdout) end
  local parts = {}
  local out = options.out or function(text) parts[#parts + 1] = text end
  for _, change in ipairs(in_order(plan.changes)) do
    if is_wanted(change, options) then out(change_diff(plan, change, colours)) end
  end
  if not options.out then return table.concat(parts) end
end

return plan_text
