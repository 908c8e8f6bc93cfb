-- SPDX-License-Identifier: MIT
--- Dashboards that differ from the usual ones, as a real 12.4.3 takes them: odd titles, panels that are none, old rows,
-- numbers at the limits, and what only /apis stores, in the versions that it has. Each is {uid, spec (JSON text), …}:
--
--   via      nil: POST /api/dashboards/db; else POST /apis in this version
--   folder   the uid of the folder that it is in; odd.FOLDERS lists them
--   unfound  12.4.3's search does not find it
--   broken   /apis cannot convert it into the old schema

local odd = {}

odd.FOLDERS = {"odd-a", "odd-b"}

local function panel(id, more)
  return ('{"id":%s,"type":"timeseries","title":"p%s"%s}'):format(id, id, more or "")
end

local function panels(...)
  local texts = {}
  for i, id in ipairs {...} do texts[i] = panel(id) end
  return "[" .. table.concat(texts, ",") .. "]"
end

local function row(id, inner)
  return ('{"id":%d,"type":"row","title":"r","collapsed":true,"panels":%s}'):format(id, inner)
end

-- JSON text of a string; the titles below hold no control characters but those written out.
local function quoted(text)
  return '"' .. text:gsub('[\\"]', "\\%0") .. '"'
end

local function document(title, list_of_panels, more)
  return ('{"title":%s,"schemaVersion":39,"panels":%s%s}'):format(title, list_of_panels, more or "")
end

local TITLES = {
  'say "hi"', "a/b/c", "back\\slash", "äöü ñ ß Ø", "日本語", "🚀", "🚀 rocket", "!!!", "---", "...", "a_b", "A  B   C",
  ("x"):rep(300), ("日"):rep(300), "a&b<c>", "%41%2f", "100%", "a+b", "Привет мир", "İstanbul", "1e400", "null", "-a-",
  "a.b,c;d:e", "it's", '{"a":1}', "#?#", "~", "C++", "½ ² ™ ©", "/", "../../etc/passwd",
}

