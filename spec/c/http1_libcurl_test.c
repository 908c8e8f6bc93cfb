/* SPDX-License-Identifier: MIT
 *
 * The vectors of spec/http1 read twice: by the HTTP/1.1 reader, and by libcurl from a server that sends the same bytes. What
 * the core is fed must be the same. Where it is not, the vector says so, and why.
 */
#include "curl_driver.h"
#include "curl_fake.h"
#include "curl_peer.h"
#include "http1_vectors.h"
#include <curl/curl.h>
#include <time.h>

static vector_list vectors;

/* ------------------------------------------------------------------------------------------------ the reader -- */

static int feed_head(void *ctx, int code) { return gf_head(ctx, 1, code); }
static int feed_header(void *ctx, gfh_str name, gfh_str value) {
  return gf_header_line(ctx, 1, (gf_str){name.p, name.n}, (gf_str){value.p, value.n});
}
static int feed_body(void *ctx, gfh_str bytes) { return gf_body(ctx, 1, (gf_str){bytes.p, bytes.n}); }

static void *resize(void *ctx, void *p, size_t size) { return fake_resize(ctx, p, size); }

/* How an answer has come in. */
typedef struct outcome {
  gf_call *call;
  fake_request *request;
  bool whole, kept;
  bool needs_close; /* more would have come */
} outcome;

static outcome read_by_reader(const vector *v) {
  outcome o = {.call = fake_call()};
  o.request = fake_add(o.call, v->method, "", NULL);
  gfh_sink sink = {feed_head, feed_header, feed_body, o.call};
  gfh_reader *reader = gfh_new(&(gfh_allocator){resize, NULL});
  if (!reader) abort();
  gfh_begin(reader, v->method, &sink);
  gfh_state state = gfh_feed(reader, v->bytes.p, v->bytes.n);
  o.needs_close = state != GFH_DONE;
  if (state == GFH_MORE) state = gfh_eof(reader);
  o.whole = state == GFH_DONE;
  o.kept = gfh_keep(reader);
  gfh_free(reader);
  return o;
}

/* -------------------------------------------------------------------------------------------------- libcurl -- */

static outcome read_by_libcurl(const vector *v, bool close) {
  peer p;
  gfc_config config;
  gf_error error;
  char url[100];
  const peer_route routes[] = {{"", v->bytes.p, v->bytes.n, close ? PEER_CLOSE : PEER_KEEP}};
  outcome o = {.call = fake_call()};
  gfc_config_init(&config);
  config.proxy = "";
  peer_open(&p, routes, 1);
  snprintf(url, sizeof url, "http://127.0.0.1:%d/", p.port);
  o.request = fake_add(o.call, v->method, url, NULL);
  o.request->request.timeout_ms = 2000;
  gfc_driver *driver = gfc_driver_new(&config, &error);
  if (!driver || !gfc_driver_add(driver, o.call)) abort();
  while (gfc_driver_step(driver, 1) > 0)
    peer_turn(&p);
  peer_turn(&p);
  o.whole = o.request->how == GF_END_COMPLETE;
  o.kept = o.whole && p.n > 0;
  gfc_driver_free(driver);
  peer_shut(&p);
  return o;
}

/* ------------------------------------------------------------------------------------------------ comparing -- */

/* Interim answers are fed by libcurl's driver too, before the answer. */
static bool same_lines(const fake_request *by_reader, const fake_request *by_libcurl) {
  size_t n = strlen(by_reader->lines), all = strlen(by_libcurl->lines);
  if (by_libcurl->heads > 1 && all > n) return strcmp(by_reader->lines, by_libcurl->lines + all - n) == 0;
  return strcmp(by_reader->lines, by_libcurl->lines) == 0;
}

static bool same_answer(const fake_request *a, const fake_request *b) {
  return a->code == b->code && same_lines(a, b) && a->body_size == b->body_size &&
         (a->body_size == 0 || memcmp(a->body, b->body, a->body_size) == 0);
}

static void tell(const char *who, const outcome *o) {
  vector_text body = {NULL, 0, 0};
  vector_add(&body, "", 0);
  vector_add_escaped(&body, o->request->body, o->request->body_size);
  printf("  %s: %s%s%s, code %d, body %s\n%s", who, o->whole ? "whole" : "not whole", o->kept ? ", kept" : "",
         o->request->how == GF_END_TIMEOUT ? ", timed out" : "", o->request->code, body.p, o->request->lines);
  free(body.p);
}

/* The libcurl that the documents speak of; others are stricter here and laxer there. */
static bool is_documented_libcurl(void) {
  return strncmp(curl_version_info(CURLVERSION_NOW)->version, "7.88.", 5) == 0;
}

static bool is_as_told(bool difference, bool told) { return difference == told || !is_documented_libcurl(); }

/* The reader may refuse more and close more often, and says so; never less. What both take is the same. */
static bool compare(const vector *v, const outcome *ours, const outcome *theirs) {
  bool both = ours->whole && theirs->whole;
  return theirs->whole >= ours->whole && (!both || same_answer(ours->request, theirs->request)) &&
         (!both || theirs->kept >= ours->kept) && is_as_told(!ours->whole && theirs->whole, v->is_stricter) &&
         is_as_told(both && !ours->kept && theirs->kept, v->is_closer);
}

static void agrees_with_libcurl(void) {
  size_t compared = 0;
  for (size_t i = 0; i < vectors.n; i++) {
    const vector *v = &vectors.of[i];
    if (strcmp(v->method, "CONNECT") == 0) continue;
    outcome ours = read_by_reader(v), theirs = read_by_libcurl(v, ours.needs_close);
    if (!CHECK(compare(v, &ours, &theirs))) {
      printf("  %s\n", v->name);
      tell("reader", &ours);
      tell("libcurl", &theirs);
    }
    fake_free(ours.call);
    fake_free(theirs.call);
    compared++;
  }
  CHECK(compared > 100);
}

int main(int argc, char **argv) {
  static const test_rule rules[] = {
      {"the core is fed what libcurl would feed it, but where the vector says otherwise",
       agrees_with_libcurl},
  };
  vectors = vectors_load("spec/http1");
  int result = TEST_RUN(rules, argc, argv);
  vectors_free(&vectors);
  return result;
}
