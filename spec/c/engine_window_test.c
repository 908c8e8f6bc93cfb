/* SPDX-License-Identifier: MIT
 *
 * The window of what is on the wire: it shrinks when a server has too much to do, recovers, and pauses when asked to. */
#include "script.h"

enum { CALLS = 400 };

/* What the next request is answered. */
typedef struct weather {
  script_answer answer;
  const char *after; /* Retry-After */
} weather;

static script_answer serve(script *s, const gf_request *request, const char *path) {
  const weather *w = s->ctx;
  script_answer answer = w->answer.code || w->answer.how ? w->answer : script_grafana(s, request, path);
  if (w->after) answer.name = "Retry-After", answer.value = w->after;
  return answer;
}

/* Many calls of one client, each of which has one request to send. */
typedef struct crowd {
  script s;
  weather w;
  gf_call *calls[CALLS];
} crowd;

static void open_client(crowd *c, gf_config *config) {
  config->user = config->password = script_z(NULL); /* nothing to lock: all may go at once */
  script_open(&c->s, NULL, config, serve);
  c->w = (weather){.after = NULL};
  c->s.ctx = &c->w;
}

static void open_crowd(crowd *c, int concurrency) {
  gf_config config;
  script_config(&config);
  config.concurrency = concurrency;
  config.max_retries = 100;
  open_client(c, &config);
  for (size_t i = 0; i < CALLS; i++)
    c->calls[i] = script_call(&c->s, "get_current_org", NULL);
}

static void close_crowd(crowd *c) {
  for (size_t i = 0; i < CALLS; i++)
    gf_call_release(c->calls[i]);
  script_close(&c->s);
}

/* Give out what may be given out: how many requests are on the wire then. */
static size_t fill(crowd *c) {
  int64_t wake;
  for (size_t i = 0; i < CALLS; i++)
    script_ask(&c->s, c->calls[i], &wake);
  return c->s.n_wire;
}

/* The `times` requests that have been on the wire for longest are answered so. */
static void answer_by(crowd *c, size_t times, script_answer answer, const char *after) {
  c->w = (weather){answer, after};
  while (times-- > 0)
    script_answer_one(&c->s, 0);
  c->w = (weather){.after = NULL};
}

static void answer(crowd *c, size_t times, int code) { answer_by(c, times, script_json(code, "{}"), NULL); }

static void answer_well(crowd *c, size_t times) { answer_by(c, times, (script_answer){.code = 0}, NULL); }

/* ---------------------------------------------------------------------------------------- shrinking, recovering -- */

static void too_many_requests_halve_the_window(void) {
  crowd c;
  open_crowd(&c, 16);
  CHECK_INT(fill(&c), 16);
  answer(&c, 1, 429);
  CHECK_INT(fill(&c), 15); /* those are under way already */
  answer_well(&c, 7);
  CHECK_INT(fill(&c), 8);
  answer_well(&c, 8);
  CHECK_INT(fill(&c), 8);
  close_crowd(&c);
}

static void a_round_halves_it_once(void) {
  static const size_t places[] = {16, 8, 4, 2, 1, 1, 1};
  crowd c;
  open_crowd(&c, 16);
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    if (!CHECK_INT(fill(&c), places[i])) break;
    answer(&c, places[i], i % 2 ? 503 : 429);
  }
  close_crowd(&c);
}

/* Those that were under way when it shrank tell of the time before. */
static void answers_from_before_do_not_widen_it(void) {
  crowd c;
  open_crowd(&c, 16);
  fill(&c);
  answer(&c, 1, 429);
  answer_well(&c, 15);
  CHECK_INT(fill(&c), 8);
  close_crowd(&c);
}

/* One place a round, and never more than there were. */
static void it_recovers_place_by_place(void) {
  crowd c;
  size_t places = 1, rounds = 0;
  open_crowd(&c, 6);
  for (int i = 0; i < 3; i++) {
    fill(&c);
    answer(&c, c.s.n_wire, 429);
  }
  CHECK_INT(fill(&c), 1);
  for (; places < 6 && rounds < 20; rounds++) {
    answer_well(&c, places);
    size_t now = fill(&c);
    CHECK(now == places || now == places + 1);
    places = now;
  }
  CHECK_INT(places, 6);
  CHECK(rounds >= 5 && rounds <= 8);
  for (int i = 0; i < 20; i++) {
    answer_well(&c, places);
    CHECK_INT(fill(&c), 6);
  }
  close_crowd(&c);
}

