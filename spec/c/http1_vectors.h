/* SPDX-License-Identifier: MIT
 *
 * http1_vectors.h: reads spec/http1/, the documents that say what the HTTP/1.1 reader makes of which bytes (README.md there
 * tells how they are written), and has the reader read them.
 */
#ifndef HTTP1_VECTORS_H
#define HTTP1_VECTORS_H

#include "http1.h"
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------ growing text -- */

typedef struct vector_text {
  char *p; /* zero-terminated once something was added */
  size_t n, room;
} vector_text;

static inline void vector_add(vector_text *text, const char *p, size_t n) {
  if (text->n + n >= text->room) {
    text->room = 2 * (text->n + n) + 16;
    text->p = realloc(text->p, text->room);
  }
  if (!text->p) abort();
  if (n > 0) memcpy(text->p + text->n, p, n);
  text->n += n;
  text->p[text->n] = '\0';
}

/* As the documents write them: one line, with no blank at its end. */
static inline void vector_add_escaped(vector_text *text, const char *p, size_t n) {
  char escaped[8];
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)p[i];
    if (c == '\r' || c == '\n' || c == '\t')
      snprintf(escaped, sizeof escaped, "\\%c", c == '\r' ? 'r' : c == '\n' ? 'n' : 't');
    else if (c == '\\')
      snprintf(escaped, sizeof escaped, "\\\\");
    else if (c < ' ' || c > 126 || (c == ' ' && i + 1 == n))
      snprintf(escaped, sizeof escaped, "\\x%02x", (unsigned)c);
    else
      snprintf(escaped, sizeof escaped, "%c", c);
    vector_add(text, escaped, strlen(escaped));
  }
}

/* --------------------------------------------------------------------------------------------- documents -- */

/* One vector. Without bytes: not begun. */
typedef struct vector {
  char name[200];
  char method[16];
  vector_text bytes; /* what the server sends */
  vector_text read;  /* what the reader makes of them, as vector_show has it */
  bool is_stricter;  /* libcurl takes it */
  bool is_closer;    /* libcurl keeps the connection */
} vector;

typedef struct vector_list {
  vector *of;
  size_t n;
} vector_list;

static inline char vector_escape(const char **at) {
  char c = *(*at)++;
  if (c == 'x') {
    char digits[3] = {(*at)[0], (*at)[0] ? (*at)[1] : '\0', '\0'};
    *at += strlen(digits);
    return (char)strtol(digits, NULL, 16);
  }
  return c == 'r' ? '\r' : c == 'n' ? '\n' : c == 't' ? '\t' : c;
}

/* A line of an answer; false when nothing is sent for its end. */
static inline bool vector_add_line(vector_text *text, const char *line) {
  while (*line) {
    char c = *line++;
    if (c == '\\' && !*line) return false;
    if (c == '\\') c = vector_escape(&line);
    vector_add(text, &c, 1);
  }
  return true;
}

typedef enum vector_part { VECTOR_PROSE, VECTOR_ANSWER, VECTOR_READ } vector_part;

static inline bool vector_begins(const char *line, const char *word) {
  return strncmp(line, word, strlen(word)) == 0;
}

static inline vector *vector_new(vector_list *list, const char *file, const char *name) {
  list->of = realloc(list->of, (list->n + 1) * sizeof *list->of);
  if (!list->of) abort();
  vector *v = &list->of[list->n++];
  *v = (vector){.method = "GET"};
  snprintf(v->name, sizeof v->name, "%.60s: %.100s", file, name);
  return v;
}

static inline vector_part vector_prose(vector_list *list, const char *file, const char *line) {
  vector *v = list->n ? &list->of[list->n - 1] : NULL;
  if (vector_begins(line, "## ")) vector_new(list, file, line + 3);
  if (!v) return VECTOR_PROSE;
  if (vector_begins(line, "Stricter than libcurl: ")) v->is_stricter = true;
  if (vector_begins(line, "Closes where libcurl keeps: ")) v->is_closer = true;
  if (vector_begins(line, "```answer ")) snprintf(v->method, sizeof v->method, "%.15s", line + 10);
  if (vector_begins(line, "```answer")) return VECTOR_ANSWER;
  return vector_begins(line, "```read") ? VECTOR_READ : VECTOR_PROSE;
}

/* Lines of a block are joined by their ends: CRLF in an answer. */
static inline void vector_block(vector *v, vector_part part, const char *line, bool *joined) {
  vector_text *text = part == VECTOR_ANSWER ? &v->bytes : &v->read;
  if (*joined) vector_add(text, part == VECTOR_ANSWER ? "\r\n" : "\n", part == VECTOR_ANSWER ? 2 : 1);
  *joined = true;
  if (part == VECTOR_ANSWER)
    *joined = vector_add_line(text, line);
  else
    vector_add(text, line, strlen(line));
}

