/* SPDX-License-Identifier: MIT
 *
 * Lists that change while they are read: what is there from beginning to end is in the result, and nothing is twice. */
#include "script.h"

enum { MOST = 512, PAGE = 10 };

/* Items in their order, which changes between two requests. Small numbers (below `stable`) are there all the time. */
typedef struct shelf {
  int items[MOST];
  int n, stable, next;
  uint64_t random;
  int changes;        /* so many are left to be made */
  size_t deletion_at; /* before the request of this number, that of the item in the fourth place; 0: none */
  size_t answered;
  int per_request; /* of a hundred requests so many meet a change */
  bool deletes, adds, moves;
  bool totals;
  bool gone[4096];
  char body[1 << 14];
} shelf;

static unsigned draw(shelf *f, unsigned below) {
  f->random = f->random * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)(f->random >> 33) % below;
}

static int take_out(shelf *f, int at) {
  int item = f->items[at];
  memmove(f->items + at, f->items + at + 1, (size_t)(--f->n - at) * sizeof *f->items);
  return item;
}

static void put_in(shelf *f, int at, int item) {
  memmove(f->items + at + 1, f->items + at, (size_t)(f->n++ - at) * sizeof *f->items);
  f->items[at] = item;
}

/* One that is not there all the time: it is in front of some that are. */
static void delete_one(shelf *f) {
  int at = (int)draw(f, (unsigned)f->n);
  for (int i = 0; i < f->n; i++, at = (at + 1) % f->n) {
    if (f->items[at] < f->stable || f->n < 40) continue;
    f->gone[take_out(f, at)] = true;
    return;
  }
}

static void change(shelf *f) {
  unsigned which = draw(f, 3);
  if (f->changes-- <= 0) return;
  if (which == 0 && f->deletes) delete_one(f);
  if (which == 1 && f->adds && f->n < MOST) put_in(f, (int)draw(f, (unsigned)f->n + 1), f->next++);
  if (which == 2 && f->moves) {
    int item = take_out(f, (int)draw(f, (unsigned)f->n));
    put_in(f, (int)draw(f, (unsigned)f->n + 1), item);
  }
}

static void fill(shelf *f, uint64_t seed, int n, int stable) {
  *f = (shelf){
      .stable = stable, .next = n, .random = seed * 77 + 1, .deletes = true, .adds = true, .moves = true};
  for (int i = 0; i < n; i++)
    put_in(f, (int)draw(f, (unsigned)i + 1), i);
}

static long number_of(const char *path, const char *name) {
  const char *at = strstr(path, name);
  return at ? strtol(at + strlen(name), NULL, 10) : -1;
}

static script_answer dashboard(shelf *f, const char *path) {
  int item = (int)strtol(strrchr(path, '/') + 1, NULL, 10);
  if (f->gone[item]) return script_json(404, "{\"message\":\"Dashboard not found\"}");
  snprintf(f->body, sizeof f->body,
           "{\"meta\":{\"url\":\"/d/%d\"},\"dashboard\":{\"uid\":\"%d\",\"title\":\"t\",\"panels\":[]}}",
           item, item);
  return script_json(200, f->body);
}

static script_answer page_of(shelf *f, const char *path) {
  bool orgs = script_like(path, "/api/orgs*"), users = script_like(path, "/api/users*");
  const char *key = orgs || users ? "\"id\":%d" : "\"uid\":\"%d\"";
  int from = PAGE * (int)(number_of(path, "&page=") - (orgs ? 0 : 1));
  size_t n = (size_t)snprintf(f->body, sizeof f->body, users ? "{\"users\":[" : "[");
  for (int i = from; i < from + PAGE && i < f->n; i++) {
    n += (size_t)snprintf(f->body + n, sizeof f->body - n, i > from ? ",{" : "{");
    n += (size_t)snprintf(f->body + n, sizeof f->body - n, key, f->items[i]);
    n += (size_t)snprintf(f->body + n, sizeof f->body - n, "}");
  }
  snprintf(f->body + n, sizeof f->body - n, users ? "],\"totalCount\":%d}" : "]", f->n);
  return script_json(200, f->body);
}

static script_answer serve(script *s, const gf_request *request, const char *path) {
  shelf *f = (shelf *)s->ctx;
  (void)request;
  if (++f->answered == f->deletion_at) f->gone[take_out(f, 3)] = true;
  if (draw(f, 100) < (unsigned)f->per_request) change(f);
  if (script_like(path, "/apis/*")) return script_json(404, "{\"message\":\"Not found\"}");
  return script_like(path, "/api/dashboards/uid/*") ? dashboard(f, path) : page_of(f, path);
}

typedef struct count {
  size_t requests, lost, doubled, gone;
} count;

static int item_of(gf_value v) {
  int64_t id = -1;
  gf_str uid;
  if (gf_value_int(gf_value_get(v, "id"), &id)) return (int)id;
  return gf_value_string(gf_value_get(v, "uid"), &uid) ? (int)strtol(uid.p, NULL, 10) : -1;
}

