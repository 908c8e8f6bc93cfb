/* SPDX-License-Identifier: MIT
 *
 * The row's way through an operation:
 *
 *     probes BEFORE ── found ──► main request ── a page, more to come ──► next page
 *          │ missing                  │ answered
 *          ▼                          ▼
 *        outcome ◄──────────────── outcome ──► the organisation's probe, where the answer was vague about it
 *                                     │
 *                                     └─► probes ON_STATUS / ON_EMPTY, each of which may change the outcome ──► finish
 */
#include "gf_internal.h"

enum { PROBES = sizeof((gf_op_rule *)0)->probes / sizeof(gf_probe) };
enum { INSIDE_ORG, ABOUT_ORG }; /* the two questions about an organisation */

static void go_on(gf_call *call);

/* ------------------------------------------------------------------------------------------------- main request -- */

static const char *main_path(const gf_call *call) {
  const gf_op_rule *rule = call->op->rule;
  if (call->own_org && rule->own_path) return rule->own_path;
  if (rule->text_path && gf_var_is_text(call, rule->id)) return rule->text_path;
  return call->op->path;
}

static bool sends_org(const gf_call *call) { return call->op->rule->org_header && !call->own_org; }

static void ask_page(gf_call *call) {
  gf_buf query;
  gf_buf_init(&query, &call->client->alloc, GF_MAX_URL);
  if (gf_build_query(call, &query))
    gf_next_page(call, GF_MAIN, &call->op->rule->paging, (gf_str){query.p, query.n}, sends_org(call));
  gf_buf_free(&query);
}

static void ask_main(gf_call *call) {
  gf_buf query;
  gf_ask ask = {.purpose = GF_MAIN,
                .method = call->op->method,
                .path = call->main_path,
                .in_org = sends_org(call),
                .idempotent = call->op->rule->idempotent};
  call->main_sent = true;
  if (call->op->rule->paging.list) {
    ask_page(call);
    return;
  }
  gf_buf_init(&query, &call->client->alloc, GF_MAX_URL);
  if (gf_build_query(call, &query) && gf_build_body(call, &ask.body, &ask.body_length)) {
    ask.query = (gf_str){query.p, query.n};
    gf_ask_for(call, &ask);
  }
  gf_buf_free(&query);
}

void gf_row_ask_main(gf_call *call, const char *path) {
  call->main_path = path;
  call->main_sent = false;
  ask_main(call);
}

void gf_row_start(gf_call *call) {
  call->main_path = main_path(call);
  go_on(call);
}

/* ------------------------------------------------------------------------------------------------------- probes -- */

/* Grafana's uids: letters, digits, - and _, at most 40. Other names are not put into a path, where proxies mind them; nor
 * is what reads as the id 0, which is a 500. */
