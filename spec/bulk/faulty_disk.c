/* SPDX-License-Identifier: MIT
 * Preloaded by files_spec.lua: every other call is interrupted by a signal, and what is written or read comes in pieces. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/types.h>

enum { PIECE = 5 };

static int interrupted(void) {
  static int calls;
  if (++calls % 2 == 0) return 0;
  errno = EINTR;
  return 1;
}

#define REAL(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *p, size_t n);
ssize_t pread(int fd, void *p, size_t n, off_t offset);
ssize_t pread64(int fd, void *p, size_t n, off_t offset);
int open(const char *path, int flags, ...);
int fsync(int fd);
int fdatasync(int fd);
int syncfs(int fd);
int flock(int fd, int how);
int ftruncate(int fd, off_t n);
int close(int fd);

ssize_t write(int fd, const void *p, size_t n) {
  if (fd > 2 && interrupted()) return -1;
  return REAL(write)(fd, p, fd > 2 && n > PIECE ? PIECE : n);
}
ssize_t pread(int fd, void *p, size_t n, off_t offset) {
  return interrupted() ? -1 : REAL(pread)(fd, p, n > PIECE ? PIECE : n, offset);
}
int open(const char *path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  mode_t mode = va_arg(list, mode_t);
  va_end(list);
  return interrupted() ? -1 : REAL(open)(path, flags, mode);
}
int fsync(int fd) { return interrupted() ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return interrupted() ? -1 : REAL(fdatasync)(fd); }
int syncfs(int fd) { return interrupted() ? -1 : REAL(syncfs)(fd); }
int flock(int fd, int how) { return interrupted() ? -1 : REAL(flock)(fd, how); }
int ftruncate(int fd, off_t n) { return interrupted() ? -1 : REAL(ftruncate)(fd, n); }
/* As Linux does: the descriptor is gone all the same. */
int close(int fd) {
  int result = REAL(close)(fd);
  return interrupted() ? -1 : result;
}
