/* SPDX-License-Identifier: MIT
 *
 * grant_…: names become ids, then all is sent at once. What is to be found out, each where it is needed:
 *
 *     the dashboard's uid for an id ─► teams, page by page ─► members ─► what is there (`keep`) ─► the items
 *
 * The lists are read by gf_op_permission.c.
 */
#include "gf_op_parts.h"
#include "gf_permissions.h"

/* ---------------------------------------------------------------------------------------------------- what is asked -- */

static const struct {
  const char *key, *one, *no_permission;
} kinds[] = {
    [GF_ROLE] = {"roles", "role", "the permission of the role {subject} is none of View, Edit and Admin"},
    [GF_TEAM] = {"teams", "team", "the permission of the team {subject} is none of View, Edit and Admin"},
    [GF_USER] = {"users", "user", "the permission of the user {subject} is none of View, Edit and Admin"},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* `say` may name the {subject}. */
static void refuse_grant(gf_call *call, gf_status status, gf_str subject, const char *say) {
  gf_set_var(call, "subject", subject, true);
  gf_finish_as(call, status, GF_REASON_NONE, say);
}

static gf_grant *add_grant(gf_call *call, gf_grant g) {
  gf_permissions *p = call->state;
  if (p->n == p->cap) {
    size_t cap = p->cap ? p->cap * 2 : 8;
    gf_grant *grants = gf_resize(&call->client->alloc, p->grants, cap * sizeof *grants);
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

static void read_named(gf_call *call, gf_subject_kind kind, gf_value names) {
  gf_iter it = gf_iterate(names);
  for (void *k, *node; !call->done && gf_iter_next(&it, &k, &node);) {
    gf_grant g = {.kind = kind, .permission = gf_permission_of((gf_value){names.doc, node})};
    gf_value_string((gf_value){names.doc, k}, &g.name);
    if (g.name.n == 0)
      refuse_grant(call, GF_MISSING_DATA, g.name, "a name that is to get a permission is empty");
    else if (kind == GF_ROLE && !gf_is_role(g.name))
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
      read_named(call, (gf_subject_kind)kind, names);
    else if (!unsafe_yyjson_is_null(node) && !(unsafe_yyjson_is_arr(node) && gf_value_len(names) == 0))
      refuse_grant(call, GF_INVALID_DATA, key, "{subject} is no table of names with their permissions");
  }
}

static int compare(const gf_grant *a, const gf_grant *b) {
  if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
  return gf_str_compare(a->name, b->name);
}

/* In an order of its own, for that of a table is none. */
static void sort_grants(gf_permissions *p) {
  for (size_t i = 1; i < p->n; i++) {
    gf_grant g = p->grants[i];
    size_t at = i;
    for (; at > 0 && compare(&g, &p->grants[at - 1]) < 0; at--)
      p->grants[at] = p->grants[at - 1];
    p->grants[at] = g;
  }
}

void gf_grant_check(gf_call *call) {
  if (!gf_is_of_dashboard(call)) gf_folder_check(call);
  gf_permissions *p = call->done ? NULL : gf_permissions_of(call);
  if (!p) return;
  read_grants(call);
  if (!call->done && p->n == 0)
    gf_finish_as(call, GF_MISSING_DATA, GF_REASON_NONE,
                 gf_is_of_dashboard(call)
                     ? "nobody is named; update_dashboard_permissions with no items takes all away"
                     : "nobody is named; update_folder_permissions with no items takes all away");
  if (!call->done) sort_grants(p);
}

static bool is_name(gf_value v, gf_str name, bool any_case) {
  gf_str text;
  if (!gf_value_string(v, &text)) return false;
  return gf_str_same(text, name) || (any_case && text.n == name.n && gf_str_ieq(text, name.p));
}

bool gf_is_granted(const gf_permissions *p, gf_subject_kind kind, gf_value row) {
  for (size_t i = 0; i < p->n; i++) {
    const gf_grant *g = &p->grants[i];
    if (g->kind != kind) continue;
    if (kind == GF_TEAM && is_name(gf_value_get(row, "name"), g->name, false)) return true;
    if (kind == GF_USER && (is_name(gf_value_get(row, "login"), g->name, true) ||
                            is_name(gf_value_get(row, "email"), g->name, true)))
      return true;
  }
  return false;
}

/* --------------------------------------------------------------------------------------------------------- granting -- */

static bool wants(const gf_permissions *p, gf_subject_kind kind) {
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
static void resolve(const gf_permissions *p, gf_grant *g) {
  if (g->kind == GF_ROLE) return;
  gf_value row = g->kind == GF_TEAM ? row_of(&p->teams, "name", g->name, false)
                                    : row_of(&p->members, "login", g->name, true);
  if (g->kind == GF_USER && gf_value_is_absent(row)) row = row_of(&p->members, "email", g->name, true);
  if (gf_value_is_absent(row)) return;
  gf_value_int(gf_value_get(row, g->kind == GF_TEAM ? "id" : "userId"), &g->id);
  gf_value_string(gf_value_get(row, g->kind == GF_TEAM ? "name" : "login"), &g->name);
}

static bool is_known(const gf_grant *g) { return g->kind == GF_ROLE || g->id > 0; }

/* The highest counts. */
static bool merge(gf_grant *grants, size_t n, const gf_grant *g) {
  for (size_t i = 0; i < n; i++) {
    if (!is_known(&grants[i]) || !gf_is_same_subject(&grants[i], g)) continue;
    if (grants[i].permission < g->permission) grants[i].permission = g->permission;
    return true;
  }
  return false;
}

/* Names become ids; two names of one user become one. How many are known. */
static size_t resolve_all(gf_permissions *p) {
  size_t kept = 0, known = 0;
  for (size_t i = 0; i < p->n; i++) {
    gf_grant g = p->grants[i];
    resolve(p, &g);
    if (is_known(&g) && merge(p->grants, kept, &g)) continue;
    known += is_known(&g);
    p->grants[kept++] = g;
  }
  p->n = kept;
  return known;
}

static void add_subject(gf_buf *buf, const gf_grant *g, bool for_people) {
  static const char *const ids[] = {[GF_TEAM] = "\"teamId\":", [GF_USER] = "\"userId\":"};
  static const char *const names[] = {
      [GF_ROLE] = "\"role\":", [GF_TEAM] = ",\"team\":", [GF_USER] = ",\"user\":"};
  if (g->kind != GF_ROLE) {
    gf_buf_add_str(buf, ids[g->kind]);
    gf_buf_add_int(buf, g->id);
  }
  if (g->kind == GF_ROLE || for_people) {
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

static void add_granted(gf_buf *buf, const gf_permissions *p) {
  for (size_t i = 0; i < p->n; i++) {
    if (!is_known(&p->grants[i]) || p->grants[i].was_there) continue;
    begin_object(buf, '[');
    add_subject(buf, &p->grants[i], true);
    gf_buf_add_char(buf, '}');
  }
}

static void add_skipped(gf_buf *buf, const gf_permissions *p) {
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
                     void (*add)(gf_buf *, const gf_permissions *)) {
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
  const gf_permissions *p = call->state;
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
  gf_permissions *p = call->state;
  const gf_ask ask = {.purpose = GF_ORG, .method = "GET", .path = "/api/orgs/{org}"};
  if (!p->found_any && !call->own_org) {
    p->found_any = true; /* asked once */
    gf_ask_for(call, &ask);
    return;
  }
  put_rows(call, "skipped", &p->skipped, add_skipped);
  gf_finish_as(call, GF_NOT_FOUND, GF_REASON_NONE,
               "none of those named is known in the organisation; nothing has been changed");
}

void gf_grant_take_org(gf_call *call, gf_exchange *x) {
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

void gf_grant_to_all(gf_call *call) {
  call->main_path = gf_permissions_path(call);
  if (resolve_all(call->state) == 0)
    finish_unknown(call);
  else if (keeps(call))
    gf_ask_in_org(call, GF_CURRENT, call->main_path);
  else
    send_grants(call);
}

void gf_grant_to_users(gf_call *call) {
  if (wants(call->state, GF_USER))
    gf_find_members(call);
  else
    gf_grant_to_all(call);
}

void gf_grant_to_teams(gf_call *call) {
  if (wants(call->state, GF_TEAM))
    gf_find_teams(call);
  else
    gf_grant_to_users(call);
}

void gf_grant_start(gf_call *call) {
  if (!gf_find_dashboard(call)) gf_grant_to_teams(call);
}

/* What is there stays, but for what comes from folders above and is shown along. */
static bool keep_item(gf_call *call, gf_value item) {
  gf_permissions *p = call->state;
  bool inherited = false;
  gf_grant g;
  gf_value_bool(gf_value_get(item, "inherited"), &inherited);
  if (inherited) return true;
  if (gf_read_permission(item, &g)) return false;
  g.was_there = true;
  return merge(p->grants, p->n, &g) || add_grant(call, g);
}

void gf_grant_take_current(gf_call *call, gf_exchange *x) {
  gf_judge_by_rules(call, x);
  gf_value list = gf_take_array(x);
  if (gf_value_is_absent(list)) {
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

void gf_grant_put(gf_call *call) {
  gf_permissions *p = call->state;
  put_rows(call, "granted", &p->granted, add_granted);
  put_rows(call, "skipped", &p->skipped, add_skipped);
}
