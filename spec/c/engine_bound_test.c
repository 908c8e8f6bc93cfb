/* SPDX-License-Identifier: MIT
 *
 * How much memory a listing takes: the window times the largest dashboard, and the rows. Nothing of a dashboard stays
 * but its rows, however many there are.
 */
#include "script.h"

enum { DASHBOARD = 200 * 1000, PANELS = 5, WINDOW = 4, ROW = 400, HIT = 400 };

typedef struct site {
  size_t dashboards;
  char *search, *dashboard;
} site;

static script_answer serve(script *s, const gf_request *request, const char *path) {
  const site *here = s->ctx;
  (void)request;
  if (script_like(path, "/apis/*")) return script_json(404, "{\"message\":\"Not found\"}");
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

/* The most memory that listing the panels of `n` such dashboards holds at once. */
static size_t most_memory(size_t n, bool escaped) {
  test_alloc a;
  script s;
  gf_config config;
  site here = {n, hits(n), large_dashboard(escaped)};
  test_alloc_init(&a, 0, false);
  script_config(&config);
  config.concurrency = WINDOW;
  script_open(&s, &a, &config, serve);
  s.ctx = &here;
  gf_call *call = script_call(&s, "get_org_panels", "2", NULL);
  const gf_result *r = script_run(&s, call);
  CHECK_RESULT(r, "ok");
  CHECK_INT(gf_result_field(r, "panels")->n_items, n * PANELS);
  CHECK(s.most_wire <= WINDOW);
  gf_call_release(call);
  script_close(&s);
  CHECK_INT(a.live, 0);
  free(here.search);
  free(here.dashboard);
  return a.most;
}

static void check_growth(bool escaped) {
  size_t few = most_memory(20, escaped), many = most_memory(400, escaped);
  CHECK(many < few + 380 * (PANELS * ROW + HIT));
}

static void memory_grows_with_the_rows_only(void) { check_growth(false); }
static void memory_grows_with_the_rows_only_when_parsed(void) { check_growth(true); }

static void memory_is_the_window_times_the_largest(void) {
  CHECK(most_memory(20, false) < WINDOW * (size_t)DASHBOARD * 3 / 2 + (size_t)DASHBOARD);
}

int main(int argc, char **argv) {
  static const test_rule rules[] = {
      {"memory grows with the rows only", memory_grows_with_the_rows_only},
      {"memory grows with the rows only, when dashboards are parsed",
       memory_grows_with_the_rows_only_when_parsed},
      {"memory is the window times the largest dashboard", memory_is_the_window_times_the_largest},
  };
  return TEST_RUN(rules, argc, argv);
}
