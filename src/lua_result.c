/* SPDX-License-Identifier: MIT
 *
 * lua_result.c: results as Lua tables. How they look as text is the library's (result.lua).
 */
#include "lua_bind.h"

#define LGF_HOLDER "grafana.core.holder"

/* Owns the document that is being handed to Lua, should that raise. */
typedef struct lgf_holder {
  gf_doc *doc;
} lgf_holder;

static int lgf_holder_gc(lua_State *L) {
  lgf_holder *holder = luaL_checkudata(L, 1, LGF_HOLDER);
  gf_doc_release(holder->doc);
  holder->doc = NULL;
  return 0;
}

static lgf_holder *lgf_push_holder(lua_State *L) {
  lgf_holder *holder = lgf_new(L, sizeof *holder);
  holder->doc = NULL;
  luaL_getmetatable(L, LGF_HOLDER);
  lua_setmetatable(L, -2);
  return holder;
}

static bool lgf_is_scalar(gf_value v) {
  if (gf_value_is_absent(v)) return true;
  return gf_doc_is_tree(v.doc) ? !yyjson_mut_is_ctn(v.node) : !yyjson_is_ctn(v.node);
}

/* Push an object or an array as a document where `holder` is given; anything else, or without it, as a Lua value. */
static void lgf_push_part(lua_State *L, lgf_holder *holder, gf_value v) {
  if (holder == NULL || lgf_is_scalar(v)) {
    lgf_push_value(L, v);
    return;
  }
  holder->doc = gf_doc_view(v.doc, v.node);
  if (holder->doc == NULL) luaL_error(L, "not enough memory");
  lgf_push_document(L, holder->doc);
  gf_doc_release(holder->doc);
  holder->doc = NULL;
}

static void lgf_push_list(lua_State *L, lgf_holder *holder, const gf_field *field) {
  if (holder == NULL) {
    lgf_push_values(L, field->items, field->n_items);
    return;
  }
  lua_createtable(L, (int)field->n_items, 0);
  lgf_push_array_mt(L);
  lua_setmetatable(L, -2);
  for (size_t i = 0; i < field->n_items; i++) {
    lgf_push_part(L, holder, field->items[i]);
    lua_rawseti(L, -2, (int)i + 1);
  }
}

static void lgf_push_field(lua_State *L, lgf_holder *holder, const gf_field *field) {
  switch (field->kind) {
  case GF_F_BOOL: lua_pushboolean(L, field->boolean); break;
  case GF_F_INT: lgf_push_integer(L, field->integer); break;
  case GF_F_TEXT: lua_pushlstring(L, field->text.n ? field->text.p : "", field->text.n); break;
  case GF_F_VALUE: lgf_push_part(L, holder, field->value); break;
  case GF_F_LIST: lgf_push_list(L, holder, field); break;
  }
}

/* Set a field of the table on top; NULL sets none. */
static void lgf_set_text(lua_State *L, const char *name, const char *text) {
  if (text == NULL) return;
  lua_pushstring(L, text);
  lua_setfield(L, -2, name);
}

static void lgf_set_int(lua_State *L, const char *name, int value) {
  lua_pushinteger(L, value);
  lua_setfield(L, -2, name);
}

/* What a result that is not ok has besides. */
static void lgf_set_failure(lua_State *L, const gf_result *result) {
  lgf_set_text(L, "message", result->message);
  lgf_set_text(L, "operation", result->operation);
  lgf_set_text(L, "reason", gf_reason_name(result->reason));
  lgf_set_int(L, "attempts", result->attempts);
  if (result->code) lgf_set_int(L, "code", result->code);
  if (!result->uncertain) return;
  lua_pushboolean(L, 1);
  lua_setfield(L, -2, "uncertain");
}

void lgf_push_result(lua_State *L, const gf_result *result) {
  bool ok = result->status == GF_OK;
  luaL_checkstack(L, LUA_MINSTACK, NULL);
  lgf_holder *holder = result->raw ? lgf_push_holder(L) : (lua_pushnil(L), NULL);
  lua_createtable(L, 0, (int)result->n_fields + (ok ? 2 : 8));
  lgf_set_text(L, "status", gf_status_name(result->status));
  lua_pushboolean(L, ok);
  lua_setfield(L, -2, "ok");
  if (!ok) lgf_set_failure(L, result);
  for (size_t i = 0; i < result->n_fields; i++) {
    lgf_push_field(L, holder, &result->fields[i]);
    lua_setfield(L, -2, result->fields[i].name);
  }
  luaL_getmetatable(L, LGF_RESULT);
  lua_setmetatable(L, -2);
  lua_remove(L, -2);
}

void lgf_result_open(lua_State *L) {
  static const luaL_Reg none[] = {{NULL, NULL}};
  static const luaL_Reg meta[] = {{"__gc", lgf_holder_gc}, {NULL, NULL}};
  lgf_metatable(L, LGF_HOLDER, none, meta);
  luaL_newmetatable(L, LGF_RESULT);
  lua_pushliteral(L, LGF_RESULT);
  lua_setfield(L, -2, "__name");
  lua_pop(L, 1);
}
