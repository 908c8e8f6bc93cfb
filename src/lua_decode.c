/* SPDX-License-Identifier: MIT
 *
 * From JSON to Lua values. What makes it fast: tables are made in their final size, nothing is copied on the way, and
 * keys, which repeat, are found on the Lua stack again instead of being hashed anew by Lua.
 *
 * The walk steps through yyjson's nodes directly, because it is the hottest loop there is; gf_iter does the same behind
 * a function call.
 */
#include "lua_json.h"

#include <string.h>

#define KEY_SLOTS 64      /* a power of two */
#define KEY_MAX 40        /* longer keys are rare, and no short strings in Lua either */
#define KEYS_WORTH_IT 128 /* values from which on the cache repays its making */
#define SHARED_SLOTS 8    /* a power of two: members of an object whose strings may be the last object's */

/* Rows made of one answer share the bytes of what they have in common (gf_panels.c). */
typedef struct shared_string {
  gf_str bytes; /* of the member of this place, the last time */
  bool held;    /* they have been met twice: the string is on the stack */
} shared_string;

typedef struct decoder {
  lua_State *L;
  bool tree;
  int array_mt, object_mt;            /* stack indices */
  int keys;                           /* stack index before the first cached key; 0: no cache */
  gf_str cached[KEY_SLOTS];           /* p == NULL: free */
  shared_string shared[SHARED_SLOTS]; /* their strings lie behind the keys */
} decoder;

/* Nodes of fixed documents lie one behind the other, those of trees are linked in rings whose container points at the
 * last. After a key comes its value, after a value the next key. */
static inline void *first_child(const decoder *d, void *node) {
  if (!d->tree) {
    return unsafe_yyjson_get_first(node);
  }
  yyjson_mut_val *last = ((yyjson_mut_val *)node)->uni.ptr;
  return unsafe_yyjson_is_obj(node) ? last->next->next : last->next;
}

static inline void *after(const decoder *d, void *node) {
  return d->tree ? (void *)((yyjson_mut_val *)node)->next : (void *)unsafe_yyjson_get_next(node);
}

static void push_node(decoder *d, void *node);

static inline size_t key_slot(const char *p, size_t n) {
  size_t first = (unsigned char)p[0], middle = (unsigned char)p[n / 2], last = (unsigned char)p[n - 1];
  return (n * 31 + first * 7 + middle * 5 + last * 3) & (KEY_SLOTS - 1);
}

static inline void push_key(decoder *d, void *node) {
  const char *p = unsafe_yyjson_get_str(node);
  size_t n = unsafe_yyjson_get_len(node);
  if (!d->keys || n == 0 || n > KEY_MAX) {
    lua_pushlstring(d->L, p, n);
    return;
  }
  size_t slot = key_slot(p, n);
  gf_str *cached = &d->cached[slot];
  if (cached->n == n && memcmp(cached->p, p, n) == 0) {
    lua_pushvalue(d->L, d->keys + 1 + (int)slot);
    return;
  }
  lua_pushlstring(d->L, p, n);
  lua_pushvalue(d->L, -1);
  lua_replace(d->L, d->keys + 1 + (int)slot);
  *cached = (gf_str){p, n};
}

/* The value of an object's member: a string whose very bytes the object before had in this place is found again. */
static inline void push_member(decoder *d, size_t place, void *node) {
  shared_string *shared = &d->shared[place & (SHARED_SLOTS - 1)];
  if (!unsafe_yyjson_is_str(node)) {
    push_node(d, node);
    return;
  }
  int index = d->keys + KEY_SLOTS + 1 + (int)(place & (SHARED_SLOTS - 1));
  const gf_str bytes = {unsafe_yyjson_get_str(node), unsafe_yyjson_get_len(node)};
  bool again = shared->bytes.p == bytes.p && shared->bytes.n == bytes.n;
  if (again && shared->held) {
    lua_pushvalue(d->L, index);
    return;
  }
  lua_pushlstring(d->L, bytes.p, bytes.n);
  shared->bytes = bytes;
  shared->held = again;
  if (!again) return;
  lua_pushvalue(d->L, -1);
  lua_replace(d->L, index);
}

static void push_array(decoder *d, void *node) {
  size_t n = unsafe_yyjson_get_len(node);
  lua_createtable(d->L, (int)n, 0);
  void *child = n > 0 ? first_child(d, node) : NULL;
  for (size_t i = 1; i <= n; i++, child = after(d, child)) {
    push_node(d, child);
    lua_rawseti(d->L, -2, (int)i);
  }
  lua_pushvalue(d->L, d->array_mt);
  lua_setmetatable(d->L, -2);
}

