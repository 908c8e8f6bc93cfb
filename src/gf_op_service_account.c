/* SPDX-License-Identifier: MIT
 *
 * Service accounts and their tokens. */
#include "gf_op_parts.h"

#define ACCOUNT_PAGES                                                                                        \
  {                                                                                                          \
    .list = "/serviceAccounts", .size_param = "perpage", .first = 1, .total = "/totalCount",                 \
    .identity = "id"                                                                                         \
  }
static const gf_paging account_pages = ACCOUNT_PAGES;

/* "bad request data" says the server to anything that it cannot read; a role is the likeliest. */
static bool names_unknown_role(const gf_call *call) {
  static const char *const roles[] = {"None", "Viewer", "Editor", "Admin"};
  gf_str role;
  if (!gf_value_string(gf_value_get(gf_data_of(call), "role"), &role) || role.n == 0) return false;
  for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
    if (gf_str_ieq(role, roles[i])) return false;
  return true;
}

static void take_created(gf_call *call, gf_exchange *x) {
  if (x->purpose == GF_MAIN && x->verdict.status == GF_INVALID_DATA && names_unknown_role(call))
    x->verdict = (gf_verdict){.status = GF_ROLE_NOT_FOUND, .code = x->code, .say = "there is no role {role}"};
  gf_row_answer(call, x);
}

/* clang-format off */

#define NO_ACCOUNT(var) "there is no service account " var
#define NO_TOKEN "the service account {account} has no token {token}"
#define ACCOUNT_404(var) {404, "service account", GF_NOT_FOUND, GF_REASON_NONE, NO_ACCOUNT(var)}
#define ACCOUNT_EXISTS(var)                                                                                            \
  .in_org = true, .get = "/api/serviceaccounts/" var, .missing = GF_NOT_FOUND, .say = NO_ACCOUNT(var)
#define ACCOUNT {"account", GF_NOT_FOUND, NO_ACCOUNT("{account}")}
#define NAME_IS_TAKEN(code, words)                                                                                     \
  {code, words, GF_ALREADY_EXISTS, GF_NAME_EXISTS, "a service account has the name {name}, or nearly the same"}
#define TOKEN_IS_TAKEN(code)                                                                                           \
  {code, "already exists", GF_ALREADY_EXISTS, GF_NAME_EXISTS,                                                          \
   "a service account of the organisation has a token {name} already"}

/* The server refuses names that differ in case, or in spaces and dashes, too: then it is not told whose it is. */
const gf_op_rule gf_rule_create_service_account = {
    .org_header = true,
    .picks = {{"id", "/id"}},
    .rules = {NAME_IS_TAKEN(400, "already exists"), NAME_IS_TAKEN(400, "failed to create service account"),
              NAME_IS_TAKEN(409, NULL)},
    .probes = {{.when = GF_ON_STATUS, .status = GF_ALREADY_EXISTS, .in_org = true,
                .get = "/api/serviceaccounts/search?query={name}", .pages = &account_pages, .find = "name",
                .by = "name", .only_one = true, .pointer = "/id", .key = "id"}},
    .on_answer = take_created,
};

const gf_op_rule gf_rule_get_service_accounts = {
    .org_header = true,
    .paging = ACCOUNT_PAGES,
};

const gf_op_rule gf_rule_delete_service_account = {
    .org_header = true,
    .ids = {{"id", GF_NOT_FOUND, NO_ACCOUNT("{id}")}},
    .rules = {ACCOUNT_404("{id}")},
    .probes = {{VAGUE, ACCOUNT_EXISTS("{id}")}},
};

/* A name may be taken by a token of another account: then it has no id here. */
const gf_op_rule gf_rule_create_token = {
    .org_header = true,
    .ids = {ACCOUNT},
    .picks = {{"id", "/id"}, {"key", "/key"}},
    .rules = {ACCOUNT_404("{account}"), TOKEN_IS_TAKEN(400), TOKEN_IS_TAKEN(409)},
    .probes = {{.when = GF_ON_STATUS, .status = GF_ALREADY_EXISTS, .in_org = true,
                .get = "/api/serviceaccounts/{account}/tokens", .find = "name", .by = "name", .only_one = true,
                .pointer = "/id", .key = "id"},
               {VAGUE, ACCOUNT_EXISTS("{account}")}},
};

/* An account that does not exist has no tokens, says the server. */
const gf_op_rule gf_rule_get_tokens = {
    .org_header = true,
    .ids = {ACCOUNT},
    .paging = {.list = "", .identity = "id"},
    .rules = {ACCOUNT_404("{account}")},
    .probes = {{.when = GF_ON_EMPTY, ACCOUNT_EXISTS("{account}")}},
};

const gf_op_rule gf_rule_delete_token = {
    .org_header = true,
    .ids = {ACCOUNT, {"token", GF_NOT_FOUND, NO_TOKEN}},
    .rules = {{404, "token", GF_NOT_FOUND, GF_REASON_NONE, NO_TOKEN}, ACCOUNT_404("{account}")},
    .probes = {{VAGUE, .in_org = true, .get = "/api/serviceaccounts/{account}/tokens", .find = "token", .by = "id",
                .pointer = "/id", .missing = GF_NOT_FOUND, .say = NO_TOKEN}},
};

/* clang-format on */
