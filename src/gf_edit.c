/* SPDX-License-Identifier: MIT
 * Changing JSON: set, remove, merge.
 *
 * Each change first settles, by reading only, whether it can be done, then makes everything it needs apart from the
 * document, and links that in at the end, where nothing can fail any more. So a change that fails has changed nothing.
 *
 * Of two equal keys the last is the one that is set and merged into; the others stay as they are. Removing a key removes
 * all of its kind, or one that was hidden would come to light. */
#include "gf_node.h"

/* --- the tree to change --- */

/* The tree that a change works on: the document's own, or a copy of its part that takes its place at the end. */
typedef struct edit {
  gf_doc *doc;
  gf_store *store;
  yyjson_mut_val *root;
} edit;

static bool edit_begin(edit *e, gf_doc *doc) {
  gf_store *store = doc->store;
  *e = (edit){doc, store, doc->root};
  if (gf_doc_is_tree(doc) && store->refs == 1 && store->bytes <= store->rebuild_at) return true;
  e->store = gf_store_tree_of(gf_doc_root(doc), &store->alloc, &e->root);
  return e->store != NULL;
}

static void edit_commit(edit *e) { gf_doc_move_to(e->doc, e->store, e->root); }

static void edit_abort(edit *e) {
  if (e->store != e->doc->store) gf_store_release(e->store);
}

/* A path that is known to lead somewhere, followed in the tree. */
static yyjson_mut_val *follow(const edit *e, const gf_step *path, size_t n) {
  gf_store store = {.tree = e->store->tree};
  gf_doc doc = {.store = &store};
  return gf_value_path((gf_value){&doc, e->root}, path, n).node;
}

/* --- set --- */

/* What is missing on the way gets made: objects for keys, arrays for index 0. */
static bool can_make(const gf_step *path, size_t n, gf_json_error *error) {
  for (size_t i = 0; i < n; i++) {
    if (path[i].is_index && path[i].index > 0) return gf_json_fail(error, 0, "the index is beyond the end");
    if (!path[i].is_index && !gf_is_utf8(path[i].key)) return gf_json_fail(error, 0, "a key is not UTF-8");
  }
  return true;
}

/* Whether `container` can take a new member or element at `step`. */
static bool can_add(void *container, const gf_step *step, gf_json_error *error) {
  if (!unsafe_yyjson_is_ctn(container)) return gf_json_fail(error, 0, "the path leads through a scalar");
  bool array = unsafe_yyjson_is_arr(container);
  if (array && !step->is_index) return gf_json_fail(error, 0, "the path has a key where there is an array");
  if (!array && step->is_index)
    return gf_json_fail(error, 0, "the path has an index where there is an object");
  if (array && step->index > gf_node_len(container)) {
    return gf_json_fail(error, 0, "the index is beyond the end");
  }
  return array || gf_is_utf8(step->key) || gf_json_fail(error, 0, "a key is not UTF-8");
}

/* How many steps of the path lead to something that is there already; false when the path cannot be made. */
static bool survey(gf_doc *doc, const gf_step *path, size_t n, size_t *there, gf_json_error *error) {
  gf_value at = gf_doc_root(doc);
  for (*there = 0; *there < n; ++*there) {
    gf_value next = gf_value_path(at, &path[*there], 1);
    if (!next.node) break;
    at = next;
  }
  size_t left = n - *there;
  if (left == 0) return true;
  return can_add(at.node, &path[*there], error) && can_make(&path[*there + 1], left - 1, error);
}

static yyjson_mut_val *make_key(yyjson_mut_doc *tree, gf_str key) {
  return yyjson_mut_strncpy(tree, key.n > 0 ? key.p : "", key.n);
}

/* A new container that holds just `child`. */
static yyjson_mut_val *wrap(yyjson_mut_doc *tree, const gf_step *step, yyjson_mut_val *child) {
  if (step->is_index) {
    yyjson_mut_val *array = yyjson_mut_arr(tree);
    return array && yyjson_mut_arr_append(array, child) ? array : NULL;
  }
  yyjson_mut_val *object = yyjson_mut_obj(tree);
  yyjson_mut_val *key = make_key(tree, step->key);
  return object && key && yyjson_mut_obj_add(object, key, child) ? object : NULL;
}

/* A copy of `value` inside the containers that `path` names. */
static yyjson_mut_val *make_branch(yyjson_mut_doc *tree, gf_value value, const gf_step *path, size_t n) {
  yyjson_mut_val *branch = yyjson_mut_null(tree);
  if (!branch || !gf_node_copy(tree, value, branch)) return NULL;
  while (n > 0 && branch)
    branch = wrap(tree, &path[--n], branch);
  return branch;
}

/* Add a member or an element that is not there yet, and below it the rest of the path. */
static bool add_branch(edit *e, gf_value value, const gf_step *path, size_t n, size_t there) {
  yyjson_mut_doc *tree = e->store->tree;
  yyjson_mut_val *parent = follow(e, path, there);
  const gf_step *step = &path[there];
  yyjson_mut_val *branch = make_branch(tree, value, step + 1, n - there - 1);
  if (!branch) return false;
  if (step->is_index) return yyjson_mut_arr_append(parent, branch);
  yyjson_mut_val *key = make_key(tree, step->key);
  return key && yyjson_mut_obj_add(parent, key, branch);
}

