/* SPDX-License-Identifier: MIT
 *
 * Panels straight from an answer's text are those that parsing it gives. The library is tested with what
 * this processor has, and beside it a copy with fewer instructions (SKIM_TEST_LEVEL), which must
 * understand the very same texts. */
#ifndef SKIM_TEST_LEVEL
#define SKIM_TEST_LEVEL 0
#endif
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS, readdir */

#define gf_skim_begin narrow_skim_begin
#define gf_skim_is_over narrow_skim_is_over
#define gf_skim_enter narrow_skim_enter
#define gf_skim_member narrow_skim_member
#define gf_skim_element narrow_skim_element
#define gf_skim_value narrow_skim_value
#define gf_skim_unescape narrow_skim_unescape
#define gf_panel_rows narrow_panel_rows
#define gf_dashboard_row narrow_dashboard_row
#define gf_panels_skim narrow_panels_skim
#define gf_item_rows narrow_item_rows
#define GF_SKIM_LEVEL SKIM_TEST_LEVEL
#include "../../src/gf_panels.c"
#include "../../src/gf_skim.c"
#undef gf_panel_rows
#undef gf_dashboard_row
#undef gf_panels_skim
#undef GF_SKIM_LEVEL
gf_doc *gf_panel_rows(const gf_allocator *alloc, gf_value answer, bool with_rows);
gf_doc *gf_dashboard_row(const gf_allocator *alloc, gf_value answer, bool with_rows);
gf_doc *gf_panels_skim(const gf_allocator *alloc, gf_str text, bool with_rows, bool dashboard,
                       bool *understood);

#include "test.h"
#include "test_alloc.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ROOM = 1 << 20 };

/* ---------------------------------------------------------------------------------------- the two ways -- */

/* A place for `n` bytes right before a page that cannot be read, and right behind another one where they
 * fill it. */
static char *guarded(size_t n) {
  static char *room;
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  if (!room) {
    room = mmap(NULL, ROOM + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED || mprotect(room + ROOM, page, PROT_NONE) != 0) abort();
  }
  return room + ROOM - n;
}

static char *written(gf_doc *doc) {
  const gf_allocator alloc = gf_default_allocator();
  size_t n;
  return doc ? gf_value_write(&alloc, gf_doc_root(doc), (gf_write){.pretty = false}, &n, NULL) : NULL;
}

/* The rows by way of a document; NULL where there is none, or no dashboard in it. */
static char *parsed_way(gf_str text, bool with_rows, bool dashboard) {
  const gf_allocator alloc = gf_default_allocator();
  gf_doc *doc = gf_doc_parse(&alloc, text, NULL), *rows = NULL;
  if (!doc) return NULL;
  if (is_object(gf_value_get(gf_doc_root(doc), "dashboard")))
    rows = (dashboard ? gf_dashboard_row : gf_panel_rows)(&alloc, gf_doc_root(doc), with_rows);
  char *json = written(rows);
  gf_doc_release(rows);
  gf_doc_release(doc);
  return json;
}

typedef gf_doc *skim_way(const gf_allocator *alloc, gf_str text, bool with_rows, bool dashboard,
                         bool *understood);

static char *skimmed_way(skim_way *way, gf_str text, bool with_rows, bool dashboard) {
  const gf_allocator alloc = gf_default_allocator();
  bool understood;
  gf_doc *rows = way(&alloc, text, with_rows, dashboard, &understood);
  CHECK(understood == (rows != NULL));
  char *json = written(rows);
  gf_doc_release(rows);
  return json;
}

static bool same_json(const char *a, const char *b) { return a && b ? strcmp(a, b) == 0 : a == b; }

/* Whether the text, laid before the guard page, is understood; what is understood must be right. `broken`:
 * it may be no JSON where the skimmer does not look. */
static bool understood(gf_str text, bool with_rows, bool dashboard, bool broken) {
  char *place = memcpy(guarded(text.n), text.p, text.n);
  gf_str here = {place, text.n};
  char *wide = skimmed_way(gf_panels_skim, here, with_rows, dashboard);
  char *narrow = skimmed_way(narrow_panels_skim, here, with_rows, dashboard);
  char *parsed = wide || narrow ? parsed_way(text, with_rows, dashboard) : NULL;
  bool ok = CHECK(same_json(wide, narrow)) & CHECK(memcmp(place, text.p, text.n) == 0);
  if (wide && parsed) ok &= CHECK_STR(wide, parsed);
  if (wide && !parsed) ok &= CHECK(broken);
  if (!ok && text.n < 2000) printf("  %.*s\n", (int)text.n, text.p);
  bool answer = wide != NULL;
  free(wide);
  free(narrow);
  free(parsed);
  return answer;
}