static void everything_arrives_when_each_tenth_is_refused(void) {
  crowd c;
  open_crowd(&c, 8);
  size_t answers = 0, most_late = 0;
  for (int64_t wake = 0; wake < 100;) {
    fill(&c);
    if (c.s.n_wire == 0) { /* all that is left waits for its time */
      c.s.now += 500;
      wake++;
      continue;
    }
    if (answers > 100 && c.s.n_wire > most_late) most_late = c.s.n_wire;
    if (++answers % 10)
      answer_well(&c, 1);
    else
      answer(&c, 1, 429);
  }
  for (size_t i = 0; i < CALLS; i++)
    CHECK(gf_call_is_done(c.calls[i]) && gf_call_result(c.calls[i])->status == GF_OK);
  CHECK(most_late > 1 && most_late < 8);
  CHECK_INT(c.s.requests, answers);
  close_crowd(&c);
}

typedef struct effect {
  script_answer answer;
  size_t places; /* of eight, afterwards */
} effect;

static const effect effects[] = {
    {{.code = 429}, 4},
    {{.code = 503}, 4},
    {{.code = 200}, 8},
    {{.code = 401}, 8},
    {{.code = 403}, 8},
    {{.code = 404}, 8},
    {{.code = 500}, 8},
    {{.code = 502}, 8},
    {{.code = 504}, 8},
    {{.how = GF_END_CUT}, 8},
    {{.how = GF_END_TIMEOUT}, 8},
    {{.how = GF_END_REFUSED, .unsent = true}, 8},
    {{.how = GF_END_UNKNOWN_HOST, .unsent = true}, 8},
    {{.how = GF_END_FAILED}, 8},
    {{.code = 429,
      .type = "application/json",
      .body = "{\"message\":\"no\"}",
      .cut = true,
      .bytes = 3,
      .how = GF_END_CUT},
     8},
};

static void only_429_and_503_shrink_it(void) {
  for (size_t i = 0; i < sizeof effects / sizeof *effects; i++) {
    crowd c;
    open_crowd(&c, 8);
    fill(&c);
    answer_by(&c, 1, effects[i].answer, NULL);
    answer_well(&c, 7);
    if (!CHECK_INT(fill(&c), effects[i].places))
      printf("  code %d, how %d\n", effects[i].answer.code, effects[i].answer.how);
    close_crowd(&c);
  }
}

/* Nobody has shown that there is room. */
static void what_is_no_answer_of_the_server_does_not_widen_it(void) {
  static const script_answer answers[] = {{.code = 502},           {.code = 504},
                                          {.how = GF_END_TIMEOUT}, {.how = GF_END_CUT},
                                          {.how = GF_END_FAILED},  {.how = GF_END_REFUSED, .unsent = true}};
  crowd c;
  open_crowd(&c, 2);
  fill(&c);
  answer(&c, 2, 503);
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
    CHECK_INT(fill(&c), 1);
    answer_by(&c, 1, answers[i], NULL);
  }
  CHECK_INT(fill(&c), 1);
  answer_well(&c, 1);
  CHECK_INT(fill(&c), 2);
  close_crowd(&c);
}

/* It is not sent again, as it may have been carried out; the server has too much to do all the same. */
static void a_write_that_is_not_repeated_counts(void) {
  crowd c;
  open_crowd(&c, 8);
  gf_call *call = script_call(&c.s, "create_org", "'Acme", NULL);
  int64_t wake;
  script_ask(&c.s, call, &wake);
  fill(&c);
  answer_by(&c, 1, script_json(503, "{}"), "2");
  CHECK_RESULT(gf_call_result(call), "error unavailable uncertain");
  answer_well(&c, 7);
  CHECK_INT(fill(&c), 0);
  c.s.now += 2000;
  CHECK_INT(fill(&c), 4);
  gf_call_release(call);
  close_crowd(&c);
}

static void clients_do_not_share_it(void) {
  crowd a, b;
  open_crowd(&a, 8);
  open_crowd(&b, 8);
  fill(&a);
  fill(&b);
  answer_by(&a, 8, script_json(429, "{}"), "60");
  answer_well(&b, 8);
  CHECK_INT(fill(&a), 0);
  CHECK_INT(fill(&b), 8);
  close_crowd(&a);
  close_crowd(&b);
}

