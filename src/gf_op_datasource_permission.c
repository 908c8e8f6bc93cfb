/* SPDX-License-Identifier: MIT
 *
 * Permissions of data sources. There are two generations of routes; a server has one of them, or none:
 *
 *   first     /api/datasources/{number}/…               Enterprise up to 9, Amazon Managed Grafana; to be enabled
 *   second    /api/access-control/datasources/{uid}/…   Enterprise and Cloud since then; always enabled
 *
 * Which one it is shows when the list of permissions is asked for: of the first generation before the second, for a
 * server with both says only there whether permissions are enabled. It is remembered with the client; when a remembered
 * route is gone, it is looked for again.
 *
 *   data source ──► list ──┬─► get                                                        ──► done
 *   (number or uid,        ├─► add: nobody has it yet, and it is a member ──► write ──► list, for the new id
 *   where the routes       ├─► remove, second: whose it is ──► write
 *   need the other)        └─► the rest ──► write
 *
 * A call that needs no list, and knows the generation, writes at once. A data source that is not there is not found only
 * where there are permissions of data sources at all; until that is known it is asked for routes alone.
 */
#include "gf_op_parts.h"
#include "gf_permissions.h"

#define NO_PERMISSIONS "this server has no permissions of data sources"
#define ALWAYS_ENABLED                                                                                       \
  "on this server permissions of data sources cannot be disabled: to let everyone query, add one for the "   \
  "role Viewer"
#define NO_SUBJECT_USER "the user {userId} is no member of the organisation"
#define NO_SUBJECT_TEAM "there is no team {teamId}"

enum { SOURCE = GF_OWN_PURPOSE, SOURCES, LIST, MEMBERS, ACCOUNT };

typedef struct work {
  gf_generation generation; /* whose routes are asked */
  bool looking;             /* that is not known yet */
  bool looked;              /* once in a call is enough */
  bool gone;                /* a remembered route was not there */
  bool has_number, has_uid; /* of the data source: {number}, {uid} */
  bool seen;                /* the data source is there */
  bool missing;             /* it is not */
  bool written;             /* the addition has been answered, with `refusal` if that is not ok */
  gf_verdict refusal;
} work;

/* Whom a permission is for: its key, and the second generation's path. */
static const struct {
  const char *key, *path, *taken;
} subjects[] = {{"userId", "/api/access-control/datasources/{uid}/users/{userId}",
                 "the user {userId} has a permission already"},
                {"teamId", "/api/access-control/datasources/{uid}/teams/{teamId}",
                 "the team {teamId} has a permission already"},
                {"builtInRole", "/api/access-control/datasources/{uid}/builtInRoles/{builtInRole}",
                 "the role {builtInRole} has a permission already"}};
enum { SUBJECTS = sizeof subjects / sizeof *subjects };

static bool does(const gf_call *call, const gf_op_rule *rule) { return call->op->rule == rule; }
static bool adds(const gf_call *call) { return does(call, &gf_rule_add_datasource_permission); }
static bool removes(const gf_call *call) { return does(call, &gf_rule_remove_datasource_permission); }

/* ------------------------------------------------------------------------------------------------------ arguments -- */

static bool is_given(gf_value data, const char *key) { return gf_value_is_given(gf_value_get(data, key)); }

static bool is_id(gf_value v) { return unsafe_yyjson_is_int(v.node); }

static bool is_role(gf_value v) {
  gf_str role;
  return gf_value_string(v, &role) && gf_is_role(role);
}

static bool is_below_one(gf_value data, const char *key) {
  int64_t id;
  return gf_value_int(gf_value_get(data, key), &id) && id < 1;
}

/* 1 Query, 2 Edit; 0: neither. */
static int level_of(gf_value permission) {
  gf_str name;
  int64_t number = 0;
  if (gf_value_string(permission, &name))
    return gf_str_eq(name, "Query") ? 1 : gf_str_eq(name, "Edit") ? 2 : 0;
  return gf_value_int(permission, &number) && (number == 1 || number == 2) ? (int)number : 0;
}

