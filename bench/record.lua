-- SPDX-License-Identifier: MIT
-- record.lua FOLDER STANDIN ORG COUNT: files for a static server that answers as the stand-in does for an organisation
-- of COUNT dashboards: pages of /apis, pages of the search, each dashboard. What curl has to fetch for the same is left
-- in FOLDER/pages.cfg and FOLDER/singles.cfg, with @URL@ where the server stands; standin-pages.cfg has the stand-in's
-- own tokens.

local grafana = require "grafana"

local folder, standin, org, count = arg[1], arg[2], tonumber(arg[3]), tonumber(arg[4])
-- curl as a stranger: the pages' layout goes by its name.
local files = require "bench.recording"(folder, standin, org, "bench")
local run, read, write, fetch = files.run, files.read, files.write, files.fetch
local SEARCH = "/api/search?type=dash-db&limit=1000&page="
local LIST = "/apis/dashboard.grafana.app/v0alpha1/namespaces/" .. files.namespace .. "/dashboards?limit=1000"

-- A page's token becomes the number of the next page, which is the name of its file; there is one after the last.
local function record_pages()
  local paths, own_paths, page, token = {}, {}, 0, nil
  repeat
    local name = "page-" .. page
    own_paths[page + 1] = LIST .. (token and "&continue=" .. token or "")
    paths[page + 1] = LIST .. (page > 0 and "&continue=" .. page or "")
    fetch(own_paths[page + 1], name)
    local text = read(name)
    token = text:sub(1, 400):match '"continue":"([^"]+)"'
    page = page + 1
    write(name, (text:gsub('"continue":"[^"]+"', ('"continue":"%d"'):format(page), 1)))
  until not token
  return paths, own_paths
end

local function record_search()
  local paths = {}
  for page = 1, math.ceil(count / 1000) + 1 do   -- the last is empty
    paths[page] = SEARCH .. page
    fetch(paths[page], "search-" .. page)
  end
  return paths
end

local function record_dashboards(uids)
  local lines, paths = {}, {}
  for i, uid in ipairs(uids) do
    paths[i] = "/api/dashboards/uid/" .. uid
    lines[i] = ('url = "%s%s"\noutput = "%s%s"\n'):format(standin, paths[i], folder, paths[i])
  end
  write("record.cfg", table.concat(lines))
  run("mkdir -p '%s/api/dashboards/uid'", folder)
  run(files.curl .. " --parallel --parallel-max 16 -K '%s/record.cfg' 2>/dev/null", folder)
  return paths
end

local function uids_in(pages)
  local uids = {}
  for page = 1, pages do
    for _, hit in ipairs(assert(grafana.decode(read("search-" .. page)))) do uids[#uids + 1] = hit.uid end
  end
  assert(#uids == count, "the search does not find all")
  return uids
end

-- `lists`: of paths, fetched in that order.
local function write_config(name, ...)
  local lines = {}
  for _, paths in ipairs {...} do
    for _, path in ipairs(paths) do lines[#lines + 1] = ('url = "@URL@%s"\noutput = "/dev/null"\n'):format(path) end
  end
  write(name, table.concat(lines))
end

run("mkdir -p '%s'", folder)
fetch("/apis/dashboard.grafana.app", "group")
local search, pages, own_pages = record_search(), record_pages()
local singles = record_dashboards(uids_in(#search))
write_config("pages.cfg", search, {"/apis/dashboard.grafana.app"}, pages)
write_config("standin-pages.cfg", search, {"/apis/dashboard.grafana.app"}, own_pages)
write_config("singles.cfg", search, singles)
local _, panels = read("api/dashboards/uid/seed-00001"):gsub('"gridPos"', "")
print(("  %d dashboards of %.1f KB with %d panels and rows each: %d pages, %d of the search"):format(count,
  #read("api/dashboards/uid/seed-00001") / 1000, panels, #pages, #search))
