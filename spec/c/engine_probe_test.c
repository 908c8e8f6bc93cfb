/* SPDX-License-Identifier: MIT
 *
 * Probes: what is looked up before a request, and what settles a vague answer. The server is asked no more than it must be,
 * and nothing is taken for what it is not. */
#include "script.h"

#define DENIED "{\"message\":\"You'll need additional permissions\"}"

/* What a server says of teams, users and accounts; NULL: as on a good day. */
typedef struct answers {
  int uid_code;
  const char *uid; /* GET /api/teams/u1 */
  const char *pages[3];
  int users_code;
  const char *users;
  int lookup_code;
  const char *lookup;
  int write_code;
  const char *write;
  const char *account; /* GET of one: 404 with this */
} answers;

static script_answer page_of(const answers *a, const char *path) {
  static char body[256];
  const char *at = strstr(path, "&page=");
  long page = at ? strtol(at + 6, NULL, 10) : 1;
  snprintf(body, sizeof body, "%s", page < 4 && a->pages[page - 1] ? a->pages[page - 1] : "{\"teams\":[]}");
  return script_json(200, body);
}

static script_answer scripted(script *s, const gf_request *request, const char *path) {
  const answers *a = s->ctx;
  bool reads = strcmp(request->method, "GET") == 0;
  if (!reads && a->write_code) return script_json(a->write_code, a->write);
  if (reads && a->uid && script_like(path, "/api/teams/u1")) return script_json(a->uid_code, a->uid);
  if (reads && a->pages[0] && script_like(path, "/api/teams/search?name=*")) return page_of(a, path);
  if (reads && a->users && script_like(path, "/api/org/users")) return script_json(a->users_code, a->users);
  if (reads && a->lookup && script_like(path, "/api/org/users/lookup"))
    return script_json(a->lookup_code, a->lookup);
  if (reads && a->account && script_like(path, "/api/serviceaccounts/9")) return script_json(404, a->account);
  return script_grafana(s, request, path);
}

/* The result of a call with these answers: "ok team=…", then the requests, a line each. */
static void check_call(const answers *a, const char *want, const char *log, const char *name, const char *one,
                       const char *two) {
  script s;
  char told[1024] = "";
  script_open(&s, NULL, NULL, scripted);
  s.ctx = a;
  gf_call *call = script_call(&s, name, "2", one, two, NULL);
  const gf_result *r = script_run(&s, call);
  if (CHECK(script_is_sound(r))) script_tell(r, told, sizeof told);
  CHECK_STR(told, want);
  CHECK_STR(s.log, log);
  gf_call_release(call);
  script_close(&s);
}

#define NO_ROUTE "{\"message\":\"Not found\"}"
#define UID "GET /api/teams/u1\n"
#define PAGE(n) "GET /api/teams/search?name=u1&perpage=1000&page=" #n "\n"

static const char found_uid[] = "ok team=" SCRIPT_TEAM;

static void a_uid_is_looked_up_first(void) {
  const answers good = {0};
  check_call(&good, found_uid, UID, "get_team", "'u1", NULL);
  const answers number_like = {.uid_code = 200,
                               .uid = "{\"id\":7,\"uid\":\"another\",\"name\":\"n\"}",
                               .pages = {"{\"totalCount\":1,\"teams\":[{\"id\":9,\"name\":\"u1\"}]}"}};
  check_call(&number_like, "ok team={\"id\":9,\"name\":\"u1\"}", UID PAGE(1), "get_team", "'u1", NULL);
}

/* What 9.3.2 and 12.4.3 say to a uid that nobody has. */
static void a_name_is_looked_for_when_there_is_no_such_uid(void) {
  static const struct {
    int code;
    const char *body;
  } refusals[] = {{404, NO_ROUTE},
                  {400, "{\"message\":\"teamId is invalid\"}"},
                  {404, "{\"message\":\"Team not found\"}"},
                  {403, DENIED}};
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
    const answers a = {.uid_code = refusals[i].code,
                       .uid = refusals[i].body,
                       .pages = {"{\"totalCount\":1,\"teams\":[{\"id\":9,\"name\":\"u1\"}]}"}};
    check_call(&a, "ok team={\"id\":9,\"name\":\"u1\"}", UID PAGE(1), "get_team", "'u1", NULL);
  }
}

