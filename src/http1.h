/* SPDX-License-Identifier: MIT
 *
 * http1.h: reads HTTP/1.1 answers from bytes as they come, in pieces of any size. No I/O, no Lua, nothing of the core:
 * the bytes are given, and what they say is handed to three functions.
 *
 *     gfh_reader *reader = gfh_new(&alloc);
 *     gfh_begin(reader, "GET", &sink);                 // once for each answer
 *     do state = gfh_feed(reader, bytes, n);           // or gfh_eof, when the peer has closed
 *     while (state == GFH_MORE);
 *     if (state == GFH_DONE && gfh_keep(reader)) …     // the connection may carry another request
 *     gfh_free(reader);
 *
 * llhttp parses. Around it stand the caps of http1_limits.h, and what is stricter here than there: an answer whose end two
 * readers could see in different places is refused, and with it the connection. Refused are
 *
 *   - two Content-Lengths, equal or not; Content-Length and Transfer-Encoding together; a Transfer-Encoding that is not
 *     exactly `chunked`, that comes twice, or in HTTP/1.0;
 *   - a header continued on the next line, without a name, with a space before the colon; a line that ends in LF alone,
 *     in the head, in the lines of chunks and in trailers; control characters in lines, a tab in a header's value excepted;
 *   - Content-Length and Transfer-Encoding among trailers;
 *   - 101, and more interim answers than the cap; other interim answers are skipped;
 *   - a Content-Encoding other than one gzip; a gzip body that ends early, or goes on after its end.
 *
 * After a whole answer the connection is not to be used again when bytes have come that belong to no answer, when either
 * side said so, when the answer ends with the connection, or when an answer that has no body announced one.
 */
#ifndef GFH_HTTP1_H
#define GFH_HTTP1_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes with their length, not zero-terminated. */
typedef struct gfh_str {
  const char *p;
  size_t n;
} gfh_str;

/* `resize(ctx, NULL, n)` allocates, `resize(ctx, p, 0)` frees; NULL without memory. Blocks are never moved. */
typedef struct gfh_allocator {
  void *(*resize)(void *ctx, void *p, size_t size);
  void *ctx;
} gfh_allocator;

/* Who gets the answer: its code, then its headers in their order, then its body, decoded, in pieces of any size. A negative
 * return says that no more is wanted. Interim answers and trailers are not handed on. What is given is valid during the
 * call only. No function may use the reader. */
typedef struct gfh_sink {
  int (*head)(void *ctx, int code);
  int (*header)(void *ctx, gfh_str name, gfh_str value);
  int (*body)(void *ctx, gfh_str bytes);
  void *ctx;
} gfh_sink;

/* All but GFH_MORE are final: nothing changes them before the next gfh_begin. */
typedef enum gfh_state {
  GFH_MORE,    /* the answer is not whole yet */
  GFH_DONE,    /* it is */
  GFH_DROPPED, /* a function of the sink said that no more is wanted */
  GFH_CUT,     /* the peer has closed too early; only from gfh_eof */
  GFH_BAD      /* this is no answer, or not one to be trusted, or memory is lacking */
} gfh_state;

typedef struct gfh_reader gfh_reader;

/* A reader without an answer to read. NULL without memory. What it allocates later is bounded by GFH_MAX_MEMORY. */
gfh_reader *gfh_new(const gfh_allocator *alloc);
void gfh_free(gfh_reader *reader); /* NULL is fine */

/* What comes next is the answer to a request with `method`; `sink` is copied. An answer under way is forgotten. A 2xx to
 * CONNECT is whole with its head; so is any other answer to it, after which the connection is not to be used. */
void gfh_begin(gfh_reader *reader, const char *method, const gfh_sink *sink);

/* Take `n` bytes in. Before the first gfh_begin: GFH_BAD. */
gfh_state gfh_feed(gfh_reader *reader, const char *bytes, size_t n);
/* The peer has closed its side. */
gfh_state gfh_eof(gfh_reader *reader);

bool gfh_started(const gfh_reader *reader); /* a byte has come since gfh_begin */
int gfh_code(
    const gfh_reader *reader); /* of the answer, 0 as long as it is not known; never an interim one */
/* GFH_DONE: whether the connection may carry the next request, or for CONNECT the tunnel. Ask when all bytes that have
 * come are fed. Else false. */
bool gfh_keep(const gfh_reader *reader);
/* GFH_CUT and GFH_BAD: why, for people. Fixed texts: no byte of the answer is in them. Else "". */
const char *gfh_problem(const gfh_reader *reader);

/* The encodings of bodies that it undoes, as Accept-Encoding has them; NULL when there is none in this build. */
const char *gfh_encodings(void);

#endif
