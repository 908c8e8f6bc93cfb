/* SPDX-License-Identifier: MIT
 *
 * script.h: a Grafana that is a function, and a driver that carries a call's requests to it: no network, no clock,
 * every step in the test's hands.
 *
 *     script s;
 *     script_open(&s, a, NULL, script_grafana);             // a: test_alloc *; NULL: the usual configuration
 *     gf_call *call = script_call(&s, "get_org", "2", "");  // arguments as JSON texts, "own", "" for nil
 *     const gf_result *r = script_run(&s, call);            // s.requests, s.log: what arrived
 *     gf_call_release(call);
 *     script_close(&s);                                     // checks that the window is empty again
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include "grafana.h"
#include "test.h"
#include "test_alloc.h"

#include <stdarg.h>

#define SCRIPT_BASE "http://grafana.test/sub"

enum { SCRIPT_WIRE = 64, SCRIPT_MOST = 1000 };

/* How one request ends. `length` bytes of the body are fed, SCRIPT_WHOLE: all. */
typedef struct script_answer {
  int code; /* 0: no head comes */
  const char *type, *body;
  const char *name, *value; /* one more header */
  size_t bytes;             /* of the body that come, when `cut` */
  bool cut;
  bool unsized; /* no Content-Length */
  gf_how how;
  bool unsent;
} script_answer;

typedef struct script script;
/* `path` is what follows the client's URL, query included. */
typedef script_answer script_server(script *s, const gf_request *request, const char *path);

struct script {
  gf_client *client;
  script_server *server;
  const void *ctx; /* the server's own */
  int64_t now;
  size_t requests; /* that have been sent */
  char log[16384]; /* "GET /api/org\n" for each, while there is room */
  struct {
    gf_call *call;
    const gf_request *request;
  } wire[SCRIPT_WIRE];
  size_t n_wire, most_wire;
  size_t waits;   /* how often the clock was moved */
  int64_t waited; /* by how much */
  size_t piece;   /* the body comes in pieces of so many bytes; 0: whole */
  size_t steps,
      stop_at; /* before the step of this number `stop` is called, and nothing else happens; 0: never */
  void (*stop)(script *s, gf_call *call, const gf_request *request);
  bool stopped;
};

static inline gf_str script_z(const char *z) { return (gf_str){z, z ? strlen(z) : 0}; }

/* ----------------------------------------------------------------------------------- the server's side -- */

static inline script_answer script_json(int code, const char *body) {
  return (script_answer){.code = code, .type = "application/json; charset=UTF-8", .body = body};
}

/* `*` stands for any bytes. */
static inline bool script_like(const char *text, const char *pattern) {
  if (*pattern == 0) return *text == 0;
  if (*pattern != '*') return *text == *pattern && script_like(text + 1, pattern + 1);
  for (;; text++) {
    if (script_like(text, pattern + 1)) return true;
    if (*text == 0) return false;
  }
}

typedef struct script_route {
  const char *method, *path, *body;
} script_route;

#define SCRIPT_ORG "{\"id\":2,\"name\":\"Acme\",\"address\":{\"city\":\"\"}}"
#define SCRIPT_USER                                                                                          \
  "{\"id\":5,\"login\":\"ann\",\"email\":\"ann@example.org\",\"name\":\"Ann\",\"orgId\":1,"                  \
  "\"isGrafanaAdmin\":false}"
#define SCRIPT_MEMBERS                                                                                       \
  "[{\"orgId\":2,\"userId\":5,\"login\":\"ann\",\"email\":\"ann@example.org\",\"role\":\"Viewer\"},"         \
  "{\"orgId\":2,\"userId\":6,\"login\":\"bob\",\"email\":\"bob@example.org\",\"role\":\"Editor\"}]"
#define SCRIPT_SOURCE                                                                                        \
  "{\"id\":7,\"uid\":\"u1\",\"name\":\"n\",\"type\":\"prometheus\",\"access\":\"proxy\",\"version\":1,"      \
  "\"jsonData\":{}}"
