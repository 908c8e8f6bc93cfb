/* SPDX-License-Identifier: MIT
 *
 * lua_shared.h: what core.so, curl.so and http1.so know of each other's userdata. Three modules, one layout: the others
 * refuse to work with a core.so of another build (lgf_check_build).
 */
#ifndef LUA_SHARED_H
#define LUA_SHARED_H

#include "grafana.h"
#include "lua_compat.h"

#include <stdio.h>

#define LGF_CLIENT "grafana.core.client" /* metatables, in the registry */
#define LGF_CALL "grafana.core.call"
#define LGF_BUILD "grafana.core.build" /* in the registry: lgf_build() as core.so sees it */
#define LGF_COPY "grafana.core.copy"   /* in the registry: lgf_copy() as core.so sees it */

/* The connection to a server. `client` is NULL before gf_client_new has succeeded and after collection. */
typedef struct lgf_client {
  gf_client *client;
  uint64_t random; /* state of the source of jitter */
} lgf_client;

/* A call. `call` is NULL once it is closed, or when its client had been collected: it then counts as done, with the
 * reason closed. The userdata holds its client's, so that a client lives as long as its calls. */
typedef struct lgf_call {
  gf_call *call;
  const gf_op *op;
} lgf_call;

/* ------------------------------------------------------------------------------------------------ userdata -- */

/* Push a userdata of `size` bytes that can hold one Lua value. */
static inline void *lgf_new(lua_State *L, size_t size) {
#if LUA_VERSION_NUM >= 504
  return lua_newuserdatauv(L, size, 1);
#else
  return lua_newuserdata(L, size);
#endif
}

/* Pop a value; the userdata at `index` keeps it alive from now on, instead of the one that it held. */
static inline void lgf_hold(lua_State *L, int index) {
#if LUA_VERSION_NUM >= 504
  lua_setiuservalue(L, index, 1);
#else
  index = lua_absindex(L, index);
  lua_createtable(L, 1, 0);
  lua_insert(L, -2);
  lua_rawseti(L, -2, 1);
  lua_setfenv(L, index);
#endif
}

/* Push the value that the userdata at `index` holds. */
static inline void lgf_push_held(lua_State *L, int index) {
#if LUA_VERSION_NUM >= 504
  lua_getiuservalue(L, index, 1);
#else
  lua_getfenv(L, index);
  lua_rawgeti(L, -1, 1);
  lua_remove(L, -2);
#endif
}

/* Add the functions of `list` to the table on top. */
static inline void lgf_register(lua_State *L, const luaL_Reg *list) {
  for (; list->name; list++) {
    lua_pushcfunction(L, list->func);
    lua_setfield(L, -2, list->name);
  }
}

/* Make the metatable `name` in the registry: `methods` below __index, `meta` in itself. Pushes nothing. */
static inline void lgf_metatable(lua_State *L, const char *name, const luaL_Reg *methods,
                                 const luaL_Reg *meta) {
  luaL_newmetatable(L, name);
  lgf_register(L, meta);
  lua_newtable(L);
  lgf_register(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
  lua_pop(L, 1);
}

/* ------------------------------------------------------------------------------------------------- one build -- */

/* Push what this module was compiled against and what it is linked to. */
static inline void lgf_build(lua_State *L) {
  char text[160];
  snprintf(text, sizeof text, "%s (%zu %zu %zu %zu %zu) %.80s", GF_VERSION, sizeof(gf_config),
           sizeof(gf_request), sizeof(gf_result), sizeof(lgf_client), sizeof(lgf_call), gf_stamp());
  lua_pushstring(L, text);
}

/* Push an address that is the same in two modules only if they share one copy of the core. */
static inline void lgf_copy(lua_State *L) { lua_pushlightuserdata(L, (void *)(uintptr_t)gf_stamp()); }

/* Raise unless grafana.core is here, of the build of the module `name`, and shares its copy of the core. */
static inline void lgf_check_build(lua_State *L, const char *name) {
  lua_getfield(L, LUA_REGISTRYINDEX, LGF_BUILD);
  lua_getfield(L, LUA_REGISTRYINDEX, LGF_COPY);
  lgf_build(L);
  lgf_copy(L);
  if (lua_isnil(L, -4)) luaL_error(L, "%s needs grafana.core: require \"grafana\" loads both", name);
  if (!lua_rawequal(L, -4, -2))
    luaL_error(L, "%s and grafana.core are of different builds: %s, %s", name, lua_tostring(L, -2),
               lua_tostring(L, -4));
  if (!lua_rawequal(L, -3, -1)) luaL_error(L, "%s and grafana.core use two copies of libgrafana.so", name);
  lua_pop(L, 4);
}

#endif
