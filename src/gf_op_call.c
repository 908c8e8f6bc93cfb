/* SPDX-License-Identifier: MIT
 *
 * call: any operation of Grafana's documentation, by its name there. Its row in gf_api_table.c says what is checked here and
 * where each parameter goes.
 */
#include "gf_op_parts.h"

#include <stdio.h>

enum { NAME, PARAMS }; /* the arguments */

static gf_value params_of(const gf_call *call) {
  const gf_arg *arg = &call->args[PARAMS];
  return arg->kind == GF_ARG_DOC ? gf_doc_root(arg->doc) : (gf_value){NULL, NULL};
}

static gf_value param_value(const gf_call *call, gf_str name) {
  const gf_step step = {.key = name};
  return gf_value_path(params_of(call), &step, 1);
}

static gf_value whole_body(const gf_call *call) { return gf_value_get(params_of(call), "body"); }

/* ---------------------------------------------------------------------------------------- errors of programs -- */

/* A word as an error shows it: its beginning, without what would upset a terminal. */
static const char *shown(gf_str word, char out[64]) {
  size_t n = word.n < 60 ? word.n : 60;
  for (size_t i = 0; i < n; i++)
    out[i] = (unsigned char)word.p[i] < ' ' || word.p[i] == 127 ? '?' : word.p[i];
  while (n < word.n && n > 0 && ((unsigned char)word.p[n] & 0xC0) == 0x80)
    n--; /* whole characters only */
  out[n] = 0;
  return out;
}

static bool refuse_name(gf_str name, gf_error *error) {
  char word[64], hint[256];
  gf_nearest nearest = {.word = name};
  for (size_t i = 0; i < gf_api_count(); i++)
    gf_nearest_try(&nearest, gf_z(gf_api_at(i)->name));
  gf_nearest_hint(&nearest, hint, sizeof hint);
  snprintf(error->message, sizeof error->message, "Grafana's documentation has no operation '%s'%s",
           shown(name, word), hint);
  return false;
}

/* The names of its parameters, as many as there is room for. */
static void list_names(const gf_api_op *api, char *out, size_t size) {
  size_t at = 0, n = 0;
  gf_api_param param;
  for (size_t i = 0; gf_api_param_next(api, &i, &param); n++) {
    if (param.name.n + 8 > size - at) break;
    at += (size_t)snprintf(out + at, size - at, "%s%.*s", n ? ", " : "", (int)param.name.n, param.name.p);
  }
  if (n == 0) snprintf(out, size, "none");
}

/* What goes into the table behind the parameters. */
static bool is_option(const gf_op *op, gf_str name) {
  size_t count;
  const gf_param *general = gf_general_options(op, &count);
  for (size_t i = 0; i < count; i++)
    if (gf_str_eq(name, general[i].name)) return true;
  for (size_t i = 0; i < GF_MAX_OPTIONS && op->options[i].name; i++)
    if (gf_str_eq(name, op->options[i].name)) return true;
  return false;
}

static bool refuse_param(const gf_call *call, gf_str name, gf_error *error) {
  const gf_api_op *api = call->api;
  char word[64], hint[160], names[160] = "";
  gf_api_param param;
  gf_nearest nearest = {.word = name};
  if (is_option(call->op, name)) {
    snprintf(error->message, sizeof error->message,
             "'%s' takes no parameter '%s': that is an option, in a table behind the parameters", api->name,
             shown(name, word));
    return false;
  }
  for (size_t at = 0; gf_api_param_next(api, &at, &param);)
    gf_nearest_try(&nearest, param.name);
  gf_nearest_hint(&nearest, hint, sizeof hint);
  if (nearest.n == 0) list_names(api, names, sizeof names);
  snprintf(error->message, sizeof error->message, "'%s' takes no parameter '%s'%s%s%s", api->name,
           shown(name, word), hint, names[0] ? "; it takes: " : "", names);
  return false;
}

static const char *kind_of(gf_value v) {
  gf_str text;
  bool truth;
  if (unsafe_yyjson_is_arr(v.node)) return "a list";
  if (unsafe_yyjson_is_obj(v.node)) return "an object";
  if (unsafe_yyjson_is_null(v.node)) return "null";
  if (gf_value_string(v, &text)) return "a string";
  return gf_value_bool(v, &truth) ? "a boolean" : "a number";
}

static bool refuse_value(const gf_api_op *api, gf_str name, const char *expected, gf_value v,
                         gf_error *error) {
  char word[64];
  snprintf(error->message, sizeof error->message, "parameter '%s' of '%s': %s is expected, got %s",
           shown(name, word), api->name, expected, kind_of(v));
  return false;
}

/* --------------------------------------------------------------------------------------------------- checking -- */

