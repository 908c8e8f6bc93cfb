/* SPDX-License-Identifier: MIT
 *
 * curl_loop.c: waits for libcurl's sockets and its timer (its "socket action" interface).
 *
 * libcurl says which sockets it watches when that changes, so a turn costs one poll() and work for the
 * sockets with news, not a walk over all transfers. With 16 connections poll(), epoll and curl_multi_perform
 * took the same time (three system calls a request, all of them libcurl's); poll() works everywhere and
 * leaves no system object that a forked child would share.
 */
#include "curl_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void gfc_loop_init(gfc_loop *loop, const gf_allocator *alloc) {
  *loop = (gfc_loop){.alloc = alloc, .timer_at = INT64_MAX};
}

void gfc_loop_free(gfc_loop *loop) {
  gfc_release(loop->alloc, loop->fds);
  gfc_release(loop->alloc, loop->ready);
  gfc_release(loop->alloc, loop->open);
  gfc_release(loop->alloc, loop->merged);
  gfc_loop_init(loop, loop->alloc);
}

void gfc_loop_abandon(gfc_loop *loop) {
  for (size_t i = 0; i < loop->n_open; i++)
    close(loop->open[i]);
  gfc_loop_free(loop);
}

/* ------------------------------------------------------------------------------------ sockets to watch -- */

static size_t find_fd(const gfc_loop *loop, int fd) {
  size_t i = 0;
  while (i < loop->n_fds && loop->fds[i].fd != fd)
    i++;
  return i;
}

/* Room for `n` elements in `*array`. */
static bool make_room(const gf_allocator *alloc, void **array, size_t n, size_t element) {
  void *larger = gfc_resize(alloc, *array, n * element);
  if (larger) *array = larger;
  return larger != NULL;
}

static bool room_for_fd(gfc_loop *loop) {
  if (loop->n_fds < loop->fds_room) return true;
  size_t room = loop->fds_room ? loop->fds_room * 2 : 16;
  void *fds = loop->fds, *ready = loop->ready;
  bool ok = make_room(loop->alloc, &fds, room, sizeof(struct pollfd));
  loop->fds = fds;
  ok = ok && make_room(loop->alloc, &ready, room, sizeof(struct pollfd));
  loop->ready = ready;
  if (ok) loop->fds_room = room;
  return ok;
}

static short events_of(int what) {
  return (short)((what & CURL_POLL_IN ? POLLIN : 0) | (what & CURL_POLL_OUT ? POLLOUT : 0));
}

/* CURLMOPT_SOCKETFUNCTION: watch `fd` for `what` from now on. -1 makes libcurl give up: without memory. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *assigned) {
  (void)easy, (void)assigned;
  gfc_loop *loop = ctx;
  size_t i = find_fd(loop, fd);
  if (what == CURL_POLL_REMOVE) {
    if (i < loop->n_fds) loop->fds[i] = loop->fds[--loop->n_fds];
    return 0;
  }
  if (i == loop->n_fds) {
    if (!room_for_fd(loop)) return -1;
    loop->n_fds++;
  }
  loop->fds[i] = (struct pollfd){.fd = fd, .events = events_of(what)};
  return 0;
}

/* CURLMOPT_TIMERFUNCTION. One millisecond is added because ours are cut off: never early. */
static int on_timer(CURLM *multi, long timeout_ms, void *ctx) {
  (void)multi;
  gfc_loop *loop = ctx;
  if (timeout_ms < 0)
    loop->timer_at = INT64_MAX;
  else
    loop->timer_at = timeout_ms == 0 ? 0 : gfc_now_ms() + timeout_ms + 1;
  return 0;
}

CURLMcode gfc_loop_attach(gfc_loop *loop, CURLM *multi) {
  CURLMcode result = curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  if (result == CURLM_OK) result = curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, loop);
  if (result == CURLM_OK) result = curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
  if (result == CURLM_OK) result = curl_multi_setopt(multi, CURLMOPT_TIMERDATA, loop);
  return result;
}

/* ------------------------------------------------------------------------------- sockets that are open -- */

static bool remember_open(gfc_loop *loop, int fd) {
  if (loop->n_open == loop->open_room) {
    size_t room = loop->open_room ? loop->open_room * 2 : 16;
    void *open = loop->open;
    if (!make_room(loop->alloc, &open, room, sizeof(int))) return false;
    loop->open = open;
    loop->open_room = room;
  }
  loop->open[loop->n_open++] = fd;
  return true;
}

/* CURLOPT_OPENSOCKETFUNCTION: as libcurl does, and hidden from programs that this one starts. */
static curl_socket_t on_open(void *ctx, curlsocktype purpose, struct curl_sockaddr *address) {
  (void)purpose;
  gfc_loop *loop = ctx;
  int fd = socket(address->family, address->socktype, address->protocol);
  if (fd < 0) return CURL_SOCKET_BAD;
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && remember_open(loop, fd)) return fd;
  close(fd);
  return CURL_SOCKET_BAD;
}

/* CURLOPT_CLOSESOCKETFUNCTION. */
static int on_close(void *ctx, curl_socket_t fd) {
  gfc_loop *loop = ctx;
  size_t i = 0;
  while (i < loop->n_open && loop->open[i] != fd)
    i++;
  if (i < loop->n_open) loop->open[i] = loop->open[--loop->n_open];
  return close(fd);
}

