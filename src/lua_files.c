/* SPDX-License-Identifier: MIT
 *
 * lua_files.c: core.files, for backups and journals: folders, files that are there whole or not at all, digests. What Lua
 * lacks of POSIX for that, and no more. A path's last part is never followed where it is a symbolic link.
 */
#define _GNU_SOURCE /* syncfs */

#include "lua_files.h"

#include "gf_sha256.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FOLDER "grafana.folder"
#define READ_AT_ONCE 65536

/* --- what the system refuses --- */

static const char *name_of(int code) {
  switch (code) {
  case EACCES: return "EACCES";
  case EBADF: return "EBADF";
  case EBUSY: return "EBUSY";
  case EDQUOT: return "EDQUOT";
  case EEXIST: return "EEXIST";
  case EFBIG: return "EFBIG";
  case EINVAL: return "EINVAL";
  case EIO: return "EIO";
  case EISDIR: return "EISDIR";
  case ELOOP: return "ELOOP";
  case EMFILE: return "EMFILE";
  case EMLINK: return "EMLINK";
  case ENAMETOOLONG: return "ENAMETOOLONG";
  case ENFILE: return "ENFILE";
  case ENODEV: return "ENODEV";
  case ENOENT: return "ENOENT";
  case ENOLCK: return "ENOLCK";
  case ENOMEM: return "ENOMEM";
  case ENOSPC: return "ENOSPC";
  case ENOTDIR: return "ENOTDIR";
  case ENOTEMPTY: return "ENOTEMPTY";
  case ENOTSUP: return "ENOTSUP";
  case ENXIO: return "ENXIO";
  case EPERM: return "EPERM";
  case EROFS: return "EROFS";
  case ESTALE: return "ESTALE";
  case ETXTBSY: return "ETXTBSY";
  case EXDEV: return "EXDEV";
  default: return NULL;
  }
}

/* Whether a byte of a path is to be escaped: a control character, also of those that UTF-8 writes as C2 80 to C2 9F; of
 * what is no UTF-8 all that is not ASCII. */
static bool is_unfit(const unsigned char *p, bool utf8) {
  if (*p < 0x20 || *p == 0x7f) return true;
  if (!utf8) return *p >= 0x80;
  return p[0] == 0xc2 && p[1] < 0xa0;
}

static void push_path(lua_State *L, const char *path) {
  bool utf8 = gf_is_utf8((gf_str){path, strlen(path)});
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  for (const unsigned char *p = (const unsigned char *)path; *p; p++) {
    char escape[8];
    bool two = utf8 && *p == 0xc2;
    if (!is_unfit(p, utf8)) {
      luaL_addchar(&b, (char)*p);
      continue;
    }
    snprintf(escape, sizeof escape, "\\x%02x", two ? *++p : *p);
    luaL_addstring(&b, escape);
  }
  luaL_pushresult(&b);
}

static const char *words_for(int code) {
  return code == ELOOP ? "Is a symbolic link, or behind too many of them" : strerror(code);
}

int lgf_refuse_path(lua_State *L, const char *path, int code) {
  lua_pushnil(L);
  push_path(L, path);
  lua_pushfstring(L, "%s: %s", lua_tostring(L, -1), words_for(code));
  lua_remove(L, -2);
  if (name_of(code)) {
    lua_pushstring(L, name_of(code));
  } else {
    lua_pushfstring(L, "E%d", code);
  }
  return 3;
}

int lgf_push_done(lua_State *L, bool ok, const char *path) {
  if (!ok) return lgf_refuse_path(L, path, errno);
  lua_pushboolean(L, 1);
  return 1;
}

const char *lgf_check_path(lua_State *L, int index) {
  size_t n;
  const char *path = luaL_checklstring(L, index, &n);
  luaL_argcheck(L, n > 0 && strlen(path) == n, index, n > 0 ? "a path has no zero bytes" : "an empty path");
  return path;
}

