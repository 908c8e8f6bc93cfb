/* SPDX-License-Identifier: MIT
 *
 * The operations: one table, a row each, sorted by name. How to read a row: gf_rules.h; how to add one: CONTRIBUTING.md.
 * Lua methods, argument checks, help, the reference page and the editors' annotations are all made from it.
 *
 * `see` names the steps of spec/recordings/ that show what 9.3.2 and 12.4.3 answer.
 */
#include "gf_internal.h"

/* Rows are laid out to be read. */
/* clang-format off */

/* ------------------------------------------------------------------------------------- arguments that recur -- */

#define ORG {.name = "org", .type = GF_T_ORG, .where = GF_IN_PATH, .text = "id of the organisation, or grafana.own"}
#define USER {.name = "user", .type = GF_T_ID, .where = GF_IN_PATH, .text = "id (a number), or login or email (a string)"}
#define UID {.name = "uid", .type = GF_T_STRING, .where = GF_IN_PATH, .text = "uid of the dashboard"}
#define DATASOURCE {.name = "id", .type = GF_T_ID, .where = GF_IN_PATH, .text = "id (a number) or uid (a string) of the data source"}
#define LOGIN {.name = "login", .type = GF_T_STRING, .where = GF_IN_BODY, .wire = "loginOrEmail", .text = "login or email of the user"}
#define ROLE {.name = "role", .type = GF_T_ROLE, .where = GF_IN_BODY, .text = "\"Viewer\", \"Editor\" or \"Admin\", or {role = …}"}
#define NAME(what) {.name = "name", .type = GF_T_STRING, .where = GF_IN_BODY, .text = what}
#define ROWS {.name = "rows", .type = GF_T_BOOL, .text = "list the rows themselves too"}
#define USER_QUERY {.name = "query", .type = GF_T_STRING, .may_be_empty = true, .text = "only users whose login, email or name contains this"}

/* Where Grafana expects lists in a dashboard, and in a data source. */
#define DASHBOARD_LISTS                                                                                                \
  "tags panels links list list.options list.tags targets transformations overrides overrides.properties mappings "    \
  "steps calcs rows"
#define DATASOURCE_LISTS "jsonData.tracesToLogs.tags jsonData.derivedFields jsonData.exemplarTraceIdDestinations"

#define PANEL_ROWS "rows {id, title, type, ds_url, ds_id, dashboard_title}"

/* ------------------------------------------------------------------------------------- probes that recur -- */

#define NO_USER "there is no user {user}"
#define NO_MEMBER "the user {user} is no member of the organisation"
#define NO_ORG "there is no organisation with the id {org}"
#define NO_DATASOURCE "there is no data source {id}"

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
/* A server without numeric routes for data sources: the uid is in the list. */
#define UID_OF_NUMBER                                                                                                  \
  {.when = GF_ON_STATUS, .status = GF_ERROR, .only_reason = GF_UNSUPPORTED, .only_number = "id", .in_org = true,       \
   .get = "/api/datasources", .find = "id", .by = "id", .pointer = "/uid", .var = "id", .missing = GF_NOT_FOUND,       \
   .say = NO_DATASOURCE, .restart = "/api/datasources/uid/{id}"}

/* A vague answer about a data source: is there one? */
#define DATASOURCE_EXISTS(after)                                                                                       \
  {.when = GF_ON_STATUS, .status = GF_ERROR, .only_reason = after, .in_org = true,                                     \
   .get = "/api/datasources/uid/{id}", .missing = GF_NOT_FOUND, .say = NO_DATASOURCE}

#define NAME_TAKEN {400, "name taken", GF_ALREADY_EXISTS, GF_NAME_EXISTS, "another organisation has the name {name}"}
#define USER_TAKEN {412, NULL, GF_ALREADY_EXISTS, GF_REASON_NONE, NULL}

/* ------------------------------------------------------------------------------------------------- how each is done -- */

static const gf_op_rule add_org_user = {
    .own_path = "/api/org/users",
    .picks = {{"id", "/userId"}},
    .rules = {{404, "user", GF_USER_NOT_FOUND, GF_REASON_NONE, "there is no user {login}"},
              {400, "bad request", GF_ROLE_NOT_FOUND, GF_REASON_NONE, "there is no role {role}"},
              {409, NULL, GF_ALREADY_EXISTS, GF_REASON_NONE, "the user {login} is a member already"}},
    .probes = {ORG_EXISTS(GF_ERROR, .only_reason = GF_SERVER_ERROR), ORG_EXISTS(GF_ACCESS_DENIED)},
};

static const gf_op_rule update_org_user = {
    .own_path = "/api/org/users/{user}",
    .idempotent = true,
    .rules = {{400, "bad request", GF_INVALID_DATA, GF_REASON_NONE, "there is no role {role}"}},
    .probes = {{.when = GF_BEFORE, .only_text = "user", MEMBER_ID},
               {.when = GF_ON_STATUS, .status = GF_ERROR, .only_reason = GF_SERVER_ERROR, MEMBER_ID},
               ORG_EXISTS(GF_USER_NOT_FOUND),
               ORG_EXISTS(GF_ACCESS_DENIED)},
};