static bool set_whole(gf_doc *doc, gf_value value) {
  yyjson_mut_val *root;
  gf_store *store = gf_store_tree_of(value, &doc->store->alloc, &root);
  if (store) gf_doc_move_to(doc, store, root);
  return store != NULL;
}

static bool set_part(gf_doc *doc, gf_value value, const gf_step *path, size_t n, size_t there) {
  edit e;
  if (!edit_begin(&e, doc)) return false;
  bool ok = there == n ? gf_node_copy(e.store->tree, value, follow(&e, path, n))
                       : add_branch(&e, value, path, n, there);
  if (ok) {
    edit_commit(&e);
  } else {
    edit_abort(&e);
  }
  return ok;
}

bool gf_doc_set(gf_doc *doc, gf_value value, const gf_step *path, size_t n, gf_json_error *error) {
  size_t there;
  if (!value.node) return gf_json_fail(error, 0, "there is no value to set");
  if (n == 0) return set_whole(doc, value) || gf_json_no_memory(error);
  if (!doc->root) return gf_json_fail(error, 0, "the document is empty");
  if (n > GF_MAX_DEPTH || !gf_value_within(value, GF_MAX_DEPTH - n)) {
    return gf_json_fail(error, 0, "nested more than 1000 levels deep");
  }
  if (!survey(doc, path, n, &there, error)) return false;
  return set_part(doc, value, path, n, there) || gf_json_no_memory(error);
}

/* --- remove --- */

int gf_doc_remove(gf_doc *doc, const gf_step *path, size_t n, gf_json_error *error) {
  if (n == 0) {
    gf_json_fail(error, 0, "the whole document cannot be removed");
    return -1;
  }
  if (!gf_value_path(gf_doc_root(doc), path, n).node) return 0;
  edit e;
  if (!edit_begin(&e, doc)) {
    gf_json_no_memory(error);
    return -1;
  }
  yyjson_mut_val *parent = follow(&e, path, n - 1);
  const gf_step *last = &path[n - 1];
  if (last->is_index) {
    yyjson_mut_arr_remove(parent, last->index);
  } else {
    yyjson_mut_obj_remove_keyn(parent, last->key.n > 0 ? last->key.p : "", last->key.n);
  }
  edit_commit(&e);
  return 1;
}

/* --- merge --- */

static gf_value member_of(gf_value object, gf_str key) {
  return gf_value_path(object, &(gf_step){.key = key}, 1);
}

/* An object that is the patch's business: empty `at` unless it is one already. */
static void make_object(yyjson_mut_val *at) {
  if (!unsafe_yyjson_is_obj(at)) yyjson_mut_set_obj(at);
}

static yyjson_mut_val *add_member(gf_doc *doc, void *object, gf_str key) {
  yyjson_mut_doc *tree = doc->store->tree;
  yyjson_mut_val *name = make_key(tree, key);
  yyjson_mut_val *value = yyjson_mut_null(tree);
  return name && value && yyjson_mut_obj_add(object, name, value) ? value : NULL;
}

static bool merge_into(gf_doc *doc, yyjson_mut_val *target, gf_value patch);

static bool merge_member(gf_doc *doc, yyjson_mut_val *target, gf_str key, gf_value patch) {
  if (unsafe_yyjson_is_null(patch.node)) {
    yyjson_mut_obj_remove_keyn(target, key.p, key.n);
    return true;
  }
  yyjson_mut_val *at = member_of((gf_value){doc, target}, key).node;
  if (!at) at = add_member(doc, target, key);
  return at && merge_into(doc, at, patch);
}

/* As deep as the patch is, which is at most GF_MAX_DEPTH. */
static bool merge_into(gf_doc *doc, yyjson_mut_val *target, gf_value patch) {
  if (!unsafe_yyjson_is_obj(patch.node)) return gf_node_copy(doc->store->tree, patch, target);
  make_object(target);
  void *key = NULL, *value;
  for (gf_iter it = gf_iterate(patch); gf_node_next(&it, &key, &value);) {
    gf_str name = gf_node_str(key);
    if (member_of(patch, name).node != value) continue; /* a later one of the same key counts */
    if (!merge_member(doc, target, name, (gf_value){patch.doc, value})) return false;
  }
  return true;
}

gf_doc *gf_doc_merge(const gf_allocator *alloc, gf_value target, gf_value patch) {
  if (!patch.node) return target.node ? gf_doc_tree_of(target, alloc) : NULL;
  gf_doc *doc = target.node ? gf_doc_tree_of(target, alloc) : gf_doc_new(alloc);
  if (doc && !doc->root) gf_doc_set_root(doc, yyjson_mut_null(doc->store->tree));
  if (doc && (!doc->root || !merge_into(doc, doc->root, patch))) {
    gf_doc_release(doc);
    return NULL;
  }
  return doc;
}
