/* SPDX-License-Identifier: MIT
 *
 * lua_arguments.c: Lua values as arguments of the core, one small function a type.
 */
#include "lua_bind.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Beyond this a double may not be the integer that was written. */
#define LGF_EXACT 9007199254740992.0

static gf_str lgf_string_at(lua_State *L, int index) {
  gf_str s;
  s.p = lua_tolstring(L, index, &s.n);
  return s;
}

static bool lgf_arg_string(lua_State *L, int index, const gf_param *param, gf_arg *out) {
  (void)param;
  if (lua_type(L, index) != LUA_TSTRING) return false;
  out->kind = GF_ARG_STRING;
  out->string = lgf_string_at(L, index);
  return true;
}

/* Digits of an integer, with a sign perhaps. */
static bool lgf_is_integer(gf_str digits) {
  size_t first = digits.n > 0 && digits.p[0] == '-';
  for (size_t i = first; i < digits.n; i++)
    if (digits.p[i] < '0' || digits.p[i] > '9') return false;
  return digits.n > first;
}

/* As int64 where it fits, else as digits. */
static bool lgf_digits_to_int(gf_str digits, gf_arg *out) {
  char text[32] = "";
  if (!lgf_is_integer(digits)) return false;
  out->kind = GF_ARG_NUMBER;
  out->string = digits;
  if (digits.n >= sizeof text) return true;
  memcpy(text, digits.p, digits.n);
  errno = 0;
  out->integer = (int64_t)strtoll(text, NULL, 10);
  if (errno == 0) out->kind = GF_ARG_INT;
  return true;
}

static bool lgf_arg_int(lua_State *L, int index, const gf_param *param, gf_arg *out) {
  (void)param;
  gf_str digits;
  if (lgf_test_number(L, index, &digits)) return lgf_digits_to_int(digits, out);
  if (lua_type(L, index) != LUA_TNUMBER) return false;
  lua_Number number = lua_tonumber(L, index);
  if (lua_isinteger(L, index)) {
    out->integer = (int64_t)lua_tointeger(L, index);
  } else {
    if (!(fabs((double)number) <= LGF_EXACT) || floor((double)number) != (double)number) return false;
    out->integer = (int64_t)number;
  }
  out->kind = GF_ARG_INT;
  return true;
}

static bool lgf_arg_bool(lua_State *L, int index, const gf_param *param, gf_arg *out) {
  (void)param;
  if (!lua_isboolean(L, index)) return false;
  out->kind = GF_ARG_BOOL;
  out->boolean = lua_toboolean(L, index);
  return true;
}

static bool lgf_arg_org(lua_State *L, int index, const gf_param *param, gf_arg *out) {
  if (!luaL_testudata(L, index, LGF_OWN)) return lgf_arg_int(L, index, param, out);
  out->kind = GF_ARG_OWN;
  return true;
}

static bool lgf_arg_id(lua_State *L, int index, const gf_param *param, gf_arg *out) {
  return lgf_arg_string(L, index, param, out) || lgf_arg_int(L, index, param, out);
}

static bool lgf_is_container(lua_State *L, int index) {
  return lua_istable(L, index) || lgf_test_document(L, index);
}

static bool lgf_arg_object(lua_State *L, int index, const gf_param *param, gf_arg *out) {
  if (!lgf_is_container(L, index)) return false;
  out->kind = GF_ARG_DOC;
  out->doc = lgf_to_document(L, index, param->name, param->lists);
  return true;
}

static bool lgf_is_plain_empty(lua_State *L, int index) {
  if (!lua_istable(L, index)) return false;
  if (lua_getmetatable(L, index)) {
    lua_pop(L, 1);
    return false;
  }
  lua_pushnil(L);
  if (!lua_next(L, index)) return true;
  lua_pop(L, 2);
  return false;
}

/* Like an object, but an empty table is an empty list. */
static bool lgf_arg_list(lua_State *L, int index, const gf_param *param, gf_arg *out) {
  if (lgf_is_plain_empty(L, index)) {
    lua_newtable(L);
    lgf_push_array_mt(L);
    lua_setmetatable(L, -2);
    index = lua_gettop(L);
  }
  return lgf_arg_object(L, index, param, out);
}

