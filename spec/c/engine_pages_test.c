/* SPDX-License-Identifier: MIT
 *
 * Listings over whole pages of dashboards, where something goes wrong with the questions before them, with a page, or with
 * an item of one: the result is that of reading each dashboard singly. */
#include "script.h"
#include "script_servers.h"

enum { DASHBOARDS = 12 };

/* A server whose dashboards all look alike; what it answers to requests below /apis. */
typedef struct site {
  script_answer group, own_org, page;
  const char *refuse; /* the first requests of this pattern find nobody listening … */
  size_t refusals;    /* so many */
  size_t bad_pages;   /* so many of the first pages are `page`, the others are whole; 0: all are `page` */
  size_t pages;
} site;

static script_answer search(const char *path) {
  static char body[DASHBOARDS * 64];
  size_t n = 1;
  if (!script_like(path, "*page=1")) return script_json(200, "[]");
  body[0] = '[';
  for (int i = 0; i < DASHBOARDS; i++)
    n += (size_t)sprintf(body + n, "%s{\"uid\":\"u%d\",\"url\":\"/d/u%d/t\"}", i ? "," : "", i, i);
  strcpy(body + n, "]");
  return script_json(200, body);
}

static const char *dashboard(const char *uid) {
  static char body[512];
  snprintf(
      body, sizeof body,
      "{\"meta\":{\"url\":\"/d/%s/t\"},\"dashboard\":{\"uid\":\"%s\",\"title\":\"T\",\"panels\":[{\"id\":1,"
      "\"type\":\"stat\"}]}}",
      uid, uid);
  return body;
}

static script_answer serve(script *s, const gf_request *request, const char *path) {
  site *here = (site *)s->ctx;
  if (here->refusals && here->refuse && script_like(path, here->refuse)) {
    here->refusals--;
    return (script_answer){.how = GF_END_REFUSED, .unsent = true};
  }
  if (script_like(path, "/api/search*")) return search(path);
  if (script_like(path, "/api/org")) return here->own_org.code ? here->own_org : script_json(200, SCRIPT_ORG);
  if (script_like(path, "/apis/dashboard.grafana.app"))
    return here->group.code ? here->group : script_json(200, SCRIPT_GROUP);
  if (script_like(path, "/apis/*")) {
    here->pages++;
    return here->page;
  }
  if (script_like(path, "/api/dashboards/uid/*")) return script_json(200, dashboard(strrchr(path, '/') + 1));
  return script_grafana(s, request, path);
}

static size_t times(const script *s, const char *what) {
  size_t n = 0;
  for (const char *at = s->log; (at = strstr(at, what)) != NULL; at++)
    n++;
  return n;
}

static size_t singles(const script *s) { return times(s, "/api/dashboards/uid/"); }

static const char *url_of(gf_value row, char out[64]) {
  gf_str url = {"", 0};
  gf_value_string(gf_value_get(row, "url"), &url);
  snprintf(out, 64, "%.*s", (int)url.n, url.p);
  return out;
}

/* All of them, in the order of the search. */
static void check_whole(const gf_result *r) {
  const gf_field *list = r->n_fields ? gf_result_field(r, "dashboards") : NULL;
  char url[64], expected[64];
  CHECK_RESULT(r, "ok");
  if (!CHECK(list != NULL)) return;
  CHECK_INT(list->n_items, DASHBOARDS);
  for (size_t i = 0; i < list->n_items; i++) {
    snprintf(expected, sizeof expected, "/d/u%zu/t", i);
    CHECK_STR(url_of(list->items[i], url), expected);
  }
  CHECK(gf_result_field(r, "failed") == NULL);
}

