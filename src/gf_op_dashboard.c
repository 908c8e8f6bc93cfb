/* SPDX-License-Identifier: MIT
 *
 * update_or_create_dashboard: POST /api/dashboards/db moves a dashboard to the root when no folder is named, and with a
 * foreign id it overwrites another dashboard, so the one that is there is looked at first, where it matters.
 * restore_dashboard_version: restoring what is there already.
 */
#include "gf_op_parts.h"

#include <stdio.h>

enum { CURRENT = GF_OWN_PURPOSE, BY_ID };

static bool names_folder(const gf_call *call) {
  return gf_option_of(call, "folderUid") || gf_option_of(call, "folderId");
}

static bool has_uid(const gf_call *call, gf_str *uid) {
  return gf_value_string(gf_value_get(gf_data_of(call), "uid"), uid) && uid->n > 0;
}

/* The dashboard with its `id` made that of the target, or taken out. */
static gf_doc *with_id(gf_call *call, gf_value id) {
  const gf_step path = {.key = gf_z("id")};
  gf_json_error error;
  gf_doc *doc = gf_doc_copy(gf_data_of(call).doc);
  bool done = doc && (gf_value_is_absent(id) ? gf_doc_remove(doc, &path, 1, &error) >= 0
                                             : gf_doc_set(doc, id, &path, 1, &error));
  if (done) return doc;
  gf_doc_release(doc);
  gf_lacks_memory(call);
  return NULL;
}

static void send_dashboard(gf_call *call, gf_doc *dashboard, gf_value folder) {
  gf_buf body;
  gf_str uid = {NULL, 0};
  gf_buf_init(&body, &call->client->alloc, GF_MAX_SENT_BODY);
  gf_buf_add_str(&body, "{\"dashboard\":");
  gf_add_json_value(call, &body, gf_doc_root(dashboard));
  if (!names_folder(call) && gf_value_string(folder, &uid) && uid.n) {
    gf_buf_add_str(&body, ",\"folderUid\":");
    gf_add_json_string(&body, uid);
  }
  gf_add_body_options(call, &body);
  gf_buf_add_char(&body, '}');
  gf_ask ask = {.purpose = GF_MAIN, .method = "POST", .path = call->op->path, .in_org = !call->own_org};
  call->main_sent = true;
  gf_ask_with(call, &ask, &body);
}

static void send_as_given(gf_call *call) {
  send_dashboard(call, gf_data_of(call).doc, (gf_value){NULL, NULL});
}

void gf_save_start(gf_call *call) {
  gf_str uid;
  char query[48];
  int64_t number = 0;
  gf_value given_id = gf_value_get(gf_data_of(call), "id");
  gf_ask ask = {
      .purpose = CURRENT, .method = "GET", .path = "/api/dashboards/uid/", .in_org = !call->own_org};
  call->main_path = call->op->path;
  if (has_uid(call, &uid) && (!names_folder(call) || gf_value_is_given(given_id))) {
    ask.segment = uid;
    gf_ask_for(call, &ask);
  } else if (!has_uid(call, &uid) && !names_folder(call) && gf_value_int(given_id, &number) && number > 0) {
    int n = snprintf(query, sizeof query, "dashboardIds=%lld", (long long)number);
    ask.purpose = BY_ID;
    ask.path = "/api/search";
    ask.query = (gf_str){query, (size_t)n};
    gf_ask_for(call, &ask);
  } else {
    send_as_given(call);
  }
}

static void take_current(gf_call *call, gf_exchange *x) {
  gf_value given_id = gf_value_get(gf_data_of(call), "id"), target = {NULL, NULL}, folder = {NULL, NULL};
  if (x->verdict.status != GF_OK && x->verdict.status != GF_NOT_FOUND) {
    gf_row_settle(call, x);
    return;
  }
  if (x->verdict.status == GF_OK) {
    target = gf_value_pointer(gf_doc_root(x->doc), "/dashboard/id");
    folder = gf_value_pointer(gf_doc_root(x->doc), "/meta/folderUid");
  }
  gf_doc *dashboard =
      gf_value_is_given(given_id) ? with_id(call, target) : gf_doc_retain(gf_data_of(call).doc);
  if (dashboard) send_dashboard(call, dashboard, folder);
  gf_doc_release(dashboard);
}

static void take_by_id(gf_call *call, gf_exchange *x) {
  if (x->verdict.status != GF_OK) {
    gf_row_settle(call, x);
    return;
  }
  int64_t wanted = 0, id = 0;
  gf_value hits = gf_doc_root(x->doc), folder = {NULL, NULL};
  gf_value_int(gf_value_get(gf_data_of(call), "id"), &wanted);
  for (size_t i = 0; i < gf_value_len(hits); i++) /* a server may take no notice of dashboardIds */
    if (gf_value_int(gf_value_get(gf_value_at(hits, i), "id"), &id) && id == wanted)
      folder = gf_value_get(gf_value_at(hits, i), "folderUid");
  send_dashboard(call, gf_data_of(call).doc, folder);
}

void gf_save_answer(gf_call *call, gf_exchange *x) {
  switch (x->purpose) {
  case CURRENT: take_current(call, x); break;
  case BY_ID: take_by_id(call, x); break;
  default: gf_row_answer(call, x); break;
  }
}

/* ------------------------------------------------------------------------------------------------------ restoring -- */

