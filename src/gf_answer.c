/* SPDX-License-Identifier: MIT
 *
 * Answers of which everything is wanted: the code, the headers, and the body whatever it is. So it is with requests of
 * which the core knows no more than what Grafana's documentation says, or not even that.
 *
 * The header lines are kept as "name\0value\0", the names in lower case, and become a document in the end. What a server
 * echoes of secrets when it refuses something is blanked out.
 */
#include "gf_internal.h"

/* ------------------------------------------------------------------------------------------------- headers -- */

/* Values that are no UTF-8 are Latin-1, the only other thing that HTTP knows. No zero inside: it ends a value. */
static void add_value(gf_buf *buf, gf_str value) {
  bool utf8 = gf_is_utf8(value);
  for (size_t i = 0; i < value.n; i++) {
    unsigned char c = (unsigned char)value.p[i];
    if (!utf8 && c >= 0x80) gf_buf_add_char(buf, (char)(0xC0 | c >> 6));
    gf_buf_add_char(buf, c == 0 ? ' ' : utf8 || c < 0x80 ? (char)c : (char)(0x80 | (c & 0x3F)));
  }
  gf_buf_add_char(buf, 0);
}

/* A cookie is as good as a password. */
void gf_answer_note_header(gf_call *call, gf_exchange *x, gf_str name, gf_str value) {
  if (x->purpose != GF_MAIN || name.n == 0) return;
  if (gf_str_ieq(name, "set-cookie") || gf_str_ieq(name, "set-cookie2")) return;
  for (size_t i = 0; i < name.n; i++) {
    unsigned char c = (unsigned char)name.p[i];
    gf_buf_add_char(&x->head, c >= 'A' && c <= 'Z' ? (char)(c + 32) : c > ' ' && c < 127 ? (char)c : '?');
  }
  gf_buf_add_char(&x->head, 0);
  add_value(&x->head, value);
  if (x->head.failed) call->lacks_memory = true;
}

/* The value of the line at `at`, and where the next one is. */
static const char *value_at(const char *at, const char **next) {
  const char *value = at + strlen(at) + 1;
  *next = value + strlen(value) + 1;
  return value;
}

/* All values of the name at `at`, from there on. */
static void add_values(gf_buf *all, const char *at, const char *end) {
  const char *next, *name = at;
  for (; at < end; at = next) {
    const char *value = value_at(at, &next);
    if (strcmp(at, name) != 0) continue;
    if (at != name) gf_buf_add_str(all, ", ");
    gf_buf_add_str(all, value);
  }
}

static bool fill_headers(const gf_allocator *alloc, const gf_exchange *x, gf_doc *doc) {
  yyjson_mut_doc *tree = doc->store->tree;
  yyjson_mut_val *root = yyjson_mut_obj(tree);
  const char *next, *begin = x->head.n ? x->head.p : "", *end = begin + x->head.n;
  bool fine = root != NULL;
  for (const char *at = begin; fine && at < end; at = next) {
    gf_buf all;
    value_at(at, &next);
    if (yyjson_mut_obj_get(root, at)) continue;
    gf_buf_init(&all, alloc, 2 * (GF_MAX_HEADERS_BYTES + GF_MAX_HEADERS));
    add_values(&all, at, end);
    fine = !all.failed && yyjson_mut_obj_add(root, yyjson_mut_strcpy(tree, at),
                                             yyjson_mut_strncpy(tree, all.p ? all.p : "", all.n));
    gf_buf_free(&all);
  }
  if (fine) gf_doc_set_root(doc, root);
  return fine;
}

static void put_headers(gf_call *call, gf_exchange *x) {
  gf_doc *doc = gf_doc_new(&call->client->alloc);
  if (doc && fill_headers(&call->client->alloc, x, doc))
    gf_put_value(call, "headers", gf_doc_root(doc));
  else
    gf_lacks_memory(call);
  gf_doc_release(doc);
}

/* ---------------------------------------------------------------------------------------------- text or JSON -- */

/* Markup of another kind than a page: XML, SVG. */
bool gf_answer_is_markup(const gf_call *call, const gf_exchange *x) {
  return call->op->rule->any_answer && x->is_typed && !x->is_json && !x->is_plain;
}