/* List them, and tell how many were read singly. */
static size_t list(site *here, const char *org, script *s) {
  gf_config config;
  script_config(&config);
  config.concurrency = 4;
  script_open(s, NULL, &config, serve);
  s->ctx = here;
  gf_call *call = script_call(s, "get_org_dashboards", org, NULL);
  check_whole(script_run(s, call));
  size_t done, total, failed;
  gf_call_progress(call, &done, &total, &failed);
  CHECK_INT(done, DASHBOARDS);
  CHECK_INT(total, DASHBOARDS);
  gf_call_release(call);
  script_close(s);
  return singles(s);
}

/* ------------------------------------------------------------------------------------------------- questions -- */

static void both_questions_may_be_refused(void) {
  static const int codes[] = {403, 404, 500, 200};
  for (size_t group = 0; group < 4; group++) {
    for (size_t org = 0; org < 4; org++) {
      script s;
      site here = {.group = script_json(codes[group], "{\"message\":\"no\"}"),
                   .own_org = script_json(codes[org], "{\"message\":\"no\"}")};
      CHECK_INT(list(&here, "own", &s), DASHBOARDS);
      CHECK_INT(here.pages, 0);
    }
  }
}

/* There is another way: nobody waits for the tenth attempt. */
static void a_question_that_breaks_off_is_soon_given_up(void) {
  static const gf_how hows[] = {GF_END_CUT, GF_END_TIMEOUT};
  for (size_t i = 0; i < 2; i++) {
    script s;
    site here = {.group = {.code = 200, .how = hows[i]}};
    CHECK_INT(list(&here, "2", &s), DASHBOARDS);
    CHECK_INT(times(&s, "/apis/dashboard.grafana.app"), 3);
  }
}

/* ----------------------------------------------------------------------------------------------------- pages -- */

/* Where nobody listens a page is asked for again as often as anything else. */
static void a_page_that_was_not_sent_is_as_patient_as_a_dashboard(void) {
  static const char *const patterns[] = {"/apis/*limit*", "/api/dashboards/*"};
  for (size_t i = 0; i < 2; i++) {
    script s;
    site here = {.refuse = patterns[i], .refusals = 6, .page = script_json(403, "{}")};
    CHECK_INT(list(&here, "2", &s), DASHBOARDS + (i ? 6 : 0));
  }
}

static void a_token_that_no_url_can_hold_ends_the_pages(void) {
  enum { LONG = 3 << 20 };
  static char body[LONG + 256];
  script s;
  size_t n = (size_t)sprintf(body, "{\"metadata\":{\"continue\":\"");
  memset(body + n, 'x', LONG);
  strcpy(body + n + LONG, "\"},\"items\":[{\"metadata\":{\"name\":\"u1\"},\"spec\":{\"title\":\"T\"}}]}");
  site here = {.page = script_json(200, body)};
  CHECK_INT(list(&here, "2", &s), DASHBOARDS - 1);
  CHECK_INT(here.pages, 1);
}

/* A server of three pages, which answers one request for a page otherwise, once. */
typedef struct mood {
  site site;
  size_t asked, at; /* requests for pages; the one that meets `answer` */
  script_answer answer;
} mood;

static script_answer three_pages(const char *path) {
  static char body[DASHBOARDS * 128];
  const char *at = strstr(path, "continue=p");
  int page = at ? at[10] - '0' : 0, each = DASHBOARDS / 3;
  size_t n = (size_t)sprintf(body, "{\"metadata\":{\"continue\":\"%s\"},\"items\":[",
                             page == 0   ? "p1"
                             : page == 1 ? "p2"
                                         : "");
  for (int i = page * each; i < (page + 1) * each; i++)
    n += (size_t)sprintf(body + n, "%s{\"metadata\":{\"name\":\"u%d\"},\"spec\":{\"title\":\"T\"}}",
                         i > page * each ? "," : "", i);
  strcpy(body + n, "]}");
  return script_json(200, body);
}

