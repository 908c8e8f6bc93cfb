/* SPDX-License-Identifier: MIT
 *
 * Which items of a list belong to a result, where not every server looks itself. */
#include "gf_internal.h"

/* `query` in name, login or email: 9.3.2 does not look, 12.4.3 does. */
bool gf_keep_matching_user(gf_call *call, gf_value item) {
  static const char *const keys[] = {"login", "email", "name"};
  const gf_arg *query = gf_option_of(call, "query");
  gf_str text;
  if (!query || query->string.n == 0) return true;
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
    if (gf_value_string(gf_value_get(item, keys[i]), &text) && gf_str_contains_ci(text, query->string.p))
      return true;
  return false;
}

static bool names_folder(gf_str wanted, gf_str folder) {
  if (gf_str_eq(wanted, "sharedwithme")) return true; /* the server's own idea */
  bool root = wanted.n == 0 || gf_str_eq(wanted, "general");
  return root ? folder.n == 0 : gf_str_same(wanted, folder);
}

/* `folderUIDs`: 9.3.2 takes no notice of them. */
bool gf_keep_in_folders(gf_call *call, gf_value item) {
  const gf_arg *folders = gf_option_of(call, "folderUIDs");
  gf_str folder = {NULL, 0}, wanted;
  if (!folders) return true;
  gf_value_string(gf_value_get(item, "folderUid"), &folder);
  if (folders->kind == GF_ARG_STRING) return names_folder(folders->string, folder);
  gf_iter it = gf_iterate(gf_doc_root(folders->doc));
  if (it.left == 0) return true;
  for (void *k, *v; gf_iter_next(&it, &k, &v);)
    if (gf_value_string((gf_value){folders->doc, v}, &wanted) && names_folder(wanted, folder)) return true;
  return false;
}