static void names_that_are_no_uids_are_not_put_into_a_path(void) {
  static const char *const names[] = {
      "'a b", "'a/b", "'..", "'%41", "'\xc3\xbc", "'a.b", "'12345678901234567890123456789012345678901"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    script s;
    const answers a = {.pages = {"{\"totalCount\":0,\"teams\":[]}"}};
    script_open(&s, NULL, NULL, scripted);
    s.ctx = &a;
    gf_call *call = script_call(&s, "get_team", "2", names[i], NULL);
    CHECK_RESULT(script_run(&s, call), "not-found");
    CHECK_INT(s.requests, 1);
    CHECK(strncmp(s.log, "GET /api/teams/search?name=", 27) == 0);
    gf_call_release(call);
    script_close(&s);
  }
}

/* As long as pages hold something new. */
static void a_name_is_looked_for_through_all_pages(void) {
  const answers third = {.uid_code = 404,
                         .uid = NO_ROUTE,
                         .pages = {"{\"teams\":[{\"id\":1,\"name\":\"a\"}]}",
                                   "{\"teams\":[{\"id\":2,\"name\":\"U1\"}]}",
                                   "{\"teams\":[{\"id\":3,\"name\":\"u1\"}]}"}};
  check_call(&third, "ok team={\"id\":3,\"name\":\"u1\"}", UID PAGE(1) PAGE(2) PAGE(3), "get_team", "'u1",
             NULL);
  const answers total = {.uid_code = 404,
                         .uid = NO_ROUTE,
                         .pages = {"{\"totalCount\":2,\"teams\":[{\"id\":1,\"name\":\"a\"}]}",
                                   "{\"totalCount\":2,\"teams\":[{\"id\":2,\"name\":\"b\"}]}"}};
  check_call(&total, "not-found: there is no team u1", UID PAGE(1) PAGE(2), "get_team", "'u1", NULL);
  const answers stubborn = {.uid_code = 404,
                            .uid = NO_ROUTE,
                            .pages = {"{\"totalCount\":9,\"teams\":[{\"id\":1,\"name\":\"a\"}]}",
                                      "{\"totalCount\":9,\"teams\":[{\"id\":1,\"name\":\"a\"}]}"}};
  check_call(&stubborn, "not-found: there is no team u1", UID PAGE(1) PAGE(2), "get_team", "'u1", NULL);
  const answers endless = {
      .uid_code = 404, .uid = NO_ROUTE, .pages = {"{\"teams\":[{\"id\":1,\"name\":\"a\"}]}"}};
  check_call(&endless, "not-found: there is no team u1", UID PAGE(1) PAGE(2), "get_team", "'u1", NULL);
}

static void what_is_no_list_is_no_list_of_nothing(void) {
  static const char *const bodies[] = {"{}", "{\"teams\":null}", "7", "{\"teams\":{}}"};
  for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
    const answers a = {.uid_code = 404, .uid = NO_ROUTE, .pages = {bodies[i]}};
    check_call(&a, "error invalid-json: the answer holds no list", UID PAGE(1), "delete_team", "'u1", NULL);
  }
}

static void of_two_that_are_so_called_none_is_meant(void) {
  const answers two = {.uid_code = 404,
                       .uid = NO_ROUTE,
                       .pages = {"{\"teams\":[{\"id\":1,\"name\":\"u1\"},{\"id\":2,\"name\":\"u1\"}]}"}};
  check_call(&two, "error invalid-json: more than one item of the answer is so called", UID PAGE(1),
             "delete_team", "'u1", NULL);
  const answers taken = {.write_code = 409,
                         .write = "{\"message\":\"Team name taken\"}",
                         .pages = {"{\"teams\":[{\"id\":1,\"name\":\"n\"},{\"id\":2,\"name\":\"n\"}]}"}};
  check_call(&taken, "already-exists name-exists: there is a team n already",
             "POST /api/teams\nGET /api/teams/search?name=n&perpage=1000&page=1\n", "create_team",
             "{\"name\":\"n\"}", NULL);
}

/* Who administers one team sees it, and is refused others, which are not in the list then. */
static void a_refusal_stands_when_nothing_is_found(void) {
  const answers a = {.uid_code = 403, .uid = DENIED, .pages = {"{\"totalCount\":0,\"teams\":[]}"}};
  check_call(&a, "access-denied forbidden: You'll need additional permissions",
             UID PAGE(1) "GET /api/orgs/2\n", "get_team", "'u1", NULL);
}

