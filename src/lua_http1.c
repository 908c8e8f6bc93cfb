/* SPDX-License-Identifier: MIT
 *
 * lua_http1.c: the module grafana.http1: the HTTP/1.1 answer reader as a userdata, for drivers written in Lua. What it reads
 * goes straight into the core's call.
 *
 *     local reader = http1.reader()               -- one for each connection, used again
 *     reader:begin(call, request.id, "GET")       -- call nil: nobody gets the answer, as for CONNECT to a proxy
 *     local state, detail, code = reader:feed(bytes)
 *     -- "more" | "done", keep, code | "dropped", nil, code | "bad", sentence, code
 *     local state, detail, code = reader:eof()    -- also "cut", sentence, code
 */
#include "http1.h"
#include "lua_shared.h"

#include <string.h>

#define LGF_READER "grafana.http1.reader"

/* `reader` is NULL before gfh_new and after closing. `call`, retained, gets the answer under way; NULL: nobody. */
typedef struct lgf_reader {
  gfh_reader *reader;
  gf_call *call;
  uint32_t id;
  bool is_gone; /* the call has gone before its answer was whole */
} lgf_reader;

/* -------------------------------------------------------------------------------------------------- feeding -- */

static gf_str lgf_str(gfh_str s) { return (gf_str){s.p, s.n}; }

static int lgf_sink_head(void *ctx, int code) {
  lgf_reader *self = ctx;
  return self->call ? gf_head(self->call, self->id, code) : 0;
}

static int lgf_sink_header(void *ctx, gfh_str name, gfh_str value) {
  lgf_reader *self = ctx;
  return self->call ? gf_header_line(self->call, self->id, lgf_str(name), lgf_str(value)) : 0;
}

static int lgf_sink_body(void *ctx, gfh_str bytes) {
  lgf_reader *self = ctx;
  return self->call ? gf_body(self->call, self->id, lgf_str(bytes)) : 0;
}

static void lgf_reader_forget(lgf_reader *self) {
  gf_call *call = self->call;
  self->call = NULL;
  if (call) gf_call_release(call);
}

/* -------------------------------------------------------------------------------------------------- methods -- */

static lgf_reader *lgf_reader_at(lua_State *L) {
  lgf_reader *self = luaL_checkudata(L, 1, LGF_READER);
  if (self->reader == NULL) luaL_error(L, "the reader is closed");
  return self;
}

/* Push "more", or the state with its detail and the code; the call is let go of with the answer's end. */
static int lgf_reader_state(lua_State *L, lgf_reader *self, gfh_state state) {
  static const char *const names[] = {"more", "done", "dropped", "cut", "bad"};
  lua_pushstring(L, names[state]);
  if (state == GFH_MORE) return 1;
  lgf_reader_forget(self);
  if (state == GFH_DONE)
    lua_pushboolean(L, gfh_keep(self->reader));
  else if (state == GFH_DROPPED)
    lua_pushnil(L);
  else
    lua_pushstring(L, gfh_problem(self->reader));
  if (gfh_code(self->reader) == 0) return 2;
  lua_pushinteger(L, gfh_code(self->reader));
  return 3;
}

/* reader:begin(call or nil, id, method). */
static int lgf_reader_begin(lua_State *L) {
  lgf_reader *self = lgf_reader_at(L);
  lgf_call *holder = lua_isnoneornil(L, 2) ? NULL : luaL_checkudata(L, 2, LGF_CALL);
  uint32_t id = holder ? (uint32_t)luaL_checkinteger(L, 3) : 0;
  const char *method = luaL_checkstring(L, 4);
  gfh_sink sink = {lgf_sink_head, lgf_sink_header, lgf_sink_body, self};
  lgf_reader_forget(self);
  self->is_gone = holder && holder->call == NULL;
  self->call = holder && holder->call ? gf_call_retain(holder->call) : NULL;
  self->id = id;
  gfh_begin(self->reader, method, &sink);
  return 0;
}

/* A call that is done, by being closed too, is fed nothing more. */
static bool lgf_reader_lost(lgf_reader *self) {
  if (self->call && gf_call_is_done(self->call)) {
    self->is_gone = true;
    lgf_reader_forget(self);
  }
  return self->is_gone;
}

static int lgf_reader_feed(lua_State *L) {
  lgf_reader *self = lgf_reader_at(L);
  size_t n;
  const char *bytes = luaL_checklstring(L, 2, &n);
  if (lgf_reader_lost(self)) return lgf_reader_state(L, self, GFH_DROPPED);
  return lgf_reader_state(L, self, gfh_feed(self->reader, bytes, n));
}

static int lgf_reader_eof(lua_State *L) {
  lgf_reader *self = lgf_reader_at(L);
  if (lgf_reader_lost(self)) return lgf_reader_state(L, self, GFH_DROPPED);
  return lgf_reader_state(L, self, gfh_eof(self->reader));
}

/* reader:started() → whether any byte of the answer has come. */
static int lgf_reader_started(lua_State *L) {
  lua_pushboolean(L, gfh_started(lgf_reader_at(L)->reader));
  return 1;
}

/* reader:close(): gives the memory back now; twice is fine. */
static int lgf_reader_close(lua_State *L) {
  lgf_reader *self = luaL_checkudata(L, 1, LGF_READER);
  gfh_reader *reader = self->reader;
  self->reader = NULL;
  lgf_reader_forget(self);
  gfh_free(reader);
  return 0;
}

/* --------------------------------------------------------------------------------------------------- making -- */

static void *lgf_resize(void *ctx, void *p, size_t size) {
  gf_allocator alloc = gf_default_allocator();
  (void)ctx;
  return alloc.resize(alloc.ctx, p, size);
}

/* reader() → reader */
static int lgf_reader_new(lua_State *L) {
  const gfh_allocator alloc = {lgf_resize, NULL};
  lgf_reader *self = lgf_new(L, sizeof *self);
  memset(self, 0, sizeof *self);
  luaL_getmetatable(L, LGF_READER);
  lua_setmetatable(L, -2);
  self->reader = gfh_new(&alloc);
  if (self->reader == NULL) return luaL_error(L, "not enough memory");
  return 1;
}

int luaopen_grafana_http1(lua_State *L);
int luaopen_grafana_http1(lua_State *L) {
  static const luaL_Reg functions[] = {{"reader", lgf_reader_new}, {NULL, NULL}};
  static const luaL_Reg methods[] = {
      {"begin", lgf_reader_begin},     {"feed", lgf_reader_feed},   {"eof", lgf_reader_eof},
      {"started", lgf_reader_started}, {"close", lgf_reader_close}, {NULL, NULL},
  };
  static const luaL_Reg meta[] = {{"__gc", lgf_reader_close}, {"__close", lgf_reader_close}, {NULL, NULL}};
  lgf_check_build(L, "grafana.http1");
  lgf_metatable(L, LGF_READER, methods, meta);
  lua_newtable(L);
  lgf_register(L, functions);
  lua_pushstring(L, gfh_encodings());
  lua_setfield(L, -2, "encodings");
  return 1;
}
