/* SPDX-License-Identifier: MIT
 *
 * What a caller gives to an operation: wrong kinds are programming errors (an error, no call); values that are not enough
 * make a call that is done at once. */
#include "gf_internal.h"

#include <stdio.h>

static const gf_param general[] = {
    {.name = "timeout", .type = GF_T_INT, .text = "milliseconds for one request"},
    {.name = "deadline", .type = GF_T_INT, .text = "milliseconds for the whole call with its retries"},
    {.name = "max_retries", .type = GF_T_INT, .text = "how often a request is sent again"},
    {.name = "headers", .type = GF_T_OBJECT, .text = "further headers, name to value"},
    {.name = "raw", .type = GF_T_BOOL, .text = "objects of the result come as documents that stay in C"},
    {.name = "on_progress",
     .type = GF_T_FUNCTION,
     .text = "lists and fan-outs only: called with done, total, failed as it goes on"},
    {.name = "page", .type = GF_T_INT, .text = "lists only: just this page, from 1"},
    {.name = "perpage", .type = GF_T_INT, .text = "lists only: items on a page"},
};

/* The last two are for lists only, the one before them for all that may send many requests. */
const gf_param *gf_general_options(const gf_op *op, size_t *count) {
  bool is_list = !op || op->rule->paging.list, may_send_many = is_list || op->rule->more;
  *count = sizeof general / sizeof *general - (is_list ? 0 : 2) - (may_send_many ? 0 : 1);
  return general;
}

static bool fail(gf_error *error, const char *what, const char *name, const char *problem) {
  snprintf(error->message, sizeof error->message, "%s '%.60s': %.150s", what, name, problem);
  return false;
}

/* ---------------------------------------------------------------------------------------------------------- kinds -- */

static bool is_doc_of(const gf_arg *arg, bool object) {
  if (arg->kind != GF_ARG_DOC) return false;
  void *root = gf_doc_root(arg->doc).node;
  return object ? unsafe_yyjson_is_obj(root) : unsafe_yyjson_is_arr(root);
}

/* Digits go into bodies as they are. */
static bool is_whole_number(const gf_arg *arg) {
  if (arg->kind != GF_ARG_NUMBER) return arg->kind == GF_ARG_INT;
  size_t first = arg->string.n > 0 && arg->string.p[0] == '-';
  for (size_t i = first; i < arg->string.n; i++)
    if (arg->string.p[i] < '0' || arg->string.p[i] > '9') return false;
  return arg->string.n > first;
}

static bool is_strings(const gf_arg *arg) {
  gf_str text;
  if (!is_doc_of(arg, false)) return arg->kind == GF_ARG_STRING;
  gf_iter it = gf_iterate(gf_doc_root(arg->doc));
  for (void *k, *v; gf_iter_next(&it, &k, &v);)
    if (!gf_value_string((gf_value){arg->doc, v}, &text)) return false;
  return true;
}

static const char *kind_problem(gf_type type, const gf_arg *arg) {
  switch (type) {
  case GF_T_STRING:
  case GF_T_ROLE: return arg->kind == GF_ARG_STRING ? NULL : "a string is expected";
  case GF_T_INT: return is_whole_number(arg) ? NULL : "an integer is expected";
  case GF_T_BOOL: return arg->kind == GF_ARG_BOOL ? NULL : "a boolean is expected";
  case GF_T_ORG:
    return is_whole_number(arg) || arg->kind == GF_ARG_OWN ? NULL : "an organisation's id or own is expected";
  case GF_T_ID:
    return is_whole_number(arg) || arg->kind == GF_ARG_STRING ? NULL : "a number or a string is expected";
  case GF_T_OBJECT: return is_doc_of(arg, true) ? NULL : "an object is expected";
  case GF_T_LIST: return is_doc_of(arg, false) ? NULL : "a list is expected";
  case GF_T_STRINGS: return is_strings(arg) ? NULL : "a string or a list of strings is expected";
  case GF_T_BODY:
    return arg->kind == GF_ARG_DOC || arg->kind == GF_ARG_STRING
               ? NULL
               : "an object, a list or a string is expected";
  case GF_T_STRING_OR_NULL:
    return arg->kind == GF_ARG_STRING || arg->kind == GF_ARG_NULL ? NULL : "a string or null is expected";
  case GF_T_FUNCTION: return "the core calls no functions";
  }
  return "is of no known type";
}

