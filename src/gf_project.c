/* SPDX-License-Identifier: MIT
 *
 * Rows of a list that has far more in its items than is wanted: written straight into a small document of their own, so
 * that the answer need not stay. (Panels have a writer of their own, gf_panels.c: they share what their rows have.) */
#include "gf_internal.h"

/* A member that a row can show, or NULL. */
static const yyjson_val *scalar_of(gf_value item, const gf_column *column) {
  gf_value v = gf_value_get(item, column->from ? column->from : column->key);
  return gf_value_is_absent(v) || unsafe_yyjson_is_ctn(v.node) ? NULL : v.node;
}

static bool has_text(const yyjson_val *v) {
  uint8_t type = unsafe_yyjson_get_type((void *)v);
  return type == YYJSON_TYPE_STR || type == YYJSON_TYPE_RAW;
}

static size_t text_size(gf_value item, const gf_column *columns) {
  size_t bytes = 0;
  for (size_t i = 0; i < GF_MAX_COLUMNS && columns[i].key; i++) {
    const yyjson_val *v = scalar_of(item, &columns[i]);
    if (v && has_text(v)) bytes += unsafe_yyjson_get_len((void *)v) + 1;
  }
  return bytes;
}

static void write_key(yyjson_val *at, const char *key) {
  at->tag = ((uint64_t)strlen(key) << YYJSON_TAG_BIT) | YYJSON_TYPE_STR;
  at->uni.str = key; /* a constant */
}

/* `*text` is where the next string goes. */
static void write_scalar(yyjson_val *at, const yyjson_val *v, char **text) {
  *at = *v;
  if (!has_text(v)) return;
  size_t n = unsafe_yyjson_get_len((void *)v);
  memcpy(*text, v->uni.str, n);
  (*text)[n] = 0;
  at->uni.str = *text;
  *text += n + 1;
}

static yyjson_val *write_row(yyjson_val *row, gf_value item, const gf_column *columns, char **text) {
  yyjson_val *at = row + 1;
  size_t members = 0;
  for (size_t i = 0; i < GF_MAX_COLUMNS && columns[i].key; i++) {
    const yyjson_val *v = scalar_of(item, &columns[i]);
    if (!v) continue;
    write_key(at++, columns[i].key);
    write_scalar(at++, v, text);
    members++;
  }
  row->tag = ((uint64_t)members << YYJSON_TAG_BIT) | YYJSON_TYPE_OBJ;
  row->uni.ofs = (size_t)((char *)at - (char *)row);
  return at;
}

gf_doc *gf_project(const gf_allocator *alloc, const gf_list *items, const gf_column *columns) {
  enum { VALUES_A_ROW = 1 + 2 * GF_MAX_COLUMNS };
  size_t bytes = 0;
  for (size_t i = 0; i < items->n; i++)
    bytes += text_size(items->items[i], columns);
  gf_doc *doc = gf_doc_new_fixed(alloc, 1 + items->n * VALUES_A_ROW, bytes);
  if (!doc) return NULL;
  yyjson_val *rows = doc->store->fixed->root, *at = rows + 1;
  char *text = doc->store->fixed->str_pool;
  for (size_t i = 0; i < items->n; i++)
    at = write_row(at, items->items[i], columns, &text);
  rows->tag = ((uint64_t)items->n << YYJSON_TAG_BIT) | YYJSON_TYPE_ARR;
  rows->uni.ofs = (size_t)((char *)at - (char *)rows);
  return doc;
}
