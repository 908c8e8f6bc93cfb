/* SPDX-License-Identifier: MIT
 *
 * gf_skim.h: reads JSON text without building anything, for answers of which little is wanted. Internal
 * to the core.
 *
 * The caller walks the objects and arrays that it looks at; every value in them is read by
 * gf_skim_value, which steps over containers in blocks of 64 bytes. What is walked is checked as strictly
 * as a parser would: commas, colons, literals, numbers, control characters, UTF-8, escapes. A container
 * that is stepped over is checked for this only: its strings end, backslashes are in strings only, and its
 * brackets balance, the last being of the first's kind. Not checked inside: the kinds of inner brackets,
 * commas, colons, literals, numbers, what strings hold, depth.
 *
 * A text that ends early is never accepted, since its outermost bracket stays open. What is valid but
 * rare (keys with escapes, surrogates as escapes) fails too: the caller then parses the text in the
 * ordinary way. No byte beyond the end is read, and nothing is written. */
#ifndef GF_SKIM_H
#define GF_SKIM_H

#include "gf_alloc.h"

#include <yyjson.h>

typedef struct gf_skim {
  const char *p, *end;
  bool failed; /* sticky; the walk is over */
} gf_skim;

/* A scalar as yyjson shows it; of type none where there is none (or none to show: a container). */
typedef struct gf_scalar {
  yyjson_val value; /* its string, if it is one, lies in the text and is not zero-terminated */
  bool escaped;     /* the string is to be read with gf_skim_unescape */
} gf_scalar;

typedef struct gf_skimmed {
  gf_scalar scalar;
  const char *container; /* its opening bracket, NULL for a scalar */
  bool odd;              /* a valid number that `scalar` does not show: not an integer of up to 18 digits */
} gf_skimmed;

/* Step to the first value of the text. */
void gf_skim_begin(gf_skim *s, gf_str text);
/* Nothing has failed and nothing but white space is left. */
bool gf_skim_is_over(gf_skim *s);
/* Is the next value such a container ('{', '[')? Then step into it. */
bool gf_skim_enter(gf_skim *s, char bracket);
/* The next member of an object (its key, with the walk at its value) or element of an array, false behind
 * the last and when the walk failed. `*begun` is false at first. Before the next one the value has to be
 * read or walked. */
bool gf_skim_member(gf_skim *s, bool *begun, gf_str *key);
bool gf_skim_element(gf_skim *s, bool *begun);
/* Read any value, stepping over containers. */
bool gf_skim_value(gf_skim *s, gf_skimmed *v);
/* Write the characters of an escaped string that has been read; returns how many bytes, at most raw.n. */
size_t gf_skim_unescape(char *to, gf_str raw);

#endif