static const gf_op_rule delete_org_user = {
    .own_path = "/api/org/users/{user}",
    .probes = {{.when = GF_BEFORE, MEMBER_ID}, ORG_EXISTS(GF_USER_NOT_FOUND), ORG_EXISTS(GF_ACCESS_DENIED)},
};

static const gf_op_rule get_org_users = {
    .own_path = "/api/org/users",
    .paging = {.list = "", .identity = "userId"},
    .keep = gf_keep_matching_user,
    .probes = {{.when = GF_ON_EMPTY, .unless_own = true, .get = "/api/orgs/{org}", .missing = GF_NOT_FOUND,
                .missing_reason = GF_ORG_NOT_FOUND, .say = NO_ORG},
               ORG_EXISTS(GF_ACCESS_DENIED)},
};

static const gf_op_rule create_org = {
    .picks = {{"id", "/orgId"}},
    .rules = {{409, NULL, GF_ALREADY_EXISTS, GF_NAME_EXISTS, "there is an organisation {name} already"}},
    .probes = {ORG_OF_NAME},
};

static const gf_op_rule get_orgs = {.paging = {.list = "", .size_param = "perpage", .first = 0, .identity = "id"}};

static const gf_op_rule get_org = {
    .id = "id",
    .text_path = "/api/orgs/name/{id}",
    .picks = {{"org", ""}},
    .rules = {{404, NULL, GF_NOT_FOUND, GF_ORG_NOT_FOUND, "there is no organisation {id}"}},
};

static const gf_op_rule update_org = {
    .rules = {NAME_TAKEN, {404, NULL, GF_NOT_FOUND, GF_ORG_NOT_FOUND, "there is no organisation with the id {id}"}},
    .probes = {{.when = GF_ON_STATUS, .status = GF_ERROR, .only_reason = GF_SERVER_ERROR, .get = "/api/orgs/{id}",
                .missing = GF_NOT_FOUND, .missing_reason = GF_ORG_NOT_FOUND,
                .say = "there is no organisation with the id {id}"},
               ORG_OF_NAME},
};

static const gf_op_rule delete_org = {
    .rules = {{404, NULL, GF_NOT_FOUND, GF_ORG_NOT_FOUND, "there is no organisation with the id {id}"}},
};

static const gf_op_rule get_current_org = {.picks = {{"org", ""}}};
static const gf_op_rule update_current_org = {.rules = {NAME_TAKEN}, .probes = {ORG_OF_NAME}};
static const gf_op_rule get_current_org_users = {.paging = {.list = "", .identity = "userId"},
    .keep = gf_keep_matching_user};
static const gf_op_rule lookup_current_org_users = {.paging = {.list = "", .identity = "userId"}};

static const gf_op_rule create_user = {
    .picks = {{"id", "/id"}},
    .rules = {USER_TAKEN,
              {400, "organization not found", GF_NOT_FOUND, GF_ORG_NOT_FOUND,
               "there is no organisation with the id {OrgId}"},
              {400, "org.notFound", GF_NOT_FOUND, GF_ORG_NOT_FOUND, "there is no organisation with the id {OrgId}"}},
    .probes = {USER_OF("login"), USER_OF("email")},
};

static const gf_op_rule update_user = {
    .rules = {USER_TAKEN, {409, NULL, GF_ALREADY_EXISTS, GF_REASON_NONE, NULL}, {404,
    "user", GF_NOT_FOUND, GF_REASON_NONE, NO_USER}},
    /* 9.3.2 says 200 for a user that is not there; all make the login the email when only that is named. */
    .probes = {{.when = GF_BEFORE, .only_number = "user", .get = "/api/users/{user}", .pointer = "/id",
    .keep = "login",
                .missing = GF_NOT_FOUND, .say = NO_USER},
               {.when = GF_BEFORE, .only_text = "user", .get = "/api/users/lookup?loginOrEmail={user}",
                .pointer = "/id",
                .var = "user", .keep = "login", .missing = GF_NOT_FOUND, .say = NO_USER},
               USER_OF("login"), USER_OF("email"), OTHER_USER_HAS("login"), OTHER_USER_HAS("email")},
};

static const gf_op_rule get_user = {
    .id = "user",
    .text_path = "/api/users/lookup?loginOrEmail={user}",
    .picks = {{"user", ""}},
    .rules = {{404, "user", GF_NOT_FOUND, GF_REASON_NONE, NO_USER}},
};

static const gf_op_rule get_users = {
    .paging = {.list = "/users", .size_param = "perpage", .first = 1, .total = "/totalCount", .identity = "id"},
};

