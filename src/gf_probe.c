/* SPDX-License-Identifier: MIT
 *
 * The questions of a row (gf_probe): which of them is asked next, what it finds, and what becomes of the outcome. */
#include "gf_internal.h"

enum { PROBES = sizeof((gf_op_rule *)0)->probes / sizeof(gf_probe) };

/* ------------------------------------------------------------------------------------------------- which is asked -- */

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
  if (p->settles_doubt && !call->result.uncertain) return false;
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
                .in_org = p->in_org && gf_sends_org(call)};
  gf_buf_init(&query, &call->client->alloc, GF_MAX_URL);
  if (p->pages) gf_add_probe_page(call, &query, p->pages);
  ask.query = (gf_str){query.p, query.n};
  bool asked = !query.failed && gf_ask_for(call, &ask) != NULL;
  if (query.failed) gf_lacks_memory(call);
  gf_buf_free(&query);
  return asked;
}

bool gf_ask_next_probe(gf_call *call) {
  const gf_probe *probes = call->op->rule->probes;
  while (call->probe < PROBES && probes[call->probe].when) {
    size_t probe = call->probe++;
    if (!fits(call, &probes[probe])) continue;
    gf_start_probe_pages(call);
    if (ask_probe(call, probe)) return true;
  }
  return false;
}

/* ----------------------------------------------------------------------------------------------- what it found -- */

/* Logins and emails are the same in any case of their letters. */
static bool names(gf_call *call, const char *var, gf_value v) {
  char digits[24];
  gf_str text, wanted;
  if (!gf_value_string(v, &text)) return gf_equals_var(call, v, var);
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
  return p->only_one ? gf_equals_var(call, v, p->find) : names(call, p->find, v);
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
  gf_row_conclude(call);
}

static void settle_doubt(gf_call *call) {
  gf_set_outcome(call, GF_OK, GF_REASON_NONE, NULL);
  call->result.uncertain = false;
}

static void take_found(gf_call *call, const gf_probe *p, gf_exchange *x, finding f) {
  char digits[24];
  gf_str text;
  gf_value thing = f.thing;
  if (p->found && call->outcome.status != p->found) gf_set_outcome(call, p->found, p->found_reason, p->say);
  if (p->settles_doubt) settle_doubt(call);
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
  gf_row_go_on(call);
}

/* A DELETE that may have been carried out by an earlier attempt: what it names is gone, as it should be. */
static bool is_done_already(const gf_call *call, const gf_probe *p) {
  return p->missing == GF_NOT_FOUND && !p->missing_reason && call->main_sent && call->result.uncertain &&
         strcmp(call->op->method, "DELETE") == 0;
}

static void set_missing(gf_call *call, const gf_probe *p) {
  if (is_done_already(call, p)) {
    settle_doubt(call);
  } else if (p->missing) {
    gf_set_outcome(call, p->missing, p->missing_reason, p->say_missing ? p->say_missing : p->say);
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
  gf_row_go_on(call);
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
  gf_row_go_on(call);
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
    gf_row_conclude(call); /* what follows a main request does not fit */
  else
    gf_row_go_on(call);
}

void gf_probe_answer(gf_call *call, gf_exchange *x) {
  const gf_probe *p = &call->op->rule->probes[x->index];
  finding f = find(call, p, x);
  bool found = !gf_value_is_absent(f.thing), looked = x->verdict.status == GF_OK && !f.several;
  if (found && !(p->is_other && gf_equals_var(call, f.thing, p->other_than)))
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
