/* SPDX-License-Identifier: MIT
 *
 * Signing in: sessions by login and tokens that are supplied while calls run. */
#include "gf_internal.h"
#include "script.h"

/* A server with sessions. `session` is the cookie that it accepts now; 0: none. */
typedef struct site {
  int session, logins, rotations;
  int wants_rotation; /* the session that it wants rotated; 0: none */
  bool refuses_rotation, refuses_login, refuses_all, sets_nothing;
  const char *cookie;    /* an ordinary answer sets it */
  const char *set_login; /* what the login sets instead of a session */
  bool counts;           /* an ordinary answer sets a cookie that no other did, as load balancers do */
  int answers;           /* ordinary ones */
  int limit_until;       /* so long it says 429 to logins */
  bool echoes;           /* a refused cookie is told */
  char set[256], seen[1024];
} site;

static const char *header(const gf_request *request, const char *name) {
  for (size_t i = 0; i < request->n_headers; i++)
    if (strcmp(request->headers[i].name.p, name) == 0) return request->headers[i].value.p;
  return NULL;
}

static script_answer with_cookie(script_answer answer, const char *cookie) {
  answer.name = cookie ? "Set-Cookie" : NULL;
  answer.value = cookie;
  return answer;
}

static script_answer give_session(site *t, const char *body) {
  snprintf(t->set, sizeof t->set, "grafana_session=s%d; Path=/sub; HttpOnly", ++t->session);
  return with_cookie(script_json(200, body), t->sets_nothing ? NULL : t->set_login ? t->set_login : t->set);
}

#define ROTATE "{\"message\":\"Session token needs to be rotated\",\"messageId\":\"session.token.rotate\"}"
#define ENDED "{\"message\":\"Unauthorized\",\"messageId\":\"session.token.notFound\"}"
#define WRONG "{\"message\":\"Invalid username or password\",\"messageId\":\"password-auth.failed\"}"

static script_answer answer_login(script *s, site *t, const gf_request *request) {
  t->logins++;
  CHECK(header(request, "Cookie") == NULL && header(request, "Authorization") == NULL);
  CHECK_STR(request->body.p, "{\"user\":\"admin\",\"password\":\"secret-password\"}");
  if (t->refuses_login) return script_json(401, WRONG);
  if (s->now < t->limit_until) {
    script_answer answer = script_json(429, "{}");
    answer.name = "Retry-After", answer.value = "30";
    return answer;
  }
  return give_session(t, "{\"message\":\"Logged in\",\"redirectUrl\":\"/\"}");
}

static script_answer answer_rotation(site *t) {
  t->rotations++;
  if (t->refuses_rotation) return with_cookie(script_json(401, ENDED), "grafana_session=; Max-Age=0");
  return give_session(t, "{}");
}

static script_answer serve(script *s, const gf_request *request, const char *path) {
  site *t = (site *)(uintptr_t)s->ctx;
  const char *cookie = header(request, "Cookie");
  char wanted[64];
  snprintf(wanted, sizeof wanted, "grafana_session=s%d", t->session);
  if (strcmp(path, "/login") == 0) return answer_login(s, t, request);
  snprintf(t->seen, sizeof t->seen, "%s", cookie ? cookie : "");
  if (strcmp(path, "/api/user/auth-tokens/rotate") == 0) return answer_rotation(t);
  bool known = cookie && strncmp(cookie, wanted, strlen(wanted)) == 0;
  if (t->refuses_all || !known) return with_cookie(script_json(401, ENDED), "grafana_session=; Max-Age=0");
  if (t->wants_rotation == t->session) return script_json(401, ROTATE);
  if (t->counts) snprintf(t->set, sizeof t->set, "lb=%d; Path=/", ++t->answers);
  return with_cookie(script_grafana(s, request, path), t->counts ? t->set : t->cookie);
}

static void open_site(script *s, test_alloc *a, site *t) {
  gf_config config;
  script_config(&config);
  config.logs_in = true;
  script_open(s, a, &config, serve);
  s->ctx = t;
}

/* One call of get_current_org; what was sent is in s->log. */
static void ask_once(script *s, gf_status status, gf_reason reason) {
  gf_call *call = script_call(s, "get_current_org", NULL);
  const gf_result *r = script_run(s, call);
  CHECK(r->status == status && r->reason == reason);
  gf_call_release(call);
}

