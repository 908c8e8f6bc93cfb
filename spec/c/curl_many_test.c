/* SPDX-License-Identifier: MIT
 *
 * Many calls at once on the libcurl driver: who is asked when, what that costs, what is news, several drivers in one turn.
 * The server is in the same thread (curl_peer.h), the core a fake (curl_fake.h).
 */
#include "curl_driver.h"
#include "curl_fake.h"
#include "curl_peer.h"
#include "test_alloc.h"
#include <sys/wait.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const peer_route routes[] = {{"/silence", NULL, 0, PEER_KEEP}};

/* A server, drivers that send to it, and calls of one client. */
enum { MOST_CALLS = 400 };
typedef struct crowd {
  peer peer;
  char url[100], silence[100];
  fake_client client;
  gf_call *calls[MOST_CALLS];
  int n;
} crowd;

static void gather(crowd *c, size_t places) {
  *c = (crowd){.client = {.places = places}};
  peer_open(&c->peer, routes, COUNT(routes));
  snprintf(c->url, sizeof c->url, "http://127.0.0.1:%d/", c->peer.port);
  snprintf(c->silence, sizeof c->silence, "http://127.0.0.1:%d/silence", c->peer.port);
}

static gfc_driver *new_driver(const gf_allocator *alloc) {
  gfc_config config;
  gf_error error;
  gfc_config_init(&config);
  config.proxy = "";
  config.concurrency = 40;
  if (alloc) config.alloc = *alloc;
  return gfc_driver_new(&config, &error);
}

/* A call with `n` requests. */
static gf_call *join(crowd *c, int n, const char *url) {
  gf_call *call = fake_call();
  call->client = &c->client;
  for (int i = 0; i < n; i++)
    fake_add(call, "GET", url, NULL);
  return c->calls[c->n++] = call;
}

static gf_call *send_off(crowd *c, gfc_driver *driver, int n, const char *url) {
  gf_call *call = join(c, n, url);
  CHECK(gfc_driver_add(driver, call));
  return call;
}

static bool all_done(const crowd *c) {
  for (int i = 0; i < c->n; i++)
    if (!c->calls[i]->done) return false;
  return true;
}

static void turn(crowd *c, gfc_driver *const *drivers, size_t n) {
  gfc_step(drivers, n, 1);
  peer_turn(&c->peer);
}

static void finish(crowd *c, gfc_driver *driver) {
  int64_t until = gfc_now_ms() + 20000;
  while (!all_done(c) && gfc_now_ms() < until)
    turn(c, &driver, 1);
  CHECK(all_done(c));
  gfc_driver_step(driver, 0);
}

static void leave(crowd *c) {
  for (int i = 0; i < c->n; i++)
    fake_free(c->calls[i]);
  peer_shut(&c->peer);
}

/* ----------------------------------------------------------------------------------------------- fairness -- */

/* The numbers of the calls, in the order in which their requests have been given out. */
static int given[1000], n_given;
static void note_given(crowd *c, size_t *before) {
  for (int i = 0; i < c->n; i++)
    for (; before[i] < c->calls[i]->next; before[i]++)
      given[n_given++] = i;
}

static void shares_the_window(void) {
  crowd c;
  size_t before[MOST_CALLS] = {0};
  gather(&c, 2);
  gfc_driver *driver = new_driver(NULL);
  send_off(&c, driver, 40, c.url);
  gfc_driver_step(driver, 0); /* it has the whole window */
  CHECK_INT(c.calls[0]->next, 2);
  for (int i = 0; i < 5; i++)
    send_off(&c, driver, 1, c.url);
  n_given = 0;
  int64_t until = gfc_now_ms() + 10000;
  while (!all_done(&c) && gfc_now_ms() < until) {
    turn(&c, &driver, 1);
    note_given(&c, before);
  }
  int last_single = 0;
  for (int i = 0; i < n_given; i++)
    if (given[i] > 0) last_single = i;
  CHECK_INT(n_given, 45);
  CHECK(last_single < 15); /* of 45; behind the large one it would be the last */
  gfc_driver_free(driver);
  leave(&c);
}

/* In a window of one place: one request of each, in turn. */
static void takes_turns(void) {
  crowd c;
  size_t before[MOST_CALLS] = {0};
  gather(&c, 1);
  gfc_driver *driver = new_driver(NULL);
  for (int i = 0; i < 3; i++)
    send_off(&c, driver, 10, c.url);
  n_given = 0;
  int64_t until = gfc_now_ms() + 10000;
  while (!all_done(&c) && gfc_now_ms() < until) {
    turn(&c, &driver, 1);
    note_given(&c, before);
  }
  CHECK_INT(n_given, 30);
  for (int i = 0; i < n_given; i++)
    CHECK_INT(given[i], i % 3);
  gfc_driver_free(driver);
  leave(&c);
}

