/* SPDX-License-Identifier: MIT
 *
 * The texts of statuses and reasons, as API.md lists them. */
#include "grafana.h"

const char *gf_status_name(gf_status status) {
  static const char *const names[] = {
      [GF_OK] = "ok",
      [GF_ACCESS_DENIED] = "access-denied",
      [GF_NOT_FOUND] = "not-found",
      [GF_ALREADY_EXISTS] = "already-exists",
      [GF_USER_NOT_FOUND] = "user-not-found",
      [GF_ROLE_NOT_FOUND] = "role-not-found",
      [GF_INVALID_DATA] = "invalid-data",
      [GF_MISSING_DATA] = "missing-mandatory-data",
      [GF_UNKNOWN_HOST] = "unknown-host",
      [GF_CONNECTION_REFUSED] = "connection-refused",
      [GF_ERROR] = "error",
  };
  return names[status];
}

const char *gf_reason_name(gf_reason reason) {
  static const char *const names[] = {
      [GF_REASON_NONE] = NULL,
      [GF_TIMEOUT] = "timeout",
      [GF_DEADLINE] = "deadline",
      [GF_TLS] = "tls",
      [GF_CUT] = "cut",
      [GF_INVALID_JSON] = "invalid-json",
      [GF_NOT_GRAFANA] = "not-grafana",
      [GF_TOO_LARGE] = "too-large",
      [GF_REDIRECT] = "redirect",
      [GF_RATE_LIMITED] = "rate-limited",
      [GF_UNAVAILABLE] = "unavailable",
      [GF_BAD_CREDENTIALS] = "bad-credentials",
      [GF_FORBIDDEN] = "forbidden",
      [GF_ORG_NOT_FOUND] = "org-not-found",
      [GF_FOLDER_NOT_FOUND] = "folder-not-found",
      [GF_VERSION_MISMATCH] = "version-mismatch",
      [GF_NAME_EXISTS] = "name-exists",
      [GF_UID_EXISTS] = "uid-exists",
      [GF_UNSUPPORTED] = "unsupported",
      [GF_CANCELLED] = "cancelled",
      [GF_CLOSED] = "closed",
      [GF_SERVER_ERROR] = "server-error",
  };
  return names[reason];
}

#ifndef GF_BUILD_STAMP
#define GF_BUILD_STAMP GF_VERSION " " __DATE__ " " __TIME__
#endif
const char *gf_stamp(void) { return GF_BUILD_STAMP; }
