-- SPDX-License-Identifier: MIT
-- backup_child.lua DIR first|last: a backup of made-up dashboards, for folder_spec.lua, which kills it. The two have
-- some in common, some with other titles or contents, and some of their own.

local core = require "grafana.core"
local folder = require "grafana.bulk.folder"
local objects = require "grafana.bulk.objects"

local kind = {name = "dashboards", one = "dashboard"}
function kind.key(value) return core.get(value, "uid") end
function kind.title(value) return core.get(value, "title") end

local dir, which = arg[1], arg[2]
local store = assert(folder.create(dir))

for i = 1, 300 do
  local is_there = which == "first" and i % 7 ~= 0 or which == "last" and i % 5 ~= 0
  local title = ("Title %d"):format(which == "first" and i % 4 == 0 and i or i % 10)
  local uid = i % 6 == 0 and ("uid%d"):format(i - 1):upper() or ("uid%d"):format(i)
  if is_there then
    local object = objects.new(kind, {uid = uid, title = title, text = ("x"):rep(i * 10)})
    assert(store:put("dashboards", "Main Org.", object))
  end
end
store:whole("dashboards", "Main Org.")
assert(store:finish {})
