/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-limits.c - how many faults and kills are too many, and that neither a
 * restart of nvdimmd nor a reboot of the host makes anybody forget them.
 */
#include "tests/lib/cm.h"

#include <string.h>

#include "tests/lib/requests.h"

#define MIB (1ull << 20)
#define SRAO 0xbd000000000000c0ull

/* Of the world's clock, which ticks in the microseconds of a day. */
#define DAY 86400000000ull

static struct world w;

static void rules(struct settings *s)
{
	s->page_limit = (struct settings_rate){ 10, 86400 };
	s->avalanche = 1;
	s->avalanche_s = 86400;
}

static int setup(void **state)
{
	world_init(&w);
	w.rules = rules;
	world_domain(&w, 1, true);
	world_domain(&w, 2, true);
	assert_int_equal(world_boot(&w), 0);
	assert_int_equal(request_pool(&w, "namespace0.0", "p1"), 0);
	assert_int_equal(request_volume(&w, "v", 4 * MIB), 0);
	assert_int_equal(request_volume(&w, "u", 4 * MIB), 0);
	return 0;
}

static int teardown(void **state)
{
	world_deinit(&w);
	return 0;
}

static void restart(void)
{
	assert_int_equal(world_boot(&w), 0);
}

static void reboot(void)
{
	world_end(&w);
	hv_mem_boot(w.hv);
	world_domain(&w, 1, true);
	world_domain(&w, 2, true);
	assert_int_equal(world_boot(&w), 0);
}

/* The first machine frame of a volume. */
static uint64_t first_mfn(const char *name)
{
	struct volume *v;

	assert_int_equal(ledger_volume_find(w.nvd.ledger, name, NULL, &v), 0);
	return ledger_extent_mfn(v->extents);
}

/* @nr faults from the page @from of the volume on. Return: is there an alarm about it? */
static bool faults(const char *name, uint64_t from, uint64_t nr)
{
	while (nr--)
		hv_mem_mce(w.hv, first_mfn(name) + from++, 1, SRAO);
	assert_int_equal(world_faults(&w), 0);
	return w.nvd.alarm[ALARM_PAGES][0];
}

static void test_a_volumes_faults_are_counted_on_by_the_next_life(void **state)
{
	assert_false(faults("v", 0, 6));
	restart();
	assert_false(faults("v", 6, 4));
	/* Each has its own. */
	assert_false(faults("u", 0, 10));
	restart();
	assert_true(faults("v", 10, 1));
	assert_non_null(strstr(w.nvd.alarm[ALARM_PAGES], "more than 10 faults"));
}

static void test_and_by_the_next_boot_of_the_host(void **state)
{
	assert_false(faults("v", 0, 3));
	reboot();
	assert_false(faults("v", 3, 3));
	reboot();
	restart();
	assert_false(faults("v", 6, 4));
	assert_false(faults("u", 0, 10));
	assert_true(faults("v", 10, 1));
}

static void test_a_fault_of_two_volumes_counts_for_both(void **state)
{
	uint64_t at = first_mfn("u") - 1;

	assert_int_equal(at, first_mfn("v") + 1023);
	hv_mem_mce(w.hv, at, 2, SRAO);
	assert_int_equal(world_faults(&w), 0);
	reboot();
	assert_false(faults("v", 0, 9));
	assert_true(faults("v", 9, 1));
	nvd_seen(&w.nvd);
	assert_false(faults("u", 1, 9));
	assert_true(faults("u", 10, 1));
}

static void test_what_leaked_out_while_nobody_lived_is_forgiven(void **state)
{
	assert_false(faults("v", 0, 10));
	w.ticks += DAY / 2;
	reboot();
	assert_false(faults("v", 10, 5));
	w.ticks += DAY;
	reboot();
	assert_false(faults("v", 15, 10));
	assert_true(faults("v", 25, 1));
}

static void test_a_clock_that_was_ahead_does_not_keep_a_limit_full(void **state)
{
	w.ticks += 1000 * DAY;
	restart();
	assert_false(faults("v", 0, 10));
	w.ticks -= 1000 * DAY;
	reboot();
	/* A day in the nanoseconds of the clock that never goes back. */
	w.ticks += 1000 * DAY;
	assert_false(faults("v", 10, 5));
}

static void test_a_younger_volume_is_not_blamed_for_an_older_ones(void **state)
{
	uint64_t mfn = first_mfn("v");

	assert_false(faults("v", 0, 10));
	assert_int_equal(request_delete(&w, "v"), 0);
	assert_int_equal(request_pool_repair(&w, "p1"), 0);
	assert_int_equal(request_volume(&w, "w", 4 * MIB), 0);
	assert_int_equal(first_mfn("w"), mfn);
	reboot();
	assert_false(faults("w", 0, 10));
	assert_true(faults("w", 10, 1));
}

/* It is told of a page, and touches it. */
static void is_killed_for(const char *name, uint32_t domid, uint64_t page)
{
	assert_int_equal(request_map(&w, name, domid), 0);
	faults(name, page, 1);
	assert_true(hv_mem_touch(w.hv, first_mfn(name) + page));
	assert_int_equal(world_faults(&w), 0);
}

static void test_a_killed_guest_counts_after_a_reboot(void **state)
{
	is_killed_for("v", 1, 0);
	assert_int_equal(hv_mem_actions(w.hv).crash, 1);
	assert_string_equal(w.nvd.alarm[ALARM_AVALANCHE], "");
	reboot();
	is_killed_for("u", 2, 0);
	assert_int_equal(hv_mem_actions(w.hv).crash, 1);
	assert_true(w.nvd.alarm[ALARM_AVALANCHE][0]);
	/* And only so long. */
	w.ticks += DAY;
	reboot();
	is_killed_for("u", 2, 1);
	assert_int_equal(hv_mem_actions(w.hv).crash, 2);
}

/* The number and the name of a guest that was told before the host went down. */
static void test_a_guest_of_this_boot_knows_nothing_of_the_last(void **state)
{
	assert_int_equal(request_map(&w, "v", 1), 0);
	faults("v", 0, 1);
	reboot();
	assert_int_equal(request_map(&w, "v", 1), 0);
	assert_true(hv_mem_touch(w.hv, first_mfn("v")));
	assert_int_equal(world_faults(&w), 0);
	assert_int_equal(hv_mem_actions(w.hv).crash, 0);
	assert_int_equal(hv_mem_actions(w.hv).vmce, 2);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_a_volumes_faults_are_counted_on_by_the_next_life),
		T(test_and_by_the_next_boot_of_the_host),
		T(test_a_fault_of_two_volumes_counts_for_both),
		T(test_what_leaked_out_while_nobody_lived_is_forgiven),
		T(test_a_clock_that_was_ahead_does_not_keep_a_limit_full),
		T(test_a_younger_volume_is_not_blamed_for_an_older_ones),
		T(test_a_killed_guest_counts_after_a_reboot),
		T(test_a_guest_of_this_boot_knows_nothing_of_the_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