static void refuse(gf_call *call, gf_status status, const char *say) {
  gf_finish_as(call, status, GF_REASON_NONE, say);
}

static void check_addition(gf_call *call) {
  gf_value data = gf_data_of(call);
  bool user = is_given(data, "userId"), team = is_given(data, "teamId"), role = is_given(data, "builtInRole");
  if (user + team + role != 1)
    refuse(call, GF_INVALID_DATA, "argument 'item' names more than one of userId, teamId and builtInRole");
  else if ((user && !is_id(gf_value_get(data, "userId"))) || (team && !is_id(gf_value_get(data, "teamId"))))
    refuse(call, GF_INVALID_DATA, "argument 'item': userId and teamId are integers");
  else if (role && !is_role(gf_value_get(data, "builtInRole")))
    refuse(call, GF_INVALID_DATA, "argument 'item': builtInRole is \"Viewer\", \"Editor\" or \"Admin\"");
  else if (!level_of(gf_value_get(data, "permission")))
    refuse(call, GF_INVALID_DATA, "argument 'item': permission is \"Query\" (1) or \"Edit\" (2)");
  else if (user && is_below_one(data, "userId"))
    refuse(call, GF_USER_NOT_FOUND, NO_SUBJECT_USER);
  else if (team && is_below_one(data, "teamId"))
    refuse(call, GF_NOT_FOUND, NO_SUBJECT_TEAM);
}

/* ------------------------------------------------------------------------------------------------------- requests -- */

static void ask_source(gf_call *call) {
  bool by_uid = gf_var_is_text(call, "id");
  if (!by_uid && gf_server_fact(call->client, GF_NO_NUMERIC_DATASOURCES))
    gf_ask_in_org(call, SOURCES, "/api/datasources");
  else
    gf_ask_in_org(call, SOURCE, by_uid ? "/api/datasources/uid/{id}" : "/api/datasources/{id}");
}

/* Where there is no data source, it is only asked whether there is such a route: the second's description always is. */
static void ask_list(gf_call *call) {
  const work *w = call->state;
  if (w->generation == GF_FIRST_GENERATION)
    gf_ask_in_org(call, LIST,
                  w->has_number ? "/api/datasources/{number}/permissions" : "/api/datasources/0/permissions");
  else
    gf_ask_in_org(call, LIST,
                  w->missing ? "/api/access-control/datasources/description"
                             : "/api/access-control/datasources/{uid}");
}

/* Which of them; there is one: it was checked, or taken from the list. */
static size_t subject_of(const gf_call *call) {
  char digits[24];
  gf_str text;
  size_t i = 0;
  while (i + 1 < SUBJECTS && !gf_get_var(call, subjects[i].key, &text, digits))
    i++;
  return i;
}

/* What is given, with the permission as a number. */
static void add_item(gf_call *call, gf_buf *body) {
  const gf_step path = {.key = gf_z("permission")};
  gf_value data = gf_data_of(call);
  gf_json_error error;
  gf_doc *level = gf_doc_parse(&call->client->alloc,
                               gf_z(level_of(gf_value_get(data, "permission")) == 1 ? "1" : "2"), &error);
  gf_doc *item = level ? gf_doc_copy(data.doc) : NULL;
  if (item && gf_doc_set(item, gf_doc_root(level), &path, 1, &error))
    gf_add_json_value(call, body, gf_doc_root(item));
  else
    body->failed = true;
  gf_doc_release(item);
  gf_doc_release(level);
}

static void add_level(gf_call *call, gf_buf *body) {
  int level = adds(call) ? level_of(gf_value_get(gf_data_of(call), "permission")) : 0;
  gf_buf_add_str(body, level == 1   ? "{\"permission\":\"Query\"}"
                       : level == 2 ? "{\"permission\":\"Edit\"}"
                                    : "{\"permission\":\"\"}");
}

