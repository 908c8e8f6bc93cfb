/* SPDX-License-Identifier: MIT
 *
 * Writes the first inputs of pages_fuzz.c into the folder that it is given. */
#include <stdio.h>
#include <string.h>

#define ITEM(name, more)                                                                                     \
  "{\"metadata\":{\"name\":\"" name                                                                          \
  "\"},\"spec\":{\"title\":\"t\",\"panels\":[{\"id\":1,\"title\":\"a\",\"type\":\"stat\"}]}" more "}"
#define STORED(version) ",\"status\":{\"conversion\":{\"failed\":false,\"storedVersion\":\"" version "\"}}"
#define PAGE(token, items)                                                                                   \
  "{\"kind\":\"DashboardList\",\"metadata\":{\"resourceVersion\":\"1\"," token "\"x\":1},\"items\":[" items  \
  "]}"
#define NEXT(token) "\"continue\":\"" token "\","
#define HIT(uid) "{\"id\":7,\"uid\":\"" uid "\",\"title\":\"t\",\"url\":\"/d/" uid "/t\"}"
#define HITS "[" HIT("u1") "," HIT("u2") "," HIT("u3") "]"
#define ROW                                                                                                  \
  "{\"id\":2,\"type\":\"row\",\"title\":\"R\",\"panels\":[{\"id\":3,\"title\":\"in\",\"type\":\"graph\"}]}"

static const char *const pages[] = {
    PAGE(NEXT("abc="), ITEM("u1", "") "," ITEM("u2", STORED("v2beta1"))),
    PAGE("", ""),
    " {\n \"items\" : [ " ITEM("u1", "") " , " ITEM(
        "u1", STORED("v0alpha1")) " ] , \"metadata\" : { \"continue\" : \"x\" } } \n",
    "{\"items\":[1,{}],\"items\":[{}]}",
    "\xef\xbb\xbf" PAGE("", ITEM("u1", "")),
};

static const char *const items[] = {
    ITEM("u1", ""),
    ITEM("u1", STORED("v0alpha1")),
    ITEM("u\\u0031", STORED("v0alpha1")),
    "{\"spec\":{\"uid\":\"x\",\"panels\":[" ROW "],\"rows\":[{\"panels\":[" ROW
    "]}]},\"metadata\":{\"name\":\"u2\"}}",
    "{\"metadata\":{\"name\":\"a\"},\"metadata\":{},\"spec\":{},\"status\":{\"conversion\":{\"failed\":true}}"
    ",\"status\":{}}",
    "{\"spec\":null,\"metadata\":{\"name\":7},\"status\":{\"conversion\":{\"storedVersion\":1.5}}}",
    "{\"spec\":{\"title\":1e400,\"panels\":[{\"id\":12345678901234567890,\"p\\u0061nels\":[]}]},\"metadata\":"
    "{\"name\":\"u\"}}",
};

static void write_one(const char *folder, int number, char first, const char *bytes, size_t n) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%c%d", folder, first, number);
  FILE *file = fopen(path, "wb");
  if (!file) return;
  fputc(first - 'a', file);
  fputc(number * 37, file);
  fwrite(bytes, 1, n, file);
  fclose(file);
}

int main(int argc, char **argv) {
  static const char answers[] = HITS "\0\0\0" PAGE(NEXT("b"), ITEM("u1", "") "," ITEM("new", "")) "\0" PAGE(
      "", ITEM("u3", "") "," ITEM("u2", STORED("v2beta1")));
  static const char refused[] = HITS "\0!c\0!c\0" PAGE("", ITEM("u2", ""));
  static const char broken[] =
      HITS "\0\0{\"id\":1}\0" PAGE(NEXT("b"), ITEM("u2", "")) "\0{\"items\":[" ITEM("u1", "") ",7]}";
  static const char gone[] = HITS "\0\0\0" PAGE(NEXT("b"), ITEM("u2", "")) "\0!c{\"message\":\"Not found\"}";
  if (argc < 2) return 2;
  for (int i = 0; i < (int)(sizeof pages / sizeof *pages); i++)
    write_one(argv[1], i, 'a', pages[i], strlen(pages[i]));
  for (int i = 0; i < (int)(sizeof items / sizeof *items); i++)
    write_one(argv[1], i, 'b', items[i], strlen(items[i]));
  for (int i = 0; i < 8; i++) {
    write_one(argv[1], i, 'c', answers, sizeof answers - 1);
    write_one(argv[1], 10 + i, 'c', refused, sizeof refused - 1);
    write_one(argv[1], 30 + i, 'c', gone, sizeof gone - 1);
    write_one(argv[1], 20 + i, 'c', broken, sizeof broken - 1);
  }
  return 0;
}
