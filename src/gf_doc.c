/* SPDX-License-Identifier: MIT
 * JSON documents: their stores and lifecycle, parsing, views and copies.
 *
 * How numbers are read: integers that int64 or uint64 hold are exact; longer ones stay as text (raw), and so does a real
 * beyond the range of doubles (1e400). Other reals become the nearest double, which is written with the fewest digits
 * that read back as the same double (0.1234567890123456789 becomes 0.12345678901234568; 1e-400 becomes 0.0). -0.0 keeps
 * its sign, the integer -0 is 0. */
#include "gf_node.h"

#include <stdio.h>

/* --- errors --- */

bool gf_json_fail(gf_json_error *error, size_t offset, const char *message) {
  if (error) {
    error->offset = offset;
    error->no_memory = false;
    snprintf(error->message, sizeof error->message, "%s", message);
  }
  return false;
}

bool gf_json_no_memory(gf_json_error *error) {
  gf_json_fail(error, 0, "out of memory");
  if (error) error->no_memory = true;
  return false;
}

static bool parse_fail(gf_json_error *error, const yyjson_read_err *why) {
  if (why->code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) return gf_json_no_memory(error);
  if (error) {
    error->offset = why->pos;
    error->no_memory = false;
    snprintf(error->message, sizeof error->message, "%s at offset %zu", why->msg, why->pos);
  }
  return false;
}

/* --- allocators for yyjson --- */

static void *plain_malloc(void *ctx, size_t size) { return gf_alloc(ctx, size); }

static void *plain_realloc(void *ctx, void *p, size_t old_size, size_t size) {
  (void)old_size;
  return gf_resize(ctx, p, size);
}

static void plain_free(void *ctx, void *p) { gf_free(ctx, p); }

yyjson_alc gf_yyjson_alc(const gf_allocator *alloc) {
  /* yyjson hands the context back to the three functions above and does not write to it. */
  return (yyjson_alc){plain_malloc, plain_realloc, plain_free, (void *)(uintptr_t)alloc};
}

/* A store's own allocator also counts. What yyjson frees it frees at the store's end, so sums of what it takes do. */
static void *store_malloc(void *ctx, size_t size) {
  gf_store *store = ctx;
  void *p = gf_alloc(&store->alloc, size);
  if (p) store->bytes += size;
  return p;
}

static void *store_realloc(void *ctx, void *p, size_t old_size, size_t size) {
  gf_store *store = ctx;
  void *moved = gf_resize(&store->alloc, p, size);
  if (moved) store->bytes = store->bytes - old_size + size;
  return moved;
}

static void store_free(void *ctx, void *p) { gf_free(&((gf_store *)ctx)->alloc, p); }

static yyjson_alc store_alc(gf_store *store) {
  return (yyjson_alc){store_malloc, store_realloc, store_free, store};
}

/* --- stores --- */

static gf_store *store_new(const gf_allocator *alloc) {
  gf_store *store = gf_zalloc(alloc, sizeof *store);
  if (store) {
    store->refs = 1;
    store->alloc = *alloc;
    store->bytes = sizeof *store + sizeof(gf_doc);
    store->rebuild_at = SIZE_MAX;
  }
  return store;
}

void gf_store_release(gf_store *store) {
  if (!store || --store->refs > 0) return;
  yyjson_doc_free(store->fixed);
  yyjson_mut_doc_free(store->tree);
  gf_allocator alloc = store->alloc;
  gf_free(&alloc, store->text);
  gf_free(&alloc, store);
}

static bool make_tree(gf_store *store) {
  yyjson_alc alc = store_alc(store);
  store->tree = yyjson_mut_doc_new(&alc);
  return store->tree != NULL;
}

/* Memory for replaced values comes back only with the tree. Four times what it began with is a fair bound: copying it
 * then costs less than the changes that led there. */
static void plan_rebuild(gf_store *store) { store->rebuild_at = store->bytes * 4 + 65536; }

/* --- documents --- */

/* Takes over the caller's hold on `store`, also when it fails. */
static gf_doc *doc_on(gf_store *store, void *root) {
  if (!store) return NULL;
  gf_doc *doc = gf_alloc(&store->alloc, sizeof *doc);
  if (!doc) {
    gf_store_release(store);
    return NULL;
  }
  *doc = (gf_doc){.refs = 1, .store = store, .root = root};
  return doc;
}

gf_doc *gf_doc_retain(gf_doc *doc) {
  doc->refs++;
  return doc;
}

