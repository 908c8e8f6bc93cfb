/* SPDX-License-Identifier: MIT
 *
 * gf_sha256.h: SHA-256 (FIPS 180-4), for the core and its bindings. No allocation, no failure. */
#ifndef GF_SHA256_H
#define GF_SHA256_H

#include "grafana.h"

typedef struct gf_sha256 {
  uint32_t state[8];
  uint64_t length;   /* bytes so far */
  uint8_t block[64]; /* the last length % 64 of them */
} gf_sha256;

GF_API void gf_sha256_init(gf_sha256 *sha);
GF_API void gf_sha256_add(gf_sha256 *sha, const void *bytes, size_t n);
/* The digest as 64 hex digits and a zero; `sha` is used up. */
GF_API void gf_sha256_hex(gf_sha256 *sha, char out[65]);

#endif
