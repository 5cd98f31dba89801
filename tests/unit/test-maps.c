/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-maps.c - mappings, faults and places: who may have it, who is hit, where
 * is that?
 */
#include "core/ledger-int.h"
#include "tests/lib/ledgers.h"

#define GPA (64 * GIB)

static struct map_request bare(struct pool *p, uint64_t off, uint64_t size)
{
	return (struct map_request){ .domid = 5, .handle = uuid_of(5),
				     .pool = p, .offset_bytes = off,
				     .size_bytes = size, .gpa = GPA };
}

static struct map_request whole(struct volume *v)
{
	return (struct map_request){ .domid = 5, .handle = uuid_of(5),
				     .domain = "db", .volume = v,
				     .gpa = GPA };
}

static void refused(struct ledger *l, const struct map_request *req, int code,
		    const char *says)
{
	struct nv_why why = { "" };
	struct mapping *m;
	int r = ledger_map_begin(l, req, &why, &m);

	if (r != code)
		fail_msg("%d: %s", r, why.text);
	if (!strstr(why.text, says))
		fail_msg("'%s' does not say '%s'", why.text, says);
	check_ledger(l);
}

/* 2016, step 2a; the hypervisor's word counts, this is advice. */
static void test_2016_2a_an_occupied_gfn_is_refused(void **state)
{
	struct ledger *l = *state;
	struct pool *p = have_pool(l, "a", 4 * GIB, GIB);
	struct volume *v = have_volume(l, "v", p, 4 * MIB);
	struct volume *w = have_volume(l, "w", p, 4 * MIB);
	struct map_request req = whole(w);
	struct mapping *m;
	struct nv_why why;

	have_mapping(l, v, 5, GPA);
	req.gpa = GPA + 2 * MIB;
	refused(l, &req, NV_E_GFN_OCCUPIED, "has v at guest addresses 0x1000000000");
	req.gpa = GPA - 2 * MIB;
	refused(l, &req, NV_E_GFN_OCCUPIED, "domain 5");
	req.gpa = GPA + 4 * MIB;
	assert_int_equal(ledger_map_begin(l, &req, &why, &m), 0);
	ledger_map_abort(l, m);
	req.domid = 6;
	req.gpa = GPA;
	assert_int_equal(ledger_map_begin(l, &req, &why, &m), 0);
	ledger_map_abort(l, m);
}

/* 2016, step 4a. */
static void test_2016_4a_a_fault_finds_the_ranges_it_hits(void **state)
{
	struct ledger *l = *state;
	struct pool *p = have_pool(l, "a", 4 * GIB, 8 * MIB);
	struct volume *v = have_volume(l, "v", p, 2 * MIB);
	struct volume *w = have_volume(l, "w", p, 2 * MIB);
	struct mapping *m = have_mapping(l, w, 5, GPA);
	struct frames left = { p->site.mfn - 1, 2049 };
	struct blow b[8];

	assert_int_equal(ledger_mark_bad(l, p->site.mfn + 511, 2), 0);
	assert_int_equal(ledger_fault(l, &left, b, 2), 2);
	assert_int_equal(left.nr, 2048 - 511);
	assert_null(b[0].pool);
	assert_ptr_equal(b[1].volume, v);
	assert_null(b[1].mapping);
	assert_int_equal(b[1].frames.nr, 511);
	assert_false(b[1].was_bad);

	assert_int_equal(ledger_fault(l, &left, b, 8), 4);
	assert_int_equal(left.nr, 0);
	assert_true(b[0].was_bad);
	assert_ptr_equal(b[0].volume, v);
	assert_ptr_equal(b[1].mapping, m);
	assert_true(b[1].was_bad);
	assert_int_equal(b[1].gfn, GPA >> 12);
	assert_ptr_equal(b[2].mapping, m);
	assert_int_equal(b[2].gfn, (GPA >> 12) + 1);
	assert_int_equal(b[2].volume_off, 1);
	assert_null(b[3].extent);
	assert_ptr_equal(b[3].pool, p);
	assert_int_equal(b[3].frames.nr, 1024);
}

