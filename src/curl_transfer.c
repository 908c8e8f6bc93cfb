/* SPDX-License-Identifier: MIT
 *
 * curl_transfer.c: one request on its way, from gf_request to gf_end.
 *
 * libcurl's callbacks only feed the core. gf_end is called when the transfer has left the multi handle,
 * outside every callback. Handles are pooled: what never changes is set once (curl_setup.c), the rest when it
 * differs.
 */
#include "curl_internal.h"
#include <string.h>

/* --------------------------------------------------------------------------------- libcurl's callbacks -- */

/* -1 breaks the transfer off. A call that is done in the meantime is fed nothing more. */
static bool fed(gfc_transfer *transfer, int result) {
  if (result < 0) transfer->dropped = true;
  return result >= 0;
}

static bool may_feed(gfc_transfer *transfer) {
  return fed(transfer, gf_call_is_done(transfer->job->call) ? -1 : 0);
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static gf_str trimmed(const char *p, size_t n) {
  while (n > 0 && is_blank(p[n - 1]))
    n--;
  while (n > 0 && is_blank(*p))
    p++, n--;
  return (gf_str){p, n};
}

/* The code of "HTTP/1.1 200 OK"; 0 when there is none. */
static int status_code(gf_str line) {
  size_t i = 0;
  while (i < line.n && line.p[i] != ' ')
    i++;
  while (i < line.n && line.p[i] == ' ')
    i++;
  int code = 0;
  for (size_t end = i + 3; i < line.n && i < end && line.p[i] >= '0' && line.p[i] <= '9'; i++)
    code = code * 10 + (line.p[i] - '0');
  return code;
}

static bool feed_status(gfc_transfer *transfer, gf_str line) {
  transfer->head = GFC_HEAD_BEGUN;
  transfer->code = status_code(line);
  return may_feed(transfer) && fed(transfer, gf_head(transfer->job->call, transfer->id, transfer->code));
}

static bool feed_header(gfc_transfer *transfer, gf_str line) {
  const char *colon = memchr(line.p, ':', line.n);
  if (!colon || is_blank(*line.p)) return true; /* continues a header: obsolete, nothing of ours */
  size_t name = (size_t)(colon - line.p);
  return fed(transfer, gf_header_line(transfer->job->call, transfer->id, trimmed(line.p, name),
                                      trimmed(colon + 1, line.n - name - 1)));
}

/* Whole lines of heads, the blank ones that end them, and trailers, which are left out. */
static bool feed_line(gfc_transfer *transfer, gf_str line) {
  bool interim = transfer->head == GFC_HEAD_WHOLE && transfer->code < 200;
  if (transfer->head == GFC_HEAD_DUE || interim)
    return line.n > 5 && memcmp(line.p, "HTTP/", 5) == 0 ? feed_status(transfer, line) : true;
  if (transfer->head == GFC_HEAD_WHOLE) return true;
  if (trimmed(line.p, line.n).n > 0) return feed_header(transfer, line);
  transfer->head = GFC_HEAD_WHOLE;
  return true;
}

static size_t on_header(char *p, size_t size, size_t n, void *ctx) {
  return feed_line(ctx, (gf_str){p, size * n}) ? size * n : 0;
}

static size_t on_body(char *p, size_t size, size_t n, void *ctx) {
  gfc_transfer *transfer = ctx;
  gf_str bytes = {p, size * n};
  if (!may_feed(transfer)) return CURL_WRITEFUNC_ERROR;
  int taken = gf_body(transfer->job->call, transfer->id, bytes);
  if (taken > 0) gfc_job_stir(transfer->job->driver, transfer->job);
  return fed(transfer, taken) ? bytes.n : CURL_WRITEFUNC_ERROR;
}

static size_t on_read(char *to, size_t size, size_t n, void *ctx) {
  gfc_transfer *transfer = ctx;
  size_t left = transfer->body.n - transfer->body_at;
  if (left > size * n) left = size * n;
  if (left > 0) memcpy(to, transfer->body.p + transfer->body_at, left);
  transfer->body_at += left;
  return left;
}

/* libcurl is about to send the request. It does so again by itself when a kept connection dies unanswered or
 * a stream is refused; a write must not be sent twice. */
static int on_start(void *ctx, char *peer_ip, char *own_ip, int peer_port, int own_port) {
  (void)peer_ip, (void)own_ip, (void)peer_port, (void)own_port;
  gfc_transfer *transfer = ctx;
  bool again = transfer->started;
  transfer->started = true;
  return again && !transfer->repeatable ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/* ------------------------------------------------------------------------------------ setting a handle -- */

static CURLcode set_callbacks(gfc_transfer *transfer) {
  CURL *easy = transfer->easy;
  GFC_SET(easy, CURLOPT_PRIVATE, (void *)transfer);
  GFC_SET(easy, CURLOPT_ERRORBUFFER, transfer->error);
  GFC_SET(easy, CURLOPT_HEADERFUNCTION, on_header);
  GFC_SET(easy, CURLOPT_HEADERDATA, transfer);
  GFC_SET(easy, CURLOPT_WRITEFUNCTION, on_body);
  GFC_SET(easy, CURLOPT_WRITEDATA, transfer);
  GFC_SET(easy, CURLOPT_READFUNCTION, on_read);
  GFC_SET(easy, CURLOPT_READDATA, transfer);
  GFC_SET(easy, CURLOPT_PREREQFUNCTION, on_start);
  GFC_SET(easy, CURLOPT_PREREQDATA, transfer);
  return CURLE_OK;
}

static bool is(const char *method, const char *name) { return strcmp(method, name) == 0; }

static gfc_kind kind_of(const gf_request *request) {
  const char *method = request->method;
  if (request->body.n > 0 || is(method, "POST") || is(method, "PUT") || is(method, "PATCH"))
    return GFC_KIND_BODY;
  if (is(method, "GET")) return GFC_KIND_GET;
  return is(method, "HEAD") ? GFC_KIND_HEAD : GFC_KIND_BARE;
}

/* A body comes by on_read, and there is no way back in it: libcurl could not send it again. */
static CURLcode set_method(gfc_transfer *transfer, const gf_request *request) {
  CURL *easy = transfer->easy;
  gfc_kind kind = kind_of(request);
  bool named = kind == GFC_KIND_BARE || kind == GFC_KIND_BODY;
  transfer->repeatable = kind == GFC_KIND_GET || kind == GFC_KIND_HEAD;
  if (named) GFC_SET(easy, CURLOPT_CUSTOMREQUEST, request->method);
  if (kind == GFC_KIND_BODY) GFC_SET(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->body.n);
  if (kind == transfer->kind) return CURLE_OK;
  transfer->kind = GFC_KIND_NONE;
  if (!named) GFC_SET(easy, CURLOPT_CUSTOMREQUEST, NULL);
  if (kind == GFC_KIND_BODY)
    GFC_SET(easy, CURLOPT_UPLOAD, 1L);
  else if (kind == GFC_KIND_HEAD)
    GFC_SET(easy, CURLOPT_NOBODY, 1L);
  else
    GFC_SET(easy, CURLOPT_HTTPGET, 1L);
  transfer->kind = kind;
  return CURLE_OK;
}

/* HTTP/2 where a server offers it in the TLS handshake. Only there waits a request for a connection that is
 * being made, to learn whether it can be shared; over plain HTTP that would make all wait for the first. */
static CURLcode set_version(gfc_transfer *transfer, const char *url) {
  gfc_scheme scheme = strncmp(url, "https:", 6) == 0 ? GFC_SCHEME_HTTPS : GFC_SCHEME_HTTP;
  if (scheme == transfer->scheme) return CURLE_OK;
  bool tls = scheme == GFC_SCHEME_HTTPS;
  long version = tls ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1;
  GFC_SET(transfer->easy, CURLOPT_PIPEWAIT, tls ? 1L : 0L);
  /* A libcurl without HTTP/2 refuses, and speaks HTTP/1.1. */
  if (curl_easy_setopt(transfer->easy, CURLOPT_HTTP_VERSION, version) == CURLE_OUT_OF_MEMORY)
    return CURLE_OUT_OF_MEMORY;
  transfer->scheme = scheme;
  return CURLE_OK;
}

/* For libcurl 0 means no limit for the whole request, but 300 s for connecting. */
static CURLcode set_limits(gfc_transfer *transfer, const gf_request *request) {
  int64_t whole = request->timeout_ms, connect = request->connect_timeout_ms;
  if (whole != transfer->timeout_ms)
    GFC_SET(transfer->easy, CURLOPT_TIMEOUT_MS, (long)(whole < GFC_MAX_MS ? whole : GFC_MAX_MS));
  transfer->timeout_ms = whole;
  if (connect != transfer->connect_timeout_ms)
    GFC_SET(transfer->easy, CURLOPT_CONNECTTIMEOUT_MS,
            (long)(connect > 0 && connect < GFC_MAX_MS ? connect : GFC_MAX_MS));
  transfer->connect_timeout_ms = connect;
  return CURLE_OK;
}

static CURLcode set_request(gfc_transfer *transfer, const gf_request *request) {
  GFC_SET(transfer->easy, CURLOPT_URL, request->url);
  GFC_SET(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers->list);
  CURLcode result = set_version(transfer, request->url);
  if (result == CURLE_OK) result = set_method(transfer, request);
  return result == CURLE_OK ? set_limits(transfer, request) : result;
}

/* ----------------------------------------------------------------------------------- the pool, the job -- */

static void free_transfer(gfc_driver *driver, gfc_transfer *transfer) {
  if (transfer->easy) curl_easy_cleanup(transfer->easy);
  gfc_release(&driver->alloc, transfer);
}

static gfc_transfer *new_transfer(gfc_driver *driver) {
  gfc_transfer *transfer = gfc_resize(&driver->alloc, NULL, sizeof *transfer);
  if (!transfer) return NULL;
  memset(transfer, 0, sizeof *transfer);
  transfer->timeout_ms = transfer->connect_timeout_ms = -1;
  transfer->easy = curl_easy_init();
  if (transfer->easy && set_callbacks(transfer) == CURLE_OK &&
      (transfer->refusal = gfc_setup_easy(driver, transfer->easy)) != CURLE_OUT_OF_MEMORY)
    return transfer;
  free_transfer(driver, transfer);
  return NULL;
}

static gfc_transfer *take_transfer(gfc_driver *driver) {
  gfc_transfer *transfer = driver->idle;
  if (!transfer) return new_transfer(driver);
  driver->idle = transfer->next;
  driver->n_idle--;
  return transfer;
}

static void give_back(gfc_driver *driver, gfc_transfer *transfer) {
  transfer->next = driver->idle;
  driver->idle = transfer;
  driver->n_idle++;
}

static void link_to(gfc_job *job, gfc_transfer *transfer) {
  transfer->job = job;
  transfer->prev = NULL;
  transfer->next = job->transfers;
  if (job->transfers) job->transfers->prev = transfer;
  job->transfers = transfer;
}

static void unlink_from_job(gfc_transfer *transfer) {
  if (transfer->prev)
    transfer->prev->next = transfer->next;
  else
    transfer->job->transfers = transfer->next;
  if (transfer->next) transfer->next->prev = transfer->prev;
}

/* ------------------------------------------------------------------------------------ starting, ending -- */

static void end_request(gfc_driver *driver, gfc_job *job, uint32_t id, gf_how how, bool sent,
                        const char *detail) {
  gfc_job_stir(driver, job);
  if (!gf_call_is_done(job->call)) gf_end(job->call, id, how, sent, detail, gfc_now_ms());
}

/* The end of a transfer that is no longer in the multi handle. A handle that failed is not used again:
 * libcurl 8.14 remembers a body that it could not rewind, and fails the next request with it. */
static void end_transfer(gfc_driver *driver, gfc_transfer *transfer, gf_how how, bool sent,
                         const char *detail) {
  unlink_from_job(transfer);
  end_request(driver, transfer->job, transfer->id, how, sent, detail);
  gfc_headers_release(driver, transfer->headers);
  transfer->headers = NULL;
  transfer->job = NULL;
  if (how == GF_END_COMPLETE && driver->n_idle < driver->config.concurrency)
    give_back(driver, transfer);
  else
    free_transfer(driver, transfer);
}

static CURLcode add_to_multi(gfc_driver *driver, gfc_transfer *transfer) {
  CURLMcode result = curl_multi_add_handle(driver->multi, transfer->easy);
  if (result == CURLM_OK) return CURLE_OK;
  return result == CURLM_OUT_OF_MEMORY ? CURLE_OUT_OF_MEMORY : CURLE_FAILED_INIT;
}

static CURLcode send_it(gfc_driver *driver, gfc_transfer *transfer, const gf_request *request) {
  transfer->id = request->id;
  transfer->body = request->body;
  transfer->body_at = 0;
  transfer->head = GFC_HEAD_DUE;
  transfer->code = 0;
  transfer->started = transfer->dropped = false;
  transfer->error[0] = '\0';
  if (transfer->refusal != CURLE_OK) return transfer->refusal;
  if (!(transfer->headers = gfc_headers_share(driver, transfer->job, request))) return CURLE_OUT_OF_MEMORY;
  CURLcode result = set_request(transfer, request);
  return result == CURLE_OK ? add_to_multi(driver, transfer) : result;
}

/* Everything of libcurl's is made by the first request of a process. */
static bool ready(gfc_driver *driver) {
  if (!driver->multi) driver->multi = gfc_setup_multi(driver);
  return driver->multi != NULL;
}

void gfc_transfer_start(gfc_driver *driver, gfc_job *job, const gf_request *request) {
  gfc_transfer *transfer = ready(driver) ? take_transfer(driver) : NULL;
  if (!transfer) {
    end_request(driver, job, request->id, GF_END_FAILED, false, "out of memory");
    return;
  }
  link_to(job, transfer);
  CURLcode result = send_it(driver, transfer, request);
  if (result == CURLE_OK) return;
  const char *detail;
  gf_how how = gfc_end_how(transfer, result, &detail);
  end_transfer(driver, transfer, how, false, detail);
}

static void finish(gfc_driver *driver, gfc_transfer *transfer, CURLcode result) {
  const char *detail;
  gf_how how = gfc_end_how(transfer, result, &detail);
  bool sent = transfer->started && !gfc_end_refused(transfer, how);
  (void)curl_multi_remove_handle(driver->multi, transfer->easy);
  end_transfer(driver, transfer, how, sent, detail);
}

void gfc_transfers_collect(gfc_driver *driver) {
  CURLMsg *message;
  int left;
  while (driver->multi && (message = curl_multi_info_read(driver->multi, &left))) {
    char *transfer = NULL;
    if (message->msg == CURLMSG_DONE)
      (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    if (transfer) finish(driver, (gfc_transfer *)(void *)transfer, message->data.result);
  }
}

static void break_off(gfc_driver *driver, gfc_job *job, gf_how how, const char *detail) {
  while (job->transfers) {
    gfc_transfer *transfer = job->transfers;
    (void)curl_multi_remove_handle(driver->multi, transfer->easy);
    end_transfer(driver, transfer, how, transfer->started, detail);
  }
}

void gfc_transfers_drop(gfc_driver *driver, gfc_job *job) {
  break_off(driver, job, GF_END_CUT, "the request was dropped");
}

static void empty_pool(gfc_driver *driver) {
  while (driver->idle)
    free_transfer(driver, take_transfer(driver));
}

void gfc_transfers_reset(gfc_driver *driver, const char *detail) {
  for (gfc_link *link = driver->jobs.next; link != &driver->jobs; link = link->next)
    break_off(driver, gfc_job_at(link), GF_END_FAILED, detail);
  empty_pool(driver);
  if (driver->multi) (void)curl_multi_cleanup(driver->multi);
  driver->multi = NULL;
  gfc_loop_free(&driver->loop);
}

static void abandon_job(gfc_driver *driver, gfc_job *job) {
  while (job->transfers) {
    gfc_transfer *transfer = job->transfers;
    transfer->easy = NULL;
    end_transfer(driver, transfer, GF_END_CUT, true, "the process was forked");
  }
}

void gfc_transfers_abandon(gfc_driver *driver) {
  for (gfc_link *link = driver->jobs.next; link != &driver->jobs; link = link->next)
    abandon_job(driver, gfc_job_at(link));
  for (gfc_transfer *transfer = driver->idle; transfer; transfer = transfer->next)
    transfer->easy = NULL;
  empty_pool(driver);
  driver->multi = NULL;
  gfc_loop_abandon(&driver->loop);
}