/* Of a client whose password has not been accepted one request at a time goes out, whatever the window. */
static void an_untrusted_client_has_room_for_one(void) {
  script s;
  int64_t wake;
  weather w = {.answer = script_json(429, "{}")};
  script_open(&s, NULL, NULL, serve);
  s.ctx = &w;
  gf_call *a = script_call(&s, "get_current_org", NULL), *b = script_call(&s, "get_current_org", NULL);
  for (int i = 0; i < 3; i++) {
    script_ask(&s, a, &wake);
    script_ask(&s, b, &wake);
    CHECK_INT(s.n_wire, 1);
    script_answer_one(&s, 0);
    s.now += 1000;
  }
  w = (weather){.after = NULL};
  gf_call *both[] = {a, b};
  script_run_all(&s, both, 2);
  CHECK_RESULT(gf_call_result(a), "ok");
  CHECK_RESULT(gf_call_result(b), "ok");
  gf_call_release(a);
  gf_call_release(b);
  script_close(&s);
}

/* ------------------------------------------------------------------------------------------------------- pauses -- */

/* That `call` waits for `wake`, and for no place in the window. */
static void check_waits(crowd *c, gf_call *call, int64_t wake) {
  int64_t at;
  CHECK(script_ask(&c->s, call, &at) == GF_WAIT);
  CHECK_INT(at, wake);
  CHECK_INT(gf_call_blocked(call), GF_BLOCKED_NOT);
}

static void retry_after_pauses_all(void) {
  crowd c;
  open_crowd(&c, 8);
  fill(&c);
  answer_by(&c, 1, script_json(429, "{}"), "2");
  answer_well(&c, 3);
  CHECK_INT(fill(&c), 4);
  check_waits(&c, c.calls[0], 3000);  /* was refused */
  check_waits(&c, c.calls[20], 3000); /* has not been sent yet */
  check_waits(&c, c.calls[7], INT64_MAX);
  gf_call *new = script_call(&c.s, "get_current_user", NULL);
  check_waits(&c, new, 3000);
  answer_well(&c, 4);
  c.s.now = 2999;
  CHECK_INT(fill(&c), 0);
  CHECK(gf_call_has_room(new));
  c.s.now = 3000;
  CHECK_INT(fill(&c), 4);
  answer_well(&c, 4);
  CHECK_RESULT(gf_call_result(c.calls[0]), "ok");
  CHECK_RESULT(script_run(&c.s, new), "ok");
  gf_call_release(new);
  close_crowd(&c);
}

static void without_it_only_the_request_concerned_waits(void) {
  crowd c;
  open_crowd(&c, 2);
  fill(&c);
  answer(&c, 1, 429);
  answer_well(&c, 1);
  check_waits(&c, c.calls[0], 1500);
  CHECK_INT(fill(&c), 1);
  answer_well(&c, 1);
  CHECK_INT(fill(&c), 2);
  close_crowd(&c);
}

static void a_pause_is_not_shortened(void) {
  crowd c;
  open_crowd(&c, 8);
  fill(&c);
  answer_by(&c, 1, script_json(503, "{}"), "5");
  answer_by(&c, 1, script_json(429, "{}"), "2");
  answer(&c, 1, 429);
  for (size_t i = 0; i < 3; i++)
    check_waits(&c, c.calls[i], 6000);
  answer_by(&c, 1, script_json(429, "{}"), "7");
  check_waits(&c, c.calls[20], 8000);
  answer_by(&c, 1, script_json(429, "{}"), "999999");
  check_waits(&c, c.calls[20], 61000);
  answer_by(&c, 1, script_json(429, "{}"), "0");
  check_waits(&c, c.calls[5], 61000);
  close_crowd(&c);
}

/* What other answers ask for concerns themselves; no time is no pause. */
static void no_other_answer_pauses_all(void) {
  static const struct {
    int code;
    const char *after;
  } none[] = {{502, "9"}, {504, "9"}, {500, "9"},    {200, "9"},
              {404, "9"}, {429, "0"}, {429, "soon"}, {503, "-1"}};
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
    crowd c;
    open_crowd(&c, 8);
    fill(&c);
    answer_by(&c, 1, script_json(none[i].code, "{}"), none[i].after);
    answer_well(&c, 7);
    CHECK(fill(&c) >= 4);
    close_crowd(&c);
  }
}

static void a_retry_tells_of_the_pause(void) {
  crowd c;
  gf_retry retry;
  open_crowd(&c, 8);
  fill(&c);
  answer_by(&c, 1, script_json(429, "{}"), "5");
  answer(&c, 1, 502);
  CHECK(gf_call_retried(c.calls[1], &retry));
  CHECK_INT(retry.delay_ms, 5000);
  close_crowd(&c);
}

