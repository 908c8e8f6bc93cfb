/* SPDX-License-Identifier: MIT
 *
 * gf_alloc.h: memory, a growing buffer, and strings with a length. Internal to the core.
 *
 * Every allocation of the core goes through a gf_allocator. Nothing here aborts: what lacks memory returns NULL or
 * false, and a buffer remembers it.
 */
#ifndef GF_ALLOC_H
#define GF_ALLOC_H

#include "grafana.h"

#include <string.h>

/* --- memory --- */
/* `size` bytes, uninitialised (gf_alloc) or zeros (gf_zalloc); a size of 0 gives one byte. NULL without memory. */
void *gf_alloc(const gf_allocator *alloc, size_t size);
void *gf_zalloc(const gf_allocator *alloc, size_t size);
/* Make `p` (NULL: nothing yet) `size` bytes large; NULL without memory, and then `p` is as it was. Never frees. */
void *gf_resize(const gf_allocator *alloc, void *p, size_t size);
void gf_free(const gf_allocator *alloc, void *p); /* NULL is fine */
/* A copy with a zero behind it, NULL without memory. */
char *gf_strdup_n(const gf_allocator *alloc, gf_str s);

/* --- a growing buffer --- */
/* Holds at most `max` bytes. A failure is sticky: later additions do nothing, so that callers check `failed` (or the
 * result of gf_buf_take) once at the end. `p` is not zero-terminated until gf_buf_take; NULL while nothing was added. */
typedef struct gf_buf {
  const gf_allocator *alloc; /* must outlive the buffer */
  char *p;
  size_t n, cap, max;
  bool failed;    /* something could not be added */
  bool too_large; /* because it would have passed `max`, not for lack of memory */
  bool is_secret; /* memory is overwritten before it is given back */
} gf_buf;

void gf_buf_init(gf_buf *buf, const gf_allocator *alloc, size_t max); /* allocates nothing */
void gf_buf_init_secret(gf_buf *buf, const gf_allocator *alloc, size_t max);
/* Overwrite, in a way that compilers keep. */
void gf_wipe_bytes(char *bytes, size_t n);
void gf_buf_add(gf_buf *buf, const char *bytes, size_t n);
void gf_buf_add_str(gf_buf *buf, const char *z); /* zero-terminated */
void gf_buf_add_char(gf_buf *buf, char c);
void gf_buf_add_int(gf_buf *buf, int64_t i); /* decimal digits */
/* Make room for `more` bytes and a final zero, to be written at `p + n` by the caller, who then adds to `n`. */
bool gf_buf_reserve(gf_buf *buf, size_t more);
/* Give the bytes away, zero-terminated, for the caller to free; NULL if anything failed. Either way the buffer is
 * empty and usable afterwards. Read `n` before. */
char *gf_buf_take(gf_buf *buf);
void gf_buf_free(gf_buf *buf); /* empty and usable afterwards; twice is fine */

/* --- strings with a length --- */
static inline gf_str gf_z(const char *z) { /* of a zero-terminated string; NULL gives the empty one */
  return (gf_str){z, z ? strlen(z) : 0};
}
static inline bool gf_str_same(gf_str a, gf_str b) {
  return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
static inline bool gf_str_eq(gf_str s, const char *z) { return gf_str_same(s, gf_z(z)); }
/* Bytes in order, the shorter first: <0, 0, >0. */
static inline int gf_str_compare(gf_str a, gf_str b) {
  size_t n = a.n < b.n ? a.n : b.n;
  int order = n ? memcmp(a.p, b.p, n) : 0;
  return order ? order : (a.n > b.n) - (a.n < b.n);
}
/* ASCII letters without regard to case. */
bool gf_str_ieq(gf_str s, const char *z);
bool gf_str_contains_ci(gf_str hay, const char *needle); /* an empty needle is in every string */

#endif