static void logs_in_once(void) {
  script s;
  site t = {.session = 0};
  open_site(&s, NULL, &t);
  CHECK_STR(gf_client_auth(s.client), "regular-login as admin");
  ask_once(&s, GF_OK, GF_REASON_NONE);
  ask_once(&s, GF_OK, GF_REASON_NONE);
  CHECK_STR(s.log, "POST /login\nGET /api/org\nGET /api/org\n");
  CHECK_STR(t.seen, "grafana_session=s1");
  script_close(&s);
}

static void public_answers_need_no_session(void) {
  script s;
  site t = {.session = 0};
  open_site(&s, NULL, &t);
  s.server = script_grafana;
  gf_call *call = script_call(&s, "health", NULL);
  CHECK(script_run(&s, call)->status == GF_OK);
  CHECK_STR(s.log, "GET /api/health\n");
  gf_call_release(call);
  script_close(&s);
}

static void rotates_when_asked(void) {
  script s;
  site t = {.session = 0};
  open_site(&s, NULL, &t);
  ask_once(&s, GF_OK, GF_REASON_NONE);
  t.wants_rotation = 1;
  s.log[0] = 0;
  ask_once(&s, GF_OK, GF_REASON_NONE);
  CHECK_STR(s.log, "GET /api/org\nPOST /api/user/auth-tokens/rotate\nGET /api/org\n");
  CHECK_STR(t.seen, "grafana_session=s2");
  CHECK(t.logins == 1);
  script_close(&s);
}

static void logs_in_again_when_the_session_has_ended(void) {
  script s;
  site t = {.session = 0};
  open_site(&s, NULL, &t);
  ask_once(&s, GF_OK, GF_REASON_NONE);
  t.session = 10; /* the server has forgotten s1 */
  s.log[0] = 0;
  ask_once(&s, GF_OK, GF_REASON_NONE);
  CHECK_STR(s.log, "GET /api/org\nPOST /login\nGET /api/org\n");
  t.wants_rotation = t.session;
  t.refuses_rotation = true;
  s.log[0] = 0;
  ask_once(&s, GF_OK, GF_REASON_NONE);
  CHECK_STR(s.log, "GET /api/org\nPOST /api/user/auth-tokens/rotate\nPOST /login\nGET /api/org\n");
  script_close(&s);
}

static void logs_in_once_only(void) {
  script s;
  site t = {.session = 0};
  open_site(&s, NULL, &t);
  t.refuses_all = true;
  ask_once(&s, GF_ACCESS_DENIED, GF_BAD_CREDENTIALS);
  CHECK_STR(s.log, "POST /login\nGET /api/org\nPOST /login\nGET /api/org\n");
  script_close(&s);
}

static void a_wrong_password_is_sent_once(void) {
  script s;
  site t = {.refuses_login = true};
  open_site(&s, NULL, &t);
  gf_call *calls[3];
  for (int i = 0; i < 3; i++)
    calls[i] = script_call(&s, "get_current_org", NULL);
  script_run_all(&s, calls, 3);
  for (int i = 0; i < 3; i++) {
    const gf_result *r = gf_call_result(calls[i]);
    CHECK(r->status == GF_ACCESS_DENIED && r->reason == GF_BAD_CREDENTIALS && r->code == 401 &&
          !r->uncertain);
    CHECK(strstr(r->message, "regular-login as admin") != NULL);
    gf_call_release(calls[i]);
  }
  CHECK(t.logins == 1);
  script_close(&s);
}

static void without_a_cookie_there_is_no_session(void) {
  static const char *const bad[] = {NULL, "", "=x; Path=/", "; Path=/", "a b=c", "novalue", "a=\x01"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    script s;
    site t = {.sets_nothing = bad[i] == NULL, .set_login = bad[i]};
    open_site(&s, NULL, &t);
    gf_call *call = script_call(&s, "create_org", "'x", NULL);
    const gf_result *r = script_run(&s, call);
    CHECK(r->status == GF_ERROR && !r->uncertain);
    CHECK_STR(r->message, "could not log in: the server sets no session cookie");
    CHECK_STR(s.log, "POST /login\n");
    gf_call_release(call);
    script_close(&s);
  }
}

/* What keeps a client from logging in is the result; a write that was not sent is not uncertain. */
static script_answer cut_login(script *s, const gf_request *request, const char *path) {
  (void)s, (void)request, (void)path;
  return (script_answer){.code = 200, .type = "application/json", .body = "{}", .how = GF_END_CUT};
}

static script_answer no_login(script *s, const gf_request *request, const char *path) {
  (void)s, (void)request, (void)path;
  return script_json(404, "{\"message\":\"Not found\"}");
}