/* --------------------------------------------------------------------------------------------------------- copies -- */

static bool copy_arg(gf_call *call, gf_arg *to, char **text, const gf_arg *from, gf_error *error) {
  *to = *from;
  bool copied = true;
  if (from->kind == GF_ARG_DOC) { /* its owner may change it while the call is under way */
    to->doc = gf_doc_copy(from->doc);
    copied = to->doc != NULL;
  } else if (from->kind == GF_ARG_STRING || from->kind == GF_ARG_NUMBER) {
    to->string.p = *text = gf_strdup_n(&call->client->alloc, from->string);
    copied = *text != NULL;
  }
  if (copied) return true;
  to->kind = GF_ARG_NIL;
  snprintf(error->message, sizeof error->message, "not enough memory");
  return false;
}

/* The organisation in effect: the argument, else the client's. */
static bool resolve_org(gf_call *call, const gf_param *param, const gf_arg *arg, gf_error *error) {
  const gf_arg *org = arg->kind == GF_ARG_NIL ? &call->client->org : arg;
  char digits[24];
  if (org->kind == GF_ARG_OWN || (org->kind == GF_ARG_NIL && param->optional)) return true;
  if (org->kind == GF_ARG_NIL)
    return fail(error, "argument", param->name,
                "an organisation's id or grafana.own is expected, for none was given to connect");
  gf_str text = org->string;
  if (org->kind == GF_ARG_INT) text = gf_digits(org->integer, digits);
  call->own_org = false;
  gf_set_var(call, "org", text, false);
  return true;
}

static bool take_positional(gf_call *call, const gf_arg *args, size_t n, gf_error *error) {
  const gf_arg nothing = {.kind = GF_ARG_NIL};
  size_t i = 0;
  call->own_org = true; /* unless an argument names another */
  for (; i < GF_MAX_PARAMS && call->op->params[i].name; i++) {
    const gf_param *param = &call->op->params[i];
    const gf_arg *arg = i < n ? &args[i] : &nothing;
    if (arg->kind != GF_ARG_NIL) {
      const char *problem = kind_problem(param->type, arg);
      if (problem) return fail(error, "argument", param->name, problem);
    } else if (!param->optional && param->type != GF_T_ORG) {
      return fail(error, "argument", param->name, "is missing");
    }
    if (!copy_arg(call, &call->args[i], &call->arg_text[i], arg, error)) return false;
    if (param->type == GF_T_ORG && !resolve_org(call, param, arg, error)) return false;
  }
  if (n > i) return fail(error, "operation", call->op->name, "too many arguments");
  return true;
}

/* -------------------------------------------------------------------------------------------------------- options -- */

/* The type of a body is the client's own business, unless the body may be any. */
static const char *header_problem(const gf_call *call, gf_header header) {
  bool may_be = call->op->rule->any_answer && gf_str_ieq(header.name, "Content-Type");
  if (may_be) header.name = gf_z("Accept"); /* judged by its value */
  return gf_header_problem(header);
}

static const char *headers_problem(const gf_call *call, gf_doc *doc) {
  gf_iter it = gf_iterate(gf_doc_root(doc));
  size_t n = 0;
  for (void *k, *v; gf_iter_next(&it, &k, &v); n++) {
    gf_header header;
    if (!gf_value_string((gf_value){doc, k}, &header.name) ||
        !gf_value_string((gf_value){doc, v}, &header.value))
      return "its names and values must be strings";
    const char *problem = header_problem(call, header);
    if (problem) return problem;
  }
  return n > GF_MAX_SENT_HEADERS ? "it holds too many headers" : NULL;
}

static const char *take_number(int64_t *to, const gf_arg *arg, int64_t least, int64_t most) {
  if (arg->kind != GF_ARG_INT) return "an integer is expected";
  if (arg->integer < least || arg->integer > most)
    return least ? "an integer from 1 to 2^30 is expected" : "an integer from 0 to 2^30 is expected";
  *to = arg->integer;
  return NULL;
}

