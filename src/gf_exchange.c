/* SPDX-License-Identifier: MIT
 *
 * Requests and their answers: making them, taking the answer's bytes in, parsing it. */
#include "gf_internal.h"

/* ------------------------------------------------------------------------------------------------------ headers -- */

static void add_header(gf_header_set *set, const char *name, gf_str value) {
  set->headers[set->n++] = (gf_header){gf_z(name), value};
}

/* Headers of the call's own option replace the client's of the same name. */
static bool is_replaced(const gf_call *call, gf_str name) {
  if (!call->headers) return false;
  gf_iter it = gf_iterate(gf_doc_root(call->headers));
  gf_str key;
  for (void *k, *v; gf_iter_next(&it, &k, &v);)
    if (gf_value_string((gf_value){call->headers, k}, &key) && gf_str_ieq(key, name.p)) return true;
  return false;
}

static bool is_given(const gf_call *call, const char *name) {
  for (size_t i = 0; i < call->client->n_headers; i++)
    if (gf_str_ieq(call->client->headers[i].name, name)) return true;
  return is_replaced(call, gf_z(name));
}

static void add_extra_headers(gf_call *call, gf_header_set *set) {
  const gf_client *client = call->client;
  for (size_t i = 0; i < client->n_headers; i++)
    if (!is_replaced(call, client->headers[i].name)) set->headers[set->n++] = client->headers[i];
  if (!call->headers) return;
  gf_iter it = gf_iterate(gf_doc_root(call->headers));
  for (void *k, *v; gf_iter_next(&it, &k, &v); set->n++) {
    gf_value_string((gf_value){call->headers, k}, &set->headers[set->n].name);
    gf_value_string((gf_value){call->headers, v}, &set->headers[set->n].value);
  }
}

static size_t extra_headers(const gf_call *call) {
  return call->client->n_headers + (call->headers ? gf_value_len(gf_doc_root(call->headers)) : 0);
}

/* The name and the value of what authorizes; NULL where nothing does. */
static const char *credentials(const gf_client *client, const char **name) {
  bool by_cookie = client->logs_in;
  *name = by_cookie ? "Cookie" : "Authorization";
  return by_cookie ? client->cookies : client->authorization;
}

static void fill_set(gf_call *call, gf_header_set *set, unsigned which, const char *secret_name) {
  const gf_client *client = call->client;
  gf_str org;
  char digits[24];
  if (!is_given(call, "Accept")) add_header(set, "Accept", gf_z("application/json"));
  if (!is_given(call, "User-Agent")) add_header(set, "User-Agent", gf_z(client->user_agent));
  if (set->secret) add_header(set, secret_name, gf_z(set->secret));
  if ((which & GF_WITH_BODY) && !is_given(call, "Content-Type"))
    add_header(set, "Content-Type", gf_z("application/json"));
  if ((which & GF_WITH_ORG) && gf_get_var(call, "org", &org, digits))
    add_header(set, "X-Grafana-Org-Id", org);
  if ((which & GF_WITHOUT_PROVENANCE) && !is_given(call, "X-Disable-Provenance"))
    add_header(set, "X-Disable-Provenance", gf_z("true"));
  add_extra_headers(call, set);
}

static gf_header_set *new_set(gf_call *call, unsigned which) {
  gf_client *client = call->client;
  const char *name = NULL, *secret = which & GF_WITH_CREDENTIALS ? credentials(client, &name) : NULL;
  size_t n = 6 + extra_headers(call), size = sizeof(gf_header_set) + n * sizeof(gf_header);
  gf_header_set *set = gf_alloc(&client->alloc, size + (secret ? strlen(secret) + 1 : 0));
  if (!set) return NULL;
  *set = (gf_header_set){.generation = client->generation, .id = ++client->last_headers_id};
  if (secret && *secret) set->secret = strcpy((char *)set + size, secret);
  fill_set(call, set, which, name);
  return set;
}

static bool is_used(const gf_call *call, const gf_header_set *set) {
  for (const gf_exchange *x = call->exchanges; x; x = x->next)
    if (x->stage == GF_ON_WIRE && x->req.headers == set->headers) return true;
  return false;
}

/* A server may set a cookie with each of a thousand answers: sets that nothing on the wire points into go. */
static void drop_older(gf_call *call, gf_header_set *newest) {
  for (gf_header_set **at = &newest->older; *at;) {
    gf_header_set *set = *at;
    if (is_used(call, set)) {
      at = &set->older;
      continue;
    }
    *at = set->older;
    gf_wipe(set->secret);
    gf_free(&call->client->alloc, set);
  }
}

