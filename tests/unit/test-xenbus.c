/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-xenbus.c - nodes mean what xenstore-vnvdimm(7) says, and nothing else.
 */
#include "tests/lib/cm.h"

#include <string.h>

#include "codec/xenbus.h"

#define V(text) { .data = (text), .len = sizeof(text) - 1 }

static void test_a_complete_directory_is_a_wish(void **state)
{
	struct xenbus_value v[XENBUS_BACK_NR] = {
		[XENBUS_STATE] = V("1"),
		[XENBUS_ONLINE] = V("1"),
		[XENBUS_VOLUME] = V("db"),
		[XENBUS_GPA] = V("0x3fc0000000"),
		[XENBUS_UUID] = V("5f3e1d2c-0b1a-4c5d-8e9f-112233445566"),
	};
	struct device_wish w;

	xenbus_wish(v, &w);
	assert_string_equal(w.wrong, "");
	assert_int_equal(w.state, DEVICE_INITIALISING);
	assert_true(w.online);
	assert_string_equal(w.volume, "db");
	assert_true(w.has_gpa);
	assert_int_equal(w.gpa, 0x3fc0000000);
	assert_int_equal(w.uuid.b[0], 0x5f);
	v[XENBUS_GPA] = (struct xenbus_value)V("274877906944");
	xenbus_wish(v, &w);
	assert_int_equal(w.gpa, 274877906944);
	v[XENBUS_GPA].data = NULL;
	v[XENBUS_ONLINE] = (struct xenbus_value)V("0");
	xenbus_wish(v, &w);
	assert_false(w.has_gpa);
	assert_false(w.online);
}

static void test_what_cannot_be_understood_is_named(void **state)
{
	static const struct {
		enum xenbus_back node;
		struct xenbus_value value;
		const char *says;
	} wrong[] = {
		{ XENBUS_STATE, V(""), "state" },       { XENBUS_STATE, V("9"), "state" },
		{ XENBUS_STATE, V("1\n"), "state" },    { XENBUS_STATE, V("01"), "state" },
		{ XENBUS_ONLINE, V("yes"), "online" },  { XENBUS_ONLINE, V(""), "online" },
		{ XENBUS_VOLUME, V(""), "volume" },     { XENBUS_VOLUME, { NULL, 0 }, "volume" },
		{ XENBUS_VOLUME, V("a\0b"), "volume" }, { XENBUS_VOLUME, V("\xff"), "volume" },
		{ XENBUS_VOLUME, V("a\x1b[31m"), "volume" },
		{ XENBUS_GPA, V(""), "gpa" },           { XENBUS_GPA, V("0x"), "gpa" },
		{ XENBUS_GPA, V("0x12345678901234567"), "gpa" },
		{ XENBUS_GPA, V("18446744073709551616"), "gpa" },
		{ XENBUS_GPA, V("0400"), "gpa" },       { XENBUS_GPA, V("0x1001"), "gpa" },
		{ XENBUS_GPA, V("0xfffg"), "gpa" },     { XENBUS_GPA, V(" 4096"), "gpa" },
	};
	struct device_wish w;
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(wrong); i++) {
		struct xenbus_value v[XENBUS_BACK_NR] = { [XENBUS_STATE] = V("1"), [XENBUS_VOLUME] = V("db") };

		v[wrong[i].node] = wrong[i].value;
		xenbus_wish(v, &w);
		assert_non_null(strstr(w.wrong, wrong[i].says));
	}
}

static void test_a_guest_says_only_what_it_can_say(void **state)
{
	static const struct {
		struct xenbus_value value;
		uint64_t answered;
		bool busy;
	} acks[] = {
		{ V("17"), 17, false },   { V("17 busy"), 17, true },
		{ V("18446744073709551615"), UINT64_MAX, false },
		{ V("18446744073709551616"), 0, false },
		{ V("0"), 0, false },     { V("017"), 0, false },
		{ V("17\n"), 0, false },  { V("17  busy"), 0, false },
		{ V("17busy"), 0, false }, { V(" busy"), 0, false },
		{ V("-1"), 0, false },    { V(""), 0, false },
		{ { NULL, 0 }, 0, false }, { V("17\0busy"), 0, false },
	};
	struct xenbus_value v[XENBUS_FRONT_NR] = { { 0 } };
	struct device_front f;
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(acks); i++) {
		v[XENBUS_FRONT_ANSWER] = acks[i].value;
		xenbus_front(v, &f);
		assert_int_equal(f.answered, acks[i].answered);
		assert_int_equal(f.busy, acks[i].busy);
	}
	v[XENBUS_FRONT_CAN_UNMAP] = (struct xenbus_value)V("1");
	v[XENBUS_FRONT_STATE] = (struct xenbus_value)V("4");
	xenbus_front(v, &f);
	assert_true(f.can_unmap);
	assert_int_equal(f.state, DEVICE_CONNECTED);
	v[XENBUS_FRONT_CAN_UNMAP] = (struct xenbus_value)V("10");
	xenbus_front(v, &f);
	assert_false(f.can_unmap);
}

