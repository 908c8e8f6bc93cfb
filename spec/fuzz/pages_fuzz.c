/* SPDX-License-Identifier: MIT
 *
 * Fuzzing of listings over whole pages of dashboards with libFuzzer. `make fuzz FUZZ=pages`.
 *
 * The first byte chooses what the rest is, the second how it is cut into pieces:
 *
 *   a page    its items come out as a parser sees them, however it is cut
 *   an item   what is skimmed of it is what is parsed of it
 *   answers   zero bytes between them: to the search, to the questions, then the pages. The listing is the same whether they
 *             come whole, in pieces, or are cut and sent again; an allocation that fails changes nothing else. An answer
 *             that begins with "!" has another code, which the next byte says. */
#include "script.h"

/* A copy whose two ways can be asked one by one. */
#define gf_panel_rows copied_panel_rows
#define gf_dashboard_row copied_dashboard_row
#define gf_panels_skim copied_panels_skim
#define gf_item_rows copied_item_rows
#include "../../src/gf_panels.c"
#undef gf_item_rows
gf_item_end gf_item_rows(gf_str text, const gf_item_wish *wish);

#define MUST(condition)                                                                                      \
  ((condition) ? (void)0 : (printf("%s:%d: %s\n", __FILE__, __LINE__, #condition), abort()))

static uint64_t draws;

/* The next of a row of numbers below `most`, which the input's second byte begins. */
static size_t draw(size_t most) {
  draws = draws * 6364136223846793005u + 1442695040888963407u;
  return (size_t)(draws >> 33) % most;
}

static size_t next_piece(unsigned how) { return how % 4 == 0 ? 1 : 1 + draw(how % 4 == 1 ? 8 : 600); }

static char *written(gf_value v) {
  const gf_allocator alloc = gf_default_allocator();
  size_t n;
  return gf_value_write(&alloc, v, (gf_write){.pretty = false}, &n, NULL);
}

/* -------------------------------------------------------------------------------------------------- a page -- */

typedef struct page {
  gf_call call; /* first: takers are given it */
  char *items;
  size_t n, length;
  char *token;
} page;

static void note_item(gf_call *call, gf_str text) {
  page *p = (page *)call;
  p->items = realloc(p->items, p->length + text.n + 1);
  memcpy(p->items + p->length, text.p, text.n);
  p->items[p->length + text.n] = 0;
  p->length += text.n + 1;
  p->n++;
}

static void note_token(gf_call *call, gf_exchange *x, gf_str token) {
  page *p = (page *)call;
  (void)x;
  MUST(token.n > 0);
  free(p->token);
  p->token = malloc(token.n + 1);
  memcpy(p->token, token.p, token.n);
  p->token[token.n] = 0;
}

/* Whether the text was understood to its end. */
static bool take_page(page *p, gf_str text, unsigned how) {
  static const gf_taker taker = {.item = note_item, .next = note_token};
  const gf_allocator alloc = gf_default_allocator();
  gf_exchange x = {.code = 200, .taker = &taker};
  gf_buf_init(&x.body, &alloc, 1 << 20);
  *p = (page){.n = 0};
  for (size_t at = 0, n; at < text.n; at += n) {
    n = how ? next_piece(how) : text.n;
    if (n > text.n - at) n = text.n - at;
    gf_buf_add(&x.body, text.p + at, n);
    if (how % 8 < 4) x.items.try_at = 0;
    gf_items_take(&p->call, &x);
    MUST(x.items.taken + x.body.n == at + n);
  }
  bool whole = gf_items_end(&p->call, &x);
  gf_buf_free(&x.body);
  return whole;
}

static void free_page(page *p) {
  free(p->items);
  free(p->token);
}

/* What a parser finds under the key, which may be there more than once: the first list. */
static gf_value first_list(gf_value root) {
  gf_iter it = gf_iterate(root);
  gf_str key;
  for (void *k, *v; gf_iter_next(&it, &k, &v);)
    if (gf_value_string((gf_value){root.doc, k}, &key) && gf_str_eq(key, "items"))
      return (gf_value){root.doc, v};
  return (gf_value){NULL, NULL};
}

static void compare_items(const page *p, gf_value list) {
  const gf_allocator alloc = gf_default_allocator();
  const char *at = p->items;
  MUST(is_list(list) && gf_value_len(list) == p->n);
  for (size_t i = 0; i < p->n; i++, at += strlen(at) + 1) {
    gf_doc *doc = gf_doc_parse(&alloc, gf_z(at), NULL);
    MUST(doc != NULL);
    char *taken = written(gf_doc_root(doc)), *parsed = written(gf_value_at(list, i));
    MUST(taken && parsed && strcmp(taken, parsed) == 0);
    free(taken);
    free(parsed);
    gf_doc_release(doc);
  }
}

/* What is no JSON may be taken up to another place when it comes in pieces: the skimmer looks ahead. */
static void fuzz_page(gf_str text, unsigned how) {
  const gf_allocator alloc = gf_default_allocator();
  page whole, cut;
  bool fine = take_page(&whole, text, 0), again = take_page(&cut, text, how | 1);
  gf_doc *doc = gf_doc_parse(&alloc, text, NULL);
  if (doc) {
    MUST(fine == again && whole.n == cut.n && whole.length == cut.length);
    MUST(whole.length == 0 || memcmp(whole.items, cut.items, whole.length) == 0);
    MUST(whole.token ? cut.token && strcmp(whole.token, cut.token) == 0 : !cut.token);
  }
  if (doc && fine) compare_items(&whole, first_list(gf_doc_root(doc)));
  gf_doc_release(doc);
  free_page(&whole);
  free_page(&cut);
}

/* ------------------------------------------------------------------------------------------------- an item -- */

static char found_name[4096];

static bool find(gf_call *call, gf_str uid, size_t *place, gf_value *url) {
  (void)call;
  snprintf(found_name, sizeof found_name, "%.*s", (int)uid.n, uid.p);
  *place = 7;
  *url = (gf_value){NULL, NULL};
  return true;
}

/* What is made of an item by one of the two ways: its name and its rows; NULL: nothing. */
static char *item_rows(gf_str text, unsigned how, bool skims, bool *understood) {
  gf_client client = {.alloc = gf_default_allocator()};
  gf_call call = {.client = &client};
  size_t place;
  gf_doc *rows = NULL;
  const gf_item_wish wish = {.call = &call,
                             .version = "v0alpha1",
                             .dashboard = how & 1,
                             .find = find,
                             .place = &place,
                             .rows = &rows};
  maker m = {.alloc = &client.alloc, .with_rows = how & 2};
  *understood = !skims || (skim_item(&m, text) && !m.name.escaped);
  gf_item_end end = !*understood ? GF_ITEM_UNKNOWN
                    : skims      ? make_item(&m, &wish)
                                 : parse_item(&m, text, &wish);
  gf_free(&client.alloc, m.panels);
  MUST(end != GF_ITEM_NO_MEMORY);
  char *json = end == GF_ITEM_TAKEN ? written(gf_doc_root(rows)) : NULL;
  gf_doc_release(rows);
  return json;
}

static void fuzz_item(gf_str text, unsigned how) {
  const gf_allocator alloc = gf_default_allocator();
  bool understood;
  char first_name[sizeof found_name];
  gf_doc *doc = gf_doc_parse(&alloc, text, NULL);
  strcpy(found_name, "");
  char *skimmed = item_rows(text, how, true, &understood);
  if (understood && doc) {
    strcpy(first_name, found_name);
    strcpy(found_name, "");
    char *parsed = item_rows(text, how, false, &understood);
    MUST(skimmed ? parsed && strcmp(skimmed, parsed) == 0 : !parsed);
    MUST(strcmp(first_name, found_name) == 0);
    free(parsed);
  }
  free(skimmed);
  gf_doc_release(doc);
}

/* ------------------------------------------------------------------------------------------------- answers -- */

enum { MOST_ANSWERS = 12, TOLD = 1 << 16 };
enum { SEARCH, GROUP, ORG, PAGES }; /* which of them is for what */

typedef struct site {
  char *texts[MOST_ANSWERS];
  size_t n;
  unsigned how;
  bool cuts;    /* each page is cut when it is sent first */
  char cut[64]; /* by its number: it has been */
} site;

static const int codes[] = {206, 401, 403, 404, 429, 500, 503, 302};

static script_answer answer_of(const char *text) {
  if (text[0] != '!' || !text[1]) return script_json(200, text);
  script_answer answer = script_json(codes[(unsigned char)text[1] % 8], text + 2);
  if (text[1] & 8) answer.name = "Retry-After", answer.value = "1";
  return answer;
}

static script_answer page_for(script *s, const char *path) {
  site *here = (site *)s->ctx;
  size_t n = here->n > PAGES ? here->n - PAGES : 0, token = strlen(path);
  if (n == 0) return script_json(200, SCRIPT_PAGE);
  const char *at = strstr(path, "continue=");
  size_t which = at ? gf_hash(gf_z(at)) % n : 0;
  script_answer answer = answer_of(here->texts[PAGES + which]);
  if (!here->cuts || here->cut[token % sizeof here->cut]) return answer;
  here->cut[token % sizeof here->cut] = true;
  answer.cut = true;
  answer.bytes = draw(strlen(answer.body) + 1);
  answer.how = GF_END_CUT;
  return answer;
}

/* A search of two pages is read again where the pages do not spare that. */
#define SECOND_PAGE "[{\"uid\":\"u8\",\"url\":\"/d/u8/t\"},{\"uid\":\"u1\",\"url\":\"/d/u1/t\"}]"

static const char *const singly[] = {SCRIPT_DASHBOARD, "!c{\"message\":\"Dashboard not found\"}",
                                     "!e{\"message\":\"broken\"}", "{\"dashboard\":7}"};

static script_answer serve(script *s, const gf_request *request, const char *path) {
  site *here = (site *)s->ctx;
  if (script_like(path, "/api/search*page=1"))
    return answer_of(here->n > SEARCH ? here->texts[SEARCH] : SCRIPT_HITS);
  if (script_like(path, "/api/search*page=2") && here->how & 128) return script_json(200, SECOND_PAGE);
  if (script_like(path, "/api/search*")) return script_json(200, "[]");
  if (script_like(path, "/apis/dashboard.grafana.app"))
    return answer_of(here->n > GROUP && *here->texts[GROUP] ? here->texts[GROUP] : SCRIPT_GROUP);
  if (script_like(path, "/api/org"))
    return answer_of(here->n > ORG && *here->texts[ORG] ? here->texts[ORG] : SCRIPT_ORG);
  if (script_like(path, "/apis/*")) return page_for(s, path);
  if (script_like(path, "/api/dashboards/uid/*") && here->how & 8)
    return answer_of(singly[gf_hash(gf_z(path)) % 4]);
  return script_grafana(s, request, path);
}

/* Pieces of sizes that differ, which script.h's driver does not know: a body of its own. */
static void feed(script *s, gf_call *call, const gf_request *request, const script_answer *answer,
                 unsigned how) {
  size_t n = strlen(answer->body);
  int taken = gf_head(call, request->id, answer->code);
  if (taken >= 0) taken = gf_header_line(call, request->id, gf_z("Content-Type"), gf_z("application/json"));
  if (taken >= 0 && answer->name)
    taken = gf_header_line(call, request->id, gf_z(answer->name), gf_z(answer->value));
  if (answer->cut && answer->bytes < n) n = answer->bytes;
  for (size_t at = 0, piece; taken >= 0 && at < n; at += piece) {
    piece = how ? next_piece(how) : n;
    if (piece > n - at) piece = n - at;
    char *copy = malloc(piece); /* nothing may point into it */
    memcpy(copy, answer->body + at, piece);
    taken = gf_body(call, request->id, (gf_str){copy, piece});
    free(copy);
  }
  gf_end(call, request->id, taken < 0 ? GF_END_DROPPED : answer->how, true, "fuzz", s->now);
}

static void run(script *s, gf_call *call, site *here, unsigned how) {
  const gf_request *request;
  int64_t wake;
  for (;;) {
    gf_next next = gf_call_next(call, s->now, &request, &wake);
    if (next == GF_SEND) {
      script_note(s, call, request);
      MUST(s->requests < SCRIPT_MOST);
      continue;
    }
    if (next == GF_DONE) return;
    if (s->n_wire == 0) {
      MUST(wake != INT64_MAX && wake > s->now);
      s->now = wake;
      continue;
    }
    request = s->wire[0].request;
    script_answer answer = serve(s, request, script_path(request));
    memmove(s->wire, s->wire + 1, --s->n_wire * sizeof *s->wire);
    feed(s, call, request, &answer, how);
    (void)here;
  }
}

static const char *brief(const gf_result *r, char *out) {
  script_tell(r, out, TOLD);
  return out;
}

/* The listing, told in a text. */
static void list(site *here, unsigned how, bool cuts, size_t fail_at, char *out) {
  test_alloc a;
  script s;
  gf_config config;
  gf_error error;
  script_config(&config);
  config.max_retries = 2;
  config.concurrency = 3;
  here->cuts = cuts;
  memset(here->cut, 0, sizeof here->cut);
  test_alloc_init(&a, 0, false);
  MUST(script_try_open(&s, &a, &config, serve, &error));
  s.ctx = here;
  if (fail_at) a.fail_at = a.count + fail_at;
  const gf_arg org =
      here->how & 16 ? (gf_arg){.kind = GF_ARG_OWN} : (gf_arg){.kind = GF_ARG_INT, .integer = 2};
  const gf_option rows = {.name = gf_z("rows"), .value = {.kind = GF_ARG_BOOL, .boolean = here->how & 32}};
  const gf_op *op = gf_op_find(here->how & 64 ? "get_org_panels" : "get_org_dashboards");
  gf_call *call = gf_call_new(s.client, op, &org, 1, &rows, 1, &error);
  MUST(call || a.tripped);
  strcpy(out, "");
  if (call) {
    run(&s, call, here, how);
    const gf_result *r = gf_call_result(call);
    size_t done, total, failed;
    MUST(script_is_sound(r));
    gf_call_progress(call, &done, &total, &failed);
    MUST(done <= total && (r->status != GF_OK || done == total));
    brief(r, out);
    if (r->n_fields) gf_call_forget_items(call, &r->fields[0], r->fields[0].n_items / 2);
  }
  gf_call_release(call);
  script_close(&s);
  MUST(a.live == 0);
}

static void split(site *here, char *text, size_t n) {
  for (size_t at = 0; at <= n && here->n < MOST_ANSWERS; at += strlen(text + at) + 1)
    here->texts[here->n++] = text + at;
}

/* What is taken of one that is none, and what is read singly, depends on how it comes. */
static bool all_are_json(const site *here) {
  const gf_allocator alloc = gf_default_allocator();
  for (size_t i = PAGES; i < here->n; i++) {
    gf_doc *doc = here->texts[i][0] == '!' ? NULL : gf_doc_parse(&alloc, gf_z(here->texts[i]), NULL);
    gf_doc_release(doc);
    if (!doc && here->texts[i][0] != '!') return false;
  }
  return true;
}

static void fuzz_answers(gf_str input, unsigned how) {
  static char whole[TOLD], other[TOLD];
  char *text = malloc(input.n + 1);
  site here = {.how = how};
  if (input.n) memcpy(text, input.p, input.n);
  text[input.n] = 0;
  split(&here, text, input.n);
  list(&here, 0, false, 0, whole);
  bool is_json = all_are_json(&here);
  list(&here, how | 1, false, 0, other);
  MUST(!is_json || strcmp(whole, other) == 0);
  list(&here, how | 1, true, 0, other);
  MUST(!is_json || strcmp(whole, other) == 0);
  list(&here, how & 3, false, 1 + draw(200), other);
  free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2) return 0;
  const gf_str rest = {(const char *)data + 2, size - 2};
  draws = data[1];
  switch (data[0] % 3) {
  case 0: fuzz_page(rest, data[1]); break;
  case 1: fuzz_item(rest, data[1]); break;
  default: fuzz_answers(rest, data[1]); break;
  }
  return 0;
}
