/* SPDX-License-Identifier: MIT
 *
 * get_org_panels and get_org_dashboards: the search says which dashboards there are, in pages, their order and their urls.
 * What is wanted of each is kept, the rest goes at once. Where the server has lists of whole dashboards, these fill most of
 * them in (gf_op_listing_pages.c); each of the others is read by a request of its own as soon as the window has room.
 * get_ds_panels does the same for one.
 */
#include "gf_listing.h"

static const gf_paging search_pages = {.list = "",
                                       .size_param = "limit",
                                       .first = 1,
                                       .identity = "uid",
                                       .columns = {{"uid", NULL}, {"url", NULL}}};

static void free_listing(gf_call *call) {
  listing *l = call->state;
  for (size_t i = 0; i < l->n_rows; i++)
    gf_doc_release(l->rows[i]);
  gf_free(&call->client->alloc, l->rows);
  gf_list_free(call, &l->found);
  gf_list_free(call, &l->failed);
  gf_listing_free_pages(call, l);
  gf_free(&call->client->alloc, l);
}

bool gf_listing_wants_rows(const gf_call *call) {
  const gf_arg *rows = gf_option_of(call, "rows");
  return rows && rows->boolean;
}

bool gf_listing_wants_dashboards(const gf_call *call) {
  return strcmp(call->op->keys[0].name, "dashboards") == 0;
}

static gf_doc *skim(gf_call *call, gf_str text, bool *understood) {
  return gf_panels_skim(&call->client->alloc, text, gf_listing_wants_rows(call),
                        gf_listing_wants_dashboards(call), understood);
}

/* Hand over what was skimmed, or project what was parsed. */
static gf_doc *project(gf_call *call, gf_exchange *x) {
  if (x->skimmed) {
    gf_doc *skimmed = x->doc;
    x->doc = NULL;
    return skimmed;
  }
  gf_value answer = gf_doc_root(x->doc);
  gf_doc *rows = gf_listing_wants_dashboards(call)
                     ? gf_dashboard_row(&call->client->alloc, answer, gf_listing_wants_rows(call))
                     : gf_panel_rows(&call->client->alloc, answer, gf_listing_wants_rows(call));
  if (!rows) gf_lacks_memory(call);
  return rows;
}

/* An answer without a dashboard is no answer. */
static void judge_dashboard(gf_exchange *x) {
  if (x->verdict.status != GF_OK || x->skimmed) return;
  gf_value dashboard = gf_value_get(gf_doc_root(x->doc), "dashboard");
  if (!gf_value_is_absent(dashboard) && unsafe_yyjson_is_obj(dashboard.node)) return;
  gf_judge_broken(x, "the answer holds no dashboard");
}

static void ask_search(gf_call *call) {
  gf_next_page(call, SEARCH, &search_pages, gf_z("type=dash-db"), !call->own_org);
}

void gf_listing_start(gf_call *call) {
  call->state = gf_zalloc(&call->client->alloc, sizeof(listing));
  if (!call->state) {
    gf_lacks_memory(call);
    return;
  }
  call->free_state = free_listing;
  call->main_path = "/api/search";
  ask_search(call);
}

bool gf_listing_more(gf_call *call) {
  listing *l = call->state;
  if (l->way != GF_SINGLY || call->done) return false;
  while (l->next < l->n_rows && l->rows[l->next])
    l->next++;
  if (l->next >= l->n_rows) return false;
  gf_str uid = {NULL, 0};
  gf_value_string(gf_value_get(call->list.items[l->next], "uid"), &uid);
  const gf_ask ask = {.purpose = DASHBOARD,
                      .index = l->next++,
                      .method = "GET",
                      .path = "/api/dashboards/uid/",
                      .segment = uid,
                      .in_org = !call->own_org,
                      .passing = true,
                      .skim = skim};
  return gf_ask_for(call, &ask) != NULL;
}

/* ------------------------------------------------------------------------------------------------------- finishing -- */

static void show(gf_call *call, gf_list *list, gf_doc *doc, bool each) {
  gf_value root = gf_doc_root(doc);
  if (!each) {
    gf_list_add(call, list, root);
    return;
  }
  gf_iter it = gf_iterate(root);
  for (void *k, *node; gf_iter_next(&it, &k, &node);)
    gf_list_add(call, list, (gf_value){doc, node});
}

/* How many items the result shows. */
static size_t count_items(const gf_call *call) {
  const listing *l = call->state;
  size_t n = 0;
  for (size_t i = 0; i < l->n_rows; i++)
    if (l->rows[i]) n += gf_listing_wants_dashboards(call) ? 1 : gf_value_len(gf_doc_root(l->rows[i]));
  return n;
}

static void show_all(gf_call *call) {
  listing *l = call->state;
  if (!gf_list_reserve(call, &l->found, count_items(call))) return;
  for (size_t i = 0; i < l->n_rows; i++)
    if (l->rows[i]) show(call, &l->found, l->rows[i], !gf_listing_wants_dashboards(call));
  gf_put_own_list(call, call->op->keys[0].name, &l->found, l->rows, l->n_rows);
  l->rows = NULL; /* taken over */
  l->n_rows = 0;
}

static void finish_if_complete(gf_call *call) {
  listing *l = call->state;
  if (call->done || !l->searched || l->way != GF_SINGLY || l->done < call->list.n) return;
  show_all(call);
  if (l->failed.n) gf_put_list(call, "failed", &l->failed);
  call->outcome = (gf_verdict){.code = 200};
  gf_finish_ok(call, NULL);
}

/* An empty answer may mean that there is no such organisation: the row's way settles it. */
static void finish_empty(gf_call *call, gf_exchange *x) {
  listing *l = call->state;
  gf_put_list(call, call->op->keys[0].name, &l->found);
  gf_row_settle(call, x);
}

