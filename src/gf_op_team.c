/* SPDX-License-Identifier: MIT
 *
 * Teams and their members. A team given as a string is a uid or a name, and its id is looked up, for no server takes a name
 * in a path, 9.x takes no uid there either, and one that is all digits would be read as an id. The uid comes first: uids
 * are the server's own, while who may name a team could give it the uid of another as its name.
 */
#include "gf_op_parts.h"

static const gf_paging team_pages = {TEAM_PAGES};

/* An empty name would change nothing, and the server would say that it has. */
static void check_changes(gf_call *call) { gf_refuse_empty(call, "name"); }

/* clang-format off */

#define NO_TEAM "there is no team {team}"
#define NO_TEAM_404 {404, "team", GF_NOT_FOUND, GF_REASON_NONE, NO_TEAM}
#define NAME_IS_TAKEN(code) {code, "name taken", GF_ALREADY_EXISTS, GF_NAME_EXISTS, "there is a team {name} already"}

/* Numbers that are nobody's: the members of team 0 are those of all teams to 12.4.3. */
#define TEAM {"team", GF_NOT_FOUND, NO_TEAM}
#define USER {"user", GF_USER_NOT_FOUND, NO_USER}

/* The team that has the uid, else the name. */
#define TEAM_OF(...)                                                                                                   \
  {.when = GF_BEFORE, .only_uid = "team", .in_org = true, .get = "/api/teams/{team}", .find = "team", .by = "uid",     \
   .only_one = true, .way = GF_IF_MISSING, __VA_ARGS__},                                                               \
  {.when = GF_BEFORE, .only_text = "team", .in_org = true, .get = "/api/teams/search?name={team}",                     \
   .pages = &team_pages, .find = "team", .by = "name", .only_one = true, .missing = GF_NOT_FOUND, .say = NO_TEAM,      \
   __VA_ARGS__}
#define TEAM_ID TEAM_OF(.pointer = "/id", .var = "team")
/* The one that has the name already. */
#define TEAM_OF_NAME                                                                                                   \
  {.when = GF_ON_STATUS, .status = GF_ALREADY_EXISTS, .in_org = true, .get = "/api/teams/search?name={name}",          \
   .pages = &team_pages, .find = "name", .by = "name", .only_one = true, .pointer = "/id", .key = "id", .also = "uid"}
#define TEAM_EXISTS .in_org = true, .get = "/api/teams/{team}", .missing = GF_NOT_FOUND, .say = NO_TEAM
#define USER_OF_LOGIN                                                                                                  \
  {.when = GF_BEFORE, .only_text = "user", .in_org = true, .get = "/api/org/users/lookup", .find = "user",             \
   .by = "login", .pointer = "/userId", .var = "user", .missing = GF_USER_NOT_FOUND, .say = NO_MEMBER}

const gf_op_rule gf_rule_create_team = {
    .org_header = true,
    .picks = {{"id", "/teamId"}, {"uid", "/uid", true}},
    .rules = {NAME_IS_TAKEN(409), NAME_IS_TAKEN(400)},
    .probes = {TEAM_OF_NAME},
};

const gf_op_rule gf_rule_get_teams = {
    .org_header = true,
    .paging = {TEAM_PAGES},
};

const gf_op_rule gf_rule_get_team = {
    .org_header = true,
    .ids = {TEAM},
    .picks = {{"team", ""}},
    .rules = {NO_TEAM_404},
    .probes = {TEAM_OF(.key = "team", .pointer = "", .is_answer = true)},
};

/* The server replaces name and email alike. */
const gf_op_rule gf_rule_update_team = {
    .org_header = true,
    .ids = {TEAM},
    .rules = {NO_TEAM_404, NAME_IS_TAKEN(400), NAME_IS_TAKEN(409)},
    .probes = {TEAM_ID, {.when = GF_BEFORE, .pointer = "/id", .keep = "name email", TEAM_EXISTS}, TEAM_OF_NAME,
               {VAGUE, TEAM_EXISTS}},
    .check = check_changes,
};

const gf_op_rule gf_rule_delete_team = {
    .org_header = true,
    .ids = {TEAM},
    .rules = {NO_TEAM_404},
    .probes = {TEAM_ID, {VAGUE, TEAM_EXISTS}},
};

/* A team that does not exist has no members, says the server. */
const gf_op_rule gf_rule_get_team_members = {
    .org_header = true,
    .ids = {TEAM},
    .paging = {.list = "", .identity = "userId"},
    .rules = {NO_TEAM_404},
    .probes = {TEAM_ID, {.when = GF_ON_EMPTY, TEAM_EXISTS}},
};

/* The server takes the id of anybody, also of who may not enter the organisation: so who is meant is looked up among its
 * members. Who may change this team only may not ask for them: then an id goes as it is, and a login is looked up where
 * such a person may. */
const gf_op_rule gf_rule_add_team_member = {
    .org_header = true,
    .ids = {TEAM, USER},
    .rules = {NO_TEAM_404,
              {400, "already added", GF_ALREADY_EXISTS, GF_REASON_NONE, "the user {user} is in the team already"}},
    .probes = {TEAM_ID,
               {.when = GF_BEFORE, .in_org = true, .get = "/api/org/users", .find = "user", .by = "userId login email",
                .pointer = "/userId", .var = "user", .way = GF_IF_REFUSED, .missing = GF_USER_NOT_FOUND,
                .say = NO_MEMBER},
               USER_OF_LOGIN, ORG_EXISTS(GF_USER_NOT_FOUND), {VAGUE, TEAM_EXISTS},
               {VAGUE, .in_org = true, .get = "/api/org/users/lookup", .find = "user", .by = "userId",
                .pointer = "/userId", .missing = GF_USER_NOT_FOUND, .say = NO_MEMBER}},
};

/* Who is in the team may have left the organisation; who may change this team only gets an empty list of its members. */
const gf_op_rule gf_rule_delete_team_member = {
    .org_header = true,
    .ids = {TEAM, USER},
    .rules = {{404, "member not found", GF_USER_NOT_FOUND, GF_REASON_NONE, "the user {user} is not in the team"},
              NO_TEAM_404},
    .probes = {TEAM_ID,
               {.when = GF_BEFORE, .only_text = "user", .in_org = true, .get = "/api/teams/{team}/members",
                .find = "user", .by = "login email", .pointer = "/userId", .var = "user", .way = GF_IF_MISSING},
               USER_OF_LOGIN,
               {VAGUE, .in_org = true, .get = "/api/teams/{team}/members", .find = "user", .by = "userId",
                .pointer = "/userId", .missing = GF_USER_NOT_FOUND, .say = "the user {user} is not in the team"},
               {.when = GF_ON_STATUS, .status = GF_USER_NOT_FOUND, TEAM_EXISTS}},
};

/* clang-format on */
