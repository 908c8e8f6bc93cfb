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

static void free_job(gfc_driver *driver, gfc_job *job) {
  gfc_transfers_drop(driver, job);
  driver->stale = true;
  *(job->prev ? &job->prev->next : &driver->first) = job->next;
  *(job->next ? &job->next->prev : &driver->last) = job->prev;
  driver->n_jobs--;
  gfc_headers_release(driver, job->headers);
  gf_call_release(job->call);
  gfc_release(&driver->alloc, job);
}

void gfc_driver_free(gfc_driver *driver) {
  if (!driver) return;
  notice_fork(driver);
  while (driver->first)
    free_job(driver, driver->first);
  gfc_transfers_reset(driver, NULL);
  gfc_loop_free(&driver->loop);
  gfc_setup_free(driver);
  gf_allocator alloc = driver->alloc;
  gfc_release(&alloc, driver);
}

/* ------------------------------------------------------------------------------------------- the calls -- */

static gfc_job *find_job(const gfc_driver *driver, const gf_call *call) {
  gfc_job *job = driver->first;
  while (job && job->call != call)
    job = job->next;
  return job;
}

bool gfc_driver_add(gfc_driver *driver, gf_call *call) {
  if (find_job(driver, call)) return false;
  gfc_job *job = gfc_resize(&driver->alloc, NULL, sizeof *job);
  if (!job) return false;
  *job = (gfc_job){.call = gf_call_retain(call), .prev = driver->last};
  *(driver->last ? &driver->last->next : &driver->first) = job;
  driver->last = job;
  driver->n_jobs++;
  driver->stale = true;
  return true;
}

void gfc_driver_drop(gfc_driver *driver, gf_call *call) {
  notice_fork(driver);
  gfc_job *job = find_job(driver, call);
  if (job) free_job(driver, job);
}

void gfc_driver_wake(gfc_driver *driver) { driver->stale = true; }

/* -------------------------------------------------------------------------------------------- the turn -- */

/* Send what `job` has to send. True when it is done, and gone. */
static bool ask(gfc_driver *driver, gfc_job *job, int64_t now_ms) {
  for (;;) {
    const gf_request *request = NULL;
    int64_t wake_ms = INT64_MAX;
    switch (gf_call_next(job->call, now_ms, &request, &wake_ms)) {
    case GF_SEND: gfc_transfer_start(driver, job, request); break;
    case GF_WAIT:
      if (wake_ms < driver->wake) driver->wake = wake_ms;
      return false;
    case GF_DONE: free_job(driver, job); return true;
    }
  }
}

/* Ask all calls, in the order added. True when one is done. */
static bool ask_all(gfc_driver *driver) {
  bool done = false;
  int64_t now_ms = gfc_now_ms();
  driver->stale = false;
  driver->wake = INT64_MAX;
  for (gfc_job *job = driver->first, *next; job; job = next) {
    next = job->next;
    if (ask(driver, job, now_ms)) done = true;
  }
  return done;
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

static int64_t wait_ms(const gfc_driver *driver, int timeout_ms) {
  int64_t wait = timeout_ms;
  if (driver->wake < INT64_MAX) {
    int64_t until_wake = driver->wake - gfc_now_ms();
    if (until_wake < wait) wait = until_wake;
  }
  return wait > 0 ? wait : 0;
}

/* Whether a call may have something new to say. One that was cancelled is found by being done. */
static bool must_ask(const gfc_driver *driver) {
  if (driver->stale) return true;
  if (driver->wake < INT64_MAX && driver->wake <= gfc_now_ms()) return true;
  const gfc_job *job = driver->first;
  while (job && !gf_call_is_done(job->call))
    job = job->next;
  return job != NULL;
}

/* Ask, and send what is given. True when a call is done. */
static bool ask_and_send(gfc_driver *driver) {
  bool done = ask_all(driver);
  run_timer(driver);
  return done;
}

int gfc_driver_step(gfc_driver *driver, int timeout_ms) {
  notice_fork(driver);
  bool done = must_ask(driver) && ask_and_send(driver);
  if (!done && !driver->stale && driver->n_jobs > 0)
    take(driver, gfc_loop_wait(&driver->loop, driver->multi, wait_ms(driver, timeout_ms)));
  if (!done && must_ask(driver)) ask_and_send(driver);
  return driver->n_jobs;
}
