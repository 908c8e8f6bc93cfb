/* SPDX-License-Identifier: MIT
 *
 * What callers give: arguments, options, configurations; and what single operations make of vague answers. */
#include "script.h"

#define JSON "application/json"

static void refused(script *s, const char *what, const char *name, const char *a, const char *b,
                    const char *c) {
  gf_error error;
  script_refused(s, &error, name, a, b, c, NULL);
  if (!CHECK(strstr(error.message, what) != NULL)) printf("  %s: %s\n", name, error.message);
}

/* ------------------------------------------------------------------------------------------- arguments -- */

static bool fits(gf_type type, int kind) {
  static const struct {
    gf_type type;
    const char *kinds;
  } good[] = {{GF_T_STRING, "s"}, {GF_T_INT, "in"},           {GF_T_BOOL, "b"}, {GF_T_ORG, "ino-"},
              {GF_T_ID, "ins"},   {GF_T_OBJECT, "{"},         {GF_T_LIST, "["}, {GF_T_STRINGS, "s["},
              {GF_T_ROLE, "s"},   {GF_T_STRING_OR_NULL, "s0"}};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++)
    if (good[i].type == type) return strchr(good[i].kinds, kind) != NULL;
  return false;
}

/* Every kind in every place: what does not fit is an error that names the parameter. */
static void wrong_kinds_are_named(void) {
  static const char kinds[] = "-bisno{[0";
  gf_error error;
  gf_allocator plenty = gf_default_allocator();
  gf_doc *object = gf_doc_from_text(&plenty, script_z(SCRIPT_DATA), &error),
         *list = gf_doc_from_text(&plenty, script_z("[\"a\"]"), &error);
  const gf_arg values[] = {{.kind = GF_ARG_NIL},
                           {.kind = GF_ARG_BOOL},
                           {.kind = GF_ARG_INT, .integer = 3},
                           {.kind = GF_ARG_STRING, .string = {"ann", 3}},
                           {.kind = GF_ARG_NUMBER, .string = {"18446744073709551616", 20}},
                           {.kind = GF_ARG_OWN},
                           {.kind = GF_ARG_DOC, .doc = object},
                           {.kind = GF_ARG_DOC, .doc = list},
                           {.kind = GF_ARG_NULL}};
  script s;
  gf_config config;
  script_config(&config);
  config.org = (gf_arg){.kind = GF_ARG_INT, .integer = 2};
  script_open(&s, NULL, &config, script_grafana);
  for (size_t i = 0; i < gf_op_count(); i++) {
    const gf_op *op = gf_op_at(i);
    script_args args = script_args_for(op, &plenty, SCRIPT_NUMBERS);
    bool any = strcmp(op->method, "ANY") == 0; /* of the right kind, but do they name a request? */
    for (size_t k = 0; k < args.n_args; k++) {
      gf_arg was = args.args[k];
      for (int v = 0; kinds[v]; v++) {
        char name[80];
        bool good = fits(op->params[k].type, kinds[v]) || (kinds[v] == '-' && op->params[k].optional);
        if (any && good) continue;
        args.args[k] = values[v];
        gf_call *call = script_call_args(&s, op, &args, &error);
        snprintf(name, sizeof name, "'%s'", op->params[k].name);
        if (!CHECK((call != NULL) == good)) printf("  %s %s %c\n", op->name, name, kinds[v]);
        if (!call) CHECK(strstr(error.message, name) != NULL);
        gf_call_release(call);
      }
      args.args[k] = was;
    }
    script_args_free(&args);
  }
  gf_doc_release(object);
  gf_doc_release(list);
  script_close(&s);
}

static void missing_and_surplus_arguments_are_named(void) {
  script s;
  script_open(&s, NULL, NULL, script_grafana);
  refused(&s, "'name'", "create_org", NULL, NULL, NULL);
  refused(&s, "'role'", "add_org_user", "2", "'ann", NULL);
  refused(&s, "'create_org'", "create_org", "'a", "'b", NULL);
  refused(&s, "'org'", "get_datasources", NULL, NULL, NULL);
  refused(&s, "'org'", "get_datasources", "", NULL, NULL);
  script_close(&s);
}

