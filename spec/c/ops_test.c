/* SPDX-License-Identifier: MIT
 *
 * The operation table: its rows are sound, and every operation ends well whatever the server answers. */
#include "gf_internal.h"
#include "script.h"

/* The table is one array. */
#define EACH_OP(op) for (const gf_op *op = gf_op_at(0), *const end_ = op + gf_op_count(); op < end_; op++)

/* A check about one row: says which. */
#define CHECK_ROW(op, condition)                                                                             \
  do {                                                                                                       \
    if (!CHECK(condition)) printf("  in the row of %s\n", (op)->name);                                       \
  } while (0)

/* -------------------------------------------------------------------------------------------- the rows -- */

static void rows_are_sorted(void) {
  CHECK(gf_op_count() > 40);
  for (size_t i = 1; i < gf_op_count(); i++)
    CHECK_ROW(gf_op_at(i), strcmp(gf_op_at(i - 1)->name, gf_op_at(i)->name) < 0);
  for (size_t i = 0; i < gf_op_count(); i++)
    CHECK_ROW(gf_op_at(i), gf_op_find(gf_op_at(i)->name) == gf_op_at(i));
  CHECK(gf_op_at(gf_op_count()) == NULL);
  CHECK(gf_op_find("") == NULL && gf_op_find("create") == NULL && gf_op_find("zzz") == NULL);
}

static bool is_method(const char *m) {
  static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE", "ANY"};
  for (size_t i = 0; i < 6; i++)
    if (m && strcmp(m, methods[i]) == 0) return true;
  return false;
}

static bool is_text(const char *z) { return z && *z; }

static void rows_are_whole(void) {
  EACH_OP(op) {
    CHECK_ROW(op, is_text(op->name) && is_text(op->group) && is_text(op->see) && op->rule);
    CHECK_ROW(op, is_text(op->summary) && op->summary[strlen(op->summary) - 1] == '.');
    CHECK_ROW(op, is_method(op->method));
    CHECK_ROW(op, is_text(op->path) && op->path[0] == '/');
    for (size_t k = 0; k < 8 && op->keys[k].name; k++)
      CHECK_ROW(op, is_text(op->keys[k].shape) && is_text(op->keys[k].text));
  }
}

static void check_param(const gf_op *op, const gf_param *p) {
  CHECK_ROW(op, is_text(p->text) && p->type < GF_T_FUNCTION && p->where <= GF_IN_WHOLE_BODY);
  CHECK_ROW(op, !p->required || p->type == GF_T_OBJECT || p->type == GF_T_LIST);
  for (const char *word = p->required; word && *word;) { /* has_key() copies each into 32 bytes */
    size_t n = strcspn(word, " |");
    CHECK_ROW(op, n > 0 && n < 32);
    word += n + (word[n] != 0);
  }
}

static void params_are_sound(void) {
  EACH_OP(op) {
    bool optional = false;
    for (size_t k = 0; k < GF_MAX_PARAMS && op->params[k].name; k++) {
      check_param(op, &op->params[k]);
      CHECK_ROW(op, !optional || op->params[k].optional); /* what may be left out comes last */
      optional = op->params[k].optional;
      for (size_t j = 0; j < k; j++)
        CHECK_ROW(op, strcmp(op->params[j].name, op->params[k].name) != 0);
    }
    for (size_t k = 0; k < GF_MAX_OPTIONS && op->options[k].name; k++)
      check_param(op, &op->options[k]);
  }
}

static bool takes(const gf_op *op, const char *option) {
  size_t count;
  const gf_param *general = gf_general_options(op, &count);
  for (size_t i = 0; i < count; i++)
    if (strcmp(general[i].name, option) == 0) return true;
  return false;
}

static void general_options_suit_the_operation(void) {
  EACH_OP(op) {
    bool is_list = op->rule->paging.list != NULL;
    CHECK_ROW(op, takes(op, "timeout") && takes(op, "raw"));
    CHECK_ROW(op, takes(op, "page") == is_list && takes(op, "perpage") == is_list);
    CHECK_ROW(op, takes(op, "on_progress") == (is_list || op->rule->more));
  }
}