/* Permissions of a data source, in both generations: user 6 gets one when it has been asked for, and has then number 4. */
#define SCRIPT_GIVEN "{\"id\":3,\"teamId\":1,\"isManaged\":true,\"permission\":\"Edit\"}"
#define SCRIPT_ADDED "{\"id\":4,\"userId\":6,\"isManaged\":true,\"permission\":\"Query\"}"
#define SCRIPT_OF_ADMINS "{\"id\":5,\"builtInRole\":\"Admin\",\"isManaged\":false,\"permission\":\"Admin\"}"
#define SCRIPT_FIRST(items) "{\"datasourceId\":7,\"enabled\":true,\"permissions\":[" items "]}"
#define SCRIPT_HITS                                                                                          \
  "[{\"id\":7,\"uid\":\"u1\",\"title\":\"t\",\"type\":\"dash-db\",\"folderUid\":\"infra\"},"                 \
  "{\"id\":8,\"uid\":\"u2\",\"title\":\"t2\",\"type\":\"dash-db\"},"                                         \
  "{\"id\":9,\"uid\":\"a/b?c#d%\",\"title\":\"t3\",\"type\":\"dash-db\"}]"
#define SCRIPT_DASHBOARD                                                                                     \
  "{\"meta\":{\"url\":\"/d/u1/"                                                                              \
  "t\",\"folderUid\":\"infra\"},\"dashboard\":{\"id\":7,\"uid\":\"u1\",\"title\":\"t\","                     \
  "\"version\":3,\"panels\":[{\"id\":1,\"title\":\"CPU\",\"type\":\"graph\"},{\"id\":2,\"type\":\"row\","    \
  "\"panels\":"                                                                                              \
  "[{\"id\":3,\"title\":\"in a row\",\"type\":\"stat\"}]}]}}"
#define SCRIPT_FOLDER                                                                                        \
  "{\"id\":8,\"uid\":\"u1\",\"title\":\"t\",\"url\":\"/dashboards/f/u1/"                                     \
  "t\",\"version\":1,\"parentUid\":\"u2\"}"
#define SCRIPT_PERMISSIONS                                                                                   \
  "[{\"userId\":5,\"teamId\":0,\"userLogin\":\"ann\",\"permission\":1,\"inherited\":false},{\"role\":"       \
  "\"Editor\","                                                                                              \
  "\"userId\":0,\"teamId\":0,\"permission\":2},{\"role\":\"Viewer\",\"permission\":4,\"inherited\":true}]"
#define SCRIPT_SAVED                                                                                         \
  "{\"id\":7,\"uid\":\"u1\",\"version\":4,\"url\":\"/d/u1/t\",\"slug\":\"t\",\"status\":\"success\"}"

static const script_route script_permissions[] = {
    {"GET", "/api/datasources/*/permissions", SCRIPT_FIRST(SCRIPT_GIVEN)},
    {"GET", "/api/access-control/datasources/*", "[" SCRIPT_GIVEN "," SCRIPT_OF_ADMINS "]"},
};
static const script_route script_permissions_then[] = {
    {"GET", "/api/datasources/*/permissions", SCRIPT_FIRST(SCRIPT_GIVEN "," SCRIPT_ADDED)},
    {"GET", "/api/access-control/datasources/*", "[" SCRIPT_GIVEN "," SCRIPT_ADDED "," SCRIPT_OF_ADMINS "]"},
};
#define SCRIPT_TEAM                                                                                          \
  "{\"id\":7,\"uid\":\"u1\",\"orgId\":2,\"name\":\"n\",\"email\":\"n@example.org\",\"memberCount\":1}"
#define SCRIPT_ACCOUNT "{\"id\":9,\"name\":\"n\",\"login\":\"sa-2-n\",\"role\":\"Viewer\",\"tokens\":1}"

/* The first page shows one dashboard as it is stored, one stored in another version, and one that no search has found; the
 * second says nothing new. What is left is read singly. */
#define SCRIPT_GROUP                                                                                         \
  "{\"name\":\"dashboard.grafana.app\",\"versions\":[{\"version\":\"v1beta1\"},{\"version\":\"v0alpha1\"}]}"
#define SCRIPT_SPEC                                                                                          \
  "\"spec\":{\"title\":\"t\",\"panels\":[{\"id\":1,\"title\":\"CPU\",\"type\":\"graph\"},"                   \
  "{\"id\":2,\"type\":\"row\",\"panels\":[{\"id\":3,\"title\":\"in a row\",\"type\":\"stat\"}]}]}"
