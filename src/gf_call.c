/* SPDX-License-Identifier: MIT
 *
 * The life of a call. Its requests go READY → ON_WIRE → (answered: the operation decides) or (LATER → ON_WIRE again).
 * Every change of a call's state that a driver can see happens in gf_call_next and gf_end.
 */
#include "gf_internal.h"

#include <stdio.h>

/* ------------------------------------------------------------------------------------------------ birth and death -- */

static void link_call(gf_call *call) {
  call->next = call->client->calls;
  if (call->next) call->next->prev = call;
  call->client->calls = call;
}

static void unlink_call(gf_call *call) {
  if (call->prev)
    call->prev->next = call->next;
  else if (call->client->calls == call)
    call->client->calls = call->next;
  if (call->next) call->next->prev = call->prev;
}

gf_call *gf_call_new(gf_client *client, const gf_op *op, const gf_arg *args, size_t n_args,
                     const gf_option *options, size_t n_options, gf_error *error) {
  gf_call *call = gf_zalloc(&client->alloc, sizeof *call);
  if (!call) {
    snprintf(error->message, sizeof error->message, "not enough memory");
    return NULL;
  }
  call->refs = 1;
  call->client = gf_client_retain(client);
  call->op = op;
  call->settings = client->settings;
  call->refusals_seen = client->refusals;
  call->deadline_at = INT64_MAX;
  call->result.operation = op->name;
  link_call(call);
  if (!gf_take_args(call, args, n_args, options, n_options, error)) {
    gf_call_release(call);
    return NULL;
  }
  gf_check_values(call);
  return call;
}

gf_call *gf_call_retain(gf_call *call) {
  call->refs++;
  return call;
}

static void free_arguments(gf_call *call) {
  const gf_allocator *alloc = &call->client->alloc;
  for (int i = 0; i < GF_MAX_PARAMS; i++) {
    if (call->args[i].kind == GF_ARG_DOC) gf_doc_release(call->args[i].doc);
    gf_wipe(call->arg_text[i]); /* may be a password */
    gf_free(alloc, call->arg_text[i]);
  }
  for (int i = 0; i < GF_MAX_OPTIONS; i++) {
    if (call->options[i].kind == GF_ARG_DOC) gf_doc_release(call->options[i].doc);
    gf_wipe(call->option_text[i]); /* may be a body with one inside */
    gf_free(alloc, call->option_text[i]);
  }
  for (size_t i = 0; i < call->n_vars; i++)
    gf_free(alloc, call->vars[i].text);
  gf_doc_release(call->headers);
}

static void free_exchanges(gf_call *call) {
  while (call->exchanges)
    gf_exchange_free(call, call->exchanges);
  while (call->spare) {
    gf_exchange *next = call->spare->next;
    gf_buf_free(&call->spare->body);
    gf_free(&call->client->alloc, call->spare);
    call->spare = next;
  }
}

static void free_result(gf_call *call) {
  const gf_allocator *alloc = &call->client->alloc;
  for (size_t i = 0; i < call->n_docs; i++)
    gf_doc_release(call->docs[i]);
  for (size_t i = 0; i < GF_MAX_FIELDS; i++)
    gf_free(alloc, call->field_text[i]);
  gf_free(alloc, call->docs);
  gf_free(alloc, call->retries);
  gf_arena_free(alloc, &call->arena);
  gf_free_item_docs(call);
  gf_list_free(call, &call->list);
  gf_seen_free(call, &call->seen);
  gf_seen_free(call, &call->probe_seen);
}

static void free_header_sets(gf_call *call) {
  for (int i = 0; i < GF_HEADER_SETS; i++) {
    for (gf_header_set *set = call->header_sets[i], *older; set; set = older) {
      older = set->older;
      gf_wipe(set->secret);
      gf_free(&call->client->alloc, set);
    }
  }
}

void gf_call_release(gf_call *call) {
  if (!call || --call->refs > 0) return;
  gf_call_cancel(call);
  gf_client *client = call->client;
  if (call->free_state) call->free_state(call);
  free_exchanges(call);
  free_arguments(call);
  free_result(call);
  free_header_sets(call);
  unlink_call(call);
  gf_free(&client->alloc, call);
  gf_client_release(client);
}

/* --------------------------------------------------------------------------------------------------------- the end -- */

