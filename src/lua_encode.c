/* SPDX-License-Identifier: MIT
 *
 * From Lua values to JSON. A table is read raw: no metamethod runs, so nothing can change while it is read, and a string
 * may stay where Lua has it for as long as the table lives.
 *
 * Nodes are allocated from yyjson's pools and linked by hand (a container points at the last of a ring of its children):
 * yyjson's own functions check again, for each child, what is known here.
 */
#include "lua_json.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define TYPE_CDATA 10 /* LuaJIT's, which its lua.h does not name */

/* Where in the value we are: a chain on the C stack, from which errors make a path. The first is the argument itself. */
typedef struct place {
  struct place *up;
  const void *table; /* for telling cycles */
  gf_str key;        /* p == NULL: an index */
  size_t index;      /* from 1 */
} place;

typedef struct encoder {
  lua_State *L;
  yyjson_mut_doc *tree;
  bool keep;
  const char *lists;
  lgf_marks marks;
  size_t depth;
} encoder;

/* --- errors --- */

static bool is_name(gf_str key) {
  for (size_t i = 0; i < key.n; i++) {
    char c = key.p[i];
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (!letter && !(i > 0 && c >= '0' && c <= '9')) {
      return false;
    }
  }
  return key.n > 0 && key.n <= 100;
}

/* A key as Lua writes it: .name or ["any other"], of which only the start is shown and no control characters. */
static void push_key_text(lua_State *L, gf_str key) {
  if (is_name(key)) {
    lua_pushliteral(L, ".");
    lua_pushlstring(L, key.p, key.n);
    lua_concat(L, 2);
    return;
  }
  char shown[44];
  size_t n = 0;
  for (; n < key.n && n < sizeof shown - 4; n++) {
    shown[n] = key.p[n] >= ' ' && key.p[n] <= '~' ? key.p[n] : '?';
  }
  memcpy(shown + n, n < key.n ? "..." : "", n < key.n ? 4 : 1);
  lua_pushfstring(L, "[\"%s\"]", shown);
}

static size_t steps_to(const place *p) {
  size_t n = 0;
  for (; p->up; p = p->up) {
    n++;
  }
  return n;
}

/* Pushes the path from the argument to `at`. Of a long one the middle is left out. */
static void push_path(lua_State *L, const place *at) {
  size_t n = steps_to(at);
  for (size_t i = 0; i <= n; i++) {
    const place *p = at;
    if (n > 12 && i == 8) {
      lua_pushliteral(L, "...");
      i = n - 4;
    } else {
      for (size_t up = n - i; up > 0; up--) {
        p = p->up;
      }
      if (i == 0) {
        lua_pushlstring(L, p->key.p, p->key.n);
        continue;
      } else if (p->key.p) {
        push_key_text(L, p->key);
      } else {
        lua_pushfstring(L, "[%d]", (int)p->index);
      }
    }
    lua_concat(L, 2);
  }
}

static void refuse(encoder *e, const place *at, const char *format, ...) {
  va_list args;
  luaL_checkstack(e->L, 8, "too many levels");
  luaL_where(e->L, 1);
  push_path(e->L, at);
  lua_pushliteral(e->L, ": ");
  va_start(args, format);
  lua_pushvfstring(e->L, format, args);
  va_end(args);
  lua_concat(e->L, 4);
  lua_error(e->L);
}

static bool is_inside_itself(const place *at) {
  for (const place *up = at->up; up && at->table; up = up->up) {
    if (up->table == at->table) {
      return true;
    }
  }
  return false;
}

/* The limit is reached: because a table contains itself (the shortest path to it is shown), or it really is that deep. */
static void refuse_depth(encoder *e, const place *at) {
  const place *cycle = NULL;
  for (const place *p = at; p; p = p->up) {
    cycle = is_inside_itself(p) ? p : cycle;
  }
  if (cycle) {
    refuse(e, cycle, "the table contains itself");
  }
  refuse(e, at, "more than %d levels", GF_MAX_DEPTH);
}

/* --- nodes and strings --- */

static yyjson_mut_val *new_nodes(encoder *e, size_t n) {
  yyjson_mut_val *nodes = unsafe_yyjson_mut_val(e->tree, n);
  if (!nodes) {
    luaL_error(e->L, "not enough memory");
  }
  return nodes;
}

#define EACH_BYTE(b) (0x0101010101010101u * (uint64_t)(b))

