/* SPDX-License-Identifier: MIT
 *
 * Calls and clients that end at any moment, and what is fed after that. */
#include "gf_internal.h"
#include "script.h"
#include "script_servers.h"

/* What was on the wire when the script stopped, for feeding too late. */
typedef struct late {
  uint32_t ids[SCRIPT_WIRE];
  size_t n;
  bool write_on_wire;
} late;

static late remember(const script *s, const gf_request *request) {
  late l = {.n = 0};
  if (request) l.ids[l.n++] = request->id;
  for (size_t i = 0; i < s->n_wire; i++)
    l.ids[l.n++] = s->wire[i].request->id;
  l.write_on_wire = request && strcmp(request->method, "GET") != 0;
  for (size_t i = 0; i < s->n_wire; i++)
    l.write_on_wire |= strcmp(s->wire[i].request->method, "GET") != 0;
  return l;
}

/* Uncertain where a write is on the wire, or was and waits to be sent again; never where none was sent. */
static bool may_say(const script *s, const late *l, bool uncertain) {
  bool wrote = strstr(s->log, "POST ") || strstr(s->log, "PUT ") || strstr(s->log, "PATCH ") ||
               strstr(s->log, "DELETE ");
  return uncertain ? wrote : !l->write_on_wire;
}

/* A driver that has not noticed: it is refused, and nothing changes. */
static void feed_late(gf_call *call, const late *l, int64_t now) {
  const gf_request *request;
  int64_t wake;
  char before[4096], after[4096];
  script_tell(gf_call_result(call), before, sizeof before);
  for (size_t i = 0; i <= l->n; i++) {
    uint32_t id = i < l->n ? l->ids[i] : 4711;
    CHECK(gf_head(call, id, 200) < 0);
    CHECK(gf_header_line(call, id, script_z("Content-Type"), script_z("application/json")) < 0);
    CHECK(gf_body(call, id, script_z("{}")) < 0);
    gf_end(call, id, GF_END_COMPLETE, true, NULL, now);
  }
  CHECK(gf_call_next(call, now, &request, &wake) == GF_DONE && request == NULL);
  CHECK_STR(script_tell(gf_call_result(call), after, sizeof after), before);
}

static void cancel(script *s, gf_call *call, const gf_request *request) {
  late l = remember(s, request);
  bool was_done = gf_call_is_done(call);
  CHECK(was_done == (gf_call_result(call) != NULL));
  gf_call_cancel(call);
  gf_call_cancel(call);
  const gf_result *r = gf_call_result(call);
  if (!CHECK(script_is_sound(r))) return;
  if (!was_done)
    CHECK(r->status == GF_ERROR && r->reason == GF_CANCELLED && r->n_fields == 0 &&
          may_say(s, &l, r->uncertain));
  feed_late(call, &l, s->now);
}

static void pass_deadline(script *s, gf_call *call, const gf_request *request) {
  late l = remember(s, request);
  bool was_done = gf_call_is_done(call);
  int64_t wake;
  if (s->steps == 1) return; /* time runs from the first question on */
  s->now += SCRIPT_DEADLINE + 1;
  if (was_done) return;
  CHECK(gf_call_next(call, s->now, &request, &wake) == GF_DONE);
  const gf_result *r = gf_call_result(call);
  if (!CHECK(script_is_sound(r))) return;
  CHECK(r->status == GF_ERROR && r->reason == GF_DEADLINE && r->n_fields == 0 &&
        may_say(s, &l, r->uncertain));
  feed_late(call, &l, s->now);
}

/* Frees the call: nothing may be fed any more. */
static void release(script *s, gf_call *call, const gf_request *request) {
  (void)s;
  (void)request;
  gf_call_release(call);
}

static void close_client(script *s, gf_call *call, const gf_request *request) {
  late l = remember(s, request);
  bool was_done = gf_call_is_done(call);
  gf_client_close(s->client);
  gf_client_close(s->client);
  CHECK(gf_client_is_closed(s->client));
  const gf_result *r = gf_call_result(call);
  if (!CHECK(script_is_sound(r))) return;
  if (!was_done)
    CHECK(r->status == GF_ERROR && r->reason == GF_CLOSED && r->n_fields == 0 &&
          may_say(s, &l, r->uncertain));
  feed_late(call, &l, s->now);
}

/* The client goes before its call. */
static void close_and_release_client(script *s, gf_call *call, const gf_request *request) {
  close_client(s, call, request);
  script_close(s);
}

static void release_client(script *s, gf_call *call, const gf_request *request) {
  late l = remember(s, request);
  script_close(s);
  CHECK(gf_call_is_done(call) || gf_call_result(call) == NULL);
  gf_call_cancel(call);
  feed_late(call, &l, s->now);
}

