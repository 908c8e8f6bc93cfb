/* SPDX-License-Identifier: MIT
 *
 * Lists of /apis, taken apart while they arrive: {"metadata": {"continue": …}, "items": [{…}, {…}]}. Each item is handed
 * over as soon as it is whole, and its text forgotten: memory does not grow with the page.
 *
 * An item that has not arrived whole cannot be told from one that is broken; it is tried again when twice as much of it is
 * there, so that the work stays within a small multiple of the answer's length. */
#include "gf_internal.h"
#include "gf_skim.h"

enum { HEAD, ITEMS, TAIL, OVER }; /* how far a list has been read */

/* How much has to be there before an item that was not whole is tried again. */
enum { TRY_AGAIN = 4096 };

static bool is_key(gf_str key, const char *name) { return gf_str_eq(key, name); }

static void skip(gf_skim *s) {
  gf_skimmed ignored;
  gf_skim_value(s, &ignored);
}

/* The token of the next page; an empty one is none. One with escapes is none that we know. */
static void read_metadata(gf_skim *s, gf_str *token) {
  gf_str key;
  if (!gf_skim_enter(s, '{')) {
    skip(s);
    return;
  }
  for (bool begun = false; gf_skim_member(s, &begun, &key);) {
    gf_skimmed v;
    if (!gf_skim_value(s, &v) || !is_key(key, "continue")) continue;
    if (v.scalar.escaped) s->failed = true;
    if ((v.scalar.value.tag & YYJSON_TYPE_MASK) == YYJSON_TYPE_STR)
      *token = (gf_str){v.scalar.value.uni.str, (size_t)(v.scalar.value.tag >> YYJSON_TAG_BIT)};
  }
}

static void tell_token(gf_call *call, gf_exchange *x, gf_str token) {
  if (token.n) x->taker->next(call, x, token);
}

/* The members up to the list; what was used of the text. */
static size_t take_head(gf_call *call, gf_exchange *x, gf_str text) {
  gf_skim s;
  gf_str key, token = {NULL, 0};
  gf_skim_begin(&s, text);
  if (!gf_skim_enter(&s, '{')) return 0;
  for (bool begun = false; gf_skim_member(&s, &begun, &key);) {
    if (is_key(key, "metadata")) {
      read_metadata(&s, &token);
    } else if (!is_key(key, "items")) {
      skip(&s);
    } else if (gf_skim_enter(&s, '[')) {
      tell_token(call, x, token);
      x->items.stage = ITEMS;
      return (size_t)(s.p - text.p);
    } else {
      return 0;
    }
  }
  return 0;
}

/* One item from `s` on; false where none is whole. */
static bool take_item(gf_call *call, gf_exchange *x, gf_skim *s) {
  bool begun = x->items.begun;
  gf_skimmed v;
  if (!gf_skim_element(s, &begun)) {
    if (!s->failed) x->items.stage = TAIL;
    return false;
  }
  if (!gf_skim_value(s, &v) || !v.container || *v.container != '{') return false;
  x->items.begun = true;
  x->taker->item(call, (gf_str){v.container, (size_t)(s->p - v.container)});
  return !call->lacks_memory;
}

static size_t take_items(gf_call *call, gf_exchange *x, gf_str text) {
  gf_skim s;
  const char *used = text.p;
  gf_skim_begin(&s, text);
  while (take_item(call, x, &s))
    used = s.p;
  if (x->items.stage == TAIL) used = s.p;
  return (size_t)(used - text.p);
}

/* The members behind the list, which end the text. */
static void take_tail(gf_call *call, gf_exchange *x, gf_str text) {
  gf_skim s;
  gf_str key, token = {NULL, 0};
  gf_skim_begin(&s, text);
  for (bool begun = true; gf_skim_member(&s, &begun, &key);) {
    if (is_key(key, "metadata"))
      read_metadata(&s, &token);
    else
      skip(&s);
  }
  if (!gf_skim_is_over(&s)) return;
  tell_token(call, x, token);
  x->items.stage = OVER;
}

static gf_str rest(const gf_exchange *x) { return (gf_str){x->body.n ? x->body.p : "", x->body.n}; }

static void forget(gf_exchange *x, size_t n) {
  if (n == 0) return;
  memmove(x->body.p, x->body.p + n, x->body.n - n);
  x->body.n -= n;
  x->items.taken += n;
}

void gf_items_take(gf_call *call, gf_exchange *x) {
  if (x->code != 200 || x->body.n < x->items.try_at) return;
  if (x->items.stage == HEAD) forget(x, take_head(call, x, rest(x)));
  if (x->items.stage == ITEMS) forget(x, take_items(call, x, rest(x)));
  x->items.try_at = 2 * x->body.n + TRY_AGAIN;
}

bool gf_items_end(gf_call *call, gf_exchange *x) {
  x->items.try_at = 0;
  gf_items_take(call, x);
  if (x->items.stage == TAIL) take_tail(call, x, rest(x));
  return x->items.stage == OVER;
}