#define ADDED "POST /api/teams/7/members\n"
#define LOOKUP "GET /api/org/users/lookup\n"
#define USERS "GET /api/org/users\n"

static void who_may_not_list_the_members_adds_by_id_and_by_login(void) {
  const answers a = {.users_code = 403,
                     .users = DENIED,
                     .lookup_code = 200,
                     .lookup = "[{\"userId\":6,\"login\":\"Bob\"},{\"userId\":5,\"login\":\"ann\"}]"};
  check_call(&a, "ok", USERS ADDED, "add_team_member", "7", "5");
  check_call(&a, "ok", USERS LOOKUP ADDED, "add_team_member", "7", "'bob");
  check_call(&a, "access-denied forbidden: You'll need additional permissions",
             USERS LOOKUP "GET /api/orgs/2\n", "add_team_member", "7", "'ann@example.org");
  const answers none = {.users_code = 403, .users = DENIED, .lookup_code = 403, .lookup = DENIED};
  check_call(&none, "access-denied forbidden: You'll need additional permissions",
             USERS LOOKUP "GET /api/orgs/2\n", "add_team_member", "7", "'bob");
}

/* A list of a user whose email is another's login: the login counts, wherever it stands. */
static void a_login_outranks_an_email(void) {
  const answers a = {.users_code = 200,
                     .users = "[{\"userId\":66,\"login\":\"mallory\",\"email\":\"ann\"},"
                              "{\"userId\":5,\"login\":\"Ann\",\"email\":\"a@example.org\"}]"};
  script s;
  script_open(&s, NULL, NULL, scripted);
  s.ctx = &a;
  gf_call *call = script_call(&s, "add_team_member", "2", "7", "'ann", NULL);
  const gf_request *request = NULL;
  int64_t wake = 0;
  CHECK(gf_call_next(call, s.now, &request, &wake) == GF_SEND);
  script_note(&s, call, request);
  script_answer_one(&s, 0);
  if (CHECK(gf_call_next(call, s.now, &request, &wake) == GF_SEND)) {
    CHECK(request->body.n == strlen("{\"userId\":5}"));
    CHECK(memcmp(request->body.p, "{\"userId\":5}", request->body.n) == 0);
  }
  gf_call_release(call);
  script_close(&s);
}

static void ids_that_nobody_has_are_settled_unsent(void) {
  static const char *const ids[] = {"0", "-1", "#9223372036854775808", "#99999999999999999999",
                                    "-9223372036854775808"};
  static const struct {
    const char *name, *one, *two, *want;
  } calls[] = {
      {"get_team", NULL, NULL, "not-found"},
      {"delete_team", NULL, NULL, "not-found"},
      {"get_team_members", NULL, NULL, "not-found"},
      {"add_team_member", "7", NULL, "user-not-found"},
      {"get_tokens", NULL, NULL, "not-found"},
      {"delete_team_member", "7", NULL, "user-not-found"},
      {"delete_token", "9", NULL, "not-found"},
      {"delete_service_account", NULL, NULL, "not-found"},
      {"create_token", NULL, "{\"name\":\"n\"}", "not-found"},
  };
  for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
    for (size_t k = 0; k < sizeof calls / sizeof *calls; k++) {
      script s;
      script_open(&s, NULL, NULL, script_grafana);
      const char *one = calls[k].one ? calls[k].one : ids[i], *two = calls[k].one ? ids[i] : calls[k].two;
      gf_call *call = script_call(&s, calls[k].name, "2", one, two, NULL);
      CHECK_RESULT(script_run(&s, call), calls[k].want);
      CHECK_INT(s.requests, 0);
      gf_call_release(call);
      script_close(&s);
    }
  }
}

/* --- a DELETE whose first attempt may have arrived --- */

static script_answer gone_meanwhile(script *s, const gf_request *request, const char *path) {
  if (strcmp(request->method, "DELETE") == 0) {
    if (strstr(s->log, "DELETE") == strrchr(s->log, 'D')) return (script_answer){.how = GF_END_CUT};
    return script_json(500, "{\"message\":\"Service account deletion error\"}");
  }
  if (script_like(path, "/api/serviceaccounts/*") && !strstr(path, "tokens"))
    return script_json(404, "{\"message\":\"Failed to retrieve service account\"}");
  if (strstr(path, "tokens")) return script_json(200, "[]");
  return script_grafana(s, request, path);
}

