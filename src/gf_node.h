/* SPDX-License-Identifier: MIT
 *
 * gf_node.h: what the files of the JSON layer share. Internal to the core.
 *
 * A node is a yyjson_val of a fixed store or a yyjson_mut_val of a tree. Both begin with the same tag and payload, and
 * yyjson's unsafe_… readers take either: only stepping from one node to the next needs to know which it is.
 */
#ifndef GF_NODE_H
#define GF_NODE_H

#include "gf_alloc.h"
#include "gf_json.h"

/* --- nodes --- */

static inline bool gf_node_is_text(
    void *node) { /* has bytes of its own: a string, or a number kept as text */
  uint8_t type = unsafe_yyjson_get_type(node);
  return type == YYJSON_TYPE_STR || type == YYJSON_TYPE_RAW;
}
static inline gf_str gf_node_str(void *node) {
  return (gf_str){unsafe_yyjson_get_str(node), unsafe_yyjson_get_len(node)};
}
static inline size_t gf_node_len(void *node) { /* elements or members */
  return unsafe_yyjson_is_ctn(node) ? unsafe_yyjson_get_len(node) : 0;
}

static inline gf_iter gf_node_iterate(void *node, bool tree) {
  gf_iter it = {.tree = tree, .object = unsafe_yyjson_is_obj(node), .left = gf_node_len(node)};
  if (it.left > 0 && tree) {
    /* A tree's container points to its last element, whose `next` is the first; of an object, to the last key. */
    yyjson_mut_val *last = ((yyjson_mut_val *)node)->uni.ptr;
    it.next = it.object ? last->next->next : last->next;
  } else if (it.left > 0) {
    it.next = unsafe_yyjson_get_first(node);
  }
  return it;
}

static inline bool gf_node_next(gf_iter *it, void **key, void **value) {
  if (it->left == 0) return false;
  it->left--;
  void *at = it->next;
  if (it->object) {
    *key = at;
    at = it->tree ? (void *)((yyjson_mut_val *)at)->next : (void *)((yyjson_val *)at + 1);
  }
  *value = at;
  it->next = it->tree ? (void *)((yyjson_mut_val *)at)->next : (void *)unsafe_yyjson_get_next(at);
  return true;
}

/* --- stores (gf_doc.c) --- */

/* A new tree store with a copy of `v`, whose place is put into `root`; NULL without memory. */
gf_store *gf_store_tree_of(gf_value v, const gf_allocator *alloc, yyjson_mut_val **root);
void gf_store_release(gf_store *store);
/* Let `doc` take over the caller's hold on `store`, with `root` in it, in place of what it had. */
void gf_doc_move_to(gf_doc *doc, gf_store *store, void *root);
/* A document with an empty tree whose root is a copy of `v`; NULL without memory. */
gf_doc *gf_doc_tree_of(gf_value v, const gf_allocator *alloc);
/* Write a copy of `v` over the tag and payload of `out`; false without memory, and then `out` is as it was. `v` may lie
 * inside `out`, or the other way round. */
bool gf_node_copy(yyjson_mut_doc *tree, gf_value v, yyjson_mut_val *out);
/* Whether `v` is at most `limit` deep: a scalar is 0 deep, an empty array 1. */
bool gf_value_within(gf_value v, size_t limit);

/* --- errors --- */

/* Fills `error`, which may be NULL. Always false. */
bool gf_json_fail(gf_json_error *error, size_t offset, const char *message);
bool gf_json_no_memory(gf_json_error *error);

/* --- members of objects in order (gf_compare.c) --- */

typedef struct gf_member {
  void *key, *value;
} gf_member;
/* A stack of members: an object's are pushed together, and dropped by setting `n` back. */
typedef struct gf_members {
  const gf_allocator *alloc;
  gf_member *p;
  size_t n, cap;
} gf_members;
/* Push the members of an object, sorted by the bytes of their keys; equal keys keep their order, or only the last of
 * them stays (`last_only`). False without memory. */
bool gf_members_push(gf_members *members, void *object, bool tree, bool last_only);
void gf_members_free(gf_members *members);

/* --- numbers (gf_compare.c) --- */

/* Text that is the same for numbers of equal value and differs for others: that of a double where a double holds the
 * value (1, 0.5, 1e100), else the integer's digits, else digits and a decimal exponent (1E400). */
void gf_add_canonical_number(gf_buf *buf, void *number);
/* The same for the double next to the number; as above where that is beyond all doubles. */
void gf_add_double_number(gf_buf *buf, void *number);
/* JSON text of an integer or a double. False for NaN and infinities, which JSON has no text for. */
bool gf_add_number(gf_buf *buf, const yyjson_val *number);

/* Make room for element `n` of a growing array; NULL without memory (then `p` is as it was). */
void *gf_grow_array(const gf_allocator *alloc, void *p, size_t *cap, size_t need, size_t size);

#endif
