/* SPDX-License-Identifier: MIT
 *
 * gf_op_parts.h: probes, rules and sentences that recur in how operations are done (gf_op_<area>.c). Macros, for they are
 * parts of constant initialisers.
 */
#ifndef GF_OP_PARTS_H
#define GF_OP_PARTS_H

#include "gf_internal.h"
#include "gf_op_rules.h"

/* clang-format off */

#define NO_USER "there is no user {user}"
#define NO_MEMBER "the user {user} is no member of the organisation"
#define NO_ORG GF_NO_ORG
#define NO_DATASOURCE "there is no data source {id}"

/* After a bare 500. */
#define VAGUE .when = GF_ON_STATUS, .status = GF_ERROR, .only_reason = GF_SERVER_ERROR
/* After a status that may come of a missing organisation: is it there? */
#define ORG_EXISTS(...)                                                                                              \
  {.when = GF_ON_STATUS, .status = __VA_ARGS__, .unless_own = true, .get = "/api/orgs/{org}", .missing = GF_NOT_FOUND, \
   .missing_reason = GF_ORG_NOT_FOUND, .say = NO_ORG}
/* The id for a login or an email. */
#define USER_ID                                                                                                        \
  {.when = GF_BEFORE, .only_text = "user", .get = "/api/users/lookup?loginOrEmail={user}", .pointer = "/id",           \
   .var = "user", .missing = GF_NOT_FOUND, .say = NO_USER}
/* 500 for a user that does not exist. */
#define USER_EXISTS                                                                                                    \
  {.when = GF_ON_STATUS, .status = GF_ERROR, .only_reason = GF_SERVER_ERROR, .get = "/api/users/{user}",               \
   .missing = GF_NOT_FOUND, .say = NO_USER}
/* Who of the members is meant. */
#define MEMBER_ID                                                                                                      \
  .get = "/api/orgs/{org}/users", .own_get = "/api/org/users", .find = "user", .by = "userId login email",             \
  .pointer = "/userId", .var = "user", .missing = GF_USER_NOT_FOUND, .say = NO_MEMBER
/* The id of the organisation that has the name. */
#define ORG_OF_NAME                                                                                                    \
  {.when = GF_ON_STATUS, .status = GF_ALREADY_EXISTS, .get = "/api/orgs/name/{name}", .pointer = "/id", .key = "id"}
/* The user that has a login or an email, and is not the one meant. */
#define USER_OF(what)                                                                                                  \
  {.when = GF_ON_STATUS, .status = GF_ALREADY_EXISTS, .get = "/api/users/lookup?loginOrEmail={" what "}",              \
   .pointer = "/id", .key = "id", .is_other = true, .other_than = "user"}
#define OTHER_USER_HAS(what)                                                                                           \
  {.when = GF_ON_STATUS, .status = GF_ERROR, .only_reason = GF_SERVER_ERROR,                                           \
   .get = "/api/users/lookup?loginOrEmail={" what "}", .pointer = "/id", .key = "id", .is_other = true,                \
   .other_than = "user", .found = GF_ALREADY_EXISTS, .say = "another user has the " what " {" what "}"}
/* 400 for a number that no data source can have: 0, below, beyond int64. */
#define NO_SUCH_NUMBER                                                                                                 \
  {400, "id is invalid", GF_NOT_FOUND, GF_REASON_NONE, NO_DATASOURCE},                                                 \
  {400, "datasource id", GF_NOT_FOUND, GF_REASON_NONE, NO_DATASOURCE}
/* The uid of a data source, for its id: it is in the list. */
#define UID_IN_LIST                                                                                                    \
  .only_number = "id", .in_org = true, .get = "/api/datasources", .find = "id", .by = "id", .pointer = "/uid",         \
  .var = "id", .missing = GF_NOT_FOUND, .say = NO_DATASOURCE
/* On a server without numeric routes for data sources; two probes, for the second such call knows it. */
#define UID_OF_NUMBER                                                                                                  \
  {.when = GF_BEFORE, .fact = GF_NO_NUMERIC_DATASOURCES, UID_IN_LIST, .restart = "/api/datasources/uid/{id}"},         \
  {.when = GF_ON_STATUS, .status = GF_ERROR, .only_reason = GF_UNSUPPORTED, .fact = GF_NO_NUMERIC_DATASOURCES,         \
   UID_IN_LIST, .restart = "/api/datasources/uid/{id}"}

/* A vague answer about a data source: is there one? */
#define DATASOURCE_EXISTS(after)                                                                                       \
  {.when = GF_ON_STATUS, .status = GF_ERROR, .only_reason = after, .in_org = true,                                     \
   .get = "/api/datasources/uid/{id}", .missing = GF_NOT_FOUND, .say = NO_DATASOURCE}

/* How teams are paged. */
#define TEAM_PAGES .list = "/teams", .size_param = "perpage", .first = 1, .total = "/totalCount", .identity = "id"

#define NAME_TAKEN {400, "name taken", GF_ALREADY_EXISTS, GF_NAME_EXISTS, "another organisation has the name {name}"}
#define USER_TAKEN {412, NULL, GF_ALREADY_EXISTS, GF_REASON_NONE, NULL}

/* clang-format on */

#endif
