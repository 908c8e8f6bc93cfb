/* SPDX-License-Identifier: MIT
 *
 * curl_fake.h: stands in for the core where the libcurl driver is tested: a call is a list of requests that
 * are given out `window` at a time, and notes all that it is fed. It defines the functions of grafana.h that
 * the driver uses, so that nothing is linked from libgrafana.a.
 */
#ifndef CURL_FAKE_H
#define CURL_FAKE_H

#include "grafana.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

enum { FAKE_MAX = 40 };

typedef struct fake_request {
  gf_request request;
  int heads, code;  /* how many heads came, and the last one's code */
  char lines[4096]; /* header lines as they came, "name=value\n" */
  char *body;       /* grows; zero-terminated */
  size_t body_size;
  int ended; /* calls of gf_end */
  gf_how how;
  bool sent;
  char detail[300];
} fake_request;

typedef enum fake_drop { FAKE_KEEP, FAKE_DROP_HEAD, FAKE_DROP_LINE, FAKE_DROP_BODY } fake_drop;

/* What calls may have on the wire together, and whether they may send at all. */
typedef struct fake_client {
  size_t places, on_wire;
  bool unsigned_in, wants_token;
} fake_client;

struct gf_call {
  int refs;
  bool done;        /* all ended, or cancelled by the test */
  bool cancel_late; /* becomes done within gf_body, as if another function of the core had ended it */
  fake_request requests[FAKE_MAX];
  size_t n, next, ended;
  size_t window;
  fake_drop drop;
  int64_t wake; /* no request before then; 0: at once */
  int asked;    /* calls of gf_call_next */
  int fed_late; /* feedings after it was done: never */
  gf_watch *watch;
  fake_client *client; /* shares a window with others; NULL: alone */
  gf_blocked blocked;
};

static char fake_agent[] = "fake/1";
static const gf_header fake_headers[] = {{{"Authorization", 13}, {"Basic c2VjcmV0", 14}},
                                         {{"User-Agent", 10}, {fake_agent, 6}},
                                         {{"X-Empty", 7}, {NULL, 0}}};

/* A call without requests; the test's own reference is its lifetime. */
static gf_call *fake_call(void) {
  gf_call *call = calloc(1, sizeof *call);
  if (!call) abort();
  call->refs = 1;
  call->window = FAKE_MAX;
  return call;
}

/* Adds a request; `method`, `url` and `body` must live as long as the call. */
static fake_request *fake_add(gf_call *call, const char *method, const char *url, const char *body) {
  fake_request *r = &call->requests[call->n++];
  r->request = (gf_request){.id = (uint32_t)call->n,
                            .method = method,
                            .url = url,
                            .headers = fake_headers,
                            .n_headers = 3,
                            .headers_id = 7,
                            .body = {body, body ? strlen(body) : 0},
                            .timeout_ms = 5000,
                            .connect_timeout_ms = 2000};
  return r;
}

static void fake_free(gf_call *call) {
  CHECK_INT(call->refs, 1);
  CHECK_INT(call->fed_late, 0);
  for (size_t i = 0; i < call->n; i++)
    free(call->requests[i].body);
  free(call);
}

static fake_request *fake_find(gf_call *call, uint32_t id) {
  if (call->done) call->fed_late++;
  if (!CHECK(id >= 1 && id <= call->n)) abort();
  CHECK_INT(call->requests[id - 1].ended, 0);
  return &call->requests[id - 1];
}

/* ------------------------------------------------------------------------------------- the core's face -- */

static void *fake_resize(void *ctx, void *p, size_t size) {
  (void)ctx;
  if (size > 0) return realloc(p, size);
  free(p);
  return NULL;
}

gf_allocator gf_default_allocator(void) { return (gf_allocator){fake_resize, NULL}; }

gf_call *gf_call_retain(gf_call *call) {
  call->refs++;
  return call;
}

void gf_call_release(gf_call *call) { call->refs--; }

bool gf_call_is_done(const gf_call *call) { return call->done; }

void gf_call_watch(gf_call *call, gf_watch *watch) { call->watch = watch; }
gf_watch *gf_call_watched(const gf_call *call) { return call->watch; }

static void fake_finish(gf_call *call) {
  if (call->done) return;
  call->done = true;
  if (call->client) call->client->on_wire -= call->next - call->ended;
  if (!call->watch) return;
  call->watch->next = *call->watch->done;
  *call->watch->done = call->watch;
}

bool gf_call_has_room(const gf_call *call) {
  return !call->client || call->client->on_wire < call->client->places;
}
gf_blocked gf_call_blocked(const gf_call *call) { return call->blocked; }
bool gf_call_wants_token(const gf_call *call) { return call->client && call->client->wants_token; }

gf_next gf_call_next(gf_call *call, int64_t now_ms, const gf_request **request, int64_t *wake_ms) {
  call->asked++;
  *wake_ms = INT64_MAX;
  if (call->done) return GF_DONE;
  if (now_ms < call->wake) {
    *wake_ms = call->wake;
    return GF_WAIT;
  }
  call->blocked = GF_BLOCKED_NOT;
  if (call->next == call->n || call->next - call->ended >= call->window) return GF_WAIT;
  if (call->client && call->client->unsigned_in) call->blocked = GF_BLOCKED_SIGN_IN;
  if (!gf_call_has_room(call)) call->blocked = GF_BLOCKED_ROOM;
  if (call->blocked) return GF_WAIT;
  if (call->client) call->client->on_wire++;
  *request = &call->requests[call->next++].request;
  return GF_SEND;
}

int gf_head(gf_call *call, uint32_t id, int code) {
  fake_request *r = fake_find(call, id);
  r->heads++;
  r->code = code;
  return call->drop == FAKE_DROP_HEAD ? -1 : 0;
}

int gf_header_line(gf_call *call, uint32_t id, gf_str name, gf_str value) {
  fake_request *r = fake_find(call, id);
  size_t n = strlen(r->lines);
  snprintf(r->lines + n, sizeof r->lines - n, "%.*s=%.*s\n", (int)name.n, name.p, (int)value.n, value.p);
  return call->drop == FAKE_DROP_LINE ? -1 : 0;
}

int gf_body(gf_call *call, uint32_t id, gf_str bytes) {
  fake_request *r = fake_find(call, id);
  char *larger = realloc(r->body, r->body_size + bytes.n + 1);
  if (!larger) abort();
  r->body = larger;
  memcpy(r->body + r->body_size, bytes.p, bytes.n);
  r->body_size += bytes.n;
  r->body[r->body_size] = '\0';
  if (call->cancel_late) fake_finish(call);
  return call->drop == FAKE_DROP_BODY ? -1 : 0;
}

void gf_end(gf_call *call, uint32_t id, gf_how how, bool sent, const char *detail, int64_t now_ms) {
  fake_request *r = fake_find(call, id);
  CHECK(now_ms > 0);
  r->ended++;
  r->how = how;
  r->sent = sent;
  snprintf(r->detail, sizeof r->detail, "%s", detail ? detail : "");
  if (call->client) call->client->on_wire--;
  if (++call->ended == call->n) fake_finish(call);
}

#endif
