/* SPDX-License-Identifier: MIT
 *
 * update_datasource: what is there is read, the changes are merged into it, and the whole is written back under the
 * version that was read, for the server replaces everything but secrets. check_datasource: what its health means.
 */
#include "gf_op_parts.h"

enum { CURRENT = GF_OWN_PURPOSE, ALL };

static void ask_all(gf_call *call) { gf_ask_in_org(call, ALL, "/api/datasources"); }

static void ask_current(gf_call *call) {
  bool by_uid = gf_var_is_text(call, "id");
  gf_ask_in_org(call, CURRENT, by_uid ? "/api/datasources/uid/{id}" : "/api/datasources/{id}");
}

void gf_change_datasource_start(gf_call *call) {
  if (!gf_var_is_text(call, "id") && gf_server_fact(call->client, GF_NO_NUMERIC_DATASOURCES))
    ask_all(call);
  else
    ask_current(call);
}

/* A secret that is null in the changes is emptied: the server keeps what is not named. */
static bool empty_secrets(gf_doc *merged, gf_value secrets, gf_doc *empty) {
  if (gf_value_is_absent(secrets) || !unsafe_yyjson_is_obj(secrets.node)) return true;
  gf_json_error error;
  gf_step path[2] = {{.key = gf_z("secureJsonData")}, {0}};
  gf_iter it = gf_iterate(secrets);
  for (void *k, *v; gf_iter_next(&it, &k, &v);) {
    if (!unsafe_yyjson_is_null(v)) continue;
    gf_value_string((gf_value){secrets.doc, k}, &path[1].key);
    if (!gf_doc_set(merged, gf_doc_root(empty), path, 2, &error)) return false;
  }
  return true;
}

static gf_doc *merge(gf_call *call, gf_exchange *x) {
  const gf_allocator *alloc = &call->client->alloc;
  gf_json_error error;
  gf_value changes = gf_data_of(call);
  gf_doc *empty = gf_doc_parse(alloc, gf_z("\"\""), &error);
  gf_doc *merged = empty ? gf_doc_merge(alloc, gf_doc_root(x->doc), changes) : NULL;
  if (merged && !empty_secrets(merged, gf_value_get(changes, "secureJsonData"), empty)) {
    gf_doc_release(merged);
    merged = NULL;
  }
  gf_doc_release(empty);
  return merged;
}

static void take_current(gf_call *call, gf_exchange *x) {
  gf_str uid;
  if (x->verdict.reason == GF_UNSUPPORTED && !gf_var_is_text(call, "id")) {
    ask_all(call); /* no numeric routes: look into the list */
    return;
  }
  bool found = x->verdict.status == GF_OK && gf_value_string(gf_value_get(gf_doc_root(x->doc), "uid"), &uid);
  if (x->verdict.status == GF_OK && !found) gf_judge_broken(x, "the answer holds no data source");
  if (!found) {
    gf_judge_by_rules(call, x);
    gf_row_settle(call, x);
    return;
  }
  gf_set_var(call, "uid", uid, true);
  gf_doc *merged = call->done ? NULL : merge(call, x);
  if (merged)
    gf_send_document(call, merged);
  else
    gf_lacks_memory(call);
  gf_doc_release(merged);
}

static void take_all(gf_call *call, gf_exchange *x) {
  gf_str uid;
  if (x->verdict.status == GF_OK) {
    gf_iter it = gf_iterate(gf_doc_root(x->doc));
    for (void *k, *node; gf_iter_next(&it, &k, &node);) {
      gf_value item = {x->doc, node};
      if (!gf_equals_var(call, gf_value_get(item, "id"), "id")) continue;
      if (!gf_value_string(gf_value_get(item, "uid"), &uid)) continue;
      gf_server_note(call->client, GF_NO_NUMERIC_DATASOURCES, 1);
      gf_set_var(call, "id", uid, true);
      ask_current(call);
      return;
    }
    x->verdict = (gf_verdict){.status = GF_NOT_FOUND, .code = x->code, .say = NO_DATASOURCE};
  }
  gf_row_settle(call, x);
}

void gf_change_datasource_answer(gf_call *call, gf_exchange *x) {
  switch (x->purpose) {
  case CURRENT: take_current(call, x); break;
  case ALL: take_all(call, x); break;
  default: gf_row_answer(call, x); break;
  }
}

