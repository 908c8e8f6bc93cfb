/* SPDX-License-Identifier: MIT
 * The rules of JSON documents (src/gf_json.h). */
#include "gf_alloc.h"
#include "gf_json.h"
#include "gf_sha256.h"
#include "test_alloc.h"

/* --- helpers --- */

static test_alloc counted; /* of the rule that runs; `leaks` checks it at its end */

static const gf_allocator *fresh(void) {
  test_alloc_init(&counted, 0, false);
  return &counted.alloc;
}

static void leaks(void) { CHECK_INT(counted.live, 0); }

static gf_doc *parse_n(const gf_allocator *alloc, const char *text, size_t n) {
  gf_json_error error = {0};
  gf_doc *doc = gf_doc_parse(alloc, (gf_str){text, n}, &error);
  if (!CHECK(doc != NULL)) printf("  %s: %.60s\n", error.message, text);
  return doc;
}

static gf_doc *parse(const gf_allocator *alloc, const char *text) {
  return parse_n(alloc, text, strlen(text));
}

static bool refused(const gf_allocator *alloc, const char *text, size_t n, gf_json_error *error) {
  gf_doc *doc = gf_doc_parse(alloc, (gf_str){text, n}, error);
  gf_doc_release(doc);
  return doc == NULL;
}

static void check_text(const gf_allocator *alloc, gf_value v, gf_write how, const char *want, int line) {
  size_t n = 0;
  char *text = gf_value_write(alloc, v, how, &n, NULL);
  test_check_str(text, want, __FILE__, line);
  test_check(!text || n == strlen(want), "the length is that of the text", __FILE__, line);
  gf_free(alloc, text);
}
#define CHECK_TEXT(alloc, doc, want) check_text(alloc, gf_doc_root(doc), (gf_write){0}, want, __LINE__)
#define CHECK_SORTED(alloc, doc, want)                                                                       \
  check_text(alloc, gf_doc_root(doc), (gf_write){.sorted = true}, want, __LINE__)

static void check_same(const gf_allocator *alloc, const char *a, const char *b, int want, int line) {
  char p[65] = "", q[65] = "";
  gf_doc *x = parse(alloc, a), *y = parse(alloc, b);
  test_check_int(gf_value_equal(alloc, gf_doc_root(x), gf_doc_root(y)), want, __FILE__, line);
  test_check_int(gf_value_equal(alloc, gf_doc_root(y), gf_doc_root(x)), want, __FILE__, line);
  gf_value_digest(alloc, gf_doc_root(x), p);
  gf_value_digest(alloc, gf_doc_root(y), q);
  test_check_int(strcmp(p, q) == 0, want, __FILE__, line);
  gf_doc_release(x);
  gf_doc_release(y);
}
#define CHECK_EQUAL(alloc, a, b) check_same(alloc, a, b, 1, __LINE__)
#define CHECK_DIFFERENT(alloc, a, b) check_same(alloc, a, b, 0, __LINE__)

#define KEY(k)                                                                                               \
  {                                                                                                          \
    .key = { k, sizeof(k) - 1 }                                                                              \
  }
#define AT(i)                                                                                                \
  { .is_index = true, .index = i }
#define PATH(...) (const gf_step[]){__VA_ARGS__}, sizeof((const gf_step[]){__VA_ARGS__}) / sizeof(gf_step)

/* Set the value that `text` stands for. */
static bool set(gf_doc *doc, const char *text, const gf_step *path, size_t n, gf_json_error *error) {
  gf_doc *value = parse(&doc->store->alloc, text);
  bool ok = gf_doc_set(doc, gf_doc_root(value), path, n, error);
  gf_doc_release(value);
  return ok;
}

static char *nested(size_t depth, const char *open, const char *inner, const char *close) {
  size_t a = strlen(open), b = strlen(inner), c = strlen(close);
  char *text = malloc(depth * (a + c) + b + 1 + YYJSON_PADDING_SIZE);
  for (size_t i = 0; i < depth; i++)
    memcpy(text + i * a, open, a);
  memcpy(text + depth * a, inner, b);
  for (size_t i = 0; i < depth; i++)
    memcpy(text + depth * a + b + i * c, close, c);
  text[depth * (a + c) + b] = '\0';
  return text;
}

/* --- memory --- */

static void buffers_grow_to_their_cap(void) {
  const gf_allocator *alloc = fresh();
  gf_buf buf;
  gf_buf_init(&buf, alloc, 1000);
  for (int i = 0; i < 1000; i++)
    gf_buf_add_char(&buf, 'x');
  CHECK(!buf.failed && buf.n == 1000 && buf.cap <= 1001);
  gf_buf_add_char(&buf, 'x');
  CHECK(buf.failed && buf.too_large);
  CHECK(gf_buf_take(&buf) == NULL);
  gf_buf_add_str(&buf, "again ");
  gf_buf_add_int(&buf, INT64_MIN);
  gf_buf_add_int(&buf, 0);
  char *text = gf_buf_take(&buf);
  CHECK_STR(text, "again -92233720368547758080");
  gf_free(alloc, text);
  text = gf_buf_take(&buf);
  CHECK_STR(text, "");
  gf_free(alloc, text);
  gf_buf_init(&buf, alloc, SIZE_MAX);
  CHECK(!gf_buf_reserve(&buf, SIZE_MAX) && buf.too_large);
  gf_buf_free(&buf);
  leaks();
}

static void buffers_remember_lacking_memory(void) {
  FAIL_EACH(a) {
    gf_buf buf;
    gf_buf_init(&buf, &a->alloc, SIZE_MAX);
    for (int i = 0; i < 500; i++)
      gf_buf_add_str(&buf, "abc");
    CHECK(buf.failed == a->tripped && !buf.too_large);
    char *text = gf_buf_take(&buf);
    CHECK((text != NULL) != a->tripped);
    gf_free(&a->alloc, text);
  }
}

static void strings_compare(void) {
  gf_str s = {"Content-Type", 12};
  CHECK(gf_str_eq(s, "Content-Type") && !gf_str_eq(s, "content-type") && gf_str_ieq(s, "content-type"));
  CHECK(gf_str_contains_ci(s, "T-TYPE") && gf_str_contains_ci(s, "") && !gf_str_contains_ci(s, "types"));
  CHECK(gf_str_same(gf_z(""), (gf_str){NULL, 0}) && gf_str_eq((gf_str){NULL, 0}, ""));
  CHECK(!gf_str_ieq((gf_str){"@", 1}, "`")); /* 32 apart, but no letters */
}

static void utf8_is_checked(void) {
  static const char *const good[] = {"",
                                     "a",
                                     "\xc2\x80",
                                     "\xdf\xbf",
                                     "\xe0\xa0\x80",
                                     "\xed\x9f\xbf",
                                     "\xee\x80\x80",
                                     "\xf0\x90\x80\x80",
                                     "\xf4\x8f\xbf\xbf"};
  static const char *const bad[] = {"\x80",
                                    "\xc0\x80",
                                    "\xc1\xbf",
                                    "\xc2",
                                    "\xe0\x9f\xbf",
                                    "\xed\xa0\x80",
                                    "\xe1\x80",
                                    "\xf0\x8f\xbf\xbf",
                                    "\xf4\x90\x80\x80",
                                    "\xf5\x80\x80\x80",
                                    "\xff",
                                    "\xe1\x80\xc0"};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++)
    CHECK(gf_is_utf8(gf_z(good[i])));
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    CHECK(!gf_is_utf8(gf_z(bad[i])));
}

/* --- parsing --- */

static void unchanged_text_stays(void) {
  static const char *const texts[] = {
      "[]",
      "{}",
      "null",
      "true",
      "\"\"",
      "0",
      "[[],{}]",
      "{\"\":{\"\":[]}}",
      "{\"b\":1,\"a\":2,\"b\":3}",
      "[9007199254740993,-9223372036854775808,9223372036854775807,18446744073709551615]",
      "[18446744073709551616,-9223372036854775809,123456789012345678901234567890]",
      "[1e400,-1e400,1.5E+999,1]",
      "[0.1,1.5,-0.0,1e100,5e-324,1.7976931348623157e308]",
      "[\"\\u0000\",\"\\\"\\\\/\\b\\f\\n\\r\\t\\u001F\x7f\"]",
      "[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"]"};
  const gf_allocator *alloc = fresh();
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    gf_doc *doc = parse(alloc, texts[i]);
    CHECK_TEXT(alloc, doc, texts[i]);
    gf_doc *compact = gf_doc_compact(gf_doc_root(doc));
    CHECK_TEXT(alloc, compact, texts[i]);
    gf_doc *tree = gf_doc_merge(alloc, gf_doc_root(doc), (gf_value){NULL, NULL});
    CHECK(gf_doc_is_tree(tree));
    CHECK_TEXT(alloc, tree, texts[i]);
    gf_doc_release(tree);
    gf_doc_release(compact);
    gf_doc_release(doc);
  }
  leaks();
}

/* What the header of gf_doc.c promises. */
static void numbers_become(void) {
  const gf_allocator *alloc = fresh();
  gf_doc *doc = parse(alloc, "[0.1234567890123456789,1e-400,-0,-0.0,1E2,1.0,12345678901234567890123.0]");
  CHECK_TEXT(alloc, doc, "[0.12345678901234568,0.0,0,-0.0,100.0,1.0,1.2345678901234568e22]");
  gf_doc_release(doc);
  leaks();
}

static void zero_bytes_are_characters(void) {
  const gf_allocator *alloc = fresh();
  gf_doc *doc = parse(alloc, "{\"a\\u0000b\":\"x\\u0000y\",\"a\":1}");
  gf_value v = gf_value_path(gf_doc_root(doc), PATH({.key = {"a\0b", 3}}));
  gf_str s;
  CHECK(gf_value_string(v, &s) && gf_str_same(s, (gf_str){"x\0y", 3}));
  CHECK_SORTED(alloc, doc, "{\"a\":1,\"a\\u0000b\":\"x\\u0000y\"}");
  gf_doc_release(doc);
  gf_json_error error;
  CHECK(refused(alloc, "[1]\0", 4, &error));
  CHECK(refused(alloc, "[\"a\0b\"]", 7, &error));
  leaks();
}

