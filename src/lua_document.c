/* SPDX-License-Identifier: MIT
 * Documents in Lua: JSON that stays in C.
 *
 * A document is a value: what each() and walk() give for an object or an array is a document of its own, which shares
 * memory with the whole until one of the two is changed. So is what each() and walk() read from: changes made meanwhile
 * do not disturb them. */
#include "lua_json.h"

#include <string.h>

#define DOCUMENT "grafana.document"
#define WALK "grafana.walk"
#define STEP_BYTES 8192 /* the collector is told of so much at once */

/* --- owning --- */

lgf_box *lgf_new_box(lua_State *L) {
  lgf_box *box = lua_newuserdatauv(L, sizeof *box, 0);
  *box = (lgf_box){0};
  luaL_getmetatable(L, DOCUMENT);
  lua_setmetatable(L, -2);
  return box;
}

void lgf_close_box(lgf_box *box) {
  gf_allocator alloc = gf_default_allocator();
  gf_doc *doc = box->doc;
  char *text = box->text;
  *box = (lgf_box){0};
  gf_doc_release(doc);
  alloc.resize(alloc.ctx, text, 0);
}

static lgf_box *open_box(lua_State *L, int index) {
  lgf_box *box = luaL_checkudata(L, index, DOCUMENT);
  if (!box->doc) {
    luaL_argerror(L, index, "closed document");
  }
  return box;
}

gf_doc *lgf_test_document(lua_State *L, int index) {
  lgf_box *box = luaL_testudata(L, index, DOCUMENT);
  if (box && !box->doc) {
    luaL_error(L, "closed document");
  }
  return box ? box->doc : NULL;
}

/* --- telling the collector --- */

/* What it was told last; one a Lua state, at the address of `account_key` in the registry. */
typedef struct account {
  const gf_store *last;
  size_t bytes; /* not told yet */
  size_t rest;  /* not to be told: the collector rests between two cycles, or documents were closed */
} account;
static const char account_key = 'a';

static account *get_account(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &account_key);
  account *a = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return a;
}

static bool collector_runs(lua_State *L) {
#if LUA_VERSION_NUM >= 502
  return lua_gc(L, LUA_GCISRUNNING, 0) != 0;
#else
  (void)L;
  return true;
#endif
}

/* How much may be allocated after a step that has ended a cycle before the next begins. Lua 5.4 sees to that itself; in
 * LuaJIT a step would begin a cycle at once, and many documents would make it collect all the time: it rests until as
 * much was allocated as Lua holds. */
static size_t rest_after(lua_State *L, bool ended) {
#if LUA_VERSION_NUM >= 502
  (void)L;
  (void)ended;
  return 0;
#else
  return ended ? (size_t)lua_gc(L, LUA_GCCOUNT, 0) * 1024 : 0;
#endif
}

/* Memory that Lua's collector does not see counts as if Lua had allocated it. A step of its own for every small document
 * would cost more than it brings. */
static void tell(lua_State *L, size_t bytes) {
  account *a = get_account(L);
  size_t kept_back = bytes < a->rest ? bytes : a->rest;
  a->rest -= kept_back;
  a->bytes += bytes - kept_back;
  if (a->bytes >= STEP_BYTES) {
    size_t kilobytes = a->bytes / 1024;
    a->bytes %= 1024;
    if (collector_runs(L)) {
      int ended = lua_gc(L, LUA_GCSTEP, kilobytes < 1u << 20 ? (int)kilobytes : 1 << 20);
      a->rest += rest_after(L, ended != 0);
    }
  }
}

/* Of documents that share a store (rows of one answer) only the first in a row counts. */
void lgf_tell_size(lua_State *L, lgf_box *box) {
  account *a = get_account(L);
  size_t bytes = gf_doc_bytes(box->doc), told = box->told;
  const gf_store *store = box->doc->store;
  bool shared = store->refs > 1 && store == a->last;
  a->last = store;
  box->told = bytes;
  if (bytes > told && !shared) {
    tell(L, bytes - told);
  }
}

lgf_box *lgf_push_view(lua_State *L, gf_doc *of, void *node) {
  lgf_box *box = lgf_new_box(L);
  box->doc = gf_doc_view(of, node);
  if (!box->doc) {
    luaL_error(L, "not enough memory");
  }
  return box;
}

/* A scalar as a Lua value, a container as a document. */
static void push_place(lua_State *L, gf_doc *of, void *node) {
  if (unsafe_yyjson_is_ctn(node)) {
    lgf_push_view(L, of, node);
  } else {
    lgf_push_value(L, (gf_value){of, node});
  }
}

