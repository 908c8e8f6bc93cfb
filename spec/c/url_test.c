/* SPDX-License-Identifier: MIT
 *
 * URLs: which a client takes, what is asked for, and where redirects lead. */
#include "script.h"

static gf_client *connect_to(const char *url, size_t n, gf_error *error) {
  gf_config config;
  gf_config_init(&config);
  config.url = (gf_str){url, n};
  return gf_client_new(&config, error);
}

/* The URL of the first request of `name`; in static space. */
static const char *first_url(const char *url, const char *name, const char *a, const char *b) {
  static char out[20000];
  script s;
  gf_config config;
  const gf_request *request;
  int64_t wake;
  script_config(&config);
  config.url = script_z(url);
  script_open(&s, NULL, &config, script_grafana);
  gf_call *call = script_call(&s, name, a, b, NULL);
  if (CHECK(gf_call_next(call, 0, &request, &wake) == GF_SEND)) snprintf(out, sizeof out, "%s", request->url);
  gf_call_release(call);
  script_close(&s);
  return out;
}

static void sub_paths_are_kept(void) {
  static const char *const cases[][2] = {
      {"http://h", "http://h/api/org"},
      {"http://h/", "http://h/api/org"},
      {"http://h///", "http://h/api/org"},
      {"http://h:3000/grafana", "http://h:3000/grafana/api/org"},
      {"https://h/a/b/", "https://h/a/b/api/org"},
      {"HTTP://Example.ORG:3000/Grafana/", "http://example.org:3000/Grafana/api/org"},
      {"hTTps://[::1]:3000/x", "https://[::1]:3000/x/api/org"},
      {"http://[FE80::1]", "http://[fe80::1]/api/org"},
      {"http://127.0.0.1", "http://127.0.0.1/api/org"},
      {"http://h/a%20b", "http://h/a%20b/api/org"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    CHECK_STR(first_url(cases[i][0], "get_current_org", NULL, NULL), cases[i][1]);
}

static void bad_urls_are_refused(void) {
  static const char *const urls[] = {
      "",
      "h",
      "//h",
      "/api",
      "ftp://h",
      "http:/h",
      "http:h",
      "http://",
      "http:///x",
      "http://:3000",
      "https://?x",
      "file:///etc/passwd",
      "http://u:p@h",
      "http://u@h/",
      "https://@h",
      "http://h/?a=b",
      "http://h#x",
      "http://h/a b",
      "http://h\r\nX: y",
      "http://h\n",
      " http://h",
      "http://h\t",
      "http://h\\@x",
      "http://h/\"x",
      "http://h/<x>",
      "javascript://h",
      "http//h",
  };
  for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
    gf_error error = {{0}};
    gf_client *client = connect_to(urls[i], strlen(urls[i]), &error);
    if (!CHECK(client == NULL)) printf("  taken: %s\n", urls[i]);
    CHECK(strstr(error.message, "url") != NULL);
    CHECK(strstr(error.message, "u:p") == NULL);
    gf_client_release(client);
  }
  gf_error error = {{0}};
  CHECK(connect_to("http://h\0evil", 13, &error) == NULL);
}

static void odd_names_are_encoded(void) {
  static const char *const cases[][2] = {
      {"'a/b?c#d%", "a%2Fb%3Fc%23d%25"},
      {"'Z\xc3\xbcrich & S\xc3\xb6hne", "Z%C3%BCrich%20%26%20S%C3%B6hne"},
      {"'.", "%2E"},
      {"'..", "%2E%2E"},
      {"'...", "..."},
      {"'../x", "..%2Fx"},
      {"'~-_.aZ9", "~-_.aZ9"},
      {"'+=;,@:$!*'()", "%2B%3D%3B%2C%40%3A%24%21%2A%27%28%29"},
      {"'{id}", "%7Bid%7D"},
      {"'\x7f\x01", "%7F%01"},
      {"'\\", "%5C"},
      {"'\xf0\x9f\x98\x80", "%F0%9F%98%80"},
  };
  char want[200];
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    snprintf(want, sizeof want, SCRIPT_BASE "/api/orgs/name/%s", cases[i][1]);
    CHECK_STR(first_url(SCRIPT_BASE, "get_org", cases[i][0], NULL), want);
    snprintf(want, sizeof want, SCRIPT_BASE "/api/users/lookup?loginOrEmail=%s", cases[i][1]);
    const char *url = first_url(SCRIPT_BASE, "get_user", cases[i][0], NULL);
    if (cases[i][0][1] != '.') CHECK_STR(url, want);
  }
}

