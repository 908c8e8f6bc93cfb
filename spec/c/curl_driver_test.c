/* SPDX-License-Identifier: MIT
 *
 * The libcurl driver against a server in the same thread (curl_peer.h), and against the stand-in for TLS and
 * HTTP/2. The core is a fake (curl_fake.h): what the driver feeds is compared with what went over the wire.
 */
#include "curl_driver.h"
#include "curl_fake.h"
#include "curl_peer.h"
#include "test_alloc.h"
#include <curl/curl.h>
#include <netdb.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ------------------------------------------------------------------------------------------- the bench -- */

/* A driver, a server and a call; `url` makes addresses at the server that live as long as the bench. */
typedef struct bench {
  peer peer;
  gfc_driver *driver;
  gf_call *call;
  char urls[FAKE_MAX][200];
  int n_urls;
} bench;

static void begin_with(bench *b, const peer_route *routes, size_t n_routes, const gfc_config *config) {
  gf_error error = {""};
  peer_open(&b->peer, routes, n_routes);
  b->n_urls = 0;
  b->call = fake_call();
  b->driver = gfc_driver_new(config, &error);
  if (!CHECK(b->driver != NULL)) abort();
}

static void begin(bench *b, const peer_route *routes, size_t n_routes) {
  gfc_config config;
  gfc_config_init(&config);
  begin_with(b, routes, n_routes, &config);
}
#define BEGIN(b, routes) begin((b), (routes), COUNT(routes))

static void end(bench *b) {
  gfc_driver_free(b->driver);
  fake_free(b->call);
  peer_shut(&b->peer);
}

static const char *url_of(bench *b, const char *path) {
  char *url = b->urls[b->n_urls++];
  snprintf(url, sizeof b->urls[0], "http://127.0.0.1:%d%s", b->peer.port, path);
  return url;
}

static fake_request *ask(bench *b, const char *method, const char *path, const char *body) {
  return fake_add(b->call, method, url_of(b, path), body);
}

/* Turns of driver and server until `*done`, or `ms` have passed. */
static void turn_until(gfc_driver *driver, peer *p, const bool *done, int ms) {
  int64_t until = gfc_now_ms() + ms;
  while (!*done && gfc_now_ms() < until) {
    gfc_driver_step(driver, 1);
    if (p) peer_turn(p);
  }
}

/* The call from begin to end. */
static void run(bench *b) {
  CHECK(gfc_driver_add(b->driver, b->call));
  turn_until(b->driver, &b->peer, &b->call->done, 8000);
  CHECK(b->call->done);
  CHECK_INT(gfc_driver_step(b->driver, 0), 0);
  CHECK_INT(b->call->refs, 1); /* the next step releases at the latest */
}

/* A new call on the same driver. */
static void again(bench *b) {
  fake_free(b->call);
  b->call = fake_call();
  b->n_urls = 0;
}

/* The driver still works: a request is answered. */
static void still_works(bench *b) {
  again(b);
  fake_request *r = ask(b, "GET", "/still-works", NULL);
  run(b);
  CHECK_INT(r->how, GF_END_COMPLETE);
  CHECK_INT(r->code, 200);
}

static bool wire_has(const bench *b, const char *text) { return strstr(b->peer.last, text) != NULL; }

static bool wire_begins(const bench *b, const char *text) {
  return strncmp(b->peer.last, text, strlen(text)) == 0;
}

static const peer_route no_routes[] = {{"/nothing", NULL, 0, PEER_KEEP}};

/* ---------------------------------------------------------------------------------------- the settings -- */

static void refused(const gfc_config *config, const char *words, const char *secret) {
  gf_error error = {""};
  CHECK(gfc_driver_new(config, &error) == NULL);
  if (!CHECK(strstr(error.message, words) != NULL)) printf("  %s\n", error.message);
  CHECK(!secret || !strstr(error.message, secret));
}

static void names_bad_options(void) {
  gfc_config config;
#define REFUSED(field, value, words)                                                                         \
  gfc_config_init(&config);                                                                                  \
  config.field = (value);                                                                                    \
  refused(&config, words, "geheim")
  REFUSED(ca_file, "/no/such/file", "ca_file: cannot read /no/such/file: No such file");
  REFUSED(ca_file, "/", "ca_file: cannot read /: it is a folder");
  REFUSED(ca_file, "", "ca_file: an empty path");
  REFUSED(ca_path, "/no/such/folder", "ca_path: cannot read /no/such/folder");
  REFUSED(ca_path, "/etc/passwd", "ca_path: cannot read /etc/passwd: it is no folder");
  REFUSED(cert, "/no/cert", "cert: cannot read /no/cert");
  REFUSED(key, "/etc/passwd", "key: a key needs its certificate in cert");
  REFUSED(proxy, "http://user:geheim@host:port:9", "proxy: ");
  REFUSED(concurrency, 0, "concurrency: ");
  gfc_config_init(&config);
  config.cert = "/etc/passwd";
  config.key = "/no/key";
  refused(&config, "key: cannot read /no/key", NULL);
}

static void survives_lacking_memory_of_its_own(void) {
  FAIL_EACH(a) {
    gfc_config config;
    gf_error error = {""};
    gfc_config_init(&config);
    config.alloc = a->alloc;
    config.proxy = "";
    config.ca_file = "/etc/passwd";
    gfc_driver *driver = gfc_driver_new(&config, &error);
    CHECK(driver || (a->tripped && strcmp(error.message, "out of memory") == 0));
    if (!driver) continue;
    peer p;
    char url[100];
    gf_call *call = fake_call();
    PEER_OPEN(&p, no_routes);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", p.port);
    for (int i = 0; i < 3; i++)
      fake_add(call, "GET", url, NULL);
    if (gfc_driver_add(driver, call)) turn_until(driver, &p, &call->done, 5000);
    CHECK(call->done || a->tripped);
    for (size_t i = 0; call->done && i < call->n; i++) {
      fake_request *r = &call->requests[i];
      CHECK(r->how == GF_END_COMPLETE ||
            (a->tripped && (r->how == GF_END_FAILED || r->how == GF_END_REFUSED)));
    }
    gfc_driver_free(driver);
    fake_free(call);
    peer_shut(&p);
  }
}

/* libcurl's memory: the test's own functions, which fail from the count on for `curl_failures` times. */
static long curl_fail_at = -1, curl_failures = 1;
static bool curl_fails(void) {
  if (curl_fail_at < 0) return false;
  curl_fail_at--;
  return curl_fail_at < 0 ? --curl_failures, true : false;
}
static void *curl_malloc(size_t n) { return curl_fails() ? NULL : malloc(n); }
static void *curl_realloc(void *p, size_t n) { return curl_fails() ? NULL : realloc(p, n); }
static void *curl_calloc(size_t n, size_t size) { return curl_fails() ? NULL : calloc(n, size); }
static char *curl_strdup(const char *s) { return curl_fails() ? NULL : strdup(s); }

