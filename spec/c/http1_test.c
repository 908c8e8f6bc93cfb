/* SPDX-License-Identifier: MIT
 *
 * The HTTP/1.1 reader over the vectors of spec/http1: each whole, byte by byte and split at every point, always from memory
 * that ends at a page that must not be touched and is overwritten right afterwards. Then what does not fit into documents:
 * caps, memory, and what one answer might leave behind for the next. `http1_test --show` prints what is read of each vector.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "http1_limits.h"
#include "http1_vectors.h"
#include "test_alloc.h"
#include <sys/mman.h>
#include <unistd.h>
#ifdef GFH_ZLIB
#include <zlib.h>
#endif

#define COUNT(array) (sizeof(array) / sizeof *(array))

static vector_list vectors;

/* The secret that stands in some vectors' headers. */
static const char secret[] = "s3cret";

/* ---------------------------------------------------------------------------------------- guarded memory -- */

/* `size` bytes, and behind them a page that faults. */
typedef struct guard {
  char *p;
  size_t size, page;
} guard;

static guard guard_new(size_t size) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  guard g = {.size = (size + page - 1) / page * page, .page = page};
  g.p = mmap(NULL, g.size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (g.p == MAP_FAILED || mprotect(g.p + g.size, page, PROT_NONE) != 0) abort();
  return g;
}

static void guard_free(guard *g) { munmap(g->p, g->size + g->page); }

/* Feed bytes that end at the page, and are gone afterwards. */
static gfh_state guard_feed(const guard *g, gfh_reader *reader, const char *bytes, size_t n) {
  if (n > g->size) abort();
  char *to = g->p + g->size - n;
  memcpy(to, bytes, n);
  gfh_state state = gfh_feed(reader, to, n);
  memset(to, 0xAA, n);
  return state;
}

/* ------------------------------------------------------------------------------------------------- reading -- */

/* A reader with an allocator that counts. */
typedef struct bench {
  test_alloc alloc;
  gfh_allocator for_reader;
  gfh_reader *reader;
  guard guard;
} bench;

static void open_bench(bench *b) {
  test_alloc_init(&b->alloc, 0, false);
  b->alloc.secret = secret;
  b->for_reader = (gfh_allocator){test_alloc_resize, &b->alloc};
  b->reader = gfh_new(&b->for_reader);
  b->guard = guard_new(1 << 20);
  if (!CHECK(b->reader != NULL)) abort();
}

static void close_bench(bench *b) {
  gfh_free(b->reader);
  guard_free(&b->guard);
  CHECK_INT(b->alloc.live, 0);
  CHECK_INT(b->alloc.exposed, 0);
  CHECK(b->alloc.most <= GFH_MAX_MEMORY);
}

/* The bytes up to `split` at once, or one by one, and the same for those behind; then the peer closes, if that is needed. */
typedef struct cuts {
  size_t split;
  size_t step; /* 0: all at once */
} cuts;

static gfh_state feed_part(bench *b, const char *bytes, size_t n, size_t step) {
  gfh_state state = GFH_MORE;
  for (size_t at = 0; at < n; at += step ? step : n) {
    size_t piece = step && step < n - at ? step : n - at;
    state = guard_feed(&b->guard, b->reader, bytes + at, step ? piece : n);
  }
  return state;
}

static vector_text read_cut(bench *b, const char *method, const vector_text *bytes, cuts how) {
  vector_result result = {.heads = 0};
  gfh_sink sink = vector_sink(&result);
  if (how.split > bytes->n) how.split = bytes->n;
  gfh_begin(b->reader, method, &sink);
  gfh_state state = feed_part(b, bytes->p, how.split, how.step);
  state = how.split < bytes->n ? feed_part(b, bytes->p + how.split, bytes->n - how.split, how.step) : state;
  if (state == GFH_MORE) state = gfh_eof(b->reader);
  vector_text text = vector_show(&result, b->reader, state);
  vector_result_free(&result);
  return text;
}