static void takes_all_that_nobody_wants(void) {
  crowd c;
  gather(&c, 30);
  gfc_driver *driver = new_driver(NULL);
  gf_call *call = send_off(&c, driver, 40, c.silence);
  gfc_driver_step(driver, 0);
  CHECK_INT(call->next, 30);
  gfc_driver_free(driver);
  leave(&c);
}

/* Room that another driver's requests have left is found at the next turn. */
static void finds_room_that_others_leave(void) {
  crowd c;
  gather(&c, 1);
  gfc_driver *one = new_driver(NULL), *other = new_driver(NULL);
  gf_call *first = send_off(&c, one, 1, c.silence), *second = send_off(&c, other, 1, c.url);
  gfc_driver_step(one, 0);
  gfc_driver_step(other, 0);
  CHECK(first->next == 1 && second->next == 0);
  gfc_driver_drop(one, first);
  finish(&c, other);
  CHECK(second->done);
  gfc_driver_free(one);
  gfc_driver_free(other);
  leave(&c);
}

/* --------------------------------------------------------------------------------------------------- cost -- */

/* Questions for each call when `n` calls of one request share a window. */
static double questions(int n) {
  crowd c;
  gather(&c, 8);
  gfc_driver *driver = new_driver(NULL);
  for (int i = 0; i < n; i++)
    send_off(&c, driver, 1, c.url);
  finish(&c, driver);
  int asked = 0;
  for (int i = 0; i < n; i++)
    asked += c.calls[i]->asked;
  gfc_driver_free(driver);
  leave(&c);
  return (double)asked / n;
}

static void asks_each_a_few_times(void) {
  CHECK(questions(10) <= 4);
  CHECK(questions(MOST_CALLS) <= 4);
}

static void leaves_alone_who_waits_for_answers(void) {
  crowd c;
  gather(&c, 40);
  gfc_driver *driver = new_driver(NULL);
  gf_call *waits = send_off(&c, driver, 1, c.silence), *busy = send_off(&c, driver, 20, c.url);
  busy->window = 1;
  gfc_driver_step(driver, 0);
  int asked = waits->asked;
  int64_t until = gfc_now_ms() + 10000;
  while (!busy->done && gfc_now_ms() < until)
    turn(&c, &driver, 1);
  CHECK(busy->done);
  CHECK_INT(waits->asked, asked);
  gfc_driver_free(driver);
  leave(&c);
}

/* Each at its time, whatever the order in which they came. */
static void wakes_each_at_its_time(void) {
  crowd c;
  gather(&c, 40);
  gfc_driver *driver = new_driver(NULL);
  int64_t now = gfc_now_ms();
  for (int i = 0; i < 60; i++)
    send_off(&c, driver, 1, c.url)->wake = now + 20 + (i * 37) % 60;
  finish(&c, driver);
  for (int i = 0; i < c.n; i++)
    CHECK(c.calls[i]->asked <= 6);
  gfc_driver_free(driver);
  leave(&c);
}

static void forgets_the_time_of_who_leaves(void) {
  crowd c;
  gather(&c, 40);
  gfc_driver *driver = new_driver(NULL);
  for (int i = 0; i < 30; i++)
    send_off(&c, driver, 1, c.url)->wake = gfc_now_ms() + 30 + (i * 7) % 20;
  gfc_driver_step(driver, 0);
  for (int i = 0; i < 30; i += 2)
    gfc_driver_drop(driver, c.calls[i]);
  for (int i = 0; i < 30; i += 2) {
    CHECK_INT(c.calls[i]->refs, 1);
    fake_finish(c.calls[i]);
  }
  finish(&c, driver);
  gfc_driver_free(driver);
  leave(&c);
}

/* --------------------------------------------------------------------------------------------- signing in -- */

static void asks_again_who_waits_to_be_signed_in(void) {
  crowd c;
  gather(&c, 8);
  gfc_driver *driver = new_driver(NULL);
  c.client.unsigned_in = c.client.wants_token = true;
  for (int i = 0; i < 20; i++)
    send_off(&c, driver, 1, c.url);
  gfc_driver_step(driver, 0);
  int told = 0;
  while (gfc_driver_news(driver))
    told++;
  CHECK_INT(told, 20); /* each wants a token */
  for (int i = 0; i < 5; i++)
    gfc_driver_step(driver, 0);
  CHECK_INT(c.calls[7]->asked, 1);
  c.client.unsigned_in = c.client.wants_token = false;
  gfc_driver_wake(driver);
  finish(&c, driver);
  gfc_driver_free(driver);
  leave(&c);
}