/* In all four ways of asking. */
static bool all_understood(gf_str text, bool broken) {
  bool all = understood(text, false, false, broken);
  CHECK(understood(text, true, false, broken) == all);
  CHECK(understood(text, false, true, broken) == all);
  CHECK(understood(text, true, true, broken) == all);
  return all;
}

/* ----------------------------------------------------------------------------------------------- texts -- */

#define D(members) "{\"meta\":{\"url\":\"/d/u/t\"},\"dashboard\":{\"uid\":\"u\",\"title\":\"T\"," members "}}"
#define P(members) D("\"panels\":[{" members "}]")

/* What has to be understood, so that speed is not lost unnoticed. */
static const char *const plain[] = {
    D("\"panels\":[]"),
    D("\"panels\":null"),
    D("\"panels\":{\"id\":1}"),
    D("\"panels\":[1,null,\"{\",[{\"id\":1}],{}]"),
    "{\"dashboard\":{}}",
    " \t\r\n{ \"dashboard\" : { } , \"meta\" : { } } \n",
    "{\"dashboard\":{},\"meta\":3,\"message\":\"x\"}",
    "{\"meta\":{\"url\":\"a\"},\"dashboard\":{},\"meta\":{}}",
    "{\"dashboard\":{\"uid\":\"a\",\"panels\":[{\"id\":1}]},\"dashboard\":{\"title\":\"b\"}}",
    P("\"id\":1,\"title\":\"a\",\"type\":\"graph\""),
    P("\"id\":0"),
    P("\"id\":-1"),
    P("\"id\":999999999999999999"),
    P("\"id\":-999999999999999999"),
    P("\"id\":null,\"title\":true,\"type\":false"),
    P("\"id\":\"1\",\"title\":7,\"type\":null"),
    P("\"id\":{\"a\":[]},\"title\":[\"]\"],\"type\":{}"),
    P("\"id\":1,\"id\":2,\"title\":\"a\",\"title\":{},\"type\":\"row\",\"type\":\"x\""),
    P("\"title\":\"CPU \\u0026 memory \\\"x\\\" \\\\ \\/ \\b\\f\\n\\r\\t \\u0000 \\u00e9 \\u20AC\""),
    P("\"title\":\"\",\"type\":\"\""),
    P("\"\":1,\"title\":\"\303\251 \342\202\254 \360\237\230\200\""),
    P("\"other\":1.5e+30,\"x\":-0,\"y\":0.0,\"z\":1E9,\"w\":123456789012345678901234567890,\"v\":1e400"),
    P("\"type\":\"row\",\"panels\":[{\"id\":2},{\"id\":3,\"type\":\"row\",\"panels\":[{\"id\":4}]}]"),
    P("\"panels\":[{\"id\":2}],\"type\":\"row\",\"id\":1"),
    P("\"panels\":[{\"id\":2}],\"type\":\"graph\""),
    P("\"panels\":[{\"id\":2}],\"panels\":[{\"id\":3}],\"type\":\"row\""),
    P("\"panels\":[{\"id\":2}],\"panels\":7,\"type\":\"row\""),
    P("\"type\":\"row\",\"panels\":{\"id\":2}"),
    D("\"rows\":[{\"panels\":[{\"id\":1},{\"id\":2,\"type\":\"row\"}]},{},3,{\"panels\":null}]"),
    D("\"rows\":[{\"panels\":[{\"id\":1}],\"panels\":[{\"id\":2}]}]"),
    D("\"rows\":[{\"panels\":[{\"id\":1}],\"panels\":0}]"),
    D("\"rows\":{}"),
    D("\"panels\":[{\"id\":1}],\"rows\":[{\"panels\":[{\"id\":2}]}],\"rows\":[{\"panels\":[{\"id\":3}]}]"),
    D("\"panels\":[{\"id\":1}],\"panels\":[{\"id\":2}],\"uid\":null,\"title\":[1],\"title\":{}"),
    D("\"x\":{\"a\":\"\\\\\",\"b\":\"\\\\\\\"{[\"},\"panels\":[{\"id\":1,\"y\":[\"\\\"]\"]}]"),
};