static bool reads_as_told(bench *b, const vector *v, cuts how) {
  vector_text text = read_cut(b, v->method, &v->bytes, how);
  bool same = v->read.p && strcmp(text.p, v->read.p) == 0;
  if (!same)
    printf("%s, split at %zu, in steps of %zu\n--- told:\n%s\n--- read:\n%s\n", v->name, how.split, how.step,
           v->read.p ? v->read.p : "", text.p);
  free(text.p);
  return same;
}

/* ------------------------------------------------------------------------------------------------- vectors -- */

static void documents_are_whole(void) {
  CHECK(vectors.n > 100);
  for (size_t i = 0; i < vectors.n; i++) {
    const vector *v = &vectors.of[i];
    if (!CHECK(v->bytes.n > 0 && v->read.n > 0)) printf("  %s\n", v->name);
    if (i > 0 && !CHECK(strcmp(v->name, vectors.of[i - 1].name) != 0)) printf("  %s\n", v->name);
  }
}

static void reads_whole(void) {
  bench b;
  open_bench(&b);
  for (size_t i = 0; i < vectors.n; i++)
    CHECK(reads_as_told(&b, &vectors.of[i], (cuts){vectors.of[i].bytes.n, 0}));
  close_bench(&b);
}

static void reads_bytewise(void) {
  bench b;
  open_bench(&b);
  for (size_t i = 0; i < vectors.n; i++)
    CHECK(reads_as_told(&b, &vectors.of[i], (cuts){vectors.of[i].bytes.n, 1}));
  close_bench(&b);
}

static void reads_split(void) {
  bench b;
  open_bench(&b);
  for (size_t i = 0; i < vectors.n; i++)
    for (size_t at = 1; at < vectors.of[i].bytes.n; at++)
      if (!CHECK(reads_as_told(&b, &vectors.of[i], (cuts){at, 0}))) break;
  close_bench(&b);
}

static void reads_in_steps(void) {
  bench b;
  open_bench(&b);
  for (size_t i = 0; i < vectors.n; i++)
    for (size_t step = 2; step < 40; step++)
      if (!CHECK(reads_as_told(&b, &vectors.of[i], (cuts){step / 2, step}))) break;
  close_bench(&b);
}

/* Each vector on a reader that has read a part of another. */
static void leaves_nothing_behind(void) {
  bench b;
  vector_result ignored = {.heads = 0};
  gfh_sink sink = vector_sink(&ignored);
  open_bench(&b);
  for (size_t i = 0; i < vectors.n; i++)
    for (size_t j = 0; j < vectors.n; j++) {
      const vector *before = &vectors.of[i];
      gfh_begin(b.reader, before->method, &sink);
      gfh_feed(b.reader, before->bytes.p, (before->bytes.n / 2 + j) % before->bytes.n);
      if (!CHECK(reads_as_told(&b, &vectors.of[j], (cuts){vectors.of[j].bytes.n, 0}))) break;
    }
  vector_result_free(&ignored);
  close_bench(&b);
}

/* The sink takes its first `n` and no more. False: it took all. */
static bool drops_after(bench *b, const vector *v, size_t n) {
  vector_result result = {.drop_after = n};
  gfh_sink sink = vector_sink(&result);
  gfh_begin(b->reader, v->method, &sink);
  gfh_state state = gfh_feed(b->reader, v->bytes.p, v->bytes.n);
  bool dropped = result.drop_after == 0;
  CHECK(dropped == (state == GFH_DROPPED));
  if (dropped) {
    result.drop_after = 1; /* whatever comes would be seen */
    CHECK_INT(gfh_feed(b->reader, v->bytes.p, v->bytes.n), GFH_DROPPED);
    CHECK_INT(gfh_eof(b->reader), GFH_DROPPED);
    CHECK_INT(result.drop_after, 1);
    CHECK(!gfh_keep(b->reader));
  }
  vector_result_free(&result);
  return dropped;
}

