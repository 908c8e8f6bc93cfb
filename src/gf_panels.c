/* SPDX-License-Identifier: MIT
 *
 * The panels of a dashboard, as rows of a small document of its own: the dashboard itself need not stay.
 * There may be hundreds of thousands of rows, so they are written straight into their final place, values
 * and strings each in one block, and what all rows of a dashboard share is stored once.
 *
 * They are collected from a document, or straight from the answer's text (gf_skim.h), with the same
 * result. */
#include "gf_internal.h"
#include "gf_skim.h"

typedef struct panel {
  gf_scalar id, title, type;
} panel;

typedef struct maker {
  const gf_allocator *alloc;
  panel *panels;
  size_t n, cap;
  gf_scalar uid, title, url; /* of the dashboard */
  gf_scalar name, stored;    /* of an item of /apis: its uid, and the version that it is stored in */
  bool is_failed;            /* it could not be converted */
  bool found;                /* there is a dashboard in the text */
  bool with_rows;
  bool failed;    /* for lack of memory */
  yyjson_val *at; /* where the next value goes */
  char *text;     /* where the next string goes */
} maker;

/* ------------------------------------------------------------------------------------------ collecting -- */

static bool is_type(const gf_scalar *s, uint8_t type) { return (s->value.tag & YYJSON_TYPE_MASK) == type; }

/* Its string as it lies there: a string, or a number that is kept as text. */
static bool text_of(const gf_scalar *s, gf_str *text) {
  if (!is_type(s, YYJSON_TYPE_STR) && !is_type(s, YYJSON_TYPE_RAW)) return false;
  *text = (gf_str){s->value.uni.str, s->value.tag >> YYJSON_TAG_BIT};
  return true;
}

static bool is_true(const gf_scalar *s) { return s->value.tag == (YYJSON_TYPE_BOOL | YYJSON_SUBTYPE_TRUE); }

static bool is_row(const panel *p) {
  gf_str type;
  return is_type(&p->type, YYJSON_TYPE_STR) && text_of(&p->type, &type) && gf_str_eq(type, "row");
}

static bool is_key(gf_str key, const char *name, size_t n) {
  return key.n == n && memcmp(key.p, name, n) == 0;
}