static void write_with_body(gf_call *call, const char *path, bool idempotent,
                            void (*add)(gf_call *, gf_buf *)) {
  gf_buf body;
  gf_ask question = {
      .purpose = GF_MAIN, .method = "POST", .path = path, .in_org = !call->own_org, .idempotent = idempotent};
  gf_buf_init(&body, &call->client->alloc, GF_MAX_SENT_BODY);
  add(call, &body);
  gf_ask_with(call, &question, &body);
}

static void add_nothing(gf_call *call, gf_buf *body) {
  (void)call;
  gf_buf_add_str(body, "{}");
}

static void write_first(gf_call *call) {
  const gf_ask question = {.purpose = GF_MAIN,
                           .method = "DELETE",
                           .path = "/api/datasources/{number}/permissions/{permission}",
                           .in_org = !call->own_org};
  if (removes(call))
    gf_ask_for(call, &question);
  else if (adds(call))
    write_with_body(call, "/api/datasources/{number}/permissions", false, add_item);
  else if (does(call, &gf_rule_enable_datasource_permissions))
    write_with_body(call, "/api/datasources/{number}/enable-permissions", true, add_nothing);
  else
    write_with_body(call, "/api/datasources/{number}/disable-permissions", true, add_nothing);
}

static void send_write(gf_call *call) {
  const work *w = call->state;
  if (w->generation == GF_FIRST_GENERATION)
    write_first(call);
  else
    write_with_body(call, subjects[subject_of(call)].path, true, add_level);
}

/* ------------------------------------------------------------------------------------------------- the way through -- */

static bool needs_list(const gf_call *call) {
  const work *w = call->state;
  return w->looking || w->generation == GF_SECOND_GENERATION || adds(call) ||
         does(call, &gf_rule_get_datasource_permissions);
}

static void proceed(gf_call *call) {
  const work *w = call->state;
  bool addressed = w->generation == GF_FIRST_GENERATION ? w->has_number : w->has_uid;
  if (!addressed && !w->missing)
    ask_source(call);
  else if (needs_list(call))
    ask_list(call);
  else
    send_write(call);
}

static void look(gf_call *call, gf_generation first) {
  work *w = call->state;
  w->looking = w->looked = true;
  w->generation = first;
}

static void free_work(gf_call *call) { gf_free(&call->client->alloc, call->state); }

void gf_datasource_permissions_start(gf_call *call) {
  char digits[24];
  gf_str id;
  work *w = call->state = gf_zalloc(&call->client->alloc, sizeof(work));
  if (!w) {
    gf_lacks_memory(call);
    return;
  }
  call->free_state = free_work;
  w->has_uid = gf_var_is_text(call, "id");
  w->has_number = !w->has_uid;
  if (gf_get_var(call, "id", &id, digits)) gf_set_var(call, w->has_uid ? "uid" : "number", id, w->has_uid);
  w->generation = (gf_generation)gf_server_fact(call->client, GF_PERMISSION_ROUTES);
  if (w->generation == GF_NO_GENERATION) look(call, GF_FIRST_GENERATION);
  proceed(call);
}

/* What the answer means by the row's rules and probes. */
static void settle(gf_call *call, gf_exchange *x) {
  gf_judge_by_rules(call, x);
  gf_row_settle(call, x);
}

static void finish_as(gf_call *call, gf_exchange *x, gf_status status, gf_reason reason, const char *say) {
  const gf_verdict verdict = {.status = status, .reason = reason, .code = x->code, .say = say};
  gf_finish(call, &verdict, x);
}