static void drops_where_told(void) {
  bench b;
  size_t dropped = 0;
  open_bench(&b);
  for (size_t i = 0; i < vectors.n; i++)
    for (size_t n = 1; drops_after(&b, &vectors.of[i], n); n++)
      dropped++;
  CHECK(dropped > vectors.n);
  close_bench(&b);
}

/* Memory that is lacking is told, or was not needed; nothing is lost. */
static void survives_lacking_memory(void) {
  guard g = guard_new(1 << 16);
  for (size_t i = 0; i < vectors.n; i++) {
    const vector *v = &vectors.of[i];
    FAIL_EACH(a) {
      a->secret = secret;
      bench b = {.for_reader = {test_alloc_resize, a}, .guard = g};
      b.reader = gfh_new(&b.for_reader);
      CHECK(b.reader || a->tripped);
      if (!b.reader) continue;
      vector_text text = read_cut(&b, v->method, &v->bytes, (cuts){v->bytes.n, 1});
      bool told = a->tripped && strstr(text.p, "bad: out of memory");
      if (!CHECK(told || strcmp(text.p, v->read.p) == 0)) printf("  %s\n", v->name);
      free(text.p);
      gfh_free(b.reader);
      CHECK_INT(a->exposed, 0);
    }
  }
  guard_free(&g);
}

/* ---------------------------------------------------------------------------------------------------- caps -- */

static void add(vector_text *text, const char *words) { vector_add(text, words, strlen(words)); }

static void add_times(vector_text *text, size_t n, const char *words) {
  while (n-- > 0)
    add(text, words);
}

/* What is read of `text`, whole and in pieces, is the same and ends with `outcome`. Frees the text. */
static void ends_with(vector_text *text, const char *outcome) {
  bench b;
  open_bench(&b);
  for (size_t step = 0; step <= 1000; step = step * 10 + 1) {
    vector_text read = read_cut(&b, "GET", text, (cuts){text->n, step});
    bool fine = read.n >= strlen(outcome) && strcmp(read.p + read.n - strlen(outcome), outcome) == 0;
    if (!CHECK(fine))
      printf("  expected %s, got …%s\n", outcome, read.n > 200 ? read.p + read.n - 200 : read.p);
    free(read.p);
  }
  close_bench(&b);
  free(text->p);
  *text = (vector_text){NULL, 0, 0};
}