static const gf_op_rule get_user_orgs = {
    .paging = {.list = "", .identity = "orgId"},
    .rules = {{404, "user", GF_NOT_FOUND, GF_REASON_NONE, NO_USER}},
    .probes = {USER_ID, {.when = GF_ON_EMPTY, .get = "/api/users/{user}", .missing = GF_NOT_FOUND, .say = NO_USER}},
};

static const gf_op_rule get_current_user = {.picks = {{"user", ""}}};
static const gf_op_rule get_current_user_orgs = {.paging = {.list = "", .identity = "orgId"}};

static const gf_op_rule about_user = {
    .rules = {{404, "user", GF_NOT_FOUND, GF_REASON_NONE, NO_USER}},
    .probes = {USER_ID, USER_EXISTS},
};

/* 12.4.3 says 500 to a password that its policy refuses, and to a user that is not there. */
static const gf_op_rule set_user_password = {
    .rules = {{404, "user", GF_NOT_FOUND, GF_REASON_NONE, NO_USER}},
    .probes = {USER_ID,
               {.when = GF_ON_STATUS, .status = GF_ERROR, .only_reason = GF_SERVER_ERROR, .get = "/api/users/{user}",
                .missing = GF_NOT_FOUND, .found = GF_INVALID_DATA,
                .say = "the server refuses this password: it may be too short, or against its policy",
                .say_missing = NO_USER}},
};

static const gf_op_rule get_dashboard = {
    .org_header = true,
    .picks = {{"dashboard", "/dashboard"}, {"meta", "/meta"}},
    .rules = {{404, "dashboard", GF_NOT_FOUND, GF_REASON_NONE, "there is no dashboard with the uid {uid}"}},
};

static const gf_op_rule save_dashboard = {
    .org_header = true,
    .picks = {{"id", "/id"}, {"uid", "/uid"}, {"version", "/version"}, {"url", "/url"}, {"slug", "/slug", true}},
    .rules = {{400, "folder not found", GF_NOT_FOUND, GF_FOLDER_NOT_FOUND, "there is no such folder"},
              {404, "folder", GF_NOT_FOUND, GF_FOLDER_NOT_FOUND, "there is no such folder"},
              {404, "dashboard", GF_NOT_FOUND, GF_REASON_NONE, "there is no dashboard with the id {id}"}},
    .probes = {{.when = GF_ON_STATUS, .status = GF_ALREADY_EXISTS, .only_reason = GF_VERSION_MISMATCH, .in_org = true,
                .get = "/api/dashboards/uid/{uid}", .pointer = "/dashboard/uid", .key = "uid"},
               {.when = GF_ON_STATUS, .status = GF_ALREADY_EXISTS, .only_reason = GF_NAME_EXISTS, .in_org = true,
                .get = "/api/search?type=dash-db&query={title}", .find = "title", .by = "title", .pointer = "/uid",
                .key = "uid"}},
    .start = gf_save_start,
    .on_answer = gf_save_answer,
};

static const gf_op_rule delete_dashboard = {
    .org_header = true,
    .rules = {{404, "dashboard", GF_NOT_FOUND, GF_REASON_NONE, "there is no dashboard with the uid {uid}"}},
};

static const gf_op_rule listing = {
    .org_header = true,
    .start = gf_listing_start,
    .on_answer = gf_listing_answer,
    .more = gf_listing_more,
};

static const gf_op_rule dashboard_panels = {
    .org_header = true,
    .rules = {{404, "dashboard", GF_NOT_FOUND, GF_REASON_NONE, "there is no dashboard with the uid {uid}"}},
    .on_answer = gf_panels_answer,
};

static const gf_op_rule search = {
    .org_header = true,
    .paging = {.list = "", .size_param = "limit", .first = 1, .identity = "uid"},
    .keep = gf_keep_in_folders,
};

static const gf_op_rule dashboards_with_tag = {
    .org_header = true,
    .paging = {.list = "", .size_param = "limit", .first = 1, .identity = "uid"},
};

static const gf_op_rule dashboard_versions = {
    .org_header = true,
    .paging = {.list = "/versions", .identity = "version", .token = "/continueToken", .token_param = "continueToken"},
    .rules = {{404, "dashboard", GF_NOT_FOUND, GF_REASON_NONE, "there is no dashboard with the uid {uid}"}},
    .probes = {{.when = GF_ON_EMPTY, .in_org = true, .get = "/api/dashboards/uid/{uid}", .missing = GF_NOT_FOUND,
                .say = "there is no dashboard with the uid {uid}"},
               {.when = GF_ON_STATUS, .status = GF_ERROR, .only_reason = GF_SERVER_ERROR, .in_org = true,
                .get = "/api/dashboards/uid/{uid}", .missing = GF_NOT_FOUND,
                .say = "there is no dashboard with the uid {uid}"}},
};

