-- SPDX-License-Identifier: MIT
--- Inventories: all organisations, dashboards, panels, data sources, library panels and alert rules, what uses what,
-- what nothing uses, and what is named and not there.
-- @module grafana.bulk.inventory

local files = require("grafana.core").files
local check = require "grafana.bulk.check"
local kinds = require "grafana.bulk.kinds"
local outcome = require "grafana.bulk.outcome"
local proof = require "grafana.bulk.proof"
local rows = require "grafana.bulk.inventory_rows"
local source = require "grafana.bulk.source"
local tables = require "grafana.bulk.inventory_tables"
local transfer = require "grafana.bulk.transfer"

local error, ipairs, os, pcall, setmetatable, table, type = error, ipairs, os, pcall, setmetatable, table, type

local inventory = {}

-- ------------------------------------------------------------------------------------------------------ reading --

-- How many there are nobody knows before the end.
local function told(run)
  run.done = run.done + 1
  if run.on_progress then run.on_progress(run.done, 0, #run.lists.failed) end
end

local function failed(run, failure)
  -- What the server does not have at all is not missed.
  if outcome.is_unsupported(failure) and not failure.key then return end
  table.insert(run.lists.failed, failure)
end

local function list(run, org, name, take)
  local kind = kinds.get(name)
  local r, whole = run.source:each(kind, org.name, function(object)
    take(object.doc)
    object.doc:close()
    told(run)
  end)
  return whole or outcome.is_unsupported(r)
end

local function list_datasources(run, org, at, whole)
  local r = at.g:get_datasources(at.org)
  if not r.ok then return failed(run, source.failure_of({name = "datasources"}, org.name, nil, nil, r)) end
  org:datasources(r.datasources, whole)
  told(run)
end

-- Lists leave out, without a word, what an account may not see: only of a list that is proven to be whole one may say
-- that something is not in it.
local PROVEN = {"datasources", "folders", "library_panels", "dashboards", "rule_groups"}

local function proven(at)
  local permissions, r = proof.permissions(at)
  local missing = {}
  for _, name in ipairs(PROVEN) do
    local lacks = not permissions and (r.message or "?")
    if permissions then
      local covered, needed = proof.covers(permissions, name, at.server.major)
      lacks = not covered and needed
    end
    missing[name] = lacks or nil
  end
  return missing
end

-- In this order, since each names what came before it.
local function read_org(run, name)
  local at, r = run.source:place(name)
  if not at then return failed(run, source.failure_of({name = "organisations"}, name, name, name, r)) end
  local org, missing = rows.org(run.lists, name, at.org), proven(at)
  local function settle(kind, of, whole)
    if missing[of] then
      run.partial = run.partial or ("in %s it lacks %s"):format(name, missing[of])
    elseif whole then
      org:is_whole(kind)
    end
  end
  list_datasources(run, org, at, not missing.datasources)
  settle("folders", "folders", list(run, org, "folders", function(doc) org:folder(doc:table()) end))
  settle("library_panels", "library_panels", list(run, org, "library_panels", function(doc) org:library_panel(doc) end))
  settle("dashboards", "dashboards", list(run, org, "dashboards", function(doc) org:dashboard(doc) end))
  settle("alert_rules", "rule_groups", list(run, org, "rule_groups", function(doc) org:rule_group(doc) end))
  org:finish()
end

local function read_all(run)
  local orgs, r = run.source:orgs()
  if not orgs then return failed(run, source.failure_of({name = "organisations"}, nil, nil, nil, r)) end
  for _, name in ipairs(orgs) do read_org(run, name) end
end

-- ------------------------------------------------------------------------------------------------------- results --

local methods = {}
local metatable = {__index = methods, __name = "grafana.inventory"}

function metatable:__tostring()
  return require("grafana.bulk.inventory_text").summary(self)
end

-- What a function writes piece by piece, as one string.
local function collected(write)
  local parts, n = {}, 0
  write(function(piece)
    n = n + 1
    parts[n] = piece
  end)
  return table.concat(parts)
end

local function write_text(self, name, out)
  local text = require "grafana.bulk.inventory_text"
  if name then text.write_table(self, name, out) else text.write(self, out) end
end

local function write_csv(self, name, out)
  require("grafana.bulk.inventory_csv").write(self, name or "uses", out)
end

local function write_html(self, _, out)
  require("grafana.bulk.inventory_html").write(self, out)
end

--- As text, in aligned columns: all tables but `panels` and `uses`, or the one that is named.
-- @string[opt] name `organisations`, `broken`, `unused`, `failed`, `datasources`, `library_panels`, `alert_rules`,
--   `folders`, `dashboards`, `panels`, `uses`
-- @treturn string
function methods:text(name)
  if name ~= nil then tables.check("inventory:text", name) end
  return collected(function(out) write_text(self, name, out) end)
end

--- One table as CSV: `uses` unless another is named.
-- @string[opt] name
-- @treturn string
function methods:csv(name)
  if name ~= nil then tables.check("inventory:csv", name) end
  return collected(function(out) write_csv(self, name, out) end)
end

--- As one page that needs no network: to be sorted and searched, and readable without JavaScript.
-- @treturn string
function methods:html()
  return collected(function(out) write_html(self, nil, out) end)
end

local WRITERS = {txt = write_text, csv = write_csv, html = write_html, htm = write_html}

--- Write it to a file, which is there whole or not at all, and for its owner only (mode 0600): as text, CSV or a page,
-- as the path ends in `.txt`, `.csv` or `.html`.
-- @string path
-- @string[opt] name of a table, for text and CSV
-- @return the path; raises where it cannot be written
function methods:save(path, name)
  local extension = type(path) == "string" and path:match "%.(%w+)$"
  local write = extension and WRITERS[extension:lower()]
  if not write then error("inventory:save: a path expected that ends in .html, .csv or .txt", 2) end
  if name ~= nil then tables.check("inventory:save", name) end
  local written, problem = files.write(path, collected(function(out) write(self, name, out) end))
  if not written then error(("inventory:save: %s"):format(problem), 2) end
  return path
end

local function result_of(run)
  local r, failures = run.lists, run.lists.failed
  local server = run.source.server
  require("grafana.bulk.inventory_order").all(r)
  r.status, r.ok = "ok", #failures == 0
  r.server, r.grafana, r.account = server.g._core:url(), server.version, server.login
  r.time, r.partial = os.date("!%Y-%m-%dT%H:%M:%SZ"), run.partial
  if not r.ok then
    r.status, r.reason = failures[1].status, failures[1].reason
    r.message = ("%d lists or objects could not be read; the first: %s"):format(#failures, failures[1].message or "?")
  end
  return setmetatable(r, metatable)
end
inventory.result_of = result_of   -- for tests, and for who has rows already

-- --------------------------------------------------------------------------------------------------------- public --

local OPTIONS = {"orgs", "on_progress"}

local function carry_out(run)
  read_all(run)
  if run.on_progress then run.on_progress(run.done, run.done, #run.lists.failed) end
  return result_of(run)
end

--- See `bulk.inventory`.
function inventory.inventory(g, options)
  check.client("inventory", g, 1, "g")
  options = check.options("inventory", options, OPTIONS)
  local server, r = transfer.server_of(g)
  local run = {
    lists = rows.lists(), done = 0, on_progress = options.on_progress,
    source = source.live(server, options, options.orgs),
  }
  function run.source.on_failure(failure) failed(run, failure) end
  if r then   -- an inventory all the same, in which nothing is but why
    failed(run, source.failure_of({name = "server"}, nil, nil, nil, r))
    return result_of(run)
  end
  local fine, result = pcall(carry_out, run)
  if fine then return result end
  if run.on_progress then require("grafana.progress").broken_off(run.on_progress, result) end
  error(result, 0)
end

return inventory
