/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-hvwire.c - what the hypervisor says is believed only within its promises.
 */
#include "tests/lib/cm.h"

#include <string.h>

#include "codec/hvwire.h"

static const struct xen_nvdimm_record good_extent = {
	.mfn = 0x1000, .nr = 512, .gfn = 0x400000, .map_id = 7, .done = 512, .domid = 3, .state = XEN_NVDIMM_EXTENT_MAPPED,
};

static void test_a_good_extent_comes_through_whole(void **state)
{
	struct hv_record r;

	assert_int_equal(hvwire_record(HV_LIST_EXTENTS, &good_extent, &r), 0);
	assert_int_equal(r.mfn, 0x1000);
	assert_int_equal(r.nr, 512);
	assert_int_equal(r.gfn, 0x400000);
	assert_int_equal(r.map_id, 7);
	assert_int_equal(r.domid, 3);
	assert_int_equal(r.state, HV_EXTENT_MAPPED);
}

static void test_an_extent_that_cannot_be_is_refused(void **state)
{
	struct xen_nvdimm_record bad[] = { good_extent, good_extent, good_extent, good_extent, good_extent, good_extent };
	struct hv_record r;
	size_t i;

	bad[0].nr = 0;
	bad[1].mfn = UINT64_MAX - 4;
	bad[2].state = 0;
	bad[3].state = 4;
	bad[4].map_id = 0;
	bad[5].done = 513;
	for (i = 0; i < NV_ARRAY_SIZE(bad); i++)
		assert_int_equal(hvwire_record(HV_LIST_EXTENTS, &bad[i], &r), -EPROTO);
}

struct batch {
	struct xen_nvdimm_events head;
	struct xen_nvdimm_event event[4];
};

static struct hv_batch parsed;

static void test_events_must_rise(void **state)
{
	struct batch b = { .head = { .nr = 2, .next_seq = 9, .waiting = 3, .lost = 1 } };

	b.event[0].seq = 5;
	b.event[1].seq = 6;
	assert_int_equal(hvwire_events(&b.head, 4, &parsed), 0);
	assert_int_equal(parsed.nr, 2);
	assert_int_equal(parsed.waiting, 3);
	assert_int_equal(parsed.lost, 1);
	assert_int_equal(parsed.event[1].seq, 6);
	b.event[1].seq = 5;
	assert_int_equal(hvwire_events(&b.head, 4, &parsed), -EPROTO);
	b.event[0].seq = 0;
	assert_int_equal(hvwire_events(&b.head, 4, &parsed), -EPROTO);
}

static void test_more_events_than_there_was_room_for_are_refused(void **state)
{
	struct batch b = { .head = { .nr = 5 } };

	assert_int_equal(hvwire_events(&b.head, 4, &parsed), -EPROTO);
}

static void test_an_event_that_wraps_is_refused(void **state)
{
	struct xen_nvdimm_event ev = { .seq = 1, .spa = UINT64_MAX, .nr = 2 };
	struct hv_event r;

	assert_int_equal(hvwire_event(&ev, &r), -EPROTO);
	ev.nr = UINT64_MAX;
	ev.spa = 4096;
	assert_int_equal(hvwire_event(&ev, &r), -EPROTO);
}

static void test_an_unknown_type_of_event_is_passed_on(void **state)
{
	struct xen_nvdimm_event ev = { .seq = 1, .type = 77 };
	struct hv_event r;

	assert_int_equal(hvwire_event(&ev, &r), 0);
	assert_int_equal(r.type, 77);
}

static void test_a_hypervisor_without_room_is_none(void **state)
{
	struct xen_nvdimm_info in = { .boot_id = 1, .max_regions = 1, .max_extents = 1, .ring = 1, .max_order = 18 };
	struct hv_info r;

	assert_int_equal(hvwire_info(&in, &r), 0);
	in.boot_id = 0;
	assert_int_equal(hvwire_info(&in, &r), -EPROTO);
	in.boot_id = 1;
	in.max_order = 64;
	assert_int_equal(hvwire_info(&in, &r), -EPROTO);
}

static void test_a_request_has_no_bits_that_mean_nothing(void **state)
{
	struct hv_map m = { .domid = 1, .small = true, .skip_broken = true, .mfn = 1, .gfn = 2, .nr = 3 };
	struct hv_resolve rs = { .seq = 4, .map_id = 5, .action = HV_CRASH, .kind = HV_SRAR };
	struct xen_nvdimm_map wm;
	struct xen_nvdimm_resolve wr;

	hvwire_map(&m, &wm);
	assert_int_equal(wm.flags, XEN_NVDIMM_MAP_4K_OK | XEN_NVDIMM_MAP_SKIP_BROKEN);
	hvwire_resolve(&rs, &wr);
	assert_int_equal(wr.map_id, 0);
	assert_int_equal(wr.kind, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_good_extent_comes_through_whole),
		cmocka_unit_test(test_an_extent_that_cannot_be_is_refused),
		cmocka_unit_test(test_events_must_rise),
		cmocka_unit_test(test_more_events_than_there_was_room_for_are_refused),
		cmocka_unit_test(test_an_event_that_wraps_is_refused),
		cmocka_unit_test(test_an_unknown_type_of_event_is_passed_on),
		cmocka_unit_test(test_a_hypervisor_without_room_is_none),
		cmocka_unit_test(test_a_request_has_no_bits_that_mean_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
