/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tests/lib/wrap-alloc.h - memory that runs out when a test says so.
 *
 * Link with $(WRAP_ALLOC_LINK). Counts malloc, calloc and realloc of the
 * objects linked into the program, not those of shared libraries.
 */
#ifndef NV_TESTS_WRAP_ALLOC_H
#define NV_TESTS_WRAP_ALLOC_H

#include <stdbool.h>

/** wrap_alloc_fail_at() - the @nth allocation from now fails; 0: none does */
void wrap_alloc_fail_at(unsigned long nth);

/** wrap_alloc_failed() - has it failed since wrap_alloc_fail_at()? */
bool wrap_alloc_failed(void);

/** wrap_alloc_forbid() - while true, an allocation aborts the test */
void wrap_alloc_forbid(bool forbid);

#endif