static script_answer serve_moody(script *s, const gf_request *request, const char *path) {
  mood *m = (mood *)s->ctx;
  if (strcmp(path, "/login") == 0 || script_like(path, "*/rotate")) {
    script_answer session = script_json(200, "{}");
    session.name = "Set-Cookie", session.value = "grafana_session=s; Path=/";
    return session;
  }
  if (script_like(path, "*/namespaces/*")) return ++m->asked == m->at ? m->answer : three_pages(path);
  s->ctx = &m->site;
  script_answer answer = serve(s, request, path);
  s->ctx = m;
  return answer;
}

/* Whatever a page meets that passes, it is asked for again, and nothing is read singly. */
static void what_passes_costs_a_page_nothing_but_time(void) {
  static const script_answer passing[] = {
      {.code = 401, .type = "application/json", .body = "{\"messageId\":\"session.token.rotate\"}"},
      {.code = 401, .type = "application/json", .body = "{\"messageId\":\"session.token.notFound\"}"},
      {.code = 429, .type = "application/json", .body = "{}", .name = "Retry-After", .value = "30"},
      {.code = 503, .type = "text/html", .body = "<html>later"},
      {.code = 502},
      {.code = 302, .name = "Location", .value = "/sub/apis/elsewhere/namespaces/x?continue=p1"},
      {.how = GF_END_CUT},
      {.how = GF_END_TIMEOUT},
      {.how = GF_END_REFUSED, .unsent = true},
      {.code = 200, .type = "application/json", .body = "{\"items\":[{", .how = GF_END_CUT},
  };
  for (size_t i = 0; i < sizeof passing / sizeof *passing; i++) {
    for (size_t at = 1; at <= 3; at++) {
      for (int concurrency = 1; concurrency <= 4; concurrency += 3) {
        script s;
        gf_config config;
        mood m = {.at = at, .answer = passing[i]};
        if (passing[i].code == 302 && at != 2) continue;
        script_config(&config);
        config.logs_in = true;
        config.concurrency = concurrency;
        script_open(&s, NULL, &config, serve_moody);
        s.ctx = &m;
        s.piece = 50;
        gf_call *call = script_call(&s, "get_org_dashboards", "2", NULL);
        check_whole(script_run(&s, call));
        CHECK_INT(m.asked, 4);
        if (!CHECK_INT(singles(&s), 0)) printf("  code %d, page %zu\n", passing[i].code, at);
        gf_call_release(call);
        script_close(&s);
      }
    }
  }
}

/* ----------------------------------------------------------------------------------------------------- items -- */

#define SPEC "\"spec\":{\"title\":\"T\"}"
#define NAMED "\"metadata\":{\"name\":\"u1\"}"

