/* SPDX-License-Identifier: MIT
 *
 * lua_curl.c: the module grafana.curl: the libcurl driver as a userdata. No Lua runs inside libcurl's frames, and
 * nothing here yields: the loop that drives a call is in Lua (client.lua).
 */
#include "curl_driver.h"
#include "lua_shared.h"

#include <string.h>

#define LGF_DRIVER "grafana.curl.driver"

/* `driver` is NULL before gfc_driver_new and after closing. The userdata holds a table of two: by the address of each
 * call under way who waits for it, or the call itself, which so lives, and with it its client, until it is done or
 * dropped; and the news, an array of those who waited. */
typedef struct lgf_driver {
  gfc_driver *driver;
  int n_news;
} lgf_driver;

enum { LGF_HELD = 1, LGF_NEWS = 2 };

static lgf_driver *lgf_driver_at(lua_State *L) { return luaL_checkudata(L, 1, LGF_DRIVER); }

/* ------------------------------------------------------------------------------------------------- holding -- */

/* Push one of the two tables of the driver at `index`. */
static void lgf_push_table(lua_State *L, int index, int which) {
  lgf_push_held(L, index);
  lua_rawgeti(L, -1, which);
  lua_remove(L, -2);
}

static void *lgf_key(const gf_call *call) { return (void *)(uintptr_t)call; }

/* Hold the value on top for `call`, nil: nothing any more. Pops it. */
static void lgf_hold_call(lua_State *L, int index, const gf_call *call) {
  lgf_push_table(L, index, LGF_HELD);
  lua_pushlightuserdata(L, lgf_key(call));
  lua_pushvalue(L, -3);
  lua_rawset(L, -3);
  lua_pop(L, 2);
}

/* Who waits for a call, on top, is told. Pops it; a call for which nobody waits, too. */
static void lgf_tell(lua_State *L, lgf_driver *self, int news) {
  if (!lua_istable(L, -1)) {
    lua_pop(L, 1);
    return;
  }
  lua_rawseti(L, news, self->n_news + 1); /* may raise */
  self->n_news++;
}

/* Take the news of the step from the driver at `index`: calls that are done are let go. */
static void lgf_collect(lua_State *L, lgf_driver *self, int index) {
  const gf_call *call;
  int top = lua_gettop(L);
  lgf_push_table(L, index, LGF_HELD);
  lgf_push_table(L, index, LGF_NEWS);
  while (self->driver && (call = gfc_driver_news(self->driver)) != NULL) {
    lua_pushlightuserdata(L, lgf_key(call));
    lua_rawget(L, top + 1);
    lgf_tell(L, self, top + 2);
    if (!gf_call_is_done(call)) continue;
    lua_pushlightuserdata(L, lgf_key(call));
    lua_pushnil(L);
    lua_rawset(L, top + 1);
  }
  lua_settop(L, top);
}

/* Tell all who wait for calls of the driver at `index`, which is closed. */
static void lgf_tell_all(lua_State *L, lgf_driver *self, int index) {
  int top = lua_gettop(L);
  lgf_push_table(L, index, LGF_HELD);
  lgf_push_table(L, index, LGF_NEWS);
  lua_pushnil(L);
  while (lua_next(L, top + 1)) {
    lgf_tell(L, self, top + 2);
    lua_pushvalue(L, -1);
    lua_pushnil(L);
    lua_rawset(L, top + 1);
  }
  lua_settop(L, top);
}

/* ------------------------------------------------------------------------------------------------- methods -- */

/* driver:add(call, [who]): takes part in it from now on; `who`, a table, is what step tells when there is something
 * new about it. A closed driver cancels the call instead. */
static int lgf_driver_add(lua_State *L) {
  lgf_driver *self = lgf_driver_at(L);
  gf_call *call = ((lgf_call *)luaL_checkudata(L, 2, LGF_CALL))->call;
  if (call == NULL || gf_call_is_done(call)) return 0;
  if (self->driver == NULL) {
    gf_call_cancel(call);
    return 0;
  }
  lua_settop(L, 3);
  if (!lua_istable(L, 3)) lua_settop(L, 2); /* the call itself */
  if (gf_call_watched(call) == NULL) {
    lgf_hold_call(L, 1, call);
    if (gfc_driver_add(self->driver, call)) return 0;
    lua_pushnil(L);
    lgf_hold_call(L, 1, call);
  }
  return luaL_error(L, "the call cannot be sent: it is being sent already, or memory is lacking");
}

/* driver:step(ms) → how many calls are not done. Waits at most `ms` for something to happen. */
static int lgf_driver_step(lua_State *L) {
  lgf_driver *self = lgf_driver_at(L);
  int ms = (int)luaL_checkinteger(L, 2), left = self->driver ? gfc_driver_step(self->driver, ms) : 0;
  lgf_collect(L, self, 1);
  lua_pushinteger(L, left);
  return 1;
}

/* driver:wake(): asks the calls that wait to be signed in at the next step. */
static int lgf_driver_wake(lua_State *L) {
  lgf_driver *self = lgf_driver_at(L);
  if (self->driver) gfc_driver_wake(self->driver);
  return 0;
}

/* driver:drop(call): breaks its transfers off. */
static int lgf_driver_drop(lua_State *L) {
  lgf_driver *self = lgf_driver_at(L);
  gf_call *call = ((lgf_call *)luaL_checkudata(L, 2, LGF_CALL))->call;
  if (call == NULL) return 0; /* closed: the next step lets go of it */
  if (self->driver) gfc_driver_drop(self->driver, call);
  lua_pushnil(L);
  lgf_hold_call(L, 1, call);
  return 0;
}

/* driver:close(): drops all calls and closes the connections; twice is fine. Who waits for one is told at the next
 * step. */