static void options_shadow_nothing(void) {
  EACH_OP(op) {
    size_t count;
    const gf_param *general = gf_general_options(op, &count);
    for (size_t k = 0; k < GF_MAX_OPTIONS && op->options[k].name; k++) {
      for (size_t j = 0; j < k; j++)
        CHECK_ROW(op, strcmp(op->options[j].name, op->options[k].name) != 0);
      for (size_t j = 0; j < count; j++)
        CHECK_ROW(op, strcmp(general[j].name, op->options[k].name) != 0);
    }
  }
}

/* --- templates --- */

static bool names_param(const gf_op *op, const char *name, size_t n) {
  for (size_t k = 0; k < GF_MAX_PARAMS && op->params[k].name; k++)
    if (strlen(op->params[k].name) == n && memcmp(op->params[k].name, name, n) == 0) return true;
  return false;
}

/* A probe sets it, or the data may have it (any member can be named). */
static bool may_be_known(const gf_op *op, const char *name, size_t n) {
  const gf_op_rule *rule = op->rule;
  if (names_param(op, name, n)) return true;
  for (size_t k = 0; k < sizeof rule->probes / sizeof *rule->probes && rule->probes[k].when; k++)
    if (rule->probes[k].var && strlen(rule->probes[k].var) == n && memcmp(rule->probes[k].var, name, n) == 0)
      return true;
  for (size_t k = 0; k < GF_MAX_PARAMS && op->params[k].name; k++)
    if (op->params[k].type == GF_T_OBJECT) return true;
  for (size_t k = 0; k < GF_MAX_OPTIONS && op->options[k].name; k++)
    if (strlen(op->options[k].name) == n && memcmp(op->options[k].name, name, n) == 0) return true;
  return false;
}

static void check_template(const gf_op *op, const char *text) {
  for (const char *at = text ? strchr(text, '{') : NULL; at; at = strchr(at, '{')) {
    const char *close = strchr(at, '}');
    size_t n = close ? (size_t)(close - at) - 1 : 0;
    CHECK_ROW(op, close && n > 0 && n < 32);
    if (!close) return;
    if (!may_be_known(op, at + 1, n)) printf("  {%.*s} in \"%s\"\n", (int)n, at + 1, text);
    CHECK_ROW(op, may_be_known(op, at + 1, n));
    at = close;
  }
}

static bool in_named_org(const gf_op *op) { return names_param(op, "org", 3); }

/* next_word() copies each into 32 bytes. */
static void check_words(const gf_op *op, const char *words) {
  while (words && *words) {
    size_t n = strcspn(words, " ");
    CHECK_ROW(op, n > 0 && n < 32);
    words += n + (words[n] != 0);
  }
}

static void check_probe(const gf_op *op, const gf_probe *p) {
  bool other = !p->unless_own || in_named_org(op);
  const char *templates[] = {other && !p->own_get ? p->get : NULL, p->own_get, other ? p->say : NULL,
                             p->say_missing, p->restart};
  CHECK_ROW(op, p->when == GF_NEVER || is_text(p->get));
  CHECK_ROW(op, !p->find || (is_text(p->by) && strlen(p->by) < 128));
  CHECK_ROW(op, !p->found || is_text(p->say));
  CHECK_ROW(op, !p->missing || is_text(p->say) || is_text(p->say_missing));
  CHECK_ROW(op, !p->key || p->pointer);
  CHECK_ROW(op, !p->way || p->when == GF_BEFORE);
  CHECK_ROW(op, !p->is_answer || (p->key && p->when == GF_BEFORE));
  CHECK_ROW(op, !p->pages || (p->find && p->pages->list && p->pages->size_param && p->pages->identity));
  CHECK_ROW(op, !p->only_one || p->find);
  CHECK_ROW(op, !p->beside == !p->beside_is && (!p->beside || p->only_one));
  for (size_t i = 0; i < sizeof templates / sizeof *templates; i++)
    check_template(op, templates[i]);
  check_words(op, p->by);
  check_words(op, p->keep);
}

/* An argument may be a number, and then what becomes of it is told. */
static void check_id(const gf_op *op, const gf_id_rule *id) {
  CHECK_ROW(op, names_param(op, id->name, strlen(id->name)));
  CHECK_ROW(op, id->missing && is_text(id->say));
  check_template(op, id->say);
}