static void what_is_no_json_is_refused(void) {
  static const char *const bad[] = {"",
                                    " ",
                                    "[1,]",
                                    "{\"a\":1,}",
                                    "[1 2]",
                                    "nul",
                                    "01",
                                    "+1",
                                    "1.",
                                    ".5",
                                    "1e",
                                    "[1]]",
                                    "[1",
                                    "{\"a\"}",
                                    "{a:1}",
                                    "'a'",
                                    "\"a",
                                    "\"\\x\"",
                                    "\"\\ud800\"",
                                    "\"\\ud800\\u0041\"",
                                    "\"\n\"",
                                    "NaN",
                                    "Infinity",
                                    "/**/1",
                                    "\xef\xbb\xbf[]",
                                    "\"\x80\"",
                                    "\"\xc0\xaf\"",
                                    "\"\xed\xa0\x80\"",
                                    "\"\xf4\x90\x80\x80\"",
                                    "\"\xe2\x82\"",
                                    "{\"\xff\":1}"};
  const gf_allocator *alloc = fresh();
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    gf_json_error error = {0};
    if (!CHECK(refused(alloc, bad[i], strlen(bad[i]), &error))) printf("  %s\n", bad[i]);
    CHECK(error.message[0] != '\0');
    CHECK_INT(counted.live, 0);
  }
  leaks();
}

static void errors_name_the_place(void) {
  const gf_allocator *alloc = fresh();
  gf_json_error error = {0};
  CHECK(refused(alloc, "{\"a\": tru}", 10, &error));
  CHECK_INT(error.offset, 6);
  CHECK(strstr(error.message, "at offset 6"));
  gf_error other = {""};
  CHECK(gf_doc_from_text(alloc, gf_z("[1"), &other) == NULL);
  CHECK(strstr(other.message, "at offset 2"));
  CHECK(gf_doc_from_text(alloc, gf_z("[1"), NULL) == NULL);
  CHECK(refused(alloc, NULL, 0, &error));
  CHECK_STR(error.message, "the text is empty");
  leaks();
}

static void owned_buffers_are_taken_over(void) {
  const gf_allocator *alloc = fresh();
  char *buffer = gf_alloc(alloc, 7 + YYJSON_PADDING_SIZE);
  memcpy(buffer, "[\"abc\"]....", 7 + YYJSON_PADDING_SIZE); /* the padding is our business */
  gf_doc *doc = gf_doc_parse_owned(alloc, buffer, 7, NULL);
  CHECK_TEXT(alloc, doc, "[\"abc\"]");
  gf_str s;
  CHECK(gf_value_string(gf_value_at(gf_doc_root(doc), 0), &s) && s.p == buffer + 2);
  gf_doc_release(doc);
  buffer = gf_alloc(alloc, 2 + YYJSON_PADDING_SIZE);
  memcpy(buffer, "123456", 2 + YYJSON_PADDING_SIZE);
  doc = gf_doc_parse_owned(alloc, buffer, 2, NULL);
  CHECK_TEXT(alloc, doc, "12");
  gf_doc_release(doc);
  buffer = gf_alloc(alloc, 1 + YYJSON_PADDING_SIZE);
  buffer[0] = '?';
  CHECK(gf_doc_parse_owned(alloc, buffer, 1, NULL) == NULL);
  leaks();
}

static gf_doc *pass(const gf_allocator *alloc, gf_arena *arena, char room[64], const char *text) {
  snprintf(room, 64, "%s....", text); /* the padding is our business */
  return gf_doc_parse_passing(alloc, arena, room, strlen(text), NULL);
}

static void passing_documents_share_an_arena(void) {
  FAIL_EACH(a) {
    gf_arena arena = {NULL, 0};
    char room[64];
    for (int i = 0; i < 3; i++) {
      gf_doc *doc = pass(&a->alloc, &arena, room, "{\"a\":[\"b\",1e400]}");
      gf_doc *kept = doc ? gf_doc_compact(gf_doc_root(doc)) : NULL;
      gf_doc_release(doc);
      CHECK(pass(&a->alloc, &arena, room, "[1,") == NULL && pass(&a->alloc, &arena, room, "") == NULL);
      gf_allocator plain = gf_default_allocator();
      char *text = kept ? gf_value_text(&plain, gf_doc_root(kept), false, NULL) : NULL;
      CHECK(text ? strcmp(text, "{\"a\":[\"b\",1e400]}") == 0 : a->tripped);
      free(text);
      gf_doc_release(kept);
    }
    gf_arena_free(&a->alloc, &arena);
  }
}

static void passing_documents_have_the_same_limits(void) {
  const gf_allocator *alloc = fresh();
  gf_arena arena = {NULL, 0};
  for (size_t depth = 1000; depth <= 1001; depth++) {
    char *deep = nested(depth, "[", "1", "]");
    gf_doc *doc = gf_doc_parse_passing(alloc, &arena, deep, strlen(deep), NULL);
    CHECK((doc == NULL) == (depth == 1001));
    gf_doc_release(doc);
    free(deep);
  }
  gf_arena_free(alloc, &arena);
  leaks();
}

static void depth_is_at_most_1000(void) {
  static const char *const kinds[][3] = {
      {"[", "[]", "]"}, {"{\"a\":", "{}", "}"}, {"[0,[1],", "[]", ",{},2]"}};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    const gf_allocator *alloc = fresh();
    gf_json_error error = {0};
    char *good = nested(999, kinds[i][0], kinds[i][1], kinds[i][2]);
    char *bad = nested(1000, kinds[i][0], kinds[i][1], kinds[i][2]);
    gf_doc *doc = parse(alloc, good);
    CHECK_TEXT(alloc, doc, good);
    CHECK_SORTED(alloc, doc, good);
    CHECK(refused(alloc, bad, strlen(bad), &error));
    CHECK(strstr(error.message, "1000 levels"));
    gf_doc_release(doc);
    free(good);
    free(bad);
    leaks();
  }
}

static void scalars_have_no_depth(void) {
  const gf_allocator *alloc = fresh();
  char *good = nested(1000, "[", "1", "]"), *bad = nested(1001, "[", "1", "]");
  gf_json_error error;
  CHECK(!refused(alloc, good, strlen(good), &error) && refused(alloc, bad, strlen(bad), &error));
  free(good);
  free(bad);
  leaks();
}

/* Wide containers, in which a look at the sizes alone does not tell. */
static void depth_is_found_anywhere(void) {
  const gf_allocator *alloc = fresh();
  for (size_t depth = 1000; depth <= 1001; depth++) {
    char *deep = nested(depth - 1, "[", "1", "]");
    gf_buf buf;
    gf_buf_init(&buf, alloc, SIZE_MAX);
    gf_buf_add_char(&buf, '[');
    for (int i = 0; i < 3000; i++)
      gf_buf_add_str(&buf, i % 3 ? "[1,{\"a\":[]}]," : "{\"x\":1,\"y\":[[2]]},");
    gf_buf_add_str(&buf, deep);
    for (int i = 0; i < 3000; i++)
      gf_buf_add_str(&buf, ",[[[]]]");
    gf_buf_add_char(&buf, ']');
    gf_json_error error;
    CHECK_INT(refused(alloc, buf.p, buf.n, &error), depth == 1001);
    gf_buf_free(&buf);
    free(deep);
  }
  leaks();
}

static void a_document_tells_its_memory(void) {
  const gf_allocator *alloc = fresh();
  gf_doc *doc = parse(alloc, "{\"a\":[1,2,3],\"b\":\"some text\"}");
  CHECK_INT(gf_doc_bytes(doc), counted.bytes);
  CHECK(set(doc, "\"more\"", PATH(KEY("c")), NULL));
  CHECK_INT(gf_doc_bytes(doc), counted.bytes);
  gf_doc_release(doc);
  leaks();
}

/* A document of one small list and `n` bytes of text, for which yyjson takes far too much memory at first. */
static gf_doc *sparse(const gf_allocator *alloc, size_t n) {
  char *spaces = malloc(n + 1);
  memset(spaces, ' ', n);
  memcpy(spaces, "[1,2", 4);
  spaces[n - 1] = ']';
  gf_doc *doc = parse_n(alloc, spaces, n);
  free(spaces);
  return doc;
}

static void spare_memory_is_given_back(void) {
  const gf_allocator *alloc = fresh();
  gf_doc *doc = sparse(alloc, 40000);
  CHECK(counted.bytes < 40000 + 1000 && counted.most > 80000);
  CHECK_INT(gf_doc_bytes(doc), counted.bytes);
  CHECK_TEXT(alloc, doc, "[1,2]");
  gf_doc_release(doc);
  leaks();
}

/* A large block stays where it is: its end was never written to, so it takes no memory from anyone. */
static void untouched_memory_is_not_counted(void) {
  const gf_allocator *alloc = fresh();
  gf_doc *doc = sparse(alloc, 100000);
  CHECK(counted.bytes > 200000 && gf_doc_bytes(doc) < 100000 + 1000);
  CHECK_TEXT(alloc, doc, "[1,2]");
  gf_doc_release(doc);
  leaks();
}

/* --- reading --- */

static void the_last_of_two_equal_keys_counts(void) {
  const gf_allocator *alloc = fresh();
  gf_doc *doc = parse(alloc, "{\"a\":1,\"b\":2,\"a\":{\"c\":3,\"c\":4}}");
  gf_doc *tree = gf_doc_merge(alloc, gf_doc_root(doc), (gf_value){NULL, NULL});
  gf_doc *both[] = {doc, tree};
  for (int i = 0; i < 2; i++) {
    gf_value root = gf_doc_root(both[i]);
    int64_t n = 0;
    CHECK_INT(gf_value_len(root), 3);
    CHECK(gf_value_int(gf_value_get(gf_value_get(root, "a"), "c"), &n) && n == 4);
    CHECK(gf_value_int(gf_value_path(root, PATH(KEY("a"), KEY("c"))), &n) && n == 4);
    CHECK(gf_value_int(gf_value_pointer(root, "/a/c"), &n) && n == 4);
  }
  gf_doc_release(doc);
  gf_doc_release(tree);
  leaks();
}

