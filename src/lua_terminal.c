/* SPDX-License-Identifier: MIT
 *
 * lua_terminal.c: whether a file is a terminal, and how wide it is: for the line of progress.
 */
#include "lua_bind.h"

#include <lualib.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The FILE of the Lua file at index 1, NULL when it is closed; stderr when none is given. A Lua file begins with a pointer
 * to its FILE in every Lua; a closed one of 5.4 keeps the pointer and loses its function that closes. */
static FILE *lgf_file_at(lua_State *L) {
  if (lua_isnoneornil(L, 1)) return stderr;
#if LUA_VERSION_NUM >= 502
  const luaL_Stream *stream = luaL_checkudata(L, 1, LUA_FILEHANDLE);
  return stream->closef ? stream->f : NULL;
#else
  return *(FILE **)luaL_checkudata(L, 1, LUA_FILEHANDLE);
#endif
}

/* Columns of the terminal behind `fd`; 0 where it does not say. */
static int lgf_columns(int fd) {
#ifdef TIOCGWINSZ
  struct winsize size;
  if (ioctl(fd, TIOCGWINSZ, &size) == 0) return size.ws_col;
#else
  (void)fd;
#endif
  return 0;
}

/* terminal([file]) → the columns of the terminal that it is, 0 where that does not say, or nil where it is none. Without a
 * file, of standard error. */
int lgf_terminal(lua_State *L) {
  FILE *file = lgf_file_at(L);
  int fd = file ? fileno(file) : -1;
  if (fd < 0 || !isatty(fd)) return 0;
  lua_pushinteger(L, lgf_columns(fd));
  return 1;
}