#define SCRIPT_PAGE                                                                                          \
  "{\"kind\":\"DashboardList\",\"metadata\":{\"continue\":\"b2=\"},\"items\":["                              \
  "{\"metadata\":{\"name\":\"u1\"}," SCRIPT_SPEC ",\"status\":{}},"                                          \
  "{\"metadata\":{\"name\":\"u2\"}," SCRIPT_SPEC                                                             \
  ",\"status\":{\"conversion\":{\"failed\":false,\"storedVersion\":\"v2beta1\"}}},"                          \
  "{\"metadata\":{\"name\":\"new\"}," SCRIPT_SPEC "}]}"

/* Good answers. An operation that needs another answer than {"message":"done"} to be ok has its line here. */
static const script_route script_routes[] = {
    {"GET", "/api/health", "{\"database\":\"ok\",\"version\":\"12.4.3\",\"commit\":\"local\"}"},
    {"GET", "/api/orgs?*page=0*", "[{\"id\":1,\"name\":\"Main Org.\"},{\"id\":2,\"name\":\"Acme\"}]"},
    {"GET", "/api/orgs?*page=*", "[]"},
    {"GET", "/api/orgs/*/users", SCRIPT_MEMBERS},
    {"GET", "/api/orgs/*", SCRIPT_ORG},
    {"POST", "/api/orgs", "{\"message\":\"Organization created\",\"orgId\":2}"},
    {"POST", "/api/orgs/*/users", "{\"message\":\"User added to organization\",\"userId\":5}"},
    {"POST", "/api/org/users", "{\"message\":\"User added to organization\",\"userId\":5}"},
    {"GET", "/api/org/users*", SCRIPT_MEMBERS},
    {"GET", "/api/org", SCRIPT_ORG},
    {"POST", "/api/teams", "{\"message\":\"Team created\",\"teamId\":7,\"uid\":\"u1\"}"},
    {"GET", "/api/teams/search?*page=1", "{\"totalCount\":3,\"teams\":[" SCRIPT_TEAM "]}"},
    {"GET", "/api/teams/search?*",
     "{\"totalCount\":3,\"teams\":[{\"id\":4,\"uid\":\"u4\",\"name\":\"Ops\"},{\"id\":5,\"name\":\"\\u00fc\"}"
     "]}"},
    {"GET", "/api/teams/*/members", SCRIPT_MEMBERS},
    {"GET", "/api/teams/*", SCRIPT_TEAM},
    {"POST", "/api/serviceaccounts", SCRIPT_ACCOUNT},
    {"POST", "/api/serviceaccounts/*/tokens", "{\"id\":3,\"name\":\"n\",\"key\":\"glsa_scripted\"}"},
    {"GET", "/api/serviceaccounts/search?*",
     "{\"totalCount\":1,\"serviceAccounts\":[" SCRIPT_ACCOUNT "],\"page\":1}"},
    {"GET", "/api/serviceaccounts/*/tokens",
     "[{\"id\":3,\"name\":\"n\",\"hasExpired\":false},{\"id\":4,\"name\":\"n2\"}]"},
    {"GET", "/api/serviceaccounts/*", SCRIPT_ACCOUNT},
    {"GET", "/api/user/orgs", "[{\"orgId\":1,\"name\":\"Main Org.\",\"role\":\"Admin\"}]"},
    {"GET", "/api/user", SCRIPT_USER},
    {"GET", "/api/users/lookup?*", SCRIPT_USER},
    {"GET", "/api/users/search?*",
     "{\"totalCount\":2,\"users\":[{\"id\":1,\"login\":\"admin\"},{\"id\":5,\"login\":\"ann\"}]}"},
    {"GET", "/api/users/*/orgs", "[{\"orgId\":1,\"name\":\"Main Org.\",\"role\":\"Viewer\"}]"},
    {"GET", "/api/users/*", SCRIPT_USER},
    {"POST", "/api/admin/users", "{\"id\":5,\"message\":\"User created\"}"},
    {"GET", "/api/search?*page=1", SCRIPT_HITS},
    {"GET", "/api/search?*page=*", "[]"},
    {"GET", "/api/search*", SCRIPT_HITS},
    {"GET", "/apis/dashboard.grafana.app", SCRIPT_GROUP},
    {"GET", "/apis/dashboard.grafana.app/v0alpha1/namespaces/org-2/dashboards?limit=1000", SCRIPT_PAGE},
    {"GET", "/apis/dashboard.grafana.app/v0alpha1/*&continue=b2%3D", "{\"metadata\":{},\"items\":[]}"},
    {"GET", "/api/dashboards/*/permissions", SCRIPT_PERMISSIONS},
    {"GET", "/api/folders/*/permissions", SCRIPT_PERMISSIONS},
    {"POST", "/api/folders/*/permissions", "{\"message\":\"Folder permissions updated\"}"},
    {"GET", "/api/dashboards/uid/*/versions/*", "{\"version\":2,\"data\":{}}"},
    {"GET", "/api/dashboards/uid/*/versions",
     "{\"continueToken\":\"next/1\",\"versions\":[{\"version\":2},{\"version\":1}]}"},
    {"GET", "/api/dashboards/uid/*/versions?continueToken=next%2F1",
     "{\"continueToken\":\"\",\"versions\":[{\"version\":0}]}"},
    {"GET", "/api/dashboards/uid/*", SCRIPT_DASHBOARD},
    {"POST", "/api/dashboards/db", SCRIPT_SAVED},
    {"POST", "/api/dashboards/uid/*/restore", SCRIPT_SAVED},
    {"GET", "/api/folders?parentUid=*", "[{\"id\":9,\"uid\":\"u3\",\"title\":\"t3\",\"parentUid\":\"u2\"}]"},
    {"GET", "/api/folders/*", SCRIPT_FOLDER},
    {"POST", "/api/folders*", SCRIPT_FOLDER},
    {"PUT", "/api/folders/*", SCRIPT_FOLDER},
    {"GET", "/api/datasources/uid/*/health", "{\"status\":\"OK\",\"message\":\"works\"}"},
    {"GET", "/api/datasources", "[" SCRIPT_SOURCE "]"},
    {"GET", "/api/datasources/*", SCRIPT_SOURCE},
    {"POST", "/api/datasources",
     "{\"id\":7,\"message\":\"Datasource added\",\"datasource\":" SCRIPT_SOURCE "}"},
    {"PUT", "/api/datasources/*",
     "{\"id\":7,\"message\":\"Datasource updated\",\"datasource\":" SCRIPT_SOURCE "}"},
};

