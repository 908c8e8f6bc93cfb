-- SPDX-License-Identifier: MIT
std = "lua54+lua51+luajit"
max_line_length = 120
cache = false
exclude_files = { "build", "types" }
files["spec"] = { std = "+busted" }
files["bench"] = { std = "+busted" }
files["examples/openresty"] = { std = "+ngx_lua" }
files["spec/standin"] = { std = "+ngx_lua", max_line_length = 160 } -- its routes are rows
files["spec/standin_spec.lua"] = { max_line_length = 160 }
files[".luacheckrc"] = { ignore = { "111", "112", "113", "131" } }
files["*.rockspec"] = { std = "+rockspec" }
