/* SPDX-License-Identifier: MIT
 *
 * Folders. Grafana checks less than it should, so more is asked than is done:
 *
 * - Two names are no folders, though the server answers as if they were: what 12.4.3 puts "into" them, or into a parent
 *   that is missing, is in no folder's listing, and DELETE of "general" says 404 and deletes every folder of the root
 *   with all that is inside. They are never sent. DELETE of a uid that is missing deletes what has it for a parent, so
 *   it is looked up before.
 * - A server without folders inside folders (9.3.2; up to 11 a setting) takes no notice of `parentUid` and would put the
 *   new folder at the root. Nothing in a folder tells the two kinds of server apart, but the list of what is below one
 *   does: the former gives it all folders, the parent at least, and none that names a parent.
 */
#include "gf_op_parts.h"

enum { PARENT = GF_OWN_PURPOSE, CHILDREN, CURRENT };

#define NO_FOLDER "there is no folder with the uid {uid}"
#define RESERVED " is no folder, but a name that Grafana keeps for itself"

/* The root, and what is shared with somebody who may not see where it is. */
static bool is_reserved(gf_str uid) { return gf_str_eq(uid, "general") || gf_str_eq(uid, "sharedwithme"); }

static bool names_reserved(const gf_call *call, const char *var) {
  char digits[24];
  gf_str uid;
  return gf_get_var(call, var, &uid, digits) && is_reserved(uid);
}

static bool is_text(gf_value v) {
  gf_str text;
  return gf_value_string(v, &text);
}

void gf_folder_check(gf_call *call) {
  if (names_reserved(call, "uid")) gf_finish_as(call, GF_NOT_FOUND, GF_REASON_NONE, "{uid}" RESERVED);
}

/* The parent of data or options. */
static void check_parent(gf_call *call, const char *say) {
  if (names_reserved(call, "parentUid")) gf_finish_as(call, GF_NOT_FOUND, GF_FOLDER_NOT_FOUND, say);
}

void gf_folders_check(gf_call *call) {
  check_parent(call, "{parentUid}" RESERVED "; parentUid = \"\" lists the root");
  call->cuts_pages = gf_option_of(call, "parentUid") != NULL;
}

bool gf_keep_in_parent(gf_call *call, gf_value item) {
  const gf_arg *parent = gf_option_of(call, "parentUid");
  gf_str folder = {NULL, 0};
  gf_value_string(gf_value_get(item, "folderUid"), &folder);
  return !parent || gf_str_same(parent->string, folder);
}

/* An answer to a question about a folder; without one the call ends with what was said instead. */
static bool holds_folder(gf_call *call, gf_exchange *x) {
  bool found = x->verdict.status == GF_OK && is_text(gf_value_get(gf_doc_root(x->doc), "uid"));
  if (x->verdict.status == GF_OK && !found) gf_judge_broken(x, "the answer holds no folder");
  if (!found) gf_row_settle(call, x);
  return found;
}

/* -------------------------------------------------------------------------------------------------------- creating -- */

void gf_create_folder_check(gf_call *call) {
  gf_value parent = gf_value_get(gf_data_of(call), "parentUid");
  if (gf_value_is_given(parent) && !is_text(parent))
    gf_finish_as(call, GF_INVALID_DATA, GF_REASON_NONE, "the key parentUid is no string");
  else
    check_parent(call, "{parentUid}" RESERVED "; without parentUid a folder is created at the root");
}

void gf_create_folder_start(gf_call *call) {
  gf_str parent;
  if (gf_value_string(gf_value_get(gf_data_of(call), "parentUid"), &parent) && parent.n)
    gf_ask_in_org(call, PARENT, "/api/folders/{parentUid}");
  else
    gf_row_start(call);
}

static void judge_parent(gf_exchange *x) {
  if (x->verdict.status != GF_NOT_FOUND) return;
  x->verdict.reason = GF_FOLDER_NOT_FOUND;
  x->verdict.say = "there is no folder with the uid {parentUid} to create another in";
}

static bool names_parent(gf_value folder) {
  gf_str parent;
  return gf_value_string(gf_value_get(folder, "parentUid"), &parent) && parent.n > 0;
}

static void take_parent(gf_call *call, gf_exchange *x) {
  judge_parent(x);
  if (!holds_folder(call, x)) return;
  if (names_parent(gf_doc_root(x->doc)))
    gf_row_start(call); /* there are folders inside folders: this is one */
  else
    gf_ask_in_org(call, CHILDREN, "/api/folders?parentUid={parentUid}&limit=1");
}

static void take_children(gf_call *call, gf_exchange *x) {
  judge_parent(x);
  gf_value list = gf_take_array(x);
  if (!gf_value_is_absent(list) && gf_value_len(list) > 0 && !names_parent(gf_value_at(list, 0)))
    x->verdict = (gf_verdict){.status = GF_ERROR,
                              .reason = GF_UNSUPPORTED,
                              .code = x->code,
                              .say = "this server has no folders inside folders"};
  if (x->verdict.status == GF_OK)
    gf_row_start(call);
  else
    gf_row_settle(call, x);
}

