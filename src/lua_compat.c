/* SPDX-License-Identifier: MIT
 * What the API of Lua 5.1 lacks; nothing in Lua 5.4. */
#include "lua_compat.h"

#if LUA_VERSION_NUM < 502

void lgf_setfuncs(lua_State *L, const luaL_Reg *list, int n) {
  luaL_checkstack(L, n, "too many upvalues");
  for (; list->name; list++) {
    for (int i = 0; i < n; i++) {
      lua_pushvalue(L, -n);
    }
    lua_pushcclosure(L, list->func, n);
    lua_setfield(L, -(n + 2), list->name);
  }
  lua_pop(L, n);
}

void *lgf_testudata(lua_State *L, int index, const char *name) {
  void *p = lua_touserdata(L, index);
  if (!p || !lua_getmetatable(L, index)) {
    return NULL;
  }
  luaL_getmetatable(L, name);
  int same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same ? p : NULL;
}

static void push_text(lua_State *L, int index) {
  switch (lua_type(L, index)) {
  case LUA_TNUMBER:
  case LUA_TSTRING:
    lua_pushvalue(L, index);
    lua_tolstring(L, -1, NULL);
    break;
  case LUA_TBOOLEAN: lua_pushstring(L, lua_toboolean(L, index) ? "true" : "false"); break;
  case LUA_TNIL: lua_pushliteral(L, "nil"); break;
  default: lua_pushfstring(L, "%s: %p", luaL_typename(L, index), lua_topointer(L, index));
  }
}

const char *lgf_tolstring(lua_State *L, int index, size_t *length) {
  if (!luaL_callmeta(L, index, "__tostring")) {
    push_text(L, index);
  } else if (!lua_isstring(L, -1)) {
    luaL_error(L, "'__tostring' must return a string");
  }
  return lua_tolstring(L, -1, length);
}

void lgf_rawgetp(lua_State *L, int index, const void *key) {
  index = lua_absindex(L, index);
  lua_pushlightuserdata(L, (void *)key);
  lua_rawget(L, index);
}

void lgf_rawsetp(lua_State *L, int index, const void *key) {
  index = lua_absindex(L, index);
  lua_pushlightuserdata(L, (void *)key);
  lua_insert(L, -2);
  lua_rawset(L, index);
}

void *lgf_newuserdatauv(lua_State *L, size_t size, int n) {
  (void)n;
  return lua_newuserdata(L, size);
}

#endif