/* Whether one of eight bytes is not ASCII, a control character, a quote or a backslash. */
static inline bool any_special(uint64_t w) {
  uint64_t quote = w ^ EACH_BYTE('"'), backslash = w ^ EACH_BYTE('\\');
  uint64_t control = w - EACH_BYTE(0x20);
  quote = (quote - EACH_BYTE(1)) & ~quote;
  backslash = (backslash - EACH_BYTE(1)) & ~backslash;
  return ((w | (control & ~w) | quote | backslash) & EACH_BYTE(0x80)) != 0;
}

/* Whether a string can be written as it is. */
static inline bool is_plain(const char *p, size_t n) {
  uint64_t w;
  for (; n >= sizeof w; n -= sizeof w, p += sizeof w) {
    memcpy(&w, p, sizeof w);
    if (any_special(w)) {
      return false;
    }
  }
  w = EACH_BYTE(' ');
  memcpy(&w, p, n);
  return !any_special(w);
}

/* The length of the UTF-8 sequence at `p`, 0 when it is none (overlong, a surrogate, cut, beyond U+10FFFF). */
static size_t utf8_length(const unsigned char *p, size_t left) {
  if (p[0] < 0x80) {
    return 1;
  }
  size_t n = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
  if (p[0] < 0xC2 || p[0] > 0xF4 || left < n) {
    return 0;
  }
  for (size_t i = 1; i < n; i++) {
    if ((p[i] & 0xC0) != 0x80) {
      return 0;
    }
  }
  bool bad = (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) || (p[0] == 0xF0 && p[1] < 0x90) ||
             (p[0] == 0xF4 && p[1] > 0x8F);
  return bad ? 0 : n;
}

static bool is_utf8(const char *bytes, size_t n) {
  const unsigned char *p = (const unsigned char *)bytes, *end = p + n;
  while (p < end) {
    size_t step = utf8_length(p, (size_t)(end - p));
    if (step == 0) {
      return false;
    }
    p += step;
  }
  return true;
}

static const char *kept(encoder *e, const char *p, size_t n) {
  if (!e->keep) {
    return p;
  }
  const char *copy = unsafe_yyjson_mut_strncpy(e->tree, p, n);
  if (!copy) {
    luaL_error(e->L, "not enough memory");
  }
  return copy;
}

/* False when the bytes are no text. */
static inline bool set_string(encoder *e, yyjson_mut_val *node, const char *p, size_t n) {
  bool plain = is_plain(p, n);
  if (!plain && !is_utf8(p, n)) {
    return false;
  }
  unsafe_yyjson_set_strn(node, kept(e, p, n), n);
  node->tag |= plain ? YYJSON_SUBTYPE_NOESC : 0u;
  return true;
}

static void set_raw(encoder *e, yyjson_mut_val *node, const char *p, size_t n) {
  bool keep = e->keep;
  e->keep = true; /* `p` may be a buffer of the caller */
  unsafe_yyjson_set_raw(node, kept(e, p, n), n);
  e->keep = keep;
}

/* --- numbers --- */

/* The text of a JSON number: an integer if it fits, else its digits as they are. "-0" is no integer. */
static void set_digits(encoder *e, yyjson_mut_val *node, gf_str text) {
  yyjson_val read;
  bool whole = strspn(text.p + (text.p[0] == '-'), "0123456789") == text.n - (text.p[0] == '-');
  if (whole && strcmp(text.p, "-0") != 0 && yyjson_read_number(text.p, &read, YYJSON_READ_BIGNUM_AS_RAW, NULL, NULL) &&
      unsafe_yyjson_is_num(&read)) {
    node->tag = read.tag;
    node->uni.u64 = read.uni.u64;
  } else {
    set_raw(e, node, text.p, text.n);
  }
}

static void set_double(encoder *e, yyjson_mut_val *node, const place *at, double d) {
  int64_t i;
  if (lgf_is_integral(d, &i)) {
    unsafe_yyjson_set_sint(node, i);
  } else if (d - d != 0) {
    refuse(e, at, d != d ? "NaN cannot be JSON" : "an infinity cannot be JSON");
  } else if (d < 0x1p63 && d > -0x1p63) {
    unsafe_yyjson_set_real(node, d);
  } else { /* yyjson would write 1e20 with ".0" */
    char text[LGF_REAL_SIZE];
    set_raw(e, node, text, lgf_format_real(d, text));
  }
}