static void a_login_that_fails_is_the_result(void) {
  static const struct {
    script_server *server;
    gf_reason reason;
  } cases[] = {{cut_login, GF_CUT}, {no_login, GF_UNSUPPORTED}};
  for (size_t i = 0; i < 2; i++) {
    script s;
    site t = {.session = 0};
    open_site(&s, NULL, &t);
    s.server = cases[i].server;
    gf_call *call = script_call(&s, "create_org", "'x", NULL);
    const gf_result *r = script_run(&s, call);
    CHECK(r->status == GF_ERROR && r->reason == cases[i].reason && !r->uncertain);
    CHECK(strstr(r->message, "could not log in: ") == r->message);
    CHECK(s.requests == 1);
    gf_call_release(call);
    script_close(&s);
  }
}

/* ------------------------------------------------------------------------------------------------ side by side -- */

static void many_calls_rotate_once(void) {
  script s;
  site t = {.session = 0};
  gf_call *calls[20];
  open_site(&s, NULL, &t);
  ask_once(&s, GF_OK, GF_REASON_NONE);
  t.wants_rotation = 1;
  for (int i = 0; i < 20; i++)
    calls[i] = script_call(&s, "get_current_org", NULL);
  script_run_all(&s, calls, 20);
  for (int i = 0; i < 20; i++) {
    CHECK(gf_call_result(calls[i])->status == GF_OK);
    gf_call_release(calls[i]);
  }
  CHECK(t.rotations == 1 && t.logins == 1);
  script_close(&s);
}

/* The call that is about to sign in is cancelled, or nobody drives it any more: another does it. */
static void another_signs_in(bool cancelled) {
  script s;
  site t = {.session = 0};
  int64_t wake;
  const gf_request *request;
  open_site(&s, NULL, &t);
  gf_call *first = script_call(&s, "get_current_org", NULL);
  gf_call *second = script_call(&s, "get_current_user", NULL);
  CHECK(gf_call_next(first, s.now, &request, &wake) == GF_SEND); /* the login */
  CHECK(gf_call_next(second, s.now, &request, &wake) == GF_WAIT);
  CHECK(wake == s.now + 5000); /* the time of one request */
  if (cancelled)
    gf_call_cancel(first);
  else
    gf_end(first, 2, GF_END_CUT, true, NULL,
           s.now); /* its only request on the wire breaks: the window has room */
  CHECK(script_run(&s, second)->status == GF_OK);
  CHECK(t.logins == 1);
  gf_call_release(first);
  gf_call_release(second);
  script_close(&s);
}

static void another_signs_in_after_a_cancel(void) { another_signs_in(true); }
static void another_signs_in_after_a_failure(void) { another_signs_in(false); }

/* A login that has to wait is waited for, by its own call and by others. */
static void a_login_that_is_to_wait_is_not_doubled(void) {
  script s;
  site t = {.limit_until = 60000};
  gf_call *calls[3];
  open_site(&s, NULL, &t);
  for (int i = 0; i < 3; i++)
    calls[i] = script_call(&s, "get_current_org", NULL);
  script_run_all(&s, calls, 3);
  for (int i = 0; i < 3; i++) {
    CHECK(gf_call_result(calls[i])->status == GF_OK);
    gf_call_release(calls[i]);
  }
  CHECK(t.logins == 3); /* at 1, 31 and 61 seconds */
  script_close(&s);
}

/* A call that nobody drives any more holds the only place in the window: no second login piles up behind the first. */
static void a_login_without_room_is_not_doubled(void) {
  script s;
  site t = {.session = 0};
  int64_t wake;
  const gf_request *request;
  open_site(&s, NULL, &t);
  gf_call *first = script_call(&s, "get_current_org", NULL);
  gf_call *second = script_call(&s, "get_current_user", NULL);
  CHECK(gf_call_next(first, s.now, &request, &wake) == GF_SEND);
  for (int i = 0; i < 4; i++) {
    CHECK(gf_call_next(second, s.now, &request, &wake) == GF_WAIT && wake > s.now);
    s.now += 6000;
  }
  gf_call_release(first);
  CHECK(script_run(&s, second)->status == GF_OK);
  CHECK_STR(s.log, "POST /login\nGET /api/user\n");
  gf_call_release(second);
  script_close(&s);
}

/* A call whose session the server has forgotten; its login is given out. The client is trusted, so its window is open. */
static gf_call *call_that_logs_in(script *s, site *t, const gf_request **login) {
  int64_t wake;
  open_site(s, NULL, t);
  ask_once(s, GF_OK, GF_REASON_NONE);
  t->session = 10;
  gf_call *call = script_call(s, "get_current_org", NULL);
  CHECK(gf_call_next(call, s->now, login, &wake) == GF_SEND);
  script_note(s, call, *login);
  script_answer_one(s, 0); /* 401 */
  CHECK(gf_call_next(call, s->now, login, &wake) == GF_SEND);
  return call;
}

