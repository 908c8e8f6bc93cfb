// SPDX-License-Identifier: MIT
// Preloaded beside the sanitizer's runtime: keeps it from being preloaded into every child too.
#include <stdlib.h>
__attribute__((constructor)) static void unpreload(void) { unsetenv("LD_PRELOAD"); }