static void survives_lacking_memory_of_libcurl(void) {
  bool tripped = true;
  for (long at = 0; tripped && at < 2000; at++) {
    bench b;
    BEGIN(&b, no_routes);
    fake_request *get = ask(&b, "GET", "/", NULL), *post = ask(&b, "POST", "/", "body");
    CHECK(gfc_driver_add(b.driver, b.call));
    curl_fail_at = at;
    turn_until(b.driver, &b.peer, &b.call->done, 5000);
    tripped = curl_fail_at < 0;
    curl_fail_at = -1;
    if (!CHECK(b.call->done)) printf("  allocation %ld\n", at);
    CHECK(tripped || (get->how == GF_END_COMPLETE && post->how == GF_END_COMPLETE));
    CHECK(get->how == GF_END_COMPLETE || get->detail[0]);
    CHECK(b.peer.whole <= 3);
    gfc_driver_step(b.driver, 0);
    still_works(&b);
    end(&b);
  }
}

/* ----------------------------------------------------------------------------------- what is sent, fed -- */

static void feeds_an_answer(void) {
  static const peer_route routes[] = {
      {"/x",
       "HTTP/1.1 404 Not Found\r\nX-One:  a b \t\r\nx-two:c\r\nX-None:\r\nContent-Length: 5\r\n\r\nhello", 0,
       0}};
  bench b;
  BEGIN(&b, routes);
  fake_request *r = ask(&b, "GET", "/x", NULL);
  run(&b);
  CHECK_INT(r->how, GF_END_COMPLETE);
  CHECK(r->sent);
  CHECK_INT(r->code, 404);
  CHECK_INT(r->heads, 1);
  CHECK_STR(r->lines, "X-One=a b\nx-two=c\nX-None=\nContent-Length=5\n");
  CHECK_STR(r->body, "hello");
  end(&b);
}

static void sends_what_it_is_given(void) {
  bench b;
  BEGIN(&b, no_routes);
  ask(&b, "GET", "/a/../b/./%2e%2E//c%2Fd?q=%00+x&q=2", NULL);
  run(&b);
  CHECK(wire_begins(&b, "GET /a/../b/./%2e%2E//c%2Fd?q=%00+x&q=2 HTTP/1.1\r\n"));
  CHECK(wire_has(&b, "\r\nAuthorization: Basic c2VjcmV0\r\n"));
  CHECK(wire_has(&b, "\r\nUser-Agent: fake/1\r\n"));
  CHECK(wire_has(&b, "\r\nX-Empty:\r\n"));
  CHECK(wire_has(&b, "gzip"));
  CHECK(!wire_has(&b, "Upgrade"));
  CHECK(!wire_has(&b, "Cookie"));
  end(&b);
}

typedef struct sent_row {
  const char *method, *body, *length; /* Content-Length as it must be; NULL: none */
} sent_row;

static const sent_row sent_rows[] = {
    {"POST", "{\"a\":1}", "7"}, {"GET", NULL, NULL},     {"DELETE", NULL, NULL}, {"PUT", "x", "1"},
    {"PATCH", "yy", "2"},       {"POST", "", "0"},       {"PUT", "", "0"},       {"PATCH", "", "0"},
    {"HEAD", NULL, NULL},       {"DELETE", "body", "4"}, {"GET", NULL, NULL},    {"OPTIONS", NULL, NULL},
    {"HEAD", NULL, NULL},       {"POST", "zzz", "3"},    {"HEAD", NULL, NULL},   {"DELETE", NULL, NULL},
    {"GET", NULL, NULL},
};

/* One after the other, so that all go through one handle and one connection. */
static void sends_every_method(void) {
  bench b;
  BEGIN(&b, no_routes);
  for (size_t i = 0; i < COUNT(sent_rows); i++) {
    const sent_row *row = &sent_rows[i];
    char first[100], length[100];
    again(&b);
    fake_request *r = ask(&b, row->method, "/m", row->body);
    run(&b);
    snprintf(first, sizeof first, "%s /m HTTP/1.1\r\n", row->method);
    snprintf(length, sizeof length, "\r\nContent-Length: %s\r\n", row->length ? row->length : "");
    CHECK(wire_begins(&b, first));
    CHECK(row->length ? wire_has(&b, length) : !wire_has(&b, "Content-Length"));
    CHECK(!wire_has(&b, "Transfer-Encoding"));
    CHECK(!wire_has(&b, "Expect"));
    CHECK(!wire_has(&b, "Content-Type"));
    CHECK_STR(strstr(b.peer.last, "\r\n\r\n") + 4, row->body ? row->body : "");
    CHECK_INT(r->how, GF_END_COMPLETE);
    CHECK(strcmp(row->method, "HEAD") == 0 ? r->body_size == 0 : r->body_size == 2);
    if (strcmp(row->method, "HEAD") == 0)
      b.peer.accepted = 1; /* the peer sends a body: that connection is spoilt */
  }
  CHECK(b.peer.accepted <= 2);
  end(&b);
}

static void sends_large_bodies_without_waiting(void) {
  enum { SIZE = 1300000 };
  char *body = malloc(SIZE + 1);
  bench b;
  BEGIN(&b, no_routes);
  memset(body, 'x', SIZE);
  body[SIZE] = '\0';
  fake_request *post = ask(&b, "POST", "/", body), *put = ask(&b, "PUT", "/", body);
  run(&b);
  CHECK(!wire_has(&b, "Expect")); /* libcurl's own above a megabyte */
  CHECK_INT(post->how, GF_END_COMPLETE);
  CHECK_INT(put->how, GF_END_COMPLETE);
  CHECK_INT(b.peer.last_body, SIZE);
  end(&b);
  free(body);
}

static void keeps_connections(void) {
  bench b;
  BEGIN(&b, no_routes);
  b.call->window = 3;
  for (int i = 0; i < 30; i++)
    ask(&b, i % 2 ? "GET" : "POST", "/", i % 2 ? NULL : "x");
  run(&b);
  CHECK_INT(b.peer.whole, 30);
  CHECK_INT(b.peer.accepted, 3);
  end(&b);
}

static void opens_no_more_than_allowed(void) {
  gfc_config config;
  bench b;
  gfc_config_init(&config);
  config.concurrency = 2;
  begin_with(&b, no_routes, COUNT(no_routes), &config);
  for (int i = 0; i < 30; i++)
    ask(&b, i % 3 ? "GET" : "DELETE", "/", NULL);
  run(&b);
  CHECK_INT(b.peer.whole, 30);
  CHECK_INT(b.peer.accepted, 2);
  end(&b);
}

static void takes_interim_heads(void) {
  static const peer_route routes[] = {
      {"/100", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 0, 0},
      {"/103", "HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 204 No\r\nA: b\r\n\r\n", 0, 0},
      {"/cut", "HTTP/1.1 103 Early\r\nLink: x\r\n\r\n", 0, PEER_CLOSE},
      {"/cut2", "HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n", 0, PEER_CLOSE}};
  bench b;
  BEGIN(&b, routes);
  fake_request *c = ask(&b, "GET", "/100", NULL), *early = ask(&b, "GET", "/103", NULL);
  fake_request *cut = ask(&b, "GET", "/cut", NULL), *cut2 = ask(&b, "GET", "/cut2", NULL);
  run(&b);
  CHECK(c->how == GF_END_COMPLETE && c->code == 200 && c->heads == 2);
  CHECK(early->how == GF_END_COMPLETE && early->code == 204);
  CHECK_STR(early->lines, "Link=x\nA=b\n");
  CHECK_INT(cut->how, GF_END_CUT);
  CHECK_INT(cut2->how, GF_END_CUT);
  end(&b);
}

