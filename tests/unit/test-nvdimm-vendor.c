/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * test-nvdimm-vendor.c - machine checks as Intel and as AMD mean them, in the
 * hypervisor's core.
 */
#include "tests/lib/fakecore.h"

/* Bit 44 is "deferred" on AMD and part of a count of corrected errors on Intel. */
static void test_a_deferred_error_is_one_on_amd_only(void **state)
{
	struct nvdimm_mce_report rep = {
		.status = 0x9c00100000000000ull, .spa = FX_BASE << 12,
	};

	map(512);
	nvdimm_core_mce(host->core, &rep);
	assert_int_equal(get_events(0), 0);
	assert_int_equal(e.head.nr, 0);
	host->ops.amd = true;
	nvdimm_core_mce(host->core, &rep);
	assert_int_equal(get_events(0), 0);
	assert_int_equal(e.head.nr, 1);
	assert_int_equal(e.event[0].flags, XEN_NVDIMM_EVENTF_HELD |
			 XEN_NVDIMM_EVENTF_AMD);
}

/* UC on AMD says that it was consumed: a guest that only is to know may not see it. */
static void test_guests_are_told_in_their_vendor_s_words(void **state)
{
	static const struct {
		bool amd;
		uint32_t kind;
		uint64_t status, mcg;
	} rows[] = {
		{ false, XEN_NVDIMM_KIND_SRAO, 0xbd000000000000c0ull, 5 },
		{ false, XEN_NVDIMM_KIND_SRAR, 0xbd80000000000134ull, 7 },
		{ true, XEN_NVDIMM_KIND_SRAO, 0x9c00180000000000ull, 5 },
		{ true, XEN_NVDIMM_KIND_SRAR, 0xbc00080000000000ull, 7 },
	};
	unsigned int i;

	map(512);
	for (i = 0; i < 4; i++) {
		host->ops.amd = rows[i].amd;
		report(FX_BASE + i, 12);
		assert_int_equal(resolve(i + 1, 0, XEN_NVDIMM_RESOLVE_VMCE,
					 rows[i].kind), 0);
		assert_int_equal(guest->last.status, rows[i].status);
		assert_int_equal(guest->last.mcg, rows[i].mcg);
		guest->mcip = false;
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_a_deferred_error_is_one_on_amd_only),
		T(test_guests_are_told_in_their_vendor_s_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
