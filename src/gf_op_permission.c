/* SPDX-License-Identifier: MIT
 *
 * Permissions of dashboards and folders. The server replaces all that is there by what it is sent, and takes without a
 * word what it cannot mean: an unknown permission removes, of two items for one subject the last counts. So items are
 * checked before they are sent; a user or a team that does not exist is a bare 500, which is looked into after it.
 *
 * grant_…: names become ids, then all is sent at once. What is to be found out, each where it is needed:
 *
 *     the dashboard's uid for an id ─► teams, page by page ─► members ─► what is there (`keep`) ─► the items
 *
 * A server without numeric routes for dashboards has the id in a search.
 */
#include "gf_op_parts.h"

#include <stdio.h>

enum { FIND = GF_OWN_PURPOSE, TEAMS, MEMBERS, LOGINS, ACCOUNT, CURRENT, ORG };

#define BY_ID "/api/dashboards/id/{dashboard}/permissions"
#define BY_UID "/api/dashboards/uid/{dashboard}/permissions"
#define NO_DASHBOARD "there is no dashboard {dashboard}"
#define SEVERAL_DASHBOARDS "several dashboards have the id {dashboard}; a uid says which"

typedef enum subject_kind { ROLE, TEAM, USER } subject_kind;

/* Who gets a permission. */
typedef struct grant {
  subject_kind kind;
  gf_str name; /* of a role; of a team or a user as the caller wrote it, then as the server has it */
  int64_t id;  /* of a team or a user; 0: not known (yet) */
  int64_t permission;
  bool was_there; /* it was not asked for */
} grant;

typedef struct permissions {
  int looking; /* which list is being read */
  grant *grants;
  size_t n, cap;
  bool found_any;           /* one of the lists that were read had something in it */
  gf_list teams, members;   /* rows of those that are wanted */
  gf_list granted, skipped; /* of the result */
  gf_verdict failed;        /* an update that is looked into */
  int attempts;
  size_t item; /* whose user is looked at */
} permissions;

static const gf_paging hit_pages = {
    .list = "", .size_param = "limit", .first = 1, .identity = "uid", .columns = {{"id"}, {"uid"}}};
static const gf_paging team_pages = {.list = "/teams",
                                     .size_param = "perpage",
                                     .first = 1,
                                     .total = "/totalCount",
                                     .identity = "id",
                                     .columns = {{"id"}, {"name"}}};
static const gf_paging member_pages = {
    .list = "", .identity = "userId", .columns = {{"userId"}, {"login"}, {"email"}}};

/* ----------------------------------------------------------------------------------------------------------- state -- */

static void free_permissions(gf_call *call) {
  permissions *p = call->state;
  gf_free(&call->client->alloc, p->grants);
  gf_list_free(call, &p->teams);
  gf_list_free(call, &p->members);
  gf_list_free(call, &p->granted);
  gf_list_free(call, &p->skipped);
  gf_free(&call->client->alloc, p);
}

/* NULL without memory; the call has ended then. */
static permissions *state_of(gf_call *call) {
  if (call->state) return call->state;
  call->state = gf_zalloc(&call->client->alloc, sizeof(permissions));
  if (call->state)
    call->free_state = free_permissions;
  else
    gf_lacks_memory(call);
  return call->state;
}

static bool is_of_dashboard(const gf_call *call) { return call->op->rule->id != NULL; }
static bool is_by_number(const gf_call *call) {
  return is_of_dashboard(call) && !gf_var_is_text(call, "dashboard");
}

/* -1 stands for the permissions that dashboards have by default. */
static bool is_of_defaults(const gf_call *call) {
  char digits[24];
  gf_str id;
  return is_by_number(call) && gf_get_var(call, "dashboard", &id, digits) && gf_str_eq(id, "-1");
}

static gf_value items_of(const gf_call *call) {
  for (int i = 0; i < GF_MAX_PARAMS && call->op->params[i].name; i++)
    if (call->op->params[i].type == GF_T_LIST && call->args[i].kind == GF_ARG_DOC)
      return gf_doc_root(call->args[i].doc);
  return (gf_value){NULL, NULL};
}

/* -------------------------------------------------------------------------------------------------- items and words -- */

static const char *const role_names[] = {"Admin", "Editor", "Viewer"};

static bool is_role(gf_str name) {
  for (size_t i = 0; i < sizeof role_names / sizeof *role_names; i++)
    if (gf_str_eq(name, role_names[i])) return true;
  return false;
}

static bool is_permission(int64_t number) { return number == 1 || number == 2 || number == 4; }

