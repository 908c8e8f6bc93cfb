/* SPDX-License-Identifier: MIT
 *
 * What is told of how far a call has come. */
#include "script.h"

static void check_progress(const gf_call *call, size_t done, size_t total, size_t failed) {
  size_t got[3];
  gf_call_progress(call, &got[0], &got[1], &got[2]);
  if (got[0] == done && got[1] == total && got[2] == failed) return;
  printf("  %zu of %zu, %zu failed; expected %zu of %zu, %zu failed\n", got[0], got[1], got[2], done, total,
         failed);
  CHECK(!"the progress is as expected");
}

/* Send what is to be sent, and let the answer come that is due next. */
static void go_on(script *s, gf_call *call) {
  int64_t wake;
  CHECK(script_ask(s, call, &wake) == GF_WAIT);
  script_answer_one(s, 0);
}

static void run_to_end(script *s, gf_call *call) {
  script_run(s, call);
  gf_call_release(call);
  script_close(s);
}

/* --------------------------------------------------------------------------------------- one request or a few -- */

static void one_request_is_one_part(void) {
  script s;
  int64_t wake;
  script_open(&s, NULL, NULL, script_grafana);
  gf_call *call = script_call(&s, "get_current_org", NULL);
  check_progress(call, 0, 1, 0);
  CHECK(script_ask(&s, call, &wake) == GF_WAIT);
  check_progress(call, 0, 1, 0);
  script_answer_one(&s, 0);
  check_progress(call, 1, 1, 0);
  run_to_end(&s, call);
}

static script_answer refuse_all(script *s, const gf_request *request, const char *path) {
  (void)s, (void)request, (void)path;
  return script_json(403, "{\"message\":\"no\"}");
}

static void a_request_that_fails_is_a_part_that_failed(void) {
  script s;
  script_open(&s, NULL, NULL, refuse_all);
  gf_call *call = script_call(&s, "get_current_org", NULL), *list = script_call(&s, "get_orgs", NULL);
  script_run(&s, call);
  check_progress(call, 1, 1, 1);
  script_run(&s, list);
  check_progress(list, 1, 1, 1);
  gf_call_release(list);
  run_to_end(&s, call);
}

static void what_is_not_sent_has_failed_too(void) {
  script s;
  script_open(&s, NULL, NULL, script_grafana);
  gf_call *call = script_call(&s, "create_org", "'", NULL);
  CHECK(gf_call_is_done(call));
  check_progress(call, 1, 1, 1);
  run_to_end(&s, call);
}

static script_answer late(script *s, const gf_request *request, const char *path) {
  if (s->requests == 1) return (script_answer){.how = GF_END_REFUSED, .unsent = true};
  return script_grafana(s, request, path);
}

static void a_retry_is_no_part(void) {
  script s;
  script_open(&s, NULL, NULL, late);
  gf_call *call = script_call(&s, "get_current_org", NULL);
  go_on(&s, call);
  check_progress(call, 0, 1, 0);
  script_run(&s, call);
  check_progress(call, 1, 1, 0);
  run_to_end(&s, call);
}

/* The name of a user is looked up first. */
static void questions_on_the_way_are_parts(void) {
  script s;
  script_open(&s, NULL, NULL, script_grafana);
  gf_call *call = script_call(&s, "delete_user", "'ann", NULL);
  go_on(&s, call);
  check_progress(call, 1, 2, 0);
  go_on(&s, call);
  check_progress(call, 2, 2, 0);
  run_to_end(&s, call);
}

/* -------------------------------------------------------------------------------------------------------- lists -- */

/* Two items a page, five in all; `named` is the total that is said. */
typedef struct shelf {
  const char *named;
  char body[256];
} shelf;

static script_answer lend(script *s, const gf_request *request, const char *path) {
  shelf *shelf_ = (shelf *)s->ctx;
  const char *at = strstr(path, "&page=");
  bool orgs = script_like(path, "/api/orgs*");
  long from = 2 * (strtol(at + 6, NULL, 10) - (orgs ? 0 : 1));
  size_t n = 0;
  (void)request;
  n += (size_t)snprintf(shelf_->body, sizeof shelf_->body, orgs ? "[" : "{\"users\":[");
  for (long i = from; i < from + 2 && i < 5; i++)
    n +=
        (size_t)snprintf(shelf_->body + n, sizeof shelf_->body - n, "%s{\"id\":%ld}", i > from ? "," : "", i);
  if (orgs)
    snprintf(shelf_->body + n, sizeof shelf_->body - n, "]");
  else
    snprintf(shelf_->body + n, sizeof shelf_->body - n, "],\"totalCount\":%s}", shelf_->named);
  return script_json(200, shelf_->body);
}

static void lists_count_items_of_the_total_that_the_server_names(void) {
  script s;
  shelf users = {.named = "5"};
  script_open(&s, NULL, NULL, lend);
  s.ctx = &users;
  gf_call *call = script_call(&s, "get_users", NULL);
  check_progress(call, 0, 1, 0);
  go_on(&s, call);
  check_progress(call, 2, 5, 0);
  go_on(&s, call);
  check_progress(call, 4, 5, 0);
  go_on(&s, call);
  check_progress(call, 5, 5, 0);
  run_to_end(&s, call);
}

static void lists_without_a_total_count_what_is_there(void) {
  script s;
  shelf orgs = {.named = ""};
  script_open(&s, NULL, NULL, lend);
  s.ctx = &orgs;
  gf_call *call = script_call(&s, "get_orgs", NULL);
  go_on(&s, call);
  check_progress(call, 2, 2, 0);
  go_on(&s, call);
  check_progress(call, 4, 4, 0);
  script_run(&s, call);
  check_progress(call, 5, 5, 0);
  run_to_end(&s, call);
}