/* The other generation's, or that of a server which has been upgraded; in the end there is none. */
static void take_no_route(gf_call *call, gf_exchange *x) {
  work *w = call->state;
  if (w->looking && w->generation == GF_FIRST_GENERATION) {
    w->generation = GF_SECOND_GENERATION;
    proceed(call);
  } else if (w->looked) {
    finish_as(call, x, GF_ERROR, GF_UNSUPPORTED, NO_PERMISSIONS);
  } else { /* or is it the data source? */
    w->gone = true;
    ask_source(call);
  }
}

/* ---------------------------------------------------------------------------------------------- the data source -- */

static void take_source(gf_call *call, gf_value source) {
  work *w = call->state;
  char digits[24];
  gf_str number, uid;
  if (gf_scalar_text(gf_value_get(source, "id"), &number, digits)) {
    gf_set_var(call, "number", number, false);
    w->has_number = true;
  }
  if (gf_value_string(gf_value_get(source, "uid"), &uid)) {
    gf_set_var(call, "uid", uid, true);
    w->has_uid = true;
  }
  w->seen = true;
  if (w->gone) {
    gf_server_forget(call->client);
    w->gone = false;
    look(call, w->generation == GF_FIRST_GENERATION ? GF_SECOND_GENERATION : GF_FIRST_GENERATION);
  }
  proceed(call);
}

static void take_no_source(gf_call *call, gf_exchange *x) {
  work *w = call->state;
  w->missing = true;
  if (w->looking)
    proceed(call);
  else
    finish_as(call, x, GF_NOT_FOUND, GF_REASON_NONE, NO_DATASOURCE);
}

static bool has_both_names(gf_value source) {
  char digits[24];
  gf_str text;
  return gf_scalar_text(gf_value_get(source, "id"), &text, digits) &&
         gf_value_string(gf_value_get(source, "uid"), &text);
}

static void take_one(gf_call *call, gf_exchange *x) {
  gf_judge_by_rules(call, x);
  gf_value source = x->verdict.status == GF_OK ? gf_doc_root(x->doc) : (gf_value){NULL, NULL};
  if (x->verdict.reason == GF_UNSUPPORTED && !gf_var_is_text(call, "id")) {
    gf_ask_in_org(call, SOURCES, "/api/datasources");
  } else if (x->verdict.status == GF_NOT_FOUND) {
    take_no_source(call, x);
  } else if (x->verdict.status != GF_OK) {
    gf_row_settle(call, x);
  } else if (!has_both_names(source)) {
    gf_judge_broken(x, "the answer holds no data source");
    gf_row_settle(call, x);
  } else {
    take_source(call, source);
  }
}

/* One that was given to somebody here, and can be taken back; the first generation knows no others. */
static bool is_managed(gf_value item) {
  bool managed = true, inherited = false;
  gf_value_bool(gf_value_get(item, "isManaged"), &managed);
  gf_value_bool(gf_value_get(item, "isInherited"), &inherited);
  return managed && !inherited;
}

/* The item of an array of which `key` is the variable's value. */
static gf_value find_item(gf_call *call, gf_value items, const char *key, const char *var, bool managed) {
  gf_iter it = gf_iterate(items);
  for (void *k, *node; gf_iter_next(&it, &k, &node);) {
    gf_value item = {items.doc, node};
    if ((!managed || is_managed(item)) && gf_equals_var(call, gf_value_get(item, key), var)) return item;
  }
  return (gf_value){NULL, NULL};
}

/* A server without numeric routes for data sources: the list tells the uid. */
static void take_all(gf_call *call, gf_exchange *x) {
  gf_value sources = gf_take_array(x);
  if (gf_value_is_absent(sources)) {
    gf_row_settle(call, x);
    return;
  }
  gf_value source = find_item(call, sources, "id", "id", false);
  if (has_both_names(source)) {
    gf_server_note(call->client, GF_NO_NUMERIC_DATASOURCES, 1);
    take_source(call, source);
  } else {
    take_no_source(call, x);
  }
}

/* -------------------------------------------------------------------------------------------- the list of permissions -- */

