/* SPDX-License-Identifier: MIT
 *
 * Fuzzing of the JSON layer with libFuzzer: `make fuzz FUZZ=json`.
 *
 * The first byte says which allocation fails (0: none), the next six make a path, the rest is JSON. */
#include "gf_json.h"
#include "test_alloc.h"

#define MUST(condition)                                                                                      \
  ((condition) ? (void)0 : (printf("%s:%d: %s\n", __FILE__, __LINE__, #condition), abort()))

static void must_be_same(test_alloc *a, gf_value x, gf_value y) {
  char p[65], q[65];
  int equal = gf_value_equal(&a->alloc, x, y);
  MUST(equal == 1 || (equal == -1 && a->tripped));
  if (gf_value_digest(&a->alloc, x, p) && gf_value_digest(&a->alloc, y, q)) MUST(strcmp(p, q) == 0);
}

static void reads_back(test_alloc *a, gf_doc *doc, gf_write how) {
  size_t n = 0;
  gf_json_error error = {0};
  char *text = gf_value_write(&a->alloc, gf_doc_root(doc), how, &n, &error);
  MUST(text || a->tripped);
  if (!text) return;
  MUST(text[n] == '\0');
  gf_doc *again = gf_doc_parse(&a->alloc, (gf_str){text, n}, &error);
  MUST(again || a->tripped);
  if (again) must_be_same(a, gf_doc_root(doc), gf_doc_root(again));
  gf_doc_release(again);
  a->alloc.resize(a->alloc.ctx, text, 0);
}

static void reads_back_in_all_ways(test_alloc *a, gf_doc *doc) {
  for (int i = 0; i < 4; i++)
    reads_back(a, doc, (gf_write){.pretty = i & 1, .sorted = i & 2});
}

static size_t make_path(gf_step path[3], const uint8_t *bytes) {
  static const char *const keys[] = {"a", "b", "", "panels", "id", "\xff"};
  for (int i = 0; i < 3; i++) {
    uint8_t b = bytes[2 * i];
    path[i] = (gf_step){.is_index = b & 1, .index = bytes[2 * i + 1] % 5};
    path[i].key = (gf_str){keys[b / 2 % 6], strlen(keys[b / 2 % 6])};
  }
  return bytes[0] / 64;
}

static void change(test_alloc *a, gf_doc *doc, const gf_step *path, size_t n) {
  gf_json_error error = {0};
  gf_doc *before = gf_doc_copy(doc);
  if (!before) return;
  gf_value value = gf_value_path(gf_doc_root(before), path, n > 0 ? 1 : 0);
  gf_value target = value.node ? value : gf_doc_root(before);
  if (gf_doc_set(doc, target, path, n, &error)) {
    must_be_same(a, gf_value_path(gf_doc_root(doc), path, n), target);
    reads_back_in_all_ways(a, doc);
    if (n > 0 && gf_doc_remove(doc, path, n, &error) == 1) reads_back(a, doc, (gf_write){.sorted = true});
  } else {
    must_be_same(a, gf_doc_root(doc), gf_doc_root(before));
  }
  gf_doc *merged = gf_doc_merge(&a->alloc, gf_doc_root(doc), gf_doc_root(before));
  if (merged) reads_back(a, merged, (gf_write){.sorted = true});
  gf_doc_release(merged);
  gf_doc_release(before);
}

static void exercise(test_alloc *a, gf_doc *doc, const uint8_t *bytes) {
  gf_step path[3];
  size_t n = make_path(path, bytes);
  gf_value_pointer(gf_doc_root(doc), "/a/0/b~1");
  gf_doc *compact = gf_doc_compact(gf_doc_root(doc));
  if (compact) must_be_same(a, gf_doc_root(doc), gf_doc_root(compact));
  gf_doc_release(compact);
  reads_back_in_all_ways(a, doc);
  change(a, doc, path, n);
  compact = gf_doc_compact(gf_doc_root(doc));
  if (compact) must_be_same(a, gf_doc_root(doc), gf_doc_root(compact));
  gf_doc_release(compact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 7) return 0;
  test_alloc a;
  gf_json_error error = {0};
  test_alloc_init(&a, data[0], false);
  gf_doc *doc = gf_doc_parse(&a.alloc, (gf_str){(const char *)data + 7, size - 7}, &error);
  if (doc) exercise(&a, doc, data + 1);
  gf_doc_release(doc);
  MUST(doc || error.message[0]);
  MUST(a.live == 0);
  return 0;
}
