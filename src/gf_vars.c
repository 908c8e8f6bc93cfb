/* SPDX-License-Identifier: MIT
 *
 * Variables of path templates and of sentences: what a probe found, the arguments, the members of the data, the options. */
#include "gf_internal.h"

#include <stdio.h>

gf_str gf_digits(int64_t number, char digits[24]) {
  return (gf_str){digits, (size_t)snprintf(digits, 24, "%lld", (long long)number)};
}

bool gf_scalar_text(gf_value v, gf_str *text, char digits[24]) {
  int64_t i;
  if (gf_value_string(v, text)) return true;
  if (gf_value_int(v, &i)) {
    *text = gf_digits(i, digits);
    return true;
  }
  if (gf_value_is_absent(v) || !unsafe_yyjson_is_uint(v.node)) return false;
  int n = snprintf(digits, 24, "%llu", (unsigned long long)unsafe_yyjson_get_uint(v.node));
  *text = (gf_str){digits, (size_t)n};
  return true;
}

bool gf_integer_text(gf_value v, gf_str *text, char digits[24]) {
  if (gf_value_is_absent(v) || unsafe_yyjson_is_str(v.node)) return false;
  if (gf_scalar_text(v, text, digits)) return true;
  if (!unsafe_yyjson_is_raw(v.node)) return false;
  *text = (gf_str){unsafe_yyjson_get_raw(v.node), unsafe_yyjson_get_len(v.node)};
  size_t first = text->n > 0 && text->p[0] == '-';
  for (size_t i = first; i < text->n; i++)
    if (text->p[i] < '0' || text->p[i] > '9') return false;
  return text->n > first;
}

static bool arg_text(const gf_arg *arg, gf_str *text, char digits[24]) {
  switch (arg->kind) {
  case GF_ARG_STRING:
  case GF_ARG_NUMBER: *text = arg->string; return true;
  case GF_ARG_INT: *text = gf_digits(arg->integer, digits); return true;
  default: return false;
  }
}

static int param_index(const gf_call *call, const char *name) {
  for (int i = 0; i < GF_MAX_PARAMS && call->op->params[i].name; i++)
    if (strcmp(call->op->params[i].name, name) == 0) return i;
  return -1;
}

const gf_var *gf_found_var(const gf_call *call, const char *name) {
  for (size_t i = 0; i < call->n_vars; i++)
    if (strcmp(call->vars[i].name, name) == 0) return &call->vars[i];
  return NULL;
}

void gf_set_var(gf_call *call, const char *name, gf_str text, bool is_text) {
  char *copy = gf_strdup_n(&call->client->alloc, text);
  if (!copy) {
    gf_lacks_memory(call);
    return;
  }
  gf_var *var = (gf_var *)gf_found_var(call, name);
  if (!var && call->n_vars < GF_MAX_VARS) {
    var = &call->vars[call->n_vars++];
    *var = (gf_var){name, NULL, false};
  }
  if (!var) {
    gf_free(&call->client->alloc, copy);
    return;
  }
  gf_free(&call->client->alloc, var->text);
  var->text = copy;
  var->is_text = is_text;
}

gf_value gf_data_of(const gf_call *call) {
  for (int i = 0; i < GF_MAX_PARAMS && call->op->params[i].name; i++)
    if (call->op->params[i].type == GF_T_OBJECT && call->args[i].kind == GF_ARG_DOC)
      return gf_doc_root(call->args[i].doc);
  return (gf_value){NULL, NULL};
}

bool gf_get_var(const gf_call *call, const char *name, gf_str *text, char digits[24]) {
  const gf_var *var = gf_found_var(call, name);
  if (var) {
    *text = gf_z(var->text);
    return true;
  }
  int i = param_index(call, name);
  if (i >= 0) return arg_text(&call->args[i], text, digits);
  if (gf_scalar_text(gf_value_get(gf_data_of(call), name), text, digits)) return true;
  const gf_arg *option = gf_option_of(call, name);
  return option && arg_text(option, text, digits);
}

bool gf_equals_var(const gf_call *call, gf_value v, const char *name) {
  char digits[24], var_digits[24];
  gf_str text, wanted;
  if (!gf_get_var(call, name, &wanted, var_digits) || !gf_scalar_text(v, &text, digits)) return false;
  return gf_str_same(text, wanted);
}

bool gf_var_is_text(const gf_call *call, const char *name) {
  const gf_var *var = gf_found_var(call, name);
  if (var) return var->is_text;
  int i = param_index(call, name);
  gf_str text;
  if (i >= 0) return call->args[i].kind == GF_ARG_STRING;
  return gf_value_string(gf_value_get(gf_data_of(call), name), &text);
}

const gf_arg *gf_option_of(const gf_call *call, const char *name) {
  for (int i = 0; i < GF_MAX_OPTIONS && call->op->options[i].name; i++)
    if (strcmp(call->op->options[i].name, name) == 0)
      return call->options[i].kind == GF_ARG_NIL ? NULL : &call->options[i];
  return NULL;
}

/* As the caller wrote it, whatever it has been found to mean. */
static bool get_said(const gf_call *call, const char *name, gf_str *text, char digits[24]) {
  int i = param_index(call, name);
  return (i >= 0 && arg_text(&call->args[i], text, digits)) || gf_get_var(call, name, text, digits);
}

/* Sentences go to terminals and logs: no control characters, and long values are cut. */
static size_t add_shown(char *out, size_t at, size_t size, gf_str text) {
  enum { SHOWN = 80 };
  for (size_t i = 0; i < text.n && i < SHOWN && at + 4 < size; i++) {
    unsigned char c = (unsigned char)text.p[i];
    out[at++] = c < ' ' || c == 127 ? '?' : (char)c;
  }
  while (text.n > SHOWN && at > 0 && ((unsigned char)out[at - 1] & 0xC0) == 0x80)
    at--; /* whole characters only */
  if (text.n > SHOWN && at > 0 && (unsigned char)out[at - 1] >= 0xC0) at--;
  for (int dots = 0; text.n > SHOWN && dots < 3 && at + 1 < size; dots++)
    out[at++] = '.';
  return at;
}

void gf_fill(const gf_call *call, const char *say, char *out, size_t size) {
  size_t at = 0;
  while (*say && at + 1 < size) {
    if (*say != '{') {
      out[at++] = *say++;
      continue;
    }
    const char *close = strchr(say, '}');
    char name[32], digits[24];
    gf_str text = {NULL, 0};
    size_t n = (size_t)(close - say) - 1;
    if (n < sizeof name) {
      memcpy(name, say + 1, n);
      name[n] = 0;
      if (get_said(call, name, &text, digits)) at = add_shown(out, at, size, text);
    }
    say = close + 1;
  }
  out[at] = 0;
}
