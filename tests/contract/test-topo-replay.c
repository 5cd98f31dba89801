/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-topo-replay.c - the real libndctl over a sysfs recorded from a real
 * kernel.
 *
 * tests/contract/record made the recordings and says how the machine was set
 * up; the expectations stand here, by hand.
 */
#include <stdio.h>
#include <string.h>

#include "tests/contract/replay.h"
#include "tests/lib/cm.h"

#define MIB (UINT64_C(1) << 20)

struct want_ns {
	const char *name, *label, *block, *chardev;
	enum topo_mode mode;
	bool enabled;
	uint64_t spa, size;
};

static void check_ns(const struct topo_ns *ns, const struct want_ns *want)
{
	assert_string_equal(ns->name, want->name);
	assert_string_equal(ns->label, want->label);
	assert_string_equal(ns->block, want->block);
	assert_string_equal(ns->chardev, want->chardev);
	assert_int_equal(ns->mode, want->mode);
	assert_int_equal(ns->enabled, want->enabled);
	assert_int_equal(ns->spa, want->spa);
	assert_int_equal(ns->size, want->size);
	assert_false(ns->read_only);
	assert_false(nv_uuid_is_zero(&ns->id));
}

static void test_labelled_regions_are_read_as_they_are(void **state)
{
	g_autoptr(UMockdevTestbed) bed = replay_open("labelled");
	nv_cleanup(topo_freep) struct topo *t = replay_load(bed);
	const struct topo_region *r;
	size_t i;

	assert_int_equal(t->nr_problems, 0);
	assert_int_equal(t->nr_regions, 2);
	for (i = 0; i < 2; i++) {
		char name[TOPO_NAME];

		r = &t->regions[i];
		snprintf(name, sizeof(name), "region%zu", i);
		assert_string_equal(r->name, name);
		assert_int_equal(r->spa, (4096 + 256 * i) * MIB);
		assert_int_equal(r->size, 256 * MIB);
		assert_int_equal(r->numa_node, i);
		assert_int_equal(r->persistence, TOPO_PERSISTENCE_MEM_CTRL);
		assert_true(r->enabled);
		assert_true(r->labelled);
		assert_false(r->read_only);
		assert_false(r->bad_unknown);
		assert_int_equal(r->nr_bad, 0);
		assert_int_equal(r->nr_dimms, 1);
		snprintf(name, sizeof(name), "nmem%zu", i);
		assert_string_equal(r->dimms[0].name, name);
		assert_int_equal(r->dimms[0].handle, i + 1);
		assert_int_equal(r->dimms[0].health, 0);
	}
	assert_int_equal(t->regions[0].cookie, 0x2468ac00123456);
	assert_int_not_equal(t->regions[1].cookie, t->regions[0].cookie);
	assert_string_equal(t->regions[0].dimms[0].id, "8680-56341200");
}

static void test_labelled_namespaces_are_read_as_they_are(void **state)
{
	static const struct want_ns want0[] = {
		{"namespace0.0", "blue", "pmem0", "", TOPO_MODE_RAW, true,
	         4096 * MIB, 64 * MIB},
		{"namespace0.1", "", "pmem0.1", "", TOPO_MODE_FSDAX, true,
	         4160 * MIB, 64 * MIB},
		{"namespace0.2", "", "pmem0.2s", "", TOPO_MODE_SECTOR, true,
	         4224 * MIB, 64 * MIB},
	};
	static const struct want_ns want1[] = {
		{"namespace1.0", "", "", "dax1.0", TOPO_MODE_DEVDAX, true,
	         4352 * MIB, 64 * MIB},
		{"namespace1.1", "spare", "", "", TOPO_MODE_RAW, false,
	         4416 * MIB, 32 * MIB},
		{"namespace1.2", "used", "pmem1.2", "", TOPO_MODE_RAW, true,
	         4448 * MIB, 32 * MIB},
	};
	g_autoptr(UMockdevTestbed) bed = replay_open("labelled");
	nv_cleanup(topo_freep) struct topo *t = replay_load(bed);
	size_t i;

	assert_int_equal(t->regions[0].nr_namespaces, NV_ARRAY_SIZE(want0));
	for (i = 0; i < NV_ARRAY_SIZE(want0); i++)
		check_ns(&t->regions[0].namespaces[i], &want0[i]);
	assert_int_equal(t->regions[1].nr_namespaces, NV_ARRAY_SIZE(want1));
	for (i = 0; i < NV_ARRAY_SIZE(want1); i++)
		check_ns(&t->regions[1].namespaces[i], &want1[i]);
}

