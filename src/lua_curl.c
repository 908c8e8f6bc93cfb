/* SPDX-License-Identifier: MIT
 *
 * lua_curl.c: the module grafana.curl: the libcurl driver as a userdata. No Lua runs inside libcurl's frames, and
 * nothing here yields: the loop that drives a call is in Lua (client.lua).
 */
#include "curl_driver.h"
#include "lua_shared.h"

#include <string.h>

#define LGF_DRIVER "grafana.curl.driver"

/* `driver` is NULL before gfc_driver_new and after closing. The userdata holds a table whose keys are the calls under
 * way: they live, and with them their clients, until they are done or dropped. */
typedef struct lgf_driver {
  gfc_driver *driver;
  int n_held; /* keys of that table */
} lgf_driver;

static lgf_driver *lgf_driver_at(lua_State *L) { return luaL_checkudata(L, 1, LGF_DRIVER); }

/* ------------------------------------------------------------------------------------------------- holding -- */

/* Hold the call at index 2, or let go of it. */
static void lgf_hold_call(lua_State *L, lgf_driver *self, bool hold) {
  lgf_push_held(L, 1);
  lua_pushvalue(L, 2);
  lua_rawget(L, -2);
  bool held = lua_toboolean(L, -1);
  lua_pop(L, 1);
  if (held != hold) {
    lua_pushvalue(L, 2);
    if (hold)
      lua_pushboolean(L, 1);
    else
      lua_pushnil(L);
    lua_rawset(L, -3);
    self->n_held += hold ? 1 : -1;
  }
  lua_pop(L, 1);
}

/* Let go of the calls that are done; the driver has released them already. */
static void lgf_let_go(lua_State *L, lgf_driver *self) {
  lgf_push_held(L, 1);
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    lua_pop(L, 1);
    gf_call *call = ((lgf_call *)lua_touserdata(L, -1))->call;
    if (call && !gf_call_is_done(call)) continue;
    lua_pushvalue(L, -1);
    lua_pushnil(L);
    lua_rawset(L, -4);
    self->n_held--;
  }
  lua_pop(L, 1);
}

/* ------------------------------------------------------------------------------------------------- methods -- */

/* driver:add(call): takes part in it from now on. A closed driver cancels it instead. */
static int lgf_driver_add(lua_State *L) {
  lgf_driver *self = lgf_driver_at(L);
  gf_call *call = ((lgf_call *)luaL_checkudata(L, 2, LGF_CALL))->call;
  if (call == NULL || gf_call_is_done(call)) return 0;
  if (self->driver == NULL) {
    gf_call_cancel(call);
    return 0;
  }
  lgf_hold_call(L, self, true);
  if (gfc_driver_add(self->driver, call)) return 0;
  lgf_hold_call(L, self, false);
  return luaL_error(L, "the call cannot be sent: it is being sent already, or memory is lacking");
}

/* driver:step(ms) → how many calls are not done. Waits at most `ms` for something to happen. */
static int lgf_driver_step(lua_State *L) {
  lgf_driver *self = lgf_driver_at(L);
  int ms = (int)luaL_checkinteger(L, 2), left = self->driver ? gfc_driver_step(self->driver, ms) : 0;
  if (self->n_held > left) lgf_let_go(L, self);
  lua_pushinteger(L, left);
  return 1;
}

/* driver:wake(): asks all calls at the next step. */
static int lgf_driver_wake(lua_State *L) {
  lgf_driver *self = lgf_driver_at(L);
  if (self->driver) gfc_driver_wake(self->driver);
  return 0;
}

/* driver:drop(call): breaks its transfers off. */
static int lgf_driver_drop(lua_State *L) {
  lgf_driver *self = lgf_driver_at(L);
  gf_call *call = ((lgf_call *)luaL_checkudata(L, 2, LGF_CALL))->call;
  if (self->driver && call) gfc_driver_drop(self->driver, call);
  lgf_hold_call(L, self, false);
  return 0;
}

/* driver:close(): drops all calls and closes the connections; twice is fine. */
static int lgf_driver_close(lua_State *L) {
  lgf_driver *self = lgf_driver_at(L);
  gfc_driver *driver = self->driver;
  self->driver = NULL;
  gfc_driver_free(driver);
  return 0;
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
  lua_newtable(L);
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
  static const luaL_Reg functions[] = {{"driver", lgf_driver_new}, {"now", lgf_now}, {NULL, NULL}};
  static const luaL_Reg methods[] = {
      {"add", lgf_driver_add},   {"step", lgf_driver_step},   {"wake", lgf_driver_wake},
      {"drop", lgf_driver_drop}, {"close", lgf_driver_close}, {NULL, NULL},
  };
  static const luaL_Reg meta[] = {{"__gc", lgf_driver_close}, {"__close", lgf_driver_close}, {NULL, NULL}};
  lgf_check_build(L, "grafana.curl");
  lgf_metatable(L, LGF_DRIVER, methods, meta);
  lua_newtable(L);
  lgf_register(L, functions);
  return 1;
}