static inline void set_number(encoder *e, yyjson_mut_val *node, const place *at) {
  if (lua_isinteger(e->L, -1)) {
    unsafe_yyjson_set_sint(node, (int64_t)lua_tointeger(e->L, -1));
  } else {
    set_double(e, node, at, lua_tonumber(e->L, -1));
  }
}

/* LuaJIT's 64-bit integers, which its C API does not know: tostring gives "1LL" and "1ULL". */
static void set_cdata(encoder *e, yyjson_mut_val *node, const place *at) {
  size_t n = 0;
  const char *text = luaL_tolstring(e->L, -1, &n);
  size_t digits = strspn(text + (text[0] == '-'), "0123456789") + (text[0] == '-');
  if (digits == 0 || (strcmp(text + digits, "LL") != 0 && strcmp(text + digits, "ULL") != 0)) {
    refuse(e, at, "this cdata cannot be JSON");
  }
  lua_pushlstring(e->L, text, digits);
  set_digits(e, node, (gf_str){lua_tostring(e->L, -1), digits});
  lua_pop(e->L, 2);
}

/* --- the children of a container --- */

/* A container points at the last of a ring of its children: at the last key, for an object, in whose ring a value comes
 * after each key. */
typedef struct ring {
  yyjson_mut_val *first, *last, *end;
  uint64_t n;
} ring;

/* Adds the element `from` (then it is also `to`), or the key `from` with its value `to`. */
static inline void ring_add(ring *r, yyjson_mut_val *from, yyjson_mut_val *to) {
  if (r->end) {
    r->end->next = from;
  } else {
    r->first = from;
  }
  from->next = to;
  r->last = from;
  r->end = to;
  r->n++;
}

static inline void ring_close(ring *r, yyjson_mut_val *node, yyjson_type type) {
  if (r->end) {
    r->end->next = r->first;
  }
  node->uni.ptr = r->last;
  node->tag = (r->n << YYJSON_TAG_BIT) | type;
}

static void enter(encoder *e, const place *at) {
  if (++e->depth > GF_MAX_DEPTH) {
    refuse_depth(e, at);
  }
}

/* --- documents inside tables --- */

static void set_json(encoder *e, yyjson_mut_val *node, place *at, gf_value v);

static void set_json_container(encoder *e, yyjson_mut_val *node, place *at, gf_value v) {
  void *key, *child;
  gf_iter it = gf_iterate(v);
  place below = {.up = at};
  ring r = {0};
  enter(e, at);
  while (gf_iter_next(&it, &key, &child)) {
    yyjson_mut_val *made = new_nodes(e, it.object ? 2 : 1), *value = made + it.object;
    below.index++;
    if (it.object) {
      below.key = (gf_str){unsafe_yyjson_get_str(key), unsafe_yyjson_get_len(key)};
      set_string(e, made, below.key.p, below.key.n);
    }
    set_json(e, value, &below, (gf_value){v.doc, child});
    ring_add(&r, made, value);
  }
  ring_close(&r, node, it.object ? YYJSON_TYPE_OBJ : YYJSON_TYPE_ARR);
  e->depth--;
}

static void set_json(encoder *e, yyjson_mut_val *node, place *at, gf_value v) {
  yyjson_val *from = v.node;
  size_t n = unsafe_yyjson_get_len(from);
  switch (unsafe_yyjson_get_type(from)) {
    case YYJSON_TYPE_ARR:
    case YYJSON_TYPE_OBJ: set_json_container(e, node, at, v); break;
    case YYJSON_TYPE_STR: set_string(e, node, unsafe_yyjson_get_str(from), n); break;
    case YYJSON_TYPE_RAW: set_raw(e, node, unsafe_yyjson_get_raw(from), n); break;
    default:
      node->tag = from->tag;
      node->uni.u64 = from->uni.u64;
  }
}

/* --- tables --- */

static void set_value(encoder *e, yyjson_mut_val *node, place *at);

/* Whether `word` ("list.options", n bytes) is the end of the path of keys that leads to `at`. */
static bool is_end_of_path(const place *at, const char *word, size_t n) {
  for (; at; at = at->up) {
    if (!at->key.p) {
      continue;
    }
    size_t start = n;
    while (start > 0 && word[start - 1] != '.') {
      start--;
    }
    if (at->key.n != n - start || memcmp(at->key.p, word + start, at->key.n) != 0) {
      return false;
    }
    if (start == 0) {
      return true;
    }
    n = start - 1;
  }
  return false;
}

