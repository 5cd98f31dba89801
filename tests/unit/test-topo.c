/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-topo.c - a finished topology keeps its promises, and answers questions.
 */
#include <stdio.h>
#include <string.h>

#include "core/topo.h"
#include "tests/lib/cm.h"

#define GIB (UINT64_C(1) << 30)

static void add_region(struct topo *t, const char *name, uint64_t spa,
                       uint64_t size)
{
	struct topo_region *r = topo_add_region(t);

	assert_non_null(r);
	snprintf(r->name, sizeof(r->name), "%s", name);
	r->spa = spa;
	r->size = size;
}

static struct topo_ns *add_ns(struct topo *t, size_t region, const char *name,
                              uint64_t spa, uint64_t size, uint8_t id)
{
	struct topo_ns *ns = topo_add_ns(&t->regions[region]);

	assert_non_null(ns);
	snprintf(ns->name, sizeof(ns->name), "%s", name);
	ns->spa = spa;
	ns->size = size;
	ns->mode = TOPO_MODE_RAW;
	ns->id.b[15] = id;
	return ns;
}

/* Two regions with a gap; the first holds two namespaces, the second one. */
static struct topo *sample(void)
{
	struct topo *t = topo_new();

	assert_non_null(t);
	add_region(t, "region1", 8 * GIB, GIB);
	add_region(t, "region0", 4 * GIB, 2 * GIB);
	add_ns(t, 0, "namespace1.0", 8 * GIB, GIB, 3);
	add_ns(t, 1, "namespace0.1", 5 * GIB, GIB, 2);
	add_ns(t, 1, "namespace0.0", 4 * GIB, GIB / 2, 1);
	return t;
}

static void test_finish_sorts_by_address(void **state)
{
	nv_cleanup(topo_freep) struct topo *t = sample();

	assert_int_equal(topo_finish(t), 0);
	assert_int_equal(t->nr_problems, 0);
	assert_string_equal(t->regions[0].name, "region0");
	assert_string_equal(t->regions[0].namespaces[0].name, "namespace0.0");
	assert_string_equal(t->regions[0].namespaces[1].name, "namespace0.1");
}

static void test_impossible_regions_are_left_out_with_a_reason(void **state)
{
	static const struct {
		uint64_t spa, size;
		const char *says;
	} bad[] = {
		{16 * GIB, 0, "no size"},
		{16 * GIB, 4097, "whole 4 KiB frames"},
		{16 * GIB + 512, 4096, "whole 4 KiB frames"},
		{UINT64_MAX - 4095, 8192, "past the end"},
		{16 * GIB, UINT64_MAX, "past the end"},
	};
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(bad); i++) {
		nv_cleanup(topo_freep) struct topo *t = sample();

		add_region(t, "region7", bad[i].spa, bad[i].size);
		assert_int_equal(topo_finish(t), 0);
		assert_int_equal(t->nr_regions, 2);
		assert_int_equal(t->nr_problems, 1);
		assert_non_null(strstr(t->problems[0], "region7"));
		assert_non_null(strstr(t->problems[0], bad[i].says));
	}
}

static void test_a_region_may_end_with_the_address_space(void **state)
{
	nv_cleanup(topo_freep) struct topo *t = topo_new();

	assert_non_null(t);
	add_region(t, "region0", UINT64_MAX - 4095, 4096);
	assert_int_equal(topo_finish(t), 0);
	assert_int_equal(t->nr_regions, 1);
}

static void test_overlapping_regions_are_both_left_out(void **state)
{
	nv_cleanup(topo_freep) struct topo *t = topo_new();

	assert_non_null(t);
	/* A wide one taints two that do not touch each other. */
	add_region(t, "region0", 0, 8 * GIB);
	add_region(t, "region1", GIB, GIB);
	add_region(t, "region2", 6 * GIB, GIB);
	add_region(t, "region3", 8 * GIB, GIB);
	assert_int_equal(topo_finish(t), 0);
	assert_int_equal(t->nr_regions, 1);
	assert_string_equal(t->regions[0].name, "region3");
	assert_int_equal(t->nr_problems, 2);
}

