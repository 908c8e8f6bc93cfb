/* SPDX-License-Identifier: MIT
 *
 * measure RUNS COMMAND-A COMMAND-B: runs the two shell commands in turn, RUNS times each after one warm-up, and prints
 * the medians of wall time, processor time and peak memory of each whole process, and the median of B's wall time over
 * A's, pair by pair: how many times A's throughput is B's.
 */
#define _DEFAULT_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 1000 };

typedef struct sample {
  double wall_ms, cpu_ms, peak_mib;
} sample;

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double ms(struct timeval t) { return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3; }

static sample run(const char *command) {
  struct rusage usage;
  int status = 0;
  double start = now_ms();
  pid_t pid = fork();
  if (pid == 0) {
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
  }
  if (pid < 0 || wait4(pid, &status, 0, &usage) < 0 || status != 0) {
    fprintf(stderr, "measure: this failed: %s\n", command);
    exit(1);
  }
  return (sample){now_ms() - start, ms(usage.ru_utime) + ms(usage.ru_stime), (double)usage.ru_maxrss / 1024};
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *values, int n) {
  qsort(values, (size_t)n, sizeof *values, by_size);
  return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static void report(char name, const sample *s, int n) {
  double wall[MOST], cpu[MOST], peak[MOST];
  for (int i = 0; i < n; i++)
    wall[i] = s[i].wall_ms, cpu[i] = s[i].cpu_ms, peak[i] = s[i].peak_mib;
  printf("  %c: wall %7.1f ms, processor %7.1f ms, peak memory %6.1f MiB\n", name, median(wall, n),
         median(cpu, n), median(peak, n));
}

int main(int argc, char **argv) {
  static sample a[MOST], b[MOST];
  double ratio[MOST];
  int runs = argc == 4 ? atoi(argv[1]) : 0;
  if (runs < 1 || runs > MOST) return fprintf(stderr, "usage: measure RUNS COMMAND-A COMMAND-B\n"), 2;
  run(argv[2]);
  run(argv[3]);
  for (int i = 0; i < runs; i++) {
    a[i] = run(argv[2]);
    b[i] = run(argv[3]);
    ratio[i] = b[i].wall_ms / a[i].wall_ms;
  }
  report('A', a, runs);
  report('B', b, runs);
  printf("  A has %.2f times the throughput of B (median of %d pairs)\n", median(ratio, runs), runs);
  return 0;
}
