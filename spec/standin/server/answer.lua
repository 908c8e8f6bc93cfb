-- SPDX-License-Identifier: MIT
-- luacheck: std ngx_lua
-- Answers: tables of status, type, body and headers. Grafana has two spellings of its content type, and a handful of error shapes.

local json = require "server.json"
local state = require "server.state"

local answer = {}

answer.JSON = "application/json"
answer.JSON_UTF8 = "application/json; charset=UTF-8"

function answer.text(status, body, content_type) return { status = status, type = content_type or answer.JSON, body = body } end

function answer.value(status, value, content_type) return answer.text(status, json.encode(value), content_type) end

function answer.ok(value) return answer.value(200, value) end

-- {"message": …} and whatever else `extra` holds.
function answer.message(status, message, extra)
  local value = { message = message }
  for key, item in pairs(extra or {}) do value[key] = item end
  return answer.value(status, value)
end

-- An error that Grafana logs: 9.3.2 adds an empty traceID.
function answer.failure(status, message)
  return answer.message(status, message, state.v9 and { traceID = "" } or nil)
end

-- An error with a message id on 12.4.3; `old_message` is 9.3.2's.
function answer.coded(status, message_id, message, old_message)
  if state.v9 then return answer.message(status, old_message or message) end
  return answer.value(status, { statusCode = status, messageId = message_id, message = message })
end

function answer.bad_request() return answer.failure(400, "bad request data") end

function answer.no_route() return answer.value(404, { message = "Not found" }, answer.JSON_UTF8) end

function answer.denied(permission)
  return answer.value(403, {
    accessErrorId = "ACE" .. string.format("%010d", state.random(1000000000)), title = "Access denied",
    message = "You'll need additional permissions to perform this action. Permissions needed: " .. permission,
  }, answer.JSON_UTF8)
end

-- Refusals that 12.4.3 gives before it looks at permissions.
function answer.no_such_user() return answer.value(404, { message = "User not found" }, answer.JSON_UTF8) end

function answer.no_such_order()
  return answer.value(400, { statusCode = 400, messageId = "unknown sorting option", message = "BadRequest" })
end

-- 401, from the layer before any route.
function answer.unauthorized(message_id, message, old)
  if state.v9 then return answer.value(401, old or { message = message }, answer.JSON_UTF8) end
  return answer.value(401, { extra = json.null, message = message, messageId = message_id, statusCode = 401, traceID = "" }, answer.JSON_UTF8)
end

return answer