static void absent_stays_absent(void) {
  gf_value none = {NULL, NULL};
  gf_str s;
  int64_t i;
  bool b;
  void *key, *value;
  gf_iter it = gf_iterate(none);
  CHECK(gf_value_is_absent(gf_value_get(none, "a")) && gf_value_is_absent(gf_value_at(none, 0)));
  CHECK(gf_value_is_absent(gf_value_pointer(none, "")) && gf_value_is_absent(gf_value_pointer(none, "/a")));
  CHECK(gf_value_len(none) == 0 && !gf_iter_next(&it, &key, &value));
  CHECK(!gf_value_string(none, &s) && !gf_value_int(none, &i) && !gf_value_bool(none, &b));
  const gf_allocator *alloc = fresh();
  char digest[65];
  CHECK(gf_value_text(alloc, none, false, NULL) == NULL && gf_doc_compact(none) == NULL);
  CHECK(!gf_value_digest(alloc, none, digest) && gf_value_equal(alloc, none, none) == 1);
  gf_doc *empty = gf_doc_new(alloc);
  CHECK(gf_value_is_absent(gf_doc_root(empty)));
  CHECK(!set(empty, "1", PATH(KEY("a")), NULL) && set(empty, "{}", NULL, 0, NULL));
  CHECK(set(empty, "1", PATH(KEY("a")), NULL));
  CHECK_TEXT(alloc, empty, "{\"a\":1}");
  CHECK(gf_value_equal(alloc, none, gf_doc_root(empty)) == 0);
  gf_doc_release(empty);
  gf_doc_release(NULL);
  leaks();
}

static void scalars_are_read_as_what_they_are(void) {
  static const struct {
    const char *text;
    bool ok;
    int64_t value;
  } ints[] = {{"0", true, 0},
              {"-0", true, 0},
              {"9223372036854775807", true, INT64_MAX},
              {"-9223372036854775808", true, INT64_MIN},
              {"9223372036854775808", false, 0},
              {"18446744073709551616", false, 0},
              {"5.0", true, 5},
              {"5e2", true, 500},
              {"5.5", false, 0},
              {"-9223372036854775808.0", true, INT64_MIN},
              {"9223372036854775808.0", false, 0},
              {"1e400", false, 0},
              {"\"1\"", false, 0},
              {"true", false, 0},
              {"null", false, 0}};
  const gf_allocator *alloc = fresh();
  for (size_t i = 0; i < sizeof ints / sizeof *ints; i++) {
    gf_doc *doc = parse(alloc, ints[i].text);
    int64_t n = 0;
    CHECK_INT(gf_value_int(gf_doc_root(doc), &n), ints[i].ok);
    CHECK_INT(n, ints[i].value);
    gf_doc_release(doc);
  }
  gf_doc *doc = parse(alloc, "[true,false,null,0,\"\"]");
  bool b = false;
  gf_str s = {0};
  CHECK(gf_value_bool(gf_value_at(gf_doc_root(doc), 0), &b) && b);
  CHECK(gf_value_bool(gf_value_at(gf_doc_root(doc), 1), &b) && !b);
  CHECK(!gf_value_bool(gf_value_at(gf_doc_root(doc), 2), &b) &&
        !gf_value_bool(gf_value_at(gf_doc_root(doc), 3), &b));
  CHECK(gf_value_string(gf_value_at(gf_doc_root(doc), 4), &s) && s.n == 0 && s.p);
  gf_doc_release(doc);
  leaks();
}

/* The examples of RFC 6901, section 5, and what its sections 3 and 4 rule out. */
static void pointers_follow_rfc_6901(void) {
  static const struct {
    const char *pointer, *text;
  } cases[] = {{"/foo", "[\"bar\",\"baz\"]"},
               {"/foo/0", "\"bar\""},
               {"/", "0"},
               {"/a~1b", "1"},
               {"/c%d", "2"},
               {"/e^f", "3"},
               {"/g|h", "4"},
               {"/i\\j", "5"},
               {"/k\"l", "6"},
               {"/ ", "7"},
               {"/m~0n", "8"},
               {"/m~01", "9"},
               {"/foo/2", NULL},
               {"/foo/-", NULL},
               {"/foo/00", NULL},
               {"/foo/01", NULL},
               {"/foo/+1", NULL},
               {"/foo/", NULL},
               {"foo", NULL},
               {"/m~2n", NULL},
               {"/m~", NULL},
               {"/foo/0/x", NULL},
               {"/none/x", NULL},
               {"/foo/18446744073709551616", NULL}};
  const gf_allocator *alloc = fresh();
  gf_doc *doc =
      parse(alloc, "{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,\"i\\\\j\":5,"
                   "\"k\\\"l\":6,\" \":7,\"m~n\":8,\"m~1\":9}");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char *text = gf_value_text(alloc, gf_value_pointer(gf_doc_root(doc), cases[i].pointer), false, NULL);
    CHECK_STR(text, cases[i].text);
    gf_free(alloc, text);
  }
  CHECK(gf_value_pointer(gf_doc_root(doc), "").node == doc->root);
  gf_doc_release(doc);
  leaks();
}

static void iterating_gives_all_in_order(void) {
  const gf_allocator *alloc = fresh();
  gf_doc *doc = parse(alloc, "{\"a\":[1,[2,3],4],\"b\":{},\"a\":5}");
  for (int round = 0; round < 2; round++) {
    void *key, *value;
    char seen[8] = "";
    for (gf_iter it = gf_iterate(gf_doc_root(doc)); gf_iter_next(&it, &key, &value);)
      strcat(seen, unsafe_yyjson_get_str(key));
    CHECK_STR(seen, "aba");
    size_t n = 0;
    for (gf_iter it = gf_iterate(gf_value_at(gf_doc_root(doc), 0)); gf_iter_next(&it, NULL, &value);)
      n++;
    CHECK_INT(n, 0);
    CHECK_INT(gf_value_len(gf_value_path(gf_doc_root(doc), PATH(KEY("b")))), 0);
    CHECK(set(doc, "5", PATH(KEY("a")), NULL)); /* the second round reads a tree */
  }
  gf_doc_release(doc);
  leaks();
}

/* --- changing --- */

static void set_makes_what_is_missing(void) {
  const gf_allocator *alloc = fresh();
  gf_doc *doc = parse(alloc, "{\"a\":[1]}");
  CHECK(set(doc, "2", PATH(KEY("a"), AT(1)), NULL));
  CHECK(set(doc, "3", PATH(KEY("a"), AT(2), KEY("x"), KEY("")), NULL));
  CHECK(set(doc, "[4]", PATH(KEY("b"), AT(0), KEY("y")), NULL));
  CHECK(set(doc, "true", PATH(KEY("a"), AT(0)), NULL));
  CHECK(set(doc, "\"s\"", PATH({.key = {NULL, 0}}), NULL));
  CHECK_TEXT(alloc, doc, "{\"a\":[true,2,{\"x\":{\"\":3}}],\"b\":[{\"y\":[4]}],\"\":\"s\"}");
  CHECK(set(doc, "[]", NULL, 0, NULL));
  CHECK_TEXT(alloc, doc, "[]");
  gf_doc_release(doc);
  leaks();
}

static void set_refuses_what_makes_no_sense(void) {
  static const struct {
    gf_step path[3];
    size_t n;
    const char *why;
  } cases[] = {{{KEY("s"), KEY("x")}, 2, "scalar"},
               {{KEY("null"), KEY("x")}, 2, "scalar"},
               {{KEY("a"), KEY("x")}, 2, "key"},
               {{AT(0)}, 1, "index"},
               {{KEY("a"), AT(2)}, 2, "beyond the end"},
               {{KEY("new"), AT(1)}, 2, "beyond the end"},
               {{KEY("a"), AT(1), AT(1)}, 3, "beyond the end"},
               {{KEY("\xff")}, 1, "UTF-8"},
               {{KEY("new"), KEY("\xc0\x80")}, 2, "UTF-8"}};
  const char *text = "{\"s\":\"t\",\"null\":null,\"a\":[1]}";
  const gf_allocator *alloc = fresh();
  gf_doc *doc = parse(alloc, text);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    gf_json_error error = {0};
    CHECK(!set(doc, "1", cases[i].path, cases[i].n, &error));
    if (!CHECK(strstr(error.message, cases[i].why))) printf("  %zu: %s\n", i, error.message);
    CHECK(!set(doc, "1", cases[i].path, cases[i].n, NULL));
    CHECK_TEXT(alloc, doc, text);
  }
  CHECK(!gf_doc_set(doc, (gf_value){NULL, NULL}, PATH(KEY("a")), NULL));
  CHECK(!gf_doc_is_tree(doc)); /* not even copied */
  gf_doc_release(doc);
  leaks();
}

static void set_and_remove_handle_equal_keys(void) {
  const gf_allocator *alloc = fresh();
  gf_doc *doc = parse(alloc, "{\"a\":1,\"b\":2,\"a\":3,\"a\":4}");
  CHECK(set(doc, "5", PATH(KEY("a")), NULL));
  CHECK_TEXT(alloc, doc, "{\"a\":1,\"b\":2,\"a\":3,\"a\":5}");
  CHECK_INT(gf_doc_remove(doc, PATH(KEY("a")), NULL), 1);
  CHECK_TEXT(alloc, doc, "{\"b\":2}");
  CHECK_INT(gf_doc_remove(doc, PATH(KEY("b")), NULL), 1);
  CHECK_TEXT(alloc, doc, "{}");
  gf_doc_release(doc);
  leaks();
}

static void remove_says_what_was_there(void) {
  const gf_allocator *alloc = fresh();
  gf_doc *doc = parse(alloc, "{\"a\":[1,{\"b\":2},3],\"s\":1}");
  gf_json_error error = {0};
  CHECK_INT(gf_doc_remove(doc, PATH(KEY("x")), &error), 0);
  CHECK_INT(gf_doc_remove(doc, PATH(KEY("s"), KEY("x")), &error), 0);
  CHECK_INT(gf_doc_remove(doc, PATH(KEY("a"), AT(3)), &error), 0);
  CHECK_INT(gf_doc_remove(doc, PATH(KEY("a"), KEY("b")), &error), 0);
  CHECK(!gf_doc_is_tree(doc));
  CHECK_INT(gf_doc_remove(doc, NULL, 0, &error), -1);
  CHECK(error.message[0] != '\0');
  CHECK_INT(gf_doc_remove(doc, PATH(KEY("a"), AT(0)), &error), 1);
  CHECK_INT(gf_doc_remove(doc, PATH(KEY("a"), AT(0), KEY("b")), &error), 1);
  CHECK_INT(gf_doc_remove(doc, PATH(KEY("a"), AT(1)), &error), 1);
  CHECK_TEXT(alloc, doc, "{\"a\":[{}],\"s\":1}");
  gf_doc_release(doc);
  leaks();
}

