/* SPDX-License-Identifier: MIT
 *
 * lua_compat.h: what Lua 5.4 has and the API of Lua 5.1 (LuaJIT's too) lacks, so that one source serves both.
 *
 * Where the two differ in a return value only (lua_getfield, lua_rawgeti and lua_next's neighbours return nothing in
 * 5.1), callers ask lua_type afterwards.
 */
#ifndef LUA_COMPAT_H
#define LUA_COMPAT_H

#include <lauxlib.h>
#include <lua.h>

#if LUA_VERSION_NUM < 502
#undef luaL_newlib
#define lua_absindex(L, i) ((i) > 0 || (i) <= LUA_REGISTRYINDEX ? (i) : lua_gettop(L) + (i) + 1)
#define lua_rawlen(L, i) lua_objlen(L, i)
#define luaL_newlib(L, list)                                                                                 \
  (lua_createtable(L, 0, (int)(sizeof(list) / sizeof((list)[0])) - 1), luaL_setfuncs(L, list, 0))
#define luaL_setfuncs lgf_setfuncs
#define luaL_testudata lgf_testudata
#define luaL_tolstring lgf_tolstring
#define lua_rawgetp lgf_rawgetp
#define lua_rawsetp lgf_rawsetp
#define lua_newuserdatauv lgf_newuserdatauv

void lgf_setfuncs(lua_State *L, const luaL_Reg *list, int n);
void *lgf_testudata(lua_State *L, int index, const char *name);
const char *lgf_tolstring(lua_State *L, int index, size_t *length);
void lgf_rawgetp(lua_State *L, int index, const void *key);
void lgf_rawsetp(lua_State *L, int index, const void *key);
void *lgf_newuserdatauv(lua_State *L, size_t size, int n); /* no user values: `n` is 0 */
#endif

#if LUA_VERSION_NUM < 503
#define lua_isinteger(L, i) ((void)(L), (void)(i), 0)
#endif

#endif