static inline const script_route *script_find(const script_route *routes, size_t n, const gf_request *request,
                                              const char *path) {
  for (size_t i = 0; i < n; i++)
    if (strcmp(request->method, routes[i].method) == 0 && script_like(path, routes[i].path))
      return &routes[i];
  return NULL;
}

/* A server on a good day. */
static inline script_answer script_grafana(script *s, const gf_request *request, const char *path) {
  bool added = strstr(s->log, "POST /api/datasources/7/permissions\n") || strstr(s->log, "/users/6\n");
  const script_route *route =
      script_find(added ? script_permissions_then : script_permissions, 2, request, path);
  if (!route) route = script_find(script_routes, sizeof script_routes / sizeof *script_routes, request, path);
  return script_json(200, route ? route->body : "{\"message\":\"done\"}");
}

/* ----------------------------------------------------------------------------------- the driver's side -- */

/* Every interaction with a call is a step; at step `stop_at` the script ends. */
static inline bool script_step(script *s, gf_call *call, const gf_request *request) {
  if (s->stopped) return false;
  if (++s->steps != s->stop_at) return true;
  s->stopped = true;
  s->stop(s, call, request);
  return false;
}

static inline void script_note(script *s, gf_call *call, const gf_request *request) {
  size_t n = strlen(s->log);
  const char *path = strncmp(request->url, SCRIPT_BASE, strlen(SCRIPT_BASE)) == 0
                         ? request->url + strlen(SCRIPT_BASE)
                         : request->url;
  snprintf(s->log + n, sizeof s->log - n, "%s %s\n", request->method, path);
  s->requests++;
  if (!CHECK(s->n_wire < SCRIPT_WIRE)) abort();
  s->wire[s->n_wire].call = call;
  s->wire[s->n_wire++].request = request;
  if (s->n_wire > s->most_wire) s->most_wire = s->n_wire;
}

static inline int script_feed_header(script *s, gf_call *call, const gf_request *request, const char *name,
                                     const char *value) {
  if (!script_step(s, call, request)) return -2;
  return gf_header_line(call, request->id, script_z(name), script_z(value));
}

/* 0, -1: the core drops it, -2: the script has stopped. */
static inline int script_feed_head(script *s, gf_call *call, const gf_request *request,
                                   const script_answer *answer) {
  char length[32];
  int taken = 0;
  if (!script_step(s, call, request)) return -2;
  taken = gf_head(call, request->id, answer->code);
  snprintf(length, sizeof length, "%zu", answer->body ? strlen(answer->body) : 0);
  if (taken >= 0 && answer->type) taken = script_feed_header(s, call, request, "Content-Type", answer->type);
  if (taken >= 0 && !answer->unsized) taken = script_feed_header(s, call, request, "Content-Length", length);
  if (taken >= 0 && answer->name) taken = script_feed_header(s, call, request, answer->name, answer->value);
  return taken;
}

