-- SPDX-License-Identifier: MIT
-- luacheck: std ngx_lua
-- Contact points, and what of their settings is secret: stored apart, shown as [REDACTED]. On 12.4.3 a secret below the top of the settings
-- is lost when [REDACTED] is sent back: that text is then stored.

local alertmanager = require "server.alertmanager"
local answer = require "server.answer"
local json = require "server.json"
local state = require "server.state"
local yaml = require "server.yaml"

local contact_points = {}

local of_org, provenance = alertmanager.of_org, alertmanager.provenance
local REDACTED = "[REDACTED]"

-- Paths of secrets by type; as /api/alert-notifiers of 12.4.3 has them.
local TLS = { "caCertificate", "clientCertificate", "clientKey" }
local function tls(prefix, others)
  for _, name in ipairs(TLS) do others[#others + 1] = prefix .. "." .. name end
  return others
end
local SECURE = {
  LINE = { "token" }, dingding = { "url" }, discord = { "url" }, email = {}, googlechat = { "url" }, jira = { "user", "password", "api_token" },
  kafka = { "password" }, mqtt = tls("tlsConfig", { "password" }), oncall = { "password", "authorization_credentials" }, opsgenie = { "apiKey" },
  pagerduty = { "integrationKey" }, ["prometheus-alertmanager"] = { "basicAuthPassword" }, pushover = { "apiToken", "userKey" },
  sensugo = { "apikey" }, slack = { "token", "url" }, sns = { "sigv4.access_key", "sigv4.secret_key" }, teams = {}, telegram = { "bottoken" },
  threema = { "api_secret" }, victorops = { "url" }, webex = { "bot_token" }, wecom = { "url", "secret" },
  webhook = tls("http_config.oauth2.tls_config",
    tls("tlsConfig", { "password", "authorization_credentials", "hmacConfig.secret", "http_config.oauth2.client_secret" })),
}

-- What a new one must have, as far as specs need it.
local REQUIRED = { webhook = "url", email = "addresses", mqtt = "brokerUrl" }

local function place_of(settings, path)
  local holder, key = settings, path
  while true do
    local first, rest = key:match("^([^.]+)%.(.+)$")
    if not first then return holder, key end
    holder = holder[first]
    if not json.is_object(holder) then return nil end
    key = rest
  end
end

-- Takes the secrets out of settings: by path. Empty ones are none.
local function take_secrets(integration, settings)
  local secure = {}
  for _, path in ipairs(SECURE[integration]) do
    local holder, key = place_of(settings, path)
    if holder and holder[key] ~= nil then
      secure[path] = type(holder[key]) == "string" and holder[key] ~= "" and holder[key] or nil
      holder[key] = nil
    end
  end
  return secure
end

-- `flat`: secrets below the top by their path, as the answer to POST has them.
local function shown_settings(point, decrypt, flat)
  local settings = json.decode(json.encode(point.settings))
  for path, value in pairs(point.secure) do
    local holder, key = place_of(settings, path)
    if flat or not holder then holder, key = settings, path end
    holder[key] = decrypt and value or REDACTED
  end
  return settings
end

local function describe(point, flat)
  return { uid = point.uid, name = point.name, type = point.type, settings = shown_settings(point, false, flat),
    disableResolveMessage = point.quiet or false, provenance = alertmanager.shown_provenance(point) }
end

local function sorted_points(org)
  local list = {}
  for index, point in ipairs(of_org(org).points) do list[index] = { point = point, index = index } end
  table.sort(list, function(a, b)
    if a.point.name ~= b.point.name then return a.point.name < b.point.name end
    return a.index < b.index
  end)
  for index, entry in ipairs(list) do list[index] = entry.point end
  return list
end

local function wanted_points(req)
  local list, name = {}, req:arg("name")
  for _, point in ipairs(sorted_points(req.org)) do
    if not name or point.name == name then list[#list + 1] = point end
  end
  return list
end

local function list_points(req)
  local result = json.array {}
  for index, point in ipairs(wanted_points(req)) do result[index] = describe(point) end
  return answer.ok(result)
end

local function may_decrypt(req) return req.role == "Admin" or req.server_admin end

local function export_points(req)
  local decrypt, groups, by_name = req:arg("decrypt") == "true", json.array {}, {}
  if decrypt and not may_decrypt(req) then
    return answer.value(403, { statusCode = 403, messageId = "alerting.unauthorized", message = "user is not authorized to read any decrypted receiver",
      extra = { permissions = "any(any of alert.provisioning.secrets:read any of alert.notifications.receivers.secrets:read)" } })
  end
  for _, point in ipairs(wanted_points(req)) do
    if not by_name[point.name] then
      by_name[point.name] = { orgId = req.org.id, name = point.name, receivers = json.array {} }
      groups[#groups + 1] = by_name[point.name]
    end
    table.insert(by_name[point.name].receivers, { uid = point.uid, type = point.type, settings = shown_settings(point, decrypt),
      disableResolveMessage = point.quiet or false })
  end
  local value = { apiVersion = 1, contactPoints = #groups > 0 and groups or nil }
  if req:arg("format") == "json" or not req:arg("format") and (req:header("accept") or ""):find("json", 1, true) then return answer.ok(value) end
  return answer.text(200, yaml.encode(value), "text/yaml")
end

-- Writing ----------------------------------------------------------------------------------------------------------------------------------

local POINT = { uid = "string", name = "string", type = "string", settings = "object", disableResolveMessage = "boolean" }

local function invalid(text) return answer.failure(400, "invalid object specification: " .. text) end

-- The refusal of settings that this type cannot work with.
local function refuse_settings(fields, secure)
  local say = ('failed to validate integration "%s" (UID %s) of type "%s": %%s'):format(fields.name, fields.uid or "", fields.type)
  local needed = REQUIRED[fields.type]
  if needed and (fields.settings[needed] or "") == "" then return invalid(say:format(("required field '%s' is not specified"):format(needed))) end
  local oauth2 = place_of(fields.settings, "http_config.oauth2.client_secret")
  if oauth2 and not secure["http_config.oauth2.client_secret"] then
    return invalid(say:format("invalid HTTP client configuration: invalid OAuth2 configuration: OAuth2 ClientSecret is required"))
  end
  if fields.type == "slack" and (secure.url or "") == "" then
    if (fields.settings.recipient or "") == "" then return invalid(say:format("recipient must be specified when using the Slack chat API")) end
    if (secure.token or "") == "" then return invalid(say:format("token must be specified when using the Slack chat API")) end
  end
  return nil
end

local function refuse_fields(fields)
  if (fields.name or "") == "" then return invalid("name is required") end
  if not SECURE[fields.type or ""] then return invalid("unknown integration type: " .. (fields.type or "")) end
  fields.settings = fields.settings or {}
  return nil
end

local function refuse_uid(req, uid)
  local function say(problem)
    return answer.failure(400, ("invalid object specification\ncannot create contact point with UID '%s': %s"):format(uid, problem))
  end
  if #uid > 40 then return say("UID is longer than 40 symbols") end
  if uid:find("[^%w_-]") then return say("invalid format of UID. Only letters, numbers, '-' and '_' are allowed") end
  for _, point in ipairs(of_org(req.org).points) do
    if uid ~= "" and point.uid == uid then
      local text = ("Receiver configuration with UID '%s' already exists in contact point '%s'."
        .. " Please use unique identifiers for receivers across all contact points."):format(uid, point.name)
      if state.v9 then return answer.failure(500, text) end
      return answer.value(409, { statusCode = 409, messageId = "alerting.notifications.contact-points.uidInUse", message = text,
        extra = { Name = point.name, UID = uid } })
    end
  end
  return nil
end

local function create_point(req)
  local fields = req:bind(POINT)
  if not fields then return answer.bad_request() end
  local refused = refuse_fields(fields) or refuse_uid(req, fields.uid or "")
  if refused then return refused end
  local secure = take_secrets(fields.type, fields.settings)
  refused = refuse_settings(fields, secure)
  if refused then return refused end
  local point = { uid = (fields.uid or "") ~= "" and fields.uid or state.short_uid(), name = fields.name, receiver = fields.name, type = fields.type,
    settings = fields.settings, secure = secure, quiet = fields.disableResolveMessage, provenance = provenance(req) }
  table.insert(of_org(req.org).points, point)
  local shown = describe(point, true)
  if not state.v9 then shown.provenance = nil end
  return answer.value(202, shown)
end

local function find_point(req)
  for index, point in ipairs(of_org(req.org).points) do
    if point.uid ~= "" and point.uid == req.params.uid then return point, index end
  end
  return nil
end

-- How many integrations a receiver has.
local function integrations(org, receiver)
  local count = 0
  for _, point in ipairs(of_org(org).points) do
    if point.receiver == receiver then count = count + 1 end
  end
  return count
end

-- What [REDACTED] stands for: the secret that is there; below the top of the settings, itself.
local function kept_secrets(secure, point)
  local kept = {}
  for path, value in pairs(secure) do
    if value == REDACTED and not path:find(".", 1, true) then kept[path] = point.secure[path] or nil
    else kept[path] = value end
  end
  return kept
end

local function refuse_provenance(point, wanted)
  if (point.provenance or "") == "" or point.provenance == wanted then return nil end
  local format = state.v9 and "cannot changed provenance from '%s' to '%s'" or "cannot change provenance from '%s' to '%s'"
  return answer.failure(500, format:format(point.provenance, wanted))
end

-- Without a name it would belong to no receiver; the last of a receiver takes its name along.
local function rename(req, point, name)
  if point.receiver == name then return end
  if integrations(req.org, point.receiver) == 1 then alertmanager.rename_receiver(req.org, point.receiver, name) end
  point.name, point.receiver = name, name
end

local function update_point(req)
  local fields, point = req:bind(POINT), find_point(req)
  if not fields then return answer.bad_request() end
  if not point then
    return answer.failure(404, ("object not found: contact point with uid '%s' not found"):format(req.params.uid))
  end
  local refused = refuse_fields(fields)
  if refused then return refused end
  local secure = kept_secrets(take_secrets(fields.type, fields.settings), point)
  refused = refuse_settings({ name = fields.name, uid = point.uid, type = fields.type, settings = fields.settings }, secure)
    or refuse_provenance(point, provenance(req))
  if refused then return refused end
  rename(req, point, fields.name)
  point.type, point.settings, point.secure, point.quiet = fields.type, fields.settings, secure, fields.disableResolveMessage
  if provenance(req) ~= "" then point.provenance = provenance(req) end
  return answer.message(202, "contactpoint updated")
end

local function refuse_deletion(org, point)
  if integrations(org, point.receiver) > 1 then return nil end
  if alertmanager.used_by_routes(org, point.receiver) then
    if state.v9 then return answer.failure(500, ("contact point '%s' is currently used by a notification policy"):format(point.uid)) end
    return answer.coded(409, "alerting.notifications.contact-points.referenced", "Contact point is currently referenced by a notification policy.")
  end
  if #alertmanager.used_by_rules(org, point.receiver) > 0 then
    return answer.coded(409, "alerting.notifications.contact-points.used-by-rule",
      "Contact point is currently used in the notification settings of one or many alert rules.")
  end
  return nil
end

local function delete_point(req)
  local point, index = find_point(req)
  local refused = point and refuse_deletion(req.org, point)
  if refused then return refused end
  if index then table.remove(of_org(req.org).points, index) end
  return answer.message(202, "contactpoint deleted")
end

local BASE = "/api/v1/provisioning/contact-points"
local rows, when_ready = alertmanager.rows("alert.notifications"), alertmanager.when_ready
local MISSING, MISSING_ID = "No alertmanager configuration present in this organization", "alerting.notification.configMissing"

rows.read("GET " .. BASE, when_ready(list_points, 500, MISSING, MISSING_ID))
rows.read("GET " .. BASE .. "/export", when_ready(export_points, 500, MISSING, MISSING_ID), "12.4.3")
rows.write("POST " .. BASE, when_ready(create_point, 500, "Internal Server Error"))
rows.write("PUT " .. BASE .. "/:uid", when_ready(update_point, 500, "could not find an Alertmanager configuration"))
rows.write("DELETE " .. BASE .. "/:uid", when_ready(delete_point, 500, "failed to delete contact point"))

contact_points.routes = rows

return contact_points
