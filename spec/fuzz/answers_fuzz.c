/* SPDX-License-Identifier: MIT
 *
 * Fuzzing of the call engine with libFuzzer: arbitrary answers to an operation. `make fuzz FUZZ=answers`.
 *
 * The first byte chooses the operation, the second its arguments and which allocation fails (0: none), the third how the
 * client signs in and whether another call runs beside. The operations `call` and `request` with the arguments of the
 * highest number take the rest of them from the input: a byte (the documented operation, or the method) and a line (its
 * parameters as JSON, or the path). Answers follow, each: a byte of code and ending, a byte of headers, a line "value" for
 * a header where one is named, and a body up to a zero byte. When there are no more answers, connections are refused. Good
 * seeds are the answers of spec/recordings, each a few times. No block that is given back may hold a secret of the
 * client's. */
#include "script.h"

#define MUST(condition)                                                                                      \
  ((condition) ? (void)0 : (printf("%s:%d: %s\n", __FILE__, __LINE__, #condition), abort()))

#define SECRET "secret-password" /* the client's password or token, and the value of a cookie */
#define COOKIE "session=" SECRET

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
static const char *const names[16] = {NULL,
                                      "Content-Type",
                                      "Location",
                                      "Retry-After",
                                      "Date",
                                      "Set-Cookie",
                                      "Content-Encoding",
                                      "x",
                                      "Set-Cookie",
                                      "Set-Cookie",
                                      "Content-Length",
                                      "Set-Cookie2",
                                      "x",
                                      "",
                                      NULL,
                                      NULL};

static int feed(gf_call *call, uint32_t id, input *in, uint8_t kind) {
  uint8_t headers = take(in);
  const char *name = names[headers & 15];
  if (gf_head(call, id, codes[kind & 15]) < 0) return -1;
  if (headers & 32 && gf_header_line(call, id, script_z("content-type"), script_z("application/json")) < 0)
    return -1;
  if (headers & 64 && gf_header_line(call, id, script_z("Set-Cookie"), script_z(COOKIE "; Path=/")) < 0)
    return -1;
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

/* What is on the wire, of any call. */
typedef struct wire {
  struct {
    gf_call *call;
    uint32_t id;
  } of[SCRIPT_WIRE];
  size_t n, sent;
  unsigned tokens;
} wire;

/* Ask `call` for all that it wants to send; when it wants to be asked again, INT64_MAX when it is done. */
static int64_t send_all(wire *w, gf_client *client, gf_call *call, int64_t now) {
  const gf_request *request;
  gf_error error;
  int64_t wake;
  for (;;) {
    gf_next next = gf_call_next(call, now, &request, &wake);
    if (next == GF_DONE) return INT64_MAX;
    if (next == GF_SEND) {
      check_request(request);
      MUST(w->n < SCRIPT_WIRE && ++w->sent < MOST);
      w->of[w->n].call = call;
      w->of[w->n++].id = request->id;
    } else if (gf_call_wants_token(call)) {
      MUST(++w->tokens < MOST);
      if (!gf_client_set_token(client, script_z(SECRET), &error)) gf_call_cancel(call);
    } else {
      return wake;
    }
  }
}

static void answer_first(wire *w, input *in, int64_t now) {
  gf_retry retry;
  gf_call *call = w->of[0].call;
  uint32_t id = w->of[0].id;
  memmove(w->of, w->of + 1, --w->n * sizeof *w->of);
  if (gf_call_is_done(call)) return;
  answer(call, id, in, now);
  gf_call_retried(call, &retry);
}

static void run(gf_client *client, gf_call **calls, size_t n_calls, input *in) {
  wire w = {.n = 0};
  int64_t now = 0;
  for (;;) {
    int64_t earliest = INT64_MAX;
    size_t done = 0;
    for (size_t i = 0; i < n_calls; i++) {
      int64_t wake = send_all(&w, client, calls[i], now);
      if (wake < earliest) earliest = wake;
      done += gf_call_is_done(calls[i]);
    }
    if (done == n_calls) break;
    if (w.n) {
      answer_first(&w, in, now);
    } else {
      MUST(earliest != INT64_MAX && earliest > now);
      now = earliest;
    }
  }
  for (size_t i = 0; i < n_calls; i++)
    check_result(gf_call_result(calls[i]));
}

/* The window is empty again, when no pause lasts any more. */
static void must_be_usable(script *s) {
  const int64_t late = INT64_C(1) << 50;
  const gf_request *request;
  int64_t wake;
  gf_error error;
  gf_call *call = gf_call_new(s->client, gf_op_find("health"), NULL, 0, NULL, 0, &error);
  if (!call) return;
  MUST(gf_call_next(call, late, &request, &wake) != GF_WAIT);
  gf_call_release(call);
}

/* Arguments of `call` and of `request` that the input tells. */
static void take_arguments(const gf_op *op, script_args *args, const gf_allocator *alloc, input *in) {
  static const char *const methods[8] = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "get", "\n"};
  static char text[512];
  uint8_t first = take(in), second = take(in);
  gf_str line = take_until(in, '\n');
  bool failed = false;
  if (line.n > sizeof text - 2) line.n = sizeof text - 2;
  bool calls = strcmp(op->name, "call") == 0;
  snprintf(text, sizeof text, "%s%.*s", calls ? "" : "'", (int)line.n, line.p);
  args->args[0].string =
      script_z(calls ? gf_api_at((first * 256u + second) % gf_api_count())->name : methods[first % 8]);
  gf_arg more = script_value(alloc, text, &failed);
  if (failed || (more.kind != GF_ARG_DOC && calls) || more.kind == GF_ARG_NIL) return;
  if (args->args[1].kind == GF_ARG_DOC) gf_doc_release(args->args[1].doc);
  args->args[1] = more;
}

static bool holds(const uint8_t *data, size_t size, const char *word) {
  size_t n = strlen(word);
  for (size_t at = 0; at + n <= size; at++)
    if (memcmp(data + at, word, n) == 0) return true;
  return false;
}

static void choose_client(gf_config *config, uint8_t how) {
  script_config(config);
  config->max_retries = 2;
  config->concurrency = 3;
  config->max_body = 20000;
  config->password = script_z(SECRET);
  config->logs_in = how % 4 == 1;
  if (how % 4 < 2) return;
  config->user = config->password = script_z(NULL);
  config->asks_for_token = how % 4 == 2;
  if (how % 4 == 3) config->token = script_z(SECRET);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  test_alloc a;
  script s;
  gf_config config;
  gf_error error;
  gf_allocator plenty = gf_default_allocator();
  if (size < 3) return 0;
  const gf_op *op = gf_op_at(data[0] % gf_op_count());
  input in = {data + 3, size - 3};
  choose_client(&config, data[2]);
  test_alloc_init(&a, 0, false);
  a.secret = SECRET;
  MUST(script_try_open(&s, &a, &config, NULL, &error));
  if (data[1] / 4) a.fail_at = a.count + data[1] / 4u;
  bool told = data[1] % 4 == 3 && (strcmp(op->name, "call") == 0 || strcmp(op->name, "request") == 0);
  script_args args = script_args_for(op, &plenty, (script_variant)(data[1] % 4 % SCRIPT_VARIANTS));
  if (told) take_arguments(op, &args, &plenty, &in);
  gf_call *calls[2] = {script_call_args(&s, op, &args, &error), NULL};
  MUST(calls[0] || a.tripped || told);
  if (calls[0] && data[2] & 4)
    calls[1] = gf_call_new(s.client, gf_op_find("get_current_org"), NULL, 0, NULL, 0, &error);
  if (calls[0]) run(s.client, calls, calls[1] ? 2 : 1, &in);
  script_args_free(&args);
  gf_call_release(calls[0]);
  gf_call_release(calls[1]);
  must_be_usable(&s);
  script_close(&s);
  MUST(a.live == 0);
  MUST(a.exposed == 0 || holds(data, size, SECRET)); /* unless an answer has shown it */
  return 0;
}