/* Valid, and left to the parser. */
static const char *const unusual[] = {
    "{}",
    "[]",
    "1",
    "{\"dashboard\":1}",
    "{\"dashboard\":{},\"dashboard\":[]}",
    "{\"dashboard\":7,\"dashboard\":{}}",
    P("\"id\":1.5"),
    P("\"id\":1e3"),
    P("\"id\":-0"),
    P("\"id\":1234567890123456789"),
    P("\"title\":1e400"),
    P("\"title\":\"\\ud83d\\ude00\""),
    P("\"x\":\"\\uD83D\\uDE00\""),
    P("\"i\\u0064\":1"),
    P("\"type\":\"\\u0072ow\""),
    "{\"dashboard\":{\"\\n\":1}}",
    D("\"rows\":[],\"panels\":[]"),
};

/* No JSON where the skimmer looks. */
static const char *const wrong[] = {
    "",
    " ",
    "{",
    "\357\273\277{\"dashboard\":{}}",
    "{\"dashboard\":{}}x",
    "{\"dashboard\":{}}{}",
    "{\"dashboard\":{}},",
    "{\"dashboard\":{},}",
    "{,\"dashboard\":{}}",
    "{\"dashboard\" {}}",
    "{\"dashboard\":{}",
    "{\"dashboard\":{}]",
    "{\"dashboard\":{} \"a\":1}",
    "{dashboard:{}}",
    "{'dashboard':{}}",
    "{\"dashboard\":{}}\f",
    "{\"dashboard\":{},\"a\"}",
    D("\"panels\":[{},]"),
    D("\"panels\":[,{}]"),
    D("\"panels\":[{}{}]"),
    D("\"panels\":[{}"),
    D("\"panels\":[{}}"),
    P("\"id\":01"),
    P("\"id\":+1"),
    P("\"id\":1."),
    P("\"id\":.5"),
    P("\"id\":1e"),
    P("\"id\":-"),
    P("\"id\":0x1"),
    P("\"id\":1a"),
    P("\"x\":tru"),
    P("\"x\":nul"),
    P("\"x\":True"),
    P("\"x\":NaN"),
    P("\"x\":"),
    P("\"x\":truefalse"),
    P("\"x\":1 2"),
    P("\"x\":\"\t\""),
    P("\"x\":\"a\nb\""),
    P("\"x\":\"\\x\""),
    P("\"x\":\"\\u12g4\""),
    P("\"x\":\"\\ud800\""),
    P("\"x\":\"\\udc00 \""),
    P("\"x\":\"\377\""),
    P("\"x\":\"\300\200\""),
    P("\"x\":\"\355\240\200\""),
    P("\"x\":\"\342\202\""),
    P("\"\351\":1"),
    P("\"x\":[}"),
    P("\"x\":{]"),
    P("\"x\":[\\\"]\\\"]"),
    P("\"x\":[\"]"),
    P("\"x\":[1]]"),
    P("\"x\":/**/1"),
};

#define COUNT(list) (sizeof(list) / sizeof *(list))

static void plain_texts_are_understood(void) {
  for (size_t i = 0; i < COUNT(plain); i++)
    if (!CHECK(all_understood(gf_z(plain[i]), false))) printf("  %s\n", plain[i]);
}

static void unusual_texts_are_left_to_the_parser(void) {
  const gf_allocator alloc = gf_default_allocator();
  for (size_t i = 0; i < COUNT(unusual); i++) {
    gf_doc *doc = gf_doc_parse(&alloc, gf_z(unusual[i]), NULL);
    CHECK(doc != NULL);
    gf_doc_release(doc);
    if (!CHECK(!all_understood(gf_z(unusual[i]), false))) printf("  %s\n", unusual[i]);
  }
}

static void wrong_texts_are_not_understood(void) {
  const gf_allocator alloc = gf_default_allocator();
  for (size_t i = 0; i < COUNT(wrong); i++) {
    CHECK(gf_doc_parse(&alloc, gf_z(wrong[i]), NULL) == NULL);
    if (!CHECK(!all_understood(gf_z(wrong[i]), false))) printf("  %s\n", wrong[i]);
  }
  CHECK(!all_understood((gf_str){"{\"dashboard\":{}}\0", 17}, false));
}