void gf_create_folder_answer(gf_call *call, gf_exchange *x) {
  switch (x->purpose) {
  case PARENT: take_parent(call, x); break;
  case CHILDREN: take_children(call, x); break;
  default: gf_row_answer(call, x); break;
  }
}

/* -------------------------------------------------------------------------------------------------------- changing -- */

/* The server passes over what the update of a folder cannot do. */
static const char *cannot_change(const gf_call *call, gf_value folder) {
  gf_value changes = gf_data_of(call);
  gf_value uid = gf_value_get(changes, "uid"), parent = gf_value_get(changes, "parentUid");
  gf_str wanted = {NULL, 0}, is = {NULL, 0};
  gf_value_string(gf_value_get(folder, "uid"), &is);
  if (gf_value_is_given(uid) && !(gf_value_string(uid, &wanted) && gf_str_same(wanted, is)))
    return "a folder keeps its uid: the key uid of the changes is another";
  is = wanted = (gf_str){NULL, 0};
  gf_value_string(gf_value_get(folder, "parentUid"), &is);
  bool readable = !gf_value_is_given(parent) || gf_value_string(parent, &wanted); /* null is the root */
  if (!gf_value_is_absent(parent) && !(readable && gf_str_same(wanted, is)))
    return "update_folder moves no folder to another parentUid: that is what move_folder is for";
  return NULL;
}

static bool fill_in(gf_doc *changes, const char *key, gf_value folder) {
  const gf_step path = {.key = gf_z(key)};
  gf_json_error error;
  gf_value there = gf_value_get(folder, key);
  if (gf_value_is_given(gf_value_get(gf_doc_root(changes), key)) || gf_value_is_absent(there)) return true;
  return gf_doc_set(changes, there, &path, 1, &error);
}

/* The title has to be sent, and the version under which nobody else has changed the folder. */
static gf_doc *with_what_is_there(gf_call *call, gf_value folder) {
  bool overwrite = false;
  gf_doc *changes = gf_doc_copy(gf_data_of(call).doc);
  gf_value_bool(gf_value_get(gf_data_of(call), "overwrite"), &overwrite);
  bool done =
      changes && fill_in(changes, "title", folder) && (overwrite || fill_in(changes, "version", folder));
  if (done) return changes;
  gf_doc_release(changes);
  gf_lacks_memory(call);
  return NULL;
}

/* What the folder is when the changes have been made: told to a probe. */
static void note_aim(gf_call *call, gf_value changes) {
  char digits[24];
  gf_str title;
  int64_t version;
  if (gf_value_string(gf_value_get(changes, "title"), &title)) gf_set_var(call, "title", title, true);
  if (gf_value_int(gf_value_get(changes, "version"), &version))
    gf_set_var(call, "next", gf_digits(version + 1, digits), false);
}

static void send_changes(gf_call *call, gf_doc *changes) {
  note_aim(call, gf_doc_root(changes));
  gf_send_document(call, changes);
}

void gf_update_folder_check(gf_call *call) {
  gf_folder_check(call);
  if (!call->done) gf_refuse_empty(call, "title");
}

void gf_update_folder_start(gf_call *call) { gf_ask_in_org(call, CURRENT, "/api/folders/{uid}"); }

static void take_current(gf_call *call, gf_exchange *x) {
  gf_judge_by_rules(call, x);
  if (!holds_folder(call, x)) return;
  gf_value folder = gf_doc_root(x->doc);
  const char *problem = cannot_change(call, folder);
  if (problem) {
    gf_finish_as(call, GF_INVALID_DATA, GF_REASON_NONE, problem);
    return;
  }
  gf_str parent;
  if (gf_value_string(gf_value_get(folder, "parentUid"), &parent))
    gf_set_var(call, "parentUid", parent, true);
  gf_doc *changes = call->done ? NULL : with_what_is_there(call, folder);
  if (changes) send_changes(call, changes);
  gf_doc_release(changes);
}

void gf_update_folder_answer(gf_call *call, gf_exchange *x) {
  if (x->purpose == CURRENT)
    take_current(call, x);
  else
    gf_row_answer(call, x);
}

/* ---------------------------------------------------------------------------------------------------------- moving -- */

void gf_move_folder_check(gf_call *call) {
  gf_folder_check(call);
  if (!call->done && names_reserved(call, "parent"))
    gf_finish_as(call, GF_NOT_FOUND, GF_FOLDER_NOT_FOUND,
                 "{parent}" RESERVED "; grafana.null stands for the root");
}

/* ------------------------------------------------------------------------------------------------- how each is done -- */

/* clang-format off */

#define FOLDER_MISSING {404, "folder", GF_NOT_FOUND, GF_REASON_NONE, NO_FOLDER}
/* The one folder that has the title, in the same place. */
#define FOLDER_OF_TITLE                                                                                                \
  {.when = GF_ON_STATUS, .status = GF_ALREADY_EXISTS, .only_reason = GF_NAME_EXISTS, .in_org = true,                   \
   .get = "/api/search?type=dash-folder&limit=5000&query={title}", .find = "title", .by = "title", .only_one = true,    \
   .beside = "folderUid", .beside_is = "parentUid", .pointer = "/uid", .key = "uid"}
