/* SPDX-License-Identifier: MIT
 *
 * When requests are sent again, how long after, how many at once, and what is said of it. */
#include "script_servers.h"

#define JSON "application/json"
#define CALL(s, r, want, ...)                                                                                \
  do {                                                                                                       \
    gf_call *call_ = script_call((s), __VA_ARGS__);                                                          \
    r = script_run((s), call_);                                                                              \
    CHECK_RESULT(r, want);                                                                                   \
    gf_call_release(call_);                                                                                  \
  } while (0)

/* The given answer for the first `times` requests of `method` (NULL: any), then good ones. */
typedef struct trouble {
  script_answer answer;
  const char *method;
  int times;
} trouble;

static script_answer troubled(script *s, const gf_request *request, const char *path) {
  trouble *t = (trouble *)s->ctx;
  if ((t->method && strcmp(t->method, request->method) != 0) || t->times <= 0)
    return script_grafana(s, request, path);
  t->times--;
  return t->answer;
}

/* Without jitter, at most `retries` retries. */
static void open_troubled(script *s, trouble *t, int retries) {
  gf_config config;
  script_config(&config);
  config.max_retries = retries;
  script_open(s, NULL, &config, troubled);
  s->ctx = t;
}

/* ------------------------------------------------------------------------------ the table of decisions -- */

static const char *const gets[] = {"get_current_org", NULL};
static const char *const posts[] = {"create_org", "'Acme", NULL};
static const char *const puts_[] = {"update_current_org", "'Acme", NULL};
static const char *const patches[] = {"update_current_org_user", "5", "'Viewer", NULL};
static const char *const deletes[] = {"delete_dashboard", "2", "'u1", NULL};

typedef struct decision {
  script_answer answer;
  bool read, post, idempotent; /* is it sent again? */
  const char *alone;           /* the result of a POST when there are no retries */
} decision;

static const decision decisions[] = {
    {{.code = 429, .type = JSON, .body = "{}"}, true, true, true, "error rate-limited"},
    {{.code = 502, .type = JSON, .body = "{}"}, true, false, true, "error unavailable uncertain"},
    {{.code = 503, .type = JSON, .body = "{}"}, true, false, true, "error unavailable uncertain"},
    {{.code = 504, .type = JSON, .body = "{}"}, true, false, true, "error unavailable uncertain"},
    {{.code = 500, .type = JSON, .body = "{}"}, false, false, false, "error server-error"},
    {{.code = 501, .type = JSON, .body = "{}"}, false, false, false, "error server-error"},
    {{.code = 403, .type = JSON, .body = "{}"}, false, false, false, "access-denied forbidden"},
    {{.code = 401, .type = JSON, .body = "{}"}, false, false, false, "access-denied bad-credentials"},
    {{.code = 408, .type = JSON, .body = "{}"}, false, false, false, "error"},
    {{.code = 200, .type = JSON, .body = "{\"a"}, false, false, false, "error invalid-json uncertain"},
    {{.code = 200, .type = JSON, .body = "<html>"}, false, false, false, "error not-grafana uncertain"},
    {{.how = GF_END_CUT}, true, false, true, "error cut uncertain"},
    {{.how = GF_END_CUT, .unsent = true}, true, true, true, "error cut"},
    {{.how = GF_END_TIMEOUT}, true, false, true, "error timeout uncertain"},
    {{.how = GF_END_TIMEOUT, .unsent = true}, true, true, true, "error timeout"},
    {{.how = GF_END_UNKNOWN_HOST, .unsent = true}, true, true, true, "unknown-host"},
    {{.how = GF_END_REFUSED, .unsent = true}, true, true, true, "connection-refused"},
    {{.how = GF_END_TLS, .unsent = true}, false, false, false, "error tls"},
    {{.how = GF_END_TLS}, false, false, false, "error tls uncertain"},
    {{.how = GF_END_FAILED, .unsent = true}, true, true, true, "error"},
    {{.how = GF_END_FAILED}, true, false, true, "error uncertain"},
    {{.how = GF_END_DROPPED}, false, false, false, "error uncertain"},
    {{.code = 200, .type = JSON, .body = "{}", .how = GF_END_CUT}, true, false, true, "error cut uncertain"},
};