/* --- paths --- */

/* The argument at `index` as a step; an index that is none (0, -1, 1.5) leads nowhere. */
static void to_step(lua_State *L, int index, gf_step *step) {
  int type = lua_type(L, index);
  *step = (gf_step){0};
  if (type == LUA_TSTRING) {
    step->key.p = lua_tolstring(L, index, &step->key.n);
  } else if (type == LUA_TNUMBER) {
    double i = lua_tonumber(L, index);
    step->is_index = true;
    step->index = i >= 1 && i < 0x1p53 && i == (double)(int64_t)i ? (size_t)i - 1 : SIZE_MAX;
  } else {
    luaL_argerror(L, index,
                  lua_pushfstring(L, "a key or an index expected, got %s", luaL_typename(L, index)));
  }
}

/* A path may be given as one table, as walk() gives it: its elements take its place. */
static void spread_path(lua_State *L, int first) {
  if (lua_gettop(L) != first || !lua_istable(L, first)) {
    return;
  }
  size_t n = lua_rawlen(L, first);
  luaL_argcheck(L, n <= GF_MAX_DEPTH, first, "the path is too long");
  luaL_checkstack(L, (int)n, "the path is too long");
  for (size_t i = 1; i <= n; i++) {
    lua_rawgeti(L, first, (int)i);
  }
  lua_remove(L, first);
}

/* The place in the document at 1 to which the arguments from `first` to `last` lead. Whatever allocates in Lua may run a
 * finalizer, and that may close or change the document: a place is good until then. */
static gf_value locate(lua_State *L, int first, int last) {
  gf_value v = gf_doc_root(open_box(L, 1)->doc);
  for (int i = first; i <= last; i++) {
    gf_step step;
    to_step(L, i, &step);
    v = gf_value_path(v, &step, 1);
  }
  return v;
}

static gf_value locate_all(lua_State *L, int first) {
  spread_path(L, first);
  return locate(L, first, lua_gettop(L));
}

/* The arguments from `first` on as a path, in memory that Lua frees. */
static gf_step *take_path(lua_State *L, int first, size_t *n) {
  spread_path(L, first);
  int top = lua_gettop(L);
  *n = top >= first ? (size_t)(top - first + 1) : 0;
  gf_step *path = lua_newuserdatauv(L, (*n + 1) * sizeof *path, 0);
  for (size_t i = 0; i < *n; i++) {
    to_step(L, first + (int)i, &path[i]);
  }
  return path;
}

/* --- reading --- */

/* Push a document for the place to which the arguments from 2 on lead, a closed one when there is none. */
static lgf_box *push_located(lua_State *L) {
  int last = lua_gettop(L);
  lgf_box *box = lgf_new_box(L);
  gf_value v = locate(L, 2, last);
  if (!gf_value_is_absent(v) && !(box->doc = gf_doc_view(v.doc, v.node))) {
    luaL_error(L, "not enough memory");
  }
  return box;
}

/* doc:get(path…) → a scalar, or a table; nil when it is absent. */
static int document_get(lua_State *L) {
  gf_value v = locate_all(L, 2);
  if (gf_value_is_absent(v)) {
    lua_pushnil(L);
  } else if (unsafe_yyjson_is_ctn(v.node) || unsafe_yyjson_is_raw(v.node)) {
    lgf_box *box = push_located(L);
    lgf_push_value(L, gf_doc_root(box->doc));
    lgf_close_box(box);
  } else {
    lgf_push_value(L, v);
  }
  return 1;
}

static int document_table(lua_State *L) {
  lua_settop(L, 1);
  return document_get(L);
}

/* doc:len(path…): elements or members; 0 where there can be none. */
static int document_len(lua_State *L) {
  lgf_push_integer(L, (int64_t)gf_value_len(locate_all(L, 2)));
  return 1;
}

/* #doc; Lua 5.4 gives the operand twice. */
static int document_length(lua_State *L) {
  lua_settop(L, 1);
  return document_len(L);
}

static const char *type_name(void *node) {
  switch (unsafe_yyjson_get_type(node)) {
  case YYJSON_TYPE_OBJ: return "object";
  case YYJSON_TYPE_ARR: return "array";
  case YYJSON_TYPE_STR: return "string";
  case YYJSON_TYPE_BOOL: return "boolean";
  case YYJSON_TYPE_NULL: return "null";
  default: return "number";
  }
}

static int document_type(lua_State *L) {
  gf_value v = locate_all(L, 2);
  if (gf_value_is_absent(v)) {
    return 0;
  }
  lua_pushstring(L, type_name(v.node));
  return 1;
}

