/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-volumes.c - volumes: which frames they get, and when they give them back.
 */
#include "core/ledger-int.h"
#include "tests/lib/ledgers.h"

static void test_best_fit_takes_the_smallest_hole(void **state)
{
	struct ledger *l = *state;
	struct pool *p = have_pool(l, "a", 4 * GIB, 64 * MIB);
	struct mapping *m[3];
	struct volume *v;

	/* Holes of 8, 4 and 46 MiB. */
	m[0] = map_bare(l, p, 8 * MIB, 2 * MIB);
	m[1] = map_bare(l, p, 14 * MIB, 2 * MIB);
	m[2] = map_bare(l, p, 62 * MIB, 2 * MIB);
	v = have_volume(l, "v", p, 4 * MIB);
	assert_int_equal(v->extents->fact.off, 10 * MIB >> 12);
	ledger_map_abort(l, m[0]);
	ledger_map_abort(l, m[1]);
	ledger_map_abort(l, m[2]);
}

static void test_large_volumes_are_aligned_to_1_gib_if_they_can_be(void **state)
{
	struct ledger *l = *state;
	struct pool *p = have_pool(l, "a", 4 * GIB + 2 * MIB, 3 * GIB);
	struct volume *v = have_volume(l, "v", p, GIB + 2 * MIB);
	struct volume *w;

	assert_int_equal(ledger_extent_mfn(v->extents), 5 * GIB >> 12);
	assert_int_equal(v->fact.align, NV_1G_FRAMES);
	w = have_volume(l, "w", p, GIB);
	assert_int_equal(w->fact.align, NV_2M_FRAMES);
}

static void test_allocation_goes_round_bad_frames(void **state)
{
	struct ledger *l = *state;
	struct pool *p = have_pool(l, "a", 4 * GIB, 16 * MIB);
	struct volume *v;

	assert_int_equal(ledger_mark_bad(l, p->site.mfn + 1000, 1), 0);
	v = have_volume(l, "v", p, 14 * MIB);
	assert_int_equal(ledger_volume_bad(v), 0);
	assert_int_equal(v->fact.nr_extents, 2);
	assert_int_equal(p->free, 511);
	assert_int_equal(p->free_bad, 1);
}

static void test_what_is_adopted_may_hold_bad_frames(void **state)
{
	struct ledger *l = *state;
	struct pool *p = have_pool(l, "a", 4 * GIB, 16 * MIB);
	struct volume_request req = { .name = "v", .pool = p, .at = true,
				      .at_bytes = 2 * MIB,
				      .size_bytes = 4 * MIB };
	struct nv_why why;
	struct volume *v, *w;

	assert_int_equal(ledger_mark_bad(l, p->site.mfn + 600, 2), 0);
	assert_int_equal(ledger_volume_begin(l, &req, &why, &v), 0);
	assert_int_equal(v->extents->fact.off, 512);
	assert_int_equal(ledger_volume_bad(v), 2);
	ledger_volume_done(l, v);

	req.name = "w";
	req.uuid = uuid_of(3);
	req.at_bytes = 0;
	assert_int_equal(ledger_volume_begin(l, &req, &why, &w),
			 NV_E_NO_SPACE);
	assert_non_null(strstr(why.text, "'v' has offset 2 MiB"));
	req.at_bytes = 4096;
	assert_int_equal(ledger_volume_begin(l, &req, &why, &w),
			 NV_E_BAD_ALIGNMENT);
	req.at_bytes = 14 * MIB;
	assert_int_equal(ledger_volume_begin(l, &req, &why, &w),
			 NV_E_BAD_SIZE);
}

