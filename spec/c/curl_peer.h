/* SPDX-License-Identifier: MIT
 *
 * curl_peer.h: the other end for tests of the libcurl driver: a TCP server in the same thread, on a port that
 * the system chose, which answers by the request's path as the test says, counts what arrives, and does its
 * work in peer_turn. And a relay that hands bytes on to another port and can be cut.
 */
#ifndef CURL_PEER_H
#define CURL_PEER_H

#include "test.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PEER_CONNECTIONS = 64 };

/* What happens after the answer, or instead of it. */
typedef enum peer_then {
  PEER_KEEP,         /* wait for the next request */
  PEER_CLOSE,        /* close in good order */
  PEER_RESET,        /* close with a reset */
  PEER_CLOSE_AT_HEAD /* close, without an answer, when the request's head is there */
} peer_then;

/* The answer to a path ("" for all): `answer` as it goes over the wire, NULL for none. */
typedef struct peer_route {
  const char *path;
  const char *answer;
  size_t n; /* bytes of it, 0: all */
  peer_then then;
} peer_route;

typedef struct peer_connection {
  int fd;
  char *in; /* zero-terminated */
  size_t n;
  bool counted; /* the head of the request at its begin */
} peer_connection;

typedef struct peer {
  int listener, port;
  const peer_route *routes;
  size_t n_routes;
  peer_connection connections[PEER_CONNECTIONS];
  int n;
  int accepted, closed; /* connections; closed by the driver */
  int heads, whole;     /* requests whose head has arrived, and whole */
  char last[8192];      /* the begin of the last whole request */
  size_t last_body;     /* bytes of its body */
} peer;

static const char peer_ok[] =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

static int peer_listen(int backlog, int *port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, backlog) != 0 ||
      getsockname(fd, (struct sockaddr *)&address, &size) != 0)
    abort();
  fcntl(fd, F_SETFL, O_NONBLOCK);
  *port = ntohs(address.sin_port);
  return fd;
}

static int peer_connect(int port) {
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) abort();
  return fd;
}

static void peer_open(peer *p, const peer_route *routes, size_t n_routes) {
  memset(p, 0, sizeof *p);
  p->routes = routes;
  p->n_routes = n_routes;
  p->listener = peer_listen(64, &p->port);
}
#define PEER_OPEN(p, routes) peer_open((p), (routes), sizeof(routes) / sizeof *(routes))

