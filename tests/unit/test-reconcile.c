/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-reconcile.c - kernel, book and hypervisor disagree: who is right?
 */
#include "core/ledger-int.h"
#include "core/reconcile.h"
#include "tests/lib/ledgers.h"

struct world {
	struct ledger *l;
	struct pool *p;
	struct volume *v;
	struct acts acts;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w || ledger_new(&w->l))
		return -1;
	ledger_set_boot(w->l, 7);
	w->p = have_pool(w->l, "a", 4 * GIB, 64 * MIB);
	w->v = have_volume(w->l, "v", w->p, 4 * MIB);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	check_ledger(w->l);
	acts_deinit(&w->acts);
	ledger_free(w->l);
	free(w);
	return 0;
}

static struct mapping *book_has(struct world *w, enum mapping_state state,
				uint64_t map_id)
{
	struct mapping_fact f = { .id = 1, .boot_id = 7,
				  .volume = w->v->fact.uuid,
				  .pool = w->p->fact.uuid,
				  .handle = uuid_of(5), .gfn = 0x100000,
				  .nr = 1024, .domid = 5, .state = state,
				  .nr_extents = 1 };
	struct extent_fact e = { .off = w->v->extents->fact.off, .nr = 1024,
				 .gfn = 0x100000, .map_id = map_id };
	struct nv_why why = { "" };
	struct mapping *m;

	if (ledger_map_load(w->l, &f, &e, &why, &m))
		fail_msg("%s", why.text);
	return m;
}

static struct hv_record record_of(struct world *w)
{
	return (struct hv_record){ .mfn = ledger_extent_mfn(w->v->extents),
				   .nr = 1024, .gfn = 0x100000, .map_id = 9,
				   .domid = 5, .state = HV_EXTENT_MAPPED,
				   .uuid = uuid_of(5) };
}

static void extents(struct world *w, const struct hv_record *rec, size_t nr)
{
	assert_int_equal(reconcile_extents(w->l, rec, nr, &w->acts), 0);
}

static void test_what_both_have_needs_nothing(void **state)
{
	struct world *w = *state;
	struct hv_record rec = record_of(w);

	book_has(w, MAPPING_MAPPED, 9);
	extents(w, &rec, 1);
	assert_int_equal(w->acts.n, 0);
}

static void test_died_before_the_map_id_was_written_confirms(void **state)
{
	struct world *w = *state;
	struct hv_record rec = record_of(w);
	struct mapping *m = book_has(w, MAPPING_MAPPING, 0);

	extents(w, &rec, 1);
	assert_int_equal(w->acts.n, 2);
	assert_int_equal(w->acts.v[0].what, ACT_EXTENT);
	assert_int_equal(w->acts.v[0].map_id, 9);
	assert_int_equal(w->acts.v[1].what, ACT_MAPPING_CONFIRM);
	assert_ptr_equal(w->acts.v[1].mapping, m);
}

static void test_half_made_is_undone(void **state)
{
	struct world *w = *state;
	struct hv_record rec = record_of(w);

	rec.state = HV_EXTENT_MAPPING;
	book_has(w, MAPPING_MAPPING, 0);
	extents(w, &rec, 1);
	assert_int_equal(w->acts.n, 2);
	assert_int_equal(w->acts.v[1].what, ACT_MAPPING_UNDO);
}

static void test_what_was_being_unmapped_goes_on(void **state)
{
	struct world *w = *state;
	struct hv_record rec = record_of(w);

	book_has(w, MAPPING_UNMAPPING, 9);
	extents(w, &rec, 1);
	assert_int_equal(w->acts.n, 1);
	assert_int_equal(w->acts.v[0].what, ACT_MAPPING_UNDO);
}

static void test_what_only_the_book_has_is_gone(void **state)
{
	struct world *w = *state;
	struct mapping *m = book_has(w, MAPPING_MAPPED, 9);

	extents(w, NULL, 0);
	assert_int_equal(w->acts.n, 2);
	assert_int_equal(w->acts.v[0].what, ACT_EXTENT_GONE);
	assert_int_equal(w->acts.v[1].what, ACT_MAPPING_DROP);
	assert_ptr_equal(w->acts.v[1].mapping, m);
}

