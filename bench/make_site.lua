-- SPDX-License-Identifier: MIT
-- make_site.lua FOLDER COUNT BYTES PANEL URL: files for a static server that answers a search for COUNT dashboards of
-- about BYTES bytes, with panels of about PANEL bytes made of those in examples/dashboards/, and a configuration for
-- curl that fetches the same.

local grafana = require "grafana"

local folder, count, bytes, PANEL, url = arg[1], tonumber(arg[2]), tonumber(arg[3]), tonumber(arg[4]), arg[5]

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

-- The panels of the examples are given further queries and overrides, of the kinds that they have, up to PANEL bytes.
local function grow(panel)
  local query = panel.targets and panel.targets[1] or {refId = "A", expr = "up"}
  local config = panel.fieldConfig or {defaults = {}, overrides = {}}
  panel.fieldConfig, panel.targets = config, panel.targets or {}
  for i = 1, 100 do
    if #grafana.encode(panel) >= PANEL then return panel end
    local copy = grafana.decode(grafana.encode(query))
    copy.refId = "Q" .. i
    panel.targets[#panel.targets + 1] = copy
    config.overrides = config.overrides or {}
    config.overrides[#config.overrides + 1] = {matcher = {id = "byName", options = "series " .. i},
      properties = {{id = "color", value = {mode = "fixed", fixedColor = "dark-blue"}},
        {id = "custom.lineWidth", value = 2}}}
  end
  return panel
end

local sources, panels = {}, {}
for _, name in ipairs{"node", "nginx", "postgresql", "kubernetes", "api-latency", "queue"} do
  local dashboard = assert(grafana.decode(read("examples/dashboards/" .. name .. ".json")))
  sources[#sources + 1] = dashboard
  for _, panel in ipairs(dashboard.panels) do
    if panel.type ~= "row" then panels[#panels + 1] = grow(panel) end
  end
end

local meta = {type = "db", canSave = true, canEdit = true, canAdmin = true, canStar = true, canDelete = true,
  slug = "bench", expires = "0001-01-01T00:00:00Z", created = "2026-11-22T08:21:45Z", updated = "2026-11-22T08:21:46Z",
  updatedBy = "admin", createdBy = "admin", version = 2, hasAcl = false, isFolder = false, folderId = 0, folderUid = "",
  folderTitle = "General", folderUrl = "", provisioned = false, provisionedExternalId = ""}

local shown = 0

local function dashboard_text(i, uid, title)
  local source = sources[i % #sources + 1]
  local dashboard = {id = i, uid = uid, title = title, tags = source.tags, time = source.time, schemaVersion = 39,
    refresh = "30s", templating = {list = grafana.array{}}, panels = grafana.array{}}
  meta.url = "/d/" .. uid .. "/bench"
  local size, n = #grafana.encode(dashboard) + #grafana.encode(meta), 0
  repeat
    n = n + 1
    local panel = panels[(i + n) % #panels + 1]
    dashboard.panels[n] = panel
    size = size + #grafana.encode(panel) + 1
  until size + PANEL / 2 >= bytes
  shown = shown + n
  return grafana.encode{meta = meta, dashboard = dashboard}
end

local hits, urls, total = grafana.array{}, {}, 0
local function fetch(path) urls[#urls + 1] = ('url = "%s%s"\noutput = "/dev/null"\n'):format(url, path) end

os.execute("mkdir -p " .. folder .. "/api/dashboards/uid")
fetch "/api/search?type=dash-db&limit=1000&page=1"
fetch "/api/search?type=dash-db&limit=1000&page=2"
for i = 1, count do
  local uid, title = ("bench-%05d"):format(i), "Dashboard " .. i
  local text = dashboard_text(i, uid, title)
  total = total + #text
  write(folder .. "/api/dashboards/uid/" .. uid, text)
  fetch("/api/dashboards/uid/" .. uid)
  hits[i] = {id = 3222618879385600 + i, uid = uid, orgId = 1, title = title, uri = "db/bench", tags = {"prod", "cpu"},
    url = "/d/" .. uid .. "/bench", slug = "", type = "dash-db", isStarred = false, folderUid = "infra",
    folderTitle = "Infrastructure", folderUrl = "/dashboards/f/infra/infrastructure", sortMeta = 0, isDeleted = false}
end
write(folder .. "/search", grafana.encode(hits))
write(folder .. "/empty", "[]")
write(folder .. "/curl.cfg", table.concat(urls))
print(("%d dashboards of %.1f KB with %.1f panels each, a search page of %.0f KB")
  :format(count, total / count / 1000, shown / count, #grafana.encode(hits) / 1000))
