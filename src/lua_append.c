/* SPDX-License-Identifier: MIT
 *
 * lua_append.c: files that only grow: journals. What is appended is there whole or not at all, as long as the machine
 * runs; whether it outlives that is for sync() to say.
 */
#define _GNU_SOURCE /* flock */

#include "lua_files.h"
#include "lua_shared.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define APPEND "grafana.append"

/* A closed one has no descriptor: what is tried on it is refused with EBADF. */
typedef struct append {
  int fd;
  char path[];
} append;

static append *check_append(lua_State *L) { return luaL_checkudata(L, 1, APPEND); }

static append *new_append(lua_State *L, const char *path) {
  size_t n = strlen(path) + 1;
  append *a = lua_newuserdatauv(L, sizeof *a + n, 0);
  a->fd = -1;
  memcpy(a->path, path, n);
  luaL_getmetatable(L, APPEND);
  lua_setmetatable(L, -2);
  return a;
}

/* open_append(path) → file; made (mode 0600) where it is missing. */
int lgf_open_append(lua_State *L) {
  const char *path = lgf_check_path(L, 1);
  append *a = new_append(L, path);
  LGF_UNINTERRUPTED(a->fd, open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  return a->fd < 0 ? lgf_refuse_path(L, path, errno) : 1;
}

static bool get_size(const append *a, uint64_t *size) {
  struct stat st;
  if (fstat(a->fd, &st) != 0) return false;
  *size = (uint64_t)st.st_size;
  return true;
}

/* Take back what is beyond `size`, and keep errno. */
static void take_back(const append *a, uint64_t size) {
  int code = errno, result;
  LGF_UNINTERRUPTED(result, ftruncate(a->fd, (off_t)size));
  errno = code;
}

/* file:append(value, [{pretty, sorted}]) → where it begins, and its bytes. A string as it is, anything else as JSON and
 * the end of a line. What was written of it is taken back when the rest cannot be. */
static int append_append(lua_State *L) {
  append *a = check_append(L);
  uint64_t size = 0;
  lgf_bytes bytes = lgf_to_bytes(L, 2, "value", lgf_write_options(L, 3));
  bool ok = get_size(a, &size);
  if (ok && !lgf_write_all(a->fd, bytes.p, bytes.n)) {
    take_back(a, size);
    ok = false;
  }
  int code = errno;
  lgf_free_bytes(&bytes);
  if (!ok) return lgf_refuse_path(L, a->path, code);
  lgf_push_integer(L, (int64_t)size);
  lgf_push_integer(L, (int64_t)bytes.n);
  return 2;
}

static uint64_t check_offset(lua_State *L, int index) {
  lua_Number n = luaL_checknumber(L, index);
  luaL_argcheck(L, n >= 0 && n < 0x1p53 && n == (lua_Number)(uint64_t)n, index, "no number of bytes");
  return (uint64_t)n;
}

/* file:read(offset, length) → so much of it, or as much as there is. */
static int append_read(lua_State *L) {
  gf_allocator alloc = gf_default_allocator();
  append *a = check_append(L);
  uint64_t offset = check_offset(L, 2), length = check_offset(L, 3), size = 0;
  lgf_box *box = lgf_new_box(L);
  if (!get_size(a, &size)) return lgf_refuse_path(L, a->path, errno);
  uint64_t rest = size > offset ? size - offset : 0;
  size_t n = (size_t)(length < rest ? length : rest);
  box->text = alloc.resize(alloc.ctx, NULL, n + 1);
  if (!box->text) return lgf_refuse_path(L, a->path, ENOMEM);
  ptrdiff_t have = lgf_read_at(a->fd, box->text, n, offset);
  if (have < 0) return lgf_refuse_path(L, a->path, errno);
  lua_pushlstring(L, box->text, (size_t)have);
  lgf_close_box(box);
  return 1;
}

/* file:size() → bytes */
static int append_size(lua_State *L) {
  append *a = check_append(L);
  uint64_t size = 0;
  if (!get_size(a, &size)) return lgf_refuse_path(L, a->path, errno);
  lgf_push_integer(L, (int64_t)size);
  return 1;
}

/* file:sync() → true, once all of it is on the disk */
static int append_sync(lua_State *L) {
  append *a = check_append(L);
  int result;
  LGF_UNINTERRUPTED(result, fdatasync(a->fd));
  return lgf_push_done(L, result == 0, a->path);
}

/* file:truncate(n) → true: the first `n` bytes stay. */
static int append_truncate(lua_State *L) {
  append *a = check_append(L);
  uint64_t n = check_offset(L, 2);
  int result;
  LGF_UNINTERRUPTED(result, ftruncate(a->fd, (off_t)n));
  return lgf_push_done(L, result == 0, a->path);
}

/* file:lock() → true; nil, "locked" while somebody else has it. It ends with the file, or with the process. */
static int append_lock(lua_State *L) {
  append *a = check_append(L);
  int result;
  LGF_UNINTERRUPTED(result, flock(a->fd, LOCK_EX | LOCK_NB));
  if (result == 0 || errno != EWOULDBLOCK) return lgf_push_done(L, result == 0, a->path);
  lua_pushnil(L);
  lua_pushliteral(L, "locked");
  return 2;
}

/* file:is_there() → whether its path still leads to it. */
static int append_is_there(lua_State *L) {
  append *a = check_append(L);
  struct stat own, there;
  if (fstat(a->fd, &own) != 0) return lgf_refuse_path(L, a->path, errno);
  bool same = lstat(a->path, &there) == 0 && own.st_dev == there.st_dev && own.st_ino == there.st_ino;
  lua_pushboolean(L, same);
  return 1;
}

static int append_close(lua_State *L) {
  append *a = check_append(L);
  int fd = a->fd;
  a->fd = -1;
  if (fd < 0) return lgf_push_done(L, true, a->path);
  return lgf_push_done(L, close(fd) == 0 || errno == EINTR, a->path);
}

static int append_tostring(lua_State *L) {
  append *a = check_append(L);
  lua_pushstring(L, a->fd < 0 ? APPEND " (closed)" : APPEND);
  return 1;
}

void lgf_append_open(lua_State *L) {
  static const luaL_Reg meta[] = {
      {"__gc", append_close}, {"__close", append_close}, {"__tostring", append_tostring}, {NULL, NULL}};
  static const luaL_Reg methods[] = {
      {"append", append_append},     {"read", append_read},         {"size", append_size},
      {"sync", append_sync},         {"truncate", append_truncate}, {"lock", append_lock},
      {"is_there", append_is_there}, {"close", append_close},       {NULL, NULL}};
  lgf_metatable(L, APPEND, methods, meta);
}
