/* SPDX-License-Identifier: MIT
 *
 * http1_gzip.h: one gzip body, inflated as it comes. Part of the HTTP/1.1 reader. */
#ifndef GFH_HTTP1_GZIP_H
#define GFH_HTTP1_GZIP_H

#include "http1.h"

typedef struct gfh_gzip gfh_gzip;

typedef enum gfh_flow {
  GFH_FLOWS,
  GFH_REFUSED,  /* the receiver returned a negative number */
  GFH_DAMAGED,  /* this is no gzip, or its checksum does not match */
  GFH_OVERLONG, /* bytes after its end */
  GFH_NO_MEMORY
} gfh_flow;

bool gfh_gzip_is_here(void); /* built with zlib */
/* NULL without memory, or without zlib. */
gfh_gzip *gfh_gzip_new(const gfh_allocator *alloc);
void gfh_gzip_free(gfh_gzip *gzip);  /* NULL is fine */
void gfh_gzip_begin(gfh_gzip *gzip); /* another body */
/* Inflate, handing on pieces of at most GFH_INFLATE_PIECE bytes. */
gfh_flow gfh_gzip_feed(gfh_gzip *gzip, gfh_str bytes, int (*body)(void *ctx, gfh_str bytes), void *ctx);
bool gfh_gzip_is_whole(const gfh_gzip *gzip);

#endif
