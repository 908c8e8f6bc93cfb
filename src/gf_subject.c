/* SPDX-License-Identifier: MIT
 *
 * Whom a permission is for, and which it is: how servers say it, and what of it they would misunderstand without a word. */
#include "gf_permissions.h"

static const char *const role_names[] = {"Admin", "Editor", "Viewer"};

bool gf_is_role(gf_str name) {
  for (size_t i = 0; i < sizeof role_names / sizeof *role_names; i++)
    if (gf_str_eq(name, role_names[i])) return true;
  return false;
}

static bool is_permission(int64_t number) { return number == 1 || number == 2 || number == 4; }

int64_t gf_permission_of(gf_value v) {
  gf_str name;
  int64_t number = 0;
  if (gf_value_int(v, &number)) return is_permission(number) ? number : 0;
  if (!gf_value_string(v, &name)) return 0;
  return gf_str_eq(name, "View") ? 1 : gf_str_eq(name, "Edit") ? 2 : gf_str_eq(name, "Admin") ? 4 : 0;
}

bool gf_is_nobody(gf_value v) {
  gf_str text;
  int64_t number;
  if (!gf_value_is_given(v)) return true;
  return gf_value_string(v, &text) ? text.n == 0 : gf_value_int(v, &number) && number == 0;
}

static bool take_id(gf_value v, gf_grant *g, gf_subject_kind kind, int *subjects) {
  if (gf_is_nobody(v)) return true;
  g->kind = kind;
  ++*subjects;
  return gf_value_int(v, &g->id) && g->id > 0;
}

const char *gf_read_permission(gf_value item, gf_grant *g) {
  int subjects = 0;
  gf_value role = gf_value_get(item, "role");
  *g = (gf_grant){.kind = GF_ROLE};
  if (!unsafe_yyjson_is_obj(item.node)) return "is no object";
  if (!gf_is_nobody(role)) subjects++;
  if (!gf_is_nobody(role) && !(gf_value_string(role, &g->name) && gf_is_role(g->name)))
    return "has a role that is none of Viewer, Editor and Admin";
  if (!take_id(gf_value_get(item, "teamId"), g, GF_TEAM, &subjects)) return "has a teamId that is no id";
  if (!take_id(gf_value_get(item, "userId"), g, GF_USER, &subjects)) return "has a userId that is no id";
  if (subjects == 0) return "names neither role, nor teamId, nor userId";
  if (subjects > 1) return "names more than one of role, teamId and userId";
  bool known = gf_value_int(gf_value_get(item, "permission"), &g->permission) && is_permission(g->permission);
  return known ? NULL : "has a permission that is none of 1 (View), 2 (Edit) and 4 (Admin)";
}

bool gf_is_same_subject(const gf_grant *a, const gf_grant *b) {
  return a->kind == b->kind && (a->kind == GF_ROLE ? gf_str_same(a->name, b->name) : a->id == b->id);
}