typedef void stop(script *s, gf_call *call, const gf_request *request);

static void usable_or_closed(script *s) {
  const char *want = gf_client_is_closed(s->client) ? "error closed" : "ok";
  gf_call *call = script_call(s, "get_current_org", NULL);
  size_t before = s->requests;
  s->stopped = false;
  s->stop_at = 0;
  s->n_wire = 0; /* the driver drops what it still transfers */
  s->server = script_grafana;
  CHECK_RESULT(script_run(s, call), want);
  CHECK(!gf_client_is_closed(s->client) || s->requests == before);
  gf_call_release(call);
}

/* Which calls are stopped, where, and how. */
typedef struct stopping {
  const gf_op *op;
  script_variant variant;
  script_server *server;
  size_t piece;             /* bytes of an answer that come at once; 0: all */
  gf_generation remembered; /* of the permissions of data sources */
  stop *how;
} stopping;

/* False when the call has fewer steps. */
static bool stop_at_step(const stopping *st, size_t step) {
  script s;
  test_alloc a;
  gf_error error;
  gf_allocator plenty = gf_default_allocator();
  test_alloc_init(&a, 0, false);
  script_open(&s, &a, NULL, st->server);
  gf_server_note(s.client, GF_PERMISSION_ROUTES, (int)st->remembered);
  s.stop_at = step;
  s.stop = st->how;
  s.piece = st->piece;
  script_args args = script_args_for(st->op, &plenty, st->variant);
  gf_call *call = script_call_args(&s, st->op, &args, &error);
  script_args_free(&args);
  script_run(&s, call);
  bool stopped = s.stopped;
  if (s.client) usable_or_closed(&s);
  if (!stopped || st->how != release) gf_call_release(call);
  if (s.client) script_close(&s);
  CHECK(a.live == 0);
  return stopped;
}

static script_answer tired(script *s, const gf_request *request, const char *path) {
  if (s->requests % 2) return (script_answer){.code = 503, .type = "text/plain", .body = "later"};
  return script_grafana(s, request, path);
}

static void at_each_step(const stopping *st) {
  unsigned long failed = test_now.failed_checks;
  size_t step = 1;
  while (stop_at_step(st, step))
    step++;
  CHECK(step > 1);
  if (test_now.failed_checks > failed) printf("  %s\n", st->op->name);
}

static script_server *const longer_ways[] = {
    script_grafana, script_conflict,   script_vague,         script_discreet,       script_nothing_there,
    script_by_name, script_old_server, script_without_first, script_without_second, script_strangers};
enum { LONGER_WAYS = sizeof longer_ways / sizeof *longer_ways };

/* What has steps of its own takes the longer ways only where it meets refusals, and what is not there. */
static void at_each_further_step(stop *how, const gf_op *op, gf_generation remembered) {
  for (size_t i = 0; i < LONGER_WAYS; i++)
    for (int v = SCRIPT_NUMBERS; v < SCRIPT_VARIANTS; v++)
      at_each_step(&(stopping){op, (script_variant)v, longer_ways[i], 0, remembered, how});
}

static void at_every_step(stop *how) {
  script_server *servers[] = {script_grafana, tired};
  for (size_t i = 0; i < gf_op_count(); i++) {
    const gf_op *op = gf_op_at(i);
    for (int k = 0; k < 4; k++)
      at_each_step(
          &(stopping){op, k / 2 ? SCRIPT_TEXTS : SCRIPT_NUMBERS, servers[k % 2], 20, GF_NO_GENERATION, how});
    bool remembers = op->rule->start == gf_datasource_permissions_start;
    for (int remembered = 0; op->rule->on_answer && remembered <= (remembers ? 2 : 0); remembered++)
      at_each_further_step(how, op, (gf_generation)remembered);
  }
}

static void deadlines_pass_at_every_step(void) {
  for (size_t i = 0; i < gf_op_count(); i++)
    for (size_t k = 0; k < (gf_op_at(i)->rule->on_answer ? LONGER_WAYS : 1); k++)
      at_each_step(
          &(stopping){gf_op_at(i), SCRIPT_WITH_OPTIONS, longer_ways[k], 0, GF_NO_GENERATION, pass_deadline});
}

/* Data source permissions are left out: what they are told depends on what has been added before. */
static bool stands_alone(const gf_op *op) { return !strstr(op->name, "datasource_permission"); }