/* 1, 2, 4 or their names; 0 for anything else. */
static int64_t permission_of(gf_value v) {
  gf_str name;
  int64_t number = 0;
  if (gf_value_int(v, &number)) return is_permission(number) ? number : 0;
  if (!gf_value_string(v, &name)) return 0;
  return gf_str_eq(name, "View") ? 1 : gf_str_eq(name, "Edit") ? 2 : gf_str_eq(name, "Admin") ? 4 : 0;
}

/* What the server shows, and takes, for nobody. */
static bool is_nobody(gf_value v) {
  gf_str text;
  int64_t number;
  if (gf_value_is_absent(v) || unsafe_yyjson_is_null(v.node)) return true;
  return gf_value_string(v, &text) ? text.n == 0 : gf_value_int(v, &number) && number == 0;
}

static bool take_id(gf_value v, grant *g, subject_kind kind, int *subjects) {
  if (is_nobody(v)) return true;
  g->kind = kind;
  ++*subjects;
  return gf_value_int(v, &g->id) && g->id > 0;
}

/* An item as the server takes and shows it. What is wrong with it, or NULL. */
static const char *read_item(gf_value item, grant *g) {
  int subjects = 0;
  gf_value role = gf_value_get(item, "role");
  *g = (grant){.kind = ROLE};
  if (!unsafe_yyjson_is_obj(item.node)) return "is no object";
  if (!is_nobody(role)) subjects++;
  if (!is_nobody(role) && !(gf_value_string(role, &g->name) && is_role(g->name)))
    return "has a role that is none of Viewer, Editor and Admin";
  if (!take_id(gf_value_get(item, "teamId"), g, TEAM, &subjects)) return "has a teamId that is no id";
  if (!take_id(gf_value_get(item, "userId"), g, USER, &subjects)) return "has a userId that is no id";
  if (subjects == 0) return "names neither role, nor teamId, nor userId";
  if (subjects > 1) return "names more than one of role, teamId and userId";
  bool known = gf_value_int(gf_value_get(item, "permission"), &g->permission) && is_permission(g->permission);
  return known ? NULL : "has a permission that is none of 1 (View), 2 (Edit) and 4 (Admin)";
}

static bool is_same_subject(const grant *a, const grant *b) {
  return a->kind == b->kind && (a->kind == ROLE ? gf_str_same(a->name, b->name) : a->id == b->id);
}

static void refuse_item(gf_call *call, size_t index, const char *problem) {
  gf_verdict verdict = {.status = GF_INVALID_DATA};
  snprintf(verdict.words, sizeof verdict.words, "items[%zu] %s", index + 1, problem);
  gf_finish(call, &verdict, NULL);
}

/* Is it the first for its subject? */
static bool is_new_subject(gf_call *call, gf_seen seen[3], const grant *g, gf_value item) {
  static const char *const keys[] = {[ROLE] = "role", [TEAM] = "teamId", [USER] = "userId"};
  return gf_seen_add(call, &seen[g->kind], gf_value_get(item, keys[g->kind]));
}

static void check_items(gf_call *call) {
  gf_seen seen[3] = {{0}};
  size_t index = 0;
  gf_value items = items_of(call);
  gf_iter it = gf_iterate(items);
  for (void *k, *node; !call->done && gf_iter_next(&it, &k, &node); index++) {
    grant g;
    const char *problem = read_item((gf_value){items.doc, node}, &g);
    if (!problem && !is_new_subject(call, seen, &g, (gf_value){items.doc, node}))
      problem = "is a second one for its subject";
    if (problem) refuse_item(call, index, problem);
  }
  for (int kind = 0; kind < 3; kind++)
    gf_seen_free(call, &seen[kind]);
}

void gf_permission_items_check(gf_call *call) {
  if (!is_of_dashboard(call)) gf_folder_check(call);
  if (!call->done) check_items(call);
}

/* ---------------------------------------------------------------------------------------------------- what is asked -- */