/* 2016, step 4c. */
static void test_2016_4c_broken_frames_refuse_a_bare_range_not_a_volume(void **state)
{
	struct ledger *l = *state;
	struct pool *p = have_pool(l, "a", 4 * GIB, 8 * MIB);
	struct volume *v = have_volume(l, "v", p, 2 * MIB);
	struct map_request req = bare(p, 4 * MIB, 2 * MIB);
	struct mapping *m;

	assert_int_equal(ledger_mark_bad(l, p->site.mfn + 1030, 3), 0);
	refused(l, &req, NV_E_BROKEN, "3 frames at offset 4120 KiB");
	assert_int_equal(ledger_mark_bad(l, p->site.mfn + 7, 1), 0);
	m = have_mapping(l, v, 5, GPA);
	assert_int_equal(ledger_volume_bad(v), 1);
	assert_int_equal(m->fact.nr, 512);
}

static void test_another_guest_is_refused_unless_forced(void **state)
{
	struct ledger *l = *state;
	struct pool *p = have_pool(l, "a", 4 * GIB, GIB);
	struct volume *v = have_volume(l, "v", p, 4 * MIB);
	struct map_request req = whole(v);
	char owner[64], text[NV_UUID_TEXT];
	struct nv_why why;
	struct mapping *m;

	snprintf(owner, sizeof(owner), "uuid:%s",
		 nv_uuid_print(&(struct nv_uuid){ { 9 } }, text));
	ledger_set_owner(l, v, owner);
	refused(l, &req, NV_E_NOT_OWNER, owner);
	req.force_owner = true;
	assert_int_equal(ledger_map_begin(l, &req, &why, &m), 0);
	ledger_map_abort(l, m);
	req.force_owner = false;
	req.handle = (struct nv_uuid){ { 9 } };
	assert_int_equal(ledger_map_begin(l, &req, &why, &m), 0);
	ledger_map_abort(l, m);
	ledger_set_owner(l, v, "name:db");
	assert_int_equal(ledger_map_begin(l, &req, &why, &m), 0);
	ledger_map_abort(l, m);
	req.domain = "db2";
	refused(l, &req, NV_E_NOT_OWNER, "'db2'");
	req.domain = NULL;
	refused(l, &req, NV_E_NOT_OWNER, "name:db");
}

static void test_a_volume_is_in_one_domain_at_a_time(void **state)
{
	struct ledger *l = *state;
	struct pool *p = have_pool(l, "a", 4 * GIB, GIB);
	struct volume *v = have_volume(l, "v", p, 4 * MIB);
	struct mapping *m = have_mapping(l, v, 5, GPA);
	struct map_request req = whole(v);
	struct nv_why why;

	refused(l, &req, NV_E_ALREADY_MAPPED, "domain 5, guest");
	assert_int_equal(ledger_delete_begin(l, v, &why), NV_E_VOLUME_BUSY);
	assert_int_equal(ledger_unmap_begin(l, m, &why), 0);
	refused(l, &req, NV_E_ALREADY_MAPPED, "v");
	assert_int_equal(ledger_unmap_begin(l, m, &why), NV_E_BUSY);
	ledger_unmap_abort(l, m);
	assert_int_equal(m->fact.state, MAPPING_UNMAPPING);
	assert_int_equal(ledger_unmap_begin(l, m, &why), 0);
	ledger_unmap_done(l, m);
	assert_int_equal(p->mapped, 0);
}

