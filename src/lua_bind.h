/* SPDX-License-Identifier: MIT
 *
 * lua_bind.h: what the files of core.so that bind clients, calls and results share. No operation is named in them: what
 * they know of one is its row.
 */
#ifndef LUA_BIND_H
#define LUA_BIND_H

#include "lua_json.h"
#include "lua_shared.h"

#define LGF_OWN "grafana.own"       /* metatable of the one sentinel */
#define LGF_RESULT "grafana.result" /* metatable of results; the library fills it */

/* --- arguments (lua_arguments.c) --- */

/* Convert the value at `index` to what `param` takes. False when it is none; `*out` may borrow from the value and from
 * what this pushed on the stack, so leave both there. Raises where a table cannot be JSON, naming the path. */
bool lgf_to_arg(lua_State *L, int index, const gf_param *param, gf_arg *out);
/* "integer or string": what a parameter of this type takes, for messages. */
const char *lgf_expected(gf_type type);
/* "id": the type's short name, for the library. */
const char *lgf_type_name(gf_type type);
/* Push what the value at `index` is, for messages: "nil", "no value", "1.5", "string". */
const char *lgf_push_got(lua_State *L, int index);

/* --- clients (lua_client.c) --- */
int lgf_client_new(lua_State *L); /* (config) → client */
void lgf_client_open(lua_State *L);

/* --- calls (lua_call.c) --- */
int lgf_call_new(lua_State *L); /* (client, operation, …) → call */
void lgf_call_open(lua_State *L);
void lgf_feed_open(lua_State *L); /* methods of calls for drivers in Lua (lua_feed.c) */

/* --- time (lua_clock.c) --- */
int lgf_clock_now(lua_State *L);   /* () → milliseconds of a monotonic clock */
int lgf_clock_sleep(lua_State *L); /* (ms): until then, or until a signal */

/* --- the terminal (lua_terminal.c) --- */
int lgf_terminal(lua_State *L); /* ([file]) → columns, 0 where unknown, or nothing where it is no terminal */

/* --- results (lua_result.c) --- */

/* Push `result` as a table. The caller keeps the call alive that owns it. */
void lgf_push_result(lua_State *L, const gf_result *result, gf_call *last);
void lgf_result_open(lua_State *L);

/* --- the operation table (lua_operations.c) --- */
int lgf_names(lua_State *L);           /* () → {name, …} */
int lgf_operations(lua_State *L);      /* () → {{name =, group =, …}, …} */
int lgf_general_options(lua_State *L); /* () → {{name =, type =, …}, …} */
int lgf_statuses(lua_State *L);        /* () → {"ok", …}, {"timeout", …} */
/* --- Grafana's documented operations (lua_api.c) --- */
int lgf_api_operations(lua_State *L); /* () → {{name =, method =, path =, tags =, params = {…}, …}, …} */
int lgf_api_operation(lua_State *L); /* (name) → the one of that name, or nothing */
int lgf_api_versions(
    lua_State *L); /* () → {"12.4.3", …}: of the servers that are described, the newest first */

/* gf_distance of two strings. */
size_t lgf_distance(const char *a, const char *b);

#endif