/* Two logins side by side: what comes of the second does not matter when the first has done it. */
static void a_login_overtaken(bool on_wire) {
  script s;
  site t = {.session = 0};
  const gf_request *login;
  gf_call *first = call_that_logs_in(&s, &t, &login);
  gf_call *second = script_call(&s, "get_current_user", NULL);
  uint32_t id = login->id;
  if (!on_wire) gf_end(first, id, GF_END_REFUSED, false, NULL, s.now); /* it is to be sent again later */
  s.now += 10000;
  CHECK(script_run(&s, second)->status == GF_OK);
  CHECK(t.logins == 2);
  if (on_wire) gf_end(first, id, GF_END_TIMEOUT, true, NULL, s.now);
  s.log[0] = 0;
  CHECK(script_run(&s, first)->status == GF_OK);
  CHECK_STR(s.log, "GET /api/org\n");
  gf_call_release(first);
  gf_call_release(second);
  script_close(&s);
}

static void a_login_that_waits_is_overtaken(void) { a_login_overtaken(false); }
static void a_login_on_the_wire_is_overtaken(void) { a_login_overtaken(true); }

/* The one that was to wait with its login is spared it, and is free to log in when the session ends again. */
static void a_login_that_was_spared(void) {
  script s;
  site t = {.session = 0};
  int64_t wake;
  const gf_request *login, *other;
  gf_call *first = call_that_logs_in(&s, &t, &login); /* slow */
  gf_call *second = script_call(&s, "get_current_user", NULL);
  script_note(&s, first, login);
  s.now += 6000;
  CHECK(gf_call_next(second, s.now, &other, &wake) == GF_SEND);
  gf_end(second, other->id, GF_END_REFUSED, false, NULL, s.now);
  script_answer_one(&s, 0); /* the first login's */
  t.session = 20;           /* and that session ends as well */
  CHECK(script_run(&s, second)->status == GF_OK);
  CHECK(script_run(&s, first)->status == GF_OK);
  gf_call_release(first);
  gf_call_release(second);
  script_close(&s);
}

/* A rotation may be asked for twice. */
static script_answer loses_rotation(script *s, const gf_request *request, const char *path) {
  site *t = (site *)(uintptr_t)s->ctx;
  bool rotates = strcmp(path, "/api/user/auth-tokens/rotate") == 0;
  if (rotates && t->rotations++ == 0) return script_json(503, "{}");
  return serve(s, request, path);
}

static void a_rotation_is_repeated(void) {
  script s;
  site t = {.session = 0};
  open_site(&s, NULL, &t);
  s.server = loses_rotation;
  ask_once(&s, GF_OK, GF_REASON_NONE);
  t.wants_rotation = 1;
  ask_once(&s, GF_OK, GF_REASON_NONE);
  CHECK(t.logins == 1);
  script_close(&s);
}

static void an_abandoned_login_is_taken_over(void) {
  script s;
  site t = {.session = 0};
  int64_t wake;
  const gf_request *request;
  gf_call *first = call_that_logs_in(&s, &t, &request); /* the login, which is never answered */
  gf_call *second = script_call(&s, "get_current_user", NULL);
  CHECK(gf_call_next(second, s.now, &request, &wake) == GF_WAIT && wake == s.now + 5000);
  s.now = wake;
  CHECK(script_run(&s, second)->status == GF_OK);
  gf_call_release(first);
  gf_call_release(second);
  script_close(&s);
}

/* ---------------------------------------------------------------------------------------------------- cookies -- */

static void after(const char *cookie, const char *sent) {
  script s;
  site t = {.cookie = cookie};
  open_site(&s, NULL, &t);
  ask_once(&s, GF_OK, GF_REASON_NONE);
  t.cookie = NULL;
  ask_once(&s, GF_OK, GF_REASON_NONE);
  CHECK_STR(t.seen, sent);
  CHECK(t.logins == 1);
  script_close(&s);
}

