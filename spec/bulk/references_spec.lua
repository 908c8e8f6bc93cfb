-- SPDX-License-Identifier: MIT
-- luacheck: no max line length
-- References: what dashboards of every age, library panels and rules name, and that nothing else is ever touched.

local grafana = require "grafana"
local references = require "grafana.bulk.references"

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local function files(folder)
  local list, found = io.popen("ls " .. folder .. "/*.json 2>/dev/null"), {}
  for path in list:lines() do found[#found + 1] = path end
  list:close()
  return found
end

-- The same value in every form that may be given.
local FORMS = {
  table = function(text) return assert(grafana.decode(text)) end,
  document = function(text) return assert(grafana.decode(text, {raw = true})) end,
  ["table with a document inside"] = function(text)
    local value = assert(grafana.decode(text))
    for key, inner in pairs(value) do
      if type(inner) == "table" then value[key] = grafana.decode(grafana.encode(inner), {raw = true}) end
    end
    return value
  end,
}

local function json(value) return grafana.encode(value, {sorted = true}) end

local function sorted_json(text) return json(assert(grafana.decode(text))) end

-- "kind key place form type by_name" of each call, sorted.
local function described(kind, key, context)
  return table.concat({kind, key, context.place, context.form, context.type or "-",
    context.by_name and "by name" or "by uid"}, " | ")
end

-- What is named, one line each, sorted, and the value with each name in brackets.
local function run(what, value)
  local lines = {}
  local result = references[what](value, function(kind, key, context)
    lines[#lines + 1] = described(kind, key, context)
    return "[" .. key .. "]", {type = context.type and "new-" .. context.type, name = "N " .. key}
  end)
  table.sort(lines)
  return lines, result
end

-- A case holds for every form. `after` left out: nothing changes.
local function check(what, before, expected, after)
  table.sort(expected)
  for form, make in pairs(FORMS) do
    local value = make(before)
    local lines, result = run(what, value)
    assert.same(expected, lines, form)
    assert.equal(value, result)
    assert.equal(sorted_json(after or before), json(result), form)
  end
end

local function dashboard(...) check("in_dashboard", ...) end

describe("in a dashboard of the first schema", function()
  it("a panel names its data source by {type, uid}", function()
    dashboard('{"panels":[{"type":"stat","datasource":{"type":"loki","uid":"a"}}]}',
      {"datasources | a | panel | object | loki | by uid"},
      '{"panels":[{"type":"stat","datasource":{"type":"new-loki","uid":"[a]"}}]}')
  end)

  it("where no type stood none is put", function()
    dashboard('{"panels":[{"datasource":{"uid":"a"}}]}', {"datasources | a | panel | object | - | by uid"},
      '{"panels":[{"datasource":{"uid":"[a]"}}]}')
  end)

  it("an old panel names it by a string, which may be a name", function()
    dashboard('{"panels":[{"datasource":"Prom etheus"}]}',
      {"datasources | Prom etheus | panel | string | - | by name"}, '{"panels":[{"datasource":"[Prom etheus]"}]}')
  end)

  it("queries name theirs, in mixed panels and in others", function()
    dashboard([[{"panels":[{"datasource":{"type":"datasource","uid":"-- Mixed --"},"targets":[
      {"refId":"A","datasource":{"type":"x","uid":"a"}},{"refId":"B","datasource":"b"},{"refId":"C"}]}]}]],
      {"datasources | a | query | object | x | by uid", "datasources | b | query | string | - | by name"},
      [[{"panels":[{"datasource":{"type":"datasource","uid":"-- Mixed --"},"targets":[
      {"refId":"A","datasource":{"type":"new-x","uid":"[a]"}},{"refId":"B","datasource":"[b]"},{"refId":"C"}]}]}]])
  end)

  it("panels in collapsed rows and in rows of old dashboards are panels too", function()
    dashboard([[{"panels":[{"type":"row","datasource":"r","panels":[{"type":"stat","datasource":"a"}]}],
      "rows":[{"panels":[{"type":"graph","datasource":"b","targets":[{"datasource":"c"}]}]}]}]],
      {"datasources | r | row | string | - | by name", "datasources | a | panel | string | - | by name",
        "datasources | b | panel | string | - | by name", "datasources | c | query | string | - | by name"},
      [[{"panels":[{"type":"row","datasource":"[r]","panels":[{"type":"stat","datasource":"[a]"}]}],
      "rows":[{"panels":[{"type":"graph","datasource":"[b]","targets":[{"datasource":"[c]"}]}]}]}]])
  end)

  it("variables with a query, ad hoc filters and group by name theirs", function()
    dashboard([[{"templating":{"list":[{"type":"query","datasource":"a","query":"label_values(a)"},
      {"type":"adhoc","datasource":{"uid":"b","type":"p"}},{"type":"groupby","datasource":{"uid":"c"}},
      {"type":"custom","query":"a,b","current":{"value":"a","text":"a"}}]}}]],
      {"datasources | a | variable | string | - | by name", "datasources | b | variable | object | p | by uid",
        "datasources | c | variable | object | - | by uid"},
      [[{"templating":{"list":[{"type":"query","datasource":"[a]","query":"label_values(a)"},
      {"type":"adhoc","datasource":{"uid":"[b]","type":"new-p"}},{"type":"groupby","datasource":{"uid":"[c]"}},
      {"type":"custom","query":"a,b","current":{"value":"a","text":"a"}}]}}]])
  end)

  it("a variable for data sources stands for the chosen one; its regex and what it offers are left alone", function()
    dashboard([[{"templating":{"list":[{"type":"datasource","query":"loki","regex":"a","current":{"text":"A","value":"a"},
      "options":[{"text":"A","value":"a","selected":true}]}]}}]],
      {"datasources | a | variable | string | loki | by name"},
      [[{"templating":{"list":[{"type":"datasource","query":"loki","regex":"a","current":{"text":"N a","value":"[a]"},
      "options":[{"text":"A","value":"a","selected":true}]}]}}]])
  end)

  it("several chosen ones are several", function()
    dashboard([[{"templating":{"list":[{"type":"datasource","query":"loki",
      "current":{"text":["A","B"],"value":["a","b"]}}]}}]],
      {"datasources | a | variable | string | loki | by name", "datasources | b | variable | string | loki | by name"},
      [[{"templating":{"list":[{"type":"datasource","query":"loki",
      "current":{"text":["N a","N b"],"value":["[a]","[b]"]}}]}}]])
    dashboard([[{"templating":{"list":[{"type":"datasource","query":"loki","current":{"text":"A + B","value":["a","b"]}},
      {"type":"datasource","query":"x","current":{"text":"All","value":["$__all"]}},
      {"type":"datasource","query":"x","current":{"text":"default","value":"default"}}]}}]],
      {"datasources | a | variable | string | loki | by name", "datasources | b | variable | string | loki | by name"},
      [[{"templating":{"list":[{"type":"datasource","query":"loki","current":{"text":"A + B","value":["[a]","[b]"]}},
      {"type":"datasource","query":"x","current":{"text":"All","value":["$__all"]}},
      {"type":"datasource","query":"x","current":{"text":"default","value":"default"}}]}}]])
  end)

  it("annotations name theirs", function()
    dashboard([[{"annotations":{"list":[{"datasource":"-- Grafana --"},{"datasource":{"type":"l","uid":"a"}},
      {"datasource":"b","target":{"datasource":{"uid":"c"}}}]}}]],
      {"datasources | a | annotation | object | l | by uid", "datasources | b | annotation | string | - | by name",
        "datasources | c | annotation | object | - | by uid"},
      [[{"annotations":{"list":[{"datasource":"-- Grafana --"},{"datasource":{"type":"new-l","uid":"[a]"}},
      {"datasource":"[b]","target":{"datasource":{"uid":"[c]"}}}]}}]])
  end)

  it("a panel of the library is named by its uid", function()
    dashboard('{"panels":[{"id":1,"libraryPanel":{"uid":"lib","name":"Old"}}]}',
      {"library_panels | lib | library panel | object | - | by uid"},
      '{"panels":[{"id":1,"libraryPanel":{"uid":"[lib]","name":"N lib"}}]}')
  end)

  it("options of Grafana's own panels name folders and data sources", function()
    dashboard([[{"panels":[{"type":"dashlist","options":{"folderUID":"f","query":"a"}},
      {"type":"alertlist","options":{"datasource":"A","folder":{"uid":"g","title":"G"}}},
      {"type":"stat","options":{"folderUID":"f","datasource":"A"}},{"type":"dashlist","options":{"folderUID":""}}]}]],
      {"folders | f | option | string | - | by uid", "folders | g | option | string | - | by uid",
        "datasources | A | option | string | - | by name"},
      [[{"panels":[{"type":"dashlist","options":{"folderUID":"[f]","query":"a"}},
      {"type":"alertlist","options":{"datasource":"[A]","folder":{"uid":"[g]","title":"G"}}},
      {"type":"stat","options":{"folderUID":"f","datasource":"A"}},{"type":"dashlist","options":{"folderUID":""}}]}]])
  end)

  it("buttons send requests through a data source", function()
    dashboard([[{"panels":[{"type":"canvas",
      "fieldConfig":{"defaults":{"actions":[{"type":"infinity","infinity":{"datasourceUid":"a","url":"a"}}]},
        "overrides":[{"properties":[{"id":"actions","value":[{"infinity":{"datasourceUid":"b"}}]},{"id":"unit","value":"a"}]}]},
      "options":{"root":{"elements":[{"actions":[{"infinity":{"datasourceUid":"c"}}]}]}}}]}]],
      {"datasources | a | option | string | - | by uid", "datasources | b | option | string | - | by uid",
        "datasources | c | option | string | - | by uid"},
      [[{"panels":[{"type":"canvas",
      "fieldConfig":{"defaults":{"actions":[{"type":"infinity","infinity":{"datasourceUid":"[a]","url":"a"}}]},
        "overrides":[{"properties":[{"id":"actions","value":[{"infinity":{"datasourceUid":"[b]"}}]},{"id":"unit","value":"a"}]}]},
      "options":{"root":{"elements":[{"actions":[{"infinity":{"datasourceUid":"[c]"}}]}]}}}]}]])
  end)

  it("the default, Grafana's own, expressions and variables are no data sources", function()
    for _, name in ipairs {"null", '""', '"default"', '"grafana"', '"-- Grafana --"', '"-- Mixed --"',
      '"-- Dashboard --"', '"__expr__"', '"-100"', '"$ds"', '"${ds}"', '"${ds:raw}"', '"[[ds]]"', '"prom-${env}"',
      "1", "1e400", "{}", "[]", "true"} do
      local place = ('{"datasource":%s,"targets":[{"datasource":%s}]}'):format(name, name)
      dashboard(('{"panels":[%s,{"datasource":{"uid":%s}}]}'):format(place, name), {})
      dashboard(('{"annotations":{"list":[%s]},"templating":{"list":[%s]}}'):format(place, place), {})
    end
  end)

  it("what merely looks alike is never touched", function()
    local same = [[{"title":"a","uid":"a","tags":["a"],"description":"a","links":[{"url":"/d/a?var-ds=a","title":"a",
      "datasource":{"uid":"a"}}],"datasource":"a","__inputs":[{"name":"a","value":"a"}],"snapshot":{"datasource":"a"},
      "panels":[{"type":"text","title":"a","options":{"content":"datasource {uid: a}","datasource":"a"},
      "links":[{"url":"a","datasource":"a"}],"targets":[{"expr":"a","query":"a","rawSql":"select a","refId":"a",
      "model":{"datasource":{"uid":"a"}},"datasourceUid":"a"}],"fieldConfig":{"defaults":{"displayName":"a",
      "links":[{"url":"a","internal":{"datasourceUid":"a"}}]},"overrides":[{"matcher":{"options":"a"}}]},
      "transformations":[{"options":{"datasource":"a"}}],"gridPos":{"x":0},"alert":{"datasource":"a"}}],
      "templating":{"list":[{"type":"constant","query":"a","name":"a","label":"a","current":{"value":"a"}}]}}]]
    dashboard(same, {})
  end)
end)

describe("in a dashboard of the second schema", function()
  local function v2(spec) return '{"apiVersion":"dashboard.grafana.app/v2beta1","metadata":{},"spec":' .. spec .. "}" end

  it("v2beta1 names data sources inside queries, their type as the group", function()
    local text = v2 [[{"elements":{"panel-1":{"kind":"Panel","spec":{"id":1,"title":"a","data":{"kind":"QueryGroup","spec":{
      "queries":[{"kind":"PanelQuery","spec":{"refId":"A","query":{"kind":"DataQuery","group":"loki","version":"v0",
      "datasource":{"name":"a"},"spec":{"expr":"a"}}}}]}},"vizConfig":{"kind":"VizConfig","group":"dashlist",
      "spec":{"options":{"folderUID":"f"}}}}}},"layout":{"kind":"GridLayout","spec":{"items":[]}}}]]
    dashboard(text, {"datasources | a | query | object | loki | by uid", "folders | f | option | string | - | by uid"},
      (text:gsub('"name":"a"', '"name":"[a]"'):gsub('"loki"', '"new-loki"'):gsub('"f"', '"[f]"')))
  end)

  it("v2alpha1 names them beside queries, by {type, uid}", function()
    local text = v2 [[{"elements":{"panel-1":{"kind":"Panel","spec":{"id":1,"data":{"kind":"QueryGroup","spec":{
      "queries":[{"kind":"PanelQuery","spec":{"refId":"A","query":{"kind":"loki","spec":{"expr":"a"}},
      "datasource":{"type":"loki","uid":"a"}}}]}},"vizConfig":{"kind":"stat","spec":{"options":{}}}}}}}]]
    dashboard(text, {"datasources | a | query | object | loki | by uid"},
      (text:gsub('"uid":"a"', '"uid":"[a]"'):gsub('"loki"', '"new-loki"')))
  end)

  it("variables and annotations name theirs, those of rows and tabs, too", function()
    local text = v2 [[{"variables":[
      {"kind":"QueryVariable","spec":{"name":"a","query":{"kind":"DataQuery","group":"g","datasource":{"name":"q"},
        "spec":{"query":"q"}}}},
      {"kind":"AdhocVariable","group":"g","datasource":{"name":"w"},"spec":{"name":"a"}},
      {"kind":"GroupByVariable","spec":{"name":"a","datasource":{"uid":"e","type":"g"}}},
      {"kind":"DatasourceVariable","spec":{"pluginId":"g","current":{"text":"R","value":"r"},"options":[]}}],
      "annotations":[{"kind":"AnnotationQuery","spec":{"query":{"kind":"DataQuery","group":"g","datasource":{"name":"t"}}}},
      {"kind":"AnnotationQuery","spec":{"query":{"kind":"DataQuery","group":"grafana",
        "datasource":{"name":"-- Grafana --"}}}}],
      "layout":{"kind":"TabsLayout","spec":{"tabs":[{"spec":{"layout":{"kind":"RowsLayout","spec":{"rows":[{"spec":{
      "variables":[{"kind":"QueryVariable","spec":{"query":{"group":"g","datasource":{"name":"y"}}}}]}}]}}}}]}}}]]
    local after = text:gsub('"g"', '"new-g"'):gsub('"(n?u?[an][mi][ed])":"([qwety])"', '"%1":"[%2]"')
      :gsub('"pluginId":"new%-g"', '"pluginId":"g"'):gsub('"text":"R","value":"r"', '"text":"N r","value":"[r]"')
    dashboard(text, {"datasources | q | variable | object | g | by uid", "datasources | w | variable | object | g | by uid",
      "datasources | e | variable | object | g | by uid", "datasources | r | variable | string | g | by name",
      "datasources | t | annotation | object | g | by uid", "datasources | y | variable | object | g | by uid"},
      (after:gsub('"uid":"e"', '"uid":"[e]"')))
  end)

  it("panels of the library are elements of their own", function()
    local text = v2 [[{"elements":{"panel-2":{"kind":"LibraryPanel","spec":{"id":2,"title":"a",
      "libraryPanel":{"name":"a","uid":"lib"}}}}}]]
    dashboard(text, {"library_panels | lib | library panel | object | - | by uid"},
      (text:gsub('"lib"', '"[lib]"'):gsub('"name":"a"', '"name":"N lib"')))
  end)
end)

describe("a dashboard as /apis shows it", function()
  it("names its folder", function()
    dashboard([[{"apiVersion":"dashboard.grafana.app/v1beta1","metadata":{"name":"f","annotations":{
      "grafana.app/folder":"f","x":"f"}},"spec":{"panels":[{"datasource":{"uid":"a"}}]}}]],
      {"folders | f | folder | string | - | by uid", "datasources | a | panel | object | - | by uid"},
      [[{"apiVersion":"dashboard.grafana.app/v1beta1","metadata":{"name":"f","annotations":{
      "grafana.app/folder":"[f]","x":"f"}},"spec":{"panels":[{"datasource":{"uid":"[a]"}}]}}]])
  end)
end)

describe("the model of a panel", function()
  it("is read as a panel of a dashboard is", function()
    dashboard('{"type":"stat","datasource":{"type":"x","uid":"a"},"targets":[{"datasource":{"uid":"b"}}]}',
      {"datasources | a | panel | object | x | by uid", "datasources | b | query | object | - | by uid"},
      '{"type":"stat","datasource":{"type":"new-x","uid":"[a]"},"targets":[{"datasource":{"uid":"[b]"}}]}')
  end)
end)

describe("in a rule", function()
  it("queries, the target of a recording, the dashboard and the folder are named", function()
    check("in_rule", [[{"uid":"r","folderUID":"f","title":"a","data":[{"refId":"A","datasourceUid":"a","model":{"expr":"a",
      "datasource":{"type":"x","uid":"a"}}},{"refId":"B","datasourceUid":"__expr__","model":{"datasource":
      {"type":"__expr__","uid":"__expr__"}}},{"refId":"C","datasourceUid":"-100"},{"refId":"D","datasourceUid":"default"}],
      "annotations":{"__dashboardUid__":"d","summary":"a"},"record":{"from":"a","target_datasource_uid":"b"}}]],
      {"datasources | a | query | string | - | by uid", "datasources | a | model | object | x | by uid",
        "datasources | default | query | string | - | by uid", "datasources | b | recording | string | - | by uid",
        "dashboards | d | annotation | string | - | by uid", "folders | f | folder | string | - | by uid"},
      [[{"uid":"r","folderUID":"[f]","title":"a","data":[{"refId":"A","datasourceUid":"[a]","model":{"expr":"a",
      "datasource":{"type":"new-x","uid":"[a]"}}},{"refId":"B","datasourceUid":"__expr__","model":{"datasource":
      {"type":"__expr__","uid":"__expr__"}}},{"refId":"C","datasourceUid":"-100"},{"refId":"D","datasourceUid":"[default]"}],
      "annotations":{"__dashboardUid__":"[d]","summary":"a"},"record":{"from":"a","target_datasource_uid":"[b]"}}]])
  end)
end)

describe("in a group of rules", function()
  it("the folder is named, and what each rule names", function()
    check("in_rule", [[{"folderUid":"f","title":"a","interval":60,"rules":[{"uid":"r","data":[{"datasourceUid":"a",
      "model":{"datasource":"b"}}]},{"uid":"s","data":[]}]}]],
      {"folders | f | folder | string | - | by uid", "datasources | a | query | string | - | by uid",
        "datasources | b | model | string | - | by name"},
      [[{"folderUid":"[f]","title":"a","interval":60,"rules":[{"uid":"r","data":[{"datasourceUid":"[a]",
      "model":{"datasource":"[b]"}}]},{"uid":"s","data":[]}]}]])
  end)
end)

describe("in a library panel", function()
  it("the folder is named, and what the panel names", function()
    check("in_library_panel", [[{"uid":"l","name":"a","folderUid":"f","model":{"type":"stat","title":"a",
      "datasource":{"type":"x","uid":"a"},"targets":[{"datasource":"b","expr":"b"}]}}]],
      {"folders | f | folder | string | - | by uid", "datasources | a | panel | object | x | by uid",
        "datasources | b | query | string | - | by name"},
      [[{"uid":"l","name":"a","folderUid":"[f]","model":{"type":"stat","title":"a",
      "datasource":{"type":"new-x","uid":"[a]"},"targets":[{"datasource":"[b]","expr":"b"}]}}]])
  end)
end)

describe("in a data source", function()
  it("settings name others", function()
    check("in_datasource", [[{"uid":"a","name":"a","url":"a","jsonData":{"tracesToLogsV2":{"datasourceUid":"a","query":"a"},
      "alertmanagerUid":"b","derivedFields":[{"datasourceUid":"c","name":"c"},{"url":"c"}],"httpMethod":"a"}}]],
      {"datasources | a | setting | string | - | by uid", "datasources | b | setting | string | - | by uid",
        "datasources | c | setting | string | - | by uid"},
      [[{"uid":"a","name":"a","url":"a","jsonData":{"tracesToLogsV2":{"datasourceUid":"[a]","query":"a"},
      "alertmanagerUid":"[b]","derivedFields":[{"datasourceUid":"[c]","name":"c"},{"url":"c"}],"httpMethod":"a"}}]])
  end)
end)

describe("references", function()
  local TEXT = '{"panels":[{"id":1,"title":"p","type":"stat","datasource":"a","targets":[{"datasource":"b"}]},' ..
    '{"id":2,"type":"row","panels":[{"id":3,"title":"q","type":"table","datasource":"c"}]}]}'

  it("leave alone what swap says nothing of, or the same", function()
    for _, make in pairs(FORMS) do
      local value = make(TEXT)
      references.in_dashboard(value, function(_, key) return key ~= "a" and key or nil end)
      assert.equal(sorted_json(TEXT), json(value))
    end
  end)

  it("change nothing where swap raises", function()
    for _, make in pairs(FORMS) do
      local value, calls = make(TEXT), 0
      local fine, problem = pcall(references.in_dashboard, value, function()
        calls = calls + 1
        if calls == 3 then error("no more", 0) end
        return "x"
      end)
      assert.is_false(fine)
      assert.equal("no more", problem)
      assert.equal(sorted_json(TEXT), json(value))
    end
  end)

  it("tell of every panel before what it names; rows are none", function()
    for form, make in pairs(FORMS) do
      local said = {}
      references.in_dashboard(make(TEXT), function(_, key) said[#said + 1] = key end, {panel = function(id, title, of_type)
        said[#said + 1] = table.concat({tostring(id), title, of_type}, " ")
      end})
      assert.same({"1 p stat", "a", "b", "3 q table", "c"}, said, form)
    end
  end)

  it("never raise for values of unknown shape", function()
    local odd = {"null", "1", '"a"', "[]", "{}", "[[]]", "[null,1,\"a\",{}]", '{"a":1}', "true", "1e400"}
    local keys = {"spec", "metadata", "panels", "rows", "templating", "annotations", "targets", "datasource", "options",
      "libraryPanel", "fieldConfig", "elements", "variables", "layout", "list", "current", "query", "data", "record",
      "type", "target"}
    local texts = {"[1]", '"a"', "1"}
    for _, key in ipairs(keys) do
      for _, inner in ipairs(odd) do
        local one = ('{"%s":%s}'):format(key, inner)
        texts[#texts + 1] = one
        for _, outer in ipairs {"panels", "spec", "rows", "elements", "variables", "data", "annotations"} do
          texts[#texts + 1] = ('{"%s":%s}'):format(outer, one)
          texts[#texts + 1] = ('{"%s":[%s,%s]}'):format(outer, one, inner)
          texts[#texts + 1] = ('{"%s":[{"type":"datasource","spec":%s,"model":%s}]}'):format(outer, one, one)
          texts[#texts + 1] = ('{"%s":{"list":[%s]}}'):format(outer, one)
        end
      end
    end
    local watch = {panel = function() end, choice = function() end, rule = function() end}
    for _, text in ipairs(texts) do
      for _, raw in ipairs {true, false} do
        for _, what in ipairs {"in_dashboard", "in_library_panel", "in_rule", "in_datasource"} do
          references[what](grafana.decode(text, {raw = raw}), function() return "x" end, watch)
        end
      end
    end
    assert.is_nil(references.in_dashboard(nil, function() end))
  end)

  it("tell of every variable that one chooses data sources with, and of every rule", function()
    local said = {}
    references.in_dashboard({templating = {list = {{type = "datasource", query = "loki", current = {value = "default"}}}}},
      function() end, {choice = function(of_type) said[#said + 1] = of_type end})
    references.in_dashboard({variables = {{kind = "DatasourceVariable", spec = {pluginId = "tempo"}}}},
      function() end, {choice = function(of_type) said[#said + 1] = of_type end})
    references.in_rule({rules = {{uid = "r", title = "R"}}}, function() end,
      {rule = function(uid, title) said[#said + 1] = uid .. title end})
    assert.same({"loki", "tempo", "rR"}, said)
  end)

  it("go no deeper than Grafana does", function()
    local text = ('{"panels":[{"type":"row",'):rep(200) .. '"datasource":"a"' .. ("}]}"):rep(200)
    references.in_dashboard(grafana.decode(text), function() return "x" end)
    local loop = {type = "row"}
    loop.panels = {loop}
    references.in_dashboard({panels = {loop}}, function() return "x" end)
  end)
end)

describe("real dashboards", function()
  local paths = files "/work/shared/dashboards"

  it("are the same after each name was replaced by itself, and tables name what documents do", function()
    for _, path in ipairs(paths) do
      local text = read(path)
      local named, document = {}, grafana.decode(text, {raw = true})
      local before = document:copy()
      references.in_dashboard(document, function(kind, key, context)
        named[#named + 1] = described(kind, key, context)
        return key
      end)
      assert.is_true(document:equal(before), path)
      local again = {}
      references.in_dashboard(grafana.decode(text), function(...) again[#again + 1] = described(...) end)
      table.sort(named)
      table.sort(again)
      assert.same(named, again, path)
    end
  end)

  it("have each reference swapped, and back again", function()
    for _, path in ipairs(paths) do
      local document = grafana.decode(read(path), {raw = true})
      local before, count = document:copy(), 0
      references.in_dashboard(document, function(_, key)
        count = count + 1
        return "swapped-" .. key
      end)
      assert.equal(count == 0, document:equal(before), path)
      references.in_dashboard(document, function(_, key)
        count = count - 1
        return (key:gsub("^swapped%-", ""))
      end)
      assert.equal(0, count, path)
      assert.is_true(document:equal(before), path)
    end
  end)
end)
