-- SPDX-License-Identifier: MIT
--- Results of what a bulk job does itself: they look like those of operations.
-- @module grafana.bulk.outcome

local core = require "grafana.core"
require "grafana.result"   -- how results look as text

local setmetatable = setmetatable

local outcome = {}

--- It is done.
-- @tab[opt] fields other keys of the result; the table itself becomes the result
function outcome.ok(fields)
  local r = fields or {}
  r.status, r.ok = "ok", true
  return setmetatable(r, core.result_mt)
end

--- It is not.
-- @string status one of those of operations
-- @string message a sentence for a person, without secrets
-- @string[opt] reason one of those of operations
-- @tab[opt] fields other keys of the result
function outcome.new(status, message, reason, fields)
  local r = fields or {}
  r.status, r.ok, r.message, r.reason = status, false, message, reason
  r.operation = r.operation or "bulk"
  return setmetatable(r, core.result_mt)
end

--- Does the result say that this server has no such thing at all?
function outcome.is_unsupported(r)
  return r.reason == "unsupported"
end

-- What may go better the next time.
local PASSING = {
  timeout = true, cut = true, unavailable = true, ["rate-limited"] = true, ["server-error"] = true,
  ["invalid-json"] = true, ["not-grafana"] = true,
}

--- May the same go better the next time?
function outcome.is_passing(r)
  return not r.ok and PASSING[r.reason] == true
end

--- Is it an answer about what was asked? What came from a server that was not there, slow or broken says nothing.
function outcome.is_answer(r)
  local code = r.code or 0
  return r.ok or code >= 300 and code < 500 and code ~= 408 and code ~= 429
end

--- Does it say that nobody is there?
function outcome.is_unanswered(r)
  return r.status == "connection-refused" or r.status == "unknown-host"
end

--- After so many of these in a row the server is gone, and the rest would take as long.
outcome.GONE = 10

return outcome
