/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-sim-wire.c - packets of any bytes to the simulated host: none of them
 * breaks it, and its rules hold after each input.
 *
 * An input is a sequence of packets: two bytes of length, then the packet. The
 * host has a region and a guest, so that sense can be hit upon.
 */
#include <string.h>

#include "shim-hypercall/sim/wire.h"

#define SPA  UINT64_C(0x140000000)
#define SIZE (UINT64_C(64) << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void nothing(void *ctx)
{
}

static void no_timer(void *ctx, uint64_t in_ns)
{
}

static const struct host_outside outside = {
	.virq = nothing,
	.domains = nothing,
	.work = nothing,
	.timer = no_timer,
};

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void power_on(struct host *h, struct pmem *pmem)
{
	struct xen_nvdimm_range r = { .mfn = SPA >> 12, .nr = SIZE >> 12 };
	struct domain_conf conf = domain_conf_default();
	struct domain *d;

	check(!host_init(h, pmem, &outside, NULL));
	host_clock_stop(h, true);
	memset(conf.uuid.b, 0x11, sizeof(conf.uuid.b));
	strcpy(conf.name, "g");
	conf.memory = 2 << 20;
	check(!domain_create(h, &conf, &d));
	while (host_op(h, XEN_NVDIMM_register, &r, sizeof(r)) > 0)
		;
	while (host_op(h, XEN_NVDIMM_arm, &r, sizeof(r)) > 0)
		;
}

/* Also what several packets make of one answer fits together. */
static void take_answer(struct wire_answer *a)
{
	struct simsock_head h;
	size_t off = 0;

	if (a->what == WIRE_ANSWER || a->what == WIRE_LISTEN) {
		do {
			off += wire_part(a, off, &h);
			check(h.len <= SIMSOCK_MAX_PACKET && off <= a->len);
		} while (h.cmd & SIMSOCK_MORE);
		check(off == a->len);
	}
	free(a->payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static _Alignas(8) char packet[65536];
	struct pmem *pmem = NULL;
	struct wire_answer a;
	struct host host;
	struct ctl ctl = { .host = &host };
	bool fresh;
	size_t n;

	check(!pmem_open(NULL, &pmem));
	check(!pmem_add(pmem, "r", SPA, SIZE, false, &fresh));
	power_on(&host, pmem);
	while (size > 2 && !ctl.stop && !ctl.reboot) {
		n = data[0] | (size_t)data[1] << 8;
		n = NV_MIN(n, size - 2);
		memcpy(packet, data + 2, n);
		wire_request(&ctl, packet, n, &a);
		take_answer(&a);
		host_work(&host);
		data += n + 2;
		size -= n + 2;
	}
	check(!host_check(&host));
	host_deinit(&host);
	check(!host.stat.allocated);
	pmem_close(pmem);
	return 0;
}