void gf_exchange_redact(gf_call *call, const gf_exchange *x, char *text) {
  for (gf_header_set *set = call->header_sets[x->headers]; set; set = set->older)
    if (set->generation == x->generation) gf_redact_header(text, set->secret, call->client->logs_in);
  gf_client_redact(call->client, text);
}

bool gf_dress(gf_call *call, gf_exchange *x) {
  gf_header_set **at = &call->header_sets[x->headers], *set = *at;
  if (!set || set->generation != call->client->generation) {
    set = new_set(call, x->headers);
    if (!set) return false;
    set->older = *at;
    *at = set;
    drop_older(call, set);
  }
  x->generation = set->generation;
  x->req.headers = set->headers;
  x->req.n_headers = set->n;
  x->req.headers_id = set->id;
  return true;
}

/* ----------------------------------------------------------------------------------------------------- requests -- */

/* A spare one may have a buffer, which is used again. */
static gf_exchange *new_exchange(gf_call *call) {
  gf_exchange *x = call->spare;
  gf_buf body, head, cookies;
  gf_buf_init(&body, &call->client->alloc, call->settings.max_body + YYJSON_PADDING_SIZE);
  gf_buf_init(&head, &call->client->alloc, 2 * (GF_MAX_HEADERS_BYTES + GF_MAX_HEADERS));
  gf_buf_init_secret(&cookies, &call->client->alloc, GF_MAX_COOKIES);
  if (x) {
    call->spare = x->next;
    if (x->body.p) body = x->body;
  } else {
    x = gf_alloc(&call->client->alloc, sizeof *x);
  }
  if (x) *x = (gf_exchange){.retry_after_s = -1, .body = body, .head = head, .cookies = cookies};
  return x;
}

static char *build_url(gf_call *call, const gf_ask *ask, bool *unknown) {
  gf_buf url;
  gf_buf_init(&url, &call->client->alloc, GF_MAX_URL);
  gf_buf_add_str(&url, call->client->url);
  *unknown = !gf_add_path(&url, call, ask->path);
  gf_add_encoded(&url, ask->segment);
  if (ask->query.n) {
    gf_buf_add_char(&url, strchr(ask->path, '?') ? '&' : '?');
    gf_buf_add(&url, ask->query.p, ask->query.n);
  }
  if (*unknown) gf_buf_free(&url);
  return *unknown ? NULL : gf_buf_take(&url);
}

static unsigned headers_of(const gf_exchange *x, const gf_ask *ask) {
  return (ask->body ? GF_WITH_BODY : 0) | (ask->in_org ? GF_WITH_ORG : 0) |
         (ask->without_provenance ? GF_WITHOUT_PROVENANCE : 0) |
         (gf_is_login(x) ? 0 : GF_WITH_CREDENTIALS); /* a new session needs no old one */
}

/* Requests go out in the order in which they were made. */
static void append(gf_call *call, gf_exchange *x) {
  gf_exchange **end = &call->exchanges;
  while (*end)
    end = &(*end)->next;
  x->next = NULL;
  *end = x;
}

gf_exchange *gf_ask_for(gf_call *call, const gf_ask *ask) {
  bool unknown = false;
  gf_exchange *x = call->done ? NULL : new_exchange(call);
  char *url = x ? build_url(call, ask, &unknown) : NULL;
  if (!url) {
    if (ask->body) gf_wipe_bytes(ask->body, ask->body_length);
    gf_free(&call->client->alloc, ask->body);
    if (x) {
      x->next = call->spare;
      call->spare = x;
    }
    if (!unknown && !call->done) gf_lacks_memory(call);
    return NULL;
  }
  x->url = url;
  x->sent_body = ask->body;
  x->req = (gf_request){
      .id = ++call->last_id, .method = ask->method, .url = url, .body = {ask->body, ask->body_length}};
  x->purpose = ask->purpose;
  x->is_public = call->op->rule->is_public && ask->purpose == GF_MAIN;
  x->index = ask->index;
  x->headers = headers_of(x, ask);
  x->idempotent = ask->idempotent || (strcmp(ask->method, "POST") != 0 && strcmp(ask->method, "PATCH") != 0);
  x->passing = ask->passing;
  x->skim = ask->skim;
  x->taker = ask->taker;
  x->is_short_cut = ask->is_short_cut;
  append(call, x);
  return x;
}

