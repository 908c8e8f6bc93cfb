/* SPDX-License-Identifier: MIT
 *
 * gf_json.h: JSON documents, on yyjson. For the core and for bindings that walk documents (C programs need grafana.h
 * only). A document is a counted view: a store (one parsed text, or one tree that can change) and the place in it that
 * is this document's root. Several documents may share a store; the first change to one of them copies its part first,
 * so that documents behave as independent values.
 *
 * Depth is at most GF_MAX_DEPTH in every document, whatever way it came to be; functions may rely on it. Integers are
 * exact for int64 and uint64; whatever neither they nor a double can hold stays as its own text (yyjson's raw type).
 */
#ifndef GF_JSON_H
#define GF_JSON_H

#include "grafana.h"

#include <yyjson.h>

#define GF_MAX_DEPTH 1000

typedef struct gf_store gf_store;
struct gf_store {
  size_t refs;
  gf_allocator alloc;
  yyjson_doc *fixed; /* exactly one of the two is set */
  yyjson_mut_doc *tree;
  char *text;        /* the buffer that `fixed` was parsed in, or NULL */
  size_t bytes;      /* the memory it holds */
  size_t rebuild_at; /* a tree of more bytes is copied by its next change, which frees what was replaced */
};
struct gf_doc {
  size_t refs;
  gf_store *store;
  void *root; /* yyjson_val * in a fixed store, yyjson_mut_val * in a tree */
};

/* Why a text is no document, or a change was refused. */
typedef struct gf_json_error {
  size_t offset;  /* bytes from the start, for parsing */
  bool no_memory; /* for lack of memory, not because of the text or the path */
  char message[160];
} gf_json_error;

/* yyjson's allocator made of ours; `alloc` must outlive what is allocated. */
GF_API yyjson_alc gf_yyjson_alc(const gf_allocator *alloc);

/* Whether `s` is UTF-8 without surrogates; every string of a document has to be. */
GF_API bool gf_is_utf8(gf_str s);

/* --- making --- */
/* Parse a copy of `text`. UTF-8 is checked; NULL with `error` filled on failure. */
GF_API gf_doc *gf_doc_parse(const gf_allocator *alloc, gf_str text, gf_json_error *error);
/* Parse in place: takes over `buffer` (from `alloc`, `length` bytes of JSON and at least YYJSON_PADDING_SIZE more), also
 * when it fails. */
GF_API gf_doc *gf_doc_parse_owned(const gf_allocator *alloc, char *buffer, size_t length,
                                  gf_json_error *error);
/* Memory that is used again and again by gf_doc_parse_passing; zeroes at first, freed with gf_arena_free. */
typedef struct gf_arena {
  char *memory;
  size_t size;
} gf_arena;
/* Parse in place what is only looked at: `buffer` (length and padding as above) stays the caller's, and the values go
 * into `arena`. The document must be released before either is used again. */
GF_API gf_doc *gf_doc_parse_passing(const gf_allocator *alloc, gf_arena *arena, char *buffer, size_t length,
                                    gf_json_error *error);
GF_API void gf_arena_free(const gf_allocator *alloc, gf_arena *arena);
/* An empty tree to fill through doc->store->tree; the maker sets its root with gf_doc_set_root. */
GF_API gf_doc *gf_doc_new(const gf_allocator *alloc);
GF_API void gf_doc_set_root(gf_doc *doc, yyjson_mut_val *root);
/* Room for a fixed document of `n` values (at store->fixed->root, each container right before what it holds) and `bytes`
 * of their strings (at store->fixed->str_pool), for the maker to fill: see gf_panels.c. */
GF_API gf_doc *gf_doc_new_fixed(const gf_allocator *alloc, size_t n, size_t bytes);
/* A document for the place `node` of `of`; shares its store. */
GF_API gf_doc *gf_doc_view(gf_doc *of, void *node);
/* A compact, fixed copy of the place (small documents made from big ones). */
GF_API gf_doc *gf_doc_compact(gf_value v);
/* An independent copy (lazy: it shares the store until one of the two changes). */
GF_API gf_doc *gf_doc_copy(gf_doc *doc);
GF_API size_t gf_doc_bytes(const gf_doc *doc); /* estimate of the store's memory, for a collector */

/* --- reading, uniform over fixed stores and trees --- */
/* There, and not null. */
static inline bool gf_value_is_given(gf_value v) {
  return !gf_value_is_absent(v) && !unsafe_yyjson_is_null(v.node);
}

static inline bool gf_doc_is_tree(const gf_doc *doc) { return doc->store->tree != NULL; }

/* Steps through the elements of an array or the members of an object. */
typedef struct gf_iter {
  bool tree, object;
  size_t left;
  void *next; /* the next key or element */
} gf_iter;
GF_API gf_iter gf_iterate(gf_value v);
/* The next element (and, of an object, its key: a string node); false at the end. */
GF_API bool gf_iter_next(gf_iter *it, void **key, void **value);

/* One step of a path: a key, or an index from 0. */
typedef struct gf_step {
  bool is_index;
  size_t index;
  gf_str key;
} gf_step;
GF_API gf_value gf_value_path(gf_value v, const gf_step *path,
                              size_t n); /* absent where it does not lead anywhere */
/* By JSON pointer (RFC 6901), "" for v itself. */
GF_API gf_value gf_value_pointer(gf_value v, const char *pointer);

/* --- changing (each makes the document a tree of its own first, when it is not) --- */
/* Put a copy of `value` at `path`: objects on the way that are missing are made; an array takes an index up to its
 * length (appends). n == 0 replaces the whole. False with `error` where the way leads through a scalar, the index has a
 * hole, the depth would pass the limit, or memory is lacking; then nothing has changed. */
GF_API bool gf_doc_set(gf_doc *doc, gf_value value, const gf_step *path, size_t n, gf_json_error *error);
/* Remove what is at `path`: 1 removed, 0 nothing there, -1 error. n == 0 is an error. */
GF_API int gf_doc_remove(gf_doc *doc, const gf_step *path, size_t n, gf_json_error *error);
/* RFC 7396: `patch` merged into `target`; a new document, NULL without memory. */
GF_API gf_doc *gf_doc_merge(const gf_allocator *alloc, gf_value target, gf_value patch);

/* --- comparing and writing --- */
/* Equal contents: order of keys does not matter; 1 and 1.0 are equal; never recursive. The last of two equal keys
 * counts. -1 without memory. */
GF_API int gf_value_equal(const gf_allocator *alloc, gf_value a, gf_value b);
typedef struct gf_write {
  bool pretty, sorted;
  bool is_secret; /* overwrite memory before it is given back; neither pretty nor sorted */
} gf_write;
/* JSON text, allocated with `alloc`, zero-terminated; NULL without memory. Pretty: two spaces. Sorted: keys by bytes,
 * at every level. */
GF_API char *gf_value_write(const gf_allocator *alloc, gf_value v, gf_write how, size_t *length,
                            gf_json_error *error);
/* SHA-256 of the sorted, compact text in which numbers are written as doubles where a double holds them: equal
 * documents have equal digests. 64 hex digits and a zero in `out`; false without memory. */
GF_API bool gf_value_digest(const gf_allocator *alloc, gf_value v, char out[65]);
/* The same with every number as the double next to it, which is all that some servers keep of it: 9007199254740993 counts
 * as 9007199254740992. What is beyond all doubles stays exact. */
GF_API bool gf_value_digest_doubles(const gf_allocator *alloc, gf_value v, char out[65]);

#endif