static inline void vector_load_file(vector_list *list, const char *folder, const char *file) {
  char path[300], line[8192];
  vector_part part = VECTOR_PROSE;
  bool joined = false;
  snprintf(path, sizeof path, "%s/%s", folder, file);
  FILE *in = fopen(path, "r");
  if (!in) abort();
  while (fgets(line, sizeof line, in)) {
    line[strcspn(line, "\n")] = '\0';
    if (part == VECTOR_PROSE)
      part = vector_prose(list, file, line), joined = false;
    else if (strcmp(line, "```") == 0)
      part = VECTOR_PROSE;
    else
      vector_block(&list->of[list->n - 1], part, line, &joined);
  }
  fclose(in);
}

static inline int vector_compare(const void *a, const void *b) {
  return strcmp(((const vector *)a)->name, ((const vector *)b)->name);
}

/* Those about gzip say what is read where zlib is there. */
static inline bool vector_is_file(const char *name) {
  const char *end = strrchr(name, '.');
  if (!end || strcmp(end, ".md") != 0 || strcmp(name, "README.md") == 0) return false;
  return gfh_encodings() || strcmp(name, "gzip.md") != 0;
}

/* All vectors of `folder`, in order of their names; vectors_free gives them back. */
static inline vector_list vectors_load(const char *folder) {
  vector_list list = {NULL, 0};
  struct dirent *entry;
  DIR *dir = opendir(folder);
  while (dir && (entry = readdir(dir)))
    if (vector_is_file(entry->d_name)) vector_load_file(&list, folder, entry->d_name);
  if (dir) closedir(dir);
  if (list.n) qsort(list.of, list.n, sizeof *list.of, vector_compare);
  return list;
}

static inline void vectors_free(vector_list *list) {
  for (size_t i = 0; i < list->n; i++) {
    free(list->of[i].bytes.p);
    free(list->of[i].read.p);
  }
  free(list->of);
}

/* ------------------------------------------------------------------------------------------- what is read -- */

/* What the reader has handed on. */
typedef struct vector_result {
  int heads, code;
  vector_text headers; /* "Name: value\n" each */
  vector_text body;
  size_t drop_after; /* functions of the sink that take what they get; 0: all */
} vector_result;

static inline int vector_taken(vector_result *r) {
  return r->drop_after > 0 && --r->drop_after == 0 ? -1 : 0;
}

static inline int vector_on_head(void *ctx, int code) {
  vector_result *r = ctx;
  r->heads++;
  r->code = code;
  return vector_taken(r);
}

static inline int vector_on_header(void *ctx, gfh_str name, gfh_str value) {
  vector_result *r = ctx;
  vector_add_escaped(&r->headers, name.p, name.n);
  vector_add(&r->headers, ": ", value.n > 0 ? 2 : 1);
  vector_add_escaped(&r->headers, value.p, value.n);
  vector_add(&r->headers, "\n", 1);
  return vector_taken(r);
}

static inline int vector_on_body(void *ctx, gfh_str bytes) {
  vector_result *r = ctx;
  vector_add(&r->body, bytes.p, bytes.n);
  return vector_taken(r);
}

static inline gfh_sink vector_sink(vector_result *r) {
  return (gfh_sink){vector_on_head, vector_on_header, vector_on_body, r};
}

static inline void vector_result_free(vector_result *r) {
  free(r->headers.p);
  free(r->body.p);
  *r = (vector_result){.heads = 0};
}

/* The result as the documents have it: the code, headers, an empty line and the body if there is any, the outcome. */
static inline vector_text vector_show(const vector_result *r, const gfh_reader *reader, gfh_state state) {
  static const char *const names[] = {"more", "done, ", "dropped", "cut: ", "bad: "};
  vector_text text = {NULL, 0, 0};
  char code[16];
  if (r->heads > 0) vector_add(&text, code, (size_t)snprintf(code, sizeof code, "%d\n", r->code));
  if (r->headers.n) vector_add(&text, r->headers.p, r->headers.n);
  if (r->body.n) {
    vector_add(&text, "\n", 1);
    vector_add_escaped(&text, r->body.p, r->body.n);
    vector_add(&text, "\n", 1);
  }
  const char *more = state == GFH_DONE ? (gfh_keep(reader) ? "kept" : "closed") : gfh_problem(reader);
  vector_add(&text, names[state], strlen(names[state]));
  vector_add(&text, more, strlen(more));
  return text;
}

#endif