local list = {}
local function add(uid, spec, more)
  local entry = {uid = "odd-" .. uid, spec = spec}
  for key, value in pairs(more or {}) do entry[key] = value end
  list[#list + 1] = entry
end

for i, title in ipairs(TITLES) do add(("title-%02d"):format(i), document(quoted(title), panels(1))) end
add("tab", document([["tab\there\nand a line"]], panels(1)))
add("nul", document([["\u0000x"]], panels(1)))
for i, folder in ipairs {"odd-a", "odd-b", false} do
  add("same-" .. i, document('"Same title"', panels(i)), {folder = folder or nil})
end
add("UID_case", document('"Upper"', "[]"))
add("uid_case", document('"Lower"', "[]"))
add(("u"):rep(36), document('"A long uid"', panels(1)))

-- Panels that are none, that lack what others have, that are elsewhere.
add("empty", document('"Empty panels"', "[]"))
add("null", document('"Panels null"', "null"))
add("object", document('"Panels an object"', '{"a":1}'))
add("string", document('"Panels a string"', '"x"'))
add("absent", '{"title":"No panels"}')
add("bare", document('"Bare"', '[{},{"id":2},{"type":"graph"},{"title":"only"},{"id":null,"type":null,"title":null},'
  .. '{"id":"7","type":5,"title":7},3,null,"x",[],{"title":{"a":1},"type":["x"],"id":true}]'))
local OLD_ROWS = ',"rows":[{"title":"R1","collapse":false,"panels":%s},{"panels":%s},{},null]'
add("rows", document('"Old rows"', "[]", OLD_ROWS:format(panels(1, 2), panels(3))))
add("rows-only", ('{"title":"Only rows","schemaVersion":14,"rows":[{"panels":%s}]}'):format(panels(1)))
add("rows-both", document('"Rows and panels"', panels(1), (',"rows":[{"panels":%s}]'):format(panels(9))))
add("collapsed", document('"Collapsed"', ("[%s,%s,%s,%s,%s,%s]"):format(row(1, panels(2, 3)), panel(4),
  row(5, "[]"), panel(6), row(7, "null"), '{"id":8,"panels":[' .. row(9, panels(10)) .. '],"type":"row"}')))
add("inside", document('"Inside no row"', "[" .. panel(1, ',"panels":' .. panels(2)) .. "]"))
add("twice", document('"Ids twice"', ("[%s,%s,%s]"):format(panel(1), panel(1), row(1, panels(1)))))
add("library", document('"Library"', '[{"id":1,"title":"lib","libraryPanel":{"uid":"x","name":"N"}}]'))
add("numbers", document('"Numbers"', panels("9007199254740993", -5, 0, "2147483648", "1.0"),
  ',"extra":[2.50,1e3,-0.0,1e-7]'))
add("fraction", document('"A fraction"', panels("1.5")), {unfound = true})
add("huge", document('"Huge"', panels("9223372036854775807", "1e300")), {unfound = true})
add("tags-null", document('"Tags null"', panels(1), ',"tags":null'))
add("escapes", document('"Escapes"',
  [=[[{"id":1,"type":"te\u0078t","title":"q\"\\\/\b\n\t\u0001 <é>&\u2028 \ud83d\ude80"}]]=]))
add("status", document('"Like an answer"', panels(1), ',"status":{"conversion":{"failed":true,"storedVersion":"v9"}},'
  .. '"metadata":{"name":"x","continue":"y"},"items":[{"spec":{"panels":' .. panels(5) .. "}}]"))

-- By /apis: v0alpha1 is stored as it is, v1beta1 as its migration has it.
add("v0", document('"By v0alpha1"', panels(1), ',"uid":"another","id":77'), {via = "v0alpha1"})
add("v0-folder", document('"By v0alpha1, in a folder"', panels(1)), {via = "v0alpha1", folder = "odd-a"})
add("v0-blank", document('"  "', panels(1)), {via = "v0alpha1"})
add("v0-null", document('"By v0alpha1, panels null"', "null"), {via = "v0alpha1"})
add("v1", document('"By v1beta1"', panels(1)), {via = "v1beta1"})
add("v1-bare", document('"By v1beta1, bare"', '[{},{"id":2},{"type":"graph"},{"title":"only"}]'), {via = "v1beta1"})
add("v1-untitled", ('{"schemaVersion":39,"panels":%s}'):format(panels(1)), {via = "v1beta1"})
add("v1-rows", document('"By v1beta1, a row"', ("[%s,%s]"):format(row(1, panels(2)), panel(3))), {via = "v1beta1",
  folder = "odd-b"})

-- The second schema: elements that a layout places.
local VIZ = {
  v2beta1 = '{"kind":"VizConfig","group":"timeseries","version":"","spec":{"options":{},"fieldConfig":{}}}',
  v2alpha1 = '{"kind":"timeseries","spec":{"pluginVersion":"","options":{},"fieldConfig":{}}}',
}

local function element(version, id)
  local data = '{"kind":"QueryGroup","spec":{"queries":[],"transformations":[],"queryOptions":{}}}'
  return ('"panel-%d":{"kind":"Panel","spec":{"id":%d,"title":"P%d","description":"","links":[],"data":%s,'
    .. '"vizConfig":%s}}'):format(id, id, id, data, VIZ[version])
end

local LIBRARY = '"panel-4":{"kind":"LibraryPanel","spec":{"id":4,"title":"lib","libraryPanel":{"uid":"x","name":"N"}}}'

local function item(id)
  local element_of = ('{"kind":"ElementReference","name":"panel-%d"}'):format(id)
  return ('{"kind":"GridLayoutItem","spec":{"x":0,"y":0,"width":12,"height":8,"element":%s}}'):format(element_of)
end

local function grid(...)
  local items = {}
  for i, id in ipairs {...} do items[i] = item(id) end
  return '{"kind":"GridLayout","spec":{"items":[' .. table.concat(items, ",") .. "]}}"
end

local function second(title, layout, version)
  version = version or "v2beta1"
  local elements = {element(version, 1), element(version, 2), element(version, 3), LIBRARY}
  return ('{"title":%s,"annotations":[],"cursorSync":"Off","editable":true,"elements":{%s},"layout":%s,"links":[],'
    .. '"liveNow":false,"preload":false,"tags":[],"timeSettings":{"timezone":"browser","from":"now-6h","to":"now",'
    .. '"autoRefresh":"","autoRefreshIntervals":[],"hideTimepicker":false,"fiscalYearStartMonth":0},"variables":[]}')
    :format(title, table.concat(elements, ","), layout)
end

local function row_of(title, collapsed, layout, more)
  return ('{"kind":"RowsLayoutRow","spec":{"title":"%s","collapse":%s%s,"layout":%s}}')
    :format(title, tostring(collapsed), more or "", layout)
end

local function layout_of(kind, name, ...)
  return ('{"kind":"%s","spec":{"%s":[%s]}}'):format(kind, name, table.concat({...}, ","))
end

local function tab(title, layout)
  return ('{"kind":"TabsLayoutTab","spec":{"title":"%s","layout":%s}}'):format(title, layout)
end

add("v2", second('"By v2beta1"', grid(1, 2, 3, 4)), {via = "v2beta1"})
add("v2-alpha", second('"By v2alpha1"', grid(1, 2, 3, 4), "v2alpha1"), {via = "v2alpha1", folder = "odd-a"})
add("v2-some", second('"By v2beta1, some unplaced"', grid(2)), {via = "v2beta1"})
add("v2-none", second('"By v2beta1, none placed"', grid()), {via = "v2beta1"})
add("v2-rows", second('"By v2beta1, rows"', layout_of("RowsLayout", "rows", row_of("r1", true, grid(1, 2)),
  row_of("r2", false, grid(3)), row_of("", false, grid(4), ',"hideHeader":true'))), {via = "v2beta1"})
add("v2-tabs", second('"By v2beta1, tabs"', layout_of("TabsLayout", "tabs", tab("t1", grid(1, 2)), tab("t2", grid(3)))),
  {via = "v2beta1"})
add("v2-broken", second('"By v2beta1, a panel missing"', grid(1, 9)), {via = "v2beta1", broken = true})

odd.list = list

return odd
