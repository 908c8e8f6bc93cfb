/* SPDX-License-Identifier: MIT
 *
 * Lists in pages. A list is whole when the total that the server names is reached, when a page is empty, or when a page
 * begins with an item that was there before (a server that does not know the parameter). */
#include "gf_internal.h"

#include <stdio.h>

static void add_number(gf_buf *query, const char *name, int64_t number) {
  char digits[24];
  gf_add_query(query, name, gf_digits(number, digits));
}

/* Is it one of the server's pages that is wanted? */
static bool wants_one(const gf_call *call) { return call->page > 0 && !call->cuts_pages; }

static void add_page(gf_call *call, gf_buf *query, const gf_paging *paging) {
  bool one = wants_one(call);
  int64_t number = one ? call->page - 1 : call->pages;
  gf_str token;
  char digits[24];
  if (paging->token) {
    if (call->pages && gf_get_var(call, paging->token_param, &token, digits))
      gf_add_query(query, paging->token_param, token);
    return;
  }
  add_number(query, paging->size_param, call->perpage && !call->cuts_pages ? call->perpage : GF_PAGE_SIZE);
  add_number(query, "page", number + paging->first);
}

gf_exchange *gf_next_page(gf_call *call, int purpose, const gf_paging *paging, gf_str base, bool in_org) {
  gf_buf query;
  gf_buf_init(&query, &call->client->alloc, GF_MAX_URL);
  if (base.n) gf_buf_add(&query, base.p, base.n);
  if (paging->size_param || paging->token) add_page(call, &query, paging);
  gf_exchange *x = NULL;
  if (query.failed)
    gf_lacks_memory(call);
  else {
    const gf_ask ask = {.purpose = purpose,
                        .method = "GET",
                        .path = call->main_path,
                        .query = {query.p, query.n},
                        .in_org = in_org};
    x = gf_ask_for(call, &ask);
  }
  gf_buf_free(&query);
  return x;
}

/* What has nothing to know it by is taken from the first pass only. */
static bool is_new(gf_call *call, gf_value item, const gf_paging *paging) {
  if (!paging->identity) return true;
  gf_value identity = gf_value_get(item, paging->identity);
  if (call->passes && !gf_identity_hash(identity)) return false;
  return gf_seen_add(call, &call->seen, identity);
}

/* What is new of `list`, and belongs to the result. */
static void add_new(gf_call *call, gf_value list, const gf_paging *paging, gf_list *to) {
  bool (*keep)(gf_call *, gf_value) = call->op->rule->keep;
  gf_iter it = gf_iterate(list);
  for (void *k, *node; gf_iter_next(&it, &k, &node);) {
    gf_value item = {list.doc, node};
    if (is_new(call, item, paging) && (!keep || keep(call, item))) gf_list_add(call, to, item);
  }
}

static void add_rows(gf_call *call, const gf_list *items, const gf_column *columns) {
  gf_doc *rows = gf_project(&call->client->alloc, items, columns);
  if (!rows) {
    gf_lacks_memory(call);
    return;
  }
  gf_hold_doc(call, rows);
  gf_iter it = gf_iterate(gf_doc_root(rows));
  for (void *k, *node; !call->done && gf_iter_next(&it, &k, &node);)
    gf_list_add(call, &call->list, (gf_value){rows, node});
  gf_doc_release(rows);
}

static void take_items(gf_call *call, gf_exchange *x, gf_value list, const gf_paging *paging) {
  size_t before = call->list.n;
  if (!paging->columns[0].key) {
    add_new(call, list, paging, &call->list);
    if (call->list.n > before) gf_hold_doc(call, x->doc);
    return;
  }
  gf_list found = {0};
  add_new(call, list, paging, &found);
  if (!call->done && found.n) add_rows(call, &found, paging->columns);
  gf_list_free(call, &found);
}

/* -1: none. */
static int64_t total_of(gf_exchange *x, const gf_paging *paging) {
  int64_t total;
  bool named = paging->total && gf_value_int(gf_value_pointer(gf_doc_root(x->doc), paging->total), &total);
  return named && total >= 0 ? total : -1;
}

static bool has_total(size_t items, gf_exchange *x, const gf_paging *paging) {
  int64_t total = total_of(x, paging);
  return total >= 0 && (uint64_t)total <= items;
}