static void test_namespaces_outside_or_overlapping_are_left_out(void **state)
{
	nv_cleanup(topo_freep) struct topo *t = sample();

	add_ns(t, 0, "namespace1.9", 7 * GIB, GIB, 9);
	add_ns(t, 1, "namespace0.8", 4 * GIB, 4096, 8);
	assert_int_equal(topo_finish(t), 0);
	assert_int_equal(t->nr_problems, 2);
	assert_int_equal(t->regions[0].nr_namespaces, 1);
	assert_string_equal(t->regions[0].namespaces[0].name, "namespace0.1");
	assert_int_equal(t->regions[1].nr_namespaces, 1);
	assert_string_equal(t->regions[1].namespaces[0].name, "namespace1.0");
}

static void test_namespaces_with_one_uuid_are_all_left_out(void **state)
{
	nv_cleanup(topo_freep) struct topo *t = sample();

	t->regions[0].namespaces[0].id.b[15] = 1;
	assert_int_equal(topo_finish(t), 0);
	assert_int_equal(t->nr_problems, 1);
	assert_int_equal(t->regions[0].nr_namespaces, 1);
	assert_string_equal(t->regions[0].namespaces[0].name, "namespace0.1");
	assert_int_equal(t->regions[1].nr_namespaces, 0);
}

static void test_bad_ranges_widen_to_frames_and_merge(void **state)
{
	nv_cleanup(topo_freep) struct topo *t = sample();
	struct topo_region *r = &t->regions[1];

	assert_int_equal(topo_add_bad(r, 3 * 4096 + 512, 512), 0);
	assert_int_equal(topo_add_bad(r, 8192 - 1, 2), 0); /* frames 1 and 2 */
	assert_int_equal(topo_add_bad(r, 100 * 4096, 4096), 0);
	assert_int_equal(topo_add_bad(r, 2 * GIB, 4096), 0); /* past the end */
	assert_int_equal(topo_add_bad(r, 2 * GIB - 512, UINT64_MAX), 0);
	assert_int_equal(topo_finish(t), 0);

	r = &t->regions[0];
	assert_int_equal(r->nr_bad, 3);
	assert_int_equal(r->bad[0].offset, 4096);
	assert_int_equal(r->bad[0].nr, 3);
	assert_int_equal(r->bad[1].offset, 100 * 4096);
	assert_int_equal(r->bad[1].nr, 1);
	assert_int_equal(r->bad[2].offset, 2 * GIB - 4096);
	assert_int_equal(r->bad[2].nr, 1);
}

static void test_what_was_repaired_is_bad_no_more(void **state)
{
	/* Frames 10 to 19 and 30 are bad; these are repaired; this is left. */
	static const struct {
		uint64_t first, nr;
		size_t nr_left;
		struct topo_bad left[3];
	} cases[] = {
		{ 0, 10, 2, { { 10, 10 }, { 30, 1 } } },
		{ 10, 10, 1, { { 30, 1 } } },
		{ 12, 2, 3, { { 10, 2 }, { 14, 6 }, { 30, 1 } } },
		{ 0, 11, 2, { { 11, 9 }, { 30, 1 } } },
		{ 19, 11, 2, { { 10, 9 }, { 30, 1 } } },
		{ 15, 100, 1, { { 10, 5 } } },
		{ 0, 100, 0, { { 0 } } },
		{ 10, 0, 2, { { 10, 10 }, { 30, 1 } } },
	};
	size_t i, j;

	for (i = 0; i < NV_ARRAY_SIZE(cases); i++) {
		nv_cleanup(topo_freep) struct topo *t = sample();
		struct topo_region *r;

		assert_int_equal(topo_add_bad(&t->regions[1], 10 * 4096, 10 * 4096), 0);
		assert_int_equal(topo_add_bad(&t->regions[1], 30 * 4096, 4096), 0);
		assert_int_equal(topo_finish(t), 0);
		r = &t->regions[0];
		assert_int_equal(topo_remove_bad(r, cases[i].first * 4096, cases[i].nr), 0);
		assert_int_equal(r->nr_bad, cases[i].nr_left);
		for (j = 0; j < r->nr_bad; j++) {
			assert_int_equal(r->bad[j].offset, cases[i].left[j].offset * 4096);
			assert_int_equal(r->bad[j].nr, cases[i].left[j].nr);
		}
	}
}

