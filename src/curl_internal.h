/* SPDX-License-Identifier: MIT
 *
 * curl_internal.h: what the files of the libcurl driver share.
 *
 *     curl_driver.c    the turn: ask, send, wait, feed
 *     curl_jobs.c      the calls, and which of them are asked when
 *     curl_setup.c     settings: checked, copied, put on handles once
 *     curl_transfer.c  one request on its way, from gf_request to gf_end
 *     curl_headers.c   the header lines of requests
 *     curl_end.c       libcurl's result codes as the core's gf_how
 *     curl_loop.c      sockets and the timer that libcurl wants to be told of
 */
#ifndef GFC_CURL_INTERNAL_H
#define GFC_CURL_INTERNAL_H

#include "curl_driver.h"
#include <curl/curl.h>
#include <poll.h>
#include <sys/types.h>

#if LIBCURL_VERSION_NUM < 0x075500
#error "libcurl 7.85 or later is needed"
#endif

/* ------------------------------------------------------------------------------------------------ caps -- */

enum {
  GFC_MAX_CONCURRENCY = 1000, /* more connections than this are a mistake, not a setting */
  GFC_RECEIVE_BUFFER =
      65536, /* bytes read at once, in a buffer for each transfer under way; 16 to 256 KB measured alike */
  GFC_MAX_MS = 0x7fffffff /* the longest time that libcurl takes: 24 days */
};

/* ------------------------------------------------------------------------------------------------ loop -- */

/* What libcurl wants to be told of. No system object belongs to it: a fork or a lost one costs nothing. */
typedef struct gfc_loop {
  const gf_allocator *alloc;
  struct pollfd *fds;   /* sockets to watch */
  struct pollfd *ready; /* the same room: those with news, while they are handed over */
  size_t n_fds, fds_room;
  int *open; /* every socket made for libcurl and not yet closed, for a forked child to close */
  size_t n_open, open_room;
  int64_t timer_at;      /* when libcurl wants to be called; INT64_MAX: no time set */
  struct pollfd *merged; /* those of several loops, where this is the first of them */
  size_t merged_room;
} gfc_loop;

void gfc_loop_init(gfc_loop *loop, const gf_allocator *alloc);
void gfc_loop_free(gfc_loop *loop);
/* Close libcurl's sockets behind its back and forget them: in a forked child only. */
void gfc_loop_abandon(gfc_loop *loop);
/* Serve `multi` from now on. */
CURLMcode gfc_loop_attach(gfc_loop *loop, CURLM *multi);
/* Open and close sockets of `easy` through the loop. */
CURLcode gfc_loop_attach_easy(gfc_loop *loop, CURL *easy);
/* Let libcurl work when its timer is due. New transfers are started by this. */
CURLMcode gfc_loop_run_timer(gfc_loop *loop, CURLM *multi);
/* Wait for sockets or timers of the loops, once, at most `wait_ms`. False when a signal ended the wait: there is
 * nothing to be done then. */
bool gfc_loops_wait(gfc_driver *const *drivers, size_t n, int64_t wait_ms);
/* Let libcurl work on what the wait has found. `multi` may be NULL. */
CURLMcode gfc_loop_work(gfc_loop *loop, CURLM *multi);

/* ------------------------------------------------------------------------------------------- transfers -- */

/* The header lines of a request as libcurl takes them, in one block, shared by the requests of a call. */
typedef struct gfc_headers {
  uint64_t id; /* gf_request.headers_id */
  int users;
  size_t size; /* of the whole block, to be wiped: there are credentials in it */
  struct curl_slist *list;
} gfc_headers;

typedef struct gfc_transfer gfc_transfer;

/* A place in a list, or the list itself: then `next` is the first and `prev` the last. */
typedef struct gfc_link {
  struct gfc_link *prev, *next;
} gfc_link;