static void zero_bytes_are_encoded(void) {
  script s;
  gf_error error;
  const gf_request *request;
  int64_t wake;
  const gf_arg arg = {.kind = GF_ARG_STRING, .string = {"a\0b", 3}};
  script_open(&s, NULL, NULL, script_grafana);
  gf_call *call = gf_call_new(s.client, gf_op_find("get_org"), &arg, 1, NULL, 0, &error);
  CHECK(call && gf_call_next(call, 0, &request, &wake) == GF_SEND);
  CHECK_STR(request->url, SCRIPT_BASE "/api/orgs/name/a%00b");
  gf_call_release(call);
  script_close(&s);
}

static void long_names_pass(void) {
  char *name = malloc(10002);
  memset(name, 'x', 10001);
  name[0] = '\'';
  name[10001] = 0;
  CHECK_INT(strlen(first_url(SCRIPT_BASE, "get_org", name, NULL)),
            strlen(SCRIPT_BASE "/api/orgs/name/") + 10000);
  free(name);
}

static void numbers_go_as_they_are(void) {
  CHECK_STR(first_url(SCRIPT_BASE, "get_org", "9223372036854775807", NULL),
            SCRIPT_BASE "/api/orgs/9223372036854775807");
  script s;
  gf_error error;
  const gf_request *request;
  int64_t wake;
  const gf_arg big = {.kind = GF_ARG_NUMBER, .string = script_z("18446744073709551616")};
  script_open(&s, NULL, NULL, script_grafana);
  gf_call *call = gf_call_new(s.client, gf_op_find("get_org"), &big, 1, NULL, 0, &error);
  CHECK(call && gf_call_next(call, 0, &request, &wake) == GF_SEND);
  CHECK_STR(request->url, SCRIPT_BASE "/api/orgs/18446744073709551616");
  gf_call_release(call);
  script_close(&s);
}

static void queries_are_built(void) {
  static const char *const cases[][3] = {
      {"tag", "[\"a b\",\"c&d\",\"\\u00fc\"]", "tag=a%20b&tag=c%26d&tag=%C3%BC"},
      {"tag", "'one", "tag=one"},
      {"query", "'x=y", "query=x%3Dy"},
      {"starred", "true", "starred=true"},
      {"starred", "false", "starred=false"},
      {"query", "'", "query="},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    script s;
    char want[300];
    const gf_request *request;
    int64_t wake;
    script_open(&s, NULL, NULL, script_grafana);
    gf_call *call = script_call(&s, "search", "2", "/", cases[i][0], cases[i][1], NULL);
    CHECK(gf_call_next(call, 0, &request, &wake) == GF_SEND);
    snprintf(want, sizeof want, SCRIPT_BASE "/api/search?%s&limit=1000&page=1", cases[i][2]);
    CHECK_STR(request->url, want);
    gf_call_release(call);
    script_close(&s);
  }
}

/* ------------------------------------------------------------------------------------------- redirects -- */

typedef struct moved {
  const char *location;
  int code, times;
} moved;

static script_answer move(script *s, const gf_request *request, const char *path) {
  moved *m = (moved *)s->ctx;
  if (m->times-- <= 0) return script_grafana(s, request, "/api/org");
  (void)path;
  return (script_answer){
      .code = m->code, .type = "text/html", .body = "<a>", .name = "Location", .value = m->location};
}

/* Where a GET goes after an answer that says `location`; NULL: nowhere. */
static const char *follow(const char *location, int code, const char *operation) {
  static char out[4096];
  moved m = {location, code, 1};
  script s;
  script_open(&s, NULL, NULL, move);
  s.ctx = &m;
  gf_call *call = script_call(&s, operation, strcmp(operation, "create_org") == 0 ? "'Acme" : NULL, NULL);
  const gf_result *r = script_run(&s, call);
  bool followed = s.requests > 1;
  if (followed)
    CHECK(r->status == GF_OK && r->attempts == 1);
  else
    CHECK_RESULT(r, "error redirect");
  const char *second = strchr(s.log, '\n') + 1;
  snprintf(out, sizeof out, "%.*s", (int)strcspn(second, "\n"), second);
  gf_call_release(call);
  script_close(&s);
  return followed ? out + strlen("GET ") : NULL;
}