static void what_a_second_delete_finds_gone_is_done(void) {
  static const char *const names[][3] = {{"delete_service_account", "9", NULL}, {"delete_token", "9", "3"}};
  for (size_t i = 0; i < 2; i++) {
    script s;
    script_open(&s, NULL, NULL, gone_meanwhile);
    gf_call *call = script_call(&s, names[i][0], "2", names[i][1], names[i][2], NULL);
    CHECK_RESULT(script_run(&s, call), "ok");
    CHECK_INT(s.requests, 4); /* two DELETEs, is the organisation there, is the thing there */
    gf_call_release(call);
    script_close(&s);
  }
}

static script_answer never_there(script *s, const gf_request *request, const char *path) {
  if (strcmp(request->method, "DELETE") == 0)
    return script_json(500, "{\"message\":\"Service account deletion error\"}");
  return gone_meanwhile(s, request, path);
}

static void what_a_first_delete_finds_gone_is_not_found(void) {
  script s;
  script_open(&s, NULL, NULL, never_there);
  gf_call *call = script_call(&s, "delete_service_account", "2", "9", NULL);
  CHECK_RESULT(script_run(&s, call), "not-found");
  gf_call_release(call);
  script_close(&s);
}

/* --- update_team --- */

static script_answer keeps_body(script *s, const gf_request *request, const char *path) {
  const char *wanted = s->ctx;
  if (strcmp(request->method, "PUT") == 0) {
    CHECK_INT(request->body.n, strlen(wanted));
    CHECK(request->body.n == strlen(wanted) && memcmp(request->body.p, wanted, request->body.n) == 0);
  }
  return script_grafana(s, request, path);
}

static void what_is_not_named_stays(void) {
  static const char *const cases[][2] = {
      {"{\"email\":\"new\"}", "{\"email\":\"new\",\"name\":\"n\"}"},
      {"{\"name\":\"new\"}", "{\"name\":\"new\",\"email\":\"n@example.org\"}"},
      {"{\"email\":null}", "{\"email\":null,\"name\":\"n\"}"},
      {"{\"name\":\"a\",\"email\":\"b\",\"more\":[1]}", "{\"name\":\"a\",\"email\":\"b\",\"more\":[1]}"},
      {"{}", "{\"name\":\"n\",\"email\":\"n@example.org\"}"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    script s;
    script_open(&s, NULL, NULL, keeps_body);
    s.ctx = cases[i][1];
    gf_call *call = script_call(&s, "update_team", "2", "7", cases[i][0], NULL);
    CHECK_RESULT(script_run(&s, call), "ok");
    CHECK_STR(s.log, "GET /api/teams/7\nPUT /api/teams/7\n");
    gf_call_release(call);
    script_close(&s);
  }
}

int main(int argc, char **argv) {
  static const test_rule rules[] = {
      {"a uid is looked up first", a_uid_is_looked_up_first},
      {"a name is looked for when there is no such uid", a_name_is_looked_for_when_there_is_no_such_uid},
      {"names that are no uids are not put into a path", names_that_are_no_uids_are_not_put_into_a_path},
      {"a name is looked for through all pages", a_name_is_looked_for_through_all_pages},
      {"what is no list is no list of nothing", what_is_no_list_is_no_list_of_nothing},
      {"of two that are so called none is meant", of_two_that_are_so_called_none_is_meant},
      {"a refusal stands when nothing is found", a_refusal_stands_when_nothing_is_found},
      {"who may not list the members adds by id and by login",
       who_may_not_list_the_members_adds_by_id_and_by_login},
      {"a login outranks an email", a_login_outranks_an_email},
      {"ids that nobody has are settled unsent", ids_that_nobody_has_are_settled_unsent},
      {"what a second DELETE finds gone is done", what_a_second_delete_finds_gone_is_done},
      {"what a first DELETE finds gone is not found", what_a_first_delete_finds_gone_is_not_found},
      {"what is not named in a change stays", what_is_not_named_stays},
  };
  return TEST_RUN(rules, argc, argv);
}