static void digits_are_digits(void) {
  static const char *const bad[] = {"", "-", "1.5", "1e400", "0x10", "1\r\nX: y", "1,2", " 1"};
  script s;
  gf_error error;
  script_open(&s, NULL, NULL, script_grafana);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    const gf_arg args[] = {{.kind = GF_ARG_NUMBER, .string = script_z(bad[i])},
                           {.kind = GF_ARG_STRING, .string = {"ann", 3}}};
    CHECK(gf_call_new(s.client, gf_op_find("get_org"), args, 1, NULL, 0, &error) == NULL);
    CHECK(gf_call_new(s.client, gf_op_find("get_datasources"), args, 1, NULL, 0, &error) == NULL);
  }
  script_close(&s);
}

/* Done at once, with nothing sent. */
static void done_at_once(script *s, const char *want, const char *name, const char *a, const char *b) {
  gf_call *call = script_call(s, name, a, b, NULL);
  CHECK(gf_call_is_done(call));
  const gf_result *r = gf_call_result(call);
  CHECK_RESULT(r, want);
  if (r) CHECK(script_is_sound(r) && r->attempts == 0 && r->code == 0);
  gf_call_release(call);
}

static void values_that_are_not_enough_are_not_sent(void) {
  script s;
  script_open(&s, NULL, NULL, script_grafana);
  done_at_once(&s, "missing-mandatory-data", "create_org", "'", NULL);
  done_at_once(&s, "missing-mandatory-data", "get_dashboard", "2", "'");
  done_at_once(&s, "missing-mandatory-data", "get_user", "'", NULL);
  done_at_once(&s, "missing-mandatory-data", "create_user", "{\"login\":\"ann\"}", NULL);
  done_at_once(&s, "missing-mandatory-data", "create_user", "{\"password\":\"abcdef\"}", NULL);
  done_at_once(&s, "missing-mandatory-data", "create_user", "{\"password\":\"\",\"login\":\"ann\"}", NULL);
  done_at_once(&s, "missing-mandatory-data", "create_user", "{\"password\":null,\"login\":\"ann\"}", NULL);
  done_at_once(&s, "missing-mandatory-data", "update_user", "5", "{\"name\":\"Ann\"}");
  done_at_once(&s, "missing-mandatory-data", "create_datasource", "2", "{}");
  done_at_once(&s, "missing-mandatory-data", "update_or_create_dashboard", "2", "{}");
  done_at_once(&s, "missing-mandatory-data", "get_dashboards_with_tag", "2", "[]");
  done_at_once(&s, "missing-mandatory-data", "get_dashboards_with_tag", "2", "[\"\"]");
  done_at_once(&s, "invalid-data", "create_org", "'a\r\nb", NULL);
  done_at_once(&s, "invalid-data", "create_org", "'a\nb", NULL);
  done_at_once(&s, "invalid-data", "create_org", "'\xff", NULL);
  done_at_once(&s, "invalid-data", "create_org", "'\xed\xa0\x80", NULL);
  done_at_once(&s, "invalid-data", "get_dashboards_with_tag", "2", "'a\rb");
  done_at_once(&s, "not-found org-not-found", "get_datasources", "0", NULL);
  done_at_once(&s, "not-found org-not-found", "get_datasources", "-1", NULL);
  CHECK_INT(s.requests, 0);
  script_close(&s);
}

static bool sends(script *s, const char *method_and_path) { return strstr(s->log, method_and_path) != NULL; }

static const gf_header *header_of(const gf_request *request, const char *name) {
  for (size_t i = 0; i < request->n_headers; i++)
    if (strcmp(request->headers[i].name.p, name) == 0) return &request->headers[i];
  return NULL;
}

static const char *org_sent(const gf_config *config, const char *org, char out[64]) {
  script s;
  gf_config copy = *config;
  const gf_request *request;
  int64_t wake;
  script_open(&s, NULL, &copy, script_grafana);
  gf_call *call = script_call(&s, "get_datasources", org, NULL);
  CHECK(gf_call_next(call, 0, &request, &wake) == GF_SEND);
  const gf_header *header = header_of(request, "X-Grafana-Org-Id");
  snprintf(out, 64, "%s", header ? header->value.p : "none");
  gf_call_release(call);
  script_close(&s);
  return out;
}