static void test_bad_sizes_are_answered_with_the_nearest(void **state)
{
	static const struct {
		uint64_t size;
		const char *says;
	} bad[] = {
		{ 0, "smallest is 2 MiB" },
		{ 1, "smallest is 2 MiB" },
		{ 3 * MIB, "2 MiB and 4 MiB" },
		{ 5 * GIB + 1, "5 GiB and 5122 MiB" },
		{ UINT64_MAX, "no multiple of 2 MiB" },
	};
	struct ledger *l = *state;
	struct volume_request req = { .name = "v" };
	struct nv_why why;
	struct volume *v;
	size_t i;

	have_pool(l, "a", 4 * GIB, GIB);
	for (i = 0; i < NV_ARRAY_SIZE(bad); i++) {
		req.size_bytes = bad[i].size;
		assert_int_equal(ledger_volume_begin(l, &req, &why, &v),
				 NV_E_BAD_SIZE);
		if (!strstr(why.text, bad[i].says))
			fail_msg("'%s' lacks '%s'", why.text, bad[i].says);
	}
	req.size_bytes = UINT64_MAX & ~(2 * MIB - 1);
	assert_int_equal(ledger_volume_begin(l, &req, &why, &v),
			 NV_E_NO_SPACE);
}

static void test_odd_names_are_refused(void **state)
{
	static const char *const bad[] = {
		"", ".a", "-a", "a b", "a/b", "a\n", "\xc3\xa4", "a\x7f",
		"0123456789012345678901234567890123456789012345678901234567890123",
	};
	struct nv_why why;
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(bad); i++)
		assert_int_equal(ledger_name_check(bad[i], &why),
				 NV_E_BAD_NAME);
	assert_int_equal(ledger_name_check("0", &why), 0);
	assert_int_equal(ledger_name_check("a.b_c-D9", &why), 0);
	assert_int_equal(ledger_name_check(bad[8] + 1, &why), 0);
}

static void test_owners_are_uuids_or_names(void **state)
{
	struct nv_why why;

	assert_int_equal(ledger_owner_check("", &why), 0);
	assert_int_equal(ledger_owner_check("name:db1", &why), 0);
	assert_int_equal(ledger_owner_check("uuid:00112233-4455-6677-8899-aabbccddeeff", &why), 0);
	assert_int_equal(ledger_owner_check("name:", &why), NV_E_BAD_NAME);
	assert_int_equal(ledger_owner_check("db1", &why), NV_E_BAD_NAME);
	assert_int_equal(ledger_owner_check("uuid:0011", &why), NV_E_BAD_NAME);
	assert_int_equal(ledger_owner_check("name:a\nb", &why), NV_E_BAD_NAME);
}

static void test_growing_goes_on_where_the_volume_ends(void **state)
{
	struct ledger *l = *state;
	struct pool *p = have_pool(l, "a", 4 * GIB, 32 * MIB);
	struct volume *v = have_volume(l, "v", p, 4 * MIB), *part;
	struct nv_uuid uuid = uuid_of(5);
	struct nv_why why;

	assert_int_equal(ledger_grow_begin(l, v, 10 * MIB, &uuid, &why, &part),
			 0);
	check_ledger(l);
	assert_int_equal(v->fact.nr, 4 * MIB >> 12);
	assert_int_equal(part->fact.state, VOLUME_CREATING);
	ledger_grow_done(l, v, part);
	check_ledger(l);
	assert_int_equal(v->fact.nr, 10 * MIB >> 12);
	assert_int_equal(v->fact.nr_extents, 1);
	assert_null(ledger_volume_by_uuid(l, &uuid));

	assert_int_equal(ledger_grow_begin(l, v, 20 * MIB, &uuid, &why, &part),
			 0);
	ledger_grow_abort(l, v, part);
	check_ledger(l);
	assert_int_equal(v->fact.nr, 10 * MIB >> 12);
	assert_int_equal(p->free, 22 * MIB >> 12);
}

