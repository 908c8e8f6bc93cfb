/* SPDX-License-Identifier: MIT
 * Comparing JSON: members in order, numbers by value, whole values. */
#include "gf_node.h"

#include <stdio.h>

#define MAX_EXACT 9007199254740992.0 /* up to 2 to the 53rd every integer is a double */

void *gf_grow_array(const gf_allocator *alloc, void *p, size_t *cap, size_t need, size_t size) {
  if (need <= *cap) return p;
  size_t larger = *cap > 0 ? *cap * 2 : 16;
  if (larger < need) larger = need;
  if (larger > SIZE_MAX / size) return NULL;
  p = gf_resize(alloc, p, larger * size);
  if (p) *cap = larger;
  return p;
}

/* --- members in order --- */

static int compare_keys(const gf_member *a, const gf_member *b) {
  gf_str x = gf_node_str(a->key), y = gf_node_str(b->key);
  int order = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);
  return order != 0 ? order : (x.n > y.n) - (x.n < y.n);
}

static void insertion_sort(gf_member *p, size_t n) {
  for (size_t i = 1; i < n; i++) {
    gf_member m = p[i];
    size_t k = i;
    for (; k > 0 && compare_keys(&p[k - 1], &m) > 0; k--)
      p[k] = p[k - 1];
    p[k] = m;
  }
}

/* Merge sort keeps equal keys in order, which qsort does not; and qsort allocates where nobody sees it. `spare` has
 * room for half of the members. Its depth is the logarithm of n. */
static void sort_members(gf_member *p, size_t n, gf_member *spare) {
  if (n <= 8) {
    insertion_sort(p, n);
    return;
  }
  size_t half = n / 2;
  sort_members(p, half, spare);
  sort_members(p + half, n - half, spare);
  if (compare_keys(&p[half - 1], &p[half]) <= 0) return;
  memcpy(spare, p, half * sizeof *p);
  size_t a = 0, b = half, out = 0;
  while (a < half && b < n)
    p[out++] = compare_keys(&spare[a], &p[b]) <= 0 ? spare[a++] : p[b++];
  memcpy(p + out, spare + a, (half - a) * sizeof *p);
}

static size_t keep_last(gf_member *p, size_t n) {
  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    if (i + 1 == n || compare_keys(&p[i], &p[i + 1]) != 0) p[kept++] = p[i];
  }
  return kept;
}

bool gf_members_push(gf_members *members, void *object, bool tree, bool last_only) {
  size_t n = gf_node_len(object);
  size_t need = members->n + n + n / 2;
  gf_member *p = gf_grow_array(members->alloc, members->p, &members->cap, need, sizeof *p);
  if (!p && need > 0) return false;
  members->p = p;
  if (n == 0) return true;
  p += members->n;
  gf_iter it = gf_node_iterate(object, tree);
  for (size_t i = 0; i < n; i++)
    gf_node_next(&it, &p[i].key, &p[i].value);
  sort_members(p, n, p + n);
  members->n += last_only ? keep_last(p, n) : n;
  return true;
}

void gf_members_free(gf_members *members) { gf_free(members->alloc, members->p); }

/* --- numbers: canonical text --- */

static bool add_by_yyjson(gf_buf *buf, const yyjson_val *number) {
  /* yyjson writes into an allocated block only: one on the stack, where its allocator needs some room of its own. */
  char room[256];
  yyjson_alc alc;
  size_t n = 0;
  yyjson_val copy = *number;
  yyjson_alc_pool_init(&alc, room, sizeof room);
  char *text = yyjson_val_write_opts(&copy, YYJSON_WRITE_NOFLAG, &alc, &n, NULL);
  if (text) gf_buf_add(buf, text, n);
  return text != NULL;
}

/* An integer as a sign and a magnitude: yyjson has two kinds of them, and a tree may hold 5 as either. */
static bool integer(const yyjson_val *v, bool *negative) {
  bool sint = unsafe_yyjson_get_subtype((void *)(uintptr_t)v) == YYJSON_SUBTYPE_SINT;
  *negative = sint && v->uni.i64 < 0;
  return unsafe_yyjson_is_int((void *)(uintptr_t)v);
}