void gf_doc_release(gf_doc *doc) {
  if (!doc || --doc->refs > 0) return;
  gf_allocator alloc = doc->store->alloc;
  gf_store_release(doc->store);
  gf_free(&alloc, doc);
}

void gf_doc_move_to(gf_doc *doc, gf_store *store, void *root) {
  if (store != doc->store) gf_store_release(doc->store);
  doc->store = store;
  doc->root = root;
}

gf_doc *gf_doc_new(const gf_allocator *alloc) {
  gf_doc *doc = doc_on(store_new(alloc), NULL);
  if (doc && !make_tree(doc->store)) {
    gf_doc_release(doc);
    return NULL;
  }
  return doc;
}

void gf_doc_set_root(gf_doc *doc, yyjson_mut_val *root) {
  yyjson_mut_doc_set_root(doc->store->tree, root);
  doc->root = root;
  plan_rebuild(doc->store);
}

gf_doc *gf_doc_view(gf_doc *of, void *node) {
  of->store->refs++;
  return doc_on(of->store, node);
}

gf_doc *gf_doc_copy(gf_doc *doc) { return gf_doc_view(doc, doc->root); }

size_t gf_doc_bytes(const gf_doc *doc) { return doc->store->bytes; }

gf_value gf_doc_root(gf_doc *doc) { return doc->root ? (gf_value){doc, doc->root} : (gf_value){NULL, NULL}; }

/* --- parsing --- */

/* yyjson guesses the number of values from the length, generously. Its document and its values are one block, in which
 * values refer to each other by distance, so it can move. `held`: the block's size. */
enum { MAPPED = 1 << 17 }; /* malloc takes blocks from this size on from the system, page by page */

static void give_back(gf_store *store, size_t held) {
  yyjson_doc *fixed = store->fixed;
  size_t head = (size_t)((char *)fixed->root - (char *)fixed);
  size_t size = head + fixed->val_read * sizeof(yyjson_val);
  if (head > 2 * sizeof *fixed || size >= held) return;
  if (held >= MAPPED) { /* moving it would cost more than it gives: its end was never written to */
    store->bytes -= held - size;
    return;
  }
  fixed = store_realloc(store, fixed, held, size);
  if (fixed) {
    fixed->root = (yyjson_val *)(void *)((char *)fixed + head);
    store->fixed = fixed;
  }
}

#define READING (YYJSON_READ_INSITU | YYJSON_READ_BIGNUM_AS_RAW)

static bool parse(gf_store *store, char *text, size_t length, const yyjson_alc *alc, gf_json_error *error) {
  yyjson_read_err why;
  memset(text + length, 0, YYJSON_PADDING_SIZE);
  store->fixed = yyjson_read_opts(text, length, READING, alc, &why);
  return store->fixed || parse_fail(error, &why);
}

static bool parse_to_keep(gf_store *store, size_t length, gf_json_error *error) {
  yyjson_alc alc = store_alc(store);
  size_t before = store->bytes;
  if (!parse(store, store->text, length, &alc, error)) return false;
  give_back(store, store->bytes - before);
  return true;
}

/* The last step of parsing: its root, if it is not too deep. Releases the document when something went wrong. */
static gf_doc *checked(gf_doc *doc, bool ok, gf_json_error *error) {
  if (ok) {
    doc->root = doc->store->fixed->root;
    ok = gf_value_within(gf_doc_root(doc), GF_MAX_DEPTH) ||
         gf_json_fail(error, 0, "nested more than 1000 levels deep");
  }
  if (ok) return doc;
  gf_doc_release(doc);
  return NULL;
}

gf_doc *gf_doc_parse_owned(const gf_allocator *alloc, char *buffer, size_t length, gf_json_error *error) {
  gf_doc *doc = doc_on(store_new(alloc), NULL);
  if (!doc) {
    gf_free(alloc, buffer);
    gf_json_no_memory(error);
    return NULL;
  }
  doc->store->text = buffer;
  doc->store->bytes += length + YYJSON_PADDING_SIZE;
  bool ok =
      length > 0 ? parse_to_keep(doc->store, length, error) : gf_json_fail(error, 0, "the text is empty");
  return checked(doc, ok, error);
}

void gf_arena_free(const gf_allocator *alloc, gf_arena *arena) {
  gf_free(alloc, arena->memory);
  *arena = (gf_arena){NULL, 0};
}

/* Room for the values of the largest text so far, rounded up: what is not written to costs nothing. */
static bool reserve(const gf_allocator *alloc, gf_arena *arena, size_t length) {
  size_t need = yyjson_read_max_memory_usage(length, READING), size = 65536;
  if (need <= arena->size) return true;
  while (size < need)
    size *= 2;
  gf_arena_free(alloc, arena);
  arena->memory = gf_alloc(alloc, size);
  arena->size = arena->memory ? size : 0;
  return arena->memory != NULL;
}

