/* SPDX-License-Identifier: MIT
 *
 * Organisations and their members. */
#include "gf_op_parts.h"

/* clang-format off */

const gf_op_rule gf_rule_add_org_user = {
    .own_path = "/api/org/users",
    .picks = {{"id", "/userId"}},
    .rules = {{404, "user", GF_USER_NOT_FOUND, GF_REASON_NONE, "there is no user {login}"},
              {400, "bad request", GF_ROLE_NOT_FOUND, GF_REASON_NONE, "there is no role {role}"},
              {409, NULL, GF_ALREADY_EXISTS, GF_REASON_NONE, "the user {login} is a member already"}},
    .probes = {ORG_EXISTS(GF_ERROR, .only_reason = GF_SERVER_ERROR), ORG_EXISTS(GF_ACCESS_DENIED)},
};

const gf_op_rule gf_rule_update_org_user = {
    .own_path = "/api/org/users/{user}",
    .idempotent = true,
    .rules = {{400, "bad request", GF_INVALID_DATA, GF_REASON_NONE, "there is no role {role}"}},
    .probes = {{.when = GF_BEFORE, .only_text = "user", MEMBER_ID},
               {.when = GF_ON_STATUS, .status = GF_ERROR, .only_reason = GF_SERVER_ERROR, MEMBER_ID},
               ORG_EXISTS(GF_USER_NOT_FOUND),
               ORG_EXISTS(GF_ACCESS_DENIED)},
};

const gf_op_rule gf_rule_delete_org_user = {
    .own_path = "/api/org/users/{user}",
    .probes = {{.when = GF_BEFORE, MEMBER_ID}, ORG_EXISTS(GF_USER_NOT_FOUND), ORG_EXISTS(GF_ACCESS_DENIED)},
};

const gf_op_rule gf_rule_get_org_users = {
    .own_path = "/api/org/users",
    .paging = {.list = "", .identity = "userId"},
    .keep = gf_keep_matching_user,
    .probes = {{.when = GF_ON_EMPTY, .unless_own = true, .get = "/api/orgs/{org}", .missing = GF_NOT_FOUND,
                .missing_reason = GF_ORG_NOT_FOUND, .say = NO_ORG},
               ORG_EXISTS(GF_ACCESS_DENIED)},
};

const gf_op_rule gf_rule_create_org = {
    .picks = {{"id", "/orgId"}},
    .rules = {{409, NULL, GF_ALREADY_EXISTS, GF_NAME_EXISTS, "there is an organisation {name} already"}},
    .probes = {ORG_OF_NAME},
};

const gf_op_rule gf_rule_get_orgs = {.paging = {.list = "", .size_param = "perpage", .first = 0, .identity = "id"}};

const gf_op_rule gf_rule_get_org = {
    .id = "id",
    .text_path = "/api/orgs/name/{id}",
    .picks = {{"org", ""}},
    .rules = {{404, NULL, GF_NOT_FOUND, GF_ORG_NOT_FOUND, "there is no organisation {id}"}},
};

const gf_op_rule gf_rule_update_org = {
    .rules = {NAME_TAKEN, {404, NULL, GF_NOT_FOUND, GF_ORG_NOT_FOUND, "there is no organisation with the id {id}"}},
    .probes = {{.when = GF_ON_STATUS, .status = GF_ERROR, .only_reason = GF_SERVER_ERROR, .get = "/api/orgs/{id}",
                .missing = GF_NOT_FOUND, .missing_reason = GF_ORG_NOT_FOUND,
                .say = "there is no organisation with the id {id}"},
               ORG_OF_NAME},
};

const gf_op_rule gf_rule_delete_org = {
    .rules = {{404, NULL, GF_NOT_FOUND, GF_ORG_NOT_FOUND, "there is no organisation with the id {id}"}},
};

const gf_op_rule gf_rule_get_current_org = {.picks = {{"org", ""}}};

const gf_op_rule gf_rule_update_current_org = {.rules = {NAME_TAKEN}, .probes = {ORG_OF_NAME}};

const gf_op_rule gf_rule_get_current_org_users = {.paging = {.list = "", .identity = "userId"},
    .keep = gf_keep_matching_user};

const gf_op_rule gf_rule_lookup_current_org_users = {.paging = {.list = "", .identity = "userId"}};

/* clang-format on */