static void tell_alone(const gf_op *op, script_variant variant, script_server *server, char told[4096]) {
  script s;
  gf_error error;
  gf_allocator plenty = gf_default_allocator();
  script_open(&s, NULL, NULL, server);
  script_args args = script_args_for(op, &plenty, variant);
  gf_call *call = script_call_args(&s, op, &args, &error);
  script_args_free(&args);
  script_tell(script_run(&s, call), told, 4096);
  gf_call_release(call);
  script_close(&s);
}

static void side_by_side(script_variant variant, script_server *server) {
  enum { MOST = 200 };
  script s;
  gf_error error;
  gf_call *calls[MOST];
  size_t n = 0;
  char told[4096], alone[4096];
  gf_allocator plenty = gf_default_allocator();
  script_open(&s, NULL, NULL, server);
  for (size_t i = 0; i < gf_op_count() && CHECK(n < MOST); i++) {
    if (!stands_alone(gf_op_at(i))) continue;
    script_args args = script_args_for(gf_op_at(i), &plenty, variant);
    calls[n++] = script_call_args(&s, gf_op_at(i), &args, &error);
    script_args_free(&args);
  }
  script_run_all(&s, calls, n);
  CHECK(s.most_wire > 1);
  for (size_t i = 0, k = 0; i < gf_op_count(); i++) {
    if (!stands_alone(gf_op_at(i))) continue;
    tell_alone(gf_op_at(i), variant, server, alone);
    CHECK_STR(script_tell(gf_call_result(calls[k]), told, sizeof told), alone);
    gf_call_release(calls[k++]);
  }
  script_close(&s);
}

/* Whatever else a client is doing: a call is told its own answers, and says what it says alone. */
static void calls_run_side_by_side(void) {
  for (size_t i = 0; i < LONGER_WAYS; i++)
    for (int v = SCRIPT_NUMBERS; v < SCRIPT_VARIANTS; v++)
      side_by_side((script_variant)v, longer_ways[i]);
}

static void calls_can_be_cancelled(void) { at_every_step(cancel); }
static void calls_can_be_released(void) { at_every_step(release); }
static void clients_can_be_closed(void) { at_every_step(close_client); }
static void clients_can_go_closed(void) { at_every_step(close_and_release_client); }
static void clients_can_go_first(void) { at_every_step(release_client); }

/* Cancelled before it was asked anything. */
static void an_unstarted_call_can_end(void) {
  script s;
  script_open(&s, NULL, NULL, script_grafana);
  gf_call *a = script_call(&s, "get_org", "2", NULL), *b = script_call(&s, "get_org", "2", NULL);
  CHECK(!gf_call_is_done(a) && gf_call_result(a) == NULL);
  gf_call_cancel(a);
  CHECK_RESULT(gf_call_result(a), "error cancelled");
  gf_client_close(s.client);
  CHECK_RESULT(gf_call_result(b), "error closed");
  gf_call_release(a);
  gf_call_release(b);
  gf_call_release(NULL);
  script_close(&s);
}

static void a_retained_call_lives_on(void) {
  script s;
  script_open(&s, NULL, NULL, script_grafana);
  gf_call *call = script_call(&s, "get_org", "2", NULL);
  CHECK(gf_call_retain(call) == call);
  gf_call_release(call);
  CHECK_RESULT(script_run(&s, call), "ok");
  gf_call_release(call);
  script_close(&s);
}

/* An answer that was fed whole is no answer until its end; an id is good once. */
static void ids_are_good_once(void) {
  script s;
  const gf_request *request;
  int64_t wake;
  script_open(&s, NULL, NULL, script_grafana);
  gf_call *call = script_call(&s, "get_org", "2", NULL);
  CHECK(gf_call_next(call, 0, &request, &wake) == GF_SEND);
  uint32_t id = request->id;
  CHECK(gf_head(call, id + 1, 200) < 0);
  gf_end(call, id + 1, GF_END_COMPLETE, true, NULL, 0);
  CHECK(gf_head(call, id, 100) == 0 && gf_head(call, id, 200) == 0);
  CHECK(gf_body(call, id, script_z(SCRIPT_ORG)) == 0);
  CHECK(gf_call_next(call, 0, &request, &wake) == GF_WAIT && wake == INT64_MAX);
  gf_end(call, id, GF_END_COMPLETE, true, NULL, 0);
  CHECK(gf_head(call, id, 200) < 0);
  gf_end(call, id, GF_END_COMPLETE, true, NULL, 0);
  CHECK_RESULT(gf_call_result(call), "ok");
  gf_call_release(call);
  script_close(&s);
}

