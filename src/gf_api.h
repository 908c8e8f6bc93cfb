/* SPDX-License-Identifier: MIT
 *
 * gf_api.h: the table of Grafana's documented operations, and what names a wrong word may have meant. Internal to the core.
 *
 * The parameters of a row are words with a space between: a mark for where it goes ("/" path, "?" query, "=" body), the
 * name, and, where it is told, ":" and the type:
 *
 *     s string   i integer   b boolean   am list, repeated   ac list, joined by commas   r route: its slashes stay
 *
 * "!" follows when it must be given, "@" and a number when fewer descriptions have it than have the operation: bit i
 * stands for gf_api_versions[i]. A path parameter that need not be given leaves ":name" in the path.
 */
#ifndef GF_API_H
#define GF_API_H

#include "gf_alloc.h"

/* In gf_api_table.c, which scripts/make-api-table.lua writes. */
extern const gf_api_op gf_api_table[]; /* sorted by name */
extern const size_t gf_api_table_size;
extern const char *const gf_api_versions[]; /* the newest first, NULL at the end */

/* The operation of this name; NULL when there is none. */
const gf_api_op *gf_api_named(gf_str name);

/* --- gf_nearest.c: the right words that a wrong one may have meant --- */

typedef struct gf_nearest {
  gf_str word;
  gf_str found[3]; /* the nearest first */
  size_t distance[3];
  size_t n;
} gf_nearest;

/* `right` is one of the right words, which live as long as `nearest`. It counts when no more than a third of its letters
 * differ, or when it contains the word. */
void gf_nearest_try(gf_nearest *nearest, gf_str right);
/* " (did you mean 'a', 'b' or 'c'?)", or nothing; zero-terminated within `size`. */
void gf_nearest_hint(const gf_nearest *nearest, char *out, size_t size);

#endif
