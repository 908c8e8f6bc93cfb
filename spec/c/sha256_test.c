/* SPDX-License-Identifier: MIT
 * SHA-256 by the processor's own instructions is that of the plain rounds, for every length and every way to cut it. */
#include "../../src/gf_sha256.c"

#include "test.h"

/* What the two make of the same block, from the same state. */
static void check_block(const uint8_t *block) {
  uint32_t plain[8], own[8];
  for (int i = 0; i < 8; i++)
    plain[i] = own[i] = K[i] ^ load(block + i);
  compress(plain, block);
  compress_own(own, block);
  CHECK(memcmp(plain, own, sizeof own) == 0);
}

static void own_instructions_are_the_plain_rounds(void) {
  uint8_t block[64];
  uint32_t seed = 1;
  if (!has_own()) return;
  for (int round = 0; round < 1000; round++) {
    for (int i = 0; i < 64; i++)
      block[i] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
    check_block(block);
  }
}

static void add_all(gf_sha256 *sha, const uint8_t *p, size_t n, size_t piece) {
  gf_sha256_init(sha);
  for (; n > piece; p += piece, n -= piece)
    gf_sha256_add(sha, p, piece);
  gf_sha256_add(sha, p, n);
}

static void pieces_do_not_matter(void) {
  uint8_t bytes[300];
  char whole[65], cut[65];
  gf_sha256 sha;
  for (size_t i = 0; i < sizeof bytes; i++)
    bytes[i] = (uint8_t)(i * 31);
  for (size_t n = 0; n <= sizeof bytes; n++) {
    add_all(&sha, bytes, n, sizeof bytes);
    gf_sha256_hex(&sha, whole);
    for (size_t piece = 1; piece <= 130; piece += 3) {
      add_all(&sha, bytes, n, piece);
      gf_sha256_hex(&sha, cut);
      CHECK_STR(cut, whole);
    }
  }
}

int main(int argc, char **argv) {
  static const test_rule rules[] = {
      {"own instructions are the plain rounds", own_instructions_are_the_plain_rounds},
      {"pieces do not matter", pieces_do_not_matter},
  };
  return TEST_RUN(rules, argc, argv);
}
