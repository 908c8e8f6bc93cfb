/* SPDX-License-Identifier: MIT
 *
 * Permissions of dashboards and folders. The server replaces all that is there by what it is sent, and takes without a
 * word what it cannot mean: an unknown permission removes, of two items for one subject the last counts. So items are
 * checked before they are sent; a user or a team that does not exist is a bare 500, which is looked into after it.
 *
 * A server without numeric routes for dashboards has the id in a search.
 */
#include "gf_op_parts.h"
#include "gf_permissions.h"

#include <stdio.h>

#define BY_ID "/api/dashboards/id/{dashboard}/permissions"
#define BY_UID "/api/dashboards/uid/{dashboard}/permissions"
#define NO_DASHBOARD "there is no dashboard {dashboard}"
#define SEVERAL_DASHBOARDS "several dashboards have the id {dashboard}; a uid says which"

static const gf_paging hit_pages = {
    .list = "", .size_param = "limit", .first = 1, .identity = "uid", .columns = {{"id"}, {"uid"}}};
static const gf_paging team_pages = {TEAM_PAGES, .columns = {{"id"}, {"name"}}};
static const gf_paging member_pages = {
    .list = "", .identity = "userId", .columns = {{"userId"}, {"login"}, {"email"}}};

/* ----------------------------------------------------------------------------------------------------------- state -- */

static void free_permissions(gf_call *call) {
  gf_permissions *p = call->state;
  gf_free(&call->client->alloc, p->grants);
  gf_list_free(call, &p->teams);
  gf_list_free(call, &p->members);
  gf_list_free(call, &p->granted);
  gf_list_free(call, &p->skipped);
  gf_free(&call->client->alloc, p);
}

gf_permissions *gf_permissions_of(gf_call *call) {
  if (call->state) return call->state;
  call->state = gf_zalloc(&call->client->alloc, sizeof(gf_permissions));
  if (call->state)
    call->free_state = free_permissions;
  else
    gf_lacks_memory(call);
  return call->state;
}

bool gf_is_of_dashboard(const gf_call *call) { return call->op->rule->id != NULL; }

static bool is_by_number(const gf_call *call) {
  return gf_is_of_dashboard(call) && !gf_var_is_text(call, "dashboard");
}

/* -1 stands for the permissions that dashboards have by default. */
static bool is_of_defaults(const gf_call *call) {
  char digits[24];
  gf_str id;
  return is_by_number(call) && gf_get_var(call, "dashboard", &id, digits) && gf_str_eq(id, "-1");
}

const char *gf_permissions_path(const gf_call *call) {
  if (!gf_is_of_dashboard(call)) return call->op->path;
  return is_by_number(call) ? BY_ID : BY_UID;
}

static gf_value items_of(const gf_call *call) {
  for (int i = 0; i < GF_MAX_PARAMS && call->op->params[i].name; i++)
    if (call->op->params[i].type == GF_T_LIST && call->args[i].kind == GF_ARG_DOC)
      return gf_doc_root(call->args[i].doc);
  return (gf_value){NULL, NULL};
}

/* ------------------------------------------------------------------------------------------------ items to be sent -- */

static void refuse_item(gf_call *call, size_t index, const char *problem) {
  gf_verdict verdict = {.status = GF_INVALID_DATA};
  snprintf(verdict.words, sizeof verdict.words, "items[%zu] %s", index + 1, problem);
  gf_finish(call, &verdict, NULL);
}

/* Is it the first for its subject? */
static bool is_new_subject(gf_call *call, gf_seen seen[3], const gf_grant *g, gf_value item) {
  static const char *const keys[] = {[GF_ROLE] = "role", [GF_TEAM] = "teamId", [GF_USER] = "userId"};
  return gf_seen_add(call, &seen[g->kind], gf_value_get(item, keys[g->kind]));
}

static void check_items(gf_call *call) {
  gf_seen seen[3] = {{0}};
  size_t index = 0;
  gf_value items = items_of(call);
  gf_iter it = gf_iterate(items);
  for (void *k, *node; !call->done && gf_iter_next(&it, &k, &node); index++) {
    gf_grant g;
    const char *problem = gf_read_permission((gf_value){items.doc, node}, &g);
    if (!problem && !is_new_subject(call, seen, &g, (gf_value){items.doc, node}))
      problem = "is a second one for its subject (what is inherited need not be sent)";
    if (problem) refuse_item(call, index, problem);
  }
  for (int kind = 0; kind < 3; kind++)
    gf_seen_free(call, &seen[kind]);
}

void gf_permission_items_check(gf_call *call) {
  if (!gf_is_of_dashboard(call)) gf_folder_check(call);
  if (!call->done) check_items(call);
}

/* -------------------------------------------------------------------------------------------------------- looking up -- */

