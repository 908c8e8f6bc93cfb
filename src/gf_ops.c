/* SPDX-License-Identifier: MIT
 *
 * The operations: one table, a row each, sorted by name. How to read a row: grafana.h (gf_op); how each is done, in
 * gf_op_<area>.c; how to add one: CONTRIBUTING.md. Lua methods, argument checks, help, the reference page and the
 * editors' annotations are all made from it.
 *
 * `see` names the steps of spec/recordings/ that show what 9.3.2 and 12.4.3 answer.
 */
#include "gf_op_rules.h"

#include <string.h>

/* Rows are laid out to be read. */
/* clang-format off */

/* ------------------------------------------------------------------------------------- arguments that recur -- */

#define ORG {.name = "org", .type = GF_T_ORG, .where = GF_IN_PATH, .text = "id of the organisation, or grafana.own"}
#define USER {.name = "user", .type = GF_T_ID, .where = GF_IN_PATH, .text = "id (a number), or login or email (a string)"}
#define UID {.name = "uid", .type = GF_T_STRING, .where = GF_IN_PATH, .text = "uid of the dashboard"}
#define FOLDER_UID {.name = "uid", .type = GF_T_STRING, .where = GF_IN_PATH, .text = "uid of the folder"}
#define DASHBOARD {.name = "dashboard", .type = GF_T_ID, .where = GF_IN_PATH, .text = "uid (a string) or id (a number) of the dashboard; -1: those by default"}
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

#define ITEMS {.name = "items", .type = GF_T_LIST, .where = GF_IN_BODY, .text = "{role or teamId or userId, permission = 1 (View), 2 (Edit) or 4 (Admin)}"}
#define GRANTS {.name = "grants", .type = GF_T_OBJECT, .text = "{roles, teams, users}, in each names with \"View\", \"Edit\" or \"Admin\"; users by login or email"}
#define KEEP {.name = "keep", .type = GF_T_BOOL, .text = "add to the permissions that are there, instead of replacing them"}
#define GRANTED {"granted", "list", "what they have now: {role or teamId, team or userId, user; permission}"}
#define SKIPPED {"skipped", "list", "{kind, name} of teams and users that are not known"}
#define PERMISSION_ROWS {"permissions", "list", "{role or teamId or userId, permission, permissionName, inherited, …}"}
#define FOLDER {"folder", "object", "{id, uid, title, url, version, parentUid, …}"}
#define PANEL_ROWS "rows {id, title, type, ds_url, ds_id, dashboard_title}"

/* ------------------------------------------------------------------------------------------------------- the table -- */

#define ORGS "Organisations"
#define USERS "Users"
#define DASHBOARDS "Dashboards and panels"
#define DATASOURCES "Data sources"
#define PERMISSIONS "Permissions"
#define TEAMS "Teams, folders, service accounts"