static void look(const shelf *f, const gf_field *list, count *c) {
  int times[4096] = {0};
  for (size_t i = 0; i < list->n_items; i++)
    times[item_of(list->items[i])]++;
  for (int i = 0; i < f->next; i++) {
    c->lost += i < f->stable && times[i] == 0;
    c->doubled += times[i] > 1;
    c->gone += times[i] && f->gone[i];
  }
}

/* List it all, and count what is wrong with the result. */
static count read_all(shelf *f, const char *name) {
  script s;
  gf_config config;
  count c = {0};
  script_config(&config);
  config.concurrency = 3;
  script_open(&s, NULL, &config, serve);
  s.ctx = f;
  gf_call *call = strncmp(name, "get_org_", 8) == 0 || strcmp(name, "search") == 0
                      ? script_call(&s, name, "2", NULL)
                      : script_call(&s, name, NULL);
  const gf_result *r = script_run(&s, call);
  CHECK_RESULT(r, "ok");
  if (r->n_fields) look(f, &r->fields[0], &c);
  c.requests = s.requests;
  gf_call_release(call);
  script_close(&s);
  return c;
}

static const char *const lists[] = {"get_orgs", "get_users", "search", "get_org_dashboards"};
enum { LISTS = 4 };

/* The first item of the second page moves up to the first page when one of that is deleted, which nobody reads again. */
static void what_moves_up_is_not_lost(void) {
  for (size_t list = 0; list < LISTS; list++) {
    for (size_t at = 2; at < (list == 3 ? 7 : 4); at++) { /* dashboards are read in between */
      shelf f;
      fill(&f, 1, 25, 0);
      for (int i = 0; i < f.n; i++)
        f.items[i] = i == 3 ? 24 : i == 24 ? 3 : i; /* the one that is deleted has the greatest number */
      f.stable = 24;
      f.deletion_at = at;
      count c = read_all(&f, lists[list]);
      CHECK_INT(f.n, 24);
      if (!CHECK(c.lost == 0 && c.doubled == 0)) printf("  %s, request %zu\n", lists[list], at);
    }
  }
}

static void check_random(int per_request, int changes) {
  for (size_t list = 0; list < LISTS; list++) {
    count sum = {0};
    for (uint64_t seed = 1; seed <= 300; seed++) {
      shelf f;
      fill(&f, seed, 60, 30);
      f.per_request = per_request;
      f.changes = changes ? changes : (int)(seed % 8);
      count c = read_all(&f, lists[list]);
      sum.lost += c.lost;
      sum.doubled += c.doubled;
    }
    if (!CHECK(sum.lost == 0 && sum.doubled == 0))
      printf("  %s: %zu lost, %zu doubled\n", lists[list], sum.lost, sum.doubled);
  }
}

static void nothing_is_lost_or_doubled_when_it_is_quiet_at_last(void) { check_random(60, 0); }
static void nothing_is_lost_or_doubled_though_it_is_never_quiet(void) { check_random(20, 10000); }

/* In quiet times: seven pages, the last of which is empty where no total is named; and whether there are pages of whole
 * dashboards. */
static void a_total_spares_the_second_reading(void) {
  static const size_t requests[LISTS] = {14, 6, 14, 15 + 60};
  for (size_t list = 0; list < LISTS; list++) {
    shelf f;
    fill(&f, 5, 60, 60);
    count c = read_all(&f, lists[list]);
    CHECK(c.lost == 0 && c.doubled == 0);
    CHECK_INT(c.requests, requests[list]);
  }
}

static void what_is_deleted_is_left_out_of_what_is_read_one_by_one(void) {
  shelf f;
  fill(&f, 9, 25, 0);
  f.deletion_at = 2; /* it has been found, and not been read */
  count c = read_all(&f, "get_org_dashboards");
  CHECK_INT(f.n, 24);
  CHECK_INT(c.gone, 0);
}

static void every_allocation_may_fail(void) {
  FAIL_EACH(a) {
    script s;
    gf_config config;
    gf_error error;
    shelf f;
    fill(&f, 3, 25, 0);
    f.deletion_at = 2;
    script_config(&config);
    gf_call *call = NULL;
    const gf_result *r = NULL;
    if (script_try_open(&s, a, &config, serve, &error)) {
      s.ctx = &f;
      call = gf_call_new(s.client, gf_op_find("get_orgs"), NULL, 0, NULL, 0, &error);
      if (call) r = script_run(&s, call);
      CHECK(a->tripped || (r && r->status == GF_OK));
      gf_call_release(call);
      script_close(&s);
    }
  }
}

int main(int argc, char **argv) {
  static const test_rule rules[] = {
      {"what moves up is not lost", what_moves_up_is_not_lost},
      {"nothing is lost or doubled when it is quiet at last",
       nothing_is_lost_or_doubled_when_it_is_quiet_at_last},
      {"nothing is lost or doubled though it is never quiet",
       nothing_is_lost_or_doubled_though_it_is_never_quiet},
      {"a total spares the second reading", a_total_spares_the_second_reading},
      {"what is deleted is left out of what is read one by one",
       what_is_deleted_is_left_out_of_what_is_read_one_by_one},
      {"every allocation may fail", every_allocation_may_fail},
  };
  return TEST_RUN(rules, argc, argv);
}