/* Closing `fd` shall reset the connection. */
static void peer_linger(int fd) {
  struct linger now = {.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

static void peer_hang_up(peer *p, int i, bool reset) {
  peer_connection *c = &p->connections[i];
  if (reset) peer_linger(c->fd);
  close(c->fd);
  free(c->in);
  *c = p->connections[--p->n];
}

static void peer_shut(peer *p) {
  while (p->n > 0)
    peer_hang_up(p, 0, false);
  if (p->listener >= 0) close(p->listener);
  p->listener = -1;
}

static void peer_accept(peer *p) {
  int fd;
  while (p->listener >= 0 && p->n < PEER_CONNECTIONS && (fd = accept(p->listener, NULL, NULL)) >= 0) {
    fcntl(fd, F_SETFL, O_NONBLOCK);
    p->connections[p->n++] = (peer_connection){.fd = fd};
    p->accepted++;
  }
}

/* False when there is nothing more to come. */
static bool peer_read(peer_connection *c) {
  char buffer[65536];
  ssize_t n;
  while ((n = recv(c->fd, buffer, sizeof buffer, 0)) > 0) {
    char *larger = realloc(c->in, c->n + (size_t)n + 1);
    if (!larger) abort();
    c->in = larger;
    memcpy(c->in + c->n, buffer, (size_t)n);
    c->n += (size_t)n;
    c->in[c->n] = '\0';
  }
  return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static const peer_route *peer_find(const peer *p, const char *request) {
  const char *path = strchr(request, ' ');
  for (size_t i = 0; i < p->n_routes; i++) {
    size_t n = strlen(p->routes[i].path);
    if (n == 0 || (path && strncmp(path + 1, p->routes[i].path, n) == 0 && path[1 + n] == ' '))
      return &p->routes[i];
  }
  return NULL;
}

/* The length that the head promises, ended by `end`. */
static size_t peer_length(const char *head, const char *end) {
  for (const char *line = head; line && line < end; line = strstr(line, "\r\n")) {
    line += line == head ? 0 : 2;
    if (strncasecmp(line, "content-length:", 15) == 0) return (size_t)strtoul(line + 15, NULL, 10);
  }
  return 0;
}

static void peer_send(int fd, const char *bytes, size_t n) {
  while (n > 0) {
    ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN)
      poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, 100);
    else if (sent < 0)
      return;
    else
      bytes += sent, n -= (size_t)sent;
  }
}

/* One whole request stands at the begin of c->in: note it, answer. False when the connection is gone then. */
static bool peer_answer(peer *p, int i, size_t head, size_t body) {
  peer_connection *c = &p->connections[i];
  const peer_route *route = peer_find(p, c->in);
  size_t noted = head + body < sizeof p->last ? head + body : sizeof p->last - 1;
  p->whole++;
  memcpy(p->last, c->in, noted);
  p->last[noted] = '\0';
  p->last_body = body;
  c->n -= head + body;
  memmove(c->in, c->in + head + body, c->n + 1);
  c->counted = false;
  if (!route)
    peer_send(c->fd, peer_ok, sizeof peer_ok - 1);
  else if (route->answer)
    peer_send(c->fd, route->answer, route->n ? route->n : strlen(route->answer));
  if (!route || route->then == PEER_KEEP) return true;
  peer_hang_up(p, i, route->then == PEER_RESET);
  return false;
}

/* True when the connection is still there and may hold another request. */
static bool peer_serve(peer *p, int i) {
  peer_connection *c = &p->connections[i];
  const char *end = c->n > 0 ? strstr(c->in, "\r\n\r\n") : NULL;
  if (!end) return false;
  size_t head = (size_t)(end - c->in) + 4, body = peer_length(c->in, end);
  const peer_route *route = peer_find(p, c->in);
  if (!c->counted) p->heads++;
  c->counted = true;
  if (route && route->then == PEER_CLOSE_AT_HEAD) {
    peer_hang_up(p, i, false);
    return false;
  }
  return c->n >= head + body && peer_answer(p, i, head, body);
}

static void peer_turn(peer *p) {
  peer_accept(p);
  for (int i = p->n - 1; i >= 0; i--) {
    int fd = p->connections[i].fd;
    bool open = peer_read(&p->connections[i]);
    while (i < p->n && p->connections[i].fd == fd && peer_serve(p, i)) {
    }
    if (open || i >= p->n || p->connections[i].fd != fd) continue;
    p->closed++;
    peer_hang_up(p, i, false);
  }
}

/* --------------------------------------------------------------------------------------------- a relay -- */

typedef struct relay {
  int listener, port, upstream;
  int from[PEER_CONNECTIONS], to[PEER_CONNECTIONS];
  int n, accepted;
  long up; /* bytes handed to the server */
} relay;

static inline void relay_open(relay *r, int upstream) {
  memset(r, 0, sizeof *r);
  r->upstream = upstream;
  r->listener = peer_listen(64, &r->port);
}

static void relay_cut(relay *r, bool reset) {
  while (r->n > 0) {
    r->n--;
    if (reset) peer_linger(r->from[r->n]);
    close(r->from[r->n]);
    close(r->to[r->n]);
  }
}

/* Bytes moved, -1 at the end. */
static long relay_move(int from, int to) {
  char buffer[65536];
  ssize_t n = recv(from, buffer, sizeof buffer, MSG_DONTWAIT);
  if (n < 0) return errno == EAGAIN ? 0 : -1;
  if (n == 0) return -1;
  peer_send(to, buffer, (size_t)n);
  return n;
}

static inline void relay_turn(relay *r) {
  int fd;
  while (r->n < PEER_CONNECTIONS && (fd = accept(r->listener, NULL, NULL)) >= 0) {
    r->from[r->n] = fd;
    r->to[r->n++] = peer_connect(r->upstream);
    r->accepted++;
  }
  for (int i = r->n - 1; i >= 0; i--) {
    long up = relay_move(r->from[i], r->to[i]), down = relay_move(r->to[i], r->from[i]);
    if (up > 0) r->up += up;
    if (up >= 0 && down >= 0) continue;
    close(r->from[i]);
    close(r->to[i]);
    r->n--;
    r->from[i] = r->from[r->n];
    r->to[i] = r->to[r->n];
  }
}

static inline void relay_shut(relay *r) {
  relay_cut(r, false);
  close(r->listener);
}

#endif
