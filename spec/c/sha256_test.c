/* SPDX-License-Identifier: MIT
 * SHA-256: what FIPS 180-4 gives, however the bytes come. The library is tested with what this processor has, and beside
 * it a copy without the processor's own instructions. */
#define gf_sha256_init plain_sha256_init
#define gf_sha256_add plain_sha256_add
#define gf_sha256_hex plain_sha256_hex
#define GF_SHA256_OWN 0
#include "../../src/gf_sha256.c"
#undef gf_sha256_init
#undef gf_sha256_add
#undef gf_sha256_hex
void gf_sha256_init(gf_sha256 *sha);
void gf_sha256_add(gf_sha256 *sha, const void *bytes, size_t n);
void gf_sha256_hex(gf_sha256 *sha, char out[65]);

#include "test.h"

#include <stdlib.h>

/* The digest of `n` bytes that come in pieces of `piece`. */
static void digest(const void *bytes, size_t n, size_t piece, char out[65]) {
  gf_sha256 sha;
  gf_sha256_init(&sha);
  for (size_t i = 0; i < n; i += piece)
    gf_sha256_add(&sha, (const char *)bytes + i, n - i < piece ? n - i : piece);
  gf_sha256_hex(&sha, out);
}

static void plain_digest(const void *bytes, size_t n, char out[65]) {
  gf_sha256 sha;
  plain_sha256_init(&sha);
  plain_sha256_add(&sha, bytes, n);
  plain_sha256_hex(&sha, out);
}

static void examples_of_the_standard(void) {
  static const char *const cases[][2] = {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopq"
       "rs"
       "tnopqrstu",
       "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char out[65];
    digest(cases[i][0], strlen(cases[i][0]), 1000, out);
    CHECK_STR(out, cases[i][1]);
    plain_digest(cases[i][0], strlen(cases[i][0]), out);
    CHECK_STR(out, cases[i][1]);
  }
}

static void every_length_in_pieces_of_every_size(void) {
  unsigned char bytes[400];
  for (size_t i = 0; i < sizeof bytes; i++)
    bytes[i] = (unsigned char)(i * 7 + i / 64);
  for (size_t n = 0; n < 300; n++) {
    char want[65], got[65];
    plain_digest(bytes + n % 8, n, want);
    for (size_t piece = 1; piece <= 130; piece += 1 + piece / 8) {
      digest(bytes + n % 8, n, piece, got);
      CHECK_STR(got, want);
    }
  }
}

static void a_million_letters(void) {
  size_t n = 1000000;
  char *text = malloc(n), out[65];
  memset(text, 'a', n);
  digest(text, n, 65536, out);
  CHECK_STR(out, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  free(text);
}

int main(int argc, char **argv) {
  static const test_rule rules[] = {
      {"the examples of the standard give its digests", examples_of_the_standard},
      {"every length, in pieces of every size, gives what it gives without the processor's own instructions",
       every_length_in_pieces_of_every_size},
      {"a million letters give the standard's digest", a_million_letters},
  };
  return TEST_RUN(rules, argc, argv);
}