/* Which of a panel's scalars goes by that key, or NULL. */
static gf_scalar *panel_field(panel *p, gf_str key) {
  if (is_key(key, "id", 2)) return &p->id;
  if (is_key(key, "type", 4)) return &p->type;
  return is_key(key, "title", 5) ? &p->title : NULL;
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

/* -------------------------------------------------------------------------- collecting from a document -- */

static bool is_object(gf_value v) { return !gf_value_is_absent(v) && unsafe_yyjson_is_obj(v.node); }
static bool is_list(gf_value v) { return !gf_value_is_absent(v) && unsafe_yyjson_is_arr(v.node); }

/* A row shows scalars only: a title that is a table is none. */
static gf_scalar scalar_of(gf_value v) {
  gf_scalar none = {.escaped = false};
  if (gf_value_is_absent(v) || unsafe_yyjson_is_ctn(v.node)) return none;
  return (gf_scalar){.value = *(yyjson_val *)v.node};
}

/* One pass over the members; the last of equal keys counts. */
static panel read_panel(gf_value object, gf_value *inner) {
  panel p = {.id = {.escaped = false}};
  gf_iter it = gf_iterate(object);
  for (void *k, *node; gf_iter_next(&it, &k, &node);) {
    const gf_str key = {unsafe_yyjson_get_str(k), unsafe_yyjson_get_len(k)};
    const gf_value v = {object.doc, node};
    gf_scalar *field = panel_field(&p, key);
    if (field)
      *field = scalar_of(v);
    else if (is_key(key, "panels", 6))
      *inner = v;
  }
  return p;
}

/* The panels of a list; `nested` are those inside a row, which holds no further rows. */
static void add_panels(maker *m, gf_value list, bool nested) {
  if (!is_list(list)) return;
  gf_iter it = gf_iterate(list);
  for (void *k, *node; gf_iter_next(&it, &k, &node);) {
    gf_value object = {list.doc, node}, inner = {NULL, NULL};
    if (!is_object(object)) continue;
    panel p = read_panel(object, &inner);
    if (!is_row(&p) || m->with_rows) add_panel(m, &p);
    if (is_row(&p) && !nested) add_panels(m, inner, true);
  }
}

/* Before schema version 16 the panels lived inside "rows". */
static void add_old_rows(maker *m, gf_value rows) {
  if (!is_list(rows)) return;
  gf_iter it = gf_iterate(rows);
  for (void *k, *node; gf_iter_next(&it, &k, &node);)
    add_panels(m, gf_value_get((gf_value){rows.doc, node}, "panels"), true);
}

static void collect_dashboard(maker *m, gf_value dashboard) {
  m->uid = scalar_of(gf_value_get(dashboard, "uid"));
  m->title = scalar_of(gf_value_get(dashboard, "title"));
  add_panels(m, gf_value_get(dashboard, "panels"), false);
  add_old_rows(m, gf_value_get(dashboard, "rows"));
}

static void collect(maker *m, gf_value answer) {
  m->url = scalar_of(gf_value_pointer(answer, "/meta/url"));
  collect_dashboard(m, gf_value_get(answer, "dashboard"));
}

static void collect_item(maker *m, gf_value item) {
  gf_value conversion = gf_value_pointer(item, "/status/conversion");
  gf_scalar failed = scalar_of(gf_value_get(conversion, "failed"));
  m->name = scalar_of(gf_value_pointer(item, "/metadata/name"));
  m->stored = scalar_of(gf_value_get(conversion, "storedVersion"));
  m->is_failed = is_true(&failed);
  collect_dashboard(m, gf_value_get(item, "spec"));
}

/* -------------------------------------------------------------------------------- collecting from text -- */

static void skim_other(gf_skim *s) {
  gf_skimmed ignored;
  gf_skim_value(s, &ignored);
}

/* A number that only a parser can make is left to it. */
static void skim_scalar(gf_skim *s, gf_scalar *to) {
  gf_skimmed v;
  if (!gf_skim_value(s, &v)) return;
  if (v.odd) s->failed = true;
  *to = v.scalar;
}

/* Step over a list that may have to be walked later: only the panel's type, which may follow, tells. */
static const char *skim_inner(gf_skim *s) {
  gf_skimmed v;
  return gf_skim_value(s, &v) && v.container && *v.container == '[' ? v.container : NULL;
}

static panel skim_panel(gf_skim *s, const char **inner) {
  panel p = {.id = {.escaped = false}};
  gf_str key;
  for (bool begun = false; gf_skim_member(s, &begun, &key);) {
    gf_scalar *field = panel_field(&p, key);
    if (field)
      skim_scalar(s, field);
    else if (is_key(key, "panels", 6))
      *inner = skim_inner(s);
    else
      skim_other(s);
  }
  if (p.type.escaped) s->failed = true; /* it may spell "row" */
  return p;
}

static void skim_panels(maker *m, gf_skim *s, bool nested) {
  if (!gf_skim_enter(s, '[')) {
    skim_other(s);
    return;
  }
  for (bool begun = false; gf_skim_element(s, &begun);) {
    const char *inner = NULL;
    if (!gf_skim_enter(s, '{')) {
      skim_other(s);
      continue;
    }
    panel p = skim_panel(s, &inner);
    if (s->failed) return;
    if (!is_row(&p) || m->with_rows) add_panel(m, &p);
    if (!is_row(&p) || nested || !inner) continue;
    gf_skim row = {inner, s->p, false};
    skim_panels(m, &row, true);
    s->failed = row.failed;
  }
}

/* One of the old rows: the last of equal keys counts. */
static void skim_old_row(maker *m, gf_skim *s) {
  const size_t before = m->n;
  gf_str key;
  for (bool begun = false; gf_skim_member(s, &begun, &key);) {
    if (is_key(key, "panels", 6)) {
      m->n = before;
      skim_panels(m, s, true);
    } else {
      skim_other(s);
    }
  }
}

static void skim_old_rows(maker *m, gf_skim *s) {
  if (!gf_skim_enter(s, '[')) {
    skim_other(s);
    return;
  }
  for (bool begun = false; gf_skim_element(s, &begun);) {
    if (gf_skim_enter(s, '{'))
      skim_old_row(m, s);
    else
      skim_other(s);
  }
}

/* The panels of "rows" follow those of "panels". A server that writes them the other way round is not
 * understood. */
static void skim_dashboard(maker *m, gf_skim *s) {
  size_t n_panels = m->n = 0;
  bool rows_seen = false;
  gf_str key;
  m->uid = m->title = (gf_scalar){.escaped = false};
  for (bool begun = false; gf_skim_member(s, &begun, &key);) {
    if (is_key(key, "uid", 3)) {
      skim_scalar(s, &m->uid);
    } else if (is_key(key, "title", 5)) {
      skim_scalar(s, &m->title);
    } else if (is_key(key, "panels", 6) && !rows_seen) {
      m->n = 0;
      skim_panels(m, s, false);
      n_panels = m->n;
    } else if (is_key(key, "rows", 4)) {
      rows_seen = true;
      m->n = n_panels;
      skim_old_rows(m, s);
    } else {
      if (is_key(key, "panels", 6)) s->failed = true;
      skim_other(s);
    }
  }
}

/* Step into an object; over anything else. */
static bool enter_object(gf_skim *s) {
  if (gf_skim_enter(s, '{')) return true;
  skim_other(s);
  return false;
}

/* The scalar at `name` of an object; of what is none, nothing. */
static void skim_field(gf_skim *s, const char *name, gf_scalar *to) {
  gf_str key;
  if (!enter_object(s)) return;
  for (bool begun = false; gf_skim_member(s, &begun, &key);) {
    if (gf_str_eq(key, name))
      skim_scalar(s, to);
    else
      skim_other(s);
  }
}

/* Of equal keys the last counts: what another one has said is forgotten. */
static void forget_conversion(maker *m) {
  m->stored = (gf_scalar){.escaped = false};
  m->is_failed = false;
}

static void skim_conversion(maker *m, gf_skim *s) {
  gf_str key;
  forget_conversion(m);
  if (!enter_object(s)) return;
  for (bool begun = false; gf_skim_member(s, &begun, &key);) {
    gf_scalar ignored = {.escaped = false}, *to = is_key(key, "storedVersion", 13) ? &m->stored : &ignored;
    skim_scalar(s, to);
    if (is_key(key, "failed", 6)) m->is_failed = is_true(to);
  }
}

static void skim_status(maker *m, gf_skim *s) {
  gf_str key;
  forget_conversion(m);
  if (!enter_object(s)) return;
  for (bool begun = false; gf_skim_member(s, &begun, &key);) {
    if (is_key(key, "conversion", 10))
      skim_conversion(m, s);
    else
      skim_other(s);
  }
}

static void skim_the_dashboard(maker *m, gf_skim *s) {
  m->found = gf_skim_enter(s, '{');
  if (m->found)
    skim_dashboard(m, s);
  else
    s->failed = true; /* it is left to the parser */
}

static void skim_item_member(maker *m, gf_skim *s, gf_str key) {
  if (is_key(key, "metadata", 8)) {
    m->name = (gf_scalar){.escaped = false};
    skim_field(s, "name", &m->name);
  } else if (is_key(key, "spec", 4)) {
    skim_the_dashboard(m, s);
  } else if (is_key(key, "status", 6)) {
    skim_status(m, s);
  } else {
    skim_other(s);
  }
}

static void skim_answer_member(maker *m, gf_skim *s, gf_str key) {
  if (is_key(key, "meta", 4)) {
    m->url = (gf_scalar){.escaped = false};
    skim_field(s, "url", &m->url);
  } else if (is_key(key, "dashboard", 9)) {
    skim_the_dashboard(m, s);
  } else {
    skim_other(s);
  }
}

/* Whether the text, an object, was understood; it is not without a dashboard. */
static bool skim(maker *m, gf_str text, void (*member)(maker *m, gf_skim *s, gf_str key)) {
  gf_skim s;
  gf_str key;
  gf_skim_begin(&s, text);
  if (!gf_skim_enter(&s, '{')) return false;
  for (bool begun = false; gf_skim_member(&s, &begun, &key);)
    member(m, &s, key);
  return m->found && gf_skim_is_over(&s);
}

/* --------------------------------------------------------------------------------------------- writing -- */

/* At most: escapes only become shorter. */
static size_t text_size(const gf_scalar *s) {
  gf_str text;
  return text_of(s, &text) ? text.n + 1 : 0;
}

/* A copy whose text, if it has one, belongs to the new document. */
static yyjson_val copy(maker *m, const gf_scalar *from) {
  yyjson_val to = from->value;
  gf_str text;
  if (!text_of(from, &text)) return to;
  if (from->escaped) {
    size_t n = gf_skim_unescape(m->text, text);
    to.tag = (to.tag & YYJSON_TAG_MASK) | (uint64_t)n << YYJSON_TAG_BIT;
    text.n = n;
  } else {
    memcpy(m->text, text.p, text.n);
  }
  m->text[text.n] = 0;
  to.uni.str = m->text;
  m->text += text.n + 1;
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
  write_member(m, "id", copy(m, &p->id), &members);
  write_member(m, "title", copy(m, &p->title), &members);
  write_member(m, "type", copy(m, &p->type), &members);
  write_member(m, "ds_url", of->url, &members);
  write_member(m, "ds_id", of->uid, &members);
  write_member(m, "dashboard_title", of->title, &members);
  close_container(m, row, YYJSON_TYPE_OBJ, members);
}

static void write_rows(maker *m, const shared *of) {
  yyjson_val *rows = open_container(m);
  for (size_t i = 0; i < m->n; i++)
    write_row(m, &m->panels[i], of);
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
  size_t bytes = text_size(&m->url) + text_size(&m->uid) + text_size(&m->title);
  for (size_t i = 0; i < m->n; i++)
    bytes += text_size(&m->panels[i].id) + text_size(&m->panels[i].title) + text_size(&m->panels[i].type);
  gf_doc *doc = gf_doc_new_fixed(m->alloc, m->n * VALUES_A_ROW + VALUES_BESIDE, bytes);
  if (!doc) return NULL;
  m->at = doc->store->fixed->root;
  m->text = doc->store->fixed->str_pool;
  const shared of = {copy(m, &m->url), copy(m, &m->uid), copy(m, &m->title)};
  if (dashboard)
    write_dashboard(m, &of);
  else
    write_rows(m, &of);
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

gf_doc *gf_panels_skim(const gf_allocator *alloc, gf_str text, bool with_rows, bool dashboard,
                       bool *understood) {
  maker m = {.alloc = alloc, .with_rows = with_rows};
  *understood = skim(&m, text, skim_answer_member);
  gf_doc *doc = *understood && !m.failed ? write_all(&m, dashboard) : NULL;
  gf_free(alloc, m.panels);
  return doc;
}

/* ------------------------------------------------------------------------------------- items of /apis -- */

/* The text of a scalar that is a plain string; empty where it is none. */
static gf_str plain_text(const gf_scalar *s) {
  gf_str text = {"", 0};
  if (!s->escaped && is_type(s, YYJSON_TYPE_STR)) text_of(s, &text);
  return text;
}

/* Is it stored as it is shown? Nothing is said of it then, or that very version. */
static bool is_as_stored(const maker *m, const char *version) {
  if (m->is_failed) return false;
  return is_type(&m->stored, YYJSON_TYPE_NONE) || gf_str_eq(plain_text(&m->stored), version);
}

static gf_item_end make_item(maker *m, const gf_item_wish *wish) {
  gf_value url = {NULL, NULL};
  gf_str uid = plain_text(&m->name);
  if (m->failed) return GF_ITEM_NO_MEMORY;
  if (uid.n == 0 || !wish->find(wish->call, uid, wish->place, &url)) return GF_ITEM_UNKNOWN;
  if (!is_as_stored(m, wish->version)) return GF_ITEM_UNKNOWN;
  m->uid = m->name;
  m->url = scalar_of(url);
  *wish->rows = write_all(m, wish->dashboard);
  return *wish->rows ? GF_ITEM_TAKEN : GF_ITEM_NO_MEMORY;
}

/* What cannot be skimmed is parsed. */
static gf_item_end parse_item(maker *m, gf_str text, const gf_item_wish *wish) {
  gf_json_error error;
  gf_doc *doc = gf_doc_parse(m->alloc, text, &error);
  if (!doc) return error.no_memory ? GF_ITEM_NO_MEMORY : GF_ITEM_UNKNOWN;
  gf_item_end end = GF_ITEM_UNKNOWN;
  *m = (maker){.alloc = m->alloc, .with_rows = m->with_rows, .panels = m->panels, .cap = m->cap};
  if (is_object(gf_value_get(gf_doc_root(doc), "spec"))) {
    collect_item(m, gf_doc_root(doc));
    end = make_item(m, wish);
  }
  gf_doc_release(doc);
  return end;
}

gf_item_end gf_item_rows(gf_str text, const gf_item_wish *wish) {
  maker m = {.alloc = &wish->call->client->alloc, .with_rows = wish->with_rows};
  gf_item_end end =
      skim(&m, text, skim_item_member) && !m.name.escaped ? make_item(&m, wish) : parse_item(&m, text, wish);
  gf_free(m.alloc, m.panels);
  return end;
}