static bool lgf_are_strings(lua_State *L, int index) {
  int n = (int)lua_rawlen(L, index);
  for (int i = 1; i <= n; i++) {
    lua_rawgeti(L, index, i);
    bool is_string = lua_type(L, -1) == LUA_TSTRING;
    lua_pop(L, 1);
    if (!is_string) return false;
  }
  return true;
}

static bool lgf_arg_strings(lua_State *L, int index, const gf_param *param, gf_arg *out) {
  if (lgf_arg_string(L, index, param, out)) return true;
  if (lua_istable(L, index) && !lgf_are_strings(L, index)) return false;
  return lgf_arg_list(L, index, param, out);
}

/* A role by its name, or as the member `role` of a table or a document. */
static bool lgf_arg_role(lua_State *L, int index, const gf_param *param, gf_arg *out) {
  gf_doc *doc = lgf_test_document(L, index);
  if (doc) {
    out->kind = GF_ARG_STRING;
    return gf_value_string(gf_value_get(gf_doc_root(doc), "role"), &out->string);
  }
  if (!lua_istable(L, index)) return lgf_arg_string(L, index, param, out);
  lua_pushliteral(L, "role");
  lua_rawget(L, index);
  return lgf_arg_string(L, lua_gettop(L), param, out);
}

/* A body as it is, or what becomes one. */
static bool lgf_arg_body(lua_State *L, int index, const gf_param *param, gf_arg *out) {
  return lgf_arg_string(L, index, param, out) || lgf_arg_object(L, index, param, out);
}

static bool lgf_arg_string_or_null(lua_State *L, int index, const gf_param *param, gf_arg *out) {
  if (!lgf_is_null(L, index)) return lgf_arg_string(L, index, param, out);
  out->kind = GF_ARG_NULL;
  return true;
}

/* What can be called. The core is given nothing: the value stays with the binding. */
static bool lgf_arg_function(lua_State *L, int index, const gf_param *param, gf_arg *out) {
  (void)param;
  out->kind = GF_ARG_NIL;
  if (lua_isfunction(L, index)) return true;
  return luaL_getmetafield(L, index, "__call") != 0;
}

/* A type's short name, what it takes, and how it is taken. */
static const struct lgf_type {
  const char *name, *expected;
  bool (*convert)(lua_State *L, int index, const gf_param *param, gf_arg *out);
} lgf_types[] = {
    [GF_T_STRING] = {"string", "string", lgf_arg_string},
    [GF_T_INT] = {"integer", "integer", lgf_arg_int},
    [GF_T_BOOL] = {"boolean", "boolean", lgf_arg_bool},
    [GF_T_ORG] = {"org", "id of an organisation or grafana.own", lgf_arg_org},
    [GF_T_ID] = {"id", "integer or string", lgf_arg_id},
    [GF_T_OBJECT] = {"object", "table", lgf_arg_object},
    [GF_T_LIST] = {"list", "array", lgf_arg_list},
    [GF_T_STRINGS] = {"strings", "string or array of strings", lgf_arg_strings},
    [GF_T_ROLE] = {"role", "string or {role = string}", lgf_arg_role},
    [GF_T_BODY] = {"body", "table or string", lgf_arg_body},
    [GF_T_STRING_OR_NULL] = {"string_or_null", "string or grafana.null", lgf_arg_string_or_null},
    [GF_T_FUNCTION] = {"function", "function", lgf_arg_function},
};

const char *lgf_expected(gf_type type) { return lgf_types[type].expected; }

const char *lgf_type_name(gf_type type) { return lgf_types[type].name; }

bool lgf_to_arg(lua_State *L, int index, const gf_param *param, gf_arg *out) {
  memset(out, 0, sizeof *out);
  return lgf_types[param->type].convert(L, lua_absindex(L, index), param, out);
}

const char *lgf_push_got(lua_State *L, int index) {
  if (lua_type(L, index) == LUA_TNUMBER) {
    lua_pushvalue(L, index);
    return lua_tostring(L, -1);
  }
  if (lgf_is_null(L, index)) return lua_pushliteral(L, "grafana.null"), "grafana.null";
  if (lgf_test_number(L, index, NULL) || luaL_testudata(L, index, LGF_OWN))
    return luaL_tolstring(L, index, NULL);
  const char *name = luaL_typename(L, index);
  lua_pushstring(L, name);
  return name;
}
