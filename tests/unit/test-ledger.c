/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-ledger.c - pools and volumes: whose frames are these?
 */
#include "core/ledger-int.h"
#include "tests/lib/ledgers.h"

static int setup(void **state)
{
	struct ledger *l;

	if (ledger_new(&l))
		return -1;
	ledger_set_boot(l, 7);
	*state = l;
	return 0;
}

static int teardown(void **state)
{
	check_ledger(*state);
	ledger_free(*state);
	return 0;
}

/* 2016, step 1: a range per region, linked in the global set. */
static void test_2016_1_a_region_becomes_one_range(void **state)
{
	struct ledger *l = *state;
	struct pool *p = have_pool(l, "a", 4 * GIB, GIB);
	struct rangemap_range r = rangemap_find(l->own, p->site.mfn);

	assert_int_equal(r.start, p->site.mfn);
	assert_int_equal(r.end - r.start, GIB >> 12);
	assert_int_equal(rangemap_count(l->own), 3);
	assert_int_equal(ledger_largest_free(l, p), GIB >> 12);
}

static struct mapping *map_bare(struct ledger *l, struct pool *p, uint64_t off,
				uint64_t size)
{
	struct map_request req = { .domid = 5,
				   .handle = uuid_of(5),
				   .pool = p,
				   .offset_bytes = off,
				   .size_bytes = size,
				   .gpa = 64 * GIB + off };
	struct nv_why why = { "" };
	struct mapping *m;

	if (ledger_map_begin(l, &req, &why, &m))
		fail_msg("%s", why.text);
	return m;
}

/* 2016, step 2b: split at most into three; record gfn and domain. */
static void test_2016_2b_a_request_splits_one_range_into_three(void **state)
{
	struct ledger *l = *state;
	struct pool *p = have_pool(l, "a", 4 * GIB, GIB);
	struct mapping *m = map_bare(l, p, 256 * MIB, 128 * MIB);
	struct rangemap_range r;

	assert_int_equal(rangemap_count(l->own), 5);
	r = rangemap_find(l->own, p->site.mfn + (256 * MIB >> 12));
	assert_int_equal(r.end - r.start, 128 * MIB >> 12);
	assert_int_equal(m->extents->fact.gfn, (64 * GIB + 256 * MIB) >> 12);
	assert_int_equal(m->fact.domid, 5);
	check_ledger(l);
	ledger_map_abort(l, m);
}

/* 2016, step 2b: the ranges the request fits in, when one is not enough. */
static void test_2016_2b_a_request_spans_several_ranges(void **state)
{
	struct ledger *l = *state;
	struct pool *p = have_pool(l, "a", 4 * GIB, 16 * MIB);
	struct mapping *m = map_bare(l, p, 6 * MIB, 4 * MIB);
	struct volume *v = have_volume(l, "v", p, 12 * MIB);

	assert_int_equal(v->fact.nr_extents, 2);
	assert_int_equal(v->extents->fact.off, 0);
	assert_int_equal(v->extents->next->fact.off, 10 * MIB >> 12);
	assert_int_equal(p->free, 0);
	ledger_map_abort(l, m);
}

/* 2016, step 3: domain gone, its ranges merge back. */
static void test_2016_3_domain_death_merges_everything_back(void **state)
{
	struct ledger *l = *state;
	struct pool *p = have_pool(l, "a", 4 * GIB, GIB);
	struct mapping *m = map_bare(l, p, 256 * MIB, 128 * MIB), *gone;

	ledger_map_extent(l, m->extents, 42);
	ledger_map_done(l, m);
	assert_int_equal(ledger_released(l, 41, &gone), NV_E_NO_MAPPING);
	assert_int_equal(ledger_released(l, 42, &gone), 0);
	assert_ptr_equal(gone, m);
	ledger_unmap_done(l, gone);
	assert_int_equal(rangemap_count(l->own), 3);
	assert_int_equal(ledger_largest_free(l, p), GIB >> 12);
	assert_null(ledger_mapping_next(l, NULL));
}

