/* SPDX-License-Identifier: MIT
 *
 * lua_core.c: the module grafana.core, for the library's own use: JSON, the operation table, clients, calls, results,
 * files.
 */
#include "lua_bind.h"
#include "lua_files.h"

#include <string.h>

static int lgf_own_tostring(lua_State *L) {
  lua_pushliteral(L, "grafana.own");
  return 1;
}

/* Set field `own` of the table on top: a value like no other. */
static void lgf_own_open(lua_State *L) {
  static const luaL_Reg meta[] = {{"__tostring", lgf_own_tostring}, {NULL, NULL}};
  static const luaL_Reg methods[] = {{NULL, NULL}};
  lgf_metatable(L, LGF_OWN, methods, meta);
  lgf_new(L, 1);
  luaL_getmetatable(L, LGF_OWN);
  lua_setmetatable(L, -2);
  lua_setfield(L, -2, "own");
}

static int lgf_core_distance(lua_State *L) {
  lua_pushnumber(L, (lua_Number)lgf_distance(luaL_checkstring(L, 1), luaL_checkstring(L, 2)));
  return 1;
}

#if LUA_VERSION_NUM < 503
/* LuaJIT has it, Lua 5.1 has not. */
extern int lua_isyieldable(lua_State *L) __attribute__((weak));
#define lgf_can_yield(L) (!lua_isyieldable || lua_isyieldable(L))
#else
#define lgf_can_yield(L) lua_isyieldable(L)
#endif

/* can_yield() → whether the coroutine that asks may yield: no function in C, such as that of table.sort, require or a
 * finalizer, is among those that it runs. nginx hides coroutine.isyieldable. */
static int lgf_core_can_yield(lua_State *L) {
  lua_pushboolean(L, lgf_can_yield(L));
  return 1;
}

/* Leave in the registry what curl.so and http1.so compare themselves with. */
static void lgf_build_open(lua_State *L) {
  lgf_build(L);
  lua_setfield(L, LUA_REGISTRYINDEX, LGF_BUILD);
  lgf_copy(L);
  lua_setfield(L, LUA_REGISTRYINDEX, LGF_COPY);
}

int luaopen_grafana_core(lua_State *L);
int luaopen_grafana_core(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"client", lgf_client_new},
      {"call", lgf_call_new},
      {"names", lgf_names},
      {"operations", lgf_operations},
      {"general_options", lgf_general_options},
      {"statuses", lgf_statuses},
      {"api_operations", lgf_api_operations},
      {"api_operation", lgf_api_operation},
      {"api_versions", lgf_api_versions},
      {"distance", lgf_core_distance},
      {"now", lgf_clock_now},
      {"sleep", lgf_clock_sleep},
      {"terminal", lgf_terminal},
      {"can_yield", lgf_core_can_yield},
      {NULL, NULL},
  };
  if (strncmp(gf_stamp(), GF_VERSION, strlen(GF_VERSION)) != 0)
    return luaL_error(
        L, "grafana.core " GF_VERSION " was built for another libgrafana.so than the one beside it (%s)",
        gf_stamp());
  lua_newtable(L);
  lgf_json_open(L);
  lgf_files_open(L);
  lgf_register(L, functions);
  lgf_own_open(L);
  lgf_client_open(L);
  lgf_call_open(L);
  lgf_feed_open(L);
  lgf_result_open(L);
  luaL_getmetatable(L, LGF_RESULT);
  lua_setfield(L, -2, "result_mt");
  lua_pushliteral(L, GF_VERSION);
  lua_setfield(L, -2, "version");
  lgf_build_open(L);
  return 1;
}