static bool may_be_uid(const gf_call *call, const char *var) {
  enum { LONGEST = 40 };
  char digits[24];
  gf_str text;
  if (!gf_var_is_text(call, var) || !gf_get_var(call, var, &text, digits)) return false;
  for (size_t i = 0; i < text.n; i++) {
    char c = text.p[i], letter = (char)(c | 0x20);
    if (!(letter >= 'a' && letter <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_') return false;
  }
  return strspn(text.p, "-0") < text.n && text.n <= LONGEST;
}

static bool is_filled(const gf_call *call, const char *var) {
  char digits[24];
  gf_str text;
  return gf_get_var(call, var, &text, digits) && text.n > 0;
}

static bool fits(const gf_call *call, const gf_probe *p) {
  if (p->only_text && !gf_var_is_text(call, p->only_text)) return false;
  if (p->only_number && gf_var_is_text(call, p->only_number)) return false;
  if (p->only_uid && !may_be_uid(call, p->only_uid)) return false;
  if (p->only_given && !is_filled(call, p->only_given)) return false;
  if (p->unless_own && call->own_org) return false;
  if (p->fact && !call->main_sent && !gf_server_fact(call->client, p->fact)) return false;
  if (!call->main_sent) return p->when == GF_BEFORE;
  if (p->when == GF_ON_EMPTY) return call->outcome.status == GF_OK && call->list_is_empty;
  return p->when == GF_ON_STATUS && call->outcome.status == p->status &&
         (!p->only_reason || call->outcome.reason == p->only_reason);
}

/* Its next page, where it has pages. */
static bool ask_probe(gf_call *call, size_t index) {
  const gf_probe *p = &call->op->rule->probes[index];
  gf_buf query;
  gf_ask ask = {.purpose = GF_PROBE,
                .index = index,
                .method = "GET",
                .path = call->own_org && p->own_get ? p->own_get : p->get,
                .in_org = p->in_org && sends_org(call)};
  gf_buf_init(&query, &call->client->alloc, GF_MAX_URL);
  if (p->pages) gf_add_probe_page(call, &query, p->pages);
  ask.query = (gf_str){query.p, query.n};
  bool asked = !query.failed && gf_ask_for(call, &ask) != NULL;
  if (query.failed) gf_lacks_memory(call);
  gf_buf_free(&query);
  return asked;
}

/* Does the outcome leave open whether the organisation exists? */
static bool org_in_doubt(const gf_call *call) {
  if (!sends_org(call) || call->org_probed) return false;
  if (call->outcome.status == GF_OK) return call->list_is_empty && !call->op->rule->empty_is_sure;
  return call->outcome.reason == GF_FORBIDDEN || call->outcome.reason == GF_SERVER_ERROR;
}

static void ask_about_org(gf_call *call, size_t question) {
  const gf_ask ask = {.purpose = GF_ORG_PROBE,
                      .index = question,
                      .method = "GET",
                      .path = question == INSIDE_ORG ? "/api/org" : "/api/orgs/{org}",
                      .in_org = question == INSIDE_ORG};
  call->org_probed = true;
  gf_ask_for(call, &ask);
}

static void conclude(gf_call *call) {
  if (call->outcome.status != GF_OK)
    gf_finish(call, &call->outcome, NULL);
  else
    gf_finish_ok(call, NULL);
}

static void go_on(gf_call *call) {
  for (;;) {
    if (call->done) return;
    if (call->outcome.reason == GF_BAD_CREDENTIALS) { /* another question would be refused too */
      conclude(call);
      return;
    }
    if (call->main_sent && org_in_doubt(call)) {
      ask_about_org(call, call->outcome.reason == GF_FORBIDDEN ? ABOUT_ORG : INSIDE_ORG);
      return;
    }
    while (call->probe < PROBES && call->op->rule->probes[call->probe].when) {
      size_t probe = call->probe++;
      if (!fits(call, &call->op->rule->probes[probe])) continue;
      gf_start_probe_pages(call);
      if (ask_probe(call, probe)) return;
    }
    if (call->main_sent) {
      conclude(call);
      return;
    }
    call->probe = 0; /* the probes after the main request are looked at from the first */
    ask_main(call);
    return;
  }
}

static void set_outcome(gf_call *call, gf_status status, gf_reason reason, const char *say) {
  if (call->outcome.status == GF_OK && status != GF_OK) call->n_fields = 0;
  call->outcome.status = status;
  call->outcome.reason = reason;
  call->outcome.say = say;
}

/* ------------------------------------------------------------------------------------------------ probes' answers -- */

static bool equals_var(gf_call *call, gf_value v, const char *var) {
  char digits[24], var_digits[24];
  gf_str text, wanted;
  if (!gf_get_var(call, var, &wanted, var_digits) || !gf_scalar_text(v, &text, digits)) return false;
  return gf_str_same(text, wanted);
}

/* Logins and emails are the same in any case of their letters. */
static bool names(gf_call *call, const char *var, gf_value v) {
  char digits[24];
  gf_str text, wanted;
  if (!gf_value_string(v, &text)) return equals_var(call, v, var);
  return gf_get_var(call, var, &wanted, digits) && gf_str_ieq(text, wanted.p);
}

enum { MAX_WORD = 32 };

/* The next of words with spaces between, as rows have them. */
static bool next_word(const char **words, char word[MAX_WORD]) {
  size_t n = strcspn(*words, " ");
  memcpy(word, *words, n);
  word[n] = 0;
  *words += n + ((*words)[n] == ' ');
  return n > 0;
}

/* Does the item's member equal the variable? What is not there equals what is empty. */
static bool is_beside(const gf_call *call, const gf_probe *p, gf_value item) {
  char digits[24], var_digits[24];
  gf_str is = {NULL, 0}, wanted = {NULL, 0};
  if (!p->beside) return true;
  gf_scalar_text(gf_value_get(item, p->beside), &is, digits);
  gf_get_var(call, p->beside_is, &wanted, var_digits);
  return gf_str_same(is, wanted);
}

static bool fits_key(gf_call *call, const gf_probe *p, const char *key, gf_value item) {
  gf_str text;
  gf_value v = gf_value_get(item, key);
  if (gf_value_string(v, &text) != gf_var_is_text(call, p->find)) return false;
  if (!is_beside(call, p, item)) return false;
  return p->only_one ? equals_var(call, v, p->find) : names(call, p->find, v);
}

/* What a probe found: the thing that it asked for, in the answer or the item that holds it. */
typedef struct finding {
  gf_value item, thing; /* the thing is absent: there is none */
  bool several;         /* and nobody knows which is meant */
} finding;

/* A list of things to look through, or one thing to look at. */
static gf_value look_at(gf_exchange *x, const gf_probe *p) {
  if (p->pages) return gf_list_of(x, p->pages->list);
  return gf_doc_root(x->doc);
}

static void find_by(gf_call *call, const gf_probe *p, const char *key, gf_value among, finding *f) {
  gf_iter it = gf_iterate(among);
  if (unsafe_yyjson_is_obj(among.node)) {
    if (fits_key(call, p, key, among)) f->item = among;
    return;
  }
  for (void *k, *node; gf_iter_next(&it, &k, &node);) {
    gf_value item = {among.doc, node};
    if (!fits_key(call, p, key, item)) continue;
    f->several = !gf_value_is_absent(f->item);
    f->item = item;
    if (f->several || !p->only_one) return;
  }
}

static finding find_item(gf_call *call, const gf_probe *p, gf_exchange *x) {
  char key[MAX_WORD];
  finding f = {0};
  gf_value among = look_at(x, p);
  if (gf_value_is_absent(among)) return f;
  for (const char *by = p->by; gf_value_is_absent(f.item) && next_word(&by, key);)
    find_by(call, p, key, among, &f);
  return f;
}

static finding find(gf_call *call, const gf_probe *p, gf_exchange *x) {
  finding f = {0};
  if (x->verdict.status != GF_OK || !x->doc) return f;
  f.item = gf_doc_root(x->doc);
  if (p->pages && gf_value_is_absent(gf_list_of(x, p->pages->list)))
    gf_judge_broken(x, "the answer holds no list");
  else if (p->find)
    f = find_item(call, p, x);
  if (f.several && p->when == GF_BEFORE) gf_judge_broken(x, "more than one item of the answer is so called");
  if (!f.several && !gf_value_is_absent(f.item) && x->verdict.status == GF_OK)
    f.thing = gf_value_pointer(f.item, p->pointer ? p->pointer : "");
  return f;
}

/* Two probes that name different things make the key ambiguous: then it is not told. */
static void put_key(gf_call *call, const char *key, gf_value thing) {
  const gf_field *field = NULL;
  for (size_t i = 0; i < call->n_fields; i++)
    if (strcmp(call->fields[i].name, key) == 0) field = &call->fields[i];
  int same =
      field && field->kind == GF_F_VALUE ? gf_value_equal(&call->client->alloc, field->value, thing) : 1;
  if (same > 0)
    gf_put_value(call, key, thing);
  else if (same == 0)
    gf_drop_field(call, key);
  else
    gf_lacks_memory(call);
}

/* What the server would overwrite with something else, because it was not named. */
static void keep_member(gf_call *call, const char *key, gf_value item) {
  const gf_step path = {.key = gf_z(key)};
  gf_json_error error;
  gf_value data = gf_data_of(call), there = gf_value_get(item, key);
  if (gf_value_is_absent(data) || gf_value_is_absent(there) || !gf_value_is_absent(gf_value_get(data, key)))
    return;
  if (!gf_doc_set(data.doc, there, &path, 1, &error)) gf_lacks_memory(call);
}

static void keep_members(gf_call *call, const char *keys, gf_value item) {
  char key[MAX_WORD];
  while (next_word(&keys, key))
    keep_member(call, key, item);
}

static void put_also(gf_call *call, const char *key, gf_value item) {
  gf_value v = gf_value_get(item, key);
  if (!gf_value_is_absent(v)) put_key(call, key, v);
}

/* The probe has been told what the main request would tell. */
static void answer_by(gf_call *call, const gf_exchange *x) {
  call->outcome = x->verdict;
  call->result.attempts = x->attempts;
  call->main_sent = true;
  conclude(call);
}

static void take_found(gf_call *call, const gf_probe *p, gf_exchange *x, finding f) {
  char digits[24];
  gf_str text;
  gf_value thing = f.thing;
  if (p->found && call->outcome.status != p->found) set_outcome(call, p->found, p->found_reason, p->say);
  if (p->key) put_key(call, p->key, thing);
  if (p->also) put_also(call, p->also, f.item);
  if (p->keep) keep_members(call, p->keep, f.item);
  if (p->fact) gf_server_note(call->client, p->fact, 1);
  if (p->var && gf_scalar_text(thing, &text, digits))
    gf_set_var(call, p->var, text, !unsafe_yyjson_is_num(thing.node));
  if (p->is_answer) {
    answer_by(call, x);
    return;
  }
  if (p->restart) {
    gf_row_ask_main(call, p->restart);
    return;
  }
  go_on(call);
}

/* A DELETE that may have been carried out by an earlier attempt: what it names is gone, as it should be. */
static bool is_done_already(const gf_call *call, const gf_probe *p) {
  return p->missing == GF_NOT_FOUND && !p->missing_reason && call->main_sent && call->result.uncertain &&
         strcmp(call->op->method, "DELETE") == 0;
}

static void set_missing(gf_call *call, const gf_probe *p) {
  if (is_done_already(call, p)) {
    set_outcome(call, GF_OK, GF_REASON_NONE, NULL);
    call->result.uncertain = false;
  } else if (p->missing) {
    set_outcome(call, p->missing, p->missing_reason, p->say_missing ? p->say_missing : p->say);
  }
}

static void take_missing(gf_call *call, const gf_probe *p, const gf_exchange *x) {
  bool refused =
      p->when == GF_BEFORE && call->outcome.reason == GF_FORBIDDEN; /* where it may be all the same */
  if (!refused) set_missing(call, p);
  if (!refused && !call->main_sent) {
    call->outcome.code = x->code;
    call->result.attempts = x->attempts;
  }
  call->main_sent = true; /* a probe before it that finds nothing spares it */
  go_on(call);
}

static bool gives_way(const gf_probe *p, const gf_verdict *v) {
  if (v->reason == GF_FORBIDDEN) return p->way != GF_STANDS;
  return p->way == GF_IF_MISSING && (v->status == GF_OK || v->status == GF_NOT_FOUND ||
                                     v->status == GF_INVALID_DATA || v->reason == GF_UNSUPPORTED);
}

static void give_way(gf_call *call, const gf_exchange *x) {
  if (x->verdict.reason == GF_FORBIDDEN) {
    call->outcome = x->verdict;
    call->result.attempts = x->attempts;
  }
  go_on(call);
}

/* The question itself failed, or its answer changes nothing. */
static void take_failed(gf_call *call, const gf_probe *p, const gf_exchange *x) {
  bool decides = p->when == GF_BEFORE || call->outcome.status == GF_OK;
  if (decides && x->verdict.status != GF_OK) { /* there is no other answer */
    call->outcome = x->verdict;
    call->result.attempts = x->attempts;
    call->n_fields = 0;
    call->main_sent = true;
  }
  if (p->when == GF_BEFORE && call->outcome.status == GF_ERROR)
    conclude(call); /* what follows a main request does not fit */
  else
    go_on(call);
}

static void take_probe(gf_call *call, gf_exchange *x) {
  const gf_probe *p = &call->op->rule->probes[x->index];
  finding f = find(call, p, x);
  bool found = !gf_value_is_absent(f.thing), looked = x->verdict.status == GF_OK && !f.several;
  if (found && !(p->is_other && equals_var(call, f.thing, p->other_than)))
    take_found(call, p, x, f);
  else if (!found && looked && p->pages && gf_probe_goes_on(call, x, p->pages))
    ask_probe(call, x->index);
  else if (!found && gives_way(p, &x->verdict))
    give_way(call, x);
  else if (!found && ((looked && p->find) || x->verdict.status == GF_NOT_FOUND))
    take_missing(call, p, x);
  else
    take_failed(call, p, x);
}

static void take_org_probe(gf_call *call, gf_exchange *x) {
  if (x->verdict.status == GF_NOT_FOUND) {
    set_outcome(call, GF_NOT_FOUND, GF_ORG_NOT_FOUND, "there is no organisation with the id {org}");
  } else if (x->index == INSIDE_ORG && x->verdict.reason == GF_FORBIDDEN) {
    ask_about_org(call, ABOUT_ORG);
    return;
  } else if (x->index == ABOUT_ORG && call->outcome.reason != GF_FORBIDDEN) {
    set_outcome(call, GF_ACCESS_DENIED, GF_FORBIDDEN,
                "these credentials may not enter the organisation {org}");
  } else if (call->outcome.status == GF_OK && x->verdict.status != GF_OK) {
    call->outcome = x->verdict;
    call->n_fields = 0;
  }
  go_on(call);
}

/* ---------------------------------------------------------------------------------------------- the main answer -- */

/* Where the row promises an object nothing else is an answer, whoever sent it. */
static bool has_shape(const gf_call *call, const char *key, gf_value v) {
  const gf_result_key *keys = call->op->keys;
  for (size_t i = 0; i < sizeof call->op->keys / sizeof *keys && keys[i].name; i++)
    if (strcmp(keys[i].name, key) == 0 && strcmp(keys[i].shape, "object") == 0)
      return unsafe_yyjson_is_obj(v.node);
  return true;
}

static void take_picks(gf_call *call, gf_exchange *x) {
  const gf_pick *picks = call->op->rule->picks;
  bool success = x->verdict.status == GF_OK;
  for (size_t i = 0; i < sizeof call->op->rule->picks / sizeof *picks && picks[i].key; i++) {
    if (!success && picks[i].pointer[0] == 0) continue; /* the whole of a refusal is not the thing */
    gf_value v = x->doc ? gf_value_pointer(gf_doc_root(x->doc), picks[i].pointer) : (gf_value){NULL, NULL};
    if (!gf_value_is_absent(v) && has_shape(call, picks[i].key, v)) {
      gf_put_value(call, picks[i].key, v);
    } else if (success && !picks[i].optional) {
      gf_judge_broken(x, "the answer lacks what it should hold");
      x->maybe_arrived = strcmp(x->req.method, "GET") != 0;
      call->n_fields = 0; /* a part of it is no result */
      return;
    }
  }
}

/* Does the answer hold the list that is due? False: the call goes on by itself. */
static bool take_list(gf_call *call, gf_exchange *x) {
  switch (gf_take_page(call, x, &call->op->rule->paging)) {
  case GF_PAGE_MORE: ask_page(call); return false;
  case GF_PAGE_LAST: return true;
  case GF_PAGE_BROKEN: break;
  }
  gf_judge_broken(x, "the answer holds no list");
  return true;
}

static void take_main(gf_call *call, gf_exchange *x) {
  gf_judge_by_rules(call, x);
  if (x->verdict.status == GF_OK && call->op->rule->paging.list && !take_list(call, x)) return;
  if (x->verdict.status == GF_OK || x->verdict.status == GF_ALREADY_EXISTS) take_picks(call, x);
  gf_row_settle(call, x);
}

void gf_row_settle(gf_call *call, gf_exchange *x) {
  if (call->done) return;
  call->outcome = x->verdict;
  call->result.attempts = x->attempts;
  call->result.uncertain = x->verdict.status != GF_OK && x->maybe_arrived;
  call->main_sent = true;
  go_on(call);
}

void gf_row_answer(gf_call *call, gf_exchange *x) {
  switch (x->purpose) {
  case GF_PROBE: take_probe(call, x); break;
  case GF_ORG_PROBE: take_org_probe(call, x); break;
  default: take_main(call, x); break;
  }
}