static void begin_list(gf_call *call, int purpose, const char *path) {
  gf_permissions *p = gf_permissions_of(call);
  if (!p) return;
  p->looking = purpose;
  gf_begin_pages(call);
  gf_list_free(call, &call->list);
  call->main_path = path;
}

/* The list that was read, which leaves nothing behind for the row's way. */
static gf_list end_list(gf_call *call) {
  gf_permissions *p = call->state;
  gf_list list = call->list;
  p->found_any = p->found_any || !call->list_is_empty;
  call->list = (gf_list){0};
  gf_begin_pages(call);
  call->list_is_empty = false;
  p->looking = 0;
  return list;
}

static void ask_page(gf_call *call, const gf_paging *paging, gf_str query) {
  gf_next_page(call, ((gf_permissions *)call->state)->looking, paging, query, !call->own_org);
}

static void ask_hits(gf_call *call) {
  char query[64], digits[24];
  gf_str id = {"", 0};
  gf_get_var(call, "dashboard", &id, digits);
  int n = snprintf(query, sizeof query, "type=dash-db&dashboardIds=%.*s", id.n > 30 ? 30 : (int)id.n, id.p);
  ask_page(call, &hit_pages, (gf_str){query, (size_t)n});
}

bool gf_find_dashboard(gf_call *call) {
  if (!is_by_number(call) || is_of_defaults(call)) return false;
  begin_list(call, GF_FIND, "/api/search");
  if (!call->done) ask_hits(call);
  return true;
}

static void ask_teams(gf_call *call) { ask_page(call, &team_pages, gf_z(NULL)); }

void gf_find_teams(gf_call *call) {
  begin_list(call, GF_TEAMS, "/api/teams/search");
  if (!call->done) ask_teams(call);
}

static void ask_members(gf_call *call, int purpose, const char *path) {
  begin_list(call, purpose, path);
  if (!call->done) ask_page(call, &member_pages, gf_z(NULL));
}

void gf_find_members(gf_call *call) { ask_members(call, GF_MEMBERS, "/api/org/users"); }

/* Who may not see the members may see these. */
static void find_logins(gf_call *call) { ask_members(call, GF_LOGINS, "/api/org/users/lookup"); }