/* --- bytes --- */

/* gf_value_write leaves room for a zero behind the text: there goes the end of the line. */
static lgf_bytes document_bytes(lua_State *L, int index, const char *what, gf_write how) {
  gf_allocator alloc = gf_default_allocator();
  gf_json_error error = {0};
  gf_doc *doc = lgf_test_document(L, index);
  if (!doc) doc = lgf_to_document(L, index, what, NULL);
  lgf_box *box = lgf_new_box(L);
  lgf_bytes bytes = {.owner = box};
  box->text = gf_value_write(&alloc, gf_doc_root(doc), how, &bytes.n, &error);
  if (!box->text) lgf_raise(L, &error);
  box->text[bytes.n++] = '\n';
  bytes.p = box->text;
  return bytes;
}

lgf_bytes lgf_to_bytes(lua_State *L, int index, const char *what, gf_write how) {
  luaL_checkany(L, index);
  if (lua_type(L, index) != LUA_TSTRING) return document_bytes(L, index, what, how);
  lgf_bytes bytes = {0};
  bytes.p = lua_tolstring(L, index, &bytes.n);
  return bytes;
}

void lgf_free_bytes(lgf_bytes *bytes) {
  if (bytes->owner) lgf_close_box(bytes->owner);
}

bool lgf_write_all(int fd, const char *p, size_t n) {
  while (n > 0) {
    ssize_t written;
    LGF_UNINTERRUPTED(written, write(fd, p, n));
    if (written < 0) return false;
    p += written;
    n -= (size_t)written;
  }
  return true;
}

ptrdiff_t lgf_read_at(int fd, char *p, size_t n, uint64_t offset) {
  size_t have = 0;
  while (have < n) {
    ssize_t part;
    LGF_UNINTERRUPTED(part, pread(fd, p + have, n - have, (off_t)(offset + have)));
    if (part < 0) return -1;
    if (part == 0) break;
    have += (size_t)part;
  }
  return (ptrdiff_t)have;
}

/* After close(2) says EINTR the descriptor is gone: never again. */
static bool close_keeping(int fd) {
  int code = errno;
  bool closed = close(fd) == 0 || errno == EINTR;
  if (closed) errno = code;
  return closed;
}

/* --- folders --- */

static mode_t mode_at(lua_State *L, int index) {
  lua_Number mode = luaL_optnumber(L, index, 0700);
  luaL_argcheck(L, mode >= 0 && mode <= 07777 && mode == (lua_Number)(unsigned)mode, index, "no mode");
  return (mode_t)mode;
}

