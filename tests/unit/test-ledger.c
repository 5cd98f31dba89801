/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-ledger.c - pools, and what the ledger makes of the book.
 */
#include "core/ledger-int.h"
#include "tests/lib/ledgers.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(test_2016_1_a_region_becomes_one_range),
		LEDGER_TEST(test_2016_2b_a_request_splits_one_range_into_three),
		LEDGER_TEST(test_2016_2b_a_request_spans_several_ranges),
		LEDGER_TEST(test_2016_3_domain_death_merges_everything_back),
		LEDGER_TEST(test_pools_may_not_overlap),
		LEDGER_TEST(test_free_frames_of_two_pools_never_become_one_extent),
		LEDGER_TEST(test_a_pool_with_volumes_is_not_released),
		LEDGER_TEST(test_a_pool_found_elsewhere_brings_its_volumes),
		LEDGER_TEST(test_a_volume_found_creating_is_dropped_without_memory),
		LEDGER_TEST(test_a_book_with_two_owners_of_a_frame_is_refused),
		LEDGER_TEST(test_cells_show_the_worst_or_the_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