static inline int script_feed_body(script *s, gf_call *call, const gf_request *request,
                                   const script_answer *answer) {
  size_t n = answer->body ? strlen(answer->body) : 0, piece = s->piece ? s->piece : n;
  if (answer->cut && answer->bytes < n) n = answer->bytes;
  for (size_t at = 0; at < n; at += piece) {
    if (!script_step(s, call, request)) return -2;
    if (gf_body(call, request->id, (gf_str){answer->body + at, n - at < piece ? n - at : piece}) < 0)
      return -1;
  }
  return 0;
}

static inline const char *script_path(const gf_request *request) {
  size_t n = strlen(SCRIPT_BASE);
  return strncmp(request->url, SCRIPT_BASE, n) == 0 ? request->url + n : request->url;
}

/* The answer of the request that has been on the wire for longest (`i` 0) comes. */
static inline void script_answer_one(script *s, size_t i) {
  gf_call *call = s->wire[i].call;
  const gf_request *request = s->wire[i].request;
  script_answer answer = s->server(s, request, script_path(request));
  s->n_wire--;
  memmove(&s->wire[i], &s->wire[i + 1], (s->n_wire - i) * sizeof *s->wire);
  if (gf_call_is_done(call)) return;
  int taken = answer.code ? script_feed_head(s, call, request, &answer) : 0;
  if (taken >= 0) taken = script_feed_body(s, call, request, &answer);
  if (taken == -2 || !script_step(s, call, request)) return;
  gf_end(call, request->id, taken < 0 ? GF_END_DROPPED : answer.how, !answer.unsent, "as scripted", s->now);
}

/* Move the clock to `wake`. False when nothing will ever happen. */
static inline bool script_wait(script *s, int64_t wake) {
  if (!CHECK(wake != INT64_MAX) || !CHECK(wake > s->now)) return false;
  s->waits++;
  s->waited += wake - s->now;
  s->now = wake;
  return true;
}

/* Ask `call` for all that it wants to send now; GF_WAIT or GF_DONE. */
static inline gf_next script_ask(script *s, gf_call *call, int64_t *wake) {
  const gf_request *request;
  gf_next next = GF_WAIT;
  while (script_step(s, call, NULL) && (next = gf_call_next(call, s->now, &request, wake)) == GF_SEND) {
    if (!CHECK(s->requests < SCRIPT_MOST)) abort();
    script_note(s, call, request);
  }
  return s->stopped ? GF_DONE : next;
}

/* Run `n` calls of the client side by side until all are done. */
static inline void script_run_all(script *s, gf_call **calls, size_t n) {
  for (;;) {
    int64_t earliest = INT64_MAX, wake = INT64_MAX;
    size_t done = 0;
    for (size_t i = 0; i < n && !s->stopped; i++) {
      done += script_ask(s, calls[i], &wake) == GF_DONE;
      if (wake < earliest) earliest = wake;
    }
    if (done == n || s->stopped) return;
    if (s->n_wire)
      script_answer_one(s, 0);
    else if (!script_wait(s, earliest))
      return;
  }
}

/* Run one call to its end. */
static inline const gf_result *script_run(script *s, gf_call *call) {
  script_run_all(s, &call, 1);
  return s->stopped ? NULL : gf_call_result(call);
}

/* --------------------------------------------------------------------------------------------- clients -- */

static inline void script_config(gf_config *config) {
  gf_config_init(config);
  config->url = script_z(SCRIPT_BASE "/");
  config->user = script_z("admin");
  config->password = script_z("secret-password");
}

/* False when there is no client (then `error` says why, if it is given). */
static inline bool script_try_open(script *s, test_alloc *a, gf_config *config, script_server *server,
                                   gf_error *error) {
  gf_config usual;
  gf_error unread;
  script_config(&usual);
  if (!config) config = &usual;
  if (a) config->alloc = a->alloc;
  memset(s, 0, sizeof *s);
  s->server = server;
  s->now = 1000;
  s->client = gf_client_new(config, error ? error : &unread);
  return s->client != NULL;
}

