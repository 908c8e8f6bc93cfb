/* SPDX-License-Identifier: MIT
 *
 * request: whatever a program wants to send below /api or /apis. And how a request is put together of a path, a query and a
 * body that no row describes.
 */
#include "gf_op_parts.h"

#include <stdio.h>
#include <stdlib.h>

enum { METHOD, PATH }; /* the arguments */

/* ------------------------------------------------------------------------------------------------------- parts -- */

void gf_add_query_name(gf_buf *query, gf_str name) {
  if (query->n) gf_buf_add_char(query, '&');
  gf_add_encoded(query, name);
  gf_buf_add_char(query, '=');
}

static bool is_scalar(gf_value v) { return !unsafe_yyjson_is_ctn(v.node) && !unsafe_yyjson_is_null(v.node); }

bool gf_is_query_value(gf_value v) {
  if (is_scalar(v)) return true;
  if (!unsafe_yyjson_is_arr(v.node)) return unsafe_yyjson_is_obj(v.node) && gf_value_len(v) == 0;
  gf_iter it = gf_iterate(v);
  for (void *k, *node; gf_iter_next(&it, &k, &node);)
    if (!is_scalar((gf_value){v.doc, node})) return false;
  return true;
}

void gf_add_scalar(gf_call *call, gf_buf *buf, gf_value v) {
  gf_str text;
  gf_buf json;
  if (gf_value_string(v, &text)) {
    gf_add_encoded(buf, text);
    return;
  }
  gf_buf_init(&json, &call->client->alloc, GF_MAX_URL);
  gf_add_json_value(call, &json, v);
  gf_add_encoded(buf, (gf_str){json.p, json.n});
  if (json.failed) buf->failed = true;
  gf_buf_free(&json);
}

void gf_add_whole_body(gf_call *call, gf_buf *body, gf_value v) {
  gf_str text;
  if (gf_value_string(v, &text))
    gf_buf_add(body, text.p, text.n);
  else
    gf_add_json_value(call, body, v);
}

void gf_parts_init(gf_call *call, gf_parts *parts) {
  gf_buf_init(&parts->path, &call->client->alloc, GF_MAX_URL);
  gf_buf_init(&parts->query, &call->client->alloc, GF_MAX_URL);
  gf_buf_init_secret(&parts->body, &call->client->alloc, GF_MAX_SENT_BODY);
}

static bool is_too_long(const gf_call *call, const gf_parts *parts) {
  size_t n = strlen(call->client->url) + parts->path.n + parts->query.n + 1;
  return parts->path.too_large || parts->query.too_large || n > GF_MAX_URL;
}

static void ask_parts(gf_call *call, gf_ask *ask, gf_parts *parts) {
  char *path = gf_buf_take(&parts->path);
  bool has_body = parts->body.n > 0;
  if (!path || parts->query.failed || parts->body.failed) {
    gf_lacks_memory(call);
  } else {
    ask->path = path;
    ask->query = (gf_str){parts->query.p, parts->query.n};
    call->main_sent = true;
    if (has_body)
      gf_ask_with(call, ask, &parts->body);
    else
      gf_ask_for(call, ask);
  }
  gf_free(&call->client->alloc, path);
}

void gf_ask_parts(gf_call *call, gf_ask *ask, gf_parts *parts) {
  const gf_arg *provenance = gf_option_of(call, "provenance");
  ask->in_org = !call->own_org;
  ask->without_provenance = provenance && !provenance->boolean;
  if (is_too_long(call, parts))
    gf_finish_as(call, GF_INVALID_DATA, GF_REASON_NONE, "the address would be longer than a client may send");
  else if (parts->body.too_large)
    gf_finish_as(call, GF_INVALID_DATA, GF_REASON_NONE, "the body is larger than a client may send");
  else
    ask_parts(call, ask, parts);
  gf_buf_free(&parts->path);
  gf_buf_free(&parts->query);
  gf_buf_free(&parts->body);
}

/* ---------------------------------------------------------------------------------------- errors of programs -- */

static bool fail(gf_error *error, const char *what, const char *problem) {
  snprintf(error->message, sizeof error->message, "%s: %s", what, problem);
  return false;
}

static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"};
enum { METHODS = sizeof methods / sizeof *methods };

static const char *method_of(const gf_call *call) {
  for (size_t i = 0; i < METHODS; i++)
    if (gf_str_eq(call->args[METHOD].string, methods[i])) return methods[i];
  return NULL;
}

static bool check_method(const gf_call *call, gf_error *error) {
  char hint[80];
  gf_nearest nearest = {.word = call->args[METHOD].string};
  if (method_of(call)) return true;
  for (size_t i = 0; i < METHODS; i++)
    gf_nearest_try(&nearest, gf_z(methods[i]));
  gf_nearest_hint(&nearest, hint, sizeof hint);
  snprintf(error->message, sizeof error->message,
           "argument 'method': GET, POST, PUT, PATCH, DELETE or HEAD is expected%s", hint);
  return false;
}

static int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool is_escape(gf_str path, size_t i) {
  return path.n - i > 2 && path.p[i] == '%' && hex(path.p[i + 1]) >= 0 && hex(path.p[i + 2]) >= 0;
}

/* Is the segment "." or ".."? */
static bool is_dots(gf_str segment, bool escaped) {
  size_t dots = 0;
  for (size_t i = 0; i < segment.n; dots++) {
    bool escape = escaped && is_escape(segment, i);
    if (escape ? hex(segment.p[i + 1]) != 2 || hex(segment.p[i + 2]) != 14 : segment.p[i] != '.')
      return false;
    i += escape ? 3 : 1;
  }
  return dots == 1 || dots == 2;
}