/* Who waits only is not refused. */
static void waiting_is_no_attempt(void) {
  crowd c;
  gf_config config;
  script_config(&config);
  config.max_retries = 1;
  open_client(&c, &config);
  int64_t wake;
  gf_call *call = script_call(&c.s, "get_current_org", NULL);
  script_ask(&c.s, call, &wake);
  answer(&c, 1, 429);
  for (int i = 0; i < 5; i++) { /* others are refused, again and again */
    gf_call *other = script_call(&c.s, "create_org", "'Acme", NULL);
    script_ask(&c.s, other, &wake);
    answer_by(&c, 1, script_json(503, "{}"), "1");
    script_ask(&c.s, call, &wake);
    CHECK_INT(c.s.n_wire, 0);
    c.s.now = wake;
    gf_call_release(other);
  }
  CHECK_RESULT(script_run(&c.s, call), "ok");
  CHECK_INT(gf_call_result(call)->attempts, 2);
  gf_call_release(call);
  for (size_t i = 0; i < CALLS; i++)
    c.calls[i] = NULL;
  close_crowd(&c);
}

/* ---------------------------------------------------------------------------------------- what ends calls meanwhile -- */

static void deadlines_end_calls_in_time(void) {
  crowd c;
  int64_t wake;
  open_crowd(&c, 8);
  fill(&c);
  answer_by(&c, 8, script_json(429, "{}"), "9");
  gf_call *call = script_call(&c.s, "get_current_org", "/", "deadline", "4000", NULL);
  check_waits(&c, call, 5000);
  c.s.now = 5000;
  CHECK(script_ask(&c.s, call, &wake) == GF_DONE);
  const gf_result *r = gf_call_result(call);
  CHECK_RESULT(r, "error deadline");
  CHECK_STR(r->message,
            "no result within the deadline of 4000 ms: the server has asked for a pause that lasts longer");
  CHECK_INT(c.s.n_wire, 0);
  gf_call_release(call);
  close_crowd(&c);
}

/* Its next attempt would come too late: the refusal is its result. */
static void who_would_be_late_after_the_pause_is_told_at_once(void) {
  crowd c;
  int64_t wake;
  open_crowd(&c, 8);
  gf_call *call = script_call(&c.s, "get_current_org", "/", "deadline", "4000", NULL);
  script_ask(&c.s, c.calls[0], &wake);
  script_ask(&c.s, call, &wake);
  answer_by(&c, 1, script_json(429, "{}"), "5");
  answer(&c, 1, 502);
  CHECK(gf_call_is_done(call));
  CHECK_RESULT(gf_call_result(call), "error unavailable");
  gf_call_release(call);
  close_crowd(&c);
}

static void cancelling_and_closing_work_at_once(void) {
  crowd c;
  int64_t wake;
  open_crowd(&c, 8);
  fill(&c);
  answer_by(&c, 2, script_json(429, "{}"), "9");
  gf_call_cancel(c.calls[0]);
  CHECK(script_ask(&c.s, c.calls[0], &wake) == GF_DONE);
  CHECK_RESULT(gf_call_result(c.calls[0]), "error cancelled");
  gf_client_close(c.s.client);
  CHECK(script_ask(&c.s, c.calls[1], &wake) == GF_DONE);
  CHECK_RESULT(gf_call_result(c.calls[1]), "error closed");
  c.s.n_wire = 0;
  close_crowd(&c);
}

/* -------------------------------------------------------------------------------- operations of many requests -- */

/* The first answer to a dashboard is a refusal. */
static script_answer refuse_a_dashboard(script *s, const gf_request *request, const char *path) {
  bool *refused = (bool *)s->ctx;
  if (*refused || !script_like(path, "/api/dashboards/uid/*")) return script_grafana(s, request, path);
  *refused = true;
  script_answer answer_ = script_json(429, "{}");
  answer_.name = "Retry-After", answer_.value = "3";
  return answer_;
}

static const gf_result *list_through_a_pause(script *s, test_alloc *a, gf_call **call) {
  static bool refused;
  gf_config config;
  gf_error error;
  refused = false;
  *call = NULL;
  script_config(&config);
  config.user = config.password = script_z(NULL);
  config.concurrency = 1;
  if (!script_try_open(s, a, &config, refuse_a_dashboard, &error)) return NULL;
  s->ctx = &refused;
  gf_arg org = {.kind = GF_ARG_INT, .integer = 2};
  *call = gf_call_new(s->client, gf_op_find("get_org_panels"), &org, 1, NULL, 0, &error);
  return *call ? script_run(s, *call) : NULL;
}