static gf_call *make(script *s, const char *const *words) {
  return script_call(s, words[0], words[1], words[1] ? words[2] : NULL, NULL);
}

/* The first request of `method` meets the trouble; is there a second? */
static void check_decision(const decision *d, const char *const *words, const char *method, bool again) {
  trouble t = {d->answer, method, 1};
  script s;
  char brief[96];
  open_troubled(&s, &t, 1);
  gf_call *call = make(&s, words);
  const gf_result *r = script_run(&s, call);
  bool ok = r && r->status == GF_OK;
  if (!CHECK(ok == again))
    printf("  %s, code %d, how %d, %s: %s\n", words[0], d->answer.code, d->answer.how,
           d->answer.unsent ? "not sent" : "sent", r ? script_brief(r, brief) : "");
  if (ok) CHECK(r->attempts == 2 && !r->uncertain);
  if (ok) CHECK_INT(s.waited, 500);
  gf_call_release(call);
  script_close(&s);
}

static void decisions_are_right(void) {
  for (size_t i = 0; i < sizeof decisions / sizeof *decisions; i++) {
    const decision *d = &decisions[i];
    check_decision(d, gets, "GET", d->read);
    check_decision(d, posts, "POST", d->post);
    check_decision(d, puts_, "PUT", d->idempotent);
    check_decision(d, patches, "PATCH", d->idempotent);
    check_decision(d, deletes, "DELETE", d->idempotent);
  }
}

static void uncertain_is_said(void) {
  for (size_t i = 0; i < sizeof decisions / sizeof *decisions; i++) {
    trouble t = {decisions[i].answer, "POST", 1};
    script s;
    const gf_result *r;
    open_troubled(&s, &t, 0);
    CALL(&s, r, decisions[i].alone, "create_org", "'Acme", NULL);
    script_close(&s);
  }
}

static void reads_are_never_uncertain(void) {
  for (size_t i = 0; i < sizeof decisions / sizeof *decisions; i++) {
    trouble t = {decisions[i].answer, NULL, 1000};
    script s;
    open_troubled(&s, &t, 2);
    gf_call *call = make(&s, gets);
    const gf_result *r = script_run(&s, call);
    CHECK(r && r->status != GF_OK && !r->uncertain && r->attempts == (decisions[i].read ? 3 : 1));
    gf_call_release(call);
    script_close(&s);
  }
}

static void no_retries_are_none(void) {
  trouble t = {{.how = GF_END_REFUSED, .unsent = true}, NULL, 1000};
  script s;
  const gf_result *r;
  open_troubled(&s, &t, 0);
  CALL(&s, r, "connection-refused", "get_current_org", NULL);
  CHECK_INT(s.requests, 1);
  CHECK_INT(s.waits, 0);
  CALL(&s, r, "connection-refused", "get_current_org", "/", "max_retries", "2", NULL);
  CHECK_INT(s.requests, 4);
  script_close(&s);
}

/* The second attempt finds nothing, for the first has done it. */
static script_answer delete_twice(script *s, const gf_request *request, const char *path) {
  static const script_answer second[] = {
      {.code = 404, .type = JSON, .body = "{\"message\":\"Dashboard not found\"}"},
      {.code = 404, .type = JSON, .body = "{\"message\":\"Not found\"}"},
  };
  const script_answer *first = s->ctx;
  if (strcmp(request->method, "DELETE") != 0) return script_grafana(s, request, path);
  return s->requests == 1 ? *first : second[s->piece];
}

