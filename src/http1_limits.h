/* SPDX-License-Identifier: MIT
 *
 * Every cap of the HTTP/1.1 reader, together. The body's cap is its receiver's matter. */
#ifndef GFH_HTTP1_LIMITS_H
#define GFH_HTTP1_LIMITS_H

enum {
  GFH_MAX_LINE = 100 << 10, /* bytes of a line of a head, as in libcurl */
  GFH_MAX_HEADERS = 2000,   /* of an answer, its interim ones included; twice the core's cap, which decides */
  GFH_MAX_HEADERS_BYTES = 1 << 19,  /* of their lines together; twice the core's, too */
  GFH_MAX_INTERIM = 16,             /* answers before the answer */
  GFH_MAX_CHUNK_LINE = 4096,        /* bytes of a line with a chunk's size */
  GFH_MAX_EXTENSIONS = 1 << 14,     /* bytes of all chunks' extensions together, as in Node.js */
  GFH_MAX_TRAILERS = 100,           /* lines of trailers */
  GFH_MAX_TRAILERS_BYTES = 1 << 14, /* of them together */
  GFH_FIRST_ROOM = 512,             /* for a line that comes in pieces, to begin with */
  GFH_INFLATE_PIECE = 1 << 14,      /* bytes inflated at once */
  GFH_MAX_INFLATE = 128 << 10,      /* what zlib may allocate; it takes 40 KB */
  GFH_MAX_MEMORY =
      2 * GFH_MAX_LINE + GFH_INFLATE_PIECE + GFH_MAX_INFLATE + 4096 /* of a reader with all it has */
};

#endif