/* Nothing of it is on the wire during the pause, and not all of its requests have been made. */
static void a_fan_out_goes_on_after_a_pause(void) {
  script s;
  gf_call *call;
  CHECK_RESULT(list_through_a_pause(&s, NULL, &call), "ok");
  CHECK_INT(gf_result_field(gf_call_result(call), "panels")->n_items, 6);
  CHECK_INT(s.waits, 1);
  CHECK_INT(s.waited, 3000);
  gf_call_release(call);
  script_close(&s);
}

static void every_allocation_may_fail(void) {
  FAIL_EACH(a) {
    script s;
    gf_call *call;
    const gf_result *r = list_through_a_pause(&s, a, &call);
    CHECK(a->tripped || (r && r->status == GF_OK));
    gf_call_release(call);
    if (s.client) script_close(&s);
  }
}

static script_answer limit_logins(script *s, const gf_request *request, const char *path) {
  script_answer answer_ = script_grafana(s, request, path);
  if (strcmp(path, "/login") != 0) return answer_;
  bool early = s->now < 4000;
  if (early) answer_ = script_json(429, "{}");
  answer_.name = early ? "Retry-After" : "Set-Cookie";
  answer_.value = early ? "30" : "grafana_session=s1; Path=/";
  return answer_;
}

/* Two calls that wait for a login through a pause that is longer than any request: one of them logs in, once. */
static void one_logs_in_after_a_pause(void) {
  for (int swapped = 0; swapped < 2; swapped++) {
    script s;
    gf_config config;
    int64_t wake;
    script_config(&config);
    config.logs_in = true;
    script_open(&s, NULL, &config, limit_logins);
    gf_call *a = script_call(&s, "get_current_org", NULL), *b = script_call(&s, "get_current_user", NULL);
    script_ask(&s, a, &wake);
    script_answer_one(&s, 0);
    CHECK(script_ask(&s, b, &wake) == GF_WAIT && wake == 31000 && gf_call_blocked(b) == GF_BLOCKED_NOT);
    gf_call *both[] = {swapped ? b : a, swapped ? a : b};
    script_run_all(&s, both, 2);
    CHECK_RESULT(gf_call_result(a), "ok");
    CHECK_RESULT(gf_call_result(b), "ok");
    CHECK(strstr(s.log, "POST /login\nPOST /login\n") == s.log && !strstr(s.log + 24, "/login"));
    gf_call_release(a);
    gf_call_release(b);
    script_close(&s);
  }
}

/* What a session answers next; a login always succeeds, but for the one that `login` is for. */
typedef struct turn {
  script_answer login, other;
  const char *after;
} turn;

static script_answer take_turn(script *s, const gf_request *request, const char *path) {
  const turn *t = s->ctx;
  bool logs_in = strcmp(path, "/login") == 0;
  script_answer answer_ = logs_in ? t->login : t->other;
  if (answer_.code == 0) answer_ = script_grafana(s, request, path);
  if (logs_in && answer_.code == 200)
    answer_.name = "Set-Cookie", answer_.value = "grafana_session=s1; Path=/";
  if (t->after) answer_.name = "Retry-After", answer_.value = t->after;
  return answer_;
}

/* The login is to be sent again soon when another answer makes all wait for longer than a login takes. */
static void a_login_waits_for_the_end_of_a_pause_too(void) {
  script s;
  gf_config config;
  int64_t wake;
  turn t = {.after = NULL};
  script_config(&config);
  config.logs_in = true;
  script_open(&s, NULL, &config, take_turn);
  s.ctx = &t;
  gf_call *first = script_call(&s, "get_current_org", NULL), *a = script_call(&s, "get_current_org", NULL),
          *b = script_call(&s, "get_current_user", NULL), *c = script_call(&s, "get_current_org", NULL);
  script_run(&s, first);
  script_ask(&s, a, &wake);
  script_ask(&s, b, &wake);
  t.other = script_json(401, "{}"); /* to a: the session has ended */
  script_answer_one(&s, 0);
  script_ask(&s, a, &wake);
  t.login = script_json(429, "{}");
  script_answer_one(&s, 1);
  t = (turn){.other = script_json(429, "{}"), .after = "30"}; /* to b */
  script_answer_one(&s, 0);
  t = (turn){.after = NULL};
  CHECK(script_ask(&s, c, &wake) == GF_WAIT && wake == 31000);
  s.log[0] = 0;
  gf_call *all[] = {c, b, a};
  script_run_all(&s, all, 3);
  CHECK(strncmp(s.log, "POST /login\n", 12) == 0 && !strstr(s.log + 12, "/login"));
  for (int i = 0; i < 3; i++) {
    CHECK_RESULT(gf_call_result(all[i]), "ok");
    gf_call_release(all[i]);
  }
  gf_call_release(first);
  script_close(&s);
}

