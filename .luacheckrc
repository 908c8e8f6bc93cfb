-- SPDX-License-Identifier: MIT
std = "lua54+lua51+luajit"
max_line_length = 120
cache = false
exclude_files = { "build", "types" }
files["spec"] = { std = "+busted+ngx_lua" } -- nginx is among what they run in
files["bench"] = { std = "+busted" }
files["bench/nginx"] = { std = "+ngx_lua" }
files["examples/capture"] = { std = "+ngx_lua" }
files["examples/openresty"] = { std = "+ngx_lua" }
files["spec/standin"] = { max_line_length = 160 } -- its routes are rows
files["spec/standin_spec.lua"] = { max_line_length = 160 }
files[".luacheckrc"] = { ignore = { "111", "112", "113", "131" } }
files["scripts/nginx"] = { std = "+ngx_lua", globals = { "arg", "print", "os.exit" } } -- is the interpreter there
files["*.rockspec"] = { std = "+rockspec" }