static void test_what_only_the_hypervisor_has_is_kept(void **state)
{
	struct world *w = *state;
	struct hv_record rec = record_of(w);
	uint64_t free_before = w->p->free;
	struct mapping *m, *gone;
	struct nv_why why;

	rec.mfn = w->p->site.mfn + 8192;
	extents(w, &rec, 1);
	assert_int_equal(w->acts.n, 1);
	assert_int_equal(w->acts.v[0].what, ACT_UNKNOWN);
	assert_int_equal(ledger_unknown_add(w->l, &w->acts.v[0].unknown, &m),
			 0);
	check_ledger(w->l);
	assert_int_equal(w->p->free, free_before - 1024);
	assert_int_equal(ledger_unmap_begin(w->l, m, &why),
			 NV_E_UNKNOWN_EXTENT);

	/* Known by now: a second look says nothing, an empty one that it went. */
	acts_deinit(&w->acts);
	extents(w, &rec, 1);
	assert_int_equal(w->acts.n, 0);
	extents(w, NULL, 0);
	assert_int_equal(w->acts.n, 1);
	assert_int_equal(w->acts.v[0].what, ACT_UNKNOWN_GONE);
	assert_int_equal(ledger_released(w->l, 9, &gone), 0);
	assert_ptr_equal(gone, m);
	ledger_unmap_done(w->l, gone);
	assert_int_equal(w->p->free, free_before);
}

static void test_an_unknown_extent_guards_the_volume_under_it(void **state)
{
	struct world *w = *state;
	struct hv_record rec = record_of(w);
	struct map_request req = { .domid = 6, .volume = w->v };
	struct blow blow;
	struct frames left;
	struct mapping *m;
	struct nv_why why;

	rec.mfn += 512;
	extents(w, &rec, 1);
	assert_int_equal(ledger_unknown_add(w->l, &w->acts.v[0].unknown, &m),
			 0);
	check_ledger(w->l);
	assert_int_equal(ledger_map_begin(w->l, &req, &why, &m),
			 NV_E_UNKNOWN_EXTENT);
	assert_int_equal(ledger_delete_begin(w->l, w->v, &why),
			 NV_E_UNKNOWN_EXTENT);

	/* A fault in it is told to the domain that really has it. */
	left = (struct frames){ rec.mfn + 1, 1 };
	assert_int_equal(ledger_fault(w->l, &left, &blow, 1), 1);
	assert_ptr_equal(blow.volume, w->v);
	assert_non_null(blow.mapping);
	assert_int_equal(blow.gfn, 0x100001);
	left = (struct frames){ rec.mfn - 1, 1 };
	ledger_fault(w->l, &left, &blow, 1);
	assert_null(blow.mapping);
}

static void test_the_same_frames_in_another_domain_are_not_ours(void **state)
{
	struct world *w = *state;
	struct hv_record rec = record_of(w);

	rec.uuid = uuid_of(6);
	book_has(w, MAPPING_MAPPED, 9);
	extents(w, &rec, 1);
	assert_int_equal(w->acts.n, 3);
	assert_int_equal(w->acts.v[0].what, ACT_EXTENT_GONE);
	assert_int_equal(w->acts.v[1].what, ACT_MAPPING_DROP);
	assert_int_equal(w->acts.v[2].what, ACT_UNKNOWN);
}

static void test_records_in_any_order_are_found(void **state)
{
	struct world *w = *state;
	struct hv_record rec[3] = { record_of(w), record_of(w),
				    record_of(w) };

	rec[0].mfn += 4096;
	rec[0].map_id = 10;
	rec[2].mfn += 2048;
	rec[2].map_id = 11;
	book_has(w, MAPPING_MAPPED, 9);
	extents(w, rec, 3);
	assert_int_equal(w->acts.n, 2);
	assert_int_equal(w->acts.v[0].what, ACT_UNKNOWN);
	assert_int_equal(w->acts.v[1].what, ACT_UNKNOWN);
}

static void test_a_map_under_way_is_left_alone(void **state)
{
	struct world *w = *state;
	struct hv_record rec = record_of(w);
	struct map_request req = { .domid = 5, .handle = uuid_of(5),
				   .volume = w->v, .gpa = 0x100000000 };
	struct nv_why why;
	struct mapping *m;

	assert_int_equal(ledger_map_begin(w->l, &req, &why, &m), 0);
	extents(w, &rec, 1);
	assert_int_equal(w->acts.n, 0);
	extents(w, NULL, 0);
	assert_int_equal(w->acts.n, 0);
	ledger_map_abort(w->l, m);
}

