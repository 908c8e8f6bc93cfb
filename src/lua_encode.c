/* SPDX-License-Identifier: MIT
 *
 * From Lua values to JSON: straight to text, which is then handed to Lua, or parsed in place where a document is wanted.
 * (Building a tree of nodes first was a quarter slower, and the documents larger.)
 *
 * A table is read raw: no metamethod runs, so that it cannot change meanwhile.
 */
#include "lua_json.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TYPE_CDATA 10 /* LuaJIT's, which its lua.h does not name */
#define FIRST_ROOM 4096
#define LEVELS_AT_ONCE 16 /* for which room on the stack is made */

/* Where in the value we are: a chain on the C stack, from which errors make a path. The first is the argument itself. */
typedef struct place {
  const struct place *up;
  int slot;     /* of the value, on Lua's stack; 0: inside a document */
  gf_str key;   /* p == NULL: an index */
  size_t index; /* from 1 */
} place;

typedef struct encoder {
  lua_State *L;
  lgf_box *box; /* owns the text */
  char *p;      /* where to write next */
  char *end;    /* of the room for the text */
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

enum { SHOWN = 44 };

/* Only the start of a key, and no control characters. */
static const char *show_key(gf_str key, char shown[SHOWN]) {
  size_t n = 0;
  for (; n < key.n && n < SHOWN - 4; n++) {
    shown[n] = key.p[n] >= ' ' && key.p[n] <= '~' ? key.p[n] : '?';
  }
  memcpy(shown + n, n < key.n ? "..." : "", n < key.n ? 4 : 1);
  return shown;
}

/* A key as Lua writes it: .name or ["any other"]. */
static void push_key_text(lua_State *L, gf_str key) {
  if (is_name(key)) {
    lua_pushliteral(L, ".");
    lua_pushlstring(L, key.p, key.n);
    lua_concat(L, 2);
    return;
  }
  char shown[SHOWN];
  lua_pushfstring(L, "[\"%s\"]", show_key(key, shown));
}

static size_t steps_to(const place *p) {
  size_t n = 0;
  for (; p->up; p = p->up) {
    n++;
  }
  return n;
}

static void push_step(lua_State *L, const place *p) {
  if (!p->up) {
    lua_pushlstring(L, p->key.p, p->key.n);
  } else if (p->key.p) {
    push_key_text(L, p->key);
  } else {
    lua_pushfstring(L, "[%d]", (int)p->index);
  }
}

/* Pushes the path from the argument to `at`. Of a long one the middle is left out. */
static void push_path(lua_State *L, const place *at) {
  size_t n = steps_to(at);
  lua_pushliteral(L, "");
  for (size_t i = 0; i <= n; i++) {
    const place *p = at;
    if (n > 12 && i == 8) {
      lua_pushliteral(L, "...");
      lua_concat(L, 2);
      i = n - 3;
    }
    for (size_t up = n - i; up > 0; up--) {
      p = p->up;
    }
    push_step(L, p);
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

static bool is_inside_itself(lua_State *L, const place *at) {
  for (const place *up = at->up; up && at->slot; up = up->up) {
    if (up->slot && lua_rawequal(L, up->slot, at->slot)) {
      return true;
    }
  }
  return false;
}

/* The limit is reached: because a table contains itself (the shortest path to it is shown), or it really is that deep. */
static void refuse_depth(encoder *e, const place *at) {
  const place *cycle = NULL;
  for (const place *p = at; p; p = p->up) {
    cycle = is_inside_itself(e->L, p) ? p : cycle;
  }
  if (cycle) {
    refuse(e, cycle, "the table contains itself");
  }
  refuse(e, at, "more than %d levels", GF_MAX_DEPTH);
}

/* --- the text --- */

/* Let there be room for more than `n` bytes. */
static void make_room(encoder *e, size_t n) {
  gf_allocator alloc = gf_default_allocator();
  size_t used = e->box->text ? (size_t)(e->p - e->box->text) : 0, size = used * 2;
  if (size - used <= n) {
    size = used + n + FIRST_ROOM;
  }
  char *text = size > used + n ? alloc.resize(alloc.ctx, e->box->text, size) : NULL;
  if (!text) {
    luaL_error(e->L, "not enough memory");
  }
  e->box->text = text;
  e->p = text + used;
  e->end = text + size;
}

static inline void need(encoder *e, size_t n) {
  if ((size_t)(e->end - e->p) <= n) {
    make_room(e, n);
  }
}

static inline void add(encoder *e, const char *p, size_t n) {
  need(e, n);
  memcpy(e->p, p, n);
  e->p += n;
}

static inline void add_char(encoder *e, char c) {
  need(e, 1);
  *e->p++ = c;
}

/* End a container in which a comma follows each child. */
static inline void close_with(encoder *e, char c) { e->p[-1] = c; }

/* --- strings --- */

#define EACH_BYTE(b) (0x0101010101010101u * (uint64_t)(b))

/* Whether one of eight bytes is not ASCII, a control character, a quote or a backslash. */
static inline bool any_special(uint64_t w) {
  uint64_t quote = w ^ EACH_BYTE('"'), backslash = w ^ EACH_BYTE('\\');
  uint64_t control = w - EACH_BYTE(0x20);
  quote = (quote - EACH_BYTE(1)) & ~quote;
  backslash = (backslash - EACH_BYTE(1)) & ~backslash;
  return ((w | (control & ~w) | quote | backslash) & EACH_BYTE(0x80)) != 0;
}

static inline uint64_t load8(const char *p) {
  uint64_t w;
  memcpy(&w, p, sizeof w);
  return w;
}

static inline uint32_t load4(const char *p) {
  uint32_t w;
  memcpy(&w, p, sizeof w);
  return w;
}

/* Copies a string that can be written as it is, eight bytes at once (the last ones overlap); false for any other. */
static inline bool copy_plain(char *to, const char *p, size_t n) {
  if (n >= 8) {
    uint64_t last = load8(p + n - 8);
    for (size_t i = 0; i < n - 8; i += 8) {
      uint64_t w = load8(p + i);
      if (any_special(w)) {
        return false;
      }
      memcpy(to + i, &w, sizeof w);
    }
    memcpy(to + n - 8, &last, sizeof last);
    return !any_special(last);
  }
  if (n >= 4) {
    uint32_t first = load4(p), last = load4(p + n - 4);
    memcpy(to, &first, sizeof first);
    memcpy(to + n - 4, &last, sizeof last);
    return !any_special((uint64_t)first << 32 | last);
  }
  uint64_t w = EACH_BYTE(' ');
  for (size_t i = 0; i < n; i++) {
    to[i] = p[i];
    w = w << 8 | (unsigned char)p[i];
  }
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
  bool bad = (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) ||
             (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F);
  return bad ? 0 : n;
}

/* The letter of a short escape; 0 for control characters that have none. */
static char escape_letter(unsigned char c) {
  switch (c) {
  case '"': return '"';
  case '\\': return '\\';
  case '\b': return 'b';
  case '\t': return 't';
  case '\n': return 'n';
  case '\f': return 'f';
  case '\r': return 'r';
  default: return 0;
  }
}

/* Writes an ASCII character, escaped if need be; the bytes written. */
static inline size_t put_ascii(char *to, unsigned char c) {
  static const char digits[] = "0123456789ABCDEF";
  *to = (char)c;
  if (c >= ' ' && c != '"' && c != '\\') {
    return 1;
  }
  to[0] = '\\';
  to[1] = escape_letter(c);
  if (to[1]) {
    return 2;
  }
  memcpy(to + 1, "u00", 3);
  to[4] = digits[c >> 4];
  to[5] = digits[c & 15];
  return 6;
}

/* Writes one character of the text from `p` to `end`; the bytes read, 0 when it is not UTF-8. */
static inline size_t put_character(char **to, const char *p, const char *end) {
  const unsigned char *u = (const unsigned char *)p;
  if (*u < 0x80) {
    *to += put_ascii(*to, *u);
    return 1;
  }
  size_t n = utf8_length(u, (size_t)(end - p));
  memcpy(*to, p, n);
  *to += n;
  return n;
}

/* As copy_plain for what needs escapes or is not ASCII; false when it is not UTF-8. */
static bool add_escaped(encoder *e, const char *p, size_t n) {
  const char *end = p + n;
  if (n > SIZE_MAX / 8) {
    luaL_error(e->L, "not enough memory");
  }
  need(e, n * 6);
  for (char *to = e->p; p < end; e->p = to) {
    uint64_t w;
    while (end - p >= 8 && !any_special(w = load8(p))) {
      memcpy(to, &w, sizeof w);
      to += sizeof w;
      p += sizeof w;
    }
    for (int i = 0; i < 8 && p < end; i++) {
      size_t read = put_character(&to, p, end);
      if (read == 0) {
        return false;
      }
      p += read;
    }
  }
  return true;
}

/* False when the bytes are not UTF-8. */
static inline bool add_string(encoder *e, const char *p, size_t n) {
  need(e, n + 4);
  *e->p++ = '"';
  if (copy_plain(e->p, p, n)) {
    e->p += n;
  } else if (!add_escaped(e, p, n)) {
    return false;
  }
  add_char(e, '"');
  return true;
}

/* --- numbers --- */

static void add_integer(encoder *e, int64_t i) {
  char digits[24], *end = digits + sizeof digits, *p = end;
  uint64_t u = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;
  do {
    *--p = (char)('0' + (int)(u % 10));
    u /= 10;
  } while (u > 0);
  if (i < 0) {
    *--p = '-';
  }
  add(e, p, (size_t)(end - p));
}

static void add_double(encoder *e, const place *at, double d) {
  int64_t i;
  char text[LGF_REAL_SIZE];
  if (d - d != 0) {
    refuse(e, at, d != d ? "NaN cannot be JSON" : "an infinity cannot be JSON");
  } else if (lgf_is_integral(d, &i)) {
    add_integer(e, i);
  } else {
    add(e, text, lgf_format_real(d, text));
  }
}

/* The number on top of the stack. */
static inline void add_number(encoder *e, const place *at) {
#if LUA_VERSION_NUM >= 503
  int whole;
  lua_Integer i = lua_tointegerx(e->L, -1, &whole);
  if (whole && i != 0) { /* 0 may stand for -0.0 */
    add_integer(e, i);
    return;
  }
#endif
  add_double(e, at, lua_tonumber(e->L, -1));
}

/* LuaJIT's 64-bit integers, which its C API does not know: tostring gives "1LL" and "1ULL". */
static void add_cdata(encoder *e, const place *at) {
  size_t n = 0;
  const char *text = luaL_tolstring(e->L, -1, &n);
  size_t sign = text[0] == '-', digits = strspn(text + sign, "0123456789") + sign;
  if (digits == sign || (strcmp(text + digits, "LL") != 0 && strcmp(text + digits, "ULL") != 0)) {
    refuse(e, at, "this cdata cannot be JSON");
  }
  add(e, text, digits);
  lua_pop(e->L, 1);
}

/* --- documents inside tables --- */

static void enter(encoder *e, const place *at) {
  if (++e->depth > GF_MAX_DEPTH) {
    refuse_depth(e, at);
  }
}

static void add_json(encoder *e, const place *at, gf_value v);

static void add_json_container(encoder *e, const place *at, gf_value v) {
  void *key, *child;
  gf_iter it = gf_iterate(v);
  place below = {.up = at};
  enter(e, at);
  add(e, it.object ? "{}" : "[]", it.left > 0 ? 1 : 2);
  bool any = it.left > 0;
  while (gf_iter_next(&it, &key, &child)) {
    below.index++;
    if (it.object) {
      below.key = (gf_str){unsafe_yyjson_get_str(key), unsafe_yyjson_get_len(key)};
      add_string(e, below.key.p, below.key.n);
      add_char(e, ':');
    }
    add_json(e, &below, (gf_value){v.doc, child});
    add_char(e, ',');
  }
  if (any) {
    close_with(e, it.object ? '}' : ']');
  }
  e->depth--;
}

static void add_json_number(encoder *e, const place *at, void *node) {
  char digits[24];
  if (unsafe_yyjson_is_real(node)) {
    add_double(e, at, unsafe_yyjson_get_real(node));
  } else if (unsafe_yyjson_is_sint(node)) {
    add_integer(e, unsafe_yyjson_get_sint(node));
  } else {
    add(e, digits, (size_t)snprintf(digits, sizeof digits, "%" PRIu64, unsafe_yyjson_get_uint(node)));
  }
}

static void add_bool(encoder *e, bool b) { add(e, b ? "true" : "false", b ? 4 : 5); }

static void add_json(encoder *e, const place *at, gf_value v) {
  size_t n = unsafe_yyjson_get_len(v.node);
  switch (unsafe_yyjson_get_type(v.node)) {
  case YYJSON_TYPE_STR: add_string(e, unsafe_yyjson_get_str(v.node), n); break;
  case YYJSON_TYPE_RAW: add(e, unsafe_yyjson_get_raw(v.node), n); break;
  case YYJSON_TYPE_NUM: add_json_number(e, at, v.node); break;
  case YYJSON_TYPE_BOOL: add_bool(e, unsafe_yyjson_get_bool(v.node)); break;
  case YYJSON_TYPE_NULL: add(e, "null", 4); break;
  default: add_json_container(e, at, v);
  }
}

/* --- tables --- */

static void add_value(encoder *e, const place *at);

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

/* An element is no list because it is in one: only what has a key of its own can be named. */
static bool is_list_place(const encoder *e, const place *at) {
  for (const char *p = at->key.p ? e->lists : NULL; p && *p;) {
    size_t n = strcspn(p, " ");
    if (n > 0 && is_end_of_path(at, p, n)) {
      return true;
    }
    p += n + (p[n] == ' ');
  }
  return false;
}

static void add_empty(encoder *e, const place *at, lgf_mark mark) {
  bool array = mark == LGF_UNMARKED ? is_list_place(e, at) : mark != LGF_OBJECT;
  add(e, array ? "[]" : "{}", 2);
}

/* The key below the value on top does not fit to what the table is. */
static void refuse_key(encoder *e, const place *at, lgf_mark mark) {
  int type = lua_type(e->L, -2);
  if (type != LUA_TSTRING && type != LUA_TNUMBER) {
    refuse(e, at, "a %s as a key cannot be JSON", lua_typename(e->L, type));
  }
  char shown[SHOWN];
  gf_str text;
  lua_pushvalue(e->L, -2);
  text.p = lua_tolstring(e->L, -1, &text.n);
  const char *key = show_key(text, shown);
  if (mark == LGF_ARRAY) {
    refuse(e, at, "an array cannot have the key \"%s\"", key);
  } else if (mark == LGF_OBJECT) {
    refuse(e, at, "an object cannot have the integer key %s", key);
  }
  refuse(e, at, "string keys and integer keys are mixed (one is %s)", key);
}

/* The table below a first key and value becomes an object; leaves only the table on the stack. */
static void add_object(encoder *e, const place *at, lgf_mark mark) {
  lua_State *L = e->L;
  place below = {.up = at, .slot = at->slot + 2};
  add_char(e, '{');
  do {
    if (lua_type(L, -2) != LUA_TSTRING) {
      refuse_key(e, at, mark);
    }
    below.key.p = lua_tolstring(L, -2, &below.key.n);
    if (!add_string(e, below.key.p, below.key.n)) {
      refuse(e, &below, "a key is not valid UTF-8");
    }
    add_char(e, ':');
    add_value(e, &below);
    add_char(e, ',');
    lua_pop(L, 1);
  } while (lua_next(L, -2));
  close_with(e, '}');
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

/* As add_array, for a table whose keys Lua does not give in order. */
static void add_scattered_array(encoder *e, const place *at, lgf_mark mark) {
  lua_State *L = e->L;
  size_t n = count_indices(e, at->slot, at, mark);
  place below = {.up = at, .slot = at->slot + 1};
  add_char(e, '[');
  while (below.index < n) {
    lua_rawgeti(L, at->slot, (int)++below.index);
    if (lua_isnil(L, -1)) {
      refuse(e, at, "an array with a hole: [%d] is missing", (int)below.index);
    }
    add_value(e, &below);
    add_char(e, ',');
    lua_pop(L, 1);
  }
  close_with(e, ']');
}

/* The table below a first key and value becomes an array. Usually Lua gives the keys in order; when it turns out
 * otherwise, what was written of it is taken back. */
static void add_array(encoder *e, const place *at, lgf_mark mark) {
  lua_State *L = e->L;
  place below = {.up = at, .slot = at->slot + 2};
  size_t before = e->box->text ? (size_t)(e->p - e->box->text) : 0;
  add_char(e, '[');
  do {
    if (!key_is(L, ++below.index)) {
      e->p = e->box->text + before;
      lua_pop(L, 2);
      add_scattered_array(e, at, mark);
      return;
    }
    add_value(e, &below);
    add_char(e, ',');
    lua_pop(L, 1);
  } while (lua_next(L, -2));
  close_with(e, ']');
}

static void add_table(encoder *e, const place *at) {
  lua_State *L = e->L;
  if (e->depth % LEVELS_AT_ONCE == 0) {
    luaL_checkstack(L, 2 * LEVELS_AT_ONCE + 8, "too many levels");
  }
  enter(e, at);
  lgf_mark mark = lgf_mark_of(L, -1, &e->marks);
  lua_pushnil(L);
  if (!lua_next(L, -2)) {
    add_empty(e, at, mark);
  } else if (mark == LGF_ARRAY || (mark != LGF_OBJECT && lua_type(L, -2) == LUA_TNUMBER)) {
    add_array(e, at, mark);
  } else {
    add_object(e, at, mark);
  }
  e->depth--;
}

/* --- values --- */

static void add_userdata(encoder *e, const place *at) {
  gf_str digits;
  gf_doc *doc;
  if (lgf_test_number(e->L, -1, &digits)) {
    add(e, digits.p, digits.n);
  } else if ((doc = lgf_test_document(e->L, -1)) != NULL) {
    add_json(e, at, gf_doc_root(doc));
  } else {
    refuse(e, at, "a userdata cannot be JSON");
  }
}

static void add_lightuserdata(encoder *e, const place *at) {
  if (lgf_is_null(e->L, -1)) {
    add(e, "null", 4);
  } else if (lgf_is_cjson_empty_array(e->L, -1)) {
    add(e, "[]", 2);
  } else {
    refuse(e, at, "a lightuserdata other than null cannot be JSON");
  }
}

/* The value on top of the stack, which stays there. */
static void add_value(encoder *e, const place *at) {
  size_t n;
  const char *p;
  int type = lua_type(e->L, -1);
  switch (type) {
  case LUA_TSTRING:
    p = lua_tolstring(e->L, -1, &n);
    if (!add_string(e, p, n)) {
      refuse(e, at, "a string is not valid UTF-8");
    }
    break;
  case LUA_TNUMBER: add_number(e, at); break;
  case LUA_TBOOLEAN: add_bool(e, lua_toboolean(e->L, -1)); break;
  case LUA_TTABLE: add_table(e, at); break;
  case LUA_TLIGHTUSERDATA: add_lightuserdata(e, at); break;
  case LUA_TUSERDATA: add_userdata(e, at); break;
  case TYPE_CDATA: add_cdata(e, at); break;
  case LUA_TNIL: refuse(e, at, "nil cannot be JSON; grafana.null can"); break;
  default: refuse(e, at, "a %s cannot be JSON", lua_typename(e->L, type));
  }
}

size_t lgf_encode(lua_State *L, lgf_box *box, int index, const char *what, const char *lists) {
  encoder e = {.L = L, .box = box, .lists = lists};
  luaL_checkstack(L, 8, "too many values");
  lua_pushvalue(L, index);
  place at = {.slot = lua_gettop(L), .key = {what, strlen(what)}};
  lgf_find_marks(L, &e.marks);
  add_value(&e, &at);
  lua_pop(L, 1);
  return (size_t)(e.p - box->text);
}

void lgf_encode_document(lua_State *L, lgf_box *box, int index, const char *what, const char *lists) {
  gf_allocator alloc = gf_default_allocator();
  gf_json_error error = {0};
  size_t n = lgf_encode(L, box, index, what, lists);
  char *text = alloc.resize(alloc.ctx, box->text, n + YYJSON_PADDING_SIZE);
  if (!text) {
    luaL_error(L, "not enough memory");
  }
  box->text = NULL; /* the parser takes it over */
  box->doc = gf_doc_parse_owned(&alloc, text, n, &error);
  if (!box->doc) {
    lgf_raise(L, &error);
  }
  lgf_tell_size(L, box);
}

gf_doc *lgf_to_document(lua_State *L, int index, const char *what, const char *lists) {
  index = lua_absindex(L, index);
  lgf_box *box = lgf_new_box(L);
  gf_doc *doc = lgf_test_document(L, index);
  if (!doc) {
    lgf_encode_document(L, box, index, what, lists);
  } else if (!(box->doc = gf_doc_copy(doc))) {
    luaL_error(L, "not enough memory");
  }
  return box->doc;
}
