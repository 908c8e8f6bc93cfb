/* SPDX-License-Identifier: MIT
 *
 * Fuzzing of the HTTP/1.1 reader with libFuzzer: `make fuzz`. Seeds are made from the vectors of spec/http1 (http1_seeds.c).
 *
 * The first byte: the request's method (its lowest two bits), whether the peer closes at the end (4), whether the sink drops the
 * answer at its n-th function (8; n: the second byte), whether the n-th allocation fails (16). The rest are the bytes that the
 * server sends. They are read whole, byte by byte, and in pieces whose lengths the input makes; what comes out must be the same,
 * and a reader that has read it before must read it again. Each piece lies in a block of its own, so that the sanitizer sees who
 * reads beyond it or keeps it. */
#include "http1_limits.h"
#include "http1_vectors.h"
#include "test_alloc.h"

#include <stdint.h>

#define MUST(condition)                                                                                      \
  ((condition) ? (void)0 : (printf("%s:%d: %s\n", __FILE__, __LINE__, #condition), abort()))

enum { CLOSES = 4, DROPS = 8, LACKS_MEMORY = 16, HEADER = 2 };

/* What one way of reading made of the bytes. */
typedef struct outcome {
  vector_result result;
  gfh_state state;
  char problem[100];
  int code;
  bool kept;
} outcome;

typedef struct input {
  const uint8_t *p;
  size_t n;
  uint8_t how, number;
} input;

typedef enum cutting { WHOLE, BYTEWISE, IN_PIECES } cutting;

static const char *method_of(const input *in) {
  static const char *const methods[4] = {"GET", "HEAD", "CONNECT", "POST"};
  return methods[in->how & 3];
}

/* The next piece's length: a few bytes, now and then many. */
static size_t piece_of(const input *in, size_t at, cutting how) {
  size_t left = in->n - at;
  size_t n = how == WHOLE ? left : how == BYTEWISE ? 1 : 1u + in->p[(at * 7 + in->number) % in->n] % 23u;
  return n < left ? n : left;
}

static gfh_state feed_piece(gfh_reader *reader, const uint8_t *p, size_t n) {
  char *piece = malloc(n);
  if (!piece) abort();
  memcpy(piece, p, n);
  gfh_state state = gfh_feed(reader, piece, n);
  free(piece);
  return state;
}

static outcome read_cut(gfh_reader *reader, const input *in, cutting how) {
  outcome o = {.result = {.drop_after = in->how & DROPS ? in->number + 1u : 0}};
  gfh_sink sink = vector_sink(&o.result);
  gfh_begin(reader, method_of(in), &sink);
  for (size_t at = 0, n; at < in->n; at += n)
    o.state = feed_piece(reader, in->p + at, n = piece_of(in, at, how));
  if (in->how & CLOSES) o.state = gfh_eof(reader);
  snprintf(o.problem, sizeof o.problem, "%s", gfh_problem(reader));
  o.code = gfh_code(reader);
  o.kept = gfh_keep(reader);
  return o;
}

static bool same_text(const vector_text *a, const vector_text *b, size_t n) {
  return a->n >= n && b->n >= n && (n == 0 || memcmp(a->p, b->p, n) == 0);
}

/* How much of a damaged gzip body is handed on depends on its pieces; so does where a sink drops. */
static void must_agree(const outcome *a, const outcome *b, const input *in) {
  const vector_text *x = &a->result.body, *y = &b->result.body;
  MUST(a->result.code == b->result.code || in->how & DROPS);
  if (in->how & DROPS) return;
  MUST(a->state == b->state && a->code == b->code && a->kept == b->kept &&
       strcmp(a->problem, b->problem) == 0);
  MUST(a->result.headers.n == b->result.headers.n);
  MUST(same_text(&a->result.headers, &b->result.headers, a->result.headers.n));
  MUST(x->n == y->n || a->state == GFH_BAD);
  MUST(same_text(x, y, x->n < y->n ? x->n : y->n));
}

static void must_be_sound(const outcome *o) {
  MUST(o->result.heads <= 1 && (o->code == 0 || o->code == o->result.code));
  MUST(o->state != GFH_DONE || (o->result.heads == 1 && o->code >= 200 && o->code <= 999));
  MUST(!o->kept || o->state == GFH_DONE);
  MUST((*o->problem != '\0') == (o->state == GFH_BAD || o->state == GFH_CUT));
  MUST(o->state != GFH_DROPPED || o->result.drop_after == 0);
  for (size_t i = 0; i < o->result.headers.n; i++)
    MUST(o->result.headers.p[i] == '\n' || (unsigned char)o->result.headers.p[i] >= ' ');
}

/* With memory of `a`; false when there was not even enough for a reader. */
static void read_all(test_alloc *a, const input *in) {
  gfh_allocator alloc = {test_alloc_resize, a};
  gfh_reader *reader = gfh_new(&alloc);
  outcome first = {.state = GFH_MORE};
  MUST(reader || a->tripped);
  if (!reader) return;
  for (int i = 0; i < 4; i++) {
    outcome o = read_cut(reader, in, (cutting)(i % 3));
    must_be_sound(&o);
    if (i == 0) first = o;
    if (i > 0 && !a->tripped) must_agree(&first, &o, in);
    if (i > 0) vector_result_free(&o.result);
  }
  vector_result_free(&first.result);
  MUST(a->most <= GFH_MAX_MEMORY);
  gfh_free(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  test_alloc a;
  if (size <= HEADER) return 0;
  input in = {data + HEADER, size - HEADER, data[0], data[1]};
  test_alloc_init(&a, in.how & LACKS_MEMORY ? in.number % 16u + 1 : 0, in.number & 128);
  read_all(&a, &in);
  MUST(a.live == 0);
  return 0;
}