gf_doc *gf_doc_parse_passing(const gf_allocator *alloc, gf_arena *arena, char *buffer, size_t length,
                             gf_json_error *error) {
  yyjson_alc alc;
  gf_doc *doc = reserve(alloc, arena, length) ? doc_on(store_new(alloc), NULL) : NULL;
  if (!doc) {
    gf_json_no_memory(error);
    return NULL;
  }
  bool ok = yyjson_alc_pool_init(&alc, arena->memory, arena->size)
                ? parse(doc->store, buffer, length, &alc, error)
                : gf_json_no_memory(error);
  return checked(doc, ok, error);
}

gf_doc *gf_doc_parse(const gf_allocator *alloc, gf_str text, gf_json_error *error) {
  char *buffer =
      text.n < SIZE_MAX - YYJSON_PADDING_SIZE ? gf_alloc(alloc, text.n + YYJSON_PADDING_SIZE) : NULL;
  if (!buffer) {
    gf_json_no_memory(error);
    return NULL;
  }
  if (text.n > 0) memcpy(buffer, text.p, text.n);
  return gf_doc_parse_owned(alloc, buffer, text.n, error);
}

gf_doc *gf_doc_from_text(const gf_allocator *alloc, gf_str text, gf_error *error) {
  gf_json_error why = {0};
  gf_doc *doc = gf_doc_parse(alloc, text, &why);
  if (!doc && error) snprintf(error->message, sizeof error->message, "%s", why.message);
  return doc;
}

/* --- depth --- */

/* How deep a container of `n` values, itself among them, can be at most: all but one of its children are one value each,
 * and the rest of the values form one chain. This alone settles nearly every container without a look inside. */
static size_t depth_bound(yyjson_val *container, size_t n) {
  size_t children = unsafe_yyjson_get_len(container) << unsafe_yyjson_is_obj(container);
  return children > 0 ? n - children + 1 : 1;
}

/* The values of a fixed store lie in one row, a container right before what it holds. */
static bool fixed_within(yyjson_val *value, size_t limit) {
  yyjson_val *ends[GF_MAX_DEPTH]; /* of the containers that are open here */
  size_t depth = 0;
  yyjson_val *end = unsafe_yyjson_get_next(value);
  while (value < end) {
    while (depth > 0 && value == ends[depth - 1])
      depth--;
    size_t n = (size_t)(unsafe_yyjson_get_next(value) - value);
    if (!unsafe_yyjson_is_ctn(value) || depth + depth_bound(value, n) <= limit) {
      value += n;
      continue;
    }
    if (depth == limit) return false;
    ends[depth++] = value + n;
    value++;
  }
  return true;
}

static bool tree_within(void *node, size_t limit) {
  if (!unsafe_yyjson_is_ctn(node)) return true;
  if (limit == 0) return false;
  void *key, *value;
  for (gf_iter it = gf_node_iterate(node, true); gf_node_next(&it, &key, &value);) {
    if (!tree_within(value, limit - 1)) return false;
  }
  return true;
}

bool gf_value_within(gf_value v, size_t limit) {
  return gf_doc_is_tree(v.doc) ? tree_within(v.node, limit) : fixed_within(v.node, limit);
}

/* --- copying --- */

bool gf_node_copy(yyjson_mut_doc *tree, gf_value v, yyjson_mut_val *out) {
  yyjson_val *from = v.node; /* reads either kind */
  yyjson_val_uni uni = from->uni;
  if (gf_node_is_text(from)) {
    uni.str = unsafe_yyjson_mut_strncpy(tree, from->uni.str, unsafe_yyjson_get_len(from));
    if (!uni.str) return false;
  } else if (unsafe_yyjson_is_ctn(from)) {
    yyjson_mut_val *copy =
        gf_doc_is_tree(v.doc) ? yyjson_mut_val_mut_copy(tree, v.node) : yyjson_val_mut_copy(tree, v.node);
    if (!copy) return false;
    uni = copy->uni;
  }
  out->tag = from->tag;
  out->uni = uni;
  return true;
}

/* Values and bytes of strings of a fixed place. */
static void count_fixed(yyjson_val *root, size_t *values, size_t *bytes) {
  yyjson_val *end = unsafe_yyjson_get_next(root);
  *values = (size_t)(end - root);
  *bytes = 0;
  for (yyjson_val *v = root; v < end; v++) {
    if (gf_node_is_text(v)) *bytes += unsafe_yyjson_get_len(v) + 1;
  }
}