static bool is_list_place(const encoder *e, const place *at) {
  for (const char *p = e->lists; p && *p;) {
    size_t n = strcspn(p, " ");
    if (n > 0 && is_end_of_path(at, p, n)) {
      return true;
    }
    p += n + (p[n] == ' ');
  }
  return false;
}

static void set_empty(encoder *e, yyjson_mut_val *node, const place *at, lgf_mark mark) {
  bool array = mark == LGF_UNMARKED ? is_list_place(e, at) : mark != LGF_OBJECT;
  node->tag = array ? YYJSON_TYPE_ARR : YYJSON_TYPE_OBJ;
  node->uni.ptr = NULL;
}

/* The key below the value on top does not fit to what the table is. */
static void refuse_key(encoder *e, const place *at, lgf_mark mark) {
  int type = lua_type(e->L, -2);
  if (type != LUA_TSTRING && type != LUA_TNUMBER) {
    refuse(e, at, "a %s as a key cannot be JSON", lua_typename(e->L, type));
  }
  lua_pushvalue(e->L, -2);
  const char *key = lua_tostring(e->L, -1);
  if (mark == LGF_ARRAY) {
    refuse(e, at, "an array cannot have the key \"%s\"", key);
  } else if (mark == LGF_OBJECT) {
    refuse(e, at, "an object cannot have the integer key %s", key);
  }
  refuse(e, at, "string keys and integer keys are mixed (one is %s)", key);
}

/* The table below a first key and value becomes an object; leaves only the table on the stack. */
static void set_object(encoder *e, yyjson_mut_val *node, place *at, lgf_mark mark) {
  lua_State *L = e->L;
  place below = {.up = at};
  ring r = {0};
  do {
    if (lua_type(L, -2) != LUA_TSTRING) {
      refuse_key(e, at, mark);
    }
    yyjson_mut_val *key = new_nodes(e, 2);
    below.key.p = lua_tolstring(L, -2, &below.key.n);
    if (!set_string(e, key, below.key.p, below.key.n)) {
      refuse(e, &below, "a key is not valid UTF-8");
    }
    set_value(e, key + 1, &below);
    ring_add(&r, key, key + 1);
    lua_pop(L, 1);
  } while (lua_next(L, -2));
  ring_close(&r, node, YYJSON_TYPE_OBJ);
}

/* The value on top becomes the next element. */
static inline void add_element(encoder *e, ring *r, place *below) {
  yyjson_mut_val *child = new_nodes(e, 1);
  below->index = (size_t)r->n + 1;
  set_value(e, child, below);
  ring_add(r, child, child);
}

/* Whether the key below the top is `i`. */
static inline bool key_is(lua_State *L, uint64_t i) {
#if LUA_VERSION_NUM >= 503
  return lua_isinteger(L, -2) && lua_tointeger(L, -2) == (lua_Integer)i;
#else
  return lua_type(L, -2) == LUA_TNUMBER && lua_tonumber(L, -2) == (lua_Number)i;
#endif
}

/* How many keys the table at `t` has; raises unless all are integers from 1. */
static size_t count_indices(encoder *e, int t, const place *at, lgf_mark mark) {
  lua_State *L = e->L;
  size_t n = 0;
  for (lua_pushnil(L); lua_next(L, t); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TNUMBER) {
      refuse_key(e, at, mark);
    }
    double i = lua_tonumber(L, -2);
    if (!(i >= 1 && i < 0x1p53) || i != (double)(int64_t)i) {
      lua_pushvalue(L, -2);
      refuse(e, at, "an array cannot have the key %s", lua_tostring(L, -1));
    }
    n++;
  }
  return n;
}

/* As set_array, for a table whose keys Lua does not give in order. */
static void set_scattered_array(encoder *e, yyjson_mut_val *node, place *at, lgf_mark mark) {
  lua_State *L = e->L;
  int t = lua_gettop(L);
  size_t n = count_indices(e, t, at, mark);
  place below = {.up = at};
  ring r = {0};
  while (r.n < n) {
    lua_rawgeti(L, t, (int)(r.n + 1));
    if (lua_isnil(L, -1)) {
      refuse(e, at, "an array with a hole: [%d] is missing", (int)(r.n + 1));
    }
    add_element(e, &r, &below);
    lua_pop(L, 1);
  }
  ring_close(&r, node, YYJSON_TYPE_ARR);
}

