/* SPDX-License-Identifier: MIT
 *
 * lua_json.h: JSON values between Lua and the core. Every function here may raise a Lua error; none leaks memory of the
 * core when it does, because a userdata owns each document before it is filled. Documents made here use
 * gf_default_allocator().
 */
#ifndef LUA_JSON_H
#define LUA_JSON_H

#include "gf_json.h"
#include "lua_compat.h"

/* --- from JSON to Lua (lua_decode.c) --- */

/* Push `v` as Lua values: objects and arrays become tables of exact sizes, every array (and every empty object) marked
 * as such, null = lightuserdata(NULL); an absent value pushes nil. The caller keeps the document alive (its owner is a
 * userdata on the stack). */
void lgf_push_value(lua_State *L, gf_value v);
/* Push an array of `n` values, which may live in several documents. `read` (or NULL) is told with `ctx` how many need not be
 * there any longer. */
void lgf_push_values(lua_State *L, const gf_value *values, size_t n, void (*read)(void *ctx, size_t n),
                     void *ctx);

/* --- from Lua to JSON (lua_encode.c) --- */

/* The value at `index` as a document: of a document, a copy that shares its memory, so that nothing that Lua runs in the
 * meantime can close or change it; a table, or a scalar, is encoded. Pushes the userdata that owns the document and
 * returns it borrowed. `what` names the argument for errors ("dashboard"); raises
 * e.g. "dashboard.panels[3].targets: a function cannot be JSON". `lists`: NULL or space-separated ends of key paths at
 * which an unmarked empty table is a list ("tags panels list.options": compared with the tail of the path of keys, array
 * indices on the way left out, `what` being the first of them: "items" makes an empty argument `items` itself a list). */
gf_doc *lgf_to_document(lua_State *L, int index, const char *what, const char *lists);

/* --- documents (lua_document.c) --- */

/* The document at `index`, borrowed; NULL when it is none; raises "closed document" when it was closed. */
gf_doc *lgf_test_document(lua_State *L, int index);

/* --- numbers (lua_number.c) --- */

/* Whether the value at `index` is a grafana.number; its digits live as long as it does. `digits` may be NULL. */
bool lgf_test_number(lua_State *L, int index, gf_str *digits);
/* Push `i` exactly: an integer in Lua 5.4; in LuaJIT a number up to 2^53, else a grafana.number. */
void lgf_push_integer(lua_State *L, int64_t i);
/* Push a JSON number's text as the exact Lua value: integer, float, or grafana.number. */
void lgf_push_digits(lua_State *L, gf_str text);

/* --- null, and the module's functions (lua_json.c) --- */

bool lgf_is_null(lua_State *L, int index);
void lgf_push_array_mt(
    lua_State *L); /* the mark of arrays: OpenResty's cjson's when that is loaded, else ours */
/* Add to the table on top: null, array, object, number, get, decode, encode, array_mt, object_mt, … */
void lgf_json_open(lua_State *L);

/* ------------------------------------------------------------------------- between the files of this layer only -- */

/* How a table is marked by its metatable. */
typedef enum lgf_mark { LGF_UNMARKED, LGF_ARRAY, LGF_OBJECT, LGF_EMPTY_ARRAY } lgf_mark;

/* The metatables that are marks, looked up once for many tables: ours, and those of OpenResty's cjson if it is loaded. */
typedef struct lgf_marks {
  const void *array, *object;            /* ours */
  const void *cjson_array, *cjson_empty; /* OpenResty's, else NULL */
} lgf_marks;
void lgf_find_marks(lua_State *L, lgf_marks *marks);
lgf_mark lgf_mark_of(lua_State *L, int index, const lgf_marks *marks);
void lgf_push_object_mt(lua_State *L);
bool lgf_is_cjson_empty_array(lua_State *L, int index); /* OpenResty's cjson.empty_array */

/* A number node (also of yyjson's raw type) as the exact Lua value. */
void lgf_push_number_node(lua_State *L, void *node);
/* Whether `d` can be written as an integer: whole, within int64, and not -0. */
bool lgf_is_integral(double d, int64_t *i);
/* The shortest text that reads back as the finite `d`, never with ".0" unless d is -0 or small; its length, or 0. */
#define LGF_REAL_SIZE 48
size_t lgf_format_real(double d, char out[LGF_REAL_SIZE]);

/* What a document userdata holds. A closed one holds nothing; it owns what a function needs while Lua may raise. */
typedef struct lgf_box {
  gf_doc *doc;
  size_t told; /* bytes of the document that Lua's collector was told of */
  char *text;  /* a text on its way to Lua, from gf_default_allocator() */
} lgf_box;
lgf_box *lgf_new_box(lua_State *L);                           /* pushes a closed document */
lgf_box *lgf_push_view(lua_State *L, gf_doc *of, void *node); /* pushes a document for a place in `of` */
void lgf_close_box(lgf_box *box);
/* Tell the collector how large the document in `box` is, if it was not told yet. Raises when there is no document. */
void lgf_tell_size(lua_State *L, lgf_box *box);
/* Write the value at `index` into box->text, without a final zero; the length. */
size_t lgf_encode(lua_State *L, lgf_box *box, int index, const char *what, const char *lists);
/* Fill `box` with a document of the value at `index`. */
void lgf_encode_document(lua_State *L, lgf_box *box, int index, const char *what, const char *lists);
/* Push the text of the document at `index`. */
void lgf_push_text(lua_State *L, int index, gf_write how);
gf_write lgf_write_options(lua_State *L, int index); /* of the table at `index`, or none: {pretty, sorted} */
/* Read the booleans named in `names` (NULL at the end) from the options table at `index` (may be none or nil) into
 * `out`; raises for other keys. */
void lgf_options(lua_State *L, int index, const char *const *names, bool *const *out);
/* Raise for a failure of the core: `error`'s message, or "not enough memory". */
int lgf_raise(lua_State *L, const gf_json_error *error);

void lgf_number_open(lua_State *L); /* each adds its functions to the table on top */
void lgf_document_open(lua_State *L);

#endif