/* A call that takes part. One that is done has left all lists but the news. */
typedef struct gfc_job {
  gf_watch watch; /* first: the core hands it out */
  gf_call *call;  /* retained */
  gfc_driver *driver;
  gfc_link all;            /* in driver->jobs */
  gfc_link due;            /* in driver->due */
  gfc_link place;          /* in driver->line */
  gfc_link held;           /* in driver->sign_in */
  gfc_link news;           /* in driver->news */
  size_t alarm;            /* where in driver->alarms; GFC_NO_ALARM: nowhere */
  int64_t wake;            /* when it is to be asked by then */
  uint64_t asked;          /* which question that was */
  gfc_transfer *transfers; /* under way */
  gfc_headers *headers;    /* of its last request */
} gfc_job;
#define GFC_NO_ALARM SIZE_MAX

/* How far the answer's head has come. */
typedef enum gfc_head { GFC_HEAD_DUE, GFC_HEAD_BEGUN, GFC_HEAD_WHOLE } gfc_head;

/* How the handle sends: what must be set anew when the next request differs. */
typedef enum gfc_kind { GFC_KIND_NONE, GFC_KIND_GET, GFC_KIND_HEAD, GFC_KIND_BARE, GFC_KIND_BODY } gfc_kind;
typedef enum gfc_scheme { GFC_SCHEME_NONE, GFC_SCHEME_HTTP, GFC_SCHEME_HTTPS } gfc_scheme;

/* One request on its way, or an idle handle in the driver's pool. */
struct gfc_transfer {
  CURL *easy;
  gfc_job *job; /* NULL in the pool */
  gfc_transfer *prev, *next;
  uint32_t id;
  gfc_headers *headers;
  gf_str body; /* the request's; lives in the core */
  size_t body_at;
  gfc_head head;
  int code;         /* of the last head */
  bool repeatable;  /* no write: libcurl may send it again by itself */
  bool started;     /* libcurl was about to send it: bytes may have reached a server */
  bool dropped;     /* a feeding function said so */
  CURLcode refusal; /* why this handle cannot be used: an option of the driver that libcurl does not take */
  gfc_kind kind;    /* as set on the handle … */
  gfc_scheme scheme;
  int64_t timeout_ms, connect_timeout_ms;
  char error[CURL_ERROR_SIZE]; /* libcurl's words */
};

struct gfc_driver {
  gf_allocator alloc;
  gfc_config config; /* its strings are the driver's own */
  pid_t pid;         /* the process that `multi` and all handles belong to */
  CURLM *multi;      /* NULL until the first request */
  gfc_loop loop;
  int n_jobs;    /* calls that are not done */
  gfc_link jobs; /* these, in the order added */
  gfc_link due, line, sign_in, news;
  gfc_job **alarms; /* with room for one of each job */
  size_t n_alarms, alarms_room;
  uint64_t questions; /* how many alarms have been set */
  gf_watch *done;     /* of calls that are done, until a turn looks; the core's list */
  gfc_job *told;      /* was done, and handed out as the last of the news */
  bool signs_in;      /* something has happened that calls in `sign_in` may wait for */
  bool is_stuck;      /* there was room in the window, and who stood first in line could not use it */
  gfc_transfer *idle;
  int n_idle;
};

/* ------------------------------------------------------------------------------------------------ jobs -- */

void gfc_list_init(gfc_link *list); /* empty; of a link: in no list */
bool gfc_is_linked(const gfc_link *link);
void gfc_unlink(gfc_link *link);                  /* from the list that it is in, if any */
void gfc_append(gfc_link *list, gfc_link *link);  /* as the last, from wherever it is */
gfc_job *gfc_job_at(gfc_link *link);              /* whose link `all` it is */
gfc_job *gfc_first_due(const gfc_driver *driver); /* NULL: none */
gfc_job *gfc_first_in_line(const gfc_driver *driver);