static const char *take_general(gf_call *call, const gf_param *option, const gf_arg *arg) {
  enum { MOST = 1 << 30 };
  int64_t retries = 0;
  const char *problem = kind_problem(option->type, arg);
  if (problem) return problem;
  if (strcmp(option->name, "timeout") == 0) return take_number(&call->settings.timeout_ms, arg, 0, MOST);
  if (strcmp(option->name, "deadline") == 0) return take_number(&call->settings.deadline_ms, arg, 0, MOST);
  if (strcmp(option->name, "page") == 0) return take_number(&call->page, arg, 1, MOST);
  if (strcmp(option->name, "perpage") == 0) return take_number(&call->perpage, arg, 1, MOST);
  if (strcmp(option->name, "max_retries") == 0) {
    problem = take_number(&retries, arg, 0, MOST);
    if (!problem) call->settings.max_retries = (int)retries;
    return problem;
  }
  if (strcmp(option->name, "raw") == 0) {
    call->raw = arg->boolean;
    return NULL;
  }
  problem = headers_problem(call, arg->doc);
  if (problem) return problem;
  gf_doc_release(call->headers);
  call->headers = gf_doc_copy(arg->doc);
  return call->headers ? NULL : "not enough memory";
}

static const gf_param *find_param(const gf_param *params, size_t count, gf_str name, size_t *index) {
  for (size_t i = 0; i < count && params[i].name; i++) {
    if (!gf_str_eq(name, params[i].name)) continue;
    *index = i;
    return &params[i];
  }
  return NULL;
}

static bool take_option(gf_call *call, const gf_option *given, gf_error *error) {
  char name[64];
  size_t i = 0, count;
  const char *problem = "no such option";
  snprintf(name, sizeof name, "%.*s", given->name.n > 60 ? 60 : (int)given->name.n, given->name.p);
  if (given->value.kind == GF_ARG_NIL) return true;
  const gf_param *option = find_param(call->op->options, GF_MAX_OPTIONS, given->name, &i);
  if (option) {
    problem = kind_problem(option->type, &given->value);
    if (problem) return fail(error, "option", name, problem);
    return call->options[i].kind != GF_ARG_NIL ||
           copy_arg(call, &call->options[i], &call->option_text[i], &given->value, error);
  }
  const gf_param *others = gf_general_options(call->op, &count);
  option = find_param(others, count, given->name, &i);
  if (option) problem = take_general(call, option, &given->value);
  return problem ? fail(error, "option", name, problem) : true;
}

/* An organisation that is an option. */
static bool take_org_option(gf_call *call, gf_error *error) {
  for (int i = 0; i < GF_MAX_OPTIONS && call->op->options[i].name; i++)
    if (call->op->options[i].type == GF_T_ORG)
      return resolve_org(call, &call->op->options[i], &call->options[i], error);
  return true;
}

bool gf_take_args(gf_call *call, const gf_arg *args, size_t n, const gf_option *options, size_t n_options,
                  gf_error *error) {
  if (!take_positional(call, args, n, error)) return false;
  for (size_t i = 0; i < n_options; i++)
    if (!take_option(call, &options[i], error)) return false;
  if (!take_org_option(call, error)) return false;
  if (call->op->rule->take && !call->op->rule->take(call, error)) return false;
  if (call->lacks_memory) snprintf(error->message, sizeof error->message, "not enough memory");
  return !call->lacks_memory;
}

/* --------------------------------------------------------------------------------------------------------- values -- */

static void refuse(gf_call *call, gf_status status, const char *what, const char *name, const char *problem) {
  gf_verdict verdict = {.status = status};
  snprintf(verdict.words, sizeof verdict.words, "%s '%.100s' %s", what, name, problem);
  gf_finish(call, &verdict, NULL);
}

static void check_text(gf_call *call, const char *what, const gf_param *param, gf_str text,
                       bool may_be_empty) {
  if (text.n == 0 && !may_be_empty)
    refuse(call, GF_MISSING_DATA, what, param->name, "is empty");
  else if (!gf_is_utf8(text))
    refuse(call, GF_INVALID_DATA, what, param->name, "is not valid UTF-8");
  else if (text.n && (memchr(text.p, '\r', text.n) || memchr(text.p, '\n', text.n)))
    refuse(call, GF_INVALID_DATA, what, param->name, "holds a line break");
}