static const gf_op_rule restore_version = {
    .org_header = true,
    .picks = {{"version", "/version"}},
    .rules = {{404, NULL, GF_NOT_FOUND, GF_REASON_NONE, "there is no dashboard {uid} with a version {version}"}},
    .probes = {{.when = GF_ON_STATUS, .status = GF_ERROR, .only_reason = GF_SERVER_ERROR, .in_org = true,
                .get = "/api/dashboards/uid/{uid}/versions/{version}", .missing = GF_NOT_FOUND,
                .say = "there is no dashboard {uid} with a version {version}"}},
    .on_answer = gf_restore_answer,
};

static const gf_op_rule create_datasource = {
    .org_header = true,
    .picks = {{"id", "/id", true}, {"uid", "/datasource/uid", true}, {"datasource", "/datasource", true}},
    .probes = {{.when = GF_ON_STATUS, .status = GF_ALREADY_EXISTS, .only_reason = GF_NAME_EXISTS, .in_org = true,
                .get = "/api/datasources/name/{name}", .pointer = "/id", .key = "id", .also = "uid"},
               {.when = GF_ON_STATUS, .status = GF_ALREADY_EXISTS, .only_reason = GF_UID_EXISTS, .in_org = true,
                .get = "/api/datasources/uid/{uid}", .pointer = "/id", .key = "id", .also = "uid"}},
};

static const gf_op_rule get_datasource = {
    .org_header = true,
    .id = "id",
    .text_path = "/api/datasources/uid/{id}",
    .picks = {{"datasource", ""}},
    .rules = {{404, "source", GF_NOT_FOUND, GF_REASON_NONE, NO_DATASOURCE}},
    .probes = {UID_OF_NUMBER},
};

static const gf_op_rule get_datasources = {.org_header = true, .paging = {.list = "", .identity = "uid"}};

static const gf_op_rule update_datasource = {
    .org_header = true,
    .picks = {{"datasource", "/datasource"}},
    .rules = {{404, "source", GF_NOT_FOUND, GF_REASON_NONE, NO_DATASOURCE}},
    .probes = {{.when = GF_ON_STATUS, .status = GF_ALREADY_EXISTS, .only_reason = GF_NAME_EXISTS, .in_org = true,
                .get = "/api/datasources/name/{name}", .pointer = "/uid", .key = "uid", .is_other = true,
                .other_than = "uid"},
               {.when = GF_ON_STATUS, .status = GF_ERROR, .only_reason = GF_SERVER_ERROR, .in_org = true,
                .get = "/api/datasources/name/{name}", .pointer = "/uid", .key = "uid", .is_other = true,
                .other_than = "uid",
                .found = GF_ALREADY_EXISTS, .found_reason = GF_NAME_EXISTS,
                .say = "another data source has the name {name}"}},
    .start = gf_change_datasource_start,
    .on_answer = gf_change_datasource_answer,
};

static const gf_op_rule delete_datasource = {
    .org_header = true,
    .id = "id",
    .text_path = "/api/datasources/uid/{id}",
    .rules = {{404, "source", GF_NOT_FOUND, GF_REASON_NONE, NO_DATASOURCE}},
    .probes = {UID_OF_NUMBER},
};

static const gf_op_rule check_datasource = {
    .org_header = true,
    .rules = {{404, "source", GF_NOT_FOUND, GF_REASON_NONE, NO_DATASOURCE},
              {404, "plugin", GF_ERROR, GF_UNSUPPORTED, "this kind of data source has no health check"}},
    .probes = {{.when = GF_BEFORE, .only_number = "id", .in_org = true, .get = "/api/datasources", .find = "id",
    .by = "id",
                .pointer = "/uid", .var = "id", .missing = GF_NOT_FOUND, .say = NO_DATASOURCE},
               DATASOURCE_EXISTS(GF_UNSUPPORTED), DATASOURCE_EXISTS(GF_SERVER_ERROR)},
    .on_answer = gf_health_answer,
};

static const gf_op_rule server_health = {.is_public = true, .picks = {{"health", ""}}};
static const gf_op_rule server_version = {
    .is_public = true,
    .picks = {{"version", "/version"}},
    .check = gf_version_check,
    .on_answer = gf_version_answer,
};

/* ------------------------------------------------------------------------------------------------------- the table -- */

#define ORGS "Organisations"
#define USERS "Users"
#define DASHBOARDS "Dashboards and panels"
#define DATASOURCES "Data sources"