/* ------------------------------------------------------------------------------------------------ a limit by rate -- */

enum { RATE = 20, RATED = 200, SECOND = 1000 };

typedef struct meter {
  int64_t second;
  int used;
} meter;

/* So many requests in a second, and no word on when to come again. */
static script_answer serve_by_rate(script *s, const gf_request *request, const char *path) {
  meter *m = (meter *)s->ctx;
  if (s->now / SECOND != m->second) *m = (meter){.second = s->now / SECOND};
  return m->used++ < RATE ? script_grafana(s, request, path) : script_json(429, "{}");
}

static void a_limit_by_rate_is_kept_to(void) {
  script s;
  gf_config config;
  gf_call *calls[RATED];
  meter m = {0, 0};
  script_config(&config);
  config.concurrency = 8;
  config.user = config.password = script_z(NULL);
  script_open(&s, NULL, &config, serve_by_rate);
  s.ctx = &m;
  for (int i = 0; i < RATED; i++)
    calls[i] = script_call(&s, "get_current_org", NULL);
  script_run_all(&s, calls, RATED);
  CHECK(s.requests < 3 * RATED);
  for (int i = 0; i < RATED; i++) {
    CHECK_RESULT(gf_call_result(calls[i]), "ok");
    gf_call_release(calls[i]);
  }
  script_close(&s);
}

/* Pausing for a server that refuses everybody would make each wait for all the others. */
static void a_server_that_refuses_everything_pauses_nobody_for_long(void) {
  crowd c;
  int64_t wake = 0;
  open_crowd(&c, 8);
  for (size_t places = 8; places >= 1; places /= 2) {
    fill(&c);
    answer(&c, places, 429);
  }
  int64_t begun = c.s.now;
  for (int i = 0; i < 20; i++) {
    fill(&c);
    answer(&c, c.s.n_wire, 429);
  }
  CHECK_INT(c.s.now, begun); /* there was always somebody to ask */
  CHECK(script_ask(&c.s, c.calls[0], &wake) == GF_WAIT);
  close_crowd(&c);
}

int main(int argc, char **argv) {
  static const test_rule rules[] = {
      {"too many requests halve the window", too_many_requests_halve_the_window},
      {"a round halves it once", a_round_halves_it_once},
      {"answers from before do not widen it", answers_from_before_do_not_widen_it},
      {"it recovers place by place", it_recovers_place_by_place},
      {"everything arrives when each tenth is refused", everything_arrives_when_each_tenth_is_refused},
      {"only 429 and 503 shrink it", only_429_and_503_shrink_it},
      {"what is no answer of the server does not widen it",
       what_is_no_answer_of_the_server_does_not_widen_it},
      {"a write that is not repeated counts", a_write_that_is_not_repeated_counts},
      {"clients do not share it", clients_do_not_share_it},
      {"an untrusted client has room for one", an_untrusted_client_has_room_for_one},
      {"Retry-After pauses all", retry_after_pauses_all},
      {"without it only the request concerned waits", without_it_only_the_request_concerned_waits},
      {"a pause is not shortened", a_pause_is_not_shortened},
      {"no other answer pauses all", no_other_answer_pauses_all},
      {"a retry tells of the pause", a_retry_tells_of_the_pause},
      {"waiting is no attempt", waiting_is_no_attempt},
      {"deadlines end calls in time", deadlines_end_calls_in_time},
      {"who would be late after the pause is told at once",
       who_would_be_late_after_the_pause_is_told_at_once},
      {"cancelling and closing work at once", cancelling_and_closing_work_at_once},
      {"a fan-out goes on after a pause", a_fan_out_goes_on_after_a_pause},
      {"every allocation may fail", every_allocation_may_fail},
      {"a limit by rate is kept to", a_limit_by_rate_is_kept_to},
      {"a server that refuses everything pauses nobody for long",
       a_server_that_refuses_everything_pauses_nobody_for_long},
      {"one logs in after a pause", one_logs_in_after_a_pause},
      {"a login waits for the end of a pause, too", a_login_waits_for_the_end_of_a_pause_too},
  };
  return TEST_RUN(rules, argc, argv);
}
