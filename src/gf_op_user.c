/* SPDX-License-Identifier: MIT
 *
 * Users of the server. */
#include "gf_op_parts.h"

/* clang-format off */

const gf_op_rule gf_rule_create_user = {
    .picks = {{"id", "/id"}},
    .rules = {USER_TAKEN,
              {400, "organization not found", GF_NOT_FOUND, GF_ORG_NOT_FOUND,
               "there is no organisation with the id {OrgId}"},
              {400, "org.notFound", GF_NOT_FOUND, GF_ORG_NOT_FOUND, "there is no organisation with the id {OrgId}"}},
    .probes = {USER_OF("login"), USER_OF("email")},
};

const gf_op_rule gf_rule_update_user = {
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

const gf_op_rule gf_rule_get_user = {
    .id = "user",
    .text_path = "/api/users/lookup?loginOrEmail={user}",
    .picks = {{"user", ""}},
    .rules = {{404, "user", GF_NOT_FOUND, GF_REASON_NONE, NO_USER}},
};

const gf_op_rule gf_rule_get_users = {
    .paging = {.list = "/users", .size_param = "perpage", .first = 1, .total = "/totalCount", .identity = "id"},
};

const gf_op_rule gf_rule_get_user_orgs = {
    .paging = {.list = "", .identity = "orgId"},
    .rules = {{404, "user", GF_NOT_FOUND, GF_REASON_NONE, NO_USER}},
    .probes = {USER_ID, {.when = GF_ON_EMPTY, .get = "/api/users/{user}", .missing = GF_NOT_FOUND, .say = NO_USER}},
};

const gf_op_rule gf_rule_get_current_user = {.picks = {{"user", ""}}};

const gf_op_rule gf_rule_get_current_user_orgs = {.paging = {.list = "", .identity = "orgId"}};

const gf_op_rule gf_rule_about_user = {
    .rules = {{404, "user", GF_NOT_FOUND, GF_REASON_NONE, NO_USER}},
    .probes = {USER_ID, USER_EXISTS},
};

/* 12.4.3 says 500 to a password that its policy refuses, and to a user that is not there. */
const gf_op_rule gf_rule_set_user_password = {
    .rules = {{404, "user", GF_NOT_FOUND, GF_REASON_NONE, NO_USER}},
    .probes = {USER_ID,
               {.when = GF_ON_STATUS, .status = GF_ERROR, .only_reason = GF_SERVER_ERROR, .get = "/api/users/{user}",
                .missing = GF_NOT_FOUND, .found = GF_INVALID_DATA,
                .say = "the server refuses this password: it may be too short, or against its policy",
                .say_missing = NO_USER}},
};

/* clang-format on */