static bool is_id(gf_value v, int64_t id) {
  int64_t number;
  return gf_value_int(v, &number) && number == id;
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
  const gf_permissions *p = call->state;
  if (!p) return true;
  switch (p->looking) {
  case GF_FIND: return gf_equals_var(call, gf_value_get(item, "id"), "dashboard");
  case GF_TEAMS:
    return gf_is_granted(p, GF_TEAM, item) || is_in_items(call, "teamId", gf_value_get(item, "id"));
  case GF_MEMBERS:
  case GF_LOGINS:
    return gf_is_granted(p, GF_USER, item) || is_in_items(call, "userId", gf_value_get(item, "userId"));
  default: return true;
  }
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
static size_t unknown_item(const gf_call *call, gf_subject_kind kind, const gf_list *rows, size_t from,
                           int64_t *id) {
  gf_value items = items_of(call);
  for (size_t i = from; i < gf_value_len(items); i++) {
    gf_grant g;
    if (gf_read_permission(gf_value_at(items, i), &g) || g.kind != kind) continue;
    *id = g.id;
    if (!rows || !has_row(rows, kind == GF_TEAM ? "id" : "userId", g.id)) return i;
  }
  return SIZE_MAX;
}

static bool has_items_of(const gf_call *call, gf_subject_kind kind) {
  int64_t id;
  return unknown_item(call, kind, NULL, 0, &id) != SIZE_MAX;
}

/* The update ends as `verdict` says, not the question that `x` was. */
static void settle_update(gf_call *call, gf_exchange *x, const gf_verdict *verdict) {
  const gf_permissions *p = call->state;
  x->verdict = *verdict;
  x->attempts = p->attempts;
  x->maybe_arrived = p->maybe_arrived;
  gf_row_settle(call, x);
}

/* What the server said stands. */
static void settle_as_it_was(gf_call *call, gf_exchange *x) {
  const gf_permissions *p = call->state;
  settle_update(call, x, &p->failed);
}

static void settle_missing(gf_call *call, gf_exchange *x, gf_subject_kind kind, int64_t id) {
  const gf_permissions *p = call->state;
  bool team = kind == GF_TEAM;
  char digits[24];
  const gf_verdict missing = {.status = team ? GF_NOT_FOUND : GF_USER_NOT_FOUND,
                              .code = p->failed.code,
                              .say = team ? "the organisation has no team with the id {subject}"
                                          : "the organisation has no user with the id {subject}"};
  gf_set_var(call, "subject", gf_digits(id, digits), false);
  settle_update(call, x, &missing);
}

static void look_into(gf_call *call, gf_exchange *x) {
  gf_permissions *p = gf_permissions_of(call);
  if (!p) return;
  p->failed = x->verdict;
  p->attempts = x->attempts;
  p->maybe_arrived = x->maybe_arrived;
  if (has_items_of(call, GF_TEAM))
    gf_find_teams(call);
  else if (has_items_of(call, GF_USER))
    gf_find_members(call);
  else
    gf_row_settle(call, x);
}

static void look_at_teams(gf_call *call, gf_exchange *x) {
  const gf_permissions *p = call->state;
  int64_t id;
  bool read = x->verdict.status == GF_OK;
  if (read && unknown_item(call, GF_TEAM, &p->teams, 0, &id) != SIZE_MAX)
    settle_missing(call, x, GF_TEAM, id);
  else if (has_items_of(call, GF_USER))
    gf_find_members(call);
  else
    settle_as_it_was(call, x);
}

/* Service accounts are no members, but have ids as users have. */
static void look_at_users(gf_call *call, gf_exchange *x) {
  gf_permissions *p = call->state;
  int64_t id;
  char digits[24];
  p->item = unknown_item(call, GF_USER, &p->members, p->item, &id);
  if (p->item == SIZE_MAX) {
    settle_as_it_was(call, x);
    return;
  }
  const gf_ask ask = {.purpose = GF_ACCOUNT,
                      .method = "GET",
                      .path = "/api/serviceaccounts/",
                      .segment = gf_digits(id, digits),
                      .in_org = !call->own_org};
  gf_ask_for(call, &ask);
}

static void take_account(gf_call *call, gf_exchange *x) {
  gf_permissions *p = call->state;
  int64_t id = 0;
  bool missing = x->verdict.status == GF_NOT_FOUND || x->verdict.reason == GF_FORBIDDEN ||
                 x->verdict.reason == GF_UNSUPPORTED;
  if (x->verdict.status == GF_OK) {
    p->item++;
    look_at_users(call, x);
  } else if (missing) {
    unknown_item(call, GF_USER, &p->members, p->item, &id);
    settle_missing(call, x, GF_USER, id);
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
  else if (((gf_permissions *)call->state)->n)
    gf_grant_to_teams(call);
  else
    gf_row_ask_main(call, BY_UID);
}

static bool failed_for_good(gf_call *call, gf_exchange *x) {
  if (x->verdict.status == GF_OK || is_update(call)) return false;
  gf_row_settle(call, x);
  return true;
}

static void take_teams(gf_call *call, gf_exchange *x) {
  gf_permissions *p = call->state;
  if (!ends_list(call, x, &team_pages)) {
    ask_teams(call);
    return;
  }
  p->teams = end_list(call);
  if (call->done || failed_for_good(call, x)) return;
  if (is_update(call))
    look_at_teams(call, x);
  else
    gf_grant_to_users(call);
}

static void take_members(gf_call *call, gf_exchange *x) {
  gf_permissions *p = call->state;
  ends_list(call, x, &member_pages);
  p->members = end_list(call);
  if (call->done) return;
  if (x->purpose == GF_MEMBERS && x->verdict.reason == GF_FORBIDDEN)
    find_logins(call);
  else if (failed_for_good(call, x))
    return;
  else if (!is_update(call))
    gf_grant_to_all(call);
  else if (x->verdict.status == GF_OK)
    look_at_users(call, x);
  else
    settle_as_it_was(call, x);
}

static void take_answer(gf_call *call, gf_exchange *x) {
  const gf_permissions *p = call->state;
  bool grants = p && p->n > 0;
  if (grants && x->verdict.status == GF_OK) gf_grant_put(call);
  if (is_of_defaults(call) && x->code == 404)
    take_defaults(call, x);
  else if (is_by_number(call) && x->verdict.reason == GF_UNSUPPORTED)
    gf_find_dashboard(call);
  else if (is_update(call) && x->verdict.reason == GF_SERVER_ERROR)
    look_into(call, x);
  else if (!call->done)
    gf_row_answer(call, x);
}

void gf_permissions_answer(gf_call *call, gf_exchange *x) {
  switch (x->purpose) {
  case GF_MAIN: take_answer(call, x); break;
  case GF_FIND: take_hits(call, x); break;
  case GF_TEAMS: take_teams(call, x); break;
  case GF_MEMBERS:
  case GF_LOGINS: take_members(call, x); break;
  case GF_ACCOUNT: take_account(call, x); break;
  case GF_ORG: gf_grant_take_org(call, x); break;
  case GF_CURRENT:
    if (is_of_defaults(call) && x->code == 404)
      take_defaults(call, x);
    else
      gf_grant_take_current(call, x);
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
/* The rows have nothing to know them by: where they have an id it is the same in several. */
#define ROWS .paging = {.list = ""}, .empty_is_sure = true

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