bool gf_has_dots(gf_str path, bool escaped) {
  for (size_t at = 0; at < path.n;) {
    const char *slash = memchr(path.p + at, '/', path.n - at);
    gf_str segment = {path.p + at, slash ? (size_t)(slash - path.p) - at : path.n - at};
    if (is_dots(segment, escaped)) return true;
    at += segment.n + 1;
  }
  return false;
}

static bool has_control(gf_str path) {
  for (size_t i = 0; i < path.n; i++)
    if ((unsigned char)path.p[i] < ' ' || path.p[i] == 127) return true;
  return false;
}

static bool begins(gf_str path, const char *with) {
  size_t n = strlen(with);
  return path.n >= n && memcmp(path.p, with, n) == 0 && (path.n == n || strchr("/?", path.p[n]));
}

/* A "?" is as likely part of a name as the beginning of a query, so that neither is guessed. */
static bool check_path(const gf_call *call, gf_error *error) {
  gf_str path = call->args[PATH].string;
  const char *problem = NULL;
  if (!begins(path, "/api") && !begins(path, "/apis"))
    problem = "it must begin with /api/ or /apis/, below the client's url";
  else if (has_control(path))
    problem = "it holds a control character";
  else if (memchr(path.p, '?', path.n))
    problem =
        "it holds a '?': give the query as the option query = {…}, or write %3F where it is part of a name";
  else if (gf_has_dots(path, true))
    problem = "it holds a segment '.' or '..'";
  return problem ? fail(error, "argument 'path'", problem) : true;
}

static bool check_query(const gf_call *call, gf_error *error) {
  const gf_arg *query = gf_option_of(call, "query");
  if (!query) return true;
  gf_iter it = gf_iterate(gf_doc_root(query->doc));
  for (void *k, *node; gf_iter_next(&it, &k, &node);) {
    gf_str name;
    gf_value_string((gf_value){query->doc, k}, &name);
    if (gf_is_query_value((gf_value){query->doc, node})) continue;
    snprintf(error->message, sizeof error->message,
             "option 'query': '%.60s' must be a string, a number, a boolean, or a list of those", name.p);
    return false;
  }
  return true;
}

bool gf_request_take(gf_call *call, gf_error *error) {
  if (call->args[METHOD].string.n == 0 || call->args[PATH].string.n == 0)
    return true; /* missing-mandatory-data */
  if (!check_method(call, error) || !check_path(call, error) || !check_query(call, error)) return false;
  const char *method = method_of(call);
  bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
  if (reads && gf_option_of(call, "body")) return fail(error, "option 'body'", "a GET or a HEAD has none");
  return true;
}

/* ------------------------------------------------------------------------------------------------- the request -- */

/* What stands in a path as it is (RFC 3986, pchar). */
static bool may_stand(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         (c && strchr("/-._~!$&'()*+,;=:@", c));
}

static void add_path(gf_buf *buf, gf_str path) {
  for (size_t i = 0; i < path.n; i++) {
    if (may_stand(path.p[i]) || is_escape(path, i))
      gf_buf_add_char(buf, path.p[i]);
    else
      gf_add_encoded(buf, (gf_str){path.p + i, 1});
  }
}

typedef struct member {
  gf_str name;
  gf_value value;
  size_t place; /* equal names stay in order */
} member;

static int by_name(const void *a, const void *b) {
  const member *x = a, *y = b;
  int order = gf_str_compare(x->name, y->name);
  return order ? order : (x->place > y->place) - (x->place < y->place);
}

static void add_values(gf_call *call, gf_buf *buf, const member *m) {
  if (!unsafe_yyjson_is_ctn(m->value.node)) {
    gf_add_query_name(buf, m->name);
    gf_add_scalar(call, buf, m->value);
    return;
  }
  gf_iter it = gf_iterate(m->value);
  for (void *k, *node; gf_iter_next(&it, &k, &node);) {
    gf_add_query_name(buf, m->name);
    gf_add_scalar(call, buf, (gf_value){m->value.doc, node});
  }
}

/* Sorted by name: a table of Lua's has no order. */
static void add_query(gf_call *call, gf_buf *buf, gf_doc *query) {
  gf_value root = gf_doc_root(query);
  size_t n = 0;
  member *members = gf_alloc(&call->client->alloc, gf_value_len(root) * sizeof *members);
  gf_iter it = gf_iterate(root);
  for (void *k, *node; members && gf_iter_next(&it, &k, &node); n++) {
    members[n] = (member){.value = {query, node}, .place = n};
    gf_value_string((gf_value){query, k}, &members[n].name);
  }
  if (n) qsort(members, n, sizeof *members, by_name);
  for (size_t i = 0; i < n; i++)
    add_values(call, buf, &members[i]);
  if (!members) buf->failed = true;
  gf_free(&call->client->alloc, members);
}

void gf_request_start(gf_call *call) {
  const gf_arg *query = gf_option_of(call, "query"), *body = gf_option_of(call, "body");
  gf_ask ask = {.purpose = GF_MAIN, .method = method_of(call)};
  gf_parts parts;
  gf_parts_init(call, &parts);
  add_path(&parts.path, call->args[PATH].string);
  if (query) add_query(call, &parts.query, query->doc);
  if (body && body->kind == GF_ARG_STRING)
    gf_buf_add(&parts.body, body->string.p, body->string.n);
  else if (body)
    gf_add_whole_body(call, &parts.body, gf_doc_root(body->doc));
  gf_ask_parts(call, &ask, &parts);
}

/* ------------------------------------------------------------------------------------------------- how it is done -- */

/* clang-format off */

const gf_op_rule gf_rule_request = {
    .org_header = true,
    .any_answer = true,
    .take = gf_request_take,
    .start = gf_request_start,
    .on_answer = gf_answer_take,
};

/* clang-format on */
