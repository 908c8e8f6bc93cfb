-- SPDX-License-Identifier: MIT
--- Reads Grafana again and again, in the background, in one worker at a time.
--
-- Each worker looks once a second whether a reading is due, and the first to take the lease does it. It renews the
-- lease while it works; when it dies, the lease runs out and another worker takes over.

local grafana = require "grafana"
local gather = require "directory.gather"
local gzip = require "directory.gzip"
local page = require "directory.page"
local store = require "directory.store"

local refresh = {}

local PIECE = 32768        -- bytes of the page that are rendered and compressed before others have their turn
local FIRST_PAUSE = 5      -- seconds after the first failure, doubled with each one that follows

local settings
local busy = false

local function has_lease() return store.dict:get "lease" == ngx.worker.pid() end

-- Lets others work. A worker that is to end, or whose lease is another's by now, ends its reading here.
local function rest()
  ngx.sleep(0.001)   -- 0 waits for nothing where nginx lacks a patch of OpenResty
  if ngx.worker.exiting() then error({why = "this worker is to end"}, 0) end
  if not has_lease() then error({why = "another worker has taken over"}, 0) end
end

-- ------------------------------------------------------------------------------------------------ publishing --

-- The page as one string, compressed where zlib is found; and whether it is.
local function render(view)
  local stream, out, waiting, bytes = gzip.new(), {}, {}, 0
  local function flush()
    local text = table.concat(waiting)
    waiting, bytes = {}, 0
    if stream then stream:add(text) else out[#out + 1] = text end
    rest()
  end
  page.render(view, function(text)
    waiting[#waiting + 1], bytes = text, bytes + #text
    if bytes >= PIECE then flush() end
  end)
  flush()
  if stream then return stream:finish(), true end
  return table.concat(out), false
end

local function json_of(data, facts)
  return grafana.encode {read = facts.read, counts = facts.counts, problem = facts.problem, single = data.single,
    orgs = data.orgs}
end

-- What is known, with changes; false takes a fact away.
local function with(facts, changes)
  local out = {}
  for name, value in pairs(facts) do out[name] = value end
  for name, value in pairs(changes) do out[name] = value or nil end
  return out
end

-- Shows data from now on, with what is known of them. Nil where there is no room: what was shown stays.
local function publish(data, known)
  local facts = with(known, {counts = gather.count(data)})
  local body, compressed = render {title = settings.title, version = settings.version, data = data,
    counts = facts.counts, read = facts.read, problem = facts.problem, rest = rest}
  local json = json_of(data, facts)
  facts.gzip, facts.page_tag, facts.json_tag = compressed, ngx.md5(body), ngx.md5(json)
  return store.publish({page = body, json = json}, facts, data)
end

-- ---------------------------------------------------------------------------------------------------- reading --

-- What is shown stays, and says what failed: it is made anew where that is something else than before.
local function tell_failure(failure)
  local known, now = store.meta(), math.floor(ngx.now())
  local problem = gather.problem({status = failure.status, message = failure.message}, known.problem, now)
  local facts = with(known, {problem = problem, failures = known.failures + 1, checked = now})
  store.save(facts)
  if known.problem and known.problem.since == problem.since then return end
  ngx.log(ngx.WARN, "directory: ", problem.status, ": ", problem.message)
  local before = failure.status ~= "no-memory" and store.data(rest)
  if before then publish(before, facts) end
end

local NO_ROOM = 'What was read does not fit into lua_shared_dict "dashboards" (%d MB): make it larger.'

local function read()
  local had, now = store.meta().problem, math.floor(ngx.now())
  local data, failure = gather.read {client = settings.client, base = settings.base, now = now, rest = rest,
    before = function() return (store.data(rest)) end}
  if not data then return tell_failure(failure) end
  if not publish(data, {read = now, checked = now, failures = 0}) then
    return tell_failure {status = "no-memory", message = NO_ROOM:format(store.dict:capacity() / 2 ^ 20)}
  end
  if had then ngx.log(ngx.WARN, "directory: Grafana can be read again") end
  for _, org in ipairs(data.orgs) do
    if org.problem and org.problem.since == now then
      ngx.log(ngx.WARN, "directory: organisation ", org.id, ": ", org.problem.status, ": ", org.problem.message)
    end
  end
end

local function trace(raised) return type(raised) == "table" and raised or debug.traceback(tostring(raised), 2) end

-- Whether a function came to its end. What it raised is told in the log; the page says only that something was.
local function runs(f, ...)
  local fine, problem = xpcall(f, trace, ...)
  if fine then return true end
  if type(problem) == "table" then
    ngx.log(ngx.NOTICE, "directory: reading ended: ", problem.why)
    return false
  end
  ngx.log(ngx.ERR, "directory: ", problem)
  if f == tell_failure then return true end
  return runs(tell_failure, {status = "error", message = "The program failed; nginx's error log says how."})
end

-- ------------------------------------------------------------------------------------------------ the rhythm --

-- A number from 0.9 to 1.1 that differs between servers: they do not ask Grafana all at once.
local function jitter() return 0.9 + (ngx.worker.pid() * 7919 + ngx.now() * 1000) % 200 / 1000 end

local function pause()
  local failures = store.meta().failures
  if failures == 0 then return settings.refresh * jitter() end
  local first = math.min(FIRST_PAUSE, settings.refresh)
  return math.min(first * 2 ^ math.min(failures - 1, 20), settings.slowest) * jitter()
end

local function work()
  busy = true
  local ended = runs(read)
  busy = false
  if not has_lease() then return end
  if ended then store.dict:set("next", ngx.now() + pause()) end
  store.dict:delete "lease"
end

local function tick(premature)
  if premature then return end
  if busy then
    if has_lease() then store.dict:expire("lease", settings.lease) end
  elseif ngx.now() >= (store.dict:get "next" or 0) and store.dict:add("lease", ngx.worker.pid(), settings.lease) then
    work()
  end
end

--- Begins; for init_worker_by_lua.
function refresh.start(given)
  settings = given
  assert(ngx.timer.at(0, tick))
  assert(ngx.timer.every(1, tick))
end

return refresh
