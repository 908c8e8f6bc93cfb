-- SPDX-License-Identifier: MIT
rockspec_format = "3.0"
package = "grafana"
version = "scm-1"
source = { url = "git+file://." }
description = {
  summary = "A client for the Grafana HTTP API",
  detailed = "Dashboards, folders, data sources, users and organisations of a Grafana server, from Lua 5.4, Lua 5.1 and LuaJIT. "
    .. "Needs libcurl and yyjson; inside nginx also llhttp, and zlib for gzip.",
  license = "MIT",
}
dependencies = { "lua >= 5.1" }
build = {
  type = "make",
  build_target = "rock",
  install_target = "install-rock",
  build_variables = { BUILD = "build/rock", CFLAGS = "$(CFLAGS)", LUA_INCDIR = "$(LUA_INCDIR)" },
  install_variables = {
    BUILD = "build/rock", CFLAGS = "$(CFLAGS)", LUA_INCDIR = "$(LUA_INCDIR)", LUADIR = "$(LUADIR)", LIBDIR = "$(LIBDIR)",
  },
}
