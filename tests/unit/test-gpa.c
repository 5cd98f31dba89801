/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-gpa.c - a guest that does not run yet is given addresses that it keeps.
 */
#include "core/guests.h"
#include "tests/lib/ledgers.h"

#define LIMIT (UINT64_C(1) << 40)

static uint64_t must_choose(struct ledger *l, const char *guest,
			    const struct volume *v)
{
	struct nv_why why = { "" };
	uint64_t gpa;

	if (ledger_guest_choose(l, guest, v, LIMIT, &why, &gpa))
		fail_msg("%s", why.text);
	return gpa;
}

static struct guest_device *must_list(struct ledger *l, const char *guest,
				      struct volume *v, uint64_t gpa)
{
	const struct guest_request req = { .guest = guest, .volume = v,
					   .gpa = gpa, .has_gpa = true,
					   .if_missing = GUEST_WAIT };
	struct nv_why why = { "" };
	struct guest_device *g;

	if (ledger_guest_add(l, &req, &why, &g))
		fail_msg("%s", why.text);
	return g;
}

static void test_addresses_go_down_from_the_limit_by_whole_gigabytes(void **state)
{
	struct ledger *l = *state;
	struct pool *p = have_pool(l, "ns", 4 * GIB, 4 * GIB);
	struct volume *small = have_volume(l, "small", p, 16 * MIB);
	struct volume *large = have_volume(l, "large", p, 1 * GIB + 2 * MIB);
	struct volume *last = have_volume(l, "last", p, 16 * MIB);

	assert_int_equal(must_choose(l, "db1", small), LIMIT - GIB);
	must_list(l, "db1", small, LIMIT - GIB);
	assert_int_equal(must_choose(l, "db1", large), LIMIT - 3 * GIB);
	must_list(l, "db1", large, LIMIT - 3 * GIB);
	assert_int_equal(must_choose(l, "name:db1", last), LIMIT - 4 * GIB);
}

static void test_lists_of_other_guests_are_not_in_the_way(void **state)
{
	struct ledger *l = *state;
	struct pool *p = have_pool(l, "ns", 4 * GIB, 1 * GIB);
	struct volume *a = have_volume(l, "a", p, 16 * MIB);
	struct volume *b = have_volume(l, "b", p, 16 * MIB);

	must_list(l, "db1", a, LIMIT - GIB);
	assert_int_equal(must_choose(l, "db2", b), LIMIT - GIB);
}

static void test_a_gap_that_a_removed_device_left_is_used_again(void **state)
{
	struct ledger *l = *state;
	struct pool *p = have_pool(l, "ns", 4 * GIB, 1 * GIB);
	struct volume *a = have_volume(l, "a", p, 16 * MIB);
	struct volume *b = have_volume(l, "b", p, 16 * MIB);
	struct guest_device *g = must_list(l, "db1", a, LIMIT - GIB);

	must_list(l, "db1", b, LIMIT - 2 * GIB);
	ledger_guest_del(l, g);
	assert_int_equal(must_choose(l, "db1", a), LIMIT - GIB);
}

static void test_a_volume_goes_where_it_was_unless_something_is_there(void **state)
{
	struct ledger *l = *state;
	struct pool *p = have_pool(l, "ns", 4 * GIB, 1 * GIB);
	struct volume *a = have_volume(l, "a", p, 16 * MIB);
	struct volume *b = have_volume(l, "b", p, 16 * MIB);

	a->fact.home_gfn = frames_from_bytes(0x1230000000);
	assert_int_equal(must_choose(l, "db1", a), 0x1230000000);
	must_list(l, "db1", b, 0x1230000000);
	assert_int_equal(must_choose(l, "db1", a), LIMIT - GIB);
	a->fact.home_gfn = frames_from_bytes(LIMIT);
	assert_int_equal(must_choose(l, "db1", a), LIMIT - GIB);
}

static void test_without_room_it_is_refused(void **state)
{
	struct ledger *l = *state;
	struct pool *p = have_pool(l, "ns", 4 * GIB, 1 * GIB);
	struct volume *a = have_volume(l, "a", p, 16 * MIB);
	struct volume *b = have_volume(l, "b", p, 16 * MIB);
	struct nv_why why;
	uint64_t gpa = 7;

	must_list(l, "db1", a, 0);
	assert_int_equal(ledger_guest_choose(l, "db1", b, GIB, &why, &gpa),
			 NV_E_GPA_LIMIT);
	assert_string_equal(why.text,
			    "the guest name:db1 has no room for 0x1000000 bytes below guest address 0x40000000");
	assert_int_equal(ledger_guest_choose(l, "", b, LIMIT, &why, &gpa),
			 NV_E_BAD_NAME);
	assert_int_equal(gpa, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(test_addresses_go_down_from_the_limit_by_whole_gigabytes),
		LEDGER_TEST(test_lists_of_other_guests_are_not_in_the_way),
		LEDGER_TEST(test_a_gap_that_a_removed_device_left_is_used_again),
		LEDGER_TEST(test_a_volume_goes_where_it_was_unless_something_is_there),
		LEDGER_TEST(test_without_room_it_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
