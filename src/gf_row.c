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

enum { INSIDE_ORG, ABOUT_ORG }; /* the two questions about an organisation */

/* ------------------------------------------------------------------------------------------------- main request -- */

static const char *main_path(const gf_call *call) {
  const gf_op_rule *rule = call->op->rule;
  if (call->own_org && rule->own_path) return rule->own_path;
  if (rule->text_path && gf_var_is_text(call, rule->id)) return rule->text_path;
  return call->op->path;
}

bool gf_sends_org(const gf_call *call) { return call->op->rule->org_header && !call->own_org; }

static void ask_page(gf_call *call) {
  gf_buf query;
  gf_buf_init(&query, &call->client->alloc, GF_MAX_URL);
  if (gf_build_query(call, &query))
    gf_next_page(call, GF_MAIN, &call->op->rule->paging, (gf_str){query.p, query.n}, gf_sends_org(call));
  gf_buf_free(&query);
}

static void ask_main(gf_call *call) {
  gf_buf query;
  gf_ask ask = {.purpose = GF_MAIN,
                .method = call->op->method,
                .path = call->main_path,
                .in_org = gf_sends_org(call),
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
  gf_row_go_on(call);
}

/* ------------------------------------------------------------------------------------------------- the way on -- */

/* Does the outcome leave open whether the organisation exists? */
static bool org_in_doubt(const gf_call *call) {
  if (!gf_sends_org(call) || call->org_probed) return false;
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

void gf_row_conclude(gf_call *call) {
  if (call->outcome.status != GF_OK)
    gf_finish(call, &call->outcome, NULL);
  else
    gf_finish_ok(call, NULL);
}

void gf_row_go_on(gf_call *call) {
  if (call->done) return;
  if (call->outcome.reason == GF_BAD_CREDENTIALS) { /* another question would be refused too */
    gf_row_conclude(call);
  } else if (call->main_sent && org_in_doubt(call)) {
    ask_about_org(call, call->outcome.reason == GF_FORBIDDEN ? ABOUT_ORG : INSIDE_ORG);
  } else if (gf_ask_next_probe(call) || call->done) {
    return;
  } else if (call->main_sent) {
    gf_row_conclude(call);
  } else {
    call->probe = 0; /* the probes after the main request are looked at from the first */
    ask_main(call);
  }
}

void gf_set_outcome(gf_call *call, gf_status status, gf_reason reason, const char *say) {
  if (call->outcome.status == GF_OK && status != GF_OK) call->n_fields = 0;
  call->outcome.status = status;
  call->outcome.reason = reason;
  call->outcome.say = say;
}

static void take_org_probe(gf_call *call, gf_exchange *x) {
  if (x->verdict.status == GF_NOT_FOUND) {
    gf_set_outcome(call, GF_NOT_FOUND, GF_ORG_NOT_FOUND, GF_NO_ORG);
  } else if (x->index == INSIDE_ORG && x->verdict.reason == GF_FORBIDDEN) {
    ask_about_org(call, ABOUT_ORG);
    return;
  } else if (x->index == ABOUT_ORG && call->outcome.reason != GF_FORBIDDEN) {
    gf_set_outcome(call, GF_ACCESS_DENIED, GF_FORBIDDEN,
                   "these credentials may not enter the organisation {org}");
  } else if (call->outcome.status == GF_OK && x->verdict.status != GF_OK) {
    call->outcome = x->verdict;
    call->n_fields = 0;
  }
  gf_row_go_on(call);
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
      x->maybe_arrived = gf_is_write(x);
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
  gf_row_go_on(call);
}

void gf_row_answer(gf_call *call, gf_exchange *x) {
  switch (x->purpose) {
  case GF_PROBE: gf_probe_answer(call, x); break;
  case GF_ORG_PROBE: take_org_probe(call, x); break;
  default: take_main(call, x); break;
  }
}