/* What was on the wire is no longer counted: the driver drops it. A write among it may have arrived. */
static void leave_wire(gf_call *call) {
  for (gf_exchange *x = call->exchanges; x; x = x->next) {
    bool on_wire = x->stage == GF_ON_WIRE;
    if (call->result.status != GF_OK && gf_is_write(x) && (on_wire || x->maybe_arrived))
      call->result.uncertain = true;
    if (!on_wire) continue;
    gf_window_leave(call->client);
    x->stage = GF_READY;
  }
}

/* A zero byte ends what a message can show of a secret. */
static void redact_value(gf_value v, char *text) {
  gf_str secret;
  if (gf_value_string(v, &secret)) gf_redact(text, secret.p);
}

void gf_redact_arguments(gf_call *call, char *text) {
  gf_value data = gf_data_of(call);
  for (int i = 0; i < GF_MAX_PARAMS && call->op->params[i].name; i++)
    if (call->arg_text[i] && strcmp(call->op->params[i].name, "password") == 0)
      gf_redact(text, call->arg_text[i]);
  if (call->op->rule->any_answer) gf_answer_redact(call, text);
  redact_value(gf_value_get(data, "password"), text);
  redact_value(gf_value_get(data, "basicAuthPassword"), text);
  gf_value more = gf_value_get(data, "secureJsonData");
  if (gf_value_is_absent(more) || !unsafe_yyjson_is_obj(more.node)) return;
  gf_iter it = gf_iterate(more);
  for (void *k, *v; gf_iter_next(&it, &k, &v);)
    redact_value((gf_value){more.doc, v}, text);
}

static void write_message(gf_call *call, const gf_verdict *verdict) {
  if (verdict->say) { /* our own sentence: no template names a secret */
    gf_fill(call, verdict->say, call->message, sizeof call->message);
    return;
  }
  snprintf(call->message, sizeof call->message, "%s", verdict->words);
  gf_client_redact(call->client, call->message);
  gf_redact_arguments(call, call->message);
}

static void tell_watch(const gf_call *call) {
  gf_watch *watch = call->watch;
  if (!watch) return;
  watch->next = *watch->done;
  *watch->done = watch;
}

void gf_finish(gf_call *call, const gf_verdict *verdict, const gf_exchange *x) {
  if (call->done) return;
  call->done = true;
  tell_watch(call);
  gf_result *r = &call->result;
  r->status = verdict->status;
  r->reason = verdict->reason;
  r->code = verdict->code;
  r->raw = call->raw;
  if (x) {
    r->attempts = x->attempts;
    r->uncertain = verdict->status != GF_OK && x->maybe_arrived;
  }
  write_message(call, verdict);
  leave_wire(call);
  gf_leave_sign_in(call);
  r->message = call->message;
  r->fields = call->fields;
  r->n_fields = call->n_fields;
}

/* A list that the server does not page, of which one page is wanted. */
static void cut_page(gf_call *call) {
  bool by_server = call->op->rule->paging.size_param || call->op->rule->paging.token;
  if (!call->page || (by_server && !call->cuts_pages)) return;
  size_t size = call->perpage ? (size_t)call->perpage : GF_PAGE_SIZE, from = size * (size_t)(call->page - 1);
  size_t n = from < call->list.n ? call->list.n - from : 0;
  if (n > size) n = size;
  if (n && from) memmove(call->list.items, call->list.items + from, n * sizeof *call->list.items);
  call->list.n = n;
}

/* The list of the row goes under its first key of the shape "list". */
static void put_row_list(gf_call *call) {
  if (!call->op->rule->paging.list) return;
  cut_page(call);
  for (size_t i = 0; i < sizeof call->op->keys / sizeof *call->op->keys && call->op->keys[i].name; i++) {
    if (strcmp(call->op->keys[i].shape, "list") != 0) continue;
    gf_put_list(call, call->op->keys[i].name, &call->list);
    return;
  }
}

void gf_finish_ok(gf_call *call, const gf_exchange *x) {
  const gf_verdict ok = {.status = GF_OK, .code = x ? x->code : call->outcome.code, .say = ""};
  if (call->done) return;
  put_row_list(call);
  gf_finish(call, &ok, x);
}

void gf_finish_as(gf_call *call, gf_status status, gf_reason reason, const char *say) {
  const gf_verdict verdict = {.status = status, .reason = reason, .say = say};
  gf_finish(call, &verdict, NULL);
}