/* The table below a first key and value becomes an array. Usually Lua gives the keys in order; nodes made before it turns
 * out otherwise stay unused in the pool. */
static void set_array(encoder *e, yyjson_mut_val *node, place *at, lgf_mark mark) {
  lua_State *L = e->L;
  place below = {.up = at};
  ring r = {0};
  do {
    if (!key_is(L, r.n + 1)) {
      lua_pop(L, 2);
      set_scattered_array(e, node, at, mark);
      return;
    }
    add_element(e, &r, &below);
    lua_pop(L, 1);
  } while (lua_next(L, -2));
  ring_close(&r, node, YYJSON_TYPE_ARR);
}

static void set_table(encoder *e, yyjson_mut_val *node, place *at) {
  lua_State *L = e->L;
  luaL_checkstack(L, 8, "too many levels");
  at->table = lua_topointer(L, -1);
  enter(e, at);
  lgf_mark mark = lgf_mark_of(L, -1, &e->marks);
  lua_pushnil(L);
  if (!lua_next(L, -2)) {
    set_empty(e, node, at, mark);
  } else if (mark == LGF_ARRAY || (mark != LGF_OBJECT && lua_type(L, -2) == LUA_TNUMBER)) {
    set_array(e, node, at, mark);
  } else {
    set_object(e, node, at, mark);
  }
  e->depth--;
}

/* --- values --- */

static void set_userdata(encoder *e, yyjson_mut_val *node, place *at) {
  gf_str digits;
  gf_doc *doc;
  if (lgf_test_number(e->L, -1, &digits)) {
    set_digits(e, node, digits);
  } else if ((doc = lgf_test_document(e->L, -1)) != NULL) {
    set_json(e, node, at, gf_doc_root(doc));
  } else {
    refuse(e, at, "a userdata cannot be JSON");
  }
}

static void set_lightuserdata(encoder *e, yyjson_mut_val *node, place *at) {
  if (lgf_is_null(e->L, -1)) {
    unsafe_yyjson_set_null(node);
  } else if (lgf_is_cjson_empty_array(e->L, -1)) {
    set_empty(e, node, at, LGF_ARRAY);
  } else {
    refuse(e, at, "a lightuserdata other than null cannot be JSON");
  }
}

/* The value on top of the stack, which stays there. */
static void set_value(encoder *e, yyjson_mut_val *node, place *at) {
  size_t n;
  const char *p;
  int type = lua_type(e->L, -1);
  switch (type) {
    case LUA_TSTRING:
      p = lua_tolstring(e->L, -1, &n);
      if (!set_string(e, node, p, n)) {
        refuse(e, at, "a string is not valid UTF-8");
      }
      break;
    case LUA_TNUMBER: set_number(e, node, at); break;
    case LUA_TBOOLEAN: unsafe_yyjson_set_bool(node, lua_toboolean(e->L, -1)); break;
    case LUA_TTABLE: set_table(e, node, at); break;
    case LUA_TLIGHTUSERDATA: set_lightuserdata(e, node, at); break;
    case LUA_TUSERDATA: set_userdata(e, node, at); break;
    case TYPE_CDATA: set_cdata(e, node, at); break;
    default: refuse(e, at, "a %s cannot be JSON", lua_typename(e->L, type));
  }
}

void lgf_encode(lua_State *L, lgf_box *box, int index, const char *what, const char *lists, bool keep) {
  gf_allocator alloc = gf_default_allocator();
  place at = {.key = {what, strlen(what)}};
  encoder e = {.L = L, .keep = keep, .lists = lists};
  luaL_checkstack(L, 8, "too many values");
  lua_pushvalue(L, index);
  lgf_find_marks(L, &e.marks);
  box->doc = gf_doc_new(&alloc);
  if (!box->doc) {
    luaL_error(L, "not enough memory");
  }
  e.tree = box->doc->store->tree;
  yyjson_mut_val *root = new_nodes(&e, 1);
  set_value(&e, root, &at);
  gf_doc_set_root(box->doc, root);
  lua_pop(L, 1);
}

gf_doc *lgf_to_document(lua_State *L, int index, const char *what, const char *lists) {
  index = lua_absindex(L, index);
  gf_doc *doc = lgf_test_document(L, index);
  if (doc) {
    lua_pushvalue(L, index);
    return doc;
  }
  lgf_box *box = lgf_new_box(L);
  lgf_encode(L, box, index, what, lists, true);
  lgf_tell_size(L, box);
  return box->doc;
}
