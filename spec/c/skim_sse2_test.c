/* SPDX-License-Identifier: MIT
 * The rules of skim_test.c for the narrow blocks of processors without AVX2. */
#define SKIM_TEST_LEVEL 1
#include "skim_test.c"
