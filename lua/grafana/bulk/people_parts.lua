-- SPDX-License-Identifier: MIT
--- What the kinds about people share.
-- @module grafana.bulk.people_parts

local outcome = require "grafana.bulk.outcome"

local type = type

local parts = {}

--- A login or an email as file forms have it: Grafana 12 keeps them in small letters and finds them in any.
function parts.small(text)
  return text and text:lower()
end

--- A text without spaces around it; nil for what is none, or empty. Where Grafana keeps the old text when it is sent an
-- empty one, a space is what empties it.
function parts.filled(text)
  if type(text) ~= "string" then return nil end
  text = text:match("^%s*(.-)%s*$")
  return text ~= "" and text or nil
end
parts.EMPTY = " "

--- Something went wrong after other things had been done: the message says both.
-- @string done a sentence: what has been done
-- @tab r the result of what failed
-- @string[opt] what begins the words that say what failed
function parts.half_done(done, r, what)
  return outcome.new(r.status, done .. ", but " .. (what or "") .. (r.message or r.status), r.reason, {
    code = r.code, operation = r.operation, uncertain = r.uncertain,
  })
end

--- Is it the account that the job itself works with?
function parts.is_own(at, login)
  return at.server.login ~= nil and parts.small(at.server.login) == parts.small(login)
end

--- Put what `swap` says for a name in a document in its place.
function parts.swap_at(value, swap, kind, ...)
  local name = value:get(...)
  local other = type(name) == "string" and swap(kind, name)
  if other then value:set(other, ...) end
end

return parts
