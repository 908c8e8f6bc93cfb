/* SPDX-License-Identifier: MIT
 *
 * lua_call.c: one call of an operation as a userdata: its arguments checked by the operation's row, its result.
 */
#include "lua_bind.h"

#include <string.h>

enum { LGF_MAX_OPTIONS = GF_MAX_OPTIONS + 22 }; /* an operation's own and the general ones */

/* ------------------------------------------------------------------------------------------------ arguments -- */

/* What a call is made of while its arguments are read: values 1 and 2 are the client and the name, the rest the
 * arguments, then what they pushed. */
typedef struct lgf_request {
  const gf_op *op;
  int n_params, n_given; /* positional ones declared; values given, the options table among them */
  gf_arg args[GF_MAX_PARAMS];
  gf_option options[LGF_MAX_OPTIONS];
  size_t n_options;
  int function; /* where the one that is given stands on the stack; 0: none is */
} lgf_request;

enum { LGF_FIRST = 3 }; /* index of the first argument */

static int lgf_count_params(const gf_op *op) {
  int n = 0;
  while (n < GF_MAX_PARAMS && op->params[n].name)
    n++;
  return n;
}

/* Raise "bad argument #2 'name' to 'create_org' (string expected, got nil)". */
static void lgf_refuse_argument(lua_State *L, const lgf_request *request, int i) {
  const gf_param *param = &request->op->params[i];
  const char *got = i < request->n_given ? lgf_push_got(L, LGF_FIRST + i) : "no value";
  luaL_error(L, "bad argument #%d '%s' to '%s' (%s expected, got %s)", i + 1, param->name, request->op->name,
             lgf_expected(param->type), got);
}

static void lgf_read_arguments(lua_State *L, lgf_request *request) {
  for (int i = 0; i < request->n_params; i++) {
    const gf_param *param = &request->op->params[i];
    bool given = i < request->n_given && !lua_isnil(L, LGF_FIRST + i);
    if (given ? lgf_to_arg(L, LGF_FIRST + i, param, &request->args[i])
              : param->optional || param->type == GF_T_ORG)
      continue;
    lgf_refuse_argument(L, request, i);
  }
}

/* Raise when there are more arguments than the parameters and one table of options. */
static void lgf_check_count(lua_State *L, const lgf_request *request) {
  if (request->n_given <= request->n_params + 1) return;
  luaL_error(L, "too many arguments to '%s' (%d and a table of options expected, got %d)", request->op->name,
             request->n_params, request->n_given);
}

/* -------------------------------------------------------------------------------------------------- options -- */

/* Option `i` of the operation: its own first, then the general ones; NULL after the last. */
static const gf_param *lgf_option_at(const gf_op *op, size_t i) {
  size_t own = 0, general = 0;
  while (own < GF_MAX_OPTIONS && op->options[own].name)
    own++;
  const gf_param *options = gf_general_options(op, &general);
  if (i < own) return &op->options[i];
  return i - own < general ? &options[i - own] : NULL;
}

/* Raise "unknown option 'qery' to 'get_orgs' (did you mean 'query'? It takes query, …)". */
static void lgf_refuse_option(lua_State *L, const gf_op *op, const char *name) {
  const gf_param *param, *nearest = NULL;
  size_t best = strlen(name) / 2 + 1;
  luaL_Buffer list;
  for (size_t i = 0; (param = lgf_option_at(op, i)) != NULL; i++) {
    size_t distance = lgf_distance(name, param->name);
    if (distance < best) best = distance, nearest = param;
  }
  luaL_buffinit(L, &list);
  for (size_t i = 0; (param = lgf_option_at(op, i)) != NULL; i++) {
    if (i > 0) luaL_addstring(&list, ", ");
    luaL_addstring(&list, param->name);
  }
  luaL_pushresult(&list);
  luaL_error(L, "unknown option '%s' to '%s' (%s%s%soptions: %s)", name, op->name,
             nearest ? "did you mean '" : "", nearest ? nearest->name : "", nearest ? "'? " : "",
             lua_tostring(L, -1));
}

static bool lgf_is_option(const gf_op *op, const char *name) {
  const gf_param *param;
  for (size_t i = 0; (param = lgf_option_at(op, i)) != NULL; i++)
    if (strcmp(param->name, name) == 0) return true;
  return false;
}

/* Raise when the table at `index` has a key that is no option. */
static void lgf_check_options(lua_State *L, const gf_op *op, int index) {
  lua_pushnil(L);
  while (lua_next(L, index)) {
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING)
      luaL_error(L, "the options to '%s' are given by name, as in {timeout = 1000}; a %s is none", op->name,
                 luaL_typename(L, -1));
    if (!lgf_is_option(op, lua_tostring(L, -1))) lgf_refuse_option(L, op, lua_tostring(L, -1));
  }
}

