-- SPDX-License-Identifier: MIT
--- Objects: what bulk jobs read, compare, write and store.
--
-- An object is `{kind, key, title, doc, lock, about, secrets}`: `doc` is its file form (a document), `lock` what a
-- write of just this state needs and nobody stores, `about` a few scalars that a plan keeps in memory, `secrets` the
-- names of the secrets that the server holds. Two objects are equal exactly when their digests are.
-- @module grafana.bulk.objects

local core = require "grafana.core"

local setmetatable, type = setmetatable, type

local objects = {}

local methods = {}
local metatable = {__index = methods, __name = "grafana.object"}

-- A table as a document; a document as it is.
local function document(value)
  if type(value) ~= "table" then return value end
  return core.decode(core.encode(value), {raw = true})
end
objects.document = document

--- Make an object.
-- @tab kind
-- @param value its file form: a table, or a document, which then belongs to the object
-- @param[opt] lock
-- @tab[opt] about
function objects.new(kind, value, lock, about)
  local doc = document(value)
  return setmetatable({
    kind = kind, key = kind.key(doc), title = kind.title(doc), doc = doc, lock = lock,
    about = about or kind.about and kind.about(doc),
    secrets = doc:get("secrets"),
  }, metatable)
end

-- Grafana 12 rounds numbers to doubles itself.
local DOUBLES = {doubles = true}

--- The digest of its contents: secrets, of which only the names are known, do not count.
function methods:digest()
  if not self.secrets then return self.doc:digest(DOUBLES) end
  local doc = self.doc:copy()
  doc:remove("secrets")
  local digest = doc:digest(DOUBLES)
  doc:close()
  return digest
end

--- Its file form as text: compact, or as in a file.
function methods:text(pretty)
  return self.doc:text({sorted = true, pretty = pretty or nil})
end

--- The object that such a text describes.
function objects.parse(kind, text, about)
  local doc, problem = core.decode(text, {raw = true})
  if not doc then return nil, problem end
  return objects.new(kind, doc, nil, about)
end

function metatable:__tostring()
  return ("%s %s"):format(self.kind.one, require("grafana.bulk.show").text(self.title))
end

return objects