static void redirects_lead_within_the_origin(void) {
  static const char *const cases[][2] = {
      {"/sub/api/x", "/api/x"},
      {"/elsewhere?a=b&c=d", "http://grafana.test/elsewhere?a=b&c=d"},
      {"http://grafana.test/sub/y", "/y"},
      {"HTTP://GRAFANA.Test/sub/y", "HTTP://GRAFANA.Test/sub/y"},
      {"other", "/api/other"},
      {"/login?to=http://evil.test/", "http://grafana.test/login?to=http://evil.test/"},
      {"https://grafana.test/sub/y", NULL},
      {"http://grafana.test:81/sub/y", NULL},
      {"http://grafana.test.evil/sub", NULL},
      {"http://grafana.testevil/", NULL},
      {"http://evil.test/sub", NULL},
      {"http://grafana.test@evil.test/", NULL},
      {"http://u:p@grafana.test/", NULL},
      {"http:/sub/x", NULL},
      {"http:x", NULL},
      {"javascript:alert(1)", NULL},
      {"//evil.test/x", NULL},
      {"/\\evil.test", NULL},
      {"\\\\evil.test", NULL},
      {"/a b", NULL},
      {"/a\r\nX-Evil: 1", NULL},
      {"/a\x01", NULL},
      {"/a\x7f", NULL},
      {"", NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *went = follow(cases[i][0], 302, "get_current_org");
    if (!CHECK_STR(went, cases[i][1])) printf("  Location: %s\n", cases[i][0]);
  }
}

static void every_code_of_redirection_is_followed(void) {
  static const int codes[] = {301, 302, 303, 307, 308};
  for (size_t i = 0; i < 5; i++)
    CHECK_STR(follow("/sub/x", codes[i], "get_current_org"), "/x");
  CHECK_STR(follow("/sub/x", 300, "get_current_org"), NULL);
}

static void writes_follow_no_redirect(void) {
  static const int codes[] = {301, 302, 303, 307, 308};
  for (size_t i = 0; i < 5; i++)
    CHECK_STR(follow("/sub/x", codes[i], "create_org"), NULL);
}

static void redirects_in_circles_end(void) {
  moved m = {"/sub/api/org", 302, 1000};
  script s;
  script_open(&s, NULL, NULL, move);
  s.ctx = &m;
  gf_call *call = script_call(&s, "get_current_org", NULL);
  CHECK_RESULT(script_run(&s, call), "error redirect");
  CHECK_INT(s.requests, 6);
  gf_call_release(call);
  script_close(&s);
}

static void a_client_says_where_it_goes(void) {
  gf_error error;
  gf_client *client = connect_to("HTTP://Host/Sub//", 17, &error);
  CHECK_STR(gf_client_url(client), "http://host/Sub");
  CHECK_STR(gf_client_auth(client), "anonymous");
  gf_client_release(client);
}

int main(int argc, char **argv) {
  static const test_rule rules[] = {
      {"sub-paths are kept, slashes and case put right", sub_paths_are_kept},
      {"bad URLs and credentials inside are refused", bad_urls_are_refused},
      {"odd names are encoded in paths and queries", odd_names_are_encoded},
      {"zero bytes are encoded", zero_bytes_are_encoded},
      {"names of 10 kB pass", long_names_pass},
      {"numbers go as they are", numbers_go_as_they_are},
      {"queries are built, lists repeated", queries_are_built},
      {"redirects lead within the origin", redirects_lead_within_the_origin},
      {"every code of redirection is followed", every_code_of_redirection_is_followed},
      {"writes follow no redirect", writes_follow_no_redirect},
      {"redirects in circles end", redirects_in_circles_end},
      {"a client says where it goes", a_client_says_where_it_goes},
  };
  return TEST_RUN(rules, argc, argv);
}
