/* SPDX-License-Identifier: MIT
 *
 * The panels of a dashboard, as rows of small documents of their own: the dashboard itself need not stay. */
#include "gf_internal.h"

typedef struct maker {
  yyjson_mut_doc *tree;
  gf_value answer;        /* what is read */
  yyjson_mut_val *rows;   /* what is written */
  gf_value url, uid, title;
  bool with_rows;
  bool failed;
} maker;

/* Strings are not copied: the rows are copied as a whole before the answer goes. */
static void put(maker *m, yyjson_mut_val *row, const char *key, gf_value v) {
  gf_str text;
  if (gf_value_is_absent(v)) return;
  yyjson_mut_val *copy = gf_value_string(v, &text) ? yyjson_mut_strn(m->tree, text.p, text.n)
                                                   : yyjson_val_mut_copy(m->tree, v.node);
  if (!copy || !yyjson_mut_obj_add(row, yyjson_mut_str(m->tree, key), copy)) m->failed = true;
}

/* What is wanted of a panel, found in one pass over its members. */
typedef struct panel {
  gf_value id, title, type, panels;
  bool is_row;
} panel;

static void look_at(panel *p, gf_doc *doc, gf_str key, void *node) {
  gf_value v = {doc, node};
  if (key.n == 2 && memcmp(key.p, "id", 2) == 0) p->id = v;
  else if (key.n == 4 && memcmp(key.p, "type", 4) == 0) p->type = v;
  else if (key.n == 5 && memcmp(key.p, "title", 5) == 0) p->title = v;
  else if (key.n == 6 && memcmp(key.p, "panels", 6) == 0) p->panels = v;
}

static panel read_panel(gf_value object) {
  panel p = {.is_row = false};
  gf_str key, type;
  gf_iter it = gf_iterate(object);
  for (void *k, *node; gf_iter_next(&it, &k, &node);) {
    key = (gf_str){unsafe_yyjson_get_str(k), unsafe_yyjson_get_len(k)};
    look_at(&p, object.doc, key, node);
  }
  p.is_row = gf_value_string(p.type, &type) && gf_str_eq(type, "row");
  return p;
}

static void add_row(maker *m, const panel *p) {
  yyjson_mut_val *row = yyjson_mut_obj(m->tree);
  if (!row || !yyjson_mut_arr_append(m->rows, row)) {
    m->failed = true;
    return;
  }
  put(m, row, "id", p->id);
  put(m, row, "title", p->title);
  put(m, row, "type", p->type);
  put(m, row, "ds_url", m->url);
  put(m, row, "ds_id", m->uid);
  put(m, row, "dashboard_title", m->title);
}

static bool is_object(gf_value v) { return !gf_value_is_absent(v) && unsafe_yyjson_is_obj(v.node); }

/* The panels of a list; `nested` are those inside a row, which holds no further rows. */
static void add_panels(maker *m, gf_value list, bool nested) {
  if (gf_value_is_absent(list) || !unsafe_yyjson_is_arr(list.node)) return;
  gf_iter it = gf_iterate(list);
  for (void *k, *node; gf_iter_next(&it, &k, &node);) {
    gf_value object = {list.doc, node};
    if (!is_object(object)) continue;
    panel p = read_panel(object);
    if (!p.is_row || m->with_rows) add_row(m, &p);
    if (p.is_row && !nested) add_panels(m, p.panels, true);
  }
}

/* Before schema version 16 the panels lived inside "rows". */
static void add_old_rows(maker *m, gf_value rows) {
  if (gf_value_is_absent(rows) || !unsafe_yyjson_is_arr(rows.node)) return;
  gf_iter it = gf_iterate(rows);
  for (void *k, *node; gf_iter_next(&it, &k, &node);) add_panels(m, gf_value_get((gf_value){rows.doc, node}, "panels"), true);
}

static void make_rows(maker *m) {
  gf_value dashboard = gf_value_get(m->answer, "dashboard");
  m->url = gf_value_pointer(m->answer, "/meta/url");
  m->uid = gf_value_get(dashboard, "uid");
  m->title = gf_value_get(dashboard, "title");
  m->rows = yyjson_mut_arr(m->tree);
  if (!m->rows) {
    m->failed = true;
    return;
  }
  add_panels(m, gf_value_get(dashboard, "panels"), false);
  add_old_rows(m, gf_value_get(dashboard, "rows"));
}

static yyjson_mut_val *make_dashboard(maker *m) {
  yyjson_mut_val *row = yyjson_mut_obj(m->tree);
  if (!row) return NULL;
  put(m, row, "uid", m->uid);
  put(m, row, "title", m->title);
  put(m, row, "url", m->url);
  if (!yyjson_mut_obj_add(row, yyjson_mut_str(m->tree, "panels"), m->rows)) m->failed = true;
  return row;
}

static gf_doc *make(const gf_allocator *alloc, gf_value answer, bool with_rows, bool dashboard) {
  gf_doc *tree = gf_doc_new(alloc), *rows = NULL;
  if (!tree) return NULL;
  maker m = {.tree = tree->store->tree, .answer = answer, .with_rows = with_rows};
  make_rows(&m);
  yyjson_mut_val *root = m.failed ? NULL : dashboard ? make_dashboard(&m) : m.rows;
  if (root && !m.failed) {
    gf_doc_set_root(tree, root);
    rows = gf_doc_compact(gf_doc_root(tree));
  }
  gf_doc_release(tree);
  return rows;
}

gf_doc *gf_panel_rows(const gf_allocator *alloc, gf_value answer, bool with_rows) {
  return make(alloc, answer, with_rows, false);
}

gf_doc *gf_dashboard_row(const gf_allocator *alloc, gf_value answer, bool with_rows) {
  return make(alloc, answer, with_rows, true);
}