static void ordinary_answers_set_cookies(void) {
  after("other=1; Path=/", "grafana_session=s1; other=1");
  after("other=", "grafana_session=s1");
  after("grafana_session=s1; HttpOnly", "grafana_session=s1");
  after("bad name=1", "grafana_session=s1");
  after("a=b=c", "grafana_session=s1; a=b=c");
  after("grafana_Session=x", "grafana_session=s1; grafana_Session=x");
  after("other=deleted; Path=/; Max-Age=0", "grafana_session=s1");
  after("other=deleted; max-age=-1;Path=/", "grafana_session=s1");
  after("other=1; Max-Age=10", "grafana_session=s1; other=1");
  after("other=1; XMax-Age=0; Max-Age", "grafana_session=s1; other=1");
}

/* Without a cookie left there is no header for them. */
static void a_session_ended_by_an_answer(void) {
  script s;
  site t = {.cookie = "grafana_session=; Path=/; Max-Age=0"};
  open_site(&s, NULL, &t);
  ask_once(&s, GF_OK, GF_REASON_NONE);
  gf_call *call = script_call(&s, "get_current_org", NULL);
  const gf_request *request;
  int64_t wake;
  CHECK(gf_call_next(call, s.now, &request, &wake) == GF_SEND);
  CHECK(header(request, "Cookie") == NULL);
  script_note(&s, call, request);
  CHECK(script_run(&s, call)->status == GF_OK);
  CHECK_STR(s.log, "POST /login\nGET /api/org\nGET /api/org\nPOST /login\nGET /api/org\n");
  gf_call_release(call);
  script_close(&s);
}

static void too_many_cookies_are_none(void) {
  static char large[GF_MAX_COOKIES + 100];
  memset(large, 'x', sizeof large - 1);
  large[1] = '=';
  after(large, "grafana_session=s1");
}

/* Large ones that replace each other, and ones that are too many together only. */
static void large_cookies(void) {
  static char large[2][10001];
  script s;
  site t = {.session = 0};
  open_site(&s, NULL, &t);
  for (int i = 0; i < 3; i++) {
    memset(large[i % 2], 'x', sizeof large[0] - 1);
    memcpy(large[i % 2], i < 2 ? "a=" : "b=", 2);
    large[i % 2][2] = (char)('0' + i);
    t.cookie = large[i % 2];
    ask_once(&s, GF_OK, GF_REASON_NONE);
  }
  t.cookie = NULL;
  ask_once(&s, GF_OK, GF_REASON_NONE);
  CHECK(strncmp(t.seen, "grafana_session=s1; a=1xx", 25) == 0);
  CHECK(t.logins == 1 && strlen(s.client->cookies) == 10000 + 20);
  t.session = 10;
  ask_once(&s, GF_OK, GF_REASON_NONE);
  CHECK_STR(t.seen, "grafana_session=s11"); /* a new session is begun without the old cookies */
  script_close(&s);
}

static size_t most_sets(const gf_call *call) {
  size_t most = 0;
  for (int i = 0; i < GF_HEADER_SETS; i++) {
    size_t n = 0;
    for (gf_header_set *set = call->header_sets[i]; set; set = set->older)
      n++;
    if (n > most) most = n;
  }
  return most;
}

/* Load balancers set a cookie with each answer: what is kept of that does not grow with a listing. */
static script_answer many_pages(script *s, const gf_request *request, const char *path) {
  static char body[64];
  site *t = (site *)(uintptr_t)s->ctx;
  script_answer answer = serve(s, request, path);
  if (strncmp(path, "/api/orgs?", 10) != 0 || answer.code != 200) return answer;
  snprintf(body, sizeof body, t->answers < 300 ? "[{\"id\":%d}]" : "[]", t->answers);
  return with_cookie(script_json(200, body), t->set);
}

static void cookies_of_each_answer(void) {
  script s;
  site t = {.counts = true};
  open_site(&s, NULL, &t);
  s.server = many_pages;
  gf_call *call = script_call(&s, "get_orgs", NULL);
  CHECK(script_run(&s, call)->status == GF_OK);
  CHECK(s.requests > 300 && t.logins == 1);
  CHECK(most_sets(call) <= 2);
  gf_call_release(call);
  script_close(&s);
}

/* 9.3.2 rotates in the answer to any request. */
static void a_session_replaced_in_passing(void) {
  script s;
  site t = {.cookie = "grafana_session=s7; Path=/"};
  open_site(&s, NULL, &t);
  ask_once(&s, GF_OK, GF_REASON_NONE);
  t.cookie = NULL;
  t.session = 7;
  ask_once(&s, GF_OK, GF_REASON_NONE);
  CHECK(t.logins == 1 && t.rotations == 0);
  script_close(&s);
}

