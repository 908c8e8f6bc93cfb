/* SPDX-License-Identifier: MIT
 *
 * version: what a server is does not change while a client talks to it, so it is asked once. */
#include "gf_op_parts.h"

void gf_version_check(gf_call *call) {
  if (!call->client->version) return;
  gf_put_text(call, "version", gf_z(call->client->version));
  gf_finish_ok(call, NULL);
}

void gf_version_answer(gf_call *call, gf_exchange *x) {
  gf_str version;
  gf_client *client = call->client;
  if (x->verdict.status == GF_OK && x->doc && !client->version &&
      gf_value_string(gf_value_get(gf_doc_root(x->doc), "version"), &version) && version.n)
    client->version = gf_strdup_n(&client->alloc, version); /* without memory it is asked again */
  gf_row_answer(call, x);
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