/* Read option `param` from the table at `index`, when it is there. */
static void lgf_read_option(lua_State *L, lgf_request *request, const gf_param *param, int index) {
  lua_pushstring(L, param->name);
  lua_rawget(L, index); /* stays on the stack: the argument may borrow from it */
  int value = lua_gettop(L);
  if (lua_isnil(L, value) || request->n_options == LGF_MAX_OPTIONS) return;
  gf_option *option = &request->options[request->n_options];
  option->name.p = param->name;
  option->name.n = strlen(param->name);
  if (!lgf_to_arg(L, value, param, &option->value))
    luaL_error(L, "bad option '%s' to '%s' (%s expected, got %s)", param->name, request->op->name,
               lgf_expected(param->type), lgf_push_got(L, value));
  if (param->type == GF_T_FUNCTION)
    request->function = value;
  else
    request->n_options++;
}

static void lgf_read_options(lua_State *L, lgf_request *request) {
  int index = LGF_FIRST + request->n_params;
  if (request->n_given <= request->n_params || lua_isnil(L, index)) return;
  if (!lua_istable(L, index))
    luaL_error(L, "bad argument #%d to '%s' (table of options expected, got %s)", request->n_params + 1,
               request->op->name, lgf_push_got(L, index));
  lgf_check_options(L, request->op, index);
  const gf_param *param;
  for (size_t i = 0; (param = lgf_option_at(request->op, i)) != NULL; i++)
    lgf_read_option(L, request, param, index);
}

/* --------------------------------------------------------------------------------------------------- making -- */

/* Push what a call keeps alive: the client at index 1, or {client, function}. */
static void lgf_push_kept(lua_State *L, int function) {
  if (function == 0) {
    lua_pushvalue(L, 1);
    return;
  }
  lua_createtable(L, 2, 0);
  lua_pushvalue(L, 1);
  lua_rawseti(L, -2, 1);
  lua_pushvalue(L, function);
  lua_rawseti(L, -2, 2);
}

/* Push a closed call that keeps its client and the function that came with its options. */
static lgf_call *lgf_push_call(lua_State *L, const lgf_request *request) {
  lgf_call *self = lgf_new(L, sizeof *self);
  self->call = NULL;
  self->op = request->op;
  luaL_getmetatable(L, LGF_CALL);
  lua_setmetatable(L, -2);
  lgf_push_kept(L, request->function);
  lgf_hold(L, -2);
  return self;
}

/* The call of a closed client ends at its first step: take it here, so that no driver is made for it. */
static void lgf_settle(const gf_client *client, gf_call *call) {
  const gf_request *none;
  int64_t wake;
  if (gf_client_is_closed(client)) gf_call_next(call, 0, &none, &wake);
}

/* call(client, operation, …) → call; raises a sentence without a position for an error of the program. */
int lgf_call_new(lua_State *L) {
  lgf_client *client = luaL_checkudata(L, 1, LGF_CLIENT);
  lgf_request request = {.op = gf_op_find(luaL_checkstring(L, 2))};
  gf_error error;
  if (request.op == NULL) return luaL_error(L, "there is no operation '%s'", lua_tostring(L, 2));
  request.n_params = lgf_count_params(request.op);
  request.n_given = lua_gettop(L) - (LGF_FIRST - 1);
  luaL_checkstack(L, 2 * (GF_MAX_PARAMS + LGF_MAX_OPTIONS) + LUA_MINSTACK, NULL);
  lgf_check_count(L, &request);
  lgf_read_arguments(L, &request);
  lgf_read_options(L, &request);
  lgf_call *self = lgf_push_call(L, &request);
  if (client->client == NULL) return 1;
  self->call = gf_call_new(client->client, request.op, request.args, (size_t)request.n_params,
                           request.options, request.n_options, &error);
  if (self->call == NULL) return luaL_error(L, "%s: %s", request.op->name, error.message);
  lgf_settle(client->client, self->call);
  return 1;
}

/* -------------------------------------------------------------------------------------------------- methods -- */

static lgf_call *lgf_call_at(lua_State *L) { return luaL_checkudata(L, 1, LGF_CALL); }

/* call:close(): gives the memory back now; what was not done is cancelled. */
static int lgf_call_close(lua_State *L) {
  lgf_call *self = lgf_call_at(L);
  gf_call *call = self->call;
  self->call = NULL;
  if (call == NULL) return 0;
  gf_call_cancel(call); /* a driver may hold it too */
  gf_call_release(call);
  return 0;
}