static void the_organisation_travels_with_the_request(void) {
  char out[64];
  gf_config config;
  script_config(&config);
  CHECK_STR(org_sent(&config, "7", out), "7");
  CHECK_STR(org_sent(&config, "own", out), "none");
  config.org = (gf_arg){.kind = GF_ARG_INT, .integer = 3};
  CHECK_STR(org_sent(&config, "", out), "3");
  CHECK_STR(org_sent(&config, "7", out), "7");
  CHECK_STR(org_sent(&config, "own", out), "none");
  config.org = (gf_arg){.kind = GF_ARG_NUMBER, .string = script_z("9223372036854775807")};
  CHECK_STR(org_sent(&config, "", out), "9223372036854775807");
  config.org = (gf_arg){.kind = GF_ARG_OWN};
  CHECK_STR(org_sent(&config, "", out), "none");
}

/* --------------------------------------------------------------------------------------------- options -- */

static void options_are_checked(void) {
  static const char *const cases[][2] = {
      {"timeout", "'x"},
      {"timeout", "-1"},
      {"timeout", "true"},
      {"deadline", "-1"},
      {"max_retries", "-1"},
      {"max_retries", "[]"},
      {"raw", "1"},
      {"headers", "'x"},
      {"headers", "[]"},
      {"headers", "{\"a\":1}"},
      {"headers", "{\"\":\"x\"}"},
      {"headers", "{\"A b\":\"x\"}"},
      {"headers", "{\"A:\":\"x\"}"},
      {"headers", "{\"A\":\"x\\r\\nB: c\"}"},
      {"headers", "{\"A\\r\\nB\":\"x\"}"},
      {"headers", "{\"A\":\"x\\u0000\"}"},
      {"headers", "{\"authorization\":\"x\"}"},
      {"headers", "{\"x-grafana-org-id\":\"1\"}"},
      {"headers", "{\"Content-Length\":\"1\"}"},
      {"headers", "{\"HOST\":\"x\"}"},
      {"query", "7"},
      {"page", "0"},
      {"page", "'2"},
      {"perpage", "0"},
      {"on_progress", "'print"}, /* a function is a binding's matter */
      {"on_progress", "1"},
      {"nope", "1"},
      {"Timeout", "1"},
      {"", "1"},
  };
  script s;
  gf_error error;
  script_open(&s, NULL, NULL, script_grafana);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char name[64];
    snprintf(name, sizeof name, "'%s'", cases[i][0]);
    script_refused(&s, &error, "get_orgs", "/", cases[i][0], cases[i][1], NULL);
    if (!CHECK(strstr(error.message, name) != NULL)) puts(error.message);
  }
  script_refused(&s, &error, "create_org", "'Acme", "/", "page", "1", NULL); /* lists only */
  script_refused(&s, &error, "get_org_panels", "2", "/", "perpage", "1", NULL);
  script_close(&s);
}

static void nil_options_are_none(void) {
  script s;
  script_open(&s, NULL, NULL, script_grafana);
  gf_call *call = script_call(&s, "get_orgs", "/", "query", "", "page", "", "nope", "", NULL);
  CHECK_RESULT(script_run(&s, call), "ok");
  gf_call_release(call);
  script_close(&s);
}

static void headers_of_a_call_replace_the_clients(void) {
  static const gf_header given[] = {{{"X-One", 5}, {"client", 6}}, {{"X-Two", 5}, {"client", 6}}};
  script s;
  gf_config config;
  const gf_request *request;
  int64_t wake;
  script_config(&config);
  config.headers = given;
  config.n_headers = 2;
  script_open(&s, NULL, &config, script_grafana);
  gf_call *call = script_call(&s, "create_org", "'Acme", "/", "headers",
                              "{\"x-one\":\"call\",\"Accept\":\"text/plain\"}", NULL);
  CHECK(gf_call_next(call, 0, &request, &wake) == GF_SEND);
  CHECK(header_of(request, "X-One") == NULL);
  CHECK_STR(header_of(request, "x-one")->value.p, "call");
  CHECK_STR(header_of(request, "X-Two")->value.p, "client");
  CHECK_STR(header_of(request, "Authorization")->value.p, "Basic YWRtaW46c2VjcmV0LXBhc3N3b3Jk");
  CHECK_STR(header_of(request, "Content-Type")->value.p, "application/json");
  CHECK_STR(header_of(request, "Accept")->value.p, "text/plain");
  CHECK(request->body.n == strlen("{\"name\":\"Acme\"}") &&
        memcmp(request->body.p, "{\"name\":\"Acme\"}", request->body.n) == 0);
  gf_call_release(call);
  script_close(&s);
}