static void templates_name_what_there_is(void) {
  EACH_OP(op) {
    const gf_op_rule *rule = op->rule;
    const char *templates[] = {op->path, rule->own_path, rule->text_path, rule->org_header ? "{org}" : NULL};
    for (size_t k = 0; k < 4; k++)
      check_template(op, templates[k]);
    for (size_t k = 0; k < sizeof rule->rules / sizeof *rule->rules; k++)
      check_template(op, rule->rules[k].say);
    for (size_t k = 0; k < sizeof rule->ids / sizeof *rule->ids && rule->ids[k].name; k++)
      check_id(op, &rule->ids[k]);
    for (size_t k = 0; k < sizeof rule->probes / sizeof *rule->probes; k++)
      check_probe(op, &rule->probes[k]);
  }
}

/* Picks, the keys that probes add, and the lists: all promised, and no more than fit. */
static bool promises(const gf_op *op, const char *key) {
  for (size_t k = 0; k < 8 && op->keys[k].name; k++)
    if (strcmp(op->keys[k].name, key) == 0) return true;
  return false;
}

static void keys_fit(void) {
  CHECK(sizeof((gf_op *)0)->keys / sizeof(gf_result_key) < GF_MAX_FIELDS);
  EACH_OP(op) {
    const gf_op_rule *rule = op->rule;
    for (size_t k = 0; k < sizeof rule->picks / sizeof *rule->picks && rule->picks[k].key; k++)
      CHECK_ROW(op, promises(op, rule->picks[k].key));
    for (size_t k = 0; k < sizeof rule->probes / sizeof *rule->probes && rule->probes[k].key; k++)
      CHECK_ROW(op, promises(op, rule->probes[k].key) || strcmp(rule->probes[k].key, "id") == 0 ||
                        strcmp(rule->probes[k].key, "uid") == 0); /* of what exists already */
    if (rule->paging.list)
      CHECK_ROW(op, (is_text(rule->paging.identity) || !rule->paging.size_param) &&
                        strcmp(op->keys[0].shape, "list") == 0);
  }
}

static bool is_status(const char *word, size_t n) {
  for (gf_status s = GF_OK; s <= GF_ERROR; s++)
    if (strlen(gf_status_name(s)) == n && memcmp(gf_status_name(s), word, n) == 0) return true;
  return false;
}

static void statuses_exist(void) {
  EACH_OP(op) {
    for (const char *word = op->statuses; word && *word;) {
      size_t n = strcspn(word, " ");
      CHECK_ROW(op, is_status(word, n));
      word += n + (word[n] != 0);
    }
  }
}

/* What rules and probes can say of their own is told in `statuses`. */
static bool tells(const gf_op *op, gf_status status) {
  return status == GF_OK || status == GF_ERROR ||
         (op->statuses && strstr(op->statuses, gf_status_name(status)));
}

static void statuses_are_told(void) {
  EACH_OP(op) {
    const gf_op_rule *rule = op->rule;
    for (size_t k = 0; k < sizeof rule->rules / sizeof *rule->rules && rule->rules[k].code; k++)
      CHECK_ROW(op, tells(op, rule->rules[k].is) || strstr(op->name, "current"));
    for (size_t k = 0; k < sizeof rule->ids / sizeof *rule->ids && rule->ids[k].name; k++)
      CHECK_ROW(op, tells(op, rule->ids[k].missing));
    for (size_t k = 0; k < sizeof rule->probes / sizeof *rule->probes && rule->probes[k].when; k++)
      CHECK_ROW(op, tells(op, rule->probes[k].missing) || strstr(op->name, "current"));
  }
}

/* A recording has the step that a row follows: {"step": "org-create", … */
static char *read_whole(const char *path) {
  FILE *file = fopen(path, "rb");
  size_t n = 0, room = 1 << 20;
  char *text = file ? malloc(room) : NULL;
  while (text && (n += fread(text + n, 1, room - n - 1, file)) == room - 1)
    text = realloc(text, room *= 2);
  if (text) text[n] = 0;
  if (file) fclose(file);
  return text;
}