static bool is_directory(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool make_dir(const char *path, mode_t mode) {
  if (mkdir(path, mode) == 0) return true;
  int code = errno;
  bool there = is_directory(path);
  errno = code == EEXIST ? ENOTDIR : code; /* says more */
  return there;
}

/* make_dir(path, [mode]) → true; one that is there is fine, and keeps its mode. 0700 unless told otherwise. */
static int files_make_dir(lua_State *L) {
  const char *path = lgf_check_path(L, 1);
  return lgf_push_done(L, make_dir(path, mode_at(L, 2)), path);
}

/* make_dirs(path, [mode]) → true; those that it is in are made too. */
static int files_make_dirs(lua_State *L) {
  const char *path = lgf_check_path(L, 1);
  mode_t mode = mode_at(L, 2);
  size_t n = strlen(path);
  char *part = memcpy(lua_newuserdatauv(L, n + 1, 0), path, n + 1);
  for (size_t i = 1; i < n; i++) {
    if (path[i] != '/' || path[i - 1] == '/') continue;
    part[i] = '\0';
    if (!make_dir(part, mode)) return lgf_refuse_path(L, part, errno);
    part[i] = '/';
  }
  return lgf_push_done(L, make_dir(path, mode), path);
}

/* A folder that is being read. */
typedef struct folder {
  DIR *dir;
} folder;

static int folder_close(lua_State *L) {
  folder *f = luaL_checkudata(L, 1, FOLDER);
  DIR *dir = f->dir;
  f->dir = NULL;
  if (dir) closedir(dir);
  return 0;
}

static folder *new_folder(lua_State *L) {
  folder *f = lua_newuserdatauv(L, sizeof *f, 0);
  f->dir = NULL;
  luaL_getmetatable(L, FOLDER);
  lua_setmetatable(L, -2);
  return f;
}

/* Put the names in `dir` into the table on top; how many, or -1 with errno set. */
static int take_names(lua_State *L, DIR *dir) {
  int n = 0;
  for (;;) {
    errno = 0;
    const struct dirent *entry = readdir(dir);
    if (!entry) return errno == 0 ? n : -1;
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    lua_pushstring(L, entry->d_name);
    lua_rawseti(L, -2, ++n);
  }
}

static int compare_names(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Push the `n` strings of the table on top as a table in the order of their bytes, whatever the locale. */
static void push_sorted(lua_State *L, int n) {
  int table = lua_gettop(L);
  const char **names = lua_newuserdatauv(L, ((size_t)n + 1) * sizeof *names, 0);
  for (int i = 0; i < n; i++) {
    lua_rawgeti(L, table, i + 1);
    names[i] = lua_tostring(L, -1); /* the table keeps it */
    lua_pop(L, 1);
  }
  qsort(names, (size_t)n, sizeof *names, compare_names);
  lua_createtable(L, n, 0);
  for (int i = 0; i < n; i++) {
    lua_pushstring(L, names[i]);
    lua_rawseti(L, -2, i + 1);
  }
}

/* list(path) → the names in a folder, sorted by bytes. */
static int files_list(lua_State *L) {
  const char *path = lgf_check_path(L, 1);
  folder *f = new_folder(L);
  f->dir = opendir(path);
  if (!f->dir) return lgf_refuse_path(L, path, errno);
  lua_newtable(L);
  int n = take_names(L, f->dir), code = errno;
  closedir(f->dir);
  f->dir = NULL;
  if (n < 0) return lgf_refuse_path(L, path, code);
  push_sorted(L, n);
  return 1;
}

static int files_remove_dir(lua_State *L) {
  const char *path = lgf_check_path(L, 1);
  return lgf_push_done(L, rmdir(path) == 0, path);
}

/* --- what is there --- */

static const char *kind_of(mode_t mode) {
  return S_ISREG(mode) ? "file" : S_ISDIR(mode) ? "directory" : S_ISLNK(mode) ? "link" : "other";
}

/* kind(path) → "file", "directory", "link", "other"; where there is nothing, nil, message, "ENOENT". */
static int files_kind(lua_State *L) {
  const char *path = lgf_check_path(L, 1);
  struct stat st;
  if (lstat(path, &st) != 0) return lgf_refuse_path(L, path, errno);
  lua_pushstring(L, kind_of(st.st_mode));
  return 1;
}

/* size(path) → bytes. */
static int files_size(lua_State *L) {
  const char *path = lgf_check_path(L, 1);
  struct stat st;
  if (lstat(path, &st) != 0) return lgf_refuse_path(L, path, errno);
  lgf_push_integer(L, (int64_t)st.st_size);
  return 1;
}

/* mode(path) → the bits of its permissions. */
static int files_mode(lua_State *L) {
  const char *path = lgf_check_path(L, 1);
  struct stat st;
  if (lstat(path, &st) != 0) return lgf_refuse_path(L, path, errno);
  lua_pushinteger(L, (lua_Integer)(st.st_mode & 07777));
  return 1;
}

/* set_mode(path, mode) → true */
static int files_set_mode(lua_State *L) {
  const char *path = lgf_check_path(L, 1);
  luaL_checknumber(L, 2);
  return lgf_push_done(L, chmod(path, mode_at(L, 2)) == 0, path);
}

static int files_remove(lua_State *L) {
  const char *path = lgf_check_path(L, 1);
  return lgf_push_done(L, unlink(path) == 0, path);
}

/* rename(from, to) → true; what was at `to` is replaced. */
static int files_rename(lua_State *L) {
  const char *from = lgf_check_path(L, 1), *to = lgf_check_path(L, 2);
  if (rename(from, to) == 0) return lgf_push_done(L, true, to);
  return lgf_refuse_path(L, lua_pushfstring(L, "%s to %s", from, to), errno);
}

/* --- reading --- */

/* A regular file for reading; -1 with errno set. A pipe of that name does not block. */
static int open_file(const char *path, struct stat *st) {
  int fd;
  LGF_UNINTERRUPTED(fd, open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (fd < 0) return -1;
  int code = fstat(fd, st) != 0 ? errno : S_ISDIR(st->st_mode) ? EISDIR : S_ISREG(st->st_mode) ? 0 : EINVAL;
  if (code == 0) return fd;
  close_keeping(fd);
  errno = code;
  return -1;
}

/* The contents of a file in memory of gf_default_allocator(), with room for `more` bytes; NULL with errno set. */
static char *load(const char *path, size_t more, size_t *n) {
  gf_allocator alloc = gf_default_allocator();
  struct stat st;
  int fd = open_file(path, &st);
  if (fd < 0) return NULL;
  char *text = alloc.resize(alloc.ctx, NULL, (size_t)st.st_size + more);
  ptrdiff_t have = text ? lgf_read_at(fd, text, (size_t)st.st_size, 0) : -1;
  int code = text ? errno : ENOMEM;
  close_keeping(fd);
  if (have < 0) {
    alloc.resize(alloc.ctx, text, 0);
    errno = code;
    return NULL;
  }
  *n = (size_t)have;
  return text;
}

/* read(path) → its text */
static int files_read(lua_State *L) {
  const char *path = lgf_check_path(L, 1);
  lgf_box *box = lgf_new_box(L);
  size_t n = 0;
  box->text = load(path, 1, &n);
  if (!box->text) return lgf_refuse_path(L, path, errno);
  lua_pushlstring(L, box->text, n);
  lgf_close_box(box);
  return 1;
}

/* Push nil and why the file at `path` is no JSON. */
static int refuse_json(lua_State *L, const char *path, const gf_json_error *error) {
  if (error->no_memory) return lgf_raise(L, error);
  lua_pushnil(L);
  push_path(L, path);
  lua_pushfstring(L, "%s: %s", lua_tostring(L, -1), error->message);
  lua_remove(L, -2);
  return 2;
}

static void get_sha256(const char *p, size_t n, char hex[65]) {
  gf_sha256 sha;
  gf_sha256_init(&sha);
  gf_sha256_add(&sha, p, n);
  gf_sha256_hex(&sha, hex);
}

/* read_document(path, [{digest}]) → the document in it, and with `digest` the SHA-256 of the file; where it is no JSON,
 * nil and a message. */
static int files_read_document(lua_State *L) {
  static const char *const names[] = {"digest", NULL};
  bool wanted = false, *const out[] = {&wanted};
  const char *path = lgf_check_path(L, 1);
  gf_allocator alloc = gf_default_allocator();
  gf_json_error error = {0};
  size_t n = 0;
  char hex[65];
  lgf_options(L, 2, names, out);
  lgf_box *box = lgf_new_box(L);
  char *text = load(path, YYJSON_PADDING_SIZE, &n);
  if (!text) return lgf_refuse_path(L, path, errno);
  if (wanted) get_sha256(text, n, hex); /* parsing changes the text */
  box->doc = gf_doc_parse_owned(&alloc, text, n, &error);
  if (!box->doc) return refuse_json(L, path, &error);
  if (wanted) lua_pushlstring(L, hex, 64);
  lgf_tell_size(L, box);
  return wanted ? 2 : 1;
}

/* --- digests --- */

static void push_sha256(lua_State *L, const char *p, size_t n) {
  char hex[65];
  get_sha256(p, n, hex);
  lua_pushlstring(L, hex, 64);
}

/* sha256(text) → 64 hex digits */
static int files_sha256(lua_State *L) {
  size_t n;
  const char *p = luaL_checklstring(L, 1, &n);
  push_sha256(L, p, n);
  return 1;
}

static bool digest_of(int fd, char hex[65]) {
  char part[READ_AT_ONCE];
  gf_sha256 sha;
  gf_sha256_init(&sha);
  ptrdiff_t n;
  for (uint64_t at = 0; (n = lgf_read_at(fd, part, sizeof part, at)) > 0; at += (uint64_t)n)
    gf_sha256_add(&sha, part, (size_t)n);
  if (n < 0) return false;
  gf_sha256_hex(&sha, hex);
  return true;
}

/* digest(path) → the SHA-256 of a file, of which no more than a piece is in memory. */
static int files_digest(lua_State *L) {
  const char *path = lgf_check_path(L, 1);
  struct stat st;
  char hex[65];
  int fd = open_file(path, &st);
  if (fd < 0) return lgf_refuse_path(L, path, errno);
  bool ok = digest_of(fd, hex);
  close_keeping(fd);
  if (!ok) return lgf_refuse_path(L, path, errno);
  lua_pushlstring(L, hex, 64);
  return 1;
}

/* --- writing: whole or not at all --- */

#define NEW_NAME "/.new-" /* a file that is being written; one that is left over belongs to who was killed */
#define NEW_DIGITS 32

/* How many bytes of `path` name its folder; "." where it names none. */
static size_t folder_length(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? (size_t)(slash - path) : 0;
}

/* A name beside `path` that nobody else uses. `out` has room for it. */
static void new_name(const char *path, char *out) {
  struct timespec now = {0, 0};
  size_t n = folder_length(path);
  clock_gettime(CLOCK_MONOTONIC, &now);
  memcpy(out, path, n);
  if (n == 0 && path[0] != '/') out[n++] = '.';
  snprintf(out + n, sizeof NEW_NAME + NEW_DIGITS, NEW_NAME "%lx-%lx%07lx",
           (unsigned long)getpid() & 0xffffffff, (unsigned long)now.tv_sec & 0xffffffff,
           (unsigned long)now.tv_nsec);
}

static int create(const char *path, char *name) {
  int fd, left = 100;
  do {
    new_name(path, name);
    LGF_UNINTERRUPTED(fd, open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  } while (fd < 0 && errno == EEXIST && --left > 0);
  return fd;
}

static bool sync_file(int fd) {
  int result;
  LGF_UNINTERRUPTED(result, fsync(fd));
  return result == 0;
}

/* Put the bytes at `path` by way of the new file `name`; false with errno set, and nothing left behind. */
static bool replace(const char *path, char *name, const lgf_bytes *bytes, bool sync) {
  int fd = create(path, name);
  if (fd < 0) return false;
  bool ok = lgf_write_all(fd, bytes->p, bytes->n) && (!sync || sync_file(fd));
  ok = close_keeping(fd) && ok;
  if (ok && rename(name, path) == 0) return true;
  int code = errno;
  unlink(name);
  errno = code;
  return false;
}

/* Whether a regular file has just these bytes. */
static bool has_bytes(const char *path, const lgf_bytes *bytes) {
  char part[READ_AT_ONCE];
  struct stat st;
  int fd = open_file(path, &st);
  if (fd < 0) return false;
  bool same = (uint64_t)st.st_size == bytes->n;
  size_t done = 0;
  while (same && done < bytes->n) {
    size_t n = bytes->n - done < sizeof part ? bytes->n - done : sizeof part;
    same = lgf_read_at(fd, part, n, done) == (ptrdiff_t)n && memcmp(part, bytes->p + done, n) == 0;
    done += n;
  }
  close_keeping(fd);
  return same;
}

typedef struct write_options {
  bool sync, digest, if_changed;
  gf_write how;
} write_options;

static void check_write_options(lua_State *L, int index, write_options *o) {
  static const char *const names[] = {"sync", "digest", "if_changed", "pretty", "sorted", NULL};
  bool *const out[] = {&o->sync, &o->digest, &o->if_changed, &o->how.pretty, &o->how.sorted};
  lgf_options(L, index, names, out);
}

/* write(path, value, [{sync, digest, if_changed, pretty, sorted}]) → true, or the SHA-256 of what was written; whether it
 * was. A string is written as it is, anything else as JSON and the end of a line. The file is there whole (mode 0600)
 * or as it was. With `if_changed` one that holds just that already is left alone. */
static int files_write(lua_State *L) {
  const char *path = lgf_check_path(L, 1);
  write_options o = {0};
  lua_settop(L, 3);
  check_write_options(L, 3, &o);
  char *name = lua_newuserdatauv(L, strlen(path) + sizeof NEW_NAME + NEW_DIGITS + 1, 0);
  lgf_bytes bytes = lgf_to_bytes(L, 2, "value", o.how);
  bool kept = o.if_changed && has_bytes(path, &bytes);
  if (!kept && !replace(path, name, &bytes, o.sync)) {
    int code = errno;
    lgf_free_bytes(&bytes);
    return lgf_refuse_path(L, path, code);
  }
  if (o.digest) {
    push_sha256(L, bytes.p, bytes.n);
  } else {
    lua_pushboolean(L, 1);
  }
  lua_pushboolean(L, !kept);
  lgf_free_bytes(&bytes);
  return 2;
}

/* --- to the disk --- */

static int open_folder(const char *path) {
  int fd;
  LGF_UNINTERRUPTED(fd, open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fd;
}

/* sync_dir(path) → true, once the names in a folder are on the disk. */
static int files_sync_dir(lua_State *L) {
  const char *path = lgf_check_path(L, 1);
  int fd = open_folder(path);
  if (fd < 0) return lgf_refuse_path(L, path, errno);
  bool ok = sync_file(fd);
  close_keeping(fd);
  return lgf_push_done(L, ok, path);
}

static bool sync_disk(int fd) {
#ifdef __linux__
  int result;
  LGF_UNINTERRUPTED(result, syncfs(fd));
  return result == 0;
#else
  (void)fd;
  sync();
  return true;
#endif
}

/* sync_all(path) → true, once everything on the disk of a folder is there: for many files at once. */
static int files_sync_all(lua_State *L) {
  const char *path = lgf_check_path(L, 1);
  int fd = open_folder(path);
  if (fd < 0) return lgf_refuse_path(L, path, errno);
  bool ok = sync_disk(fd);
  close_keeping(fd);
  return lgf_push_done(L, ok, path);
}

/* --- the table --- */

void lgf_files_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"make_dir", files_make_dir},
                                       {"make_dirs", files_make_dirs},
                                       {"list", files_list},
                                       {"remove_dir", files_remove_dir},
                                       {"kind", files_kind},
                                       {"size", files_size},
                                       {"mode", files_mode},
                                       {"set_mode", files_set_mode},
                                       {"remove", files_remove},
                                       {"rename", files_rename},
                                       {"read", files_read},
                                       {"read_document", files_read_document},
                                       {"write", files_write},
                                       {"sha256", files_sha256},
                                       {"digest", files_digest},
                                       {"sync_dir", files_sync_dir},
                                       {"sync_all", files_sync_all},
                                       {"open_append", lgf_open_append},
                                       {NULL, NULL}};
  luaL_newmetatable(L, FOLDER);
  lua_pushcfunction(L, folder_close);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
  lgf_append_open(L);
  luaL_newlib(L, functions);
  lua_setfield(L, -2, "files");
}