void gf_lacks_memory(gf_call *call) {
  call->lacks_memory = true;
  call->n_fields = 0;
  for (gf_exchange *x = call->exchanges; x; x = x->next) /* its answer, if one came, could not be looked at */
    if (x->attempts > 0 && x->stage != GF_LATER && gf_is_write(x)) x->maybe_arrived = true;
  gf_finish_as(call, GF_ERROR, GF_REASON_NONE, "not enough memory");
}

void gf_call_cancel(gf_call *call) {
  if (!call->done) call->n_fields = 0;
  gf_finish_as(call, GF_ERROR, GF_CANCELLED, "the call was cancelled");
}

void gf_call_begun_at(gf_call *call, unsigned refusals) { call->refusals_seen = refusals; }

void gf_call_watch(gf_call *call, gf_watch *watch) { call->watch = watch; }
gf_watch *gf_call_watched(const gf_call *call) { return call->watch; }

bool gf_call_is_done(const gf_call *call) { return call->done; }
const gf_result *gf_call_result(const gf_call *call) {
  return call->done && !call->is_forgotten ? &call->result : NULL;
}

const char *gf_call_operation(const gf_call *call) { return call->result.operation; }

bool gf_call_retried(gf_call *call, gf_retry *retry) {
  if (call->n_retries == 0) return false;
  *retry = call->retries[0];
  memmove(call->retries, call->retries + 1, --call->n_retries * sizeof *retry);
  return true;
}

/* ------------------------------------------------------------------------------------------------ what to send next -- */

static void start(gf_call *call, int64_t now_ms) {
  call->started = true;
  if (call->settings.deadline_ms) call->deadline_at = now_ms + call->settings.deadline_ms;
  if (call->op->rule->start)
    call->op->rule->start(call);
  else
    gf_row_start(call);
}

/* The password was refused while this call waited: it would be refused again, and count again. */
static bool is_refused(const gf_call *call) {
  return !call->client->trusted && call->refusals_seen != call->client->refusals;
}

static gf_exchange *next_ready(gf_call *call, int64_t now_ms, bool *held) {
  *held = false;
  for (gf_exchange *x = call->exchanges; x; x = x->next) {
    bool due = x->stage == GF_READY || (x->stage == GF_LATER && x->later_ms <= now_ms);
    if (due && !gf_is_held(call, x)) return x;
    if (due) *held = true;
  }
  return NULL;
}

static int64_t within_deadline(const gf_call *call, int64_t ms, int64_t now_ms) {
  if (call->deadline_at == INT64_MAX) return ms;
  int64_t left = call->deadline_at - now_ms;
  if (left < 1) left = 1;
  return ms == 0 || left < ms ? left : ms;
}

/* NULL without memory: the call has ended. */
static const gf_request *give_out(gf_call *call, gf_exchange *x, int64_t now_ms) {
  if (!gf_dress(call, x)) {
    gf_lacks_memory(call);
    return NULL;
  }
  gf_expect_sign_in(call, x, now_ms);
  x->stage = GF_ON_WIRE;
  x->attempts++;
  gf_window_enter(call->client, x);
  x->req.timeout_ms = within_deadline(call, call->settings.timeout_ms, now_ms);
  x->req.connect_timeout_ms = within_deadline(call, call->settings.connect_timeout_ms, now_ms);
  return &x->req;
}

/* During a pause what is due waits for its end, and so does what may come to be due when there is something to send. */
static bool waits_for_pause(const gf_call *call, const gf_exchange *due, bool held, int64_t now_ms) {
  return gf_is_paused(call->client, now_ms) && (due || held || call->op->rule->more);
}

static int64_t sooner(int64_t a, int64_t b) { return a < b ? a : b; }

/* What is due already waits for room in the window, not for the clock; or for another call to sign in; or for the end of a
 * pause. */
static int64_t next_wake(const gf_call *call, const gf_exchange *due, bool held, int64_t now_ms) {
  const gf_client *client = call->client;
  int64_t wake = call->deadline_at;
  bool waits = held && client->renewer && client->renewer != call && client->renewer_until > now_ms;
  if (waits) wake = sooner(wake, client->renewer_until);
  if (waits_for_pause(call, due, held, now_ms)) wake = sooner(wake, client->window.paused_until);
  for (const gf_exchange *x = call->exchanges; x; x = x->next)
    if (x->stage == GF_LATER && x->later_ms > now_ms)
      wake = sooner(wake, gf_after_pause(client, x->later_ms));
  return wake;
}

