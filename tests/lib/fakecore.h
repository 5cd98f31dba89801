/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tests/lib/fakecore.h - a test's own core on a host made of arrays, with one
 * region of 2048 frames, armed, and one guest. Included once by each test.
 */
#ifndef NV_TESTS_FAKECORE_H
#define NV_TESTS_FAKECORE_H

#include "tests/lib/cm.h"

#include <stdlib.h>

#include "tests/lib/fakexen.h"

#define GFN 1024u

static struct fx_host *host;
static struct domain *guest;

static long op(uint32_t cmd, void *arg, size_t len)
{
	long r;

	do
		r = nvdimm_core_op(host->core, cmd, arg, (uint32_t)len);
	while (r == XEN_NVDIMM_MORE);
	return r;
}

static int setup(void **state)
{
	struct xen_nvdimm_range all = { FX_BASE, 2048 };

	host = calloc(1, sizeof(*host));
	assert_non_null(host);
	fx_init(host);
	fx_start(host);
	guest = fx_domain_new(host, 0);
	assert_int_equal(op(XEN_NVDIMM_register, &all, sizeof(all)), 0);
	assert_int_equal(op(XEN_NVDIMM_arm, &all, sizeof(all)), 0);
	return 0;
}

static int teardown(void **state)
{
	if (guest->exists)
		fx_domain_kill(guest);
	fx_deinit(host);
	free(host);
	return 0;
}

static uint64_t map(uint64_t nr)
{
	struct xen_nvdimm_map m = {
		.domid = guest->domid, .mfn = FX_BASE, .gfn = GFN, .nr = nr,
		.flags = XEN_NVDIMM_MAP_SKIP_BROKEN,
	};

	memcpy(m.handle, guest->handle, 16);
	assert_int_equal(op(XEN_NVDIMM_map, &m, sizeof(m)), 0);
	return m.map_id;
}

static void report(uint64_t mfn, unsigned int lsb)
{
	struct nvdimm_mce_report rep = {
		.status = 0xbd000000000000c0ull, .spa = mfn << 12 | 0x40,
		.misc = 0x80 | lsb, .mcg = 5,
	};

	nvdimm_core_mce(host->core, &rep);
}

static struct {
	struct xen_nvdimm_events head;
	struct xen_nvdimm_event event[64];
} e;

static long get_events(uint64_t ack)
{
	e.head = (struct xen_nvdimm_events){ .ack_seq = ack, .nr = 64 };
	return op(XEN_NVDIMM_get_events, &e, sizeof(e));
}

static long resolve(uint64_t seq, uint64_t map_id, uint32_t action,
		    uint32_t kind)
{
	struct xen_nvdimm_resolve r = { seq, map_id, action, kind };

	return op(XEN_NVDIMM_resolve, &r, sizeof(r));
}

#endif
