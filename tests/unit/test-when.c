/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-when.c - points in time as people write them.
 */
#include "cli/when.h"

#include <stdlib.h>

#include "tests/lib/cm.h"

#define SEC 1000000ull
#define NOW (1800000000ull * SEC) /* 2027-01-15 08:00:00 UTC */

static void test_times_read_as_people_write_them(void **state)
{
	static const struct {
		const char *text;
		int r;
		uint64_t usec;
	} cases[] = {
		{ "90s", 0, NOW - 90 * SEC },
		{ "10m", 0, NOW - 600 * SEC },
		{ "3h", 0, NOW - 10800 * SEC },
		{ "2d", 0, NOW - 172800 * SEC },
		{ "0s", 0, NOW },
		{ "9999999999d", 0, 0 },
		{ "@0", 0, 0 },
		{ "@1800000000", 0, NOW },
		{ "2027-01-15", 0, NOW - 8 * 3600 * SEC },
		{ "2027-01-15 08:00", 0, NOW },
		{ "2027-01-15 08:00:01", 0, NOW + SEC },
		{ "", -EINVAL, 0 },
		{ "10", -EINVAL, 0 },
		{ "m", -EINVAL, 0 },
		{ "10m ", -EINVAL, 0 },
		{ "-10m", -EINVAL, 0 },
		{ "1w", -EINVAL, 0 },
		{ "99999999999s", -EINVAL, 0 },
		{ "@", -EINVAL, 0 },
		{ "@1x", -EINVAL, 0 },
		{ "2027-13-01", -EINVAL, 0 },
		{ "2027-01-15 25:00", -EINVAL, 0 },
		{ "1900-01-01", -EINVAL, 0 },
		{ "yesterday", -EINVAL, 0 },
	};
	uint64_t usec;
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(cases); i++) {
		usec = 77;
		if (when_parse(cases[i].text, NOW, &usec) != cases[i].r)
			fail_msg("%s", cases[i].text);
		if (usec != (cases[i].r ? 77 : cases[i].usec))
			fail_msg("%s: %llu", cases[i].text, (unsigned long long)usec);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times_read_as_people_write_them),
	};

	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
