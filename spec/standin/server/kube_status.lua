-- SPDX-License-Identifier: MIT
-- How /apis says no.

local answer = require "server.answer"

local kube_status = {}

function kube_status.failure(code, message, reason, details)
  return answer.value(code, { kind = "Status", apiVersion = "v1", metadata = {}, status = "Failure", message = message, reason = reason,
    details = details, code = code })
end

local failure = kube_status.failure

function kube_status.missing(resource, name)
  return failure(404, ('%s.%s "%s" not found'):format(resource.plural, resource.group, name), "NotFound",
    { name = name, group = resource.group, kind = resource.plural })
end

-- Without a word.
function kube_status.forbidden() return failure(403) end

function kube_status.invalid(resource, name, field, words)
  return failure(422, ('%s.%s "%s" is invalid: %s: %s'):format(resource.kind, resource.group, name, field, words), "Invalid",
    { name = name, group = resource.group, kind = resource.kind, causes = { { reason = "FieldValueInvalid", message = words, field = field } } })
end

-- What a write meets that is not what it was made for.
function kube_status.modified(resource, name)
  return failure(409, ('Operation cannot be fulfilled on %s.%s "%s": the object has been modified; please apply your changes to the latest version '
    .. "and try again"):format(resource.plural, resource.group, name), "Conflict", { name = name, group = resource.group, kind = resource.plural })
end

-- What a deletion meets.
function kube_status.not_that_one(resource, name, words)
  return failure(409, ('Operation cannot be fulfilled on %s.%s "%s": %s'):format(resource.kind, resource.group, name, words), "Conflict",
    { name = name, group = resource.group, kind = resource.kind })
end

return kube_status