static void test_a_place_is_found_by_all_its_names(void **state)
{
	static const char *const names[] = {
		"namespace0.1",
		"pmem1",
		"/dev/pmem1",
		"dax0.1",
		"/dev/dax0.1",
		"blue",
		"00000000-0000-0000-0000-000000000002",
	};
	nv_cleanup(topo_freep) struct topo *t = sample();
	struct topo_place p = {0};
	struct nv_why why;
	size_t i;

	strcpy(t->regions[1].namespaces[0].block, "pmem1");
	strcpy(t->regions[1].namespaces[0].chardev, "dax0.1");
	strcpy(t->regions[1].namespaces[0].label, "blue");
	assert_int_equal(topo_finish(t), 0);
	for (i = 0; i < NV_ARRAY_SIZE(names); i++) {
		p = (struct topo_place){0};
		assert_int_equal(topo_find(t, names[i], &p, &why), 0);
		assert_string_equal(p.ns->name, "namespace0.1");
		assert_string_equal(p.region->name, "region0");
	}
	assert_int_equal(topo_find(t, "region1", &p, &why), 0);
	assert_string_equal(p.ns->name, "namespace1.0");
}

static void test_an_unclear_name_is_refused_with_the_candidates(void **state)
{
	nv_cleanup(topo_freep) struct topo *t = sample();
	struct topo_place p = {0};
	struct nv_why why;

	strcpy(t->regions[1].namespaces[0].label, "blue");
	strcpy(t->regions[0].namespaces[0].label, "blue");
	assert_int_equal(topo_finish(t), 0);
	assert_int_equal(topo_find(t, "blue", &p, &why), NV_E_BAD_REQUEST);
	assert_non_null(strstr(why.text, "namespace0.1"));
	assert_non_null(strstr(why.text, "namespace1.0"));
	assert_int_equal(topo_find(t, "region0", &p, &why), NV_E_BAD_REQUEST);
	assert_non_null(strstr(why.text, "namespace0.0"));
	assert_int_equal(topo_find(t, "", &p, &why), NV_E_NO_REGION);
	assert_int_equal(topo_find(t, "/dev/", &p, &why), NV_E_NO_REGION);
	assert_int_equal(topo_find(t, "pmem9", &p, &why), NV_E_NO_REGION);
	assert_null(p.ns);
}

static void test_an_address_is_found_to_the_byte(void **state)
{
	nv_cleanup(topo_freep) struct topo *t = sample();
	struct topo_place p;

	assert_int_equal(topo_finish(t), 0);
	assert_false(topo_find_spa(t, 4 * GIB - 1, &p));
	assert_true(topo_find_spa(t, 4 * GIB, &p));
	assert_string_equal(p.ns->name, "namespace0.0");
	assert_true(topo_find_spa(t, 4 * GIB + GIB / 2, &p));
	assert_null(p.ns);
	assert_true(topo_find_spa(t, 6 * GIB - 1, &p));
	assert_string_equal(p.ns->name, "namespace0.1");
	assert_false(topo_find_spa(t, 6 * GIB, &p));
}

static void test_only_raw_writable_namespaces_become_pools(void **state)
{
	nv_cleanup(topo_freep) struct topo *t = sample();
	struct topo_ns *ns = &t->regions[0].namespaces[0];
	const struct topo_place p = {&t->regions[0], ns};
	enum topo_mode mode;
	struct nv_why why;

	for (mode = TOPO_MODE_UNKNOWN; mode <= TOPO_MODE_DEVDAX; mode++) {
		ns->mode = mode;
		assert_int_equal(topo_check_pool(&p, &why),
		                 mode == TOPO_MODE_RAW ? 0 : NV_E_UNSUPPORTED);
	}
	ns->mode = TOPO_MODE_RAW;
	t->regions[0].read_only = true;
	assert_int_equal(topo_check_pool(&p, &why), NV_E_UNSUPPORTED);
	t->regions[0].read_only = false;
	ns->read_only = true;
	assert_int_equal(topo_check_pool(&p, &why), NV_E_UNSUPPORTED);
}