static void messages_show_no_cookie(void) {
  script s;
  site t = {.session = 0};
  open_site(&s, NULL, &t);
  ask_once(&s, GF_OK, GF_REASON_NONE);
  char text[] = "token geheim-7 and s1 and grafana", *value;
  gf_wipe(s.client->cookies);
  strcpy(s.client->cookies, "a=geheim-7;b=");
  gf_client_redact(s.client, text);
  CHECK_STR(text, "token ******** and s1 and grafana");
  value = s.client->cookies;
  gf_client_close(s.client);
  CHECK(*value == 0);
  script_close(&s);
}

/* Nothing that was given back holds a secret: cookies that were replaced, the login's body, headers. */
static void what_is_given_back_is_wiped(void) {
  static const char *const secrets[] = {"secret-password", "grafana_session=s1", "grafana_session=s2",
                                        "geheim-7"};
  for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
    script s;
    test_alloc a;
    site t = {.session = 0, .cookie = "some-other-cookie=geheim-7; Path=/"};
    test_alloc_init(&a, 0, false);
    a.secret = secrets[i];
    open_site(&s, &a, &t);
    ask_once(&s, GF_OK, GF_REASON_NONE);
    t.wants_rotation = 1;
    ask_once(&s, GF_OK, GF_REASON_NONE);
    t.session = 10;
    ask_once(&s, GF_OK, GF_REASON_NONE);
    gf_call *call = script_call(&s, "get_current_org", NULL);
    const gf_request *request;
    int64_t wake;
    CHECK(gf_call_next(call, s.now, &request, &wake) == GF_SEND);
    gf_client_close(s.client);
    gf_call_release(call);
    script_close(&s);
    CHECK(a.exposed == 0);
    CHECK(a.live == 0);
  }
}

#define LONG "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define WITH_PASSWORD                                                                                        \
  "{\"name\":\"Ann\",\"login\":\"ann\",\"password\":\"new-secret-of-ann\",\"email\":\"" LONG LONG LONG "\"}"

/* The program's own table is the program's: here it comes from another allocator. */
static void bodies_with_passwords_are_wiped(void) {
  static const char *const ops[] = {"create_user", "call", "request"};
  for (int i = 0; i < 3; i++) {
    script s;
    test_alloc a;
    test_alloc_init(&a, 0, false);
    a.secret = "new-secret-of-ann";
    script_open(&s, &a, NULL, script_grafana);
    gf_call *call =
        i == 0   ? script_call(&s, ops[i], WITH_PASSWORD, NULL)
        : i == 1 ? script_call(&s, ops[i], "'adminCreateUser", WITH_PASSWORD, NULL)
                 : script_call(&s, ops[i], "'POST", "'/api/admin/users", "/", "body", WITH_PASSWORD, NULL);
    CHECK(script_run(&s, call)->status == GF_OK);
    gf_call_release(call);
    script_close(&s);
    CHECK(a.exposed == 0);
  }
}

static script_answer echoes_cookie(script *s, const gf_request *request, const char *path) {
  static char body[256];
  site *t = (site *)(uintptr_t)s->ctx;
  const char *cookie = header(request, "Cookie");
  if (!t->echoes || !cookie) return serve(s, request, path);
  snprintf(body, sizeof body, "{\"message\":\"refused: %s\"}", cookie);
  return script_json(500, body);
}

/* An answer to what went out before the cookies were replaced shows the old ones. */
static void messages_show_no_older_cookie(void) {
  script s;
  site t = {.session = 0, .set_login = "grafana_session=geheim-1"};
  int64_t wake;
  const gf_request *request;
  gf_error error;
  gf_arg id = {.kind = GF_ARG_INT, .integer = 5};
  open_site(&s, NULL, &t);
  s.server = echoes_cookie;
  gf_call *login = script_call(&s, "get_current_org", NULL);
  CHECK(gf_call_next(login, s.now, &request, &wake) == GF_SEND);
  script_note(&s, login, request);
  script_answer_one(&s, 0);
  gf_call *call = gf_call_new(s.client, gf_op_find("delete_user"), &id, 1, NULL, 0, &error);
  CHECK(gf_call_next(call, s.now, &request, &wake) == GF_SEND);
  script_note(&s, call, request);
  gf_wipe(s.client->cookies);
  strcpy(s.client->cookies, "a=b");
  s.client->generation++;
  t.echoes = true;
  script_answer_one(&s, 0);
  const gf_result *r = script_run(&s, call);
  CHECK(r->status != GF_OK && strstr(r->message, "geheim") == NULL && strstr(r->message, "****") != NULL);
  gf_call_release(login);
  gf_call_release(call);
  script_close(&s);
}

