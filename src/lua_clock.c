/* SPDX-License-Identifier: MIT
 *
 * lua_clock.c: the time for what is written in Lua: the core has no clock, and Lua's own is neither monotonic nor fine.
 */
#include "lua_bind.h"

#include <time.h>

enum { LGF_LONGEST_MS = 1000 * 1000 * 1000 }; /* that fits a time_t of 32 bits */

/* now() → milliseconds of a monotonic clock. */
int lgf_clock_now(lua_State *L) {
  struct timespec now = {0, 0};
  clock_gettime(CLOCK_MONOTONIC, &now);
  lua_pushnumber(L, (lua_Number)now.tv_sec * 1000 + (lua_Number)(now.tv_nsec / 1000000));
  return 1;
}

/* sleep(ms): nobody else runs meanwhile. A signal ends it early, so that Lua sees Ctrl-C. */
int lgf_clock_sleep(lua_State *L) {
  lua_Number ms = luaL_checknumber(L, 1);
  if (!(ms > 0)) return 0;
  long whole = ms < LGF_LONGEST_MS ? (long)ms : LGF_LONGEST_MS;
  struct timespec time = {.tv_sec = whole / 1000, .tv_nsec = whole % 1000 * 1000000};
  nanosleep(&time, NULL);
  return 0;
}
