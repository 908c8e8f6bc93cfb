/* SPDX-License-Identifier: MIT
 *
 * gf_permissions.h: what the permissions of dashboards, folders and data sources have in common, and what gf_op_permission.c
 * and gf_op_grant.c tell each other. Internal to the core.
 */
#ifndef GF_PERMISSIONS_H
#define GF_PERMISSIONS_H

#include "gf_internal.h"

/* ------------------------------------------------------------------------------------- whom, and what: gf_subject.c -- */

typedef enum gf_subject_kind { GF_ROLE, GF_TEAM, GF_USER } gf_subject_kind;

/* Who gets a permission. */
typedef struct gf_grant {
  gf_subject_kind kind;
  gf_str name; /* of a role; of a team or a user as the caller wrote it, then as the server has it */
  int64_t id;  /* of a team or a user; 0: not known (yet) */
  int64_t permission;
  bool was_there; /* it was not asked for */
} gf_grant;

bool gf_is_role(gf_str name);
bool gf_is_nobody(gf_value v);        /* what servers show, and take, for nobody: nothing, null, 0, "" */
int64_t gf_permission_of(gf_value v); /* 1, 2, 4 for these or their names; 0 for anything else */
/* An item as servers take and show it. What is wrong with it, or NULL. */
const char *gf_read_permission(gf_value item, gf_grant *g);
bool gf_is_same_subject(const gf_grant *a, const gf_grant *b);

/* ------------------------------------------------------------------------------ of dashboards and folders: the state -- */

typedef struct gf_permissions {
  int looking; /* which list is being read */
  gf_grant *grants;
  size_t n, cap;
  bool found_any;           /* one of the lists that were read had something in it */
  gf_list teams, members;   /* rows of those that are wanted */
  gf_list granted, skipped; /* of the result */
  gf_verdict failed;        /* an update that is looked into, */
  int attempts;             /* and what is told of its requests */
  bool maybe_arrived;
  size_t item; /* whose user is looked at */
} gf_permissions;

/* What its requests are for. */
enum { GF_FIND = GF_OWN_PURPOSE, GF_TEAMS, GF_MEMBERS, GF_LOGINS, GF_ACCOUNT, GF_CURRENT, GF_ORG };

/* --- gf_op_permission.c --- */
gf_permissions *gf_permissions_of(gf_call *call); /* NULL without memory; the call has ended then */
bool gf_is_of_dashboard(const gf_call *call);
const char *gf_permissions_path(const gf_call *call);
/* Read a list of which the rows that are wanted end in the state. */
bool gf_find_dashboard(gf_call *call); /* false: it needs not be found */
void gf_find_teams(gf_call *call);
void gf_find_members(gf_call *call);

/* --- gf_op_grant.c: what follows on each of them --- */
bool gf_is_granted(const gf_permissions *p, gf_subject_kind kind,
                   gf_value row); /* is it among those named? */
void gf_grant_to_teams(gf_call *call);
void gf_grant_to_users(gf_call *call);
void gf_grant_to_all(gf_call *call);
void gf_grant_take_current(gf_call *call, gf_exchange *x);
void gf_grant_take_org(gf_call *call, gf_exchange *x);
void gf_grant_put(gf_call *call); /* what has been granted, into the result */

#endif
