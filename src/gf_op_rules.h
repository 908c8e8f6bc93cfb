/* SPDX-License-Identifier: MIT
 *
 * gf_op_rules.h: how each operation of the table is done, by area; defined in gf_op_<area>.c.
 */
#ifndef GF_OP_RULES_H
#define GF_OP_RULES_H

#include "gf_rules.h"

/* clang-format off */
extern const gf_op_rule
    /* gf_op_org.c */
    gf_rule_add_org_user,
    gf_rule_update_org_user,
    gf_rule_delete_org_user,
    gf_rule_get_org_users,
    gf_rule_create_org,
    gf_rule_get_orgs,
    gf_rule_get_org,
    gf_rule_update_org,
    gf_rule_delete_org,
    gf_rule_get_current_org,
    gf_rule_update_current_org,
    gf_rule_get_current_org_users,
    gf_rule_lookup_current_org_users,
    /* gf_op_user.c */
    gf_rule_create_user,
    gf_rule_update_user,
    gf_rule_get_user,
    gf_rule_get_users,
    gf_rule_get_user_orgs,
    gf_rule_get_current_user,
    gf_rule_get_current_user_orgs,
    gf_rule_about_user,
    gf_rule_set_user_password,
    /* gf_op_dashboard.c */
    gf_rule_get_dashboard,
    gf_rule_save_dashboard,
    gf_rule_delete_dashboard,
    gf_rule_listing,
    gf_rule_dashboard_panels,
    gf_rule_search,
    gf_rule_dashboards_with_tag,
    gf_rule_dashboard_versions,
    gf_rule_restore_version,
    /* gf_op_datasource.c */
    gf_rule_create_datasource,
    gf_rule_get_datasource,
    gf_rule_get_datasources,
    gf_rule_update_datasource,
    gf_rule_delete_datasource,
    gf_rule_check_datasource,
    /* gf_op_call.c, gf_op_request.c */
    gf_rule_call,
    gf_rule_request,
    /* gf_op_team.c */
    gf_rule_create_team,
    gf_rule_get_teams,
    gf_rule_get_team,
    gf_rule_update_team,
    gf_rule_delete_team,
    gf_rule_get_team_members,
    gf_rule_add_team_member,
    gf_rule_delete_team_member,
    /* gf_op_service_account.c */
    gf_rule_create_service_account,
    gf_rule_get_service_accounts,
    gf_rule_delete_service_account,
    gf_rule_create_token,
    gf_rule_get_tokens,
    gf_rule_delete_token,
    /* gf_op_folder.c */
    gf_rule_create_folder,
    gf_rule_get_folders,
    gf_rule_get_folder,
    gf_rule_update_folder,
    gf_rule_move_folder,
    gf_rule_delete_folder,
    /* gf_op_permission.c */
    gf_rule_get_dashboard_permissions,
    gf_rule_update_dashboard_permissions,
    gf_rule_grant_dashboard_permissions,
    gf_rule_get_folder_permissions,
    gf_rule_update_folder_permissions,
    gf_rule_grant_folder_permissions,
    /* gf_op_server.c */
    gf_rule_server_health,
    gf_rule_server_version,
    /* gf_op_datasource_permission.c */
    gf_rule_get_datasource_permissions,
    gf_rule_enable_datasource_permissions,
    gf_rule_disable_datasource_permissions,
    gf_rule_add_datasource_permission,
    gf_rule_remove_datasource_permission;
/* clang-format on */

#endif
