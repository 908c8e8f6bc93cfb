-- SPDX-License-Identifier: MIT
--- The page: what was read, as HTML, in pieces.

local html = require "directory.html"
local filter = require "directory.filter"

local page = {}

local template = html.template
local NOTHING = false

local SLICE = 200   -- so many dashboards are looked at before others have their turn

-- ------------------------------------------------------------------------------------------------- templates --

local HEAD = template [[
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
{again}<title>{title}</title>
<link rel="icon" type="image/svg+xml" href="static/icon.svg?v={version}">
<link rel="stylesheet" href="static/style.css?v={version}">
<script src="static/directory.js?v={version}" defer></script>
</head>
<body{filtered}>
<a class="skip" href="#main">Skip to the dashboards</a>
<header>
<div class="bar">
<h1><a href="./">{title}</a></h1>
{refreshed}</div>
]]
local AGAIN = template [[<meta http-equiv="refresh" content="3">
]] {}
local FILTERED = template [[ data-filtered]] {}
local REFRESHED = template [[<p class="refreshed {class}">{word} <time datetime="{iso}">{clock}</time></p>
]]

local FORM = template [[
<form id="filter" role="search" method="get" action="./" autocomplete="off">
<label class="hidden" for="q">Search titles, folders, tags and panels</label>
<input id="q" name="q" type="search" maxlength="200" value="{q}" placeholder="Search titles, folders, tags and panels"
 autocapitalize="off" spellcheck="false" enterkeyhint="search">
{orgs}<label class="hidden" for="tag">Tag</label>
<select id="tag" name="tag"><option value="">All tags</option>{tags}</select>
<button>Search</button>
</form>
</header>
<main id="main">
<p id="count" role="status">{count}</p>
]]
local ORGS = template [[<label class="hidden" for="org">Organisation</label>
<select id="org" name="org"><option value="">All organisations</option>{options}</select>
]]
local OPTION = template [[<option value="{value}"{selected}>{label}</option>]]
local SELECTED = template [[ selected]] {}
local NO_FORM = template [[</header>
<main id="main">
]] {}

local ALARM = template [[
<div class="problem" role="alert"><p><strong>{what}</strong> <bdi>{message}</bdi></p>{since}</div>
]]
local WARNING = template [[<div class="problem"><p><strong>{what}</strong> <bdi>{message}</bdi></p>{since}</div>
]]
local NOTE = template [[<p class="note">{text}</p>
]]
local TIME = template [[<time datetime="{iso}">{clock}</time>]]
local SINCE = template [[<p>Since {time}.{kept}</p>]]
local KEPT = template [[ What is shown was read at {time}.]]

local ORG = template [[<section class="org" data-org="{id}" aria-labelledby="org-{id}">
<h2 id="org-{id}"><bdi>{name}</bdi> <small>{count}</small></h2>
]]
local FOLDER = template [[<section class="folder">
<h3 dir="auto">{name}</h3>
<ul>
]]
local END_FOLDER = template [[</ul>
</section>
]] {}
local END_ORG = template [[</section>
]] {}
local FAILED = template [[<details class="problem"><summary>{count} could not be read</summary>
<ul>{rows}</ul></details>
]]
local FAILED_ROW = template [[<li><a dir="auto" href="{url}">{title}</a>: <bdi>{message}</bdi></li>]]

local ROW = template [[<li class="row"><a class="title" dir="auto" href="{url}">{title}</a>{tags}{panels}</li>
]]
local TAGS = template [[<p class="tags">{tags}</p>]]
local TAG = template [[<a class="tag hue{hue}" dir="auto" href="?tag={query}">{name}</a> ]]
local PANELS = template [[<details{open}><summary>{count}</summary><ol>{panels}</ol></details>]]
local OPEN = template [[ open data-opened]] {}
local NO_PANELS = template [[<p class="none">no panels</p>]] {}
local PANEL = template [[<li{hit}><a dir="auto" href="{url}">{title}</a> <i>{type}</i></li>]]
local PLAIN_PANEL = template [[<li{hit}><span dir="auto">{title}</span> <i>{type}</i></li>]]
local HIT = template [[ class="hit"]] {}

local NONE = template [[<p id="none"{hidden}>No dashboard matches. <a href="./">Show all</a></p>
]]
local HIDDEN = template [[ hidden]] {}
local FOOT = template [[</main>
<footer><p>Also as <a href="directory.json">JSON</a>.</p></footer>
</body>
</html>
]] {}

-- ----------------------------------------------------------------------------------------------------- words --

local function grouped(n)
  local digits, changed = ("%d"):format(n), 1
  while changed > 0 do digits, changed = digits:gsub("^(%d+)(%d%d%d)", "%1,%2") end
  return digits
