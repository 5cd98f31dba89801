/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-size.c - sizes read and print as people write them.
 */
#include "base/size.h"
#include "tests/lib/cm.h"

static void test_sizes_read_as_people_write_them(void **state)
{
	static const struct {
		const char *text;
		int r;
		uint64_t bytes;
	} cases[] = {
		{ "0", 0, 0 },
		{ "4096", 0, 4096 },
		{ "4096B", 0, 4096 },
		{ "2M", 0, 2ull << 20 },
		{ "2m", 0, 2ull << 20 },
		{ "2MiB", 0, 2ull << 20 },
		{ "2 MiB", 0, 2ull << 20 },
		{ "2MB", 0, 2000000 },
		{ "1.5G", 0, 3ull << 29 },
		{ "0x200000", 0, 0x200000 },
		{ "0x10M", 0, 16ull << 20 },
		{ "16E", -ERANGE, 0 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "G", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "1.", -EINVAL, 0 },
		{ ".5G", -EINVAL, 0 },
		{ "1.3", -EINVAL, 0 },
		{ "1.0001K", -EINVAL, 0 },
		{ "2Q", -EINVAL, 0 },
		{ "2MiBs", -EINVAL, 0 },
		{ "2 M 3", -EINVAL, 0 },
		{ "0x", -EINVAL, 0 },
	};
	uint64_t bytes;
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(cases); i++) {
		bytes = 77;
		assert_int_equal(nv_size_parse(cases[i].text, &bytes), cases[i].r);
		assert_int_equal(bytes, cases[i].r ? 77 : cases[i].bytes);
	}
}

static void test_printed_sizes_never_overstate(void **state)
{
	char buf[NV_SIZE_TEXT];

	assert_string_equal(nv_size_print(0, buf), "0 B");
	assert_string_equal(nv_size_print(1023, buf), "1023 B");
	assert_string_equal(nv_size_print(2ull << 20, buf), "2 MiB");
	assert_string_equal(nv_size_print((4ull << 30) - 1, buf), "3.99 GiB");
	assert_string_equal(nv_size_print(3ull << 29, buf), "1.50 GiB");
	assert_string_equal(nv_size_print(UINT64_MAX, buf), "15.99 EiB");
}

static void test_exact_print_reads_back(void **state)
{
	uint64_t x = 1, back;
	char buf[NV_SIZE_TEXT];
	int i;

	for (i = 0; i < 100000; i++) {
		x = x * 6364136223846793005ull + 1442695040888963407ull;
		assert_int_equal(nv_size_parse(nv_size_print_exact(x >> (x & 63), buf), &back), 0);
		assert_true(back == x >> (x & 63));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes_read_as_people_write_them),
		cmocka_unit_test(test_printed_sizes_never_overstate),
		cmocka_unit_test(test_exact_print_reads_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