bool gf_add_number(gf_buf *buf, const yyjson_val *number) {
  bool negative;
  if (!integer(number, &negative) || (!negative && number->uni.i64 < 0)) return add_by_yyjson(buf, number);
  gf_buf_add_int(buf, number->uni.i64);
  return true;
}

/* Casting back a double of 2^63 or 2^64 would be undefined: those bounds are looked at first. */
static bool integer_is_double(const yyjson_val *i, double d) {
  bool negative;
  integer(i, &negative);
  if (negative)
    return d >= -9223372036854775808.0 && d < 0 && (double)(int64_t)d == d && (int64_t)d == i->uni.i64;
  return d >= 0 && d < 18446744073709551616.0 && (double)(uint64_t)d == d && (uint64_t)d == i->uni.u64;
}

/* The shortest text of a double; without ".0" as far as each integer is a double. */
static void add_double(gf_buf *buf, double d) {
  if (d >= -MAX_EXACT && d <= MAX_EXACT && (double)(int64_t)d == d) {
    gf_buf_add_int(buf, (int64_t)d); /* -0.0 too is 0 */
    return;
  }
  yyjson_val v = {.tag = YYJSON_TYPE_NUM | YYJSON_SUBTYPE_REAL, .uni.f64 = d};
  if (!gf_add_number(buf, &v)) gf_buf_add_str(buf, "NaN"); /* no JSON, but safe */
}

static void add_number_value(gf_buf *buf, const yyjson_val *v) {
  double d = unsafe_yyjson_get_num((void *)(uintptr_t)v);
  if (unsafe_yyjson_is_real((void *)(uintptr_t)v) || integer_is_double(v, d)) {
    add_double(buf, d);
  } else {
    gf_add_number(buf, v);
  }
}

/* --- numbers: those kept as text --- */

/* The exponent in "e+12", "E-3" or ""; false when it is absurdly large or no number. */
static bool read_exponent(const char *p, int64_t *exponent) {
  *exponent = 0;
  if (*p == '\0') return true;
  bool negative = *++p == '-';
  if (*p == '-' || *p == '+') p++;
  size_t digits = strspn(p, "0123456789");
  if (digits == 0 || digits > 17 || p[digits] != '\0') return false;
  for (; *p; p++)
    *exponent = *exponent * 10 + (*p - '0');
  if (negative) *exponent = -*exponent;
  return true;
}

/* Digits without zeros at either end, and an exponent: 1e400, 10e399 and 1 with 400 zeros are one number. The E (yyjson
 * writes e) keeps this apart from the texts of doubles. What is no number stays as it is. */
static void add_decimal(gf_buf *buf, const char *z) {
  int64_t exponent;
  size_t begin = buf->n;
  size_t mantissa = strcspn(z, "eE");
  if (!read_exponent(z + mantissa, &exponent)) {
    gf_buf_add_str(buf, z);
    return;
  }
  bool fraction = false;
  for (size_t i = 0; i < mantissa; i++) {
    if (z[i] == '.') {
      fraction = true;
      continue;
    }
    exponent -= fraction;
    bool leading = z[i] == '0' && (buf->n == begin || buf->p[buf->n - 1] == '-');
    if (!leading) gf_buf_add_char(buf, z[i]);
  }
  while (buf->n > begin && buf->p[buf->n - 1] == '0') {
    buf->n--;
    exponent++;
  }
  gf_buf_add_char(buf, 'E');
  gf_buf_add_int(buf, exponent);
}

static bool read_whole(const char *z, yyjson_read_flag flags, const yyjson_alc *alc, yyjson_val *out) {
  const char *end = yyjson_read_number(z, out, flags, alc, NULL);
  return end && *end == '\0' && unsafe_yyjson_is_num(out);
}

/* Whether a double is exactly the integer whose digits are `z`. */
static bool is_exactly(double d, const char *z) {
  char digits[400]; /* the largest double has 309 */
  snprintf(digits, sizeof digits, "%.0f", d);
  return strcmp(digits, z) == 0;
}