/* ---------------------------------------------------------------------------------------------- chance -- */

static uint64_t state = UINT64_C(88172645463325252);

static size_t chance(size_t n) { /* 0 … n - 1 */
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (size_t)(state >> 11) % n;
}

static const char *one_of(const char *const *list, size_t n) { return list[chance(n)]; }
#define ONE_OF(list) one_of(list, COUNT(list))

static bool pretty;

static void put_blank(gf_buf *to) {
  static const char *const blanks[] = {
      " ", "\n", "\r\n    ", "\t", "                                             ", ""};
  if (pretty) gf_buf_add_str(to, ONE_OF(blanks));
}

static void put(gf_buf *to, const char *text) {
  put_blank(to);
  gf_buf_add_str(to, text);
  put_blank(to);
}

static void put_string(gf_buf *to) {
  static const char *const parts[] = {"a",
                                      "CPU",
                                      " usage of the whole machine over time ",
                                      "{",
                                      "}",
                                      "[",
                                      "]",
                                      ",",
                                      ":",
                                      "\\\"",
                                      "\\\\",
                                      "\\\\\\\\",
                                      "\\n",
                                      "\\u0026",
                                      "\\u20ac",
                                      "\303\251",
                                      "\342\202\254",
                                      "\360\237\230\200",
                                      "row",
                                      "//"};
  put_blank(to);
  gf_buf_add_char(to, '"');
  for (size_t n = chance(chance(8) ? 4 : 40); n > 0; n--)
    gf_buf_add_str(to, ONE_OF(parts));
  gf_buf_add_char(to, '"');
  put_blank(to);
}

static void put_scalar(gf_buf *to) {
  static const char *const words[] = {
      "true", "false", "null", "\"row\"", "\"graph\"", "0", "-7", "1234567890", "12345678901234567890"};
  static const char *const odd[] = {"1.5", "-0", "1e5", "1e400", "-1.25E-7", "\"\\ud83d\\ude00\""};
  size_t which = chance(20);
  if (which < 10)
    put_string(to);
  else
    put(to, which < 19 ? ONE_OF(words) : ONE_OF(odd));
}

static const char *const panel_keys[] = {"\"id\"",      "\"title\"", "\"type\"",       "\"panels\"",
                                         "\"targets\"", "\"x\"",     "\"description\""};
static const char *const dashboard_keys[] = {"\"uid\"",  "\"title\"", "\"panels\"", "\"panels\"",
                                             "\"rows\"", "\"tags\"",  "\"id\""};
static const char *const answer_keys[] = {"\"meta\"", "\"dashboard\"", "\"dashboard\"", "\"message\""};
static const char *const meta_keys[] = {"\"url\"", "\"slug\"", "\"\"", "\"\303\251\""};

/* Which keys the objects have at which depth: mostly the shape of an answer. */
static const char *key_at(size_t depth) {
  if (depth == 0) return ONE_OF(answer_keys);
  if (depth == 1) return chance(4) ? ONE_OF(dashboard_keys) : ONE_OF(meta_keys);
  return chance(5) ? ONE_OF(panel_keys) : ONE_OF(dashboard_keys);
}

static void put_value(gf_buf *to, size_t depth, bool scalar);

static void put_list(gf_buf *to, size_t depth) {
  put(to, "[");
  for (size_t n = chance(5), i = 0; i < n; i++) {
    if (i > 0) put(to, ",");
    put_value(to, depth + 1, chance(6) == 0);
  }
  put(to, "]");
}

static void put_object(gf_buf *to, size_t depth) {
  put(to, "{");
  for (size_t n = chance(7), i = 0; i < n; i++) {
    const char *key = key_at(depth);
    if (i > 0) put(to, ",");
    put(to, key);
    put(to, ":");
    if (strstr("\"panels\" \"rows\"", key) && depth < 8 && chance(8))
      put_list(to, depth);
    else
      put_value(to, depth + 1, depth > 0 && chance(4) > 0);
  }
  put(to, "}");
}

static void put_value(gf_buf *to, size_t depth, bool scalar) {
  if (scalar || depth > 8)
    put_scalar(to);
  else if (depth > 1 && chance(6) == 0)
    put_list(to, depth);
  else
    put_object(to, depth);
}

static gf_buf random_answer(const gf_allocator *alloc) {
  gf_buf text;
  gf_buf_init(&text, alloc, ROOM / 2);
  pretty = chance(3) == 0;
  put_object(&text, 0);
  if (text.failed) abort();
  return text;
}