static void a_document_can_take_its_own_parts(void) {
  const gf_allocator *alloc = fresh();
  gf_doc *doc = parse(alloc, "{\"a\":{\"b\":[1]}}");
  CHECK(set(doc, "2", PATH(KEY("c")), NULL)); /* a tree of its own from here on */
  CHECK(gf_doc_set(doc, gf_doc_root(doc), PATH(KEY("a"), KEY("b"), AT(0)), NULL));
  CHECK(gf_doc_set(doc, gf_value_pointer(gf_doc_root(doc), "/a/b/0/a"), PATH(KEY("a")), NULL));
  CHECK_TEXT(alloc, doc, "{\"a\":{\"b\":[1]},\"c\":2}");
  CHECK(gf_doc_set(doc, gf_value_pointer(gf_doc_root(doc), "/a/b"), NULL, 0, NULL));
  CHECK_TEXT(alloc, doc, "[1]");
  gf_doc_release(doc);
  leaks();
}

static void views_and_copies_are_values(void) {
  for (int tree = 0; tree < 2; tree++) {
    const gf_allocator *alloc = fresh();
    gf_doc *doc = parse(alloc, "{\"a\":{\"b\":1},\"c\":2}");
    if (tree) CHECK(set(doc, "2", PATH(KEY("c")), NULL));
    gf_doc *view = gf_doc_view(doc, gf_value_get(gf_doc_root(doc), "a").node);
    gf_doc *copy = gf_doc_copy(doc);
    CHECK(view->store == doc->store && copy->store == doc->store);
    CHECK(set(view, "3", PATH(KEY("b")), NULL));
    CHECK_TEXT(alloc, view, "{\"b\":3}");
    CHECK_TEXT(alloc, doc, "{\"a\":{\"b\":1},\"c\":2}");
    CHECK(set(doc, "4", PATH(KEY("a"), KEY("b")), NULL));
    CHECK_TEXT(alloc, doc, "{\"a\":{\"b\":4},\"c\":2}");
    gf_doc_release(doc);
    CHECK_TEXT(alloc, copy, "{\"a\":{\"b\":1},\"c\":2}");
    CHECK_INT(gf_doc_remove(copy, PATH(KEY("a")), NULL), 1);
    CHECK_TEXT(alloc, copy, "{\"c\":2}");
    CHECK_TEXT(alloc, view, "{\"b\":3}");
    gf_doc_release(view);
    gf_doc_release(gf_doc_retain(copy));
    gf_doc_release(copy);
    leaks();
  }
}

/* A view outlives its document, and then changes its part of the tree in place. */
static void the_last_holder_changes_in_place(void) {
  const gf_allocator *alloc = fresh();
  gf_doc *doc = parse(alloc, "{\"a\":{\"b\":1},\"c\":2}");
  CHECK(set(doc, "2", PATH(KEY("c")), NULL));
  gf_doc *view = gf_doc_view(doc, gf_value_get(gf_doc_root(doc), "a").node);
  gf_doc_release(doc);
  gf_store *store = view->store;
  size_t count = counted.count;
  gf_doc *value = parse(alloc, "7");
  size_t parsing = counted.count - count;
  CHECK(gf_doc_set(view, gf_doc_root(value), PATH(KEY("b")), NULL));
  CHECK_INT(counted.count - count, parsing); /* a number in place needs no memory */
  CHECK(view->store == store);
  CHECK_TEXT(alloc, view, "{\"b\":7}");
  gf_doc_release(value);
  gf_doc_release(view);
  leaks();
}

static void replaced_values_do_not_pile_up(void) {
  const gf_allocator *alloc = fresh();
  gf_doc *doc = parse(alloc, "{\"a\":\"\",\"b\":[{\"c\":null}]}");
  char text[120];
  memset(text, 'x', sizeof text);
  text[0] = text[sizeof text - 2] = '"';
  text[sizeof text - 1] = '\0';
  for (int i = 0; i < 20000; i++)
    CHECK(set(doc, text, PATH(KEY("b"), AT(0), KEY("c")), NULL));
  CHECK(counted.most < 400000);
  CHECK_INT(gf_value_len(gf_doc_root(doc)), 2);
  gf_doc_release(doc);
  leaks();
}

static void depth_is_at_most_1000_after_set(void) {
  const gf_allocator *alloc = fresh();
  char *deep = nested(997, "[", "[]", "]"), *deeper = nested(998, "[", "[]", "]");
  gf_doc *doc = parse(alloc, "{\"a\":[]}");
  gf_json_error error = {0};
  CHECK(set(doc, deep, PATH(KEY("a"), AT(0)), &error));
  CHECK(!set(doc, deeper, PATH(KEY("a"), AT(1)), &error));
  CHECK(strstr(error.message, "1000 levels"));
  CHECK_INT(gf_value_len(gf_value_get(gf_doc_root(doc), "a")), 1);
  gf_doc *tree = parse(alloc, deeper);
  CHECK(set(tree, "[]", PATH(AT(1)), NULL)); /* the same limit when the value is a tree */
  CHECK(!gf_doc_set(doc, gf_doc_root(tree), PATH(KEY("a"), AT(1)), &error));
  CHECK(gf_doc_set(doc, gf_doc_root(tree), PATH(KEY("b")), &error));
  gf_doc_release(tree);
  gf_step *path = calloc(1001, sizeof *path);
  for (int i = 0; i < 1001; i++)
    path[i].key = gf_z("k");
  CHECK(!set(doc, "1", path, 1001, &error));
  CHECK(set(doc, "1", path, 1000, &error));
  CHECK(!set(doc, "[]", path, 1000, &error) && !set(doc, "1", path, SIZE_MAX, &error));
  free(path);
  gf_doc_release(doc);
  free(deep);
  free(deeper);
  leaks();
}