/* What is wrong with a value for the path or the query; NULL: nothing. Ids are digits, whatever they are called. */
static const char *value_problem(const gf_api_param *param, gf_value v) {
  char digits[24];
  gf_str text;
  bool truth;
  switch (param->type) {
  case GF_API_STRING:
    return gf_value_string(v, &text) || gf_integer_text(v, &text, digits) ? NULL : "a string";
  case GF_API_INT: return gf_integer_text(v, &text, digits) ? NULL : "an integer";
  case GF_API_BOOL: return gf_value_bool(v, &truth) ? NULL : "a boolean";
  case GF_API_LIST: return gf_is_query_value(v) ? NULL : "a list of strings, numbers or booleans";
  case GF_API_ANY: break;
  }
  return NULL;
}

/* Is there such a parameter, wherever it goes, and is the value one for it? */
static bool check_param(const gf_call *call, gf_str name, gf_value v, gf_error *error) {
  bool known = false;
  gf_api_param param;
  for (size_t at = 0; gf_api_param_next(call->api, &at, &param);) {
    if (!gf_str_same(param.name, name)) continue;
    const char *expected = value_problem(&param, v);
    if (expected) return refuse_value(call->api, name, expected, v, error);
    known = true;
  }
  return known || refuse_param(call, name, error);
}

static bool is_body_field(const gf_api_op *api, gf_str name) {
  bool in_body = false, elsewhere = false;
  gf_api_param param;
  for (size_t at = 0; gf_api_param_next(api, &at, &param);)
    if (gf_str_same(param.name, name)) *(param.where == GF_IN_BODY ? &in_body : &elsewhere) = true;
  return in_body && !elsewhere;
}

/* `body` is the whole of it: there is no room for fields beside. */
static bool check_beside_body(const gf_api_op *api, gf_str name, gf_error *error) {
  char word[64];
  if (strcmp(api->method, "GET") == 0) {
    snprintf(error->message, sizeof error->message, "'%s' is a GET and takes no 'body'", api->name);
    return false;
  }
  if (!is_body_field(api, name)) return true;
  snprintf(error->message, sizeof error->message, "'%s': 'body' is the whole body, '%s' goes into it",
           api->name, shown(name, word));
  return false;
}

bool gf_call_take(gf_call *call, gf_error *error) {
  gf_str given = call->args[NAME].string, name;
  if (given.n == 0) return true; /* missing-mandatory-data, as for every operation */
  call->api = gf_api_named(given);
  if (!call->api) return refuse_name(given, error);
  call->result.operation = call->api->name; /* says more than "call" */
  bool whole = !gf_value_is_absent(whole_body(call));
  gf_value params = params_of(call);
  gf_iter it = gf_iterate(params);
  for (void *k, *node; gf_iter_next(&it, &k, &node);) {
    gf_value_string((gf_value){params.doc, k}, &name);
    if (whole && !check_beside_body(call->api, name, error)) return false;
    if (!gf_str_eq(name, "body") && !check_param(call, name, (gf_value){params.doc, node}, error))
      return false;
  }
  return true;
}

/* --------------------------------------------------------------------------------------------- what must be there -- */

static void refuse(gf_call *call, gf_status status, const gf_api_param *param, const char *problem) {
  gf_verdict verdict = {.status = status};
  snprintf(verdict.words, sizeof verdict.words, "parameter '%.*s' of %s %s", (int)param->name.n,
           param->name.p, call->api->name, problem);
  gf_finish(call, &verdict, NULL);
}

static void check_text(gf_call *call, const gf_api_param *param, gf_value v) {
  gf_str text;
  if (!gf_value_string(v, &text)) return;
  if (text.n == 0 && (param->where == GF_IN_PATH || (param->where == GF_IN_QUERY && param->is_required)))
    refuse(call, GF_MISSING_DATA, param, "is empty");
  else if (param->is_route && gf_has_dots(text, false)) /* it would lead out of where the route begins */
    refuse(call, GF_INVALID_DATA, param, "holds a segment '.' or '..'");
}

/* All that are missing are named at once. */
static void refuse_missing(gf_call *call, const char *names, size_t n) {
  gf_verdict verdict = {.status = GF_MISSING_DATA};
  snprintf(verdict.words, sizeof verdict.words, "%s needs the parameter%s %s", call->api->name,
           n > 1 ? "s" : "", names);
  gf_finish(call, &verdict, NULL);
}