/* 12.4.3 refuses to restore what is there already; 9.3.2 makes one more version of it. Either way it is there then. */
static bool is_there_already(const gf_exchange *x) {
  return x->purpose == GF_MAIN && x->code == 400 && gf_str_contains_ci(gf_server_message(x), "identical");
}

static void take_version(gf_call *call, gf_exchange *x) {
  gf_value version = {NULL, NULL};
  if (x->verdict.status == GF_OK) version = gf_value_pointer(gf_doc_root(x->doc), "/dashboard/version");
  if (gf_value_is_absent(version)) {
    gf_row_settle(call, x);
    return;
  }
  gf_put_value(call, "version", version);
  gf_finish_ok(call, x);
}

void gf_restore_answer(gf_call *call, gf_exchange *x) {
  const gf_ask ask = {
      .purpose = CURRENT, .method = "GET", .path = "/api/dashboards/uid/{uid}", .in_org = !call->own_org};
  if (is_there_already(x))
    gf_ask_for(call, &ask);
  else if (x->purpose == CURRENT)
    take_version(call, x);
  else
    gf_row_answer(call, x);
}

/* ------------------------------------------------------------------------------------------------- how each is done -- */

/* clang-format off */

const gf_op_rule gf_rule_get_dashboard = {
    .org_header = true,
    .picks = {{"dashboard", "/dashboard"}, {"meta", "/meta"}},
    .rules = {{404, "dashboard", GF_NOT_FOUND, GF_REASON_NONE, "there is no dashboard with the uid {uid}"}},
};

const gf_op_rule gf_rule_save_dashboard = {
    .org_header = true,
    .picks = {{"id", "/id"}, {"uid", "/uid"}, {"version", "/version"}, {"url", "/url"}, {"slug", "/slug", true}},
    .rules = {{400, "folder not found", GF_NOT_FOUND, GF_FOLDER_NOT_FOUND, "there is no such folder"},
              {404, "folder", GF_NOT_FOUND, GF_FOLDER_NOT_FOUND, "there is no such folder"},
              {404, "dashboard", GF_NOT_FOUND, GF_REASON_NONE, "there is no dashboard with the id {id}"}},
    .probes = {{.when = GF_ON_STATUS, .status = GF_ALREADY_EXISTS, .only_reason = GF_VERSION_MISMATCH, .in_org = true,
                .get = "/api/dashboards/uid/{uid}", .pointer = "/dashboard/uid", .key = "uid"},
               {.when = GF_ON_STATUS, .status = GF_ALREADY_EXISTS, .only_reason = GF_NAME_EXISTS, .in_org = true,
                .get = "/api/search?type=dash-db&query={title}", .find = "title", .by = "title", .pointer = "/uid",
                .key = "uid"}},
    .start = gf_save_start,
    .on_answer = gf_save_answer,
};

const gf_op_rule gf_rule_delete_dashboard = {
    .org_header = true,
    .rules = {{404, "dashboard", GF_NOT_FOUND, GF_REASON_NONE, "there is no dashboard with the uid {uid}"}},
};

const gf_op_rule gf_rule_listing = {
    .org_header = true,
    .start = gf_listing_start,
    .on_answer = gf_listing_answer,
    .more = gf_listing_more,
};

const gf_op_rule gf_rule_dashboard_panels = {
    .org_header = true,
    .rules = {{404, "dashboard", GF_NOT_FOUND, GF_REASON_NONE, "there is no dashboard with the uid {uid}"}},
    .on_answer = gf_panels_answer,
};

const gf_op_rule gf_rule_search = {
    .org_header = true,
    .paging = {.list = "", .size_param = "limit", .first = 1, .identity = "uid"},
    .keep = gf_keep_in_folders,
};

const gf_op_rule gf_rule_dashboards_with_tag = {
    .org_header = true,
    .paging = {.list = "", .size_param = "limit", .first = 1, .identity = "uid"},
};

const gf_op_rule gf_rule_dashboard_versions = {
    .org_header = true,
    .paging = {.list = "/versions", .identity = "version", .token = "/continueToken", .token_param = "continueToken"},
    .rules = {{404, "dashboard", GF_NOT_FOUND, GF_REASON_NONE, "there is no dashboard with the uid {uid}"}},
    .probes = {{.when = GF_ON_EMPTY, .in_org = true, .get = "/api/dashboards/uid/{uid}", .missing = GF_NOT_FOUND,
                .say = "there is no dashboard with the uid {uid}"},
               {.when = GF_ON_STATUS, .status = GF_ERROR, .only_reason = GF_SERVER_ERROR, .in_org = true,
                .get = "/api/dashboards/uid/{uid}", .missing = GF_NOT_FOUND,
                .say = "there is no dashboard with the uid {uid}"}},
};

const gf_op_rule gf_rule_restore_version = {
    .org_header = true,
    .picks = {{"version", "/version"}},
    .rules = {{404, NULL, GF_NOT_FOUND, GF_REASON_NONE, "there is no dashboard {uid} with a version {version}"}},
    .probes = {{.when = GF_ON_STATUS, .status = GF_ERROR, .only_reason = GF_SERVER_ERROR, .in_org = true,
                .get = "/api/dashboards/uid/{uid}/versions/{version}", .missing = GF_NOT_FOUND,
                .say = "there is no dashboard {uid} with a version {version}"}},
    .on_answer = gf_restore_answer,
};

/* clang-format on */
