/* SPDX-License-Identifier: MIT
 *
 * Building results: named values that point into documents which the call holds. */
#include "gf_internal.h"

void gf_hold_doc(gf_call *call, gf_doc *doc) {
  if (call->n_docs && call->docs[call->n_docs - 1] == doc) return;
  if (call->n_docs == call->cap_docs) {
    size_t cap = call->cap_docs ? call->cap_docs * 2 : 4;
    gf_doc **docs = gf_resize(&call->client->alloc, call->docs, cap * sizeof *docs);
    if (!docs) {
      gf_lacks_memory(call);
      return;
    }
    call->docs = docs;
    call->cap_docs = cap;
  }
  call->docs[call->n_docs++] = gf_doc_retain(doc);
}

static gf_field *field(gf_call *call, const char *key, gf_field_kind kind) {
  for (size_t i = 0; i < call->n_fields; i++) {
    if (strcmp(call->fields[i].name, key) != 0) continue;
    call->fields[i].kind = kind;
    return &call->fields[i];
  }
  if (call->n_fields == GF_MAX_FIELDS) return NULL; /* a row never has so many keys: spec/c/ops_test.c */
  gf_field *f = &call->fields[call->n_fields++];
  *f = (gf_field){.name = key, .kind = kind};
  return f;
}

void gf_put_value(gf_call *call, const char *key, gf_value v) {
  gf_field *f = field(call, key, GF_F_VALUE);
  if (!f) return;
  gf_hold_doc(call, v.doc);
  f->value = v;
}

void gf_put_text(gf_call *call, const char *key, gf_str text) {
  gf_field *f = field(call, key, GF_F_TEXT);
  char *copy = gf_strdup_n(&call->client->alloc, text);
  if (!copy) gf_lacks_memory(call);
  if (!f || !copy) {
    gf_free(&call->client->alloc, copy);
    return;
  }
  size_t i = (size_t)(f - call->fields);
  gf_free(&call->client->alloc, call->field_text[i]);
  call->field_text[i] = copy;
  f->text = (gf_str){copy, text.n};
}

void gf_put_bool(gf_call *call, const char *key, bool b) {
  gf_field *f = field(call, key, GF_F_BOOL);
  if (f) f->boolean = b;
}

void gf_put_int(gf_call *call, const char *key, int64_t i) {
  gf_field *f = field(call, key, GF_F_INT);
  if (f) f->integer = i;
}

void gf_take_text(gf_call *call, const char *key, gf_buf *text) {
  gf_field *f = field(call, key, GF_F_TEXT);
  size_t length = text->n;
  char *taken = gf_buf_take(text);
  if (!taken) gf_lacks_memory(call);
  if (!f || !taken) {
    gf_free(&call->client->alloc, taken);
    return;
  }
  size_t i = (size_t)(f - call->fields);
  gf_free(&call->client->alloc, call->field_text[i]);
  call->field_text[i] = taken;
  f->text = (gf_str){taken, length};
}

void gf_put_list(gf_call *call, const char *key, const gf_list *list) {
  gf_field *f = field(call, key, GF_F_LIST);
  if (!f) return;
  f->items = list->items;
  f->n_items = list->n;
}

void gf_put_own_list(gf_call *call, const char *key, const gf_list *list, gf_doc **docs, size_t n) {
  call->item_docs = (gf_docs){.docs = docs, .n = n};
  gf_put_list(call, key, list);
  call->item_field = field(call, key, GF_F_LIST);
}

/* Those before the one that `last` lives in; all where there is none. */
static void release_before(gf_docs *docs, const gf_doc *last) {
  while (docs->next < docs->n && (!last || docs->docs[docs->next] != last))
    gf_doc_release(docs->docs[docs->next++]);
}

void gf_free_item_docs(gf_call *call) {
  release_before(&call->item_docs, NULL);
  gf_free(&call->client->alloc, call->item_docs.docs);
  call->item_docs = (gf_docs){0};
}

void gf_call_forget_items(gf_call *call, const gf_field *list, size_t n) {
  call->is_forgotten = true;
  if (list != call->item_field || n == 0) return;
  release_before(&call->item_docs, n < list->n_items ? list->items[n].doc : NULL);
}

void gf_drop_field(gf_call *call, const char *key) {
  for (size_t i = 0; i < call->n_fields; i++) {
    if (strcmp(call->fields[i].name, key) != 0) continue;
    size_t last = --call->n_fields;
    char *text = call->field_text[i];
    call->fields[i] = call->fields[last];
    call->field_text[i] = call->field_text[last];
    call->field_text[last] = text; /* freed with the call */
    return;
  }
}

bool gf_list_reserve(gf_call *call, gf_list *list, size_t n) {
  if (n <= list->cap) return true;
  gf_value *items = gf_resize(&call->client->alloc, list->items, n * sizeof *items);
  if (!items) {
    gf_lacks_memory(call);
    return false;
  }
  list->items = items;
  list->cap = n;
  return true;
}

void gf_list_add(gf_call *call, gf_list *list, gf_value item) {
  if (list->n == list->cap && !gf_list_reserve(call, list, list->cap ? list->cap * 2 : 16)) return;
  list->items[list->n++] = item;
}

void gf_list_free(gf_call *call, gf_list *list) {
  gf_free(&call->client->alloc, list->items);
  *list = (gf_list){0};
}

/* --- which items were seen: open addressing on 64-bit hashes (FNV-1a); 0 marks an empty slot --- */

uint64_t gf_hash(gf_str text) {
  uint64_t h = 14695981039346656037u;
  for (size_t i = 0; i < text.n; i++)
    h = (h ^ (unsigned char)text.p[i]) * 1099511628211u;
  return h ? h : 1;
}

static bool place(uint64_t *slots, size_t cap, uint64_t h) {
  size_t i = (size_t)(h & (cap - 1));
  for (; slots[i]; i = (i + 1) & (cap - 1))
    if (slots[i] == h) return false;
  slots[i] = h;
  return true;
}

static bool seen_grow(gf_call *call, gf_seen *seen) {
  size_t cap = seen->cap ? seen->cap * 2 : 64;
  uint64_t *slots = gf_zalloc(&call->client->alloc, cap * sizeof *slots);
  if (!slots) {
    gf_lacks_memory(call);
    return false;
  }
  for (size_t i = 0; i < seen->cap; i++)
    if (seen->slots[i]) place(slots, cap, seen->slots[i]);
  gf_free(&call->client->alloc, seen->slots);
  seen->slots = slots;
  seen->cap = cap;
  return true;
}

uint64_t gf_identity_hash(gf_value identity) {
  char digits[24];
  gf_str text;
  return gf_scalar_text(identity, &text, digits) ? gf_hash(text) : 0;
}

bool gf_seen_add(gf_call *call, gf_seen *seen, gf_value identity) {
  uint64_t hash = gf_identity_hash(identity);
  if (!hash) return true; /* nothing to know it by */
  if (2 * (seen->n + 1) > seen->cap && !seen_grow(call, seen)) return false;
  if (!place(seen->slots, seen->cap, hash)) return false;
  seen->n++;
  return true;
}

void gf_seen_free(gf_call *call, gf_seen *seen) {
  gf_free(&call->client->alloc, seen->slots);
  *seen = (gf_seen){0};
}

const gf_field *gf_result_field(const gf_result *result, const char *name) {
  for (size_t i = 0; i < result->n_fields; i++)
    if (strcmp(result->fields[i].name, name) == 0) return &result->fields[i];
  return NULL;
}