static void bodies_are_escaped(void) {
  script s;
  const gf_request *request;
  int64_t wake;
  static const char want[] = "{\"name\":\"\\\"\\\\\\u0001\xc3\xbc\"}";
  script_open(&s, NULL, NULL, script_grafana);
  gf_call *call = script_call(&s, "create_org", "'\"\\\x01\xc3\xbc", NULL);
  CHECK(gf_call_next(call, 0, &request, &wake) == GF_SEND);
  CHECK(request->body.n == strlen(want) && memcmp(request->body.p, want, request->body.n) == 0);
  gf_call_release(call);
  script_close(&s);
}

/* -------------------------------------------------------------------------------------- configurations -- */

static gf_config good;

static void not_connected(const char *what, const gf_config *config) {
  gf_error error = {{0}};
  gf_client *client = gf_client_new(config, &error);
  if (!CHECK(client == NULL && strstr(error.message, what) != NULL))
    printf("  %s: %s\n", what, error.message);
  CHECK(strstr(error.message, "glsa") == NULL);
  gf_client_release(client);
}

#define NOT_CONNECTED(what, ...)                                                                             \
  do {                                                                                                       \
    gf_config config = good;                                                                                 \
    __VA_ARGS__;                                                                                             \
    not_connected((what), &config);                                                                          \
  } while (0)

static void configurations_are_checked(void) {
  static const gf_header evil[] = {{{"A", 1}, {"x\r\nB: c", 7}}},
                         ours[] = {{{"authorization", 13}, {"x", 1}}};
  script_config(&good);
  NOT_CONNECTED("timeout", config.timeout_ms = -1);
  NOT_CONNECTED("timeout", config.timeout_ms = INT64_MAX);
  NOT_CONNECTED("connect_timeout", config.connect_timeout_ms = -1);
  NOT_CONNECTED("deadline", config.deadline_ms = -1);
  NOT_CONNECTED("deadline", config.deadline_ms = INT64_MAX);
  NOT_CONNECTED("max_retries", config.max_retries = -1);
  NOT_CONNECTED("backoff_ms", config.backoff_first_ms = -1);
  NOT_CONNECTED("backoff_ms", config.backoff_max_ms = INT64_MAX);
  NOT_CONNECTED("backoff_ms", config.backoff_multiplier = 0.5);
  NOT_CONNECTED("backoff_ms", config.backoff_multiplier = strtod("nan", NULL));
  NOT_CONNECTED("concurrency", config.concurrency = 0);
  NOT_CONNECTED("concurrency", config.concurrency = 1000000);
  NOT_CONNECTED("max_body", config.max_body = 0);
  NOT_CONNECTED("max_body", config.max_body = SIZE_MAX);
  NOT_CONNECTED("org", config.org = (gf_arg){.kind = GF_ARG_BOOL});
  NOT_CONNECTED("token", config.token = script_z("glsa\r\nX: y"));
  NOT_CONNECTED("password", config.password = script_z("a\nb"));
  NOT_CONNECTED("user", config.user = script_z("a:b"));
  NOT_CONNECTED("user_agent", config.user_agent = script_z("a\r\nb"));
  NOT_CONNECTED("headers", (config.headers = evil, config.n_headers = 1));
  NOT_CONNECTED("headers", (config.headers = ours, config.n_headers = 1));
}

/* ----------------------------------------------------------------------------------- single operations -- */

/* Answers by method and path, tried before the good ones. */
typedef struct odd_route {
  const char *method, *path;
  int code;
  const char *body;
} odd_route;

static script_answer oddly(script *s, const gf_request *request, const char *path) {
  for (const odd_route *r = s->ctx; r->method; r++)
    if (strcmp(request->method, r->method) == 0 && script_like(path, r->path))
      return script_json(r->code, r->body);
  return script_grafana(s, request, path);
}

/* Runs a call against `routes`, with its story in `told`. */
static void tell(const odd_route *routes, char told[4096], const char *name, const char *a, const char *b,
                 const char *c) {
  script s;
  script_open(&s, NULL, NULL, oddly);
  s.ctx = routes;
  gf_call *call = script_call(&s, name, a, b, c, NULL);
  script_tell(script_run(&s, call), told, 2048);
  script_add(told, 4096, "\n");
  script_add(told, 4096, s.log);
  gf_call_release(call);
  script_close(&s);
}

