/* SPDX-License-Identifier: MIT
 *
 * Lists are whole, whatever a server does with pages, and end. */
#include "script.h"

/* A server that has `n` items and gives them out as it likes. */
typedef struct library {
  int n;
  int page_size; /* at most, whatever is asked */
  int64_t total; /* what it says; -1: nothing */
  bool ignores_page;
  bool endless_token;
  int grow, shrink; /* items more or fewer at the begin after each page */
  bool doubles;     /* each item twice */
  char body[1 << 16];
} library;

static void put_items(library *lib, int from, int count, const char *key) {
  for (int i = 0; i < count; i++) {
    char item[64];
    int number = from + i;
    snprintf(item, sizeof item, "%s{\"%s\":%d}", i ? "," : "", key, lib->doubles ? number / 2 : number);
    script_add(lib->body, sizeof lib->body, item);
  }
}

static long number_of(const char *path, const char *name, long otherwise) {
  char key[32];
  snprintf(key, sizeof key, "%s=", name);
  const char *at = strstr(path, key);
  return at ? strtol(at + strlen(key), NULL, 10) : otherwise;
}

static script_answer lend(script *s, const gf_request *request, const char *path) {
  library *lib = (library *)s->ctx;
  bool users = script_like(path, "/api/users*"), zero = script_like(path, "/api/orgs*");
  long page = number_of(path, "&page", number_of(path, "?page", zero ? 0 : 1)) - (zero ? 0 : 1);
  long size = number_of(path, users || zero ? "perpage" : "limit", 1000);
  char end[64];
  (void)request;
  if (size > lib->page_size) size = lib->page_size;
  if (lib->ignores_page) page = 0;
  long from = page * size, count = from < lib->n ? lib->n - from : 0;
  if (count > size) count = size;
  lib->body[0] = 0;
  script_add(lib->body, sizeof lib->body, users ? "{\"users\":[" : "[");
  put_items(lib, (int)from, (int)count, users || zero ? "id" : "uid");
  if (lib->total >= 0)
    snprintf(end, sizeof end, "],\"totalCount\":%lld}", (long long)lib->total);
  else
    snprintf(end, sizeof end, "]%s", users ? "}" : "");
  script_add(lib->body, sizeof lib->body, end);
  lib->n += lib->grow - lib->shrink;
  return script_json(200, lib->body);
}

static size_t count_of(library *lib, size_t requests, const char *name, const char *org, const char *option,
                       const char *value, const char *second, const char *number) {
  script s;
  script_open(&s, NULL, NULL, lend);
  s.ctx = lib;
  gf_call *call = org ? script_call(&s, name, org, "/", option, value, second, number, NULL)
                      : script_call(&s, name, "/", option, value, second, number, NULL);
  const gf_result *r = script_run(&s, call);
  CHECK_RESULT(r, "ok");
  size_t n = r && r->n_fields ? r->fields[0].n_items : 9999;
  if (requests && !CHECK_INT(s.requests, requests)) puts(s.log);
  gf_call_release(call);
  script_close(&s);
  return n;
}

#define COUNT(lib, requests, name, org) count_of((lib), (requests), (name), (org), NULL, NULL, NULL, NULL)

/* Of more than one page: twice, as something may have slipped from one page to another. */
static void lists_without_a_total_end_with_an_empty_page(void) {
  library five = {.n = 5, .page_size = 1, .total = -1}, none = {.n = 0, .page_size = 9, .total = -1};
  CHECK_INT(COUNT(&five, 12, "get_orgs", NULL), 5);
  CHECK_INT(COUNT(&five, 12, "search", "2"), 5);
  CHECK_INT(COUNT(&none, 1, "get_orgs", NULL), 0);
  library pages = {.n = 4700, .page_size = 1000, .total = -1};
  CHECK_INT(COUNT(&pages, 12, "get_orgs", NULL), 4700);
}

static void a_list_of_one_page_is_read_once(void) {
  library some = {.n = 999, .page_size = 1000, .total = -1},
          full = {.n = 1000, .page_size = 1000, .total = -1};
  CHECK_INT(COUNT(&some, 2, "get_orgs", NULL), 999);
  CHECK_INT(COUNT(&some, 2, "search", "2"), 999);
  CHECK_INT(COUNT(&full, 4, "get_orgs", NULL), 1000); /* what came behind may have moved up */
}

static void lists_with_a_total_end_with_it(void) {
  library five = {.n = 5, .page_size = 1, .total = 5}, one = {.n = 1, .page_size = 9, .total = 1};
  CHECK_INT(COUNT(&five, 5, "get_users", NULL), 5);
  CHECK_INT(COUNT(&one, 1, "get_users", NULL), 1);
}

