/* SPDX-License-Identifier: MIT
 *
 * lua_api.c: Grafana's documented operations as Lua tables, for help, the reference page and tests.
 */
#include "lua_bind.h"

#include <string.h>

static void lgf_set_text(lua_State *L, const char *name, const char *text) {
  lua_pushstring(L, text);
  lua_setfield(L, -2, name);
}

/* What is not so is left out. */
static void lgf_set_true(lua_State *L, const char *name, bool value) {
  if (!value) return;
  lua_pushboolean(L, 1);
  lua_setfield(L, -2, name);
}

/* Push the versions of `bits` as an array, the newest first. */
static void lgf_push_versions(lua_State *L, unsigned bits) {
  int n = 0;
  lua_newtable(L);
  for (size_t i = 0; gf_api_version(i); i++) {
    if (!(bits >> i & 1)) continue;
    lua_pushstring(L, gf_api_version(i));
    lua_rawseti(L, -2, ++n);
  }
}

static void lgf_push_api_param(lua_State *L, const gf_api_op *op, const gf_api_param *param) {
  static const char *const places[] = {[GF_IN_PATH] = "path", [GF_IN_QUERY] = "query", [GF_IN_BODY] = "body"};
  static const char *const types[] = {[GF_API_ANY] = "any",
                                      [GF_API_STRING] = "string",
                                      [GF_API_INT] = "integer",
                                      [GF_API_BOOL] = "boolean",
                                      [GF_API_LIST] = "list"};
  lua_createtable(L, 0, 7);
  lua_pushlstring(L, param->name.p, param->name.n);
  lua_setfield(L, -2, "name");
  lgf_set_text(L, "where", places[param->where]);
  lgf_set_text(L, "type", types[param->type]);
  lgf_set_true(L, "required", param->is_required);
  lgf_set_true(L, "route", param->is_route);
  lgf_set_true(L, "joined", param->is_joined);
  if (param->versions == op->versions) return;
  lgf_push_versions(L, param->versions);
  lua_setfield(L, -2, "versions");
}

static void lgf_push_api_params(lua_State *L, const gf_api_op *op) {
  gf_api_param param;
  int n = 0;
  lua_newtable(L);
  for (size_t at = 0; gf_api_param_next(op, &at, &param);) {
    lgf_push_api_param(L, op, &param);
    lua_rawseti(L, -2, ++n);
  }
}

static void lgf_push_api_operation(lua_State *L, const gf_api_op *op) {
  lua_createtable(L, 0, 8);
  lgf_set_text(L, "name", op->name);
  lgf_set_text(L, "method", op->method);
  lua_pushfstring(L, "/api%s", op->path);
  lua_setfield(L, -2, "path");
  lgf_set_text(L, "tags", op->tags);
  lgf_set_true(L, "has_body", op->has_body);
  lgf_set_true(L, "deprecated", op->deprecated);
  lgf_push_versions(L, op->versions);
  lua_setfield(L, -2, "versions");
  lgf_push_api_params(L, op);
  lua_setfield(L, -2, "params");
}

int lgf_api_operations(lua_State *L) {
  size_t n = gf_api_count();
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    lgf_push_api_operation(L, gf_api_at(i));
    lua_rawseti(L, -2, (int)i + 1);
  }
  return 1;
}

int lgf_api_operation(lua_State *L) {
  const gf_api_op *op = gf_api_find(luaL_checkstring(L, 1));
  if (op == NULL) return 0;
  lgf_push_api_operation(L, op);
  return 1;
}

int lgf_api_versions(lua_State *L) {
  lgf_push_versions(L, ~0u);
  return 1;
}
