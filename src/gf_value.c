/* SPDX-License-Identifier: MIT
 * Reading JSON: scalars, members, elements, paths and pointers.
 *
 * Where an object has a key twice, the last one is meant everywhere. */
#include "gf_node.h"

static const gf_value ABSENT = {NULL, NULL};

bool gf_value_is_absent(gf_value v) { return v.node == NULL; }

size_t gf_value_len(gf_value v) { return v.node ? gf_node_len(v.node) : 0; }

/* --- iterating --- */

gf_iter gf_iterate(gf_value v) {
  return v.node ? gf_node_iterate(v.node, gf_doc_is_tree(v.doc)) : (gf_iter){.left = 0};
}

bool gf_iter_next(gf_iter *it, void **key, void **value) {
  void *ignored;
  return gf_node_next(it, key ? key : &ignored, value);
}

/* --- members and elements --- */

/* Whether a key is what `wanted` says; in a pointer's token ~1 stands for / and ~0 for ~. */
typedef bool (*key_test)(gf_str key, gf_str wanted);

static bool is_key(gf_str key, gf_str wanted) { return gf_str_same(key, wanted); }

static bool is_token(gf_str key, gf_str token) {
  size_t i = 0;
  for (size_t k = 0; k < key.n; k++, i++) {
    if (i == token.n) return false;
    char c = token.p[i];
    if (c == '~') {
      if (++i == token.n || (token.p[i] != '0' && token.p[i] != '1')) return false;
      c = token.p[i] == '0' ? '~' : '/';
    }
    if (c != key.p[k]) return false;
  }
  return i == token.n;
}

/* All members are looked at: the last of equal keys is wanted. */
static gf_value member(gf_value v, gf_str wanted, key_test test) {
  if (!v.node || !unsafe_yyjson_is_obj(v.node)) return ABSENT;
  gf_value found = ABSENT;
  void *key, *value;
  for (gf_iter it = gf_node_iterate(v.node, gf_doc_is_tree(v.doc)); gf_node_next(&it, &key, &value);) {
    if (test(gf_node_str(key), wanted)) found = (gf_value){v.doc, value};
  }
  return found;
}

gf_value gf_value_get(gf_value v, const char *key) { return member(v, gf_z(key), is_key); }

gf_value gf_value_at(gf_value v, size_t index) {
  if (!v.node || !unsafe_yyjson_is_arr(v.node) || index >= gf_node_len(v.node)) return ABSENT;
  if (!gf_doc_is_tree(v.doc)) return (gf_value){v.doc, yyjson_arr_get(v.node, index)};
  return (gf_value){v.doc, yyjson_mut_arr_get(v.node, index)};
}

gf_value gf_value_path(gf_value v, const gf_step *path, size_t n) {
  for (size_t i = 0; i < n && v.node; i++) {
    v = path[i].is_index ? gf_value_at(v, path[i].index) : member(v, path[i].key, is_key);
  }
  return v;
}

/* --- pointers --- */

/* 0, or digits that do not begin with 0. */
static bool token_index(gf_str token, size_t *index) {
  *index = 0;
  if (token.n == 0 || token.n > 18 || (token.p[0] == '0' && token.n > 1)) return false;
  for (size_t i = 0; i < token.n; i++) {
    if (token.p[i] < '0' || token.p[i] > '9') return false;
    *index = *index * 10 + (size_t)(token.p[i] - '0');
  }
  return true;
}

gf_value gf_value_pointer(gf_value v, const char *pointer) {
  while (*pointer == '/' && v.node) {
    gf_str token = {pointer + 1, strcspn(pointer + 1, "/")};
    size_t index;
    if (unsafe_yyjson_is_arr(v.node)) {
      v = token_index(token, &index) ? gf_value_at(v, index) : ABSENT;
    } else {
      v = member(v, token, is_token);
    }
    pointer += 1 + token.n;
  }
  return *pointer == '\0' ? v : ABSENT;
}

/* --- scalars --- */

bool gf_value_string(gf_value v, gf_str *out) {
  if (!v.node || !unsafe_yyjson_is_str(v.node)) return false;
  *out = gf_node_str(v.node);
  return true;
}

bool gf_value_bool(gf_value v, bool *out) {
  if (!v.node || !unsafe_yyjson_is_bool(v.node)) return false;
  *out = unsafe_yyjson_get_bool(v.node);
  return true;
}

/* 5.0 and 5e0 are the integer 5: what is equal behaves alike. */
static bool integral(double d, int64_t *out) {
  if (!(d >= -9223372036854775808.0 && d < 9223372036854775808.0)) return false;
  *out = (int64_t)d;
  return (double)*out == d;
}

bool gf_value_int(gf_value v, int64_t *out) {
  if (!v.node || !unsafe_yyjson_is_num(v.node)) return false;
  int64_t i = unsafe_yyjson_get_sint(v.node);
  if (unsafe_yyjson_is_real(v.node)) {
    if (!integral(unsafe_yyjson_get_real(v.node), &i)) return false;
  } else if (unsafe_yyjson_is_uint(v.node) && i < 0) {
    return false; /* beyond int64 */
  }
  *out = i;
  return true;
}

/* --- UTF-8 --- */

/* The length of the sequence that begins with `c` and the range its second byte has to be in; 0 for none. */
static size_t sequence(unsigned char c, unsigned char *low, unsigned char *high) {
  *low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;  /* no overlong forms */
  *high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF; /* no surrogates, nothing beyond U+10FFFF */
  if (c < 0x80) return 1;
  if (c >= 0xC2 && c <= 0xDF) return 2;
  if (c >= 0xE0 && c <= 0xEF) return 3;
  return c >= 0xF0 && c <= 0xF4 ? 4 : 0;
}

/* Where the ASCII that begins at `i` ends, or up to seven bytes before. */
static size_t skip_ascii(const unsigned char *p, size_t i, size_t n) {
  uint64_t eight;
  for (; n - i >= sizeof eight; i += sizeof eight) {
    memcpy(&eight, p + i, sizeof eight);
    if (eight & UINT64_C(0x8080808080808080)) break;
  }
  return i;
}

bool gf_is_utf8(gf_str s) {
  const unsigned char *p = (const unsigned char *)s.p;
  for (size_t i = skip_ascii(p, 0, s.n); i < s.n;) {
    unsigned char low, high;
    size_t n = sequence(p[i], &low, &high);
    if (n == 0 || n > s.n - i) return false;
    if (n > 1 && (p[i + 1] < low || p[i + 1] > high)) return false;
    for (size_t k = 2; k < n; k++) {
      if ((p[i + k] & 0xC0) != 0x80) return false;
    }
    i += n;
  }
  return true;
}