static void a_second_delete_may_find_nothing(void) {
  static const struct {
    script_answer first;
    const char *want;
    size_t second;
  } cases[] = {
      {{.how = GF_END_CUT}, "ok", 0},
      {{.how = GF_END_TIMEOUT}, "ok", 0},
      {{.code = 502, .type = "text/html", .body = "<html>"}, "ok", 0},
      {{.how = GF_END_REFUSED, .unsent = true}, "not-found", 0},
      {{.code = 429, .type = JSON, .body = "{}"}, "not-found", 0},
      {{.code = 404, .type = JSON, .body = "{\"message\":\"Dashboard not found\"}"}, "not-found", 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    script s;
    const gf_result *r;
    script_open(&s, NULL, NULL, delete_twice);
    s.ctx = &cases[i].first;
    CALL(&s, r, cases[i].want, "delete_dashboard", "2", "'u1", NULL);
    script_close(&s);
  }
}

/* ----------------------------------------------------------------------------------------- Retry-After -- */

static void wait_after(const char *value, const char *date, int64_t expected) {
  const gf_request *request;
  script s;
  int64_t wake;
  gf_retry retry;
  script_open(&s, NULL, NULL, script_grafana);
  gf_call *call = script_call(&s, "create_org", "'Acme", NULL);
  CHECK(gf_call_next(call, 1000, &request, &wake) == GF_SEND);
  gf_head(call, request->id, 429);
  if (date) gf_header_line(call, request->id, script_z("date"), script_z(date));
  gf_header_line(call, request->id, script_z("Retry-After"), script_z(value));
  gf_end(call, request->id, GF_END_COMPLETE, true, NULL, 1000);
  CHECK(gf_call_retried(call, &retry) && !gf_call_retried(call, &retry));
  if (!CHECK_INT(retry.delay_ms, expected)) printf("  '%s', date '%s'\n", value, date ? date : "");
  CHECK(retry.attempt == 1 && retry.status == GF_ERROR && retry.reason == GF_RATE_LIMITED);
  CHECK_STR(retry.operation, "create_org");
  gf_next next = gf_call_next(call, 1000, &request, &wake);
  if (expected) CHECK(next == GF_WAIT && wake == 1000 + expected);
  if (expected) CHECK(gf_call_next(call, 999 + expected, &request, &wake) == GF_WAIT);
  if (expected) next = gf_call_next(call, 1000 + expected, &request, &wake);
  CHECK(next == GF_SEND);
  gf_call_release(call);
  script_close(&s);
}

static void retry_after_is_heard(void) {
  enum { BACK_OFF = 500, CAP = 60000 };
  static const char date[] = "Sun, 06 Nov 1994 08:49:37 GMT";
  static const struct {
    const char *value, *date;
    int64_t expected;
  } cases[] = {
      {"0", NULL, 0},
      {"1", NULL, 1000},
      {"59", NULL, 59000},
      {"60", NULL, CAP},
      {"61", NULL, CAP},
      {"999999999999999999999999999999", NULL, CAP},
      {"9223372036854775808", NULL, CAP},
      {"-1", NULL, BACK_OFF},
      {"1.5", NULL, BACK_OFF},
      {"", NULL, BACK_OFF},
      {"soon", NULL, BACK_OFF},
      {"1 ", NULL, BACK_OFF},
      {"Sun, 06 Nov 1994 08:49:40 GMT", date, 3000},
      {"Sun, 06 Nov 1994 08:49:37 GMT", date, 0},
      {"Sun, 06 Nov 1994 08:49:00 GMT", date, 0},
      {"Mon, 07 Nov 1994 08:49:37 GMT", date, CAP},
      {"Fri, 31 Dec 9999 23:59:59 GMT", date, CAP},
      {"Sat, 01 Jan 0000 00:00:00 GMT", date, 0},
      {"Sun, 06 Nov 1994 08:49:40 GMT", NULL, BACK_OFF},
      {"Sun, 06 Nov 1994 08:49:40 GMT", "yesterday", BACK_OFF},
      {"Sun, 06 Xxx 1994 08:49:40 GMT", date, BACK_OFF},
      {"Sun, 06 Nov 1994 08:49:40 CET", date, BACK_OFF},
      {"Sunday, 06-Nov-94 08:49:37 GMT", date, BACK_OFF},
      {"Thu, 29 Feb 2024 00:00:01 GMT", "Wed, 28 Feb 2024 23:59:59 GMT", 2000},
      {"Fri, 01 Mar 2024 00:00:00 GMT", "Thu, 29 Feb 2024 23:59:58 GMT", 2000},
      {"Wed, 01 Mar 2023 00:00:00 GMT", "Tue, 28 Feb 2023 23:59:58 GMT", 2000},
      {"Fri, 01 Jan 2100 00:00:03 GMT", "Thu, 31 Dec 2099 23:59:59 GMT", 4000},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    wait_after(cases[i].value, cases[i].date, cases[i].expected);
}

/* --------------------------------------------------------------------------------- back-off and jitter -- */

static uint64_t constant(void *ctx) { return *(uint64_t *)ctx; }

static int64_t waited_with(uint64_t *number, int64_t first, int64_t most, double multiplier, int retries) {
  trouble t = {{.how = GF_END_REFUSED, .unsent = true}, NULL, 1000};
  script s;
  gf_config config;
  const gf_result *r;
  script_config(&config);
  config.max_retries = retries;
  config.backoff_first_ms = first;
  config.backoff_max_ms = most;
  config.backoff_multiplier = multiplier;
  config.random = number ? constant : NULL;
  config.random_ctx = number;
  script_open(&s, NULL, &config, troubled);
  s.ctx = &t;
  CALL(&s, r, "connection-refused", "get_current_org", NULL);
  int64_t waited = s.waited;
  script_close(&s);
  return waited;
}

static void delays_grow_up_to_the_largest(void) {
  CHECK_INT(waited_with(NULL, 500, 1000, 2, 1), 500);
  CHECK_INT(waited_with(NULL, 500, 1000, 2, 4), 500 + 1000 + 1000 + 1000);
  CHECK_INT(waited_with(NULL, 100, 2000, 3, 4), 100 + 300 + 900 + 2000);
  CHECK_INT(waited_with(NULL, 100, 2000, 1, 4), 400);
  CHECK_INT(waited_with(NULL, 5000, 1000, 2, 2), 2000);
  CHECK_INT(waited_with(NULL, 0, 1000, 2, 5), 0);
  CHECK_INT(waited_with(NULL, 1, INT64_C(1) << 40, 1e308, 2), 1 + (INT64_C(1) << 40));
}

static void jitter_is_between_half_and_whole(void) {
  for (int bit = -1; bit < 65; bit++) {
    uint64_t number = bit < 0 ? 0 : bit > 63 ? UINT64_MAX : UINT64_C(1) << bit;
    int64_t waited = waited_with(&number, 1000, 1000, 2, 1);
    CHECK(waited >= 500 && waited <= 1000);
    if (number == 0) CHECK_INT(waited, 500);
    if (number == UINT64_MAX) CHECK(waited >= 999);
  }
}

/* ------------------------------------------------------------------------------------------- deadlines -- */

static void a_deadline_ends_the_waiting(void) {
  trouble t = {{.code = 503, .type = JSON, .body = "{}"}, NULL, 1000};
  script s;
  const gf_result *r;
  open_troubled(&s, &t, 10);
  CALL(&s, r, "error unavailable", "get_current_org", "/", "deadline", "1200",
       NULL); /* no retry that would pass it */
  CHECK_INT(s.requests, 2);
  CHECK_INT(s.waited, 500);
  script_close(&s);
}

static void a_deadline_shortens_the_timeouts(void) {
  script s;
  const gf_request *request;
  int64_t wake;
  script_open(&s, NULL, NULL, script_grafana);
  gf_call *call = script_call(&s, "create_org", "'Acme", "/", "deadline", "1500", NULL);
  CHECK(gf_call_next(call, 100, &request, &wake) == GF_SEND);
  CHECK(request->timeout_ms == 1500 && request->connect_timeout_ms == 1500);
  CHECK(gf_call_next(call, 1599, &request, &wake) == GF_WAIT && wake == 1600);
  CHECK(gf_call_next(call, 1600, &request, &wake) == GF_DONE);
  CHECK_RESULT(gf_call_result(call), "error deadline uncertain");
  CHECK_INT(gf_call_result(call)->attempts, 1);
  CHECK(strstr(gf_call_result(call)->message, "1500 ms") != NULL);
  gf_call_release(call);
  script_close(&s);
}

static void timeouts_are_as_configured(void) {
  script s;
  const gf_request *request;
  int64_t wake;
  script_open(&s, NULL, NULL, script_grafana);
  gf_call *call = script_call(&s, "health", "/", "timeout", "0", NULL),
          *usual = script_call(&s, "get_orgs", NULL);
  CHECK(gf_call_next(call, 0, &request, &wake) == GF_SEND);
  CHECK(request->timeout_ms == 0 && request->connect_timeout_ms == 2000);
  gf_call_release(call);
  CHECK(gf_call_next(usual, 0, &request, &wake) == GF_SEND);
  CHECK(request->timeout_ms == 5000);
  gf_call_release(usual);
  script_close(&s);
}

static void a_deadline_reached_on_the_wire_is_told_as_such(void) {
  script s;
  const gf_request *request;
  int64_t wake;
  script_open(&s, NULL, NULL, script_grafana);
  gf_call *call = script_call(&s, "get_current_org", "/", "deadline", "300", NULL);
  CHECK(gf_call_next(call, 0, &request, &wake) == GF_SEND);
  gf_end(call, request->id, GF_END_TIMEOUT, true, NULL, 300);
  CHECK_RESULT(gf_call_result(call), "error deadline");
  gf_call_release(call);
  script_close(&s);
}

/* ------------------------------------------------------------------------------------------ the window -- */

enum { CALLS = 16 };

static void run_many(script *s, const char *name) {
  gf_call *calls[CALLS];
  for (int i = 0; i < CALLS; i++)
    calls[i] = script_call(s, name, strcmp(name, "create_org") == 0 ? "'Acme" : NULL, NULL);
  script_run_all(s, calls, CALLS);
  for (int i = 0; i < CALLS; i++) {
    CHECK(script_is_sound(gf_call_result(calls[i])));
    gf_call_release(calls[i]);
  }
}

static void the_window_is_kept(void) {
  for (int concurrency = 1; concurrency <= 20; concurrency += 3) {
    script s;
    gf_config config;
    script_config(&config);
    config.concurrency = concurrency;
    config.user = config.password = script_z(NULL); /* nothing to lock */
    script_open(&s, NULL, &config, script_grafana);
    run_many(&s, "create_org");
    CHECK_INT(s.requests, CALLS);
    CHECK_INT(s.most_wire, concurrency < CALLS ? concurrency : CALLS);
    script_close(&s);
  }
}

static void whether_there_is_room_is_told(void) {
  script s;
  int64_t wake;
  gf_config config;
  script_config(&config);
  config.concurrency = 2;
  config.user = config.password = script_z(NULL);
  script_open(&s, NULL, &config, script_grafana);
  gf_call *a = script_call(&s, "get_current_org", NULL), *b = script_call(&s, "get_current_org", NULL);
  CHECK(script_ask(&s, a, &wake) == GF_WAIT && gf_call_has_room(a) && gf_call_has_room(b));
  CHECK(script_ask(&s, b, &wake) == GF_WAIT && !gf_call_has_room(a) && !gf_call_has_room(b));
  gf_call_cancel(a);
  CHECK(gf_call_has_room(a) && gf_call_has_room(b));
  script_run(&s, b);
  gf_call_release(a);
  gf_call_release(b);
  script_close(&s);
}

static void a_fan_out_fills_the_window(void) {
  script s;
  const gf_result *r;
  script_open(&s, NULL, NULL, script_without_pages);
  CALL(&s, r, "ok", "get_org_panels", "2", NULL); /* the client knows now that there are no pages */
  s.most_wire = 0;
  gf_call *call = script_call(&s, "get_org_panels", "2", NULL);
  r = script_run(&s, call);
  CHECK_INT(gf_result_field(r, "panels")->n_items, 6);
  CHECK_INT(s.most_wire, 4); /* the second page and three dashboards */
  CHECK(strstr(s.log, "/api/dashboards/uid/a%2Fb%3Fc%23d%25\n") != NULL);
  gf_call_release(call);
  script_close(&s);
}

/* Each time that its own answer is there, another call takes the only place: it has more to ask for all the same. */
static void a_fan_out_that_finds_the_window_full_goes_on(void) {
  script s;
  int64_t wake;
  gf_config config;
  script_config(&config);
  config.concurrency = 1;
  config.user = config.password = script_z(NULL);
  script_open(&s, NULL, &config, script_grafana);
  gf_call *call = script_call(&s, "get_org_panels", "2", NULL);
  while (script_ask(&s, call, &wake) != GF_DONE) {
    gf_call *other = script_call(&s, "get_current_org", NULL);
    script_answer_one(&s, 0);
    CHECK(script_ask(&s, other, &wake) == GF_WAIT && s.n_wire == 1);
    CHECK(script_ask(&s, call, &wake) == GF_DONE || gf_call_blocked(call) == GF_BLOCKED_ROOM);
    script_run(&s, other);
    gf_call_release(other);
  }
  CHECK_RESULT(gf_call_result(call), "ok");
  CHECK_INT(gf_result_field(gf_call_result(call), "panels")->n_items, 6);
  gf_call_release(call);
  script_close(&s);
}

/* A retry that is due when the window is full waits for room, not for the clock. */
static void a_due_retry_without_room_sets_no_alarm(void) {
  script s;
  const gf_request *first, *second, *none;
  int64_t wake;
  gf_config config;
  script_config(&config);
  config.concurrency = 1;
  script_open(&s, NULL, &config, script_grafana);
  gf_call *a = script_call(&s, "get_current_org", NULL), *b = script_call(&s, "get_orgs", NULL);
  CHECK(gf_call_next(a, 0, &first, &wake) == GF_SEND);
  CHECK(gf_call_next(b, 0, &none, &wake) == GF_WAIT && wake == INT64_MAX);
  gf_end(a, first->id, GF_END_CUT, true, NULL, 0);
  CHECK(gf_call_next(a, 0, &none, &wake) == GF_WAIT && wake == 500);
  CHECK(gf_call_next(b, 0, &second, &wake) == GF_SEND);
  CHECK(gf_call_next(a, 700, &none, &wake) == GF_WAIT && wake == INT64_MAX);
  gf_call_release(b);
  CHECK(gf_call_next(a, 700, &first, &wake) == GF_SEND);
  gf_call_release(a);
  script_close(&s);
}

static script_answer wrong_password(script *s, const gf_request *request, const char *path) {
  (void)s;
  (void)request;
  (void)path;
  return script_json(401, "{\"message\":\"Invalid username or password\"}");
}

static void a_wrong_password_is_tried_once(void) {
  script s;
  gf_call *calls[CALLS];
  script_open(&s, NULL, NULL, wrong_password);
  for (int i = 0; i < CALLS; i++)
    calls[i] = script_call(&s, i % 2 ? "add_org_user" : "get_org_panels", "2", i % 2 ? "'ann" : NULL,
                           "'Viewer", NULL);
  script_run_all(&s, calls, CALLS);
  CHECK_INT(s.requests, 1);
  for (int i = 0; i < CALLS; i++) {
    CHECK_RESULT(gf_call_result(calls[i]), "access-denied bad-credentials");
    CHECK(strstr(gf_call_result(calls[i])->message, "secret-password") == NULL);
    CHECK(strstr(gf_call_result(calls[i])->message, "basic-auth as admin") != NULL);
    gf_call_release(calls[i]);
  }
  const gf_result *r;
  CALL(&s, r, "access-denied bad-credentials", "get_current_org",
       NULL); /* somebody asks again: it is tried again */
  CHECK_INT(s.requests, 2);
  script_close(&s);
}

static void a_password_is_tried_alone_until_it_was_accepted(void) {
  script s;
  script_open(&s, NULL, NULL, script_grafana);
  gf_call *calls[CALLS];
  int64_t wake;
  for (int i = 0; i < CALLS; i++)
    calls[i] = script_call(&s, "get_current_org", NULL);
  for (int i = 0; i < CALLS; i++)
    script_ask(&s, calls[i], &wake);
  CHECK_INT(s.n_wire, 1);
  script_answer_one(&s, 0);
  for (int i = 0; i < CALLS; i++)
    script_ask(&s, calls[i], &wake);
  CHECK_INT(s.n_wire, 8);
  for (int i = 0; i < CALLS; i++)
    gf_call_release(calls[i]);
  script_close(&s);
}

/* What is answered to anybody, or by a gateway, proves nothing. */
static script_answer public_or_wrong(script *s, const gf_request *request, const char *path) {
  if (strcmp(path, "/api/health") == 0) return script_grafana(s, request, path);
  if (s->requests <= 2) return (script_answer){.code = 502, .type = JSON, .body = "{}"};
  return wrong_password(s, request, path);
}

static void public_answers_prove_no_password(void) {
  script s;
  const gf_result *r;
  script_open(&s, NULL, NULL, public_or_wrong);
  CALL(&s, r, "ok", "health", NULL);
  CALL(&s, r, "error unavailable", "get_orgs", "/", "max_retries", "0", NULL);
  run_many(&s, "get_current_org");
  CHECK_INT(s.requests, 3);
  script_close(&s);
}

static void a_refused_token_locks_nothing(void) {
  script s;
  gf_config config;
  script_config(&config);
  config.user = config.password = script_z(NULL);
  config.token = script_z("glsa_0123456789");
  script_open(&s, NULL, &config, wrong_password);
  run_many(&s, "get_current_org");
  CHECK_INT(s.requests, CALLS);
  CHECK_INT(s.most_wire, 8);
  script_close(&s);
}

/* Nobody asks about the organisation with credentials that were just refused. */
static void refused_credentials_ask_no_further(void) {
  script s;
  gf_config config;
  const gf_result *r;
  script_config(&config);
  config.user = config.password = script_z(NULL);
  config.token = script_z("glsa_0123456789");
  script_open(&s, NULL, &config, wrong_password);
  CALL(&s, r, "access-denied bad-credentials", "add_org_user", "2", "'ann", "'Viewer", NULL);
  CHECK_INT(s.requests, 1);
  script_close(&s);
}

/* Retries that are decided between two looks are all told. */
static script_answer cut_dashboards(script *s, const gf_request *request, const char *path) {
  if (script_like(path, "/api/dashboards/*")) return (script_answer){.how = GF_END_CUT};
  return script_without_pages(s, request, path);
}

static void every_retry_is_told(void) {
  script s;
  int64_t wake;
  gf_retry retry;
  int told = 0;
  script_open(&s, NULL, NULL, cut_dashboards);
  gf_call *call = script_call(&s, "get_org_panels", "2", NULL);
  for (int i = 0; i < 3; i++) { /* the search, its second page, and no pages of dashboards */
    script_ask(&s, call, &wake);
    script_answer_one(&s, 0);
  }
  script_ask(&s, call, &wake);
  while (s.n_wire)
    script_answer_one(&s, 0);
  while (gf_call_retried(call, &retry))
    told++;
  CHECK_INT(told, 3);
  gf_call_release(call);
  script_close(&s);
}

/* Of many parts one that cannot be read does not spoil the rest; what meets all ends it. */
static void a_fan_out_tells_what_it_could_not_read(void) {
  static const struct {
    script_answer answer;
    const char *want;
    size_t failed;
  } cases[] = {
      {{.code = 500, .type = JSON, .body = "{\"message\":\"boom\"}"}, "ok", 3},
      {{.code = 200, .type = JSON, .body = "{}"}, "ok", 3},
      {{.code = 404, .type = JSON, .body = "{\"message\":\"Dashboard not found\"}"}, "ok", 0},
      {{.code = 401, .type = JSON, .body = "{}"}, "access-denied bad-credentials", 0},
      {{.how = GF_END_REFUSED, .unsent = true}, "connection-refused", 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    trouble t = {cases[i].answer, NULL, 0};
    script s;
    open_troubled(&s, &t, 0);
    gf_call *call = script_call(&s, "get_org_panels", "2", NULL);
    int64_t wake;
    script_ask(&s, call, &wake);
    script_answer_one(&s, 0);
    script_ask(&s, call, &wake);
    script_answer_one(&s, 0); /* the last page of the search */
    t.times = 1000;
    const gf_result *r = script_run(&s, call);
    CHECK_RESULT(r, cases[i].want);
    const gf_field *failed = r ? gf_result_field(r, "failed") : NULL;
    CHECK_INT(failed ? failed->n_items : 0, cases[i].failed);
    gf_call_release(call);
    script_close(&s);
  }
}

int main(int argc, char **argv) {
  static const test_rule rules[] = {
      {"what is sent again and what is not", decisions_are_right},
      {"a write that may have arrived is uncertain", uncertain_is_said},
      {"a read is never uncertain, and has its retries", reads_are_never_uncertain},
      {"no retries are none", no_retries_are_none},
      {"a second DELETE may find nothing", a_second_delete_may_find_nothing},
      {"Retry-After is heard, and capped", retry_after_is_heard},
      {"delays grow up to the largest", delays_grow_up_to_the_largest},
      {"jitter is between half and whole", jitter_is_between_half_and_whole},
      {"a deadline ends the waiting", a_deadline_ends_the_waiting},
      {"a deadline shortens the timeouts and ends what is on the wire", a_deadline_shortens_the_timeouts},
      {"timeouts are as configured", timeouts_are_as_configured},
      {"a deadline reached on the wire is told as such", a_deadline_reached_on_the_wire_is_told_as_such},
      {"the window is kept", the_window_is_kept},
      {"whether there is room is told", whether_there_is_room_is_told},
      {"a fan-out fills the window", a_fan_out_fills_the_window},
      {"a fan-out that finds the window full goes on", a_fan_out_that_finds_the_window_full_goes_on},
      {"a due retry without room sets no alarm", a_due_retry_without_room_sets_no_alarm},
      {"a wrong password is tried once, whoever waits", a_wrong_password_is_tried_once},
      {"a password is tried alone until it was accepted", a_password_is_tried_alone_until_it_was_accepted},
      {"public answers prove no password", public_answers_prove_no_password},
      {"a refused token locks nothing", a_refused_token_locks_nothing},
      {"refused credentials ask no further", refused_credentials_ask_no_further},
      {"every retry is told", every_retry_is_told},
      {"a fan-out tells what it could not read", a_fan_out_tells_what_it_could_not_read},
  };
  return TEST_RUN(rules, argc, argv);
}
