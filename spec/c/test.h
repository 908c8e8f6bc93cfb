/* SPDX-License-Identifier: MIT
 *
 * test.h: what the C tests are written with. A test is a function that holds one rule:
 *
 *     static void reads_its_own_text(void) { CHECK(1 + 1 == 2); }
 *     int main(int argc, char **argv) {
 *       static const test_rule rules[] = {{"the rule as a sentence", reads_its_own_text}};
 *       return TEST_RUN(rules, argc, argv);
 *     }
 *
 * Failing checks are printed with file and line, and at the end `N passed, M failed`, counted in rules. The program
 * fails when a rule did, or when none ran. Words given to it choose the rules that contain one of them. */
#ifndef TEST_H
#define TEST_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

typedef struct test_rule {
  const char *rule;
  void (*run)(void);
} test_rule;

static struct {
  const char *rule;
  unsigned long failed_checks;
} test_now;

static inline bool test_check(bool ok, const char *what, const char *file, int line) {
  if (!ok) {
    test_now.failed_checks++;
    printf("%s:%d: %s: failed: %s\n", file, line, test_now.rule, what);
  }
  return ok;
}

static inline bool test_check_str(const char *got, const char *want, const char *file, int line) {
  bool ok = got && want ? strcmp(got, want) == 0 : got == want;
  if (!ok) {
    test_now.failed_checks++;
    printf("%s:%d: %s: expected '%s', got '%s'\n", file, line, test_now.rule, want ? want : "NULL",
           got ? got : "NULL");
  }
  return ok;
}

static inline bool test_check_int(long long got, long long want, const char *file, int line) {
  if (got != want) {
    test_now.failed_checks++;
    printf("%s:%d: %s: expected %lld, got %lld\n", file, line, test_now.rule, want, got);
  }
  return got == want;
}

/* Each says whether the check held, so that a test can stop early. */
#define CHECK(condition) test_check((condition), #condition, __FILE__, __LINE__)
#define CHECK_STR(got, want) test_check_str((got), (want), __FILE__, __LINE__)
#define CHECK_INT(got, want) test_check_int((long long)(got), (long long)(want), __FILE__, __LINE__)

static inline bool test_is_chosen(const char *rule, int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (strstr(rule, argv[i])) return true;
  }
  return argc < 2;
}

static inline int test_run(const test_rule *rules, size_t n, int argc, char **argv) {
  unsigned passed = 0, failed = 0;
  setvbuf(stdout, NULL, _IOLBF, 0); /* so that a crash hides nothing */
  for (size_t i = 0; i < n; i++) {
    if (!test_is_chosen(rules[i].rule, argc, argv)) continue;
    test_now.rule = rules[i].rule;
    test_now.failed_checks = 0;
    rules[i].run();
    if (test_now.failed_checks == 0) {
      passed++;
    } else {
      failed++;
    }
  }
  printf("%u passed, %u failed\n", passed, failed);
  return failed > 0 || passed == 0;
}
#define TEST_RUN(rules, argc, argv) test_run((rules), sizeof(rules) / sizeof *(rules), (argc), (argv))

#endif
