/* SPDX-License-Identifier: MIT
 *
 * lua_result.c: results as Lua tables. How they look as text is the library's (result.lua).
 */
#include "lua_bind.h"

static bool lgf_is_scalar(gf_value v) {
  if (gf_value_is_absent(v)) return true;
  return gf_doc_is_tree(v.doc) ? !yyjson_mut_is_ctn(v.node) : !yyjson_is_ctn(v.node);
}

/* Push an object or an array as a document where that is wanted; anything else as a Lua value. */
static void lgf_push_part(lua_State *L, bool raw, gf_value v) {
  if (raw && !lgf_is_scalar(v))
    lgf_tell_size(L, lgf_push_view(L, v.doc, v.node));
  else
    lgf_push_value(L, v);
}

typedef struct lgf_reading {
  gf_call *call;
  const gf_field *field;
} lgf_reading;

static void lgf_forget(void *ctx, size_t n) {
  const lgf_reading *reading = ctx;
  gf_call_forget_items(reading->call, reading->field, n);
}

/* `last` (or NULL) is the call whose result is pushed for the last time. */
static void lgf_push_list(lua_State *L, bool raw, const gf_field *field, gf_call *last) {
  if (!raw) {
    lgf_reading reading = {last, field};
    lgf_push_values(L, field->items, field->n_items, last ? lgf_forget : NULL, &reading);
    return;
  }
  lua_createtable(L, (int)field->n_items, 0);
  lgf_push_array_mt(L);
  lua_setmetatable(L, -2);
  for (size_t i = 0; i < field->n_items; i++) {
    lgf_push_part(L, raw, field->items[i]);
    lua_rawseti(L, -2, (int)i + 1);
  }
}

static void lgf_push_field(lua_State *L, bool raw, const gf_field *field, gf_call *last) {
  switch (field->kind) {
  case GF_F_BOOL: lua_pushboolean(L, field->boolean); break;
  case GF_F_INT: lgf_push_integer(L, field->integer); break;
  case GF_F_TEXT: lua_pushlstring(L, field->text.n ? field->text.p : "", field->text.n); break;
  case GF_F_VALUE: lgf_push_part(L, raw, field->value); break;
  case GF_F_LIST: lgf_push_list(L, raw, field, last); break;
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

void lgf_push_result(lua_State *L, const gf_result *result, gf_call *last) {
  bool ok = result->status == GF_OK;
  luaL_checkstack(L, LUA_MINSTACK, NULL);
  lua_createtable(L, 0, (int)result->n_fields + (ok ? 2 : 8));
  lgf_set_text(L, "status", gf_status_name(result->status));
  lua_pushboolean(L, ok);
  lua_setfield(L, -2, "ok");
  if (!ok) lgf_set_failure(L, result);
  for (size_t i = 0; i < result->n_fields; i++) {
    lgf_push_field(L, result->raw, &result->fields[i], last);
    lua_setfield(L, -2, result->fields[i].name);
  }
  luaL_getmetatable(L, LGF_RESULT);
  lua_setmetatable(L, -2);
}

void lgf_result_open(lua_State *L) {
  luaL_newmetatable(L, LGF_RESULT);
  lua_pushliteral(L, LGF_RESULT);
  lua_setfield(L, -2, "__name");
  lua_pop(L, 1);
}
