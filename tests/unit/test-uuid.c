/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-uuid.c - UUIDs survive the way through text.
 */
#include "base/uuid.h"
#include "tests/lib/cm.h"

static void test_text_and_back_is_the_same(void **state)
{
	const char *text = "00112233-4455-6677-8899-aabbccddeeff";
	char buf[NV_UUID_TEXT];
	struct nv_uuid u;

	assert_int_equal(nv_uuid_parse(text, &u), 0);
	assert_int_equal(u.b[0], 0x00);
	assert_int_equal(u.b[15], 0xff);
	assert_string_equal(nv_uuid_print(&u, buf), text);
}

static void test_what_is_no_uuid_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "0011", "00112233445566778899aabbccddeeff",
		"00112233-4455-6677-8899-aabbccddeefg",
		"00112233-4455-6677-8899-aabbccddeeff0",
		"00112233-4455-6677-8899-aabbccddeef",
		"001122334-455-6677-8899-aabbccddeeff",
	};
	struct nv_uuid u;
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(bad); i++)
		assert_int_equal(nv_uuid_parse(bad[i], &u), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_and_back_is_the_same),
		cmocka_unit_test(test_what_is_no_uuid_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
