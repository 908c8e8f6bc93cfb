/* SPDX-License-Identifier: MIT
 *
 * How far a call has come. An operation that fans out and a list count what they are about, any other its requests. */
#include "gf_internal.h"

static bool counts_parts(const gf_call *call) { return call->op->rule->more || call->op->rule->paging.list; }

static size_t open_requests(const gf_call *call) {
  size_t n = 0;
  for (const gf_exchange *x = call->exchanges; x; x = x->next)
    n += x->purpose != GF_SIGN_IN;
  return n;
}

void gf_note_items(gf_call *call, size_t items, int64_t total) {
  uint64_t named = total > 0 ? (uint64_t)total : 0;
  if (items > call->progress_done) call->progress_done = items;
  call->progress_total = named < SIZE_MAX ? (size_t)named : SIZE_MAX;
  if (call->progress_total < call->progress_done) call->progress_total = call->progress_done;
}

void gf_call_progress(const gf_call *call, size_t *done, size_t *total, size_t *failed) {
  bool ended_badly = call->done && call->result.status != GF_OK;
  *done = call->progress_done;
  *total = call->progress_total;
  *failed = call->progress_failed;
  if (!counts_parts(call)) {
    *done = call->answered;
    *total = call->answered + open_requests(call);
    *failed = ended_badly && *done > 0;
  }
  if (call->done && !ended_badly) *total = *done; /* whatever a server has announced */
  if (*total > 0) return;
  *done = call->done;
  *total = 1;
  *failed = ended_badly;
}