static inline void script_open(script *s, test_alloc *a, gf_config *config, script_server *server) {
  gf_error error = {{0}};
  if (!CHECK(script_try_open(s, a, config, server, &error))) {
    puts(error.message);
    abort();
  }
}

static inline void script_close(script *s) {
  gf_client_release(s->client);
  s->client = NULL;
}

/* ------------------------------------------------------------------------------------------- arguments -- */

enum { SCRIPT_ARGS = GF_MAX_PARAMS, SCRIPT_OPTIONS = GF_MAX_OPTIONS + 8 };

typedef struct script_args {
  gf_arg args[SCRIPT_ARGS];
  size_t n_args;
  gf_option options[SCRIPT_OPTIONS];
  size_t n_options;
  bool failed; /* memory lacked */
} script_args;

/* JSON text to an argument; "own", "null", "" for nil. The caller releases documents. */
static inline gf_arg script_arg(const gf_allocator *alloc, const char *json, bool *failed) {
  gf_error error;
  gf_arg arg = {.kind = GF_ARG_NIL};
  if (!json || !*json) return arg;
  if (strcmp(json, "own") == 0) return (gf_arg){.kind = GF_ARG_OWN};
  if (strcmp(json, "null") == 0) return (gf_arg){.kind = GF_ARG_NULL};
  gf_doc *doc = gf_doc_from_text(alloc, script_z(json), &error);
  if (!doc) {
    *failed = true;
    return arg;
  }
  gf_value root = gf_doc_root(doc);
  if (gf_value_bool(root, &arg.boolean))
    arg.kind = GF_ARG_BOOL;
  else if (gf_value_int(root, &arg.integer))
    arg.kind = GF_ARG_INT;
  if (arg.kind != GF_ARG_NIL)
    gf_doc_release(doc);
  else
    arg = (gf_arg){.kind = GF_ARG_DOC, .doc = doc};
  return arg;
}

/* Strings are given with a quote in front, 'text, digits beyond int64 with #. */
static inline gf_arg script_value(const gf_allocator *alloc, const char *text, bool *failed) {
  if (text && text[0] == '\'') return (gf_arg){.kind = GF_ARG_STRING, .string = script_z(text + 1)};
  if (text && text[0] == '#') return (gf_arg){.kind = GF_ARG_NUMBER, .string = script_z(text + 1)};
  return script_arg(alloc, text, failed);
}

static inline void script_args_free(script_args *args) {
  for (size_t i = 0; i < args->n_args; i++)
    if (args->args[i].kind == GF_ARG_DOC) gf_doc_release(args->args[i].doc);
  for (size_t i = 0; i < args->n_options; i++)
    if (args->options[i].value.kind == GF_ARG_DOC) gf_doc_release(args->options[i].value.doc);
  *args = (script_args){.n_args = 0};
}

/* What differs between two ways of calling the same operation. */
typedef enum script_variant {
  SCRIPT_NUMBERS,
  SCRIPT_TEXTS,
  SCRIPT_WITH_OPTIONS,
  SCRIPT_VARIANTS
} script_variant;

#define SCRIPT_DATA                                                                                          \
  "{\"id\":7,\"uid\":\"u1\",\"name\":\"n\",\"title\":\"t\",\"type\":\"prometheus\",\"access\":\"proxy\","    \
  "\"login\":\"ann\",\"email\":\"ann@example.org\",\"password\":\"new-password\",\"items\":[],"              \
  "\"userId\":6,\"permission\":\"Query\","                                                                   \
  "\"parentUid\":\"u2\",\"secureJsonData\":{\"a\":\"b\",\"c\":null}}"

/* What may be done, by whom; and the same as a server takes it. */
#define SCRIPT_NAMED                                                                                         \
  "\"teams\":{\"Ops\":\"Edit\",\"Nobody\":\"View\"},"                                                        \
  "\"users\":{\"ANN\":\"View\",\"ann@example.org\":\"Admin\",\"ghost\":4}}"
#define SCRIPT_GRANTS "{\"roles\":{\"Viewer\":\"View\",\"Editor\":1}," SCRIPT_NAMED
#define SCRIPT_ITEMS                                                                                         \
  "[{\"role\":\"Viewer\",\"permission\":1},{\"teamId\":4,\"permission\":2},{\"userId\":5,\"permission\":4}," \
  "{\"userId\":9,\"permission\":1}]"