static void add_raw(gf_buf *buf, gf_str text) {
  char *z = gf_strdup_n(buf->alloc, text);
  if (!z) {
    buf->failed = true;
    return;
  }
  yyjson_alc alc = gf_yyjson_alc(buf->alloc);
  yyjson_val v;
  if (read_whole(z, YYJSON_READ_BIGNUM_AS_RAW, &alc, &v)) {
    add_number_value(buf, &v);
  } else if (read_whole(z, YYJSON_READ_NOFLAG, &alc, &v) && is_exactly(v.uni.f64, z)) {
    add_double(buf, v.uni.f64);
  } else {
    add_decimal(buf, z);
  }
  gf_free(buf->alloc, z);
}

void gf_add_canonical_number(gf_buf *buf, void *number) {
  if (unsafe_yyjson_is_raw(number)) {
    add_raw(buf, gf_node_str(number));
  } else {
    add_number_value(buf, number);
  }
}

static bool raw_to_double(gf_buf *buf, gf_str text, double *d) {
  char *z = gf_strdup_n(buf->alloc, text);
  yyjson_alc alc = gf_yyjson_alc(buf->alloc);
  yyjson_val v;
  buf->failed = buf->failed || !z;
  bool fits = z && read_whole(z, YYJSON_READ_NOFLAG, &alc, &v);
  if (fits) *d = unsafe_yyjson_get_num(&v);
  gf_free(buf->alloc, z);
  return fits;
}

void gf_add_double_number(gf_buf *buf, void *number) {
  double d;
  if (!unsafe_yyjson_is_raw(number)) {
    add_double(buf, unsafe_yyjson_get_num(number));
  } else if (raw_to_double(buf, gf_node_str(number), &d)) {
    add_double(buf, d);
  } else {
    gf_add_canonical_number(buf, number);
  }
}

/* --- numbers: equality --- */

static int equal_texts(const gf_allocator *alloc, void *a, void *b) {
  gf_buf x, y;
  gf_buf_init(&x, alloc, SIZE_MAX);
  gf_buf_init(&y, alloc, SIZE_MAX);
  gf_add_canonical_number(&x, a);
  gf_add_canonical_number(&y, b);
  int result = x.failed || y.failed ? -1 : gf_str_same((gf_str){x.p, x.n}, (gf_str){y.p, y.n});
  gf_buf_free(&x);
  gf_buf_free(&y);
  return result;
}

static int equal_numbers(const gf_allocator *alloc, yyjson_val *a, yyjson_val *b) {
  if (unsafe_yyjson_is_raw(a) || unsafe_yyjson_is_raw(b)) return equal_texts(alloc, a, b);
  bool a_negative, b_negative;
  bool a_int = integer(a, &a_negative), b_int = integer(b, &b_negative);
  if (a_int && b_int) return a_negative == b_negative && a->uni.u64 == b->uni.u64;
  if (a_int) return integer_is_double(a, b->uni.f64);
  if (b_int) return integer_is_double(b, a->uni.f64);
  return a->uni.f64 == b->uni.f64;
}

/* --- values --- */

/* Two containers that are being compared, and how far that has come. */
typedef struct pair {
  bool sorted; /* objects, compared by their sorted members; else element by element, or value by value */
  size_t i, n;
  size_t a, b; /* where the sorted members begin */
  gf_iter x, y;
} pair;

typedef struct comparison {
  const gf_allocator *alloc;
  bool a_tree, b_tree;
  gf_members a, b;
  pair *open;
  size_t depth, cap;
} comparison;

static bool push_pair(comparison *c, pair p) {
  pair *open = gf_grow_array(c->alloc, c->open, &c->cap, c->depth + 1, sizeof *open);
  if (!open) return false;
  c->open = open;
  open[c->depth++] = p;
  return true;
}

static int enter_arrays(comparison *c, void *a, void *b) {
  size_t n = gf_node_len(a);
  if (n != gf_node_len(b)) return 0;
  pair p = {.n = n, .x = gf_node_iterate(a, c->a_tree), .y = gf_node_iterate(b, c->b_tree)};
  return n == 0 || push_pair(c, p) ? 1 : -1;
}

