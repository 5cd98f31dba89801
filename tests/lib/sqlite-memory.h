/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tests/lib/sqlite-memory.h - SQLite's memory, which runs out once when told to.
 */
#ifndef NV_TESTS_SQLITE_MEMORY_H
#define NV_TESTS_SQLITE_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/** sqlite_memory_register() - before SQLite's first use. Return: 0, or SQLite's error. */
int sqlite_memory_register(void);

/** sqlite_memory_fail_at() - the @nth allocation from now fails, once */
void sqlite_memory_fail_at(uint64_t nth);

/** sqlite_memory_heal() - none fails from now on; what failed stays told */
void sqlite_memory_heal(void);

/** sqlite_memory_failed() - has it, since sqlite_memory_fail_at()? */
bool sqlite_memory_failed(void);

#endif
