/* SPDX-License-Identifier: MIT
 *
 * Grafana's documented operations: finding one, and reading its parameters from their packed words. */
#include "gf_api.h"

size_t gf_api_count(void) { return gf_api_table_size; }
const gf_api_op *gf_api_at(size_t index) { return index < gf_api_count() ? &gf_api_table[index] : NULL; }

const gf_api_op *gf_api_named(gf_str name) {
  size_t low = 0, high = gf_api_count();
  while (name.n && low < high) {
    size_t middle = low + (high - low) / 2;
    int order = gf_str_compare(name, gf_z(gf_api_table[middle].name));
    if (order == 0) return &gf_api_table[middle];
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return NULL;
}

const gf_api_op *gf_api_find(const char *name) { return gf_api_named(gf_z(name)); }

const char *gf_api_version(size_t index) {
  for (size_t i = 0; gf_api_versions[i]; i++)
    if (i == index) return gf_api_versions[i];
  return NULL;
}

/* ----------------------------------------------------------------------------------------------- parameters -- */

static gf_where place(char mark) { return mark == '/' ? GF_IN_PATH : mark == '?' ? GF_IN_QUERY : GF_IN_BODY; }

/* The letters behind the colon; where they end. */
static const char *read_type(const char *at, gf_api_param *param) {
  switch (*at++) {
  case 'r': param->is_route = true; /* fall through */
  case 's': param->type = GF_API_STRING; return at;
  case 'i': param->type = GF_API_INT; return at;
  case 'b': param->type = GF_API_BOOL; return at;
  default: break;
  }
  param->type = GF_API_LIST;
  param->is_joined = *at == 'c';
  return at + 1;
}

static unsigned read_number(const char *at) {
  unsigned number = 0;
  for (; *at >= '0' && *at <= '9'; at++)
    number = number * 10 + (unsigned)(*at - '0');
  return number;
}

bool gf_api_param_next(const gf_api_op *op, size_t *at, gf_api_param *param) {
  const char *word = op->params + *at;
  if (*word == 0) return false;
  *param = (gf_api_param){.where = place(*word), .versions = op->versions};
  param->name = (gf_str){word + 1, strcspn(word + 1, ":!@ ")};
  word = param->name.p + param->name.n;
  if (*word == ':') word = read_type(word + 1, param);
  if (*word == '!') param->is_required = true, word++;
  if (*word == '@') param->versions = read_number(word + 1);
  word += strcspn(word, " ");
  *at = (size_t)(word - op->params) + (*word == ' ');
  return true;
}