/* ------------------------------------------------------------------------------------------------------ tokens -- */

/* Accepts "Bearer t2" only. */
static script_answer wants_second(script *s, const gf_request *request, const char *path) {
  const char *shown = header(request, "Authorization");
  if (shown && strcmp(shown, "Bearer t2") == 0) return script_grafana(s, request, path);
  return script_json(401, "{\"message\":\"Invalid API key\"}");
}

static void open_tokens(script *s, test_alloc *a) {
  gf_config config;
  script_config(&config);
  config.user = config.password = script_z(NULL);
  config.asks_for_token = true;
  script_open(s, a, &config, wants_second);
}

static void give_token(script *s, int number) {
  char token[16];
  gf_error error;
  snprintf(token, sizeof token, "t%d", number);
  CHECK(gf_client_set_token(s->client, script_z(token), &error));
}

/* The number of tokens that the call asked for. */
static int run_with_tokens(script *s, gf_call *call) {
  int asked = 0;
  int64_t wake;
  while (!gf_call_is_done(call) && asked < 10) {
    if (gf_call_wants_token(call)) give_token(s, ++asked);
    if (script_ask(s, call, &wake) == GF_WAIT && s->n_wire) script_answer_one(s, 0);
  }
  return asked;
}

static void a_token_is_asked_for_again_after_a_401(void) {
  script s;
  open_tokens(&s, NULL);
  CHECK_STR(gf_client_auth(s.client), "token");
  gf_call *call = script_call(&s, "create_org", "'x", NULL);
  CHECK(run_with_tokens(&s, call) == 2);
  CHECK(gf_call_result(call)->status == GF_OK);
  gf_call_release(call);
  call = script_call(&s, "get_current_org", NULL);
  CHECK(run_with_tokens(&s, call) == 0);
  CHECK(gf_call_result(call)->status == GF_OK);
  gf_call_release(call);
  script_close(&s);
}

static void a_token_refused_twice_is_denied(void) {
  script s;
  open_tokens(&s, NULL);
  s.server = no_login;
  gf_call *call = script_call(&s, "get_current_org", NULL);
  s.server = wants_second;
  give_token(&s, 5);
  CHECK(run_with_tokens(&s, call) == 1); /* t5 was refused, then t1 */
  CHECK(gf_call_result(call)->reason == GF_BAD_CREDENTIALS);
  CHECK(strstr(gf_call_result(call)->message, "(token)") != NULL);
  gf_call_release(call);
  script_close(&s);
}

/* Eight requests were refused at once; some answers come when there is another token already. */
static void many_refusals_ask_for_one_token(void) {
  script s;
  int64_t wake;
  gf_call *calls[8];
  open_tokens(&s, NULL);
  give_token(&s, 1);
  for (int i = 0; i < 8; i++) {
    calls[i] = script_call(&s, "get_current_org", NULL);
    CHECK(script_ask(&s, calls[i], &wake) == GF_WAIT);
  }
  CHECK(s.n_wire == 8);
  for (int i = 0; i < 4; i++)
    script_answer_one(&s, 0);
  CHECK(gf_call_wants_token(calls[0]));
  give_token(&s, 2);
  script_run_all(&s, calls, 8); /* none wants another: it would wait for ever */
  for (int i = 0; i < 8; i++) {
    CHECK(gf_call_result(calls[i])->status == GF_OK);
    gf_call_release(calls[i]);
  }
  CHECK(s.requests == 16);
  script_close(&s);
}

static void a_call_waits_for_its_token(void) {
  script s;
  int64_t wake;
  const gf_request *request;
  gf_error error;
  open_tokens(&s, NULL);
  gf_call *call = script_call(&s, "get_current_org", NULL), *open_to_all = script_call(&s, "health", NULL);
  CHECK(gf_call_wants_token(call) && !gf_call_wants_token(open_to_all));
  CHECK(gf_call_next(call, s.now, &request, &wake) == GF_WAIT && wake == INT64_MAX);
  CHECK(gf_call_next(open_to_all, s.now, &request, &wake) == GF_SEND);
  CHECK(header(request, "Authorization") == NULL);
  CHECK(!gf_client_set_token(s.client, script_z(""), &error));
  CHECK_STR(error.message, "the token is empty");
  CHECK(!gf_client_set_token(s.client, script_z("a\nb"), &error));
  CHECK(strstr(error.message, "control character") != NULL && strchr(error.message, '\n') == NULL);
  gf_call_cancel(call);
  CHECK(!gf_call_wants_token(call));
  gf_call_release(call);
  gf_call_release(open_to_all);
  script_close(&s);
}