enum { RECORDINGS = 4 };

static bool has_step(char *const recordings[RECORDINGS], const char *name, size_t n) {
  char line[100];
  snprintf(line, sizeof line, "{\"step\": \"%.*s\"", (int)n, name);
  for (int i = 0; i < RECORDINGS; i++)
    if (recordings[i] && strstr(recordings[i], line)) return true;
  return false;
}

static void steps_are_recorded(void) {
  char *recordings[RECORDINGS] = {read_whole("spec/recordings/recorded-9.3.2.jsonl"),
                                  read_whole("spec/recordings/recorded-12.4.3.jsonl"),
                                  read_whole("spec/recordings/recorded-more-9.3.2.jsonl"),
                                  read_whole("spec/recordings/recorded-more-12.4.3.jsonl")};
  bool there = true;
  for (int i = 0; i < RECORDINGS; i++)
    there = there && recordings[i];
  if (!there) puts("  skipped: not run from the project's folder");
  for (size_t i = 0; there && i < gf_op_count(); i++) {
    for (const char *word = gf_op_at(i)->see; *word;) {
      size_t n = strcspn(word, " ");
      if (!has_step(recordings, word, n)) printf("  %.*s\n", (int)n, word);
      CHECK_ROW(gf_op_at(i), has_step(recordings, word, n));
      word += n + (word[n] != 0);
    }
  }
  for (int i = 0; i < RECORDINGS; i++)
    free(recordings[i]);
}

static void names_are_closed_sets(void) {
  CHECK_STR(gf_reason_name(GF_REASON_NONE), NULL);
  for (gf_status s = GF_OK; s <= GF_ERROR; s++)
    CHECK(is_text(gf_status_name(s)));
  for (gf_reason r = GF_TIMEOUT; r <= GF_SERVER_ERROR; r++)
    CHECK(is_text(gf_reason_name(r)));
}

/* ---------------------------------------------------------------------------------------- good answers -- */

static void check_promised(const gf_op *op, const gf_result *r) {
  for (size_t k = 0; k < 8 && op->keys[k].name; k++)
    if (strcmp(op->keys[k].name, "failed") != 0) CHECK_ROW(op, gf_result_field(r, op->keys[k].name) != NULL);
  CHECK_ROW(op, r->code == 200 && r->attempts <= 1);
}

static const gf_result *run_op(script *s, const gf_op *op, script_variant variant, gf_call **call) {
  gf_error error = {{0}};
  gf_allocator alloc = gf_default_allocator();
  script_args args = script_args_for(op, &alloc, variant);
  *call = script_call_args(s, op, &args, &error);
  script_args_free(&args);
  if (!*call) printf("  %s: %s\n", op->name, error.message);
  return CHECK(*call != NULL) ? script_run(s, *call) : NULL;
}

static void good_answers_make_good_results(void) {
  EACH_OP(op) {
    for (script_variant v = SCRIPT_NUMBERS; v < SCRIPT_VARIANTS; v++) {
      script s;
      test_alloc a;
      gf_call *call;
      test_alloc_init(&a, 0, false);
      script_open(&s, &a, NULL, script_grafana);
      const gf_result *r = run_op(&s, op, v, &call);
      CHECK_ROW(op, script_is_sound(r) && r->status == GF_OK);
      if (r && r->status == GF_OK)
        check_promised(op, r);
      else if (r)
        printf("  %s\n%s", r->message, s.log);
      gf_call_release(call);
      script_close(&s);
      CHECK_ROW(op, a.live == 0);
    }
  }
}

/* Anything that goes over a URL or a header is printable ASCII. */
static script_answer picky(script *s, const gf_request *request, const char *path) {
  for (const char *p = request->url; *p; p++)
    CHECK(*p > ' ' && *p < 127);
  CHECK(script_like(request->url, SCRIPT_BASE "/api/*") || script_like(request->url, SCRIPT_BASE "/apis/*"));
  CHECK(strchr(path, '{') == NULL && strstr(path, "//") == NULL);
  for (size_t i = 0; i < request->n_headers; i++) {
    CHECK(request->headers[i].name.n > 0 && request->headers[i].name.p[request->headers[i].name.n] == 0);
    CHECK(request->headers[i].value.p[request->headers[i].value.n] == 0);
    for (size_t k = 0; k < i; k++)
      CHECK(!gf_str_ieq(request->headers[i].name, request->headers[k].name.p));
  }
  CHECK(request->body.n == 0 || strcmp(request->method, "GET") != 0);
  return script_grafana(s, request, path);
}