static bool begins_like_json(const gf_buf *body) {
  size_t i = 0;
  while (i < body->n && (unsigned char)body->p[i] <= ' ')
    i++;
  return i < body->n && (body->p[i] == '{' || body->p[i] == '[');
}

/* JSON is what is called so. Plain text is JSON where it reads as an object or a list. */
bool gf_answer_stays_text(gf_call *call, gf_exchange *x) {
  gf_json_error error;
  if (x->purpose != GF_MAIN || (x->is_json && !x->is_html)) return false;
  if (!x->is_html && (x->is_plain || !x->is_typed) && begins_like_json(&x->body)) {
    x->doc = gf_doc_parse(&call->client->alloc, (gf_str){x->body.p, x->body.n}, &error);
    if (!x->doc && error.no_memory) gf_lacks_memory(call);
  }
  x->is_text = !x->doc;
  return true;
}

static bool asks_for_pages(gf_header header) {
  return gf_str_ieq(header.name, "Accept") && gf_str_contains_ci(header.value, "text/html");
}

static bool wants_pages(const gf_call *call) {
  for (size_t i = 0; i < call->client->n_headers; i++)
    if (asks_for_pages(call->client->headers[i])) return true;
  if (!call->headers) return false;
  gf_iter it = gf_iterate(gf_doc_root(call->headers));
  for (void *k, *v; gf_iter_next(&it, &k, &v);) {
    gf_header header;
    if (gf_value_string((gf_value){call->headers, k}, &header.name) &&
        gf_value_string((gf_value){call->headers, v}, &header.value) && asks_for_pages(header))
      return true;
  }
  return false;
}

bool gf_answer_is_one(const gf_call *call, const gf_exchange *x) {
  if (!call->op->rule->any_answer || x->purpose != GF_MAIN) return false;
  bool json_is_due = x->is_json && x->code == 200 && strcmp(x->req.method, "GET") == 0;
  if (x->is_empty) return !json_is_due && !x->is_html;
  return x->is_text && (!x->is_html || wants_pages(call));
}

/* -------------------------------------------------------------------------------------------------- secrets -- */

/* What must not be shown, of a call's arguments. */
typedef struct secrets {
  const char *list[256];
  size_t n;
  gf_doc *parsed; /* of a body that was given as a text; NULL: it was none, or is no JSON */
  bool unknown;   /* memory lacked to look */
} secrets;

enum { MAX_LEVELS = 16 }; /* of an argument, in which secrets are looked for */

