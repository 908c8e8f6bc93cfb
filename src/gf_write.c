/* SPDX-License-Identifier: MIT
 * Writing JSON: text, sorted text, digests.
 *
 * yyjson writes what keeps its order, as fast as can be. The writer below sorts keys, and indents numbers that are kept
 * as text, which yyjson 0.10 forgets inside arrays; otherwise it writes what yyjson would, byte for byte. */
#include "gf_node.h"
#include "gf_sha256.h"

#define HASHED_AT_ONCE 32768

/* A container that has been opened, and how far it is written. */
typedef struct frame {
  bool object;
  size_t i, n;
  size_t first; /* of a sorted object: its members */
  gf_iter it;   /* of any other container */
} frame;

typedef struct writer {
  gf_buf out;
  gf_write how;
  bool tree;
  gf_sha256 *sha;     /* for a digest: where the text goes; equal documents have equal texts then */
  bool doubles;       /* for a digest: numbers count as doubles */
  gf_members members; /* of the sorted objects that are open */
  frame *open;
  size_t depth, cap;
  const char *problem; /* other than lacking memory */
} writer;

/* --- bytes --- */

/* gf_buf_add for pieces of a few bytes, of which a text has many. After a failure the buffer takes more bytes only where
 * it has room, and stays failed. */
static inline void put(gf_buf *out, const char *p, size_t n) {
  if (n < out->cap - out->n) {
    memcpy(out->p + out->n, p, n);
    out->n += n;
  } else {
    gf_buf_add(out, p, n);
  }
}

static inline void put_char(gf_buf *out, char c) { put(out, &c, 1); }

static void new_line(gf_buf *out, size_t depth) {
  if (!gf_buf_reserve(out, 1 + 2 * depth)) return;
  out->p[out->n++] = '\n';
  memset(out->p + out->n, ' ', 2 * depth);
  out->n += 2 * depth;
}

/* --- scalars --- */

/* How `c` is escaped, the letter behind the backslash: 0 not at all, 'u' as a number. Just as yyjson does. */
static inline char escape(unsigned char c) {
  static const char control[] = "uuuuuuuubtnufruuuuuuuuuuuuuuuuuu";
  if (c < 0x20) return control[c];
  return c == '"' || c == '\\' ? (char)c : 0;
}

static void add_escape(gf_buf *out, unsigned char c, char letter) {
  static const char hex[] = "0123456789ABCDEF";
  char text[6] = {'\\', letter, '0', '0', hex[c >> 4], hex[c & 15]};
  put(out, text, letter == 'u' ? 6 : 2);
}

static void add_escaped(gf_buf *out, gf_str s) {
  size_t done = 0;
  for (size_t i = 0; i < s.n; i++) {
    unsigned char c = (unsigned char)s.p[i];
    char letter = escape(c);
    if (letter == 0) continue;
    put(out, s.p + done, i - done);
    add_escape(out, c, letter);
    done = i + 1;
  }
  put(out, s.p + done, s.n - done);
}

static void add_string(writer *w, void *node) {
  gf_str s = gf_node_str(node);
  put_char(&w->out, '"');
  if (unsafe_yyjson_get_subtype(node) == YYJSON_SUBTYPE_NOESC) { /* the parser found it plain */
    put(&w->out, s.p, s.n);
  } else {
    if (!gf_is_utf8(s)) w->problem = "a string is not UTF-8";
    add_escaped(&w->out, s);
  }
  put_char(&w->out, '"');
}

static void hash_number(writer *w, void *number) {
  if (w->doubles) {
    gf_add_double_number(&w->out, number);
  } else {
    gf_add_canonical_number(&w->out, number);
  }
}

static void add_scalar(writer *w, void *node) {
  gf_str raw = gf_node_str(node);
  switch (unsafe_yyjson_get_type(node)) {
  case YYJSON_TYPE_STR: add_string(w, node); break;
  case YYJSON_TYPE_BOOL: gf_buf_add_str(&w->out, unsafe_yyjson_get_bool(node) ? "true" : "false"); break;
  case YYJSON_TYPE_NULL: gf_buf_add_str(&w->out, "null"); break;
  case YYJSON_TYPE_RAW:
    if (w->sha) {
      hash_number(w, node);
    } else {
      put(&w->out, raw.p, raw.n);
    }
    break;
  default:
    if (w->sha) {
      hash_number(w, node);
    } else if (!gf_add_number(&w->out, node)) {
      w->problem = "a number is not finite";
    }
  }
}

/* --- containers --- */

static bool open_container(writer *w, void *node) {
  bool object = unsafe_yyjson_is_obj(node);
  frame f = {.object = object, .n = gf_node_len(node), .first = w->members.n};
  if (object && w->how.sorted) {
    if (!gf_members_push(&w->members, node, w->tree, w->sha != NULL)) return false;
    f.n = w->members.n - f.first;
  } else {
    f.it = gf_node_iterate(node, w->tree);
  }
  frame *open = gf_grow_array(w->out.alloc, w->open, &w->cap, w->depth + 1, sizeof *open);
  if (!open) return false;
  w->open = open;
  open[w->depth++] = f;
  put_char(&w->out, object ? '{' : '[');
  return true;
}

static bool add_value(writer *w, void *node) {
  if (!unsafe_yyjson_is_ctn(node)) {
    add_scalar(w, node);
  } else if (gf_node_len(node) == 0) {
    gf_buf_add_str(&w->out, unsafe_yyjson_is_obj(node) ? "{}" : "[]");
  } else {
    return open_container(w, node);
  }
  return true;
}

static void close_container(writer *w) {
  frame *f = &w->open[--w->depth];
  w->members.n = f->first;
  if (w->how.pretty) new_line(&w->out, w->depth);
  put_char(&w->out, f->object ? '}' : ']');
}