static int lgf_driver_close(lua_State *L) {
  lgf_driver *self = lgf_driver_at(L);
  gfc_driver *driver = self->driver;
  self->driver = NULL;
  gfc_driver_free(driver);
  lgf_tell_all(L, self, 1);
  return 0;
}

static int lgf_driver_gc(lua_State *L) {
  lgf_driver *self = lgf_driver_at(L);
  gfc_driver *driver = self->driver;
  self->driver = NULL;
  gfc_driver_free(driver);
  return 0;
}

/* ------------------------------------------------------------------------------------------ several drivers -- */

enum { LGF_FEW = 16 };

/* The drivers of the array at index 1, those that are open; how many. With news to tell, `*ms` becomes 0. */
static size_t lgf_read_drivers(lua_State *L, int n, gfc_driver **drivers, int *ms) {
  size_t open = 0;
  for (int i = 1; i <= n; i++) {
    lua_rawgeti(L, 1, i);
    const lgf_driver *self = luaL_checkudata(L, -1, LGF_DRIVER);
    if (self->driver) drivers[open++] = self->driver;
    if (self->n_news > 0) *ms = 0;
    lua_pop(L, 1);
  }
  return open;
}

/* Move the news of the driver on top to the array at index 3, behind the `n` that are there; how many are now. */
static int lgf_move_news(lua_State *L, lgf_driver *self, int n) {
  lgf_push_table(L, -1, LGF_NEWS);
  for (int i = 1; i <= self->n_news; i++) {
    lua_rawgeti(L, -1, i);
    lua_rawseti(L, 3, ++n);
    lua_pushnil(L);
    lua_rawseti(L, -2, i);
  }
  self->n_news = 0;
  lua_pop(L, 1);
  return n;
}

/* step(drivers, ms, news) → how many news, how many calls are not done: a turn of all drivers of the array, with one wait;
 * who waits for a call of which there is something new goes into the array `news`. Without calls there is no wait. */
static int lgf_step(lua_State *L) {
  gfc_driver *few[LGF_FEW], **drivers = few;
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checktype(L, 3, LUA_TTABLE);
  int n = (int)lua_rawlen(L, 1), ms = (int)luaL_checkinteger(L, 2), told = 0, left = 0;
  if (n > LGF_FEW) drivers = lgf_new(L, (size_t)n * sizeof *drivers);
  size_t open = lgf_read_drivers(L, n, drivers, &ms);
  if (open > 0) left = gfc_step(drivers, open, ms);
  for (int i = 1; i <= n; i++) {
    lua_rawgeti(L, 1, i);
    lgf_driver *self = lua_touserdata(L, -1);
    lgf_collect(L, self, lua_gettop(L));
    told = lgf_move_news(L, self, told);
    lua_pop(L, 1);
  }
  lua_pushinteger(L, told);
  lua_pushinteger(L, left);
  return 2;
}

/* --------------------------------------------------------------------------------------------------- making -- */

/* Field `name` of the table at index 1, left on the stack; NULL when there is none. */
static const char *lgf_option(lua_State *L, const char *name) {
  lua_getfield(L, 1, name);
  return lua_isnil(L, -1) ? NULL : luaL_checkstring(L, -1);
}

static void lgf_read_config(lua_State *L, gfc_config *config) {
  config->ca_file = lgf_option(L, "ca_file");
  config->ca_path = lgf_option(L, "ca_path");
  config->cert = lgf_option(L, "cert");
  config->key = lgf_option(L, "key");
  config->proxy = lgf_option(L, "proxy");
  lua_getfield(L, 1, "verify");
  if (!lua_isnil(L, -1)) config->verify = lua_toboolean(L, -1);
  lua_getfield(L, 1, "concurrency");
  if (!lua_isnil(L, -1)) config->concurrency = (int)luaL_checkinteger(L, -1);
}

/* driver(options) → driver; raises a sentence that names the option. */
static int lgf_driver_new(lua_State *L) {
  gfc_config config;
  gf_error error;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lgf_driver *self = lgf_new(L, sizeof *self);
  memset(self, 0, sizeof *self);
  luaL_getmetatable(L, LGF_DRIVER);
  lua_setmetatable(L, 2);
  lua_createtable(L, 2, 0);
  lua_newtable(L);
  lua_rawseti(L, -2, LGF_HELD);
  lua_newtable(L);
  lua_rawseti(L, -2, LGF_NEWS);
  lgf_hold(L, 2);
  gfc_config_init(&config);
  lgf_read_config(L, &config);
  self->driver = gfc_driver_new(&config, &error);
  if (self->driver == NULL) {
    lua_pushstring(L, error.message);
    return lua_error(L);
  }
  lua_settop(L, 2);
  return 1;
}

/* now() → milliseconds of a monotonic clock. */
static int lgf_now(lua_State *L) {
  lua_pushnumber(L, (lua_Number)gfc_now_ms());
  return 1;
}

int luaopen_grafana_curl(lua_State *L);
int luaopen_grafana_curl(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"driver", lgf_driver_new}, {"step", lgf_step}, {"now", lgf_now}, {NULL, NULL}};
  static const luaL_Reg methods[] = {
      {"add", lgf_driver_add},   {"step", lgf_driver_step},   {"wake", lgf_driver_wake},
      {"drop", lgf_driver_drop}, {"close", lgf_driver_close}, {NULL, NULL},
  };
  static const luaL_Reg meta[] = {{"__gc", lgf_driver_gc}, {"__close", lgf_driver_gc}, {NULL, NULL}};
  lgf_check_build(L, "grafana.curl");
  lgf_metatable(L, LGF_DRIVER, methods, meta);
  lua_newtable(L);
  lgf_register(L, functions);
  return 1;
}