static void check_texts(gf_call *call, const char *what, const gf_param *param, const gf_arg *arg,
                        bool may_be_empty) {
  gf_str text;
  if (param->type == GF_T_BODY) return; /* whatever it is */
  if (arg->kind == GF_ARG_STRING) check_text(call, what, param, arg->string, may_be_empty);
  if (arg->kind != GF_ARG_DOC || param->type != GF_T_STRINGS) return;
  gf_iter it = gf_iterate(gf_doc_root(arg->doc));
  if (it.left == 0 && !may_be_empty) refuse(call, GF_MISSING_DATA, what, param->name, "is empty");
  for (void *k, *v; !call->done && gf_iter_next(&it, &k, &v);)
    if (gf_value_string((gf_value){arg->doc, v}, &text)) check_text(call, what, param, text, false);
}

static bool has_key(gf_value data, const char *from, size_t n) {
  char key[32];
  gf_str text;
  memcpy(key, from, n);
  key[n] = 0;
  gf_value v = gf_value_get(data, key);
  if (!gf_value_is_given(v)) return false;
  return !gf_value_string(v, &text) || text.n > 0;
}

/* One word of `required`: a key, or alternatives "login|email". */
static bool has_one_of(gf_value data, const char *word, size_t n) {
  const char *end = word + n;
  while (word < end) {
    const char *bar = memchr(word, '|', (size_t)(end - word));
    size_t length = (size_t)((bar ? bar : end) - word);
    if (has_key(data, word, length)) return true;
    word += length + 1;
  }
  return false;
}

static void check_required(gf_call *call, const gf_param *param, const gf_arg *arg) {
  char problem[96];
  for (const char *word = param->required; !call->done && word && *word;) {
    size_t n = strcspn(word, " ");
    if (!has_one_of(gf_doc_root(arg->doc), word, n)) {
      snprintf(problem, sizeof problem, "lacks the key %.*s", (int)n, word);
      for (char *bar = strchr(problem, '|'); bar; bar = strchr(problem, '|'))
        *bar = '/';
      refuse(call, GF_MISSING_DATA, "argument", param->name, problem);
    }
    word += n;
    if (*word == ' ') word++;
  }
}

/* Digits, zero-terminated, of a number that a server may have given as an id. */
static bool is_id(gf_str text) {
  static const char most[] = "9223372036854775807";
  size_t n = sizeof most - 1;
  return text.n > 0 && text.p[0] >= '1' && text.p[0] <= '9' && text.n <= n &&
         strspn(text.p, "0123456789") == text.n && (text.n < n || memcmp(text.p, most, n) <= 0);
}

/* An id that is none would be passed over by the server, which then takes the credentials' own organisation. */
static void check_org(gf_call *call) {
  char digits[24];
  gf_str org;
  if (!call->own_org && gf_get_var(call, "org", &org, digits) && !is_id(org))
    gf_finish_as(call, GF_NOT_FOUND, GF_ORG_NOT_FOUND, GF_NO_ORG);
}

static void check_ids(gf_call *call) {
  const gf_id_rule *ids = call->op->rule->ids;
  char digits[24];
  gf_str id;
  for (size_t i = 0; !call->done && i < sizeof call->op->rule->ids / sizeof *ids && ids[i].name; i++)
    if (!gf_var_is_text(call, ids[i].name) && gf_get_var(call, ids[i].name, &id, digits) && !is_id(id))
      gf_finish_as(call, ids[i].missing, GF_REASON_NONE, ids[i].say);
}

void gf_refuse_empty(gf_call *call, const char *key) {
  gf_str text;
  gf_verdict verdict = {.status = GF_MISSING_DATA};
  gf_value given = gf_value_get(gf_data_of(call), key);
  if (gf_value_is_absent(given)) return;
  if (!unsafe_yyjson_is_null(given.node) && !(gf_value_string(given, &text) && text.n == 0)) return;
  snprintf(verdict.words, sizeof verdict.words, "argument 'changes': the %s is empty", key);
  gf_finish(call, &verdict, NULL);
}

void gf_check_values(gf_call *call) {
  check_org(call);
  for (int i = 0; !call->done && i < GF_MAX_PARAMS && call->op->params[i].name; i++) {
    const gf_param *param = &call->op->params[i];
    check_texts(call, "argument", param, &call->args[i], param->may_be_empty);
    if (!call->done && param->required && call->args[i].kind == GF_ARG_DOC)
      check_required(call, param, &call->args[i]);
  }
  for (int i = 0; !call->done && i < GF_MAX_OPTIONS && call->op->options[i].name; i++)
    check_texts(call, "option", &call->op->options[i], &call->options[i], true);
  check_ids(call);
  if (!call->done && call->op->rule->check) call->op->rule->check(call);
}