static void requests_are_proper(void) {
  EACH_OP(op) {
    for (script_variant v = SCRIPT_NUMBERS; v < SCRIPT_VARIANTS; v++) {
      script s;
      gf_call *call;
      script_open(&s, NULL, NULL, picky);
      run_op(&s, op, v, &call);
      gf_call_release(call);
      script_close(&s);
    }
  }
}

/* ----------------------------------------------------------------------------------------- bad answers -- */

#define JSON "application/json"
static const script_answer bad_answers[] = {
    {.code = 400, .type = JSON, .body = "{\"message\":\"bad request data\"}"},
    {.code = 400, .type = JSON, .body = "{\"message\":\"Organization name taken\"}"},
    {.code = 401, .type = JSON, .body = "{\"message\":\"Invalid username or password\"}"},
    {.code = 401, .type = "text/html", .body = "<html>sign in</html>"},
    {.code = 403, .type = JSON, .body = "{\"message\":\"You'll need additional permissions\"}"},
    {.code = 404, .type = JSON, .body = "{\"message\":\"Not found\"}"},
    {.code = 404, .type = JSON, .body = "{\"message\":\"user not found\"}"},
    {.code = 404, .type = JSON, .body = "{\"message\":\"Data source not found\"}"},
    {.code = 404, .type = "text/html; charset=UTF-8", .body = ""},
    {.code = 405, .type = "text/plain", .body = "no"},
    {.code = 409, .type = JSON, .body = "{\"message\":\"data source with the same name already exists\"}"},
    {.code = 409, .type = JSON, .body = "{\"message\":\"data source with the same uid already exists\"}"},
    {.code = 412,
     .type = JSON,
     .body = "{\"message\":\"changed by someone else\",\"status\":\"version-mismatch\"}"},
    {.code = 412, .type = JSON, .body = "{\"message\":\"same name\",\"status\":\"name-exists\"}"},
    {.code = 412, .type = JSON, .body = "[]"},
    {.code = 422, .type = JSON, .body = "{\"message\":\"\\u001b[31m\\u0000\\n\\ud83d\\ude00\"}"},
    {.code = 429, .type = JSON, .body = "{}", .name = "Retry-After", .value = "1"},
    {.code = 429},
    {.code = 500, .type = JSON, .body = "{\"message\":\"Failed to update user\"}"},
    {.code = 500, .type = JSON, .body = "null"},
    {.code = 500, .type = "text/html", .body = "<!DOCTYPE html>"},
    {.code = 502, .type = "text/html", .body = "<html>Bad Gateway</html>"},
    {.code = 503, .type = "text/plain", .body = "upstream"},
    {.code = 504},
    {.code = 599, .type = JSON, .body = "{}"},
    {.code = 999, .type = JSON, .body = "{}"},
    {.code = 1, .type = JSON, .body = "{}"},
    {.code = 100, .type = JSON, .body = "{}"},
    {.code = 0, .body = "{}"},
    {.code = 200, .type = "text/html", .body = "<html>welcome</html>"},
    {.code = 200, .type = JSON, .body = "\n <html>"},
    {.code = 200, .type = JSON, .body = "{\"id\":"},
    {.code = 200, .type = JSON, .body = "{\"id\":\"\xff\"}"},
    {.code = 200, .type = JSON, .body = ""},
    {.code = 200, .type = JSON, .body = " \n"},
    {.code = 204},
    {.code = 200, .type = JSON, .body = "null"},
    {.code = 200, .type = JSON, .body = "7"},
    {.code = 200, .type = JSON, .body = "\"text\""},
    {.code = 200, .type = JSON, .body = "[]"},
    {.code = 200, .type = JSON, .body = "{}"},
    {.code = 200, .type = JSON, .body = "[null,1,\"x\",[],{\"uid\":7,\"id\":\"x\",\"userId\":null}]"},
    {.code = 200,
     .type = JSON,
     .body = "{\"id\":{},\"uid\":[],\"dashboard\":7,\"users\":{},\"versions\":1,\"status\":2}"},
    {.code = 301, .type = "text/html", .name = "Location", .value = "/login"},
    {.code = 302, .type = "text/html", .name = "Location", .value = "http://grafana.test/sub/login"},
    {.code = 302, .type = "text/html", .name = "Location", .value = "https://evil.test/api/org"},
    {.code = 302, .type = "text/html", .name = "Location", .value = ""},
    {.code = 304},
    {.code = 200, .type = JSON, .body = "{\"id\":1}", .how = GF_END_CUT, .cut = true, .bytes = 4},
    {.code = 200, .type = JSON, .body = "{\"id\":1}", .how = GF_END_TIMEOUT},
    {.code = 200, .type = JSON, .body = "{\"id\":1}", .how = GF_END_DROPPED},
    {.how = GF_END_CUT},
    {.how = GF_END_CUT, .unsent = true},
    {.how = GF_END_TIMEOUT},
    {.how = GF_END_TIMEOUT, .unsent = true},
    {.how = GF_END_UNKNOWN_HOST, .unsent = true},
    {.how = GF_END_REFUSED, .unsent = true},
    {.how = GF_END_TLS, .unsent = true},
    {.how = GF_END_TLS},
    {.how = GF_END_DROPPED},
    {.how = GF_END_FAILED},
    {.how = GF_END_FAILED, .unsent = true},
};
enum { BAD = sizeof bad_answers / sizeof *bad_answers };

