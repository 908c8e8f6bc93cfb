/* SPDX-License-Identifier: MIT
 *
 * curl_driver.c: the calls that take part, and the turn: ask, send, wait, feed.
 */
#include "curl_internal.h"
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int64_t gfc_now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---------------------------------------------------------------------------------- making, forgetting -- */

static gfc_driver *new_driver(const gfc_config *config, gf_error *error) {
  gfc_driver *driver = gfc_resize(&config->alloc, NULL, sizeof *driver);
  if (!driver) {
    snprintf(error->message, sizeof error->message, "out of memory");
    return NULL;
  }
  memset(driver, 0, sizeof *driver);
  driver->alloc = config->alloc;
  driver->pid = getpid();
  gfc_loop_init(&driver->loop, &driver->alloc);
  gfc_link *lists[] = {&driver->jobs, &driver->due, &driver->line, &driver->sign_in, &driver->news};
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
    gfc_list_init(lists[i]);
  return driver;
}

gfc_driver *gfc_driver_new(const gfc_config *config, gf_error *error) {
  CURLcode result = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (result != CURLE_OK) {
    snprintf(error->message, sizeof error->message, "libcurl: %s", curl_easy_strerror(result));
    return NULL;
  }
  gfc_driver *driver = new_driver(config, error);
  if (!driver || gfc_setup_config(driver, config, error)) return driver;
  gfc_driver_free(driver);
  return NULL;
}

/* The handles that this process inherited belong to its parent: leave them. */
static void notice_fork(gfc_driver *driver) {
  pid_t pid = getpid();
  if (driver->pid == pid) return;
  driver->pid = pid;
  gfc_transfers_abandon(driver);
}

void gfc_driver_free(gfc_driver *driver) {
  if (!driver) return;
  notice_fork(driver);
  gfc_jobs_take_done(driver);
  while (gfc_is_linked(&driver->jobs))
    gfc_job_free(driver, gfc_job_at(driver->jobs.next));
  gfc_jobs_forget_news(driver);
  gfc_transfers_reset(driver, NULL);
  gfc_loop_free(&driver->loop);
  gfc_setup_free(driver);
  gf_allocator alloc = driver->alloc;
  gfc_release(&alloc, driver->alarms);
  gfc_release(&alloc, driver);
}

/* ------------------------------------------------------------------------------------------- the calls -- */

bool gfc_driver_add(gfc_driver *driver, gf_call *call) {
  if (gf_call_is_done(call)) return true; /* nothing is to be done */
  return !gf_call_watched(call) && gfc_job_new(driver, call);
}

void gfc_driver_drop(gfc_driver *driver, gf_call *call) {
  notice_fork(driver);
  gfc_jobs_take_done(driver);
  gfc_job *job = gfc_job_of(driver, call);
  if (job == driver->told) driver->told = NULL;
  if (job) gfc_job_free(driver, job);
}

void gfc_driver_wake(gfc_driver *driver) { driver->signs_in = true; }

/* ------------------------------------------------------------------------------------------- questions -- */

static void wait_for(gfc_driver *driver, gfc_job *job) {
  gf_blocked blocked = gf_call_blocked(job->call);
  if (blocked != GF_BLOCKED_ROOM) gfc_unlink(&job->place);
  if (blocked == GF_BLOCKED_ROOM && !gfc_is_linked(&job->place)) gfc_append(&driver->line, &job->place);
  if (blocked != GF_BLOCKED_SIGN_IN) return;
  gfc_append(&driver->sign_in, &job->held);
  if (gf_call_wants_token(job->call)) gfc_append(&driver->news, &job->news);
}

/* One request at a time, then it is the others' turn. */
static void ask(gfc_driver *driver, gfc_job *job, int64_t now_ms) {
  const gf_request *request = NULL;
  int64_t wake_ms = INT64_MAX;
  gfc_unlink(&job->due);
  gfc_unlink(&job->held);
  switch (gf_call_next(job->call, now_ms, &request, &wake_ms)) {
  case GF_SEND:
    gfc_append(&driver->line, &job->place);
    gfc_append(&driver->due, &job->due);
    gfc_transfer_start(driver, job, request);
    break;
  case GF_WAIT:
    gfc_job_wake_at(driver, job, wake_ms);
    wait_for(driver, job);
    break;
  case GF_DONE: break;
  }
}

