/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli/when.c - reading points in time.
 */
#include "config.h"

#include "cli/when.h"

#include <string.h>
#include <time.h>

#define USEC 1000000ull

uint64_t when_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * USEC + (uint64_t)t.tv_nsec / 1000;
}

/* Digits up to *@end; at most ten of them, so nothing overflows. */
static bool digits(const char *text, const char **end, uint64_t *ret)
{
	uint64_t n = 0;
	const char *s;

	for (s = text; *s >= '0' && *s <= '9' && s - text < 10; s++)
		n = n * 10 + (uint64_t)(*s - '0');
	*end = s;
	*ret = n;
	return s != text;
}

static int parse_ago(const char *text, uint64_t now, uint64_t *ret)
{
	static const struct {
		char letter;
		uint64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	const char *end;
	uint64_t n;
	size_t i;

	if (!digits(text, &end, &n) || !end[0] || end[1])
		return -EINVAL;
	for (i = 0; i < NV_ARRAY_SIZE(units); i++) {
		if (units[i].letter != *end)
			continue;
		/* that long ago is before everything */
		if (__builtin_mul_overflow(n, units[i].seconds * USEC, &n))
			n = UINT64_MAX;
		*ret = n < now ? now - n : 0;
		return 0;
	}
	return -EINVAL;
}

int when_parse(const char *text, uint64_t now, uint64_t *ret)
{
	static const char *const forms[] = { "%Y-%m-%d %H:%M:%S",
					     "%Y-%m-%d %H:%M", "%Y-%m-%d" };
	const char *end;
	struct tm tm;
	uint64_t n;
	time_t t;
	size_t i;

	if (text[0] == '@') {
		if (!digits(text + 1, &end, &n) || *end)
			return -EINVAL;
		*ret = n * USEC;
		return 0;
	}
	for (i = 0; i < NV_ARRAY_SIZE(forms); i++) {
		memset(&tm, 0, sizeof(tm));
		tm.tm_isdst = -1;
		end = strptime(text, forms[i], &tm);
		if (!end || *end)
			continue;
		t = mktime(&tm);
		if (t < 0)
			return -EINVAL;
		*ret = (uint64_t)t * USEC;
		return 0;
	}
	return parse_ago(text, now, ret);
}