static void test_odd_bare_ranges_are_refused(void **state)
{
	struct ledger *l = *state;
	struct pool *p = have_pool(l, "a", 4 * GIB, 16 * MIB);
	struct map_request req;
	struct mapping *m;
	struct nv_why why;

	have_volume(l, "v", p, 2 * MIB);
	req = bare(p, 4 * MIB + 4096, 2 * MIB);
	refused(l, &req, NV_E_BAD_ALIGNMENT, "nearest are 4 MiB and 6 MiB");
	req = bare(p, 4 * MIB, 2 * MIB + 1);
	refused(l, &req, NV_E_BAD_SIZE, "nearest are 2 MiB and 4 MiB");
	req = bare(p, 4 * MIB, 0);
	refused(l, &req, NV_E_BAD_SIZE, "smallest is 2 MiB");
	req = bare(p, 14 * MIB, 4 * MIB);
	refused(l, &req, NV_E_BAD_SIZE, "ends at 16 MiB");
	req = bare(p, UINT64_MAX & ~(2 * MIB - 1), 4 * MIB);
	refused(l, &req, NV_E_BAD_SIZE, "ends at 16 MiB");
	req = bare(p, 0, 4 * MIB);
	refused(l, &req, NV_E_POOL_IN_USE, "volume 'v'");
	req = bare(p, 4 * MIB, 2 * MIB);
	req.gpa = GPA + 4096;
	refused(l, &req, NV_E_BAD_ALIGNMENT, "guest address");
	req.gpa = UINT64_MAX & ~(2 * MIB - 1);
	req.size_bytes = 4 * MIB;
	refused(l, &req, NV_E_GPA_LIMIT, "too near the end");
	req = bare(p, 4 * MIB, 4 * MIB);
	assert_int_equal(ledger_map_begin(l, &req, &why, &m), 0);
	req = bare(p, 6 * MIB, 4 * MIB);
	refused(l, &req, NV_E_ALREADY_MAPPED, "offset 6 MiB");
	ledger_map_abort(l, m);
}

static void test_nothing_is_mapped_before_the_pool_is_armed(void **state)
{
	struct pool_site site = site_of("a", 4 * GIB, 16 * MIB);
	struct nv_uuid uuid = uuid_of(1);
	struct ledger *l = *state;
	struct map_request req;
	struct nv_why why;
	struct pool *p;

	assert_int_equal(ledger_pool_begin(l, &uuid, NULL, &site, &why, &p), 0);
	ledger_pool_done(l, p);
	req = bare(p, 0, 2 * MIB);
	refused(l, &req, NV_E_NO_REGION, "bad list");
}

static void test_a_failed_map_becomes_an_unmap(void **state)
{
	struct ledger *l = *state;
	struct pool *p = have_pool(l, "a", 4 * GIB, 16 * MIB);
	struct volume *v = have_volume(l, "v", p, 4 * MIB);
	struct map_request req = whole(v);
	struct mapping *m, *gone;
	struct nv_why why;

	assert_int_equal(ledger_map_begin(l, &req, &why, &m), 0);
	ledger_map_extent(l, m->extents, 11);
	assert_ptr_equal(ledger_extent_by_map_id(l, 11), m->extents);
	/* Its domain dies meanwhile: the one under way is to find out. */
	assert_int_equal(ledger_released(l, 11, &gone), 0);
	assert_null(gone);
	ledger_map_undo(l, m);
	check_ledger(l);
	ledger_unmap_done(l, m);
	assert_null(v->mapping);
	assert_null(ledger_extent_by_map_id(l, 11));
}

static void test_a_place_has_four_addresses(void **state)
{
	struct ledger *l = *state;
	struct pool *p = have_pool(l, "a", 4 * GIB, 16 * MIB);
	struct volume *v, *hole;
	struct place at, back;
	struct nv_why why;

	p->site.region_off = 100;
	have_volume(l, "x", p, 2 * MIB);
	hole = have_volume(l, "hole", p, 2 * MIB);
	have_volume(l, "y", p, 2 * MIB);
	assert_int_equal(ledger_delete_begin(l, hole, &why), 0);
	ledger_delete_done(l, hole);
	v = have_volume(l, "v", p, 12 * MIB);
	assert_int_equal(v->fact.nr_extents, 2);
	have_mapping(l, v, 5, GPA);

	/* In the second piece: the first has 2 MiB. */
	assert_int_equal(ledger_place_volume(l, v, 3 * MIB + 5, 64, &why, &at),
			 0);
	assert_int_equal(at.pool_offset, 7 * MIB + 5);
	assert_int_equal(at.spa, 4 * GIB + 7 * MIB + 5);
	assert_int_equal(at.region_offset, 7 * MIB + 5 + 100 * 4096);
	assert_int_equal(at.volume_offset, 3 * MIB + 5);
	assert_int_equal(at.gpa, GPA + 3 * MIB + 5);
	assert_int_equal(at.size, 64);
	assert_false(at.bad);
	assert_int_equal(ledger_mark_bad(l, at.spa >> 12, 1), 0);
	assert_int_equal(ledger_place_domain(l, 5, at.gpa, GIB, &why, &back),
			 0);
	assert_int_equal(back.spa, at.spa);
	assert_true(back.bad);
	assert_int_equal(back.size, 9 * MIB - 5);
	ledger_place(l, 1234, 10, &at);
	assert_null(at.pool);
	assert_int_equal(ledger_place_volume(l, v, 12 * MIB, 1, &why, &at),
			 NV_E_BAD_SIZE);
	assert_int_equal(ledger_place_domain(l, 6, GPA, 1, &why, &at),
			 NV_E_NO_MAPPING);
}