static bool has_room(const gfc_driver *driver, const gfc_job *job) {
  return !driver->is_stuck && gf_call_has_room(job->call);
}

static void ask_first(gfc_driver *driver, gfc_job *first, int64_t now_ms) {
  gfc_unlink(&first->place);
  ask(driver, first, now_ms);
  driver->is_stuck = gfc_is_linked(&first->place) && !gfc_is_linked(&first->due);
}

/* Who is due joins the line while there is room, so that nobody overtakes anybody; when there is none he is
 * asked, which tells what he waits for. Then who stands first in line is asked, while there is room. False:
 * nobody is left to ask. */
static bool ask_next(gfc_driver *driver, int64_t now_ms) {
  gfc_job *due = gfc_first_due(driver), *first = gfc_first_in_line(driver);
  if (due && has_room(driver, due)) {
    gfc_unlink(&due->due);
    if (!gfc_is_linked(&due->place)) gfc_append(&driver->line, &due->place);
  } else if (due) {
    ask(driver, due, now_ms);
  } else if (first && has_room(driver, first)) {
    ask_first(driver, first, now_ms);
  } else {
    return false;
  }
  return true;
}

/* Our own socket callback makes libcurl abort, for want of memory only. */
static bool lacks_memory(CURLMcode result) {
  return result == CURLM_OUT_OF_MEMORY || result == CURLM_ABORTED_BY_CALLBACK;
}

/* What libcurl has done goes to the core. An error of the multi handle leaves it useless. */
static void take(gfc_driver *driver, CURLMcode result) {
  if (result == CURLM_OK)
    gfc_transfers_collect(driver);
  else
    gfc_transfers_reset(driver, lacks_memory(result) ? "out of memory" : curl_multi_strerror(result));
}

static void run_timer(gfc_driver *driver) {
  if (driver->multi) take(driver, gfc_loop_run_timer(&driver->loop, driver->multi));
}

/* ---------------------------------------------------------------------------------------------- the turn -- */

/* Ask who may have something new to say, and send what is given. */
static void ask_and_send(gfc_driver *driver) {
  int64_t now_ms = gfc_now_ms();
  gfc_ring_alarms(driver, now_ms);
  do {
    gfc_jobs_take_done(driver);
    if (driver->signs_in) gfc_jobs_sign_in(driver);
  } while (ask_next(driver, now_ms));
  run_timer(driver);
}

static bool must_ask(const gfc_driver *driver) {
  const gfc_job *first = gfc_first_in_line(driver);
  return driver->done || gfc_first_due(driver) || (driver->signs_in && gfc_is_linked(&driver->sign_in)) ||
         (first && has_room(driver, first)) ||
         (driver->n_alarms > 0 && gfc_next_alarm(driver) <= gfc_now_ms());
}

static void begin(gfc_driver *driver) {
  notice_fork(driver);
  gfc_jobs_forget_news(driver);
  if (must_ask(driver)) ask_and_send(driver);
}

/* 0 where there is something to tell already. */
static int64_t wait_ms(const gfc_driver *driver, int64_t most) {
  if (gfc_is_linked(&driver->news) || must_ask(driver)) return 0;
  int64_t alarm = gfc_next_alarm(driver);
  if (alarm == INT64_MAX) return most;
  int64_t until = alarm - gfc_now_ms();
  return until < most ? until : most;
}

static int count_jobs(gfc_driver *const *drivers, size_t n) {
  int jobs = 0;
  for (size_t i = 0; i < n; i++)
    jobs += drivers[i]->n_jobs;
  return jobs;
}

int gfc_step(gfc_driver *const *drivers, size_t n, int timeout_ms) {
  int64_t wait = timeout_ms;
  for (size_t i = 0; i < n; i++)
    begin(drivers[i]);
  for (size_t i = 0; i < n; i++)
    wait = wait_ms(drivers[i], wait);
  if (count_jobs(drivers, n) == 0 || !gfc_loops_wait(drivers, n, wait)) return count_jobs(drivers, n);
  for (size_t i = 0; i < n; i++) {
    take(drivers[i], gfc_loop_work(&drivers[i]->loop, drivers[i]->multi));
    if (must_ask(drivers[i])) ask_and_send(drivers[i]);
  }
  return count_jobs(drivers, n);
}

int gfc_driver_step(gfc_driver *driver, int timeout_ms) { return gfc_step(&driver, 1, timeout_ms); }
