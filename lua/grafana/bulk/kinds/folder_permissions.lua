-- SPDX-License-Identifier: MIT
--- Permissions of folders.
-- @module grafana.bulk.kinds.folder_permissions

return require("grafana.bulk.permissions").kind {
  name = "folder_permissions", one = "permissions of folder", owner = "folders",
  get = "get_folder_permissions", update = "update_folder_permissions",
  list = function(at)   -- all levels, and those whose parent is gone
    local r = at.g:search(at.org, {type = "dash-folder"})
    if not r.ok then return nil, r end
    return r.hits
  end,
}