/* ----------------------------------------------------------------------------------------------------- the answers -- */

static bool make_places(gf_call *call) {
  listing *l = call->state;
  size_t n = call->list.n;
  if (n == l->n_rows) return true;
  gf_doc **rows = gf_resize(&call->client->alloc, l->rows, n * sizeof *rows);
  if (!rows) {
    gf_lacks_memory(call);
    return false;
  }
  memset(rows + l->n_rows, 0, (n - l->n_rows) * sizeof *rows);
  l->rows = rows;
  l->n_rows = n;
  call->progress_total = n;
  return true;
}

/* What came with the last page can be asked for by its uid. */
static bool have_uids(gf_call *call) {
  const listing *l = call->state;
  gf_str uid;
  for (size_t i = l->n_rows; i < call->list.n; i++)
    if (!gf_value_string(gf_value_get(call->list.items[i], "uid"), &uid) || uid.n == 0) return false;
  return true;
}

static void finish_broken(gf_call *call, gf_exchange *x, const char *say) {
  gf_judge_broken(x, say);
  gf_finish(call, &x->verdict, x);
}

static void take_search(gf_call *call, gf_exchange *x) {
  listing *l = call->state;
  if (x->verdict.status != GF_OK) {
    gf_row_settle(call, x);
    return;
  }
  gf_page_end end = gf_take_page(call, x, &search_pages);
  if (end == GF_PAGE_BROKEN || !have_uids(call)) {
    finish_broken(call, x,
                  end == GF_PAGE_BROKEN ? "the answer to the search holds no list"
                                        : "the search found what is no dashboard");
    return;
  }
  if (call->list_is_empty) {
    finish_empty(call, x);
    return;
  }
  if (!make_places(call)) return;
  if (end == GF_PAGE_MORE)
    ask_search(call);
  else
    l->searched = true;
  gf_listing_choose_way(call);
}

void gf_listing_search_again(gf_call *call) {
  listing *l = call->state;
  call->reads_once = false;
  if (!l->searched || !gf_read_again(call, &search_pages)) return;
  l->searched = false;
  ask_search(call);
}

bool gf_listing_is_general(const gf_verdict *v) {
  return v->reason == GF_BAD_CREDENTIALS || v->reason == GF_TLS || v->status == GF_CONNECTION_REFUSED ||
         v->status == GF_UNKNOWN_HOST;
}

static bool add_text(yyjson_mut_doc *tree, yyjson_mut_val *row, const char *key, gf_str text) {
  return yyjson_mut_obj_add(row, yyjson_mut_str(tree, key), yyjson_mut_strncpy(tree, text.p, text.n));
}

/* {uid, status, message} of a dashboard that could not be read. */
static gf_doc *failure_row(gf_call *call, gf_exchange *x) {
  char message[GF_MAX_MESSAGE];
  gf_str uid = {"", 0};
  if (x->verdict.say) gf_fill(call, x->verdict.say, message, sizeof message);
  gf_doc *doc = gf_doc_new(&call->client->alloc);
  yyjson_mut_val *row = doc ? yyjson_mut_obj(doc->store->tree) : NULL;
  gf_value_string(gf_value_get(call->list.items[x->index], "uid"), &uid);
  if (row && add_text(doc->store->tree, row, "uid", uid) &&
      add_text(doc->store->tree, row, "status", gf_z(gf_status_name(x->verdict.status))) &&
      add_text(doc->store->tree, row, "message", gf_z(x->verdict.say ? message : x->verdict.words))) {
    gf_doc_set_root(doc, row);
    return doc;
  }
  gf_doc_release(doc);
  gf_lacks_memory(call);
  return NULL;
}

static void note_failure(gf_call *call, gf_exchange *x) {
  listing *l = call->state;
  call->progress_failed++;
  gf_client_redact(call->client, x->verdict.words);
  gf_doc *row = failure_row(call, x);
  if (!row) return;
  gf_hold_doc(call, row);
  gf_list_add(call, &l->failed, gf_doc_root(row));
  gf_doc_release(row);
}

void gf_listing_count(gf_call *call) {
  listing *l = call->state;
  call->progress_done = ++l->done;
}

static void take_dashboard(gf_call *call, gf_exchange *x) {
  listing *l = call->state;
  gf_listing_count(call);
  judge_dashboard(x);
  if (x->verdict.status == GF_OK)
    l->rows[x->index] = project(call, x);
  else if (gf_listing_is_general(&x->verdict))
    gf_finish(call, &x->verdict, x);
  else if (x->verdict.status != GF_NOT_FOUND)
    note_failure(call, x); /* not found: deleted meanwhile */
}

void gf_listing_answer(gf_call *call, gf_exchange *x) {
  switch (x->purpose) {
  case SEARCH: take_search(call, x); break;
  case DASHBOARD: take_dashboard(call, x); break;
  case GROUP:
  case OWN_ORG:
  case PAGE: gf_listing_pages_answer(call, x); break;
  default: gf_row_answer(call, x); return;
  }
  finish_if_complete(call);
}

/* --------------------------------------------------------------------------------------------------- one dashboard -- */

void gf_panels_answer(gf_call *call, gf_exchange *x) {
  if (x->purpose == GF_MAIN) judge_dashboard(x);
  if (x->purpose != GF_MAIN || x->verdict.status != GF_OK) {
    gf_row_answer(call, x);
    return;
  }
  gf_doc *rows = project(call, x);
  if (!rows) return;
  gf_hold_doc(call, rows);
  show(call, &call->list, rows, true);
  gf_doc_release(rows);
  gf_put_list(call, "panels", &call->list);
  gf_finish_ok(call, x);
}