static void test_a_region_without_labels_is_one_namespace_named_by_its_cookie(
	void **state)
{
	g_autoptr(UMockdevTestbed) bed = replay_open("plain");
	nv_cleanup(topo_freep) struct topo *t = replay_load(bed);
	static const struct want_ns want = {
		"namespace0.0", "",   "pmem0",    "",
		TOPO_MODE_RAW,  true, 4096 * MIB, 256 * MIB,
	};
	const struct topo_ns *ns;
	struct nv_uuid id;

	assert_int_equal(t->nr_regions, 2);
	assert_false(t->regions[0].labelled);
	assert_int_equal(t->regions[0].persistence, TOPO_PERSISTENCE_CPU_CACHE);
	assert_int_equal(t->regions[0].nr_namespaces, 1);
	ns = &t->regions[0].namespaces[0];
	check_ns(ns, &want);
	assert_true(ns->id_derived);
	id = topo_id_from_cookie(0x2468ac00123456);
	assert_true(nv_uuid_equal(&ns->id, &id));
	assert_false(nv_uuid_equal(&ns->id, &t->regions[1].namespaces[0].id));
}

static void test_bad_blocks_become_frames(void **state)
{
	g_autoptr(UMockdevTestbed) bed = replay_open("plain");
	nv_cleanup(topo_freep) struct topo *t = replay_load(bed);
	const struct topo_region *r = replay_region(t, "region0");

	/* Pages 5, 6, 1000 and the last one took a memory error. */
	assert_non_null(r);
	assert_false(r->bad_unknown);
	assert_int_equal(r->nr_bad, 3);
	assert_int_equal(r->bad[0].offset, 5 * 4096);
	assert_int_equal(r->bad[0].nr, 2);
	assert_int_equal(r->bad[1].offset, 1000 * 4096);
	assert_int_equal(r->bad[1].nr, 1);
	assert_int_equal(r->bad[2].offset, 65535 * 4096);
	assert_int_equal(r->bad[2].nr, 1);
}

static void test_a_dimm_that_is_not_armed_says_so(void **state)
{
	g_autoptr(UMockdevTestbed) bed = replay_open("plain");
	nv_cleanup(topo_freep) struct topo *t = replay_load(bed);

	assert_int_equal(replay_region(t, "region0")->dimms[0].health, 0);
	assert_int_equal(replay_region(t, "region1")->dimms[0].health,
	                 TOPO_HEALTH_FAILED_ARM);
	/* Linux makes its region read only: what was written would be lost. */
	assert_true(replay_region(t, "region1")->read_only);
	assert_true(replay_ns(t, "namespace1.0")->read_only);
}

static void test_a_host_without_pmem_is_an_empty_topology(void **state)
{
	g_autoptr(UMockdevTestbed) bed = umockdev_testbed_new();
	nv_cleanup(topo_freep) struct topo *t = replay_load(bed);

	assert_int_equal(t->nr_regions, 0);
	assert_int_equal(t->nr_problems, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_labelled_regions_are_read_as_they_are),
		cmocka_unit_test(test_labelled_namespaces_are_read_as_they_are),
		cmocka_unit_test(
			test_a_region_without_labels_is_one_namespace_named_by_its_cookie),
		cmocka_unit_test(test_bad_blocks_become_frames),
		cmocka_unit_test(test_a_dimm_that_is_not_armed_says_so),
		cmocka_unit_test(test_a_host_without_pmem_is_an_empty_topology),
	};

	replay_main(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
