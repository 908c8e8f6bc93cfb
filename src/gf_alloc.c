/* SPDX-License-Identifier: MIT
 * Memory, a growing buffer, and strings with a length. */
#include "gf_alloc.h"

#include <stdlib.h>

#define FIRST_CAP 64

/* --- memory --- */

static void *c_resize(void *ctx, void *p, size_t size) {
  (void)ctx;
  if (size > 0) {
    return realloc(p, size);
  }
  free(p);
  return NULL;
}

gf_allocator gf_default_allocator(void) { return (gf_allocator){.resize = c_resize, .ctx = NULL}; }

void *gf_resize(const gf_allocator *alloc, void *p, size_t size) {
  return alloc->resize(alloc->ctx, p, size > 0 ? size : 1);
}

void *gf_alloc(const gf_allocator *alloc, size_t size) { return gf_resize(alloc, NULL, size); }

void *gf_zalloc(const gf_allocator *alloc, size_t size) {
  void *p = gf_alloc(alloc, size);
  return p ? memset(p, 0, size) : NULL;
}

void gf_free(const gf_allocator *alloc, void *p) {
  if (p) {
    (void)alloc->resize(alloc->ctx, p, 0);
  }
}

char *gf_strdup_n(const gf_allocator *alloc, gf_str s) {
  if (s.n == SIZE_MAX) {
    return NULL;
  }
  char *copy = gf_alloc(alloc, s.n + 1);
  if (!copy) {
    return NULL;
  }
  if (s.n > 0) {
    memcpy(copy, s.p, s.n);
  }
  copy[s.n] = '\0';
  return copy;
}

/* --- a growing buffer --- */

void gf_buf_init(gf_buf *buf, const gf_allocator *alloc, size_t max) {
  /* Half of the address space is more than can be had, and keeps the sums below from overflowing. */
  *buf = (gf_buf){.alloc = alloc, .max = max < SIZE_MAX / 2 ? max : SIZE_MAX / 2 - 1};
}

void gf_buf_init_secret(gf_buf *buf, const gf_allocator *alloc, size_t max) {
  gf_buf_init(buf, alloc, max);
  buf->is_secret = true;
}

void gf_wipe_bytes(char *bytes, size_t n) {
  for (size_t i = 0; i < n; i++) {
    ((volatile char *)bytes)[i] = 0;
  }
}

/* realloc would leave a copy behind. */
static char *move_secret(gf_buf *buf, size_t cap) {
  char *p = gf_alloc(buf->alloc, cap);
  if (!p) {
    return NULL;
  }
  if (buf->n > 0) {
    memcpy(p, buf->p, buf->n);
  }
  if (buf->p) {
    gf_wipe_bytes(buf->p, buf->cap);
  }
  gf_free(buf->alloc, buf->p);
  return p;
}

static size_t next_cap(const gf_buf *buf, size_t need) {
  size_t cap = buf->cap > 0 ? buf->cap * 2 : FIRST_CAP;
  if (cap < need) {
    cap = need;
  }
  return cap < buf->max + 1 ? cap : buf->max + 1;
}

bool gf_buf_reserve(gf_buf *buf, size_t more) {
  if (buf->failed) {
    return false;
  }
  if (more > buf->max - buf->n) {
    buf->failed = buf->too_large = true;
    return false;
  }
  size_t need = buf->n + more + 1;
  if (need <= buf->cap) {
    return true;
  }
  size_t cap = next_cap(buf, need);
  char *p = buf->is_secret ? move_secret(buf, cap) : gf_resize(buf->alloc, buf->p, cap);
  if (!p) {
    buf->failed = true;
    return false;
  }
  buf->p = p;
  buf->cap = cap;
  return true;
}

void gf_buf_add(gf_buf *buf, const char *bytes, size_t n) {
  if (gf_buf_reserve(buf, n) && n > 0) {
    memcpy(buf->p + buf->n, bytes, n);
    buf->n += n;
  }
}

void gf_buf_add_str(gf_buf *buf, const char *z) { gf_buf_add(buf, z, strlen(z)); }

void gf_buf_add_char(gf_buf *buf, char c) {
  if (gf_buf_reserve(buf, 1)) {
    buf->p[buf->n++] = c;
  }
}

void gf_buf_add_int(gf_buf *buf, int64_t i) {
  char digits[21];
  char *p = digits + sizeof digits;
  uint64_t u = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;
  do {
    *--p = (char)('0' + (int)(u % 10));
    u /= 10;
  } while (u > 0);
  if (i < 0) {
    *--p = '-';
  }
  gf_buf_add(buf, p, (size_t)(digits + sizeof digits - p));
}

char *gf_buf_take(gf_buf *buf) {
  char *p = NULL;
  if (gf_buf_reserve(buf, 0)) {
    p = buf->p;
    p[buf->n] = '\0';
    buf->p = NULL;
  }
  gf_buf_free(buf);
  return p;
}

void gf_buf_free(gf_buf *buf) {
  bool is_secret = buf->is_secret;
  if (is_secret && buf->p) {
    gf_wipe_bytes(buf->p, buf->cap);
  }
  gf_free(buf->alloc, buf->p);
  gf_buf_init(buf, buf->alloc, buf->max);
  buf->is_secret = is_secret;
}

/* --- strings with a length --- */

/* Locales do not matter to HTTP and JSON: tolower() is not used. */
static int lower(char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; }

static bool same_ci(const char *a, const char *b, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (lower(a[i]) != lower(b[i])) {
      return false;
    }
  }
  return true;
}

bool gf_str_ieq(gf_str s, const char *z) { return s.n == strlen(z) && same_ci(s.p, z, s.n); }

bool gf_str_contains_ci(gf_str hay, const char *needle) {
  size_t n = strlen(needle);
  for (size_t i = 0; n <= hay.n && i <= hay.n - n; i++) {
    if (same_ci(hay.p + i, needle, n)) {
      return true;
    }
  }
  return false;
}
