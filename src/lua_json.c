/* SPDX-License-Identifier: MIT
 * The module's functions for JSON: null, marks, decode, encode and get. */
#include "lua_json.h"

#include <string.h>

/* The addresses of these are keys of the registry. */
static const char array_key = 'a', object_key = 'o';

/* --- null and marks --- */

bool lgf_is_null(lua_State *L, int index) {
  return lua_type(L, index) == LUA_TLIGHTUSERDATA && lua_touserdata(L, index) == NULL;
}

static void raw_field(lua_State *L, int index, const char *name) {
  index = lua_absindex(L, index);
  lua_pushstring(L, name);
  lua_rawget(L, index);
}

/* Push the field `name` of cjson if that is loaded, whatever name it goes by; else nil. */
static void push_cjson_field(lua_State *L, const char *name) {
  static const char *const modules[] = {"cjson", "cjson.safe"};
  int top = lua_gettop(L);
  lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
  for (size_t i = 0; i < 2; i++) {
    lua_settop(L, top + 1);
    raw_field(L, -1, modules[i]);
    if (lua_istable(L, -1)) {
      raw_field(L, -1, name);
      if (!lua_isnil(L, -1)) {
        break;
      }
    }
  }
  lua_replace(L, top + 1);
  lua_settop(L, top + 1);
}

static bool push_cjson_table(lua_State *L, const char *name) {
  push_cjson_field(L, name);
  if (lua_istable(L, -1)) {
    return true;
  }
  lua_pop(L, 1);
  return false;
}

void lgf_push_array_mt(lua_State *L) {
  if (!push_cjson_table(L, "array_mt")) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &array_key);
  }
}

void lgf_push_object_mt(lua_State *L) { lua_rawgetp(L, LUA_REGISTRYINDEX, &object_key); }

bool lgf_is_cjson_empty_array(lua_State *L, int index) {
  index = lua_absindex(L, index);
  push_cjson_field(L, "empty_array");
  bool same = lua_rawequal(L, index, -1);
  lua_pop(L, 1);
  return same;
}

static const void *cjson_address(lua_State *L, const char *name) {
  if (!push_cjson_table(L, name)) {
    return NULL;
  }
  const void *p = lua_topointer(L, -1);
  lua_pop(L, 1);
  return p;
}

void lgf_find_marks(lua_State *L, lgf_marks *marks) {
  luaL_checkstack(L, 8, "too many values");
  lua_rawgetp(L, LUA_REGISTRYINDEX, &array_key);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &object_key);
  marks->array = lua_topointer(L, -2);
  marks->object = lua_topointer(L, -1);
  lua_pop(L, 2);
  marks->cjson_array = cjson_address(L, "array_mt");
  marks->cjson_empty = cjson_address(L, "empty_array_mt");
}

lgf_mark lgf_mark_of(lua_State *L, int index, const lgf_marks *marks) {
  if (!lua_getmetatable(L, index)) {
    return LGF_UNMARKED;
  }
  const void *p = lua_topointer(L, -1);
  lua_pop(L, 1);
  if (p == marks->array || p == marks->cjson_array) {
    return LGF_ARRAY;
  }
  return p == marks->object ? LGF_OBJECT : p == marks->cjson_empty ? LGF_EMPTY_ARRAY : LGF_UNMARKED;
}

/* Give the table at 1 (a new one for none) the metatable on top; a table that has another one keeps it and is refused. */
static int mark_table(lua_State *L) {
  lgf_marks marks;
  lgf_find_marks(L, &marks);
  if (lgf_mark_of(L, 1, &marks) == LGF_UNMARKED && lua_getmetatable(L, 1)) {
    return luaL_argerror(L, 1, "the table has a metatable of its own, so it cannot be marked");
  }
  lua_setmetatable(L, 1);
  return 1;
}

static void table_or_new(lua_State *L) {
  lua_settop(L, 1);
  if (lua_isnil(L, 1)) {
    lua_newtable(L);
    lua_replace(L, 1);
  }
  luaL_checktype(L, 1, LUA_TTABLE);
}

/* grafana.array([t]) → t, which is written as [] also when it is empty. */
static int json_array(lua_State *L) {
  table_or_new(L);
  lgf_push_array_mt(L);
  return mark_table(L);
}

/* grafana.object([t]) → t, which is written as {} also where Grafana expects a list. */
static int json_object(lua_State *L) {
  table_or_new(L);
  lgf_push_object_mt(L);
  return mark_table(L);
}

/* --- options and errors --- */

static size_t find_name(lua_State *L, int index, const char *const *names) {
  size_t i = 0;
  const char *name = lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : "";
  while (names[i] && strcmp(names[i], name) != 0) {
    i++;
  }
  return i;
}

void lgf_options(lua_State *L, int index, const char *const *names, bool *const *out) {
  if (lua_isnoneornil(L, index)) {
    return;
  }
  luaL_checktype(L, index, LUA_TTABLE);
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
    size_t i = find_name(L, -2, names);
    if (!names[i]) {
      luaL_argerror(L, index, lua_pushfstring(L, "unknown option '%s'", luaL_tolstring(L, -2, NULL)));
    } else if (!lua_isboolean(L, -1)) {
      luaL_argerror(
          L, index,
          lua_pushfstring(L, "option '%s': boolean expected, got %s", names[i], luaL_typename(L, -1)));
    }
    *out[i] = lua_toboolean(L, -1);
  }
}

static bool is_memory(const gf_json_error *error) { return strcmp(error->message, "out of memory") == 0; }

