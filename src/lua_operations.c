/* SPDX-License-Identifier: MIT
 *
 * lua_operations.c: the operation table as Lua tables, for methods, help, reference and annotations.
 */
#include "lua_bind.h"

#include <string.h>

/* Set a field of the table on top; NULL sets none. */
static void lgf_set_text(lua_State *L, const char *name, const char *text) {
  if (text == NULL) return;
  lua_pushstring(L, text);
  lua_setfield(L, -2, name);
}

static void lgf_set_bool(lua_State *L, const char *name, bool value) {
  lua_pushboolean(L, value);
  lua_setfield(L, -2, name);
}

static void lgf_push_param(lua_State *L, const gf_param *param) {
  lua_createtable(L, 0, 8);
  lgf_set_text(L, "name", param->name);
  lgf_set_text(L, "type", lgf_type_name(param->type));
  lgf_set_text(L, "expected", lgf_expected(param->type));
  lgf_set_bool(L, "optional", param->optional);
  lgf_set_text(L, "wire", param->wire);
  lgf_set_text(L, "required", param->required);
  lgf_set_text(L, "text", param->text);
}

/* Push an array of the params up to the first without a name. */
static void lgf_push_params(lua_State *L, const gf_param *params, size_t max) {
  lua_newtable(L);
  for (size_t i = 0; i < max && params[i].name; i++) {
    lgf_push_param(L, &params[i]);
    lua_rawseti(L, -2, (int)i + 1);
  }
}

static void lgf_push_keys(lua_State *L, const gf_op *op) {
  lua_newtable(L);
  for (size_t i = 0; i < sizeof op->keys / sizeof op->keys[0] && op->keys[i].name; i++) {
    lua_createtable(L, 0, 3);
    lgf_set_text(L, "name", op->keys[i].name);
    lgf_set_text(L, "shape", op->keys[i].shape);
    lgf_set_text(L, "text", op->keys[i].text);
    lua_rawseti(L, -2, (int)i + 1);
  }
}

/* Push the words of `text`, which single spaces separate, as an array. */
static void lgf_push_words(lua_State *L, const char *text) {
  lua_newtable(L);
  for (int i = 1; text && *text; i++) {
    size_t n = strcspn(text, " ");
    lua_pushlstring(L, text, n);
    lua_rawseti(L, -2, i);
    text += n + (text[n] == ' ');
  }
}

static void lgf_push_operation(lua_State *L, const gf_op *op) {
  lua_createtable(L, 0, 10);
  lgf_set_text(L, "name", op->name);
  lgf_set_text(L, "group", op->group);
  lgf_set_text(L, "summary", op->summary);
  lgf_set_text(L, "method", op->method);
  lgf_set_text(L, "path", op->path);
  lgf_set_text(L, "see", op->see);
  lgf_push_params(L, op->params, GF_MAX_PARAMS);
  lua_setfield(L, -2, "params");
  lgf_push_params(L, op->options, GF_MAX_OPTIONS);
  lua_setfield(L, -2, "options");
  lgf_push_keys(L, op);
  lua_setfield(L, -2, "keys");
  lgf_push_words(L, op->statuses);
  lua_setfield(L, -2, "statuses");
}

int lgf_operations(lua_State *L) {
  size_t n = gf_op_count();
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    lgf_push_operation(L, gf_op_at(i));
    lua_rawseti(L, -2, (int)i + 1);
  }
  return 1;
}

int lgf_names(lua_State *L) {
  size_t n = gf_op_count();
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    lua_pushstring(L, gf_op_at(i)->name);
    lua_rawseti(L, -2, (int)i + 1);
  }
  return 1;
}

int lgf_general_options(lua_State *L) {
  size_t n = 0;
  const gf_param *options = gf_general_options(NULL, &n);
  lgf_push_params(L, options, n);
  return 1;
}

int lgf_statuses(lua_State *L) {
  lua_newtable(L);
  for (int i = GF_OK; i <= GF_ERROR; i++) {
    lua_pushstring(L, gf_status_name((gf_status)i));
    lua_rawseti(L, -2, i - GF_OK + 1);
  }
  lua_newtable(L);
  for (int i = GF_REASON_NONE + 1; i <= GF_SERVER_ERROR; i++) {
    lua_pushstring(L, gf_reason_name((gf_reason)i));
    lua_rawseti(L, -2, i);
  }
  return 2;
}

size_t lgf_distance(const char *a, const char *b) {
  return gf_distance((gf_str){a, strlen(a)}, (gf_str){b, strlen(b)});
}