static bool names_secret(gf_str key) {
  static const char *const words[] = {"password",   "secure",     "secret",         "token",
                                      "apikey",     "api_key",    "privatekey",     "private_key",
                                      "accesskey",  "access_key", "integrationkey", "userkey",
                                      "credential", "passphrase", "authorization"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (gf_str_contains_ci(key, words[i])) return true;
  return false;
}

static void find_secrets(secrets *found, gf_value v, bool below_secret, int level) {
  gf_str text;
  if (below_secret && gf_value_string(v, &text) && found->n < sizeof found->list / sizeof *found->list)
    found->list[found->n++] = text.p;
  if (level == MAX_LEVELS || gf_value_len(v) == 0) return;
  bool object = unsafe_yyjson_is_obj(v.node);
  gf_iter it = gf_iterate(v);
  for (void *k, *node; gf_iter_next(&it, &k, &node);) {
    bool secret =
        below_secret || (object && gf_value_string((gf_value){v.doc, k}, &text) && names_secret(text));
    find_secrets(found, (gf_value){v.doc, node}, secret, level + 1);
  }
}

static gf_str text_of_body(const gf_call *call) {
  const gf_arg *body = gf_option_of(call, "body");
  gf_str text = {NULL, 0};
  if (body && body->kind == GF_ARG_STRING) return body->string;
  gf_value_string(gf_value_get(gf_data_of(call), "body"), &text);
  return text;
}

/* Give back by let_go. */
static secrets secrets_of(const gf_call *call) {
  secrets found = {.n = 0};
  gf_json_error error;
  const gf_arg *body = gf_option_of(call, "body"), *query = gf_option_of(call, "query");
  gf_str text = text_of_body(call);
  if (text.n) {
    found.parsed = gf_doc_parse(&call->client->alloc, text, &error);
    found.unknown = !found.parsed && error.no_memory;
  }
  if (found.parsed) find_secrets(&found, gf_doc_root(found.parsed), false, 0);
  find_secrets(&found, gf_data_of(call), false, 0);
  if (query && query->kind == GF_ARG_DOC) find_secrets(&found, gf_doc_root(query->doc), false, 0);
  if (body && body->kind == GF_ARG_DOC) find_secrets(&found, gf_doc_root(body->doc), false, 0);
  return found;
}

static void let_go(secrets *found) { gf_doc_release(found->parsed); }

void gf_answer_redact(gf_call *call, char *text) {
  secrets found = secrets_of(call);
  for (size_t i = 0; i < found.n; i++)
    gf_redact(text, found.list[i]);
  if (found.unknown) strcpy(text, "not enough memory");
  let_go(&found);
}

/* `text` has `n` bytes and a zero behind; there may be others inside. */
static void redact(gf_call *call, const gf_exchange *x, const secrets *found, char *text, size_t n) {
  for (size_t at = 0; at < n; at += strlen(text + at) + 1) {
    gf_exchange_redact(call, x, text + at);
    for (size_t i = 0; i < found->n; i++)
      gf_redact(text + at, found->list[i]);
  }
}

/* Strings of a document that was parsed lie in memory of our own. */
static void redact_document(gf_call *call, const gf_exchange *x, const secrets *found) {
  yyjson_doc *fixed = x->doc->store->fixed;
  for (size_t i = 0; i < yyjson_doc_get_val_count(fixed); i++)
    if (unsafe_yyjson_is_str(fixed->root + i))
      redact(call, x, found, (char *)(uintptr_t)unsafe_yyjson_get_str(fixed->root + i),
             unsafe_yyjson_get_len(fixed->root + i));
}

static void redact_answer(gf_call *call, gf_exchange *x) {
  secrets found = secrets_of(call);
  if (x->head.n) redact(call, x, &found, x->head.p, x->head.n - 1);
  if (x->doc)
    redact_document(call, x, &found);
  else if (x->is_text && gf_buf_reserve(&x->body, 0)) {
    x->body.p[x->body.n] = 0;
    redact(call, x, &found, x->body.p, x->body.n);
  }
  if (found.unknown) gf_lacks_memory(call);
  let_go(&found);
}

/* --------------------------------------------------------------------------------------------------- taking -- */

/* How the servers of /apis say that there is no such route. */
static bool is_no_resource(const gf_exchange *x) {
  static const char words[] = "404 page not found";
  if (x->code != 404) return false;
  if (x->is_text && !x->is_html)
    return x->body.n >= sizeof words - 1 && memcmp(x->body.p, words, sizeof words - 1) == 0;
  return gf_str_eq(gf_server_message(x), "the server could not find the requested resource");
}

static void judge_no_resource(gf_exchange *x) {
  if (x->verdict.status != GF_NOT_FOUND || !is_no_resource(x)) return;
  x->verdict = (gf_verdict){.status = GF_ERROR,
                            .reason = GF_UNSUPPORTED,
                            .code = x->code,
                            .say = "this server has no such operation"};
}

static bool is_empty_list(gf_value v) {
  return !gf_value_is_absent(v) && unsafe_yyjson_is_arr(v.node) && gf_value_len(v) == 0;
}

static void put_answer(gf_call *call, gf_exchange *x) {
  if (x->verdict.status != GF_OK) redact_answer(call, x);
  if (call->done) return; /* without memory */
  gf_put_int(call, "code", x->code);
  put_headers(call, x);
  if (x->doc) {
    gf_put_value(call, "body", gf_doc_root(x->doc));
    call->list_is_empty =
        is_empty_list(gf_doc_root(x->doc)) && !gf_is_write(x); /* may mean: no such organisation */
  } else if (x->is_text) {
    gf_take_text(call, "body", &x->body);
  }
}

void gf_answer_take(gf_call *call, gf_exchange *x) {
  bool whole = x->doc || x->is_text || x->is_empty;
  if (x->purpose != GF_MAIN) {
    gf_row_answer(call, x);
    return;
  }
  judge_no_resource(x);
  if (whole) put_answer(call, x);
  gf_row_settle(call, x);
}