static int document_text(lua_State *L) {
  open_box(L, 1);
  lgf_push_text(L, 1, lgf_write_options(L, 2));
  return 1;
}

/* doc:digest([{doubles}]) → the SHA-256 of its contents; with `doubles` numbers count as the doubles next to them. */
static int document_digest(lua_State *L) {
  static const char *const names[] = {"doubles", NULL};
  bool doubles = false, *const out[] = {&doubles};
  gf_allocator alloc = gf_default_allocator();
  char digest[65];
  open_box(L, 1);
  lgf_options(L, 2, names, out);
  gf_value root = gf_doc_root(open_box(L, 1)->doc);
  bool ok = doubles ? gf_value_digest_doubles(&alloc, root, digest) : gf_value_digest(&alloc, root, digest);
  if (!ok) {
    return luaL_error(L, "not enough memory");
  }
  lua_pushstring(L, digest);
  return 1;
}

static int push_equal(lua_State *L, gf_doc *a, gf_doc *b) {
  gf_allocator alloc = gf_default_allocator();
  int equal = gf_value_equal(&alloc, gf_doc_root(a), gf_doc_root(b));
  if (equal < 0) {
    return luaL_error(L, "not enough memory");
  }
  lua_pushboolean(L, equal);
  return 1;
}

/* doc:equal(other): `other` may be a document or anything that can be JSON. */
static int document_equal(lua_State *L) {
  luaL_checkany(L, 2);
  gf_doc *other = lgf_to_document(L, 2, "other", NULL);
  return push_equal(L, open_box(L, 1)->doc, other);
}

/* Lua calls this for a document and any other userdata or table. */
static int document_eq(lua_State *L) {
  gf_doc *a = lgf_test_document(L, 1), *b = lgf_test_document(L, 2);
  if (a && b) {
    return push_equal(L, a, b);
  }
  lua_pushboolean(L, 0);
  return 1;
}

/* How long the text was that it was parsed from; 0 when there was none. */
static size_t text_length(const gf_doc *doc) {
  const yyjson_doc *fixed = doc->store->fixed;
  return fixed && doc->store->text && doc->root == fixed->root ? fixed->dat_read : 0;
}

/* Push ", 12 keys" for an object; nothing is pushed for a scalar. */
static int push_size(lua_State *L, gf_value v) {
  size_t n = gf_value_len(v);
  if (!unsafe_yyjson_is_ctn(v.node)) {
    return 0;
  }
  lua_pushfstring(L, ", %d %s%s", (int)n, unsafe_yyjson_is_obj(v.node) ? "key" : "element",
                  n == 1 ? "" : "s");
  return 1;
}

/* grafana.document: object, 12 keys, 302 KB */
static int document_tostring(lua_State *L) {
  lgf_box *box = luaL_checkudata(L, 1, DOCUMENT);
  if (!box->doc) {
    lua_pushliteral(L, DOCUMENT " (closed)");
    return 1;
  }
  gf_value root = gf_doc_root(box->doc);
  size_t bytes = text_length(box->doc);
  const char *type = type_name(root.node);
  int parts = 2 + push_size(L, root);
  lua_pushfstring(L, bytes < 1024 ? "" : ", %d KB", (int)((bytes + 512) / 1024));
  lua_pushfstring(L, DOCUMENT ": %s", type);
  lua_insert(L, -parts);
  lua_concat(L, parts);
  return 1;
}

/* --- changing --- */

/* Put `value` at `path` in the document at `index`. */
static void set_at(lua_State *L, int index, gf_doc *value, const gf_step *path, size_t n) {
  lgf_box *box = open_box(L, index);
  gf_json_error error = {0};
  if (!gf_doc_set(box->doc, gf_doc_root(value), path, n, &error)) {
    lgf_raise(L, &error);
  }
  lgf_tell_size(L, box);
}

/* doc:set(value, path…) → doc. Objects that are missing on the way are made; an index may be one beyond the last. */
static int document_set(lua_State *L) {
  size_t n;
  open_box(L, 1);
  luaL_argcheck(L, !lua_isnoneornil(L, 2), 2, "nil is no value; grafana.null is one, and remove() removes");
  gf_step *path = take_path(L, 3, &n);
  for (size_t i = 0; i < n; i++) {
    luaL_argcheck(L, !path[i].is_index || path[i].index != SIZE_MAX, (int)i + 3, "an index counts from 1");
  }
  set_at(L, 1, lgf_to_document(L, 2, "value", NULL), path, n);
  lua_settop(L, 1);
  return 1;
}