/* Who was to sign in waits for the clock, and is cancelled or dropped: it is another's turn. */
static void asks_again_when_who_was_to_sign_in_leaves(void) {
  for (int dropped = 0; dropped < 2; dropped++) {
    crowd c;
    gather(&c, 8);
    gfc_driver *driver = new_driver(NULL);
    gf_call *renewer = send_off(&c, driver, 1, c.url), *held = send_off(&c, driver, 1, c.url);
    renewer->wake = gfc_now_ms() + 3600000;
    c.client.unsigned_in = true;
    gfc_driver_step(driver, 0);
    CHECK_INT(held->asked, 1);
    if (dropped) gfc_driver_drop(driver, renewer);
    fake_finish(renewer);
    c.client.unsigned_in = false;
    gfc_driver_step(driver, 0);
    CHECK_INT(held->next, 1);
    if (held->next == 1) finish(&c, driver);
    gfc_driver_free(driver);
    leave(&c);
  }
}

/* --------------------------------------------------------------------------------------------------- news -- */

static void tells_who_has_something_new(void) {
  crowd c;
  gather(&c, 40);
  gfc_driver *driver = new_driver(NULL);
  gf_call *two = send_off(&c, driver, 2, c.url), *silent = send_off(&c, driver, 1, c.silence);
  int told = 0, told_done = 0;
  int64_t until = gfc_now_ms() + 5000;
  two->window = 1;
  while (!told_done && gfc_now_ms() < until) {
    turn(&c, &driver, 1);
    for (gf_call *call; (call = gfc_driver_news(driver)) != NULL; told++) {
      CHECK(call == two);
      if (gf_call_is_done(call)) told_done++;
    }
  }
  CHECK(told >= 1 && told <= 2 && told_done == 1);
  fake_finish(silent); /* cancelled */
  gfc_driver_step(driver, 1000);
  CHECK(gfc_driver_news(driver) == silent);
  CHECK(gfc_driver_news(driver) == NULL);
  CHECK_INT(silent->refs, 1);
  gfc_driver_free(driver);
  leave(&c);
}

static void tells_who_is_done_in_that_order(void) {
  crowd c;
  gather(&c, 40);
  gfc_driver *driver = new_driver(NULL);
  for (int i = 0; i < 10; i++)
    send_off(&c, driver, 1, c.silence);
  gfc_driver_step(driver, 0);
  for (int i = 0; i < 10; i++)
    fake_finish(c.calls[(i * 3) % 10]);
  CHECK_INT(gfc_driver_step(driver, 1000), 0);
  for (int i = 0; i < 10; i++)
    CHECK(gfc_driver_news(driver) == c.calls[(i * 3) % 10]);
  CHECK(gfc_driver_news(driver) == NULL);
  gfc_driver_free(driver);
  leave(&c);
}

static void tells_nothing_of_who_is_dropped(void) {
  crowd c;
  gather(&c, 40);
  gfc_driver *driver = new_driver(NULL);
  for (int i = 0; i < 3; i++)
    send_off(&c, driver, 1, c.silence);
  gfc_driver_step(driver, 0);
  for (int i = 0; i < 3; i++)
    fake_finish(c.calls[i]);
  gfc_driver_step(driver, 0);
  CHECK(gfc_driver_news(driver) == c.calls[0]);
  gfc_driver_drop(driver, c.calls[0]); /* the one that was told last */
  gfc_driver_drop(driver, c.calls[1]); /* one that is still to be told */
  CHECK(gfc_driver_news(driver) == c.calls[2]);
  CHECK(gfc_driver_news(driver) == NULL);
  for (int i = 0; i < 3; i++)
    CHECK_INT(c.calls[i]->refs, 1);
  gfc_driver_free(driver);
  leave(&c);
}

static void carries_a_call_once(void) {
  crowd c;
  gather(&c, 40);
  gfc_driver *one = new_driver(NULL), *other = new_driver(NULL);
  gf_call *call = send_off(&c, one, 1, c.silence);
  CHECK(!gfc_driver_add(other, call));
  gfc_driver_drop(other, call); /* not there */
  gfc_driver_step(one, 0);
  CHECK_INT(call->next, 1);
  gfc_driver_drop(one, call);
  CHECK(gfc_driver_add(other, call));
  gfc_driver_free(one);
  gfc_driver_free(other);
  leave(&c);
}

/* ----------------------------------------------------------------------------------------- several drivers -- */

enum { DRIVERS = 5 };

