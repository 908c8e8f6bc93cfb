/* SPDX-License-Identifier: MIT
 * SHA-256, as FIPS 180-4 describes it. The constants are the first 32 bits of the fractional parts of the square roots
 * and cube roots of the first primes. */
#include "gf_sha256.h"

#include <string.h>

/* Whether the processor's own instructions may be used, where it has them; the tests compare both ways. */
#if !defined(__x86_64__) || defined(__clang__) || !defined(__GNUC__) || __GNUC__ < 11
#undef GF_SHA256_OWN
#define GF_SHA256_OWN 0
#elif !defined(GF_SHA256_OWN)
#define GF_SHA256_OWN 1
#endif

#if GF_SHA256_OWN
#include <immintrin.h>
#define OWN __attribute__((target("sha,sse4.1")))
#endif

static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

static uint32_t load(const uint8_t *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void expand(uint32_t w[64], const uint8_t *block) {
  for (int i = 0; i < 16; i++)
    w[i] = load(block + 4 * i);
  for (int i = 16; i < 64; i++) {
    uint32_t a = w[i - 15], b = w[i - 2];
    uint32_t s0 = rotate(a, 7) ^ rotate(a, 18) ^ a >> 3;
    uint32_t s1 = rotate(b, 17) ^ rotate(b, 19) ^ b >> 10;
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
}

static void compress(uint32_t state[8], const uint8_t *block) {
  uint32_t w[64];
  expand(w, block);
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
  uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
  for (int i = 0; i < 64; i++) {
    uint32_t s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i];
    uint32_t s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
    h = g, g = f, f = e, e = d + t1;
    d = c, c = b, b = a, a = t1 + t2;
  }
  state[0] += a, state[1] += b, state[2] += c, state[3] += d;
  state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

static void compress_each(uint32_t state[8], const uint8_t *p, size_t blocks) {
  for (; blocks > 0; blocks--, p += 64)
    compress(state, p);
}

#if GF_SHA256_OWN

/* The next four words of the schedule, of the sixteen before them. */
OWN static inline __m128i next_words(__m128i a, __m128i b, __m128i c, __m128i d) {
  __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(a, b), _mm_alignr_epi8(d, c, 4));
  return _mm_sha256msg2_epu32(sum, d);
}

OWN static inline void compress_own(__m128i *abef, __m128i *cdgh, const uint8_t *block) {
  const __m128i order = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  __m128i w[4], before[2] = {*abef, *cdgh};
  for (int i = 0; i < 4; i++)
    w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)(block + 16 * i)), order);
#pragma GCC unroll 16
  for (int i = 0; i < 16; i++) {
    __m128i wk = _mm_add_epi32(w[i % 4], _mm_loadu_si128((const __m128i *)(const void *)(K + 4 * i)));
    *cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, wk);
    *abef = _mm_sha256rnds2_epu32(*abef, *cdgh, _mm_shuffle_epi32(wk, 0x0E));
    if (i < 12) w[i % 4] = next_words(w[i % 4], w[(i + 1) % 4], w[(i + 2) % 4], w[(i + 3) % 4]);
  }
  *abef = _mm_add_epi32(*abef, before[0]);
  *cdgh = _mm_add_epi32(*cdgh, before[1]);
}

/* The instructions want a, b, e and f in one register, c, d, g and h in the other, each from the last to the first. */
OWN static void compress_all_own(uint32_t state[8], const uint8_t *p, size_t blocks) {
  __m128i *halves = (__m128i *)(void *)state;
  __m128i badc = _mm_shuffle_epi32(_mm_loadu_si128(halves), 0xB1);
  __m128i hgfe = _mm_shuffle_epi32(_mm_loadu_si128(halves + 1), 0x1B);
  __m128i abef = _mm_alignr_epi8(badc, hgfe, 8), cdgh = _mm_blend_epi16(hgfe, badc, 0xF0);
  for (; blocks > 0; blocks--, p += 64)
    compress_own(&abef, &cdgh, p);
  __m128i feba = _mm_shuffle_epi32(abef, 0x1B), dchg = _mm_shuffle_epi32(cdgh, 0xB1);
  _mm_storeu_si128(halves, _mm_blend_epi16(feba, dchg, 0xF0));
  _mm_storeu_si128(halves + 1, _mm_alignr_epi8(dchg, feba, 8));
}

static void compress_all(uint32_t state[8], const uint8_t *p, size_t blocks) {
  if (__builtin_cpu_supports("sha") && __builtin_cpu_supports("sse4.1")) {
    compress_all_own(state, p, blocks);
  } else {
    compress_each(state, p, blocks);
  }
}

#else

static void compress_all(uint32_t state[8], const uint8_t *p, size_t blocks) {
  compress_each(state, p, blocks);
}

#endif

void gf_sha256_init(gf_sha256 *sha) {
  *sha = (gf_sha256){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
                               0x1f83d9ab, 0x5be0cd19}};
}

void gf_sha256_add(gf_sha256 *sha, const void *bytes, size_t n) {
  const uint8_t *p = bytes;
  size_t held = (size_t)(sha->length % 64);
  sha->length += n;
  if (held > 0 && held + n >= 64) {
    size_t part = 64 - held;
    memcpy(sha->block + held, p, part);
    compress_all(sha->state, sha->block, 1);
    p += part, n -= part, held = 0;
  }
  if (held == 0 && n >= 64) {
    compress_all(sha->state, p, n / 64);
    p += n - n % 64, n %= 64;
  }
  if (n > 0) memcpy(sha->block + held, p, n);
}

/* One bit, zeros up to 8 bytes before the end of a block, and the length in bits. */
static void pad(gf_sha256 *sha) {
  static const uint8_t padding[64] = {0x80};
  uint64_t bits = sha->length * 8;
  size_t held = (size_t)(sha->length % 64);
  gf_sha256_add(sha, padding, held < 56 ? 56 - held : 120 - held);
  uint8_t length[8];
  for (int i = 0; i < 8; i++)
    length[i] = (uint8_t)(bits >> (56 - 8 * i));
  gf_sha256_add(sha, length, 8);
}

void gf_sha256_hex(gf_sha256 *sha, char out[65]) {
  static const char digits[] = "0123456789abcdef";
  pad(sha);
  for (int i = 0; i < 64; i++)
    out[i] = digits[sha->state[i / 8] >> (28 - 4 * (i % 8)) & 15];
  out[64] = '\0';
}
