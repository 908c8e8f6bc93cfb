/* SPDX-License-Identifier: MIT
 *
 * Scripted servers on which operations go their longer ways: what they ask is refused, vague, or not there. */
#ifndef SCRIPT_SERVERS_H
#define SCRIPT_SERVERS_H

#include "script.h"

/* Reads find what is there, writes meet `answer`. */
static inline script_answer script_writes_meet(script *s, const gf_request *request, const char *path,
                                               script_answer answer) {
  return strcmp(request->method, "GET") == 0 ? script_grafana(s, request, path) : answer;
}

static inline script_answer script_conflict(script *s, const gf_request *request, const char *path) {
  return script_writes_meet(
      s, request, path,
      (script_answer){
          .code = 412,
          .type = "application/json",
          .body = "{\"message\":\"same name, or changed by someone else\",\"status\":\"name-exists\"}"});
}

static inline script_answer script_vague(script *s, const gf_request *request, const char *path) {
  return script_writes_meet(s, request, path, script_json(500, "{\"message\":\"Failed to do it\"}"));
}

/* A server before Grafana 12. */
static inline script_answer script_without_pages(script *s, const gf_request *request, const char *path) {
  if (script_like(path, "/apis/*")) return script_json(404, "{\"message\":\"Not found\"}");
  return script_grafana(s, request, path);
}

/* Reads are script_vague too. */
static inline script_answer script_nothing_there(script *s, const gf_request *request, const char *path) {
  (void)s;
  (void)request;
  if (strchr(path, '?')) return script_json(200, "[]");
  return script_json(404, "{\"message\":\"it is not found\"}");
}

static inline script_answer script_old_server(script *s, const gf_request *request, const char *path) {
  if (script_like(path, "/api/datasources/7*")) return script_json(404, "{\"message\":\"Not found\"}");
  if (script_like(path, "/api/dashboards/id/*")) return script_json(404, "{\"message\":\"Not found\"}");
  if (script_like(path, "/api/folders/*")) return script_json(200, "{\"uid\":\"u1\",\"parentUid\":\"\"}");
  return script_grafana(s, request, path);
}

static inline script_answer script_without_first(script *s, const gf_request *request, const char *path) {
  bool first = script_like(path, "/api/datasources/*permissions*");
  return first ? script_json(404, "{\"message\":\"Not found\"}") : script_grafana(s, request, path);
}

static inline script_answer script_without_second(script *s, const gf_request *request, const char *path) {
  bool second = script_like(path, "/api/access-control/*");
  return second ? script_json(404, "{\"message\":\"Not found\"}") : script_grafana(s, request, path);
}

/* Teams have no uids and stand on the second page; the members of the organisation are not told. */
static inline script_answer script_by_name(script *s, const gf_request *request, const char *path) {
  if (script_like(path, "/api/teams/search?name=u1*page=1"))
    return script_json(200, "{\"totalCount\":2,\"teams\":[{\"id\":6,\"name\":\"other\"}]}");
  if (script_like(path, "/api/teams/search?name=u1*page=2"))
    return script_json(200, "{\"totalCount\":2,\"teams\":[{\"id\":7,\"name\":\"u1\"}]}");
  if (script_like(path, "/api/teams/u1")) return script_json(404, "{\"message\":\"Not found\"}");
  if (script_like(path, "/api/org/users") && strcmp(request->method, "GET") == 0)
    return script_json(403, "{\"message\":\"You'll need additional permissions\"}");
  return script_grafana(s, request, path);
}

/* Members are not to be seen, and service accounts are not there. */
static inline script_answer script_discreet(script *s, const gf_request *request, const char *path) {
  if (script_like(path, "/api/org/users")) return script_json(403, "{\"message\":\"no\"}");
  if (script_like(path, "/api/serviceaccounts/*"))
    return script_json(404, "{\"message\":\"it is not found\"}");
  return script_vague(s, request, path);
}

/* Nobody who is named is known, in an organisation that is not there. */
static inline script_answer script_strangers(script *s, const gf_request *request, const char *path) {
  if (script_like(path, "/api/teams/search*")) return script_json(200, "{\"totalCount\":0,\"teams\":[]}");
  if (script_like(path, "/api/org/users*")) return script_json(200, "[]");
  if (script_like(path, "/api/serviceaccounts/*") || script_like(path, "/api/orgs/*"))
    return script_json(404, "{\"message\":\"it is not found\"}");
  return script_vague(s, request, path);
}

#endif
