/* SPDX-License-Identifier: MIT
 *
 * test_alloc.h: an allocator for tests. It counts what is alive, so that leaks show, fails when it is told to, and moves
 * a block at every resize, so that the sanitizer sees who still uses the old place.
 *
 *     FAIL_EACH(a) {                       // a: test_alloc *, fails allocation 1, 2, 3, … until all succeed
 *       thing *t = thing_new(&a->alloc);
 *       CHECK(t != NULL || a->tripped);
 *       thing_free(t);
 *     }                                    // leaks of a round are checked at its end
 */
#ifndef TEST_ALLOC_H
#define TEST_ALLOC_H

#include "grafana.h"
#include "test.h"

#include <stdlib.h>

typedef struct test_alloc {
  gf_allocator alloc; /* what the tested code gets */
  size_t live;        /* blocks that have not been freed */
  size_t bytes;       /* in them */
  size_t most;        /* the largest that `bytes` has been */
  size_t count;       /* allocations and moves asked for so far */
  size_t fail_at;     /* which of them fails; 0: none */
  bool fail_after;    /* and all that follow */
  bool tripped;       /* one has failed */
  const char *secret; /* no block that is given back may hold it; NULL: not looked for */
  size_t exposed;     /* those that did */
} test_alloc;

/* In front of each block; as large as the strictest alignment. */
typedef union test_block {
  size_t size;
  max_align_t align;
} test_block;

static inline bool test_alloc_fails(test_alloc *a) {
  a->count++;
  bool fails = a->fail_at > 0 && (a->count == a->fail_at || (a->fail_after && a->count > a->fail_at));
  a->tripped = a->tripped || fails;
  return fails;
}

static inline bool test_alloc_holds(const test_block *block, const char *secret) {
  const char *bytes = (const char *)(block + 1);
  size_t n = strlen(secret);
  for (size_t at = 0; at + n <= block->size; at++)
    if (bytes[at] == *secret && memcmp(bytes + at, secret, n) == 0) return true;
  return false;
}

static inline void test_alloc_free(test_alloc *a, test_block *old) {
  if (!old) return;
  if (a->secret && test_alloc_holds(old, a->secret)) a->exposed++;
  a->live--;
  a->bytes -= old->size;
  free(old);
}

static inline void *test_alloc_resize(void *ctx, void *p, size_t size) {
  test_alloc *a = ctx;
  test_block *old = p ? (test_block *)p - 1 : NULL;
  if (size == 0) {
    test_alloc_free(a, old);
    return NULL;
  }
  test_block *block = test_alloc_fails(a) ? NULL : malloc(sizeof *block + size);
  if (!block) return NULL;
  block->size = size;
  memset(block + 1, 0xA5, size);
  if (old) memcpy(block + 1, p, old->size < size ? old->size : size);
  test_alloc_free(a, old);
  a->live++;
  a->bytes += size;
  if (a->bytes > a->most) a->most = a->bytes;
  return block + 1;
}

/* Begin anew, failing allocation `fail_at` (0: none). `a` must stay where it is. */
static inline void test_alloc_init(test_alloc *a, size_t fail_at, bool fail_after) {
  *a = (test_alloc){.fail_at = fail_at, .fail_after = fail_after};
  a->alloc = (gf_allocator){test_alloc_resize, a};
}

/* For FAIL_EACH: ends round `*round` and begins the next. Two passes: one failure only, then all from there on. */
static inline bool test_alloc_next(test_alloc *a, size_t *round, bool *after, const char *file, int line) {
  if (*round > 0) test_check(a->live == 0, "every block has been freed", file, line);
  if (*round > 0 && !a->tripped) {
    if (*after) return false;
    *after = true;
    *round = 0;
  }
  test_alloc_init(a, ++*round, *after);
  return true;
}
#define FAIL_EACH(a)                                                                                         \
  for (test_alloc test_alloc_here = {.live = 0}, *a = &test_alloc_here; a; a = NULL)                         \
    for (struct {                                                                                            \
           size_t round;                                                                                     \
           bool after;                                                                                       \
         } test_rounds = {0, false};                                                                         \
         test_alloc_next(a, &test_rounds.round, &test_rounds.after, __FILE__, __LINE__);)

#endif