/* The table of RFC 7396, appendix A, and equal keys. */
static void merging_follows_rfc_7396(void) {
  static const char *const cases[][3] = {
      {"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
      {"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
      {"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
      {"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
      {"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
      {"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
      {"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}"},
      {"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
      {"[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]"},
      {"{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]"},
      {"{\"a\":\"foo\"}", "null", "null"},
      {"{\"a\":\"foo\"}", "\"bar\"", "\"bar\""},
      {"{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}"},
      {"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"},
      {"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
      {"{\"a\":1,\"a\":{\"x\":2}}", "{\"a\":{\"y\":3}}", "{\"a\":1,\"a\":{\"x\":2,\"y\":3}}"},
      {"{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":null}", "{\"b\":2}"},
      {"{\"a\":{\"c\":2}}", "{\"a\":null,\"a\":{\"b\":1}}", "{\"a\":{\"c\":2,\"b\":1}}"},
      {"{}", "{\"n\":18446744073709551616,\"\":[null]}", "{\"n\":18446744073709551616,\"\":[null]}"}};
  const gf_allocator *alloc = fresh();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    gf_doc *target = parse(alloc, cases[i][0]), *patch = parse(alloc, cases[i][1]);
    gf_doc *merged = gf_doc_merge(alloc, gf_doc_root(target), gf_doc_root(patch));
    CHECK_TEXT(alloc, merged, cases[i][2]);
    CHECK_TEXT(alloc, target, cases[i][0]);
    CHECK_TEXT(alloc, patch, cases[i][1]);
    gf_doc *again = gf_doc_merge(alloc, gf_doc_root(merged), gf_doc_root(merged)); /* of a tree with itself */
    CHECK(again != NULL);
    gf_doc_release(again);
    gf_doc_release(merged);
    merged = gf_doc_merge(alloc, (gf_value){NULL, NULL}, gf_doc_root(patch));
    CHECK(merged != NULL);
    gf_doc_release(merged);
    gf_doc_release(patch);
    gf_doc_release(target);
  }
  char *deep = nested(999, "{\"a\":", "{}", "}");
  gf_doc *doc = parse(alloc, deep), *merged = gf_doc_merge(alloc, gf_doc_root(doc), gf_doc_root(doc));
  CHECK_TEXT(alloc, merged, deep);
  gf_doc_release(merged);
  gf_doc_release(doc);
  free(deep);
  leaks();
}

/* --- comparing --- */

static void order_of_keys_does_not_matter(void) {
  const gf_allocator *alloc = fresh();
  CHECK_EQUAL(alloc, "{\"a\":1,\"b\":[{\"c\":2,\"d\":3}]}", "{\"b\":[{\"d\":3,\"c\":2}],\"a\":1}");
  CHECK_DIFFERENT(alloc, "[1,2]", "[2,1]");
  CHECK_DIFFERENT(alloc, "{\"a\":1}", "{\"a\":1,\"b\":null}");
  CHECK_DIFFERENT(alloc, "{\"a\":1}", "{\"b\":1}");
  CHECK_DIFFERENT(alloc, "{\"a\":1}", "{\"a\":2}");
  CHECK_DIFFERENT(alloc, "[]", "{}");
  CHECK_DIFFERENT(alloc, "[1]", "[1,1]");
  CHECK_DIFFERENT(alloc, "null", "false");
  CHECK_DIFFERENT(alloc, "true", "false");
  CHECK_DIFFERENT(alloc, "\"1\"", "1");
  CHECK_DIFFERENT(alloc, "0", "false");
  CHECK_DIFFERENT(alloc, "{\"a\":1}", "{\"a\\u0000\":1}");
  CHECK_EQUAL(alloc, "\"\\u00e9\\/\\n\"", "\"\xc3\xa9/\\u000a\"");
  CHECK_DIFFERENT(alloc, "\"\\u00e9\"", "\"e\\u0301\"");
  leaks();
}

static void equal_keys_compare_by_the_last(void) {
  const gf_allocator *alloc = fresh();
  CHECK_EQUAL(alloc, "{\"a\":1,\"a\":2}", "{\"a\":2}");
  CHECK_EQUAL(alloc, "{\"a\":1,\"b\":0,\"a\":2}", "{\"a\":3,\"a\":2,\"b\":0}");
  CHECK_DIFFERENT(alloc, "{\"a\":1,\"a\":2}", "{\"a\":1}");
  CHECK_DIFFERENT(alloc, "{\"a\":1,\"a\":2}", "{\"a\":2,\"a\":1}");
  CHECK_EQUAL(alloc, "{\"a\":1,\"a\":2}", "{\"a\":3,\"a\":2}");
  CHECK_EQUAL(alloc, "{\"a\":1,\"b\":[0],\"a\":2}", "{\"a\":{},\"b\":[0],\"a\":2}");
  leaks();
}

static void numbers_compare_by_value(void) {
  static const char *const equal[][2] = {{"1", "1.0"},
                                         {"1", "1e0"},
                                         {"100", "1E2"},
                                         {"-1", "-1.0"},
                                         {"0", "-0"},
                                         {"0", "-0.0"},
                                         {"0.0", "-0"},
                                         {"9007199254740992", "9007199254740992.0"},
                                         {"9007199254740992.0", "9007199254740993.0"} /* doubles, rounded */,
                                         {"18446744073709549568", "18446744073709549568.0"},
                                         {"-9223372036854775808", "-9223372036854775808.0"},
                                         {"18446744073709551616", "18446744073709551616.0"},
                                         {"100000000000000000000", "1e20"},
                                         {"-100000000000000000000", "-1e20"},
                                         {"1e400", "10e399"},
                                         {"1e400", "0.1e401"},
                                         {"1e400", "1E+0400"},
                                         {"12300e400", "1.23e404"},
                                         {"123456789012345678901", "123456789012345678901"}};
  static const char *const different[][2] = {{"9007199254740993", "9007199254740992"},
                                             {"9007199254740993", "9007199254740993.0"},
                                             {"9223372036854775807", "9223372036854775808"},
                                             {"9223372036854775807", "9223372036854775807.0"},
                                             {"9223372036854775808", "-9223372036854775808"},
                                             {"18446744073709551615", "-1"},
                                             {"18446744073709551615", "18446744073709551616"},
                                             {"18446744073709551615", "18446744073709551615.0"},
                                             {"18446744073709551616", "18446744073709551617"},
                                             {"18446744073709551617", "18446744073709551617.0"},
                                             {"1", "1.0000000000000002"},
                                             {"1", "-1"},
                                             {"0.1", "0.10000000000000002"},
                                             {"1e400", "1e401"},
                                             {"1e400", "-1e400"},
                                             {"1e400", "1.1e400"},
                                             {"1e308", "1e309"},
                                             {"100000000000000000001", "1e20"},
                                             {"123456789012345678901", "123456789012345678902"},
                                             {"1e99999999999999999999", "1e99999999999999999998"},
                                             {"-1", "1.8446744073709552e19"}};
  const gf_allocator *alloc = fresh();
  for (size_t i = 0; i < sizeof equal / sizeof *equal; i++)
    CHECK_EQUAL(alloc, equal[i][0], equal[i][1]);
  for (size_t i = 0; i < sizeof different / sizeof *different; i++)
    CHECK_DIFFERENT(alloc, different[i][0], different[i][1]);
  char *zeros = nested(400, "", "1", "0"), *point = nested(300, "0", "", ""); /* 1 and 400 zeros */
  CHECK_EQUAL(alloc, zeros, "1e400");
  CHECK_DIFFERENT(alloc, zeros, "1e399");
  point[0] = '1'; /* 1 and 299 zeros: a double comes near, but is another number */
  CHECK_DIFFERENT(alloc, point, "1e299");
  free(zeros);
  free(point);
  leaks();
}

/* A binding writes digits that its language cannot hold as text, however small they are. */
static void text_numbers_are_the_numbers_they_spell(void) {
  static const char *const cases[][2] = {{"9007199254740993", "9007199254740993"},
                                         {"1.0", "1"},
                                         {"-0", "0"},
                                         {"0.5e1", "5"},
                                         {"18446744073709551615", "18446744073709551615"},
                                         {"1e-400", "0"},
                                         {"100000000000000000000", "1e20"}};
  const gf_allocator *alloc = fresh();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char p[65], q[65];
    gf_doc *raw = gf_doc_new(alloc), *plain = parse(alloc, cases[i][1]);
    gf_doc_set_root(raw, yyjson_mut_rawcpy(raw->store->tree, cases[i][0]));
    CHECK_INT(gf_value_equal(alloc, gf_doc_root(raw), gf_doc_root(plain)), 1);
    CHECK(gf_value_digest(alloc, gf_doc_root(raw), p) && gf_value_digest(alloc, gf_doc_root(plain), q));
    CHECK_STR(p, q);
    CHECK_TEXT(alloc, raw, cases[i][0]);
    gf_doc_release(raw);
    gf_doc_release(plain);
  }
  gf_doc *odd = gf_doc_new(alloc); /* what is no number at all does no harm */
  gf_doc_set_root(odd, yyjson_mut_rawcpy(odd->store->tree, "e.-"));
  gf_doc *copy = gf_doc_compact(gf_doc_root(odd));
  CHECK_INT(gf_value_equal(alloc, gf_doc_root(odd), gf_doc_root(copy)), 1);
  gf_doc_release(copy);
  gf_doc_release(odd);
  leaks();
}

static void digests_of_doubles_take_numbers_for_the_doubles_next_to_them(void) {
  static const struct {
    const char *a, *b;
    bool same;
  } cases[] = {{"1", "1.0", true},
               {"1e0", "1", true},
               {"-0.0", "0", true},
               {"9007199254740993", "9007199254740992", true},
               {"-9007199254740993", "-9007199254740992.0", true},
               {"18446744073709551615", "1.8446744073709552e19", true},
               {"123456789012345678901234567890", "1.2345678901234568e29", true},
               {"0.1", "0.1000000000000000055", true},
               {"9007199254740993", "9007199254740994", false},
               {"1", "2", false},
               {"1", "\"1\"", false},
               {"1e400", "1e401", false},
               {"1e400", "10e399", true}};
  const gf_allocator *alloc = fresh();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char p[65] = "", q[65] = "";
    gf_doc *a = parse(alloc, cases[i].a), *b = parse(alloc, cases[i].b);
    CHECK(gf_value_digest_doubles(alloc, gf_doc_root(a), p) &&
          gf_value_digest_doubles(alloc, gf_doc_root(b), q));
    CHECK_INT(strcmp(p, q) == 0, cases[i].same);
    gf_doc_release(a);
    gf_doc_release(b);
  }
  leaks();
}

static void equal_needs_no_stack(void) {
  const gf_allocator *alloc = fresh();
  char *deep = nested(999, "{\"a\":", "[]", "}"), *other = nested(999, "{\"a\":", "{}", "}");
  CHECK_EQUAL(alloc, deep, deep);
  CHECK_DIFFERENT(alloc, deep, other);
  free(deep);
  free(other);
  leaks();
}

/* --- writing --- */

static void sorted_text_sorts_by_bytes(void) {
  const gf_allocator *alloc = fresh();
  gf_doc *doc = parse(
      alloc,
      "{\"b\":[{\"z\":1,\"\":2}],\"a\":{},\"B\":1.50,\"ab\":-0,\"\xc3\xa9\":[],\"a\":\"\\n\",\"~\":1e400}");
  CHECK_SORTED(
      alloc, doc,
      "{\"B\":1.5,\"a\":{},\"a\":\"\\n\",\"ab\":0,\"b\":[{\"\":2,\"z\":1}],\"~\":1e400,\"\xc3\xa9\":[]}");
  check_text(
      alloc, gf_doc_root(doc), (gf_write){.pretty = true, .sorted = true},
      "{\n  \"B\": 1.5,\n  \"a\": {},\n  \"a\": \"\\n\",\n  \"ab\": 0,\n  \"b\": [\n    {\n      \"\": 2,\n"
      "      \"z\": 1\n    }\n  ],\n  \"~\": 1e400,\n  \"\xc3\xa9\": []\n}",
      __LINE__);
  gf_doc_release(doc);
  leaks();
}

static void many_keys_are_sorted_stably(void) {
  const gf_allocator *alloc = fresh();
  gf_buf buf, want;
  gf_buf_init(&buf, alloc, SIZE_MAX);
  gf_buf_init(&want, alloc, SIZE_MAX);
  for (int i = 0; i < 3000; i++) { /* each of 1000 keys three times, in a scattered order */
    char item[40];
    snprintf(item, sizeof item, "%c\"%03d\":%d", i ? ',' : '{', i * 617 % 1000, i / 1000);
    gf_buf_add_str(&buf, item);
    snprintf(item, sizeof item, "%c\"%03d\":%d", i ? ',' : '{', i / 3, i % 3);
    gf_buf_add_str(&want, item);
  }
  gf_buf_add_char(&buf, '}');
  gf_buf_add_char(&want, '}');
  char *from = gf_buf_take(&buf), *to = gf_buf_take(&want);
  gf_doc *doc = parse(alloc, from);
  CHECK_SORTED(alloc, doc, to);
  gf_doc_release(doc);
  gf_free(alloc, from);
  gf_free(alloc, to);
  leaks();
}

/* Room for the members of an object is used again for the next. */
static void sorting_needs_little_memory(void) {
  const gf_allocator *alloc = fresh();
  gf_buf ab, ba;
  gf_buf_init(&ab, alloc, SIZE_MAX);
  gf_buf_init(&ba, alloc, SIZE_MAX);
  for (int i = 0; i < 20000; i++) {
    gf_buf_add_str(&ab, i > 0 ? ",{\"a\":1,\"b\":2}" : "[{\"a\":1,\"b\":2}");
    gf_buf_add_str(&ba, i > 0 ? ",{\"b\":2,\"a\":1}" : "[{\"b\":2,\"a\":1}");
  }
  gf_buf_add_char(&ab, ']');
  gf_buf_add_char(&ba, ']');
  gf_doc *x = parse_n(alloc, ab.p, ab.n), *y = parse_n(alloc, ba.p, ba.n);
  char digest[65];
  size_t before = counted.most = counted.bytes;
  CHECK_INT(gf_value_equal(alloc, gf_doc_root(x), gf_doc_root(y)), 1);
  CHECK(gf_value_digest(alloc, gf_doc_root(y), digest));
  CHECK(counted.most - before < 200000);
  gf_doc_release(x);
  gf_doc_release(y);
  gf_buf_free(&ab);
  gf_buf_free(&ba);
  leaks();
}

/* Every byte that a string can hold by itself, through the parser and both writers. */
static void each_character_is_escaped_as_yyjson_does(void) {
  const gf_allocator *alloc = fresh();
  yyjson_alc alc = gf_yyjson_alc(alloc);
  for (char c = 0; c < 127; c++) {
    gf_doc *doc = gf_doc_new(alloc);
    gf_doc_set_root(doc, yyjson_mut_strncpy(doc->store->tree, &c, 1));
    char *text = yyjson_mut_val_write_opts(doc->root, YYJSON_WRITE_NOFLAG, &alc, NULL, NULL);
    CHECK_SORTED(alloc, doc, text);
    gf_doc *again = parse(alloc, text);
    CHECK_INT(gf_value_equal(alloc, gf_doc_root(doc), gf_doc_root(again)), 1);
    gf_doc_release(again);
    gf_doc_release(doc);
    gf_free(alloc, text);
  }
  leaks();
}

/* Our own writer and yyjson's agree wherever both could have written. */
static void both_writers_write_alike(void) {
  static const char *const texts[] = {
      "[]", "{}", "\"x\"", "[1,-2,3.5,1e300,-0.0,18446744073709551615,true,false,null,\"\"]",
      ("{\"a\":[[],{},[{}]],\"b\":{\"c\":\"\\u0001\\u001f\\\"\\\\\\b\\f\\n\\r\\t/"
       "\x7f\xc2\x80\"},\"c\":[[1,2],[3]]}")};
  const gf_allocator *alloc = fresh();
  yyjson_alc alc = gf_yyjson_alc(alloc);
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    gf_doc *doc = parse(alloc, texts[i]);
    char *pretty = yyjson_val_write_opts(doc->root, YYJSON_WRITE_PRETTY_TWO_SPACES, &alc, NULL, NULL);
    char *plain = yyjson_val_write_opts(doc->root, YYJSON_WRITE_NOFLAG, &alc, NULL, NULL);
    check_text(alloc, gf_doc_root(doc), (gf_write){.pretty = true}, pretty, __LINE__);
    check_text(alloc, gf_doc_root(doc), (gf_write){.pretty = true, .sorted = true}, pretty, __LINE__);
    check_text(alloc, gf_doc_root(doc), (gf_write){.sorted = true}, plain, __LINE__);
    gf_free(alloc, pretty);
    gf_free(alloc, plain);
    gf_doc_release(doc);
  }
  leaks();
}

static void pretty_text_indents_long_numbers(void) {
  const gf_allocator *alloc = fresh();
  gf_doc *doc = parse(alloc, "[[18446744073709551616,1e400]]");
  check_text(alloc, gf_doc_root(doc), (gf_write){.pretty = true},
             "[\n  [\n    18446744073709551616,\n    1e400\n  ]\n]", __LINE__);
  gf_doc_release(doc);
  leaks();
}

static void what_json_cannot_say_is_refused(void) {
  const gf_allocator *alloc = fresh();
  for (int i = 0; i < 3; i++) {
    gf_doc *doc = gf_doc_new(alloc);
    yyjson_mut_doc *tree = doc->store->tree;
    yyjson_mut_val *bad = i == 0 ? yyjson_mut_real(tree, 1e308 * 10) : yyjson_mut_strcpy(tree, "\xff");
    yyjson_mut_val *list = yyjson_mut_arr(tree);
    yyjson_mut_arr_append(list, bad);
    gf_doc_set_root(doc, list);
    for (int how = 0; how < 4; how++) {
      gf_json_error error = {0};
      CHECK(gf_value_write(alloc, gf_doc_root(doc), (gf_write){.pretty = how & 1, .sorted = how & 2}, NULL,
                           &error) == NULL);
      CHECK(error.message[0] != '\0' && !strstr(error.message, "memory"));
    }
    gf_doc_release(doc);
  }
  leaks();
}

static void a_place_is_written_by_itself(void) {
  const gf_allocator *alloc = fresh();
  gf_doc *doc = parse(alloc, "{\"a\":[1,{\"b\":[2]},\"s\"]}");
  for (int round = 0; round < 2; round++) {
    gf_value a = gf_value_get(gf_doc_root(doc), "a");
    check_text(alloc, a, (gf_write){0}, "[1,{\"b\":[2]},\"s\"]", __LINE__);
    check_text(alloc, gf_value_at(a, 1), (gf_write){0}, "{\"b\":[2]}", __LINE__);
    check_text(alloc, gf_value_at(a, 2), (gf_write){0}, "\"s\"", __LINE__);
    gf_doc *compact = gf_doc_compact(gf_value_at(a, 1));
    CHECK(!gf_doc_is_tree(compact) && gf_doc_bytes(compact) < 400);
    CHECK_TEXT(alloc, compact, "{\"b\":[2]}");
    gf_doc_release(compact);
    CHECK(set(doc, "\"s\"", PATH(KEY("a"), AT(2)), NULL)); /* the second round reads a tree */
  }
  gf_doc_release(doc);
  leaks();
}

static void sha256_is_sha256(void) {
  static const char *const cases[][2] = {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"}};
  char out[65];
  gf_sha256 sha;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    gf_sha256_init(&sha);
    gf_sha256_add(&sha, cases[i][0], strlen(cases[i][0]));
    gf_sha256_hex(&sha, out);
    CHECK_STR(out, cases[i][1]);
  }
  gf_sha256_init(&sha); /* a million times a, in pieces of all sizes */
  char piece[200];
  memset(piece, 'a', sizeof piece);
  for (size_t left = 1000000, n = 1; left > 0; left -= n, n = (n * 7 + 3) % 200) {
    if (n > left) n = left;
    gf_sha256_add(&sha, piece, n);
  }
  gf_sha256_hex(&sha, out);
  CHECK_STR(out, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* Digests are kept in files: they must not change between versions. The text hashed is {"a":[1,9007199254740993,0.5]}. */
static void digests_stay_the_same(void) {
  const gf_allocator *alloc = fresh();
  gf_doc *doc = parse(alloc, "{\"a\":[1.0,9007199254740993,5e-1]}");
  char got[65], want[65];
  gf_sha256 sha;
  gf_sha256_init(&sha);
  gf_sha256_add(&sha, "{\"a\":[1,9007199254740993,0.5]}", 30);
  gf_sha256_hex(&sha, want);
  CHECK(gf_value_digest(alloc, gf_doc_root(doc), got));
  CHECK_STR(got, want);
  gf_doc_release(doc);
  leaks();
}

static void ten_megabytes_are_fine(void) {
  const gf_allocator *alloc = fresh();
  gf_buf buf;
  gf_buf_init(&buf, alloc, SIZE_MAX);
  for (int i = 0; buf.n < 10000000; i++) {
    gf_buf_add_str(&buf, i ? "," : "[");
    gf_buf_add_str(&buf, "{\"id\":");
    gf_buf_add_int(&buf, i);
    gf_buf_add_str(&buf, ",\"expr\":\"rate(x{y=\\\"z\\\"}[5m])\",\"on\":[true,null,0.25]}");
  }
  gf_buf_add_char(&buf, ']');
  size_t n = buf.n;
  char *text = gf_buf_take(&buf);
  gf_doc *doc = parse_n(alloc, text, n), *again = parse_n(alloc, text, n);
  CHECK_TEXT(alloc, doc, text);
  char p[65], q[65];
  CHECK(set(again, "false", PATH(AT(99999), KEY("id")), NULL)); /* and a tree of that size */
  CHECK_INT(gf_value_equal(alloc, gf_doc_root(doc), gf_doc_root(again)), 0);
  CHECK(set(again, "99999.0", PATH(AT(99999), KEY("id")), NULL));
  CHECK_INT(gf_value_equal(alloc, gf_doc_root(doc), gf_doc_root(again)), 1);
  CHECK(gf_value_digest(alloc, gf_doc_root(doc), p) && gf_value_digest(alloc, gf_doc_root(again), q));
  CHECK_STR(p, q);
  gf_doc_release(again);
  gf_doc_release(doc);
  gf_free(alloc, text);
  leaks();
}

static void long_strings_are_fine(void) {
  const gf_allocator *alloc = fresh();
  size_t n = 10000000;
  char *text = malloc(n + 5);
  memset(text, 'x', n + 4);
  memcpy(text, "[\"\\n", 4);
  memcpy(text + n + 2, "\"]", 3);
  gf_doc *doc = parse(alloc, text);
  CHECK_TEXT(alloc, doc, text);
  CHECK_SORTED(alloc, doc, text);
  CHECK(gf_doc_set(doc, gf_value_at(gf_doc_root(doc), 0), PATH(AT(1)), NULL));
  CHECK_INT(gf_value_equal(alloc, gf_value_at(gf_doc_root(doc), 0), gf_value_at(gf_doc_root(doc), 1)), 1);
  gf_doc_release(doc);
  free(text);
  leaks();
}

/* --- lacking memory --- */

#define SAMPLE                                                                                               \
  "{\"b\":[1,{\"c\":\"x\",\"n\":18446744073709551616}],\"a\":{\"d\":null},\"e\":\"\\n\",\"n\":1e400}"

/* `text` with no failure, to begin with. */
static gf_doc *sample(test_alloc *a, const char *text) {
  size_t fail_at = a->fail_at;
  a->fail_at = 0;
  gf_doc *doc = parse(&a->alloc, text);
  a->fail_at = fail_at;
  a->count = 0;
  return doc;
}

/* What a document holds, told without using its allocator. */
static bool holds(gf_doc *doc, const char *text) {
  gf_allocator plain = gf_default_allocator();
  char *now = gf_value_text(&plain, gf_doc_root(doc), false, NULL);
  bool ok = now && strcmp(now, text) == 0;
  free(now);
  return ok;
}

static void parsing_lacks_memory(void) {
  FAIL_EACH(a) {
    gf_json_error error = {0};
    gf_doc *doc = gf_doc_parse(&a->alloc, gf_z(SAMPLE), &error);
    CHECK(doc ? holds(doc, SAMPLE) : a->tripped && strcmp(error.message, "out of memory") == 0);
    gf_doc_release(doc);
    gf_error other = {""};
    doc = gf_doc_from_text(&a->alloc, gf_z(SAMPLE), &other);
    CHECK(doc || a->tripped);
    gf_doc_release(doc);
    doc = gf_doc_new(&a->alloc);
    CHECK(doc || a->tripped);
    gf_doc_release(doc);
  }
}

static void copying_lacks_memory(void) {
  FAIL_EACH(a) {
    gf_doc *doc = sample(a, SAMPLE);
    gf_doc *copy = gf_doc_copy(doc), *view = gf_doc_view(doc, doc->root),
           *compact = gf_doc_compact(gf_doc_root(doc));
    gf_doc *merged = gf_doc_merge(&a->alloc, gf_doc_root(doc), gf_doc_root(doc));
    gf_doc *again = merged ? gf_doc_compact(gf_doc_root(merged)) : NULL;
    CHECK((copy && view && compact && merged && again) || a->tripped);
    CHECK(!compact || holds(compact, SAMPLE));
    CHECK(!again ||
          holds(again,
                "{\"b\":[1,{\"c\":\"x\",\"n\":18446744073709551616}],\"a\":{},\"e\":\"\\n\",\"n\":1e400}"));
    CHECK(holds(doc, SAMPLE));
    gf_doc_release(copy);
    gf_doc_release(view);
    gf_doc_release(compact);
    gf_doc_release(merged);
    gf_doc_release(again);
    gf_doc_release(doc);
  }
}

/* `text` set at `path` of SAMPLE: all or nothing. A tree is changed in place, a fixed document is copied. */
static void check_set(bool tree, const char *text, const gf_step *path, size_t n) {
  FAIL_EACH(a) {
    gf_doc *doc = sample(a, SAMPLE), *value = sample(a, text);
    if (tree) {
      a->fail_at += 1000000;
      CHECK(set(doc, "1", PATH(KEY("b"), AT(0)), NULL));
      a->fail_at -= 1000000;
      a->count = 0;
      a->tripped = false;
    }
    void *root = doc->root;
    gf_json_error error = {0};
    bool ok = gf_doc_set(doc, gf_doc_root(value), path, n, &error);
    CHECK(ok || (a->tripped && strcmp(error.message, "out of memory") == 0));
    CHECK(ok || (holds(doc, SAMPLE) && doc->root == root));
    gf_allocator plain = gf_default_allocator();
    CHECK(!ok || gf_value_equal(&plain, gf_value_path(gf_doc_root(doc), path, n), gf_doc_root(value)) == 1);
    gf_doc_release(value);
    gf_doc_release(doc);
  }
}

static void setting_lacks_memory(void) {
  char longer[3000];
  memset(longer, 'x', sizeof longer);
  longer[0] = longer[sizeof longer - 2] = '"';
  longer[sizeof longer - 1] = '\0';
  const char *const values[] = {"1", "null", longer, "[[1,\"two\"],{\"three\":18446744073709551616}]"};
  for (int tree = 0; tree < 2; tree++) {
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
      check_set(tree, values[i], PATH(KEY("e")));
      check_set(tree, values[i], PATH(KEY("b"), AT(1), KEY("c")));
      check_set(tree, values[i], PATH(KEY("b"), AT(2), KEY("new"), AT(0), KEY("newer")));
      check_set(tree, values[i], NULL, 0);
    }
  }
}

static void removing_lacks_memory(void) {
  FAIL_EACH(a) {
    gf_doc *doc = sample(a, SAMPLE), *copy = gf_doc_copy(doc);
    gf_json_error error = {0};
    int removed = gf_doc_remove(doc, PATH(KEY("b"), AT(1), KEY("n")), &error);
    CHECK(removed == 1 || (removed == -1 && a->tripped && holds(doc, SAMPLE)));
    CHECK(!copy || holds(copy, SAMPLE));
    gf_doc_release(copy);
    gf_doc_release(doc);
  }
}

static void merging_lacks_memory(void) {
  FAIL_EACH(a) {
    gf_doc *doc = sample(a, SAMPLE),
           *patch = sample(a, "{\"e\":null,\"a\":{\"d\":[\"y\"],\"z\":{\"q\":\"r\"}},\"b\":\"s\"}");
    gf_doc *merged = gf_doc_merge(&a->alloc, gf_doc_root(doc), gf_doc_root(patch));
    CHECK(merged ? holds(merged, "{\"b\":\"s\",\"a\":{\"d\":[\"y\"],\"z\":{\"q\":\"r\"}},\"n\":1e400}")
                 : a->tripped);
    gf_doc_release(merged);
    gf_doc_release(patch);
    gf_doc_release(doc);
  }
}

static void writing_lacks_memory(void) {
  for (int how = 0; how < 4; how++) {
    FAIL_EACH(a) {
      gf_doc *doc = sample(a, SAMPLE);
      gf_json_error error = {0};
      size_t n;
      char *text = gf_value_write(&a->alloc, gf_doc_root(doc),
                                  (gf_write){.pretty = how & 1, .sorted = how & 2}, &n, &error);
      CHECK(text || (a->tripped && strcmp(error.message, "out of memory") == 0));
      gf_free(&a->alloc, text);
      gf_doc_release(doc);
    }
  }
}

static void comparing_lacks_memory(void) {
  FAIL_EACH(a) {
    gf_doc *doc = sample(a, SAMPLE), *other = sample(a, SAMPLE);
    char digest[65] = "";
    int equal = gf_value_equal(&a->alloc, gf_doc_root(doc), gf_doc_root(other));
    CHECK(equal == 1 || (equal == -1 && a->tripped));
    CHECK(gf_value_digest(&a->alloc, gf_doc_root(doc), digest) || a->tripped);
    CHECK(gf_value_digest_doubles(&a->alloc, gf_doc_root(doc), digest) || a->tripped);
    gf_doc_release(other);
    gf_doc_release(doc);
  }
}

/* --- against a naive model --- */

/* A scalar as its text, an array or an object as a list: no cleverness at all. */
typedef struct model model;
struct model {
  char kind; /* 's', 'a' or 'o' */
  char text[8];
  size_t n;
  char key[12][4];
  model *child[12];
};

static uint32_t seed = 1;
static uint32_t dice(uint32_t sides) {
  seed = seed * 1664525u + 1013904223u;
  return (seed >> 8) % sides;
}

static model *model_new(char kind) {
  model *m = calloc(1, sizeof *m);
  m->kind = kind;
  return m;
}

static void model_free(model *m) {
  if (!m) return;
  for (size_t i = 0; i < m->n; i++)
    model_free(m->child[i]);
  free(m);
}

static model *model_copy(const model *m) {
  model *copy = model_new(m->kind);
  *copy = *m;
  for (size_t i = 0; i < m->n; i++)
    copy->child[i] = model_copy(m->child[i]);
  return copy;
}

/* Few keys, so that they meet: and in one in four objects twice. */
static const char *const model_keys[] = {"a", "b", "", "\\n", "aa"};
static const char *const real_keys[] = {"a", "b", "", "\n", "aa"};

static model *model_random(int depth) {
  static const char *const scalars[] = {"null", "true", "false", "0",     "7",
                                        "-1",   "1.5",  "\"\"",  "\"x\"", "\"\\n\""};
  model *m = model_new("sao"[dice(depth > 0 ? 3 : 1)]);
  if (m->kind == 's') strcpy(m->text, scalars[dice(10)]);
  size_t n = m->kind == 's' ? 0 : dice(5);
  bool doubled = dice(4) == 0;
  for (size_t i = 0; i < n; i++) {
    strcpy(m->key[i], model_keys[doubled ? dice(2) : i]);
    m->child[m->n++] = model_random(depth - 1);
  }
  return m;
}

/* The child that a step means: the last of its key; n when there is none. */
static size_t model_find(const model *m, const gf_step *step) {
  if (m->kind == 'a') return step->index < m->n ? step->index : m->n;
  for (size_t i = m->n; i > 0; i--) {
    const char *key = strcmp(m->key[i - 1], "\\n") == 0 ? "\n" : m->key[i - 1];
    if (gf_str_eq(step->key, key)) return i - 1;
  }
  return m->n;
}

static bool model_fits(const model *m, const gf_step *step) {
  return m->kind == (step->is_index ? 'a' : 'o');
}

/* Takes `value` over when it succeeds. */
static bool model_set(model **at, const gf_step *path, size_t n, model *value) {
  if (n == 0) {
    model_free(*at);
    *at = value;
    return true;
  }
  model *made = *at ? NULL : model_new(path->is_index ? 'a' : 'o');
  model *m = *at ? *at : made;
  size_t i = model_fits(m, path) ? model_find(m, path) : 12;
  bool ok = i < 12 && !(m->kind == 'a' && i == m->n && path->index != m->n) &&
            model_set(&m->child[i], path + 1, n - 1, value);
  if (ok && i == m->n) {
    if (m->kind == 'o') strcpy(m->key[i], path->key.n == 1 && *path->key.p == '\n' ? "\\n" : path->key.p);
    m->n++;
  }
  if (!ok) model_free(made);
  if (ok && made) *at = made;
  return ok;
}

static void model_drop(model *m, size_t i) {
  model_free(m->child[i]);
  m->n--;
  for (; i < m->n; i++) {
    m->child[i] = m->child[i + 1];
    memcpy(m->key[i], m->key[i + 1], sizeof m->key[i]);
  }
  m->child[m->n] = NULL;
}

static int model_remove(model *m, const gf_step *path, size_t n) {
  if (m->kind == 's' || !model_fits(m, path)) return 0;
  size_t i = model_find(m, path);
  if (i == m->n) return 0;
  if (n > 1) return model_remove(m->child[i], path + 1, n - 1);
  do
    model_drop(m, i);
  while (m->kind == 'o' && (i = model_find(m, path)) < m->n);
  return 1;
}

static void model_text(const model *m, gf_buf *buf) {
  if (m->kind == 's') gf_buf_add_str(buf, m->text);
  if (m->kind == 's') return;
  gf_buf_add_char(buf, m->kind == 'o' ? '{' : '[');
  for (size_t i = 0; i < m->n; i++) {
    if (i > 0) gf_buf_add_char(buf, ',');
    if (m->kind == 'o') {
      gf_buf_add_char(buf, '"');
      gf_buf_add_str(buf, m->key[i]);
      gf_buf_add_str(buf, "\":");
    }
    model_text(m->child[i], buf);
  }
  gf_buf_add_char(buf, m->kind == 'o' ? '}' : ']');
}

/* Only the last of equal keys, in order: equal models have equal texts then. */
static void model_normalise(model *m) {
  for (size_t i = 0; i < m->n; i++)
    model_normalise(m->child[i]);
  if (m->kind != 'o') return;
  for (size_t i = 0; i < m->n; i++) {
    for (size_t k = i + 1; k < m->n; k++) {
      int order = strcmp(m->key[i], m->key[k]);
      if (order == 0) model_drop(m, i);
      if (order == 0) k = i;
      if (order <= 0) continue;
      char key[4];
      memcpy(key, m->key[i], 4);
      memcpy(m->key[i], m->key[k], 4);
      memcpy(m->key[k], key, 4);
      model *child = m->child[i];
      m->child[i] = m->child[k];
      m->child[k] = child;
    }
  }
}

/* RFC 7396 word by word, on the target itself. */
static model *model_merge(model *target, const model *patch) {
  if (patch->kind != 'o') {
    model_free(target);
    return model_copy(patch);
  }
  if (target && target->kind != 'o') {
    model_free(target);
    target = NULL;
  }
  if (!target) target = model_new('o');
  for (size_t i = 0; i < patch->n; i++) {
    const char *key = strcmp(patch->key[i], "\\n") == 0 ? "\n" : patch->key[i];
    gf_step step = {.key = gf_z(key)};
    if (model_find(patch, &step) != i) continue;
    size_t at = model_find(target, &step);
    if (strcmp(patch->child[i]->text, "null") == 0) {
      model_remove(target, &step, 1);
    } else {
      target->child[at] = model_merge(at < target->n ? target->child[at] : NULL, patch->child[i]);
      if (at == target->n) strcpy(target->key[target->n++], patch->key[i]);
    }
  }
  return target;
}

static char *model_string(const model *m, const gf_allocator *alloc) {
  gf_buf buf;
  gf_buf_init(&buf, alloc, SIZE_MAX);
  model_text(m, &buf);
  return gf_buf_take(&buf);
}

static gf_doc *model_doc(const model *m, const gf_allocator *alloc) {
  char *text = model_string(m, alloc);
  gf_doc *doc = parse(alloc, text);
  gf_free(alloc, text);
  return doc;
}

static void check_model(const gf_allocator *alloc, gf_doc *doc, const model *m) {
  char *text = model_string(m, alloc);
  CHECK_TEXT(alloc, doc, text);
  gf_free(alloc, text);
}

static size_t random_path(gf_step path[4]) {
  size_t n = dice(5);
  for (size_t i = 0; i < n; i++)
    path[i] = (gf_step){.is_index = dice(2), .index = dice(4), .key = gf_z(real_keys[dice(5)])};
  return n;
}

static void check_edit(const gf_allocator *alloc, gf_doc *doc, model **m) {
  gf_step path[4];
  size_t n = random_path(path);
  if (dice(3) > 0 || n == 0) {
    model *value = model_random(2);
    gf_doc *text = model_doc(value, alloc);
    bool done = model_set(m, path, n, value);
    CHECK_INT(gf_doc_set(doc, gf_doc_root(text), path, n, NULL), done);
    if (!done) model_free(value);
    gf_doc_release(text);
  } else {
    int done = model_remove(*m, path, n);
    CHECK_INT(gf_doc_remove(doc, path, n, NULL), done);
  }
  check_model(alloc, doc, *m);
}

static void check_merge(const gf_allocator *alloc, gf_doc *doc, const model *m) {
  model *patch = model_random(3);
  gf_doc *with = model_doc(patch, alloc);
  gf_doc *merged = gf_doc_merge(alloc, gf_doc_root(doc), gf_doc_root(with));
  model *want = model_merge(model_copy(m), patch);
  check_model(alloc, merged, want);
  model_free(want);
  model_free(patch);
  gf_doc_release(merged);
  gf_doc_release(with);
}

static void check_comparison(const gf_allocator *alloc, gf_doc *doc, const model *m, gf_doc *old,
                             const model *before) {
  model *x = model_copy(m), *y = model_copy(before);
  char p[65], q[65];
  model_normalise(x);
  model_normalise(y);
  char *a = model_string(x, alloc), *b = model_string(y, alloc);
  gf_doc *normal = parse(alloc, a);
  CHECK_INT(gf_value_equal(alloc, gf_doc_root(doc), gf_doc_root(normal)), 1);
  CHECK_INT(gf_value_equal(alloc, gf_doc_root(doc), gf_doc_root(old)), strcmp(a, b) == 0);
  CHECK(gf_value_digest(alloc, gf_doc_root(doc), p) && gf_value_digest(alloc, gf_doc_root(old), q));
  CHECK_INT(strcmp(p, q) == 0, strcmp(a, b) == 0);
  gf_doc_release(normal);
  gf_free(alloc, a);
  gf_free(alloc, b);
  model_free(x);
  model_free(y);
}

static void edits_agree_with_a_naive_model(void) {
  for (int round = 0; round < 400; round++) {
    const gf_allocator *alloc = fresh();
    model *m = model_random(4);
    gf_doc *doc = model_doc(m, alloc);
    for (int i = 0; i < 25; i++) {
      model *before = model_copy(m);
      gf_doc *copy = gf_doc_copy(doc);
      check_edit(alloc, doc, &m);
      check_model(alloc, copy, before);
      check_comparison(alloc, doc, m, copy, before);
      gf_doc_release(copy);
      model_free(before);
      for (int k = 0; k < 3; k++) /* with nobody else holding the tree */
        check_edit(alloc, doc, &m);
      check_merge(alloc, doc, m);
    }
    gf_doc_release(doc);
    model_free(m);
    leaks();
  }
}

int main(int argc, char **argv) {
  static const test_rule rules[] = {
      {"buffers grow up to their cap and no further", buffers_grow_to_their_cap},
      {"buffers remember lacking memory", buffers_remember_lacking_memory},
      {"strings compare by bytes, or without case", strings_compare},
      {"UTF-8 is checked", utf8_is_checked},
      {"what is read and written unchanged is the same text", unchanged_text_stays},
      {"numbers become what gf_doc.c says", numbers_become},
      {"zero bytes are characters", zero_bytes_are_characters},
      {"what is no JSON is refused", what_is_no_json_is_refused},
      {"errors name the place", errors_name_the_place},
      {"owned buffers are taken over", owned_buffers_are_taken_over},
      {"passing documents share an arena", passing_documents_share_an_arena},
      {"passing documents have the same limits", passing_documents_have_the_same_limits},
      {"depth is at most 1000", depth_is_at_most_1000},
      {"scalars have no depth", scalars_have_no_depth},
      {"depth is found anywhere", depth_is_found_anywhere},
      {"a document tells its memory", a_document_tells_its_memory},
      {"spare memory is given back", spare_memory_is_given_back},
      {"untouched memory is not counted", untouched_memory_is_not_counted},
      {"the last of two equal keys counts", the_last_of_two_equal_keys_counts},
      {"absent stays absent", absent_stays_absent},
      {"scalars are read as what they are", scalars_are_read_as_what_they_are},
      {"pointers follow RFC 6901", pointers_follow_rfc_6901},
      {"iterating gives all in order", iterating_gives_all_in_order},
      {"set makes what is missing", set_makes_what_is_missing},
      {"set refuses what makes no sense", set_refuses_what_makes_no_sense},
      {"set changes the last of equal keys, remove removes all", set_and_remove_handle_equal_keys},
      {"remove says what was there", remove_says_what_was_there},
      {"a document can take its own parts", a_document_can_take_its_own_parts},
      {"views and copies are independent values", views_and_copies_are_values},
      {"the last holder of a tree changes it in place", the_last_holder_changes_in_place},
      {"replaced values do not pile up", replaced_values_do_not_pile_up},
      {"depth is at most 1000 after set", depth_is_at_most_1000_after_set},
      {"merging follows RFC 7396", merging_follows_rfc_7396},
      {"order of keys does not matter", order_of_keys_does_not_matter},
      {"equal keys compare by the last", equal_keys_compare_by_the_last},
      {"numbers compare by value", numbers_compare_by_value},
      {"numbers kept as text are the numbers they spell", text_numbers_are_the_numbers_they_spell},
      {"digests of doubles take numbers for the doubles next to them",
       digests_of_doubles_take_numbers_for_the_doubles_next_to_them},
      {"comparing deep documents needs no stack", equal_needs_no_stack},
      {"sorted text sorts by bytes", sorted_text_sorts_by_bytes},
      {"many keys are sorted stably", many_keys_are_sorted_stably},
      {"sorting needs little memory", sorting_needs_little_memory},
      {"each character is escaped as yyjson does", each_character_is_escaped_as_yyjson_does},
      {"both writers write alike", both_writers_write_alike},
      {"pretty text indents long numbers", pretty_text_indents_long_numbers},
      {"what JSON cannot say is refused", what_json_cannot_say_is_refused},
      {"a place is written by itself", a_place_is_written_by_itself},
      {"SHA-256 is SHA-256", sha256_is_sha256},
      {"digests stay the same", digests_stay_the_same},
      {"ten megabytes are fine", ten_megabytes_are_fine},
      {"long strings are fine", long_strings_are_fine},
      {"parsing lacks memory", parsing_lacks_memory},
      {"copying lacks memory", copying_lacks_memory},
      {"setting lacks memory, and nothing has changed", setting_lacks_memory},
      {"removing lacks memory, and nothing has changed", removing_lacks_memory},
      {"merging lacks memory", merging_lacks_memory},
      {"writing lacks memory", writing_lacks_memory},
      {"comparing lacks memory", comparing_lacks_memory},
      {"random edits agree with a naive model", edits_agree_with_a_naive_model},
  };
  return TEST_RUN(rules, argc, argv);
}