/* An update that is sent again meets the version that it has made itself. */
#define CHANGED_BY_US                                                                                                  \
  {.when = GF_ON_STATUS, .status = GF_ALREADY_EXISTS, .only_reason = GF_VERSION_MISMATCH, .settles_doubt = true,        \
   .only_given = "next", .in_org = true, .get = "/api/folders/{uid}", .find = "next", .by = "version", .beside = "title", \
   .beside_is = "title", .only_one = true, .pointer = "", .key = "folder"}
#define ALERT_RULES "alert rules are inside: the option forceDeleteRules deletes them too"
#define TOO_DEEP "folders may not be nested so deeply"

const gf_op_rule gf_rule_create_folder = {
    .org_header = true,
    .picks = {{"id", "/id", true}, {"uid", "/uid"}, {"folder", ""}},
    .rules = {{412, "by someone else", GF_ALREADY_EXISTS, GF_UID_EXISTS, "the uid {uid} is taken"},
              {500, "max depth", GF_INVALID_DATA, GF_REASON_NONE, TOO_DEEP},
              {400, "depth", GF_INVALID_DATA, GF_REASON_NONE, TOO_DEEP},
              {500, "invalid uid", GF_INVALID_DATA, GF_REASON_NONE, "the uid {uid} is one that Grafana keeps for itself"}},
    .probes = {{.when = GF_ON_STATUS, .status = GF_ALREADY_EXISTS, .only_reason = GF_UID_EXISTS, .only_given = "uid",
                .in_org = true, .get = "/api/folders/{uid}", .pointer = "/uid", .key = "uid", .also = "id"},
               FOLDER_OF_TITLE},
    .check = gf_create_folder_check,
    .start = gf_create_folder_start,
    .on_answer = gf_create_folder_answer,
};

const gf_op_rule gf_rule_get_folders = {
    .org_header = true,
    .paging = {.list = "", .size_param = "limit", .first = 1, .identity = "uid",
               .columns = {{"id"}, {"uid"}, {"title"}, {"parentUid", "folderUid"}, {"url"}}},
    .probes = {{.when = GF_BEFORE, .only_given = "parentUid", .in_org = true, .get = "/api/folders/{parentUid}",
                .missing = GF_NOT_FOUND, .missing_reason = GF_FOLDER_NOT_FOUND,
                .say = "there is no folder with the uid {parentUid}"}},
    .check = gf_folders_check,
    .keep = gf_keep_in_parent,
};

const gf_op_rule gf_rule_get_folder = {
    .org_header = true,
    .picks = {{"folder", ""}},
    .rules = {FOLDER_MISSING},
    .check = gf_folder_check,
};

const gf_op_rule gf_rule_update_folder = {
    .org_header = true,
    .picks = {{"folder", ""}},
    .rules = {FOLDER_MISSING,
              {412, "by someone else", GF_ALREADY_EXISTS, GF_VERSION_MISMATCH,
               "the folder {uid} has been changed by someone else"}},
    .probes = {FOLDER_OF_TITLE, CHANGED_BY_US},
    .check = gf_update_folder_check,
    .start = gf_update_folder_start,
    .on_answer = gf_update_folder_answer,
};

const gf_op_rule gf_rule_move_folder = {
    .org_header = true,
    .idempotent = true,
    .picks = {{"folder", ""}},
    .rules = {{404, "nested folder", GF_ERROR, GF_UNSUPPORTED, "this server has no folders inside folders"},
              FOLDER_MISSING,
              {500, "circular", GF_INVALID_DATA, GF_REASON_NONE, "a folder may not be moved into itself, nor into one below it"},
              {400, "depth", GF_INVALID_DATA, GF_REASON_NONE, TOO_DEEP},
              {500, "max depth", GF_INVALID_DATA, GF_REASON_NONE, TOO_DEEP}},
    .probes = {{.when = GF_BEFORE, .only_given = "parent", .in_org = true, .get = "/api/folders/{parent}",
                .missing = GF_NOT_FOUND, .missing_reason = GF_FOLDER_NOT_FOUND,
                .say = "there is no folder with the uid {parent} to move another into"}},
    .check = gf_move_folder_check,
};

const gf_op_rule gf_rule_delete_folder = {
    .org_header = true,
    .rules = {FOLDER_MISSING,
              {400, "not empty", GF_INVALID_DATA, GF_REASON_NONE, ALERT_RULES},
              {400, "alert rule", GF_INVALID_DATA, GF_REASON_NONE, ALERT_RULES},
              {403, "library", GF_INVALID_DATA, GF_REASON_NONE, "library panels are inside that dashboards elsewhere use"}},
    .probes = {{.when = GF_BEFORE, .in_org = true, .get = "/api/folders/{uid}", .missing = GF_NOT_FOUND,
                .say = NO_FOLDER}},
    .check = gf_folder_check,
};

/* clang-format on */
