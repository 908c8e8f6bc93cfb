/* SPDX-License-Identifier: MIT
 *
 * Which of the right words a wrong one may have meant. */
#include "gf_api.h"

#include <stdio.h>

enum { MAX_WORD = 63, MAX_SHOWN = 60 };

static unsigned char lower(char c) { return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c); }

static size_t least(size_t a, size_t b, size_t c) {
  size_t of_two = a < b ? a : b;
  return of_two < c ? of_two : c;
}

/* Levenshtein's distance, a row at a time. */
size_t gf_distance(gf_str a, gf_str b) {
  size_t row[MAX_WORD + 1], m = a.n < MAX_WORD ? a.n : MAX_WORD, n = b.n < MAX_WORD ? b.n : MAX_WORD;
  for (size_t j = 0; j <= n; j++)
    row[j] = j;
  for (size_t i = 1; i <= m; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= n; j++) {
      size_t above = row[j];
      row[j] = least(above + 1, row[j - 1] + 1, diagonal + (lower(a.p[i - 1]) != lower(b.p[j - 1])));
      diagonal = above;
    }
  }
  return row[n];
}

static bool begins_ci(const char *p, gf_str word) {
  for (size_t i = 0; i < word.n; i++)
    if (lower(p[i]) != lower(word.p[i])) return false;
  return true;
}

static bool contains_ci(gf_str hay, gf_str word) {
  for (size_t i = 0; i + word.n <= hay.n; i++)
    if (begins_ci(hay.p + i, word)) return true;
  return false;
}

/* After all that is as near, so that the order of trying decides between them. */
static void insert(gf_nearest *nearest, gf_str right, size_t distance) {
  enum { MOST = sizeof nearest->found / sizeof *nearest->found };
  size_t at = nearest->n;
  while (at > 0 && nearest->distance[at - 1] > distance)
    at--;
  if (at == MOST) return;
  if (nearest->n < MOST) nearest->n++;
  for (size_t i = nearest->n - 1; i > at; i--) {
    nearest->found[i] = nearest->found[i - 1];
    nearest->distance[i] = nearest->distance[i - 1];
  }
  nearest->found[at] = right;
  nearest->distance[at] = distance;
}

void gf_nearest_try(gf_nearest *nearest, gf_str right) {
  gf_str word = nearest->word;
  if (word.n == 0 || word.n > MAX_WORD) return;
  size_t distance = gf_distance(word, right);
  if (3 * distance <= word.n + 2 || (word.n > 2 && contains_ci(right, word)))
    insert(nearest, right, distance);
}

void gf_nearest_hint(const gf_nearest *nearest, char *out, size_t size) {
  size_t at = 0;
  out[0] = 0;
  for (size_t i = 0; i < nearest->n && at < size; i++) {
    const char *before = i == 0 ? " (did you mean '" : i + 1 < nearest->n ? "', '" : "' or '";
    int n = nearest->found[i].n > MAX_SHOWN ? MAX_SHOWN : (int)nearest->found[i].n;
    at += (size_t)snprintf(out + at, size - at, "%s%.*s", before, n, nearest->found[i].p);
  }
  if (nearest->n && at < size) snprintf(out + at, size - at, "'?)");
}