static void totals_that_lie_are_put_right_in_the_end(void) {
  static const char *const lies[] = {"3", "1000", "9223372036854775807", "-4", "0.5", "null"};
  for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
    script s;
    shelf users = {.named = lies[i]};
    size_t done, total, failed, before = 0;
    int64_t wake;
    script_open(&s, NULL, NULL, lend);
    s.ctx = &users;
    gf_call *call = script_call(&s, "get_users", NULL);
    while (script_ask(&s, call, &wake) != GF_DONE) {
      script_answer_one(&s, 0);
      gf_call_progress(call, &done, &total, &failed);
      CHECK(done >= before && done <= total && failed == 0);
      before = done;
    }
    CHECK_RESULT(gf_call_result(call), "ok");
    check_progress(call, before, before, 0);
    run_to_end(&s, call);
  }
}

static void one_page_is_all_that_is_wanted(void) {
  script s;
  shelf users = {.named = "5"};
  script_open(&s, NULL, NULL, lend);
  s.ctx = &users;
  gf_call *call = script_call(&s, "get_users", "/", "page", "2", "perpage", "2", NULL);
  go_on(&s, call);
  check_progress(call, 2, 2, 0);
  run_to_end(&s, call);
}

static script_answer nothing(script *s, const gf_request *request, const char *path) {
  (void)s, (void)request, (void)path;
  return script_json(200, "[]");
}

static void an_empty_list_is_one_part(void) {
  script s;
  script_open(&s, NULL, NULL, nothing);
  gf_call *call = script_call(&s, "get_orgs", NULL);
  check_progress(call, 0, 1, 0);
  go_on(&s, call);
  check_progress(call, 1, 1, 0);
  run_to_end(&s, call);
}

/* Who is to get a permission is looked up in lists, which are on the way only. */
static void lists_on_the_way_are_requests(void) {
  script s;
  size_t before = 0, done, total, failed;
  int64_t wake;
  script_open(&s, NULL, NULL, script_grafana);
  gf_call *call =
      script_call(&s, "grant_dashboard_permissions", "2", "'u1", "{\"teams\":{\"Ops\":\"Edit\"}}", NULL);
  while (script_ask(&s, call, &wake) != GF_DONE) {
    script_answer_one(&s, 0);
    gf_call_progress(call, &done, &total, &failed);
    CHECK(done == before + 1 && done <= total && failed == 0);
    before = done;
  }
  CHECK_RESULT(gf_call_result(call), "ok");
  check_progress(call, s.requests, s.requests, 0);
  run_to_end(&s, call);
}

/* ----------------------------------------------------------------------------------------------------- fan-out -- */

static script_answer third_cannot_be_read(script *s, const gf_request *request, const char *path) {
  if (script_like(path, "/api/dashboards/uid/a*")) return script_json(500, "{\"message\":\"boom\"}");
  return script_grafana(s, request, path);
}

static void dashboards_are_read_known_and_failed(void) {
  size_t done, total, failed, before = 0;
  int64_t wake;
  script s;
  script_open(&s, NULL, NULL, third_cannot_be_read);
  gf_call *call = script_call(&s, "get_org_panels", "2", NULL);
  check_progress(call, 0, 1, 0);
  while (script_ask(&s, call, &wake) != GF_DONE) {
    script_answer_one(&s, 0);
    gf_call_progress(call, &done, &total, &failed);
    CHECK(done >= before && done <= total && failed <= done);
    CHECK_INT(total, 3);
    before = done;
  }
  check_progress(call, 3, 3, 1);
  run_to_end(&s, call);
}

static void a_fan_out_that_is_cancelled_is_left_as_far_as_it_came(void) {
  script s;
  script_open(&s, NULL, NULL, script_grafana);
  gf_call *call = script_call(&s, "get_org_panels", "2", NULL);
  for (int i = 0; i < 4;
       i++) /* the search, its second page, whether there are pages of dashboards, one of them */
    go_on(&s, call);
  size_t done, total, failed;
  gf_call_progress(call, &done, &total, &failed);
  CHECK(done > 0 && done < 3);
  gf_call_cancel(call);
  check_progress(call, done, 3, 0);
  s.n_wire = 0;
  run_to_end(&s, call);
}

int main(int argc, char **argv) {
  static const test_rule rules[] = {
      {"one request is one part", one_request_is_one_part},
      {"a request that fails is a part that failed", a_request_that_fails_is_a_part_that_failed},
      {"what is not sent has failed too", what_is_not_sent_has_failed_too},
      {"a retry is no part", a_retry_is_no_part},
      {"questions on the way are parts", questions_on_the_way_are_parts},
      {"lists count items, of the total that the server names",
       lists_count_items_of_the_total_that_the_server_names},
      {"lists without a total count what is there", lists_without_a_total_count_what_is_there},
      {"totals that lie are put right in the end", totals_that_lie_are_put_right_in_the_end},
      {"one page is all that is wanted", one_page_is_all_that_is_wanted},
      {"an empty list is one part", an_empty_list_is_one_part},
      {"lists on the way are requests", lists_on_the_way_are_requests},
      {"dashboards are read, known and failed", dashboards_are_read_known_and_failed},
      {"a fan-out that is cancelled is left as far as it came",
       a_fan_out_that_is_cancelled_is_left_as_far_as_it_came},
  };
  return TEST_RUN(rules, argc, argv);
}