/* A plausible value for a parameter. */
static inline const char *script_plausible(const gf_param *param, script_variant variant) {
  bool texts = variant == SCRIPT_TEXTS;
  switch (param->type) {
  case GF_T_STRING: return strcmp(param->name, "uid") == 0 ? "'u1" : "'ann";
  case GF_T_INT: return "3";
  case GF_T_BOOL: return "true";
  case GF_T_ORG: return texts ? "own" : "2";
  case GF_T_ID:
    return !texts                             ? strcmp(param->name, "user") == 0 ? "5" : "7"
           : strcmp(param->name, "user") == 0 ? "'ann"
                                              : "'u1";
  case GF_T_OBJECT:
    if (strcmp(param->name, "grants") == 0)
      return variant == SCRIPT_WITH_OPTIONS ? SCRIPT_GRANTS : "{" SCRIPT_NAMED;
    return param->where == GF_IN_QUERY ? "{\"type\":\"dash-db\",\"tag\":[\"a\",\"b\"],\"limit\":7}"
                                       : SCRIPT_DATA;
  case GF_T_LIST: return strcmp(param->name, "items") == 0 && texts ? SCRIPT_ITEMS : "[]";
  case GF_T_STRINGS: return texts ? "'prod" : "[\"prod\",\"cpu\"]";
  case GF_T_ROLE: return "'Viewer";
  case GF_T_BODY: return texts ? "'a: text" : "{\"title\":\"t\",\"tags\":[]}";
  case GF_T_STRING_OR_NULL: return texts ? "'u2" : "null";
  case GF_T_FUNCTION: break; /* no operation's own */
  }
  return "";
}

/* Where the arguments say which request is meant: one of each kind. */
static inline const char *script_plausible_for(const gf_op *op, size_t i, script_variant variant) {
  static const char *const calls[SCRIPT_VARIANTS][2] = {
      {"'updateDataSourceByUID", "{\"uid\":\"u1\",\"name\":\"n\",\"secureJsonData\":{\"a\":\"b\"}}"},
      {"'search", "{\"tag\":[\"a\",\"b\"],\"limit\":7,\"starred\":true,\"query\":\"\"}"},
      {"'datasourceProxyPOSTByUIDcalls",
       "{\"uid\":\"u1\",\"datasource_proxy_route\":\"api/v1\",\"body\":[1]}"}};
  static const char *const requests[SCRIPT_VARIANTS][2] = {
      {"'DELETE", "'/api/orgs/2"}, {"'GET", "'/api/org"}, {"'POST", "'/api/dashboards/db"}};
  if (strcmp(op->name, "call") == 0) return calls[variant][i];
  if (strcmp(op->name, "request") == 0) return requests[variant][i];
  return script_plausible(&op->params[i], variant);
}

static inline void script_add_option(script_args *args, const gf_allocator *alloc, const char *name,
                                     const char *value) {
  args->options[args->n_options].name = script_z(name);
  args->options[args->n_options++].value = script_value(alloc, value, &args->failed);
}

#define SCRIPT_DEADLINE 3600000
#define SCRIPT_TEXT(number) SCRIPT_TEXT_OF(number)
#define SCRIPT_TEXT_OF(number) #number

/* Arguments for `op`, made from its row. */
static inline script_args script_args_for(const gf_op *op, const gf_allocator *alloc,
                                          script_variant variant) {
  script_args args = {.n_args = 0};
  for (size_t i = 0; i < GF_MAX_PARAMS && op->params[i].name; i++)
    args.args[args.n_args++] = script_value(alloc, script_plausible_for(op, i, variant), &args.failed);
  if (variant != SCRIPT_WITH_OPTIONS) return args;
  for (size_t i = 0; i < GF_MAX_OPTIONS && op->options[i].name; i++)
    script_add_option(&args, alloc, op->options[i].name, script_plausible(&op->options[i], SCRIPT_NUMBERS));
  script_add_option(&args, alloc, "headers", "{\"X-Own\":\"1\",\"x-more\":\"2\"}");
  script_add_option(&args, alloc, "deadline", SCRIPT_TEXT(SCRIPT_DEADLINE));
  return args;
}

static inline gf_call *script_call_args(script *s, const gf_op *op, const script_args *args,
                                        gf_error *error) {
  return gf_call_new(s->client, op, args->args, args->n_args, args->options, args->n_options, error);
}

/* A call of an operation with arguments as script_value takes them; options follow a "/" as pairs of name and
 * value; NULL ends. */