CURLcode gfc_loop_attach_easy(gfc_loop *loop, CURL *easy) {
  GFC_SET(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
  GFC_SET(easy, CURLOPT_OPENSOCKETDATA, loop);
  GFC_SET(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
  GFC_SET(easy, CURLOPT_CLOSESOCKETDATA, loop);
  return CURLE_OK;
}

/* -------------------------------------------------------------------------------------------- the work -- */

CURLMcode gfc_loop_run_timer(gfc_loop *loop, CURLM *multi) {
  if (loop->timer_at == INT64_MAX || (loop->timer_at > 0 && loop->timer_at > gfc_now_ms())) return CURLM_OK;
  int running;
  loop->timer_at = INT64_MAX;
  return curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
}

/* What to tell libcurl of `fd`. After an error it shall do what it waited for, and so find the error
 * itself. */
static int action_of(const struct pollfd *fd) {
  short news = fd->revents;
  if (news & (POLLERR | POLLHUP | POLLNVAL)) news = (short)(news | fd->events);
  return (news & POLLIN ? CURL_CSELECT_IN : 0) | (news & POLLOUT ? CURL_CSELECT_OUT : 0);
}

/* Handing over changes the list of sockets: work on a copy of those with news. */
static CURLMcode hand_over(gfc_loop *loop, CURLM *multi) {
  size_t n = 0;
  for (size_t i = 0; i < loop->n_fds; i++)
    if (loop->fds[i].revents) loop->ready[n++] = loop->fds[i];
  CURLMcode result = CURLM_OK;
  for (size_t i = 0; i < n && result == CURLM_OK; i++) {
    struct pollfd fd = loop->ready[i];
    int running;
    result = curl_multi_socket_action(multi, fd.fd, action_of(&fd), &running);
  }
  return result;
}

CURLMcode gfc_loop_work(gfc_loop *loop, CURLM *multi) {
  if (!multi) return CURLM_OK;
  CURLMcode result = hand_over(loop, multi);
  return result == CURLM_OK ? gfc_loop_run_timer(loop, multi) : result;
}

static int poll_for(gfc_driver *const *drivers, size_t n, int64_t wait_ms) {
  int64_t now = gfc_now_ms();
  for (size_t i = 0; i < n; i++) {
    int64_t timer_at = drivers[i]->loop.timer_at;
    if (timer_at != INT64_MAX && timer_at - now < wait_ms) wait_ms = timer_at - now;
  }
  if (wait_ms < 0) return 0;
  return wait_ms < GFC_MAX_MS ? (int)wait_ms : GFC_MAX_MS;
}

/* The sockets of all loops in one array; NULL without memory. */
static struct pollfd *merge(gfc_driver *const *drivers, size_t n, size_t *n_fds) {
  gfc_loop *first = &drivers[0]->loop;
  *n_fds = 0;
  for (size_t i = 0; i < n; i++)
    *n_fds += drivers[i]->loop.n_fds;
  if (*n_fds > first->merged_room) {
    void *merged = first->merged;
    if (!make_room(first->alloc, &merged, 2 * *n_fds, sizeof(struct pollfd))) return NULL;
    first->merged = merged;
    first->merged_room = 2 * *n_fds;
  }
  struct pollfd *to = first->merged;
  for (size_t i = 0; i < n; to += drivers[i++]->loop.n_fds)
    if (drivers[i]->loop.n_fds > 0)
      memcpy(to, drivers[i]->loop.fds, drivers[i]->loop.n_fds * sizeof(struct pollfd));
  return first->merged;
}

static void divide(gfc_driver *const *drivers, size_t n, const struct pollfd *from) {
  for (size_t i = 0; i < n; from += drivers[i++]->loop.n_fds)
    if (drivers[i]->loop.n_fds > 0)
      memcpy(drivers[i]->loop.fds, from, drivers[i]->loop.n_fds * sizeof(struct pollfd));
}

enum { GFC_GLANCE_MS = 10 };

/* Without memory for one wait: a short one for each. */
static bool wait_for_each(gfc_driver *const *drivers, size_t n, int wait) {
  for (size_t i = 0; i < n; i++) {
    gfc_loop *loop = &drivers[i]->loop;
    if (poll(loop->fds, (nfds_t)loop->n_fds, wait < GFC_GLANCE_MS ? wait : GFC_GLANCE_MS) < 0) return false;
  }
  return true;
}

bool gfc_loops_wait(gfc_driver *const *drivers, size_t n, int64_t wait_ms) {
  gfc_loop *first = &drivers[0]->loop;
  int wait = poll_for(drivers, n, wait_ms);
  if (n == 1) return poll(first->fds, (nfds_t)first->n_fds, wait) >= 0;
  size_t n_fds;
  struct pollfd *fds = merge(drivers, n, &n_fds);
  if (!fds && n_fds > 0) return wait_for_each(drivers, n, wait);
  if (poll(fds, (nfds_t)n_fds, wait) < 0) return false;
  divide(drivers, n, fds);
  return true;
}