static gf_blocked why_blocked(const gf_call *call, const gf_exchange *due, bool held, int64_t now_ms) {
  if (gf_is_paused(call->client, now_ms)) return GF_BLOCKED_NOT;
  if (!gf_window_has_room(call->client) && (due || call->op->rule->more)) return GF_BLOCKED_ROOM;
  return held ? GF_BLOCKED_SIGN_IN : GF_BLOCKED_NOT;
}

bool gf_call_has_room(const gf_call *call) { return gf_window_has_room(call->client); }

gf_blocked gf_call_blocked(const gf_call *call) { return call->done ? GF_BLOCKED_NOT : call->blocked; }

static void finish_past_deadline(gf_call *call, int64_t now_ms) {
  gf_verdict verdict = {.status = GF_ERROR, .reason = GF_DEADLINE};
  snprintf(verdict.words, sizeof verdict.words, "no result within the deadline of %lld ms%s",
           (long long)call->settings.deadline_ms,
           gf_is_paused(call->client, now_ms) ? ": the server has asked for a pause that lasts longer" : "");
  for (gf_exchange *x = call->exchanges; x; x = x->next) {
    call->result.attempts = x->attempts;
    if (x->maybe_arrived) call->result.uncertain = true;
  }
  call->n_fields = 0;
  gf_finish(call, &verdict, NULL);
}

static void finish_refused(gf_call *call) {
  gf_verdict verdict = {.status = GF_ACCESS_DENIED, .reason = GF_BAD_CREDENTIALS, .code = 401};
  snprintf(verdict.words, sizeof verdict.words,
           "not sent: the server has just refused these credentials (%.100s) to another request",
           call->client->auth);
  gf_finish(call, &verdict, NULL);
}

static bool must_end(gf_call *call, int64_t now_ms) {
  if (call->done) return true;
  if (call->client->closed)
    gf_finish_as(call, GF_ERROR, GF_CLOSED, "the client was closed");
  else if (now_ms >= call->deadline_at)
    finish_past_deadline(call, now_ms);
  else if (is_refused(call))
    finish_refused(call);
  return call->done;
}

/* Nothing can go out now. */
static gf_next wait_for(gf_call *call, const gf_exchange *due, bool held, int64_t now_ms, int64_t *wake_ms) {
  call->blocked = why_blocked(call, due, held, now_ms);
  bool lost = !call->exchanges && !call->blocked && !waits_for_pause(call, due, held, now_ms);
  if (lost) { /* a row that leads nowhere; there is none */
    gf_finish_as(call, GF_ERROR, GF_REASON_NONE, "nothing is left to ask for");
    return GF_DONE;
  }
  *wake_ms = next_wake(call, due, held, now_ms);
  return GF_WAIT;
}

gf_next gf_call_next(gf_call *call, int64_t now_ms, const gf_request **request, int64_t *wake_ms) {
  *request = NULL;
  *wake_ms = INT64_MAX;
  if (must_end(call, now_ms)) return GF_DONE;
  if (!call->started) start(call, now_ms);
  while (!call->done) {
    bool held, paused = gf_is_paused(call->client, now_ms);
    bool open = !paused && gf_window_has_room(call->client);
    if (!paused) gf_sign_in(call, now_ms);
    gf_exchange *x = next_ready(call, now_ms, &held);
    if (!x && !held && open && call->op->rule->more && call->op->rule->more(call)) continue;
    if (call->done) break;
    if (!x || !open) return wait_for(call, x, held, now_ms, wake_ms);
    *request = give_out(call, x, now_ms);
    if (*request) return GF_SEND;
  }
  return GF_DONE;
}

/* -------------------------------------------------------------------------------------------------- how it ended -- */

/* Redirects of a GET are followed inside the same origin. */
static bool follow_redirect(gf_call *call, gf_exchange *x) {
  if (x->code < 301 || x->code > 308 || !x->location || strcmp(x->req.method, "GET") != 0) return false;
  if (x->redirects >= GF_MAX_REDIRECTS) return false;
  char *url = gf_url_redirect(call, x->url, x->location);
  if (!url) return false;
  gf_free(&call->client->alloc, x->url);
  x->url = url;
  x->req.url = url;
  x->redirects++;
  x->attempts--;
  x->stage = GF_READY;
  gf_exchange_reset_answer(call, x);
  return true;
}

