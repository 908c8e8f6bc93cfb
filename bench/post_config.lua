-- SPDX-License-Identifier: MIT
-- post_config.lua FOLDER URL: a configuration with which curl looks for the dashboard of each file of a backup, and
-- creates it.

local COLLECTION = arg[2] .. "/apis/dashboard.grafana.app/v0alpha1/namespaces/default/dashboards"
local SAME = 'silent\nuser = "admin:admin"\noutput = "/dev/null"\n'

local blocks = {}
for path in io.popen("find '" .. arg[1] .. "' -path '*/dashboards/*.json' | sort"):lines() do
  blocks[#blocks + 1] = SAME .. ('url = "%s/%s"\n'):format(COLLECTION, path:match "(seed%-%d+)%.json$")
  blocks[#blocks + 1] = SAME ..
    ('url = "%s"\nheader = "Content-Type: application/json"\ndata = "@%s"\n'):format(COLLECTION, path)
end
io.write(table.concat(blocks, "next\n"))