void gf_call_check(gf_call *call) {
  char names[256] = "";
  size_t n = 0, at = 0;
  bool whole = !gf_value_is_absent(whole_body(call));
  gf_api_param param;
  for (size_t i = 0; !call->done && gf_api_param_next(call->api, &i, &param);) {
    gf_value v = param_value(call, param.name);
    check_text(call, &param, v);
    bool due = param.is_required && !(whole && param.where == GF_IN_BODY);
    if (!due || !gf_value_is_absent(v) || at + param.name.n + 8 > sizeof names) continue;
    at += (size_t)snprintf(names + at, sizeof names - at, "%s'%.*s'", n++ ? ", " : "", (int)param.name.n,
                           param.name.p);
  }
  if (n && !call->done) refuse_missing(call, names, n);
}

/* ------------------------------------------------------------------------------------------------- the request -- */

static void add_route(gf_buf *path, gf_str route) {
  while (route.n && route.p[0] == '/') /* the template has it */
    route.p++, route.n--;
  for (size_t at = 0; at < route.n;) {
    const char *slash = memchr(route.p + at, '/', route.n - at);
    size_t n = slash ? (size_t)(slash - route.p) - at : route.n - at;
    gf_add_encoded(path, (gf_str){route.p + at, n});
    if (slash) gf_buf_add_char(path, '/');
    at += n + 1;
  }
}

static bool param_named(const gf_api_op *api, gf_where where, gf_str name, gf_api_param *param) {
  for (size_t at = 0; gf_api_param_next(api, &at, param);)
    if (param->where == where && gf_str_same(param->name, name)) return true;
  return false;
}

/* What need not be given leaves ":name" standing. */
static void add_segment(gf_call *call, gf_buf *path, gf_str name) {
  char digits[24];
  gf_str text;
  gf_api_param param;
  gf_value v = param_value(call, name);
  if (!gf_value_string(v, &text) && !gf_integer_text(v, &text, digits)) {
    gf_buf_add_char(path, ':');
    gf_buf_add(path, name.p, name.n);
  } else if (param_named(call->api, GF_IN_PATH, name, &param) && param.is_route) {
    add_route(path, text);
  } else {
    gf_add_encoded(path, text);
  }
}

static void add_path(gf_call *call, gf_buf *path) {
  const char *at = call->api->path;
  gf_buf_add_str(path, "/api");
  for (const char *open = strchr(at, '{'); open; open = strchr(at, '{')) {
    gf_str name = {open + 1, strcspn(open + 1, "}")};
    gf_buf_add(path, at, (size_t)(open - at));
    add_segment(call, path, name);
    at = name.p + name.n + 1;
  }
  gf_buf_add_str(path, at);
}

static void add_list(gf_call *call, gf_buf *query, const gf_api_param *param, gf_value list) {
  bool first = true;
  gf_iter it = gf_iterate(list);
  for (void *k, *node; gf_iter_next(&it, &k, &node); first = false) {
    if (first || !param->is_joined)
      gf_add_query_name(query, param->name);
    else
      gf_buf_add_char(query, ',');
    gf_add_scalar(call, query, (gf_value){list.doc, node});
  }
}

static void add_query(gf_call *call, gf_buf *query) {
  gf_api_param param;
  for (size_t at = 0; gf_api_param_next(call->api, &at, &param);) {
    gf_value v = param_value(call, param.name);
    if (param.where != GF_IN_QUERY || gf_value_is_absent(v)) continue;
    if (unsafe_yyjson_is_ctn(v.node)) {
      add_list(call, query, &param, v);
    } else {
      gf_add_query_name(query, param.name);
      gf_add_scalar(call, query, v);
    }
  }
}

static void add_fields(gf_call *call, gf_buf *body) {
  gf_api_param param;
  gf_buf_add_char(body, '{');
  for (size_t at = 0; gf_api_param_next(call->api, &at, &param);) {
    gf_value v = param_value(call, param.name);
    if (param.where != GF_IN_BODY || gf_value_is_absent(v)) continue;
    if (body->n > 1) gf_buf_add_char(body, ',');
    gf_add_json_string(body, param.name);
    gf_buf_add_char(body, ':');
    gf_add_json_value(call, body, v);
  }
  gf_buf_add_char(body, '}');
}

void gf_call_start(gf_call *call) {
  gf_value whole = whole_body(call);
  gf_ask ask = {.purpose = GF_MAIN, .method = call->api->method};
  gf_parts parts;
  gf_parts_init(call, &parts);
  add_path(call, &parts.path);
  add_query(call, &parts.query);
  if (!gf_value_is_absent(whole))
    gf_add_whole_body(call, &parts.body, whole);
  else if (call->api->has_body)
    add_fields(call, &parts.body);
  gf_ask_parts(call, &ask, &parts);
}

/* ------------------------------------------------------------------------------------------------- how it is done -- */

/* clang-format off */

const gf_op_rule gf_rule_call = {
    .org_header = true,
    .any_answer = true,
    .take = gf_call_take,
    .check = gf_call_check,
    .start = gf_call_start,
    .on_answer = gf_answer_take,
};

/* clang-format on */