static void judge(gf_call *call, gf_exchange *x, gf_how how, bool sent, const char *detail, int64_t now_ms) {
  if (how == GF_END_COMPLETE) {
    gf_exchange_parse(call, x);
    if (!call->done) gf_judge_answer(call, x);
    return;
  }
  gf_judge_failure(call, x, how, sent, detail, now_ms >= call->deadline_at);
}

/* The write may have been carried out although its answer does not say so. */
static void note_arrival(gf_exchange *x, gf_how how, bool sent) {
  if (!gf_is_write(x)) return;
  bool unreadable = x->code < 300 && x->verdict.status != GF_OK;
  if (how == GF_END_COMPLETE ? unreadable : sent) x->maybe_arrived = true;
}

static void note_retry(gf_call *call, const gf_exchange *x, int64_t delay_ms) {
  if (call->n_retries == call->cap_retries) {
    size_t cap = call->cap_retries ? call->cap_retries * 2 : 4;
    gf_retry *retries = gf_resize(&call->client->alloc, call->retries, cap * sizeof *retries);
    if (!retries) return; /* the retry matters, not the telling */
    call->retries = retries;
    call->cap_retries = cap;
  }
  call->retries[call->n_retries++] =
      (gf_retry){call->result.operation, x->attempts, delay_ms, x->verdict.status, x->verdict.reason};
}

static bool try_again(gf_call *call, gf_exchange *x, gf_how how, bool sent, int64_t now_ms) {
  if (x->verdict.status == GF_OK) return false;
  int64_t delay = gf_retry_delay(call, x, sent, how);
  if (delay < 0) return false;
  gf_window_put_off(call->client, x, now_ms + delay);
  delay = gf_after_pause(call->client, now_ms + delay) - now_ms;
  if (call->deadline_at != INT64_MAX && now_ms + delay >= call->deadline_at) return false;
  note_retry(call, x, delay);
  x->stage = GF_LATER;
  x->later_ms = now_ms + delay;
  gf_expect_sign_in(call, x, x->later_ms);
  gf_exchange_reset_answer(call, x);
  return true;
}

/* A DELETE whose first attempt may have arrived has done its work when the next finds nothing. */
static void forgive_second_delete(gf_exchange *x, bool arrived_before) {
  if (!arrived_before || strcmp(x->req.method, "DELETE") != 0 || x->verdict.status != GF_NOT_FOUND) return;
  x->verdict = (gf_verdict){.status = GF_OK, .code = x->code};
}

static void deliver(gf_call *call, gf_exchange *x) {
  if (x->purpose != GF_SIGN_IN) call->answered++;
  if (x->purpose == GF_SIGN_IN)
    gf_signed_in(call, x);
  else if (call->op->rule->on_answer)
    call->op->rule->on_answer(call, x);
  else
    gf_row_answer(call, x);
}

void gf_end(gf_call *call, uint32_t id, gf_how how, bool sent, const char *detail, int64_t now_ms) {
  gf_exchange *x = gf_exchange_find(call, id);
  if (!x) return;
  bool arrived_before = x->maybe_arrived;
  gf_window_leave(call->client);
  x->stage = GF_READY;
  if (call->lacks_memory) gf_lacks_memory(call);
  bool bodiless = strcmp(x->req.method, "HEAD") == 0 || x->code == 304; /* whatever length they name */
  if (how == GF_END_COMPLETE && !x->is_encoded && !bodiless && gf_received(x) < x->expected)
    how = GF_END_CUT; /* whatever the driver says */
  if (how == GF_END_COMPLETE) gf_window_learn(call->client, x, now_ms);
  if (call->done || (how == GF_END_COMPLETE && follow_redirect(call, x))) return;
  judge(call, x, how, sent, detail, now_ms);
  note_arrival(x, how, sent);
  if (how == GF_END_COMPLETE && !call->done) gf_take_session(call, x);
  if (call->done || try_again(call, x, how, sent, now_ms)) return;
  if (how == GF_END_COMPLETE && gf_send_again_anew(call, x)) return;
  forgive_second_delete(x, arrived_before);
  deliver(call, x);
  gf_exchange_free(call, x);
}
