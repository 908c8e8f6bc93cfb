/* SPDX-License-Identifier: MIT
 *
 * curl_driver.h: carries the requests of calls over libcurl's multi interface and feeds their answers to the
 * core.
 *
 *     gfc_driver *driver = gfc_driver_new(&config, &error);
 *     gfc_driver_add(driver, call);
 *     while (!gf_call_is_done(call)) gfc_driver_step(driver, 200);
 *     gfc_driver_free(driver);
 *
 * One driver serves one client: what its calls send shares connections, certificates and proxy. Nothing here
 * knows what an operation means, and no function but gfc_step and gfc_driver_step waits. A driver belongs to
 * one thread at a time; it writes no global state but libcurl's own (curl_global_init, which is never undone:
 * a module that holds this code should stay loaded, link it with -Wl,-z,nodelete).
 *
 * Kept for every request: it follows no redirect, reads no .netrc, keeps no cookies, changes nothing in the
 * URL, speaks http and https only, and starts a write (anything but GET and HEAD) at most once: where libcurl
 * would send one again on a new connection, the request ends with GF_END_CUT instead. A GET may be sent again
 * by libcurl itself.
 *
 * Fork: a child may use the driver, its own requests then go over connections of its own. What was under way
 * at the fork ends in the child with GF_END_CUT. Handles of libcurl that were made before the fork are leaked
 * in the child, on purpose: freeing them would say goodbye on the parent's connections.
 */
#ifndef GFC_CURL_DRIVER_H
#define GFC_CURL_DRIVER_H

#include "grafana.h"

/* How to reach the server. Fill with gfc_config_init, then change what is wanted; everything is copied. */
typedef struct gfc_config {
  const char *ca_file; /* trust the certificates of this PEM file, and only these; NULL: the system's */
  const char *ca_path; /* trust those of this folder (as c_rehash makes it); with ca_file: both */
  const char *cert;    /* client certificate, PEM */
  const char *key;     /* its private key, PEM; NULL: it is in `cert` too */
  const char *proxy;  /* for every host; "": none; NULL: as the environment says (http_proxy, no_proxy …) */
  bool verify;        /* check the server's certificate and its name; default true */
  int concurrency;    /* connections at most, default 8; how many requests are given is the core's matter */
  gf_allocator alloc; /* for what the driver itself keeps; libcurl has its own */
} gfc_config;
void gfc_config_init(gfc_config *config);

/* Calls under way, their transfers, connections. */
typedef struct gfc_driver gfc_driver;

/* A driver without calls; connects to nothing and makes nothing of libcurl's yet. NULL with `error` filled,
 * naming the option, when a file or folder cannot be read or an option makes no sense, or when memory is
 * lacking. */
gfc_driver *gfc_driver_new(const gfc_config *config, gf_error *error);

/* Drops all calls (see gfc_driver_drop), closes the connections. NULL is fine. Not to be used while
 * feeding. */
void gfc_driver_free(gfc_driver *driver);

/* Take part in `call` from now on, and retain it until it is done or dropped. False when it is carried already,
 * here or by another driver, or without memory. Nothing is sent before the next step. */
bool gfc_driver_add(gfc_driver *driver, gf_call *call);

/* One turn: ask the calls for requests, send them, feed what has come. When nothing is new wait, once, for
 * at most `timeout_ms` (0 or less: not at all), less when a call wants to be woken, and feed what came then.
 * A call found done is released at the latest when the next step begins. The number of calls not yet done.
 *
 * Where a client's window is full its calls stand in line: who is first gets one request and goes to the end. */
int gfc_driver_step(gfc_driver *driver, int timeout_ms);

/* A turn of several drivers with one wait for all of them; each stands in `drivers` once. */
int gfc_step(gfc_driver *const *drivers, size_t n, int timeout_ms);

/* What the last step has brought: calls of which a request has ended, that are done, or that want a token;
 * each once, then NULL. What is not asked for is forgotten when the next step begins. The call is valid until the
 * next function of this driver. */
gf_call *gfc_driver_news(gfc_driver *driver);

/* Something that the driver cannot see has changed (a token was supplied): ask the calls that wait to be
 * signed in. */
void gfc_driver_wake(gfc_driver *driver);

/* Forget `call` now: its transfers are broken off (gf_end with GF_END_CUT, unless the call is done), and it
 * is released; it is no news. Nothing happens when it is not here. */
void gfc_driver_drop(gfc_driver *driver, gf_call *call);

/* Milliseconds of the monotonic clock that the driver gives to the core. */
int64_t gfc_now_ms(void);

#endif