static const char *find(const struct xenbus_node *nodes, const char *name)
{
	size_t i;

	for (i = 0; i < XENBUS_REPORT_NODES; i++)
		if (!strcmp(nodes[i].name, name))
			return nodes[i].value;
	fail_msg("no node %s", name);
	return NULL;
}

static void test_features_come_first_and_state_last(void **state)
{
	struct device_report r = { .state = DEVICE_CONNECTED, .uuid = { { 1 } }, .gpa = 0x40000000, .size = 8192 };
	struct xenbus_node n[XENBUS_REPORT_NODES];

	xenbus_report(&r, n);
	assert_string_equal(n[0].name, "feature-unmap");
	assert_string_equal(n[1].name, "feature-health");
	assert_string_equal(n[XENBUS_REPORT_NODES - 1].name, "state");
	assert_string_equal(find(n, "state"), "4");
	assert_string_equal(find(n, "hotplug-status"), "connected");
	assert_string_equal(find(n, "mapped-gpa"), "0x40000000");
	assert_string_equal(find(n, "mapped-size"), "8192");
	assert_string_equal(find(n, "unmap-request"), "");
}

static void test_a_refusal_leaves_no_node_of_a_mapping(void **state)
{
	struct device_report r = { .state = DEVICE_CLOSED, .error = "there is no volume 'x'", .ask = 7 };
	struct xenbus_node n[XENBUS_REPORT_NODES];

	xenbus_report(&r, n);
	assert_string_equal(find(n, "hotplug-status"), "error");
	assert_string_equal(find(n, "hotplug-error"), "there is no volume 'x'");
	assert_string_equal(find(n, "mapped-gpa"), "");
	assert_string_equal(find(n, "volume-uuid"), "");
	assert_string_equal(find(n, "unmap-request"), "");
}

static void test_paths_come_back_as_the_device_they_are_of(void **state)
{
	struct device_key key = { 5, 7 }, got;
	char path[XENBUS_PATH];

	assert_int_equal(xenbus_parse_path(xenbus_back_path(key, "state", path), &got), XENBUS_DEVICE);
	assert_true(device_key_equal(key, got));
	assert_int_equal(xenbus_parse_path("backend/vnvdimm/5/7", &got), XENBUS_DEVICE);
	assert_int_equal(xenbus_parse_path("backend/vnvdimm/5", &got), XENBUS_DOMAIN);
	assert_int_equal(xenbus_parse_path("backend/vnvdimm", &got), XENBUS_TREE);
	assert_int_equal(xenbus_parse_path("backend/vnvdimmx", &got), XENBUS_NOWHERE);
	assert_int_equal(xenbus_parse_path("backend/vbd/5/7", &got), XENBUS_NOWHERE);
	assert_int_equal(xenbus_parse_path("backend/vnvdimm/x/7", &got), XENBUS_NOWHERE);
	assert_int_equal(xenbus_parse_path("backend/vnvdimm/32753/7", &got), XENBUS_NOWHERE);
	assert_int_equal(xenbus_parse_path("backend/vnvdimm/5/4294967296", &got), XENBUS_NOWHERE);
	assert_string_equal(xenbus_front_path(key, "", path), "/local/domain/5/device/vnvdimm/7");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_complete_directory_is_a_wish),
		cmocka_unit_test(test_what_cannot_be_understood_is_named),
		cmocka_unit_test(test_a_guest_says_only_what_it_can_say),
		cmocka_unit_test(test_features_come_first_and_state_last),
		cmocka_unit_test(test_a_refusal_leaves_no_node_of_a_mapping),
		cmocka_unit_test(test_paths_come_back_as_the_device_they_are_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