gf_exchange *gf_ask_in_org(gf_call *call, int purpose, const char *path) {
  const gf_ask ask = {.purpose = purpose, .method = "GET", .path = path, .in_org = !call->own_org};
  return gf_ask_for(call, &ask);
}

gf_exchange *gf_ask_with(gf_call *call, gf_ask *ask, gf_buf *body) {
  ask->body_length = body->n;
  ask->body = gf_buf_take(body);
  if (ask->body) return gf_ask_for(call, ask);
  gf_lacks_memory(call);
  return NULL;
}

void gf_send_document(gf_call *call, gf_doc *doc) {
  gf_buf body;
  gf_buf_init_secret(&body, &call->client->alloc, GF_MAX_SENT_BODY);
  gf_add_json_value(call, &body, gf_doc_root(doc));
  gf_ask ask = {
      .purpose = GF_MAIN, .method = call->op->method, .path = call->op->path, .in_org = !call->own_org};
  call->main_sent = true;
  gf_ask_with(call, &ask, &body);
}

void gf_exchange_free(gf_call *call, gf_exchange *x) {
  for (gf_exchange **at = &call->exchanges; *at; at = &(*at)->next) {
    if (*at != x) continue;
    *at = x->next;
    break;
  }
  if (x->sent_body && x->req.body.n) /* bodies may hold passwords */
    gf_wipe_bytes(x->sent_body, x->req.body.n);
  gf_free(&call->client->alloc, x->url);
  gf_free(&call->client->alloc, x->sent_body);
  gf_free(&call->client->alloc, x->location);
  gf_buf_free(&x->cookies);
  gf_doc_release(x->doc);
  gf_buf_free(&x->head);
  if (x->passing && !x->body.failed)
    x->body.n = 0;
  else
    gf_buf_free(&x->body);
  x->next = call->spare;
  call->spare = x;
}

bool gf_is_write(const gf_exchange *x) {
  bool reads = strcmp(x->req.method, "GET") == 0 || strcmp(x->req.method, "HEAD") == 0;
  return !reads && x->purpose != GF_SIGN_IN;
}

gf_exchange *gf_exchange_find(gf_call *call, uint32_t id) {
  for (gf_exchange *x = call->exchanges; x; x = x->next)
    if (x->req.id == id && x->stage == GF_ON_WIRE) return x;
  return NULL;
}

/* ------------------------------------------------------------------------------------------------------ answers -- */

void gf_exchange_reset_answer(gf_call *call, gf_exchange *x) {
  x->code = 0;
  x->is_json = x->is_html = x->is_empty = x->too_large = x->is_encoded = false;
  x->is_typed = x->is_plain = x->is_text = false;
  x->head.n = 0;
  x->head_bytes = x->head_lines = x->expected = 0;
  x->retry_after_s = -1;
  x->retry_date_s = x->date_s = 0;
  gf_free(&call->client->alloc, x->location);
  x->location = NULL;
  gf_buf_free(&x->cookies);
  x->body.n = 0;
  x->body.failed = x->body.too_large = false;
  x->items = (gf_items){0};
  gf_doc_release(x->doc);
  x->doc = NULL;
  x->skimmed = false;
}

int gf_head(gf_call *call, uint32_t id, int code) {
  gf_exchange *x = gf_exchange_find(call, id);
  if (!x) return -1;
  gf_exchange_reset_answer(call, x);
  x->code = code;
  return 0;
}

static void note_type(gf_exchange *x, gf_str value) {
  x->is_json = gf_str_contains_ci(value, "json");
  x->is_html = gf_str_contains_ci(value, "text/html");
  x->is_plain = gf_str_contains_ci(value, "text/plain");
  x->is_typed = value.n > 0;
}

static bool digits_only(gf_str value, int64_t *number) {
  *number = 0;
  for (size_t i = 0; i < value.n; i++) {
    if (value.p[i] < '0' || value.p[i] > '9') return false;
    if (*number < INT64_C(1) << 50) *number = *number * 10 + (value.p[i] - '0');
  }
  return value.n > 0;
}

static int note_location(gf_call *call, gf_exchange *x, gf_str value) {
  gf_free(&call->client->alloc, x->location);
  x->location = gf_strdup_n(&call->client->alloc, value);
  if (!x->location) call->lacks_memory = true;
  return x->location ? 0 : -1;
}