static const gf_op table[] = {
    {.name = "add_current_org_user", .group = ORGS,
     .summary = "Make a user a member of the credentials' own organisation.",
     .method = "POST", .path = "/api/org/users", .see = "org-user-current-add", .params = {LOGIN, ROLE},
     .keys = {{"id", "integer", "id of the user"}}, .statuses = "role-not-found user-not-found already-exists",
     .rule = &gf_rule_add_org_user},
    {.name = "add_org_user", .group = ORGS, .summary = "Make a user a member of an organisation.", .method = "POST",
     .path = "/api/orgs/{org}/users", .see = "orguser-add", .params = {ORG, LOGIN, ROLE},
     .keys = {{"id", "integer", "id of the user"}},
     .statuses = "role-not-found user-not-found already-exists not-found", .rule = &gf_rule_add_org_user},
    {.name = "check_datasource", .group = DATASOURCES, .summary = "Ask whether a data source works.", .method = "GET",
     .path = "/api/datasources/uid/{id}/health", .see = "ds-health", .params = {ORG, DATASOURCE},
     .keys = {{"healthy", "boolean", "it works"}, {"detail", "string", "what the check says"}},
     .statuses = "not-found",
     .rule = &gf_rule_check_datasource},
    {.name = "create_datasource", .group = DATASOURCES, .summary = "Create a data source.", .method = "POST",
     .path = "/api/datasources", .see = "ds-create",
     .params = {ORG, {.name = "datasource", .type = GF_T_OBJECT, .where = GF_IN_WHOLE_BODY,
     .required = "name type access",
                      .lists = DATASOURCE_LISTS, .text = "{name, type, access, url, …}, sent as given"}},
     .keys = {{"id", "integer", "its id"}, {"uid", "string", "its uid"}, {"datasource", "object",
     "as the server has it"}},
     .statuses = "already-exists invalid-data missing-mandatory-data", .rule = &gf_rule_create_datasource},
    {.name = "create_folder", .group = TEAMS,
     .summary = "Create a folder, at the root or inside the folder parentUid, which must be there.", .method = "POST",
     .path = "/api/folders", .see = "folder-create folder-create-nested folder-create-dup folder-noparent",
     .params = {ORG, {.name = "folder", .type = GF_T_OBJECT, .where = GF_IN_WHOLE_BODY, .required = "title",
                      .text = "{title, uid, parentUid, description}, sent as given"}},
     .keys = {{"id", "integer", "its id"}, {"uid", "string", "its uid"}, FOLDER},
     .statuses = "already-exists not-found invalid-data missing-mandatory-data", .rule = &gf_rule_create_folder},
    {.name = "create_org", .group = ORGS, .summary = "Create an organisation.", .method = "POST", .path = "/api/orgs",
     .see = "org-create", .params = {NAME("its name")}, .keys = {{"id", "integer", "its id"}},
     .statuses = "already-exists",
     .rule = &gf_rule_create_org},
    {.name = "create_user", .group = USERS, .summary = "Create a user.", .method = "POST", .path = "/api/admin/users",
     .see = "user-create",
     .params = {{.name = "user", .type = GF_T_OBJECT, .where = GF_IN_WHOLE_BODY, .required = "password login|email",
                 .text = "{name, email, login, password, OrgId}, sent as given"}},
     .keys = {{"id", "integer", "its id"}},
     .statuses = "already-exists invalid-data missing-mandatory-data not-found",
     .rule = &gf_rule_create_user},
    {.name = "delete_current_org_user", .group = ORGS,
     .summary = "Remove a member from the credentials' own organisation.",
     .method = "DELETE", .path = "/api/org/users/{user}", .see = "org-user-current-delete", .params = {USER},
     .statuses = "user-not-found", .rule = &gf_rule_delete_org_user},
    {.name = "delete_dashboard", .group = DASHBOARDS, .summary = "Delete a dashboard.", .method = "DELETE",
     .path = "/api/dashboards/uid/{uid}", .see = "dash-delete", .params = {ORG, UID}, .statuses = "not-found",
     .rule = &gf_rule_delete_dashboard},
    {.name = "delete_datasource", .group = DATASOURCES, .summary = "Delete a data source.", .method = "DELETE",
     .path = "/api/datasources/{id}", .see = "ds-delete-id", .params = {ORG, DATASOURCE}, .statuses = "not-found",
     .rule = &gf_rule_delete_datasource},
    {.name = "delete_folder", .group = TEAMS, .summary = "Delete a folder and all that is inside.", .method = "DELETE",
     .path = "/api/folders/{uid}", .see = "folder-delete folder-delete-none", .params = {ORG, FOLDER_UID},
     .options = {{.name = "forceDeleteRules", .type = GF_T_BOOL, .where = GF_IN_QUERY,
                  .text = "even when alert rules are inside, which go too"}},
     .statuses = "not-found invalid-data", .rule = &gf_rule_delete_folder},
    {.name = "delete_org", .group = ORGS, .summary = "Delete an organisation and all that is in it.",
     .method = "DELETE",
     .path = "/api/orgs/{id}", .see = "org-delete",
     .params = {{.name = "id", .type = GF_T_INT, .where = GF_IN_PATH, .text = "id of the organisation"}},
     .statuses = "not-found", .rule = &gf_rule_delete_org},
    {.name = "delete_org_user", .group = ORGS, .summary = "Remove a member from an organisation.", .method = "DELETE",
     .path = "/api/orgs/{org}/users/{user}", .see = "orguser-delete", .params = {ORG, USER},
     .statuses = "user-not-found not-found", .rule = &gf_rule_delete_org_user},
    {.name = "delete_user", .group = USERS, .summary = "Delete a user.", .method = "DELETE",
     .path = "/api/admin/users/{user}", .see = "user-delete", .params = {USER}, .statuses = "not-found",
     .rule = &gf_rule_about_user},
    {.name = "get_current_org", .group = ORGS, .summary = "The credentials' own organisation.", .method = "GET",
     .path = "/api/org", .see = "org-current", .keys = {{"org", "object", "{id, name, address}"}},
     .rule = &gf_rule_get_current_org},
    {.name = "get_current_org_users", .group = ORGS, .summary = "The members of the credentials' own organisation.",
     .method = "GET", .path = "/api/org/users", .see = "org-users-current", .options = {USER_QUERY},
     .keys = {{"users", "list", "{userId, login, email, name, role, …}"}}, .rule = &gf_rule_get_current_org_users},
    {.name = "get_current_user", .group = USERS, .summary = "Who the credentials belong to.", .method = "GET",
     .path = "/api/user", .see = "current-user", .keys = {{"user", "object",
     "{id, login, email, name, isGrafanaAdmin, …}"}},
     .rule = &gf_rule_get_current_user},
    {.name = "get_current_user_orgs", .group = USERS, .summary = "The organisations that the credentials may enter.",
     .method = "GET", .path = "/api/user/orgs", .see = "current-user-orgs",
     .keys = {{"orgs", "list", "{orgId, name, role}"}}, .rule = &gf_rule_get_current_user_orgs},
    {.name = "get_dashboard", .group = DASHBOARDS, .summary = "Read a dashboard.", .method = "GET",
     .path = "/api/dashboards/uid/{uid}", .see = "dash-get", .params = {ORG, UID},
     .keys = {{"dashboard", "object", "the dashboard"}, {"meta", "object", "its folder, url, version, rights, …"}},
     .statuses = "not-found", .rule = &gf_rule_get_dashboard},
    {.name = "get_dashboard_panels", .group = DASHBOARDS,
     .summary = "The panels of one dashboard (get_ds_panels by another name).",
     .method = "GET", .path = "/api/dashboards/uid/{uid}", .see = "dash-get", .params = {ORG, UID}, .options = {ROWS},
     .keys = {{"panels", "list", PANEL_ROWS}}, .statuses = "not-found", .rule = &gf_rule_dashboard_panels},
    {.name = "get_dashboard_permissions", .group = PERMISSIONS, .summary = "Who may do what with a dashboard.",
     .method = "GET", .path = "/api/dashboards/id/{dashboard}/permissions", .see = "dperm-get-uid dperm-get-id dperm-get-none",
     .params = {ORG, DASHBOARD}, .keys = {PERMISSION_ROWS}, .statuses = "not-found invalid-data",
     .rule = &gf_rule_get_dashboard_permissions},
    {.name = "get_dashboard_versions", .group = DASHBOARDS, .summary = "The versions of a dashboard, newest first.",
     .method = "GET", .path = "/api/dashboards/uid/{uid}/versions", .see = "dash-versions", .params = {ORG, UID},
     .keys = {{"versions", "list", "{version, created, createdBy, message, …}"}}, .statuses = "not-found",
     .rule = &gf_rule_dashboard_versions},
    {.name = "get_dashboards_with_tag", .group = DASHBOARDS,
     .summary = "The dashboards that have a tag, or all of several tags.",
     .method = "GET", .path = "/api/search?type=dash-db", .see = "search-tags-and",
     .params = {ORG, {.name = "tag", .type = GF_T_STRINGS, .where = GF_IN_QUERY, .text = "a tag, or a list of tags"}},
     .keys = {{"dashboards", "list", "{uid, title, url, …}"}}, .rule = &gf_rule_dashboards_with_tag},
    {.name = "get_datasource", .group = DATASOURCES, .summary = "Read a data source.", .method = "GET",
     .path = "/api/datasources/{id}", .see = "ds-by-uid", .params = {ORG, DATASOURCE},
     .keys = {{"datasource", "object", "the data source, without its secrets"}}, .statuses = "not-found",
     .rule = &gf_rule_get_datasource},
    {.name = "get_datasources", .group = DATASOURCES, .summary = "The data sources of an organisation.",
     .method = "GET",
     .path = "/api/datasources", .see = "ds-list", .params = {ORG},
     .keys = {{"datasources", "list", "{id, uid, name, type, url, …}"}}, .rule = &gf_rule_get_datasources},
    {.name = "get_ds_panels", .group = DASHBOARDS, .summary = "The panels of one dashboard.", .method = "GET",
     .path = "/api/dashboards/uid/{uid}", .see = "dash-get", .params = {ORG, UID}, .options = {ROWS},
     .keys = {{"panels", "list", PANEL_ROWS}}, .statuses = "not-found", .rule = &gf_rule_dashboard_panels},
    {.name = "get_folder", .group = TEAMS, .summary = "Read a folder.", .method = "GET",
     .path = "/api/folders/{uid}", .see = "folder-get", .params = {ORG, FOLDER_UID}, .keys = {FOLDER},
     .statuses = "not-found", .rule = &gf_rule_get_folder},
    {.name = "get_folder_permissions", .group = PERMISSIONS, .summary = "Who may do what with a folder.",
     .method = "GET", .path = "/api/folders/{uid}/permissions", .see = "folder-permissions folder-perm-none",
     .params = {ORG, FOLDER_UID}, .keys = {PERMISSION_ROWS}, .statuses = "not-found",
     .rule = &gf_rule_get_folder_permissions},
    {.name = "get_folders", .group = TEAMS,
     .summary = "The folders of an organisation, of all levels, or those directly inside one.", .method = "GET",
     .path = "/api/search?type=dash-folder", .see = "folders folders-nested folder-noparent", .params = {ORG},
     .options = {{.name = "parentUid", .type = GF_T_STRING,
                  .text = "only those directly inside this folder; \"\": only those at the root"}},
     .keys = {{"folders", "list", "rows {id, uid, title, parentUid (not at the root), url}"}},
     .statuses = "not-found", .rule = &gf_rule_get_folders},
    {.name = "get_org", .group = ORGS, .summary = "One organisation, by id or by name.", .method = "GET",
     .path = "/api/orgs/{id}", .see = "org-by-id org-by-name",
     .params = {{.name = "id", .type = GF_T_ID, .where = GF_IN_PATH, .text = "id (a number) or name (a string)"}},
     .keys = {{"org", "object", "{id, name, address}"}}, .statuses = "not-found", .rule = &gf_rule_get_org},
    {.name = "get_org_dashboards", .group = DASHBOARDS,
     .summary = "All dashboards of an organisation with their panels.",
     .method = "GET", .path = "/api/search", .see = "search-dashdb dash-get", .params = {ORG}, .options = {ROWS},
     .keys = {{"dashboards", "list", "{uid, title, url, panels}"}, {"failed", "list",
     "{uid, status, message} of those that could not be read"}},
     .rule = &gf_rule_listing},
    {.name = "get_org_panels", .group = DASHBOARDS, .summary = "All panels of all dashboards of an organisation.",
     .method = "GET", .path = "/api/search", .see = "search-dashdb dash-get", .params = {ORG}, .options = {ROWS},
     .keys = {{"panels", "list", PANEL_ROWS}, {"failed", "list",
     "{uid, status, message} of dashboards that could not be read"}},
     .rule = &gf_rule_listing},
    {.name = "get_org_users", .group = ORGS, .summary = "The members of an organisation.", .method = "GET",
     .path = "/api/orgs/{org}/users", .see = "orgusers", .params = {ORG}, .options = {USER_QUERY},
     .keys = {{"users", "list", "{userId, login, email, name, role, …}"}}, .statuses = "not-found",
     .rule = &gf_rule_get_org_users},
    {.name = "get_orgs", .group = ORGS, .summary = "All organisations.", .method = "GET", .path = "/api/orgs",
     .see = "orgs orgs-page orgs-query",
     .options = {{.name = "query", .type = GF_T_STRING, .where = GF_IN_QUERY,
     .text = "only those whose name contains this"},
                 {.name = "name", .type = GF_T_STRING, .where = GF_IN_QUERY, .text = "only the one of this name"}},
     .keys = {{"orgs", "list", "{id, name}"}}, .rule = &gf_rule_get_orgs},
    {.name = "get_user", .group = USERS, .summary = "One user, by id, login or email.", .method = "GET",
     .path = "/api/users/{user}", .see = "user-by-id user-lookup-login", .params = {USER},
     .keys = {{"user", "object", "{id, login, email, name, isGrafanaAdmin, …}"}}, .statuses = "not-found",
     .rule = &gf_rule_get_user},
    {.name = "get_user_orgs", .group = USERS, .summary = "The organisations of a user.", .method = "GET",
     .path = "/api/users/{user}/orgs", .see = "user-orgs", .params = {USER}, .keys = {{"orgs", "list",
     "{orgId, name, role}"}},
     .statuses = "not-found", .rule = &gf_rule_get_user_orgs},
    {.name = "get_users", .group = USERS, .summary = "All users of the server.", .method = "GET",
     .path = "/api/users/search",
     .see = "users-search",
     .options = {{.name = "query", .type = GF_T_STRING, .where = GF_IN_QUERY,
     .text = "only those whose login, email or name contains this"}},
     .keys = {{"users", "list", "{id, login, email, name, isAdmin, …}"}}, .rule = &gf_rule_get_users},
    {.name = "grant_dashboard_permissions", .group = PERMISSIONS,
     .summary = "Give permissions for a dashboard to roles, teams and users by their names.", .method = "POST",
     .path = "/api/dashboards/id/{dashboard}/permissions", .see = "dperm-set-uid dperm-after team-search org-users-current",
     .params = {ORG, DASHBOARD, GRANTS}, .options = {KEEP}, .keys = {GRANTED, SKIPPED},
     .statuses = "not-found invalid-data missing-mandatory-data", .rule = &gf_rule_grant_dashboard_permissions},
    {.name = "grant_folder_permissions", .group = PERMISSIONS,
     .summary = "Give permissions for a folder to roles, teams and users by their names.", .method = "POST",
     .path = "/api/folders/{uid}/permissions", .see = "folder-perm-set folder-perm-after team-search org-users-current",
     .params = {ORG, FOLDER_UID, GRANTS}, .options = {KEEP}, .keys = {GRANTED, SKIPPED},
     .statuses = "not-found invalid-data missing-mandatory-data", .rule = &gf_rule_grant_folder_permissions},
    {.name = "health", .group = "Server", .summary = "What the server says of its own health.", .method = "GET",
     .path = "/api/health", .see = "health", .keys = {{"health", "object", "{database, version, commit}"}},
     .rule = &gf_rule_server_health},
    {.name = "lookup_current_org_users", .group = ORGS,
     .summary = "The members of the credentials' own organisation, as few fields as an editor may see.",
     .method = "GET",
     .path = "/api/org/users/lookup", .see = "org-users-lookup",
     .options = {{.name = "query", .type = GF_T_STRING, .where = GF_IN_QUERY,
     .text = "only those whose login, email or name contains this"},
                 {.name = "limit", .type = GF_T_INT, .where = GF_IN_QUERY, .text = "at most so many"}},
     .keys = {{"users", "list", "{userId, login, avatarUrl}"}}, .rule = &gf_rule_lookup_current_org_users},
    {.name = "move_folder", .group = TEAMS, .summary = "Move a folder into another, or to the root.", .method = "POST",
     .path = "/api/folders/{uid}/move", .see = "folder-move folder-move-none",
     .params = {ORG, FOLDER_UID, {.name = "parent", .type = GF_T_STRING_OR_NULL, .where = GF_IN_BODY, .wire = "parentUid",
                                  .text = "uid of the folder to move it into; grafana.null is the root"}},
     .keys = {FOLDER}, .statuses = "not-found already-exists invalid-data", .rule = &gf_rule_move_folder},
    {.name = "restore_dashboard_version", .group = DASHBOARDS,
     .summary = "Make an old version of a dashboard the newest.",
     .method = "POST", .path = "/api/dashboards/uid/{uid}/restore", .see = "dash-restore",
     .params = {ORG, UID, {.name = "version", .type = GF_T_INT, .where = GF_IN_BODY,
     .text = "the version to restore"}},
     .keys = {{"version", "integer", "the new version"}}, .statuses = "not-found", .rule = &gf_rule_restore_version},
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
     .keys = {{"hits", "list", "{uid, title, url, type, tags, folderUid, …}"}}, .rule = &gf_rule_search},
    {.name = "set_user_admin", .group = USERS, .summary = "Give or take a user the rights of a server admin.",
     .method = "PUT", .path = "/api/admin/users/{user}/permissions", .see = "user-permissions",
     .params = {USER, {.name = "admin", .type = GF_T_BOOL, .where = GF_IN_BODY, .wire = "isGrafanaAdmin",
     .text = "server admin or not"}},
     .statuses = "not-found", .rule = &gf_rule_about_user},
    {.name = "set_user_password", .group = USERS, .summary = "Set a user's password.", .method = "PUT",
     .path = "/api/admin/users/{user}/password", .see = "user-password",
     .params = {USER, {.name = "password", .type = GF_T_STRING, .where = GF_IN_BODY, .text = "the new password"}},
     .statuses = "not-found invalid-data", .rule = &gf_rule_set_user_password},
    {.name = "update_current_org", .group = ORGS, .summary = "Rename the credentials' own organisation.",
     .method = "PUT",
     .path = "/api/org", .see = "org-current-update", .params = {NAME("its new name")}, .statuses = "already-exists",
     .rule = &gf_rule_update_current_org},
    {.name = "update_current_org_user", .group = ORGS,
     .summary = "Change a member's role in the credentials' own organisation.",
     .method = "PATCH", .path = "/api/org/users/{user}", .see = "org-user-current-update", .params = {USER, ROLE},
     .statuses = "invalid-data user-not-found", .rule = &gf_rule_update_org_user},
    {.name = "update_dashboard_permissions", .group = PERMISSIONS,
     .summary = "Replace all permissions of a dashboard; no items take all away.", .method = "POST",
     .path = "/api/dashboards/id/{dashboard}/permissions", .see = "dperm-set-uid dperm-set-id dperm-set-empty dperm-set-badperm dperm-set-dup",
     .params = {ORG, DASHBOARD, ITEMS}, .statuses = "not-found user-not-found invalid-data",
     .rule = &gf_rule_update_dashboard_permissions},
    {.name = "update_datasource", .group = DATASOURCES,
     .summary = "Change some keys of a data source; the rest and the secrets stay.", .method = "PUT",
     .path = "/api/datasources/uid/{uid}", .see = "ds-update-uid",
     .params = {ORG, DATASOURCE, {.name = "changes", .type = GF_T_OBJECT, .lists = DATASOURCE_LISTS,
                                  .text = "merged as RFC 7396 says: objects deep, lists replaced, grafana.null removes"}},
     .keys = {{"datasource", "object", "as the server has it now"}},
     .statuses = "not-found already-exists invalid-data",
     .rule = &gf_rule_update_datasource},
    {.name = "update_folder", .group = TEAMS,
     .summary = "Change a folder's title or description, unless somebody else has changed it meanwhile.", .method = "PUT",
     .path = "/api/folders/{uid}", .see = "folder-update folder-update-none",
     .params = {ORG, FOLDER_UID, {.name = "changes", .type = GF_T_OBJECT,
                                  .text = "{title, description, version, overwrite}; what is not named stays"}},
     .keys = {FOLDER}, .statuses = "not-found already-exists invalid-data", .rule = &gf_rule_update_folder},
    {.name = "update_folder_permissions", .group = PERMISSIONS,
     .summary = "Replace all permissions of a folder; no items take all away.", .method = "POST",
     .path = "/api/folders/{uid}/permissions", .see = "folder-perm-set folder-perm-after", .params = {ORG, FOLDER_UID, ITEMS},
     .statuses = "not-found user-not-found invalid-data", .rule = &gf_rule_update_folder_permissions},
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
     .statuses = "already-exists not-found invalid-data missing-mandatory-data", .rule = &gf_rule_save_dashboard},
    {.name = "update_org", .group = ORGS, .summary = "Rename an organisation.", .method = "PUT",
     .path = "/api/orgs/{id}",
     .see = "org-update",
     .params = {{.name = "id", .type = GF_T_INT, .where = GF_IN_PATH,
     .text = "id of the organisation"}, NAME("its new name")},
     .statuses = "not-found already-exists", .rule = &gf_rule_update_org},
    {.name = "update_org_user", .group = ORGS, .summary = "Change a member's role in an organisation.",
     .method = "PATCH",
     .path = "/api/orgs/{org}/users/{user}", .see = "orguser-update", .params = {ORG, USER, ROLE},
     .statuses = "invalid-data user-not-found not-found", .rule = &gf_rule_update_org_user},
    {.name = "update_user", .group = USERS, .summary = "Change a user's name, email or login.", .method = "PUT",
     .path = "/api/users/{user}", .see = "user-update",
     .params = {USER, {.name = "changes", .type = GF_T_OBJECT, .where = GF_IN_WHOLE_BODY, .required = "login|email",
                       .text = "{name, email, login}; login or email must be there, and what is not named stays"}},
     .statuses = "not-found already-exists missing-mandatory-data", .rule = &gf_rule_update_user},
    {.name = "version", .group = "Server", .summary = "The server's version, which is read once.", .method = "GET",
     .path = "/api/health",
     .see = "health", .keys = {{"version", "string", "\"12.4.3\""}}, .rule = &gf_rule_server_version},
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