static void turns_several_drivers_at_once(void) {
  crowd c;
  gfc_driver *drivers[DRIVERS];
  gather(&c, 40);
  for (int i = 0; i < DRIVERS; i++)
    drivers[i] = new_driver(NULL);
  for (int i = 0; i < 40; i++)
    send_off(&c, drivers[i % (DRIVERS - 1)], 1, c.url); /* the last has nothing to do */
  int64_t until = gfc_now_ms() + 10000;
  while (!all_done(&c) && gfc_now_ms() < until)
    turn(&c, drivers, DRIVERS);
  CHECK(all_done(&c));
  CHECK_INT(gfc_step(drivers, DRIVERS, 1000), 0);
  for (int i = 0; i < DRIVERS; i++)
    gfc_driver_free(drivers[i]);
  leave(&c);
}

/* It ends when something happens to any of them: here the time limit of a request of the last. */
static void waits_for_all_at_once(void) {
  crowd c;
  gfc_driver *drivers[DRIVERS];
  gather(&c, 40);
  for (int i = 0; i < DRIVERS; i++) {
    drivers[i] = new_driver(NULL);
    gf_call *call = send_off(&c, drivers[i], 1, c.silence);
    call->requests[0].request.timeout_ms = i == DRIVERS - 1 ? 100 : 30000;
  }
  int64_t begun = gfc_now_ms();
  while (!c.calls[DRIVERS - 1]->done && gfc_now_ms() - begun < 10000) {
    gfc_step(drivers, DRIVERS, 8000);
    peer_turn(&c.peer);
  }
  CHECK(gfc_now_ms() - begun < 5000);
  CHECK_INT(c.calls[DRIVERS - 1]->requests[0].how, GF_END_TIMEOUT);
  for (int i = 0; i < DRIVERS; i++)
    gfc_driver_free(drivers[i]);
  leave(&c);
}

static void does_without_memory_for_one_wait(void) {
  FAIL_EACH(a) {
    crowd c;
    gfc_driver *drivers[2];
    gather(&c, 40);
    drivers[0] = new_driver(&a->alloc);
    drivers[1] = new_driver(NULL);
    for (int i = 0; drivers[0] && i < 6; i++)
      if (!gfc_driver_add(drivers[i % 2], join(&c, 2, c.url))) c.calls[i]->done = true;
    int64_t until = gfc_now_ms() + 5000;
    while (drivers[0] && !all_done(&c) && gfc_now_ms() < until)
      turn(&c, drivers, 2);
    CHECK(all_done(&c));
    gfc_driver_free(drivers[0]);
    gfc_driver_free(drivers[1]);
    leave(&c);
  }
}

static void a_child_turns_several_drivers(void) {
  crowd c;
  gfc_driver *drivers[2];
  gather(&c, 40);
  for (int i = 0; i < 2; i++) {
    drivers[i] = new_driver(NULL);
    send_off(&c, drivers[i], 2, c.silence);
  }
  for (int i = 0; i < 5; i++)
    turn(&c, drivers, 2);
  pid_t child = fork();
  if (child == 0) { /* what was under way has ended there */
    gfc_step(drivers, 2, 0);
    _exit(c.calls[0]->ended == 2 && c.calls[1]->ended == 2 ? 0 : 1);
  }
  int status;
  waitpid(child, &status, 0);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  gfc_step(drivers, 2, 0);
  CHECK(c.calls[0]->ended == 0 && c.calls[1]->ended == 0);
  for (int i = 0; i < 2; i++)
    gfc_driver_free(drivers[i]);
  leave(&c);
}

int main(int argc, char **argv) {
  static const test_rule rules[] = {
      {"a large call and small ones share the window", shares_the_window},
      {"in line each gets one request, in turn", takes_turns},
      {"a call takes all the room that nobody else wants", takes_all_that_nobody_wants},
      {"room that another driver leaves is found", finds_room_that_others_leave},
      {"a call is asked a few times, however many there are", asks_each_a_few_times},
      {"who waits for answers is not asked when others get theirs", leaves_alone_who_waits_for_answers},
      {"each is woken at its time", wakes_each_at_its_time},
      {"who leaves is not woken", forgets_the_time_of_who_leaves},
      {"who waits to be signed in is asked again when that may be so", asks_again_who_waits_to_be_signed_in},
      {"who waits to be signed in is asked again when who was to do it leaves",
       asks_again_when_who_was_to_sign_in_leaves},
      {"who has something new is told", tells_who_has_something_new},
      {"who is done is told in that order", tells_who_is_done_in_that_order},
      {"who is dropped is no news", tells_nothing_of_who_is_dropped},
      {"a call is carried by one driver", carries_a_call_once},
      {"several drivers turn at once", turns_several_drivers_at_once},
      {"one wait is for all drivers", waits_for_all_at_once},
      {"a lack of memory for one wait is borne", does_without_memory_for_one_wait},
      {"a child of fork turns several drivers", a_child_turns_several_drivers},
  };
  return TEST_RUN(rules, argc, argv);
}