end

--- A number with its noun: 1 panel, 2,000 panels.
function page.count(n, noun) return ("%s %s%s"):format(grouped(n), noun, n == 1 and "" or "s") end

local count = page.count

local function iso(seconds) return os.date("!%Y-%m-%dT%H:%M:%SZ", math.floor(seconds)) end
local function clock(seconds) return os.date("!%Y-%m-%d %H:%M:%S UTC", math.floor(seconds)) end
local function time(seconds) return TIME {iso = iso(seconds), clock = clock(seconds)} end
local function titled(text) return text:find "%S" and text or filter.UNTITLED end

local function name_of(org) return org.name ~= "" and org.name or "Organisation of these credentials" end
local function id_of(org) return org.id and tostring(org.id) or "own" end

-- One of eight colours, the same for a tag wherever it stands.
local function hue(tag)
  local sum = 0
  for i = 1, #tag do sum = (sum * 31 + tag:byte(i)) % 65536 end
  return sum % 8
end

-- --------------------------------------------------------------------------------------------------- one row --

local function tags_of(dashboard)
  if #dashboard.tags == 0 then return NOTHING end
  local list = {}
  for i, name in ipairs(dashboard.tags) do
    list[i] = TAG {name = name, query = html.percent(name), hue = hue(name)}
  end
  return TAGS {tags = list}
end

local function panel_url(dashboard, panel)
  return dashboard.url .. (dashboard.url:find("?", 1, true) and "&" or "?") .. ("viewPanel=%.0f"):format(panel.id)
end

local function panel_of(dashboard, panel, is_hit)
  local values = {title = titled(panel.title), type = panel.type, hit = is_hit and HIT or NOTHING}
  if not panel.id then return PLAIN_PANEL(values) end
  values.url = panel_url(dashboard, panel)
  return PANEL(values)
end