static void totals_that_lie_do_no_harm(void) {
  library high = {.n = 5, .page_size = 2, .total = 1000}, huge = {.n = 5, .page_size = 2, .total = INT64_MAX};
  library none = {.n = 0, .page_size = 2, .total = 7}, missing = {.n = 5, .page_size = 2, .total = -1};
  CHECK_INT(COUNT(&high, 8, "get_users", NULL), 5);
  CHECK_INT(COUNT(&huge, 8, "get_users", NULL), 5);
  CHECK_INT(COUNT(&none, 1, "get_users", NULL), 0);
  CHECK_INT(COUNT(&missing, 8, "get_users", NULL), 5);
}

static void a_server_that_ignores_pages_is_noticed(void) {
  library stubborn = {.n = 5, .page_size = 1000, .total = -1, .ignores_page = true};
  CHECK_INT(COUNT(&stubborn, 2, "get_orgs", NULL), 5);
  CHECK_INT(COUNT(&stubborn, 2, "search", "2"), 5);
  library full = {.n = 1000, .page_size = 1000, .total = -1, .ignores_page = true};
  CHECK_INT(COUNT(&full, 2, "get_orgs", NULL), 1000);
}

static void lists_may_grow_and_shrink_meanwhile(void) {
  library growing = {.n = 5, .page_size = 2, .total = -1, .grow = 1};
  library shrinking = {.n = 9, .page_size = 2, .total = -1, .shrink = 1};
  CHECK(COUNT(&growing, 0, "get_orgs", NULL) >= 5);
  CHECK(COUNT(&shrinking, 0, "get_orgs", NULL) >= 4);
}

static void an_item_is_listed_once(void) {
  library twins = {.n = 10, .page_size = 3, .total = -1, .doubles = true};
  CHECK_INT(COUNT(&twins, 0, "get_orgs", NULL), 5);
}

static void one_page_is_one_request(void) {
  library five = {.n = 5, .page_size = 1000, .total = 5};
  CHECK_INT(count_of(&five, 1, "get_users", NULL, "page", "2", "perpage", "2"), 2);
  CHECK_INT(count_of(&five, 1, "get_users", NULL, "page", "3", "perpage", "2"), 1);
  five.total = -1;
  CHECK_INT(count_of(&five, 1, "get_orgs", NULL, "page", "1", "perpage", "3"), 3);
  CHECK_INT(count_of(&five, 1, "search", "2", "page", "2", "perpage", "3"), 2);
}

static void pages_of_a_size_make_the_whole_list(void) {
  library five = {.n = 5, .page_size = 1000, .total = -1};
  CHECK_INT(count_of(&five, 8, "get_orgs", NULL, "perpage", "2", NULL, NULL), 5);
}

/* A list that the server gives whole is cut here. */
static size_t members(const char *page, const char *perpage) {
  script s;
  script_open(&s, NULL, NULL, script_grafana);
  gf_call *call = script_call(&s, "get_org_users", "2", "/", "page", page, "perpage", perpage, NULL);
  const gf_result *r = script_run(&s, call);
  size_t n = r && r->n_fields ? r->fields[0].n_items : 9999;
  gf_call_release(call);
  script_close(&s);
  return n;
}

static void whole_lists_have_pages_too(void) {
  CHECK_INT(members("1", "1"), 1);
  CHECK_INT(members("2", "1"), 1);
  CHECK_INT(members("3", "1"), 0);
  CHECK_INT(members("1", "1073741824"), 2);
  CHECK_INT(members("1073741824", "1073741824"), 0);
}

/* --- tokens --- */

static script_answer tokens(script *s, const gf_request *request, const char *path) {
  library *lib = (library *)s->ctx;
  long at = number_of(path, "continueToken", 0);
  (void)request;
  if (lib->endless_token && !lib->grow) at = 0;
  snprintf(lib->body, sizeof lib->body,
           "{\"versions\":[{\"version\":%ld},{\"version\":%ld}],\"continueToken\":\"%ld\"}", 2 * at,
           2 * at + 1, at + 1);
  if (!lib->endless_token && at + 1 == lib->n)
    snprintf(lib->body, sizeof lib->body, "{\"versions\":[{\"version\":%ld}],\"continueToken\":\"\"}",
             2 * at);
  return script_json(200, lib->body);
}

static void tokens_lead_to_the_end(void) {
  library five = {.n = 5}, endless = {.endless_token = true};
  library *libs[] = {&five, &endless};
  static const size_t items[] = {9, 2}, requests[] = {5, 2};
  for (int i = 0; i < 2; i++) {
    script s;
    script_open(&s, NULL, NULL, tokens);
    s.ctx = libs[i];
    gf_call *call = script_call(&s, "get_dashboard_versions", "2", "'u1", NULL);
    const gf_result *r = script_run(&s, call);
    CHECK_RESULT(r, "ok");
    CHECK_INT(s.requests, requests[i]);
    CHECK_INT(r && r->n_fields ? r->fields[0].n_items : 9999, items[i]);
    gf_call_release(call);
    script_close(&s);
  }
}