/* doc:remove(path…) → whether there was something. */
static int document_remove(lua_State *L) {
  gf_json_error error = {0};
  size_t n;
  gf_step *path = take_path(L, 2, &n);
  lgf_box *box = open_box(L, 1);
  int removed = gf_doc_remove(box->doc, path, n, &error);
  if (removed < 0) {
    return lgf_raise(L, &error);
  }
  lgf_tell_size(L, box);
  lua_pushboolean(L, removed);
  return 1;
}

static int document_copy(lua_State *L) {
  lua_settop(L, 1);
  push_located(L);
  return 1;
}

static int document_collect(lua_State *L) {
  lgf_close_box(luaL_checkudata(L, 1, DOCUMENT));
  return 0;
}

/* What a document holds that is closed needs no collecting. LuaJIT, which frees nothing before the end of a cycle, is not
 * told: what else waits for that would wait too long. */
static void give_back(lua_State *L, const lgf_box *box) {
#if LUA_VERSION_NUM >= 502
  bool frees = box->doc && box->doc->refs == 1 && box->doc->store->refs == 1;
  if (frees) get_account(L)->rest += box->told;
#else
  (void)L;
  (void)box;
#endif
}

static int document_close(lua_State *L) {
  lgf_box *box = luaL_checkudata(L, 1, DOCUMENT);
  give_back(L, box);
  lgf_close_box(box);
  return 0;
}

/* --- walks: what each() and walk() step through --- */

typedef struct level {
  gf_iter it;
  void *key;    /* of the current member; NULL in an array */
  size_t index; /* of the current element, from 0 */
} level;

typedef struct walk {
  gf_doc *doc; /* what is walked: a view of its own */
  level *levels;
  size_t n, room;
  void *at; /* the value that was given last */
} walk;

/* Push a walk of the place in the document at 1 to which the arguments from 2 to `last` lead. */
static void begin_walk(lua_State *L, int last) {
  walk *w = lua_newuserdatauv(L, sizeof *w, 0);
  *w = (walk){0};
  luaL_getmetatable(L, WALK);
  lua_setmetatable(L, -2);
  gf_value v = locate(L, 2, last);
  if (!gf_value_is_absent(v) && !(w->doc = gf_doc_view(v.doc, v.node))) {
    luaL_error(L, "not enough memory");
  }
}

static int walk_close(lua_State *L) {
  gf_allocator alloc = gf_default_allocator();
  walk *w = luaL_checkudata(L, 1, WALK), had = *w;
  *w = (walk){0};
  gf_doc_release(had.doc);
  alloc.resize(alloc.ctx, had.levels, 0);
  return 0;
}

/* Go one level down, into `node`. */
static void descend(lua_State *L, walk *w, void *node) {
  if (w->n == w->room) {
    gf_allocator alloc = gf_default_allocator();
    size_t room = w->room ? w->room * 2 : 1;
    level *levels = alloc.resize(alloc.ctx, w->levels, room * sizeof *levels);
    if (!levels) {
      luaL_error(L, "not enough memory");
    }
    w->levels = levels;
    w->room = room;
  }
  w->levels[w->n++] = (level){.it = gf_iterate((gf_value){w->doc, node}), .index = SIZE_MAX};
}

/* The next value of the deepest level; false at its end. */
static bool advance(walk *w) {
  level *l = &w->levels[w->n - 1];
  l->index++;
  return gf_iter_next(&l->it, &l->key, &w->at);
}

static void push_step(lua_State *L, const level *l) {
  if (l->it.object) {
    lua_pushlstring(L, unsafe_yyjson_get_str(l->key), unsafe_yyjson_get_len(l->key));
  } else {
    lgf_push_integer(L, (int64_t)l->index + 1);
  }
}

/* --- each --- */

static int each_next(lua_State *L) {
  walk *w = luaL_checkudata(L, 1, WALK);
  if (w->n == 0 && w->doc && !w->at) {
    descend(L, w, w->doc->root); /* a scalar has nothing below it */
  }
  if (w->n == 0 || !advance(w)) {
    return 0;
  }
  push_step(L, &w->levels[0]);
  push_place(L, w->doc, w->at);
  return 2;
}

/* for key or index, value in doc:each(path…): objects and arrays come as documents. The fourth value closes in 5.4. */
static int document_each(lua_State *L) {
  spread_path(L, 2);
  int last = lua_gettop(L);
  lua_pushcfunction(L, each_next);
  begin_walk(L, last);
  lua_pushnil(L);
  lua_pushvalue(L, -2);
  return 4;
}