-- With panels that made the dashboard match: unfolded, and only those.
local function panels_of(dashboard, hits)
  local list, hit = {}, 0
  if #dashboard.panels == 0 then return NO_PANELS end
  for i, panel in ipairs(dashboard.panels) do
    if hits[i] then hit = hit + 1 end
    list[i] = panel_of(dashboard, panel, hits[i])
  end
  local number = count(#list, "panel")
  if hit > 0 and hit < #list then number = ("%s of %s"):format(grouped(hit), number) end
  return PANELS {count = number, panels = list, open = hit > 0 and OPEN or NOTHING}
end

local function row_of(dashboard, hits)
  return ROW {url = dashboard.url, title = titled(dashboard.title), tags = tags_of(dashboard),
    panels = panels_of(dashboard, hits)}
end

-- ------------------------------------------------------------------------------------------- an organisation --

local function since(problem, read)
  return SINCE {time = time(problem.since), kept = read and KEPT {time = time(read)} or NOTHING}
end

local function emit_problems(org, emit)
  if org.problem then
    emit(WARNING {what = "This organisation could not be read:", message = org.problem.message,
      since = since(org.problem, org.read)})
  end
  if #org.failed == 0 then return end
  local rows = {}
  for i, failed in ipairs(org.failed) do
    rows[i] = FAILED_ROW {title = titled(failed.title), url = failed.url, message = failed.message}
  end
  emit(FAILED {count = count(#rows, "dashboard"), rows = rows})
end

local function emit_rows(rows, emit)
  local folder
  for i, row in ipairs(rows) do
    local name = row[1].folder or ""
    if i == 1 or name ~= folder then
      if i > 1 then emit(END_FOLDER) end
      emit(FOLDER {name = name == "" and filter.ROOT or name})
      folder = name
    end
    emit(row_of(row[1], row[2]))
  end
  if #rows > 0 then emit(END_FOLDER) end
end

local function emit_org(org, rows, wanted, emit)
  if wanted and #rows == 0 and not org.problem and #org.failed == 0 then return end
  emit(ORG {id = id_of(org), name = name_of(org), count = count(#org.dashboards, "dashboard")})
  emit_problems(org, emit)
  emit_rows(rows, emit)
  emit(END_ORG)
end

-- -------------------------------------------------------------------------------------------------- the form --

local function option(value, label, chosen)
  return OPTION {value = value, label = label, selected = value == chosen and SELECTED or NOTHING}
end

-- What was asked for can be seen, even where there is no such thing.
local function org_options(data, wanted)
  local chosen, list, known = wanted and wanted.org or "", {}, false
  for i, org in ipairs(data.orgs) do
    list[i] = option(id_of(org), name_of(org), chosen)
    known = known or id_of(org) == chosen
  end
  if chosen ~= "" and not known then list[#list + 1] = option(chosen, chosen .. " (unknown)", chosen) end
  return #list > 1 and ORGS {options = list} or NOTHING
end

-- The tags of all dashboards with how many have them, by name.
local function tags_in(data)
  local uses, names = {}, {}
  for _, org in ipairs(data.orgs) do
    for _, dashboard in ipairs(org.dashboards) do
      for _, name in ipairs(dashboard.tags) do
        if not uses[name] then uses[name], names[#names + 1] = 0, name end
        uses[name] = uses[name] + 1
      end
    end
  end
  table.sort(names, function(a, b)
    local x, y = filter.lower(a), filter.lower(b)
    if x ~= y then return x < y end
    return a < b
  end)
  return names, uses
end

local function tag_options(data, wanted)
  local chosen, list, names, uses = wanted and wanted.tag or "", {}, tags_in(data)
  for i, name in ipairs(names) do list[i] = option(name, ("%s (%d)"):format(name, uses[name]), chosen) end
  if chosen ~= "" and not uses[chosen] then list[#list + 1] = option(chosen, chosen .. " (0)", chosen) end
  return list
end

-- How many there are, or of these how many match.
local function summary(counts, wanted, matching)
  if wanted then return ("%s of %s"):format(grouped(matching), count(counts.dashboards, "dashboard")) end
  return ("%s, %s in %s"):format(count(counts.dashboards, "dashboard"), count(counts.panels, "panel"),
    count(counts.orgs, "organisation"))
end

-- Of an organisation the rows: {dashboard, the panels that made it match}.
local function rows_of(org, wanted, rest)
  local rows = {}
  for i, dashboard in ipairs(org.dashboards) do
    local hits = not wanted and {} or filter.matches(wanted, dashboard)
    if hits then rows[#rows + 1] = {dashboard, hits} end
    if i % SLICE == 0 then rest() end
  end
  return rows
end

-- The organisations that are asked for, each with its rows; and how many rows in all.
local function choose(view)
  local chosen, total = {}, 0
  for _, org in ipairs(view.data.orgs) do
    if not view.wanted or filter.matches_org(view.wanted, org) then
      local rows = rows_of(org, view.wanted, view.rest)
      chosen[#chosen + 1], total = {org, rows}, total + #rows
    end
  end
  return chosen, total
end

-- -------------------------------------------------------------------------------------------------- the page --

local function refreshed(view)
  if not view.data then return NOTHING end
  local whole = not view.problem and view.counts.unreadable == 0 and view.counts.failed == 0
  return REFRESHED {class = whole and "whole" or "partial", word = view.problem and "last read" or "refreshed",
    iso = iso(view.read), clock = clock(view.read)}
end

local function emit_head(view, emit)
  emit(HEAD {title = view.title, version = view.version, refreshed = refreshed(view),
    again = not view.data and AGAIN or NOTHING, filtered = view.wanted and FILTERED or NOTHING})
end

local WHAT = {["no-memory"] = "There is no room for the directory:"}

local function emit_problem(view, emit)
  local problem = view.problem
  emit(ALARM {what = WHAT[problem.status] or "Grafana could not be read:", message = problem.message,
    since = since(problem, view.read)})
end

-- What the page says before anything was read.
local function emit_nothing(view, emit)
  emit(NO_FORM)
  if view.problem then return emit_problem(view, emit) end
  emit(NOTE {text = "The dashboards are being read. This page looks again by itself."})
end

local function emit_notes(view, emit)
  if view.problem then emit_problem(view, emit) end
  if view.data.single then
    emit(NOTE {text = "The credentials of this page see one organisation only: others are not shown."})
  end
  if view.counts.dashboards == 0 and view.counts.unreadable == 0 then
    emit(NOTE {text = "There are no dashboards yet."})
  end
end

local function emit_data(view, emit)
  local data, wanted = view.data, view.wanted
  local chosen, total = choose(view)
  emit(FORM {q = wanted and wanted.q or "", orgs = org_options(data, wanted), tags = tag_options(data, wanted),
    count = summary(view.counts, wanted, total)})
  emit_notes(view, emit)
  for _, one in ipairs(chosen) do emit_org(one[1], one[2], wanted, emit) end
  emit(NONE {hidden = (total > 0 or not wanted) and HIDDEN or NOTHING})
end

--- Renders the page, piece by piece.
-- @tab view `title`; `version`, of the static files; `data` with their `counts` and `read`, the time of the last good
-- reading, or no data yet; `problem` {since, message} where the last reading failed as a whole; `wanted`, a filter;
-- `rest()`, called now and then to let others work
-- @func emit called with each piece, a string
function page.render(view, emit)
  local function put(made) emit(tostring(made)) end
  emit_head(view, put)
  if view.data then emit_data(view, put) else emit_nothing(view, put) end
  put(FOOT)
end

return page
