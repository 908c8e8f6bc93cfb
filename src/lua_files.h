/* SPDX-License-Identifier: MIT
 *
 * lua_files.h: what the two halves of core.files share: functions on paths (lua_files.c) and files that only grow
 * (lua_append.c). Nothing here raises but for wrong arguments and lacking memory: what the system refuses comes back as
 * nil, "path: what it says", "ENOENT".
 */
#ifndef LUA_FILES_H
#define LUA_FILES_H

#include "lua_json.h"

/* The path at `index`; raises for what cannot be one. */
const char *lgf_check_path(lua_State *L, int index);

/* Push nil, a message that names `path`, and errno's name; 3. */
int lgf_refuse_path(lua_State *L, const char *path, int code);

/* Push true (and 1) when `ok`, else what lgf_refuse_path does, with errno. */
int lgf_push_done(lua_State *L, bool ok, const char *path);

/* What is to be written. A string as it is; everything else as its JSON text, and the end of a line. */
typedef struct lgf_bytes {
  const char *p;
  size_t n;
  lgf_box *owner; /* on the stack; NULL: they are those of a string at the index */
} lgf_bytes;

/* The bytes of the value at `index`; raises where it cannot be JSON, calling it `what`. */
lgf_bytes lgf_to_bytes(lua_State *L, int index, const char *what, gf_write how);
void lgf_free_bytes(lgf_bytes *bytes); /* sooner than the collector would */

/* Write all of it, however many pieces that takes; false with errno set. */
bool lgf_write_all(int fd, const char *p, size_t n);
/* Read up to `n` bytes from `offset` on; how many there were, or -1 with errno set. */
ptrdiff_t lgf_read_at(int fd, char *p, size_t n, uint64_t offset);

/* Repeat `call` while a signal interrupts it. */
#define LGF_UNINTERRUPTED(result, call)                                                                      \
  do {                                                                                                       \
    (result) = (call);                                                                                       \
  } while ((result) < 0 && errno == EINTR)

/* open_append(path) → a file that only grows */
int lgf_open_append(lua_State *L);
void lgf_append_open(lua_State *L); /* its type */

/* Add to the table on top: files. */
void lgf_files_open(lua_State *L);

#endif