/* A health check that ran says {"status":"OK"} with 200, or another status with 400: both are answers. */
void gf_health_answer(gf_call *call, gf_exchange *x) {
  gf_str status, message = {"", 0};
  bool ran = x->purpose == GF_MAIN && x->doc && (x->code == 200 || x->code == 400) &&
             gf_value_string(gf_value_get(gf_doc_root(x->doc), "status"), &status);
  if (!ran && x->purpose == GF_MAIN && x->verdict.status == GF_OK)
    gf_judge_broken(x, "the answer does not say whether it works");
  if (!ran) {
    gf_row_answer(call, x);
    return;
  }
  gf_value_string(gf_value_get(gf_doc_root(x->doc), "message"), &message);
  gf_put_bool(call, "healthy", gf_str_ieq(status, "OK"));
  gf_put_text(call, "detail", message);
  gf_finish_ok(call, x);
}

/* ------------------------------------------------------------------------------------------------- how each is done -- */

/* clang-format off */

const gf_op_rule gf_rule_create_datasource = {
    .org_header = true,
    .picks = {{"id", "/id", true}, {"uid", "/datasource/uid", true}, {"datasource", "/datasource", true}},
    .probes = {{.when = GF_ON_STATUS, .status = GF_ALREADY_EXISTS, .only_reason = GF_NAME_EXISTS, .in_org = true,
                .get = "/api/datasources/name/{name}", .pointer = "/id", .key = "id", .also = "uid"},
               {.when = GF_ON_STATUS, .status = GF_ALREADY_EXISTS, .only_reason = GF_UID_EXISTS, .in_org = true,
                .get = "/api/datasources/uid/{uid}", .pointer = "/id", .key = "id", .also = "uid"}},
};

const gf_op_rule gf_rule_get_datasource = {
    .org_header = true,
    .id = "id",
    .text_path = "/api/datasources/uid/{id}",
    .picks = {{"datasource", ""}},
    .rules = {{404, "source", GF_NOT_FOUND, GF_REASON_NONE, NO_DATASOURCE}, NO_SUCH_NUMBER},
    .probes = {UID_OF_NUMBER},
};

const gf_op_rule gf_rule_get_datasources = {.org_header = true, .paging = {.list = "", .identity = "uid"}};

const gf_op_rule gf_rule_update_datasource = {
    .org_header = true,
    .picks = {{"datasource", "/datasource"}},
    .rules = {{404, "source", GF_NOT_FOUND, GF_REASON_NONE, NO_DATASOURCE}, NO_SUCH_NUMBER},
    .probes = {{.when = GF_ON_STATUS, .status = GF_ALREADY_EXISTS, .only_reason = GF_NAME_EXISTS, .in_org = true,
                .get = "/api/datasources/name/{name}", .pointer = "/uid", .key = "uid", .is_other = true,
                .other_than = "uid"},
               {.when = GF_ON_STATUS, .status = GF_ERROR, .only_reason = GF_SERVER_ERROR, .in_org = true,
                .get = "/api/datasources/name/{name}", .pointer = "/uid", .key = "uid", .is_other = true,
                .other_than = "uid",
                .found = GF_ALREADY_EXISTS, .found_reason = GF_NAME_EXISTS,
                .say = "another data source has the name {name}"}},
    .start = gf_change_datasource_start,
    .on_answer = gf_change_datasource_answer,
};

const gf_op_rule gf_rule_delete_datasource = {
    .org_header = true,
    .id = "id",
    .text_path = "/api/datasources/uid/{id}",
    .rules = {{404, "source", GF_NOT_FOUND, GF_REASON_NONE, NO_DATASOURCE}, NO_SUCH_NUMBER},
    .probes = {UID_OF_NUMBER},
};

const gf_op_rule gf_rule_check_datasource = {
    .org_header = true,
    .rules = {{404, "source", GF_NOT_FOUND, GF_REASON_NONE, NO_DATASOURCE},
              {404, "plugin", GF_ERROR, GF_UNSUPPORTED, "this kind of data source has no health check"}},
    .probes = {{.when = GF_BEFORE, UID_IN_LIST},
               DATASOURCE_EXISTS(GF_UNSUPPORTED), DATASOURCE_EXISTS(GF_SERVER_ERROR)},
    .on_answer = gf_health_answer,
};

/* clang-format on */