/* Lists that an operation reads on its way to something else say nothing of how far it is. */
static void note_progress(gf_call *call, gf_exchange *x, const gf_paging *paging) {
  if (call->done || paging != &call->op->rule->paging) return;
  gf_note_items(call, paging->identity ? call->seen.n : call->list.n,
                wants_one(call) ? -1 : total_of(x, paging));
}

static bool next_token(gf_call *call, gf_exchange *x, const gf_paging *paging) {
  gf_str token;
  if (!gf_value_string(gf_value_pointer(gf_doc_root(x->doc), paging->token), &token) || token.n == 0)
    return false;
  gf_set_var(call, paging->token_param, token, true);
  return true;
}

/* A list at the root where `pointer` leads nowhere: what older servers answer. */
gf_value gf_list_of(gf_exchange *x, const char *pointer) {
  if (!x->doc) return (gf_value){NULL, NULL};
  gf_value root = gf_doc_root(x->doc);
  gf_value list = unsafe_yyjson_is_arr(root.node) ? root : gf_value_pointer(root, pointer);
  return !gf_value_is_absent(list) && unsafe_yyjson_is_arr(list.node) ? list : (gf_value){NULL, NULL};
}

gf_value gf_take_array(gf_exchange *x) {
  gf_value root = x->verdict.status == GF_OK && x->doc ? gf_doc_root(x->doc) : (gf_value){NULL, NULL};
  if (!gf_value_is_absent(root) && unsafe_yyjson_is_arr(root.node)) return root;
  if (x->verdict.status == GF_OK) gf_judge_broken(x, "the answer holds no list");
  return (gf_value){NULL, NULL};
}

/* Nothing new in the first pass: the server takes no notice of what is asked. The others end where the first did. */
static bool leads_nowhere(const gf_call *call, size_t before) {
  return call->passes ? call->pass.items > 2 * call->seen.n : call->seen.n == before;
}

/* Is it the last page of this pass? `before`: how many items had been seen before it. */
static bool is_last(gf_call *call, gf_exchange *x, const gf_paging *paging, size_t count, size_t before) {
  if (count == 0 || wants_one(call) || call->pages >= GF_MAX_PAGES || leads_nowhere(call, before))
    return true;
  if (paging->token) return !next_token(call, x, paging);
  return !paging->size_param || has_total(call->passes ? call->pass.items : call->seen.n, x, paging);
}

gf_page_end gf_take_page(gf_call *call, gf_exchange *x, const gf_paging *paging) {
  gf_value list = gf_list_of(x, paging->list);
  if (gf_value_is_absent(list)) return GF_PAGE_BROKEN;
  size_t count = gf_value_len(list), before = call->seen.n;
  call->list_is_empty = call->pages == 0 && call->passes == 0 && count == 0;
  call->pages++;
  take_items(call, x, list, paging);
  note_progress(call, x, paging);
  gf_note_page(call, list, paging, total_of(x, paging));
  if (!is_last(call, x, paging, count, before)) return GF_PAGE_MORE;
  return !call->reads_once && gf_read_again(call, paging) ? GF_PAGE_MORE : GF_PAGE_LAST;
}

/* ----------------------------------------------------------------------------------------------- pages of a probe -- */

void gf_start_probe_pages(gf_call *call) {
  call->probe_pages = 0;
  gf_seen_free(call, &call->probe_seen);
}

void gf_add_probe_page(gf_call *call, gf_buf *query, const gf_paging *paging) {
  add_number(query, paging->size_param, GF_PAGE_SIZE);
  add_number(query, "page", call->probe_pages + paging->first);
}

bool gf_probe_goes_on(gf_call *call, gf_exchange *x, const gf_paging *paging) {
  size_t before = call->probe_seen.n;
  gf_value list = gf_list_of(x, paging->list);
  gf_iter it = gf_iterate(list);
  for (void *k, *node; gf_iter_next(&it, &k, &node);)
    gf_seen_add(call, &call->probe_seen, gf_value_get((gf_value){x->doc, node}, paging->identity));
  bool last = call->probe_seen.n == before || ++call->probe_pages >= GF_MAX_PAGES;
  return !call->done && !last && !has_total(call->probe_seen.n, x, paging);
}
