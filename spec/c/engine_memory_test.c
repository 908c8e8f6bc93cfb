/* SPDX-License-Identifier: MIT
 *
 * Every allocation fails in turn: there is no crash, no leak and no lie. */
#include "gf_internal.h"
#include "script.h"
#include "script_servers.h"

enum { TOLD = 8192 };

/* What each client is made to remember before its call: of permissions of data sources. */
static gf_generation remembered;

/* What the call says when memory does not lack. */
static void told_with_plenty(const gf_op *op, script_variant variant, script_server *server, char out[TOLD]) {
  script s;
  gf_error error;
  gf_allocator alloc = gf_default_allocator();
  script_open(&s, NULL, NULL, server);
  gf_server_note(s.client, GF_PERMISSION_ROUTES, (int)remembered);
  script_args args = script_args_for(op, &alloc, variant);
  gf_call *call = script_call_args(&s, op, &args, &error);
  if (CHECK(call != NULL)) script_tell(script_run(&s, call), out, TOLD);
  script_args_free(&args);
  gf_call_release(call);
  script_close(&s);
}

/* Either the whole truth, or that memory lacks: and then a write that went out is not denied. */
static void check_told(const script *s, const gf_result *r, const char *truth) {
  char told[TOLD];
  if (!CHECK(script_is_sound(r))) return;
  bool lacks = r->status == GF_ERROR && strcmp(r->message, "not enough memory") == 0;
  if (lacks)
    CHECK(r->n_fields == 0 && r->reason == GF_REASON_NONE);
  else
    CHECK_STR(script_tell(r, told, sizeof told), truth);
  (void)s;
}

static void run_lacking(test_alloc *a, const gf_op *op, script_variant variant, script_server *server,
                        const char *truth) {
  script s;
  gf_error error = {{0}};
  bool open = script_try_open(&s, a, NULL, server, &error);
  CHECK(open || (a->tripped && strcmp(error.message, "not enough memory") == 0));
  if (!open) return;
  gf_server_note(s.client, GF_PERMISSION_ROUTES, (int)remembered);
  script_args args = script_args_for(op, &a->alloc, variant);
  gf_call *call = args.failed ? NULL : script_call_args(&s, op, &args, &error);
  CHECK(call || args.failed || (a->tripped && strstr(error.message, "not enough memory")));
  script_args_free(&args);
  if (call) check_told(&s, script_run(&s, call), truth);
  gf_call_release(call);
  script_close(&s);
}

static void every_allocation_of(const char *name, script_server *server) {
  for (size_t i = 0; i < gf_op_count(); i++) {
    if (!strstr(gf_op_at(i)->name, name)) continue;
    for (int v = SCRIPT_NUMBERS; v < SCRIPT_VARIANTS; v++) {
      char truth[TOLD] = "";
      unsigned long failed = test_now.failed_checks;
      told_with_plenty(gf_op_at(i), (script_variant)v, server, truth);
      FAIL_EACH(a) run_lacking(a, gf_op_at(i), (script_variant)v, server, truth);
      if (test_now.failed_checks > failed) printf("  %s, arguments %d\n", gf_op_at(i)->name, v);
    }
  }
}

static void every_allocation(script_server *server) { every_allocation_of("", server); }

static void with_good_answers(void) { every_allocation(script_grafana); }

#define JSON "application/json"

static script_answer tired(script *s, const gf_request *request, const char *path) {
  static const script_answer answers[] = {
      {.code = 503, .type = "text/plain", .body = "later", .name = "Retry-After", .value = "2"},
      {.code = 429, .type = JSON, .body = "{}"},
      {.how = GF_END_REFUSED, .unsent = true},
  };
  size_t number = s->requests - s->n_wire;
  return number % 4 == 3 ? script_grafana(s, request, path) : answers[number % 4];
}

/* Every read is sent elsewhere once, below the same origin. */
static script_answer redirecting(script *s, const gf_request *request, const char *path) {
  static char location[600];
  const char *moved = strstr(path, "/moved");
  if (strcmp(request->method, "GET") == 0 && !moved) {
    snprintf(location, sizeof location, "/sub/moved%s", path);
    return (script_answer){
        .code = 302, .type = "text/html", .body = "<a>", .name = "Location", .value = location};
  }
  return script_grafana(s, request, moved ? path + strlen("/moved") : path);
}

static script_answer refusing(script *s, const gf_request *request, const char *path) {
  (void)s;
  (void)request;
  (void)path;
  return script_json(401, "{\"message\":\"Invalid username or password: secret-password\"}");
}

static void on_upgraded_servers(void) {
  remembered = GF_FIRST_GENERATION;
  every_allocation_of("datasource_permission", script_without_first);
  remembered = GF_SECOND_GENERATION;
  every_allocation_of("datasource_permission", script_grafana);
  every_allocation_of("datasource_permission", script_without_second);
  remembered = GF_NO_GENERATION;
}

/* What is text is an answer to some; the rest say that it is none. */
static script_answer texts(script *s, const gf_request *request, const char *path) {
  (void)request, (void)path;
  if (s->requests % 2 == 0)
    return (script_answer){.code = 200, .type = "text/plain", .body = "{\"a\":[\"b\"]}"};
  return (script_answer){
      .code = 200, .type = "text/yaml", .body = "a: 1\n", .name = "X-Latin", .value = "Z\xfcrich"};
}

