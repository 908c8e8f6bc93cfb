/* SPDX-License-Identifier: MIT
 *
 * lua_client.c: a connection as a userdata. It exists, closed, before the core's client does.
 */
#include "lua_bind.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

/* ------------------------------------------------------------------------------------------------- jitter -- */

/* SplitMix64 (Steele, Lea, Flood 2014). The process is mixed in, so that forked children do not march in step. */
static uint64_t lgf_random(void *ctx) {
  uint64_t *state = ctx;
  uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
  z ^= (uint64_t)getpid() << 32;
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

/* Retries of many processes must not fall together; no secret hangs on it. */
static uint64_t lgf_seed(const void *address) {
  struct timespec now = {0, 0};
  clock_gettime(CLOCK_REALTIME, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec + (uint64_t)(uintptr_t)address;
}

/* ---------------------------------------------------------------------------------------------- configuring -- */

/* The functions below read a field of the table at index 1. Its maker (options.lua) has checked it; what they find
 * missing leaves the default. Strings are left on the stack. */

static bool lgf_field(lua_State *L, const char *name) {
  lua_getfield(L, 1, name);
  return !lua_isnil(L, -1);
}

static void lgf_field_string(lua_State *L, const char *name, gf_str *out) {
  if (lgf_field(L, name)) out->p = luaL_checklstring(L, -1, &out->n);
}

static bool lgf_field_bool(lua_State *L, const char *name) {
  return lgf_field(L, name) && lua_toboolean(L, -1);
}

static void lgf_field_ms(lua_State *L, const char *name, int64_t *out) {
  if (lgf_field(L, name)) *out = (int64_t)luaL_checknumber(L, -1);
}

static void lgf_field_int(lua_State *L, const char *name, int *out) {
  if (lgf_field(L, name)) *out = (int)luaL_checknumber(L, -1);
}

/* An array of names and values in turn; the array of gf_header belongs to a userdata on the stack. */
static void lgf_field_headers(lua_State *L, gf_config *config) {
  if (!lgf_field(L, "headers")) return;
  int names = lua_gettop(L), n = (int)lua_rawlen(L, names) / 2;
  if (n == 0) return;
  gf_header *headers = lgf_new(L, (size_t)n * sizeof *headers);
  luaL_checkstack(L, 2 * n, "too many headers");
  for (int i = 0; i < n; i++) {
    lua_rawgeti(L, names, 2 * i + 1);
    headers[i].name.p = luaL_checklstring(L, -1, &headers[i].name.n);
    lua_rawgeti(L, names, 2 * i + 2);
    headers[i].value.p = luaL_checklstring(L, -1, &headers[i].value.n);
  }
  config->headers = headers;
  config->n_headers = (size_t)n;
}

static void lgf_field_org(lua_State *L, gf_config *config) {
  static const gf_param org = {.name = "org", .type = GF_T_ORG};
  if (lgf_field(L, "org") && !lgf_to_arg(L, -1, &org, &config->org)) luaL_error(L, "bad option 'org'");
}

static void lgf_read_config(lua_State *L, gf_config *config) {
  lua_Number max_body = 0;
  lgf_field_string(L, "url", &config->url);
  lgf_field_string(L, "user", &config->user);
  lgf_field_string(L, "password", &config->password);
  lgf_field_string(L, "token", &config->token);
  config->logs_in = lgf_field_bool(L, "logs_in");
  config->asks_for_token = lgf_field_bool(L, "asks_for_token");
  config->has_certificate = lgf_field_bool(L, "has_certificate");
  lgf_field_string(L, "user_agent", &config->user_agent);
  lgf_field_org(L, config);
  lgf_field_ms(L, "timeout", &config->timeout_ms);
  lgf_field_ms(L, "connect_timeout", &config->connect_timeout_ms);
  lgf_field_ms(L, "deadline", &config->deadline_ms);
  lgf_field_ms(L, "backoff_first", &config->backoff_first_ms);
  lgf_field_ms(L, "backoff_max", &config->backoff_max_ms);
  lgf_field_int(L, "max_retries", &config->max_retries);
  lgf_field_int(L, "concurrency", &config->concurrency);
  if (lgf_field(L, "backoff_multiplier")) config->backoff_multiplier = (double)luaL_checknumber(L, -1);
  if (lgf_field(L, "max_body") && (max_body = luaL_checknumber(L, -1)) > 0)
    config->max_body = (size_t)max_body;
  lgf_field_headers(L, config);
}

/* client(config) → client; raises a sentence when the core refuses the configuration. */
int lgf_client_new(lua_State *L) {
  gf_config config;
  gf_error error;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  luaL_checkstack(L, 40, NULL);
  gf_config_init(&config);
  lgf_client *self = lgf_new(L, sizeof *self);
  memset(self, 0, sizeof *self);
  luaL_getmetatable(L, LGF_CLIENT);
  lua_setmetatable(L, -2);
  self->random = lgf_seed(self);
  config.random = lgf_random;
  config.random_ctx = &self->random;
  lgf_read_config(L, &config);
  self->client = gf_client_new(&config, &error);
  if (self->client == NULL) {
    lua_pushstring(L, error.message);
    return lua_error(L);
  }
  lua_pushvalue(L, 2);
  return 1;
}

/* ------------------------------------------------------------------------------------------------- methods -- */

static gf_client *lgf_client_at(lua_State *L) {
  return ((lgf_client *)luaL_checkudata(L, 1, LGF_CLIENT))->client;
}

/* client:close(): the core wipes the credentials and cancels the calls; more calls may be made, which are done at once. */
static int lgf_client_close(lua_State *L) {
  gf_client *client = lgf_client_at(L);
  if (client) gf_client_close(client);
  return 0;
}

/* The userdata goes. Calls keep the core's client, closed, as long as they need it. */
static int lgf_client_gc(lua_State *L) {
  lgf_client *self = luaL_checkudata(L, 1, LGF_CLIENT);
  gf_client *client = self->client;
  self->client = NULL;
  if (client == NULL) return 0;
  gf_client_close(client);
  gf_client_release(client);
  return 0;
}

static int lgf_client_closed(lua_State *L) {
  gf_client *client = lgf_client_at(L);
  lua_pushboolean(L, client == NULL || gf_client_is_closed(client));
  return 1;
}

static int lgf_client_url(lua_State *L) {
  gf_client *client = lgf_client_at(L);
  lua_pushstring(L, client ? gf_client_url(client) : NULL);
  return 1;
}

static int lgf_client_auth(lua_State *L) {
  gf_client *client = lgf_client_at(L);
  lua_pushstring(L, client ? gf_client_auth(client) : NULL);
  return 1;
}

/* client:concurrency() → requests on the wire at once, at most. */
static int lgf_client_concurrency(lua_State *L) {
  gf_client *client = lgf_client_at(L);
  lua_pushinteger(L, client ? gf_client_concurrency(client) : 1);
  return 1;
}

/* client:refusals() → how often credentials that had never been accepted have been refused. */
static int lgf_client_refusals(lua_State *L) {
  gf_client *client = lgf_client_at(L);
  lua_pushinteger(L, client ? (lua_Integer)gf_client_refusals(client) : 0);
  return 1;
}

/* client:set_token(token): for a client that asks for it; raises a sentence when it cannot be one. */
static int lgf_client_set_token(lua_State *L) {
  gf_client *client = lgf_client_at(L);
  gf_error error;
  gf_str token;
  token.p = luaL_checklstring(L, 2, &token.n);
  if (client == NULL || gf_client_set_token(client, token, &error)) return 0;
  lua_pushstring(L, error.message);
  return lua_error(L);
}

void lgf_client_open(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"close", lgf_client_close},
      {"closed", lgf_client_closed},
      {"url", lgf_client_url},
      {"auth", lgf_client_auth},
      {"set_token", lgf_client_set_token},
      {"concurrency", lgf_client_concurrency},
      {"refusals", lgf_client_refusals},
      {NULL, NULL},
  };
  static const luaL_Reg meta[] = {{"__gc", lgf_client_gc}, {"__close", lgf_client_gc}, {NULL, NULL}};
  lgf_metatable(L, LGF_CLIENT, methods, meta);
}
