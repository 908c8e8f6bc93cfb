/* SPDX-License-Identifier: MIT
 *
 * version: what a server is does not change while a client talks to it, so it is asked once. Where /api/health does not
 * tell the version (`hide_version`, Amazon Managed Grafana), the settings of Grafana's own pages do, to who has signed in. */
#include "gf_op_parts.h"

enum { SETTINGS = GF_OWN_PURPOSE };

void gf_version_check(gf_call *call) {
  const char *version = gf_server_version(call->client);
  if (!version) return;
  gf_put_text(call, "version", gf_z(version));
  gf_finish_ok(call, NULL);
}

static bool take_version(gf_call *call, gf_exchange *x, const char *pointer) {
  gf_str version;
  if (x->verdict.status != GF_OK || !x->doc) return false;
  if (!gf_value_string(gf_value_pointer(gf_doc_root(x->doc), pointer), &version) || version.n == 0)
    return false;
  gf_server_note_version(call->client, version);
  gf_put_text(call, "version", version);
  gf_finish_ok(call, x);
  return true;
}

/* It is Grafana that does not say: it hides the version, or the route, or lets nobody near. */
static bool is_silent(const gf_exchange *x) {
  if (x->verdict.status == GF_OK) return x->doc && unsafe_yyjson_is_obj(gf_doc_root(x->doc).node);
  return x->verdict.status == GF_NOT_FOUND || x->verdict.reason == GF_UNSUPPORTED ||
         x->verdict.reason == GF_FORBIDDEN;
}

static void take_health(gf_call *call, gf_exchange *x) {
  const gf_ask ask = {
      .purpose = SETTINGS, .method = "GET", .path = "/api/frontend/settings", .passing = true};
  if (take_version(call, x, "/version")) return;
  call->outcome = x->verdict;
  if (is_silent(x))
    gf_ask_for(call, &ask);
  else
    gf_row_answer(call, x);
}

/* Nobody has signed in: there are no credentials that could have been refused. */
static bool is_for_signed_in(const gf_call *call, const gf_exchange *x) {
  return x->verdict.reason == GF_BAD_CREDENTIALS && !call->client->user && !call->client->token;
}

static void take_settings(gf_call *call, gf_exchange *x) {
  if (take_version(call, x, "/buildInfo/version")) return;
  bool forbidden = x->verdict.reason == GF_FORBIDDEN && call->outcome.reason == GF_FORBIDDEN;
  if (x->verdict.status == GF_OK && !is_silent(x)) gf_judge_broken(x, "the answer holds no settings");
  if ((is_silent(x) && !forbidden) || is_for_signed_in(call, x))
    x->verdict = (gf_verdict){.status = GF_ERROR,
                              .reason = GF_UNSUPPORTED,
                              .code = x->code,
                              .say = "the server does not tell its version"};
  gf_finish(call, &x->verdict, x);
}

void gf_version_answer(gf_call *call, gf_exchange *x) {
  if (x->purpose == SETTINGS)
    take_settings(call, x);
  else
    take_health(call, x);
}

/* ------------------------------------------------------------------------------------------------- how each is done -- */

/* clang-format off */

const gf_op_rule gf_rule_server_health = {.is_public = true, .picks = {{"health", ""}}};

const gf_op_rule gf_rule_server_version = {
    .is_public = true,
    .picks = {{"version", "/version"}},
    .check = gf_version_check,
    .on_answer = gf_version_answer,
};

/* clang-format on */
