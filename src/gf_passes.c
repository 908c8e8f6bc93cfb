/* SPDX-License-Identifier: MIT
 *
 * Lists in numbered pages change while they are read. When something on a page that has been read is deleted, or moves to
 * the end because it gets another title, what stands behind it moves up, and the first item of the next page is never
 * seen. So a list of more than one page is read again, until a pass has seen the same items as the one before it; what only
 * one of them saw is in the list, too. (That a pass adds nothing is not enough: the same item may slip through again, but
 * what made room for it is there in the first pass only.)
 *
 * A server that names a total spares this: where all pages name the same, and so many different items have come, nothing
 * has slipped through.
 */
#include "gf_internal.h"

/* Can items slip from one page to another? */
static bool has_pages(const gf_call *call, const gf_paging *paging) {
  return paging->size_param && !paging->token && paging->identity && !(call->page && !call->cuts_pages);
}

static uint64_t sum_of(gf_value list, const gf_paging *paging) {
  uint64_t sum = 0;
  gf_iter it = gf_iterate(list);
  for (void *k, *node; gf_iter_next(&it, &k, &node);)
    sum += gf_identity_hash(gf_value_get((gf_value){list.doc, node}, paging->identity));
  return sum;
}

static size_t items_asked_for(const gf_call *call) {
  return call->perpage && !call->cuts_pages ? (size_t)call->perpage : GF_PAGE_SIZE;
}

void gf_note_page(gf_call *call, gf_value list, const gf_paging *paging, int64_t total) {
  gf_pass *pass = &call->pass;
  size_t count = gf_value_len(list);
  if (!has_pages(call, paging)) return;
  uint64_t sum = sum_of(list, paging);
  bool is_first = pass->pages++ == 0;
  if (!is_first && count && sum == pass->page_sum) pass->is_stuck = true;
  if (!is_first && total != pass->total) pass->is_torn = true;
  if (count >= items_asked_for(call) || (!is_first && count)) pass->is_long = true;
  pass->items += count;
  pass->sum += sum;
  pass->page_sum = sum;
  pass->total = total;
}

/* Has everything been seen, as the server names the same total all the time? */
static bool is_whole(const gf_call *call) {
  const gf_pass *pass = &call->pass;
  return call->passes == 0 && !pass->is_torn && pass->total > 0 && (uint64_t)pass->total == call->seen.n;
}

bool gf_read_again(gf_call *call, const gf_paging *paging) {
  const gf_pass *pass = &call->pass, *last = &call->last_pass;
  bool is_same = call->passes && pass->items == last->items && pass->sum == last->sum;
  if (call->done || !has_pages(call, paging) || is_same || is_whole(call)) return false;
  if (!call->passes && (!pass->is_long || pass->is_stuck)) return false;
  if (call->passes == GF_MAX_PASSES) return false;
  call->passes++;
  call->last_pass = *pass;
  call->pass = (gf_pass){0};
  call->pages = 0;
  return true;
}

void gf_begin_pages(gf_call *call) {
  gf_seen_free(call, &call->seen);
  call->pass = call->last_pass = (gf_pass){0};
  call->passes = 0;
  call->pages = 0;
}