static bool has_managed(gf_value items) {
  gf_iter it = gf_iterate(items);
  for (void *k, *node; gf_iter_next(&it, &k, &node);)
    if (is_managed((gf_value){items.doc, node})) return true;
  return false;
}

static void put_permissions(gf_call *call, gf_exchange *x, gf_value items) {
  bool enabled = true;
  gf_iter it = gf_iterate(items);
  for (void *k, *node; gf_iter_next(&it, &k, &node);)
    gf_list_add(call, &call->list, (gf_value){items.doc, node});
  gf_hold_doc(call, x->doc);
  gf_value_bool(gf_value_get(gf_doc_root(x->doc), "enabled"), &enabled);
  gf_put_bool(call, "enabled", enabled);
  gf_put_list(call, "permissions", &call->list);
  gf_finish_ok(call, x);
}

/* What the subject of the addition has already. */
static gf_value find_given(gf_call *call, gf_value items) {
  const char *key = subjects[subject_of(call)].key;
  return find_item(call, items, key, key, true);
}

/* After the write: the item that it made, or that stood in its way. */
static void finish_addition(gf_call *call, gf_exchange *x, gf_value id) {
  work *w = call->state;
  bool found = !gf_value_is_absent(id), added = w->refusal.status == GF_OK;
  if (found && added) {
    call->result.uncertain = false;
    gf_put_value(call, "id", id);
    gf_finish_ok(call, x);
  } else if (added) {
    gf_judge_broken(x, "the permission was added, but the list does not show it");
    x->maybe_arrived = true;
    gf_row_settle(call, x);
  } else {
    x->verdict = w->refusal;
    gf_row_settle(call, x);
  }
}

static void take_for_addition(gf_call *call, gf_exchange *x, gf_value items) {
  work *w = call->state;
  gf_value id = gf_value_get(find_given(call, items), "id");
  bool added = w->written && w->refusal.status == GF_OK;
  if (!gf_value_is_absent(id) && !added) {
    gf_put_value(call, "id", id);
    finish_as(call, x, GF_ALREADY_EXISTS, GF_REASON_NONE, subjects[subject_of(call)].taken);
  } else if (w->written) {
    finish_addition(call, x, id);
  } else if (is_given(gf_data_of(call), "userId")) {
    gf_ask_in_org(call, MEMBERS,
                  "/api/org/users"); /* the second generation takes whoever there is on the server */
  } else {
    send_write(call);
  }
}

/* The second generation removes by whom it is for. */
static void take_for_removal(gf_call *call, gf_exchange *x, gf_value items) {
  char digits[24];
  gf_str text;
  gf_value item = find_item(call, items, "id", "permission", false);
  if (gf_value_is_absent(item)) {
    finish_as(call, x, GF_NOT_FOUND, GF_REASON_NONE, "the data source {id} has no permission {permission}");
    return;
  }
  for (size_t i = 0; is_managed(item) && i < SUBJECTS; i++) {
    gf_value subject = gf_value_get(item, subjects[i].key);
    if (gf_is_nobody(subject) || !gf_scalar_text(subject, &text, digits)) continue;
    gf_set_var(call, subjects[i].key, text, false);
    send_write(call);
    return;
  }
  finish_as(call, x, GF_INVALID_DATA, GF_REASON_NONE,
            "the permission {permission} comes with a role and cannot be removed from the data source");
}

static void take_items(gf_call *call, gf_exchange *x, gf_value items) {
  const work *w = call->state;
  bool second = w->generation == GF_SECOND_GENERATION;
  if (adds(call))
    take_for_addition(call, x, items);
  else if (removes(call) && second)
    take_for_removal(call, x, items);
  else if (second && !w->seen && !has_managed(items))
    ask_source(call); /* the list of a data source that is not there looks like this, too */
  else if (does(call, &gf_rule_get_datasource_permissions))
    put_permissions(call, x, items);
  else if (does(call, &gf_rule_enable_datasource_permissions) && second)
    gf_finish_ok(call, x);
  else if (second)
    finish_as(call, x, GF_ERROR, GF_UNSUPPORTED, ALWAYS_ENABLED);
  else
    send_write(call);
}

