/* SPDX-License-Identifier: MIT
 *
 * The table of Grafana's documented operations: its rows can be found and unpacked, and every name in a path is a parameter.
 * What they say is held against the descriptions by spec/api_spec.lua. And which names are near a wrong one. */
#include "gf_internal.h"
#include "test.h"

#define CHECK_ROW(op, condition)                                                                             \
  do {                                                                                                       \
    if (!CHECK(condition)) printf("  in the row of %s\n", (op)->name);                                       \
  } while (0)

static void rows_are_sorted_and_found(void) {
  CHECK(gf_api_count() > 300);
  for (size_t i = 0; i < gf_api_count(); i++) {
    const gf_api_op *op = gf_api_at(i);
    CHECK_ROW(op, i == 0 || strcmp(gf_api_at(i - 1)->name, op->name) < 0);
    CHECK_ROW(op, gf_api_find(op->name) == op);
    CHECK_ROW(op, op->path[0] == '/' && *op->tags && op->versions);
  }
  CHECK(gf_api_at(gf_api_count()) == NULL);
  CHECK(!gf_api_find("") && !gf_api_find("a") && !gf_api_find("zzz") && !gf_api_find("getHealt") &&
        !gf_api_find("getHealthy"));
}

/* A name with a zero inside is not the name before it. */
static void names_are_compared_whole(void) {
  CHECK(gf_api_named((gf_str){"getHealth\0", 10}) == NULL);
  CHECK(gf_api_named((gf_str){"getHealthX", 9}) == gf_api_find("getHealth"));
  CHECK(gf_api_named((gf_str){NULL, 0}) == NULL);
}

static void versions_end(void) {
  size_t n = 0;
  while (gf_api_version(n))
    n++;
  CHECK(n >= 2 && gf_api_version(n + 1) == NULL);
  for (size_t i = 0; i < gf_api_count(); i++)
    CHECK_ROW(gf_api_at(i), gf_api_at(i)->versions >> n == 0);
}

static bool is_in_path(const gf_api_op *op, gf_str name) {
  char braced[80];
  snprintf(braced, sizeof braced, "{%.*s}", (int)name.n, name.p);
  return strstr(op->path, braced) != NULL;
}

static void check_param(const gf_api_op *op, const gf_api_param *param) {
  CHECK_ROW(op, param->name.n > 0 && param->name.n < 60);
  CHECK_ROW(op, param->versions && (param->versions & ~op->versions) == 0);
  CHECK_ROW(op, (param->type == GF_API_ANY) == (param->where == GF_IN_BODY));
  CHECK_ROW(op, param->where != GF_IN_PATH || is_in_path(op, param->name));
  CHECK_ROW(op, param->where != GF_IN_PATH || param->type == GF_API_STRING || param->type == GF_API_INT);
  CHECK_ROW(op, param->where != GF_IN_BODY || op->has_body);
  CHECK_ROW(op, !param->is_route || param->where == GF_IN_PATH);
  CHECK_ROW(op, !param->is_joined || param->type == GF_API_LIST);
}

static void parameters_are_unpacked(void) {
  for (size_t i = 0; i < gf_api_count(); i++) {
    const gf_api_op *op = gf_api_at(i);
    size_t in_path = 0, braces = 0, at = 0;
    gf_where last = GF_IN_PATH;
    gf_api_param param;
    while (gf_api_param_next(op, &at, &param)) {
      check_param(op, &param);
      CHECK_ROW(op, param.where >= last); /* path, query, body */
      last = param.where;
      in_path += param.where == GF_IN_PATH;
    }
    CHECK_ROW(op, op->params[at] == 0 && !gf_api_param_next(op, &at, &param));
    for (const char *p = op->path; *p; p++)
      braces += *p == '{';
    CHECK_ROW(op, braces == in_path);
  }
}

static size_t distance(const char *a, const char *b) { return gf_distance(gf_z(a), gf_z(b)); }

static void distances_are_levenshteins(void) {
  CHECK(distance("", "") == 0 && distance("abc", "") == 3 && distance("", "abc") == 3);
  CHECK(distance("kitten", "sitting") == 3 && distance("flaw", "lawn") == 2);
  CHECK(distance("UID", "uid") == 0);
  char a[101], b[101];
  memset(a, 'a', 100);
  memset(b, 'b', 100);
  a[100] = b[100] = 0;
  CHECK(distance(a, b) == 63);
}

static const char *hint(const char *word, const char *const *right, char out[200]) {
  gf_nearest nearest = {.word = gf_z(word)};
  for (; *right; right++)
    gf_nearest_try(&nearest, gf_z(*right));
  gf_nearest_hint(&nearest, out, 200);
  return out;
}

static void the_nearest_come_first(void) {
  static const char *const right[] = {"alpha", "alphb", "alpho", "alphas", "beta", "gamma", NULL};
  char out[200];
  CHECK_STR(hint("beto", right, out), " (did you mean 'beta'?)");
  CHECK_STR(hint("ALPHA", right, out), " (did you mean 'alpha', 'alphb' or 'alpho'?)");
  CHECK_STR(hint("alphox", right, out), " (did you mean 'alpho', 'alpha' or 'alphb'?)");
  CHECK_STR(hint("lph", right, out), " (did you mean 'alpha', 'alphb' or 'alpho'?)");
  CHECK_STR(hint("zzzzz", right, out), "");
  CHECK_STR(hint("", right, out), "");
}

static void hints_are_cut_to_their_room(void) {
  gf_nearest nearest = {.word = gf_z("beto")};
  char out[12];
  gf_nearest_try(&nearest, gf_z("beta"));
  for (size_t size = 1; size <= sizeof out; size++) {
    gf_nearest_hint(&nearest, out, size);
    CHECK(strlen(out) < size);
  }
}

int main(int argc, char **argv) {
  static const test_rule rules[] = {
      {"rows are sorted by name, and found by it", rows_are_sorted_and_found},
      {"names are compared to their last byte", names_are_compared_whole},
      {"versions are those of the descriptions", versions_end},
      {"every parameter of every row is unpacked", parameters_are_unpacked},
      {"distances count changed letters", distances_are_levenshteins},
      {"the nearest names come first", the_nearest_come_first},
      {"hints are cut to their room", hints_are_cut_to_their_room},
  };
  return TEST_RUN(rules, argc, argv);
}