/* What is no list is no empty list. */
static script_answer no_list(script *s, const gf_request *request, const char *path) {
  static const char *const bodies[] = {
      "{}", "7", "null", "\"[]\"", "{\"users\":{}}", "{\"users\":null}", "{\"versions\":3}"};
  (void)request;
  (void)path;
  return script_json(200, bodies[s->piece - 1000]);
}

static void what_is_no_list_is_an_error(void) {
  static const char *const names[] = {
      "get_orgs",       "get_users",       "search",       "get_dashboard_versions",
      "get_org_panels", "get_datasources", "get_org_users"};
  for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
    for (size_t body = 0; body < 7; body++) {
      script s;
      gf_error error;
      gf_allocator plenty = gf_default_allocator();
      script_open(&s, NULL, NULL, no_list);
      s.piece = 1000 + body;
      script_args args = script_args_for(gf_op_find(names[k]), &plenty, SCRIPT_NUMBERS);
      gf_call *call = script_call_args(&s, gf_op_find(names[k]), &args, &error);
      CHECK_RESULT(script_run(&s, call), "error invalid-json");
      gf_call_release(call);
      script_args_free(&args);
      script_close(&s);
    }
  }
}

/* A page that fails spoils the list: half a list is none. */
static script_answer second_page_fails(script *s, const gf_request *request, const char *path) {
  if (s->requests == 2) return script_json(500, "{\"message\":\"boom\"}");
  return script_grafana(s, request, path);
}

static void a_list_with_a_hole_is_none(void) {
  static const char *const names[] = {"get_orgs", "search", "get_org_dashboards"};
  for (size_t k = 0; k < 3; k++) {
    script s;
    gf_config config;
    script_config(&config);
    config.concurrency = 1;
    script_open(&s, NULL, &config, second_page_fails);
    gf_call *call = script_call(&s, names[k], k ? "2" : NULL, NULL);
    const gf_result *r = script_run(&s, call);
    CHECK_RESULT(r, "error server-error");
    CHECK_INT(r->n_fields, 0);
    gf_call_release(call);
    script_close(&s);
  }
}

/* Rows hold scalars as they were written, of one object in each place, and nothing of what is not named. */
static script_answer odd_hits(script *s, const gf_request *request, const char *path) {
  (void)s;
  (void)request;
  if (!strstr(path, "page=1")) return script_json(200, "[]");
  return script_json(
      200, "[{\"id\":9007199254740993,\"uid\":\"a\\u0000b\",\"title\":\"\\u00fc\\n\",\"folderUid\":null,"
           "\"url\":[1],\"more\":{}},7,{\"id\":1e400,\"uid\":\"c\",\"title\":{\"x\":1},\"folderUid\":\"\"},"
           "{\"uid\":\"c\",\"title\":\"again\"},{}]");
}

static void rows_hold_what_was_there(void) {
  char told[600];
  script s;
  script_open(&s, NULL, NULL, odd_hits);
  gf_call *call = script_call(&s, "get_folders", "2", NULL);
  CHECK_STR(
      script_tell(script_run(&s, call), told, sizeof told),
      "ok folders={\"id\":9007199254740993,\"uid\":\"a\\u0000b\",\"title\":\"\u00fc\\n\",\"parentUid\":null},"
      "{},{\"id\":1e400,\"uid\":\"c\",\"parentUid\":\"\"},{}");
  gf_call_release(call);
  script_close(&s);
}

int main(int argc, char **argv) {
  static const test_rule rules[] = {
      {"a list without a total ends with an empty page", lists_without_a_total_end_with_an_empty_page},
      {"a list of one page is read once", a_list_of_one_page_is_read_once},
      {"a list with a total ends with it", lists_with_a_total_end_with_it},
      {"totals that lie do no harm", totals_that_lie_do_no_harm},
      {"a server that ignores pages is noticed", a_server_that_ignores_pages_is_noticed},
      {"lists may grow and shrink meanwhile", lists_may_grow_and_shrink_meanwhile},
      {"an item is listed once", an_item_is_listed_once},
      {"one page is one request", one_page_is_one_request},
      {"pages of a size make the whole list", pages_of_a_size_make_the_whole_list},
      {"lists that come whole have pages too", whole_lists_have_pages_too},
      {"tokens lead to the end", tokens_lead_to_the_end},
      {"what is no list is an error", what_is_no_list_is_an_error},
      {"a list with a hole is none", a_list_with_a_hole_is_none},
      {"rows hold what was there", rows_hold_what_was_there},
  };
  return TEST_RUN(rules, argc, argv);
}