static gf_value items_of(gf_call *call, gf_exchange *x) {
  const work *w = call->state;
  gf_value items = gf_doc_root(x->doc);
  if (w->generation == GF_FIRST_GENERATION) items = gf_value_get(items, "permissions");
  return !gf_value_is_absent(items) && unsafe_yyjson_is_arr(items.node) ? items : (gf_value){NULL, NULL};
}

/* The route is there: it is Grafana that answers, whatever it says. */
static bool is_answered(const gf_exchange *x) {
  gf_status status = x->verdict.status;
  return status == GF_OK || status == GF_NOT_FOUND || status == GF_INVALID_DATA ||
         x->verdict.reason == GF_FORBIDDEN || x->verdict.reason == GF_SERVER_ERROR;
}

static void take_list(gf_call *call, gf_exchange *x) {
  work *w = call->state;
  gf_value items = {NULL, NULL};
  x->maybe_arrived = w->written && w->refusal.status == GF_OK;
  if (x->verdict.reason == GF_UNSUPPORTED) {
    take_no_route(call, x);
    return;
  }
  if (w->missing && is_answered(x)) {
    finish_as(call, x, GF_NOT_FOUND, GF_REASON_NONE, NO_DATASOURCE);
    return;
  }
  if (x->verdict.status == GF_OK) {
    items = items_of(call, x);
    if (gf_value_is_absent(items)) gf_judge_broken(x, "the answer holds no permissions");
  }
  if (x->verdict.status != GF_OK) {
    settle(call, x);
    return;
  }
  gf_server_note(call->client, GF_PERMISSION_ROUTES, (int)w->generation);
  w->looking = false;
  take_items(call, x, items);
}

/* ------------------------------------------------------------------------------------------------------- who is a user -- */

static void refuse_user(gf_call *call, gf_exchange *x) {
  finish_as(call, x, GF_USER_NOT_FOUND, GF_REASON_NONE, NO_SUBJECT_USER);
}

/* Who may not see the members leaves it to the server. */
static void take_members(gf_call *call, gf_exchange *x) {
  bool unseen = x->verdict.reason == GF_FORBIDDEN || x->verdict.reason == GF_UNSUPPORTED;
  gf_value members = gf_take_array(x);
  if (x->verdict.status != GF_OK && !unseen)
    gf_row_settle(call, x);
  else if (unseen || !gf_value_is_absent(find_item(call, members, "userId", "userId", false)))
    send_write(call);
  else
    gf_ask_in_org(call, ACCOUNT, "/api/serviceaccounts/{userId}"); /* they are users, too, and no members */
}

static void take_account(gf_call *call, gf_exchange *x) {
  if (x->verdict.status == GF_OK || x->verdict.reason == GF_FORBIDDEN)
    send_write(call);
  else if (x->verdict.status == GF_NOT_FOUND || x->verdict.status == GF_INVALID_DATA ||
           x->verdict.reason == GF_UNSUPPORTED)
    refuse_user(call, x);
  else
    gf_row_settle(call, x);
}

/* ------------------------------------------------------------------------------------------------------- the write -- */

static void take_written(gf_call *call, gf_exchange *x) {
  work *w = call->state;
  if (x->verdict.reason == GF_UNSUPPORTED) {
    take_no_route(call, x);
    return;
  }
  gf_judge_by_rules(call, x);
  gf_status status = x->verdict.status;
  /* For the id; or somebody else may have been faster. */
  bool look_again =
      adds(call) && (status == GF_OK || status == GF_INVALID_DATA || status == GF_ALREADY_EXISTS);
  if (!look_again) {
    gf_row_settle(call, x);
    return;
  }
  w->written = true;
  w->refusal = x->verdict;
  call->result.uncertain = status == GF_OK; /* whatever becomes of the question for the id */
  ask_list(call);
}

