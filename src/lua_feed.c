/* SPDX-License-Identifier: MIT
 *
 * lua_feed.c: the core's face for drivers written in Lua: what a call wants to send, and its answers as they come.
 *
 *     local what, request = call:next(now_ms)     -- "send", request | "wait", wake_ms or nil, blocked | "done"
 *     call:head(request.id, code)                 -- each true, or false: drop the transfer and finish it as "dropped"
 *     call:header(request.id, name, value)
 *     call:body(request.id, bytes)
 *     call:finish(request.id, how, sent, detail or nil, now_ms)     -- of a call that is done: nothing
 *     call:has_room()                             -- whether the client may have one more request on the wire
 *
 * `blocked` is "room" or "sign-in" where the call waits for another one of its client (gf_call_blocked), else nil. With
 * call:next(now_ms, true) a request has its headers as text, ready for the wire, in `head` instead of `headers`.
 */
#include "lua_bind.h"

static gf_call *lgf_open_call(lua_State *L) {
  lgf_call *self = luaL_checkudata(L, 1, LGF_CALL);
  if (self->call == NULL) luaL_error(L, "the call is closed");
  return self->call;
}

static void lgf_set_string(lua_State *L, const char *key, gf_str text) {
  lua_pushlstring(L, text.p ? text.p : "", text.n);
  lua_setfield(L, -2, key);
}

/* Set field `headers`: {{name, value}, …}. */
static void lgf_set_headers(lua_State *L, const gf_request *request) {
  lua_createtable(L, (int)request->n_headers, 0);
  for (size_t i = 0; i < request->n_headers; i++) {
    lua_createtable(L, 2, 0);
    lua_pushlstring(L, request->headers[i].name.p, request->headers[i].name.n);
    lua_rawseti(L, -2, 1);
    lua_pushlstring(L, request->headers[i].value.p, request->headers[i].value.n);
    lua_rawseti(L, -2, 2);
    lua_rawseti(L, -2, (int)i + 1);
  }
  lua_setfield(L, -2, "headers");
}

/* Set field `head`: a line for each header, each with its end. */
static void lgf_set_head(lua_State *L, const gf_request *request) {
  luaL_Buffer text;
  luaL_buffinit(L, &text);
  for (size_t i = 0; i < request->n_headers; i++) {
    luaL_addlstring(&text, request->headers[i].name.p, request->headers[i].name.n);
    luaL_addlstring(&text, ": ", 2);
    luaL_addlstring(&text, request->headers[i].value.p, request->headers[i].value.n);
    luaL_addlstring(&text, "\r\n", 2);
  }
  luaL_pushresult(&text);
  lua_setfield(L, -2, "head");
}

/* Push {id, method, url, headers or head, body or nil, timeout, connect_timeout}. */
static void lgf_push_request(lua_State *L, const gf_request *request, bool as_text) {
  lua_createtable(L, 0, 7);
  lua_pushinteger(L, (lua_Integer)request->id);
  lua_setfield(L, -2, "id");
  lua_pushstring(L, request->method);
  lua_setfield(L, -2, "method");
  lua_pushstring(L, request->url);
  lua_setfield(L, -2, "url");
  if (request->body.p) lgf_set_string(L, "body", request->body);
  lua_pushinteger(L, (lua_Integer)request->timeout_ms);
  lua_setfield(L, -2, "timeout");
  lua_pushinteger(L, (lua_Integer)request->connect_timeout_ms);
  lua_setfield(L, -2, "connect_timeout");
  if (as_text)
    lgf_set_head(L, request);
  else
    lgf_set_headers(L, request);
}

static int lgf_push_wait(lua_State *L, int64_t wake_ms, gf_blocked blocked) {
  lua_pushliteral(L, "wait");
  if (wake_ms == INT64_MAX)
    lua_pushnil(L);
  else
    lua_pushnumber(L, (lua_Number)wake_ms);
  if (blocked == GF_BLOCKED_NOT)
    lua_pushnil(L);
  else
    lua_pushstring(L, blocked == GF_BLOCKED_ROOM ? "room" : "sign-in");
  return 3;
}

static int lgf_feed_next(lua_State *L) {
  gf_call *call = lgf_open_call(L);
  const gf_request *request;
  int64_t wake;
  lua_settop(L, 3);
  switch (gf_call_next(call, (int64_t)luaL_checknumber(L, 2), &request, &wake)) {
  case GF_SEND:
    lua_pushliteral(L, "send");
    lgf_push_request(L, request, lua_toboolean(L, 3));
    return 2;
  case GF_WAIT: return lgf_push_wait(L, wake, gf_call_blocked(call));
  case GF_DONE: break;
  }
  lua_pushliteral(L, "done");
  return 1;
}

static uint32_t lgf_id_at(lua_State *L) { return (uint32_t)luaL_checkinteger(L, 2); }

static gf_str lgf_bytes_at(lua_State *L, int index) {
  gf_str bytes;
  bytes.p = luaL_checklstring(L, index, &bytes.n);
  return bytes;
}

static int lgf_taken(lua_State *L, int result) {
  lua_pushboolean(L, result >= 0);
  return 1;
}

static int lgf_feed_head(lua_State *L) {
  gf_call *call = lgf_open_call(L);
  return lgf_taken(L, gf_head(call, lgf_id_at(L), (int)luaL_checkinteger(L, 3)));
}

static int lgf_feed_header(lua_State *L) {
  gf_call *call = lgf_open_call(L);
  return lgf_taken(L, gf_header_line(call, lgf_id_at(L), lgf_bytes_at(L, 3), lgf_bytes_at(L, 4)));
}

static int lgf_feed_body(lua_State *L) {
  gf_call *call = lgf_open_call(L);
  return lgf_taken(L, gf_body(call, lgf_id_at(L), lgf_bytes_at(L, 3)));
}

static int lgf_feed_finish(lua_State *L) {
  static const char *const hows[] = {"complete", "cut",    "timeout", "unknown-host", "refused", "tls",
                                     "dropped",  "failed", NULL};
  gf_call *call = lgf_open_call(L);
  uint32_t id = lgf_id_at(L);
  int how = luaL_checkoption(L, 3, NULL, hows);
  const char *detail = luaL_optstring(L, 5, NULL);
  if (!gf_call_is_done(call))
    gf_end(call, id, (gf_how)how, lua_toboolean(L, 4), detail, (int64_t)luaL_checknumber(L, 6));
  return 0;
}

/* Of a closed call, true: that costs who asks another call at most a look in vain. */
static int lgf_feed_has_room(lua_State *L) {
  const lgf_call *self = luaL_checkudata(L, 1, LGF_CALL);
  lua_pushboolean(L, self->call == NULL || gf_call_has_room(self->call));
  return 1;
}

void lgf_feed_open(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"next", lgf_feed_next},
      {"head", lgf_feed_head},
      {"header", lgf_feed_header},
      {"body", lgf_feed_body},
      {"finish", lgf_feed_finish},
      {"has_room", lgf_feed_has_room},
      {NULL, NULL},
  };
  luaL_getmetatable(L, LGF_CALL);
  lua_getfield(L, -1, "__index");
  lgf_register(L, methods);
  lua_pop(L, 2);
}