static void test_a_region_is_enrolled_armed_or_stale(void **state)
{
	struct world *w = *state;
	struct hv_record regions[2] = {
		{ .mfn = w->p->site.mfn, .nr = w->p->site.nr },
		{ .mfn = 0x900000, .nr = 512 },
	};
	struct hv_record ext = { .mfn = 0x900100, .nr = 1 };

	assert_int_equal(reconcile_regions(w->l, NULL, 0, NULL, 0, &w->acts),
			 0);
	assert_int_equal(w->acts.n, 2);
	assert_int_equal(w->acts.v[0].what, ACT_REGION_ENROL);
	assert_int_equal(w->acts.v[1].what, ACT_REGION_ARM);

	w->acts.n = 0;
	assert_int_equal(reconcile_regions(w->l, regions, 2, NULL, 0,
					   &w->acts), 0);
	assert_int_equal(w->acts.n, 2);
	assert_int_equal(w->acts.v[0].what, ACT_REGION_STALE);
	assert_int_equal(w->acts.v[0].range.mfn, 0x900000);
	assert_int_equal(w->acts.v[1].what, ACT_REGION_ARM);

	w->acts.n = 0;
	regions[0].state = 1;
	assert_int_equal(reconcile_regions(w->l, regions, 2, &ext, 1,
					   &w->acts), 0);
	assert_int_equal(w->acts.n, 1);
	assert_int_equal(w->acts.v[0].what, ACT_REGION_ARMED);
}

static void test_what_only_the_hypervisor_knows_as_broken_is_learned(void **state)
{
	struct world *w = *state;
	struct hv_record broken[3] = {
		{ .mfn = w->p->site.mfn - 1, .nr = 2 },
		{ .mfn = w->p->site.mfn + 10, .nr = 3 },
		{ .mfn = 1, .nr = 1 },
	};

	assert_int_equal(ledger_mark_bad(w->l, w->p->site.mfn + 10, 3), 0);
	assert_int_equal(reconcile_bad(w->l, broken, 3, &w->acts), 0);
	assert_int_equal(w->acts.n, 1);
	assert_int_equal(w->acts.v[0].what, ACT_BAD_LEARN);
	assert_int_equal(w->acts.v[0].range.mfn, w->p->site.mfn);
	assert_int_equal(w->acts.v[0].range.nr, 1);
}

static void test_a_pool_is_attached_where_the_kernel_has_it(void **state)
{
	struct pool_fact pf[2] = { { .uuid = uuid_of(21), .name = "b" },
				   { .uuid = uuid_of(22), .name = "c",
				     .device = "namespace9.0" } };
	nv_cleanup(topo_freep) struct topo *t = topo_new();
	struct world *w = *state;
	struct topo_region *r;
	struct topo_ns *ns;
	struct nv_why why;
	struct pool *p;
	size_t i;

	for (i = 0; i < 2; i++)
		assert_int_equal(ledger_pool_load(w->l, &pf[i], &why, &p), 0);
	r = topo_add_region(t);
	snprintf(r->name, sizeof(r->name), "region3");
	r->spa = 32 * GIB;
	r->size = GIB;
	r->numa_node = 1;
	ns = topo_add_ns(r);
	snprintf(ns->name, sizeof(ns->name), "namespace3.1");
	ns->id = uuid_of(21);
	ns->mode = TOPO_MODE_RAW;
	ns->spa = 32 * GIB + 256 * MIB;
	ns->size = 256 * MIB;
	assert_int_equal(topo_finish(t), 0);

	assert_int_equal(reconcile_pools(w->l, t, &w->acts), 0);
	assert_int_equal(w->acts.n, 2);
	assert_int_equal(w->acts.v[0].what, ACT_POOL_ATTACH);
	assert_string_equal(w->acts.v[0].site.device, "namespace3.1");
	assert_int_equal(w->acts.v[0].site.region_off, 256 * MIB >> 12);
	assert_int_equal(w->acts.v[0].site.numa_node, 1);
	assert_int_equal(ledger_pool_attach(w->l, w->acts.v[0].pool,
					    &w->acts.v[0].site, &why), 0);
	assert_int_equal(w->acts.v[1].what, ACT_POOL_MISSING);
	assert_non_null(strstr(w->acts.v[1].text, "namespace9.0"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_both_have_needs_nothing),
		TEST(test_died_before_the_map_id_was_written_confirms),
		TEST(test_half_made_is_undone),
		TEST(test_what_was_being_unmapped_goes_on),
		TEST(test_what_only_the_book_has_is_gone),
		TEST(test_what_only_the_hypervisor_has_is_kept),
		TEST(test_an_unknown_extent_guards_the_volume_under_it),
		TEST(test_the_same_frames_in_another_domain_are_not_ours),
		TEST(test_records_in_any_order_are_found),
		TEST(test_a_map_under_way_is_left_alone),
		TEST(test_a_region_is_enrolled_armed_or_stale),
		TEST(test_what_only_the_hypervisor_knows_as_broken_is_learned),
		TEST(test_a_pool_is_attached_where_the_kernel_has_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
