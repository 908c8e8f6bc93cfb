/* SPDX-License-Identifier: MIT
 *
 * The panels of a dashboard, as rows of a small document of its own: the dashboard itself need not stay. There may be
 * hundreds of thousands of rows, so they are written straight into their final place, values and strings each in one
 * block, and what all rows of a dashboard share is stored once. */
#include "gf_internal.h"

/* What is wanted of a panel, found in one pass over its members. */
typedef struct panel {
  gf_value id, title, type, panels;
  bool is_row;
} panel;

typedef struct maker {
  const gf_allocator *alloc;
  panel *panels;
  size_t n, cap;
  gf_value uid, title, url; /* of the dashboard */
  bool with_rows;
  bool failed;
  yyjson_val *at;           /* where the next value goes */
  char *text;               /* where the next string goes */
} maker;

/* ----------------------------------------------------------------------------------------------------- collecting -- */

static bool is_object(gf_value v) { return !gf_value_is_absent(v) && unsafe_yyjson_is_obj(v.node); }
static bool is_list(gf_value v) { return !gf_value_is_absent(v) && unsafe_yyjson_is_arr(v.node); }

static void look_at(panel *p, gf_str key, gf_value v) {
  if (key.n == 2 && memcmp(key.p, "id", 2) == 0) p->id = v;
  else if (key.n == 4 && memcmp(key.p, "type", 4) == 0) p->type = v;
  else if (key.n == 5 && memcmp(key.p, "title", 5) == 0) p->title = v;
  else if (key.n == 6 && memcmp(key.p, "panels", 6) == 0) p->panels = v;
}

static panel read_panel(gf_value object) {
  panel p = {.is_row = false};
  gf_str type;
  gf_iter it = gf_iterate(object);
  for (void *k, *node; gf_iter_next(&it, &k, &node);) {
    const gf_str key = {unsafe_yyjson_get_str(k), unsafe_yyjson_get_len(k)};
    look_at(&p, key, (gf_value){object.doc, node});
  }
  p.is_row = gf_value_string(p.type, &type) && gf_str_eq(type, "row");
  return p;
}

static void add_panel(maker *m, const panel *p) {
  if (m->n == m->cap) {
    size_t cap = m->cap ? m->cap * 2 : 16;
    panel *panels = gf_resize(m->alloc, m->panels, cap * sizeof *panels);
    if (!panels) {
      m->failed = true;
      return;
    }
    m->panels = panels;
    m->cap = cap;
  }
  m->panels[m->n++] = *p;
}

/* The panels of a list; `nested` are those inside a row, which holds no further rows. */
static void add_panels(maker *m, gf_value list, bool nested) {
  if (!is_list(list)) return;
  gf_iter it = gf_iterate(list);
  for (void *k, *node; gf_iter_next(&it, &k, &node);) {
    gf_value object = {list.doc, node};
    if (!is_object(object)) continue;
    panel p = read_panel(object);
    if (!p.is_row || m->with_rows) add_panel(m, &p);
    if (p.is_row && !nested) add_panels(m, p.panels, true);
  }
}

/* Before schema version 16 the panels lived inside "rows". */
static void add_old_rows(maker *m, gf_value rows) {
  if (!is_list(rows)) return;
  gf_iter it = gf_iterate(rows);
  for (void *k, *node; gf_iter_next(&it, &k, &node);)
    add_panels(m, gf_value_get((gf_value){rows.doc, node}, "panels"), true);
}

static void collect(maker *m, gf_value answer) {
  gf_value dashboard = gf_value_get(answer, "dashboard");
  m->url = gf_value_pointer(answer, "/meta/url");
  m->uid = gf_value_get(dashboard, "uid");
  m->title = gf_value_get(dashboard, "title");
  add_panels(m, gf_value_get(dashboard, "panels"), false);
  add_old_rows(m, gf_value_get(dashboard, "rows"));
}

/* -------------------------------------------------------------------------------------------------------- writing -- */

/* A row shows scalars only: a title that is a table is none. */
static bool shows(gf_value v) { return !gf_value_is_absent(v) && !unsafe_yyjson_is_ctn(v.node); }

static bool is_text(gf_value v) { return unsafe_yyjson_is_str(v.node) || unsafe_yyjson_is_raw(v.node); }

static size_t text_size(gf_value v) { return shows(v) && is_text(v) ? unsafe_yyjson_get_len(v.node) + 1 : 0; }

