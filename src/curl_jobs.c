/* SPDX-License-Identifier: MIT
 *
 * curl_jobs.c: the calls that take part, and which of them are asked when.
 *
 *     due       something has happened to it: a request of its own ended, its time has come, it is new
 *     line      waits for room in its client's window. Who is first gets one request and goes to the end: a
 *               fan-out of a thousand requests and a call with one share the window
 *     sign_in   waits for another call, or a token, to sign the client in
 *     news      who has carried it may want to look: a request of its own ended, it is done, it wants a token
 *
 * A call that waits for its own answers only is in none of them. What it costs to carry a call depends on what
 * happens to it, not on how many others there are.
 */
#include "curl_internal.h"
#include <stddef.h>

/* ----------------------------------------------------------------------------------------------- lists -- */

void gfc_list_init(gfc_link *list) { *list = (gfc_link){list, list}; }

bool gfc_is_linked(const gfc_link *link) { return link->next != link; }

void gfc_unlink(gfc_link *link) {
  link->prev->next = link->next;
  link->next->prev = link->prev;
  gfc_list_init(link);
}

void gfc_append(gfc_link *list, gfc_link *link) {
  gfc_unlink(link);
  *link = (gfc_link){list->prev, list};
  list->prev->next = link;
  list->prev = link;
}

#define JOB_AT(link, member) ((gfc_job *)(void *)((char *)(link)-offsetof(gfc_job, member)))

gfc_job *gfc_job_at(gfc_link *link) { return JOB_AT(link, all); }

gfc_job *gfc_first_due(const gfc_driver *driver) {
  return gfc_is_linked(&driver->due) ? JOB_AT(driver->due.next, due) : NULL;
}

gfc_job *gfc_first_in_line(const gfc_driver *driver) {
  return gfc_is_linked(&driver->line) ? JOB_AT(driver->line.next, place) : NULL;
}

/* ---------------------------------------------------------------------------------------------- alarms -- */

/* A heap: the job to be woken first is alarms[0]; of two with one time the one that was asked first. */

static bool is_earlier(const gfc_job *a, const gfc_job *b) {
  return a->wake < b->wake || (a->wake == b->wake && a->asked < b->asked);
}

static void put_alarm(gfc_driver *driver, size_t at, gfc_job *job) {
  driver->alarms[at] = job;
  job->alarm = at;
}

static void rise(gfc_driver *driver, size_t at, gfc_job *job) {
  for (size_t above; at > 0 && is_earlier(job, driver->alarms[above = (at - 1) / 2]); at = above)
    put_alarm(driver, at, driver->alarms[above]);
  put_alarm(driver, at, job);
}

static void sink(gfc_driver *driver, size_t at, gfc_job *job) {
  for (size_t below; (below = 2 * at + 1) < driver->n_alarms; at = below) {
    gfc_job **two = &driver->alarms[below];
    if (below + 1 < driver->n_alarms && is_earlier(two[1], two[0])) below++;
    if (is_earlier(job, driver->alarms[below])) break;
    put_alarm(driver, at, driver->alarms[below]);
  }
  put_alarm(driver, at, job);
}

static void clear_alarm(gfc_driver *driver, gfc_job *job) {
  if (job->alarm == GFC_NO_ALARM) return;
  gfc_job *last = driver->alarms[--driver->n_alarms];
  size_t at = job->alarm;
  job->alarm = GFC_NO_ALARM;
  if (last == job) return;
  if (at > 0 && is_earlier(last, driver->alarms[(at - 1) / 2]))
    rise(driver, at, last);
  else
    sink(driver, at, last);
}

void gfc_job_wake_at(gfc_driver *driver, gfc_job *job, int64_t at_ms) {
  clear_alarm(driver, job);
  if (at_ms == INT64_MAX) return;
  job->wake = at_ms;
  job->asked = ++driver->questions;
  rise(driver, driver->n_alarms++, job);
}

int64_t gfc_next_alarm(const gfc_driver *driver) {
  return driver->n_alarms > 0 ? driver->alarms[0]->wake : INT64_MAX;
}

void gfc_ring_alarms(gfc_driver *driver, int64_t now_ms) {
  while (driver->n_alarms > 0 && driver->alarms[0]->wake <= now_ms) {
    gfc_job *job = driver->alarms[0];
    clear_alarm(driver, job);
    gfc_append(&driver->due, &job->due);
    driver->is_stuck = false;
  }
}

