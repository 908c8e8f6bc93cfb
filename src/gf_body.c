/* SPDX-License-Identifier: MIT
 *
 * What a request says: bodies and queries, from the row and the arguments. */
#include "gf_internal.h"

#include <stdio.h>

void gf_add_json_string(gf_buf *buf, gf_str text) {
  char escaped[8];
  gf_buf_add_char(buf, '"');
  size_t plain = 0;
  for (size_t i = 0; i < text.n; i++) {
    unsigned char c = (unsigned char)text.p[i];
    if (c >= ' ' && c != '"' && c != '\\') continue;
    gf_buf_add(buf, text.p + plain, i - plain);
    if (c < ' ')
      snprintf(escaped, sizeof escaped, "\\u%04x", c);
    else
      snprintf(escaped, sizeof escaped, "\\%c", c);
    gf_buf_add_str(buf, escaped);
    plain = i + 1;
  }
  if (plain < text.n) gf_buf_add(buf, text.p + plain, text.n - plain);
  gf_buf_add_char(buf, '"');
}

void gf_add_json_value(gf_call *call, gf_buf *buf, gf_value v) {
  size_t length = 0;
  gf_json_error error;
  char *text =
      gf_value_write(&call->client->alloc, v, (gf_write){.is_secret = buf->is_secret}, &length, &error);
  if (text)
    gf_buf_add(buf, text, length);
  else
    buf->failed = true;
  if (text && buf->is_secret) gf_wipe_bytes(text, length);
  gf_free(&call->client->alloc, text);
}

static void add_arg(gf_call *call, gf_buf *buf, const gf_arg *arg) {
  switch (arg->kind) {
  case GF_ARG_NIL:
  case GF_ARG_NULL:
  case GF_ARG_OWN: gf_buf_add_str(buf, "null"); break;
  case GF_ARG_BOOL: gf_buf_add_str(buf, arg->boolean ? "true" : "false"); break;
  case GF_ARG_INT: gf_buf_add_int(buf, arg->integer); break;
  case GF_ARG_NUMBER: gf_buf_add(buf, arg->string.p, arg->string.n); break;
  case GF_ARG_STRING: gf_add_json_string(buf, arg->string); break;
  case GF_ARG_DOC: gf_add_json_value(call, buf, gf_doc_root(arg->doc)); break;
  }
}

static void add_member(gf_call *call, gf_buf *buf, const gf_param *param, const gf_arg *arg) {
  if (buf->n > 1) gf_buf_add_char(buf, ',');
  gf_add_json_string(buf, gf_z(param->wire ? param->wire : param->name));
  gf_buf_add_char(buf, ':');
  add_arg(call, buf, arg);
}

static const gf_arg *whole_body(const gf_call *call) {
  for (int i = 0; i < GF_MAX_PARAMS && call->op->params[i].name; i++)
    if (call->op->params[i].where == GF_IN_WHOLE_BODY && call->args[i].kind != GF_ARG_NIL)
      return &call->args[i];
  return NULL;
}

void gf_add_body_options(gf_call *call, gf_buf *buf) {
  for (int i = 0; i < GF_MAX_OPTIONS && call->op->options[i].name; i++)
    if (call->op->options[i].where == GF_IN_BODY && call->options[i].kind != GF_ARG_NIL)
      add_member(call, buf, &call->op->options[i], &call->options[i]);
}

/* What a probe has found for a parameter takes its place. */
static void add_param(gf_call *call, gf_buf *buf, const gf_param *param, const gf_arg *arg) {
  const gf_var *found = gf_found_var(call, param->name);
  gf_arg instead = {.kind = GF_ARG_STRING};
  if (found) {
    instead.string = gf_z(found->text);
    if (!found->is_text) instead.kind = GF_ARG_NUMBER;
  }
  add_member(call, buf, param, found ? &instead : arg);
}

static void add_members(gf_call *call, gf_buf *buf) {
  for (int i = 0; i < GF_MAX_PARAMS && call->op->params[i].name; i++)
    if (call->op->params[i].where == GF_IN_BODY && call->args[i].kind != GF_ARG_NIL)
      add_param(call, buf, &call->op->params[i], &call->args[i]);
  gf_add_body_options(call, buf);
}

bool gf_build_body(gf_call *call, char **body, size_t *length) {
  gf_buf buf;
  gf_buf_init_secret(&buf, &call->client->alloc, GF_MAX_SENT_BODY);
  const gf_arg *whole = whole_body(call);
  *body = NULL;
  *length = 0;
  if (strcmp(call->op->method, "GET") == 0 || strcmp(call->op->method, "DELETE") == 0) return true;
  if (whole) {
    add_arg(call, &buf, whole);
  } else {
    gf_buf_add_char(&buf, '{');
    add_members(call, &buf);
    gf_buf_add_char(&buf, '}');
  }
  *length = buf.n;
  *body = gf_buf_take(&buf);
  if (!*body) gf_lacks_memory(call);
  return *body != NULL;
}

static void add_query_arg(gf_buf *query, const char *name, const gf_arg *arg) {
  char digits[24];
  gf_str text;
  switch (arg->kind) {
  case GF_ARG_STRING:
  case GF_ARG_NUMBER: gf_add_query(query, name, arg->string); break;
  case GF_ARG_BOOL: gf_add_query(query, name, gf_z(arg->boolean ? "true" : "false")); break;
  case GF_ARG_INT: gf_add_query(query, name, gf_digits(arg->integer, digits)); break;
  case GF_ARG_DOC: /* repeated, once for each element */
    for (size_t i = 0; i < gf_value_len(gf_doc_root(arg->doc)); i++)
      if (gf_scalar_text(gf_value_at(gf_doc_root(arg->doc), i), &text, digits))
        gf_add_query(query, name, text);
    break;
  default: break;
  }
}

bool gf_build_query(gf_call *call, gf_buf *query) {
  for (int i = 0; i < GF_MAX_PARAMS && call->op->params[i].name; i++) {
    const gf_param *param = &call->op->params[i];
    if (param->where == GF_IN_QUERY)
      add_query_arg(query, param->wire ? param->wire : param->name, &call->args[i]);
  }
  for (int i = 0; i < GF_MAX_OPTIONS && call->op->options[i].name; i++) {
    const gf_param *option = &call->op->options[i];
    if (option->where == GF_IN_QUERY)
      add_query_arg(query, option->wire ? option->wire : option->name, &call->options[i]);
  }
  if (query->failed) gf_lacks_memory(call);
  return !query->failed;
}