/* The probe for the login cannot be asked when there is none: the one for the email still is. */
static void every_probe_that_can_be_asked_is(void) {
  static const odd_route taken[] = {{"POST", "/api/admin/users", 412, "{\"message\":\"taken\"}"}, {0}};
  static const odd_route vague[] = {{"PUT", "/api/users/9", 500, "{\"message\":\"Failed to update user\"}"},
                                    {"GET", "/api/users/9", 200, "{\"id\":9,\"login\":\"z\"}"},
                                    {0}};
  char told[4096];
  tell(taken, told, "create_user", "{\"email\":\"ann@example.org\",\"password\":\"abcdef\"}", NULL, NULL);
  CHECK(strstr(told, "already-exists") == told && strstr(told, " id=5\n") != NULL);
  tell(vague, told, "update_user", "9", "{\"email\":\"ann@example.org\"}", NULL);
  CHECK(strstr(told, "already-exists") == told && strstr(told, " id=5\n") != NULL);
}

/* Not the user that is changed, who has the email, but the one that has the login. */
static void the_one_that_exists_is_another(void) {
  static const odd_route routes[] = {{"PUT", "/api/users/9", 412, "{\"message\":\"taken\"}"},
                                     {"GET", "/api/users/9", 200, "{\"id\":9}"},
                                     {"GET", "/api/users/lookup?loginOrEmail=own%40x", 200, "{\"id\":9}"},
                                     {0}};
  char told[4096];
  tell(routes, told, "update_user", "9", "{\"login\":\"ann\",\"email\":\"own@x\"}", NULL);
  CHECK(strstr(told, "already-exists") == told && strstr(told, " id=5\n") != NULL);
}

static void a_taken_title_names_its_dashboard(void) {
  static const odd_route routes[] = {
      {"POST", "/api/dashboards/db", 412, "{\"message\":\"same name\",\"status\":\"name-exists\"}"}, {0}};
  char told[4096];
  tell(routes, told, "update_or_create_dashboard", "2", "{\"title\":\"t2\"}", NULL);
  CHECK(strstr(told, "already-exists name-exists") == told && strstr(told, " uid=\"u2\"\n") != NULL);
}

/* An id that is no number does not get into a query; one that is keeps the dashboard in its folder. */
static void a_dashboards_id_finds_its_folder(void) {
  static const odd_route none[] = {{0}};
  char told[4096];
  tell(none, told, "update_or_create_dashboard", "2", "{\"title\":\"t\",\"id\":\"7&type=x y#\"}", NULL);
  CHECK(strstr(told, "/api/search") == NULL);
  tell(none, told, "update_or_create_dashboard", "2", "{\"title\":\"t\",\"id\":0}", NULL);
  CHECK(strstr(told, "/api/search") == NULL);
  tell(none, told, "update_or_create_dashboard", "2", "{\"title\":\"t\",\"id\":7}", NULL);
  CHECK(strstr(told, "GET /api/search?dashboardIds=7\nPOST") != NULL);
}

static script_answer note_body(script *s, const gf_request *request, const char *path) {
  if (request->body.n)
    snprintf((char *)(uintptr_t)s->ctx, 1000, "%.*s", (int)request->body.n, request->body.p);
  return script_grafana(s, request, path);
}