enum { ANSWERS = 6000, MUTATED = 600, MUTATIONS = 40 };

static void random_answers_come_out_the_same(void) {
  const gf_allocator alloc = gf_default_allocator();
  size_t n = 0;
  for (int i = 0; i < ANSWERS; i++) {
    gf_buf text = random_answer(&alloc);
    n += understood((gf_str){text.p, text.n}, chance(2) == 0, chance(2) == 0, false);
    gf_buf_free(&text);
  }
  CHECK(n > ANSWERS / 10); /* else this rule holds little */
}

static void mutate(char *p, size_t n) {
  static const char likely[] = "{}[]\",:\\ \n0-e.tfnu\x01\x7F\x80\xFF";
  for (size_t k = 1 + chance(3); k > 0; k--) {
    size_t at = chance(n), from = chance(n), length = chance(8);
    if (chance(4))
      p[at] = likely[chance(sizeof likely)];
    else
      memmove(p + at, p + from, length < n - at && length < n - from ? length : 0);
  }
}

/* What only the parser refuses lies inside what is stepped over. */
static void mutated_answers_never_give_other_rows(void) {
  const gf_allocator alloc = gf_default_allocator();
  for (int i = 0; i < MUTATED; i++) {
    gf_buf text = random_answer(&alloc);
    char *copied = gf_strdup_n(&alloc, (gf_str){text.p, text.n});
    for (int k = 0; k < MUTATIONS && copied; k++) {
      memcpy(copied, text.p, text.n);
      mutate(copied, text.n);
      understood((gf_str){copied, text.n}, true, true, true);
    }
    free(copied);
    gf_buf_free(&text);
  }
}

/* ----------------------------------------------------------------------------------------- whole files -- */

static size_t read_file(const char *path, char *to, size_t room) {
  FILE *file = fopen(path, "rb");
  size_t n = file ? fread(to, 1, room, file) : 0;
  if (file) fclose(file);
  return n;
}

/* As /api/dashboards/uid/… answers. */
static gf_buf wrapped(const gf_allocator *alloc, const char *dashboard, size_t n) {
  gf_buf text;
  gf_buf_init(&text, alloc, ROOM / 2);
  gf_buf_add_str(
      &text, "{\"meta\":{\"type\":\"db\",\"slug\":\"x\",\"url\":\"/d/abc/x\",\"version\":1},\"dashboard\":");
  gf_buf_add(&text, dashboard, n);
  gf_buf_add_str(&text, "}\n");
  if (text.failed) abort();
  return text;
}

/* The same written compactly, with other lengths of white space before it: every alignment of its blocks. */
static void check_alignments(const gf_allocator *alloc, gf_str text) {
  gf_doc *doc = gf_doc_parse(alloc, text, NULL);
  size_t n;
  char *json = doc ? gf_value_write(alloc, gf_doc_root(doc), (gf_write){.sorted = true}, &n, NULL) : NULL;
  for (size_t pad = 0; json && pad < 64; pad++) {
    char *padded = malloc(n + pad);
    if (!padded) abort();
    memset(padded, '\n', pad);
    memcpy(padded + pad, json, n);
    CHECK(understood((gf_str){padded, n + pad}, pad & 1, pad & 2, false));
    free(padded);
  }
  gf_free(alloc, json);
  gf_doc_release(doc);
}

static size_t check_folder(const char *folder) {
  static char dashboard[ROOM / 4];
  const gf_allocator alloc = gf_default_allocator();
  size_t files = 0;
  DIR *dir = opendir(folder);
  for (struct dirent *entry; dir && (entry = readdir(dir));) {
    char path[1024];
    if (!strstr(entry->d_name, ".json")) continue;
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    gf_buf text = wrapped(&alloc, dashboard, read_file(path, dashboard, sizeof dashboard));
    if (!CHECK(all_understood((gf_str){text.p, text.n}, false))) printf("  %s\n", path);
    if (files++ % 8 == 0) check_alignments(&alloc, (gf_str){text.p, text.n});
    gf_buf_free(&text);
  }
  if (dir) closedir(dir);
  return files;
}

static void real_dashboards_are_understood(void) {
  CHECK(check_folder("examples/dashboards") >= 6);
  check_folder("../shared/dashboards"); /* where it is present */
}

