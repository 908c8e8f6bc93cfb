-- SPDX-License-Identifier: MIT
--- Answers visitors from what is stored. Nothing here asks Grafana.

local grafana = require "grafana"
local filter = require "directory.filter"
local page = require "directory.page"
local store = require "directory.store"

local serve = {}

local PIECE = 32768   -- bytes of a page that are rendered before others have their turn
local MOST_ARGUMENTS = 10

-- --------------------------------------------------------------------------------------------------- answers --

-- Only GET and HEAD; whether it is one of them.
local function check_method()
  local method = ngx.req.get_method()
  if method == "GET" or method == "HEAD" then return true end
  ngx.header["Allow"] = "GET, HEAD"
  ngx.status = 405
  ngx.header["Content-Type"] = "text/plain"
  ngx.print "405: only GET and HEAD\n"
  return false
end

-- Whether the visitor has it already. nginx says W/ before a tag when it compresses; so do we, always.
local function is_known(tag)
  local asked = ngx.var.http_if_none_match
  if not asked then return false end
  if asked:match "^%s*%*%s*$" then return true end
  for known in asked:gmatch '"([^"]*)"' do
    if known == tag then return true end
  end
  return false
end

local function send(kind, body, options)
  local header = ngx.header
  header["Content-Type"] = kind
  header["Cache-Control"] = options.tag and "private, no-cache" or "no-store"
  if options.tag then
    header["ETag"] = 'W/"' .. options.tag .. '"'
    header["Vary"] = "Accept-Encoding"
    if is_known(options.tag) then return ngx.exit(304) end
  end
  if options.gzip then header["Content-Encoding"] = "gzip" end
  ngx.status = options.code or 200
  header["Content-Length"] = #body
  ngx.print(body)
end

local function send_json(value, options) return send("application/json", grafana.encode(value) .. "\n", options) end

-- -------------------------------------------------------------------------------------------------- the page --

local function rest() ngx.sleep(0.001) end

local function render(view)
  local out, bytes = {}, 0
  page.render(view, function(text)
    out[#out + 1], bytes = text, bytes + #text
    if bytes >= PIECE then
      bytes = 0
      rest()
    end
  end)
  return table.concat(out)
end

local HTML = "text/html; charset=utf-8"

local function send_filtered(settings, wanted)
  local data, facts = store.data(rest)
  if not data then return false end
  local body = render {title = settings.title, version = settings.version, data = data, counts = facts.counts,
    read = facts.read, problem = facts.problem, wanted = wanted, rest = rest}
  send(HTML, body, {tag = ngx.md5(body)})
  return true
end

local function send_nothing(settings, facts)
  ngx.header["Retry-After"] = "3"
  send(HTML, render {title = settings.title, version = settings.version, problem = facts.problem}, {code = 503})
end

function serve.page(settings)
  if not check_method() then return end
  local wanted = filter.read(ngx.req.get_uri_args(MOST_ARGUMENTS))
  if wanted and send_filtered(settings, wanted) then return end
  local body, facts = store.find "page"
  if not body then return send_nothing(settings, facts) end
  send(HTML, body, {tag = facts.page_tag, gzip = facts.gzip})
end

function serve.json()
  if not check_method() then return end
  local body, facts = store.find "json"
  if body then return send("application/json", body, {tag = facts.json_tag}) end
  ngx.header["Retry-After"] = "3"
  send_json({problem = facts.problem or {status = "starting", message = "Nothing has been read yet."}}, {code = 503})
end

-- ---------------------------------------------------------------------------------------------------- health --

local function state_of(facts, age, settings)
  if not age then return facts.problem and "failing" or "starting" end
  if age > settings.max_age then return "stale" end
  local counts = facts.counts
  if facts.problem or counts.unreadable > 0 or counts.failed > 0 then return "partial" end
  return "ok"
end

local GOOD = {ok = true, partial = true}

function serve.health(settings)
  if not check_method() then return end
  local facts = store.meta()
  local age = facts.read and math.max(0, math.floor(ngx.now()) - facts.read)
  local state = state_of(facts, age, settings)
  send_json({
    status = state, age = age, max_age = settings.max_age, read = facts.read, checked = facts.checked,
    counts = facts.counts, problem = facts.problem, failures = facts.failures,
    memory = {capacity = store.dict:capacity(), free = store.dict:free_space()},
  }, {code = GOOD[state] and 200 or 503})
end

return serve