static int note_length(gf_call *call, gf_exchange *x, gf_str value) {
  int64_t length;
  if (!digits_only(value, &length)) return 0;
  if ((uint64_t)length > call->settings.max_body) {
    x->too_large = true;
    return -1;
  }
  x->expected = (size_t)length;
  return 0;
}

int gf_header_line(gf_call *call, uint32_t id, gf_str name, gf_str value) {
  gf_exchange *x = gf_exchange_find(call, id);
  if (!x) return -1;
  x->head_bytes += name.n + value.n;
  if (++x->head_lines > GF_MAX_HEADERS || x->head_bytes > GF_MAX_HEADERS_BYTES) {
    x->too_large = true;
    return -1;
  }
  if (call->op->rule->any_answer) gf_answer_note_header(call, x, name, value);
  if (gf_str_ieq(name, "content-type"))
    note_type(x, value);
  else if (gf_str_ieq(name, "content-length"))
    return note_length(call, x, value);
  else if (gf_str_ieq(name, "content-encoding"))
    x->is_encoded = true;
  else if (gf_str_ieq(name, "location"))
    return note_location(call, x, value);
  else if (gf_str_ieq(name, "set-cookie"))
    return gf_note_cookie(call, x, value);
  else if (gf_str_ieq(name, "date"))
    gf_parse_http_date(value, &x->date_s);
  else if (gf_str_ieq(name, "retry-after") && !gf_parse_http_date(value, &x->retry_date_s) &&
           !digits_only(value, &x->retry_after_s))
    x->retry_after_s = -1;
  return 0;
}

size_t gf_received(const gf_exchange *x) { return x->items.taken + x->body.n; }

int gf_body(gf_call *call, uint32_t id, gf_str bytes) {
  gf_exchange *x = gf_exchange_find(call, id);
  if (!x) return -1;
  if (bytes.n > call->settings.max_body - gf_received(x)) {
    x->too_large = true;
    return -1;
  }
  if (x->body.n == 0 && x->expected > bytes.n && !x->taker)
    gf_buf_reserve(&x->body, x->expected + YYJSON_PADDING_SIZE);
  gf_buf_add(&x->body, bytes.p, bytes.n);
  if (x->body.failed) call->lacks_memory = true;
  uint32_t before = call->last_id;
  if (x->taker && !x->body.failed) gf_items_take(call, x);
  if (call->lacks_memory || call->done) return -1;
  return call->last_id != before;
}

static bool looks_like_html(const gf_buf *body) {
  size_t i = 0;
  while (i < body->n && (unsigned char)body->p[i] <= ' ')
    i++;
  return i < body->n && body->p[i] == '<';
}

static bool is_blank(const gf_buf *body) {
  for (size_t i = 0; i < body->n; i++)
    if ((unsigned char)body->p[i] > ' ') return false;
  return true;
}

static bool skim(gf_call *call, gf_exchange *x) {
  if (!x->skim || x->code != 200) return false;
  x->doc = x->skim(call, (gf_str){x->body.p, x->body.n}, &x->skimmed);
  if (x->skimmed && !x->doc) gf_lacks_memory(call);
  return x->skimmed;
}

void gf_exchange_parse(gf_call *call, gf_exchange *x) {
  gf_json_error error;
  if (x->taker && x->code == 200) x->skimmed = gf_items_end(call, x);
  if (call->lacks_memory) gf_lacks_memory(call);
  if (x->skimmed || call->done) return;
  x->is_empty = is_blank(&x->body);
  if (x->is_empty) return;
  if (looks_like_html(&x->body) && !gf_answer_is_markup(call, x)) x->is_html = true;
  if (call->op->rule->any_answer && gf_answer_stays_text(call, x)) return;
  if (x->is_html || skim(call, x)) return;
  if (!gf_buf_reserve(&x->body, YYJSON_PADDING_SIZE)) {
    gf_lacks_memory(call);
    return;
  }
  size_t length = x->body.n;
  const gf_allocator *alloc = &call->client->alloc;
  if (x->passing && length <= GF_MAX_PASSING)
    x->doc = gf_doc_parse_passing(alloc, &call->arena, x->body.p, length, &error);
  else
    x->doc = gf_doc_parse_owned(alloc, gf_buf_take(&x->body), length, &error);
  if (!x->doc && error.no_memory) gf_lacks_memory(call);
}