static inline gf_call *script_try_call(script *s, gf_error *error, const char *name, va_list list) {
  gf_allocator alloc = gf_default_allocator();
  script_args args = {.n_args = 0};
  const char *text = va_arg(list, const char *);
  for (; text && strcmp(text, "/") != 0; text = va_arg(list, const char *))
    args.args[args.n_args++] = script_value(&alloc, text, &args.failed);
  if (text)
    while ((text = va_arg(list, const char *)) != NULL)
      script_add_option(&args, &alloc, text, va_arg(list, const char *));
  CHECK(!args.failed);
  gf_call *call = script_call_args(s, gf_op_find(name), &args, error);
  script_args_free(&args);
  return call;
}

static inline gf_call *script_call(script *s, const char *name, ...) {
  gf_error error = {{0}};
  va_list list;
  va_start(list, name);
  gf_call *call = script_try_call(s, &error, name, list);
  va_end(list);
  if (!CHECK(call != NULL)) {
    puts(error.message);
    abort();
  }
  return call;
}

/* The error of a call that cannot be made. */
static inline void script_refused(script *s, gf_error *error, const char *name, ...) {
  va_list list;
  *error = (gf_error){{0}};
  va_start(list, name);
  gf_call *call = script_try_call(s, error, name, list);
  va_end(list);
  CHECK(call == NULL);
  CHECK(error->message[0] != 0);
  gf_call_release(call);
}

/* --------------------------------------------------------------------------------------------- results -- */

static inline void script_add(char *out, size_t size, const char *text) {
  size_t n = strlen(out);
  snprintf(out + n, size - n, "%s", text);
}

static inline void script_add_value(char *out, size_t size, gf_value v) {
  gf_allocator alloc = gf_default_allocator();
  size_t n;
  char *text = gf_value_text(&alloc, v, false, &n);
  script_add(out, size, text ? text : "?");
  alloc.resize(alloc.ctx, text, 0);
}

static inline void script_add_field(char *out, size_t size, const gf_field *field) {
  script_add(out, size, " ");
  script_add(out, size, field->name);
  script_add(out, size, "=");
  switch (field->kind) {
  case GF_F_BOOL: script_add(out, size, field->boolean ? "true" : "false"); break;
  case GF_F_INT: break;
  case GF_F_TEXT: script_add(out, size, field->text.p ? field->text.p : ""); break;
  case GF_F_VALUE: script_add_value(out, size, field->value); break;
  case GF_F_LIST:
    for (size_t i = 0; i < field->n_items; i++) {
      script_add(out, size, i ? "," : "");
      script_add_value(out, size, field->items[i]);
    }
  }
}

/* "ok org={…}", "error cut uncertain: the connection broke …": all that a result says, but attempts and code. */
static inline const char *script_tell(const gf_result *r, char *out, size_t size) {
  snprintf(out, size, "%s%s%s", gf_status_name(r->status), r->reason ? " " : "",
           r->reason ? gf_reason_name(r->reason) : "");
  if (r->uncertain) script_add(out, size, " uncertain");
  if (*r->message) script_add(out, size, ": ");
  script_add(out, size, r->message);
  for (size_t i = 0; i < r->n_fields; i++)
    script_add_field(out, size, &r->fields[i]);
  return out;
}

/* "ok", "error cut", "error timeout uncertain" */
static inline const char *script_brief(const gf_result *r, char out[96]) {
  snprintf(out, 96, "%s%s%s%s", gf_status_name(r->status), r->reason ? " " : "",
           r->reason ? gf_reason_name(r->reason) : "", r->uncertain ? " uncertain" : "");
  return out;
}
#define CHECK_RESULT(r, want)                                                                                \
  do {                                                                                                       \
    char brief_[96];                                                                                         \
    const gf_result *r_ = (r);                                                                               \
    if (CHECK(r_ != NULL)) CHECK_STR(script_brief(r_, brief_), (want));                                      \
  } while (0)

/* What holds for every result. */
static inline bool script_is_sound(const gf_result *r) {
  return r && r->status <= GF_ERROR && gf_status_name(r->status) && r->reason <= GF_SERVER_ERROR &&
         r->message && (r->status == GF_OK) == (r->message[0] == 0) &&
         (r->status != GF_OK || (!r->reason && !r->uncertain)) && strlen(r->message) < 512 &&
         r->attempts >= 0;
}

#endif