static void test_shrinking_leaves_the_tail_to_be_scrubbed(void **state)
{
	struct ledger *l = *state;
	struct pool *p = have_pool(l, "a", 4 * GIB, 32 * MIB);
	struct volume *v = have_volume(l, "v", p, 10 * MIB), *part;
	struct nv_uuid uuid = uuid_of(5);
	struct nv_why why;

	assert_int_equal(ledger_shrink_begin(l, v, 4 * MIB, &uuid, &why, &part),
			 0);
	ledger_shrink_abort(l, v, part);
	check_ledger(l);
	assert_int_equal(v->fact.nr_extents, 1);
	assert_int_equal(v->fact.nr, 10 * MIB >> 12);

	assert_int_equal(ledger_shrink_begin(l, v, 4 * MIB, &uuid, &why, &part),
			 0);
	assert_int_equal(part->fact.state, VOLUME_DELETING);
	assert_int_equal(part->extents->fact.off, 4 * MIB >> 12);
	ledger_shrink_done(l, v, part);
	check_ledger(l);
	assert_int_equal(p->free, 22 * MIB >> 12);
	assert_int_equal(ledger_delete_begin(l, part, &why), 0);
	ledger_delete_done(l, part);
	assert_int_equal(p->free, 28 * MIB >> 12);
}

static void test_a_deleting_volume_keeps_its_frames_until_it_is_done(void **state)
{
	struct ledger *l = *state;
	struct pool *p = have_pool(l, "a", 4 * GIB, 32 * MIB);
	struct volume *v = have_volume(l, "v", p, 10 * MIB);
	struct nv_why why;

	assert_int_equal(ledger_delete_begin(l, v, &why), 0);
	assert_int_equal(ledger_delete_begin(l, v, &why), NV_E_BUSY);
	assert_int_equal(p->free, 22 * MIB >> 12);
	ledger_delete_abort(l, v);
	assert_int_equal(v->fact.state, VOLUME_READY);
	assert_int_equal(ledger_delete_begin(l, v, &why), 0);
	ledger_delete_done(l, v);
	assert_int_equal(p->free, 32 * MIB >> 12);
	assert_int_equal(ledger_volume_find(l, "v", &why, &v),
			 NV_E_NO_VOLUME);
}

static void test_a_name_is_held_while_it_is_given(void **state)
{
	struct ledger *l = *state;
	struct pool *p = have_pool(l, "a", 4 * GIB, 32 * MIB);
	struct volume *v = have_volume(l, "v", p, 2 * MIB);
	struct volume *w = have_volume(l, "w", p, 2 * MIB), *found;
	struct nv_why why;

	assert_int_equal(ledger_rename_begin(l, v, "w", &why), NV_E_EXISTS);
	assert_int_equal(ledger_rename_begin(l, v, "x", &why), 0);
	assert_int_equal(ledger_rename_begin(l, w, "x", &why), NV_E_EXISTS);
	ledger_rename_abort(l, v);
	assert_int_equal(ledger_rename_begin(l, w, "x", &why), 0);
	ledger_rename_done(l, w);
	assert_int_equal(ledger_volume_find(l, "w", &why, &found),
			 NV_E_NO_VOLUME);
	assert_int_equal(ledger_volume_find(l, "x", &why, &found), 0);
	assert_ptr_equal(found, w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(test_best_fit_takes_the_smallest_hole),
		LEDGER_TEST(test_large_volumes_are_aligned_to_1_gib_if_they_can_be),
		LEDGER_TEST(test_allocation_goes_round_bad_frames),
		LEDGER_TEST(test_what_is_adopted_may_hold_bad_frames),
		LEDGER_TEST(test_bad_sizes_are_answered_with_the_nearest),
		LEDGER_TEST(test_odd_names_are_refused),
		LEDGER_TEST(test_owners_are_uuids_or_names),
		LEDGER_TEST(test_growing_goes_on_where_the_volume_ends),
		LEDGER_TEST(test_shrinking_leaves_the_tail_to_be_scrubbed),
		LEDGER_TEST(test_a_deleting_volume_keeps_its_frames_until_it_is_done),
		LEDGER_TEST(test_a_name_is_held_while_it_is_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