/* A refusal that echoes secrets. */
static script_answer text_refusal(script *s, const gf_request *request, const char *path) {
  (void)s, (void)request, (void)path;
  return (script_answer){.code = 400,
                         .type = "text/csv",
                         .body = "refused, secret-password",
                         .name = "X-Echo",
                         .value = "secret-password"};
}

static void with_discreet_answers(void) { every_allocation(script_discreet); }
static void with_strangers(void) { every_allocation(script_strangers); }
static void with_conflicts(void) { every_allocation(script_conflict); }
static void with_vague_answers(void) { every_allocation(script_vague); }
static void with_nothing_there(void) { every_allocation(script_nothing_there); }
static void with_retries(void) { every_allocation(tired); }
static void with_redirects(void) { every_allocation(redirecting); }
static void with_refused_credentials(void) { every_allocation(refusing); }
static void found_by_name(void) { every_allocation(script_by_name); }
static void without_numeric_routes(void) { every_allocation(script_old_server); }
static void with_texts(void) { every_allocation(texts); }
static void with_texts_that_refuse(void) { every_allocation(text_refusal); }

/* A client of every kind. */
static void clients(void) {
  static const gf_header headers[] = {{{"X-One", 5}, {"1", 1}}, {{"X-Two", 5}, {NULL, 0}}};
  for (int kind = 0; kind < 3; kind++) {
    FAIL_EACH(a) {
      script s;
      gf_config config;
      gf_error error = {{0}};
      script_config(&config);
      config.headers = headers;
      config.n_headers = 2;
      config.org = (gf_arg){.kind = GF_ARG_INT, .integer = 2};
      if (kind > 0) config.user = config.password = script_z(NULL);
      if (kind > 1) config.token = script_z("glsa_0123456789");
      bool open = script_try_open(&s, a, &config, script_grafana, &error);
      CHECK(open != a->tripped);
      if (!open) CHECK_STR(error.message, "not enough memory");
      script_close(&s);
    }
  }
}

/* Memory lacks when the answer to a write has come: that it may have been carried out is said. */
static void a_write_that_went_out_is_not_denied(void) {
  bool seen = false;
  FAIL_EACH(a) {
    script s;
    if (!script_try_open(&s, a, NULL, script_grafana, NULL)) continue;
    gf_arg name = {.kind = GF_ARG_STRING, .string = {"Acme", 4}};
    gf_error error;
    gf_call *call = gf_call_new(s.client, gf_op_find("create_org"), &name, 1, NULL, 0, &error);
    const gf_result *r = call ? script_run(&s, call) : NULL;
    if (r && r->status != GF_OK && s.requests) {
      CHECK(r->uncertain);
      seen = true;
    }
    gf_call_release(call);
    script_close(&s);
  }
  CHECK(seen);
}

/* The client goes on when there is memory again. */
static void memory_comes_back(void) {
  for (size_t i = 0; i < gf_op_count(); i++) {
    bool tripped = true;
    for (size_t at = 1; tripped; at++) {
      script s;
      test_alloc a;
      gf_error error;
      gf_config config;
      gf_allocator plenty = gf_default_allocator();
      script_config(&config);
      config.concurrency = 1;
      test_alloc_init(&a, 0, false);
      script_open(&s, &a, &config, script_grafana);
      a.fail_at = a.count + at;
      script_args args = script_args_for(gf_op_at(i), &plenty, SCRIPT_NUMBERS);
      gf_call *call = script_call_args(&s, gf_op_at(i), &args, &error);
      if (call) script_run(&s, call);
      gf_call_release(call);
      tripped = a.tripped;
      a.fail_at = 0;
      call = script_call(&s, "get_current_org", NULL);
      CHECK_RESULT(script_run(&s, call), "ok");
      gf_call_release(call);
      script_args_free(&args);
      script_close(&s);
      CHECK(a.live == 0);
    }
  }
}

int main(int argc, char **argv) {
  static const test_rule rules[] = {
      {"of clients", clients},
      {"of operations with good answers", with_good_answers},
      {"of operations that meet conflicts", with_conflicts},
      {"of operations with vague answers", with_vague_answers},
      {"of operations that may not see all", with_discreet_answers},
      {"of operations with strangers", with_strangers},
      {"of operations on what is not there", with_nothing_there},
      {"of operations that are retried", with_retries},
      {"of operations that are redirected", with_redirects},
      {"of operations with wrong credentials", with_refused_credentials},
      {"of operations on things that are found by name", found_by_name},
      {"of operations without numeric routes", without_numeric_routes},
      {"of operations on upgraded servers", on_upgraded_servers},
      {"of operations that are answered with text", with_texts},
      {"of operations that are refused with text", with_texts_that_refuse},
      {"a write that went out is not denied", a_write_that_went_out_is_not_denied},
      {"the client goes on when there is memory again", memory_comes_back},
  };
  return TEST_RUN(rules, argc, argv);
}
