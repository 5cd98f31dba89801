/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sqlite-memory.c - SQLite's own allocator, with a counter before it.
 */
#include "tests/lib/sqlite-memory.h"

#include <sqlite3.h>
#include <stddef.h>

static struct {
	sqlite3_mem_methods real;
	uint64_t nth, calls;
	bool failed;
} memory;

static bool memory_out(void)
{
	if (!memory.nth || ++memory.calls != memory.nth)
		return false;
	memory.failed = true;
	return true;
}

static void *memory_get(int size)
{
	return memory_out() ? NULL : memory.real.xMalloc(size);
}

static void *memory_resize(void *p, int size)
{
	return memory_out() ? NULL : memory.real.xRealloc(p, size);
}

int sqlite_memory_register(void)
{
	sqlite3_mem_methods faulty;
	int r;

	r = sqlite3_config(SQLITE_CONFIG_GETMALLOC, &memory.real);
	if (r)
		return r;
	faulty = memory.real;
	faulty.xMalloc = memory_get;
	faulty.xRealloc = memory_resize;
	return sqlite3_config(SQLITE_CONFIG_MALLOC, &faulty);
}

void sqlite_memory_fail_at(uint64_t nth)
{
	memory.nth = nth;
	memory.calls = 0;
	memory.failed = false;
}

void sqlite_memory_heal(void)
{
	memory.nth = 0;
}

bool sqlite_memory_failed(void)
{
	return memory.failed;
}