static void test_every_user_is_refused_by_name(void **state)
{
	nv_cleanup(topo_freep) struct topo *t = sample();
	struct topo_ns *ns = &t->regions[0].namespaces[0];
	struct nv_why why;
	int i;

	assert_int_equal(topo_check_idle(ns, &why), 0);
	assert_int_equal(topo_add_user(ns, TOPO_USE_MOUNT, "/srv/fast", 0), 0);
	assert_int_equal(topo_add_user(ns, TOPO_USE_HOLDER, "dm-3", 0), 0);
	assert_int_equal(topo_add_user(ns, TOPO_USE_SWAP, "/dev/pmem1", 0), 0);
	assert_int_equal(topo_add_user(ns, TOPO_USE_OPENER, "dd", 4711), 0);
	assert_int_equal(topo_add_user(ns, TOPO_USE_SYSTEM_RAM, "dax1.0", 0),
	                 0);
	assert_int_equal(topo_check_idle(ns, &why), NV_E_POOL_BUSY);
	assert_string_equal(
		why.text, "namespace1.0 is in use: mounted on /srv/fast, held "
			  "by dm-3, swap on /dev/pmem1, "
			  "opened by dd (4711), system memory through dax1.0");

	for (i = 0; i < 100; i++)
		assert_int_equal(
			topo_add_user(ns, TOPO_USE_OPENER, "reader", i), 0);
	assert_int_equal(topo_check_idle(ns, &why), NV_E_POOL_BUSY);
	assert_non_null(strstr(why.text, " more"));
	assert_null(strstr(why.text, "%"));
}

static void test_words_survive_the_way_through_text(void **state)
{
	enum topo_persistence p, p2;
	enum topo_mode m, m2;
	enum topo_use u, u2;

	for (m = TOPO_MODE_UNKNOWN; m <= TOPO_MODE_DEVDAX; m++) {
		assert_int_equal(topo_mode_parse(topo_mode_name(m), &m2), 0);
		assert_int_equal(m, m2);
	}
	for (p = TOPO_PERSISTENCE_UNKNOWN; p <= TOPO_PERSISTENCE_CPU_CACHE;
	     p++) {
		assert_int_equal(
			topo_persistence_parse(topo_persistence_name(p), &p2),
			0);
		assert_int_equal(p, p2);
	}
	for (u = TOPO_USE_MOUNT; u <= TOPO_USE_SYSTEM_RAM; u++) {
		assert_int_equal(topo_use_parse(topo_use_name(u), &u2), 0);
		assert_int_equal(u, u2);
	}
	assert_int_equal(topo_mode_parse("", &m2), -EINVAL);
	assert_string_equal(topo_health_name(TOPO_HEALTH_SMART_EVENT),
	                    "smart_event");
	assert_string_equal(topo_health_name(TOPO_HEALTH_LOCKED), "locked");
	assert_null(topo_health_name(0));
	assert_null(topo_health_name(TOPO_HEALTH_LOCKED << 1));
}

static void test_a_cookie_becomes_a_stable_uuid(void **state)
{
	const struct nv_uuid id = topo_id_from_cookie(0x123456789abcdef0);
	const struct nv_uuid other = topo_id_from_cookie(0x123456789abcdef1);
	char text[NV_UUID_TEXT];
	struct nv_uuid random;
	uint64_t cookie;

	assert_string_equal(nv_uuid_print(&id, text),
	                    "6e76706f-6f6c-8012-8034-56789abcdef0");
	assert_false(nv_uuid_equal(&id, &other));
	assert_true(topo_id_cookie(&id, &cookie));
	assert_int_equal(cookie, 0x123456789abcdef0);
	assert_int_equal(
		nv_uuid_parse("6e76706f-6f6c-4012-8034-56789abcdef0", &random),
		0);
	assert_false(topo_id_cookie(&random, &cookie));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finish_sorts_by_address),
		cmocka_unit_test(
			test_impossible_regions_are_left_out_with_a_reason),
		cmocka_unit_test(test_a_region_may_end_with_the_address_space),
		cmocka_unit_test(test_overlapping_regions_are_both_left_out),
		cmocka_unit_test(
			test_namespaces_outside_or_overlapping_are_left_out),
		cmocka_unit_test(
			test_namespaces_with_one_uuid_are_all_left_out),
		cmocka_unit_test(test_bad_ranges_widen_to_frames_and_merge),
		cmocka_unit_test(test_what_was_repaired_is_bad_no_more),
		cmocka_unit_test(test_a_place_is_found_by_all_its_names),
		cmocka_unit_test(
			test_an_unclear_name_is_refused_with_the_candidates),
		cmocka_unit_test(test_an_address_is_found_to_the_byte),
		cmocka_unit_test(
			test_only_raw_writable_namespaces_become_pools),
		cmocka_unit_test(test_every_user_is_refused_by_name),
		cmocka_unit_test(test_words_survive_the_way_through_text),
		cmocka_unit_test(test_a_cookie_becomes_a_stable_uuid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