/* Make a job of `call`, which is due. NULL without memory. */
gfc_job *gfc_job_new(gfc_driver *driver, gf_call *call);
gfc_job *gfc_job_of(const gfc_driver *driver, const gf_call *call); /* NULL: it is not here */
/* It takes part no longer: its transfers are broken off. */
void gfc_job_free(gfc_driver *driver, gfc_job *job);
/* Who is done leaves, and is news. */
void gfc_jobs_take_done(gfc_driver *driver);
/* A request of `job` has ended. */
void gfc_job_stir(gfc_driver *driver, gfc_job *job);
/* Those that wait for the client to be signed in are due. */
void gfc_jobs_sign_in(gfc_driver *driver);
/* The news that nobody has asked for: calls that are done are released. */
void gfc_jobs_forget_news(gfc_driver *driver);

/* Ask `job` at that time, INT64_MAX: not because of the time. */
void gfc_job_wake_at(gfc_driver *driver, gfc_job *job, int64_t at_ms);
int64_t gfc_next_alarm(const gfc_driver *driver); /* INT64_MAX: none */
/* Those whose time has come are due. */
void gfc_ring_alarms(gfc_driver *driver, int64_t now_ms);

/* ----------------------------------------------------------------------------------- what jobs transfer -- */

/* Send `request` of `job`. When that fails it has been ended (gf_end). */
void gfc_transfer_start(gfc_driver *driver, gfc_job *job, const gf_request *request);
/* End the transfers that libcurl has finished with. */
void gfc_transfers_collect(gfc_driver *driver);
/* Break off what `job` transfers: each ends with GF_END_CUT, unless the call is done. */
void gfc_transfers_drop(gfc_driver *driver, gfc_job *job);
/* Free libcurl's handles and connections. What is under way ends with GF_END_FAILED and `detail`. */
void gfc_transfers_reset(gfc_driver *driver, const char *detail);
/* In a forked child: forget libcurl's handles, which leak. What was under way ends with GF_END_CUT. */
void gfc_transfers_abandon(gfc_driver *driver);
/* The lines for `request`: those of the job's last request when they have the same id, which counts within a
 * job only (it is the client's). For the caller to release, which wipes them after the last user. NULL:
 * without memory. */
gfc_headers *gfc_headers_share(gfc_driver *driver, gfc_job *job, const gf_request *request);
void gfc_headers_release(gfc_driver *driver, gfc_headers *headers);

/* How a transfer with libcurl's `result` ended. `*detail` is a few words without secrets, or NULL; it may be
 * in `transfer`. */
gf_how gfc_end_how(const gfc_transfer *transfer, CURLcode result, const char **detail);
/* It ended so, and although bytes were sent, certainly none was read. */
bool gfc_end_refused(const gfc_transfer *transfer, gf_how how);

/* -------------------------------------------------------------------------------------------- settings -- */

/* Copy `from` with the driver's allocator, and say what is wrong with it. */
bool gfc_setup_config(gfc_driver *driver, const gfc_config *from, gf_error *error);
void gfc_setup_free(gfc_driver *driver);
/* A multi handle, and an easy handle with everything on it that is the same for all requests. NULL: without
 * memory. */
CURLM *gfc_setup_multi(gfc_driver *driver);
CURLcode gfc_setup_easy(gfc_driver *driver, CURL *easy);

/* ---------------------------------------------------------------------------------------------- memory -- */

static inline void *gfc_resize(const gf_allocator *alloc, void *p, size_t size) {
  return alloc->resize(alloc->ctx, p, size);
}
static inline void gfc_release(const gf_allocator *alloc, void *p) {
  if (p) alloc->resize(alloc->ctx, p, 0);
}

/* curl_easy_setopt that returns from the function when libcurl refuses. */
#define GFC_SET(easy, option, value)                                                                         \
  do {                                                                                                       \
    CURLcode set_result = curl_easy_setopt(easy, option, value);                                             \
    if (set_result != CURLE_OK) return set_result;                                                           \
  } while (0)

#endif