/* --- walk --- */

/* A walk is driven from Lua, so that the function it calls may yield. */
static const char walk_source[] = "local start, step = ...\n"
                                  "return function(doc, visit)\n"
                                  "  local walk = start(doc, visit)\n"
                                  "  local path, value = step(walk, doc)\n"
                                  "  while path do\n"
                                  "    path, value = step(walk, doc, visit(path, value))\n"
                                  "  end\n"
                                  "  return doc\n"
                                  "end\n";

static int walk_start(lua_State *L) {
  open_box(L, 1);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  begin_walk(L, 1);
  return 1;
}

/* Put the value at 3 in the place of the document at 2 where the walk is. */
static void replace_current(lua_State *L, const walk *w) {
  gf_step *path = lua_newuserdatauv(L, (w->n + 1) * sizeof *path, 0);
  for (size_t i = 0; i < w->n; i++) {
    const level *l = &w->levels[i];
    path[i] = (gf_step){.is_index = !l->it.object, .index = l->index};
    if (l->it.object) {
      path[i].key = (gf_str){unsafe_yyjson_get_str(l->key), unsafe_yyjson_get_len(l->key)};
    }
  }
  set_at(L, 2, lgf_to_document(L, 3, "value", NULL), path, w->n);
}

/* The next value in order: first what is below the last one, unless that was replaced. */
static bool step_on(lua_State *L, walk *w, bool replaced) {
  if (!w->at) {
    w->at = w->doc->root;
    return true;
  }
  if (!replaced && unsafe_yyjson_is_ctn(w->at)) {
    descend(L, w, w->at);
  }
  while (w->n > 0 && !advance(w)) {
    w->n--;
  }
  return w->n > 0;
}

static int walk_step(lua_State *L) {
  walk *w = luaL_checkudata(L, 1, WALK);
  bool replaced = !lua_isnoneornil(L, 3);
  if (replaced) {
    replace_current(L, w);
  }
  if (!w->doc || !step_on(L, w, replaced)) {
    return 0;
  }
  lua_createtable(L, (int)w->n, 0);
  for (size_t i = 0; i < w->n; i++) {
    push_step(L, &w->levels[i]);
    lua_rawseti(L, -2, (int)i + 1);
  }
  push_place(L, w->doc, w->at);
  return 2;
}

/* Push doc:walk(function(path, value) … end) → doc: every value, the whole first, a container before what it holds. What
 * the function returns, unless it is nil, takes the value's place and is not walked. */
static void push_walk(lua_State *L) {
  if (luaL_loadbuffer(L, walk_source, sizeof walk_source - 1, "=grafana.document") != 0) {
    lua_error(L);
  }
  lua_pushcfunction(L, walk_start);
  lua_pushcfunction(L, walk_step);
  lua_call(L, 2, 1);
}

/* --- the type --- */

static const luaL_Reg document_methods[] = {{"get", document_get},
                                            {"each", document_each},
                                            {"len", document_len},
                                            {"type", document_type},
                                            {"set", document_set},
                                            {"remove", document_remove},
                                            {"copy", document_copy},
                                            {"table", document_table},
                                            {"text", document_text},
                                            {"digest", document_digest},
                                            {"equal", document_equal},
                                            {"close", document_close},
                                            {NULL, NULL}};
static const luaL_Reg document_metamethods[] = {
    {"__gc", document_collect}, {"__close", document_close}, {"__tostring", document_tostring},
    {"__eq", document_eq},      {"__len", document_length},  {NULL, NULL}};
static const luaL_Reg walk_metamethods[] = {{"__gc", walk_close}, {"__close", walk_close}, {NULL, NULL}};

static void new_metatable(lua_State *L, const char *name, const luaL_Reg *metamethods) {
  luaL_newmetatable(L, name);
  luaL_setfuncs(L, metamethods, 0);
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
}

static void open_account(lua_State *L) {
  if (!get_account(L)) {
    account *a = lua_newuserdatauv(L, sizeof *a, 0);
    *a = (account){0};
    lua_rawsetp(L, LUA_REGISTRYINDEX, &account_key);
  }
}

/* May run again after it failed half-way for lack of memory. */
void lgf_document_open(lua_State *L) {
  open_account(L);
  new_metatable(L, WALK, walk_metamethods);
  new_metatable(L, DOCUMENT, document_metamethods);
  luaL_newlib(L, document_methods);
  push_walk(L);
  lua_setfield(L, -2, "walk");
  lua_setfield(L, -2, "__index");
  lua_pop(L, 2);
}
