/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wrap-alloc.c - the allocator's entry points, with a counter before them.
 */
#include <stdlib.h>

#include "tests/lib/wrap-alloc.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t nr, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t nr, size_t size);
void *__wrap_realloc(void *p, size_t size);

static struct {
	unsigned long countdown;
	bool failed;
	bool forbidden;
} wrap;

void wrap_alloc_fail_at(unsigned long nth)
{
	wrap.countdown = nth;
	wrap.failed = false;
}

bool wrap_alloc_failed(void)
{
	return wrap.failed;
}

void wrap_alloc_forbid(bool forbid)
{
	wrap.forbidden = forbid;
}

static bool runs_out(void)
{
	if (wrap.forbidden)
		abort();
	if (wrap.countdown == 0 || --wrap.countdown > 0)
		return false;
	wrap.failed = true;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return runs_out() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t nr, size_t size)
{
	return runs_out() ? NULL : __real_calloc(nr, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return runs_out() ? NULL : __real_realloc(p, size);
}