/* One chunk takes all strings of `v`; later ones begin small again. */
static yyjson_mut_val *copy_root(yyjson_mut_doc *tree, gf_value v) {
  if (!gf_doc_is_tree(v.doc)) {
    size_t values, bytes;
    count_fixed(v.node, &values, &bytes);
    if (bytes > 0) yyjson_mut_doc_set_str_pool_size(tree, bytes + 1);
  }
  yyjson_mut_val *root =
      gf_doc_is_tree(v.doc) ? yyjson_mut_val_mut_copy(tree, v.node) : yyjson_val_mut_copy(tree, v.node);
  yyjson_mut_doc_set_str_pool_size(tree, 512);
  yyjson_mut_doc_set_val_pool_size(tree, 32);
  return root;
}

gf_store *gf_store_tree_of(gf_value v, const gf_allocator *alloc, yyjson_mut_val **root) {
  gf_store *store = store_new(alloc);
  if (!store) return NULL;
  if (!make_tree(store) || !(*root = copy_root(store->tree, v))) {
    gf_store_release(store);
    return NULL;
  }
  yyjson_mut_doc_set_root(store->tree, *root);
  plan_rebuild(store);
  return store;
}

gf_doc *gf_doc_tree_of(gf_value v, const gf_allocator *alloc) {
  yyjson_mut_val *root = NULL;
  gf_store *store = gf_store_tree_of(v, alloc, &root);
  return doc_on(store, root);
}

/* Copy the strings of `n` values that were copied as they are, and let the values point to the copies. */
static void move_strings(yyjson_val *values, size_t n, char *to) {
  for (yyjson_val *v = values; v < values + n; v++) {
    if (!gf_node_is_text(v)) continue;
    size_t length = unsafe_yyjson_get_len(v);
    memcpy(to, v->uni.str, length);
    to[length] = '\0';
    v->uni.str = to;
    to += length + 1;
  }
}

/* A fixed document as yyjson makes them (compare yyjson_mut_val_imut_copy): a head and its values in one block, strings
 * in another. Inside a fixed place everything refers to its neighbours by distance. */
static yyjson_doc *new_fixed(size_t n, size_t bytes, yyjson_alc alc) {
  size_t head = (sizeof(yyjson_doc) + sizeof(yyjson_val) - 1) / sizeof(yyjson_val) * sizeof(yyjson_val);
  yyjson_doc *doc = alc.malloc(alc.ctx, head + n * sizeof(yyjson_val));
  char *strings = bytes > 0 && doc ? alc.malloc(alc.ctx, bytes) : NULL;
  if (!doc || (bytes > 0 && !strings)) {
    if (doc) alc.free(alc.ctx, doc);
    return NULL;
  }
  yyjson_val *values = (yyjson_val *)(void *)((char *)doc + head);
  *doc = (yyjson_doc){.root = values, .alc = alc, .dat_read = bytes + 1, .val_read = n, .str_pool = strings};
  return doc;
}

static yyjson_doc *copy_fixed(yyjson_val *root, yyjson_alc alc) {
  size_t n, bytes;
  count_fixed(root, &n, &bytes);
  yyjson_doc *doc = new_fixed(n, bytes, alc);
  if (!doc) return NULL;
  memcpy(doc->root, root, n * sizeof *root);
  move_strings(doc->root, n, doc->str_pool);
  return doc;
}

gf_doc *gf_doc_new_fixed(const gf_allocator *alloc, size_t n, size_t bytes) {
  gf_doc *doc = doc_on(store_new(alloc), NULL);
  if (!doc) return NULL;
  doc->store->fixed = new_fixed(n, bytes, store_alc(doc->store));
  if (!doc->store->fixed) {
    gf_doc_release(doc);
    return NULL;
  }
  doc->root = doc->store->fixed->root;
  return doc;
}

gf_doc *gf_doc_compact(gf_value v) {
  if (!v.node) return NULL;
  gf_doc *doc = doc_on(store_new(&v.doc->store->alloc), NULL);
  if (!doc) return NULL;
  yyjson_alc alc = store_alc(doc->store);
  doc->store->fixed =
      gf_doc_is_tree(v.doc) ? yyjson_mut_val_imut_copy(v.node, &alc) : copy_fixed(v.node, alc);
  if (!doc->store->fixed) {
    gf_doc_release(doc);
    return NULL;
  }
  doc->root = doc->store->fixed->root;
  return doc;
}