static void test_guest_addresses_are_chosen_from_the_top(void **state)
{
	struct ledger *l = *state;
	struct pool *p = have_pool(l, "a", 4 * GIB, 4 * GIB);
	struct volume *v = have_volume(l, "v", p, GIB);
	struct nv_why why;
	uint64_t gpa;

	assert_int_equal(ledger_gpa_choose(l, 5, GIB, 1ULL << 46, &why, &gpa),
			 0);
	assert_int_equal(gpa, (1ULL << 46) - GIB);
	have_mapping(l, v, 5, gpa);
	assert_int_equal(ledger_gpa_choose(l, 5, 4 * MIB, 1ULL << 46, &why,
					   &gpa), 0);
	assert_int_equal(gpa, (1ULL << 46) - 2 * GIB);
	assert_int_equal(ledger_gpa_choose(l, 6, 4 * MIB, 1ULL << 46, &why,
					   &gpa), 0);
	assert_int_equal(gpa, (1ULL << 46) - GIB);
	assert_int_equal(ledger_gpa_choose(l, 6, 4 * MIB, 2 * MIB, &why, &gpa),
			 NV_E_GPA_LIMIT);
	assert_int_equal(ledger_gpa_choose(l, 6, 0, 2 * MIB, &why, &gpa),
			 NV_E_GPA_LIMIT);
}

static void test_repaired_frames_are_free_again(void **state)
{
	struct ledger *l = *state;
	struct pool *p = have_pool(l, "a", 4 * GIB, 16 * MIB);
	struct volume *v = have_volume(l, "v", p, 2 * MIB);
	struct frames f;

	assert_int_equal(ledger_mark_bad(l, p->site.mfn + 510, 4), 0);
	assert_int_equal(ledger_mark_bad(l, p->site.mfn + 510, 4), 0);
	assert_int_equal(p->bad, 4);
	assert_int_equal(p->free_bad, 2);
	assert_int_equal(ledger_volume_bad(v), 2);
	assert_true(ledger_bad_next(l, 0, NV_FRAMES_MAX, &f));
	assert_int_equal(f.mfn, p->site.mfn + 510);
	assert_int_equal(f.nr, 4);
	assert_int_equal(ledger_mark_good(l, p->site.mfn + 511, 2), 0);
	assert_int_equal(p->bad, 2);
	assert_int_equal(ledger_volume_bad(v), 1);
	assert_int_equal(ledger_largest_free(l, p), 4096 - 512 - 2);
	assert_int_equal(ledger_mark_bad(l, NV_FRAMES_MAX - 1, 2), 0);
	assert_int_equal(ledger_mark_bad(l, p->site.mfn - 5, 3), 0);
	assert_int_equal(p->bad, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(test_2016_2a_an_occupied_gfn_is_refused),
		LEDGER_TEST(test_2016_4a_a_fault_finds_the_ranges_it_hits),
		LEDGER_TEST(test_2016_4c_broken_frames_refuse_a_bare_range_not_a_volume),
		LEDGER_TEST(test_another_guest_is_refused_unless_forced),
		LEDGER_TEST(test_a_volume_is_in_one_domain_at_a_time),
		LEDGER_TEST(test_odd_bare_ranges_are_refused),
		LEDGER_TEST(test_nothing_is_mapped_before_the_pool_is_armed),
		LEDGER_TEST(test_a_failed_map_becomes_an_unmap),
		LEDGER_TEST(test_a_place_has_four_addresses),
		LEDGER_TEST(test_guest_addresses_are_chosen_from_the_top),
		LEDGER_TEST(test_repaired_frames_are_free_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