static const struct {
  const char *key, *one, *no_permission;
} kinds[] = {
    [ROLE] = {"roles", "role", "the permission of the role {subject} is none of View, Edit and Admin"},
    [TEAM] = {"teams", "team", "the permission of the team {subject} is none of View, Edit and Admin"},
    [USER] = {"users", "user", "the permission of the user {subject} is none of View, Edit and Admin"},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* `say` may name the {subject}. */
static void refuse_grant(gf_call *call, gf_status status, gf_str subject, const char *say) {
  gf_set_var(call, "subject", subject, true);
  gf_finish_as(call, status, GF_REASON_NONE, say);
}

static grant *add_grant(gf_call *call, grant g) {
  permissions *p = call->state;
  if (p->n == p->cap) {
    size_t cap = p->cap ? p->cap * 2 : 8;
    grant *grants = gf_resize(&call->client->alloc, p->grants, cap * sizeof *grants);
    if (!grants) {
      gf_lacks_memory(call);
      return NULL;
    }
    p->grants = grants;
    p->cap = cap;
  }
  p->grants[p->n] = g;
  return &p->grants[p->n++];
}

static void read_named(gf_call *call, subject_kind kind, gf_value names) {
  gf_iter it = gf_iterate(names);
  for (void *k, *node; !call->done && gf_iter_next(&it, &k, &node);) {
    grant g = {.kind = kind, .permission = permission_of((gf_value){names.doc, node})};
    gf_value_string((gf_value){names.doc, k}, &g.name);
    if (g.name.n == 0)
      refuse_grant(call, GF_MISSING_DATA, g.name, "a name that is to get a permission is empty");
    else if (kind == ROLE && !is_role(g.name))
      refuse_grant(call, GF_INVALID_DATA, g.name, "the role {subject} is none of Viewer, Editor and Admin");
    else if (!g.permission)
      refuse_grant(call, GF_INVALID_DATA, g.name, kinds[kind].no_permission);
    else
      add_grant(call, g);
  }
}

static int kind_of_key(gf_str key) {
  int kind = 0;
  while (kind < KINDS && !gf_str_eq(key, kinds[kind].key))
    kind++;
  return kind;
}

static void read_grants(gf_call *call) {
  gf_value asked = gf_data_of(call);
  gf_iter it = gf_iterate(asked);
  for (void *k, *node; !call->done && gf_iter_next(&it, &k, &node);) {
    gf_str key = {NULL, 0};
    gf_value_string((gf_value){asked.doc, k}, &key);
    int kind = kind_of_key(key);
    gf_value names = {asked.doc, node};
    if (kind == KINDS)
      refuse_grant(call, GF_INVALID_DATA, key, "permissions go to roles, teams and users, not to {subject}");
    else if (unsafe_yyjson_is_obj(node))
      read_named(call, (subject_kind)kind, names);
    else if (!unsafe_yyjson_is_null(node) && !(unsafe_yyjson_is_arr(node) && gf_value_len(names) == 0))
      refuse_grant(call, GF_INVALID_DATA, key, "{subject} is no table of names with their permissions");
  }
}

static int compare(const grant *a, const grant *b) {
  size_t n = a->name.n < b->name.n ? a->name.n : b->name.n;
  if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
  int order = n ? memcmp(a->name.p, b->name.p, n) : 0;
  return order ? order : (a->name.n > b->name.n) - (a->name.n < b->name.n);
}

/* In an order of its own, for that of a table is none. */
static void sort_grants(permissions *p) {
  for (size_t i = 1; i < p->n; i++) {
    grant g = p->grants[i];
    size_t at = i;
    for (; at > 0 && compare(&g, &p->grants[at - 1]) < 0; at--)
      p->grants[at] = p->grants[at - 1];
    p->grants[at] = g;
  }
}

void gf_grant_check(gf_call *call) {
  if (!is_of_dashboard(call)) gf_folder_check(call);
  permissions *p = call->done ? NULL : state_of(call);
  if (!p) return;
  read_grants(call);
  if (!call->done && p->n == 0)
    gf_finish_as(call, GF_MISSING_DATA, GF_REASON_NONE,
                 is_of_dashboard(call)
                     ? "nobody is named; update_dashboard_permissions with no items takes all away"
                     : "nobody is named; update_folder_permissions with no items takes all away");
  if (!call->done) sort_grants(p);
}

/* -------------------------------------------------------------------------------------------------------- looking up -- */

static void begin_list(gf_call *call, int purpose, const char *path) {
  permissions *p = state_of(call);
  if (!p) return;
  p->looking = purpose;
  gf_seen_free(call, &call->seen);
  gf_list_free(call, &call->list);
  call->pages = 0;
  call->main_path = path;
}

/* The list that was read, which leaves nothing behind for the row's way. */
static gf_list end_list(gf_call *call) {
  permissions *p = call->state;
  gf_list list = call->list;
  p->found_any = p->found_any || !call->list_is_empty;
  call->list = (gf_list){0};
  gf_seen_free(call, &call->seen);
  call->pages = 0;
  call->list_is_empty = false;
  p->looking = 0;
  return list;
}

static void ask_page(gf_call *call, const gf_paging *paging, gf_str query) {
  gf_next_page(call, ((permissions *)call->state)->looking, paging, query, !call->own_org);
}

static void ask_hits(gf_call *call) {
  char query[64], digits[24];
  gf_str id = {"", 0};
  gf_get_var(call, "dashboard", &id, digits);
  int n = snprintf(query, sizeof query, "type=dash-db&dashboardIds=%.*s", id.n > 30 ? 30 : (int)id.n, id.p);
  ask_page(call, &hit_pages, (gf_str){query, (size_t)n});
}

static void find_dashboard(gf_call *call) {
  begin_list(call, FIND, "/api/search");
  if (!call->done) ask_hits(call);
}

static void ask_teams(gf_call *call) { ask_page(call, &team_pages, gf_z(NULL)); }

static void find_teams(gf_call *call) {
  begin_list(call, TEAMS, "/api/teams/search");
  if (!call->done) ask_teams(call);
}

/* Who may not see the members may see their logins. */
static void find_members(gf_call *call, int purpose) {
  begin_list(call, purpose, purpose == MEMBERS ? "/api/org/users" : "/api/org/users/lookup");
  if (!call->done) ask_page(call, &member_pages, gf_z(NULL));
}

static bool is_id(gf_value v, int64_t id) {
  int64_t number;
  return gf_value_int(v, &number) && number == id;
}

static bool is_name(gf_value v, gf_str name, bool any_case) {
  gf_str text;
  if (!gf_value_string(v, &text)) return false;
  return gf_str_same(text, name) || (any_case && text.n == name.n && gf_str_ieq(text, name.p));
}

static bool is_named(const permissions *p, subject_kind kind, gf_value row) {
  for (size_t i = 0; i < p->n; i++) {
    const grant *g = &p->grants[i];
    if (g->kind != kind) continue;
    if (kind == TEAM && is_name(gf_value_get(row, "name"), g->name, false)) return true;
    if (kind == USER && (is_name(gf_value_get(row, "login"), g->name, true) ||
                         is_name(gf_value_get(row, "email"), g->name, true)))
      return true;
  }
  return false;
}

static bool is_in_items(const gf_call *call, const char *key, gf_value id) {
  gf_value items = items_of(call);
  int64_t number;
  if (gf_value_is_absent(items) || !gf_value_int(id, &number)) return false;
  gf_iter it = gf_iterate(items);
  for (void *k, *node; gf_iter_next(&it, &k, &node);)
    if (is_id(gf_value_get((gf_value){items.doc, node}, key), number)) return true;
  return false;
}

bool gf_keep_permission_row(gf_call *call, gf_value item) {
  const permissions *p = call->state;
  char digits[24], wanted_digits[24];
  gf_str id, wanted;
  if (!p) return true;
  switch (p->looking) {
  case FIND:
    return gf_get_var(call, "dashboard", &wanted, wanted_digits) &&
           gf_scalar_text(gf_value_get(item, "id"), &id, digits) && gf_str_same(id, wanted);
  case TEAMS: return is_named(p, TEAM, item) || is_in_items(call, "teamId", gf_value_get(item, "id"));
  case MEMBERS:
  case LOGINS: return is_named(p, USER, item) || is_in_items(call, "userId", gf_value_get(item, "userId"));
  default: return true;
  }
}

/* --------------------------------------------------------------------------------------------------------- granting -- */

static bool wants(const permissions *p, subject_kind kind) {
  for (size_t i = 0; i < p->n; i++)
    if (p->grants[i].kind == kind) return true;
  return false;
}

static gf_value row_of(const gf_list *rows, const char *key, gf_str name, bool any_case) {
  for (size_t i = 0; i < rows->n; i++)
    if (is_name(gf_value_get(rows->items[i], key), name, any_case)) return rows->items[i];
  return (gf_value){NULL, NULL};
}

/* The id behind a name, and the name as the server has it. A login comes before an email. */
static void resolve(const permissions *p, grant *g) {
  if (g->kind == ROLE) return;
  gf_value row = g->kind == TEAM ? row_of(&p->teams, "name", g->name, false)
                                 : row_of(&p->members, "login", g->name, true);
  if (g->kind == USER && gf_value_is_absent(row)) row = row_of(&p->members, "email", g->name, true);
  if (gf_value_is_absent(row)) return;
  gf_value_int(gf_value_get(row, g->kind == TEAM ? "id" : "userId"), &g->id);
  gf_value_string(gf_value_get(row, g->kind == TEAM ? "name" : "login"), &g->name);
}

static bool is_known(const grant *g) { return g->kind == ROLE || g->id > 0; }

/* The highest counts. */
static bool merge(grant *grants, size_t n, const grant *g) {
  for (size_t i = 0; i < n; i++) {
    if (!is_known(&grants[i]) || !is_same_subject(&grants[i], g)) continue;
    if (grants[i].permission < g->permission) grants[i].permission = g->permission;
    return true;
  }
  return false;
}

/* Names become ids; two names of one user become one. How many are known. */
static size_t resolve_all(permissions *p) {
  size_t kept = 0, known = 0;
  for (size_t i = 0; i < p->n; i++) {
    grant g = p->grants[i];
    resolve(p, &g);
    if (is_known(&g) && merge(p->grants, kept, &g)) continue;
    known += is_known(&g);
    p->grants[kept++] = g;
  }
  p->n = kept;
  return known;
}

static void add_subject(gf_buf *buf, const grant *g, bool for_people) {
  static const char *const ids[] = {[TEAM] = "\"teamId\":", [USER] = "\"userId\":"};
  static const char *const names[] = {[ROLE] = "\"role\":", [TEAM] = ",\"team\":", [USER] = ",\"user\":"};
  if (g->kind != ROLE) {
    gf_buf_add_str(buf, ids[g->kind]);
    gf_buf_add_int(buf, g->id);
  }
  if (g->kind == ROLE || for_people) {
    gf_buf_add_str(buf, names[g->kind]);
    gf_add_json_string(buf, g->name);
  }
  gf_buf_add_str(buf, ",\"permission\":");
  gf_buf_add_int(buf, g->permission);
}

static void begin_object(gf_buf *buf, char opening) {
  if (buf->n && buf->p[buf->n - 1] != opening) gf_buf_add_char(buf, ',');
  gf_buf_add_char(buf, '{');
}

static void add_granted(gf_buf *buf, const permissions *p) {
  for (size_t i = 0; i < p->n; i++) {
    if (!is_known(&p->grants[i]) || p->grants[i].was_there) continue;
    begin_object(buf, '[');
    add_subject(buf, &p->grants[i], true);
    gf_buf_add_char(buf, '}');
  }
}

static void add_skipped(gf_buf *buf, const permissions *p) {
  for (size_t i = 0; i < p->n; i++) {
    if (is_known(&p->grants[i])) continue;
    begin_object(buf, '[');
    gf_buf_add_str(buf, "\"kind\":");
    gf_add_json_string(buf, gf_z(kinds[p->grants[i].kind].one));
    gf_buf_add_str(buf, ",\"name\":");
    gf_add_json_string(buf, p->grants[i].name);
    gf_buf_add_char(buf, '}');
  }
}

static void put_rows(gf_call *call, const char *key, gf_list *list,
                     void (*add)(gf_buf *, const permissions *)) {
  gf_buf buf;
  gf_json_error error;
  gf_buf_init(&buf, &call->client->alloc, GF_MAX_SENT_BODY);
  gf_buf_add_char(&buf, '[');
  add(&buf, call->state);
  gf_buf_add_char(&buf, ']');
  gf_doc *doc = buf.failed ? NULL : gf_doc_parse(&call->client->alloc, (gf_str){buf.p, buf.n}, &error);
  gf_buf_free(&buf);
  if (!doc) {
    gf_lacks_memory(call);
    return;
  }
  gf_hold_doc(call, doc);
  gf_iter it = gf_iterate(gf_doc_root(doc));
  for (void *k, *node; !call->done && gf_iter_next(&it, &k, &node);)
    gf_list_add(call, list, (gf_value){doc, node});
  gf_doc_release(doc);
  gf_put_list(call, key, list);
}

static void send_grants(gf_call *call) {
  const permissions *p = call->state;
  gf_buf body;
  gf_buf_init(&body, &call->client->alloc, GF_MAX_SENT_BODY);
  gf_buf_add_str(&body, "{\"items\":[");
  for (size_t i = 0; i < p->n; i++) {
    if (!is_known(&p->grants[i])) continue;
    begin_object(&body, '[');
    add_subject(&body, &p->grants[i], false);
    gf_buf_add_char(&body, '}');
  }
  gf_buf_add_str(&body, "]}");
  gf_ask ask = {.purpose = GF_MAIN,
                .method = "POST",
                .path = call->main_path,
                .in_org = !call->own_org,
                .idempotent = call->op->rule->idempotent};
  call->main_sent = true;
  gf_ask_with(call, &ask, &body);
}

/* An empty list would take all permissions away. 9.3.2 shows empty lists of an organisation that is not there. */
static void finish_unknown(gf_call *call) {
  permissions *p = call->state;
  const gf_ask ask = {.purpose = ORG, .method = "GET", .path = "/api/orgs/{org}"};
  if (!p->found_any && !call->own_org) {
    p->found_any = true; /* asked once */
    gf_ask_for(call, &ask);
    return;
  }
  put_rows(call, "skipped", &p->skipped, add_skipped);
  gf_finish_as(call, GF_NOT_FOUND, GF_REASON_NONE,
               "none of those named is known in the organisation; nothing has been changed");
}

static void take_org(gf_call *call, gf_exchange *x) {
  if (x->verdict.status != GF_NOT_FOUND) {
    finish_unknown(call);
    return;
  }
  x->verdict.reason = GF_ORG_NOT_FOUND;
  x->verdict.say = NO_ORG;
  gf_finish(call, &x->verdict, x);
}

static bool keeps(const gf_call *call) {
  const gf_arg *keep = gf_option_of(call, "keep");
  return keep && keep->boolean;
}

static const char *path_of(const gf_call *call) {
  if (!is_of_dashboard(call)) return call->op->path;
  return is_by_number(call) ? BY_ID : BY_UID;
}

static void send_resolved(gf_call *call) {
  const gf_ask current = {
      .purpose = CURRENT, .method = "GET", .path = path_of(call), .in_org = !call->own_org};
  call->main_path = path_of(call);
  if (resolve_all(call->state) == 0)
    finish_unknown(call);
  else if (keeps(call))
    gf_ask_for(call, &current);
  else
    send_grants(call);
}

static void after_teams(gf_call *call) {
  if (wants(call->state, USER))
    find_members(call, MEMBERS);
  else
    send_resolved(call);
}

static void after_dashboard(gf_call *call) {
  if (wants(call->state, TEAM))
    find_teams(call);
  else
    after_teams(call);
}

void gf_grant_start(gf_call *call) {
  if (is_by_number(call) && !is_of_defaults(call))
    find_dashboard(call);
  else
    after_dashboard(call);
}

/* What is there stays, but for what comes from folders above and is shown along. */
static bool keep_item(gf_call *call, gf_value item) {
  permissions *p = call->state;
  bool inherited = false;
  grant g;
  gf_value_bool(gf_value_get(item, "inherited"), &inherited);
  if (inherited) return true;
  if (read_item(item, &g)) return false;
  g.was_there = true;
  return merge(p->grants, p->n, &g) || add_grant(call, g);
}

static void take_current(gf_call *call, gf_exchange *x) {
  gf_judge_by_rules(call, x);
  gf_value list = x->verdict.status == GF_OK ? gf_doc_root(x->doc) : (gf_value){NULL, NULL};
  bool is_list = !gf_value_is_absent(list) && unsafe_yyjson_is_arr(list.node);
  if (x->verdict.status == GF_OK && !is_list) gf_judge_broken(x, "the answer holds no list");
  if (!is_list) {
    gf_row_settle(call, x);
    return;
  }
  gf_hold_doc(call, x->doc);
  gf_iter it = gf_iterate(list);
  for (void *k, *node; !call->done && gf_iter_next(&it, &k, &node);)
    if (!keep_item(call, (gf_value){x->doc, node}))
      gf_finish_as(call, GF_ERROR, GF_REASON_NONE,
                   "a permission that is there cannot be sent back as it is; nothing has been changed");
  if (!call->done) send_grants(call);
}

/* ----------------------------------------------------------------------------------- what a bare 500 was about -- */

static bool is_update(const gf_call *call) { return !gf_value_is_absent(items_of(call)); }

static bool has_row(const gf_list *rows, const char *key, int64_t id) {
  for (size_t i = 0; i < rows->n; i++)
    if (is_id(gf_value_get(rows->items[i], key), id)) return true;
  return false;
}

/* Index of the first item from `from` on with a subject of this kind that `rows` (NULL: none) do not hold; SIZE_MAX when
 * there is none. */
static size_t unknown_item(const gf_call *call, subject_kind kind, const gf_list *rows, size_t from,
                           int64_t *id) {
  gf_value items = items_of(call);
  for (size_t i = from; i < gf_value_len(items); i++) {
    grant g;
    if (read_item(gf_value_at(items, i), &g) || g.kind != kind) continue;
    *id = g.id;
    if (!rows || !has_row(rows, kind == TEAM ? "id" : "userId", g.id)) return i;
  }
  return SIZE_MAX;
}

static bool has_items_of(const gf_call *call, subject_kind kind) {
  int64_t id;
  return unknown_item(call, kind, NULL, 0, &id) != SIZE_MAX;
}

/* What the server said stands. */
static void settle_as_it_was(gf_call *call, gf_exchange *x) {
  const permissions *p = call->state;
  x->verdict = p->failed;
  x->attempts = p->attempts;
  gf_row_settle(call, x);
}

static void settle_missing(gf_call *call, gf_exchange *x, subject_kind kind, int64_t id) {
  const permissions *p = call->state;
  char digits[24];
  gf_set_var(call, "subject", gf_digits(id, digits), false);
  x->verdict = (gf_verdict){.status = kind == TEAM ? GF_NOT_FOUND : GF_USER_NOT_FOUND,
                            .code = p->failed.code,
                            .say = kind == TEAM ? "the organisation has no team with the id {subject}"
                                                : "the organisation has no user with the id {subject}"};
  x->attempts = p->attempts;
  gf_row_settle(call, x);
}

static void look_into(gf_call *call, gf_exchange *x) {
  permissions *p = state_of(call);
  if (!p) return;
  p->failed = x->verdict;
  p->attempts = x->attempts;
  if (has_items_of(call, TEAM))
    find_teams(call);
  else if (has_items_of(call, USER))
    find_members(call, MEMBERS);
  else
    gf_row_settle(call, x);
}

static void look_at_teams(gf_call *call, gf_exchange *x) {
  const permissions *p = call->state;
  int64_t id;
  bool read = x->verdict.status == GF_OK;
  if (read && unknown_item(call, TEAM, &p->teams, 0, &id) != SIZE_MAX)
    settle_missing(call, x, TEAM, id);
  else if (has_items_of(call, USER))
    find_members(call, MEMBERS);
  else
    settle_as_it_was(call, x);
}

/* Service accounts are no members, but have ids as users have. */
static void look_at_users(gf_call *call, gf_exchange *x) {
  permissions *p = call->state;
  int64_t id;
  char digits[24];
  p->item = unknown_item(call, USER, &p->members, p->item, &id);
  if (p->item == SIZE_MAX) {
    settle_as_it_was(call, x);
    return;
  }
  const gf_ask ask = {.purpose = ACCOUNT,
                      .method = "GET",
                      .path = "/api/serviceaccounts/",
                      .segment = gf_digits(id, digits),
                      .in_org = !call->own_org};
  gf_ask_for(call, &ask);
}

static void take_account(gf_call *call, gf_exchange *x) {
  permissions *p = call->state;
  int64_t id = 0;
  bool missing = x->verdict.status == GF_NOT_FOUND || x->verdict.reason == GF_FORBIDDEN ||
                 x->verdict.reason == GF_UNSUPPORTED;
  if (x->verdict.status == GF_OK) {
    p->item++;
    look_at_users(call, x);
  } else if (missing) {
    unknown_item(call, USER, &p->members, p->item, &id);
    settle_missing(call, x, USER, id);
  } else {
    settle_as_it_was(call, x);
  }
}

/* ------------------------------------------------------------------------------------------------------- the answers -- */

static void take_defaults(gf_call *call, gf_exchange *x) {
  x->verdict = (gf_verdict){.status = GF_ERROR,
                            .reason = GF_UNSUPPORTED,
                            .code = x->code,
                            .say = "this server has no permissions that dashboards have by default"};
  gf_finish(call, &x->verdict, x);
}

/* One page of a list; true when it is the last, or what came was no list. */
static bool ends_list(gf_call *call, gf_exchange *x, const gf_paging *paging) {
  if (x->verdict.status != GF_OK) return true;
  gf_page_end end = gf_take_page(call, x, paging);
  if (end == GF_PAGE_BROKEN) gf_judge_broken(x, "the answer holds no list");
  return end != GF_PAGE_MORE;
}

/* The dashboard that was looked for. /apis lets several have one id. */
static bool take_uid(gf_call *call, gf_exchange *x) {
  gf_str uid;
  size_t n = call->list.n;
  bool found = n == 1 && gf_value_string(gf_value_get(call->list.items[0], "uid"), &uid);
  if (found) gf_set_var(call, "dashboard", uid, true);
  if (n > 1)
    x->verdict = (gf_verdict){.status = GF_INVALID_DATA, .code = x->code, .say = SEVERAL_DASHBOARDS};
  else if (!found && x->verdict.status == GF_OK)
    x->verdict = (gf_verdict){.status = GF_NOT_FOUND, .code = x->code, .say = NO_DASHBOARD};
  return found;
}

static void take_hits(gf_call *call, gf_exchange *x) {
  bool ended = ends_list(call, x, &hit_pages);
  if (call->done) return;
  if (call->list.n == 0 && !ended) {
    ask_hits(call);
    return;
  }
  bool found = take_uid(call, x);
  gf_list list = end_list(call);
  gf_list_free(call, &list);
  if (!found)
    gf_row_settle(call, x);
  else if (((permissions *)call->state)->n)
    after_dashboard(call);
  else
    gf_row_ask_main(call, BY_UID);
}

static bool failed_for_good(gf_call *call, gf_exchange *x) {
  if (x->verdict.status == GF_OK || is_update(call)) return false;
  gf_row_settle(call, x);
  return true;
}

static void take_teams(gf_call *call, gf_exchange *x) {
  permissions *p = call->state;
  if (!ends_list(call, x, &team_pages)) {
    ask_teams(call);
    return;
  }
  p->teams = end_list(call);
  if (call->done || failed_for_good(call, x)) return;
  if (is_update(call))
    look_at_teams(call, x);
  else
    after_teams(call);
}

static void take_members(gf_call *call, gf_exchange *x) {
  permissions *p = call->state;
  ends_list(call, x, &member_pages);
  p->members = end_list(call);
  if (call->done) return;
  if (x->purpose == MEMBERS && x->verdict.reason == GF_FORBIDDEN)
    find_members(call, LOGINS);
  else if (failed_for_good(call, x))
    return;
  else if (!is_update(call))
    send_resolved(call);
  else if (x->verdict.status == GF_OK)
    look_at_users(call, x);
  else
    settle_as_it_was(call, x);
}

static void take_answer(gf_call *call, gf_exchange *x) {
  permissions *p = call->state;
  bool granted = p && p->n > 0;
  if (granted && x->verdict.status == GF_OK) {
    put_rows(call, "granted", &p->granted, add_granted);
    put_rows(call, "skipped", &p->skipped, add_skipped);
  }
  if (is_of_defaults(call) && x->code == 404)
    take_defaults(call, x);
  else if (is_by_number(call) && x->verdict.reason == GF_UNSUPPORTED)
    find_dashboard(call);
  else if (is_update(call) && x->verdict.reason == GF_SERVER_ERROR)
    look_into(call, x);
  else if (!call->done)
    gf_row_answer(call, x);
}

void gf_permissions_answer(gf_call *call, gf_exchange *x) {
  switch (x->purpose) {
  case GF_MAIN: take_answer(call, x); break;
  case FIND: take_hits(call, x); break;
  case TEAMS: take_teams(call, x); break;
  case MEMBERS:
  case LOGINS: take_members(call, x); break;
  case ACCOUNT: take_account(call, x); break;
  case ORG: take_org(call, x); break;
  case CURRENT:
    if (is_of_defaults(call) && x->code == 404)
      take_defaults(call, x);
    else
      take_current(call, x);
    break;
  default: gf_row_answer(call, x); break;
  }
}

/* ------------------------------------------------------------------------------------------------- how each is done -- */

/* clang-format off */

#define OF_DASHBOARD                                                                                                   \
  .org_header = true, .id = "dashboard", .text_path = BY_UID,                                                          \
  .rules = {{404, "dashboard", GF_NOT_FOUND, GF_REASON_NONE, NO_DASHBOARD}},                                           \
  .keep = gf_keep_permission_row, .on_answer = gf_permissions_answer
#define OF_FOLDER                                                                                                      \
  .org_header = true,                                                                                                  \
  .rules = {{404, "folder", GF_NOT_FOUND, GF_REASON_NONE, "there is no folder with the uid {uid}"}},                   \
  .keep = gf_keep_permission_row, .on_answer = gf_permissions_answer
/* The rows have nothing to know them by. */
#define ROWS .paging = {.list = "", .identity = "id"}, .empty_is_sure = true

const gf_op_rule gf_rule_get_dashboard_permissions = {OF_DASHBOARD, ROWS};
const gf_op_rule gf_rule_update_dashboard_permissions = {
    OF_DASHBOARD, .idempotent = true, .check = gf_permission_items_check};
const gf_op_rule gf_rule_grant_dashboard_permissions = {
    OF_DASHBOARD, .idempotent = true, .check = gf_grant_check, .start = gf_grant_start};

const gf_op_rule gf_rule_get_folder_permissions = {OF_FOLDER, ROWS, .check = gf_folder_check};
const gf_op_rule gf_rule_update_folder_permissions = {
    OF_FOLDER, .idempotent = true, .check = gf_permission_items_check};
const gf_op_rule gf_rule_grant_folder_permissions = {
    OF_FOLDER, .idempotent = true, .check = gf_grant_check, .start = gf_grant_start};

/* clang-format on */
