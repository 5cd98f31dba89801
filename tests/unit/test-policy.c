/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-policy.c - buckets, and what becomes of a guest whose memory broke.
 */
#include <string.h>

#include "core/bucket.h"
#include "core/policy.h"
#include "tests/lib/cm.h"
#include "tests/lib/wrap-alloc.h"

#define SECOND UINT64_C(1000000000)

#define SRAO ((UINT64_C(1) << 63) | (UINT64_C(1) << 61) | (UINT64_C(1) << 60) | (UINT64_C(1) << 56))
#define SRAR (SRAO | (UINT64_C(1) << 55))

static void test_a_bucket_of_ten_runs_over_at_the_eleventh(void **state)
{
	struct bucket_conf c = bucket_conf_per(10, 86400);
	struct bucket b = { 0 };
	int i;

	for (i = 0; i < 10; i++)
		assert_false(bucket_add(&b, &c, 1, 5));
	assert_true(bucket_add(&b, &c, 1, 5));
	assert_int_equal(b.level, 0);
}

static void test_a_bucket_forgives_one_by_one(void **state)
{
	struct bucket_conf c = bucket_conf_per(10, 86400);
	struct bucket b = { 0 };

	assert_false(bucket_add(&b, &c, 10, 0));
	assert_false(bucket_has_room(&b, &c, 1, 8639 * SECOND));
	assert_true(bucket_has_room(&b, &c, 1, 8640 * SECOND));
	assert_int_equal(b.level, 9);
	/* What had leaked in part is not lost by looking. */
	assert_false(bucket_has_room(&b, &c, 2, 17279 * SECOND));
	assert_true(bucket_has_room(&b, &c, 2, 17280 * SECOND));
	assert_true(bucket_has_room(&b, &c, 10, 900000 * SECOND));
}

static void test_a_bucket_without_a_size_never_runs_over(void **state)
{
	struct bucket_conf c = bucket_conf_per(0, 60);
	struct bucket b = { 0 };

	assert_false(bucket_add(&b, &c, UINT32_MAX, 0));
	assert_false(bucket_add(&b, &c, UINT32_MAX, 0));
}

static void test_a_clock_that_goes_back_leaks_nothing(void **state)
{
	struct bucket_conf c = bucket_conf_per(2, 2);
	struct bucket b = { 0 };

	assert_false(bucket_add(&b, &c, 2, 100 * SECOND));
	assert_false(bucket_has_room(&b, &c, 1, 1 * SECOND));
	assert_false(bucket_has_room(&b, &c, 1, 100 * SECOND));
	assert_true(bucket_has_room(&b, &c, 1, 101 * SECOND));
}

static void test_status_bits_tell_what_kind_it_was(void **state)
{
	const uint64_t uc = UINT64_C(1) << 61, s = UINT64_C(1) << 56;
	const uint64_t ar = UINT64_C(1) << 55, pcc = UINT64_C(1) << 57;

	assert_int_equal(policy_class(0, 0, 0), POLICY_SRAO);
	assert_int_equal(policy_class(UINT64_C(1) << 63, 0, 0), POLICY_CE);
	assert_int_equal(policy_class(uc, 0, 0), POLICY_UCNA);
	assert_int_equal(policy_class(uc | s, 0, 0), POLICY_SRAO);
	assert_int_equal(policy_class(uc | s | ar, 0, 0), POLICY_SRAR);
	assert_int_equal(policy_class(uc | s | ar | pcc, 0, 0), POLICY_FATAL);
	/* On Intel these are part of a count of corrected errors. */
	assert_int_equal(policy_class(UINT64_C(3) << 43, 0, 0), POLICY_CE);
}

/* Each row once as AMD's and once as Intel's: the vendor makes the difference. */
static void test_status_bits_mean_other_things_on_amd(void **state)
{
	const uint64_t uc = UINT64_C(1) << 61, pcc = UINT64_C(1) << 57;
	const uint64_t deferred = UINT64_C(1) << 44, poison = UINT64_C(1) << 43;
	const uint64_t core_id = UINT64_C(1) << 56, tcc = UINT64_C(1) << 55;
	const uint64_t mcip = 4;
	const struct {
		uint64_t status, mcg;
		enum policy_class amd, intel;
	} rows[] = {
		{ uc | poison, mcip, POLICY_SRAR, POLICY_UCNA },
		{ uc | poison | tcc, mcip, POLICY_SRAR, POLICY_UCNA },
		{ uc, mcip, POLICY_SRAR, POLICY_UCNA },
		{ uc, 0, POLICY_SRAO, POLICY_UCNA },
		{ uc | core_id, 0, POLICY_SRAO, POLICY_SRAO },
		{ uc | core_id, mcip, POLICY_SRAR, POLICY_SRAO },
		{ deferred, 0, POLICY_SRAO, POLICY_CE },
		{ deferred | poison, mcip, POLICY_SRAO, POLICY_CE },
		{ poison, 0, POLICY_CE, POLICY_CE },
		{ uc | poison | pcc, mcip, POLICY_FATAL, POLICY_FATAL },
	};
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(rows); i++) {
		assert_int_equal(policy_class(rows[i].status, rows[i].mcg,
					      HV_EVENTF_AMD), rows[i].amd);
		assert_int_equal(policy_class(rows[i].status, rows[i].mcg, 0),
				 rows[i].intel);
	}
}

