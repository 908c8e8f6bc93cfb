/* SPDX-License-Identifier: MIT
 *
 * How much memory a listing takes: the window times the largest dashboard, and the rows; in pages the largest dashboard,
 * however large the page. Nothing of a dashboard stays but its rows, however many there are.
 */
#include "script.h"

enum { DASHBOARD = 200 * 1000, PANELS = 5, WINDOW = 4, ROW = 400, HIT = 400, PIECE = 16384 };

typedef struct site {
  size_t dashboards;
  char *search, *dashboard;
  char *page; /* of /apis, all dashboards in one; NULL: the server has none */
} site;

static script_answer serve_pages(const site *here, const char *path) {
  if (!here->page) return script_json(404, "{\"message\":\"Not found\"}");
  return script_json(200, script_like(path, "*/namespaces/*") ? here->page : SCRIPT_GROUP);
}

static script_answer serve(script *s, const gf_request *request, const char *path) {
  const site *here = s->ctx;
  (void)request;
  if (script_like(path, "/apis/*")) return serve_pages(here, path);
  if (script_like(path, "/api/search?*page=1")) return script_json(200, here->search);
  if (script_like(path, "/api/search?*")) return script_json(200, "[]");
  return script_json(200, here->dashboard);
}

/* A dashboard of DASHBOARD bytes, nearly all of them in what the rows do not show. `escaped` makes it one that only a
 * whole parse understands. */
static char *large_dashboard(bool escaped) {
  char *text = malloc(DASHBOARD + 1), *at = text;
  at +=
      sprintf(at, "{\"meta\":{\"url\":\"/d/u/t\"},\"dashboard\":{\"uid\":\"u\",\"title\":\"%s\",\"panels\":[",
              escaped ? "a \\u0026 b" : "a and b");
  for (int i = 0; i < PANELS; i++)
    at += sprintf(at, "%s{\"id\":%d,\"type\":\"stat\",\"title\":\"Panel %d\"}", i ? "," : "", i, i);
  at += sprintf(at, "],\"much\":[[0]");
  while (at < text + DASHBOARD - 16)
    at += sprintf(at, ",[1,2,3]");
  sprintf(at, "]}}");
  return text;
}

static char *hits(size_t n) {
  char *text = malloc(n * 64 + 16), *at = text;
  for (size_t i = 0; i < n; i++)
    at += sprintf(at, "%c{\"uid\":\"u%zu\",\"title\":\"t\",\"url\":\"/d/u/t\"}", i ? ',' : '[', i);
  sprintf(at, "]");
  return text;
}

/* `n` of them as items of a page. */
static char *page_of(size_t n, const char *dashboard) {
  const char *spec = strstr(dashboard, "{\"uid\":");
  size_t length = strlen(spec) - 1; /* without the brace that closes the answer */
  char *text = malloc(n * (length + 64) + 64), *at = text;
  at += sprintf(at, "{\"metadata\":{},\"items\":[");
  for (size_t i = 0; i < n; i++)
    at +=
        sprintf(at, "%s{\"metadata\":{\"name\":\"u%zu\"},\"spec\":%.*s}", i ? "," : "", i, (int)length, spec);
  sprintf(at, "]}");
  return text;
}

/* The most memory that listing the panels of `n` such dashboards holds at once. */
static size_t most_memory(size_t n, bool escaped, bool in_pages) {
  test_alloc a;
  script s;
  gf_config config;
  site here = {n, hits(n), large_dashboard(escaped), NULL};
  if (in_pages) here.page = page_of(n, here.dashboard);
  test_alloc_init(&a, 0, false);
  script_config(&config);
  config.concurrency = WINDOW;
  config.max_body = (size_t)1 << 30;
  script_open(&s, &a, &config, serve);
  s.ctx = &here;
  s.piece = in_pages ? PIECE : 0;
  gf_call *call = script_call(&s, "get_org_panels", "2", NULL);
  const gf_result *r = script_run(&s, call);
  CHECK_RESULT(r, "ok");
  CHECK_INT(gf_result_field(r, "panels")->n_items, n * PANELS);
  CHECK(s.most_wire <= WINDOW);
  CHECK((strstr(s.log, "/api/dashboards/uid/") == NULL) == in_pages);
  gf_call_release(call);
  script_close(&s);
  CHECK_INT(a.live, 0);
  free(here.search);
  free(here.dashboard);
  free(here.page);
  return a.most;
}

static void check_growth(bool escaped, bool in_pages) {
  size_t few = most_memory(20, escaped, in_pages), many = most_memory(400, escaped, in_pages);
  CHECK(many < few + 380 * (PANELS * ROW + HIT));
}

static void memory_grows_with_the_rows_only(void) { check_growth(false, false); }
static void memory_grows_with_the_rows_only_when_parsed(void) { check_growth(true, false); }

static void memory_is_the_window_times_the_largest(void) {
  CHECK(most_memory(20, false, false) < WINDOW * (size_t)DASHBOARD * 3 / 2 + (size_t)DASHBOARD);
}

/* A page of 80 MB is never there as a whole. */
static void a_page_is_taken_as_it_arrives(void) {
  check_growth(false, true);
  check_growth(true, true);
  CHECK(most_memory(20, false, true) < 4 * (size_t)DASHBOARD);
}

int main(int argc, char **argv) {
  static const test_rule rules[] = {
      {"memory grows with the rows only", memory_grows_with_the_rows_only},
      {"memory grows with the rows only, when dashboards are parsed",
       memory_grows_with_the_rows_only_when_parsed},
      {"memory is the window times the largest dashboard", memory_is_the_window_times_the_largest},
      {"a page is taken as it arrives", a_page_is_taken_as_it_arrives},
  };
  return TEST_RUN(rules, argc, argv);
}