int lgf_raise(lua_State *L, const gf_json_error *error) {
  return luaL_error(L, "%s", is_memory(error) ? "not enough memory" : error->message);
}

/* --- decode and encode --- */

/* What is wrong with a text and, where the message says so, at which place: as editors count it, columns in bytes. */
static int fail_at(lua_State *L, gf_str text, gf_json_error *error) {
  char *offset = strstr(error->message, " at offset ");
  int line = 1;
  size_t start = 0;
  if (is_memory(error)) {
    return lgf_raise(L, error);
  }
  lua_pushnil(L);
  if (!offset) {
    lua_pushstring(L, error->message);
    return 2;
  }
  for (size_t i = 0; i < error->offset && i < text.n; i++) {
    if (text.p[i] == '\n') {
      line++;
      start = i + 1;
    }
  }
  *offset = '\0';
  lua_pushfstring(L, "%s, in line %d, column %d", error->message, line, (int)(error->offset - start) + 1);
  return 2;
}

/* grafana.decode(text, [{raw = true}]) → value, or nil and a message. */
static int json_decode(lua_State *L) {
  static const char *const names[] = {"raw", NULL};
  bool raw = false, *const out[] = {&raw};
  gf_json_error error = {0};
  gf_allocator alloc = gf_default_allocator();
  luaL_checktype(L, 1, LUA_TSTRING);
  gf_str text = {.p = lua_tolstring(L, 1, &text.n)};
  lgf_options(L, 2, names, out);
  lgf_box *box = lgf_new_box(L);
  box->doc = gf_doc_parse(&alloc, text, &error);
  if (!box->doc) {
    return fail_at(L, text, &error);
  }
  if (raw) {
    lgf_tell_size(L, box);
  } else {
    lgf_push_value(L, gf_doc_root(box->doc));
    lgf_close_box(box);
  }
  return 1;
}

gf_write lgf_write_options(lua_State *L, int index) {
  static const char *const names[] = {"pretty", "sorted", NULL};
  gf_write how = {0};
  bool *const out[] = {&how.pretty, &how.sorted};
  lgf_options(L, index, names, out);
  return how;
}

void lgf_push_text(lua_State *L, int index, gf_write how) {
  gf_json_error error = {0};
  gf_allocator alloc = gf_default_allocator();
  size_t n = 0;
  index = lua_absindex(L, index);
  lgf_box *box = lgf_new_box(L); /* owns the text until Lua has its copy */
  gf_doc *doc = lgf_test_document(L, index);
  box->text = gf_value_write(&alloc, gf_doc_root(doc), how, &n, &error);
  if (!box->text) {
    lgf_raise(L, &error);
  }
  lua_pushlstring(L, box->text, n);
  lgf_close_box(box);
  lua_remove(L, -2);
}

/* grafana.encode(value, [{pretty, sorted}]) → text. Raises when the value cannot be JSON, naming the place. */
static int json_encode(lua_State *L) {
  luaL_checkany(L, 1);
  lua_settop(L, 2);
  gf_write how = lgf_write_options(L, 2);
  if (how.pretty || how.sorted || lgf_test_document(L, 1)) {
    lgf_to_document(L, 1, "value", NULL);
    lgf_push_text(L, 3, how);
    return 1;
  }
  lgf_box *box = lgf_new_box(L);
  size_t n = lgf_encode(L, box, 1, "value", NULL);
  lua_pushlstring(L, box->text, n);
  lgf_close_box(box);
  return 1;
}

/* --- get --- */

/* grafana.get(value, path…) → what is there; nil where it is absent or null, or the way leads through such. */
static int json_get(lua_State *L) {
  int top = lua_gettop(L);
  luaL_checkany(L, 1);
  luaL_checkstack(L, top + 2, "the path is too long");
  lua_pushvalue(L, 1);
  for (int i = 2; i <= top; i++) {
    if (lgf_test_document(L, -1)) {
      lua_getfield(L, -1, "get");
      lua_insert(L, -2);
      for (; i <= top; i++) {
        lua_pushvalue(L, i);
      }
      lua_call(L, lua_gettop(L) - top - 1, 1);
    } else if (lua_istable(L, -1)) {
      lua_pushvalue(L, i);
      lua_gettable(L, -2);
      lua_remove(L, -2);
    } else {
      return 0;
    }
  }
  if (lgf_is_null(L, -1)) {
    lua_pushnil(L);
  }
  return 1;
}

/* --- the module --- */

static void make_mark(lua_State *L, const void *key, const char *name) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, key);
  if (lua_isnil(L, -1)) {
    lua_newtable(L);
    lua_pushstring(L, name); /* as dkjson marks its tables */
    lua_setfield(L, -2, "__jsontype");
    lua_rawsetp(L, LUA_REGISTRYINDEX, key);
  }
  lua_pop(L, 1);
}

void lgf_json_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"array", json_array},   {"object", json_object}, {"get", json_get},
                                       {"decode", json_decode}, {"encode", json_encode}, {NULL, NULL}};
  luaL_setfuncs(L, functions, 0);
  make_mark(L, &array_key, "array");
  make_mark(L, &object_key, "object");
  lua_pushlightuserdata(L, NULL);
  lua_setfield(L, -2, "null");
  lgf_push_array_mt(L);
  lua_setfield(L, -2, "array_mt");
  lgf_push_object_mt(L);
  lua_setfield(L, -2, "object_mt");
  lgf_number_open(L);
  lgf_document_open(L);
}