/* `row`: of a list whose objects may share strings. */
static inline void push_members(decoder *d, void *node, bool row) {
  size_t n = unsafe_yyjson_get_len(node);
  lua_createtable(d->L, 0, (int)n);
  if (n == 0) {
    lua_pushvalue(d->L, d->object_mt);
    lua_setmetatable(d->L, -2);
    return;
  }
  void *key = first_child(d, node);
  for (; n > 0; n--) {
    void *value = after(d, key);
    push_key(d, key);
    if (row)
      push_member(d, n, value);
    else
      push_node(d, value);
    lua_rawset(d->L, -3);
    key = after(d, value);
  }
}

static void push_object(decoder *d, void *node) { push_members(d, node, false); }

static void push_row(decoder *d, void *node) {
  if (d->keys && unsafe_yyjson_is_obj(node))
    push_members(d, node, true);
  else
    push_node(d, node);
}

/* Pushes a scalar and tells so; false for a container. */
static inline bool push_scalar(lua_State *L, void *node) {
  switch (unsafe_yyjson_get_type(node)) {
  case YYJSON_TYPE_STR:
    lua_pushlstring(L, unsafe_yyjson_get_str(node), unsafe_yyjson_get_len(node));
    return true;
  case YYJSON_TYPE_RAW:
  case YYJSON_TYPE_NUM: lgf_push_number_node(L, node); return true;
  case YYJSON_TYPE_BOOL: lua_pushboolean(L, unsafe_yyjson_get_bool(node)); return true;
  case YYJSON_TYPE_NULL: lua_pushlightuserdata(L, NULL); return true;
  default: return false;
  }
}

/* Recursive: documents are at most GF_MAX_DEPTH deep. */
static void push_node(decoder *d, void *node) {
  if (push_scalar(d->L, node)) {
    return;
  }
  luaL_checkstack(d->L, 6, "too many levels");
  if (unsafe_yyjson_is_arr(node)) {
    push_array(d, node);
  } else {
    push_object(d, node);
  }
}

/* How many values there are in `v` and below; of a tree, an estimate for the whole document. */
static size_t count_values(gf_value v) {
  if (gf_doc_is_tree(v.doc)) {
    return gf_doc_bytes(v.doc) / 32;
  }
  return (size_t)(unsafe_yyjson_get_next(v.node) - (yyjson_val *)v.node);
}

/* Make places for the cached keys. */
static void make_cache(decoder *d) {
  luaL_checkstack(d->L, KEY_SLOTS + SHARED_SLOTS + 8, "no room for keys");
  memset(d->cached, 0, sizeof d->cached);
  memset(d->shared, 0, sizeof d->shared);
  d->keys = lua_gettop(d->L);
  lua_settop(d->L, d->keys + KEY_SLOTS + SHARED_SLOTS);
}

/* Push what a decoder needs for so many values; returns the height of the stack before. */
static int open_decoder(decoder *d, lua_State *L, size_t values) {
  int top = lua_gettop(L);
  d->L = L;
  d->keys = 0;
  luaL_checkstack(L, 6, "too many values");
  lgf_push_array_mt(L);
  lgf_push_object_mt(L);
  d->array_mt = top + 1;
  d->object_mt = top + 2;
  if (values >= KEYS_WORTH_IT) {
    make_cache(d);
  }
  return top;
}

/* Leave only the value on top. */
static void close_decoder(decoder *d, int top) {
  lua_replace(d->L, top + 1);
  lua_settop(d->L, top + 1);
}

static void push_container(lua_State *L, gf_value v) {
  decoder d;
  int top = open_decoder(&d, L, count_values(v));
  d.tree = gf_doc_is_tree(v.doc);
  push_node(&d, v.node);
  close_decoder(&d, top);
}

void lgf_push_values(lua_State *L, const gf_value *values, size_t n, void (*read)(void *ctx, size_t n),
                     void *ctx) {
  decoder d;
  int top = open_decoder(&d, L, n * 4);
  lua_createtable(L, (int)n, 0);
  lua_pushvalue(L, d.array_mt);
  lua_setmetatable(L, -2);
  for (size_t i = 0; i < n; i++) {
    d.tree = gf_doc_is_tree(values[i].doc);
    push_row(&d, values[i].node);
    lua_rawseti(L, -2, (int)i + 1);
    if (read != NULL && (i + 1 == n || values[i + 1].doc != values[i].doc)) {
      read(ctx, i + 1);
    }
  }
  close_decoder(&d, top);
}

void lgf_push_value(lua_State *L, gf_value v) {
  if (gf_value_is_absent(v)) {
    lua_pushnil(L);
  } else if (!push_scalar(L, v.node)) {
    push_container(L, v);
  }
}
