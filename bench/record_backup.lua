-- SPDX-License-Identifier: MIT
-- record_backup.lua FOLDER STANDIN ORG COUNT: files for a static server that answers a backup of an organisation's
-- dashboards as the stand-in does, and what curl has to fetch for the same: pages.cfg, with @URL@ where the server
-- stands, standin-pages.cfg with the stand-in's own tokens, and permissions.cfg.

local folder, standin, org, count = arg[1], arg[2], tonumber(arg[3]), tonumber(arg[4])
local files = require "bench.recording"(folder, standin, org, "lua-grafana/bench")
local run, read, write, fetch = files.run, files.read, files.write, files.fetch
local LIST = "/apis/dashboard.grafana.app/v0alpha1/namespaces/" .. files.namespace .. "/dashboards?"

-- A page's token becomes the number of the next page, which is the name of its file.
local function record_pages()
  local paths, own_paths, page, token, uids = {}, {}, 0, nil, {}
  repeat
    own_paths[page + 1] = LIST .. (token and "continue=" .. token .. "&" or "") .. "limit=500"
    paths[page + 1] = LIST .. (page > 0 and "continue=" .. page .. "&" or "") .. "limit=500"
    fetch(own_paths[page + 1], "page-" .. page)
    local text = read("page-" .. page)
    for uid in text:gmatch '"name":"(seed%-%d+)"' do uids[#uids + 1] = uid end
    token = text:sub(1, 400):match '"continue":"([^"]+)"'
    page = page + 1
    write("page-" .. page - 1, (text:gsub('"continue":"[^"]+"', ('"continue":"%d"'):format(page), 1)))
  until not token
  return paths, own_paths, uids
end

local function write_config(name, paths)
  local lines = {}
  for i, path in ipairs(paths) do lines[i] = ('url = "@URL@%s"\noutput = "/dev/null"\n'):format(path) end
  write(name, table.concat(lines))
end

run("mkdir -p '%s/api'", folder)
local OTHERS = {["api/health"] = "/api/health", ["api/user"] = "/api/user", group = "/apis/dashboard.grafana.app",
  ["orgs-0"] = "/api/orgs?perpage=1000&page=0", ["orgs-1"] = "/api/orgs?perpage=1000&page=1"}
for name, path in pairs(OTHERS) do fetch(path, name) end
local pages, own_pages, uids = record_pages()
assert(#uids == count, "not all dashboards are in the pages")
write_config("pages.cfg", pages)
write_config("standin-pages.cfg", own_pages)
for i, uid in ipairs(uids) do uids[i] = "/api/dashboards/uid/" .. uid .. "/permissions" end
write_config("permissions.cfg", uids)