/* ------------------------------------------------------------------------------------------------ cuts -- */

static void check_cuts(gf_str text) {
  for (size_t n = 0; n < text.n; n++) {
    bool rest_is_blank = strspn(text.p + n, " \t\r\n") == text.n - n;
    if (!CHECK(rest_is_blank || !understood((gf_str){text.p, n}, true, false, false))) return;
  }
}

static void cut_texts_are_not_understood(void) {
  static char dashboard[ROOM / 4];
  const gf_allocator alloc = gf_default_allocator();
  for (size_t i = 0; i < COUNT(plain); i++)
    check_cuts(gf_z(plain[i]));
  gf_buf text =
      wrapped(&alloc, dashboard, read_file("examples/dashboards/node.json", dashboard, sizeof dashboard));
  char *whole = gf_buf_take(&text);
  if (CHECK(whole != NULL)) check_cuts(gf_z(whole));
  gf_free(&alloc, whole);
}

/* ---------------------------------------------------------------------------------------------- blocks -- */

/* Strings of backslashes and brackets of every length around the borders of blocks. */
static void borders_of_blocks_do_not_show(void) {
  static const char *const fill[] = {"\\\\", "\\\"", "{", "]", "\\\\\\\"", "\303\251", "[\\u005d"};
  char text[4096];
  for (size_t k = 0; k < COUNT(fill); k++) {
    for (size_t pad = 0; pad < 130; pad++) {
      char many[512] = "";
      for (size_t n = 0; n < pad / 2; n++)
        strcat(many, n < 40 ? fill[k] : "x");
      snprintf(text, sizeof text,
               D("\"x\":[%*s{\"a\":[\"%s\",{}]},\"]\\\\\"],\"panels\":[{\"y\":{\"%s\":[]},\"title\":\"%s\","
                 "\"id\":%d}]"),
               (int)pad, "", many, many, many, (int)pad);
      CHECK(understood(gf_z(text), false, false, false));
    }
  }
}

static void deep_values_are_stepped_over(void) {
  enum { DEPTH = 900 };
  gf_buf text;
  const gf_allocator alloc = gf_default_allocator();
  gf_buf_init(&text, &alloc, ROOM);
  gf_buf_add_str(&text, "{\"dashboard\":{\"panels\":[{\"id\":1,\"x\":");
  for (int i = 0; i < DEPTH; i++)
    gf_buf_add_str(&text, i % 2 ? "[" : "{\"a\":");
  gf_buf_add_str(&text, "{}");
  for (int i = DEPTH - 1; i >= 0; i--)
    gf_buf_add_str(&text, i % 2 ? "]" : "}");
  gf_buf_add_str(&text, ",\"type\":\"t\"}]}}");
  CHECK(all_understood((gf_str){text.p, text.n}, false));
  gf_buf_free(&text);
}

static void memory_may_lack_at_every_step(void) {
  const gf_str text = gf_z(P("\"id\":1,\"title\":\"\\u0026\",\"type\":\"row\",\"panels\":[{\"id\":2},{},{},{}"
                             ",{},{},{},{},{},{},{},{},{},{},{},{},{},{}]"));
  FAIL_EACH(a) {
    bool is_understood;
    gf_doc *rows = gf_panels_skim(&a->alloc, text, true, true, &is_understood);
    CHECK(is_understood);
    CHECK((rows != NULL) == !a->tripped);
    gf_doc_release(rows);
  }
}

int main(int argc, char **argv) {
  static const test_rule rules[] = {
      {"plain answers are understood, and give the rows that parsing gives", plain_texts_are_understood},
      {"unusual answers are left to the parser", unusual_texts_are_left_to_the_parser},
      {"what is no JSON where it is looked at is not understood", wrong_texts_are_not_understood},
      {"an answer cut at any byte is not understood", cut_texts_are_not_understood},
      {"real dashboards are understood, at every alignment", real_dashboards_are_understood},
      {"strings across the borders of blocks are seen as they are", borders_of_blocks_do_not_show},
      {"deep values are stepped over", deep_values_are_stepped_over},
      {"random answers come out the same", random_answers_come_out_the_same},
      {"broken answers are refused or give no other rows than the parser",
       mutated_answers_never_give_other_rows},
      {"memory may lack at every step", memory_may_lack_at_every_step},
  };
  return TEST_RUN(rules, argc, argv);
}