/* A copy of a scalar whose text, if it has one, belongs to the new document. */
static yyjson_val copy(maker *m, gf_value v) {
  yyjson_val to = {0};
  if (!shows(v)) return to;
  to = *(yyjson_val *)v.node;
  if (!is_text(v)) return to;
  size_t n = unsafe_yyjson_get_len(v.node);
  memcpy(m->text, to.uni.str, n);
  m->text[n] = 0;
  to.uni.str = m->text;
  m->text += n + 1;
  return to;
}

static void write_key(maker *m, const char *key) {
  m->at->tag = ((uint64_t)strlen(key) << YYJSON_TAG_BIT) | YYJSON_TYPE_STR;
  m->at->uni.str = key; /* a constant */
  m->at++;
}

/* `value` has the type none where there is nothing to show. */
static void write_member(maker *m, const char *key, yyjson_val value, size_t *members) {
  if (unsafe_yyjson_get_type(&value) == YYJSON_TYPE_NONE) return;
  write_key(m, key);
  *m->at++ = value;
  ++*members;
}

static yyjson_val *open_container(maker *m) { return m->at++; }

static void close_container(maker *m, yyjson_val *container, uint8_t type, size_t members) {
  container->tag = ((uint64_t)members << YYJSON_TAG_BIT) | type;
  container->uni.ofs = (size_t)((char *)m->at - (char *)container);
}

typedef struct shared {
  yyjson_val url, uid, title;
} shared;

static void write_row(maker *m, const panel *p, const shared *of) {
  size_t members = 0;
  yyjson_val *row = open_container(m);
  write_member(m, "id", copy(m, p->id), &members);
  write_member(m, "title", copy(m, p->title), &members);
  write_member(m, "type", copy(m, p->type), &members);
  write_member(m, "ds_url", of->url, &members);
  write_member(m, "ds_id", of->uid, &members);
  write_member(m, "dashboard_title", of->title, &members);
  close_container(m, row, YYJSON_TYPE_OBJ, members);
}

static void write_rows(maker *m, const shared *of) {
  yyjson_val *rows = open_container(m);
  for (size_t i = 0; i < m->n; i++) write_row(m, &m->panels[i], of);
  close_container(m, rows, YYJSON_TYPE_ARR, m->n);
}

static void write_dashboard(maker *m, const shared *of) {
  size_t members = 1;
  yyjson_val *object = open_container(m);
  write_member(m, "uid", of->uid, &members);
  write_member(m, "title", of->title, &members);
  write_member(m, "url", of->url, &members);
  write_key(m, "panels");
  write_rows(m, of);
  close_container(m, object, YYJSON_TYPE_OBJ, members);
}

static gf_doc *write_all(maker *m, bool dashboard) {
  enum { VALUES_A_ROW = 1 + 2 * 6, VALUES_BESIDE = 1 + 1 + 2 * 3 + 1 };
  size_t bytes = text_size(m->url) + text_size(m->uid) + text_size(m->title);
  for (size_t i = 0; i < m->n; i++)
    bytes += text_size(m->panels[i].id) + text_size(m->panels[i].title) + text_size(m->panels[i].type);
  gf_doc *doc = gf_doc_new_fixed(m->alloc, m->n * VALUES_A_ROW + VALUES_BESIDE, bytes);
  if (!doc) return NULL;
  m->at = doc->store->fixed->root;
  m->text = doc->store->fixed->str_pool;
  const shared of = {copy(m, m->url), copy(m, m->uid), copy(m, m->title)};
  if (dashboard) write_dashboard(m, &of);
  else write_rows(m, &of);
  return doc;
}

static gf_doc *make(const gf_allocator *alloc, gf_value answer, bool with_rows, bool dashboard) {
  maker m = {.alloc = alloc, .with_rows = with_rows};
  collect(&m, answer);
  gf_doc *doc = m.failed ? NULL : write_all(&m, dashboard);
  gf_free(alloc, m.panels);
  return doc;
}

gf_doc *gf_panel_rows(const gf_allocator *alloc, gf_value answer, bool with_rows) {
  return make(alloc, answer, with_rows, false);
}

gf_doc *gf_dashboard_row(const gf_allocator *alloc, gf_value answer, bool with_rows) {
  return make(alloc, answer, with_rows, true);
}