/* Whether two objects have the same keys in the same order, and each once. The latter is told by a filter, which may see
 * doubles where there are none: then sorting tells. Most objects that are compared pass this. */
static bool same_keys_once(gf_iter x, gf_iter y) {
  uint64_t seen[8] = {0};
  void *key = NULL, *other = NULL, *ignored;
  if (x.left != y.left || x.left > 64) return false;
  while (gf_node_next(&x, &key, &ignored) && gf_node_next(&y, &other, &ignored)) {
    gf_str k = gf_node_str(key);
    if (!gf_str_same(k, gf_node_str(other))) return false;
    unsigned hash = (unsigned)k.n * 97;
    if (k.n > 0)
      hash += (unsigned char)k.p[0] * 31u + (unsigned char)k.p[k.n / 2] * 7u + (unsigned char)k.p[k.n - 1];
    uint64_t bit = (uint64_t)1 << hash % 64, *word = &seen[hash / 64 % 8];
    if (*word & bit) return false;
    *word |= bit;
  }
  return true;
}

static int enter_objects(comparison *c, void *a, void *b) {
  pair p = {.n = gf_node_len(a), .x = gf_node_iterate(a, c->a_tree), .y = gf_node_iterate(b, c->b_tree)};
  if (same_keys_once(p.x, p.y)) return p.n == 0 || push_pair(c, p) ? 1 : -1;
  p = (pair){.sorted = true, .a = c->a.n, .b = c->b.n};
  if (!gf_members_push(&c->a, a, c->a_tree, true) || !gf_members_push(&c->b, b, c->b_tree, true)) return -1;
  p.n = c->a.n - p.a;
  if (p.n != c->b.n - p.b) return 0;
  return p.n == 0 || push_pair(c, p) ? 1 : -1;
}

static uint8_t kind(void *node) { /* a number is a number, however it is kept */
  uint8_t type = unsafe_yyjson_get_type(node);
  return type == YYJSON_TYPE_RAW ? YYJSON_TYPE_NUM : type;
}

/* 1: equal so far (containers are opened, to be stepped through), 0: different, -1: no memory. */
static int enter(comparison *c, void *a, void *b) {
  if (a == b) return 1;
  if (kind(a) != kind(b)) return 0;
  switch (kind(a)) {
  case YYJSON_TYPE_ARR: return enter_arrays(c, a, b);
  case YYJSON_TYPE_OBJ: return enter_objects(c, a, b);
  case YYJSON_TYPE_NUM: return equal_numbers(c->alloc, a, b);
  case YYJSON_TYPE_STR: return gf_str_same(gf_node_str(a), gf_node_str(b));
  case YYJSON_TYPE_BOOL: return unsafe_yyjson_get_bool(a) == unsafe_yyjson_get_bool(b);
  default: return 1; /* null */
  }
}

/* Compare the next two children of the innermost containers, or close them. */
static int step(comparison *c) {
  pair *p = &c->open[c->depth - 1];
  void *key, *a = NULL, *b = NULL;
  if (p->i == p->n) {
    if (p->sorted) {
      c->a.n = p->a;
      c->b.n = p->b;
    }
    c->depth--;
    return 1;
  }
  if (p->sorted) {
    gf_member *m = &c->a.p[p->a + p->i], *o = &c->b.p[p->b + p->i];
    if (compare_keys(m, o) != 0) return 0;
    a = m->value;
    b = o->value;
  } else {
    gf_node_next(&p->x, &key, &a);
    gf_node_next(&p->y, &key, &b);
  }
  p->i++;
  return enter(c, a, b);
}

int gf_value_equal(const gf_allocator *alloc, gf_value a, gf_value b) {
  if (!a.node || !b.node) return a.node == b.node;
  comparison c = {.alloc = alloc,
                  .a_tree = gf_doc_is_tree(a.doc),
                  .b_tree = gf_doc_is_tree(b.doc),
                  .a.alloc = alloc,
                  .b.alloc = alloc};
  int result = enter(&c, a.node, b.node);
  while (result == 1 && c.depth > 0)
    result = step(&c);
  gf_members_free(&c.a);
  gf_members_free(&c.b);
  gf_free(alloc, c.open);
  return result;
}