static const gf_op table[] = {
    {.name = "add_current_org_user", .group = ORGS,
     .summary = "Make a user a member of the credentials' own organisation.",
     .method = "POST", .path = "/api/org/users", .see = "org-user-current-add", .params = {LOGIN, ROLE},
     .keys = {{"id", "integer", "id of the user"}}, .statuses = "role-not-found user-not-found already-exists",
     .rule = &add_org_user},
    {.name = "add_org_user", .group = ORGS, .summary = "Make a user a member of an organisation.", .method = "POST",
     .path = "/api/orgs/{org}/users", .see = "orguser-add", .params = {ORG, LOGIN, ROLE},
     .keys = {{"id", "integer", "id of the user"}},
     .statuses = "role-not-found user-not-found already-exists not-found", .rule = &add_org_user},
    {.name = "check_datasource", .group = DATASOURCES, .summary = "Ask whether a data source works.", .method = "GET",
     .path = "/api/datasources/uid/{id}/health", .see = "ds-health", .params = {ORG, DATASOURCE},
     .keys = {{"healthy", "boolean", "it works"}, {"detail", "string", "what the check says"}},
     .statuses = "not-found",
     .rule = &check_datasource},
    {.name = "create_datasource", .group = DATASOURCES, .summary = "Create a data source.", .method = "POST",
     .path = "/api/datasources", .see = "ds-create",
     .params = {ORG, {.name = "datasource", .type = GF_T_OBJECT, .where = GF_IN_WHOLE_BODY,
     .required = "name type access",
                      .lists = DATASOURCE_LISTS, .text = "{name, type, access, url, …}, sent as given"}},
     .keys = {{"id", "integer", "its id"}, {"uid", "string", "its uid"}, {"datasource", "object",
     "as the server has it"}},
     .statuses = "already-exists invalid-data missing-mandatory-data", .rule = &create_datasource},
    {.name = "create_org", .group = ORGS, .summary = "Create an organisation.", .method = "POST", .path = "/api/orgs",
     .see = "org-create", .params = {NAME("its name")}, .keys = {{"id", "integer", "its id"}},
     .statuses = "already-exists",
     .rule = &create_org},
    {.name = "create_user", .group = USERS, .summary = "Create a user.", .method = "POST", .path = "/api/admin/users",
     .see = "user-create",
     .params = {{.name = "user", .type = GF_T_OBJECT, .where = GF_IN_WHOLE_BODY, .required = "password login|email",
                 .text = "{name, email, login, password, OrgId}, sent as given"}},
     .keys = {{"id", "integer", "its id"}},
     .statuses = "already-exists invalid-data missing-mandatory-data not-found",
     .rule = &create_user},
    {.name = "delete_current_org_user", .group = ORGS,
     .summary = "Remove a member from the credentials' own organisation.",
     .method = "DELETE", .path = "/api/org/users/{user}", .see = "org-user-current-delete", .params = {USER},
     .statuses = "user-not-found", .rule = &delete_org_user},
    {.name = "delete_dashboard", .group = DASHBOARDS, .summary = "Delete a dashboard.", .method = "DELETE",
     .path = "/api/dashboards/uid/{uid}", .see = "dash-delete", .params = {ORG, UID}, .statuses = "not-found",
     .rule = &delete_dashboard},
    {.name = "delete_datasource", .group = DATASOURCES, .summary = "Delete a data source.", .method = "DELETE",
     .path = "/api/datasources/{id}", .see = "ds-delete-id", .params = {ORG, DATASOURCE}, .statuses = "not-found",
     .rule = &delete_datasource},
    {.name = "delete_org", .group = ORGS, .summary = "Delete an organisation and all that is in it.",
     .method = "DELETE",
     .path = "/api/orgs/{id}", .see = "org-delete",
     .params = {{.name = "id", .type = GF_T_INT, .where = GF_IN_PATH, .text = "id of the organisation"}},
     .statuses = "not-found", .rule = &delete_org},
    {.name = "delete_org_user", .group = ORGS, .summary = "Remove a member from an organisation.", .method = "DELETE",
     .path = "/api/orgs/{org}/users/{user}", .see = "orguser-delete", .params = {ORG, USER},
     .statuses = "user-not-found not-found", .rule = &delete_org_user},
    {.name = "delete_user", .group = USERS, .summary = "Delete a user.", .method = "DELETE",
     .path = "/api/admin/users/{user}", .see = "user-delete", .params = {USER}, .statuses = "not-found",
     .rule = &about_user},
    {.name = "get_current_org", .group = ORGS, .summary = "The credentials' own organisation.", .method = "GET",
     .path = "/api/org", .see = "org-current", .keys = {{"org", "object", "{id, name, address}"}},
     .rule = &get_current_org},
    {.name = "get_current_org_users", .group = ORGS, .summary = "The members of the credentials' own organisation.",
     .method = "GET", .path = "/api/org/users", .see = "org-users-current", .options = {USER_QUERY},
     .keys = {{"users", "list", "{userId, login, email, name, role, …}"}}, .rule = &get_current_org_users},
    {.name = "get_current_user", .group = USERS, .summary = "Who the credentials belong to.", .method = "GET",
     .path = "/api/user", .see = "current-user", .keys = {{"user", "object",
     "{id, login, email, name, isGrafanaAdmin, …}"}},
     .rule = &get_current_user},
    {.name = "get_current_user_orgs", .group = USERS, .summary = "The organisations that the credentials may enter.",
     .method = "GET", .path = "/api/user/orgs", .see = "current-user-orgs",
     .keys = {{"orgs", "list", "{orgId, name, role}"}}, .rule = &get_current_user_orgs},
    {.name = "get_dashboard", .group = DASHBOARDS, .summary = "Read a dashboard.", .method = "GET",
     .path = "/api/dashboards/uid/{uid}", .see = "dash-get", .params = {ORG, UID},
     .keys = {{"dashboard", "object", "the dashboard"}, {"meta", "object", "its folder, url, version, rights, …"}},
     .statuses = "not-found", .rule = &get_dashboard},
    {.name = "get_dashboard_panels", .group = DASHBOARDS,
     .summary = "The panels of one dashboard (get_ds_panels by another name).",
     .method = "GET", .path = "/api/dashboards/uid/{uid}", .see = "dash-get", .params = {ORG, UID}, .options = {ROWS},
     .keys = {{"panels", "list", PANEL_ROWS}}, .statuses = "not-found", .rule = &dashboard_panels},
    {.name = "get_dashboard_versions", .group = DASHBOARDS, .summary = "The versions of a dashboard, newest first.",
     .method = "GET", .path = "/api/dashboards/uid/{uid}/versions", .see = "dash-versions", .params = {ORG, UID},
     .keys = {{"versions", "list", "{version, created, createdBy, message, …}"}}, .statuses = "not-found",
     .rule = &dashboard_versions},
    {.name = "get_dashboards_with_tag", .group = DASHBOARDS,
     .summary = "The dashboards that have a tag, or all of several tags.",
     .method = "GET", .path = "/api/search?type=dash-db", .see = "search-tags-and",
     .params = {ORG, {.name = "tag", .type = GF_T_STRINGS, .where = GF_IN_QUERY, .text = "a tag, or a list of tags"}},
     .keys = {{"dashboards", "list", "{uid, title, url, …}"}}, .rule = &dashboards_with_tag},
    {.name = "get_datasource", .group = DATASOURCES, .summary = "Read a data source.", .method = "GET",
     .path = "/api/datasources/{id}", .see = "ds-by-uid", .params = {ORG, DATASOURCE},
     .keys = {{"datasource", "object", "the data source, without its secrets"}}, .statuses = "not-found",
     .rule = &get_datasource},
    {.name = "get_datasources", .group = DATASOURCES, .summary = "The data sources of an organisation.",
     .method = "GET",
     .path = "/api/datasources", .see = "ds-list", .params = {ORG},
     .keys = {{"datasources", "list", "{id, uid, name, type, url, …}"}}, .rule = &get_datasources},
    {.name = "get_ds_panels", .group = DASHBOARDS, .summary = "The panels of one dashboard.", .method = "GET",
     .path = "/api/dashboards/uid/{uid}", .see = "dash-get", .params = {ORG, UID}, .options = {ROWS},
     .keys = {{"panels", "list", PANEL_ROWS}}, .statuses = "not-found", .rule = &dashboard_panels},
    {.name = "get_org", .group = ORGS, .summary = "One organisation, by id or by name.", .method = "GET",
     .path = "/api/orgs/{id}", .see = "org-by-id org-by-name",
     .params = {{.name = "id", .type = GF_T_ID, .where = GF_IN_PATH, .text = "id (a number) or name (a string)"}},
     .keys = {{"org", "object", "{id, name, address}"}}, .statuses = "not-found", .rule = &get_org},
    {.name = "get_org_dashboards", .group = DASHBOARDS,
     .summary = "All dashboards of an organisation with their panels.",
     .method = "GET", .path = "/api/search", .see = "search-dashdb dash-get", .params = {ORG}, .options = {ROWS},
     .keys = {{"dashboards", "list", "{uid, title, url, panels}"}, {"failed", "list",
     "{uid, status, message} of those that could not be read"}},
     .rule = &listing},
    {.name = "get_org_panels", .group = DASHBOARDS, .summary = "All panels of all dashboards of an organisation.",
     .method = "GET", .path = "/api/search", .see = "search-dashdb dash-get", .params = {ORG}, .options = {ROWS},
     .keys = {{"panels", "list", PANEL_ROWS}, {"failed", "list",
     "{uid, status, message} of dashboards that could not be read"}},
     .rule = &listing},
    {.name = "get_org_users", .group = ORGS, .summary = "The members of an organisation.", .method = "GET",
     .path = "/api/orgs/{org}/users", .see = "orgusers", .params = {ORG}, .options = {USER_QUERY},
     .keys = {{"users", "list", "{userId, login, email, name, role, …}"}}, .statuses = "not-found",
     .rule = &get_org_users},
    {.name = "get_orgs", .group = ORGS, .summary = "All organisations.", .method = "GET", .path = "/api/orgs",
     .see = "orgs orgs-page orgs-query",
     .options = {{.name = "query", .type = GF_T_STRING, .where = GF_IN_QUERY,
     .text = "only those whose name contains this"},
                 {.name = "name", .type = GF_T_STRING, .where = GF_IN_QUERY, .text = "only the one of this name"}},
     .keys = {{"orgs", "list", "{id, name}"}}, .rule = &get_orgs},
    {.name = "get_user", .group = USERS, .summary = "One user, by id, login or email.", .method = "GET",
     .path = "/api/users/{user}", .see = "user-by-id user-lookup-login", .params = {USER},
     .keys = {{"user", "object", "{id, login, email, name, isGrafanaAdmin, …}"}}, .statuses = "not-found",
     .rule = &get_user},
    {.name = "get_user_orgs", .group = USERS, .summary = "The organisations of a user.", .method = "GET",
     .path = "/api/users/{user}/orgs", .see = "user-orgs", .params = {USER}, .keys = {{"orgs", "list",
     "{orgId, name, role}"}},
     .statuses = "not-found", .rule = &get_user_orgs},
    {.name = "get_users", .group = USERS, .summary = "All users of the server.", .method = "GET",
     .path = "/api/users/search",
     .see = "users-search",
     .options = {{.name = "query", .type = GF_T_STRING, .where = GF_IN_QUERY,
     .text = "only those whose login, email or name contains this"}},
     .keys = {{"users", "list", "{id, login, email, name, isAdmin, …}"}}, .rule = &get_users},
    {.name = "health", .group = "Server", .summary = "What the server says of its own health.", .method = "GET",
     .path = "/api/health", .see = "health", .keys = {{"health", "object", "{database, version, commit}"}},
     .rule = &server_health},
    {.name = "lookup_current_org_users", .group = ORGS,
     .summary = "The members of the credentials' own organisation, as few fields as an editor may see.",
     .method = "GET",
     .path = "/api/org/users/lookup", .see = "org-users-lookup",
     .options = {{.name = "query", .type = GF_T_STRING, .where = GF_IN_QUERY,
     .text = "only those whose login, email or name contains this"},
                 {.name = "limit", .type = GF_T_INT, .where = GF_IN_QUERY, .text = "at most so many"}},
     .keys = {{"users", "list", "{userId, login, avatarUrl}"}}, .rule = &lookup_current_org_users},
    {.name = "restore_dashboard_version", .group = DASHBOARDS,
     .summary = "Make an old version of a dashboard the newest.",
     .method = "POST", .path = "/api/dashboards/uid/{uid}/restore", .see = "dash-restore",
     .params = {ORG, UID, {.name = "version", .type = GF_T_INT, .where = GF_IN_BODY,
     .text = "the version to restore"}},
     .keys = {{"version", "integer", "the new version"}}, .statuses = "not-found", .rule = &restore_version},
    {.name = "search", .group = DASHBOARDS, .summary = "Search dashboards and folders.", .method = "GET",
     .path = "/api/search",
     .see = "search-all search-tag search-query search-folder search-uid", .params = {ORG},
     .options = {{.name = "query", .type = GF_T_STRING, .where = GF_IN_QUERY, .text = "words of the title"},
                 {.name = "tag", .type = GF_T_STRINGS, .where = GF_IN_QUERY,
                  .text = "a tag, or several that must all be there"},
                 {.name = "type", .type = GF_T_STRING, .where = GF_IN_QUERY,
                  .text = "\"dash-db\" or \"dash-folder\""},
                 {.name = "folderUIDs", .type = GF_T_STRINGS, .where = GF_IN_QUERY,
                  .text = "only inside these folders; \"general\" is the root"},
                 {.name = "dashboardUIDs", .type = GF_T_STRINGS, .where = GF_IN_QUERY, .text = "only these"},
                 {.name = "starred", .type = GF_T_BOOL, .where = GF_IN_QUERY,
                  .text = "only those that the user has starred"},
                 {.name = "deleted", .type = GF_T_BOOL, .where = GF_IN_QUERY,
                  .text = "those in the trash, where the server has one"},
                 {.name = "sort", .type = GF_T_STRING, .where = GF_IN_QUERY,
                  .text = "\"alpha-asc\", \"alpha-desc\", …"}},
     .keys = {{"hits", "list", "{uid, title, url, type, tags, folderUid, …}"}}, .rule = &search},
    {.name = "set_user_admin", .group = USERS, .summary = "Give or take a user the rights of a server admin.",
     .method = "PUT", .path = "/api/admin/users/{user}/permissions", .see = "user-permissions",
     .params = {USER, {.name = "admin", .type = GF_T_BOOL, .where = GF_IN_BODY, .wire = "isGrafanaAdmin",
     .text = "server admin or not"}},
     .statuses = "not-found", .rule = &about_user},
    {.name = "set_user_password", .group = USERS, .summary = "Set a user's password.", .method = "PUT",
     .path = "/api/admin/users/{user}/password", .see = "user-password",
     .params = {USER, {.name = "password", .type = GF_T_STRING, .where = GF_IN_BODY, .text = "the new password"}},
     .statuses = "not-found invalid-data", .rule = &set_user_password},
    {.name = "update_current_org", .group = ORGS, .summary = "Rename the credentials' own organisation.",
     .method = "PUT",
     .path = "/api/org", .see = "org-current-update", .params = {NAME("its new name")}, .statuses = "already-exists",
     .rule = &update_current_org},
    {.name = "update_current_org_user", .group = ORGS,
     .summary = "Change a member's role in the credentials' own organisation.",
     .method = "PATCH", .path = "/api/org/users/{user}", .see = "org-user-current-update", .params = {USER, ROLE},
     .statuses = "invalid-data user-not-found", .rule = &update_org_user},
    {.name = "update_datasource", .group = DATASOURCES,
     .summary = "Change some keys of a data source; the rest and the secrets stay.", .method = "PUT",
     .path = "/api/datasources/uid/{uid}", .see = "ds-update-uid",
     .params = {ORG, DATASOURCE, {.name = "changes", .type = GF_T_OBJECT, .lists = DATASOURCE_LISTS,
                                  .text = "merged as RFC 7396 says: objects deep, lists replaced, grafana.null removes"}},
     .keys = {{"datasource", "object", "as the server has it now"}},
     .statuses = "not-found already-exists invalid-data",
     .rule = &update_datasource},
    {.name = "update_or_create_dashboard", .group = DASHBOARDS,
     .summary = "Create a dashboard, or change the one of the same uid, which stays in its folder unless one is given.",
     .method = "POST", .path = "/api/dashboards/db", .see = "dash-create dash-overwrite dash-version-mismatch",
     .params = {ORG, {.name = "dashboard", .type = GF_T_OBJECT, .required = "title", .lists = DASHBOARD_LISTS,
     .text = "the dashboard"}},
     .options = {{.name = "folderUid", .type = GF_T_STRING, .where = GF_IN_BODY,
     .text = "the folder; \"\" is the root"},
                 {.name = "folderId", .type = GF_T_INT, .where = GF_IN_BODY,
                  .text = "the folder by its id; 0 is the root"},
                 {.name = "overwrite", .type = GF_T_BOOL, .where = GF_IN_BODY, .text = "whatever version is there"},
                 {.name = "message", .type = GF_T_STRING, .where = GF_IN_BODY,
                  .text = "what has changed, for the list of versions"},
                 {.name = "refresh", .type = GF_T_BOOL, .where = GF_IN_BODY, .text = "sent as given"}},
     .keys = {{"id", "integer", "its id"}, {"uid", "string", "its uid"}, {"version", "integer", "its version now"},
              {"url", "string", "its url, from the server's root"}, {"slug", "string", "its title as in the url"}},
     .statuses = "already-exists not-found invalid-data missing-mandatory-data", .rule = &save_dashboard},
    {.name = "update_org", .group = ORGS, .summary = "Rename an organisation.", .method = "PUT",
     .path = "/api/orgs/{id}",
     .see = "org-update",
     .params = {{.name = "id", .type = GF_T_INT, .where = GF_IN_PATH,
     .text = "id of the organisation"}, NAME("its new name")},
     .statuses = "not-found already-exists", .rule = &update_org},
    {.name = "update_org_user", .group = ORGS, .summary = "Change a member's role in an organisation.",
     .method = "PATCH",
     .path = "/api/orgs/{org}/users/{user}", .see = "orguser-update", .params = {ORG, USER, ROLE},
     .statuses = "invalid-data user-not-found not-found", .rule = &update_org_user},
    {.name = "update_user", .group = USERS, .summary = "Change a user's name, email or login.", .method = "PUT",
     .path = "/api/users/{user}", .see = "user-update",
     .params = {USER, {.name = "changes", .type = GF_T_OBJECT, .where = GF_IN_WHOLE_BODY, .required = "login|email",
                       .text = "{name, email, login}; login or email must be there, and what is not named stays"}},
     .statuses = "not-found already-exists missing-mandatory-data", .rule = &update_user},
    {.name = "version", .group = "Server", .summary = "The server's version, which is read once.", .method = "GET",
     .path = "/api/health",
     .see = "health", .keys = {{"version", "string", "\"12.4.3\""}}, .rule = &server_version},
};

/* clang-format on */

size_t gf_op_count(void) { return sizeof table / sizeof *table; }
const gf_op *gf_op_at(size_t index) { return index < gf_op_count() ? &table[index] : NULL; }

const gf_op *gf_op_find(const char *name) {
  size_t low = 0, high = gf_op_count();
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = strcmp(name, table[middle].name);
    if (order == 0) return &table[middle];
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return NULL;
}