static struct settings rule_of_2016(void)
{
	return (struct settings){ .first_touch = SETTINGS_VMCE,
				  .next_touch = SETTINGS_KILL,
				  .grace_ms = 1000 };
}

static struct policy_verdict hit(struct policy *p, uint64_t s, uint32_t domid,
				 uint64_t mfn, bool touch)
{
	struct policy_hit h = { .now_ns = s * SECOND, .wall_ns = s * SECOND,
				.mfn = mfn, .nr = 1,
				.handle = { { 1 } }, .volume = { { 2 } },
				.status = touch ? 0 : SRAO, .domid = domid,
				.owned = true, .touch = touch };
	struct policy_verdict v;

	policy_decide(p, &h, &v);
	return v;
}

static struct policy *have(struct settings set)
{
	struct policy *p;

	assert_int_equal(policy_new(&set, &p), 0);
	return p;
}

/* 2016, steps 4b and 4d. */
static void test_2016_4_first_hit_tells_next_touch_kills(void **state)
{
	struct policy *p = have(rule_of_2016());
	struct policy_verdict v;

	v = hit(p, 10, 5, 100, false);
	assert_int_equal(v.action, POLICY_VMCE);
	assert_int_equal(v.kind, HV_SRAO);
	v = hit(p, 20, 5, 100, true);
	assert_int_equal(v.action, POLICY_KILL);
	assert_true(v.again);
	policy_free(p);
}

static void test_a_guest_still_recovering_is_told_again_not_shot(void **state)
{
	struct policy *p = have(rule_of_2016());
	struct policy_hit h = { .now_ns = 10 * SECOND, .mfn = 100, .nr = 1,
				.status = SRAR, .domid = 5, .owned = true };
	struct policy_verdict v;

	policy_decide(p, &h, &v);
	assert_int_equal(v.action, POLICY_VMCE);
	assert_int_equal(v.kind, HV_SRAR);
	h.now_ns += SECOND - 1;
	policy_decide(p, &h, &v);
	assert_int_equal(v.action, POLICY_VMCE);
	h.now_ns += 1;
	policy_decide(p, &h, &v);
	assert_int_equal(v.action, POLICY_KILL);
	policy_free(p);
}

static void test_a_new_life_knows_nothing(void **state)
{
	struct nv_uuid handle = { { 1 } };
	struct policy *p = have(rule_of_2016());

	hit(p, 10, 5, 100, false);
	/* Rebooted: another domid, the same handle. */
	assert_int_equal(hit(p, 20, 6, 100, true).action, POLICY_VMCE);
	/* And the same domid again, after its life ended. */
	policy_forget(p, 5, &handle);
	policy_forget(p, 9, &handle);
	assert_int_equal(hit(p, 30, 5, 100, true).action, POLICY_VMCE);
	assert_int_equal(hit(p, 40, 5, 100, true).action, POLICY_KILL);
	policy_free(p);
}

static void test_another_frame_is_another_first_hit(void **state)
{
	struct policy *p = have(rule_of_2016());

	hit(p, 10, 5, 100, false);
	assert_int_equal(hit(p, 20, 5, 101, true).action, POLICY_VMCE);
	policy_free(p);
}

static void test_every_frame_of_a_fault_is_known_afterwards(void **state)
{
	struct policy *p = have(rule_of_2016());
	struct policy_hit h = { .now_ns = SECOND, .mfn = 100, .nr = 4,
				.handle = { { 1 } }, .domid = 5, .owned = true };
	struct policy_verdict v;

	policy_decide(p, &h, &v);
	assert_int_equal(hit(p, 20, 5, 103, true).action, POLICY_KILL);
	policy_free(p);
}

/* A 1 GiB extent in MISC: its first frame is not all that the guest was told of. */
static void test_every_frame_of_a_wide_fault_is_known_too(void **state)
{
	struct policy *p = have(rule_of_2016());
	struct policy_hit h = { .now_ns = SECOND, .mfn = 1 << 18,
				.nr = 1 << 18, .status = SRAO, .domid = 5,
				.handle = { { 1 } }, .owned = true };
	struct policy_verdict v;

	policy_decide(p, &h, &v);
	assert_int_equal(v.action, POLICY_VMCE);
	assert_int_equal(hit(p, 9, 5, (2 << 18) - 1, true).action, POLICY_KILL);
	assert_int_equal(hit(p, 9, 5, 2 << 18, true).action, POLICY_VMCE);
	assert_int_equal(hit(p, 9, 6, (2 << 18) - 1, true).action, POLICY_VMCE);
	/* And the other way round: one of its frames was known. */
	hit(p, 10, 7, (1 << 18) + 5000, false);
	h.domid = 7;
	h.now_ns = 12 * SECOND;
	policy_decide(p, &h, &v);
	assert_true(v.again);
	policy_free(p);
}