/* What was said before an interim answer's successor is forgotten. */
static void interim_answers_leave_nothing(void) {
  script s;
  const gf_request *request;
  int64_t wake;
  script_open(&s, NULL, NULL, script_grafana);
  gf_call *call = script_call(&s, "get_org", "2", NULL);
  gf_call_next(call, 0, &request, &wake);
  gf_head(call, request->id, 103);
  gf_header_line(call, request->id, script_z("Content-Length"), script_z("99999"));
  gf_header_line(call, request->id, script_z("Content-Type"), script_z("text/html"));
  gf_head(call, request->id, 200);
  gf_body(call, request->id, script_z(SCRIPT_ORG));
  gf_end(call, request->id, GF_END_COMPLETE, true, NULL, 0);
  CHECK_RESULT(gf_call_result(call), "ok");
  gf_call_release(call);
  script_close(&s);
}

/* Documents given as arguments may be changed while the call is under way: it has its own. */
static void arguments_are_the_calls_own(void) {
  script s;
  gf_error error;
  gf_allocator alloc = gf_default_allocator();
  const gf_request *request;
  int64_t wake;
  script_open(&s, NULL, NULL, script_grafana);
  gf_doc *headers =
      gf_doc_from_text(&alloc, script_z("{\"X-Own\":\"mine, and longer than what is kept inline\"}"), &error);
  const gf_option option = {{"headers", 7}, {.kind = GF_ARG_DOC, .doc = headers}};
  gf_call *call = gf_call_new(s.client, gf_op_find("get_current_org"), NULL, 0, &option, 1, &error);
  CHECK(gf_call_next(call, 0, &request, &wake) == GF_SEND);
  const gf_step path = {.key = {"X-Own", 5}};
  gf_doc *other = gf_doc_from_text(&alloc, script_z("\"other\""), &error);
  CHECK(gf_doc_set(headers, gf_doc_root(other), &path, 1, NULL));
  gf_doc_release(other);
  gf_doc_release(headers);
  const gf_header *last = &request->headers[request->n_headers - 1];
  CHECK_STR(last->name.p, "X-Own");
  CHECK_STR(last->value.p, "mine, and longer than what is kept inline");
  gf_call_release(call);
  script_close(&s);
}

static script_answer change_meanwhile(script *s, const gf_request *request, const char *path) {
  gf_doc *dashboard = (gf_doc *)s->ctx;
  gf_error error;
  gf_allocator alloc = gf_default_allocator();
  const gf_step title = {.key = {"title", 5}};
  gf_doc *other = gf_doc_from_text(&alloc, script_z("\"other\""), &error);
  if (request->body.n) CHECK(memcmp(request->body.p, "{\"dashboard\":{\"title\":\"mine\"", 28) == 0);
  CHECK(gf_doc_set(dashboard, gf_doc_root(other), &title, 1, NULL));
  gf_doc_release(other);
  return script_grafana(s, request, path);
}

static void documents_may_be_changed_meanwhile(void) {
  script s;
  gf_error error;
  gf_allocator alloc = gf_default_allocator();
  gf_doc *dashboard = gf_doc_from_text(&alloc, script_z("{\"title\":\"mine\",\"uid\":\"u1\"}"), &error);
  const gf_arg args[] = {{.kind = GF_ARG_OWN}, {.kind = GF_ARG_DOC, .doc = dashboard}};
  script_open(&s, NULL, NULL, change_meanwhile);
  s.ctx = dashboard;
  gf_call *call = gf_call_new(s.client, gf_op_find("update_or_create_dashboard"), args, 2, NULL, 0, &error);
  CHECK_RESULT(script_run(&s, call), "ok");
  CHECK_INT(s.requests, 2);
  gf_call_release(call);
  gf_doc_release(dashboard);
  script_close(&s);
}

/* ----------------------------------------------------------------------------------- cut at every byte -- */

typedef struct cutting {
  size_t request, bytes;
  gf_how how;
  bool unsized;
  bool beyond; /* the body was shorter than that */
  bool empty_write;
  bool short_cut; /* it was one for pages of dashboards, without which they are read singly */
} cutting;

static script_answer cut_one(script *s, const gf_request *request, const char *path) {
  cutting *c = (cutting *)s->ctx;
  script_answer answer = script_grafana(s, request, path);
  if (s->requests - s->n_wire + 1 != c->request) return answer;
  c->beyond = c->bytes >= strlen(answer.body);
  c->short_cut = script_like(path, "/apis/*");
  c->empty_write = c->bytes == 0 && c->unsized && strcmp(request->method, "GET") != 0;
  answer.cut = true;
  answer.bytes = c->bytes;
  answer.how = c->how;
  answer.unsized = c->unsized;
  return answer;
}

