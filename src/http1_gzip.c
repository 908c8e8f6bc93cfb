/* SPDX-License-Identifier: MIT
 *
 * http1_gzip.c: zlib behind the HTTP/1.1 reader; without GFH_ZLIB there is nothing here that inflates.
 */
#include "http1_gzip.h"
#include "http1_limits.h"

#ifdef GFH_ZLIB

#include <limits.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

struct gfh_gzip {
  gfh_allocator alloc;
  size_t left; /* that zlib may allocate */
  z_stream stream;
  bool is_whole;
  char piece[GFH_INFLATE_PIECE];
};

bool gfh_gzip_is_here(void) { return true; }

/* zlib allocates for its state once, and for its window once. */
static void *allocate(void *ctx, unsigned items, unsigned size) {
  gfh_gzip *gzip = ctx;
  if (size > 0 && items > gzip->left / size) return NULL;
  gzip->left -= (size_t)items * size;
  return gzip->alloc.resize(gzip->alloc.ctx, NULL, (size_t)items * size);
}

static void release(void *ctx, void *p) {
  const gfh_gzip *gzip = ctx;
  if (p) gzip->alloc.resize(gzip->alloc.ctx, p, 0);
}

gfh_gzip *gfh_gzip_new(const gfh_allocator *alloc) {
  gfh_gzip *gzip = alloc->resize(alloc->ctx, NULL, sizeof *gzip);
  if (!gzip) return NULL;
  gzip->alloc = *alloc;
  gzip->left = GFH_MAX_INFLATE;
  gzip->is_whole = false;
  gzip->stream = (z_stream){.zalloc = allocate, .zfree = release, .opaque = gzip};
  if (inflateInit2(&gzip->stream, 16 + MAX_WBITS) == Z_OK) return gzip; /* 16: gzip and nothing else */
  alloc->resize(alloc->ctx, gzip, 0);
  return NULL;
}

void gfh_gzip_free(gfh_gzip *gzip) {
  if (!gzip) return;
  gfh_allocator alloc = gzip->alloc;
  (void)inflateEnd(&gzip->stream);
  alloc.resize(alloc.ctx, gzip, 0);
}

void gfh_gzip_begin(gfh_gzip *gzip) {
  (void)inflateReset(&gzip->stream);
  gzip->is_whole = false;
}

/* One piece of output; zlib says Z_BUF_ERROR when it needs more input, which is no error. What it still holds back comes with
 * the next input, of which there always is some: the checksum. */
static gfh_flow inflate_piece(gfh_gzip *gzip, int (*body)(void *ctx, gfh_str bytes), void *ctx) {
  gzip->stream.next_out = (Bytef *)gzip->piece;
  gzip->stream.avail_out = sizeof gzip->piece;
  int result = inflate(&gzip->stream, Z_NO_FLUSH);
  size_t n = sizeof gzip->piece - gzip->stream.avail_out;
  if (n > 0 && body(ctx, (gfh_str){gzip->piece, n}) < 0) return GFH_REFUSED;
  if (result == Z_MEM_ERROR) return GFH_NO_MEMORY;
  gzip->is_whole = result == Z_STREAM_END;
  return gzip->is_whole || result == Z_OK || result == Z_BUF_ERROR ? GFH_FLOWS : GFH_DAMAGED;
}

static gfh_flow feed_some(gfh_gzip *gzip, int (*body)(void *ctx, gfh_str bytes), void *ctx) {
  do {
    if (gzip->is_whole) return GFH_OVERLONG;
    gfh_flow flow = inflate_piece(gzip, body, ctx);
    if (flow != GFH_FLOWS) return flow;
  } while (gzip->stream.avail_in > 0);
  return GFH_FLOWS;
}

gfh_flow gfh_gzip_feed(gfh_gzip *gzip, gfh_str bytes, int (*body)(void *ctx, gfh_str bytes), void *ctx) {
  while (bytes.n > 0) {
    uInt n = bytes.n < UINT_MAX ? (uInt)bytes.n : UINT_MAX;
    gzip->stream.next_in = (const Bytef *)bytes.p;
    gzip->stream.avail_in = n;
    gfh_flow flow = feed_some(gzip, body, ctx);
    if (flow != GFH_FLOWS) return flow;
    bytes.p += n;
    bytes.n -= n;
  }
  return GFH_FLOWS;
}

bool gfh_gzip_is_whole(const gfh_gzip *gzip) { return gzip->is_whole; }

#else

bool gfh_gzip_is_here(void) { return false; }
gfh_gzip *gfh_gzip_new(const gfh_allocator *alloc) {
  (void)alloc;
  return NULL;
}
void gfh_gzip_free(gfh_gzip *gzip) { (void)gzip; }
void gfh_gzip_begin(gfh_gzip *gzip) { (void)gzip; }
gfh_flow gfh_gzip_feed(gfh_gzip *gzip, gfh_str bytes, int (*body)(void *ctx, gfh_str bytes), void *ctx) {
  (void)gzip, (void)bytes, (void)body, (void)ctx;
  return GFH_DAMAGED;
}
bool gfh_gzip_is_whole(const gfh_gzip *gzip) {
  (void)gzip;
  return false;
}

#endif