/* Good until request `from`, then bad: once, or from there on. */
typedef struct bad_day {
  const script_answer *answer;
  size_t from;
  bool once;
} bad_day;

static script_answer on_a_bad_day(script *s, const gf_request *request, const char *path) {
  const bad_day *day = s->ctx;
  size_t number = s->requests - s->n_wire; /* of this request among those that have been answered */
  bool bad = number + 1 > day->from && (!day->once || number == day->from);
  return bad ? *day->answer : script_grafana(s, request, path);
}

/* The client is as good as new: nothing is counted as being on the wire. */
static bool is_usable(script *s) {
  gf_call *call = script_call(s, "get_current_org", NULL);
  s->server = script_grafana;
  const gf_result *r = script_run(s, call);
  bool ok = r && r->status == GF_OK;
  gf_call_release(call);
  return ok;
}

/* Not in every server's answer. */
static bool may_be_absent(const gf_op *op, const char *key) {
  const gf_pick *picks = op->rule->picks;
  for (size_t k = 0; k < sizeof op->rule->picks / sizeof *picks && picks[k].key; k++)
    if (strcmp(picks[k].key, key) == 0) return picks[k].optional;
  return false;
}

/* Only what was sent can be uncertain, and a result that is ok holds what is promised. */
static void check_result(const gf_op *op, const script *s, const gf_result *r) {
  bool wrote = strstr(s->log, "POST ") || strstr(s->log, "PUT ") || strstr(s->log, "PATCH ") ||
               strstr(s->log, "DELETE ");
  CHECK_ROW(op, script_is_sound(r));
  CHECK_ROW(op, r && (!r->uncertain || wrote));
  CHECK_ROW(op, s->requests <= 200);
  CHECK_ROW(op, s->n_wire <= 1);
  if (r && r->status == GF_OK && (!r->n_fields || strcmp(r->fields[0].name, "healthy") != 0) && s->requests)
    for (size_t k = 0; k < 8 && op->keys[k].name; k++)
      if (strcmp(op->keys[k].name, "failed") != 0 && strcmp(op->keys[k].name, "body") != 0 &&
          !may_be_absent(op, op->keys[k].name))
        CHECK_ROW(op, gf_result_field(r, op->keys[k].name) != NULL);
}

