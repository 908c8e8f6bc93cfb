-- SPDX-License-Identifier: MIT
-- Cuts lists into pages as Grafana does: 1,000 items unless asked for more, page 1 the first.

local json = require "server.json"

local paging = {}
paging.DEFAULT, paging.MAX = 1000, 5000

-- One page of `list`; `first` is the number of the first page. Returns an array.
function paging.cut(list, page, per_page, first)
  local start, result = (page - (first or 1)) * per_page, json.array {}
  for index = start + 1, math.min(start + per_page, #list) do result[#result + 1] = list[index] end
  return result
end

-- What a request asks for: page and items a page.
function paging.asked(req, size_name, first)
  local page = math.max(req:number("page", first or 1), first or 1)
  local size = math.min(math.max(req:number(size_name or "perpage", paging.DEFAULT), 1), paging.MAX)
  return page, size
end

-- Whether `text` contains `part`, whatever the case of ASCII letters.
function paging.contains(text, part) return text:lower():find(part:lower(), 1, true) ~= nil end

return paging