static void folders_are_kept(void) {
  static const struct {
    const char *dashboard, *want;
  } cases[] = {
      {"{\"title\":\"t\",\"uid\":\"u1\"}",
       "{\"dashboard\":{\"title\":\"t\",\"uid\":\"u1\"},\"folderUid\":\"infra\"}"},
      {"{\"title\":\"t\",\"uid\":\"u1\",\"id\":99}",
       "{\"dashboard\":{\"title\":\"t\",\"uid\":\"u1\",\"id\":7},\"folderUid\":\"infra\"}"},
      {"{\"title\":\"t\",\"id\":7}", "{\"dashboard\":{\"title\":\"t\",\"id\":7},\"folderUid\":\"infra\"}"},
      {"{\"title\":\"t\",\"id\":8}", "{\"dashboard\":{\"title\":\"t\",\"id\":8}}"},
      {"{\"title\":\"t\",\"id\":12345}", "{\"dashboard\":{\"title\":\"t\",\"id\":12345}}"},
      {"{\"title\":\"t\"}", "{\"dashboard\":{\"title\":\"t\"}}"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char body[1000] = "";
    script s;
    script_open(&s, NULL, NULL, note_body);
    s.ctx = body;
    gf_call *call = script_call(&s, "update_or_create_dashboard", "2", cases[i].dashboard, NULL);
    CHECK_RESULT(script_run(&s, call), "ok");
    CHECK_STR(body, cases[i].want);
    gf_call_release(call);
    script_close(&s);
  }
}

static void a_data_source_without_uid_is_none(void) {
  static const odd_route routes[] = {{"GET", "/api/datasources/*", 200, "{}"}, {0}};
  char told[4096];
  tell(routes, told, "update_datasource", "2", "7", "{\"uid\":\"u9\",\"name\":\"x\"}");
  CHECK(strstr(told, "error invalid-json") == told && strstr(told, "PUT") == NULL);
}

static void members_are_found_by_login(void) {
  static const odd_route none[] = {{0}};
  char told[4096];
  tell(none, told, "delete_current_org_user", "'bob", NULL, NULL);
  CHECK(strstr(told, "ok\nGET /api/org/users\nDELETE /api/org/users/6\n") == told);
  tell(none, told, "delete_org_user", "2", "'bob@example.org", NULL);
  CHECK(strstr(told, "ok\nGET /api/orgs/2/users\nDELETE /api/orgs/2/users/6\n") == told);
  tell(none, told, "delete_current_org_user", "'ghost", NULL, NULL);
  CHECK(strstr(told, "user-not-found") == told && strstr(told, "DELETE") == NULL);
}

/* A timeout is told at once: nobody asks ten times about the organisation after it. */
static script_answer write_lost(script *s, const gf_request *request, const char *path) {
  if (strcmp(request->method, "POST") == 0) return (script_answer){.how = GF_END_TIMEOUT};
  return script_grafana(s, request, path);
}

static void a_lost_write_is_told_at_once(void) {
  script s;
  script_open(&s, NULL, NULL, write_lost);
  gf_call *call = script_call(&s, "add_org_user", "2", "'ann", "'Viewer", NULL);
  CHECK_RESULT(script_run(&s, call), "error timeout uncertain");
  CHECK(!sends(&s, "GET"));
  gf_call_release(call);
  script_close(&s);
}

/* --------------------------------------------------------------------------------------------- secrets -- */

static void not_shown(const char *body, int code, const char *name, const char *a, const char *b,
                      const char *secret) {
  const odd_route routes[] = {{"POST", "*", code, body}, {"PUT", "*", code, body}, {0}};
  char told[4096];
  tell(routes, told, name, a, b, NULL);
  told[strcspn(told, "\n")] = 0;
  if (!CHECK(strstr(told, secret) == NULL)) puts(told);
  CHECK(strchr(told, '\033') == NULL);
}

static void secrets_are_not_shown(void) {
  not_shown("{\"message\":\"no: secret-password\"}", 400, "create_org", "'Acme", NULL, "secret-password");
  not_shown("{\"message\":\"no: YWRtaW46c2VjcmV0LXBhc3N3b3Jk\"}", 422, "create_org", "'Acme", NULL,
            "YWRtaW46");
  not_shown("{\"message\":\"no: secret-password \\u001b[31m\"}", 401, "create_org", "'Acme", NULL,
            "secret-password");
  not_shown("{\"message\":\"too short: hunter2\"}", 400, "set_user_password", "5", "'hunter2", "hunter2");
  not_shown("{\"message\":\"too short: hunter2 hunter2hunter2\"}", 400, "create_user",
            "{\"login\":\"x\",\"password\":\"hunter2\"}", NULL, "hunter2");
}

/* Passwords that look like what they are replaced by, and ones with a zero byte. */
static void odd_passwords_are_redacted_too(void) {
  not_shown("{\"message\":\"*** is *****, not ****\"}", 400, "set_user_password", "5", "'***", "is **_");
  not_shown("{\"message\":\"abc abc abc\"}", 400, "create_user",
            "{\"login\":\"x\",\"password\":\"abc\\u0000defghijklmnopqrstuvwxyz\"}", NULL, "abc");
  char data[6100];
  memset(data, 'x', sizeof data);
  memcpy(data, "{\"login\":\"x\",\"password\":\"a\\u0000",
         strlen("{\"login\":\"x\",\"password\":\"a\\u0000"));
  memcpy(data + sizeof data - 3, "\"}", 3);
  not_shown("{\"message\":\"a a a a\"}", 400, "create_user", data, NULL, "xxx");
}

static void a_server_s_words_are_cut(void) {
  char body[3000] = "{\"message\":\"";
  for (int i = 0; i < 500; i++)
    script_add(body, sizeof body, "\xc3\xbc");
  script_add(body, sizeof body, "\"}");
  for (int code = 400; code < 404; code++) {
    const odd_route routes[] = {{"POST", "*", code, body}, {0}};
    script s;
    script_open(&s, NULL, NULL, oddly);
    s.ctx = routes;
    gf_call *call = script_call(&s, "create_org", "'Acme", NULL);
    const gf_result *r = script_run(&s, call);
    size_t n = strlen(r->message);
    CHECK(n > 250 && n < 512);
    CHECK(((unsigned char)r->message[n - 1] & 0xC0) == 0x80); /* ends with a whole ü */
    gf_call_release(call);
    script_close(&s);
  }
}

static void large_answers_are_dropped(void) {
  static const size_t sizes[] = {1, 10, sizeof SCRIPT_ORG - 2, sizeof SCRIPT_ORG - 1, 1000};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    for (size_t piece = 0; piece < 2; piece++) {
      script s;
      gf_config config;
      script_config(&config);
      config.max_body = sizes[i];
      script_open(&s, NULL, &config, script_grafana);
      s.piece = piece;
      gf_call *call = script_call(&s, "get_org", "2", NULL);
      CHECK_RESULT(script_run(&s, call), sizes[i] >= sizeof SCRIPT_ORG - 1 ? "ok" : "error too-large");
      CHECK_INT(s.requests, 1);
      gf_call_release(call);
      script_close(&s);
    }
  }
}

