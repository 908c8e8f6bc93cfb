/* SPDX-License-Identifier: MIT
 *
 * Fuzzing of the call engine with libFuzzer: arbitrary answers to an operation.
 *
 *     clang -g -O1 -std=c11 -fsanitize=fuzzer,address,undefined -Isrc -Ispec/c spec/fuzz/answers_fuzz.c src/gf_*.c -lyyjson \
 *       -o answers_fuzz
 *
 * The first byte chooses the operation, the second its arguments and which allocation fails (0: none). Answers follow,
 * each: a byte of code and ending, a byte of headers, a line "value" for a header where one is named, and a body up to a
 * zero byte. When there are no more answers, connections are refused. Good seeds are the
 * answers of spec/recordings, each a few times. */
#include "script.h"

#define MUST(condition)                                                                                      \
  ((condition) ? (void)0 : (printf("%s:%d: %s\n", __FILE__, __LINE__, #condition), abort()))

enum { MOST = 600 };

typedef struct input {
  const uint8_t *p;
  size_t n;
} input;

static uint8_t take(input *in) {
  if (in->n == 0) return 0;
  in->n--;
  return *in->p++;
}

static gf_str take_until(input *in, uint8_t end) {
  const uint8_t *from = in->p, *at = in->n ? memchr(from, end, in->n) : NULL;
  size_t n = at ? (size_t)(at - from) : in->n;
  in->p += n + (at != NULL);
  in->n -= n + (at != NULL);
  return (gf_str){(const char *)from, n};
}

/* Low bits: the code; high bits: how it ends. */
static const int codes[16] = {200, 200, 200, 201, 204, 302, 400, 401, 403, 404, 409, 412, 429, 500, 503, 100};
static const gf_how ends[16] = {GF_END_COMPLETE, GF_END_COMPLETE, GF_END_COMPLETE,     GF_END_COMPLETE,
                                GF_END_COMPLETE, GF_END_COMPLETE, GF_END_COMPLETE,     GF_END_COMPLETE,
                                GF_END_CUT,      GF_END_TIMEOUT,  GF_END_UNKNOWN_HOST, GF_END_REFUSED,
                                GF_END_TLS,      GF_END_DROPPED,  GF_END_FAILED,       GF_END_CUT};
static const char *const names[8] = {NULL,   "Content-Type",   "Location",         "Retry-After",
                                     "Date", "Content-Length", "Content-Encoding", "x"};

static int feed(gf_call *call, uint32_t id, input *in, uint8_t kind) {
  uint8_t headers = take(in);
  const char *name = names[headers & 7];
  if (gf_head(call, id, codes[kind & 15]) < 0) return -1;
  if (headers & 8) gf_header_line(call, id, script_z("content-type"), script_z("application/json"));
  if (name && gf_header_line(call, id, script_z(name), take_until(in, '\n')) < 0) return -1;
  gf_str body = take_until(in, 0);
  size_t half = headers & 16 ? body.n / 2 : 0;
  if (half && gf_body(call, id, (gf_str){body.p, half}) < 0) return -1;
  return gf_body(call, id, (gf_str){body.p + half, body.n - half});
}

static void answer(gf_call *call, uint32_t id, input *in, int64_t now) {
  if (in->n == 0) {
    gf_end(call, id, GF_END_REFUSED, false, NULL, now);
    return;
  }
  uint8_t kind = take(in);
  gf_how how = ends[kind >> 4];
  if (feed(call, id, in, kind) < 0) how = GF_END_DROPPED;
  gf_end(call, id, how, (kind & 128) == 0 || (kind & 1), "fuzz", now);
}

static void check_result(const gf_result *r) {
  char out[256];
  MUST(script_is_sound(r));
  MUST(strstr(r->message, "secret-password") == NULL);
  for (const unsigned char *p = (const unsigned char *)r->message; *p; p++)
    MUST(*p >= ' ' && *p != 127);
  script_tell(r, out, sizeof out);
}

static void check_request(const gf_request *request) {
  for (const char *p = request->url; *p; p++)
    MUST((unsigned char)*p > ' ' && *p != 127);
  MUST(strncmp(request->url, "http://grafana.test/", 20) == 0);
}

static void run(gf_call *call, input *in) {
  uint32_t wire[SCRIPT_WIRE];
  size_t n = 0, sent = 0;
  int64_t now = 0, wake;
  for (;;) {
    const gf_request *request;
    gf_retry retry;
    gf_next next = gf_call_next(call, now, &request, &wake);
    if (next == GF_DONE) break;
    if (next == GF_SEND) {
      check_request(request);
      MUST(n < SCRIPT_WIRE && ++sent < MOST);
      wire[n++] = request->id;
    } else if (n) {
      answer(call, wire[0], in, now);
      memmove(wire, wire + 1, --n * sizeof *wire);
      gf_call_retried(call, &retry);
    } else {
      MUST(wake != INT64_MAX && wake > now);
      now = wake;
    }
  }
  check_result(gf_call_result(call));
}

/* The window is empty again. */
static void must_be_usable(script *s) {
  const gf_request *request;
  int64_t wake;
  gf_error error;
  gf_call *call = gf_call_new(s->client, gf_op_find("get_current_org"), NULL, 0, NULL, 0, &error);
  if (!call) return;
  MUST(gf_call_next(call, 0, &request, &wake) != GF_WAIT);
  gf_call_release(call);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  test_alloc a;
  script s;
  gf_config config;
  gf_error error;
  gf_allocator plenty = gf_default_allocator();
  if (size < 2) return 0;
  const gf_op *op = gf_op_at(data[0] % gf_op_count());
  input in = {data + 2, size - 2};
  script_config(&config);
  config.max_retries = 2;
  config.concurrency = 3;
  config.max_body = 20000;
  test_alloc_init(&a, 0, false);
  MUST(script_try_open(&s, &a, &config, NULL, &error));
  if (data[1] / 3) a.fail_at = a.count + data[1] / 3u;
  script_args args = script_args_for(op, &plenty, (script_variant)(data[1] % 3));
  gf_call *call = script_call_args(&s, op, &args, &error);
  MUST(call || a.tripped);
  if (call) run(call, &in);
  script_args_free(&args);
  gf_call_release(call);
  must_be_usable(&s);
  script_close(&s);
  MUST(a.live == 0);
  return 0;
}