static const char head[] = "HTTP/1.1 200 OK\r\n",
                  chunked[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
static const char empty[] = "Content-Length: 0\r\n\r\n";

/* A header line of `n` bytes, its end among them. */
static void add_line(vector_text *text, size_t n) {
  add(text, "X: ");
  add_times(text, n - 5, "x");
  add(text, "\r\n");
}

static void caps_lines(void) {
  vector_text text = {NULL, 0, 0};
  add(&text, head), add_line(&text, GFH_MAX_LINE), add(&text, empty);
  ends_with(&text, "\ndone, kept");
  add(&text, head), add_line(&text, GFH_MAX_LINE + 1), add(&text, empty);
  ends_with(&text, "bad: a line of the answer is too long");
  add(&text, "HTTP/1.1 200 "), add_times(&text, GFH_MAX_LINE - 14, "x"); /* with no end in sight */
  ends_with(&text, "cut: the connection was closed within the head of the answer");
  add(&text, "HTTP/1.1 200 "), add_times(&text, GFH_MAX_LINE - 12, "x");
  ends_with(&text, "bad: a line of the answer is too long");
}

/* Not more than the cap, however the room grows; and what it leaves behind is overwritten. */
static void keeps_long_lines(void) {
  bench b;
  vector_text text = {NULL, 0, 0};
  open_bench(&b);
  add(&text, head), add(&text, "Set-Cookie: session="), add(&text, secret), add_times(&text, 5000, "x"),
      add(&text, "\r\n");
  add_line(&text, GFH_MAX_LINE), add(&text, empty);
  vector_text read = read_cut(&b, "GET", &text, (cuts){text.n, 1});
  CHECK(strstr(read.p, "\ndone, kept") != NULL);
  CHECK(b.alloc.bytes >= GFH_MAX_LINE && b.alloc.bytes <= GFH_MAX_LINE + 1024);
  free(read.p);
  free(text.p);
  close_bench(&b);
}

static void caps_heads(void) {
  vector_text text = {NULL, 0, 0};
  add(&text, head), add_times(&text, GFH_MAX_HEADERS - 1, "X: y\r\n"), add(&text, empty);
  ends_with(&text, "\ndone, kept");
  add(&text, head), add_times(&text, GFH_MAX_HEADERS, "X: y\r\n"), add(&text, empty);
  ends_with(&text, "bad: the answer has too many headers");
  add(&text, head);
  for (size_t n = 0; n <= GFH_MAX_HEADERS_BYTES; n += GFH_MAX_LINE)
    add_line(&text, GFH_MAX_LINE);
  add(&text, empty);
  ends_with(&text, "bad: the head of the answer is too large");
}

static const char hint[] = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";

static void caps_interim(void) {
  vector_text text = {NULL, 0, 0};
  add_times(&text, GFH_MAX_INTERIM, hint), add(&text, head), add(&text, empty);
  ends_with(&text, "\ndone, kept");
  add_times(&text, GFH_MAX_INTERIM + 1, hint), add(&text, head), add(&text, empty);
  ends_with(&text, "bad: there are too many interim answers");
  add(&text, "HTTP/1.1 103 Early Hints\r\n"), add_times(&text, GFH_MAX_HEADERS, "X: y\r\n"),
      add(&text, "\r\n");
  add(&text, head), add(&text, empty); /* one header too many, with those of the hints */
  ends_with(&text, "bad: the answer has too many headers");
}

static void caps_chunk_lines(void) {
  vector_text text = {NULL, 0, 0};
  add(&text, chunked), add_times(&text, GFH_MAX_CHUNK_LINE - 3, "0"), add(&text, "1\r\nx\r\n0\r\n\r\n");
  ends_with(&text, "\n\nx\ndone, kept");
  add(&text, chunked), add_times(&text, GFH_MAX_CHUNK_LINE - 2, "0"), add(&text, "1\r\nx\r\n0\r\n\r\n");
  ends_with(&text, "bad: a chunk of the answer has too long a size");
  add(&text, chunked), add_times(&text, GFH_MAX_EXTENSIONS / 4, "1;aaa\r\nx\r\n"), add(&text, "0\r\n\r\n");
  ends_with(&text, "x\ndone, kept");
  add(&text, chunked), add_times(&text, GFH_MAX_EXTENSIONS / 4, "1;aaa\r\nx\r\n"), add(&text, "0;a\r\n\r\n");
  ends_with(&text, "bad: the answer has too much beside its chunks");
}

static void caps_trailers(void) {
  vector_text text = {NULL, 0, 0};
  add(&text, chunked), add(&text, "0\r\n"), add_times(&text, GFH_MAX_TRAILERS, "X: y\r\n"),
      add(&text, "\r\n");
  ends_with(&text, "\ndone, kept");
  add(&text, chunked), add(&text, "0\r\n"), add_times(&text, GFH_MAX_TRAILERS + 1, "X: y\r\n");
  ends_with(&text, "bad: the answer has too many trailers");
  add(&text, chunked), add(&text, "0\r\n"), add_line(&text, GFH_MAX_TRAILERS_BYTES + 3), add(&text, "\r\n");
  ends_with(&text, "bad: the trailers of the answer are too large");
}

/* ---------------------------------------------------------------------------------------------------- gzip -- */

#ifdef GFH_ZLIB

/* A gzip of `n` bytes, zeros or, where `varied`, bytes that do not compress. */
static vector_text gzipped(size_t n, bool varied) {
  vector_text text = {calloc(1, n + n / 100 + 1000), 0, 0};
  unsigned char *from = calloc(1, n + 1);
  z_stream stream = {.zalloc = NULL};
  unsigned state = 1;
  if (!text.p || !from || deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    abort();
  for (size_t i = 0; varied && i < n; i++)
    from[i] = (unsigned char)((state = state * 1103515245u + 12345u) >> 16);
  stream.next_in = from;
  stream.avail_in = (uInt)n;
  stream.next_out = (Bytef *)text.p;
  stream.avail_out = (uInt)(n + n / 100 + 1000);
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) abort();
  text.n = stream.total_out;
  deflateEnd(&stream);
  free(from);
  return text;
}

static void add_gzip(vector_text *text, size_t n, bool varied) {
  char line[64];
  vector_text body = gzipped(n, varied);
  add(text, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n");
  vector_add(text, line, (size_t)snprintf(line, sizeof line, "Content-Length: %zu\r\n\r\n", body.n));
  vector_add(text, body.p, body.n);
  free(body.p);
}

/* Takes `most` bytes of a body. */
typedef struct measure {
  size_t n, most, largest;
} measure;

static int ignore_head(void *ctx, int code) { return (void)ctx, (void)code, 0; }
static int ignore_header(void *ctx, gfh_str name, gfh_str value) {
  return (void)ctx, (void)name, (void)value, 0;
}
static int measure_body(void *ctx, gfh_str bytes) {
  measure *m = ctx;
  m->n += bytes.n;
  if (bytes.n > m->largest) m->largest = bytes.n;
  return m->n > m->most ? -1 : 0;
}

static gfh_state read_measured(bench *b, const vector_text *text, size_t step, measure *m) {
  gfh_sink sink = {ignore_head, ignore_header, measure_body, m};
  gfh_begin(b->reader, "GET", &sink);
  return feed_part(b, text->p, text->n, step);
}

static void inflates_large_bodies(void) {
  bench b;
  vector_text text = {NULL, 0, 0};
  open_bench(&b);
  add_gzip(&text, 300000, true);
  for (size_t step = 0; step <= 10000; step = step * 10 + 1) {
    measure m = {.most = SIZE_MAX};
    CHECK_INT(read_measured(&b, &text, step, &m), GFH_DONE);
    CHECK_INT(m.n, 300000);
  }
  free(text.p);
  close_bench(&b);
}

/* A megabyte of zeros in a kilobyte: pieces stay small, and who has enough is heard at once. */
static void bounds_bombs(void) {
  bench b;
  vector_text text = {NULL, 0, 0};
  measure all = {.most = SIZE_MAX}, some = {.most = 100000};
  open_bench(&b);
  add_gzip(&text, 1 << 20, false);
  CHECK(text.n < 2000);
  CHECK_INT(read_measured(&b, &text, 0, &all), GFH_DONE);
  CHECK_INT(all.n, 1 << 20);
  CHECK(all.largest <= GFH_INFLATE_PIECE);
  CHECK_INT(read_measured(&b, &text, 0, &some), GFH_DROPPED);
  CHECK(some.n <= some.most + GFH_INFLATE_PIECE);
  free(text.p);
  close_bench(&b);
}

static void takes_gzip(void) { CHECK_STR(gfh_encodings(), "gzip"); }

#endif

/* ------------------------------------------------------------------------------------------------ its face -- */

static void needs_a_begin(void) {
  bench b;
  open_bench(&b);
  CHECK(!gfh_started(b.reader));
  CHECK_INT(gfh_feed(b.reader, head, sizeof head - 1), GFH_BAD);
  CHECK_INT(gfh_eof(b.reader), GFH_BAD);
  CHECK_STR(gfh_problem(b.reader), "no answer is due");
  CHECK(!gfh_keep(b.reader));
  gfh_free(NULL);
  close_bench(&b);
}

static void tells_when_it_began(void) {
  bench b;
  vector_result result = {.heads = 0};
  gfh_sink sink = vector_sink(&result);
  open_bench(&b);
  gfh_begin(b.reader, "GET", &sink);
  CHECK_INT(gfh_feed(b.reader, "", 0), GFH_MORE);
  CHECK(!gfh_started(b.reader));
  CHECK_INT(gfh_eof(b.reader), GFH_CUT);
  CHECK_STR(gfh_problem(b.reader), "the connection was closed without an answer");
  gfh_begin(b.reader, "GET", &sink);
  CHECK_STR(gfh_problem(b.reader), "");
  CHECK_INT(gfh_feed(b.reader, "H", 1), GFH_MORE);
  CHECK(gfh_started(b.reader));
  CHECK_INT(gfh_code(b.reader), 0);
  gfh_begin(b.reader, "GET", &sink);
  CHECK(!gfh_started(b.reader));
  close_bench(&b);
}

/* "HTTP/1.1 100" is no code of the answer; 200 is known with its line, and stays. */
static void tells_the_code(void) {
  bench b;
  vector_result result = {.heads = 0};
  gfh_sink sink = vector_sink(&result);
  open_bench(&b);
  gfh_begin(b.reader, "GET", &sink);
  gfh_feed(b.reader, "HTTP/1.1 100 Continue\r\n", 23);
  CHECK_INT(gfh_code(b.reader), 0);
  gfh_feed(b.reader, "\r\n", 2);
  gfh_feed(b.reader, head, sizeof head - 1);
  CHECK_INT(gfh_code(b.reader), 200);
  CHECK_INT(gfh_feed(b.reader, empty, sizeof empty - 1), GFH_DONE);
  CHECK_INT(gfh_code(b.reader), 200);
  CHECK(gfh_keep(b.reader));
  CHECK_INT(gfh_eof(b.reader), GFH_DONE); /* later: the answer stays whole */
  CHECK(!gfh_keep(b.reader));
  vector_result_free(&result);
  close_bench(&b);
}

/* ---------------------------------------------------------------------------------------------------- main -- */

static int show_all(void) {
  bench b;
  open_bench(&b);
  for (size_t i = 0; i < vectors.n; i++) {
    const vector *v = &vectors.of[i];
    vector_text text = read_cut(&b, v->method, &v->bytes, (cuts){v->bytes.n, 0});
    printf("== %s\n%s\n", v->name, text.p);
    free(text.p);
  }
  close_bench(&b);
  return 0;
}

int main(int argc, char **argv) {
  static const test_rule rules[] = {
      {"every document has its bytes, what is read, and a name of its own", documents_are_whole},
      {"vectors are read as told, whole", reads_whole},
      {"vectors are read as told, byte by byte", reads_bytewise},
      {"vectors are read as told, split at every point", reads_split},
      {"vectors are read as told, in steps", reads_in_steps},
      {"an answer leaves nothing behind for the next", leaves_nothing_behind},
      {"a sink that wants no more gets no more", drops_where_told},
      {"each allocation may fail", survives_lacking_memory},
      {"a line has its cap", caps_lines},
      {"the memory for lines has the same cap, and is overwritten", keeps_long_lines},
      {"a head has its caps", caps_heads},
      {"interim answers have their caps", caps_interim},
      {"the lines of chunks have their caps", caps_chunk_lines},
      {"trailers have their caps", caps_trailers},
#ifdef GFH_ZLIB
      {"large bodies are inflated as they come", inflates_large_bodies},
      {"a body that inflates to a multiple comes in small pieces, and stops when told", bounds_bombs},
      {"gzip is taken where zlib is there", takes_gzip},
#endif
      {"nothing is read before a begin", needs_a_begin},
      {"the first byte of an answer is noticed", tells_when_it_began},
      {"the code is told, not that of interim answers", tells_the_code},
  };
  vectors = vectors_load("spec/http1");
  bool show = argc == 2 && strcmp(argv[1], "--show") == 0;
  int result = show ? show_all() : TEST_RUN(rules, argc, argv);
  vectors_free(&vectors);
  return result;
}