void gf_datasource_permissions_answer(gf_call *call, gf_exchange *x) {
  switch (x->purpose) {
  case SOURCE: take_one(call, x); break;
  case SOURCES: take_all(call, x); break;
  case LIST: take_list(call, x); break;
  case MEMBERS: take_members(call, x); break;
  case ACCOUNT: take_account(call, x); break;
  case GF_MAIN: take_written(call, x); break;
  default: gf_row_answer(call, x); break;
  }
}

/* ------------------------------------------------------------------------------------------------- how each is done -- */

/* clang-format off */

#define SOURCE_EXISTS(kind, route)                                                                                     \
  {.when = GF_ON_STATUS, .status = GF_ERROR, .only_reason = GF_SERVER_ERROR, kind = "id", .in_org = true, .get = route, \
   .missing = GF_NOT_FOUND, .say = NO_DATASOURCE}
#define SOURCE_IS_THERE                                                                                                \
  SOURCE_EXISTS(.only_text, "/api/datasources/uid/{id}"), SOURCE_EXISTS(.only_number, "/api/datasources/{id}")
#define PERMISSIONS_WAY                                                                                                \
  .org_header = true, .start = gf_datasource_permissions_start, .on_answer = gf_datasource_permissions_answer

const gf_op_rule gf_rule_get_datasource_permissions = {
    PERMISSIONS_WAY,
    .rules = {{404, NULL, GF_NOT_FOUND, GF_REASON_NONE, NO_DATASOURCE}, NO_SUCH_NUMBER},
    .probes = {SOURCE_IS_THERE},
};

const gf_op_rule gf_rule_enable_datasource_permissions = {
    PERMISSIONS_WAY,
    .rules = {{404, NULL, GF_NOT_FOUND, GF_REASON_NONE, NO_DATASOURCE}, NO_SUCH_NUMBER},
    .probes = {SOURCE_IS_THERE},
};

const gf_op_rule gf_rule_disable_datasource_permissions = {
    PERMISSIONS_WAY,
    .rules = {{404, NULL, GF_NOT_FOUND, GF_REASON_NONE, NO_DATASOURCE}, NO_SUCH_NUMBER},
    .probes = {SOURCE_IS_THERE},
};

const gf_op_rule gf_rule_add_datasource_permission = {
    PERMISSIONS_WAY,
    .rules = {{400, "user not found", GF_USER_NOT_FOUND, GF_REASON_NONE, NO_SUBJECT_USER},
              {404, "user", GF_USER_NOT_FOUND, GF_REASON_NONE, NO_SUBJECT_USER},
              {400, "team not found", GF_NOT_FOUND, GF_REASON_NONE, NO_SUBJECT_TEAM},
              {404, "team", GF_NOT_FOUND, GF_REASON_NONE, NO_SUBJECT_TEAM},
              {404, NULL, GF_NOT_FOUND, GF_REASON_NONE, NO_DATASOURCE},
              NO_SUCH_NUMBER},
    .probes = {{.when = GF_ON_STATUS, .status = GF_INVALID_DATA, .in_org = true, .get = "/api/teams/{teamId}",
                .missing = GF_NOT_FOUND, .say = NO_SUBJECT_TEAM},
               SOURCE_IS_THERE},
    .check = check_addition,
};

const gf_op_rule gf_rule_remove_datasource_permission = {
    PERMISSIONS_WAY,
    .rules = {{404, "source", GF_NOT_FOUND, GF_REASON_NONE, NO_DATASOURCE},
              {404, NULL, GF_NOT_FOUND, GF_REASON_NONE, "the data source {id} has no permission {permission}"},
              NO_SUCH_NUMBER},
    .probes = {SOURCE_IS_THERE},
};

/* clang-format on */
