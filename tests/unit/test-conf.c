/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-conf.c - the configuration: every key, its errors, and where they are.
 */
#include "tests/lib/cm.h"

#include <stdio.h>
#include <string.h>

#include "codec/conf.h"

static int parse(const char *text, struct settings *s, struct nv_why *why)
{
	memset(why, 0, sizeof(*why));
	return conf_parse("f.conf", text, strlen(text), s, why);
}

static void test_an_empty_file_gives_the_defaults(void **state)
{
	struct settings s, d;
	struct nv_why why;

	conf_defaults(&d);
	assert_int_equal(conf_parse("f.conf", NULL, 0, &s, &why), 0);
	assert_memory_equal(&s, &d, sizeof(s));
	assert_int_equal(parse("# nothing\n\n", &s, &why), 0);
	assert_memory_equal(&s, &d, sizeof(s));
	assert_int_equal(d.deadline_ms, 10000);
	assert_int_equal(d.alignment, 2 << 20);
	assert_int_equal(d.page_limit.burst, 10);
	assert_int_equal(d.page_limit.per_s, 86400);
	assert_int_equal(d.first_touch, SETTINGS_VMCE);
	assert_int_equal(d.next_touch, SETTINGS_KILL);
	assert_string_equal(d.hypervisor, "xen");
}

static void test_each_key_is_set(void **state)
{
	struct settings s;
	struct nv_why why;

	assert_int_equal(parse("hypervisor = \"sim:/tmp/x\"\n"
			       "state_dir = /srv/nv   # where\n"
			       "deadline = 1m\n"
			       "grace = 500ms\n"
			       "first_touch = kill\n"
			       "page_limit = \"3/1h\"\n"
			       "alignment = \"4 KiB\"\n"
			       "avalanche_time = 7d\n"
			       "max_events = 1000\n",
			       &s, &why),
			 0);
	assert_string_equal(s.hypervisor, "sim:/tmp/x");
	assert_string_equal(s.state_dir, "/srv/nv");
	assert_int_equal(s.deadline_ms, 60000);
	assert_int_equal(s.grace_ms, 500);
	assert_int_equal(s.first_touch, SETTINGS_KILL);
	assert_int_equal(s.page_limit.burst, 3);
	assert_int_equal(s.page_limit.per_s, 3600);
	assert_int_equal(s.alignment, 4096);
	assert_int_equal(s.avalanche_s, 7 * 86400);
	assert_int_equal(s.max_events, 1000);
}

static const struct {
	const char *text;
	const char *says;
} wrong[] = {
	{ "\n\ncolour = red\n", "f.conf:3: no such option 'colour'" },
	{ "deadline = 500ms\n", "f.conf:1: deadline is \"500ms\", it must be a time from 1000ms to 60s" },
	{ "deadline = ten\n", "f.conf:1: deadline is \"ten\"" },
	{ "deadline = 10\n", "f.conf:1: deadline is \"10\"" },
	{ "deadline = -1s\n", "f.conf:1: deadline is \"-1s\"" },
	{ "#\nalignment = 3MiB\n", "f.conf:2: alignment is \"3MiB\", it must be a power of two from 4 KiB to 1 GiB" },
	{ "alignment = 0\n", "f.conf:1: alignment is \"0\"" },
	{ "address_bits = 99\n", "f.conf:1: address_bits is \"99\", it must be a number from 32 to 52" },
	{ "next_touch = maybe\n", "f.conf:1: next_touch is \"maybe\", it must be \"vmce\" or \"kill\"" },
	{ "page_limit = 10\n", "f.conf:1: page_limit is \"10\", it must be COUNT / TIME" },
	{ "state_dir = here\n", "f.conf:1: state_dir is \"here\", it must be an absolute path" },
	{ "grace = 5s\ngrace = 6s\n", "f.conf:2: grace is set a second time" },
	{ "grace = 5s\n\ngrace {\n", "f.conf:3:" },
	{ "group = \"$HOME\"\n", "f.conf:1: '$' is not possible" },
	{ "group = \"a\tb\001\"\n", "f.conf:1: a control character (byte 0x01)" },
	{ "group = \"never ended\n", "f.conf:" },
	{ "grace\n", "f.conf:" },
	{ "large_alignment = 4KiB\n", "large_alignment is smaller than alignment" },
	{ "include(\"/etc/passwd\")\n", "f.conf:1:" },
};

static void test_each_error_says_where_and_what_would_be_right(void **state)
{
	struct settings s, before;
	struct nv_why why;
	size_t i;

	memset(&s, 0x5a, sizeof(s));
	before = s;
	for (i = 0; i < NV_ARRAY_SIZE(wrong); i++) {
		assert_int_equal(parse(wrong[i].text, &s, &why), NV_E_BAD_CONFIG);
		if (!strstr(why.text, wrong[i].says))
			fail_msg("\"%s\" says \"%s\", not \"%s\"", wrong[i].text, why.text, wrong[i].says);
	}
	assert_memory_equal(&s, &before, sizeof(s));
}

static void test_a_text_that_is_too_long_is_refused(void **state)
{
	char text[400];
	struct settings s;
	struct nv_why why;

	snprintf(text, sizeof(text), "state_dir = \"/%0300d\"\n", 1);
	assert_int_equal(parse(text, &s, &why), NV_E_BAD_CONFIG);
	assert_non_null(strstr(why.text, "at most 255"));
}

static void test_the_example_uncommented_is_the_defaults(void **state)
{
	char *text = conf_example(), *p, *q;
	struct settings s, d;
	struct nv_why why;
	int keys = 0;

	assert_non_null(text);
	for (p = q = text; *p; p++) {
		/* "#key" is a setting, "# text" a comment. */
		if ((p == text || p[-1] == '\n') && *p == '#' && p[1] >= 'a' && p[1] <= 'z') {
			keys++;
			continue;
		}
		*q++ = *p;
	}
	*q = '\0';
	conf_defaults(&d);
	assert_int_equal(parse(text, &s, &why), 0);
	assert_memory_equal(&s, &d, sizeof(s));
	assert_true(keys > 15);
	free(text);
}

static void test_a_key_that_needs_a_restart_is_named(void **state)
{
	struct settings a, b;

	conf_defaults(&a);
	b = a;
	b.deadline_ms++;
	assert_null(conf_restart_key(&a, &b));
	strcpy(b.state_dir, "/elsewhere");
	assert_string_equal(conf_restart_key(&a, &b), "state_dir");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_empty_file_gives_the_defaults),
		cmocka_unit_test(test_each_key_is_set),
		cmocka_unit_test(test_each_error_says_where_and_what_would_be_right),
		cmocka_unit_test(test_a_text_that_is_too_long_is_refused),
		cmocka_unit_test(test_the_example_uncommented_is_the_defaults),
		cmocka_unit_test(test_a_key_that_needs_a_restart_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