static bool bad_day_ends_well(const gf_op *op, script_variant variant, const bad_day *day) {
  script s;
  test_alloc a;
  gf_call *call;
  gf_config config;
  unsigned long failed = test_now.failed_checks;
  script_config(&config);
  config.concurrency = 1;
  test_alloc_init(&a, 0, false);
  script_open(&s, &a, &config, on_a_bad_day);
  s.ctx = day;
  const gf_result *r = run_op(&s, op, variant, &call);
  bool reached = s.requests > day->from;
  check_result(op, &s, r);
  if (test_now.failed_checks > failed)
    printf("  answer %d from request %zu: %s\n%s", (int)(day->answer - bad_answers), day->from,
           r ? r->message : "NULL", s.log);
  gf_call_release(call);
  CHECK_ROW(op, is_usable(&s));
  script_close(&s);
  CHECK_ROW(op, a.live == 0);
  return reached;
}

static void bad_answers_make_bad_results(void) {
  EACH_OP(op) {
    for (int v = SCRIPT_NUMBERS; v < SCRIPT_VARIANTS; v++) {
      for (int bad = 0; bad < BAD; bad++) {
        bad_day day = {.answer = &bad_answers[bad]};
        while (bad_day_ends_well(op, (script_variant)v, &day))
          day.from++; /* each request of it in turn */
        day.once = true;
        for (day.from = 0; bad_day_ends_well(op, (script_variant)v, &day);)
          day.from++;
      }
    }
  }
}

/* Statuses that mean the same for whatever operation. */
static void general_statuses_are_the_same_everywhere(void) {
  static const struct {
    const char *body;
    int code;
    gf_how how;
    const char *want;
  } cases[] = {
      {"{\"message\":\"Invalid username or password\"}", 401, GF_END_COMPLETE,
       "access-denied bad-credentials"},
      {"<html>", 200, GF_END_COMPLETE, "error not-grafana"},
      {"{\"a\":", 200, GF_END_COMPLETE, "error invalid-json"},
      {"{\"message\":\"Not found\"}", 404, GF_END_COMPLETE, "error unsupported"},
      {"{}", 429, GF_END_COMPLETE, "error rate-limited"},
      {"<html>", 503, GF_END_COMPLETE, "error unavailable"},
      {"", 0, GF_END_REFUSED, "connection-refused"},
      {"", 0, GF_END_UNKNOWN_HOST, "unknown-host"},
      {"", 0, GF_END_TLS, "error tls"},
  };
  EACH_OP(op) {
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
      const script_answer answer = {.code = cases[k].code,
                                    .type = JSON,
                                    .body = cases[k].body,
                                    .how = cases[k].how,
                                    .unsent = cases[k].code == 0};
      const bad_day day = {.answer = &answer};
      script s;
      gf_call *call;
      char brief[96] = "";
      script_open(&s, NULL, NULL, on_a_bad_day);
      s.ctx = &day;
      const gf_result *r = run_op(&s, op, SCRIPT_NUMBERS, &call);
      bool as_wanted = r && strncmp(script_brief(r, brief), cases[k].want, strlen(cases[k].want)) == 0;
      if (!as_wanted) printf("  %s, wanted %s: %s\n", op->name, cases[k].want, brief);
      CHECK(as_wanted);
      gf_call_release(call);
      script_close(&s);
    }
  }
}

int main(int argc, char **argv) {
  static const test_rule rules[] = {
      {"rows are sorted by name, and found by it", rows_are_sorted},
      {"every row has all that people are shown", rows_are_whole},
      {"parameters say what they are, and what may be left out comes last", params_are_sound},
      {"options are unique and shadow no general one", options_shadow_nothing},
      {"general options suit the operation", general_options_suit_the_operation},
      {"every {name} in a path or a sentence can be known", templates_name_what_there_is},
      {"every key of a result is promised, and all fit", keys_fit},
      {"special statuses are of the closed set", statuses_exist},
      {"special statuses are told", statuses_are_told},
      {"every step that a row follows is recorded", steps_are_recorded},
      {"every status and reason has a name", names_are_closed_sets},
      {"good answers make good results for every operation", good_answers_make_good_results},
      {"every request is proper", requests_are_proper},
      {"whatever is answered, at whatever request, there is a result and nothing leaks",
       bad_answers_make_bad_results},
      {"general failures have the same status for every operation", general_statuses_are_the_same_everywhere},
  };
  return TEST_RUN(rules, argc, argv);
}