/* Whole lists of many requests may be ok without a part of them, and say which. */
static bool tells_failure(const gf_result *r) {
  const gf_field *failed = gf_result_field(r, "failed");
  return failed && failed->n_items > 0;
}

/* All that a listing has to show: the panels of three dashboards, or these. */
static bool shows_all(const gf_result *r) {
  const gf_field *panels = gf_result_field(r, "panels"), *dashboards = gf_result_field(r, "dashboards");
  return panels ? panels->n_items == 6 : dashboards && dashboards->n_items == 3;
}

/* False when there is nothing more to cut. */
static bool cut_at(const gf_op *op, cutting *c) {
  script s;
  gf_error error;
  gf_config config;
  gf_allocator plenty = gf_default_allocator();
  script_config(&config);
  config.max_retries = 0;
  script_open(&s, NULL, &config, cut_one);
  s.ctx = c;
  c->beyond = c->empty_write = c->short_cut = false;
  script_args args = script_args_for(op, &plenty, SCRIPT_NUMBERS);
  gf_call *call = script_call_args(&s, op, &args, &error);
  script_args_free(&args);
  const gf_result *r = script_run(&s, call);
  bool reached = s.requests >= c->request;
  bool whole = !reached || (c->beyond && c->how == GF_END_COMPLETE);
  CHECK(script_is_sound(r));
  if (!CHECK(!r || whole == (r->status == GF_OK) || (c->empty_write && c->how == GF_END_COMPLETE) ||
             tells_failure(r) || (c->short_cut && shows_all(r))))
    printf("  %s, request %zu, byte %zu: %s %s\n", op->name, c->request, c->bytes, gf_status_name(r->status),
           r->message);
  gf_call_release(call);
  script_close(&s);
  return reached;
}

static void cut_everywhere(gf_how how, bool unsized) {
  for (size_t i = 0; i < gf_op_count(); i++) {
    cutting c = {.request = 1, .how = how, .unsized = unsized};
    for (bool reached = true; reached; c.request++)
      for (c.bytes = 0, c.beyond = false; !c.beyond && reached; c.bytes++)
        reached = cut_at(gf_op_at(i), &c);
  }
}

static void connections_break_anywhere(void) { cut_everywhere(GF_END_CUT, false); }
static void short_answers_are_not_whole(void) { cut_everywhere(GF_END_COMPLETE, false); }
static void short_answers_of_unknown_length_are_no_json(void) { cut_everywhere(GF_END_COMPLETE, true); }

/* In pieces of any size, the same comes out. */
static void pieces_do_not_matter(void) {
  for (size_t i = 0; i < gf_op_count(); i++) {
    char whole[8192], pieces[8192];
    for (size_t piece = 0; piece < 4; piece++) {
      script s;
      gf_error error;
      gf_allocator plenty = gf_default_allocator();
      script_open(&s, NULL, NULL, script_grafana);
      s.piece = piece;
      script_args args = script_args_for(gf_op_at(i), &plenty, SCRIPT_NUMBERS);
      gf_call *call = script_call_args(&s, gf_op_at(i), &args, &error);
      script_args_free(&args);
      script_tell(script_run(&s, call), piece ? pieces : whole, sizeof whole);
      if (piece) CHECK_STR(pieces, whole);
      gf_call_release(call);
      script_close(&s);
    }
  }
}

int main(int argc, char **argv) {
  static const test_rule rules[] = {
      {"a call can be cancelled at every step", calls_can_be_cancelled},
      {"a deadline can pass at every step", deadlines_pass_at_every_step},
      {"calls run side by side as each runs alone", calls_run_side_by_side},
      {"a call can be released at every step", calls_can_be_released},
      {"a client can be closed at every step", clients_can_be_closed},
      {"a closed client can go before its calls", clients_can_go_closed},
      {"a client can go before its calls", clients_can_go_first},
      {"a call that has not begun can end", an_unstarted_call_can_end},
      {"a retained call lives on", a_retained_call_lives_on},
      {"an id is good for one answer", ids_are_good_once},
      {"an interim answer leaves nothing behind", interim_answers_leave_nothing},
      {"the headers of a call are its own", arguments_are_the_calls_own},
      {"documents given may be changed meanwhile", documents_may_be_changed_meanwhile},
      {"a broken connection is never ok, whatever the byte", connections_break_anywhere},
      {"an answer shorter than it said is never ok", short_answers_are_not_whole},
      {"an answer of unknown length that is cut is never ok", short_answers_of_unknown_length_are_no_json},
      {"the sizes of the pieces do not matter", pieces_do_not_matter},
  };
  return TEST_RUN(rules, argc, argv);
}
