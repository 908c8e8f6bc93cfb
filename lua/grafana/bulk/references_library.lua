-- SPDX-License-Identifier: MIT
-- The library panel of a panel, alike in both schemas.

local names = require "grafana.bulk.references_names"
local text = require("grafana.bulk.references_walk").text

return function(w, panel)
  local uid = text(panel, "libraryPanel", "uid")
  if not uid or uid == "" then return end
  names.say(w, "library panel", "object")
  local more = w:offer("library_panels", uid, "libraryPanel", "uid")
  if more and more.name and text(panel, "libraryPanel", "name") then w:put(more.name, "libraryPanel", "name") end
end