/* Of equal keys the last counts, whether an item is skimmed or parsed. */
static void items_are_taken_as_a_parser_sees_them(void) {
  static const struct {
    const char *item;
    bool taken;
  } cases[] = {
      {"{" NAMED "," SPEC "}", true},
      {"{" SPEC ",\"metadata\":{\"name\":\"u\\u0031\"}}", true},
      {"{\"m\\u0065tadata\":{\"name\":\"u1\"}," SPEC "}", true},
      {"{" NAMED ",\"metadata\":{}," SPEC "}", false},
      {"{" NAMED ",\"metadata\":7," SPEC "}", false},
      {"{\"metadata\":{\"name\":\"u2\"}," NAMED "," SPEC "}", true},
      {"{" NAMED ",\"spec\":null}", false},
      {"{" NAMED "," SPEC ",\"spec\":null}", false},
      {"{" NAMED ",\"spec\":null," SPEC "}", true},
      {"{" NAMED "," SPEC ",\"status\":{\"conversion\":{\"failed\":true}}}", false},
      {"{" NAMED "," SPEC ",\"status\":{\"conversion\":{\"failed\":true}},\"status\":{}}", true},
      {"{" NAMED "," SPEC ",\"status\":{\"conversion\":{\"failed\":true},\"conversion\":{}}}", true},
      {"{" NAMED "," SPEC ",\"status\":{\"conversion\":{\"storedVersion\":\"v2\"},\"conversion\":4}}", true},
      {"{" NAMED "," SPEC ",\"status\":{\"conversion\":{\"storedVersion\":\"v2\"}},\"status\":null}", true},
      {"{" NAMED "," SPEC ",\"status\":{\"conversion\":{\"storedVersion\":1.5}}}", false},
      {"{" NAMED "," SPEC ",\"status\":{\"conversion\":{\"storedVersion\":1}}}", false},
      {"{" NAMED "," SPEC ",\"status\":{\"conversion\":{\"storedVersion\":\"v0\\u0061lpha1\"}}}", false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char body[512];
    script s;
    site here = {.page = script_json(200, body)};
    snprintf(body, sizeof body, "{\"items\":[%s]}", cases[i].item);
    size_t read = list(&here, "2", &s);
    if (!CHECK_INT(read, DASHBOARDS - cases[i].taken)) printf("  %s\n", cases[i].item);
  }
}

/* ---------------------------------------------------------------------------------------------------- memory -- */

/* The first question is refused. */
static script_answer without_group(script *s, const gf_request *request, const char *path) {
  if (script_like(path, "/apis/dashboard.grafana.app")) return script_json(403, "{\"code\":403}");
  return script_grafana(s, request, path);
}

/* What follows the list says what comes next. */
static script_answer token_behind(script *s, const gf_request *request, const char *path) {
  if (script_like(path, "/apis/*?limit=1000"))
    return script_json(200, "{\"items\":[{\"metadata\":{\"name\":\"u1\"}," SCRIPT_SPEC
                            "}],\"metadata\":{\"continue\":\"b2=\"}}");
  return script_grafana(s, request, path);
}

/* The result of a listing whose answers come in pieces, or that memory lacks. */
static void tell(test_alloc *a, script_server *server, const char *org, size_t piece, char out[4096]) {
  script s;
  gf_error error;
  snprintf(out, 4096, "error: not enough memory");
  if (!script_try_open(&s, a, NULL, server, &error)) return;
  s.piece = piece;
  bool failed = false;
  gf_allocator plenty = gf_default_allocator();
  gf_arg arg = script_value(&plenty, org, &failed);
  gf_call *call = gf_call_new(s.client, gf_op_find("get_org_panels"), &arg, 1, NULL, 0, &error);
  if (call) script_tell(script_run(&s, call), out, 4096);
  gf_call_release(call);
  script_close(&s);
}

static void every_allocation_may_fail_in_every_piece(void) {
  static script_server *const servers[] = {script_grafana, without_group, token_behind};
  static const char *const orgs[] = {"2", "own"};
  static const size_t pieces[] = {0, 1, 100};
  for (size_t i = 0; i < 18; i++) {
    char truth[4096], told[4096];
    script_server *server = servers[i % 3];
    tell(NULL, server, orgs[i / 3 % 2], pieces[i / 6], truth);
    CHECK(strncmp(truth, "ok panels=", 10) == 0);
    FAIL_EACH(a) {
      tell(a, server, orgs[i / 3 % 2], pieces[i / 6], told);
      if (strcmp(told, "error: not enough memory") != 0 || !a->tripped) CHECK_STR(told, truth);
    }
  }
}

int main(int argc, char **argv) {
  static const test_rule rules[] = {
      {"both questions may be refused", both_questions_may_be_refused},
      {"a question that breaks off is soon given up", a_question_that_breaks_off_is_soon_given_up},
      {"a page that was not sent is as patient as a dashboard",
       a_page_that_was_not_sent_is_as_patient_as_a_dashboard},
      {"a token that no url can hold ends the pages", a_token_that_no_url_can_hold_ends_the_pages},
      {"what passes costs a page nothing but time", what_passes_costs_a_page_nothing_but_time},
      {"items are taken as a parser sees them", items_are_taken_as_a_parser_sees_them},
      {"every allocation may fail in every piece", every_allocation_may_fail_in_every_piece},
  };
  return TEST_RUN(rules, argc, argv);
}