static void large_heads_are_dropped(void) {
  script s;
  const gf_request *request;
  int64_t wake;
  int lines = 0;
  script_open(&s, NULL, NULL, script_grafana);
  gf_call *call = script_call(&s, "get_org", "2", NULL);
  gf_call_next(call, 0, &request, &wake);
  gf_head(call, request->id, 200);
  while (lines < 5000 && gf_header_line(call, request->id, script_z("X-Line"), script_z("v")) == 0)
    lines++;
  CHECK(lines == 1000);
  gf_end(call, request->id, GF_END_DROPPED, true, NULL, 0);
  CHECK_RESULT(gf_call_result(call), "error too-large");
  gf_call_release(call);
  script_close(&s);
}

int main(int argc, char **argv) {
  static const test_rule rules[] = {
      {"arguments of a wrong kind are named", wrong_kinds_are_named},
      {"missing and surplus arguments are named", missing_and_surplus_arguments_are_named},
      {"digits are digits", digits_are_digits},
      {"values that are not enough are not sent", values_that_are_not_enough_are_not_sent},
      {"the organisation travels with the request", the_organisation_travels_with_the_request},
      {"options are checked", options_are_checked},
      {"options that are nil are none", nil_options_are_none},
      {"headers of a call replace the client's", headers_of_a_call_replace_the_clients},
      {"bodies are escaped", bodies_are_escaped},
      {"configurations are checked", configurations_are_checked},
      {"every probe that can be asked is", every_probe_that_can_be_asked_is},
      {"the user that exists is another than the one changed", the_one_that_exists_is_another},
      {"a taken title names its dashboard", a_taken_title_names_its_dashboard},
      {"a dashboard's id finds its folder", a_dashboards_id_finds_its_folder},
      {"a dashboard stays in its folder", folders_are_kept},
      {"a data source without uid is none", a_data_source_without_uid_is_none},
      {"members are found by login and email", members_are_found_by_login},
      {"a lost write is told at once", a_lost_write_is_told_at_once},
      {"secrets are not shown", secrets_are_not_shown},
      {"odd passwords are redacted too", odd_passwords_are_redacted_too},
      {"a server's words are cut between characters", a_server_s_words_are_cut},
      {"answers above max_body are dropped", large_answers_are_dropped},
      {"heads without end are dropped", large_heads_are_dropped},
  };
  return TEST_RUN(rules, argc, argv);
}