static void test_pools_may_not_overlap(void **state)
{
	struct ledger *l = *state;
	struct pool_site site = site_of("b", 5 * GIB - MIB, GIB);
	struct nv_uuid uuid = uuid_of(99);
	struct nv_why why;
	struct pool *p;

	have_pool(l, "a", 4 * GIB, GIB);
	assert_int_equal(ledger_pool_begin(l, &uuid, "b", &site, &why, &p),
			 NV_E_POOL_BUSY);
	assert_non_null(strstr(why.text, "pool a at address 0x13ff00000"));
	site.mfn = (4 * GIB - MIB) >> 12;
	assert_int_equal(ledger_pool_begin(l, &uuid, "b", &site, &why, &p),
			 NV_E_POOL_BUSY);
	site.mfn = 5 * GIB >> 12;
	assert_int_equal(ledger_pool_begin(l, &uuid, "a", &site, &why, &p),
			 NV_E_EXISTS);
	assert_int_equal(ledger_pool_begin(l, &uuid, "b", &site, &why, &p), 0);
	ledger_pool_abort(l, p);
}

static void test_free_frames_of_two_pools_never_become_one_extent(void **state)
{
	struct ledger *l = *state;
	struct volume_request req = { .name = "v", .size_bytes = 12 * MIB };
	struct nv_why why;
	struct volume *v;

	have_pool(l, "a", 4 * GIB, 8 * MIB);
	have_pool(l, "b", 4 * GIB + 8 * MIB, 8 * MIB);
	assert_int_equal(ledger_volume_begin(l, &req, &why, &v),
			 NV_E_NO_SPACE);
	assert_non_null(strstr(why.text, "largest free extent is 8 MiB"));
}

static void test_a_pool_with_volumes_is_not_released(void **state)
{
	struct ledger *l = *state;
	struct pool *p = have_pool(l, "a", 4 * GIB, GIB);
	struct volume *v = have_volume(l, "v", p, 2 * MIB);
	struct nv_why why;

	assert_int_equal(ledger_pool_release_begin(l, p, &why),
			 NV_E_POOL_IN_USE);
	assert_int_equal(ledger_delete_begin(l, v, &why), 0);
	ledger_delete_done(l, v);
	assert_int_equal(ledger_pool_release_begin(l, p, &why), 0);
	ledger_pool_release_done(l, p);
	assert_int_equal(rangemap_count(l->own), 1);
	assert_null(ledger_pool_next(l, NULL));
}

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

static void test_a_pool_found_elsewhere_brings_its_volumes(void **state)
{
	struct ledger *l = *state;
	struct pool_fact pf = { .uuid = uuid_of(1), .name = "a" };
	struct volume_fact vf = { .uuid = uuid_of(2), .pool = uuid_of(1),
				  .name = "v", .align = 512, .nr_extents = 2,
				  .state = VOLUME_READY };
	struct extent_fact ef[2] = { { .off = 512, .nr = 512 },
				     { .off = 1024, .nr = 512 } };
	struct pool_site site = site_of("namespace0.0", 8 * GIB, 16 * MIB);
	struct nv_why why;
	struct volume *v;
	struct pool *p;

	assert_int_equal(ledger_pool_load(l, &pf, &why, &p), 0);
	assert_int_equal(ledger_volume_load(l, &vf, ef, &why, &v), 0);
	check_ledger(l);
	assert_true(ledger_volume_missing(v));
	assert_int_equal(v->fact.nr_extents, 1);
	assert_int_equal(ledger_pool_find(l, "", &why, &p), NV_E_NO_POOL);
	assert_int_equal(ledger_pool_find(l, "a", &why, &p), 0);

	site.nr = 1000;
	assert_int_equal(ledger_pool_attach(l, p, &site, &why), NV_E_BAD_SIZE);
	assert_int_equal(p->state, POOL_REFUSED);
	check_ledger(l);
	site.nr = 4096;
	assert_int_equal(ledger_pool_attach(l, p, &site, &why), 0);
	check_ledger(l);
	assert_int_equal(ledger_extent_mfn(v->extents), (8 * GIB >> 12) + 512);
	assert_int_equal(p->allocated, 1024);
	assert_int_equal(p->fact.mfn, 8 * GIB >> 12);
}