static int lgf_call_done(lua_State *L) {
  gf_call *call = lgf_call_at(L)->call;
  lua_pushboolean(L, call == NULL || gf_call_is_done(call));
  return 1;
}

/* call:wants_token() → whether it cannot go on before client:set_token. */
static int lgf_call_wants_token(lua_State *L) {
  gf_call *call = lgf_call_at(L)->call;
  lua_pushboolean(L, call != NULL && gf_call_wants_token(call));
  return 1;
}

/* call:begun_at(refusals): it is part of work that began when client:refusals() was so. */
static int lgf_call_begun_at(lua_State *L) {
  gf_call *call = lgf_call_at(L)->call;
  if (call) gf_call_begun_at(call, (unsigned)luaL_checkinteger(L, 2));
  return 0;
}

static int lgf_call_cancel(lua_State *L) {
  gf_call *call = lgf_call_at(L)->call;
  if (call) gf_call_cancel(call);
  return 0;
}

/* call:result([last]) → table, or nil when the call is not done. `last`: it is not asked for again, and what it was made of
 * may go meanwhile. */
static int lgf_call_result(lua_State *L) {
  lgf_call *self = lgf_call_at(L);
  bool last = lua_toboolean(L, 2);
  gf_result closed = {.operation = self->op->name,
                      .status = GF_ERROR,
                      .reason = GF_CLOSED,
                      .message = "the client is closed"};
  const gf_result *result = self->call ? gf_call_result(self->call) : &closed;
  if (result == NULL) return 0;
  lgf_push_result(L, result, last ? self->call : NULL);
  return 1;
}

/* call:operation() → its name as its result and its retries tell it. */
static int lgf_call_operation(lua_State *L) {
  lgf_call *self = lgf_call_at(L);
  lua_pushstring(L, self->call ? gf_call_operation(self->call) : self->op->name);
  return 1;
}

/* call:retried() → {operation, attempt, delay_ms, status, reason} for a retry decided since the last time, or nil. */
static int lgf_call_retried(lua_State *L) {
  gf_call *call = lgf_call_at(L)->call;
  gf_retry retry;
  if (call == NULL || !gf_call_retried(call, &retry)) return 0;
  lua_createtable(L, 0, 5);
  lua_pushstring(L, retry.operation);
  lua_setfield(L, -2, "operation");
  lua_pushinteger(L, retry.attempt);
  lua_setfield(L, -2, "attempt");
  lua_pushinteger(L, (lua_Integer)retry.delay_ms);
  lua_setfield(L, -2, "delay_ms");
  lua_pushstring(L, gf_status_name(retry.status));
  lua_setfield(L, -2, "status");
  lua_pushstring(L, gf_reason_name(retry.reason));
  lua_setfield(L, -2, "reason");
  return 1;
}

static bool lgf_is_ok(const gf_call *call) {
  const gf_result *result = gf_call_result(call);
  return result && result->status == GF_OK;
}

/* call:progress() → parts done, parts in all, parts that failed. Done is all only of a call that has ended well: until then
 * a total that has been reached is none (a list whose length nobody knows), and 0. */
static int lgf_call_progress(lua_State *L) {
  gf_call *call = lgf_call_at(L)->call;
  size_t done = 0, total = 0, failed = 0;
  if (call) gf_call_progress(call, &done, &total, &failed);
  if (call && done >= total && !lgf_is_ok(call)) total = 0;
  lua_pushinteger(L, (lua_Integer)done);
  lua_pushinteger(L, (lua_Integer)total);
  lua_pushinteger(L, (lua_Integer)failed);
  return 3;
}

/* call:on_progress() → the function that is to be told of progress, or nil. */
static int lgf_call_on_progress(lua_State *L) {
  lgf_call_at(L);
  lgf_push_held(L, 1);
  if (!lua_istable(L, -1)) return 0;
  lua_rawgeti(L, -1, 2);
  return 1;
}

void lgf_call_open(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"close", lgf_call_close},
      {"done", lgf_call_done},
      {"cancel", lgf_call_cancel},
      {"wants_token", lgf_call_wants_token},
      {"result", lgf_call_result},
      {"retried", lgf_call_retried},
      {"progress", lgf_call_progress},
      {"on_progress", lgf_call_on_progress},
      {"operation", lgf_call_operation},
      {"begun_at", lgf_call_begun_at},
      {NULL, NULL},
  };
  static const luaL_Reg meta[] = {{"__gc", lgf_call_close}, {"__close", lgf_call_close}, {NULL, NULL}};
  lgf_metatable(L, LGF_CALL, methods, meta);
}