static void a_token_is_for_those_who_ask(void) {
  script s;
  gf_error error;
  script_open(&s, NULL, NULL, script_grafana);
  CHECK(!gf_client_set_token(s.client, script_z("t"), &error));
  CHECK_STR(error.message, "the token was not asked for");
  script_close(&s);
}

/* ------------------------------------------------------------------------------------------------------ memory -- */

static void run_lacking(test_alloc *a, const char *op, size_t writes) {
  script s;
  gf_config config;
  gf_error error;
  site t = {.session = 0, .wants_rotation = 1, .cookie = "x=1"};
  script_config(&config);
  config.logs_in = true;
  if (!script_try_open(&s, a, &config, serve, &error)) {
    CHECK(a->tripped);
    return;
  }
  s.ctx = &t;
  gf_arg name = {.kind = GF_ARG_STRING, .string = script_z("x")};
  gf_call *call = gf_call_new(s.client, gf_op_find(op), &name, writes, NULL, 0, &error);
  CHECK(call || a->tripped);
  if (call) {
    const gf_result *r = script_run(&s, call);
    CHECK(r->status == GF_OK || (a->tripped && strcmp(r->message, "not enough memory") == 0));
  }
  gf_call_release(call);
  script_close(&s);
}

static void every_allocation_of_a_session(void) {
  FAIL_EACH(a) run_lacking(a, "get_current_org", 0);
  FAIL_EACH(b) run_lacking(b, "create_org", 1);
}

static void every_allocation_of_a_token(void) {
  FAIL_EACH(a) {
    script s;
    gf_config config;
    gf_error error;
    script_config(&config);
    config.user = config.password = script_z(NULL);
    config.asks_for_token = true;
    if (script_try_open(&s, a, &config, wants_second, &error)) {
      bool set = gf_client_set_token(s.client, script_z("t1"), &error);
      CHECK(set || (a->tripped && strcmp(error.message, "not enough memory") == 0));
      script_close(&s);
    }
  }
}

int main(int argc, char **argv) {
  static const test_rule rules[] = {
      {"logs in once", logs_in_once},
      {"public answers need no session", public_answers_need_no_session},
      {"rotates when asked", rotates_when_asked},
      {"logs in again when the session has ended", logs_in_again_when_the_session_has_ended},
      {"logs in once only", logs_in_once_only},
      {"a wrong password is sent once", a_wrong_password_is_sent_once},
      {"without a cookie there is no session", without_a_cookie_there_is_no_session},
      {"a login that fails is the result", a_login_that_fails_is_the_result},
      {"many calls rotate once", many_calls_rotate_once},
      {"another signs in after a cancel", another_signs_in_after_a_cancel},
      {"another signs in after a failure", another_signs_in_after_a_failure},
      {"an abandoned login is taken over", an_abandoned_login_is_taken_over},
      {"a login that is to wait is not doubled", a_login_that_is_to_wait_is_not_doubled},
      {"a login without room is not doubled", a_login_without_room_is_not_doubled},
      {"a login that waits is overtaken", a_login_that_waits_is_overtaken},
      {"a login on the wire is overtaken", a_login_on_the_wire_is_overtaken},
      {"a login that was spared", a_login_that_was_spared},
      {"a rotation is repeated", a_rotation_is_repeated},
      {"ordinary answers set cookies", ordinary_answers_set_cookies},
      {"a session ended by an answer", a_session_ended_by_an_answer},
      {"too many cookies are none", too_many_cookies_are_none},
      {"large cookies", large_cookies},
      {"cookies of each answer", cookies_of_each_answer},
      {"a session replaced in passing", a_session_replaced_in_passing},
      {"messages show no cookie", messages_show_no_cookie},
      {"what is given back is wiped", what_is_given_back_is_wiped},
      {"bodies with passwords are wiped", bodies_with_passwords_are_wiped},
      {"messages show no older cookie", messages_show_no_older_cookie},
      {"a token is asked for again after a 401", a_token_is_asked_for_again_after_a_401},
      {"a token refused twice is denied", a_token_refused_twice_is_denied},
      {"many refusals ask for one token", many_refusals_ask_for_one_token},
      {"a call waits for its token", a_call_waits_for_its_token},
      {"a token is for those who ask", a_token_is_for_those_who_ask},
      {"every allocation of a session", every_allocation_of_a_session},
      {"every allocation of a token", every_allocation_of_a_token},
  };
  return TEST_RUN(rules, argc, argv);
}