static void test_a_volume_found_creating_is_dropped_without_memory(void **state)
{
	struct ledger *l = *state;
	struct pool *p = have_pool(l, "a", 4 * GIB, 16 * MIB);
	struct volume_fact f = { .pool = p->fact.uuid, .align = 512,
				 .nr_extents = 1, .state = VOLUME_CREATING,
				 .uuid = uuid_of(50) };
	struct extent_fact e = { .off = 1024, .nr = 512 };
	struct nv_why why;
	struct volume *v;

	assert_int_equal(ledger_volume_load(l, &f, &e, &why, &v), 0);
	check_ledger(l);
	assert_int_equal(l->owed, 1);
	ledger_volume_abort(l, v);
	assert_int_equal(l->owed, 0);
	assert_int_equal(ledger_largest_free(l, p), 4096);
}

static void test_a_book_with_two_owners_of_a_frame_is_refused(void **state)
{
	struct ledger *l = *state;
	struct pool_fact pf = { .uuid = uuid_of(1), .name = "a" };
	struct volume_fact vf = { .uuid = uuid_of(2), .pool = uuid_of(1),
				  .name = "v", .align = 512, .nr_extents = 1,
				  .state = VOLUME_READY };
	struct extent_fact ef = { .off = 512, .nr = 512 };
	struct pool_site site = site_of("namespace0.0", 8 * GIB, 16 * MIB);
	struct nv_why why;
	struct volume *v;
	struct pool *p;

	assert_int_equal(ledger_pool_load(l, &pf, &why, &p), 0);
	assert_int_equal(ledger_volume_load(l, &vf, &ef, &why, &v), 0);
	vf.uuid = uuid_of(3);
	vf.name[0] = 'w';
	assert_int_equal(ledger_volume_load(l, &vf, &ef, &why, &v), 0);
	assert_int_equal(ledger_pool_attach(l, p, &site, &why), NV_E_BAD_BOOK);
	assert_int_equal(p->state, POOL_REFUSED);
	check_ledger(l);
}

static void test_cells_show_the_worst_or_the_most(void **state)
{
	struct ledger *l = *state;
	struct pool *p = have_pool(l, "a", 4 * GIB, 128 * MIB);
	struct volume_request req = { .name = "v", .pool = p, .at = true,
				      .at_bytes = 0, .size_bytes = 4 * MIB };
	char cells[LEDGER_CELLS + 1];
	struct nv_why why;
	struct mapping *m;
	struct volume *v;

	assert_int_equal(ledger_volume_begin(l, &req, &why, &v), 0);
	ledger_volume_done(l, v);
	m = map_bare(l, p, 4 * MIB, 2 * MIB);
	assert_int_equal(ledger_mark_bad(l, p->site.mfn + 32767, 1), 0);
	ledger_pool_cells(l, p, cells);
	assert_string_equal(cells, "vvm"
				   "ffffffffffffffffffff"
				   "ffffffffffffffffffff"
				   "ffffffffffffffffffff"
				   "b");
	ledger_map_abort(l, m);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_2016_1_a_region_becomes_one_range),
		TEST(test_2016_2b_a_request_splits_one_range_into_three),
		TEST(test_2016_2b_a_request_spans_several_ranges),
		TEST(test_2016_3_domain_death_merges_everything_back),
		TEST(test_pools_may_not_overlap),
		TEST(test_free_frames_of_two_pools_never_become_one_extent),
		TEST(test_a_pool_with_volumes_is_not_released),
		TEST(test_best_fit_takes_the_smallest_hole),
		TEST(test_large_volumes_are_aligned_to_1_gib_if_they_can_be),
		TEST(test_allocation_goes_round_bad_frames),
		TEST(test_what_is_adopted_may_hold_bad_frames),
		TEST(test_bad_sizes_are_answered_with_the_nearest),
		TEST(test_odd_names_are_refused),
		TEST(test_owners_are_uuids_or_names),
		TEST(test_growing_goes_on_where_the_volume_ends),
		TEST(test_shrinking_leaves_the_tail_to_be_scrubbed),
		TEST(test_a_deleting_volume_keeps_its_frames_until_it_is_done),
		TEST(test_a_name_is_held_while_it_is_given),
		TEST(test_a_pool_found_elsewhere_brings_its_volumes),
		TEST(test_a_volume_found_creating_is_dropped_without_memory),
		TEST(test_a_book_with_two_owners_of_a_frame_is_refused),
		TEST(test_cells_show_the_worst_or_the_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