static void next_child(writer *w, frame *f, void **key, void **value) {
  if (f->object && w->how.sorted) {
    gf_member *m = &w->members.p[f->first + f->i];
    *key = m->key;
    *value = m->value;
  } else {
    gf_node_next(&f->it, key, value);
  }
  f->i++;
}

/* Write the next child of the innermost container, or close it. */
static bool step(writer *w) {
  frame *f = &w->open[w->depth - 1];
  void *key = NULL, *value = NULL;
  if (f->i == f->n) {
    close_container(w);
    return true;
  }
  if (f->i > 0) put_char(&w->out, ',');
  if (w->how.pretty) new_line(&w->out, w->depth);
  next_child(w, f, &key, &value);
  if (f->object) {
    add_string(w, key);
    put(&w->out, ": ", w->how.pretty ? 2 : 1);
  }
  return add_value(w, value);
}

static void hash(writer *w, size_t at_least) {
  if (!w->sha || w->out.n < at_least) return;
  gf_sha256_add(w->sha, w->out.p, w->out.n);
  w->out.n = 0;
}

/* The text is in `out` afterwards, for the caller to take; false when it is not whole. */
static bool write_all(writer *w, void *node) {
  w->members.alloc = w->out.alloc;
  bool ok = add_value(w, node);
  while (ok && w->depth > 0 && !w->problem && !w->out.failed) {
    ok = step(w);
    hash(w, HASHED_AT_ONCE);
  }
  gf_members_free(&w->members);
  gf_free(w->out.alloc, w->open);
  return ok && !w->problem && !w->out.failed;
}

/* --- text --- */

static char *write_own(const gf_allocator *alloc, gf_value v, gf_write how, size_t *length,
                       gf_json_error *error) {
  writer w = {.how = how, .tree = gf_doc_is_tree(v.doc)};
  gf_buf_init(&w.out, alloc, SIZE_MAX);
  bool ok = write_all(&w, v.node);
  size_t n = w.out.n;
  char *text = ok ? gf_buf_take(&w.out) : NULL;
  gf_buf_free(&w.out);
  if (text && length) *length = n;
  if (!text && w.problem) gf_json_fail(error, 0, w.problem);
  if (!text && !w.problem) gf_json_no_memory(error);
  return text;
}

static void *move_secret(void *ctx, void *p, size_t old_size, size_t size) {
  void *moved = gf_alloc(ctx, size);
  if (!moved) return NULL;
  memcpy(moved, p, old_size < size ? old_size : size);
  gf_wipe_bytes(p, old_size);
  gf_free(ctx, p);
  return moved;
}

static char *write_yyjson(const gf_allocator *alloc, gf_value v, gf_write how, size_t *length,
                          gf_json_error *error) {
  yyjson_write_err why;
  yyjson_alc alc = gf_yyjson_alc(alloc);
  if (how.is_secret) alc.realloc = move_secret;
  yyjson_write_flag flags = how.pretty ? YYJSON_WRITE_PRETTY_TWO_SPACES : YYJSON_WRITE_NOFLAG;
  char *text = gf_doc_is_tree(v.doc) ? yyjson_mut_val_write_opts(v.node, flags, &alc, length, &why)
                                     : yyjson_val_write_opts(v.node, flags, &alc, length, &why);
  if (text) return text;
  if (why.code == YYJSON_WRITE_ERROR_MEMORY_ALLOCATION) {
    gf_json_no_memory(error);
  } else {
    gf_json_fail(error, 0, why.msg);
  }
  return NULL;
}

/* As deep as the value is, which is at most GF_MAX_DEPTH. */
static bool tree_has_raw(void *node) {
  void *key, *value = NULL;
  for (gf_iter it = gf_node_iterate(node, true); gf_node_next(&it, &key, &value);) {
    if (tree_has_raw(value)) return true;
  }
  return unsafe_yyjson_is_raw(node);
}

static bool has_raw(gf_value v) {
  if (gf_doc_is_tree(v.doc)) return tree_has_raw(v.node);
  yyjson_val *node = v.node, *end = unsafe_yyjson_get_next(node);
  while (node < end && !unsafe_yyjson_is_raw(node))
    node++;
  return node < end;
}

char *gf_value_write(const gf_allocator *alloc, gf_value v, gf_write how, size_t *length,
                     gf_json_error *error) {
  if (!v.node) {
    gf_json_fail(error, 0, "there is no value to write");
    return NULL;
  }
  bool own = how.sorted || (how.pretty && has_raw(v));
  if (own) return write_own(alloc, v, how, length, error);
  return write_yyjson(alloc, v, how, length, error);
}

char *gf_value_text(const gf_allocator *alloc, gf_value v, bool pretty, size_t *length) {
  return gf_value_write(alloc, v, (gf_write){.pretty = pretty}, length, NULL);
}

/* --- digests --- */

static bool digest(const gf_allocator *alloc, gf_value v, bool doubles, char out[65]) {
  if (!v.node) return false;
  gf_sha256 sha;
  gf_sha256_init(&sha);
  writer w = {.how.sorted = true, .tree = gf_doc_is_tree(v.doc), .sha = &sha, .doubles = doubles};
  gf_buf_init(&w.out, alloc, SIZE_MAX);
  bool ok = write_all(&w, v.node);
  hash(&w, 1);
  gf_buf_free(&w.out);
  if (ok) gf_sha256_hex(&sha, out);
  return ok;
}

bool gf_value_digest(const gf_allocator *alloc, gf_value v, char out[65]) {
  return digest(alloc, v, false, out);
}

bool gf_value_digest_doubles(const gf_allocator *alloc, gf_value v, char out[65]) {
  return digest(alloc, v, true, out);
}