/* ------------------------------------------------------------------------------------ joining, leaving -- */

/* An alarm for each job, so that setting one needs no memory. */
static bool make_room(gfc_driver *driver) {
  size_t room = driver->alarms_room ? driver->alarms_room * 2 : 8;
  if ((size_t)driver->n_jobs < driver->alarms_room) return true;
  gfc_job **alarms = gfc_resize(&driver->alloc, driver->alarms, room * sizeof(gfc_job *));
  if (!alarms) return false;
  driver->alarms = alarms;
  driver->alarms_room = room;
  return true;
}

gfc_job *gfc_job_new(gfc_driver *driver, gf_call *call) {
  gfc_job *job = make_room(driver) ? gfc_resize(&driver->alloc, NULL, sizeof *job) : NULL;
  if (!job) return NULL;
  *job = (gfc_job){.driver = driver, .alarm = GFC_NO_ALARM, .watch = {.done = &driver->done}};
  job->call = gf_call_retain(call);
  gfc_link *links[] = {&job->all, &job->due, &job->place, &job->held, &job->news};
  for (size_t i = 0; i < sizeof links / sizeof *links; i++)
    gfc_list_init(links[i]);
  gfc_append(&driver->jobs, &job->all);
  gfc_append(&driver->due, &job->due);
  driver->n_jobs++;
  gf_call_watch(call, &job->watch);
  return job;
}

/* The watch is the first member of its job. */
static gfc_job *job_of(gf_watch *watch) { return (gfc_job *)(void *)watch; }

gfc_job *gfc_job_of(const gfc_driver *driver, const gf_call *call) {
  gfc_job *job = job_of(gf_call_watched(call));
  return job && job->driver == driver ? job : NULL;
}

static void leave(gfc_driver *driver, gfc_job *job) {
  if (!gfc_is_linked(&job->all)) return;
  gfc_transfers_drop(driver, job);
  clear_alarm(driver, job);
  gfc_unlink(&job->all);
  gfc_unlink(&job->due);
  gfc_unlink(&job->place);
  gfc_unlink(&job->held);
  driver->n_jobs--;
  driver->signs_in = true; /* it may have been the one that signs in */
  driver->is_stuck = false;
}

void gfc_job_free(gfc_driver *driver, gfc_job *job) {
  gf_call_watch(job->call, NULL); /* breaking off its transfers may end it */
  leave(driver, job);
  gfc_unlink(&job->news);
  gfc_headers_release(driver, job->headers);
  gf_call_release(job->call);
  gfc_release(&driver->alloc, job);
}

/* Their lists turn, so that the first to end is told of first. */
void gfc_jobs_take_done(gfc_driver *driver) {
  gf_watch *first = NULL;
  while (driver->done) {
    gf_watch *watch = driver->done;
    driver->done = watch->next;
    watch->next = first;
    first = watch;
  }
  while (first) {
    gfc_job *job = job_of(first);
    first = first->next;
    leave(driver, job);
    gfc_append(&driver->news, &job->news);
  }
}

/* -------------------------------------------------------------------------------------- what has happened -- */

void gfc_job_stir(gfc_driver *driver, gfc_job *job) {
  gfc_append(&driver->due, &job->due);
  gfc_append(&driver->news, &job->news);
  driver->signs_in = true;
  driver->is_stuck = false;
}

void gfc_jobs_sign_in(gfc_driver *driver) {
  driver->signs_in = false;
  while (gfc_is_linked(&driver->sign_in)) {
    gfc_job *job = JOB_AT(driver->sign_in.next, held);
    gfc_unlink(&job->held);
    gfc_append(&driver->due, &job->due);
  }
}

/* -------------------------------------------------------------------------------------------------- news -- */

static bool is_over(const gfc_job *job) { return !gfc_is_linked(&job->all); }

static void forget_told(gfc_driver *driver) {
  if (driver->told) gfc_job_free(driver, driver->told);
  driver->told = NULL;
}

gf_call *gfc_driver_news(gfc_driver *driver) {
  forget_told(driver);
  if (!gfc_is_linked(&driver->news)) return NULL;
  gfc_job *job = JOB_AT(driver->news.next, news);
  gfc_unlink(&job->news);
  if (is_over(job)) driver->told = job;
  return job->call;
}

void gfc_jobs_forget_news(gfc_driver *driver) {
  while (gfc_driver_news(driver))
    ;
}