static void test_a_scrubber_that_finds_it_again_kills_nobody(void **state)
{
	struct policy *p = have(rule_of_2016());

	hit(p, 10, 5, 100, false);
	assert_int_equal(hit(p, 20, 5, 100, false).action, POLICY_NOTE);
	assert_int_equal(hit(p, 30, 5, 100, true).action, POLICY_KILL);
	policy_free(p);
}

static void test_nobody_is_told_of_what_nobody_has(void **state)
{
	struct policy *p = have(rule_of_2016());
	struct policy_hit h = { .mfn = 100, .nr = 1, .status = SRAO };
	struct policy_verdict v;

	policy_decide(p, &h, &v);
	assert_int_equal(v.action, POLICY_NOTE);
	policy_free(p);
}

static void test_an_avalanche_alarms_instead_of_killing(void **state)
{
	struct settings set = rule_of_2016();
	struct policy_verdict v;
	struct policy *p;
	uint32_t d;

	set.avalanche = 3;
	set.avalanche_s = 3600;
	p = have(set);
	for (d = 1; d <= 5; d++) {
		hit(p, 10, d, 100, false);
		v = hit(p, 20, d, 100, true);
		assert_int_equal(v.action, d <= 3 ? POLICY_KILL : POLICY_VMCE);
		assert_int_equal(v.avalanche, d > 3);
	}
	/* One of them leaked away after a third of the hour. */
	v = hit(p, 20 + 1201, 5, 100, true);
	assert_int_equal(v.action, POLICY_KILL);
	/* Killing the same one again costs nothing more. */
	v = hit(p, 20 + 1202, 5, 100, true);
	assert_int_equal(v.action, POLICY_KILL);
	policy_free(p);
}

static void test_a_volume_with_too_many_faults_is_reported(void **state)
{
	struct settings set = rule_of_2016();
	struct policy *p;
	uint64_t i;

	set.page_limit = (struct settings_rate){ 10, 86400 };
	p = have(set);
	for (i = 0; i < 10; i++)
		assert_false(hit(p, 10, 5, 100 + i, false).over_limit);
	assert_false(hit(p, 10, 5, 100, true).over_limit);
	assert_true(hit(p, 10, 5, 200, false).over_limit);
	policy_free(p);
}

static void test_what_was_decided_before_a_restart_counts(void **state)
{
	struct policy *p = have(rule_of_2016());
	struct policy_hit h = { .now_ns = SECOND, .mfn = 100, .nr = 1,
				.handle = { { 1 } }, .domid = 5, .owned = true };

	policy_recall(p, &h, POLICY_VMCE);
	assert_int_equal(hit(p, 20, 5, 100, true).action, POLICY_KILL);
	policy_free(p);
}

static void test_the_configuration_can_kill_at_once_or_never(void **state)
{
	struct settings set = rule_of_2016();
	struct policy *p;

	set.first_touch = SETTINGS_KILL;
	p = have(set);
	assert_int_equal(hit(p, 1, 5, 100, false).action, POLICY_KILL);
	set.first_touch = set.next_touch = SETTINGS_VMCE;
	policy_configure(p, &set);
	hit(p, 1, 6, 100, false);
	assert_int_equal(hit(p, 90, 6, 100, true).action, POLICY_VMCE);
	policy_free(p);
}

static void test_without_memory_the_guest_is_told(void **state)
{
	struct policy *p = have(rule_of_2016());
	unsigned long n;

	for (n = 1; n <= 3; n++) {
		wrap_alloc_fail_at(n);
		assert_int_equal(hit(p, 1, (uint32_t)n, 100, true).action,
				 POLICY_VMCE);
		wrap_alloc_fail_at(0);
	}
	policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_bucket_of_ten_runs_over_at_the_eleventh),
		cmocka_unit_test(test_a_bucket_forgives_one_by_one),
		cmocka_unit_test(test_a_bucket_without_a_size_never_runs_over),
		cmocka_unit_test(test_a_clock_that_goes_back_leaks_nothing),
		cmocka_unit_test(test_status_bits_tell_what_kind_it_was),
		cmocka_unit_test(test_status_bits_mean_other_things_on_amd),
		cmocka_unit_test(test_2016_4_first_hit_tells_next_touch_kills),
		cmocka_unit_test(test_a_guest_still_recovering_is_told_again_not_shot),
		cmocka_unit_test(test_a_new_life_knows_nothing),
		cmocka_unit_test(test_another_frame_is_another_first_hit),
		cmocka_unit_test(test_every_frame_of_a_fault_is_known_afterwards),
		cmocka_unit_test(test_every_frame_of_a_wide_fault_is_known_too),
		cmocka_unit_test(test_a_scrubber_that_finds_it_again_kills_nobody),
		cmocka_unit_test(test_nobody_is_told_of_what_nobody_has),
		cmocka_unit_test(test_an_avalanche_alarms_instead_of_killing),
		cmocka_unit_test(test_a_volume_with_too_many_faults_is_reported),
		cmocka_unit_test(test_what_was_decided_before_a_restart_counts),
		cmocka_unit_test(test_the_configuration_can_kill_at_once_or_never),
		cmocka_unit_test(test_without_memory_the_guest_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