static void leaves_trailers_out(void) {
  static const peer_route routes[] = {{"",
                                       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: "
                                       "X-T\r\n\r\n2\r\n{}\r\n0\r\nX-T: v\r\nHTTP/1.1 500 no: x\r\n\r\n",
                                       0, 0}};
  bench b;
  BEGIN(&b, routes);
  fake_request *r = ask(&b, "GET", "/", NULL);
  run(&b);
  CHECK_INT(r->how, GF_END_COMPLETE);
  CHECK_INT(r->heads, 1);
  CHECK_STR(r->body, "{}");
  CHECK_STR(r->lines, "Transfer-Encoding=chunked\nTrailer=X-T\n");
  end(&b);
}

/* "hello hello hello hello" */
static const char gzipped[] = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 28\r\n\r\n"
                              "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9"
                              "\xc9\x57\xc8\x40\x27\x01\xe3\x51\x3d\x8d\x17\x00\x00\x00";

static void unpacks_gzip(void) {
  static const peer_route routes[] = {
      {"/whole", gzipped, sizeof gzipped - 1, 0},
      {"/broken", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd", 0, 0}};
  bench b;
  BEGIN(&b, routes);
  fake_request *whole = ask(&b, "GET", "/whole", NULL), *broken = ask(&b, "GET", "/broken", NULL);
  run(&b);
  CHECK_INT(whole->how, GF_END_COMPLETE);
  CHECK_STR(whole->body, "hello hello hello hello");
  CHECK_INT(broken->how, GF_END_CUT);
  still_works(&b);
  end(&b);
}

static void follows_no_redirect(void) {
  static const peer_route routes[] = {
      {"/from", "HTTP/1.1 302 Found\r\nLocation: /to\r\nContent-Length: 0\r\n\r\n", 0, 0}};
  bench b;
  BEGIN(&b, routes);
  fake_request *r = ask(&b, "GET", "/from", NULL);
  run(&b);
  CHECK_INT(r->code, 302);
  CHECK_STR(r->lines, "Location=/to\nContent-Length=0\n");
  CHECK_INT(b.peer.heads, 1);
  end(&b);
}

static void speaks_http_only(void) {
  bench b;
  BEGIN(&b, no_routes);
  fake_request *file = fake_add(b.call, "GET", "file:///etc/passwd", NULL);
  fake_request *ftp = fake_add(b.call, "GET", "ftp://127.0.0.1/", NULL);
  fake_request *user = fake_add(b.call, "GET", "http://u:geheim@127.0.0.1:1/", NULL);
  run(&b);
  CHECK(file->how == GF_END_FAILED && !file->sent && !file->body);
  CHECK(ftp->how == GF_END_FAILED && !ftp->sent);
  CHECK(user->how == GF_END_FAILED && !user->sent && !strstr(user->detail, "geheim"));
  still_works(&b);
  end(&b);
}

/* -------------------------------------------------------------------------------- answers that are cut -- */

static const char whole_answer[] =
    "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 10\r\n\r\n0123456789";

/* Success is reported for the whole answer only, wherever it is cut. */
static void notices_cuts_at_every_byte(void) {
  for (size_t n = 1; n < sizeof whole_answer; n++) {
    peer_route routes[] = {{"", whole_answer, n, PEER_CLOSE}};
    bench b;
    BEGIN(&b, routes);
    fake_request *get = ask(&b, "GET", "/", NULL), *post = ask(&b, "POST", "/", "x");
    run(&b);
    gf_how how = n == sizeof whole_answer - 1 ? GF_END_COMPLETE : GF_END_CUT;
    CHECK_INT(get->how, how);
    CHECK_INT(post->how, how);
    CHECK(get->sent && post->sent);
    CHECK(how == GF_END_COMPLETE || get->detail[0]);
    CHECK_INT(b.peer.heads, 2);
    end(&b);
  }
}

static void notices_cut_chunks(void) {
  static const peer_route routes[] = {
      {"", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n[1,2\r\n", 0, PEER_CLOSE}};
  bench b;
  BEGIN(&b, routes);
  fake_request *r = ask(&b, "GET", "/", NULL);
  run(&b);
  CHECK_INT(r->how, GF_END_CUT);
  end(&b);
}

static void takes_an_empty_answer(void) {
  static const peer_route routes[] = {{"", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0, PEER_CLOSE}};
  bench b;
  BEGIN(&b, routes);
  fake_request *r = ask(&b, "GET", "/", NULL);
  run(&b);
  CHECK(r->how == GF_END_COMPLETE && r->code == 200 && r->body_size == 0);
  end(&b);
}

static void recognises_garbage(void) {
  static const peer_route routes[] = {{"/ssh", "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u2\r\n", 0, PEER_CLOSE},
                                      {"/html", "<html>\r\n\r\n</html>", 0, PEER_CLOSE},
                                      {"/code", "HTTP/1.1 xyz\r\n\r\n", 0, PEER_CLOSE}};
  bench b;
  BEGIN(&b, routes);
  for (size_t i = 0; i < COUNT(routes); i++)
    ask(&b, "GET", routes[i].path, NULL);
  run(&b);
  for (size_t i = 0; i < COUNT(routes); i++) {
    CHECK_INT(b.call->requests[i].how, GF_END_CUT);
    CHECK_STR(b.call->requests[i].detail, "the answer is not HTTP");
  }
  still_works(&b);
  end(&b);
}

/* --------------------------------------------------------------------------- writes are sent only once -- */

typedef struct write_row {
  const char *method, *body;
  bool may_repeat;
} write_row;

static const write_row write_rows[] = {
    {"POST", "{}", false}, {"PUT", "{}", false}, {"PATCH", "{}", false}, {"DELETE", NULL, false},
    {"POST", "", false},   {"PUT", "", false},   {"PATCH", "", false},   {"DELETE", "{}", false},
    {"GET", NULL, true},   {"HEAD", NULL, true},
};

/* The request goes over a connection that was kept, and that dies without an answer, as `then` says. */
static void once(const write_row *row, peer_then then) {
  const peer_route routes[] = {{"/die", NULL, 0, then}};
  bench b;
  BEGIN(&b, routes);
  ask(&b, "GET", "/warm", NULL);
  run(&b);
  again(&b);
  fake_request *r = ask(&b, row->method, "/die", row->body);
  run(&b);
  CHECK_INT(r->ended, 1);
  CHECK_INT(r->how, GF_END_CUT);
  CHECK(r->sent);
  CHECK(r->detail[0] && !strstr(r->detail, "rewind") && !strstr(r->detail, "callback"));
  CHECK(b.peer.heads - 1 == 1 || row->may_repeat);
  if (b.peer.heads - 1 != 1 && !row->may_repeat)
    printf("  %s '%s'\n", row->method, row->body ? row->body : "");
  still_works(&b);
  end(&b);
}

static void sends_no_write_twice(void) {
  for (size_t i = 0; i < COUNT(write_rows); i++) {
    once(&write_rows[i], PEER_CLOSE);
    once(&write_rows[i], PEER_RESET);
    once(&write_rows[i], PEER_CLOSE_AT_HEAD);
  }
}

/* The server hung up while the connection was idle: that is noticed before anything is sent. */
static void notices_idle_hang_ups(void) {
  bench b;
  BEGIN(&b, no_routes);
  ask(&b, "GET", "/", NULL);
  run(&b);
  while (b.peer.n > 0)
    peer_hang_up(&b.peer, 0, false);
  again(&b);
  fake_request *r = ask(&b, "POST", "/", "x");
  run(&b);
  CHECK_INT(r->how, GF_END_COMPLETE);
  CHECK_INT(b.peer.accepted, 2);
  end(&b);
}

/* ------------------------------------------------------------------------------------ dropping, ending -- */

static void drops_when_told(void) {
  for (fake_drop drop = FAKE_DROP_HEAD; drop <= FAKE_DROP_BODY; drop++) {
    bench b;
    BEGIN(&b, no_routes);
    b.call->drop = drop;
    fake_request *r = ask(&b, "GET", "/", NULL);
    run(&b);
    CHECK_INT(r->how, GF_END_DROPPED);
    CHECK(r->sent);
    CHECK_INT(r->ended, 1);
    still_works(&b);
    end(&b);
  }
}

/* Requests that are never answered. */
static const peer_route silence[] = {{"/silence", NULL, 0, PEER_KEEP}};

/* Turns until the server has `n` requests. */
static void until_sent(bench *b, int n) {
  int64_t until = gfc_now_ms() + 5000;
  while (b->peer.whole < n && gfc_now_ms() < until) {
    gfc_driver_step(b->driver, 1);
    peer_turn(&b->peer);
  }
  CHECK_INT(b->peer.whole, n);
}

static void begin_silence(bench *b, int n) {
  BEGIN(b, silence);
  for (int i = 0; i < n; i++)
    ask(b, "POST", "/silence", "x");
  CHECK(gfc_driver_add(b->driver, b->call));
  until_sent(b, n);
}

static void feeds_nothing_after_done(void) {
  bench b;
  begin_silence(&b, 5);
  fake_finish(b.call); /* cancelled */
  CHECK_INT(gfc_driver_step(b.driver, 1000), 0);
  gfc_driver_step(b.driver, 0); /* releases it */
  CHECK_INT(b.call->refs, 1);
  CHECK_INT(b.call->ended, 0);
  still_works(&b);
  end(&b);
}

static void feeds_nothing_after_done_within_a_turn(void) {
  bench b;
  BEGIN(&b, no_routes);
  b.call->cancel_late = true;
  for (int i = 0; i < 8; i++)
    ask(&b, "GET", "/", NULL);
  run(&b);
  CHECK_INT(b.call->fed_late, 0);
  still_works(&b);
  end(&b);
}

static void drops_calls(void) {
  bench b;
  begin_silence(&b, 5);
  gfc_driver_drop(b.driver, b.call);
  CHECK_INT(b.call->refs, 1);
  CHECK_INT(b.call->ended, 5);
  CHECK(b.call->requests[0].how == GF_END_CUT && b.call->requests[0].sent);
  gfc_driver_drop(b.driver, b.call); /* not here: nothing happens */
  for (int i = 0; i < 20 && b.peer.n > 0; i++) {
    gfc_driver_step(b.driver, 1);
    peer_turn(&b.peer);
  }
  CHECK_INT(b.peer.n, 0);
  still_works(&b);
  end(&b);
}

static void drops_calls_that_sent_nothing(void) {
  bench b;
  BEGIN(&b, silence);
  fake_request *r = ask(&b, "POST", "/silence", "x");
  CHECK(gfc_driver_add(b.driver, b.call));
  gfc_driver_drop(b.driver, b.call);
  CHECK(r->ended == 0 && b.call->refs == 1);
  end(&b);
}

static void ends_with_calls_under_way(void) {
  bench b;
  begin_silence(&b, 8);
  gfc_driver_free(b.driver);
  b.driver = NULL;
  CHECK_INT(b.call->refs, 1);
  CHECK_INT(b.call->ended, 8);
  end(&b);
}

typedef enum stop { STOP_BY_CANCEL, STOP_BY_DROP, STOP_BY_END } stop;

/* Stopped after `turns` turns. True when the call was done by then. */
static bool stopped_after(int turns, stop how) {
  bench b;
  BEGIN(&b, no_routes);
  b.call->window = 3;
  for (int i = 0; i < 6; i++)
    ask(&b, i % 2 ? "POST" : "GET", "/", i % 2 ? "x" : NULL);
  CHECK(gfc_driver_add(b.driver, b.call));
  for (int i = 0; i < turns; i++) {
    gfc_driver_step(b.driver, 0);
    if (i % 3 == 0) peer_turn(&b.peer);
  }
  bool done = b.call->done;
  if (how == STOP_BY_CANCEL) fake_finish(b.call);
  if (how == STOP_BY_CANCEL) CHECK_INT(gfc_driver_step(b.driver, 1000), 0);
  if (how == STOP_BY_CANCEL) gfc_driver_step(b.driver, 0); /* releases it */
  if (how == STOP_BY_DROP) gfc_driver_drop(b.driver, b.call);
  if (how != STOP_BY_END) CHECK_INT(b.call->refs, 1);
  if (how != STOP_BY_END) still_works(&b);
  end(&b);
  return done;
}

static void stops_at_every_turn(void) {
  for (stop how = STOP_BY_CANCEL; how <= STOP_BY_END; how++)
    for (int turns = 0; turns < 200 && !stopped_after(turns, how); turns++) {
    }
}

static void refuses_a_call_twice(void) {
  bench b;
  BEGIN(&b, no_routes);
  ask(&b, "GET", "/", NULL);
  CHECK(gfc_driver_add(b.driver, b.call));
  CHECK(!gfc_driver_add(b.driver, b.call));
  CHECK_INT(b.call->refs, 2);
  turn_until(b.driver, &b.peer, &b.call->done, 5000);
  CHECK_INT(gfc_driver_step(b.driver, 0), 0);
  CHECK_INT(b.call->ended, 1);
  end(&b);
}

static void serves_many_calls(void) {
  enum { CALLS = 50 };
  gf_call *calls[CALLS];
  bench b;
  BEGIN(&b, no_routes);
  for (int i = 0; i < CALLS; i++) {
    calls[i] = fake_call();
    fake_add(calls[i], "GET", b.urls[0], NULL);
    CHECK(gfc_driver_add(b.driver, calls[i]));
  }
  url_of(&b, "/");
  int64_t until = gfc_now_ms() + 8000;
  while (gfc_driver_step(b.driver, 1) > 0 && gfc_now_ms() < until)
    peer_turn(&b.peer);
  while (gfc_driver_news(b.driver)) /* releases those that are done */
    ;
  for (int i = 0; i < CALLS; i++) {
    CHECK_INT(calls[i]->requests[0].how, GF_END_COMPLETE);
    fake_free(calls[i]);
  }
  CHECK(b.peer.accepted <= 8);
  end(&b);
}

/* ----------------------------------------------------------------------------------------------- times -- */

static void honours_time_limits(void) {
  bench b;
  BEGIN(&b, silence);
  fake_request *r = ask(&b, "POST", "/silence", "x");
  r->request.timeout_ms = 120;
  int64_t begun = gfc_now_ms();
  run(&b);
  int64_t took = gfc_now_ms() - begun;
  CHECK_INT(r->how, GF_END_TIMEOUT);
  CHECK(r->sent);
  CHECK(took >= 120 && took < 3000);
  still_works(&b);
  end(&b);
}

/* A listener whose queue is full: the handshake gets no answer. */
static void honours_the_limit_for_connecting(void) {
  int port, listener = peer_listen(0, &port), fillers[3];
  char url[100];
  for (size_t i = 0; i < COUNT(fillers); i++) {
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    fillers[i] = socket(AF_INET, SOCK_STREAM, 0);
    fcntl(fillers[i], F_SETFL, O_NONBLOCK);
    (void)!connect(fillers[i], (struct sockaddr *)&to, sizeof to);
  }
  bench b;
  BEGIN(&b, no_routes);
  snprintf(url, sizeof url, "http://127.0.0.1:%d/", port);
  fake_request *r = fake_add(b.call, "POST", url, "x");
  r->request.connect_timeout_ms = 150;
  r->request.timeout_ms = 0;
  run(&b);
  CHECK_INT(r->how, GF_END_TIMEOUT);
  CHECK(!r->sent);
  for (size_t i = 0; i < COUNT(fillers); i++)
    close(fillers[i]);
  close(listener);
  still_works(&b);
  end(&b);
}

static void changes_time_limits_between_requests(void) {
  bench b;
  BEGIN(&b, silence);
  fake_request *r = ask(&b, "GET", "/silence", NULL);
  r->request.timeout_ms = 50;
  run(&b);
  again(&b);
  r = ask(&b, "GET", "/silence", NULL);
  r->request.timeout_ms = 0;
  r->request.connect_timeout_ms = 0;
  CHECK(gfc_driver_add(b.driver, b.call));
  turn_until(b.driver, &b.peer, &b.call->done, 200);
  CHECK(!b.call->done);
  gfc_driver_drop(b.driver, b.call);
  end(&b);
}

static void wakes_when_a_call_wants(void) {
  bench b;
  BEGIN(&b, no_routes);
  ask(&b, "GET", "/", NULL);
  b.call->wake = gfc_now_ms() + 60;
  CHECK(gfc_driver_add(b.driver, b.call));
  gfc_driver_step(b.driver, 5000);
  int64_t late = gfc_now_ms() - b.call->wake;
  CHECK(late >= 0 && late < 2000);
  turn_until(b.driver, &b.peer, &b.call->done, 5000);
  CHECK(b.call->done);
  CHECK(b.call->asked < 20);
  end(&b);
}

static void waits_no_longer_than_told(void) {
  bench b;
  begin_silence(&b, 1);
  int64_t begun = gfc_now_ms();
  CHECK_INT(gfc_driver_step(b.driver, 50), 1);
  int64_t took = gfc_now_ms() - begun;
  CHECK(took >= 49 && took < 2000);
  begun = gfc_now_ms();
  gfc_driver_step(b.driver, 0);
  gfc_driver_step(b.driver, -5);
  CHECK(gfc_now_ms() - begun < 40);
  end(&b);
}

static void on_signal(int signal) { (void)signal; }

/* A child of this test sends a signal to it soon. */
static pid_t signal_soon(void) {
  pid_t parent = getpid(), child = fork();
  if (child != 0) return child;
  nanosleep(&(struct timespec){.tv_nsec = 60000000}, NULL);
  kill(parent, SIGUSR1);
  _exit(0);
}

static void is_interrupted_by_signals(void) {
  struct sigaction action = {.sa_handler = on_signal}, before;
  bench b;
  begin_silence(&b, 1);
  sigaction(SIGUSR1, &action, &before);
  pid_t child = signal_soon();
  int64_t begun = gfc_now_ms();
  while (gfc_now_ms() - begun < 40)
    gfc_driver_step(b.driver, 5000);
  CHECK(gfc_now_ms() - begun < 3000);
  waitpid(child, NULL, 0);
  sigaction(SIGUSR1, &before, NULL);
  end(&b);
}

/* ---------------------------------------------------------------------------- names, proxies, refusals -- */

static int slow_lookups; /* threads of libcurl that are within getaddrinfo */

/* Instead of the C library's, for libcurl too: no test asks a name server. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **result) {
  (void)service, (void)hints;
  *result = NULL;
  if (strcmp(node, "slow.invalid") == 0) {
    __atomic_add_fetch(&slow_lookups, 1, __ATOMIC_SEQ_CST);
    nanosleep(&(struct timespec){.tv_sec = 2, .tv_nsec = 500000000}, NULL);
    __atomic_sub_fetch(&slow_lookups, 1, __ATOMIC_SEQ_CST);
  }
  return EAI_NONAME;
}

static void says_that_nobody_listens(void) {
  int port;
  char url[100];
  close(peer_listen(1, &port));
  bench b;
  BEGIN(&b, no_routes);
  snprintf(url, sizeof url, "http://127.0.0.1:%d/", port);
  fake_request *number = fake_add(b.call, "POST", url, "x");
  char named[100];
  snprintf(named, sizeof named, "http://localhost:%d/", port);
  fake_request *name = fake_add(b.call, "POST", named, "x");
  run(&b);
  CHECK(number->how == GF_END_REFUSED && !number->sent);
  CHECK(name->how == GF_END_REFUSED && !name->sent);
  CHECK(strstr(number->detail, "127.0.0.1") != NULL);
  still_works(&b);
  end(&b);
}

static void says_that_there_is_no_such_host(void) {
  bench b;
  BEGIN(&b, no_routes);
  fake_request *r = fake_add(b.call, "POST", "http://nowhere.invalid/", "x");
  run(&b);
  CHECK(r->how == GF_END_UNKNOWN_HOST && !r->sent);
  CHECK(strstr(r->detail, "nowhere.invalid") != NULL);
  still_works(&b);
  end(&b);
}

/* Neither a time limit nor dropping nor the end waits for a name server that does not answer. */
static void waits_for_no_name_server(void) {
  bench b;
  BEGIN(&b, no_routes);
  fake_request *r = fake_add(b.call, "POST", "http://slow.invalid/", "x");
  r->request.connect_timeout_ms = 100;
  int64_t begun = gfc_now_ms();
  run(&b);
  CHECK(r->how == GF_END_TIMEOUT && !r->sent);
  again(&b);
  fake_add(b.call, "POST", "http://slow.invalid/", "x");
  CHECK(gfc_driver_add(b.driver, b.call));
  turn_until(b.driver, &b.peer, &b.call->done, 50);
  gfc_driver_drop(b.driver, b.call);
  CHECK(!b.call->requests[0].sent);
  still_works(&b);
  end(&b);
  CHECK(gfc_now_ms() - begun < 2000);
  while (__atomic_load_n(&slow_lookups, __ATOMIC_SEQ_CST) > 0)
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
  nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL); /* the threads free what is theirs */
}

static void begin_proxied(bench *b, const peer_route *routes, size_t n_routes, const char *format) {
  char proxy[100];
  gfc_config config;
  peer p;
  peer_open(&p, routes, n_routes);
  gfc_config_init(&config);
  snprintf(proxy, sizeof proxy, format, p.port);
  config.proxy = proxy;
  begin_with(b, routes, n_routes, &config);
  peer_shut(&b->peer);
  b->peer = p;
}

static void goes_through_a_proxy(void) {
  bench b;
  setenv("no_proxy", "*", 1);
  begin_proxied(&b, no_routes, COUNT(no_routes), "http://user:geheim@127.0.0.1:%d");
  fake_request *r = fake_add(b.call, "GET", "http://grafana.invalid/a", NULL);
  run(&b);
  unsetenv("no_proxy");
  CHECK_INT(r->how, GF_END_COMPLETE);
  CHECK(wire_begins(&b, "GET http://grafana.invalid/a HTTP/1.1\r\n"));
  CHECK(wire_has(&b, "Proxy-Authorization: Basic dXNlcjpnZWhlaW0=\r\n"));
  end(&b);
}

static void tunnels_through_a_proxy(void) {
  static const peer_route routes[] = {
      {"", "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 0, PEER_CLOSE}};
  bench b;
  begin_proxied(&b, routes, COUNT(routes), "http://user:geheim@127.0.0.1:%d");
  fake_request *r = fake_add(b.call, "POST", "https://grafana.invalid/a", "x");
  run(&b);
  CHECK(r->how == GF_END_FAILED && !r->sent && r->heads == 0);
  CHECK(strstr(r->detail, "403") && !strstr(r->detail, "geheim"));
  CHECK(wire_begins(&b, "CONNECT grafana.invalid:443 "));
  CHECK(!wire_has(&b, "\r\nAuthorization"));
  end(&b);
}

static void names_a_proxy_that_is_not_there(void) {
  bench b;
  gfc_config config;
  gfc_config_init(&config);
  config.proxy = "http://user:geheim@proxy.invalid:3128";
  begin_with(&b, no_routes, COUNT(no_routes), &config);
  fake_request *r = ask(&b, "POST", "/", "x");
  run(&b);
  CHECK(r->how == GF_END_UNKNOWN_HOST && !r->sent);
  CHECK(strstr(r->detail, "proxy.invalid") && !strstr(r->detail, "geheim"));
  end(&b);
}

static void heeds_the_environment_unless_told(void) {
  gfc_config config;
  bench b;
  gfc_config_init(&config);
  setenv("http_proxy", "http://user:geheim@proxy.invalid:3128", 1);
  begin_with(&b, no_routes, COUNT(no_routes), &config);
  fake_request *r = ask(&b, "GET", "/", NULL);
  run(&b);
  CHECK(r->how == GF_END_UNKNOWN_HOST && !strstr(r->detail, "geheim"));
  end(&b);
  config.proxy = "";
  begin_with(&b, no_routes, COUNT(no_routes), &config);
  r = ask(&b, "GET", "/", NULL);
  run(&b);
  CHECK_INT(r->how, GF_END_COMPLETE);
  unsetenv("http_proxy");
  end(&b);
}

/* --------------------------------------------------------------------------------------------- forking -- */

/* The child's half: its own connection, its own answer. The exit code is 0 when all was right. */
static int child_uses(gfc_driver *driver, const char *url) {
  gf_call *call = fake_call();
  fake_request *r = fake_add(call, "GET", url, NULL);
  if (!gfc_driver_add(driver, call)) return 2;
  turn_until(driver, NULL, &call->done, 5000);
  return call->done && r->how == GF_END_COMPLETE && r->body && strcmp(r->body, "child") == 0 ? 0 : 3;
}

/* Serve until `child` has ended; its exit code. */
static int serve_child(peer *p, pid_t child) {
  int status = 0;
  int64_t until = gfc_now_ms() + 10000;
  while (waitpid(child, &status, WNOHANG) == 0) {
    peer_turn(p);
    poll(NULL, 0, 1);
    if (gfc_now_ms() < until) continue;
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return -1;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static const peer_route fork_routes[] = {
    {"/child", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nchild", 0, 0},
    {"/parent", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nparent", 0, 0},
    {"/silence", NULL, 0, PEER_KEEP}};

static void works_on_both_sides_of_a_fork(void) {
  bench b;
  BEGIN(&b, fork_routes);
  ask(&b, "GET", "/parent", NULL);
  run(&b);
  again(&b);
  const char *url = url_of(&b, "/child");
  pid_t child = fork();
  if (child == 0) _exit(child_uses(b.driver, url));
  CHECK_INT(serve_child(&b.peer, child), 0);
  CHECK_INT(b.peer.accepted, 2);
  fake_request *r = ask(&b, "POST", "/parent", "x");
  run(&b);
  CHECK_INT(r->how, GF_END_COMPLETE);
  CHECK_STR(r->body, "parent");
  CHECK_INT(b.peer.accepted, 2); /* still the first connection */
  end(&b);
}

/* In the child: what was under way has ended; the parent's connections are closed without a word. */
static int child_ends(bench *b) {
  gfc_driver_step(b->driver, 0);
  for (size_t i = 0; i < b->call->n; i++)
    if (b->call->requests[i].how != GF_END_CUT || !b->call->requests[i].sent) return 4;
  gfc_driver_free(b->driver);
  return b->call->refs == 1 ? 0 : 5;
}

static void ends_in_a_child_what_was_under_way(void) {
  bench b;
  BEGIN(&b, fork_routes);
  for (int i = 0; i < 3; i++)
    ask(&b, "POST", "/silence", "x");
  CHECK(gfc_driver_add(b.driver, b.call));
  until_sent(&b, 3);
  pid_t child = fork();
  if (child == 0) _exit(child_ends(&b));
  CHECK_INT(serve_child(&b.peer, child), 0);
  peer_turn(&b.peer);
  CHECK_INT(b.peer.n, 3); /* the parent's are open */
  for (int i = 0; i < 3; i++)
    peer_send(b.peer.connections[i].fd, peer_ok, sizeof peer_ok - 1);
  turn_until(b.driver, &b.peer, &b.call->done, 5000);
  for (int i = 0; i < 3; i++)
    CHECK_INT(b.call->requests[i].how, GF_END_COMPLETE);
  gfc_driver_step(b.driver, 0);
  end(&b);
}

/* In the child: use the driver, say so, and stay until the parent hangs up. */
static int child_stays(gfc_driver *driver, const char *url, int to_parent, int from_parent) {
  char byte = (char)child_uses(driver, url);
  if (write(to_parent, &byte, 1) != 1) return 6;
  (void)!read(from_parent, &byte, 1);
  return 0;
}

/* What the parent closes is closed, though a child that inherited it lives on. */
static void keeps_no_connection_of_the_parent_open(void) {
  int up[2], down[2];
  char byte = 9;
  bench b;
  BEGIN(&b, fork_routes);
  ask(&b, "GET", "/parent", NULL);
  run(&b);
  if (pipe(up) != 0 || pipe(down) != 0) abort();
  fcntl(up[0], F_SETFL, O_NONBLOCK);
  const char *url = url_of(&b, "/child");
  pid_t child = fork();
  if (child == 0) {
    close(down[1]);
    _exit(child_stays(b.driver, url, up[1], down[0]));
  }
  for (int64_t until = gfc_now_ms() + 5000; read(up[0], &byte, 1) < 0 && gfc_now_ms() < until;
       poll(NULL, 0, 1))
    peer_turn(&b.peer);
  CHECK_INT(byte, 0);
  CHECK_INT(b.peer.n, 2);
  gfc_driver_free(b.driver);
  b.driver = NULL;
  for (int i = 0; i < 300 && b.peer.n > 1; i++, poll(NULL, 0, 1))
    peer_turn(&b.peer);
  CHECK_INT(b.peer.n, 1);
  close(down[1]);
  CHECK_INT(serve_child(&b.peer, child), 0);
  close(down[0]), close(up[0]), close(up[1]);
  end(&b);
}

/* The driver's sockets are not handed to programs that this one starts. */
static void hides_sockets_from_other_programs(void) {
  bench b;
  begin_silence(&b, 2);
  int shown = 0;
  for (int fd = 3; fd < 100; fd++) {
    struct sockaddr_in to;
    socklen_t size = sizeof to;
    bool ours = getpeername(fd, (struct sockaddr *)&to, &size) == 0 && to.sin_family == AF_INET &&
                ntohs(to.sin_port) == b.peer.port;
    if (ours && !(fcntl(fd, F_GETFD) & FD_CLOEXEC)) shown++;
  }
  CHECK_INT(shown, 0);
  end(&b);
}

/* --------------------------------------------------------------------------- TLS, HTTP/2: the stand-in -- */

static struct {
  bool up;
  char dir[64], url[100], tls[100], cert[100];
  int tls_port;
} standin;

static bool read_line(const char *name, char *to, size_t size) {
  char path[200];
  snprintf(path, sizeof path, "%s/%s", standin.dir, name);
  FILE *file = fopen(path, "r");
  if (!file) return false;
  bool ok = fgets(to, (int)size, file) != NULL;
  fclose(file);
  to[strcspn(to, "\n")] = '\0';
  return ok;
}

static int standin_command(const char *command) {
  char line[300];
  snprintf(line, sizeof line, "OWN_DIR=1 PARENT=%ld spec/standin/run %s %s >/dev/null", (long)getpid(),
           command, standin.dir);
  return system(line);
}

static void standin_start(void) {
  snprintf(standin.dir, sizeof standin.dir, "/tmp/gfc-standin-%ld", (long)getpid());
  standin.up = standin_command("start") == 0 && read_line("url", standin.url, sizeof standin.url) &&
               read_line("tls_url", standin.tls, sizeof standin.tls);
  snprintf(standin.cert, sizeof standin.cert, "%s/cert.pem", standin.dir);
  if (standin.up) standin.tls_port = atoi(strrchr(standin.tls, ':') + 1);
}

static void standin_stop(void) {
  char line[200];
  standin_command("stop");
  snprintf(line, sizeof line, "rm -rf %s", standin.dir);
  (void)!system(line);
}

/* A call of one request to the stand-in over `config`; for the caller to free. */
static gf_call *fetch(const gfc_config *config, const char *method, const char *url, const char *body) {
  gf_error error = {""};
  gfc_driver *driver = gfc_driver_new(config, &error);
  gf_call *call = fake_call();
  fake_add(call, method, url, body);
  if (!CHECK(driver != NULL)) abort();
  CHECK(gfc_driver_add(driver, call));
  turn_until(driver, NULL, &call->done, 8000);
  CHECK(call->done);
  gfc_driver_free(driver);
  return call;
}

/* POST to the stand-in's control interface; how often `word` is in its answer. */
static int control(const char *name, const char *body, const char *word) {
  char url[200];
  gfc_config config;
  gfc_config_init(&config);
  snprintf(url, sizeof url, "%s/__standin/%s", standin.url, name);
  gf_call *call = fetch(&config, "POST", url, body);
  CHECK_INT(call->requests[0].code, 200);
  int n = 0;
  for (const char *p = call->requests[0].body; word && p && (p = strstr(p, word)); p++)
    n++;
  fake_free(call);
  return n;
}

typedef struct tls_row {
  bool verify, with_ca, localhost;
  gf_how how;
} tls_row;

static void checks_certificates(void) {
  static const tls_row rows[] = {{true, false, false, GF_END_TLS},
                                 {true, true, false, GF_END_COMPLETE},
                                 {false, false, false, GF_END_COMPLETE}};
  if (!CHECK(standin.up)) return;
  for (size_t i = 0; i < COUNT(rows); i++) {
    char url[200];
    gfc_config config;
    gfc_config_init(&config);
    config.verify = rows[i].verify;
    if (rows[i].with_ca) config.ca_file = standin.cert;
    snprintf(url, sizeof url, "%s/api/health", standin.tls);
    gf_call *call = fetch(&config, "GET", url, NULL);
    fake_request *r = &call->requests[0];
    CHECK_INT(r->how, rows[i].how);
    CHECK_INT(r->sent, rows[i].how == GF_END_COMPLETE);
    CHECK(rows[i].how == GF_END_COMPLETE || r->detail[0]);
    fake_free(call);
  }
}

/* A folder of certificates, and a certificate of the client's own. */
static void uses_folders_and_own_certificates(void) {
  char line[600], folder[100], key[100], url[200];
  gfc_config config;
  gfc_config_init(&config);
  if (!CHECK(standin.up)) return;
  snprintf(folder, sizeof folder, "%s/ca", standin.dir);
  snprintf(key, sizeof key, "%s/key.pem", standin.dir);
  snprintf(url, sizeof url, "%s/api/health", standin.tls);
  snprintf(line, sizeof line, "mkdir -p %s && cp %s %s/ && openssl rehash %s", folder, standin.cert, folder,
           folder);
  CHECK_INT(system(line), 0);
  config.ca_path = folder;
  config.cert = standin.cert;
  config.key = key;
  gf_call *call = fetch(&config, "GET", url, NULL);
  CHECK_INT(call->requests[0].how, GF_END_COMPLETE);
  fake_free(call);
}

static void says_that_a_file_is_no_certificate(void) {
  char url[200];
  gfc_config config;
  gfc_config_init(&config);
  if (!CHECK(standin.up)) return;
  snprintf(url, sizeof url, "%s/api/health", standin.tls);
  config.ca_file = "/etc/passwd";
  gf_call *call = fetch(&config, "GET", url, NULL);
  CHECK(call->requests[0].how == GF_END_TLS && !call->requests[0].sent);
  CHECK(strstr(call->requests[0].detail, "/etc/passwd") != NULL);
  fake_free(call);
  config.ca_file = standin.cert;
  config.cert = "/etc/passwd";
  call = fetch(&config, "GET", url, NULL);
  CHECK(call->requests[0].how == GF_END_TLS && !call->requests[0].sent);
  fake_free(call);
}

/* TLS spoken to a server that speaks none. */
static void says_that_a_server_speaks_no_tls(void) {
  char url[200];
  gfc_config config;
  gfc_config_init(&config);
  if (!CHECK(standin.up)) return;
  snprintf(url, sizeof url, "https%.100s/api/health", standin.url + 4);
  gf_call *call = fetch(&config, "POST", url, "x");
  CHECK(call->requests[0].how == GF_END_TLS && !call->requests[0].sent);
  fake_free(call);
}

/* Many requests side by side over the relay: one connection carries them. */
static void shares_an_http2_connection(void) {
  char url[100];
  relay r;
  bench b;
  gfc_config config;
  if (!CHECK(standin.up)) return;
  gfc_config_init(&config);
  config.ca_file = standin.cert;
  begin_with(&b, no_routes, COUNT(no_routes), &config);
  relay_open(&r, standin.tls_port);
  snprintf(url, sizeof url, "https://127.0.0.1:%d/api/health", r.port);
  for (int i = 0; i < 20; i++)
    fake_add(b.call, "GET", url, NULL);
  CHECK(gfc_driver_add(b.driver, b.call));
  for (int64_t until = gfc_now_ms() + 8000; !b.call->done && gfc_now_ms() < until; relay_turn(&r))
    gfc_driver_step(b.driver, 1);
  CHECK(b.call->done);
  for (int i = 0; i < 20; i++)
    CHECK(b.call->requests[i].how == GF_END_COMPLETE && b.call->requests[i].code == 200);
  CHECK_INT(r.accepted, 1);
  gfc_driver_step(b.driver, 0);
  end(&b);
  relay_shut(&r);
}

static void turn_relay(bench *b, relay *r, int ms) {
  for (int64_t until = gfc_now_ms() + ms; !b->call->done && gfc_now_ms() < until; relay_turn(r))
    gfc_driver_step(b->driver, 1);
}

/* `b` over `r` to the stand-in, with a connection that has carried a request of HTTP/2. */
static void begin_http2(bench *b, relay *r, char *url, size_t size) {
  gfc_config config;
  gfc_config_init(&config);
  config.ca_file = standin.cert;
  begin_with(b, no_routes, COUNT(no_routes), &config);
  relay_open(r, standin.tls_port);
  snprintf(url, size, "https://127.0.0.1:%d/api/once", r->port);
  fake_add(b->call, "GET", url, NULL);
  CHECK(gfc_driver_add(b->driver, b->call));
  turn_relay(b, r, 5000);
  CHECK_INT(b->call->requests[0].how, GF_END_COMPLETE);
  gfc_driver_step(b->driver, 0);
  control("clear_log", "", NULL);
  again(b);
}

/* How many requests for /api/once the stand-in has seen. */
static int arrivals_once(void) { return control("requests", "{\"path\":\"/api/once\"}", "\"path\""); }

/* The connection is cut when the request has arrived and is being worked on. */
static void once_over_http2(const write_row *row, bool reset) {
  char url[100];
  relay r;
  bench b;
  begin_http2(&b, &r, url, sizeof url);
  fake_request *request = fake_add(b.call, row->method, url, row->body);
  CHECK(gfc_driver_add(b.driver, b.call));
  for (int i = 0; i < 100 && arrivals_once() == 0; i++)
    turn_relay(&b, &r, 20);
  CHECK(!b.call->done);
  relay_cut(&r, reset);
  turn_relay(&b, &r, 300);
  CHECK(b.call->done || row->may_repeat);
  gfc_driver_drop(b.driver, b.call);
  CHECK_INT(request->how, GF_END_CUT);
  CHECK(request->sent);
  int arrived = arrivals_once();
  CHECK(arrived == 1 || (row->may_repeat && arrived > 1));
  end(&b);
  relay_shut(&r);
}

static void sends_no_write_twice_over_http2(void) {
  if (!CHECK(standin.up)) return;
  for (size_t i = 0; i < 2 * COUNT(write_rows); i++) {
    control("clear_faults", "", NULL);
    control("fault", "{\"kind\":\"stall\",\"path\":\"^/api/once\",\"times\":0,\"skip\":1,\"seconds\":1}",
            NULL);
    once_over_http2(&write_rows[i / 2], i % 2 == 1);
  }
  control("clear_faults", "", NULL);
}

/* --------------------------------------------------------------------------------------------------------
 * -- */

static const test_rule rules[] = {
    {"options that cannot be used are named", names_bad_options},
    {"an answer is fed as it comes", feeds_an_answer},
    {"a request goes out as it is given", sends_what_it_is_given},
    {"every method goes out right, through one handle", sends_every_method},
    {"large bodies do not wait for 100 Continue", sends_large_bodies_without_waiting},
    {"connections are kept", keeps_connections},
    {"no more connections are open than allowed", opens_no_more_than_allowed},
    {"heads of 1xx come before the answer's", takes_interim_heads},
    {"trailers are left out", leaves_trailers_out},
    {"gzip is unpacked", unpacks_gzip},
    {"no redirect is followed", follows_no_redirect},
    {"only http and https are spoken, without credentials in URLs", speaks_http_only},
    {"an answer cut at any byte is cut", notices_cuts_at_every_byte},
    {"an answer cut within a chunk is cut", notices_cut_chunks},
    {"an empty answer is an answer", takes_an_empty_answer},
    {"what is not HTTP is called so", recognises_garbage},
    {"no write is sent twice", sends_no_write_twice},
    {"a connection that was closed while idle is not used", notices_idle_hang_ups},
    {"a transfer that the core refuses is dropped", drops_when_told},
    {"nothing is fed to a cancelled call", feeds_nothing_after_done},
    {"nothing is fed to a call that is done within a turn", feeds_nothing_after_done_within_a_turn},
    {"calls under way can be dropped", drops_calls},
    {"calls that sent nothing can be dropped", drops_calls_that_sent_nothing},
    {"a driver can be freed with calls under way", ends_with_calls_under_way},
    {"a call can be stopped at every turn", stops_at_every_turn},
    {"a call takes part once", refuses_a_call_twice},
    {"many calls share the connections", serves_many_calls},
    {"time limits hold", honours_time_limits},
    {"the limit for connecting holds", honours_the_limit_for_connecting},
    {"each request has its own limits", changes_time_limits_between_requests},
    {"a call is asked when it wants to be woken", wakes_when_a_call_wants},
    {"a step waits no longer than told", waits_no_longer_than_told},
    {"a signal ends the wait", is_interrupted_by_signals},
    {"nobody listening is refused", says_that_nobody_listens},
    {"no such host is an unknown host", says_that_there_is_no_such_host},
    {"nothing waits for a silent name server", waits_for_no_name_server},
    {"a proxy is used, and its password sent", goes_through_a_proxy},
    {"a proxy that refuses a tunnel is told of, and sees no credentials", tunnels_through_a_proxy},
    {"a proxy that is not there is named", names_a_proxy_that_is_not_there},
    {"the environment's proxy counts unless told otherwise", heeds_the_environment_unless_told},
    {"a forked child has connections of its own", works_on_both_sides_of_a_fork},
    {"a forked child ends what was under way", ends_in_a_child_what_was_under_way},
    {"a forked child keeps no connection of its parent open", keeps_no_connection_of_the_parent_open},
    {"sockets are closed in programs started from here", hides_sockets_from_other_programs},
    {"certificates are checked", checks_certificates},
    {"a folder of certificates and an own certificate are used", uses_folders_and_own_certificates},
    {"files that are no certificates are told of", says_that_a_file_is_no_certificate},
    {"a server without TLS is told of", says_that_a_server_speaks_no_tls},
    {"HTTP/2 shares one connection", shares_an_http2_connection},
    {"no write is sent twice over HTTP/2", sends_no_write_twice_over_http2},
    {"lacking memory of its own ends in failures only", survives_lacking_memory_of_its_own},
    {"lacking memory of libcurl ends in failures only", survives_lacking_memory_of_libcurl},
};

int main(int argc, char **argv) {
  curl_global_init_mem(CURL_GLOBAL_DEFAULT, curl_malloc, free, curl_realloc, curl_strdup, curl_calloc);
  standin_start();
  int failed = TEST_RUN(rules, argc, argv);
  standin_stop();
  curl_global_cleanup();
  return failed;
}
