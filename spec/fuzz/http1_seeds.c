/* SPDX-License-Identifier: MIT
 *
 * http1_seeds FOLDER: writes the vectors of spec/http1 there, a file each, as http1_fuzz.c wants them. */
#include "http1_vectors.h"

static int method_number(const char *method) {
  return strcmp(method, "HEAD") == 0 ? 1 : strcmp(method, "CONNECT") == 0 ? 2 : 0;
}

static bool write_seed(const char *folder, size_t number, const vector *v) {
  char path[500];
  snprintf(path, sizeof path, "%s/vector-%03zu", folder, number);
  FILE *out = fopen(path, "wb");
  if (!out) return false;
  fputc(method_number(v->method) | 4, out); /* 4: the peer closes at the end */
  fputc((int)(number % 256), out);
  fwrite(v->bytes.p, 1, v->bytes.n, out);
  return fclose(out) == 0;
}

int main(int argc, char **argv) {
  vector_list vectors = vectors_load("spec/http1");
  if (argc != 2 || vectors.n == 0) return 2;
  for (size_t i = 0; i < vectors.n; i++)
    if (!write_seed(argv[1], i, &vectors.of[i])) return 1;
  vectors_free(&vectors);
  return 0;
}
